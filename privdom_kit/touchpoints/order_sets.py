"""Sets of touchpoints before an order, as bit masks: counted in the engine, compared here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.clusters import jackknife_ratio
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import Interval, Test
from privdom_kit.events import ORDER, ORDER_BY, UNKNOWN
from privdom_kit.formats import is_missing

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.events import Events

_DAY = 86_400
_PARTS = 50  # parts of the people, for the jackknife
# What ends a relation is no touch, and an order is what the touches are to lead to.
_ENDINGS = ("removed", "removed_by_staff", "transferred", "unsubscribed", "opted_out", "leave")
_NO_TOUCH = frozenset((*_ENDINGS, "complained", ORDER))


@dataclass(frozen=True, slots=True, eq=False)
class OrderSets:
    """Orders by what was touched before them.

    Attributes:
        touchpoints: Names; the i-th is bit i of a mask.
        counts: ``mask, part, orders``; ``part`` is one of 50 parts of the people.
        people: ``mask, people``: distinct people with an order of that mask.
        carriers: ``mask, people, buyers``: people by all that they touched in the period, and
            those of them with an order in it.
        early: Orders left out because what came before them lies before the data.
        left_out: Touchpoints beyond the number that combinations are made of.
    """

    touchpoints: tuple[str, ...]
    counts: pd.DataFrame
    people: pd.DataFrame
    carriers: pd.DataFrame
    early: int
    left_out: tuple[str, ...]

    @property
    def orders(self) -> int:
        """Orders counted."""
        return int(self.counts["orders"].sum())

    def matrix(self) -> np.ndarray:
        """Orders, a row a part of the people and a column a mask (all masks)."""
        whole = np.zeros((_PARTS, 2 ** len(self.touchpoints)))
        places = self.counts["part"].astype(int), self.counts["mask"].astype(int)
        np.add.at(whole, places, self.counts["orders"].to_numpy(dtype=float))
        return whole

    def names(self, mask: int) -> tuple[str, ...]:
        """The touchpoints of a mask."""
        return tuple(t for i, t in enumerate(self.touchpoints) if mask >> i & 1)


def read_order_sets(base: Base, rules: Any) -> OrderSets | None:
    """Orders of the period with the touchpoints of the days before; None where there are none.

    An event up to ``combination_days`` before the order, to the second, belongs to it, whoever
    acted; endings (removals, opt-outs) and orders are no touch. Orders so early that their days
    before reach back beyond the first touch of the data are left out.
    """
    events = base.events
    touching = [i for i, a in enumerate(events.actions) if a not in _NO_TOUCH]
    touches = _touches(events, touching)
    first = collect(touches.select(_col("day").min()), limit=1)["day"].iloc[0]
    if is_missing(first):
        return None
    start = base.as_of_day - rules.combination_period_days + 1
    seen = max(start, int(first) + rules.combination_days)
    ranked = _ranked(touches, base.as_of_day - rules.combination_period_days)
    chosen = ranked[: rules.combination_touchpoints]
    if len(chosen) < 2:
        return None
    rows = checkpoint(_masked_orders(events, touching, chosen, rules.combination_days))
    early = _count_between(rows, start, seen - 1)
    counts, people = _by_mask(rows, seen, base.as_of_day)
    return OrderSets(
        tuple(events.touchpoints[code] for code in chosen),
        counts,
        people,
        _carriers(events, touches, chosen, start),
        early,
        tuple(events.touchpoints[code] for code in ranked[len(chosen) :]),
    )


def _col(name: str) -> nw.Expr:
    import narwhals as nw

    return nw.col(name)


def _touches(events: Events, touching: Sequence[int]) -> nw.LazyFrame:
    unknown = events.touchpoint(UNKNOWN)
    return events.frame.filter(_col("action").is_in(touching) & (_col("touchpoint") != unknown))


def _ranked(touches: nw.LazyFrame, since: int) -> list[int]:
    """Touchpoints by the people whom they met in the period, most first."""
    found = collect(
        touches.filter(_col("day") > since)
        .select("touchpoint", "customer")
        .unique(["touchpoint", "customer"])
        .group_by("touchpoint")
        .agg(_col("customer").count().alias("people")),
        limit=10_000,
    )
    ordered = found.sort_values(["people", "touchpoint"], ascending=[False, True])
    return [int(code) for code in ordered["touchpoint"]]


def _masked_orders(
    events: Events, touching: Sequence[int], chosen: Sequence[int], days: int
) -> nw.LazyFrame:
    """``customer, day, mask`` of every order: one running maximum a touchpoint, one sort."""
    import narwhals as nw

    touch = _col("action").is_in(touching)
    order = _col("action") == events.action(ORDER)
    last = {
        f"last_{i}": nw.when(touch & (_col("touchpoint") == code))
        .then(_col("time"))
        .otherwise(nw.lit(0))  # a running maximum is null on rows without a value of their own
        .cum_max()
        .over("customer", order_by=list(ORDER_BY))
        for i, code in enumerate(chosen)
    }
    rows = events.frame.filter(order | (touch & _col("touchpoint").is_in(list(chosen))))
    mask: Any = nw.lit(0)
    for i in range(len(chosen)):
        near = _col("time") - _col(f"last_{i}") <= days * _DAY
        mask = mask + nw.when(near).then(nw.lit(2**i)).otherwise(nw.lit(0))
    carried = rows.with_columns(**last).filter(order)
    return carried.with_columns(mask=mask).select("customer", "day", "mask")


def _count_between(rows: nw.LazyFrame, first: int, last: int) -> int:
    import narwhals as nw

    chosen = rows.filter((_col("day") >= first) & (_col("day") <= last))
    return int(collect(chosen.select(nw.len().alias("rows")), limit=1)["rows"].iloc[0])


def _by_mask(rows: nw.LazyFrame, first: int, last: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    import narwhals as nw

    chosen = rows.filter((_col("day") >= first) & (_col("day") <= last))
    by_person = chosen.group_by("customer", "mask").agg(nw.len().alias("orders"))
    parts = by_person.with_columns(part=_col("customer") % _PARTS)
    limit = _PARTS * 4096
    counts = collect(parts.group_by("mask", "part").agg(_col("orders").sum()), limit=limit)
    people = collect(by_person.group_by("mask").agg(nw.len().alias("people")), limit=4096)
    return counts.astype("float64"), people.astype("float64").astype("int64")


def _carriers(
    events: Events, touches: nw.LazyFrame, chosen: Sequence[int], start: int
) -> pd.DataFrame:
    """People by all that they touched in the period, with those who ordered in it."""
    import narwhals as nw

    def flag(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))

    order = _col("action") == events.action(ORDER)
    touched = {
        f"t{i}": flag(~order & (_col("touchpoint") == code)) for i, code in enumerate(chosen)
    }
    kept = [i for i, a in enumerate(events.actions) if a not in _NO_TOUCH or a == ORDER]
    rows = events.frame.filter((_col("day") >= start) & _col("action").is_in(kept))
    per_person = (
        rows.with_columns(bought=flag(order), **touched)
        .group_by("customer")
        .agg(_col("bought").max(), *[_col(name).max() for name in touched])
    )
    mask: Any = nw.lit(0)
    for i, name in enumerate(touched):
        mask = mask + _col(name) * 2**i
    grouped = (
        per_person.with_columns(mask=mask)
        .group_by("mask")
        .agg(nw.len().alias("people"), _col("bought").sum().alias("buyers"))
    )
    return collect(grouped, limit=4096).astype("float64").astype("int64")


def expected_exactly(sets: np.ndarray, width: int) -> np.ndarray:
    """Orders of each mask if touchpoints came together by chance alone.

    Args:
        sets: Orders by mask.
        width: Touchpoints.

    Returns:
        Orders x the product of the shares of orders with, and without, each touchpoint.
    """
    total = sets.sum()
    bits = np.arange(len(sets))[:, None] >> np.arange(width) & 1
    shares = (sets @ bits) / total
    return total * np.prod(np.where(bits == 1, shares, 1 - shares), axis=1)


def compare(
    matrix: np.ndarray, counted: Callable[[np.ndarray], tuple[float, float]], level: float
) -> tuple[Interval, Test] | None:
    """Orders had over orders expected, with its interval over parts of the people.

    Args:
        matrix: Orders, a row a part of the people and a column a mask.
        counted: Orders had and expected, from orders by mask.
        level: Confidence level.
    """
    whole = matrix.sum(axis=0)
    had, expected = counted(whole)
    if not had > 0 or not expected > 0:
        return None
    left = []
    for part in matrix[matrix.sum(axis=1) > 0]:
        one, other = counted(whole - part)
        left.append(one / other if other > 0 else float("nan"))
    return jackknife_ratio(had / expected, left, level)
