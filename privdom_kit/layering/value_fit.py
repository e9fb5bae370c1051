"""Maximum likelihood over positive parameters, with the errors that the curvature gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError, NotMeasurable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    # Natural parameters -> log-likelihood per customer, its gradient and its Hessian.
    Likelihood = Callable[[NDArray], tuple[float, NDArray, NDArray]]

# Numerical tolerances, all for a likelihood per customer in data scaled to about 1.
_GRADIENT = 1e-8  # largest slope in a log parameter at which a maximum counts as reached
_EDGE = np.log(1e6)  # a log parameter beyond it has run off
_WIDEST_ERROR = 5.0  # standard error of a log parameter above which nothing is known of it
_STEP = 1e-5  # of differences in a log parameter; errors come out to about 5 digits
_NEWTON_STEPS = 3
_ROUGH_ROWS = 20_000  # distinct rows on which several starts are tried
BLOCK = 8192  # rows at a time, so that the work of a block stays in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Estimates with the uncertainty that the fitted parameters leave.

    The interval is for the expected value, given the model. One customer's own number of orders
    scatters around it, and wider.

    Attributes:
        estimate: One value per row asked for.
        standard_error: By the delta method, in the unit of the estimate.
        ci_lower: Lower end of the interval.
        ci_upper: Upper end.
        level: Level of the interval.
    """

    estimate: NDArray
    standard_error: NDArray
    ci_lower: NDArray
    ci_upper: NDArray
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """A maximum of a likelihood: log parameters, their covariance, value per customer."""

    logs: NDArray
    covariance: NDArray
    value: float


def maximise(
    likelihood: Likelihood,
    starts: Sequence[Sequence[float]],
    customers: float,
    names: Sequence[str],
    rough: Likelihood | None = None,
) -> Maximum:
    """The highest maximum found from several starts, or an error that names what ran off.

    Args:
        likelihood: Log-likelihood per customer with gradient and Hessian, in natural parameters.
        starts: Natural parameters to start from.
        customers: Customers behind the likelihood; sizes the standard errors.
        names: Of the parameters, for the error.
        rough: A cheaper likelihood of the same shape on which the starts are tried first; only
            the best goes on to ``likelihood``.

    Raises:
        NotMeasurable: No start ends in a maximum with finite standard errors.
    """
    ends = [_climb(rough or likelihood, np.log(start)) for start in starts]
    best = max(ends, key=lambda end: (rough or likelihood)(np.exp(end))[0])
    logs = _polish(likelihood, best if rough is None else _climb(likelihood, best))
    value, gradient, hessian = in_logs(likelihood, logs)
    information = -customers * hessian
    scales, axes = np.linalg.eigh(information)
    flat = scales < _WIDEST_ERROR**-2
    run_off = (np.abs(logs) > _EDGE) | (np.abs(axes[:, flat]) > 0.3).any(axis=1)
    if run_off.any() or np.abs(gradient).max() > _GRADIENT:
        raise _no_maximum([n for n, off in zip(names, run_off, strict=True) if off], customers)
    return Maximum(logs, axes @ np.diag(1 / scales) @ axes.T, value)


def likelihoods(
    build: Callable[..., Likelihood], rows: tuple[NDArray, ...], weights: NDArray
) -> tuple[Likelihood, Likelihood | None]:
    """The likelihood of all rows, and where they are many, that of every k-th row."""
    every = -(-weights.size // _ROUGH_ROWS)
    if every == 1:
        return build(rows, weights), None
    return build(rows, weights), build(tuple(row[::every] for row in rows), weights[::every])


def in_logs(likelihood: Likelihood, logs: NDArray) -> tuple[float, NDArray, NDArray]:
    """A likelihood with gradient and Hessian, in log parameters."""
    natural = np.exp(logs)
    value, gradient, hessian = likelihood(natural)
    slope = natural * gradient
    return value, slope, hessian * np.outer(natural, natural) + np.diag(slope)


def with_errors(
    function: Callable[[NDArray], NDArray], natural: NDArray, covariance: NDArray
) -> tuple[NDArray, NDArray]:
    """Delta method: ``function(natural parameters)`` at the estimate, and its standard errors.

    Args:
        function: One value per row.
        natural: The parameters.
        covariance: Of their logarithms.
    """
    values = function(natural)
    columns = []
    for index in range(natural.size):
        moved = natural.copy()
        moved[index] *= np.exp(_STEP)
        columns.append((function(moved) - values) / _STEP)
    gradient = np.stack(columns, axis=-1)
    variance = np.einsum("...i,ij,...j->...", gradient, covariance, gradient)
    return values, np.sqrt(np.maximum(variance, 0))


def positive_interval(estimate: ArrayLike, error: ArrayLike, level: float) -> Estimates:
    """A normal interval on the log scale; a value of 0 keeps an interval of 0 to 0."""
    estimate, error = np.asarray(estimate, dtype=float), np.asarray(error, dtype=float)
    spread = normal_quantile(level) * error / np.where(estimate > 0, estimate, 1)
    lower, upper = estimate * np.exp(-spread), estimate * np.exp(spread)
    return Estimates(estimate, error, lower, upper, level)


def share_interval(estimate: ArrayLike, error: ArrayLike, level: float) -> Estimates:
    """A normal interval on the logit scale, for a value between 0 and 1."""
    from scipy.special import expit, logit

    estimate, error = np.asarray(estimate, dtype=float), np.asarray(error, dtype=float)
    inner = (estimate > 0) & (estimate < 1)
    room = np.where(inner, estimate * (1 - estimate), 1)
    centre, spread = logit(np.where(inner, estimate, 0.5)), normal_quantile(level) * error / room
    lower = np.where(inner, expit(centre - spread), estimate)
    upper = np.where(inner, expit(centre + spread), estimate)
    return Estimates(estimate, error, lower, upper, level)


def normal_quantile(level: float) -> float:
    """How many standard errors an interval reaches to each side."""
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise DataError(f"`level` is {level}", "Expected a share between 0 and 1, e.g. 0.95")
    return float(ndtri(0.5 + level / 2))


def _climb(likelihood: Likelihood, logs: NDArray) -> NDArray:
    from scipy.optimize import minimize

    seen: dict[bytes, tuple[float, NDArray, NDArray]] = {}

    def look(point: NDArray) -> tuple[float, NDArray, NDArray]:
        key = point.tobytes()
        if key not in seen:
            seen.clear()
            seen[key] = _downhill(likelihood, point)
        return seen[key]

    found = minimize(
        lambda point: look(point)[0],
        logs,
        method="trust-exact",
        jac=lambda point: look(point)[1],
        hess=lambda point: look(point)[2],
        options={"gtol": _GRADIENT, "maxiter": 200},
    )
    return found.x


def _downhill(likelihood: Likelihood, point: NDArray) -> tuple[float, NDArray, NDArray]:
    """Minus the likelihood, and a wall far outside of where any maximum may lie."""
    if np.abs(point).max() > 2 * _EDGE:
        return np.inf, np.zeros(point.size), np.eye(point.size)
    value, gradient, hessian = in_logs(likelihood, point)
    return -value, -gradient, -hessian


def _polish(likelihood: Likelihood, logs: NDArray) -> NDArray:
    """Newton steps to the last digits, so that units and row order leave no trace."""
    for _ in range(_NEWTON_STEPS):
        _, gradient, hessian = in_logs(likelihood, logs)
        if np.linalg.eigvalsh(hessian)[-1] >= 0:
            break
        step = np.linalg.solve(hessian, gradient)
        if np.abs(step).max() > 0.1:
            break
        logs = logs - step
    return logs


def _no_maximum(names: Sequence[str], customers: float) -> NotMeasurable:
    what = f"{', '.join(names)} cannot be told" if names else "no maximum was reached"
    return NotMeasurable(
        f"The likelihood of {customers:.0f} customers has no clear maximum: {what} from these data",
        "Expected customers enough, and different enough, to tell every parameter",
        "Take more customers or a longer span, or show the plain mean instead",
    )
