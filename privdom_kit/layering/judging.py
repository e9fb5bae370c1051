"""How user layering comes to a verdict: the client against itself, by intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.estimates import Interval, difference_interval, proportion_interval
from privdom_kit.layering.units import units_of
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.messages import Message
    from privdom_kit.settings import Settings


def judge_change(change: Interval | None, tolerance: float, worse: str) -> Verdict:
    """The verdict on a change of a share.

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


def compare_shares(
    now: tuple[int, int], before: tuple[int, int], settings: Settings
) -> Interval | None:
    """Difference of two shares ``(people with the property, people)``; None below the least."""
    least = settings.layering.min_customers
    if min(now[1], before[1]) < least:
        return None
    return difference_interval(*now, *before, level=settings.layering.confidence_level)


def rate(x: Any, n: Any, name: str, level: float) -> dict[str, float | None]:
    """``name`` with its Wilson bounds; all None where there is nobody to count."""
    keys = (name, f"{name}_ci_lower", f"{name}_ci_upper")
    if not n:
        return dict.fromkeys(keys)
    found = proportion_interval(int(x), int(n), level)
    return dict(zip(keys, (found.estimate, found.lower, found.upper), strict=True))


def change_figures(name: str, change: Interval | None) -> dict[str, float | None]:
    """``name`` with its bounds out of an interval; all None without one."""
    keys = (name, f"{name}_ci_lower", f"{name}_ci_upper")
    if change is None or math.isnan(change.estimate):
        return dict.fromkeys(keys)
    return dict(zip(keys, (change.estimate, change.lower, change.upper), strict=True))


def add_rate(table: pd.DataFrame, x: str, n: str, name: str, level: float) -> pd.DataFrame:
    """The table with the share ``x / n`` and its Wilson bounds as further columns."""
    import pandas as pd

    rates = [rate(a, b, name, level) for a, b in zip(table[x], table[n], strict=True)]
    keys = [name, f"{name}_ci_lower", f"{name}_ci_upper"]
    columns = pd.DataFrame(rates, columns=keys, index=table.index, dtype="float64")
    return pd.concat([table, columns], axis=1)


def used_settings(settings: Settings, *names: str) -> dict[str, Any]:
    """Settings of layering by dotted name, and the least cell."""
    chosen = {f"layering.{name}": getattr(settings.layering, name) for name in names}
    return {**chosen, "privacy.min_cell": settings.privacy.min_cell}


def answer(
    base: CustomerBase,
    question: str,
    methods: tuple[str, ...],
    verdict: Verdict,
    table: pd.DataFrame,
    settings: Mapping[str, Any],
    *,
    coverage: Coverage | None = None,
    figures: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    notes: tuple[Message, ...] = (),
) -> Result:
    """A Result with the units of all that it holds."""
    figures, tables = dict(figures or {}), dict(tables or {})
    names = [*table.columns, *figures, *(c for extra in tables.values() for c in extra.columns)]
    return Result(
        question=question,
        methods=methods,
        verdict=verdict,
        table=table,
        units=units_of(names),
        settings=settings,
        coverage=coverage or base.coverage,
        as_of=base.as_of,
        figures=figures,
        tables=tables,
        notes=notes,
    )


def unanswered(
    base: CustomerBase,
    question: str,
    methods: tuple[str, ...],
    verdict: Verdict,
    reason: Message,
    settings: Mapping[str, Any],
) -> Result:
    """A Result that says why there is no answer; its first note is the reason."""
    import pandas as pd

    empty = pd.DataFrame()
    return answer(base, question, methods, verdict, empty, settings, notes=(reason,))
