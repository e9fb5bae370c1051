"""Charts of timing, value, tiers, contribution and audiences: each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.labels import label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import bars, known_source
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    MUTED,
    layer_colours,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_STYLES = ("-", "--", ":")  # told apart in grey print, too


def plot_next_order(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share followed by another order by days since the last one, a line an order number."""
    if not len(result.table) or not len(result.tables["curves"]):
        return ax
    ax = ax or new_axes()
    curves = result.tables["curves"]
    for place, (step, own) in enumerate(curves.groupby("step", sort=False)):
        colour = CATEGORY_COLOURS[place]
        ends = (own["returned_share_ci_lower"], own["returned_share_ci_upper"])
        ax.fill_between(own["days"], *ends, step="post", color=colour, alpha=0.15, linewidth=0)
        ax.plot(
            own["days"],
            own["returned_share"],
            drawstyle="steps-post",
            linestyle=_STYLES[place],
            color=colour,
            label=str(label(str(step))),
        )
    _percent(ax, "y")
    ax.set_ylim(0, 1)
    ax.set_xlim(left=0)
    ax.legend(frameon=False, loc="upper right")
    ax.set_xlabel(text("days since the order"))
    ax.set_ylabel(text("share followed by another order"))
    title_axes(ax, msg("Time to the next order"), known_source(result, "buyers"))
    return ax


def plot_customer_value(result: Result, ax: Axes | None = None) -> Axes | None:
    """Expected value per customer by tenth of buyers, with intervals."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=4.0, grid="x")
    table = result.table
    value = "expected_value_per_customer"
    places = bars(ax, table["tenth"], table[value], "money", [ACCENT] * len(table))
    ends = (table[f"{value}{end}"].astype("float64") for end in ("_ci_lower", "_ci_upper"))
    ax.hlines(places, *ends, color=INK, linewidth=1.5)
    ax.set_xlabel(text("expected value per customer"))
    ax.set_ylabel(text("tenth of buyers, 1 the highest"))
    title_axes(
        ax,
        msg("Expected value over {days:days}", days=result.figures["value_horizon_days"]),
        known_source(result, "buyers"),
    )
    return ax


def plot_relationship_tiers(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of known people by tier, with the share one period before as a mark."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=3.0, grid="x")
    # The nearest on top, as in the other charts of layers.
    table = result.table.iloc[::-1]
    before = table["previous_share"].astype("float64")
    places = bars(
        ax, table["tier"], table["share"], "percent", layer_colours(len(table)), marks=before
    )
    if before.notna().any():
        ax.plot(before, places, "|", color=MUTED, markersize=16, label=text("previous period"))
        _legend_above(ax)
    ax.set_xlabel(text("share of known people"))
    title_axes(ax, msg("People by relationship tier"), known_source(result, "known_people"))
    return ax


def plot_contribution(result: Result, ax: Axes | None = None) -> Axes | None:
    """How far the ranks stay the same when a weight is halved or doubled."""
    if not len(result.table):
        return ax
    table = result.tables["sensitivity"]
    ax = ax or new_axes(height=1.4 + 0.3 * len(table), grid="x")
    places = list(range(len(table)))
    ax.plot(table["rank_agreement"].astype("float64"), places, "o", color=ACCENT)
    least = result.settings["layering.contribution_min_agreement"]
    ax.axvline(least, color=MUTED, linestyle=":", label=text("least agreement asked for"))
    names = [
        msg("{part:text} x {factor:number}", part=label(part), factor=float(factor)).render()
        for part, factor in zip(table["part"], table["weight_factor"], strict=True)
    ]
    ax.set_yticks(places, names)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlim(right=1.01)
    _legend_above(ax)
    ax.set_xlabel(text("rank correlation with the weights in use"))
    title_axes(
        ax, msg("Ranks by contribution under other weights"), known_source(result, "known_people")
    )
    return ax


def plot_audiences(result: Result, ax: Axes | None = None) -> Axes | None:
    """People in each audience, those left out not counted."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=3.0, grid="x")
    table = result.table
    bars(ax, table["audience"], table["customers"], "count", [ACCENT] * len(table))
    ax.set_xlabel(text("people"))
    people = int(table["known_people"].iloc[0])
    title_axes(
        ax,
        msg("People in each audience"),
        msg(
            "Of {people:count} people, up to {as_of:date}; lists may overlap.",
            people=people,
            as_of=result.as_of,
        ),
    )
    return ax


def _legend_above(ax: Axes) -> None:
    """A legend beside the title, where no bar and no number can be."""
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def _percent(ax: Axes, which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    getattr(ax, f"{which}axis").set_major_formatter(PercentFormatter(1.0, decimals=0))
