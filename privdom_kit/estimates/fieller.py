"""A ratio of two estimates, with the set of values that the data allow."""

from __future__ import annotations

import math
from dataclasses import dataclass

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import Interval


@dataclass(frozen=True, slots=True)
class RatioInterval(Interval):
    """A ratio with Fieller's confidence set.

    Attributes:
        estimate: Numerator over denominator; infinite over 0, NaN for 0 over 0.
        lower: Lower end; ``-inf`` where the set has none.
        upper: Upper end; ``inf`` where the set has none.
        kind: ``"bounded"``: all from lower to upper. ``"outside"``: all but the gap between the
            two ends of ``excluded``, because the denominator may be 0 while the numerator is
            not. ``"everything"``: the data exclude no value.
        excluded: The open gap of kind ``"outside"``, one end of which is infinite where the
            denominator sits exactly at its critical value; None otherwise.
    """

    kind: str
    excluded: tuple[float, float] | None

    @property
    def bounded(self) -> bool:
        """Whether the set is an interval with two finite ends."""
        return self.kind == "bounded"


def fieller_interval(
    numerator: float,
    se_numerator: float,
    denominator: float,
    se_denominator: float,
    correlation: float = 0.0,
    critical: float = 1.96,
) -> RatioInterval:
    """The values r for which numerator - r * denominator does not differ from 0.

    E. C. Fieller, Some problems in interval estimation, JRSS B 16 (1954) 175-185; the three kinds
    of set as in V. H. Franz, Ratios: a short guide to confidence limits and proper use,
    arXiv:0710.2024 (2007).

    Args:
        numerator: Estimate above the line.
        se_numerator: Its standard error, 0 or more.
        denominator: Estimate below the line.
        se_denominator: Its standard error, 0 or more.
        correlation: Of the two estimates, -1..1.
        critical: Critical value of the level wanted, normal or Student's.

    Raises:
        DataError: A value that is missing or not finite, a negative standard error or critical
            value, or a correlation outside -1..1.
    """
    _check(numerator, se_numerator, denominator, se_denominator, correlation, critical)
    above, below = critical * se_numerator, critical * se_denominator
    square = (denominator - below) * (denominator + below)
    middle = numerator * denominator - correlation * above * below
    constant = (numerator - above) * (numerator + above)
    # (middle² - square * constant), with what cancels left out.
    root2 = (
        (above * denominator) ** 2
        - 2 * correlation * above * below * numerator * denominator
        + (below * numerator) ** 2
        - (above * below) ** 2 * (1 - correlation**2)
    )
    estimate = _quotient(numerator, denominator)
    if square > 0:
        low, high = _roots(square, middle, constant, math.sqrt(max(0.0, root2)))
        return RatioInterval(estimate, low, high, "bounded", None)
    return _unbounded(estimate, square, middle, constant, root2)


def _unbounded(
    estimate: float, square: float, middle: float, constant: float, root2: float
) -> RatioInterval:
    """The set where the denominator does not differ from 0."""
    if root2 <= 0 or (square == 0 and middle == 0):
        return RatioInterval(estimate, -math.inf, math.inf, "everything", None)
    if square < 0:
        gap = _roots(square, middle, constant, math.sqrt(root2))
        return RatioInterval(estimate, -math.inf, math.inf, "outside", gap)
    end = constant / (2 * middle)
    if middle > 0:
        return RatioInterval(estimate, end, math.inf, "outside", (-math.inf, end))
    return RatioInterval(estimate, -math.inf, end, "outside", (end, math.inf))


def _roots(square: float, middle: float, constant: float, root: float) -> tuple[float, float]:
    """Both roots of square * r² - 2 * middle * r + constant, in order, without cancellation."""
    larger = middle + math.copysign(root, middle)
    if larger == 0:
        return 0.0, 0.0
    first, second = larger / square, constant / larger
    return min(first, second), max(first, second)


def _quotient(numerator: float, denominator: float) -> float:
    if denominator:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator else math.nan


def _check(
    numerator: float,
    se_numerator: float,
    denominator: float,
    se_denominator: float,
    correlation: float,
    critical: float,
) -> None:
    values = (numerator, se_numerator, denominator, se_denominator, correlation, critical)
    sizes = (se_numerator, se_denominator, critical)
    if not all(math.isfinite(value) for value in values) or min(sizes) < 0:
        raise DataError(
            f"{numerator} (standard error {se_numerator}) over {denominator} (standard error "
            f"{se_denominator}), critical value {critical}",
            "a ratio needs finite values, and errors and a critical value of 0 or more",
        )
    if abs(correlation) > 1:
        raise DataError(f"a correlation of {correlation}", "it lies between -1 and 1")
