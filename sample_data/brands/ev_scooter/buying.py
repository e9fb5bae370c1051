"""Orders: scooters once, accessories on member days, upkeep when it is due."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan

_GOODS = {"scooter": plan.SCOOTERS, "accessory": plan.ACCESSORIES, "battery": plan.BATTERIES,
          "upkeep": plan.UPKEEP}  # fmt: skip
PRODUCTS = pd.DataFrame(
    [row for rows in _GOODS.values() for row in rows],
    columns=["sku", "name", "category", "price", "unit_cost"],
).set_index("sku")


def make_orders(
    people: pd.DataFrame, reminders: pd.DataFrame, tickets: pd.DataFrame, relations: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All true orders of the export and their items.

    Orders have person, kind, day, paid_at, amount, refund_amount (yuan), status, on_promotion,
    friend (whether the person was a contact then) and touchpoint; items order, sku, quantity
    and amount.
    """
    rng = stream(plan.SEED, "orders")
    without_case = people[~people["person"].isin(tickets["person"])]
    free = without_case[~without_case["person"].isin(reminders["person"])]
    late = without_case["person"].isin(reminders["person"])
    parts = [_scooters(people), _accessories(rng, without_case, late), _upkeep(rng, free)]
    parts += [_due(rng, reminders), _after_cases(rng, tickets)]
    paid = pd.concat(parts, ignore_index=True).assign(status="paid")
    orders = pd.concat([paid, _void(rng, paid)], ignore_index=True)
    orders["second"] = opening_seconds(rng, len(orders), 9, 22)
    orders["paid_at"] = moments(plan.ORIGIN, orders["day"], orders["second"])
    orders = orders.sort_values(["paid_at", "person"], ignore_index=True)
    orders = orders[orders["day"] <= plan.EXPORTED_DAY].reset_index(drop=True)
    orders["friend"] = _are_friends(orders, relations)
    items = _items(rng, orders)
    orders["amount"] = items.groupby("order")["amount"].sum().reindex(orders.index)
    full = orders["status"].eq("refunded")
    part = orders["status"].eq("paid") & quota_flags(rng, len(orders), plan.PART_REFUNDS)
    orders["refund_amount"] = orders["amount"].where(full, 0).mask(part, 20)
    return _placed(rng, orders), items


def _scooters(people: pd.DataFrame) -> pd.DataFrame:
    rows = people[people["owner_day"] >= 0]
    days = rows["owner_day"].to_numpy()
    promotion = rows["person"].to_numpy() % 5 == 0
    return pd.DataFrame(
        {
            "person": rows["person"].to_numpy(),
            "kind": "scooter",
            "day": days,
            "promotion": promotion,
        }
    )


def _accessories(rng: np.random.Generator, free: pd.DataFrame, test: pd.Series) -> pd.DataFrame:
    """So many a day as weekday and member day ask for, from owners at least a week old.

    Those in the ``test`` of the reminder buy nothing from REMINDED_FROM on.
    """
    first = plan.day("2025-02-01")
    days = np.arange(first, plan.EXPORTED_DAY + 1)
    dates = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(days, unit="D")
    weight = np.linspace(0.8, 1.2, len(days)) * np.where(dates.day_of_week >= 5, plan.WEEKEND, 1.0)
    member_day = dates.day == plan.MEMBER_DAY
    weight = weight * np.where(member_day, plan.MEMBER_DAY_UPLIFT, 1.0)
    upto = np.round(np.cumsum(weight) / weight.sum() * plan.ACCESSORY_ORDERS).astype(int)
    counts = np.diff(upto, prepend=0)
    # A friend of the brand buys accessories five times as often.
    owners = free[free["owner_day"] >= 0].sort_values(["owner_day", "person"])
    test = test.loc[owners.index].to_numpy()
    start, weights = owners["owner_day"].to_numpy() + 7, np.where(owners["code"] != "", 5.0, 1.0)
    chosen = []
    for day, size in zip(days, counts, strict=True):
        there = np.searchsorted(start, day, side="right")
        share = weights[:there] * ~(test[:there] & (day >= plan.day(plan.REMINDED_FROM)))
        share = share / share.sum()
        chosen.append(rng.choice(owners["person"].to_numpy()[:there], size, p=share, replace=False))
    on_day = np.repeat(member_day, counts)
    promotion = np.where(on_day, True, rng.random(len(on_day)) < 0.25)
    return pd.DataFrame(
        {
            "person": np.concatenate(chosen), "kind": "accessory", "day": np.repeat(days, counts),
            "promotion": promotion,
        }
    )  # fmt: skip


def _upkeep(rng: np.random.Generator, free: pd.DataFrame) -> pd.DataFrame:
    """Batteries and upkeep of owners, long enough behind the scooter."""
    parts = []
    for kind, size, behind in (
        ("battery", plan.BATTERY_ORDERS, 240),
        ("upkeep", plan.UPKEEP_ORDERS, 75),
    ):
        owners = free[free["owner_day"].between(0, plan.AS_OF_DAY - behind - 1)]
        chosen = owners.iloc[rng.choice(len(owners), size)]
        day = rng.integers(chosen["owner_day"] + behind, plan.AS_OF_DAY)
        rows = {"person": chosen["person"].to_numpy(), "kind": kind, "day": day, "promotion": False}
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts)


def _due(rng: np.random.Generator, reminders: pd.DataFrame) -> pd.DataFrame:
    """Upkeep that was due, one to three days behind the day of the SMS, with or without it."""
    rows = reminders[reminders["orders"]]
    day = rows["day"].to_numpy() + rng.integers(1, 4, len(rows))
    return pd.DataFrame(
        {"person": rows["person"].to_numpy(), "kind": "upkeep", "day": day, "promotion": False}
    )


def _after_cases(rng: np.random.Generator, tickets: pd.DataFrame) -> pd.DataFrame:
    """The orders that follow service cases, 16 to 88 days behind the opening."""
    rows = tickets[tickets["again"]]
    day = rows["day"].to_numpy() + rng.integers(16, 89, len(rows))
    kind = rng.choice(["battery", "upkeep"], len(rows), p=[0.2, 0.8])
    return pd.DataFrame(
        {"person": rows["person"].to_numpy(), "kind": kind, "day": day, "promotion": False}
    )


def _void(rng: np.random.Generator, paid: pd.DataFrame) -> pd.DataFrame:
    """Closed and fully refunded orders of scooter buyers, on or behind the day of the scooter."""
    size = plan.CLOSED_ORDERS + plan.REFUNDED_ORDERS
    scooters = paid[paid["kind"].eq("scooter")]
    chosen = scooters.iloc[rng.choice(len(scooters), size, replace=False)]
    status = ["closed"] * plan.CLOSED_ORDERS + ["refunded"] * plan.REFUNDED_ORDERS
    day = rng.integers(chosen["day"], plan.AS_OF_DAY, endpoint=True)
    return chosen.assign(status=status, day=day, kind="accessory", promotion=False)


def _are_friends(orders: pd.DataFrame, relations: pd.DataFrame) -> np.ndarray:
    """Whether a relation of the person stood when the order was paid."""
    pairs = orders.reset_index(names="order").merge(relations, on="person")
    stands = (pairs["added_at"] < pairs["paid_at"]) & ~(pairs["removed_at"] <= pairs["paid_at"])
    return orders.index.isin(pairs.loc[stands, "order"])


def _items(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    """One product an order; every fourth order of accessories has a second one."""
    sku = np.empty(len(orders), object)
    for kind, goods in _GOODS.items():
        rows = orders["kind"].eq(kind).to_numpy()
        sku[rows] = quota_choice(rng, int(rows.sum()), {row[0]: 1.0 for row in goods})
    quantity = np.where(orders["kind"].eq("accessory") & (rng.random(len(orders)) < 0.2), 2, 1)
    main = _lines(orders, orders.index.to_numpy(), sku, quantity)
    second = np.flatnonzero(orders["kind"].eq("accessory") & quota_flags(rng, len(orders), 0.25))
    names = np.array([row[0] for row in plan.ACCESSORIES])
    place = {name: at for at, name in enumerate(names)}
    other = names[(np.array([place[name] for name in sku[second]]) + 1) % len(names)]
    side = _lines(orders, second, other, np.ones(len(second), int))
    return pd.concat([main, side]).sort_values(["order", "sku"], ignore_index=True)


def _lines(orders: pd.DataFrame, order: np.ndarray, sku: np.ndarray, quantity: np.ndarray):
    """Item lines; promotion takes ten percent off, in whole yuan."""
    price = PRODUCTS["price"].reindex(sku).to_numpy()
    off = orders["promotion"].to_numpy(bool)[order]
    amount = np.where(off, np.round(price * 0.9), price).astype(int) * quantity
    return pd.DataFrame({"order": order, "sku": sku, "quantity": quantity, "amount": amount})


def _placed(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    """Where each order was placed: shops, and for friends also the private touchpoints."""
    size = len(orders)
    private = quota_choice(
        rng, size, {"wecom_chat": 0.35, "mini_program": 0.35, "group": 0.15, "live": 0.15}
    )
    shop = quota_choice(rng, size, {"platform_shop": 0.6, "store": 0.4})
    bought_there = orders["friend"] & ~orders["kind"].eq("scooter")
    touchpoint = np.where(bought_there, private, shop)
    touchpoint = np.where(orders["kind"].eq("upkeep") & ~orders["friend"], "store", touchpoint)
    touchpoint = np.where(orders["kind"].eq("scooter") & orders["friend"], "store", touchpoint)
    member_day = orders["paid_at"].dt.day.eq(plan.MEMBER_DAY) & orders["kind"].eq("accessory")
    return orders.assign(
        touchpoint=touchpoint,
        platform=np.where(touchpoint == "platform_shop", "天猫", "微商城"),
        coupon_code=np.where(member_day, "MD20", ""),
    )
