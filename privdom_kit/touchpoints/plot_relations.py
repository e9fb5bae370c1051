"""Charts of removals, removals after sends and stocks: each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import dots_with_intervals, names_of, number_text
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    MUTED,
    RULE,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_SENDS = 12
_APART = 0.08  # how far the lines of two units stand apart, in places of the axis
_SHARE = ("removed_share", "removed_share_ci_lower", "removed_share_ci_upper")


def plot_churn(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share removed by day of tenure, with intervals, a line a unit."""
    if not len(result.table):
        return ax
    ax = ax or new_axes(height=3.6)
    units = list(dict.fromkeys(result.table["unit"]))
    days = list(dict.fromkeys(result.table["days"]))
    for number, unit in enumerate(units):
        wide = result.table.pivot(index="days", columns="unit", values=list(_SHARE))
        share, lower, upper = (wide[(column, unit)].astype("float64") for column in _SHARE)
        places = [place + (number - (len(units) - 1) / 2) * _APART for place in range(len(days))]
        colour = CATEGORY_COLOURS[number]
        ax.vlines(places, lower, upper, color=colour, linewidth=2)
        ax.plot(places, share, "o-", color=colour, linewidth=1, label=str(label(f"{unit}_ended")))
    ax.set_xticks(range(len(days)), [number_text(day, "days") for day in days])
    ax.set_xlim(-0.4, len(days) - 0.6)
    if not is_missing(result.figures["reference_share"]):
        _reference_lines(ax, result)
    ax.set_ylim(bottom=0)
    _percent(ax, "y", 0)
    ax.locator_params(axis="y", steps=[1, 2, 5, 10], nbins=8)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set_xlabel(text("time since the relation began"))
    ax.set_ylabel(text("share ended by the customer"))
    title_axes(
        ax,
        msg("How soon contacts remove the brand"),
        msg(
            "Up to {as_of:date}; lines are intervals. No dot: too few watched or removed.",
            as_of=result.as_of,
        ),
    )
    return ax


def _reference_lines(ax: Axes, result: Result) -> None:
    """The lines of article 002 (S136, S137), drawn only with the window set for them."""
    window = result.settings["touchpoints.churn_reference_window_days"]
    words = (
        ("churn_normal_share", msg("normal, within {days:days}", days=window)),
        ("churn_alarm_share", msg("malicious, within {days:days}", days=window)),
    )
    for (name, label_words), style in zip(words, ("--", ":"), strict=True):
        share = result.settings[f"touchpoints.{name}"]
        ax.axhline(share, color=MUTED, linestyle=style, linewidth=1, label=str(label_words))


def plot_send_churn(result: Result, ax: Axes | None = None) -> Axes | None:
    """Removals beyond the baseline, by touchpoint and for the worst sends, with intervals."""
    import pandas as pd

    if not len(result.table):
        return ax
    sends = result.tables["sends"].head(_MOST_SENDS)
    table = pd.concat([result.table, sends], ignore_index=True)
    ax = ax or new_axes(height=1.5 + 0.3 * len(table), grid="x")
    every = [text("all: {name}", name=label(t)) for t in result.table["touchpoint"]]
    dots_with_intervals(ax, table, [*every, *sends["send"]], "excess_share")
    ax.axvline(0, color=INK, linewidth=1)
    ax.axhline(len(every) - 0.5, color=RULE, linewidth=1)
    _percent(ax, "x", 1)
    ax.set_xlabel(text("removals beyond the baseline, share of people reached"))
    title_axes(
        ax,
        msg("What sends cost in relations"),
        msg(
            "All sends, then the worst of those tested, up to {as_of:date}; lines are intervals. "
            "No dot: too few to say or to show.",
            as_of=result.as_of,
        ),
    )
    return ax


def plot_vanity(result: Result, ax: Axes | None = None) -> Axes | None:
    """How many there are at each touchpoint, and how many of them did anything lately."""
    if not len(result.table):
        return ax
    table = result.table
    ax = ax or new_axes(height=1.6 + 0.5 * len(table), grid="x")
    places = list(range(len(table)))
    stock = table["stock"].astype("float64")
    active = table["active_people"].astype("float64")
    ax.barh(places, stock.fillna(0), color=RULE, height=0.62, label=text("counted"))
    ax.barh(places, active.fillna(0), color=ACCENT, height=0.34, label=text("active lately"))
    for place, words in zip(places, _stock_words(table), strict=True):
        ax.annotate(
            words,
            (stock.fillna(0)[place], place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    ax.set_yticks(places, names_of(list(table["touchpoint"])))
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.margins(x=0.32)
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=2)
    ax.set_xlabel(text("people"))
    _counts(ax)
    title_axes(
        ax,
        msg("Counted and active"),
        msg(
            "Active: any own action in the last {days:days}, up to {as_of:date}.",
            days=result.settings["touchpoints.vanity_active_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def _stock_words(table: pd.DataFrame) -> list[str]:
    return [
        text("{stock:count}, active not measured or not shown", stock=stock)
        if is_missing(share)
        else text("{stock:count}, {share:percent} active", stock=stock, share=share)
        for stock, share in zip(table["stock"], table["active_share"], strict=True)
    ]


def _counts(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter

    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_text(value, "count")))
    ax.locator_params(axis="x", nbins=5)


def _percent(ax: Axes, which: str, decimals: int) -> None:
    from matplotlib.ticker import PercentFormatter

    axis = getattr(ax, f"{which}axis")
    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
