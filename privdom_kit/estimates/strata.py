"""A difference of shares pooled over strata, and whether people were split as planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import (
    DifferenceTest,
    Test,
    check_level,
    normal_critical,
    normal_p_value,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Below five expected in a cell chi-squared is off (Cochran 1954).
_SMALL_CELL = 5
_MOST_SPLITS = 200_000


def pooled_risk_difference(tables: ArrayLike, level: float = 0.95) -> DifferenceTest:
    """The Mantel-Haenszel difference of shares, treatment less control, over strata.

    S. Greenland and J. M. Robins, Estimation of a common effect parameter from sparse follow-up
    data, Biometrics 41 (1985); error of T. Sato, On the variance estimator for the
    Mantel-Haenszel risk difference, Biometrics 45 (1989), which holds for few large strata and for
    many small ones. Interval and test are normal, from estimate / standard_error, so that they
    agree (the test is not that of Cochran, Mantel and Haenszel).

    Args:
        tables: One a stratum, ``[[successes, failures] of the treatment, [successes, failures] of
            the control]``: an array of shape (strata, 2, 2). A stratum with an empty arm has no
            weight; empty cells need no correction.
        level: Confidence level.

    Returns:
        ``p_value`` two-sided. Where the error is 0 (nobody, or everybody, in every stratum) that
        is no certainty: the bounds are NaN, and so are statistic and p-value unless the estimate
        is 0 (then 0 and 1).

    Raises:
        DataError: The tables are not of that shape, a count is negative or missing, or no stratum
            has people in both arms.
    """
    check_level(level)
    cells = _stratum_cells(tables)
    (hit_1, miss_1), (hit_0, miss_0) = np.moveaxis(cells, 0, -1)
    n_1, n_0 = hit_1 + miss_1, hit_0 + miss_0
    total = n_1 + n_0
    weight = float((n_1 * n_0 / total).sum())
    estimate = float(((hit_1 * n_0 - hit_0 * n_1) / total).sum()) / weight
    first = (n_1**2 * hit_0 - n_0**2 * hit_1 + n_1 * n_0 * (n_0 - n_1) / 2) / total**2
    second = (hit_1 * miss_0 + hit_0 * miss_1) / (2 * total)
    variance = (estimate * float(first.sum()) + float(second.sum())) / weight**2
    if not variance > 1e-15 / weight:
        agree = estimate == 0
        rest = (0.0, 1.0) if agree else (math.nan, math.nan)
        return DifferenceTest(estimate, math.nan, math.nan, 0.0, *rest)
    error = math.sqrt(variance)
    half, statistic = normal_critical(level) * error, estimate / error
    lower, upper = max(estimate - half, -1.0), min(estimate + half, 1.0)
    return DifferenceTest(estimate, lower, upper, error, statistic, normal_p_value(statistic))


def sample_ratio_test(observed: Sequence[float], weights: Sequence[float]) -> Test:
    """Whether people were split over the arms as planned: one test of all arms at once.

    Pearson's chi-squared of k arms with k - 1 degrees of freedom, for one look at the end (not for
    looking every day). Where an arm is expected to hold fewer than five people the p-value is
    the exact multinomial one (chance of a split no more likely than the one seen), as long as
    there are at most 200,000 splits to add up.

    Args:
        observed: People by arm.
        weights: Planned split, in any unit; an arm planned with 0 should hold nobody.

    Returns:
        ``estimate`` is the largest difference of an arm's share of people from its planned share;
        ``statistic`` Pearson's; ``p_value`` 0, and the statistic infinite, where people are in an
        arm that was planned with none.

    Raises:
        DataError: Lengths differ, a count or weight is negative, there are fewer than two arms
            with a weight, or there is nobody.
    """
    from scipy.stats import chi2

    counts, plan = _split(observed, weights)
    shares = plan / plan.sum()
    gap = counts / counts.sum() - shares
    largest = float(gap[np.argmax(np.abs(gap))])
    if counts[plan == 0].sum() > 0:
        return Test(largest, math.inf, 0.0)
    counts, shares = counts[plan > 0], shares[plan > 0]
    expected = shares * counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    exact = _exact_split(counts, shares) if expected.min() < _SMALL_CELL else None
    p_value = float(chi2.sf(statistic, len(counts) - 1)) if exact is None else exact
    return Test(largest, statistic, p_value)


def _stratum_cells(tables: ArrayLike) -> NDArray:
    """The tables with people in both arms."""
    cells = np.asarray(tables, dtype=float)
    if cells.ndim != 3 or cells.shape[1:] != (2, 2):
        raise DataError(
            f"tables of shape {cells.shape}",
            "expected one [[successes, failures], [successes, failures]] a stratum, "
            "treatment first",
        )
    if not (cells >= 0).all() or not np.isfinite(cells).all():
        raise DataError("a count is negative or missing", "expected counts from 0 on")
    kept = cells[(cells.sum(axis=2) > 0).all(axis=1)]
    if not len(kept):
        raise DataError("no stratum has people in both arms", "expected one at least")
    return kept


def _split(observed: Sequence[float], weights: Sequence[float]) -> tuple[NDArray, NDArray]:
    counts, plan = np.asarray(observed, dtype=float), np.asarray(weights, dtype=float)
    if counts.shape != plan.shape or counts.ndim != 1 or (plan > 0).sum() < 2:
        raise DataError(
            f"{counts.size} arms with {plan.size} weights",
            "expected a weight an arm, at least two of them above 0",
        )
    if not ((counts >= 0).all() and (plan >= 0).all() and np.isfinite(counts + plan).all()):
        raise DataError("a count or weight is negative or missing", "expected numbers from 0 on")
    if not counts.sum() > 0:
        raise DataError("nobody in any arm", "a split needs people")
    return counts, plan


def _exact_split(counts: NDArray, shares: NDArray) -> float | None:
    """Exact multinomial p-value; None where there are too many splits or parts of people."""
    from scipy.special import gammaln, xlogy

    total, arms = round(float(counts.sum())), len(counts)
    whole = np.abs(counts - np.round(counts)).max() < 1e-9
    if not whole or math.comb(total + arms - 1, arms - 1) > _MOST_SPLITS:
        return None
    splits = np.zeros((1, 0), dtype=int)
    for _ in range(arms - 1):
        left = total - splits.sum(axis=1)
        rows = np.repeat(np.arange(len(splits)), left + 1)
        first = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        splits = np.column_stack([splits[rows], np.arange(len(rows)) - first])
    splits = np.column_stack([splits, total - splits.sum(axis=1)])

    def log_chance(split: NDArray) -> NDArray:
        return gammaln(total + 1) + (xlogy(split, shares) - gammaln(split + 1)).sum(axis=-1)

    chances, seen = log_chance(splits), float(log_chance(counts))
    return min(float(np.exp(chances[chances <= seen + 1e-9]).sum()), 1.0)
