"""Names of steps and nodes in the reader's words."""

from __future__ import annotations

from privdom_kit.labels import has_label, label
from privdom_kit.messages import Message, msg


def node_label(name: str) -> Message:
    """The words for a node: a touchpoint, or a touchpoint and an action joined by a point."""
    touchpoint, _, action = name.partition(".")
    if not action:
        return label(touchpoint)
    return msg("{touchpoint}: {action}", touchpoint=label(touchpoint), action=label(action))


def step_label(name: str) -> Message | str:
    """The words for a step of the house; the client's own name as it is given."""
    return label(name) if has_label(name) else name
