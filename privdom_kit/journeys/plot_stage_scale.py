"""The chart of stages: where people stand, and how many pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import bars
from privdom_kit.report.theme import MUTED, SOURCE_SIZE, layer_colours, new_axes, title_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result


def plot_stages(result: Result, ax: Axes | None = None) -> Axes | None:
    """People by the highest stage they have reached; between the bars, who passes on in time."""
    table = result.table
    if not len(table):
        return ax
    ax = ax or new_axes(height=1.5 + 0.62 * len(table), grid="x")
    colours = layer_colours(len(table))[::-1]
    places = bars(ax, table["stage"], table["customers"], "count", colours)
    for place, row in zip(places, table.to_dict("records"), strict=True):
        if is_missing(row["pass_rate"]):
            continue
        words = msg(
            "{rate:percent} of {people:count} pass on",
            rate=row["pass_rate"],
            people=row["ripe_people"],
        )
        ax.annotate(
            f"↓ {words}",
            (0, place + 0.5),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SOURCE_SIZE,
            color=MUTED,
        )
    ax.set_ylim(len(table) - 0.4, -0.5)
    ax.set_xlabel(text("people, by the highest stage reached"))
    source = msg(
        "{people:count} people with events, up to {as_of:date}; passing within {days:days}.",
        people=result.figures["people_with_events"],
        as_of=result.as_of,
        days=result.figures["stage_days"],
    )
    title_axes(ax, msg("How far people have come"), source)
    return ax
