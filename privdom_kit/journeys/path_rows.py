"""The touches before each order, and those that led to none, as rows of the engine.

A person's time before each order, and before the end of ``as_of``, is cut backward into windows of
``attribution_days``. The touches of one window are one path. It converts where the window ends
with an order; it does not where it ends with nothing, be it because the order came later or not
by ``as_of``. So a path that converts and one that does not are equally long in time, every touch
lies on one path, and nobody has to be waited for. Orders of one person and day are one order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect, send
from privdom_kit.events import BRAND, CUSTOMER, ORDER, ORDER_BY
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

DAY = 86_400
#: All touchpoints beyond the most frequent ones.
OTHER = "other_touchpoints"
REMOVED = ("removed", "unsubscribed", "opted_out")
# Orders and ends are where a path leads; the rest is nothing that a person meets, or the second
# record of one message.
_NO_TOUCHES: tuple[str, ...] = (
    ORDER,
    "deal",
    *REMOVED,
    "removed_by_staff",
    "transferred",
    "complained",
)
_NO_TOUCHES = (*_NO_TOUCHES, "qualified", "assigned", "delivered")
_DIRECTIONS = {"both": (BRAND, CUSTOMER), "brand": (BRAND,), "customer": (CUSTOMER,)}
_DIRECTION_NAMES = {"both": ("brand", "customer"), "brand": ("brand",), "customer": ("customer",)}
PATH = ("customer", "end", "slice")
# A multiplicative hash (Knuth), so that groups of people do not follow the order of their numbers.
_NEVER = 2**62  # a second after all others
_HASH, _HASH_SIZE = 2_654_435_761, 2**32


@dataclass(frozen=True, slots=True, eq=False)
class PathRows:
    """Touches on paths, kept in the engine.

    Attributes:
        frame: One row a touch: ``customer, group`` (of people, for resampling)``, end, slice``
            (with customer: its path)``, node`` (place in ``names``)``, previous`` (node of the
            touch before on the path, null at its start)``, place`` (from 1)``, length`` (touches
            of the path)``, age`` (seconds before the order or the end of time)``, converted`` (1
            or 0)``, net_cents`` (of the order; 0 without)``, time, source, row``.
        names: Touchpoints by node.
        orders: Orders, those of one person and day as one, with or without a touch before.
    """

    frame: nw.LazyFrame
    names: tuple[str, ...]
    orders: int


def missing_tables(base: Base) -> Message | None:
    """Why there are no paths at all; None where there may be."""
    if base.purchases is None:
        return msg("No orders table was given.")
    if not any(kind["action"] != ORDER for kind in base.events.counts):
        return msg("No table tells of touches before an order.")
    return None


def too_few(orders: int, settings: Settings) -> Message | None:
    """Why the orders at the end of paths are too few to say anything of; None where they are not.

    Args:
        orders: Orders with a touch in the window before them.
        settings: The thresholds; ``privacy.min_cell`` is the fewest that may be shown.
    """
    days, least = settings.journeys.attribution_days, settings.privacy.min_cell
    if not orders:
        return msg("No order has a touch in the {days:days} before it.", days=days)
    if orders < least:
        return msg(
            "Fewer than {least:count} orders have a touch in the {days:days} before: too few to be "
            "shown.",
            least=least,
            days=days,
        )
    return None


def touch_nodes(base: Base, settings: Settings) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Which node each touchpoint with a touch is, the most frequent first, and their names."""
    import pandas as pd

    journeys = settings.journeys
    found: dict[str, int] = {}
    for kind in base.events.counts:
        if _is_touch(kind, journeys.path_direction):
            name = str(kind["touchpoint"])
            found[name] = found.get(name, 0) + int(str(kind["events"]))
    ranked = sorted(found, key=lambda name: (-found[name], name))
    named, rest = ranked[: journeys.path_touchpoints], ranked[journeys.path_touchpoints :]
    names = (*named, OTHER) if rest else tuple(named)
    nodes = {name: min(place, len(named)) for place, name in enumerate(ranked)}
    codes = [base.events.touchpoint(name) for name in nodes]
    table = pd.DataFrame({"touchpoint": codes, "node": list(nodes.values())}, dtype="int32")
    return table, names


def _is_touch(kind: Mapping[str, Any], direction: str) -> bool:
    asked = kind["direction"] in _DIRECTION_NAMES[direction]
    return asked and kind["action"] not in _NO_TOUCHES


def touches(base: Base, settings: Settings, nodes: pd.DataFrame) -> nw.LazyFrame:
    """The events that are touches, with their node: ``customer, time, source, row, node``."""
    import narwhals as nw

    events = base.events
    no_touch = [events.action(name) for name in _NO_TOUCHES if name in events.actions]
    chosen = events.frame.filter(
        nw.col("direction").is_in(list(_DIRECTIONS[settings.journeys.path_direction])),
        ~nw.col("action").is_in([*no_touch, -1]),
    )
    known = send(nodes, chosen)
    return chosen.join(known, on="touchpoint", how="inner").select(
        "customer", "time", "source", "row", "node"
    )


def order_days(base: Base) -> nw.LazyFrame:
    """Orders, those of one person and day as one: ``customer, end`` (time)``, order_cents``."""
    import narwhals as nw

    orders = base.events.frame.filter(nw.col("action") == base.events.action(ORDER))
    return (
        orders.group_by("customer", "day")
        .agg(nw.col("time").min().alias("end"), nw.col("net_cents").sum().alias("order_cents"))
        .select("customer", "end", nw.col("order_cents").cast(nw.Int64))
    )


def group_of(groups: int) -> nw.Expr:
    """The group of people that a person belongs to, 0 to ``groups - 1``."""
    import narwhals as nw

    hashed = (nw.col("customer").cast(nw.Int64) * _HASH) % _HASH_SIZE
    return (hashed % groups).cast(nw.Int32)


def end_of_time(base: Base) -> int:
    """The second after the last day seen."""
    return (base.as_of_day + 1) * DAY


def read_paths(base: Base, settings: Settings) -> PathRows:
    """The paths of a client; the touches come from the engine once and are kept there."""
    import narwhals as nw

    nodes, names = touch_nodes(base, settings)
    ends = checkpoint(order_days(base))
    rows = _with_order(touches(base, settings, nodes), ends)
    window = settings.journeys.attribution_days * DAY
    ordered = nw.col("next_order") < _NEVER
    until = nw.when(ordered).then(nw.col("next_order")).otherwise(nw.lit(end_of_time(base)))
    # The second of the order itself belongs to its window, and so does the second W days before.
    age = nw.max_horizontal(until - nw.col("time"), nw.lit(0))
    cut = nw.max_horizontal(age - 1, nw.lit(0)) // window
    rows = rows.with_columns(end=until, age=age, slice=cut.cast(nw.Int32))
    converted = ordered & (nw.col("slice") == 0)
    rows = rows.with_columns(
        converted=nw.when(converted).then(nw.lit(1)).otherwise(nw.lit(0)),
        group=group_of(settings.journeys.bootstrap_groups),
    )
    rows = rows.join(ends, on=["customer", "end"], how="left").with_columns(
        net_cents=nw.when(nw.col("converted") == 1).then(nw.col("order_cents")).otherwise(0)
    )
    frame = checkpoint(number_touches(rows).drop("next_order", "order_cents"))
    count = collect(ends.select(nw.len().alias("orders")), limit=1)
    return PathRows(frame, names, int(count["orders"].iloc[0]))


def count_paths(paths: PathRows) -> tuple[int, int]:
    """How many paths there are, and how many of them end with an order."""
    import narwhals as nw

    ends = paths.frame.filter(nw.col("place") == nw.col("length"))
    counts = ends.select(nw.len().alias("paths"), nw.col("converted").sum().alias("orders"))
    found = collect(counts, limit=1).fillna(0).iloc[0]
    return int(found["paths"]), int(found["orders"])


def number_touches(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The rows with ``previous, place`` and ``length`` on their path."""
    import narwhals as nw

    return rows.with_columns(
        previous=nw.col("node").shift(1).over(*PATH, order_by=ORDER_BY),
        place=nw.col("node").cum_count().over(*PATH, order_by=ORDER_BY),
        length=nw.col("node").count().over(*PATH),
    )


def _with_order(rows: nw.LazyFrame, ends: nw.LazyFrame) -> nw.LazyFrame:
    """The touches with the time of the person's next order; ``_NEVER`` where none follows."""
    import narwhals as nw

    # An order ranks behind touches of the same second and before all else, as in the event scale.
    orders = ends.select(
        nw.col("customer"),
        nw.col("end").alias("time"),
        nw.lit(1).cast(nw.Int32).alias("source"),
        nw.lit(-1).cast(nw.Int64).alias("row"),
        nw.lit(-1).cast(nw.Int32).alias("node"),
        nw.col("end").alias("order_time"),
    )
    empty = rows.with_columns(order_time=nw.lit(_NEVER).cast(nw.Int64))
    following = nw.col("order_time").cum_min(reverse=True).over("customer", order_by=ORDER_BY)
    both = nw.concat([empty, orders]).with_columns(next_order=following)
    return both.filter(nw.col("node") >= 0).drop("order_time")
