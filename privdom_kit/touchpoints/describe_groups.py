"""The health of community groups in words."""

from __future__ import annotations

from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_group_health(result: Result) -> Finding:
    """How many members are active, whether it falls, and groups past their time."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_group_statement(result),
        evidence=(*_change_line(result), *_slopes(result), *_lives(result), *_senders(result)),
        action=_group_action(result),
        owner=msg("Community lead"),
        money_basis=NOT_IN_MONEY,
    )


def _group_statement(result: Result) -> Message:
    figures = result.figures
    if figures["active_share"] is None:
        return msg(
            "{groups:count} groups are too few for a statement on how many members are active.",
            groups=figures["groups"],
        )
    values = {
        "groups": figures["groups"],
        "members": figures["members"],
        "share": figures["active_share"],
        "lower": figures["active_share_ci_lower"],
        "upper": figures["active_share_ci_upper"],
    }
    sentence = msg(
        "On a day {share:percent} of about {members:count} members of {groups:count} groups are "
        "active (interval {lower:percent} to {upper:percent}).",
        **values,
    )
    if result.verdict is Verdict.ACT:
        return msg(
            "Groups are getting quieter: {change:points} against the {days:days} before. "
            "{sentence}",
            change=figures["active_change"],
            days=result.settings["touchpoints.group_window_days"],
            sentence=sentence,
        )
    return sentence


def _change_line(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["active_change"] is None:
        return (msg("Too few groups were there in both windows to say whether activity changes."),)
    return (
        msg(
            "Over the {groups:count} groups of both windows the active share changed by "
            "{change:points} (interval {lower:points} to {upper:points}); up to {tolerance:gap} "
            "does not matter (a setting).",
            groups=figures["compared_groups"],
            change=figures["active_change"],
            lower=figures["active_change_ci_lower"],
            upper=figures["active_change_ci_upper"],
            tolerance=result.settings["touchpoints.group_tolerance"],
        ),
    )


def _slopes(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    found = []
    if figures["age_slope"] is not None:
        found.append(
            msg(
                "With every 30 days of age the active share of a group changes by {slope:points} "
                "(interval {lower:points} to {upper:points}), each group against itself.",
                slope=figures["age_slope"],
                lower=figures["age_slope_ci_lower"],
                upper=figures["age_slope_ci_upper"],
            )
        )
    if figures["size_slope"] is not None:
        found.append(
            msg(
                "A group twice as large differs by {slope:points} (interval {lower:points} to "
                "{upper:points}) at the same age.",
                slope=figures["size_slope"],
                lower=figures["size_slope_ci_lower"],
                upper=figures["size_slope_ci_upper"],
            )
        )
    return tuple(found)


def _lives(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    silent = msg(
        "In {silent:count} of {standing:count} groups nobody has written for {days:days}.",
        silent=figures["silent_groups"],
        standing=figures["standing_groups"],
        days=result.settings["touchpoints.group_silent_days"],
    )
    if not figures["planned_groups"]:
        return (silent,)
    return (
        silent,
        msg(
            "Of {planned:count} groups whose planned time is over, {overdue:count} are not "
            "dissolved; {quiet:count} of them are silent.",
            planned=figures["planned_groups"],
            overdue=figures["overdue_groups"],
            quiet=figures["overdue_silent_groups"],
        ),
    )


def _senders(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["all_messages"] is None:
        return ()
    return (
        msg(
            "{customer:count} of {all:count} messages with a known sender ({share:percent}) are by "
            "customers.",
            customer=figures["customer_messages"],
            all=figures["all_messages"],
            share=figures["customer_message_share"],
        ),
    )


def _group_action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is Verdict.ACT:
        return msg(
            "Close or merge groups that nobody writes in, and put what members ask about back on "
            "the plan of the others; measure again after one window."
        )
    if result.verdict is Verdict.WATCH and figures["overdue_groups"]:
        return msg(
            "Decide for every group past its planned time: dissolve it, or give it a new purpose "
            "and date."
        )
    return None
