"""The register of rules and limits that plans and texts are checked against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

TOPICS = (
    "sms",
    "advertising",
    "calls",
    "personal_information",
    "wecom",
    "official_account",
    "induced_sharing",
)
SEVERITIES = ("block", "warn", "info")
TAGS = ("OFF", "LAW", "WEB", "MEM", "HOUSE", "DERIVED")
LANGUAGES = ("en", "zh")
_FILE = "rules.yml"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a channel, a platform or the law; a lint aid, not legal advice.

    Attributes:
        id: As "SMS-01".
        topic: One of :data:`TOPICS`.
        rule: What it asks, by language (en, zh).
        severity: One of :data:`SEVERITIES`.
        source: Where it was read.
        tags: How far the source carries, of :data:`TAGS`; MEM is shown as "verify".
        checked_on: Date that the source states for itself; None where it states none.
        remedy: What to do instead, by language (en, zh).
        severity_note: When another severity holds; None where it always holds.
        vendors: Vendors that state it; empty where it holds for all.
        patterns: Keywords whose presence is a hit; ``{n}`` stands for a number, ``{x}`` for up to
            four letters or characters.
        exceptions: Longer strings in which a keyword is no hit.
        near: Words by keyword of which one must stand in the same sentence; a keyword that means
            other things as well is only for information without them.
        required: Strings of which at least one must be present.
        values: Numbers of the rule by name, the unit in the name.
    """

    id: str
    topic: str
    rule: Mapping[str, str]
    severity: str
    source: str
    tags: tuple[str, ...]
    checked_on: str | None
    remedy: Mapping[str, str]
    severity_note: str | None = None
    vendors: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    near: Mapping[str, Sequence[str]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)


@cache
def load_rules() -> dict[str, Rule]:
    """All rules by id, in the order of the file.

    Raises:
        KnowledgeError: The register names an unknown topic, severity, tag or field, gives an id
            twice, or lacks a wording.
    """
    return read_rules(FOLDER)


def read_rules(folder: Path) -> dict[str, Rule]:
    """Read and check the register of a folder; :func:`load_rules` is its cached form."""
    rules = build_records(Rule, read_yaml(_FILE, folder).get("rules"), _FILE)
    for rule in rules.values():
        _check(rule)
    return rules


def _check(rule: Rule) -> None:
    check_allowed(rule.topic, TOPICS, _FILE, rule.id, "topic")
    check_allowed(rule.severity, SEVERITIES, _FILE, rule.id, "severity")
    check_text({"source": rule.source}, _FILE, rule.id)
    if not rule.tags:
        raise broken(_FILE, rule.id, "has no tag", f"one of {', '.join(TAGS)}")
    for tag in rule.tags:
        check_allowed(tag, TAGS, _FILE, rule.id, "tag")
    for pattern in rule.near:
        check_allowed(pattern, rule.patterns, _FILE, rule.id, "near")
    for wording in (rule.rule, rule.remedy):
        check_text({language: wording.get(language) for language in LANGUAGES}, _FILE, rule.id)
