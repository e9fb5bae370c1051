"""Small stages: what must be hidden so that few people at a stage cannot be told from the rest.

People at a stage are those who reached it less those who reached the next, and who reached a stage
shows in its passing row. So a small stage is hidden together with its neighbour, and the passing
rows between the two go with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import bounded
from privdom_kit.formats import is_missing
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd

PASSING = ("ripe_people", "passed_people", *bounded("pass_rate"))
_STEP = (*PASSING, "open_people", "skipped_people")


def hidden_stages(counts: list[object], least: int) -> tuple[set[int], set[int]]:
    """Places whose people are hidden, and places whose passing row is.

    Args:
        counts: People by the highest stage reached, first to last; null where not measured.
        least: People from which on a stage is shown.
    """
    people = [0 if is_missing(n) else int(n) for n in counts]  # type: ignore[call-overload]
    cells, steps = set[int](), set[int]()
    for place, count in enumerate(people):
        if not 0 < count < least:
            continue
        low = high = place
        while sum(people[low : high + 1]) < least or sum(n > 0 for n in people[low : high + 1]) < 2:
            if any(people[:low]):
                low -= 1
            elif any(people[high + 1 :]):
                high += 1
            else:
                break
        cells |= {n for n in range(low, high + 1) if people[n]}
        steps |= set(range(low + 1, high + 1))
    return cells, steps


def hide_small(
    every: dict[str, pd.DataFrame], chosen: str, least: int
) -> tuple[dict[str, pd.DataFrame], int, tuple[set[str], set[str]]]:
    """All models with small cells hidden; a count hidden in one model is hidden in every model.

    Returns:
        The tables; how many cells of the chosen model were hidden; and the names of its hidden
        stages and of the stages whose passing row is hidden.
    """
    hidden = {name: hidden_stages(list(t["customers"]), least) for name, t in every.items()}
    concealed = {
        int(every[name]["customers"].iloc[place])
        for name, (cells, _) in hidden.items()
        for place in cells
    }
    shown = {}
    for name, table in every.items():
        out, steps = table.astype({"known_people": "Int64"}), sorted(hidden[name][1])
        small = table["customers"].isin(concealed) & (table["customers"] > 0).fillna(False)
        for column in ("customers", *bounded("share")):
            out[column] = out[column].mask(small)
        for column in _STEP:
            out[column] = out[column].mask(out.index.isin(steps))
        few = (out["known_people"] > 0) & (out["known_people"] < least)
        out["known_people"] = out["known_people"].mask(few)
        out, more = _hide_steps(out, least)
        if name == chosen:
            cells = int(small.sum()) + more + len(steps)
            names = (set(table["stage"][small]), set(table["stage"].iloc[steps]))
        shown[name] = out
    return shown, cells, names


def _hide_steps(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    cells = 0
    for count, hides in (
        ("ripe_people", PASSING[1:]),
        ("passed_people", PASSING[2:]),
        ("open_people", ()),
        ("skipped_people", ()),
    ):
        table, more = suppress(table, count, list(hides), least, groups=())
        cells += more
    return table, cells
