"""Counts of whole paths, of their steps, and of the flow into orders, out of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.journeys.path_rows import PATH, number_touches

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.settings import Settings

ORDER_STATE, NO_ORDER_STATE = "order", "no_order"


def collapse(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The touches without those that repeat the one before: a run of messages is one step."""
    import narwhals as nw

    turns = nw.col("previous").is_null() | (nw.col("previous") != nw.col("node"))
    return number_touches(rows.filter(turns).drop("previous", "place", "length"))


def count_routes(rows: nw.LazyFrame, size: int, settings: Settings) -> nw.LazyFrame:
    """Paths by their steps: ``code, longer, paths, orders, cents, squares, customers, buyers``.

    ``squares`` are the squared cents of each path, summed.

    ``code`` holds the steps told apart as digits to the base ``size + 1``, 0 for none; ``longer``
    is 1 where the path has more. Lazy: there may be many.
    """
    import narwhals as nw

    steps, base = settings.journeys.path_steps, size + 1
    last = settings.journeys.path_end == "last"
    behind = nw.col("length") - nw.col("place") if last else nw.col("place") - 1
    digit: nw.Expr = nw.lit(0).cast(nw.Int64)
    for place in range(steps):
        worth = (nw.col("node").cast(nw.Int64) + 1) * base**place
        digit = nw.when(behind == place).then(worth).otherwise(digit)
    paths = (
        rows.with_columns(code=digit, longer=_flag(nw.col("length") > steps))
        .group_by(*PATH)
        .agg(nw.col("code").sum().cast(nw.Int64), _most("longer", "converted", "net_cents"))
        .with_columns(squares=nw.col("net_cents").cast(nw.Float64) ** 2)
    )
    people = paths.group_by("code", "longer", "customer").agg(
        nw.len().alias("paths"),
        nw.col("converted").sum().alias("orders"),
        nw.col("net_cents").sum().alias("cents"),
        nw.col("squares").sum(),
    )
    return (
        people.with_columns(buyer=_flag(nw.col("orders") > 0))
        .group_by("code", "longer")
        .agg(
            nw.len().alias("customers"),
            nw.col("buyer").sum().alias("buyers"),
            nw.col("paths", "orders", "cents", "squares").sum(),
        )
    )


def read_steps(code: int, size: int, settings: Settings) -> list[int]:
    """The nodes of a code in order of time."""
    nodes = []
    while code:
        code, digit = divmod(code, size + 1)
        nodes.append(digit - 1)
    return nodes[::-1] if settings.journeys.path_end == "last" else nodes


def count_steps(rows: nw.LazyFrame, names: tuple[str, ...], settings: Settings) -> pd.DataFrame:
    """Where paths are at step 1, 2, ...: ``step, touchpoint, customers, paths``.

    A path that ended before a step stands as ``order`` or ``no_order``.
    """
    import narwhals as nw
    import pandas as pd

    steps = settings.journeys.path_steps
    on_the_way = rows.filter(nw.col("place") <= steps).rename({"place": "step", "node": "state"})
    ended = rows.filter(nw.col("place") == nw.col("length"))
    parts = [_people(on_the_way, "step", "state")]
    for step in range(2, steps + 1):
        gone = ended.filter(nw.col("length") < step).with_columns(
            step=nw.lit(step).cast(nw.Int64),
            state=(nw.lit(len(names) + 1) - nw.col("converted")).cast(nw.Int32),
        )
        parts.append(_people(gone, "step", "state"))
    found = [collect(part, limit=steps * (len(names) + 2)) for part in parts]
    table = pd.concat(found, ignore_index=True).astype("int64")
    states = (*names, ORDER_STATE, NO_ORDER_STATE)
    table.insert(1, "touchpoint", [states[state] for state in table["state"]])
    return table.sort_values(["step", "state"], ignore_index=True).drop(columns="state")


def rank_before_orders(rows: nw.LazyFrame, settings: Settings) -> list[int]:
    """The nodes among the last steps before orders, the most frequent first."""
    import narwhals as nw

    near = nw.col("length") - nw.col("place") < settings.journeys.path_steps
    counts = (
        rows.filter(nw.col("converted") == 1, near).group_by("node").agg(nw.len().alias("paths"))
    )
    found = collect(counts, limit=settings.journeys.path_touchpoints + 1)
    ranked = found.sort_values(["paths", "node"], ascending=[False, True])
    return [int(node) for node in ranked["node"]]


def count_flow(rows: nw.LazyFrame, names: tuple[str, ...], settings: Settings) -> pd.DataFrame:
    """Moves into orders: ``steps_before, from_state, to_state, customers, paths``.

    ``steps_before`` counts back from the order, which is 0; ``to_state`` of the last touch is
    ``len(names)``.
    """
    import narwhals as nw

    won = rows.filter(nw.col("converted") == 1).with_columns(
        behind=nw.col("length") - nw.col("place")
    )
    into_order = won.filter(nw.col("behind") == 0).with_columns(
        steps_before=nw.lit(1).cast(nw.Int64),
        from_state=nw.col("node"),
        to_state=nw.lit(len(names)).cast(nw.Int32),
    )
    between = won.filter(
        ~nw.col("previous").is_null(), nw.col("behind") < settings.journeys.path_steps - 1
    ).with_columns(
        steps_before=(nw.col("behind") + 2).cast(nw.Int64),
        from_state=nw.col("previous"),
        to_state=nw.col("node"),
    )
    keys = ("steps_before", "from_state", "to_state")
    columns = [*keys, "customer", *PATH[1:]]
    both = nw.concat([into_order.select(columns), between.select(columns)])
    limit = (len(names) + 1) ** 2 * settings.journeys.path_steps
    return collect(_people(both, *keys), limit=limit).astype("int64")


def _people(rows: nw.LazyFrame, *keys: str) -> nw.LazyFrame:
    """Paths and people by the keys."""
    import narwhals as nw

    one = rows.group_by(*keys, "customer").agg(nw.len().alias("paths"))
    return one.group_by(*keys).agg(nw.len().alias("customers"), nw.col("paths").sum())


def _flag(condition: nw.Expr) -> nw.Expr:
    import narwhals as nw

    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def _most(*names: str) -> nw.Expr:
    import narwhals as nw

    return nw.col(*names).max()
