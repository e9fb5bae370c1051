"""Flows between columns of touchpoints, drawn to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.labels import label
from privdom_kit.report.drawing import number_text
from privdom_kit.report.theme import CATEGORY_COLOURS, INK, MUTED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_BAR, _BEND = 0.09, 0.5  # width of a bar, and where a ribbon bends, in columns
_GAP = 0.035  # between two bars of a column, in heights of the tallest column
_LEAST_NAMED = 0.045  # height from which a bar has room for its words

Spot = tuple[int, str]


def draw_sankey(ax: Axes, flow: pd.DataFrame, names: list[str], end: str) -> dict[Spot, float]:
    """Bars for touchpoints at each step before the end, ribbons for the moves between them.

    Args:
        ax: The axes.
        flow: ``steps_before, from_touchpoint, to_touchpoint, orders`` of the moves shown.
        names: Touchpoints from top to bottom, in the order of their colours.
        end: Where all flows lead.

    Returns:
        Heights of the bars by steps before the end and touchpoint.
    """
    moves = [
        ((int(step), origin), (int(step) - 1, target), float(orders))
        for step, origin, target, orders in zip(
            flow["steps_before"],
            flow["from_touchpoint"],
            flow["to_touchpoint"],
            flow["orders"],
            strict=True,
        )
    ]
    order = [*names, end]
    heights = _heights(moves)
    floors = _floors(heights, order)
    colours = _colours(names, end)
    _draw_ribbons(ax, moves, floors, order, colours)
    tallest = max(sum(h for (step, _), h in heights.items() if step == at) for at, _ in heights)
    for spot, height in heights.items():
        _draw_bar(ax, spot, floors[spot], height, colours[spot[1]], tallest)
    for name in names:  # bars too low for words are known by their colour
        ax.plot([], [], "s", color=colours[name], label=str(label(name)))
    return heights


def _heights(moves: list[tuple[Spot, Spot, float]]) -> dict[Spot, float]:
    """What goes into or out of a bar, whichever is more: ways begin at bars as well."""
    inward: dict[Spot, float] = {}
    outward: dict[Spot, float] = {}
    for origin, target, orders in moves:
        outward[origin] = outward.get(origin, 0.0) + orders
        inward[target] = inward.get(target, 0.0) + orders
    spots = dict.fromkeys([*outward, *inward])
    return {spot: max(inward.get(spot, 0.0), outward.get(spot, 0.0)) for spot in spots}


def _floors(heights: dict[Spot, float], order: list[str]) -> dict[Spot, float]:
    """Where each bar begins, counted downward; columns are centred."""
    columns = {step: [n for n in order if (step, n) in heights] for step, _ in heights}
    full = max(sum(heights[step, n] for n in column) for step, column in columns.items())
    gap = full * _GAP
    floors = {}
    for step, column in columns.items():
        place = -(sum(heights[step, n] for n in column) + gap * (len(column) - 1)) / 2
        for name in column:
            floors[step, name] = place
            place += heights[step, name] + gap
    return floors


def _colours(names: list[str], end: str) -> dict[str, str]:
    wheel = [*CATEGORY_COLOURS, MUTED]
    found = {name: wheel[min(place, len(wheel) - 1)] for place, name in enumerate(names)}
    return {**found, end: INK}


def _draw_ribbons(
    ax: Axes,
    moves: list[tuple[Spot, Spot, float]],
    floors: dict[Spot, float],
    order: list[str],
    colours: dict[str, str],
) -> None:
    """Ribbons leave and enter a bar in the order of the bars that they join."""
    leaves, enters = dict(floors), dict(floors)
    ranked = sorted(moves, key=lambda m: (m[0][0], order.index(m[0][1]), order.index(m[1][1])))
    starts = {}
    for origin, target, orders in ranked:
        starts[origin, target] = leaves[origin]
        leaves[origin] += orders
    for origin, target, orders in sorted(ranked, key=lambda m: order.index(m[0][1])):
        colour = colours[origin[1]]
        _draw_ribbon(ax, origin[0], starts[origin, target], enters[target], orders, colour)
        enters[target] += orders


def _draw_ribbon(
    ax: Axes, step: int, start: float, finish: float, height: float, colour: str
) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    left, right = -step + _BAR / 2, -step + 1 - _BAR / 2
    bend = left + (right - left) * _BEND
    points = [
        *((left, start), (bend, start), (bend, finish), (right, finish)),
        *((right, finish + height), (bend, finish + height)),
        *((bend, start + height), (left, start + height), (left, start)),
    ]
    curve, line = Path.CURVE4, Path.LINETO
    codes = [Path.MOVETO, curve, curve, curve, line, curve, curve, curve, Path.CLOSEPOLY]
    ax.add_patch(PathPatch(Path(points, codes), facecolor=colour, alpha=0.3, linewidth=0))


def _draw_bar(
    ax: Axes, spot: Spot, floor: float, height: float, colour: str, tallest: float
) -> None:
    from matplotlib.patches import Rectangle

    step, name = spot
    bar = Rectangle((-step - _BAR / 2, floor), _BAR, height, color=colour)
    bar.set_gid(f"{step}:{name}")
    ax.add_patch(bar)
    if height < tallest * _LEAST_NAMED:
        return
    words = f"{label(name)} {number_text(height, 'count')}"
    place = (-step + _BAR / 2 + 0.03, floor + height / 2)
    ax.text(*place, words, va="center", ha="left", fontsize=8.5, color=INK)
