"""The journey map: what stands on the page, and that nothing stands outside or upon another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from client_tables import orders
from experience_samples import answers, audit, friends, journey, spread
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit import journeys
from privdom_kit.journeys.plot_map import HEIGHT, WIDTH, _wide, wrap
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title, figure_png


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """Other tests find the language that they expect."""
    yield
    set_language("en")


def results(stages: int, pain: str, **options: object) -> tuple:
    names = [f"s{i}" for i in range(stages)]
    rows = [
        row
        for i, name in enumerate(names)
        for row in spread(name, [2.0 - 4 * (i % 2), 1.0, 0.0] * 10, 100 * i, pain if i else None)
    ]
    frames = {
        "responses": answers([(*row, "mini_program") for row in rows]),
        "contacts": friends([(i, 10) for i in range(200)]),
        "orders": orders(*[(i, 40, 9.0) for i in range(100)], *[(i, 60, 9.0) for i in range(30)]),
    }
    with audit(frames, forms=journey(*names, "silent"), **options) as (base, settings):
        return tuple(
            getattr(journeys, f"measure_{name}")(base, settings)
            for name in ("experience", "stages", "pain_points")
        )


def words_of(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_text()]  # type: ignore[attr-defined]


def test_the_page_holds_stages_scores_pains_and_rates() -> None:
    experience, stages, pains = results(3, "太贵")
    set_language("en")
    ax = journeys.plot_journey_map(experience, stages, pains)
    words = words_of(ax)
    assert chart_title(ax) == "Journey map"
    assert [name for name in words if name in ("s0", "s1", "s2", "silent")] == [
        "s0", "s1", "s2", "silent",
    ]  # fmt: skip
    assert words.count("1.00\nn = 30") == 2  # (2 + 1 + 0) / 3
    assert "-0.33\nn = 30" in words  # (-2 + 1 + 0) / 3
    assert "no score" in words
    assert sum("mini program (30)" in word for word in words) == 3
    assert sum(word.startswith("• 100.0% (30/30)") for word in words) == 2
    assert "moment of truth" in words
    purchase = stages.table.set_index("stage").loc["purchase"]
    assert purchase["passed_people"] == 30
    assert "30.0%" in words
    figure = ax.get_figure()
    assert tuple(figure.get_size_inches()) == (WIDTH, HEIGHT)
    assert pytest.approx(2**0.5, abs=0.001) == WIDTH / HEIGHT  # DIN: prints on A4 as well


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("stages", [2, 8])
def test_nothing_overlaps_or_leaves_the_page(stages: int, language: str) -> None:
    """The boxes of all texts as drawn, long pain points and seven stages of a model included."""
    pain = "充电桩太少，冬天电池不耐用 and the charger is far too heavy to carry upstairs every day"
    found = results(stages, pain, journeys={"stage_model": "deeplink"})
    set_language(language)
    ax = journeys.plot_journey_map(found[0], found[1], found[2])
    png = figure_png(ax)
    assert 20_000 < len(png) < 700_000
    figure = ax.get_figure()
    page = figure.bbox
    boxes = [(t.get_text(), t.get_window_extent()) for t in ax.texts if t.get_text().strip()]
    for words, box in boxes:
        assert page.x0 <= box.x0, words
        assert box.x1 <= page.x1, words
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, words
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        # The mark of the moment and a number may touch by a hair's breadth.
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 3 or height < 3, (one, other)


def test_without_rates_and_pains_the_page_says_so() -> None:
    with audit({}, forms=journey("buy", "ride", buy={"emotion": 1.0})) as (base, settings):
        experience = journeys.measure_experience(base, settings)
    set_language("en")
    words = words_of(journeys.plot_journey_map(experience))
    assert "not measured" in words
    assert "Stated by the consultant, not measured (hollow points)." in words
    assert words.count("–") == 4


def test_words_of_the_data_are_no_formula() -> None:
    experience, stages, pains = results(2, "costs $5 and $6")
    ax = journeys.plot_journey_map(experience, stages, pains)
    assert any("$5 and $6" in word for word in words_of(ax))
    assert not any(text.get_parse_math() for text in ax.texts if "$" in text.get_text())


text = st.text(alphabet="ab 电池,（x", max_size=60)


@given(text, st.integers(4, 30))
def test_lines_keep_their_width_and_every_letter(words: str, room: int) -> None:
    lines = wrap(words, room, 1000)
    assert all(_wide(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


@given(text, st.integers(4, 30), st.integers(1, 3))
def test_what_does_not_fit_ends_in_dots(words: str, room: int, most: int) -> None:
    lines = wrap(words, room, most)
    assert len(lines) <= most
    if len(wrap(words, room, 1000)) > most:
        assert lines[-1].endswith("…")
