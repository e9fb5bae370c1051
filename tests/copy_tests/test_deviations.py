"""Deviations from a filed plan, planted one at a time: each is told, and nothing else is."""

import dataclasses
import datetime as dt

import pytest
from copy_tables import copy_base, deliveries

from privdom_kit.copy_tests.deviations import deviations, filed_late, first_send
from privdom_kit.copy_tests.filed_plans import FiledPlan, read_filed_plans, write_plan
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest

PLAN = {
    "id": "t1",
    "channel": "sms",
    "hypothesis": "A coupon brings more friends than a service card.",
    "minimum_difference": 0.01,
    "starts_on": "2026-05-04",
    "ends_on": "2026-05-06",
    "send_hour": 12,
    "holdout_share": 0.1,
    "arms": [
        {"name": "A", "control": True, "text": "【驼小满】会员您好 拒收请回复R"},
        {"name": "B", "text": "【驼小满】会员领券 拒收请回复R"},
    ],
    "crowds": [{"name": "new"}, {"name": "old"}],
    "guardrails": [{"metric": "opted_out", "margin": 0.002}],
}
SIZES = [
    {"crowd": crowd, "arm": arm, "people": people}
    for crowd in ("new", "old")
    for arm, people in (("A", 90), ("B", 90), ("holdout", 20))
]


def group(crowd, arm, people, **more):
    return {"crowd": crowd, "arm": arm, "people": people, "delivered": 0.01, **more}


def as_planned(**more):
    return [
        group(crowd, arm, people, **(more if arm != "holdout" else {}))
        for crowd in ("new", "old")
        for arm, people in (("A", 90), ("B", 90), ("holdout", 20))
    ]


def filed(on="2026-05-03", sizes=SIZES, **changes):
    test = CopyTest.model_validate({**PLAN, **changes}, strict=False)
    return {"t1": FiledPlan(test, on, "0" * 64, tuple(sizes), "plan.json")}


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


@pytest.fixture
def found(connection):
    """``found(groups, plan, today)``: field, filed, found and sentence of each deviation."""

    def look(groups=None, plan=None, today=PLAN, zone="UTC", min_cell=1, **kwargs):
        rows = deliveries(*(groups or as_planned()), **kwargs)
        base, _ = copy_base(
            connection,
            {"deliveries": rows},
            filed=filed() if plan is None else plan,
            forms={"copy_tests": [today] if today else []},
            privacy={"min_cell": min_cell},
        )
        base = dataclasses.replace(base, timezone=zone)
        return [
            (one.field, one.filed, one.found, one.sentence.render("en"))
            for one in deviations(base, "t1")
        ]

    return look


def test_a_test_that_was_run_as_filed_deviates_in_nothing(found):
    assert found() == []


def test_without_a_filed_plan_there_is_one_deviation_that_says_so(found):
    assert found(plan={}) == [("plan", None, None, "No plan was filed before the send.")]


def test_a_filed_plan_of_a_test_that_was_not_sent_differs_in_forms_alone(connection):
    base, _ = copy_base(connection, {}, filed=filed(), forms={"copy_tests": [PLAN]})
    assert deviations(base, "t1") == ()
    assert first_send(base, "t1") is None
    assert filed_late(base, "t1") is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"minimum_difference": 0.02},
            ("minimum_difference", "0.01", "0.02",
             "In forms.yml smallest difference worth finding is now 0.02; filed was 0.01."),
        ),
        (
            {"primary": "ordered"},
            ("primary", "friend_added", "ordered",
             "In forms.yml outcome that decides is now ordered; filed was friend added."),
        ),
        (
            {"hypothesis": "It does not."},
            ("hypothesis", None, None, "In forms.yml hypothesis was changed after filing."),
        ),
        (
            {"arms": [PLAN["arms"][0], {**PLAN["arms"][1], "text": "secret words"}]},
            ("text", None, None, "B, text message: changed after filing."),
        ),
        (
            {"arms": [PLAN["arms"][0], {**PLAN["arms"][1], "weight": 2.0}]},
            ("weight", "1", "2", "B, weight: filed 1, in forms.yml now 2."),
        ),
        (
            {"arms": [PLAN["arms"][0]]},
            ("arms", "B", None, "B was filed, and forms.yml no longer has it."),
        ),
        (
            {"crowds": [*PLAN["crowds"], {"name": "lapsed"}]},
            ("crowds", None, "lapsed", "lapsed is in forms.yml and was not filed."),
        ),
        (
            {"crowds": PLAN["crowds"][::-1]},
            ("crowds", "new, old", "old, new",
             "forms.yml has the crowds in another order than the filed plan."),
        ),
        (
            {"guardrails": [{"metric": "opted_out", "margin": 0.005}]},
            ("margin", "0.002", "0.005",
             "opted out, rise put up with: filed 0.002, in forms.yml now 0.005."),
        ),
    ],
)  # fmt: skip
def test_what_forms_state_otherwise_than_the_filed_plan(found, changes, expected):
    """One field at a time; the words of a text are in no deviation."""
    assert found(today={**PLAN, **changes}) == [expected]


def test_a_test_that_forms_no_longer_state_is_told(found):
    assert found(today=None) == [("test", "t1", None, "forms.yml no longer states the test.")]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (
            [group("new", "C", 50)],
            [("arms", None, "C", "The arm C was sent and is not in the plan.")],
        ),
        (
            [group("vip", "A", 50)],
            [("crowds", None, "vip", "The crowd vip was sent to and is not in the plan.")],
        ),
        (
            [group(None, "A", 50)],
            [("crowds", None, None,
              "People of no crowd were sent to, and the plan names its crowds.")],
        ),
    ],
)  # fmt: skip
def test_what_was_sent_beside_the_plan(found, groups, expected):
    """50 more people change the share held back from 10.0 to 8.9 %, which chance gives."""
    assert found([*as_planned(), *groups]) == expected


def test_what_was_planned_and_not_sent(found):
    """Arm B and crowd old are missing, and so are their people; 20 of 110 held back."""
    rows = found([group("new", "A", 90), group("new", "holdout", 10)])
    assert [row[:3] for row in rows] == [
        ("arms", "B", None),
        ("crowds", "old", None),
        ("sizes", 90, 0),
        ("sizes", 20, 10),
        ("sizes", 90, 0),
        ("sizes", 90, 0),
        ("sizes", 20, 0),
    ]
    assert rows[0][3] == "The arm B was planned and nobody was sent it."
    assert rows[1][3] == "The crowd old was planned and was sent nothing."
    assert rows[2][3] == "new, B: 0 people are in the test; planned were 90."
    assert rows[3][3] == "new, held back: 10 people are in the test; planned were 20."


def test_few_people_missing_are_let_pass_and_a_few_more_are_not(found):
    """2 % of 90 are 1.8: 89 people are let pass, 88 are not."""

    def sized(people):
        return found([group("new", "A", people), *as_planned()[1:]])

    assert sized(89) == []
    assert [row[:3] for row in sized(88)] == [("sizes", 90, 88)]


def test_cells_of_few_people_are_not_told(found):
    """5 of 90 people: with the smallest cells of its crowd and of its arm the 5 is hidden."""
    rows = found([group("new", "A", 5), *as_planned()[1:]], min_cell=10)
    assert [row for row in rows if row[0] == "sizes"] == [
        ("sizes", 90, None,
         "new, A: fewer people are in the test than the 90 planned; how many is not shown, to "
         "protect people.")
    ]  # fmt: skip


def test_crowds_that_deliveries_do_not_name_are_said_to_be_unchecked(found):
    """Sizes are then compared by arm: 180, 180 and 40."""
    groups = [
        {"arm": arm, "people": people, "delivered": 0.01}
        for arm, people in (("A", 180), ("B", 100), ("holdout", 40))
    ]
    assert found(groups) == [
        ("crowds", "new, old", None,
         "The deliveries name no crowds: those of the plan could not be checked."),
        ("sizes", 180, 100, "B: 100 people are in the test; planned were 180."),
    ]  # fmt: skip


def test_dates_outside_the_plan(found):
    """Sent on 2026-05-04; one crowd on 05-07."""
    assert found(plan=filed(starts_on="2026-05-05"), today={**PLAN, "starts_on": "2026-05-05"}) == [
        ("starts_on", "2026-05-05", "2026-05-04",
         "The first send was on 2026-05-04, before the planned start on 2026-05-05.")
    ]  # fmt: skip
    late = [group("new", "A", 90, sent_day="2026-05-07"), *as_planned()[1:]]
    assert found(late) == [
        ("ends_on", "2026-05-06", "2026-05-07",
         "The last people were first sent to on 2026-05-07, after the planned end on 2026-05-06.")
    ]  # fmt: skip


def test_a_plan_filed_after_the_send_or_on_its_day(found, connection):
    after = found(plan=filed(on="2026-05-20"))
    assert after == [
        ("plan", "2026-05-20", "2026-05-04",
         "The plan was filed on data up to 2026-05-20, after the first send on 2026-05-04.")
    ]  # fmt: skip
    same = found(plan=filed(on="2026-05-04"))
    assert same == [
        ("plan", "2026-05-04", "2026-05-04",
         "The plan was filed on data up to 2026-05-04, the day of the first send: whether before "
         "it cannot be told.")
    ]  # fmt: skip
    for on, late in (("2026-05-03", False), ("2026-05-04", None), ("2026-05-05", True)):
        rows = deliveries(*as_planned())
        base, _ = copy_base(connection, {"deliveries": rows}, filed=filed(on=on))
        assert filed_late(base, "t1") is late
        assert first_send(base, "t1") == dt.date(2026, 5, 4)


def test_another_channel_and_the_two_parts_of_a_call_with_a_message(found):
    plan = {**PLAN, "channel": "call_sms"}
    assert found(plan=filed(channel="call_sms"), today=plan) == []
    plan = {**PLAN, "channel": "call"}
    assert found(plan=filed(channel="call"), today=plan) == [
        ("channel", "call", "sms",
         "Sent by text message; planned was outbound AI call.")
    ]  # fmt: skip


def test_another_share_held_back_than_chance_would_have(found):
    """20 + 20 of 400 are 10 %. Of 0.2 planned, 40 of 400 have a chi-square of 25: p < 0.001."""
    plan = {**PLAN, "holdout_share": 0.2}
    assert found(plan=filed(sizes=(), holdout_share=0.2), today=plan) == [
        ("holdout_share", 0.2, 0.1,
         "40 of 400 people (10.0%) were held back; planned were 20.0%.")
    ]  # fmt: skip
    plan = {**PLAN, "holdout_share": 0.0}
    rows = found(plan=filed(sizes=(), holdout_share=0.0), today=plan)
    assert [row[:3] for row in rows] == [("holdout_share", 0.0, 0.1)]
    sent = [g for g in as_planned() if g["arm"] != "holdout"]
    rows = found(sent, plan=filed(sizes=()))
    assert [row[:3] for row in rows] == [("holdout_share", 0.1, 0.0)]


def test_hours_of_the_clients_clock(found):
    """Sent at 12:00 UTC, which is 20:00 in Shanghai: the planned hour is 12, then 13 is let pass.

    Where the zone is not known it is said that nobody looked.
    """
    assert found(zone="Asia/Shanghai") == [
        ("send_hour", 12, 360,
         "360 of 360 people (100.0%) were first sent to outside the 2 hours from 12 o'clock on.")
    ]  # fmt: skip
    plan = {**PLAN, "send_hour": 20}
    assert found(plan=filed(send_hour=20), today=plan, zone="Asia/Shanghai") == []
    plan = {**PLAN, "send_hour": 19}
    assert found(plan=filed(send_hour=19), today=plan, zone="Asia/Shanghai") == []
    assert found(zone=None) == [
        ("send_hour", 12, None,
         "The hours of sending could not be checked: the client's zone is not known.")
    ]  # fmt: skip


def test_a_plan_that_went_through_its_file_deviates_in_nothing(tmp_path):
    """Written, read back and compared: no change of form is taken for a change of plan."""
    from privdom_kit.copy_tests.plan_changes import plan_changes

    today = CopyTest.model_validate({**PLAN, "plan": "plan.json"}, strict=False)
    write_plan([today], {"t1": SIZES}, "2026-05-03", tmp_path)
    back = read_filed_plans([today], tmp_path)["t1"]
    assert plan_changes(back.test, today) == []
    assert back.sizes == tuple(SIZES)
