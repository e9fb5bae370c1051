"""The five questions of why the user would, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator

import client_tables
import pandas as pd
import pytest

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.messages import set_language
from privdom_kit.results import Result, Verdict

ITEMS = ("click", "not_mute", "not_block", "share", "read_us")


@pytest.fixture
def connection() -> Iterator:
    with closing(connect()) as opened:
        yield opened


def sheet(subject: str, rater: str, *values: bool | None, evidence: str = "x") -> dict:
    answers = {i: {"value": v, "evidence": evidence} for i, v in zip(ITEMS, values, strict=False)}
    return {"rubric": "why_checklist", "subject": subject, "rater": rater, "answers": answers}


def measure(connection, *sheets: dict, **in_use: bool) -> Result:
    stated = {name: {"in_use": value} for name, value in in_use.items()}
    forms = {"rubrics": list(sheets), "touchpoints": stated}
    base, rules = client_tables.base(connection, {}, 20_000, forms=forms)
    return journeys.measure_why_checklist(base, rules)


def test_score_is_yes_with_evidence_of_five_and_open_questions_are_kept_apart(connection) -> None:
    """Moments: two yes, one no, two open. The group is in use and was not rated; SMS is not."""
    result = measure(connection, sheet("moments", "甲", True, True, False), group=True, sms=False)
    row = result.table.iloc[0]
    assert (row["yes"], row["no"], row["answered"], row["asked"]) == (2, 1, 3, 5)
    assert row["yes_share"] == pytest.approx(0.4)
    assert result.table["touchpoint"].tolist() == ["moments", "group"]
    assert pd.isna(result.table["yes"].iloc[1])
    assert result.verdict is Verdict.WATCH  # with the two open ones it could still be four
    finding = journeys.describe_why_checklist(result)
    assert finding.statement.render("en") == (
        "2 of 3 answered questions of why the user would are a yes with evidence, at 1 "
        "touchpoints; 0 of these fall short of 4 reasons."
    )
    assert finding.statement.render("zh") == (
        "“用户为什么”五问在1个触点共答3题，其中2题有证据为“是”；0个触点不足4个理由。"
    )
    assert finding.evidence[-1].render("en") == "In use and not rated: community group."


@pytest.mark.parametrize(
    ("values", "evidence", "verdict"),
    [
        ((True,) * 5, "x", "clear"),
        ((True,) * 4 + (False,), "x", "clear"),
        ((True,) * 3 + (False,) * 2, "x", "act"),
        ((True,) * 4, "x", "watch"),
        ((True,) * 5, "", "act"),  # yes, but nothing shows it
    ],
)
def test_verdicts(connection, values: tuple, evidence: str, verdict: str) -> None:
    result = measure(connection, sheet("moments", "甲", *values, evidence=evidence))
    assert result.verdict == verdict


def test_two_raters_have_to_say_yes_and_what_differs_is_listed(connection) -> None:
    one = sheet("moments", "甲", True, True, True, True, True)
    two = sheet("moments", "乙", True, False, True, True, None)
    result = measure(connection, one, two)
    row = result.table.iloc[0]
    assert (row["raters"], row["yes"], row["answered"]) == (2, 4, 5)
    assert result.tables["disagreements"]["item"].tolist() == ["not_mute"]
    agreement = result.tables["agreement"].iloc[0]
    assert (agreement["ratings"], agreement["agreed"]) == (4, 3)
    assert result.figures["weakest_question"] == "not_mute"


def test_raters_who_agree_too_little_void_a_green_light(connection) -> None:
    """Twelve touchpoints; on the last question the raters say the opposite: kappa 0 or less."""
    names = [f"t{n}" for n in range(12)]
    sheets = [sheet(n, "甲", True, True, True, True, i % 2 == 0) for i, n in enumerate(names)]
    sheets += [sheet(n, "乙", True, True, True, True, i % 2 == 1) for i, n in enumerate(names)]
    result = measure(connection, *sheets)
    assert result.tables["agreement"]["kappa"].iloc[0] < 0
    assert result.verdict is Verdict.WATCH
    assert "agree too little" in result.notes[-1].render("en")


def test_nothing_answered_is_not_measured(connection) -> None:
    result = measure(connection, sheet("moments", "甲"), moments=True)
    assert result.verdict is Verdict.NOT_MEASURED
    assert journeys.plot_why_checklist(result) is None
    assert journeys.describe_why_checklist(result).statement is result.notes[0]


def test_the_chart_shows_five_cells_a_touchpoint(connection) -> None:
    result = measure(connection, sheet("moments", "甲", True, True, False), group=True)
    set_language("en")
    ax = journeys.plot_why_checklist(result)
    assert len(ax.patches) == 10
    colours = [bar.get_facecolor() for bar in ax.patches[:5]]
    assert [colours.count(c) for c in dict.fromkeys(colours)] == [2, 1, 2]
    assert [text.get_text() for text in ax.texts] == ["2 of 5, 3 answered", "– of 5, 0 answered"]
