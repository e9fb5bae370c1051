"""The raw files of ev_scooter, read with pandas; people put together by union-find."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import yaml

BRAND = Path(__file__).resolve().parents[1] / "sample_data" / "ev_scooter"
START, END = pd.Timestamp("2025-09-29"), pd.Timestamp("2026-07-01")
DAY = pd.Timedelta(days=1)


@cache
def facts() -> dict:
    """The facts by name."""
    return yaml.safe_load((BRAND / "facts.yml").read_text(encoding="utf-8"))["facts"]


@cache
def text(name: str) -> pd.DataFrame:
    """A CSV or XLSX as text, blanks as ""; exact duplicates stay."""
    path = BRAND / name
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str).fillna("")
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


@cache
def parquet(name: str) -> pd.DataFrame:
    """A Parquet file as it is."""
    return pd.read_parquet(BRAND / name)


@cache
def touch_rows() -> pd.DataFrame:
    """Every row of the touches."""
    files = sorted((BRAND / "touches").glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def times(column: pd.Series) -> pd.Series:
    """Times out of text; what is none is NaT."""
    return pd.to_datetime(column, errors="coerce", format="%Y-%m-%d %H:%M:%S")


@cache
def person_of() -> dict[str, str]:
    """Every identifier of any file to one name of its person."""
    parent: dict[str, str] = {}

    def find(value: str) -> str:
        while parent.setdefault(value, value) != value:
            parent[value] = parent[parent[value]]
            value = parent[value]
        return value

    tables = [
        text("exports/wecom_contacts.csv")[["external_userid", "unionid", "remark_mobiles"]],
        parquet("tables/followers.parquet")[["open_id", "union_id"]],
        parquet("tables/members.parquet")[["member_id", "customer_id", "phone", "union_id"]],
        text("tables/orders.csv")[["phone"]],
        text("exports/leads.xlsx")[["手机号"]],
        parquet("tables/deliveries.parquet")[["phone"]],
        text("tables/tickets.csv")[["phone"]],
        text("tables/responses.csv")[["phone"]],
        text("tables/referrals.csv")[["referrer_id"]],
        text("tables/referrals.csv")[["invited_id"]],
    ]
    for table in tables:
        for row in table.fillna("").itertuples(index=False, name=None):
            values = [value for value in row if value]
            for value in values:
                parent[find(value)] = find(values[0])
    return {value: find(value) for value in parent}


@cache
def orders() -> pd.DataFrame:
    """Orders that count: usable, once, paid, not refunded in full, up to as_of."""
    rows = text("tables/orders.csv").drop_duplicates()
    rows = rows.assign(
        time=times(rows["paid_at"]),
        yuan=pd.to_numeric(rows["amount"], errors="coerce"),
        back=pd.to_numeric(rows["refund_amount"]).fillna(0),
        person=rows["phone"].map(person_of()),
    )
    rows = rows[rows["order_id"].ne("") & rows["status"].eq("paid") & rows["yuan"].notna()]
    return rows[rows["time"].lt(END) & (rows["yuan"] > rows["back"])].reset_index(drop=True)


@cache
def relations() -> pd.DataFrame:
    """Usable relations up to as_of: person, staff, added, ended (as_of knows it), by, code."""
    rows = text("exports/wecom_contacts.csv")
    rows = rows.assign(added=times(rows["createtime"]), ended=times(rows["removed_at"]))
    rows = rows[rows["external_userid"].ne("") & rows["userid"].ne("") & rows["added"].lt(END)]
    by = rows["ChangeType"].map({"del_follow_user": "customer", "del_external_contact": "staff"})
    by = by.mask(rows["Source"].eq("DELETE_BY_TRANSFER"), "transfer")
    known = rows["ended"] < END
    return pd.DataFrame(
        {
            "person": rows["external_userid"].map(person_of()),
            "staff": rows["userid"],
            "added": rows["added"],
            "ended": rows["ended"].where(known),
            "by": by.where(known, ""),
            "code": rows["state"],
        }
    ).reset_index(drop=True)


@cache
def contacts() -> pd.DataFrame:
    """A row a person who was ever a contact: added first, gone for good, by whom, first code."""
    rows = relations().sort_values("added")
    own = rows[rows["by"].ne("transfer")]
    last = own[own["ended"].notna()].drop_duplicates("person").set_index("person")
    first = rows.drop_duplicates("person").set_index("person")
    return pd.DataFrame(
        {
            "added": first["added"],
            "code": first["code"],
            "gone": last["ended"].reindex(first.index),
            "by": last["by"].reindex(first.index).fillna(""),
        }
    )


@cache
def touches() -> pd.DataFrame:
    """Usable touches up to as_of, each once, with the person."""
    rows = touch_rows().drop_duplicates()
    rows = rows[rows["direction"].isin(["brand", "customer"]) & rows["touchpoint"].notna()]
    rows = rows[rows["occurred_at"] < END]
    known = rows["external_user_id"].fillna(rows["open_id"])
    return rows.assign(
        person=known.map(person_of()), time=rows["occurred_at"].astype("datetime64[s]")
    ).reset_index(drop=True)


@cache
def deliveries() -> pd.DataFrame:
    """All deliveries with the person."""
    rows = parquet("tables/deliveries.parquet")
    return rows.assign(person=rows["phone"].map(person_of()))


@cache
def leads() -> pd.DataFrame:
    """Leads once, up to as_of, with times."""
    rows = text("exports/leads.xlsx").drop_duplicates()
    names = {
        "created": "创建时间",
        "assigned": "分配时间",
        "contacted": "首次联系时间",
        "deal": "成交时间",
    }
    found = pd.DataFrame({new: times(rows[old]) for new, old in names.items()})
    found["dealer"], found["source"] = rows["经销商"], rows["来源"]
    found["person"] = rows["手机号"].map(person_of())
    return found[found["created"] < END].reset_index(drop=True)
