"""Guard-rails against hand-made tests, published sizes, and simulated tests."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from scipy.stats import binom, fisher_exact

from privdom_kit import copy_tests
from privdom_kit.copy_tests.harm_states import harm_rows
from privdom_kit.copy_tests.measure_harms import guardrail_states
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import noninferiority_test
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

A, B, C = ({"name": "A", "control": True}, {"name": "B"}, {"name": "C"})
OPT_OUT = {"metric": "opted_out", "margin": 0.002}


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def sent(arm: str, people: int, opted_out: int, **more):
    """Groups of one arm: so many opted out, the others not."""
    return (
        {"arm": arm, "people": opted_out, "opted_out": 1, **more},
        {"arm": arm, "people": people - opted_out, **more},
    )


def plan(arms=(A, B), guardrails=(OPT_OUT,), **more):
    return {
        "copy_tests": [
            {"id": "t1", "channel": "sms", "arms": arms, "guardrails": guardrails, **more}
        ]
    }


def measured(connection, groups, forms, **settings):
    base, checked = copy_base(
        connection, {"deliveries": deliveries(*(g for g in groups if g["people"]))}, forms=forms,
        copy_tests=settings,
    )  # fmt: skip
    return copy_tests.measure_guardrails(base, checked), base


def row(result, arm, harm="opted_out"):
    table = result.table
    return table[(table["arm"] == arm) & (table["harm"] == harm)].iloc[0]


def test_each_arm_is_held_against_the_control_at_the_margin(connection):
    """60 of 5,000 against 10 of 5,000 breach 0.2 points; 15 against 10 pass at 0.4 points only.

    p-value of the margin: the score test of estimates (tested there against the paper); of a rise:
    the binomial tail of scipy.stats with half of the 70 events.
    """
    groups = [*sent("A", 5000, 10), *sent("B", 5000, 60), *sent("C", 5000, 15)]
    result, base = measured(connection, groups, plan((A, B, C)))
    b = row(result, "B")
    assert b["state"] == "breached"
    assert (b["events"], b["people"], b["reference_events"]) == (60, 5000, 10)
    assert b["rise"] == pytest.approx(0.01)
    test = noninferiority_test(60, 5000, 10, 5000, 0.002)
    ends = (test.lower, test.upper)
    assert (b["rise_ci_lower"], b["rise_ci_upper"]) == pytest.approx(ends)
    assert b["p_value"] == pytest.approx(test.p_value)
    assert b["rise_p_value_adjusted"] == pytest.approx(2 * binom.sf(59, 70, 0.5), rel=1e-6)
    assert row(result, "C")["state"] == "open"
    assert result.verdict is Verdict.ACT
    assert guardrail_states(base, "t1") == {"B": "breached", "C": "open"}
    wide = plan((A, B, C), ({"metric": "opted_out", "margin": 0.004},))
    assert guardrail_states(measured(connection, groups, wide)[1], "t1")["C"] == "passed"


def test_the_chance_of_a_rise_is_the_exact_one():
    """Binomial, from rare events on the same as Fisher's exact test (scipy), never below it."""
    from privdom_kit.copy_tests.harm_states import _rise_p_value

    for x1, n1, x2, n2 in (
        (1, 200, 0, 5000),
        (9, 3000, 2, 9000),
        (0, 50, 3, 50),
        (30, 900, 9, 900),
    ):
        exact = fisher_exact([[x1, n1 - x1], [x2, n2 - x2]], alternative="greater").pvalue
        assert _rise_p_value(x1, n1, x2, n2) == pytest.approx(exact, rel=0.15)
        assert _rise_p_value(x1, n1, x2, n2) >= exact - 1e-12


def test_people_needed_are_those_of_the_published_size(connection):
    """Opt-outs of 0.4 %, margin 0.1 point: 49,263 in each arm (reference cases, one-sided 5 %)."""
    groups = [*sent("A", 1000, 4), *sent("B", 1000, 4)]
    forms = plan(guardrails=({"metric": "opted_out", "margin": 0.001},))
    result, _ = measured(connection, groups, forms, confidence_level=0.9)
    b = row(result, "B")
    assert (b["state"], b["people_needed"]) == ("open", 49_263)
    assert result.verdict is Verdict.WATCH


@pytest.mark.parametrize(("people", "state"), [(1916, "open"), (1918, "passed")])
def test_no_event_passes_only_where_its_bound_is_below_the_margin(connection, people, state):
    """z² (1 - m) / m = 3.8415 x 499 = 1,916.9: more people than that with no event would pass."""
    groups = [*sent("A", 2500, 0), *sent("B", people, 0), *sent("x", 1, 1, test_id="t2")]
    result, base = measured(connection, groups, plan())
    b = row(result, "B")
    assert b["state"] == state
    assert b["rise_ci_upper"] > 0
    if state == "open":
        assert b["people_needed"] == 1917
    assert guardrail_states(base, "t1") == {"B": state}
    notes = [note.render("en") for note in result.notes]
    assert any("nobody is recorded with this: opted out" in note for note in notes)


def test_a_missing_column_is_no_pass(connection):
    """The plan names complaints; the deliveries have opt-outs only."""
    groups = [*sent("A", 9000, 9), *sent("B", 9000, 9)]
    both = (OPT_OUT, {"metric": "complained", "margin": 0.001})
    result, base = measured(connection, groups, plan(guardrails=both))
    assert row(result, "B")["state"] == "passed"
    assert row(result, "B", "complained")["state"] == "not_measured"
    assert guardrail_states(base, "t1") == {"B": "not_measured"}
    assert result.verdict is Verdict.WATCH
    result, base = measured(connection, groups, plan())
    assert guardrail_states(base, "t1") == {"B": "passed"}
    assert result.verdict is Verdict.CLEAR
    assert row(result, "B", "complained")["required"] == "false"


def test_without_a_control_nothing_sent_is_the_reference(connection):
    """30 of 3,000 (1 %) against people held back, who cannot opt out.

    A margin of the plan is breached by the whole share; without one only a pass would be sure. A
    stated baseline of 0.9 % leaves a rise of 0.1 points, within 0.2.
    """
    groups = [*sent("A", 3000, 30), *sent("holdout", 1000, 0)]
    arms = ({"name": "A"},)
    result, _ = measured(connection, groups, plan(arms, holdout_share=0.25))
    found = row(result, "A")
    assert (found["basis"], found["state"], found["reference_rate"]) == (
        "nothing_sent", "breached", 0.0,
    )  # fmt: skip
    assert found["rise_p_value_adjusted"] == pytest.approx(binom.sf(29, 3000, 0.002), rel=1e-6)
    result, _ = measured(connection, groups, {})
    assert tuple(row(result, "A")[["state", "reason"]]) == ("open", "no_baseline")
    assert result.verdict is Verdict.WATCH
    stated = plan(arms, ({**OPT_OUT, "baseline": 0.009},), holdout_share=0.25)
    found = row(measured(connection, groups, stated)[0], "A")
    assert (found["basis"], found["state"]) == ("baseline", "open")
    assert found["rise"] == pytest.approx(0.001)


def test_people_held_back_lose_friends_too(connection):
    """Removals are compared with the held back where their friends are recorded; else not."""
    friend = {"friend_added": 1}
    groups = [
        {"arm": "A", "people": 60, **friend, "friend_removed": 2},
        {"arm": "A", "people": 1940, **friend},
        {"arm": "holdout", "people": 1980},
    ]
    kept = {"arm": "holdout", "people": 20, **friend}
    arms, rails = ({"name": "A"},), ({"metric": "friend_removed", "margin": 0.005},)
    forms = plan(arms, rails, holdout_share=0.5)
    found = row(measured(connection, [*groups, kept], forms)[0], "A", "friend_removed")
    assert (found["basis"], found["reference"], found["state"]) == (
        "held_back", "holdout", "breached",
    )  # fmt: skip
    found = row(measured(connection, groups, forms)[0], "A", "friend_removed")
    assert (found["state"], found["reason"]) == ("not_measured", "no_reference")


def test_nothing_is_concluded_where_nothing_says_that_chance_decided(connection):
    """No plan, nobody held back: beside the largest arm, and at most watched."""
    groups = [*sent("A", 6000, 6), *sent("B", 5000, 100)]
    result, base = measured(connection, groups, {})
    found = row(result, "B")
    assert (found["basis"], found["reference"], found["state"]) == ("largest", "A", "breached")
    assert result.verdict is Verdict.WATCH
    assert guardrail_states(base, "t1") == {"B": "breached"}


def test_a_broken_split_lets_nothing_act(connection):
    groups = [*sent("A", 9000, 9), *sent("B", 4000, 100)]
    result, _ = measured(connection, groups, plan())
    assert row(result, "B")["state"] == "breached"
    assert result.verdict is Verdict.WATCH
    assert "t1 is not a sound test" in result.notes[0].render("en")


def test_what_decides_is_the_breach_of_the_sound_test(connection):
    """t1 is split 9 : 4 instead of 1 : 1; t2 is sound. Both breach, only t2 is acted on."""
    groups = [*sent("A", 9000, 9), *sent("B", 4000, 100)]
    groups += [*sent("A", 5000, 5, test_id="t2"), *sent("C", 5000, 100, test_id="t2")]
    forms = plan()
    forms["copy_tests"].append({**forms["copy_tests"][0], "id": "t2", "arms": (A, C)})
    result, _ = measured(connection, groups, forms)
    assert result.verdict is Verdict.ACT
    assert (row(result, "B")["decides"], row(result, "C")["decides"]) == ("false", "true")
    finding = copy_tests.describe_guardrails(result)
    assert finding.statement.render("en").startswith("C in t2 breaches its guard-rail (opted out)")
    assert finding.action.render("en").startswith("Stop sending C, ")


def test_few_people_and_open_windows(connection):
    """99 people are not compared at all; of people whose window is not over nothing is known."""
    result, _ = measured(connection, [*sent("A", 900, 9), *sent("B", 99, 9)], plan())
    assert tuple(row(result, "B")[["state", "reason"]]) == ("open", "too_few")
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    late = {"sent_day": "2026-06-28"}
    result, _ = measured(connection, [*sent("A", 900, 9), *sent("B", 900, 9, **late)], plan())
    assert tuple(row(result, "B")[["state", "reason"]]) == ("not_measured", "too_early")
    assert result.verdict is Verdict.NOT_MEASURED


def test_small_cells_are_hidden_with_all_that_is_computed(connection):
    """9 opt-outs are hidden, 10 shown; of arm B nothing remains that would give them away."""
    groups = [*sent("A", 3000, 10), *sent("B", 3000, 9), *sent("C", 3000, 12)]
    base, settings = copy_base(
        connection, {"deliveries": deliveries(*groups)}, forms=plan((A, B, C)),
        privacy={"min_cell": 10},
    )  # fmt: skip
    result = copy_tests.measure_guardrails(base, settings)
    hidden = row(result, "B")
    names = ["events", "event_rate", "rise", "rise_ci_upper", "p_value", "people_needed"]
    assert hidden[names].isna().all()
    assert (hidden["state"], hidden["reference_events"]) == ("open", 10)
    assert row(result, "C")["events"] == 12


def test_without_deliveries_nothing_is_measured(connection):
    base, settings = copy_base(connection, {})
    result = copy_tests.measure_guardrails(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.table.empty


# ------------------------------------------------------------------------------------------------
# Simulated tests: counts only


def simulated(counts: dict[str, dict[str, int]], people: dict[str, int], margin=0.002):
    """A base that knows these counts of harms by arm; A is the control."""
    harms = list(next(iter(counts.values())))
    arms = pd.DataFrame(
        [
            {"arm": arm, "held": False, "x_friend_added": 1}
            | {f"x_{harm}": counts[arm][harm] for harm in harms}
            | {f"n_{harm}": people[arm] for harm in harms}
            for arm in counts
        ]
    )
    rails = tuple({"metric": harm, "margin": margin} for harm in harms)
    test = CopyTest.model_validate(
        {"id": "t1", "channel": "sms", "guardrails": rails,
         "arms": [{"name": a, "control": a == "A"} for a in counts]}
    )  # fmt: skip
    return SimpleNamespace(
        arms=lambda name: arms,
        plan=lambda name: test,
        reference=lambda name: ("A", "control"),
        units=SimpleNamespace(outcomes=tuple(harms)),
        settings=Settings(),
    )


def states(draws: dict[str, np.ndarray], people: dict[str, int], harms, margin=0.002):
    """States of all compared arms and harms for each draw."""
    found = []
    for n in range(len(next(iter(draws.values())))):
        counts = {arm: dict(zip(harms, draws[arm][n].tolist(), strict=True)) for arm in people}
        found.append([r.state for r in harm_rows(simulated(counts, people, margin), "t1")
                      if r.harm in harms])  # fmt: skip
    return np.array(found)


@pytest.mark.parametrize(
    ("base_rate", "n_a", "n_b"),
    [(0.004, 6_000, 6_000), (0.004, 12_000, 4_000), (0.02, 8_000, 8_000)],
)
def test_a_rise_of_the_margin_passes_no_more_often_than_is_said(base_rate, n_a, n_b):
    """400 tests each in which the true rise is the margin: 2.5 % pass, within three errors."""
    draw = np.random.default_rng(11)
    draws = {
        "A": draw.binomial(n_a, base_rate, (400, 1)),
        "B": draw.binomial(n_b, base_rate + 0.002, (400, 1)),
    }
    passed = (states(draws, {"A": n_a, "B": n_b}, ("opted_out",)) == "passed").mean()
    assert passed <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)


def test_arms_without_effect_breach_no_more_often_than_is_said():
    """150 tests of 3 arms and 3 guard-rails without any effect, unequal arms, a tight margin.

    Any breach in 2.5 % of them at most (one-sided), within three errors.
    """
    draw = np.random.default_rng(5)
    people = {"A": 6_000, "B": 3_000, "C": 1_000, "D": 300}
    harms, rates = ("opted_out", "complained", "friend_removed"), (0.006, 0.001, 0.003)
    draws = {arm: draw.binomial(n, rates, (150, 3)) for arm, n in people.items()}
    any_breach = (states(draws, people, harms, 0.0005) == "breached").any(axis=1).mean()
    assert any_breach <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 150)


def test_known_breaches_are_found():
    """A rise of 2 points at a margin of 0.2 points, 3,000 in each arm: found in all of 50."""
    draw = np.random.default_rng(3)
    people = {"A": 3_000, "B": 3_000}
    draws = {"A": draw.binomial(3_000, 0.004, (50, 1)), "B": draw.binomial(3_000, 0.024, (50, 1))}
    assert (states(draws, people, ("opted_out",)) == "breached").all()
