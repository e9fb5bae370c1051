"""Errors that a consultant reads: what was found, what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PrivdomError(Exception):
    """An error worded for the person at the keyboard, in one paragraph.

    Args:
        found: What was found, naming the file, the key or column, and the value.
        expected: What would have been accepted.
        remedy: What to do next.
    """

    exit_status = 2

    def __init__(self, found: str, expected: str, remedy: str = "") -> None:
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(" ".join(_sentence(part) for part in (found, expected, remedy) if part))


class ConfigError(PrivdomError):
    """The configuration (client.yml, a parameter, the call) cannot be used."""


class DataError(PrivdomError):
    """The client's data cannot be used as they are."""


class NotMeasurable(PrivdomError):
    """A question cannot be answered from the tables that were given."""

    exit_status = 1


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!", "。")) else f"{text}."


def nearest(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """The known words closest to ``word``, best first; empty where none is close."""
    return difflib.get_close_matches(str(word), [str(k) for k in known], n=count, cutoff=0.5)
