"""What forms.yml says of a test today that the filed plan does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.filed_plans import plan_content
from privdom_kit.formats import MISSING
from privdom_kit.labels import in_question, label
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    from privdom_kit.form_copy_tests import CopyTest

# Parts of a plan that are lists, and what tells their entries apart.
_LISTS = {"arms": "name", "crowds": "name", "guardrails": "metric"}
# The client's words stay out of every result; so does what is too long to be read in a sentence.
_NOT_SHOWN = ("text", "script", "link", "who", "hypothesis")
# Fields whose values are names of the code.
_NAMES = ("channel", "purpose", "primary", "spending")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One field that forms.yml states otherwise than the filed plan.

    Attributes:
        field: Name of the field; ``arms, crowds, guardrails`` where an entry is new or gone.
        subject: The arm, crowd or guard-rail that it belongs to; empty for the test itself.
        filed: Value in the filed plan, as text; None where there is none or it is not shown.
        found: Value in forms.yml, the same way.
        sentence: The change in words.
    """

    field: str
    subject: str
    filed: str | None
    found: str | None
    sentence: Message


def plan_changes(filed: CopyTest, today: CopyTest | None) -> list[Change]:
    """What differs between the filed plan of a test and forms.yml, in the order of the plan.

    Args:
        filed: The test as it was filed.
        today: The test as forms.yml states it; None where it no longer does.
    """
    if today is None:
        words = msg("forms.yml no longer states the test.")
        return [Change("test", "", filed.id, None, words)]
    before, after = plan_content(filed), plan_content(today)
    found: list[Change] = []
    for name in before:
        if name in _LISTS:
            found += _list_changes(name, before[name], after[name])
        elif before[name] != after[name]:
            found.append(_changed(name, "", before[name], after[name]))
    return found


def _list_changes(name: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    key = _LISTS[name]
    old = {entry[key]: entry for entry in before}
    new = {entry[key]: entry for entry in after}
    for subject in dict.fromkeys((*old, *new)):
        shown = _named(name, subject)
        if subject not in new:
            words = msg("{what:quote} was filed, and forms.yml no longer has it.", what=shown)
            yield Change(name, subject, subject, None, words)
        elif subject not in old:
            words = msg("{what:quote} is in forms.yml and was not filed.", what=shown)
            yield Change(name, subject, None, subject, words)
        else:
            yield from _entry_changes(subject, shown, old[subject], new[subject])
    if set(old) == set(new) and list(old) != list(new) and name == "crowds":
        # A person belongs to the first crowd that fits, so the order is part of the plan.
        words = msg("forms.yml has the crowds in another order than the filed plan.")
        yield Change(name, "", ", ".join(old), ", ".join(new), words)


def _entry_changes(
    subject: str, shown: Message | str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    for field in old:
        if old[field] != new.get(field):
            change = _changed(field, shown, old[field], new.get(field))
            yield Change(change.field, subject, change.filed, change.found, change.sentence)


def _changed(field: str, subject: Message | str, old: Any, new: Any) -> Change:
    name = label(in_question("hypotheses", field))
    if field in _NOT_SHOWN:
        words = (
            msg("{subject:quote}, {field}: changed after filing.", field=name, subject=subject)
            if subject
            else msg("In forms.yml {field} was changed after filing.", field=name)
        )
        return Change(field, "", None, None, words)
    values = {"field": name, "filed": _worded(field, old), "found": _worded(field, new)}
    words = (
        msg(
            "{subject:quote}, {field}: filed {filed}, in forms.yml now {found}.",
            subject=subject,
            **values,
        )
        if subject
        else msg("In forms.yml {field} is now {found}; filed was {filed}.", **values)
    )
    return Change(field, "", _plain(old), _plain(new), words)


def _named(name: str, subject: str) -> Message | str:
    """Guard-rails are names of the code; arms and crowds the client's own words."""
    return label(subject) if name == "guardrails" else subject


def _plain(value: Any) -> str | None:
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _worded(field: str, value: Any) -> Message | str:
    if isinstance(value, bool):
        return label(str(value).lower())
    if field in _NAMES and value:
        return label(str(value))
    return _plain(value) or MISSING
