"""The ratio of two shares as a relative lift, with the interval that agrees with their test."""

from __future__ import annotations

import math

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import (
    Interval,
    Test,
    check_counts,
    check_level,
    normal_critical,
    normal_p_value,
)
from privdom_kit.estimates.proportions import equality_test

_FARTHEST = 1e12  # a lift beyond it is no number that anybody could use


def score_test(x1: float, n1: float, x2: float, n2: float) -> Test:
    """Whether two shares are equal: the test that the Miettinen-Nurminen intervals are made of.

    The "N - 1" chi-squared test as a z (I. Campbell, Chi-squared and Fisher-Irwin tests of
    two-by-two tables with small sample recommendations, Statistics in Medicine 26, 2007): pooled
    variance times N / (N - 1). Its p-value is below alpha exactly where
    ``difference_interval(..., 1 - alpha, "miettinen_nurminen")`` leaves out 0 and
    :func:`relative_lift` does.

    Raises:
        DataError: A count is impossible or a group is empty.
    """
    plain = equality_test(x1, n1, x2, n2)
    statistic = plain.statistic * math.sqrt((n1 + n2 - 1) / (n1 + n2))
    return Test(plain.estimate, statistic, normal_p_value(statistic))


def relative_lift(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95
) -> Interval | None:
    """p1 / p2 - 1 with its score interval.

    O. Miettinen and M. Nurminen, Comparative analysis of two rates, Statistics in Medicine 4
    (1985), section 4, with the variance times N / (N - 1); P. A. R. Koopman, Biometrics 40 (1984)
    without it. The ratios that the score test does not reject.

    Args:
        x1: People of the treatment with the property.
        n1: People of the treatment.
        x2: People of the control with the property.
        n2: People of the control.
        level: Confidence level.

    Returns:
        None where nobody of the control has the property: there is nothing to relate to.

    Raises:
        DataError: A count is impossible or a group is empty.
    """
    from scipy.optimize import brentq

    check_level(level)
    check_counts(x1, n1)
    check_counts(x2, n2)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a comparison needs people in both")
    if not x2:
        return None
    critical, counts = normal_critical(level), (x1, n1, x2, n2)
    start = math.log(max(x1 / n1, 0.5 / n1) / (x2 / n2))

    def end(sign: int) -> float:
        """Where the statistic passes the critical value, walking away from the estimate."""

        def inside(place: float) -> float:
            return critical - sign * _statistic(math.exp(place), *counts)

        step, edge = 0.25, start - sign * 0.25
        while inside(edge) > 0 and abs(edge) < math.log(_FARTHEST):
            step *= 2
            edge -= sign * step
        inner = edge + sign * step
        return math.exp(float(brentq(inside, edge, inner, xtol=1e-13)))

    lower = 0.0 if not x1 else end(1)
    return Interval(x1 / n1 / (x2 / n2) - 1, lower - 1, end(-1) - 1)


def _statistic(ratio: float, x1: float, n1: float, x2: float, n2: float) -> float:
    """Score statistic of p1 = ratio x p2."""
    a, c = (n1 + n2) * ratio, x1 + x2
    b = n1 * ratio + x1 + n2 + x2 * ratio
    # The stable form of the smaller root.
    second = 2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0)))
    first = min(ratio * second, 1.0)
    spread = first * (1 - first) / n1 + ratio**2 * second * (1 - second) / n2
    variance = spread * (n1 + n2) / (n1 + n2 - 1)
    gap = x1 / n1 - ratio * x2 / n2
    if not variance > 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)
