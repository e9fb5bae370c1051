"""Who gets the credit for a conversion: seven models on the same paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from privdom_kit.errors import DataError, nearest
from privdom_kit.journeys.path_touches import Touches, read_ages, read_touches
from privdom_kit.journeys.removal import (
    RENORMALISE,
    TO_NULL,
    Moves,
    conversion_and_effects,
    effects_without_paths,
    shares_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MODELS = ("markov", "first", "last", "linear", "position", "time_decay", "shapley")
REMOVALS = (TO_NULL, RENORMALISE)
#: Stands for conversions whose path is empty: no channel can be credited with them.
NO_TOUCH = "no_touch"


def credit_from_paths(
    paths: pd.DataFrame,
    model: str = "markov",
    removal: Literal["to_null", "renormalise"] = "to_null",
    *,
    first_share: float = 0.4,
    last_share: float = 0.4,
    half_life: float = 1.0,
    half_life_days: float = 7.0,
) -> pd.DataFrame:
    """Credit of each channel for the conversions that its paths led to.

    Every model shares out what there is: ``credit`` adds up to the conversions, ``value`` to their
    value. A model tells what went together, not what caused what.

    ==========  ================================================================================
    model       credit
    ==========  ================================================================================
    first       to the first touch
    last        to the last touch
    linear      equally to all touches of the path: a channel that occurs twice gets two shares.
                (The other published meaning gives equal shares to the distinct channels; with
                conversions as the worth of a set that is ``shapley``.)
    position    ``first_share`` to the first touch, ``last_share`` to the last, the rest equally to
                those between. Of two touches each gets half of the rest as well; one touch gets
                all. A > B > A at 40/20/40 gives A .8, B .2.
    time_decay  halves with each ``half_life`` touches before the last one; or with each
                ``half_life_days`` where the frame has a column ``days_before``
    shapley     Shapley value of the game in which a set of channels is worth the conversions of
                all paths that it covers. Such a worth is a sum over the paths' sets, so the value
                is exact for any number of channels: each converting path is shared equally by
                its distinct channels (Zhao, Mahboobi and Bagheri 2018). Paths that did not convert
                do not enter, nor does order.
    markov      in proportion to the removal effect in the first-order chain fitted on the paths,
                solved exactly, never simulated (Anderl et al. 2016)
    ==========  ================================================================================

    Args:
        paths: ``path`` (list of channel names in order of time) and ``conversions``; where given
            also ``value`` (of these conversions), ``nulls`` (how many went the same path and did
            not convert) and ``days_before`` (list as long as the path). A path may stand in
            several rows.
        model: One of :data:`MODELS`.
        removal: What becomes of the people of a removed channel (markov only). ``to_null``: they
            are lost where they would have met it. ``renormalise``: they are left out, and the chain
            is fitted anew on the paths without it. On C1 > C2 > C3 (1 conversion), C1 (0 of 1) and
            C2 > C3 (0 of 1) the first gives .2, .4, .4, the second a third each.
        first_share: Share of the first touch (position).
        last_share: Share of the last touch (position).
        half_life: Touches after which credit has halved (time_decay by place).
        half_life_days: Days after which credit has halved (time_decay by time).

    Returns:
        ``channel, credit, value``, a row a channel by name. ``value`` is missing where the frame
        has none. ``attrs`` name the model, the removal policy, and for markov the fitted
        ``conversion_rate`` and the ``removal_effects``. Conversions with an empty path stand in a
        row ``no_touch``. Where no channel has a removal effect the credit is equal.

    Raises:
        DataError: The model or policy is unknown, a column is missing, a path is no list, a number
            is negative or missing.
    """
    import pandas as pd

    _check_choice("model", model, MODELS)
    _check_choice("removal", removal, REMOVALS)
    touches, empty = read_touches(paths)
    attrs: dict[str, Any] = {"model": model}
    if model == "markov":
        shares, found = _markov(touches, removal)
        attrs |= {"removal": removal, **found}
        credit, value = shares * touches.conversions.sum(), shares * touches.value.sum()
    else:
        if model == "time_decay":
            ages = read_ages(paths, touches)
            weights = _decay(touches, ages, half_life if ages is None else half_life_days)
        else:
            weights = _weights(touches, model, first_share, last_share)
        credit = _sum(touches, weights * touches.conversions[touches.path])
        value = _sum(touches, weights * touches.value[touches.path])
    table = pd.DataFrame({"channel": touches.names, "credit": credit, "value": value})
    table = _with_empty(table, *empty)
    if "value" not in paths:
        table["value"] = float("nan")
    table.attrs.update(attrs)
    return table


def _with_empty(table: pd.DataFrame, conversions: float, value: float) -> pd.DataFrame:
    import pandas as pd

    if conversions:
        row = pd.DataFrame({"channel": [NO_TOUCH], "credit": [conversions], "value": [value]})
        table = pd.concat([table, row]) if len(table) else row
    return table.sort_values("channel", key=lambda names: names.astype(str), ignore_index=True)


def _weights(touches: Touches, model: str, first_share: float, last_share: float) -> NDArray:
    """The share of each touch in its path's conversions."""
    first, last = touches.place == 0, touches.place == touches.length - 1
    if model == "first":
        return first.astype("float64")
    if model == "last":
        return last.astype("float64")
    if model == "linear":
        return 1.0 / touches.length
    if model == "shapley":
        return _set_weights(touches)
    return _position_weights(touches, first, last, first_share, last_share)


def _position_weights(
    touches: Touches, first: NDArray, last: NDArray, first_share: float, last_share: float
) -> NDArray:
    import numpy as np

    rest = 1 - first_share - last_share
    if min(first_share, last_share, rest) < 0:
        raise DataError(
            f"the position shares are {first_share:g} and {last_share:g}",
            "expected two shares from 0 that add up to 1 at most",
        )
    middle = rest / np.maximum(touches.length - 2, 1)
    weights = np.where(first, first_share, np.where(last, last_share, middle))
    weights = np.where(touches.length == 2, weights + rest / 2, weights)
    return np.where(touches.length == 1, 1.0, weights)


def _set_weights(touches: Touches) -> NDArray:
    """Equal shares of the distinct channels, on the first touch of each."""
    import numpy as np

    key = touches.path * len(touches.names) + touches.channel
    _, once = np.unique(key, return_index=True)
    weights = np.zeros(len(key))
    weights[once] = 1.0
    distinct = np.bincount(touches.path, weights=weights, minlength=len(touches.conversions))
    return np.divide(weights, distinct[touches.path], out=weights, where=weights > 0)


def _decay(touches: Touches, ages: NDArray | None, half_life: float) -> NDArray:
    import numpy as np

    if not half_life > 0:
        raise DataError(f"the half-life is {half_life:g}", "expected a number above 0")
    if ages is None:
        ages = (touches.length - 1 - touches.place).astype("float64")
    # Counted from the youngest touch, or very old paths would all weigh nothing.
    youngest = np.full(len(touches.conversions), np.inf)
    np.minimum.at(youngest, touches.path, ages)
    weights = np.exp2(-(ages - youngest[touches.path]) / half_life)
    total = np.bincount(touches.path, weights=weights, minlength=len(touches.conversions))
    return weights / total[touches.path]


def _markov(touches: Touches, removal: str) -> tuple[NDArray, dict[str, Any]]:
    rate, effects = conversion_and_effects(_count_moves(touches))
    if removal == RENORMALISE:
        effects = _path_effects(touches, float(rate))
    names = dict(zip(touches.names, map(float, effects), strict=True))
    found = {"conversion_rate": float(rate), "removal_effects": names}
    return (shares_of(effects) if len(effects) else effects), found


def _count_moves(touches: Touches) -> Moves:
    import numpy as np

    size = len(touches.names)
    went = (touches.conversions + touches.nulls)[touches.path]
    first, last = touches.place == 0, touches.place == touches.length - 1
    here, there = touches.channel[:-1][~last[:-1]], touches.channel[1:][~first[1:]]
    cells = np.bincount(here * size + there, went[:-1][~last[:-1]], minlength=size * size)
    return Moves(
        starts=_sum(touches, went * first),
        inside=cells.reshape(size, size),
        conversions=_sum(touches, touches.conversions[touches.path] * last),
        nulls=_sum(touches, touches.nulls[touches.path] * last),
    )


def _path_effects(touches: Touches, rate: float) -> NDArray:
    on_path = _set_weights(touches) > 0
    went = touches.conversions + touches.nulls
    conversions_with = _sum(touches, touches.conversions[touches.path] * on_path)
    paths_with = _sum(touches, went[touches.path] * on_path)
    return effects_without_paths(
        touches.conversions.sum() - conversions_with, went.sum() - paths_with, rate
    )


def _sum(touches: Touches, weights: NDArray) -> NDArray:
    import numpy as np

    return np.bincount(touches.channel, weights=weights, minlength=len(touches.names))


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        close = nearest(value, known)
        raise DataError(
            f"{name} is {value!r}",
            f"expected one of {', '.join(known)}",
            f"Did you mean {close[0]}?" if close else "",
        )
