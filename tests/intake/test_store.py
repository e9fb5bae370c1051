"""The stored layout: people, codes, one total order, and laws that hold for any rows."""

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from client_files import client_config, orders
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit.client import open_client
from privdom_kit.intake import UnusableData, prepare

LENIENT = {"settings": {"intake": {"max_bad_share": 1.0}}}


def read_all(folder: Path, tables, **keys) -> dict[str, pd.DataFrame]:
    """Every stored table of a client, by name."""
    prepared = prepare(client_config(folder, tables, **keys))
    names = [p.stem for p in sorted(prepared.folder.glob("*.parquet")) if p.stem in tables]
    return {name: pd.read_parquet(prepared.folder / f"{name}.parquet") for name in names}


def test_layout(tmp_path):
    """Four orders by hand: integers for people, seconds and days, cents, codes by value order."""
    table = orders(
        customer_id=["b", "a", "b", "a"],
        paid_at=["2026-03-02 09:00", "2026-03-01 09:00", "2026-03-01 09:00", "2026-03-01 09:00"],
        amount=["1", "2.5", "3", "4"],
        platform=["tmall", "jd", "", " jd "],
        on_promotion=["true", "否", "", "1"],
    )
    table["order_id"] = ["E1", "E4", "E3", "E2"]
    frame = read_all(tmp_path, {"orders": table})["orders"]
    assert frame["customer"].tolist() == [0, 0, 1, 1]
    assert frame["order_key"].tolist() == [0, 1, 2, 3]
    assert frame["amount_cents"].tolist() == [400, 250, 300, 100]  # E2 before E4 at equal times
    assert frame["platform"].astype("Int64").tolist() == [0, 0, pd.NA, 1]
    assert frame["on_promotion"].astype("Int64").tolist() == [1, 0, pd.NA, 1]
    first = dt.datetime(2026, 3, 1, 1, tzinfo=dt.UTC).timestamp()
    assert frame["paid_at"].tolist() == [first, first, first, first + 86400]
    assert "order_id" not in frame and "customer_id" not in frame


def test_order_ids_join_items(tmp_path):
    """An order and its items carry the same code, which other orders do not."""
    items = pd.DataFrame(
        {"order_id": ["E2", "E1"], "sku": ["x", "y"], "quantity": [1, 1], "amount": [1, 2]}
    )
    table = orders(order_id=["E1", "E2"])
    tables = read_all(tmp_path, {"orders": table, "order_items": items})
    ids = tables["orders"]["order_id"].tolist() + tables["order_items"]["order_id"].tolist()
    assert ids == [0, 1, 0, 1]  # both tables are stored in the order of their rows' ids


def test_duplicates_and_conflicts(tmp_path):
    """Equal rows stay once; a key that tells two things is a fault of both its rows."""
    table = orders(
        order_id=["E1", "E1", "E2", "E2", "E3"],
        customer_id=["a", "a", "a", "a", "b"],
        amount=["1", "1", "2", "3", "4"],
    )
    prepared = prepare(client_config(tmp_path, {"orders": table}, **LENIENT))
    seen = prepared.manifest["tables"]["orders"]
    assert seen["used"] == 2
    assert seen["dropped"] == {"duplicate": 1, "quarantined": 2}
    faults = [(f["line"], f["column"], f["reason"]) for f in prepared.manifest["faults"]]
    assert faults == [(4, "order_id", "key_conflict"), (5, "order_id", "key_conflict")]


def test_a_key_told_three_times(tmp_path):
    """Twice the same and once otherwise: nobody knows which is right, so none is used."""
    table = orders(order_id=["E1"] * 3 + ["E2"], amount=["1", "1", "2", "5"])
    table = table.assign(customer_id="a")
    prepared = prepare(client_config(tmp_path, {"orders": table}, **LENIENT))
    seen = prepared.manifest["tables"]["orders"]
    assert (seen["used"], seen["dropped"]) == (1, {"duplicate": 1, "quarantined": 2})


def test_rows_that_name_nobody_stay_without_a_person(tmp_path):
    """A guest order is a row of the shop; it belongs to no person and is counted as such."""
    table = orders(customer_id=["a", "", "-"], amount=["1", "2", "3"])
    frame = read_all(tmp_path, {"orders": table})["orders"]
    assert frame["customer"].isna().tolist() == [False, True, True]


def test_orders_without_any_identity_column(tmp_path):
    """Rows are stored with nobody in them; nothing invents a person."""
    table = orders(amount=["1", "2"]).drop(columns="customer_id")
    prepared = prepare(client_config(tmp_path, {"orders": table}))
    assert prepared.manifest["people"] == 0
    frame = pd.read_parquet(prepared.folder / "orders.parquet")
    assert frame["customer"].isna().all()


def test_a_referral_names_two_people(tmp_path):
    """Referrer and invited are people of the orders table, by customer_id."""
    referrals = pd.DataFrame(
        {"referrer_id": ["a"], "invited_id": ["b"], "invited_at": ["2026-01-01"]}
    )
    tables = read_all(tmp_path, {"orders": orders(customer_id=["b", "a"]), "referrals": referrals})
    assert tables["referrals"][["referrer", "customer"]].to_numpy().tolist() == [[0, 1]]


def test_age_bands(tmp_path):
    """Bands of S051 at as_of 2026-05-31, by hand; without consent there is none."""
    months = ["2026-05", "2025-11", "2025-06", "2025-05", "2023-05", "2020-05", "2012-06"]
    months += ["2012-05", "2026-06", "2025-01", ""]
    consent = ["true"] * 9 + ["", "true"]
    members = pd.DataFrame(
        {
            "member_id": [f"m{i:02}" for i in range(11)],
            "registered_at": "2026-01-01",
            "child_birth_month": months,
            "guardian_consent": consent,
        }
    )
    client = open_client(client_config(tmp_path, {"members": members}))
    frame = client.members.frame.sort("customer").collect("pandas").to_native()
    shown = client.members.decode(frame, "child_band")["child_band"].tolist()
    assert shown == [
        "0-6m",
        "6-12m",
        "6-12m",
        "1-3y",
        "3-6y",
        "6-14y",
        "6-14y",
        "outside_0_14y",
        "outside_0_14y",
        "no_consent",
        "unknown",
    ]
    assert not {"child_birth_month", "child_birth"} & set(frame.columns)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", ""]),
        st.sampled_from(["13900000001", "13900000002", ""]),
        st.integers(0, 5),
        st.integers(-3, 9),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, data=st.data())
def test_shuffled_and_duplicated_rows_change_nothing(rows, data):
    """Law: the stored tables are the same for any order of the rows, and for rows told twice."""
    table = pd.DataFrame(
        [
            {
                "order_id": f"E{i}",
                "customer_id": person,
                "phone": phone,
                "paid_at": f"2026-01-01 00:00:0{second}",
                "amount": amount,
            }
            for i, (person, phone, second, amount) in enumerate(rows)
        ]
    )
    order = data.draw(st.permutations(range(len(rows))))
    twice = data.draw(st.lists(st.sampled_from(order), max_size=5))
    folder = Path(tempfile.mkdtemp())
    try:
        plain = read_all(folder / "plain", {"orders": table})["orders"]
        other = read_all(folder / "other", {"orders": table.iloc[[*order, *twice]]})["orders"]
    finally:
        shutil.rmtree(folder)
    pd.testing.assert_frame_equal(plain, other)


def test_every_table_of_the_contract_is_stored(tmp_path):
    """One row of each canonical table goes in and comes out sorted with an order key."""
    from privdom_kit.contracts import TABLES

    values = {
        "time": "2026-01-02 03:04:05",
        "date": "2026-01-02",
        "month": "2020-01",
        "money": "1.50",
        "count": "3",
        "number": "2.5",
        "share": "0.5",
        "flag": "true",
        "key": "K1",
        "text": "words",
        "code": "value",
        "identity": "someone",
    }
    tables = {
        name: pd.DataFrame(
            [{c.name: c.choices[0] if c.choices else values[c.kind] for c in spec.columns}]
        )
        for name, spec in TABLES.items()
    }
    stored = read_all(tmp_path, tables)
    assert set(stored) == set(TABLES)
    for name, frame in stored.items():
        assert len(frame) == 1, name
        assert frame["order_key"].tolist() == [0]


def test_unequal_rows_of_one_person_and_staff_are_two_relations(tmp_path):
    """A contact that was removed and added again is two rows; told twice it is one."""
    contacts = pd.DataFrame(
        {
            "external_user_id": ["w1", "w1", "w1"],
            "staff_id": ["s", "s", "s"],
            "added_at": ["2026-01-01", "2026-02-01", "2026-02-01"],
        }
    )
    prepared = prepare(client_config(tmp_path, {"contacts": contacts}))
    assert prepared.manifest["tables"]["contacts"]["used"] == 2


def test_wrong_tables_are_all_told_at_once(tmp_path):
    """Two tables with a problem each: both are in the report, the first is the error."""
    tables = {"orders": "a,b\n1,2\n", "contacts": "a,b\n1,2\n"}
    with pytest.raises(UnusableData) as caught:
        prepare(client_config(tmp_path, tables))
    assert [p.partition(":")[0] for p in caught.value.manifest["problems"]] == [
        "contacts",
        "orders",
    ] or [p.partition(":")[0] for p in caught.value.manifest["problems"]] == ["orders", "contacts"]


def test_the_stored_files_are_sorted(tmp_path):
    """Person by person, second by second: counted by an independent query."""
    table = orders(
        customer_id=[f"p{i * 7 % 5}" for i in range(50)],
        paid_at=[f"2026-01-{1 + i * 11 % 28:02} 00:00:00" for i in range(50)],
        amount=["1"] * 50,
    )
    prepared = prepare(client_config(tmp_path, {"orders": table}))
    below = duckdb.sql(
        f"""SELECT count(*) FROM (SELECT customer, paid_at, lag(customer) OVER (ORDER BY order_key)
        AS c, lag(paid_at) OVER (ORDER BY order_key) AS t
        FROM read_parquet('{prepared.folder}/orders.parquet'))
        WHERE customer < c OR (customer = c AND paid_at < t)"""
    ).fetchall()
    assert below == [(0,)]
