"""Log-likelihoods of MBG/NBD and BG/NBD over weighted distinct rows, with both derivatives.

Of a customer with x repeat orders, the last at age t_x, seen until age T:

    L = G(r + x) alpha^r / G(r) * B(a, b + s) / B(a, b) * (alpha + T)^-(r + x) * (1 + e^D)
    D = (r + x) log((alpha + T) / (alpha + t_x)) + log(a / (b + s - 1))

with s = x + 1 for MBG/NBD (Batislam, Denizel & Filiztekin 2007: one may stop right after the first
order) and s = x for BG/NBD (Fader, Hardie & Lee 2005: one may stop after repeat orders only, so
that e^D is 0 where x is 0). 1 / (1 + e^D) is the chance to be alive. The orders are taken in their
sequence, so no binomial coefficient enters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.layering.value_fit import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODELS = ("mbg_nbd", "bg_nbd")


def survived(orders: NDArray, model: str) -> NDArray:
    """How many chances to stop a customer who is alive has passed: s at the top of the file."""
    return orders + 1 if model == "mbg_nbd" else orders


def log_odds_dead(
    params: NDArray, orders: NDArray, age_at_last: NDArray, age: NDArray, model: str
) -> NDArray:
    """D at the top of the file; minus infinity where the model cannot have a customer dead."""
    r, alpha, a, b = params
    passed = b + survived(orders, model) - 1
    possible = survived(orders, model) > 0
    odds = (r + orders) * (np.log(alpha + age) - np.log(alpha + age_at_last))
    odds += np.log(a) - np.log(np.where(possible, passed, 1))
    return np.where(possible, odds, -np.inf)


class RepeatBuyingLikelihood:
    """The likelihood per customer as a function of (r, alpha, a, b)."""

    def __init__(self, rows: tuple[NDArray, ...], weights: NDArray, model: str) -> None:
        self.orders, self.age_at_last, self.age = rows
        self.weights = weights / weights.sum()
        self.model = model
        self.levels, self.level = np.unique(self.orders, return_inverse=True)
        self.level_weights = np.bincount(self.level, weights=self.weights)
        # Where nobody can be dead the odds are masked; 0 keeps their logarithm finite.
        self.passed_before = np.maximum(survived(self.levels, model) - 1, 0)

    def __call__(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        """Value, gradient and Hessian."""
        value, gradient, hessian = self._by_orders(params)
        more_value, more_gradient, more_hessian = self._by_ages(params)
        return value + more_value, gradient + more_gradient, hessian + more_hessian

    def _by_orders(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        """The terms that know the orders only, summed over the distinct numbers of orders."""
        from scipy.special import digamma, gammaln, polygamma

        r, alpha, a, b = params
        x, n = self.levels, self.level_weights
        end = b + survived(x, self.model)
        terms = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        terms += gammaln(end) - gammaln(b) + gammaln(a + b) - gammaln(a + end)
        rates = digamma(r + x) - digamma(r) + np.log(alpha)
        stops = digamma(a + b) - digamma(a + end)
        stays = stops + digamma(end) - digamma(b)
        gradient = np.array([n @ rates, r / alpha, n @ stops, n @ stays])
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ polygamma(1, r + x) - polygamma(1, r)
        hessian[0, 1] = hessian[1, 0] = 1 / alpha
        hessian[1, 1] = -r / alpha**2
        both = polygamma(1, a + b) - n @ polygamma(1, a + end)
        hessian[2:, 2:] = both
        hessian[3, 3] += n @ polygamma(1, end) - polygamma(1, b)
        return float(n @ terms), gradient, hessian

    def _by_ages(self, params: NDArray) -> tuple[float, NDArray, NDArray]:
        """The terms -(r + x) log(alpha + T) + log(1 + e^D), block by block of rows."""
        value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
        for start in range(0, self.weights.size, BLOCK):
            part = self._by_age(params, slice(start, start + BLOCK))
            value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
        return value, gradient, hessian

    def _by_age(self, params: NDArray, part: slice) -> tuple[float, NDArray, NDArray]:
        from scipy.special import expit, log_expit

        r, alpha, a, b = params
        n, shape = self.weights[part], r + self.orders[part]
        to_end, to_last = alpha + self.age[part], alpha + self.age_at_last[part]
        full, last, log_full = 1 / to_end, 1 / to_last, np.log(to_end)
        by_level = 1 / (b + self.passed_before)
        ratio, by_passed = np.log(to_end * last), by_level[self.level[part]]
        odds = shape * ratio + self._log_odds(a, by_level)[self.level[part]]
        dead = expit(odds)
        value = n @ (-log_expit(-odds) - shape * log_full)
        slopes = np.stack([ratio, shape * (full - last), np.full_like(ratio, 1 / a), -by_passed])
        gradient = slopes @ (n * dead)
        gradient[:2] -= n @ log_full, n @ (shape * full)
        hessian = (slopes * (n * dead * (1 - dead))) @ slopes.T
        hessian += _curvature_of_odds(n * dead, shape, full, last, a, by_passed)
        hessian[0, 1] -= n @ full
        hessian[1, 0] -= n @ full
        hessian[1, 1] += n @ (shape * full**2)
        return float(value), gradient, hessian

    def _log_odds(self, a: float, by_level: NDArray) -> NDArray:
        possible = survived(self.levels, self.model) > 0
        return np.where(possible, np.log(a * by_level), -np.inf)


def _curvature_of_odds(
    weights: NDArray, shape: NDArray, full: NDArray, last: NDArray, a: float, by_passed: NDArray
) -> NDArray:
    """Weighted sum of the second derivatives of D."""
    hessian = np.zeros((4, 4))
    hessian[0, 1] = hessian[1, 0] = weights @ (full - last)
    hessian[1, 1] = weights @ (shape * (last**2 - full**2))
    hessian[2, 2] = -weights.sum() / a**2
    hessian[3, 3] = weights @ by_passed**2
    return hessian
