"""The ways to the order: the most common, the most valuable, where people are at each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import (
    Question,
    add_rate,
    bounded,
    interval_figures,
    rate,
    used_settings,
)
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import mean_interval
from privdom_kit.journeys.path_counts import (
    ORDER_STATE,
    collapse,
    count_flow,
    count_routes,
    count_steps,
    rank_before_orders,
    read_steps,
)
from privdom_kit.journeys.path_rows import (
    OTHER,
    PathRows,
    count_paths,
    missing_tables,
    read_paths,
    too_few,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_SETTINGS = (
    *("attribution_days", "path_direction", "path_touchpoints", "path_steps", "path_end"),
    *("paths_shown", "path_min_paths", "path_flow_touchpoints", "attribution_min_orders"),
    "confidence_level",
)
_UNITS = {
    **{f"step_{place}": "text: touchpoint" for place in range(1, 9)},
    "longer": "text: whether the path has more steps than are shown",
    "customers": "count: people who went this way",
    "buyers": "count: people who went this way to an order",
    "paths": "count: times the way was gone",
    "orders": "count: paths that end with an order",
    "conversion_rate": "percent: share of the paths that end with an order",
    "net_revenue": "money: net revenue of the orders",
    "revenue_per_path": "money: net revenue per path, with and without an order",
    "step": "count: place of the step on the path",
    "touchpoint": "text: touchpoint, or how the path ended before this step",
    "share": "percent: share of all paths",
    "all_paths": "count: all paths",
    "steps_before": "count: steps before the order",
    "from_touchpoint": "text: touchpoint",
    "to_touchpoint": "text: touchpoint, or the order",
    "all_orders": "count: orders, those of one person and day as one",
    "touched_orders": "count: orders with a touch in the window before",
    "touched_share": "percent: share of orders with a touch in the window before",
    "listed_orders": "count: orders at the end of the common paths listed",
}
QUESTION = Question("paths", (), _UNITS)


def measure_paths(base: Base, settings: Settings) -> Result:
    """Paths of touches to an order, or to none, and what they brought.

    Paths are the touches in windows of ``attribution_days`` before each order and before the end
    of ``as_of`` (:mod:`~privdom_kit.journeys.path_rows`); a repeated touchpoint is one step. The
    last (or first) ``path_steps`` steps tell paths apart. The result describes; there is no line
    that a path should meet, so the verdict is clear where there are orders enough.

    Returns:
        ``table``: the most common paths: step_1, step_2, ... in order of time, longer, customers,
        paths, buyers, orders, conversion rate with interval, net revenue, also per path.
        ``valuable``: the same by net revenue per path, of paths gone often enough. ``steps``:
        step, touchpoint (``order`` and ``no_order``: ended before), customers, paths, share of all
        paths. ``flow``: steps_before, from_touchpoint, to_touchpoint, customers, orders: the moves
        of the last steps into orders, for a Sankey diagram.
    """
    used = used_settings(settings, *(f"journeys.{name}" for name in _SETTINGS))
    reason = missing_tables(base)
    if reason is not None:
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    paths = read_paths(base, settings)
    figures = _figures(paths, settings)
    coverage = base.events.coverage
    if (why := too_few(int(str(figures["touched_orders"])), settings)) is not None:
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, why, used, coverage=coverage
        )
    rows = checkpoint(collapse(paths.frame))
    routes = checkpoint(count_routes(rows, len(paths.names), settings))
    common, hidden = _routes(routes, "paths", paths, settings)
    valuable, _ = _routes(routes, "revenue", paths, settings)
    steps, cells = _steps(rows, paths, int(str(figures["all_paths"])), settings)
    flow, more = _flow(rows, paths, settings)
    if not len(common):
        why = msg("No path was gone by {least:count} people.", least=settings.privacy.min_cell)
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, why, used, coverage=coverage
        )
    figures["listed_orders"] = int(common["orders"].sum())
    enough = int(str(figures["touched_orders"])) >= settings.journeys.attribution_min_orders
    return QUESTION.answer(
        base.as_of,
        Verdict.CLEAR if enough else Verdict.NOT_ENOUGH_DATA,
        common,
        used,
        coverage=coverage,
        figures=figures,
        tables={"valuable": valuable, "steps": steps, "flow": flow},
        notes=(*_notes(), *suppression_note(hidden + cells + more, settings.privacy.min_cell)),
    )


def _figures(paths: PathRows, settings: Settings) -> dict[str, object]:
    every, orders = count_paths(paths)
    return {
        "all_orders": paths.orders,
        "touched_orders": orders,
        "touched_share": orders / paths.orders if paths.orders else None,
        "all_paths": every,
        **rate(orders, every, "conversion_rate", settings.journeys.confidence_level),
    }


def _routes(
    routes: nw.LazyFrame, by: str, paths: PathRows, settings: Settings
) -> tuple[pd.DataFrame, int]:
    """The paths that many enough people went, the first by a column, and how many were hidden."""
    import narwhals as nw
    import pandas as pd

    least, rules = settings.privacy.min_cell, settings.journeys
    known = routes.with_columns(revenue=nw.col("cents") / nw.col("paths") / 100)
    seen = known.filter(nw.col("customers") >= least)
    if by != "paths":
        # Money of a few buyers would be theirs to read.
        seen = seen.filter(nw.col("paths") >= rules.path_min_paths, nw.col("buyers") >= least)
    top = seen.sort(by, "code", "longer", descending=[True, False, False])
    table = collect(top.head(rules.paths_shown), limit=rules.paths_shown)
    table["net_revenue"] = table["cents"] / 100
    named = pd.concat([_named(table, paths, settings), _per_path(table, settings)], axis=1)
    named = add_rate(named, "orders", "paths", "conversion_rate", rules.confidence_level)
    money = ["net_revenue", *bounded("revenue_per_path")]
    rates = [name for name in named if name.startswith("conversion_rate")]
    return suppress(named, "buyers", ["orders", *rates, *money], least)


def _per_path(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    import pandas as pd

    level = settings.journeys.confidence_level
    found = []
    for n, total, squares in zip(table["paths"], table["cents"], table["squares"], strict=True):
        interval = mean_interval(int(n), float(total) / 100, float(squares) / 10_000, level)
        found.append(interval_figures("revenue_per_path", interval))
    return pd.DataFrame(found, columns=list(bounded("revenue_per_path")), dtype="float64")


def _named(table: pd.DataFrame, paths: PathRows, settings: Settings) -> pd.DataFrame:
    """The rows with a column a step, in order of time, empty where the path is shorter."""
    import pandas as pd

    size, steps = len(paths.names), settings.journeys.path_steps
    read = [read_steps(int(code), size, settings) for code in table["code"]]
    columns: dict[str, list[str | None]] = {
        f"step_{place + 1}": [
            paths.names[nodes[place]] if place < len(nodes) else None for nodes in read
        ]
        for place in range(steps)
    }
    columns["longer"] = ["true" if longer else "false" for longer in table["longer"]]
    counts = ["customers", "paths", "buyers", "orders"]
    numbers = table[counts].astype("int64").assign(net_revenue=table["net_revenue"])
    return pd.concat([pd.DataFrame(columns, dtype=object), numbers.reset_index(drop=True)], axis=1)


def _steps(
    rows: nw.LazyFrame, paths: PathRows, every: int, settings: Settings
) -> tuple[pd.DataFrame, int]:
    table = count_steps(rows, paths.names, settings)
    table["all_paths"] = every
    table["share"] = table["paths"] / every
    least = settings.privacy.min_cell
    return suppress(table, "customers", ["paths", "share"], least, groups=(("step",),))


def _flow(rows: nw.LazyFrame, paths: PathRows, settings: Settings) -> tuple[pd.DataFrame, int]:
    """The moves into orders among the touchpoints drawn; the others are one."""
    import narwhals as nw

    ranked = rank_before_orders(rows, settings)
    drawn = ranked[: settings.journeys.path_flow_touchpoints]
    names = (*(paths.names[node] for node in drawn), *([OTHER] if len(ranked) > len(drawn) else []))

    def merged(name: str) -> nw.Expr:
        place: nw.Expr = nw.lit(len(drawn))
        for rank, node in enumerate(drawn):
            place = nw.when(nw.col(name) == node).then(nw.lit(rank)).otherwise(place)
        known = ~nw.col(name).is_null()
        return nw.when(known).then(place).otherwise(nw.lit(None)).cast(nw.Int32).alias(name)

    table = count_flow(rows.with_columns(merged("node"), merged("previous")), names, settings)
    table = table.sort_values(["steps_before", "from_state", "to_state"], ascending=[0, 1, 1])
    states = (*names, ORDER_STATE)
    for end in ("from", "to"):
        table[f"{end}_touchpoint"] = [states[state] for state in table[f"{end}_state"]]
    kept = ["steps_before", "from_touchpoint", "to_touchpoint", "customers", "paths"]
    shown = table[kept].rename(columns={"paths": "orders"}).reset_index(drop=True)
    least = settings.privacy.min_cell
    return suppress(shown, "customers", ["orders"], least, groups=(("steps_before",),))


def _notes() -> tuple[Message, ...]:
    return (
        msg(
            "Time before each order and before the end of the data is cut into windows of equal "
            "length; a window's touches are one path. Repeated touchpoints are one step."
        ),
        msg("Intervals take paths as independent; several may be of one person."),
        msg("Common paths are not causes: much sent is often met."),
    )
