"""Ways to a first order or removal against the same ways walked person by person."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import client_tables
import numpy as np
import pandas as pd
import pytest
from journey_paths import AS_OF, DAY, maker, orders, random_rows, touches

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.journeys.end_chances import solve_ends
from privdom_kit.journeys.resampling import draw_weights, percentile_interval, redraw
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

ENDS = ["first_order", "removal", "under_way"]


@pytest.fixture(scope="module")
def make():
    with maker() as build:
        yield build


@pytest.fixture(scope="module")
def relations():
    """A brand with contacts as well: half of the people are added, some remove staff."""
    random = np.random.default_rng(4)
    sent, bought = random_rows(21, people=200)
    rows = []
    for person in range(0, 200, 2):
        added = int(random.integers(300, 380))
        ended = added + int(random.integers(1, 60)) if random.random() < 0.5 else None
        by = "customer" if random.random() < 0.7 else "staff"
        rows.append((person, added, ended if ended and ended <= AS_OF else None, by))
    contacts = pd.DataFrame(rows, columns=["customer", "added_on", "removed_on", "removed_by"])
    contacts["staff_id"] = "a"
    contacts.loc[contacts["removed_on"].isna(), "removed_by"] = None
    contacts["removed_on"] = contacts["removed_on"].astype("Int32")
    frames = {"touches": touches(sent), "orders": orders(bought), "contacts": contacts}
    with closing(connect()) as connection:
        base, settings = client_tables.base(
            connection, frames, AS_OF, journeys={"absorption_min_people": 2, "path_touchpoints": 9}
        )
        yield base, settings, walk(sent, bought, contacts)


def walk(sent, bought, contacts) -> list[list[tuple[int, str]]]:
    """Each person's states with their times, up to the first end; ``under_way`` has the last."""
    events = defaultdict(list)
    for rank, (person, time, place) in enumerate(sent):
        events[person].append((time, 0, rank, place))
    for person, time, _ in bought:
        events[person].append((time, 1, 0, "first_order"))
    for row in contacts.itertuples():
        events[row.customer].append((row.added_on * DAY + DAY // 2, 2, 0, "wecom_chat"))
        if not pd.isna(row.removed_on) and row.removed_by == "customer":
            events[row.customer].append((row.removed_on * DAY + DAY // 2, 3, 0, "removal"))
    ways = []
    for mine in events.values():
        way = []
        for time, _, _, state in sorted(mine):
            way.append((time, state))
            if state in ENDS:
                break
        else:
            way.append((time, "under_way"))
        ways.append(way)
    return ways


def test_chances_and_steps_of_the_chain_as_walked(relations) -> None:
    base, settings, ways = relations
    result = journeys.measure_absorption(base, settings)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    days: dict[tuple[str, str], float] = defaultdict(float)
    for way in ways:
        for (start, here), (end, there) in pairwise(way):
            counts[here, there] += 1
            days[here, there] += (end - start) / DAY
    names = sorted({here for here, _ in counts})
    states = [*names, *ENDS]
    moves = pd.DataFrame([[counts[a, b] for b in states] for a in names], names, states)
    chain = moves.div(moves.sum(axis=1), axis=0)
    chances = journeys.absorb(chain, ENDS).probabilities
    table = result.table.set_index("touchpoint").loc[names]
    for end in ENDS:
        assert table[f"{end}_chance"].to_numpy() == pytest.approx(chances[end].to_numpy())
    assert table["moves"].tolist() == moves.sum(axis=1).tolist()
    assert table[[f"{end}_chance" for end in ENDS]].sum(axis=1).to_numpy() == pytest.approx(
        np.ones(len(names))
    )
    # Steps and days by first step analysis: x = own move + what the next state still takes.
    mean = np.array([[days[a, b] / max(counts[a, b], 1) for b in states] for a in names])
    for place, end in enumerate(ENDS[:2]):
        onward = np.concatenate([chances[end], np.eye(3)[place]])
        inside = np.eye(len(names)) - chain[names].to_numpy()
        for column, cost in (("steps", np.ones_like(mean)), ("days", mean)):
            paid = (chain.to_numpy() * cost) @ onward
            expected = np.linalg.solve(inside, paid) / chances[end].to_numpy()
            assert table[f"{end}_{column}"].to_numpy() == pytest.approx(expected)


def test_people_are_where_their_ways_ended(relations) -> None:
    base, settings, ways = relations
    result = journeys.measure_absorption(base, settings)
    touched = [way for way in ways if way[0][1] not in ENDS]
    last = [way[-1][1] for way in touched]
    figures = result.figures
    assert figures["people"] == len(touched)
    assert figures["first_orders"] == last.count("first_order")
    assert figures["removals"] == last.count("removal") > 0
    assert figures["under_way"] == last.count("under_way")
    assert figures["without_touch"] == len(ways) - len(touched)
    met = {place: sum(any(s == place for _, s in way) for way in touched) for place in ("live",)}
    assert result.table.set_index("touchpoint").loc["live", "customers"] == met["live"]


def test_the_chain_reproduces_the_observed_shares(relations) -> None:
    """Chances weighted by where people start are the shares of people by end, exactly."""
    base, settings, ways = relations
    result = journeys.measure_absorption(base, settings)
    chances = result.table.set_index("touchpoint")
    starts = pd.Series([way[0][1] for way in ways if way[0][1] not in ENDS]).value_counts()
    for end in ENDS:
        weighted = (chances.loc[starts.index, f"{end}_chance"] * starts).sum() / starts.sum()
        assert weighted == pytest.approx(result.figures[f"{end}_share"], abs=1e-12)


def test_a_stay_that_still_runs_gives_no_days(make) -> None:
    """By hand: one orders 2 days after live, one met live 90 days ago and nothing since.

    Half come to an order, half are still under way; the order took 2 days, not 46.
    """
    sent = [(1, 390 * DAY, "live"), (2, 310 * DAY, "live")]
    rules = {"absorption_min_people": 2}
    base, settings = make(sent, [(1, 392 * DAY, 5)], journeys=rules)
    row = journeys.measure_absorption(base, settings).table.iloc[0]
    assert (row["first_order_chance"], row["under_way_chance"]) == (0.5, 0.5)
    assert (row["first_order_steps"], row["first_order_days"]) == (1, 2)
    assert row["removal_chance"] == 0
    assert np.isnan(row["removal_days"])


def test_what_follows_the_first_order_is_not_read(make) -> None:
    sent = [(1, 390 * DAY, "live"), (1, 395 * DAY, "group"), (2, 395 * DAY, "live")]
    bought = [(1, 392 * DAY, 5), (1, 396 * DAY, 5), (3, 396 * DAY, 5)]
    base, settings = make(sent, bought, journeys={"absorption_min_people": 1 + 1})
    result = journeys.measure_absorption(base, settings)
    assert result.table["touchpoint"].tolist() == ["live"]
    assert result.figures["without_touch"] == 1


def test_few_people_give_no_chance_and_small_cells_are_hidden(make) -> None:
    sent = [(person, 390 * DAY, "live") for person in range(60)]
    sent += [(person, 391 * DAY, "group") for person in range(30)]
    sent += [(person, 391 * DAY, "sms") for person in range(30, 34)]
    bought = [(person, 392 * DAY, 5) for person in range(20)]
    base, settings = make(sent, bought, privacy={"min_cell": 10})
    result = journeys.measure_absorption(base, settings)
    table = result.table.set_index("touchpoint")
    assert table.loc["live", "first_order_chance"] == pytest.approx(1 / 3)
    assert table.loc["group", "customers"] == 30
    assert np.isnan(table.loc["group", "first_order_chance"])
    assert table.loc["sms"].isna().all()
    assert result.verdict is Verdict.CLEAR
    few, settings = make(sent[:20], bought[:2], privacy={"min_cell": 10})
    result = journeys.measure_absorption(few, settings)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.figures["first_orders"] is None
    assert result.figures["under_way"] is None


def test_nobody_with_a_touch_before_an_end(make) -> None:
    base, settings = make([(1, 395 * DAY, "live")], [(1, 390 * DAY, 5)])
    result = journeys.measure_absorption(base, settings)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[0].render("en") == "Nobody has a touch before the first order or removal."


def test_intervals_of_chances_and_days_cover() -> None:
    """A known stay: .6 stay (2 days), .3 order (1 day), .1 lost; 150 brands of 60 groups.

    Truth by hand: chance of an order .75; stays before it .6 / .4 = 1.5, so 1.5 x 2 + 1 = 4 days.
    """
    random = np.random.default_rng(5)
    settings = Settings.model_validate({"journeys": {"bootstrap_draws": 200}})
    held = {"chance": 0, "days": 0}
    for _ in range(150):
        stays = random.geometric(0.4, size=(60, 8)) - 1
        won = random.random((60, 8)) < 0.75
        moves = np.stack([stays.sum(1), won.sum(1), (~won).sum(1)], axis=-1)[:, None].astype(float)
        took = np.stack(
            [random.gamma(np.maximum(stays.sum(1), 1e-9), 2), won.sum(1), (~won).sum(1)], axis=-1
        )[:, None]
        weights = draw_weights(60, settings)
        whole = solve_ends(moves.sum(0), took.sum(0))
        copies = solve_ends(redraw(weights, moves), redraw(weights, took))
        for name, truth in (("chance", 0.75), ("days", 4.0)):
            one = float(whole[name][0, 0])
            interval = percentile_interval(one, copies[name][:, 0, 0], 0.95)
            held[name] += interval.lower <= truth <= interval.upper
    assert all(133 <= times <= 149 for times in held.values()), held
