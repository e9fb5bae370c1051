"""What many comparisons at once make of p-values, levels and critical values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import check_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METHODS = ("holm", "hochberg", "bonferroni", "fdr_bh")
_NODES = 200
_REACH = 9.0  # standard deviations; beyond them lies less than 1e-18


def adjust_p_values(p: Sequence[float | None], method: str = "holm") -> list[float | None]:
    """P-values corrected for how many were looked at; a missing one stays missing.

    Args:
        p: One a comparison; None or NaN where it was not made.
        method: holm (Holm 1979), hochberg (Hochberg 1988), bonferroni or fdr_bh (Benjamini and
            Hochberg 1995).

    Raises:
        DataError: The method is unknown, or a p-value is not between 0 and 1.
    """
    made = _made(p, method)
    corrected: list[float | None] = [None] * len(p)
    if made:
        values = _uncapped(np.array([p[i] for i in made], dtype=float), method)
        for i, value in zip(made, values, strict=True):
            corrected[i] = min(float(value), 1.0)
    return corrected


def compatible_levels(
    p: Sequence[float | None], method: str = "holm", alpha: float = 0.05
) -> list[float | None]:
    """A level for each comparison's interval that says the same as its corrected p-value.

    The interval of a comparison at the level returned leaves out the value tested (0 as a rule)
    exactly where its p-value from :func:`adjust_p_values` is below ``alpha``, as long as interval
    and p-value come from the same test: the level is 1 - alpha x p / corrected p. That is alpha / m
    for Bonferroni, and the step's own share of alpha for the others.

    What the intervals promise beyond that: with bonferroni all of them cover at once with chance
    1 - alpha or more. With fdr_bh the share of intervals that miss, among those of the claims
    made, is at most alpha on average (Y. Benjamini and D. Yekutieli, JASA 100, 2005: they are no
    narrower than theirs). With holm and hochberg they agree with the claims, no more: the last
    claims get intervals of plain level, and all at once they can cover less often than 1 - alpha.
    Simultaneous intervals for a stepwise claim would say little more than its sign (K.
    Strassburger and F. Bretz, Statistics in Medicine 27, 2008): take bonferroni for those.

    Args:
        p: One a comparison; None or NaN where it was not made.
        method: As of :func:`adjust_p_values`.
        alpha: Chance of a false claim that is allowed.

    Returns:
        Levels between 0 and 1; None where the comparison was not made.

    Raises:
        DataError: The method is unknown, a p-value is not between 0 and 1, or alpha is not.
    """
    check_level(alpha)
    made = _made(p, method)
    levels: list[float | None] = [None] * len(p)
    if made:
        # Zero would hide the step; so small a number stands for it.
        values = np.maximum(np.array([p[i] for i in made], dtype=float), 1e-300)
        shares = values / _uncapped(values, method)
        for i, share in zip(made, shares, strict=True):
            levels[i] = float(1 - alpha * min(share, 1.0))
    return levels


def many_to_one_critical(k: int, level: float = 0.95, sides: int = 2, ratio: float = 1.0) -> float:
    """Critical value for k treatments each against the same control, all claims at once.

    C. W. Dunnett, A multiple comparison procedure for comparing several treatments with a control,
    JASA 50 (1955), with known variance (infinite degrees of freedom), by quadrature over the
    control's deviation, on which all comparisons depend: correlation ratio / (ratio + 1).

    Args:
        k: Treatments.
        level: Chance that no comparison passes the value where no treatment differs.
        sides: 1 or 2.
        ratio: People of each treatment to one of the control; 1 for an equal split.

    Raises:
        DataError: There is no treatment, sides are neither 1 nor 2, or the ratio is not above 0.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    check_level(level)
    if k < 1 or sides not in (1, 2) or not ratio > 0:
        raise DataError(
            f"{k} treatments, {sides} sides, ratio {ratio}",
            "expected a treatment or more, 1 or 2 sides and a ratio above 0",
        )
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    control = nodes * _REACH
    density = weights * _REACH * np.exp(-(control**2) / 2) / math.sqrt(2 * math.pi)
    load = math.sqrt(ratio / (ratio + 1))
    own = math.sqrt(1 - load**2)

    def inside(critical: float) -> float:
        each = ndtr((critical + load * control) / own)
        if sides == 2:
            each = each - ndtr((-critical + load * control) / own)
        return float((density * each**k).sum())

    least = 0.0 if sides == 2 else -_REACH
    return float(brentq(lambda c: inside(c) - level, least, _REACH, xtol=1e-12))


def _made(p: Sequence[float | None], method: str) -> list[int]:
    """Places of the comparisons that were made: one NaN would make every value NaN."""
    if method not in _METHODS:
        raise DataError(f"the correction is {method!r}", f"known: {', '.join(_METHODS)}")
    made = [i for i, value in enumerate(p) if value is not None and not math.isnan(value)]
    wrong = [p[i] for i in made if not 0 <= p[i] <= 1]  # type: ignore[operator]
    if wrong:
        raise DataError(f"a p-value of {wrong[0]}", "expected one from 0 to 1")
    return made


def _uncapped(values: NDArray, method: str) -> NDArray:
    """Corrected p-values before they are cut off at 1, so that a level keeps its step."""
    count = len(values)
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, count + 1)
    steps = {
        "bonferroni": np.full(count, float(count)),
        "holm": count - ranks + 1.0,
        "hochberg": count - ranks + 1.0,
        "fdr_bh": count / ranks,
    }[method]
    scaled = values[order] * steps
    if method == "holm":
        scaled = np.maximum.accumulate(scaled)
    elif method != "bonferroni":
        scaled = np.minimum.accumulate(scaled[::-1])[::-1]
    corrected = np.empty(count)
    corrected[order] = scaled
    return corrected
