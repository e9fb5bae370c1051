"""The category's own order cycle, from all gaps between purchases, open ones included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import collect
from privdom_kit.estimates import incidence_matrix, t_critical

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.settings import LayeringSettings

# Person groups of the jackknife: the method's own constant, enough for a t of 19 degrees.
GROUPS = 20
_MOST_ROWS = 2 * GROUPS * 36_600  # two kinds of gap, a century of days


@dataclass(frozen=True, slots=True)
class OrderCycle:
    """How long after a purchase the next one comes, where one comes.

    Attributes:
        days: Time by which half of those who return within the horizon have returned; None
            where too few returned.
        lower: Lower end of its interval; None where it was set, not measured.
        upper: Upper end; None where it was set or the data give no upper end.
        horizon_days: Days after a purchase that the data support.
        returns: Gaps that ended in a purchase within ``cycle_horizon_days``.
        gaps: All gaps watched.
        returned: Share of purchases followed by another within the horizon (product-limit).
        measured: False where the setting ``cycle_days`` gave it.
    """

    days: float | None
    lower: float | None
    upper: float | None
    horizon_days: int
    returns: int
    gaps: int
    returned: float
    measured: bool


def measure_cycle(
    days: nw.LazyFrame, people: nw.LazyFrame, as_of_day: int, settings: LayeringSettings
) -> OrderCycle:
    """The order cycle, with an interval.

    A median over those who came back would leave out everybody who has not come back yet, and
    so comes out too short the younger the customers are. Here every gap counts: a product-limit
    incidence F in which the last gap of each person is open at ``as_of`` (Kaplan and Meier
    1958), and the cycle is the first day t with F(t) >= F(horizon) / 2.

    The interval inverts the estimate as Woodruff (1952) does for quantiles: all days at which
    F(t) - F(horizon) / 2 is not told from zero, its standard error by delete-a-group jackknife
    over 20 groups of people (Kott 2001), since one person has many gaps.

    Args:
        days: Purchase days: ``customer, day, previous_day``.
        people: Customers with ``last_day``, null where they never bought.
        as_of_day: Last day seen.
        settings: Horizon, least returns, least gaps open, level; ``cycle_days`` overrides.
    """
    table = collect(_gaps(days, people, as_of_day), limit=_MOST_ROWS)
    events, leaving = _matrices(table, settings.cycle_horizon_days)
    horizon = _supported_horizon(leaving.sum(axis=0), settings)
    returns = int(events.sum())
    gaps = int(leaving.sum())
    total = incidence_matrix(_leave_one_out(events), _leave_one_out(leaving))
    returned = float(total[0, horizon])
    if settings.cycle_days is not None:
        return OrderCycle(
            float(settings.cycle_days), None, None, horizon, returns, gaps, returned, False
        )
    if returns < settings.cycle_min_returns or not returned:
        return OrderCycle(None, None, None, horizon, returns, gaps, returned, True)
    cycle, lower, upper = _half_way(total, horizon, settings.confidence_level)
    return OrderCycle(cycle, lower, upper, horizon, returns, gaps, returned, True)


def _gaps(days: nw.LazyFrame, people: nw.LazyFrame, as_of_day: int) -> nw.LazyFrame:
    """Sufficient statistics: gaps by person group, length and whether they ended."""
    import narwhals as nw

    closed = days.filter(~nw.col("previous_day").is_null()).select(
        nw.col("customer"), gap=nw.col("day") - nw.col("previous_day"), ended=nw.lit(1)
    )
    still_open = people.filter(~nw.col("last_day").is_null()).select(
        nw.col("customer"), gap=as_of_day - nw.col("last_day"), ended=nw.lit(0)
    )
    counts = [
        frame.with_columns(part=nw.col("customer") % GROUPS)
        .group_by("part", "gap", "ended")
        .agg(nw.len().alias("gaps"))
        for frame in (closed, still_open)
    ]
    return nw.concat(counts)


def _matrices(table: pd.DataFrame, horizon: int) -> tuple[NDArray, NDArray]:
    """Gaps that ended and all gaps by person group and day; beyond the horizon all are open."""
    events, leaving = np.zeros((GROUPS, horizon + 2)), np.zeros((GROUPS, horizon + 2))
    part = table["part"].to_numpy("int64")
    gap = np.minimum(table["gap"].to_numpy("int64"), horizon + 1)
    gaps = table["gaps"].to_numpy("float64")
    ended = (table["ended"].to_numpy("int64") == 1) & (gap <= horizon)
    np.add.at(leaving, (part, gap), gaps)
    np.add.at(events, (part[ended], gap[ended]), gaps[ended])
    return events, leaving


def _supported_horizon(leaving: NDArray, settings: LayeringSettings) -> int:
    at_risk = np.cumsum(leaving[::-1])[::-1]
    supported = np.flatnonzero(at_risk >= settings.cycle_min_at_risk)
    longest = int(supported[-1]) if len(supported) else 0
    return min(longest, settings.cycle_horizon_days)


def _leave_one_out(counts: NDArray) -> NDArray:
    """All groups together, then all without the first, without the second, ..."""
    total = counts.sum(axis=0)
    return np.vstack([total, total - counts])


def _half_way(
    incidence: NDArray, horizon: int, level: float
) -> tuple[float, float | None, float | None]:
    excess = incidence[:, : horizon + 1] - incidence[:, [horizon]] / 2
    spread = excess[1:] - excess[1:].mean(axis=0)
    error = np.sqrt((GROUPS - 1) / GROUPS * (spread**2).sum(axis=0))
    margin = t_critical(level, GROUPS - 1) * error

    def first(reached: NDArray) -> float | None:
        # Day 0 cannot be a gap between two purchase days.
        days = np.flatnonzero(reached[1:])
        return float(days[0] + 1) if len(days) else None

    cycle = first(excess[0] >= -1e-12)
    return cycle or float(horizon), first(excess[0] + margin >= 0), first(excess[0] - margin >= 0)
