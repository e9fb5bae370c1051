"""What of a planned test can be checked besides its texts: hours, dials, consent, links, codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.lint_texts import parts_of
from privdom_kit.knowledge.rules import load_rules
from privdom_kit.messages import Message, bilingual, msg
from privdom_kit.rule_check import Hit, check_hour, links_in, settle_hits

if TYPE_CHECKING:
    from privdom_kit.form_copy_tests import CopyArm, CopyTest
    from privdom_kit.forms import ChannelConsent, Forms
    from privdom_kit.settings import CopyTestsSettings

ENTRY_CODE = "entry_code"
#: What is known of consent on a channel.
ON_RECORD, MISSING, UNKNOWN = "consent_on_record", "consent_missing", "consent_unknown"
# The rule that asks for consent, by the channel on which it is stated.
_CONSENT_RULES = {"sms": "SMS-13", "call": "CALL-01"}
_ASKED = {"sms": ("sms",), "call": ("call",), "call_sms": ("call", "sms"), "wecom": ()}
_CODE_SOURCE = "WeCom 联系我"
_CODE_DATE = "2023"
_CODE_REMEDY = {
    "en": "Give each arm of each test an entry code of its own, in letters, digits, - and _.",
    "zh": "每个测试的每个实验组各用一个渠道活码参数，只用英文字母、数字、-和_。",
}


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """One rule that a plan runs into, as the table shows it.

    Attributes:
        rule: Id of the rule, or :data:`ENTRY_CODE`.
        severity: block, warn or info.
        kind: What kind of hit.
        words: What was found.
        reason: Why it is held not to apply; empty where it is not.
        source: Where the rule was read.
        checked_on: Date that the source states; None where it states none.
        verify: Whether the rule is general knowledge and to be verified.
        remedy: What to write instead.
    """

    rule: str
    severity: str
    kind: str
    words: tuple[str, ...]
    reason: str
    source: str
    checked_on: str | None
    verify: bool
    remedy: Message


def told(hit: Hit) -> Broken:
    """A hit with what the register says of its rule."""
    rule = hit.source
    return Broken(
        hit.rule,
        hit.severity,
        hit.kind,
        hit.words,
        hit.overridden,
        rule.source,
        rule.checked_on,
        hit.verify,
        bilingual(rule.remedy),
    )


def check_plan(test: CopyTest, forms: Forms, rules: CopyTestsSettings) -> list[Broken]:
    """Hour, dials and consent of a test against the rules, overrides of forms.yml respected."""
    hits = [
        *_hours(test),
        *_dials(test, rules.call_cap),
        *(hit for channel in _ASKED[test.channel] for hit in _consent_hits(forms, channel)),
    ]
    return [told(hit) for hit in settle_hits(hits, forms.rule_overrides)]


def check_arm(
    test: CopyTest, arm: CopyArm, forms: Forms, codes: Counter[str], characters: int
) -> list[Broken]:
    """Link, template and entry code of an arm.

    Args:
        test: The test.
        arm: The arm.
        forms: With the overrides.
        codes: How often each entry code is stated, over all tests.
        characters: Longest entry code (setting ``copy_tests.entry_code_characters``).
    """
    hits = settle_hits(_link_hits(test, arm), forms.rule_overrides)
    return [*(told(hit) for hit in hits), *_code_hits(arm, codes, characters)]


def stated_codes(tests: Sequence[CopyTest]) -> Counter[str]:
    """How often each entry code is stated."""
    return Counter(arm.entry_code for test in tests for arm in test.arms if arm.entry_code)


def channels_asked(test: CopyTest) -> tuple[str, ...]:
    """Channels of a test on which consent is to be on record."""
    return _ASKED[test.channel]


def consent_state(stated: ChannelConsent | None) -> str:
    """What is known of the consent of those who are addressed on a channel.

    On record: everybody has consented, or who has not is left out of what is sent. Missing: nobody
    has, or some have not and are sent to all the same. Unknown: whatever else; never a pass.
    """
    if stated is None or stated.with_consent is None:
        return UNKNOWN
    if stated.with_consent == 0:
        return MISSING
    if stated.left_out or stated.people == stated.with_consent:
        return ON_RECORD
    return MISSING if stated.left_out is False and stated.people is not None else UNKNOWN


def _consent_hits(forms: Forms, channel: str) -> Iterator[Hit]:
    rule = load_rules()[_CONSENT_RULES[channel]]
    state = consent_state(forms.consent.channels.get(channel))
    if state != ON_RECORD:
        severity = rule.severity if state == MISSING else "warn"
        yield Hit(rule.id, severity, "consent", (state,))


def _hours(test: CopyTest) -> Iterator[Hit]:
    """Each rule of hours once; an hour that is not stated is no pass."""
    channels = dict.fromkeys(part.channel for part in parts_of(test)) or {test.channel: None}
    for channel in channels:
        if channel == "wecom":
            continue
        if test.send_hour is None:
            rule = load_rules()["CALL-03" if channel == "call" else "SMS-06"]
            yield Hit(rule.id, "warn", "hours", ("not_stated",))
        else:
            yield from check_hour(channel, test.send_hour)


def _dials(test: CopyTest, most: int) -> Iterator[Hit]:
    if test.channel in ("call", "call_sms") and test.attempts > most:
        rule = load_rules()["CALL-04"]
        yield Hit(rule.id, rule.severity, "attempts", (f"{test.attempts} > {most}",))


def _link_hits(test: CopyTest, arm: CopyArm) -> Iterator[Hit]:
    """One constant link and one template for each arm (SMS-09); what is shared tells nothing."""
    others = [other for other in test.arms if other.name != arm.name]
    links = {arm.link} - {""} or set(links_in(arm.text))
    taken = {link for other in others for link in ({other.link} - {""} or links_in(other.text))}
    if links & taken:
        yield Hit("SMS-09", "warn", "link", ("shared_link",))
    if len(links_in(arm.text)) > 1:
        yield Hit("SMS-09", "warn", "link", ("several_links",))
    if arm.link and links_in(arm.text) and arm.link not in arm.text:
        yield Hit("SMS-09", "warn", "link", ("other_link",))
    if any(arm.template and arm.template == o.template and arm.text != o.text for o in others):
        yield Hit("SMS-09", "warn", "template", ("shared_template",))


def _code_hits(arm: CopyArm, codes: Counter[str], characters: int) -> Iterator[Broken]:
    code = arm.entry_code
    if not code:
        return
    words = []
    if len(code) > characters:
        words.append(f"{len(code)} > {characters}")
    if not code.isascii():
        words.append("not_ascii")
    if codes[code] > 1:
        words.append("shared_code")
    for word in words:
        yield Broken(
            ENTRY_CODE,
            "block",
            "entry_code",
            (word,),
            "",
            _CODE_SOURCE,
            _CODE_DATE,
            False,
            bilingual(_CODE_REMEDY),
        )


def purpose_note(tests: Sequence[CopyTest]) -> tuple[Message, ...]:
    """That a test without a purpose was held to the rules of marketing."""
    silent = tuple(test.id for test in tests if test.purpose is None)
    if not silent:
        return ()
    return (
        msg(
            "No purpose is stated for {tests:list}: held to the rules of marketing, which are the "
            "stricter ones.",
            tests=silent,
        ),
    )
