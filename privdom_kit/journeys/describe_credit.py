"""Paths, credit and where ways end, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

NO_MONEY = msg("What went together says nothing of what would be lost; no money is derived.")


def describe_paths(result: Result) -> Finding:
    """The most common way and the one that brings most."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_common_sentence(result, result.table.iloc[0]),
        evidence=(_touched_sentence(result, "touched_orders", "all_orders"), *_valuable(result)),
        owner=CRM_LEAD,
        money_basis=NO_MONEY,
    )


def _common_sentence(result: Result, row: pd.Series) -> Message:
    way = _way(result, row)
    if is_missing(row["conversion_rate"]):
        return msg(
            "The most common way in {days:days} is {way}, gone {paths:count} times by "
            "{people:count} people; too few of them came to an order to be shown.",
            days=result.settings["journeys.attribution_days"],
            way=way,
            paths=row["paths"],
            people=row["customers"],
        )
    return msg(
        "The most common way in {days:days} is {way}: gone {paths:count} times by {people:count} "
        "people, {orders:count} times ({rate:percent}) to an order.",
        days=result.settings["journeys.attribution_days"],
        way=way,
        paths=row["paths"],
        people=row["customers"],
        orders=row["orders"],
        rate=row["conversion_rate"],
    )


def _valuable(result: Result) -> tuple[Message, ...]:
    table = result.tables["valuable"]
    if not len(table):
        return ()
    row = table.iloc[0]
    return (
        msg(
            "{way} brought most each time it was gone: {revenue:money} (interval {lower:money} to "
            "{upper:money}); {rate:percent} of {paths:count} ended with an order.",
            way=_way(result, row),
            revenue=row["revenue_per_path"],
            lower=row["revenue_per_path_ci_lower"],
            upper=row["revenue_per_path_ci_upper"],
            rate=row["conversion_rate"],
            paths=row["paths"],
        ),
    )


def _way(result: Result, row: pd.Series) -> Message:
    """The steps of a path, joined; an ellipsis where it has more."""
    steps = [label(row[f"step_{i}"]) for i in range(1, 9) if not is_missing(row.get(f"step_{i}"))]
    way = steps[0]
    for step in steps[1:]:
        way = msg("{before} → {after}", before=way, after=step)
    if row["longer"] != "true":
        return way
    if result.settings["journeys.path_end"] == "last":
        return msg("… → {way}", way=way)
    return msg("{way} → …", way=way)


def describe_attribution(result: Result) -> Finding:
    """Which touchpoint last touch credits beyond what is lost without it."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_credit_statement(result),
        evidence=(
            _touched_sentence(result, "credited_orders", "orders"),
            *_gap_sentence(result),
            *_holdout_sentence(result),
            *_most_credited(result),
            msg("These are models of what went together, not of cause."),
        ),
        action=_credit_action(result) if result.verdict is Verdict.WATCH else None,
        owner=CRM_LEAD,
        money_basis=NO_MONEY,
    )


def _credit_action(result: Result) -> Message:
    touchpoint = label(str(result.figures["overcredited"]))
    if _holdout_sentence(result):
        return msg(
            "Judge {touchpoint} by the test in which it was held back, not by its credit.",
            touchpoint=touchpoint,
        )
    return msg(
        "Before budget follows the credit of {touchpoint}, hold it back from a random part of "
        "the people and compare their orders.",
        touchpoint=touchpoint,
    )


def _credit_statement(result: Result) -> Message:
    figures, settings = result.figures, result.settings
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg(
            "{orders:count} orders have a touch in the {days:days} before; credit is judged from "
            "{least:count} on.",
            orders=figures["credited_orders"],
            days=settings["journeys.attribution_days"],
            least=settings["journeys.attribution_min_orders"],
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "Last touch credits {touchpoint} with {last:percent} of {orders:count} orders; by what "
            "would be lost without it (removal), its share is {removal:percent}.",
            touchpoint=label(str(figures["overcredited"])),
            last=figures["overcredited_last_share"],
            orders=figures["credited_orders"],
            removal=figures["overcredited_markov_share"],
        )
    return msg(
        "No touchpoint surely gets more credit by last touch than by removal, {tolerance:gap} "
        "aside (a setting), over {orders:count} orders.",
        tolerance=settings["journeys.attribution_tolerance"],
        orders=figures["credited_orders"],
    )


def _touched_sentence(result: Result, touched: str, every: str) -> Message:
    figures = result.figures
    return msg(
        "{touched:count} of {orders:count} orders ({share:percent}) have a touch in the "
        "{days:days} before; the others are on no path.",
        touched=figures[touched],
        orders=figures[every],
        share=figures["touched_share"],
        days=result.settings["journeys.attribution_days"],
    )


def _gap_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["overcredited"] is None:
        return ()
    return (
        msg(
            "The gap is {gap:points} (interval {lower:points} to {upper:points}, all touchpoints "
            "allowed for).",
            gap=figures["overcredited_gap"],
            lower=figures["overcredited_gap_ci_lower"],
            upper=figures["overcredited_gap_ci_upper"],
        ),
    )


def _holdout_sentence(result: Result) -> tuple[Message, ...]:
    """What the largest holdout, of that touchpoint if any, says: the only evidence on cause."""
    tests, named = result.tables["holdouts"], result.figures["overcredited"]
    own = tests if named is None else tests[tests["touchpoint"] == named]
    own = own[own["order_difference"].notna() & (own["sent_orders"] + own["held_orders"] > 0)]
    if not len(own):
        return ()
    row = own.loc[own["held_people"].astype("int64").idxmax()]
    return (
        msg(
            "Where {touchpoint} was held back (test {test}), {held:percent} of {held_people:count} "
            "people ordered within {days:days}, and {sent:percent} of {sent_people:count} who got "
            "it: {difference:points} (interval {lower:points} to {upper:points}).",
            touchpoint=label(row["touchpoint"]),
            test=row["test"],
            held=row["held_order_rate"],
            held_people=row["held_people"],
            days=result.settings["journeys.attribution_days"],
            sent=row["sent_order_rate"],
            sent_people=row["sent_people"],
            difference=row["order_difference"],
            lower=row["order_difference_ci_lower"],
            upper=row["order_difference_ci_upper"],
        ),
    )


def _most_credited(result: Result) -> tuple[Message, ...]:
    row = result.table.iloc[0]
    if is_missing(row["markov_share"]):
        return ()
    return (
        msg(
            "By removal {touchpoint} has the largest share of credit: {share:percent} (interval "
            "{lower:percent} to {upper:percent}).",
            touchpoint=label(row["touchpoint"]),
            share=row["markov_share"],
            lower=row["markov_share_ci_lower"],
            upper=row["markov_share_ci_upper"],
        ),
    )


def describe_absorption(result: Result) -> Finding:
    """How many ways were won and lost, and from where most of them."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_ends_statement(result),
        evidence=(
            *_extreme(
                result,
                "most_won",
                msg(
                    "Of touchpoints with people enough, most come to a first order from "
                    "{touchpoint}",
                    touchpoint=_at(result, "won"),
                ),
            ),
            *_extreme(
                result,
                "most_lost",
                msg(
                    "Of touchpoints with people enough, most come to removal from {touchpoint}",
                    touchpoint=_at(result, "lost"),
                ),
            ),
        ),
        owner=CRM_LEAD,
        money_basis=NO_MONEY,
    )


def _ends_statement(result: Result) -> Message:
    figures: Any = result.figures
    if figures["first_orders"] is None:
        return msg(
            "{people:count} people had a touch before any order or removal; too few came to one "
            "of these to be shown.",
            people=figures["people"],
        )
    return msg(
        "Of {people:count} people with a touch, {won:count} ({won_share:percent}) came to a first "
        "order and {lost:count} ({lost_share:percent}) to removal; {open:count} "
        "({open_share:percent}) were still under way on {as_of:date}.",
        people=figures["people"],
        won=figures["first_orders"],
        won_share=figures["first_order_share"],
        lost=figures["removals"],
        lost_share=figures["removal_share"],
        open=figures["under_way"],
        open_share=figures["under_way_share"],
        as_of=result.as_of,
    )


def _at(result: Result, end: str) -> Message:
    return label(str(result.figures[f"most_{end}"]))


def _extreme(result: Result, name: str, words: Message) -> tuple[Message, ...]:
    figures = result.figures
    if figures[name] is None:
        return ()
    return (
        msg(
            "{words}: chance {chance:percent} (interval {lower:percent} to {upper:percent}).",
            words=words,
            chance=figures[f"{name}_chance"],
            lower=figures[f"{name}_chance_ci_lower"],
            upper=figures[f"{name}_chance_ci_upper"],
        ),
    )
