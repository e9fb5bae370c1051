"""Regressions on grouped counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.estimates.basics import Interval, t_critical

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


def robust_slopes(
    outcome: ArrayLike, columns: Sequence[ArrayLike], level: float = 0.95
) -> list[Interval] | None:
    """Slopes of a least-squares line on each column, beside a constant, with HC3 intervals.

    The variance holds where units spread unevenly (MacKinnon and White 1985).

    Args:
        outcome: One value a unit.
        columns: The columns, one value a unit each.
        level: Confidence level.

    Returns:
        None where there are too few units for the columns, or a column is a mix of the others.
    """
    import statsmodels.api as sm

    design = sm.add_constant(
        np.column_stack([np.asarray(c, float) for c in columns]), has_constant="add"
    )
    if len(design) < design.shape[1] + 2 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    fit = sm.OLS(np.asarray(outcome, float), design).fit(cov_type="HC3", use_t=True)
    ends = fit.conf_int(alpha=1 - level)
    slopes = range(1, design.shape[1])
    return [Interval(float(fit.params[i]), float(ends[i][0]), float(ends[i][1])) for i in slopes]


@dataclass(frozen=True, slots=True, eq=False)
class ClusterModel:
    """A regression on grouped counts whose variance holds where whole clusters move together.

    Attributes:
        names: Columns of the design, the constant first.
        coefficients: One a column; of a rate model on the log scale.
        covariance: Of the coefficients: jackknife over clusters.
        clusters: Number of clusters.
    """

    names: tuple[str, ...]
    coefficients: NDArray
    covariance: NDArray
    clusters: int

    def coefficient(self, name: str, level: float = 0.95) -> Interval:
        """A coefficient and its interval: Student's t on one degree less than clusters."""
        place = self.names.index(name)
        value = float(self.coefficients[place])
        spread = math.sqrt(float(self.covariance[place, place]))
        reach = t_critical(level, self.clusters - 1) * spread
        return Interval(value, value - reach, value + reach)

    def draws(self, names: Sequence[str], size: int, seed: int) -> NDArray:
        """Draws of some coefficients: multivariate Student's t about the estimate."""
        at = [self.names.index(name) for name in names]
        rng = np.random.default_rng(seed)
        scatter = self.covariance[np.ix_(at, at)]
        normal = rng.multivariate_normal(np.zeros(len(at)), scatter, size, method="svd")
        degrees = self.clusters - 1
        return (
            self.coefficients[at]
            + normal / np.sqrt(rng.chisquare(degrees, size) / degrees)[:, None]
        )


def rate_model(
    events: ArrayLike, exposure: ArrayLike, columns: pd.DataFrame, clusters: ArrayLike
) -> ClusterModel | None:
    """Poisson regression of events on columns with a log link and time at risk as exposure.

    Args:
        events: Events by cell.
        exposure: Time at risk by cell, above zero.
        columns: Columns of the design without the constant; the first ones are kept where later
            ones are mixes of them.
        clusters: What moves together, by cell: the calendar week where one message goes to all.

    Returns:
        None where there is no event, fewer than three clusters, or no solution.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    y, time = np.asarray(events, float), np.asarray(exposure, float)
    names, design = _design(columns, np.sqrt(time))
    if not y.sum() > 0 or len(np.unique(clusters)) < 3:
        return None
    model = sm.GLM(y, design, family=sm.families.Poisson(), exposure=time)
    try:
        fit = model.fit(maxiter=100)
    except (PerfectSeparationError, np.linalg.LinAlgError):
        return None
    expected = np.asarray(fit.mu)
    if not fit.converged or not np.isfinite(fit.params).all():
        return None
    return _cluster_model(names, fit.params, design, y - expected, expected, clusters)


def mean_model(
    total: ArrayLike, exposure: ArrayLike, columns: pd.DataFrame, clusters: ArrayLike
) -> ClusterModel | None:
    """Least squares of a total per unit of exposure on columns, weighted by the exposure.

    Args and result are those of :func:`rate_model`; totals may be of any sign.
    """
    y, time = np.asarray(total, float), np.asarray(exposure, float)
    names, design = _design(columns, np.sqrt(time))
    if len(np.unique(clusters)) < 3:
        return None
    normal = design.T @ (design * time[:, None])
    solution = np.linalg.solve(normal, design.T @ y)
    return _cluster_model(names, solution, design, y - time * (design @ solution), time, clusters)


def _design(columns: pd.DataFrame, scale: NDArray) -> tuple[tuple[str, ...], NDArray]:
    """The constant and the columns, less those that add nothing to the ones before them."""
    full = np.column_stack([np.ones(len(columns)), columns.to_numpy(dtype=float)])
    weighted = full * scale[:, None]
    upper = np.linalg.qr(weighted, mode="r")
    own, size = np.abs(np.diag(upper)), np.linalg.norm(weighted, axis=0)
    kept = own > 1e-8 * np.where(size > 0, size, 1)
    names = np.array(["constant", *columns.columns], dtype=object)
    return tuple(names[kept]), full[:, kept]


def _cluster_model(
    names: tuple[str, ...],
    coefficients: NDArray,
    design: NDArray,
    residual: NDArray,
    weight: NDArray,
    clusters: ArrayLike,
) -> ClusterModel:
    """The one-step jackknife over clusters, known as CV3.

    It leaves out each cluster in turn. With few or unequal clusters it holds its level better
    than the plain sandwich (MacKinnon, Nielsen and Webb, Journal of Applied Econometrics 38,
    2023).
    """
    labels, place = np.unique(np.asarray(clusters), return_inverse=True)
    whole = design.T @ (design * weight[:, None])
    moves = np.empty((len(labels), design.shape[1]))
    for number in range(len(labels)):
        rows = place == number
        part = design[rows].T @ (design[rows] * weight[rows, None])
        score = design[rows].T @ residual[rows]
        # A column that only one cluster fills vanishes with it; the pseudo-inverse leaves it be.
        moves[number] = np.linalg.pinv(whole - part, hermitian=True) @ score
    share = (len(labels) - 1) / len(labels)
    return ClusterModel(names, np.asarray(coefficients), share * moves.T @ moves, len(labels))
