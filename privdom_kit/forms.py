"""forms.yml: what the consultant states, read into frozen values or refused in one paragraph.

Data cannot say who owns a system, whether a tool is licensed, or how consent was asked for; the
consultant states it here. What is not stated is None, which no question takes for a yes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from privdom_kit.contracts import IDENTITIES, TABLES
from privdom_kit.form_copy_tests import CopyTest, copy_test_problems
from privdom_kit.form_registers import (
    Benefits,
    CopyText,
    MemberDay,
    RatingSheet,
    RuleOverride,
    TouchpointEntry,
    register_problems,
)
from privdom_kit.problems import Problem, raise_problems, schema_problems
from privdom_kit.safe_yaml import YamlFile, read_yaml
from privdom_kit.settings import Frozen, Sections

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig

PURPOSE = "the consultant's assessment (forms.yml)"
CHANNELS = ("sms", "call", "wecom", "service_account", "mini_program", "group")
STEPS = ("tags_and_ids", "advertising", "closeness", "coverage")

if TYPE_CHECKING:
    Identity = str
    TableName = str
else:
    Identity = Literal[IDENTITIES]
    TableName = Literal[tuple(TABLES)]


class System(Frozen):
    """One system or tool of the brand.

    Attributes:
        owner: Who answers for it.
        exports: Canonical tables that come from it.
        ids: Identity types that it holds.
        refresh_days: Days between two exports.
        official: Whether the platforms allow the tool; false: a plug-in or modified client.
        licensed: Whether the brand holds a licence for it.
        contacts: WeCom or WeChat contacts that are held through it.
    """

    owner: str = ""
    exports: tuple[TableName, ...] = Field(default=(), strict=False)
    ids: tuple[Identity, ...] = Field(default=(), strict=False)
    refresh_days: int | None = Field(default=None, ge=0, json_schema_extra={"unit": "days"})
    official: bool | None = None
    licensed: bool | None = None
    contacts: int | None = Field(default=None, ge=0, json_schema_extra={"unit": "people"})


class ChannelConsent(Frozen):
    """Marketing consent on one channel, as the brand's records give it.

    Attributes:
        people: People whom the brand addresses there.
        with_consent: Those of them whose consent is on record.
        left_out: Whether people without consent are left out of what is sent.
        checked_on: Day of the count.
    """

    people: int | None = Field(default=None, ge=0, json_schema_extra={"unit": "people"})
    with_consent: int | None = Field(default=None, ge=0, json_schema_extra={"unit": "people"})
    left_out: bool | None = None
    checked_on: dt.date | None = None


class Consent(Sections):
    """What is stated about consent.

    Attributes:
        channels: Marketing consent by channel.
        platform_limits_kept: Whether sending stays within the platforms' limits.
        platform_limits_checked_on: Day on which that was checked.
    """

    channels: dict[Literal[CHANNELS], ChannelConsent] = Field(default_factory=dict)  # type: ignore[valid-type]
    platform_limits_kept: bool | None = None
    platform_limits_checked_on: dt.date | None = None


class Step(Frozen):
    """One step of joining up.

    Attributes:
        in_place: Whether it stands.
        evidence: What shows it; a step without evidence is not met.
    """

    in_place: bool | None = None
    evidence: str = ""


class StatedPain(Frozen):
    """A pain point as the consultant states it.

    Attributes:
        frequency: Share of people who have it; None where nobody has counted.
        severity: How bad it is, 0 (a nuisance) to 2 (people leave over it).
    """

    frequency: float | None = Field(
        default=None, ge=0, le=1, json_schema_extra={"unit": "share of people"}
    )
    severity: float | None = Field(default=None, ge=0, le=2, json_schema_extra={"unit": "0 to 2"})


class JourneyStage(Frozen):
    """One stage of the journey, as the consultant states it.

    Attributes:
        name: What the journey map calls it; empty: the name of the stage.
        touchpoints: Where people meet the brand there.
        emotion: How people feel there, -2 to 2; None where not judged.
        pain_points: What hurts there, by its words.
    """

    name: str = ""
    touchpoints: tuple[str, ...] = Field(default=(), strict=False)
    emotion: float | None = Field(default=None, ge=-2, le=2, json_schema_extra={"unit": "-2 to 2"})
    pain_points: dict[str, StatedPain] = Field(default_factory=dict)


class Journey(Sections):
    """The customer journey as the consultant draws it (S053, S054).

    Attributes:
        stages: The stages by the name that ``responses.stage`` uses, first to last.
    """

    stages: dict[str, JourneyStage] = Field(default_factory=dict)


class Goal(Frozen):
    """One goal of the brand, as the consultant states it (S061).

    Attributes:
        name: What the goal is called.
        metric: What it counts, such as followers or repeat_rate.
        kind: stock (how many there are), flow (how many a period) or rate (of how many);
            None: not stated, and judged by the list of vanity metrics alone.
        paired_with: The metric, or the name of the goal, that holds the quality of a stock.
        target: What is to be reached, in ``unit``.
        unit: Unit of the target.
        due: Day by which it is to be reached.
        owner: Who answers for it.
    """

    name: str = Field(min_length=1)
    metric: str = Field(min_length=1)
    kind: Literal["stock", "flow", "rate"] | None = None
    paired_with: str = ""
    target: float | None = None
    unit: str = ""
    due: dt.date | None = None
    owner: str = ""


class Forms(Sections):
    """forms.yml as it is written.

    Attributes:
        systems: Systems and tools by name (S027).
        consent: Consent and limits (S172).
        joining_up: The four steps of joining up (S197).
        touchpoints: The brand's touchpoints by id, with role, kpi and owner (S001, S039).
        benefits: Member benefits by channel (S026).
        member_days: Member days (S071).
        texts: Texts to be checked against the rules.
        rule_overrides: Rules that do not hold here, each with its reason.
        rubrics: Ratings by hand, a sheet a rubric, subject and rater.
        journey: The customer journey, stage by stage (S053, S054).
        goals: Goals of the brand (S061).
        copy_tests: Copy tests as they are planned (S122).
    """

    systems: dict[str, System] = Field(default_factory=dict)
    consent: Consent = Consent()
    joining_up: dict[Literal[STEPS], Step] = Field(default_factory=dict)  # type: ignore[valid-type]
    touchpoints: dict[str, TouchpointEntry] = Field(default_factory=dict)
    benefits: Benefits = Benefits()
    member_days: tuple[MemberDay, ...] = Field(default=(), strict=False)
    texts: tuple[CopyText, ...] = Field(default=(), strict=False)
    rule_overrides: tuple[RuleOverride, ...] = Field(default=(), strict=False)
    rubrics: tuple[RatingSheet, ...] = Field(default=(), strict=False)
    journey: Journey = Journey()
    goals: tuple[Goal, ...] = Field(default=(), strict=False)
    copy_tests: tuple[CopyTest, ...] = Field(default=(), strict=False)


def read_forms(config: ClientConfig) -> Forms:
    """The consultant's assessment of a client; nothing stated where client.yml names no file.

    Raises:
        ConfigError: Anything that cannot be used; the message lists at most five problems, each
            with file, line, key, value, and what would have been accepted.
    """
    if config.forms is None:
        return Forms()
    file = read_yaml(config.forms, PURPOSE)
    try:
        forms = Forms.model_validate(file.data)
    except ValidationError as error:
        raise_problems(file, schema_problems(error, file, Forms))
        raise
    held = config.settings.copy_tests.control_arms
    found = (
        *_value_problems(file, forms),
        *register_problems(file, forms),
        *copy_test_problems(file, forms.copy_tests, held),
    )
    raise_problems(file, list(found))
    return forms


def _value_problems(file: YamlFile, forms: Forms) -> Iterator[Problem]:
    """What is well-formed but cannot be: more consents than people."""
    for channel, stated in forms.consent.channels.items():
        if stated.people is not None and (stated.with_consent or 0) > stated.people:
            keys = ("consent", "channels", channel, "with_consent")
            shown = file.shown(keys, stated.with_consent)
            expected = f"Expected at most the {stated.people:,} people of the channel"
            yield Problem(keys, f"is {shown}", expected, "Correct one of the two numbers")
