"""What the models of customer value need of the orders, collapsed to distinct rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import collect

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase

# Distinct histories; a million customers of some years have a few hundred thousand.
MOST_ROWS = 5_000_000
HISTORY = ("orders", "age_at_last", "age")
SPEND = ("paid_orders", "mean_cents")


def with_histories(base: CustomerBase) -> nw.LazyFrame:
    """The buyers with their history in days and what their repeat orders were worth.

    Adds ``orders`` (repeat purchase days), ``age_at_last``, ``age``, ``paid_orders`` and
    ``mean_cents``: the net of the repeat purchase days, later returns included, per repeat
    purchase day, cut off to cents. It and ``paid_orders`` are 0 where nobody paid for a repeat
    order: without one, or with returns that take all of it back.
    """
    import narwhals as nw

    buyers = base.people.filter(~nw.col("first_day").is_null())
    rows = buyers.join(_repeat_net(base, buyers), on="customer", how="left")
    orders = nw.col("purchase_days") - 1
    rows = rows.with_columns(
        orders=orders.cast(nw.Int64),
        age_at_last=nw.col("last_day") - nw.col("first_day"),
        age=base.as_of_day - nw.col("first_day"),
        repeat_cents=nw.col("repeat_cents").fill_null(0).cast(nw.Int64),
    )
    paid = (nw.col("orders") > 0) & (nw.col("repeat_cents") >= nw.col("orders"))
    zero = nw.lit(0, dtype=nw.Int64)
    # Nobody without a repeat order may divide by it.
    share = nw.col("repeat_cents") // nw.max_horizontal(nw.col("orders"), nw.lit(1))
    return rows.with_columns(
        paid_orders=nw.when(paid).then(nw.col("orders")).otherwise(zero),
        mean_cents=nw.when(paid).then(share).otherwise(zero).cast(nw.Int64),
    )


def _repeat_net(base: CustomerBase, buyers: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    assert base.purchases is not None
    first = buyers.select("customer", "first_day")
    later = base.purchases.days.join(first, on="customer").filter(
        nw.col("day") > nw.col("first_day")
    )
    return later.group_by("customer").agg(nw.col("net_cents").sum().alias("repeat_cents"))


def distinct(rows: nw.LazyFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """The distinct values of these columns with the ``customers`` behind each, sorted."""
    import narwhals as nw

    grouped = rows.group_by(*keys).agg(nw.len().alias("customers"))
    found = collect(grouped, limit=MOST_ROWS).astype("int64")
    return found.sort_values(list(keys), ignore_index=True)


def split_histories(base: CustomerBase, last_day: int) -> pd.DataFrame:
    """Histories as seen on an earlier day, and the purchase days after it.

    Args:
        base: The base.
        last_day: Last day of the calibration part; buyers who came later are left out.

    Returns:
        ``orders, age_at_last, age, later_orders, customers``, one row a distinct history.
    """
    import narwhals as nw

    day = nw.col("day")
    before = day <= last_day
    wide = (
        base.days.with_columns(
            seen_day=nw.when(before).then(day),
            seen=nw.when(before).then(nw.lit(1)).otherwise(nw.lit(0)),
            later=nw.when(before).then(nw.lit(0)).otherwise(nw.lit(1)),
        )
        .group_by("customer")
        .agg(
            day.min().alias("first_day"),
            nw.col("seen_day").max(),
            nw.col("seen").sum(),
            nw.col("later").sum().alias("later_orders"),
        )
        .filter(nw.col("first_day") <= last_day)
    )
    rows = wide.with_columns(
        orders=nw.col("seen") - 1,
        age_at_last=nw.col("seen_day") - nw.col("first_day"),
        age=last_day - nw.col("first_day"),
    )
    return distinct(rows, (*HISTORY, "later_orders"))
