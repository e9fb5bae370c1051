"""Charts of the plan in numbers: people needed and there, who gets what, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.formats import MISSING, is_missing
from privdom_kit.labels import capital, label
from privdom_kit.messages import msg, text
from privdom_kit.report.drawing import number_text
from privdom_kit.report.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    INK,
    LAYER_COLOURS,
    MUTED,
    PAPER,
    RULE,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_ROWS = 10
_PALE = LAYER_COLOURS[3]
_HELD = "//"  # hatch of people who are sent nothing
_BELOW = 0.55  # inches from the axis to the legend below it
_ROOM = 0.07  # share of the axis below which a part has no room for its number
_KINDS = ("text_cost", "dial_cost", "incentive_cost")


def plot_sample_size(result: Result, ax: Axes | None = None) -> Axes | None:
    """People needed and people there are, for all crowds of a test and for each, logarithmic.

    The first test of the table, which is the one that can detect the least.
    """
    if not len(result.table):
        return ax
    test = str(result.table["test"].iloc[0])
    table = result.table[result.table["test"] == test].head(_MOST_ROWS)
    if not (table[["needed_people", "people"]].fillna(0) > 0).any(axis=None):
        return ax
    ax = ax or new_axes(height=2.2 + 0.62 * len(table), grid="x")
    places = range(len(table))
    for column, shift, look in (
        ("needed_people", -0.2, {"facecolor": PAPER, "edgecolor": ACCENT, "hatch": "...."}),
        ("people", 0.2, {"color": ACCENT}),
    ):
        widths = table[column].astype("float64")
        name = text("people needed") if column == "needed_people" else text("people there are")
        ax.barh([p + shift for p in places], widths, height=0.36, label=name, **look)  # type: ignore[arg-type]
        for place, width in zip(places, widths, strict=True):
            _beside(ax, 1.0 if is_missing(width) else width, place + shift, width)
    ax.set_xscale("log")
    ax.set_xlim(1, max(table[["needed_people", "people"]].max().max(), 10) * 4)
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "count"))
    ax.xaxis.set_minor_locator(_no_ticks())
    ax.set_yticks(list(places), [_size_name(row) for row in table.itertuples(index=False)])
    ax.set_ylim(len(table) - 0.45, -0.55)
    ax.set_xlabel(text("people, on a scale of powers of ten"))
    _legend_below(ax, 2)
    title_axes(
        ax,
        msg("Can the test detect what it looks for: {test:quote}", test=test),
        _first_of(result, "tests", len(set(result.table["test"]))),
    )
    return ax


def _size_name(row: Any) -> str:
    name = capital(str(label(row.scope))) if is_missing(row.crowd) else str(row.crowd)
    words = {
        "false": text("too few"),
        "true": text("enough"),
        "unsure": text("perhaps enough"),
    }
    return f"{name}\n{words.get(row.can_detect, text('cannot be said'))}"


def plot_assignment(result: Result, ax: Axes | None = None) -> Axes | None:
    """People by crowd and arm of the first test that anybody was drawn for, a bar a crowd."""
    table = result.table
    if not len(table):
        return ax
    drawn = table[table["people"].fillna(0) > 0]
    test = str((drawn if len(drawn) else table)["test"].iloc[0])
    own = table[table["test"] == test]
    crowds = list(dict.fromkeys(own["crowd"].where(own["crowd"].notna(), None)))[:_MOST_ROWS]
    arms = list(dict.fromkeys(own["arm"]))
    ax = ax or new_axes(height=2.4 + 0.5 * len(crowds), grid="x")
    sums = own["crowd_people"].astype("float64")
    most = float(sums.max()) if sums.notna().any() else 0.0
    held = {arm for arm in arms if arm not in set(result.tables["arms"]["arm"])}
    starts = [0.0] * len(crowds)
    for place, arm in enumerate(arms):
        widths = [_people(own, crowd, arm) for crowd in crowds]
        shown = [0.0 if width is None else width for width in widths]
        colour = CATEGORY_COLOURS[(place - len(held)) % len(CATEGORY_COLOURS)]
        look = {"facecolor": PAPER, "edgecolor": MUTED, "hatch": _HELD} if arm in held else {
            "color": colour, "edgecolor": PAPER}  # fmt: skip
        name = text("{arm:quote} (sent nothing)", arm=arm) if arm in held else arm
        ax.barh(range(len(crowds)), shown, left=starts, height=0.62, label=name, **look)  # type: ignore[arg-type]
        for row, width in enumerate(shown):
            if most and width >= _ROOM * most and arm not in held:
                _inside(ax, starts[row] + width / 2, row, width)
        starts = [start + width for start, width in zip(starts, shown, strict=True)]
    for row, (crowd, end) in enumerate(zip(crowds, starts, strict=True)):
        hidden = any(_people(own, crowd, arm) is None for arm in arms)
        _beside(ax, end, row, None if hidden else end)
    names = [text("everybody") if crowd is None else str(crowd) for crowd in crowds]
    ax.set_yticks(range(len(crowds)), names)
    ax.set_ylim(len(crowds) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "count"))
    ax.set_xlabel(text("people"))
    _legend_below(ax, min(len(arms), 5))
    title_axes(
        ax,
        msg("Who gets which version: {test:quote}", test=test),
        _first_of(result, "tests", len(set(table["test"]))),
    )
    return ax


def _people(own: pd.DataFrame, crowd: str | None, arm: str) -> float | None:
    """People of a crowd and arm; None where the number is hidden."""
    same = own["crowd"].isna() if crowd is None else own["crowd"] == crowd
    found = own.loc[same & (own["arm"] == arm), "people"]
    if not len(found):
        return 0.0
    return None if is_missing(found.iloc[0]) else float(found.iloc[0])


def plot_budget(result: Result, ax: Axes | None = None) -> Axes | None:
    """What each arm costs at the most, by kind, for the test that is nearest to its limits."""
    if not len(result.table):
        return ax
    test = str(result.tables["tests"]["test"].iloc[0])
    table = result.table[result.table["test"] == test].head(_MOST_ROWS)
    if not len(table):
        return ax
    ax = ax or new_axes(height=2.4 + 0.5 * len(table), grid="x")
    starts = [0.0] * len(table)
    parts = table[list(_KINDS)].assign(incentive_cost=_incentives(table)).astype("float64")
    looks = zip(_KINDS, (ACCENT, CATEGORY_COLOURS[1], _PALE), ("", "//", ".."), strict=True)
    for kind, colour, hatch in looks:
        widths = parts[kind].fillna(0.0).tolist()
        if not any(widths):
            continue
        ax.barh(
            range(len(table)), widths, left=starts, height=0.62, color=colour, hatch=hatch,
            edgecolor=PAPER, label=capital(str(_KIND_NAMES[kind])),
        )  # fmt: skip
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    for row, (end, cost) in enumerate(zip(starts, table["cost"], strict=True)):
        _beside(ax, end, row, cost, "money")
    ax.set_yticks(range(len(table)), list(table["arm"]))
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlim(0, max(*starts, 1.0) * 1.25)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "money"))
    ax.set_xlabel(text("cost at the most"))
    if any(starts):
        _legend_below(ax, 3)
    title_axes(
        ax,
        msg("What each arm costs: {test:quote}", test=test),
        _first_of(result, "tests", len(result.tables["tests"])),
    )
    return ax


_KIND_NAMES = {
    "text_cost": msg("text messages"),
    "dial_cost": msg("calls"),
    "incentive_cost": msg("incentives"),
}


def _incentives(table: pd.DataFrame) -> pd.Series:
    """What is left of the cost at the most beside texts and dials."""
    rest = table["cost"] - table["text_cost"] - table["dial_cost"]
    return rest.astype("float64").round(9).where(rest.notna(), table["incentive_cost"])


def _first_of(result: Result, figure: str, tests: int) -> Any:
    """The line below a chart: which of the tests it is, and up to when."""
    if tests < 2:
        return msg("Planned copy test, people up to {as_of:date}.", as_of=result.as_of)
    return msg(
        "The first of {tests:count} planned copy tests, people up to {as_of:date}; the others are "
        "in the table.",
        tests=result.figures[figure],
        as_of=result.as_of,
    )


def _beside(ax: Axes, end: float, place: float, value: Any, kind: str = "count") -> None:
    """A number behind the end of a bar; a dash where there is none."""
    words = MISSING if is_missing(value) else number_text(value, kind)
    ax.annotate(
        words, (end, place), xytext=(6, 0), textcoords="offset points", va="center", color=INK,
        fontsize=9,
    )  # fmt: skip


def _inside(ax: Axes, middle: float, row: int, value: float) -> None:
    ax.text(
        middle, row, number_text(value, "count"), ha="center", va="center", color=INK, fontsize=8,
        bbox={"facecolor": PAPER, "edgecolor": RULE, "pad": 1.2, "linewidth": 0.4},
    )  # fmt: skip


def _legend_below(ax: Axes, columns: int) -> None:
    """A legend below the axis' name, where neither the title nor a bar can be in its way."""
    from matplotlib.transforms import ScaledTranslation

    figure: Any = ax.get_figure(root=True)
    below = ax.transAxes + ScaledTranslation(0, -_BELOW, figure.dpi_scale_trans)
    ax.legend(
        frameon=False, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, ncols=columns,
        borderaxespad=0, fontsize=9,
    )  # fmt: skip


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()
