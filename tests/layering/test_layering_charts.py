"""Charts draw the numbers of their results: read back from the axes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from client_tables import day, orders

from privdom_kit import layering
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title
from privdom_kit.results import Result

QUESTIONS = (
    *("states", "layer_moves", "purchase_layers", "channel_layers", "life_stages"),
    *("rfm", "retention", "concentration", "revenue_split"),
)
TITLES = {
    "states": "Customers by state",
    "layer_moves": "Moves between the states",
    "purchase_layers": "Customers by purchase days",
    "channel_layers": "Second purchases by channel",
    "life_stages": "Members by their child's age",
    "rfm": "Buyers by last order and purchase days",
    "retention": "Retention by cohort",
    "concentration": "How concentrated net spend is",
    "revenue_split": "Where net revenue comes from",
}


def frames() -> dict[str, pd.DataFrame]:
    """Eight customers from January on; two come back in February, one in March."""
    rows = [(c, day("2026-01-10") + c, 10 * (c + 1)) for c in range(6)]
    rows += [(6, day("2026-02-03"), 50), (7, day("2026-03-20"), 60)]
    rows += [(0, day("2026-02-10"), 5), (1, day("2026-02-12"), 5), (6, day("2026-03-05"), 9)]
    members = pd.DataFrame({"customer": [0, 1], "registered_on": 20_000})
    members["child_band"] = ["1-3y", "no_consent"]
    return {
        "orders": orders(*rows, platform=["jd", "wx", *["jd"] * 9], on_promotion=[1, 0] * 5 + [1]),
        "members": members,
    }


@pytest.fixture(scope="module")
def results(summarise_once) -> dict[str, Result]:
    options = {"cycle_days": 30, "min_customers": 1, "second_purchase_days": 20}
    base, rules = summarise_once(frames(), day("2026-03-31"), **options)
    return {q: getattr(layering, f"measure_{q}")(base, rules) for q in QUESTIONS}


@pytest.fixture
def result(request, results) -> Result:
    """The result of the question named by the parameter, to be drawn in English."""
    set_language("en")
    return results[request.param]


@pytest.mark.parametrize(
    ("result", "column"),
    [
        ("states", "share"),
        ("purchase_layers", "share"),
        ("life_stages", "customers"),
        ("revenue_split", "net_spend"),
    ],
    indirect=["result"],
)
def test_bars_are_as_long_as_their_numbers(result, column: str) -> None:
    ax = getattr(layering, f"plot_{result.question}")(result)
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx(result.table[column].astype(float).tolist())
    assert len(ax.get_yticklabels()) == len(result.table)
    assert ax.yaxis_inverted()


@pytest.mark.parametrize("result", ["states"], indirect=True)
def test_the_marks_are_the_period_before(result) -> None:
    ax = layering.plot_states(result)
    marks = ax.lines[0].get_xdata().tolist()
    assert marks == pytest.approx(result.table["previous_share"].tolist(), nan_ok=True)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == ["high value", "active", "retained", "about to lapse", "lapsed"]


@pytest.mark.parametrize("result", ["states"], indirect=True)
def test_a_suppressed_bar_is_a_dash_and_not_a_zero(result) -> None:
    table = result.table.copy()
    table.loc[1, "share"] = None
    ax = layering.plot_states(replace(result, table=table))
    assert ax.texts[1].get_text() == "–"
    assert ax.texts[0].get_text().endswith("%")


@pytest.mark.parametrize("result", ["channel_layers"], indirect=True)
def test_dots_and_lines_are_shares_and_intervals(result) -> None:
    ax = layering.plot_channel_layers(result)
    table = result.table
    drawn = ax.lines[0].get_xdata().tolist()
    assert drawn == pytest.approx(table["second_purchase_share"].tolist(), nan_ok=True)
    ends = [line[:, 0].tolist() for line in ax.collections[0].get_segments()]
    bounds = table[["second_purchase_share_ci_lower", "second_purchase_share_ci_upper"]]
    assert ends == bounds.dropna().to_numpy().tolist()
    assert [t.get_text() for t in ax.get_yticklabels()] == table["channel"].tolist()


@pytest.mark.parametrize("result", ["retention"], indirect=True)
def test_the_cohort_grid_holds_the_shares(result) -> None:
    """January: 6 customers; 2 of 6 in February, 0 in March. February: 1 of 1. March: none yet."""
    ax = layering.plot_retention(result)
    image = ax.images[0].get_array().filled(-1).round(4).tolist()
    assert image == [[0.3333, 0.0], [1.0, -1], [-1, -1]]
    assert [text.get_text() for text in ax.texts] == ["33.3%", "0.0%", "100.0%"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["2026-01", "2026-02", "2026-03"]


@pytest.mark.parametrize("result", ["layer_moves"], indirect=True)
def test_the_move_grid_holds_people_and_shares(result) -> None:
    ax = layering.plot_layer_moves(result)
    numbers = [int(text.get_text()) for text in ax.texts]
    assert numbers == result.table["customers"].tolist()
    shares = ax.images[0].get_array().filled(-1).ravel().tolist()
    assert shares == pytest.approx(result.table["share_of_from"].fillna(-1).tolist())


@pytest.mark.parametrize("result", ["rfm"], indirect=True)
def test_the_score_grid_has_the_latest_and_the_most_in_its_corner(result) -> None:
    ax = layering.plot_rfm(result)
    people = result.table.set_index(["last_order_score", "frequency_score"])["customers"]
    assert ax.images[0].get_array()[0, -1] == people[(5, 5)]
    assert ax.images[0].get_array().sum() == 8
    assert [t.get_text() for t in ax.get_yticklabels()] == list("54321")


@pytest.mark.parametrize("result", ["concentration"], indirect=True)
def test_the_concentration_line_is_the_table(result) -> None:
    ax = layering.plot_concentration(result)
    line = ax.lines[0]
    assert line.get_xdata().tolist() == result.table["top_share"].tolist()
    assert line.get_ydata().tolist() == result.table["spend_share"].tolist()


@pytest.mark.parametrize("result", QUESTIONS, indirect=True)
def test_every_chart_has_its_title_and_takes_axes(result) -> None:
    from privdom_kit.report.theme import new_axes

    ax = new_axes()
    assert getattr(layering, f"plot_{result.question}")(result, ax) is ax
    assert chart_title(ax) == TITLES[result.question]


def test_what_was_not_measured_has_no_chart(summarise) -> None:
    base, rules = summarise({"orders": orders((None, 5, 10))}, 1000)
    for question in QUESTIONS:
        result = getattr(layering, f"measure_{question}")(base, rules)
        assert getattr(layering, f"plot_{question}")(result) is None
