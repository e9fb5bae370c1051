"""Identifiers to people: sets whose people were planted, and laws that hold for any."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from identity_tables import Stitched, pair_counts

from privdom_kit.intake.components import label_components


def member(number: int, **more: str) -> dict[str, str]:
    return {"member_id": f"M{number:03}", **more}


def test_a_chain_over_three_tables_is_one_person() -> None:
    """Planted: shop, member card and WeCom tied two by two; the second chain stays apart."""
    found = Stitched(
        {
            "orders": [{"buyer_id": "b1", "phone": "13800000001"}, {"buyer_id": "b2"}],
            "members": [member(1, phone="13800000001"), member(2)],
            "contacts": [{"external_user_id": "w1", "member_id": "M001"}],
        }
    )
    assert found.partition == {
        frozenset(
            {
                ("buyer_id", "b1"),
                ("phone", "13800000001"),
                ("member_id", "M001"),
                ("external_user_id", "w1"),
            }
        ),
        frozenset({("buyer_id", "b2")}),
        frozenset({("member_id", "M002")}),
    }
    assert found.people.count == 3


def test_a_star_of_wecom_ids_is_one_person_up_to_the_limit() -> None:
    """Planted: five vendors' ids on one phone and one union id are one person."""
    rows = [
        {"external_user_id": f"w{i}", "union_id": "u", "phone": "13800000001"} for i in range(5)
    ]
    found = Stitched({"contacts": rows})
    assert found.people.count == 1
    assert found.people.log["shared_values"] == 0
    assert {"identity": "external_user_id", "values": 3, "people": 1} in found.people.log["several"]


@pytest.mark.parametrize(("members", "people"), [(5, 1), (6, 6), (30, 30)])
def test_a_family_phone_joins_up_to_the_limit_and_then_nobody(members: int, people: int) -> None:
    """Planted: one phone on 5, 6 and 30 members, each with an order; the limit is 5.

    Beyond it nobody is joined, the phone names nobody and is listed with the people it would
    have joined.
    """
    phone = "13800000001"
    found = Stitched(
        {
            "members": [member(i, phone=phone, union_id=f"u{i}") for i in range(members)],
            "orders": [member(i, buyer_id=f"b{i}") for i in range(members)] + [{"phone": phone}],
        },
        max_people_per_value=5,
    )
    assert found.people.count == people
    refused = members > 5
    assert (("phone", phone) not in found.person_of) == refused
    listed = found.people.log["shared"]
    assert [(row["identity"], row["would_join"], row["rows"]) for row in listed] == (
        [("phone", members, members + 1)] if refused else []
    )
    assert phone not in str(found.people.log)


def test_two_shared_values_do_not_hide_each_other() -> None:
    """Planted: 20 members with one shop phone and one shop account, always together."""
    rows = [member(i, phone="13800000001", buyer_id="till") for i in range(20)]
    found = Stitched({"orders": rows})
    assert found.people.count == 20
    assert {row["identity"] for row in found.people.log["shared"]} == {"phone", "buyer_id"}


def test_every_phone_with_every_member_joins_nobody() -> None:
    """Planted: a call centre enters 6 phones for each of 6 members: all are suspects."""
    rows = [member(i, phone=f"1380000000{j}") for i, j in itertools.product(range(6), repeat=2)]
    found = Stitched({"orders": rows})
    assert found.people.count == 0
    assert found.people.log["shared_values"] == 12


def test_a_person_with_many_agreeing_keys_is_not_torn_apart() -> None:
    """Planted: four keys each stand beside five WeCom ids and each other: one person."""
    keys = {"union_id": "u", "member_id": "M", "phone": "13800000001", "buyer_id": "b"}
    found = Stitched({"orders": [{**keys, "external_user_id": f"w{i}"} for i in range(5)]})
    assert found.people.count == 1


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("138****0001", False),
        ("11111111111", False),
        ("000000", False),
        ("-", False),
        ("+86 138-0000-0001", True),
        ("008613800000001", True),
        ("13800000001.0", True),
        (" 13800000001 ", True),
    ],
)
def test_masked_phones_join_nobody_and_one_number_is_one_however_written(
    written: str, named: bool
) -> None:
    """Planted: two members under one writing; a masked one keeps them apart."""
    found = Stitched(
        {
            "members": [member(1, phone=written), member(2, phone=written)],
            "orders": [{"phone": "13800000001"}],
        }
    )
    assert found.people.count == (1 if named else 3)
    assert (("phone", written) in found.person_of) == named


def chain(length: int) -> list[dict[str, str]]:
    """Members in a chain, each pair of neighbours with a phone of its own."""
    return [member(i + side, phone=f"138{i:08}") for i in range(length - 1) for side in (0, 1)]


def test_a_cluster_up_to_the_limit_stays() -> None:
    """Planted: 6 members and the 5 phones between them are 11 values."""
    found = Stitched({"orders": chain(6)}, max_cluster=11)
    assert (found.people.count, found.people.log["large_clusters"]) == (1, 0)


def test_a_cluster_over_the_limit_is_built_anew_without_its_weakest_key() -> None:
    """Planted: the same chain at a limit of 10: no phone joins two members, all are listed."""
    rows = [*chain(6), member(0, phone="13900000000")]
    found = Stitched({"orders": rows}, max_cluster=10)
    assert found.people.count == 6
    assert found.person_of[("phone", "13900000000")] == found.person_of[("member_id", "M000")]
    assert {row["values"]: (row["people"], row["refused_values"]) for row in
            found.people.log["clusters"]} == {12: (6, 5)}  # fmt: skip


def test_conflicts_and_the_merge_log() -> None:
    """Planted: one phone on two member cards; counts by pair of types, each pair once."""
    rows = [member(1, phone="13800000001"), member(2, phone="13800000001")]
    found = Stitched({"members": rows, "orders": [*rows, {"phone": "13800000009"}]})
    log = found.people.log
    assert log["ties"] == [
        {"identity": "member_id", "other_identity": "phone", "pairs": 2, "people": 1}
    ]
    named = found.customers.set_index("customer")["customer_id"]
    person = found.person_of[("member_id", "M001")]
    assert log["conflicts"] == [
        {"identity": "member_id", "customer_id": named[person], "values": 2}
    ]
    keys = {row["identity"]: row for row in log["keys"]}
    assert (keys["phone"]["rows"], keys["phone"]["rows_matched"]) == (5, 4)
    assert (keys["phone"]["people"], keys["phone"]["people_matched_by_key"]) == (2, 1)
    assert (log["people"], log["people_in_two_tables"]) == (2, 1)
    assert log["pairs"] == [
        {"table": "members", "other_table": "orders", "people": 1, "other_people": 2,
         "people_in_both": 1}
    ]  # fmt: skip


def test_identifiers_are_written_by_keyed_id_only(tmp_path) -> None:
    """Every value once, with its person; the shared one has none; no raw value in the file."""
    phone = "13800000001"
    found = Stitched({"members": [member(i, phone=phone) for i in range(6)]}, tmp_path)
    written = pd.read_parquet(tmp_path / "identifiers.parquet")
    assert len(written) == 7
    shared = written[written["refused"] == "shared"]
    assert shared[["identity", "tables", "rows", "would_join"]].values.tolist() == [
        ["phone", 1, 6, 6]
    ]
    assert shared["customer"].isna().all()
    named = written[written["names_person"]].set_index("customer")["value_id"]
    assert named.to_dict() == found.customers.set_index("customer")["customer_id"].to_dict()
    content = (tmp_path / "identifiers.parquet").read_bytes()
    assert phone.encode() not in content
    assert b"M001" not in content


def test_a_single_identity_names_one_person_a_value() -> None:
    """No ties: as many people as values, numbered in the order of the values."""
    found = Stitched({"orders": [{"phone": f"138{i:08}"} for i in (5, 3, 9, 3)]})
    assert [found.person_of[("phone", f"138{i:08}")] for i in (3, 5, 9)] == [0, 1, 2]
    assert found.customers["has_phone"].tolist() == [1, 1, 1]
    assert found.customers["has_member_id"].tolist() == [0, 0, 0]


VALUES = {
    "union_id": [f"u{i}" for i in range(4)],
    "member_id": [f"M{i}" for i in range(6)],
    "phone": [f"1380000000{i}" for i in range(6)] + ["+86 13800000001", "138****0001"],
    "external_user_id": [f"w{i}" for i in range(6)],
}
rows_of_any_kind = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
    ),
    min_size=1,
    max_size=14,
)


@hypothesis_settings(max_examples=40, deadline=None)
@given(rows=rows_of_any_kind, seed=st.integers(0, 2**16), limit=st.integers(2, 5))
def test_order_and_repetition_change_nothing(rows, seed: int, limit: int) -> None:
    """Shuffled rows, some twice, in shuffled tables: the same people under the same ids."""
    rng = random.Random(seed)
    again = [*rows, *rng.choices(rows, k=3)]
    rng.shuffle(again)
    half = len(rows) // 2
    limits = {"max_people_per_value": limit, "max_cluster": 2 * limit}
    one = Stitched({"orders": rows[:half], "touches": rows[half:]}, **limits)
    first, second = ([r for r in again if (r in part)] for part in (rows[:half], rows[half:]))
    other = Stitched({"touches": second, "orders": first}, **limits)
    assert one.person_of == other.person_of
    assert one.customers.equals(other.customers)
    for name in ("shared", "clusters", "conflicts"):
        hidden = [{k: v for k, v in row.items() if k != "rows"} for row in one.people.log[name]]
        assert hidden == [
            {k: v for k, v in row.items() if k != "rows"} for row in other.people.log[name]
        ]


@hypothesis_settings(max_examples=40, deadline=None)
@given(rows=rows_of_any_kind)
def test_without_limits_people_are_the_connected_components(rows) -> None:
    """Parent: union by repeated merging of Python sets, the definition itself."""
    clean = {"+86 13800000001": "13800000001"}
    sets = [{(k, clean.get(v, v)) for k, v in row.items() if v != "138****0001"} for row in rows]
    sets = [values for values in sets if values]
    merged: list[set[tuple[str, str]]] = []
    for values in sets:
        touching = [m for m in merged if m & values]
        merged = [m for m in merged if not m & values] + [values.union(*touching)]
    found = Stitched({"orders": rows}, max_people_per_value=1000, max_cluster=1000)
    people: dict[int, set[tuple[str, str]]] = {}
    for (kind, raw), customer in found.person_of.items():
        people.setdefault(customer, set()).add((kind, clean.get(raw, raw)))
    assert sorted(map(sorted, people.values())) == sorted(map(sorted, merged))


@hypothesis_settings(max_examples=40, deadline=None)
@given(rows=rows_of_any_kind, limit=st.integers(1, 4))
def test_the_guards_only_ever_split(rows, limit: int) -> None:
    """A guarded person lies inside an unguarded one; a row never names two people."""
    free = Stitched({"orders": rows}, max_people_per_value=1000, max_cluster=1000)
    kept = Stitched({"orders": rows}, max_people_per_value=limit, max_cluster=2 * limit)
    for values in kept.partition:
        assert len({free.person_of[value] for value in values}) == 1
    for row in rows:
        named = {kept.person_of[pair] for pair in row.items() if pair in kept.person_of}
        assert len(named) <= 1


def test_planted_people_come_back_exactly() -> None:
    """Planted: 2,000 people with one to five ids tied at random, 40 of them behind one phone.

    Cluster and pair counts are those planted, precision and recall of pairs are 1.
    """
    rng = random.Random(7)
    rows, truth = [], []
    for i in range(2000):
        ids = {"member_id": f"M{i}", "union_id": f"u{i}", "buyer_id": f"b{i}"}
        ids |= {"phone": f"139{i:08}"}
        names = rng.sample(list(ids), rng.randint(1, 4))
        truth.append({(name, ids[name]) for name in names})
        rows += [{a: ids[a], b: ids[b]} for a, b in itertools.pairwise(names)]
        rows += [{names[0]: ids[names[0]]}]
        if i < 40:
            rows.append({names[0]: ids[names[0]], "external_user_id": "shop"})
    rng.shuffle(rows)
    found = Stitched({"orders": rows[:3000], "touches": rows[3000:]})
    assert found.people.count == 2000
    common, of_found, of_truth = pair_counts(found.partition, truth)
    assert common == of_found == of_truth == sum(len(t) * (len(t) - 1) // 2 for t in truth)


def test_components_agree_with_a_second_implementation() -> None:
    """Parent: union-find in plain Python on a random graph of 500 nodes."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 500, (2, 400))
    parent = list(range(500))

    def root(x: int) -> int:
        while parent[x] != x:
            x = parent[x]
        return x

    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        parent[root(x)] = root(y)
    labels = label_components(500, a, b)
    roots = [root(x) for x in range(500)]
    assert len(set(zip(labels.tolist(), roots, strict=True))) == len(set(roots)) == labels.max() + 1


def test_masked_and_encrypted_values_of_any_kind_name_nobody(tmp_path):
    """JD's 朱**, Douyin's ##.. and $$..: two people who share such a value are not one person."""
    from client_files import client_config, orders

    from privdom_kit.intake import prepare

    table = orders(
        customer_id=["", "", "", "", "", "#7", "a"],
        buyer_id=["朱**", "朱**", "##abcdef", "$$abcdef", " 李** ", "", "plain*name"],
    )
    manifest = prepare(client_config(tmp_path, {"orders": table})).manifest
    assert manifest["people"] == 2
    assert manifest["tables"]["orders"]["used"] == 7
