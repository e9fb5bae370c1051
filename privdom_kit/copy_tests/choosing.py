"""The rule by which each arm of a test is shipped, stopped, left, or sent to more people.

In this order, the first that applies:

==============  ==================================================================================
choice          when
==============  ==================================================================================
observational   nothing says that chance decided who got what
unsound         a check of the test failed
stop            a guard-rail is breached, or the arm is worse for sure on the deciding outcome
ship            better for sure, its guard-rails passed; of several the one whose interval begins
                highest
runner_up       better for sure too, its guard-rails passed, but not the one to ship
go_on           better for sure, but a guard-rail is open or not measured; or nothing is sure and
                the people planned for are not reached, or were too few to see the smallest
                difference that matters; or no number of people was planned at all
keep            better for sure, but its extra friends cost more than they are worth, for sure
                (costs_too_much); or nothing is sure, and the people planned for are reached: no
                difference that matters is left (equivalent), or none was found (not_shown)
==============  ==================================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.claims import ANY_TIME, Claim, test_claims
from privdom_kit.copy_tests.extra_profit import extra_profits
from privdom_kit.copy_tests.primary import least_difference
from privdom_kit.copy_tests.soundness import failed_checks
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.estimates import Interval, sample_size_proportions

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

SHIP, RUNNER_UP, KEEP, GO_ON, STOP = "ship", "runner_up", "keep", "go_on", "stop"
NO_TEST, SEEN_ONLY = "unsound", "observational"
#: Why, where the choice does not say it.
BREACHED, HARM, BETTER = "guardrail_breached", "worse_for_sure", "better_for_sure"
RAIL_OPEN, RAIL_UNKNOWN = "guardrail_open", "guardrail_not_measured"
NOT_REACHED, TOO_SMALL, UNPLANNED = "not_reached", "too_small_to_see_it", "no_number_planned"
EQUIVALENT, NOT_SHOWN, COSTLY = "equivalent", "not_shown", "costs_too_much"

_NOTHING = (NO_TEST, SEEN_ONLY)  # of which nothing follows


@dataclass(frozen=True, slots=True)
class Choice:
    """What is decided for one arm.

    Attributes:
        claim: What it rests on.
        choice: One of the first column above.
        reason: Why; the choice itself where that says it.
        guardrails: State over its guard-rails.
        least_difference: Smallest difference that matters; None where none was stated.
        people_needed: People of the arm for that difference at the share seen in the reference;
            None where it cannot be derived.
        extra_profit: What the arm brings in money beyond the reference, a person sent to; None
            where cost or value of a friend is not known.
    """

    claim: Claim
    choice: str
    reason: str
    guardrails: str
    least_difference: float | None
    people_needed: int | None
    extra_profit: Interval | None = None


def choose(base: CopyBase, test: str) -> list[Choice]:
    """A choice an arm; empty where a test has nothing to compare."""
    from privdom_kit.copy_tests.measure_harms import guardrail_states

    claims = test_claims(base, test)
    if not claims:
        return []
    rails = guardrail_states(base, test)
    profits = extra_profits(base, test)
    costly = {arm for arm, profit in profits.items() if profit.upper < 0}
    better = [c for c in claims if c.side > 0 and c.arm not in costly]
    passed = [c for c in better if rails.get(c.arm) == "passed"]
    best = max(passed, key=_lower_end).arm if passed else None
    found = []
    for claim in claims:
        least, needed = _needed(base, test, claim, len(claims))
        rail = rails.get(claim.arm, "not_measured")
        choice, reason = _choice(base, test, claim, rail, best, least, needed)
        if claim.side > 0 and claim.arm in costly and choice != STOP and choice not in _NOTHING:
            choice, reason = KEEP, COSTLY
        profit = profits.get(claim.arm) if choice not in _NOTHING else None
        found.append(Choice(claim, choice, reason, rail, least, needed, profit))
    return found


def _lower_end(claim: Claim) -> float:
    return claim.difference.lower if claim.difference is not None else -math.inf


def _choice(
    base: CopyBase,
    test: str,
    claim: Claim,
    rail: str,
    best: str | None,
    least: float | None,
    needed: int | None,
) -> tuple[str, str]:
    if base.evidence(test) == OBSERVED:
        return SEEN_ONLY, SEEN_ONLY
    if failed_checks(base, test):
        return NO_TEST, NO_TEST
    if rail == "breached":
        return STOP, BREACHED
    if claim.side < 0:
        return STOP, HARM
    if claim.side > 0:
        return _better(claim, rail, best)
    return _unsure(claim, least, needed)


def _better(claim: Claim, rail: str, best: str | None) -> tuple[str, str]:
    if rail == "passed":
        return (SHIP if claim.arm == best else RUNNER_UP), BETTER
    return GO_ON, RAIL_OPEN if rail == "open" else RAIL_UNKNOWN


def _unsure(claim: Claim, least: float | None, needed: int | None) -> tuple[str, str]:
    if claim.basis == ANY_TIME:
        return GO_ON, UNPLANNED
    if not claim.done or claim.difference is None:
        return GO_ON, NOT_REACHED
    if least is not None and -least < claim.difference.lower and claim.difference.upper < least:
        return KEEP, EQUIVALENT
    # A difference that matters is still possible, and the test was too small to see it.
    small = needed is not None and claim.counts.n < needed
    if small and least is not None and claim.difference.upper >= least:
        return GO_ON, TOO_SMALL
    return KEEP, NOT_SHOWN


def _needed(base: CopyBase, test: str, claim: Claim, arms: int) -> tuple[float | None, int | None]:
    """The smallest difference that matters, and the people an arm needs for it."""
    _, n, reference_x, reference_n = claim.counts.sides
    seen = reference_x / reference_n if reference_n else 0.0
    least = least_difference(base.plan(test), seen)
    if least is None or not 0 < seen < 1 or seen + least >= 1 or not n:
        return least, None
    rules = base.settings.copy_tests
    ratio = n / reference_n
    control = sample_size_proportions(
        seen, seen + least, 1 - rules.confidence_level, rules.power, ratio, arms,
        rules.sample_size_formula,
    )  # fmt: skip
    return least, math.ceil(control * ratio)
