"""Charts of playbook 00: identity, consent, systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.labels import heading
from privdom_kit.messages import current_language, text
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    RULE,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_ROW_HEIGHT = 0.34
_MOST_ROWS = 14  # more bars than that cannot be read; the table has them all


def plot_identity(result: Result, ax: Axes | None = None) -> Axes:
    """Of the people who carry each key, the share who stand in two tables."""
    table = result.table.dropna(subset=["people_matched_share"])
    ax = _share_bars(ax, _names(table["identity"]), table["people_matched_share"])
    figures = result.figures
    source = text(
        "{matched:count} of {people:count} people stand in two of {tables:count} tables or more",
        matched=figures["people_matched"],
        people=figures["people"],
        tables=figures["tables"],
    )
    title_axes(ax, text("People found in two tables, by the key they carry"), source)
    return ax


def plot_reach(result: Result, ax: Axes | None = None) -> Axes:
    """The share of people who can be reached by each touchpoint."""
    table = result.tables["reach"].dropna(subset=["reachable_share"])
    ax = _share_bars(ax, _names(table["touchpoint"]), table["reachable_share"])
    source = text(
        "{people:count} people, as of {as_of}", people=result.figures["people"], as_of=result.as_of
    )
    title_axes(ax, text("People who can be reached, by touchpoint"), source)
    return ax


def plot_consent(result: Result, ax: Axes | None = None) -> Axes:
    """The share without licence or consent, by check; what is not stated has no bar."""
    table = result.table.dropna(subset=["missing_share"])
    names = [
        heading(row.check, current_language())
        + (f" · {heading(row.channel, current_language())}" if isinstance(row.channel, str) else "")
        for row in table.itertuples()
    ]
    red = [CATEGORY_COLOURS[3] if mark == "red" else ACCENT for mark in table["mark"]]
    ax = _share_bars(ax, names, table["missing_share"], red)
    source = text(
        "{red:count} of {checks:count} checks are red, {unstated:count} are not stated",
        red=result.figures["red"],
        checks=result.figures["checks"],
        unstated=result.figures["not_stated"],
    )
    title_axes(ax, text("Without consent or licence, by check"), source)
    return ax


def plot_systems(result: Result, ax: Axes | None = None) -> Axes:
    """Of the people of the smaller table, the share who stand in both, by pair of tables."""
    pairs = result.tables.get("pairs")
    shown = None if pairs is None else pairs.dropna(subset=["both_share"])
    if shown is None:
        ax = _share_bars(ax, [], [])
    else:
        shown = shown.sort_values("both_share", ascending=False, kind="stable").head(_MOST_ROWS)
        both = zip(_names(shown["table"]), _names(shown["other_table"]), strict=True)
        names = [" · ".join(pair) for pair in both]
        ax = _share_bars(ax, names, shown["both_share"])
    source = text("Share of the people of the smaller table, as of {as_of}", as_of=result.as_of)
    title_axes(ax, text("People who stand in both tables"), source)
    return ax


def _names(names: pd.Series) -> list[str]:
    return [heading(name, current_language()) for name in names]


def _share_bars(
    ax: Axes | None,
    names: Sequence[str],
    shares: Sequence[float] | pd.Series,
    colours: Sequence[str] | str = ACCENT,
) -> Axes:
    """Bars from 0 to 100 %, the first on top, each with its share beside it."""
    ax = ax or new_axes(height=1.5 + _ROW_HEIGHT * max(len(names), 1), grid="x")
    bars = ax.barh(list(names), [float(share) for share in shares], color=colours, height=0.6)
    labels = [text("{share:percent}", share=float(share)) for share in shares]
    ax.bar_label(bars, labels, padding=3, color=INK, fontsize=8.5)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.axvline(1, color=RULE, linewidth=0.8)
    return ax
