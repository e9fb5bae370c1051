"""Charts of the registers: the catalogue, roles, texts against the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from privdom_kit.labels import heading, label
from privdom_kit.messages import current_language, msg, text
from privdom_kit.report.drawing import number_text
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
    import pandas as pd
    from matplotlib.axes import Axes

    from privdom_kit.results import Result

_ROW = 0.36  # inches a row
_MOST_RULES = 18  # rows that can be read; the table has them all
_STATUS_COLOURS = {
    "active": ACCENT,
    "silent": VERDICT_COLOURS["watch"],
    "stated_without_data": VERDICT_COLOURS["act"],
    "not_in_use": MUTED,
    "not_audited": RULE,
}


def plot_catalogue(result: Result, ax: Axes | None = None) -> Axes | None:
    """Touchpoints of each family by status; the whole length is what is listed."""
    groups = result.tables.get("groups")
    if groups is None:
        return ax
    ax = ax or new_axes(height=1.6 + _ROW * len(groups), grid="x")
    left = [0] * len(groups)
    places = list(range(len(groups)))
    for status, colour in _STATUS_COLOURS.items():
        counts = [int(value) for value in groups[status]]
        ax.barh(places, counts, left=left, color=colour, height=0.66, label=str(label(status)))
        left = [start + count for start, count in zip(left, counts, strict=True)]
    ax.set_yticks(places, [heading(name, current_language()) for name in groups["group"]])
    ax.invert_yaxis()
    ax.set_xlabel(text("touchpoints"))
    _whole_numbers(ax)
    _legend_below(ax, len(_STATUS_COLOURS))
    title_axes(
        ax,
        msg("Touchpoints at work, by family"),
        msg(
            "{active:count} of {listed:count} touchpoints with data or content in {days:days}, up "
            "to {as_of:date}.",
            active=result.figures["active"],
            listed=result.figures["listed"],
            days=result.settings["touchpoints.catalogue_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def plot_roles(result: Result, ax: Axes | None = None) -> Axes | None:
    """The rate of each touchpoint with its interval, and the mark of the period before."""
    table = result.table
    if not len(table):
        return ax
    ax = ax or new_axes(width=7.6, height=1.7 + _ROW * 1.5 * len(table), grid="x")
    places = list(range(len(table)))
    numbers = table.astype({name: "float64" for name in table if name.startswith("kpi_rate")})
    ax.hlines(
        places,
        numbers["kpi_rate_ci_lower"],
        numbers["kpi_rate_ci_upper"],
        color=ACCENT,
        linewidth=2,
    )
    ax.plot(numbers["kpi_rate"], places, "o", color=ACCENT, label=text("last period"))
    ax.plot(
        numbers["kpi_rate_before"],
        places,
        "|",
        color=VERDICT_COLOURS["watch"],
        markersize=13,
        markeredgewidth=2.2,
        label=text("period before"),
    )
    for place, row in zip(places, table.itertuples(index=False), strict=True):
        ax.annotate(
            _role_words(row),
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            color=INK if row.status == "measured" else MUTED,
            fontsize=8.5,
        )
    ax.set_yticks(places, [str(name) for name in table["name"]])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _legend_below(ax, 2)
    title_axes(
        ax,
        msg("Each touchpoint by its own measure"),
        msg(
            "Last {days:days} and the {days:days} before, up to {as_of:date}; counts and "
            "statistics have no rate.",
            days=result.figures["period_days"],
            as_of=result.as_of,
        ),
    )
    return ax


def _role_words(row: object) -> str:
    """Measure and number of a touchpoint, or that nobody looked."""
    kpi = str(label(row.kpi)) if isinstance(row.kpi, str) else ""  # type: ignore[attr-defined]
    if row.status != "measured":  # type: ignore[attr-defined]
        return text("{measure}: {value}", measure=kpi, value=label("not_audited"))
    rate, people = row.kpi_rate, row.people  # type: ignore[attr-defined]
    if rate == rate and rate is not None:
        return text("{measure}: {value}", measure=kpi, value=number_text(rate, "percent"))
    value = row.metric_value  # type: ignore[attr-defined]
    if value == value and value is not None:
        metric = label(row.metric)  # type: ignore[attr-defined]
        return text("{measure}: {value}", measure=metric, value=number_text(value, "number"))
    return text("{measure}: {value}", measure=kpi, value=number_text(people, "count"))


def plot_copy_rules(result: Result, ax: Axes | None = None) -> Axes | None:
    """Texts that run into each rule, the gravest rules first."""
    if not len(result.table):
        return ax
    table = result.table.head(_MOST_RULES)
    ax = ax or new_axes(height=1.8 + _ROW * max(len(table), 1), grid="x")
    places = list(range(len(table)))
    severities = ("block", "warn", "info")
    colours = {"block": "act", "warn": "watch", "info": "not_measured"}
    ax.barh(
        places,
        [int(value) for value in table["texts"]],
        color=[VERDICT_COLOURS[colours[severity]] for severity in table["severity"]],
        height=0.66,
    )
    for place, row in zip(places, table.itertuples(index=False), strict=True):
        ax.annotate(
            msg("{texts:count} of {scanned:count}", texts=row.texts, scanned=row.scanned).render(),
            (row.texts, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=8.5,
        )
    ax.set_yticks(places, _rule_names(table))
    ax.set_ylim(max(len(table), 1) - 0.5, -0.5)
    ax.margins(x=0.2)
    _whole_numbers(ax)
    ax.set_xlabel(text("texts"))
    _legend_below(
        ax,
        len(severities),
        {str(label(name)): VERDICT_COLOURS[colours[name]] for name in severities},
    )
    title_axes(
        ax,
        msg("Texts that run into a rule"),
        msg(
            "{scanned:count} texts checked, {clean:count} without block or warning, up to "
            "{as_of:date}.",
            scanned=result.figures["texts_scanned"],
            clean=result.figures["clean_texts"],
            as_of=result.as_of,
        ),
    )
    return ax


def _rule_names(table: pd.DataFrame) -> list[str]:
    pairs = zip(table["rule"], table["channel"], strict=True)
    return [f"{rule} · {label(channel)}" for rule, channel in pairs]


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _legend_below(ax: Axes, columns: int, colours: Mapping[str, str] | None = None) -> None:
    """A legend under the axes, of what is drawn or of patches by name."""
    from matplotlib.patches import Patch

    patches = [Patch(color=colour, label=name) for name, colour in (colours or {}).items()]
    ax.legend(
        handles=patches or ax.get_legend_handles_labels()[0],
        loc="upper left",
        bbox_to_anchor=(0, -0.16 if ax.get_xlabel() else -0.1),
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        handlelength=1.2,
        columnspacing=1.2,
    )
