"""The role of each touchpoint, and whether it does what it is there for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, rate, used_settings
from privdom_kit.errors import nearest
from privdom_kit.estimates import adjust_p_values, difference_interval, equality_test
from privdom_kit.knowledge.touchpoints import load_touchpoints
from privdom_kit.messages import Message, bilingual, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.rubrics import UNITS as RUBRIC_UNITS
from privdom_kit.rubrics import RubricScore, score_rubric
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.duties import (
    BEFORE,
    KPIS,
    NOW,
    Duty,
    count_people,
    duty_of,
    read_metrics,
)

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.form_registers import TouchpointEntry
    from privdom_kit.settings import Settings

RUBRICS = ("persona", "persona_relation", "account_content")
MEASURED, NOT_AUDITED = "measured", "not_audited"
UNITS = {
    **RUBRIC_UNITS,
    "touchpoint": "text: id in the data and in forms.yml",
    "name": "text: its name",
    "role": "text: what it is for",
    "role_source": "text: forms (stated) or default (of the catalogue)",
    "owner": "text: who answers for it",
    "kpi": "text: what it is measured by",
    "status": "text: measured or not_audited",
    "people": "count: people who count, last period",
    "base": "count: of how many people",
    "kpi_rate": "percent: people who count, of the base",
    "people_before": "count: people who count, the period before",
    "base_before": "count: of how many people, the period before",
    "kpi_rate_before": "percent: the rate of the period before",
    "rate_change": "points: change of the rate",
    "p_value_adjusted": "p_value: of the change, corrected for the touchpoints compared (Holm)",
    "metric": "text: statistic of the platform that stands in for the measure",
    "metric_value": "number: statistic of the platform, last period",
    "metric_value_before": "number: the same, the period before",
    "conflict": "text: several_roles, several_kpis, same_role or against_rule",
    "other": "text: touchpoint, kpi or role that it conflicts with",
    "touchpoints_stated": "count: touchpoints with a stated role",
    "touchpoints_measured": "count: touchpoints measured against their role",
    "touchpoints_listed": "count: touchpoints of the table",
    "conflicts": "count: conflicts of roles",
    "fallen": "count: touchpoints whose rate fell for sure and by more than the tolerance",
    "period_days": "days: each of the two periods",
}
QUESTION = Question("roles", ("S009", "S039", "S073", "S133", "S190"), UNITS)


def measure_roles(base: Base, settings: Settings) -> Result:
    """One role and one kpi for each touchpoint, and its kpi of late beside the period before.

    Listed are the touchpoints of forms.yml that are not stated out of use, and those of the data
    that the catalogue knows by name. The role and kpi are those stated, else the catalogue's. A
    kpi is a count or a rate of people out of touches, orders and the other tables; where there is
    nothing to count, or the stated kpi is a metric, a statistic of touchpoint_days, posts or
    groups stands instead, without an interval, as it names no people. A touchpoint without either
    is not audited, and never a zero; nor is a rate that nobody counts for in both periods, or an
    interaction rate that everybody counts for, since then the exports do not carry what it counts.

    Conflicts: several roles or kpis stated for one touchpoint; one role stated for two, unless a
    rule of the articles gives it to both; a touchpoint of the rules with another role than theirs.

    People of the two periods overlap. The interval of a change takes them as two groups, which
    makes it too wide rather than too narrow where people keep their habits.

    Returns:
        ``table``: touchpoint, name, role, role_source, owner, kpi, status, people, base, kpi_rate
        with its Wilson interval, the same of the period before, rate_change with Newcombe's
        interval, p_value_adjusted (Holm over the touchpoints compared), metric, metric_value
        and metric_value_before. ``tables``: conflicts, persona_scores, persona_answers, agreement.
        act: a rate fell, significantly after correction and by more than the tolerance. watch: a
        conflict, a blank, or a persona below its line. not_measured: nothing stated, nothing seen.
    """
    lines = settings.touchpoints
    used = used_settings(
        settings, "touchpoints.catalogue_days", "touchpoints.role_tolerance",
        "touchpoints.role_min_people", "touchpoints.confidence_level",
        "touchpoints.kappa_weights", "touchpoints.kappa_min_ratings", "touchpoints.least_kappa",
        "touchpoints.persona_least",
    )  # fmt: skip
    rated = _rated(base, settings)
    table = _table(base, settings)
    if not len(table) and not rated:
        reason = msg("Neither the tables nor forms.yml name a touchpoint.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    conflicts = _conflicts(base.forms.touchpoints)
    fallen = _fallen(table, lines)
    figures = {
        "touchpoints_listed": len(table),
        "touchpoints_measured": int((table["status"] == MEASURED).sum()),
        "touchpoints_stated": sum(bool(e.role) for e in base.forms.touchpoints.values()),
        "conflicts": len(conflicts),
        "fallen": int(fallen.sum()),
        "period_days": lines.catalogue_days,
    }
    shown, cells = _hide(table, settings.privacy.min_cell)
    extra = {"conflicts": conflicts} if len(conflicts) else {}
    return QUESTION.answer(
        base.as_of,
        _judge(figures, rated, lines),
        shown,
        used,
        coverage=base.events.coverage,
        figures=figures,
        tables={**extra, **_rating_tables(rated)},
        notes=(
            *_notes(rated, lines),
            *_unknown_kpis(base, settings),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


# ---------------------------------------------------------------------------------------------
# The table


def _table(base: Base, settings: Settings) -> pd.DataFrame:
    import pandas as pd

    days = settings.touchpoints.catalogue_days
    people, metrics = count_people(base, days), read_metrics(base, days)
    names = _names(base, {*(key[0] for key in people), *(key[0] for key in metrics)})
    rows = [_row(name, base.forms.touchpoints.get(name), people, metrics, settings)
            for name in names]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    counts = ["people", "base", "people_before", "base_before"]
    table[counts] = table[counts].astype("Int64")
    numbers = ("kpi_rate", "rate_change", "metric_value")
    rates = [name for name in _COLUMNS if name.startswith(numbers)]
    table[rates] = table[rates].astype("float64")
    table["p_value_adjusted"] = pd.Series(
        adjust_p_values([None if pd.isna(p) else float(p) for p in table["p_value_adjusted"]]),
        index=table.index,
        dtype="float64",
    )
    return table


_COLUMNS = (
    *("touchpoint", "name", "role", "role_source", "owner", "kpi", "status", "people", "base"),
    *bounded("kpi_rate"),
    *("people_before", "base_before"),
    *bounded("kpi_rate_before"),
    *bounded("rate_change"),
    *("p_value_adjusted", "metric", "metric_value", "metric_value_before"),
)


def _names(base: Base, seen: set[str]) -> list[str]:
    """Touchpoints of the data that the catalogue knows, then the others that are stated."""
    catalogue, stated = load_touchpoints().touchpoints, base.forms.touchpoints
    out = {name for name, entry in stated.items() if entry.in_use is False}
    known = [name for name in catalogue if name in seen or name in stated]
    own = [name for name in stated if name not in catalogue]
    return [name for name in (*known, *own) if name not in out or name in seen]


def _row(
    name: str,
    entry: TouchpointEntry | None,
    people: Mapping[tuple[str, int], Mapping[str, int]],
    metrics: Mapping[tuple[str, str, int], float],
    settings: Settings,
) -> dict[str, Any]:
    known = load_touchpoints().touchpoints.get(name)
    roles = entry.role if entry and entry.role else (known.role,) if known else ()
    kpi = entry.kpi[0] if entry and entry.kpi else known.kpi if known else None
    now, before = (duty_of(people.get((name, period)), kpi or "") for period in (NOW, BEFORE))
    if _not_carried(kpi, now, before):
        now = before = None
    level = settings.touchpoints.confidence_level
    row: dict[str, Any] = {
        "touchpoint": name,
        "name": bilingual(known.words) if known else (entry.name if entry else "") or name,
        "role": roles[0] if len(roles) == 1 else None,
        "role_source": "forms" if entry and entry.role else "default" if known else None,
        "owner": (entry.owner if entry else "") or None,
        "kpi": kpi,
        "people": now.people if now else None,
        "base": now.base if now else None,
        "people_before": before.people if before else None,
        "base_before": before.base if before else None,
    }
    for ending, duty in (("", now), ("_before", before)):
        n = duty.base if duty else None
        row |= _bounds(f"kpi_rate{ending}", duty.people if duty else 0, n, level)
    row |= _change(row, settings)
    metric = kpi if kpi and kpi not in KPIS else known.metric if known and now is None else None
    for ending, period in (("", NOW), ("_before", BEFORE)):
        row[f"metric_value{ending}"] = metrics.get((name, metric or "", period))
    row["metric"] = metric if row["metric_value"] is not None else None
    measured = now is not None or row["metric_value"] is not None
    return {**row, "status": MEASURED if measured else NOT_AUDITED}


def _not_carried(kpi: str | None, now: Duty | None, before: Duty | None) -> bool:
    """Whether the exports do not carry what a kpi counts, so that its rate would say nothing."""
    duties = [duty for duty in (now, before) if duty is not None]
    if not any(duty.people for duty in duties):
        return True  # nobody in either period: no rate of nought
    # Where everybody active interacted, the export holds interactions only.
    return kpi == "interaction_rate" and all(duty.people == duty.base for duty in duties)


def _bounds(name: str, x: int, n: int | None, level: float) -> dict[str, float | None]:
    low, high = f"{name}_ci_lower", f"{name}_ci_upper"
    found = rate(x, n or 0, "one", level)
    return dict(zip((name, low, high), found.values(), strict=True))


def _change(row: Mapping[str, Any], settings: Settings) -> dict[str, float | None]:
    """The change of the rate where both periods hold enough people; the p-value uncorrected."""
    least = settings.touchpoints.role_min_people
    counts = [row[name] for name in ("people", "base", "people_before", "base_before")]
    if any(value is None for value in counts) or min(counts[1], counts[3]) < least:
        return {**interval_figures("rate_change", None), "p_value_adjusted": None}
    x1, n1, x2, n2 = counts
    change = difference_interval(x1, n1, x2, n2, settings.touchpoints.confidence_level)
    p_value = equality_test(x1, n1, x2, n2).p_value
    return {**interval_figures("rate_change", change), "p_value_adjusted": p_value}


def _fallen(table: pd.DataFrame, lines: Any) -> pd.Series:
    """Rates that fell for sure, after correction, and by more than what does not matter."""
    sure = table["p_value_adjusted"] < 1 - lines.confidence_level
    return sure & (table["rate_change"] < -lines.role_tolerance)


def _hide(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """Few people hidden, and those missing from a base likewise, with all computed from them."""
    changes = [*bounded("rate_change"), "p_value_adjusted"]
    cells = 0
    for ending in ("", "_before"):
        rates = [f"kpi_rate{ending}{end}" for end in ("", "_ci_lower", "_ci_upper")]
        people, base = f"people{ending}", f"base{ending}"
        table, small = suppress(table, base, [people, *rates, *changes], least, groups=())
        table, few = suppress(table, people, [*rates, *changes], least, groups=())
        cells += small + few
    return table, cells


# ---------------------------------------------------------------------------------------------
# Conflicts, personas, verdict


def _conflicts(stated: Mapping[str, TouchpointEntry]) -> pd.DataFrame:
    import pandas as pd

    rows: list[tuple[str, str, str]] = []
    used = {name: entry for name, entry in stated.items() if entry.in_use is not False}
    for name, entry in used.items():
        if len(entry.role) > 1:
            rows.append((name, "several_roles", ", ".join(entry.role)))
        if len(entry.kpi) > 1:
            rows.append((name, "several_kpis", ", ".join(entry.kpi)))
    rows += _shared_roles(used) + _against_rules(used)
    return pd.DataFrame(rows, columns=["touchpoint", "conflict", "other"])


def _shared_roles(used: Mapping[str, TouchpointEntry]) -> list[tuple[str, str, str]]:
    rules = load_touchpoints().rules
    holders: dict[str, list[str]] = {}
    for name, entry in used.items():
        for role in entry.role:
            holders.setdefault(role, []).append(name)
    rows = []
    for role, names in holders.items():
        together = rules[role].touchpoints if role in rules else ()
        free = [name for name in names if name not in together]
        if len(names) > 1 and free:
            rows += [(name, "same_role", role) for name in names]
    return rows


def _against_rules(used: Mapping[str, TouchpointEntry]) -> list[tuple[str, str, str]]:
    """Touchpoints to which a rule gives a role, used for another one."""
    expected: dict[str, list[str]] = {}
    for rule in load_touchpoints().rules.values():
        for name in rule.touchpoints:
            expected.setdefault(name, []).append(rule.role)
    return [
        (name, "against_rule", ", ".join(expected[name]))
        for name, entry in used.items()
        if name in expected and entry.role and not set(entry.role) & set(expected[name])
    ]


def _rated(base: Base, settings: Settings) -> list[RubricScore]:
    lines = settings.touchpoints
    scores = [
        score_rubric(
            base.forms.rubrics,
            rubric,
            weights=lines.kappa_weights,
            min_ratings=lines.kappa_min_ratings,
            level=lines.confidence_level,
        )
        for rubric in RUBRICS
    ]
    return [score for score in scores if score.answered]


def _rating_tables(rated: list[RubricScore]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    if not rated:
        return {}
    agreement = [s.agreement.assign(rubric=s.rubric.id) for s in rated if len(s.agreement)]
    tables = {
        "persona_scores": pd.concat([score.scores for score in rated], ignore_index=True),
        "persona_answers": pd.concat([score.answers for score in rated], ignore_index=True),
    }
    if agreement:
        tables["agreement"] = pd.concat(agreement, ignore_index=True)
    return tables


def _weak(rated: list[RubricScore], lines: Any) -> bool:
    """Whether a rubric with raters who agree, or one rater, is below its line."""
    for score in rated:
        if score.kappa_below(lines.least_kappa):
            continue  # void: the raters disagree
        if score.possible_points and score.points / score.possible_points < lines.persona_least:
            return True
    return False


def _judge(figures: Mapping[str, Any], rated: list[RubricScore], lines: Any) -> Verdict:
    if figures["fallen"]:
        return Verdict.ACT
    blank = figures["touchpoints_listed"] - figures["touchpoints_measured"]
    stated = figures["touchpoints_stated"]
    if figures["conflicts"] or blank or not stated or _weak(rated, lines):
        return Verdict.WATCH
    return Verdict.CLEAR


def _notes(rated: list[RubricScore], lines: Any) -> tuple[Message, ...]:
    notes = [
        msg(
            "A touchpoint is read by its own measure only; statistics of the platform name no "
            "people and carry no interval."
        )
    ]
    for score in rated:
        if score.kappa_below(lines.least_kappa):
            notes.append(
                msg(
                    "{rubric}: the raters agree less than a weighted kappa of {least:number}, so "
                    "the scores are void until they have settled what the levels mean.",
                    rubric=bilingual(score.rubric.words),
                    least=lines.least_kappa,
                )
            )
    return tuple(notes)


def _unknown_kpis(base: Base, settings: Settings) -> tuple[Message, ...]:
    """Stated kpis that are neither of the catalogue nor a metric of the data, with the nearest."""
    metrics = read_metrics(base, settings.touchpoints.catalogue_days)
    notes = []
    for name, entry in base.forms.touchpoints.items():
        present = {metric for place, metric, _ in metrics if place == name}
        for kpi in entry.kpi:
            if kpi not in KPIS and kpi not in present:
                known = [*KPIS, *sorted(present)]
                notes.append(
                    msg(
                        "The measure {kpi} of {touchpoint} is neither one of the catalogue nor a "
                        "statistic of the period; nearest: {nearest:list}.",
                        kpi=kpi,
                        touchpoint=name,
                        nearest=nearest(kpi, known, 3) or known[:3],
                    )
                )
    return tuple(notes)
