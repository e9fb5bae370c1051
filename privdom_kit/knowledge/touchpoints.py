"""The catalogue of touchpoints, with their roles and what each is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from privdom_kit.knowledge.loading import (
    FOLDER,
    build_records,
    check_allowed,
    check_text,
    read_yaml,
)

ROLES = (
    *("scale", "awareness", "seeding", "closeness", "real_person", "interaction", "transaction"),
    *("entry", "service", "direct_reach"),
)
GROUPS = (
    *("service_account", "mini_program", "wecom", "group", "moments", "channels", "live"),
    *("public", "pay", "store", "direct_reach", "service"),
)
KINDS = ("rate", "count")
LANGUAGES = ("en", "zh")
_FILE = "touchpoints.yml"


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One place where brand and user meet.

    Attributes:
        id: Name in the data and in forms.yml.
        words: Its name, by language.
        group: One of :data:`GROUPS`.
        role: What it is mostly for: one of :data:`ROLES`.
        kpi: Id of what it is measured by.
        metric: Statistic that stands in for the kpi, of touchpoint_days, posts or groups; None
            where none does.
        seen_as: What else in the data shows it at work: ``touchpoint.action`` or
            ``touchpoint:metric``.
    """

    id: str
    words: Mapping[str, str]
    group: str
    role: str
    kpi: str
    metric: str | None = None
    seen_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kpi:
    """What a touchpoint is measured by.

    Attributes:
        id: Name in forms.yml.
        words: What is counted, by language.
        kind: rate or count.
    """

    id: str
    words: Mapping[str, str]
    kind: str


@dataclass(frozen=True, slots=True)
class Role:
    """What a touchpoint is for.

    Attributes:
        id: One of :data:`ROLES`.
        words: Its name, by language.
    """

    id: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Which touchpoints carry a role, as an article has it.

    Attributes:
        role: The role.
        touchpoints: Ids of those that carry it.
        method: Id of the method that says so.
    """

    role: str
    touchpoints: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of the file.

    Attributes:
        touchpoints: By id, in the order of the file.
        kpis: By id.
        roles: By id.
        rules: Rules of roles; by role, each once.
        source: Where the list comes from.
        date: Of which date it is.
    """

    touchpoints: Mapping[str, Touchpoint]
    kpis: Mapping[str, Kpi]
    roles: Mapping[str, Role]
    rules: Mapping[str, RoleRule]
    source: str
    date: str


@cache
def load_touchpoints() -> Catalogue:
    """The catalogue.

    Raises:
        KnowledgeError: The file names an unknown group, role, kpi or field, gives an id twice, or
            lacks a wording.
    """
    return read_touchpoints(FOLDER)


def read_touchpoints(folder: Path) -> Catalogue:
    """Read and check the catalogue of a folder; :func:`load_touchpoints` is its cached form."""
    content = read_yaml(_FILE, folder)
    made = Catalogue(
        touchpoints=build_records(Touchpoint, content.get("touchpoints"), _FILE),
        kpis=build_records(Kpi, content.get("kpis"), _FILE),
        roles=build_records(Role, content.get("roles"), _FILE),
        rules=build_records(RoleRule, content.get("role_rules"), _FILE, key="role"),
        source=str(content.get("source", "")),
        date=str(content.get("date", "")),
    )
    _check(made)
    return made


def _check(made: Catalogue) -> None:
    check_text({"source": made.source, "date": made.date}, _FILE, "the file")
    for kpi in made.kpis.values():
        check_allowed(kpi.kind, KINDS, _FILE, kpi.id, "kind")
    for role in made.roles.values():
        check_allowed(role.id, ROLES, _FILE, role.id, "id")
    for one in made.touchpoints.values():
        check_allowed(one.group, GROUPS, _FILE, one.id, "group")
        check_allowed(one.role, made.roles, _FILE, one.id, "role")
        check_allowed(one.kpi, made.kpis, _FILE, one.id, "kpi")
    for rule in made.rules.values():
        check_allowed(rule.role, made.roles, _FILE, rule.role, "role")
        for touchpoint in rule.touchpoints:
            check_allowed(touchpoint, made.touchpoints, _FILE, rule.role, "touchpoint")
    named: tuple[Mapping[str, Touchpoint | Kpi | Role], ...]
    named = (made.touchpoints, made.kpis, made.roles)
    for group in named:
        for name, record in group.items():
            words = {language: record.words.get(language) for language in LANGUAGES}
            check_text(words, _FILE, name)
