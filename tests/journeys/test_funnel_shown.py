"""Charts of funnel and transitions read back from the axes; findings word for word."""

from __future__ import annotations

import client_tables
import pandas as pd
import pytest
from client_tables import day

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title, figure_png

FIRST, AS_OF = day("2026-01-01"), day("2026-05-31")
STEPS = [
    {"name": "added", "action": "added"},
    {"name": "visit", "action": "visit"},
    {"name": "Deal 1", "action": "order"},
]


@pytest.fixture(scope="module")
def results():
    """1,000 added on day 0, 900 visit on day 1, 90 of them order on day 2."""
    added = pd.DataFrame({"customer": range(1000), "added_on": FIRST, "staff_id": "s"})
    seen = pd.DataFrame({"customer": range(900), "occurred_on": FIRST + 1})
    seen = seen.assign(touchpoint="mini_program", action="visit", direction="customer")
    bought = client_tables.orders(
        *((c, FIRST + 2, 10) for c in range(90)), touchpoint=["live"] * 90
    )
    frames = {"contacts": added, "touches": seen, "orders": bought}
    settings = {"funnel": {"steps": STEPS}, "bootstrap_draws": 100}
    with closing(connect()) as connection:
        coded = {"touchpoint": ("live", "mini_program")}
        base, rules = client_tables.base(
            connection, frames, AS_OF, journeys=settings, dictionaries=coded
        )
        yield {q: getattr(journeys, f"measure_{q}")(base, rules) for q in ("funnel", "transitions")}


def words(result, language):
    finding = getattr(journeys, f"describe_{result.question}")(result)
    sentences = [finding.statement, *finding.evidence, finding.action]
    return [one.render(language) for one in sentences if one is not None]


def test_the_funnel_in_words(results):
    """90 of 900 by Wilson's formula; product limit without censoring gives 10 % as well."""
    told = words(results["funnel"], "en")
    assert told[0] == (
        "Of 1,000 people at the step 'added as a friend', 90 (9.0%) reached the step 'Deal 1'. "
        "The narrowest step is 'Deal 1': 10.0% take it within 90 days."
    )
    assert told[2] == "All other steps are surely taken by a larger share."
    assert told[3] == (
        "Half of those who take it do so within 1 days, three quarters within 1 days."
    )
    assert told[-1].startswith("Start with the step 'Deal 1': ask those who stop before it")
    chinese = words(results["funnel"], "zh")
    assert "添加好友" in chinese[0]
    assert "Deal 1" in chinese[0]
    assert "{" not in "".join(chinese)


def test_the_funnel_drawn(results):
    set_language("en")
    ax = journeys.plot_funnel(results["funnel"])
    assert [bar.get_width() for bar in ax.patches] == [1000, 900, 90]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "added as a friend",
        "a visit",
        "Deal 1",
    ]
    shares = [t.get_text() for t in ax.texts if "go on" in t.get_text()]
    assert shares == ["↓ 90.0% go on", "↓ 10.0% go on"]
    assert chart_title(ax) == "How many reach each step"
    colours = [bar.get_facecolor() for bar in ax.patches]
    assert colours[0] == colours[1] != colours[2]


def test_transitions_drawn_and_in_words(results):
    """WeCom chat to mini program 900 of 900; mini program to live 90 of 90."""
    result = results["transitions"]
    set_language("en")
    ax = journeys.plot_transitions(result)
    numbers = ax.images[0].get_array()
    assert numbers.count() == 2
    assert set(numbers.compressed()) == {1.0}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["WeCom chat", "mini program"]
    assert words(result, "en")[0].startswith(
        "After WeCom chat, people went on to mini program 900 of 900 times (100.0%, interval "
    )
    assert "企业微信" in words(result, "zh")[0]


@pytest.mark.parametrize("question", ["funnel", "transitions"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_unit_is_known_and_every_glyph_there(results, question, language):
    result = results[question]
    assert {unit.split(":")[0] for unit in result.units.values()} <= set(KINDS)
    set_language(language)
    assert figure_png(getattr(journeys, f"plot_{question}")(result))
    set_language("en")


def test_nothing_is_drawn_of_nothing():
    with closing(connect()) as connection:
        base, rules = client_tables.base(connection, {}, AS_OF)
        for question in ("funnel", "transitions"):
            result = getattr(journeys, f"measure_{question}")(base, rules)
            assert getattr(journeys, f"plot_{question}")(result) is None
            finding = getattr(journeys, f"describe_{question}")(result)
            assert finding.statement.render("en") == "No table tells of events of people."
