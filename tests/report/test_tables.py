"""Result tables as shown and as compared."""

import pandas as pd
import pytest
from report_samples import states_finding

from privdom_kit.report.tables import MAX_ROWS, Cell, column_kind, raw_text, table_text, view_table

UNITS = {"share": "percent: share of customers", "net_spend": "money"}


def test_an_estimate_carries_its_interval_and_a_missing_value_is_a_dash() -> None:
    """The numbers of the sample, rounded by hand."""
    view = view_table(states_finding().result.table, "States", UNITS, "en")
    assert view.headers == (
        ("State", False),
        ("Customers", True),
        ("Share (interval)", True),
        ("Net spend", True),
    )
    assert view.rows == (
        (Cell("High value"), Cell("412"), Cell("6.9%", "6.2% – 7.5%"), Cell("CN¥523,424")),
        (Cell("Lapsed"), *[Cell("–", missing=True)] * 3),
    )


def test_the_same_table_in_chinese() -> None:
    view = view_table(states_finding().result.table, "客户状态分层", UNITS, "zh")
    assert [words for words, _ in view.headers] == ["状态", "客户数", "占比（区间）", "净消费额"]
    assert [cell.text for cell in view.rows[0]] == ["高价值", "412", "6.9%", "¥52.3万"]


def test_an_interval_without_both_ends_is_not_shown() -> None:
    table = pd.DataFrame({"share": [0.5], "share_ci_lower": [0.4], "share_ci_upper": [None]})
    assert view_table(table, "", {}, "en").rows == ((Cell("50.0%"),),)


@pytest.mark.parametrize(
    ("name", "values", "unit", "kind"),
    [
        ("share", [0.1], "", "percent"),
        ("repeat_rate", [None, 0.1], "", "percent"),
        ("share_ci_lower", [0.1], "points: change", "points"),
        ("customers", [3, None], "", "count"),
        ("customers", [3.0, float("nan")], "", "count"),
        ("score", [3.5], "", "number"),
        ("city", ["杭州", None], "", "text"),
        ("given", [True, False], "", "text"),
        ("parts", [[1, 2]], "", "text"),
        ("day", [20604], "date", "date"),
        ("net_spend", [1.5], "share of nothing", "number"),
        ("customers", [], "", "count"),
    ],
)
def test_the_format_follows_the_unit_then_the_name_then_the_values(
    name: str, values: list, unit: str, kind: str
) -> None:
    assert column_kind(name, values, {name: unit} if unit else {}) == kind


def test_a_bound_takes_the_unit_of_its_estimate() -> None:
    assert column_kind("change_ci_upper", [0.1], {"change": "points"}) == "points"


def test_values_of_the_data_that_are_no_names_of_the_code_stay_as_they_are() -> None:
    view = view_table(pd.DataFrame({"city": ["<b>杭州</b>", "lapsed"]}), "", {}, "zh")
    assert [row[0].text for row in view.rows] == ["<b>杭州</b>", "流失"]


def test_a_long_table_is_cut_and_says_by_how_much() -> None:
    view = view_table(pd.DataFrame({"customers": range(MAX_ROWS + 7)}), "", {}, "en")
    assert (len(view.rows), view.hidden) == (MAX_ROWS, 7)


def test_plain_text_is_raw_and_ignores_the_last_bits_of_a_sum() -> None:
    assert raw_text(0.1 + 0.2) == raw_text(0.3) == "0.3"
    assert raw_text(1 / 3) == "0.3333333333"
    assert raw_text(None) == raw_text(float("nan")) == "–"
    table = pd.DataFrame({"state": ["lapsed"], "share": [1 / 3]})
    assert table_text(table) == "state\tshare\nlapsed\t0.3333333333"


def test_single_numbers_show_their_interval_beside_them():
    """An estimate with both bounds is one entry; a count is one of its own."""
    from privdom_kit.report.tables import view_figures

    figures = {
        "buyers": 200,
        "repeat_rate": 0.25,
        "repeat_rate_ci_lower": 0.2,
        "repeat_rate_ci_upper": 0.31,
    }
    shown = view_figures(figures, {"repeat_rate": "percent: share of buyers"}, "en")
    assert [(cell.text, cell.interval) for _, cell in shown] == [
        ("200", ""),
        ("25.0%", "20.0% – 31.0%"),
    ]
