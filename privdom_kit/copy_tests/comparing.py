"""One arm against another on one outcome: counts, rates, differences, and what may be said.

The test is the score test, and every interval that it has to agree with is one of its own: the
Miettinen-Nurminen interval of the difference and of the relative lift, at the level that belongs to
the corrected p-value. Newcombe's interval of the difference stands beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.copy_tests.start import HELD_BACK
from privdom_kit.estimates import (
    DifferenceTest,
    Interval,
    adjust_p_values,
    compatible_levels,
    difference_interval,
    pooled_risk_difference,
)
from privdom_kit.estimates.relative_lifts import relative_lift, score_test

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

PRIMARY, EXPLORATORY = "primary", "exploratory"
DIFFERENCE, NEWCOMBE = "difference", "newcombe_difference"
POOLED, LIFT = "pooled_difference", "lift"
#: What is computed from the counts of both sides, and hidden with either.
COMPUTED = (
    *(*bounded(DIFFERENCE), *bounded(NEWCOMBE), *bounded(POOLED), *bounded(LIFT)),
    *("z", "p_value", "p_value_adjusted"),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """One outcome of the two sides of a comparison.

    Attributes:
        x: People of the arm with the outcome.
        n: People of the arm whose window is over.
        reference_x: The same of the reference.
        reference_n: The same of the reference.
        strata: ``[[x, others] of the arm, [x, others] of the reference]`` by crowd.
    """

    x: int
    n: int
    reference_x: int
    reference_n: int
    strata: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """The four counts, arm first."""
        return self.x, self.n, self.reference_x, self.reference_n

    def enough(self, people: int, events: int) -> bool:
        """Whether each side has the people, and both together the events, to be compared."""
        return min(self.n, self.reference_n) >= people and self.x + self.reference_x >= events

    def difference(self, level: float) -> Interval:
        """Miettinen-Nurminen; the whole scale where the level is as good as 1."""
        if not level < 1:
            return Interval(self.x / self.n - self.reference_x / self.reference_n, -1.0, 1.0)
        return difference_interval(*self.sides, level, "miettinen_nurminen")

    def pooled(self, level: float) -> DifferenceTest | None:
        """Mantel-Haenszel over crowds; None with fewer than two crowds that have both sides."""
        both = [s for s in self.strata if min(sum(s[0]), sum(s[1])) > 0]
        return pooled_risk_difference(both, level) if len(both) > 1 else None


def count_outcome(
    base: CopyBase, test: str, arm: str, reference: tuple[str, str], outcome: str
) -> Counts:
    """The counts of an arm and its reference, overall and by crowd.

    Args:
        base: The client.
        test: Name of the test.
        arm: Name of the arm.
        reference: Name of the reference and its kind.
        outcome: Name of the outcome.
    """
    name, kind = reference
    cells = base.cells[base.cells["test"] == test]
    ours = cells[(cells["arm"] == arm) & ~cells["held"]]
    held = cells["held"] if kind == HELD_BACK else (cells["arm"] == name) & ~cells["held"]
    sums = [side[[f"x_{outcome}", f"n_{outcome}"]].sum() for side in (ours, cells[held])]
    x, n, reference_x, reference_n = (int(value) for side in sums for value in side)
    return Counts(x, n, reference_x, reference_n, _strata(ours, cells[held], outcome))


def _strata(ours: Any, theirs: Any, outcome: str) -> tuple:
    x, n = f"x_{outcome}", f"n_{outcome}"
    sides = []
    for side in (ours, theirs):
        sums = side.groupby(side["crowd"].fillna(""))[[x, n]].sum()
        sides.append(
            {crowd: (float(row[x]), float(row[n] - row[x])) for crowd, row in sums.iterrows()}
        )
    first, second = sides
    return tuple((first[crowd], second[crowd]) for crowd in first if crowd in second)


def compare_rows(
    counts: Sequence[Counts], base: CopyBase, correct: bool
) -> list[dict[str, float | None]]:
    """What the test says of each pair of counts.

    Args:
        counts: One family of comparisons: what is corrected for is how many these are.
        base: The client, for its settings.
        correct: Whether p-values are corrected, and intervals at the levels that agree with it;
            else the plain level, for what is looked at without being planned.

    Returns:
        :data:`COMPUTED` by name, a row a pair; all None where too few people or events.
    """
    rules = base.settings.copy_tests
    alpha = 1 - rules.confidence_level
    tests = [
        score_test(*pair.sides) if pair.enough(rules.least_people, rules.least_events) else None
        for pair in counts
    ]
    p = [None if test is None else test.p_value for test in tests]
    adjusted = adjust_p_values(p, rules.correction) if correct else [None] * len(p)
    levels = compatible_levels(p, rules.correction, alpha) if correct else [1 - alpha] * len(p)
    rows = []
    for pair, test, corrected, level in zip(counts, tests, adjusted, levels, strict=True):
        if test is None or level is None:
            rows.append(dict.fromkeys(COMPUTED))
            continue
        numbers = {"z": test.statistic, "p_value": test.p_value, "p_value_adjusted": corrected}
        rows.append(_intervals(pair, level) | numbers)
    return rows


def _intervals(pair: Counts, level: float) -> dict[str, float | None]:
    pooled = pair.pooled(level)
    return {
        **interval_figures(DIFFERENCE, pair.difference(level)),
        **interval_figures(NEWCOMBE, difference_interval(*pair.sides, level)),
        **interval_figures(POOLED, None if pooled is None or math.isnan(pooled.lower) else pooled),
        **interval_figures(LIFT, relative_lift(*pair.sides, level)),
    }


def rate_columns(pair: Counts, level: float) -> dict[str, float | None]:
    """Counts and shares with Wilson bounds of both sides."""
    return {
        "people": pair.n,
        "with_outcome": pair.x,
        **rate(pair.x, pair.n, "rate", level),
        "reference_people": pair.reference_n,
        "reference_with_outcome": pair.reference_x,
        **rate(pair.reference_x, pair.reference_n, "reference_rate", level),
    }


def sure_direction(row: dict[str, Any], alpha: float) -> int:
    """1 where the arm is better for sure, -1 worse, 0 neither.

    The corrected p-value must be below alpha, and the difference pooled over crowds, where there
    are any, must exclude 0 on the same side: a difference that comes from who was in which arm is
    not one of the copies.
    """
    p, gap = row["p_value_adjusted"], row[DIFFERENCE]
    if p is None or gap is None or not p < alpha or not gap:
        return 0
    side = 1 if gap > 0 else -1
    least, most = (row[name] for name in bounded(POOLED)[1:])
    if row[POOLED] is not None and not (least > 0 if side > 0 else most < 0):
        return 0
    return side
