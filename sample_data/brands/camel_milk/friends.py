"""WeCom relations: who is added by which staff, what is pushed each week, who removes whom.

Weeks run Monday to Sunday. Purchase links go out Monday to Friday; a customer who removes the
staff does so on Saturday or Sunday of that week, with a chance that depends on the links of the
week alone: REMOVAL_BASE * REMOVAL_FACTOR ** links. Links start in the week after adding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, stream
from . import plan

_RELATION = ["person", "staff_id", "added_at", "add_way", "entry_code", "removed_at", "removed_by"]


@dataclass(frozen=True, eq=False)
class Friends:
    """Contacts of the brand.

    Attributes:
        people: One row a contact: person, staff_id (first), added_at, removed_at, removed_by.
        relations: One row a person and staff, second relations and transfers among them.
        campaigns: One row a purchase-link campaign: week, sent_at, share.
        included: Contacts x campaigns: who got it.
        exposure: Contact-weeks at risk: links of the week, removed by the customer in it.
    """

    people: pd.DataFrame
    relations: pd.DataFrame
    campaigns: pd.DataFrame
    included: np.ndarray
    exposure: pd.DataFrame


def make_friends(people: pd.DataFrame) -> Friends:
    """Relations, pushes and removals of everybody who was ever added."""
    rng = stream(plan.SEED, "friends")
    contacts = _added(rng, people[people["added_day"] >= 0])
    campaigns = _campaigns(rng)
    drawn = rng.random((len(contacts), len(campaigns))) < campaigns["share"].to_numpy()
    week = campaigns["week"].to_numpy()
    pushed = drawn & (week > contacts["week"].to_numpy()[:, None])
    staff_week = _staff_removals(rng, contacts)
    alive, removed = _removals(rng, contacts, _links(pushed, week), staff_week)
    included = pushed & alive[:, week]
    exposure = _exposure(_links(included, week), alive, removed)
    contacts = _with_ends(rng, contacts, removed, staff_week)
    return Friends(contacts, _relations(rng, contacts), campaigns, included, exposure)


def _added(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Staff, time and week of adding. Staff who have left are given nobody."""
    contacts = people[["person", "channel", "added_day"]].reset_index(drop=True)
    staff = quota_choice(rng, len(contacts), plan.STAFF)
    for name, date in plan.LEAVING.items():
        staff[(staff == name) & (contacts["added_day"] >= plan.day(date)).to_numpy()] = "guwen01"
    seconds = opening_seconds(rng, len(contacts), 8, 20)
    added = moments(plan.ORIGIN, contacts["added_day"], seconds)
    week = (contacts["added_day"] - plan.WEEK_ZERO_DAY) // 7
    return contacts.assign(staff_id=staff, added_at=added, week=week)


def _campaigns(rng: np.random.Generator) -> pd.DataFrame:
    """One purchase-link campaign a week, three from PUSH_FROM on; a time each, on the second."""
    push_week = -((plan.WEEK_ZERO_DAY - plan.PUSH_DAY) // 7)
    counts = np.where(np.arange(plan.WEEKS) < push_week, plan.SENDS_EARLY, plan.SENDS_LATE)
    week = np.repeat(np.arange(plan.WEEKS), counts)
    late = week >= push_week
    share = np.where(late, rng.uniform(0.15, 0.6, len(week)), rng.uniform(0.3, 0.6, len(week)))
    weekday = rng.integers(0, 5, len(week))
    hour = rng.choice([10, 12, 15, 20], len(week))
    second = hour * 3600 + 60 * np.arange(len(week)) % 1800
    sent = moments(plan.WEEK_ZERO, 7 * week + weekday, second)
    return pd.DataFrame({"week": week, "sent_at": sent, "share": share}).sort_values(
        "sent_at", ignore_index=True
    )


def _links(included: np.ndarray, week: np.ndarray) -> np.ndarray:
    """Contacts x weeks: purchase links of the week."""
    links = np.zeros((len(included), plan.WEEKS), int)
    for column, number in enumerate(week):
        links[:, number] += included[:, column]
    return links


def _staff_removals(rng: np.random.Generator, contacts: pd.DataFrame) -> np.ndarray:
    """The week in which staff delete a contact, for a few; WEEKS where they never do."""
    weeks = np.full(len(contacts), plan.WEEKS)
    old_enough = np.flatnonzero(contacts["week"] < plan.WEEKS - 4)
    chosen = rng.choice(old_enough, plan.STAFF_REMOVALS, replace=False)
    weeks[chosen] = rng.integers(contacts["week"].to_numpy()[chosen] + 2, plan.WEEKS)
    return weeks


def _removals(rng, contacts, links, staff_week) -> tuple[np.ndarray, np.ndarray]:
    """Contacts x weeks at risk, and the week of removal by the customer (WEEKS: never).

    Who goes is drawn, how many go is not: each week and number of links gives its hazard's share.
    """
    weeks = np.arange(plan.WEEKS)
    there = (weeks >= contacts["week"].to_numpy()[:, None]) & (weeks < staff_week[:, None])
    removed = np.full(len(contacts), plan.WEEKS)
    owed = np.zeros(links.max() + 1)  # removals due by the hazard and not yet made, by links
    for week in weeks:
        for number in range(len(owed)):
            at_risk = there[:, week] & (removed == plan.WEEKS) & (links[:, week] == number)
            owed[number] += at_risk.sum() * plan.REMOVAL_BASE * plan.REMOVAL_FACTOR**number
            due = min(int(owed[number]), int(at_risk.sum()))
            removed[rng.choice(np.flatnonzero(at_risk), due, replace=False)] = week
            owed[number] -= due
    return there & (weeks <= removed[:, None]), removed


def _exposure(links: np.ndarray, alive: np.ndarray, removed: np.ndarray) -> pd.DataFrame:
    contact, week = np.nonzero(alive)
    gone = removed[contact] == week
    return pd.DataFrame({"contact": contact, "links": links[contact, week], "removed": gone})


def _with_ends(rng, contacts: pd.DataFrame, removed, staff_week) -> pd.DataFrame:
    """Removal times: weekends for customers, Monday 08:00 for staff, a few after as_of."""
    size = len(contacts)
    by_customer = removed < plan.WEEKS
    by_staff = ~by_customer & (staff_week < plan.WEEKS)
    weekday = rng.integers(5, 7, size)
    second = opening_seconds(rng, size, 9, 21)
    same_week = removed == contacts["week"].to_numpy()  # added late in the week: Sunday night
    weekday, second = np.where(same_week, 6, weekday), np.where(same_week, 80_000, second)
    ends = np.where(by_customer, plan.WEEK_ZERO_DAY + 7 * removed + weekday, -1)
    ends = np.where(by_staff, plan.WEEK_ZERO_DAY + 7 * staff_week, ends)
    second = np.where(by_staff, 8 * 3600, second)
    late = rng.choice(np.flatnonzero(ends < 0), plan.REMOVED_AFTER_AS_OF, replace=False)
    ends[late] = plan.AS_OF_DAY + 1 + np.arange(len(late)) % 3
    who = np.where(by_staff, "staff", "customer").astype(object)
    who[ends < 0] = None
    return contacts.assign(removed_at=moments(plan.ORIGIN, ends, second), removed_by=who)


def _relations(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """First relations, transfers from leaving staff, second relations, some after as_of."""
    way = contacts["channel"].map(ADD_WAY)
    first = contacts.assign(add_way=way, entry_code=contacts["channel"])
    moved = [_transfer(first, name, date) for name, date in plan.LEAVING.items()]
    for old, _ in moved:
        first.loc[old, "removed_at"] = pd.Timestamp(plan.LEAVING[first.loc[old[0], "staff_id"]])
        first.loc[old, "removed_at"] += pd.Timedelta(hours=8, minutes=30)
        first.loc[old, "removed_by"] = "transfer"
    second = _second_staff(rng, contacts, set(np.concatenate([old for old, _ in moved])))
    rows = pd.concat([first, *(new for _, new in moved), second])[_RELATION]
    return rows.sort_values(["added_at", "person"], ignore_index=True)


def _transfer(first: pd.DataFrame, staff: str, date: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Index of the relations that ``staff`` hands over, and the relations that follow them."""
    moment = pd.Timestamp(date) + pd.Timedelta(hours=8, minutes=30)
    there = first["removed_at"].isna() | (first["removed_at"] > moment)
    rows = first[first["staff_id"].eq(staff) & first["added_at"].lt(moment) & there]
    new = rows.assign(staff_id="guwen02", added_at=moment, add_way="管理员分配", entry_code=None)
    return rows.index.to_numpy(), new


def _second_staff(rng: np.random.Generator, contacts: pd.DataFrame, moved: set) -> pd.DataFrame:
    """Second relations of some contacts; they end when the first ends."""
    stays = contacts[~contacts.index.isin(moved) & ~contacts["removed_by"].eq("staff")]
    chosen = stays.iloc[rng.permutation(len(stays))[: round(plan.SECOND_STAFF * len(stays))]]
    later = chosen["added_at"] + pd.to_timedelta(rng.integers(1, 60, len(chosen)), unit="D")
    as_of = pd.Timestamp(plan.AS_OF)
    inside = later.lt(chosen["removed_at"].fillna(as_of)) & later.lt(as_of)
    after = contacts[contacts["removed_by"].isna() & ~contacts.index.isin(chosen.index)]
    after = after.iloc[rng.permutation(len(after))[: plan.CONTACTS_AFTER_AS_OF]]
    june = as_of + pd.to_timedelta(34 + 5 * np.arange(len(after)), unit="h")
    rows = pd.concat([chosen.assign(added_at=later)[inside], after.assign(added_at=june)])
    other = np.where(rows["staff_id"].eq("guwen01"), "guwen03", "guwen01")
    ends = rows["removed_at"] + pd.Timedelta(minutes=2)
    return rows.assign(staff_id=other, removed_at=ends, add_way="名片分享", entry_code=None)


ADD_WAY = {
    "parcel_card": "扫描二维码",
    "live_room": "视频号主页添加",
    "service_account": "来自微信的添加好友申请",
    "referral": "名片分享",
    "lead_gift": "获客链接",
    "old_buyer_sms": "搜索手机号",
}
