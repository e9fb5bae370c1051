"""Charts of playbook 00."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from privdom_kit.labels import heading
from privdom_kit.messages import current_language, text
from privdom_kit.report.theme import ACCENT, CATEGORY_COLOURS, INK, RULE, new_axes, title_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_ROW_HEIGHT = 0.34
_COLOURS = {
    "used": ACCENT,
    "after_as_of": RULE,
    "not_paid": CATEGORY_COLOURS[1],
    "duplicates": CATEGORY_COLOURS[2],
    "quarantined": CATEGORY_COLOURS[3],
}


def plot_tables(result: Result, ax: Axes | None = None) -> Axes:
    """What became of the rows of each table, as shares of the rows read."""
    names = [heading(name, current_language()) for name in result.table["table"]]
    ax = ax or new_axes(height=1.5 + _ROW_HEIGHT * max(len(names), 1), grid="x")
    left = [0.0] * len(names)
    for part, colour in _COLOURS.items():
        widths = _part(result, part)
        if any(widths):
            ax.barh(names, widths, left=left, color=colour, label=heading(part, current_language()))
        left = [start + width for start, width in zip(left, widths, strict=True)]
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    if names:
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(0, -0.12),
            ncols=len(_COLOURS),
            frameon=False,
            fontsize=8.5,
            labelcolor=INK,
        )
    source = text(
        "{rows:count} rows read, up to {as_of}", rows=result.figures["rows"], as_of=result.as_of
    )
    title_axes(ax, text("What became of the rows of each table"), source)
    return ax


def _part(result: Result, part: str) -> list[float]:
    parts = result.tables["parts"]
    shares = parts[parts["part"] == part].set_index("table")["part_share"]
    return [float(shares.get(name, 0.0)) for name in result.table["table"]]


def plot_coverage(result: Result, ax: Axes | None = None) -> Axes:
    """The span of each table on one time axis."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    table = result.table.dropna(subset=["first_on"])
    ax = ax or new_axes(height=1.5 + _ROW_HEIGHT * max(len(table), 1), grid="x")
    names = [heading(name, current_language()) for name in table["table"]]
    starts, ends = (
        [float(date2num(dt.date.fromisoformat(day))) for day in table[column]]
        for column in ("first_on", "last_on")
    )
    for name, start, end in zip(names, starts, ends, strict=True):
        ax.barh(name, end - start, left=start, color=ACCENT, height=0.6)
    as_of = float(date2num(dt.date.fromisoformat(result.as_of)))
    ax.axvline(as_of, color=INK, linewidth=1, linestyle=(0, (3, 2)))
    ax.xaxis_date()
    locator = AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(
        ConciseDateFormatter(
            locator, formats=["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S.%f"], show_offset=False
        )
    )
    ax.invert_yaxis()
    title_axes(
        ax,
        text("The days that each table covers"),
        text("Dashed line: {as_of}, the last day that is seen", as_of=result.as_of),
    )
    return ax
