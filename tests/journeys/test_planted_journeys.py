"""What is planted in both brands about stages, feelings and service, recovered from the files.

``planted`` and ``counted`` are those of each brand's facts.yml; its counts are brute force.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from privdom_kit import journeys
from privdom_kit.report.theme import figure_png
from privdom_kit.results import Verdict

SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module", params=["camel_milk", "ev_scooter"])
def brand(request: pytest.FixtureRequest, sample: Callable[[str], SimpleNamespace]):
    """A brand's facts, base and settings."""
    return sample(request.param)


def test_the_moment_of_truth(brand: SimpleNamespace) -> None:
    """The stage planted as the break is found; each mean is within the stated tolerance."""
    fact = brand.facts["moment_of_truth"]
    result = journeys.measure_experience(brand.base, brand.settings)
    assert result.verdict is Verdict.ACT
    assert result.figures["moment_of_truth"] == fact["planted"]["moment_of_truth"]
    scores = result.table.set_index("stage")["score"]
    planted = fact["planted"]["mean_score"]
    assert set(planted) == set(scores.index)
    # An exact mean of answers moves by less than 0.02 where a person who answers twice is one.
    tolerance = fact.get("tolerance", {"mean_score": 0.02})["mean_score"]
    for stage, mean in planted.items():
        assert scores[stage] == pytest.approx(mean, abs=tolerance)


def test_service_recovery(brand: SimpleNamespace) -> None:
    """The planted rates lie within the intervals, and solved people come back more often."""
    planted = brand.facts["service_recovery"]["planted"]
    result = journeys.measure_service_recovery(brand.base, brand.settings)
    assert result.verdict is Verdict.ACT
    table = result.table.set_index("group")
    for group in ("solved", "unsolved"):
        row = table.loc[group]
        assert row["repeat_rate_ci_lower"] <= planted[group] <= row["repeat_rate_ci_upper"]


def test_the_journey_map_of_the_brand_is_light(brand: SimpleNamespace) -> None:
    questions = ("experience", "stages", "pain_points")
    found = [getattr(journeys, f"measure_{q}")(brand.base, brand.settings) for q in questions]
    png = figure_png(journeys.plot_journey_map(*found))
    assert 50_000 < len(png) < 700_000
