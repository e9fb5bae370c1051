"""Charts of contents, groups, staff and combinations: each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import MISSING, is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg, text
from privdom_kit.report.drawing import bars, dots_with_intervals, names_of, number_text
from privdom_kit.report.theme import ACCENT, INK, LAYER_COLOURS, MUTED, new_axes, title_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_PURPOSES = 4  # lines of what is judged, at the head of the table
_MOST_LINES = 15
_PALE = LAYER_COLOURS[2]  # dark marks stand out on it
_BANDS = {
    "all": msg("all groups"),
    "size": msg("{band} members"),
    "group_age": msg("{band} days old"),
}


def plot_content_mix(result: Result, ax: Axes | None = None) -> Axes | None:
    """Shares of the four purposes with intervals, and the guide's as a mark."""
    if not len(result.table):
        return ax
    table = result.table.head(_PURPOSES)
    ax = ax or new_axes(height=2.9, grid="x")
    dots_with_intervals(ax, table, names_of(list(table["purpose"])), "share")
    target = table["target_share"].astype("float64")
    places = range(len(table))
    ax.plot(target, places, "|", color=MUTED, markersize=22, markeredgewidth=2, label=text("guide"))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.set_xlim(left=0)
    ax.set_xlabel(text("share of pieces"))
    title_axes(
        ax,
        msg("What is published: {scope}", scope=label(f"{result.figures['scope']}_touchpoints")),
        msg(
            "{pieces:count} pieces in {days:days} up to {as_of:date}; lines are intervals.",
            pieces=result.figures["pieces"],
            days=result.settings["touchpoints.content_period_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_group_health(result: Result, ax: Axes | None = None) -> Axes | None:
    """Active share of members by size and by age of the groups, with intervals."""
    if not len(result.table):
        return ax
    table = result.table
    names = [
        str(Message(_BANDS[kind].template, {"band": band}))
        for kind, band in zip(table["kind"], table["band"], strict=True)
    ]
    ax = ax or new_axes(height=1.5 + 0.32 * len(table), grid="x")
    dots_with_intervals(ax, table, names, "active_share")
    ax.set_xlim(left=0)
    ax.set_xlabel(text("share of members active on a day"))
    title_axes(
        ax,
        msg("How many members of groups are active"),
        msg(
            "{groups:count} groups, up to {as_of:date}; lines are intervals, the group being the "
            "unit. No dot: too few groups.",
            groups=result.figures["groups"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_staff_capacity(result: Result, ax: Axes | None = None) -> Axes | None:
    """Chats answered late by member of staff; where staff are not told apart, what they hold."""
    if not len(result.table):
        return ax
    table = result.table.head(_MOST_LINES)
    names = [str(label(name)) if name == "all" else name for name in table["staff"]]
    ax = ax or new_axes(height=1.5 + 0.32 * len(table), grid="x")
    if len(table) > 1 and not table["late_share"].iloc[1:].notna().any():
        return _held(result, ax, names)
    by_day = result.figures["reply_source"] == "touchpoint_days"
    dots_with_intervals(ax, table, names, "late_share")
    line = result.figures["late_line"]
    ax.axvline(line, color=MUTED, linestyle=":", label=text("may be late"))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.set_xlim(left=0)
    ax.set_xlabel(text("share of chats answered late"))
    title_axes(
        ax,
        msg("Chats of days with late replies")
        if by_day
        else msg("Chats answered later than the limit"),
        msg(
            "{chats:count} chats up to {as_of:date}; limit {minutes:number} minutes; lines are "
            "intervals.",
            chats=result.figures["timed_chats"],
            as_of=result.as_of,
            minutes=result.settings["touchpoints.reply_limit_minutes"],
        ),
    )
    return ax


def _held(result: Result, ax: Axes, names: list[str]) -> Axes:
    table = result.table.head(_MOST_LINES)
    places = bars(ax, table["staff"], table["contacts"], "count", [ACCENT] * len(table))
    ax.set_yticks(places, names)
    ax.set_xlabel(text("standing contacts"))
    title_axes(
        ax,
        msg("Contacts by member of staff"),
        msg("{people:count} people, up to {as_of:date}.", people=result.figures["contacts"],
            as_of=result.as_of),
    )  # fmt: skip
    return ax


def plot_combinations(result: Result, ax: Axes | None = None) -> Axes | None:
    """Orders after both touchpoints of a pair over those that chance gives, with intervals.

    Where no pair has enough orders: orders by the set of touchpoints before them.
    """
    if not len(result.table):
        return ax
    if "pairs" not in result.tables:
        return _plot_sets(result, ax)
    table = result.tables["pairs"].head(_MOST_LINES)
    ax = ax or new_axes(height=1.6 + 0.32 * len(table), grid="x")
    dots_with_intervals(ax, table, [set_name(value) for value in table["set"]], "ratio")
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "number"))
    ax.axvline(1, color=MUTED, linestyle=":", label=text("as many as chance gives"))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.set_xlim(left=0)
    ax.set_xlabel(text("orders after both, over those that chance gives"))
    title_axes(ax, msg("Pairs of touchpoints before an order"), _orders_source(result))
    return ax


def _orders_source(result: Result) -> Message:
    return msg(
        "{orders:count} orders up to {as_of:date}; touchpoints of the {days:days} before; lines "
        "are intervals.",
        orders=result.figures["orders"],
        as_of=result.as_of,
        days=result.settings["touchpoints.combination_days"],
    )


def _plot_sets(result: Result, ax: Axes | None) -> Axes:
    """Orders by the set of touchpoints before them, with what chance would give as a mark."""
    table = result.table.head(_MOST_LINES)
    ax = ax or new_axes(height=1.6 + 0.34 * len(table), grid="x")
    expected = table["expected_orders"].astype("float64")
    orders = table["orders"].astype("float64")
    places = bars(ax, table["set"], orders, "count", [_PALE] * len(table), marks=expected)
    ax.set_yticks(places, [set_name(value) for value in table["set"]])
    ax.plot(
        expected, places, "|", color=INK, markersize=14, markeredgewidth=2,
        label=text("if touchpoints met by chance"),
    )  # fmt: skip
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.set_xlabel(text("orders"))
    title_axes(ax, msg("Touchpoints before an order"), _orders_source(result))
    return ax


def set_name(value: object) -> str:
    """The words for a set of touchpoints."""
    if is_missing(value):
        return MISSING
    return text("no touchpoint") if value == "none" else str(label(str(value)))
