"""Orders and their items: split days, promotion prices, closed, refunded and giant orders."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan


def make_orders(people: pd.DataFrame, days: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All true orders of the export, and their items.

    Orders have person, nth (purchase day of the person; 0 where the order never counted), paid_at,
    amount, refund_amount (yuan), status, on_promotion; items have order, sku, quantity, amount.
    """
    rng = stream(plan.SEED, "orders")
    paid = _paid(rng, days[days["day"] <= plan.EXPORTED_DAY])
    orders = pd.concat([paid, _void(rng, people, paid), _giants(rng, people, paid)])
    orders["paid_at"] = moments(plan.ORIGIN, orders["day"], orders["second"]).to_numpy()
    orders = orders.sort_values(["paid_at", "person"], ignore_index=True)
    orders = _cut_export(orders)
    items = _items(rng, orders)
    orders["amount"] = items.groupby("order")["amount"].sum().reindex(orders.index)
    return _with_refunds(rng, orders), items


def _paid(rng: np.random.Generator, days: pd.DataFrame) -> pd.DataFrame:
    """One order a purchase day, two on the split days, both on promotion or neither."""
    first = days["nth"].eq(1).to_numpy()
    promotion = np.zeros(len(days), bool)
    promotion[first] = quota_flags(rng, first.sum(), plan.PROMOTION_FIRST)
    promotion[~first] = quota_flags(rng, (~first).sum(), plan.PROMOTION_REPEAT)
    rows = days[["person", "nth", "day"]].assign(on_promotion=promotion, status="paid")
    split = quota_flags(rng, len(rows), plan.SPLIT_DAYS) & (rows["day"] <= plan.AS_OF_DAY)
    rows = pd.concat([rows.assign(part=1), rows[split].assign(part=2)], ignore_index=True)
    return rows.assign(second=opening_seconds(rng, len(rows)))


def _void(rng: np.random.Generator, people: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """Closed and fully refunded orders of buyers, on or after their first purchase day."""
    size = plan.CLOSED_ORDERS + plan.REFUNDED_ORDERS
    firsts = paid[(paid["nth"] == 1) & (paid["part"] == 1) & (paid["day"] <= plan.AS_OF_DAY)]
    chosen = firsts.iloc[rng.choice(len(firsts), size, replace=False)]
    day = rng.integers(chosen["day"], plan.AS_OF_DAY, endpoint=True)
    status = ["closed"] * plan.CLOSED_ORDERS + ["refunded"] * plan.REFUNDED_ORDERS
    return chosen.assign(
        nth=0, day=day, status=status, on_promotion=False, part=1,
        second=opening_seconds(rng, size),
    )  # fmt: skip


def _giants(rng: np.random.Generator, people: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """The closed giant of a contact who never bought, the refunded giant of a one-order buyer."""
    never = people[people["channel"].eq("live_room") & people["first_day"].lt(0)]
    counts = paid.groupby("person").size()
    once = people[people["person"].isin(counts.index[counts == 1]) & people["added_day"].ge(0)]
    once = once[once["first_day"] < plan.PUSH_DAY]
    rows = {
        "person": [rng.choice(never["person"]), rng.choice(once["person"])],
        "day": [plan.day("2026-04-18"), plan.day("2026-05-09")],
        "second": [41_415, 73_382],
        "status": ["closed", "refunded"],
        "giant": [plan.GIANT_CLOSED, plan.GIANT_REFUNDED],
    }
    return pd.DataFrame(rows).assign(nth=0, part=1, on_promotion=False)


def _cut_export(orders: pd.DataFrame) -> pd.DataFrame:
    """Keep everything up to as_of and the first AFTER_AS_OF orders of the days behind it."""
    after = (orders["day"] > plan.AS_OF_DAY).cumsum()
    if after.iloc[-1] < plan.AFTER_AS_OF:
        raise ValueError(f"only {after.iloc[-1]} orders after as_of; lengthen the export")
    return orders[after <= plan.AFTER_AS_OF].reset_index(drop=True)


def _items(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    """Items of every order, powder in most; a giant order is powder alone, at its own price."""
    size = len(orders)
    giant = orders["giant"].notna().to_numpy()
    powder = ~quota_flags(rng, size, plan.WITHOUT_POWDER) | giant
    extra = (quota_flags(rng, size, plan.WITH_EXTRA) | ~powder) & ~giant
    price = np.where(orders["on_promotion"], plan.PROMOTION_PRICE, plan.POWDER[3])
    quantity = 1 + _appetite(rng, orders)
    main = _lines(orders.index, plan.POWDER[0], quantity, price * quantity)
    main["amount"] = main["amount"].where(~giant, orders["giant"])
    main["quantity"] = main["quantity"].where(~giant, 500)
    side = _extras(rng, orders.index[extra])
    items = pd.concat([main[powder], side]).sort_values(["order", "sku"], ignore_index=True)
    return items.astype({"amount": "int64", "quantity": "int64"})


def _appetite(rng: np.random.Generator, orders: pd.DataFrame) -> np.ndarray:
    """Tins beyond the first: a person's own, heavily skewed rate (this makes the concentration)."""
    people = int(orders["person"].max()) + 1
    rate = np.minimum(np.exp(rng.normal(-1.6, 1.4, people)), 9)
    return rng.poisson(rate[orders["person"].astype(int)])


def _extras(rng: np.random.Generator, order: pd.Index) -> pd.DataFrame:
    price = {sku: cost for sku, _, _, cost, _ in plan.EXTRAS}
    sku = quota_choice(rng, len(order), dict.fromkeys(price, 1.0))
    quantity = rng.integers(1, 3, len(order))
    return _lines(order, sku, quantity, quantity * np.array([price[name] for name in sku]))


def _lines(order, sku, quantity, amount) -> pd.DataFrame:
    return pd.DataFrame({"order": order, "sku": sku, "quantity": quantity, "amount": amount})


def _with_refunds(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    """Everything back for refunded orders, twenty yuan for a few paid ones."""
    full = orders["status"].eq("refunded")
    part = orders["status"].eq("paid") & quota_flags(rng, len(orders), plan.PART_REFUNDS)
    refund = orders["amount"].where(full, 0).mask(part, 20)
    return orders.assign(refund_amount=refund)
