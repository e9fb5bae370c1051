"""Means and ratios of sums, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from privdom_kit.estimates.basics import Interval, t_critical


def paired_sums_ratio(
    values: Sequence[float], matched: Sequence[float], level: float = 0.95
) -> Interval | None:
    """The ratio of two sums of paired values, with its interval over the pairs.

    Ratio estimator with linearised variance (Cochran 1977, section 6.3), Student's t with one
    degree less than pairs, on the log scale so that it stays above 0.

    Args:
        values: One a pair, e.g. the sales of a special day.
        matched: What it is held against, e.g. the mean of its matched days.
        level: Confidence level.

    Returns:
        None with fewer than three pairs, or where a sum is not above 0.
    """
    tops, bottoms = np.asarray(values, dtype=float), np.asarray(matched, dtype=float)
    if len(tops) < 3 or not tops.sum() > 0 or not bottoms.sum() > 0:
        return None
    ratio = float(tops.sum() / bottoms.sum())
    spread = tops - ratio * bottoms
    variance = float((spread**2).sum()) / (len(tops) - 1) / len(tops) / float(bottoms.mean()) ** 2
    half = t_critical(level, len(tops) - 1) * math.sqrt(variance) / ratio
    return Interval(ratio, ratio * math.exp(-half), ratio * math.exp(half))


def mean_interval(n: float, total: float, squares: float, level: float = 0.95) -> Interval | None:
    """The mean out of a count, a sum and a sum of squares, with Student's interval.

    Returns:
        None with nobody. The ends are NaN where no spread was seen (one person, or all alike):
        that is no evidence of certainty.
    """
    if not n:
        return None
    mean = total / n
    spread = sample_variance(n, total, squares)
    if not spread:
        return Interval(mean, math.nan, math.nan)
    half = t_critical(level, int(n) - 1) * math.sqrt(spread / n)
    return Interval(mean, mean - half, mean + half)


def welch_test(
    first: tuple[float, float, float], second: tuple[float, float, float], level: float = 0.95
) -> tuple[Interval, float] | None:
    """The difference of two means, first less second, with its interval and two-sided p-value.

    B. L. Welch, The generalization of Student's problem when several different population
    variances are involved, Biometrika 34 (1947); degrees of freedom by Welch and Satterthwaite.

    Args:
        first: Count, sum and sum of squares.
        second: The same of the other group.
        level: Confidence level of the interval.

    Returns:
        None where a group has fewer than two, or neither shows any spread.
    """
    from scipy.stats import t

    if min(first[0], second[0]) < 2:
        return None
    shares = [sample_variance(*group) / group[0] for group in (first, second)]
    if not sum(shares):
        return None
    spread = math.sqrt(sum(shares))
    degrees = sum(shares) ** 2 / sum(
        share**2 / (group[0] - 1) for share, group in zip(shares, (first, second), strict=True)
    )
    gap = first[1] / first[0] - second[1] / second[0]
    half = float(t.ppf((1 + level) / 2, degrees)) * spread
    return Interval(gap, gap - half, gap + half), float(2 * t.sf(abs(gap) / spread, degrees))


def sample_variance(n: float, total: float, squares: float) -> float:
    """Sample variance; 0 for one value, and where only rounding is left of it."""
    if n < 2:
        return 0.0
    around = squares - total * total / n
    return around / (n - 1) if around > 1e-9 * max(squares, 1e-12) else 0.0
