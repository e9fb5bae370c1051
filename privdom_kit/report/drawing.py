"""Shapes that charts of several topics share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.formats import MISSING, is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.theme import ACCENT, INK, PAPER, WASH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_PALE = 0.55  # a cell darker than this carries white text
_MOST_NUMBERED = 10  # columns up to which cells have room for a number
_MOST_NAMED = 20  # columns up to which each has room for a name


def known_source(result: Result, figure: str) -> Message:
    """The line below a chart: how many people it rests on, and up to when."""
    return msg(
        "{people:count} people, up to {as_of:date}.",
        people=result.figures[figure],
        as_of=result.as_of,
    )


def names_of(values: Sequence[object]) -> list[str]:
    """What tick labels say: the words for names of the code; never for names from the data."""
    return [str(label(value)) if isinstance(value, str) else str(value) for value in values]


def bars(
    ax: Axes,
    names: pd.Series,
    values: pd.Series,
    kind: str,
    colours: Sequence[str],
    marks: pd.Series | None = None,
) -> list[int]:
    """Horizontal bars, the first on top, each with its number; a dash where it is suppressed.

    Args:
        ax: The axes.
        names: Names of the bars.
        values: Their lengths.
        kind: Format of the numbers.
        colours: A colour a bar.
        marks: Where else something is drawn on each bar's line: the number stands behind it.

    Returns:
        The places of the bars on the y axis.
    """
    places = list(range(len(names)))
    widths = values.astype("float64")
    ax.barh(places, widths.fillna(0.0), color=list(colours), height=0.68)
    ends = widths if marks is None else widths.where(~(marks > widths), marks)
    for place, value, end in zip(places, widths, ends.fillna(0.0), strict=True):
        ax.annotate(
            number_text(value, kind),
            (end, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    ax.set_yticks(places, names_of(names))
    ax.invert_yaxis()
    ax.margins(x=0.15)
    _format_axis(ax, kind)
    return places


def dots_with_intervals(ax: Axes, table: pd.DataFrame, names: Sequence[str], values: str) -> None:
    """A dot and its interval for each row, the first on top; nothing where it is suppressed."""
    numbers = table[[values, f"{values}_ci_lower", f"{values}_ci_upper"]].astype("float64")
    places = list(range(len(table)))
    ax.hlines(places, numbers.iloc[:, 1], numbers.iloc[:, 2], color=ACCENT, linewidth=2)
    ax.plot(numbers.iloc[:, 0], places, "o", color=ACCENT)
    ax.set_yticks(places, list(names))
    ax.set_ylim(len(table) - 0.5, -0.5)
    _format_axis(ax, "percent")


def grid(
    ax: Axes, shades: pd.DataFrame, numbers: pd.DataFrame, kind: str, missing: str = ""
) -> None:
    """A shaded table: the darker the more, each cell with its number.

    Args:
        ax: The axes.
        shades: What shades a cell.
        numbers: What stands in it.
        kind: Format of the numbers.
        missing: What stands where there is no number.
    """
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("shade", [WASH, ACCENT]).with_extremes(bad=PAPER)
    values = shades.astype("float64")
    ax.imshow(values.to_numpy(), cmap=ramp, aspect="auto", vmin=0)
    # A missing shade compares as false: its number is dark on paper.
    shades_of_ramp = values.to_numpy() / (values.max(axis=None) or 1.0)
    crowded = numbers.shape[1] > _MOST_NUMBERED
    for y, line in enumerate([] if crowded else numbers.to_numpy(dtype=object)):
        for x, number in enumerate(line):
            dark = shades_of_ramp[y, x] > _PALE
            words = missing if is_missing(number) else number_text(number, kind)
            colour = PAPER if dark else INK
            if words:
                ax.text(x, y, words, ha="center", va="center", color=colour, fontsize=8)
    step = 1 + shades.shape[1] // _MOST_NAMED
    places = range(0, shades.shape[1], step)
    ax.set_xticks(list(places), names_of([shades.columns[place] for place in places]))
    ax.set_yticks(range(len(shades.index)), names_of(list(shades.index)))


def number_text(value: object, kind: str) -> str:
    """A number in the reader's language and the client's currency; a dash where missing."""
    return MISSING if is_missing(value) else Message(f"{{value:{kind}}}", {"value": value}).render()


def _format_axis(ax: Axes, kind: str) -> None:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    if kind == "percent":
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_text(value, kind)))
        ax.locator_params(axis="x", nbins=5)
