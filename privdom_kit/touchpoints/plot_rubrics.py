"""Charts of benefits by channel and of the member system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import MISSING
from privdom_kit.labels import heading, label
from privdom_kit.messages import Message, current_language, msg, text
from privdom_kit.report.drawing import number_text
from privdom_kit.report.theme import (
    ACCENT,
    INK,
    MUTED,
    PAPER,
    RULE,
    VERDICT_COLOURS,
    WASH,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_ROW = 0.42
_LONGEST = 10  # characters of a benefit that fit a cell
_PART_COLOURS = {
    "met": ACCENT,
    "not_met": VERDICT_COLOURS["act"],
    "without_evidence": VERDICT_COLOURS["watch"],
    "raters_differ": VERDICT_COLOURS["watch"],
    "unanswered": RULE,
}


def plot_benefits(result: Result, ax: Axes | None = None) -> Axes | None:
    """Benefits by channel: the same as on the reference channel, different, or unknown."""
    matrix = result.tables.get("matrix")
    if matrix is None:
        return ax
    benefits = list(dict.fromkeys(matrix["benefit"]))
    channels = list(dict.fromkeys(matrix["channel"]))
    ax = ax or new_axes(
        width=max(7.2, 1.8 + 1.3 * len(channels)), height=1.9 + _ROW * len(benefits), grid="none"
    )
    for row in matrix.itertuples(index=False):
        y, x = benefits.index(row.benefit), channels.index(row.channel)
        known = row.equal is True or row.equal is False
        colour = WASH if not known else ACCENT if row.equal else VERDICT_COLOURS["watch"]
        ax.barh(y, 0.94, left=x - 0.47, height=0.86, color=colour)
        words = _cell_words(row.value)
        ink = PAPER if known and row.equal else INK
        ax.text(x, y, words, ha="center", va="center", color=ink, fontsize=8.5)
    reference = result.figures["reference"]
    names = [heading(name, current_language()) for name in channels]
    place = channels.index(reference)
    names[place] = text("{channel} (reference)", channel=names[place])
    ax.set_xticks(range(len(channels)), names)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(benefits)), benefits)
    ax.set_xlim(-0.5, len(channels) - 0.5)
    ax.set_ylim(len(benefits) - 0.5, -0.5)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    title_axes(
        ax,
        msg("Member benefits by channel"),
        msg(
            "{equal:count} of {compared:count} cells are as on {reference}; {unknown:count} are "
            "unknown. Dark: the same, yellow: different, pale: unknown.",
            equal=result.figures["equal_cells"],
            compared=result.figures["compared"],
            reference=label(reference),
            unknown=result.figures["unknown_cells"],
        ),
    )
    return ax


def _cell_words(value: object) -> str:
    if not isinstance(value, str):
        return MISSING
    if value in ("true", "false"):
        return str(label(value))
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def plot_member_system(result: Result, ax: Axes | None = None) -> Axes | None:
    """The five parts; or, where member days are known, what each brings beside matched days."""
    if not len(result.table):
        return ax
    days = result.tables.get("member_days")
    shown = 0 if days is None else len(days)
    parts = result.table
    ax = ax or new_axes(height=2.0 + _ROW * (len(parts) + shown), grid="none")
    places = list(range(len(parts)))
    for place, row in zip(places, parts.itertuples(index=False), strict=True):
        ax.plot(0.02, place, "s", color=_PART_COLOURS.get(row.status, MUTED), markersize=12)
        ax.text(0.06, place, str(row.wording), va="center", color=INK, fontsize=9)
        ax.text(
            0.99, place, str(label(row.status)), va="center", ha="right", color=MUTED, fontsize=9
        )
    names = [heading(name, current_language()) for name in parts["part"]]
    for offset, row in enumerate(days.itertuples(index=False) if days is not None else ()):
        place = len(parts) + offset
        sure = row.buyer_uplift_ci_lower > 0
        ax.plot(0.02, place, "D", color=ACCENT if sure else MUTED, markersize=9)
        ax.text(0.06, place, _day_words(row), va="center", color=INK, fontsize=9)
        names.append(str(row.member_day))
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xticks([])
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    title_axes(ax, msg("The member system, part by part"), _system_source(result))
    return ax


def _day_words(row: object) -> str:
    values = {
        name: number_text(getattr(row, name), "percent")
        for name in ("buyer_uplift", "buyer_uplift_ci_lower", "buyer_uplift_ci_upper")
    }
    return text(
        "buyers against matched days: {uplift} ({low} to {high}), {days:count} days",
        uplift=values["buyer_uplift"],
        low=values["buyer_uplift_ci_lower"],
        high=values["buyer_uplift_ci_upper"],
        days=row.days_compared,  # type: ignore[attr-defined]
    )


def _system_source(result: Result) -> Message:
    figures = result.figures
    if figures["parts_met"] is None:
        return msg("The five parts were not rated; up to {as_of:date}.", as_of=result.as_of)
    return msg(
        "{met:count} of {asked:count} parts with evidence, {answered:count} answered; up to "
        "{as_of:date}.",
        met=figures["parts_met"],
        asked=figures["parts_asked"],
        answered=figures["parts_answered"],
        as_of=result.as_of,
    )
