"""Where the relation is won and lost: from each touchpoint to the first order or to removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import Question, bounded, interval_figures, rate, used_settings
from privdom_kit.journeys.end_chances import solve_ends
from privdom_kit.journeys.first_ends import ENDS, EndCounts, count_ends
from privdom_kit.journeys.path_rows import missing_tables
from privdom_kit.journeys.resampling import draw_weights, percentile_interval, redraw
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_SETTINGS = (
    *("path_direction", "path_touchpoints", "absorption_min_people", "bootstrap_draws"),
    *("bootstrap_groups", "bootstrap_seed", "confidence_level"),
)
# Columns by end and by what is estimated; of people under way neither steps nor days are known.
_ESTIMATES = {
    "first_order_chance": ("chance", 0),
    "removal_chance": ("chance", 1),
    "under_way_chance": ("chance", 2),
    "first_order_steps": ("steps", 0),
    "first_order_days": ("days", 0),
    "removal_steps": ("steps", 1),
    "removal_days": ("days", 1),
}
_UNITS = {
    "touchpoint": "text: touchpoint",
    "customers": "count: people who came to this touchpoint before any order or removal",
    "moves": "count: times that people went on from it",
    "first_order_chance": "percent: chance that a first order ends the way from here",
    "removal_chance": "percent: chance that removal ends the way from here",
    "under_way_chance": "percent: chance to be still under way at the end of the data",
    "first_order_steps": "number: expected steps to the first order of those who get there",
    "first_order_days": "days: expected time to the first order of those who get there",
    "removal_steps": "number: expected steps to removal of those who get there",
    "removal_days": "days: expected time to removal of those who get there",
    "people": "count: people with a touch before any order or removal",
    "first_orders": "count: people whose way ended with a first order",
    "removals": "count: people whose way ended with removal",
    "under_way": "count: people still under way at the end of the data",
    "first_order_share": "percent: share of people whose way ended with a first order",
    "removal_share": "percent: share of people whose way ended with removal",
    "under_way_share": "percent: share of people still under way at the end of the data",
    "without_touch": "count: people whose first event was the order or the removal itself",
    "most_won": "text: touchpoint with the highest chance of a first order",
    "most_won_chance": "percent: its chance of a first order",
    "most_lost": "text: touchpoint with the highest chance of removal",
    "most_lost_chance": "percent: its chance of removal",
}
QUESTION = Question("absorption", (), _UNITS)


def measure_absorption(base: Base, settings: Settings) -> Result:
    """Chance, expected steps and days to the first order and to removal, from each touchpoint.

    A person's way runs from the first touch to the first order or the first removal (removing
    staff, unsubscribing, opting out by own choice). A way that ``as_of`` cuts off ends in a third
    state, ``under_way``: neither won nor lost, and its last stay, which is still running, gives no
    days. The chances of the three add up to 1; as the data go on, people under way come to one of
    the other two. A first-order chain is fitted on these moves and solved exactly; repeated touches
    are steps. Intervals by resampling groups of people (bootstrap).

    The result describes: where a way leads is no sign of what the touchpoint causes. The verdict
    is clear where a touchpoint has people enough.

    Returns:
        ``table``: touchpoint, customers, moves, and with interval the chances of first order, of
        removal and of being under way, and steps and days of those who come to the first two. Days
        and steps are those of people whose end was seen: short ways are seen more often.
    """
    used = used_settings(settings, *(f"journeys.{name}" for name in _SETTINGS))
    reason = missing_tables(base)
    if reason is not None:
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    counts = count_ends(base, settings)
    coverage = base.events.coverage
    if (why := _too_few(counts, settings)) is not None:
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, why, used, coverage=coverage
        )
    table = _table(counts, settings)
    least = settings.privacy.min_cell
    estimates = [column for name in _ESTIMATES for column in bounded(name)]
    # Touchpoints share people, so no total gives a hidden one away.
    shown, cells = suppress(table, "customers", ["moves", *estimates], least, groups=())
    enough = bool(shown["first_order_chance"].notna().any())
    figures = _figures(counts, settings) | _extremes(shown)
    return QUESTION.answer(
        base.as_of,
        Verdict.CLEAR if enough else Verdict.NOT_ENOUGH_DATA,
        shown,
        used,
        coverage=coverage,
        figures=figures,
        notes=(*_notes(), *suppression_note(cells, least)),
    )


def _too_few(counts: EndCounts, settings: Settings) -> Message | None:
    people, least = int(counts.starts.sum()), settings.privacy.min_cell
    if not people:
        return msg("Nobody has a touch before the first order or removal.")
    if people < least:
        return msg(
            "Fewer than {least:count} people have a touch before the first order or removal.",
            least=least,
        )
    return None


def _table(counts: EndCounts, settings: Settings) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    seen = counts.moves.sum(axis=(1, 2)) > 0
    weights = draw_weights(int(seen.sum()), settings)
    whole = solve_ends(counts.moves.sum(axis=0), counts.days.sum(axis=0))
    copies = solve_ends(redraw(weights, counts.moves[seen]), redraw(weights, counts.days[seen]))
    table = pd.DataFrame(
        {
            "touchpoint": counts.names,
            "customers": counts.people.astype("int64"),
            "moves": counts.moves.sum(axis=(0, 2)).astype("int64"),
        }
    )
    enough = counts.people >= settings.journeys.absorption_min_people
    for name, (what, end) in _ESTIMATES.items():
        estimates = np.where(enough, whole[what][:, end], np.nan)
        table[list(bounded(name))] = _intervals(name, estimates, copies[what][..., end], settings)
    met = table[table["customers"] > 0]
    return met.sort_values(["customers", "touchpoint"], ascending=[False, True], ignore_index=True)


def _intervals(name: str, estimates: NDArray, copies: NDArray, settings: Settings) -> pd.DataFrame:
    import pandas as pd

    level = settings.journeys.confidence_level
    found = [
        interval_figures(name, percentile_interval(float(estimate), copies[:, node], level))
        for node, estimate in enumerate(estimates)
    ]
    return pd.DataFrame(found, columns=list(bounded(name)), dtype="float64")


def _figures(counts: EndCounts, settings: Settings) -> dict[str, object]:
    people = int(counts.starts.sum())
    ended = counts.moves[..., len(counts.names) :].sum(axis=(0, 1)).astype("int64")
    numbers: dict[str, object] = dict(
        zip(("first_orders", "removals", "under_way"), map(int, ended), strict=True)
    )
    for end, number in zip(ENDS, ended, strict=True):
        numbers |= rate(int(number), people, f"{end}_share", settings.journeys.confidence_level)
    least = settings.privacy.min_cell
    if any(0 < number < least for number in ended):
        # With the sum and two of the three numbers the third is known: then none is shown.
        numbers = dict.fromkeys(numbers)
    at_once = counts.without_touch
    return {
        "people": people,
        **numbers,
        "without_touch": None if 0 < at_once < least else at_once,
    }


def _extremes(table: pd.DataFrame) -> dict[str, object]:
    """The touchpoints with the highest chance of a first order and of removal."""
    found: dict[str, object] = {}
    for name, column in (("most_won", "first_order_chance"), ("most_lost", "removal_chance")):
        known = table[column].astype("float64").dropna()
        best = table.loc[known.idxmax()] if len(known) and known.max() > 0 else None
        found[name] = None if best is None else best["touchpoint"]
        for end in ("", "_ci_lower", "_ci_upper"):
            found[f"{name}_chance{end}"] = None if best is None else float(best[f"{column}{end}"])
    return found


def _notes() -> tuple[Message, ...]:
    return (
        msg(
            "A way cut off by the end of the data counts as still under way, neither won nor "
            "lost; its chance falls as time goes on."
        ),
        msg(
            "Steps and days are those of people who got there within the data; longer ways are "
            "still under way."
        ),
        msg("The first order in the data may not be a person's first where the data start late."),
    )
