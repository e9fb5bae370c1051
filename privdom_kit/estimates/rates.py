"""Events per time at risk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.estimates.basics import Interval, normal_critical

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MOST_EXACT = 1_000  # events up to which a test enumerates


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Events of one group against another's over strata of time at risk.

    Attributes:
        difference: Events per unit of time at risk, first less second group.
        p_value: Two-sided, of no difference in any stratum.
        events: Events of the first group in strata where the other was watched too.
        time: Its time at risk there.
        second_events: Events of the second group there.
    """

    difference: Interval
    p_value: float
    events: float
    time: float
    second_events: float


def compare_rates(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, level: float = 0.95
) -> RateComparison | None:
    """Rates of two groups compared within strata and pooled.

    The Mantel-Haenszel difference of rates (Greenland and Robins, Biometrics 41, 1985). Its
    interval joins the gamma limits of the two weighted rates (Fay and Feuer, Stat. Med. 16, 1997),
    which hold at few events and at none, by square-and-add (Zou and Donner, Stat. Med. 27, 2008).
    The test is that of equal rates within strata (Shore, Pasternack and Curnen, Am. J. Epidemiol.
    103, 1976): given the events of a stratum, the first group has its share of time.
    Up to 1,000 events the test is exact (the doubled smaller tail), beyond by the normal curve.
    Only strata in which both groups were watched say anything.

    Args:
        x1: Events of the first group, by stratum.
        t1: Its time at risk.
        x2: Events of the second group.
        t2: Its time at risk.
        level: Confidence level.

    Returns:
        None where no stratum has both, or no event fell in them.
    """
    parts = [np.asarray(part, dtype=float) for part in (x1, t1, x2, t2)]
    both = (parts[1] > 0) & (parts[3] > 0)
    a, m, b, n = (part[both] for part in parts)
    if not (a.sum() + b.sum()) > 0:
        return None
    whole = float((m * n / (m + n)).sum())
    first = _weighted_rate(a, n / (m + n) / whole, level)
    second = _weighted_rate(b, m / (m + n) / whole, level)
    gap = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
    above = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
    return RateComparison(
        Interval(gap, gap - below, gap + above),
        _equal_rates_p(a, a + b, m / (m + n)),
        float(a.sum()),
        float(m.sum()),
        float(b.sum()),
    )


def _weighted_rate(events: NDArray, weights: NDArray, level: float) -> Interval:
    """A weighted sum of Poisson counts with Fay and Feuer's gamma limits."""
    from scipy.stats import chi2

    tail, most = (1 - level) / 2, float(weights.max())
    rate, spread = float((weights * events).sum()), float((weights**2 * events).sum())
    lower = spread / (2 * rate) * float(chi2.ppf(tail, 2 * rate**2 / spread)) if rate else 0.0
    top, wide = rate + most, spread + most**2
    return Interval(rate, lower, wide / (2 * top) * float(chi2.ppf(1 - tail, 2 * top**2 / wide)))


def _equal_rates_p(ours: NDArray, events: NDArray, share: NDArray) -> float:
    """Two-sided p of ``ours`` events, each event being ours with the share of its stratum."""
    from scipy.stats import norm

    seen = round(float(ours.sum()))
    if events.sum() > _MOST_EXACT:
        variance = float((events * share * (1 - share)).sum())
        z = (seen - float((events * share).sum())) / math.sqrt(variance)
        return float(2 * norm.sf(abs(z)))
    chances = np.ones(1)
    for p in np.repeat(share, events.astype(int)):
        chances = np.append(chances * (1 - p), 0.0) + np.append(0.0, chances * p)
    return min(1.0, 2 * float(min(chances[seen:].sum(), chances[: seen + 1].sum())))


def newcomer_ratio(
    people: ArrayLike,
    responders: ArrayLike,
    later: ArrayLike,
    earlier: ArrayLike,
    answered: int,
    first_answered: int,
    level: float = 0.95,
) -> Interval | None:
    """Response of people to a later message against what newcomers gave at the same time.

    The expected response is the newcomers' rate of each period, scaled by how the people answered
    their own first message against the newcomers' of its period:
    (answered / expected later) / (first_answered / expected at first). Delta method on the log
    scale; the people are newcomers of their own first period, so ``first_answered`` varies only
    as a part of those does.

    Args:
        people: Newcomers by period.
        responders: Those of them who answered, above zero.
        later: People by the period of the later message.
        earlier: The same people by the period of their first.
        answered: People who answered the later message.
        first_answered: Those of the same people who answered their first.
        level: Confidence level.

    Returns:
        None where nobody answered the first message.
    """
    size, hits = np.asarray(people, float), np.asarray(responders, float)
    after, before = np.asarray(later, float), np.asarray(earlier, float)
    rates = hits / size
    expected, expected_first = float(after @ rates), float(before @ rates)
    if not first_answered or not expected:
        return None
    shown = max(answered, 0.5)
    ratio = expected_first / first_answered / expected
    # The newcomers' rates move both expectations; what is left of the first answers is a sample.
    pull = before / expected_first - after / expected
    spread = (pull**2 * rates * (1 - rates) / size).sum()
    spread += (1 - answered / after.sum()) / shown
    spread += max(1 / first_answered - 1 / hits.sum(), 0.0)
    reach = math.exp(normal_critical(level) * math.sqrt(spread))
    return Interval(answered * ratio, answered * ratio / reach, shown * ratio * reach)
