"""Texts and scripts of arms against the register of rules, at the test's vendor and at each other.

Nothing of a text is given back but the register's own keywords and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from privdom_kit.rule_check import (
    SEVERITIES,
    SMS_CHANNELS,
    Hit,
    MessageLength,
    check_text,
    measure_message,
    settle_hits,
    vendors_named,
)

if TYPE_CHECKING:
    from privdom_kit.form_copy_tests import CopyArm, CopyTest
    from privdom_kit.rule_check import Override

TEXT, SCRIPT = "text", "script"
#: What a vendor would do with a template, as far as the register knows.
REFUSED, WARNED, NOTHING_FOUND, NOT_CHECKED, UNKNOWN = (
    *("refused", "warned", "nothing_found", "not_checked", "unknown"),
)
# What an arm of a channel consists of, and by which channel's rules each part goes.
_PARTS = {
    "sms": ((TEXT, "sms"),),
    "call": ((SCRIPT, "call"),),
    "call_sms": ((SCRIPT, "call"), (TEXT, "call_sms")),
    "wecom": ((TEXT, "wecom"),),
}
# Rules of sharing hold inside WeChat, where the link of a message or of a call leads.
_INSIDE_WECHAT = "moments"


@dataclass(frozen=True, slots=True)
class Part:
    """One text or script of an arm.

    Attributes:
        test: Its test.
        arm: Its arm.
        part: :data:`TEXT` or :data:`SCRIPT`.
        channel: Channel by whose rules it goes.
        words: The text; empty where the plan states none.
    """

    test: CopyTest
    arm: CopyArm
    part: str
    channel: str
    words: str

    @property
    def is_message(self) -> bool:
        """Whether it goes out as a text message, by a template of a vendor."""
        return self.channel in SMS_CHANNELS

    @property
    def marketing(self) -> bool:
        """Whether the rules of marketing hold; they do where no purpose is stated."""
        return self.test.purpose in (None, "marketing")


def parts_of(test: CopyTest) -> Iterator[Part]:
    """Texts and scripts that the arms of a test consist of, stated or not."""
    for arm in test.arms:
        for part, channel in _PARTS[test.channel]:
            yield Part(test, arm, part, channel, getattr(arm, part).strip())


def check_part(part: Part, overrides: Sequence[Override], variable: int) -> list[Hit]:
    """The rules that a text runs into at the vendor of its test.

    Where no vendor is named, what every vendor of the register refuses blocks, and what only some
    of them refuse warns.

    Args:
        part: A stated text or script.
        overrides: Rules that do not hold here, with reasons.
        variable: Characters that a placeholder is filled with.
    """
    if part.is_message and not part.test.vendor:
        found = _anywhere(
            [check_at(part, vendor, overrides, variable) for vendor in vendors_named()]
        )
    else:
        found = check_at(part, part.test.vendor or None, overrides, variable)
    if part.channel != "wecom":
        found = [*found, *settle_hits(_sharing(part.words), overrides)]
    return settle_hits(found, ())


def check_at(
    part: Part, vendor: str | None, overrides: Sequence[Override], variable: int
) -> list[Hit]:
    """The rules that a text runs into at one vendor."""
    return check_text(
        part.words,
        part.channel,
        vendor,
        purpose=part.test.purpose,
        overrides=overrides,
        variable_characters=variable,
    )


def vendor_state(
    part: Part, vendor: str, overrides: Sequence[Override], variable: int
) -> tuple[str, tuple[str, ...]]:
    """What a vendor would do with the template of a text, and by which rules.

    Returns:
        A state and the ids of the rules. A vendor that no rule names is :data:`UNKNOWN`, with the
        rules by which others would refuse. Nothing found is no promise that a template passes.
    """
    if not part.words:
        return NOT_CHECKED, ()
    hits = check_at(part, vendor, overrides, variable)
    asked = [hit for hit in hits if hit.source.topic == "sms" and not hit.overridden]
    grave = {s: _ids(hit for hit in asked if hit.severity == s) for s in ("block", "warn")}
    if vendor not in vendors_named():
        return UNKNOWN, grave["block"] or grave["warn"]
    if grave["block"]:
        return REFUSED, grave["block"]
    return (WARNED, grave["warn"]) if grave["warn"] else (NOTHING_FOUND, ())


def lengths_of(part: Part, variable: int) -> tuple[MessageLength, MessageLength]:
    """The least and the most that a text message is billed as.

    A placeholder is filled with one character at least and with ``variable`` at most; where no
    vendor is named, it is the least and the most over the vendors.
    """
    vendors = (part.test.vendor,) if part.test.vendor else vendors_named()
    least = [measure_message(part.words, v, part.marketing, 1) for v in vendors]
    most = [measure_message(part.words, v, part.marketing, variable) for v in vendors]
    return min(least, key=_characters), max(most, key=_characters)


def _characters(length: MessageLength) -> int:
    return length.characters


def _ids(hits: Iterable[Hit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.rule for hit in hits))


def _sharing(words: str) -> Iterator[Hit]:
    """Luring to share: a warning outside WeChat, for it is inside that the rule closes links."""
    for hit in check_text(words, _INSIDE_WECHAT):
        if hit.source.topic == "induced_sharing":
            yield replace(hit, severity="warn") if hit.severity == "block" else hit


def _anywhere(by_vendor: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Hits at several vendors as one list: blocking where all block, else a warning at most."""
    found: dict[tuple[str, ...], list[Hit]] = {}
    for hits in by_vendor:
        for hit in hits:
            # Lengths differ by the mark that a vendor adds; the longest is told.
            words = () if hit.kind == "length" else hit.words
            found.setdefault((hit.rule, hit.kind, hit.overridden, *words), []).append(hit)
    return [_joined(hits, everywhere=len(hits) == len(by_vendor)) for hits in found.values()]


def _joined(hits: Sequence[Hit], *, everywhere: bool) -> Hit:
    longest = max(hits, key=lambda hit: hit.words)
    mildest = max((hit.severity for hit in hits), key=SEVERITIES.index)
    gravest = min((hit.severity for hit in hits), key=SEVERITIES.index)
    if everywhere and mildest == gravest:
        return longest
    return replace(longest, severity="warn" if gravest == "block" else gravest)
