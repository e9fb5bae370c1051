"""An interval for a difference that may be looked at as often as one likes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from privdom_kit.errors import ConfigError
from privdom_kit.estimates.basics import Interval
from privdom_kit.estimates.moments import Moments


@dataclass(frozen=True, slots=True)
class AlwaysValidInterval(Interval):
    """A difference with an interval and a p-value that hold at any time.

    Attributes:
        standard_error: Of the estimate at this moment; NaN where no spread was seen.
        p_value: At or below alpha exactly where the interval excludes 0.
    """

    standard_error: float
    p_value: float


def always_valid_interval(
    a: Moments, b: Moments, alpha: float, tuning_n: float, relative: bool = False
) -> AlwaysValidInterval:
    """The difference of means b - a with an interval that holds over all looks together.

    Asymptotic confidence sequence from a normal mixture: I. Waudby-Smith, D. Arbour, R. Sinha,
    E. H. Kennedy and A. Ramdas, Time-uniform central limit theory and asymptotic confidence
    sequences, Annals of Statistics 52 (2024), theorem 2.2 and appendix B.2 for the tuning; the
    mixture is that of S. R. Howard et al., Annals of Statistics 49 (2021). Over n people in both
    arms together. Asymptotic: with a handful of events in an arm the normal law is not yet right.

    Args:
        a: Count, sum and sum of squares of the control.
        b: The same of the treatment.
        alpha: Chance that the interval misses the difference at any time.
        tuning_n: People in both arms at which the interval shall be narrowest, compared with the
            fixed one; plan it once and leave it.
        relative: The difference as a share of the mean of a, by the delta method.

    Returns:
        The whole line and a p-value of 1 where an arm has fewer than two people, where no spread
        was seen (nobody, or everybody, has converted), or where a relative difference has no
        base above or below 0.

    Raises:
        ConfigError: An alpha outside 0..1 or a tuning size that is not above 0.
        DataError: Sums that contradict one another.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha: {alpha}", "a risk lies between 0 and 1")
    if not (math.isfinite(tuning_n) and tuning_n > 0):
        raise ConfigError(f"tuning_n: {tuning_n}", "a number of people above 0 is needed")
    estimate, error = _difference(a, b, relative)
    if not error > 0:
        return AlwaysValidInterval(estimate, -math.inf, math.inf, math.nan, 1.0)
    tuned = (a.n + b.n) * _mixing_variance(alpha, tuning_n)
    half = error * math.sqrt(2 * (tuned + 1) / tuned * (math.log1p(tuned) / 2 - math.log(alpha)))
    evidence = tuned / (tuned + 1) * (estimate / error) ** 2 / 2 - math.log1p(tuned) / 2
    p_value = math.exp(min(0.0, -evidence))
    return AlwaysValidInterval(estimate, estimate - half, estimate + half, error, p_value)


def _mixing_variance(alpha: float, tuning_n: float) -> float:
    """Variance of the mixture that makes the interval narrowest at ``tuning_n``."""
    bits = -2 * math.log(alpha)
    return (bits + math.log(bits + 1)) / tuning_n


def _difference(a: Moments, b: Moments, relative: bool) -> tuple[float, float]:
    """Estimate and standard error; an error of 0 where there is none to be had."""
    if min(a.n, b.n) < 1 or (relative and a.mean == 0):
        return math.nan, 0.0
    estimate = b.mean / a.mean - 1 if relative else b.mean - a.mean
    if min(a.n, b.n) < 2:
        return estimate, 0.0
    shares = a.variance / a.n, b.variance / b.n
    if relative:
        return estimate, math.sqrt(shares[0] * (b.mean / a.mean) ** 2 + shares[1]) / abs(a.mean)
    return estimate, math.sqrt(sum(shares))
