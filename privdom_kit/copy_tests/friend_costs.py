"""Cost per friend of a group of people: all friends, and those beyond the people held back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.contact_costs import FRIEND, PARTS
from privdom_kit.estimates import (
    Interval,
    RatioInterval,
    difference_interval,
    fieller_interval,
    normal_critical,
    pooled_risk_difference,
)

if TYPE_CHECKING:
    import pandas as pd

_X, _N = f"x_{FRIEND}", f"n_{FRIEND}"
_WIDTH_AT = 0.95  # level at which a width is read as a number of standard errors


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over people who were sent something; costs hold what each friend was paid.

    Attributes:
        people: People.
        friends: Of them, friends added.
        cost: Sum of costs, currency.
        squares: Sum of squared costs.
        cross: Sum of the costs of friends.
        incentives: Part of ``cost`` that was paid to friends.
    """

    people: int
    friends: int
    cost: float
    squares: float
    cross: float
    incentives: float

    @property
    def rate(self) -> float:
        """Friends a person."""
        return self.friends / self.people

    @property
    def rate_error(self) -> float:
        """Standard error of the rate."""
        return math.sqrt(self.rate * (1 - self.rate) / self.people)

    @property
    def mean_cost(self) -> float:
        """Cost a person."""
        return self.cost / self.people

    @property
    def cost_error(self) -> float:
        """Standard error of the mean cost."""
        spread = self.squares / self.people - self.mean_cost**2
        # Where everybody cost the same only rounding is left.
        if spread <= 1e-12 * self.squares / self.people:
            return 0.0
        return math.sqrt(spread / self.people)

    @property
    def covariance(self) -> float:
        """Of mean cost and rate."""
        return (self.cross / self.people - self.mean_cost * self.rate) / self.people


def group_sums(cells: pd.DataFrame, incentives: Mapping[str, float]) -> Group:
    """The sums of cells, each friend's incentive added to the cost by arm.

    Args:
        cells: Rows of :class:`privdom_kit.copy_tests.contact_costs.Contacts` that were sent.
        incentives: Currency paid to each friend, by arm.
    """
    paid = cells["arm"].map(incentives).fillna(0.0).astype("float64")
    friends = cells[_X].astype("float64")
    cost = cells["x_cost_parts"].astype("float64") / PARTS
    squares = cells["xx_cost_parts"].astype("float64") / PARTS**2
    cross = cells[f"xy_cost_parts_{FRIEND}"].astype("float64") / PARTS
    # (cost + paid x friend)², friend being 0 or 1.
    return Group(
        people=int(cells[_N].sum()),
        friends=int(friends.sum()),
        cost=float((cost + paid * friends).sum()),
        squares=float((squares + 2 * paid * cross + paid**2 * friends).sum()),
        cross=float((cross + paid * friends).sum()),
        incentives=float((paid * friends).sum()),
    )


def extra_rate(sent: pd.DataFrame, held: pd.DataFrame) -> tuple[float, float] | None:
    """Friends a person sent to beyond those of people held back, and the standard error.

    Mantel-Haenszel over crowds where several have both kinds of people; otherwise the plain
    difference, whose error is Newcombe's width, so that nobody of a few is no certainty.

    Args:
        sent: Cells of people who were sent something.
        held: Cells of people who were held back, of the same test.

    Returns:
        None where nobody was held back.
    """
    tables = _tables(sent, held)
    if not tables:
        return None
    if len(tables) > 1:
        found = pooled_risk_difference(tables)
        if not math.isnan(found.lower):
            return found.estimate, found.standard_error
    counts = [float(side[name].sum()) for side in (sent, held) for name in (_X, _N)]
    gap = difference_interval(counts[0], counts[1], counts[2], counts[3], _WIDTH_AT)
    return gap.estimate, (gap.upper - gap.lower) / 2 / normal_critical(_WIDTH_AT)


def _tables(sent: pd.DataFrame, held: pd.DataFrame) -> list[list[list[float]]]:
    sums = [
        side.assign(crowd=side["crowd"].fillna("")).groupby("crowd")[[_X, _N]].sum()
        for side in (sent, held)
    ]
    both = [crowd for crowd in sums[0].index if crowd in sums[1].index]
    rows = [[side.loc[crowd] for side in sums] for crowd in both]
    found = [[[float(r[_X]), float(r[_N] - r[_X])] for r in pair] for pair in rows]
    return [table for table in found if min(sum(table[0]), sum(table[1])) > 0]


def naive_cost(group: Group, level: float) -> RatioInterval:
    """Cost / friends, with Fieller's interval."""
    return _ratio(group, group.rate, group.rate_error, level)


def extra_cost(group: Group, extra: tuple[float, float], level: float) -> RatioInterval:
    """Cost / friends beyond those of people held back, with Fieller's interval."""
    return _ratio(group, *extra, level)


def profit_interval(
    group: Group, extra: tuple[float, float] | None, value: float, level: float
) -> Interval:
    """Value of the friends less cost, a person sent to; all friends where nobody was held back.

    It is above 0 exactly where Fieller's interval of the cost per friend lies below the value, and
    says so too where that interval has no end.
    """
    rate, error = extra or (group.rate, group.rate_error)
    spread = (value * error) ** 2 + group.cost_error**2 - 2 * value * group.covariance
    half = normal_critical(level) * math.sqrt(max(spread, 0.0))
    profit = value * rate - group.mean_cost
    return Interval(profit, profit - half, profit + half)


def benefit_ratio(ours: Group, control: Group, level: float) -> RatioInterval | None:
    """Extra friends for each unit of currency that the incentive costs more than the control's.

    Both a person: (friends of the arm - of the control) / (incentives of the arm - of the
    control), with Fieller's interval. None where no incentive was paid.
    """
    gap = ours.rate - control.rate
    paid = [g.incentives / g.friends if g.friends else 0.0 for g in (ours, control)]
    more = paid[0] * ours.rate - paid[1] * control.rate
    if not any(paid):
        return None
    spreads = [g.rate_error**2 for g in (ours, control)]
    gap_error = math.sqrt(sum(spreads))
    more_error = math.hypot(paid[0] * ours.rate_error, paid[1] * control.rate_error)
    cross = paid[0] * spreads[0] + paid[1] * spreads[1]
    return fieller_interval(
        gap, gap_error, more, more_error, _correlation(cross, gap_error, more_error),
        normal_critical(level),
    )  # fmt: skip


def _ratio(group: Group, rate: float, error: float, level: float) -> RatioInterval:
    return fieller_interval(
        group.mean_cost,
        group.cost_error,
        rate,
        error,
        _correlation(group.covariance, group.cost_error, error),
        normal_critical(level),
    )


def _correlation(covariance: float, first: float, second: float) -> float:
    if not first or not second:
        return 0.0
    return max(-1.0, min(1.0, covariance / (first * second)))
