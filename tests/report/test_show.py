"""A finding in a notebook: words, numbers, escaping, alt text."""

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from report_samples import states_finding, unmeasured_finding

from privdom_kit.messages import msg, set_language
from privdom_kit.report import show, theme
from privdom_kit.results import Coverage, Finding, Result, Verdict


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What was displayed, in order: data and metadata."""
    outputs: list[tuple[dict, dict]] = []

    def display(data: Any, raw: bool, metadata: Any = None) -> None:
        assert raw
        outputs.append((data, metadata or {}))

    monkeypatch.setattr("IPython.display.display", display)
    return outputs


def test_the_card_in_english() -> None:
    assert show.card_text(states_finding(), "en").splitlines() == [
        "[Act] Reports",
        "- Status",
        "Next step: Answers",
        "At stake: CN¥123,457 a year (Methods)",
        "Owner: Owner",
        "Confidence: High (100.0% of the rows read can be relied on)",
        "money_at_stake = 123456.7",
    ]


def test_the_card_in_chinese() -> None:
    assert show.card_text(states_finding(), "zh").splitlines() == [
        "[需行动] 分项报告",
        "- 状态",
        "下一步: 结论",
        "涉及金额: 每年 ¥12.3万 (方法编号)",
        "负责人: 负责人",
        "可信度: 高 (读取的数据行中 100.0% 可靠)",
        "money_at_stake = 123456.7",
    ]


def test_money_that_was_not_derived_is_said_with_the_reason() -> None:
    finding = states_finding(money_at_stake=None, money_basis=msg("No reason was recorded."))
    assert "At stake: Not derived (No reason was recorded.)" in show.card_text(finding, "en")
    assert "涉及金额: 未推算 (未记录原因。)" in show.card_text(finding, "zh")


def test_a_sum_that_comes_once_is_not_said_to_come_every_year() -> None:
    finding = states_finding(money_period="once")
    assert "At stake: CN¥123,457, once (Methods)" in show.card_text(finding, "en")
    assert "涉及金额: 一次性 ¥12.3万 (方法编号)" in show.card_text(finding, "zh")
    assert finding.to_dict("01")["money_period"] == "once"
    assert "money_period" not in states_finding().to_dict("01")


def test_a_finding_without_money_does_not_speak_of_it() -> None:
    text = show.card_text(unmeasured_finding(), "en")
    assert text == "[Not measured] No reason was recorded.\nmoney_at_stake = –"


def test_the_details_as_text_carry_every_number_raw() -> None:
    assert show.details_text(states_finding().result, "en").splitlines() == [
        "states",
        "state\tcustomers\tshare\tshare_ci_lower\tshare_ci_upper\tnet_spend",
        "high_value\t412\t0.0685\t0.062\t0.075\t523423.5",
        "lapsed\t–\t–\t–\t–\t–",
        "customers = 6012",
        "Based on 50,980 of 51,234 rows. Left out: 254 after the last day of the analysis.",
        "layering.active_days = 30",
        "S006, S052",
    ]


@pytest.mark.parametrize(
    ("coverage", "english", "chinese"),
    [
        (Coverage(0, 0), "No rows were read for this question.", "这一问题没有可读取的数据。"),
        (Coverage(9, 9), "Based on 9 of 9 rows.", "共读取 9 行，采用 9 行。"),
        (
            Coverage(9, 4, {"no customer": 3, "closed or refunded": 2, "duplicate": 0}),
            "Based on 4 of 9 rows. Left out: 3 no customer named, 2 closed or refunded.",
            "共读取 9 行，采用 4 行。未采用：缺少客户标识 3 行、已关闭或已退款 2 行。",
        ),
    ],
)
def test_the_coverage_line(coverage: Coverage, english: str, chinese: str) -> None:
    assert show.coverage_line(coverage, "en") == english
    assert show.coverage_line(coverage, "zh") == chinese


def test_the_table_is_accessible() -> None:
    soup = BeautifulSoup(show.details_html(states_finding().result, "en"), "html.parser")
    table = soup.table
    assert table.caption.text == "States"
    assert [th["scope"] for th in table.thead.find_all("th")] == ["col"] * 4
    assert [th["scope"] for th in table.tbody.find_all("th")] == ["row", "row"]
    share = table.tbody.find_all("tr")[0].find_all("td")[1]
    assert "number" in share["class"]
    assert share.get_text(" ", strip=True) == "6.9% 6.2% – 7.5%"
    dash = table.tbody.find_all("tr")[1].td.abbr
    assert (dash.text, dash["title"]) == ("–", "suppressed or not known")


def test_the_card_names_the_verdict_in_words_and_links_to_itself() -> None:
    soup = BeautifulSoup(show.card_html(states_finding(), "zh"), "html.parser")
    assert soup.section["id"] == show.anchor("states") == "finding-states"
    assert soup.select_one(".badge-act").get_text(" ", strip=True) == "▲ 需行动"
    assert soup.h3.text == "分项报告"


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=a()>'])
def test_text_from_the_data_is_escaped_wherever_it_stands(attack: str) -> None:
    said = msg("{words}", words=attack)
    result = Result(
        question="states",
        methods=("S006",),
        verdict=Verdict.WATCH,
        table=pd.DataFrame({attack: [attack]}),
        units={},
        settings={attack: attack},
        coverage=Coverage(2, 1, {attack: 1}),
        as_of="2026-05-31",
        figures={attack: attack},
        tables={attack: pd.DataFrame({"city": [attack]})},
        notes=(said,),
    )
    finding = Finding(result, said, (said,), said, said, 1.0, said)
    soup = BeautifulSoup(show.finding_html(finding, "en"), "html.parser")
    assert soup.find(["script", "img"]) is None
    assert soup.get_text().count(attack) >= 12


def test_a_long_table_says_where_the_rest_is() -> None:
    result = states_finding().result
    table = pd.DataFrame({"customers": range(65)})
    long = Result("states", (), Verdict.CLEAR, table, {}, {}, Coverage(65, 65), result.as_of)
    html = show.details_html(long, "zh")
    assert "另有 5 行，见结果文件。" in html


def test_a_long_table_and_a_second_table_are_folded_away() -> None:
    short, long = (pd.DataFrame({"customers": range(rows)}) for rows in (24, 25))
    second = "Table: Retention (24 rows)"
    for table, folded in ((short, [second]), (long, ["Table: States (25 rows)", second])):
        result = Result(
            "states",
            (),
            Verdict.CLEAR,
            table,
            {},
            {},
            Coverage(0, 0),
            "2026-05-31",
            tables={"retention": short},
        )
        soup = BeautifulSoup(show.details_html(result, "en"), "html.parser")
        words = [summary.text for summary in soup.select("details.more > summary")]
        assert words == folded


def test_a_finding_is_shown_as_card_chart_and_tables(shown: list[tuple[dict, dict]]) -> None:
    set_language("zh")
    ax = theme.new_axes()
    theme.title_axes(ax, "客户状态分布")
    show.show_finding(states_finding(), ax)
    card, chart, details = shown
    assert card[1]["privdom"] == {
        "question": "states",
        "verdict": "act",
        "statement": "分项报告",
    }
    assert set(chart[0]) == {"image/png", "text/plain"}
    assert chart[1]["image/png"]["alt"] == "客户状态分布。分项报告"
    assert chart[0]["text/plain"] == "客户状态分布。分项报告"
    assert "0.0685" in details[0]["text/plain"]
    assert "<table>" in details[0]["text/html"]


def test_alt_text_in_english_and_without_a_title(shown: list[tuple[dict, dict]]) -> None:
    ax = theme.new_axes()
    show.show_finding(states_finding(), ax)
    theme.title_axes(ax, "Customers by state")
    show.show_finding(states_finding(), ax)
    alts = [meta["image/png"]["alt"] for _, meta in shown if "image/png" in meta]
    assert alts == ["Reports", "Customers by state. Reports"]


def test_a_figure_of_pyplot_is_closed_after_it_was_shown(shown: list[tuple[dict, dict]]) -> None:
    figure, ax = plt.subplots()
    show.show_finding(states_finding(), ax)
    assert not plt.fignum_exists(figure.number)


def test_a_finding_without_a_chart_shows_none(shown: list[tuple[dict, dict]]) -> None:
    show.show_finding(unmeasured_finding())
    assert [sorted(data) for data, _ in shown] == [["text/html", "text/plain"]] * 2


def test_outputs_are_the_same_on_every_run(shown: list[tuple[dict, dict]]) -> None:
    """Nbval compares HTML and text exactly."""
    show.show_finding(states_finding())
    show.show_finding(states_finding())
    assert shown[:2] == shown[2:]
