"""Ratings by hand: one scorer for every rubric, and how far two raters agree.

An answer counts where it is given with evidence; a yes or a level above 0 without evidence is not
met; an item without an answer is unanswered and is never a zero: every score stands beside the
items answered and asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.errors import ConfigError, nearest
from privdom_kit.estimates import Interval, weighted_kappa
from privdom_kit.knowledge.rubrics import Rubric, load_rubrics
from privdom_kit.messages import bilingual

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.form_registers import RatingSheet

#: Units of the columns below, for the questions that show them.
UNITS = {
    "rubric": "text: what was judged",
    "subject": "text: what was rated; empty for the brand as a whole",
    "rater": "text: who rated",
    "other_rater": "text: the second rater",
    "item": "text: id of the item",
    "wording": "text: what is asked",
    "rating": "number: as rated; 1 for yes",
    "other_rating": "number: of the second rater",
    "level_wording": "text: what the rating means",
    "evidence": "text: what shows it",
    "status": "text: met, not_met, without_evidence or unanswered",
    "points": "number: points of items with evidence",
    "asked": "count: items asked",
    "answered": "count: items answered",
    "without_evidence": "count: items answered without the evidence that they need",
    "possible_points": "number: most points that the answered items allow",
    "asked_points": "number: most points that all items allow",
    "score_share": "percent: points of those that the answered items allow",
    "ratings": "count: items that both raters answered",
    "agreed": "count: items rated the same",
    "agreed_share": "percent: items rated the same, of those that both answered",
    "kappa": "number: weighted kappa, 1 for full agreement, 0 for that of chance",
}
ANSWER_COLUMNS = (
    *("rubric", "subject", "rater", "item", "wording", "rating", "level_wording", "evidence"),
    *("status", "points"),
)


@dataclass(frozen=True, slots=True, eq=False)
class RubricScore:
    """One rubric, scored.

    Attributes:
        rubric: The rubric.
        answers: A row a subject, rater and item (``ANSWER_COLUMNS``), unanswered ones included.
        scores: A row a subject and rater: points, answered, asked, without_evidence,
            possible_points, asked_points, score_share (of the answered; null without any).
        agreement: A row for each two raters with ratings in common: ratings, agreed,
            agreed_share and kappa with intervals.
        disagreements: A row for each item that two raters rated differently.
    """

    rubric: Rubric
    answers: pd.DataFrame
    scores: pd.DataFrame
    agreement: pd.DataFrame
    disagreements: pd.DataFrame

    @property
    def answered(self) -> int:
        """Answers given, over subjects, raters and items."""
        return int(self.scores["answered"].sum())

    @property
    def asked(self) -> int:
        """Answers asked for: items of all sheets."""
        return int(self.scores["asked"].sum())

    @property
    def points(self) -> float:
        """Points of all sheets."""
        return float(self.scores["points"].sum())

    @property
    def possible_points(self) -> float:
        """Most points that the answers given allow."""
        return float(self.scores["possible_points"].sum())

    def kappa_below(self, least: float) -> bool | None:
        """Whether any two raters agree less than ``least``; None where no kappa could be taken."""
        known = self.agreement["kappa"].dropna()
        return bool((known < least).any()) if len(known) else None


def score_rubric(
    sheets: Iterable[RatingSheet],
    rubric_id: str,
    *,
    weights: str = "quadratic",
    min_ratings: int = 10,
    level: float = 0.95,
) -> RubricScore:
    """Score all sheets of one rubric.

    Args:
        sheets: Sheets of forms.yml; those of other rubrics are passed over.
        rubric_id: Id in ``knowledge/rubrics.yml``.
        weights: quadratic (Fleiss and Cohen 1973) or linear (Cicchetti and Allison 1971).
        min_ratings: Items in common from which on a kappa is taken.
        level: Confidence level.

    Raises:
        ConfigError: The rubric is unknown, or a sheet answers an item that it has not or with a
            value off its scale.
    """
    rubric = find_rubric(rubric_id)
    own = [sheet for sheet in sheets if sheet.rubric == rubric.id]
    rows = [row for sheet in own for row in _answer_rows(rubric, sheet)]
    answers = _frame(rows, ANSWER_COLUMNS)
    pairs = list(_pairs(rows))
    return RubricScore(
        rubric=rubric,
        answers=answers,
        scores=_frame([_score(rubric, sheet, rows) for sheet in own], _SCORE_COLUMNS),
        agreement=_frame(
            [_agreement(rubric, pair, weights, min_ratings, level) for pair in pairs],
            ("rater", "other_rater", "ratings", "agreed", *bounded("agreed_share"),
             *bounded("kappa")),
        ),
        disagreements=_frame(
            [row for pair in pairs for row in _differing(pair)],
            ("subject", "item", "wording", "rater", "rating", "other_rater", "other_rating"),
        ),
    )  # fmt: skip


_SCORE_COLUMNS = (
    *("rubric", "subject", "rater", "points", "answered", "asked", "without_evidence"),
    *("possible_points", "asked_points", "score_share"),
)


def find_rubric(rubric_id: str) -> Rubric:
    """The rubric of that id.

    Raises:
        ConfigError: There is none; the nearest is named.
    """
    known = load_rubrics()
    if rubric_id not in known:
        close = nearest(rubric_id, known, 3) or list(known)
        raise ConfigError(
            f'the rubric is "{rubric_id}"',
            f"known: {', '.join(known)}",
            f"Did you mean {close[0]}?",
        )
    return known[rubric_id]


def _answer_rows(rubric: Rubric, sheet: RatingSheet) -> list[dict[str, Any]]:
    _check_sheet(rubric, sheet)
    rows = []
    for item in rubric.items:
        answer = sheet.answers.get(item.id)
        value = None if answer is None or answer.value is None else int(answer.value)
        evidence = answer.evidence.strip() if answer is not None else ""
        status = _status(value, evidence)
        rows.append(
            {
                "rubric": rubric.id,
                "subject": sheet.subject,
                "rater": sheet.rater,
                "item": item.id,
                "wording": bilingual(item.words),
                "rating": value,
                "level_wording": None if value is None else bilingual(item.levels[value]),
                "evidence": evidence or None,
                "status": status,
                "points": value if status == "met" else 0 if value is not None else None,
            }
        )
    return rows


def _status(value: int | None, evidence: str) -> str:
    if value is None:
        return "unanswered"
    if value == 0:
        return "not_met"
    return "met" if evidence else "without_evidence"


def _check_sheet(rubric: Rubric, sheet: RatingSheet) -> None:
    items = [item.id for item in rubric.items]
    for name, answer in sheet.answers.items():
        if name not in items:
            close = nearest(name, items) or items
            raise ConfigError(
                f'a sheet of {rubric.id} answers "{name}"',
                f"its items: {', '.join(items)}",
                f"Did you mean {close[0]}?",
            )
        if answer.value is not None and not rubric.allows(answer.value):
            raise ConfigError(f"{rubric.id}.{name} is {answer.value}", f"expected {rubric.allowed}")


def _score(rubric: Rubric, sheet: RatingSheet, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [r for r in rows if (r["subject"], r["rater"]) == (sheet.subject, sheet.rater)]
    answered = [r for r in own if r["rating"] is not None]
    points = sum(r["points"] for r in answered)
    possible = len(answered) * rubric.top
    return {
        "rubric": rubric.id,
        "subject": sheet.subject,
        "rater": sheet.rater,
        "points": points,
        "answered": len(answered),
        "asked": len(own),
        "without_evidence": sum(r["status"] == "without_evidence" for r in own),
        "possible_points": possible,
        "asked_points": len(own) * rubric.top,
        "score_share": points / possible if possible else None,
    }


Rated = tuple[dict[str, Any], dict[str, Any]]


def _pairs(rows: Sequence[dict[str, Any]]) -> Iterable[list[Rated]]:
    """For each two raters the items that both answered, about the same subject."""
    raters = list(dict.fromkeys(row["rater"] for row in rows))
    known = {
        (row["rater"], row["subject"], row["item"]): row
        for row in rows
        if row["rating"] is not None
    }
    for one, other in itertools.combinations(raters, 2):
        both = [
            (row, known[(other, subject, item)])
            for (rater, subject, item), row in known.items()
            if rater == one and (other, subject, item) in known
        ]
        if both:
            yield both


def _agreement(
    rubric: Rubric, both: list[Rated], weights: str, min_ratings: int, level: float
) -> dict[str, Any]:
    agreed = sum(one["rating"] == other["rating"] for one, other in both)
    table = [[0] * (rubric.top + 1) for _ in range(rubric.top + 1)]
    for one, other in both:
        table[one["rating"]][other["rating"]] += 1
    enough = len(both) >= min_ratings
    kappa: Interval | None = weighted_kappa(table, weights, level) if enough else None
    return {
        "rater": both[0][0]["rater"],
        "other_rater": both[0][1]["rater"],
        "ratings": len(both),
        "agreed": agreed,
        **rate(agreed, len(both), "agreed_share", level),
        **interval_figures("kappa", kappa),
    }


def _differing(both: list[Rated]) -> Iterable[dict[str, Any]]:
    for one, other in both:
        if one["rating"] != other["rating"]:
            kept = {name: one[name] for name in ("subject", "item", "wording", "rater", "rating")}
            yield {**kept, "other_rater": other["rater"], "other_rating": other["rating"]}


def _frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(columns))
    whole = ("rating", "other_rating", "points", "answered", "asked", "without_evidence")
    counts = (*whole, "possible_points", "asked_points", "ratings", "agreed")
    shares = [c for c in columns if c.startswith(("score_share", "agreed_share", "kappa"))]
    return table.astype({c: "Int64" for c in counts if c in columns} | dict.fromkeys(shares, float))
