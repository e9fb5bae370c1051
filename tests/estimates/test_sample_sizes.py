"""Sample sizes against published cases, peers' examples and exact power."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import power_proportions_2indep, proportion_effectsize

from privdom_kit.errors import DataError
from privdom_kit.estimates import (
    detectable_difference,
    power_proportions,
    sample_size_noninferiority,
    sample_size_proportions,
)
from privdom_kit.estimates.score_differences import score_statistic

FORMULAS = ("pooled", "unpooled", "baseline", "arcsine")


@pytest.mark.parametrize(
    ("formula", "people"),
    [("baseline", 1030), ("arcsine", 1092), ("pooled", 1094), ("unpooled", 1091)],
)
def test_twenty_to_twenty_five_percent(formula: str, people: int) -> None:
    """Miller's calculator 1,030; pwr.2p.test 1,092; R's power.prop.test 1,094.

    Unpooled on paper: (1.95996 + .84162)^2 x (.16 + .1875) / .05^2 = 1090.99.
    """
    assert sample_size_proportions(0.2, 0.25, formula=formula) == people


def test_r_documentation_examples() -> None:
    """?power.prop.test: 50 people, .5 to .75: .740; power .9: 76.7; 50 people, power .9: .8026.

    From .9 to 1 it takes 74 (its note on what cannot be detected).
    """
    assert round(power_proportions(0.5, 0.75, 50), 3) == 0.740
    assert sample_size_proportions(0.5, 0.75, power=0.9) == 77
    found = detectable_difference(0.5, 50, power=0.9)
    assert found is not None
    assert round(0.5 + found, 4) == 0.8026
    assert sample_size_proportions(0.9, 1.0) == 74
    assert detectable_difference(0.9, 30) is None


def test_statas_examples() -> None:
    """In the tests of statsmodels (test_power_2indep).

    .015 to .001 with 550 each: .74156. Two groups of 154 and 308, .1 and .2: .79956592; there
    the 154 have .1. Theirs count claims in the wrong direction too, some 2e-6 here.
    """
    assert power_proportions(0.015, 0.001, 550) == pytest.approx(0.7415600, abs=5e-6)
    assert power_proportions(0.1, 0.2, 154, ratio=2) == pytest.approx(0.79956592, abs=5e-6)
    assert sample_size_proportions(0.1, 0.2, power=0.79956, ratio=2) == 154


def test_chow_shao_and_wang() -> None:
    """Sample Size Calculations in Clinical Research (2008), section 4.2.

    Cure .65 and .85: 70 each to tell them apart; 25 each to show the test drug (.85) not worse
    than the control (.65) by more than .1, at alpha .05 and power .8. Not cured is .15 and .35.
    """
    assert sample_size_proportions(0.65, 0.85, formula="unpooled") == 70
    assert sample_size_noninferiority(0.15, 0.35, 0.1, alpha=0.05, power=0.8) == 25


def test_reference_cases_of_crowds() -> None:
    """Reference cases of the project: 56,945 (56,945.4, rounded up here) and 49,263.

    Four arms of which one is the control, 1 % + 20 %, alpha over three comparisons, pooled; opt-
    outs of .4 % with a margin of .1 point at one-sided 5 %.
    """
    assert sample_size_proportions(0.01, 0.012, arms=3) == 56_946
    assert sample_size_noninferiority(0.004, 0.004, 0.001, alpha=0.05, power=0.8) == 49_263


@pytest.mark.parametrize(
    ("arms", "base", "lift", "people", "formula"),
    [
        # avast/ep-stats, tests of required_sample_size_per_variant_bernoulli, from Booking's
        # powercalculator; three and more variants there by Sidak, so within half a percent.
        (1, 0.4, 0.05, 9490, "unpooled"),
        (1, 0.1, 0.10, 14749, "unpooled"),
        (2, 0.4, 0.05, 11455, "unpooled"),
        (3, 0.1, 0.10, 19596, "unpooled"),
    ],
)
def test_bookings_calculator(
    arms: int, base: float, lift: float, people: int, formula: str
) -> None:
    found = sample_size_proportions(base, base * (1 + lift), arms=arms, formula=formula)
    assert found == pytest.approx(people, abs=2 if arms == 1 else 0.005 * people)


@pytest.mark.parametrize(("p0", "p1", "ratio"), [(0.01, 0.013, 1), (0.2, 0.1, 0.5), (0.6, 0.66, 3)])
def test_statsmodels_power(p0: float, p1: float, ratio: float) -> None:
    """power_proportions_2indep for pooled, NormalIndPower with Cohen's h for arcsine."""
    # Its group 1 is the treatment with 5,000 people, and ratio is control to treatment.
    other = power_proportions_2indep(p1 - p0, p0, 5000, ratio=1 / ratio, return_results=False)
    assert power_proportions(p0, p1, 5000 / ratio, ratio=ratio) == pytest.approx(other, abs=1e-3)
    effect = proportion_effectsize(p1, p0)
    other = NormalIndPower().solve_power(effect, alpha=0.05, power=0.8, ratio=ratio)
    found = sample_size_proportions(p0, p1, ratio=ratio, formula="arcsine")
    assert found == math.ceil(other)


@given(
    st.floats(0.001, 0.98),
    st.floats(0.001, 0.98),
    st.sampled_from(FORMULAS),
    st.sampled_from([0.5, 1.0, 4.0]),
    st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
def test_size_power_and_difference_are_one_curve(
    p0: float, p1: float, formula: str, ratio: float, arms: int
) -> None:
    """The size has the power, one person less has not; it can detect just that difference."""
    if abs(p1 - p0) < 1e-3:
        return
    plan = {"ratio": ratio, "arms": arms, "formula": formula}
    n0 = sample_size_proportions(p0, p1, **plan)
    if formula != "baseline":
        assert power_proportions(p0, p1, n0, **plan) >= 0.8 - 1e-9
    if n0 > 3:
        assert power_proportions(p0, p1, n0 - 1, **plan) < 0.8 + 1e-9
    if n0 > 50:
        direction = "up" if p1 > p0 else "down"
        found = detectable_difference(p0, n0, direction=direction, **plan)
        assert found == pytest.approx(p1 - p0, rel=0.03)
        assert power_proportions(p0, p0 + found, n0, **plan) == pytest.approx(0.8, abs=1e-6)


def test_what_cannot_be_detected_is_none() -> None:
    assert detectable_difference(0.01, 200, direction="down") is None
    assert detectable_difference(0.0, 200, direction="down") is None
    assert detectable_difference(0.3, 4) is None
    assert detectable_difference(1.0, 4000) is None
    assert detectable_difference(0.0, 200) == pytest.approx(0.02 * norm.ppf(0.975) ** 2, rel=0.8)


def _support(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = binom.ppf([1e-7, 1 - 1e-7], n, share).astype(int)
    counts = np.arange(low, high + 1)
    return counts, binom.pmf(counts, n, share)


@pytest.mark.parametrize(
    ("p0", "p1", "ratio"), [(0.02, 0.03, 1), (0.2, 0.25, 1), (0.05, 0.03, 2), (0.004, 0.006, 1)]
)
def test_planned_sizes_have_their_power(p0: float, p1: float, ratio: float) -> None:
    """Exact power of the score test at the pooled size, summed over both binomials: 80 +- 1."""
    n0 = sample_size_proportions(p0, p1, ratio=ratio)
    n1 = round(n0 * ratio)
    (x0, weight0), (x1, weight1) = _support(n0, p0), _support(n1, p1)
    z = score_statistic(x1[:, None], n1, x0[None, :], n0, 0.0)
    power = float(weight1 @ (np.abs(z) > norm.ppf(0.975)) @ weight0)
    assert power == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("treatment", "control", "margin"), [(0.004, 0.004, 0.001), (0.012, 0.01, 0.006)]
)
def test_planned_noninferiority_has_its_power(
    treatment: float, control: float, margin: float
) -> None:
    """Exact power of the Farrington-Manning test at the size: 80 within 3 points.

    The size takes the variance expected, the test that under the margin: a bit larger.
    """
    n = sample_size_noninferiority(treatment, control, margin, alpha=0.025, power=0.8)
    (x0, weight0), (x1, weight1) = _support(n, control), _support(n, treatment)
    z = score_statistic(x1[:, None], n, x0[None, :], n, margin)
    power = float(weight1 @ (z < norm.ppf(0.025)) @ weight0)
    assert power == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sample_size_proportions(0.2, 0.2), "two shares that differ"),
        (lambda: sample_size_proportions(0.2, 1.2), "shares from 0 to 1"),
        (lambda: sample_size_proportions(0.2, 0.3, ratio=0), "ratio above 0"),
        (lambda: sample_size_proportions(0.2, 0.3, power=1), "between 0 and 1"),
        (lambda: sample_size_proportions(0.2, 0.3, arms=0), "and a treatment"),
        (lambda: sample_size_proportions(0.2, 0.3, formula="magic"), "known: pooled"),
        (lambda: sample_size_noninferiority(0.02, 0.01, 0.01, 0.05, 0.8), "above the rise"),
        (lambda: detectable_difference(0.2, 0), "one at least"),
        (lambda: detectable_difference(0.2, 10, direction="left"), "known: up, down"),
    ],
)
def test_impossible_plans_are_refused(call, words: str) -> None:
    with pytest.raises(DataError, match=words):
        call()
