"""Contents, groups, staff and combinations in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_NOT_IN_MONEY = msg("What this is worth cannot be derived from these data.")
_MOST_NAMED = 3


def describe_content_mix(result: Result) -> Finding:
    """How far the mix of contents is from the guide, and what it consists of."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    far = _far(result)
    return Finding(
        result,
        statement=_mix_statement(result, far),
        evidence=(
            *_mix_lines(result),
            *_moves(result),
            *_advertising(result),
            *_selling(figures, result),
        ),
        action=msg(
            "Look with whoever writes the contents at what could take the place of some selling: "
            "the guide is a starting point, so change one thing at a time and compare before and "
            "after."
        )
        if far or figures["violations"]
        else None,
        owner=msg("Content lead"),
        money_basis=_NOT_IN_MONEY,
    )


def _far(result: Result) -> bool:
    """Whether even the near end of the interval lies beyond what is let pass."""
    near, least = result.figures["deviation_ci_lower"], result.settings
    enough = result.figures["pieces"] >= least["touchpoints.content_min_pieces"]
    return bool(enough and near > least["touchpoints.content_tolerance"])


def _mix_statement(result: Result, far: bool) -> Message:
    figures = result.figures
    values = {
        "scope": label(f"{figures['scope']}_touchpoints"),
        "pieces": figures["pieces"],
        "deviation": figures["deviation"],
        "days": result.settings["touchpoints.content_period_days"],
        "tolerance": result.settings["touchpoints.content_tolerance"],
    }
    if figures["pieces"] < result.settings["touchpoints.content_min_pieces"]:
        return msg(
            "{pieces:count} pieces in {days:days} ({scope}) are too few to compare their mix with "
            "the guide.",
            **values,
        )
    if far:
        return msg(
            "{deviation:percent} of {pieces:count} pieces in {days:days} ({scope}) would have to "
            "serve another purpose for the mix to be that of the guide.",
            **values,
        )
    if result.figures["deviation_ci_upper"] <= values["tolerance"]:
        return msg(
            "The mix of {pieces:count} pieces in {days:days} ({scope}) is within "
            "{tolerance:percent} of the guide.",
            **values,
        )
    return msg(
        "The mix of {pieces:count} pieces in {days:days} ({scope}) differs from the guide by "
        "{deviation:percent}; whether by more than {tolerance:percent} cannot be told from so few.",
        **values,
    )


def _mix_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    parts = [
        msg(
            "{purpose} {share:percent} (guide {target:percent})",
            purpose=label(line.purpose),
            share=line.share,
            target=line.target_share,
        )
        for line in result.table.head(4).itertuples(index=False)
    ]
    return (
        msg("{parts}.", parts=join_messages(parts)),
        msg(
            "The interval of the distance runs from {lower:percent} to {upper:percent}.",
            lower=figures["deviation_ci_lower"],
            upper=figures["deviation_ci_upper"],
        ),
    )


def _moves(result: Result) -> tuple[Message, ...]:
    """Purposes whose share has moved for sure."""
    lines = result.table.head(4)
    sure = lines[(lines["change_ci_lower"] > 0) | (lines["change_ci_upper"] < 0)]
    return tuple(
        msg(
            "{purpose}: {change:points} against the {days:days} before (interval {lower:points} to "
            "{upper:points}).",
            purpose=label(line.purpose),
            change=line.change,
            days=result.settings["touchpoints.content_period_days"],
            lower=line.change_ci_lower,
            upper=line.change_ci_upper,
        )
        for line in sure.itertuples(index=False)
    )


def _advertising(result: Result) -> tuple[Message, ...]:
    whole = result.tables["touchpoints"].iloc[0]
    found = [
        msg(
            "On {days:count} of {period:count} days ({share:percent}) something was published "
            "that sells.",
            days=whole["selling_days"],
            period=whole["period_days"],
            share=whole["selling_day_share"],
        )
    ]
    if not is_missing(whole["hard_ad_share"]):
        found.append(
            msg(
                "{ads:count} of {pieces:count} pieces on all touchpoints ({share:percent}) are "
                "marketing with a purchase link.",
                ads=whole["hard_ads"],
                pieces=whole["pieces"],
                share=whole["hard_ad_share"],
            )
        )
    if (gaps := len(result.tables.get("unpublished", ()))) > 0:
        found.append(
            msg(
                "{gaps:count} combinations of touchpoint and purpose are empty.",
                gaps=gaps,
            )
        )
    return tuple(found)


def _selling(figures: Any, result: Result) -> tuple[Message, ...]:
    found = []
    if figures["over_cap_share"] is not None:
        found.append(
            msg(
                "{people:count} of {all:count} people whom the brand wrote to ({share:percent}) "
                "got selling messages on more than {cap:percent} of the days.",
                people=figures["over_cap_people"],
                all=figures["recipients"],
                share=figures["over_cap_share"],
                cap=result.settings["touchpoints.selling_day_cap"],
            )
        )
    if figures["violations"]:
        found.append(
            msg(
                "{violations:count} messages carried a purchase link where the client has ruled "
                "out selling.",
                violations=figures["violations"],
            )
        )
    return tuple(found)


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
        money_basis=_NOT_IN_MONEY,
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


def describe_staff_capacity(result: Result) -> Finding:
    """Whether replies come in time, who is overloaded, and contacts left behind."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_staff_statement(result),
        evidence=(*_reply_lines(result), *_overload_lines(result), *_held_lines(result)),
        action=_staff_action(result),
        owner=msg("Service lead"),
        money_basis=_NOT_IN_MONEY,
    )


def _staff_statement(result: Result) -> Message:
    figures = result.figures
    values = {
        "late": figures["late_chats"],
        "chats": figures["timed_chats"],
        "share": figures["late_share"],
        "minutes": result.settings["touchpoints.reply_limit_minutes"],
        "line": figures["late_line"],
    }
    if not is_missing(figures["late_share"]) and figures["reply_source"] == "touches":
        return msg(
            "{late:count} of {chats:count} chats ({share:percent}) were not answered within "
            "{minutes:number} minutes; {line:percent} may be.",
            **values,
        )
    if not is_missing(figures["late_share"]):
        return msg(
            "{late:count} of {chats:count} chats ({share:percent}) fell on days on which the first "
            "reply took longer than {minutes:number} minutes on the mean; {line:percent} may.",
            **values,
        )
    return msg(
        "{staff:count} members of staff hold {contacts:count} people as contacts, the one in the "
        "middle {median:number}; how fast they reply is not measured.",
        staff=figures["staff_members"],
        contacts=figures["contacts"],
        median=figures["median_contacts"],
    )


def _reply_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["reply_minutes"]):
        return ()
    found = [
        msg(
            "The first reply takes {minutes:number} minutes on the mean (interval "
            "{lower:number} to {upper:number}), weighted by chats; a mean that counts each line "
            "alike would say {plain:number}.",
            minutes=figures["reply_minutes"],
            lower=figures["reply_minutes_ci_lower"],
            upper=figures["reply_minutes_ci_upper"],
            plain=figures["reply_minutes_unweighted"],
        )
    ]
    if figures["missed_share"] is not None:
        found.append(
            msg(
                "{share:percent} of {chats:count} chats were not answered (interval "
                "{lower:percent} to {upper:percent}).",
                share=figures["missed_share"],
                chats=figures["asked_chats"],
                lower=figures["missed_share_ci_lower"],
                upper=figures["missed_share_ci_upper"],
            )
        )
    return tuple(found)


def _overload_lines(result: Result) -> tuple[Message, ...]:
    members = result.table.iloc[1:]
    over = members[members["overloaded"] == "true"].head(_MOST_NAMED)
    return tuple(
        msg(
            "{staff}: {late:count} of {chats:count} chats late ({share:percent}, interval "
            "{lower:percent} to {upper:percent}).",
            staff=line.staff,
            late=line.late_chats,
            chats=line.timed_chats,
            share=line.late_share,
            lower=line.late_share_ci_lower,
            upper=line.late_share_ci_upper,
        )
        for line in over.itertuples(index=False)
    )


def _held_lines(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    found = []
    if figures["contacts"] is not None and figures["top_contact_share"] is not None:
        found.append(
            msg(
                "{staff:count} members of staff hold {contacts:count} people; one of them "
                "{most:count} ({share:percent}).",
                staff=figures["staff_members"],
                contacts=figures["contacts"],
                most=figures["most_contacts"],
                share=figures["top_contact_share"],
            )
        )
    if figures["left_contacts"]:
        found.append(
            msg(
                "{staff:count} members who have left still have {contacts:count} people as "
                "contacts.",
                staff=figures["left_staff"],
                contacts=figures["left_contacts"],
            )
        )
    return tuple(found)


def _staff_action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is not Verdict.ACT:
        return None
    late = not is_missing(figures["late_share"]) and (
        figures["late_share_ci_lower"] > figures["late_line"] or figures["staff_overloaded"]
    )
    if late and figures["left_staff"]:
        return msg(
            "Hand the contacts of those who left over, to staff who have room, and put more people "
            "on the days and accounts where replies are late."
        )
    if late:
        return msg("Put more people on the days and accounts where replies are late.")
    return msg("Hand the contacts of those who left over to staff who have room.")


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
        else _NOT_IN_MONEY,
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
