"""Crowds, what contacts bring and what friends cost, in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_MOST_NAMED = 4
_SUREST = 0.999  # no model of a few crowds carries more


def describe_crowds(result: Result) -> Finding:
    """Whether crowds differ, which one does best, and how many people the answer lacks."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_crowd_statement(result),
        evidence=(*_crowd_lines(result), *_scatter_lines(result), *_size_lines(result)),
        action=_crowd_action(result),
        owner=CRM_LEAD,
        money_basis=msg("What crowds bring in money is told by the order of spending."),
    )


def _crowd_statement(result: Result) -> Message:
    figures = result.figures
    values = {
        "test": figures["test"],
        "outcome": label(figures["outcome"]),
        "crowds": figures["crowds"],
        "people": figures["people"],
    }
    lacking = figures["lacking_people"]
    if figures["state"] == "crowds_differ" and figures["best_crowd"] is not None:
        return msg(
            "{test:quote}: crowds differ ({outcome}). {crowd:quote} does best with "
            "{rate:percent} of people sent to (interval {lower:percent} to {upper:percent}; chance "
            "of being best {chance:percent}).",
            **values,
            crowd=figures["best_crowd"],
            rate=figures["shrunk_rate"],
            lower=figures["shrunk_rate_ci_lower"],
            upper=figures["shrunk_rate_ci_upper"],
            chance=_no_certainty(figures["chance_best"]),
        )
    if figures["state"] == "crowds_differ":
        return msg(
            "{test:quote}: crowds differ ({outcome}); the best has too few people to be named.",
            **values,
        )
    if figures["state"] == "crowds_alike":
        return msg(
            "{test:quote}: the {crowds:count} crowds do not differ by more than the smallest "
            "difference that matters ({outcome}).",
            **values,
        )
    if figures["state"] == "not_reached":
        return msg(
            "{test:quote}: crowds are not ranked yet. {lacking:count} people are lacking of those "
            "planned.",
            **values,
            lacking=lacking,
        )
    templates = {
        "open": msg(
            "{test:quote}: whether the {crowds:count} crowds differ cannot be told from "
            "{people:count} people ({outcome}).",
            **values,
        ),
        "no_plan": msg(
            "{test:quote}: crowds are not ranked. No plan says how many people each was to have.",
            **values,
        ),
        "uneven_arms": msg(
            "{test:quote}: crowds are not ranked. They were sent the versions in different "
            "proportions, and may differ because of that.",
            **values,
        ),
        "observed": msg(
            "{test:quote}: crowds are not ranked. Nothing says that chance decided who was sent "
            "what.",
            **values,
        ),
        "unsound": msg(
            "{test:quote}: crowds are not ranked. The test is not sound.", **values
        ),
        "too_few": msg(
            "{test:quote}: too few people, or too few with the outcome ({outcome}), to compare "
            "crowds.",
            **values,
        ),
    }
    return templates[str(figures["state"])]


def _crowd_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["test"] == result.figures["test"]]
    shown = table[table["people"].notna() & table["rate"].notna()].head(_MOST_NAMED)
    return tuple(
        msg(
            "{crowd:quote}: {x:count} of {people:count} people ({rate:percent}, interval "
            "{lower:percent} to {upper:percent}; shrunk {shrunk:percent}).",
            crowd=row.crowd,
            x=row.with_outcome,
            people=row.people,
            rate=row.rate,
            lower=row.rate_ci_lower,
            upper=row.rate_ci_upper,
            shrunk=row.shrunk_rate,
        )
        for row in shown.itertuples(index=False)
    )


def _scatter_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["p_value_adjusted"]):
        return ()
    found = [
        msg(
            "Scatter between crowds: {share:percent} of it is more than chance (p "
            "{p:p_value}, corrected for the number of tests).",
            share=figures["i2"],
            p=figures["p_value_adjusted"],
        )
    ]
    if figures["crowds"] < _MOST_NAMED:
        found.append(
            msg("With {crowds:count} crowds, how far crowds differ is hardly known.",
                crowds=figures["crowds"])
        )  # fmt: skip
    return tuple(found)


def _size_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["test"] == result.figures["test"]]
    short = table[(table["lacking_people"] > 0).fillna(False)].head(_MOST_NAMED)
    return tuple(
        msg(
            "{crowd:quote}: {people:count} of {planned:count} planned people; "
            "{lacking:count} are lacking.",
            crowd=row.crowd,
            people=row.people,
            planned=row.planned_people,
            lacking=row.lacking_people,
        )
        for row in short.itertuples(index=False)
    )


def _crowd_action(result: Result) -> Message | None:
    state = result.figures["state"]
    if state == "crowds_differ":
        return msg(
            "Send to the crowds in the order of what a contact brings, and write a version of its "
            "own for crowds that lag behind."
        )
    if state == "not_reached":
        return msg("Go on until every crowd has its planned people; do not rank before.")
    if state in ("no_plan", "uneven_arms", "observed"):
        return msg(
            "Plan the next test by crowd: people for each crowd, and the same split of versions in "
            "each."
        )
    return None


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
    shown = table[table["profit_per_contact"].notna()].head(_MOST_NAMED)
    found = []
    for row in shown.to_dict("records"):
        values = {
            "crowd": row["crowd"],
            "profit": row["profit_per_contact"],
            "lower": row["profit_per_contact_ci_lower"],
            "upper": row["profit_per_contact_ci_upper"],
            "chance": _no_certainty(row["chance_pays"]),
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


def _no_certainty(chance: float) -> float:
    return min(max(chance, 1 - _SUREST), _SUREST)


def _value_lines(result: Result) -> tuple[Message, ...]:
    if result.figures["value_source"] != "economics":
        return ()
    return (_kept_line(result.figures["kept_share"]),)


def _kept_line(share: Any) -> Message:
    if is_missing(share):
        return msg(
            "The value of a friend is economics.customer_value, as if every friend were kept: who "
            "removed the brand is not told."
        )
    return msg(
        "The value of a friend is economics.customer_value x {share:percent}, the share of friends "
        "of the test who were kept.",
        share=share,
    )


def _spending_action(result: Result) -> Message | None:
    if result.verdict is not Verdict.ACT:
        return None
    if result.figures["crowds_losing"]:
        return msg(
            "Stop sending this to crowds that lose money, and spend in the order of the table."
        )
    return msg("Spend in the order of the table instead of evenly.")


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
    table = result.table[result.table["cost_per_friend"].notna()].head(_MOST_NAMED)
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
    table = result.tables["incentives"].head(_MOST_NAMED)
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
        return (_kept_line(figures["kept_share"]),)
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
