"""Chart of the five questions of why the user would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.messages import msg
from privdom_kit.report.theme import (
    ACCENT,
    INK,
    MUTED,
    RULE,
    VERDICT_COLOURS,
    new_axes,
    title_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_ROW = 0.42


def plot_why_checklist(result: Result, ax: Axes | None = None) -> Axes | None:
    """Questions answered yes with evidence at each touchpoint, of five; open ones pale."""
    table = result.table
    if not len(table):
        return ax
    ax = ax or new_axes(height=1.7 + _ROW * len(table), grid="none")
    for place, row in enumerate(table.itertuples(index=False)):
        yes, no = (0 if is_missing(value) else int(value) for value in (row.yes, row.no))
        colours = [ACCENT] * yes + [VERDICT_COLOURS["act"]] * no + [RULE] * int(row.unanswered)
        for step, colour in enumerate(colours):
            ax.barh(place, 0.92, left=step + 0.04, height=0.62, color=colour)
        words = msg(
            "{yes:count} of {asked:count}, {answered:count} answered",
            yes=row.yes,
            asked=row.asked,
            answered=row.answered,
        )
        ax.text(
            row.asked + 0.12,
            place,
            words.render(),
            va="center",
            color=INK if row.answered else MUTED,
            fontsize=9,
        )
    ax.set_yticks(range(len(table)), [str(name) for name in table["name"]])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlim(0, float(table["asked"].max()) + 2.4)
    ax.set_xticks([])
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    title_axes(
        ax,
        msg("Reasons of the user, by touchpoint"),
        msg(
            "Dark: yes with evidence, red: no or without evidence, pale: not answered. "
            "{rated:count} touchpoints rated, up to {as_of:date}.",
            rated=result.figures["touchpoints_rated"],
            as_of=result.as_of,
        ),
    )
    return ax
