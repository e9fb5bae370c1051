"""Estimates with their uncertainty: the only file that calls statsmodels and scipy.stats.

Everything here works on counts and sums, never on a client's rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

_HOLM_AND_KIN = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bonferroni": "bonferroni",
    "fdr_bh": "fdr_bh",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval around it.

    Attributes:
        estimate: NaN where nothing was observed.
        lower: Lower end.
        upper: Upper end.
    """

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Test:
    """A hypothesis test.

    Attributes:
        estimate: The quantity that was tested.
        statistic: Test statistic.
        p_value: Two-sided.
    """

    __test__ = False  # not a test case, whatever its name suggests to a collector

    estimate: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """A product-limit curve.

    Attributes:
        table: One row a distinct time: ``time, at_risk, events, survival,
            survival_ci_lower, survival_ci_upper``.
        median: First time at which survival is 0.5 or less; None where it stays above.
    """

    table: pd.DataFrame
    median: float | None

    def incidence(self, time: float) -> Interval:
        """Share with the event by ``time`` (1 - survival), with its interval."""
        reached = self.table[self.table["time"] <= time]
        if reached.empty:
            return Interval(0.0, 0.0, 0.0)
        row = reached.iloc[-1]
        return Interval(
            1 - row["survival"], 1 - row["survival_ci_upper"], 1 - row["survival_ci_lower"]
        )

    def at_risk(self, time: float) -> int:
        """People still watched just before ``time``."""
        later = self.table[self.table["time"] >= time]
        return 0 if later.empty else int(later.iloc[0]["at_risk"])


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

    _check_counts(x, n)
    if n == 0:
        return Interval(math.nan, 0.0, 1.0)
    lower, upper = proportion_confint(x, n, alpha=1 - level, method="wilson")
    # The formula reaches the ends of the scale only up to rounding.
    lower, upper = (0.0 if x == 0 else float(lower)), (1.0 if x == n else float(upper))
    return Interval(x / n, lower, upper)


def difference_interval(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95, method: str = "newcombe"
) -> Interval:
    """The difference of two independent shares, x1/n1 - x2/n2, with its interval.

    Newcombe's hybrid score interval: R. G. Newcombe, Interval estimation for the difference
    between independent proportions, Statistics in Medicine 17 (1998), method 10.

    Raises:
        DataError: A count is impossible, a group is empty, or the method is unknown.
    """
    if method != "newcombe":
        raise DataError(f"the interval method is {method!r}", "known: newcombe")
    first, second = proportion_interval(x1, n1, level), proportion_interval(x2, n2, level)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a difference needs people in both")
    gap = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
    above = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
    return Interval(gap, gap - below, gap + above)


def equality_test(x1: float, n1: float, x2: float, n2: float) -> Test:
    """Whether two independent shares are equal: the score test with pooled variance.

    The square of the statistic is Pearson's chi-squared without correction. With no variance
    at all (nobody or everybody in both groups) the p-value is 1.

    Raises:
        DataError: A count is impossible or a group is empty.
    """
    from scipy.stats import norm

    _check_counts(x1, n1)
    _check_counts(x2, n2)
    if not n1 or not n2:
        raise DataError(f"groups of {n1} and {n2} people", "a comparison needs people in both")
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    gap = x1 / n1 - x2 / n2
    statistic = gap / math.sqrt(variance) if variance > 0 else 0.0
    return Test(gap, statistic, float(2 * norm.sf(abs(statistic))))


def adjust_p_values(p: Sequence[float | None], method: str = "holm") -> list[float | None]:
    """P-values corrected for how many were looked at; a missing one stays missing.

    Args:
        p: One a comparison; None or NaN where it was not made.
        method: holm (Holm 1979), hochberg, bonferroni or fdr_bh.

    Raises:
        DataError: The method is unknown.
    """
    from statsmodels.stats.multitest import multipletests

    if method not in _HOLM_AND_KIN:
        raise DataError(f"the correction is {method!r}", f"known: {', '.join(_HOLM_AND_KIN)}")
    # One NaN would make every corrected value NaN, so only what was tested goes in.
    made = [i for i, value in enumerate(p) if value is not None and not math.isnan(value)]
    corrected: list[float | None] = [None] * len(p)
    if made:
        values = multipletests([p[i] for i in made], method=_HOLM_AND_KIN[method])[1]
        for i, value in zip(made, values, strict=True):
            corrected[i] = float(value)
    return corrected


def survival_curve(
    durations: ArrayLike,
    observed: ArrayLike,
    counts: ArrayLike | None = None,
    level: float = 0.95,
) -> SurvivalCurve:
    """Product-limit survival with right censoring (Kaplan and Meier 1958).

    Intervals: Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice 1980), which
    stays within 0 and 1 and holds its level at small numbers where the plain one does not.

    Args:
        durations: Time until the event or until watching ended.
        observed: 1 where the event happened, 0 where it had not by then.
        counts: People that each row stands for; one each where not given.
        level: Confidence level.

    Raises:
        DataError: Lengths differ, a duration is negative or missing, or nobody is left.
    """
    time, events, leaving = _exits(durations, observed, counts)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    survival = np.cumprod(1 - events / at_risk)
    lower, upper = _log_log_limits(survival, events, at_risk, level)
    half = time[survival <= 0.5 + 1e-12]
    table = _frame(
        time=time,
        at_risk=at_risk,
        events=events,
        survival=survival,
        survival_ci_lower=lower,
        survival_ci_upper=upper,
    )
    return SurvivalCurve(table, float(half[0]) if len(half) else None)


def incidence_matrix(events: NDArray, leaving: NDArray) -> NDArray:
    """Product-limit incidence, a row each, from counts on a common grid of times.

    Args:
        events: Events by row and time.
        leaving: All who leave, events and censored, by row and time.

    Returns:
        Share with the event by each time; constant where nobody is left to watch.
    """
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(events, at_risk, out=np.zeros(events.shape), where=at_risk > 0)
    return 1 - np.cumprod(1 - hazard, axis=1)


def t_critical(level: float, degrees: int) -> float:
    """Two-sided critical value of Student's t."""
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, degrees))


def normal_critical(level: float) -> float:
    """Two-sided critical value of the normal distribution."""
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def t_p_value(statistic: float, degrees: int) -> float:
    """Two-sided p-value of Student's t."""
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), degrees))


def mixture_intervals(counts: Sequence[float], level: float = 0.95) -> list[Interval]:
    """Shares of a mixture with simultaneous intervals (Goodman 1965).

    Args:
        counts: Pieces by part; at least one piece in all.
        level: Chance that all intervals cover at once.

    Raises:
        DataError: A count is negative, or there is nothing to count.
    """
    from statsmodels.stats.proportion import multinomial_proportions_confint

    values = np.asarray(counts, dtype=float)
    if not values.sum() > 0 or (values < 0).any():
        raise DataError(
            f"counts {list(counts)}", "expected counts from 0 on, one above it at least"
        )
    ends = multinomial_proportions_confint(values, alpha=1 - level, method="goodman")
    shares = values / values.sum()
    return [
        Interval(float(share), max(float(lower), 0.0), min(float(upper), 1.0))
        for share, (lower, upper) in zip(shares, ends, strict=True)
    ]


def mixture_distance(
    counts: Sequence[float], target: Sequence[float], level: float = 0.95
) -> Interval:
    """How much of a mixture stands elsewhere than in a target: sum of differences / 2.

    The interval holds the distances of all mixtures within the simultaneous intervals of
    :func:`mixture_intervals`, so it covers at least at its level, at small counts and next to the
    target as well, where resampling is drawn away from zero.

    Args:
        counts: Pieces by part.
        target: Parts of the target, in any unit; they are scaled to add up to 1.
        level: Confidence level.

    Raises:
        DataError: As :func:`mixture_intervals`, or the target does not fit.
    """
    parts = np.asarray(target, dtype=float)
    if len(parts) != len(counts) or (parts < 0).any() or not parts.sum() > 0:
        raise DataError(f"a target of {list(target)}", f"{len(counts)} parts, none below zero")
    wanted = parts / parts.sum()
    box = mixture_intervals(counts, level)
    shares, low, high = (np.array([getattr(i, k) for i in box]) for k in Interval.__slots__)
    # At least what the box forces up, and at least what it forces down.
    least = max(np.clip(low - wanted, 0, None).sum(), np.clip(wanted - high, 0, None).sum())
    most = 0.0
    for number in range(2 ** len(wanted)):
        chosen = np.array([bool(number >> place & 1) for place in range(len(wanted))])
        reach = min(high[chosen].sum(), 1 - low[~chosen].sum())
        most = max(most, reach - wanted[chosen].sum())
    return Interval(float(np.abs(shares - wanted).sum() / 2), float(least), float(most))


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


def _check_counts(x: float, n: float) -> None:
    if not 0 <= x <= n:
        raise DataError(f"{x} out of {n}", "a share needs 0 <= x <= n")


def _exits(
    durations: ArrayLike, observed: ArrayLike, counts: ArrayLike | None
) -> tuple[NDArray, NDArray, NDArray]:
    """Distinct times with events and people leaving at each."""
    values = np.asarray(durations, dtype=float)
    happened = np.asarray(observed, dtype=float)
    weights = np.ones(len(values)) if counts is None else np.asarray(counts, dtype=float)
    if not len(values) == len(happened) == len(weights):
        raise DataError(
            f"{len(values)} durations, {len(happened)} outcomes, {len(weights)} counts",
            "expected one of each for every row",
        )
    if not (np.isfinite(values).all() and (values >= 0).all() and np.isin(happened, (0, 1)).all()):
        raise DataError(
            "a duration is missing or negative, or an outcome is neither 0 nor 1",
            "expected times from 0 on, and 1 where the event happened, else 0",
        )
    if not weights.sum() > 0 or (weights < 0).any():
        raise DataError("nobody to watch", "expected at least one person, and no negative count")
    keep = weights > 0
    time, place = np.unique(values[keep], return_inverse=True)
    leaving = np.bincount(place, weights[keep])
    return time, np.bincount(place, (weights * happened)[keep]), leaving


def _log_log_limits(
    survival: NDArray, events: NDArray, at_risk: NDArray, level: float
) -> tuple[NDArray, NDArray]:
    from scipy.stats import norm

    left = at_risk - events
    steps = np.divide(events, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    inside = (survival > 0) & (survival < 1)
    log_survival = np.log(np.where(inside, survival, 0.5))
    spread = norm.ppf((1 + level) / 2) * np.sqrt(np.cumsum(steps)) / np.abs(log_survival)
    # At 1 nothing has happened and at 0 nobody is left: there the formula has no width.
    lower = np.where(inside, survival ** np.exp(np.where(inside, spread, 0)), survival)
    upper = np.where(inside, survival ** np.exp(-np.where(inside, spread, 0)), survival)
    return lower, upper


def _frame(**columns: NDArray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns).astype({"at_risk": "int64", "events": "int64"})
