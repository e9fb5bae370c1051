"""Shares of parts of a whole, and agreement of raters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import Interval, normal_critical

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def weighted_kappa(
    table: ArrayLike, weights: str = "quadratic", level: float = 0.95
) -> Interval | None:
    """Agreement of two raters on ordered categories beyond that of chance (Cohen 1968).

    The interval takes the large-sample standard error of Fleiss, Cohen and Everitt (1969) and
    stays within -1 and 1; it takes ratings as independent of one another. Where that error is
    nought (full agreement, or a rater who gave one rating only) it says nothing, and the bounds
    are NaN.

    Args:
        table: Ratings counted by category of the first rater (rows) and of the second (columns).
        weights: linear (Cicchetti and Allison 1971), or quadratic (Fleiss and Cohen 1973).
        level: Confidence level.

    Returns:
        None where kappa does not exist: no ratings, or all in one category.

    Raises:
        DataError: The table is not square, a count is negative, or the weights are unknown.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise DataError(f"ratings of shape {counts.shape}", "expected a square table of counts")
    if weights not in ("linear", "quadratic"):
        raise DataError(f"the weights are {weights!r}", "known: linear, quadratic")
    first, second = counts.sum(axis=1), counts.sum(axis=0)
    if not counts.sum() or ((first > 0) | (second > 0)).sum() < 2:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cohens_kappa(counts, wt=weights)
    kappa, error = float(found.kappa), float(found.std_kappa)
    if not error > 1e-12:
        return Interval(kappa, math.nan, math.nan)
    half = normal_critical(level) * error
    return Interval(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0))


def mixture_intervals(counts: Sequence[float], level: float = 0.95) -> list[Interval]:
    """Shares of a mixture with simultaneous intervals (Goodman 1965).

    Args:
        counts: Pieces by part; at least one piece in all.
        level: Chance that all intervals cover at once.

    Raises:
        DataError: A count is negative, or there is nothing to count.
    """
    from statsmodels.stats.proportion import multinomial_proportions_confint

    values = np.asarray(counts, dtype=float)
    if not values.sum() > 0 or (values < 0).any():
        raise DataError(
            f"counts {list(counts)}", "expected counts from 0 on, one above it at least"
        )
    ends = multinomial_proportions_confint(values, alpha=1 - level, method="goodman")
    shares = values / values.sum()
    return [
        Interval(float(share), max(float(lower), 0.0), min(float(upper), 1.0))
        for share, (lower, upper) in zip(shares, ends, strict=True)
    ]


def mixture_distance(
    counts: Sequence[float], target: Sequence[float], level: float = 0.95
) -> Interval:
    """How much of a mixture stands elsewhere than in a target: sum of differences / 2.

    The interval holds the distances of all mixtures within the simultaneous intervals of
    :func:`mixture_intervals`, so it covers at least at its level, at small counts and next to the
    target as well, where resampling is drawn away from zero.

    Args:
        counts: Pieces by part.
        target: Parts of the target, in any unit; they are scaled to add up to 1.
        level: Confidence level.

    Raises:
        DataError: As :func:`mixture_intervals`, or the target does not fit.
    """
    parts = np.asarray(target, dtype=float)
    if len(parts) != len(counts) or (parts < 0).any() or not parts.sum() > 0:
        raise DataError(f"a target of {list(target)}", f"{len(counts)} parts, none below zero")
    wanted = parts / parts.sum()
    box = mixture_intervals(counts, level)
    shares, low, high = (np.array([getattr(i, k) for i in box]) for k in Interval.__slots__)
    # At least what the box forces up, and at least what it forces down.
    least = max(np.clip(low - wanted, 0, None).sum(), np.clip(wanted - high, 0, None).sum())
    most = 0.0
    for number in range(2 ** len(wanted)):
        chosen = np.array([bool(number >> place & 1) for place in range(len(wanted))])
        reach = min(high[chosen].sum(), 1 - low[~chosen].sum())
        most = max(most, reach - wanted[chosen].sum())
    return Interval(float(np.abs(shares - wanted).sum() / 2), float(least), float(most))
