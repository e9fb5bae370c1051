"""What customers spend per order: the Gamma-Gamma model.

A customer's orders scatter around an own mean by a gamma distribution of shape p, whose rate is
gamma distributed over customers with shape q and rate v (Fader, Hardie & Lee 2005, Journal of
Marketing Research 42; Fader & Hardie 2013, note 025). The model takes spend per order as
independent of how often one orders; check that before use.

The mean over all customers is p v / (q - 1). With q of 1 or less it is infinite: a few customers
spend so much that no mean holds, and only customers with orders of their own have an expectation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError, NotMeasurable
from privdom_kit.layering.value_fit import (
    Estimates,
    maximise,
    positive_interval,
    with_errors,
)
from privdom_kit.layering.value_inputs import (
    check_whole,
    read_columns,
    read_counts,
    weighted_rows,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NAMES = ("p", "q", "v")
_STARTS = ((1, 2, 1), (6, 4, 0.5), (1, 10, 10), (20, 3, 0.1))  # amounts scaled to a mean of 1


@dataclass(frozen=True, slots=True, eq=False)
class Spend:
    """A fitted Gamma-Gamma model.

    Attributes:
        params: p, q, v (in the unit of the amounts).
        standard_errors: Of the same, from the observed information by the delta method.
        log_covariance: 3 x 3 covariance of the logarithms of the parameters.
        log_likelihood: Summed over customers.
        customers: Customers behind the fit.
    """

    params: dict[str, float]
    standard_errors: dict[str, float]
    log_covariance: NDArray
    log_likelihood: float
    customers: int

    @property
    def has_finite_mean(self) -> bool:
        """Whether the mean over all customers is finite, i.e. q is above 1."""
        return self.params["q"] > 1

    @property
    def population_mean(self) -> float:
        """Mean spend per order over all customers; infinite where q is 1 or less."""
        if not self.has_finite_mean:
            return math.inf
        return float(expected_under(self._natural(), np.zeros(1), np.zeros(1))[0])

    def population_mean_interval(self, level: float = 0.95) -> Estimates:
        """As :attr:`population_mean`, with its standard error and interval.

        Raises:
            NotMeasurable: The mean is infinite.
        """
        return self.expected_spend_interval(0, 0, level)

    def expected_spend(self, orders: ArrayLike, mean_amount: ArrayLike) -> NDArray:
        """Expected spend per order of customers with these orders behind them.

        Args:
            orders: Orders that ``mean_amount`` is the mean of, as in the fit; 0 gives the mean
                over all customers.
            mean_amount: Mean amount of these orders; not looked at where ``orders`` is 0.

        Returns:
            One value per customer, between their own mean and that of all; a number where both
            arguments are numbers.

        Raises:
            DataError: Unequal lengths, or an amount of 0 or less.
            NotMeasurable: The expectation of a customer is infinite (p * orders + q <= 1).
        """
        x, mean, shape = self.read_customers(orders, mean_amount)
        return expected_under(self._natural(), x, mean).reshape(shape)[()]

    def expected_spend_interval(
        self, orders: ArrayLike, mean_amount: ArrayLike, level: float = 0.95
    ) -> Estimates:
        """As :meth:`expected_spend`, with standard errors and intervals from the parameters."""
        x, mean, shape = self.read_customers(orders, mean_amount)
        values, errors = self.with_errors(lambda params: expected_under(params, x, mean))
        return positive_interval(values.reshape(shape), errors.reshape(shape), level)

    def _natural(self) -> NDArray:
        return np.array([self.params[name] for name in NAMES])

    def with_errors(self, function: Callable[[NDArray], NDArray]) -> tuple[NDArray, NDArray]:
        """A function of (p, q, v) at the estimate, and its standard errors."""
        return with_errors(function, self._natural(), self.log_covariance)

    def read_customers(
        self, orders: ArrayLike, mean_amount: ArrayLike
    ) -> tuple[NDArray, NDArray, tuple[int, ...]]:
        """Checked orders and mean amounts whose expectation is finite, and the input's shape."""
        x, mean = read_columns(orders=orders, mean_amount=mean_amount)
        check_whole("orders", x)
        _check_amounts(mean[x > 0])
        p, q, _ = self._natural()
        endless = p * x + q <= 1
        if endless.any():
            raise NotMeasurable(
                f"With q = {q:.3g} the model gives {int(endless.sum())} customers an infinite mean",
                "Expected q above 1, or more orders of their own",
                "Show their own mean amounts, and look for a few huge orders",
            )
        return x, np.where(x > 0, mean, 0.0), np.shape(orders)


class SpendLikelihood:
    """The Gamma-Gamma likelihood per customer as a function of (p, q, v)."""

    def __init__(self, rows: tuple[NDArray, ...], weights: NDArray) -> None:
        self.orders, self.mean = rows
        self.weights = weights / weights.sum()

    def __call__(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        """Value, gradient and Hessian."""
        from scipy.special import digamma, gammaln

        p, q, v = params
        x, mean, n = self.orders, self.mean, self.weights
        own, both = p * x, p * x + q
        log_sum = np.log(v + x * mean)
        terms = gammaln(both) - gammaln(own) - gammaln(q) + q * np.log(v)
        terms += own * np.log(x * mean) - np.log(mean) - both * log_sum
        by_p = x * (digamma(both) - digamma(own) + np.log(x * mean) - log_sum)
        by_q = digamma(both) - digamma(q) + np.log(v) - log_sum
        by_v = q / v - both / (v + x * mean)
        gradient = np.array([n @ by_p, n @ by_q, n @ by_v])
        return float(n @ terms), gradient, self._hessian(params)

    def _hessian(self, params: NDArray) -> NDArray:
        from scipy.special import polygamma

        p, q, v = params
        x, n = self.orders, self.weights
        both, share = polygamma(1, p * x + q), 1 / (v + x * self.mean)
        pp = n @ (x**2 * (both - polygamma(1, p * x)))
        pq, pv, qv = n @ (x * both), -(n @ (x * share)), 1 / v - n @ share
        qq = n @ both - polygamma(1, q)
        vv = n @ ((p * x + q) * share**2) - q / v**2
        return np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]])


def fit_spend(orders: ArrayLike, mean_amount: ArrayLike, counts: ArrayLike | None = None) -> Spend:
    """Fit the Gamma-Gamma model by maximum likelihood.

    Args:
        orders: Orders per customer that ``mean_amount`` is the mean of, 1 or more. The published
            practice is repeat orders and their mean, which leaves one-time customers out.
        mean_amount: Mean amount of these orders, after returns, above 0.
        counts: Customers behind each row; 1 where not given.

    Raises:
        DataError: Customers without an order, or amounts of 0 or less: returns must be netted, and
            who nets to nothing left out, by a rule that the caller states.
        NotMeasurable: The data do not determine the parameters, e.g. all means are equal.
    """
    x, mean = read_columns(orders=orders, mean_amount=mean_amount)
    check_whole("orders", x)
    _check_orders(x)
    _check_amounts(mean)
    (x, mean), n = weighted_rows((x, mean), read_counts(counts, x.size))
    # Amounts of about 1 make starts and tolerances independent of the currency.
    unit = (n @ mean) / n.sum()
    fit = maximise(SpendLikelihood((x, mean / unit), n), _STARTS, n.sum(), NAMES)
    logs = fit.logs + np.array([0, 0, np.log(unit)])
    errors = np.exp(logs) * np.sqrt(np.diag(fit.covariance))
    return Spend(
        params=dict(zip(NAMES, np.exp(logs).tolist(), strict=True)),
        standard_errors=dict(zip(NAMES, errors.tolist(), strict=True)),
        log_covariance=fit.covariance,
        log_likelihood=float(n.sum() * (fit.value - np.log(unit))),
        customers=int(n.sum()),
    )


def expected_under(params: NDArray, orders: NDArray, mean: NDArray) -> NDArray:
    """Expected spend per order under other parameters (note 025, eq. 5)."""
    p, q, v = params
    return p * (v + orders * mean) / (p * orders + q - 1)


def _check_orders(orders: NDArray) -> None:
    if (orders < 1).any():
        raise DataError(
            f"{int((orders < 1).sum())} of {orders.size} rows have no order to average",
            "Expected customers with at least one order each",
            "Leave the others out of the fit; `expected_spend` gives them the mean over all",
        )


def _check_amounts(mean: NDArray) -> None:
    if (mean <= 0).any():
        raise DataError(
            f"`mean_amount` is 0 or less in {int((mean <= 0).sum())} of {mean.size} rows, "
            f"lowest {mean.min():g}",
            "Expected amounts above 0 after returns",
            "Net the returns, leave out who spent nothing, and say how many",
        )
