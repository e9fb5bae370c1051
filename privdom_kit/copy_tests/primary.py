"""What a test is decided by: its primary outcome, its arms, and how many people it was planned for.

Where no plan names an outcome, the furthest of the chain that enough people have is taken, counted
over all arms together: which arm they are in does not enter the choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.planned_split import held_name, planned_weights
from privdom_kit.copy_tests.start import HELD_BACK, PLANNED
from privdom_kit.form_copy_tests import OUTCOMES
from privdom_kit.formats import day_number

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest

#: Outcomes that a person can have who was sent nothing.
UNSENT = ("friend_added", "friend_kept", "ordered")
#: Where the number of people comes from that a test was planned for.
IN_FILED, IN_CROWDS = "filed_plan", "crowds_of_plan"
IN_FORMULA, IN_PERIOD = "sample_size", "sending_period"
_FURTHEST = ("ordered", "friend_added", "clicked")


@dataclass(frozen=True, slots=True)
class Primary:
    """The outcome that decides a test.

    Attributes:
        outcome: Its name.
        planned: Whether a plan names it; else it was the furthest with enough people.
    """

    outcome: str
    planned: bool


@dataclass(frozen=True, slots=True)
class PlannedPeople:
    """People that a test was planned for.

    Attributes:
        arms: By arm, the one held back among them where the plan has one.
        source: :data:`IN_FILED`, :data:`IN_CROWDS`, :data:`IN_FORMULA`, or :data:`IN_PERIOD`: the
            plan fixes the last day instead, and everybody sent to by then is meant.
    """

    arms: dict[str, float]
    source: str


def primary_outcome(base: CopyBase, test: str) -> Primary | None:
    """The outcome that decides a test; None where the tables do not tell it, or nobody has any."""
    units, plan = base.units, base.plan(test)
    if units is None:
        return None
    if plan is not None:
        return Primary(plan.primary, True) if plan.primary in units.outcomes else None
    arms, reference = base.arms(test), base.reference(test)
    told = [name for name in _FURTHEST if name in units.outcomes]
    if reference is not None and reference[1] == HELD_BACK:
        told = [name for name in told if _without_send(arms, name)]
    enough = [n for n in told if arms[f"x_{n}"].sum() >= base.settings.copy_tests.least_events]
    if enough:
        return Primary(enough[0], False)
    any_seen = [name for name in told if arms[f"x_{name}"].sum() > 0]
    return Primary(any_seen[0], False) if any_seen else None


def compared_outcomes(base: CopyBase, test: str, against_held: bool) -> list[str]:
    """Outcomes that can be compared, the primary one first, then along the chain.

    Args:
        base: The client.
        test: Name of the test.
        against_held: Whether one side was sent nothing, so that only what needs no send counts,
            and what people who were sent nothing are on record with.
    """
    primary = primary_outcome(base, test)
    if primary is None or base.units is None:
        return []
    arms = base.arms(test)
    told = [n for n in OUTCOMES if n in base.units.outcomes and arms[f"x_{n}"].sum() > 0]
    if against_held:
        told = [name for name in told if _without_send(arms, name)]
        if not _without_send(arms, primary.outcome):
            return told
    return [primary.outcome, *(n for n in told if n != primary.outcome)]


def _without_send(arms: pd.DataFrame, outcome: str) -> bool:
    """Whether people can have the outcome who were sent nothing: by its kind, or on record."""
    return outcome in UNSENT or bool(arms.loc[arms["held"], f"x_{outcome}"].sum() > 0)


def references(base: CopyBase, test: str) -> list[tuple[str, str]]:
    """The arms that the others are held against, with their kind; the one that decides first.

    A test with a control that was sent and an arm held back has two: which copy is better, and
    what sending brings at all.
    """
    first = base.reference(test)
    if first is None:
        return []
    if first[1] == HELD_BACK:
        return [(held_name(base, test), HELD_BACK)]
    if first[1] == PLANNED and base.arms(test)["held"].any():
        return [first, (held_name(base, test), HELD_BACK)]
    return [first]


def challengers(base: CopyBase, test: str, reference: str) -> list[str]:
    """Arms that are held against a reference: all that were sent, in the order of the plan."""
    arms = base.arms(test)
    sent = [str(name) for name in arms.loc[~arms["held"], "arm"] if name != reference]
    plan = base.plan(test)
    order = [arm.name for arm in plan.arms] if plan else []
    return sorted(sent, key=lambda name: (order.index(name) if name in order else len(order), name))


def least_difference(plan: CopyTest | None, rate: float | None) -> float | None:
    """The smallest difference that matters, in share of people; None where no plan states one.

    Args:
        plan: The plan.
        rate: Share with the primary outcome in the reference arm, for a lift stated relative to it.
    """
    if plan is None:
        return None
    if plan.minimum_difference is not None:
        return plan.minimum_difference
    base_rate = rate if rate else plan.baseline
    if plan.minimum_lift is None or not base_rate:
        return None
    return plan.minimum_lift * base_rate


def planned_people(base: CopyBase, test: str) -> PlannedPeople | None:
    """How many people a test was planned for; None where nothing says so."""
    plan = base.plan(test)
    if plan is None or not plan.arms:
        return None
    if test in base.filed and (sizes := _filed_sizes(base, test)):
        return PlannedPeople(sizes, IN_FILED)
    weights = planned_weights(base, test) or {}
    people = [crowd.people for crowd in plan.crowds]
    if people and all(count is not None for count in people):
        total = sum(count for count in people if count is not None)
        return PlannedPeople({arm: total * share for arm, share in weights.items()}, IN_CROWDS)
    return _by_formula(base, plan, weights) or _by_period(base, test)


def over(base: CopyBase, test: str) -> bool:
    """Whether the last planned day of sending has passed; true where no plan names one."""
    plan = base.plan(test)
    last = plan.ends_on if plan is not None else None
    return last is None or day_number(last) <= base.base.as_of_day


def arm_sums(base: CopyBase, test: str, arm: str, held: bool) -> pd.Series:
    """The sums of one side of a comparison.

    Args:
        base: The client.
        test: Name of the test.
        arm: Name of the arm.
        held: Whether the side is everybody who was sent nothing, whatever their arm is called.
    """
    arms = base.arms(test)
    rows = arms[arms["held"]] if held else arms[(arms["arm"] == arm) & ~arms["held"]]
    return rows.drop(columns=["arm", "held"]).sum()


def _filed_sizes(base: CopyBase, test: str) -> dict[str, float]:
    sizes: dict[str, float] = {}
    nothing = base.settings.copy_tests.control_arms
    for row in base.filed[test].sizes:
        if row.get("people") is not None and row.get("arm") is not None:
            arm = str(row["arm"])
            if arm.lower() in nothing:
                # The plan and the deliveries may call the arm held back differently.
                arm = held_name(base, test)
            sizes[arm] = sizes.get(arm, 0.0) + float(row["people"])
    return sizes


def _by_period(base: CopyBase, test: str) -> PlannedPeople | None:
    """Everybody in the test, where the plan fixed its last day and all windows are over."""
    plan, primary = base.plan(test), primary_outcome(base, test)
    if plan is None or plan.ends_on is None or primary is None or not over(base, test):
        return None
    arms = base.arms(test)
    if not (arms[f"n_{primary.outcome}"] == arms["people"]).all():
        return None
    held = held_name(base, test)
    people = arms["people"].groupby(arms["arm"].mask(arms["held"], held)).sum()
    return PlannedPeople({str(arm): float(n) for arm, n in people.items()}, IN_PERIOD)


def _by_formula(base: CopyBase, plan: CopyTest, weights: dict[str, float]) -> PlannedPeople | None:
    """The sample size at the planned baseline and smallest difference, split as planned."""
    from privdom_kit.estimates import sample_size_proportions

    least = least_difference(plan, plan.baseline)
    compared = references(base, plan.id)
    if not compared or not plan.baseline or not least or plan.baseline + least >= 1:
        return None
    reference = compared[0][0]
    others = [arm for arm in challengers(base, plan.id, reference) if weights.get(arm)]
    own = weights.get(reference)
    if not others or not own:
        return None
    rules = base.settings.copy_tests
    control = max(
        sample_size_proportions(
            plan.baseline, plan.baseline + least, 1 - rules.confidence_level, rules.power,
            weights[arm] / own, len(others), rules.sample_size_formula,
        )
        for arm in others
    )  # fmt: skip
    scale = math.ceil(control) / own
    return PlannedPeople({arm: share * scale for arm, share in weights.items()}, IN_FORMULA)
