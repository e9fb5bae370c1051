"""Differences of shares against published tables, closed forms, brute force and exact coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from privdom_kit import estimates
from privdom_kit.errors import DataError
from privdom_kit.estimates.score_differences import score_statistic

Cells = tuple[int, int, int, int]
Z = float(norm.ppf(0.975))
groups = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("cells", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
        ((0, 10, 0, 20), -0.1658, 0.2844),
        ((10, 10, 0, 20), 0.7156, 1.0),
    ],
)
def test_miettinen_nurminen_of_the_paper(cells: Cells, lower: float, upper: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 6.

    The fourth also stands in the tests of R's ratesci, the fifth (example 4 of Miettinen and
    Nurminen) in those of R's gsDesign.
    """
    found = estimates.difference_interval(*cells, method="miettinen_nurminen")
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


@pytest.mark.parametrize(
    ("cells", "lower", "upper", "digits"),
    [
        # gsDesign, tests of ciBinomial with adj = 1.
        ((72, 756, 20, 573), 0.0344, 0.0868, 4),
        # PropCIs::diffscoreci(7, 34, 1, 34, 0.95), quoted in the tests of statsmodels; its search
        # stops at about 1e-7.
        ((7, 34, 1, 34), 0.027042, 0.345291, 6),
    ],
)
def test_miettinen_nurminen_of_other_libraries(
    cells: Cells, lower: float, upper: float, digits: int
) -> None:
    found = estimates.difference_interval(*cells, method="miettinen_nurminen")
    assert (round(found.lower, digits), round(found.upper, digits)) == (lower, upper)


@pytest.mark.parametrize("n", [1, 5, 10, 1000, 10**6])
def test_miettinen_nurminen_in_closed_form_at_the_edges(n: int) -> None:
    """Where everybody stands at an end the bound can be solved on paper.

    n/n v 0/n: the restricted shares are (1 + d) / 2 and (1 - d) / 2, so (1 - d) / (1 + d) =
    z^2 / (2n - 1). 0/n v 0/m and n/n v m/m: group 1 has share d, so d / (1 - d) = z^2 c / n.
    """
    apart = estimates.difference_interval(n, n, 0, n, method="miettinen_nurminen")
    odds = Z**2 / (2 * n - 1)
    assert apart.lower == pytest.approx((1 - odds) / (1 + odds), abs=1e-9)
    assert apart.upper == 1.0
    m = 3 * n
    odds = Z**2 * (n + m) / (n + m - 1)
    for hits in ((0, 0), (n, m)):
        alike = estimates.difference_interval(hits[0], n, hits[1], m, method="miettinen_nurminen")
        above, below = (n, m) if not hits[0] else (m, n)
        assert alike.estimate == 0
        assert alike.upper == pytest.approx(odds / above / (1 + odds / above), rel=1e-6)
        assert alike.lower == pytest.approx(-odds / below / (1 + odds / below), rel=1e-6)


@given(groups, groups)
@settings(max_examples=80, deadline=None)
def test_both_methods_mirror_and_hold_their_estimate(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    """Swapping groups mirrors the interval; a wider level holds a narrower one."""
    for method in ("newcombe", "miettinen_nurminen"):
        forward = estimates.difference_interval(*a, *b, method=method)
        back = estimates.difference_interval(*b, *a, method=method)
        wide = estimates.difference_interval(*a, *b, level=0.99, method=method)
        assert forward.lower == pytest.approx(-back.upper, abs=1e-9)
        assert -1 <= forward.lower <= forward.estimate <= forward.upper <= 1
        assert wide.lower <= forward.lower
        assert forward.upper <= wide.upper
        assert forward.lower < forward.upper


def _restricted_share(x1: float, n1: float, x2: float, n2: float, delta: float) -> float:
    """The maximum of the likelihood by bisection of its slope, which falls."""
    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    for _ in range(100):
        p = (low + high) / 2
        slope = (x1 / (p + delta) if x1 else 0) + (x2 / p if x2 else 0)
        slope -= (n1 - x1) / (1 - p - delta) if n1 > x1 else 0
        slope -= (n2 - x2) / (1 - p) if n2 > x2 else 0
        low, high = (p, high) if slope > 0 else (low, p)
    return (low + high) / 2


@given(groups, groups, st.floats(-0.95, 0.95), st.sampled_from([1, 100, 10_000]))
@settings(max_examples=150, deadline=None)
def test_score_statistic_is_that_of_the_likelihood(
    a: tuple[int, int], b: tuple[int, int], delta: float, scale: int
) -> None:
    """Closed form against brute force, up to 800,000 people."""
    x1, n1, x2, n2 = a[0] * scale, a[1] * scale, b[0], b[1] * scale
    p2 = _restricted_share(x1, n1, x2, n2, delta)
    p1 = p2 + delta
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    gap = x1 / n1 - x2 / n2 - delta
    if abs(gap) > 1e-9 and variance > 1e-14:
        found = float(score_statistic(x1, n1, x2, n2, delta))
        assert found == pytest.approx(gap / math.sqrt(variance), rel=1e-4)


def test_differences_know_their_wald_error() -> None:
    """sqrt(.8 x .2 / 70 + .6 x .4 / 80), whatever the method; Newcombe's Wald: .0575 to .3425."""
    for method in ("newcombe", "miettinen_nurminen"):
        found = estimates.difference_interval(56, 70, 48, 80, method=method)
        assert found.standard_error == pytest.approx(math.sqrt(0.16 / 70 + 0.24 / 80))
        assert round(found.estimate - Z * found.standard_error, 4) == 0.0575


def test_unknown_methods_and_levels_are_refused() -> None:
    with pytest.raises(DataError, match="known: newcombe, miettinen_nurminen"):
        estimates.difference_interval(1, 2, 1, 2, method="wald")
    with pytest.raises(DataError, match="between 0 and 1"):
        estimates.difference_interval(1, 2, 1, 2, level=95)
    with pytest.raises(DataError, match="needs people in both"):
        estimates.difference_interval(0, 0, 1, 2, method="miettinen_nurminen")


def _support(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = binom.ppf([1e-7, 1 - 1e-7], n, share).astype(int)
    counts = np.arange(low, high + 1)
    return counts, binom.pmf(counts, n, share)


@pytest.mark.parametrize("n", [200, 2000, 50_000])
@pytest.mark.parametrize("shares", [(0.002, 0.003), (0.02, 0.02), (0.02, 0.03), (0.2, 0.22)])
def test_intervals_of_differences_cover(n: int, shares: tuple[float, float]) -> None:
    """Exact coverage, summed over both binomials; no simulation.

    Both methods hold 94.5 % from rates of .2 % at 200 people on (where they cover nearly always:
    half a person is expected); where 40 or more are expected they are within .3 points of 95 %.
    Newcombe's limits are put together here from Wilson's, as his paper does, to be fast.
    """
    p0, p1 = shares
    x0, weight0 = _support(n, p0)
    x1, weight1 = _support(n, p1)
    statistic = score_statistic(x1[:, None], n, x0[None, :], n, p1 - p0)
    score = float(weight1 @ (np.abs(statistic) <= Z * math.sqrt(2 * n / (2 * n - 1))) @ weight0)
    ends = []
    for counts in (x1, x0):
        shown = [estimates.proportion_interval(int(x), n) for x in counts]
        ends.append(np.array([(i.estimate, i.lower, i.upper) for i in shown]).T)
    (e1, low1, high1), (e0, low0, high0) = ends[0][:, :, None], ends[1][:, None, :]
    lower = e1 - e0 - np.hypot(e1 - low1, high0 - e0)
    upper = e1 - e0 + np.hypot(high1 - e1, e0 - low0)
    place = len(x1) // 2, len(x0) // 3
    checked = estimates.difference_interval(int(x1[place[0]]), n, int(x0[place[1]]), n)
    assert checked.lower == pytest.approx(lower[place])
    hybrid = float(weight1 @ ((lower <= p1 - p0) & (p1 - p0 <= upper)) @ weight0)
    for coverage in (score, hybrid):
        assert coverage >= 0.945
        if n * p0 >= 40:
            assert coverage == pytest.approx(0.95, abs=0.003)


def test_noninferiority_of_other_libraries() -> None:
    """R's DescrTab2 / farringtonManning: 20/35 v 30/55, delta -.3, greater.

    p = .0008037, 95 % -.1824742 to .2282376 (quoted in the tests of the Python port
    farrington_manning). There the event is wanted; here group 1 is their group 2.
    """
    found = estimates.noninferiority_test(30, 55, 20, 35, 0.3)
    assert found.p_value == pytest.approx(0.0008037, abs=5e-8)
    assert found.statistic == pytest.approx(norm.ppf(0.0008037), abs=1e-4)
    # Their search for the ends stops at about 1e-6.
    assert found.lower == pytest.approx(-0.2282376, abs=2e-6)
    assert found.upper == pytest.approx(0.1824742, abs=2e-6)


@pytest.mark.parametrize(
    ("cells", "lower", "upper"),
    [
        # Mee's interval is the Farrington-Manning one: Newcombe (1998), table II, method 5, as
        # in the tests of ratesci; the second Gart and Nam (1990), to three digits.
        ((5, 56, 0, 29), -0.0313, 0.1926),
        ((7, 25, 2, 25), -0.014, 0.412),
    ],
)
def test_noninferiority_bounds_are_mees(cells: Cells, lower: float, upper: float) -> None:
    found = estimates.noninferiority_test(*cells, margin=0.1)
    digits = 3 if cells[1] == 25 else 4
    assert (round(found.lower, digits), round(found.upper, digits)) == (lower, upper)


def test_noninferiority_at_margin_nought_is_pearson() -> None:
    """Its statistic is that of the pooled test of equality (Farrington and Manning, section 2)."""
    found = estimates.noninferiority_test(56, 70, 48, 80, 0.0)
    equal = estimates.equality_test(56, 70, 48, 80)
    assert found.statistic == pytest.approx(equal.statistic)
    assert found.p_value == pytest.approx(1 - equal.p_value / 2)


@given(groups, groups, st.floats(-0.5, 0.5))
@settings(max_examples=100, deadline=None)
def test_noninferiority_bound_says_what_the_p_value_says(
    a: tuple[int, int], b: tuple[int, int], margin: float
) -> None:
    found = estimates.noninferiority_test(*a, *b, margin)
    if abs(found.p_value - 0.025) > 1e-6:
        assert (found.upper < margin) == (found.p_value < 0.025)
    assert found.lower <= found.estimate <= found.upper
    assert 0 <= found.p_value <= 1


def test_no_event_is_no_pass_by_itself() -> None:
    """0/n v 0/n: group 1 has share d under H0, so z = -sqrt(n d / (1 - d)), on paper.

    500 people an arm leave a rise of .76 points open; 5,000 show that it is below half a point.
    """
    small = estimates.noninferiority_test(0, 500, 0, 500, 0.005)
    assert small.statistic == pytest.approx(-math.sqrt(500 * 0.005 / 0.995))
    assert small.p_value > 0.025
    assert small.upper == pytest.approx(Z**2 / (500 + Z**2))
    assert estimates.noninferiority_test(0, 5000, 0, 5000, 0.005).p_value < 1e-6
    level = estimates.noninferiority_test(0, 500, 0, 500, 0.0)
    assert (level.statistic, level.p_value) == (0.0, 0.5)


@pytest.mark.parametrize(("n", "share", "margin"), [(5000, 0.004, 0.002), (50_000, 0.004, 0.001)])
def test_noninferiority_keeps_its_level(n: int, share: float, margin: float) -> None:
    """Exact chance to pass where the rise is just the margin: 2.5 %, within a quarter point."""
    x0, weight0 = _support(n, share)
    x1, weight1 = _support(n, share + margin)
    passed = score_statistic(x1[:, None], n, x0[None, :], n, margin) < -Z
    assert float(weight1 @ passed @ weight0) == pytest.approx(0.025, abs=0.0025)


@pytest.mark.parametrize("margin", [1.0, -1.0, 2])
def test_impossible_margins_are_refused(margin: float) -> None:
    with pytest.raises(DataError, match="a margin of"):
        estimates.noninferiority_test(1, 10, 1, 10, margin)
