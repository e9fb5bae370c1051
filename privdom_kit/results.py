"""What a question answers with: a result, and the finding that words it.

A result holds raw numbers and the verdict that the settings chose; a finding holds sentences.
Neither knows of drawing, languages or files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from privdom_kit.formats import is_missing
from privdom_kit.messages import Message

if TYPE_CHECKING:
    import pandas as pd


class Verdict(StrEnum):
    """What the data carry. Missing evidence is never ``clear``."""

    CLEAR = "clear"
    WATCH = "watch"
    ACT = "act"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many rows a calculation saw and used.

    Attributes:
        rows: Rows in the input.
        used: Rows that entered the calculation.
        dropped: Rows left out, by reason; ``rows == used + sum(dropped.values())``.
    """

    rows: int
    used: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows != self.used + sum(self.dropped.values()):
            raise ValueError(f"coverage does not add up: {self}")

    @property
    def reliable_share(self) -> float:
        """Share of the rows that could be read and name whom they concern.

        Rows left out on purpose (closed, returned, told twice, after ``as_of``) are understood;
        quarantined rows and rows that name nobody are not.
        """
        lost = sum(self.dropped.get(reason, 0) for reason in _NOT_UNDERSTOOD)
        return 1 - lost / self.rows if self.rows else 0.0


_NOT_UNDERSTOOD = ("quarantined", "no customer")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The answer to one question.

    Attributes:
        question: Fixed name of the question (contract, section 4).
        methods: Ids of the methods in ``knowledge/methods.yml`` that the numbers answer.
        verdict: Chosen by the settings.
        table: Raw numbers; a share stands beside its numerator and denominator, an estimate
            beside ``*_ci_lower`` and ``*_ci_upper``. Suppressed cells are null.
        units: Unit of each column or figure that is not a plain count, by name. A value that
            names a format of ``formats.KINDS`` before a colon ("percent: share of customers")
            decides how it is shown.
        settings: The settings that were used, by dotted name.
        coverage: Rows seen, used and dropped by reason.
        as_of: Last day seen, ISO.
        figures: Single numbers of the answer (denominators, headline estimates) by name.
        tables: Further tables by name, as ``table``.
        notes: Caveats, each a Message.
    """

    question: str
    methods: tuple[str, ...]
    verdict: Verdict
    table: pd.DataFrame
    units: Mapping[str, str]
    settings: Mapping[str, Any]
    coverage: Coverage
    as_of: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()

    def to_dict(self, language: str | None = None) -> dict[str, Any]:
        """The content of ``results/<playbook>/<question>.json``: raw numbers, null for missing."""
        return {
            "question": self.question,
            "methods": list(self.methods),
            "verdict": str(self.verdict),
            "table": records(self.table),
            "units": dict(self.units),
            "settings": {key: plain(value) for key, value in self.settings.items()},
            "coverage": {
                "rows": self.coverage.rows,
                "used": self.coverage.used,
                "dropped": dict(self.coverage.dropped),
            },
            "as_of": self.as_of,
            "figures": {key: plain(value) for key, value in self.figures.items()},
            "tables": {name: records(table) for name, table in self.tables.items()},
            "notes": [note.render(language) for note in self.notes],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A result in words: what it says, what supports it, what is at stake, what to do.

    Attributes:
        result: The result that it words.
        statement: One sentence that a client understands alone.
        evidence: The numbers behind it, a sentence each.
        action: What to do next; None where nothing needs doing or nothing was measured.
        owner: Who does it.
        money_at_stake: In the client's currency; None where it cannot be derived.
        money_basis: How ``money_at_stake`` was derived, or why it was not.
        money_period: year (the sum comes again every year) or once.
    """

    result: Result
    statement: Message
    evidence: tuple[Message, ...] = ()
    action: Message | None = None
    owner: Message | None = None
    money_at_stake: float | None = None
    money_basis: Message | None = None
    money_period: Literal["year", "once"] = "year"

    @property
    def confidence(self) -> str | None:
        """high, medium or low by the share of rows that can be relied on.

        None where nothing was measured.
        """
        if self.result.verdict in (Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA):
            return None
        share = self.result.coverage.reliable_share
        return next(word for word, least in CONFIDENCE if share >= least)

    def to_dict(self, playbook: str, language: str | None = None) -> dict[str, Any]:
        """One entry of ``findings.json``."""

        def say(message: Message | None) -> str | None:
            return None if message is None else message.render(language)

        # A sum comes again every year unless its finding says otherwise.
        once = {"money_period": "once"} if self.money_period == "once" else {}
        return {
            "id": f"{playbook}/{self.result.question}",
            "playbook": playbook,
            "question": self.result.question,
            "methods": list(self.result.methods),
            "verdict": str(self.result.verdict),
            "statement": say(self.statement),
            "evidence": [say(sentence) for sentence in self.evidence],
            "money_at_stake": plain(self.money_at_stake),
            "money_basis": say(self.money_basis),
            "action": say(self.action),
            "owner": say(self.owner) if self.action else None,
            "confidence": self.confidence,
            **once,
        }


# Share of the rows that must be understood for that confidence (house rule, 2026-11).
CONFIDENCE = (("high", 0.95), ("medium", 0.80), ("low", 0.0))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dicts."""
    columns = [str(column) for column in table.columns]
    rows = zip(*(table[column].tolist() for column in table.columns), strict=True)
    return [dict(zip(columns, map(plain, row), strict=True)) for row in rows]


def plain(value: Any) -> Any:
    """A value as JSON holds it: numbers raw, missing as None, nothing infinite.

    Raises:
        ValueError: The value is infinite, which no result may hold.
    """
    if is_missing(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a result holds an infinite number")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else str(value)
