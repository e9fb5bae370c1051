"""How long community groups live: until nobody has written for a while, or they are dissolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import rate
from privdom_kit.estimates import SurvivalCurve, survival_curve

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.touchpoints.group_days import GroupDays

_JUST_MADE = 7  # days between a group's making and its first row for its life to be seen whole


def group_states(days: GroupDays, silent_days: int) -> pd.DataFrame:
    """The groups with what became of each by the last day of the data.

    A group has ended where its rows stop ``silent_days`` before the data do (dissolved), or where
    it has rows but nobody has written for so long (silent); it ends on its last day of talk.

    Returns:
        The groups with ``dissolved, silent, ended`` (flags)``, life`` (days from making to the
        last talk or, while alive, to its last row)``, plan_over, overdue, kept_to_plan`` (flags;
        False without a plan)``, whole`` (life seen from its beginning).
    """
    found = days.groups.copy()
    told = found["spoke"].fillna(found["first"] - 1)
    found["dissolved"] = days.last_day - found["last"] >= silent_days
    # Of a group that never spoke the first row is all there is to count from.
    found["silent"] = ~found["dissolved"] & (found["last"] - told >= silent_days)
    found["ended"] = found["dissolved"] | found["silent"]
    end = found["last"].where(~found["ended"], told)
    found["life"] = (end - found["created"] + 1).clip(lower=0)
    finish = found["created"] + found["planned"]
    found["plan_over"] = finish.notna() & (finish <= days.last_day)
    found["overdue"] = found["plan_over"] & ~found["dissolved"]
    found["kept_to_plan"] = found["plan_over"] & found["dissolved"] & (found["last"] <= finish)
    found["whole"] = (found["first"] - found["created"]).between(0, _JUST_MADE)
    return found


def life_curve(states: pd.DataFrame, level: float, least: int) -> SurvivalCurve | None:
    """Product-limit life of groups seen from their beginning; None where they are too few.

    Groups that were made before the data begin are left out: those of their age that had died by
    then are not in the data, so they would seem to live longer than they do.
    """
    seen = states[states["whole"] & states["life"].notna()]
    if len(seen) < least:
        return None
    return survival_curve(seen["life"], seen["ended"].astype(int), level=level)


def life_figures(states: pd.DataFrame, curve: SurvivalCurve | None, level: float) -> dict[str, Any]:
    """Groups by what became of them, and how long half of them live."""
    planned, silent = int(states["plan_over"].sum()), int(states["silent"].sum())
    standing = int((~states["dissolved"]).sum())
    return {
        "groups": len(states),
        "standing_groups": standing,
        "silent_groups": silent,
        **rate(silent, standing, "silent_share", level),
        "planned_groups": planned,
        "overdue_groups": int(states["overdue"].sum()),
        **rate(int(states["overdue"].sum()), planned, "overdue_share", level),
        "overdue_silent_groups": int((states["overdue"] & states["silent"]).sum()),
        "watched_groups": 0 if curve is None else int(curve.table["at_risk"].iloc[0]),
        "median_life_days": None if curve is None else curve.median,
    }
