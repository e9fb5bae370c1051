"""How many people each crowd of a test was planned with: nothing is ranked before (S211)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.primary import least_difference

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest

#: Where the sizes come from.
IN_FILED, IN_FORMS, IN_FORMULA = "filed_plan", "crowds_of_plan", "sample_size"


@dataclass(frozen=True, slots=True)
class PackSizes:
    """People to be sent to, by crowd.

    Attributes:
        people: By crowd, over all arms that are sent.
        source: :data:`IN_FILED`, :data:`IN_FORMS` or :data:`IN_FORMULA`.
    """

    people: dict[str, int]
    source: str

    def lacking(self, crowd: str, sent: int, short_share: float) -> int | None:
        """People that a crowd is short of its plan; None where the plan does not name it."""
        if crowd not in self.people:
            return None
        planned = self.people[crowd]
        return 0 if sent >= planned * (1 - short_share) else planned - sent


def pack_sizes(base: CopyBase, test: str) -> PackSizes | None:
    """Planned people by crowd: as filed, else as forms.yml states, else by the sample size.

    None where nothing says so.
    """
    plan = base.plan(test)
    if plan is None or not plan.crowds:
        return None
    filed = _filed(base, test)
    if filed:
        return PackSizes(filed, IN_FILED)
    stated = {crowd.name: crowd.people for crowd in plan.crowds}
    if all(people is not None for people in stated.values()):
        sent = 1 - plan.holdout_share
        return PackSizes({c: math.floor((p or 0) * sent) for c, p in stated.items()}, IN_FORMS)
    needed = _formula(base, plan)
    return PackSizes(needed, IN_FORMULA) if needed else None


def _filed(base: CopyBase, test: str) -> dict[str, int]:
    held = base.settings.copy_tests.control_arms
    rows: tuple[Mapping, ...] = base.filed[test].sizes if test in base.filed else ()
    found: dict[str, int] = {}
    for row in rows:
        crowd, people = row.get("crowd"), row.get("people")
        if crowd and people is not None and str(row.get("arm", "")).lower() not in held:
            found[str(crowd)] = found.get(str(crowd), 0) + int(people)
    return found


def _formula(base: CopyBase, plan: CopyTest) -> dict[str, int]:
    """By crowd what its test would need by itself; empty where a crowd lacks a baseline."""
    from privdom_kit.estimates import sample_size_proportions

    control, others = plan.control, plan.challengers
    if control is None or not others:
        return {}
    rules, found = base.settings.copy_tests, {}
    for crowd in plan.crowds:
        baseline = crowd.baseline or plan.baseline
        least = least_difference(plan, baseline)
        if not baseline or not least or baseline + least >= 1:
            return {}
        own = max(
            sample_size_proportions(
                baseline, baseline + least, 1 - rules.confidence_level, rules.power,
                arm.weight / control.weight, len(others), rules.sample_size_formula,
            )
            for arm in others
        )  # fmt: skip
        found[crowd.name] = math.ceil(own * sum(a.weight for a in plan.arms) / control.weight)
    return found
