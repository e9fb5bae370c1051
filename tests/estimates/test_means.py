"""Differences of means, ratios and adjusted means against peers, scipy and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, ttest_ind

from privdom_kit.errors import DataError
from privdom_kit.estimates import (
    Moments,
    PairedMoments,
    RatioMoments,
    adjusted_difference,
    mean_difference,
    ratio_difference,
)

# tea-tasting, make_users_data(n_users=2000, covariates=True, rng=42), by variant: people, and the
# sums of orders, sessions and orders_covariate, of their squares and products.
ORDERS = Moments(1008, 519, 907), Moments(992, 551, 1093)
ORDERS_PER_SESSION = (
    RatioMoments(1008, 519, 907, 1980, 4822, 1198),
    RatioMoments(992, 551, 1093, 1939, 4745, 1398),
)
ORDERS_ADJUSTED = (
    PairedMoments(1008, 519, 907, 512, 1204, 745),
    PairedMoments(992, 551, 1093, 524, 1280, 854),
)


def moments(values: np.ndarray) -> Moments:
    return Moments(len(values), values.sum(), (values**2).sum())


def ratio_moments(top: np.ndarray, bottom: np.ndarray) -> RatioMoments:
    squares = (top**2).sum(), (bottom**2).sum()
    return RatioMoments(
        len(top), top.sum(), squares[0], bottom.sum(), squares[1], (top * bottom).sum()
    )


def paired_moments(values: np.ndarray, before: np.ndarray) -> PairedMoments:
    return PairedMoments(
        *(getattr(ratio_moments(values, before), k) for k in RatioMoments.__slots__)
    )


def test_growthbooks_means() -> None:
    """growthbook/growthbook, packages/stats/tests/frequentist/test_tests.py, TestTwoSidedTTest."""
    a, b = Moments(3407, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)
    plain = mean_difference(a, b)
    assert round(plain.estimate, 5) == 0.29
    assert (round(plain.lower, 5), round(plain.upper, 5)) == (0.04538, 0.53462)
    assert (round(plain.standard_error, 5), round(plain.p_value, 5)) == (0.12478, 0.02016)
    lift = mean_difference(a, b, relative=True)
    assert round(lift.estimate, 5) == 0.70732
    assert (round(lift.lower, 5), round(lift.upper, 5)) == (-0.03526, 1.44989)
    assert (round(lift.standard_error, 5), round(lift.p_value, 5)) == (0.37879, 0.06191)


def test_growthbooks_one_sided_means() -> None:
    """The same file, TestOneSidedGreaterTTest: one-sided 95 % is the lower end at level .9."""
    a, b = Moments(3000, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)
    plain = mean_difference(a, b, level=0.9)
    assert plain.lower == pytest.approx(0.020791480063255735)
    assert plain.standard_error == pytest.approx(0.12983081254184736)
    assert plain.p_value / 2 == pytest.approx(0.03554272489873023)
    lift = mean_difference(a, b, relative=True, level=0.9)
    assert lift.lower == pytest.approx(-0.045136675850396046)
    assert lift.standard_error == pytest.approx(0.3334122146400735)
    assert lift.p_value / 2 == pytest.approx(0.06558262868467746)


@pytest.mark.parametrize(
    ("found", "estimate", "lower", "upper", "p_value", "statistic"),
    [
        (
            mean_difference(*ORDERS),
            0.040562596006144425,
            -0.0336202088446939,
            0.11474540085698275,
            0.2836928542557555,
            1.072353552669203,
        ),
        (
            ratio_difference(*ORDERS_PER_SESSION, relative=False),
            0.022045884320252562,
            -0.013972262942297968,
            0.05806403158280309,
            0.23013453735499084,
            1.2003814484970492,
        ),
        (
            adjusted_difference(*ORDERS_ADJUSTED),
            0.029677536843409236,
            -0.028131266823068893,
            0.08748634050988736,
            0.314148500293532,
            1.0068121658386195,
        ),
    ],
)
def test_tea_tasting(found, estimate, lower, upper, p_value, statistic) -> None:
    """tea-tasting 1.14.0 (2.0.0 needs a later Python; the formulas are the same in both).

    ``tt.Experiment(mean=tt.Mean("orders"), ratio=tt.RatioOfMeans("orders", "sessions"),
    cuped=tt.Mean("orders", "orders_covariate")).analyze(data)``; effect_size, its ends, pvalue
    and statistic.
    """
    assert found.estimate == pytest.approx(estimate)
    assert (found.lower, found.upper) == (pytest.approx(lower), pytest.approx(upper))
    assert (found.p_value, found.statistic) == (pytest.approx(p_value), pytest.approx(statistic))


@pytest.mark.parametrize(
    ("found", "lift", "lower", "upper"),
    [
        (
            mean_difference(*ORDERS, relative=True),
            0.07878053328361001,
            -0.06054674523975723,
            0.238770990567992,
        ),
        (
            ratio_difference(*ORDERS_PER_SESSION),
            0.08410568584605027,
            -0.04974584454148723,
            0.23681136392046742,
        ),
        (
            adjusted_difference(*ORDERS_ADJUSTED, relative=True),
            0.057041477987743505,
            -0.05101922401747139,
            0.17740708185545384,
        ),
    ],
)
def test_relative_lifts_of_tea_tasting(found, lift: float, lower: float, upper: float) -> None:
    """The lifts are tea-tasting's; its intervals are of the log ratio, ours of the ratio itself.

    The same delta method: half its width in logs times the ratio is half of ours, up to the
    degrees of freedom (a thousand and more) and what it takes as known of the covariate.
    """
    assert found.estimate == pytest.approx(lift)
    half = (1 + lift) * math.log((1 + upper) / (1 + lower)) / 2
    assert (found.upper - found.lower) / 2 == pytest.approx(half, rel=2e-3)


def test_welch_is_scipys() -> None:
    random = np.random.default_rng(1947)
    first, second = random.lognormal(4, 1, 37), random.lognormal(4.3, 1.5, 90)
    other = ttest_ind(second, first, equal_var=False)
    found = mean_difference(moments(first), moments(second))
    ends = other.confidence_interval()
    assert found.estimate == pytest.approx(second.mean() - first.mean())
    assert (found.statistic, found.p_value) == pytest.approx((other.statistic, other.pvalue))
    assert (found.lower, found.upper) == pytest.approx((ends.low, ends.high))


def test_ratio_of_one_a_person_is_the_mean() -> None:
    """With a denominator of 1 for everybody the delta method has nothing to add."""
    random = np.random.default_rng(3)
    first, second = random.poisson(2, 50).astype(float), random.poisson(3, 60).astype(float)
    ones = [ratio_moments(v, np.ones(len(v))) for v in (first, second)]
    for relative in (False, True):
        ratio = ratio_difference(*ones, relative=relative)
        mean = mean_difference(moments(first), moments(second), relative=relative)
        assert ratio.lower == pytest.approx(mean.lower)
        assert ratio.upper == pytest.approx(mean.upper)


def test_adjustment_is_the_mean_of_what_is_left() -> None:
    """With theta known the result is Welch's on metric - theta x covariate."""
    random = np.random.default_rng(2013)
    before = [random.gamma(2, 50, n) for n in (80, 120)]
    after = [0.6 * x + random.normal(20 + 5 * i, 30, len(x)) for i, x in enumerate(before)]
    theta = np.cov(np.concatenate(after), np.concatenate(before))
    theta = theta[0, 1] / theta[1, 1]
    left = [y - theta * x for y, x in zip(after, before, strict=True)]
    found = adjusted_difference(*(paired_moments(y, x) for y, x in zip(after, before, strict=True)))
    other = mean_difference(*(moments(v) for v in left))
    assert (found.estimate, found.lower, found.upper, found.p_value) == pytest.approx(
        (other.estimate, other.lower, other.upper, other.p_value)
    )


def test_covariate_without_spread_or_use_changes_nothing() -> None:
    a, b = Moments(100, 40, 90), Moments(110, 55, 130)
    flat = [PairedMoments(m.n, m.sum, m.sum_squares, 3 * m.n, 9 * m.n, 3 * m.sum) for m in (a, b)]
    for relative in (False, True):
        plain = mean_difference(a, b, relative=relative)
        found = adjusted_difference(*flat, relative=relative)
        assert (found.estimate, found.standard_error) == pytest.approx(
            (plain.estimate, plain.standard_error)
        )


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=30),
    st.lists(st.integers(0, 50), min_size=2, max_size=30),
    st.floats(0.01, 1000),
)
@settings(max_examples=60, deadline=None)
def test_units_do_not_matter_and_arms_mirror(first: list, second: list, unit: float) -> None:
    """Yuan or cents: same test; a v b is b v a mirrored."""
    a, b = (np.array(v, dtype=float) for v in (first, second))
    found, back = mean_difference(moments(a), moments(b)), mean_difference(moments(b), moments(a))
    scaled = mean_difference(moments(a * unit), moments(b * unit))
    assert found.estimate == -back.estimate
    if found.standard_error:
        assert found.p_value == pytest.approx(back.p_value)
        assert scaled.p_value == pytest.approx(found.p_value, rel=1e-6)
        assert (found.p_value < 0.05) == (not found.lower <= 0 <= found.upper)


def test_no_spread_is_no_certainty() -> None:
    apart = mean_difference(Moments(50, 0, 0), Moments(50, 100, 200))
    assert apart.estimate == 2
    assert all(math.isnan(v) for v in (apart.lower, apart.upper, apart.statistic, apart.p_value))
    alike = mean_difference(Moments(50, 0, 0), Moments(60, 0, 0))
    assert (alike.estimate, alike.standard_error, alike.p_value) == (0, 0, 1)
    assert math.isnan(alike.lower)


def test_rounding_is_no_spread() -> None:
    """49.9 yuan for each of 100,000 people: what differs is the last digit of the sums."""
    n, price = 100_000, 49.9
    arm = Moments(n, n * price, n * price**2 * (1 - 1e-14))
    assert arm.variance == 0
    # A spread of a hundred-thousandth of the mean is still seen.
    assert Moments(4, 4e5, 4e10 + 4.0).variance == pytest.approx(4 / 3, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mean_difference(Moments(1, 2, 4), Moments(50, 1, 1)), "two people"),
        (lambda: mean_difference(Moments(0, 0, 0), Moments(50, 1, 1)), "two people"),
        (lambda: mean_difference(Moments(9, 90, 90), Moments(9, 9, 18)), "at least 900"),
        (lambda: mean_difference(Moments(9, 0, 0), Moments(9, 9, 18), relative=True), "above 0"),
        (
            lambda: ratio_difference(RatioMoments(9, 1, 1, 0, 0, 0), ORDERS_PER_SESSION[1]),
            "denominators above 0",
        ),
    ],
)
def test_impossible_sums_are_refused(call, words: str) -> None:
    with pytest.raises(DataError, match=words):
        call()


def coverage(results: list, truth: float) -> float:
    return float(np.mean([r.lower <= truth <= r.upper for r in results]))


@pytest.mark.parametrize(("n", "p0", "p1"), [(200, 0.2, 0.22), (2000, 0.02, 0.02)])
def test_lifts_of_shares_cover(n: int, p0: float, p1: float) -> None:
    """1,500 tests of 0/1 metrics, 40 buyers and more in the control: 95 % within 2 points.

    Monte Carlo error is .6 points.
    """
    random = np.random.default_rng(n)
    pairs = random.binomial(n, (p0, p1), (1500, 2)).astype(float)
    arms = [[Moments(n, x, x) for x in pair] for pair in pairs]
    plain = [mean_difference(*pair) for pair in arms]
    lifts = [mean_difference(*pair, relative=True) for pair in arms]
    assert coverage(plain, p1 - p0) == pytest.approx(0.95, abs=0.02)
    assert coverage(lifts, p1 / p0 - 1) == pytest.approx(0.95, abs=0.02)


def test_lifts_on_four_buyers_cover_too_little_as_said() -> None:
    """What the docstring says of them: about 90 % with four buyers in the control."""
    random = np.random.default_rng(4)
    pairs = random.binomial(200, 0.02, (1500, 2)).astype(float)
    lifts = [
        mean_difference(Moments(200, a, a), Moments(200, b, b), relative=True)
        for a, b in pairs
        if a
    ]
    assert 0.87 <= coverage(lifts, 0.0) <= 0.94


def test_money_of_few_buyers_covers_and_claims_no_more_than_it_may() -> None:
    """A/A: one in five buys, lognormal baskets; 1,500 tests of 500 people an arm.

    Welch's interval covers 95 % and claims 5 %, within 2 points (Monte Carlo error .6).
    """
    random = np.random.default_rng(20)
    buys = random.random((1500, 2, 500)) < 0.2
    spend = np.where(buys, random.lognormal(4, 0.8, buys.shape), 0.0)
    sums, squares = spend.sum(axis=2), (spend**2).sum(axis=2)
    found = [
        mean_difference(*(Moments(500, sums[i, j], squares[i, j]) for j in (0, 1)))
        for i in range(len(sums))
    ]
    assert coverage(found, 0.0) == pytest.approx(0.95, abs=0.02)
    assert np.mean([r.p_value < 0.05 for r in found]) == pytest.approx(0.05, abs=0.02)


def test_ratios_cover_where_people_have_many_sessions() -> None:
    """Orders per session with rates that differ between people; a true lift of 10 %.

    1,000 tests of 500 people an arm, within 2 points; taking sessions as the unit covers less,
    for sessions of one person go together.
    """
    random = np.random.default_rng(2018)
    sessions = 1 + random.negative_binomial(1, 0.2, (1000, 2, 500))
    rate = random.beta(1, 4, sessions.shape) * np.array([1, 1.1])[None, :, None] / 1.1
    orders = random.binomial(sessions, rate).astype(float)
    found, naive = [], []
    for top, bottom in zip(orders, sessions.astype(float), strict=True):
        found.append(ratio_difference(*(ratio_moments(top[j], bottom[j]) for j in (0, 1))))
        p, n = top.sum(axis=1) / bottom.sum(axis=1), bottom.sum(axis=1)
        error = math.sqrt((p * (1 - p) / n).sum())
        naive.append(abs(p[1] - p[0] - 0.2 * (1 - 1 / 1.1)) <= norm.ppf(0.975) * error)
    assert coverage(found, 0.1) == pytest.approx(0.95, abs=0.02)
    assert np.mean(naive) < 0.90


def test_adjusted_differences_cover_and_are_narrower() -> None:
    """Spend that follows spend before, correlation .7, a true difference of 5; 1,000 tests.

    Within 2 points, and narrower by sqrt(1 - .7^2) = .71 (Deng et al. 2013, section 3.1).
    """
    random = np.random.default_rng(7)
    before = random.normal(100, 20, (1000, 2, 300))
    after = 0.7 * before + random.normal(0, 20 * math.sqrt(0.51), before.shape)
    after[:, 1] += 5
    found, lifts, plain = [], [], []
    for y, x in zip(after, before, strict=True):
        arms = [paired_moments(y[j], x[j]) for j in (0, 1)]
        found.append(adjusted_difference(*arms))
        lifts.append(adjusted_difference(*arms, relative=True))
        plain.append(mean_difference(moments(y[0]), moments(y[1])))
    assert coverage(found, 5.0) == pytest.approx(0.95, abs=0.02)
    assert coverage(lifts, 5 / 70) == pytest.approx(0.95, abs=0.02)
    narrower = np.mean(
        [f.standard_error / p.standard_error for f, p in zip(found, plain, strict=True)]
    )
    assert narrower == pytest.approx(math.sqrt(0.51), abs=0.02)
