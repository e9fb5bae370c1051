"""Absorbing chains: where walks end and how long they take, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

_ROUNDING = 1e-8  # how far from 1 a row may add up by rounding alone


@dataclass(frozen=True, slots=True, eq=False)
class Absorption:
    """Where walks of an absorbing chain end, by the state they start from.

    Attributes:
        probabilities: Chance to end in each absorbing state (columns) from each transient state
            (rows); every row adds up to 1. ``B = N R``.
        expected_steps: Expected moves until absorption, the last one included, by transient
            state: the row sums of ``fundamental``.
        fundamental: Expected visits to each transient state (columns) from each (rows), the start
            counted as a visit. ``N = (I - Q)^-1``.
    """

    probabilities: pd.DataFrame
    expected_steps: pd.Series
    fundamental: pd.DataFrame


def absorb(matrix: pd.DataFrame | ArrayLike, absorbing: Sequence[Any] | str) -> Absorption:
    """Where walks end and how many steps they take, by solving the chain's linear equations.

    Kemeny and Snell, Finite Markov Chains (1960), chapter 3; Grinstead and Snell, Introduction to
    Probability (1997), section 11.2.

    Args:
        matrix: Chance to move from each row's state to each column's. A frame with the names of
            the states; or an array, whose states are named 0, 1, ... Rows of absorbing states may
            be left out; where they are given they are not read, for nobody leaves such a state.
        absorbing: Names of the states where a walk ends, or one name.

    Raises:
        DataError: A name is unknown or occurs twice; a row is missing, holds a negative or missing
            number or does not add up to 1; from some state no absorbing one can be reached.
    """
    import numpy as np
    import pandas as pd

    table = _named(matrix)
    ends = [absorbing] if isinstance(absorbing, str) else list(absorbing)
    _check_names(table, ends)
    starts = [state for state in table.columns if state not in ends]
    moves = table.loc[starts].astype("float64")
    _check_rows(moves)
    _check_exits(moves, starts, ends)
    inside = moves[starts].to_numpy()
    fundamental = np.linalg.inv(np.eye(len(starts)) - inside)
    return Absorption(
        probabilities=pd.DataFrame(fundamental @ moves[ends].to_numpy(), starts, ends),
        expected_steps=pd.Series(fundamental.sum(axis=1), starts, name="expected_steps"),
        fundamental=pd.DataFrame(fundamental, starts, starts),
    )


def _named(matrix: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if isinstance(matrix, pd.DataFrame):
        return matrix
    numbers = np.asarray(matrix, dtype="float64")
    if numbers.ndim != 2:
        raise DataError(
            f"the matrix has {numbers.ndim} dimensions", "expected rows and columns of chances"
        )
    return pd.DataFrame(numbers)


def _check_names(table: pd.DataFrame, ends: list[Any]) -> None:
    columns = list(table.columns)
    for names, where in ((columns, "columns"), (list(table.index), "rows"), (ends, "absorbing")):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise DataError(
                f"the state {twice[0]!r} stands twice in the {where} of the chain",
                "expected each name once",
            )
    unknown = [name for name in [*ends, *table.index] if name not in columns]
    if unknown:
        raise DataError(
            f"the chain has no state {unknown[0]!r}",
            f"its columns are {', '.join(map(str, nearest(unknown[0], columns, 3) or columns))}",
        )
    if not ends:
        raise DataError(
            "no absorbing state is named", "expected one at least", "Name where a walk ends"
        )
    missing = [name for name in columns if name not in ends and name not in table.index]
    if missing:
        raise DataError(
            f"the state {missing[0]!r} has no row",
            "expected a row of chances for every state that is not absorbing",
            "Add the row, or name the state among the absorbing ones",
        )


def _check_rows(moves: pd.DataFrame) -> None:
    for state, total in moves.sum(axis=1, skipna=False).items():
        row = moves.loc[state]
        if not (row >= 0).all():
            raise DataError(
                f"the row of {state!r} holds {row[~(row >= 0)].iloc[0]:g}",
                "expected chances from 0 to 1",
            )
        if abs(total - 1) > _ROUNDING:
            raise DataError(
                f"the row of {state!r} adds up to {total:g}",
                "expected 1",
                "Divide counts by the sum of their row",
            )


def _check_exits(moves: pd.DataFrame, starts: list[Any], ends: list[Any]) -> None:
    """Raise where a state can never reach an absorbing one: its walks would not end."""
    inside = moves[starts].to_numpy() > 0
    reaches = _reaching(inside, (moves[ends].to_numpy() > 0).any(axis=1))
    if not reaches.all():
        stuck = [str(state) for state, ended in zip(starts, reaches, strict=True) if not ended]
        raise DataError(
            f"from {', '.join(stuck)} no absorbing state can be reached",
            "expected a way out of every state",
            "Name where these walks end among the absorbing states",
        )


def _reaching(inside: NDArray, reaches: NDArray) -> NDArray:
    """Which states reach an end, going back over the moves from those that do at once."""
    import numpy as np

    grown = reaches | (inside & reaches[np.newaxis, :]).any(axis=1)
    return reaches if (grown == reaches).all() else _reaching(inside, grown)
