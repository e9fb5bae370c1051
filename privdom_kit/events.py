"""Everything that happened between brand and people, on one scale: person, time, event.

An event is a touchpoint and an action. Touches say both; the other tables give what they know:

==========  ==================  ===========================================================
table       touchpoint          actions (time)
==========  ==================  ===========================================================
touches     touchpoint          action
orders      touchpoint          order: counted orders only (:mod:`privdom_kit.purchases`)
contacts    wecom_chat          added; at its end removed (by the customer, or nobody says by
                                whom), removed_by_staff or transferred
followers   service_account     subscribed, unsubscribed
members     membership          registered
deliveries  channel             sent, delivered, connected, clicked, opted_out, complained
leads       lead                created, qualified, assigned, contacted, deal
referrals   referral            invited (the person invited), invites (who invited)
tickets     service             opened, resolved
responses   survey              answered
==========  ==================  ===========================================================

``friend_added_at`` and ``ordered_at`` of deliveries are left to contacts and orders, which know
them for everyone. The channel ``wecom`` of a delivery is the touchpoint ``wecom_chat``. Rows of
control arms are no events: nothing was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect
from privdom_kit.purchases import COUNTED, Purchases
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.tables import Table

UNKNOWN = "unknown"
ORDER = "order"
HELD_BACK = "held back on purpose"
BRAND, CUSTOMER = 0, 1
#: What decides the order of a person's events, ties included: time, then the table as listed
#: above, then the stored order of its rows.
ORDER_BY = ("time", "source", "row")
_COLUMNS = (
    *("customer", "time", "day", "source", "row", "touchpoint", "action", "direction"),
    *("purpose", "has_purchase_link", "net_cents"),
)
_MOST_EVENTS = 100_000  # distinct (touchpoint, action) pairs that may leave the engine


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events of known people, kept in the engine.

    Attributes:
        frame: ``customer, time`` (epoch seconds)``, day, source, row, touchpoint, action,
            direction`` (``BRAND`` or ``CUSTOMER``)``, purpose`` (code of the domain; null where
            not given)``, has_purchase_link`` (0, 1 or null)``, net_cents`` (of orders, else null).
            :data:`ORDER_BY` is a total order of a person's events.
        touchpoints: Names of touchpoints by code.
        actions: Names of actions by code.
        counts: ``touchpoint, action, direction, events, customers``: what there is, by name.
        coverage: Rows read, used and left out by reason; an order that does not count as a
            purchase and a row without a person or a time are left out.
    """

    frame: nw.LazyFrame
    touchpoints: tuple[str, ...]
    actions: tuple[str, ...]
    counts: tuple[Mapping[str, object], ...]
    coverage: Coverage

    def touchpoint(self, name: str) -> int:
        """The code of a touchpoint; -1, which no event has, where there is none."""
        return self.touchpoints.index(name) if name in self.touchpoints else -1

    def action(self, name: str) -> int:
        """The code of an action; -1, which no event has, where there is none."""
        return self.actions.index(name) if name in self.actions else -1


@dataclass(frozen=True, slots=True)
class _Source:
    """Where events of one kind come from; ``touchpoint``/``action`` name a column or a value."""

    table: str
    time: str
    touchpoint: str
    action: str
    direction: int = CUSTOMER
    person: str = "customer"


_SOURCES = (
    _Source("contacts", "added_at", "wecom_chat", "added"),
    _Source("contacts", "removed_at", "wecom_chat", "removed"),
    _Source("followers", "subscribed_at", "service_account", "subscribed"),
    _Source("followers", "unsubscribed_at", "service_account", "unsubscribed"),
    _Source("members", "registered_at", "membership", "registered"),
    _Source("deliveries", "sent_at", "channel", "sent", BRAND),
    _Source("deliveries", "delivered_at", "channel", "delivered", BRAND),
    _Source("deliveries", "connected_at", "channel", "connected"),
    _Source("deliveries", "clicked_at", "channel", "clicked"),
    _Source("deliveries", "opted_out_at", "channel", "opted_out"),
    _Source("deliveries", "complained_at", "channel", "complained"),
    _Source("leads", "created_at", "lead", "created"),
    _Source("leads", "qualified_at", "lead", "qualified", BRAND),
    _Source("leads", "assigned_at", "lead", "assigned", BRAND),
    _Source("leads", "contacted_at", "lead", "contacted", BRAND),
    _Source("leads", "deal_at", "lead", "deal"),
    _Source("referrals", "invited_at", "referral", "invited"),
    _Source("referrals", "invited_at", "referral", "invites", person="referrer"),
    _Source("tickets", "opened_at", "service", "opened"),
    _Source("tickets", "resolved_at", "service", "resolved", BRAND),
    _Source("responses", "answered_at", "survey", "answered"),
)
_ENDS = {"customer": "removed", "staff": "removed_by_staff", "transfer": "transferred"}


class _Names:
    """Codes for names, those of the client's dictionary first."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.values = list(known)

    def code(self, name: str) -> int:
        if name not in self.values:
            self.values.append(name)
        return self.values.index(name)


def gather_events(
    tables: Mapping[str, Table], purchases: Purchases | None, control_arms: Collection[str]
) -> Events:
    """The events of all tables that were given.

    Args:
        tables: The canonical tables by name.
        purchases: What counts as an order; None without orders.
        control_arms: What test arms are called to which nothing was sent.
    """
    import narwhals as nw

    tables = _without_held_back(tables, control_arms)
    places = _Names(_dictionary(tables, "touchpoint"))
    actions = _Names(_dictionary(tables, "action"))
    parts = list(_parts(tables, purchases, places, actions))
    if not parts:
        return Events(_nothing(), tuple(places.values), tuple(actions.values), (), Coverage(0, 0))
    everything = nw.concat(parts)
    told = ~nw.col("customer").is_null() & ~nw.col("time").is_null()
    frame = checkpoint(everything.filter(told))
    names = (tuple(places.values), tuple(actions.values))
    counts = _counts(frame, *names)
    return Events(frame, *names, counts, _coverage(tables, purchases))


def _without_held_back(
    tables: Mapping[str, Table], control_arms: Collection[str]
) -> Mapping[str, Table]:
    """The tables with the deliveries that went out; the others are counted as left out."""
    import narwhals as nw

    if "deliveries" not in tables:
        return tables
    deliveries = tables["deliveries"]
    held = held_back(deliveries, control_arms)
    rows = collect(deliveries.frame.filter(held).select(nw.len().alias("rows")), limit=1)
    seen, left = deliveries.coverage, int(rows["rows"].iloc[0])
    dropped = {**seen.dropped, **({HELD_BACK: left} if left else {})}
    sent = replace(
        deliveries,
        frame=deliveries.frame.filter(~held),
        coverage=Coverage(seen.rows, seen.used - left, dropped),
    )
    return {**tables, "deliveries": sent}


def _dictionary(tables: Mapping[str, Table], domain: str) -> tuple[str, ...]:
    return next((t.dictionaries[domain] for t in tables.values() if domain in t.dictionaries), ())


def _parts(
    tables: Mapping[str, Table], purchases: Purchases | None, places: _Names, actions: _Names
) -> Iterator[nw.LazyFrame]:
    if "touches" in tables:
        yield _touches(tables["touches"])
    if purchases is not None:
        yield _orders(tables["orders"], purchases, places, actions)
    for rank, source in enumerate(_SOURCES, start=2):
        if source.table in tables and tables[source.table].has(source.time):
            yield _events_of(source, rank, tables[source.table], places, actions)


def _touches(touches: Table) -> nw.LazyFrame:
    import narwhals as nw

    brand = touches.code("direction", "brand")
    direction = nw.when(nw.col("direction") == brand).then(nw.lit(BRAND)).otherwise(CUSTOMER)
    optional = {
        name: nw.col(name) if touches.has(name) else nw.lit(None)
        for name in ("purpose", "has_purchase_link")
    }
    frame = touches.frame.with_columns(
        time=nw.col("occurred_at"),
        day=nw.col("occurred_on"),
        source=nw.lit(0),
        row=nw.col("order_key"),
        direction=direction,
        net_cents=nw.lit(None),
        **optional,
    )
    return _typed(frame)


def _orders(orders: Table, purchases: Purchases, places: _Names, actions: _Names) -> nw.LazyFrame:
    import narwhals as nw

    known = nw.col("touchpoint") if orders.has("touchpoint") else nw.lit(None, dtype=nw.Int32)
    frame = purchases.orders.filter(nw.col("reason") == COUNTED).with_columns(
        time=nw.col("paid_at"),
        day=nw.col("paid_on"),
        source=nw.lit(1),
        row=nw.col("order_key"),
        touchpoint=known.fill_null(places.code(UNKNOWN)),
        action=nw.lit(actions.code(ORDER)),
        direction=nw.lit(CUSTOMER),
        purpose=nw.lit(None),
        has_purchase_link=nw.lit(None),
    )
    return _typed(frame)


def _events_of(
    source: _Source, rank: int, table: Table, places: _Names, actions: _Names
) -> nw.LazyFrame:
    import narwhals as nw

    rows = table.frame.filter(~nw.col(source.time).is_null())
    day = f"{source.time.removesuffix('_at')}_on"
    frame = rows.with_columns(
        customer=nw.col(source.person),
        time=nw.col(source.time),
        day=nw.col(day),
        source=nw.lit(rank),
        row=nw.col("order_key"),
        touchpoint=_place(source, table, places),
        action=_ending(table, actions)
        if source.time == "removed_at"
        else nw.lit(actions.code(source.action)),
        direction=nw.lit(source.direction),
        purpose=nw.lit(None),
        has_purchase_link=nw.lit(None),
        net_cents=nw.lit(None),
    )
    return _typed(frame)


def _place(source: _Source, table: Table, places: _Names) -> nw.Expr:
    """The touchpoint: a fixed one, or that of the delivery's channel."""
    import narwhals as nw

    if source.touchpoint != "channel":
        return nw.lit(places.code(source.touchpoint))
    place: nw.Expr = nw.lit(places.code(UNKNOWN))
    for name in ("sms", "call", "call_sms", "wecom"):
        target = places.code("wecom_chat" if name == "wecom" else name)
        code = table.code("channel", name)
        place = nw.when(nw.col("channel") == code).then(nw.lit(target)).otherwise(place)
    return place


def _ending(contacts: Table, actions: _Names) -> nw.Expr:
    """How a relation ended: the customer's own removal unless the export says otherwise."""
    import narwhals as nw

    ending: nw.Expr = nw.lit(actions.code(_ENDS["customer"]))
    if not contacts.has("removed_by"):
        return ending
    for by, action in _ENDS.items():
        code = contacts.code("removed_by", by)
        chosen = nw.col("removed_by") == code
        ending = nw.when(chosen).then(nw.lit(actions.code(action))).otherwise(ending)
    return ending


def _typed(frame: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    wide = ("time", "row", "net_cents")
    return frame.select(
        nw.col(name).cast(nw.Int64 if name in wide else nw.Int32) for name in _COLUMNS
    )


def _nothing() -> nw.LazyFrame:
    import narwhals as nw

    return nw.from_dict({name: [] for name in _COLUMNS}, backend="pandas").lazy()


def _counts(
    frame: nw.LazyFrame, places: tuple[str, ...], actions: tuple[str, ...]
) -> tuple[Mapping[str, object], ...]:
    """Every kind of event with its rows and people, the most frequent first."""
    import narwhals as nw

    per_person = frame.group_by("touchpoint", "action", "direction", "customer").agg(
        nw.len().alias("events")
    )
    table = collect(
        per_person.group_by("touchpoint", "action", "direction").agg(
            nw.col("events").sum(), nw.len().alias("customers")
        ),
        limit=_MOST_EVENTS,
    )
    rows = table.sort_values(
        ["events", "touchpoint", "action"], ascending=[False, True, True]
    ).itertuples(index=False)
    return tuple(
        {
            "touchpoint": places[int(one.touchpoint)],
            "action": actions[int(one.action)],
            "direction": "brand" if int(one.direction) == BRAND else "customer",
            "events": int(one.events),
            "customers": int(one.customers),
        }
        for one in rows
    )


def _coverage(tables: Mapping[str, Table], purchases: Purchases | None) -> Coverage:
    """Rows of the tables that events come from; a row that gives several events counts once."""
    import narwhals as nw

    used, dropped = 0, dict[str, int]()

    def add(reasons: Mapping[str, int]) -> None:
        for reason, rows in reasons.items():
            if rows:
                dropped[reason] = dropped.get(reason, 0) + rows

    if purchases is not None:
        used += purchases.coverage.used
        add(purchases.coverage.dropped)
    for name in dict.fromkeys(["touches", *(source.table for source in _SOURCES)]):
        if name not in tables:
            continue
        known = collect(
            tables[name].frame.select(nw.len().alias("rows"), nw.col("customer").count()), limit=1
        ).iloc[0]
        used += int(known["customer"])
        add(
            {**tables[name].coverage.dropped, "no customer": int(known["rows"] - known["customer"])}
        )
    return Coverage(used + sum(dropped.values()), used, dropped)
