"""Every question of 04 and 05 on poor data: it ends in a verdict that says so, never in an error.

Laws that any answer keeps: no infinite number, a reason where there is no verdict, nothing called
clear or to be acted on that could not be measured, a sentence in both languages, a chart or none.
"""

import json

import client_tables
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.knowledge.questions import PLAYBOOKS
from privdom_kit.results import Verdict

QUESTIONS = [*PLAYBOOKS["04_copy_test_plan"], *PLAYBOOKS["05_copy_test_readout"]]
SILENT = (Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA, Verdict.WATCH)
PLAN = {"id": "t1", "channel": "sms", "arms": [{"name": "A", "control": True}, {"name": "B"}]}
EVERYTHING = {
    "delivered": 0, "connected": 0, "clicked": 0, "friend_added": 0, "friend_removed": 1,
    "ordered": 1, "opted_out": 1, "complained": 1, "cost": 0.1, "segments": 1, "amount": 50,
    "status": "delivered", "talk_seconds": 30.0,
}  # fmt: skip


def bare(**more):
    """Deliveries that have what they must have, and an arm."""
    rows = deliveries({"arm": "A", "people": 30}, {"arm": "B", "people": 30})
    return rows[["delivery_id", "customer", "channel", "sent_at", "sent_on", "arm"]].assign(**more)


CASES = {
    "no deliveries": {},
    "no rows": {
        "deliveries": deliveries({"arm": "A", "people": 1, **EVERYTHING})
        .head(0)
        .astype(dict.fromkeys(("test_id", "channel", "arm", "status", "delivery_id"), "Int32"))
    },
    "no arm named": {"deliveries": bare().assign(arm=pd.NA).astype({"arm": "Int32"})},
    "one person": {"deliveries": deliveries({"arm": "A", "people": 1, **EVERYTHING})},
    "one arm": {"deliveries": deliveries({"arm": "A", "people": 500, **EVERYTHING})},
    "no test, no outcome": {"deliveries": bare()},
    "only a holdout": {"deliveries": deliveries({"arm": "holdout", "people": 200, **EVERYTHING})},
    "everybody has everything": {
        "deliveries": deliveries(
            {"arm": "A", "people": 400, **EVERYTHING}, {"arm": "B", "people": 400, **EVERYTHING}
        )
    },
    "nobody has anything": {
        "deliveries": pd.concat(
            [
                deliveries({"arm": "A", "people": 1, **EVERYTHING}).head(0),
                deliveries({"arm": "A", "people": 400}, {"arm": "B", "people": 400}),
            ]
        )
    },
    "sent on the last day": {
        "deliveries": deliveries(
            {"arm": "A", "people": 400, **EVERYTHING, "sent_day": "2026-06-30"},
            {"arm": "B", "people": 400, "sent_day": "2026-06-30"},
        )
    },
    "everybody in two arms": {
        "deliveries": deliveries(
            {"arm": "A", "people": 300, **EVERYTHING}, {"arm": "B", "people": 300}
        ).assign(customer=pd.Series([*range(300), *range(300)], dtype="Int32"))
    },
    "negative amounts": {
        "deliveries": deliveries(
            {"arm": "A", "people": 300, **EVERYTHING, "amount": -5},
            {"arm": "B", "people": 300, **EVERYTHING, "amount": -5},
        )
    },
}


@pytest.fixture(scope="module")
def answers():
    """``answers(case, planned)``: every result of a case, measured once."""
    made = {}

    def ask(case, planned):
        key = (case, planned)
        if key not in made:
            with closing(connect()) as connection:
                base, settings = copy_base(
                    connection,
                    dict(CASES[case]),
                    client_tables.day("2026-06-30"),
                    forms={"copy_tests": [PLAN]} if planned else None,
                    privacy={"min_cell": 10},
                    economics={"customer_value": 10.0, "sms_cost": 0.05, "call_cost": 0.1},
                )
                made[key] = {
                    question: getattr(copy_tests, f"measure_{question}")(base, settings)
                    for question in QUESTIONS
                }
        return made[key]

    return ask


@pytest.mark.parametrize("planned", [False, True], ids=["no plan", "planned"])
@pytest.mark.parametrize("case", CASES)
def test_poor_data_end_in_a_verdict_that_says_so(answers, case, planned):
    for question, result in answers(case, planned).items():
        where = (case, planned, question)
        json.dumps(result.to_dict("en"), allow_nan=False)
        finding = getattr(copy_tests, f"describe_{question}")(result)
        for language in ("en", "zh"):
            assert finding.statement.render(language).strip(), where
            assert "nan" not in finding.statement.render(language).lower(), where
        if result.verdict in (Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA):
            assert result.notes or len(result.table), where
        getattr(copy_tests, f"plot_{question}")(result)


@pytest.mark.parametrize("case", ["no deliveries", "no rows", "one person", "only a holdout"])
def test_what_was_not_measured_is_neither_fine_nor_wrong(answers, case):
    """Nothing was compared, so nothing is clear, and nothing is to be done about an effect."""
    for question in ("arms", "crowds", "crowd_priority", "cost_per_friend", "guardrails",
                     "decision", "sequence"):  # fmt: skip
        assert answers(case, True)[question].verdict in SILENT, (case, question)


def test_a_test_with_everybody_in_two_arms_is_none(answers):
    """300 people of 300: the check fails, and nothing is compared."""
    health = answers("everybody in two arms", False)["health"]
    check = health.table.set_index("check").loc["two_arms"]
    assert (check["status"], check["people"], check["of_people"]) == ("failed", 300, 300)
    assert health.verdict is Verdict.ACT
    assert not len(answers("everybody in two arms", False)["arms"].table)
