"""People of tests counted by hand: windows, maturity, retries, people in two arms."""

import client_tables
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit import copy_tests
from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.copy_tests.sums import collect_sums
from privdom_kit.engine import closing, collect, connect
from privdom_kit.form_copy_tests import CopyTest


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def cell(base, **where):
    """The one row of the cells that has these values."""
    rows = base.cells
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_outcomes_count_within_the_window_ends_included(connection):
    """By hand: windows of 7 days from the send; the seventh day counts, the second after not."""
    rows = deliveries(
        {"arm": "A", "people": 3, "clicked": 7, "friend_added": 0.5},
        {"arm": "A", "people": 2, "clicked": 7 + 1 / 86_400},
        {"arm": "A", "people": 4, "clicked": -0.1},
        {"arm": "A", "people": 1, "friend_added": 1, "friend_removed": 8},
        {"arm": "A", "people": 1, "friend_added": 1, "friend_removed": 8.1},
    )
    base, _ = copy_base(connection, {"deliveries": rows})
    found = cell(base, arm="A")
    assert found["people"] == found["n_clicked"] == 11
    assert found["x_clicked"] == 3
    assert found["x_friend_added"] == 5
    # removed exactly 7 days after adding is removed within 7 days; a little later it was kept
    assert found["x_friend_removed"] == 1
    assert found["x_friend_kept"] == 4


@pytest.mark.parametrize(
    ("as_of", "reports", "window", "kept"),
    [("2026-05-06", 0, 0, 0), ("2026-05-07", 5, 0, 0), ("2026-05-11", 5, 5, 0),
     ("2026-05-17", 5, 5, 0), ("2026-05-18", 5, 5, 5)],
)  # fmt: skip
def test_what_is_not_over_yet_is_in_no_denominator(connection, as_of, reports, window, kept):
    """Sent 2026-05-04: reports close after 3 days, the window after 7, kept friends after 14."""
    rows = deliveries({"arm": "A", "people": 5, "delivered": 0, "clicked": 0, "friend_added": 0,
                       "friend_removed": 30})  # fmt: skip
    base, _ = copy_base(connection, {"deliveries": rows}, client_tables.day(as_of))
    found = cell(base, arm="A")
    assert (found["n_delivered"], found["n_clicked"], found["n_friend_kept"]) == (
        reports,
        window,
        kept,
    )


def test_a_person_dialled_three_times_is_one(connection):
    """Retries: outcomes from the first dial on, costs summed; hung-up calls are not connected."""
    rows = deliveries(
        {"arm": "A", "people": 1, "cost": 0.12},
        {"arm": "A", "people": 1, "cost": 0.12, "connected": 0.1, "talk_seconds": 2.0},
        {"arm": "A", "people": 1, "cost": 0.12, "connected": 0.2, "talk_seconds": 30.0},
        {"arm": "A", "people": 1, "cost": 0.12, "connected": 0.2, "talk_seconds": 4.9},
        channel="call",
    )
    rows["customer"] = pd.Series([0, 0, 0, 1], dtype="Int32")
    base, _ = copy_base(connection, {"deliveries": rows})
    found = cell(base, arm="A")
    assert (found["people"], found["x_connected"], found["x_cost_cents"]) == (2, 1, 48)


def test_who_is_in_two_arms_is_in_none(connection):
    rows = deliveries(
        {"arm": "A", "people": 3}, {"arm": "B", "people": 3}, {"arm": "B", "people": 1}
    )
    rows["customer"] = pd.Series([0, 1, 2, 3, 4, 5, 0], dtype="Int32")
    base, _ = copy_base(connection, {"deliveries": rows})
    assert (cell(base, arm="A")["people"], cell(base, arm="B")["people"]) == (2, 3)


def test_rows_without_test_arm_or_person_are_left_out_by_reason(connection):
    rows = deliveries(
        {"arm": "A", "people": 2},
        {"arm": None, "people": 3},
        {"arm": "A", "people": 4, "test_id": None},
        {"arm": "A", "people": 1},
    )
    rows.loc[9, "customer"] = pd.NA
    base, _ = copy_base(connection, {"deliveries": rows})
    coverage = base.units.coverage
    assert (coverage.rows, coverage.used) == (10, 2)
    assert dict(coverage.dropped) == {"no test": 4, "no arm": 3, "no customer": 1}


def test_spend_before_the_send(connection):
    """By hand: orders of the 90 days before count net of refunds; of the day itself, if earlier."""
    rows = deliveries({"arm": "A", "people": 2, "ordered": 1, "amount": 80})
    noon = client_tables.day("2026-05-04") * 86_400 + 43_200
    orders = pd.DataFrame(
        {
            "customer": [0, 0, 0, 0],
            "paid_at": [noon - 60, noon + 60, noon - 90 * 86_400, noon - 90 * 86_400 - 1],
            "amount_cents": [5_000, 7_000, 2_000, 9_000],
            "refund_amount_cents": [1_000, 0, 0, 0],
        }
    )
    orders["paid_on"] = orders["paid_at"] // 86_400
    base, _ = copy_base(connection, {"deliveries": rows, "orders": orders})
    found = cell(base, arm="A")
    assert found["x_before_cents"] == 6_000
    assert found["xx_before_cents"] == 6_000**2
    assert found["x_value_cents"] == 16_000
    assert found["xy_value_cents_before_cents"] == 8_000 * 6_000


@given(st.randoms(use_true_random=False))
def test_shuffled_and_repeated_rows_change_nothing(random):
    """Rows in any order, and receipts told twice, give the same people."""
    with closing(connect()) as connection:
        rows = deliveries(
            {"arm": "A", "people": 5, "crowd": "x", "clicked": 1, "friend_added": 2},
            {"arm": "B", "people": 7, "crowd": "y", "delivered": 1},
            {"arm": "holdout", "people": 3, "crowd": "y", "friend_added": 3},
        )
        first, _ = copy_base(connection, {"deliveries": rows})
        order = random.sample(range(15), 15) + random.choices(range(15), k=6)
        again = rows.iloc[order].reset_index(drop=True).drop(columns="delivery_id")
        second, _ = copy_base(connection, {"deliveries": again})
        pd.testing.assert_frame_equal(first.cells, second.cells)


def test_sums_are_those_of_pandas(connection):
    """Counts, sums, squares and products against pandas, nulls among them."""
    frame = pd.DataFrame(
        {
            "g": [1, 1, 2, 2, 2, 3],
            "f": pd.array([1, None, 0, 1, 1, None], dtype="Int32"),
            "m": pd.array([10, 20, None, 5, 7, None], dtype="Int64"),
            "c": pd.array([2, None, 3, 4, 1, 5], dtype="Int64"),
        }
    )
    found = collect_sums(client_tables.store(connection, frame), ["g"], ["f"], ["m"], [("m", "c")])
    by = frame.astype("Float64").assign(mm=frame["m"] ** 2, mc=frame["m"] * frame["c"]).groupby("g")
    expected = pd.DataFrame(
        {
            "people": by.size(),
            "n_f": by["f"].count(),
            "x_f": by["f"].sum(),
            "n_m": by["m"].count(),
            "x_m": by["m"].sum(),
            "xx_m": by["mm"].sum(),
            "xy_m_c": by["mc"].sum(),
        }
    ).reset_index()
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_units_have_a_row_a_person_and_test(connection):
    rows = deliveries({"arm": "A", "people": 4}, {"arm": "A", "people": 4, "test_id": "t2"})
    rows["customer"] = pd.Series([0, 1, 2, 3, 0, 1, 2, 3], dtype="Int32")
    base, _ = copy_base(connection, {"deliveries": rows})
    assert len(collect(base.units.frame, limit=100)) == 8
    assert base.tests() == ["t1", "t2"]


@pytest.mark.parametrize(
    ("filed_on", "evidence"),
    [("2026-05-03", "filed"), ("2026-05-04", "randomised"), ("2026-05-05", "randomised")],
)
def test_a_plan_counts_as_filed_only_before_the_first_send(connection, filed_on, evidence):
    """Sent 2026-05-04; of a plan filed that day nobody can tell which was first."""
    plan = CopyTest.model_validate({"id": "t1", "channel": "sms", "arms": [{"name": "A"}]})
    filed = {"t1": FiledPlan(plan, filed_on, "0", (), "plan.json")}
    rows = deliveries({"arm": "A", "people": 3}, {"arm": "B", "people": 3})
    base, _ = copy_base(connection, {"deliveries": rows}, filed=filed)
    assert base.evidence("t1") == evidence


@pytest.mark.parametrize(
    ("arm", "sent", "kind", "held"),
    [
        ("control", {"delivered": 0, "cost": 0.05}, "control", False),
        ("对照组", {"cost": 0.05}, "control", False),
        ("control", {"cost": 0.0}, "held_back", True),
        ("holdout", {"delivered": 0, "cost": 0.05}, "held_back", True),
    ],
)
def test_control_means_the_copy_in_use_where_it_was_sent(connection, arm, sent, kind, held):
    """The name may mean either; what was sent tells. A holdout that was sent is no control."""
    rows = deliveries(
        {"arm": arm, "people": 300, "friend_added": 1, **sent},
        {"arm": "B", "people": 300, "delivered": 0, "cost": 0.05},
    )
    base, settings = copy_base(connection, {"deliveries": rows})
    assert base.reference("t1") == (arm, kind)
    assert cell(base, arm=arm)["held"] == held
    assert base.evidence("t1") == "randomised"
    notes = [note.render("en") for note in copy_tests.measure_health(base, settings).notes]
    told = f"t1: {arm} is called as if nothing was sent to it, but it was sent something; it is "
    assert (f"{told}read as the copy in use." in notes) != held
