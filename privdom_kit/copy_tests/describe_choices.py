"""What is decided about each version, in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.copy_tests.choosing import (
    BREACHED,
    COSTLY,
    EQUIVALENT,
    GO_ON,
    HARM,
    KEEP,
    NO_TEST,
    NOT_REACHED,
    NOT_SHOWN,
    RAIL_OPEN,
    RAIL_UNKNOWN,
    RUNNER_UP,
    SEEN_ONLY,
    SHIP,
    STOP,
    TOO_SMALL,
    UNPLANNED,
)
from privdom_kit.copy_tests.outcome_words import (
    gap_values,
    outcome_words,
    reference_words,
    shown,
)
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result

_MOST_NAMED = 4
_LEAST_RISK = 0.001  # a smaller one would be shown as nothing
_GAP = ("difference", "difference_ci_lower", "difference_ci_upper")
#: What is decided, as a few words after the name of the version.
CHOICES: dict[str, Message] = {
    SHIP: msg("ship it"),
    RUNNER_UP: msg("better too, not the best"),
    KEEP: msg("do not take it"),
    GO_ON: msg("go on"),
    STOP: msg("stop it"),
    NO_TEST: msg("no test, no decision"),
    SEEN_ONLY: msg("observed only, no decision"),
}
REASONS: dict[str, Message] = {
    BREACHED: msg("a guard-rail is breached"),
    HARM: msg("worse for sure"),
    RAIL_OPEN: msg("better for sure, a guard-rail is open"),
    RAIL_UNKNOWN: msg("better for sure, a guard-rail is not measured"),
    NOT_REACHED: msg("the people planned for are not reached"),
    TOO_SMALL: msg("too few people to see the smallest difference that matters"),
    UNPLANNED: msg("no number of people was planned"),
    COSTLY: msg("better for sure, but its extra friends cost more than they are worth"),
    EQUIVALENT: msg("no difference that matters is left"),
    NOT_SHOWN: msg("no difference was found at the planned number of people"),
}


def describe_decision(result: Result) -> Finding:
    """What to ship, stop, leave or go on with, and what each may cost."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_statement(result),
        evidence=(
            *_difference_lines(result),
            *_profit_lines(result),
            *_loss_lines(result),
            *_risk_lines(result),
            *_other_lines(result),
        ),
        action=_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _values(row: Any) -> dict[str, Any]:
    return {
        "test": row["test"],
        "arm": row["arm"],
        "people": row["people"],
        "lacking": row["people_lacking"],
        "outcome": outcome_words(row),
        "reference": reference_words(row),
        **gap_values(row),
    }


def _statement(result: Result) -> Message:
    figures = result.figures
    values = _values(figures)
    choice, reason = figures["choice"], figures["reason"]
    if choice == SHIP:
        return msg(
            "{test:quote}: ship {arm:quote}. It brings more {outcome} than {reference} for sure, "
            "and its guard-rails passed.",
            **values,
        )
    if choice == STOP and reason == HARM:
        return msg(
            "{test:quote}: stop {arm:quote}. It brings fewer {outcome} than {reference} for sure.",
            **values,
        )
    if choice == STOP:
        return msg("{test:quote}: stop {arm:quote}. It breaches a guard-rail.", **values)
    if choice == SEEN_ONLY:
        return msg(
            "{test:quote} was only observed. It shows what came after each text, not what it "
            "caused, so nothing is decided.",
            **values,
        )
    if choice == NO_TEST:
        return msg("{test:quote} was not run as a test, so nothing is decided from it.", **values)
    if choice == KEEP:
        return _keep(reason, values)
    return _go_on(figures, values)


def _keep(reason: str, values: dict[str, Any]) -> Message:
    if reason == COSTLY:
        return msg(
            "{test:quote}: keep to {reference}. {arm:quote} brings more {outcome} for sure, but "
            "they cost more than they are worth, for sure.",
            **values,
        )
    if reason == EQUIVALENT:
        return msg(
            "{test:quote}: keep to {reference}. {arm:quote} makes no difference that matters "
            "({outcome}).",
            **values,
        )
    return msg(
        "{test:quote}: keep to {reference}. At the planned number of people no version is better "
        "for sure ({outcome}).",
        **values,
    )


def _go_on(figures: Any, values: dict[str, Any]) -> Message:
    reason = figures["reason"]
    if reason == RAIL_OPEN:
        return msg(
            "{test:quote}: {arm:quote} brings more {outcome} than {reference} for sure, but "
            "whether a guard-rail holds is still open: go on before it is shipped.",
            **values,
        )
    if reason == RAIL_UNKNOWN:
        return msg(
            "{test:quote}: {arm:quote} brings more {outcome} than {reference} for sure, but a "
            "guard-rail is not measured: measure it before it is shipped.",
            **values,
        )
    if reason == UNPLANNED:
        return msg(
            "{test:quote}: nothing is sure, and no number of people was planned at which it "
            "would be settled.",
            **values,
        )
    if shown(figures, "people_lacking"):
        return msg(
            "{test:quote}: go on. {arm:quote} lacks {lacking:count} people (it has "
            "{people:count}).",
            **values,
        )
    return msg("{test:quote}: go on. The planned number of people is not reached.", **values)


def _difference_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not shown(figures, *_GAP):
        return ()
    return (
        msg(
            "{arm:quote} against {reference}: {gap:fine_points} (interval {lower:fine_points} to "
            "{upper:fine_points}; {outcome}).",
            **_values(figures),
        ),
    )


def _profit_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not shown(figures, "extra_profit", "extra_profit_ci_lower", "extra_profit_ci_upper"):
        return ()
    return (
        msg(
            "In money, value of friends less cost and incentives: {profit:money} a person sent to "
            "against {reference} (interval {low:money} to {high:money}).",
            profit=figures["extra_profit"],
            low=figures["extra_profit_ci_lower"],
            high=figures["extra_profit_ci_upper"],
            reference=reference_words(figures),
        ),
    )


def _loss_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not shown(figures, "loss_if_shipped", "loss_if_kept"):
        return ()
    values = {
        "arm": figures["arm"],
        "shipped": figures["loss_if_shipped"],
        "kept": figures["loss_if_kept"],
        "limit": result.settings["copy_tests.loss_limit"],
    }
    lines = [
        msg(
            "On average, shipping {arm:quote} loses {shipped:percent} of people should it be "
            "worse, keeping to what is in use {kept:percent} should it be better.",
            **values,
        )
    ]
    if max(values["shipped"], values["kept"]) < values["limit"]:
        lines.append(msg("Both are below {limit:percent}: either copy may be taken.", **values))
    return tuple(lines)


def _risk_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not shown(figures, "false_positive_risk"):
        return ()
    prior, risk = result.settings["copy_tests.prior_win"], figures["false_positive_risk"]
    if risk < _LEAST_RISK:
        return (
            msg(
                "Where {prior:percent} of copy ideas work, the least chance that this finding is a "
                "fluke is below {risk:percent}.",
                prior=prior,
                risk=_LEAST_RISK,
            ),
        )
    return (
        msg(
            "Where {prior:percent} of copy ideas work, the least chance that this finding is a "
            "fluke is {risk:percent}.",
            prior=prior,
            risk=risk,
        ),
    )


def _other_lines(result: Result) -> tuple[Message, ...]:
    table, figures = result.table, result.figures
    spoken = (table["test"] == figures["test"]) & (table["arm"] == figures["arm"])
    lines = []
    for _, row in table[~spoken].head(_MOST_NAMED).iterrows():
        values = {"test": row["test"], "arm": row["arm"], "choice": CHOICES[row["choice"]]}
        if row["reason"] in REASONS:
            lines.append(
                msg(
                    "{test:quote}, {arm:quote}: {choice} ({reason}).",
                    reason=REASONS[row["reason"]],
                    **values,
                )
            )
        else:
            lines.append(msg("{test:quote}, {arm:quote}: {choice}.", **values))
    left = int((~spoken).sum()) - _MOST_NAMED
    if left > 0:
        lines.append(msg("{more:count} more versions stand in the table.", more=left))
    return tuple(lines)


def _action(result: Result) -> Message | None:
    figures = result.figures
    values = {"arm": figures["arm"], "lacking": figures["people_lacking"]}
    if figures["choice"] == SHIP:
        return msg(
            "Send {arm:quote} from now on, and hold some people back to see it last.", **values
        )
    if figures["choice"] == STOP:
        return msg("Stop sending {arm:quote}.", **values)
    if figures["choice"] == NO_TEST:
        return msg("Repair what the checks name, and run the test again.")
    if figures["choice"] == SEEN_ONLY:
        return msg("Send the next copies as a test: versions drawn by lot, some people held back.")
    if figures["reason"] == COSTLY:
        return msg(
            "Lower what {arm:quote} costs, or pay the incentive only to those who would not come "
            "without it, and test that.",
            **values,
        )
    if figures["choice"] == KEEP:
        return None
    if figures["reason"] == RAIL_UNKNOWN:
        return msg("Record opt-outs, complaints and removals, or name the guard-rails in the plan.")
    if figures["reason"] == UNPLANNED:
        return msg("Plan the number of people and the looks before the next test is sent.")
    return msg("Send to more people of the same crowds, split as before, and read it then.")
