"""When each buyer's next order is due: by own gaps where there are enough, else the brand's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.layering.states import cycle_days

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings

# In the order of time since the last order.
STATUSES = ("not_yet", "due", "overdue", "lapsed")
NOT_YET, DUE, OVERDUE, LAPSED = range(len(STATUSES))
SOURCES = ("own_gaps", "order_cycle", "no_gap")
OWN_GAPS, ORDER_CYCLE, NO_GAP = range(len(SOURCES))


def with_due(base: CustomerBase, settings: LayeringSettings) -> nw.LazyFrame:
    """The buyers with the gap that dates their next order, and where they stand against it.

    The gap is the median of the person's own gaps from ``due_min_orders`` purchase days on (S191),
    else the order cycle of :mod:`privdom_kit.layering.cycle`, which counts those who have not
    come back; without either there is no date. Due is who is within ``due_window_days`` of the
    date, either way; overdue who is past it, up to ``lapsed_cycles`` gaps after the last order.

    Returns:
        The buyers of ``base.people`` with ``gap_source`` (a code into :data:`SOURCES`),
        ``gap_days``, ``days_since_last_order``, ``days_past_due`` (negative before the date) and
        ``due_status`` (a code into :data:`STATUSES`); null where there is no gap.
    """
    import narwhals as nw

    cycle = cycle_days(base, settings)
    buyers = base.people.filter(~nw.col("first_day").is_null())
    rows = buyers.join(_own_gaps(base), on="customer", how="left")
    has_own = (nw.col("purchase_days") >= settings.due_min_orders) & ~nw.col("own_gap").is_null()
    shared = nw.lit(cycle, dtype=nw.Float64)
    rows = rows.with_columns(
        gap_source=nw.when(has_own)
        .then(nw.lit(OWN_GAPS))
        .otherwise(nw.lit(NO_GAP if cycle is None else ORDER_CYCLE)),
        gap_days=nw.when(has_own).then(nw.col("own_gap")).otherwise(shared),
        days_since_last_order=base.as_of_day - nw.col("last_day"),
    ).drop("own_gap")
    since = nw.col("days_since_last_order")
    rows = rows.with_columns(days_past_due=since - nw.col("gap_days"))
    return rows.with_columns(due_status=_status(settings))


def _own_gaps(base: CustomerBase) -> nw.LazyFrame:
    import narwhals as nw

    return (
        base.days.filter(~nw.col("previous_day").is_null())
        .with_columns(own_gap=(nw.col("day") - nw.col("previous_day")).cast(nw.Float64))
        .group_by("customer")
        .agg(nw.col("own_gap").median())
    )


def _status(settings: LayeringSettings) -> nw.Expr:
    import narwhals as nw

    past, window = nw.col("days_past_due"), settings.due_window_days
    # Within the window comes first: a window may be wider than a short gap.
    status = (
        nw.when(past < -window)
        .then(nw.lit(NOT_YET))
        .when(past <= window)
        .then(nw.lit(DUE))
        .when(nw.col("days_since_last_order") <= nw.col("gap_days") * settings.lapsed_cycles)
        .then(nw.lit(OVERDUE))
        .otherwise(nw.lit(LAPSED))
    )
    return nw.when(~past.is_null()).then(status).cast(nw.Int32)
