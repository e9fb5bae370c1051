"""Ratings by hand: counted by hand, and agreement held against published tables."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit.errors import ConfigError, DataError
from privdom_kit.estimates import paired_sums_ratio, weighted_kappa
from privdom_kit.form_registers import Answer, RatingSheet
from privdom_kit.rubrics import score_rubric

# Two dermatologists, 88 patients: SAS/STAT User's Guide, PROC FREQ, example "Cohen's kappa".
SKIN = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]


def sheet(rubric: str, rater: str = "甲", subject: str = "", **answers) -> RatingSheet:
    """A sheet of ``item=(value, evidence)``."""
    stated = {name: Answer(value=v, evidence=e) for name, (v, e) in answers.items()}
    return RatingSheet(rubric=rubric, rater=rater, subject=subject, answers=stated)


def test_a_yes_without_evidence_is_not_met_and_an_open_item_is_no_zero() -> None:
    """Three answered of five: one met, one without evidence, one no; 1 of 3 points."""
    score = score_rubric(
        [sheet("why_checklist", click=(True, "截图"), share=(True, " "), read_us=(False, ""))],
        "why_checklist",
    )
    assert dict(zip(score.answers["item"], score.answers["status"], strict=True)) == {
        "click": "met",
        "not_mute": "unanswered",
        "not_block": "unanswered",
        "share": "without_evidence",
        "read_us": "not_met",
    }
    row = score.scores.iloc[0]
    assert (row["points"], row["answered"], row["asked"]) == (1, 3, 5)
    assert row["score_share"] == pytest.approx(1 / 3)
    open_rows = score.answers[score.answers["status"] == "unanswered"]
    assert open_rows["points"].isna().all()


def test_levels_count_as_points_and_need_evidence() -> None:
    """2 with evidence, 3 without, 0: 2 of 9 points."""
    stated = {"social": (2, "对话"), "emotion": (3, ""), "usefulness": (0, "")}
    score = score_rubric([sheet("account_content", **stated)], "account_content")
    row = score.scores.iloc[0]
    assert (row["points"], row["possible_points"], row["without_evidence"]) == (2, 9, 1)


def test_nothing_answered_is_no_score() -> None:
    score = score_rubric([sheet("persona")], "persona")
    assert score.answered == 0
    assert math.isnan(score.scores["score_share"].iloc[0])
    assert score_rubric([], "persona").asked == 0


def test_disagreements_are_listed_and_few_ratings_have_no_kappa() -> None:
    one = sheet("why_checklist", "甲", "moments", click=(True, "a"), share=(False, ""))
    two = sheet("why_checklist", "乙", "moments", click=(True, "b"), share=(True, "c"))
    score = score_rubric([one, two], "why_checklist")
    row = score.agreement.iloc[0]
    assert (row["ratings"], row["agreed"]) == (2, 1)
    assert math.isnan(row["kappa"])
    assert score.kappa_below(0.6) is None
    differing = score.disagreements.iloc[0]
    assert (differing["item"], differing["rating"], differing["other_rating"]) == ("share", 0, 1)


def test_kappa_is_taken_over_all_subjects_that_both_rated() -> None:
    """Ten posts of three items, both raters; kappa by the published formula on the same table."""
    rng = np.random.default_rng(7)
    levels = rng.integers(0, 4, size=(10, 3))
    others = np.clip(levels + rng.integers(-1, 2, size=(10, 3)), 0, 3)
    items = ("social", "emotion", "usefulness")
    sheets = [
        sheet("account_content", rater, f"p{post}",
              **{item: (int(v), "x") for item, v in zip(items, row, strict=True)})
        for rater, ratings in (("甲", levels), ("乙", others))
        for post, row in enumerate(ratings)
    ]  # fmt: skip
    table = np.zeros((4, 4))
    for a, b in zip(levels.ravel(), others.ravel(), strict=True):
        table[a, b] += 1
    found = score_rubric(sheets, "account_content").agreement.iloc[0]
    assert found["ratings"] == 30
    assert found["kappa"] == pytest.approx(kappa_by_hand(table, 2))
    linear = score_rubric(sheets, "account_content", weights="linear").agreement.iloc[0]
    assert linear["kappa"] == pytest.approx(kappa_by_hand(table, 1))


def kappa_by_hand(table: np.ndarray, power: int) -> float:
    """1 - observed / expected disagreement (Cohen 1968), cell by cell."""
    total = table.sum()
    seen = expected = 0.0
    for i, j in itertools.product(range(len(table)), repeat=2):
        weight = abs(i - j) ** power
        seen += weight * table[i, j] / total
        expected += weight * table[i].sum() * table[:, j].sum() / total**2
    return 1 - seen / expected


def test_published_weighted_kappa() -> None:
    """SAS/STAT, PROC FREQ, skin condition: weighted kappa 0.5082, limits 0.3798 and 0.6366."""
    found = weighted_kappa(SKIN, "linear")
    assert found is not None
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (0.5082, 0.3798, 0.6366), abs=5e-5
    )


def test_a_second_published_table() -> None:
    """SAS printout that statsmodels tests against: 0.4701, limits 0.1845 and 0.7558."""
    found = weighted_kappa([[0, 4, 1], [0, 8, 0], [0, 1, 5]], "linear")
    assert found is not None
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (0.4701, 0.1845, 0.7558), abs=5e-5
    )


def test_full_agreement_has_no_error_to_speak_of_and_one_category_no_kappa() -> None:
    """An interval of no width would be a false certainty."""
    full = weighted_kappa([[5, 0], [0, 5]])
    assert full is not None and full.estimate == pytest.approx(1)
    assert math.isnan(full.lower) and math.isnan(full.upper)
    assert weighted_kappa([[0, 0], [0, 7]]) is None
    assert weighted_kappa([[0, 0], [0, 0]]) is None


@pytest.mark.parametrize(
    ("table", "weights", "words"),
    [([[1, 2]], "linear", "square table"), ([[1, 0], [0, 1]], "cubic", "linear, quadratic")],
)
def test_what_is_no_table_of_ratings(table, weights: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        weighted_kappa(table, weights)


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean persona\?"):
        score_rubric([], "persone")
    with pytest.raises(ConfigError, match=r"Did you mean realness\?"):
        score_rubric([sheet("persona", realnes=(1, "x"))], "persona")
    with pytest.raises(ConfigError, match="from 0 to 3"):
        score_rubric([sheet("persona", realness=(4, "x"))], "persona")


VALUES = st.tuples(st.sampled_from([None, False, True]), st.sampled_from(["", "x"]))
SHEETS = st.lists(
    st.builds(
        lambda rater, subject, answers: sheet("why_checklist", rater, subject, **answers),
        st.sampled_from("甲乙"),
        st.sampled_from(["moments", "group"]),
        st.dictionaries(st.sampled_from(["click", "share", "read_us"]), VALUES),
    ),
    max_size=4,
    unique_by=lambda s: (s.rater, s.subject),
)


@given(SHEETS, st.randoms())
def test_order_changes_nothing_and_counts_add_up(sheets: list[RatingSheet], random) -> None:
    score = score_rubric(sheets, "why_checklist")
    counts = score.answers["status"].value_counts()
    assert counts.sum() == 5 * len(sheets) == score.asked
    assert score.answered == score.asked - counts.get("unanswered", 0)
    assert score.points == counts.get("met", 0) <= score.possible_points == score.answered
    mixed = list(sheets)
    random.shuffle(mixed)
    again = score_rubric(mixed, "why_checklist")
    assert (again.points, again.answered) == (score.points, score.answered)
    assert again.agreement["agreed"].tolist() == score.agreement["agreed"].tolist()


def test_ratio_of_paired_sums_by_hand_and_at_its_ends() -> None:
    """10 / 6 with residuals 4 - 10/3, 3 - 10/3, 3 - 10/3; t(2) = 4.302653 (Student's table)."""
    found = paired_sums_ratio([4, 3, 3], [2, 2, 2])
    assert found is not None
    spread = math.sqrt(((4 - 10 / 3) ** 2 + 2 * (3 - 10 / 3) ** 2) / 2 / 3) / 2
    half = 4.302653 * spread / (10 / 6)
    assert found.estimate == pytest.approx(10 / 6)
    assert found.lower == pytest.approx(10 / 6 * math.exp(-half), rel=1e-6)
    assert found.upper == pytest.approx(10 / 6 * math.exp(half), rel=1e-6)
    assert paired_sums_ratio([1, 2], [1, 2]) is None
    assert paired_sums_ratio([0, 0, 0], [1, 2, 3]) is None


def test_the_interval_of_the_ratio_covers() -> None:
    """Twelve Poisson days against means of four; true ratio 1.5; 95 % aimed at, 800 runs.

    The binomial error of 800 runs is 0.8 points; t on 11 degrees is a little generous.
    """
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(800):
        level = rng.gamma(20, 1, size=12)
        own = rng.poisson(1.5 * level)
        matched = rng.poisson(level[:, None], size=(12, 4)).mean(axis=1)
        found = paired_sums_ratio(own, matched)
        assert found is not None
        covered += found.lower <= 1.5 <= found.upper
    assert 0.925 <= covered / 800 <= 0.985
