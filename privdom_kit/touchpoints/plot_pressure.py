"""Charts of contact pressure: they draw what the result holds and compute nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.messages import msg, text
from privdom_kit.report.theme import ACCENT, INK, MUTED, VERDICT_COLOURS, new_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result


def plot_push_pressure(result: Result, ax: Axes | None = None) -> Axes | None:
    """Removals by links a week, the model's curve, and where the next link loses money."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=4.0)
    table, figures = result.table.astype("float64"), result.figures
    ax.plot(
        table["links"],
        table["fitted_rate"],
        "-",
        color=ACCENT,
        label=text("other things equal (model)"),
    )
    ax.fill_between(
        table["links"],
        table["fitted_rate_ci_lower"],
        table["fitted_rate_ci_upper"],
        color=ACCENT,
        alpha=0.15,
        linewidth=0,
    )
    _dots(ax, table, "links", "removal_rate", MUTED, text("as counted"))
    if figures["break_even_links"] is not None:
        words = text("beyond this the next link loses money")
        _mark(ax, figures["break_even_links"], words)
    if figures["break_even_links_ci_upper"] is not None:
        ends = (figures["break_even_links_ci_lower"], figures["break_even_links_ci_upper"])
        ax.axvspan(*ends, color=VERDICT_COLOURS["act"], alpha=0.07, linewidth=0)
    _count_axis(ax)
    ax.set_xlabel(text("purchase links in the last 7 days"))
    ax.set_ylabel(text("removals per contact-week"))
    ax.legend(frameon=False, loc="lower right")
    ax.set_ylim(bottom=0)
    title_axes(
        ax,
        msg("Removals by purchase links a week"),
        msg(
            "{contacts:count} contacts, {removals:count} removals, up to {as_of:date}; lines and "
            "band are intervals.",
            contacts=figures["contacts"],
            removals=figures["removals"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_fatigue(result: Result, ax: Axes | None = None) -> Axes | None:
    """Response by number of the message, beside the same people followed all along."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=4.0)
    same, figures = result.tables["same_people"].astype("float64"), result.figures
    table = result.table.astype("float64")
    _dots(ax, table, "exposure", "response_rate", ACCENT, text("people who got that many"))
    ax.plot(
        same["exposure"],
        same["response_rate"],
        "-",
        color=MUTED,
        label=text("the same people all along"),
    )
    if figures["fatigue_point"] is not None:
        _mark(ax, figures["fatigue_point"], text("fatigue point"))
    _count_axis(ax)
    ax.set_xlabel(text("number of the message"))
    ax.set_ylabel(text("share that answers"))
    if figures["calendar_held_equal"]:
        newcomers = text("first messages to newcomers at the same time")
        ax.plot(table["exposure"], table["newcomer_rate"], ":", color=INK, label=newcomers)
    ax.legend(frameon=False, loc="best")
    ax.set_ylim(bottom=0)
    title_axes(
        ax,
        msg("Response by number of the message"),
        msg(
            "{people:count} people with a first message, up to {as_of:date}; lines are intervals.",
            people=figures["exposed_people"],
            as_of=result.as_of,
        ),
    )
    return ax


def _dots(ax: Axes, table: pd.DataFrame, place: str, value: str, colour: str, words: str) -> None:
    """Dots with their intervals; nothing where a cell is suppressed."""
    ax.vlines(table[place], table[f"{value}_ci_lower"], table[f"{value}_ci_upper"], color=colour)
    ax.plot(table[place], table[value], "o", color=colour, label=words)


def _mark(ax: Axes, place: float, words: str) -> None:
    ax.axvline(place, color=VERDICT_COLOURS["act"], linestyle="--", linewidth=1.4, label=words)


def _count_axis(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from privdom_kit.report.drawing import number_text

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number_text(value, "percent")))
