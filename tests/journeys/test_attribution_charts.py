"""Charts of paths, credit and ends draw the numbers of their results: read back from the axes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from journey_paths import DAY, maker, random_rows
from matplotlib.patches import PathPatch, Rectangle

from privdom_kit import journeys
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Result

QUESTIONS = ("paths", "attribution", "absorption")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    rules = {"attribution_days": 12, "absorption_min_people": 5, "bootstrap_draws": 100}
    with maker() as build:
        base, settings = build(*random_rows(31), journeys=rules)
        return {name: getattr(journeys, f"measure_{name}")(base, settings) for name in QUESTIONS}


@pytest.fixture(autouse=True)
def english():
    set_language("en")
    yield
    set_language("en")


def plot(result: Result):
    return getattr(journeys, f"plot_{result.question}")(result)


def test_flow_bars_are_as_high_as_what_goes_through(results) -> None:
    result = results["paths"]
    flow = result.tables["flow"]
    ax = plot(result)
    bars = {p.get_gid(): p.get_height() for p in ax.patches if isinstance(p, Rectangle)}
    assert bars["0:order"] == result.figures["touched_orders"]
    for (step, place), out in (
        flow.groupby(["steps_before", "from_touchpoint"])["orders"].sum().items()
    ):
        assert bars[f"{step}:{place}"] == out
    ribbons = [p for p in ax.patches if isinstance(p, PathPatch)]
    assert len(ribbons) == len(flow)
    heights = sorted(
        abs(p.get_path().vertices[0][1] - p.get_path().vertices[7][1]) for p in ribbons
    )
    assert heights == pytest.approx(sorted(flow["orders"].astype(float)))


def test_no_two_bars_of_a_column_overlap_and_ribbons_stay_in_their_bars(results) -> None:
    ax = plot(results["paths"])
    bars = [p for p in ax.patches if isinstance(p, Rectangle)]
    for step in {bar.get_gid().split(":")[0] for bar in bars}:
        column = sorted(
            (bar.get_y(), bar.get_y() + bar.get_height())
            for bar in bars
            if bar.get_gid().split(":")[0] == step
        )
        assert all(top < bottom for (_, top), (bottom, _) in pairwise(column))
    spans = [(bar.get_x(), bar.get_y(), bar.get_y() + bar.get_height()) for bar in bars]
    for ribbon in (p for p in ax.patches if isinstance(p, PathPatch)):
        points = ribbon.get_path().vertices
        for low, high in ((points[0], points[7]), (points[3], points[4])):
            assert any(
                abs(x - low[0]) < 0.2 and bottom - 1e-6 <= low[1] <= high[1] <= top + 1e-6
                for x, bottom, top in spans
            )


def test_credit_signs_stand_at_their_shares(results) -> None:
    result = results["attribution"]
    ax = plot(result)
    names = {"removal (Markov)": "markov", "Shapley": "shapley", "linear": "linear"}
    names |= {"position (U shape)": "position", "time decay": "time_decay"}
    names |= {"first touch": "first_touch", "last touch": "last_touch"}
    drawn = {line.get_label(): line for line in ax.lines}
    assert set(drawn) == set(names)
    credits = result.tables["credits"]
    for words, model in names.items():
        shares = credits[credits["model"] == model].set_index("touchpoint")["share"]
        expected = shares.loc[result.table["touchpoint"]].astype(float)
        assert list(drawn[words].get_xdata()) == pytest.approx(expected.tolist())
        assert [round(y) for y in drawn[words].get_ydata()] == list(range(len(result.table)))
    ends = np.array([segment[:, 0] for segment in ax.collections[0].get_segments()])
    bounds = result.table[["markov_share_ci_lower", "markov_share_ci_upper"]]
    assert ends == pytest.approx(bounds.to_numpy(float))


def test_absorption_bars_are_as_long_as_the_chances(results) -> None:
    result = results["absorption"]
    ax = plot(result)
    won, lost = ax.containers
    assert [bar.get_width() for bar in won] == pytest.approx(
        result.table["first_order_chance"].tolist()
    )
    assert [bar.get_width() for bar in lost] == pytest.approx(
        result.table["removal_chance"].tolist()
    )
    assert [words.get_text() for words in ax.get_legend().get_texts()] == [
        "first order",
        "removal",
    ]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_are_drawn_in_both_languages_on_given_axes(results, question, language) -> None:
    set_language(language)
    ax = plot(results[question])
    titles = {
        "paths": {"en": "The last steps to the order", "zh": "下单前的最后几步"},
        "attribution": {"en": "Who gets the credit, by model", "zh": "各模型的归因结果"},
        "absorption": {"en": "Where ways lead from each touchpoint", "zh": "从各触点出发的去向"},
    }
    assert chart_title(ax) == titles[question][language]
    assert figure_png(ax).startswith(b"\x89PNG")
    from privdom_kit.report.theme import new_axes

    given = new_axes()
    assert getattr(journeys, f"plot_{question}")(results[question], given) is given


def test_what_is_hidden_is_not_drawn(results) -> None:
    result = results["attribution"]
    table, credits = result.table.copy(), result.tables["credits"].copy()
    first = table.loc[0, "touchpoint"]
    credits.loc[credits["touchpoint"] == first, "share"] = None
    ax = plot(replace(result, tables={"credits": credits}))
    assert all(line.get_xdata()[0] != line.get_xdata()[0] for line in ax.lines)  # NaN


def test_an_answer_without_rows_draws_nothing() -> None:
    with maker() as build:
        base, settings = build([(1, 390 * DAY, "live")], [])
        for question in QUESTIONS:
            assert plot(getattr(journeys, f"measure_{question}")(base, settings)) is None
