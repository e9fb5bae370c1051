"""Charts of copy against the rules and of the register of plans: states as signs and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import in_question, label
from privdom_kit.messages import msg, text
from privdom_kit.report.theme import (
    INK,
    MUTED,
    PAPER,
    RULE,
    VERDICT_COLOURS,
    VERDICT_SIGNS,
    VERDICT_TEXT_COLOURS,
    WASH,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_MOST_ARMS = 12
_MOST_TESTS = 5
_MOST_RULES = 2
# State: sign, colour of the cell, colour of what is written there. The signs tell them apart alone.
_GRAVE = (VERDICT_SIGNS["act"], VERDICT_COLOURS["act"], VERDICT_TEXT_COLOURS["act"])
_SLIGHT = (VERDICT_SIGNS["watch"], VERDICT_COLOURS["watch"], VERDICT_TEXT_COLOURS["watch"])
_FINE = (VERDICT_SIGNS["clear"], WASH, INK)
_OPEN = (VERDICT_SIGNS["not_enough_data"], PAPER, MUTED)
_NONE = (VERDICT_SIGNS["not_measured"], PAPER, MUTED)
_LOOKS: dict[str, tuple[str, str, str]] = {
    "refused": _GRAVE,
    "block": _GRAVE,
    "unreadable": _GRAVE,
    "warned": _SLIGHT,
    "warn": _SLIGHT,
    "missing": _SLIGHT,
    "nothing_found": _FINE,
    "stated": _FINE,
    "unknown": _OPEN,
    "not_checked": _NONE,
    "not_asked": _NONE,
    "advised": _OPEN,
}


def plot_copy_lint(result: Result, ax: Axes | None = None) -> Axes | None:
    """What each vendor would do with the text message of each arm, and by which rules.

    Without text messages: the gravest hit of each script or text.
    """
    if not len(result.table):
        return ax
    if "vendors" not in result.tables:
        return _plot_parts(result, ax)
    table = result.tables["vendors"]
    arms = _arms(table)
    vendors = list(dict.fromkeys(table["vendor"]))
    cells = {
        ((line.test, line.arm), line.vendor): (line.state, _short(line.rules), line.state)
        for line in table.itertuples(index=False)
    }
    shown = arms[:_MOST_ARMS]
    ax = ax or new_axes(height=1.9 + 0.5 * len(shown), grid="none")
    names = _arm_names(shown)
    _states(ax, shown, vendors, cells, "copy_lint")
    ax.set_yticks(range(len(shown)), names)
    ax.set_xticks(range(len(vendors)), [str(label(vendor)) for vendor in vendors])
    title_axes(
        ax,
        msg("What vendors would do with the text of each arm"),
        msg(
            "{shown:count} of {arms:count} text messages, rules as of the register, up to "
            "{as_of:date}. Nothing found is no promise.",
            shown=len(shown),
            arms=len(arms),
            as_of=result.as_of,
        ),
    )
    return ax


def _plot_parts(result: Result, ax: Axes | None) -> Axes:
    table = result.table.head(_MOST_ARMS)
    rows = list(range(len(table)))
    ax = ax or new_axes(height=1.9 + 0.4 * len(table), grid="none")
    states = zip(rows, table["state"], strict=True)
    cells = {(row, "state"): (state, "", state) for row, state in states}
    _states(ax, rows, ["state"], cells, "copy_lint")
    arms = _arm_names(list(zip(table["test"], table["arm"], strict=True)))
    parts = [label(in_question("copy_lint", part)) for part in table["part"]]
    ax.set_yticks(rows, [f"{arm} · {part}" for arm, part in zip(arms, parts, strict=True)])
    ax.set_xticks([0], [text("gravest hit")])
    title_axes(
        ax,
        msg("Texts and scripts against the rules"),
        msg(
            "{shown:count} of {parts:count} texts and scripts, rules as of the register, up to "
            "{as_of:date}. Nothing found is no promise.",
            shown=len(table),
            parts=len(result.table),
            as_of=result.as_of,
        ),
    )
    return ax


def plot_hypotheses(result: Result, ax: Axes | None = None) -> Axes | None:
    """What each planned test states of what a readout needs, and of what is advised."""
    if not len(result.table):
        return ax
    table = result.tables["checklist"]
    tests = list(result.table["test"])[:_MOST_TESTS]
    items = list(dict.fromkeys(table["item"]))
    needed = dict(zip(table["item"], table["needed"], strict=True))
    cells = {
        (line.item, line.test): (
            line.state,
            "",
            "advised" if line.state == "missing" and not line.needed else line.state,
        )
        for line in table[table["test"].isin(tests)].itertuples(index=False)
    }
    ax = ax or new_axes(height=1.7 + 0.34 * len(items), grid="none")
    _states(ax, items, tests, cells, "hypotheses")
    ax.set_yticks(range(len(items)), [_item_name(item, bool(needed[item])) for item in items])
    ax.set_xticks(range(len(tests)), tests)
    title_axes(
        ax,
        msg("What the plans state"),
        msg(
            "{shown:count} of {tests:count} planned tests, up to {as_of:date}.",
            shown=len(tests),
            tests=len(result.table),
            as_of=result.as_of,
        ),
    )
    return ax


def _item_name(item: str, needed: bool) -> str:
    name = label(in_question("hypotheses", item))
    return str(name) if needed else text("{item} (advised)", item=name)


def _arms(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(table["test"], table["arm"], strict=True)))


def _arm_names(arms: Sequence[tuple[str, str]]) -> list[str]:
    """Names of arms, with their test where there are several."""
    several = len({test for test, _ in arms}) > 1
    return [f"{test} · {arm}" if several else arm for test, arm in arms]


def _short(rules: object) -> str:
    """The first rules, and how many more there are."""
    if is_missing(rules):
        return ""
    ids = str(rules).split(", ")
    more = f" +{len(ids) - _MOST_RULES}" if len(ids) > _MOST_RULES else ""
    return ", ".join(ids[:_MOST_RULES]) + more


def _states(
    ax: Axes,
    rows: Sequence[object],
    columns: Sequence[object],
    cells: Mapping[Any, tuple[str, str, str]],
    question: str,
) -> None:
    """A table of states: each cell has a state, what it rests on, and the name of its look.

    A cell that is not there does not concern its row.
    """
    from matplotlib.patches import Rectangle

    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            state, detail, look = cells.get((row, column), ("not_asked", "", "not_asked"))
            sign, colour, ink = _LOOKS[look]
            ax.add_patch(
                Rectangle((x - 0.48, y - 0.44), 0.96, 0.88, facecolor=colour, edgecolor=RULE)
            )
            words = "" if state == "not_asked" else f" {label(in_question(question, state))}"
            lines = [f"{sign}{words}", *([detail] if detail else [])]
            ax.text(x, y, "\n".join(lines), ha="center", va="center", color=ink, fontsize=8)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.xaxis.tick_top()
    ax.spines[["left", "bottom"]].set_visible(False)
