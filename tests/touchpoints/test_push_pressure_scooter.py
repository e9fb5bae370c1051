"""Slope, holdout and fatigue point planted in ev_scooter, recovered from the raw exports."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit import touchpoints
from privdom_kit.results import Verdict

SAMPLE = Path(__file__).parents[2] / "sample_data" / "ev_scooter"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="module")
def opened(sample):
    brand = sample("ev_scooter")
    return brand.client, brand.base


@pytest.fixture(scope="module")
def pressure(sample):
    return sample("ev_scooter").ask(touchpoints, "push_pressure")


def test_the_slope_of_a_brand_whose_active_people_get_most_links(pressure) -> None:
    """Planted 1.3; active people get six times the links and go half as often.

    All contact-weeks together give 1.12, and the interval here excludes that.
    """
    fact, figures = FACTS["push_slope"], pressure.figures
    planted = fact["planted"]["factor_per_link"]
    assert abs(figures["rate_ratio_per_link"] - planted) <= fact["tolerance"]["factor_per_link"]
    lower, upper = (figures[f"rate_ratio_per_link_ci_{end}"] for end in ("lower", "upper"))
    assert lower <= planted <= upper
    assert fact["naive"]["misses"]
    assert fact["naive"]["factor_of_all"] < lower
    added = fact["planted"]["removals_per_further_link"]
    tolerance = fact["tolerance"]["removals_per_further_link"]
    assert abs(figures["risk_difference_per_link"] - added) <= tolerance
    assert pressure.verdict is Verdict.ACT


def test_the_holdout(pressure) -> None:
    """Brute-force counts of the raw files: people and removals of both arms."""
    counted = FACTS["push_holdout"]["counted"]
    table = pressure.tables["holdout"].set_index("arm")
    for arm, name in (("sent_to", "push"), ("held_out", "control")):
        assert table.loc[arm, "people"] == counted[name]["people"]
        assert table.loc[arm, "removals"] == counted[name]["removed"]
    assert pressure.figures["holdout_difference_ci_lower"] > 0


def test_the_fatigue_point(opened) -> None:
    """Below half of the first at message 5, although those who get many click more.

    Everybody together never falls below half within 8: that naive curve misses.
    """
    client, base = opened
    result = touchpoints.measure_fatigue(base, client.settings)
    fact, figures = FACTS["fatigue"], result.figures
    planted = fact["planted"]["fatigue_point"]
    assert figures["fatigue_point"] == planted
    assert figures["fatigue_point_ci_lower"] <= planted <= figures["fatigue_point_ci_upper"]
    assert fact["naive"]["fatigue_point"] is None
    assert result.verdict is Verdict.ACT
