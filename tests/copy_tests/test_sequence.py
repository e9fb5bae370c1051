"""Planned looks and peeking: published bounds, hand-made paths, brute force."""

from __future__ import annotations

import itertools
import math

import client_tables
import numpy as np
import pytest
from copy_tables import copy_base, deliveries
from outcome_worlds import plan_of
from statsmodels.stats.proportion import proportions_ztest

from privdom_kit import copy_tests
from privdom_kit.copy_tests.daily_counts import DailyCounts
from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict

N = 1000  # people an arm and day


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def world(connection, hits, *, days=None, as_of="2026-06-30", privacy=None, **plan):
    """A test with ``{arm: friends by day of sending}`` of N people each day."""
    groups = []
    for arm, by_day in hits.items():
        for day, x in enumerate(by_day):
            sent = f"2026-05-{4 + day:02d}"
            groups += [{"arm": arm, "people": x, "friend_added": 1, "sent_day": sent}]
            groups += [{"arm": arm, "people": N - x, "sent_day": sent}]
    rows = deliveries(*groups)
    days = days or len(next(iter(hits.values())))
    forms = None
    if plan.pop("planned", True):
        forms = {"copy_tests": [plan_of(list(hits), N * days * len(hits), **plan)]}
    return copy_base(
        connection, {"deliveries": rows}, client_tables.day(as_of), forms=forms,
        privacy=privacy or {"min_cell": 1},
    )  # fmt: skip


def test_bounds_are_those_of_lan_and_demets(connection):
    """O'Brien-Fleming spending at 1/2 and 1: 2.963 and 1.969 (Reboussin et al. 2000, table)."""
    base, settings = world(connection, {"A": [50, 50], "B": [52, 49]}, looks=[0.5, 1])
    result = copy_tests.measure_sequence(base, settings)
    table = result.table
    assert table["bound"].round(3).tolist() == [2.963, 1.969]
    assert table["information"].tolist() == [0.5, 1.0]
    assert table["error_spent"].iloc[1] == pytest.approx(0.05)
    assert table["state"].tolist() == ["inside", "inside"]
    assert result.verdict is Verdict.CLEAR


def test_pocock_spending_and_several_versions(connection):
    """Pocock-type spending of 5 % at 1/2 and 1: 2.157 and 2.201 (gsDesign, sfLDPocock).

    With two versions each has half of the error, so the bounds lie higher.
    """
    plan = {"looks": [0.5, 1], "spending": "pocock"}
    base, settings = world(connection, {"A": [50, 50], "B": [52, 49]}, **plan)
    one = copy_tests.measure_sequence(base, settings).table
    assert one["bound"].tolist() == pytest.approx([2.157, 2.201], abs=0.001)
    base, settings = world(connection, {"A": [50, 50], "B": [52, 49], "C": [50, 51]}, **plan)
    two = copy_tests.measure_sequence(base, settings).table
    assert (two["bound"].to_numpy()[:2] > one["bound"].to_numpy()).all()
    assert two["error_spent"].iloc[1] == pytest.approx(0.025)


def test_the_path_is_the_z_of_all_people_so_far(connection):
    """The pooled z of statsmodels, times the root of (N - 1) / N; by day, cumulated by hand."""
    hits = {"A": [50, 40, 60], "B": [70, 45, 80]}
    base, settings = world(connection, hits, looks=[1 / 3, 1])
    readings = copy_tests.measure_sequence(base, settings).tables["readings"]
    for place in range(3):
        x = [sum(hits[arm][: place + 1]) for arm in "BA"]
        n = N * (place + 1)
        z, p = proportions_ztest(x, [n, n])
        assert readings["z"].iloc[place] == pytest.approx(z * math.sqrt((2 * n - 1) / (2 * n)))
        assert readings["p_value"].iloc[place] == pytest.approx(p, rel=0.01)
        assert readings["people"].iloc[place] == 2 * n


def test_a_bound_crossed_early_stays_crossed(connection):
    """Day 1: 120 against 50 of 1,000, z 5.6 above 2.963; nothing more afterwards."""
    base, settings = world(connection, {"A": [50, 150], "B": [120, 80]}, looks=[0.5, 1])
    result = copy_tests.measure_sequence(base, settings)
    assert result.table["state"].tolist() == ["crossed", "inside"]
    assert result.verdict is Verdict.ACT
    row = result.table.iloc[0]
    assert row["difference"] == pytest.approx(0.07)
    assert row["difference_ci_lower"] > 0
    assert result.figures["look"] == 1


@pytest.mark.parametrize("x", (70, 79, 82, 88, 99))
def test_interval_and_bound_never_contradict(connection, x):
    base, settings = world(connection, {"A": [60, 60], "B": [60, x]}, looks=[0.5, 1])
    for row in copy_tests.measure_sequence(base, settings).table.itertuples():
        excludes = row.difference_ci_lower > 0 or row.difference_ci_upper < 0
        assert excludes == (abs(row.z) >= row.bound) == (row.state == "crossed")


def test_looks_to_come_are_rows_without_numbers(connection):
    """5 days of 10 are over: the look at half of the people is due, the last is not."""
    base, settings = world(connection, {"A": [50] * 5, "B": [52] * 5}, days=10, looks=[0.5, 1])
    result = copy_tests.measure_sequence(base, settings)
    assert result.table["state"].tolist() == ["inside", "to_come"]
    assert result.table["bound"].round(3).iloc[0] == 2.963
    assert result.verdict is Verdict.WATCH
    assert (result.figures["looks_made"], result.figures["looks_planned"]) == (1, 2)


def test_one_look_before_its_time_says_nothing(connection):
    base, settings = world(connection, {"A": [50] * 5, "B": [90] * 5}, days=10)
    result = copy_tests.measure_sequence(base, settings)
    assert result.table["state"].tolist() == ["to_come"]
    assert result.table["z"].isna().all()
    assert result.verdict is Verdict.WATCH


def test_who_was_all_sent_on_one_day_is_looked_at_once(connection):
    base, settings = world(connection, {"A": [50], "B": [52]}, looks=[0.5, 1])
    result = copy_tests.measure_sequence(base, settings)
    assert result.table["planned_share"].tolist() == [1.0]
    assert result.table["bound"].round(2).tolist() == [1.96]
    assert result.figures["readings"] == 1


def test_peeking_by_hand_and_its_published_risk(connection):
    """Armitage et al. (1969): ten looks at 5 % claim with a chance of .193.

    Days 1 to 3 differ (80 against 50), later ones make up for it.
    """
    hits = {"A": [50, 50, 50, 80, 80, 80, 60, 60, 60, 60], "B": [80, 80, 80, 50, 50, 50, *[60] * 4]}
    base, settings = world(connection, hits)
    result = copy_tests.measure_sequence(base, settings)
    peeking = result.tables["peeking"].iloc[0]
    assert peeking["naive_risk"] == pytest.approx(0.193, abs=0.001)
    expected = []
    for place in range(10):
        x = [sum(hits[arm][: place + 1]) for arm in "BA"]
        expected.append(proportions_ztest(x, [N * (place + 1)] * 2)[1] < 0.05)
    assert peeking["naive_claims"] == sum(expected) > 2
    assert peeking["first_claim_on"] == client_tables.day("2026-05-04")
    assert peeking["last_naive_claim"] == "false"
    assert result.verdict is Verdict.CLEAR


def test_without_a_plan_the_interval_holds_at_any_time(connection):
    """A fixed test at 5 % would claim it; whoever chose the day of reading must not."""
    hits = {"control": [50, 50], "B": [64, 66]}
    base, settings = world(connection, hits, planned=False)
    result = copy_tests.measure_sequence(base, settings)
    assert result.table["basis"].tolist() == ["any_time"]
    assert proportions_ztest([130, 100], [2 * N] * 2)[1] < 0.05
    assert result.verdict is Verdict.WATCH
    large = {"control": [50, 50], "B": [110, 110]}
    base, settings = world(connection, large, planned=False)
    assert copy_tests.measure_sequence(base, settings).verdict is Verdict.ACT


def test_windows_that_are_not_over_are_in_no_reading(connection):
    """as_of 2026-05-13: sends up to 2026-05-06 have seen their 7 days."""
    base, settings = world(connection, {"A": [50] * 5, "B": [52] * 5}, as_of="2026-05-13")
    readings = copy_tests.measure_sequence(base, settings).tables["readings"]
    assert readings["sent_to"].max() == client_tables.day("2026-05-06")


@pytest.mark.parametrize("seed", range(6))
def test_days_shown_give_nobody_few_away(seed):
    """By brute force: every two shown days of every side differ by 0 or at least 10 people."""
    rng = np.random.default_rng(seed)
    sides = {name: rng.poisson(6, 14).cumsum() for name in ("", "B", "C")}
    people = {name: np.arange(1, 15) * 500 for name in sides}
    days = DailyCounts("t", "friend_added", ("A", "control"), ("B", "C"), tuple(range(14)), people,
                       sides)  # fmt: skip
    kept = days.shown_days((6, 13), 10)
    assert kept[-1] == 13
    assert len(kept) > 3
    for side in sides.values():
        values = [0, *side[kept]]
        assert all(b - a == 0 or b - a >= 10 for a, b in itertools.pairwise(values))


def test_readings_of_few_people_are_hidden(connection):
    hits = {"A": [50, 3, 50], "B": [52, 55, 50]}
    base, settings = world(connection, hits, privacy={"min_cell": 10})
    readings = copy_tests.measure_sequence(base, settings).tables["readings"]
    # the second day would tell the 3 of A, beside the first or beside the third
    assert len(readings) == 2
    assert readings["people"].tolist()[-1] == 6 * N
