"""Whether anything got worse, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.harm_states import (
    BREACHED,
    NO_BASELINE,
    NOT_MEASURED,
    OPEN,
    PASSED,
    TOO_FEW,
)
from privdom_kit.formats import is_missing
from privdom_kit.labels import in_question, label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_LINES = 8


def describe_guardrails(result: Result) -> Finding:
    """Which guard-rails of which arms are breached, open or passed, and who is needed to tell."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_statement(result),
        evidence=(*_lines(result), *_unmeasured_lines(result)),
        action=_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _statement(result: Result) -> Message:
    figures, breached = result.figures, _of(result, BREACHED)
    counts = {name: figures[name] for name in (OPEN, PASSED, NOT_MEASURED, "tests")}
    if result.verdict is Verdict.ACT:
        return _breach(_decisive(result))
    if result.verdict is Verdict.CLEAR:
        return msg(
            "Nothing got worse by as much as the margin: {passed:count} guard-rails passed in "
            "{tests:count} tests.",
            **counts,
        )
    if result.verdict is Verdict.NOT_MEASURED:
        return msg("Nothing of what could get worse is recorded: no guard-rail is measured.")
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg(
            "Arms of fewer than {least:count} people say nothing on opt-outs, complaints and "
            "removals.",
            least=result.settings["copy_tests.least_people"],
        )
    if len(breached):
        return msg(
            "{breached:count} guard-rails look breached, in tests that decide nothing; "
            "{open:count} are open, {not_measured:count} not measured, {passed:count} passed.",
            breached=figures[BREACHED],
            **counts,
        )
    return msg(
        "It is not shown that nothing got worse: of the guard-rails {open:count} are open, "
        "{not_measured:count} not measured, {passed:count} passed.",
        **counts,
    )


def _of(result: Result, state: str) -> pd.DataFrame:
    return result.table[result.table["state"] == state]


def _decisive(result: Result) -> pd.DataFrame:
    """The breaches that decide something."""
    return result.table[result.table["decides"] == "true"]


def _breach(breached: pd.DataFrame) -> Message:
    row = breached.iloc[0]
    values = {"test": row["test"], "arm": row["arm"], "harm": label(row["harm"])}
    if is_missing(row["rise"]):
        return msg(
            "{arm:quote} in {test:quote} breaches its guard-rail ({harm}): above the margin of "
            "{margin:fine_gap} of the people sent to; so few are not shown.",
            **values,
            margin=row["margin"],
        )
    return msg(
        "{arm:quote} in {test:quote} breaches its guard-rail ({harm}): up by {rise:fine_gap} of "
        "the people sent to (interval {lower:fine_points} to {upper:fine_points}); "
        "{margin:fine_gap} are put up with.",
        **values,
        rise=row["rise"],
        lower=row["rise_ci_lower"],
        upper=row["rise_ci_upper"],
        margin=row["margin"],
    )


def _lines(result: Result) -> list[Message]:
    rows = [
        row
        for state in (BREACHED, OPEN, PASSED)
        for row in _of(result, state).itertuples(index=False)
    ]
    shown = [_line(row) for row in rows[:_MOST_LINES]]
    if len(rows) > _MOST_LINES:
        shown.append(msg("{more:count} more are in the table.", more=len(rows) - _MOST_LINES))
    return shown


def _line(row: Any) -> Message:
    about = {
        "about": msg(
            "{test:quote}, {arm:quote}, {harm}", test=row.test, arm=row.arm, harm=label(row.harm)
        ),
        "state": label(in_question("guardrails", row.state)),
        "people": row.people,
        "margin": row.margin,
    }
    if row.reason == TOO_FEW:
        return msg("{about}: {people:count} people are too few ({state}).", **about)
    if is_missing(row.rise):
        return msg("{about}: {state}; so few are not shown.", **about)
    values = about | {
        "events": row.events,
        "share": row.event_rate,
        "theirs": row.reference_rate,
        "rise": row.rise,
        "lower": row.rise_ci_lower,
        "upper": row.rise_ci_upper,
    }
    if row.reason == NO_BASELINE:
        return msg(
            "{about}: {events:count} of {people:count} ({share:percent}, interval {lower:percent} "
            "to {upper:percent}), above {margin:percent}; nothing says what the copy in use would "
            "have ({state}).",
            **values,
        )
    if not is_missing(row.people_needed):
        return msg(
            "{about}: {events:count} of {people:count} ({share:percent}) against {theirs:percent}, "
            "rise {rise:fine_points} (interval {lower:fine_points} to {upper:fine_points}), margin "
            "{margin:fine_gap}: {state}; {needed:count} people in the arm would tell, if nothing "
            "rises.",
            **values,
            needed=row.people_needed,
        )
    return msg(
        "{about}: {events:count} of {people:count} ({share:percent}) against {theirs:percent}, "
        "rise {rise:fine_points} (interval {lower:fine_points} to {upper:fine_points}), margin "
        "{margin:fine_gap}: {state}.",
        **values,
    )


def _unmeasured_lines(result: Result) -> list[Message]:
    """A line for each guard-rail that nothing tells of, with the tests and why."""
    lines = []
    missing = _of(result, NOT_MEASURED)
    for (harm, reason), part in missing.groupby(["harm", "reason"], sort=False):
        lines.append(
            msg(
                "Not measured in {tests:list}: {harm} ({reason}).",
                tests=tuple(dict.fromkeys(part["test"])),
                harm=label(harm),
                reason=label(in_question("guardrails", reason)),
            )
        )
    return lines


def _action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        arms = dict.fromkeys(_decisive(result)["arm"])
        return msg(
            "Stop sending {arms:list}, whatever else it brings, and find out what in it makes "
            "people leave.",
            arms=tuple(arms),
        )
    if result.verdict is not Verdict.WATCH:
        return None
    opened = _of(result, OPEN)
    if len(needed := opened["people_needed"].dropna()):
        return msg(
            "Go on before anything is shipped: up to {needed:count} people an arm are needed.",
            needed=needed.max(),
        )
    if (opened["reason"] == NO_BASELINE).any():
        return msg(
            "State in the plan the share of the copy in use and the margin, or send the copy in "
            "use beside the others: without it nothing tells what a version adds."
        )
    if result.figures[NOT_MEASURED]:
        return msg("Have what is not measured recorded and exported before anything is shipped.")
    return msg("Do not ship an arm whose guard-rails have not passed.")
