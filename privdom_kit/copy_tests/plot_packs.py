"""Charts of crowds, of what contacts bring and of what friends cost: each draws its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.labels import label
from privdom_kit.messages import Message, msg, text
from privdom_kit.report.drawing import number_text
from privdom_kit.report.theme import ACCENT, MUTED, PAPER, new_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_LINES = 12
_APART = 0.16  # half the distance of two marks on one line


def plot_crowds(result: Result, ax: Axes | None = None) -> Axes | None:
    """Share of each crowd of one test, as it is and shrunk, with intervals."""
    if not len(result.table):
        return ax
    table = _of_test(result)
    ax = ax or new_axes(height=1.9 + 0.42 * len(table), grid="x")
    names = [str(name) for name in table["crowd"]]
    _marks(ax, table, "rate", -_APART, MUTED, PAPER, text("as counted"))
    _marks(ax, table, "shrunk_rate", _APART, ACCENT, ACCENT, text("shrunk"))
    _lines(ax, names)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "percent"))
    ax.locator_params(axis="x", nbins=6)
    figures = result.figures
    ax.axvline(figures["mean_rate"], color=MUTED, linestyle=":", label=text("mean of the crowds"))
    _legend(ax)
    ax.set_xlabel(text("share of people sent to"))
    title_axes(
        ax,
        msg(
            "{test:quote}: {outcome} by crowd",
            test=figures["test"],
            outcome=label(figures["outcome"]),
        ),
        _source(
            int((result.table["test"] == figures["test"]).sum()),
            msg(
                "{people:count} people sent to, window over by {as_of:date}; lines are intervals. "
                "No mark: too few people.",
                people=figures["people"],
                as_of=result.as_of,
            ),
        ),
    )
    return ax


def plot_crowd_priority(result: Result, ax: Axes | None = None) -> Axes | None:
    """Profit of a contact by crowd with intervals; filled where the plan contacts the crowd."""
    if not len(result.table):
        return ax
    table = _of_test(result)
    ax = ax or new_axes(height=1.9 + 0.42 * len(table), grid="x")
    taken = table["taken"].isin(["whole", "part"]).tolist()
    left, kept = table[[not one for one in taken]], table[taken]
    places = {name: place for place, name in enumerate(table.index)}
    for rows, fill, words in (
        (kept, ACCENT, text("to be contacted")),
        (left, PAPER, text("not contacted")),
    ):
        if len(rows):
            at = [places[name] for name in rows.index]
            _marks(ax, rows, "profit_per_contact", 0.0, ACCENT, fill, words, at)
    ax.axvline(0, color=MUTED, linestyle=":", label=text("pays for itself"))
    _lines(ax, [str(name) for name in table["crowd"]])
    _money_axis(ax)
    _legend(ax)
    ax.set_xlabel(text("profit of a contact"))
    title_axes(
        ax,
        msg("{test:quote}: what a contact brings by crowd", test=result.figures["test"]),
        _source(
            int((result.table["test"] == result.figures["test"]).sum()),
            msg(
                "In the order of spending, up to {as_of:date}; lines are intervals. No mark: too "
                "few people.",
                as_of=result.as_of,
            ),
        ),
    )
    return ax


def plot_cost_per_friend(result: Result, ax: Axes | None = None) -> Axes | None:
    """Cost per friend by version, over all friends and over extra ones; an arrow has no end."""
    if not len(result.table):
        return ax
    table = result.table.head(_MOST_LINES)
    ax = ax or new_axes(height=1.9 + 0.42 * len(table), grid="x")
    several = table["test"].nunique() > 1
    names = [
        f"{row.test} · {row.arm}" if several else str(row.arm)
        for row in table.itertuples(index=False)
    ]
    _marks(ax, table, "cost_per_friend", -_APART, MUTED, PAPER, text("over all friends"))
    if table["cost_per_extra_friend"].notna().any():
        words = text("over friends beyond those of people held back")
        _marks(ax, table, "cost_per_extra_friend", _APART, ACCENT, ACCENT, words)
    values = table["friend_value"].dropna()
    if len(values) and values.nunique() == 1:
        ax.axvline(values.iloc[0], color=MUTED, linestyle=":", label=text("value of a friend"))
    _lines(ax, names)
    ax.set_xlim(left=0)
    _arrows(ax, table, "cost_per_friend", "bounded", -_APART, MUTED)
    _arrows(ax, table, "cost_per_extra_friend", "extra_bounded", _APART, ACCENT)
    _money_axis(ax)
    _legend(ax)
    ax.set_xlabel(text("cost per friend"))
    title_axes(
        ax,
        msg("What a friend costs, by version"),
        _source(
            len(result.table),
            msg(
                "Costs up to {as_of:date}, incentives among them; lines are intervals, an arrow "
                "has no upper end.",
                as_of=result.as_of,
            ),
        ),
    )
    return ax


def _of_test(result: Result) -> pd.DataFrame:
    """The rows of the test that the statement speaks of, as many as a chart has room for."""
    table = result.table[result.table["test"] == result.figures["test"]]
    return table.head(_MOST_LINES).reset_index(drop=True)


def _marks(
    ax: Axes,
    table: pd.DataFrame,
    values: str,
    shift: float,
    colour: str,
    fill: str,
    words: str,
    places: Sequence[int] | None = None,
) -> None:
    """A dot and its interval for each row; nothing where there is no number."""
    numbers = table[[values, f"{values}_ci_lower", f"{values}_ci_upper"]].astype("float64")
    at = [place + shift for place in (range(len(table)) if places is None else places)]
    ax.hlines(at, numbers.iloc[:, 1], numbers.iloc[:, 2], color=colour, linewidth=1.6)
    ax.plot(numbers.iloc[:, 0], at, "o", color=colour, markerfacecolor=fill, label=words)


def _arrows(
    ax: Axes, table: pd.DataFrame, values: str, ended: str, shift: float, colour: str
) -> None:
    """An arrow to the right from each dot whose interval has no upper end."""
    reach = ax.get_xlim()[1]
    for place, (value, has) in enumerate(zip(table[values], table[ended], strict=True)):
        if has == "false" and value == value:
            ax.annotate(
                "",
                xy=(max(reach, value * 1.2), place + shift),
                xytext=(value, place + shift),
                arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6},
            )
    ax.set_xlim(right=reach)


def _lines(ax: Axes, names: list[str]) -> None:
    ax.set_yticks(list(range(len(names))), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def _money_axis(ax: Axes) -> None:
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "money"))
    ax.locator_params(axis="x", nbins=6)


def _legend(ax: Axes) -> None:
    """Below the words of the axis, however high the chart is."""
    from matplotlib.transforms import ScaledTranslation

    inches = ax.get_figure(root=True).dpi_scale_trans  # type: ignore[union-attr]
    below = ax.transAxes + ScaledTranslation(0, -0.48, inches)
    ax.legend(
        frameon=False, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, ncols=3,
        fontsize=9,
    )  # fmt: skip


def _source(rows: int, source: Message) -> Message:
    """The line below the chart; it says where rows were left out."""
    if rows <= _MOST_LINES:
        return source
    return msg(
        "{source} The first {most:count} of {rows:count} are shown.",
        source=source,
        most=_MOST_LINES,
        rows=rows,
    )
