"""Bounds of planned looks against published tables, other programs, brute force and laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from privdom_kit.errors import ConfigError
from privdom_kit.estimates import (
    classical_bounds,
    crossing_probabilities,
    naive_false_positive,
    repeated_interval,
    sequential_bounds,
    sequential_p_value,
)

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_five_obrien_fleming_looks_as_in_the_paper_and_ldbounds() -> None:
    """Reboussin et al., Controlled Clinical Trials 21 (2000); printed by R ldbounds 2.0.2."""
    result = sequential_bounds(FIVE)
    assert result.bounds == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)
    assert result.spent == pytest.approx(
        [1.0777e-06, 7.8830e-04, 7.6161e-03, 2.4424e-02, 5.0000e-02], rel=1e-4
    )
    assert result.levels == pytest.approx(
        [1.0777e-06, 7.8808e-04, 7.3565e-03, 2.2034e-02, 4.2255e-02], rel=3e-4
    )


def test_five_pocock_looks_as_in_the_paper() -> None:
    """Reboussin et al. (2000), spending function of Pocock's type, two-sided 5 %."""
    result = sequential_bounds(FIVE, spending="pocock")
    assert result.bounds == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=6e-4)


def test_looks_at_unequal_times_as_ldbounds_has_them() -> None:
    """R ldbounds 1.1, output quoted on R-help, March 2020."""
    result = sequential_bounds([0.10, 0.33, 1])
    assert result.bounds == pytest.approx([6.9913, 3.7308, 1.9605], abs=2e-4)
    assert result.spent == pytest.approx([2.7227e-12, 1.9097e-04, 5e-2], rel=1e-4)


@pytest.mark.parametrize(
    ("information", "alpha", "spending", "bounds", "spent"),
    [
        (
            [0.35, 0.7, 1],
            0.13,
            "pocock",
            [1.5446617, 1.4828682, 1.4620058],
            [0.061214062, 0.10266465, 0.13],
        ),
        ([0.4, 0.7], 0.025, "pocock", [2.223875, 2.3050796], [0.013078429, 0.0197432]),
        (
            [0.4, 0.75, 1],
            0.13,
            "obrien_fleming",
            [2.1280732, 1.4368565, 1.2468994],
            [0.016665509, 0.080406163, 0.13],
        ),
        (
            [0.4, 0.75, 0.85, 1],
            0.13,
            "obrien_fleming",
            [2.1280732, 1.4368565, 1.422873, 1.2970881],
            [0.016665509, 0.080406163, 0.10053322, 0.13],
        ),
    ],
)
def test_one_sided_bounds_as_rpact_has_them(
    information: list[float],
    alpha: float,
    spending: str,
    bounds: list[float],
    spent: list[float],
) -> None:
    """Expected values of R rpact's tests, test-f_design_group_sequential.R, without futility."""
    result = sequential_bounds(information, alpha, sides=1, spending=spending)
    assert result.bounds == pytest.approx(bounds, abs=3e-7)
    assert result.spent == pytest.approx(spent, abs=1e-8)
    assert result.levels == pytest.approx(norm.sf(bounds), abs=1e-7)


@pytest.mark.parametrize(
    ("spending", "shares"),
    [
        ("obrien_fleming", [0.0001035057, 0.0059448834, 0.0189516109]),
        ("pocock", [0.0073848632, 0.0056935659, 0.0046343976, 0.0039081665, 0.0033790069]),
    ],
)
def test_what_is_spent_at_each_look_as_gsdesign_has_it(spending: str, shares: list[float]) -> None:
    """R gsDesign, ``gsDesign(k, test.type=1, alpha=0.025)$upper$spend`` of sfLDOF, sfLDPocock."""
    looks = len(shares)
    result = sequential_bounds([(i + 1) / looks for i in range(looks)], 0.025, 1, spending)
    assert np.diff([0.0, *result.spent]) == pytest.approx(shares, abs=2e-8)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040)],
)
def test_classical_constants(looks: int, pocock: float, obrien_fleming: float) -> None:
    """Jennison and Turnbull (2000), tables 2.1 and 2.3, two-sided 5 %."""
    assert classical_bounds(looks, kind="pocock").bounds == pytest.approx(
        [pocock] * looks, abs=6e-4
    )
    result = classical_bounds(looks)
    assert result.bounds[-1] == pytest.approx(obrien_fleming, abs=6e-4)
    assert result.bounds[0] == pytest.approx(result.bounds[-1] * math.sqrt(looks))
    assert result.spent[-1] == pytest.approx(0.05, abs=1e-9)


def test_classical_bounds_of_other_programs() -> None:
    """R gsDesign's test.Deming.OFbound; R rpact's default design, one-sided 2.5 %."""
    assert classical_bounds(4).bounds == pytest.approx([4.05, 2.86, 2.34, 2.02], abs=5e-3)
    result = classical_bounds(3, 0.025, sides=1)
    assert result.bounds == pytest.approx([3.4710914, 2.4544323, 2.0040356], abs=1e-7)
    assert result.spent == pytest.approx([0.00025917372, 0.0071600594, 0.025], abs=2e-8)


def test_bounds_cut_off_at_three_cross_as_often_as_ldbounds_says() -> None:
    """R ldbounds 2.0.2, vignette, section 5.3."""
    crossed = crossing_probabilities([3, 3, 1.9751], [1, 2, 3])
    assert crossed == pytest.approx([0.0026998, 0.0049232, 0.0499998], abs=5e-7)


@pytest.mark.parametrize(
    ("looks", "chance"),
    [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)],
)
def test_naive_peeking_two_sided(looks: int, chance: float) -> None:
    """Armitage, McPherson and Rowe (1969), table 2, nominal 5 %."""
    assert naive_false_positive(looks) == pytest.approx(chance, abs=6e-4)


@pytest.mark.parametrize(("looks", "chance"), [(2, 0.042), (4, 0.063), (10, 0.097), (20, 0.124)])
def test_naive_peeking_one_sided(looks: int, chance: float) -> None:
    """R gsDesign's test.Deming.gsProb."""
    assert round(naive_false_positive(looks, sides=1), 3) == chance


def test_crossing_agrees_with_the_multivariate_normal() -> None:
    """A second way to the same chance: scipy's orthant probabilities of the correlated looks."""
    times, bounds = np.array([0.3, 0.45, 1.0]), np.array([2.5, 2.1, 2.0])
    smaller, larger = np.minimum.outer(times, times), np.maximum.outer(times, times)
    looks = multivariate_normal(cov=np.sqrt(smaller / larger))
    inside = looks.cdf(bounds, lower_limit=-bounds, rng=np.random.default_rng(1))
    assert crossing_probabilities(bounds, times)[-1] == pytest.approx(1 - inside, abs=2e-4)
    below = looks.cdf(bounds, rng=np.random.default_rng(1))
    assert crossing_probabilities(bounds, times, 1)[-1] == pytest.approx(1 - below, abs=2e-4)


def test_planned_looks_claim_as_often_as_planned_and_naive_ones_far_more() -> None:
    """Simulated A/A tests, 200,000 paths of six unequal looks."""
    times = np.array([0.1, 0.15, 0.4, 0.7, 0.9, 1.0])
    steps = np.sqrt(np.diff(times, prepend=0))
    paths = np.random.default_rng(7).normal(size=(200_000, 6)) * steps
    z = np.abs(paths.cumsum(axis=1) / np.sqrt(times))
    noise = 3 * math.sqrt(0.05 * 0.95 / len(z))
    for spending in ("obrien_fleming", "pocock"):
        result = sequential_bounds(times, spending=spending)
        crossed = (z >= result.bounds).cumsum(axis=1) > 0
        assert crossed.mean(axis=0) == pytest.approx(result.spent, abs=noise)
    naive = ((z >= 1.96).any(axis=1)).mean()
    assert naive_false_positive(times) == pytest.approx(naive, abs=2 * noise)


looks_of_information = (
    st.lists(st.integers(1, 1000), min_size=1, max_size=8)
    .map(lambda steps: np.cumsum(steps).tolist())
    .filter(lambda sums: all(b - a > 2e-3 * b for a, b in itertools.pairwise(sums)))
)


@settings(max_examples=40, deadline=None)
@given(
    looks_of_information,
    st.floats(0.001, 0.3),
    st.sampled_from([1, 2]),
    st.sampled_from(["obrien_fleming", "pocock"]),
)
def test_laws_of_spending(information: list[int], alpha: float, sides: int, spending: str) -> None:
    """Amounts and shares agree; all of alpha is spent; bounds cross as often as they may."""
    result = sequential_bounds(information, alpha, sides, spending)
    shares = [amount / information[-1] for amount in information]
    scaled = sequential_bounds(shares, alpha, sides, spending)
    assert scaled.bounds == pytest.approx(result.bounds, abs=1e-7)
    assert result.information == pytest.approx(shares)
    assert result.spent[-1] == pytest.approx(alpha)
    assert crossing_probabilities(result.bounds, information, sides) == pytest.approx(
        result.spent, abs=1e-9
    )


@settings(max_examples=15, deadline=None)
@given(looks_of_information, st.data())
def test_sequential_p_value_says_the_same_as_the_bounds(
    information: list[int], data: st.DataObject
) -> None:
    size = len(information)
    z = data.draw(st.lists(st.floats(-4, 4), min_size=size, max_size=size))
    result = sequential_bounds(information, spending="pocock")
    crossed = any(abs(value) >= bound for value, bound in zip(z, result.bounds, strict=True))
    p_value = sequential_p_value(z, information, spending="pocock")
    assert (p_value <= 0.05) is crossed or p_value == pytest.approx(0.05, abs=1e-8)


def test_sequential_p_value_at_its_ends() -> None:
    assert sequential_p_value([0, 5], [44, 75], sides=1) < 1e-5
    assert sequential_p_value([0.0], [0.5]) == 1.0
    assert sequential_p_value([9], [1]) == 1e-12
    # A single look at everything is the usual test.
    assert sequential_p_value([2.2], [1]) == pytest.approx(2 * norm.sf(2.2), rel=1e-6)


def test_one_look_is_the_fixed_test() -> None:
    assert sequential_bounds([1]).bounds == pytest.approx([1.959964], abs=1e-6)
    assert sequential_bounds([1], sides=1).bounds == pytest.approx([1.644854], abs=1e-6)


def test_looks_beyond_the_plan_find_nothing_left() -> None:
    """A test that runs over its plan has spent alpha; looks at half of it are as planned."""
    result = sequential_bounds([500, 1050, 1200], planned=1000)
    assert result.information == (0.5, 1.05, 1.2)
    assert result.spent[1:] == pytest.approx((0.05, 0.05))
    assert result.bounds[0] == pytest.approx(sequential_bounds([0.5, 1]).bounds[0])
    assert crossing_probabilities(result.bounds[:2], [500, 1050])[1] == pytest.approx(0.05)
    assert math.isinf(result.bounds[2])
    assert result.levels[2] == 0


def test_very_early_looks_ask_for_very_much() -> None:
    """The first bound of 20 looks: an exact normal quantile of what may be spent there."""
    result = sequential_bounds([look / 20 for look in range(1, 21)])
    spend = 2 * norm.sf(norm.isf(0.0125) * math.sqrt(20))
    assert result.bounds[0] == pytest.approx(norm.isf(spend), rel=1e-9)
    assert result.bounds[-1] == pytest.approx(2.1228, abs=2e-3)
    assert list(result.bounds) == sorted(result.bounds, reverse=True)
    first, last = sequential_bounds([0.0001, 1]).bounds
    assert math.isinf(first)
    assert last == pytest.approx(1.959964, abs=1e-6)


def test_repeated_interval() -> None:
    """Jennison and Turnbull (1989): estimate plus and minus bound times error."""
    interval = repeated_interval(0.02, 0.005, 2.4)
    assert (interval.estimate, interval.lower, interval.upper) == pytest.approx(
        (0.02, 0.008, 0.032)
    )
    whole = repeated_interval(0.02, 0.0, math.inf)
    assert (whole.lower, whole.upper) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("information", "options", "message"),
    [
        ([], {}, r"information at the looks: \[\]"),
        ([0.5, 0.5, 1], {}, "grow by more than 0.01 %"),
        ([0, 1], {}, "must be above 0"),
        ([math.nan], {}, "must be above 0"),
        ([1], {"alpha": 0}, "between 0 and 1"),
        ([1], {"sides": 3}, "sides: 3"),
        ([1], {"spending": "pococ"}, "did you mean pocock?"),
        ([1], {"planned": 0.0}, "planned information"),
    ],
)
def test_impossible_plans_are_refused(
    information: list[float], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        sequential_bounds(information, **options)  # type: ignore[arg-type]


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ConfigError, match="one bound a look"):
        crossing_probabilities([1.96], [1, 2])
    with pytest.raises(ConfigError, match="one a look"):
        sequential_p_value([1.96], [1, 2])
    with pytest.raises(ConfigError, match="known: obrien_fleming"):
        classical_bounds(3, kind="haybittle")
