"""Sample sizes of plans: published sizes through forms.yml, unequal weights, measured baselines."""

from __future__ import annotations

import math

import pandas as pd
import plan_samples as ps
import pytest

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import power_proportions, proportion_interval
from privdom_kit.results import Verdict

EVERYBODY = [{"name": "all", "people": 1_000_000}]


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def run(*plans, frames=None, **settings):
            base, rules = ps.base(connection, list(plans), frames, **settings)
            return copy_tests.measure_sample_size(base, rules)

        yield run


@pytest.mark.parametrize(
    ("formula", "people"), [("baseline", 1030), ("arcsine", 1092), ("pooled", 1094)]
)
def test_published_sizes_of_20_to_25_percent(measure, formula, people):
    """Miller's calculator 1,030; Cohen (pwr) 1,092; R's power.prop.test 1,094 (reference cases)."""
    plan = ps.plan(baseline=0.2, minimum_difference=0.05, crowds=EVERYBODY)
    result = measure(plan, copy_tests={"sample_size_formula": formula})
    row = result.table.iloc[0]
    assert row["needed_control_people"] == people
    assert row["needed_people"] == 2 * people
    assert row["formula"] == f"formula_{formula}"
    assert result.verdict is Verdict.CLEAR


def test_published_size_of_four_arms_at_one_percent(measure):
    """1 % and +20 % relative, four arms, Bonferroni over three: 56,945.4 an arm (reference cases).

    Their variance is the pooled one; by hand for the default, variances as they are. Rounded up.
    """
    arms = [ps.arm("A", control=True), *(ps.arm(name) for name in "BCD")]
    plan = ps.plan(baseline=0.01, minimum_lift=0.2, arms=arms, crowds=EVERYBODY)
    result = measure(plan, copy_tests={"sample_size_formula": "pooled"})
    assert result.tables["arms"]["needed_people"].tolist() == [56_946] * 4
    assert result.table["alpha_each"].iloc[0] == pytest.approx(0.05 / 3)
    variance = 0.01 * 0.99 + 0.012 * 0.988
    by_hand = math.ceil((2.3939798 + 0.8416212) ** 2 * variance / 0.002**2)
    assert measure(plan).tables["arms"]["needed_people"].tolist() == [by_hand] * 4


def test_published_size_of_a_guardrail(measure):
    """0.4 % opt-outs and a margin of 0.1 point, one-sided 5 %, 80 %: 49,263 (reference cases)."""
    plan = ps.plan(
        baseline=0.2, minimum_difference=0.05, crowds=[{"name": "all", "people": 98_524}],
        guardrails=[{"metric": "opted_out", "margin": 0.001, "baseline": 0.004}],
    )  # fmt: skip
    result = measure(plan, copy_tests={"confidence_level": 0.9})
    row = result.tables["guardrails"].iloc[0]
    assert row["needed_control_people"] == 49_263
    assert row["alpha_one_sided"] == pytest.approx(0.05)
    # half of 98,524 people are one short of 49,263
    assert (row["can_show"], result.verdict) == ("false", Verdict.WATCH)
    more = {**plan, "crowds": [{"name": "all", "people": 98_526}]}
    enough = measure(more, copy_tests={"confidence_level": 0.9})
    assert enough.tables["guardrails"]["can_show"].iloc[0] == "true"
    assert enough.verdict is Verdict.CLEAR


def test_unequal_weights_and_a_holdout_reach_the_planned_power(measure):
    """Weights 2, 1, 3 and a tenth held back: the sizes found give 80 % at the divided alpha."""
    arms = [ps.arm("A", control=True, weight=2), ps.arm("B"), ps.arm("C", weight=3)]
    plan = ps.plan(baseline=0.03, minimum_difference=0.01, arms=arms, holdout_share=0.1,
                   crowds=EVERYBODY)  # fmt: skip
    result = measure(plan)
    needed = result.tables["arms"].set_index("arm")["needed_people"].astype(int)
    control = needed["A"]
    assert needed["B"] == math.ceil(control / 2)
    assert needed["C"] == math.ceil(control * 1.5)
    power = {
        arm: power_proportions(0.03, 0.04, control, 0.025, ratio, formula="unpooled")
        for arm, ratio in (("B", 0.5), ("C", 1.5))
    }
    assert power["B"] == pytest.approx(0.8, abs=2e-4)
    assert power["C"] > power["B"]
    assert result.table["needed_people"].iloc[0] == math.ceil(needed.sum() / 0.9)


def test_planned_looks_take_more_people_than_one(measure):
    """Pocock-like spending at two looks ends at 2.201 (Reboussin et al. 2000; gsDesign).

    (2.201 + .842)^2 / (1.960 + .842)^2 = 1.179 times as many.
    """
    plan = ps.plan(baseline=0.1, minimum_difference=0.02, crowds=EVERYBODY)
    one = measure(plan).table.iloc[0]
    two = measure({**plan, "looks": [0.5, 1.0], "spending": "pocock"}).table.iloc[0]
    expected = ((2.201 + 0.8416) / (1.95996 + 0.8416)) ** 2
    ratio = two["needed_control_people"] / one["needed_control_people"]
    assert ratio == pytest.approx(expected, rel=2e-3)
    assert two["alpha_each"] < one["alpha_each"] == pytest.approx(0.05)


# ---------------------------------------------------------------------------------------------
# Baselines and people


def test_a_crowds_own_baseline_comes_before_the_tests(measure):
    """By hand: the pooled one is the tests' where stated, else the crowds' by their people."""
    crowds = [{"name": "a", "people": 3000, "baseline": 0.04}, {"name": "b", "people": 1000}]
    plan = ps.plan(minimum_difference=0.02, baseline=0.1, crowds=crowds)
    table = measure(plan).table
    assert table["baseline"].tolist() == [0.1, 0.04, 0.1]
    assert table["baseline_source"].tolist() == ["baseline_test", "baseline_crowd", "baseline_test"]
    crowds[1]["baseline"] = 0.08
    table = measure({**plan, "baseline": None}).table
    assert table["baseline"].tolist() == [pytest.approx(0.05), 0.04, 0.08]
    assert table["baseline_source"].iloc[0] == "baseline_crowds"


def earlier(*groups, **keys):
    rows = ps.sent(*groups, **keys)
    rows["delivery_id"] = [f"{keys.get('test')}{i}" for i in range(len(rows))]
    return rows


def test_a_baseline_is_measured_in_the_latest_test_of_the_channel(measure):
    """By hand: of the latest text test the control of its plan; of calls nothing, so not."""
    groups = [
        {"arm": "A", "people": 940}, {"arm": "A", "people": 60, "ordered": 2},
        {"arm": "B", "people": 500, "ordered": 2}, {"arm": "B", "people": 500},
    ]  # fmt: skip
    late = earlier(*groups, test="late", sent="2026-03-01")
    early = earlier({"arm": "A", "people": 500, "ordered": 1}, {"arm": "A", "people": 500},
                    test="early", sent="2026-01-01")  # fmt: skip
    call = earlier({"arm": "A", "people": 900, "ordered": 1}, {"arm": "A", "people": 100},
                   test="call", sent="2026-04-01", channel="call")  # fmt: skip
    frames = {"deliveries": pd.concat([late, early, call], ignore_index=True)}
    plan = ps.plan(minimum_difference=0.02, crowds=EVERYBODY)
    done = ps.plan("late", starts_on="2026-03-01", ends_on="2026-03-01")
    row = measure(plan, done, frames=frames).table.iloc[0]
    found = proportion_interval(60, 1000)
    assert (row["baseline"], row["baseline_test"]) == (0.06, "late")
    assert (row["baseline_ci_lower"], row["baseline_ci_upper"]) == (found.lower, found.upper)
    assert row["baseline_people"] == 1000
    # the needed number at the ends of the interval stands beside it
    assert row["needed_people_ci_lower"] < row["needed_people"] < row["needed_people_ci_upper"]
    # without a plan of that test both arms are the present copy
    both = measure(plan, frames=frames).table.iloc[0]
    assert (both["baseline"], both["baseline_people"]) == (560 / 2000, 2000)


def test_a_harm_with_few_events_is_taken_at_its_upper_end(measure):
    """3 opt-outs of 1,000: the Wilson upper end, 0.88 % (statsmodels), not 0.3 %."""
    frames = {
        "deliveries": earlier(
            {"arm": "A", "people": 997},
            {"arm": "A", "people": 3, "opted_out": 1},
            test="old",
            sent="2026-03-01",
        )
    }
    plan = ps.plan(baseline=0.2, minimum_difference=0.05, crowds=EVERYBODY,
                   guardrails=[{"metric": "opted_out", "margin": 0.002}])  # fmt: skip
    row = measure(plan, frames=frames).tables["guardrails"].iloc[0]
    assert row["baseline"] == pytest.approx(0.00878, abs=1e-5)
    assert row["baseline_source"] == "baseline_upper"


def test_people_are_those_of_the_rules_less_who_is_left_out(measure):
    """By hand: 700 gold of 1,000, 10 of them opted out; half of 690 to an arm, none held back."""
    gone = earlier({"arm": "A", "people": 10, "opted_out": 1}, test="old", sent="2025-01-01")
    frames = {"members": ps.people(1000, tier=["gold" if c < 700 else "x" for c in range(1000)]),
              "deliveries": gone}  # fmt: skip
    crowds = [
        {"name": "gold", "people": 5, "who": {"tiers": ["gold"]}},
        {"name": "s", "people": 90},
    ]
    plan = ps.plan(baseline=0.2, minimum_difference=0.1, crowds=crowds)
    table = measure(plan, frames=frames).table
    assert table["people"].tolist() == [780, 690, 90]
    assert table["people_source"].tolist() == ["by_rule", "by_rule", "stated"]
    assert table["control_people"].tolist() == [390, 345, 45]
    assert table["can_detect"].tolist() == ["true", "true", "false"]


def test_a_test_under_way_has_the_people_it_was_sent_to(measure):
    rows = earlier({"arm": "A", "people": 300}, {"arm": "B", "people": 300}, test="next",
                   sent="2026-06-29")  # fmt: skip
    plan = ps.plan(starts_on="2026-06-29", baseline=0.2, minimum_difference=0.05)
    row = measure(plan, frames={"deliveries": rows}).table.iloc[0]
    assert (row["people"], row["people_source"]) == (600, "sent_already")


# ---------------------------------------------------------------------------------------------
# Verdicts, never a number that only looks right


def test_verdicts(measure):
    """Pooled cannot: act. A crowd cannot: watch. Nothing stated: not enough. All can: clear."""
    big, small = {"name": "a", "people": 9000}, {"name": "b", "people": 300}
    plan = ps.plan(baseline=0.2, minimum_difference=0.05, crowds=[big, {**big, "name": "b"}])
    assert measure(plan).verdict is Verdict.CLEAR
    assert measure({**plan, "crowds": [big, small]}).verdict is Verdict.WATCH
    assert measure({**plan, "crowds": [small]}).verdict is Verdict.ACT
    none = measure({**plan, "minimum_difference": None})
    assert none.verdict is Verdict.NOT_ENOUGH_DATA
    assert none.notes[1].render("en") == (
        "next: state minimum_difference or minimum_lift, the smallest difference worth finding."
    )
    bare = measure({**plan, "baseline": None})
    assert bare.verdict is Verdict.NOT_ENOUGH_DATA
    assert "state baseline" in bare.notes[1].render("en")
    alone = measure({**plan, "arms": [ps.arm("A"), ps.arm("B")]})
    assert alone.verdict is Verdict.NOT_ENOUGH_DATA
    assert measure().verdict is Verdict.NOT_MEASURED
    assert measure().notes[0].render("en") == "forms.yml plans no copy test (copy_tests:)."


def test_people_that_are_not_known_are_no_failure(measure):
    """A crowd of unknown size may make the test large enough: cannot be said, not cannot."""
    plan = ps.plan(baseline=0.2, minimum_difference=0.05,
                   crowds=[{"name": "a", "people": 300}, {"name": "b"}])  # fmt: skip
    table = measure(plan).table
    assert table["can_detect"].iloc[0] == "unsure"
    assert table["people"].isna().tolist() == [False, False, True]


def test_no_size_is_zero_and_none_is_below_what_is_compared(measure):
    """80 % against 5 % would take 5 people an arm: 100 are the least that the readout compares."""
    plan = ps.plan(baseline=0.05, minimum_difference=0.75, crowds=[{"name": "a", "people": 150}])
    result = measure(plan)
    assert result.table["needed_control_people"].iloc[0] == 100
    assert result.table["can_detect"].iloc[0] == "false"
    assert pd.isna(result.table["detectable_difference"].iloc[0])


def test_what_is_above_everybody_is_no_difference(measure):
    plan = ps.plan(baseline=0.6, minimum_lift=0.9, crowds=EVERYBODY)
    row = measure(plan).table.iloc[0]
    assert pd.isna(row["difference"])
    assert pd.isna(row["can_detect"])


def test_a_small_crowd_is_hidden_with_what_follows_from_it(measure):
    crowds = [{"name": "a", "people": 7}, {"name": "b", "people": 900}, {"name": "c", "people": 40}]
    plan = ps.plan(baseline=0.2, minimum_difference=0.05, crowds=crowds)
    result = measure(plan, privacy={"min_cell": 10})
    table = result.table.set_index("crowd")
    for name in ("people", "control_people", "detectable_difference"):
        assert table.loc[["a", "c"], name].isna().all()
    assert table.loc["b", "people"] == 900
    arms = result.tables["arms"]
    assert arms.loc[arms["crowd"].isin(["a", "c"]), "people"].isna().all()


@pytest.mark.parametrize("brand", ["camel_milk", "ev_scooter"])
@pytest.mark.parametrize("question", ["sample_size", "assignment", "budget"])
def test_bundled_brands_without_plans_are_not_measured(sample, brand, question):
    base = copy_tests.read_copy_base(sample(brand).client)
    result = getattr(copy_tests, f"measure_{question}")(base, sample(brand).settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == "forms.yml plans no copy test (copy_tests:)."
