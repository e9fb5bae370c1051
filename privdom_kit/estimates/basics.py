"""Intervals, tests and critical values that the other estimates are made of."""

from __future__ import annotations

from dataclasses import dataclass

from privdom_kit.errors import DataError


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval around it.

    Attributes:
        estimate: NaN where nothing was observed.
        lower: Lower end.
        upper: Upper end.
    """

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Difference(Interval):
    """A difference and the interval around it.

    Attributes:
        standard_error: Of the estimate; the interval need not be symmetric about it.
    """

    standard_error: float


@dataclass(frozen=True, slots=True)
class DifferenceTest(Difference):
    """A difference with its interval and its test.

    Attributes:
        statistic: Test statistic.
        p_value: Two-sided, where the function that made it does not say otherwise.
    """

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Test:
    """A hypothesis test.

    Attributes:
        estimate: The quantity that was tested.
        statistic: Test statistic.
        p_value: Two-sided.
    """

    __test__ = False  # not a test case, whatever its name suggests to a collector

    estimate: float
    statistic: float
    p_value: float


def t_critical(level: float, degrees: float) -> float:
    """Two-sided critical value of Student's t."""
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, degrees))


def normal_critical(level: float) -> float:
    """Two-sided critical value of the normal distribution."""
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def t_p_value(statistic: float, degrees: float) -> float:
    """Two-sided p-value of Student's t."""
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), degrees))


def normal_quantile(probability: float) -> float:
    """The value below which a standard normal variable falls with that probability."""
    from scipy.stats import norm

    return float(norm.ppf(probability))


def normal_p_value(statistic: float) -> float:
    """Two-sided p-value of the normal distribution."""
    from scipy.stats import norm

    return float(2 * norm.sf(abs(statistic)))


def check_level(level: float) -> None:
    """Refuse what is no confidence level.

    Raises:
        DataError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DataError(f"a confidence level of {level}", "expected one between 0 and 1, e.g. 0.95")


def check_counts(x: float, n: float) -> None:
    """Refuse counts of which no share can be made.

    Raises:
        DataError: ``x`` is not between 0 and ``n``.
    """
    if not 0 <= x <= n:
        raise DataError(f"{x} out of {n}", "a share needs 0 <= x <= n")
