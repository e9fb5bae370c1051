"""Moves from one event to the next, counted in the engine by group of people and layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect, send
from privdom_kit.events import BRAND, CUSTOMER, ORDER_BY
from privdom_kit.journeys.funnel_setup import first_met
from privdom_kit.journeys.moves import follow
from privdom_kit.journeys.path_rows import DAY, group_of
from privdom_kit.journeys.resampling import cube

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

OTHER = "other"
_QUARTILES = {"quarter_days": 0.25, "median_days": 0.5, "three_quarter_days": 0.75}


@dataclass(frozen=True, slots=True, eq=False)
class MoveCounts:
    """Moves between nodes.

    Attributes:
        names: Nodes by place.
        moves: By group of people, layer (0 others, 1 the layer), from and to.
        customers: People by layer, from and to.
        leaving: People who went on from each node: others, the layer, all.
        edges: ``from_node, to_node, transitions, customers`` and quartiles of the days between.
        people: People who went on from any node.
        layered: Whether anybody is in the layer.
    """

    names: tuple[str, ...]
    moves: NDArray
    customers: NDArray
    leaving: NDArray
    edges: pd.DataFrame
    people: int
    layered: bool


def count_moves(base: Base, settings: Settings) -> MoveCounts:
    """The moves of everybody, from the events that the settings ask for."""
    import narwhals as nw

    rows, names = _rows(base, settings)
    rules, size = settings.journeys, len(names)
    pairs = follow(rows, "node", ORDER_BY, collapse=rules.transition_collapse)
    met = first_met(base, rules.transition_layer)
    layer: nw.Expr = nw.lit(0)
    if met is not None:
        pairs = pairs.join(met, on="person", how="left")
        inside = ~nw.col("met").is_null() & (nw.col("met") <= nw.col("from_time"))
        layer = nw.when(inside).then(nw.lit(1)).otherwise(nw.lit(0))
    moves = checkpoint(
        pairs.select(
            "person",
            "seconds",
            from_node=nw.col("from_event"),
            to_node=nw.col("to_event"),
            layer=layer,
            customer=nw.col("person"),
        ).with_columns(group=group_of(rules.bootstrap_groups))
    )
    counted = _count(moves, ("group", "layer", "from_node", "to_node"), rules.bootstrap_groups)
    shape = (rules.bootstrap_groups, 2, size, size)
    edges = _edges(moves, size)
    return MoveCounts(
        names=names,
        moves=cube(counted, ("group", "layer", "from_node", "to_node"), shape, "rows"),
        customers=cube(
            _people(moves, ("layer", "from_node", "to_node"), size),
            ("layer", "from_node", "to_node"),
            (2, size, size),
            "people",
        ),
        leaving=_leaving(moves, size),
        edges=edges,
        people=int(_people(moves.with_columns(all=nw.lit(0)), ("all",), 1)["people"].sum()),
        layered=met is not None,
    )


def _rows(base: Base, settings: Settings) -> tuple[nw.LazyFrame, tuple[str, ...]]:
    """The events asked for with the place of their node, and the nodes' names."""
    import narwhals as nw
    import pandas as pd

    rules, events = settings.journeys, base.events
    sides = {"brand": (BRAND,), "customer": (CUSTOMER,)}.get(rules.path_direction)
    wanted = [
        kind
        for kind in events.counts
        if sides is None or (BRAND if kind["direction"] == "brand" else CUSTOMER) in sides
    ]

    def node(kind: object) -> str:
        place, action = str(kind["touchpoint"]), str(kind["action"])  # type: ignore[index]
        return place if rules.transition_node == "touchpoint" else f"{place}.{action}"

    sizes: Counter[str] = Counter()
    for kind in wanted:
        sizes[node(kind)] += int(str(kind["events"]))
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    kept = ranked[: rules.transition_nodes]
    names = (*kept, OTHER) if len(ranked) > len(kept) else tuple(kept)
    known = {
        (events.touchpoint(str(k["touchpoint"])), events.action(str(k["action"]))): names.index(
            node(k) if node(k) in kept else OTHER
        )
        for k in wanted
    }
    table = pd.DataFrame(
        [(*pair, place) for pair, place in known.items()], columns=["touchpoint", "action", "node"]
    ).astype("int32")
    frame = events.frame.select("customer", *ORDER_BY, "touchpoint", "action", "direction")
    if sides is not None:
        frame = frame.filter(nw.col("direction").is_in(list(sides)))
    rows = frame.join(send(table, frame), on=["touchpoint", "action"], how="inner")
    return rows.rename({"customer": "person"}), names


def _count(moves: nw.LazyFrame, keys: tuple[str, ...], groups: int) -> pd.DataFrame:
    import narwhals as nw

    limit = groups * 2 * 41 * 41
    return collect(moves.group_by(*keys).agg(nw.len().alias("rows")), limit=limit).astype("int64")


def _edges(moves: nw.LazyFrame, size: int) -> pd.DataFrame:
    import narwhals as nw

    days = nw.col("seconds")
    quartiles = [
        days.quantile(share, interpolation="linear").alias(name)
        for name, share in _QUARTILES.items()
    ]
    grouped = moves.group_by("from_node", "to_node").agg(
        nw.len().alias("transitions"), nw.col("person").n_unique().alias("customers"), *quartiles
    )
    table = collect(grouped, limit=size * size)
    whole = ["from_node", "to_node", "transitions", "customers"]
    table[list(_QUARTILES)] = table[list(_QUARTILES)].astype("float64") / DAY
    return table.astype(dict.fromkeys(whole, "int64"))


def _leaving(moves: nw.LazyFrame, size: int) -> NDArray:
    """People who went on from each node: others, the layer, all."""
    import numpy as np

    by_layer = _people(moves, ("layer", "from_node"), size)
    all_of_them = _people(moves, ("from_node",), size)
    return np.vstack(
        [
            cube(by_layer, ("layer", "from_node"), (2, size), "people"),
            cube(all_of_them, ("from_node",), (size,), "people"),
        ]
    )


def _people(moves: nw.LazyFrame, keys: tuple[str, ...], size: int) -> pd.DataFrame:
    import narwhals as nw

    counted = moves.group_by(*keys).agg(nw.col("person").n_unique().alias("people"))
    return collect(counted, limit=2 * size * size).astype("int64")
