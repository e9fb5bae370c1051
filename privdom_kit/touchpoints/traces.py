"""What the data show of each touchpoint: when it was last at work, by name and by metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.knowledge.touchpoints import Touchpoint, load_touchpoints

if TYPE_CHECKING:
    from privdom_kit.base import Base
    from privdom_kit.tables import Table

_MOST_TRACES = 100_000  # distinct (touchpoint, action) and (touchpoint, metric) pairs
# Names in the data for what the catalogue calls otherwise.
ALIASES = {
    "group_chat": "group",
    "wecom": "wecom_chat",
    "member": "membership",
    "official_account": "service_account",
}
# The end of a relation shows no touchpoint at work.
_ENDINGS = ("removed", "removed_by_staff", "transferred", "unsubscribed", "opted_out", "complained")


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that was seen at a touchpoint.

    Attributes:
        touchpoint: Name in the data.
        mark: ``.action`` of an event, ``:metric`` of a statistic, or empty.
        last_day: Last day on which it was seen.
    """

    touchpoint: str
    mark: str
    last_day: int

    @property
    def name(self) -> str:
        """As the catalogue writes it in ``seen_as``."""
        return f"{ALIASES.get(self.touchpoint, self.touchpoint)}{self.mark}"


def read_traces(base: Base) -> list[Trace]:
    """Everything seen, from events, posts, groups and statistics; a statistic of 0 is nothing."""
    return [*_event_traces(base), *_post_traces(base), *_group_traces(base), *_metric_traces(base)]


def seen_by(entry: str, traces: list[Trace]) -> list[Trace]:
    """The traces of a touchpoint of the catalogue or of forms.yml, by its id or what shows it."""
    known = load_touchpoints().touchpoints.get(entry)
    marks = known.seen_as if known is not None else ()
    return [
        trace
        for trace in traces
        if ALIASES.get(trace.touchpoint, trace.touchpoint) == entry or trace.name in marks
    ]


def unknown_names(traces: list[Trace], stated: set[str]) -> list[str]:
    """Touchpoints of the data that neither catalogue nor forms.yml know."""
    catalogue = load_touchpoints().touchpoints
    known = {*catalogue, *stated, *ALIASES, "unknown", *_named_in(catalogue.values())}
    return sorted({trace.touchpoint for trace in traces} - known)


def _named_in(entries: Iterable[Touchpoint]) -> Iterator[str]:
    for entry in entries:
        for mark in entry.seen_as:
            yield mark.partition(".")[0].partition(":")[0]


def _event_traces(base: Base) -> Iterator[Trace]:
    import narwhals as nw

    events = base.events
    grouped = events.frame.group_by("touchpoint", "action").agg(
        nw.col("day").max().alias("last_day")
    )
    for row in collect(grouped, limit=_MOST_TRACES).itertuples(index=False):
        place, action = events.touchpoints[int(row.touchpoint)], events.actions[int(row.action)]
        if action not in _ENDINGS:
            yield Trace(place, f".{action}", int(row.last_day))


def _post_traces(base: Base) -> Iterator[Trace]:
    if "posts" in base.tables:
        posts = base.tables["posts"]
        for name, day in _last_days(posts, "posted_on"):
            yield Trace(name, ".post", day)


def _group_traces(base: Base) -> Iterator[Trace]:
    import narwhals as nw

    if "groups" not in base.tables:
        return
    frame = base.tables["groups"].frame
    row = collect(frame.select(nw.col("date").max().alias("last_day")), limit=1)
    if len(row) and row["last_day"].notna().all():
        yield Trace("group", ":groups", int(row["last_day"].iloc[0]))


def _metric_traces(base: Base) -> Iterator[Trace]:
    import narwhals as nw

    if "touchpoint_days" not in base.tables:
        return
    table = base.tables["touchpoint_days"]
    grouped = (
        table.frame.filter(nw.col("value") != 0)
        .group_by("touchpoint", "metric")
        .agg(nw.col("date").max().alias("last_day"))
    )
    found = table.decode(collect(grouped, limit=_MOST_TRACES), "touchpoint")
    found = table.decode(found, "metric")
    for row in found.itertuples(index=False):
        yield Trace(str(row.touchpoint), f":{row.metric}", int(row.last_day))


def _last_days(table: Table, day: str) -> Iterator[tuple[str, int]]:
    import narwhals as nw

    grouped = table.frame.group_by("touchpoint").agg(nw.col(day).max().alias("last_day"))
    found = table.decode(collect(grouped, limit=_MOST_TRACES), "touchpoint")
    for row in found.itertuples(index=False):
        yield str(row.touchpoint), int(row.last_day)
