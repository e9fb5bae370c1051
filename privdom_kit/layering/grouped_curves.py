"""Intervals of a product-limit curve where one person stands behind several of its times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.estimates import incidence_matrix, t_critical
from privdom_kit.layering.cycle import GROUPS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def grouped_limits(counts: pd.DataFrame, times: pd.Series, level: float) -> tuple[NDArray, NDArray]:
    """Ends of the interval of a product-limit incidence at each of its times.

    Greenwood's formula takes gaps as independent, which several gaps of one person are not. Here
    the standard error comes from leaving out a group of people at a time (delete-a-group
    jackknife, Kott 2001), on the log(-log) scale, which keeps the ends within 0 and 1.

    Args:
        counts: ``part`` (person group, below ``GROUPS``), ``days``, ``ended`` (1 or 0), ``gaps``.
        times: Distinct ``days``, ascending.
        level: Confidence level.

    Returns:
        Lower and upper ends; the incidence itself where it is 0 or 1.
    """
    events, leaving = np.zeros((GROUPS, len(times))), np.zeros((GROUPS, len(times)))
    place = np.searchsorted(times, counts["days"])
    part, gaps = counts["part"].to_numpy(), counts["gaps"].to_numpy("float64")
    ended = counts["ended"].to_numpy() == 1
    np.add.at(leaving, (part, place), gaps)
    np.add.at(events, (part[ended], place[ended]), gaps[ended])
    incidence = incidence_matrix(_leave_one_out(events), _leave_one_out(leaving))
    inside = ((incidence > 0) & (incidence < 1)).all(axis=0)
    scaled = np.log(-np.log(1 - np.where(inside, incidence, 0.5)))
    spread = scaled[1:] - scaled[1:].mean(axis=0)
    error = np.sqrt((GROUPS - 1) / GROUPS * (spread**2).sum(axis=0))
    margin = t_critical(level, GROUPS - 1) * error
    ends = (1 - np.exp(-np.exp(scaled[0] + way * margin)) for way in (-1, 1))
    lower, upper = (np.where(inside, end, incidence[0]) for end in ends)
    return lower, upper


def _leave_one_out(counts: NDArray) -> NDArray:
    """All groups together, then all without the first, without the second, ..."""
    total = counts.sum(axis=0)
    return np.vstack([total, total - counts])
