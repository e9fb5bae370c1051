"""What a plan has to state so that its test can be read out, item by item.

Eight items are needed, four advised. An item that makes the readout impossible is ``unreadable``:
fewer than two groups, nothing to hold the arms against, or a plan that was filed only after its
first send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.deviations import filed_late, first_send
from privdom_kit.copy_tests.plan_changes import plan_changes

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyArm, CopyCrowd, CopyTest

#: States of an item.
STATED, MISSING, UNREADABLE, UNKNOWN = "stated", "missing", "unreadable", "unknown"
NEEDED = ("hypothesis", "groups", "control", "primary", "minimum", "guardrails", "starts_on",
          "filed")  # fmt: skip
ADVISED = ("hook", "crowds", "holdout_share", "welcome_pack")
# What a call alone reaches, and what a message or a contact never does.
_CALLS_ONLY = ("connected",)
_MEMBERSHIP = re.compile(r"会员|入会|礼包|member|welcome", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a plan.

    Attributes:
        name: One of :data:`NEEDED` and :data:`ADVISED`.
        state: One of the states.
    """

    name: str
    state: str

    @property
    def needed(self) -> bool:
        """Whether the readout rests on it."""
        return self.name in NEEDED


def check_items(base: CopyBase, test: str) -> list[Item]:
    """The items of a test, the filed plan where there is one, in the order of the module.

    Items that do not concern a test (a welcome pack, where everybody is known) are left out.
    """
    plan = base.plan(test)
    if plan is None:
        raise ValueError(f"there is no plan of {test}")
    found = {
        "hypothesis": _stated(plan.hypothesis.strip()),
        "groups": STATED if groups(plan) >= 2 else UNREADABLE,
        "control": _control(plan),
        "primary": _primary(plan),
        "minimum": _stated(plan.minimum_difference or plan.minimum_lift),
        "guardrails": _stated(plan.guardrails),
        "starts_on": _stated(plan.starts_on),
        "filed": _filed(base, test),
        "hook": _hooks(plan),
        "crowds": _stated(plan.crowds),
        "holdout_share": _stated(plan.holdout_share),
        "welcome_pack": _welcome(plan),
    }
    return [Item(name, state) for name, state in found.items() if state]


def groups(plan: CopyTest) -> int:
    """Groups of people that can be compared: the arms, and who is held back."""
    return len(plan.arms) + (plan.holdout_share > 0)


def hook_of(arm: CopyArm) -> str:
    """What moves people to act: the hook, else the incentive; empty where neither is stated."""
    return arm.hook.strip() or arm.incentive.strip()


def unknown_crowds(plan: CopyTest) -> Iterator[tuple[CopyCrowd, str]]:
    """Crowds that no order tells, or may not tell, and whether they are offered membership (S120).

    Yields:
        The crowd, and stated, missing, or unknown where the crowd has no rule.
    """
    offered = any(_MEMBERSHIP.search(f"{arm.incentive} {arm.hook}") for arm in plan.arms)
    for crowd in plan.crowds:
        if crowd.who is None:
            yield crowd, STATED if offered else UNKNOWN
        elif crowd.who.orders_at_most == 0 or crowd.who.member is False:
            yield crowd, STATED if offered else MISSING


def _stated(value: object) -> str:
    return STATED if value else MISSING


def _control(plan: CopyTest) -> str:
    if plan.control is not None:
        return STATED
    return MISSING if plan.holdout_share else UNREADABLE


def _primary(plan: CopyTest) -> str:
    """Stated, and an outcome that the channel can have."""
    possible = plan.primary not in _CALLS_ONLY or plan.channel in ("call", "call_sms")
    return STATED if possible and "primary" in plan.model_fields_set else MISSING


def _filed(base: CopyBase, test: str) -> str:
    """Filed before the first send and not changed in forms.yml since."""
    if test not in base.filed:
        return MISSING
    late = filed_late(base, test)
    if late:
        return UNREADABLE
    if late is None and first_send(base, test) is not None:
        return UNKNOWN
    today = next((plan for plan in base.plans if plan.id == test), None)
    return MISSING if plan_changes(base.filed[test].test, today) else STATED


def _hooks(plan: CopyTest) -> str:
    """Each challenger states its hook, and no two arms share one: a cell has one arm (S004)."""
    named = [hook_of(arm) for arm in plan.arms]
    silent = any(not hook_of(arm) for arm in plan.challengers)
    shared = len(set(filter(None, named))) < len(list(filter(None, named)))
    return MISSING if silent or shared or not plan.arms else STATED


def _welcome(plan: CopyTest) -> str:
    states = {state for _, state in unknown_crowds(plan)}
    return next((state for state in (MISSING, UNKNOWN, STATED) if state in states), "")
