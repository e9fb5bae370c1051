"""Profit of a contact in each crowd of a test, with what is not known of it.

Profit is (value of a friend - incentive) x share added - value x share of the people held back who
were added - cost. Shares are shrunk over crowds; where nobody was held back, or nothing is recorded
of those who were, every friend counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.contact_costs import FRIEND
from privdom_kit.copy_tests.friend_costs import group_sums
from privdom_kit.copy_tests.pack_rates import (
    Posterior,
    beta_interval,
    pooled_rate,
    shrink_rates,
)
from privdom_kit.estimates import Interval, normal_critical

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_X, _N = f"x_{FRIEND}", f"n_{FRIEND}"


@dataclass(frozen=True, slots=True, eq=False)
class Profits:
    """What a contact brings, a value a crowd.

    Attributes:
        costs: Cost of a contact without incentives.
        rates: Share added, shrunk.
        held: Share added of people held back, shrunk; 0 where they are not taken off.
        values: Value of a friend.
        incentive: Paid to each friend.
        own: Standard error of the profit that is the crowd's own.
        shared: The parts of it that move with what all crowds have in common, a row a source.
        own_rate: Standard error of the friends of a contact that is the crowd's own.
        shared_rate: Its shared parts, as ``shared``.
    """

    costs: tuple[float, ...]
    rates: Posterior
    held: tuple[float, ...]
    values: tuple[float, ...]
    incentive: float
    own: tuple[float, ...]
    shared: tuple[tuple[float, ...], ...]
    own_rate: tuple[float, ...]
    shared_rate: tuple[tuple[float, ...], ...]

    @property
    def spends(self) -> tuple[float, ...]:
        """Cost of a contact and the incentive that it is expected to take."""
        return tuple(
            cost + self.incentive * p
            for cost, p in zip(self.costs, self.rates.estimates, strict=True)
        )

    @property
    def extra_rates(self) -> tuple[float, ...]:
        """Friends that a contact brings."""
        return tuple(p - q for p, q in zip(self.rates.estimates, self.held, strict=True))

    @property
    def estimates(self) -> tuple[float, ...]:
        """Expected profit of a contact."""
        return tuple(
            value * extra - spend
            for value, extra, spend in zip(self.values, self.extra_rates, self.spends, strict=True)
        )

    @property
    def errors(self) -> tuple[float, ...]:
        """Standard error of the profit of a contact."""
        return tuple(math.hypot(*parts) for parts in zip(self.own, *self.shared, strict=True))

    def interval(self, place: int, level: float) -> Interval:
        """Profit of a contact of one crowd.

        The share's interval keeps its skewness; it is put together with what else is not known by
        recovering variances from limits (G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008)
        1693-1702).
        """
        slope, centre = self.values[place] - self.incentive, self.estimates[place]
        rate, error = self.rates.estimates[place], self.rates.errors[place]
        share = beta_interval(rate, error, level)
        rest = max(self.errors[place] ** 2 - (slope * error) ** 2, 0.0)
        half = normal_critical(level) * math.sqrt(rest)
        down, up = (abs(slope * (end - rate)) for end in (share.lower, share.upper))
        if slope < 0:
            down, up = up, down
        return Interval(centre, centre - math.hypot(down, half), centre + math.hypot(up, half))

    def chance_above(self, place: int, level: float) -> float:
        """Chance that a contact of the crowd brings more than it costs.

        Of a normal law with the width that the interval has on the side of 0.
        """
        from scipy.special import ndtr

        ends, critical = self.interval(place, level), normal_critical(level)
        width = ends.estimate - ends.lower if ends.estimate > 0 else ends.upper - ends.estimate
        if not width > 0:
            return float(ends.estimate > 0)
        return float(ndtr(ends.estimate / width * critical))

    def total(self, contacts: Sequence[float], level: float) -> Interval:
        """Profit of so many contacts of each crowd; negative numbers are contacts left out."""
        estimate = sum(z * profit for z, profit in zip(contacts, self.estimates, strict=True))
        return self._sum(estimate, contacts, self.own, self.shared, level)

    def friends(self, contacts: Sequence[float], level: float) -> Interval:
        """Friends that so many contacts of each crowd bring."""
        estimate = sum(z * extra for z, extra in zip(contacts, self.extra_rates, strict=True))
        return self._sum(estimate, contacts, self.own_rate, self.shared_rate, level)

    @staticmethod
    def _sum(
        estimate: float,
        contacts: Sequence[float],
        own: Sequence[float],
        shared: Sequence[Sequence[float]],
        level: float,
    ) -> Interval:
        parts = [z * error for z, error in zip(contacts, own, strict=True)]
        common = [sum(z * e for z, e in zip(contacts, row, strict=True)) for row in shared]
        half = normal_critical(level) * math.hypot(*parts, *common)
        return Interval(estimate, estimate - half, estimate + half)


def read_profits(
    sent: Sequence[pd.DataFrame],
    held: Sequence[pd.DataFrame] | None,
    values: Sequence[float],
    incentives: Mapping[str, float],
    level: float,
    apart: bool = True,
) -> Profits | None:
    """The profits of crowds; None where nobody, or everybody, was added.

    Args:
        sent: Cells of the people sent to, one table a crowd, each with people.
        held: Cells of the people held back, a table a crowd (empty ones among them); None: every
            friend counts.
        values: Value of a friend, one a crowd.
        incentives: Currency paid to each friend, by arm.
        level: Confidence level of what is shrunk.
        apart: Whether each crowd's own people held back count in its share; else the mean of all
            crowds stands for each, with the variance between crowds in its error.
    """
    plain = [group_sums(cells, {}) for cells in sent]
    model = shrink_rates([g.friends for g in plain], [g.people for g in plain], level)
    if model is None:
        return None
    paid = sum(group_sums(cells, incentives).incentives for cells in sent)
    incentive = paid / sum(g.friends for g in plain)
    rates = model.posterior
    alone = [
        math.sqrt(max(error**2 - shared**2, 0.0))
        for error, shared in zip(rates.errors, rates.shared, strict=True)
    ]
    base, held_alone, held_shared = _held_rates(held, len(plain), level, apart)
    own = []
    for place, group in enumerate(plain):
        slope = values[place] - incentive
        variance = (slope * alone[place]) ** 2 + (values[place] * held_alone[place]) ** 2
        variance += group.cost_error**2 - 2 * slope * rates.weights[place] * group.covariance
        own.append(math.sqrt(max(variance, 0.0)))
    slopes = [value - incentive for value in values]
    return Profits(
        costs=tuple(group.mean_cost for group in plain),
        rates=rates,
        held=base,
        values=tuple(values),
        incentive=incentive,
        own=tuple(own),
        shared=(_times(slopes, rates.shared), _times([-v for v in values], held_shared)),
        own_rate=tuple(math.hypot(a, b) for a, b in zip(alone, held_alone, strict=True)),
        shared_rate=(rates.shared, held_shared),
    )


def _times(factors: Sequence[float], errors: Sequence[float]) -> tuple[float, ...]:
    return tuple(a * b for a, b in zip(factors, errors, strict=True))


def _held_rates(
    held: Sequence[pd.DataFrame] | None, crowds: int, level: float, apart: bool
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Share added of people held back in each crowd: shrunk, own error, shared error."""
    nothing = (0.0,) * crowds
    if held is None:
        return nothing, nothing, nothing
    x = [int(cells[_X].sum()) for cells in held]
    n = [int(cells[_N].sum()) for cells in held]
    known = [i for i, people in enumerate(n) if people]
    model = shrink_rates([x[i] for i in known], [n[i] for i in known], level)
    if model is None:
        rate, error = pooled_rate(sum(x), sum(n), level)
        return (rate,) * crowds, nothing, (error,) * crowds
    places = {crowd: place for place, crowd in enumerate(known)} if apart else {}
    law, found = model.posterior, []
    for crowd in range(crowds):
        if crowd in places:
            i = places[crowd]
            own = math.sqrt(max(law.errors[i] ** 2 - law.shared[i] ** 2, 0.0))
            found.append((law.estimates[i], own, law.shared[i]))
        else:
            # As of one more crowd of the same kind.
            found.append((model.mean.estimate, math.sqrt(model.tau2), model.mean_error))
    rates, alone, shared = zip(*found, strict=True)
    return tuple(rates), tuple(alone), tuple(shared)
