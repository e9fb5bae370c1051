"""What passed between brand and people: links, chats, articles, visits, groups, live."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan
from .friends import Friends

_COLUMNS = [
    "person", "known_by", "occurred_at", "touchpoint", "action", "direction", "purpose",
    "has_purchase_link", "content_id", "campaign_id", "group_id", "staff_id",
]  # fmt: skip
_ARTICLES, _READERS, _READ = 20, 2_000, 0.07
_LIKES, _WATCHED, _GROUP_TALK = 8_000, 4_000, 5_000  # background, by active contacts


def make_touches(friends: Friends, orders: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """All touches in order of time.

    Args:
        friends: Contacts, links, broadcasts.
        orders: True orders (person, kind, status, paid_at, friend).
        ends: Followers' times: subscribed_at, visited_at, unsubscribed_at by person.
    """
    rng = stream(plan.SEED, "touches")
    contacts = friends.people
    links = _links(friends)
    clicks = _clicks(rng, links, contacts)
    parts = [
        links, _broadcasts(friends), clicks, _visits_after(rng, clicks), *_chats(rng, contacts),
        *_articles(rng, ends), _visits(rng, ends), *_background(rng, contacts, orders),
        *_sets(rng, contacts, orders), _after(rng, contacts),
    ]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    return rows[_COLUMNS].sort_values(["occurred_at", "person", "action"], ignore_index=True)


def _rows(person, occurred_at, **values: object) -> pd.DataFrame:
    base = {"known_by": "external_user_id", "touchpoint": "wecom_chat", "action": "send",
            "direction": "brand", "purpose": None, "has_purchase_link": False, "content_id": None,
            "campaign_id": None, "group_id": None, "staff_id": None}  # fmt: skip
    start = pd.DataFrame({"person": np.asarray(person), "occurred_at": np.asarray(occurred_at)})
    return start.assign(**{**base, **values})


def staff_at(contacts: pd.DataFrame, times: pd.Series) -> np.ndarray:
    """Who looks after each contact at a time: the leaver's relations pass to the heir."""
    staff = contacts["staff_id"].to_numpy(object).copy()
    left = np.asarray(times) >= np.datetime64(pd.Timestamp(plan.LEAVES))
    staff[(staff == plan.LEAVER) & left] = plan.HEIR
    return staff


def _links(friends: Friends) -> pd.DataFrame:
    links = friends.links
    rows = friends.people.iloc[links["contact"]].reset_index(drop=True)
    week, slot = links["week"].to_numpy(), links["slot"].to_numpy()
    name = np.array([f"L{w:02d}{s + 1}" for w, s in zip(week, slot, strict=True)], object)
    return _rows(
        rows["person"], links["sent_at"], purpose="marketing", has_purchase_link=True,
        content_id=name, campaign_id=name, staff_id=staff_at(rows, links["sent_at"]),
    )  # fmt: skip


def _broadcasts(friends: Friends) -> pd.DataFrame:
    sent = friends.broadcasts
    rows = friends.people.iloc[sent["contact"]].reset_index(drop=True)
    hard = sent["name"].eq(plan.BAD_BROADCAST)
    return _rows(
        rows["person"], sent["sent_at"], purpose=np.where(hard, "marketing", "interaction"),
        content_id=sent["name"].to_numpy(), campaign_id=sent["name"].to_numpy(),
        staff_id=staff_at(rows, sent["sent_at"]),
    )  # fmt: skip


def _clicks(rng: np.random.Generator, links: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Clicks by quota in each kind of person and number of the link; all within 20 hours."""
    rows = links.sort_values(["person", "occurred_at"], ignore_index=True)
    number = rows.groupby("person").cumcount().clip(upper=len(plan.CLICK_DECAY) - 1).to_numpy()
    of = contacts.set_index("person").loc[rows["person"]]
    active = of["active"].to_numpy()
    clicked = np.zeros(len(rows), bool)
    for kind, first in ((True, plan.CLICK_ACTIVE), (False, plan.CLICK_QUIET)):
        for at, decay in enumerate(plan.CLICK_DECAY):
            cell = np.flatnonzero((active == kind) & (number == at))
            clicked[cell] = quota_flags(rng, len(cell), first * decay)
    seconds = np.minimum(rng.exponential(9_000, len(rows)) + 15, 72_000).astype(int)
    time = rows["occurred_at"] + pd.to_timedelta(seconds, unit="s")
    gone = (of["removed_at"].to_numpy() <= time.to_numpy()) & clicked
    time = time.mask(gone, rows["occurred_at"] + pd.Timedelta(seconds=240))
    return rows.assign(occurred_at=time, action="click", direction="customer")[clicked]


def _visits_after(rng: np.random.Generator, clicks: pd.DataFrame) -> pd.DataFrame:
    """The mini program opened within two minutes of three clicks in ten."""
    rows = clicks[rng.random(len(clicks)) < 0.3]
    time = rows["occurred_at"] + pd.to_timedelta(rng.integers(2, 120, len(rows)), unit="s")
    return _rows(rows["person"], time, touchpoint="mini_program", action="visit",
                 direction="customer")  # fmt: skip


def _chats(rng: np.random.Generator, contacts: pd.DataFrame) -> list[pd.DataFrame]:
    """A message a week from every active contact, Tuesday to Sunday, and the reply to most."""
    rows = contacts[contacts["active"]]
    weeks = (rows["added_day"].to_numpy() - plan.WEEK_ZERO_DAY) // 7
    count = np.maximum(plan.WEEKS - 1 - weeks, 0)
    rows = rows.iloc[np.repeat(np.arange(len(rows)), count)].reset_index(drop=True)
    first = np.repeat(weeks + 1, count)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    days = plan.WEEK_ZERO_DAY + 7 * (first + nth) + rng.integers(1, 7, len(rows))
    asked = moments(plan.ORIGIN, days, opening_seconds(rng, len(rows), 9, 20))
    there = ~(rows["removed_at"] <= asked)
    rows, asked = rows[there].reset_index(drop=True), asked[there].reset_index(drop=True)
    staff = staff_at(rows, asked)
    messages = _rows(rows["person"], asked, action="message", direction="customer", staff_id=staff)
    minutes = pd.Series(staff).map(reply_minutes()).to_numpy() * rng.uniform(0.3, 1.7, len(rows))
    answered = asked + pd.to_timedelta((minutes * 60).round().astype(int), unit="s")
    replied = (rng.random(len(rows)) < plan.REPLIED) & ~(rows["removed_at"] <= answered).to_numpy()
    purpose = quota_choice(rng, len(rows), {"care": 0.7, "daily": 0.3})
    replies = _rows(rows["person"], answered, action="message", purpose=purpose, staff_id=staff)
    return [messages, replies[replied]]


def reply_minutes() -> dict[str, float]:
    """Mean minutes to the first reply by staff."""
    dealers = {f"dl{d[1:]}": m for d, m in zip(plan.DEALERS, plan.DEALER_REPLY, strict=True)}
    return {name: minutes for name, (_, minutes) in plan.HQ.items()} | dealers


def _articles(rng: np.random.Generator, ends: pd.DataFrame) -> list[pd.DataFrame]:
    """Every second Wednesday an article to some followers who opened the mini program."""
    found = []
    for number in range(_ARTICLES):
        moment = pd.Timestamp("2025-10-08 20:00") + pd.Timedelta(days=13 * number + number // 7)
        there = ends[(ends["visited_at"] < moment) & ~(ends["unsubscribed_at"] <= moment)]
        chosen = np.sort(rng.choice(len(there), min(_READERS, len(there) // 2), replace=False))
        person = there["person"].to_numpy()[chosen]
        common = {"known_by": "open_id", "touchpoint": "service_account", "purpose": "care",
                  "content_id": f"A{number + 1:02d}"}  # fmt: skip
        found.append(_rows(person, np.full(len(person), moment), **common))
        readers = person[rng.random(len(person)) < _READ]
        time = moment + pd.to_timedelta(rng.integers(40, 90_000, len(readers)), unit="s")
        found.append(_rows(readers, time, **common | {"action": "read", "direction": "customer"}))
    return found


def _visits(rng: np.random.Generator, ends: pd.DataFrame) -> pd.DataFrame:
    """First visits of the mini program, and second ones of a few."""
    rows = ends[ends["visited_at"].notna()]
    again = rows[rng.random(len(rows)) < 0.12]
    later = again["visited_at"] + pd.to_timedelta(
        rng.integers(3_600, 900_000, len(again)), unit="s"
    )
    late = later >= pd.Timestamp(plan.AS_OF)
    person = np.concatenate([rows["person"], again["person"][~late]])
    time = np.concatenate([rows["visited_at"], later[~late]])
    return _rows(person, time, known_by="open_id", touchpoint="mini_program", action="visit",
                 direction="customer")  # fmt: skip


def _background(rng: np.random.Generator, contacts: pd.DataFrame, orders: pd.DataFrame):
    """Likes, live, Channels and group talk of active contacts who never order accessories."""
    buyers = set(orders.loc[orders["kind"].ne("scooter"), "person"])
    pool = contacts[contacts["active"] & ~contacts["person"].isin(buyers)]
    for touchpoint, action, size, hours in (
        ("moments", "like", _LIKES, (8, 23)),
        ("live", "watch", _WATCHED, (20, 22)),
        ("channels", "watch", _WATCHED, (11, 23)),
        ("group", "message", _GROUP_TALK, (9, 22)),
    ):
        rows = pool.iloc[rng.integers(0, len(pool), size)].reset_index(drop=True)
        last = (rows["removed_at"].fillna(pd.Timestamp(plan.AS_OF))).dt.normalize()
        last = (last - pd.Timestamp(plan.ORIGIN)).dt.days.clip(upper=plan.AS_OF_DAY).to_numpy()
        first = rows["added_day"].to_numpy() + 1
        room = last - first
        days = first + np.floor(rng.random(size) * np.maximum(room, 0)).astype(int)
        time = moments(plan.ORIGIN, days, opening_seconds(rng, size, *hours))
        good = (room > 0) & ~(rows["removed_at"] <= time).to_numpy()
        group = _groups(rng, size) if touchpoint == "group" else None
        made = _rows(rows["person"], time, touchpoint=touchpoint, action=action,
                     direction="customer", group_id=group)  # fmt: skip
        yield made[good]


def _groups(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.array([f"G{number:02d}" for number in rng.integers(1, plan.GROUPS + 1, size)], object)


def _sets(rng: np.random.Generator, contacts: pd.DataFrame, orders: pd.DataFrame):
    """Group talk and live before accessory orders of friends: together more often than apart."""
    rows = orders[orders["kind"].eq("accessory") & orders["status"].eq("paid") & orders["friend"]]
    rows = rows[rows["day"] <= plan.AS_OF_DAY]
    of = contacts.set_index("person").loc[rows["person"]]
    since = rows["paid_at"].to_numpy() - of["added_at"].to_numpy()
    rows = rows[since > np.timedelta64(plan.SET_DAYS + 1, "D")]
    none = 1 - plan.BOTH - plan.GROUP_ONLY - plan.LIVE_ONLY
    kinds = {"both": plan.BOTH, "group": plan.GROUP_ONLY, "live": plan.LIVE_ONLY, "": none}
    kind = quota_choice(rng, len(rows), kinds)
    for touchpoint, action, hours in (("group", "message", (9, 20)), ("live", "watch", (20, 22))):
        chosen = rows[(kind == touchpoint) | (kind == "both")]
        days = chosen["day"].to_numpy() - rng.integers(1, plan.SET_DAYS, len(chosen))
        time = moments(plan.ORIGIN, days, opening_seconds(rng, len(chosen), *hours))
        group = _groups(rng, len(chosen)) if touchpoint == "group" else None
        yield _rows(chosen["person"], time, touchpoint=touchpoint, action=action,
                    direction="customer", group_id=group)  # fmt: skip


def _after(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """A campaign on the morning behind as_of."""
    moment = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1, hours=10)
    there = contacts[contacts["removed_at"].isna()]
    rows = there.iloc[rng.permutation(len(there))[:60]].reset_index(drop=True)
    times = pd.Series(moment, index=rows.index)
    return _rows(rows["person"], times, purpose="marketing", has_purchase_link=True,
                 content_id="L999", campaign_id="L999", staff_id=staff_at(rows, times))  # fmt: skip
