"""Costs of plans by hand: segments, dials, incentives, limits, what to expect."""

from __future__ import annotations

import pandas as pd
import plan_samples as ps
import pytest

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import proportion_interval
from privdom_kit.results import Verdict

PRICES = {"sms_cost": 0.05, "call_cost": 0.12}
CROWDS = [{"name": "a", "people": 1000}, {"name": "b", "people": 200}]
# 70 characters are one segment, 71 to 134 two (SMS-02); the signature and the mark count.
LONG = "【颜序】" + "会员" + "好" * 60 + "拒收请回复R"


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def run(*plans, frames=None, economics=PRICES, **settings):
            base, rules = ps.base(connection, list(plans), frames, economics=economics, **settings)
            return copy_tests.measure_budget(base, rules)

        yield run


def test_text_messages_by_segments(measure):
    """By hand: 600 people an arm; A one segment, B two: 600 x 0.05 and 1,200 x 0.05."""
    arms = [ps.arm("A", control=True), ps.arm("B", text=LONG)]
    result = measure(ps.plan(arms=arms, crowds=CROWDS, budget=100))
    table = result.table.set_index("arm")
    assert len(LONG) == 72
    assert table["people"].tolist() == [600, 600]
    assert table["segments"].tolist() == [1, 2]
    assert table["texts"].tolist() == [600, 1200]
    assert table["cost"].tolist() == pytest.approx([30, 60])
    assert table["cost_least"].tolist() == pytest.approx([30, 60])
    total = result.tables["tests"].iloc[0]
    assert (total["cost"], total["payable"]) == (pytest.approx(90), "fits")
    assert result.verdict is Verdict.CLEAR


def test_a_variable_makes_a_message_shorter_or_longer(measure):
    """66 characters and a name: of one character 67, one segment; of 8 it is 74, two."""
    text = "【颜序】{name}" + "好" * 56 + "拒收请回复R"
    arms = [ps.arm("A", control=True, text=text), ps.arm("B")]
    row = measure(ps.plan(arms=arms, crowds=CROWDS, vendor="tencent", budget=200)).table.iloc[0]
    assert (row["segments_least"], row["segments"]) == (1, 2)
    assert (row["cost_least"], row["cost"]) == (pytest.approx(30), pytest.approx(60))


def test_calls_run_from_one_dial_each_to_all_attempts(measure):
    """By hand: 1,200 people, 2 attempts: 1,200 to 2,400 dials; a text for nobody to everybody."""
    plan = ps.plan(channel="call_sms", attempts=2, crowds=CROWDS, budget=500, call_capacity=2000)
    result = measure(plan)
    total = result.tables["tests"].iloc[0]
    assert (total["dials_least"], total["dials"]) == (1200, 2400)
    assert total["cost_least"] == pytest.approx(1200 * 0.12)
    assert total["cost"] == pytest.approx(2400 * 0.12 + 1200 * 0.05)
    assert (total["payable"], total["dialable"]) == ("fits", "may_not_fit")
    assert result.verdict is Verdict.WATCH
    assert measure({**plan, "call_capacity": 1199}).verdict is Verdict.ACT
    assert measure({**plan, "call_capacity": 2400}).verdict is Verdict.CLEAR
    assert measure({**plan, "call_capacity": None}).verdict is Verdict.WATCH
    assert measure({**plan, "budget": 143}).verdict is Verdict.ACT
    assert measure({**plan, "budget": 200}).verdict is Verdict.WATCH
    assert measure({**plan, "budget": None}).verdict is Verdict.WATCH


def test_incentives_for_the_friends_to_expect(measure):
    """By hand: 600 people an arm at 4 % are 24 friends; at the planned 6 % 36; 3 yuan each."""
    arms = [ps.arm("A", control=True), ps.arm("B", incentive="gift", incentive_cost=3.0)]
    plan = ps.plan(primary="friend_added", baseline=0.04, minimum_difference=0.02, arms=arms,
                   crowds=CROWDS, budget=1000)  # fmt: skip
    row = measure(plan).table.set_index("arm").loc["B"]
    assert row["friends"] == pytest.approx(24)
    assert row["incentive_cost"] == pytest.approx(72)
    assert row["cost_least"] == pytest.approx(30 + 72)
    assert row["cost"] == pytest.approx(30 + 36 * 3)
    # stated: no interval
    assert pd.isna(row["friends_ci_lower"])
    assert pd.isna(row["incentive_cost_ci_lower"])


def test_expected_friends_and_orders_have_the_interval_of_the_measured_rate(measure):
    """40 friends and 20 orders of 1,000 people before: Wilson's ends times 1,200 people."""
    old = ps.sent(
        {"arm": "A", "people": 940},
        {"arm": "A", "people": 40, "friend_added": 1},
        {"arm": "A", "people": 20, "ordered": 3},
        test="old",
        sent="2026-03-01",
    )
    result = measure(ps.plan(primary="friend_added", crowds=CROWDS), frames={"deliveries": old})
    total = result.tables["tests"].iloc[0]
    for name, events in (("friends", 40), ("orders", 20)):
        rate = proportion_interval(events, 1000)
        assert total[name] == pytest.approx(1200 * events / 1000)
        assert total[f"{name}_ci_lower"] == pytest.approx(1200 * rate.lower)
        assert total[f"{name}_ci_upper"] == pytest.approx(1200 * rate.upper)


@pytest.mark.parametrize(
    ("economics", "arm", "lacks"),
    [({}, {}, "no_sms_cost"), (PRICES, {"text": ""}, "no_text"),
     (PRICES, {"incentive": "gift"}, "no_incentive_cost"),
     (PRICES, {"incentive_cost": 2.0}, "no_friend_rate")],
)  # fmt: skip
def test_what_has_no_price_is_never_guessed(measure, economics, arm, lacks):
    """A sum with something unpriced in it is null, not smaller; nothing priced is not for free."""
    arms = [ps.arm("A", control=True), ps.arm("B", **arm)]
    result = measure(ps.plan(arms=arms, crowds=CROWDS, budget=1e6), economics=economics)
    row = result.table.set_index("arm").loc["B"]
    assert row["unpriced"] == lacks
    assert pd.isna(row["cost"])
    assert pd.isna(result.tables["tests"]["cost"].iloc[0])
    assert result.tables["tests"]["payable"].iloc[0] == "unknown"
    assert pd.isna(row["cost_least"]) == (lacks in ("no_sms_cost", "no_text"))
    assert result.verdict is Verdict.WATCH


def test_the_priced_part_alone_can_be_too_much(measure):
    """A has no text, B costs 30 yuan: with 29 to spend that is too much whatever A costs."""
    arms = [ps.arm("A", control=True, text=""), ps.arm("B")]
    assert measure(ps.plan(arms=arms, crowds=CROWDS, budget=29)).verdict is Verdict.ACT


def test_people_that_are_not_known_cost_nobody_knows_what(measure):
    result = measure(ps.plan(crowds=[*CROWDS, {"name": "c"}], budget=1000))
    assert result.table["cost"].isna().all()
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_the_worst_test_comes_first_and_without_plans_nothing_is_measured(measure):
    plans = [ps.plan("fine", crowds=CROWDS, budget=500), ps.plan("dear", crowds=CROWDS, budget=1)]
    result = measure(*plans)
    assert result.tables["tests"]["test"].tolist() == ["dear", "fine"]
    assert result.table["test"].tolist() == ["dear", "dear", "fine", "fine"]
    assert measure().verdict is Verdict.NOT_MEASURED
