"""ev_scooter: funnel, reminder, sets, member day, cases, dealers, counted again in the raw files.

Parent of every expected number: ``counted`` of facts.yml, which the generator counts in its true
tables; here the exports are counted, by other means.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median

import pandas as pd
from ev_scooter_files import (
    DAY,
    END,
    contacts,
    deliveries,
    facts,
    leads,
    orders,
    parquet,
    person_of,
    relations,
    text,
    times,
    touches,
)


def _by_person(rows: pd.DataFrame, time: str = "time") -> dict[str, list[pd.Timestamp]]:
    found = defaultdict(list)
    for person, moment in rows[["person", time]].itertuples(index=False, name=None):
        found[person].append(moment)
    return found


def test_funnel() -> None:
    """Every chain of a person's events is tried: a search that keeps all ways in play."""
    fact = facts()["funnel"]
    followers = parquet("tables/followers.parquet")
    begun = followers.assign(person=followers["open_id"].map(person_of()))
    visits = touches().query("touchpoint == 'mini_program' and action == 'visit'")
    steps = [
        _by_person(visits),
        _by_person(relations(), "added"),
        _by_person(leads(), "created"),
        _by_person(orders()),
    ]
    windows = list(fact["within_days"].values())
    reached: Counter = Counter()
    for person, start in begun[["person", "subscribed_at"]].itertuples(index=False, name=None):
        ways, depth = {start}, 0
        for events, window in zip(steps, windows, strict=True):
            ways = {
                then
                for then in events.get(person, ())
                if any(pd.Timedelta(0) <= then - before <= window * DAY for before in ways)
            }
            if not ways:
                break
            depth += 1
        for step in range(depth + 1):
            reached[step] += 1
    counted = fact["counted"]["reached"]
    assert list(counted.values()) == [reached[step] for step in range(5)]
    shares = fact["counted"]["share_of_step_before"]
    for name, share in fact["planted"]["share_of_step_before"].items():
        assert share - fact["tolerance"]["share_of_step_before"] < shares[name] <= share + 0.002
    assert min(shares, key=shares.get) == fact["counted"]["bottleneck"] == "wecom_added"
    assert fact["counted"]["contacts"] == len(contacts())


def test_sms_reminder_has_no_effect() -> None:
    fact = facts()["sms_reminder"]
    test = deliveries().query("test_id == 'upkeep_sms_2026'")
    bought = _by_person(orders())
    for arm, rows in test.groupby("arm"):
        again = sum(
            any(pd.Timedelta(0) < paid - sent <= 7 * DAY for paid in bought.get(person, ()))
            for person, sent in rows[["person", "sent_at"]].itertuples(index=False, name=None)
        )
        counted = fact["counted"][arm]
        assert (len(rows), again) == (counted["people"], counted["ordered_in_7_days"])
        assert rows["ordered_at"].notna().sum() == again
    rates = [c["ordered_in_7_days"] / c["people"] for c in fact["counted"].values()]
    assert abs(rates[0] - rates[1]) < fact["tolerance"]["effect"]


def test_last_touch_credits_the_reminder() -> None:
    fact = facts()["sms_reminder"]["naive"]
    told = deliveries().query("status != 'held_out'")
    seen = defaultdict(list)
    for person, time, channel in told[["person", "sent_at", "channel"]].itertuples(index=False):
        seen[person].append((time, "wecom_chat" if channel == "wecom" else channel))
    for person, time, place in touches()[["person", "time", "touchpoint"]].itertuples(index=False):
        seen[person].append((time, place))
    late = orders()[orders()["time"] >= pd.Timestamp("2026-04-01")]
    credit: Counter = Counter()
    for person, paid in late[["person", "time"]].itertuples(index=False, name=None):
        before = [one for one in seen.get(person, ()) if paid - 7 * DAY <= one[0] <= paid]
        if before:
            credit[max(before)[1]] += 1
    assert dict(credit) == fact["orders_by_last_touch"]
    assert abs(credit["sms"] / credit.total() - fact["sms_share"]) < 1e-6
    assert fact["sms_share"] > 0.2


def test_combination() -> None:
    fact = facts()["combination"]
    near = defaultdict(list)
    own = touches()[touches()["direction"].eq("customer")]
    for person, time, place in own[["person", "time", "touchpoint"]].itertuples(index=False):
        near[person].append((time, place))
    stood = defaultdict(list)
    for person, added, ended in relations()[["person", "added", "ended"]].itertuples(index=False):
        stood[person].append((added, pd.Timestamp.max if pd.isna(ended) else ended))
    items = parquet("tables/order_items.parquet")
    accessory = set(items.loc[items["category"].eq("配件"), "order_id"])
    table: dict[str, Counter] = defaultdict(Counter)
    for order, person, paid in orders()[["order_id", "person", "time"]].itertuples(index=False):
        places = {
            place
            for time, place in near.get(person, ())
            if pd.Timedelta(0) < paid - time <= 7 * DAY
        }
        friend = any(added < paid < ended for added, ended in stood.get(person, ()))
        groups = {
            "accessory_orders_of_friends": friend and order in accessory,
            "orders_with_a_touch_of_the_customer": bool(places),
        }
        for name in (name for name, inside in groups.items() if inside):
            table[name]["orders"] += 1
            table[name].update(places & {"group", "live"})
            table[name]["both"] += {"group", "live"} <= places
    for name, counted in fact["counted"].items():
        found = table[name]
        assert {key: found[key] for key in ("orders", "group", "live", "both")} == {
            key: counted[key] for key in ("orders", "group", "live", "both")
        }
        ratio = found["both"] * found["orders"] / found["group"] / found["live"]
        assert abs(ratio - counted["ratio"]) < 1e-3
    ratio = fact["counted"]["accessory_orders_of_friends"]["ratio"]
    assert abs(ratio - fact["planted"]["ratio"]) < fact["tolerance"]["ratio"]


def test_member_day() -> None:
    fact = facts()["member_day"]
    items = parquet("tables/order_items.parquet")
    accessory = orders()["order_id"].isin(items.loc[items["category"].eq("配件"), "order_id"])
    for name, rows in (("accessories", orders()[accessory]), ("all_orders", orders())):
        sold = Counter(rows["time"].dt.date)
        dates = [day.date() for day in pd.date_range("2025-02-01", "2026-06-30")]
        known, week = set(dates), pd.Timedelta(days=7)
        days = [day for day in dates if day.day == 20]
        near = [day + k * week for day in days for k in (-2, -1, 1, 2) if day + k * week in known]
        counted = fact["counted"][name]
        on_day, matched = sum(sold[day] for day in days), sum(sold[day] for day in near)
        assert (len(days), on_day) == (counted["member_days"], counted["orders"])
        assert (len(near), matched) == (counted["matched_days"], counted["matched_orders"])
        uplift = on_day / len(days) / (matched / len(near))
        assert abs(uplift - counted["uplift"]) < 1e-3
        others = [sold[day] for day in dates if day.day != 20]
        naive = on_day / len(days) / (sum(others) / len(others))
        assert abs(naive - fact["naive"]["against_all_other_days"][name]) < 1e-3
    uplift = fact["counted"]["accessories"]["uplift"]
    planted = fact["planted"]["uplift_of_accessories"]
    assert abs(uplift - planted) < fact["tolerance"]["uplift_of_accessories"]


def test_service_recovery() -> None:
    fact, bought = facts()["service_recovery"], _by_person(orders())
    cases = text("tables/tickets.csv")
    cases = cases.assign(opened=times(cases["opened_at"]), person=cases["phone"].map(person_of()))
    assert cases["person"].is_unique
    ripe = cases[cases["opened"] < pd.Timestamp("2026-03-12")]
    for name, rows in (
        ("solved", ripe[ripe["resolved_at"].ne("")]),
        ("unsolved", ripe[ripe["resolved_at"].eq("")]),
    ):
        again = 0
        for person, opened in rows[["person", "opened"]].itertuples(index=False, name=None):
            waits = [paid - opened for paid in bought.get(person, ())]
            again += any(pd.Timedelta(0) < wait <= 90 * DAY for wait in waits)
            assert not any(pd.Timedelta(0) < wait <= 14 * DAY for wait in waits)
        assert {"cases": len(rows), "again": again} == fact["counted"][name]
        assert abs(again / len(rows) - fact["planted"][name]) < 0.005
    solved = times(cases["resolved_at"]) - cases["opened"]
    assert solved.max() < 10 * DAY


def test_slow_dealer() -> None:
    fact = facts()["slow_dealer"]
    rows = leads()
    waits = defaultdict(list)
    for dealer, assigned, contacted in rows[["dealer", "assigned", "contacted"]].itertuples(
        index=False
    ):
        if contacted < END:
            waits[dealer].append((contacted - assigned).total_seconds() / 3600)
    found = {dealer: round(median(hours), 3) for dealer, hours in sorted(waits.items())}
    assert found == fact["counted"]["median_hours"]
    assert sum(map(len, waits.values())) == fact["counted"]["leads_contacted"]
    assert max(found, key=found.get) == fact["planted"]["slow_dealer"] == "D07"
    everybody = median(hour for hours in waits.values() for hour in hours)
    assert abs(everybody - fact["naive"]["median_hours_of_all"]) < 1e-2
    beside = rows[rows["source"].ne("企微试骑预约") & (rows["assigned"] < END)]
    for name, part in (
        ("slow", beside[beside["dealer"].eq("D07")]),
        ("others", beside[beside["dealer"].ne("D07")]),
    ):
        deals = int((part["deal"] < END).sum())
        counted = fact["counted"]["leads_beside_the_funnel"][name]
        assert {"assigned": len(part), "deals": deals} == counted
