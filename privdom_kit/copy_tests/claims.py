"""What may be claimed of each arm of a test, by the rule that was planned for looking at it.

===========  ====================================================================================
basis        the claim rests on
===========  ====================================================================================
fixed        one look at the planned number of people: p-values corrected for the arms
looks        several planned looks: Lan-DeMets bounds, the error divided by the arms (Bonferroni)
any_time     no number of people was planned: an interval that holds whenever one looks, the error
             divided by the arms
===========  ====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.comparing import Counts, count_outcome
from privdom_kit.copy_tests.daily_counts import DailyCounts, daily_counts
from privdom_kit.copy_tests.planned_looks import ArmLooks, planned_looks
from privdom_kit.estimates import AlwaysValidInterval, Interval, Moments, always_valid_interval

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

FIXED, LOOKS, ANY_TIME = "fixed", "looks", "any_time"


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said of one arm.

    Attributes:
        arm: Its name.
        basis: :data:`FIXED`, :data:`LOOKS` or :data:`ANY_TIME`.
        counts: The counts that it rests on.
        difference: With the interval of the basis; None where too few people or events.
        p_value: Corrected for arms and looks; None with it.
        side: 1 better for sure, -1 worse for sure, 0 neither.
        done: Whether nothing more was planned.
    """

    arm: str
    basis: str
    counts: Counts
    difference: Interval | None
    p_value: float | None
    side: int
    done: bool


def test_claims(base: CopyBase, test: str) -> list[Claim]:
    """A claim an arm; empty where a test has nothing to compare, or no window is over."""
    days = daily_counts(base, test)
    if days is None:
        return []
    looks = planned_looks(base, days)
    if looks is None:
        return [_any_time(base, days, arm) for arm in days.arms]
    plan = base.plan(test)
    basis = FIXED if plan is not None and len(plan.looks) == 1 else LOOKS
    return [_by_looks(base, days, found, basis) for found in looks]


def _by_looks(base: CopyBase, days: DailyCounts, found: ArmLooks, basis: str) -> Claim:
    shown = found.claim or found.latest
    place = len(days.days) - 1 if shown is None or shown.place is None else shown.place
    side = 0
    if found.claim is not None and found.claim.statistic:
        side = 1 if found.claim.statistic > 0 else -1
    counts = _with_crowds(base, days, found.arm, days.pair(found.arm, place))
    return Claim(
        found.arm,
        basis,
        counts,
        None if shown is None else shown.interval,
        found.p_value,
        _within_crowds(base, counts, side),
        found.done,
    )


def _any_time(base: CopyBase, days: DailyCounts, arm: str) -> Claim:
    rules = base.settings.copy_tests
    counts = _with_crowds(base, days, arm, days.pair(arm, len(days.days) - 1))
    if not counts.enough(rules.least_people, rules.least_events):
        return Claim(arm, ANY_TIME, counts, None, None, 0, done=False)
    found = any_time_interval(base, counts, len(days.arms))
    side = (found.lower > 0) - (found.upper < 0)
    p_value = min(1.0, found.p_value * len(days.arms))
    inside = Interval(found.estimate, max(found.lower, -1.0), min(found.upper, 1.0))
    return Claim(
        arm, ANY_TIME, counts, inside, p_value, _within_crowds(base, counts, side), done=False
    )


def any_time_interval(base: CopyBase, counts: Counts, arms: int) -> AlwaysValidInterval:
    """The always-valid interval of a difference, its error divided by the arms."""
    rules = base.settings.copy_tests
    x, n, reference_x, reference_n = counts.sides
    alpha = (1 - rules.confidence_level) / arms
    sides = Moments(reference_n, reference_x, reference_x), Moments(n, x, x)
    return always_valid_interval(*sides, alpha, rules.tuning_people)


def _with_crowds(base: CopyBase, days: DailyCounts, arm: str, counts: Counts) -> Counts:
    """The counts, with those of all people by crowd."""
    strata = count_outcome(base, days.test, arm, days.reference, days.outcome).strata
    return Counts(*counts.sides, strata=strata)


def _within_crowds(base: CopyBase, counts: Counts, side: int) -> int:
    """The side, if the difference pooled over crowds is on it too; else 0."""
    pooled = counts.pooled(base.settings.copy_tests.confidence_level)
    return side if pooled is None or pooled.estimate * side > 0 else 0
