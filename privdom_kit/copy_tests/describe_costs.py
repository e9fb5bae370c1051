"""What a planned test costs and what to expect of it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    pass


def describe_budget(result: Result) -> Finding:
    """What each planned test costs against its limits, and what to expect of it."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    tests = list(result.tables["tests"].itertuples(index=False))
    lines = [_payable(row) for row in tests]
    return Finding(
        result,
        statement=_too_many_calls(tests[0]) or lines[0],
        evidence=(
            *((lines[0],) if _too_many_calls(tests[0]) else ()),
            *lines[1:],
            *(line for row in tests[1:] if (line := _too_many_calls(row)) is not None),
            *(line for row in tests if (line := _retries(row)) is not None),
            *(line for row in tests for line in _expected(row)),
        ),
        action=_budget_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _payable(row: Any) -> Message:
    values = {"test": row.test, "least": row.cost_least, "budget": row.budget, "cost": _cost(row)}
    if row.payable == "too_much":
        return msg(
            "{test:quote} costs {least:money} at the least, and {budget:money} may be spent.",
            **values,
        )
    if is_missing(row.cost):
        if is_missing(row.cost_least):
            return msg(
                "What {test:quote} costs cannot be said: not all of it has a price.", **values
            )
        return msg(
            "{test:quote} costs {least:money} at the least; not all of it has a price.", **values
        )
    if is_missing(row.budget):
        return msg("{test:quote} costs {cost}; no budget is stated.", **values)
    if row.payable == "fits":
        return msg(
            "{test:quote} costs {cost}, within its budget of {budget:money}.",
            **values,
        )
    return msg(
        "{test:quote} costs {cost}, which may be more than its budget of {budget:money}.",
        **values,
    )


def _cost(row: Any) -> Message:
    if not is_missing(row.cost) and row.cost_least == row.cost:
        return msg("{most:money}", most=row.cost)
    return msg("{least:money} to {most:money}", least=row.cost_least, most=row.cost)


def _too_many_calls(row: Any) -> Message | None:
    if row.dialable != "too_much":
        return None
    return msg(
        "{test:quote} takes {dials:count} calls at the least, and {capacity:count} can be made.",
        test=row.test,
        dials=row.dials_least,
        capacity=row.call_capacity,
    )


def _retries(row: Any) -> Message | None:
    if row.dialable == "may_not_fit":
        return msg(
            "{test:quote}: one dial each can be made, all {dials:count} attempts cannot "
            "({capacity:count} calls).",
            test=row.test,
            dials=row.dials,
            capacity=row.call_capacity,
        )
    if row.dialable == "unknown":
        return msg("{test:quote}: how many calls can be made is not stated.", test=row.test)
    return None


def _expected(row: Any) -> Iterator[Message]:
    for name, words in (("friends", msg("friends")), ("orders", msg("orders"))):
        number = getattr(row, name)
        if is_missing(number):
            continue
        values = {"test": row.test, "number": number, "what": words, "people": row.people}
        lower = getattr(row, f"{name}_ci_lower")
        if is_missing(lower):
            yield msg(
                "{test:quote}: {number:count} {what} are to be expected of {people:count} people "
                "at the rate that is stated, which has no interval.",
                **values,
            )
        else:
            yield msg(
                "{test:quote}: {number:count} {what} (interval {lower:count} to {upper:count}) are "
                "to be expected of {people:count} people at the present rate.",
                **values,
                lower=lower,
                upper=getattr(row, f"{name}_ci_upper"),
            )


def _budget_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Raise the budget or the call capacity, or plan fewer people: as it is, the test would "
            "stop half-way."
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "State the prices and limits that are missing, and agree on what is left out if not "
            "all attempts can be paid or made."
        )
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg("State how many people the crowds have, or a rule that finds them.")
    return None
