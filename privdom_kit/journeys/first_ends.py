"""Each person's touches up to the first order or removal, as counts of moves with their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.events import CUSTOMER, ORDER, ORDER_BY
from privdom_kit.journeys.path_rows import DAY, REMOVED, group_of, touch_nodes, touches
from privdom_kit.journeys.resampling import cube

if TYPE_CHECKING:
    import narwhals as nw
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

#: Where a way ends, in the order of the last axis of the counts, behind the touchpoints.
ENDS = ("first_order", "removal", "under_way")


@dataclass(frozen=True, slots=True, eq=False)
class EndCounts:
    """Moves of people on their way to a first end.

    Attributes:
        names: Touchpoints by node.
        moves: By group, node and next state (touchpoints, then ``ENDS``) (groups, n, n + 3).
        days: Days that these moves took together; those to ``under_way`` are still running.
        starts: By group and node: people whose way starts there.
        people: By node: people who came to it.
        without_touch: People whose first event is the end itself: nothing to learn from.
    """

    names: tuple[str, ...]
    moves: NDArray
    days: NDArray
    starts: NDArray
    people: NDArray
    without_touch: int


def count_ends(base: Base, settings: Settings) -> EndCounts:
    """The moves of every person from the first touch to the first order or removal, or as_of.

    Removal is an end that the person chose: removing staff as a friend, unsubscribing, opting out.
    What follows a first end is not read.
    """
    import narwhals as nw

    nodes, names = touch_nodes(base, settings)
    size, groups = len(names), settings.journeys.bootstrap_groups
    rows = checkpoint(_until_first_end(base, settings, touches(base, settings, nodes), size))
    on_the_way = rows.filter(nw.col("node") < size)
    last = nw.lit(size + ENDS.index("under_way")).cast(nw.Int32)
    moved = collect(
        on_the_way.with_columns(next_node=nw.col("next_node").fill_null(last))
        .group_by("group", "node", "next_node")
        .agg(nw.len().alias("moves"), nw.col("seconds").sum()),
        limit=groups * size * (size + len(ENDS)),
    ).fillna(0)
    started = collect(
        on_the_way.filter(nw.col("previous").is_null())
        .group_by("group", "node")
        .agg(nw.len().alias("people")),
        limit=groups * size,
    )
    people = collect(
        on_the_way.group_by("node").agg(nw.col("customer").n_unique().alias("people")), limit=size
    )
    at_once = rows.filter(nw.col("node") >= size, nw.col("previous").is_null())
    shape = (groups, size, size + len(ENDS))
    keys = ("group", "node", "next_node")
    return EndCounts(
        names=names,
        moves=cube(moved, keys, shape, "moves"),
        days=cube(moved, keys, shape, "seconds") / DAY,
        starts=cube(started, ("group", "node"), (groups, size), "people"),
        people=cube(people, ("node",), (size,), "people"),
        without_touch=int(collect(at_once.select(nw.len().alias("n")), limit=1)["n"].iloc[0]),
    )


def _until_first_end(
    base: Base, settings: Settings, found: nw.LazyFrame, size: int
) -> nw.LazyFrame:
    """Touches and the first end: ``customer, group, node, previous, next_node, seconds``."""
    import narwhals as nw

    ends = _ends(base, size)
    # Ends before or at the row: what comes behind the first one is cut off.
    ended = nw.when(nw.col("node") >= size).then(nw.lit(1)).otherwise(nw.lit(0))
    numbered = nw.concat([found, ends]).with_columns(ended=ended)
    numbered = numbered.with_columns(
        ended_so_far=nw.col("ended").cum_sum().over("customer", order_by=ORDER_BY)
    )
    kept = numbered.filter(nw.col("ended_so_far") - nw.col("ended") == 0)
    following = {"next_node": "node", "next_time": "time"}
    return kept.with_columns(
        previous=nw.col("node").shift(1).over("customer", order_by=ORDER_BY),
        group=group_of(settings.journeys.bootstrap_groups),
        **{
            name: nw.col(column).shift(-1).over("customer", order_by=ORDER_BY)
            for name, column in following.items()
        },
    ).with_columns(seconds=nw.col("next_time") - nw.col("time"))


def _ends(base: Base, size: int) -> nw.LazyFrame:
    import narwhals as nw

    events = base.events
    order = nw.col("action") == events.action(ORDER)
    removed = [events.action(name) for name in REMOVED if name in events.actions]
    left = nw.col("action").is_in([*removed, -1]) & (nw.col("direction") == CUSTOMER)
    state = nw.when(order).then(nw.lit(size)).otherwise(nw.lit(size + 1)).cast(nw.Int32)
    return events.frame.filter(order | left).select(
        "customer", "time", "source", "row", state.alias("node")
    )
