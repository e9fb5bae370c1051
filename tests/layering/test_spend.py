"""Spend and value: published figures, integration, a second library, simulation, refusals."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from privdom_kit.errors import ConfigError, DataError, NotMeasurable
from privdom_kit.layering.repeat_buying import fit_repeat_buying
from privdom_kit.layering.spend import NAMES, Spend, SpendLikelihood, fit_spend
from privdom_kit.layering.value_discount import (
    Discounting,
    expected_value,
    expected_value_total,
)

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "CDNOW_sample.txt"
MONTH = 4.345  # weeks, as lifetimes counts them
BY_MONTH_END = Discounting(1.01**12 - 1, 12 * MONTH, "period_end")
AT_ORDER = Discounting(1.01**12 - 1, 12 * MONTH)


def known(p: float, q: float, v: float) -> Spend:
    """A model with given parameters, as if fitted without error."""
    nothing = dict.fromkeys(NAMES, 0.0)
    return Spend({"p": p, "q": q, "v": v}, nothing, np.zeros((3, 3)), 0.0, 0)


@pytest.fixture(scope="module")
def cdnow() -> np.ndarray:
    """Repeat days, age at the last, age (weeks), mean of repeat days, to 1997-09-30."""
    if not CDNOW.is_file():
        pytest.skip(f"the CDNOW sample is not at {CDNOW}")
    end = date(1997, 9, 30).toordinal()
    days: dict[str, dict[int, float]] = {}
    for line in CDNOW.read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        number = date.fromisoformat(day).toordinal()
        if number <= end:
            own = days.setdefault(customer, {})
            own[number] = own.get(number, 0.0) + float(dollars)
    return np.array([history(own, end) for own in days.values()]).T


def history(days: dict[int, float], end: int) -> tuple[float, ...]:
    first, *repeats = sorted(days)
    mean = sum(days[day] for day in repeats) / len(repeats) if repeats else 0.0
    return len(repeats), (max(days) - first) / 7, (end - first) / 7, mean


@pytest.fixture(scope="module")
def spend(cdnow) -> Spend:
    orders, _, _, mean = cdnow
    return fit_spend(orders[orders > 0], mean[orders > 0])


def test_cdnow_parameters_are_the_published_ones(spend):
    """Fader & Hardie, note 025: p = 6.25, q = 3.74, v = 15.44 on 946 customers."""
    assert spend.customers == 946
    assert [round(value, 2) for value in spend.params.values()] == [6.25, 3.74, 15.44]


def test_errors_and_expectations_agree_with_lifetimes(spend):
    """Values of lifetimes 0.11.3 on the same customers, run beside this project."""
    errors = list(spend.standard_errors.values())
    assert errors == pytest.approx([1.190055, 0.290133, 4.159423], rel=1e-5)
    assert spend.expected_spend([2, 1, 5], [22.35, 11.77, 40.0]) == pytest.approx(
        [24.658018576, 18.910018475, 39.610097887], rel=1e-5
    )


def test_population_mean_is_the_published_one():
    """Note 025: p v / (q - 1) at the published parameters is about 35.2."""
    assert known(6.25, 3.74, 15.44).population_mean == pytest.approx(6.25 * 15.44 / 2.74, rel=1e-12)
    assert round(known(6.25, 3.74, 15.44).population_mean, 1) == 35.2


def test_expected_spend_lies_between_the_own_mean_and_that_of_all(spend):
    """Note 025, eq. 5: a weighted mean, with more weight on the own the more orders there are."""
    values = spend.expected_spend([0, 1, 10, 1000], [0, 80, 80, 80])
    assert values[0] == pytest.approx(spend.population_mean, rel=1e-12)
    assert (np.diff(values) > 0).all()
    assert values[-1] == pytest.approx(80, rel=1e-3)
    assert isinstance(spend.expected_spend(1, 80.0), float)


@pytest.mark.parametrize(("orders", "mean"), [(1, 12.0), (3, 40.0), (9, 25.0)])
def test_likelihood_and_expectation_match_integration(orders, mean):
    """Brute force: the gamma density of the mean, integrated over the gamma distributed rate."""
    p, q, v = 4.0, 3.0, 20.0
    shape = p * orders

    def joint(rate: float) -> float:
        prior = q * math.log(v) + (q - 1) * math.log(rate) - v * rate - math.lgamma(q)
        own = shape * math.log(orders * rate) + (shape - 1) * math.log(mean)
        return math.exp(prior + own - orders * rate * mean - math.lgamma(shape))

    density = integrate.quad(joint, 0, 5, points=[0.2], epsabs=0, epsrel=1e-10)[0]
    moment = integrate.quad(lambda u: p / u * joint(u), 0, 5, points=[0.2], epsabs=0)[0]
    rows = (np.array([float(orders)]), np.array([mean]))
    value, _, _ = SpendLikelihood(rows, np.ones(1))(np.array([p, q, v]))
    assert value == pytest.approx(math.log(density), abs=1e-8)
    assert known(p, q, v).expected_spend(orders, mean) == pytest.approx(moment / density, rel=1e-7)


def test_derivatives_match_differences_of_the_likelihood():
    """Central differences of the value, and of the gradient, by each parameter."""
    rows = (np.array([1.0, 2, 7, 1]), np.array([5.0, 30, 20, 90]))
    likelihood, params = SpendLikelihood(rows, np.array([1.0, 3, 2, 1])), np.array([4.0, 3, 20])
    _, gradient, hessian = likelihood(params)
    for index, step in enumerate(1e-5 * np.eye(3)):
        up, down = likelihood(params + step), likelihood(params - step)
        assert gradient[index] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-8)
        assert hessian[index] == pytest.approx((up[1] - down[1]) / 2e-5, abs=1e-8)


def simulate(customers: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Orders and their mean amount under p = 4, q = 3, v = 30."""
    orders = 1 + rng.geometric(0.4, customers)
    rates = rng.gamma(3, 1 / 30, customers)
    return orders, rng.gamma(4 * orders) / (rates * orders)


def test_parameters_come_back_and_intervals_cover():
    """150 simulated bases of 4,000: 95 % intervals hold p, q, v and the mean in about 95 %.

    Binomial error of a coverage is 0.018 (one standard deviation): 0.89 to 1 is within 3.5 of it;
    a half-width wrong by a factor of sqrt(2) would cover 0.83.
    """
    rng, runs, truth = np.random.default_rng(5), 150, np.log([4.0, 3.0, 30.0])
    held = np.zeros(4)
    for _ in range(runs):
        fit = fit_spend(*simulate(4000, rng))
        errors = 1.959964 * np.sqrt(np.diag(fit.log_covariance))
        held[:3] += np.abs(np.log(list(fit.params.values())) - truth) < errors
        mean = fit.population_mean_interval()
        held[3] += mean.ci_lower < 4 * 30 / 2 < mean.ci_upper
    assert (held / runs >= 0.89).all()


def test_currency_and_order_of_rows_leave_no_trace(cdnow, spend):
    """Laws: cents for dollars scale v by 100 and the density by 1 / 100; rows commute."""
    orders, _, _, mean = cdnow
    kept = np.flatnonzero(orders > 0)[::-1]
    cents = fit_spend(orders[kept], mean[kept] * 100)
    for name, scale in (("p", 1), ("q", 1), ("v", 100)):
        assert cents.params[name] == pytest.approx(spend.params[name] * scale, rel=1e-9)
    assert cents.log_likelihood == pytest.approx(
        spend.log_likelihood - kept.size * math.log(100), rel=1e-12
    )


def test_counts_stand_for_repeated_rows():
    """Law: a row with a count of k is k rows."""
    orders, mean = simulate(200, np.random.default_rng(6))
    counts = 1 + np.arange(200) % 3
    counted = fit_spend(orders, mean, counts)
    assert counted.params == fit_spend(np.repeat(orders, counts), np.repeat(mean, counts)).params
    assert counted.customers == counts.sum()


def test_customers_without_an_order_to_average_are_refused():
    with pytest.raises(DataError, match="1 of 2 rows have no order to average"):
        fit_spend([0, 2], [10, 10])


@pytest.mark.parametrize("amount", [0, -12.5])
def test_amounts_of_nothing_or_less_are_refused(amount):
    with pytest.raises(DataError, match="`mean_amount` is 0 or less in 1 of 3 rows"):
        fit_spend([1, 2, 3], [10, amount, 30])
    with pytest.raises(DataError, match="`mean_amount` is 0 or less in 1 of 1 rows"):
        known(6, 4, 15).expected_spend(2, amount)


def test_equal_amounts_determine_nothing():
    """Nobody scatters and nobody differs: p and q run off."""
    with pytest.raises(NotMeasurable, match="has no clear maximum"):
        fit_spend([1, 2, 3] * 50, [20.0] * 150)


def test_an_infinite_mean_is_said_aloud():
    """Note 025: the mean over all customers exists for q > 1 only."""
    heavy = known(3.0, 0.9, 15.0)
    assert not heavy.has_finite_mean
    assert heavy.population_mean == math.inf
    with pytest.raises(NotMeasurable, match=r"With q = 0\.9 .* 1 customers an infinite mean"):
        heavy.expected_spend([0, 3], [0, 20])
    assert heavy.expected_spend(3, 20) == pytest.approx(3 * (15 + 60) / 8.9, rel=1e-12)


@pytest.fixture(scope="module")
def orders_model(cdnow):
    return fit_repeat_buying(*cdnow[:3], model="bg_nbd")


def test_value_by_month_end_agrees_with_lifetimes(cdnow, orders_model, spend):
    """``customer_lifetime_value`` of lifetimes 0.11.3, 12 months of 4.345 weeks at 1 % a month.

    71,507.95 over all 2,357 customers; the figure that goes around is 71,510.
    """
    value = expected_value(orders_model, spend, 12 * MONTH, *cdnow, discounting=BY_MONTH_END)
    assert value.estimate.sum() == pytest.approx(71507.953, abs=0.1)
    total = expected_value_total(orders_model, spend, 12 * MONTH, *cdnow, discounting=BY_MONTH_END)
    assert total.estimate == pytest.approx(value.estimate.sum(), rel=1e-9)
    assert total.ci_lower < 71507.953 < total.ci_upper


def test_rules_of_discounting_meet_where_periods_are_short(cdnow, orders_model, spend):
    """Money counted at the end of a period of length h is discounted by h / 2 too long."""
    columns = cdnow[:, :100]
    exact = total_value(orders_model, spend, columns, AT_ORDER)
    gaps = [
        exact - total_value(orders_model, spend, columns, by_period(periods))
        for periods in (12, 24, 96)
    ]
    assert gaps[0] / exact == pytest.approx(math.log(1.01) / 2, rel=0.01)
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.01)
    assert gaps[0] / gaps[2] == pytest.approx(8, rel=0.01)


def by_period(periods: int) -> Discounting:
    return Discounting(AT_ORDER.rate_per_year, 12 * MONTH, "period_end", periods)


def total_value(orders_model, spend, columns, discounting, **options) -> float:
    return float(
        expected_value_total(
            orders_model, spend, 12 * MONTH, *columns, discounting=discounting, **options
        ).estimate
    )


def test_without_discount_value_is_orders_times_spend_times_margin(cdnow, orders_model, spend):
    """By definition; with either rule, and with the margin and counts as factors."""
    columns = cdnow[:, :50]
    orders, _, _, mean = columns
    plain = orders_model.expected_orders(12 * MONTH, *columns[:3]) * spend.expected_spend(
        orders, mean
    )
    for rule in ("at_order", "period_end"):
        free = Discounting(0.0, 12 * MONTH, rule)
        total = total_value(orders_model, spend, columns, free, margin=0.4, counts=[3] * 50)
        assert total == pytest.approx(1.2 * plain.sum(), rel=1e-9)


def test_errors_of_value_join_those_of_orders_and_spend(orders_model, spend):
    """Relative variances of independent factors add, where nothing is discounted."""
    customer = (2, 30.43, 38.86)
    free = Discounting(0.0, 52)
    value = expected_value(orders_model, spend, 39, *customer, 22.35, discounting=free)
    orders = orders_model.expected_orders_interval(39, *customer)
    amount = spend.expected_spend_interval(2, 22.35)
    parts = [part.standard_error / part.estimate for part in (orders, amount)]
    assert value.standard_error / value.estimate == pytest.approx(math.hypot(*parts), rel=1e-6)
    assert value.ci_lower < value.estimate < value.ci_upper


def test_impossible_discounting_is_refused(orders_model, spend):
    with pytest.raises(ConfigError, match=r"The discount rate is -0\.1"):
        Discounting(-0.1, 52)
    with pytest.raises(ConfigError, match="A year of 0 units"):
        Discounting(0.1, 0)
    with pytest.raises(ConfigError, match="`rule` is 'never'"):
        Discounting(0.1, 52, "never")
    with pytest.raises(ConfigError, match="`margin` is 55"):
        expected_value(orders_model, spend, 39, 2, 30, 38, 22, discounting=AT_ORDER, margin=55)
