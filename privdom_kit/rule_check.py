"""Texts against the register of rules: what a text may not say on a channel, and at a vendor.

A lint aid, not legal advice: a hit names the rule, and a person decides. A text is compared in one
form (NFKC, small letters, no invisible characters, no blanks between Chinese characters), so that
spelling a word apart does not hide it; links are taken out before words are looked for. What is
given back are the rule's own keywords, never the text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from privdom_kit.knowledge.rules import Rule, load_rules

SEVERITIES = ("block", "warn", "info")
SMS_CHANNELS = ("sms", "call_sms")
CALL_CHANNELS = ("call",)
_WECOM_CHANNELS = ("wecom_chat", "wecom", "wecom_mass_send", "wecom_welcome", "group")
# Printed or spoken on the spot: no link that WeChat could close.
_OUTSIDE_WECHAT = ("parcel_card", "store", "store_code", "email", "platform_shop")
# The operators ask these of every text message; a vendor that is not named asks them too.
_EVERY_VENDOR = ("SMS-01", "SMS-02", "SMS-03", "SMS-04")
# "加微信" and the like: refused by the vendors named, a risk elsewhere (the rule's own note).
_WARN_ELSEWHERE = ("SMS-08",)

_CJK = r"\u3400-\u9fff\uf900-\ufaff"
_BETWEEN = re.compile(rf"(?<=[{_CJK}])[ \t\u3000]+(?=[{_CJK}])")
_SENTENCE_END = re.compile(r"[。！？!?；;\n\r]+")
_LINK = re.compile(
    r"https?://[^\s\u3000-\u9fff，。]+"
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]+\.)+(?:com|cn|net|top|cc|link|shop|me|vip)(?:/[!-~]*)?",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{[^{}]{0,40}\}|\{[^{}]{0,40}\}|#[A-Za-z_]\w{0,30}#")
_LINK_NAME = re.compile(r"url|link|链接|短链|网址", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|[48]00-?\d{3}-?\d{4})(?!\d)")
_FIGURE = re.compile(r"\d+(?:\.\d+)?%|\d+(?:\.\d+)?万\+?(?:人|名|家庭|妈妈|用户|消费者)")
_CLAIM = re.compile(r"满意|好评|推荐|回购|复购|有效|认可|选择|信赖|销量|吸收|提升|改善")
_CITED = re.compile(r"来源|数据|调研|检测|报告|统计|实验|据.{1,12}(?:显示|表明)")
_NUMBER = "[0-9一二两三四五六七八九十百]+"
_ANYTHING = r"[^\s，。,.!！?？、；;:：]{0,4}?"
# What a call script has to say, by what is missing (CALL-05).
_STATEMENTS = {
    "who_calls": re.compile(r"我是|这里是|我们是|来电"),
    "robot": re.compile(r"机器人|智能助手|智能客服|语音助手|人工智能|ai"),
    "opt_out": re.compile(r"退订|拒绝|不再(?:联系|来电|打扰)|(?:请|可以?)(?:按|说|回复)|挂断"),
}


class Override(Protocol):
    """A rule that does not hold here: its id, why, and the words that it is about."""

    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that a text runs into.

    Attributes:
        rule: Id of the rule.
        severity: block, warn or info, as it holds for this channel and vendor.
        kind: keyword, signature, opt_out, members, length, link, variables, phone, figures,
            purpose, statement or hours.
        words: What was matched, in the words of the rule; never more of the text.
        overridden: The client's reason why it does not hold; empty where there is none.
    """

    rule: str
    severity: str
    kind: str
    words: tuple[str, ...] = ()
    overridden: str = ""

    @property
    def source(self) -> Rule:
        """The rule with its wording, remedy, source and date."""
        return load_rules()[self.rule]

    @property
    def verify(self) -> bool:
        """Whether the rule rests on general knowledge and has to be verified."""
        return "MEM" in self.source.tags


@dataclass(frozen=True, slots=True)
class MessageLength:
    """What a text message is billed as (SMS-02, SMS-05).

    Attributes:
        characters: Signature, body and opt-out mark; a placeholder as it is written, or as long
            as it was said to be filled.
        segments: One up to 70 characters, beyond that characters / 67 rounded up.
    """

    characters: int
    segments: int


def check_text(
    text: str,
    channel: str,
    vendor: str | None = None,
    *,
    purpose: str | None = None,
    hour: int | None = None,
    overrides: Iterable[Override] = (),
    variable_characters: int | None = None,
) -> list[Hit]:
    """The rules that a text runs into on a channel.

    Args:
        text: The words; of a text message with signature and opt-out mark.
        channel: Touchpoint: sms, call, call_sms (its text message), wecom_chat, moments, live ...
            Words of advertising hold everywhere; sharing inside WeChat.
        vendor: Vendor of messages, e.g. tencent, huawei. What only other vendors ask is a warning;
            without a vendor, or with one that no rule names, all of it holds.
        purpose: marketing, interaction, care or daily; not stated is taken as marketing on sms
            and call, where the stricter rule then holds.
        hour: Hour of sending or calling, 0 to 23, where it is to be checked.
        overrides: Rules that do not hold here; their hits are kept, as info, with the reason.
        variable_characters: What each placeholder is filled with, for lengths; else it counts as
            it is written.

    Returns:
        Hits, the gravest first, then by rule.
    """
    plain = _plain(text)
    hits = [*_keyword_hits(plain, channel, vendor), *_figure_hits(plain)]
    if channel in SMS_CHANNELS:
        hits += _message_hits(text, plain, vendor, purpose, variable_characters)
    if channel in CALL_CHANNELS:
        hits += _call_hits(plain, purpose)
    hits += _platform_hits(text, channel, purpose)
    hits += _hour_hits(channel, hour)
    return settle_hits(hits, overrides)


def check_hour(channel: str, hour: int) -> list[Hit]:
    """Whether an hour of sending or calling, 0 to 23, is one that the rules leave open."""
    return list(_hour_hits(channel, hour))


def settle_hits(hits: Iterable[Hit], overrides: Iterable[Override]) -> list[Hit]:
    """The hits, the gravest first, those that an override is about as info with its reason."""
    given = tuple(overrides)
    settled = [one for hit in hits for one in _overridden(hit, given)]
    return sorted(settled, key=lambda hit: (SEVERITIES.index(hit.severity), hit.rule, hit.kind))


def links_in(text: str) -> tuple[str, ...]:
    """The links that a text holds, in its order."""
    return tuple(match.group() for match in _LINK.finditer(text))


def measure_message(
    text: str,
    vendor: str | None = None,
    marketing: bool = True,
    variable_characters: int | None = None,
) -> MessageLength:
    """Characters and segments of a text message.

    Args:
        text: The message with its signature.
        vendor: aliyun adds the opt-out mark of a marketing message itself; it is counted.
        marketing: Whether it is a marketing message.
        variable_characters: What each placeholder is filled with; else it counts as it is written.
    """
    values = load_rules()["SMS-02"].values
    body = _filled(text.strip(), variable_characters)
    added = "回T退订" if vendor == "aliyun" and marketing and not _ends_with_mark(body) else ""
    characters = len(body) + len(added)
    single, long = values["single_segment_characters"], values["long_segment_characters"]
    return MessageLength(characters, 1 if characters <= single else math.ceil(characters / long))


def vendors_named() -> tuple[str, ...]:
    """Vendors that some rule names."""
    return tuple(sorted({vendor for rule in load_rules().values() for vendor in rule.vendors}))


# ---------------------------------------------------------------------------------------------
# Words


def _plain(text: str) -> str:
    """The text in the form in which words are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return _BETWEEN.sub("", visible)


def _topics(channel: str) -> tuple[str, ...]:
    """Topics of rules whose words hold on a channel."""
    if channel in SMS_CHANNELS:
        return ("sms", "advertising")
    if channel in (*CALL_CHANNELS, *_OUTSIDE_WECHAT):
        return ("advertising",)
    return ("advertising", "induced_sharing", "wecom")


def _keyword_hits(plain: str, channel: str, vendor: str | None) -> Iterator[Hit]:
    bare = _LINK.sub(" ", plain)
    sentences = [part for part in _SENTENCE_END.split(bare) if part]
    topics = _topics(channel)
    for rule in load_rules().values():
        if rule.topic not in topics or not rule.patterns:
            continue
        sure, unsure = _found(rule, sentences)
        if sure:
            yield Hit(rule.id, _severity(rule, vendor), "keyword", tuple(sorted(sure)))
        if unsure - sure:
            yield Hit(rule.id, "info", "keyword", tuple(sorted(unsure - sure)))


def _found(rule: Rule, sentences: Iterable[str]) -> tuple[set[str], set[str]]:
    """Keywords that hit, and those that do only beside words that are not there."""
    sure, unsure = set[str](), set[str]()
    for sentence in sentences:
        spans = list(_spans(rule, sentence))
        for start, end, pattern in spans:
            if _said_better((start, end, pattern), spans):
                continue
            words = rule.near.get(pattern, ())
            known = not words or any(word in sentence for word in words)
            (sure if known else unsure).add(_shown(pattern))
    return sure, unsure


def _said_better(one: tuple[int, int, str], spans: Iterable[tuple[int, int, str]]) -> bool:
    """Whether a longer keyword says it, or one without placeholders says the same."""
    start, end, pattern = one
    around = [(s, e, other) for s, e, other in spans if s <= start and end <= e]
    longer = any(e - s > end - start for s, e, _ in around)
    return longer or ("{" in pattern and any("{" not in other for _, _, other in around))


def _spans(rule: Rule, sentence: str) -> Iterator[tuple[int, int, str]]:
    """Where keywords stand, those inside an exception left out."""
    spared = [match.span() for word in rule.exceptions for match in _finds(word, sentence)]
    for pattern in rule.patterns:
        for match in _finds(pattern, sentence):
            start, end = match.span()
            if not any(s <= start and end <= e for s, e in spared):
                yield start, end, pattern


def _finds(pattern: str, sentence: str) -> Iterator[re.Match[str]]:
    return _compiled(pattern).finditer(sentence)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    folded = unicodedata.normalize("NFKC", pattern).casefold()
    words = re.escape(folded).replace(r"\{n\}", _NUMBER).replace(r"\{x\}", _ANYTHING)
    if re.fullmatch(r"[a-z0-9.]+", folded):
        words = rf"(?<![a-z0-9]){words}(?![a-z0-9])"  # app is not in happy
    return re.compile(words)


def _shown(pattern: str) -> str:
    return pattern.replace("{n}", "N").replace("{x}", "…")


def _severity(rule: Rule, vendor: str | None) -> str:
    """The severity of a rule at a vendor: what only other vendors ask is a warning."""
    if not rule.vendors or rule.id in _EVERY_VENDOR:
        return rule.severity
    if vendor in rule.vendors:
        return rule.severity
    elsewhere = vendor in vendors_named() or rule.id in _WARN_ELSEWHERE
    return "warn" if elsewhere and rule.severity == "block" else rule.severity


def _figure_hits(plain: str) -> Iterator[Hit]:
    """Figures that claim something, in a text that names no source (AD-04)."""
    if _CITED.search(plain):
        return
    for sentence in _SENTENCE_END.split(plain):
        if _CLAIM.search(sentence) and (match := _FIGURE.search(sentence)):
            yield Hit("AD-04", load_rules()["AD-04"].severity, "figures", (match.group(),))
            return


# ---------------------------------------------------------------------------------------------
# Text messages


def _filled(text: str, characters: int | None) -> str:
    """The text with each placeholder as long as it will be."""
    return text if characters is None else _VARIABLE.sub("字" * characters, text)


def _message_hits(
    text: str, plain: str, vendor: str | None, purpose: str | None, variable: int | None
) -> Iterator[Hit]:
    rules = load_rules()
    marketing = purpose in (None, "marketing")
    body = text.strip()
    signature = re.match(r"【[^【】]{1,20}】", body)
    rest = body[signature.end() :] if signature else body
    if not signature or "【" in rest or "】" in rest:
        yield Hit("SMS-01", rules["SMS-01"].severity, "signature")
    length = measure_message(text, vendor, marketing, variable)
    yield from _length_hits(_filled(rest, variable), length, vendor)
    if marketing and not _has_mark(body, vendor):
        yield Hit("SMS-04", rules["SMS-04"].severity, "opt_out")
    if marketing and "会员" not in plain:
        yield Hit("SMS-07", _severity(rules["SMS-07"], vendor), "members")
    yield from _variable_hits(text, vendor)
    if _PHONE.search(unicodedata.normalize("NFKC", _VARIABLE.sub(" ", _LINK.sub(" ", text)))):
        yield Hit("SMS-12", _severity(rules["SMS-12"], vendor), "phone")


def _length_hits(body: str, length: MessageLength, vendor: str | None) -> Iterator[Hit]:
    rules = load_rules()
    if length.segments > 1:
        words = (f"{length.characters} / {length.segments}",)
        yield Hit("SMS-02", rules["SMS-02"].severity, "length", words)
    limits = rules["SMS-03"].values
    most = limits.get(vendor or "", min(limits.values()))
    if len(body) > most:
        yield Hit("SMS-03", rules["SMS-03"].severity, "length", (f"{len(body)} > {most}",))


def _has_mark(body: str, vendor: str | None) -> bool:
    if vendor == "aliyun":
        return True  # added by the vendor
    marks = load_rules()["SMS-04"].required
    return _ends_with_mark(body, marks[:1] if vendor == "huawei" else marks)


def _ends_with_mark(body: str, marks: Sequence[str] | None = None) -> bool:
    marks = load_rules()["SMS-04"].required if marks is None else marks
    return any(_plain(body).rstrip().endswith(_plain(mark)) for mark in marks)


def _variable_hits(text: str, vendor: str | None) -> Iterator[Hit]:
    rules = load_rules()
    variables = [match.group() for match in _VARIABLE.finditer(text)]
    if not variables:
        return
    inside_link = re.search(r"(?:https?://|\.(?:com|cn|net)/)[!-~]*?(?:\$?\{|#[A-Za-z_])", text)
    if inside_link or any(_LINK_NAME.search(name) for name in variables):
        yield Hit("SMS-09", _severity(rules["SMS-09"], vendor), "link")
    rule = rules["SMS-10"]
    words = re.sub(r"【[^【】]*】", "", _VARIABLE.sub("", text)).strip()
    adjacent = re.search(rf"(?:{_VARIABLE.pattern})\s*(?:{_VARIABLE.pattern})", text)
    if adjacent or not words or vendor in ("volcengine", "huawei"):
        yield Hit(rule.id, rule.severity, "variables")
    elif vendor not in vendors_named():
        yield Hit(rule.id, "warn", "variables")


# ---------------------------------------------------------------------------------------------
# Calls, platforms, hours, overrides


def _call_hits(plain: str, purpose: str | None) -> Iterator[Hit]:
    rules = load_rules()
    if purpose in (None, "marketing"):
        yield Hit("CALL-02", rules["CALL-02"].severity, "purpose")
    missing = tuple(name for name, words in _STATEMENTS.items() if not words.search(plain))
    if missing:
        yield Hit("CALL-05", rules["CALL-05"].severity, "statement", missing)


def _platform_hits(text: str, channel: str, purpose: str | None) -> Iterator[Hit]:
    rules = load_rules()
    if channel == "template_message" and purpose == "marketing":
        yield Hit("OA-01", rules["OA-01"].severity, "purpose")
    most = rules["WC-03"].values["text_bytes"]
    if channel in _WECOM_CHANNELS and (size := len(text.encode("utf-8"))) > most:
        yield Hit("WC-03", rules["WC-03"].severity, "length", (f"{size} > {most}",))


def _hour_hits(channel: str, hour: int | None) -> Iterator[Hit]:
    if hour is None:
        return
    rules = load_rules()
    if channel in SMS_CHANNELS:
        rule = rules["SMS-06"]
        inside = rule.values["from_hour"] <= hour < rule.values["until_hour"]
    elif channel in CALL_CHANNELS:
        rule = rules["CALL-03"]
        parts = ("morning", "afternoon")
        inside = any(
            rule.values[f"{part}_from_hour"] <= hour < rule.values[f"{part}_until_hour"]
            for part in parts
        )
    else:
        return
    if not inside:
        yield Hit(rule.id, rule.severity, "hours", (str(hour),))


def _overridden(hit: Hit, overrides: Iterable[Override]) -> Iterator[Hit]:
    """The hit, or its parts: what an override is about becomes info and carries the reason."""
    left = hit
    for one in overrides:
        if one.rule != hit.rule:
            continue
        if not one.words:
            yield replace(left, severity="info", overridden=one.reason)
            return
        said = tuple(word for word in left.words if word in one.words)
        if said:
            yield replace(left, severity="info", words=said, overridden=one.reason)
            left = replace(left, words=tuple(w for w in left.words if w not in said))
            if not left.words:
                return
    yield left
