"""Who had the deciding outcome, day of sending by day of sending: what a test looked like when."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from privdom_kit.copy_tests.comparing import Counts
from privdom_kit.copy_tests.primary import challengers, primary_outcome, references
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK
from privdom_kit.copy_tests.sums import collect_sums

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

_Counts = npt.NDArray[np.int64]
_kept: weakref.WeakKeyDictionary[CopyBase, pd.DataFrame] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class DailyCounts:
    """One test by day of sending, cumulated, of people whose window is over.

    Attributes:
        test: Name of the test.
        outcome: The outcome that decides.
        reference: Name of the reference and its kind.
        arms: Names of the arms, the reference not among them.
        days: Days of sending (integer days), rising.
        people: People sent to by then, an array a side; "" is the reference.
        hits: Of those, with the outcome.
    """

    test: str
    outcome: str
    reference: tuple[str, str]
    arms: tuple[str, ...]
    days: tuple[int, ...]
    people: dict[str, _Counts]
    hits: dict[str, _Counts]

    @property
    def total(self) -> _Counts:
        """People of all sides by then."""
        return np.sum(list(self.people.values()), axis=0)

    def pair(self, arm: str, place: int) -> Counts:
        """The counts of an arm and the reference up to a day."""
        hits, people = self.hits, self.people
        ours = int(hits[arm][place]), int(people[arm][place])
        return Counts(*ours, int(hits[""][place]), int(people[""][place]))

    def shown_days(self, first: tuple[int, ...], least: int) -> list[int]:
        """Places of days that can be shown side by side without giving away few people.

        Between two of them, and before the first, every side gained nobody with the outcome or
        ``least`` people at least.

        Args:
            first: Places that are wanted before the others.
            least: People from which on a cell is shown.
        """
        kept: list[int] = []
        rest = [place for place in range(len(self.days)) if place not in first]
        for place in (*reversed(first), *reversed(rest)):
            trial = sorted([*kept, place])
            if all(_safe(np.diff(side[trial], prepend=0), least) for side in self.hits.values()):
                kept = trial
        return kept


def _safe(gained: _Counts, least: int) -> bool:
    return bool(((gained == 0) | (gained >= least)).all())


def daily_counts(base: CopyBase, test: str) -> DailyCounts | None:
    """The days of a test; None where it has nothing to compare or no window is over."""
    primary, compared = primary_outcome(base, test), references(base, test)
    if primary is None or not compared:
        return None
    reference = compared[0]
    held = reference[1] == HELD_BACK
    arms = challengers(base, test, reference[0])
    if not arms or (held and not holdout_recorded(base, test)):
        return None
    rows = _rows(base)
    rows = rows[(rows["test"] == test) & (rows[f"n_{primary.outcome}"] > 0)]
    days = sorted(set(rows["sent_on"]))
    sides = {arm: rows[(rows["arm"] == arm) & ~rows["held"]] for arm in arms}
    sides[""] = rows[rows["held"]] if held else rows[(rows["arm"] == reference[0]) & ~rows["held"]]
    if not days:
        return None
    return DailyCounts(
        test,
        primary.outcome,
        reference,
        tuple(arms),
        tuple(int(day) for day in days),
        {name: _cumulated(side, f"n_{primary.outcome}", days) for name, side in sides.items()},
        {name: _cumulated(side, f"x_{primary.outcome}", days) for name, side in sides.items()},
    )


def _cumulated(side: pd.DataFrame, column: str, days: list[int]) -> _Counts:
    by_day = side.groupby("sent_on")[column].sum().reindex(days, fill_value=0)
    return by_day.cumsum().to_numpy().astype("int64")


def _rows(base: CopyBase) -> pd.DataFrame:
    """Sums by test, arm and day of sending: one grouped query for all tests; made once a base."""
    import narwhals as nw

    units = base.units
    if units is None:
        raise ValueError("there are no units: ask for them first")
    if base not in _kept:
        found = (primary_outcome(base, test) for test in base.tests())
        outcomes = sorted({primary.outcome for primary in found if primary is not None})
        table = collect_sums(
            units.frame.filter(nw.col("arms") == 1), ("test", "arm", "held", "sent_on"), outcomes
        )
        _kept[base] = table.assign(
            test=[units.test_name(int(code)) for code in table["test"]],
            arm=[units.arms[int(code)] for code in table["arm"]],
            held=table["held"] == 1,
        )
    return _kept[base]
