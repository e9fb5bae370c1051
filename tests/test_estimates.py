"""Intervals, corrections and curves against published cases and a second library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2_contingency

from privdom_kit import estimates
from privdom_kit.errors import DataError

# Weeks in remission under 6-mercaptopurine; 0 = still in remission (Freireich et al., Blood 21,
# 1963), the textbook case of the product-limit estimate.
REMISSION = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("x", "n", "lower", "upper"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_share_interval_is_wilsons(x: int, n: int, lower: float, upper: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3."""
    interval = estimates.proportion_interval(x, n)
    assert interval.estimate == x / n
    assert (round(interval.lower, 4), round(interval.upper, 4)) == (lower, upper)


def test_share_of_nobody_is_unknown_and_could_be_anything() -> None:
    interval = estimates.proportion_interval(0, 0)
    assert math.isnan(interval.estimate)
    assert (interval.lower, interval.upper) == (0.0, 1.0)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(DataError, match="5 out of 4"):
        estimates.proportion_interval(5, 4)
    with pytest.raises(DataError, match="needs people in both"):
        estimates.difference_interval(1, 2, 0, 0)
    with pytest.raises(DataError, match="known: newcombe, miettinen_nurminen"):
        estimates.difference_interval(1, 2, 1, 2, method="wald")


@pytest.mark.parametrize(
    ("cells", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_difference_interval_is_newcombes(
    cells: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10."""
    interval = estimates.difference_interval(*cells)
    assert round(interval.lower, 4) == lower
    assert round(interval.upper, 4) == upper


@given(
    st.tuples(st.integers(0, 60), st.integers(1, 60)).filter(lambda pair: pair[0] <= pair[1]),
    st.tuples(st.integers(0, 60), st.integers(1, 60)).filter(lambda pair: pair[0] <= pair[1]),
)
def test_difference_interval_turns_with_its_groups(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Swapping the groups mirrors the interval, and it holds its own estimate."""
    forward = estimates.difference_interval(*a, *b)
    back = estimates.difference_interval(*b, *a)
    assert forward.lower == pytest.approx(-back.upper)
    assert -1 <= forward.lower <= forward.estimate <= forward.upper <= 1


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
@pytest.mark.parametrize("n", [200, 2000])
def test_share_interval_covers(share: float, n: int) -> None:
    """Exact coverage by summing the binomial.

    It swings around 95 % where few events are expected (Brown, Cai and DasGupta 2001 show dips
    to about 0.84 near 0); 93 % from 4 expected events on.
    """
    counts = np.arange(n + 1)
    intervals = [
        estimates.proportion_interval(int(x), n) for x in counts[: int(n * share) + 200] if x <= n
    ]
    weights = binom.pmf(counts, n, share)
    covered = sum(
        weight
        for interval, weight in zip(intervals, weights, strict=False)
        if interval.lower <= share <= interval.upper
    )
    assert covered >= (0.93 if n * share >= 4 else 0.84)


def test_equality_test_is_pearsons() -> None:
    """Its square is Pearson's chi-squared without correction (scipy)."""
    test = estimates.equality_test(56, 70, 48, 80)
    other = chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert test.statistic**2 == pytest.approx(other.statistic)
    assert test.p_value == pytest.approx(other.pvalue)
    assert estimates.equality_test(0, 5, 0, 9).p_value == 1.0


def test_holm_by_hand_and_missing_comparisons_stay_missing() -> None:
    """.005x4, .01x3, .03x2, then never below the one before: .02, .03, .06, .06."""
    adjusted = estimates.adjust_p_values([0.01, 0.04, None, 0.03, 0.005, math.nan])
    assert adjusted[2] is None
    assert adjusted[5] is None
    assert [adjusted[i] for i in (0, 1, 3, 4)] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert estimates.adjust_p_values([None]) == [None]
    with pytest.raises(DataError, match="known: holm"):
        estimates.adjust_p_values([0.1], method="tukey")


def test_false_discovery_rate_of_the_paper() -> None:
    """Benjamini and Hochberg (1995), section 4.1: 4 rejected at .05, Bonferroni 3."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    rejected = {
        m: sum(q <= 0.05 for q in estimates.adjust_p_values(p, m)) for m in ("fdr_bh", "bonferroni")
    }
    assert rejected == {"fdr_bh": 4, "bonferroni": 3}


def test_survival_of_the_leukaemia_trial() -> None:
    """Survival and Greenwood's log-log limits of Freireich's 6-MP arm as the textbooks print them.

    Survival: Cox and Oakes (1984), table 1.2 onwards; limits: SAS PROC LIFETEST's default.
    """
    curve = estimates.survival_curve(REMISSION, RELAPSED)
    events = curve.table[curve.table["events"] > 0]
    assert events["time"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert events["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert events["events"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    survival = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert events["survival"].round(4).tolist() == survival
    lower = [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881]
    upper = [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801]
    assert events["survival_ci_lower"].round(4).tolist() == lower
    assert events["survival_ci_upper"].round(4).tolist() == upper
    assert curve.median == 23


def test_survival_agrees_with_statsmodels_on_random_data_with_ties() -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    random = np.random.default_rng(1963)
    durations, observed = random.integers(1, 40, 500), random.integers(0, 2, 500)
    curve = estimates.survival_curve(durations, observed)
    other = SurvfuncRight(durations, observed)
    mine = curve.table.set_index("time")["survival"].reindex(other.surv_times)
    assert mine.to_numpy() == pytest.approx(other.surv_prob)


def test_counts_stand_for_people() -> None:
    """A row with a count of 3 is three equal rows."""
    short = estimates.survival_curve([5, 8, 9], [1, 0, 1], counts=[3, 2, 1])
    long = estimates.survival_curve([5, 5, 5, 8, 8, 9], [1, 1, 1, 0, 0, 1])
    assert short.table.to_numpy().tolist() == long.table.to_numpy().tolist()


def test_median_is_missing_where_most_survive() -> None:
    curve = estimates.survival_curve([1, 2, 3], [1, 0, 0])
    assert curve.median is None
    assert curve.incidence(0.5).estimate == 0.0
    assert curve.incidence(1.5).estimate == pytest.approx(1 / 3)
    assert (curve.at_risk(2), curve.at_risk(4)) == (2, 0)


@pytest.mark.parametrize(
    ("durations", "observed"),
    [([1, -1], [1, 1]), ([1, math.nan], [1, 0]), ([1, 2], [1, 2]), ([], [])],
)
def test_curves_of_impossible_input_are_refused(durations: list, observed: list) -> None:
    with pytest.raises(DataError):
        estimates.survival_curve(durations, observed)


def test_incidence_matrix_is_one_minus_survival_row_by_row() -> None:
    curve = estimates.survival_curve(REMISSION, RELAPSED)
    grid = np.arange(1, 36)
    events, leaving = np.zeros((2, 35)), np.zeros((2, 35))
    for time, relapsed in zip(REMISSION, RELAPSED, strict=True):
        leaving[0, time - 1] += 1
        events[0, time - 1] += relapsed
    leaving[1, 4], events[1, 4] = 4, 1
    incidence = estimates.incidence_matrix(events, leaving)
    assert incidence[0] == pytest.approx([curve.incidence(t).estimate for t in grid])
    assert incidence[1, [3, 4, 34]] == pytest.approx([0, 0.25, 0.25])


def test_critical_value_of_t() -> None:
    """Student's table: 2.093 at 19 degrees of freedom."""
    assert round(estimates.t_critical(0.95, 19), 3) == 2.093
