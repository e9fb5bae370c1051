"""Stages: how far people have come on a stage model, and how many pass from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import (
    Question,
    add_rate,
    bounded,
    interval_figures,
    judge_change,
    rate,
    used_settings,
)
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, difference_interval
from privdom_kit.journeys.stage_cells import PASSING, hide_small
from privdom_kit.journeys.stage_times import measured_stages, stage_times, step_flags
from privdom_kit.knowledge.stage_models import StageModel, load_stage_models
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.periods import period_name, period_of, with_period
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.tiers import TIERS, tiers_at

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_UNITS = {
    "model": "text: stage model",
    "stage": "text: stage, first to last",
    "next_stage": "text: the stage that follows",
    "customers": "count: people for whom this is the highest stage reached",
    "known_people": "count: people at any stage of the model",
    "share": "percent: share of the people at any stage",
    "ripe_people": "count: people who were at the stage early enough to be watched in full",
    "passed_people": "count: of those, who reached the next stage or beyond within the window",
    "pass_rate": "percent: share of the people watched in full",
    "open_people": "count: people at the stage too short a time to tell",
    "skipped_people": "count: people first seen beyond the stage",
    "cohort": "text: period in which people arrived at the stage",
    "recent_people": "count: people of the latest cohorts watched in full",
    "recent_rate": "percent: share of them who passed",
    "earlier_people": "count: people of the earlier cohorts watched in full",
    "earlier_rate": "percent: share of them who passed",
    "change": "points: latest less earlier cohorts, interval corrected for all steps",
    "tier": "text: relationship tier",
    "stage_people": "count: people of the stage",
    "share_of_stage": "percent: share of the stage",
    "stage_days": "days: time allowed to pass",
    "people_with_events": "count: people with any event",
    "common_stage": "text: stage at which the most people stand",
    "common_share": "percent: share of the people at any stage",
    "narrow_stage": "text: stage from which the smallest share passes",
    "narrow_rate": "percent: that share",
    "worse_stage": "text: stage from which fewer pass than before, for sure",
    "worse_change": "points: latest less earlier cohorts, interval corrected for all steps",
}
_STAGES = Question("stages", ("S043", "S112"), _UNITS)
_USED = (
    *("journeys.stage_model", "journeys.stage_days", "journeys.stage_period"),
    *("journeys.stage_recent_cohorts", "journeys.stage_min_people", "journeys.stage_tolerance"),
    "journeys.stage_recorded_share",
    *("journeys.confidence_level", "privacy.min_cell"),
)
_MOST_COHORTS = 20_000


def measure_stages(base: Base, settings: Settings) -> Result:
    """People by the highest stage they have reached, and who passes to the next in time.

    The rules of each stage stand in ``knowledge/stage_models.yml``; ``journeys.stage_model`` names
    the model that answers, and every model is given in ``tables["models"]``. Who reached a stage
    counts as having reached those before it. A stage for which the data hold no event at all is
    null, not 0, and so are the rates into and out of it.

    Passing: of those who were at a stage before the next one, and at least ``stage_days`` ago, the
    share that reached the next stage or beyond within ``stage_days``. Who has had less time is
    left out and counted (``open_people``); who was first seen beyond the stage says nothing of it
    and is counted apart (``skipped_people``).

    The verdict compares, step by step, the latest cohorts with the earlier ones at intervals
    corrected for the number of steps (Bonferroni). Cohorts up to the one in which the tables with
    most of the events begin are left out: they hold people who came before, and people of whom
    the older tables alone tell.

    Returns:
        ``table``: stage, customers, known_people, share and interval, next_stage, ripe_people,
        passed_people, pass_rate and interval, open_people, skipped_people. ``tables``: ``models``
        (the same by model), ``cohorts`` (rates by period of arrival), ``changes`` (latest against
        earlier cohorts), ``tiers`` (relationship tiers of 01 within each stage).
    """
    used = used_settings(settings, *_USED)
    if not base.events.counts:
        reason = msg(
            "No table with events of people was given (orders, contacts, followers, members, "
            "touches)."
        )
        return _STAGES.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    models = load_stage_models()
    chosen = models[settings.journeys.stage_model]
    people = stage_times(base, models.values())
    every = {name: _model_table(people, model, base, settings) for name, model in models.items()}
    cohorts = _cohorts(people, chosen, base, settings)
    begun = _begin(base, settings)
    changes, verdict = _changes(cohorts, chosen, begun, settings)
    least = settings.privacy.min_cell
    shown, cells, (few, few_pass) = hide_small(every, chosen.id, least)
    tiers, more = _tiers(people, chosen, base, settings, few)
    hidden, most = _suppressed_cohorts(cohorts, few_pass, least)
    steps = {"cohorts": hidden, "changes": _suppressed_changes(changes, few_pass, least)}
    return _STAGES.answer(
        base.as_of,
        verdict,
        shown[chosen.id],
        used,
        coverage=base.events.coverage,
        figures={
            "people_with_events": _people_count(people, settings.privacy.min_cell),
            "stage_days": settings.journeys.stage_days,
            **_headlines(shown[chosen.id], steps["changes"], settings),
        },
        tables={"models": _side_by_side(shown), **steps, **tiers},
        notes=(
            *_notes(base, chosen, begun, settings),
            *suppression_note(cells + more + most, settings.privacy.min_cell),
        ),
    )


def _model_table(
    people: nw.LazyFrame, model: StageModel, base: Base, settings: Settings
) -> pd.DataFrame:
    """One row a stage, counted in one query; nothing is hidden yet."""
    import narwhals as nw
    import pandas as pd

    rules, last = settings.journeys, len(model.stages) - 1
    sums: dict[str, nw.Expr] = {}
    for number in range(last + 1):
        reached = ~nw.col(f"{model.id}_{number}").is_null()
        sums[f"reached_{number}"] = nw.when(reached).then(nw.lit(1)).otherwise(nw.lit(0))
        if number < last:
            flags = step_flags(model, number, rules.stage_days, base.as_of_day)
            sums |= {f"{name}_{number}": flag for name, flag in flags.items()}
    totals = collect(people.select(*[e.sum().alias(n) for n, e in sums.items()]), limit=1)
    found = totals.fillna(0).astype("int64").iloc[0]
    measured = measured_stages(base.events, model)
    rows = [_stage_row(found, model, number, measured) for number in range(last + 1)]
    table = pd.DataFrame(rows)
    counts = ("customers", "ripe_people", "passed_people", "open_people", "skipped_people")
    table = table.astype(dict.fromkeys(counts, "Int64"))
    table["known_people"] = int(found["reached_0"])
    table = _with_rate(table, "customers", "known_people", "share", rules.confidence_level)
    table = _with_rate(table, "passed_people", "ripe_people", "pass_rate", rules.confidence_level)
    return table[
        [
            *("stage", "customers", "known_people", *bounded("share"), "next_stage"),
            *(*PASSING, "open_people", "skipped_people"),
        ]
    ]


def _stage_row(
    found: pd.Series, model: StageModel, number: int, measured: dict[str, bool]
) -> dict[str, Any]:
    stages = model.stages
    row: dict[str, Any] = {"stage": stages[number].id, "next_stage": None}
    known = measured[stages[number].id]
    beyond = int(found[f"reached_{number + 1}"]) if number + 1 < len(stages) else 0
    row["customers"] = int(found[f"reached_{number}"]) - beyond if known else None
    counts = dict.fromkeys(("ripe_people", "passed_people", "open_people", "skipped_people"))
    if number + 1 < len(stages):
        row["next_stage"] = stages[number + 1].id
        if known and measured[stages[number + 1].id]:
            at, ripe = int(found[f"at_{number}"]), int(found[f"ripe_{number}"])
            passed, skipped = int(found[f"passed_{number}"]), int(found[f"skipped_{number}"])
            values = (ripe, passed, at - ripe, skipped)
            counts = dict(zip(counts, values, strict=True))
    return row | counts


def _with_rate(table: pd.DataFrame, x: str, n: str, name: str, level: float) -> pd.DataFrame:
    known = table[table[x].notna() & table[n].notna()]
    return table.join(add_rate(known, x, n, name, level)[list(bounded(name))])


def _cohorts(
    people: nw.LazyFrame, model: StageModel, base: Base, settings: Settings
) -> pd.DataFrame:
    """Passing by the period of arrival at the stage; ``cohort`` is still the period's index."""
    import narwhals as nw
    import pandas as pd

    rules, measured = settings.journeys, measured_stages(base.events, model)
    parts = []
    for number, stage in enumerate(model.stages[:-1]):
        following = model.stages[number + 1].id
        if not (measured[stage.id] and measured[following]):
            continue
        flags = step_flags(model, number, rules.stage_days, base.as_of_day)
        names = {"ripe": "ripe_people", "passed": "passed_people"}
        rows = people.filter(~nw.col(f"{model.id}_{number}").is_null())
        rows = with_period(rows, f"{model.id}_{number}_day", "cohort", rules.stage_period)
        rows = rows.with_columns(**{new: flags[old] for old, new in names.items()})
        sums = rows.group_by("cohort").agg(*[nw.col(name).sum() for name in names.values()])
        found = collect(sums, limit=_MOST_COHORTS).astype("int64").sort_values("cohort")
        found.insert(0, "stage", stage.id)
        found.insert(1, "next_stage", following)
        parts.append(found)
    columns = ["stage", "next_stage", "cohort", "ripe_people", "passed_people"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    table["period"] = [period_name(int(c), rules.stage_period) for c in table["cohort"]]
    return add_rate(table, "passed_people", "ripe_people", "pass_rate", rules.confidence_level)


def _begin(base: Base, settings: Settings) -> int:
    """The first day on which tables with most of the events have begun.

    A table that begins late (chats recorded for a year, orders for two) makes earlier people look
    as if they had done nothing but what the older tables record.
    """
    import narwhals as nw

    by_table = base.events.frame.group_by("source").agg(
        nw.col("day").min().alias("first_day"), nw.len().alias("events")
    )
    found = collect(by_table, limit=100).astype("int64").sort_values("first_day")
    needed = settings.journeys.stage_recorded_share * found["events"].sum() - 0.5
    return int(found.loc[(found["events"].cumsum() >= needed).idxmax(), "first_day"])


def _changes(
    cohorts: pd.DataFrame, model: StageModel, begun: int, settings: Settings
) -> tuple[pd.DataFrame, Verdict]:
    """Latest against earlier cohorts, step by step, and what follows from all of them.

    Cohorts up to the one in which recording begins (day ``begun``) are left out.
    """
    import pandas as pd

    rules, steps = settings.journeys, len(model.stages) - 1
    corrected = 1 - (1 - rules.confidence_level) / steps
    rows, verdicts = [], []
    for stage in dict.fromkeys(cohorts["stage"]):
        ripe = cohorts[(cohorts["stage"] == stage) & (cohorts["ripe_people"] > 0)]
        ripe = ripe[ripe["cohort"] > period_of(begun, rules.stage_period)]
        split = max(len(ripe) - rules.stage_recent_cohorts, 0)
        recent, earlier = (
            (int(part["passed_people"].sum()), int(part["ripe_people"].sum()))
            for part in (ripe.iloc[split:], ripe.iloc[:split])
        )
        change: Interval | None = None
        if min(recent[1], earlier[1]) >= rules.stage_min_people:
            change = difference_interval(*recent, *earlier, level=corrected)
        verdicts.append(judge_change(change, rules.stage_tolerance, "down"))
        rows.append(
            {"stage": stage, "recent_people": recent[1], "earlier_people": earlier[1]}
            | rate(*recent, "recent_rate", rules.confidence_level)
            | rate(*earlier, "earlier_rate", rules.confidence_level)
            | interval_figures("change", change)
        )
    return pd.DataFrame(rows), _judge(verdicts, steps)


def _judge(verdicts: list[Verdict], steps: int) -> Verdict:
    """Act where any step got worse for sure; clear only where every step could be judged."""
    if Verdict.ACT in verdicts:
        return Verdict.ACT
    judged = [verdict for verdict in verdicts if verdict is not Verdict.NOT_ENOUGH_DATA]
    if not judged:
        return Verdict.NOT_ENOUGH_DATA
    whole = len(judged) == steps and all(verdict is Verdict.CLEAR for verdict in judged)
    return Verdict.CLEAR if whole else Verdict.WATCH


def _headlines(table: pd.DataFrame, changes: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """What the finding names, out of what may be shown; null where there is none."""
    stands = table[table["share"].notna()]
    passes = table[table["pass_rate"].notna()]
    worse = changes
    if len(changes):
        surely = (changes["change_ci_upper"] < 0).fillna(False)
        worse = changes[surely & (changes["change"] < -settings.journeys.stage_tolerance)]
    found: dict[str, Any] = {}
    for prefix, rows, column, least in (
        ("common", stands, "share", False),
        ("narrow", passes, "pass_rate", True),
        ("worse", worse, "change", True),
    ):
        name = {"common": "share", "narrow": "rate", "worse": "change"}[prefix]
        best = rows.sort_values(column, ascending=least).iloc[0] if len(rows) else None
        found[f"{prefix}_stage"] = None if best is None else best["stage"]
        ends = (column, f"{column}_ci_lower", f"{column}_ci_upper")
        for end, target in zip(ends, bounded(f"{prefix}_{name}"), strict=True):
            found[target] = None if best is None else float(best[end])
    return found


def _side_by_side(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    columns = ["stage", "customers", "known_people", *bounded("share"), "next_stage", *PASSING]
    parts = [table[columns].assign(model=name) for name, table in tables.items()]
    return pd.concat(parts, ignore_index=True)[["model", *columns]]


def _suppressed_cohorts(
    cohorts: pd.DataFrame, few_pass: set[str], least: int
) -> tuple[pd.DataFrame, int]:
    table = cohorts.drop(columns="cohort").rename(columns={"period": "cohort"})
    table = table[["stage", "next_stage", "cohort", *PASSING]]
    table = table[~table["stage"].isin(few_pass)].reset_index(drop=True)
    shown, cells = suppress(table, "ripe_people", list(PASSING[1:]), least, groups=(("stage",),))
    shown, more = suppress(shown, "passed_people", list(PASSING[2:]), least, groups=())
    return shown, cells + more


def _suppressed_changes(changes: pd.DataFrame, few_pass: set[str], least: int) -> pd.DataFrame:
    """The changes without groups too small to show."""
    if not len(changes):
        return changes
    changes = changes[~changes["stage"].isin(few_pass)].reset_index(drop=True)
    for name in ("recent", "earlier"):
        hides = [*bounded(f"{name}_rate"), *bounded("change")]
        changes, _ = suppress(changes, f"{name}_people", hides, least, groups=())
    return changes


def _tiers(
    people: nw.LazyFrame, model: StageModel, base: Base, settings: Settings, few: set[str]
) -> tuple[dict[str, pd.DataFrame], int]:
    """Relationship tiers (S038, the rule of 01) within each stage of the chosen model."""
    import narwhals as nw
    import pandas as pd

    if base.purchases is None and not base.has("touches", "direction"):
        return {}, 0
    days = None
    if base.purchases is not None:
        days = base.purchases.days.filter(nw.col("is_purchase") == 1)
    tiers = tiers_at(people, base.tables, days, {"": base.as_of_day}, settings.layering)
    stages = range(len(model.stages))
    reached = [nw.when(~nw.col(f"{model.id}_{n}").is_null()).then(nw.lit(1)) for n in stages]
    rank = nw.sum_horizontal(*[flag.otherwise(nw.lit(0)) for flag in reached])
    rows = people.with_columns(rank=rank).join(tiers, on="customer")
    counted = rows.filter(nw.col("rank") > 0).group_by("rank", "tier").agg(nw.len().alias("n"))
    found = collect(counted, limit=len(stages) * (len(TIERS) + 1)).dropna().astype("int64")
    counts = found.set_index(["rank", "tier"])["n"]
    known = measured_stages(base.events, model)
    cells = [(n, t) for n in stages if known[model.stages[n].id] for t in range(len(TIERS))]
    table = pd.DataFrame(
        {
            "stage": [model.stages[n].id for n, _ in cells],
            "tier": [TIERS[t] for _, t in cells],
            "customers": [int(counts.get((n + 1, t), 0)) for n, t in cells],
        }
    )
    table["stage_people"] = table.groupby("stage")["customers"].transform("sum")
    level = settings.journeys.confidence_level
    table = add_rate(table, "customers", "stage_people", "share_of_stage", level)
    least = settings.privacy.min_cell
    hides = list(bounded("share_of_stage"))
    shown, hidden = suppress(table, "customers", hides, least, groups=(("stage",), ("tier",)))
    small = table["stage"].isin(few)
    shown["stage_people"] = shown["stage_people"].astype("Int64").mask(small)
    for column in ("customers", *hides):
        shown[column] = shown[column].mask(small)
    return {"tiers": shown}, hidden


def _people_count(people: nw.LazyFrame, least: int) -> int | None:
    import narwhals as nw

    found = int(collect(people.select(nw.len().alias("n")), limit=1)["n"].iloc[0])
    return found if found >= least else None


def _notes(base: Base, model: StageModel, begun: int, settings: Settings) -> tuple[Message, ...]:
    missing = [name for name, known in measured_stages(base.events, model).items() if not known]
    notes = [
        msg(
            "Stages are the rules of the model, mapped to events by a house rule; counts of "
            "different models do not compare."
        ),
        msg(
            "Passing within {days:days}: who has had less time is left out, and who was first "
            "seen beyond a stage says nothing of it.",
            days=settings.journeys.stage_days,
        ),
        msg(
            "Cohorts are compared after the period of {day:date}, when the tables with most of the "
            "events had begun; earlier ones hold people of whom less was recorded.",
            day=begun,
        ),
    ]
    if missing:
        notes.append(
            msg(
                "The data hold no event of these stages, which are empty rather than 0: {stages}.",
                stages=join_messages([label(name) for name in missing]),
            )
        )
    return tuple(notes)
