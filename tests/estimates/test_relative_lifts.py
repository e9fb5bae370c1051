"""Relative lifts: against statsmodels, and against the p-value that they have to agree with."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from statsmodels.stats.proportion import confint_proportions_2indep

from privdom_kit.errors import DataError
from privdom_kit.estimates import difference_interval
from privdom_kit.estimates.relative_lifts import relative_lift, score_test

CASES = [
    (56, 70, 48, 80),
    (10, 10, 2, 20),
    (0, 20, 5, 30),
    (3, 1000, 9, 900),
    (1, 50_000, 1, 40_000),
    (700, 1000, 3, 1000),
]
counts = st.integers(2, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("case", CASES)
def test_intervals_are_those_of_statsmodels(case):
    expected = confint_proportions_2indep(*case, method="score", compare="ratio", correction=True)
    found = relative_lift(*case)
    assert (found.lower + 1, found.upper + 1) == pytest.approx(expected, rel=1e-6)
    assert found.estimate == pytest.approx(case[0] / case[1] / (case[2] / case[3]) - 1)


@pytest.mark.parametrize("case", CASES)
def test_the_statistic_is_the_root_of_pearsons_times_n_less_one(case):
    """Campbell (2007): chi-squared without correction, times (N - 1) / N."""
    x1, n1, x2, n2 = case
    pearson = chi2_contingency([[x1, n1 - x1], [x2, n2 - x2]], correction=False).statistic
    expected = math.sqrt(pearson * (n1 + n2 - 1) / (n1 + n2))
    assert abs(score_test(*case).statistic) == pytest.approx(expected)


@given(counts, counts)
def test_test_difference_and_lift_never_contradict(first, second):
    """At a level just beyond the p-value both intervals leave out no difference, just below not."""
    p = score_test(*first, *second).p_value
    if not 1e-9 < p < 0.999 or not second[0] or not first[0]:
        return
    for level, out in ((1 - p * 1.001, True), (1 - p * 0.999, False)):
        gap = difference_interval(*first, *second, level, "miettinen_nurminen")
        lift = relative_lift(*first, *second, level)
        assert (gap.lower > 0 or gap.upper < 0) is out
        assert (lift.lower > 0 or lift.upper < 0) is out


def test_nothing_to_relate_to_is_no_lift():
    assert relative_lift(3, 10, 0, 10) is None
    with pytest.raises(DataError):
        relative_lift(0, 0, 1, 10)
