"""Events of one's own, in any frame, as lazy rows in an engine: person, second, event."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import closing, collect, connect, epoch_seconds
from privdom_kit.errors import DataError, nearest
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

PERSON, TIME, EVENT = "customer_id", "occurred_at", "event"
_COLUMNS = (PERSON, TIME, EVENT)
_MOST_NAMES = 100_000  # distinct events that may leave the engine
_SHOWN = 5  # present events that an error lists


@dataclass(frozen=True, slots=True, eq=False)
class EventRows:
    """Usable events.

    Attributes:
        frame: ``person, time`` (epoch seconds)``, event``; nothing missing.
        coverage: Rows seen, used, and left out by reason.
    """

    frame: nw.LazyFrame
    coverage: Coverage

    def names(self) -> dict[Any, int]:
        """Every event with its rows, the most frequent first."""
        import narwhals as nw

        grouped = self.frame.group_by("event").agg(nw.len().alias("rows"))
        table = collect(grouped, limit=_MOST_NAMES).sort_values("rows", ascending=False)
        return dict(zip(table["event"].tolist(), table["rows"].astype(int).tolist(), strict=True))


@contextmanager
def open_events(events: Any) -> Iterator[EventRows]:
    """The events of a frame, in its own engine where it has one, for as long as the block runs.

    Args:
        events: ``customer_id, occurred_at`` (a time, or epoch seconds)``, event``: a pandas frame,
            or any frame that narwhals takes. A frame in memory is read by the embedded engine.

    Raises:
        DataError: It is no frame, a column is missing, or the times are no times.
    """
    import narwhals as nw

    frame = _frame_of(events)
    if isinstance(frame, nw.LazyFrame):
        yield _usable(frame)
        return
    with closing(connect()) as connection:
        table = frame.to_pandas()
        if str(table[EVENT].dtype) == "category":
            table = table.assign(**{EVENT: table[EVENT].astype(table[EVENT].cat.categories.dtype)})
        yield _usable(nw.from_native(connection.from_df(table)))


def _frame_of(events: Any) -> Any:
    import narwhals as nw

    try:
        frame = nw.from_native(events)
    except TypeError:
        raise DataError(
            f"the events are a {type(events).__name__}",
            "expected a frame of pandas, or a lazy frame of an engine",
        ) from None
    there = frame.collect_schema().names()
    missing = [name for name in _COLUMNS if name not in there]
    if missing:
        raise DataError(
            f"the events have no column {', '.join(missing)}; they have {', '.join(there)}",
            f"expected {', '.join(_COLUMNS)}",
            "Rename the columns of the frame",
        )
    return frame.select(*_COLUMNS)


def _usable(frame: nw.LazyFrame) -> EventRows:
    """The rows that say who, when and what; the others counted by the first thing they lack."""
    import narwhals as nw

    rows = frame.select(
        nw.col(PERSON).alias("person"),
        epoch_seconds(frame, TIME).alias("time"),
        nw.col(EVENT).alias("event"),
    )
    names = ("person", "time", "event")
    counts = [nw.col(name).count() for name in names]
    told = collect(rows.select(nw.len().alias("rows"), *counts), limit=1).astype("int64").iloc[0]
    total = int(told["rows"])
    if all(told[name] == total for name in names):
        return EventRows(rows, Coverage(total, total))
    dropped = _reasons(rows)
    kept = rows.filter(*(~nw.col(name).is_null() for name in names))
    return EventRows(kept, Coverage(total, total - sum(dropped.values()), dropped))


def _reasons(rows: nw.LazyFrame) -> dict[str, int]:
    """Rows left out, by the first thing that they lack."""
    import narwhals as nw

    person, time, event = (nw.col(name).is_null() for name in ("person", "time", "event"))
    reasons = {
        "no customer": person,
        "no time": ~person & time,
        "no event": ~person & ~time & event,
    }
    flags = [
        nw.when(lacks).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias(reason)
        for reason, lacks in reasons.items()
    ]
    counted = collect(rows.select(*flags), limit=1).iloc[0]
    return {reason: int(counted[reason]) for reason in reasons if counted[reason]}


def unknown_name(name: Any, present: dict[Any, int], what: str) -> DataError:
    """The error on a name that no event has: the nearest present ones, else the most frequent."""
    spelled = {str(known): rows for known, rows in present.items()}
    close = nearest(str(name), spelled, _SHOWN)
    shown = close or list(spelled)[:_SHOWN]
    listed = ", ".join(f"{known} ({spelled[known]:,})" for known in shown)
    word = "nearest" if close else "most frequent"
    return DataError(
        f"the {what} {str(name)!r} is no event of these data",
        f"{word} of the {len(spelled):,} present, with their rows: {listed}",
        "Correct the name",
    )
