"""The ways to the order against the same paths walked person by person."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from journey_paths import DAY, find_paths, maker, random_rows

from privdom_kit import journeys
from privdom_kit.results import Verdict

RULES = {"attribution_days": 12, "path_steps": 3, "paths_shown": 100, "path_min_paths": 2}


@pytest.fixture(scope="module")
def make():
    with maker() as build:
        yield build


def collapsed(paths: pd.DataFrame) -> list[tuple[str, ...]]:
    """Each path without the touches that repeat the one before."""
    return [
        tuple(c for c, before in zip(path, [None, *path], strict=False) if c != before)
        for path in paths["path"]
    ]


def named(row: pd.Series) -> tuple[tuple[str, ...], bool]:
    steps = [row[f"step_{i}"] for i in (1, 2, 3)]
    return tuple(step for step in steps if isinstance(step, str)), row["longer"] == "true"


@pytest.mark.parametrize("end", ["last", "first"])
def test_paths_are_counted_as_they_were_walked(make, end: str) -> None:
    sent, bought = random_rows(11)
    base, settings = make(sent, bought, journeys={**RULES, "path_end": end})
    result = journeys.measure_paths(base, settings)
    paths = find_paths(sent, bought, 12)
    keys = [
        (steps[-3:] if end == "last" else steps[:3], len(steps) > 3) for steps in collapsed(paths)
    ]
    paths["key"] = keys
    for _, row in result.table.iterrows():
        gone = paths[[key == named(row) for key in keys]]
        assert (row["paths"], row["customers"]) == (len(gone), gone["customer"].nunique())
        assert row["orders"] == gone["conversions"].sum()
        assert row["buyers"] == gone.loc[gone["conversions"] == 1, "customer"].nunique()
        assert row["net_revenue"] == pytest.approx(gone["value"].sum())
        assert row["revenue_per_path"] == pytest.approx(gone["value"].mean())
        if gone["value"].std() > 0:
            # scipy's Student interval of the mean, by another way than sums of squares.
            from scipy.stats import t

            half = t.ppf(0.975, len(gone) - 1) * gone["value"].sem()
            assert row["revenue_per_path_ci_upper"] - row["revenue_per_path"] == pytest.approx(half)
    assert len(result.table) == len(set(keys))
    assert result.table["paths"].is_monotonic_decreasing
    assert result.figures["all_paths"] == len(paths)
    assert result.figures["touched_orders"] == paths["conversions"].sum()


def test_the_most_valuable_bring_most_per_path(make) -> None:
    sent, bought = random_rows(11)
    base, settings = make(sent, bought, journeys={**RULES, "path_min_paths": 5})
    valuable = journeys.measure_paths(base, settings).tables["valuable"]
    assert valuable["revenue_per_path"].is_monotonic_decreasing
    assert (valuable["paths"] >= 5).all()


def test_steps_and_flow_add_up_as_walked(make) -> None:
    sent, bought = random_rows(12)
    base, settings = make(sent, bought, journeys=RULES)
    result = journeys.measure_paths(base, settings)
    paths = find_paths(sent, bought, 12)
    steps, flow, people = Counter(), Counter(), defaultdict(set)
    walked = zip(collapsed(paths), paths["conversions"], paths["customer"], strict=True)
    for path, won, person in walked:
        for place in range(3):
            ended = "order" if won else "no_order"
            state = path[place] if place < len(path) else ended
            steps[place + 1, state] += 1
            people[place + 1, state].add(person)
        if won:
            for back, (here, there) in enumerate(zip(path[::-1], ["order", *path[::-1]]), start=1):  # noqa: B905
                if back <= 3:
                    flow[back, here, there] += 1
    table = result.tables["steps"]
    found = table.set_index(["step", "touchpoint"])["paths"].to_dict()
    assert found == dict(steps)
    customers = table.set_index(["step", "touchpoint"])["customers"].to_dict()
    assert customers == {key: len(members) for key, members in people.items()}
    assert table.groupby("step")["share"].sum().to_numpy() == pytest.approx(np.ones(3))
    moved = result.tables["flow"].set_index(["steps_before", "from_touchpoint", "to_touchpoint"])
    assert moved["orders"].to_dict() == dict(flow)


def test_the_flow_names_the_touchpoints_before_orders(make) -> None:
    """Live is met most, but before orders sms and group are: the third counts as other."""
    sent = [(person, 390 * DAY, "live") for person in range(40)]
    sent += [(person, 390 * DAY, "sms") for person in range(50, 60)]
    sent += [(person, 390 * DAY, "group") for person in range(60, 66)]
    bought = [(person, 391 * DAY, 5) for person in (0, 1, *range(50, 66))]
    base, settings = make(sent, bought, journeys={"path_flow_touchpoints": 2})
    flow = journeys.measure_paths(base, settings).tables["flow"]
    found = flow.set_index("from_touchpoint")["orders"].to_dict()
    assert found == {"sms": 10, "group": 6, "other_touchpoints": 2}


def test_by_hand(make) -> None:
    """Person 1 meets live twice, then group, and orders; person 2 meets live and does not."""
    sent = [(1, 390 * DAY, "live"), (1, 391 * DAY, "live"), (1, 392 * DAY, "group")]
    sent += [(2, 395 * DAY, "live")]
    base, settings = make(sent, [(1, 393 * DAY, 40)], journeys={"path_steps": 4})
    result = journeys.measure_paths(base, settings)
    rows = [
        (row["step_1"], row["step_2"], row["longer"], row["paths"], row["orders"])
        for _, row in result.table.iterrows()
    ]
    assert set(rows) == {("live", None, "false", 1, 0), ("live", "group", "false", 1, 1)}
    assert result.figures["conversion_rate"] == 0.5
    assert result.verdict is Verdict.NOT_ENOUGH_DATA  # one order; from 100 on it is judged


def test_paths_of_few_people_are_not_listed(make) -> None:
    sent = [(person, 390 * DAY + person, "live") for person in range(30)]
    sent += [(person, 391 * DAY + person, "group") for person in range(4)]
    bought = [(person, 392 * DAY, 10) for person in range(20)]
    base, settings = make(sent, bought, privacy={"min_cell": 10}, journeys={"path_min_paths": 1})
    result = journeys.measure_paths(base, settings)
    assert result.table["step_1"].tolist() == ["live"]
    assert result.table["step_2"].tolist() == [None]
    shown = result.tables["flow"].set_index(["steps_before", "from_touchpoint"])["orders"]
    # 16 orders from live and 4 from group make the 20 that are shown: both are hidden.
    assert shown.isna().all()
    assert result.tables["steps"].query("touchpoint == 'group'")["paths"].isna().all()


def test_few_buyers_hide_what_they_spent(make) -> None:
    """One buyer after live, 20 after group, 21 in all: showing the 20 would give the one away."""
    sent = [(person, 390 * DAY + person, "live") for person in range(30)]
    sent += [(person, 390 * DAY, "group") for person in range(100, 140)]
    bought = [(person, 392 * DAY, 10) for person in (1, *range(100, 120))]
    base, settings = make(sent, bought, privacy={"min_cell": 10})
    table = journeys.measure_paths(base, settings).table.set_index("step_1")
    assert table["customers"].to_dict() == {"live": 30, "group": 40}
    hidden = ["buyers", "orders", "conversion_rate", "net_revenue", "revenue_per_path"]
    assert table[hidden].isna().all(axis=None)
