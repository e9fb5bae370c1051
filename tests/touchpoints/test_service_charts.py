"""Charts of contents, groups, staff and combinations: read back from the axes."""

from __future__ import annotations

from dataclasses import replace

import client_tables
import pandas as pd
import pytest
from service_brand import NAMES, QUESTIONS, frames

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title, figure_png

LAST = 1000
CHARTS = [
    ("content_mix", "share", 4),
    ("group_health", "active_share", 99),
    ("staff_capacity", "late_share", 99),
]


@pytest.fixture(scope="module")
def results():
    with closing(connect()) as connection:
        base, rules = client_tables.base(connection, frames(), LAST, dictionaries=NAMES)
        yield {q: getattr(touchpoints, f"measure_{q}")(base, rules) for q in QUESTIONS}


def plot(results, question, **changes):
    set_language("en")
    return getattr(touchpoints, f"plot_{question}")(replace(results[question], **changes))


def intervals(ax) -> list:
    return [line[:, 0].tolist() for line in ax.collections[0].get_segments() if len(line)]


@pytest.mark.parametrize(("question", "column", "lines"), CHARTS)
def test_dots_and_lines_are_shares_and_intervals(results, question, column, lines) -> None:
    table = results[question].table.head(lines)
    ax = plot(results, question)
    drawn = ax.lines[0].get_xdata().tolist()
    assert drawn == pytest.approx(table[column].astype(float).tolist(), nan_ok=True)
    bounds = table[[f"{column}_ci_lower", f"{column}_ci_upper"]].astype(float).dropna()
    assert intervals(ax) == bounds.to_numpy().tolist()
    assert ax.yaxis_inverted()


def test_the_guide_is_a_mark_on_each_line(results) -> None:
    ax = plot(results, "content_mix")
    assert ax.lines[1].get_xdata().tolist() == pytest.approx([0.3, 0.3, 0.3, 0.1])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["guide"]
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == ["marketing", "interaction", "care", "daily life"]


def test_bands_are_named_by_what_they_are_of(results) -> None:
    labels = [t.get_text() for t in plot(results, "group_health").get_yticklabels()]
    sizes = ["1-49 members", "50-99 members", "100-199 members", "200+ members"]
    assert labels[:5] == ["all groups", *sizes]
    assert labels[5:] == ["0-29 days old", "30-89 days old"]


def test_the_line_of_late_chats_is_that_of_the_settings(results) -> None:
    ax = plot(results, "staff_capacity")
    assert ax.lines[1].get_xdata() == pytest.approx([0.1, 0.1])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["all", "a", "b"]


def test_without_replies_by_member_contacts_are_drawn(results) -> None:
    """Also where nothing tells of single members: their lines would be empty."""
    table = results["staff_capacity"].table.copy()
    late = ["late_share", "late_share_ci_lower", "late_share_ci_upper"]
    table.loc[1:, late] = None
    table["contacts"] = pd.array([30, 20, None], dtype="Int64")
    figures = {**results["staff_capacity"].figures, "contacts": 30}
    ax = plot(results, "staff_capacity", table=table, figures=figures)
    assert [bar.get_width() for bar in ax.patches] == [30, 20, 0]
    assert ax.texts[2].get_text() == "–"
    assert chart_title(ax) == "Contacts by member of staff"


def test_pairs_are_drawn_as_ratios_with_intervals(results) -> None:
    """60 orders after both of group and live; a line at 1 is what chance gives."""
    table = results["combinations"].tables["pairs"]
    ax = plot(results, "combinations")
    assert ax.lines[0].get_xdata().tolist() == table["ratio"].tolist()
    assert intervals(ax) == table[["ratio_ci_lower", "ratio_ci_upper"]].to_numpy().tolist()
    assert ax.lines[1].get_xdata() == [1, 1]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["live + group"]
    assert ax.xaxis.get_major_formatter()(2.5, 0) == "2.5"


def test_without_pairs_bars_are_orders_and_marks_what_chance_gives(results) -> None:
    """60 orders after both, 60 after a group alone, 80 after live alone."""
    table = results["combinations"].table
    ax = plot(results, "combinations", tables={})
    assert [bar.get_width() for bar in ax.patches] == table["orders"].tolist() == [80, 60, 60]
    drawn = ax.lines[0].get_xdata().tolist()
    assert drawn == pytest.approx(table["expected_orders"].astype(float).tolist())
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert set(labels) == {"live", "group", "live + group"}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_glyph_is_drawn_and_there_is_a_title(results, question, language) -> None:
    set_language(language)
    ax = getattr(touchpoints, f"plot_{question}")(results[question])
    assert chart_title(ax)
    assert figure_png(ax).startswith(b"\x89PNG")
    set_language("en")


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_drawn_of_no_answer(results, question) -> None:
    assert plot(results, question, table=pd.DataFrame()) is None
