"""Every question of the playbooks, asked of all sample brands: laws that any answer keeps.

Nothing here knows a brand's numbers; those are in test_planted_facts*.py.
"""

import json
import math
import numbers
from pathlib import Path

import pytest

from privdom_kit import copy_tests, intake, journeys, layering, touchpoints
from privdom_kit.formats import KINDS, is_missing
from privdom_kit.knowledge import load_methods
from privdom_kit.knowledge.questions import PLAYBOOKS
from privdom_kit.layering import audience_rules
from privdom_kit.messages import set_language
from privdom_kit.report.catalogue import unlabelled
from privdom_kit.report.tables import view_figures, view_table
from privdom_kit.results import Verdict

SAMPLES = Path(__file__).parents[1] / "sample_data"
TOPICS = {
    "00_intake": intake,
    "01_user_layering": layering,
    "02_touchpoint_audit": touchpoints,
    "03_journey_mapping": journeys,
    "04_copy_test_plan": copy_tests,
    "05_copy_test_readout": copy_tests,
}
WORDS = ("text", "date", "quote")
# A share may pass 1 where it is a ratio to something else than its own base.
TOLERANCE = 1e-9


@pytest.fixture(scope="module", params=["camel_milk", "ev_scooter", "new_beauty"])
def results(request, sample):
    """``(topic, result)`` of every question."""
    brand = sample(request.param)
    customers = layering.summarise_customers(brand.client)
    found = []
    for playbook, topic in TOPICS.items():
        for question in PLAYBOOKS[playbook]:
            measure = getattr(topic, f"measure_{question}")
            if topic is intake:
                result = measure(brand.client)
            elif topic is layering:
                result = measure(customers, brand.settings)
            else:
                result = brand.ask(topic, question)
            assert result.question == question
            found.append((topic, result))
    return found


def tables(result):
    return [result.table, *result.tables.values()]


def test_bounds_hold_their_estimates(results):
    """An estimate lies between its bounds, or none of the three, in every table and figure."""
    for _, result in results:
        rows = [row for table in tables(result) for row in table.to_dict("records")]
        for row in [*rows, dict(result.figures)]:
            for name in row:
                if not name.endswith("_ci_lower"):
                    continue
                stem = name.removesuffix("_ci_lower")
                lower, value, upper = (row[n] for n in (name, stem, f"{stem}_ci_upper"))
                if not any(map(is_missing, (lower, value, upper))):
                    where = (result.question, stem, lower, value, upper)
                    assert lower - TOLERANCE <= value <= upper + TOLERANCE, where


def test_numbers_are_numbers_and_words_words(results):
    """Where the unit names a number's format, the value is a finite number or missing."""
    for _, result in results:
        cells = [(n, v) for table in tables(result) for n in table for v in table[n].tolist()]
        for name, value in [*cells, *result.figures.items()]:
            if name not in result.units:  # the inventory of 00 names none for its words
                continue
            kind = result.units[name].partition(":")[0]
            assert kind in KINDS, (result.question, name)
            if kind not in WORDS and not is_missing(value):
                assert isinstance(value, numbers.Number), (result.question, name, value)
                assert math.isfinite(value), (result.question, name, value)


def test_an_answer_without_a_verdict_says_why(results):
    for _, result in results:
        if result.verdict in (Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA):
            assert result.notes, result.question


def test_coverage_adds_up_and_dates_are_kept(results):
    for _, result in results:
        coverage = result.coverage
        assert coverage.rows == coverage.used + sum(coverage.dropped.values())
        assert coverage.used >= 0
        assert len(result.as_of) == 10


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_can_be_worded_shown_and_drawn(results, language):
    """Tables and figures in the reader's words, a statement, and a chart where there is a table."""
    import matplotlib.pyplot as plt

    set_language(language, "CNY")
    for topic, result in results:
        for table in tables(result):
            if len(table):
                view_table(table, result.question, result.units, language)
        view_figures(result.figures, result.units, language)
        finding = getattr(topic, f"describe_{result.question}")(result)
        assert finding.statement.render(language).strip()
        getattr(topic, f"plot_{result.question}")(result)
        plt.close("all")


def test_every_name_that_is_shown_has_a_label(results, tmp_path):
    """A column or figure without a label would stand as code, and in English, in the report."""
    for place, (_, result) in enumerate(results):
        (tmp_path / f"{place}.json").write_text(json.dumps(result.to_dict("en")))
    assert unlabelled(tmp_path) == []


def test_claimed_methods_are_those_marked_available(results):
    """What a question claims is available and at home there, and what is available is claimed."""
    methods = load_methods()
    claimed: dict[str, set[str]] = {}
    for _, result in results:
        for method in result.methods:
            claimed.setdefault(method, set()).add(result.question)
    # The sample brands cannot be valued or have no referrals; tests/layering/test_lists.py has
    # brands that can.
    for method in audience_rules.METHODS.values():
        claimed.setdefault(method, set()).add("audiences")
    planned = {m for m in claimed if methods[m].status != "available"}
    assert planned == set(), "claimed, but planned in methods.yml"
    available = {id_ for id_, method in methods.items() if method.status == "available"}
    assert available - set(claimed) == set(), "available in methods.yml, but claimed by nobody"
    astray = {m: q for m, q in claimed.items() if methods[m].question not in q}
    assert astray == {}, "claimed elsewhere than at home only"
