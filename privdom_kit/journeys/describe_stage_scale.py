"""The finding of stages in words."""

from __future__ import annotations

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_stages(result: Result) -> Finding:
    """Where people stand, which step is the narrowest, and whether a step has got worse."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    acts = result.verdict is Verdict.ACT
    return Finding(
        result,
        statement=_worse(result) if acts else _stands(result),
        evidence=_steps(result),
        action=msg(
            "Find out what changed at the step out of {stage}: who arrives there, what they are "
            "sent, and what they meet next.",
            stage=label(result.figures["worse_stage"]),
        )
        if acts and not is_missing(result.figures["worse_stage"])
        else None,
        owner=CRM_LEAD,
    )


def _worse(result: Result) -> Message:
    stage = result.figures["worse_stage"]
    if is_missing(stage):
        return msg(
            "Fewer people pass between two stages than before; the groups are too small to show."
        )
    change = row(result.tables["changes"], "stage", stage)
    return msg(
        "Fewer people move on from {stage} to {next}: {recent:percent} of the latest arrivals "
        "against {earlier:percent} of the earlier ones.",
        stage=label(stage),
        next=label(row(result.table, "stage", stage)["next_stage"]),
        recent=change["recent_rate"],
        earlier=change["earlier_rate"],
    )


def _stands(result: Result) -> Message:
    figures = result.figures
    if is_missing(figures["common_stage"]):
        return msg("Too few people stand at each stage to show how far they have come.")
    if is_missing(figures["narrow_stage"]):
        return msg(
            "The largest group, {share:percent}, stands at {stage}; how many move on cannot be "
            "told yet.",
            share=figures["common_share"],
            stage=label(figures["common_stage"]),
        )
    return msg(
        "The largest group, {share:percent}, stands at {stage}; the narrowest step leads out of "
        "{narrow}: {rate:percent} move on within {days:days}.",
        share=figures["common_share"],
        stage=label(figures["common_stage"]),
        narrow=label(figures["narrow_stage"]),
        rate=figures["narrow_rate"],
        days=figures["stage_days"],
    )


def _steps(result: Result) -> tuple[Message, ...]:
    return tuple(
        msg(
            "From {stage} to {next}: {passed:count} of {people:count} people, {rate:percent} "
            "(interval {lower:percent} to {upper:percent}).",
            stage=label(one["stage"]),
            next=label(one["next_stage"]),
            passed=one["passed_people"],
            people=one["ripe_people"],
            rate=one["pass_rate"],
            lower=one["pass_rate_ci_lower"],
            upper=one["pass_rate_ci_upper"],
        )
        for one in result.table.to_dict("records")
        if not is_missing(one["pass_rate"])
    )
