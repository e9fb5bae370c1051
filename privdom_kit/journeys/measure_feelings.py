"""Experience: how people feel at each stage, and where the feeling breaks."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import (
    Question,
    add_rate,
    bounded,
    interval_figures,
    used_settings,
)
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, adjust_p_values, mean_interval, welch_test
from privdom_kit.journeys.answers_given import mean_scores, order_stages, people_of, scored
from privdom_kit.journeys.stage_words import named_stage
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

ANSWERS, STATED = "answers", "stated"
_UNITS = {
    "stage": "quote: stage of the journey, first to last",
    "stage_name": "quote: what the journey map calls it",
    "basis": "text: answers of people, or stated by the consultant",
    "touchpoint": "text: touchpoint; of a stage the one with the most answers",
    "people": "count: people who gave a score",
    "answers": "count: answers with a score",
    "score": "score: mean score of people, -2 to 2",
    "negative_people": "count: people whose mean is below zero",
    "negative_share": "percent: share of the people who gave a score",
    "change": "score: score less that of the stage before, interval corrected for all pairs",
    "p_value_adjusted": "p_value: chance of such a difference if there were none, corrected",
    "respondents": "count: people who gave a score at any stage",
    "moment_of_truth": "quote: stage with the largest drop that the answers carry",
    "moment_before": "quote: the stage before it",
    "moment_change": "score: its score less that of the stage before",
    "case_people": "count: people with a service case",
    "rated_cases": "count: cases whose outcome was rated",
    "satisfied_cases": "count: of those, satisfied",
    "satisfied_share": "percent: share of the cases rated",
}
_EXPERIENCE = Question("experience", ("S053",), _UNITS)
_USED = (
    *("journeys.stage_order", "journeys.experience_min_people", "journeys.experience_tolerance"),
    *("journeys.confidence_level", "privacy.min_cell"),
)
_COLUMNS = (
    *("stage", "stage_name", "basis", "touchpoint", "people", "answers", *bounded("score")),
    *("negative_people", *bounded("negative_share"), *bounded("change"), "p_value_adjusted"),
)


def measure_experience(base: Base, settings: Settings) -> Result:
    """The emotion curve: mean score of people at each stage, and the moment of truth (S053).

    A person who answers several times at a stage is one value, their mean, with Student's
    interval over people. The moment of truth is the largest drop between neighbouring stages
    that is significant after correction for all neighbouring pairs (Welch, Bonferroni). The same
    people may answer at two stages, which Welch's test does not use: it errs on the side of not
    seeing a drop. Stages are ordered by the setting, forms.yml, a stage model or custom; where
    nothing orders them no drop is looked for.

    Without scores the stages come from forms.yml, marked ``stated``, and nothing is measured.

    Returns:
        ``table``: stage, stage_name, basis, touchpoint, people, answers, score and interval,
        negative_people, negative_share and interval, change against the stage before with
        interval, p_value_adjusted. ``tables``: ``touchpoints`` (the same by stage and
        touchpoint), ``cases`` (service cases and how they were rated). ``figures``: respondents,
        moment_of_truth, moment_before, moment_change and interval.
    """
    used = used_settings(settings, *_USED)
    if not base.has("responses", "score"):
        return _stated(base, settings, used)
    responses = base.tables["responses"]
    rows = scored(people_of(responses))
    stages = responses.decode(mean_scores(rows, "stage"), "stage")
    if not len(stages):
        reason = msg("No answer carries a score from -2 to 2.")
        coverage = _coverage(base)
        return _EXPERIENCE.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    order, ordered_by = order_stages(sorted(stages["stage"]), base, settings)
    places = _touchpoints(base, settings)
    table = _table(stages, places, order, base, settings)
    table, pairs = _changes(table, stages, order, settings)
    moment = _moment(table, settings)
    shown, cells = _suppressed(table, settings.privacy.min_cell)
    return _EXPERIENCE.answer(
        base.as_of,
        _judge(table, moment, pairs, order, settings),
        shown[list(_COLUMNS)],
        used,
        coverage=_coverage(base),
        figures={"respondents": _respondents(rows, settings.privacy.min_cell), **moment},
        tables=_extra_tables(places, base, settings),
        notes=(
            *_notes(shown, order, ordered_by),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


def _stated(base: Base, settings: Settings, used: Mapping[str, Any]) -> Result:
    """What forms.yml says of the journey, or why there is nothing."""
    import pandas as pd

    stages = base.forms.journey.stages
    if not stages:
        reason = msg("No responses with a score were given, and forms.yml states no journey.")
        return _EXPERIENCE.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    rows = [_stated_row(name, base) for name in stages]
    note = msg("The scores are the consultant's own (forms.yml), not answers of people.")
    return _EXPERIENCE.answer(
        base.as_of,
        Verdict.NOT_MEASURED,
        pd.DataFrame(rows, columns=list(_COLUMNS)),
        used,
        figures={"respondents": None, **_NO_MOMENT},
        tables=_extra_tables(None, base, settings),
        notes=(note,),
    )


_NO_MOMENT: dict[str, Any] = {
    "moment_of_truth": None,
    "moment_before": None,
    **dict.fromkeys(bounded("moment_change")),
}


def _stated_row(name: str, base: Base) -> dict[str, Any]:
    stage = base.forms.journey.stages[name]
    return {
        "stage": name,
        "stage_name": stage.name or None,
        "basis": STATED,
        "touchpoint": stage.touchpoints[0] if stage.touchpoints else None,
        "score": stage.emotion,
    }


def _touchpoints(base: Base, settings: Settings) -> pd.DataFrame | None:
    """Scores by stage and touchpoint; None where answers name no touchpoint."""
    responses = base.tables["responses"]
    if not responses.has("touchpoint"):
        return None
    import narwhals as nw

    rows = scored(people_of(responses)).filter(~nw.col("touchpoint").is_null())
    found = mean_scores(rows, "stage", "touchpoint")
    found = responses.decode(responses.decode(found, "stage"), "touchpoint")
    found = _with_scores(found, settings.journeys.confidence_level)
    return found.sort_values(["stage", "people", "touchpoint"], ascending=[True, False, True])


def _with_scores(table: pd.DataFrame, level: float) -> pd.DataFrame:
    import pandas as pd

    sums = zip(table["people"], table["total"], table["squares"], strict=True)
    found = [interval_figures("score", mean_interval(*one, level=level)) for one in sums]
    scores = pd.DataFrame(found, index=table.index, columns=list(bounded("score")), dtype="float64")
    return add_rate(table.join(scores), "negative_people", "people", "negative_share", level)


def _table(
    stages: pd.DataFrame,
    places: pd.DataFrame | None,
    order: list[str],
    base: Base,
    settings: Settings,
) -> pd.DataFrame:
    """The stages in order, those without answers as forms.yml states them, unordered ones last."""
    import pandas as pd

    scores = _with_scores(stages, settings.journeys.confidence_level).set_index("stage")
    stated = base.forms.journey.stages
    names = [n for n in order if n in scores.index or n in stated]
    names += sorted(set(scores.index) - set(names))
    rows = []
    for name in names:
        row: dict[str, Any] = _stated_row(name, base) if name in stated else {"stage": name}
        if name in scores.index:
            row |= scores.loc[name].to_dict() | {"basis": ANSWERS}
            row["touchpoint"] = _main_place(places, name, settings) or row.get("touchpoint")
        rows.append(row)
    columns = [name for name in _COLUMNS if not name.startswith(("change", "p_value"))]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(("people", "answers", "negative_people"), "Int64"))


def _main_place(places: pd.DataFrame | None, stage: str, settings: Settings) -> str | None:
    if places is None:
        return None
    enough = places[(places["stage"] == stage) & (places["people"] >= settings.privacy.min_cell)]
    return enough["touchpoint"].iloc[0] if len(enough) else None


def _changes(
    table: pd.DataFrame, stages: pd.DataFrame, order: list[str], settings: Settings
) -> tuple[pd.DataFrame, int]:
    """The table with each stage's change against the one before; and how many were compared."""
    import pandas as pd

    rules = settings.journeys
    least = max(rules.experience_min_people, settings.privacy.min_cell)
    sums = stages.set_index("stage")[["people", "total", "squares"]]
    names = [name for name in table["stage"] if name in order]
    pairs = [
        pair
        for pair in itertools.pairwise(names)
        if all(n in sums.index and sums["people"][n] >= least for n in pair)
    ]
    level = 1 - (1 - rules.confidence_level) / max(len(pairs), 1)
    groups = {name: tuple(map(float, sums.loc[name])) for pair in pairs for name in pair}
    tests = {b: welch_test(groups[b], groups[a], level) for a, b in pairs}  # type: ignore[arg-type]
    made = {name: test for name, test in tests.items() if test is not None}
    p_values = adjust_p_values([p for _, p in made.values()], "bonferroni")
    rows = {
        name: interval_figures("change", gap) | {"p_value_adjusted": p}
        for (name, (gap, _)), p in zip(made.items(), p_values, strict=True)
    }
    columns = [*bounded("change"), "p_value_adjusted"]
    found = pd.DataFrame(
        [rows.get(n, {}) for n in table["stage"]], columns=columns, dtype="float64"
    )
    return table.join(found), len(made)


def _moment(table: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """The largest significant drop, with the stage before it."""
    sure = table["p_value_adjusted"] < 1 - settings.journeys.confidence_level
    drops = table[sure & (table["change"] < 0)]
    if not len(drops):
        return dict(_NO_MOMENT)
    place = drops["change"].idxmin()
    values = (float(table.loc[place, name]) for name in bounded("change"))
    return {
        "moment_of_truth": table.loc[place, "stage"],
        "moment_before": table.loc[place - 1, "stage"],
        **interval_figures("moment_change", Interval(*values)),
    }


def _judge(
    table: pd.DataFrame, moment: dict[str, Any], pairs: int, order: list[str], settings: Settings
) -> Verdict:
    tolerance = settings.journeys.experience_tolerance
    if not pairs:
        return Verdict.NOT_ENOUGH_DATA
    if moment["moment_of_truth"] and -moment["moment_change"] > tolerance:
        return Verdict.ACT
    all_compared = pairs == len(table) - 1
    held = (table["change_ci_lower"].dropna() >= -tolerance).all()
    return Verdict.CLEAR if all_compared and held else Verdict.WATCH


def _suppressed(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    negative = ["negative_people", *bounded("negative_share")]
    few = table["people"].lt(least).fillna(False) & (table["people"] > 0).fillna(False)
    # What was computed from a small stage goes with it: the change of the next stage as well.
    after = few.shift(1, fill_value=False)
    shown, cells = suppress(
        table, "people", ["answers", *bounded("score"), *negative], least, groups=()
    )
    for column in (*bounded("change"), "p_value_adjusted"):
        shown[column] = shown[column].mask(few | after)
    shown, more = suppress(shown, "negative_people", negative[1:], least, groups=())
    return shown, cells + more


def _extra_tables(
    places: pd.DataFrame | None, base: Base, settings: Settings
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    tables: dict[str, pd.DataFrame] = {}
    least = settings.privacy.min_cell
    negative = ["negative_people", *bounded("negative_share")]
    columns = ["stage", "touchpoint", "basis", "people", "answers", *bounded("score"), *negative]
    parts = []
    if places is not None and len(places):
        measured = places.assign(basis=ANSWERS)[columns]
        hides = ["answers", *bounded("score"), *negative]
        shown, _ = suppress(measured, "people", hides, least, groups=(("stage",),))
        parts.append(suppress(shown, "negative_people", negative[1:], least, groups=())[0])
    told = {
        (s, t) for part in parts for s, t in zip(part["stage"], part["touchpoint"], strict=True)
    }
    stated = [
        {"stage": name, "touchpoint": place, "basis": STATED}
        for name, stage in base.forms.journey.stages.items()
        for place in stage.touchpoints
        if (name, place) not in told
    ]
    if stated:
        parts.append(pd.DataFrame(stated, columns=columns))
    if parts:
        tables["touchpoints"] = pd.concat(
            [part.astype(object) for part in parts], ignore_index=True
        )
    if base.has("tickets"):
        tables["cases"] = _cases(base, settings)
    return tables


def _cases(base: Base, settings: Settings) -> pd.DataFrame:
    """Service cases: how many people had one, and how the solved ones were rated."""
    import narwhals as nw
    import pandas as pd

    tickets, least = base.tables["tickets"], settings.privacy.min_cell
    sums = [nw.col("customer").n_unique().alias("case_people"), nw.len().alias("cases")]
    if tickets.has("satisfied"):
        sums += [nw.col("satisfied").count().alias("rated"), nw.col("satisfied").sum().alias("yes")]
    known = tickets.frame.filter(~nw.col("customer").is_null())
    found = collect(known.select(*sums), limit=1).fillna(0).iloc[0]
    rated, yes = int(found.get("rated", 0)), int(found.get("yes", 0))
    row = {"case_people": int(found["case_people"]), "rated_cases": rated, "satisfied_cases": yes}
    level = settings.journeys.confidence_level
    table = add_rate(
        pd.DataFrame([row]), "satisfied_cases", "rated_cases", "satisfied_share", level
    )
    hides = ["satisfied_cases", *bounded("satisfied_share")]
    shown, _ = suppress(table, "case_people", ["rated_cases", *hides], least, groups=())
    shown, _ = suppress(shown, "rated_cases", hides, least, groups=())
    return suppress(shown, "satisfied_cases", hides[1:], least, groups=())[0]


def _respondents(rows: Any, least: int) -> int | None:
    import narwhals as nw

    found = collect(rows.select(nw.col("person").n_unique().alias("n")), limit=1)
    people = int(found["n"].iloc[0])
    return None if 0 < people < least else people


def _coverage(base: Base) -> Coverage:
    """Answers read; those without a score, or with one off the scale, are left out."""
    import narwhals as nw

    read = base.coverage("responses")
    rows = base.tables["responses"].frame.filter(~nw.col("stage").is_null())
    counted = collect(
        rows.select(nw.len().alias("rows"), nw.col("score").count().alias("given")), limit=1
    ).iloc[0]
    used = int(collect(scored(rows).select(nw.len().alias("n")), limit=1)["n"].iloc[0])
    given, total = int(counted["given"]), int(counted["rows"])
    left = {"no value": read.used - given, "out of range": given - used}
    if total > read.used:  # a table made without intake's own count
        left["no value"] = total - given
    dropped = {**read.dropped, **{why: n for why, n in left.items() if n}}
    return Coverage(used + sum(dropped.values()), used, dropped)


_ORDERED_BY = {
    "settings": msg("Stages stand in the order of the settings."),
    "forms": msg("Stages stand in the order of forms.yml."),
    "usual": msg("Stages stand in the order in which such journeys usually run."),
}


def _notes(table: pd.DataFrame, order: list[str], ordered_by: str) -> tuple[Message, ...]:
    notes = []
    if not ordered_by:
        notes.append(
            msg(
                "Nothing says in which order the stages come (journeys.stage_order or the journey "
                "of forms.yml), so no drop from one to the next is looked for."
            )
        )
    else:
        default = msg("Stages stand in the order of the stage model.")
        notes.append(_ORDERED_BY.get(ordered_by, default))
    loose = [name for name in table["stage"] if name not in order]
    if ordered_by and loose:
        notes.append(
            msg(
                "These stages stand in no order and are not compared: {stages}.",
                stages=join_messages([named_stage(name) for name in loose]),
            )
        )
    if ((table["basis"] == STATED) & table["score"].notna()).any():
        notes.append(msg("Stages without answers carry the consultant's own score (forms.yml)."))
    alike = table["people"].gt(1).fillna(False) & table["score_ci_lower"].map(
        lambda end: isinstance(end, float) and math.isnan(end)
    )
    if alike.any():
        notes.append(msg("Where all answers are alike there is no interval: that proves nothing."))
    notes.append(
        msg("Who answers a survey is not everybody; the scores speak for those who answered.")
    )
    return tuple(notes)
