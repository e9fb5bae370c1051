"""Effective counts of curves, rates over strata: published limits, enumeration, laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, poisson

from privdom_kit.estimates import (
    compare_rates,
    difference_interval,
    effective_counts,
    proportion_interval,
    survival_curve,
)


def test_without_censoring_the_effective_counts_are_the_counts() -> None:
    """30 of 100 by day 30: a binomial, whatever the days in between."""
    days = [5] * 10 + [20] * 20 + [90] * 70
    curve = survival_curve(days, [1] * 30 + [0] * 70)
    assert effective_counts(curve, 30) == pytest.approx((30, 100))


def test_nothing_seen_counts_those_still_watched() -> None:
    """40 watched to day 10, 60 to day 50, nobody removed: 0 of 60 by day 30 (Dorey and Korn)."""
    curve = survival_curve([10] * 40 + [50] * 60, [0] * 100)
    assert effective_counts(curve, 30) == (0.0, 60.0)
    assert effective_counts(curve, 51) is None


def test_intervals_of_censored_shares_hold_their_level() -> None:
    """1,000 samples of 120 with half censored: 95 % intervals hold the true share in 93 to 98 %.

    Exponential lifetimes of mean 300 days and watching times uniform over 10 to 90 days: by day
    30 the true share is 1 - exp(-0.1).
    """
    draw = np.random.default_rng(1)
    truth, held = 1 - np.exp(-0.1), 0
    for _ in range(1_000):
        life = draw.exponential(300, 120)
        watched = draw.uniform(10, 90, 120)
        curve = survival_curve(np.minimum(life, watched), (life <= watched).astype(int))
        counts = effective_counts(curve, 30)
        assert counts is not None
        found = proportion_interval(*counts)
        held += found.lower <= truth <= found.upper
    assert 930 <= held <= 980


def test_equal_groups_seldom_differ() -> None:
    """500 pairs of censored groups with one and the same loss: 5 % of the intervals at most miss.

    With a true 5 % more than 40 of 500 come about in 0.2 % of runs.
    """
    draw = np.random.default_rng(2)
    missed = 0
    for _ in range(500):
        sides: list[float] = []
        for size in (150, 400):
            life, watched = draw.exponential(200, size), draw.uniform(5, 120, size)
            curve = survival_curve(np.minimum(life, watched), (life <= watched).astype(int))
            counts = effective_counts(curve, 30)
            assert counts is not None
            sides += counts
        gap = difference_interval(*sides)
        missed += not gap.lower <= 0 <= gap.upper
    assert missed <= 40


def test_limits_of_one_rate_are_garwoods() -> None:
    """10 events: 4.80 to 18.39 (Garwood 1936); none: 0 to 3.69. Nothing in the other group."""
    found = compare_rates([10], [1.0], [1], [1e12])
    assert found is not None
    bounds = found.difference
    assert (bounds.lower, bounds.upper) == (
        pytest.approx(4.795, abs=2e-3),
        pytest.approx(18.39, abs=2e-2),
    )
    none = compare_rates([0], [1.0], [1], [1e12])
    assert none is not None
    assert none.difference.upper == pytest.approx(3.689, abs=2e-3)


def test_one_stratum_by_hand() -> None:
    """8 events in 100 hours against 6 in 300: .08 - .02; p: 8 of 14 at a chance of 1 in 4."""
    found = compare_rates([8], [100], [6], [300])
    assert found is not None
    assert found.difference.estimate == pytest.approx(0.06)
    tail = binom.sf(7, 14, 0.25)
    assert found.p_value == pytest.approx(2 * tail)


def test_strata_in_which_only_one_group_was_watched_say_nothing() -> None:
    alone = compare_rates([8, 50], [100, 70], [6, 0], [300, 0])
    assert alone == compare_rates([8], [100], [6], [300])
    assert compare_rates([1], [10], [0], [0]) is None
    assert compare_rates([0], [10], [0], [10]) is None


def test_pooling_over_strata_does_not_mix_them() -> None:
    """Simpson: equal rates within both strata, the first group mostly where both are frequent."""
    found = compare_rates([90, 1], [900, 100], [10, 9], [100, 900])
    assert found is not None
    assert found.difference.estimate == pytest.approx(0)
    assert found.p_value > 0.5


def test_the_exact_test_is_the_enumeration_over_strata() -> None:
    """Two strata of 3 and 2 events at chances 1/2 and 1/5: all 12 outcomes, one by one."""
    chances = np.zeros(6)
    for i in range(4):
        for j in range(3):
            chances[i + j] += binom.pmf(i, 3, 0.5) * binom.pmf(j, 2, 0.2)
    found = compare_rates([3, 1], [50, 20], [0, 1], [50, 80])
    assert found is not None
    assert found.p_value == pytest.approx(2 * chances[4:].sum())


def test_null_rates_are_seldom_called_different() -> None:
    """2,000 pairs over 30 thin strata with equal rates: at most 5 % significant, either way."""
    draw = np.random.default_rng(4)
    time = draw.uniform(10, 200, (2, 30))
    rate = draw.uniform(0.0005, 0.004, 30)
    called = held = made = 0
    for _ in range(2_000):
        x, y = poisson.rvs(time * rate, random_state=draw)
        found = compare_rates(x, time[0], y, time[1])
        if found is None:
            continue
        made += 1
        called += found.p_value < 0.05
        held += found.difference.lower <= 0 <= found.difference.upper
    assert made > 1_900
    assert called <= 0.05 * made
    assert held >= 0.95 * made


def test_many_events_go_over_to_the_normal_curve() -> None:
    """999 and 1,001 events in equal time: close to one another on both sides of the change."""
    exact = compare_rates([530], [1.0], [469], [1.0])
    normal = compare_rates([531], [1.0], [470], [1.0])
    assert exact is not None
    assert normal is not None
    assert exact.p_value == pytest.approx(normal.p_value, rel=0.15)
