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
    BLOCK,
    Estimates,
    likelihoods,
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
    """The Gamma-Gamma likelihood per customer as a function of (p, q, v).

    Terms that know the orders only are summed over the distinct numbers of orders; the others
    take one logarithm a row, block by block, so that the work of a block stays in the cache.
    """

    def __init__(self, rows: tuple[NDArray, ...], weights: NDArray) -> None:
        self.orders, self.mean = rows
        self.weights = weights / weights.sum()
        self.levels, level = np.unique(self.orders, return_inverse=True)
        self.level_weights = np.bincount(level, weights=self.weights)
        log_total = np.log(self.orders * self.mean)
        self.log_amount = self.weights @ np.log(self.mean)
        self.orders_log_total = self.weights @ (self.orders * log_total)

    def __call__(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        """Value, gradient and Hessian."""
        value, gradient, hessian = self._by_orders(params)
        for start in range(0, self.weights.size, BLOCK):
            part = self._by_amounts(params, slice(start, start + BLOCK))
            value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
        return value, gradient, hessian

    def _by_orders(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        from scipy.special import digamma, gammaln, polygamma

        p, q, v = params
        x, n = self.levels, self.level_weights
        own, both = p * x, p * x + q
        value = n @ (gammaln(both) - gammaln(own)) - gammaln(q) + q * np.log(v)
        value += p * self.orders_log_total - self.log_amount
        by_p = n @ (x * (digamma(both) - digamma(own))) + self.orders_log_total
        by_q = n @ digamma(both) - digamma(q) + np.log(v)
        curve = polygamma(1, both)
        pp, pq = n @ (x**2 * (curve - polygamma(1, own))), n @ (x * curve)
        qq = n @ curve - polygamma(1, q)
        hessian = np.array([[pp, pq, 0], [pq, qq, 1 / v], [0, 1 / v, -q / v**2]])
        return float(value), np.array([by_p, by_q, q / v]), hessian

    def _by_amounts(self, params: NDArray, part: slice) -> tuple[float, NDArray, NDArray]:
        """The term -(p x + q) log(v + x mean)."""
        p, q, v = params
        x, n = self.orders[part], self.weights[part]
        total, both = v + x * self.mean[part], p * x + q
        logs, share = n * np.log(total), n / total
        value, by_p, by_q = -(logs @ both), -(logs @ x), -logs.sum()
        pv, qv, vv = -(share @ x), -share.sum(), share @ (both / total)
        hessian = np.array([[0, 0, pv], [0, 0, qv], [pv, qv, vv]])
        return float(value), np.array([by_p, by_q, -(share @ both)]), hessian


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
    likelihood, rough = likelihoods(SpendLikelihood, (x, mean / unit), n)
    fit = maximise(likelihood, _STARTS, n.sum(), NAMES, rough)
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
