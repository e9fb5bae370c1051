"""Sets of touchpoints before an order, as bit masks: counted in the engine, compared here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.clusters import jackknife_ratio
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import Interval, Test
from privdom_kit.events import CUSTOMER, ORDER, ORDER_BY, UNKNOWN
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
        pair_people: Distinct people with an order after both touchpoints, by their places.
        carriers: ``mask, people, buyers``: people by all that they touched in the period, and
            those of them with an order in it.
        early: Orders left out because what came before them lies before the data.
        left_out: Touchpoints beyond the number that combinations are made of.
    """

    touchpoints: tuple[str, ...]
    counts: pd.DataFrame
    people: pd.DataFrame
    pair_people: dict[tuple[int, int], int]
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

    An event up to ``combination_days`` before the order, to the second, belongs to it: what the
    customer did, or by setting what the brand did too. Endings (removals, opt-outs) and orders are
    no touch. Orders so early that their days
    before reach back beyond the first touch of the data are left out.
    """
    events = base.events
    touching = [i for i, a in enumerate(events.actions) if a not in _NO_TOUCH]
    touches = _touches(events, touching, rules.combination_own_acts)
    first = _first_day(base, touches)
    if first is None:
        return None
    start = base.as_of_day - rules.combination_period_days + 1
    seen = max(start, first + rules.combination_days)
    ranked = _ranked(touches, base.as_of_day - rules.combination_period_days)
    chosen = ranked[: rules.combination_touchpoints]
    if len(chosen) < 2:
        return None
    rows = checkpoint(_masked_orders(events, touches, chosen, rules.combination_days))
    early = _count_between(rows, start, seen - 1)
    counts, people = _by_mask(rows, seen, base.as_of_day)
    pairs = _by_pair(rows, seen, base.as_of_day, len(chosen))
    return OrderSets(
        tuple(events.touchpoints[code] for code in chosen),
        counts,
        people,
        pairs,
        _carriers(events, touches, chosen, start),
        early,
        tuple(events.touchpoints[code] for code in ranked[len(chosen) :]),
    )


def _col(name: str) -> nw.Expr:
    import narwhals as nw

    return nw.col(name)


def _touches(events: Events, touching: Sequence[int], own: bool) -> nw.LazyFrame:
    unknown = events.touchpoint(UNKNOWN)
    kept = _col("action").is_in(touching) & (_col("touchpoint") != unknown)
    return events.frame.filter(kept & (_col("direction") == CUSTOMER) if own else kept)


def _first_day(base: Base, touches: nw.LazyFrame) -> int | None:
    """The day on which touches begin: of the log of touches, where there is one.

    Registrations and other single events reach back further than what goes on day by day.
    """
    logged = touches.filter(_col("source") == 0) if "touches" in base.tables else touches
    for rows in (logged, touches):
        day = collect(rows.select(_col("day").min()), limit=1)["day"].iloc[0]
        if not is_missing(day):
            return int(day)
    return None


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
    events: Events, touches: nw.LazyFrame, chosen: Sequence[int], days: int
) -> nw.LazyFrame:
    """``customer, day, mask`` of every order: one running maximum a touchpoint, one sort."""
    import narwhals as nw

    order = events.action(ORDER)
    near = touches.filter(_col("touchpoint").is_in(list(chosen)))
    rows = nw.concat([near, events.frame.filter(_col("action") == order)])
    last = {
        f"last_{i}": nw.when((_col("action") != order) & (_col("touchpoint") == code))
        .then(_col("time"))
        .otherwise(nw.lit(0))  # a running maximum is null on rows without a value of their own
        .cum_max()
        .over("customer", order_by=list(ORDER_BY))
        for i, code in enumerate(chosen)
    }
    mask: Any = nw.lit(0)
    for i in range(len(chosen)):
        within = _col("time") - _col(f"last_{i}") <= days * _DAY
        mask = mask + nw.when(within).then(nw.lit(2**i)).otherwise(nw.lit(0))
    carried = rows.with_columns(**last).filter(_col("action") == order)
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


def _by_pair(rows: nw.LazyFrame, first: int, last: int, width: int) -> dict[tuple[int, int], int]:
    """People with an order after both touchpoints of a pair."""
    import narwhals as nw

    pairs = list(itertools.combinations(range(width), 2))

    def both(i: int, j: int) -> nw.Expr:
        """Bits without bit operators, which not every engine has."""
        held = (_col("mask") // 2**i % 2 == 1) & (_col("mask") // 2**j % 2 == 1)
        return nw.when(held).then(nw.lit(1)).otherwise(nw.lit(0))

    names = {f"pair_{i}_{j}": both(i, j) for i, j in pairs}
    per_person = (
        rows.filter((_col("day") >= first) & (_col("day") <= last))
        .with_columns(**names)
        .group_by("customer")
        .agg(*[_col(name).max() for name in names])
    )
    found = collect(per_person.select(*[_col(name).sum() for name in names]), limit=1).fillna(0)
    return {pair: int(found[f"pair_{pair[0]}_{pair[1]}"].iloc[0]) for pair in pairs}


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
    rows = nw.concat([touches, events.frame.filter(order)]).filter(_col("day") >= start)
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


def expected_orders(sets: np.ndarray, width: int) -> np.ndarray:
    """Orders of each mask if touchpoints came together by chance alone.

    Orders with no touch at all are left aside: most are of people who could not be touched, and
    with them any two touchpoints would seem to belong together. Among the others chance is
    independence given at least one touch: P(set) = product of p and 1 - p over 1 - P(none), the p
    being those that give each touchpoint its share.

    Args:
        sets: Orders by mask.
        width: Touchpoints.

    Returns:
        Expected orders; that of mask 0 is what was had.
    """
    bits = np.arange(len(sets))[:, None] >> np.arange(width) & 1
    touched = sets[1:].sum()
    if not touched > 0:
        return sets.copy()
    shares = (sets[1:] @ bits[1:]) / touched
    some = _chance_of_some(shares)
    expected = np.zeros(len(sets))
    if some > 0:
        single = shares * some
        expected = touched / some * np.prod(np.where(bits == 1, single, 1 - single), axis=1)
    else:  # nobody ever touches two: each has its own
        alone = 2 ** np.arange(width)
        expected[alone] = touched * shares
    expected[0] = sets[0]
    return expected


def _chance_of_some(shares: np.ndarray) -> float:
    """The chance c of any touch with c = 1 - product of (1 - share c); 0 where there is none."""
    if shares.sum() <= 1 + 1e-12:
        return 0.0
    if (shares >= 1).any():
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):  # the curve 1 - product - c is concave, above 0 up to the root
        middle = (low + high) / 2
        above = 1 - np.prod(1 - shares * middle) - middle > 0
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """Orders had and expected by mask: over all people, and without each part of them.

    Attributes:
        had: Orders by mask.
        expected: Orders by mask if touchpoints met by chance.
        had_without: A row a part of the people left out.
        expected_without: As ``had_without``.
    """

    had: np.ndarray
    expected: np.ndarray
    had_without: np.ndarray
    expected_without: np.ndarray

    def orders(self, holds: np.ndarray) -> tuple[float, float]:
        """Orders had and expected of the masks that ``holds`` marks."""
        return float(self.had[holds].sum()), float(self.expected[holds].sum())

    def compare(self, holds: np.ndarray, level: float) -> tuple[Interval, Test] | None:
        """Orders had over expected, with the jackknife's interval; None where there are none."""
        had, expected = self.orders(holds)
        left = self.expected_without[:, holds].sum(axis=1)
        if not had > 0 or not expected > 0 or not (left > 0).all():
            return None
        return jackknife_ratio(had / expected, self.had_without[:, holds].sum(axis=1) / left, level)


def expect(sets: OrderSets) -> Chance:
    """What chance gives, for all people and without each part."""
    matrix, width = sets.matrix(), len(sets.touchpoints)
    whole = matrix.sum(axis=0)
    without = whole - matrix[matrix.sum(axis=1) > 0]
    expected = np.array([expected_orders(part, width) for part in without])
    return Chance(whole, expected_orders(whole, width), without, expected)
