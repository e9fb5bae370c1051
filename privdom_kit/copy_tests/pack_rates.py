"""Shares of people of several crowds, each drawn towards what all crowds have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from privdom_kit.estimates import (
    Interval,
    Shrinkage,
    normal_critical,
    probability_best_normal,
    proportion_interval,
    sample_ratio_test,
    shrink,
    t_critical,
)

_FEWEST_EXPECTED = 5  # below it chi-squared is off (Cochran 1954)


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is known of each of several crowds' values after shrinkage.

    Attributes:
        estimates: One a crowd.
        errors: Standard error of each.
        shared: The part of each error that moves with the error of the common mean.
        weights: Share of a crowd's own data in its estimate.
    """

    estimates: tuple[float, ...]
    errors: tuple[float, ...]
    shared: tuple[float, ...]
    weights: tuple[float, ...]

    def best(self) -> tuple[float, ...]:
        """Chance of each crowd to have the highest value."""
        return probability_best_normal(self.estimates, self.errors, self.shared)


@dataclass(frozen=True, slots=True, eq=False)
class PackModel:
    """A random-effects model of crowds.

    Attributes:
        posterior: What is known of each crowd.
        shrunk: The estimates with their intervals.
        mean: The common mean with the wider interval that few crowds call for.
        mean_error: Standard error of the mean, were the variance between crowds known.
        tau2: Variance between crowds; 0 where the data show none.
        heterogeneity: Cochran's Q of no difference between crowds.
        p_value: Of Q.
        i2: Share of the scatter that chance does not explain (Higgins and Thompson 2002).
        prediction: Where the value of one more crowd would lie; None with fewer than three.
    """

    posterior: Posterior
    shrunk: tuple[Interval, ...]
    mean: Interval
    mean_error: float
    tau2: float
    heterogeneity: float
    p_value: float
    i2: float
    prediction: Interval | None

    @property
    def span(self) -> float:
        """The widest that two crowds can lie apart, by their intervals and for one more crowd.

        Infinite where there are too few crowds to say.
        """
        if self.prediction is None:
            return math.inf
        ends = (*self.shrunk, self.prediction)
        return max(end.upper for end in ends) - min(end.lower for end in ends)


def shrink_rates(x: Sequence[int], n: Sequence[int], level: float) -> PackModel | None:
    """Shares of crowds, shrunk on their own scale.

    Random effects of :func:`privdom_kit.estimates.shrink` (Paule-Mandel, truncated at zero) on
    shares as they are, not on their logarithms: nobody out of n has a share and a variance. The
    variances come from the pooled share first (Q is then Pearson's chi-squared), then from the
    shares so shrunk, as in J. C. Kleinman, J. American Statistical Association 68 (1973) 46-54.
    Intervals are those of the beta law of the same mean and variance, so that they are skew where
    few people have the outcome and stay within 0 and 1.

    Args:
        x: People with the outcome, one a crowd.
        n: People, all above 0.
        level: Confidence level.

    Returns:
        None where nobody or everybody has the outcome, so that nothing varies.
    """
    pooled = sum(x) / sum(n)
    if not 0 < pooled < 1:
        return None
    rates = [hits / people for hits, people in zip(x, n, strict=True)]
    first = shrink(rates, [pooled * (1 - pooled) / people for people in n], level)
    fit = shrink(rates, rate_variances(x, n), level)
    p_value = first.p_value
    if min(n) * min(pooled, 1 - pooled) < _FEWEST_EXPECTED and len(x) > 1:
        p_value = max(p_value, sample_ratio_test(x, n).p_value)
    posterior = _posterior(fit)
    shrunk = tuple(
        beta_interval(centre, error, level)
        for centre, error in zip(posterior.estimates, posterior.errors, strict=True)
    )
    return _model(fit, posterior, shrunk, first.heterogeneity, p_value, level, (0.0, 1.0))


def rate_variances(x: Sequence[int], n: Sequence[int]) -> tuple[float, ...]:
    """Squared standard errors of the shares of crowds, never 0.

    From each share as a first shrinkage with the pooled share's variance leaves it: a crowd in
    which nobody has the outcome by chance is not the surest of all.
    """
    # Half a person where nobody or everybody has the outcome.
    pooled = min(max(sum(x), 0.5), sum(n) - 0.5) / sum(n)
    rates = [hits / people for hits, people in zip(x, n, strict=True)]
    first = shrink(rates, [pooled * (1 - pooled) / people for people in n])
    return tuple(
        max(entry.estimate * (1 - entry.estimate), pooled * (1 - pooled) / people) / people
        for entry, people in zip(first.posterior, n, strict=True)
    )


def shrink_differences(
    differences: Sequence[float], variances: Sequence[float], level: float
) -> PackModel:
    """Differences of shares, arm less reference, of several crowds, shrunk.

    Args:
        differences: One a crowd.
        variances: Their squared standard errors, above 0.
        level: Confidence level.
    """
    fit = shrink(differences, variances, level)
    shrunk = tuple(Interval(e.estimate, e.lower, e.upper) for e in fit.posterior)
    return _model(fit, _posterior(fit), shrunk, fit.heterogeneity, fit.p_value, level, (-1.0, 1.0))


def pooled_rate(x: float, n: float, level: float) -> tuple[float, float]:
    """The share over all crowds and half its Wilson interval in standard errors.

    Nobody out of n is no certainty: the error is not 0.
    """
    found = proportion_interval(x, n, level)
    return found.estimate, (found.upper - found.lower) / 2 / normal_critical(level)


def beta_interval(mean: float, error: float, level: float) -> Interval:
    """The interval of a share of which mean and standard error are known (beta law)."""
    from scipy.special import betaincinv

    if not error > 0:
        return Interval(mean, mean, mean)
    first, second = beta_parameters(mean, error)
    lower, upper = (float(betaincinv(first, second, q)) for q in ((1 - level) / 2, (1 + level) / 2))
    return Interval(mean, lower, upper)


def beta_parameters(mean: float, error: float) -> tuple[float, float]:
    """Parameters of the beta law with this mean and standard error."""
    mean = min(max(mean, 1e-12), 1 - 1e-12)
    # No law on 0 to 1 is wider than two points at its ends.
    spread = min(error**2, 0.99 * mean * (1 - mean))
    size = mean * (1 - mean) / spread - 1
    return mean * size, (1 - mean) * size


def _posterior(fit: Shrinkage) -> Posterior:
    entries = fit.posterior
    # A single crowd is its own mean: nothing is shared with others.
    alone = len(entries) == 1
    shared = [0.0 if alone else (1 - e.weight) * fit.standard_error for e in entries]
    return Posterior(
        tuple(e.estimate for e in entries),
        tuple(e.standard_error for e in entries),
        tuple(min(part, e.standard_error) for part, e in zip(shared, entries, strict=True)),
        tuple(e.weight for e in entries),
    )


def _model(
    fit: Shrinkage,
    posterior: Posterior,
    shrunk: tuple[Interval, ...],
    heterogeneity: float,
    p_value: float,
    level: float,
    scale: tuple[float, float],
) -> PackModel:
    freedom = len(shrunk) - 1
    known = fit.hartung_knapp if freedom else shrunk[0]
    half = normal_critical(level) * fit.standard_error
    # Hartung and Knapp's interval can be narrower than the plain one where crowds agree by chance.
    mean = Interval(
        fit.mean,
        max(min(known.lower, fit.mean - half), scale[0]),
        min(max(known.upper, fit.mean + half), scale[1]),
    )
    i2 = max(0.0, 1 - freedom / heterogeneity) if heterogeneity > 0 else 0.0
    predicted = _prediction(fit, freedom, level, scale)
    return PackModel(
        posterior, shrunk, mean, fit.standard_error, fit.tau2, heterogeneity, p_value, i2, predicted
    )


def _prediction(
    fit: Shrinkage, freedom: int, level: float, scale: tuple[float, float]
) -> Interval | None:
    """J. Higgins, S. Thompson and D. Spiegelhalter, J. Royal Statistical Society A 172 (2009)."""
    if freedom < 2:
        return None
    half = t_critical(level, freedom - 1) * math.hypot(fit.standard_error, math.sqrt(fit.tau2))
    return Interval(fit.mean, max(fit.mean - half, scale[0]), min(fit.mean + half, scale[1]))
