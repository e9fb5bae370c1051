"""Published figures by grade, and the metrics for which nothing citable exists."""

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

GRADES = ("A", "A-", "B+", "B", "B-", "C", "C-", "D")
DISPLAYS = ("range", "labelled_line", "hidden")
_FILE = "benchmarks.yml"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published figure that a client's number may stand beside.

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
        low: Lower end in ``unit``; None where open.
        high: Upper end in ``unit``; None where open.
        unit: Unit of low and high; "finding" where the definition is all there is.
        year: Year of the data; None where nobody says.
        industry: Industry of the sample; None where mixed or not given.
        grade: One of :data:`GRADES`: how far the source carries.
        definition: Numerator, denominator and sample as published.
        source: Where it was read.
        caution: What speaks against using it; None where nothing.
    """

    id: str
    en: str
    zh: str
    low: float | None
    high: float | None
    unit: str
    year: int | None
    industry: str | None
    grade: str
    definition: str
    source: str
    caution: str | None

    @property
    def letter(self) -> str:
        """The grade without its sign."""
        return self.grade[0]


@dataclass(frozen=True, slots=True)
class UnknownMetric:
    """A metric for which no citable figure was found.

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
    """

    id: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class DisplayRule:
    """How figures are drawn by default.

    Attributes:
        by_letter: One of :data:`DISPLAYS` for each letter A to D.
        stale_after_years: A figure older than this against the data is marked as stale.
    """

    by_letter: Mapping[str, str]
    stale_after_years: int


@cache
def load_benchmarks() -> dict[str, Benchmark]:
    """All published figures by id, in the order of the file.

    Raises:
        KnowledgeError: A figure has an unknown grade or field, low above high, or no source.
    """
    return read_benchmarks(FOLDER)


@cache
def load_unknown_metrics() -> dict[str, UnknownMetric]:
    """Metrics without a citable figure, by id: shown as unknown, never filled in."""
    return build_records(UnknownMetric, read_yaml(_FILE).get("unknown"), _FILE)


@cache
def load_display_rule() -> DisplayRule:
    """What each grade may be drawn as, and when a figure is stale."""
    content = read_yaml(_FILE).get("display")
    if not isinstance(content, dict):
        raise broken(_FILE, "the file", "has no display", "what each grade may be drawn as")
    content = dict(content)
    years = content.pop("stale_after_years", None)
    for letter, display in content.items():
        check_allowed(display, DISPLAYS, _FILE, "display", letter)
    if not isinstance(years, int):
        raise broken(_FILE, "display", f"has stale_after_years {years!r}", "whole years")
    return DisplayRule(content, years)


def read_benchmarks(folder: Path) -> dict[str, Benchmark]:
    """Read and check the figures of a folder; :func:`load_benchmarks` is its cached form."""
    content = read_yaml(_FILE, folder)
    benchmarks = build_records(Benchmark, content.get("benchmarks"), _FILE)
    for benchmark in benchmarks.values():
        _check(benchmark)
    return benchmarks


def _check(benchmark: Benchmark) -> None:
    label = benchmark.id
    check_allowed(benchmark.grade, GRADES, _FILE, label, "grade")
    texts = ("en", "zh", "unit", "definition", "source")
    check_text({name: getattr(benchmark, name) for name in texts}, _FILE, label)
    ends = [end for end in (benchmark.low, benchmark.high) if end is not None]
    if not all(_is_number(end) for end in ends):
        raise broken(_FILE, label, f"has ends {ends}", "numbers or null")
    if ends != sorted(ends):
        raise broken(_FILE, label, f"has low {ends[0]} above high {ends[1]}", "low up to high")
    if not ends and benchmark.unit != "finding":
        raise broken(_FILE, label, "has neither low nor high", "a figure, or the unit finding")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
