"""Test rides wanted: leads, the dealers who get them, and the staff."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import opening_seconds, quota_choice, quota_flags, quota_lognormal, stream
from . import plan

_HOUR = 3_600


def make_leads(people: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Leads in order of creation, with times as far as they lie before EXPORTED.

    Args:
        people: Everybody.
        times: By person ``lead_at`` and ``bought_at`` of the funnel.
    """
    rng = stream(plan.SEED, "leads")
    rows = pd.concat([_funnel(times), _others(rng, people)], ignore_index=True)
    rows = rows.sort_values(["created_at", "person"], ignore_index=True)
    size = len(rows)
    through = rows["bought_at"].notna().to_numpy()
    qualified = quota_flags(rng, size, plan.QUALIFIED) | through
    assigned = qualified & (quota_flags(rng, size, plan.ASSIGNED) | through)
    rows["qualified_at"] = _later(rng, rows["created_at"], qualified, 3.0)
    rows["assigned_at"] = _later(rng, rows["qualified_at"], assigned, 1.5)
    rows["dealer_id"] = np.where(
        assigned, quota_choice(rng, size, dict.fromkeys(plan.DEALERS, 1.0)), None
    )
    rows["contacted_at"] = rows["assigned_at"] + _hours(rng, rows, assigned)
    rows = _deals(rng, rows, assigned, through)
    return rows.assign(lead_id=[f"K{number:05d}" for number in range(size)])


def _funnel(times: pd.DataFrame) -> pd.DataFrame:
    rows = times[times["lead_at"].notna()]
    return pd.DataFrame(
        {"person": rows["person"], "created_at": rows["lead_at"], "source": "企微试骑预约",
         "bought_at": rows["bought_at"]}
    )  # fmt: skip


def _others(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Leads of the test ride days, and of people known by nothing else."""
    ride = people[people["code"].eq("ride_day")]
    alone = people[people["kind"].eq("lead")]
    day = np.concatenate(
        [ride["added_day"] + rng.integers(1, 4, len(ride)),
         rng.integers(plan.day("2025-09-01"), plan.AS_OF_DAY, len(alone))]
    )  # fmt: skip
    source = np.concatenate(
        [np.full(len(ride), "试骑日", object),
         quota_choice(rng, len(alone), {"抖音表单": 0.5, "官网": 0.3, "垂直媒体": 0.2})]
    )  # fmt: skip
    seconds = opening_seconds(rng, len(day), 9, 20)
    made = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(day * 86_400 + seconds, unit="s")
    person = np.concatenate([ride["person"], alone["person"]])
    return pd.DataFrame({"person": person, "created_at": made, "source": source})


def _later(
    rng: np.random.Generator, start: pd.Series, chosen: np.ndarray, median: float
) -> pd.Series:
    hours = quota_lognormal(rng, len(start), median, 0.6)
    wait = pd.to_timedelta(np.round(hours * _HOUR).astype(int), unit="s")
    return (start + wait).where(chosen)


def _hours(rng: np.random.Generator, rows: pd.DataFrame, assigned: np.ndarray) -> pd.Series:
    """Wait from assigned to contacted: the same distribution at every dealer but the slow one."""
    hours = np.zeros(len(rows))
    for dealer in plan.DEALERS:
        cell = np.flatnonzero(rows["dealer_id"].eq(dealer).to_numpy())
        median = plan.SLOW_HOURS if dealer == plan.SLOW_DEALER else plan.CONTACT_HOURS
        hours[cell] = quota_lognormal(rng, len(cell), median, plan.CONTACT_SIGMA)
    wait = pd.Series(pd.to_timedelta(np.round(hours * _HOUR).astype(int), unit="s"), rows.index)
    return wait.where(assigned)


def _deals(rng: np.random.Generator, rows: pd.DataFrame, assigned: np.ndarray, through: np.ndarray):
    """The funnel's scooters, and scooters that dealers sold offline, which no order shows."""
    slow = rows["dealer_id"].eq(plan.SLOW_DEALER).to_numpy()
    sold = np.zeros(len(rows), bool)
    for part, share in ((slow, plan.SLOW_DEAL), (assigned & ~slow, plan.DEAL)):
        cell = np.flatnonzero(part & ~through & rows["source"].ne("企微试骑预约").to_numpy())
        sold[cell] = quota_flags(rng, len(cell), share)
    later = _later(rng, rows["contacted_at"], sold, 90.0)
    # A funnel customer buys when the funnel says; where the dealer was slower than that, they went
    # to the shop without a call.
    deal = later.where(~through, rows["bought_at"])
    called = rows["contacted_at"].where(~through | (rows["contacted_at"] < rows["bought_at"]))
    price = quota_choice(rng, len(rows), {str(row[3]): 1.0 for row in plan.SCOOTERS}).astype(int)
    amount = pd.Series(price, rows.index).where(deal.notna())
    return rows.assign(contacted_at=called, deal_at=deal, deal_amount=amount)


def make_staff() -> pd.DataFrame:
    """Head office and one adviser a dealer; the leaver has left."""
    names = [*plan.HQ, *(f"dl{d[1:]}" for d in plan.DEALERS)]
    dealer = [""] * len(plan.HQ) + list(plan.DEALERS)
    rows = pd.DataFrame({"staff_id": names, "dealer_id": dealer})
    rows["store_id"] = rows["dealer_id"].str.replace("D", "S")
    rows["left_at"] = np.where(rows["staff_id"].eq(plan.LEAVER), plan.LEAVES, "")
    return rows[["staff_id", "store_id", "dealer_id", "left_at"]]
