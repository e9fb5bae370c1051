"""Contact pressure in words: what links cost, where the next one loses money, who tires."""

from __future__ import annotations

from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_push_pressure(result: Result) -> Finding:
    """How many contacts links cost, and from which number on the next one loses money."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=msg("{effect} {limit}", effect=_effect(result), limit=_limit(result)),
        evidence=(
            _base(result),
            _per_thousand(result),
            msg(
                "Observational: heavy users get more messages and stay longer; only a holdout "
                "tells cause from habit."
            ),
            *_better_answers(result),
            *_balance(result),
            *_pressure(result),
        ),
        action=_action(result) if needs_action(result) else None,
        owner=CRM_LEAD,
        money_at_stake=result.figures["money_at_stake"],
        money_basis=_money(result),
    )


def _effect(result: Result) -> Message:
    figures = result.figures
    values = {
        "rise": figures["rise_per_link"],
        "lower": figures["rise_per_link_ci_lower"],
        "upper": figures["rise_per_link_ci_upper"],
    }
    if values["lower"] > 0:
        return msg(
            "With each further purchase link a week, removals rise by {rise:percent} (interval "
            "{lower:percent} to {upper:percent}): {lost:number} contacts for 1,000 links.",
            lost=figures["removals_per_1000_links"],
            **values,
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "A rise of removals by more than {tolerance:percent} with each further purchase link a "
            "week is ruled out: {rise:percent} (interval {lower:percent} to {upper:percent}).",
            tolerance=result.settings["touchpoints.push_tolerance"],
            **values,
        )
    return msg(
        "It is not proven that removals rise with purchase links: {rise:percent} with each "
        "further link a week (interval {lower:percent} to {upper:percent}).",
        **values,
    )


def _limit(result: Result) -> Message:
    """From which number on the next link loses money; why that is not said, otherwise."""
    figures = result.figures
    limit, open_end = figures["break_even_links"], figures["break_even_open"]
    if open_end is None:
        return msg("From which number on the next one loses money cannot be derived.")
    if open_end:
        return msg(
            "Whether one of up to {seen:count} links a week, the most that were seen, loses more "
            "than it earns is not settled.",
            seen=figures["most_links_seen"],
        )
    values = {
        "limit": limit,
        "lower": figures["break_even_links_ci_lower"],
        "upper": figures["break_even_links_ci_upper"],
    }
    if limit == 0:
        return msg(
            "Already the first link of a week loses more than it earns (interval of the number "
            "that pays: {lower:count} to {upper:count}).",
            **values,
        )
    return msg(
        "Beyond {limit:count} links a week (interval {lower:count} to {upper:count}) the next one "
        "loses more than it earns.",
        **values,
    )


def _base(result: Result) -> Message:
    figures = result.figures
    return msg(
        "{removals:count} contacts removed the staff in {weeks:count} contact-weeks under "
        "{links:count} purchase links; one more link a week for everybody goes with {added:number} "
        "more removals in 1,000 contact-weeks (interval {lower:number} to {upper:number}).",
        removals=figures["removals"],
        weeks=figures["contact_weeks"],
        links=figures["links_sent"],
        added=figures["added_per_1000_contact_weeks"],
        lower=figures["added_per_1000_contact_weeks_ci_lower"],
        upper=figures["added_per_1000_contact_weeks_ci_upper"],
    )


def _per_thousand(result: Result) -> Message:
    figures = result.figures
    return msg(
        "By the model 1,000 links bring {lost:number} removals (interval {lower:number} to "
        "{upper:number}).",
        lost=figures["removals_per_1000_links"],
        lower=figures["removals_per_1000_links_ci_lower"],
        upper=figures["removals_per_1000_links_ci_upper"],
    )


def _better_answers(result: Result) -> tuple[Message, ...]:
    """A holdout and a change of pushing, where the data hold one; that they hold none, else."""
    figures, found = result.figures, []
    if figures["holdout_difference"] is not None:
        found.append(
            msg(
                "Holdout: {gap:points} removed within {days:days} among {treated:count} people who "
                "were sent to, against {held:count} held out (interval {lower:points} to "
                "{upper:points}).",
                gap=figures["holdout_difference"],
                days=result.settings["touchpoints.push_holdout_days"],
                treated=figures["holdout_treated"],
                held=figures["holdout_held"],
                lower=figures["holdout_difference_ci_lower"],
                upper=figures["holdout_difference_ci_upper"],
            )
        )
    elif figures["holdout_held"] is not None:
        found.append(msg("The data hold a holdout; too few people in it removed to be shown."))
    if figures["after_ratio"] is not None:
        found.append(
            msg(
                "Since pushing was stepped up on {day:date}, removals of contacts of equal tenure "
                "and entry channel have changed by {change:percent} (interval {lower:percent} to "
                "{upper:percent}); all else that changed then is in it.",
                day=figures["change_on"],
                change=figures["after_change"],
                lower=figures["after_change_ci_lower"],
                upper=figures["after_change_ci_upper"],
            )
        )
    return tuple(found) or (msg("The data hold neither a holdout nor a step in pushing."),)


def _balance(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["link_earns"] is None or figures["link_loses"] is None:
        return ()
    return (
        msg(
            "On average a link goes with {earns:money} of margin in its week (interval "
            "{earns_lower:money} to {earns_upper:money}) and costs {loses:money} in contacts "
            "(interval {loses_lower:money} to {loses_upper:money}), at {value:money} a contact.",
            earns=figures["link_earns"],
            earns_lower=figures["link_earns_ci_lower"],
            earns_upper=figures["link_earns_ci_upper"],
            loses=figures["link_loses"],
            loses_lower=figures["link_loses_ci_lower"],
            loses_upper=figures["link_loses_ci_upper"],
            value=figures["contact_value"],
        ),
    )


def _pressure(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["people_weeks_over_cap_share"] is None:
        return ()
    return (
        msg(
            "{over:count} of {all:count} people-weeks with a message ({share:percent}) hold more "
            "than {cap:count} messages over all channels.",
            over=figures["people_weeks_over_cap"],
            all=figures["people_weeks"],
            share=figures["people_weeks_over_cap_share"],
            cap=result.settings["touchpoints.contact_cap"],
        ),
    )


def _action(result: Result) -> Message:
    limit = result.figures["break_even_links"]
    if limit and not result.figures["break_even_open"]:
        return msg(
            "Send no contact more than {limit:count} purchase links a week, and leave a random "
            "tenth without any for four weeks to confirm it.",
            limit=limit,
        )
    return msg(
        "Leave a random half of the contacts without purchase links for four weeks, and compare "
        "removals and orders before pushing on."
    )


def _money(result: Result) -> Message:
    figures = result.figures
    if figures["contact_value"] is None:
        return msg(
            "client.yml gives neither economics.customer_value nor what it could be derived from "
            "(gross_margin and orders), so what is at stake cannot be derived."
        )
    if figures["rise_per_link_ci_lower"] <= 0:
        return msg("It is not certain that links cost contacts, so nothing is put at stake.")
    if figures["money_at_stake"] is None:
        return msg("No number of links is settled beyond which they lose money.")
    values = {
        "removals": figures["removals_beyond_a_year"],
        "limit": figures["break_even_links"],
        "value": figures["contact_value"],
        "earned": figures["earned_beyond_a_year"],
    }
    if figures["contact_value_basis"] == "stated":
        return msg(
            "{removals:count} removals a year by links beyond {limit:count} a week x "
            "{value:money} a contact (stated in client.yml); the margin that goes with those links "
            "({earned:money}) is not taken off.",
            **values,
        )
    return msg(
        "{removals:count} removals a year by links beyond {limit:count} a week x {value:money}, a "
        "standing contact's margin in one year; the margin that goes with those links "
        "({earned:money}) is not taken off.",
        **values,
    )


def describe_fatigue(result: Result) -> Finding:
    """From which message on people answer less than half as often as at first."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_tired(result),
        evidence=_fatigue_evidence(result),
        action=msg(
            "Send fewer or more varied messages before that number, to a random half first, and "
            "compare responses."
        )
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
        money_basis=msg("A response is not an order: what tired people cost is not derived."),
    )


def _tired(result: Result) -> Message:
    figures = result.figures
    values = {
        "share": result.settings["touchpoints.fatigue_share"],
        "most": figures["followed_number"],
    }
    if result.verdict is Verdict.CLEAR:
        return msg(
            "Up to message {most:count} people answer at least {share:percent} as often as they "
            "answer a first message.",
            **values,
        )
    if figures["fatigue_point_ci_upper"] is None:
        return msg(
            "Whether people tire within {most:count} messages is not settled: at no number is the "
            "response for sure below {share:percent} of that to the first.",
            **values,
        )
    values |= {
        "point": figures["fatigue_point"],
        "lower": figures["fatigue_point_ci_lower"],
        "upper": figures["fatigue_point_ci_upper"],
    }
    if result.verdict is Verdict.ACT:
        return msg(
            "From message {point:count} on (interval {lower:count} to {upper:count}) people answer "
            "less than {share:percent} as often as they answer a first message.",
            **values,
        )
    return msg(
        "At message {point:count} (interval {lower:count} to {upper:count}) the response is below "
        "{share:percent} of that to the first; whether people tired or times changed cannot be "
        "told.",
        **values,
    )


def _fatigue_evidence(result: Result) -> tuple[Message, ...]:
    figures, last = result.figures, result.table.iloc[-1]
    return (
        msg(
            "{people:count} people got message {number:count}: {rate:percent} of them answered it, "
            "and {first:percent} of the same people their first.",
            people=last["people"],
            number=last["exposure"],
            rate=last["response_rate"],
            first=last["first_rate"],
        ),
        msg(
            "Against newcomers of the same time that is {ratio:percent} (interval {lower:percent} "
            "to {upper:percent}).",
            ratio=last["calendar_ratio"],
            lower=last["calendar_ratio_ci_lower"],
            upper=last["calendar_ratio_ci_upper"],
        )
        if figures["calendar_held_equal"]
        else msg(
            "Against their first that is {ratio:percent} (interval {lower:percent} to "
            "{upper:percent}).",
            ratio=last["ratio_to_first"],
            lower=last["ratio_to_first_ci_lower"],
            upper=last["ratio_to_first_ci_upper"],
        ),
        msg(
            "{left:count} people who got messages at the beginning of the data are left out: their "
            "first message is not known.",
            left=figures["left_out_people"],
        ),
    )
