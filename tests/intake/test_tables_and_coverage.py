"""Playbook 00: tables and coverage, by hand; their sentences in both languages; their charts."""

import pandas as pd
import pytest
from client_files import client_config, orders

from privdom_kit import intake
from privdom_kit.client import open_client

LENIENT = {"settings": {"intake": {"max_bad_share": 1.0}}}


@pytest.fixture
def client(tmp_path):
    """Ten orders: one bad, one after as_of, one told twice, two of nobody; five members."""
    table = orders(
        customer_id=["a", "b", "c", "", "", "d", "a", "a", "b", "b"],
        amount=["x", *["1"] * 9],
        paid_at=["2026-05-01", "2026-07-01", *["2026-05-02"] * 3, *["2026-05-03"] * 5],
    )
    table.loc[9] = table.loc[8]
    members = pd.DataFrame(
        {"member_id": list("vwxyz"), "registered_at": ["2026-01-01"] * 4 + ["2026-05-31"]}
    )
    opened = open_client(client_config(tmp_path, {"orders": table, "members": members}, **LENIENT))
    yield opened
    opened.close()


def test_tables(client):
    """10 rows: 1 quarantined, 1 after as_of, 1 duplicate, 7 used."""
    result = intake.measure_tables(client)
    row = result.table.set_index("table").loc["orders"]
    assert row[["rows", "used", "after_as_of", "duplicates", "quarantined"]].tolist() == [
        10,
        7,
        1,
        1,
        1,
    ]
    assert (row["used_share"], row["quarantined_share"]) == (0.7, 0.1)
    assert (row["first_on"], row["last_on"]) == ("2026-05-02", "2026-05-03")
    parts = result.tables["parts"].query("table == 'orders'").set_index("part")
    assert parts["part_rows"].sum() == 10
    assert parts["part_share"].sum() == pytest.approx(1)
    assert "not_paid" not in parts.index
    assert result.verdict == "watch"
    assert (result.coverage.rows, result.coverage.used) == (15, 12)


def test_tables_in_words(client):
    """Exact sentences, English and Chinese."""
    finding = intake.describe_tables(intake.measure_tables(client))
    assert finding.statement.render("en") == (
        "12 of 15 rows in 2 tables are used; they name 9 people."
    )
    assert finding.statement.render("zh") == "2 张数据表共 15 行，采用 12 行，涉及 9 人。"
    assert finding.action is not None
    assert finding.action.render("en") == (
        "Have the export of orders corrected: 1 of 10 rows (10.0%) cannot be read; quarantine.csv "
        "lists them."
    )
    assert finding.money_at_stake is None


def test_coverage(client):
    """Orders of 2 days in 30, the last 28 days before as_of; 5 of 7 name a person."""
    result = intake.measure_coverage(client)
    row = result.table.set_index("table").loc["orders"]
    assert row["days"] == 30
    assert row["days_with_rows"] == 2
    assert row["days_since_last_row"] == 28
    assert (row["rows"], row["rows_with_person"]) == (7, 5)
    assert row["rows_with_person_share"] == pytest.approx(5 / 7)
    assert result.verdict == "watch"
    notes = [note.render("en") for note in result.notes]
    assert (
        "orders: the last row is of 2026-05-03, 28 days before the day of this diagnosis." in notes
    )
    assert "orders: 2 of 30 days have rows." in notes


def test_rows_that_name_nobody_call_for_action(tmp_path):
    """Where most rows name nobody, the finding says so and what to ask for."""
    table = orders(customer_id=["a", "", "", ""], paid_at=["2026-05-31"] * 4)
    opened = open_client(client_config(tmp_path, {"orders": table}))
    finding = intake.describe_coverage(intake.measure_coverage(opened))
    opened.close()
    assert finding.result.verdict == "act"
    assert finding.statement.render("en") == (
        "orders: only 1 of 4 rows (25.0%) name a person, so questions about people lose their base."
    )
    assert finding.statement.render("zh") == (
        "订单：4 行中仅 1 行（25.0%）能对应到人，涉及人的问题缺乏依据。"
    )


def test_charts_draw_the_results(client):
    """Widths of the bars are the shares of the parts; spans run from first to last day."""
    from matplotlib.dates import date2num

    tables = intake.measure_tables(client)
    ax = intake.plot_tables(tables)
    widths = sorted(round(bar.get_width(), 6) for bar in ax.patches if bar.get_width())
    assert widths == sorted(round(share, 6) for share in tables.tables["parts"]["part_share"])
    coverage = intake.measure_coverage(client)
    ax = intake.plot_coverage(coverage)
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    expected = [
        (date2num(pd.Timestamp(row.first_on)), date2num(pd.Timestamp(row.last_on)))
        for row in coverage.table.itertuples()
    ]
    assert spans == expected


def test_a_client_without_tables(tmp_path):
    """Nothing given is not measured; it is not clear."""
    opened = open_client(client_config(tmp_path, {}))
    for question in ("tables", "coverage"):
        result = getattr(intake, f"measure_{question}")(opened)
        assert result.verdict == "not_measured"
        finding = getattr(intake, f"describe_{question}")(result)
        assert finding.statement.render("en") == "No table was given, so nothing can be measured."
        getattr(intake, f"plot_{question}")(result)
    opened.close()
