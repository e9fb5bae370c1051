"""Estimates of several groups, each drawn towards what all of them have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import Interval, normal_critical, t_critical

_Values = npt.NDArray[np.float64]

# The flat prior of tau ends at so many standard deviations of the estimates.
_REACH = 6.0
_PANELS = 40


class ShrunkEstimate(float):
    """One group's estimate after shrinkage: a number that carries its interval.

    Attributes:
        estimate: The number itself.
        lower: Lower end.
        upper: Upper end.
        standard_error: Of the group's true effect, allowing for the estimated mean and ``tau2``;
            the ends are the estimate plus and minus its normal multiple. Never below the
            conditional one.
        conditional_error: As if ``tau2`` were known; what other programs print. Its intervals
            cover 83 to 90 % instead of 95 % where groups are few or differ little.
        weight: Share that the group's own data have in the estimate; the rest is the mean.
    """

    __slots__ = ("conditional_error", "lower", "standard_error", "upper", "weight")

    lower: float
    upper: float
    standard_error: float
    conditional_error: float
    weight: float

    def __new__(
        cls,
        estimate: float,
        lower: float,
        upper: float,
        standard_error: float,
        conditional_error: float,
        weight: float,
    ) -> Self:
        """The number with what belongs to it."""
        one = super().__new__(cls, estimate)
        values = (conditional_error, lower, standard_error, upper, weight)
        for name, value in zip(cls.__slots__, values, strict=True):
            object.__setattr__(one, name, value)
        return one

    @property
    def estimate(self) -> float:
        """The number itself."""
        return float(self)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be set: an estimate does not change")


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """A random-effects model of several groups.

    Attributes:
        tau2: Variance of the true effects between groups; 0 where the data show none.
        mean: The common mean.
        standard_error: Of the mean.
        lower: Lower end of the mean's normal interval.
        upper: Its upper end.
        hartung_knapp: The mean with the wider interval that few groups call for.
        heterogeneity: Cochran's Q, of k - 1 degrees of freedom where the groups do not differ.
        p_value: Of Q; 1 for one group.
        posterior: One entry a group, in the order given.
    """

    tau2: float
    mean: float
    standard_error: float
    lower: float
    upper: float
    hartung_knapp: Interval
    heterogeneity: float
    p_value: float
    posterior: tuple[ShrunkEstimate, ...]


def shrink(
    estimates: Sequence[float], variances: Sequence[float], level: float = 0.95
) -> Shrinkage:
    """Shrink the estimates of several groups towards their common mean.

    Random effects; the variance between groups by R. C. Paule and J. Mandel, J. Res. Natl. Bur.
    Stand. 87 (1982) 377-385: the one at which the weighted squares about the mean equal their
    degrees of freedom, 0 where they are fewer to begin with. R. DerSimonian and R. Kacker,
    Contemporary Clinical Trials 28 (2007) 105-114. Shrunken estimates are the best linear
    unbiased predictions (G. K. Robinson, Statistical Science 6 (1991) 15-32). Their errors are
    root mean squares about that prediction over what ``tau`` may be, with a prior that is flat
    from 0 to six standard deviations of the estimates (A. Gelman, Bayesian Analysis 1 (2006)
    515-534): few groups leave it wide open. Wider interval of the mean: J. Hartung and G. Knapp,
    Statistics in Medicine 20 (2001) 3875-3889, Student's t of k - 1 degrees.

    Args:
        estimates: One a group.
        variances: Their squared standard errors, all above 0.
        level: Confidence level of the intervals.

    Returns:
        With ``tau2`` 0 every posterior is the common mean: the data show no difference, though
        the intervals still allow one. A single group stays as it is, with a ``tau2`` of 0; its
        Hartung-Knapp interval is the whole line.

    Raises:
        DataError: No groups, lists of different length, a value that is missing or not finite,
            or a variance that is not above 0.
    """
    from scipy.stats import chi2

    values, spreads = _checked(estimates, variances)
    tau2 = _paule_mandel(values, spreads)
    mean, error = _weighted_mean(values, spreads + tau2)
    half = normal_critical(level) * error
    squares = _squares(values, spreads)
    freedom = len(values) - 1
    return Shrinkage(
        tau2=tau2,
        mean=mean,
        standard_error=error,
        lower=mean - half,
        upper=mean + half,
        hartung_knapp=_hartung_knapp(values, spreads + tau2, level),
        heterogeneity=squares,
        p_value=float(chi2.sf(squares, freedom)) if freedom else 1.0,
        posterior=_posterior(values, spreads, tau2, level),
    )


def _posterior(
    values: _Values, spreads: _Values, tau2: float, level: float
) -> tuple[ShrunkEstimate, ...]:
    critical = normal_critical(level)
    centres, known = (part[0] for part in _predictions(values, spreads, np.array([tau2])))
    narrows = np.sqrt(known)
    errors = narrows if len(values) == 1 else np.maximum(_errors(values, spreads, centres), narrows)
    own = tau2 / (tau2 + spreads) if len(values) > 1 else np.ones(1)
    return tuple(
        ShrunkEstimate(
            estimate=float(centre),
            lower=float(centre - critical * wide),
            upper=float(centre + critical * wide),
            standard_error=float(wide),
            conditional_error=float(narrow),
            weight=float(weight),
        )
        for centre, wide, narrow, weight in zip(centres, errors, narrows, own, strict=True)
    )


def _errors(values: _Values, spreads: _Values, centres: _Values) -> _Values:
    """Root mean square of each effect about its prediction, over what tau may be."""
    tau2, weights = _taus(values, spreads)
    chances = weights * np.exp(_log_likelihood(values, spreads, tau2))
    predicted, variances = _predictions(values, spreads, tau2)
    squares = variances + (predicted - centres) ** 2
    return np.asarray(np.sqrt(chances @ squares / chances.sum()))


def _predictions(values: _Values, spreads: _Values, tau2: _Values) -> tuple[_Values, _Values]:
    """Best linear predictions and their variances, one row a value of tau2, one column a group."""
    totals = spreads + tau2[:, None]
    weights = 1 / totals
    sums = weights.sum(axis=1, keepdims=True)
    means = (weights @ values)[:, None] / sums
    pulled = spreads / totals
    return means + (1 - pulled) * (values - means), (1 - pulled) * spreads + pulled**2 / sums


def _log_likelihood(values: _Values, spreads: _Values, tau2: _Values) -> _Values:
    """Of tau2, the common mean integrated out; up to a constant, 0 at most."""
    weights = 1 / (spreads + tau2[:, None])
    sums = weights.sum(axis=1)
    means = (weights @ values) / sums
    squares = (weights * (values - means[:, None]) ** 2).sum(axis=1)
    logs = 0.5 * (np.log(weights).sum(axis=1) - np.log(sums) - squares)
    return np.asarray(logs - logs.max())


def _taus(values: _Values, spreads: _Values) -> tuple[_Values, _Values]:
    """Values of tau2 and the weights that integrate over tau."""
    finest = math.sqrt(float(spreads.min()))
    most = _REACH * max(float(values.std(ddof=1)), finest)
    ends = np.append(0.0, np.geomspace(finest / 100, most, _PANELS))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(ends)[:, None] / 2
    taus = ends[:-1, None] + half * (1 + nodes)
    return taus.ravel() ** 2, (half * weights).ravel()


def _paule_mandel(values: _Values, spreads: _Values) -> float:
    from scipy.optimize import brentq

    freedom = len(values) - 1
    if not freedom or _squares(values, spreads) <= freedom:
        return 0.0
    # The squares about any other centre, without the groups' own variance, bound tau2 from above.
    most = float(((values - values.mean()) ** 2).sum()) / freedom

    def excess(tau2: float) -> float:
        return _squares(values, spreads + tau2) - freedom

    return float(brentq(excess, 0.0, most, xtol=1e-14 * most, rtol=1e-14, maxiter=500))


def _hartung_knapp(values: _Values, spreads: _Values, level: float) -> Interval:
    mean, error = _weighted_mean(values, spreads)
    freedom = len(values) - 1
    if not freedom:
        return Interval(mean, -math.inf, math.inf)
    half = t_critical(level, freedom) * error * math.sqrt(_squares(values, spreads) / freedom)
    return Interval(mean, mean - half, mean + half)


def _weighted_mean(values: _Values, spreads: _Values) -> tuple[float, float]:
    weights = 1 / spreads
    return float(weights @ values / weights.sum()), float(1 / math.sqrt(weights.sum()))


def _squares(values: _Values, spreads: _Values) -> float:
    mean, _ = _weighted_mean(values, spreads)
    return float(((values - mean) ** 2 / spreads).sum())


def _checked(estimates: Sequence[float], variances: Sequence[float]) -> tuple[_Values, _Values]:
    values, spreads = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if not len(values) or values.shape != spreads.shape or values.ndim != 1:
        raise DataError(
            f"{values.size} estimates and {spreads.size} variances",
            "one variance an estimate, and one group or more, are needed",
        )
    if not (np.isfinite(values).all() and np.isfinite(spreads).all() and (spreads > 0).all()):
        raise DataError(
            f"estimates {list(estimates)} with variances {list(variances)}",
            "each must be finite, and each variance above 0",
            "a group of which nobody or everybody responded has a variance all the same: take it "
            "from the rate of all groups",
        )
    return values, spreads
