"""What a choice between groups may win or lose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from privdom_kit.errors import ConfigError, DataError
from privdom_kit.estimates.basics import check_counts

_Values = npt.NDArray[np.float64]

_NODES = 16


def probability_best(x: Sequence[float], n: Sequence[float]) -> tuple[float, ...]:
    """Chance of each group to have the highest rate.

    Rates are independent with a uniform prior, Beta(1, 1), so Beta(x + 1, n - x + 1) after the
    data. The integral over "this one is here and all others are below" is taken by quadrature,
    not simulated; for two groups it agrees with E. Miller, Formulas for Bayesian A/B testing
    (2015).

    Args:
        x: Successes, one a group.
        n: Trials, one a group; 0 leaves the prior alone.

    Returns:
        In the order given; they add to 1.

    Raises:
        DataError: No groups, lists of different length, or more successes than trials.
    """
    from scipy.special import ndtr
    from scipy.stats import beta

    if not len(x) or len(x) != len(n):
        raise DataError(f"{len(x)} successes for {len(n)} trials", "one pair a group is needed")
    for successes, trials in zip(x, n, strict=True):
        check_counts(successes, trials)
    hits, misses = np.asarray(x, dtype=float), np.asarray(n, dtype=float) - np.asarray(x)
    laws = beta((hits + 1)[:, None], (misses + 1)[:, None])
    edges = laws.ppf(ndtr(_deviations())[None, :])
    return _highest(laws.pdf, laws.cdf, np.append(edges.ravel(), [0.0, 1.0]))


def probability_best_normal(
    means: Sequence[float],
    standard_errors: Sequence[float],
    shared: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Chance of each group to have the highest value, where each is known up to a normal error.

    Args:
        means: One a group.
        standard_errors: One a group, 0 or more. Groups that are the same for certain share the
            chance evenly.
        shared: The part of each error that moves with one common error, such as that of the mean
            towards which all were shrunk (``(1 - weight) * standard_error`` of the mean). Errors
            are independent by default.

    Returns:
        In the order given; they add to 1.

    Raises:
        DataError: No groups, lists of different length, values that are not finite, or a shared
            part above the whole.
    """
    centres, errors = np.asarray(means, dtype=float), np.asarray(standard_errors, dtype=float)
    common = np.zeros_like(errors) if shared is None else np.asarray(shared, dtype=float)
    _check_normal(centres, errors, common)
    own = np.sqrt(np.maximum(errors**2 - common**2, 0.0))
    centres = centres - centres.mean()
    # A point has no density: it becomes so narrow a hill that only a tie can tell.
    scale = max(float(np.abs(centres).max()), float(errors.max())) or 1.0
    own = np.maximum(own, 1e-9 * scale)
    if not common.any():
        return _highest_normal(centres, own)
    # The common error enters only by its differences, which are smooth: few nodes are exact.
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    chances = [_highest_normal(centres + common * node, own) for node in nodes]
    return tuple(float(value) for value in weights @ np.asarray(chances) / weights.sum())


def expected_loss(mean: float, standard_error: float) -> float:
    """What is lost on average by choosing the treatment, should it be worse after all.

    The difference treatment less control is normal with the mean and standard error given; the
    loss is ``E max(0, -difference)``, in the difference's unit. Of keeping the control:
    ``expected_loss(-mean, standard_error)``. C. Stucchio, Bayesian A/B testing at VWO (2015).

    Args:
        mean: Difference, treatment less control.
        standard_error: 0 or more; 0 is a difference known exactly.

    Raises:
        DataError: A negative or missing standard error, or a missing mean.
    """
    from scipy.special import ndtr

    if math.isnan(mean) or not standard_error >= 0:
        raise DataError(
            f"difference {mean} with standard error {standard_error}",
            "an expected loss needs a difference and a standard error of 0 or more",
        )
    if standard_error == 0:
        return max(0.0, -mean)
    ratio = mean / standard_error
    density = math.exp(-0.5 * ratio**2) / math.sqrt(2 * math.pi)
    # The two terms cancel when the mean is far above 0; the loss is never negative.
    return max(0.0, standard_error * density - mean * float(ndtr(-ratio)))


def false_positive_risk(p_value: float, prior: float) -> float:
    """The least chance that a finding with this p-value is a fluke.

    T. Sellke, M. J. Bayarri and J. O. Berger, Calibration of p values for testing precise null
    hypotheses, American Statistician 55 (2001) 62-71: against no alternative can the odds for
    "no effect" fall by more than to ``-e p log p`` times what they were.

    Args:
        p_value: 0..1. From 1/e on it says nothing, and the risk stays what it was.
        prior: Chance, before the data, that the idea works; 0..1.

    Returns:
        A lower bound on the risk, 0..1.

    Raises:
        ConfigError: A p-value or a prior outside 0..1.
    """
    for name, value in (("p-value", p_value), ("prior", prior)):
        if not 0 <= value <= 1:
            raise ConfigError(f"{name}: {value}", "a probability lies between 0 and 1")
    if prior in (0, 1):
        return 1.0 - prior
    if p_value == 0:
        return 0.0
    factor = -math.e * p_value * math.log(p_value) if p_value < 1 / math.e else 1.0
    odds = (1 - prior) / prior * factor
    return odds / (1 + odds)


def _highest_normal(centres: _Values, errors: _Values) -> tuple[float, ...]:
    from scipy.special import ndtr

    def density(points: _Values) -> _Values:
        apart = (points - centres[:, None]) / errors[:, None]
        return np.exp(-0.5 * apart**2) / (errors[:, None] * math.sqrt(2 * math.pi))

    def below(points: _Values) -> _Values:
        return np.asarray(ndtr((points - centres[:, None]) / errors[:, None]))

    edges = centres[:, None] + errors[:, None] * _deviations()[None, :]
    return _highest(density, below, edges.ravel())


def _highest(
    density: Callable[[_Values], _Values], below: Callable[[_Values], _Values], edges: _Values
) -> tuple[float, ...]:
    """Integrate each density times the others' chance to be below, between all edges."""
    points, weights = _panels(edges)
    under = below(points)
    # Products of all others without dividing by one's own, which may be 0.
    before = np.cumprod(np.vstack([np.ones_like(points), under[:-1]]), axis=0)
    after = np.cumprod(np.vstack([np.ones_like(points), under[:0:-1]]), axis=0)[::-1]
    chances = (density(points) * before * after) @ weights
    return tuple(float(chance) for chance in chances / chances.sum())


def _panels(edges: _Values) -> tuple[_Values, _Values]:
    """Gauss-Legendre nodes between each two neighbouring edges."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    ends = np.unique(edges)
    half = np.diff(ends) / 2
    points = (ends[:-1] + half)[:, None] + half[:, None] * nodes
    return points.ravel(), (half[:, None] * weights).ravel()


def _deviations() -> _Values:
    """Where a law is cut into panels, in standard deviations: all but 1e-15 lies inside."""
    return np.linspace(-8.0, 8.0, 17)


def _check_normal(centres: _Values, errors: _Values, common: _Values) -> None:
    same = centres.ndim == 1 and centres.shape == errors.shape == common.shape
    if not (len(centres) and same):
        raise DataError(
            f"{centres.size} means and {errors.size} standard errors", "one pair a group is needed"
        )
    finite = np.isfinite(centres).all() and np.isfinite(errors).all()
    if not (finite and (errors >= 0).all() and (np.abs(common) <= errors * (1 + 1e-9)).all()):
        raise DataError(
            f"means {centres.tolist()} with standard errors {errors.tolist()}",
            "each must be finite, each error 0 or more, and no shared part above the whole",
        )
