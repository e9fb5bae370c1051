"""Who buys when: a first order, a quota of people who come back, lognormal gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ..draws import quota_flags, quota_lognormal, stream
from . import plan


def make_purchases(people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchase days of every buyer, and the share that comes back by period and channel.

    Returns:
        Days (person, nth, day, gap), also beyond the export, so that the true gaps are known;
        and rates (period, channel, buyers, comeback): the planted parameters.
    """
    rng = stream(plan.SEED, "purchases")
    buyers = people[people["first_day"] >= 0].copy()
    buyers["period"] = np.where(buyers["first_day"] < plan.PUSH_DAY, "early", "late")
    rates = _rates(buyers)
    back = _who_returns(rng, buyers, rates)
    days = [_days(buyers["person"].to_numpy(), 1, buyers["first_day"].to_numpy(), -1)]
    days += _repeats(rng, buyers.loc[back, "person"], buyers.loc[back, "first_day"])
    return pd.concat(days, ignore_index=True), rates


def within_90_days() -> float:
    """Share of the gaps of at most 90 days."""
    return float(ndtr(np.log(90.5 / plan.GAP_MEDIAN) / plan.GAP_SIGMA))


def _rates(buyers: pd.DataFrame) -> pd.DataFrame:
    """Come-back share by period and channel; unnamed channels are scaled to the period's total."""
    rates = buyers.groupby(["period", "channel"]).size().rename("buyers").reset_index()
    fixed = rates["channel"].map(plan.SECOND_90_DAYS) / within_90_days()
    base = rates["channel"].map(plan.COMEBACK_OTHERS)
    total = {"early": plan.COMEBACK_EARLY, "late": plan.COMEBACK_LATE}
    for period, rows in rates.groupby("period").groups.items():
        size = rates.loc[rows, "buyers"]
        missing = total[period] * size.sum() - (fixed[rows] * size).sum()
        base.loc[rows] *= missing / (base[rows] * size).sum()
    return rates.assign(comeback=fixed.fillna(base))


def _who_returns(rng: np.random.Generator, buyers: pd.DataFrame, rates: pd.DataFrame):
    back = pd.Series(False, index=buyers.index)
    share = rates.set_index(["period", "channel"])["comeback"]
    for key, rows in buyers.groupby(["period", "channel"]).groups.items():
        back[rows] = quota_flags(rng, len(rows), share[key])
    return back


def _repeats(rng: np.random.Generator, person: pd.Series, first: pd.Series) -> list[pd.DataFrame]:
    """The second, third, ... purchase days, until nobody is left inside the export."""
    person, day, nth, found = person.to_numpy(), first.to_numpy(), 2, []
    while len(person):
        gap = quota_lognormal(rng, len(person), plan.GAP_MEDIAN, plan.GAP_SIGMA)
        gap = np.maximum(np.round(gap), 1).astype(int)
        day = day + gap
        found.append(_days(person, nth, day, gap))
        stays = quota_flags(rng, len(person), plan.COMEBACK_LATER) & (day <= plan.EXPORTED_DAY)
        person, day, nth = person[stays], day[stays], nth + 1
    return found


def _days(person: np.ndarray, nth: int, day: np.ndarray, gap: np.ndarray | int) -> pd.DataFrame:
    return pd.DataFrame({"person": person, "nth": nth, "day": day, "gap": gap})
