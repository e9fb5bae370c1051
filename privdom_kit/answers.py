"""How every topic comes to a result: rates with intervals, verdicts on changes, units by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.estimates import Interval, proportion_interval
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.messages import Message

_ENDS = {"_ci_lower": "lower bound", "_ci_upper": "upper bound"}
NOTHING_SEEN = Coverage(0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A question of a playbook, and how its results are put together.

    Attributes:
        name: Fixed name (contract, section 4).
        methods: Ids of the methods that it answers.
        units: Unit of each column and figure of its results; bounds take theirs from what they
            bound. The word before the colon is a format of :mod:`privdom_kit.formats`.
    """

    name: str
    methods: tuple[str, ...]
    units: Mapping[str, str]

    def answer(
        self,
        as_of: str,
        verdict: Verdict,
        table: pd.DataFrame,
        settings: Mapping[str, Any],
        *,
        coverage: Coverage = NOTHING_SEEN,
        figures: Mapping[str, Any] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
        notes: tuple[Message, ...] = (),
    ) -> Result:
        """The Result, with the unit of all that it holds.

        Raises:
            KeyError: A column or figure has no unit (a programming error).
        """
        figures, tables = dict(figures or {}), dict(tables or {})
        names = [*table.columns, *figures, *(c for extra in tables.values() for c in extra.columns)]
        return Result(
            question=self.name,
            methods=self.methods,
            verdict=verdict,
            table=table,
            units={name: unit_of(name, self.units) for name in names},
            settings=settings,
            coverage=coverage,
            as_of=as_of,
            figures=figures,
            tables=tables,
            notes=notes,
        )

    def unanswered(
        self,
        as_of: str,
        verdict: Verdict,
        reason: Message,
        settings: Mapping[str, Any],
        *,
        coverage: Coverage = NOTHING_SEEN,
    ) -> Result:
        """A Result that says why there is no answer; its first note is the reason."""
        import pandas as pd

        empty = pd.DataFrame()
        return self.answer(as_of, verdict, empty, settings, coverage=coverage, notes=(reason,))


def unit_of(name: str, units: Mapping[str, str]) -> str:
    """The unit of a column or figure; a bound's out of what it bounds.

    Raises:
        KeyError: It has none.
    """
    for ending, words in _ENDS.items():
        if name.endswith(ending):
            return f"{units[name.removesuffix(ending)]}, {words}"
    return units[name]


def used_settings(settings: Any, *names: str) -> dict[str, Any]:
    """The values of settings by dotted name, e.g. ``touchpoints.churn_days``."""
    found = {}
    for name in names:
        topic, _, key = name.partition(".")
        found[name] = getattr(getattr(settings, topic), key)
    return found


def judge_change(change: Interval | None, tolerance: float, worse: str) -> Verdict:
    """The verdict on a change or difference.

    Args:
        change: Now less before; None where the groups are too small to compare.
        tolerance: Change that does not matter.
        worse: up or down: the direction that hurts.

    Returns:
        act: worse for sure (the interval excludes no change), and by more than the tolerance.
        clear: not worse by more than the tolerance anywhere in the interval.
        watch: neither can be said. not_enough_data: no interval.
    """
    if change is None:
        return Verdict.NOT_ENOUGH_DATA
    sign = 1 if worse == "up" else -1
    least, most = sorted((sign * change.lower, sign * change.upper))
    if least > 0 and sign * change.estimate > tolerance:
        return Verdict.ACT
    return Verdict.CLEAR if most <= tolerance else Verdict.WATCH


def rate(x: Any, n: Any, name: str, level: float) -> dict[str, float | None]:
    """``name`` with its Wilson bounds; all None where there is nobody to count."""
    if not n:
        return dict.fromkeys(bounded(name))
    return interval_figures(name, proportion_interval(int(x), int(n), level))


def interval_figures(name: str, interval: Interval | None) -> dict[str, float | None]:
    """``name`` with its bounds out of an interval; all None without one."""
    if interval is None or math.isnan(interval.estimate):
        return dict.fromkeys(bounded(name))
    ends = (interval.estimate, interval.lower, interval.upper)
    return dict(zip(bounded(name), ends, strict=True))


def bounded(name: str) -> tuple[str, str, str]:
    """The three names under which an estimate stands."""
    return name, f"{name}_ci_lower", f"{name}_ci_upper"


def add_rate(table: pd.DataFrame, x: str, n: str, name: str, level: float) -> pd.DataFrame:
    """The table with the share ``x / n`` and its Wilson bounds as further columns."""
    import pandas as pd

    rates = [rate(a, b, name, level) for a, b in zip(table[x], table[n], strict=True)]
    columns = pd.DataFrame(rates, columns=list(bounded(name)), index=table.index, dtype="float64")
    return pd.concat([table, columns], axis=1)
