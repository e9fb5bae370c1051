"""One row a person of a test, out of the delivery rows as written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import plan

WINDOW, KEPT = pd.Timedelta(days=7), pd.Timedelta(days=7)
SENT = "tables/deliveries.parquet"
_FIRST = ("delivered_at", "clicked_at", "friend_added_at", "friend_removed_at", "ordered_at",
          "opted_out_at", "complained_at")  # fmt: skip


def people_of(deliveries: pd.DataFrame, test: str) -> pd.DataFrame:
    """The people of a test by phone, with their first send and what came of it in its window."""
    rows = deliveries[deliveries["test_id"].eq(test)]
    heard = rows["connected_at"].where(rows["talk_seconds"] >= 5)
    groups = rows.assign(heard_at=heard).groupby("phone", sort=True)
    table = groups.agg(
        crowd=("crowd", "first"), arm=("arm", "first"), sent_at=("sent_at", "min"),
        rows=("delivery_id", "size"), cost=("cost", "sum"), status=("status", "last"),
        amount=("order_amount", "max"), heard_at=("heard_at", "min"),
        picked_up_at=("connected_at", "min"), **{name: (name, "min") for name in _FIRST},
    )  # fmt: skip
    sent = table["sent_at"]
    for name in ("clicked", "friend_added", "ordered", "opted_out", "complained"):
        table[name] = table[f"{name}_at"].between(sent, sent + WINDOW)
    gone = table["friend_removed_at"] - table["friend_added_at"] <= KEPT
    table["friend_removed"] = table["friend_added"] & gone
    table["friend_kept"] = table["friend_added"] & ~gone
    table["connected"], table["picked_up"] = (
        table["heard_at"].notna(),
        table["picked_up_at"].notna(),
    )
    table["delivered"] = table["delivered_at"].notna()
    table["value"] = table["amount"].where(table["ordered"], 0).fillna(0)
    return table


def counted_orders(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders that count, with who paid and what stayed."""
    rows = orders[orders["status"].eq("paid") & (orders["amount"] > orders["refund_amount"])]
    who = rows["phone"].fillna(rows["buyer_id"])
    return rows.assign(who=who, net=rows["amount"] - rows["refund_amount"])


def with_spend_before(people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """The people with ``before``: yuan in the 90 days before their first send."""
    pairs = counted_orders(orders)[["who", "paid_at", "net"]].assign(
        sent_at=lambda rows: rows["who"].map(people["sent_at"])
    )
    wait = pairs["sent_at"] - pairs["paid_at"]
    inside = (wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=plan.COVARIATE_DAYS))
    spent = pairs[inside].groupby("who")["net"].sum()
    return people.assign(before=spent.reindex(people.index).fillna(0))


def share(part: float, whole: float) -> float:
    """A share to six places."""
    return round(float(part) / float(whole), 6)


def sample_ratio(observed: list[int], weights: list[float]) -> tuple[float, float]:
    """Pearson's statistic of counts against planned weights, and its p-value."""
    from scipy.special import gammaincc

    planned = np.array(weights) / sum(weights) * sum(observed)
    statistic = float((((np.array(observed) - planned) ** 2) / planned).sum())
    return statistic, float(gammaincc((len(observed) - 1) / 2, statistic / 2))
