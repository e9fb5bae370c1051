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

_MOST_EXACT = 1_000  # events up to which a test enumerates
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
    entries: tuple[ArrayLike, ArrayLike] | None = None,
) -> SurvivalCurve:
    """Product-limit survival with right censoring (Kaplan and Meier 1958) and late entry.

    Intervals: Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice 1980), which
    stays within 0 and 1 and holds its level at small numbers where the plain one does not.

    Args:
        durations: Time until the event or until watching ended.
        observed: 1 where the event happened, 0 where it had not by then.
        counts: People that each row stands for; one each where not given.
        level: Confidence level.
        entries: Times from which on people are watched, and how many from each; everybody from
            the start where not given. Who enters at a time is at risk at that time.

    Raises:
        DataError: Lengths differ, a duration is negative or missing, or nobody is left.
    """
    time, events, leaving = _exits(durations, observed, counts)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if entries is not None:
        start, people = (np.asarray(part, dtype=float) for part in entries)
        late = np.array([people[start > moment].sum() for moment in time])
        at_risk = at_risk - late
    hazard = np.divide(events, at_risk, out=np.zeros(len(time)), where=at_risk > 0)
    survival = np.cumprod(1 - hazard)
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


def effective_counts(curve: SurvivalCurve, time: float) -> tuple[float, float] | None:
    """How many of how many binomial trials carry as much as the curve does at ``time``.

    The effective number of Rothman (J. Chronic Dis. 31, 1978): n = S (1 - S) / Greenwood's
    variance; those at risk where nothing (or everything) has happened, as Dorey and Korn (Stat.
    Med. 6, 1987) take it. Without censoring they are the plain counts. With them the intervals
    and tests of shares hold for product-limit shares, also where no event was seen.

    Returns:
        ``(events, people)``; None where nobody is watched at ``time``.
    """
    reached = curve.table[curve.table["time"] <= time]
    watched = curve.at_risk(time)
    if not watched:
        return None
    if reached.empty:
        return 0.0, float(watched)
    events, at_risk = (reached[c].to_numpy(float) for c in ("events", "at_risk"))
    gone = 1 - float(reached["survival"].iloc[-1])
    left = at_risk - events
    steps = np.divide(events, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    # S (1 - S) / (S^2 x sum of steps); without censoring exactly the number of people.
    people = gone / ((1 - gone) * steps.sum()) if 0 < gone < 1 else float(watched)
    return gone * people, people


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Events of one group against another's over strata of time at risk.

    Attributes:
        difference: Events per unit of time at risk, first less second group.
        p_value: Two-sided, of no difference in any stratum.
        events: Events of the first group in strata where the other was watched too.
        time: Its time at risk there.
        second_events: Events of the second group there.
    """

    difference: Interval
    p_value: float
    events: float
    time: float
    second_events: float


def compare_rates(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, level: float = 0.95
) -> RateComparison | None:
    """Rates of two groups compared within strata and pooled.

    The Mantel-Haenszel difference of rates (Greenland and Robins, Biometrics 41, 1985). Its
    interval joins the gamma limits of the two weighted rates (Fay and Feuer, Stat. Med. 16, 1997),
    which hold at few events and at none, by square-and-add (Zou and Donner, Stat. Med. 27, 2008).
    The test is that of equal rates within strata (Shore, Pasternack and Curnen, Am. J. Epidemiol.
    103, 1976): given the events of a stratum, the first group has its share of time.
    Up to 1,000 events the test is exact (the doubled smaller tail), beyond by the normal curve.
    Only strata in which both groups were watched say anything.

    Args:
        x1: Events of the first group, by stratum.
        t1: Its time at risk.
        x2: Events of the second group.
        t2: Its time at risk.
        level: Confidence level.

    Returns:
        None where no stratum has both, or no event fell in them.
    """
    parts = [np.asarray(part, dtype=float) for part in (x1, t1, x2, t2)]
    both = (parts[1] > 0) & (parts[3] > 0)
    a, m, b, n = (part[both] for part in parts)
    if not (a.sum() + b.sum()) > 0:
        return None
    whole = float((m * n / (m + n)).sum())
    first = _weighted_rate(a, n / (m + n) / whole, level)
    second = _weighted_rate(b, m / (m + n) / whole, level)
    gap = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
    above = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
    return RateComparison(
        Interval(gap, gap - below, gap + above),
        _equal_rates_p(a, a + b, m / (m + n)),
        float(a.sum()),
        float(m.sum()),
        float(b.sum()),
    )


def _weighted_rate(events: NDArray, weights: NDArray, level: float) -> Interval:
    """A weighted sum of Poisson counts with Fay and Feuer's gamma limits."""
    from scipy.stats import chi2

    tail, most = (1 - level) / 2, float(weights.max())
    rate, spread = float((weights * events).sum()), float((weights**2 * events).sum())
    lower = spread / (2 * rate) * float(chi2.ppf(tail, 2 * rate**2 / spread)) if rate else 0.0
    top, wide = rate + most, spread + most**2
    return Interval(rate, lower, wide / (2 * top) * float(chi2.ppf(1 - tail, 2 * top**2 / wide)))


def _equal_rates_p(ours: NDArray, events: NDArray, share: NDArray) -> float:
    """Two-sided p of ``ours`` events, each event being ours with the share of its stratum."""
    from scipy.stats import norm

    seen = round(float(ours.sum()))
    if events.sum() > _MOST_EXACT:
        variance = float((events * share * (1 - share)).sum())
        z = (seen - float((events * share).sum())) / math.sqrt(variance)
        return float(2 * norm.sf(abs(z)))
    chances = np.ones(1)
    for p in np.repeat(share, events.astype(int)):
        chances = np.append(chances * (1 - p), 0.0) + np.append(0.0, chances * p)
    return min(1.0, 2 * float(min(chances[seen:].sum(), chances[: seen + 1].sum())))


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


def weighted_kappa(
    table: ArrayLike, weights: str = "quadratic", level: float = 0.95
) -> Interval | None:
    """Agreement of two raters on ordered categories beyond that of chance (Cohen 1968).

    The interval takes the large-sample standard error of Fleiss, Cohen and Everitt (1969) and
    stays within -1 and 1; it takes ratings as independent of one another. Where that error is
    nought (full agreement, or a rater who gave one rating only) it says nothing, and the bounds
    are NaN.

    Args:
        table: Ratings counted by category of the first rater (rows) and of the second (columns).
        weights: linear (Cicchetti and Allison 1971), or quadratic (Fleiss and Cohen 1973).
        level: Confidence level.

    Returns:
        None where kappa does not exist: no ratings, or all in one category.

    Raises:
        DataError: The table is not square, a count is negative, or the weights are unknown.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise DataError(f"ratings of shape {counts.shape}", "expected a square table of counts")
    if weights not in ("linear", "quadratic"):
        raise DataError(f"the weights are {weights!r}", "known: linear, quadratic")
    first, second = counts.sum(axis=1), counts.sum(axis=0)
    if not counts.sum() or ((first > 0) | (second > 0)).sum() < 2:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cohens_kappa(counts, wt=weights)
    kappa, error = float(found.kappa), float(found.std_kappa)
    if not error > 1e-12:
        return Interval(kappa, math.nan, math.nan)
    half = normal_critical(level) * error
    return Interval(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0))


def paired_sums_ratio(
    values: Sequence[float], matched: Sequence[float], level: float = 0.95
) -> Interval | None:
    """The ratio of two sums of paired values, with its interval over the pairs.

    Ratio estimator with linearised variance (Cochran 1977, section 6.3), Student's t with one
    degree less than pairs, on the log scale so that it stays above 0.

    Args:
        values: One a pair, e.g. the sales of a special day.
        matched: What it is held against, e.g. the mean of its matched days.
        level: Confidence level.

    Returns:
        None with fewer than three pairs, or where a sum is not above 0.
    """
    tops, bottoms = np.asarray(values, dtype=float), np.asarray(matched, dtype=float)
    if len(tops) < 3 or not tops.sum() > 0 or not bottoms.sum() > 0:
        return None
    ratio = float(tops.sum() / bottoms.sum())
    spread = tops - ratio * bottoms
    variance = float((spread**2).sum()) / (len(tops) - 1) / len(tops) / float(bottoms.mean()) ** 2
    half = t_critical(level, len(tops) - 1) * math.sqrt(variance) / ratio
    return Interval(ratio, ratio * math.exp(-half), ratio * math.exp(half))


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


def mean_interval(n: float, total: float, squares: float, level: float = 0.95) -> Interval | None:
    """The mean out of a count, a sum and a sum of squares, with Student's interval.

    Returns:
        None with nobody. The ends are NaN where no spread was seen (one person, or all alike):
        that is no evidence of certainty.
    """
    if not n:
        return None
    mean = total / n
    spread = _variance(n, total, squares)
    if not spread:
        return Interval(mean, math.nan, math.nan)
    half = t_critical(level, int(n) - 1) * math.sqrt(spread / n)
    return Interval(mean, mean - half, mean + half)


def welch_test(
    first: tuple[float, float, float], second: tuple[float, float, float], level: float = 0.95
) -> tuple[Interval, float] | None:
    """The difference of two means, first less second, with its interval and two-sided p-value.

    B. L. Welch, The generalization of Student's problem when several different population
    variances are involved, Biometrika 34 (1947); degrees of freedom by Welch and Satterthwaite.

    Args:
        first: Count, sum and sum of squares.
        second: The same of the other group.
        level: Confidence level of the interval.

    Returns:
        None where a group has fewer than two, or neither shows any spread.
    """
    from scipy.stats import t

    if min(first[0], second[0]) < 2:
        return None
    shares = [_variance(*group) / group[0] for group in (first, second)]
    if not sum(shares):
        return None
    spread = math.sqrt(sum(shares))
    degrees = sum(shares) ** 2 / sum(
        share**2 / (group[0] - 1) for share, group in zip(shares, (first, second), strict=True)
    )
    gap = first[1] / first[0] - second[1] / second[0]
    half = float(t.ppf((1 + level) / 2, degrees)) * spread
    return Interval(gap, gap - half, gap + half), float(2 * t.sf(abs(gap) / spread, degrees))


def _variance(n: float, total: float, squares: float) -> float:
    """Sample variance; 0 for one value, and where only rounding is left of it."""
    if n < 2:
        return 0.0
    around = squares - total * total / n
    return around / (n - 1) if around > 1e-9 * max(squares, 1e-12) else 0.0


def newcomer_ratio(
    people: ArrayLike,
    responders: ArrayLike,
    later: ArrayLike,
    earlier: ArrayLike,
    answered: int,
    first_answered: int,
    level: float = 0.95,
) -> Interval | None:
    """Response of people to a later message against what newcomers gave at the same time.

    The expected response is the newcomers' rate of each period, scaled by how the people answered
    their own first message against the newcomers' of its period:
    (answered / expected later) / (first_answered / expected at first). Delta method on the log
    scale; the people are newcomers of their own first period, so ``first_answered`` varies only
    as a part of those does.

    Args:
        people: Newcomers by period.
        responders: Those of them who answered, above zero.
        later: People by the period of the later message.
        earlier: The same people by the period of their first.
        answered: People who answered the later message.
        first_answered: Those of the same people who answered their first.
        level: Confidence level.

    Returns:
        None where nobody answered the first message.
    """
    size, hits = np.asarray(people, float), np.asarray(responders, float)
    after, before = np.asarray(later, float), np.asarray(earlier, float)
    rates = hits / size
    expected, expected_first = float(after @ rates), float(before @ rates)
    if not first_answered or not expected:
        return None
    shown = max(answered, 0.5)
    ratio = expected_first / first_answered / expected
    # The newcomers' rates move both expectations; what is left of the first answers is a sample.
    pull = before / expected_first - after / expected
    spread = (pull**2 * rates * (1 - rates) / size).sum()
    spread += (1 - answered / after.sum()) / shown
    spread += max(1 / first_answered - 1 / hits.sum(), 0.0)
    reach = math.exp(normal_critical(level) * math.sqrt(spread))
    return Interval(answered * ratio, answered * ratio / reach, shown * ratio * reach)


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
