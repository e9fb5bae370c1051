"""Value in words: scores, concentration, where revenue comes from."""

from __future__ import annotations

from privdom_kit.formats import is_missing
from privdom_kit.layering.wording import change_sentence, margin_basis
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, row, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict


def describe_rfm(result: Result) -> Finding:
    """How many good customers have not ordered for long."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    if figures["at_risk_customers"] is None:
        statement = msg(
            "Of {high:count} buyers with a high spend score, too few are going silent to be shown.",
            high=figures["high_spend_customers"],
        )
    else:
        statement = msg(
            "{risk:count} of {high:count} buyers with a high spend score ({share:percent}) are "
            "among those whose last order is longest ago.",
            risk=figures["at_risk_customers"],
            high=figures["high_spend_customers"],
            share=figures["at_risk_share"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=(
            msg(
                "They spent {spend:money} in all, {window:money} of it in the value window.",
                spend=figures["at_risk_net_spend"],
                window=figures["at_risk_window_spend"],
            ),
        ),
        action=msg("Speak to these customers one by one; do not send them a broadcast.")
        if needs_action(result)
        else None,
        owner=CRM_LEAD,
        money_at_stake=figures["money_at_stake"],
        money_basis=margin_basis(
            result, figures["at_risk_window_spend"], msg("good customers going silent")
        ),
    )


def describe_concentration(result: Result) -> Finding:
    """How few customers give most of the spend."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    if figures["value_customers"] is None:
        statement = msg(
            "So few customers give {asked:percent} of net spend that their number is not shown.",
            asked=figures["concentration_share"],
        )
    else:
        statement = msg(
            "{few:count} of {buyers:count} buyers ({share:percent}) give {asked:percent} of net "
            "spend.",
            few=figures["value_customers"],
            buyers=figures["buyers"],
            share=figures["value_customer_share"],
            asked=figures["concentration_share"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=_concentration_sentences(result),
        owner=CRM_LEAD,
    )


def _concentration_sentences(result: Result) -> tuple[Message, ...]:
    figures, top = result.figures, result.table.iloc[-2]
    sentences = [
        msg(
            "The top {top:percent} of buyers give {share:percent} of {total:money}; the Gini "
            "coefficient is {gini:number}.",
            top=top["top_share"],
            share=top["spend_share"],
            total=figures["total_net_spend"],
            gini=figures["gini"],
        )
    ]
    if figures["contact_spend_share"] is not None:
        sentences.append(
            msg(
                "People who are or were WeCom contacts give {share:percent} of net spend.",
                share=figures["contact_spend_share"],
            )
        )
    if figures["margin_value_customers"] is not None:
        sentences.append(
            msg(
                "{few:count} of {buyers:count} customers give that share of margin, on the "
                "{covered:percent} of net spend whose unit costs are known.",
                few=figures["margin_value_customers"],
                buyers=figures["margin_buyers"],
                covered=figures["margin_spend_covered"],
            )
        )
    return tuple(sentences)


def describe_revenue_split(result: Result) -> Finding:
    """How much of revenue promotions win first, and touches before repeat orders."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_split_statement(result),
        evidence=_promotion_sentences(result),
        action=msg("Test first orders without the promotion on a part of new buyers.")
        if result.verdict is Verdict.ACT
        else None,
        owner=CRM_LEAD,
    )


def _split_statement(result: Result) -> Message:
    promoted = row(result.table, "part", "first_on_promotion")
    touched = row(result.table, "part", "repeat_after_touch")
    total = result.figures["total_net_spend"]
    first = msg(
        "Of {total:money} net revenue, {spend:money} ({share:percent}) are first orders on "
        "promotion.",
        total=total,
        spend=promoted["net_spend"],
        share=promoted["spend_share"],
    )
    repeat = msg(
        "{spend:money} of {total:money} net revenue ({share:percent}) are repeat orders within "
        "{days:days} of a brand touch.",
        total=total,
        spend=touched["net_spend"],
        share=touched["spend_share"],
        days=result.settings["layering.attribution_days"],
    )
    shown = [
        sentence
        for sentence, part in ((first, promoted), (repeat, touched))
        if not is_missing(part["customers"]) and part["customers"] > 0
    ]
    if len(shown) == 2:
        return msg("{first} {second}", first=shown[0], second=shown[1])
    return shown[0] if shown else _UNSPLIT


_UNSPLIT = msg(
    "Neither promotions of first orders nor touches before repeat orders can be shown: they are "
    "not in the data, or too few."
)


def _promotion_sentences(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["promoted_share"] is None:
        return change_sentence(result, "promoted_change")
    return (
        msg(
            "{x:count} of {n:count} new buyers of the last {period:days} ({share:percent}) began "
            "on promotion; in the period before {before:percent}.",
            x=figures["promoted_buyers"],
            n=figures["new_buyers"],
            period=result.settings["layering.period_days"],
            share=figures["promoted_share"],
            before=figures["previous_promoted_share"],
        ),
        *change_sentence(result, "promoted_change"),
    )
