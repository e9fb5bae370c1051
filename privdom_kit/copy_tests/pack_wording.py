"""Words that crowds, spending and costs of friends share."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg

#: Lines of a table that a finding names at most.
MOST_NAMED = 4
_SUREST = 0.999  # no model of a few crowds carries more


def no_certainty(chance: float) -> float:
    """A chance as it may be said: never all or nothing."""
    return min(max(chance, 1 - _SUREST), _SUREST)


def kept_line(share: Any) -> Message:
    """Where the value of a friend comes from; ``share`` of friends kept, None where not told."""
    if is_missing(share):
        return msg(
            "The value of a friend is economics.customer_value, as if every friend were kept: who "
            "removed the brand is not told."
        )
    return msg(
        "The value of a friend is economics.customer_value x {share:percent}, the share of friends "
        "of the test who were kept.",
        share=share,
    )
