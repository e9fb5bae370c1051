"""The base that every question of user layering starts from, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.layering import people as parts
from privdom_kit.layering.cycle import OrderCycle, measure_cycle
from privdom_kit.messages import Message, msg
from privdom_kit.purchases import Purchases, read_purchases
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.settings import LayeringSettings
    from privdom_kit.tables import Table


@dataclass(frozen=True, slots=True, eq=False)
class CustomerBase:
    """One row a known person, kept in the engine, and what was learnt on the way.

    Attributes:
        people: ``customer, known_day, channel, child_band, is_member, is_contact, is_kept,
            net_cents, purchase_days, first_day, second_day`` and, at ``as_of``, one period
            before (``_before``) and two before (``_earlier``): ``last_day, window_cents,
            reference_day`` (last activity, or where none the day they became known; null where
            not known yet) and ``activity_day``.
        days: Purchase days with the one before: ``customer, day, previous_day``.
        purchases: Orders and days; None without an orders table.
        tables: The client's tables.
        snapshots: Days of the three snapshots, the last day seen first.
        cycle: The category's order cycle; None without purchases.
        channels: ``(source, value)`` of each channel code.
        economics: The client's economics; ``gross_margin`` may be None.
        as_of: Last day seen, ISO.
        coverage: Rows of people in all tables, and those that name nobody.
        figures: ``known_people, buyers, negative_spend_customers, first_order_day``.
    """

    people: nw.LazyFrame
    days: nw.LazyFrame
    purchases: Purchases | None
    tables: Mapping[str, Table]
    snapshots: tuple[int, int, int]
    cycle: OrderCycle | None
    channels: tuple[tuple[str, str], ...]
    economics: Any
    as_of: str
    coverage: Coverage
    figures: Mapping[str, Any]

    @property
    def as_of_day(self) -> int:
        """Last day seen, as an integer day."""
        return self.snapshots[0]

    @property
    def gross_margin(self) -> float | None:
        """Gross margin as given in ``economics``; None where it was not."""
        return getattr(self.economics, "gross_margin", None)

    def has(self, table: str, *columns: str) -> bool:
        """Whether the client gave this table with these columns."""
        return table in self.tables and self.tables[table].has(*columns)

    def missing_people(self) -> Message | None:
        """Why people cannot be layered; None where they can."""
        if self.figures["known_people"]:
            return None
        if "orders" in self.tables:
            return _NO_IDENTITY
        return msg(
            "No table with people was given (orders, contacts, followers, members, touches)."
        )

    def missing_buyers(self) -> Message | None:
        """Why purchases of people cannot be told; None where they can."""
        if self.purchases is None:
            return msg("No orders table was given.")
        if self.figures["buyers"]:
            return None
        if self.purchases.coverage.dropped.get("no customer"):
            return _NO_IDENTITY
        return msg("No order counts as a purchase (closed, refunded and returned ones do not).")


_NO_IDENTITY = msg(
    "The orders carry no customer identity, so people cannot be told apart. "
    "Export the orders with a buyer or member id."
)


def summarise_customers(client: Any) -> CustomerBase:
    """Everyone the client knows, one row each, at ``as_of`` and at the two period ends before.

    Refunds carry no date: an order refunded after an earlier snapshot counts as refunded there.

    Args:
        client: With ``tables, settings, economics, as_of, as_of_day``.
    """
    settings = client.settings.layering
    end = int(client.as_of_day)
    ends = (end, end - settings.period_days, end - 2 * settings.period_days)
    tables = dict(client.tables)
    purchases = read_purchases(tables["orders"]) if "orders" in tables else None
    if purchases is not None:
        tables["orders"] = replace(tables["orders"], frame=purchases.orders)
    days = checkpoint(parts.purchase_gaps(purchases)) if purchases else None
    rows, channels = _people(tables, purchases, days, ends, settings)
    people = checkpoint(rows)
    return CustomerBase(
        people=people,
        days=days if days is not None else people.head(0),
        purchases=purchases,
        tables=tables,
        snapshots=ends,
        cycle=measure_cycle(days, people, end, settings) if days is not None else None,
        channels=channels,
        economics=client.economics,
        as_of=client.as_of.isoformat(),
        coverage=_coverage(tables),
        figures=_figures(people),
    )


def _people(
    tables: Mapping[str, Table],
    purchases: Purchases | None,
    days: nw.LazyFrame | None,
    ends: tuple[int, int, int],
    settings: LayeringSettings,
) -> tuple[nw.LazyFrame, tuple[tuple[str, str], ...]]:
    import narwhals as nw

    if not parts.person_tables(tables):
        return _nobody(), ()
    rows = parts.known_people(tables)
    joined: list[nw.LazyFrame] = []
    if purchases is not None and days is not None:
        joined.append(parts.spending(purchases, days, ends, settings.value_window_days))
    if "touches" in tables:
        joined.append(parts.last_touches(tables["touches"], ends))
    if "contacts" in tables:
        joined.append(parts.friendships(tables["contacts"]))
    if "members" in tables:
        joined.append(_memberships(tables["members"]))
    sources = _channel_sources(tables, settings.channel_column)
    joined += [parts.first_code(tables[t], column, f"first_{t}") for t, column in sources]
    for frame in joined:
        rows = rows.join(frame, on="customer", how="left")
    given = set(rows.collect_schema().names())
    absent = [nw.lit(None, dtype=nw.Int32).alias(n) for n in _COLUMNS if n not in given]
    rows = _with_channel(rows.with_columns(nw.col("customer"), *absent), tables, sources)
    channels = tuple(
        (column, value) for t, column in sources for value in tables[t].dictionaries.get(column, ())
    )
    return _with_reference_days(rows, ends).select(*_KEPT), channels


_FILLED_ZERO = ("net_cents", "purchase_days", "is_member", "is_contact")
_FILLED_ZERO_AT = ("window_cents",)
_COLUMNS = (
    *("net_cents", "purchase_days", "first_day", "second_day", "child_band", "is_member"),
    *("is_contact", "is_kept", "first_contacts", "first_orders"),
    *(f"{n}{e}" for n in ("last_day", "touch_day", "window_cents") for e in parts.SNAPSHOTS),
)
_KEPT = (
    *("customer", "known_day", "channel", "child_band", "is_member", "is_contact", "is_kept"),
    *("net_cents", "purchase_days", "first_day", "second_day"),
    *(
        f"{n}{e}"
        for n in ("last_day", "activity_day", "reference_day", "window_cents")
        for e in parts.SNAPSHOTS
    ),
)


def _nobody() -> nw.LazyFrame:
    import narwhals as nw

    return nw.from_dict({name: [] for name in _KEPT}, backend="pandas").lazy()


def _memberships(members: Table) -> nw.LazyFrame:
    """Who is a member, and the child's age band of the first membership that gives one."""
    import narwhals as nw

    rows = members.frame.filter(~nw.col("customer").is_null())
    everyone = rows.group_by("customer").agg(nw.len().alias("rows"))
    everyone = everyone.select(nw.col("customer"), is_member=nw.lit(1))
    if "child_band" not in members.frame.collect_schema().names():
        return everyone
    return everyone.join(
        parts.first_code(members, "child_band", "child_band"), on="customer", how="left"
    )


def _channel_sources(tables: Mapping[str, Table], contact_column: str) -> list[tuple[str, str]]:
    """Where a channel may come from, the first that knows the person winning."""
    wanted = (("contacts", contact_column), ("orders", "platform"))
    return [(t, column) for t, column in wanted if t in tables and tables[t].has(column)]


def _with_channel(
    rows: nw.LazyFrame, tables: Mapping[str, Table], sources: list[tuple[str, str]]
) -> nw.LazyFrame:
    import narwhals as nw

    channel: nw.Expr = nw.lit(parts.NONE, dtype=nw.Int32)
    start = sum(len(tables[t].dictionaries.get(column, ())) for t, column in sources)
    for t, column in reversed(sources):
        start -= len(tables[t].dictionaries.get(column, ()))
        first = nw.col(f"first_{t}")
        channel = nw.when(~first.is_null()).then(first + start).otherwise(channel)
    zeros = [*_FILLED_ZERO, *(f"{n}{e}" for n in _FILLED_ZERO_AT for e in parts.SNAPSHOTS)]
    return rows.with_columns(nw.col(*zeros).fill_null(0), channel=channel.cast(nw.Int32))


def _with_reference_days(rows: nw.LazyFrame, ends: tuple[int, int, int]) -> nw.LazyFrame:
    import narwhals as nw

    activity = {
        f"activity_day{e}": nw.max_horizontal(f"last_day{e}", f"touch_day{e}")
        for e in parts.SNAPSHOTS
    }
    rows = rows.with_columns(**activity)
    known = nw.col("known_day")
    reference = {
        f"reference_day{e}": nw.when(known <= end).then(
            nw.when(nw.col(f"activity_day{e}").is_null())
            .then(known)
            .otherwise(nw.col(f"activity_day{e}"))
        )
        for e, end in zip(parts.SNAPSHOTS, ends, strict=True)
    }
    return rows.with_columns(**reference)


def _coverage(tables: Mapping[str, Table]) -> Coverage:
    import narwhals as nw

    used, dropped = 0, dict[str, int]()
    for table in parts.person_tables(tables).values():
        counts = collect(
            table.frame.select(nw.len().alias("rows"), nw.col("customer").count()), limit=1
        ).iloc[0]
        used += int(counts["customer"])
        nobody = int(counts["rows"] - counts["customer"])
        reasons = {**table.coverage.dropped, **({"no customer": nobody} if nobody else {})}
        for reason, n in reasons.items():
            dropped[reason] = dropped.get(reason, 0) + n
    return Coverage(used + sum(dropped.values()), used, dropped)


def _figures(people: nw.LazyFrame) -> dict[str, Any]:
    import narwhals as nw

    negative = nw.when(nw.col("net_cents") < 0).then(nw.lit(1)).otherwise(nw.lit(0))
    row = collect(
        people.with_columns(negative=negative).select(
            nw.len().alias("known_people"),
            nw.col("first_day").count().alias("buyers"),
            nw.col("negative").sum().alias("negative_spend_customers"),
            nw.col("first_day").min().alias("first_order_day"),
        ),
        limit=1,
    ).iloc[0]
    return {name: None if is_missing(value) else int(value) for name, value in row.items()}
