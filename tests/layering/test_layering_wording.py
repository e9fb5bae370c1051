"""Findings in words, exactly. Numbers come from results made by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from client_tables import orders

from privdom_kit import layering
from privdom_kit.formats import KINDS
from privdom_kit.results import Result, Verdict

QUESTIONS = (
    *("states", "layer_moves", "purchase_layers", "channel_layers", "life_stages"),
    *("rfm", "retention", "concentration", "revenue_split"),
)


@pytest.fixture(scope="module")
def results(summarise_once) -> dict[str, Result]:
    """One brand's results.

    Order cycle 30 days, period 90. 300 customers bought on day 700 and 120 of them on 720; 200
    bought on day 895 and 20 of them on 915; 40 of 100 new ones on day 990 were on promotion.
    """
    rows = [(c, 700, 10) for c in range(300)] + [(c, 720, 10) for c in range(120)]
    rows += [(c, 895, 10) for c in range(300, 500)] + [(c, 915, 10) for c in range(300, 320)]
    rows += [(c, 990, 10) for c in range(500, 600)]
    promoted = [0] * 640 + [1] * 40 + [0] * 60
    contacts = pd.DataFrame({"customer": range(500), "added_on": 600})
    contacts["add_way"] = ["card"] * 300 + ["live_room"] * 200
    members = pd.DataFrame({"customer": range(150), "registered_on": 900, "child_band": "1-3y"})
    frames = {
        "orders": orders(*rows, on_promotion=promoted),
        "contacts": contacts,
        "members": members,
    }
    base, rules = summarise_once(frames, 1000, cycle_days=30, gross_margin=0.5, active_days=20)
    return {q: getattr(layering, f"measure_{q}")(base, rules) for q in QUESTIONS}


def say(result: Result) -> tuple:
    finding = getattr(layering, f"describe_{result.question}")(result)
    words = [m.render("en") for m in (finding.statement, *finding.evidence)]
    return words, finding


def test_states(results) -> None:
    """Lapsing: last activity more than 36 days ago: 500 of 600; at day 910 only the 300 of 700.

    Known then: contacts 0 to 499, 200 of them fresh: 300 of 500 = 60 %: +23.3 points, and by
    statsmodels' Newcombe interval 0.1806 to 0.2849.
    """
    words, finding = say(results["states"])
    assert words == [
        "500 of 600 known customers (83.3%) are about to lapse or have lapsed. That is +23.3 "
        "points against 90 days before.",
        "The interval of the change runs from +18.1 points to +28.5 points; up to 2.0 points does "
        "not matter (a setting).",
        "The order cycle is set to 30 days in client.yml.",
    ]
    assert results["states"].verdict is Verdict.ACT
    assert finding.money_at_stake == 0
    assert finding.money_basis.render("en") == (
        "Net spend of those about to lapse in the last 365 days (CN¥0.00), as a year, x gross "
        "margin 50.0%."
    )
    assert finding.action.render("en") == (
        "Reach those about to lapse before two order cycles have passed, the largest spenders "
        "first."
    )


def test_states_without_margin_or_enough_people(results) -> None:
    result = results["states"]
    figures = {**result.figures, "gross_margin": None, "money_at_stake": None}
    figures |= {"lapsing_change": None, "lapsing_customers": None}
    words, finding = say(replace(result, figures=figures, verdict=Verdict.NOT_ENOUGH_DATA))
    assert words[:2] == [
        "Of 600 known customers, too few are about to lapse or lapsed to be shown.",
        "No verdict: one of the two groups has fewer than 100 people, or is too small to show.",
    ]
    assert finding.money_at_stake is None
    assert finding.money_basis.render("en") == (
        "client.yml gives no economics.gross_margin, so what is at stake cannot be derived."
    )
    assert finding.action is None
    assert finding.confidence is None


def test_a_measured_cycle_stands_beside_its_interval(results) -> None:
    result = results["states"]
    figures = {**result.figures, "order_cycle_days": 28.0}
    figures |= {"order_cycle_days_ci_lower": 26.0, "order_cycle_days_ci_upper": None}
    settings = {**result.settings, "layering.cycle_days": None}
    words, _ = say(replace(result, figures=figures, settings=settings))
    assert words[-1] == (
        "Half of those who buy again do so within 28 days (interval 26 days to –): the category's "
        "order cycle."
    )


def test_purchase_layers(results) -> None:
    """140 of 600 repeat. Ripe: first bought by 910; recent 200 with 20, earlier 300 with 120."""
    words, finding = say(results["purchase_layers"])
    assert words[0] == (
        "Recent buyers come back less: 10.0% buy again within 90 days, against 40.0% before. 140 "
        "of 600 buyers (23.3%) have bought on two days or more."
    )
    assert words[2] == "Recent: 10.0% of 200; earlier: 40.0% of 300."
    assert finding.action.render("en") == (
        "Give first-time buyers a reason and a date for the second purchase within 90 days."
    )


def test_layer_moves(results) -> None:
    words, _ = say(results["layer_moves"])
    assert words[0] == (
        "Of 500 customers known 90 days ago, 200 (40.0%) are in a lower layer now and 0 (0.0%) in "
        "a higher one."
    )


def test_channels(results) -> None:
    """Card 120 of 300, live 20 of 200, among 500 ripe buyers; live is below by 30 points."""
    words, _ = say(results["channel_layers"])
    assert words[0] == (
        "1 of 2 comparable channels bring buyers who come back less often than all others, by more "
        "than 5.0 points."
    )
    assert words[1].startswith(
        "live_room: 20 of 200 buyers (10.0%) bought again in time, -30.0 points against all others"
    )
    clear, _ = say(replace(results["channel_layers"], verdict=Verdict.CLEAR))
    assert clear[0] == "No channel of 2 falls behind the others by more than 5.0 points."
    watch, _ = say(replace(results["channel_layers"], verdict=Verdict.WATCH))
    assert watch[0] == (
        "No channel of 2 is proven to bring buyers who come back less often; a gap of more than "
        "5.0 points cannot be ruled out."
    )
    few, _ = say(replace(results["channel_layers"], verdict=Verdict.NOT_ENOUGH_DATA))
    assert few[0] == "Fewer than two channels have 100 buyers who could be watched for 90 days."


def test_life_stages(results) -> None:
    words, finding = say(results["life_stages"])
    assert words == [
        "150 of 150 members have a child's age band, every one with a guardian's consent.",
        "0 of 150 members are without consent; 150 have an age band.",
    ]
    assert finding.action is None
    words, finding = say(replace(results["life_stages"], verdict=Verdict.ACT))
    assert words[0] == (
        "The members' export holds children's months of birth without a guardian's consent."
    )
    assert finding.owner.render("en") == "Data protection officer"


def test_rfm(results) -> None:
    figures = {"high_spend_customers": 200, "at_risk_customers": 50, "at_risk_share": 0.25}
    figures |= {"at_risk_net_spend": 900.0, "at_risk_window_spend": 300.0, "money_at_stake": 150.0}
    words, finding = say(replace(results["rfm"], figures={**results["rfm"].figures, **figures}))
    assert words == [
        "50 of 200 buyers with a high spend score (25.0%) are among those whose last order is "
        "longest ago.",
        "They spent CN¥900.00 in all, CN¥300.00 of it in the value window.",
    ]
    assert finding.money_at_stake == 150.0
    hidden = {**figures, "at_risk_customers": None}
    words, _ = say(replace(results["rfm"], figures={**results["rfm"].figures, **hidden}))
    assert words[0] == (
        "Of 200 buyers with a high spend score, too few are going silent to be shown."
    )


def test_retention(results) -> None:
    figures = {"recent_share": 0.2, "recent_customers": 300, "change": None}
    result = results["retention"]
    words, _ = say(replace(result, figures={**result.figures, **figures}))
    assert words[0] == (
        "20.0% of 300 customers of the latest full cohorts bought again in their next period."
    )
    words, _ = say(replace(result, figures={**result.figures, **figures, "recent_share": None}))
    assert words[0] == "No cohort has a full next period yet that could be shown."


def test_concentration(results) -> None:
    """7,400 in all: 80 % = 5,920. 140 spent 20 each = 2,800; 312 of 10 each give the rest."""
    words, _ = say(results["concentration"])
    assert words[0] == "452 of 600 buyers (75.3%) give 80.0% of net spend."
    assert words[2] == "People who are or were WeCom contacts give 86.5% of net spend."
    hidden = {**results["concentration"].figures, "value_customers": None}
    words, _ = say(replace(results["concentration"], figures=hidden))
    assert words[0] == ("So few customers give 80.0% of net spend that their number is not shown.")


def test_revenue_split(results) -> None:
    """40 first orders of 10 on promotion out of 7,400; the new buyers of the last 90 days: 100."""
    words, _ = say(results["revenue_split"])
    assert words[0] == "Of CN¥7,400 net revenue, CN¥400.00 (5.4%) are first orders on promotion."
    assert words[1] == (
        "40 of 100 new buyers of the last 90 days (40.0%) began on promotion; in the period before "
        "0.0%."
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_has_a_unit_that_can_be_shown(results, question: str) -> None:
    result = results[question]
    names = [*result.table.columns, *result.figures]
    names += [column for table in result.tables.values() for column in table.columns]
    assert all(result.units[name].partition(":")[0] in KINDS for name in names)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_result_can_be_written_down(results, question: str) -> None:
    finding = getattr(layering, f"describe_{question}")(results[question])
    entry = finding.to_dict("01_user_layering", "en")
    assert entry["id"] == f"01_user_layering/{question}"
    assert results[question].to_dict("en")["settings"]


def test_what_was_not_measured_says_why(summarise) -> None:
    base, rules = summarise({"orders": orders((None, 5, 10))}, 1000)
    for question in QUESTIONS:
        result = getattr(layering, f"measure_{question}")(base, rules)
        finding = getattr(layering, f"describe_{question}")(result)
        assert result.verdict is Verdict.NOT_MEASURED
        assert finding.statement is result.notes[0]
        assert (finding.action, finding.money_at_stake, finding.confidence) == (None, None, None)
