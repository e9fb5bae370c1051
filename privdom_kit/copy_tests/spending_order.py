"""How to spend a budget and a number of calls over crowds: a linear program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from privdom_kit.errors import DataError

_Values = npt.NDArray[np.float64]

# Resources are taken a hair larger when prices are read: where a limit is met to the last cent the
# price is then that of one more, not of one less.
_MORE = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """Whom to contact.

    Attributes:
        contacts: People of each crowd, not rounded.
        profit: Expected profit of all.
        cost: What they cost.
        calls: Dials that they take.
        budget_price: Profit that one more unit of currency brings; 0 where money is left.
        call_price: Profit that one more call brings; 0 where calls are left.
    """

    contacts: tuple[float, ...]
    profit: float
    cost: float
    calls: float
    budget_price: float
    call_price: float


def best_spending(
    profit: Sequence[float],
    cost: Sequence[float],
    calls: Sequence[float],
    people: Sequence[float],
    budget: float | None = None,
    capacity: float | None = None,
) -> Spending:
    """The contacts that bring the most within budget and capacity.

    Maximises the sum of profit x contacts with contacts between 0 and the people of each crowd,
    cost x contacts within the budget and calls x contacts within the capacity (HiGHS).

    Args:
        profit: Expected profit of a contact, after its cost; one a crowd.
        cost: What a contact costs, 0 or more.
        calls: Dials that a contact takes, 0 or more.
        people: People of each crowd.
        budget: Currency; None: no limit.
        capacity: Dials; None: no limit.

    Returns:
        A crowd whose contacts bring no profit is not contacted.

    Raises:
        DataError: Lists of different length, or a negative cost, number of calls, of people,
            budget or capacity.
    """
    gains, prices, dials, most = (np.asarray(v, dtype=float) for v in (profit, cost, calls, people))
    limits = [(prices, budget), (dials, capacity)]
    _check(gains, prices, dials, most, budget, capacity)
    rows = [(row, limit) for row, limit in limits if limit is not None]
    contacts, _ = _solve(gains, most, [(row, limit) for row, limit in rows])
    # What brings nothing is left alone, also where the program does not care.
    contacts = np.where(gains > 0, np.clip(contacts, 0, most), 0.0)
    _, duals = _solve(gains, most, [(row, limit * (1 + _MORE) + _MORE) for row, limit in rows])
    shadow = iter(duals)
    return Spending(
        tuple(float(z) for z in contacts),
        float(gains @ contacts),
        float(prices @ contacts),
        float(dials @ contacts),
        next(shadow) if budget is not None else 0.0,
        next(shadow) if capacity is not None else 0.0,
    )


def even_contacts(
    cost: Sequence[float],
    calls: Sequence[float],
    people: Sequence[float],
    budget: float | None = None,
    capacity: float | None = None,
) -> tuple[float, ...]:
    """The contacts of each crowd where the same share of every crowd is contacted."""
    prices, dials, most = (np.asarray(values, dtype=float) for values in (cost, calls, people))
    share = 1.0
    for row, limit in ((prices, budget), (dials, capacity)):
        needed = float(row @ most)
        if limit is not None and needed > limit:
            share = min(share, limit / needed)
    return tuple(float(share * count) for count in most)


def spending_order(
    profit: Sequence[float], cost: Sequence[float], calls: Sequence[float], spending: Spending
) -> tuple[int | None, ...]:
    """The order in which crowds are contacted, from 1; None where a contact brings no profit.

    By profit over what a contact takes, its cost and calls each at their price; by profit over
    cost where nothing is scarce.
    """
    gains, prices, dials = (np.asarray(values, dtype=float) for values in (profit, cost, calls))
    taken = spending.budget_price * prices + spending.call_price * dials
    if not taken.any():
        taken = prices
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(taken > 0, gains / taken, np.where(gains > 0, np.inf, -np.inf))
    ranked = [int(i) for i in np.lexsort((-gains, -worth)) if gains[i] > 0]
    places = {crowd: place for place, crowd in enumerate(ranked, 1)}
    return tuple(places.get(i) for i in range(len(gains)))


def _solve(
    gains: _Values, most: _Values, limits: list[tuple[_Values, float]]
) -> tuple[_Values, list[float]]:
    from scipy.optimize import linprog

    if not limits:
        return np.where(gains > 0, most, 0.0), []
    found = linprog(
        -gains,
        A_ub=np.array([row for row, _ in limits]),
        b_ub=np.array([limit for _, limit in limits]),
        bounds=list(zip(np.zeros_like(most), most, strict=True)),
        method="highs",
    )
    # 0 contacts are always allowed and people are finite: there is an optimum.
    return np.asarray(found.x), [max(0.0, -float(m)) for m in found.ineqlin.marginals]


def _check(
    gains: _Values,
    prices: _Values,
    dials: _Values,
    most: _Values,
    budget: float | None,
    capacity: float | None,
) -> None:
    if not gains.shape == prices.shape == dials.shape == most.shape or gains.ndim != 1:
        raise DataError(
            f"{gains.size} profits, {prices.size} costs, {dials.size} dials, {most.size} crowds",
            "one of each a crowd is needed",
        )
    sizes = np.concatenate([prices, dials, most, [budget or 0.0, capacity or 0.0]])
    if not (np.isfinite(gains).all() and np.isfinite(sizes).all() and (sizes >= 0).all()):
        raise DataError(
            "a profit is missing, or a cost, a number of calls or people, or a limit is negative",
            "expected finite profits, and everything else 0 or more",
        )
