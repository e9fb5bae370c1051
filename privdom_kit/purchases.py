"""Purchases out of orders: what counts, what lowers spend, and on which days people bought.

Rules, the same in every topic:

* Closed and refunded orders, and orders refunded in full, do not count.
* A negative amount is a return. It lowers the spend of its day and person and is no purchase.
* A purchase day is a person's day with at least one counted order, unless returns on the same
  day bring the day's net to zero or below: bought and cancelled is not bought.
* An order of zero is a purchase (a gift, a full discount) as long as nothing came back that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.tables import Table

# Why an order row is not a counted order, in the order in which the rules are asked.
REASONS = ("counted", "closed", "refunded", "refunded in full", "return", "no customer")
COUNTED, CLOSED, REFUNDED, REFUNDED_IN_FULL, RETURN, NO_CUSTOMER = range(len(REASONS))


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """What people bought.

    Attributes:
        orders: The order rows with two more columns: ``net_cents`` (amount less refund) and
            ``reason`` (an index into ``REASONS``).
        days: One row a person and day with a counted order or a return: ``customer, day,
            net_cents, is_purchase`` (1 or 0). Computed once and kept in the engine.
        coverage: Rows seen by intake, counted, and left out by reason.
        spend_unassigned_cents: Net of counted orders and returns that name no customer.
    """

    orders: nw.LazyFrame
    days: nw.LazyFrame
    coverage: Coverage
    spend_unassigned_cents: int


def read_purchases(orders: Table) -> Purchases:
    """Counted orders and purchase days of an ``orders`` table.

    Args:
        orders: The canonical table; ``refund_amount`` and ``status`` may be absent.
    """
    rows = classify_orders(orders)
    coverage, unassigned = _coverage(rows, orders.coverage)
    return Purchases(rows, checkpoint(_days(rows)), coverage, unassigned)


def classify_orders(orders: Table) -> nw.LazyFrame:
    """The order rows with ``net_cents`` and the ``reason`` why a row counts or does not."""
    import narwhals as nw

    amount = nw.col("amount_cents")
    refund = _refund(orders)
    status = nw.col("status") if orders.has("status") else nw.lit(None, dtype=nw.Int32)
    closed, refunded = (orders.code("status", name) for name in ("closed", "refunded"))
    frame = orders.frame.with_columns(
        net_cents=amount - refund, status_code=status.fill_null(-1), returned_cents=refund
    )
    code = nw.col("status_code")
    known = ~nw.col("customer").is_null()
    reason = (
        nw.when((code == closed) & (code >= 0))
        .then(nw.lit(CLOSED))
        # A row of money going back is a return even where its status says refunded.
        .when((code == refunded) & (code >= 0) & (amount >= 0))
        .then(nw.lit(REFUNDED))
        .when((amount >= 0) & (nw.col("returned_cents") > 0) & (nw.col("net_cents") <= 0))
        .then(nw.lit(REFUNDED_IN_FULL))
        .when(~known)
        .then(nw.lit(NO_CUSTOMER))
        .when(amount < 0)
        .then(nw.lit(RETURN))
        .otherwise(nw.lit(COUNTED))
    )
    # A return is already the money going back: a refund beside it would count it twice.
    net = nw.when(amount < 0).then(amount).otherwise(nw.col("net_cents"))
    return frame.with_columns(reason=reason.cast(nw.Int32), net_cents=net.cast(nw.Int64)).drop(
        "status_code", "returned_cents"
    )


def _refund(orders: Table) -> nw.Expr:
    import narwhals as nw

    if not orders.has("refund_amount"):
        return nw.lit(0, dtype=nw.Int64)
    return nw.col("refund_amount_cents").fill_null(0)


def _days(rows: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    counted = nw.col("reason") == COUNTED
    by_day = (
        rows.filter(nw.col("reason").is_in([COUNTED, RETURN]))
        .with_columns(
            order=nw.when(counted).then(nw.lit(1)).otherwise(nw.lit(0)),
            back=nw.when(counted).then(nw.lit(0)).otherwise(nw.lit(1)),
        )
        .group_by("customer", "paid_on")
        .agg(nw.col("net_cents").sum(), nw.col("order").max(), nw.col("back").max())
    )
    bought = (nw.col("order") == 1) & ((nw.col("back") == 0) | (nw.col("net_cents") > 0))
    return by_day.select(
        nw.col("customer"),
        nw.col("paid_on").alias("day"),
        nw.col("net_cents").cast(nw.Int64),
        nw.when(bought).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int32).alias("is_purchase"),
    )


def _coverage(rows: nw.LazyFrame, intake: Coverage) -> tuple[Coverage, int]:
    import narwhals as nw

    table = collect(
        rows.group_by("reason").agg(nw.len().alias("rows"), nw.col("net_cents").sum()),
        limit=len(REASONS),
    ).set_index("reason")
    counts = {REASONS[int(code)]: int(n) for code, n in table["rows"].items()}
    used = counts.pop("counted", 0)
    dropped = {**intake.dropped, **{name: counts[name] for name in REASONS if name in counts}}
    unassigned = int(table["net_cents"].get(NO_CUSTOMER, 0))
    return Coverage(used + sum(dropped.values()), used, dropped), unassigned
