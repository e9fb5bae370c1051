"""How often customers come back, and whether they still do: MBG/NBD and BG/NBD.

While alive a customer orders at random at an own constant rate; after an order the customer stops
for good with an own constant chance. Rates are gamma distributed over customers, chances beta.
Under BG/NBD (Fader, Hardie & Lee 2005) one can stop after a repeat order only, so everybody
without a repeat order counts as alive for certain: an artefact of the model, no finding. MBG/NBD
(Batislam, Denizel & Filiztekin 2007) lets a customer stop after the first order too.

Times are in any one unit; results that are times or rates are in that unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from privdom_kit.errors import ConfigError, DataError, NotMeasurable
from privdom_kit.layering.value_expectation import expected_while_alive
from privdom_kit.layering.value_fit import (
    Estimates,
    Maximum,
    likelihoods,
    maximise,
    positive_interval,
    share_interval,
    with_errors,
)
from privdom_kit.layering.value_inputs import (
    check_histories,
    read_columns,
    read_counts,
    weighted_rows,
)
from privdom_kit.layering.value_likelihood import (
    MODELS,
    RepeatBuyingLikelihood,
    log_odds_dead,
    survived,
)
from privdom_kit.layering.value_questions import Questions

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows = tuple[NDArray, ...]

NAMES = ("r", "alpha", "a", "b")
# Starts of (r, alpha, a, b), with ages scaled to a mean of 1 and alpha times the mean gap:
# customers alike or far apart, stopping seldom or often.
_STARTS = ((1, 1, 1, 3), (0.3, 0.3, 0.5, 0.5), (3, 3, 1, 10), (0.3, 1, 3, 1))


@dataclass(frozen=True, slots=True, eq=False)
class RepeatBuying:
    """A fitted repeat-buying model.

    Attributes:
        model: ``mbg_nbd`` or ``bg_nbd``.
        params: r, alpha (in the unit of the ages), a, b.
        standard_errors: Of the same, from the observed information by the delta method.
        log_covariance: 4 x 4 covariance of the logarithms of the parameters.
        log_likelihood: Summed over customers, orders taken in their sequence.
        customers: Customers behind the fit.
        repeaters: Of them, with at least one repeat order.
        distinct_rows: Distinct histories, which is what the fit costs.
    """

    model: str
    params: dict[str, float]
    standard_errors: dict[str, float]
    log_covariance: NDArray
    log_likelihood: float
    customers: int
    repeaters: int
    distinct_rows: int

    def expected_orders(
        self,
        horizon: ArrayLike,
        orders: ArrayLike,
        age_at_last: ArrayLike,
        age: ArrayLike,
    ) -> NDArray:
        """Orders that customers with these histories are expected to make within ``horizon``.

        Args:
            horizon: Length of the period from ``age`` on; one number, or one per customer.
            orders: Repeat orders so far.
            age_at_last: Age at the last order.
            age: Age now.

        Returns:
            One value per customer; a number where all arguments are numbers.

        Raises:
            DataError: The histories or the horizon cannot be.
        """
        asked = Questions.of(horizon, orders, age_at_last, age)
        return asked.answers(self.orders_under(self._natural(), asked))[()]

    def expected_orders_interval(
        self,
        horizon: ArrayLike,
        orders: ArrayLike,
        age_at_last: ArrayLike,
        age: ArrayLike,
        level: float = 0.95,
    ) -> Estimates:
        """As :meth:`expected_orders`, with standard errors and intervals.

        They carry the uncertainty of the parameters. What one customer will really do is wider:
        a predictive interval adds the scatter of counts around their expectation.
        """
        asked = Questions.of(horizon, orders, age_at_last, age)
        values, errors = self.with_errors(lambda params: self.orders_under(params, asked))
        return positive_interval(asked.answers(values), asked.answers(errors), level)

    def expected_orders_total(
        self,
        horizon: float,
        orders: ArrayLike,
        age_at_last: ArrayLike,
        age: ArrayLike,
        counts: ArrayLike | None = None,
        level: float = 0.95,
    ) -> Estimates:
        """Expected orders of all these customers together.

        Errors of the parameters move all customers the same way, so the standard error of the sum
        is not to be had from the customers' own.
        """
        asked = Questions.of(horizon, orders, age_at_last, age)
        n = asked.total(read_counts(counts, asked.places.size))
        total, error = self.with_errors(lambda p: np.array([n @ self.orders_under(p, asked)]))
        return positive_interval(total[0], error[0], level)

    def expected_orders_of_new(self, horizon: ArrayLike) -> NDArray:
        """Repeat orders of a customer who has just placed the first order, within ``horizon``."""
        none = np.zeros_like(horizon, dtype=float)
        return self.expected_orders(horizon, none, none, none)

    def expected_orders_of_new_interval(self, horizon: ArrayLike, level: float = 0.95) -> Estimates:
        """As :meth:`expected_orders_of_new`, with standard errors and intervals."""
        none = np.zeros_like(horizon, dtype=float)
        return self.expected_orders_interval(horizon, none, none, none, level)

    def chance_alive(self, orders: ArrayLike, age_at_last: ArrayLike, age: ArrayLike) -> NDArray:
        """Chance that customers with these histories have not stopped for good by now.

        Under ``bg_nbd`` it is 1 wherever ``orders`` is 0: that model lets nobody stop before the
        first repeat order. Do not show that 1 as a finding.
        """
        asked = Questions.of(0.0, orders, age_at_last, age)
        return asked.answers(self.alive_under(self._natural(), asked))[()]

    def chance_alive_interval(
        self, orders: ArrayLike, age_at_last: ArrayLike, age: ArrayLike, level: float = 0.95
    ) -> Estimates:
        """As :meth:`chance_alive`, with standard errors and intervals from the parameters."""
        asked = Questions.of(0.0, orders, age_at_last, age)
        values, errors = self.with_errors(lambda params: self.alive_under(params, asked))
        return share_interval(asked.answers(values), asked.answers(errors), level)

    def with_errors(self, function: Callable[[NDArray], NDArray]) -> tuple[NDArray, NDArray]:
        """A function of (r, alpha, a, b) at the estimate, and its standard errors."""
        return with_errors(function, self._natural(), self.log_covariance)

    def alive_under(self, params: NDArray, asked: Questions) -> NDArray:
        """Chance to be alive under other parameters, one value per distinct question."""
        from scipy.special import expit

        rows = (asked.orders, asked.age_at_last, asked.age)
        return expit(-log_odds_dead(params, *rows, self.model))

    def orders_under(
        self, params: NDArray, asked: Questions, ahead: float | None = None
    ) -> NDArray:
        """Expected orders under other parameters, within ``ahead`` or the horizon asked for."""
        r, alpha, a, b = params
        time = np.full(asked.pair_age.shape, ahead) if ahead is not None else asked.pair_ahead
        passed = b + survived(asked.pair_orders, self.model)
        rate = alpha + asked.pair_age
        pairs = expected_while_alive(time, r + asked.pair_orders, rate, a, passed)
        return self.alive_under(params, asked) * pairs[asked.pair]

    def _natural(self) -> NDArray:
        return np.array([self.params[name] for name in NAMES])


def fit_repeat_buying(
    orders: ArrayLike,
    age_at_last: ArrayLike,
    age: ArrayLike,
    counts: ArrayLike | None = None,
    model: Literal["mbg_nbd", "bg_nbd"] = "mbg_nbd",
) -> RepeatBuying:
    """Fit MBG/NBD or BG/NBD by maximum likelihood.

    Equal histories are collapsed first, so a million customers cost what their distinct histories
    cost. The maximum is sought from several starts by a trust-region Newton method with exact
    second derivatives, and is refused unless slope and curvature prove it one.

    Args:
        orders: Repeat orders (orders after the first, or days with one) per row.
        age_at_last: Time from the first to the last order; 0 without a repeat order.
        age: Time from the first order to the end of the observation, in the same unit.
        counts: Customers behind each row; 1 where not given.
        model: ``mbg_nbd`` (default) or ``bg_nbd``.

    Raises:
        ConfigError: Unknown model.
        DataError: Histories that cannot be.
        NotMeasurable: Nobody came back, or the data do not determine the parameters.
    """
    if model not in MODELS:
        raise ConfigError(f"`model` is {model!r}", f"Expected one of {', '.join(MODELS)}")
    columns = read_columns(orders=orders, age_at_last=age_at_last, age=age)
    (x, t_x, t), n = weighted_rows(tuple(columns), read_counts(counts, columns[0].size))
    try:
        check_histories(x, t_x, t)
    except DataError:
        check_histories(*columns)  # again, to name rows of the input
    customers, repeats = n.sum(), n @ x
    if repeats == 0:
        raise NotMeasurable(
            f"None of {customers:.0f} customers has a repeat order",
            "Expected some who came back",
            "Take a longer span, or show the plain mean instead",
        )
    # Ages of about 1 make starts and tolerances independent of the unit.
    unit = (n @ t) / customers
    fit = _fit((x, t_x / unit, t / unit), n, model)
    logs = fit.logs + np.array([0, np.log(unit), 0, 0])
    errors = np.exp(logs) * np.sqrt(np.diag(fit.covariance))
    return RepeatBuying(
        model=model,
        params=dict(zip(NAMES, np.exp(logs).tolist(), strict=True)),
        standard_errors=dict(zip(NAMES, errors.tolist(), strict=True)),
        log_covariance=fit.covariance,
        log_likelihood=float(customers * fit.value - repeats * np.log(unit)),
        customers=int(customers),
        repeaters=int(n[x > 0].sum()),
        distinct_rows=int(x.size),
    )


def _fit(rows: Rows, weights: NDArray, model: str) -> Maximum:
    build = partial(RepeatBuyingLikelihood, model=model)
    likelihood, rough = likelihoods(build, rows, weights)
    gap = weights.sum() / (weights @ rows[0])
    starts = [(r, alpha * gap, a, b) for r, alpha, a, b in _STARTS]
    return maximise(likelihood, starts, weights.sum(), NAMES, rough)
