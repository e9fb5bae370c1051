"""What contacts bring and how to spend, in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.copy_tests.pack_wording import MOST_NAMED, kept_line, no_certainty
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_crowd_priority(result: Result) -> Finding:
    """Which crowds pay, how to spend the budget, and what the next yuan buys."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    money = result.figures["money_at_stake"]
    return Finding(
        result,
        statement=_spending_statement(result),
        evidence=(*_plan_lines(result), *_profit_lines(result), *_value_lines(result)),
        action=_spending_action(result),
        owner=CRM_LEAD,
        money_at_stake=money,
        money_period="once",
        money_basis=NOT_IN_MONEY
        if is_missing(money)
        else msg(
            "Loss of a contact x people sent to, over crowds that do not pay for sure; for as many "
            "people as in the test."
        ),
    )


def _spending_statement(result: Result) -> Message:
    figures = result.figures
    values = {
        "test": figures["test"],
        "crowds": figures["crowds_judged"],
        "losing": figures["crowds_losing"],
        "paying": figures["crowds_paying"],
    }
    if is_missing(figures["expected_profit"]):
        return msg(
            "{test:quote}: what contacts bring by crowd rests on too few people to be shown.",
            **values,
        )
    if not figures["crowds_judged"]:
        return msg(
            "{test:quote}: what contacts bring is shown by crowd; nothing follows from it yet, for "
            "the reasons in the notes.",
            **values,
        )
    if figures["crowds_losing"]:
        return msg(
            "Contacts cost more than they bring in {losing:count} of {crowds:count} crowds, for "
            "sure.",
            **values,
        )
    if result.verdict is Verdict.ACT:
        return msg(
            "{test:quote}: spending on the best crowds first brings {gain:money} more than "
            "spending evenly (interval {lower:money} to {upper:money}).",
            **values,
            gain=figures["gain"],
            lower=figures["gain_ci_lower"],
            upper=figures["gain_ci_upper"],
        )
    if figures["crowds_paying"] == figures["crowds_judged"]:
        return msg(
            "Contacts bring more than they cost in all {crowds:count} crowds that are large enough "
            "to be judged.",
            **values,
        )
    return msg(
        "Contacts bring more than they cost in {paying:count} of {crowds:count} crowds for sure; "
        "of the others it cannot be told.",
        **values,
    )


def _plan_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["expected_profit"]):
        return ()
    lines = [
        msg(
            "{test:quote}: contacting {contacts:count} people for {spend:money} is expected to "
            "bring {friends:number} friends (interval {least:number} to {most:number}) and "
            "{profit:money} (interval {lower:money} to {upper:money}).",
            test=figures["test"],
            contacts=figures["contacts"],
            spend=figures["spend"],
            friends=figures["expected_friends"],
            least=figures["expected_friends_ci_lower"],
            most=figures["expected_friends_ci_upper"],
            profit=figures["expected_profit"],
            lower=figures["expected_profit_ci_lower"],
            upper=figures["expected_profit_ci_upper"],
        ),
        msg(
            "The same share of every crowd would bring {even:money}; the difference is "
            "{gain:money} (interval {lower:money} to {upper:money}).",
            even=figures["even_profit"],
            gain=figures["gain"],
            lower=figures["gain_ci_lower"],
            upper=figures["gain_ci_upper"],
        ),
    ]
    return (*lines, *_price_lines(figures))


def _price_lines(figures: Any) -> tuple[Message, ...]:
    found = []
    if is_missing(figures["budget"]) and is_missing(figures["call_capacity"]):
        found.append(
            msg("The plan names no budget: every crowd that is expected to bring profit is taken.")
        )
    if not is_missing(figures["budget"]):
        found.append(
            msg(
                "Of a budget of {budget:money} the next {one:money} would bring {price:money}.",
                budget=figures["budget"],
                one=1.0,
                price=figures["budget_price"],
            )
        )
    if not is_missing(figures["call_capacity"]):
        found.append(
            msg(
                "Of {calls:count} calls that can be made, the next one would bring {price:money}.",
                calls=figures["call_capacity"],
                price=figures["call_price"],
            )
        )
    return tuple(found)


def _profit_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["test"] == result.figures["test"]]
    shown = table[table["profit_per_contact"].notna()].head(MOST_NAMED)
    found = []
    for row in shown.to_dict("records"):
        values = {
            "crowd": row["crowd"],
            "profit": row["profit_per_contact"],
            "lower": row["profit_per_contact_ci_lower"],
            "upper": row["profit_per_contact_ci_upper"],
            "chance": no_certainty(row["chance_pays"]),
            "value": row["friend_value"],
            "cost": row["cost_per_contact"],
            "paid": row["incentive_per_friend"],
        }
        if row["incentive_per_friend"]:
            found.append(
                msg(
                    "{crowd:quote}: a contact brings {profit:money} (interval {lower:money} to "
                    "{upper:money}; {chance:percent} chance that it pays), with {value:money} a "
                    "friend, an incentive of {paid:money} a friend and a cost of {cost:money}.",
                    **values,
                )
            )
        else:
            found.append(
                msg(
                    "{crowd:quote}: a contact brings {profit:money} (interval {lower:money} to "
                    "{upper:money}; {chance:percent} chance that it pays), with {value:money} a "
                    "friend and a cost of {cost:money}.",
                    **values,
                )
            )
    return tuple(found)


def _value_lines(result: Result) -> tuple[Message, ...]:
    if result.figures["value_source"] != "economics":
        return ()
    return (kept_line(result.figures["kept_share"]),)


def _spending_action(result: Result) -> Message | None:
    if result.verdict is not Verdict.ACT:
        return None
    if result.figures["crowds_losing"]:
        return msg(
            "Stop sending this to crowds that lose money, and spend in the order of the table."
        )
    return msg("Spend in the order of the table instead of evenly.")
