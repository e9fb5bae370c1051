"""One row a known person: since when, through which channel, what they bought and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from privdom_kit.contracts import TABLES
from privdom_kit.purchases import COUNTED

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.purchases import Purchases
    from privdom_kit.tables import Table

# Endings of the columns that hold a person at as_of, one period before, and two before.
SNAPSHOTS = ("", "_before", "_earlier")
NONE = -1


def person_tables(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables given whose rows belong to people, with the clock that dates them."""
    return {
        name: table
        for name, table in tables.items()
        if TABLES[name].person != "no" and table.has(TABLES[name].clock)
    }


def known_people(tables: Mapping[str, Table]) -> nw.LazyFrame:
    """Everyone with a row anywhere: ``customer, known_day``, the day of their first row."""
    import narwhals as nw

    firsts = [
        table.frame.filter(~nw.col(person).is_null())
        .group_by(nw.col(person).alias("customer"))
        .agg(nw.col(clock_day(name)).min().alias("known_day"))
        for name, table in person_tables(tables).items()
        for person, _ in TABLES[name].people
        if person == "customer" or person in table.frame.collect_schema().names()
    ]
    return nw.concat(firsts).group_by("customer").agg(nw.col("known_day").min())


def clock_day(name: str) -> str:
    """The stored integer day of a table's clock."""
    column = TABLES[name].column(TABLES[name].clock)
    return column.day_name if column.kind == "time" else column.name


def purchase_gaps(purchases: Purchases) -> nw.LazyFrame:
    """Purchase days with the one before: ``customer, day, previous_day`` (null at the first)."""
    import narwhals as nw

    days = purchases.days.filter(nw.col("is_purchase") == 1).select("customer", "day")
    previous = nw.col("day").shift(1).over("customer", order_by="day")
    return days.with_columns(previous_day=previous)


def spending(
    purchases: Purchases, gaps: nw.LazyFrame, ends: Sequence[int], window_days: int
) -> nw.LazyFrame:
    """What each person bought, at each snapshot day.

    Returns:
        ``customer, net_cents, purchase_days, first_day, second_day`` and for each snapshot
        ``last_day`` and ``window_cents`` (net spend of the window that ends there).
    """
    import narwhals as nw

    day, net = nw.col("day"), nw.col("net_cents")
    bought = nw.col("is_purchase") == 1
    derived: dict[str, nw.Expr] = {"bought_on": nw.when(bought).then(day)}
    for ending, end in zip(SNAPSHOTS, ends, strict=True):
        derived[f"last_day{ending}"] = nw.when(bought & (day <= end)).then(day)
        inside = (day <= end) & (day > end - window_days)
        derived[f"window_cents{ending}"] = nw.when(inside).then(net).otherwise(nw.lit(0))
    sums = [net.sum(), nw.col("is_purchase").sum().alias("purchase_days")]
    sums += [nw.col("bought_on").min().alias("first_day")]
    for ending in SNAPSHOTS:
        sums += [nw.col(f"last_day{ending}").max(), nw.col(f"window_cents{ending}").sum()]
    wide = purchases.days.with_columns(**derived).group_by("customer").agg(*sums)
    whole = [f"window_cents{ending}" for ending in SNAPSHOTS] + ["net_cents", "purchase_days"]
    second = (
        gaps.filter(~nw.col("previous_day").is_null())
        .group_by("customer")
        .agg(nw.col("day").min().alias("second_day"))
    )
    # Sums of integers come back wider than what went in.
    return wide.with_columns(nw.col(*whole).cast(nw.Int64)).join(second, on="customer", how="left")


def last_touches(touches: Table, ends: Sequence[int]) -> nw.LazyFrame:
    """The last touch that came from the person, at each snapshot: ``customer, touch_day*``."""
    import narwhals as nw

    day = nw.col("occurred_on")
    code = touches.code("direction", "customer")
    own = touches.frame.filter(~nw.col("customer").is_null(), nw.col("direction") == code)
    derived = {
        f"touch_day{ending}": nw.when(day <= end).then(day)
        for ending, end in zip(SNAPSHOTS, ends, strict=True)
    }
    return (
        own.with_columns(**derived)
        .group_by("customer")
        .agg(*[nw.col(name).max() for name in derived])
    )


def friendships(contacts: Table) -> nw.LazyFrame:
    """Who is or was a WeCom contact: ``customer, is_contact, is_kept`` (1 or 0).

    A contact is kept while any relation with any member of staff stands; without
    ``removed_at`` nobody can say, and ``is_kept`` is null.
    """
    import narwhals as nw

    kept: nw.Expr = nw.lit(None, dtype=nw.Int32)
    if contacts.has("removed_at"):
        kept = nw.when(nw.col("removed_at").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    rows = contacts.frame.filter(~nw.col("customer").is_null())
    return (
        rows.with_columns(is_kept=kept.cast(nw.Int32), is_contact=nw.lit(1))
        .group_by("customer")
        .agg(nw.col("is_contact").max(), nw.col("is_kept").max())
    )


def first_code(table: Table, column: str, name: str) -> nw.LazyFrame:
    """Each person's first known value of a code: ``customer, <name>``.

    The order key comes before the code in one integer, so that the smallest is the first row's.
    """
    import narwhals as nw

    size = max(len(table.dictionaries.get(column, ())), 1)
    known = ~nw.col("customer").is_null() & ~nw.col(column).is_null()
    rows = table.frame.filter(known)
    if table.name == "orders":
        rows = rows.filter(nw.col("reason") == COUNTED)
    pair = nw.col("order_key").cast(nw.Int64) * size + nw.col(column)
    firsts = rows.with_columns(pair=pair).group_by("customer").agg(nw.col("pair").min())
    return firsts.select(nw.col("customer"), (nw.col("pair") % size).cast(nw.Int32).alias(name))
