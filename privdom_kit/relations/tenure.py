"""How long relations last: product-limit curves over tenure in the client's calendar days.

Tenure is the day of the end less the day of the beginning. Days are watched as a whole up to
``as_of``, so that no part of a day is at risk without its removals. Where removals were recorded
only from some day on, relations enter with the tenure that they had then (late entry): those that
had ended before would otherwise be missing and the rest look too faithful.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import collect
from privdom_kit.estimates import (
    Interval,
    SurvivalCurve,
    effective_counts,
    proportion_interval,
    survival_curve,
)
from privdom_kit.relations.spells import CUSTOMER

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

_MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Exits:
    """Relations by group, tenure at their end or at ``as_of``, and ending: small aggregates.

    Attributes:
        leaving: ``group, tenure, ended, rows``.
        entering: ``group, tenure, rows``: the tenure from which on they were watched.
    """

    leaving: pd.DataFrame
    entering: pd.DataFrame

    def part(self, group: int) -> Exits:
        """Those of one group."""
        same = (self.leaving["group"] == group, self.entering["group"] == group)
        return Exits(self.leaving[same[0]], self.entering[same[1]])

    def without(self, group: int) -> Exits:
        """Those of all other groups."""
        others = (self.leaving["group"] != group, self.entering["group"] != group)
        return Exits(self.leaving[others[0]], self.entering[others[1]])

    @property
    def rows(self) -> int:
        """Relations watched."""
        return int(self.leaving["rows"].sum())

    @property
    def removed(self) -> int:
        """Relations that the customer ended."""
        return int(self.leaving.loc[self.leaving["ended"] == CUSTOMER, "rows"].sum())

    def curve(self, level: float) -> SurvivalCurve | None:
        """Product-limit curve of removal by the customer; None with nobody to watch."""
        if not self.rows:
            return None
        entries = self.entering["tenure"].to_numpy(), self.entering["rows"].to_numpy()
        return survival_curve(
            self.leaving["tenure"],
            (self.leaving["ended"] == CUSTOMER).astype(int),
            self.leaving["rows"],
            level,
            entries if self.entering["tenure"].any() else None,
        )


def watched_exits(
    frame: nw.LazyFrame, as_of_day: int, records_from: int, group: nw.Expr | None = None
) -> Exits:
    """When relations ended or were last seen, counted by group.

    Args:
        frame: With ``start_day, end_day, ended``.
        as_of_day: Last day seen.
        records_from: First day on which removals were recorded; what ended before is left out.
        group: Integer expression that names the group; one group where not given.
    """
    import narwhals as nw

    last = nw.col("end_day").fill_null(as_of_day)
    late = nw.lit(records_from) - nw.col("start_day")
    rows = frame.filter(last >= records_from).select(
        group=nw.lit(0) if group is None else group,
        tenure=last - nw.col("start_day"),
        entry=nw.when(late > 0).then(late).otherwise(nw.lit(0)),
        ended=nw.col("ended"),
    )
    leaving = rows.group_by("group", "tenure", "ended").agg(nw.len().alias("rows"))
    entering = rows.group_by("group", "entry").agg(nw.len().alias("rows"))
    return Exits(
        collect(leaving, limit=_MOST_CELLS).astype("int64"),
        collect(entering, limit=_MOST_CELLS).astype("int64").rename(columns={"entry": "tenure"}),
    )


def removed_by_day(
    curve: SurvivalCurve | None, day: int, least: int, level: float
) -> tuple[Interval, tuple[float, float], int] | None:
    """Share removed by a day of tenure, with its interval and what it rests on.

    Returns:
        The share, its effective counts (:func:`privdom_kit.estimates.effective_counts`) and the
        relations still watched on that day; None where they are fewer than ``least``.
    """
    watched = 0 if curve is None else curve.at_risk(day)
    if curve is None or watched < least:
        return None
    counts = effective_counts(curve, day)
    if counts is None or math.isinf(counts[1]):
        return None
    return proportion_interval(*counts, level), counts, watched


def daily_counts(frame: nw.LazyFrame, first_day: int, as_of_day: int) -> pd.DataFrame:
    """Relations by calendar day.

    Returns:
        Index: every day from ``first_day`` to ``as_of_day``. ``at_risk``: stood at some time of
        the day; ``removed``: ended by the customer on it.
    """
    import narwhals as nw
    import pandas as pd

    days = pd.RangeIndex(first_day, as_of_day + 1, name="day")
    began = collect(
        frame.group_by("start_day").agg(nw.len().alias("rows")), limit=_MOST_CELLS
    ).set_index("start_day")["rows"]
    ended = collect(
        frame.filter(~nw.col("end_day").is_null())
        .group_by("end_day", "ended")
        .agg(nw.len().alias("rows")),
        limit=_MOST_CELLS,
    )
    gone = ended.groupby("end_day")["rows"].sum().reindex(days, fill_value=0).astype("int64")
    removed = ended[ended["ended"] == CUSTOMER].set_index("end_day")["rows"]
    came = began.reindex(days, fill_value=0).astype("int64")
    # Who leaves on a day was at risk on it, and no longer on the next.
    at_risk = came.cumsum() - gone.cumsum().shift(1, fill_value=0)
    removed = removed.reindex(days, fill_value=0).astype("int64")
    return pd.DataFrame({"at_risk": at_risk, "removed": removed})


def silent_until(daily: pd.DataFrame, chance: float) -> int | None:
    """The day of the first removal, where the silence before it cannot be chance.

    With the rate of removals since, a silence so long over so many relations would come about
    with less than ``chance``: the records are then taken to begin with the first removal.
    """
    removed = daily["removed"].to_numpy()
    if not removed.any():
        return None
    first = int(np.argmax(removed > 0))
    before, since = daily["at_risk"].iloc[:first].sum(), daily["at_risk"].iloc[first:].sum()
    expected = removed.sum() / since * before
    return int(daily.index[first]) if math.exp(-expected) < chance else None
