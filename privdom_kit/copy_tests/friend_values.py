"""What a friend is worth: as the plan states by crowd, else out of economics.customer_value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

#: Where a value comes from.
BY_PLAN, BY_ECONOMICS = "plan", "economics"


@dataclass(frozen=True, slots=True)
class FriendValue:
    """What a friend added is worth to a crowd.

    Attributes:
        value: Currency.
        source: :data:`BY_PLAN` or :data:`BY_ECONOMICS`.
        kept_share: Share of friends added that are kept, which the value of a kept contact was
            multiplied with; None where it was not.
    """

    value: float
    source: str
    kept_share: float | None = None


def friend_value(
    base: CopyBase, test: str, crowd: str | None, cells: pd.DataFrame
) -> FriendValue | None:
    """The value of a friend who is added; None where nobody states one.

    economics.customer_value is of a *kept* contact: it is multiplied with the share of friends of
    the test who are kept, where the deliveries tell who removed the brand.

    Args:
        base: The client.
        test: Name of the test.
        crowd: Name of the crowd.
        cells: Of :class:`privdom_kit.copy_tests.contact_costs.Contacts`.
    """
    plan = base.plan(test)
    stated = {c.name: c.friend_value for c in plan.crowds} if plan else {}
    if crowd is not None and (value := stated.get(crowd)) is not None:
        return FriendValue(value, BY_PLAN)
    value = base.base.economics.customer_value
    if value is None:
        return None
    if "x_friend_kept" not in cells:
        return FriendValue(value, BY_ECONOMICS)
    rows = cells[(cells["test"] == test) & ~cells["held"]]
    kept, gone = float(rows["x_friend_kept"].sum()), float(rows["x_friend_removed"].sum())
    if not kept + gone:
        return FriendValue(value, BY_ECONOMICS)
    share = kept / (kept + gone)
    return FriendValue(value * share, BY_ECONOMICS, share)


def incentive_costs(base: CopyBase, test: str) -> dict[str, float]:
    """Currency paid to each friend, by arm; arms without a stated cost are not in it."""
    plan = base.plan(test)
    arms = plan.arms if plan else ()
    return {arm.name: arm.incentive_cost for arm in arms if arm.incentive_cost is not None}


def uncosted_notes(base: CopyBase) -> tuple[Message, ...]:
    """Arms that promise something of which nobody says what it costs."""
    notes = []
    for test in base.tests():
        plan = base.plan(test)
        named = (
            [a.name for a in plan.arms if a.incentive and a.incentive_cost is None] if plan else []
        )
        if named:
            notes.append(
                msg(
                    "{test:quote}: the plan does not say what the incentive of {arms:list} costs; "
                    "it counts as free.",
                    test=test,
                    arms=tuple(named),
                )
            )
    return tuple(notes)
