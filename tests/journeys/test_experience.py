"""Experience: means and tests beside scipy, a planted break, order, forms, and a null brand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from experience_samples import answers, audit, journey, spread, tickets
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privdom_kit import journeys
from privdom_kit.estimates import mean_interval, welch_test
from privdom_kit.journeys.measure_feelings import _changes, _moment
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

values = st.lists(st.integers(-2, 2), min_size=2, max_size=40)


def sums(numbers: list[float]) -> tuple[float, float, float]:
    return len(numbers), float(sum(numbers)), float(sum(n * n for n in numbers))


@pytest.mark.filterwarnings("ignore:Precision loss occurred")  # scipy, where all in a group agree
@given(values, values)
def test_means_and_differences_are_those_of_scipy(a: list[int], b: list[int]) -> None:
    """scipy.stats: the t interval, and Welch's test with its interval, from the raw numbers."""
    found = mean_interval(*sums(a), level=0.9)
    assert found is not None
    assert found.estimate == pytest.approx(np.mean(a))
    if len(set(a)) > 1:
        ends = stats.t.interval(0.9, len(a) - 1, np.mean(a), stats.sem(a))
        assert (found.lower, found.upper) == pytest.approx(ends)
    else:
        assert math.isnan(found.lower)
    tested = welch_test(sums(a), sums(b), 0.9)
    if len(set(a)) == len(set(b)) == 1:
        assert tested is None
        return
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assert tested is not None
    assert tested[1] == pytest.approx(theirs.pvalue)
    ends = theirs.confidence_interval(0.9)
    assert (tested[0].lower, tested[0].upper) == pytest.approx((ends.low, ends.high))


def three_stages(rng: np.random.Generator, drop: float = 0.0) -> list[tuple]:
    chances = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    low = np.array([0.35, 0.3, 0.2, 0.1, 0.05])
    used = (chances, low if drop else chances, chances)
    scores = [rng.choice([-2, -1, 0, 1, 2], 80, p=p).astype(float).tolist() for p in used]
    return [
        row
        for i, (stage, numbers) in enumerate(zip(("buy", "ride", "mend"), scores, strict=True))
        for row in spread(stage, numbers, 1000 * i)
    ]


def test_the_break_is_found_and_worded() -> None:
    """Planted: the stage ride is 0.95 lower on average; mend is as buy."""
    rows = three_stages(np.random.default_rng(1), drop=1)
    forms = journey("buy", "ride", "mend", ride={"name": "骑行"})
    with audit({"responses": answers(rows)}, forms=forms) as (base, settings):
        result = journeys.measure_experience(base, settings)
        finding = journeys.describe_experience(result)
    table = result.table.set_index("stage")
    scores = {s: [r[2] for r in rows if r[1] == s] for s in ("buy", "ride", "mend")}
    for stage, numbers in scores.items():
        assert table.loc[stage, "score"] == pytest.approx(np.mean(numbers))
        ends = stats.t.interval(0.95, 79, np.mean(numbers), stats.sem(numbers))
        assert table.loc[stage, ["score_ci_lower", "score_ci_upper"]].tolist() == pytest.approx(
            ends
        )
        assert table.loc[stage, "negative_people"] == sum(n < 0 for n in numbers)
    # Two pairs are compared, so p is doubled and the interval is that of 97.5 %.
    welch = stats.ttest_ind(scores["ride"], scores["buy"], equal_var=False)
    assert table.loc["ride", "p_value_adjusted"] == pytest.approx(2 * welch.pvalue)
    low, high = welch.confidence_interval(0.975)
    ends = table.loc["ride", ["change_ci_lower", "change_ci_upper"]].tolist()
    assert ends == pytest.approx([low, high])
    assert result.verdict is Verdict.ACT
    assert (result.figures["moment_of_truth"], result.figures["moment_before"]) == ("ride", "buy")
    change = result.figures["moment_change"]
    assert finding.statement.render("en") == (
        f"The feeling breaks at 骑行: {change:.2f} points against buy on a scale of -2 to 2."
    )
    assert finding.statement.render("zh") == (
        f"情绪在骑行出现断崖：比购买变化 {change:.2f} 分（量表 -2 到 2）。"
    )


def test_a_brand_that_feels_alike_everywhere_seldom_breaks() -> None:
    """1,500 brands of five stages with the same scores: at most 5 %, plus three errors."""
    rng = np.random.default_rng(5)
    settings = Settings()
    names = ["a", "b", "c", "d", "e"]
    found = 0
    for _ in range(1500):
        scores = rng.choice([-2, -1, 0, 1, 2], (5, 40), p=[0.05, 0.1, 0.2, 0.35, 0.3])
        stages = pd.DataFrame({
            "stage": names, "people": 40, "total": scores.sum(1), "squares": (scores**2).sum(1),
        })  # fmt: skip
        table, _ = _changes(stages[["stage"]], stages, names, settings)
        found += _moment(table, settings)["moment_of_truth"] is not None
    assert found / 1500 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)


def test_a_person_counts_once_and_nobody_is_merged_with_nobody() -> None:
    """Person 1 answers 2 and 0 at one stage: one value, 1. Two answers name nobody: two people."""
    rows = [
        (1, "buy", 2.0),
        (1, "buy", 0.0),
        (2, "buy", -1.0),
        (None, "buy", 1.0),
        (None, "buy", 2.0),
    ]
    with audit({"responses": answers(rows)}) as (base, settings):
        table = journeys.measure_experience(base, settings).table
    row = table.iloc[0]
    assert (row["people"], row["answers"], row["negative_people"]) == (4, 5, 1)
    assert row["score"] == pytest.approx((1 - 1 + 1 + 2) / 4)


def test_shuffled_and_repeated_answers_change_nothing() -> None:
    frame = answers(three_stages(np.random.default_rng(2), drop=1))
    twice = pd.concat([frame, frame]).sample(frac=1, random_state=1, ignore_index=True)
    found = []
    for rows in (frame, twice):
        with audit({"responses": rows}, forms=journey("buy", "ride", "mend")) as (base, settings):
            found.append(journeys.measure_experience(base, settings).table.drop(columns="answers"))
    pd.testing.assert_frame_equal(*found)


def test_scores_off_the_scale_and_missing_are_left_out_and_counted() -> None:
    rows = [(1, "buy", 2.0), (2, "buy", 7.0), (3, "buy", None), (4, "buy", 1.0)]
    with audit({"responses": answers(rows)}) as (base, settings):
        result = journeys.measure_experience(base, settings)
    assert result.table["score"].tolist() == [1.5]
    assert result.coverage.used == 2
    assert result.coverage.dropped == {"no value": 1, "out of range": 1}


@pytest.mark.parametrize(
    ("names", "options", "order", "note"),
    [
        (("x", "y"), {"journeys": {"stage_order": ["y", "x"]}}, ["y", "x"], "of the settings."),
        (("x", "y"), {"forms": journey("y", "x")}, ["y", "x"], "of forms.yml."),
        (("loyalty", "aware"), {}, ["aware", "loyalty"], "of the stage model."),
        (("复购", "使用", "购买"), {}, ["购买", "使用", "复购"], "such journeys usually run."),
        (("y", "x"), {}, ["x", "y"], "so no drop from one to the next is looked for."),
    ],
)
def test_where_the_order_comes_from(names: tuple, options: dict, order: list, note: str) -> None:
    rows = [row for i, n in enumerate(names) for row in spread(n, [1.0, 0.0] * 20, 100 * i)]
    with audit({"responses": answers(rows)}, **options) as (base, settings):
        result = journeys.measure_experience(base, settings)
    assert result.table["stage"].tolist() == order
    assert result.notes[0].render("en").endswith(note)
    unknown = note.startswith("so no drop")
    assert (result.verdict is Verdict.NOT_ENOUGH_DATA) == unknown
    assert result.table["change"].isna().all() == unknown


def test_stated_stages_are_marked_and_never_measured() -> None:
    stated = {"emotion": 1.0, "touchpoints": ["store", "live"]}
    forms = journey("buy", "ride", buy=stated, ride={"emotion": -1.5})
    with audit({}, forms=forms) as (base, settings):
        result = journeys.measure_experience(base, settings)
        finding = journeys.describe_experience(result)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.table["basis"].tolist() == ["stated", "stated"]
    assert result.table["score"].tolist() == [1.0, -1.5]
    assert result.table[["people", "score_ci_lower", "change"]].isna().all(axis=None)
    assert result.tables["touchpoints"]["touchpoint"].tolist() == ["store", "live"]
    assert finding.statement.render("zh") == "旅程和情绪由顾问填写，没有询问用户。"
    assert (finding.action, finding.confidence) == (None, None)


def test_a_stage_without_answers_breaks_the_comparison() -> None:
    """Ride lies between buy and mend and nobody answered there: neither drop can be told."""
    rows = [*spread("buy", [1.0, 2.0] * 20), *spread("mend", [-1.0, -2.0] * 20, 100)]
    forms = journey("buy", "ride", "mend", ride={"emotion": 0.0})
    with audit({"responses": answers(rows)}, forms=forms) as (base, settings):
        result = journeys.measure_experience(base, settings)
    assert result.table["basis"].tolist() == ["answers", "stated", "answers"]
    assert result.table["change"].isna().all()
    assert result.figures["moment_of_truth"] is None
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_small_stages_are_hidden_with_what_follows_from_them() -> None:
    rows = [*spread("buy", [1.0, 2.0] * 20), *spread("ride", [-1.0, -2.0] * 4, 100)]
    options = {"privacy": {"min_cell": 10}, "journeys": {"experience_min_people": 2}}
    with audit({"responses": answers(rows)}, forms=journey("buy", "ride"), **options) as (base, s):
        result = journeys.measure_experience(base, s)
    hidden = ["people", "answers", "score", "score_ci_lower", "negative_people", "change"]
    assert result.table.loc[1, hidden].isna().all()
    assert result.table.loc[0, "people"] == 40


def test_cases_are_rated_beside_the_answers() -> None:
    """Four cases of three people: three are rated, two of them satisfied."""
    cases = tickets([(1, 10, 11), (1, 20, 22), (2, 30, 31), (3, 40, None)])
    cases["satisfied"] = pd.array([1, 0, 1, None], dtype="Int8")
    frames = {"tickets": cases, "responses": answers(spread("buy", [1.0, 0.0]))}
    with audit(frames) as (base, settings):
        table = journeys.measure_experience(base, settings).tables["cases"]
    assert table[["case_people", "rated_cases", "satisfied_cases"]].iloc[0].tolist() == [3, 3, 2]
    assert table["satisfied_share"].iloc[0] == pytest.approx(2 / 3)


def test_without_scores_and_forms_nothing_is_measured() -> None:
    with audit({}) as (base, settings):
        result = journeys.measure_experience(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == (
        "No responses with a score were given, and forms.yml states no journey."
    )
    assert journeys.plot_experience(result) is None
    assert journeys.plot_journey_map(result) is None


def test_the_curve_stands_at_the_scores() -> None:
    rows = three_stages(np.random.default_rng(1), drop=1)
    with audit({"responses": answers(rows)}, forms=journey("buy", "ride", "mend")) as (base, s):
        result = journeys.measure_experience(base, s)
    ax = journeys.plot_experience(result)
    points = [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert points == [(i, pytest.approx(y)) for i, y in enumerate(result.table["score"])]
    words = [text.get_text() for text in ax.texts]
    assert words.count("moment of truth") == 1
    assert all(word.endswith("n = 80") for word in words if word != "moment of truth")
