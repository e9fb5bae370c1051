"""The findings of experience, pain points and service recovery in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.journeys.stage_words import stage_words
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

SERVICE_LEAD = msg("Customer service lead")
_MOST_PAINS = 3


def describe_experience(result: Result) -> Finding:
    """Where the feeling breaks, or that no drop is sure."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    moment = not is_missing(result.figures["moment_of_truth"])
    acts = result.verdict is Verdict.ACT and moment
    return Finding(
        result,
        statement=_feelings(result),
        evidence=_scores(result),
        action=msg(
            "Walk through the stage {stage} with customers who answered low, and mend the worst "
            "pain point there first.",
            stage=_stage(result, result.figures["moment_of_truth"]),
        )
        if acts
        else None,
        owner=CRM_LEAD,
    )


def _feelings(result: Result) -> Message:
    figures = result.figures
    if result.verdict is Verdict.NOT_MEASURED:
        return msg("The journey and its feelings are the consultant's own; nobody was asked.")
    if not is_missing(figures["moment_of_truth"]):
        return msg(
            "The feeling breaks at {stage}: {change:score} points against {before} on a scale "
            "of -2 to 2.",
            stage=_stage(result, figures["moment_of_truth"]),
            change=figures["moment_change"],
            before=_stage(result, figures["moment_before"]),
        )
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg(
            "Too few people answered at neighbouring stages to say where the feeling breaks."
        )
    if result.verdict is Verdict.CLEAR:
        return msg("No stage feels worse than the one before by more than does not matter.")
    return msg("No drop from one stage to the next is sure; smaller ones cannot be ruled out.")


def _scores(result: Result) -> tuple[Message, ...]:
    return tuple(
        msg(
            "{stage}: {score:score} (interval {lower:score} to {upper:score}), {people:count} "
            "people.",
            stage=stage_words(one),
            score=one["score"],
            lower=one["score_ci_lower"],
            upper=one["score_ci_upper"],
            people=one["people"],
        )
        for one in result.table.to_dict("records")
        if one["basis"] == "answers" and not is_missing(one["score"])
    )


def _stage(result: Result, name: str) -> Message | str:
    return stage_words({"stage": name, **row(result.table, "stage", name).to_dict()})


def describe_pain_points(result: Result) -> Finding:
    """The pain points with the highest priority."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    first = result.table.iloc[0].to_dict()
    acts = result.verdict is Verdict.ACT
    return Finding(
        result,
        statement=_pains(result, first),
        evidence=tuple(_pain(one) for one in result.table.head(_MOST_PAINS).to_dict("records")),
        action=msg(
            "Take the pain points in the order of their priority: name one person and one date "
            "for each, and ask again after it."
        )
        if acts
        else None,
        owner=CRM_LEAD,
    )


def _pains(result: Result, first: dict[str, Any]) -> Message:
    if result.verdict is Verdict.NOT_MEASURED:
        return msg("The pain points are the consultant's own; nobody was asked.")
    if first["basis"] == "answers":
        return msg(
            "What hurts most is '{pain}' at {stage}: {share:percent} of the people asked name it.",
            pain=first["pain_point"],
            stage=stage_words(first),
            share=first["frequency"],
        )
    return msg(
        "The most pressing theme of cases is '{pain}': {share:percent} of all people known.",
        pain=first["pain_point"],
        share=first["frequency"],
    )


def _pain(one: dict[str, Any]) -> Message:
    if one["basis"] == "stated":
        return msg("'{pain}' at {stage}: stated.", pain=one["pain_point"], stage=stage_words(one))
    return msg(
        "'{pain}' at {stage}: {people:count} of {asked:count} people, {share:percent} (interval "
        "{lower:percent} to {upper:percent}), severity {severity:score} of 2.",
        pain=one["pain_point"],
        stage=stage_words(one),
        people=one["people"],
        asked=one["asked_people"],
        share=one["frequency"],
        lower=one["frequency_ci_lower"],
        upper=one["frequency_ci_upper"],
        severity=one["severity"],
    )


def describe_service_recovery(result: Result) -> Finding:
    """Whether people whose case was solved buy again more often, and how long cases take."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    acts = result.verdict is Verdict.ACT
    return Finding(
        result,
        statement=_recovery(result),
        evidence=(*_rates(result), _hours(result)),
        action=msg(
            "Answer open cases first, with a deadline of {days:days} and one person for each; "
            "draw by lot who gets a call first, and the effect becomes known.",
            days=result.settings["journeys.recovery_solve_days"],
        )
        if acts
        else None,
        owner=SERVICE_LEAD,
        money_basis=msg("who gets a solution is not left to chance, so no sum follows from it")
        if acts
        else None,
    )


def _recovery(result: Result) -> Message:
    figures, table = result.figures, result.table.set_index("group")
    if is_missing(figures["difference"]):
        return msg("Too few people had a solved and an unsolved case to compare who buys again.")
    rates = (table.loc[name, "repeat_rate"] for name in ("solved", "unsolved"))
    solved, unsolved = rates
    if result.verdict is Verdict.ACT:
        return msg(
            "People whose case was solved in time buy again more often: {solved:percent} against "
            "{unsolved:percent}.",
            solved=solved,
            unsolved=unsolved,
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "People whose case was solved in time do not buy again more often than others: "
            "{solved:percent} against {unsolved:percent}.",
            solved=solved,
            unsolved=unsolved,
        )
    return msg(
        "Whether people whose case was solved in time buy again more often is not sure: "
        "{solved:percent} against {unsolved:percent}.",
        solved=solved,
        unsolved=unsolved,
    )


def _rates(result: Result) -> tuple[Message, ...]:
    return tuple(
        msg(
            "{group}: {again:count} of {people:count} bought again, {rate:percent} (interval "
            "{lower:percent} to {upper:percent}).",
            group=label(one["group"]),
            again=one["repeat_people"],
            people=one["people"],
            rate=one["repeat_rate"],
            lower=one["repeat_rate_ci_lower"],
            upper=one["repeat_rate_ci_upper"],
        )
        for one in result.table.to_dict("records")
        if not is_missing(one["repeat_rate"])
    )


def _hours(result: Result) -> Message:
    figures = result.figures
    if is_missing(figures["median_hours"]):
        return msg(
            "{solved:count} of {cases:count} cases were solved; half of them have not been yet.",
            solved=figures["solved_cases"],
            cases=figures["cases"],
        )
    return msg(
        "{solved:count} of {cases:count} cases were solved; half take up to {hours:count} hours.",
        solved=figures["solved_cases"],
        cases=figures["cases"],
        hours=figures["median_hours"],
    )
