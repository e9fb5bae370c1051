"""Which counts of crowds and arms are too small to show, or would give a small one away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd

NO_CROWD = ""


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """What may not be shown.

    Attributes:
        crowds: ``(test, crowd)`` over all arms that were sent.
        arms: ``(test, arm, held)`` over all crowds.
        cells: ``(test, crowd, arm, held)``.
    """

    crowds: frozenset[tuple]
    arms: frozenset[tuple]
    cells: frozenset[tuple]


def find_small(cells: pd.DataFrame, outcome: str, min_cell: int) -> Hidden:
    """The counts of an outcome that are hidden in every table of a question.

    People of an arm, of a crowd and of an arm in a crowd stand in one cross table of which both
    margins are shown. A cell under a hidden margin is hidden with it.

    Args:
        cells: ``test, crowd, arm, held, n_<outcome>, x_<outcome>``.
        outcome: The outcome that is counted.
        min_cell: People from which on a count is shown (setting ``privacy.min_cell``).
    """
    table = cells[["test", "crowd", "arm", "held"]].assign(
        crowd=cells["crowd"].fillna(NO_CROWD),
        n=cells[f"n_{outcome}"].astype("int64"),
        x=cells[f"x_{outcome}"].astype("int64"),
    )
    sent = table[~table["held"]]
    crowds = _small(sent, ["test", "crowd"], (("test",),), min_cell)
    arms = _small(table, ["test", "arm", "held"], (("test", "held"),), min_cell)
    by_crowd = [(t, c) in crowds and not h for t, c, h in _keys(table, "test", "crowd", "held")]
    by_arm = [key in arms for key in _keys(table, "test", "arm", "held")]
    forced = [first or second for first, second in zip(by_crowd, by_arm, strict=True)]
    groups = (("test", "crowd", "held"), ("test", "arm", "held"))
    found = _small(table.assign(forced=forced), ["test", "crowd", "arm", "held"], groups, min_cell)
    return Hidden(crowds, arms, found)


def _small(
    table: pd.DataFrame, by: list[str], groups: tuple[tuple[str, ...], ...], min_cell: int
) -> frozenset[tuple]:
    if table.empty:
        return frozenset()
    counts = [name for name in ("n", "x", "forced") if name in table]
    sums = table.groupby(by, as_index=False)[counts].sum()
    # Few people are few, whatever became of them; of many, those with the outcome may be few.
    guard = sums["x"].mask(sums["n"] < min_cell, sums["n"])
    if "forced" in sums:
        # Counted as one person, so that others are hidden beside it as for the smallest cell.
        guard = guard.mask(sums["forced"].astype(bool), 1)
    shown, _ = suppress(sums.assign(guard=guard), "guard", [], min_cell, groups)
    return frozenset(_keys(shown[shown["guard"].isna()], *by))


def _keys(table: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(zip(*(table[name] for name in columns), strict=True))
