"""Whether people tire of messages: response by the number of the message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, add_rate, bounded, interval_figures, used_settings
from privdom_kit.estimates import Interval, newcomer_ratio, paired_ratio
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.exposures import (
    Exposures,
    count_by_number,
    follow_people,
    number_exposures,
)

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings, TouchpointsSettings

_RULES = (
    *("fatigue_response", "fatigue_response_days", "fatigue_rest_days", "fatigue_exposures"),
    *("fatigue_share", "fatigue_min_people", "fatigue_min_responses", "confidence_level"),
)
UNITS = {
    "exposure": "count: number of the message to a person",
    "people": "count: people who got a message of that number",
    "responders": "count: people who answered it",
    "response_rate": "percent: share of people who got it",
    "first_responders": "count: of the same people, those who answered their first",
    "first_rate": "percent: share of the same people who answered their first",
    "ratio_to_first": "percent: response against that of the same people to their first, with "
    "intervals that hold for all numbers at once",
    "calendar_ratio": "percent: the same, against what first messages of newcomers got at that "
    "time",
    "newcomer_rate": "percent: response to be expected of a first message at that time",
    "calendar_held_equal": "count: 1 where the comparison is with newcomers of the same time",
    "exposed_people": "count: people with a first message after a rest",
    "left_out_people": "count: people who got messages at the beginning of the data",
    "fatigue_point": "count: first number whose response is below the share of the first",
    "compared_numbers": "count: numbers of messages that are compared with the first",
    "followed_number": "count: messages that the same people got at least",
    "source_table": "text: table",
    "matched": "text: how a response finds its message",
}
QUESTION = Question("fatigue", ("S046",), UNITS)
RATIO, CALENDAR = "ratio_to_first", "calendar_ratio"
COUNTS = ("people", "responders", "first_responders", "both_responders")


def measure_fatigue(base: Base, settings: Settings) -> Result:
    """Response by number of the message, against the same people's response to their first.

    People who got many messages are those who stayed and whom the brand writes to most; so each
    number is compared with the first message of the very people who got that many. Later messages
    also fall into later times: where newcomers got their first message at the same time, the
    comparison is with theirs (``calendar_ratio``); else a decline cannot be told from a change
    over time and is ``watch`` at most.

    The fatigue point is the first number whose response is below ``fatigue_share`` of the first.
    Its interval runs from the first number at which that cannot be ruled out to the first at which
    it is certain; the ratios behind it hold for all numbers at once (Bonferroni).

    ``act``: at some number it is certain; ``clear``: it is ruled out at every number compared.

    Returns:
        ``table``: exposure, people, responders, response_rate, first_responders, first_rate,
        ratio_to_first, each with interval. ``tables.same_people``: those who got the most
        messages compared, from their first on.
    """
    used = used_settings(settings, *(f"touchpoints.{n}" for n in _RULES), "privacy.min_cell")
    rules = settings.touchpoints
    exposures = number_exposures(base, rules)
    if exposures is None:
        reason = msg("No messages with responses to them were given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    coverage = base.coverage(exposures.table)
    cells = count_by_number(exposures, rules.fatigue_exposures)
    counts = cells.groupby("exposure", as_index=False)[list(COUNTS)].sum()
    compared = _comparable(counts, rules)
    if not compared:
        reason = _too_few(counts, exposures, rules)
        verdict = Verdict.NOT_ENOUGH_DATA
        return QUESTION.unanswered(base.as_of, verdict, reason, used, coverage=coverage)
    table = _with_ratios(cells, counts, compared, rules)
    figures = _figures(table, compared, exposures, rules)
    same = _same_people(exposures, max(compared), rules)
    least = settings.privacy.min_cell
    shown, cells = _suppressed(table, least)
    same_shown, more = _suppressed(same, least)
    return QUESTION.answer(
        base.as_of,
        _verdict(figures),
        shown,
        used,
        coverage=coverage,
        figures=figures,
        tables={"same_people": same_shown},
        notes=(
            *_notes(exposures, figures["calendar_held_equal"]),
            *suppression_note(cells + more, least),
        ),
    )


def _comparable(counts: pd.DataFrame, rules: TouchpointsSettings) -> list[int]:
    """The numbers, from 2 on and without a gap, with enough people and first responses."""
    enough = counts[
        (counts["people"] >= rules.fatigue_min_people)
        & (counts["first_responders"] >= rules.fatigue_min_responses)
    ]
    numbers, found = set(enough["exposure"]), list[int]()
    while len(found) + 2 in numbers:
        found.append(len(found) + 2)
    return found


def _with_ratios(
    cells: pd.DataFrame, counts: pd.DataFrame, compared: list[int], rules: TouchpointsSettings
) -> pd.DataFrame:
    import pandas as pd

    level = rules.confidence_level
    # Each of several numbers could seem tired by chance: together they err no more often than one.
    joint = 1 - (1 - level) / len(compared)
    table = counts[counts["exposure"] <= max(compared)].reset_index(drop=True)
    ratios = []
    for number in table["exposure"]:
        of = cells[cells["exposure"] == number]
        plain = _ratio(of, joint) if number > 1 else None
        held = calendar_ratio(cells, number, joint, rules) if number > 1 else None
        ratios.append(interval_figures(RATIO, plain) | interval_figures(CALENDAR, held))
    table = add_rate(table, "responders", "people", "response_rate", level)
    table = add_rate(table, "first_responders", "people", "first_rate", level)
    columns = pd.DataFrame(ratios, columns=[*bounded(RATIO), *bounded(CALENDAR)], dtype="float64")
    table = table.drop(columns="both_responders").join(columns)
    held = table["calendar_ratio"].where(table["calendar_ratio"] > 0)
    return table.assign(newcomer_rate=table["response_rate"] / held)


def _ratio(of: pd.DataFrame, level: float) -> Interval | None:
    sums = of[["first_responders", "responders", "both_responders"]].sum()
    first, later, both = (int(number) for number in sums)
    return paired_ratio(first, later, both, level)


def calendar_ratio(
    cells: pd.DataFrame, number: int, level: float, rules: TouchpointsSettings
) -> Interval | None:
    """Response to a number against that to first messages at the same time.

    Newcomers' response by four weeks says what a first message got then. The people's own first
    response against the newcomers' of their time says how responsive they are, and scales it.

    Returns:
        None where fewer than half of the messages fall into times with enough newcomers.
    """
    first = cells[cells["exposure"] == 1].groupby("block")[["people", "responders"]].sum()
    first = first[(first["people"] >= rules.fatigue_min_people / 2) & (first["responders"] > 0)]
    of = cells[cells["exposure"] == number]
    known = of[of["block"].isin(first.index) & of["first_block"].isin(first.index)]
    if known["people"].sum() < of["people"].sum() / 2:
        return None
    return newcomer_ratio(
        first["people"].to_numpy(),
        first["responders"].to_numpy(),
        _by_block(known, "block", "people", first.index),
        _by_block(known, "first_block", "people", first.index),
        int(known["responders"].sum()),
        int(known["first_responders"].sum()),
        level,
    )


def _by_block(known: pd.DataFrame, block: str, count: str, blocks: Any) -> Any:
    return known.groupby(block)[count].sum().reindex(blocks, fill_value=0).to_numpy()


def _same_people(exposures: Exposures, number: int, rules: TouchpointsSettings) -> pd.DataFrame:
    table = follow_people(exposures, number)
    return add_rate(table, "responders", "people", "response_rate", rules.confidence_level)


def _figures(
    table: pd.DataFrame, compared: list[int], exposures: Exposures, rules: TouchpointsSettings
) -> dict[str, Any]:
    held = bool(table.loc[table["exposure"] > 1, CALENDAR].notna().all())
    columns = bounded(CALENDAR if held else RATIO)
    points = {
        name: _first_below(table, column, rules.fatigue_share)
        for name, column in zip(bounded("fatigue_point"), columns, strict=True)
    }
    return {
        **points,
        "calendar_held_equal": int(held),
        "exposed_people": int(table["people"].iloc[0]),
        "left_out_people": exposures.left_out,
        "compared_numbers": len(compared),
        "followed_number": max(compared),
        "source_table": exposures.table,
        "matched": exposures.matched,
    }


def _first_below(table: pd.DataFrame, column: str, share: float) -> int | None:
    below = table.loc[table[column] < share, "exposure"]
    return int(below.iloc[0]) if len(below) else None


def _verdict(figures: dict[str, Any]) -> Verdict:
    if figures["fatigue_point_ci_upper"] is not None:
        return Verdict.ACT if figures["calendar_held_equal"] else Verdict.WATCH
    return Verdict.CLEAR if figures["fatigue_point_ci_lower"] is None else Verdict.WATCH


def _suppressed(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    named = ("response_rate", RATIO, CALENDAR)
    rates = [n for name in named for n in (*bounded(name), "newcomer_rate") if n in table]
    return suppress(table, "responders", rates, least, groups=())


def _too_few(counts: pd.DataFrame, exposures: Exposures, rules: TouchpointsSettings) -> Message:
    second = counts[counts["exposure"] == 2]
    return msg(
        "{people:count} people got a second message after a first that followed {rest:days} "
        "without any, and {first:count} of them answered the first: below {least:count} people "
        "or {responses:count} responses nothing is compared. {left:count} people were left out "
        "who got messages earlier.",
        people=int(second["people"].sum()),
        first=int(second["first_responders"].sum()),
        rest=rules.fatigue_rest_days,
        least=rules.fatigue_min_people,
        responses=rules.fatigue_min_responses,
        left=exposures.left_out,
    )


def _notes(exposures: Exposures, held: int) -> tuple[Message, ...]:
    matched = {
        "campaign": msg("A response counts for the message whose campaign or content it names."),
        "last_message": msg("A response counts for the last message before it."),
        "delivery": msg("A response is the click that stands beside the delivery."),
    }
    return (
        msg(
            "Who got many messages stayed, and is written to more: each number is compared with "
            "the first message of the same people."
        ),
        msg(
            "Later messages fall into later times: the comparison is with what first messages to "
            "newcomers got in the same four weeks."
        )
        if held
        else msg(
            "Too few newcomers got their first message at the times of the later ones, so a "
            "decline cannot be told from a change over time."
        ),
        matched[exposures.matched],
    )
