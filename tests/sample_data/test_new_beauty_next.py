"""new_beauty: the tests that are still to be sent, counted again in the raw files.

Parent of every expected number: ``counted`` of facts.yml, which the generator counts with pandas;
here the files are asked in SQL, with the rules of forms.yml as it states them.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from new_beauty_files import BRAND, ask, database, facts

from privdom_kit.config import read_config
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.forms import read_forms
from privdom_kit.rule_check import check_text

ADDING, BIRTHDAY = "add_wecom_2026Q3", "birthday_sms_2026Q3"
_PEOPLE = """
create table people as
with counted as (
    select coalesce(phone, buyer_id) who, count(*) orders, max(paid_at)::date last_on from orders
    where status = 'paid' and amount > refund_amount group by 1
), everybody as (
    select phone who from orders where phone is not null union
    select buyer_id from orders where buyer_id is not null union
    select phone from deliveries union select phone from members union
    select remark_mobiles from contacts
)
select who, coalesce(orders, 0) orders, date '2026-06-30' - last_on as days,
    who in (select phone from members) member,
    coalesce((select any_value(tier) from members m where m.phone = who), '') tier,
    who in (select phone from deliveries where opted_out_at is not null
            or complained_at is not null) said_no,
    who in (select remark_mobiles from contacts where removed_at is null) contact_already,
    who not in (select remark_mobiles from contacts where removed_at is null) and (
        who in (select remark_mobiles from contacts where removed_at is not null)
        or who in (select phone from deliveries where friend_removed_at is not null)) removed_brand,
    who like 'tb%' no_phone,
    who in (select phone from deliveries where status <> 'held_out'
            and channel in ('sms', 'call_sms') and sent_at >= '2026-06-29') text_since_0629,
    who in (select phone from deliveries where status <> 'held_out'
            and channel in ('sms', 'call_sms') and sent_at >= '2026-07-01') text_since_0701
from everybody left join counted using (who)
"""


@cache
def plans() -> dict[str, CopyTest]:
    """The planned tests by id."""
    return {plan.id: plan for plan in read_forms(read_config(BRAND / "client.yml")).copy_tests}


@cache
def people() -> pd.DataFrame:
    """Everybody with crowd and reason of both tests."""
    database().execute(_PEOPLE)
    return ask(
        f"select *, {_crowd(ADDING)} crowd_a, {_reason(ADDING)} reason_a,"
        f" {_crowd(BIRTHDAY)} crowd_b, {_reason(BIRTHDAY)} reason_b from people"
    )


def _crowd(test: str) -> str:
    """The first crowd of a plan whose rule fits, as SQL."""
    cases = []
    for crowd in plans()[test].crowds:
        who = crowd.who
        assert who is not None
        rules = {
            "orders >= {}": who.orders_at_least,
            "orders <= {}": who.orders_at_most,
            "days >= {}": who.days_since_order_at_least,
            "days <= {}": who.days_since_order_at_most,
            "member = {}": who.member,
        }
        asked = [rule.format(value) for rule, value in rules.items() if value is not None]
        if who.tiers:
            asked.append("tier in (" + ", ".join(f"'{tier}'" for tier in who.tiers) + ")")
        assert (who.follower, who.contact) == (None, None)
        cases.append(f"when {' and '.join(asked)} then '{crowd.name}'")
    return f"case {' '.join(cases)} else '' end"


def _reason(test: str) -> str:
    plan = plans()[test]
    assert plan.starts_on is not None
    since = {"2026-07-06": "text_since_0629", "2026-07-08": "text_since_0701"}
    contact = "contact_already" if plan.primary == "friend_added" else "false"
    return (
        "case when said_no then 'said_no' when removed_brand then 'removed_brand' when no_phone"
        f" then 'no_phone' when {contact} then 'contact_already'"
        f" when {since[str(plan.starts_on)]} then 'over_cap' else 'free' end"
    )


def test_next_crowds_and_who_is_left_out() -> None:
    assert len(people()) == facts()["people"]["counted"]["people"]
    for test, suffix in ((ADDING, "a"), (BIRTHDAY, "b")):
        rows = people()[people()[f"crowd_{suffix}"].ne("")]
        sizes, left = {}, {}
        for crowd, part in rows.groupby(f"crowd_{suffix}"):
            reasons = part[f"reason_{suffix}"].value_counts().to_dict()
            sizes[crowd] = {"people": len(part), "free": reasons.pop("free")}
            left[crowd] = reasons
        assert sizes == facts()["next_crowds"]["counted"][test]
        assert left == facts()["left_out"]["counted"][test]


def test_one_crowd_is_small_and_every_reason_occurs() -> None:
    sizes = facts()["next_crowds"]["counted"][ADDING]
    assert 100 < sizes["黑卡会员"]["free"] < 1_000
    assert all(2_000 < cell["free"] < 8_000 for name, cell in sizes.items() if name != "黑卡会员")
    reasons = {name for left in facts()["left_out"]["counted"][ADDING].values() for name in left}
    assert reasons == set(facts()["left_out"]["planted"]["order_of_reasons"])


def test_the_cap_is_the_notice() -> None:
    planted = facts()["left_out"]["planted"]["notice"]
    rows = ask("select * from deliveries where test_id is null")
    assert len(rows) == planted["people"] == rows["phone"].nunique()
    assert rows["opted_out_at"].notna().sum() == planted["opted_out"]
    assert set(rows["sent_at"].dt.strftime("%Y-%m-%d")) == {planted["sent_on"]}
    assert rows["arm"].isna().all()


def test_overlap_of_the_two_tests() -> None:
    counted, rows = facts()["overlap"]["counted"], people()
    both = rows[rows["crowd_a"].ne("") & rows["crowd_b"].ne("")]
    free = both[both["reason_a"].eq("free") & both["reason_b"].eq("free")]
    assert (len(both), len(free)) == (counted["in_both_crowds"], counted["free_for_both"])
    assert free["crowd_a"].value_counts().to_dict() == counted["free_for_both_by_crowd"]
    one, other = plans()[ADDING], plans()[BIRTHDAY]
    assert one.ends_on is not None and other.starts_on is not None
    assert (other.starts_on - one.ends_on).days <= (one.window_days or 7)


def test_copy_breaks_what_it_was_written_to_break() -> None:
    """Parent: the rules' own words; what only a person can tell is not among them."""
    fact, plan = facts()["copy_hits"], plans()[ADDING]
    texts, scripts = {}, {}
    for arm in plan.arms:
        hits = check_text(arm.text, "call_sms", plan.vendor, purpose=plan.purpose)
        texts[arm.name] = sorted({hit.rule for hit in hits if hit.severity == "block"})
        assert {hit.rule for hit in hits if hit.severity == "warn"} <= {"AD-02"}
        heard = check_text(arm.script, "call", plan.vendor, purpose=plan.purpose)
        scripts[arm.name] = sorted({hit.rule for hit in heard})
    assert texts == fact["counted"]["texts"]
    assert scripts == fact["counted"]["scripts"]
    assert texts[fact["planted"]["clean_text"]] == []
    assert (plan.vendor, plan.purpose) == (fact["planted"]["vendor"], fact["planted"]["purpose"])
    assert all(len(arm.text) <= 70 for arm in plan.arms)
