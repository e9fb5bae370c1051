"""Means, ratios and adjusted means of an arm, out of its count and sums."""

from __future__ import annotations

from dataclasses import dataclass

from privdom_kit.errors import DataError

# What a sum of squares can be off by from rounding, as a share of it.
_ROUNDING = 1e-12
_CONTRADICTION = 1e-9


@dataclass(frozen=True, slots=True)
class Moments:
    """A metric of one arm, a value a person.

    Attributes:
        n: People; who has no value counts with the value 0, or in neither n nor the sums.
        sum: Sum of the values.
        sum_squares: Sum of their squares (raw, not about the mean).
    """

    n: float
    sum: float
    sum_squares: float

    @property
    def mean(self) -> float:
        """Mean value."""
        return self.sum / self.n

    @property
    def variance(self) -> float:
        """Sample variance (n - 1)."""
        return _variance(self.n, self.sum, self.sum_squares)


@dataclass(frozen=True, slots=True)
class RatioMoments:
    """A ratio of sums of one arm, e.g. orders per session; a numerator and denominator a person.

    Attributes:
        n: People.
        sum: Sum of the numerators.
        sum_squares: Sum of their squares.
        denominator_sum: Sum of the denominators.
        denominator_sum_squares: Sum of their squares.
        cross_sum: Sum of numerator x denominator.
    """

    n: float
    sum: float
    sum_squares: float
    denominator_sum: float
    denominator_sum_squares: float
    cross_sum: float

    @property
    def mean(self) -> float:
        """The ratio of the sums."""
        return self.sum / self.denominator_sum

    @property
    def variance(self) -> float:
        """N times the delta-method variance of the ratio (Deng et al. 2018, section 3.2)."""
        n, ratio = self.n, self.mean
        top = _variance(n, self.sum, self.sum_squares)
        bottom = _variance(n, self.denominator_sum, self.denominator_sum_squares)
        cross = _covariance(n, self.sum, self.denominator_sum, self.cross_sum)
        spread = top - 2 * ratio * cross + ratio**2 * bottom
        # A ratio that is the same for everybody leaves rounding only.
        if spread <= _ROUNDING * (top + ratio**2 * bottom):
            spread = 0.0
        return spread / (self.denominator_sum / n) ** 2


@dataclass(frozen=True, slots=True)
class PairedMoments:
    """A metric of one arm with what is known of the same people from before the test.

    Attributes:
        n: People.
        sum: Sum of the metric.
        sum_squares: Sum of its squares.
        covariate_sum: Sum of the covariate, which nothing in the test can have changed.
        covariate_sum_squares: Sum of its squares.
        cross_sum: Sum of metric x covariate.
    """

    n: float
    sum: float
    sum_squares: float
    covariate_sum: float
    covariate_sum_squares: float
    cross_sum: float

    @property
    def mean(self) -> float:
        """Mean of the metric, not adjusted."""
        return self.sum / self.n

    @property
    def covariate_mean(self) -> float:
        """Mean of the covariate."""
        return self.covariate_sum / self.n

    @property
    def variance(self) -> float:
        """Sample variance of the metric."""
        return _variance(self.n, self.sum, self.sum_squares)

    @property
    def covariate_variance(self) -> float:
        """Sample variance of the covariate."""
        return _variance(self.n, self.covariate_sum, self.covariate_sum_squares)

    @property
    def covariance(self) -> float:
        """Sample covariance of metric and covariate."""
        return _covariance(self.n, self.sum, self.covariate_sum, self.cross_sum)

    def combined_variance(self, weight: float, covariate_weight: float) -> float:
        """Sample variance of weight x metric + covariate_weight x covariate."""
        own = weight**2 * self.variance
        other = covariate_weight**2 * self.covariate_variance
        spread = own + other + 2 * weight * covariate_weight * self.covariance
        return spread if spread > _ROUNDING * (own + other) else 0.0

    def __add__(self, other: PairedMoments) -> PairedMoments:
        """The moments of both arms' people taken together."""
        return PairedMoments(
            *(getattr(self, name) + getattr(other, name) for name in self.__slots__)
        )


def check_moments(*arms: Moments | RatioMoments | PairedMoments) -> None:
    """Refuse sums of which no spread can be had.

    Raises:
        DataError: An arm has fewer than two people, a denominator is not above 0, or squares
            contradict their sum.
    """
    for arm in arms:
        if not arm.n >= 2:
            raise DataError(f"an arm of {arm.n} people", "a spread needs two people at least")
        if isinstance(arm, RatioMoments) and not arm.denominator_sum > 0:
            raise DataError(
                f"a sum of denominators of {arm.denominator_sum}",
                "a ratio needs denominators above 0",
            )
        _ = arm.variance
        if isinstance(arm, PairedMoments):
            _ = arm.covariate_variance


def _variance(n: float, total: float, squares: float) -> float:
    around = squares - total * total / n
    if around < -_CONTRADICTION * max(abs(squares), total * total / n):
        raise DataError(
            f"a sum of squares of {squares} beside a sum of {total} over {n} people",
            f"it is at least {total * total / n}",
            "Give the sum of the squared values, not the square of the sum.",
        )
    return around / (n - 1) if around > _ROUNDING * squares else 0.0


def _covariance(n: float, first: float, second: float, cross: float) -> float:
    return (cross - first * second / n) / (n - 1)
