"""Charts of checks, chains and guard-rails: each draws what its result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.check_kinds import CHECKS, FAILED, NOTED, OK, UNKNOWN
from privdom_kit.copy_tests.harm_states import BREACHED, NOT_MEASURED, OPEN, PASSED
from privdom_kit.copy_tests.measure_chain import SENT
from privdom_kit.labels import heading, in_question, label
from privdom_kit.messages import Message, msg, text
from privdom_kit.report.drawing import number_text
from privdom_kit.report.theme import (
    CATEGORY_COLOURS,
    INK,
    MUTED,
    VERDICT_COLOURS,
    VERDICT_SIGNS,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_TESTS = 6  # columns
_MOST_CHARACTERS = 55  # of all their names, up to which these stand side by side
_MOST_ARMS = 6  # as many as there are colours
_MOST_ROWS = 12
_LOOKS = {
    OK: "clear",
    FAILED: "act",
    NOTED: "watch",
    UNKNOWN: "not_measured",
    PASSED: "clear",
    BREACHED: "act",
    OPEN: "watch",
    NOT_MEASURED: "not_measured",
}
_MARKERS = ("o", "s", "^", "D", "v", "P")
_SHAPES = {PASSED: "o", BREACHED: "^", OPEN: "D"}
_FLOOR = 0.3  # of the smallest number: where a logarithmic axis begins


def plot_health(result: Result, ax: Axes | None = None) -> Axes | None:
    """Each check of each test as a sign: passed, failed, to be known, could not be checked."""
    if not len(result.table):
        return ax
    tests = list(dict.fromkeys(result.table["test"]))[:_MOST_TESTS]
    table = result.table[result.table["test"].isin(tests)]
    checks = [check for check in CHECKS if check in set(table["check"])]
    ax = ax or new_axes(height=1.7 + 0.3 * len(checks), grid="none")
    seen = []
    for row in table.itertuples(index=False):
        seen.append(row.status)
        _sign(ax, (tests.index(row.test), checks.index(row.check)), row.status)
    ax.set_xlim(-0.5, len(tests) - 0.5)
    ax.set_ylim(len(checks) - 0.5, -0.5)
    crowded = sum(map(len, tests)) > _MOST_CHARACTERS
    ax.set_xticks(range(len(tests)), tests, rotation=25 if crowded else 0,
                  ha="right" if crowded else "center")  # fmt: skip
    ax.set_yticks(range(len(checks)), [heading(in_question("health", c)) for c in checks])
    for place in range(len(checks) - 1):
        ax.axhline(place + 0.5, color="#d8dee5", linewidth=0.5)
    _legend_of_signs(ax, [s for s in (OK, NOTED, FAILED, UNKNOWN) if s in seen], "health")
    title_axes(
        ax,
        msg("Was it run as a test?"),
        msg(
            "{shown:count} of {tests:count} tests, up to {as_of:date}. No sign: the test has no "
            "use for the check.",
            shown=len(tests),
            tests=result.figures["tests"],
            as_of=result.as_of,
        ),
    )
    return ax


def _sign(ax: Axes, place: tuple[int, int], status: str) -> None:
    look = _LOOKS[status]
    ax.text(
        *place, VERDICT_SIGNS[look], color=VERDICT_COLOURS[look], ha="center", va="center",
        fontsize=13,
    )  # fmt: skip


def _legend_of_signs(ax: Axes, states: list[str], question: str) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="none", marker=f"${VERDICT_SIGNS[_LOOKS[state]]}$", markersize=8,
            color=VERDICT_COLOURS[_LOOKS[state]], label=heading(in_question(question, state)),
        )
        for state in states
    ]  # fmt: skip
    ax.legend(
        handles=handles, frameon=False, fontsize=9, ncols=len(handles), loc="lower right",
        bbox_to_anchor=(1, 1.01), borderaxespad=0, handletextpad=0.2, columnspacing=0.9,
    )  # fmt: skip


def plot_funnel(result: Result, ax: Axes | None = None) -> Axes | None:
    """Stages of the first test per person sent to, arm by arm, with intervals."""
    if not len(result.table):
        return ax
    test = result.table["test"].iloc[0]
    table = result.table[(result.table["test"] == test) & (result.table["stage"] != SENT)]
    arms = list(dict.fromkeys(table["arm"]))[:_MOST_ARMS]
    table = table[table["arm"].isin(arms)]
    stages = _stage_order(table)
    if not table["sent_rate"].notna().any():
        return ax
    height = 1.9 + (0.13 * len(arms) + 0.18) * len(stages)
    ax = ax or new_axes(height=height, grid="x")
    for number, arm in enumerate(arms):
        _draw_arm(ax, table[table["arm"] == arm], stages, number, len(arms))
    ax.set_yticks(range(len(stages)), [heading(stage) for stage in stages])
    ax.set_ylim(len(stages) - 0.5, -0.5)
    _share_axis(ax, table)
    ax.set_xlabel(text("share of people sent to (logarithmic scale)"))
    below = -0.6 / (height - 1.5)  # below the words of the axis, however tall it is
    ax.legend(frameon=False, ncols=3, loc="upper right", bbox_to_anchor=(1, below), borderaxespad=0)
    title_axes(
        ax,
        msg("{test:quote}: how far people sent to get", test=test),
        msg(
            "Test {number:count} of {tests:count}, up to {as_of:date}; lines are intervals. No "
            "dot: nobody, too few to be shown, or not measured.",
            number=1,
            tests=result.figures["tests"],
            as_of=result.as_of,
        ),
    )
    return ax


def _stage_order(table: pd.DataFrame) -> list[str]:
    """Stages of the longest chain first, so that their order is that of the way."""
    chains = [list(dict.fromkeys(part["stage"])) for _, part in table.groupby("arm", sort=False)]
    longest = max(chains, key=len, default=[])
    return [*longest, *dict.fromkeys(s for chain in chains for s in chain if s not in longest)]


def _draw_arm(ax: Axes, part: pd.DataFrame, stages: list[str], number: int, arms: int) -> None:
    shown = part[part["sent_rate"].notna()]
    if shown.empty:
        return
    offset = (number - (arms - 1) / 2) * min(0.8 / arms, 0.22)
    places = [stages.index(stage) + offset for stage in shown["stage"]]
    held = bool((part["held_back"] == "true").any())
    name = part["arm"].iloc[0]
    colour = MUTED if held else CATEGORY_COLOURS[number % len(CATEGORY_COLOURS)]
    ax.hlines(
        places, shown["sent_rate_ci_lower"], shown["sent_rate_ci_upper"], color=colour, linewidth=2
    )
    ax.plot(
        shown["sent_rate"], places, _MARKERS[number % len(_MARKERS)], color=colour,
        linestyle="none",
        label=text("{arm:quote} (held back)", arm=name) if held else str(name),
    )  # fmt: skip


def _share_axis(ax: Axes, table: pd.DataFrame) -> None:
    """A logarithmic axis: stages of 95 % and of 0.5 % stand side by side."""
    from matplotlib.ticker import LogLocator, NullLocator

    known = table[["sent_rate", "sent_rate_ci_lower"]].astype("float64").to_numpy()
    known = known[known > 0]
    ax.set_xscale("log")
    ax.set_xlim(float(known.min()) * _FLOOR if known.size else 0.001, 1.3)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "percent"))


def plot_guardrails(result: Result, ax: Axes | None = None) -> Axes | None:
    """The rise of what nobody wants, arm by arm, with intervals against the margin."""
    if not len(result.table):
        return ax
    table = result.table[result.table["rise"].notna()].head(_MOST_ROWS).reset_index(drop=True)
    if table.empty:
        return ax
    ax = ax or new_axes(height=1.9 + 0.36 * len(table), grid="x")
    names = [_row_name(row, table) for row in table.itertuples(index=False)]
    for place, row in enumerate(table.itertuples(index=False)):
        colour = VERDICT_COLOURS[_LOOKS[row.state]]
        ax.hlines(place, row.rise_ci_lower, row.rise_ci_upper, color=colour, linewidth=2)
    for state, shape in _SHAPES.items():
        places = list(table.index[table["state"] == state])
        if places:
            ax.plot(
                table.loc[places, "rise"], places, shape, linestyle="none",
                color=VERDICT_COLOURS[_LOOKS[state]],
                label=heading(in_question("guardrails", state)),
            )  # fmt: skip
    ax.plot(
        table["margin"], list(table.index), "|", color=INK, markersize=20, markeredgewidth=2,
        label=text("rise put up with"),
    )  # fmt: skip
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(range(len(table)), names)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.xaxis.set_major_formatter(lambda value, _: number_text(value, "percent"))
    ax.set_xlabel(text("rise, share of people sent to"))
    ax.legend(frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    title_axes(
        ax,
        msg("Did anything get worse?"),
        msg(
            "{shown:count} of {rows:count} guard-rails, up to {as_of:date}; lines are intervals. "
            "Passed: the line ends left of the margin.",
            shown=len(table),
            rows=len(result.table),
            as_of=result.as_of,
        ),
    )
    return ax


def _row_name(row: Any, table: pd.DataFrame) -> str:
    about = Message("{arm:quote}, {harm}", {"arm": row.arm, "harm": label(row.harm)})
    if table["test"].nunique() == 1:
        return str(about)
    return str(msg("{test:quote}: {about}", test=row.test, about=about))
