"""Small cells: counts of few people are not shown, and not to be had by subtraction either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import pandas as pd


def suppress(
    table: pd.DataFrame,
    count: str,
    hide: Sequence[str],
    min_cell: int,
    groups: Sequence[Sequence[str]] = ((),),
) -> tuple[pd.DataFrame, int]:
    """The table with small cells, and everything computed from them, set to null.

    A cell of 1 to ``min_cell - 1`` people is small. Where the total of a group is shown, the
    hidden cells of the group are two at least and hold ``min_cell`` people at least, or
    subtraction would give away the one, or a small sum: the smallest other cells are hidden as
    well until that holds in every group.

    Args:
        table: One row a cell.
        count: Column with the people of a cell.
        hide: Columns computed from them, nulled with ``count``.
        min_cell: People from which on a cell is shown (setting ``privacy.min_cell``).
        groups: Columns that name the groups whose totals are shown; ``()`` is the whole table.
            A cross table shows both margins: ``(("channel",), ("state",))``.

    Returns:
        The table, and how many cells were hidden.
    """
    counts = table[count]
    hidden = ((counts > 0) & (counts < min_cell)).fillna(False).astype(bool)
    while (partner := _partner(table, count, hidden, min_cell, groups)) is not None:
        hidden.loc[partner] = True
    shown = table.copy()
    for column in (count, *hide):
        shown[column] = _nullable(shown[column]).mask(hidden)
    return shown, int(hidden.sum())


def suppression_note(cells: int, min_cell: int) -> tuple[Message, ...]:
    """The sentence that says how many cells were hidden; nothing where none was."""
    if not cells:
        return ()
    return (
        msg(
            "Suppressed to protect people: {cells:count} cells "
            "(fewer than {min_cell:count} people, or a cell that would reveal one).",
            cells=cells,
            min_cell=min_cell,
        ),
    )


def _partner(
    table: pd.DataFrame,
    count: str,
    hidden: pd.Series,
    min_cell: int,
    groups: Sequence[Sequence[str]],
) -> object | None:
    """The next cell to hide so that no group's total gives its hidden cells away; None if safe."""
    for rows in _members(table, groups):
        concealed = table.loc[rows, count][hidden.loc[rows]]
        if len(concealed) and (len(concealed) == 1 or concealed.sum() < min_cell):
            # An empty cell holds nobody to hide behind.
            others = table.loc[rows, count][~hidden.loc[rows]]
            others = others[others > 0]
            if len(others):
                return others.idxmin()
    return None


def _members(table: pd.DataFrame, groups: Sequence[Sequence[str]]) -> Iterator[pd.Index]:
    for columns in groups:
        if columns:
            by = table.groupby(list(columns), dropna=False)
            yield from (table.index[places] for places in by.indices.values())
        else:
            yield table.index


def _nullable(column: pd.Series) -> pd.Series:
    """A column that can hold a null and keeps its whole numbers whole."""
    if column.dtype.kind in "iu":
        return column.astype("Int64")
    return column if column.dtype.kind == "f" else column.astype(object)
