"""Orders: those from before the tests, those within their windows, and some after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan
from .picks import pick

WAIT = 17  # days after the first send of a test from which no window of it is open: 10 + 7


def earlier_orders(people: pd.DataFrame) -> pd.DataFrame:
    """Orders from before the send of the group's test: person, paid_at, amount, status, refund."""
    rng = stream(plan.SEED, "earlier orders")
    parts = []
    for group, (counts, first, last) in plan.ORDERS.items():
        rows = people[people["group"].eq(group)]
        many = quota_choice(rng, len(rows), counts).astype(int)
        person = np.repeat(rows["person"].to_numpy(), many)
        sent = plan.day(plan.SENT[group])
        start = max(sent - first, 0)
        days = rng.integers(start, sent - last, len(person), endpoint=True)
        parts.append(pd.DataFrame({"person": person, "day": days}))
    orders = pd.concat(parts, ignore_index=True)
    seconds = opening_seconds(rng, len(orders), 9, 23)
    orders["paid_at"] = moments(plan.ORIGIN, orders["day"], seconds)
    return _priced(rng, orders.drop(columns="day"), people)


def later_orders(people: pd.DataFrame) -> pd.DataFrame:
    """Orders of the people of tests when no window of theirs is open any more."""
    rng = stream(plan.SEED, "later orders")
    sent = people["group"].map(plan.SENT).map(plan.day) + WAIT
    rows = people[people["test"].ne("") & sent.lt(plan.AS_OF_DAY)]
    person = pick(rng, rows["person"].to_numpy(), round(plan.LATER * len(rows)))
    start = sent.to_numpy()[person]
    days = start + np.floor(rng.random(len(person)) * (plan.AS_OF_DAY - start + 1)).astype(int)
    seconds = opening_seconds(rng, len(person), 9, 23)
    orders = pd.DataFrame({"person": person, "paid_at": moments(plan.ORIGIN, days, seconds)})
    return _priced(rng, orders, people)


def amounts(rng: np.random.Generator, people: pd.DataFrame, person: np.ndarray) -> np.ndarray:
    """What an order of each person costs: around their level."""
    level = people["level"].to_numpy()[person] + rng.choice([-1, 0, 0, 1], len(person))
    return np.array(plan.PRICES)[np.clip(level, 0, len(plan.PRICES) - 1)]


def _priced(rng: np.random.Generator, orders: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    size = len(orders)
    rows = orders.assign(amount=amounts(rng, people, orders["person"].to_numpy()))
    whole = {"refunded": plan.REFUNDED, "closed": plan.CLOSED}
    whole["paid"] = 1 - sum(whole.values())
    rows["status"] = quota_choice(rng, size, whole)
    part = rows["status"].eq("paid") & quota_flags(rng, size, plan.PART_REFUNDED)
    back = rows["amount"].where(rows["status"].eq("refunded"), 0)
    return rows.assign(refund_amount=back.mask(part, 20))


def spent_before(orders: pd.DataFrame, person: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """Yuan, net, of counted orders in the 90 days before each person's first send."""
    counted = orders[orders["status"].eq("paid") & (orders["amount"] > orders["refund_amount"])]
    sends = pd.DataFrame({"person": person, "sent_at": sent})
    pairs = sends.merge(counted, on="person")
    wait = pairs["sent_at"] - pairs["paid_at"]
    pairs = pairs[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=plan.COVARIATE_DAYS))]
    net = (pairs["amount"] - pairs["refund_amount"]).groupby(pairs["person"]).sum()
    return net.reindex(person).fillna(0).to_numpy()


def make_orders(people: pd.DataFrame, earlier: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    """All orders of the export in order of payment, those that deliveries tell of among them."""
    rng = stream(plan.SEED, "orders")
    bought = sent[sent["ordered_at"].notna()]
    within = pd.DataFrame(
        {
            "person": bought["person"], "paid_at": bought["ordered_at"],
            "amount": bought["order_amount"].astype(int), "status": "paid", "refund_amount": 0,
        }
    )  # fmt: skip
    orders = pd.concat([earlier, within, later_orders(people)], ignore_index=True)
    orders = orders.sort_values(["paid_at", "person"], ignore_index=True)
    hidden = people["buyer_id"].notna().to_numpy()[orders["person"]]
    seen = quota_choice(rng, len(orders), plan.PLATFORMS)
    return orders.assign(
        platform=np.where(hidden, "tmall", seen),
        on_promotion=quota_flags(rng, len(orders), plan.PROMOTION),
    )
