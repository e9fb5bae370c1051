"""Planned looks and daily peeking, in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.copy_tests.claims import ANY_TIME
from privdom_kit.copy_tests.measure_looks import CROSSED, UNREAD
from privdom_kit.copy_tests.outcome_words import gap_values, shown
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_GAP = ("difference", "difference_ci_lower", "difference_ci_upper")


def describe_sequence(result: Result) -> Finding:
    """What the planned looks say, and what daily peeking would have claimed."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_statement(result),
        evidence=(*_gap_lines(result), *_peeking_lines(result), *_missing_looks(result)),
        action=_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _values(figures: Any) -> dict[str, Any]:
    return {
        "test": figures["test"],
        "arm": figures["arm"],
        "look": figures["look"],
        "looks": figures["looks_planned"],
        "made": figures["looks_made"],
        "z": figures["z"],
        "bound": figures["bound"],
        **gap_values(figures),
    }


def _statement(result: Result) -> Message:
    figures = result.figures
    values = _values(figures)
    if figures["evidence"] == OBSERVED:
        return msg(
            "{test:quote} was only observed: its readings are shown and decide nothing.", **values
        )
    if figures["sound"] == "false":
        return msg(
            "{test:quote} was not run as a test: its looks are shown and decide nothing.", **values
        )
    if figures["state"] == UNREAD:
        return msg("{test:quote}: too few people for a look at it.", **values)
    if figures["basis"] == ANY_TIME:
        return _any_time(figures, values)
    return _planned(figures, values)


def _any_time(figures: Any, values: dict[str, Any]) -> Message:
    if figures["state"] == CROSSED:
        return msg(
            "{test:quote}: no look was planned; the interval that holds whenever one looks still "
            "excludes that {arm:quote} makes no difference.",
            **values,
        )
    return msg(
        "{test:quote}: no look was planned, and the interval that holds whenever one looks does "
        "not exclude that no version makes a difference.",
        **values,
    )


def _planned(figures: Any, values: dict[str, Any]) -> Message:
    if figures["looks_made"] == 0:
        return msg(
            "{test:quote}: none of {looks:count} planned looks is due yet; nothing is read before.",
            **values,
        )
    if figures["state"] == CROSSED and shown(figures, "z"):
        return msg(
            "{test:quote}: {arm:quote} crossed the bound at look {look:count} of {looks:count}: z "
            "{z:score} against {bound:score}.",
            **values,
        )
    if figures["state"] == CROSSED:
        return msg(
            "{test:quote}: {arm:quote} crossed the bound at look {look:count} of {looks:count}.",
            **values,
        )
    if figures["looks_made"] < figures["looks_planned"]:
        return msg(
            "{test:quote}: {made:count} of {looks:count} planned looks could be made; no version "
            "crossed its bound so far.",
            **values,
        )
    return msg(
        "{test:quote}: all {looks:count} planned looks are made; no version crossed its bound.",
        **values,
    )


def _gap_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not shown(figures, *_GAP):
        return ()
    if figures["basis"] == ANY_TIME:
        return (
            msg(
                "{arm:quote} at the last reading: {gap:fine_points} (interval that holds whenever "
                "one looks: {lower:fine_points} to {upper:fine_points}).",
                **_values(figures),
            ),
        )
    return (
        msg(
            "{arm:quote} at look {look:count}: {gap:fine_points} (interval that holds over all "
            "looks: {lower:fine_points} to {upper:fine_points}).",
            **_values(figures),
        ),
    )


def _peeking_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["readings"] < 2:
        return (
            msg(
                "All people were sent to on one day: there is one reading, and nothing to peek at."
            ),
        )
    alpha = 1 - result.settings["copy_tests.confidence_level"]
    lines = [
        msg(
            "Somebody who tests at {alpha:percent} after each of {readings:count} days of sending "
            "claims something out of nothing with a chance of {risk:percent}, for each version.",
            alpha=alpha,
            readings=figures["readings"],
            risk=figures["naive_risk"],
        )
    ]
    if not figures["naive_claims"]:
        lines.append(msg("Here, no reading would have claimed anything."))
        return tuple(lines)
    lines.append(
        msg(
            "Here, {claims:count} readings of {versions:count} versions would have claimed "
            "something, the first with the people sent to up to {day:date}.",
            claims=figures["naive_claims"],
            versions=figures["naive_arms"],
            day=figures["first_claim_on"],
        )
    )
    return tuple(lines)


def _missing_looks(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    table = result.table
    rows = table[(table["test"] == figures["test"]) & (table["arm"] == figures["arm"])]
    left = rows[rows["sent_to"].isna()]
    if left.empty or is_missing(left["planned_share"].iloc[0]):
        return ()
    return (
        msg(
            "The next look is due at {share:percent} of the planned people.",
            share=left["planned_share"].iloc[0],
        ),
    )


def _action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is Verdict.CLEAR:
        return None
    if figures["evidence"] == OBSERVED or figures["sound"] == "false":
        return None
    if figures["state"] == CROSSED:
        return msg("Take it to the decision: guard-rails count too.")
    if figures["basis"] == ANY_TIME:
        return msg("Plan the number of people and the looks before the next test is sent.")
    return msg("Read the test at its planned looks only.")
