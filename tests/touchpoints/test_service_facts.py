"""What was planted in the two sample brands, recovered through the package from the raw exports.

Expected numbers are those of facts.yml: brute-force counts of the raw files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from privdom_kit import touchpoints
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def milk(sample):
    brand = sample("camel_milk")
    return brand.base, brand.facts


@pytest.fixture(scope="module")
def scooter(sample):
    brand = sample("ev_scooter")
    return brand.base, brand.facts


def settings(**rules) -> Settings:
    return Settings.model_validate({"touchpoints": rules})


def test_mix_of_camel_milk_since_it_pushes_more(milk) -> None:
    """151 days from 2026-01-01 to 2026-05-31: 94, 27, 18 and 12 posts; before, 63, 55, 48, 19."""
    base, facts = milk
    result = touchpoints.measure_content_mix(base, settings(content_period_days=151))
    lines = result.table[result.table["touchpoint"] == "all"].set_index("purpose")
    assert lines["pieces"].to_dict() == facts["content_mix"]["counted"]["from_2026"]
    assert result.verdict is Verdict.WATCH
    change = lines.loc["marketing"]
    planted = facts["content_mix"]["planted"]
    moved = planted["from_2026"]["marketing"] - planted["before"]["marketing"]
    assert change["change_ci_lower"] < moved < change["change_ci_upper"]


def test_mix_of_ev_scooter(scooter) -> None:
    """All posts: .52 v .3 marketing; the deviation is .22."""
    base, facts = scooter
    result = touchpoints.measure_content_mix(base, settings(content_period_days=3650))
    lines = result.table[result.table["touchpoint"] == "all"].set_index("purpose")
    counted = facts["content_mix"]["counted"]
    assert lines["pieces"].to_dict() == counted["by_purpose"]
    whole = result.tables["touchpoints"].set_index("touchpoint").loc["all"]
    assert whole["deviation"] == pytest.approx(counted["deviation"])


def test_groups_of_camel_milk(milk) -> None:
    """Shares by size over all days of the groups, those beyond their plan, and the fading."""
    base, facts = milk
    rules = settings(group_window_days=365, group_size_bands=[100, 200])
    result = touchpoints.measure_group_health(base, rules)
    counted = facts["group_activity"]["counted"]
    assert result.figures["overdue_groups"] == len(counted["groups_beyond_plan"])
    assert result.figures["age_slope_ci_upper"] < 0
    assert result.figures["size_slope_ci_upper"] < 0


def test_groups_of_ev_scooter(scooter) -> None:
    base, facts = scooter
    result = touchpoints.measure_group_health(base, settings(group_age_bands=[30, 90]))
    counted = facts["group_activity"]["counted"]
    ages = result.table[result.table["kind"] == "group_age"].set_index("band")["active_share"]
    expected = counted["by_age_days"]
    assert ages["0-29"] == pytest.approx(expected["below_30"]["share"], abs=1e-6)
    assert ages["30-89"] == pytest.approx(expected["30_to_89"]["share"], abs=1e-6)
    assert ages["90+"] == pytest.approx(expected["from_90"]["share"], abs=1e-6)
    figures = result.figures
    assert figures["silent_groups"] == len(counted["silent_for_14_days"])
    assert figures["overdue_groups"] == len(counted["older_than_planned"])
    alive = figures["overdue_groups"] - figures["overdue_silent_groups"]
    assert alive == len(counted["alive_beyond_plan"])


def test_replies_of_camel_milk(milk) -> None:
    """Weighted by the chats of the day; the plain mean of days misses."""
    base, facts = milk
    figures = touchpoints.measure_staff_capacity(base, settings(reply_window_days=400)).figures
    fact = facts["reply_time"]
    assert 60 * figures["reply_minutes"] == pytest.approx(fact["counted"]["first_reply_seconds"])
    naive = 60 * figures["reply_minutes_unweighted"]
    assert naive == pytest.approx(fact["naive"]["first_reply_seconds"])


def test_replies_of_ev_scooter(scooter) -> None:
    """Two members of staff are slow; weighted by chats the mean is twice the mean of members.

    The fact times every message of a customer, the package each chat, so that they agree closely
    and not to the second.
    """
    base, facts = scooter
    result = touchpoints.measure_staff_capacity(base, settings(reply_window_days=3650))
    fact = facts["reply_time"]
    seconds = 60 * result.figures["reply_minutes"]
    assert seconds == pytest.approx(fact["counted"]["mean_seconds"], rel=0.03)
    assert seconds > 1.8 * fact["naive"]["mean_of_staff_means"]
    over = result.table[result.table["overloaded"] == "true"]["staff"]
    assert set(over) - {"all"} == {"hq03", "hq04"}


def test_combination_of_ev_scooter(scooter) -> None:
    """Group and live together: 125 orders after both in the 7 days before, far above chance."""
    base, facts = scooter
    rules = settings(combination_days=7, combination_period_days=3650)
    result = touchpoints.measure_combinations(base, rules)
    pairs = result.tables["pairs"]
    pair = pairs[pairs["set"].isin(["group+live", "live+group"])].iloc[0]
    counted = facts["combination"]["counted"]["orders_with_a_touch_of_the_customer"]
    assert pair["orders"] == counted["both"]
    assert pair["ratio_ci_lower"] > 1.5
    assert pair["stands_out"] == "true"
