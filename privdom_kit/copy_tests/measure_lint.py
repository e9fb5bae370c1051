"""Question copy_lint: the copy of planned tests against the rules, before anybody pays for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.lint_plan import (
    Broken,
    channels_asked,
    check_arm,
    check_plan,
    consent_state,
    purpose_note,
    stated_codes,
    told,
)
from privdom_kit.copy_tests.lint_texts import (
    NOT_CHECKED,
    NOTHING_FOUND,
    REFUSED,
    UNKNOWN,
    Part,
    check_part,
    lengths_of,
    parts_of,
    vendor_state,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.rule_check import vendors_named

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import Settings

PLAN = "plan"
#: Why there is no answer to the questions of 04 without plans.
NO_PLANS = msg("forms.yml plans no copy test (copy_tests:).")
_UNITS = {
    "test": "quote: name of the test",
    "arm": "quote: name of the arm",
    "part": "text: text message, script of the call, or the plan of the test",
    "channel": "text: channel by whose rules it goes",
    "vendor": "text: vendor of messages",
    "state": "text: gravest hit; of a vendor, what it would do with the template; of consent, "
    "what is known",
    "blocks": "count: hits that block, those held not to apply left out",
    "warnings": "count: hits that warn, those held not to apply left out",
    "rule": "text: id of the rule",
    "severity": "text: block, warn or info",
    "kind": "text: what kind of hit",
    "words": "text: what was found, in the words of the rule",
    "source": "text: where the rule was read",
    "checked_on": "text: date that the source states for itself",
    "verify": "text: whether the rule is general knowledge and to be verified",
    "remedy": "text: what to write instead",
    "reason": "quote: why the client holds it not to apply",
    "rules": "text: rules by which the vendor would refuse or warn",
    "characters_least": "count: characters billed, each variable one character long",
    "characters_most": "count: characters billed, each variable as long as the setting says",
    "segments_least": "count: segments billed, least",
    "segments_most": "count: segments billed, most",
    "message_cost_least": "money: cost of one message, least",
    "message_cost_most": "money: cost of one message, most",
    "people": "count: people planned for the arm",
    "cost_least": "money: cost of the arm's messages, least",
    "cost_most": "money: cost of the arm's messages, most",
    "addressed": "count: people whom the brand addresses on the channel",
    "with_consent": "count: those of them whose consent is on record",
    "consent_share": "percent: share of those addressed",
    "tests": "count: tests planned",
    "parts_stated": "count: texts and scripts stated and checked",
    "parts_missing": "count: texts and scripts that arms lack",
    "blocked_parts": "count: texts and scripts with a hit that blocks",
    "warned_parts": "count: texts and scripts with a warning and nothing that blocks",
    "clean_parts": "count: texts and scripts with neither",
    "messages": "count: text messages checked at the vendors",
    "refused_somewhere": "count: text messages that some vendor of the register would refuse",
    "refused_everywhere": "count: text messages that every vendor of the register would refuse",
    "unknown_vendors": "count: tests whose vendor no rule names",
    "plan_blocks": "count: hits that block and are in no text",
    "plan_warnings": "count: hits that warn and are in no text",
    "overridden": "count: hits held not to apply",
}
QUESTION = Question("copy_lint", ("S125",), _UNITS)
_SETTINGS = tuple(
    f"copy_tests.{name}" for name in ("variable_characters", "entry_code_characters", "call_cap")
)
_HITS = (
    *("test", "arm", "part", "rule", "severity", "kind", "words", "source", "checked_on"),
    *("verify", "remedy", "reason"),
)
_RANK = {"block": 0, "warn": 1, "info": 2}


def measure_copy_lint(base: CopyBase, settings: Settings) -> Result:
    """Texts, scripts and plans of all planned tests against the register of rules.

    Each text is checked by :func:`privdom_kit.rule_check.check_text` with channel, vendor and
    purpose of its test, and text messages at every vendor that a rule names. An override of
    forms.yml, with its reason, keeps the hit as information. The method is S125; the rules stand
    in ``knowledge/rules.yml``, each with source and date.

    Args:
        base: The client's copy tests.
        settings: All settings.

    Returns:
        ``table``: a row a text or script: test, arm, part, channel, vendor, state (block, warn,
        nothing_found, not_checked where it is not stated), blocks, warnings. ``tables``: ``hits``
        (a row a hit; part ``plan`` for hour, dials, consent, links and codes), ``lengths``
        (characters, segments and cost of text messages, least and most), ``vendors`` (what each
        vendor would do with each template, and by which rules), ``consent`` (by test and channel).
        act: something blocks at the test's vendor, or at every vendor where none is named, or
        consent is stated to be missing. watch: something warns or is not stated. clear: all texts
        were checked and nothing was found. not_measured: no plans, or none with a text.
    """
    used = used_settings(settings, *_SETTINGS)
    plans = base.plans
    if not plans:
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, NO_PLANS, used)
    parts = [part for test in plans for part in parts_of(test)]
    stated = [part for part in parts if part.words]
    if not stated:
        reason = msg("No arm of the planned tests states its text or script.")
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, reason, used)
    rules = settings.copy_tests
    hits = _hits(base, plans, stated, settings)
    table = _table(parts, hits)
    vendors = _vendors(base, parts, rules.variable_characters)
    figures = _figures(plans, table, hits, vendors)
    return QUESTION.answer(
        base.base.as_of,
        _judge(plans, figures, vendors, hits),
        table,
        used,
        coverage=Coverage(len(parts), len(stated), {"not stated": len(parts) - len(stated)}),
        figures=figures,
        tables=_tables(base, hits, stated, vendors, rules.variable_characters),
        notes=_notes(plans, hits, stated),
    )


def _hits(
    base: CopyBase, plans: Sequence[CopyTest], stated: Sequence[Part], settings: Settings
) -> pd.DataFrame:
    """A row a hit, the gravest first within its test."""
    import pandas as pd

    rows = list(_hit_rows(base, plans, stated, settings))
    order = {test.id: place for place, test in enumerate(plans)}
    rows.sort(key=lambda row: (order[row["test"]], _RANK[row["severity"]]))
    return pd.DataFrame(rows, columns=list(_HITS))


def _hit_rows(
    base: CopyBase, plans: Sequence[CopyTest], stated: Sequence[Part], settings: Settings
) -> Iterator[dict[str, Any]]:
    rules, forms = settings.copy_tests, base.base.forms
    codes = stated_codes(plans)
    for part in stated:
        found = check_part(part, forms.rule_overrides, rules.variable_characters)
        yield from (_row(part.test, part.arm.name, part.part, told(hit)) for hit in found)
    for test in plans:
        yield from (_row(test, None, PLAN, one) for one in check_plan(test, forms, rules))
        for arm in test.arms:
            found_of_arm = check_arm(test, arm, forms, codes, rules.entry_code_characters)
            yield from (_row(test, arm.name, PLAN, one) for one in found_of_arm)


def _row(test: CopyTest, arm: str | None, part: str, one: Broken) -> dict[str, Any]:
    return {
        "test": test.id,
        "arm": arm,
        "part": part,
        "rule": one.rule,
        "severity": one.severity,
        "kind": one.kind,
        "words": ", ".join(one.words) or None,
        "source": one.source,
        "checked_on": one.checked_on,
        "verify": one.verify,
        "remedy": one.remedy,
        "reason": one.reason or None,
    }


def _open(hits: pd.DataFrame, severity: str) -> pd.DataFrame:
    """Hits of a severity that are not held not to apply."""
    return hits[(hits["severity"] == severity) & hits["reason"].isna()]


def _table(parts: Sequence[Part], hits: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    keys = ["test", "arm", "part"]
    counts = {s: _open(hits, s).groupby(keys).size().to_dict() for s in ("block", "warn")}
    rows: list[dict[str, Any]] = []
    for part in parts:
        key = (part.test.id, part.arm.name, part.part)
        blocks, warnings = (int(counts[s].get(key, 0)) for s in ("block", "warn"))
        state = "block" if blocks else "warn" if warnings else NOTHING_FOUND
        rows.append(
            dict(zip(keys, key, strict=True))
            | {
                "channel": part.channel,
                "vendor": part.test.vendor or None,
                "state": state if part.words else NOT_CHECKED,
                "blocks": blocks if part.words else None,
                "warnings": warnings if part.words else None,
            }
        )
    return pd.DataFrame(rows).astype({"blocks": "Int64", "warnings": "Int64"})


def _vendors(base: CopyBase, parts: Sequence[Part], variable: int) -> pd.DataFrame:
    """What each vendor that a rule names, and the test's own, would do with each text message."""
    import pandas as pd

    rows = []
    for part in parts:
        if not part.is_message:
            continue
        for vendor in dict.fromkeys((*vendors_named(), part.test.vendor)):
            if vendor:
                state, rules = vendor_state(part, vendor, base.base.forms.rule_overrides, variable)
                rows.append(
                    {
                        "test": part.test.id,
                        "arm": part.arm.name,
                        "vendor": vendor,
                        "state": state,
                        "rules": ", ".join(rules) or None,
                    }
                )
    return pd.DataFrame(rows, columns=["test", "arm", "vendor", "state", "rules"])


def _figures(
    plans: Sequence[CopyTest], table: pd.DataFrame, hits: pd.DataFrame, vendors: pd.DataFrame
) -> dict[str, Any]:
    states = table["state"].value_counts()
    of_plan = hits["part"] == PLAN
    checked = vendors[~vendors["state"].isin((NOT_CHECKED, UNKNOWN))]
    refused = checked.assign(no=checked["state"] == REFUSED).groupby(["test", "arm"])["no"]
    return {
        "tests": len(plans),
        "parts_stated": int((table["state"] != NOT_CHECKED).sum()),
        "parts_missing": int(states.get(NOT_CHECKED, 0)),
        "blocked_parts": int(states.get("block", 0)),
        "warned_parts": int(states.get("warn", 0)),
        "clean_parts": int(states.get(NOTHING_FOUND, 0)),
        "messages": int(refused.ngroups),
        "refused_somewhere": int(refused.any().sum()),
        "refused_everywhere": int(refused.all().sum()),
        "unknown_vendors": len(_at_strangers(vendors)),
        "plan_blocks": len(_open(hits[of_plan], "block")),
        "plan_warnings": len(_open(hits[of_plan], "warn")),
        "overridden": int(hits["reason"].notna().sum()),
    }


def _at_strangers(vendors: pd.DataFrame) -> set[str]:
    """Tests with a text message at a vendor that no rule names."""
    return set(vendors.loc[vendors["state"] == UNKNOWN, "test"])


def _judge(
    plans: Sequence[CopyTest], figures: dict[str, Any], vendors: pd.DataFrame, hits: pd.DataFrame
) -> Verdict:
    named = {test.id for test in plans if test.vendor}
    without = vendors[~vendors["test"].isin(named)]
    refused = without.assign(no=without["state"] == REFUSED).groupby(["test", "arm"])["no"].all()
    if len(_open(hits, "block")) or bool(refused.any()):
        return Verdict.ACT
    some = bool((without["state"] == REFUSED).any()) or figures["unknown_vendors"]
    open_still = len(_open(hits, "warn")) or figures["parts_missing"] or some
    return Verdict.WATCH if open_still else Verdict.CLEAR


def _tables(
    base: CopyBase,
    hits: pd.DataFrame,
    stated: Sequence[Part],
    vendors: pd.DataFrame,
    variable: int,
) -> dict[str, pd.DataFrame]:
    found = {
        "hits": hits,
        "lengths": _lengths(base, stated, variable),
        "vendors": vendors,
        "consent": _consent(base),
    }
    return {name: table for name, table in found.items() if len(table)}


def _lengths(base: CopyBase, stated: Sequence[Part], variable: int) -> pd.DataFrame:
    import pandas as pd

    cost = base.base.economics.sms_cost
    rows = []
    for part in stated:
        if not part.is_message:
            continue
        least, most = lengths_of(part, variable)
        people = _people(part)
        each = [None if cost is None else cost * one.segments for one in (least, most)]
        costs = [None if c is None or people is None else c * people for c in each]
        rows.append(
            {
                "test": part.test.id,
                "arm": part.arm.name,
                "characters_least": least.characters,
                "characters_most": most.characters,
                "segments_least": least.segments,
                "segments_most": most.segments,
                "message_cost_least": each[0],
                "message_cost_most": each[1],
                "people": people,
                "cost_least": costs[0],
                "cost_most": costs[1],
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({"people": "Float64"}) if len(table) else table


def _people(part: Part) -> float | None:
    """People whom the plan gives the arm; None where it does not state how many a crowd has."""
    test = part.test
    stated = [crowd.people for crowd in test.crowds]
    if not stated or any(people is None for people in stated):
        return None
    total = sum(people for people in stated if people is not None)
    weights = sum(arm.weight for arm in test.arms)
    return total * (1 - test.holdout_share) * part.arm.weight / weights


def _consent(base: CopyBase) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for test in base.plans:
        for channel in channels_asked(test):
            stated = base.base.forms.consent.channels.get(channel)
            people = stated.people if stated else None
            consented = stated.with_consent if stated else None
            known = people and consented is not None
            rows.append(
                {
                    "test": test.id,
                    "channel": channel,
                    "state": consent_state(stated),
                    "addressed": people,
                    "with_consent": consented,
                    "consent_share": consented / people if known else None,  # type: ignore[operator]
                }
            )
    table = pd.DataFrame(rows)
    if not len(table):
        return table
    return table.astype({"addressed": "Int64", "with_consent": "Int64", "consent_share": "Float64"})


def _notes(
    plans: Sequence[CopyTest], hits: pd.DataFrame, stated: Sequence[Part]
) -> tuple[Message, ...]:
    notes = [
        msg(
            "A lint aid, not legal advice: keywords are found, their meaning is for a person to "
            "judge; a text without a hit may still break a rule."
        ),
        *purpose_note(plans),
    ]
    if len(hits) and bool(hits["verify"].any()):
        rules = ", ".join(sorted(set(hits.loc[hits["verify"].astype(bool), "rule"])))
        notes.append(msg("To be verified, for it is general knowledge: {rules}.", rules=rules))
    if any(part.is_message for part in stated):
        notes.append(
            msg(
                "Nothing found at a vendor is no promise that it takes the template: only rules "
                "that the register holds were looked for."
            )
        )
    if strangers := sorted({t.vendor for t in plans if t.vendor} - set(vendors_named())):
        notes.append(
            msg(
                "No rule names {vendors:list}: held to what any vendor of the register asks.",
                vendors=tuple(strangers),
            )
        )
    notes.append(
        msg(
            "Refusals and caps over all campaigns ({rules}) are no matter of the copy; who is left "
            "out for them stands with the assignment.",
            rules="SMS-15, SMS-16, CALL-06",
        )
    )
    return tuple(notes)
