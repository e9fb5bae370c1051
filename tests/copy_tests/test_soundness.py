"""Checks of a test against counts by hand, published splits, and simulated sound tests."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries

from privdom_kit.copy_tests import check_kinds
from privdom_kit.copy_tests.check_kinds import crowd_splits, split_p_value
from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.copy_tests.soundness import (
    checks,
    combine_verdicts,
    downgrade,
    failed_checks,
    failed_notes,
    holdout_recorded,
    planned_weights,
)
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import adjust_p_values
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict

ARMS = [{"name": name} for name in "ABCD"]


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def plan(arms=ARMS, **more):
    return {"id": "t1", "channel": "sms", "arms": arms, **more}


def check(base, name, test="t1"):
    """The check of this name; None where it was not made."""
    return next((c for c in checks(base, test) if c.name == name), None)


def split(**people):
    return deliveries(*({"arm": arm, "people": n} for arm, n in people.items()))


def test_four_arms_are_one_test(connection):
    """10,000 three times and 9,400: p of all four is 4.8e-6 (reference cases), pairwise 1."""
    rows = split(A=10_000, B=10_000, C=10_000, D=9_400)
    base, _ = copy_base(connection, {"deliveries": rows}, forms={"copy_tests": [plan()]})
    found = check(base, "sample_ratio")
    assert found.status == "failed"
    assert found.p_value == pytest.approx(4.8e-6, rel=0.02)
    assert failed_checks(base, "t1") == ("sample_ratio",)
    assert downgrade(base, "t1", Verdict.ACT) is downgrade(base, "t1", Verdict.CLEAR)
    assert downgrade(base, "t1", Verdict.ACT) is Verdict.WATCH
    assert downgrade(base, "t1", Verdict.NOT_ENOUGH_DATA) is Verdict.NOT_ENOUGH_DATA
    assert [note.render("en") for note in failed_notes(base)] == [
        "t1 is not a sound test (people by arm are not split as planned): its numbers are shown, "
        "none of them decides anything."
    ]


def test_the_arm_held_back_is_part_of_the_split(connection):
    """Planned 45 : 45 : 10. By hand: chi-squared of 450, 450, 50 against 427.5, 427.5, 95.

    = (22.5² + 22.5²) / 427.5 + 45² / 95 = 2.3684 + 21.3158 = 23.6842, p = exp(-11.8421).
    """
    forms = {"copy_tests": [plan(ARMS[:2], holdout_share=0.1)]}
    rows = split(A=450, B=450, holdout=50)
    base, _ = copy_base(connection, {"deliveries": rows}, forms=forms)
    assert planned_weights(base, "t1") == pytest.approx({"A": 0.45, "B": 0.45, "holdout": 0.1})
    assert check(base, "sample_ratio").p_value == pytest.approx(np.exp(-23.684210526 / 2))


def test_sizes_of_the_filed_plan_are_the_split(connection):
    """Crowds split otherwise: 3 : 1 in x, 1 : 3 in y. x is larger than planned, which is no fault.

    Expected by arm: x 900 → 675, 225; y 100 → 25, 75: exactly what was sent.
    """
    test = CopyTest.model_validate(plan(ARMS[:2]))
    sizes = tuple(
        {"crowd": c, "arm": a, "people": n}
        for c, a, n in (("x", "A", 75), ("x", "B", 25), ("y", "A", 25), ("y", "B", 75))
    )
    filed = {"t1": FiledPlan(test, "2026-05-01", "0" * 64, sizes, "plan.json")}
    rows = deliveries(
        {"arm": "A", "crowd": "x", "people": 675}, {"arm": "B", "crowd": "x", "people": 225},
        {"arm": "A", "crowd": "y", "people": 25}, {"arm": "B", "crowd": "y", "people": 75},
    )  # fmt: skip
    base, _ = copy_base(
        connection, {"deliveries": rows}, filed=filed, forms={"copy_tests": [plan(ARMS[:2])]}
    )
    assert check(base, "sample_ratio").p_value == pytest.approx(1)
    assert crowd_splits(base, "t1")["p_value"].tolist() == pytest.approx([1, 1])
    assert planned_weights(base, "t1", "x") == {"A": 0.75, "B": 0.25}
    assert planned_weights(base, "t1") == {"A": 0.5, "B": 0.5}
    assert check(base, "crowd_ratio").status == "ok"


def test_a_split_that_only_crowds_show(connection):
    """Off in opposite directions by crowd, even over all: Holm over two crowds finds it."""
    rows = deliveries(
        {"arm": "A", "crowd": "x", "people": 600}, {"arm": "B", "crowd": "x", "people": 400},
        {"arm": "A", "crowd": "y", "people": 400}, {"arm": "B", "crowd": "y", "people": 600},
    )  # fmt: skip
    base, _ = copy_base(connection, {"deliveries": rows}, forms={"copy_tests": [plan(ARMS[:2])]})
    assert check(base, "sample_ratio").status == "ok"
    assert failed_checks(base, "t1") == ("crowd_ratio",)
    table = crowd_splits(base, "t1")
    # chi-squared of 600 to 400 at 1 : 1 is 40, of one degree of freedom: p = 2.54e-10
    assert table["p_value"].tolist() == pytest.approx([2.5396e-10] * 2, rel=1e-4)
    assert table["p_value_adjusted"].tolist() == pytest.approx([5.0793e-10] * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("people", "status"), [({"A": 500, "C": 500}, "failed"), ({"A": 1000}, "failed"),
                           ({"A": 500, "B": 500}, "ok")],
)  # fmt: skip
def test_arms_that_are_not_there_or_not_planned(connection, people, status):
    base, _ = copy_base(
        connection, {"deliveries": split(**people)}, forms={"copy_tests": [plan(ARMS[:2])]}
    )
    assert check(base, "sample_ratio").status == status


def test_without_a_plan_the_split_is_unknown(connection):
    base, _ = copy_base(connection, {"deliveries": split(A=900, B=100)})
    assert check(base, "sample_ratio").status == "unknown"
    assert planned_weights(base, "t1") is None
    assert failed_checks(base, "t1") == ()
    assert downgrade(base, "t1", Verdict.ACT) is Verdict.ACT


def test_people_in_two_arms_and_two_crowds(connection):
    """By hand: 6 of 1,000 in two arms (0.6 %, above 0.5 %); 5 of 1,000 in two crowds (0.5 %)."""
    rows = deliveries(
        {"arm": "A", "crowd": "x", "people": 500}, {"arm": "B", "crowd": "x", "people": 500},
        {"arm": "B", "crowd": "x", "people": 6}, {"arm": "A", "crowd": "y", "people": 5},
    )  # fmt: skip
    rows["customer"] = pd.Series([*range(1000), *range(6), *range(100, 105)], dtype="Int32")
    base, _ = copy_base(connection, {"deliveries": rows})
    two = check(base, "two_arms")
    assert (two.people, two.of_people, two.value, two.status) == (6, 1000, 0.006, "failed")
    crowds = check(base, "two_crowds")
    assert (crowds.people, crowds.of_people, crowds.status) == (5, 1000, "ok")


@pytest.mark.parametrize(
    ("overlap", "sent", "status"),
    [
        (range(0, 1000, 5), "2026-05-09", "noted"),
        (range(200), "2026-05-09", "failed"),
        (range(200), "2026-05-11", "failed"),
        (range(200), "2026-05-12", "ok"),
    ],
)
def test_people_in_two_tests_at_once(connection, overlap, sent, status):
    """200 of 1,000 are in another test within 7 days: spread over both arms, or all in one.

    Windows of 7 days from 4 May end on 11 May at noon, when the other test is sent.
    """
    first = split(A=500, B=500)
    second = deliveries({"arm": "x", "people": len(overlap)}, test="t2", sent=sent)
    second["customer"] = pd.Series(overlap, dtype="Int32")
    rows = pd.concat([first, second], ignore_index=True)
    rows["delivery_id"] = [f"d{n}" for n in range(len(rows))]
    base, _ = copy_base(connection, {"deliveries": rows})
    found = check(base, "two_tests")
    assert (found.people, found.of_people) == (0 if status == "ok" else 200, 1000)
    assert found.status == status


def test_people_held_back_who_were_sent_something(connection):
    """By hand: 3 delivered, 2 with a cost, of 100 held back; one is noted, five of 100 fail."""
    rows = deliveries(
        {"arm": "A", "people": 300, "delivered": 0, "cost": 0.05},
        {"arm": "holdout", "people": 95},
        {"arm": "holdout", "people": 3, "delivered": 0},
        {"arm": "holdout", "people": 2, "cost": 0.05},
    )
    base, _ = copy_base(connection, {"deliveries": rows})
    found = check(base, "held_untouched")
    assert (found.people, found.of_people, found.status) == (5, 100, "failed")
    few, _ = copy_base(connection, {"deliveries": rows}, copy_tests={"two_arms_share": 0.05})
    assert check(few, "held_untouched").status == "noted"
    none, _ = copy_base(connection, {"deliveries": split(A=50, B=50)})
    assert check(none, "held_untouched") is None
    assert check(none, "held_outcomes") is None


def test_outcomes_of_people_held_back(connection):
    """Nobody of the held back did anything: that nobody looked cannot be told apart from it."""
    groups = [{"arm": "A", "people": 50, "friend_added": 1}, {"arm": "holdout", "people": 50}]
    base, _ = copy_base(connection, {"deliveries": deliveries(*groups)})
    assert not holdout_recorded(base, "t1")
    assert check(base, "held_outcomes").status == "unknown"
    ordered = {"arm": "holdout", "people": 1, "ordered": 2}
    base, _ = copy_base(connection, {"deliveries": deliveries(*groups, ordered)})
    assert holdout_recorded(base, "t1")
    assert holdout_recorded(base, "t1", "ordered")
    assert not holdout_recorded(base, "t1", "friend_added")


def _reports(a: int, b: int):
    """Of 1,000 in each arm so many without status."""
    return deliveries(
        {"arm": "A", "people": 1000 - a, "status": "done"}, {"arm": "A", "people": a},
        {"arm": "B", "people": 1000 - b, "status": "done"}, {"arm": "B", "people": b},
        {"arm": "holdout", "people": 500},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "status", "value"),
    [(10, 90, "failed", 0.08), (10, 50, "ok", 0.03), (200, 210, "noted", 0.205),
     (0, 0, "ok", 0.0)],
)  # fmt: skip
def test_missing_reports(connection, a, b, status, value):
    """Missing in one arm more than in the other by over 5 points fails; by 4 points not."""
    base, _ = copy_base(connection, {"deliveries": _reports(a, b)})
    found = check(base, "reports")
    assert (found.status, found.people, found.of_people) == (status, a + b, 2000)
    assert found.value == pytest.approx(value)


def test_reports_that_cannot_be_checked(connection):
    base, _ = copy_base(connection, {"deliveries": split(A=100, B=100)})
    assert check(base, "reports").status == "unknown"
    assert check(base, "late_reports").status == "unknown"
    day = client_tables.day("2026-05-06")
    base, _ = copy_base(connection, {"deliveries": _reports(0, 0)}, day)
    assert check(base, "reports").status == "unknown"  # reports close on the seventh


def test_late_reports(connection):
    """6 of 100 reports came after 72 hours: above 5 %."""
    rows = deliveries(
        {"arm": "A", "people": 94, "delivered": 1}, {"arm": "A", "people": 6, "delivered": 3.1}
    )
    base, _ = copy_base(connection, {"deliveries": rows})
    found = check(base, "late_reports")
    assert (found.people, found.of_people, found.status) == (6, 100, "noted")


@pytest.mark.parametrize(
    ("channel", "attempts", "status"),
    [("sms", None, "noted"), ("call", None, "unknown"), ("call", 1, "noted"), ("call", 2, "ok"),
     ("call_sms", 1, "ok")],
)  # fmt: skip
def test_more_rows_than_attempts(connection, channel, attempts, status):
    """Everybody of 20 has two rows: of a call with a text message that is one attempt."""
    rows = deliveries({"arm": "A", "people": 20}, {"arm": "B", "people": 20}, channel=channel)
    rows["customer"] = pd.Series([*range(10), *range(10), *range(10, 20), *range(10, 20)],
                                 dtype="Int32")  # fmt: skip
    planned = plan(ARMS[:2], channel=channel, attempts=attempts) if attempts else None
    forms = {"copy_tests": [planned]} if planned else {}
    base, _ = copy_base(connection, {"deliveries": rows}, forms=forms)
    assert check(base, "receipts").status == status


def test_windows_that_are_not_over(connection):
    rows = deliveries(
        {"arm": "A", "people": 30}, {"arm": "A", "people": 20, "sent_day": "2026-06-25"}
    )
    base, _ = copy_base(connection, {"deliveries": rows})
    found = check(base, "windows_over")
    assert (found.people, found.of_people, found.status) == (20, 50, "noted")


def test_checks_are_made_once_and_in_their_order(connection):
    base, _ = copy_base(connection, {"deliveries": split(A=100, B=100)})
    made = checks(base, "t1")
    assert checks(base, "t1") is made
    order = [check_kinds.CHECKS.index(c.name) for c in made]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((Verdict.CLEAR, Verdict.CLEAR), Verdict.CLEAR),
        ((Verdict.CLEAR, Verdict.NOT_MEASURED), Verdict.WATCH),
        ((Verdict.CLEAR, Verdict.ACT), Verdict.ACT),
        ((Verdict.WATCH, Verdict.NOT_ENOUGH_DATA), Verdict.WATCH),
        ((Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA), Verdict.NOT_ENOUGH_DATA),
        ((), Verdict.NOT_MEASURED),
    ],
)
def test_missing_evidence_is_never_a_pass(verdicts, expected):
    assert combine_verdicts(verdicts) is expected


def test_a_sound_split_raises_an_alarm_as_often_as_is_said():
    """2,000 sound tests of 3 arms and 10 % held back: p below 5 % in 5 % of them (3 errors)."""
    draw = np.random.default_rng(20261201)
    shares = np.array([0.3, 0.3, 0.3, 0.1])
    counts = draw.multinomial(3_000, shares, size=2_000)
    planned = shares * 3_000
    alarms = [
        split_p_value(pd.DataFrame({"people": row, "planned_people": planned}))[1] < 0.05
        for row in counts
    ]
    assert np.mean(alarms) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 2_000))


def test_sound_crowds_raise_an_alarm_together_as_often_as_is_said():
    """600 sound tests of 5 crowds of 60 to 3,000: any p after Holm below 5 % in 5 % at most."""
    draw = np.random.default_rng(7)
    sizes, shares = (60, 200, 500, 1_000, 3_000), np.array([0.45, 0.45, 0.1])
    alarms = 0
    for _ in range(600):
        p = [
            split_p_value(
                pd.DataFrame({"people": draw.multinomial(n, shares), "planned_people": n * shares})
            )[1]
            for n in sizes
        ]
        alarms += min(adjust_p_values(p)) < 0.05
    assert alarms / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
