"""The register of plans: gaps planted one at a time, pace and matrix counted by hand."""

from __future__ import annotations

import pytest
from copy_tables import copy_base, deliveries

from privdom_kit.copy_tests import measure_hypotheses
from privdom_kit.copy_tests.filed_plans import FiledPlan, plan_content, plan_hash
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict

PLAN = {
    "id": "t1",
    "channel": "sms",
    "hypothesis": "A card of service brings more friends than a coupon.",
    "primary": "friend_added",
    "minimum_difference": 0.01,
    "starts_on": "2026-07-06",
    "holdout_share": 0.1,
    "arms": [
        {"name": "A", "control": True, "hook": "benefit", "incentive": "coupon"},
        {"name": "B", "hook": "service", "weight": 3.0},
    ],
    "crowds": [{"name": "buyers", "people": 1000, "who": {"orders_at_least": 1}}],
    "guardrails": [{"metric": "opted_out", "margin": 0.002}],
}


def filed(plan=PLAN, on="2026-06-30"):
    test = CopyTest.model_validate(plan, strict=False)
    return FiledPlan(test, on, plan_hash(plan_content(test), ()), (), "plan.json")


@pytest.fixture
def register():
    """``register(plans, filed, rows)``: the result for plans of forms.yml."""

    def look(*plans, filed=None, rows=None):
        frames = {} if rows is None else {"deliveries": rows}
        with closing(connect()) as connection:
            base, settings = copy_base(
                connection, frames, filed=filed, forms={"copy_tests": list(plans)}
            )
            return measure_hypotheses(base, settings)

    return look


def states(result, test="t1"):
    table = result.tables["checklist"]
    rows = table[table["test"] == test]
    return dict(zip(rows["item"], rows["state"], strict=True))


def open_items(result, test="t1"):
    return {item: state for item, state in states(result, test).items() if state != "stated"}


def test_a_complete_and_filed_plan_is_clear(register):
    result = register(PLAN, filed={"t1": filed()})
    assert result.verdict is Verdict.CLEAR
    assert open_items(result) == {}
    row = result.table.iloc[0]
    assert row["state"] == "complete"
    assert row["gaps"] == 0
    assert row["sha256"] == filed().sha256
    assert (row["filed_on"], row["starts_on"], row["window_days"]) == (
        "2026-06-30", "2026-07-06", 7,
    )  # fmt: skip
    assert result.figures["complete_tests"] == result.figures["filed_tests"] == 1


def without(name):
    return {key: value for key, value in PLAN.items() if key != name}


@pytest.mark.parametrize(
    ("plan", "missing", "verdict"),
    [
        (without("hypothesis"), {"hypothesis": "missing"}, "watch"),
        ({**PLAN, "hypothesis": "  "}, {"hypothesis": "missing"}, "watch"),
        (without("minimum_difference"), {"minimum": "missing"}, "watch"),
        ({**without("minimum_difference"), "minimum_lift": 0.2}, {}, "clear"),
        (without("guardrails"), {"guardrails": "missing"}, "watch"),
        (without("starts_on"), {"starts_on": "missing"}, "watch"),
        # what no text message has
        ({**PLAN, "primary": "connected"}, {"primary": "missing"}, "watch"),
        # advised, and no gap of the readout
        (without("holdout_share"), {"holdout_share": "missing"}, "clear"),
        (without("crowds"), {"crowds": "missing"}, "clear"),
        # somebody is held back: one arm, or no control, can still be held against them
        ({**PLAN, "arms": PLAN["arms"][:1]}, {}, "clear"),
        ({**PLAN, "arms": PLAN["arms"][1:]}, {"control": "missing"}, "watch"),
        (
            {**without("holdout_share"), "arms": PLAN["arms"][:1]},
            {"groups": "unreadable", "holdout_share": "missing"},
            "act",
        ),
        (
            {**without("holdout_share"),
             "arms": [{"name": "A", "hook": "benefit"}, {"name": "B", "hook": "service"}]},
            {"control": "unreadable", "holdout_share": "missing"},
            "act",
        ),
    ],
)  # fmt: skip
def test_what_a_plan_lacks(register, plan, missing, verdict):
    result = register(plan, filed={"t1": filed(plan)})
    assert open_items(result) == missing
    assert result.verdict == verdict


def test_an_outcome_that_is_only_the_default_is_not_stated(register):
    """The filed plan has it in writing; forms.yml alone does not."""
    plan = without("primary")
    assert open_items(register(plan)) == {"primary": "missing", "filed": "missing"}


def test_a_plan_that_is_not_filed_is_to_be_filed(register):
    result = register(PLAN)
    assert open_items(result) == {"filed": "missing"}
    assert result.verdict is Verdict.WATCH


@pytest.mark.parametrize(
    ("on", "state", "verdict"),
    [("2026-05-03", "stated", "clear"), ("2026-05-04", "unknown", "watch"),
     ("2026-05-05", "unreadable", "act")],
)  # fmt: skip
def test_a_plan_filed_after_the_first_send_is_no_plan(register, on, state, verdict):
    """Sent on 2026-05-04; on the same day the dates do not tell which was first."""
    rows = deliveries({"arm": "A", "people": 10, "delivered": 0.1})
    plan = {**PLAN, "starts_on": "2026-05-04"}
    result = register(plan, filed={"t1": filed(plan, on)}, rows=rows)
    assert states(result)["filed"] == state
    assert result.verdict == verdict


def test_a_plan_that_was_changed_after_filing_is_filed_no_more(register):
    """The filed plan counts: 0.01 is in the table, the change beside it."""
    result = register({**PLAN, "minimum_difference": 0.05}, filed={"t1": filed()})
    assert open_items(result) == {"filed": "missing"}
    assert result.table["minimum_difference"].tolist() == [0.01]
    changes = result.tables["changes"].iloc[0]
    assert changes[["field", "filed_value", "value_now"]].tolist() == [
        "minimum_difference", "0.01", "0.05",
    ]  # fmt: skip


def test_arms_are_listed_with_their_shares(register):
    """Weights 1 and 3: a quarter and three quarters of those sent to."""
    arms = register(PLAN).tables["arms"]
    assert arms["arm"].tolist() == ["A", "B"]
    assert arms["arm_share"].tolist() == [0.25, 0.75]
    assert arms["in_use"].tolist() == [True, False]


def test_cells_of_hook_and_crowd_have_one_arm_each(register):
    """Two tests, three hooks, two crowds: new is in t2 only, with gift; gift has two arms there."""
    second = {
        **PLAN,
        "id": "t2",
        "arms": [
            {"name": "C", "control": True, "hook": "gift"},
            {"name": "D", "incentive": "gift"},
        ],
        "crowds": [{"name": "new", "who": {"member": True}}],
    }
    result = register(PLAN, second)
    matrix = result.tables["matrix"]
    cells = {
        (row.hook, row.crowd): (row.cell_arms, row.cell_tests, row.state)
        for row in matrix.itertuples()
    }
    assert cells == {
        ("benefit", "buyers"): (1, 1, "one_arm"),
        ("benefit", "new"): (0, 0, "no_arm"),
        ("service", "buyers"): (1, 1, "one_arm"),
        ("service", "new"): (0, 0, "no_arm"),
        ("gift", "buyers"): (0, 0, "no_arm"),
        ("gift", "new"): (2, 1, "several_arms"),
    }
    assert (result.figures["matrix_cells"], result.figures["matrix_filled"]) == (6, 3)
    assert states(result, "t1")["hook"] == "stated"
    assert states(result, "t2")["hook"] == "missing"


def test_a_challenger_without_a_hook_is_a_gap_of_the_matrix(register):
    arms = [{"name": "A", "control": True}, {"name": "B"}]
    assert states(register({**PLAN, "arms": arms}))["hook"] == "missing"


@pytest.mark.parametrize(
    ("who", "incentive", "state"),
    [
        ({"orders_at_most": 0}, "", "missing"),
        ({"orders_at_most": 0}, "入会礼包", "stated"),
        ({"member": False, "follower": True}, "coupon", "missing"),
        ({"orders_at_least": 1}, "", None),
        (None, "", "unknown"),
        (None, "membership pack", "stated"),
    ],
)
def test_crowds_that_no_order_tells_are_offered_a_membership_pack(register, who, incentive, state):
    """S120; a crowd without a rule may hold anybody."""
    arms = [PLAN["arms"][0], {**PLAN["arms"][1], "incentive": incentive}]
    plan = {**PLAN, "arms": arms, "crowds": [{"name": "x", "people": 10, "who": who}]}
    assert states(register(plan)).get("welcome_pack") == state


def test_the_pace_is_that_of_the_tests_in_the_deliveries(register):
    """By hand, seen up to 2026-06-30, windows of 7 days.

    one: 05-04 to 05-10, read on 05-17: 13 days. two: 06-01, planned with 14 days: read on 06-15.
    late: 06-29, not over. Two tests finished in 58 days from 05-04 on, 58 / 30.4375 months.
    """
    rows = deliveries(
        {"arm": "A", "people": 5, "delivered": 0, "test_id": "one"},
        {"arm": "A", "people": 5, "delivered": 0, "test_id": "one", "sent_day": "2026-05-10"},
        {"arm": "holdout", "people": 5, "test_id": "one", "sent_day": "2026-06-20"},
        {"arm": "A", "people": 5, "delivered": 0, "test_id": "two", "sent_day": "2026-06-01"},
        {"arm": "A", "people": 5, "delivered": 0, "test_id": "late", "sent_day": "2026-06-29"},
    )
    result = register({**PLAN, "id": "two", "window_days": 14}, rows=rows)
    pace = result.tables["pace"].set_index("test")
    assert pace.index.tolist() == ["one", "two", "late"]
    assert pace.loc["one", ["first_send", "last_send", "readable_on", "cycle_days"]].tolist() == [
        "2026-05-04", "2026-05-10", "2026-05-17", 13,
    ]  # fmt: skip
    assert pace.loc["two", ["readable_on", "cycle_days", "planned"]].tolist() == [
        "2026-06-15", 14, True,
    ]  # fmt: skip
    assert pace["over"].tolist() == [True, True, False]
    figures = result.figures
    assert (figures["finished_tests"], figures["median_cycle_days"]) == (2, 13.5)
    assert figures["months"] == pytest.approx(58 / 30.4375)
    assert figures["tests_per_month"] == pytest.approx(2 / (58 / 30.4375))
    assert (figures["sent_tests"], figures["unplanned_tests"]) == (1, 2)


def test_less_than_a_month_gives_no_number_a_month(register):
    rows = deliveries({"arm": "A", "people": 5, "delivered": 0, "sent_day": "2026-06-10"})
    figures = register(PLAN, rows=rows).figures
    assert figures["finished_tests"] == 1
    assert figures["tests_per_month"] is None


def test_kept_friends_take_longer_to_read(register):
    rows = deliveries({"arm": "A", "people": 5, "delivered": 0})
    pace = register({**PLAN, "primary": "friend_kept"}, rows=rows).tables["pace"]
    assert pace["cycle_days"].tolist() == [14]


def test_without_plans_nothing_was_measured(register):
    rows = deliveries({"arm": "A", "people": 5, "delivered": 0})
    result = register(rows=rows)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == "forms.yml plans no copy test (copy_tests:)."


@pytest.mark.parametrize("brand", ["camel_milk", "ev_scooter"])
def test_a_sample_brand_is_measured_where_it_plans_tests(sample, brand):
    from privdom_kit.copy_tests import measure_copy_lint, read_copy_base

    opened = sample(brand)
    base = read_copy_base(opened.client)
    for measure in (measure_copy_lint, measure_hypotheses):
        verdict = measure(base, opened.settings).verdict
        assert (verdict is Verdict.NOT_MEASURED) is (not base.plans)
