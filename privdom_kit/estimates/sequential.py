"""Bounds for planned looks at a running test, and what looking without a plan costs.

Paths of the standardised statistic under no effect are followed exactly: the density of those
that have not crossed yet is integrated from look to look (Armitage, McPherson and Rowe, Repeated
significance tests on accumulating data, JRSS A 132 (1969) 235-244) by composite Gauss-Legendre
quadrature.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from privdom_kit.errors import ConfigError, nearest
from privdom_kit.estimates.basics import Interval

SPENDING = ("obrien_fleming", "pocock")

# Numerical limits, not judgements: where tails vanish in floating point, and the finest step
# between looks that the grid resolves.
_OUTER = 12.0
_LOWEST = -8.0
_NODES = 16
_SMALLEST_STEP = 1e-4
_SMALLEST_SPEND = 1e-300

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SequentialBounds:
    """What a statistic must reach at each look; as a sequence, the bounds.

    Attributes:
        information: Share of the planned information at each look.
        bounds: Value of z that must be reached; of its absolute value with two sides. Infinite
            where nothing may be claimed.
        spent: False-positive risk used up to and including each look, both sides together.
        levels: Nominal p-value that must not be exceeded, two-sided with two sides.
        sides: 1 or 2.
    """

    information: tuple[float, ...]
    bounds: tuple[float, ...]
    spent: tuple[float, ...]
    levels: tuple[float, ...]
    sides: int

    def __len__(self) -> int:
        return len(self.bounds)

    def __getitem__(self, look: int) -> float:
        return self.bounds[look]

    def __iter__(self) -> Iterator[float]:
        return iter(self.bounds)


def sequential_bounds(
    information: Sequence[float],
    alpha: float = 0.05,
    sides: int = 2,
    spending: str = "obrien_fleming",
    planned: float | None = None,
) -> SequentialBounds:
    """Bounds by the alpha-spending approach, for looks at any spacing.

    K. K. G. Lan and D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika
    70 (1983) 659-663. With two sides each side spends half of alpha by the spending function, as
    in Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21 (2000) 190-207, and the test
    stops at either side. The spending functions of a share t of the information are
    ``2 - 2 Phi(z_(a/2) / sqrt(t))`` and ``a log(1 + (e - 1) t)``, with a the risk of one side.

    Args:
        information: Increasing, one a look. Shares of the planned information up to 1 (a last
            one below 1 leaves alpha unspent), or amounts (people, say) where the last is above 1.
        alpha: Risk of a false positive over all looks, between 0 and 1.
        sides: 1 (an increase only) or 2.
        spending: ``"obrien_fleming"`` or ``"pocock"``.
        planned: Information at which alpha is to be spent. By default 1 for shares, and the last
            look for amounts. Looks beyond it find nothing left to spend.

    Returns:
        Early bounds may be very large: O'Brien-Fleming at 5 % of the information asks for z = 10.
        They are not cut off (other programs stop at 8, or call them infinite); infinite where
        the risk to spend vanishes in floating point, or has been spent before.

    Raises:
        ConfigError: Information that does not increase by 0.01 % or more, an alpha outside 0..1,
            sides other than 1 and 2, or an unknown spending function.
    """
    _check(information, alpha, sides)
    shares = _shares(information, planned)
    spent = [_spent(min(share, 1.0), alpha, sides, spending) for share in shares]
    paths = _Paths(shares, sides)
    bounds = []
    before = 0.0
    for now in spent:
        bounds.append(paths.bound((now - before) / sides))
        paths.advance(bounds[-1])
        before = now
    return _bounds(shares, bounds, spent, sides)


def classical_bounds(
    looks: int, alpha: float = 0.05, kind: str = "obrien_fleming", sides: int = 2
) -> SequentialBounds:
    """Bounds of the original designs with equally spaced looks, whose number is fixed beforehand.

    S. J. Pocock, Biometrika 64 (1977) 191-199: the same bound at each look. P. C. O'Brien and
    T. R. Fleming, Biometrics 35 (1979) 549-556: bounds that fall with the root of the look.

    Args:
        looks: Number of looks.
        alpha: Risk of a false positive over all looks.
        kind: ``"obrien_fleming"`` or ``"pocock"``.
        sides: 1 or 2.

    Raises:
        ConfigError: As for ``sequential_bounds``.
    """
    from scipy.optimize import brentq

    shares = [(look + 1) / looks for look in range(looks)]
    _check(shares, alpha, sides)
    _check_spending(kind)
    falling = 0.5 if kind == "obrien_fleming" else 0.0
    shape = [share**-falling for share in shares]

    def excess(last: float) -> float:
        return crossing_probabilities([last * part for part in shape], shares, sides)[-1] - alpha

    last = float(brentq(excess, 0.0 if sides == 2 else -_OUTER, _OUTER, xtol=1e-10))
    bounds = [last * part for part in shape]
    return _bounds(shares, bounds, crossing_probabilities(bounds, shares, sides), sides)


def crossing_probabilities(
    bounds: Sequence[float], information: Sequence[float], sides: int = 2
) -> tuple[float, ...]:
    """Chance, with no effect, that a bound was crossed at each look or before.

    Args:
        bounds: Bounds of z, one a look; with two sides of its absolute value.
        information: As for ``sequential_bounds``; only its proportions matter.
        sides: 1 or 2.

    Raises:
        ConfigError: As for ``sequential_bounds``, or lists of different length.
    """
    _check(information, 0.5, sides)
    if len(bounds) != len(information):
        raise ConfigError(
            f"{len(bounds)} bounds and {len(information)} looks", "one bound a look is needed"
        )
    paths = _Paths(_shares(information, None), sides)
    crossed = []
    for bound in bounds:
        crossed.append(sides * paths.beyond(bound))
        paths.advance(bound)
    return tuple(itertools.accumulate(crossed))


def naive_false_positive(
    looks: int | Sequence[float], critical: float = 1.96, sides: int = 2
) -> float:
    """Chance that somebody who tests at each look as if it were the only one claims something.

    Armitage, McPherson and Rowe (1969), table 2.

    Args:
        looks: Number of equally spaced looks, or the information at each.
        critical: Value of z at which a claim is made.
        sides: 2 where a claim in either direction counts, 1 where only an increase does.

    Raises:
        ConfigError: As for ``sequential_bounds``.
    """
    information = range(1, looks + 1) if isinstance(looks, int | np.integer) else looks
    return crossing_probabilities([critical] * len(information), information, sides)[-1]


def repeated_interval(estimate: float, standard_error: float, bound: float) -> Interval:
    """Interval at a look that holds together with those of all the other looks.

    C. Jennison and B. W. Turnbull, Interim analyses: the repeated confidence interval approach,
    JRSS B 51 (1989) 305-361.

    Args:
        estimate: The estimate at the look.
        standard_error: Its standard error there.
        bound: The bound of the look, from ``sequential_bounds``.

    Returns:
        The whole line where the bound is infinite.
    """
    half = bound * standard_error if math.isfinite(bound) else math.inf
    return Interval(estimate, estimate - half, estimate + half)


def sequential_p_value(
    statistics: Sequence[float],
    information: Sequence[float],
    sides: int = 2,
    spending: str = "obrien_fleming",
    planned: float | None = None,
) -> float:
    """The smallest alpha at which one of the looks so far would have crossed its bound.

    Q. Liu and K. M. Anderson, On adaptive extensions of group sequential trials, JASA 103 (2008)
    1621-1630. It says the same as the bounds: at or below alpha exactly where one was crossed.

    Args:
        statistics: Values of z, one for each look so far.
        information: As for ``sequential_bounds``, for the same looks.
        sides: 1 or 2.
        spending: ``"obrien_fleming"`` or ``"pocock"``.
        planned: As for ``sequential_bounds``; needed where amounts end before the plan does.

    Returns:
        Between 1e-12 (or less) and 1.

    Raises:
        ConfigError: As for ``sequential_bounds``, or lists of different length.
    """
    from scipy.optimize import brentq

    if len(statistics) != len(information):
        raise ConfigError(
            f"{len(statistics)} statistics and {len(information)} looks", "one a look is needed"
        )
    reached = np.abs(statistics) if sides == 2 else np.asarray(statistics, dtype=float)

    def excess(log_alpha: float) -> float:
        now = sequential_bounds(information, math.exp(log_alpha), sides, spending, planned)
        return float(np.max(reached - np.minimum(now.bounds, 1e3)))

    low, high = math.log(1e-12), math.log(1 - 1e-9)
    if excess(low) >= 0:
        return 1e-12
    if excess(high) <= 0:
        return 1.0
    return math.exp(float(brentq(excess, low, high, xtol=1e-10)))


class _Paths:
    """Where the paths that have crossed no bound yet are, look by look."""

    def __init__(self, shares: Sequence[float], sides: int) -> None:
        self.sides = sides
        self.shares = list(shares)
        self.steps = [math.sqrt(b - a) for a, b in itertools.pairwise([0.0, *shares])]
        self.look = 0
        self.points: _Values = np.zeros(1)
        self.mass: _Values = np.ones(1)

    def beyond(self, bound: float) -> float:
        """Chance to be above the upper bound at this look, having crossed none before."""
        from scipy.special import ndtr

        if math.isinf(bound):
            return 0.0 if bound > 0 else float(self.mass.sum())
        edge = bound * math.sqrt(self.shares[self.look])
        return float(self.mass @ ndtr((self.points - edge) / self.steps[self.look]))

    def bound(self, spend: float) -> float:
        """The bound that is crossed upwards at this look with probability ``spend``."""
        from scipy.optimize import brentq
        from scipy.special import ndtri

        if spend < _SMALLEST_SPEND:
            return math.inf

        def excess(bound: float) -> float:
            return math.log(max(self.beyond(bound), 1e-320)) - math.log(spend)

        # Paths that stopped before can only lower the chance below that of a single look.
        highest = -float(ndtri(spend))
        if self.look == 0:
            return highest
        return float(brentq(excess, _LOWEST, highest + 1e-9, xtol=1e-12, maxiter=200))

    def advance(self, bound: float) -> None:
        """Keep the paths inside the bound, and go on to the next look."""
        following = self.look + 1
        if following < len(self.shares):
            step = self.steps[self.look]
            root = math.sqrt(self.shares[self.look])
            high = min(bound, _OUTER) * root
            low = -high if self.sides == 2 else min(_LOWEST * root, high)
            points, weights = _grid(low, high, min(step, self.steps[following]))
            apart = (points[:, None] - self.points[None, :]) / step
            density = np.exp(-0.5 * apart**2) @ self.mass / (step * math.sqrt(2 * math.pi))
            self.points, self.mass = points, weights * density
        self.look = following


def _grid(low: float, high: float, scale: float) -> tuple[_Values, _Values]:
    """Nodes and weights that integrate what varies over ``scale`` from low to high."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    panels = max(4, math.ceil((high - low) / (6 * scale)))
    half = (high - low) / panels / 2
    centres = low + half * (2 * np.arange(panels) + 1)
    return (centres[:, None] + half * nodes).ravel(), np.tile(half * weights, panels)


def _spent(share: float, alpha: float, sides: int, spending: str) -> float:
    """Risk spent at a share of the information, all sides together."""
    from scipy.special import ndtr, ndtri

    _check_spending(spending)
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * share)
    critical = -float(ndtri(alpha / sides / 2))
    return float(sides * 2 * ndtr(-critical / math.sqrt(share)))


def _shares(information: Sequence[float], planned: float | None) -> tuple[float, ...]:
    whole = planned if planned is not None else max(1.0, information[-1])
    if not (math.isfinite(whole) and whole > 0):
        raise ConfigError(f"planned information of {whole}", "it must be above 0")
    return tuple(float(amount) / whole for amount in information)


def _bounds(
    shares: Sequence[float], bounds: Sequence[float], spent: Sequence[float], sides: int
) -> SequentialBounds:
    from scipy.special import ndtr

    levels = tuple(float(sides * ndtr(-bound)) for bound in bounds)
    return SequentialBounds(tuple(shares), tuple(bounds), tuple(spent), levels, sides)


def _check(information: Sequence[float], alpha: float, sides: int) -> None:
    if sides not in (1, 2):
        raise ConfigError(f"sides: {sides}", "1 or 2 are known")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha: {alpha}", "a risk lies between 0 and 1")
    amounts = [0.0, *(float(amount) for amount in information)]
    steps = itertools.pairwise(amounts)
    if len(amounts) < 2 or not all(
        math.isfinite(b) and b - a > _SMALLEST_STEP * b for a, b in steps
    ):
        raise ConfigError(
            f"information at the looks: {list(information)}",
            "it must be above 0 and grow by more than 0.01 % from look to look",
            "count looks at the same people once",
        )


def _check_spending(spending: str) -> None:
    if spending not in SPENDING:
        close = nearest(spending, SPENDING, 1)
        raise ConfigError(
            f"spending function {spending!r}",
            f"known: {', '.join(SPENDING)}",
            f"did you mean {close[0]}?" if close else "",
        )
