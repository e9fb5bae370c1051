"""Pain points: what hurts at which stage, how many it hurts, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, rate, used_settings
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, mean_interval, proportion_interval
from privdom_kit.journeys.answers_given import order_stages, people_of, scored
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings
    from privdom_kit.tables import Table

ANSWERS, CASES, STATED = "answers", "cases", "stated"
SERVICE = "service"
_UNITS = {
    "stage": "quote: stage of the journey; service for cases",
    "stage_name": "quote: what the journey map calls it",
    "pain_point": "quote: pain point as named",
    "basis": "text: answers of people, service cases, or stated by the consultant",
    "people": "count: people who name it",
    "asked_people": "count: people who answered at the stage; for cases, all people known",
    "frequency": "percent: share of the people asked",
    "severity": "score: how bad it is to those who name it, 0 to 2",
    "priority": "score: frequency times severity, 0 to 2",
    "hidden_pain_points": "count: pain points named by too few people to show",
    "judged_pain_points": "count: pain points judged",
    "top_pain_point": "quote: pain point with the highest priority in the answers",
    "top_stage": "quote: its stage",
}
_PAINS = Question("pain_points", ("S054",), _UNITS)
_USED = (
    *("journeys.pain_line", "journeys.pain_min_people", "journeys.severity_low"),
    *("journeys.severity_medium", "journeys.severity_high", "journeys.confidence_level"),
    "privacy.min_cell",
)
_MOST_PAINS = 2_000
_SEVERITIES = {
    "severity_low": ("low", "minor", "低", "轻", "轻微", "一般"),
    "severity_medium": ("medium", "normal", "中", "中等"),
    "severity_high": ("high", "urgent", "critical", "major", "高", "严重", "紧急"),
}
_COLUMNS = (
    *(
        "stage",
        "stage_name",
        "pain_point",
        "basis",
        "people",
        "asked_people",
        *bounded("frequency"),
    ),
    *(*bounded("severity"), *bounded("priority")),
)


def measure_pain_points(base: Base, settings: Settings) -> Result:
    """The register of pain points: frequency, severity and their product (S054).

    Frequency is the share of those who answered at the stage and name the pain point; severity
    the mean of what their score lies below zero (0 to 2); priority the product, which is the mean
    burden over all who were asked, with Student's interval. Service cases stand beside them with
    the share of all people known and the severity of their mark; what the consultant states in
    forms.yml comes last. The three rest on different denominators: ranks hold within each.

    A pain point is shown only where ``min_cell`` people name it; the texts of answers are never
    read. A pain point is act where its frequency is above ``pain_line`` for sure, at intervals
    corrected for the number of pain points judged (Bonferroni).

    Returns:
        ``table``: stage, stage_name, pain_point, basis, people, asked_people, frequency and
        interval, severity and interval, priority and interval; the highest priority first within
        each basis.
    """
    used = used_settings(settings, *_USED)
    parts, hidden = [], 0
    if base.has("responses", "pain_point"):
        named, few = _named(base, settings)
        parts.append(named)
        hidden += few
    if base.has("tickets", "theme"):
        themes, few = _themes(base, settings)
        parts.append(themes)
        hidden += few
    parts.append(_stated(base, parts))
    table = _joined(parts, base, settings)
    if not len(table):
        return _nothing(base, hidden, settings, used)
    verdict, judged = _judge(table, hidden, settings)
    answered = table[table["basis"] == ANSWERS]
    top = answered.iloc[0] if len(answered) else None
    return _PAINS.answer(
        base.as_of,
        verdict,
        table,
        used,
        coverage=base.coverage("responses", "tickets"),
        figures={
            "judged_pain_points": judged,
            "hidden_pain_points": hidden,
            "top_pain_point": None if top is None else top["pain_point"],
            "top_stage": None if top is None else top["stage"],
        },
        notes=(*_notes(table), *suppression_note(hidden, settings.privacy.min_cell)),
    )


def _nothing(base: Base, hidden: int, settings: Settings, used: dict[str, Any]) -> Result:
    verdict = Verdict.NOT_ENOUGH_DATA
    if hidden:
        least = settings.privacy.min_cell
        reason = msg("Every pain point is named by fewer than {least:count} people.", least=least)
    elif base.has("responses", "pain_point") or base.has("tickets", "theme"):
        reason = msg("No answer and no case names a pain point.")
    else:
        verdict = Verdict.NOT_MEASURED
        reason = msg(
            "Neither answers with pain points nor themes of cases were given, and forms.yml "
            "states none."
        )
    return _PAINS.unanswered(base.as_of, verdict, reason, used)


def _named(base: Base, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Pain points of answers; and how many are named by too few to show."""
    import narwhals as nw

    responses = base.tables["responses"]
    rows = people_of(responses)
    asked = collect(
        rows.group_by("stage").agg(nw.col("person").n_unique().alias("asked_people")),
        limit=_MOST_PAINS,
    )
    pain = nw.col("pain_point")
    named = rows.filter(~pain.is_null() & (pain.str.strip_chars() != ""))
    named = named.with_columns(pain_point=pain.str.strip_chars())
    burden = nw.when(nw.col("score") < 0).then(0 - nw.col("score")).otherwise(nw.lit(0.0))
    felt = scored(named).with_columns(burden=burden)
    keys = ["stage", "pain_point"]
    found, few = _counted(named, felt, keys, settings)
    found = found.merge(asked, on="stage")
    return responses.decode(found, "stage").assign(basis=ANSWERS), few


def _counted(
    named: nw.LazyFrame, felt: nw.LazyFrame, keys: list[str], settings: Settings
) -> tuple[pd.DataFrame, int]:
    """People by pain point and the sums of their burden; only what enough people name leaves.

    Returns:
        ``*keys, people, felt_people, total, squares``, and the number of groups held back.
    """
    import narwhals as nw

    people = named.group_by(*keys).agg(nw.col("person").n_unique().alias("people"))
    least = settings.privacy.min_cell
    few = collect(people.filter(nw.col("people") < least).select(nw.len().alias("n")), limit=1)
    own = felt.group_by(*keys, "person").agg(nw.col("burden").mean())
    own = own.with_columns(square=nw.col("burden") * nw.col("burden"))
    sums = own.group_by(*keys).agg(
        nw.len().alias("felt_people"),
        nw.col("burden").sum().alias("total"),
        nw.col("square").sum().alias("squares"),
    )
    kept = people.filter(nw.col("people") >= least).join(sums, on=keys, how="left")
    table = collect(kept, limit=_MOST_PAINS)
    counts = ["people", "felt_people"]
    table[counts] = table[counts].fillna(0).astype("int64")
    return table, int(few["n"].iloc[0])


def _themes(base: Base, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Themes of service cases, among all people known."""
    import narwhals as nw

    tickets = base.tables["tickets"]
    rows = tickets.frame.filter(~nw.col("theme").is_null() & ~nw.col("customer").is_null())
    rows = rows.with_columns(person=nw.col("customer"), pain_point=nw.col("theme"))
    felt = _marked(rows, tickets, settings)
    found, few = _counted(rows, felt, ["pain_point"], settings)
    known = base.events.frame.select(nw.col("customer").n_unique().alias("n"))
    found["asked_people"] = int(collect(known, limit=1)["n"].iloc[0])
    found = tickets.decode(found, "pain_point", "theme")
    return found.assign(stage=SERVICE, basis=CASES), few


def _marked(rows: nw.LazyFrame, tickets: Table, settings: Settings) -> nw.LazyFrame:
    """The cases whose mark of severity has a value in the settings."""
    import narwhals as nw

    if not tickets.has("severity"):
        return rows.with_columns(burden=nw.lit(0.0)).head(0)
    burden: nw.Expr = nw.lit(None, dtype=nw.Float64)
    for name, words in _SEVERITIES.items():
        for code, word in enumerate(tickets.dictionaries.get("severity", ())):
            if word.strip().lower() in words:
                value = nw.lit(float(getattr(settings.journeys, name)))
                burden = nw.when(nw.col("severity") == code).then(value).otherwise(burden)
    return rows.with_columns(burden=burden).filter(~nw.col("burden").is_null())


def _stated(base: Base, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """What forms.yml states and no answer names."""
    import pandas as pd

    known = {
        (s, p) for part in parts for s, p in zip(part["stage"], part["pain_point"], strict=True)
    }
    rows = [
        {"stage": name, "pain_point": pain, "basis": STATED}
        | {"frequency": stated.frequency, "severity": stated.severity}
        for name, stage in base.forms.journey.stages.items()
        for pain, stated in stage.pain_points.items()
        if (name, pain) not in known
    ]
    return pd.DataFrame(rows, columns=["stage", "pain_point", "basis", "frequency", "severity"])


def _joined(parts: list[pd.DataFrame], base: Base, settings: Settings) -> pd.DataFrame:
    """All of them with their estimates, the highest priority first within each basis."""
    import pandas as pd

    level = settings.journeys.confidence_level
    rows = [_row(one, level) for part in parts for one in part.to_dict("records")]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    names = {name: stage.name or None for name, stage in base.forms.journey.stages.items()}
    table["stage_name"] = [names.get(stage) for stage in table["stage"]]
    numbers = [n for n in _COLUMNS if n.startswith(("frequency", "severity", "priority"))]
    table = table.astype(dict.fromkeys(("people", "asked_people"), "Int64"))
    table = table.astype(dict.fromkeys(numbers, "float64"))
    order, _ = order_stages(sorted(set(table["stage"])), base, settings)
    ranks = {ANSWERS: 0, CASES: 1, STATED: 2}
    keys = {
        "_basis": table["basis"].map(ranks),
        "_minus": -table["priority"],
        "_often": -table["frequency"],
        "_stage": table["stage"].map({name: i for i, name in enumerate(order)}),
    }
    by = [*keys, "pain_point"]
    return table.assign(**keys).sort_values(by, ignore_index=True).drop(columns=list(keys))


def _row(one: dict[str, Any], level: float) -> dict[str, Any]:
    """One pain point with frequency, severity and priority."""
    row = {name: one.get(name) for name in ("stage", "pain_point", "basis")}
    if one["basis"] == STATED:
        known = one["frequency"], one["severity"]
        product = None if any(v is None or v != v for v in known) else known[0] * known[1]
        return row | {"frequency": known[0], "severity": known[1], "priority": product}
    people, felt, asked = (int(one[n]) for n in ("people", "felt_people", "asked_people"))
    row |= {"people": people, "asked_people": asked, **rate(people, asked, "frequency", level)}
    if not felt:
        return row
    total, squares = float(one["total"]), float(one["squares"])
    row |= interval_figures("severity", mean_interval(felt, total, squares, level))
    if felt == people:
        # Who does not name it bears nothing: the mean over all asked is frequency x severity.
        return row | interval_figures("priority", mean_interval(asked, total, squares, level))
    return row | {"priority": people / asked * total / felt}


def _judge(table: pd.DataFrame, hidden: int, settings: Settings) -> tuple[Verdict, int]:
    """Act on what hurts more people than the line for sure; clear where nothing can."""
    rules = settings.journeys
    enough = (table["asked_people"] >= rules.pain_min_people).fillna(False)
    judged = table[(table["basis"] != STATED) & enough]
    if not len(judged):
        measured = (table["basis"] != STATED).any() or hidden
        return (Verdict.NOT_ENOUGH_DATA if measured else Verdict.NOT_MEASURED), 0
    level = 1 - (1 - rules.confidence_level) / len(judged)
    pairs = zip(judged["people"], judged["asked_people"], strict=True)
    found = [proportion_interval(int(x), int(n), level) for x, n in pairs]
    if any(one.lower > rules.pain_line for one in found):
        return Verdict.ACT, len(judged)
    if hidden:
        # What is held back could be as large as the least that is shown.
        fewest = int(judged["asked_people"].min())
        most = min(settings.privacy.min_cell - 1, fewest)
        found.append(proportion_interval(most, fewest, level))
    clear = all(_below(one, rules.pain_line) for one in found)
    return (Verdict.CLEAR if clear else Verdict.WATCH), len(judged)


def _below(interval: Interval, line: float) -> bool:
    return interval.upper <= line


def _notes(table: pd.DataFrame) -> tuple[Message, ...]:
    notes = []
    kinds = set(table["basis"])
    if ANSWERS in kinds:
        notes.append(
            msg(
                "Frequency: of those who answered at the stage, who names it. Severity: how far "
                "their score lies below zero. Priority: the product of both."
            )
        )
    if CASES in kinds:
        notes.append(
            msg(
                "Cases are counted among all people known and weighed by their mark; they do not "
                "compare with the answers."
            )
        )
        if table.loc[table["basis"] == CASES, "severity"].isna().any():
            notes.append(
                msg("Marks of severity other than low, medium and high have no value here.")
            )
    if STATED in kinds:
        notes.append(msg("What is marked as stated is the consultant's own (forms.yml)."))
    return tuple(notes)
