"""What staff carry, in words."""

from __future__ import annotations

from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_MOST_NAMED = 3


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
        money_basis=NOT_IN_MONEY,
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
