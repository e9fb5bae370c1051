"""Stage models: AIPL, AARRR, DEEPLINK and 招育转留赞 as rules on the one scale of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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

_FILE = "stage_models.yml"
_PARTIES = ("customer", "brand")


@dataclass(frozen=True, slots=True)
class StageRule:
    """Events that bring a person to a stage.

    Attributes:
        actions: What happened, any of these.
        touchpoints: Where, any of these; anywhere if empty.
        by: customer or brand; empty: either.
        times: On how many different days.
    """

    actions: tuple[str, ...]
    touchpoints: tuple[str, ...] = ()
    by: str = ""
    times: int = 1

    def fits(self, event: Mapping[str, Any]) -> bool:
        """Whether an event with ``touchpoint, action, direction`` by name fits."""
        return (
            event["action"] in self.actions
            and (not self.touchpoints or event["touchpoint"] in self.touchpoints)
            and (not self.by or event["direction"] == self.by)
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
        rules: A person reaches the stage by any of them.
    """

    id: str
    en: str
    zh: str
    rules: tuple[StageRule, ...]


@dataclass(frozen=True, slots=True)
class StageModel:
    """One model.

    Attributes:
        id: Name in code.
        en: Name in English.
        zh: Name in Chinese.
        source: Who publishes the stages.
        date: When, ISO.
        stages: First to last.
    """

    id: str
    en: str
    zh: str
    source: str
    date: str
    stages: tuple[Stage, ...]


@cache
def load_stage_models() -> dict[str, StageModel]:
    """All models by id.

    Raises:
        KnowledgeError: A stage stands twice, has no rule, or a rule that says nothing.
    """
    return read_stage_models(FOLDER)


def read_stage_models(folder: Path) -> dict[str, StageModel]:
    """Read and check the models of a folder; :func:`load_stage_models` is its cached form."""
    models = build_records(StageModel, read_yaml(_FILE, folder).get("models"), _FILE)
    return {name: _built(model) for name, model in models.items()}


@cache
def usual_ranks() -> dict[str, int]:
    """Rank of the usual names of stages in a customer journey; synonyms share one."""
    return {name: rank for rank, line in enumerate(_usual()) for name in line["names"]}


@cache
def usual_words() -> dict[str, str]:
    """What the usual names of stages are called in Chinese."""
    return {name: line["zh"] for line in _usual() for name in line["names"]}


def _usual() -> list[dict[str, Any]]:
    return read_yaml(_FILE).get("usual_order") or []


def _built(model: StageModel) -> StageModel:
    check_text({n: getattr(model, n) for n in ("en", "zh", "source", "date")}, _FILE, model.id)
    stages = build_records(Stage, list(model.stages), _FILE)
    if len(stages) < 2:
        raise broken(_FILE, model.id, f"has {len(stages)} stages", "two or more")
    return replace(model, stages=tuple(_with_rules(stage) for stage in stages.values()))


def _with_rules(stage: Stage) -> Stage:
    check_text({"en": stage.en, "zh": stage.zh}, _FILE, stage.id)
    if not stage.rules:
        raise broken(_FILE, stage.id, "has no rule", "a rule or more")
    return replace(stage, rules=tuple(_rule(dict(entry), stage.id) for entry in stage.rules))  # type: ignore[call-overload]


def _rule(entry: dict[str, Any], label: str) -> StageRule:
    for field in entry:
        check_allowed(field, ("actions", "touchpoints", "by", "times"), _FILE, label, "field")
    rule = StageRule(
        tuple(entry.get("actions", ())),
        tuple(entry.get("touchpoints", ())),
        entry.get("by", ""),
        entry.get("times", 1),
    )
    if not rule.actions:
        raise broken(_FILE, label, "has a rule without actions", "at least one action")
    if rule.by:
        check_allowed(rule.by, _PARTIES, _FILE, label, "by")
    if not isinstance(rule.times, int) or rule.times < 1:
        raise broken(_FILE, label, f"has times {rule.times!r}", "a whole number from 1")
    return rule
