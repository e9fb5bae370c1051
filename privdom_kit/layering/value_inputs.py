"""Inputs of the repeat-buying and spend models: checked, and collapsed to distinct rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MIX = (np.sqrt(2), np.sqrt(3), np.sqrt(5), np.sqrt(7))
_BLOCK = 32_768  # rows at a time, so that the work of a block stays in the cache


def read_columns(**values: ArrayLike) -> list[NDArray]:
    """Finite float columns of one length.

    Raises:
        DataError: A column is not numbers in one dimension, holds NaN or infinity, or differs in
            length from the first.
    """
    columns = [_numbers(name, column) for name, column in values.items()]
    first = next(iter(values))
    for name, column in zip(values, columns, strict=True):
        if column.size != columns[0].size:
            raise DataError(
                f"`{name}` has {column.size} values and `{first}` has {columns[0].size}",
                "Expected one value per customer in each",
                "Take all columns from the same table",
            )
    return columns


def read_histories(
    orders: ArrayLike, age_at_last: ArrayLike, age: ArrayLike
) -> tuple[NDArray, ...]:
    """Purchase histories as three checked columns: orders, age at last, age.

    Args:
        orders: Repeat orders x, whole numbers.
        age_at_last: Age at the last order t_x; 0 where there is no repeat order.
        age: Age T at the end of the observation, same unit as ``age_at_last``.

    Raises:
        DataError: Not numbers, unequal lengths, or a history that cannot be.
    """
    columns = read_columns(orders=orders, age_at_last=age_at_last, age=age)
    check_histories(*columns)
    return tuple(columns)


def check_histories(x: NDArray, t_x: NDArray, t: NDArray) -> None:
    """Refuse histories that cannot be."""
    check_whole("orders", x)
    _refuse(
        t_x < 0,
        "`age_at_last` is negative",
        "Expected an age counted from the first order, 0 or more",
    )
    _refuse(
        t_x > t, "`age_at_last` is above `age`", "Expected the last order within the observation"
    )
    _refuse(
        (x == 0) & (t_x != 0),
        "`orders` is 0 and `age_at_last` is not",
        "Expected 0, the age at the first order, where no order came after it",
    )


def read_counts(counts: ArrayLike | None, size: int) -> NDArray | None:
    """How many customers stand behind each row; None, for one each, stays None."""
    if counts is None:
        return None
    (column,) = read_columns(counts=counts)
    if column.size != size:
        raise DataError(
            f"`counts` has {column.size} values for {size} rows",
            "Expected one count per row",
            "Take all columns from the same table",
        )
    check_whole("counts", column)
    return column


def check_whole(name: str, column: NDArray) -> None:
    """Refuse what is negative or not a whole number."""
    _refuse(
        (column < 0) | (column != np.floor(column)),
        f"`{name}` is negative or not whole",
        "Expected whole numbers from 0 on",
    )


def distinct_rows(columns: tuple[NDArray, ...]) -> tuple[tuple[NDArray, ...], NDArray]:
    """The distinct rows, sorted, and for each input row the place of its own among them."""
    rows, codes = _groups(columns)
    order = np.lexsort(rows[::-1])
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return tuple(row[order] for row in rows), place[codes]


def weighted_rows(
    columns: tuple[NDArray, ...], counts: NDArray | None
) -> tuple[tuple[NDArray, ...], NDArray]:
    """The distinct rows with a count above zero, sorted, and their counts."""
    rows, codes = _groups(columns)
    weights = np.bincount(codes, weights=counts, minlength=rows[0].size).astype(float)
    order = np.lexsort(rows[::-1])
    order = order[weights[order] > 0]
    if not order.size:
        raise DataError("There are no customers", "Expected at least one row with a count above 0")
    return tuple(row[order] for row in rows), weights[order]


def _groups(columns: tuple[NDArray, ...]) -> tuple[tuple[NDArray, ...], NDArray]:
    """The distinct rows in any order, and for each input row the group that it is in.

    Rows are grouped by a hash and every row is then held against one of its group, so a million
    rows cost a few passes over memory rather than a sort, and a clash of hashes costs time only.
    """
    import pandas as pd

    codes, keys = pd.factorize(_row_keys(columns))
    member = np.empty(len(keys), dtype=np.intp)
    for part in _blocks(codes.size):
        member[codes[part]] = np.arange(part.start, part.stop)
    rows = tuple(column[member] for column in columns)
    if all(
        np.array_equal(row[codes[part]], column[part])
        for part in _blocks(codes.size)
        for row, column in zip(rows, columns, strict=True)
    ):
        return rows, codes
    unique, codes = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    return tuple(unique.T), codes.reshape(-1)


def _numbers(name: str, values: ArrayLike) -> NDArray:
    try:
        column = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` holds what is no number: {error}", "Expected numbers") from error
    if column.ndim != 1:
        raise DataError(f"`{name}` has {column.ndim} dimensions", "Expected one value per customer")
    _refuse(~np.isfinite(column), f"`{name}` is missing or infinite", "Expected finite numbers")
    return column


def _refuse(bad: NDArray, found: str, expected: str) -> None:
    if bad.any():
        rows = int(bad.sum())
        raise DataError(
            f"{found} in {rows} of {bad.size} rows, first in row {int(bad.argmax())}",
            expected,
            "Correct these rows or leave them out",
        )


def _row_keys(columns: tuple[NDArray, ...]) -> NDArray:
    """The bits of an irrational mix of each row, which distinct rows hardly ever share."""
    mix = np.empty(columns[0].size)
    for part in _blocks(mix.size):
        terms = (column[part] * factor for column, factor in zip(columns, _MIX, strict=False))
        mix[part] = sum(terms)
    return mix.view(np.int64)


def _blocks(size: int) -> list[slice]:
    return [slice(start, min(size, start + _BLOCK)) for start in range(0, size, _BLOCK)]
