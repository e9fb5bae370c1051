"""The first page of a run."""

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from privdom_kit.report.index import rank, render_index, sort_out

RUN = {
    "version": "0.1.0",
    "playbooks": {
        "00_intake": {"status": "ran", "seconds": 1.25, "reason": ""},
        "01_user_layering": {"status": "fresh", "seconds": 0.0, "reason": ""},
        "02_touchpoint_audit": {
            "status": "failed",
            "seconds": 9.0,
            "reason": "touches <i>broke</i>",
        },
        "03_journey_mapping": {"status": "skipped", "seconds": None, "reason": ""},
    },
}


def _finding(question: str, verdict: str, money: float | None = None, **changes: Any) -> dict:
    values = {
        "id": f"01_user_layering/{question}",
        "playbook": "01_user_layering",
        "question": question,
        "methods": [],
        "verdict": verdict,
        "statement": f"Statement of {question}.",
        "evidence": [],
        "money_at_stake": money,
        "money_basis": "the basis" if money is not None else None,
        "action": None,
        "owner": None,
        "confidence": "high",
    }
    return values | changes


FINDINGS = [
    _finding("concentration", "clear"),
    _finding("retention", "watch"),
    _finding("rfm", "not_enough_data", evidence=["Too few."], confidence=None),
    _finding("revenue_split", "watch", 5000.0),
    _finding("layer_moves", "act"),
    _finding("states", "act", 123456.7, action="Win them back.", owner="CRM lead"),
    _finding("life_stages", "not_measured", confidence=None),
    _finding("coverage", "watch", playbook="00_intake"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "01_user_layering.html").touch()
    return tmp_path


def _index(folder: Path, language: str = "en", findings: list[dict] = FINDINGS) -> BeautifulSoup:
    render_index(
        folder, language=language, brand="驼小满", as_of="2026-05-31", run=RUN, findings=findings
    )
    return BeautifulSoup((folder / "index.html").read_text("utf-8"), "html.parser")


def test_findings_are_ranked_by_money_then_by_verdict() -> None:
    order = [finding["question"] for finding in rank(FINDINGS)]
    assert order[:4] == ["states", "revenue_split", "layer_moves", "retention"]
    assert order[-3:] == ["rfm", "life_stages", "concentration"]


def test_no_money_is_ranked_below_any_money_even_zero() -> None:
    zero, none = _finding("states", "watch", 0.0), _finding("rfm", "act")
    assert rank([none, zero]) == [zero, none]


def test_open_questions_and_limits_of_the_data_stand_apart() -> None:
    measured, gaps, caveats = sort_out(FINDINGS)
    assert len(measured) + len(gaps) + len(caveats) == len(FINDINGS)
    assert [finding["question"] for finding in gaps] == ["rfm", "life_stages"]
    assert [finding["question"] for finding in caveats] == ["coverage"]


def test_the_first_finding_says_what_is_at_stake_and_links_to_its_card(folder: Path) -> None:
    first = _index(folder).select_one(".ranked .finding")
    assert first.h3.text == "Statement of states."
    facts = [div.get_text(" ", strip=True) for div in first.select(".facts > div")]
    assert facts == [
        "At stake CN¥123,457 a year the basis",
        "Next step Win them back.",
        "Owner CRM lead",
    ]
    assert first.a["href"] == "01_user_layering.html#finding-states"
    assert first.a.text == "User layering · States"
    assert "confidence high" in first.select_one(".eyebrow").text


def test_the_same_finding_in_chinese(folder: Path) -> None:
    soup = _index(folder, "zh")
    assert soup.h1.text == "私域诊断"
    first = soup.select_one(".ranked .finding")
    assert first.a.text == "用户分层 · 客户状态分层"
    assert first.select_one(".facts dd").get_text(" ", strip=True) == "每年 ¥12.3万 the basis"
    assert "可信度：高" in first.select_one(".eyebrow").text
    headings = [heading.text for heading in soup.select("main h2")]
    assert headings == [
        "主要发现（按涉及金额排序）",
        "未能测量的问题及原因",
        "数据局限",
        "分项报告",
    ]


def test_the_tally_counts_every_finding(folder: Path) -> None:
    items = [item.get_text(" ", strip=True) for item in _index(folder).select(".tally li")]
    assert items == ["2 ▲ Act", "3 ◆ Watch", "1 ○ Not enough data", "1 – Not measured", "1 ● Clear"]


def test_what_was_not_measured_says_why(folder: Path) -> None:
    gaps = _index(folder).find(id="not-measured").parent.select("li")
    assert [gap.get_text(" ", strip=True) for gap in gaps] == [
        "○ Not enough data User layering · Days since the last order, orders and spend (RFM) "
        "Statement of rfm. Too few.",
        "– Not measured User layering · Children's age bands Statement of life_stages.",
        "– Failed Touchpoint audit touches <i>broke</i>",
        "– Skipped Journey mapping No reason was recorded.",
    ]


def test_reports_are_linked_only_where_they_exist(folder: Path) -> None:
    rows = _index(folder).find(id="reports").parent.select("tbody tr")
    assert [row.get_text("|", strip=True) for row in rows] == [
        "What the data can carry|Done|1.2",
        "User layering|Unchanged|0.0",
        "Touchpoint audit|Failed|9.0|touches <i>broke</i>",
        "Journey mapping|Skipped|–",
    ]
    assert [row.a["href"] if row.a else None for row in rows] == [
        None,
        "01_user_layering.html",
        None,
        None,
    ]


def test_a_run_that_measured_nothing_says_so(folder: Path) -> None:
    soup = _index(folder, findings=[_finding("states", "not_measured", confidence=None)])
    assert "No question could be answered from the data given." in soup.main.text
    assert soup.select(".ranked") == []


def test_texts_of_the_data_are_escaped(folder: Path) -> None:
    attack = "<script>alert(1)</script>"
    changes = dict.fromkeys(("statement", "action", "owner", "money_basis"), attack)
    soup = _index(folder, findings=[_finding("states", "act", 1.0, **changes)])
    assert len(soup.find_all("script")) == 1
    assert soup.main.text.count(attack) == 4
