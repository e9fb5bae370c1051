"""The looks that a test was planned with, and what each of them says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.comparing import Counts
from privdom_kit.copy_tests.daily_counts import DailyCounts
from privdom_kit.copy_tests.primary import over, planned_people
from privdom_kit.estimates import (
    Interval,
    adjust_p_values,
    compatible_levels,
    normal_critical,
    sequential_bounds,
    sequential_p_value,
)
from privdom_kit.estimates.relative_lifts import score_test

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

# Nominal levels below it are as good as none: no share could reach such a bound.
_LEAST_LEVEL = 1e-12


@dataclass(frozen=True, slots=True)
class Look:
    """One planned look at one arm.

    Attributes:
        share: Share of the planned people at which it was planned.
        place: Place of its last day of sending; None while it is still to come.
        information: People compared by then over those planned.
        statistic: z of the arm against the reference; None where too few people or events.
        bound: What its absolute value must reach.
        spent: Chance of a false claim used up to here, of this arm.
        interval: Interval that agrees with the bound, and with those of all other looks.
    """

    share: float
    place: int | None = None
    information: float | None = None
    statistic: float | None = None
    bound: float | None = None
    spent: float | None = None
    interval: Interval | None = None

    @property
    def crossed(self) -> bool:
        """Whether the bound was reached."""
        known = self.statistic is not None and self.bound is not None
        return known and abs(self.statistic or 0.0) >= (self.bound or 0.0)


@dataclass(frozen=True, slots=True)
class ArmLooks:
    """The looks at one arm.

    Attributes:
        arm: Its name.
        looks: In order; those to come last.
        p_value: The smallest chance of a false claim, over all arms and looks, at which one of
            the looks so far would have crossed; None without a statistic.
    """

    arm: str
    looks: tuple[Look, ...]
    p_value: float | None

    @property
    def claim(self) -> Look | None:
        """The first look that crossed its bound."""
        return next((look for look in self.looks if look.crossed), None)

    @property
    def latest(self) -> Look | None:
        """The last look so far."""
        return next((look for look in reversed(self.looks) if look.place is not None), None)

    @property
    def done(self) -> bool:
        """Whether no look is still to come."""
        return all(look.place is not None for look in self.looks)


def planned_looks(base: CopyBase, days: DailyCounts) -> list[ArmLooks] | None:
    """The looks at each arm of a test; None where no number of people or last day was planned.

    K. K. G. Lan and D. L. DeMets, Biometrika 70 (1983), at the people actually there at each
    look; the chance of a false claim is divided evenly by the arms (Bonferroni). With one look it
    is the fixed test, corrected as in the question ``arms``. Looks that fell on one day are one.
    The last look takes all people whose window is over, once those planned are reached.
    """
    plan, planned = base.plan(days.test), planned_people(base, days.test)
    if plan is None or planned is None:
        return None
    sides = (*days.arms, days.reference[0])
    whole = sum(planned.arms.get(arm, 0.0) for arm in sides)
    places = _places(base, days, plan.looks, whole)
    if len(plan.looks) == 1 and places[0] is not None:
        return _one_look(base, days)
    looks = list(zip(plan.looks, places, strict=True))
    return _several(base, days, looks, whole, plan.spending)


def _places(
    base: CopyBase, days: DailyCounts, shares: tuple[float, ...], whole: float
) -> list[int | None]:
    """The day of each look; None for those to come."""
    total = days.total
    let_pass = 1 - base.settings.copy_tests.short_share
    last = len(total) - 1
    done = bool(total[last] >= let_pass * whole) and over(base, days.test)
    places: list[int | None] = []
    for share in shares[:-1]:
        reached = [place for place in range(len(total)) if total[place] >= share * whole]
        places.append(reached[0] if reached else None)
    return [*places, last if done else None]


def _one_look(base: CopyBase, days: DailyCounts) -> list[ArmLooks]:
    rules, last = base.settings.copy_tests, len(days.days) - 1
    pairs = [days.pair(arm, last) for arm in days.arms]
    tests = [_statistic(base, pair) for pair in pairs]
    p = [None if test is None else test[1] for test in tests]
    alpha = 1 - rules.confidence_level
    levels = compatible_levels(p, rules.correction, alpha)
    corrected = adjust_p_values(p, rules.correction)
    found = []
    for arm, pair, test, level, adjusted in zip(
        days.arms, pairs, tests, levels, corrected, strict=True
    ):
        if test is None or level is None:
            found.append(ArmLooks(arm, (Look(1.0, last, 1.0),), None))
            continue
        bound = normal_critical(level)
        look = Look(1.0, last, 1.0, test[0], bound, 1 - level, pair.difference(level))
        found.append(ArmLooks(arm, (look,), adjusted))
    return found


def _several(
    base: CopyBase,
    days: DailyCounts,
    looks: list[tuple[float, int | None]],
    whole: float,
    spending: str,
) -> list[ArmLooks]:
    # Of looks that fell on one day the last counts.
    made = {place: share for share, place in looks if place is not None}
    to_come = tuple(Look(share) for share, place in looks if place is None)
    total, alpha = days.total, 1 - base.settings.copy_tests.confidence_level
    if not made:
        return [ArmLooks(arm, to_come, None) for arm in days.arms]
    amounts = [float(total[place]) for place in made]
    planned = amounts[-1] if not to_come else max(whole, amounts[-1])
    each = alpha / len(days.arms)
    bounds = sequential_bounds(amounts, each, 2, spending, planned)
    found = []
    for arm in days.arms:
        reached = []
        for step, (place, share) in enumerate(made.items()):
            pair = days.pair(arm, place)
            test, nominal = _statistic(base, pair), bounds.levels[step]
            reached.append(
                Look(
                    share,
                    place,
                    bounds.information[step],
                    None if test is None else test[0],
                    bounds.bounds[step] if math.isfinite(bounds.bounds[step]) else None,
                    bounds.spent[step],
                    None
                    if test is None
                    else pair.difference(1 - nominal if nominal > _LEAST_LEVEL else 1.0),
                )
            )
        statistics = [look.statistic for look in reached]
        p_value = None
        if any(z is not None for z in statistics):
            known = [z or 0.0 for z in statistics]
            p_value = sequential_p_value(known, amounts, 2, spending, planned)
            p_value = min(1.0, p_value * len(days.arms))
        found.append(ArmLooks(arm, (*reached, *to_come), p_value))
    return found


def _statistic(base: CopyBase, pair: Counts) -> tuple[float, float] | None:
    """The z and p-value of a pair; None where too few people or events."""
    rules = base.settings.copy_tests
    if not pair.enough(rules.least_people, rules.least_events):
        return None
    test = score_test(*pair.sides)
    return test.statistic, test.p_value
