"""Rows of cost per friend: a version, or a crowd, of a test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.copy_tests.contact_costs import FRIEND, Contacts
from privdom_kit.copy_tests.friend_costs import (
    Group,
    extra_cost,
    extra_rate,
    group_sums,
    naive_cost,
    profit_interval,
)
from privdom_kit.copy_tests.friend_values import FriendValue, friend_value, incentive_costs
from privdom_kit.copy_tests.small_cells import Hidden
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.estimates import Interval, RatioInterval, normal_critical

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

#: Which friends count: those beyond people held back, or all.
EXTRA, EVERY = "extra", "all_friends"
_X, _N = f"x_{FRIEND}", f"n_{FRIEND}"
#: What is computed from the friends held back.
_EXTRA = (*bounded("extra_rate"), *bounded("cost_per_extra_friend"), "extra_bounded")
_PROFIT = bounded("profit_per_person")
#: Columns of a row beside its names.
COSTS = (
    *("people", "friends", *bounded("rate"), "cost", "incentives", *bounded("cost_per_friend")),
    *("bounded", "counted", *_EXTRA, "friend_value", *_PROFIT),
)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Costs and friends of a version or a crowd.

    Attributes:
        test: Name of the test.
        name: Name of the version or crowd.
        evidence: What the test can show.
        group: Sums of the people sent to.
        extra: Friends a person beyond people held back, and the standard error; None where those
            are not recorded.
        value: Value of a friend; None where nobody states one.
        enough: Whether there are people and friends enough to judge.
        profit: What a person sent to brings; None without a value.
        level: Of the intervals of costs.
    """

    test: str
    name: str
    evidence: str
    group: Group
    extra: tuple[float, float] | None
    value: FriendValue | None
    enough: bool
    profit: Interval | None
    level: float

    @property
    def loses(self) -> bool:
        """Whether friends cost more than they are worth, for sure."""
        return self.enough and self.profit is not None and self.profit.upper < 0

    @property
    def pays(self) -> bool:
        """Whether friends cost less than they are worth, for sure."""
        return self.enough and self.profit is not None and self.profit.lower > 0

    @property
    def profit_estimate(self) -> float:
        """Profit a person sent to; 0 without a value."""
        return self.profit.estimate if self.profit is not None else 0.0

    @property
    def order(self) -> float:
        """Cost per friend, extra ones where counted; infinite where there are none."""
        rate = self.extra[0] if self.extra is not None else self.group.rate
        return self.group.mean_cost / rate if rate > 0 else math.inf


def costed_tests(base: CopyBase, contacts: Contacts) -> list[str]:
    """Tests in which somebody who was sent something was added, and sending cost something."""
    sent = contacts.cells[~contacts.cells["held"]]
    sums = sent.groupby("test")[[_X, "x_cost_parts"]].sum()
    known = set(sums.index[(sums[_X] > 0) & (sums["x_cost_parts"] > 0)])
    return [test for test in base.tests() if test in known]


def judged_rows(base: CopyBase, contacts: Contacts, tests: list[str], by: str) -> list[Row]:
    """A row a test and version (``by`` arm) or crowd, in the order of the plan."""
    rules, cells = base.settings.copy_tests, contacts.cells
    found = []
    for test in tests:
        own = cells[(cells["test"] == test) & cells[by].notna()]
        held = own[own["held"]] if by == "crowd" else cells[(cells["test"] == test) & cells["held"]]
        for name in _in_order(base, test, by, own[~own["held"]]):
            sent = own[(own[by] == name) & ~own["held"]]
            found.append((test, name, sent, held if by == "arm" else held[held[by] == name]))
    enough = [
        int(sent[_N].sum()) >= rules.least_people and int(sent[_X].sum()) >= rules.least_events
        for _, _, sent, _ in found
    ]
    level = 1 - (1 - rules.confidence_level) / max(sum(enough), 1)
    parts = zip(found, enough, strict=True)
    return [_row(base, contacts, *part, judged, level) for part, judged in parts]


def _in_order(base: CopyBase, test: str, by: str, sent: pd.DataFrame) -> list[str]:
    plan = base.plan(test)
    planned = [] if plan is None else [e.name for e in (plan.arms if by == "arm" else plan.crowds)]
    names = sorted({str(name) for name in sent[by]})
    return [*(n for n in planned if n in names), *(n for n in names if n not in planned)]


def _row(
    base: CopyBase,
    contacts: Contacts,
    test: str,
    name: str,
    sent: pd.DataFrame,
    held: pd.DataFrame,
    enough: bool,
    level: float,
) -> Row:
    group = group_sums(sent, incentive_costs(base, test))
    extra = extra_rate(sent, held) if holdout_recorded(base, test, FRIEND) else None
    value = mean_value(base, test, sent, contacts.cells)
    profit = None if value is None else profit_interval(group, extra, value.value, level)
    plain = base.settings.copy_tests.confidence_level
    return Row(test, name, base.evidence(test), group, extra, value, enough, profit, plain)


def mean_value(
    base: CopyBase, test: str, sent: pd.DataFrame, cells: pd.DataFrame
) -> FriendValue | None:
    """Value of a friend: the mean of the crowds, weighted by friends (by people with none)."""
    weights = sent.groupby(sent["crowd"].fillna(""))[[_X, _N]].sum()
    by = weights[_X] if weights[_X].sum() > 0 else weights[_N]
    total, first, found = float(by.sum()), None, 0.0
    if not total:
        return None
    for crowd, weight in by.items():
        value = friend_value(base, test, str(crowd) or None, cells)
        if value is None:
            return None
        first, found = first or value, found + value.value * float(weight) / total
    return None if first is None else FriendValue(found, first.source, first.kept_share)


def row_table(rows: list[Row], by: str, small: Hidden) -> tuple[pd.DataFrame, int]:
    """The rows as they are shown; and how many of their cells are hidden."""
    import pandas as pd

    found, hidden = [], 0
    for row in rows:
        values = {"test": row.test, by: row.name, "evidence": row.evidence, **_values(row)}
        key = (row.test, row.name)
        alone = key in small.crowds if by == "crowd" else (*key, False) in small.arms
        if alone:
            values |= dict.fromkeys(set(COSTS) - {"counted"})
        elif _held_hidden(row, by, small):
            values |= dict.fromkeys((*_EXTRA, *_PROFIT))
        hidden += alone or _held_hidden(row, by, small)
        found.append(values)
    table = pd.DataFrame(found, columns=["test", by, "evidence", *COSTS])
    texts = ("bounded", "extra_bounded", "counted", "people", "friends")
    numbers = [name for name in COSTS if name not in texts]
    whole = dict.fromkeys(("people", "friends"), "Int64")
    return table.astype(dict.fromkeys(numbers, "float64") | whole), hidden


def _held_hidden(row: Row, by: str, small: Hidden) -> bool:
    if row.extra is None:
        return False
    if by == "arm":
        return any(arm[0] == row.test and arm[2] for arm in small.arms)
    return any(cell[:2] == (row.test, row.name) and cell[3] for cell in small.cells)


def _values(row: Row) -> dict[str, Any]:
    group, level = row.group, row.level
    values: dict[str, Any] = {
        "people": group.people,
        "friends": group.friends,
        **rate(group.friends, group.people, "rate", level),
        "counted": EVERY if row.extra is None else EXTRA,
        "cost": group.cost,
        "incentives": group.incentives,
        **ratio_figures("cost_per_friend", naive_cost(group, level)),
        "bounded": _is_bounded(naive_cost(group, level)),
        "friend_value": None if row.value is None else row.value.value,
        **interval_figures("profit_per_person", row.profit),
    }
    if row.extra is not None:
        found, half = extra_cost(group, row.extra, level), normal_critical(level) * row.extra[1]
        gap = Interval(row.extra[0], row.extra[0] - half, row.extra[0] + half)
        values |= interval_figures("extra_rate", gap)
        # Without extra friends there is none to have a cost.
        some = row.extra[0] > 0
        values |= ratio_figures("cost_per_extra_friend", found) if some else {}
        values["extra_bounded"] = _is_bounded(found) if some else "false"
    return values


def ratio_figures(name: str, found: RatioInterval) -> dict[str, float | None]:
    """A ratio with its ends; none where the set has no two ends, and no estimate over nobody."""
    estimate = found.estimate if math.isfinite(found.estimate) else None
    ends = (found.lower, found.upper) if found.bounded else (None, None)
    return dict(zip(bounded(name), (estimate, *ends), strict=True))


def _is_bounded(found: RatioInterval) -> str:
    return "true" if found.bounded else "false"
