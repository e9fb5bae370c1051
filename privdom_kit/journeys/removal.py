"""Removal effects of a first-order chain, from counts of moves, by exact solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

TO_NULL, RENORMALISE = "to_null", "renormalise"


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Counts of moves between channels on paths; leading axes hold resampled copies.

    Attributes:
        starts: Paths that start with each channel (..., channels).
        inside: Moves from each channel (rows) to each (columns) (..., channels, channels).
        conversions: Paths that convert after each channel (..., channels).
        nulls: Paths that end unconverted after each channel (..., channels).
    """

    starts: NDArray
    inside: NDArray
    conversions: NDArray
    nulls: NDArray


def conversion_and_effects(moves: Moves) -> tuple[NDArray, NDArray]:
    """The chain's conversion rate and what removing each channel takes from it.

    With N the chain's fundamental matrix, s its start and b the chance to convert from each
    channel, a channel c is ever reached with chance ``(s N)_c / N_cc``, and the walks lost with
    it are those that reach it and convert: ``(s N)_c b_c / N_cc``. That is the same as sending
    every move into c to the unconverted end and solving again (Anderl, Becker, von Wangenheim and
    Schumann 2016), but takes one inverse instead of one a channel.

    Returns:
        The rate (...) and the removal effects (..., channels): share of the rate that is lost.
        Where nobody converts the effects are 0.
    """
    import numpy as np

    leaving = moves.inside.sum(axis=-1) + moves.conversions + moves.nulls
    leaving = np.where(leaving > 0, leaving, 1.0)
    inside = moves.inside / leaving[..., np.newaxis]
    fundamental = np.linalg.inv(np.eye(inside.shape[-1]) - inside)
    begun = moves.starts.sum(axis=-1, keepdims=True)
    start = moves.starts / np.where(begun > 0, begun, 1.0)
    visits = np.einsum("...i,...ij->...j", start, fundamental)
    converts = np.einsum("...ij,...j->...i", fundamental, moves.conversions / leaving)
    rate = np.einsum("...i,...i->...", start, converts)
    returns = np.diagonal(fundamental, axis1=-2, axis2=-1)
    lost = visits * converts / returns
    base = rate[..., np.newaxis]
    return rate, np.divide(lost, base, out=np.zeros_like(lost), where=base > 0)


def effects_without_paths(
    conversions_without: NDArray, paths_without: NDArray, rate: float
) -> NDArray:
    """Effects where the people whose path holds a channel are left out with it.

    The chain is fitted anew on the paths without the channel. A first-order chain reproduces the
    rate of the paths it is fitted on, so their observed rate is its solution. A channel without
    which the others convert better has no effect (0) rather than a negative one.

    Args:
        conversions_without: Conversions of the paths without each channel.
        paths_without: Those paths; where there are none the rate without is 0.
        rate: Conversion rate of all paths.
    """
    import numpy as np

    none = np.zeros(len(paths_without))
    without = np.divide(conversions_without, paths_without, out=none, where=paths_without > 0)
    return np.maximum(0.0, 1 - without / rate) if rate > 0 else np.zeros(len(without))


def shares_of(effects: NDArray) -> NDArray:
    """Effects as shares of credit that add up to 1; equal shares where no channel has any."""
    import numpy as np

    total = effects.sum(axis=-1, keepdims=True)
    equal = np.full_like(effects, 1 / effects.shape[-1])
    return np.divide(effects, total, out=equal, where=total > 0)
