"""What friends cost, in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.copy_tests.pack_wording import MOST_NAMED, kept_line
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_cost_per_friend(result: Result) -> Finding:
    """What a friend costs, whether that is more than a friend is worth, and what incentives do."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    money = result.figures["money_at_stake"]
    return Finding(
        result,
        statement=_cost_statement(result),
        evidence=(*_cost_lines(result), *_incentive_lines(result), *_worth_lines(result)),
        action=_cost_action(result),
        owner=CRM_LEAD,
        money_at_stake=money,
        money_period="once",
        money_basis=NOT_IN_MONEY
        if is_missing(money)
        else msg(
            "Cost less value of the friends, over versions that lose money for sure; for as many "
            "people as in the test."
        ),
    )


def _cost_statement(result: Result) -> Message:
    figures = result.figures
    values = {"test": figures["test"], "arm": figures["arm"], "value": figures["friend_value"]}
    if is_missing(figures["cost_per_friend"]):
        return msg(
            "{test:quote}: what a friend costs rests on too few people to be shown.", **values
        )
    if result.verdict is Verdict.ACT:
        return msg(
            "{test:quote}: friends of {arm:quote} cost more than the {value:money} that they are "
            "worth, for sure.",
            **values,
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "Friends cost less than they are worth in all {arms:count} versions, those who would "
            "have come anyway left out.",
            arms=figures["arms_judged"],
        )
    return msg(
        "{test:quote}: a friend of {arm:quote} costs {cost:money}, {extra}.",
        **values,
        cost=figures["cost_per_friend"],
        extra=_extra_words(figures),
    )


def _extra_words(figures: Any) -> Message:
    """The same over extra friends, inside a sentence."""
    if figures["counted"] == "all_friends":
        return msg("all friends counted")
    if is_missing(figures["extra_bounded"]):
        return msg("those who would have come anyway are too few to be shown")
    if is_missing(figures["cost_per_extra_friend"]):
        return msg("and sending brought no friends beyond those of people held back")
    if figures["extra_bounded"] == "false":
        return msg(
            "and {cost:money}, with no upper end, where only friends beyond those of people held "
            "back count",
            cost=figures["cost_per_extra_friend"],
        )
    return msg(
        "and {cost:money} (interval {lower:money} to {upper:money}) where only friends beyond "
        "those of people held back count",
        cost=figures["cost_per_extra_friend"],
        lower=figures["cost_per_extra_friend_ci_lower"],
        upper=figures["cost_per_extra_friend_ci_upper"],
    )


def _cost_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["cost_per_friend"].notna()].head(MOST_NAMED)
    found = []
    for row in table.to_dict("records"):
        values = {
            "test": row["test"],
            "arm": row["arm"],
            "friends": row["friends"],
            "people": row["people"],
            "cost": row["cost"],
            "each": row["cost_per_friend"],
            "extra": _extra_words(row),
        }
        if row["bounded"] == "true":
            found.append(
                msg(
                    "{test:quote}, {arm:quote}: {friends:count} friends of {people:count} people "
                    "for {cost:money}, {each:money} each (interval {lower:money} to "
                    "{upper:money}), {extra}.",
                    **values,
                    lower=row["cost_per_friend_ci_lower"],
                    upper=row["cost_per_friend_ci_upper"],
                )
            )
        else:
            found.append(
                msg(
                    "{test:quote}, {arm:quote}: {friends:count} friends of {people:count} people "
                    "for {cost:money}, {each:money} each, with no upper end: too few friends, "
                    "{extra}.",
                    **values,
                )
            )
    return tuple(found)


def _incentive_lines(result: Result) -> tuple[Message, ...]:
    table = result.tables["incentives"].head(MOST_NAMED)
    found = []
    for row in table.to_dict("records"):
        values = {name: row[name] for name in ("test", "arm", "reference")}
        values |= {"paid": row["incentive_per_person"], "extra": row["extra_friends_per_benefit"]}
        if row["bounded"] == "true":
            found.append(
                msg(
                    "{test:quote}, {arm:quote}: incentives cost {paid:money} more a person than "
                    "with {reference:quote}, and went with {extra:number} extra friends for each "
                    "{one:money} (interval {lower:number} to {upper:number}).",
                    **values,
                    one=1.0,
                    lower=row["extra_friends_per_benefit_ci_lower"],
                    upper=row["extra_friends_per_benefit_ci_upper"],
                )
            )
        else:
            found.append(
                msg(
                    "{test:quote}, {arm:quote}: how many extra friends the incentives brought for "
                    "what they cost cannot be told.",
                    **values,
                )
            )
    return tuple(found)


def _worth_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["value_source"] is None:
        return (
            msg(
                "Whether that is worth it cannot be told: neither friend_value of the crowds in "
                "forms.yml nor economics.customer_value says what a friend is worth."
            ),
        )
    if figures["value_source"] == "economics":
        return (kept_line(figures["kept_share"]),)
    return ()


def _cost_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Stop the versions whose friends cost more than they are worth, or lower their cost: "
            "fewer dials, shorter texts, a cheaper incentive."
        )
    if result.verdict is not Verdict.WATCH:
        return None
    if result.figures["counted"] == "all_friends":
        return msg(
            "Hold back people in the next test and record who of them is added, so that friends "
            "who come anyway are not paid for."
        )
    if result.figures["value_source"] is None:
        return msg("State what a friend is worth, so that the cost can be judged.")
    return None
