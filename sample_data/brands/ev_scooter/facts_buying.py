"""Facts about buying: funnel, reminder, sets of touchpoints, member day, cases, dealers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from . import plan
from .deliveries import REMINDER
from .facts_friends import END
from .world import World

ORDERS, TOUCHES = "tables/orders.csv", "touches/*.parquet"


def buying_facts(world: World) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "funnel": _funnel(world),
        "sms_reminder": _reminder(world),
        "combination": _sets(world),
        "member_day": _member_day(world),
        "service_recovery": _recovery(world),
        "slow_dealer": _dealers(world),
    }


def counted_orders(world: World) -> pd.DataFrame:
    """Orders that count: paid, not refunded in full, not after as_of."""
    rows = world.orders
    return rows[rows["status"].eq("paid") & rows["paid_at"].lt(END)]


def _funnel(world: World) -> dict:
    touches, people = world.touches, world.friends.people
    visits = touches[touches["touchpoint"].eq("mini_program") & touches["action"].eq("visit")]
    relations = world.friends.relations
    steps = {
        "subscribed": world.journeys[["person", "subscribed_at"]],
        "mini_program_visit": visits[["person", "occurred_at"]],
        "wecom_added": relations[["person", "added_at"]],
        "test_ride_lead": world.leads[["person", "created_at"]],
        "order": counted_orders(world)[["person", "paid_at"]],
    }
    reached, before = {}, None
    for name, rows in steps.items():
        now = rows.set_axis(["person", "time"], axis=1)
        now = now[now["time"] < END]
        if before is not None:
            window = pd.Timedelta(days=plan.FUNNEL[name][1])
            pairs = now.reset_index(names="row").merge(
                before, on="person", suffixes=("", "_before")
            )
            wait = pairs["time"] - pairs["time_before"]
            now = now.loc[pairs.loc[(wait >= pd.Timedelta(0)) & (wait <= window), "row"].unique()]
        reached[name] = int(now["person"].nunique())
        before = now
    names = list(reached)
    shares = {b: round(reached[b] / reached[a], 6) for a, b in pairwise(names)}
    return {
        "kind": "statistical",
        "planted": {
            "share_of_step_before": {name: share for name, (share, _, _) in plan.FUNNEL.items()},
            "bottleneck": "wecom_added",
        },
        "counted": {
            "reached": reached, "share_of_step_before": shares,
            "bottleneck": min(shares, key=lambda name: shares[name]),
            "contacts": len(people),
        },
        "within_days": {name: window for name, (_, window, _) in plan.FUNNEL.items()},
        "tolerance": {"share_of_step_before": 0.07},
        "unit": "people; each step within so many days of the one before",
        "where": "followers, touches, contacts, leads, orders",
        "recover": "Steps service_account subscribed, mini_program visit, wecom_chat added, lead"
        " created, any counted order. Counted is exact: any choice of a person's events in time"
        " order within the windows. Planted shares are those in the end; people who subscribed"
        " lately have not had the time, so counted shares lie a little below.",
    }  # fmt: skip


def _reminder(world: World) -> dict:
    rows = world.deliveries[world.deliveries["test_id"].eq(REMINDER)]
    arms = {
        arm: {"people": len(part), "ordered_in_7_days": int(part["ordered_at"].notna().sum())}
        for arm, part in rows.groupby("arm")
    }
    last = _last_touches(world)
    credit = {str(name): int(size) for name, size in last["touchpoint"].value_counts().items()}
    return {
        "kind": "statistical",
        "planted": {"effect": 0.0, "ordered_in_7_days": plan.UPKEEP_DUE},
        "counted": arms,
        "naive": {
            "orders_by_last_touch": credit, "sms_share": round(credit["sms"] / len(last), 6),
            "misses": True,
        },
        "tolerance": {"effect": 0.04},
        "unit": "people of the test; orders from 2026-04-01 on by last touch within 7 days",
        "where": f"tables/deliveries.parquet (test_id {REMINDER}), {ORDERS}, {TOUCHES}",
        "recover": "Arms sms and control order alike: upkeep was due anyway. Last touch (touches of"
        " both directions, and deliveries that were not held out, by sent_at) credits the SMS all"
        " the same. Rows of the control arm are no touches: status is held_out.",
    }  # fmt: skip


def _last_touches(world: World) -> pd.DataFrame:
    """Counted orders from 2026-04-01 on with a touch in the 7 days before: the last one."""
    told = world.deliveries[world.deliveries["status"].ne("held_out")]
    sent = told[["person", "sent_at", "channel"]].set_axis(["person", "time", "touchpoint"], axis=1)
    sent["touchpoint"] = sent["touchpoint"].replace("wecom", "wecom_chat")
    said = world.touches[["person", "occurred_at", "touchpoint"]]
    said = said.set_axis(["person", "time", "touchpoint"], axis=1)
    touches = pd.concat([sent, said]).sort_values(["time", "touchpoint"])
    touches["time"] = touches["time"].astype("datetime64[s]")
    orders = counted_orders(world)[["person", "paid_at"]]
    orders = orders[orders["paid_at"] >= pd.Timestamp("2026-04-01")].sort_values("paid_at")
    orders["paid_at"] = orders["paid_at"].astype("datetime64[s]")
    found = pd.merge_asof(
        orders, touches, left_on="paid_at", right_on="time", by="person",
        tolerance=pd.Timedelta(days=7),
    )  # fmt: skip
    return found.dropna(subset="touchpoint")


def _sets(world: World) -> dict:
    orders = counted_orders(world).reset_index(names="order")
    touches = world.touches[world.touches["direction"].eq("customer")]
    touches = touches[["person", "occurred_at", "touchpoint"]]
    near = orders[["order", "person", "paid_at"]].merge(touches, on="person")
    wait = near["paid_at"] - near["occurred_at"]
    near = near[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=plan.SET_DAYS))]
    has = near.groupby("touchpoint")["order"].agg(set)
    friends = set(orders.loc[orders["friend"] & orders["kind"].eq("accessory"), "order"])
    touched = set(near["order"])
    return {
        "kind": "statistical",
        "planted": {"both": plan.BOTH, "group": plan.BOTH + plan.GROUP_ONLY,
                    "live": plan.BOTH + plan.LIVE_ONLY,
                    "ratio": round(plan.BOTH / (plan.BOTH + plan.GROUP_ONLY) ** 2, 4)},
        "counted": {
            "accessory_orders_of_friends": _pair(friends, has["group"], has["live"]),
            "orders_with_a_touch_of_the_customer": _pair(touched, has["group"], has["live"]),
        },
        "tolerance": {"ratio": 0.3},
        "unit": "counted orders; touchpoints with an own act of the customer in the 7 days before",
        "where": f"{ORDERS} and {TOUCHES}",
        "recover": "Orders with both group and live over what the two shares give if independent."
        " Friends: a relation stood at the time of payment.",
    }  # fmt: skip


def _pair(orders: set, one: set, other: set) -> dict:
    sizes = [len(orders & part) for part in (one, other, one & other)]
    expected = sizes[0] * sizes[1] / len(orders)
    return {"orders": len(orders), "group": sizes[0], "live": sizes[1], "both": sizes[2],
            "expected": round(expected, 4), "ratio": round(sizes[2] / expected, 4)}  # fmt: skip


def _member_day(world: World) -> dict:
    orders = counted_orders(world)
    first = pd.Timestamp("2025-02-01")
    found, naive = {}, {}
    for name, rows in (
        ("accessories", orders[orders["kind"].eq("accessory")]),
        ("all_orders", orders),
    ):
        dates = pd.date_range(first, plan.AS_OF)
        daily = rows.groupby(rows["paid_at"].dt.normalize()).size().reindex(dates, fill_value=0)
        days = [date for date in dates if date.day == plan.MEMBER_DAY]
        near = [daily.get(date + pd.Timedelta(days=7 * k)) for date in days for k in (-2, -1, 1, 2)]
        near = [size for size in near if size is not None]
        matched = sum(near) / len(near)
        others = daily[daily.index.day != plan.MEMBER_DAY].mean()
        on_day = daily[days].mean()
        found[name] = {"member_days": len(days), "orders": int(daily[days].sum()),
                       "matched_days": len(near), "matched_orders": int(sum(near)),
                       "uplift": round(float(on_day / matched), 4)}  # fmt: skip
        naive[name] = round(float(on_day / others), 4)
    return {
        "kind": "statistical",
        "planted": {
            "uplift_of_accessories": plan.MEMBER_DAY_UPLIFT,
            "day_of_month": plan.MEMBER_DAY,
        },
        "counted": found,
        "naive": {"against_all_other_days": naive, "misses": False},
        "tolerance": {"uplift_of_accessories": 0.2},
        "unit": "counted orders a day from 2025-02-01 on; factor",
        "where": f"{ORDERS} and tables/order_items.parquet (category 配件)",
        "recover": "Days of the 20th against the same weekday one and two weeks before and behind."
        " Scooters, batteries and upkeep have no member day, so all orders gain less.",
    }


def _recovery(world: World) -> dict:
    cases = world.tickets[world.tickets["ripe"]]
    orders = counted_orders(world)[["person", "paid_at"]]
    pairs = cases.reset_index(names="case").merge(orders, on="person")
    wait = pairs["paid_at"] - pairs["opened_at"]
    again = set(pairs.loc[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=90)), "case"])
    counted = {}
    for name, rows in (("solved", cases[cases["resolved_at"].notna()]),
                       ("unsolved", cases[cases["resolved_at"].isna()])):  # fmt: skip
        counted[name] = {"cases": len(rows), "again": int(rows.index.isin(again).sum())}
    return {
        "kind": "statistical",
        "planted": {"solved": plan.REPEAT_SOLVED, "unsolved": plan.REPEAT_UNSOLVED},
        "counted": counted,
        "tolerance": {"difference": 0.02},
        "unit": "cases opened up to 2026-03-11; a counted order within 90 days after opening",
        "where": f"tables/tickets.csv and {ORDERS}",
        "recover": "One case a person; solved ones are solved within ten days and nobody orders"
        " before the sixteenth day, so waiting for the solution favours nobody. 300 more cases were"
        " opened in the last 100 days.",
    }


def _dealers(world: World) -> dict:
    rows = world.leads.drop_duplicates("lead_id")
    known = rows[rows["contacted_at"].lt(END)]
    hours = (known["contacted_at"] - known["assigned_at"]).dt.total_seconds() / 3_600
    median = hours.groupby(known["dealer_id"]).median().round(3)
    other = rows[rows["assigned_at"].lt(END) & rows["source"].ne("企微试骑预约")]
    slow = other["dealer_id"].eq(plan.SLOW_DEALER)
    deals = other["deal_at"].lt(END)
    return {
        "kind": "statistical",
        "planted": {
            "slow_dealer": plan.SLOW_DEALER, "median_hours_slow": plan.SLOW_HOURS,
            "median_hours_others": plan.CONTACT_HOURS, "deal_share_slow": plan.SLOW_DEAL,
            "deal_share_others": plan.DEAL,
        },
        "counted": {
            "median_hours": {str(dealer): float(value) for dealer, value in median.items()},
            "leads_contacted": len(known),
            "leads_beside_the_funnel": {
                "slow": {"assigned": int(slow.sum()), "deals": int((slow & deals).sum())},
                "others": {"assigned": int((~slow).sum()), "deals": int((~slow & deals).sum())},
            },
        },
        "naive": {"median_hours_of_all": round(float(np.median(hours)), 3), "misses": True},
        "tolerance": {"median_hours_slow": 6, "median_hours_others": 1.2},
        "unit": "hours from assigned to contacted; leads and deals up to as_of",
        "where": "exports/leads.xlsx",
        "recover": "By dealer; leads not contacted yet are still waiting. Deals of leads of the"
        " sources other than 企微试骑预约, assigned up to as_of; late ones have not had the time.",
    }  # fmt: skip
