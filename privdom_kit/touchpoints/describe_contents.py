"""The mix of contents in words."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result


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
        money_basis=NOT_IN_MONEY,
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
