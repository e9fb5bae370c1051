"""Repeat buying: published figures, brute-force integration, simulation, laws, refusals."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, special

from privdom_kit.errors import ConfigError, DataError, NotMeasurable
from privdom_kit.layering.repeat_buying import NAMES, RepeatBuying, fit_repeat_buying
from privdom_kit.layering.value_expectation import expected_while_alive
from privdom_kit.layering.value_likelihood import RepeatBuyingLikelihood

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "CDNOW_sample.txt"
# Fader, Hardie & Lee 2005, table 2; and the MBG/NBD parameters that BTYDplus gives on the same
# data, as quoted in the test suite of lifetimes (test_params_out_is_close_to_BTYDplus).
PUBLISHED = {
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
}
MODELS = tuple(PUBLISHED)


def known(model: str, params: tuple[float, ...] | None = None) -> RepeatBuying:
    """A model with given parameters, as if fitted without error."""
    values = PUBLISHED[model] if params is None else params
    named = dict(zip(NAMES, values, strict=True))
    nothing = dict.fromkeys(NAMES, 0.0)
    return RepeatBuying(model, named, nothing, np.zeros((4, 4)), 0.0, 0, 0, 0)


def read_cdnow(until: str) -> np.ndarray:
    """Repeat days, age at the last and age at the end in weeks, of the published sample."""
    if not CDNOW.is_file():
        pytest.skip(f"the CDNOW sample is not at {CDNOW}")
    end = date.fromisoformat(until).toordinal()
    days: dict[str, set[int]] = {}
    for line in CDNOW.read_text().splitlines():
        _, customer, day, *_ = line.split()
        number = date.fromisoformat(day).toordinal()
        if number <= end:
            days.setdefault(customer, set()).add(number)
    rows = [(len(d) - 1, (max(d) - min(d)) / 7, (end - min(d)) / 7) for d in days.values()]
    return np.array(rows, dtype=float).T


@pytest.fixture(scope="module")
def cdnow() -> np.ndarray:
    """The calibration period of the papers."""
    return read_cdnow("1997-09-30")


@pytest.fixture(scope="module")
def fits(cdnow) -> dict[str, RepeatBuying]:
    return {model: fit_repeat_buying(*cdnow, model=model) for model in MODELS}


def simulate(model, customers, params, age, rng, ahead=0.0):
    """Histories drawn from the model's own story, orders within ``ahead`` after, who is alive."""
    r, alpha, a, b = params
    rates, chances = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    # Repeat orders up to and with the one after which a customer stops; 0 is allowed in MBG/NBD.
    lifetime = rng.geometric(chances) - (model == "mbg_nbd")
    arrivals = rng.poisson(rates * age)
    orders = np.minimum(arrivals, lifetime)
    # Given their number, arrivals are uniform: the last one kept is an order statistic.
    last = rng.beta(np.maximum(orders, 1), arrivals - orders + 1) * age
    alive = arrivals < lifetime
    after = np.where(alive, np.minimum(rng.poisson(rates * ahead), lifetime - orders), 0)
    return orders, np.where(orders > 0, last, 0.0), after, alive


@pytest.mark.parametrize("model", MODELS)
def test_cdnow_parameters_are_the_published_ones(fits, model):
    """Fader, Hardie & Lee 2005 (BG/NBD); BTYDplus by way of lifetimes' tests (MBG/NBD)."""
    assert tuple(round(v, 3) for v in fits[model].params.values()) == PUBLISHED[model]


def test_cdnow_sample_has_the_published_counts(fits):
    """2,357 customers, 946 of them with a repeat order (Fader, Hardie & Lee 2005)."""
    fit = fits["bg_nbd"]
    assert (fit.customers, fit.repeaters) == (2357, 946)
    assert fit.distinct_rows < fit.customers


def test_bg_nbd_agrees_with_clvtools_on_likelihood_and_errors(fits):
    """CLVTools 0.x on CDNOW: LL -9582.4292; its errors are of the logarithms (developer guide)."""
    fit = fits["bg_nbd"]
    assert fit.log_likelihood == pytest.approx(-9582.4292, abs=1e-4)
    assert tuple(fit.params.values()) == pytest.approx(
        (0.2425945, 4.4136019, 0.7929199, 2.4258881), rel=1e-5
    )
    errors = np.sqrt(np.diag(fit.log_covariance))
    assert errors == pytest.approx([0.05176, 0.08570, 0.23424, 0.29078], abs=1e-5)


def test_standard_errors_agree_with_lifetimes(fits):
    """``summary`` of lifetimes 0.11.3 on the same data, run beside this project, not with it."""
    bg, mbg = (list(fits[model].standard_errors.values()) for model in ("bg_nbd", "mbg_nbd"))
    assert bg == pytest.approx([0.012557, 0.378224, 0.185734, 0.705414], rel=1e-4)
    assert mbg == pytest.approx([0.083268, 0.695620, 0.154790, 0.537495], rel=1e-4)


def test_new_customer_curve_is_the_published_one(fits):
    """Fader, Hardie & Lee's workbook bgnbd.xls (note 004): E[X(t)] by week, at their fit."""
    weeks = [0.1429, 1.0, 3.0, 31.8571, 32.0, 78.0]
    expected = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    curve = fits["bg_nbd"].expected_orders_of_new(weeks)
    assert curve == pytest.approx(expected, abs=5e-4)


def test_conditional_expectation_is_the_published_one():
    """Note 004, section 5: x = 2, t_x = 30.43, T = 38.86 expects 1.226 orders in 39 weeks."""
    value = known("bg_nbd").expected_orders(39, 2, 30.43, 38.86)
    assert isinstance(value, float)
    assert value == pytest.approx(1.226, abs=5e-4)


def test_expectations_and_chances_agree_with_lifetimes(fits):
    """Values of lifetimes 0.11.3 at its own fits, which differ from ours in the seventh digit."""
    histories = ([0, 0, 2, 1, 10, 26], [0, 0, 30.43, 5, 20, 30.86], [38.86, 27, *[38.86] * 3, 31])
    bg, mbg = fits["bg_nbd"], fits["mbg_nbd"]
    assert bg.expected_orders(39, *histories) == pytest.approx(
        [0.194782048, 0.258978989, 1.22590681, 0.301602376, 0.286408495, 20.750276254], rel=1e-5
    )
    assert mbg.expected_orders(39, *histories) == pytest.approx(
        [0.153954277, 0.220623469, 1.26266922, 0.286803301, 0.291251852, 19.447980384], rel=1e-5
    )
    assert bg.chance_alive(*histories) == pytest.approx(
        [1, 1, 0.726609149, 0.314923218, 0.0393554, 0.968918528], rel=1e-5
    )
    assert mbg.chance_alive(*histories) == pytest.approx(
        [0.389715186, 0.428462108, 0.706125699, 0.259504141, 0.041385009, 0.965552759], rel=1e-5
    )
    assert mbg.expected_orders_of_new([1, 31.8571, 78]) == pytest.approx(
        [0.053060333, 1.033467115, 1.803630518], rel=1e-5
    )


def test_holdout_of_cdnow_is_the_published_one(fits, cdnow):
    """Fader, Hardie & Lee 2005, section 7: the 39 weeks after the calibration period.

    Of 1,411 customers without a repeat order 334 orders came, 0.24 each, where 0.23 was expected;
    expected and actual orders of all customers correlate at 0.626.
    """
    after = read_cdnow("1998-06-30")[0] - cdnow[0]
    expected = fits["bg_nbd"].expected_orders(39, *cdnow)
    none = cdnow[0] == 0
    assert (none.sum(), after[none].sum()) == (1411, 334)
    assert expected[none].mean() == pytest.approx(0.23, abs=0.0051)
    assert np.corrcoef(after, expected)[0, 1] == pytest.approx(0.626, abs=5e-4)


def integrated(model: str, params, x: int, t_x: float, t: float, weight) -> float:
    """The model's story integrated over rate and chance; ``weight`` of the alive, the dead."""
    r, alpha, a, b = params
    survived = x + (model == "mbg_nbd")

    def inner(chance: float) -> float:
        def density(rate: float) -> float:
            log_prior = r * math.log(alpha) + (r - 1) * math.log(rate) - alpha * rate
            prior = math.exp(log_prior - math.lgamma(r))
            alive = (1 - chance) ** survived * rate**x * math.exp(-rate * t)
            dead = 0.0
            if survived:
                stop = chance * (1 - chance) ** (survived - 1)
                dead = stop * rate**x * math.exp(-rate * t_x)
            return prior * weight(rate, chance, alive, dead)

        return integrate.quad(density, 0, np.inf, epsabs=0, epsrel=1e-9, limit=200)[0]

    # The substitution chance = u^(1/a) takes the singularity of the beta density at 0 away.
    def outer(u: float) -> float:
        chance = u ** (1 / a)
        return inner(chance) * (1 - chance) ** (b - 1) / a

    whole = integrate.quad(outer, 0, 1, epsabs=0, epsrel=1e-7, limit=200)[0]
    return whole / special.beta(a, b)


CASES = [(0, 0.0, 12.0), (1, 4.0, 20.0), (2, 15.0, 20.0), (6, 9.0, 30.0)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("x", "t_x", "t"), CASES)
def test_likelihood_alive_and_expectation_match_integration(model, x, t_x, t):
    """Brute force: adaptive quadrature over the gamma rate and the beta chance.

    Someone alive with rate l and chance p makes (1 - exp(-l p h)) / p orders within h on average.
    """
    params, ahead = (0.7, 5.0, 1.3, 2.2), 25.0
    both = integrated(model, params, x, t_x, t, lambda rate, chance, alive, dead: alive + dead)
    alive = integrated(model, params, x, t_x, t, lambda rate, chance, alive, dead: alive)
    orders = integrated(
        model,
        params,
        x,
        t_x,
        t,
        lambda rate, chance, alive, dead: alive * -math.expm1(-rate * chance * ahead) / chance,
    )
    rows = tuple(np.array([v], dtype=float) for v in (x, t_x, t))
    value, _, _ = RepeatBuyingLikelihood(rows, np.ones(1), model)(np.array(params))
    fit = known(model, params)
    assert value == pytest.approx(math.log(both), abs=1e-6)
    assert fit.chance_alive(x, t_x, t) == pytest.approx(alive / both, rel=1e-6)
    assert fit.expected_orders(ahead, x, t_x, t) == pytest.approx(orders / both, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_derivatives_match_differences_of_the_likelihood(model):
    """Central differences of the value, and of the gradient, by each parameter."""
    rng = np.random.default_rng(3)
    age = rng.uniform(5, 50, 40)
    orders, last, *_ = simulate(model, 40, (0.8, 5, 0.9, 2), age, rng)
    likelihood = RepeatBuyingLikelihood((orders * 1.0, last, age), np.ones(40), model)
    params = np.array([0.6, 4.0, 1.2, 3.0])
    _, gradient, hessian = likelihood(params)
    for index, step in enumerate(1e-5 * np.eye(4)):
        up, down = likelihood(params + step), likelihood(params - step)
        assert gradient[index] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-8)
        assert hessian[index] == pytest.approx((up[1] - down[1]) / 2e-5, abs=1e-8)


# a, b, R, A, time and the value of (a + b - 1) / (a - 1) * (1 - (A / (A + t))^R *
# 2F1(R, b; a + b - 1; t / (A + t))), computed with mpmath 1.3 at 40 digits.
HYPERGEOMETRIC = [
    (0.793, 4.426, 2.243, 43.274, 39, 1.687399305805),
    (1, 2.5, 0.5, 6, 52, 2.005976970915),
    (1.0000001, 2.5, 0.5, 6, 52, 2.005976869668),
    (0.02, 1.05, 0.3, 4, 520, 35.8668566798),
    (30, 0.2, 0.3, 4, 52, 0.5498134006626),
    (0.9, 301.6, 300.5, 400, 365, 201.4635217612),
    (0.9, 2001.6, 2000.5, 700, 365, 857.4444286231),
    (900, 50, 3, 10, 52, 1.050543693581),
    (0.05, 1000, 20, 10, 1000, 1934.906473224),
    (2.5, 3, 0.05, 0.5, 500, 0.7264008010254),
]


@pytest.mark.parametrize(("a", "b", "shape", "rate", "time", "expected"), HYPERGEOMETRIC)
def test_expectation_matches_the_hypergeometric_form(a, b, shape, rate, time, expected):
    """Against the 2F1 of mpmath at 40 digits, over the corners where double precision loses it."""
    one = np.ones(1)
    value = expected_while_alive(time * one, shape * one, rate * one, a, b * one)
    assert value[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_parameters_come_back_from_simulated_customers(model):
    """Planted parameters; each estimate within 4 of its standard errors (chance 6e-5 each)."""
    rng = np.random.default_rng(20)
    params, age = (0.6, 6.0, 0.9, 1.7), rng.uniform(10, 60, 40_000)
    orders, last, *_ = simulate(model, age.size, params, age, rng)
    fit = fit_repeat_buying(orders, last, age, model=model)
    gap = np.log(list(fit.params.values())) - np.log(params)
    assert np.abs(gap / np.sqrt(np.diag(fit.log_covariance))).max() < 4


@pytest.mark.parametrize("model", MODELS)
def test_expectations_and_chances_hold_for_simulated_customers(model):
    """Sums over 40,000 customers whose fate is known, within 4 Monte Carlo errors of the sum."""
    rng = np.random.default_rng(21)
    params, age = (0.6, 6.0, 0.9, 1.7), rng.uniform(10, 60, 40_000)
    orders, last, after, alive = simulate(model, age.size, params, age, rng, ahead=30)
    truth = known(model, params)
    gap = after - truth.expected_orders(30, orders, last, age)
    assert abs(gap.sum()) < 4 * np.std(gap) * math.sqrt(age.size)
    chances = truth.chance_alive(orders, last, age)
    assert abs(alive.sum() - chances.sum()) < 4 * math.sqrt((chances * (1 - chances)).sum())


def test_intervals_cover_at_their_level():
    """150 simulated bases of 1,500: 95 % intervals of a total hold the truth in about 95 %.

    The truth is the total under the planted parameters. Binomial error of the coverage is 0.018
    (one standard deviation), so 0.89 to 1 is within 3.5 of it; a half-width wrong by a factor of
    sqrt(2) would cover 0.83.
    """
    params, held, runs = (0.6, 6.0, 0.9, 1.7), 0, 150
    truth = known("mbg_nbd", params)
    rng = np.random.default_rng(7)
    for _ in range(runs):
        age = rng.integers(10, 60, 1500).astype(float)
        orders, last, *_ = simulate("mbg_nbd", age.size, params, age, rng)
        fit = fit_repeat_buying(orders, last, age)
        total = fit.expected_orders_total(30, [0, 1, 4], [0, 9, 25], [30, 30, 30])
        exact = truth.expected_orders(30, [0, 1, 4], [0, 9, 25], [30, 30, 30]).sum()
        held += total.ci_lower < exact < total.ci_upper
    assert 0.89 <= held / runs <= 1


def test_error_of_a_total_knows_that_customers_share_the_parameters(fits, cdnow):
    """The same customer twice: twice the estimate and twice the error, not sqrt(2) of it."""
    fit = fits["mbg_nbd"]
    one = fit.expected_orders_interval(39, 2, 30.43, 38.86)
    two = fit.expected_orders_total(39, [2, 2], [30.43, 30.43], [38.86, 38.86])
    counted = fit.expected_orders_total(39, 2, 30.43, 38.86, counts=[2])
    for total in (two, counted):
        assert total.estimate == pytest.approx(2 * one.estimate, rel=1e-12)
        assert total.standard_error == pytest.approx(2 * one.standard_error, rel=1e-6)


def test_delta_errors_match_parameters_drawn_from_their_covariance(fits):
    """20,000 draws of the log parameters: Monte Carlo error of a deviation is 0.5 %; 5 % held.

    The draws also bend with the parameters, which the delta method leaves out.
    """
    fit = fits["bg_nbd"]
    logs = np.random.default_rng(1).multivariate_normal(
        np.log(list(fit.params.values())), fit.log_covariance, 20_000
    )
    r, alpha, a, b = np.exp(logs).T
    odds = a / (b + 1) * ((alpha + 38.86) / (alpha + 30.43)) ** (r + 2)
    alive = fit.chance_alive_interval(2, 30.43, 38.86)
    assert alive.standard_error == pytest.approx(np.std(1 / (1 + odds)), rel=0.05)


@pytest.mark.parametrize("model", MODELS)
def test_unit_of_time_and_order_of_rows_leave_no_trace(cdnow, fits, model):
    """Laws: days for weeks scale alpha by 7 and the density by 7 per repeat order; rows commute."""
    orders, last, age = cdnow
    fit = fits[model]
    shuffled = np.random.default_rng(0).permutation(orders.size)
    days = fit_repeat_buying(
        *(column[shuffled] for column in (orders, last * 7, age * 7)), None, model
    )
    scale = {"alpha": 7}
    for name in NAMES:
        assert days.params[name] == pytest.approx(fit.params[name] * scale.get(name, 1), rel=1e-9)
    assert days.log_likelihood == pytest.approx(
        fit.log_likelihood - orders.sum() * math.log(7), rel=1e-12
    )
    assert days.expected_orders(273, 2, 213, 272) == pytest.approx(
        fit.expected_orders(39, 2, 213 / 7, 272 / 7), rel=1e-9
    )


def test_counts_stand_for_repeated_rows(cdnow):
    """Law: a row with a count of k is k rows; a count of 0 is no row."""
    orders, last, age = (column[:300] for column in cdnow)
    counts = np.arange(300) % 4
    counted = fit_repeat_buying(orders, last, age, counts)
    repeated = fit_repeat_buying(*(np.repeat(column, counts) for column in (orders, last, age)))
    assert counted.params == repeated.params
    assert counted.log_likelihood == repeated.log_likelihood
    assert counted.customers == repeated.customers == counts.sum()


def test_only_bg_nbd_is_certain_of_customers_without_a_repeat_order():
    """Batislam et al. 2007: b / (a + b) are alive at age 0, and fewer later."""
    assert known("bg_nbd").chance_alive([0, 0], [0, 0], [1, 500]).tolist() == [1.0, 1.0]
    young, old = known("mbg_nbd").chance_alive([0, 0], [0, 0], [0, 500])
    assert young == pytest.approx(1.614 / (0.891 + 1.614), rel=1e-12)
    assert old < 0.2


def test_expectations_grow_with_the_horizon_and_start_at_nothing():
    values = known("mbg_nbd").expected_orders([0, 1, 10, 100], 3, 20, 30)
    assert values[0] == 0
    assert (np.diff(values) > 0).all()


def test_many_orders_in_a_long_life_stay_finite():
    """Orders far beyond where gamma functions overflow; who is alive keeps their rate."""
    history = (100_000, 99_990, 100_000)
    model = known("mbg_nbd")
    assert model.expected_orders(10, *history) / model.chance_alive(*history) == pytest.approx(
        10, rel=1e-3
    )
    assert known("mbg_nbd").chance_alive(100_000, 90_000, 100_000) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1, 2], [3], [5, 5]), "`age_at_last` has 1 values and `orders` has 2"),
        (([1, 1], [3, 6], [5, 5]), "`age_at_last` is above `age` in 1 of 2 rows, first in row 1"),
        (([0], [2], [5]), "`orders` is 0 and `age_at_last` is not"),
        (([1], [math.nan], [5]), "`age_at_last` is missing or infinite"),
        (([1.5], [2], [5]), "`orders` is negative or not whole"),
        ((["one"], [2], [5]), "`orders` holds what is no number"),
        (([1], [-1], [5]), "`age_at_last` is negative"),
        (([], [], []), "There are no customers"),
    ],
)
def test_impossible_histories_are_refused_in_a_sentence(columns, message):
    with pytest.raises(DataError) as error:
        fit_repeat_buying(*columns)
    assert str(error.value).startswith(message)


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="`counts` has 2 values for 1 rows"):
        fit_repeat_buying([1], [2], [5], counts=[1, 1])


def test_unknown_model_is_refused():
    with pytest.raises(ConfigError, match="Expected one of mbg_nbd, bg_nbd"):
        fit_repeat_buying([1], [2], [5], model="pareto_nbd")


def test_nobody_came_back():
    with pytest.raises(NotMeasurable, match="None of 3 customers has a repeat order"):
        fit_repeat_buying([0, 0, 0], [0, 0, 0], [5, 6, 7])


@pytest.mark.parametrize("model", MODELS)
def test_a_likelihood_without_a_maximum_is_refused(model):
    """Customers who never stop: the best chance to stop is 0, and a and b run off."""
    rng = np.random.default_rng(4)
    age = rng.uniform(10, 60, 2000)
    orders = rng.poisson(rng.gamma(1, 0.1, 2000) * age)
    last = np.where(orders > 0, age * rng.beta(np.maximum(orders, 1), 1), 0)
    with pytest.raises(NotMeasurable, match="has no clear maximum: a, b cannot be told"):
        fit_repeat_buying(orders, last, age, model=model)


def test_negative_horizon_is_refused():
    with pytest.raises(DataError, match="`horizon` is -1"):
        known("mbg_nbd").expected_orders(-1, 1, 2, 5)
