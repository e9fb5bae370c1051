"""The finding on the five questions of why the user would, in words."""

from __future__ import annotations

from privdom_kit.labels import in_question, label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_MOST_NAMED = 6


def describe_why_checklist(result: Result) -> Finding:
    """At which touchpoints the user has a reason, and which reason is missing most."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=msg(
            "{yes:count} of {answered:count} answered questions of why the user would are a yes "
            "with evidence, at {rated:count} touchpoints; {short:count} of these fall short of "
            "{least:count} reasons.",
            yes=figures["questions_yes"],
            answered=figures["questions_answered"],
            rated=figures["touchpoints_rated"],
            short=figures["touchpoints_short"],
            least=result.settings["journeys.why_least"],
        ),
        evidence=(*_rows(result), _weakest(result), *_open(result), *_agreement(result)),
        action=_action(result),
        owner=CRM_LEAD if needs_action(result) else None,
        money_basis=msg("No money is derived from ratings."),
    )


def _rows(result: Result) -> tuple[Message, ...]:
    rated = result.table.dropna(subset=["yes_share"])
    rows = rated.sort_values("yes_share", kind="stable").head(_MOST_NAMED)
    return tuple(
        msg(
            "{name}: {yes:count} of {asked:count}, {answered:count} answered; raters: "
            "{raters:count}.",
            name=row.name_words,
            yes=row.yes,
            asked=row.asked,
            answered=row.answered,
            raters=row.raters,
        )
        for row in rows.rename(columns={"name": "name_words"}).itertuples(index=False)
    )


def _weakest(result: Result) -> Message:
    figures = result.figures
    return msg(
        "The reason missing most: {question}, with a yes at {yes:count} of {answered:count} "
        "touchpoints.",
        question=label(in_question("why_checklist", figures["weakest_question"])),
        yes=figures["weakest_yes"],
        answered=figures["weakest_answered"],
    )


def _open(result: Result) -> tuple[Message, ...]:
    if not result.figures["touchpoints_open"]:
        return ()
    table = result.table
    names = list(table.loc[table["yes"].isna(), "name"])[:_MOST_NAMED]
    return (msg("In use and not rated: {names}.", names=join_messages(names)),)


def _agreement(result: Result) -> tuple[Message, ...]:
    table = result.tables.get("agreement")
    if table is None:
        return ()
    return tuple(
        msg(
            "{one} and {other} agree on {agreed:count} of {ratings:count} answers, too few for a "
            "measure of agreement.",
            one=row.rater,
            other=row.other_rater,
            agreed=row.agreed,
            ratings=row.ratings,
        )
        if row.kappa != row.kappa
        else msg(
            "{one} and {other} agree on {agreed:count} of {ratings:count} answers; weighted kappa "
            "{kappa:number} (interval {low:number} to {high:number}).",
            one=row.rater,
            other=row.other_rater,
            agreed=row.agreed,
            ratings=row.ratings,
            kappa=row.kappa,
            low=row.kappa_ci_lower,
            high=row.kappa_ci_upper,
        )
        for row in table.itertuples(index=False)
    )


def _action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "At the touchpoints that fall short, write down the one reason that is missing most "
            "and give it content before the next send."
        )
    if result.verdict is Verdict.WATCH:
        return msg("Answer the open questions with evidence, by two raters.")
    return None
