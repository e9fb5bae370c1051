"""Who there is: channel of entry, day of becoming a contact, day of the first order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_choice, quota_flags, stream
from . import plan


def make_people() -> pd.DataFrame:
    """One row a person: channel, added_day and first_day (-1 where there is none).

    ``channel`` is the entry code of the first contact, or platform_only, follower_only,
    member_only for people who never became contacts.
    """
    rng = stream(plan.SEED, "people")
    platform = _platform_buyers(rng)
    contacts = _contacts(rng)
    people = pd.concat([_win_old_buyers(rng, platform, contacts), *_bystanders()])
    return people.reset_index(drop=True).rename_axis("person").reset_index()


def _platform_buyers(rng: np.random.Generator) -> pd.DataFrame:
    months = pd.period_range(plan.ORIGIN, plan.AS_OF, freq="M")
    counts = [_platform_count(month) for month in months]
    starts = np.repeat([plan.day(str(m.start_time.date())) for m in months], counts)
    first = starts + _brand_days(rng, len(starts))
    return pd.DataFrame({"channel": "platform_only", "added_day": -1, "first_day": first})


def _platform_count(month: pd.Period) -> int:
    if month < pd.Period(plan.WECOM_FROM, "M"):
        return plan.PLATFORM_BEFORE_WECOM
    return plan.PLATFORM_EARLY if month < pd.Period(plan.PUSH_FROM, "M") else plan.PLATFORM_LATE


def _brand_days(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.floor(rng.triangular(*plan.BRAND_DAYS, size)).astype(int) - 1


def _contacts(rng: np.random.Generator) -> pd.DataFrame:
    months = pd.period_range(plan.WECOM_FROM, plan.AS_OF, freq="M")
    return pd.concat([_contacts_of(rng, month) for month in months], ignore_index=True)


def _contacts_of(rng: np.random.Generator, month: pd.Period) -> pd.DataFrame:
    """The new contacts of one month."""
    late = month >= pd.Period(plan.PUSH_FROM, "M")
    size = int(rng.integers(*plan.CONTACTS_A_MONTH, endpoint=True))
    channel = quota_choice(rng, size, plan.SHARES_LATE if late else plan.SHARES_EARLY)
    start = plan.day(str(month.start_time.date()))
    added = start + rng.integers(0, month.days_in_month, size)
    following = start + month.days_in_month
    wanted = _brand_days(rng, size)
    # The first order is on the next brand day: this month's, or the following one's.
    first = np.where(start + wanted >= added, start + wanted, following + wanted)
    first = np.where(_buys(rng, channel, late), first, -1)
    card = channel == "parcel_card"  # the card lies in the parcel: the order comes first
    first = np.where(card, start + wanted, first)
    lag = rng.integers(2, 7, size)
    added = np.where(card, np.minimum(first + lag, following - 1), added)
    first = np.where(first > plan.AS_OF_DAY, -1, first)
    return pd.DataFrame({"channel": channel, "added_day": added, "first_day": first})


def _buys(rng: np.random.Generator, channel: np.ndarray, late: bool) -> np.ndarray:
    """Who of a month's contacts ever places a first order, by quota within the channel."""
    buys = np.zeros(len(channel), bool)
    for name, share in (plan.CONVERSION_LATE if late else plan.CONVERSION_EARLY).items():
        members = np.flatnonzero(channel == name)
        buys[members] = quota_flags(rng, len(members), share)
    return buys


def _win_old_buyers(
    rng: np.random.Generator, platform: pd.DataFrame, contacts: pd.DataFrame
) -> pd.DataFrame:
    """Give the contacts won by SMS to old platform buyers, whatever they bought since."""
    won = contacts["channel"].eq("old_buyer_sms")
    old = np.flatnonzero(platform["first_day"] < plan.WECOM_DAY)
    chosen = rng.choice(old, int(won.sum()), replace=False)
    platform = platform.copy()
    platform.loc[chosen, "channel"] = "old_buyer_sms"
    platform.loc[chosen, "added_day"] = contacts.loc[won, "added_day"].to_numpy()
    return pd.concat([platform, contacts[~won]])


def _bystanders() -> list[pd.DataFrame]:
    """People known only as followers or only as members; they never order."""
    sizes = {"follower_only": plan.FOLLOWERS_ONLY, "member_only": plan.MEMBERS_ONLY}
    return [
        pd.DataFrame({"channel": [name] * size, "added_day": -1, "first_day": -1})
        for name, size in sizes.items()
    ]
