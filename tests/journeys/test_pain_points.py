"""Pain points: frequency, severity and their product by hand, and what is never shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from experience_samples import answers, audit, friends, journey, spread, tickets
from scipy import stats

from privdom_kit import journeys
from privdom_kit.results import Verdict


def asked(named: int, of: int, pain: str = "太贵", score: float = -1.0, first: int = 0) -> list:
    """``of`` people answer at the stage buy, ``named`` of them name the pain point."""
    rows = spread("buy", [score] * named, first, pain)
    return rows + spread("buy", [1.0] * (of - named), first + named)


def test_frequency_severity_and_priority_by_hand() -> None:
    """Of 8 people at buy, 2 name it with -2 and -1 and 1 with +1: 3/8 x (2 + 1 + 0)/3 = 3/8.

    The interval is scipy's t interval of the burdens 2, 1, 0 and five times 0.
    """
    rows = [(1, "buy", -2.0, "太贵"), (2, "buy", -1.0, "太贵 "), (3, "buy", 1.0, "太贵")]
    rows += [(i, "buy", 2.0, None) for i in range(4, 9)] + [(1, "use", -2.0, None)]
    with audit({"responses": answers(rows)}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    row = result.table.iloc[0]
    assert len(result.table) == 1
    assert (row["stage"], row["pain_point"], row["people"], row["asked_people"]) == (
        "buy",
        "太贵",
        3,
        8,
    )
    assert row[["frequency", "severity", "priority"]].tolist() == pytest.approx([3 / 8, 1, 3 / 8])
    burden = [2, 1, 0, 0, 0, 0, 0, 0]
    ends = stats.t.interval(0.95, 7, np.mean(burden), stats.sem(burden))
    assert row[["priority_ci_lower", "priority_ci_upper"]].tolist() == pytest.approx(ends)


def test_a_person_who_names_it_twice_is_one() -> None:
    rows = [(1, "buy", -2.0, "太贵"), (1, "buy", 0.0, "太贵"), (2, "buy", 0.0, None)]
    with audit({"responses": answers(rows)}) as (base, settings):
        row = journeys.measure_pain_points(base, settings).table.iloc[0]
    assert (row["people"], row["asked_people"], row["severity"]) == (1, 2, 1.0)


def test_a_pain_point_without_score_has_no_severity() -> None:
    rows = [(1, "buy", None, "太贵"), (2, "buy", None, None), (3, "buy", 1.0, None)]
    with audit({"responses": answers(rows)}) as (base, settings):
        row = journeys.measure_pain_points(base, settings).table.iloc[0]
    assert row["frequency"] == pytest.approx(1 / 3)
    assert pd.isna(row["severity"])
    assert pd.isna(row["priority"])


def test_words_of_few_people_are_never_shown() -> None:
    """9 people write something of their own; 10 write the same."""
    own = [row for i in range(9) for row in spread("buy", [-1.0], i, f"我的手机是1380000000{i}")]
    rows = own + spread("buy", [-1.0] * 10, 100, "太贵")
    with audit({"responses": answers(rows)}, privacy={"min_cell": 10}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    assert result.table["pain_point"].tolist() == ["太贵"]
    assert "138" not in str(result.to_dict("zh"))
    assert result.figures["hidden_pain_points"] == 9
    with audit({"responses": answers(own)}, privacy={"min_cell": 10}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[0].render("zh") == "每个痛点提到的人都不足 10 人。"


def test_cases_are_weighed_by_their_mark_among_all_people_known() -> None:
    """Of 10 people known, 2 have a case of 电池: marked high (2) and low (0.5), mean 1.25."""
    cases = tickets([(0, 50, None, "电池", "high"), (1, 50, None, "电池", "低"),
                     (2, 50, None, "屏幕", "P7")])  # fmt: skip
    frames = {"tickets": cases, "contacts": friends([(i, 10) for i in range(10)])}
    with audit(frames) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    table = result.table.set_index("pain_point")
    assert table["basis"].tolist() == ["cases", "cases"]
    found = table.loc["电池", ["people", "asked_people", "frequency", "severity", "priority"]]
    assert found.tolist() == pytest.approx([2, 10, 0.2, 1.25, 0.25])
    assert pd.isna(table.loc["屏幕", "severity"])


def test_what_is_stated_comes_last_and_is_marked() -> None:
    stated = {"pain_points": {"充电慢": {"frequency": 0.4, "severity": 1.5}, "太贵": {}}}
    forms = journey("buy", buy=stated)
    with audit({"responses": answers(asked(5, 40))}, forms=forms) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    assert result.table["pain_point"].tolist() == ["太贵", "充电慢"]
    assert result.table["basis"].tolist() == ["answers", "stated"]
    assert result.table["priority"].iloc[1] == pytest.approx(0.6)
    assert pd.isna(result.table["people"].iloc[1])
    with audit({}, forms=forms) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
        finding = journeys.describe_pain_points(result)
    assert result.verdict is Verdict.NOT_MEASURED
    assert finding.statement.render("en") == (
        "The pain points are the consultant's own; nobody was asked."
    )


@pytest.mark.parametrize(
    ("named", "of", "verdict"),
    [
        (80, 200, Verdict.ACT),
        (22, 200, Verdict.WATCH),
        (5, 200, Verdict.CLEAR),
        (10, 20, Verdict.NOT_ENOUGH_DATA),
    ],
)
def test_the_line_is_crossed_for_sure_or_not(named: int, of: int, verdict: Verdict) -> None:
    """Line 10 %; Wilson at 95 %: 80/200 from 33 %, 22/200 from 7 to 16 %, 5/200 up to 6 %."""
    with audit({"responses": answers(asked(named, of))}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
        finding = journeys.describe_pain_points(result)
    assert result.verdict is verdict
    assert (finding.action is not None) == (verdict is Verdict.ACT)
    share = f"{100 * named / of:.1f}%"
    assert finding.statement.render("en") == (
        f"What hurts most is '太贵' at buy: {share} of the people asked name it."
    )
    assert finding.statement.render("zh") == f"最突出的痛点是购买的“太贵”：{share} 的受访者提到它。"


def test_without_any_source_nothing_is_measured() -> None:
    with audit({}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert journeys.plot_pain_points(result) is None


def test_the_chart_shows_priorities() -> None:
    rows = [*asked(20, 60), *spread("buy", [-2.0] * 10, 500, "a$b$")]
    with audit({"responses": answers(rows)}) as (base, settings):
        result = journeys.measure_pain_points(base, settings)
    ax = journeys.plot_pain_points(result)
    widths = [bar.get_width() for bar in ax.patches][: len(result.table)]
    assert widths == pytest.approx(result.table["priority"].tolist())
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["太贵 · buy", "a$b$ · buy"]
    assert not ax.get_yticklabels()[1].get_parse_math()
