"""Chains of sends counted by hand and by brute force in pandas."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from privdom_kit import copy_tests
from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict

TEXT = ("sent", "delivered", "clicked", "friend_added", "friend_kept", "ordered")


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def measured(connection, rows, as_of="2026-06-30", **kwargs):
    base, checked = copy_base(connection, {"deliveries": rows}, client_tables.day(as_of), **kwargs)
    return copy_tests.measure_funnel(base, checked)


def stage(result, name, arm="A"):
    table = result.table
    return table[(table["arm"] == arm) & (table["stage"] == name)].iloc[0]


def whole(arm: str, **more):
    """100 people of a text message: 90 delivered, 40 clicked, 20 added, 15 kept, 5 ordered.

    One of those who ordered was not added, and 5 of the 20 added had not clicked.
    """
    told = {"arm": arm, "status": "done", **more}
    click = {"delivered": 0, "clicked": 0.5}
    return (
        {**told, "people": 10},
        {**told, "people": 44, "delivered": 0},
        {**told, "people": 1, "delivered": 0, "ordered": 2},
        {**told, "people": 5, "delivered": 0, "friend_added": 1, "friend_removed": 3},
        {**told, "people": 25, **click},
        {**told, "people": 11, **click, "friend_added": 1},
        {**told, "people": 4, **click, "friend_added": 1, "ordered": 3},
    )


def test_each_stage_is_of_people_sent_to_and_of_the_stage_before(connection):
    """By hand, see whole(); the interval is statsmodels' Wilson."""
    result = measured(connection, deliveries(*whole("A")))
    assert tuple(result.table["stage"]) == TEXT
    counts = result.table[["people", "reached", "previous_people", "both"]]
    assert counts.iloc[1:].to_numpy(dtype=object, na_value=None).tolist() == [
        [100, 90, None, None],
        [100, 40, 90, 40],
        [100, 20, 40, 15],
        [100, 15, 20, 15],
        [100, 5, 15, 4],
    ]
    added = stage(result, "friend_added")
    assert (added["sent_rate"], added["step_rate"]) == (0.2, 15 / 40)
    wilson = proportion_confint(20, 100, method="wilson")
    assert (added["sent_rate_ci_lower"], added["sent_rate_ci_upper"]) == pytest.approx(wilson)
    wilson = proportion_confint(15, 40, method="wilson")
    assert (added["step_rate_ci_lower"], added["step_rate_ci_upper"]) == pytest.approx(wilson)
    assert result.verdict is Verdict.CLEAR
    assert result.tables["stage_gaps"].empty


def test_calls_and_calls_with_a_text_have_their_own_chain(connection):
    """A call is connected; hung up after 4 seconds is not. The text comes after the call."""
    call = {"connected": 0, "talk_seconds": 30.0, "channel": "call", "arm": "A"}
    both = {"connected": 0, "talk_seconds": 30.0, "channel": "call_sms", "arm": "B"}
    rows = deliveries(
        {"people": 60, **call},
        {"people": 40, **call, "talk_seconds": 4.0},
        {"people": 30, **both, "delivered": 0, "clicked": 1},
        {"people": 70, **both, "connected": None, "talk_seconds": None, "delivered": 0},
    )
    result = measured(connection, rows)
    assert stage(result, "connected")["reached"] == 60
    assert tuple(result.table.loc[result.table["arm"] == "A", "stage"]) == ("sent", "connected")
    chain = tuple(result.table.loc[result.table["arm"] == "B", "stage"])
    assert chain == ("sent", "connected", "delivered", "clicked")
    delivered = stage(result, "delivered", "B")
    assert (delivered["reached"], delivered["previous_people"], delivered["both"]) == (100, 30, 30)


def test_who_is_not_through_is_in_no_denominator(connection):
    """50 sent on 4 May, 30 on 20 May; on 28 May only the first are through with keeping.

    Windows of the second end on the 27th, kept friends are known a week later.
    """
    rows = deliveries(
        {"arm": "A", "people": 50, "friend_added": 1, "friend_removed": 20},
        {"arm": "A", "people": 30, "friend_added": 1, "sent_day": "2026-05-20"},
    )
    result = measured(connection, rows, "2026-05-28")
    assert stage(result, "friend_added")["people"] == 80
    kept = stage(result, "friend_kept")
    assert (kept["people"], kept["reached"]) == (50, 50)
    assert (kept["previous_people"], kept["both"]) == (50, 50)


def test_people_held_back_have_only_what_needs_no_send(connection):
    rows = deliveries(
        *whole("A"), {"arm": "holdout", "people": 40}, {"arm": "holdout", "people": 2, "ordered": 1}
    )
    result = measured(connection, rows)
    held = result.table[result.table["arm"] == "holdout"]
    assert tuple(held["stage"]) == ("friend_added", "friend_kept", "ordered")
    assert tuple(held["held_back"].unique()) == ("true",)
    assert stage(result, "ordered", "holdout")["sent_rate"] == pytest.approx(2 / 42)


def test_stages_that_nobody_tells_are_gaps(connection):
    """Not a column of connected calls or orders; nobody of the test is recorded as clicking."""
    rows = deliveries(
        {"arm": "A", "people": 150, "delivered": 0},
        {"arm": "x", "people": 5, "clicked": 1, "test_id": "t2"},
    )
    result = measured(connection, rows)
    gaps = result.tables["stage_gaps"]
    first = gaps[gaps["test"] == "t1"].set_index("stage")["reason"]
    assert first.to_dict() == {
        "clicked": "nobody",
        "friend_added": "no_column",
        "friend_kept": "no_column",
        "ordered": "no_column",
    }
    assert tuple(result.table.loc[result.table["test"] == "t1", "stage"]) == ("sent", "delivered")
    assert result.verdict is Verdict.WATCH


def test_uneven_reports_are_watched_and_few_people_say_nothing(connection):
    """60 people of B have no report at all, none of A lack one."""
    a = whole("A")
    uneven = deliveries(*a, *whole("B"), {"arm": "B", "people": 60})
    assert measured(connection, uneven).verdict is Verdict.WATCH
    few = deliveries(*({**g, "people": min(g["people"], 9)} for g in a))
    assert measured(connection, few).verdict is Verdict.NOT_ENOUGH_DATA


def test_a_broken_split_clears_nothing(connection):
    forms = {"copy_tests": [{"id": "t1", "channel": "sms", "arms": [{"name": "A"}, {"name": "B"}]}]}
    result = measured(connection, deliveries(*whole("A"), *whole("A"), *whole("B")), forms=forms)
    assert result.verdict is Verdict.WATCH
    assert "t1 is not a sound test" in result.notes[0].render("en")


def test_the_list_of_the_filed_plan_stands_before_the_send(connection):
    """125 of A were on the list, 100 were sent to; of B 90 and 100: more than listed, no share."""
    arms = [{"name": "A"}, {"name": "B"}]
    test = CopyTest.model_validate({"id": "t1", "channel": "sms", "arms": arms})
    sizes = tuple({"crowd": None, "arm": a, "people": n} for a, n in (("A", 125), ("B", 90)))
    filed = {"t1": FiledPlan(test, "2026-05-01", "0" * 64, sizes, "plan.json")}
    result = measured(connection, deliveries(*whole("A"), *whole("B")), filed=filed)
    lists = result.tables["sent_of_list"].set_index("arm")
    assert lists["listed"].to_dict() == {"A": 125, "B": 90}
    assert lists["sent_people"].to_dict() == {"A": 100, "B": 100}
    assert lists.loc["A", "listed_rate"] == 0.8
    assert np.isnan(lists.loc["B", "listed_rate"])


def test_few_friends_lost_are_not_given_away(connection):
    """20 added, 17 kept: 3 were lost, which the guard-rails hide, so kept friends are hidden."""
    rows = deliveries(
        {"arm": "A", "people": 17, "friend_added": 1, "friend_removed": 40},
        {"arm": "A", "people": 3, "friend_added": 1, "friend_removed": 2},
        {"arm": "A", "people": 100, "ordered": 1},
        {"arm": "A", "people": 30},
    )
    result = measured(connection, rows, privacy={"min_cell": 10})
    assert stage(result, "friend_added")["reached"] == 20
    kept, ordered = stage(result, "friend_kept"), stage(result, "ordered")
    names = ["reached", "sent_rate", "previous_people", "both", "step_rate"]
    assert kept[names].isna().all()
    assert ordered["reached"] == 100
    assert ordered[["previous_people", "both", "step_rate"]].isna().all()


def test_without_deliveries_nothing_is_measured(connection):
    base, checked = copy_base(connection, {})
    result = copy_tests.measure_funnel(base, checked)
    assert result.verdict is Verdict.NOT_MEASURED


PERSON = st.tuples(
    st.sampled_from(["A", "B"]),
    *(st.booleans() for _ in range(4)),
    st.sampled_from([None, "added", "kept"]),
)


@settings(max_examples=12)
@given(st.lists(PERSON, min_size=1, max_size=40))
def test_counts_are_those_of_pandas_and_joint_counts_never_rise(people):
    """Any mixture of people, also such as skip stages: against counting in pandas.

    Nested law: who has both a stage and the one before are no more than have either.
    """
    groups = [
        {
            "arm": arm, "people": 1, "delivered": 0 if seen else None,
            "clicked": 1 if clicked else None, "ordered": 2 if bought else None,
            "friend_added": 1 if friend else None,
            "friend_removed": None if friend != "added" else 2,
        }
        for arm, seen, clicked, bought, _, friend in people
    ]  # fmt: skip
    # A person who has everything, so that every column is there.
    groups.append({"arm": "C", "people": 1, "delivered": 0, "clicked": 1, "friend_added": 1,
                   "friend_removed": 20, "ordered": 2})  # fmt: skip
    with closing(connect()) as connection:
        result = measured(connection, deliveries(*groups))
    has = pd.DataFrame(
        {
            "arm": [g["arm"] for g in groups],
            "delivered": [g["delivered"] is not None for g in groups],
            "clicked": [g["clicked"] is not None for g in groups],
            "friend_added": [g["friend_added"] is not None for g in groups],
            "friend_kept": [g["friend_added"] is not None and g["friend_removed"] != 2
                            for g in groups],
            "ordered": [g["ordered"] is not None for g in groups],
        }
    )  # fmt: skip
    for row in result.table[result.table["stage"] != "sent"].itertuples(index=False):
        own = has[has["arm"] == row.arm]
        assert (row.people, row.reached) == (len(own), own[row.stage].sum())
        if isinstance(row.previous_stage, str):
            both = (own[row.stage] & own[row.previous_stage]).sum()
            assert (row.previous_people, row.both) == (own[row.previous_stage].sum(), both)
            assert row.both <= min(row.reached, row.previous_people)
