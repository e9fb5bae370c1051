"""The order cycle: planted cycles are found, with an interval that holds them."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from privdom_kit.layering.cycle import measure_cycle
from privdom_kit.settings import LayeringSettings

SETTINGS = LayeringSettings()


def cycle_of(days: pd.DataFrame, as_of: int, settings: LayeringSettings = SETTINGS) -> object:
    days = days.drop_duplicates().sort_values(["customer", "day"]).astype("int64")
    days["previous_day"] = days.groupby("customer")["day"].shift(1).astype("Int64")
    people = days.groupby("customer", as_index=False)["day"].max()
    people = people.rename(columns={"day": "last_day"})
    frames = [nw.from_native(frame).lazy() for frame in (days, people)]
    return measure_cycle(*frames, as_of, settings)


def simulate(random: np.random.Generator, people: int, as_of: int = 260) -> pd.DataFrame:
    """First purchases on days 0 to 200; after each, six in ten come back after a gap.

    Gaps are whole days, log-normal with median 60 and a factor of the person's own, so that the
    median gap of those who come back is 60 in the population.
    """
    rows = []
    for customer in range(people):
        day, own = int(random.integers(0, 201)), random.normal(0, 0.3)
        while day <= as_of:
            rows.append((customer, day))
            if random.random() > 0.6:
                break
            day += max(1, int(np.ceil(60 * np.exp(own + random.normal(0, 0.4)))))
    return pd.DataFrame(rows, columns=["customer", "day"])


def test_by_hand() -> None:
    """Four gaps of 10, 20, 30 and 40 days closed, each by one person, then open for 100.

    At risk 8, 7, 6, 5: F = 1/8, 2/8, 3/8, 4/8; half of F(100) = 4/8 is reached at day 20.
    """
    days = pd.DataFrame(
        [(c, d) for c, gap in enumerate((10, 20, 30, 40)) for d in (900 - gap, 900)],
        columns=["customer", "day"],
    )
    settings = LayeringSettings(cycle_min_returns=2, cycle_min_at_risk=2)
    cycle = cycle_of(days, 1000, settings)
    assert (cycle.days, cycle.returns, cycle.gaps, cycle.horizon_days) == (20, 4, 8, 100)
    assert cycle.returned == pytest.approx(0.5)


def test_the_horizon_is_as_long_as_the_data_support() -> None:
    """Ten people, all watched for 50 days at most: nothing can be said of day 51."""
    days = pd.DataFrame({"customer": range(10), "day": 950})
    cycle = cycle_of(days, 1000, LayeringSettings(cycle_min_at_risk=10))
    assert cycle.horizon_days == 50
    assert cycle.days is None


def test_too_few_returns_give_no_cycle_and_a_setting_overrides() -> None:
    days = pd.DataFrame({"customer": [1, 1, 2], "day": [900, 930, 950]})
    assert cycle_of(days, 1000).days is None
    given = cycle_of(days, 1000, LayeringSettings(cycle_days=45))
    assert (given.days, given.lower, given.upper, given.measured) == (45.0, None, None, False)


def test_a_planted_cycle_is_found_where_repeaters_alone_mislead() -> None:
    """Planted median 60; the median over those who came back is too short by censoring."""
    random = np.random.default_rng(60)
    days = simulate(random, 6000)
    cycle = cycle_of(days, 260)
    naive = days.sort_values(["customer", "day"]).groupby("customer")["day"].diff().median()
    assert cycle.lower <= 60 <= cycle.upper
    assert abs(cycle.days - 60) <= 2
    assert naive <= 57


def test_the_interval_covers_the_planted_cycle() -> None:
    """Of 200 simulated brands, 95 % should hold 60; below 180 (90 %) has a chance under 0.3 %."""
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        cycle = cycle_of(simulate(random, 500), 260)
        covered += cycle.lower <= 60 <= (cycle.upper or np.inf)
    assert covered >= 180
