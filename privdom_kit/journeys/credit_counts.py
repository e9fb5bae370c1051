"""What the models of credit need of the paths, as small aggregates out of the engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.journeys.path_rows import DAY, PATH, PathRows
from privdom_kit.journeys.removal import Moves
from privdom_kit.journeys.resampling import cube, redraw

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.settings import Settings

#: Models whose credit is a sum over the touches of converting paths.
TOUCH_MODELS = ("first", "last", "linear", "position", "time_decay")
_MOST_SETS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class CreditCounts:
    """Aggregates of the paths; nodes are places along the last axes.

    Attributes:
        touches: By group and node, over converting paths: for each of ``TOUCH_MODELS`` its credit
            and, with ``_cents``, its money.
        people: By node: customers on converting paths.
        sets: By set of nodes (bit mask)``, converted``: ``paths, cents``.
        with_node: By group, converted and node: paths that hold the node.
        paths: By group and converted: paths.
        length: Touches of converting paths.
        moves: By group, as :class:`~privdom_kit.journeys.removal.Moves` has them.
    """

    touches: pd.DataFrame
    people: NDArray
    sets: pd.DataFrame
    with_node: NDArray
    paths: NDArray
    length: int
    moves: Moves


def count_credit(paths: PathRows, settings: Settings) -> CreditCounts:
    """The aggregates, by queries that return a few thousand rows at most."""
    import narwhals as nw

    groups, size = settings.journeys.bootstrap_groups, len(paths.names)
    converting = paths.frame.filter(nw.col("converted") == 1)
    people = collect(
        converting.group_by("node").agg(nw.col("customer").n_unique().alias("people")), limit=size
    )
    touches = _touch_credit(converting, settings, groups * size)
    sets = checkpoint(_path_sets(paths.frame, size))
    grouped = _sets_by_group(sets, groups, size)
    return CreditCounts(
        touches=touches,
        people=cube(people, ("node",), (size,), "people"),
        sets=_count_sets(sets, size),
        with_node=grouped[..., :size],
        paths=grouped[..., size],
        length=round(touches["touches"].sum()) if len(touches) else 0,
        moves=count_moves(paths.frame, groups, size),
    )


def _touch_credit(converting: nw.LazyFrame, settings: Settings, limit: int) -> pd.DataFrame:
    import narwhals as nw

    youngest = nw.col("age").min().over(*PATH)
    rate = -math.log(2) / (settings.journeys.attribution_half_life_days * DAY)
    # Counted from the youngest touch, or very old paths would all weigh nothing.
    aged = converting.with_columns(decay=((nw.col("age") - youngest) * rate).exp())
    aged = aged.with_columns(decay_sum=nw.col("decay").sum().over(*PATH))
    weighed = aged.with_columns(touches=nw.lit(1.0), **_weights(settings))
    money = {f"{model}_cents": nw.col(model) * nw.col("net_cents") for model in TOUCH_MODELS}
    sums = [nw.col(name).sum() for name in ("touches", *TOUCH_MODELS, *money)]
    return collect(weighed.with_columns(**money).group_by("group", "node").agg(*sums), limit=limit)


def _weights(settings: Settings) -> dict[str, nw.Expr]:
    """The share of a touch in its order; see :func:`~privdom_kit.journeys.credits`."""
    import narwhals as nw

    place, length = nw.col("place"), nw.col("length")
    first, last = place == 1, place == length
    rules = settings.journeys
    head, tail = rules.attribution_first_share, rules.attribution_last_share
    rest = 1 - head - tail
    between = nw.lit(rest) / nw.max_horizontal(length - 2, nw.lit(1))
    extra = nw.when(length == 2).then(nw.lit(rest / 2)).otherwise(nw.lit(0.0))
    return {
        "first": nw.when(first).then(nw.lit(1.0)).otherwise(nw.lit(0.0)),
        "last": nw.when(last).then(nw.lit(1.0)).otherwise(nw.lit(0.0)),
        "linear": nw.lit(1.0) / length,
        "position": nw.when(length == 1)
        .then(nw.lit(1.0))
        .when(first)
        .then(nw.lit(head) + extra)
        .when(last)
        .then(nw.lit(tail) + extra)
        .otherwise(between),
        "time_decay": nw.col("decay") / nw.col("decay_sum"),
    }


def _path_sets(rows: nw.LazyFrame, size: int) -> nw.LazyFrame:
    """One row a path: which nodes it holds, whether it converts, what for."""
    import narwhals as nw

    holds = {
        f"has_{node}": nw.when(nw.col("node") == node).then(nw.lit(1)).otherwise(nw.lit(0))
        for node in range(size)
    }
    kept = [*holds, "converted", "group", "net_cents"]
    return rows.with_columns(**holds).group_by(*PATH).agg(*[nw.col(name).max() for name in kept])


def _count_sets(sets: nw.LazyFrame, size: int) -> pd.DataFrame:
    import narwhals as nw

    mask: nw.Expr = nw.lit(0).cast(nw.Int64)
    for node in range(size):
        mask = mask + nw.col(f"has_{node}").cast(nw.Int64) * 2**node
    grouped = (
        sets.with_columns(set=mask)
        .group_by("set", "converted")
        .agg(nw.len().alias("paths"), nw.col("net_cents").sum().alias("cents"))
    )
    return collect(grouped, limit=_MOST_SETS).astype({"set": "int64", "cents": "float64"})


def _sets_by_group(sets: nw.LazyFrame, groups: int, size: int) -> NDArray:
    """Paths that hold each node, and last all paths, by group and converted."""
    import narwhals as nw
    import numpy as np

    names = [f"has_{node}" for node in range(size)]
    table = collect(
        sets.group_by("group", "converted").agg(
            *[nw.col(name).sum() for name in names], nw.len().alias("paths")
        ),
        limit=groups * 2,
    )
    columns = [cube(table, ("group", "converted"), (groups, 2), name) for name in (*names, "paths")]
    return np.stack(columns, axis=-1)


def count_moves(rows: nw.LazyFrame, groups: int, size: int) -> Moves:
    """Moves between the touches of paths, their starts and their ends, by group of people."""
    import narwhals as nw
    import numpy as np

    moved = collect(
        rows.with_columns(previous=nw.col("previous").fill_null(size))
        .group_by("group", "previous", "node")
        .agg(nw.len().alias("moves")),
        limit=groups * (size + 1) * size,
    )
    ended = collect(
        rows.filter(nw.col("place") == nw.col("length"))
        .group_by("group", "node", "converted")
        .agg(nw.len().alias("paths")),
        limit=groups * size * 2,
    )
    inside = cube(moved, ("group", "previous", "node"), (groups, size + 1, size), "moves")
    ends = cube(ended, ("group", "node", "converted"), (groups, size, 2), "paths")
    return Moves(inside[:, size], inside[:, :size], np.array(ends[..., 1]), np.array(ends[..., 0]))


def total_moves(moves: Moves, weights: NDArray | None = None) -> Moves:
    """Moves of all groups together, or of each resampled copy."""

    def together(counts: NDArray) -> NDArray:
        return counts.sum(axis=0) if weights is None else redraw(weights, counts)

    parts = (moves.starts, moves.inside, moves.conversions, moves.nulls)
    return Moves(*map(together, parts))


def set_credit(sets: pd.DataFrame, size: int) -> tuple[NDArray, NDArray]:
    """Shapley credit and cents by node: each converting path shared equally by its set."""
    import numpy as np

    won = sets[sets["converted"] == 1]
    held = (won["set"].to_numpy("int64")[:, np.newaxis] >> np.arange(size)) & 1
    shares = held / held.sum(axis=1, keepdims=True)
    return won["paths"].to_numpy("float64") @ shares, won["cents"].to_numpy("float64") @ shares
