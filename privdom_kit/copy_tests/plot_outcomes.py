"""Charts of differences, looks and choices: each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.answers import bounded
from privdom_kit.copy_tests.arm_rows import NOT_REACHED, SEEN_ONLY, UNSOUND
from privdom_kit.copy_tests.comparing import PRIMARY
from privdom_kit.copy_tests.describe_choices import CHOICES
from privdom_kit.copy_tests.outcome_words import OUTCOMES, reference_words
from privdom_kit.formats import is_missing
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import dots_with_intervals, number_text
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    MUTED,
    PAPER,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_LINES = 10
_MOST_ARMS = 5
_IDLE = (NOT_REACHED, SEEN_ONLY, UNSOUND)  # states of which nothing follows
_MARKERS = ("o", "s", "^", "D", "v")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)))
# O'Brien-Fleming asks for z = 10 at an early look: the paths would be flat beside it.
_HIGHEST_BOUND = 6.0


def plot_arms(result: Result, ax: Axes | None = None) -> Axes | None:
    """Differences of versions to their reference with intervals, and what would matter."""
    if not len(result.table):
        return ax
    rows = result.table[result.table["role"] == PRIMARY]
    if rows.empty:
        return ax
    rows = _leading_first(rows, result.figures["test"]).head(_MOST_LINES)
    ax = ax or new_axes(height=1.9 + 0.34 * len(rows), grid="x")
    dots_with_intervals(ax, rows, _row_names(rows), "difference")
    _open_dots(ax, rows)
    _points_axis(ax)
    ax.axvline(0, color=INK, linewidth=1)
    least = rows["least_difference"].astype("float64").to_numpy()
    places = np.arange(len(rows))
    ax.set_xlabel(text("difference in percentage points of people"))
    if np.isfinite(least).any():
        for sign in (1, -1):
            ax.plot(sign * least, places, "|", color=MUTED, markersize=18, markeredgewidth=2)
        ax.set_xlabel(
            text("difference in percentage points of people; marks: smallest that matters")
        )
    first = rows.iloc[0]
    title_axes(
        ax,
        msg("Versions against {reference}: {outcome}", reference=reference_words(first),
            outcome=OUTCOMES[first["outcome"]])
        if rows["test"].nunique() == 1
        else msg("Versions against what they are held against"),
        msg(
            "{people:count} people, up to {as_of:date}; {shown:count} of {rows:count} versions. "
            "Lines: corrected intervals. Open: decides nothing. No dot: too few people, or hidden.",
            people=_people(result.table),
            as_of=result.as_of,
            shown=len(rows),
            rows=int((result.table["role"] == PRIMARY).sum()),
        ),
    )  # fmt: skip
    return ax


def plot_sequence(result: Result, ax: Axes | None = None) -> Axes | None:
    """The path of the statistic by people sent to, against the bounds of the planned looks."""
    if not len(result.table):
        return ax
    test = result.figures["test"]
    looks = result.table[result.table["test"] == test]
    readings = result.tables["readings"]
    readings = readings[readings["test"] == test]
    ax = ax or new_axes(height=3.8, grid="y")
    arms = list(dict.fromkeys(looks["arm"]))[:_MOST_ARMS]
    for place, arm in enumerate(arms):
        path = readings[readings["arm"] == arm]
        ax.plot(
            path["people"], path["z"], linestyle=_DASHES[place], marker=_MARKERS[place],
            markersize=4, color=CATEGORY_COLOURS[place], label=str(arm),
        )  # fmt: skip
    _draw_bounds(ax, looks[looks["arm"] == arms[0]])
    ax.axhline(0, color=INK, linewidth=1)
    ax.set_xlim(left=0)
    ax.set_xlabel(text("people compared"))
    ax.set_ylabel(text("z of the difference"))
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "count"))
    ax.locator_params(axis="x", nbins=6)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0)
    title_axes(
        ax,
        msg("{test:quote}: looks at {outcome}", test=test,
            outcome=OUTCOMES[result.figures["outcome"]]),
        msg(
            "{shown:count} of {arms:count} versions, each reading by day of sending, up to "
            "{as_of:date}. Readings that would give few people away are left out.",
            shown=len(arms),
            arms=looks["arm"].nunique(),
            as_of=result.as_of,
        ),
    )  # fmt: skip
    return ax


def _open_dots(ax: Axes, rows: pd.DataFrame) -> None:
    """Grey lines and open dots over rows that decide nothing."""
    idle = np.flatnonzero(rows["state"].isin(_IDLE).to_numpy())
    if not len(idle):
        return
    numbers = rows[list(bounded("difference"))].astype("float64").to_numpy()[idle]
    ax.hlines(idle, numbers[:, 1], numbers[:, 2], color=MUTED, linewidth=2, zorder=2.5)
    ax.plot(numbers[:, 0], idle, "o", color=MUTED, markerfacecolor=PAPER, zorder=2.6)


def _draw_bounds(ax: Axes, looks: pd.DataFrame) -> None:
    """The bounds of the first version: with several versions and one look they differ a little."""
    known = looks[looks["bound"].notna() & looks["people"].notna()]
    if known.empty:
        return
    x = known["people"].astype("float64").to_numpy()
    bound = known["bound"].astype("float64").to_numpy()
    height = np.minimum(bound, _HIGHEST_BOUND)
    for sign, words in ((1, text("bound of the planned look")), (-1, "")):
        ax.plot(
            x, sign * height, linestyle="--", marker="_", markersize=18, markeredgewidth=2.5,
            color=MUTED, label=words or None,
        )  # fmt: skip
    for place, value in zip(x, bound, strict=True):
        words = number_text(value, "score")
        at = min(value, _HIGHEST_BOUND)
        ax.annotate(
            words, (place, at), xytext=(0, 5), textcoords="offset points", ha="center", color=MUTED
        )


def plot_decision(result: Result, ax: Axes | None = None) -> Axes | None:
    """What shipping and what keeping loses on average, with the choice as words."""
    if not len(result.table):
        return ax
    rows = _leading_first(result.table, result.figures["test"]).head(_MOST_LINES)
    ax = ax or new_axes(height=1.9 + 0.36 * len(rows), grid="x")
    places = np.arange(len(rows))
    shipped = rows["loss_if_shipped"].astype("float64").to_numpy()
    kept = rows["loss_if_kept"].astype("float64").to_numpy()
    ax.hlines(places, np.fmin(shipped, kept), np.fmax(shipped, kept), color=MUTED, linewidth=1)
    ax.plot(shipped, places, "o", color=ACCENT)
    ax.plot(kept, places, "D", color=ACCENT, markerfacecolor="none")
    ax.axvline(result.settings["copy_tests.loss_limit"], color=MUTED, linestyle=":")
    ax.set_yticks(places, _row_names(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(left=-0.02 * ax.get_xlim()[1])  # a mark at 0 is seen whole
    ax.xaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g}%")
    ax.locator_params(axis="x", nbins=5)
    for place, choice in zip(places, rows["choice"], strict=True):
        ax.annotate(
            str(CHOICES[choice]), (1, place), xycoords=("axes fraction", "data"), xytext=(8, 0),
            textcoords="offset points", va="center", color=INK,
        )  # fmt: skip
    ax.set_xlabel(
        text("people lost on average: full mark if shipped, open if not; dotted: negligible")
    )
    title_axes(
        ax,
        msg("What each choice may cost"),
        msg(
            "{shown:count} of {rows:count} versions, up to {as_of:date}. No mark: too few people, "
            "no sound test, or not yet time to read it.",
            shown=len(rows),
            rows=len(result.table),
            as_of=result.as_of,
        ),
    )
    return ax


def _leading_first(rows: pd.DataFrame, test: str) -> pd.DataFrame:
    return rows.assign(later=rows["test"] != test).sort_values("later", kind="stable")


def _row_names(rows: pd.DataFrame) -> list[str]:
    """Names of versions; with their test and what decides it where there are several."""
    if rows["test"].nunique() == 1:
        return [str(arm) for arm in rows["arm"]]
    return [
        text("{test:quote}\n{arm:quote}: {outcome}", test=test, arm=arm, outcome=OUTCOMES[outcome])
        for test, arm, outcome in zip(rows["test"], rows["arm"], rows["outcome"], strict=True)
    ]


def _points_axis(ax: Axes) -> None:
    """Percentage points without a unit: the axis label says it."""
    ax.xaxis.set_major_formatter(lambda value, _: f"{value * 100:+.3g}" if value else "0")


def _people(table: Any) -> int:
    """People of all sides that are compared, each once."""
    rows = table[table["role"] == PRIMARY]
    ours = rows.drop_duplicates(["test", "arm"])["people"].sum()
    theirs = rows.drop_duplicates(["test", "reference"])["reference_people"].sum()
    return int(ours + theirs) if not is_missing(ours + theirs) else 0
