"""Arms against their reference: published cases, second libraries, hand counts."""

from __future__ import annotations

import itertools

import client_tables
import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from outcome_worlds import counted, plan_of
from real_data import real_file
from scipy.stats import ttest_ind
from statsmodels.stats.multitest import multipletests

from privdom_kit import copy_tests
from privdom_kit.answers import bounded
from privdom_kit.engine import closing, connect
from privdom_kit.estimates.relative_lifts import score_test
from privdom_kit.results import Verdict

SMALL = {"least_people": 5, "least_events": 5}


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def primary(result, arm):
    rows = result.table[(result.table["arm"] == arm) & (result.table["role"] == "primary")]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "newcombe", "miettinen_nurminen"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339), (0.0528, 0.3382)),
        ((10, 10), (0, 20), (0.6791, 1.0), (0.7156, 1.0)),
    ],
)
def test_newcombes_cases(connection, ours, theirs, newcombe, miettinen_nurminen):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table II: cases (a) and (h)."""
    arms = {"B": ours, "A": theirs}
    plan = plan_of(["A", "B"], 30)
    base, settings = counted(connection, arms, plan=plan, copy_tests=SMALL)
    row = primary(copy_tests.measure_arms(base, settings), "B")
    assert row["difference"] == pytest.approx(ours[0] / ours[1] - theirs[0] / theirs[1])
    found = [round(row[f"newcombe_difference_ci_{end}"], 4) for end in ("lower", "upper")]
    assert tuple(found) == newcombe
    found = [round(row[f"difference_ci_{end}"], 4) for end in ("lower", "upper")]
    assert tuple(found) == miettinen_nurminen


def test_hillstroms_test(connection):
    """Published: men's minus none on visits .0766, 95 % .0700 to .0832, z 22.49.

    Visits stand as orders here: an outcome that people can have who were sent nothing.
    """
    rows = pd.read_csv(real_file("hillstrom_email_test.csv.gz"))
    names = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "no_email"}
    rows["arm"] = rows["segment"].map(names)
    counts = rows.groupby("arm")["visit"].agg(["sum", "count"])
    arms = {name: tuple(int(v) for v in row) for name, row in counts.iterrows()}
    groups = []
    for name, (x, n) in arms.items():
        groups += [{"arm": name, "people": x, "ordered": 1}, {"arm": name, "people": n - x}]
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        copy_tests={"control_arms": ["no_email"]},
    )
    result = copy_tests.measure_arms(base, settings)
    mens, womens = primary(result, "mens"), primary(result, "womens")
    assert round(mens["difference"], 4) == 0.0766
    assert round(mens["z"], 2) == 22.49
    assert mens["people"] == arms["mens"][1] == 21_307
    assert mens["reference_kind"] == "held_back"
    assert round(womens["difference"], 4) == round(
        arms["womens"][0] / arms["womens"][1] - arms["no_email"][0] / arms["no_email"][1], 4
    )
    # one version alone has the plain 95 %
    alone, settings = counted(
        connection,
        {"mens": arms["mens"], "no_email": arms["no_email"]},
        "ordered",
        copy_tests={"control_arms": ["no_email"]},
    )
    row = primary(copy_tests.measure_arms(alone, settings), "mens")
    ends = [round(row[f"difference_ci_{end}"], 4) for end in ("lower", "upper")]
    assert ends == [0.0700, 0.0832]
    assert result.verdict is Verdict.ACT


def test_intervals_agree_with_corrected_p_values(connection):
    """Holm as statsmodels has it; a version is better exactly where its interval is above 0."""
    arms = {
        "A": (400, 8000),
        "B": (462, 8000),
        "C": (455, 8000),
        "D": (441, 8000),
        "E": (300, 8000),
    }
    base, settings = counted(connection, arms, plan=plan_of(list(arms), 40_000))
    table = copy_tests.measure_arms(base, settings).table
    table = table[table["role"] == "primary"].set_index("arm")
    raw = [score_test(*arms[arm], *arms["A"]).p_value for arm in "BCDE"]
    expected = multipletests(raw, method="holm")[1]
    assert table["p_value_adjusted"].tolist() == pytest.approx(expected.tolist())
    for arm in "BCDE":
        row = table.loc[arm]
        excludes = row["difference_ci_lower"] > 0 or row["difference_ci_upper"] < 0
        assert excludes == (row["p_value_adjusted"] < 0.05) == (row["is_better"] or row["is_worse"])
        assert excludes == (row["lift_ci_lower"] > 0 or row["lift_ci_upper"] < 0)
    assert table["state"].tolist() == ["open", "open", "open", "worse"]
    assert raw[0] < 0.05 < expected[0]  # without the correction B would have won


def test_who_is_in_which_arm_is_no_difference_between_copies(connection):
    """Simpson by hand: 20 % and 2 % in both arms, but B has more of the first crowd.

    Crude: B 182 of 1,000 = 18.2 %, A 38 of 1,000 = 3.8 %. Pooled over crowds: 0.
    """
    groups = []
    for arm, crowd, x, n in (
        ("A", "x", 20, 100), ("A", "y", 18, 900), ("B", "x", 180, 900), ("B", "y", 2, 100),
    ):  # fmt: skip
        groups += [{"arm": arm, "crowd": crowd, "people": x, "friend_added": 1}]
        groups += [{"arm": arm, "crowd": crowd, "people": n - x}]
    plan = plan_of(["A", "B"], 2000)
    rows = deliveries(*groups)
    base, settings = copy_base(connection, {"deliveries": rows}, forms={"copy_tests": [plan]})
    row = primary(copy_tests.measure_arms(base, settings), "B")
    assert row["difference"] == pytest.approx(0.144)
    assert row["p_value_adjusted"] < 1e-9
    assert row["pooled_difference"] == pytest.approx(0.0)
    assert not row["is_better"]
    assert row["state"] in ("open", "unsound")


def shopping(rng, n, lift):
    """Spend before and after of so many people, in cents, as hundredfold yuan."""
    before = np.where(rng.random(n) < 0.5, rng.gamma(2, 60, n), 0).round(2)
    buys = rng.random(n) < 0.1 + 0.2 * (before > 0)
    after = np.where(buys, 20 + 0.5 * before + rng.gamma(2, 10, n) + lift, 0).round(2)
    return before, after


def test_money_is_welchs_and_cuped_on_people(connection):
    """Welch's test by scipy, and the textbook form of CUPED on the people themselves."""
    rng = np.random.default_rng(4)
    sides = {"A": shopping(rng, 1500, 0), "B": shopping(rng, 1700, 3)}
    groups = [{"arm": arm, "people": len(v[0])} for arm, v in sides.items()]
    rows = deliveries(*groups)
    before, after = (np.concatenate([sides[arm][k] for arm in sides]) for k in (0, 1))
    bought = after > 0
    rows["ordered_at"] = pd.Series(rows["sent_at"] + 86_400).where(bought).astype("Int64")
    cents = pd.Series((after * 100).round().astype("int64"))
    rows["order_amount_cents"] = cents.where(bought).astype("Int64")
    orders = client_tables.orders(
        *((c, client_tables.day("2026-04-20"), v) for c, v in enumerate(before) if v > 0)
    )
    plan = plan_of(["A", "B"], 3200, primary="ordered")
    base, settings = copy_base(
        connection, {"deliveries": rows, "orders": orders}, forms={"copy_tests": [plan]}
    )
    result = copy_tests.measure_arms(base, settings)
    row = result.tables["money"].iloc[0]
    a, b = (np.round(sides[arm][1], 2) for arm in "AB")
    expected = ttest_ind(b, a, equal_var=False)
    assert row["value_difference"] == pytest.approx(b.mean() - a.mean())
    assert row["p_value"] == pytest.approx(expected.pvalue)
    ends = [row[f"value_difference_ci_{end}"] for end in ("lower", "upper")]
    assert ends == pytest.approx(list(expected.confidence_interval()))
    theta = np.cov(after, before)[0, 1] / before.var(ddof=1)
    adjusted = {arm: sides[arm][1] - theta * sides[arm][0] for arm in "AB"}
    expected = ttest_ind(adjusted["B"], adjusted["A"], equal_var=False)
    gap = adjusted["B"].mean() - adjusted["A"].mean()
    assert row["adjusted_difference"] == pytest.approx(gap)
    assert row["adjusted_p_value"] == pytest.approx(expected.pvalue, rel=1e-6)
    plain = a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)
    left = sum(adjusted[arm].var(ddof=1) / len(adjusted[arm]) for arm in "AB")
    assert row["variance_removed"] == pytest.approx(1 - left / plain)
    assert row["variance_removed"] > 0.1
    ratio = result.tables["order_values"].iloc[0]
    assert ratio["value_an_order"] == pytest.approx(b[b > 0].mean())
    # the mean over those who ordered, and its error over them, is the ratio of the sums
    error = {k: v[v > 0].std() / np.sqrt((v > 0).sum()) / v[v > 0].mean() for k, v in
             (("a", a), ("b", b))}  # fmt: skip
    lift = b[b > 0].mean() / a[a > 0].mean()
    half = (ratio["value_lift_ci_upper"] - ratio["value_lift_ci_lower"]) / 2
    assert ratio["value_lift"] == pytest.approx(lift - 1)
    assert half == pytest.approx(1.96 * lift * np.hypot(*error.values()), rel=0.01)


def test_a_test_with_control_and_holdout_has_two_comparisons(connection):
    """By hand: 6 % and 4 % of 2,000, 1 % of 1,000 held back."""
    arms = {"A": (80, 2000), "B": (120, 2000), "holdout": (10, 1000)}
    plan = plan_of(["A", "B"], 5000, holdout_share=0.2)
    base, settings = counted(connection, arms, plan=plan, economics={"customer_value": 20.0})
    result = copy_tests.measure_arms(base, settings)
    assert result.table["arm"].tolist() == ["B"]
    held = result.tables["held_back"].set_index("arm")
    assert held["difference"].to_dict() == pytest.approx({"A": 0.03, "B": 0.05})
    assert primary(result, "B")["difference"] == pytest.approx(0.02)
    # 2 points of 4,000 people sent to, at 20 a friend
    assert result.figures["money_at_stake"] == pytest.approx(0.02 * 4000 * 20)
    ends = [result.figures[f"money_at_stake_ci_{end}"] for end in ("lower", "upper")]
    row = primary(result, "B")
    expected = [row[f"difference_ci_{end}"] * 80_000 for end in ("lower", "upper")]
    assert ends == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arms", "changes", "state", "verdict"),
    [
        ({"A": (200, 4000), "B": (300, 4000)}, {}, "better", Verdict.ACT),
        ({"A": (300, 4000), "B": (200, 4000)}, {}, "worse", Verdict.ACT),
        ({"A": (200, 4000), "B": (205, 4000)}, {}, "open", Verdict.WATCH),
        (
            {"A": (200, 4000), "B": (205, 4000)},
            {"minimum_difference": 0.02},
            "no_worthwhile_difference",
            Verdict.CLEAR,
        ),
        (
            {"A": (200, 4000), "B": (205, 4000)},
            {"minimum_lift": 0.4},  # 40 % of 5 % is the same 2 points
            "no_worthwhile_difference",
            Verdict.CLEAR,
        ),
        ({"A": (4, 4000), "B": (5, 4000)}, {}, "too_few", Verdict.NOT_ENOUGH_DATA),
        ({"A": (20, 90), "B": (60, 90)}, {}, "too_few", Verdict.NOT_ENOUGH_DATA),
        (
            {"A": (200, 4000), "B": (300, 4000)},
            {"crowds": [{"name": "all", "people": 9000}]},
            "not_reached",
            Verdict.WATCH,
        ),
        (
            {"A": (200, 4000), "B": (300, 4000)},
            {"ends_on": "2026-07-15"},
            "not_reached",
            Verdict.WATCH,
        ),
        ({"A": (200, 4000), "B": (300, 5000)}, {}, "unsound", Verdict.WATCH),
    ],
)
def test_states_and_verdicts(connection, arms, changes, state, verdict):
    people_there = sum(n for _, n in arms.values())
    plan = plan_of(["A", "B"], people_there, **changes)
    base, settings = counted(connection, arms, plan=plan)
    result = copy_tests.measure_arms(base, settings)
    row = primary(result, "B")
    assert (row["state"], result.verdict) == (state, verdict)
    assert row["is_better"] == (state == "better")
    assert row["is_worse"] == (state == "worse")


def test_deliveries_without_plan_and_holdout_are_only_observed(connection):
    base, settings = counted(connection, {"one": (200, 4000), "two": (600, 4000)})
    result = copy_tests.measure_arms(base, settings)
    assert result.table["state"].iloc[0] == "observed"
    assert result.verdict is Verdict.WATCH
    assert not result.table["is_better"].any()


def test_without_a_plan_the_furthest_outcome_that_enough_have_decides(connection):
    """4 orders are too few; friends are enough; clicks are more, but nearer to the send."""
    rows = deliveries(
        {"arm": "A", "people": 4, "ordered": 2, "friend_added": 1, "clicked": 1},
        {"arm": "A", "people": 30, "friend_added": 1, "clicked": 1},
        {"arm": "A", "people": 366, "clicked": 1},
        {"arm": "A", "people": 600},
        {"arm": "control", "people": 20, "friend_added": 1},
        {"arm": "control", "people": 980},
    )
    base, settings = copy_base(connection, {"deliveries": rows})
    result = copy_tests.measure_arms(base, settings)
    assert set(result.table.loc[result.table["role"] == "primary", "outcome"]) == {"friend_added"}
    # nobody can click who was sent nothing
    assert "clicked" not in set(result.table["outcome"])


def test_people_held_back_of_whom_nothing_is_recorded_are_no_reference(connection):
    arms = {"A": (200, 4000), "control": (0, 1000)}
    base, settings = counted(connection, arms)
    result = copy_tests.measure_arms(base, settings)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    said = [note.render("en") for note in result.notes]
    assert any("what sending brings is not measured" in note for note in said)


def test_small_counts_are_hidden_with_what_they_are_in(connection):
    arms = {"A": (200, 4000), "B": (300, 4000), "holdout": (5, 1000)}
    plan = plan_of(["A", "B"], 9000, holdout_share=1 / 9)
    base, settings = counted(connection, arms, plan=plan, privacy={"min_cell": 10})
    result = copy_tests.measure_arms(base, settings)
    held = result.tables["held_back"].iloc[0]
    assert held[["reference_with_outcome", "reference_rate", *bounded("difference")]].isna().all()
    assert held["with_outcome"] == 200
    assert primary(result, "B")["difference"] == pytest.approx(0.025)


def test_friends_kept_do_not_give_away_who_removed_the_brand(connection):
    """196 of 200 friends stayed: 4 removed the brand, fewer than 10."""
    rows = deliveries(
        {"arm": "A", "people": 196, "friend_added": 1},
        {"arm": "A", "people": 4, "friend_added": 1, "friend_removed": 3},
        {"arm": "A", "people": 3800},
        {"arm": "B", "people": 300, "friend_added": 1},
        {"arm": "B", "people": 3700},
    )
    plan = plan_of(["A", "B"], 8000)
    base, settings = copy_base(
        connection, {"deliveries": rows}, forms={"copy_tests": [plan]}, privacy={"min_cell": 10}
    )
    table = copy_tests.measure_arms(base, settings).table.set_index("outcome")
    assert table.loc["friend_added", "reference_with_outcome"] == 200
    assert pd.isna(table.loc["friend_kept", "reference_with_outcome"])
    assert pd.isna(table.loc["friend_kept", "difference"])


def test_one_of_many_tests_has_to_stand_when_all_are_counted(connection):
    """One p of .03 among 6 tests: better in its own test, but .18 over all (Holm)."""
    tests = {"t1": (215, 4000)} | {f"t{k}": (170, 4000) for k in range(2, 7)}
    groups = []
    for name, (x, n) in tests.items():
        for arm, hits in (("A", 170), ("B", x)):
            groups += [{"test_id": name, "arm": arm, "people": hits, "friend_added": 1}]
            groups += [{"test_id": name, "arm": arm, "people": n - hits}]
    plans = [plan_of(["A", "B"], 8000, id=name) for name in tests]
    p = score_test(215, 4000, 170, 4000).p_value
    assert 0.05 / 6 < p < 0.05
    rows = {"deliveries": deliveries(*groups)}
    base, settings = copy_base(connection, rows, forms={"copy_tests": plans})
    result = copy_tests.measure_arms(base, settings)
    assert result.table.set_index("test").loc["t1", "state"] == "better"
    assert result.verdict is Verdict.WATCH
    alone, settings = copy_base(
        connection,
        {"deliveries": deliveries(*(g for g in groups if g["test_id"] == "t1"))},
        forms={"copy_tests": plans[:1]},
    )
    assert copy_tests.measure_arms(alone, settings).verdict is Verdict.ACT


def test_without_deliveries_nothing_is_measured(connection):
    base, settings = copy_base(connection, {})
    for question in ("arms", "sequence", "decision"):
        result = getattr(copy_tests, f"measure_{question}")(base, settings)
        assert result.verdict is Verdict.NOT_MEASURED
        finding = getattr(copy_tests, f"describe_{question}")(result)
        assert finding.statement.render("en") == (
            "No deliveries with an arm are given, so there is no copy test to read out."
        )
        assert getattr(copy_tests, f"plot_{question}")(result) is None


def test_crowds_and_the_order_of_rows_change_no_count(connection):
    """The same people in one crowd or three, rows in any order: the same crude numbers."""
    groups = [
        {"arm": arm, "people": n, **what, "crowd": crowd}
        for (arm, x), crowd in itertools.product((("A", 40), ("B", 60)), "xyz")
        for n, what in ((x, {"friend_added": 1}), (1000 - x, {}))
    ]
    rows = deliveries(*groups)
    plan = plan_of(["A", "B"], 6000)
    first, settings = copy_base(connection, {"deliveries": rows}, forms={"copy_tests": [plan]})
    again = rows.sample(frac=1, random_state=3).drop(columns="crowd").reset_index(drop=True)
    second, _ = copy_base(connection, {"deliveries": again}, forms={"copy_tests": [plan]})
    rows_found = [
        copy_tests.measure_arms(base, settings).table[["with_outcome", "difference", "p_value"]]
        for base in (first, second)
    ]
    pd.testing.assert_frame_equal(*rows_found)
