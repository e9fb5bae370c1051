"""Rubrics: what a consultant judges by hand, item by item, with the evidence that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from privdom_kit.knowledge.loading import (
    FOLDER,
    broken,
    build_records,
    check_allowed,
    check_text,
    read_yaml,
)

#: Levels by scale: a yes/no item has one step, the other four levels.
SCALES = {"yes_no": 2, "0_to_3": 4}
SUBJECTS = ("brand", "touchpoint", "account", "post")
LANGUAGES = ("en", "zh")
_FILE = "rubrics.yml"


@dataclass(frozen=True, slots=True)
class RubricItem:
    """One thing to judge.

    Attributes:
        id: Name in forms.yml.
        words: What is asked, by language.
        evidence: What counts as evidence, by language.
        levels: What each level means, lowest first, by language; no and yes on a yes/no scale.
    """

    id: str
    words: Mapping[str, str]
    evidence: Mapping[str, str]
    levels: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """A list of items that are judged together.

    Attributes:
        id: Name in forms.yml.
        words: Its name, by language.
        scale: One of :data:`SCALES`.
        subject: What is rated: one of :data:`SUBJECTS`.
        good: Whether a high score is good; false where each yes is a fault.
        method: Id of the method.
        source: Article id.
        date: When the article says so.
        items: What is judged, in order.
    """

    id: str
    words: Mapping[str, str]
    scale: str
    subject: str
    good: bool
    method: str
    source: str
    date: str
    items: tuple[RubricItem, ...]

    @property
    def top(self) -> int:
        """The highest level of an item."""
        return SCALES[self.scale] - 1

    @property
    def allowed(self) -> str:
        """What an answer may be, in words."""
        return "true or false" if self.scale == "yes_no" else "a whole number from 0 to 3"

    def allows(self, value: object) -> bool:
        """Whether a value is on the scale; a truth value is no level."""
        if self.scale == "yes_no":
            return isinstance(value, bool)
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= self.top


@cache
def load_rubrics() -> dict[str, Rubric]:
    """All rubrics by id, in the order of the file.

    Raises:
        KnowledgeError: The file names an unknown scale, subject or field, gives an id twice, or
            lacks a wording.
    """
    return read_rubrics(FOLDER)


def read_rubrics(folder: Path) -> dict[str, Rubric]:
    """Read and check the rubrics of a folder; :func:`load_rubrics` is its cached form."""
    entries = [_with_items(entry) for entry in _entries(folder)]
    rubrics = build_records(Rubric, entries, _FILE)
    for rubric in rubrics.values():
        _check(rubric)
    return rubrics


def _entries(folder: Path) -> list[dict[str, Any]]:
    entries = read_yaml(_FILE, folder).get("rubrics")
    if not isinstance(entries, list):
        raise broken(_FILE, "the file", "lists no rubrics", "a list under rubrics")
    return entries


def _with_items(entry: dict[str, Any]) -> dict[str, Any]:
    name = f"items of {entry.get('id')}"
    items = build_records(RubricItem, entry.get("items"), f"{_FILE}, {name}")
    return {**entry, "items": tuple(items.values())}


def _check(rubric: Rubric) -> None:
    check_allowed(rubric.scale, SCALES, _FILE, rubric.id, "scale")
    check_allowed(rubric.subject, SUBJECTS, _FILE, rubric.id, "subject")
    check_text({"source": rubric.source, "date": rubric.date}, _FILE, rubric.id)
    _check_words(rubric.words, rubric.id)
    for item in rubric.items:
        label = f"{rubric.id}.{item.id}"
        if len(item.levels) != SCALES[rubric.scale]:
            expected = f"{SCALES[rubric.scale]} for the scale {rubric.scale}"
            raise broken(_FILE, label, f"has {len(item.levels)} levels", expected)
        for words in (item.words, item.evidence, *item.levels):
            _check_words(words, label)


def _check_words(words: Mapping[str, str], label: str) -> None:
    check_text({language: words.get(language) for language in LANGUAGES}, _FILE, label)
