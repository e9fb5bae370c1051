"""The funnel and what follows what, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.journeys.node_names import node_label, step_label
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result

if TYPE_CHECKING:
    import pandas as pd

NO_MONEY = msg("What a better step would bring is not derived: that takes a test.")


def describe_funnel(result: Result) -> Finding:
    """How many come through, and which step holds people up."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    stuck = _bottleneck_row(result)
    return Finding(
        result,
        statement=_through(result, stuck),
        evidence=(*_bottleneck(result, stuck), *_layer(result)),
        action=msg(
            "Start with the step '{step}': ask those who stop before it what they missed, and test "
            "one change.",
            step=step_label(str(stuck["name"])),
        )
        if needs_action(result) and stuck is not None
        else None,
        owner=CRM_LEAD,
        money_basis=NO_MONEY,
    )


def _bottleneck_row(result: Result) -> pd.Series | None:
    """The row of the bottleneck, where its share may be shown."""
    step = result.figures["bottleneck_step"]
    if step is None:
        return None
    row = result.table.set_index("step").loc[step]
    return None if is_missing(row["in_time_share"]) else row


def _through(result: Result, stuck: pd.Series | None) -> Message:
    figures, table = result.figures, result.table
    first, last = (step_label(str(table["name"].iloc[place])) for place in (0, -1))
    if figures["completed"] is None:
        sentence = msg(
            "Of {entered:count} people at the step '{first}', too few reached the step '{last}' to "
            "be shown.",
            entered=figures["entered"],
            first=first,
            last=last,
        )
    else:
        sentence = msg(
            "Of {entered:count} people at the step '{first}', {completed:count} ({share:percent}) "
            "reached the step '{last}'.",
            entered=figures["entered"],
            first=first,
            completed=figures["completed"],
            share=figures["completed_share"],
            last=last,
        )
    if stuck is None or not figures["bottleneck_sure"]:
        return sentence
    return msg(
        "{sentence} The narrowest step is '{step}': {share:percent} take it within {days:days}.",
        sentence=sentence,
        step=step_label(str(stuck["name"])),
        share=stuck["in_time_share"],
        days=stuck["horizon_days"],
    )


def _bottleneck(result: Result, stuck: pd.Series | None) -> tuple[Message, ...]:
    if stuck is None:
        return (msg("No step has people enough, or an order of its own, to be judged."),)
    sure = bool(result.figures["bottleneck_sure"])
    found = [
        msg(
            "The smallest share goes on to the step '{step}': {share:percent} within {days:days} "
            "(interval {lower:percent} to {upper:percent}, those under way allowed for).",
            step=step_label(str(stuck["name"])),
            share=stuck["in_time_share"],
            days=stuck["horizon_days"],
            lower=stuck["in_time_share_ci_lower"],
            upper=stuck["in_time_share_ci_upper"],
        ),
        msg("All other steps are surely taken by a larger share.")
        if sure
        else msg("Another step may be just as narrow: the intervals overlap."),
    ]
    if not is_missing(stuck["half_days"]):
        found.append(
            msg(
                "Half of those who take it do so within {half:days}, three quarters within "
                "{slow:days}.",
                half=stuck["half_days"],
                slow=stuck["slow_days"],
            )
        )
    return tuple(found)


def _layer(result: Result) -> tuple[Message, ...]:
    """The surest difference between the layers, or that there is none."""
    figures = result.figures
    if figures["layer"] is None:
        return ()
    place = label(str(figures["layer"]))
    if figures["layer_step"] is None:
        return (
            msg(
                "People met at the touchpoint '{place}' and others do not surely differ at any "
                "step.",
                place=place,
            ),
        )
    return (
        msg(
            "People met at the touchpoint '{place}' by step 1 go on to the step '{step}' at a rate "
            "{difference:points} apart from others (interval {lower:points} to {upper:points}).",
            place=place,
            step=step_label(str(figures["layer_step"])),
            difference=figures["layer_difference"],
            lower=figures["layer_difference_ci_lower"],
            upper=figures["layer_difference_ci_upper"],
        ),
    )


def describe_transitions(result: Result) -> Finding:
    """The most frequent way, its dwell, and where the layers differ."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    shown = result.table[result.table["share"].notna()]
    ways = [_way(row) for _, row in shown.head(3).iterrows()]
    return Finding(
        result,
        statement=ways[0]
        if ways
        else msg("Too few people went on from any one event to be shown."),
        evidence=(*ways[1:], *_layers(result)),
        owner=CRM_LEAD,
        money_basis=msg("What follows what says nothing of what causes what; no money is derived."),
    )


def _way(row: pd.Series) -> Message:
    return msg(
        "After {before}, people went on to {after} {moves:count} of {all:count} times "
        "({share:percent}, interval {lower:percent} to {upper:percent}), half of these within "
        "{days:days}.",
        before=node_label(str(row["from_event"])),
        after=node_label(str(row["to_event"])),
        moves=row["transitions"],
        all=row["from_transitions"],
        share=row["share"],
        lower=row["share_ci_lower"],
        upper=row["share_ci_upper"],
        days=row["median_days"],
    )


def _layers(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["layer"] is None or not figures["compared"]:
        return ()
    layers, place = result.tables["layers"], label(str(figures["layer"]))
    if not figures["sure_differences"]:
        return (
            msg(
                "Between people met at the touchpoint '{place}' and others, none of "
                "{compared:count} ways surely differs.",
                place=place,
                compared=figures["compared"],
            ),
        )
    row = layers[layers["sure"] == 1].iloc[0]
    return (
        msg(
            "People met at the touchpoint '{place}' go from {before} to {after} at a rate "
            "{difference:points} apart from others (interval {lower:points} to {upper:points}); "
            "{sure:count} of {compared:count} ways compared surely differ.",
            place=place,
            before=node_label(str(row["from_event"])),
            after=node_label(str(row["to_event"])),
            difference=row["difference"],
            lower=row["difference_ci_lower"],
            upper=row["difference_ci_upper"],
            sure=figures["sure_differences"],
            compared=figures["compared"],
        ),
    )
