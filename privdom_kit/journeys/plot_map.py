"""The journey map: one landscape page (A3, or A4 at 71 %) for the client's wall.

Everything is placed in inches on one set of axes, so that a page looks the same for two stages and
for eight. Words from the data are drawn as they are, never as formulas.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import is_missing
from privdom_kit.journeys.plot_feelings import draw_curve, experience_source
from privdom_kit.journeys.stage_words import stage_words
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import names_of, number_text
from privdom_kit.report.theme import (
    ACCENT,
    INK,
    MUTED,
    PAPER,
    RULE,
    VERDICT_COLOURS,
    WASH,
    new_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

WIDTH, HEIGHT = 16.54, 11.69  # A3 landscape, inches
_LEFT, _RIGHT = 1.75, 16.14
_HEAD, _BODY, _SMALL, _DENSE = 15, 12.5, 11, 10
_MOST_WIDE = 6  # stages up to which lists are written at full size
_MOST_LINES = 4
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """A band of the page, in inches from below."""

    bottom: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2


_STAGES = _Row(9.6, 10.35)
_EMOTION = _Row(5.8, 9.5)
_TOUCHPOINTS = _Row(4.7, 5.65)
_PAINS = _Row(2.55, 4.6)
_RATES = _Row(0.75, 2.4)


def plot_journey_map(
    experience: Result,
    stages: Result | None = None,
    pain_points: Result | None = None,
    ax: Axes | None = None,
) -> Axes | None:
    """The journey on one page: stages across; feelings, touchpoints, pains and rates below.

    Args:
        experience: Of measure_experience: stages, scores with interval and n, moment of truth.
        stages: Of measure_stages: how many people pass between the stages of its model.
        pain_points: Of measure_pain_points: the worst of each stage.
        ax: Axes to draw on; else a page of its own.

    Returns:
        The axes; ``ax`` where there are no stages to draw.
    """
    table = experience.table
    if not len(table):
        return ax
    ax = ax or new_axes(WIDTH, HEIGHT, grid="none")
    _lay_out(ax)
    width = (_RIGHT - _LEFT) / len(table)
    places = [_LEFT + width * (i + 0.5) for i in range(len(table))]
    _headline(ax, experience)
    _stage_boxes(ax, table, places, width)
    _emotions(ax, experience, places)
    _lists(
        ax,
        _TOUCHPOINTS,
        text("Touchpoints (people who answered)"),
        _places_by_stage(experience),
        places,
        width,
    )
    pains = _pains_by_stage(experience, pain_points)
    _lists(ax, _PAINS, text("Pain points"), pains, places, width)
    _rates(ax, stages)
    _footer(ax, experience, stages)
    return ax


def _lay_out(ax: Axes) -> None:
    figure = ax.get_figure(root=True)
    if figure is not None:
        figure.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, HEIGHT)
    ax.axis("off")


def _write(ax: Axes, x: float, y: float, words: str, size: float = _BODY, **style: Any) -> None:
    """Words as they are: a dollar sign in the data is no formula."""
    style = {"color": INK, "ha": "center", "va": "center"} | style
    ax.text(x, y, words, fontsize=size, parse_math=False, **style)


def _headline(ax: Axes, experience: Result) -> None:
    figure = ax.get_figure(root=True)
    title = text("Journey map")
    if figure is not None:
        figure.suptitle(title, x=0.4 / WIDTH, y=1 - 0.35 / HEIGHT, ha="left", va="top",
                        fontsize=26, fontweight="bold", color=INK)  # fmt: skip
    _write(
        ax, 0.4, HEIGHT - 1.02, str(experience_source(experience)), _BODY, ha="left", color=MUTED
    )


def _stage_boxes(ax: Axes, table: pd.DataFrame, places: Sequence[float], width: float) -> None:
    from matplotlib.patches import Polygon

    _row_name(ax, _STAGES, text("Stage"))
    for place, row in zip(places, table.to_dict("records"), strict=True):
        left, right = place - width / 2 + 0.04, place + width / 2 - 0.14
        low, high, tip = _STAGES.bottom, _STAGES.top, 0.18
        corners = [
            *((left, low), (right, low), (right + tip, _STAGES.middle)),
            *((right, high), (left, high), (left + tip, _STAGES.middle)),
        ]
        ax.add_patch(Polygon(corners, closed=True, facecolor=ACCENT, edgecolor=PAPER))
        words = wrap(str(stage_words(row)), _units(width - 0.6, _HEAD), 2)
        _write(ax, place + 0.02, _STAGES.middle, "\n".join(words), _HEAD, color=PAPER,
               fontweight="bold", linespacing=1.1)  # fmt: skip


def _emotions(ax: Axes, experience: Result, places: list[float]) -> None:
    _row_name(ax, _EMOTION, text("How people feel"))
    # The number above a point at 2 and the mark below one at -2 need room as well.
    scale = (_EMOTION.top - _EMOTION.bottom - 0.9) / 4
    zero = _EMOTION.bottom + 0.35 + 2 * scale
    for score in (-2, -1, 0, 1, 2):
        y = zero + scale * score
        ax.plot([_LEFT, _RIGHT], [y, y], color=RULE, linewidth=0.8, zorder=0)
        _write(
            ax, _LEFT - 0.12, y, f"{score:+d}" if score else "0", _SMALL, ha="right", color=MUTED
        )
    draw_curve(ax, experience, places, scale, zero, _BODY)


def _places_by_stage(experience: Result) -> list[list[str]]:
    table = experience.tables.get("touchpoints")
    rows = [] if table is None else table.to_dict("records")
    return [
        [
            _with_number(names_of([row["touchpoint"]])[0], row["people"])
            for row in rows
            if row["stage"] == stage
        ][:_MOST_NAMED]
        for stage in experience.table["stage"]
    ]


def _with_number(name: str, people: object) -> str:
    return name if is_missing(people) else f"{name} ({number_text(people, 'count')})"


def _pains_by_stage(experience: Result, pain_points: Result | None) -> list[list[str]]:
    rows = [] if pain_points is None else pain_points.table.to_dict("records")
    return [
        [_pain_words(row) for row in rows if row["stage"] == stage][:_MOST_NAMED]
        for stage in experience.table["stage"]
    ]


def _pain_words(row: dict[str, Any]) -> str:
    if row["basis"] == "stated":
        return f"{row['pain_point']} ({text('stated')})"
    share = number_text(row["frequency"], "percent")
    people, asked = (number_text(row[n], "count") for n in ("people", "asked_people"))
    return f"{share} ({people}/{asked}) {row['pain_point']}"


def _lists(
    ax: Axes,
    band: _Row,
    name: str,
    items: Sequence[Sequence[str]],
    places: Sequence[float],
    width: float,
) -> None:
    """A row of short lists, one a stage; a dash where there is nothing."""
    from matplotlib.patches import Rectangle

    _row_name(ax, band, name)
    size = _BODY if len(places) <= _MOST_WIDE else _DENSE
    step = size / 72 * 1.35
    room = int((band.top - band.bottom - 0.1) / step)
    for place, found in zip(places, items, strict=True):
        corner = (place - width / 2 + 0.05, band.bottom)
        ax.add_patch(Rectangle(corner, width - 0.1, band.top - band.bottom, facecolor=WASH))
        lines = [
            ("• " if not number else "   ") + line
            for item in found
            for number, line in enumerate(wrap(item, _units(width - 0.5, size), _MOST_LINES))
        ]
        if not lines:
            _write(ax, place, band.middle, "–", _BODY, color=MUTED)
        for number, line in enumerate(_cut(lines, room)):
            y = band.top - 0.14 - step * (number + 0.5)
            _write(ax, corner[0] + 0.12, y, line, size, ha="left")


def _cut(lines: list[str], room: int) -> list[str]:
    """The lines that there is room for; dots where more would follow."""
    return lines if len(lines) <= room else [*lines[: room - 1], "   …"]


def _rates(ax: Axes, stages: Result | None) -> None:
    """The strip of the stage model: people at each stage, and between them who passes in time."""
    from matplotlib.patches import Rectangle

    _row_name(ax, _RATES, text("How many pass"))
    if stages is None or not len(stages.table):
        _write(ax, (_LEFT + _RIGHT) / 2, _RATES.middle, text("not measured"), _BODY, color=MUTED)
        return
    rows = stages.table.to_dict("records")
    width = (_RIGHT - _LEFT) / (2 * len(rows) - 1)
    for number, row in enumerate(rows):
        left = _LEFT + 2 * number * width
        box = (left + 0.05, _RATES.bottom + 0.2), width - 0.1, _RATES.top - _RATES.bottom - 0.4
        ax.add_patch(Rectangle(*box, facecolor=WASH, edgecolor=ACCENT, linewidth=1.2))
        words = wrap(names_of([row["stage"]])[0], _units(width - 0.2, _BODY), 2)
        words.append(number_text(row["customers"], "count"))
        _write(ax, left + width / 2, _RATES.middle, "\n".join(words), _BODY, linespacing=1.35)
        if number + 1 < len(rows):
            _passing(ax, left + width, width, row)


def _passing(ax: Axes, left: float, width: float, row: dict[str, Any]) -> None:
    y = _RATES.middle
    ax.annotate("", (left + width - 0.02, y), (left + 0.02, y), zorder=1,
                arrowprops={"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.6})  # fmt: skip
    rate = number_text(row["pass_rate"], "percent")
    _write(ax, left + width / 2, y + 0.06, rate, _BODY, va="bottom", fontweight="bold")
    people = f"n = {number_text(row['ripe_people'], 'count')}"
    ends = [number_text(row[f"pass_rate_ci_{end}"], "percent") for end in ("lower", "upper")]
    below = people if is_missing(row["pass_rate"]) else f"{people}\n{ends[0]} – {ends[1]}"
    size = _SMALL if width > 1.45 else _SMALL * max(width / 1.45, 0.62)
    _write(ax, left + width / 2, y - 0.08, below, size, va="top", color=MUTED)


def _row_name(ax: Axes, band: _Row, name: str) -> None:
    words = "\n".join(wrap(name, _units(1.15, _BODY), 3))
    _write(ax, 0.4, band.middle, words, _BODY, ha="left", color=MUTED, fontweight="bold")


def _footer(ax: Axes, experience: Result, stages: Result | None) -> None:
    level = experience.settings["journeys.confidence_level"]
    words = [str(msg("Bars and ranges are intervals at {level:percent}.", level=level))]
    figures = experience.figures
    if not is_missing(figures["moment_of_truth"]):
        change = msg(
            "Moment of truth: the largest drop that the answers carry, {change:score} "
            "({lower:score} to {upper:score}, corrected for all pairs).",
            change=figures["moment_change"],
            lower=figures["moment_change_ci_lower"],
            upper=figures["moment_change_ci_upper"],
        )
        words.append(str(change))
    if stages is not None and len(stages.table):
        days = stages.figures["stage_days"]
        words.append(
            str(msg("People by the highest stage reached; passing within {days:days}.", days=days))
        )
    lines = wrap(" ".join(words), _units(_RIGHT - 0.4, _SMALL), 2)
    colour = VERDICT_COLOURS["not_measured"]
    _write(ax, 0.4, 0.42, "\n".join(lines), _SMALL, ha="left", color=colour, linespacing=1.35)


def _units(inches: float, size: float) -> int:
    """Half-widths of a letter that fit into a line."""
    return max(int(inches / (size / 144)), 4)


def wrap(words: str, room: int, most: int) -> list[str]:
    """Lines of at most ``room`` half-widths: Chinese breaks anywhere, other words at spaces.

    Args:
        words: What to break.
        room: Half-widths a line; a Chinese letter takes two.
        most: Most lines; what does not fit ends in dots.
    """
    lines, line = [], ""
    for piece in _pieces(words):
        if line and _wide(line + piece.rstrip()) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
        while _wide(line.rstrip()) > room:  # one word longer than a line
            cut = next(i for i in range(len(line), 0, -1) if _wide(line[:i]) <= room or i == 1)
            lines.append(line[:cut])
            line = line[cut:]
    lines = [*lines, line.rstrip()] if line.strip() else lines
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while _wide(last) > room - 1:
        last = last[:-1]
    return [*lines[: most - 1], f"{last}…"]


def _pieces(words: str) -> list[str]:
    """Where a line may break: after each Chinese letter, and after spaces."""
    pieces, piece = [], ""
    for letter in " ".join(words.split()):
        wide = unicodedata.east_asian_width(letter) in "WF"
        if wide and piece:
            pieces.append(piece)
            piece = ""
        piece += letter
        if wide or letter == " ":
            pieces.append(piece)
            piece = ""
    return [*pieces, piece] if piece else pieces


def _wide(words: str) -> int:
    # Letters of the house font are wider than half an em on average: one and an eighth.
    narrow = sum(unicodedata.east_asian_width(letter) not in "WF" for letter in words)
    return 2 * (len(words) - narrow) + math.ceil(narrow * 1.08)
