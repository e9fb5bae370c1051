"""People that a planned comparison needs, and what the people there are can show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.baselines import Baseline
from privdom_kit.copy_tests.planned_people import arm_ratios
from privdom_kit.estimates import (
    detectable_difference,
    sample_size_noninferiority,
    sample_size_proportions,
    sequential_bounds,
)

if TYPE_CHECKING:
    from privdom_kit.form_copy_tests import CopyTest, Guardrail
    from privdom_kit.settings import CopyTestsSettings

YES, NO, UNSURE = "true", "false", "unsure"


@dataclass(frozen=True, slots=True)
class Needed:
    """What a comparison of all arms with the copy in use takes.

    Attributes:
        control: People of the copy in use; held back, where a plan has none.
        arms: People by arm, the copy in use among them.
        people: All of them, and those held back.
    """

    control: int
    arms: Mapping[str, int]
    people: int


def planned_difference(plan: CopyTest, rate: float) -> float | None:
    """The difference to find, in share of people; None where none is stated or can be."""
    gap = plan.minimum_difference
    if gap is None and plan.minimum_lift is not None:
        gap = plan.minimum_lift * rate
    return gap if gap and rate + gap <= 1 else None


def alpha_each(plan: CopyTest, rules: CopyTestsSettings) -> float:
    """Two-sided chance of a false claim that each arm has at the last look.

    All of it divided by the number of challengers (Bonferroni); with several planned looks what
    alpha spending leaves for the last one, so that a size is never too small for it.
    """
    each = (1 - rules.confidence_level) / max(len(plan.challengers), 1)
    if len(plan.looks) < 2:
        return each
    return sequential_bounds(plan.looks, each, 2, plan.spending).levels[-1]


def needed_for_difference(plan: CopyTest, rate: float, rules: CopyTestsSettings) -> Needed | None:
    """People needed to find the planned difference; None where there is none to find."""
    gap, ratios = planned_difference(plan, rate), arm_ratios(plan)
    if gap is None or not ratios:
        return None
    control = max(
        sample_size_proportions(
            rate,
            rate + gap,
            alpha=alpha_each(plan, rules),
            power=rules.power,
            ratio=ratio,
            formula=rules.sample_size_formula,
        )
        for ratio in ratios.values()
    )
    return _all_arms(plan, control, rules)


def needed_for_guardrail(
    plan: CopyTest, guardrail: Guardrail, rate: float, rules: CopyTestsSettings
) -> Needed | None:
    """People needed to show that a harm does not rise by the margin where it does not rise.

    One-sided at half the chance of a false claim of a two-sided test, for each arm: all arms that
    are to pass have to, so nothing is divided among them.
    """
    ratios = arm_ratios(plan)
    if not ratios or not 0 < rate < 1:
        return None
    control = max(
        sample_size_noninferiority(
            rate,
            rate,
            guardrail.margin,
            alpha=(1 - rules.confidence_level) / 2,
            power=rules.power,
            ratio=ratio,
        )
        for ratio in ratios.values()
    )
    return _all_arms(plan, control, rules)


def detectable(plan: CopyTest, rate: float, control: int, rules: CopyTestsSettings) -> float | None:
    """The smallest difference that every arm can be told from the copy in use by.

    None where not even the largest possible one could be, or there are too few people to compare.
    """
    ratios = arm_ratios(plan)
    if not ratios or control * min(1.0, *ratios.values()) < rules.least_people:
        return None
    found = [
        detectable_difference(
            rate,
            control,
            alpha=alpha_each(plan, rules),
            power=rules.power,
            ratio=ratio,
            formula=rules.sample_size_formula,
        )
        for ratio in ratios.values()
    ]
    known = [gap for gap in found if gap is not None]
    return max(known) if len(known) == len(found) else None


def can(needed: list[Needed | None], control: int | None) -> str | None:
    """Whether the people of the copy in use are enough; None where that cannot be said.

    Args:
        needed: At the baseline, then at the ends of its interval where it was measured.
        control: People of the copy in use that there are.
    """
    if control is None or not needed or needed[0] is None:
        return None
    enough = [control >= one.control for one in needed if one is not None]
    if all(enough):
        return YES if len(enough) == len(needed) else UNSURE
    return UNSURE if any(enough) else NO


def can_of_parts(answer: str | None, complete: bool) -> str | None:
    """The same where people of some crowds are not known: more people may be enough."""
    return UNSURE if answer == NO and not complete else answer


def ends(baseline: Baseline | None) -> tuple[float, ...]:
    """The baseline and the ends of its interval, none without a baseline."""
    return () if baseline is None else baseline.ends


def _all_arms(plan: CopyTest, control: int, rules: CopyTestsSettings) -> Needed:
    """People by arm at the planned weights, none below what the readout compares at all."""
    ratios = arm_ratios(plan)
    smallest = min(1.0, *ratios.values())
    control = max(control, math.ceil(rules.least_people / smallest - 1e-9))
    name = plan.control.name if plan.control else ""
    arms = {name: control, **{arm: math.ceil(control * r - 1e-9) for arm, r in ratios.items()}}
    everybody = sum(arms.values())
    if plan.control is not None:
        everybody = math.ceil(everybody / (1 - plan.holdout_share) - 1e-9)
    return Needed(control, arms, everybody)
