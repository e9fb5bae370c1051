"""Facts about the next tests: crowds by rule, who is left out and why, and their copy."""

from __future__ import annotations

import pandas as pd

from . import plan
from .counting import SENT, counted_orders

ORDERS, MEMBERS = "tables/orders.parquet", "tables/members.parquet"
CONTACTS = "exports/wecom_contacts.csv"
STARTS = {"add_wecom_2026Q3": "2026-07-06", "birthday_sms_2026Q3": "2026-07-08"}
ADDING, BIRTHDAY = STARTS
# Reasons in the order in which they are asked; who has none is free.
REASONS = ("said_no", "removed_brand", "no_phone", "contact_already", "over_cap")
# Rules that each text and script was written to break, at tencent, for marketing.
TEXTS = {"A": [], "B": ["SMS-08"], "C": ["SMS-09"], "D": ["AD-01"]}
SCRIPTS = {"A": ["CALL-02"], "B": ["CALL-02"], "C": ["CALL-02", "CALL-05"], "D": ["CALL-02"]}


def next_facts(files: dict[str, pd.DataFrame]) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    people = _people(files)
    for test in STARTS:
        people[f"crowd_{test}"] = _crowds(people, test)
        people[f"reason_{test}"] = _reasons(people, files, test)
    return {
        "next_crowds": _sizes(people),
        "left_out": _left_out(people),
        "overlap": _overlap(people),
        "copy_hits": _copy(),
        "people": _whole(people, files),
    }


def _people(files: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Everybody whom the tables know, by phone or buyer_id, with what the rules ask."""
    orders, members = files[ORDERS], files[MEMBERS].set_index("phone")
    contacts, sent = files[CONTACTS].set_index("remark_mobiles"), files[SENT]
    names = pd.concat(
        [orders["phone"], orders["buyer_id"], sent["phone"], members.index.to_series(),
         contacts.index.to_series()]
    ).dropna()  # fmt: skip
    people = pd.DataFrame(index=pd.Index(sorted(set(names)), name="who"))
    counted = counted_orders(orders).groupby("who")["paid_at"]
    people["orders"] = counted.size().reindex(people.index).fillna(0).astype(int)
    days = pd.Timestamp(plan.AS_OF) - counted.max().dt.normalize()
    people["days"] = days.dt.days.reindex(people.index)
    people["member"] = people.index.isin(members.index)
    people["tier"] = members["tier"].reindex(people.index).fillna("")
    standing = contacts.index[contacts["removed_at"].isna()]
    people["contact_already"] = people.index.isin(standing)
    gone = set(contacts.index[contacts["removed_at"].notna()])
    gone |= set(sent.loc[sent["friend_removed_at"].notna(), "phone"])
    people["removed_brand"] = people.index.isin(gone) & ~people["contact_already"]
    told = sent["opted_out_at"].notna() | sent["complained_at"].notna()
    people["said_no"] = people.index.isin(sent.loc[told, "phone"])
    people["no_phone"] = people.index.isin(orders["buyer_id"].dropna())
    return people


def _crowds(people: pd.DataFrame, test: str) -> pd.Series:
    """The first crowd of the test whose rule fits; empty for none. The rules of forms.yml."""
    once = people["orders"].eq(1) & (people["days"] <= 30)
    rules = {
        "黑卡会员": people["tier"].eq("黑卡"),
        "首单30天未复购": once,
        "老客沉睡120天": (people["orders"] >= 3) & (people["days"] >= 120),
        "会员未购": people["member"] & people["orders"].eq(0),
    }
    if test == BIRTHDAY:
        rules = {"金卡黑卡会员": people["tier"].isin(["金卡", "黑卡"])}
    crowd = pd.Series("", people.index)
    for name, fits in rules.items():
        crowd = crowd.mask(fits & crowd.eq(""), name)
    return crowd


def _reasons(people: pd.DataFrame, files: dict[str, pd.DataFrame], test: str) -> pd.Series:
    start, sent = pd.Timestamp(STARTS[test]), files[SENT]
    day = sent["sent_at"].dt.normalize()
    recent = (day >= start - pd.Timedelta(days=7)) & (day < start) & sent["status"].ne("held_out")
    texts = sent.loc[recent & sent["channel"].isin(["sms", "call_sms"]), "phone"]
    holds = {name: people[name] for name in REASONS if name in people}
    holds["over_cap"] = pd.Series(people.index.isin(texts), people.index)
    if test == BIRTHDAY:  # it asks for orders, which contacts can have
        holds["contact_already"] = pd.Series(False, people.index)
    reason = pd.Series("free", people.index)
    for name in reversed(REASONS):
        reason = reason.mask(holds[name], name)
    return reason


def _by_crowd(people: pd.DataFrame, test: str) -> pd.DataFrame:
    rows = people[people[f"crowd_{test}"].ne("")]
    table = pd.crosstab(rows[f"crowd_{test}"], rows[f"reason_{test}"])
    return table.reindex(columns=["free", *REASONS], fill_value=0)


def _sizes(people: pd.DataFrame) -> dict:
    tables = {test: _by_crowd(people, test) for test in STARTS}
    return {
        "kind": "exact",
        "planted": {"as_of": plan.AS_OF, "starts_on": STARTS},
        "counted": {
            test: {
                str(crowd): {"people": int(row.sum()), "free": int(row["free"])}
                for crowd, row in table.iterrows()
            }
            for test, table in tables.items()
        },
        "unit": "people whom the rule of a crowd finds; free: nothing stands against sending,"
        " another test at the same time apart",
        "where": f"{ORDERS}, {MEMBERS}, {CONTACTS} and {SENT}; rules in forms.yml",
        "recover": "A person belongs to the first crowd that fits. Counted orders: paid, not"
        " refunded in full. 黑卡会员 is too small to detect the difference of its plan.",
    }  # fmt: skip


def _left_out(people: pd.DataFrame) -> dict:
    return {
        "kind": "exact",
        "planted": {
            "notice": {"sent_on": plan.NOTICE_DAY, "people": plan.NOTICE_PEOPLE,
                       "opted_out": plan.NOTICE_OPTED_OUT},
            "order_of_reasons": list(REASONS),
        },
        "counted": {
            test: {
                str(crowd): {name: int(row[name]) for name in REASONS if row[name]}
                for crowd, row in _by_crowd(people, test).iterrows()
            }
            for test in STARTS
        },
        "unit": "people of a crowd by the first reason that holds",
        "where": f"{ORDERS}, {MEMBERS}, {CONTACTS} and {SENT}",
        "recover": "said_no: opted out or complained in any test, ever. removed_brand: removed it"
        " on WeCom and no relation stands. no_phone: platform buyers. contact_already: for tests of"
        " adding. over_cap: a text in the 7 days before the test starts; that is the notice, which"
        " carries no test.",
    }  # fmt: skip


def _overlap(people: pd.DataFrame) -> dict:
    free = people[f"reason_{ADDING}"].eq("free") & people[f"reason_{BIRTHDAY}"].eq("free")
    both = people[people[f"crowd_{ADDING}"].ne("") & people[f"crowd_{BIRTHDAY}"].ne("")]
    shared = both[free.loc[both.index]]
    pairs = shared.groupby(f"crowd_{ADDING}").size()
    return {
        "kind": "exact",
        "planted": {"tests": list(STARTS)},
        "counted": {
            "in_both_crowds": len(both), "free_for_both": len(shared),
            "free_for_both_by_crowd": {str(crowd): int(n) for crowd, n in pairs.items()},
        },
        "naive": {"people_in_both_tests": len(shared), "misses": True},
        "unit": "people; crowds of the first test, each with 金卡黑卡会员 of the second",
        "where": f"{ORDERS}, {MEMBERS}, {CONTACTS} and {SENT}",
        "recover": "Both tests run from 2026-07-08 on: each person may be in one of them only, so"
        " of each pair of crowds about half goes to each test.",
    }  # fmt: skip


def _copy() -> dict:
    return {
        "kind": "exact",
        "planted": {"vendor": "tencent", "purpose": "marketing", "clean_text": "A"},
        "counted": {"texts": TEXTS, "scripts": SCRIPTS},
        "unit": "rules that each text and script of add_wecom_2026Q3 was written to break",
        "where": "forms.yml",
        "recover": "B asks to add WeCom for a coupon; C has a variable in its link, and its script"
        " does not say that a robot speaks; D says 最佳. Every script is of a marketing call, which"
        " CALL-02 forbids until reviewed. 最佳 is also a word of AD-02: a hit there as well is"
        " right.",
    }


def _whole(people: pd.DataFrame, files: dict[str, pd.DataFrame]) -> dict:
    return {
        "kind": "exact",
        "counted": {
            "people": len(people), "without_phone": int(people["no_phone"].sum()),
            "orders": len(files[ORDERS]), "members": len(files[MEMBERS]),
            "contacts": len(files[CONTACTS]), "deliveries": len(files[SENT]),
            "deliveries_without_test": int(files[SENT]["test_id"].isna().sum()),
        },
        "unit": "people and rows",
        "where": f"{ORDERS}, {MEMBERS}, {CONTACTS} and {SENT}",
        "recover": "Phones tie orders, members, contacts and deliveries together; platform buyers"
        " have a buyer_id alone.",
    }  # fmt: skip
