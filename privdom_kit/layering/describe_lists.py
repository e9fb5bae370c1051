"""Tiers, contribution and audiences in words."""

from __future__ import annotations

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.layering.wording import change_sentence
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_relationship_tiers(result: Result) -> Finding:
    """How near the known people are, and whether they are drifting away."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_tier_statement(result),
        evidence=_tier_sentences(result),
        action=msg(
            "Look at which tier loses most, and give its people a reason to answer before the "
            "next offer."
        )
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
    )


def _tier_statement(result: Result) -> Message:
    strangers = row(result.table, "tier", "stranger")
    known = result.figures["known_people"]
    if is_missing(strangers["customers"]):
        return msg("Of {known:count} known people, too few are strangers to be shown.", known=known)
    return msg(
        "{strangers:count} of {known:count} known people ({share:percent}) are strangers: they "
        "neither bought nor replied within {window:days}.",
        strangers=strangers["customers"],
        known=known,
        share=strangers["share"],
        window=result.settings["layering.tier_window_days"],
    )


def _tier_sentences(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["moved_base"] is None:
        return (msg("Moves between the tiers are not measured, or made by too few to be shown."),)
    moved = msg(
        "Of {base:count} people known {period:days} ago, {down:count} ({down_share:percent}) are "
        "in a lower tier now and {up:count} ({up_share:percent}) in a higher one.",
        base=figures["moved_base"],
        period=result.settings["layering.period_days"],
        down=figures["moved_down"],
        down_share=figures["moved_down_share"],
        up=figures["moved_up"],
        up_share=figures["moved_up_share"],
    )
    if figures["previous_moved_down_share"] is None:
        return (moved,)
    before = msg(
        "In the period before, {share:percent} of {base:count} moved down.",
        share=figures["previous_moved_down_share"],
        base=figures["previous_moved_base"],
    )
    return (moved, before, *change_sentence(result, "moved_down_change"))


def describe_contribution(result: Result) -> Finding:
    """How many contribute at all, and whether ranks among them mean anything."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_contribution_statement(result),
        evidence=(*_top_sentences(result), _agreement_sentence(result)),
        action=msg(
            "Settle the weights with the brand, and record what is missing, before anybody is "
            "rewarded by rank."
        )
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
    )


def _contribution_statement(result: Result) -> Message:
    figures = result.figures
    parts = tuple(label(part) for part in result.table["part"])
    if figures["contributors"] is None:
        return msg(
            "Too few of {known:count} known people contributed by {parts:list} to be shown.",
            known=figures["known_people"],
            parts=parts,
        )
    return msg(
        "{some:count} of {known:count} known people ({share:percent}) contributed in the last "
        "{days:days}, by {parts:list}.",
        some=figures["contributors"],
        known=figures["known_people"],
        share=figures["contributor_share"],
        days=result.settings["layering.value_window_days"],
        parts=parts,
    )


def _top_sentences(result: Result) -> tuple[Message, ...]:
    """What share of each part the top people did."""
    top = result.figures["top_people"]
    if not top:
        return ()
    return tuple(
        msg(
            "The top {top:count} people account for {share:percent} of {actions:count} times "
            "{part:text}.",
            top=top,
            share=one["top_action_share"],
            actions=one["actions"],
            part=label(one["part"]),
        )
        for _, one in result.table.iterrows()
        if not is_missing(one["top_action_share"])
    )


def _agreement_sentence(result: Result) -> Message:
    return msg(
        "With a weight halved or doubled, the ranks agree at {lowest:number} or more; "
        "{least:number} is asked for.",
        lowest=result.figures["lowest_agreement"],
        least=result.settings["layering.contribution_min_agreement"],
    )


def describe_audiences(result: Result) -> Finding:
    """Which lists there are, how large, and who is missing on WeCom."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_audience_statement(result),
        evidence=(*_size_sentences(result), *_contact_sentence(result)),
        action=msg(
            "Serve the lists with a message of their own each, those due first; whoever stands in "
            "two gets one message."
        )
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
    )


def _audience_statement(result: Result) -> Message:
    written = int(result.table["file"].notna().sum())
    if not written:
        return msg(
            "None of {all:count} audiences could be measured and is large enough to be written.",
            all=len(result.table),
        )
    return msg(
        "{written:count} of {all:count} audiences are large enough and are written as files of "
        "pseudonymous ids.",
        written=written,
        all=len(result.table),
    )


def _size_sentences(result: Result) -> tuple[Message, ...]:
    written = result.table[result.table["file"].notna()]
    return tuple(_size_sentence(one) for _, one in written.iterrows())


def _size_sentence(one: object) -> Message:
    size = msg(
        "Audience {audience:text}: {customers:count} people.",
        audience=label(one["audience"]),  # type: ignore[index]
        customers=one["customers"],  # type: ignore[index]
    )
    left_out = one["suppressed_customers"]  # type: ignore[index]
    if is_missing(left_out) or not left_out:
        return size
    return msg(
        "{size} {left_out:count} more are left out, as they opted out, complained or removed the "
        "brand.",
        size=size,
        left_out=left_out,
    )


def _contact_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["high_value_contact_share"] is None:
        return ()
    return (
        msg(
            "{contacts:count} of {high:count} high-value customers ({share:percent}) have a WeCom "
            "contact that stands.",
            contacts=figures["high_value_contacts"],
            high=figures["high_value_customers"],
            share=figures["high_value_contact_share"],
        ),
    )
