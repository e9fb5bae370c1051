"""The registers and ratings of forms.yml: touchpoints, benefits, texts, member days, rubrics.

What is not stated is None or absent, which no question takes for a no, a zero or an equal cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from privdom_kit.errors import nearest
from privdom_kit.knowledge.rubrics import Rubric, load_rubrics
from privdom_kit.knowledge.rules import load_rules
from privdom_kit.knowledge.touchpoints import ROLES
from privdom_kit.problems import Problem
from privdom_kit.settings import Frozen

if TYPE_CHECKING:
    from privdom_kit.forms import Forms
    from privdom_kit.safe_yaml import KeyPath, YamlFile

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PURPOSES = ("marketing", "interaction", "care", "daily")


def _one_or_more(value: Any) -> Any:
    """One text stands for a list of one."""
    return (value,) if isinstance(value, str) else value


if TYPE_CHECKING:
    Role = str
    Weekday = str
    Purpose = str
    Names = tuple[str, ...]
    Roles = tuple[str, ...]
else:
    Role = Literal[ROLES]
    Weekday = Literal[WEEKDAYS]
    Purpose = Literal[PURPOSES]
    Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
    Roles = Annotated[tuple[Role, ...], BeforeValidator(_one_or_more)]


class Answer(Frozen):
    """What a rater says of one item.

    Attributes:
        value: true or false on a yes/no scale, 0 to 3 on the other; None: not answered.
        evidence: What shows it; a yes or a level without evidence is not met.
    """

    value: bool | int | None = None
    evidence: str = ""


class RatingSheet(Frozen):
    """One rater's answers to one rubric about one subject.

    Attributes:
        rubric: Id in ``knowledge/rubrics.yml``.
        subject: What was rated: a touchpoint, an account, a post; empty for the brand as a whole.
        rater: Who rated.
        answers: Answers by item.
    """

    rubric: str
    subject: str = ""
    rater: str = ""
    answers: dict[str, Answer] = Field(default_factory=dict)


class Benefits(Frozen):
    """Member benefits by channel.

    Attributes:
        reference: Channel that the others are compared with; empty: the one with most cells.
        cells: What each benefit is on each channel, by benefit; false where it is not offered,
            blank where nobody knows.
    """

    reference: str = ""
    cells: dict[str, dict[str, bool | int | float | str | None]] = Field(default_factory=dict)


class TouchpointEntry(Frozen):
    """One touchpoint of the brand.

    Attributes:
        name: Its name, where the catalogue does not know it.
        in_use: Whether the brand uses it; None: not audited.
        role: What it is for; one.
        kpi: What it is measured by; one: a kpi of the catalogue or a metric of touchpoint_days.
        owner: Who answers for it.
        entry_code: Its own code.
    """

    name: str = ""
    in_use: bool | None = None
    role: Roles = Field(default=(), strict=False)
    kpi: Names = Field(default=(), strict=False)
    owner: str = ""
    entry_code: str = ""


class MemberDay(Frozen):
    """A member day that comes again.

    Attributes:
        name: Its name.
        day_of_month: Day of the month, e.g. 20; or
        weekday: Day of the week, e.g. friday.
        theme: Its theme of late; empty: none.
        has_theme: Whether it has a theme each time; None: not stated.
    """

    name: str = ""
    day_of_month: int | None = Field(default=None, ge=1, le=31)
    weekday: Weekday | None = None
    theme: str = ""
    has_theme: bool | None = None


class CopyText(Frozen):
    """A text to be checked against the rules.

    Attributes:
        name: How it is called in the report; its words are not shown there.
        channel: Touchpoint on which it goes out: sms, call, wecom_chat, moments ...
        vendor: Vendor of text messages or calls, where known: tencent, huawei ...
        purpose: marketing, interaction, care or daily; None: not stated.
        text: The words.
    """

    name: str = ""
    channel: str
    vendor: str = ""
    purpose: Purpose | None = None
    text: str


class RuleOverride(Frozen):
    """A rule that does not hold here, and why.

    Attributes:
        rule: Id in ``knowledge/rules.yml``.
        reason: Why; an override without one is refused.
        words: Matched words that it is about; empty: all of the rule.
    """

    rule: str
    reason: str = Field(min_length=2)
    words: Names = Field(default=(), strict=False)


def register_problems(file: YamlFile, forms: Forms) -> Iterator[Problem]:
    """What is well-formed but cannot be: unknown names, values off the scale, doubled sheets."""
    yield from _sheet_problems(file, forms)
    keys: KeyPath
    for place, stated in enumerate(forms.rule_overrides):
        if stated.rule not in load_rules():
            keys = ("rule_overrides", place, "rule")
            yield _unknown(file, keys, stated.rule, list(load_rules()), "the id of a rule")
    for place, day in enumerate(forms.member_days):
        if (day.day_of_month is None) == (day.weekday is None):
            yield Problem(
                ("member_days", place),
                "has neither or both of day_of_month and weekday",
                "Expected one of the two",
                "State the day of the month or of the week",
            )
    known = {channel for cells in forms.benefits.cells.values() for channel in cells}
    if (reference := forms.benefits.reference) and reference not in known:
        keys = ("benefits", "reference")
        yield _unknown(file, keys, reference, sorted(known), "a channel of the register")


def _sheet_problems(file: YamlFile, forms: Forms) -> Iterator[Problem]:
    rubrics, seen = load_rubrics(), set[tuple[str, str, str]]()
    for place, sheet in enumerate(forms.rubrics):
        keys: KeyPath = ("rubrics", place)
        if sheet.rubric not in rubrics:
            yield _unknown(file, (*keys, "rubric"), sheet.rubric, list(rubrics), "a rubric")
            continue
        name = (sheet.rubric, sheet.subject, sheet.rater)
        if name in seen:
            yield Problem(
                keys,
                f"rates {sheet.rubric} {sheet.subject or 'of the brand'} a second time by "
                f"{sheet.rater or 'a rater without a name'}",
                "Expected one sheet for each rubric, subject and rater",
                "Join the two, or name the second rater",
            )
        seen.add(name)
        yield from _answer_problems(file, (*keys, "answers"), rubrics[sheet.rubric], sheet)


def _answer_problems(
    file: YamlFile, keys: KeyPath, rubric: Rubric, sheet: RatingSheet
) -> Iterator[Problem]:
    items = [item.id for item in rubric.items]
    for name, answer in sheet.answers.items():
        if name not in items:
            yield _unknown(file, (*keys, name), name, items, f"an item of {rubric.id}")
        elif answer.value is not None and not rubric.allows(answer.value):
            path = (*keys, name, "value")
            expected = f"Expected {rubric.allowed}"
            yield Problem(path, f"is {file.shown(path, answer.value)}", expected, "Correct it")


def _unknown(file: YamlFile, keys: KeyPath, name: str, known: list[str], what: str) -> Problem:
    close = nearest(name, known, 3)
    remedy = f"Nearest: {', '.join(close)}" if close else f"Known: {', '.join(known[:12])}"
    return Problem(keys, f"is {file.shown(keys, name)}", f"Expected {what}", remedy)
