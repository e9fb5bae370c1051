"""Every threshold, by topic: default, unit, source, date and allowed range in one place.

client.yml overrides them under ``settings:``; a function never holds a threshold as a literal.
To add one, add a field with :func:`setting` to its topic's module; reading, range checks, error
texts and the list of :func:`describe_settings` follow from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from privdom_kit.settings.base import HOUSE, Frozen, Sections, setting
from privdom_kit.settings.copy_tests import CopyTestsSettings
from privdom_kit.settings.intake import IdentitySettings, IntakeSettings, PrivacySettings
from privdom_kit.settings.journeys import JourneysSettings
from privdom_kit.settings.layering import LayeringSettings
from privdom_kit.settings.running import ReportSettings, RunSettings
from privdom_kit.settings.touchpoints import TouchpointsSettings

__all__ = [
    "HOUSE",
    "CopyTestsSettings",
    "Frozen",
    "IdentitySettings",
    "IntakeSettings",
    "JourneysSettings",
    "LayeringSettings",
    "PrivacySettings",
    "ReportSettings",
    "RunSettings",
    "Sections",
    "SettingInfo",
    "Settings",
    "TouchpointsSettings",
    "describe_settings",
    "setting",
]


class LinksSettings(Frozen):
    """06_link_reconstruction."""


class GrowthSettings(Frozen):
    """07_growth_plan."""


class Settings(Sections):
    """All thresholds of a client, by topic."""

    intake: IntakeSettings = IntakeSettings()
    identity: IdentitySettings = IdentitySettings()
    privacy: PrivacySettings = PrivacySettings()
    layering: LayeringSettings = LayeringSettings()
    touchpoints: TouchpointsSettings = TouchpointsSettings()
    journeys: JourneysSettings = JourneysSettings()
    copy_tests: CopyTestsSettings = CopyTestsSettings()
    links: LinksSettings = LinksSettings()
    growth: GrowthSettings = GrowthSettings()
    report: ReportSettings = ReportSettings()
    run: RunSettings = RunSettings()


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One threshold as a consultant looks it up.

    Attributes:
        name: Dotted name, as under ``settings:`` in client.yml.
        default: Value used where client.yml says nothing.
        unit: Unit of the value.
        meaning: What it decides.
        source: Where the default comes from.
        date: When the source said so, ISO.
    """

    name: str
    default: Any
    unit: str
    meaning: str
    source: str
    date: str


def describe_settings() -> list[SettingInfo]:
    """Every threshold with its default, unit, source and date, in the order of the topics."""
    return [
        SettingInfo(
            name=f"{topic}.{key}",
            default=field.default,
            meaning=field.description or "",
            **_origin(field.json_schema_extra),
        )
        for topic, model in _topics()
        for key, field in model.model_fields.items()
    ]


def _topics() -> list[tuple[str, type[Frozen]]]:
    return [(name, type(field.default)) for name, field in Settings.model_fields.items()]


def _origin(extra: Any) -> dict[str, str]:
    extra = extra if isinstance(extra, dict) else {}
    return {key: extra.get(key, "") for key in ("unit", "source", "date")}
