"""Who there is: followers and how far they go, owners, contacts, phones, leads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_choice, quota_flags, random_ids, stream
from . import plan

DAYS = ("subscribed_day", "visit_day", "added_day", "lead_day", "funnel_day", "owner_day")


def make_people() -> pd.DataFrame:
    """One row a person: kind, code, add_arm, active, and the days of the steps (-1: none).

    ``funnel_day`` is the day of the scooter ordered through the funnel, ``owner_day`` that of a
    person's first scooter, however it was bought. Days up to EXPORTED_DAY.
    """
    rng = stream(plan.SEED, "people")
    owners = _owners(rng)
    leads = pd.DataFrame({"kind": ["lead"] * plan.LEADS_ONLY})
    parts = [_followers(rng), owners, _strangers(rng, owners), _phones(rng), leads]
    people = pd.concat(parts, ignore_index=True).rename_axis("person").reset_index()
    people[list(DAYS)] = people[list(DAYS)].fillna(-1).astype(int)
    people[["code", "add_arm"]] = people[["code", "add_arm"]].fillna("")
    people["owner_day"] = people["owner_day"].where(people["owner_day"] >= 0, people["funnel_day"])
    people["active"] = _active(rng, people)
    return people


def _followers(rng: np.random.Generator) -> pd.DataFrame:
    """Followers with the steps of the funnel; what lies behind as_of has not happened yet."""
    span = plan.AS_OF_DAY - plan.PRIVATE_DAY + 1
    last = plan.PRIVATE_DAY + np.floor(rng.random(plan.FOLLOWERS) * span).astype(int)
    rows = pd.DataFrame({"kind": "follower", "subscribed_day": last})
    there = np.ones(plan.FOLLOWERS, bool)
    steps = zip(
        ("visit_day", "added_day", "lead_day", "funnel_day"), plan.FUNNEL.values(), strict=True
    )
    for name, (share, window, mean) in steps:
        goes = np.zeros(plan.FOLLOWERS, bool)
        goes[there] = quota_flags(rng, int(there.sum()), share)
        delay = 1 + np.minimum(np.floor(rng.exponential(mean, plan.FOLLOWERS)), window - 2)
        last = last + delay.astype(int)
        there = goes & (last <= plan.AS_OF_DAY)
        rows[name] = np.where(there, last, -1)
    return rows.assign(code=np.where(rows["added_day"] >= 0, "menu_sa", ""))


def _owners(rng: np.random.Generator) -> pd.DataFrame:
    """Shop buyers; some scan the dealer's code or the card in the parcel later."""
    days = np.arange(plan.AS_OF_DAY)
    weekday = (pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(days, unit="D")).day_of_week
    weight = np.where(weekday >= 5, plan.WEEKEND, 1.0)
    bought = np.sort(rng.choice(days, plan.OWNERS, p=weight / weight.sum()))
    rows = pd.DataFrame({"kind": "owner", "owner_day": bought, "code": "", "added_day": -1})
    free = rng.permutation(plan.OWNERS)
    for code, share in plan.OWNER_CODES.items():
        size = round(share * plan.CONTACTS[code])
        chosen, free = free[:size], free[size:]
        chosen = chosen[(rows.loc[chosen, "owner_day"] + 2 <= plan.AS_OF_DAY).to_numpy()]
        start = np.maximum(rows.loc[chosen, "owner_day"] + 2, plan.PRIVATE_DAY)
        rows.loc[chosen, "added_day"] = rng.integers(start, plan.AS_OF_DAY, endpoint=True)
        rows.loc[chosen, "code"] = code
    return rows


def _phones(rng: np.random.Generator) -> pd.DataFrame:
    """The crowd of the add test: arm, and who adds the brand within three days."""
    parts = []
    codes = {"control": "store_qr", "sms": "sms_link", "call_sms": "call_link"}
    for arm, (size, share) in plan.ADD_TEST.items():
        adds = quota_flags(rng, size, share)
        day = plan.day(plan.ADD_TEST_DAY) + rng.choice(4, size, p=[0.55, 0.25, 0.12, 0.08])
        rows = {"kind": "phone", "add_arm": arm, "added_day": np.where(adds, day, -1)}
        parts.append(pd.DataFrame(rows).assign(code=np.where(adds, codes[arm], "")))
    rows = pd.concat(parts, ignore_index=True)
    return rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)


def _strangers(rng: np.random.Generator, owners: pd.DataFrame) -> pd.DataFrame:
    """Contacts who own no scooter when they are added."""
    already = owners["code"].value_counts()
    sizes = {code: size - int(already.get(code, 0)) for code, size in plan.CONTACTS.items()}
    code = rng.permutation(np.repeat(list(sizes), list(sizes.values())).astype(object))
    added = rng.integers(plan.PRIVATE_DAY, plan.AS_OF_DAY, len(code), endpoint=True)
    return pd.DataFrame({"kind": "contact", "code": code, "added_day": added})


def _active(rng: np.random.Generator, people: pd.DataFrame) -> np.ndarray:
    """Who writes every week: the same share of every entry code."""
    active = np.zeros(len(people), bool)
    for rows in people[people["code"] != ""].groupby("code").groups.values():
        active[rows] = quota_flags(rng, len(rows), plan.ACTIVE)
    return active


def make_identifiers(people: pd.DataFrame) -> pd.DataFrame:
    """One row a person: open_id, union_id, external_user_id, phone, member_id where there is one.

    A follower's union_id is known once the mini program was opened. Everybody's rows can be tied
    together: this brand's traps lie elsewhere.
    """
    rng = stream(plan.SEED, "identifiers")
    size = len(people)
    follower, contact = people["kind"].eq("follower"), people["code"].ne("")
    visited, buyer = people["visit_day"].ge(0), people["owner_day"].ge(0)
    phone = buyer | contact | people["kind"].isin(["phone", "lead"])
    ids = pd.DataFrame({"person": people["person"]})
    ids["open_id"] = np.where(follower, random_ids(rng, "oS", size, 10), None)
    ids["union_id"] = np.where(visited | contact, random_ids(rng, "oU", size, 10), None)
    ids["external_user_id"] = np.where(contact, random_ids(rng, "wm", size, 12), None)
    numbers = np.array([f"199000{number:05d}" for number in 10_000 + rng.permutation(size)], object)
    ids["phone"] = np.where(phone, numbers, None)
    member = np.where(buyer, quota_flags(rng, size, 0.7), contact & quota_flags(rng, size, 0.2))
    member = member.astype(bool) | people["kind"].eq("phone") & quota_flags(rng, size, 0.3)
    member |= people["code"].eq(plan.BAD_CODE)  # who was invited is registered at once
    ids["member_id"] = np.where(
        member, [f"YT{n:06d}" for n in rng.permutation(900_000)[:size]], None
    )
    return ids


def customer_ids(person: pd.Series) -> list[str]:
    """Numbers of the brand's own customer register, which members and invitations show."""
    return [f"C{number:05d}" for number in person]


def make_members(people: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    """The members table; people join on the evening of their first scooter or of being added."""
    rng = stream(plan.SEED, "members")
    rows = people[ids["member_id"].notna()]
    size = len(rows)
    start = rows[["owner_day", "added_day"]].where(lambda d: d >= 0).min(axis=1)
    day = start.fillna(pd.Series(rng.integers(0, plan.AS_OF_DAY, size), index=rows.index))
    seconds = rng.integers(22 * 3600, 24 * 3600, size)  # behind the order and the adding
    stamp = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(day * 86_400 + seconds, unit="s")
    known = ids.loc[rows.index]
    shares = {"普通": 0.62, "银骑士": 0.26, "金骑士": 0.12}
    cities = {"杭州": 3, "无锡": 3, "台州": 2, "郑州": 2, "南宁": 2, "成都": 2, "西安": 1}
    owner = rows["owner_day"].ge(0).to_numpy()
    tier = np.where(owner, quota_choice(rng, size, shares), "普通")
    return pd.DataFrame(
        {
            "member_id": known["member_id"],
            "customer_id": customer_ids(rows["person"]),
            "phone": known["phone"],
            "union_id": known["union_id"],
            "registered_at": stamp.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "tier": tier,
            "points": rng.integers(0, 90, size) * 20,
            "store_id": np.where(owner, rng.choice([f"S{d[1:]}" for d in plan.DEALERS], size), ""),
            "city": quota_choice(rng, size, cities),
        }
    ).sort_values(["registered_at", "member_id"], ignore_index=True)
