"""The interval for unplanned looks against published numbers, its laws and simulated peeking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit.errors import ConfigError, DataError
from privdom_kit.estimates import Moments, always_valid_interval, normal_critical

CONTROL, TREATMENT = Moments(3000, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)


def converted(x: float, n: float) -> Moments:
    return Moments(n, x, x)


@pytest.mark.parametrize(
    ("a", "b", "tuning_n", "expected"),
    [
        (CONTROL, TREATMENT, 1000, (0.50336, -0.55844, 1.56516, 0.33341, 1.0)),
        (
            converted(1396, 3000),
            converted(2422, 3461),
            5000,
            (0.50386, 0.40098, 0.60675, 0.03386, 0.0),
        ),
    ],
)
def test_relative_lift_as_growthbook_has_it(
    a: Moments, b: Moments, tuning_n: float, expected: tuple[float, ...]
) -> None:
    """growthbook/growthbook, packages/stats/tests/frequentist/test_tests.py.

    Its second case takes the variance of a share over n, ours over n - 1: 5e-6 apart.
    """
    found = always_valid_interval(a, b, 0.05, tuning_n, relative=True)
    values = (found.estimate, found.lower, found.upper, found.standard_error, found.p_value)
    assert values == pytest.approx(expected, abs=2e-5)


def test_absolute_difference_has_the_published_error() -> None:
    """Estimate and error of the same suite's absolute case; half-width by its formula."""
    found = always_valid_interval(CONTROL, TREATMENT, 0.05, 5000)
    assert found.estimate == pytest.approx(0.23437666666666668)
    assert found.standard_error == pytest.approx(0.12983081254184736)
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 5000
    n = 6461
    widened = 2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / 0.05)
    half = found.standard_error * math.sqrt(n * widened)
    assert (found.upper - found.estimate, found.estimate - found.lower) == pytest.approx(
        (half, half)
    )


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.01, 0.5), st.floats(10, 1e6))
def test_interval_and_p_value_agree_and_arms_can_be_swapped(
    x: int, y: int, alpha: float, tuning_n: float
) -> None:
    a, b = converted(x, 400), converted(y, 500)
    there = always_valid_interval(a, b, alpha, tuning_n)
    back = always_valid_interval(b, a, alpha, tuning_n)
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower))
    outside = there.lower > 0 or there.upper < 0
    assert (there.p_value <= alpha) is outside or there.p_value == pytest.approx(alpha)
    assert 0 <= there.p_value <= 1


def test_narrowest_near_the_size_it_is_tuned_for() -> None:
    """Brute force over sizes: least widening over the fixed interval within 5 % of tuning_n."""
    sizes = np.geomspace(500, 50_000, 400)
    widening = []
    for size in sizes:
        half = size / 2
        found = always_valid_interval(Moments(half, 0, half), Moments(half, 0, half), 0.05, 5000)
        widening.append(found.upper / found.standard_error / normal_critical(0.95))
    best = sizes[int(np.argmin(widening))]
    assert best == pytest.approx(5000, rel=0.05)
    assert 1.4 < min(widening) < 1.6


@pytest.mark.parametrize(
    ("control", "treatment", "step"),
    [(0.01, 0.01, 100), (0.01, 0.02, 10), (0.05, 0.05, 10), (0.2, 0.2, 100), (0.2, 0.25, 100)],
)
def test_looking_after_every_few_people_is_safe(
    control: float, treatment: float, step: int
) -> None:
    """Simulated tests of 200 looks: the interval misses at any look in 5 % of them at most.

    Judged by the interval of the function itself at sampled looks, by its formula elsewhere.
    """
    rng, looks, runs, tuning = np.random.default_rng(11), 200, 1500, 5000
    n = step * np.arange(1, looks + 1)
    x = rng.binomial(step, control, (runs, looks)).cumsum(axis=1)
    y = rng.binomial(step, treatment, (runs, looks)).cumsum(axis=1)
    error = np.sqrt((x * (n - x) + y * (n - y)) / (n**2 * (n - 1.0)))
    bits = -2 * math.log(0.05)
    tuned = 2 * n * (bits + math.log(bits + 1)) / tuning
    half = error * np.sqrt((tuned + 1) / tuned * (np.log(tuned + 1) + bits))
    for run, look in rng.integers(0, (runs, looks), (20, 2)):
        found = always_valid_interval(
            converted(x[run, look], n[look]), converted(y[run, look], n[look]), 0.05, tuning
        )
        if error[run, look]:
            assert found.upper - found.estimate == pytest.approx(half[run, look])
    missed = (np.abs((y - x) / n - (treatment - control)) > half) & (error > 0)
    assert missed.any(axis=1).mean() <= 0.05


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (converted(0, 50), converted(0, 60)),
        (converted(50, 50), converted(60, 60)),
        (converted(0, 0), converted(3, 60)),
        (converted(1, 1), converted(3, 60)),
    ],
)
def test_nothing_seen_is_no_evidence(a: Moments, b: Moments) -> None:
    found = always_valid_interval(a, b, 0.05, 5000)
    assert (found.lower, found.upper, found.p_value) == (-math.inf, math.inf, 1.0)
    assert math.isnan(found.standard_error)


def test_lift_over_nothing_is_no_evidence() -> None:
    found = always_valid_interval(converted(0, 50), converted(5, 60), 0.05, 5000, relative=True)
    assert (found.lower, found.upper, found.p_value) == (-math.inf, math.inf, 1.0)


def test_impossible_calls_are_refused() -> None:
    a = converted(5, 60)
    with pytest.raises(ConfigError, match="alpha: 1"):
        always_valid_interval(a, a, 1, 5000)
    with pytest.raises(ConfigError, match="tuning_n: 0"):
        always_valid_interval(a, a, 0.05, 0)
    with pytest.raises(DataError, match="sum of squares"):
        always_valid_interval(Moments(10, 10, 2), a, 0.05, 5000)
