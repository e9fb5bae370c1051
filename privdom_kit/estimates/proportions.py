"""Shares of people and their differences."""

from __future__ import annotations

import math

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import (
    Difference,
    Interval,
    Test,
    check_counts,
    check_level,
    normal_critical,
)
from privdom_kit.estimates.score_differences import score_bounds, wald_error


def proportion_interval(x: float, n: float, level: float = 0.95) -> Interval:
    """A share and its Wilson score interval (Wilson 1927; Newcombe 1998, method 3).

    Args:
        x: People with the property.
        n: People in all; with none the estimate is NaN and the interval 0 to 1.
        level: Confidence level.

    Raises:
        DataError: ``x`` is not between 0 and ``n``.
    """
    from statsmodels.stats.proportion import proportion_confint

    check_counts(x, n)
    if n == 0:
        return Interval(math.nan, 0.0, 1.0)
    lower, upper = proportion_confint(x, n, alpha=1 - level, method="wilson")
    # The formula reaches the ends of the scale only up to rounding.
    lower, upper = (0.0 if x == 0 else float(lower)), (1.0 if x == n else float(upper))
    return Interval(x / n, lower, upper)


def difference_interval(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95, method: str = "newcombe"
) -> Difference:
    """The difference of two independent shares, x1/n1 - x2/n2, with its interval.

    ``newcombe``: R. G. Newcombe's hybrid of two Wilson intervals, Interval estimation for the
    difference between independent proportions, Statistics in Medicine 17 (1998), method 10.
    ``miettinen_nurminen``: O. Miettinen and M. Nurminen, Comparative analysis of two rates,
    Statistics in Medicine 4 (1985): the differences that the score test does not reject, variance
    from the restricted maximum likelihood times N / (N - 1) (method 6 of Newcombe's paper). Both
    stay within -1 and 1, hold their estimate, and have a width where nobody or everybody has the
    property.

    Args:
        x1: People of the first group with the property.
        n1: People of the first group.
        x2: People of the second group with the property.
        n2: People of the second group.
        level: Confidence level.
        method: newcombe or miettinen_nurminen.

    Returns:
        The difference; its ``standard_error`` is the unpooled (Wald) one, which neither interval
        is made of, and is 0 where no group varies.

    Raises:
        DataError: A count is impossible, a group is empty, or the method is unknown.
    """
    if method not in ("newcombe", "miettinen_nurminen"):
        raise DataError(f"the interval method is {method!r}", "known: newcombe, miettinen_nurminen")
    check_level(level)
    first, second = proportion_interval(x1, n1, level), proportion_interval(x2, n2, level)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a difference needs people in both")
    gap = first.estimate - second.estimate
    if method == "newcombe":
        below = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
        above = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
        lower, upper = max(gap - below, -1.0), min(gap + above, 1.0)
    else:
        correction = (n1 + n2) / (n1 + n2 - 1)
        lower, upper = score_bounds(x1, n1, x2, n2, level, correction)
    return Difference(gap, lower, upper, wald_error(x1, n1, x2, n2))


def equality_test(x1: float, n1: float, x2: float, n2: float) -> Test:
    """Whether two independent shares are equal: the score test with pooled variance.

    The square of the statistic is Pearson's chi-squared without correction. With no variance
    at all (nobody or everybody in both groups) the p-value is 1.

    Raises:
        DataError: A count is impossible or a group is empty.
    """
    from scipy.stats import norm

    check_counts(x1, n1)
    check_counts(x2, n2)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a comparison needs people in both")
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    gap = x1 / n1 - x2 / n2
    statistic = gap / math.sqrt(variance) if variance > 0 else 0.0
    return Test(gap, statistic, float(2 * norm.sf(abs(statistic))))


def paired_ratio(x1: float, x2: float, both: float, level: float = 0.95) -> Interval | None:
    """The ratio x2/x1 of two shares of the same people, with its interval.

    Delta method on the log scale with the pairing kept (Bonett and Price, Journal of Educational
    and Behavioral Statistics 31, 2006, equation for the ratio of marginal probabilities); where
    the second share is zero the interval begins at zero and ends where half a response would.

    Args:
        x1: People with the first property.
        x2: People with the second.
        both: People with both.
        level: Confidence level.

    Returns:
        None where nobody has the first property.

    Raises:
        DataError: The counts contradict one another.
    """
    if not 0 <= both <= min(x1, x2):
        raise DataError(f"{x1}, {x2} and {both} with both", "both are among the one and the other")
    if x1 <= 0:
        return None
    shown = max(x2, 0.5)
    # At least one differs, or agreement in a sample would pass for certainty.
    spread = math.sqrt(max(x1 + shown - 2 * both, 1.0) / (x1 * shown))
    reach = math.exp(normal_critical(level) * spread)
    return Interval(x2 / x1, x2 / x1 / reach, shown / x1 * reach)
