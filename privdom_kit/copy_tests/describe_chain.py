"""Where people stop on the way, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.measure_chain import NO_COLUMN, SENT
from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_ARMS = 5
_MOST_TESTS = 4


def describe_funnel(result: Result) -> Finding:
    """How far people of each arm got, at which step most stop, and what is not measured."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    test = str(result.table["test"].iloc[0])
    own = result.table[result.table["test"] == test]
    return Finding(
        result,
        statement=_statement(result, test, own),
        evidence=(*_narrow_lines(own), *_held_lines(own), *_gap_lines(result)),
        action=_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _statement(result: Result, test: str, own: pd.DataFrame) -> Message:
    sent = own[own["stage"] == SENT]
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg(
            "{test:quote}: {people:count} people were sent to, too few to say where they stop; "
            "{least:count} would do.",
            test=test,
            people=sent["reached"].sum() if sent["reached"].notna().all() else None,
            least=result.settings["copy_tests.least_people"],
        )
    reached = own[(own["held_back"] == "false") & own["sent_rate"].notna()]
    if reached.empty:
        return msg(
            "{test:quote}: nothing is recorded of the {people:count} people sent to that may be "
            "shown.",
            test=test,
            people=sent["reached"].sum(),
        )
    stage = str(_last_shared(reached))
    arms = reached[reached["stage"] == stage].head(_MOST_ARMS)
    return msg(
        "{test:quote}, of all people sent to, {stage}: {arms:list}.",
        test=test,
        stage=label(stage),
        arms=tuple(_arm_share(row) for row in arms.itertuples(index=False)),
    )


def _last_shared(reached: pd.DataFrame) -> str:
    """The furthest stage that is shown of most arms."""
    arms = reached.groupby("stage", sort=False)["arm"].nunique()
    return str(arms[arms == arms.max()].index[-1])


def _arm_share(row: Any) -> Message:
    return msg(
        "{arm:quote} {share:percent} ({reached:count} of {people:count}, interval {lower:percent} "
        "to {upper:percent})",
        arm=row.arm,
        share=row.sent_rate,
        reached=row.reached,
        people=row.people,
        lower=row.sent_rate_ci_lower,
        upper=row.sent_rate_ci_upper,
    )


def _narrow_lines(own: pd.DataFrame) -> list[Message]:
    """The narrowest step of each arm."""
    steps = own[own["step_rate"].notna() & (own["held_back"] == "false")]
    lines = []
    for arm, part in list(steps.groupby("arm", sort=False))[:_MOST_ARMS]:
        row = part.loc[part["step_rate"].idxmin()]
        lines.append(
            msg(
                "{arm:quote}: the narrowest step is from {previous} to {stage}, {both:count} of "
                "{people:count} ({share:percent}, interval {lower:percent} to {upper:percent}); "
                "diagnosis only, no comparison.",
                arm=arm,
                previous=label(row["previous_stage"]),
                stage=label(row["stage"]),
                both=row["both"],
                people=row["previous_people"],
                share=row["step_rate"],
                lower=row["step_rate_ci_lower"],
                upper=row["step_rate_ci_upper"],
            )
        )
    return lines


def _held_lines(own: pd.DataFrame) -> list[Message]:
    held = own[(own["held_back"] == "true") & own["sent_rate"].notna()]
    return [
        msg(
            "Without any send: {reached:count} of {people:count} people held back "
            "({share:percent}) {stage}.",
            reached=row.reached,
            people=row.people,
            share=row.sent_rate,
            stage=label(row.stage),
        )
        for row in held.itertuples(index=False)
    ]


def _gap_lines(result: Result) -> list[Message]:
    gaps = result.tables["stage_gaps"]
    lines = []
    missing = gaps.loc[gaps["reason"] == NO_COLUMN, "stage"]
    if len(missing):
        stages = tuple(label(stage) for stage in dict.fromkeys(missing))
        lines.append(msg("Not measured, no column tells it: {stages:list}.", stages=stages))
    silent = gaps[gaps["reason"] != NO_COLUMN]
    for test, part in list(silent.groupby("test", sort=False))[:_MOST_TESTS]:
        lines.append(
            msg(
                "{test:quote}: nobody is recorded at these stages, whether because nobody got "
                "there or because nobody looked: {stages:list}.",
                test=test,
                stages=tuple(label(stage) for stage in dict.fromkeys(part["stage"])),
            )
        )
    return lines


def _action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is not Verdict.WATCH:
        return None
    if figures["gaps"]:
        return msg(
            "Have the missing stages recorded and exported: where people stop cannot be seen where "
            "nothing is counted."
        )
    if figures["reports_differ"] and not is_missing(figures["reports_differ"]):
        return msg("Ask the sender for the missing reports before stages are compared.")
    return None
