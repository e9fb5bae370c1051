"""Charts of user layering: each draws what its result holds and computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import MISSING
from privdom_kit.labels import label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import (
    bars,
    dots_with_intervals,
    grid,
    known_source,
    number_text,
)
from privdom_kit.report.theme import ACCENT, MUTED, layer_colours, new_axes, title_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

MOST_CHANNELS = 15
UNKNOWN = "unknown"
_TALLEST = 9.0  # inches


def plot_states(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of customers by state, with the share one period before as a mark."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(grid="x")
    table = result.table
    colours = layer_colours(len(table))
    before = table["previous_share"].astype("float64")
    places = bars(ax, table["state"], table["share"], "percent", colours, marks=before)
    ax.plot(before, places, "|", color=MUTED, markersize=16, label=text("previous period"))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.set_xlabel(text("share of known customers"))
    title_axes(ax, msg("Customers by state"), known_source(result, "known_people"))
    return ax


def plot_purchase_layers(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of known customers who never bought, bought once, and again."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=2.6, grid="x")
    table = result.table
    bars(ax, table["layer"], table["share"], "percent", [ACCENT] * len(table))
    ax.set_xlabel(text("share of known customers"))
    title_axes(ax, msg("Customers by purchase days"), known_source(result, "known_people"))
    return ax


def plot_channel_layers(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of each channel's buyers with a second purchase in time, with intervals."""
    if not len(result.table):
        return ax
    table = result.table.head(MOST_CHANNELS)
    ax = ax or new_axes(height=1.4 + 0.32 * len(table), grid="x")
    names = [str(label(n)) if n == UNKNOWN else n for n in table["channel"]]
    dots_with_intervals(ax, table, names, "second_purchase_share")
    ax.set_xlabel(text("share of buyers with a second purchase in time"))
    title_axes(
        ax,
        msg("Second purchases by channel"),
        msg("The {channels:count} largest channels; lines are intervals.", channels=len(table)),
    )
    return ax


def plot_life_stages(result: Result, ax: Axes | None = None) -> Axes | None:
    """Members by the age band of their child."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(grid="x")
    table = result.table
    bars(ax, table["band"], table["customers"], "count", [ACCENT] * len(table))
    ax.set_xlabel(text("members"))
    title_axes(ax, msg("Members by their child's age"), known_source(result, "members"))
    return ax


def plot_rfm(result: Result, ax: Axes | None = None) -> Axes | None:
    """Customers by score of the last order and of purchase days."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=4.2, grid="none")
    wide = result.table.pivot(
        index="last_order_score", columns="frequency_score", values="customers"
    )
    grid(ax, wide.sort_index(ascending=False), wide.sort_index(ascending=False), "count")
    ax.set_ylabel(text("score of days since the last order (5: latest)"))
    ax.set_xlabel(text("score of purchase days (5: most)"))
    title_axes(ax, msg("Buyers by last order and purchase days"), known_source(result, "buyers"))
    return ax


def plot_retention(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of each cohort that bought in each later period; open periods stay blank."""
    if not len(result.table):
        return ax
    wide = result.table[result.table["kind"] == "on"].pivot(
        index="cohort", columns="period", values="share"
    )
    # Everybody buys in period 0, so it would only drown the rest.
    wide = wide.drop(columns=0)
    ax = ax or new_axes(height=min(1.6 + 0.26 * len(wide), _TALLEST), grid="none")
    grid(ax, wide, wide, "percent")
    ax.set_xlabel(text("periods after the first purchase"))
    ax.set_ylabel(text("cohort of the first purchase"))
    title_axes(
        ax,
        msg("Retention by cohort"),
        msg(
            "Share that bought in that very period, up to {as_of:date}; blank: not over yet, or "
            "too few to show.",
            as_of=result.as_of,
        ),
    )
    return ax


def plot_concentration(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of net spend that the top buyers give, beside an equal spread."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(grid="both")
    top, spend = (result.table[c].astype("float64") for c in ("top_share", "spend_share"))
    ax.plot(top, spend, "o-", color=ACCENT, label=text("share of net spend"))
    ax.plot([0, 1], [0, 1], ":", color=MUTED, label=text("if all spent the same"))
    for x, y in zip(top, spend, strict=True):
        words = number_text(y, "percent")
        ax.annotate(words, (x, y), textcoords="offset points", xytext=(6, -12), color=ACCENT)
    _percent_axis(ax, "xy")
    ax.set(xlim=(0, 0.62), ylim=(0, 1.02))
    ax.set_xlabel(text("top share of buyers"))
    ax.legend(frameon=False, loc="lower right")
    title_axes(ax, msg("How concentrated net spend is"), known_source(result, "buyers"))
    return ax


def plot_revenue_split(result: Result, ax: Axes | None = None) -> Axes | None:
    """Net revenue by part."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(grid="x")
    table = result.table
    bars(ax, table["part"], table["net_spend"], "money", [ACCENT] * len(table))
    ax.set_xlabel(text("net revenue"))
    title_axes(
        ax,
        msg("Where net revenue comes from"),
        msg(
            "{total:money} in all, up to {as_of:date}.",
            total=result.figures["total_net_spend"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_layer_moves(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of each earlier state that is in each state now; the numbers are people."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=4.2, grid="none")
    order = list(dict.fromkeys(result.table["from_state"]))
    columns = list(dict.fromkeys(result.table["to_state"]))
    shares, people = (
        result.table.pivot(index="from_state", columns="to_state", values=values).loc[
            order, columns
        ]
        for values in ("share_of_from", "customers")
    )
    # A hidden cell must not look like an empty one.
    grid(ax, shares, people, "count", missing=MISSING)
    ax.set_xlabel(text("state now"))
    ax.set_ylabel(text("state one period before"))
    title_axes(ax, msg("Moves between the states"), known_source(result, "moved_base"))
    return ax


def _percent_axis(ax: Axes, which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    for axis in which:
        getattr(ax, f"{axis}axis").set_major_formatter(PercentFormatter(1.0, decimals=0))
