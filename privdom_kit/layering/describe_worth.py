"""Timing and value in words."""

from __future__ import annotations

from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_next_order(result: Result) -> Finding:
    """For whom the next order is due, and how long it takes."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_due_statement(result),
        evidence=tuple(
            sentence
            for step, words in _STEPS.items()
            for sentence in _step_sentence(result, step, words)
        ),
        action=msg(
            "Serve those due one by one: ask how the last order went, and offer the next in time."
        )
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
    )


_STEPS = {
    "first_to_second": msg("a first order"),
    "second_to_third": msg("a second order"),
    "third_and_later": msg("a third or later order"),
}


def _due_statement(result: Result) -> Message:
    figures = result.figures
    if figures["due_customers"] is None:
        return msg(
            "Of {buyers:count} buyers, too few are due for their next order to be shown.",
            buyers=figures["buyers"],
        )
    sentence = msg(
        "{due:count} of {buyers:count} buyers are due for their next order, within {window:days} "
        "either way.",
        due=figures["due_customers"],
        buyers=figures["buyers"],
        window=result.settings["layering.due_window_days"],
    )
    if figures["overdue_customers"] is None or figures["lapsed_customers"] is None:
        return sentence
    return msg(
        "{sentence} {overdue:count} are overdue, and {lapsed:count} have not ordered for more than "
        "{cycles:number} gaps.",
        sentence=sentence,
        overdue=figures["overdue_customers"],
        lapsed=figures["lapsed_customers"],
        cycles=result.settings["layering.lapsed_cycles"],
    )


def _step_sentence(result: Result, step: str, words: Message) -> tuple[Message, ...]:
    if step not in set(result.table["step"]):
        return ()
    found = row(result.table, "step", step)
    if is_missing(found["returned_share"]):
        return ()
    share = msg(
        "After {words}, {share:percent} order again within {days:days} (interval {lower:percent} "
        "to {upper:percent}, open gaps counted).",
        share=found["returned_share"],
        words=words,
        days=found["horizon_days"],
        lower=found["returned_share_ci_lower"],
        upper=found["returned_share_ci_upper"],
    )
    if is_missing(found["half_return_days"]):
        return (share,)
    return (
        msg(
            "{share} Half of those have done so after {half:days}.",
            share=share,
            half=found["half_return_days"],
        ),
    )


def describe_customer_value(result: Result) -> Finding:
    """What the buyers are expected to bring, and whether the model has earned belief."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=msg(
            "{buyers:count} buyers are expected to bring {value:money} over the next "
            "{horizon:days} (interval {lower:money} to {upper:money}), in {orders:count} orders.",
            buyers=figures["buyers"],
            value=figures["expected_value"],
            horizon=figures["value_horizon_days"],
            lower=figures["expected_value_ci_lower"],
            upper=figures["expected_value_ci_upper"],
            orders=figures["expected_orders"],
        ),
        evidence=(*_top_tenth(result), *_holdout_sentences(result)),
        action=msg(
            "Use the values to compare groups; hold the model against the next orders before a "
            "budget rests on it."
        )
        if result.verdict is Verdict.WATCH
        else None,
        owner=CRM_LEAD,
    )


def _top_tenth(result: Result) -> tuple[Message, ...]:
    top = result.table.iloc[0]
    if is_missing(top["expected_value"]):
        return ()
    return (
        msg(
            "The top {customers:count} buyers are expected to bring {value:money} of it (interval "
            "{lower:money} to {upper:money}).",
            customers=top["customers"],
            value=top["expected_value"],
            lower=top["expected_value_ci_lower"],
            upper=top["expected_value_ci_upper"],
        ),
    )


def _holdout_sentences(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    return (
        msg(
            "Held back, the last {days:days} brought {actual:count} orders; the model expected "
            "{model:count} (interval {lower:count} to {upper:count}), the plain mean {mean:count}.",
            days=figures["holdout_days"],
            actual=figures["actual_orders"],
            model=figures["model_orders"],
            lower=figures["model_orders_ci_lower"],
            upper=figures["model_orders_ci_upper"],
            mean=figures["mean_orders"],
        ),
        msg(
            "The model erred by {model:number} orders a customer, the plain mean by {mean:number}.",
            model=figures["model_error"],
            mean=figures["mean_error"],
        ),
    )
