"""The register of plans in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import in_question, label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_TESTS = 4
_HASH_SHOWN = 12  # signs of a SHA-256; the table has all


def describe_hypotheses(result: Result) -> Finding:
    """What the plans state, what they lack, and how fast tests are learned from."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_plans_statement(result),
        evidence=(
            *_plan_lines(result),
            *_filed_lines(result),
            *_matrix_lines(result),
            *_pace_lines(result),
        ),
        action=_plans_action(result),
        owner=CRM_LEAD if needs_action(result) else None,
        money_basis=NOT_IN_MONEY,
    )


def _plans_statement(result: Result) -> Message:
    figures = result.figures
    tests, complete = figures["tests"], figures["complete_tests"]
    if result.verdict is Verdict.ACT:
        names = result.table.loc[result.table["state"] == "unreadable", "test"]
        return msg(
            "{unreadable:count} of {tests:count} planned tests cannot be read out as they stand: "
            "{names:list}.",
            unreadable=figures["unreadable_tests"],
            tests=tests,
            names=tuple(names[:_MOST_TESTS]),
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "All {tests:count} planned tests state what a readout needs, and their plans are "
            "filed.",
            tests=tests,
        )
    return msg(
        "{complete:count} of {tests:count} planned tests have all that a readout needs. Lacking: "
        "{items}.",
        complete=complete,
        tests=tests,
        items=_items(result.tables["checklist"]),
    )


def _items(checklist: pd.DataFrame, needed: bool = True) -> Message:
    """Items that are not stated, each once."""
    open_still = checklist[(checklist["needed"] == needed) & (checklist["state"] != "stated")]
    names = dict.fromkeys(open_still["item"])
    return join_messages([label(in_question("hypotheses", name)) for name in names])


def _plan_lines(result: Result) -> Iterator[Message]:
    """Each test's plan in a sentence, those that lack something first."""
    checklist = result.tables["checklist"]
    ranks = {"unreadable": 0, "missing": 1, "complete": 2}
    table = result.table.assign(rank=[ranks[state] for state in result.table["state"]])
    for line in table.sort_values("rank", kind="stable").head(_MOST_TESTS).itertuples(index=False):
        values = {
            "test": line.test,
            "primary": label(line.primary),
            "arms": line.arms,
            "guardrails": line.guardrails,
            "minimum": _minimum(line),
        }
        own = checklist[checklist["test"] == line.test]
        if line.state == "complete":
            yield msg(
                "{test:quote}: decided by {primary} among {arms:count} arms; {minimum}; "
                "guard-rails: {guardrails:count}.",
                **values,
            )
        else:
            yield msg(
                "{test:quote}: decided by {primary} among {arms:count} arms; {minimum}; "
                "guard-rails: {guardrails:count}. Lacking: {items}.",
                items=_items(own),
                **values,
            )
    advised = checklist[~checklist["needed"].astype(bool) & (checklist["state"] != "stated")]
    if len(advised):
        yield msg(
            "Advised and not stated in {tests:count} tests: {items}.",
            tests=advised["test"].nunique(),
            items=_items(advised, needed=False),
        )


def _minimum(line: Any) -> Message:
    if not is_missing(line.minimum_difference):
        return msg("smallest difference {difference:gap}", difference=line.minimum_difference)
    if not is_missing(line.minimum_lift):
        return msg("smallest difference {lift:percent} of the baseline", lift=line.minimum_lift)
    return msg("no smallest difference stated")


def _filed_lines(result: Result) -> Iterator[Message]:
    filed = result.table[result.table["sha256"].notna()]
    for line in filed.head(_MOST_TESTS).itertuples(index=False):
        yield msg(
            "{test:quote}: filed on data up to {date:date}, SHA-256 {hash:quote}…",
            test=line.test,
            date=line.filed_on,
            hash=line.sha256[:_HASH_SHOWN],
        )
    if (changes := len(result.tables.get("changes", ()))) > 0:
        yield msg(
            "forms.yml differs from the filed plans in {changes:count} places; the readout goes by "
            "what was filed.",
            changes=changes,
        )


def _matrix_lines(result: Result) -> Iterator[Message]:
    figures = result.figures
    if not figures["matrix_cells"]:
        return
    yield msg(
        "Hooks by crowds: {filled:count} of {cells:count} cells have an arm in some test; each is "
        "read for itself.",
        filled=figures["matrix_filled"],
        cells=figures["matrix_cells"],
    )
    doubled = int((result.tables["matrix"]["state"] == "several_arms").sum())
    if doubled:
        yield msg(
            "In {doubled:count} cells two arms of one test share a hook: what differs between them "
            "is something else.",
            doubled=doubled,
        )


def _pace_lines(result: Result) -> Iterator[Message]:
    figures = result.figures
    if figures["unplanned_tests"]:
        yield msg(
            "{tests:count} tests were sent that forms.yml does not plan.",
            tests=figures["unplanned_tests"],
        )
    if not figures["finished_tests"]:
        return
    if not is_missing(figures["tests_per_month"]):
        yield msg(
            "{finished:count} tests finished in {months:number} months ({rate:number} a month).",
            finished=figures["finished_tests"],
            months=figures["months"],
            rate=figures["tests_per_month"],
        )
    yield msg(
        "A test can be read {days:days} after its first send, the median of {finished:count} "
        "tests.",
        days=figures["median_cycle_days"],
        finished=figures["finished_tests"],
    )


def _plans_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Give each test a control and at least two groups, state what decides, and file the "
            "plan before anything is sent; a test whose plan came after the send is run again."
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "State what is lacking in forms.yml and file the plan (plan.json) before the first "
            "send."
        )
    return None
