"""What the findings of all topics have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.messages import msg
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

CRM_LEAD = msg("CRM lead")
DATA_OWNER = msg("Data owner")
NOT_IN_MONEY = msg("What this is worth cannot be derived from these data.")


def unanswered_finding(result: Result) -> Finding | None:
    """The finding of a result that holds nothing but its reason; None where it holds an answer."""
    if len(result.table):
        return None
    return Finding(result, statement=result.notes[0], owner=DATA_OWNER)


def needs_action(result: Result) -> bool:
    """Whether the verdict calls for a next step."""
    return result.verdict in (Verdict.ACT, Verdict.WATCH)


def row(table: pd.DataFrame, column: str, value: str) -> Any:
    """The row of a table whose ``column`` holds ``value``."""
    return table.set_index(column).loc[value]
