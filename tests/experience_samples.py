"""Small brands for the tests of stages, experience, pain points and service recovery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import client_tables
import pandas as pd

from privdom_kit.engine import closing, connect


@contextmanager
def audit(frames: dict, as_of_day: int = 400, **options: Any) -> Iterator[tuple]:
    """``(base, settings)`` of a client with these tables."""
    with closing(connect()) as connection:
        yield client_tables.base(connection, frames, as_of_day, **options)


def answers(rows: list[tuple]) -> pd.DataFrame:
    """Responses from ``(customer, stage, score[, pain_point[, touchpoint]])`` rows."""
    names = ["customer", "stage", "score", "pain_point", "touchpoint"]
    frame = pd.DataFrame([(*row, *[None] * (5 - len(row))) for row in rows], columns=names)
    frame = frame.dropna(axis=1, how="all").assign(answered_on=300)
    frame["customer"] = frame["customer"].astype("Int32")
    return frame.assign(score=frame["score"].astype("float64"))


def spread(stage: str, scores: list[float], first: int = 0, pain: str | None = None) -> list[tuple]:
    """One answer a person at a stage, the people numbered from ``first``."""
    return [(first + i, stage, score, pain) for i, score in enumerate(scores)]


def journey(*stages: str, **options: dict) -> dict:
    """The journey of forms.yml with these stages in this order."""
    return {"journey": {"stages": {name: options.get(name, {}) for name in stages}}}


def touches(rows: list[tuple]) -> pd.DataFrame:
    """Touches from ``(customer, day, touchpoint, action, direction)`` rows."""
    names = ["customer", "occurred_on", "touchpoint", "action", "direction"]
    return pd.DataFrame(rows, columns=names)


def friends(rows: list[tuple]) -> pd.DataFrame:
    """Contacts from ``(customer, day)`` rows."""
    return pd.DataFrame(rows, columns=["customer", "added_on"]).assign(staff_id="s1")


def tickets(rows: list[tuple]) -> pd.DataFrame:
    """Service cases from ``(customer, opened_on, resolved_on[, theme, severity])`` rows."""
    names = ["customer", "opened_on", "resolved_on", "theme", "severity"]
    frame = pd.DataFrame([(*row, *[None] * (5 - len(row))) for row in rows], columns=names)
    frame["resolved_on"] = frame["resolved_on"].astype("Int32")
    return frame.drop(columns=[c for c in ("theme", "severity") if frame[c].isna().all()])
