"""Names of steps and nodes in the reader's words."""

from __future__ import annotations

from privdom_kit.labels import has_label, label
from privdom_kit.messages import Message, msg

# What people and the brand do; a label of the same name may head a column and mean another thing.
_ACTIONS = {
    "added": msg("added as a friend"),
    "click": msg("a click"),
    "clicked": msg("a click on a message"),
    "comment": msg("a comment"),
    "created": msg("created"),
    "join": msg("joined"),
    "leave": msg("left"),
    "like": msg("a like"),
    "message": msg("a message"),
    "order": msg("an order"),
    "read": msg("read"),
    "registered": msg("registered"),
    "second_order": msg("a second order"),
    "send": msg("a send"),
    "share": msg("shared"),
    "subscribed": msg("subscribed"),
    "visit": msg("a visit"),
    "sent": msg("sent"),
    "delivered": msg("delivered"),
    "connected": msg("a call taken"),
    "opted_out": msg("opted out"),
    "unsubscribed": msg("unsubscribed"),
    "removed": msg("removal"),
    "removed_by_staff": msg("removed by staff"),
    "transferred": msg("handed over"),
    "qualified": msg("qualified"),
    "assigned": msg("assigned"),
    "contacted": msg("contacted"),
    "deal": msg("a deal"),
    "invited": msg("invited"),
    "invites": msg("an invitation"),
    "opened": msg("a case opened"),
    "resolved": msg("a case solved"),
    "answered": msg("an answer"),
    "watch": msg("watched"),
}


def node_label(name: str) -> Message:
    """The words for a node: a touchpoint, or a touchpoint and an action joined by a point."""
    touchpoint, _, action = name.partition(".")
    if not action:
        return label(touchpoint)
    return msg("{touchpoint}: {action}", touchpoint=label(touchpoint), action=_action(action))


def step_label(name: str) -> Message | str:
    """The words for a step of the house; the client's own name as it is given."""
    if name in _ACTIONS:
        return _ACTIONS[name]
    return label(name) if has_label(name) else name


def _action(name: str) -> Message:
    return _ACTIONS.get(name) or label(name)
