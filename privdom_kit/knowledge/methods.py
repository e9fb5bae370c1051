"""The catalogue of methods: what each one computes, which question answers it, and who said it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from privdom_kit.errors import ConfigError, nearest
from privdom_kit.knowledge.columns import align_columns
from privdom_kit.knowledge.loading import (
    FOLDER,
    broken,
    build_records,
    check_allowed,
    check_text,
    read_yaml,
)
from privdom_kit.knowledge.questions import PLAYBOOKS, TITLES

KINDS = ("computed", "rubric", "rule", "benchmark", "context")
STATUSES = ("available", "planned")
_FILE = "methods.yml"
_WIDTH = 84
_ID = re.compile(r"S\d{3}")
_INPUT = re.compile(r"[a-z_]+(\.[a-z_]+)?")
_DATE = re.compile(r"\d{4}(-\d{2}){0,2}(/\d{4})?")
_HEADINGS = {
    "en": ("id", "name (zh)", "name (en)", "playbook/question", "kind", "status"),
    "zh": ("编号", "中文名", "英文名", "手册/问题", "类型", "状态"),
}
_WORDS: dict[str, dict[str, str]] = {
    "en": {},
    "zh": {
        "computed": "计算",
        "rubric": "评分",
        "rule": "规则",
        "benchmark": "基准",
        "context": "背景",
        "available": "已提供",
        "planned": "计划中",
    },
}
_TOTALS = {
    "en": "{total} methods: {available} available, {planned} planned",
    "zh": "共{total}个方法：已提供{available}个，计划中{planned}个",
}


@dataclass(frozen=True, slots=True)
class Article:
    """One of the source articles.

    Attributes:
        id: "000" to "004".
        source: Who said it and where.
        published: Year, month or day, as far as known.
        note: What a reader must know of the copy; None where nothing.
    """

    id: str
    source: str
    published: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Method:
    """A method, metric, threshold or rule of the articles.

    Attributes:
        id: "S001" to "S211".
        zh: Name in Chinese.
        en: Name in English.
        formula: What is computed or decided, with numerator, denominator and defaults.
        inputs: Canonical tables or table.column, ``forms``, ``results``, ``economics.key``.
        playbook: Playbook that answers it.
        question: Question of that playbook.
        kind: One of :data:`KINDS`.
        article: Id of the source article.
        date: When the claim was made (year, month or a span of years); None where nobody says.
        status: One of :data:`STATUSES`.
    """

    id: str
    zh: str
    en: str
    formula: str
    inputs: tuple[str, ...]
    playbook: str
    question: str
    kind: str
    article: str
    date: str | None
    status: str

    @property
    def home(self) -> str:
        """Playbook and question, as "01_user_layering/states"."""
        return f"{self.playbook}/{self.question}"


@cache
def load_methods() -> dict[str, Method]:
    """All methods by id, in the order of their ids.

    Raises:
        KnowledgeError: The catalogue names an unknown kind, playbook, question, article or field,
            gives an id twice, or leaves a name or a formula empty.
    """
    return read_methods(FOLDER)


@cache
def load_articles() -> dict[str, Article]:
    """The source articles by id."""
    return _read_articles(read_yaml(_FILE))


def read_methods(folder: Path) -> dict[str, Method]:
    """Read and check the catalogue of a folder; :func:`load_methods` is its cached form."""
    content = read_yaml(_FILE, folder)
    articles = _read_articles(content)
    methods = build_records(Method, content.get("methods"), _FILE)
    for method in methods.values():
        _check(method, articles)
    return dict(sorted(methods.items()))


def find_method(method_id: str) -> Method:
    """The method of an id, in any case of letters.

    Raises:
        ConfigError: There is no such id; the error names the nearest ones.
    """
    methods = load_methods()
    wanted = method_id.strip().upper()
    if wanted in methods:
        return methods[wanted]
    ids = list(methods)
    close = ", ".join(_nearest_ids(wanted, ids))
    raise ConfigError(
        f'The catalogue has no method "{method_id}"',
        f"Ids run from {ids[0]} to {ids[-1]}" + (f"; nearest: {close}" if close else ""),
        "`privdom methods` lists them all",
    )


def render_catalogue(methods: Mapping[str, Method], language: str = "en") -> str:
    """The catalogue as text, a line a method under one heading, with the totals at the end.

    Args:
        methods: Methods by id, as :func:`load_methods` gives them.
        language: zh or en, for headings, kinds and states; both names always stand.
    """
    words = _WORDS[language]
    rows = [_HEADINGS[language]] + [_row(method, words) for method in methods.values()]
    counts = Counter(method.status for method in methods.values())
    totals = {status: counts[status] for status in STATUSES}
    return "\n".join(
        [*align_columns(rows), "", _TOTALS[language].format(total=len(methods), **totals)]
    )


def render_method(method: Method) -> str:
    """A method as a card: names, formula, inputs, home, kind, state and source."""
    lines = [f"{method.id}  {method.zh} | {method.en}"]
    for name, text in _card(method).items():
        lines += textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"  {name:<10}",
            subsequent_indent=" " * 12,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _row(method: Method, words: Mapping[str, str]) -> tuple[str, ...]:
    kind, status = (words.get(word, word) for word in (method.kind, method.status))
    return (method.id, method.zh, method.en, method.home, kind, status)


def _card(method: Method) -> dict[str, str]:
    article = load_articles()[method.article]
    claim = f"claim of {method.date}" if method.date else "claim undated"
    note = f"; {article.note}" if article.note else ""
    return {
        "formula": method.formula,
        "inputs": ", ".join(method.inputs) or "none",
        "playbook": f"{method.playbook} ({TITLES[method.playbook]['en']})",
        "question": method.question,
        "kind": method.kind,
        "status": method.status,
        "source": f"article {article.id}: {article.source}, {article.published}{note}; {claim}",
    }


def _nearest_ids(wanted: str, ids: list[str], count: int = 3) -> list[str]:
    digits = re.fullmatch(r"S?0*(\d{1,9})", wanted)
    if not digits:
        return sorted(nearest(wanted, ids, count))
    number = int(digits[1])
    return sorted(sorted(ids, key=lambda known: abs(int(known[1:]) - number))[:count])


def _read_articles(content: Mapping[str, Any]) -> dict[str, Article]:
    articles = content.get("articles")
    if not isinstance(articles, dict):
        raise broken(_FILE, "the file", "has no articles", "a mapping of articles by id")
    entries = [{"id": key, **(entry or {})} for key, entry in articles.items()]
    return build_records(Article, entries, _FILE)


def _check(method: Method, articles: Mapping[str, Article]) -> None:
    names = {field: getattr(method, field) for field in ("zh", "en", "formula")}
    check_text(names, _FILE, method.id)
    check_allowed(method.kind, KINDS, _FILE, method.id, "kind")
    check_allowed(method.status, STATUSES, _FILE, method.id, "status")
    check_allowed(method.article, articles, _FILE, method.id, "article")
    check_allowed(method.playbook, PLAYBOOKS, _FILE, method.id, "playbook")
    check_allowed(method.question, PLAYBOOKS[method.playbook], _FILE, method.id, "question")
    if not _ID.fullmatch(method.id):
        raise broken(_FILE, method.id, "is no id", "S and three digits")
    _check_inputs(method)
    if method.date is not None and not _DATE.fullmatch(str(method.date)):
        raise broken(_FILE, method.id, f'has date "{method.date}"', "a year, month or day, or null")


def _check_inputs(method: Method) -> None:
    if not isinstance(method.inputs, tuple):
        raise broken(_FILE, method.id, f'has inputs "{method.inputs}"', "a list")
    for name in method.inputs:
        if not isinstance(name, str) or not _INPUT.fullmatch(name):
            raise broken(_FILE, method.id, f'has input "{name}"', "a table or table.column")
