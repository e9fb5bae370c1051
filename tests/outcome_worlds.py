"""Tests with a known truth, for the questions arms, sequence and decision.

A base is made once, by delivery rows; ``redraw`` then gives it new outcomes by drawing the sums
anew, so that thousands of tests can be read out without a person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from copy_tables import copy_base, deliveries

from privdom_kit.copy_tests import daily_counts
from privdom_kit.copy_tests.start import CopyBase

CROWDS = ("x", "y")


def counted(
    connection: Any,
    arms: dict[str, tuple[int, int]],
    outcome: str = "friend_added",
    *,
    plan: dict[str, Any] | None = None,
    **options: Any,
):
    """A test of arms with ``(with the outcome, people)`` each, sent on one day."""
    groups = []
    for arm, (x, n) in arms.items():
        groups += [{"arm": arm, "people": x, outcome: 1}, {"arm": arm, "people": n - x}]
    rows = deliveries(*(g for g in groups if g["people"]))
    # An arm or an outcome that nobody has is still a column of the client's.
    forms = {"copy_tests": [plan]} if plan else None
    return copy_base(connection, {"deliveries": rows}, forms=forms, **options)


def plan_of(arms: list[str], people: int, **changes: Any) -> dict[str, Any]:
    """A plan whose first arm is the control, for so many people in all."""
    return {
        "id": "t1",
        "channel": "sms",
        "primary": "friend_added",
        "arms": [{"name": name, "control": place == 0} for place, name in enumerate(arms)],
        "crowds": [{"name": "all", "people": people}],
        **changes,
    }


def spread_world(
    connection: Any, arms: list[str], people: int, days: int, **changes: Any
) -> CopyBase:
    """A planned test of two crowds, sent evenly over days; ``people`` an arm."""
    each = people // days // len(CROWDS)
    groups = [
        {"arm": arm, "crowd": crowd, "people": part, "sent_day": f"2026-05-{4 + day:02d}", **what}
        for day in range(days)
        for arm in arms
        for crowd in CROWDS
        for part, what in ((each // 10, {"friend_added": 1}), (each - each // 10, {}))
    ]
    total = each * days * len(CROWDS) * len(arms)
    plan = plan_of(arms, total, guardrails=[{"metric": "friend_removed", "margin": 0.5}], **changes)
    if "crowds" not in changes:
        plan["crowds"] = [{"name": name, "people": total // 2} for name in CROWDS]
    rows = deliveries(*groups)
    rows["friend_removed_at"] = rows["friend_added_at"] + 20 * 86_400
    base, _ = copy_base(connection, {"deliveries": rows}, forms={"copy_tests": [plan]})
    return base


def redraw(base: CopyBase, rng: np.random.Generator, rates: dict[str, float]) -> None:
    """New friends for everybody, by arm at these rates; crowd y has half of them."""
    cells = base.cells.copy()
    daily = daily_counts._rows(base).copy()
    daily["x_friend_added"] = 0.0
    cells["x_friend_added"] = 0.0
    for place, row in cells.iterrows():
        mine = daily["arm"] == row["arm"]
        rate = rates[row["arm"]] * (4 / 3 if row["crowd"] == "x" else 2 / 3)
        drawn = rng.binomial((daily.loc[mine, "n_friend_added"] // 2).astype(int), rate)
        daily.loc[mine, "x_friend_added"] += drawn
        cells.loc[place, "x_friend_added"] = drawn.sum()
    base.__dict__["cells"] = cells
    daily_counts._kept[base] = daily
