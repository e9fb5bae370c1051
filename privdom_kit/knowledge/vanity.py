"""Counts that a goal must not name alone, each with the active metric that belongs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from privdom_kit.knowledge.loading import build_records, read_yaml

_FILE = "vanity.yml"


@dataclass(frozen=True, slots=True)
class VanityMetric:
    """A stock that looks like success.

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
        words: How goals name it, lower case.
        pair: The active metric that should stand beside it, a name of ``labels``.
    """

    id: str
    en: str
    zh: str
    words: tuple[str, ...]
    pair: str


@cache
def load_vanity() -> Mapping[str, VanityMetric]:
    """The list of article 001 (S061) by id: followers, reads, contacts, groups.

    Raises:
        KnowledgeError: The file cannot be used.
    """
    return build_records(VanityMetric, read_yaml(_FILE)["stocks"], _FILE)


def find_vanity(metric: str) -> VanityMetric | None:
    """The stock that a goal's metric names; None where it names none of the list."""
    name = " ".join(metric.strip().lower().replace("_", " ").split())
    return next((v for v in load_vanity().values() if name in (v.id, *v.words)), None)
