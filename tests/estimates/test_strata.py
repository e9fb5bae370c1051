"""Pooling over strata and the split of people, against published cases and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, multinomial

from privdom_kit.errors import DataError
from privdom_kit.estimates import pooled_risk_difference, sample_ratio_test

# Tuberculosis after BCG vaccination, 13 trials (Colditz et al., JAMA 271, 1994): cases and others
# among the vaccinated, cases and others in the control.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def test_rothmans_example() -> None:
    """Tolbutamide in two age groups: Rothman, Greenland and Lash (2008), table 15-1.

    .0349, 90 % -.0176 to .0874 as metafor's test_analysis_example_rothman2008 has it with Sato's
    error (the chapter prints .088).
    """
    found = pooled_risk_difference([[[8, 98], [5, 115]], [[22, 76], [16, 69]]], level=0.9)
    shown = [round(v, 4) for v in (found.estimate, found.lower, found.upper)]
    assert shown == [0.0349, -0.0176, 0.0874]


def test_bcg_trials() -> None:
    """-.0033, 95 % -.0039 to -.0027, z -11.4708: metafor's tests of rma.mh(measure="RD")."""
    found = pooled_risk_difference([[[a, b], [c, d]] for a, b, c, d in BCG])
    shown = [round(v, 4) for v in (found.estimate, found.lower, found.upper)]
    assert shown == [-0.0033, -0.0039, -0.0027]
    assert round(found.statistic, 4) == -11.4708
    assert found.p_value < 1e-25


def test_greenland_and_robins_weights_by_hand() -> None:
    """Weights n1 n0 / N: (10 x 40 / 50 x .1 + 30 x 30 / 60 x .2) / (8 + 15)."""
    found = pooled_risk_difference([[[2, 8], [4, 36]], [[12, 18], [6, 24]]])
    assert found.estimate == pytest.approx((8 * 0.1 + 15 * 0.2) / 23)


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
@settings(max_examples=80, deadline=None)
def test_one_stratum_is_the_plain_difference(cells: tuple[int, int, int, int]) -> None:
    """And swapping arms mirrors it; strata with an empty arm and repeated ones behave."""
    a, b, c, d = cells
    found = pooled_risk_difference([[[a, b], [c, d]]])
    back = pooled_risk_difference([[[c, d], [a, b]]])
    more = pooled_risk_difference([[[a, b], [c, d]], [[5, 2], [0, 0]], [[0, 0], [0, 0]]])
    plain = a / (a + b) - c / (c + d)
    assert found.estimate == pytest.approx(plain)
    assert back.estimate == pytest.approx(-found.estimate)
    assert back.standard_error == pytest.approx(found.standard_error)
    assert more.estimate == found.estimate
    assert -1 <= found.estimate <= 1
    if found.standard_error:
        assert (found.p_value < 0.05) == (not found.lower <= 0 <= found.upper)


def test_strata_with_zero_cells_have_no_correction_and_no_nan() -> None:
    """One event in all: the estimate is its stratum's share times the stratum's weight."""
    found = pooled_risk_difference([[[1, 9], [0, 10]], [[0, 10], [0, 10]], [[0, 10], [0, 10]]])
    assert found.estimate == pytest.approx(0.1 / 3)
    assert found.lower < 0 < found.upper
    assert 0 < found.p_value < 1


def test_no_event_at_all_is_no_certainty() -> None:
    found = pooled_risk_difference([[[0, 9], [0, 10]], [[0, 10], [0, 10]]])
    assert (found.estimate, found.standard_error, found.statistic, found.p_value) == (0, 0, 0, 1)
    assert math.isnan(found.lower)
    apart = pooled_risk_difference([[[9, 0], [0, 10]]])
    assert apart.estimate == 1
    assert math.isnan(apart.upper)
    assert math.isnan(apart.p_value)


@pytest.mark.parametrize(
    ("strata", "people", "rates"),
    [(12, 400, (0.002, 0.2)), (5, 5000, (0.002, 0.05)), (400, 4, (0.1, 0.6))],
)
def test_satos_error_holds_for_large_and_for_many_small_strata(
    strata: int, people: int, rates: tuple[float, float]
) -> None:
    """1,500 tests with a difference common to all strata: 95 % within 2 points, both ways.

    Twelve crowds, a few big ones, and 400 of some four people each (Sato 1989, section 3).
    """
    random = np.random.default_rng(strata)
    base = random.uniform(*rates, strata)
    gap = 0.3 * rates[0]
    sizes = random.integers(1, 2 * people, (strata, 2))
    hits = random.binomial(sizes, np.column_stack([base + gap, base]), (1500, strata, 2))
    tables = np.stack([hits, sizes - hits], axis=-1)
    found = [pooled_risk_difference(t) for t in tables]
    covered = np.mean([r.lower <= gap <= r.upper for r in found])
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ([[1, 2], [3, 4]], "a stratum"),
        ([], "a stratum"),
        ([[[1, -2], [3, 4]]], "negative or missing"),
        ([[[1, math.nan], [3, 4]]], "negative or missing"),
        ([[[1, 2], [0, 0]]], "no stratum has people in both arms"),
    ],
)
def test_impossible_tables_are_refused(tables: list, words: str) -> None:
    with pytest.raises(DataError, match=words):
        pooled_risk_difference(tables)


def test_four_arms_at_once() -> None:
    """10,000, 10,000, 10,000, 9,400 equally planned: p 4.8e-6; pairs of arms say 1, 1, 1.7e-5.

    Reference case of the project; chi-squared is scipy's.
    """
    found = sample_ratio_test([10_000, 10_000, 10_000, 9_400], [1, 1, 1, 1])
    other = chisquare([10_000, 10_000, 10_000, 9_400])
    assert f"{found.p_value:.1e}" == "4.8e-06"
    assert (found.statistic, found.p_value) == pytest.approx((other.statistic, other.pvalue))
    assert found.estimate == pytest.approx(9_400 / 39_400 - 0.25)


def test_weights_in_any_unit() -> None:
    found = [sample_ratio_test([800, 150, 90], w) for w in ([8, 1.5, 1], [0.8, 0.15, 0.1])]
    assert found[0].p_value == pytest.approx(found[1].p_value)


@pytest.mark.parametrize(("seen", "share"), [((9, 1), 0.5), ((3, 40), 0.03), ((0, 6), 0.4)])
def test_two_small_arms_are_the_exact_binomial_test(seen: tuple[int, int], share: float) -> None:
    """Scipy's binomtest, two-sided, which sums what is no more likely too."""
    found = sample_ratio_test(seen, [share, 1 - share])
    if min(share, 1 - share) * sum(seen) < 5:
        assert found.p_value == pytest.approx(binomtest(seen[0], sum(seen), share).pvalue)
    else:
        assert found.p_value == pytest.approx(chisquare(seen, [5, 5]).pvalue)


def test_three_small_arms_by_brute_force() -> None:
    """Every split of 9 people over three arms, chances from scipy's multinomial."""
    seen, shares = (6, 3, 0), np.array([0.25, 0.35, 0.4])
    law = multinomial(9, shares)
    splits = [s for s in itertools.product(range(10), repeat=3) if sum(s) == 9]
    chances = np.array([law.pmf(s) for s in splits])
    expected = chances[chances <= law.pmf(seen) * (1 + 1e-9)].sum()
    assert sample_ratio_test(seen, shares).p_value == pytest.approx(expected)


def test_people_in_an_arm_planned_with_none() -> None:
    found = sample_ratio_test([100, 100, 1], [1, 1, 0])
    assert (found.p_value, found.statistic) == (0.0, math.inf)
    empty, without = (
        sample_ratio_test([90, 110, 0], [1, 1, 0]),
        sample_ratio_test([90, 110], [1, 1]),
    )
    assert empty.p_value == without.p_value


def test_splits_as_planned_raise_no_alarm_too_often() -> None:
    """4,000 right splits over five unequal arms: p below .05 in 5 % (Monte Carlo error .35)."""
    random = np.random.default_rng(5)
    weights = [4, 2, 2, 1, 1]
    splits = random.multinomial(900, np.array(weights) / 10, 4000)
    share = np.mean([sample_ratio_test(s, weights).p_value < 0.05 for s in splits])
    assert share == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("observed", "weights"), [([1, 2], [1]), ([1, 2], [1, 0]), ([0, 0], [1, 1]), ([-1, 2], [1, 1])]
)
def test_impossible_splits_are_refused(observed: list, weights: list) -> None:
    with pytest.raises(DataError):
        sample_ratio_test(observed, weights)
