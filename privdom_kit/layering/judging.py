"""What the results of user layering have in common: their base, their settings, their units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit import answers
from privdom_kit.answers import Question
from privdom_kit.estimates import Interval, difference_interval
from privdom_kit.layering.units import UNITS
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.messages import Message
    from privdom_kit.settings import Settings


def compare_shares(
    now: tuple[int, int], before: tuple[int, int], settings: Settings
) -> Interval | None:
    """Difference of two shares ``(people with the property, people)``; None below the least."""
    least = settings.layering.min_customers
    if min(now[1], before[1]) < least:
        return None
    return difference_interval(*now, *before, level=settings.layering.confidence_level)


def used_settings(settings: Settings, *names: str) -> dict[str, Any]:
    """Settings of layering by dotted name, and the least cell."""
    dotted = (*(f"layering.{name}" for name in names), "privacy.min_cell")
    return answers.used_settings(settings, *dotted)


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
    return Question(question, methods, UNITS).answer(
        base.as_of,
        verdict,
        table,
        settings,
        coverage=coverage or base.coverage,
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
    return Question(question, methods, UNITS).unanswered(
        base.as_of, verdict, reason, settings, coverage=base.coverage
    )
