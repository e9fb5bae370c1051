"""Facts about orders: cycle, second orders, promotion, concentration, retention, bad rows."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd

from . import plan
from .exports import BAD_ORDERS
from .purchases import within_90_days
from .touches import follows_touch
from .world import World, repeat_orders, valid_orders

ORDERS = "exports/youzan_orders.csv"


def buying_facts(world: World) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "order_cycle": _order_cycle(world),
        "second_order_by_channel": _second_order(world),
        "promotion_share": _promotion(world),
        "repeat_after_touch": _after_touch(world),
        "concentration": _concentration(world),
        "month_1_retention": _retention(world),
        "giant_orders": _giants(world),
        "product_share": _product(world),
        "split_days": _splits(world),
        "unusable_orders": _unusable(world),
    }


def _order_cycle(world: World) -> dict:
    buyers = world.days[world.days["nth"].eq(1) & world.days["day"].le(plan.AS_OF_DAY)]
    early = buyers[buyers["day"] < plan.PUSH_DAY]["person"]
    gaps = world.days[world.days["nth"] > 1]
    seen = gaps[gaps["day"] < plan.PUSH_DAY]["gap"]
    back = set(gaps.loc[gaps["nth"] == 2, "person"])
    return {
        "kind": "statistical",
        "planted": {
            "comeback_share": plan.COMEBACK_EARLY,
            "gap_median_days": plan.GAP_MEDIAN,
            "gap_sigma_log": plan.GAP_SIGMA,
            "comeback_share_after_repeat": plan.COMEBACK_LATER,
        },
        "counted": {
            "buyers_before_2026": len(early),
            "come_back_before_2026": len(back & set(early)),
            "buyers": len(buyers),
            "come_back": len(back & set(buyers["person"])),
        },
        "naive": {"gap_median_days": float(seen.median()), "gaps": len(seen), "misses": True},
        "tolerance": {"comeback_share": 0.03, "gap_median_days": 1.5},
        "unit": "share of first-time buyers; days between purchase days",
        "where": ORDERS,
        "recover": (
            "As of 2025-12-31 (before pushing was intensified) by product-limit with censoring: "
            "ever = 1 - the last value of the survival curve of the time to the second purchase "
            "day; median = time at which half of that is reached, over the time to the next "
            "purchase day after every purchase day. The naive figure is the median of the gaps "
            "completed by 2025-12-31. Or: buyers whose first order is before 2026, as of "
            "2026-05-31. Over the whole data fewer come back, for later cohorts do less: "
            "come_back of buyers, those included who will come back after the export."
        ),
    }


def second_orders(world: World) -> pd.DataFrame:
    """First orders at least 90 days before as_of: by channel and period, returned in 90 days."""
    days = world.days[world.days["nth"] <= 2].pivot(index="person", columns="nth", values="day")
    days = days[days[1] <= plan.AS_OF_DAY - 90]
    channel = world.people.set_index("person")["channel"].reindex(days.index)
    period = days[1].lt(plan.PUSH_DAY).map({True: "early", False: "late"})
    back = (days[2] - days[1]).le(90)
    return back.groupby([channel.rename("channel"), period.rename("period")]).agg(["size", "sum"])


def _second_order(world: World) -> dict:
    counts = second_orders(world)
    totals = counts.groupby("channel").sum()
    rates = world.rates.set_index(["period", "channel"])["comeback"] * within_90_days()
    others = rates[~rates.index.get_level_values("channel").isin(plan.SECOND_90_DAYS)]
    by_period = {
        period: {name: round(rate, 4) for name, rate in others[period].items()}
        for period in ("early", "late")
    }
    return {
        "kind": "statistical",
        "window_days": 90,
        "planted": {**plan.SECOND_90_DAYS, "others_by_period": by_period},
        "counted": {
            name: {"buyers": int(row["size"]), "second_orders": int(row["sum"])}
            for name, row in totals.iterrows()
        },
        "tolerance": {"parcel_card": 0.035, "lead_gift": 0.045},
        "unit": "share of first-time buyers with a second purchase day within 90 days",
        "where": f"{ORDERS} with the entry_code of a person's first row in contacts",
        "recover": (
            "Stitch orders to contacts; channel = entry_code of the earliest relation, "
            "platform_only where there is none (or where it cannot be stitched). Buyers whose "
            "first order is at least 90 days before as_of, or product-limit at 90 days. "
            "early = first order before 2026-01-01."
        ),
    }


def _promotion(world: World) -> dict:
    rows = valid_orders(world.orders)
    first = rows[rows["nth"] == 1]
    later = rows[rows["nth"] >= 2]
    return {
        "kind": "statistical",
        "planted": {"first_orders": plan.PROMOTION_FIRST, "repeat_orders": plan.PROMOTION_REPEAT},
        "counted": {
            "first_orders": len(first),
            "first_on_promotion": int(first["on_promotion"].sum()),
            "repeat_orders": len(later),
            "repeat_on_promotion": int(later["on_promotion"].sum()),
        },
        "tolerance": {"first_orders": 0.015, "repeat_orders": 0.02},
        "unit": "share of paid orders (first: on the first purchase day; repeat: on a later one)",
        "where": f"{ORDERS}, 活动订单",
        "recover": "Paid orders up to as_of by purchase day of the person.",
    }


def _after_touch(world: World) -> dict:
    rows = repeat_orders(world.orders)
    brand = world.touches[world.touches["direction"] == "brand"]
    return {
        "kind": "statistical",
        "window_days": 7,
        "planted": {"share": plan.TOUCHED_REPEATS},
        "counted": {
            "repeat_orders": len(rows),
            "after_touch_if_every_identifier_were_known": int(follows_touch(rows, brand).sum()),
        },
        "tolerance": {"share": 0.01},
        "unit": "share of paid repeat orders",
        "where": f"{ORDERS} and touches/*.parquet",
        "recover": (
            "Stitched person; a touch with direction brand at most 7 * 86,400 seconds before "
            "paid_at. All repeat orders up to as_of are the denominator, also of people who "
            "are no contacts."
        ),
    }


def _concentration(world: World) -> dict:
    rows = valid_orders(world.orders)
    net = (rows["amount"] - rows["refund_amount"]).groupby(rows["person"]).sum()
    top = net.sort_values(ascending=False)[: math.ceil(0.2 * len(net))]
    return {
        "kind": "exact",
        "counted": {
            "buyers": len(net),
            "revenue": int(net.sum()),
            "top_buyers": len(top),
            "top_revenue": int(top.sum()),
            "share": round(float(top.sum() / net.sum()), 6),
        },
        "unit": "share of net revenue held by the top ceil(20 %) of buyers; yuan",
        "where": ORDERS,
        "recover": "Paid orders up to as_of, amount less refund_amount, summed by stitched person.",
    }


def _retention(world: World) -> dict:
    rows = world.days[world.days["day"] <= plan.AS_OF_DAY]
    dates = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(rows["day"], unit="D")
    month = dates.dt.year * 12 + dates.dt.month
    cohort = rows["person"].map(month[rows["nth"] == 1].set_axis(rows["person"][rows["nth"] == 1]))
    kept = set(rows["person"][(month - cohort) == 1])
    first = rows[rows["nth"] == 1]
    late = first["day"].ge(plan.PUSH_DAY)
    mature = first["day"].lt(plan.day("2026-05-01"))
    counted = {
        "early": {"buyers": int((~late).sum()), "kept": len(kept & set(first["person"][~late]))},
        "late": {
            "buyers": int((late & mature).sum()),
            "kept": len(kept & set(first["person"][late & mature])),
        },
    }
    return {
        "kind": "statistical",
        "planted": {"early": plan.RETENTION_EARLY, "late": plan.RETENTION_LATE},
        "counted": counted,
        "tolerance": {"early": 0.025, "late": 0.03},
        "unit": "share of a cohort (calendar month of the first order) buying in the next month",
        "where": ORDERS,
        "recover": (
            "Cohorts 2024-12 to 2025-12 (early) and 2026-01 to 2026-04 (late) pooled, on the "
            "month. 2026-05 is immature: its month 1 lies behind as_of and is no zero. The fall "
            "is partly mix (lead_gift grows), partly within the other channels."
        ),
    }


def _giants(world: World) -> dict:
    rows = world.orders[world.orders["giant"].notna()]
    return {
        "kind": "exact",
        "counted": {row.status: int(row.amount) for row in rows.itertuples()},
        "unit": "yuan",
        "where": ORDERS,
        "recover": "Neither counts: the buyer of the closed one has never ordered, and neither "
        "person belongs to the top buyers.",
    }


def _product(world: World) -> dict:
    rows = world.items[world.items["order"].isin(valid_orders(world.orders).index)]
    powder = rows.loc[rows["sku"] == plan.POWDER[0], "amount"].sum()
    return {
        "kind": "exact",
        "counted": {
            "powder": int(powder),
            "all": int(rows["amount"].sum()),
            "share": round(float(powder / rows["amount"].sum()), 6),
        },
        "unit": "yuan of paid orders up to as_of, before refunds",
        "where": "tables/order_items.csv",
        "recover": f"sku {plan.POWDER[0]} (category {plan.POWDER[2]}) over all items.",
    }


def _splits(world: World) -> dict:
    rows = valid_orders(world.orders)
    return {
        "kind": "exact",
        "counted": {
            "orders": len(rows),
            "purchase_days": len(rows.drop_duplicates(["person", "day"])),
        },
        "unit": "paid orders up to as_of",
        "where": ORDERS,
        "recover": "Distinct (stitched person, day); two orders on a day are one purchase day.",
    }


def _unusable(world: World) -> dict:
    status = world.orders.loc[world.orders["day"] <= plan.AS_OF_DAY, "status"]
    return {
        "kind": "exact",
        "counted": {
            "bad_rows": len(BAD_ORDERS),
            "reasons": dict(Counter(reason for *_, reason in BAD_ORDERS)),
            "after_as_of": int((world.orders["day"] > plan.AS_OF_DAY).sum()),
            "exact_duplicates": plan.DUPLICATES,
            "rows": len(world.orders) + len(BAD_ORDERS) + plan.DUPLICATES,
            "up_to_as_of": {name: int(n) for name, n in status.value_counts().items()},
        },
        "unit": "rows",
        "where": ORDERS,
        "recover": "Quarantine, cut and drop; the four groups do not overlap.",
    }
