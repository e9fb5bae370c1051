"""Crowds in words; beside it what contacts bring and what friends cost."""

from __future__ import annotations

from privdom_kit.copy_tests.describe_friend_costs import describe_cost_per_friend
from privdom_kit.copy_tests.describe_spending import describe_crowd_priority
from privdom_kit.copy_tests.pack_wording import MOST_NAMED, no_certainty
from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, unanswered_finding
from privdom_kit.results import Finding, Result

__all__ = ["describe_cost_per_friend", "describe_crowd_priority", "describe_crowds"]


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
            chance=no_certainty(figures["chance_best"]),
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
        "unsound": msg("{test:quote}: crowds are not ranked. The test is not sound.", **values),
        "too_few": msg(
            "{test:quote}: too few people, or too few with the outcome ({outcome}), to compare "
            "crowds.",
            **values,
        ),
    }
    return templates[str(figures["state"])]


def _crowd_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["test"] == result.figures["test"]]
    shown = table[table["people"].notna() & table["rate"].notna()].head(MOST_NAMED)
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
    if figures["crowds"] < MOST_NAMED:
        found.append(
            msg("With {crowds:count} crowds, how far crowds differ is hardly known.",
                crowds=figures["crowds"])
        )  # fmt: skip
    return tuple(found)


def _size_lines(result: Result) -> tuple[Message, ...]:
    table = result.table[result.table["test"] == result.figures["test"]]
    short = table[(table["lacking_people"] > 0).fillna(False)].head(MOST_NAMED)
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
