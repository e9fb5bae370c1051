"""Who gets which version of a planned test, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 5


def describe_assignment(result: Result) -> Finding:
    """How many people were drawn, who was left out, and what is wrong with arms."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_drawn_statement(result),
        evidence=(
            *_by_test(result),
            *_left_out(result.tables["left_out"]),
            *_flaws(result.tables["arms"]),
            *_alike(result.tables["balance"]),
        ),
        action=_draw_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _drawn_statement(result: Result) -> Message:
    figures = result.figures
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg(
            "Nobody could be drawn for the {tests:count} planned copy tests.",
            tests=figures["tests"],
        )
    if is_missing(figures["drawn"]):
        return msg("Too few people could be drawn for the planned copy tests to be told of.")
    if not figures["held_back"]:
        return msg(
            "{people:count} people are drawn for {tests:count} planned copy tests.",
            people=figures["drawn"],
            tests=figures["tests"],
        )
    return msg(
        "{people:count} people are drawn for {tests:count} planned copy tests; {held:count} of "
        "them are held back and sent nothing.",
        people=figures["drawn"],
        tests=figures["tests"],
        held=figures["held_back"],
    )


def _by_test(result: Result) -> Iterator[Message]:
    table = result.tables["crowds"]
    for test in dict.fromkeys(table["test"]):
        own = table[table["test"] == test]
        if own[["found", "left_out", "people"]].isna().any(axis=None):
            continue
        yield msg(
            "{test:quote}: of {found:count} people whom the rules find, {left:count} are left out "
            "and {people:count} drawn, in {crowds:count} crowds.",
            test=test,
            found=own["found"].sum(),
            left=own["left_out"].sum(),
            people=own["people"].sum(),
            crowds=len(own),
        )


def _left_out(table: pd.DataFrame) -> Iterator[Message]:
    """Who is left out, reason by reason; a reason with a hidden number has no sum."""
    for test in dict.fromkeys(table["test"]):
        own = table[table["test"] == test]
        sums = own.groupby("reason", sort=False)["people"].sum(min_count=1)
        whole = ~own["people"].isna().groupby(own["reason"], sort=False).any()
        told = [
            msg("{reason} {people:count}", reason=label(str(reason)), people=sums[reason])
            for reason in sums.index
            if whole[reason]
        ]
        if told:
            yield msg("{test:quote}, left out: {reasons:list}.", test=test, reasons=tuple(told))


def _flaws(table: pd.DataFrame) -> Iterator[Message]:
    flawed = table[table["problems"].notna()]
    for row in flawed.head(_MOST_NAMED).itertuples(index=False):
        yield msg(
            "{test:quote}, {arm:quote}: {problems}.",
            test=row.test,
            arm=row.arm,
            problems=join_messages([label(problem) for problem in row.problems.split("+")]),
        )
    if len(flawed) > _MOST_NAMED:
        yield msg("{arms:count} more arms lack something.", arms=len(flawed) - _MOST_NAMED)


def _alike(table: pd.DataFrame) -> Iterator[Message]:
    if not len(table):
        return
    yield msg(
        "In {alike:count} of {crowds:count} crowds the arms are alike in orders so far, up to what "
        "chance explains.",
        alike=int((table["balanced"] == "true").sum()),
        crowds=len(table),
    )


def _draw_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Give every arm an entry code, a link and a template of its own before anything is "
            "sent: what came of one arm could not be told from another's."
        )
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg("Check the rules of the crowds: they find nobody who may be sent to.")
    if result.verdict is Verdict.WATCH:
        return msg(
            "Fill in what the notes and arms lack, draw again on the eve of the send, and file the "
            "plan before it."
        )
    return None
