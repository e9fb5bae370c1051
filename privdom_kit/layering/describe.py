"""Layers in words: states, moves, purchases, channels, ages, cohorts."""

from __future__ import annotations

from privdom_kit.labels import label
from privdom_kit.layering.wording import NOT_DERIVED, change_sentence, margin_basis
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_states(result: Result) -> Finding:
    """How many customers are slipping away, and whether it is getting worse."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    about = row(result.table, "state", "about_to_lapse")
    return Finding(
        result,
        statement=_states_statement(result),
        evidence=(*change_sentence(result, "lapsing_change"), _cycle_sentence(result)),
        action=msg(
            "Reach those about to lapse before two order cycles have passed, the largest spenders "
            "first."
        )
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
        money_at_stake=result.figures["money_at_stake"],
        money_basis=margin_basis(result, about["net_spend"], msg("those about to lapse")),
    )


def _states_statement(result: Result) -> Message:
    figures = result.figures
    if figures["lapsing_customers"] is None:
        return msg(
            "Of {known:count} known customers, too few are about to lapse or lapsed to be shown.",
            known=figures["known_people"],
        )
    sentence = msg(
        "{lapsing:count} of {known:count} known customers ({share:percent}) are about to lapse or "
        "have lapsed.",
        lapsing=figures["lapsing_customers"],
        known=figures["known_people"],
        share=figures["lapsing_share"],
    )
    if figures["lapsing_change"] is None:
        return sentence
    return msg(
        "{sentence} That is {change:points} against {period:days} before.",
        sentence=sentence,
        change=figures["lapsing_change"],
        period=result.settings["layering.period_days"],
    )


def _cycle_sentence(result: Result) -> Message:
    figures = result.figures
    if result.settings["layering.cycle_days"] is not None:
        return msg(
            "The order cycle is set to {cycle:days} in client.yml.",
            cycle=figures["order_cycle_days"],
        )
    return msg(
        "Half of those who buy again do so within {cycle:days} (interval {lower:days} to "
        "{upper:days}): the category's order cycle.",
        cycle=figures["order_cycle_days"],
        lower=figures["order_cycle_days_ci_lower"],
        upper=figures["order_cycle_days_ci_upper"],
    )


def describe_layer_moves(result: Result) -> Finding:
    """Who moved down and up, and whether more move down than before."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=msg(
            "Of {base:count} customers known {period:days} ago, {down:count} "
            "({down_share:percent}) are in a lower layer now and {up:count} ({up_share:percent}) "
            "in a higher one.",
            base=figures["moved_base"],
            period=result.settings["layering.period_days"],
            down=figures["moved_down"],
            down_share=figures["moved_down_share"],
            up=figures["moved_up"],
            up_share=figures["moved_up_share"],
        ),
        evidence=(
            msg(
                "In the period before, {share:percent} of {base:count} moved down.",
                share=figures["previous_moved_down_share"],
                base=figures["previous_moved_base"],
            ),
            *change_sentence(result, "moved_down_change"),
        ),
        action=msg("Look at which layer loses most, and at what changed for it in this period.")
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
    )


def describe_purchase_layers(result: Result) -> Finding:
    """How many buyers come back, and whether recent ones do so less."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=_purchase_statement(result),
        evidence=(
            msg(
                "{share:percent} of buyers buy a second time within {days:days} (interval "
                "{lower:percent} to {upper:percent}, young buyers allowed for).",
                share=figures["second_purchase_share"],
                days=figures["second_purchase_days"],
                lower=figures["second_purchase_share_ci_lower"],
                upper=figures["second_purchase_share_ci_upper"],
            ),
            *_recent_against_earlier(result),
        ),
        action=msg(
            "Give first-time buyers a reason and a date for the second purchase within "
            "{days:days}.",
            days=figures["second_purchase_days"],
        )
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
        money_basis=NOT_DERIVED,
    )


def _purchase_statement(result: Result) -> Message:
    figures = result.figures
    level = msg(
        "{repeat:count} of {buyers:count} buyers ({rate:percent}) have bought on two days or more.",
        repeat=figures["repeat_customers"],
        buyers=figures["buyers"],
        rate=figures["repeat_rate"],
    )
    if result.verdict is not Verdict.ACT:
        return level
    return msg(
        "Recent buyers come back less: {recent:percent} buy again within {days:days}, against "
        "{earlier:percent} before. {level}",
        recent=figures["recent_share"],
        days=figures["second_purchase_days"],
        earlier=figures["earlier_share"],
        level=level,
    )


def describe_retention(result: Result) -> Finding:
    """Whether recent cohorts come back in their next period as earlier ones did."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    if figures["recent_share"] is None:
        statement = msg("No cohort has a full next period yet that could be shown.")
    elif result.verdict is Verdict.ACT:
        statement = msg(
            "The latest cohorts come back less: {share:percent} of {customers:count} customers "
            "bought again in their next period, against {earlier:percent} before.",
            share=figures["recent_share"],
            customers=figures["recent_customers"],
            earlier=figures["earlier_share"],
        )
    else:
        statement = msg(
            "{share:percent} of {customers:count} customers of the latest full cohorts bought "
            "again in their next period.",
            share=figures["recent_share"],
            customers=figures["recent_customers"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=_recent_against_earlier(result),
        action=msg("Compare what the latest cohorts were offered and sent with the earlier ones.")
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
        money_basis=NOT_DERIVED,
    )


def _recent_against_earlier(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["change"] is None:
        return change_sentence(result, "change")
    return (
        msg(
            "Recent: {recent:percent} of {recent_people:count}; earlier: {earlier:percent} of "
            "{earlier_people:count}.",
            recent=figures["recent_share"],
            recent_people=figures["recent_customers"],
            earlier=figures["earlier_share"],
            earlier_people=figures["earlier_customers"],
        ),
        *change_sentence(result, "change"),
    )


def describe_channel_layers(result: Result) -> Finding:
    """Which channels bring customers who come back less than the others'."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_channel_statement(result),
        evidence=_channel_sentences(result),
        action=msg("Check what the weak channels promise before spending more on them.")
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
        money_basis=NOT_DERIVED,
    )


def _channel_statement(result: Result) -> Message:
    values = {
        "weak": result.figures["weak_channels"],
        "compared": result.figures["compared_channels"],
        "tolerance": result.settings["layering.channel_tolerance"],
    }
    if result.verdict is Verdict.ACT:
        return msg(
            "{weak:count} of {compared:count} comparable channels bring buyers who come back less "
            "often than all others, by more than {tolerance:gap}.",
            **values,
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "No channel of {compared:count} falls behind the others by more than {tolerance:gap}.",
            **values,
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "No channel of {compared:count} is proven to bring buyers who come back less often; a "
            "gap of more than {tolerance:gap} cannot be ruled out.",
            **values,
        )
    return msg(
        "Fewer than two channels have {least:count} buyers who could be watched for {days:days}.",
        least=result.settings["layering.min_customers"],
        days=result.settings["layering.second_purchase_days"],
    )


def _channel_sentences(result: Result) -> tuple[Message, ...]:
    """The compared channel furthest below the others and the one furthest above."""
    compared = result.table[result.table["difference"].notna()]
    if len(compared) < 2:
        return ()
    ends = compared["difference"].idxmin(), compared["difference"].idxmax()
    return tuple(
        msg(
            "{channel}: {x:count} of {n:count} buyers ({share:percent}) bought again in time, "
            "{difference:points} against all others (interval {lower:points} to {upper:points}).",
            channel=label("unknown") if found["channel"] == "unknown" else found["channel"],
            x=found["second_purchase_customers"],
            n=found["ripe_buyers"],
            share=found["second_purchase_share"],
            difference=found["difference"],
            lower=found["difference_ci_lower"],
            upper=found["difference_ci_upper"],
        )
        for found in (compared.loc[place] for place in ends)
    )


def describe_life_stages(result: Result) -> Finding:
    """Which ages the children of members have, and whether anybody's consent is missing."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    refused = result.verdict is Verdict.ACT
    if refused:
        statement = msg(
            "The members' export holds children's months of birth without a guardian's consent."
        )
    else:
        statement = msg(
            "{banded:count} of {members:count} members have a child's age band, every one with a "
            "guardian's consent.",
            banded=figures["banded_members"],
            members=figures["members"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=(
            msg(
                "{refused:count} of {members:count} members are without consent; {banded:count} "
                "have an age band.",
                refused=figures["no_consent_members"],
                members=figures["members"],
                banded=figures["banded_members"],
            ),
        ),
        action=msg(
            "Delete the months of birth that came without consent, or obtain the guardians' "
            "consent; name a person responsible."
        )
        if refused
        else None,
        owner=msg("Data protection officer") if refused else CRM_LEAD,
    )
