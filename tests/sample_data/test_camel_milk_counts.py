"""Exact facts, counted again by brute force in the raw files."""

from __future__ import annotations

import math

import pandas as pd
from camel_milk_places import BRAND, END

STATUSES = {"paid", "closed", "refunded"}


def test_unusable_orders(order_rows: pd.DataFrame, facts: dict) -> None:
    counted = facts["unusable_orders"]["counted"]
    times = pd.to_datetime(order_rows["买家付款时间"], errors="coerce", format="%Y-%m-%d %H:%M:%S")
    amounts = pd.to_numeric(order_rows["订单实付金额"], errors="coerce")
    bad = {
        "unparsable date": times.isna(),
        "amount is no number": amounts.isna(),
        "missing order number": order_rows["订单号"].eq(""),
        "unknown status": ~order_rows["标准状态"].isin(STATUSES),
    }
    assert {name: int(rows.sum()) for name, rows in bad.items()} == counted["reasons"]
    assert sum(bad.values()).max() == 1, "a row has two reasons"
    assert sum(counted["reasons"].values()) == counted["bad_rows"] == 7
    assert len(order_rows) == counted["rows"]
    assert int(order_rows.duplicated().sum()) == counted["exact_duplicates"] == 12
    assert int((times >= END).sum()) == counted["after_as_of"] == 25


def test_orders_up_to_as_of_by_status(orders: pd.DataFrame, facts: dict) -> None:
    inside = orders[orders["paid_at"] < END]
    counted = facts["unusable_orders"]["counted"]["up_to_as_of"]
    assert inside["status"].value_counts().to_dict() == counted
    assert orders["订单号"].is_unique


def test_giant_orders_never_count(orders, paid, facts: dict) -> None:
    giants = orders[orders["amount"] >= 60_000].set_index("status")
    assert giants["amount"].to_dict() == facts["giant_orders"]["counted"]
    assert giants.loc["refunded", "refund"] == giants.loc["refunded", "amount"]
    assert giants.loc["closed", "person"] not in set(paid["person"])
    net = (paid["amount"] - paid["refund"]).groupby(paid["person"]).sum()
    top = net.sort_values(ascending=False)[: math.ceil(len(net) * 0.2)]
    assert not set(giants["person"]) & set(top.index)


def test_concentration(paid: pd.DataFrame, facts: dict) -> None:
    """Parent: sorting the net revenue of every true person."""
    counted = facts["concentration"]["counted"]
    net = sorted((paid["amount"] - paid["refund"]).groupby(paid["person"]).sum(), reverse=True)
    top = net[: math.ceil(0.2 * len(net))]
    assert (len(net), sum(net)) == (counted["buyers"], counted["revenue"])
    assert (len(top), sum(top)) == (counted["top_buyers"], counted["top_revenue"])
    assert abs(sum(top) / sum(net) - counted["share"]) < 1e-6


def test_stitching_never_tears_a_buyers_purchases_apart(paid: pd.DataFrame) -> None:
    assert paid.groupby("person")["cluster"].nunique().max() == 1
    assert paid.groupby("cluster")["person"].nunique().max() == 1
    by_phone = paid[paid["买家手机号"].ne("")].groupby("person").size()
    assert (by_phone < paid.groupby("person").size().reindex(by_phone.index)).sum() > 100


def test_product_share_and_items_add_up(orders, paid, facts: dict) -> None:
    items = pd.read_csv(BRAND / "tables/order_items.csv")
    sums = items.groupby("order_id")["amount"].sum()
    assert (sums.reindex(orders["订单号"]).to_numpy() == orders["amount"].to_numpy()).all()
    inside = items[items["order_id"].isin(paid["订单号"])]
    counted = facts["product_share"]["counted"]
    powder = inside.loc[inside["sku"] == "TRF-300", "amount"].sum()
    assert (powder, inside["amount"].sum()) == (counted["powder"], counted["all"])
    assert abs(powder / inside["amount"].sum() - 0.78) < 0.01


def test_split_days(paid: pd.DataFrame, facts: dict) -> None:
    counted = facts["split_days"]["counted"]
    assert len(paid) == counted["orders"]
    assert len(paid[["person", "day"]].drop_duplicates()) == counted["purchase_days"]


def test_children(members: pd.DataFrame, facts: dict) -> None:
    counted = facts["children"]["counted"]
    rows = members[members["child_birth_month"] != ""]
    born = pd.to_datetime(rows["child_birth_month"] + "-01")
    age = (2026 - born.dt.year) * 12 + 5 - born.dt.month
    edges = {"0-6m": (0, 6), "6-12m": (6, 12), "1-3y": (12, 36), "3-6y": (36, 72)}
    edges["6-14y"] = (72, 168)
    consent = rows["guardian_consent"] == "true"
    inside = {name: age.ge(low) & age.lt(high) for name, (low, high) in edges.items()}
    assert (len(members), len(rows)) == (counted["members"], counted["with_child"])
    assert int(consent.sum()) == counted["consent_true"]
    assert int((rows["guardian_consent"] == "false").sum()) == counted["consent_false"]
    assert {name: int(band.sum()) for name, band in inside.items()} == counted["by_band"]
    agreed = {name: int((band & consent).sum()) for name, band in inside.items()}
    assert agreed == counted["by_band_with_consent"]
    assert abs(consent.mean() - facts["children"]["planted"]["consent_share"]) < 0.002


def test_unusable_contacts(contact_rows: pd.DataFrame, facts: dict) -> None:
    counted = facts["unusable_contacts"]["counted"]
    added = pd.to_datetime(contact_rows["添加时间"], errors="coerce", format="%Y-%m-%d %H:%M:%S")
    bad = {
        "missing external_user_id": contact_rows["外部联系人ID"].isna(),
        "unparsable date": added.isna(),
        "missing staff": contact_rows["员工"].isna(),
    }
    assert {name: int(rows.sum()) for name, rows in bad.items()} == counted["reasons"]
    assert sum(bad.values()).max() == 1
    assert len(contact_rows) == counted["rows"]
    assert int((added >= END).sum()) == counted["after_as_of"]


def test_new_contacts(relations: pd.DataFrame, facts: dict) -> None:
    counted = facts["new_contacts"]["counted"]
    rows = relations[relations["added_at"] < END]
    first = rows.groupby("外部联系人ID")["added_at"].min().dt.strftime("%Y-%m")
    months = first.value_counts().sort_index().to_dict()
    assert months == counted["people_by_month"]
    assert len(months) == 11
    assert rows["added_at"].dt.strftime("%Y-%m").value_counts().between(500, 600).all()
    assert all(500 <= people <= 600 for people in months.values())
    assert (first.size, len(rows)) == (counted["contacts"], counted["relations"])
    staff = rows.groupby("外部联系人ID")["员工"].nunique()
    assert int((staff > 1).sum()) == counted["people_with_two_staff"]


def test_channel_days_count_the_same_adds(relations: pd.DataFrame) -> None:
    days = pd.read_csv(BRAND / "tables/channel_days.csv")
    first = relations.sort_values("added_at").drop_duplicates("外部联系人ID")
    keys = [first["added_at"].dt.strftime("%Y-%m-%d"), first["渠道"]]
    adds = days.set_index(["date", "channel"])["adds"]
    assert (first.groupby(keys).size().reindex(adds.index, fill_value=0) == adds).all()


def test_removals(relations: pd.DataFrame, facts: dict) -> None:
    counted = facts["removals"]["counted"]
    inside = relations[relations["removed_at"] < END]
    assert inside["流失方"].value_counts().to_dict() == counted["relations"]
    customers = inside.loc[inside["流失方"] == "customer", "person"]
    assert customers.nunique() == counted["people_removed_by_customer"]
    later = int((relations["removed_at"] >= END).sum())
    assert later == counted["relations_removed_after_as_of"]
    ended = relations.dropna(subset="removed_at")
    assert (ended["removed_at"] > ended["added_at"]).all()


def test_never_ordered(orders, paid, relations, members, truth, facts: dict) -> None:
    counted = facts["never_ordered"]["counted"]
    followers = pd.read_csv(BRAND / "tables/followers.csv", dtype=str)
    values = [relations["外部联系人ID"], members["member_id"], followers["open_id"]]
    known = truth.loc[pd.concat(values).unique()]
    people, clusters = set(known["person"]), set(known["cluster"])
    assert len(people) == counted["known_people"]
    assert len(people - set(paid["person"])) == counted["never_ordered"]
    assert len(clusters) == counted["known_after_stitching"]
    assert len(clusters - set(paid["cluster"])) == counted["never_ordered_after_stitching"]


def test_identity(orders, relations, members, truth, facts: dict) -> None:
    """Parent: union-find over every identifier pair of a row, apart from the generator's graph."""
    followers = pd.read_csv(BRAND / "tables/followers.csv", dtype=str)
    inside = orders[orders["paid_at"] < END]
    tables = [
        inside[["买家手机号", "会员号"]],
        relations.loc[relations["added_at"] < END, ["外部联系人ID", "unionid", "手机号"]],
        members[["member_id", "phone", "union_id"]],
        followers[["open_id", "union_id"]],
    ]
    parent: dict[str, str] = {}

    def find(value: str) -> str:
        while parent.setdefault(value, value) != value:
            value = parent[value]
        return value

    for table in tables:
        for row in table.fillna("").itertuples(index=False):
            values = [value for value in row if value]
            for value in values[1:]:
                parent[find(values[0])] = find(value)
            find(values[0])
    root = pd.Series({value: find(value) for value in parent})
    counted = facts["identity"]["counted"]
    assert len(root) == len(truth) == counted["identifiers"]
    assert root.nunique() == truth["cluster"].nunique() == counted["clusters"]
    assert root.groupby(truth["cluster"].reindex(root.index)).nunique().max() == 1
    clusters = truth.groupby("person")["cluster"].nunique()
    assert clusters.size == counted["people"]
    assert int((clusters > 1).sum()) == counted["people_split"]
    assert truth.groupby("cluster")["person"].nunique().max() == 1
    assert counted["clusters_with_two_people"] == 0


def test_touch_ties(touches: pd.DataFrame, facts: dict) -> None:
    counted = facts["touch_ties"]["counted"]
    assert len(touches) == counted["rows"] <= 150_000
    assert int((touches["occurred_at"] >= END).sum()) == counted["after_as_of"]
    brand = touches[touches["direction"] == "brand"]
    inside = brand[brand["occurred_at"] < END]
    assert len(inside) == counted["brand_touches"]
    assert int(inside["has_purchase_link"].sum()) == counted["with_purchase_link"]
    same = brand.groupby(["person", "occurred_at"])["action"].transform("size") > 1
    assert int(same.sum()) == counted["same_person_same_second"] > 1_000
    assert brand["occurred_at"].value_counts().max() == counted["largest_batch_in_a_second"]
    assert not touches.drop(columns=["person", "cluster"]).duplicated().any()
