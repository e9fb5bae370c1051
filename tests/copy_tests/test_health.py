"""The health of tests as a result: verdicts, tables, deviations, what is hidden."""

from __future__ import annotations

import pandas as pd
import pytest
from copy_tables import copy_base, deliveries

from privdom_kit import copy_tests
from privdom_kit.copy_tests.check_kinds import CHECKS
from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict

PLAN = {
    "id": "t1",
    "channel": "sms",
    "arms": [{"name": "A", "control": True}, {"name": "B"}],
    "crowds": [{"name": "x"}],
    "holdout_share": 0.2,
}


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def sound(a=400, b=400, holdout=200):
    """A test as it should be: reports of everybody, an order of somebody held back."""
    return deliveries(
        {"arm": "A", "crowd": "x", "people": a, "status": "done", "delivered": 0},
        {"arm": "B", "crowd": "x", "people": b, "status": "done", "delivered": 0},
        {"arm": "holdout", "crowd": "x", "people": holdout - 10},
        {"arm": "holdout", "crowd": "x", "people": 10, "ordered": 1},
    )


def filed():
    plan = FiledPlan(CopyTest.model_validate(PLAN), "2026-05-01", "0" * 64, (), "plan.json")
    return {"t1": plan}


def measured(connection, rows, **kwargs):
    base, settings = copy_base(
        connection, {"deliveries": rows}, **{"forms": {"copy_tests": [PLAN]}, **kwargs}
    )
    return copy_tests.measure_health(base, settings)


def test_a_test_that_was_run_as_filed_is_clear(connection):
    result = measured(connection, sound(), filed=filed())
    assert set(result.table["status"]) == {"ok"}
    assert result.verdict is Verdict.CLEAR
    assert result.tables["deviations"].empty
    assert result.figures["passed"] == len(result.table)


def test_a_test_whose_plan_was_not_filed_is_watched(connection):
    """That nobody can say whether the plan came before the send is a deviation, no failure."""
    result = measured(connection, sound())
    status = result.table.set_index("check")["status"]
    assert status["as_planned"] == "noted"
    assert status["sample_ratio"] == "ok"
    assert result.verdict is Verdict.WATCH
    said = [message.render("en") for message in result.tables["deviations"]["deviation"]]
    assert said == ["No plan was filed before the send."]


def test_a_failed_check_is_a_reason_to_act(connection):
    result = measured(connection, sound(b=300), filed=filed())
    row = result.table.set_index("check").loc["sample_ratio"]
    assert (row["status"], row["alarm"], row["of_people"]) == ("failed", 0.001, 900)
    # 900 x .4 = 360 planned; 300 are there, 6.67 points less, 400 are 4.44 points more.
    assert row["value"] == pytest.approx(60 / 900)
    assert result.verdict is Verdict.ACT
    assert result.figures["failed_tests"] == 1
    arms = result.tables["arms"].set_index("arm")
    assert arms["planned_people"].to_dict() == pytest.approx({"A": 360, "B": 360, "holdout": 180})
    assert arms["arm_people"].to_dict() == {"A": 400, "B": 300, "holdout": 200}


def test_one_broken_test_does_not_break_the_others(connection):
    """t2 has no plan: its split is unknown, its other checks stand; the verdict is the worst."""
    second = deliveries({"arm": "A", "people": 50}, {"arm": "B", "people": 50}, test="t2",
                        sent="2026-03-02")  # fmt: skip
    rows = pd.concat([sound(b=300), second], ignore_index=True)
    rows["delivery_id"] = [f"d{n}" for n in range(len(rows))]
    result = measured(connection, rows, filed=filed())
    failed = result.table[result.table["status"] == "failed"]
    assert failed[["test", "check"]].to_numpy().tolist() == [["t1", "sample_ratio"]]
    assert tuple(result.table["test"].unique()) == ("t1", "t2")
    assert (result.figures["tests"], result.figures["failed_tests"]) == (2, 1)
    order = [
        CHECKS.index(check) for check in result.table.loc[result.table["test"] == "t1", "check"]
    ]
    assert order == sorted(order)


def test_few_people_are_not_shown_though_the_check_is(connection):
    """6 of 1,000 people are in two arms: that it failed is shown, how many are not."""
    rows = sound()
    extra = deliveries({"arm": "B", "crowd": "x", "people": 6, "status": "done", "delivered": 0})
    rows = pd.concat([rows, extra], ignore_index=True)
    rows["delivery_id"] = [f"d{n}" for n in range(len(rows))]
    result = measured(connection, rows, filed=filed(), privacy={"min_cell": 10})
    row = result.table.set_index("check").loc["two_arms"]
    assert row["status"] == "failed"
    assert pd.isna(row["people"])
    assert pd.isna(row["value"])


def test_without_deliveries_nothing_is_measured(connection):
    base, settings = copy_base(connection, {}, forms={"copy_tests": [PLAN]})
    result = copy_tests.measure_health(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == (
        "No table says who was sent which version (deliveries with an arm)."
    )
