"""Expected orders of a customer who is alive: the hypergeometric expectation, as an integral.

The published forms (Fader, Hardie & Lee 2005, eq. 10; Batislam, Denizel & Filiztekin 2007, eq. 8)
hold a Gauss hypergeometric function times 1/(a - 1): it cancels near a = 1, and library routines
lose it where orders are many. Both models state the same thing about a customer who is alive: the
rate is Gamma(shape R, rate A), the chance p to stop after an order is Beta(a, B), so that within
a time t one expects

    E[ f(p) ],   f(p) = (1 - (1 + p t / A)^-R) / p,   p ~ Beta(a, B).

f is smooth and positive, and on the logit of p the integrand is analytic in a strip: there the
trapezoid rule converges geometrically (Trefethen & Weideman 2014). Three identities keep its
range short and every term positive:

* Beta(a, B) weights of f fold into f(1) + B / (a + B) * E[(f(p) - f(1)) / (1 - p)] under
  Beta(a, B + 1), which removes the slow end at p = 1;
* F(p) = f(p) - f(1) is a positive mixture of powers of 1 - p with mean exponent
  m = -F'(0) / F(0), so F(p) >= F(0) (1 - p)^m (Jensen);
* the mean of (1 - p)^m is a ratio of gamma functions, which removes the slow end at p = 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEPERS = 38.0  # the integrand is cut where it has fallen by e^-38, below double precision
_WIDTH = 0.3  # step of the trapezoid rule, in standard deviations and at most that many logits
_CELLS = 2_000_000  # rows times nodes held in memory at once (16 MB each)


def expected_while_alive(
    time: NDArray, shape: NDArray, rate: NDArray, a: float, b: NDArray
) -> NDArray:
    """Expected orders within ``time`` of customers who are alive now.

    Args:
        time: Length of the period ahead, 0 or more; one per row as everything but ``a``.
        shape: Shape R of the gamma distribution of the order rate.
        rate: Rate A of the same, in the unit of ``time``.
        a: First parameter of the beta distribution of the chance to stop after an order.
        b: Second parameter of the same.

    Returns:
        Orders, one value per row, to 9 digits or more.
    """
    tau = time / rate
    low, high, step = _window(tau, shape, a, b)
    out = np.empty(tau.size)
    levels, level = np.unique(b, return_inverse=True)
    order = np.argsort(level, kind="stable")
    for b_level, rows in zip(levels, np.split(order, _breaks(level[order])), strict=True):
        start, stop = low[rows].min(), high[rows].max()
        nodes = int(np.ceil((stop - start) / step[rows].min())) + 1
        logits = np.linspace(start, stop, nodes)
        for part in np.array_split(rows, -(-rows.size * nodes // _CELLS)):
            out[part] = _mean(logits, tau[part], shape[part], a, float(b_level))
    return out


def _breaks(level: NDArray) -> NDArray:
    return np.flatnonzero(np.diff(level)) + 1


def _parts(tau: NDArray, shape: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """f(1), F(0) and the mean exponent m (see the top of the file)."""
    last = -np.expm1(-shape * np.log1p(tau))
    first = np.maximum(shape * tau - last, 0)
    slope = shape * (shape + 1) * tau**2 / 2
    exponent = np.divide(slope, first, out=np.ones_like(tau), where=first > 1e-9 * shape * tau)
    return last, first, np.maximum(exponent, 1)


def _mean(logits: NDArray, tau: NDArray, shape: NDArray, a: float, b: float) -> NDArray:
    """E[f(p)] of rows that share b, over one grid of logits."""
    from scipy.special import betaln, gammaln

    last, first, exponent = _parts(tau, shape)
    closed = np.exp(gammaln(b + exponent) - gammaln(b) + gammaln(a + b) - gammaln(a + b + exponent))
    stay = -np.logaddexp(0, logits)  # log(1 - p)
    go = stay + logits  # log p
    p = np.exp(go)
    weight = np.exp(a * go + b * stay - betaln(a, b)) * (logits[1] - logits[0])
    whole = -np.expm1(-shape[:, None] * np.log1p(np.outer(tau, p))) @ (weight / p)
    known = last * weight.sum() + first * (np.exp(np.outer(exponent, stay)) @ weight)
    return last + first * closed + (whole - known)


def _window(tau: NDArray, shape: NDArray, a: float, b: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Between which logits of p the integrand matters, and the step that resolves it."""
    from scipy.special import polygamma

    *_, exponent = _parts(tau, shape)
    closing = b + 1
    mode = np.log(a / closing)
    reach = _NEPERS * (a + closing) / (a * closing)
    reach = (reach + np.sqrt(reach**2 + 8 * reach)) / 2
    kernel = -np.log(exponent) - np.log1p(1 / shape) / 2 - _NEPERS / 2
    low = np.maximum(mode - reach, np.minimum(kernel, mode))
    entropy = a * np.log1p(closing / a) + closing * np.log1p(a / closing)
    high = np.minimum(mode + reach, np.log(np.expm1((_NEPERS + entropy) / closing)))
    spread = np.sqrt(polygamma(1, a) + polygamma(1, b))
    return low, high, _WIDTH * np.minimum(1, spread)
