"""Posts and texts against the rules: what they run into, where it says so, what to write instead.

The words of a post are read in pieces of bounded size and are never part of the result: it holds
the rules' own keywords and numbers of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, add_rate, used_settings
from privdom_kit.engine import collect
from privdom_kit.knowledge.rules import load_rules
from privdom_kit.messages import Message, bilingual, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.rule_check import SMS_CHANNELS, Hit, check_text, measure_message

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.form_registers import CopyText
    from privdom_kit.settings import Settings
    from privdom_kit.tables import Table

UNITS = {
    "rule": "text: id of the rule",
    "severity": "text: block, warn or info",
    "channel": "text: touchpoint of the texts",
    "kind": "text: what kind of hit",
    "words": "text: keywords of the rule that were found",
    "texts": "count: texts that run into it",
    "scanned": "count: texts of the channel that were checked",
    "texts_share": "percent: share of the channel's texts",
    "checked_on": "text: date that the source states for itself",
    "verify": "text: whether the rule is general knowledge and to be verified",
    "source": "text: where the rule was read",
    "reason": "text: why the client holds it not to apply",
    "remedy": "text: what to write instead",
    "name": "text: name of the text in forms.yml",
    "vendor": "text: vendor of the message",
    "characters": "count: characters billed, with signature and opt-out mark",
    "segments": "count: segments billed",
    "block_texts": "count: texts with a hit that blocks",
    "warn_texts": "count: texts with a warning and nothing that blocks",
    "clean_texts": "count: texts with neither",
    "texts_scanned": "count: texts checked",
    "posts_scanned": "count: posts checked",
    "posts_not_scanned": "count: posts of the period beyond the limit, or without words",
    "forms_scanned": "count: texts of forms.yml checked",
    "rules_checked": "count: rules that can be seen in a text",
    "overridden_texts": "count: hits that the client holds not to apply",
}
QUESTION = Question("copy_rules", ("S205",), UNITS)
_CHUNK = 500  # posts whose words are in memory at a time
_MOST_WORDS = 12  # keywords listed for a rule
_COLUMNS = (
    *("rule", "severity", "channel", "kind", "words", "texts", "scanned", "checked_on"),
    *("verify", "source", "remedy", "reason"),
)
_RANK = ("block", "warn", "info")
# Where only the person reads it; elsewhere an exact spend is not to be named (S205).
_ONE_TO_ONE = ("sms", "call", "call_sms", "wecom_chat", "wecom_mass_send", "template_message",
               "subscription_message", "service_account_chat", "email")  # fmt: skip
_SPEND = "S205"
_NAMES_SPEND = re.compile(r"累计(?:消费|购买|支付)[^。！？\n]{0,8}?(?:\d|\$?\{)")
_SPEND_REMEDY = {
    "en": "Name the spend in a one-to-one message only, filled from the person's own orders.",
    "zh": "累计消费金额只在一对一消息中提及，且取自本人订单。",
}


@dataclass(slots=True)
class _Tally:
    """Hits counted as the texts go by."""

    groups: dict[tuple[str, str, str, str, str], int] = field(default_factory=dict)
    words: dict[tuple[str, str, str, str, str], dict[str, None]] = field(default_factory=dict)
    scanned: dict[str, int] = field(default_factory=dict)
    worst: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*_RANK, "none"), 0))
    overridden: int = 0

    def add(self, channel: str, text: str, hits: list[Hit]) -> None:
        """Count a text and its hits; an exact spend named in public is one more (S205)."""
        if channel not in _ONE_TO_ONE and _NAMES_SPEND.search(text):
            hits = [Hit(_SPEND, "block", "spend_named"), *hits]
        self.scanned[channel] = self.scanned.get(channel, 0) + 1
        open_hits = [hit for hit in hits if not hit.overridden]
        self.overridden += len(hits) - len(open_hits)
        self.worst[open_hits[0].severity if open_hits else "none"] += 1
        for hit in hits:
            key = (hit.rule, hit.severity, channel, hit.kind, hit.overridden)
            self.groups[key] = self.groups.get(key, 0) + 1
            self.words.setdefault(key, {}).update(dict.fromkeys(hit.words))


def measure_copy_rules(base: Base, settings: Settings) -> Result:
    """Posts of the last days and the texts of forms.yml against the register of rules.

    Every text is checked by :func:`privdom_kit.rule_check.check_text` with its channel, vendor and
    purpose. An override of forms.yml, with its reason, keeps the hit as information. Rules that no
    text can show (consent, hours, caps) are not checked here.

    Returns:
        ``table``: a row for each rule, channel and kind of hit: rule, severity, channel, kind,
        words (the rule's keywords, never the text), texts, scanned, texts_share with its interval,
        checked_on, verify, source, remedy, reason. ``tables["lengths"]``: characters and segments
        of the text messages of forms.yml. act: something blocks. watch: something warns. clear:
        texts were checked and neither. not_measured: there was no text.
    """
    used = used_settings(settings, "touchpoints.copy_days", "touchpoints.copy_most_posts")
    tally = _Tally()
    given = base.tables.get("posts") if base.has("posts", "text") else None
    posts, left = _scan_posts(base, given, settings, tally) if given is not None else (0, 0)
    for text in base.forms.texts:
        tally.add(text.channel, text.text, _check_stated(base, text))
    stated = len(base.forms.texts)
    if not posts + stated:
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, _nothing(base), used)
    table = _table(tally, settings.touchpoints.confidence_level)
    worst = tally.worst
    return QUESTION.answer(
        base.as_of,
        _judge(tally),
        table,
        used,
        coverage=Coverage(posts + left + stated, posts + stated, {"not checked": left}),
        figures={
            "texts_scanned": posts + stated,
            "posts_scanned": posts,
            "forms_scanned": stated,
            "posts_not_scanned": left,
            "block_texts": worst["block"],
            "warn_texts": worst["warn"],
            "clean_texts": worst["info"] + worst["none"],
            "overridden_texts": tally.overridden,
            "rules_checked": _rules_checked(),
        },
        tables=_lengths(base),
        notes=_notes(table),
    )


def _nothing(base: Base) -> Message:
    if "posts" in base.tables and not base.has("posts", "text"):
        return msg("The posts carry no text, and forms.yml states no texts.")
    if "posts" in base.tables:
        return msg("No post of the period has words, and forms.yml states no texts.")
    return msg("No posts table was given, and forms.yml states no texts.")


def _check_stated(base: Base, text: CopyText) -> list[Hit]:
    return check_text(
        text.text,
        text.channel,
        text.vendor or None,
        purpose=text.purpose,
        overrides=base.forms.rule_overrides,
    )


def _scan_posts(base: Base, posts: Table, settings: Settings, tally: _Tally) -> tuple[int, int]:
    """Check the posts; how many were checked and how many of the table were not."""
    checked = 0
    for piece in _pieces(base, posts, settings):
        for row in piece.itertuples(index=False):
            hits = check_text(
                str(row.text),
                str(row.touchpoint),
                purpose=None if row.purpose == "unknown" else str(row.purpose),
                overrides=base.forms.rule_overrides,
            )
            tally.add(str(row.touchpoint), str(row.text), hits)
            checked += 1
    return checked, posts.coverage.used - checked


def _pieces(base: Base, posts: Table, settings: Settings) -> Iterator[pd.DataFrame]:
    """Posts with words, the latest first, so many at a time and so many in all."""
    import narwhals as nw

    lines = settings.touchpoints
    since = base.as_of_day - lines.copy_days
    frame = posts.frame.filter((nw.col("posted_on") > since) & ~nw.col("text").is_null())
    keys = frame.select("posted_at", "order_key").sort("posted_at", "order_key", descending=True)
    found = collect(keys.head(lines.copy_most_posts), limit=lines.copy_most_posts)
    order = [int(key) for key in found["order_key"]]
    for start in range(0, len(order), _CHUNK):
        rows = frame.filter(nw.col("order_key").is_in(order[start : start + _CHUNK]))
        piece = collect(rows.select("touchpoint", "purpose", "text"), limit=_CHUNK)
        piece = posts.decode(posts.decode(piece, "touchpoint"), "purpose")
        yield piece[piece["text"].str.strip() != ""]


def _table(tally: _Tally, level: float) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for key, texts in tally.groups.items():
        rule, severity, channel, kind, reason = key
        about = load_rules().get(rule)
        words = list(tally.words[key])
        rows.append(
            {
                "rule": rule,
                "severity": severity,
                "channel": channel,
                "kind": kind,
                "words": ", ".join(sorted(words)[:_MOST_WORDS]) or None,
                "texts": texts,
                "scanned": tally.scanned[channel],
                "checked_on": about.checked_on if about else "2020",
                "verify": bool(about and "MEM" in about.tags),
                "source": about.source if about else "article 004",
                "remedy": bilingual(about.remedy if about else _SPEND_REMEDY),
                "reason": reason or None,
            }
        )
    rows.sort(key=lambda row: (_RANK.index(row["severity"]), -row["texts"], row["rule"]))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table = add_rate(table, "texts", "scanned", "texts_share", level)
    front = [c for c in table.columns if c not in ("checked_on", "verify", "source", "remedy",
                                                   "reason")]  # fmt: skip
    return table[[*front, "checked_on", "verify", "source", "remedy", "reason"]]


def _judge(tally: _Tally) -> Verdict:
    if tally.worst["block"]:
        return Verdict.ACT
    return Verdict.WATCH if tally.worst["warn"] else Verdict.CLEAR


def _rules_checked() -> int:
    """Rules that a text can show: by keyword, or by one of the linter's other checks."""
    looked_at = {"SMS-01", "SMS-02", "SMS-03", "SMS-04", "SMS-09", "SMS-10", "AD-04", "CALL-02"}
    looked_at |= {"CALL-05", "OA-01", "WC-03"}
    return len(looked_at | {rule.id for rule in load_rules().values() if rule.patterns})


def _lengths(base: Base) -> dict[str, pd.DataFrame]:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for place, text in enumerate(base.forms.texts, start=1):
        if text.channel in SMS_CHANNELS:
            marketing = text.purpose in (None, "marketing")
            length = measure_message(text.text, text.vendor or None, marketing)
            rows.append(
                {
                    "name": text.name or str(place),
                    "vendor": text.vendor or None,
                    "characters": length.characters,
                    "segments": length.segments,
                }
            )
    return {"lengths": pd.DataFrame(rows)} if rows else {}


def _notes(table: pd.DataFrame) -> tuple[Message, ...]:
    notes = [
        msg(
            "A lint aid, not legal advice: keywords are found, their meaning is for a person to "
            "judge; a text without a hit may still break a rule."
        )
    ]
    if len(table) and bool(table["verify"].any()):
        rules = ", ".join(sorted(set(table.loc[table["verify"], "rule"])))
        notes.append(msg("To be verified, for it is general knowledge: {rules}.", rules=rules))
    return tuple(notes)
