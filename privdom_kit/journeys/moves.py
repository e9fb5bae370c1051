"""How often one event follows another, and how long that takes: exact, on any frame of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.journeys.event_rows import open_events

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.journeys.event_rows import EventRows

MOST_EDGES = 1_000_000  # pairs of events that may leave the engine
_SCALE = 1024  # codes within a second
_MOST_CODED = 64  # names up to which a row finds its code fast
_LONG_AGO = 2**40  # seconds that make every time positive


def count_transitions(events: Any, collapse_repeats: bool = False) -> pd.DataFrame:
    """How often each event directly follows each other one, over all people.

    Events of one person are put in order by time and, within a second, by the event's name: so
    the order of the rows never matters, and two engines agree.

    Args:
        events: ``customer_id, occurred_at`` (a time, or epoch seconds)``, event``: a pandas frame,
            or a lazy frame of any engine that narwhals takes.
        collapse_repeats: Count a run of the same event as one event, which begins with its first.

    Returns:
        A row a pair that occurs, the most frequent first: ``from_event, to_event, transitions``
        and ``median_seconds`` (exact) from the one to the other. ``attrs`` hold ``rows``, ``used``
        and ``dropped``: rows by the reason they were left out (no customer, no time, no event).

    Raises:
        DataError: The frame is no events.
    """
    import narwhals as nw

    with open_events(events) as rows:
        names = _names(rows)
        if names is None:
            pairs = follow(rows.frame, "event", ("time",), collapse=collapse_repeats)
        else:
            pairs = _follow_coded(rows.frame, names, collapse_repeats)
        grouped = pairs.group_by("from_event", "to_event").agg(
            nw.len().alias("transitions"), nw.col("seconds").median().alias("median_seconds")
        )
        table = collect(grouped, limit=MOST_EDGES)
    if names is not None:
        for end in ("from_event", "to_event"):
            table[end] = [names[int(code)] for code in table[end]]
    table = table.sort_values(
        ["transitions", "from_event", "to_event"], ascending=[False, True, True], ignore_index=True
    ).astype({"transitions": "int64", "median_seconds": "float64"})
    table.attrs = {
        "rows": rows.coverage.rows,
        "used": rows.coverage.used,
        "dropped": dict(rows.coverage.dropped),
    }
    return table


def follow(
    rows: nw.LazyFrame, node: str, order: tuple[str, ...], *, collapse: bool
) -> nw.LazyFrame:
    """Every event that has one before it, with that one: the directly-follows pairs.

    Args:
        rows: ``person, time`` and what follows.
        node: The column whose values follow one another.
        order: Columns that order a person's events; ties are put in order by the node.
        collapse: Whether a run of the same node is one event, which begins with its first.

    Returns:
        ``person, from_event, to_event, from_time, seconds``.
    """
    import narwhals as nw

    by = (*order, node)

    def before(column: str) -> nw.Expr:
        return nw.col(column).shift(1).over("person", order_by=by)

    if collapse:
        rows = rows.with_columns(node_before=before(node))
        rows = rows.filter(
            nw.col("node_before").is_null() | (nw.col("node_before") != nw.col(node))
        )
    pairs = rows.with_columns(from_event=before(node), from_time=before("time"))
    return pairs.filter(~nw.col("from_event").is_null()).select(
        "person",
        "from_event",
        "from_time",
        to_event=nw.col(node),
        seconds=nw.col("time") - nw.col("from_time"),
    )


def _names(rows: EventRows) -> list[Any] | None:
    """The events in the order that settles ties, if there are few; their places are codes."""
    names = rows.names()
    return sorted(names) if 0 < len(names) <= _MOST_CODED else None


def _follow_coded(rows: nw.LazyFrame, names: list[Any], collapse: bool) -> nw.LazyFrame:
    """As :func:`follow`, with codes for events.

    Second and code in one number make one short key to sort and to shift, in place of a time, a
    name and both of them again.
    """
    import narwhals as nw

    code: nw.Expr = nw.lit(0)
    for place, name in reversed(list(enumerate(names))[1:]):
        code = nw.when(nw.col("event") == name).then(nw.lit(place)).otherwise(code)
    key = (nw.col("time") + _LONG_AGO) * _SCALE + code
    frame = rows.select("person", key=key.cast(nw.Int64))
    here, before = nw.col("key"), nw.col("before")
    latest = here.shift(1).over("person", order_by="key")
    frame = frame.with_columns(before=latest)
    if collapse:
        frame = frame.filter(before.is_null() | (before % _SCALE != here % _SCALE))
        frame = frame.with_columns(before=latest)
    return frame.filter(~before.is_null()).select(
        from_event=(before % _SCALE).cast(nw.Int16),
        to_event=(here % _SCALE).cast(nw.Int16),
        seconds=here // _SCALE - before // _SCALE,
    )
