"""Findings on the registers in words: the catalogue, roles, texts against the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.knowledge.rules import load_rules
from privdom_kit.labels import label
from privdom_kit.messages import Message, bilingual, join_messages, msg
from privdom_kit.report.wording import CRM_LEAD, DATA_OWNER, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

_NO_MONEY = msg("No money is derived from a register.")
_MOST_NAMED = 6
_SMALL_P = 0.001  # what three digits can show


def describe_catalogue(result: Result) -> Finding:
    """How much of the WeChat ecosystem is at work, and what nobody looked at."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    figures = result.figures
    return Finding(
        result,
        statement=msg(
            "{active:count} of {listed:count} touchpoints ({share:percent}) had data or content in "
            "the last {days:days}; {blank:count} were not audited.",
            active=figures["active"],
            listed=figures["listed"],
            share=figures["coverage_share"],
            days=result.settings["touchpoints.catalogue_days"],
            blank=figures["not_audited"],
        ),
        evidence=tuple(_catalogue_evidence(result)),
        action=_catalogue_action(result),
        owner=CRM_LEAD if needs_action(result) else None,
        money_basis=_NO_MONEY,
    )


def _catalogue_evidence(result: Result) -> list[Message]:
    figures, table = result.figures, result.table
    said = []
    for status, words in (
        ("silent", msg("Silent, with data earlier only: {names}.", names=_names(table, "silent"))),
        (
            "stated_without_data",
            msg(
                "Stated in use, but no data show them: {names}.",
                names=_names(table, "stated_without_data"),
            ),
        ),
    ):
        if figures[status]:
            said.append(words)
    if figures["contradicted"]:
        said.append(
            msg(
                "{count:count} touchpoints stated not to be in use are active in the data.",
                count=figures["contradicted"],
            )
        )
    if figures["with_entry_code"] is not None and figures["in_use"]:
        said.append(
            msg(
                "{coded:count} of {in_use:count} touchpoints stated in use have an entry code of "
                "their own.",
                coded=figures["with_entry_code"],
                in_use=figures["in_use"],
            )
        )
    said += _cost_words(result)
    if figures["unknown_touchpoints"]:
        unknown = list(result.tables["unknown_touchpoints"]["touchpoint"])
        said.append(
            msg(
                "Names in the data that the catalogue does not know: {names:list}.",
                names=unknown[:_MOST_NAMED],
            )
        )
    return said


def _cost_words(result: Result) -> list[Message]:
    costs = result.tables.get("reach_costs")
    if costs is None:
        return []
    known = costs.dropna(subset=["cost_per_person"]).head(_MOST_NAMED)
    return [
        msg(
            "{touchpoint}: {cost:money} for each of {people:count} people reached.",
            touchpoint=label(row.touchpoint),
            cost=row.cost_per_person,
            people=row.people_reached,
        )
        for row in known.itertuples(index=False)
    ]


def _names(table: pd.DataFrame, status: str) -> Message:
    return join_messages(list(table.loc[table["status"] == status, "name"])[:_MOST_NAMED])


def _catalogue_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Decide for each touchpoint that has gone silent, or that works although it is stated "
            "out of use, whether it is run or closed, and name its owner."
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "Go through the blank touchpoints with the brand and state in forms.yml which are in "
            "use, with role, measure, owner and entry code."
        )
    return None


def describe_roles(result: Result) -> Finding:
    """Whether every touchpoint has one role and does what it is there for."""
    if not len(result.table) and not result.figures:
        return Finding(result, statement=result.notes[0], owner=DATA_OWNER)
    figures = result.figures
    if figures["fallen"]:
        statement = msg(
            "{fallen:count} of {listed:count} touchpoints do less for their role than in the "
            "period before.",
            fallen=figures["fallen"],
            listed=figures["touchpoints_listed"],
        )
    else:
        statement = msg(
            "{measured:count} of {listed:count} touchpoints could be measured against their "
            "role; {stated:count} have a stated role, and there are {conflicts:count} conflicts of "
            "roles.",
            measured=figures["touchpoints_measured"],
            listed=figures["touchpoints_listed"],
            stated=figures["touchpoints_stated"],
            conflicts=figures["conflicts"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=(*_changes(result), *_conflict_words(result), *_persona_words(result)),
        action=_roles_action(result),
        owner=CRM_LEAD if needs_action(result) else None,
        money_basis=msg("Not derived: what a touchpoint's rate is worth is not in its role."),
    )


def _changes(result: Result) -> list[Message]:
    """The measured changes, the largest falls first."""
    table = result.table.dropna(subset=["rate_change"])
    rows = table.sort_values("rate_change", kind="stable").head(_MOST_NAMED)
    return [
        msg(
            "{name} ({role}): {kpi} {now:percent} of {base:count} people, {change:points} against "
            "the period before (interval {low:points} to {high:points}; p {p}, corrected "
            "for the touchpoints compared).",
            name=row.name_words,
            role=label(row.role) if isinstance(row.role, str) else label("several_roles"),
            kpi=label(row.kpi),
            now=row.kpi_rate,
            base=row.base,
            change=row.rate_change,
            low=row.rate_change_ci_lower,
            high=row.rate_change_ci_upper,
            p=_p_words(row.p_value_adjusted),
        )
        for row in rows.rename(columns={"name": "name_words"}).itertuples(index=False)
    ]


def _p_words(p_value: float) -> Message:
    """A p-value of which nothing is left after rounding is said to be small, not nought."""
    if p_value < _SMALL_P:
        return msg("below {least:number}", least=_SMALL_P)
    return msg("{p:number}", p=p_value)


def _conflict_words(result: Result) -> list[Message]:
    conflicts = result.tables.get("conflicts")
    if conflicts is None:
        return []
    names = dict(zip(result.table["touchpoint"], result.table["name"], strict=True))
    templates: dict[str, Any] = {
        "several_roles": lambda name, other: msg(
            "{name} is stated with several roles: {other}.", name=name, other=other
        ),
        "several_kpis": lambda name, other: msg(
            "{name} is stated with several measures: {other}.", name=name, other=other
        ),
        "same_role": lambda name, other: msg(
            "{name} shares its role with another touchpoint: {other}.", name=name, other=other
        ),
        "against_rule": lambda name, other: msg(
            "{name} is used for another role than the articles give it: {other}.",
            name=name,
            other=other,
        ),
    }
    said = []
    for row in conflicts.head(_MOST_NAMED).itertuples(index=False):
        words = join_messages([label(part) for part in str(row.other).split(", ")])
        said.append(templates[row.conflict](names.get(row.touchpoint, row.touchpoint), words))
    return said


def _persona_words(result: Result) -> list[Message]:
    scores = result.tables.get("persona_scores")
    if scores is None:
        return []
    return [
        msg(
            "{rubric}, rated by {rater}: {points:count} of {possible:count} points on "
            "{answered:count} of {asked:count} items.",
            rubric=label(row.rubric),
            rater=row.rater or "–",
            points=row.points,
            possible=row.possible_points,
            answered=row.answered,
            asked=row.asked,
        )
        for row in scores.head(_MOST_NAMED).itertuples(index=False)
        if row.answered
    ]


def _roles_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Find out what changed at the touchpoints whose rate fell, in content, rhythm and "
            "audience, before anything else is asked of them."
        )
    if result.verdict is Verdict.WATCH:
        return msg(
            "Give every touchpoint one role and one measure in forms.yml, and bring in the export "
            "that the blank ones need."
        )
    return None


def describe_copy_rules(result: Result) -> Finding:
    """What the texts run into, and what to write instead."""
    figures = result.figures
    if not figures:
        return Finding(result, statement=result.notes[0], owner=DATA_OWNER)
    if figures["block_texts"] or figures["warn_texts"]:
        statement = msg(
            "Of {scanned:count} texts checked, {block:count} run into a rule that forbids them and "
            "{warn:count} more into a warning.",
            scanned=figures["texts_scanned"],
            block=figures["block_texts"],
            warn=figures["warn_texts"],
        )
    else:
        statement = msg(
            "{scanned:count} texts were checked against {rules:count} rules; nothing was found "
            "that forbids one or calls for a warning.",
            scanned=figures["texts_scanned"],
            rules=figures["rules_checked"],
        )
    return Finding(
        result,
        statement=statement,
        evidence=tuple(_rule_words(result)),
        action=msg(
            "Withdraw or reword the texts that are forbidden, have the warnings judged by a "
            "person, and record in forms.yml why a rule does not hold."
        )
        if needs_action(result)
        else None,
        owner=msg("Content lead") if needs_action(result) else None,
        money_basis=msg("Not derived: fines and closed links depend on the authority."),
    )


def _rule_words(result: Result) -> list[Message]:
    """Rule, texts, words, date and remedy, the gravest first; overridden ones at the end."""
    rows = result.table.head(_MOST_NAMED)
    said = [_rule_sentence(row) for row in rows.itertuples(index=False)]
    if result.figures["overridden_texts"]:
        said.append(
            msg(
                "{count:count} hits are held not to apply; the reasons stand in the table.",
                count=result.figures["overridden_texts"],
            )
        )
    if result.figures["posts_not_scanned"]:
        said.append(
            msg(
                "{count:count} posts were not checked: older, without words, or beyond the limit.",
                count=result.figures["posts_not_scanned"],
            )
        )
    return said


def _rule_sentence(row: Any) -> Message:
    rule = load_rules().get(row.rule)
    words = row.words if isinstance(row.words, str) else label(row.kind)
    return msg(
        "{severity} {rule} on {channel}: {texts:count} of {scanned:count} texts ({words}); "
        "{dated}. {remedy}",
        severity=label(row.severity),
        rule=row.rule,
        channel=label(row.channel),
        texts=row.texts,
        scanned=row.scanned,
        words=words,
        dated=_dated(row),
        remedy=bilingual(rule.remedy) if rule is not None else row.remedy,
    )


def _dated(row: Any) -> Message:
    if row.verify:
        return msg("general knowledge, verify")
    if isinstance(row.checked_on, str):
        return msg("source of {date}", date=row.checked_on)
    return msg("source without a date")
