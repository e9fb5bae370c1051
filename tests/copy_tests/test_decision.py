"""What is decided, by the rule, on tests whose numbers were chosen by hand."""

from __future__ import annotations

import math

import client_tables
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from outcome_worlds import plan_of
from scipy.integrate import quad
from scipy.stats import norm

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict

RAIL = [{"metric": "opted_out", "margin": 0.01}]


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def decide(connection, arms, *, opted=None, planned=None, as_of="2026-06-30", plan=True, **changes):
    """The decision on ``{arm: (friends, people)}`` with ``{arm: people who opted out}``."""
    opted = opted or {}
    groups = []
    for arm, (x, n) in arms.items():
        out = opted.get(arm, 10)
        groups += [
            {"arm": arm, "people": x, "friend_added": 1},
            {"arm": arm, "people": out, "opted_out": 1},
            {"arm": arm, "people": n - x - out},
        ]
    total = planned or sum(n for _, n in arms.values())
    stated = plan_of(list(arms), total, guardrails=RAIL) | changes
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        client_tables.day(as_of),
        forms={"copy_tests": [stated]} if plan else None,
    )
    result = copy_tests.measure_decision(base, settings)
    return result, result.table.set_index("arm")


@pytest.mark.parametrize(
    ("arms", "options", "choice", "reason", "verdict"),
    [
        ({"A": (200, 5000), "B": (300, 5000)}, {}, "ship", "better_for_sure", Verdict.ACT),
        ({"A": (300, 5000), "B": (200, 5000)}, {}, "stop", "worse_for_sure", Verdict.ACT),
        (
            {"A": (200, 5000), "B": (300, 5000)},
            {"opted": {"B": 300}},
            "stop", "guardrail_breached", Verdict.ACT,
        ),
        (
            {"A": (200, 5000), "B": (300, 5000)},
            {"guardrails": [{"metric": "opted_out", "margin": 0.001}]},
            "go_on", "guardrail_open", Verdict.WATCH,
        ),
        (
            {"A": (200, 5000), "B": (300, 5000)},
            {"guardrails": [{"metric": "complained", "margin": 0.001}]},
            "go_on", "guardrail_not_measured", Verdict.WATCH,
        ),
        (
            {"A": (200, 5000), "B": (300, 5000)},
            {"planned": 12_000},
            "go_on", "not_reached", Verdict.WATCH,
        ),
        ({"A": (200, 5000), "B": (205, 5000)}, {}, "keep", "not_shown", Verdict.CLEAR),
        (
            {"A": (200, 5000), "B": (205, 5000)},
            {"minimum_difference": 0.02},
            "keep", "equivalent", Verdict.CLEAR,
        ),
        (
            {"A": (200, 5000), "B": (205, 5000)},
            {"minimum_difference": 0.005},
            "go_on", "too_small_to_see_it", Verdict.WATCH,
        ),
        ({"A": (200, 5000), "B": (300, 6000)}, {}, "unsound", "unsound", Verdict.WATCH),
        (
            {"A": (200, 5000), "B": (300, 5000)},
            {"plan": False},
            "observational", "observational", Verdict.WATCH,
        ),
        (
            {"control": (200, 5000), "B": (202, 5000)},
            {"plan": False},
            "go_on", "no_number_planned", Verdict.WATCH,
        ),
    ],
)  # fmt: skip
def test_the_rule(connection, arms, options, choice, reason, verdict):
    result, table = decide(connection, arms, **options)
    assert (table.loc["B", "choice"], table.loc["B", "reason"]) == (choice, reason)
    assert result.verdict is verdict
    assert result.figures[f"{choice}_arms"] == 1
    # what nobody drew by lot has no loss that a choice would cause
    idle = choice in ("unsound", "observational") or reason == "not_reached"
    assert pd.isna(table.loc["B", "loss_if_shipped"]) == idle


def test_the_surest_of_several_is_shipped(connection):
    """C and D are better for sure; the interval of D begins highest. E makes no difference."""
    arms = {"A": (200, 5000), "C": (300, 5000), "D": (340, 5000), "E": (201, 5000)}
    result, table = decide(connection, arms)
    assert table["choice"].to_dict() == {"C": "runner_up", "D": "ship", "E": "keep"}
    assert result.figures["arm"] == "D"


def test_a_breach_is_stopped_and_the_next_best_shipped(connection):
    arms = {"A": (200, 5000), "C": (300, 5000), "D": (340, 5000)}
    _, table = decide(connection, arms, opted={"D": 250})
    assert table["choice"].to_dict() == {"C": "ship", "D": "stop"}


def test_people_lacking_are_those_of_the_sample_size(connection):
    """Chow, Shao and Wang: (1.96 + .8416)^2 x (.04 x .96 + .045 x .955) / .005^2 = 25,551."""
    _, table = decide(connection, {"A": (200, 5000), "B": (205, 5000)}, minimum_difference=0.005)
    expected = (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * (0.04 * 0.96 + 0.045 * 0.955) / 0.005**2
    assert table.loc["B", "people_needed"] == pytest.approx(expected, abs=1)
    assert table.loc["B", "people_lacking"] == table.loc["B", "people_needed"] - 5000


def test_expected_losses_are_integrals(connection):
    """E max(0, -d) and E max(0, d), d normal about 0.001 with its standard error, by quadrature."""
    _, table = decide(connection, {"A": (200, 5000), "B": (205, 5000)})
    p, q = 206 / 5002, 201 / 5002
    law = norm(0.001, ((p * (1 - p) + q * (1 - q)) / 5002) ** 0.5)
    shipped = quad(lambda d: max(0.0, -d) * law.pdf(d), -0.05, 0.05, points=[0], limit=200)[0]
    kept = quad(lambda d: max(0.0, d) * law.pdf(d), -0.05, 0.05, points=[0], limit=200)[0]
    assert table.loc["B", "loss_if_shipped"] == pytest.approx(shipped, rel=1e-4)
    assert table.loc["B", "loss_if_kept"] == pytest.approx(kept, rel=1e-4)


def test_the_risk_of_a_fluke(connection):
    """Sellke et al.: odds .8/.2 x -e p ln p, at the corrected p-value of the claim."""
    _, table = decide(connection, {"A": (200, 5000), "B": (252, 5000)})
    p = table.loc["B", "p_value_adjusted"]
    odds = 4 * -math.e * p * math.log(p)
    assert 0.005 < p < 0.05
    assert table.loc["B", "false_positive_risk"] == pytest.approx(odds / (1 + odds))


def test_small_counts_are_hidden(connection):
    _, table = decide(connection, {"A": (4, 5000), "B": (90, 5000)}, as_of="2026-06-30")
    assert table.loc["B", "difference"] > 0
    arms = {"A": (4, 5000), "B": (90, 5000)}
    groups = [
        {"arm": arm, "people": part, **what}
        for arm, (x, n) in arms.items()
        for part, what in ((x, {"friend_added": 1}), (n - x, {}))
    ]
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        forms={"copy_tests": [plan_of(["A", "B"], 10_000)]},
        privacy={"min_cell": 10},
    )
    row = copy_tests.measure_decision(base, settings).table.iloc[0]
    hidden = ["reference_with_outcome", "reference_rate", "difference", "loss_if_kept"]
    assert row[[*hidden, "p_value_adjusted"]].isna().all()
    assert row["with_outcome"] == 90


def test_a_choice_at_an_early_look_does_not_tell_the_few_of_later_days(connection):
    """Crossed at half of the people; 4 more friends of A came later, whom a subtraction tells."""
    groups = [
        {"arm": arm, "people": part, "sent_day": day, **what}
        for arm, day, x in (
            ("A", "2026-05-04", 100), ("B", "2026-05-04", 200),
            ("A", "2026-05-05", 4), ("B", "2026-05-05", 30),
        )
        for part, what in ((x, {"friend_added": 1}), (2000 - x, {}))
    ]  # fmt: skip
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        forms={"copy_tests": [plan_of(["A", "B"], 8000, looks=[0.5, 1])]},
        privacy={"min_cell": 10},
    )
    row = copy_tests.measure_decision(base, settings).table.iloc[0]
    assert row["people"] == 2000
    assert row["with_outcome"] == 200
    assert row[["reference_with_outcome", "reference_rate", "difference"]].isna().all()


@pytest.mark.parametrize(
    ("incentive", "choice", "reason", "profit"),
    [(10.0, "keep", "costs_too_much", -0.36), (2.0, "ship", "better_for_sure", 0.12)],
)
def test_a_winner_that_loses_money_is_not_shipped(connection, incentive, choice, reason, profit):
    """By hand: 12 yuan a friend x .02 extra friends = .24; the incentive is paid to all 6 %.

    .24 - 10 x .06 = -.36 and .24 - 2 x .06 = .12 a person sent to; a friend of B is worth
    12 - incentive, one of A 12: variance (12 - incentive)^2 x .06 x .94 / 5000 + 144 x .04 x .96 /
    5000. Messages cost the same in both arms.
    """
    groups = [
        {"arm": arm, "people": n, "cost": 0.05, **more}
        for arm, friends in (("A", 200), ("B", 300))
        for n, more in (
            (friends, {"friend_added": 1}),
            (10, {"opted_out": 1}),
            (4_990 - friends, {}),
        )
    ]
    stated = plan_of(["A", "B"], 10_000, guardrails=RAIL)
    stated["arms"][1] |= {"incentive": "gift", "incentive_cost": incentive}
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        forms={"copy_tests": [stated]},
        economics={"customer_value": 12.0},
    )
    result = copy_tests.measure_decision(base, settings)
    row = result.table.set_index("arm").loc["B"]
    assert (row["choice"], row["reason"]) == (choice, reason)
    assert row["extra_profit"] == pytest.approx(profit)
    spread = (12 - incentive) ** 2 * 0.06 * 0.94 / 5000 + 144 * 0.04 * 0.96 / 5000
    half = norm.ppf(0.975) * math.sqrt(spread)
    assert row["extra_profit_ci_upper"] - row["extra_profit"] == pytest.approx(half, rel=1e-3)
    words = copy_tests.describe_decision(result)
    costly = "they cost more than they are worth, for sure" in words.statement.render("en")
    assert costly == (choice == "keep")
