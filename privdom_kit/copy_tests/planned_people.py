"""How many people each crowd and arm of a planned test has: drawn, sent already, or stated."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.allotting import arm_cuts, arm_shares

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest

#: Where a number of people comes from.
DRAWN, FILED, SENT, STATED, UNKNOWN = "by_rule", "as_filed", "sent_already", "stated", "unknown"


@dataclass(frozen=True, slots=True)
class CrowdSize:
    """People of one crowd of a planned test.

    Attributes:
        crowd: Name; None for a test without crowds.
        people: Held back among them; None where nobody knows.
        source: :data:`DRAWN` (found by the rule, less those left out), :data:`FILED` (as the plan
            was filed), :data:`SENT`, :data:`STATED` or :data:`UNKNOWN`.
    """

    crowd: str | None
    people: int | None
    source: str


def crowd_sizes(base: CopyBase, plan: CopyTest) -> list[CrowdSize]:
    """The people of each crowd of a planned test, in the order of the plan."""
    names: list[str | None] = [crowd.name for crowd in plan.crowds] or [None]
    if plan.id in base.filed and base.filed[plan.id].sizes:
        return [CrowdSize(name, _filed(base, plan, name), FILED) for name in names]
    if plan.id in base.tests():
        return [CrowdSize(name, _sent(base, plan, name), SENT) for name in names]
    stated = [crowd.people for crowd in plan.crowds] or [None]
    found = base.crowds
    sizes = []
    for place, (name, number) in enumerate(zip(names, stated, strict=True)):
        drawn = found.drawn(plan.id, place) if found is not None else None
        if drawn is not None:
            sizes.append(CrowdSize(name, drawn, DRAWN))
        else:
            sizes.append(CrowdSize(name, number, UNKNOWN if number is None else STATED))
    return sizes


def arm_people(plan: CopyTest, people: int) -> list[int]:
    """People by arm, held back first, as :mod:`privdom_kit.copy_tests.allotting` cuts them."""
    cuts = arm_cuts(people, arm_shares(plan)) if plan.arms else [people]
    ends = [0, *cuts, people]
    return [b - a for a, b in itertools.pairwise(ends)]


def summed_people(plan: CopyTest, sizes: list[CrowdSize]) -> list[int]:
    """People by arm over all crowds whose size is known, held back first."""
    each = [arm_people(plan, size.people) for size in sizes if size.people is not None]
    return [sum(column) for column in zip(*each, strict=True)] if each else []


def arm_ratios(plan: CopyTest) -> dict[str, float]:
    """People of each challenger to one of the copy in use; without one, to one held back."""
    control = plan.control
    if plan.against_held_back:
        whole = sum(Fraction(str(arm.weight)) for arm in plan.arms)
        held = Fraction(str(plan.holdout_share))
        sent = (1 - held) / held
        return {a.name: float(Fraction(str(a.weight)) / whole * sent) for a in plan.arms}
    if control is None:
        return {}
    weight = Fraction(str(control.weight))
    return {arm.name: float(Fraction(str(arm.weight)) / weight) for arm in plan.challengers}


def _sent(base: CopyBase, plan: CopyTest, crowd: str | None) -> int:
    """People of a crowd whom the test was sent to so far, held back among them."""
    cells = base.cells[base.cells["test"] == plan.id]
    if crowd is not None:
        cells = cells[cells["crowd"] == crowd]
    return int(cells["people"].sum())


def _filed(base: CopyBase, plan: CopyTest, crowd: str | None) -> int:
    rows = base.filed[plan.id].sizes
    return sum(int(row["people"]) for row in rows if crowd in (None, row.get("crowd")))
