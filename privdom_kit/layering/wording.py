"""What the findings of user layering have in common."""

from __future__ import annotations

from typing import Any

from privdom_kit.messages import Message, msg
from privdom_kit.results import Result

NOT_DERIVED = msg("The data show how many come back, not what a further purchase is worth.")


def change_sentence(result: Result, name: str) -> tuple[Message, ...]:
    """The interval of a change and what would not matter; that none can be given, without one."""
    figures = result.figures
    if figures[name] is None:
        return (
            msg(
                "No verdict: one of the two groups has fewer than {least:count} people, or is too "
                "small to show.",
                least=result.settings["layering.min_customers"],
            ),
        )
    return (
        msg(
            "The interval of the change runs from {lower:points} to {upper:points}; up to "
            "{tolerance:gap} does not matter (a setting).",
            lower=figures[f"{name}_ci_lower"],
            upper=figures[f"{name}_ci_upper"],
            tolerance=result.settings["layering.change_tolerance"],
        ),
    )


def margin_basis(result: Result, spend: Any, whose: Message) -> Message:
    """How money at stake was derived, or why it was not."""
    if result.figures["gross_margin"] is None:
        return msg(
            "client.yml gives no economics.gross_margin, so what is at stake cannot be derived."
        )
    if result.figures["money_at_stake"] is None:
        return msg("The group is too small to show.")
    return msg(
        "Net spend of {whose} in the last {window:days} ({spend:money}), as a year, x gross margin "
        "{margin:percent}.",
        whose=whose,
        window=result.settings["layering.value_window_days"],
        spend=spend,
        margin=result.figures["gross_margin"],
    )
