"""The touchpoint without effect that is planted in ev_scooter, recovered from its exports.

Expected numbers are those of sample_data/ev_scooter/facts.yml (``sms_reminder``), counted there by
brute force from the raw files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit import journeys
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

SAMPLE = Path(__file__).parents[2] / "sample_data" / "ev_scooter"
FACT = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]["sms_reminder"]


@pytest.fixture(scope="module")
def base(sample):
    return sample("ev_scooter").base


def test_last_touch_credits_the_reminder_and_removal_less(base) -> None:
    result = journeys.measure_attribution(base, Settings())
    assert result.verdict is Verdict.WATCH
    assert result.figures["overcredited"] == "sms"
    assert result.figures["overcredited_gap_ci_lower"] > 0


def test_its_holdout_shows_no_effect(base) -> None:
    """Orders within 7 days of the planted test, person by person as facts.yml counts them."""
    week = Settings.model_validate({"journeys": {"attribution_days": 7}})
    table = journeys.measure_attribution(base, week).tables["holdouts"]
    row = table[table["test"] == "upkeep_sms_2026"].iloc[0]
    for arm, named in (("sent", "sms"), ("held", "control")):
        counted = FACT["counted"][named]
        assert row[f"{arm}_people"] == counted["people"]
        assert row[f"{arm}_orders"] == counted["ordered_in_7_days"]
    effect = FACT["planted"]["effect"]
    assert row["order_difference"] == pytest.approx(effect, abs=FACT["tolerance"]["effect"])
    assert row["order_difference_ci_lower"] <= effect <= row["order_difference_ci_upper"]
