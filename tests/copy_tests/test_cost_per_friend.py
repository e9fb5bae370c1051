"""Cost per friend: by hand, beside people held back, with incentives, and on simulated tests."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base
from pack_brand import plan, sends

from privdom_kit.copy_tests.friend_costs import (
    Group,
    benefit_ratio,
    extra_cost,
    extra_rate,
    naive_cost,
    profit_interval,
)
from privdom_kit.copy_tests.measure_friend_costs import measure_cost_per_friend
from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict

CELLS = (("x", "A", 1000, 40), ("x", "B", 1000, 80))
HELD = ("x", "holdout", 1000, 20)
Z = 1.959964


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def ask(cells, planned=None, **options):
            forms = {"copy_tests": [planned]} if planned else {}
            rows = cells if isinstance(cells, pd.DataFrame) else sends(*cells)
            base, settings = copy_base(connection, {"deliveries": rows}, forms=forms, **options)
            return measure_cost_per_friend(base, settings)

        yield ask


def with_incentive(cost=1.0, **values):
    planned = plan({"x": 2000}, **values)
    planned["arms"][1] |= {"incentive": "coupon", "incentive_cost": cost}
    return planned


def test_cost_per_friend_by_hand(measure):
    """A: 50 yuan for 40 friends, 1.25 each. With equal costs the ends are those of 1 / share."""
    table = measure(CELLS).table.set_index("arm")
    row = table.loc["A"]
    assert (row["people"], row["friends"], row["cost"]) == (1000, 40, 50)
    assert row["cost_per_friend"] == 1.25
    error = math.sqrt(0.04 * 0.96 / 1000)
    assert row["cost_per_friend_ci_lower"] == pytest.approx(0.05 / (0.04 + Z * error), rel=1e-6)
    assert row["cost_per_friend_ci_upper"] == pytest.approx(0.05 / (0.04 - Z * error), rel=1e-6)
    assert row["bounded"] == "true"
    assert table["counted"].tolist() == ["all_friends"] * 2
    assert table.loc["B", "cost_per_friend"] == 0.625


def test_friends_who_come_anyway_cost_nothing(measure):
    """By hand: A brings .04 - .02 extra friends a person for 5 fen, 2.50 each; naive 1.25."""
    row = measure((*CELLS, HELD)).table.set_index("arm").loc["A"]
    assert row["extra_rate"] == pytest.approx(0.02)
    assert row["cost_per_extra_friend"] == pytest.approx(2.5)
    assert row["cost_per_friend"] == 1.25
    assert row["counted"] == "extra"
    # Fieller with a cost known exactly: 1 / the ends of the extra share
    ends = row["extra_rate_ci_lower"], row["extra_rate_ci_upper"]
    assert row["cost_per_extra_friend_ci_lower"] == pytest.approx(0.05 / ends[1])
    assert row["cost_per_extra_friend_ci_upper"] == pytest.approx(0.05 / ends[0])


def test_crowds_are_pooled_as_strata(measure):
    """Extra friends over crowds: Mantel-Haenszel, by hand .03; all people in one would say .07."""
    cells = (("x", "A", 1000, 100), ("y", "A", 200, 4), ("x", "holdout", 200, 10),
             ("y", "holdout", 1000, 10))  # fmt: skip
    result = measure(cells)
    weights = [1000 * 200 / 1200, 200 * 1000 / 1200]
    gaps = [0.1 - 0.05, 0.02 - 0.01]
    by_hand = sum(w * g for w, g in zip(weights, gaps, strict=True)) / sum(weights)
    assert result.table.iloc[0]["extra_rate"] == pytest.approx(by_hand)


def test_costs_hold_the_incentive(measure):
    """B: 80 friends get 1 yuan each: (50 + 80) / 80 = 1.625; of a crowd both versions count."""
    result = measure(CELLS, with_incentive())
    row = result.table.set_index("arm").loc["B"]
    assert (row["cost"], row["incentives"], row["cost_per_friend"]) == (130, 80, 1.625)
    crowd = result.tables["crowds"].iloc[0]
    assert (crowd["crowd"], crowd["cost"], crowd["friends"]) == ("x", 180, 120)


def test_costs_that_go_with_friends_narrow_the_interval(measure):
    """A call that connects costs more and adds more: brute force by resampling people.

    4,000 draws of 600 people; ends of Fieller's set against the draws' percentiles.
    """
    draw = np.random.default_rng(2)
    heard = draw.random(600) < 0.4
    friend = heard & (draw.random(600) < 0.3)
    cost = np.where(heard, 0.3, 0.1)
    group = Group(600, int(friend.sum()), cost.sum(), (cost**2).sum(), (cost * friend).sum(), 0.0)
    found = naive_cost(group, 0.95)
    picks = draw.integers(0, 600, (4000, 600))
    ratios = cost[picks].sum(axis=1) / friend[picks].sum(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    assert found.lower == pytest.approx(low, rel=0.04)
    assert found.upper == pytest.approx(high, rel=0.04)


def test_what_incentives_bring_for_what_they_cost(measure):
    """S126 by hand: .04 more friends a person for .08 yuan more a person: .5 for each yuan."""
    row = measure(CELLS, with_incentive()).tables["incentives"].iloc[0]
    assert (row["arm"], row["reference"]) == ("B", "A")
    assert row["difference"] == pytest.approx(0.04)
    assert row["incentive_per_person"] == pytest.approx(0.08)
    assert row["extra_friends_per_benefit"] == pytest.approx(0.5)
    assert row["bounded"] == "true"
    # without a control that was sent the present copy there is nothing to hold it against
    assert measure((CELLS[1], HELD), with_incentive()).tables["incentives"].empty


def test_a_cost_without_an_upper_end_has_none(measure):
    """40 against 36 of 1,000: there may be no extra friends at all. None is ever a cost below 0."""
    row = measure((CELLS[0], ("x", "holdout", 1000, 36))).table.iloc[0]
    assert row["extra_bounded"] == "false"
    assert row["cost_per_extra_friend"] == pytest.approx(12.5)
    assert pd.isna(row["cost_per_extra_friend_ci_upper"])
    fewer = measure((CELLS[0], ("x", "holdout", 1000, 60))).table.iloc[0]
    assert fewer["extra_rate"] == pytest.approx(-0.02)
    assert pd.isna(fewer["cost_per_extra_friend"])
    assert fewer["extra_bounded"] == "false"


@pytest.mark.parametrize(
    ("value", "held", "verdict"),
    [(0.5, 20, Verdict.ACT), (9.0, 20, Verdict.CLEAR), (3.0, 20, Verdict.WATCH),
     (9.0, None, Verdict.WATCH), (0.5, None, Verdict.ACT), (None, 20, Verdict.WATCH)],
)  # fmt: skip
def test_verdicts(measure, value, held, verdict):
    """A's extra friends cost 2.50 (1.43 to 10): dear at .5, cheap at 9 only if all else is too.

    Without people held back a friend may be too dear for sure, and never cheap enough.
    """
    cells = [(c, a, 10 * n, 10 * x) for c, a, n, x in CELLS]
    if value == 3.0:
        cells = list(CELLS)
    if held is not None:
        people = 1000 if value == 3.0 else 10_000
        cells.append(("x", "holdout", people, held * people // 1000))
    planned = plan({"x": 2000}, holdout_share=0 if held is None else 1 / 3)
    result = measure(cells, planned, economics={"customer_value": value})
    assert result.verdict is verdict
    assert (result.figures["arms_losing"] > 0) == (verdict is Verdict.ACT)


def test_the_loss_is_that_of_versions_that_lose_for_sure(measure):
    """By hand: A costs 500 yuan for 400 friends of .5; B 500 for 800: 300 and 100 lost."""
    cells = [(c, a, 10 * n, 10 * x) for c, a, n, x in CELLS]
    result = measure(cells, plan({"x": 20_000}), economics={"customer_value": 0.5})
    assert result.figures["money_at_stake"] == pytest.approx(400)
    assert result.figures["arm"] == "A"


def test_the_profit_decides_as_fieller_does():
    """A value is in Fieller's set exactly where the profit's interval holds 0."""
    group = Group(1000, 40, 50.0, 2.6, 2.2, 0.0)
    ends = naive_cost(group, 0.95)
    for end in (ends.lower, ends.upper):
        inside, outside = end * (1 + 1e-6), end * (1 - 1e-6)
        if end == ends.upper:
            inside, outside = outside, inside
        a = profit_interval(group, None, inside, 0.95)
        b = profit_interval(group, None, outside, 0.95)
        assert a.lower < 0 < a.upper
        assert b.upper < 0 or b.lower > 0


def test_tests_that_were_only_observed_decide_nothing(measure):
    result = measure([(c, a, 10 * n, 10 * x) for c, a, n, x in CELLS],
                     economics={"customer_value": 0.5})  # fmt: skip
    assert result.verdict is Verdict.WATCH
    assert any("chance decided" in str(note) for note in result.notes)


def test_few_friends_held_back_hide_what_rests_on_them(measure):
    result = measure((*CELLS, ("x", "holdout", 1000, 4)), privacy={"min_cell": 10})
    assert result.table["cost_per_friend"].notna().all()
    gone = ["extra_rate", "cost_per_extra_friend", "profit_per_person", "extra_bounded"]
    assert result.table[gone].isna().all(axis=None)
    few = measure((("x", "A", 1000, 4), ("x", "B", 1000, 80)), privacy={"min_cell": 10})
    assert few.table["friends"].isna().all()  # B too, or the total would tell A
    assert few.table["cost_per_friend"].isna().all()


@pytest.mark.parametrize(
    ("drop", "words"),
    [("friend_added_at", "friend_added_at"), ("cost_cents", "economics.sms_cost")],
)
def test_what_is_lacking_is_named(measure, drop, words):
    result = measure(sends(*CELLS).drop(columns=drop))
    assert result.verdict is Verdict.NOT_MEASURED
    assert words in result.notes[0].render("en")


def test_without_friends_there_is_no_cost(measure):
    result = measure((("x", "A", 1000, 0), ("x", "B", 1000, 0), ("y", "holdout", 10, 1)))
    assert result.verdict is Verdict.NOT_MEASURED


def test_too_few_friends_say_nothing(measure):
    result = measure((("x", "A", 1000, 3), ("x", "B", 1000, 5)), economics={"customer_value": 9.0})
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_an_incentive_without_a_cost_is_told(measure):
    planned = with_incentive(None)
    said = [note.render("en") for note in measure(CELLS, planned).notes]
    assert any("does not say what the incentive of B costs" in note for note in said)


def test_every_version_of_a_sample_brand_is_read(sample):
    """ev_scooter: 528 yuan for 156 friends and 240 for 84; its prices are not needed."""
    from privdom_kit import copy_tests

    opened = sample("ev_scooter")
    base = copy_tests.read_copy_base(opened.client)
    result = copy_tests.measure_cost_per_friend(base, opened.settings)
    table = result.table.set_index("arm")
    assert table.loc["call_sms", "cost_per_friend"] == pytest.approx(528 / 156)
    assert table.loc["sms", "cost_per_friend"] == pytest.approx(240 / 84)
    assert result.figures["tests_without_friends"] == 2
    assert result.verdict is Verdict.WATCH
    assert copy_tests.measure_crowds(base, opened.settings).verdict is Verdict.NOT_MEASURED
    priority = copy_tests.measure_crowd_priority(base, opened.settings)
    assert priority.verdict is Verdict.NOT_MEASURED
    assert "economics.customer_value" in priority.notes[0].render("en")


def test_a_brand_without_deliveries_has_nothing_to_read(sample):
    from privdom_kit import copy_tests

    opened = sample("camel_milk")
    base = copy_tests.read_copy_base(opened.client)
    for question in ("crowds", "crowd_priority", "cost_per_friend"):
        result = getattr(copy_tests, f"measure_{question}")(base, opened.settings)
        assert result.verdict is Verdict.NOT_MEASURED


# Simulated tests: counts alone


@pytest.mark.parametrize(
    ("p", "q", "n", "m"), [(0.05, 0.01, 2000, 1000), (0.01, 0.004, 8000, 4000)]
)
def test_fieller_covers_the_cost_of_extra_friends(p, q, n, m):
    """400 tests: the set holds .05 / (p - q) in 95 % of them, with error."""
    draw = np.random.default_rng(13)
    truth, held = 0.05 / (p - q), 0
    for x, y in zip(draw.binomial(n, p, 400), draw.binomial(m, q, 400), strict=True):
        group = Group(n, int(x), 0.05 * n, 0.0025 * n, 0.05 * x, 0.0)
        found = extra_cost(group, extra_rate(_cells(x, n), _cells(y, m)), 0.95)
        inside = found.lower <= truth <= found.upper
        if found.excluded is not None:
            inside = not found.excluded[0] < truth < found.excluded[1]
        held += inside
    assert held / 400 >= 0.95 - 3 * (0.05 * 0.95 / 400) ** 0.5 - 0.005


def test_fieller_covers_what_incentives_bring():
    """1,000 tests of 3 against 5 %, 2 yuan a friend: .02 / .10 friends for each yuan."""
    draw, n, held = np.random.default_rng(17), 3000, 0
    for x, y in zip(draw.binomial(n, 0.05, 1000), draw.binomial(n, 0.03, 1000), strict=True):
        ours = Group(n, int(x), 2.0 * x, 4.0 * x, 2.0 * x, 2.0 * x)
        control = Group(n, int(y), 0.0, 0.0, 0.0, 0.0)
        found = benefit_ratio(ours, control, 0.95)
        held += found.lower <= 0.02 / 0.10 <= found.upper
    assert abs(held / 1000 - 0.95) <= 3 * (0.05 * 0.95 / 1000) ** 0.5 + 0.005


def _cells(x, n):
    return pd.DataFrame({"crowd": ["x"], "n_friend_added": [n], "x_friend_added": [x]})
