"""Score statistics of a difference of two shares that is not nought."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import DifferenceTest, check_counts, check_level, normal_critical

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_POLISH = 4  # Newton steps; the closed form is off by some 1e-8 where two roots nearly meet


def noninferiority_test(
    x1: float, n1: float, x2: float, n2: float, margin: float, level: float = 0.95
) -> DifferenceTest:
    """Is p1 - p2 below the margin? A small p-value says yes: group 1 is not inferior.

    One-sided score test of H0: p1 - p2 >= margin against H1: p1 - p2 < margin, for events nobody
    wants (opt-outs, complaints): group 1 is the treatment, group 2 the control. For events that
    are wanted, count those without the event. Variance under H0 from the restricted maximum
    likelihood, without the n/(n-1) of Miettinen and Nurminen: C. P. Farrington and G. Manning,
    Test statistics and sample size formulae for comparative binomial trials with null hypothesis
    of non-zero risk difference, Statistics in Medicine 9 (1990), method 3. With margin 0 its
    square is Pearson's chi-squared. No event in either group is no pass by itself: the variance
    under H0 is that of the margin, and ``upper`` says how high the rise could still be.

    Args:
        x1: People of group 1 with the event.
        n1: People of group 1.
        x2: People of group 2 with the event.
        n2: People of group 2.
        margin: Rise of the share that is put up with, above -1 and below 1; below 0 it asks for a
            fall of at least that much.
        level: Two-sided level of the interval; at .95 ``upper`` is the one-sided 97.5 % bound.

    Returns:
        ``estimate`` p1 - p2; ``statistic`` (p1 - p2 - margin) / its standard error under H0, below
        0 where the data speak for non-inferiority; ``p_value`` one-sided, the normal probability
        below the statistic; ``lower`` and ``upper`` from the same score test (Mee 1984), so that
        ``upper < margin`` exactly where ``p_value < (1 - level) / 2``; ``standard_error`` unpooled
        (Wald), 0 where no group varies. With no variance under H0 either (only where margin is 0
        and nobody, or everybody, has the event) the statistic is 0 and the p-value .5.

    Raises:
        DataError: A count is impossible, a group is empty, or the margin is out of range.
    """
    from scipy.stats import norm

    _check_groups(x1, n1, x2, n2, level)
    if not -1 < margin < 1:
        raise DataError(
            f"a margin of {margin}", "expected a difference of shares, above -1 below 1"
        )
    statistic = float(score_statistic(x1, n1, x2, n2, margin))
    lower, upper = score_bounds(x1, n1, x2, n2, level, correction=1.0)
    return DifferenceTest(
        estimate=x1 / n1 - x2 / n2,
        lower=lower,
        upper=upper,
        standard_error=wald_error(x1, n1, x2, n2),
        statistic=statistic,
        p_value=float(norm.cdf(statistic)),
    )


def wald_error(x1: float, n1: float, x2: float, n2: float) -> float:
    """Unpooled standard error of the difference of two shares."""
    p1, p2 = x1 / n1, x2 / n2
    return math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)


def score_statistic(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, delta: ArrayLike
) -> NDArray:
    """(p1 - p2 - delta) over its standard error where p1 - p2 is delta.

    Args:
        x1: Events of group 1; all arguments broadcast.
        n1: People of group 1.
        x2: Events of group 2.
        n2: People of group 2.
        delta: Difference under the hypothesis, from -1 to 1.

    Returns:
        The statistic; where there is no variance 0 if the data agree with delta, else infinite
        with the sign of the disagreement.
    """
    x1, n1, x2, n2, delta = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (x1, n1, x2, n2, delta))
    )
    p2 = _restricted_share(x1, n1, x2, n2, delta)
    p1 = np.clip(p2 + delta, 0.0, 1.0)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    gap = x1 / n1 - x2 / n2 - delta
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = gap / np.sqrt(variance)
    return np.where(np.abs(gap) < 1e-14, 0.0, statistic)


def score_bounds(
    x1: float, n1: float, x2: float, n2: float, level: float, correction: float
) -> tuple[float, float]:
    """The differences that the score test at this level does not reject.

    Args:
        x1: Events of group 1.
        n1: People of group 1.
        x2: Events of group 2.
        n2: People of group 2.
        level: Confidence level.
        correction: Factor of the variance: N / (N - 1) for Miettinen and Nurminen, 1 for Mee.
    """
    from scipy.optimize import brentq

    critical, estimate = normal_critical(level), x1 / n1 - x2 / n2

    def beyond(delta: float, side: float) -> float:
        value = float(score_statistic(x1, n1, x2, n2, delta)) / math.sqrt(correction)
        # Infinite where nothing varies under delta; finite for the search.
        return min(max(side * value, -1e9), 1e9) - critical

    bounds = []
    for side in (1.0, -1.0):
        # At the very end the variance is nought, so the search stops just before it.
        end = -side * (1 - 1e-12)
        if abs(estimate + side) < 1e-12 or beyond(end, side) <= 0:
            bounds.append(-side)
        else:
            bounds.append(float(brentq(beyond, end, estimate, args=(side,), xtol=1e-13)))
    return min(bounds[0], estimate), max(bounds[1], estimate)


def _restricted_share(
    x1: NDArray, n1: NDArray, x2: NDArray, n2: NDArray, delta: NDArray
) -> NDArray:
    """Share of group 2 at the maximum of the likelihood under p1 - p2 = delta.

    The root of a cubic in closed form (Miettinen and Nurminen 1985, appendix I), polished.
    """
    total, events = n1 + n2, x1 + x2
    square = ((n1 + 2 * n2) * delta - total - events) / total
    linear = ((n2 * delta - total - 2 * x2) * delta + events) / total
    constant = x2 * delta * (1 - delta) / total
    shift = square / 3
    q = shift**3 - square * linear / 6 + constant / 2
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(shift**2 - linear / 3, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p != 0, q / p**3, 0.0)
    angle = (np.pi + np.arccos(np.clip(ratio, -1.0, 1.0))) / 3
    low, high = np.maximum(0.0, -delta), np.minimum(1.0, 1 - delta)
    share = np.clip(2 * p * np.cos(angle) - shift, low, high)
    for _ in range(_POLISH):
        value = ((share + square) * share + linear) * share + constant
        slope = (3 * share + 2 * square) * share + linear
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(slope != 0, value / slope, 0.0)
        # Where two roots meet the slope is rounding; the closed form is good there.
        step = np.where(np.abs(step) < 1e-5, step, 0.0)
        share = np.clip(share - step, low, high)
    # With no event at all, or nothing but events, the root is double and lies at the edge.
    return np.where(events == 0, low, np.where(events == total, high, share))


def _check_groups(x1: float, n1: float, x2: float, n2: float, level: float) -> None:
    check_level(level)
    check_counts(x1, n1)
    check_counts(x2, n2)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a comparison needs people in both")
