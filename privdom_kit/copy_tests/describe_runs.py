"""Whether tests were run as tests, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.check_kinds import (
    AS_PLANNED,
    CROWD_RATIO,
    FAILED,
    HELD_OUTCOMES,
    HELD_UNTOUCHED,
    LATE_REPORTS,
    NOTED,
    RECEIPTS,
    REPORTS,
    SAMPLE_RATIO,
    TWO_ARMS,
    TWO_CROWDS,
    TWO_TESTS,
    UNKNOWN,
    WINDOWS_OVER,
)
from privdom_kit.copy_tests.soundness import failed_words
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_LINES = 6
_MOST_DEVIATIONS = 4
_FOUND = {
    TWO_ARMS: msg("people in two arms"),
    TWO_CROWDS: msg("people in two crowds"),
    TWO_TESTS: msg("people in another test at the same time"),
    HELD_UNTOUCHED: msg("people held back who were sent something"),
    REPORTS: msg("people without any report"),
    LATE_REPORTS: msg("people whose report came late"),
    RECEIPTS: msg("people with more rows than attempts"),
    WINDOWS_OVER: msg("people whose window is not over"),
}
_UNKNOWN = {
    SAMPLE_RATIO: msg("no plan says how people were to be split"),
    HELD_OUTCOMES: msg(
        "no outcome is recorded of the people held back, so what sending brings is not measured"
    ),
    REPORTS: msg("no status says how each send ended"),
    LATE_REPORTS: msg("nothing says when messages were delivered"),
    RECEIPTS: msg("no plan says how often a person was to be dialled"),
}
_REMEDIES = {
    SAMPLE_RATIO: msg(
        "Do not read {test:quote} out. Hold the list of the assignment against the sender's "
        "export, person by person: whoever is missing has to come back, or the test runs again."
    ),
    TWO_ARMS: msg(
        "Do not read {test:quote} out. Assign each person once, in one list for all senders, and "
        "run the test again."
    ),
    TWO_TESTS: msg(
        "Do not read {test:quote} out. Draw tests that run at the same time from one list, so that "
        "nobody is in two of them."
    ),
    HELD_UNTOUCHED: msg(
        "Do not read {test:quote} out against the people held back. Give every sender the list of "
        "those who get nothing, and run the test again."
    ),
    REPORTS: msg(
        "Ask the sender for the missing reports of {test:quote}, of all arms; read it out once "
        "they are there."
    ),
}


def describe_health(result: Result) -> Finding:
    """Which tests were run as tests, what is wrong with the others, and what could not be seen."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_statement(result),
        evidence=(*_failed_lines(result), *_noted_lines(result), *_unknown_lines(result),
                  *_deviation_lines(result)),
        action=_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )  # fmt: skip


def _statement(result: Result) -> Message:
    figures = result.figures
    if result.verdict is Verdict.CLEAR:
        return msg("{tests:count} tests were run as planned: every check passed.", **figures)
    if result.verdict is Verdict.WATCH:
        return msg(
            "No check failed in {tests:count} tests, but {unknown:count} could not be made and "
            "{noted:count} found something to be known.",
            **figures,
        )
    test, failed = _first_failed(result)
    values = {"test": test, "problems": failed_words(failed)}
    if figures["failed_tests"] == 1:
        return msg(
            "{test:quote} was not run as a test: {problems:list}. Its numbers decide nothing.",
            **values,
        )
    return msg(
        "{failed_tests:count} of {tests:count} tests were not run as tests, {test:quote} first of "
        "all: {problems:list}. Their numbers decide nothing.",
        **values,
        failed_tests=figures["failed_tests"],
        tests=figures["tests"],
    )


def _first_failed(result: Result) -> tuple[str, list[str]]:
    failed = result.table[result.table["status"] == FAILED]
    test = str(failed["test"].iloc[0])
    return test, list(failed.loc[failed["test"] == test, "check"])


def _failed_lines(result: Result) -> list[Message]:
    failed = result.table[result.table["status"] == FAILED].head(_MOST_LINES)
    return [_failed_line(result, row) for row in failed.itertuples(index=False)]


def _failed_line(result: Result, row: Any) -> Message:
    if row.check == SAMPLE_RATIO:
        return _split_line(result.tables["arms"], row)
    if row.check == CROWD_RATIO:
        return _crowd_line(result.tables["crowds"], row)
    if row.check in (REPORTS, TWO_TESTS):
        return msg(
            "{test:quote}: {found}: {people:count} of {of_people:count}, in some arms more than in "
            "others (p {p_value:p_value}).",
            test=row.test,
            found=_FOUND[row.check],
            people=row.people,
            of_people=row.of_people,
            p_value=row.p_value,
        )
    return _share_line(result, row)


def _split_line(arms: pd.DataFrame, row: Any) -> Message:
    parts = tuple(
        msg(
            "{arm:quote} {people:count} ({share:percent}, planned {planned:percent})",
            arm=arm.arm,
            people=arm.arm_people,
            share=arm.arm_share,
            planned=arm.planned_share,
        )
        for arm in arms[arms["test"] == row.test].itertuples(index=False)
    )
    return msg(
        "{test:quote}: {arms:list}; a split so far off comes by chance with p {p_value:p_value}.",
        test=row.test,
        arms=parts,
        p_value=row.p_value,
    )


def _crowd_line(crowds: pd.DataFrame, row: Any) -> Message:
    own = crowds[crowds["test"] == row.test]
    off = own.loc[own["p_value_adjusted"] < row.alarm]
    return msg(
        "{test:quote}: the split is off in these crowds: {crowds:list} (p {p_value:p_value}, "
        "corrected).",
        test=row.test,
        crowds=tuple(off["crowd"]),
        p_value=row.p_value,
    )


def _share_line(result: Result, row: Any) -> Message:
    values = {
        "test": row.test,
        "found": _FOUND[row.check],
        "of_people": row.of_people,
        "limit": row.limit,
    }
    if is_missing(row.people):
        return msg(
            "{test:quote}: {found}: fewer than {least:count} of {of_people:count}; up to "
            "{limit:percent} is let pass.",
            **values,
            least=result.settings["privacy.min_cell"],
        )
    return msg(
        "{test:quote}: {found}: {people:count} of {of_people:count} ({share:percent}); up to "
        "{limit:percent} is let pass.",
        **values,
        people=row.people,
        share=row.value,
    )


def _noted_lines(result: Result) -> list[Message]:
    table = result.table
    noted = table[(table["status"] == NOTED) & (table["check"] != AS_PLANNED)].head(_MOST_LINES)
    return [_share_line(result, row) for row in noted.itertuples(index=False)]


def _unknown_lines(result: Result) -> list[Message]:
    """A line a reason, with the tests that it holds for."""
    unknown = result.table[result.table["status"] == UNKNOWN]
    return [
        msg("Not checked in {tests:list}: {reason}.", tests=tuple(part["test"]), reason=reason)
        for check, reason in _UNKNOWN.items()
        if len(part := unknown[unknown["check"] == check])
    ]


def _deviation_lines(result: Result) -> list[Message]:
    """A line a deviation, with the tests that it holds for."""
    tests: dict[str, list[str]] = {}
    words: dict[str, Message] = {}
    for test, deviation in result.tables["deviations"].itertuples(index=False):
        said = deviation.render("en")
        tests.setdefault(said, []).append(test)
        words[said] = deviation
    lines = [
        msg("{tests:list}: {deviation}", tests=tuple(tests[said]), deviation=words[said])
        for said in tests
    ]
    if len(lines) <= _MOST_DEVIATIONS:
        return lines
    more = len(lines) - _MOST_DEVIATIONS
    return [
        *lines[:_MOST_DEVIATIONS],
        msg("{more:count} more deviations are in the table.", more=more),
    ]


def _action(result: Result) -> Message | None:
    if result.verdict is Verdict.CLEAR:
        return None
    if result.verdict is Verdict.ACT:
        test, failed = _first_failed(result)
        first = SAMPLE_RATIO if failed[0] == CROWD_RATIO else failed[0]
        return Message(_REMEDIES[first].template, {"test": test})
    table = result.table
    unplanned = (table["check"] == SAMPLE_RATIO) & (table["status"] == UNKNOWN)
    if unplanned.any():
        return msg(
            "Plan the next test in forms.yml and file the plan before the send: then the split and "
            "every deviation can be checked."
        )
    waiting = (table["check"] == WINDOWS_OVER) & (table["status"] == NOTED)
    if waiting.any():
        return msg("Read out again once all windows are over.")
    return msg("Settle what could not be checked, and name what deviates, beside every number.")
