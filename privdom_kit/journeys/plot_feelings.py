"""Charts of experience, pain points and service recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.journeys.stage_words import stage_words
from privdom_kit.messages import Message, msg, text
from privdom_kit.report.drawing import bars, dots_with_intervals, names_of, number_text
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    MUTED,
    PAPER,
    RULE,
    SOURCE_SIZE,
    VERDICT_COLOURS,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_PAINS = 12
_CLEAR = {"facecolor": PAPER, "alpha": 0.75, "edgecolor": "none", "pad": 0.5}
_BASES = {"answers": ACCENT, "cases": CATEGORY_COLOURS[1], "stated": MUTED}


def plot_experience(result: Result, ax: Axes | None = None) -> Axes | None:
    """The emotion curve: mean score at each stage with its interval, the moment of truth marked."""
    table = result.table
    if not len(table):
        return ax
    ax = ax or new_axes(height=3.8)
    draw_curve(ax, result, list(range(len(table))))
    names = [_two_lines(str(stage_words(row))) for row in table.to_dict("records")]
    ax.set_xticks(range(len(table)), names)
    ax.set_xlim(-0.5, len(table) - 0.5)
    ax.set_ylim(-2.25, 2.25)
    ax.set_yticks([-2, -1, 0, 1, 2])
    ax.set_ylabel(text("mean score, -2 to 2"))
    title_axes(ax, msg("How people feel along the journey"), experience_source(result))
    return ax


def experience_source(result: Result) -> Message:
    """What the curve rests on."""
    if is_missing(result.figures["respondents"]):
        return msg("Stated by the consultant, not measured (hollow points).")
    return msg(
        "Answers of {people:count} people, up to {as_of:date}; hollow: stated, not measured.",
        people=result.figures["respondents"],
        as_of=result.as_of,
    )


def draw_curve(
    ax: Axes, result: Result, places: list[float], scale: float = 1.0, zero: float = 0.0,
    size: float = SOURCE_SIZE,
) -> None:  # fmt: skip
    """Points with intervals at ``places``; neighbours with a score are joined.

    Args:
        ax: The axes.
        result: Of measure_experience.
        places: Place of each stage on the x axis.
        scale: Length of one point of the score on the y axis.
        zero: Place of the score 0 on the y axis.
        size: Size of the numbers.
    """
    rows = result.table.to_dict("records")
    ax.plot([places[0], places[-1]], [zero, zero], color=RULE, linewidth=1.2, zorder=1)
    ys = [None if is_missing(row["score"]) else zero + scale * row["score"] for row in rows]
    for i in range(len(rows) - 1):
        ends = ys[i], ys[i + 1]
        if None not in ends:
            stated = "stated" in (rows[i]["basis"], rows[i + 1]["basis"])
            style = ":" if stated else "-"
            ax.plot(places[i : i + 2], ends, style, color=ACCENT, linewidth=2, zorder=2)  # type: ignore[arg-type]
    for place, y, row in zip(places, ys, rows, strict=True):
        _draw_point(ax, place, y, row, result, (scale, zero, size))


def _draw_point(
    ax: Axes, place: float, y: float | None, row: dict, result: Result, frame: tuple
) -> None:
    scale, zero, size = frame
    if y is None:
        few = row["basis"] == "answers"
        words = text("too few to show") if few else text("no score")
        ax.annotate(words, (place, zero), xytext=(0, 6), textcoords="offset points", ha="center",
                    fontsize=size, color=MUTED)  # fmt: skip
        return
    is_moment = result.figures["moment_of_truth"] == row["stage"]
    colour = VERDICT_COLOURS["act"] if is_moment else ACCENT
    low, high = y, y
    if not is_missing(row["score_ci_lower"]):
        low, high = (zero + scale * row[f"score_ci_{end}"] for end in ("lower", "upper"))
        ax.vlines(place, low, high, color=colour, linewidth=2.6, zorder=3)
    face = colour if row["basis"] == "answers" else "white"
    ax.plot([place], [y], "o", color=colour, markerfacecolor=face, markersize=5.5, zorder=4)
    number = number_text(row["score"], "score")
    people = "" if is_missing(row["people"]) else f"\nn = {number_text(row['people'], 'count')}"
    ax.annotate(f"{number}{people}", (place, high), xytext=(0, 5), textcoords="offset points",
                ha="center", va="bottom", fontsize=size, color=INK, bbox=_CLEAR)  # fmt: skip
    if is_moment:
        words = text("moment of truth")
        ax.annotate(words, (place, low), xytext=(0, -6), textcoords="offset points", va="top",
                    ha="center", fontsize=size, color=colour, fontweight="bold")  # fmt: skip


def plot_pain_points(result: Result, ax: Axes | None = None) -> Axes | None:
    """Pain points by priority, the basis of each told by its colour."""
    from matplotlib.patches import Patch

    table = result.table.head(_MOST_PAINS)
    if not len(table):
        return ax
    ax = ax or new_axes(height=1.4 + 0.34 * len(table), grid="x")
    rows = table.to_dict("records")
    names = [f"{row['pain_point']} · {stage_words(row)}" for row in rows]
    colours = [_BASES[basis] for basis in table["basis"]]
    ends = table["priority_ci_upper"]
    places = bars(ax, table["pain_point"], table["priority"], "score", colours, marks=ends)
    ax.hlines(places, table["priority_ci_lower"], ends, color=INK, linewidth=1.4)
    ax.set_yticks(places, names, parse_math=False)
    kinds = list(dict.fromkeys(table["basis"]))
    handles = [Patch(color=_BASES[kind], label=names_of([kind])[0]) for kind in kinds]
    ax.legend(handles=handles, frameon=False, loc="lower right", fontsize=SOURCE_SIZE)
    ax.set_xlabel(text("priority: frequency times severity (0 to 2)"))
    source = msg(
        "Up to {as_of:date}; named by {least:count} people or more, or stated.",
        as_of=result.as_of,
        least=result.settings["privacy.min_cell"],
    )
    title_axes(ax, msg("What hurts, and how much"), source)
    return ax


def plot_service_recovery(result: Result, ax: Axes | None = None) -> Axes | None:
    """Repeat rates after a solved case, an unsolved one, and without one."""
    table = result.table
    if not len(table):
        return ax
    ax = ax or new_axes(height=2.6, grid="x")
    names = [
        f"{name}\nn = {number_text(people, 'count')}"
        for name, people in zip(names_of(list(table["group"])), table["people"], strict=True)
    ]
    dots_with_intervals(ax, table, names, "repeat_rate")
    ax.set_xlabel(text("share who bought again within the window"))
    source = msg(
        "Buyers, up to {as_of:date}; bought again within {days:days} after the landmark.",
        as_of=result.as_of,
        days=result.settings["journeys.recovery_window_days"],
    )
    title_axes(ax, msg("Who buys again after a service case"), source)
    return ax


def _two_lines(words: str) -> str:
    """A long name in two lines, broken at a space."""
    if len(words) <= 12 or " " not in words:
        return words
    spaces = [i for i, letter in enumerate(words) if letter == " "]
    middle = min(spaces, key=lambda i: abs(i - len(words) / 2))
    return f"{words[:middle]}\n{words[middle + 1 :]}"
