"""Words that sentences and charts on outcomes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privdom_kit.copy_tests.start import HELD_BACK, LARGEST, PLANNED
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg

OUTCOMES: dict[str, Message] = {
    "delivered": msg("delivered messages"),
    "connected": msg("calls taken"),
    "clicked": msg("clicks"),
    "friend_added": msg("new friends"),
    "friend_kept": msg("friends who stay"),
    "ordered": msg("orders"),
}
_REFERENCES: dict[str, Message] = {
    PLANNED: msg("the copy in use ({name:quote})"),
    HELD_BACK: msg("sending nothing"),
    LARGEST: msg("the largest version ({name:quote})"),
}


def outcome_words(row: Mapping[str, Any] | Any) -> Message:
    """What people did, in the plural."""
    return OUTCOMES[row["outcome"]]


def reference_words(row: Mapping[str, Any] | Any) -> Message:
    """What a version is held against."""
    template = _REFERENCES[row["reference_kind"]]
    return Message(template.template, {"name": row["reference"]})


def shown(row: Mapping[str, Any] | Any, *names: str) -> bool:
    """Whether these numbers are there and not hidden."""
    return not any(is_missing(row[name]) for name in names)


def gap_values(row: Mapping[str, Any] | Any, name: str = "difference") -> dict[str, Any]:
    """A difference with its bounds, as sentences take it."""
    return {
        "gap": row[name],
        "lower": row[f"{name}_ci_lower"],
        "upper": row[f"{name}_ci_upper"],
    }
