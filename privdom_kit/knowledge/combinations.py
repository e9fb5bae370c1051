"""Combinations of touchpoints that were found to work, and the two axes on which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from privdom_kit.knowledge.loading import (
    FOLDER,
    broken,
    build_records,
    check_allowed,
    check_text,
    read_yaml,
)

KINDS = ("tool", "operation")
DOMAINS = ("public", "private")
_FILE = "combinations.yml"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a touchpoint stands on the two axes (S176).

    Attributes:
        id: Touchpoint.
        kind: tool or operation.
        domain: public or private.
    """

    id: str
    kind: str
    domain: str


@dataclass(frozen=True, slots=True)
class Combination:
    """A combination of touchpoints (S175).

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
        needs: What it joins; of each entry one touchpoint has to be in use.
        why: What makes it work.
        reading: How far the article names it.
    """

    id: str
    en: str
    zh: str
    needs: tuple[tuple[str, ...], ...]
    why: str
    reading: str

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """Every touchpoint that may be part of it, each once."""
        return tuple(dict.fromkeys(place for choice in self.needs for place in choice))


@dataclass(frozen=True, slots=True)
class CombinationLibrary:
    """All combinations and places.

    Attributes:
        combinations: By id, in the order of the file.
        places: By touchpoint.
        source: Who said it.
        date: When.
    """

    combinations: dict[str, Combination]
    places: dict[str, Place]
    source: str
    date: str


@cache
def load_combinations() -> CombinationLibrary:
    """The library that the package ships.

    Raises:
        KnowledgeError: An entry has an unknown field, kind, domain or touchpoint.
    """
    return read_combinations(FOLDER)


def read_combinations(folder: Path) -> CombinationLibrary:
    """Read and check the library of a folder; :func:`load_combinations` is its cached form."""
    content = read_yaml(_FILE, folder)
    check_text({key: content.get(key) for key in ("source", "date")}, _FILE, "the file")
    places = build_records(Place, content.get("touchpoints"), _FILE)
    for place in places.values():
        check_allowed(place.kind, KINDS, _FILE, place.id, "kind")
        check_allowed(place.domain, DOMAINS, _FILE, place.id, "domain")
    found = build_records(Combination, content.get("combinations"), _FILE)
    checked = {name: _checked(one, places) for name, one in found.items()}
    return CombinationLibrary(checked, places, content["source"], content["date"])


def _checked(one: Combination, places: dict[str, Place]) -> Combination:
    check_text({k: getattr(one, k) for k in ("en", "zh", "why", "reading")}, _FILE, one.id)
    if not one.needs or not all(isinstance(choice, list) and choice for choice in one.needs):
        raise broken(_FILE, one.id, f"has needs {one.needs!r}", "a list of lists of touchpoints")
    for choice in one.needs:
        for touchpoint in choice:
            check_allowed(touchpoint, places, _FILE, one.id, "touchpoint")
    needs = tuple(tuple(choice) for choice in one.needs)
    return Combination(one.id, one.en, one.zh, needs, one.why, one.reading)
