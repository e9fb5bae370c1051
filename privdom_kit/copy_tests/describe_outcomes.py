"""What versions did better or worse, in words; the words of looks and choices stand beside it."""

from __future__ import annotations

from typing import Any

from privdom_kit.copy_tests.arm_rows import (
    BETTER,
    EQUAL,
    NOT_REACHED,
    OPEN,
    SEEN_ONLY,
    TOO_FEW,
    UNSOUND,
    WORSE,
)
from privdom_kit.copy_tests.comparing import PRIMARY
from privdom_kit.copy_tests.describe_choices import describe_decision
from privdom_kit.copy_tests.describe_looks import describe_sequence
from privdom_kit.copy_tests.outcome_words import (
    gap_values,
    outcome_words,
    reference_words,
    shown,
)
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

__all__ = ["describe_arms", "describe_decision", "describe_sequence"]

_MOST_NAMED = 3
_GAP = ("difference", "difference_ci_lower", "difference_ci_upper")


def describe_arms(result: Result) -> Finding:
    """Which version does better or worse than the reference, and what else was compared."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    money = result.figures["money_at_stake"]
    return Finding(
        result,
        statement=_statement(result),
        evidence=(
            *_lift_lines(result),
            *_pooled_lines(result),
            *_arm_lines(result),
            *_held_lines(result),
            *_money_lines(result),
            *_test_lines(result),
        ),
        action=_action(result),
        owner=CRM_LEAD,
        money_at_stake=money,
        money_period="once",
        money_basis=_no_money(result) if money is None else _basis(result),
    )


def _statement(result: Result) -> Message:
    figures = result.figures
    if figures["arm"] is None:
        return msg("{test:quote}: there is nothing to compare.", test=figures["test"])
    values = _values(figures)
    hidden = not shown(figures, *_GAP)
    if figures["state"] in (BETTER, WORSE):
        return _sure(figures, values, hidden)
    if figures["state"] == TOO_FEW:
        return msg(
            "{test:quote}: too few people or {outcome} to compare with {reference}.", **values
        )
    if figures["state"] == SEEN_ONLY:
        return msg(
            "{test:quote} was only observed: {rate:percent} of {people:count} people sent "
            "{arm:quote} and {reference_rate:percent} of {reference_people:count} of {reference} "
            "are on record ({outcome}). Nothing says that chance decided who got what.",
            **values,
        )
    if figures["state"] == UNSOUND:
        return msg(
            "{test:quote} was not run as a test, so nothing follows from its numbers "
            "({arm:quote}: {rate:percent} of {people:count} people, {outcome}).",
            **values,
        )
    return _unsure(figures, values)


def _values(row: Any) -> dict[str, Any]:
    names = ("test", "arm", "people", "rate", "reference_people", "reference_rate")
    return {
        **{name: row[name] for name in names},
        **gap_values(row),
        "p": row["p_value_adjusted"],
        "least": row["least_difference"],
        "outcome": outcome_words(row),
        "reference": reference_words(row),
    }


def _sure(figures: Any, values: dict[str, Any], hidden: bool) -> Message:
    better = figures["state"] == BETTER
    if hidden and better:
        return msg(
            "{test:quote}: {arm:quote} brings more {outcome} than {reference}. The numbers are not "
            "shown: few people are behind one of them.",
            **values,
        )
    if hidden:
        return msg(
            "{test:quote}: {arm:quote} brings fewer {outcome} than {reference}. The numbers are "
            "not shown: few people are behind one of them.",
            **values,
        )
    if better:
        return msg(
            "{test:quote}: {arm:quote} brings more {outcome} than {reference}: {rate:percent} of "
            "{people:count} people against {reference_rate:percent} of {reference_people:count}, "
            "{gap:fine_points} (interval {lower:fine_points} to {upper:fine_points}; corrected p "
            "{p:p_value}).",
            **values,
        )
    return msg(
        "{test:quote}: {arm:quote} brings fewer {outcome} than {reference}: {rate:percent} of "
        "{people:count} people against {reference_rate:percent} of {reference_people:count}, "
        "{gap:fine_points} (interval {lower:fine_points} to {upper:fine_points}; corrected p "
        "{p:p_value}).",
        **values,
    )


def _unsure(figures: Any, values: dict[str, Any]) -> Message:
    if figures["state"] == NOT_REACHED:
        return msg(
            "{test:quote}: the people planned for are not reached, or their window is not over "
            "({arm:quote}: {people:count}). Nothing is concluded before that.",
            **values,
        )
    if not shown(figures, *_GAP):
        return msg(
            "{test:quote}: no version is better or worse than {reference} for sure ({outcome}).",
            **values,
        )
    if figures["state"] == EQUAL:
        return msg(
            "{test:quote}: {arm:quote}, the version farthest from {reference}, differs by less "
            "than {least:fine_gap} ({outcome}; {gap:fine_points}, interval {lower:fine_points} "
            "to {upper:fine_points}).",
            **values,
        )
    return msg(
        "{test:quote}: no version is better or worse than {reference} for sure ({outcome}); "
        "{arm:quote}, the farthest from it: {gap:fine_points} (interval {lower:fine_points} to "
        "{upper:fine_points}).",
        **values,
    )


def _lift_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["arm"] is None or not shown(figures, "lift", "lift_ci_lower", *_GAP):
        return ()
    return (
        msg(
            "Relative to {reference}, {arm:quote} changes it by {lift:percent} (interval "
            "{lower:percent} to {upper:percent}).",
            reference=reference_words(figures),
            arm=figures["arm"],
            lift=figures["lift"],
            lower=figures["lift_ci_lower"],
            upper=figures["lift_ci_upper"],
        ),
    )


def _pooled_lines(result: Result) -> tuple[Message, ...]:
    names = tuple(f"pooled_{name}" for name in _GAP)
    rows = _of_test(result)
    rows = rows[rows["arm"] == result.figures["arm"]]
    if rows.empty or not shown(rows.iloc[0], *names):
        return ()
    return (
        msg(
            "Pooled over crowds, so that it does not matter who is in which, the difference of "
            "{arm:quote} is {gap:fine_points} (interval {lower:fine_points} to "
            "{upper:fine_points}).",
            arm=result.figures["arm"],
            **gap_values(rows.iloc[0], "pooled_difference"),
        ),
    )


def _of_test(result: Result) -> Any:
    table = result.table
    return table[(table["test"] == result.figures["test"]) & (table["role"] == PRIMARY)]


def _arm_lines(result: Result) -> tuple[Message, ...]:
    rows = _of_test(result)
    others = rows[rows["arm"] != result.figures["arm"]].head(_MOST_NAMED)
    return tuple(
        msg(
            "{arm:quote}: {rate:percent} of {people:count} people, {gap:fine_points} against "
            "{reference} (interval {lower:fine_points} to {upper:fine_points}).",
            **_values(row),
        )
        for _, row in others.iterrows()
        if shown(row, "rate", *_GAP)
    )


def _held_lines(result: Result) -> tuple[Message, ...]:
    table = result.tables.get("held_back")
    if table is None:
        return ()
    rows = table[(table["test"] == result.figures["test"]) & (table["role"] == PRIMARY)]
    return tuple(
        msg(
            "What sending {arm:quote} brings at all, against people who were sent nothing: "
            "{gap:fine_points} (interval {lower:fine_points} to {upper:fine_points}; {outcome}).",
            **_values(row),
        )
        for _, row in rows.head(_MOST_NAMED).iterrows()
        if shown(row, *_GAP) and row["state"] not in (UNSOUND, SEEN_ONLY)
    )


def _money_lines(result: Result) -> tuple[Message, ...]:
    table = result.tables.get("money")
    if table is None:
        return ()
    figures = result.figures
    rows = table[(table["test"] == figures["test"]) & (table["arm"] == figures["arm"])]
    rows = rows[rows["reference_kind"] == figures["reference_kind"]]
    if rows.empty or not shown(rows.iloc[0], "value_difference", "value_difference_ci_lower"):
        return ()
    row = rows.iloc[0]
    values = {
        "arm": row["arm"],
        "value": row["order_value"],
        "reference": reference_words(row),
        "other": row["reference_order_value"],
        **gap_values(row, "value_difference"),
    }
    plain = msg(
        "Order value for each person, exploratory: {arm:quote} {value:money}, {reference} "
        "{other:money}; difference {gap:money} (interval {lower:money} to {upper:money}).",
        **values,
    )
    if not shown(row, "adjusted_difference") or not row["variance_removed"] > 0:
        return (plain,)
    return (
        plain,
        msg(
            "Adjusted for what the same people spent before: {gap:money} (interval {lower:money} "
            "to {upper:money}); that explains {share:percent} of the variance.",
            share=row["variance_removed"],
            **gap_values(row, "adjusted_difference"),
        ),
    )


def _test_lines(result: Result) -> tuple[Message, ...]:
    """A line for each other test: its surest arm."""
    table = result.table[result.table["role"] == PRIMARY]
    others = [t for t in dict.fromkeys(table["test"]) if t != result.figures["test"]]
    lines = []
    for test in others[:_MOST_NAMED]:
        rows = table[table["test"] == test]
        sure = rows[rows["state"].isin([BETTER, WORSE])]
        row = (sure if len(sure) else rows).iloc[0]
        if row["state"] in (BETTER, WORSE, EQUAL, OPEN):
            figures = {**row.to_dict()}
            values = _values(figures)
            hidden = not shown(figures, *_GAP)
            sentence = _sure if row["state"] in (BETTER, WORSE) else None
            lines.append(
                sentence(figures, values, hidden) if sentence else _unsure(figures, values)
            )
    return tuple(lines)


def _action(result: Result) -> Message | None:
    state, values = result.figures["state"], {"arm": result.figures["arm"]}
    if state == BETTER:
        return msg("Take {arm:quote} to the decision: guard-rails count too.", **values)
    if state == WORSE:
        return msg("Stop sending {arm:quote}.", **values)
    if state == SEEN_ONLY:
        return msg("Send the next copies as a test: versions drawn by lot, some people held back.")
    if state == UNSOUND:
        return msg("Repair what the checks name, and run the test again.")
    if state == NOT_REACHED:
        return msg("Send to the planned number of people before anything is concluded.")
    if result.verdict is Verdict.CLEAR:
        return msg("Keep the copy in use; test a bolder change next.")
    return msg("Plan the next test for the smallest difference that matters, with its people.")


def _no_money(result: Result) -> Message:
    profit = result.figures["extra_profit_ci_upper"]
    if is_missing(profit) or profit >= 0:
        return NOT_IN_MONEY
    return msg("Its extra friends cost more than they are worth, for sure: see the decision.")


def _basis(result: Result) -> Message:
    figures = result.figures
    return msg(
        "Difference in friends x {people:count} people sent to in the test x {value:money} for a "
        "friend, once, before the cost of incentives; interval {lower:money} to {upper:money}.",
        people=figures["people_sent"],
        value=figures["customer_value"],
        lower=figures["money_at_stake_ci_lower"],
        upper=figures["money_at_stake_ci_upper"],
    )
