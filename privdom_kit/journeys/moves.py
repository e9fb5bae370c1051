"""How often one event follows another, and how long that takes: exact, on any frame of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.journeys.event_rows import open_events

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

MOST_EDGES = 1_000_000  # pairs of events that may leave the engine


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
        pairs = follow(rows.frame, "event", ("time",), collapse=collapse_repeats)
        grouped = pairs.group_by("from_event", "to_event").agg(
            nw.len().alias("transitions"), nw.col("seconds").median().alias("median_seconds")
        )
        table = collect(grouped, limit=MOST_EDGES)
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
