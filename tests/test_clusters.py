"""Estimates over clusters and mixtures: published numbers, a second library, simulation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from privdom_kit import clusters, estimates
from privdom_kit.errors import DataError


def test_mixture_intervals_are_goodmans() -> None:
    """Sison and Glaz 1995, counts 56 72 73 59 62 87 58: Goodman's 95 % intervals at the ends.

    0.085 to 0.166 for the first and 0.143 to 0.239 for the largest, by the formula of Goodman's
    paper with chi-squared(1) at 1 - 0.05 / 7 (7.2375): (A + 2n -+ sqrt(A(A + 4n(N-n)/N))) / 2(N+A).
    """
    counts = [56, 72, 73, 59, 62, 87, 58]
    total, a = sum(counts), 7.2374
    found = estimates.mixture_intervals(counts)
    for n, interval in zip(counts, found, strict=True):
        root = np.sqrt(a * (a + 4 * n * (total - n) / total))
        ends = [(a + 2 * n + sign * root) / (2 * (total + a)) for sign in (-1, 1)]
        assert [interval.lower, interval.upper] == pytest.approx(ends, abs=2e-4)


def test_distance_of_a_mixture_by_hand() -> None:
    """60, 20, 10, 10 against 30, 30, 30, 10: (.3 + .1 + .2 + 0) / 2 = .3."""
    found = estimates.mixture_distance([60, 20, 10, 10], [3, 3, 3, 1])
    assert found.estimate == pytest.approx(0.3)
    assert found.lower < 0.3 < found.upper


def test_ends_of_the_distance_are_those_of_a_search() -> None:
    """Against a fine grid of mixtures within the simultaneous intervals of three parts."""
    counts, wanted = [20, 9, 3], np.array([0.3, 0.4, 0.3])
    box = estimates.mixture_intervals(counts)
    steps = np.arange(0, 1.0001, 0.002)
    first, second = np.meshgrid(steps, steps)
    mixes = np.stack([first, second, 1 - first - second], axis=-1).reshape(-1, 3)
    inside = np.all([(m >= i.lower) & (m <= i.upper) for m, i in zip(mixes.T, box, strict=True)], 0)
    distances = np.abs(mixes[inside] - wanted).sum(axis=1) / 2
    found = estimates.mixture_distance(counts, wanted)
    assert [found.lower, found.upper] == pytest.approx(
        [distances.min(), distances.max()], abs=0.004
    )


@pytest.mark.parametrize("mix", [(0.3, 0.3, 0.3, 0.1), (0.6, 0.2, 0.15, 0.05)])
@pytest.mark.parametrize("pieces", [30, 300])
def test_distance_covers(mix: tuple, pieces: int) -> None:
    """At the target itself, where resampling fails, and away from it: 95 % of 400, within error."""
    rng = np.random.default_rng(7)
    target = np.array([0.3, 0.3, 0.3, 0.1])
    truth = np.abs(np.array(mix) - target).sum() / 2
    found = [estimates.mixture_distance(d, target) for d in rng.multinomial(pieces, mix, 400)]
    covered = np.mean([i.lower - 1e-12 <= truth <= i.upper for i in found])
    assert covered >= 0.93


def test_impossible_mixtures_are_refused() -> None:
    with pytest.raises(DataError, match="one above it"):
        estimates.mixture_distance([0, 0], [1, 1])
    with pytest.raises(DataError, match="2 parts"):
        estimates.mixture_distance([1, 1], [1, 1, 1])


def test_slope_within_clusters_is_that_of_a_second_library() -> None:
    """statsmodels: one dummy a cluster, cluster-robust variance."""
    rng = np.random.default_rng(3)
    of = np.repeat(np.arange(12), 9)
    x = rng.normal(size=len(of)) + of
    y = 0.4 * x + rng.normal(size=12)[of] + rng.normal(size=len(of))
    deep_x = x - np.bincount(of, x)[of] / 9
    top, bottom = np.bincount(of, deep_x * y), np.bincount(of, deep_x * x)
    found = clusters.clustered_ratio(top, bottom)
    dummies = (of[:, None] == np.arange(12)).astype(float)
    fit = sm.OLS(y, np.column_stack([x, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": of, "use_correction": False}
    )
    assert found.estimate == pytest.approx(fit.params[0])
    half = (found.upper - found.lower) / 2
    expected = estimates.t_critical(0.95, 11) * fit.bse[0] * np.sqrt(12 / 11)
    assert half == pytest.approx(expected)


def test_shares_over_clusters_cover_where_pooled_ones_do_not() -> None:
    """20 clusters of 200, their own shares beta-distributed about 0.1: 95 % within error of 400."""
    rng = np.random.default_rng(11)
    covered, naive = 0, 0
    for _ in range(400):
        hits = rng.binomial(200, rng.beta(4, 36, 20))
        found = clusters.clustered_share(hits, np.full(20, 200))
        pooled = estimates.proportion_interval(hits.sum(), 4000)
        covered += found.lower <= 0.1 <= found.upper
        naive += pooled.lower <= 0.1 <= pooled.upper
    assert 0.92 <= covered / 400 <= 0.985
    assert naive / 400 < 0.6


def test_independent_units_give_wilson_with_students_t() -> None:
    """Clusters of one: the ratio's variance is p(1-p)/(n-1), so the size is (n-1)(z/t)^2."""
    x = np.array([1] * 30 + [0] * 70)
    size = 99 * (1.959964 / estimates.t_critical(0.95, 99)) ** 2
    expected = estimates.proportion_interval(0.3 * size, size)
    found = clusters.clustered_share(x, np.ones(100))
    assert [found.lower, found.upper] == pytest.approx([expected.lower, expected.upper], abs=1e-6)


def test_a_share_of_nobody_or_of_all_still_has_a_width() -> None:
    found = clusters.clustered_share([0, 0, 0, 0], [500, 500, 500, 500])
    assert (found.estimate, found.lower) == (0, 0)
    assert found.upper > 0.4
    assert clusters.clustered_share([1, 0], [2, 0]) is None


def test_a_paired_change_uses_the_same_clusters() -> None:
    """Each cluster falls by exactly 0.1: the change is -0.1 with no width; the third is new."""
    found = clusters.clustered_change([40, 10, 9], [100, 100, 10], [50, 20, 0], [100, 100, 0])
    assert [found.estimate, found.lower, found.upper] == pytest.approx([-0.1] * 3)


def test_jackknife_of_a_mean_is_the_standard_error() -> None:
    """For exp(mean) the jackknife on the log scale is the mean's own standard error (Tukey)."""
    values = np.array([0.2, 0.5, 0.1, 0.9, 0.4, 0.7])
    without = [np.exp(np.delete(values, i).mean()) for i in range(6)]
    interval, test = clusters.jackknife_ratio(float(np.exp(values.mean())), without)
    error = values.std(ddof=1) / np.sqrt(6)
    assert test.statistic == pytest.approx(values.mean() / error)
    width = estimates.t_critical(0.95, 5) * error
    assert np.log(interval.upper) == pytest.approx(values.mean() + width)
    assert clusters.jackknife_ratio(0.0, [1, 1]) is None


def test_robust_slopes_of_a_line_are_its_slopes() -> None:
    """A line 2 + 3a - b without error; a column that repeats another cannot be told from it."""
    a, b = np.arange(8.0), np.array([1.0, 0, 2, 5, 3, 3, 1, 0])
    first, second = estimates.robust_slopes(2 + 3 * a - b, [a, b])
    assert (first.estimate, second.estimate) == pytest.approx((3, -1))
    assert estimates.robust_slopes(a, [a, 2 * a]) is None
    assert estimates.robust_slopes([1, 2, 3, 3], [[1, 2, 4, 3]]) is not None
    assert estimates.robust_slopes([1, 2], [[1, 2]]) is None
