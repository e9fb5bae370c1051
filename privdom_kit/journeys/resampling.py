"""Intervals of chains: groups of people are drawn again and again, and the chain solved anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from privdom_kit.estimates import Interval, t_critical

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.settings import Settings

_NO_SPREAD = 1e-12  # copies closer together than this are alike but for rounding


def draw_weights(groups: int, settings: Settings) -> NDArray:
    """How often each group is drawn in each copy (draws, groups).

    All paths of a person are in one group and move together, so the intervals allow for people
    being unlike one another (cluster bootstrap; Davison and Hinkley 1997, section 3.8).
    """
    import numpy as np

    random = np.random.default_rng(settings.journeys.bootstrap_seed)
    even = np.full(groups, 1 / groups)
    return random.multinomial(groups, even, settings.journeys.bootstrap_draws).astype("float64")


def cube(table: pd.DataFrame, keys: tuple[str, ...], shape: tuple[int, ...], count: str) -> NDArray:
    """Counts of a long table as an array: ``keys`` are places along its axes."""
    import numpy as np

    filled = np.zeros(shape)
    places = tuple(table[key].to_numpy("int64") for key in keys)
    np.add.at(filled, places, table[count].to_numpy("float64"))
    return filled


def redraw(weights: NDArray, counts: NDArray) -> NDArray:
    """Counts by group (groups, ...) summed in each copy (draws, ...)."""
    import numpy as np

    return np.tensordot(weights, counts, axes=1)


def percentile_interval(estimate: float, copies: NDArray, level: float) -> Interval | None:
    """The middle ``level`` of the copies; None where no copy has a number.

    The ends are NaN where all copies are alike (nobody, or everybody): that is no evidence of
    certainty.
    """
    import numpy as np

    known = copies[np.isfinite(copies)]
    if not len(known) or not np.isfinite(estimate):
        return None
    if np.ptp(known) < _NO_SPREAD:
        return Interval(estimate, math.nan, math.nan)
    lower, upper = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    # The estimate is one of the values that its interval must not exclude.
    return Interval(estimate, min(float(lower), estimate), max(float(upper), estimate))


def sure_interval(
    estimate: float, copies: NDArray, level: float, comparisons: int, groups: int
) -> Interval:
    """The interval of one of several estimates, all of which hold at once with ``level``.

    Bonferroni; Student's t on the spread of the copies, for copies alone do not reach that far
    into the tails. The ends are NaN where all copies are alike.
    """
    import numpy as np

    each = 1 - (1 - level) / max(comparisons, 1)
    spread = float(np.nanstd(copies))
    reach = t_critical(each, max(groups - 1, 1)) * spread if spread > _NO_SPREAD else math.nan
    return Interval(estimate, estimate - reach, estimate + reach)
