"""Chances, steps and days to each end of a chain with dwell times, for many copies at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


def solve_ends(moves: NDArray, days: NDArray) -> dict[str, NDArray]:
    """What the counts of a chain say about its ends.

    With P the shares of moves, N the fundamental matrix of the moves between touchpoints, R those
    to the ends and B = N R the chances, the steps of those who come to end j are, summed over
    their chance, N B_j; their days N c_j, with c_j = sum over next states of P x mean days of the
    move x the chance to come to j from there. Dividing by B_j gives the mean of those who get
    there (Kemeny and Snell 1960, sections 3.2 and 3.5; Howard 1971 for the dwell times).

    Args:
        moves: Moves from each touchpoint to each touchpoint and end (..., n, n + ends).
        days: Days that these moves took together.

    Returns:
        ``chance``, ``steps`` and ``days`` (..., n, ends). NaN where nobody leaves a touchpoint,
        and steps and days NaN where the chance is 0.
    """
    import numpy as np

    size = moves.shape[-2]
    leaving = moves.sum(axis=-1, keepdims=True)
    shares = np.divide(moves, leaving, out=np.zeros_like(moves), where=leaving > 0)
    dwell = np.divide(days, moves, out=np.zeros_like(moves), where=moves > 0)
    fundamental = np.linalg.inv(np.eye(size) - shares[..., :size])
    chance = fundamental @ shares[..., size:]
    ends = np.broadcast_to(np.eye(chance.shape[-1]), (*chance.shape[:-2], *(chance.shape[-1:] * 2)))
    onward = np.concatenate([chance, ends], axis=-2)
    steps = fundamental @ chance
    spent = fundamental @ ((shares * dwell) @ onward)
    seen = (leaving > 0) & (chance > 0)
    none = np.full_like(chance, np.nan)
    return {
        "chance": np.where(leaving > 0, chance, np.nan),
        "steps": np.divide(steps, chance, out=none.copy(), where=seen),
        "days": np.divide(spent, chance, out=none.copy(), where=seen),
    }
