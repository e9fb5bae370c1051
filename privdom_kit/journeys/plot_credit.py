"""Charts of paths, of credit by model, and of where ways end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.journeys.path_rows import OTHER
from privdom_kit.journeys.plot_flow import draw_sankey
from privdom_kit.labels import label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import names_of
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    MUTED,
    VERDICT_COLOURS,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_LINE = 0.11  # between the lines of two models, in rows
_MARKERS = {
    "markov": ("o", ACCENT, 7),
    "shapley": ("D", CATEGORY_COLOURS[2], 5),
    "linear": ("s", CATEGORY_COLOURS[4], 5),
    "position": ("P", CATEGORY_COLOURS[3], 6),
    "time_decay": ("v", CATEGORY_COLOURS[1], 6),
    "first_touch": ("<", MUTED, 6),
    "last_touch": (">", CATEGORY_COLOURS[5], 7),
}


def plot_paths(result: Result, ax: Axes | None = None) -> Axes | None:
    """The last steps into orders: bars are touchpoints, ribbons the moves between them."""
    flow = result.tables.get("flow")
    if flow is None or not flow["orders"].notna().any():
        return ax
    ax = ax or new_axes(height=4.6, grid="none")
    shown = flow[flow["orders"].notna()]
    names = sorted(dict.fromkeys(shown["from_touchpoint"]), key=lambda name: name == OTHER)
    end = "order"
    heights = draw_sankey(ax, shown, names, end)
    steps = sorted({step for step, _ in heights}, reverse=True)
    words = [
        text("order") if step == 0 else text("{steps:count} before", steps=step) for step in steps
    ]
    ax.set_xticks([-step for step in steps], words)
    ax.set_yticks([])
    ax.set_xlim(-max(steps) - 0.15, 0.75)
    ax.autoscale(axis="y")
    ax.invert_yaxis()
    ax.spines[["left", "bottom"]].set_visible(False)
    # Below the flow, which may fill any corner.
    ax.legend(
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=4,
        fontsize=8.5,
        labelcolor=INK,
    )
    ax.set_xlabel(text("steps before the order"))
    title_axes(
        ax,
        msg("The last steps to the order"),
        msg(
            "{orders:count} orders with a touch in the {days:days} before, up to {as_of:date}; "
            "small flows are hidden.",
            orders=result.figures["touched_orders"],
            days=result.settings["journeys.attribution_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_attribution(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of credit by touchpoint, a sign a model; the line is the interval of removal."""
    if not len(result.table):
        return ax
    table = result.table
    ax = ax or new_axes(height=1.8 + 0.65 * len(table), grid="x")
    ends = table[["markov_share_ci_lower", "markov_share_ci_upper"]].astype("float64")
    shares = result.tables["credits"].pivot(index="touchpoint", columns="model", values="share")
    for line, (model, (marker, colour, size)) in enumerate(_MARKERS.items()):
        # Each model has a line of its own, or signs would cover one another.
        places = [place + (line - len(_MARKERS) // 2) * _LINE for place in range(len(table))]
        values = shares.loc[table["touchpoint"], model].astype("float64")
        words = str(label(model))
        ax.plot(values, places, marker, color=colour, markersize=size, label=words, clip_on=False)
        if model == "markov":
            ax.hlines(places, ends.iloc[:, 0], ends.iloc[:, 1], color=colour, linewidth=1.5)
    ax.set_yticks(range(len(table)), names_of(list(table["touchpoint"])))
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlim(left=0)
    _percent(ax)
    ax.set_xlabel(text("share of the credited orders"))
    ax.legend(frameon=False, loc="best", fontsize=8.5, labelcolor=INK)
    title_axes(
        ax,
        msg("Who gets the credit, by model"),
        msg(
            "{orders:count} orders with a touch in the {days:days} before, up to {as_of:date}. "
            "What went together, not what caused what.",
            orders=result.figures["credited_orders"],
            days=result.settings["journeys.attribution_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_absorption(result: Result, ax: Axes | None = None) -> Axes | None:
    """Chance of a first order and of removal from each touchpoint, each with its interval."""
    if not len(result.table) or not result.table["first_order_chance"].notna().any():
        return ax
    table = result.table
    ax = ax or new_axes(height=1.8 + 0.55 * len(table), grid="x")
    colours = {"first_order": VERDICT_COLOURS["clear"], "removal": VERDICT_COLOURS["act"]}
    for shift, (end, colour) in zip((-0.19, 0.19), colours.items(), strict=True):
        places = [place + shift for place in range(len(table))]
        names = [f"{end}_chance", f"{end}_chance_ci_lower", f"{end}_chance_ci_upper"]
        chances = table[names].astype("float64")
        words = str(label(end))
        ax.barh(places, chances.iloc[:, 0].fillna(0.0), height=0.34, color=colour, label=words)
        ax.hlines(places, chances.iloc[:, 1], chances.iloc[:, 2], color=INK, linewidth=1.2)
    ax.set_yticks(range(len(table)), names_of(list(table["touchpoint"])))
    ax.set_ylim(len(table) - 0.5, -0.5)
    _percent(ax)
    ax.set_xlabel(text("chance that the way ends there"))
    ax.legend(frameon=False, loc="best", fontsize=8.5, labelcolor=INK)
    title_axes(
        ax,
        msg("Where ways lead from each touchpoint"),
        msg(
            "{people:count} people up to {as_of:date}; who came to neither is still under way.",
            people=result.figures["people"],
            as_of=result.as_of,
        ),
    )
    return ax


def _percent(ax: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
