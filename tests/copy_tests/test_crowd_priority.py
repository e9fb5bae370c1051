"""Profit of a contact, order of spending: by hand, by brute force, and on simulated tests."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base
from pack_brand import plan, sends

from privdom_kit.copy_tests.contact_profits import read_profits
from privdom_kit.copy_tests.measure_spending import measure_crowd_priority
from privdom_kit.copy_tests.spending_order import best_spending, even_contacts, spending_order
from privdom_kit.engine import closing, connect
from privdom_kit.errors import DataError
from privdom_kit.results import Verdict

CELLS = (
    ("new", "A", 1000, 40), ("new", "B", 1000, 40), ("old", "A", 1000, 100),
    ("old", "B", 1000, 100), ("idle", "A", 1000, 4), ("idle", "B", 1000, 4),
)  # fmt: skip
HELD = (("new", "holdout", 1000, 10), ("old", "holdout", 1000, 20), ("idle", "holdout", 1000, 2))
SIZES = {"new": 2000, "old": 2000, "idle": 2000}


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def ask(cells, planned=None, **options):
            forms = {"copy_tests": [planned]} if planned else {}
            rows = cells if isinstance(cells, pd.DataFrame) else sends(*cells)
            base, settings = copy_base(connection, {"deliveries": rows}, forms=forms, **options)
            return measure_crowd_priority(base, settings)

        yield ask


def worth(value, **options):
    return {"economics": {"customer_value": value}, **options}


# The linear program


def test_one_budget_is_spent_as_greed_would():
    """300 random budgets: the program against taking crowds by profit over cost (fractional)."""
    draw = np.random.default_rng(5)
    for _ in range(300):
        k = int(draw.integers(1, 7))
        profit, cost = draw.normal(0.1, 0.2, k), draw.uniform(0.02, 0.4, k)
        people = draw.integers(1, 500, k).astype(float)
        budget, left, most = float(draw.uniform(0, 120)), 0.0, 0.0
        left = budget
        for i in np.argsort(-profit / cost):
            if profit[i] > 0:
                taken = min(people[i], left / cost[i])
                left, most = left - taken * cost[i], most + taken * profit[i]
        found = best_spending(profit, cost, [0.0] * k, people, budget)
        assert found.profit == pytest.approx(most, abs=1e-6)
        assert found.cost <= budget + 1e-6


def test_two_limits_against_every_whole_number_of_contacts():
    """Brute force over all contacts of three crowds of at most 12 people."""
    draw = np.random.default_rng(8)
    for _ in range(20):
        profit, cost, calls = (
            draw.normal(0.3, 0.4, 3),
            draw.uniform(0.1, 1, 3),
            draw.uniform(1, 3, 3),
        )
        people, budget, capacity = draw.integers(1, 13, 3), 5.0, 20.0
        grid = np.array(list(itertools.product(*(range(n + 1) for n in people))))
        allowed = grid[(grid @ cost <= budget) & (grid @ calls <= capacity)]
        whole = float((allowed @ profit).max())
        found = best_spending(profit, cost, calls, people, budget, capacity)
        # parts of people bring at most what two more people would
        assert whole - 1e-9 <= found.profit <= whole + 2 * np.abs(profit).max()
        assert found.cost <= budget + 1e-6
        assert found.calls <= capacity + 1e-6


def test_prices_are_what_one_more_brings():
    """By solving again with one more unit; also where the budget is met to the last cent."""
    profit, cost, calls, people = [0.5, 0.3, 0.1], [0.1, 0.1, 0.1], [1.0, 1.0, 1.0], [100, 100, 100]
    for budget, capacity in ((15.0, None), (10.0, None), (20.0, None), (None, 150), (25.0, 160)):
        now = best_spending(profit, cost, calls, people, budget, capacity)
        if budget is not None:
            more = best_spending(profit, cost, calls, people, budget + 0.01, capacity)
            assert now.budget_price == pytest.approx((more.profit - now.profit) / 0.01, abs=1e-6)
        if capacity is not None:
            more = best_spending(profit, cost, calls, people, budget, capacity + 0.01)
            assert now.call_price == pytest.approx((more.profit - now.profit) / 0.01, abs=1e-6)


def test_without_limits_all_that_pays_is_taken():
    found = best_spending([0.2, -0.1, 0.0], [0.1] * 3, [1.0] * 3, [10, 10, 10])
    assert found.contacts == (10.0, 0.0, 0.0)
    assert (found.budget_price, found.call_price) == (0.0, 0.0)
    assert spending_order([0.2, -0.1, 0.4], [0.1, 0.1, 0.4], [0.0] * 3, found) == (1, None, 2)


def test_spending_evenly_is_the_same_share_of_all():
    """By hand: 300 people cost 60, the budget is 30: half of each; with 100 calls a third."""
    assert even_contacts([0.2] * 3, [1.0] * 3, [50, 100, 150], 30, 200) == (25, 50, 75)
    assert even_contacts([0.2] * 3, [1.0] * 3, [50, 100, 150], 30, 100) == pytest.approx(
        (50 / 3, 100 / 3, 50)
    )


def test_what_cannot_be_spent_is_an_error():
    with pytest.raises(DataError, match="negative"):
        best_spending([0.1], [-1.0], [0.0], [10])
    with pytest.raises(DataError, match="one of each"):
        best_spending([0.1, 0.2], [1.0], [0.0], [10])


# The question


def test_profit_of_a_contact_by_hand(measure):
    """One crowd, 60 of 1,000 added, 3 yuan a friend, 5 fen a message: .18 - .05 = .13."""
    cells = (("x", "A", 500, 30), ("x", "B", 500, 30))
    result = measure(cells, plan({"x": 1000}), **worth(3.0))
    row = result.table.iloc[0]
    assert row["profit_per_contact"] == pytest.approx(0.13)
    assert row["counted"] == "all_friends"
    # Beta of mean .06 and its standard error, carried over (scipy)
    from scipy.stats import beta

    size = 1000 - 1
    law = beta(0.06 * size, 0.94 * size)
    assert row["profit_per_contact_ci_lower"] == pytest.approx(3 * law.ppf(0.025) - 0.05, abs=1e-6)
    assert row["profit_per_contact_ci_upper"] == pytest.approx(3 * law.ppf(0.975) - 0.05, abs=1e-6)
    assert row["chance_pays"] == pytest.approx(1, abs=1e-6)


def test_friends_who_come_anyway_are_taken_off(measure):
    """Large crowds keep their own shares: (.04 - .01) x 3 - .05 and (.10 - .02) x 3 - .05."""
    cells = [(c, a, 20 * n, 20 * x) for c, a, n, x in (*CELLS[:4], *HELD[:2])]
    sizes = dict.fromkeys(("new", "old"), 40_000)
    result = measure(cells, plan(sizes, holdout_share=1 / 3), **worth(3.0))
    found = result.table.set_index("crowd")["profit_per_contact"]
    assert found["new"] == pytest.approx(0.04, abs=4e-3)
    assert found["old"] == pytest.approx(0.19, abs=4e-3)
    assert set(result.table["counted"]) == {"extra"}
    assert result.verdict is Verdict.CLEAR
    assert result.figures["crowds_paying"] == 2


def test_an_incentive_is_a_cost_of_each_friend(measure):
    """By hand: 1 yuan to friends of B, half of all friends: 60 of 1,000 x (3 - .5) - .05 = .10."""
    planned = plan({"x": 1000})
    planned["arms"][1] |= {"incentive": "coupon", "incentive_cost": 1.0}
    cells = (("x", "A", 500, 30), ("x", "B", 500, 30))
    row = measure(cells, planned, **worth(3.0)).table.iloc[0]
    assert row["incentive_per_friend"] == 0.5
    assert row["profit_per_contact"] == pytest.approx(0.10)
    assert row["cost_per_contact"] == pytest.approx(0.05)


def test_the_budget_goes_to_the_best_crowd_first(measure):
    """A budget of 40 yuan buys 800 messages: all to old, none to others."""
    result = measure((*CELLS, *HELD), plan(SIZES, budget=40, holdout_share=1 / 3), **worth(3.0))
    table = result.table.set_index("crowd")
    # 2,000 people of the plan are all that can be sent to
    assert table.loc["old", "contacts"] == 800
    assert table.loc["old", "taken"] == "part"
    assert table.loc[["new", "idle"], "contacts"].tolist() == [0, 0]
    assert list(result.table["crowd"][:1]) == ["old"]
    plans = result.tables["plans"].iloc[0]
    profit = table.loc["old", "profit_per_contact"]
    assert plans["expected_profit"] == pytest.approx(800 * profit)
    assert plans["budget_price"] == pytest.approx(profit / 0.05)
    assert plans["gain"] == pytest.approx(plans["expected_profit"] - plans["even_profit"])
    assert plans["gain_ci_lower"] > 0
    assert result.verdict is Verdict.ACT


def test_calls_are_dials_a_person(measure):
    """Every person is dialled twice: 300 calls reach 150 people."""
    rows = sends(*CELLS, channel="call", talk_seconds=30.0)
    rows = pd.concat([rows, rows.assign(delivery_id=rows["delivery_id"] + "b")], ignore_index=True)
    result = measure(rows, plan(SIZES, channel="call", call_capacity=300), **worth(5.0))
    plans = result.tables["plans"].iloc[0]
    assert plans["contacts"] == 150
    assert plans["calls"] == pytest.approx(300)
    table = result.table.set_index("crowd")
    assert table.loc["old", "cost_per_contact"] == pytest.approx(0.10)
    assert plans["call_price"] == pytest.approx(table.loc["old", "profit_per_contact"] / 2)


def test_a_crowd_that_loses_money_for_sure_is_acted_on(measure):
    """idle: 8 of 2,000 friends of 3 yuan against 5 fen each: 1.2 - 5 fen a contact."""
    result = measure((*CELLS, *HELD), plan(SIZES, holdout_share=1 / 3), **worth(3.0))
    assert result.verdict is Verdict.ACT
    assert result.figures["crowds_losing"] == 1
    row = result.table.set_index("crowd").loc["idle"]
    assert row["profit_per_contact_ci_upper"] < 0
    assert row["taken"] == "none"
    assert result.figures["money_at_stake"] == pytest.approx(-row["profit_per_contact"] * 2000)


def test_all_pay_for_sure_only_against_people_held_back(measure):
    cells = [(c, a, 4 * n, 4 * x + 200) for c, a, n, x in CELLS[:4]]
    sizes = dict.fromkeys(("new", "old"), 8000)
    alone = measure(cells, plan(sizes), **worth(20.0))
    assert alone.verdict is Verdict.WATCH
    assert alone.figures["crowds_paying"] == 0
    held = [("new", "holdout", 4000, 40), ("old", "holdout", 4000, 40)]
    beside = measure([*cells, *held], plan(sizes, holdout_share=1 / 3), **worth(20.0))
    assert beside.verdict is Verdict.CLEAR
    assert beside.figures["crowds_paying"] == 2


def test_before_the_planned_people_the_order_is_preliminary(measure):
    result = measure(CELLS, plan({**SIZES, "new": 5000}), **worth(3.0))
    assert result.verdict is Verdict.WATCH
    assert result.figures["lacking_people"] == 3000
    assert any("preliminary" in str(note) for note in result.notes)


def test_a_kept_contact_is_worth_its_value_and_no_other(measure):
    """customer_value is of a kept contact: one friend of four is gone after two days."""
    rows = sends(*CELLS)
    friends = rows.index[rows["friend_added_at"].notna()]
    rows["friend_removed_at"] = pd.array([None] * len(rows), dtype="Int64")
    rows.loc[friends[::4], "friend_removed_at"] = (
        rows.loc[friends[::4], "friend_added_at"] + 172_800
    )
    result = measure(rows, plan(SIZES), **worth(4.0))
    assert result.figures["kept_share"] == 0.75
    assert set(result.table["friend_value"]) == {3.0}
    stated = plan(SIZES)
    for crowd in stated["crowds"]:
        crowd["friend_value"] = 4.0
    assert set(measure(rows, stated).table["friend_value"]) == {4.0}


@pytest.mark.parametrize(
    ("drop", "options", "words"),
    [((), {}, "What a friend is worth is not stated"),
     (("cost_cents",), worth(3.0), "economics.sms_cost"),
     (("friend_added_at",), worth(3.0), "friend_added_at"),
     (("crowd",), worth(3.0), "name no crowds")],
)  # fmt: skip
def test_what_is_lacking_is_named(measure, drop, options, words):
    result = measure(sends(*CELLS).drop(columns=list(drop)), plan(SIZES), **options)
    assert result.verdict is Verdict.NOT_MEASURED
    assert words in result.notes[0].render("en")


def test_prices_of_the_client_stand_in_for_costs(measure):
    """Two segments a message at 3.5 fen: 7 fen, which no rounding to a fen may touch."""
    rows = sends(*CELLS, segments=2).drop(columns="cost_cents")
    options = {"economics": {"customer_value": 3.0, "sms_cost": 0.0175}}
    result = measure(rows, plan(SIZES), **options)
    assert set(result.table["cost_per_contact"]) == {0.035}
    assert result.figures["cost_source"] == "prices"


def test_rows_without_a_cost_count_as_free_and_are_told(measure):
    rows = sends(*CELLS)
    rows.loc[rows.index % 5 == 0, "cost_cents"] = pd.NA
    result = measure(rows, plan(SIZES), **worth(3.0))
    assert result.verdict is Verdict.WATCH
    said = [note.render("en") for note in result.notes]
    assert any("20.0% of the rows sent have no cost" in note for note in said)


def test_too_few_friends_say_nothing(measure):
    cells = [(crowd, arm, people, 1) for crowd, arm, people, _ in CELLS]
    assert measure(cells, plan(SIZES), **worth(3.0)).verdict is Verdict.NOT_ENOUGH_DATA


def test_tests_that_were_only_observed_decide_nothing(measure):
    result = measure(CELLS, **worth(3.0))
    assert result.verdict is Verdict.WATCH
    assert result.figures["crowds_judged"] == 0


def test_few_friends_are_hidden_with_all_that_tells_them(measure):
    result = measure(CELLS, plan(SIZES), **worth(3.0), privacy={"min_cell": 10})
    row = result.table.set_index("crowd").loc["idle"]
    gone = [*row.index.drop(["test", "evidence", "counted", "available_people"])]
    assert row[gone].isna().all()
    # one more crowd is hidden beside it, or the total would tell
    assert result.table["friends"].isna().sum() == 2
    assert result.figures["money_at_stake"] is None


# Simulated tests: counts alone


def cells_of(x, n, held_x=None, held_n=None):
    """Cells of one crowd: everybody cost 5 fen."""
    sent = pd.DataFrame(
        {
            "arm": ["A"], "n_friend_added": [n], "x_friend_added": [x],
            "x_cost_parts": [500.0 * n], "xx_cost_parts": [500.0**2 * n],
            "xy_cost_parts_friend_added": [500.0 * x],
        }
    )  # fmt: skip
    held = pd.DataFrame({"n_friend_added": [held_n], "x_friend_added": [held_x]})
    return sent, held


@pytest.mark.parametrize("apart", [True, False])
def test_profit_intervals_cover(apart):
    """100 tests of four crowds with a held-back share of 1 %: 95 % hold, with error."""
    draw, n, m = np.random.default_rng(21), [1500, 2500, 4000, 1000], [700, 1200, 2000, 500]
    truth = 0.03 * np.exp(0.4 * draw.standard_normal((100, 4)))
    organic = np.full((100, 4), 0.01)
    held = []
    for p, q in zip(truth, organic, strict=True):
        x, y = draw.binomial(n, p), draw.binomial(m, q)
        pairs = [cells_of(*numbers) for numbers in zip(x, n, y, m, strict=True)]
        found = read_profits(
            [a for a, _ in pairs], [b for _, b in pairs], [3.0] * 4, {}, 0.95, apart
        )
        for place in range(4):
            ends = found.interval(place, 0.95)
            held.append(ends.lower <= 3 * (p[place] - q[place]) - 0.05 <= ends.upper)
    assert np.mean(held) >= 0.95 - 3 * (0.05 * 0.95 / len(held)) ** 0.5 - 0.01


def test_equal_crowds_that_just_pay_move_no_money():
    """200 tests of five crowds at break-even: some crowd loses, or the order gains, in 5 %."""
    draw, n = np.random.default_rng(4), [1500, 2000, 2500, 3000, 1000]
    level, acts = 1 - 0.05 / 5, 0
    for x in draw.binomial(n, 0.03, size=(200, 5)):
        sent = [cells_of(*numbers)[0] for numbers in zip(x, n, strict=True)]
        profits = read_profits(sent, None, [0.05 / 0.03] * 5, {}, level)
        best = best_spending(profits.estimates, profits.spends, [0.0] * 5, n, 200.0)
        even = even_contacts(profits.spends, [0.0] * 5, n, 200.0)
        moved = [a - b for a, b in zip(best.contacts, even, strict=True)]
        loses = any(profits.interval(i, level).upper < 0 for i in range(5))
        acts += loses or profits.total(moved, level).lower > 0
    assert acts / 200 <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
