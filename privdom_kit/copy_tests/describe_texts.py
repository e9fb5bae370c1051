"""Copy against the rules in words; the register of plans is worded beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.describe_plans import describe_hypotheses
from privdom_kit.formats import is_missing
from privdom_kit.labels import in_question, label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe_copy_lint", "describe_hypotheses"]
_MOST_ARMS = 4
_MOST_HITS = 5


def describe_copy_lint(result: Result) -> Finding:
    """What the copy of planned tests runs into, at which vendor, and what to write instead."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_lint_statement(result),
        evidence=(
            *_vendor_lines(result),
            *_hit_lines(result),
            *_consent_lines(result),
            *_length_lines(result),
            *_kept_lines(result),
        ),
        action=_lint_action(result),
        owner=CRM_LEAD if needs_action(result) else None,
        money_basis=NOT_IN_MONEY,
    )


def _lint_statement(result: Result) -> Message:
    figures = result.figures
    values = {name: figures[name] for name in ("parts_stated", "tests")}
    if figures["blocked_parts"]:
        return msg(
            "{blocked:count} of {parts_stated:count} texts and scripts of {tests:count} planned "
            "tests cannot go out as they are: a rule forbids them, or their vendor would.",
            blocked=figures["blocked_parts"],
            **values,
        )
    if result.verdict is Verdict.ACT and not figures["plan_blocks"]:
        return msg(
            "{refused:count} of {messages:count} text messages of {tests:count} planned tests "
            "would be refused by every vendor of the register.",
            refused=figures["refused_everywhere"],
            messages=figures["messages"],
            tests=figures["tests"],
        )
    if figures["plan_blocks"]:
        return msg(
            "No rule forbids the {parts_stated:count} texts and scripts of {tests:count} planned "
            "tests; {blocks:count} points of their plans do not pass.",
            blocks=figures["plan_blocks"],
            **values,
        )
    if result.verdict is Verdict.CLEAR:
        return msg(
            "{parts_stated:count} texts and scripts of {tests:count} planned tests were checked; "
            "no rule of the register was found to be broken.",
            **values,
        )
    if figures["refused_somewhere"] and not result.table["vendor"].notna().any():
        return msg(
            "{refused:count} of {messages:count} text messages of {tests:count} planned tests "
            "would be refused by some vendors, and no vendor is named.",
            refused=figures["refused_somewhere"],
            messages=figures["messages"],
            tests=figures["tests"],
        )
    return msg(
        "Nothing was found that forbids the {parts_stated:count} texts and scripts of "
        "{tests:count} planned tests; {open:count} warnings or open points call for a person.",
        open=_open_points(result),
        **values,
    )


def _open_points(result: Result) -> int:
    names = ("plan_warnings", "parts_missing", "unknown_vendors")
    texts = int(result.table["warnings"].fillna(0).sum())
    return texts + sum(int(result.figures[name]) for name in names)


def _vendor_lines(result: Result) -> Iterator[Message]:
    """For each arm: who would refuse its text, who would ask, where nothing was found."""
    if "vendors" not in result.tables:
        return
    table = result.tables["vendors"]
    checked = table[table["state"] != "not_checked"]
    several = checked["test"].nunique() > 1
    grave = checked.assign(n=checked["state"] == "refused").groupby(["test", "arm"], sort=False)
    counts = grave["n"].sum().sort_values(ascending=False, kind="stable")
    if len(counts) and (checked["state"] == "nothing_found").all():
        yield msg(
            "Nothing was found against the {messages:count} text messages at {vendors}.",
            messages=len(counts),
            vendors=join_messages([label(vendor) for vendor in dict.fromkeys(checked["vendor"])]),
        )
        return
    for test, arm in counts.index[:_MOST_ARMS]:
        lines = checked[(checked["test"] == test) & (checked["arm"] == arm)]
        parts = [
            Message(words.template, {"vendors": join_messages(_vendors(lines, state))})
            for state, words in _VENDOR_WORDS.items()
            if (lines["state"] == state).any()
        ]
        yield msg("{arm:quote}: {parts}.", arm=_name(test, arm, several), parts=_semicolons(parts))


_VENDOR_WORDS = {
    "refused": msg("would be refused by {vendors}"),
    "warned": msg("is a risk at {vendors}"),
    "unknown": msg("no rule names {vendors}"),
    "nothing_found": msg("nothing found at {vendors}"),
}


def _vendors(lines: pd.DataFrame, state: str) -> list[Message]:
    return [
        label(line.vendor)
        if is_missing(line.rules)
        else msg("{vendor} ({rules})", vendor=label(line.vendor), rules=line.rules)
        for line in lines[lines["state"] == state].itertuples(index=False)
    ]


def _semicolons(parts: Sequence[Message]) -> Message:
    """Parts of a sentence that hold commas themselves."""
    whole = parts[0]
    for part in parts[1:]:
        whole = msg("{first}; {second}", first=whole, second=part)
    return whole


def _hit_lines(result: Result) -> Iterator[Message]:
    """The gravest hits, each rule once, with what to write instead."""
    if "hits" not in result.tables:
        return
    hits = result.tables["hits"]
    still = hits[hits["reason"].isna() & (hits["severity"] != "info")]
    several = hits["test"].nunique() > 1
    seen: dict[tuple[str, str, str], list[Any]] = {}
    for line in still.itertuples(index=False):
        seen.setdefault((line.rule, line.severity, line.kind), []).append(line)
    gravest = sorted(seen.items(), key=lambda item: item[0][1] != "block")
    for (rule, severity, kind), lines in gravest[:_MOST_HITS]:
        places = {str(place): place for line in lines if (place := _place(line, several))}
        words = {str(word): word for line in lines for word in _found(line)}
        values = {
            "severity": label(severity),
            "rule": label(rule) if rule == "entry_code" else rule,
            "kind": _label(kind),
            "places": join_messages(list(places.values())),
            "dated": _dated(lines[0]),
            "remedy": lines[0].remedy,
        }
        if words:
            found = join_messages(list(words.values()))
            yield msg(
                "{severity} {rule} ({kind}) in {places}: {words}; {dated}. {remedy}",
                words=found,
                **values,
            )
        else:
            yield msg("{severity} {rule} ({kind}) in {places}; {dated}. {remedy}", **values)


def _place(line: Any, several: bool) -> str | Message:
    if is_missing(line.arm):
        return line.test if several else _label("plan")
    return _name(line.test, line.arm, several)


def _name(test: str, arm: str, several: bool) -> str:
    return f"{test} · {arm}" if several else arm


def _found(line: Any) -> list[Message | str]:
    """What was found, names of the code in words, each once."""
    if is_missing(line.words):
        return []
    words = str(line.words).split(", ")
    return [_label(word) if re.fullmatch("[a-z_]+", word) else word for word in words]


def _label(name: str) -> Message:
    return label(in_question("copy_lint", name))


def _dated(line: Any) -> Message:
    if line.verify:
        return msg("general knowledge, verify")
    if is_missing(line.checked_on):
        return msg("source without a date")
    return msg("source of {date}", date=line.checked_on)


def _consent_lines(result: Result) -> Iterator[Message]:
    """What is known of consent, by channel; unknown is said aloud."""
    if "consent" not in result.tables:
        return
    table = result.tables["consent"].drop_duplicates("channel")
    for line in table.itertuples(index=False):
        values = {"channel": label(line.channel)}
        if is_missing(line.with_consent) or is_missing(line.addressed):
            template = _CONSENT_UNKNOWN if line.state == "consent_unknown" else _CONSENT_PLAIN
            yield Message(template.template, values | {"state": _label(line.state)})
            continue
        yield msg(
            "Consent for {channel}: on record for {consented:count} of {people:count} people "
            "({share:percent}); {state}.",
            consented=line.with_consent,
            people=line.addressed,
            share=line.consent_share,
            state=_label(line.state),
            **values,
        )


_CONSENT_UNKNOWN = msg(
    "Consent for {channel}: {state}. forms.yml does not say whose consent is on record, so nobody "
    "can tell whether the send is allowed."
)
_CONSENT_PLAIN = msg("Consent for {channel}: {state}.")


def _length_lines(result: Result) -> Iterator[Message]:
    if "lengths" not in result.tables:
        return
    table = result.tables["lengths"]
    several = table["test"].nunique() > 1
    longest = table.sort_values("segments_most", ascending=False, kind="stable").head(_MOST_ARMS)
    for line in longest.itertuples(index=False):
        values = {
            "arm": _name(line.test, line.arm, several),
            "characters": _range(line.characters_least, line.characters_most),
            "segments": _range(line.segments_least, line.segments_most),
        }
        if is_missing(line.cost_most):
            yield msg(
                "{arm:quote}: {characters} characters, segments billed: {segments}.", **values
            )
        else:
            yield msg(
                "{arm:quote}: {characters} characters, segments billed: {segments}; {cost} for "
                "{people:count} people.",
                cost=_cost(line.cost_least, line.cost_most),
                people=line.people,
                **values,
            )


def _cost(least: float, most: float) -> Message:
    if least == most:
        return msg("{cost:money}", cost=most)
    return msg("{least:money} to {most:money}", least=least, most=most)


def _range(least: Any, most: Any) -> Message:
    if least == most:
        return msg("{number:count}", number=most)
    return msg("{least:count} to {most:count}", least=least, most=most)


def _kept_lines(result: Result) -> Iterator[Message]:
    figures = result.figures
    if figures["parts_missing"]:
        yield msg(
            "{missing:count} texts or scripts of arms are not stated and were not checked.",
            missing=figures["parts_missing"],
        )
    if figures["overridden"]:
        yield msg(
            "{count:count} hits are held not to apply; the reasons stand in the table.",
            count=figures["overridden"],
        )


def _lint_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Reword what is forbidden as a service that the member already has, clear the template "
            "with the vendor, and settle consent before anything is paid for; where a rule does "
            "not hold, record the reason in forms.yml."
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "Let a person judge the warnings, and state in forms.yml what is open: texts, vendor, "
            "hour of sending, consent."
        )
    return None
