"""Charts of links and fatigue hold the numbers of their results: read back from the axes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title
from privdom_kit.results import Result, Verdict
from privdom_kit.touchpoints import plot_fatigue, plot_push_pressure
from privdom_kit.touchpoints.measure_dose import QUESTION
from privdom_kit.touchpoints.measure_exposure import QUESTION as FATIGUE


@pytest.fixture(autouse=True)
def _english():
    set_language("en")


def spread(name: str, values: list) -> dict[str, list]:
    """A column with bounds a tenth below and above."""
    return {
        name: values,
        f"{name}_ci_lower": [None if v is None else 0.9 * v for v in values],
        f"{name}_ci_upper": [None if v is None else 1.1 * v for v in values],
    }


@pytest.fixture
def pressure() -> Result:
    table = pd.DataFrame(
        {
            "links": [0, 1, 2],
            **spread("removal_rate", [0.01, 0.013, None]),
            **spread("fitted_rate", [0.01, 0.0135, 0.018]),
        }
    )
    figures = {"contacts": 900, "removals": 70, "break_even_links": 1}
    figures |= {"break_even_links_ci_lower": 0, "break_even_links_ci_upper": 2}
    return QUESTION.answer("2026-05-31", Verdict.ACT, table, {}, figures=figures)


@pytest.fixture
def fatigue() -> Result:
    table = pd.DataFrame(
        {
            "exposure": [1, 2, 3],
            **spread("response_rate", [0.1, 0.07, 0.04]),
            "newcomer_rate": [None, 0.09, 0.08],
        }
    )
    same = pd.DataFrame({"exposure": [1, 2, 3], **spread("response_rate", [0.12, 0.08, 0.04])})
    figures = {"exposed_people": 800, "fatigue_point": 3, "calendar_held_equal": 1}
    return FATIGUE.answer(
        "2026-05-31", Verdict.ACT, table, {}, figures=figures, tables={"same_people": same}
    )


def line(ax, words: str):
    return next(drawn for drawn in ax.lines if drawn.get_label() == words)


def test_dose_and_response(pressure) -> None:
    ax = plot_push_pressure(pressure)
    assert chart_title(ax) == "Removals by purchase links a week"
    curve = line(ax, "other things equal (model)")
    assert curve.get_xdata().tolist() == [0, 1, 2]
    assert curve.get_ydata().tolist() == [0.01, 0.0135, 0.018]
    dots = line(ax, "as counted").get_ydata().tolist()
    assert dots[:2] == [0.01, 0.013]
    assert pd.isna(dots[2])  # suppressed: nothing, and no zero
    ends = [s[:, 1].tolist() for s in ax.collections[1].get_segments() if len(s)]
    assert ends[:2] == [pytest.approx([0.009, 0.011]), pytest.approx([0.0117, 0.0143])]
    mark = line(ax, "beyond this the next link loses money")
    assert list(mark.get_xdata()) == [1, 1]
    assert ax.get_ylim()[0] == 0


def test_no_limit_no_mark(pressure) -> None:
    nothing = dict.fromkeys(("break_even_links", "break_even_links_ci_upper"))
    ax = plot_push_pressure(replace(pressure, figures={**pressure.figures, **nothing}))
    assert not any("loses money" in str(drawn.get_label()) for drawn in ax.lines)


def test_response_by_number(fatigue) -> None:
    ax = plot_fatigue(fatigue)
    assert chart_title(ax) == "Response by number of the message"
    assert line(ax, "people who got that many").get_ydata().tolist() == [0.1, 0.07, 0.04]
    assert line(ax, "the same people all along").get_ydata().tolist() == [0.12, 0.08, 0.04]
    assert line(ax, "first messages to newcomers at the same time").get_ydata().tolist()[1:] == [
        0.09,
        0.08,
    ]
    assert list(line(ax, "fatigue point").get_xdata()) == [3, 3]


def test_without_newcomers_their_line_is_not_drawn(fatigue) -> None:
    ax = plot_fatigue(replace(fatigue, figures={**fatigue.figures, "calendar_held_equal": 0}))
    assert not any("newcomers" in str(drawn.get_label()) for drawn in ax.lines)


def test_titles_in_chinese(pressure, fatigue) -> None:
    set_language("zh")
    assert chart_title(plot_push_pressure(pressure)) == "流失率与每周购买链接数"
    assert chart_title(plot_fatigue(fatigue)) == "第几条消息的响应"
    set_language("en")


def test_nothing_to_draw(pressure, fatigue) -> None:
    assert plot_push_pressure(replace(pressure, table=pd.DataFrame())) is None
    assert plot_fatigue(replace(fatigue, table=pd.DataFrame())) is None
