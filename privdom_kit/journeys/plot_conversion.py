"""Charts of the funnel and of what follows what; each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.journeys.node_names import node_label, step_label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import bars, grid, known_source, number_text
from privdom_kit.report.theme import ACCENT, MUTED, VERDICT_COLOURS, new_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_NAMES_APART = 6  # columns from which their names need to stand at a slant


def plot_funnel(result: Result, ax: Axes | None = None) -> Axes | None:
    """People at each step; between two steps the share of the step before that goes on.

    The bottleneck is drawn in the colour of a warning and named in the legend.
    """
    if not len(result.table):
        return ax
    table = result.table
    ax = ax or new_axes(height=1.5 + 0.72 * len(table), grid="x")
    stuck = result.figures["bottleneck_step"]
    warning = VERDICT_COLOURS["watch"]
    colours = [warning if step == stuck else ACCENT for step in table["step"]]
    places = bars(ax, table["name"], table["customers"], "count", colours)
    ax.set_yticks(places, [str(step_label(name)) for name in table["name"]])
    for place, share in zip(places[1:], table["of_previous"].iloc[1:], strict=True):
        if not is_missing(share):
            ax.annotate(
                text("↓ {share:percent} go on", share=share),
                (0, place - 0.5),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=MUTED,
            )
    if stuck is not None:
        ax.plot([], [], "s", color=warning, label=text("smallest share in time"))
        ax.legend(frameon=False, loc="lower right")
    ax.set_xlabel(text("people"))
    title_axes(ax, msg("How many reach each step"), known_source(result, "entered"))
    return ax


def plot_transitions(result: Result, ax: Axes | None = None) -> Axes | None:
    """From where (rows) to where (columns): the share of the times that people went on."""
    if not len(result.table):
        return ax
    wide = _matrix(result.table)
    ax = ax or new_axes(height=2.0 + 0.42 * len(wide), grid="none")
    grid(ax, wide, wide, "percent")
    ax.set_xticks(range(wide.shape[1]), [str(node_label(name)) for name in wide.columns])
    ax.set_yticks(range(len(wide)), [str(node_label(name)) for name in wide.index])
    if wide.shape[1] >= _NAMES_APART:
        for words in ax.get_xticklabels():
            words.set(rotation=30, ha="right")
    ax.set_ylabel(text("from"), rotation=0, ha="right")
    ax.set_xlabel(text("to"))
    moves = number_text(result.figures["moves"], "count")
    title_axes(
        ax,
        msg("What follows what"),
        msg(
            "{moves} moves of {people:count} people, up to {as_of:date}; blank: none, or too few "
            "to show.",
            moves=moves,
            people=result.figures["people"],
            as_of=result.as_of,
        ),
    )
    return ax


def _matrix(table: pd.DataFrame) -> pd.DataFrame:
    """The table laid out with a row and a column a node, in the order of first mention."""
    named = list(dict.fromkeys([*table["from_event"], *table["to_event"]]))
    wide = table.pivot(index="from_event", columns="to_event", values="share").astype("float64")
    return wide.reindex(
        index=[name for name in named if name in wide.index],
        columns=[name for name in named if name in wide.columns],
    )
