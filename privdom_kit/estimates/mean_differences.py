"""Differences of means, ratios and adjusted means between two arms."""

from __future__ import annotations

import math

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import DifferenceTest, check_level
from privdom_kit.estimates.moments import Moments, PairedMoments, RatioMoments, check_moments


def mean_difference(
    a: Moments, b: Moments, relative: bool = False, level: float = 0.95
) -> DifferenceTest:
    """The difference of two means, b (treatment) less a (control), or the relative lift b/a - 1.

    Absolute: B. L. Welch, Biometrika 34 (1947), degrees of freedom by Welch and Satterthwaite.
    Relative: the delta method on b/a (A. Deng, U. Knoblich and J. Lu, Applying the delta method in
    metric analytics, KDD 2018), symmetric about the lift, Student's t on the same degrees of
    freedom; its test is that of lift / standard error, so that interval and p-value of one result
    never contradict. The two tests are of the same hypothesis but not the same test: decide by
    the absolute one. The relative interval needs a control mean well away from 0: with some four
    buyers in the control it covers 90 % instead of 95, from forty on 95. Below that take
    Fieller's interval.

    Args:
        a: Control.
        b: Treatment.
        relative: Give the lift as a share of the control's mean.
        level: Confidence level.

    Returns:
        ``statistic`` is estimate / standard_error, ``p_value`` two-sided. Where neither arm varies
        there is no evidence either way: the bounds are NaN, and so are statistic and p-value
        unless the means are equal (then 0 and 1).

    Raises:
        DataError: An arm has fewer than two people, sums contradict one another, or the control's
            mean is not above 0 and a relative lift is asked for.
    """
    check_moments(a, b)
    return _compare((a.mean, a.variance, a.n), (b.mean, b.variance, b.n), relative, level)


def ratio_difference(
    a: RatioMoments, b: RatioMoments, relative: bool = True, level: float = 0.95
) -> DifferenceTest:
    """The difference of two ratios of sums, b/a - 1 or b - a, where people were assigned.

    Orders per session, yuan per order: what was assigned is the person, so numerator and
    denominator vary together. Delta method (A. Deng, U. Knoblich and J. Lu, KDD 2018), once for
    the ratio in each arm and once more for the relative lift, which has independent arms; Welch's
    degrees of freedom.

    Args:
        a: Control.
        b: Treatment.
        relative: Give the lift as a share of the control's ratio.
        level: Confidence level.

    Returns:
        As :func:`mean_difference`.

    Raises:
        DataError: As :func:`mean_difference`, or denominators do not add up to more than 0.
    """
    check_moments(a, b)
    return _compare((a.mean, a.variance, a.n), (b.mean, b.variance, b.n), relative, level)


def adjusted_difference(
    a: PairedMoments, b: PairedMoments, relative: bool = False, level: float = 0.95
) -> DifferenceTest:
    """The difference of two means adjusted for a covariate from before the test (CUPED).

    A. Deng, Y. Xu, R. Kohavi and T. Walker, Improving the sensitivity of online controlled
    experiments by utilizing pre-experiment data, WSDM 2013. theta is covariance over variance of
    the covariate among the people of both arms taken together (as if one sample, n - 1); it is
    taken as known. Without spread in the covariate theta is 0 and the result that of
    :func:`mean_difference`. The relative form holds the difference against the control's mean
    moved to the covariate mean of both arms; its error takes in that this mean is an estimate.

    Args:
        a: Control.
        b: Treatment.
        relative: Give the lift as a share of the control's adjusted mean.
        level: Confidence level.

    Returns:
        As :func:`mean_difference`.

    Raises:
        DataError: As :func:`mean_difference`.
    """
    check_moments(a, b)
    both = a + b
    spread = both.covariate_variance
    theta = both.covariance / spread if spread else 0.0
    gap = b.mean - a.mean - theta * (b.covariate_mean - a.covariate_mean)
    if not relative:
        variances = a.combined_variance(1, -theta), b.combined_variance(1, -theta)
        return _result(gap, variances, (a.n, b.n), level)
    base = a.mean - theta * (a.covariate_mean - both.covariate_mean)
    _check_base(base)
    lift, moved = gap / base, theta * b.n / both.n
    variances = (
        a.combined_variance(1 + lift, -theta - lift * moved) / base**2,
        b.combined_variance(1, -theta - lift * moved) / base**2,
    )
    return _result(lift, variances, (a.n, b.n), level)


def _compare(
    a: tuple[float, float, float], b: tuple[float, float, float], relative: bool, level: float
) -> DifferenceTest:
    """The comparison of two independent arms, each a mean, a variance and a number of people."""
    (first, spread_a, n_a), (second, spread_b, n_b) = a, b
    if not relative:
        return _result(second - first, (spread_a, spread_b), (n_a, n_b), level)
    _check_base(first)
    scaled = spread_a * (second / first**2) ** 2, spread_b / first**2
    return _result(second / first - 1, scaled, (n_a, n_b), level, plain=(spread_a, spread_b))


def _check_base(mean: float) -> None:
    if not mean > 0:
        raise DataError(
            f"the control's mean is {mean}", "a relative lift needs a control mean above 0"
        )


def _result(
    estimate: float,
    variances: tuple[float, float],
    people: tuple[float, float],
    level: float,
    plain: tuple[float, float] | None = None,
) -> DifferenceTest:
    """Student's interval and test on Welch's degrees of freedom.

    Args:
        estimate: What is estimated.
        variances: Of a person of each arm, on the scale of the estimate.
        people: Of each arm.
        level: Confidence level.
        plain: Variances that the degrees of freedom come from, where not the same.
    """
    from scipy.stats import t

    check_level(level)
    error = math.sqrt(sum(v / n for v, n in zip(variances, people, strict=True)))
    if not error > 0:
        agree = estimate == 0
        return DifferenceTest(
            estimate,
            math.nan,
            math.nan,
            0.0,
            0.0 if agree else math.nan,
            1.0 if agree else math.nan,
        )
    shares = [v / n for v, n in zip(plain or variances, people, strict=True)]
    degrees = sum(shares) ** 2 / sum(
        share**2 / (n - 1) for share, n in zip(shares, people, strict=True)
    )
    half = float(t.ppf((1 + level) / 2, degrees)) * error
    statistic = estimate / error
    p_value = float(2 * t.sf(abs(statistic), degrees))
    return DifferenceTest(estimate, estimate - half, estimate + half, error, statistic, p_value)
