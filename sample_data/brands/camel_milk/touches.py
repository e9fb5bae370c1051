"""What passed between brand and people: pushes, articles, care, clicks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, stream
from . import plan
from .friends import Friends

_WEEK_SECONDS = 7 * 86_400
_COLUMNS = [
    "person", "known_by", "occurred_at", "touchpoint", "action", "direction", "purpose",
    "has_purchase_link", "content_id", "campaign_id", "staff_id",
]  # fmt: skip


def make_touches(
    friends: Friends, followers: pd.DataFrame, repeats: pd.DataFrame, linked: pd.DataFrame
) -> pd.DataFrame:
    """All touches, topped up so that TOUCHED_REPEATS of the repeat orders follow one.

    Args:
        friends: Contacts, campaigns and who got which.
        followers: Followers with the person behind each.
        repeats: Repeat orders up to as_of (person, day, paid_at).
        linked: By person, whether ``contact`` and ``follower`` rows can be stitched to the orders.
    """
    rng = stream(plan.SEED, "touches")
    pushes = _pushes(friends)
    parts = [pushes, _second_pieces(rng, pushes), _care(rng, friends), _articles(rng, followers)]
    brand = pd.concat(parts, ignore_index=True)
    brand = pd.concat([brand, _top_up(rng, brand, friends, repeats, linked)], ignore_index=True)
    rows = pd.concat([brand, _clicks(rng, pushes), _after(rng, friends)], ignore_index=True)
    return rows[_COLUMNS].sort_values(["occurred_at", "person", "action"], ignore_index=True)


def follows_touch(orders: pd.DataFrame, touches: pd.DataFrame) -> np.ndarray:
    """Whether a touch of the same person lies at most seven days before each order."""
    span = 1 << 40
    told = np.sort(touches["person"].to_numpy() * span + _seconds(touches["occurred_at"]))
    asked = orders["person"].to_numpy().astype("int64") * span + _seconds(orders["paid_at"])
    last = np.searchsorted(told, asked, side="right") - 1
    return (last >= 0) & (asked - told[np.maximum(last, 0)] <= _WEEK_SECONDS)


def _seconds(times: pd.Series) -> np.ndarray:
    return times.to_numpy().astype("datetime64[s]").astype("int64")


def _rows(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    base = {"known_by": "external_user_id", "touchpoint": "wecom_chat", "action": "send",
            "direction": "brand", "has_purchase_link": False, "campaign_id": None}  # fmt: skip
    return table.assign(**{**base, **values})


def _staff_at(contacts: pd.DataFrame, time: pd.Series) -> np.ndarray:
    """Who looks after a contact at a time: relations of leaving staff pass to guwen02."""
    staff = contacts["staff_id"].to_numpy(object).copy()
    for name, date in plan.LEAVING.items():
        staff[(staff == name) & (time >= pd.Timestamp(date)).to_numpy()] = "guwen02"
    return staff


def _pushes(friends: Friends) -> pd.DataFrame:
    """One row a contact and purchase-link campaign: all of a campaign in the same second."""
    contact, campaign = np.nonzero(friends.included)
    contacts = friends.people.iloc[contact].reset_index(drop=True)
    sent = friends.campaigns["sent_at"].iloc[campaign].reset_index(drop=True)
    rows = pd.DataFrame({"person": contacts["person"], "occurred_at": sent})
    names = np.array([f"C{number:03d}" for number in range(len(friends.campaigns))], object)
    return _rows(
        rows, purpose="marketing", has_purchase_link=True, campaign_id=names[campaign],
        content_id=names[campaign] + "-link", staff_id=_staff_at(contacts, sent),
    )  # fmt: skip


def _second_pieces(rng: np.random.Generator, pushes: pd.DataFrame) -> pd.DataFrame:
    """Every sixth campaign carries a tip in the same second, for three in ten of its people."""
    number = pushes["campaign_id"].str[1:].astype(int)
    chosen = pushes[(number % 6 == 0).to_numpy() & (rng.random(len(pushes)) < 0.3)]
    return chosen.assign(
        purpose="interaction", has_purchase_link=False, content_id=chosen["campaign_id"] + "-tip"
    )


def _care(rng: np.random.Generator, friends: Friends) -> pd.DataFrame:
    """A feeding tip every fourth week to one contact in seven, no link."""
    found = []
    for week in range(2, plan.WEEKS, 4):
        moment = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * week + 2, hours=19)
        there = _alive(friends.people, moment) & (rng.random(len(friends.people)) < 1 / 7)
        rows = friends.people[there].reset_index(drop=True)
        staff = _staff_at(rows, pd.Series(moment, index=rows.index))
        rows = rows[["person"]].assign(occurred_at=moment, staff_id=staff)
        found.append(_rows(rows, purpose="care", content_id=f"care-{week:02d}"))
    return pd.concat(found, ignore_index=True)


def _alive(contacts: pd.DataFrame, moment: pd.Timestamp) -> pd.Series:
    ended = contacts["removed_at"].le(moment)
    return contacts["added_at"].lt(moment) & ~ended


def _articles(rng: np.random.Generator, followers: pd.DataFrame) -> pd.DataFrame:
    """An article every second Thursday to followers: no purchase link, read by a few."""
    found = []
    for week in range(1, plan.WEEKS, 2):
        moment = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * week + 3, hours=20)
        there = followers["subscribed_at"].lt(moment) & ~followers["unsubscribed_at"].le(moment)
        rows = followers.loc[there, ["person"]].assign(occurred_at=moment)
        common = {"known_by": "open_id", "touchpoint": "service_account", "purpose": "interaction",
                  "content_id": f"article-{week:02d}", "staff_id": None}  # fmt: skip
        found.append(_rows(rows, **common))
        readers = rows[rng.random(len(rows)) < 0.06]
        delay = pd.to_timedelta(rng.integers(60, 100_000, len(readers)), unit="s")
        readers = readers.assign(occurred_at=readers["occurred_at"] + delay)
        found.append(_rows(readers, **common | {"action": "read", "direction": "customer"}))
    return pd.concat(found, ignore_index=True)


def _clicks(rng: np.random.Generator, pushes: pd.DataFrame) -> pd.DataFrame:
    """Clicks on pushed links: 7 % at first, 3 % once pushing is intensified."""
    late = pushes["occurred_at"].ge(pd.Timestamp(plan.PUSH_FROM))
    clicked = pushes[rng.random(len(pushes)) < np.where(late, 0.03, 0.07)]
    delay = pd.to_timedelta(rng.integers(20, 36_000, len(clicked)), unit="s")
    return clicked.assign(
        occurred_at=clicked["occurred_at"] + delay, action="click", direction="customer",
        touchpoint="mini_program",
    )  # fmt: skip


def _after(rng: np.random.Generator, friends: Friends) -> pd.DataFrame:
    """A campaign on the morning after as_of."""
    moment = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1, hours=10)
    there = friends.people[friends.people["removed_at"].isna()]
    rows = there.iloc[rng.permutation(len(there))[:60]].reset_index(drop=True)
    return _rows(
        rows[["person"]].assign(occurred_at=moment), purpose="marketing", has_purchase_link=True,
        campaign_id="C999", content_id="C999-link",
        staff_id=_staff_at(rows, pd.Series(moment, index=rows.index)),
    )  # fmt: skip


def _top_up(rng, brand, friends: Friends, repeats, linked) -> pd.DataFrame:
    """Link-free personal messages before repeat orders, until the planted share follows a touch."""
    contacts = friends.people.set_index("person").reindex(repeats["person"].astype(int))
    open_for = _open_for(repeats, contacts) & linked["contact"].reindex(contacts.index).to_numpy()
    seen = _stitchable(brand[brand["direction"] == "brand"], linked)
    wanted, extra = round(plan.TOUCHED_REPEATS * len(repeats)), []
    while True:
        covered = follows_touch(repeats, pd.concat([seen, *extra]))
        missing = wanted - int(covered.sum())
        if missing <= 0:
            return pd.concat(extra, ignore_index=True)
        spare = np.flatnonzero(open_for & ~covered)
        if len(spare) < missing:
            raise ValueError(f"{missing} repeat orders short of TOUCHED_REPEATS, {len(spare)} open")
        chosen = rng.choice(spare, max(1, missing * 9 // 10), replace=False)
        extra.append(_personal(rng, repeats.iloc[chosen], contacts.iloc[chosen]))


def _open_for(repeats: pd.DataFrame, contacts: pd.DataFrame) -> np.ndarray:
    """Repeat orders of people who are contacts at that time, for a day at least."""
    paid = repeats["paid_at"].to_numpy()
    added = contacts["added_at"].to_numpy() + np.timedelta64(1, "D")
    return (added < paid) & ~(contacts["removed_at"].to_numpy() <= paid)


def _stitchable(touches: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Touches under an identifier that can be stitched to the person's orders."""
    by_contact = touches["known_by"].eq("external_user_id")
    flags = linked.reindex(touches["person"])
    keep = np.where(by_contact, flags["contact"], flags["follower"]).astype(bool)
    return touches[keep]


def _personal(rng: np.random.Generator, orders: pd.DataFrame, contacts: pd.DataFrame):
    """A message of staff, in the daytime, one to six days before each order."""
    days = orders["day"].astype(int).to_numpy() - rng.integers(1, 7, len(orders))
    times = moments(plan.ORIGIN, days, opening_seconds(rng, len(orders), 9, 21)).to_numpy()
    times = np.maximum(times, contacts["added_at"].to_numpy() + np.timedelta64(600, "s"))
    rows = pd.DataFrame({"person": orders["person"].astype(int), "occurred_at": times})
    staff = _staff_at(contacts.reset_index(), pd.Series(times))
    purpose = np.where(rng.random(len(rows)) < 0.6, "care", "daily")
    return _rows(rows, action="message", purpose=purpose, content_id=None, staff_id=staff)
