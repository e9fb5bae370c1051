"""Estimates over things that hang together: groups, days, people counted again and again.

A group's members and a day's chats are alike, so that they are no independent draws: the group or
the day is the unit. All functions take sums by unit, never rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates import Interval, Test, normal_critical, proportion_interval, t_p_value
from privdom_kit.estimates import t_critical as critical

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def clustered_share(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval | None:
    """A share over clusters, ``sum(x) / sum(n)``, with its interval.

    Wilson's interval at the effective sample size: the trials that would give the ratio estimator
    its variance between clusters, lowered by Student's t over the normal quantile (Korn and
    Graubard 1998; Dean and Pagano 2015). At a share of 0 or 1, where that variance says nothing,
    the clusters themselves are the sample.

    Args:
        x: Successes by cluster.
        n: Trials by cluster; clusters without any are left out.
        level: Confidence level.

    Returns:
        None where fewer than two clusters have trials.
    """
    hits, trials = _clusters(x, n)
    if len(trials) < 2:
        return None
    share, degrees = hits.sum() / trials.sum(), len(trials) - 1
    variance = _spread(hits - share * trials) / trials.sum() ** 2
    size = float(len(trials))
    if 0 < share < 1:
        wanted = share * (1 - share) / variance if variance > 0 else trials.sum()
        size = min(wanted, trials.sum())
    size *= (normal_critical(level) / critical(level, degrees)) ** 2
    interval = proportion_interval(share * size, size, level)
    return Interval(float(share), interval.lower, interval.upper)


def clustered_ratio(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval | None:
    """A ratio over clusters, ``sum(x) / sum(n)``, linearised, with Student's t.

    For slopes: with cross products ``x`` and squares ``n`` by cluster it is the slope within
    clusters, its variance robust to what a cluster's rows share (Liang and Zeger 1986).

    Returns:
        None where fewer than two clusters have a denominator.
    """
    tops, bottoms = _clusters(x, n)
    if len(bottoms) < 2:
        return None
    ratio = tops.sum() / bottoms.sum()
    error = math.sqrt(_spread(tops - ratio * bottoms)) / bottoms.sum()
    width = critical(level, len(bottoms) - 1) * error
    return Interval(float(ratio), float(ratio - width), float(ratio + width))


def clustered_change(
    x: ArrayLike, n: ArrayLike, x_before: ArrayLike, n_before: ArrayLike, level: float = 0.95
) -> Interval | None:
    """The change of a share over the same clusters at two times, now less before.

    Returns:
        None where fewer than two clusters have trials at both times.
    """
    now, before = (np.asarray(v, dtype=float) for v in (n, n_before))
    both = (now > 0) & (before > 0)
    if both.sum() < 2:
        return None
    hits, hits_before = (np.asarray(v, dtype=float)[both] for v in (x, x_before))
    now, before = now[both], before[both]
    share, share_before = hits.sum() / now.sum(), hits_before.sum() / before.sum()
    moved = (hits - share * now) / now.sum() - (hits_before - share_before * before) / before.sum()
    width = critical(level, int(both.sum()) - 1) * math.sqrt(_spread(moved))
    change = float(share - share_before)
    return Interval(change, change - width, change + width)


def jackknife_ratio(
    whole: float, without: ArrayLike, level: float = 0.95
) -> tuple[Interval, Test] | None:
    """A positive ratio with its interval, from the same ratio without each part of the people.

    Delete-one-group jackknife on the log scale (Kott 2001), Student's t; the test is of a ratio
    of 1.

    Args:
        whole: The ratio over all people.
        without: The ratio over all people but those of one part, for each part.
        level: Confidence level.

    Returns:
        None where a ratio is zero or unknown, or there are fewer than two parts.
    """
    left = np.asarray(without, dtype=float)
    if not whole > 0 or len(left) < 2 or not (left > 0).all():
        return None
    parts = len(left)
    gaps = np.log(left) - math.log(whole)
    error = math.sqrt((parts - 1) / parts * float((gaps**2).sum()))
    if error == 0:
        return None
    centre, width = math.log(whole), critical(level, parts - 1) * error
    interval = Interval(whole, math.exp(centre - width), math.exp(centre + width))
    statistic = centre / error
    return interval, Test(whole, statistic, t_p_value(statistic, parts - 1))


def _clusters(x: ArrayLike, n: ArrayLike) -> tuple[NDArray, NDArray]:
    tops, bottoms = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    if len(tops) != len(bottoms):
        raise DataError(
            f"{len(tops)} numerators and {len(bottoms)} denominators", "one of each a cluster"
        )
    kept = bottoms > 0
    return tops[kept], bottoms[kept]


def _spread(residuals: NDArray) -> float:
    """Variance of a sum of independent residuals, with the small-sample factor."""
    clusters = len(residuals)
    return float(clusters / (clusters - 1) * (residuals**2).sum())
