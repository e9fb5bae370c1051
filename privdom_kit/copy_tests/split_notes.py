"""What has to be said beside a split: how it was drawn, and what could not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.copy_tests.people_facts import can_phone
from privdom_kit.copy_tests.plan_times import connected_plans, first_day
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    from privdom_kit.copy_tests.crowds_of_plan import Crowds
    from privdom_kit.copy_tests.start import CopyBase

_CONSENT = {"sms": ("sms",), "call": ("call",), "call_sms": ("sms", "call"), "wecom": ("wecom",)}


def split_notes(base: CopyBase, crowds: Crowds) -> tuple[Message, ...]:
    """The notes of an assignment, the way of drawing first."""
    return (
        msg(
            "People are ordered by a keyed hash of the person and cut by the weights, crowd by "
            "crowd; a draw can be repeated with the client's key, and on no other machine."
        ),
        *_together(base, crowds),
        *_unfound(crowds),
        *_unknown(base, crowds),
        *_consent(base, crowds),
    )


def _together(base: CopyBase, crowds: Crowds) -> list[Message]:
    groups = [group for group in connected_plans(base, crowds.plans) if len(group) > 1]
    found = [
        msg(
            "{tests:list} run at the same time: who could be in several is in one of them, in "
            "equal parts.",
            tests=tuple(msg("{test:quote}", test=crowds.plans[place].id) for place in group),
        )
        for group in groups
    ]
    undated = [plan.id for plan in crowds.plans if plan.starts_on is None]
    if undated:
        found.append(
            msg(
                "{tests:list}: no first day is stated, so messages are counted back from the day "
                "after the last day seen, and the test may meet any other.",
                tests=tuple(msg("{test:quote}", test=test) for test in undated),
            )
        )
    return found


def _unfound(crowds: Crowds) -> list[Message]:
    return [
        msg(
            "{test:quote}, {crowd:quote}: nobody can be drawn, as {reason}.",
            test=crowds.plans[test].id,
            crowd=crowds.plans[test].crowds[crowd].name,
            reason=reason,
        )
        for (test, crowd), reason in sorted(crowds.unfound.items())
    ]


def _unknown(base: CopyBase, crowds: Crowds) -> list[Message]:
    found = []
    if not base.base.has("deliveries", "opted_out_at"):
        found.append(
            msg(
                "No deliveries with opted_out_at were given: who opted out is unknown. Take them "
                "out before sending."
            )
        )
    days = [first_day(base, plan) - base.base.as_of_day - 1 for plan in crowds.plans]
    if max(days) > 0 and "deliveries" in base.base.tables:
        found.append(
            msg(
                "Sending begins up to {days:days} after the last day seen: what people are sent, "
                "and who opts out, until then is not known here. Draw again shortly before.",
                days=max(days),
            )
        )
    by_phone = any(plan.channel != "wecom" for plan in crowds.plans)
    if by_phone and not can_phone(base):
        found.append(
            msg("No table gives phones: how many of the people drawn can be sent to is unknown.")
        )
    if base.base.purchases is None:
        found.append(msg("No orders were given: whether the arms are alike before is not checked."))
    return found


def _consent(base: CopyBase, crowds: Crowds) -> list[Message]:
    """Consent is stated by channel, not by person: whom it leaves out cannot be told here."""
    stated = base.base.forms.consent.channels
    open_channels = [
        channel
        for channel in dict.fromkeys(c for p in crowds.plans for c in _CONSENT[p.channel])
        if channel not in stated or stated[channel].left_out is not True
    ]
    if not open_channels:
        return []
    return [
        msg(
            "Who consented to marketing is in no table: people without consent on record are to "
            "be taken out of the lists before sending."
        )
    ]
