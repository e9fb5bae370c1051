"""Crowds: shares shrunk, ranks only in time, verdicts; simulated tests without differences."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base
from pack_brand import plan, sends
from scipy.stats import chi2_contingency
from statsmodels.stats.proportion import proportion_confint

from privdom_kit.copy_tests.measure_packs import measure_crowds
from privdom_kit.copy_tests.pack_rates import beta_interval, rate_variances, shrink_rates
from privdom_kit.copy_tests.pack_tables import uneven_arms
from privdom_kit.copy_tests.small_cells import find_small
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import difference_interval, shrink
from privdom_kit.results import Verdict

DIFFERENT = (
    ("new", "A", 1000, 30), ("new", "B", 1000, 40), ("old", "A", 1000, 80), ("old", "B", 1000, 110),
    ("idle", "A", 1000, 11), ("idle", "B", 1000, 12),
)  # fmt: skip
SIZES = {"new": 2000, "old": 2000, "idle": 2000}


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def ask(cells, planned=None, **options):
            forms = {"copy_tests": [planned]} if planned else {}
            rows = cells if isinstance(cells, pd.DataFrame) else sends(*cells)
            base, settings = copy_base(connection, {"deliveries": rows}, forms=forms, **options)
            return measure_crowds(base, settings)

        yield ask


def test_q_is_pearsons_chi_squared():
    """Cochran's Q with the pooled share's variance against scipy's contingency table."""
    x, n = [30, 55, 41, 80], [1000, 1500, 900, 1200]
    model = shrink_rates(x, n, 0.95)
    table = [x, [b - a for a, b in zip(x, n, strict=True)]]
    expected = chi2_contingency(table, correction=False)
    assert model.heterogeneity == pytest.approx(expected.statistic)
    assert model.p_value == pytest.approx(expected.pvalue)


def test_crowds_that_agree_all_have_the_pooled_share():
    """No variance between crowds: every shrunk share is 60 of 3,000, and nobody is best."""
    model = shrink_rates([20, 21, 19], [1000, 1000, 1000], 0.95)
    assert model.tau2 == 0
    assert model.posterior.estimates == pytest.approx([0.02] * 3)
    assert model.posterior.best() == pytest.approx([1 / 3] * 3, abs=5e-3)
    # the intervals still allow for a difference: wider than the pooled one
    assert model.shrunk[0].upper - model.shrunk[0].lower > 2 * 1.96 * (0.02 * 0.98 / 3000) ** 0.5


def test_nobody_of_a_crowd_has_a_share_and_a_variance():
    model = shrink_rates([0, 60, 30], [500, 500, 500], 0.95)
    assert 0 < model.shrunk[0].estimate < 0.02
    assert model.shrunk[0].lower >= 0
    assert min(rate_variances([0, 0], [100, 200])) > 0
    assert shrink_rates([0, 0], [100, 200], 0.95) is None


def test_large_crowds_keep_their_own_share():
    """Brute force: with a million people each, shrinkage moves nothing that shows."""
    model = shrink_rates([10_000, 50_000, 90_000], [1_000_000] * 3, 0.95)
    assert model.posterior.estimates == pytest.approx([0.01, 0.05, 0.09], rel=1e-3)


def test_the_interval_is_that_of_the_beta_law():
    """Moments of Beta(3, 97) give its 2.5 % and 97.5 % points (scipy.stats)."""
    from scipy.stats import beta

    law = beta(3, 97)
    found = beta_interval(law.mean(), law.std(), 0.95)
    assert (found.lower, found.upper) == pytest.approx((law.ppf(0.025), law.ppf(0.975)))


def test_crowds_that_differ_are_ranked(measure):
    """Planted: 9.5, 3.5 and 1.15 %; each crowd has the 2,000 people planned."""
    result = measure(DIFFERENT, plan(SIZES))
    assert result.verdict is Verdict.ACT
    assert list(result.table["crowd"]) == ["old", "new", "idle"]
    assert list(result.table["rank"]) == [1, 2, 3]
    assert list(result.table["lacking_people"]) == [0, 0, 0]
    assert list(result.table["with_outcome"]) == [190, 70, 23]
    wilson = proportion_confint(190, 2000, method="wilson")
    row = result.table.iloc[0]
    assert (row["rate_ci_lower"], row["rate_ci_upper"]) == pytest.approx(wilson)
    assert row["rate"] == 0.095
    mean = result.figures["mean_rate"]
    assert mean < row["shrunk_rate"] < row["rate"]
    assert row["chance_best"] > 0.999
    assert (row["reference"], row["reference_people"], row["reference_with_outcome"]) == (
        "A", 1000, 80,
    )  # fmt: skip


def test_differences_of_versions_are_shrunk_over_crowds(measure):
    """Newcombe's interval by crowd, and shrink() of the three differences."""
    lifts = measure(DIFFERENT, plan(SIZES)).tables["lifts"].set_index("crowd")
    gap = difference_interval(110, 1000, 80, 1000)
    row = lifts.loc["old"]
    assert (row["arm"], row["reference"]) == ("B", "A")
    assert row["difference_ci_lower"] == pytest.approx(gap.lower)
    theirs = [rate_variances([30, 80, 11], [1000] * 3), rate_variances([40, 110, 12], [1000] * 3)]
    variances = [a + b for a, b in zip(*theirs, strict=True)]
    expected = shrink([0.01, 0.03, 0.001], variances).posterior
    found = lifts.loc[["new", "old", "idle"], "shrunk_difference"].tolist()
    assert found == pytest.approx([e.estimate for e in expected])


@pytest.mark.parametrize(
    ("planned", "state", "lacking"),
    [(plan({**SIZES, "idle": 2500}), "not_reached", 500), (None, "no_plan", None),
     (plan({**SIZES, "idle": 2030}), "crowds_differ", 0),
     (plan({**SIZES, "else": 300}), "not_reached", 300)],
)  # fmt: skip
def test_nothing_is_ranked_before_its_time(measure, planned, state, lacking):
    """S211: one crowd short of its plan, or a planned one not sent to, and none has a rank.

    30 of 2,030 is within the share that is let pass (2 %). Without a plan, people held back make
    the test one.
    """
    held = (("new", "holdout", 500, 2),)
    result = measure((*DIFFERENT, *(held if planned is None else ())), planned)
    assert result.figures["state"] == state
    assert result.figures["lacking_people"] == lacking or lacking is None
    assert result.table["rank"].isna().all() == (state != "crowds_differ")
    assert (result.verdict is Verdict.ACT) == (state == "crowds_differ")


def test_the_sample_size_stands_in_for_people_not_stated(measure):
    """6 % to 8 % at 80 %, by hand: 7.8489 x (.0564 + .0736) / .02² = 2,550.9, so 2,551 an arm."""
    planned = plan(SIZES, baseline=0.06)
    planned["crowds"] = [{"name": name} for name in SIZES]
    result = measure(DIFFERENT, planned)
    assert list(result.table["planned_people"]) == [5102] * 3
    assert list(result.table["lacking_people"]) == [3102] * 3
    assert result.figures["planned_source"] == "sample_size"


def test_versions_in_other_proportions_are_no_ranking(measure):
    """Crowd new mostly got A, crowd old mostly B: shares tell of versions, not of crowds."""
    cells = (("new", "A", 1800, 50), ("new", "B", 200, 16), ("old", "A", 200, 6),
             ("old", "B", 1800, 160))  # fmt: skip
    result = measure((*cells, ("new", "holdout", 300, 0)))
    assert result.figures["state"] == "uneven_arms"
    assert result.verdict is Verdict.WATCH


def test_one_arm_cannot_be_uneven():
    cells = pd.DataFrame({"crowd": ["x", "y"], "arm": "A", "held": False, "people": [10, 900]})
    assert not uneven_arms(cells, 0.001)


def test_tests_that_were_only_observed_decide_nothing(measure):
    result = measure(DIFFERENT)
    assert result.figures["state"] == "observed"
    assert result.verdict is Verdict.WATCH


def test_a_broken_test_decides_nothing(measure):
    """Planned half and half, found 2,800 to 3,000 in each crowd: the sample ratio alarms."""
    cells = [(crowd, arm, 1000 if arm == "A" else 750, friends)
             for crowd, arm, _, friends in DIFFERENT]  # fmt: skip
    result = measure(cells, plan(dict.fromkeys(SIZES, 1750)))
    assert result.figures["state"] == "unsound"
    assert result.verdict is Verdict.WATCH
    assert any("not a sound test" in str(note) for note in result.notes)


def test_crowds_are_alike_only_where_intervals_say_so(measure):
    """40,000 people a crowd at 5 %: all lie within two points. 2,000 people: nothing is said."""
    many = [(c, a, 20_000, 1000) for c in SIZES for a in "AB"]
    few = [(c, a, 1000, 50) for c in SIZES for a in "AB"]
    clear = measure(many, plan(dict.fromkeys(SIZES, 40_000)))
    assert (clear.verdict, clear.figures["state"]) == (Verdict.CLEAR, "crowds_alike")
    wide = measure(few, plan(SIZES))
    assert (wide.verdict, wide.figures["state"]) == (Verdict.WATCH, "open")
    # two crowds say nothing of a third
    two = measure(many[:4], plan({"new": 40_000, "old": 40_000}))
    assert two.figures["state"] == "open"


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [([("new", "A", 1000, 30), ("new", "B", 1000, 40)], Verdict.NOT_MEASURED),
     ([(None, "A", 1000, 30), (None, "B", 1000, 40)], Verdict.NOT_MEASURED),
     ([("new", "A", 1000, 3), ("old", "A", 1000, 4), ("old", "B", 99, 2)],
      Verdict.NOT_ENOUGH_DATA)],
)  # fmt: skip
def test_what_cannot_be_compared_is_said(measure, cells, verdict):
    result = measure(cells)
    assert result.verdict is verdict


def test_without_deliveries_nothing_is_measured():
    with closing(connect()) as connection:
        base, settings = copy_base(connection, {})
        result = measure_crowds(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert "there is no copy test to read out" in str(result.notes[0])


def test_small_counts_are_not_to_be_had_by_subtraction(measure):
    """Brute force: no small number of friends is a difference of numbers that are shown."""
    cells = (("new", "A", 900, 4), ("new", "B", 900, 40), ("old", "A", 900, 50),
             ("old", "B", 900, 60), ("idle", "A", 900, 3), ("idle", "B", 900, 2))  # fmt: skip
    result = measure(cells, plan(dict.fromkeys(SIZES, 1800)), privacy={"min_cell": 10})
    shown = result.table.set_index("crowd")
    lifts = result.tables["lifts"].set_index("crowd")
    assert shown["with_outcome"].isna().tolist().count(True) == 2  # idle, and one beside it
    assert pd.isna(shown.loc["idle", "shrunk_rate"])
    assert pd.isna(shown.loc["idle", "rank"])
    for crowd in SIZES:
        known = {
            "A": lifts.loc[crowd, "reference_with_outcome"],
            "B": lifts.loc[crowd, "with_outcome"],
        }
        total = shown.loc[crowd, "with_outcome"]
        if not pd.isna(total):
            assert pd.isna(known["A"]) == pd.isna(known["B"])
    for row in lifts.itertuples():
        if pd.isna(row.with_outcome) or pd.isna(row.reference_with_outcome):
            assert pd.isna(row.difference)
            assert pd.isna(row.shrunk_difference)
    hidden = find_small(
        pd.DataFrame(
            [("t", c, a, False, n, x) for c, a, n, x in cells],
            columns=["test", "crowd", "arm", "held", "n_f", "x_f"],
        ),
        "f",
        10,
    )
    for arm in "AB":
        gone = [x for c, a, _, x in cells if a == arm and ("t", c, a, False) in hidden.cells]
        assert not gone or (len(gone) > 1 and sum(gone) >= 10)


def simulated(rates, n, runs, seed):
    return np.random.default_rng(seed).binomial(n, rates, size=(runs, len(n)))


def test_crowds_without_a_difference_act_seldom():
    """400 tests of five crowds at 3 %: Q and a best crowd together at 5 % or fewer, with error."""
    n = [600, 900, 1200, 1500, 2000]
    found = [shrink_rates(list(map(int, x)), n, 0.95) for x in simulated([0.03] * 5, n, 400, 7)]
    acts = sum(m.p_value < 0.05 and max(m.posterior.best()) > 0.95 for m in found)
    assert acts / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.parametrize(
    ("mean", "spread", "n"),
    [(0.03, 0.5, (600, 900, 1200, 1500, 2000)), (0.005, 0.6, (800, 1500, 3000, 5000)),
     (0.10, 0.0, (300, 500, 800))],
)  # fmt: skip
def test_shrunk_intervals_cover(mean, spread, n):
    """True shares drawn around a mean, 300 tests: 95 % intervals hold 95 %, with error."""
    draw = np.random.default_rng(11)
    truth = mean * np.exp(spread * draw.standard_normal((300, len(n))) - spread**2 / 2)
    truth = np.minimum(truth, 0.5)
    counts = draw.binomial(n, truth)
    held = []
    for shares, x in zip(truth, counts, strict=True):
        model = shrink_rates([int(v) for v in x], list(n), 0.95)
        if model is not None:
            ends = [(e.lower, e.upper) for e in model.shrunk]
            held += [lo <= share <= hi for share, (lo, hi) in zip(shares, ends, strict=True)]
    covered = np.mean(held)
    assert covered >= 0.95 - 3 * (0.05 * 0.95 / len(held)) ** 0.5 - 0.01


def test_order_of_rows_changes_nothing(measure):
    rows = sends(*DIFFERENT)
    first = measure(rows, plan(SIZES))
    again = measure(rows.sample(frac=1, random_state=3, ignore_index=True), plan(SIZES))
    pd.testing.assert_frame_equal(first.table, again.table)
    for a, b in itertools.pairwise([first, again]):
        assert a.verdict is b.verdict
