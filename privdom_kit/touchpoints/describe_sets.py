"""Combinations of touchpoints in words."""

from __future__ import annotations

from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_MOST_NAMED = 3


def describe_combinations(result: Result) -> Finding:
    """Which sets of touchpoints carry more orders than chance, and where there is a gap."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=_set_statement(result),
        evidence=(*_set_lines(result), *_library_lines(result), *_gap_lines(result)),
        action=_set_action(result),
        owner=CRM_LEAD,
        money_basis=msg("What a combination adds cannot be told from orders that it stands before.")
        if figures["standing_out"]
        else NOT_IN_MONEY,
    )


def _set_statement(result: Result) -> Message:
    figures = result.figures
    values = {
        "orders": figures["orders"],
        "combined": figures["combined_orders"],
        "share": figures["combined_share"],
        "out": figures["standing_out"],
        "days": result.settings["touchpoints.combination_days"],
    }
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg("{orders:count} orders are too few to compare combinations.", **values)
    sentence = msg(
        "{combined:count} of {orders:count} orders ({share:percent}) had two touchpoints or more "
        "in the {days:days} before.",
        **values,
    )
    if not figures["standing_out"]:
        return msg(
            "{sentence} No pair is proven to carry more orders than chance gives.",
            sentence=sentence,
        )
    return msg(
        "{sentence} {out:count} pairs of touchpoints carry more orders than chance gives.",
        sentence=sentence,
        out=figures["standing_out"],
    )


def _set_lines(result: Result) -> tuple[Message, ...]:
    if "pairs" not in result.tables:
        return ()
    table = result.tables["pairs"]
    out = table[(table["stands_out"] == "true") & table["ratio"].notna()].head(_MOST_NAMED)
    return tuple(
        msg(
            "{names}: {orders:count} orders of {people:count} people, {ratio:number} times the "
            "{expected:number} that chance gives (interval {lower:number} to {upper:number}).",
            names=join_messages([label(name) for name in line.set.split("+")]),
            orders=line.orders,
            people=line.people,
            ratio=line.ratio,
            expected=line.expected_orders,
            lower=line.ratio_ci_lower,
            upper=line.ratio_ci_upper,
        )
        for line in out.itertuples(index=False)
    )


def _library_lines(result: Result) -> tuple[Message, ...]:
    library = result.tables["library"]
    lacking = library[library["in_use"] == "false"]["combination"]
    found = [
        msg(
            "{used:count} of the {known:count} combinations of article 004 (2020) are in use.",
            used=result.figures["combinations_in_use"],
            known=result.figures["combinations_known"],
        )
    ]
    if len(lacking):
        names = join_messages([label(name) for name in lacking])
        found.append(msg("Not in use: {names}.", names=names))
    return tuple(found)


def _gap_lines(result: Result) -> tuple[Message, ...]:
    axes = result.tables["axes"]
    return tuple(
        msg(
            "There is no {kind} in the {domain} domain.",
            kind=label(line.kind),
            domain=label(line.domain),
        )
        for line in axes[axes["touchpoints_in_use"] == 0].itertuples(index=False)
    )


def _set_action(result: Result) -> Message | None:
    if result.verdict is not Verdict.WATCH:
        return None
    if result.figures["standing_out"]:
        return msg(
            "Test it: lead a part of the people from the one touchpoint to the next, hold a part "
            "out, and compare their orders."
        )
    return msg("Decide whether the empty cell is a gap worth filling or left empty on purpose.")
