"""The five questions of why the user would: touchpoint by touchpoint, with evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.knowledge.touchpoints import load_touchpoints
from privdom_kit.messages import Message, bilingual, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.rubrics import UNITS as RUBRIC_UNITS
from privdom_kit.rubrics import RubricScore, score_rubric

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

RUBRIC = "why_checklist"
UNITS = {
    **RUBRIC_UNITS,
    "touchpoint": "text: id in forms.yml",
    "name": "text: its name",
    "raters": "count: people who rated it",
    "yes": "count: questions answered yes with evidence, by every rater who answered",
    "no": "count: questions answered otherwise",
    "answered": "count: questions that somebody answered",
    "asked": "count: questions asked",
    "unanswered": "count: questions that nobody answered",
    "without_evidence": "count: questions with a yes and no evidence",
    "yes_share": "percent: questions answered yes with evidence, of those asked",
    "question": "text: id of the question",
    "touchpoints_rated": "count: touchpoints with an answer",
    "touchpoints_open": "count: touchpoints in use without an answer",
    "touchpoints_short": "count: touchpoints that cannot reach the least number of reasons",
    "questions_yes": "count: questions answered yes with evidence, over all touchpoints",
    "questions_answered": "count: questions answered, over all touchpoints",
    "questions_asked": "count: questions asked, over all touchpoints rated",
    "weakest_question": "text: question with the fewest reasons",
    "weakest_yes": "count: touchpoints with that reason",
    "weakest_answered": "count: touchpoints where that question was answered",
}
QUESTION = Question("why_checklist", ("S002",), UNITS)


def measure_why_checklist(base: Base, settings: Settings) -> Result:
    """Why would the user click, not mute, not block, share, read us: answers with evidence of five.

    A yes counts where every rater who answered says yes with evidence. Unanswered questions are
    counted apart and are no noes. Touchpoints that forms.yml states in use and nobody rated are
    listed as open.

    Returns:
        ``table``: touchpoint, name, raters, yes, no, answered, asked, unanswered, without_evidence,
        yes_share (of those asked; null where nothing was answered). ``tables``: questions (yes,
        answered by question), answers, agreement (weighted kappa of two raters), disagreements.
        act: a touchpoint cannot reach ``why_least`` even if all its open questions were yes.
        watch: something is unanswered, or raters disagree. clear: all have their reasons.
        not_measured: nothing was rated.
    """
    lines = settings.touchpoints
    used = used_settings(
        settings, "journeys.why_least", "touchpoints.kappa_weights",
        "touchpoints.kappa_min_ratings", "touchpoints.least_kappa", "touchpoints.confidence_level",
    )  # fmt: skip
    score = score_rubric(
        base.forms.rubrics,
        RUBRIC,
        weights=lines.kappa_weights,
        min_ratings=lines.kappa_min_ratings,
        level=lines.confidence_level,
    )
    if not score.answered:
        reason = msg("forms.yml answers none of the five questions of why the user would.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    cells = _cells(score)
    table = _by_touchpoint(cells, _open(base, score), len(score.rubric.items))
    questions = _by_question(cells, score)
    figures = _figures(table, questions, settings.journeys.why_least)
    kinds = ("answers", "agreement", "disagreements")
    extra = {name: getattr(score, name) for name in kinds}
    return QUESTION.answer(
        base.as_of,
        _judge(figures, score, settings),
        table,
        used,
        figures=figures,
        tables={"questions": questions, **{n: t for n, t in extra.items() if len(t)}},
        notes=_notes(score, lines),
    )


def _open(base: Base, score: RubricScore) -> list[str]:
    """Touchpoints in use that nobody rated."""
    rated = set(score.answers.loc[score.answers["rating"].notna(), "subject"])
    stated = [name for name, entry in base.forms.touchpoints.items() if entry.in_use]
    sheets = list(dict.fromkeys(score.answers["subject"]))
    return [name for name in dict.fromkeys((*sheets, *stated)) if name not in rated]


def _cells(score: RubricScore) -> pd.DataFrame:
    """A row a touchpoint and question, over the raters: answered, yes with evidence."""
    answers = score.answers
    marked = answers.assign(
        given=answers["rating"].notna().astype(int),
        met=(answers["status"] == "met").astype(int),
        bare=(answers["status"] == "without_evidence").astype(int),
    )
    cells = marked.groupby(["subject", "item"], sort=False)[["given", "met", "bare"]].sum()
    cells = cells.reset_index()
    return cells.assign(
        answered=cells["given"] > 0,
        yes=(cells["given"] > 0) & (cells["met"] == cells["given"]),
        raters=cells["subject"].map(
            marked[marked["given"] > 0].groupby("subject")["rater"].nunique()
        ),
    )


def _by_touchpoint(cells: pd.DataFrame, unrated: list[str], asked: int) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for subject, own in cells.groupby("subject", sort=False):
        answered, yes = int(own["answered"].sum()), int(own["yes"].sum())
        if answered:
            bare = int((own["bare"] > 0).sum())
            rows.append(_row(str(subject), int(own["raters"].iloc[0]), yes, answered, asked, bare))
    rows += [_row(name, 0, None, 0, asked, 0) for name in unrated]
    table = pd.DataFrame(rows)
    return table.astype({"yes": "Int64", "no": "Int64", "yes_share": float})


def _row(
    subject: str, raters: int, yes: int | None, answered: int, asked: int, bare: int
) -> dict[str, Any]:
    known = load_touchpoints().touchpoints.get(subject)
    return {
        "touchpoint": subject,
        "name": bilingual(known.words) if known else subject or None,
        "raters": raters,
        "yes": yes,
        "no": None if yes is None else answered - yes,
        "answered": answered,
        "asked": asked,
        "unanswered": asked - answered,
        "without_evidence": bare,
        "yes_share": None if yes is None else yes / asked,
    }


def _by_question(cells: pd.DataFrame, score: RubricScore) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for item in score.rubric.items:
        own = cells[cells["item"] == item.id]
        rows.append(
            {
                "question": item.id,
                "wording": bilingual(item.words),
                "yes": int(own["yes"].sum()),
                "answered": int(own["answered"].sum()),
            }
        )
    return pd.DataFrame(rows)


def _figures(table: pd.DataFrame, questions: pd.DataFrame, least: int) -> dict[str, Any]:
    rated = table[table["yes"].notna()]
    known = questions[questions["answered"] > 0]
    order = (known["yes"] / known["answered"]).sort_values(kind="stable").index
    weakest = known.loc[order[0]]
    return {
        "touchpoints_rated": len(rated),
        "touchpoints_open": len(table) - len(rated),
        "touchpoints_short": int((rated["yes"] + rated["unanswered"] < least).sum()),
        "questions_yes": int(rated["yes"].sum()),
        "questions_answered": int(rated["answered"].sum()),
        "questions_asked": int(rated["asked"].sum()),
        "weakest_question": str(weakest["question"]),
        "weakest_yes": int(weakest["yes"]),
        "weakest_answered": int(weakest["answered"]),
    }


def _judge(figures: Mapping[str, Any], score: RubricScore, settings: Settings) -> Verdict:
    if figures["touchpoints_short"]:
        return Verdict.ACT
    unanswered = figures["questions_asked"] - figures["questions_answered"]
    void = score.kappa_below(settings.touchpoints.least_kappa)
    if unanswered or figures["touchpoints_open"] or void:
        return Verdict.WATCH
    return Verdict.CLEAR


def _notes(score: RubricScore, lines: Any) -> tuple[Message, ...]:
    notes = [
        msg("Judged by hand: a yes without evidence does not count, and an open question is no no.")
    ]
    if score.kappa_below(lines.least_kappa):
        notes.append(
            msg("Two raters agree too little for these answers to hold; the items are listed.")
        )
    return tuple(notes)
