"""The touches of paths that a caller gives, checked and laid out one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Touches:
    """All touches of all paths, one after the other."""

    names: list[Any]
    channel: NDArray  # place in names
    path: NDArray  # row of the path
    place: NDArray  # 0 is the first touch of its path
    length: NDArray  # touches of its path
    conversions: NDArray  # by path, as the next two
    value: NDArray
    nulls: NDArray


def read_touches(paths: pd.DataFrame) -> tuple[Touches, tuple[float, float]]:
    """The touches of the paths that have any; conversions and value of those that have none."""
    import numpy as np
    import pandas as pd

    _check_columns(paths)
    numbers = [_numbers(paths, name) for name in ("conversions", "value", "nulls")]
    lengths = np.array([len(path) for path in paths["path"]], dtype="int64")
    kept = lengths > 0
    empty = (float(numbers[0][~kept].sum()), float(numbers[1][~kept].sum()))
    flat = [channel for path in paths["path"] for channel in path]
    codes, names = pd.factorize(np.array([*flat, None], dtype=object)[:-1], use_na_sentinel=True)
    if (codes < 0).any():
        raise DataError("a path holds a touch without a name", "expected the names of channels")
    order = sorted(range(len(names)), key=lambda place: str(names[place]))
    ranks = np.argsort(np.array(order, dtype="int64"))
    lengths = lengths[kept]
    path = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    touches = Touches(
        names=[names[place] for place in order],
        channel=ranks[codes] if len(codes) else codes.astype("int64"),
        path=path,
        place=np.arange(len(path)) - begins,
        length=np.repeat(lengths, lengths),
        conversions=numbers[0][kept],
        value=numbers[1][kept],
        nulls=numbers[2][kept],
    )
    return touches, empty


def _check_columns(paths: pd.DataFrame) -> None:
    missing = [name for name in ("path", "conversions") if name not in paths]
    if missing:
        raise DataError(
            f"the paths have no column {missing[0]}",
            "expected path and conversions, and value and nulls where known",
        )
    for path in paths["path"]:
        if isinstance(path, str) or not hasattr(path, "__len__"):
            raise DataError(
                f"a path is {path!r}",
                "expected a list of channel names in order of time",
                'Split texts first, e.g. paths["path"].str.split(" > ")',
            )


def _numbers(paths: pd.DataFrame, name: str) -> NDArray:
    import numpy as np
    import pandas as pd

    if name not in paths:
        return np.zeros(len(paths))
    numbers = pd.to_numeric(paths[name], errors="coerce").to_numpy("float64", na_value=np.nan)
    wrong = ~np.isfinite(numbers) | ((numbers < 0) & (name != "value"))
    if wrong.any():
        found = paths[name].iloc[int(np.flatnonzero(wrong)[0])]
        raise DataError(
            f"{name} of a path is {found!r}", "expected a number, and no negative count"
        )
    return numbers


def read_ages(paths: pd.DataFrame, touches: Touches) -> NDArray | None:
    """Days before the conversion by touch; None where only places are known."""
    import numpy as np

    if "days_before" not in paths:
        return None
    for path, days in zip(paths["path"], paths["days_before"], strict=True):
        if len(path) != len(days):
            raise DataError(
                f"a path of {len(path)} touches has {len(days)} days_before",
                "expected a number of days for each touch",
            )
    flat = np.array([day for days in paths["days_before"] for day in days], dtype="float64")
    if not (flat >= 0).all():
        raise DataError("days_before holds a negative or missing number", "expected days from 0")
    return flat
