"""Removals, removals after sends and stocks in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import has_label, label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, DATA_OWNER, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_NO_MARGIN = msg(
    "client.yml gives no economics.gross_margin, so what is at stake cannot be derived."
)
_NO_ORDERS = msg("Without orders, what a contact brings is unknown.")


def describe_churn(result: Result) -> Finding:
    """How many contacts remove the brand, how soon, and who more than others."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_churn_statement(result),
        evidence=(
            *_people_sentence(result),
            *_reference_sentence(result),
            *_trend_sentence(result),
            *_group_sentence(result),
            *_handover_sentence(result),
            *_muting_sentence(result),
        ),
        action=_churn_action(result),
        owner=CRM_LEAD,
        money_at_stake=result.figures["money_at_stake"],
        money_basis=_churn_basis(result),
    )


def _churn_statement(result: Result) -> Message:
    level = _level(result)
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return level
    return msg("{level} {judgement}", level=level, judgement=_judgement(result))


def _level(result: Result) -> Message:
    figures = result.figures
    days = result.settings["touchpoints.churn_compare_days"]
    if figures["relations"] is None:
        return _followers_level(result, days)
    if is_missing(figures["headline_share"]):
        return msg(
            "Too few of {relations:count} relations with contacts were watched for {days:days}, "
            "or too few were removed to be shown.",
            relations=figures["relations"],
            days=days,
        )
    return msg(
        "{share:percent} of {relations:count} relations with contacts are removed by the customer "
        "within {days:days} (interval {lower:percent} to {upper:percent}).",
        share=figures["headline_share"],
        relations=figures["relations"],
        days=days,
        lower=figures["headline_share_ci_lower"],
        upper=figures["headline_share_ci_upper"],
    )


def _followers_level(result: Result, days: int) -> Message:
    figures = result.figures
    if is_missing(figures["followers_share"]):
        return msg(
            "Too few of {followers:count} followers were watched for {days:days}.",
            followers=figures["followers"],
            days=days,
        )
    return msg(
        "{share:percent} of {followers:count} followers unfollow within {days:days} (interval "
        "{lower:percent} to {upper:percent}).",
        share=figures["followers_share"],
        followers=figures["followers"],
        days=days,
        lower=figures["followers_share_ci_lower"],
        upper=figures["followers_share_ci_upper"],
    )


def _judgement(result: Result) -> Message:
    figures = result.figures
    if figures["worse_groups"]:
        groups = result.tables["groups"]
        worst = groups.loc[groups["difference"].astype("float64").idxmax()]
        return msg(
            "{worse:count} of {compared:count} groups compared lose more than the others for sure, "
            "by more than {tolerance:gap}, the worst by {split}: {group}.",
            split=label(worst["split"]),
            group=_name(worst["group"]),
            worse=figures["worse_groups"],
            compared=figures["compared_groups"],
            tolerance=result.settings["touchpoints.churn_tolerance"],
        )
    if result.verdict is Verdict.ACT:
        return msg(
            "Within {window:days}, the window set for it, more are removed than the line called "
            "normal allows.",
            window=result.settings["touchpoints.churn_reference_window_days"],
        )
    if not figures["compared_groups"]:
        return msg("No groups are large enough to be compared.")
    if result.verdict is Verdict.CLEAR:
        return msg(
            "None of {compared:count} groups compared loses more than the others by more than "
            "{tolerance:gap}.",
            compared=figures["compared_groups"],
            tolerance=result.settings["touchpoints.churn_tolerance"],
        )
    return msg(
        "None of {compared:count} groups compared is proven to lose more than the others; a gap "
        "of more than {tolerance:gap} cannot be ruled out.",
        compared=figures["compared_groups"],
        tolerance=result.settings["touchpoints.churn_tolerance"],
    )


def _people_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["people"] is None or is_missing(figures["gone_people"]):
        return ()
    return (
        msg(
            "Of {people:count} people {gone:count} have left the last staff who looked after them; "
            "{back:count} of those were added anew later.",
            people=figures["people"],
            gone=figures["gone_people"],
            back=figures["returned_people"],
        ),
    )


def _reference_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    lines = {
        "normal": result.settings["touchpoints.churn_normal_share"],
        "alarm": result.settings["touchpoints.churn_alarm_share"],
    }
    window = result.settings["touchpoints.churn_reference_window_days"]
    if window is None:
        return (
            msg(
                "The lines of article 002 ({normal:percent} normal, {alarm:percent} under "
                "malicious marketing) are not applied: the article gives no window.",
                **lines,
            ),
        )
    if is_missing(figures["reference_share"]):
        return (
            msg(
                "Too few were watched for the {window:days} over which the lines of article 002 "
                "are to be read.",
                window=window,
            ),
        )
    return (
        msg(
            "Within {window:days}, the window set for the lines of article 002: {share:percent} "
            "(interval {lower:percent} to {upper:percent}) against {normal:percent} normal and "
            "{alarm:percent} under malicious marketing; {severity:percent} of the way between.",
            window=window,
            share=figures["reference_share"],
            lower=figures["reference_share_ci_lower"],
            upper=figures["reference_share_ci_upper"],
            severity=figures["severity"],
            **lines,
        ),
    )


def _trend_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["change"]):
        return ()
    return (
        msg(
            "Begun in the last {days:days}: {recent:percent} of {recent_relations:count}; earlier: "
            "{earlier:percent} of {earlier_relations:count} ({change:points}, interval "
            "{lower:points} to {upper:points}).",
            days=result.settings["touchpoints.churn_recent_days"],
            recent=figures["recent_share"],
            recent_relations=figures["recent_relations"],
            earlier=figures["earlier_share"],
            earlier_relations=figures["earlier_relations"],
            change=figures["change"],
            lower=figures["change_ci_lower"],
            upper=figures["change_ci_upper"],
        ),
    )


def _group_sentence(result: Result) -> tuple[Message, ...]:
    """The compared group that loses most against the others."""
    groups = result.tables["groups"]
    compared = groups[groups["difference"].notna()]
    if not len(compared):
        return ()
    found = compared.loc[compared["difference"].astype("float64").idxmax()]
    return (
        msg(
            "Furthest above the others, {split}: {group}, {share:percent} of {relations:count} "
            "within {days:days}, {difference:points} (interval {lower:points} to {upper:points}).",
            split=label(found["split"]),
            group=_name(found["group"]),
            share=found["removed_share"],
            relations=found["relations"],
            days=result.settings["touchpoints.churn_compare_days"],
            difference=found["difference"],
            lower=found["difference_ci_lower"],
            upper=found["difference_ci_upper"],
        ),
    )


def _name(group: str) -> Message | str:
    """A name from the data as it is; a name of the code in words."""
    return label(group) if group in ("unknown", "recent", "other_groups") else group


def _handover_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["handover_taken_share"]):
        return ()
    taken = msg(
        "{taken:count} of {assigned:count} relations to be handed over were taken over "
        "({share:percent}).",
        taken=figures["handover_taken"],
        assigned=figures["handover_assigned"],
        share=figures["handover_taken_share"],
    )
    if is_missing(figures["after_handover_share"]):
        return (taken,)
    return (
        taken,
        msg(
            "Within {days:days} after a handover {share:percent} of {watched:count} removed the "
            "new staff (interval {lower:percent} to {upper:percent}); of other relations "
            "{others:percent} over the same days.",
            days=result.settings["touchpoints.handover_days"],
            share=figures["after_handover_share"],
            watched=figures["handover_watched"],
            lower=figures["after_handover_share_ci_lower"],
            upper=figures["after_handover_share_ci_upper"],
            others=figures["others_share"],
        ),
    )


def _muting_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["mute_share"]):
        return ()
    return (
        msg(
            "Asked in the survey, {muted:count} of {answers:count} ({share:percent}) said that "
            "they muted the contact; no removal is counted for it.",
            muted=figures["mute_answers"],
            answers=figures["answers"],
            share=figures["mute_share"],
        ),
    )


def _churn_action(result: Result) -> Message | None:
    if not needs_action(result):
        return None
    days = result.settings["touchpoints.churn_compare_days"]
    if result.figures["worse_groups"]:
        return msg(
            "Look at what the groups that lose more were promised and what they were sent in "
            "their first {days:days}; change it there first.",
            days=days,
        )
    return msg(
        "Go through what new contacts are sent in their first {days:days}, and measure again.",
        days=days,
    )


def _churn_basis(result: Result) -> Message:
    figures = result.figures
    if is_missing(figures["lost_people_a_year"]):
        return msg("How many people are lost a year is unknown, or too few to show.")
    if is_missing(figures["gross_margin"]):
        return _NO_MARGIN
    if is_missing(figures["margin_per_contact"]):
        return _NO_ORDERS
    return msg(
        "{people:count} people lost a year x {margin:money} margin per contact and year (their net "
        "spend while they stood x gross margin {gross:percent}); at most, for who leaves may still "
        "buy.",
        people=figures["lost_people_a_year"],
        margin=figures["margin_per_contact"],
        gross=figures["gross_margin"],
    )


def describe_send_churn(result: Result) -> Finding:
    """What sends cost in relations beyond what would have been lost anyway."""
    if not len(result.table) and not len(result.tables.get("holdouts", ())):
        return Finding(result, statement=result.notes[0], owner=DATA_OWNER)
    return Finding(
        result,
        statement=_send_statement(result),
        evidence=(
            *_touchpoint_sentences(result),
            *_worst_sentence(result),
            *_holdout_sentences(result),
            *_calendar_sentence(result),
        ),
        action=_send_action(result),
        owner=CRM_LEAD,
        money_at_stake=result.figures["money_at_stake"],
        money_basis=_send_basis(result),
    )


def _send_statement(result: Result) -> Message:
    figures = result.figures
    if is_missing(figures["excess_share"]):
        return msg("Too few people left after a send to say what sends cost, or to show it.")
    values: dict[str, Any] = {
        "touchpoint": label(figures["touchpoint"]),
        "excess": figures["excess_of_1000"],
        "lower": figures["excess_of_1000_ci_lower"],
        "upper": figures["excess_of_1000_ci_upper"],
        "worse": figures["worse_sends"],
    }
    if figures["excess_share_ci_lower"] > 0:
        return msg(
            "Sends by {touchpoint} cost relations: of 1,000 people reached {excess:number} leave "
            "who would not have left anyway (interval {lower:number} to {upper:number}).",
            **values,
        )
    if figures["worse_sends"]:
        return msg(
            "{worse:count} sends were followed by more removals than would have been, for sure; "
            "over all sends by {touchpoint} that is not proven ({excess:number} of 1,000 people "
            "reached, interval {lower:number} to {upper:number}).",
            **values,
        )
    return msg(
        "It is not proven that sends by {touchpoint} cost relations: of 1,000 people reached "
        "{excess:number} leave who would not have left anyway (interval {lower:number} to "
        "{upper:number}).",
        **values,
    )


def _touchpoint_sentences(result: Result) -> tuple[Message, ...]:
    hours = {
        "wecom_chat": result.settings["touchpoints.send_window_hours"],
        "service_account": result.settings["touchpoints.template_window_hours"],
    }
    shown = result.table[result.table["excess_share"].notna()]
    return tuple(
        msg(
            "{touchpoint}: {removals:count} left within {hours:count} hours, of {reached:count} "
            "people reached by {sends:count} sends ({share:percent}); without a send "
            "{baseline:percent} would have.",
            touchpoint=label(found["touchpoint"]),
            removals=found["send_removals"],
            hours=hours[found["touchpoint"]],
            reached=found["reached"],
            sends=found["sends"],
            share=found["send_removal_share"],
            baseline=found["baseline_share"],
        )
        for _, found in shown.iterrows()
    )


def _worst_sentence(result: Result) -> tuple[Message, ...]:
    sends = result.tables["sends"]
    tested = sends[sends["excess_share"].notna()]
    if not len(tested):
        return ()
    found = tested.iloc[0]
    return (
        msg(
            "Worst of {tested:count} sends tested: {send}, {excess:points} (interval "
            "{lower:points} to {upper:points}, widened for the number of sends).",
            tested=result.figures["tested_sends"],
            send=found["send"],
            excess=found["excess_share"],
            lower=found["excess_share_ci_lower"],
            upper=found["excess_share_ci_upper"],
        ),
    )


def _holdout_sentences(result: Result) -> tuple[Message, ...]:
    shown = result.tables["holdouts"]
    shown = shown[shown["difference"].notna()]
    return tuple(
        msg(
            "Test {test}: {sent:percent} of {sent_people:count} sent to left, of "
            "{held_people:count} held back {held:percent} ({difference:points}, interval "
            "{lower:points} to {upper:points}).",
            test=found["test"],
            sent=found["sent_share"],
            sent_people=found["sent_people"],
            held_people=found["held_people"],
            held=found["held_share"],
            difference=found["difference"],
            lower=found["difference_ci_lower"],
            upper=found["difference_ci_upper"],
        )
        for _, found in shown.iterrows()
    )


def _calendar_sentence(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if is_missing(figures["outside_share"]):
        return ()
    return (
        msg(
            "{outside:count} of {sends:count} broadcasts ({share:percent}) went out on days that "
            "are not marked for them; up to {limit:percent} does not matter (a setting).",
            outside=figures["outside_sends"],
            sends=figures["calendar_sends"],
            share=figures["outside_share"],
            limit=result.settings["touchpoints.send_outside_limit"],
        ),
    )


def _send_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Send one-to-one broadcasts on fewer days and to fewer people, and hold back a random "
            "tenth of each to see what it costs."
        )
    if result.verdict is Verdict.WATCH:
        return msg("Hold back a random tenth of the next broadcasts, to see what a send costs.")
    return None


def _send_basis(result: Result) -> Message:
    figures = result.figures
    if is_missing(figures["extra_removals_a_year"]):
        return msg("No excess of removals is proven, so nothing is put at stake.")
    if is_missing(figures["gross_margin"]):
        return _NO_MARGIN
    if is_missing(figures["margin_per_contact"]):
        return _NO_ORDERS
    return msg(
        "{people:count} people a year who left beyond the baseline x {margin:money} margin per "
        "contact and year; at most, for who leaves may still buy.",
        people=figures["extra_removals_a_year"],
        margin=figures["margin_per_contact"],
    )


def describe_vanity(result: Result) -> Finding:
    """How much of what is counted is active, and which goals name a stock alone."""
    if not len(result.table) and not len(result.tables.get("goals", ())):
        return Finding(result, statement=result.notes[0], owner=DATA_OWNER)
    return Finding(
        result,
        statement=_vanity_statement(result),
        evidence=(*_stock_sentences(result), *_goal_sentences(result)),
        action=_vanity_action(result),
        owner=CRM_LEAD,
        money_basis=msg("A count has no worth of its own, so nothing is put at stake."),
    )


def _vanity_statement(result: Result) -> Message:
    figures = result.figures
    goals = msg("No goals are stated.")
    if figures["flagged_goals"]:
        goals = msg(
            "{flagged:count} of {goals:count} goals name a stock alone.",
            flagged=figures["flagged_goals"],
            goals=figures["goals"],
        )
    elif figures["goals"]:
        goals = msg("None of {goals:count} goals names a stock alone.", goals=figures["goals"])
    if is_missing(figures["largest_silent_share"]):
        return msg(
            "How many of those counted are active cannot be said. {goals}",
            goals=goals,
        )
    return msg(
        "{goals} {active:count} of {people:count} people counted at {touchpoint} did anything in "
        "the last {days:days}; {silent:percent} are silent (interval {lower:percent} to "
        "{upper:percent}).",
        goals=goals,
        active=figures["active_people"],
        people=figures["known_people"],
        touchpoint=label(figures["touchpoint"]),
        days=result.settings["touchpoints.vanity_active_days"],
        silent=figures["largest_silent_share"],
        lower=figures["largest_silent_share_ci_lower"],
        upper=figures["largest_silent_share_ci_upper"],
    )


def _stock_sentences(result: Result) -> tuple[Message, ...]:
    sentences = []
    for _, found in result.table.iterrows():
        values: dict[str, Any] = {
            "touchpoint": label(found["touchpoint"]),
            "stock": found["stock"],
            "active": found["active_people"],
            "day": found["active_a_day"],
        }
        if not is_missing(found["active_people"]):
            words = msg("{touchpoint}: {stock:count} counted, {active:count} active.", **values)
        elif not is_missing(found["active_a_day"]):
            words = msg(
                "{touchpoint}: {stock:count} counted, {day:count} active on the busiest day.",
                **values,
            )
        else:
            words = msg(
                "{touchpoint}: {stock:count} counted; how many are active is not measured.",
                **values,
            )
        sentences.append(words)
    return tuple(sentences)


def _goal_sentences(result: Result) -> tuple[Message, ...]:
    goals = result.tables["goals"]
    flagged = goals[goals["judged"] == "stock_alone"]
    return tuple(
        msg(
            "The goal {goal} counts {metric} alone; set beside it: {pair}.",
            goal=found["goal"],
            metric=label(found["metric"]) if has_label(found["metric"]) else found["metric"],
            pair=label(found["paired_with"]),
        )
        for _, found in flagged.iterrows()
    )


def _vanity_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg("Pair every goal that names a stock with the active metric beside it.")
    if result.verdict is Verdict.WATCH and not result.figures["goals"]:
        return msg("State the goals in forms.yml, and report active people beside every count.")
    if result.verdict is Verdict.WATCH:
        return msg("Report active people beside every count, and win back the silent ones.")
    return None
