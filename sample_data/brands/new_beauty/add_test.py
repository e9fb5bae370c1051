"""The test that brings friends: a call, up to two dials, then a text; a tenth is held back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_choice, stream
from . import plan, wording
from .buying import amounts, spent_before
from .picks import after, known, pick

_HOUR, _DAY = 3_600, 86_400


def make_add_test(people: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Delivery rows of the test, a row a dial; a person's outcomes stand on their last row."""
    rng = stream(plan.SEED, "add test")
    rows = _drawn(rng, people)
    rows = _called(rng, rows)
    rows = _friends(rng, rows)
    rows = _harmed(rng, rows)
    rows = _ordered(rng, rows, people, earlier)
    return _dials(rows)


def _drawn(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Everybody with crowd and arm by quota, and the moment of the first send."""
    parts = []
    for crowd, (size, *_) in plan.ADD_CROWDS.items():
        pool = people.loc[people["group"].eq(crowd), "person"].to_numpy()
        held = round(plan.HOLDOUT_SHARE * size)
        each = (size - held) // len(plan.ADD_ARMS)
        arms = np.repeat([plan.HOLDOUT, *plan.ADD_ARMS], [held, *[each] * len(plan.ADD_ARMS)])
        parts.append(pd.DataFrame({"person": pool, "crowd": crowd, "arm": rng.permutation(arms)}))
    rows = pd.concat(parts, ignore_index=True)
    crowd, arm, missing = plan.NOT_UPLOADED
    cell = np.flatnonzero(rows["crowd"].eq(crowd) & rows["arm"].eq(arm))
    rows = rows.drop(pick(rng, cell, missing)).reset_index(drop=True)
    day = pd.to_datetime(pd.Series(quota_choice(rng, len(rows), plan.ADD_DAYS)))
    second = plan.ADD_HOUR * _HOUR + rng.integers(0, 2 * _HOUR - 60, len(rows))
    return rows.assign(sent_at=day + pd.to_timedelta(second, unit="s"))


def _called(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Both dials of who was called, and the text after the last."""
    size, told = len(rows), rows["arm"].ne(plan.HOLDOUT).to_numpy()
    rows = rows.assign(told=told, last_at=rows["sent_at"], seconds=0)
    open_, at = told, rows["sent_at"]
    for number, shares in enumerate(plan.DIALS, start=1):
        result = np.full(size, "", object)
        result[open_] = quota_choice(rng, int(open_.sum()), shares)
        talk = np.where(result == "talk", rng.integers(*plan.TALK_SECONDS, size), 0)
        talk = np.where(result == "hang", rng.integers(*plan.HANG_SECONDS, size), talk)
        rows[f"dial_{number}"], rows[f"talk_{number}"] = result, talk
        rows[f"at_{number}"] = at.where(open_)
        rows["last_at"] = rows["last_at"].mask(open_, at)
        rows["seconds"] = np.where(open_, talk, rows["seconds"])
        open_ = result == "none"
        again = at.dt.normalize() + pd.Timedelta(days=1, hours=14)
        at = again + pd.to_timedelta(rng.integers(0, 3 * _HOUR, size), unit="s")
    came = np.zeros(size, bool)
    for arm in plan.ADD_ARMS:
        place = np.flatnonzero(rows["arm"].eq(arm))
        came[pick(rng, place, round(plan.TEXT_DELIVERED * len(place)))] = True
    text_at = rows["last_at"] + pd.to_timedelta(rows["seconds"] + 35, unit="s")
    return rows.assign(delivered_at=after(rng, text_at, 3, 40, came))


def _friends(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Who clicks, adds the brand in time or late, and removes it again."""
    size, cells = len(rows), rows.groupby(["crowd", "arm"]).groups
    came, friend = rows["delivered_at"].notna().to_numpy(), np.zeros(size, bool)
    for (crowd, arm), places in cells.items():
        _, base, lift, organic, _ = plan.ADD_CROWDS[crowd]
        share = organic if arm == plan.HOLDOUT else base + lift * (arm in plan.BEST_ARMS)
        pool = places if arm == plan.HOLDOUT else places[came[places]]
        friend[pick(rng, np.asarray(pool), round(share * len(places)))] = True
    click, late = np.zeros(size, bool), np.zeros(size, bool)
    for arm in plan.ADD_ARMS:
        own = rows["arm"].eq(arm).to_numpy()
        friends = np.flatnonzero(own & friend)
        others = np.flatnonzero(own & came & ~friend)
        click[pick(rng, friends, round(plan.FRIENDS_CLICKED * len(friends)))] = True
        click[pick(rng, others, round(plan.CLICKED[arm] * own.sum()))] = True
        late[pick(rng, others, plan.LATE_ADDS)] = True
    told = rows["told"].to_numpy()
    read = after(rng, rows["delivered_at"], 20, 50 * _HOUR, told & (click | friend))
    rows["clicked_at"] = read.where(click)
    start = read.where(friend & told, rows["sent_at"] + pd.Timedelta(hours=2))
    in_time = after(rng, start, 20, _HOUR, friend)
    organic = after(rng, rows["sent_at"], _HOUR, 6.9 * _DAY, friend & ~told)
    behind = after(rng, rows["sent_at"], 8 * _DAY, 15 * _DAY, late)
    rows["friend"] = friend
    rows["friend_added_at"] = in_time.mask(~told, organic).mask(late, behind)
    return _removed(rng, rows)


def _removed(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    size = len(rows)
    soon, later = np.zeros(size, bool), np.zeros(size, bool)
    for arm in plan.ADD_ARMS:
        friends = np.flatnonzero(rows["arm"].eq(arm) & rows["friend"])
        gone = pick(rng, friends, round(plan.REMOVED_EARLY[arm] * len(friends)))
        kept = np.setdiff1d(friends, gone)
        soon[gone] = True
        later[pick(rng, kept, round(plan.REMOVED_LATE * len(kept)))] = True
    added = rows["friend_added_at"]
    removed = after(rng, added, _HOUR, 6.9 * _DAY, soon)
    rows["friend_removed_at"] = removed.mask(later, after(rng, added, 8 * _DAY, 25 * _DAY, later))
    return rows


def _harmed(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Who opts out or complains: people who read the text and did not add the brand."""
    size = len(rows)
    out, angry = np.zeros(size, bool), np.zeros(size, bool)
    free = rows["delivered_at"].notna() & ~known(rows["friend_added_at"], rows["clicked_at"])
    for arm in plan.ADD_ARMS:
        own = rows["arm"].eq(arm)
        chosen = pick(rng, np.flatnonzero(own & free), round(plan.OPTED_OUT[arm] * own.sum()))
        out[chosen] = True
        rest = np.setdiff1d(np.flatnonzero(own & free), chosen)
        angry[pick(rng, rest, plan.COMPLAINED[arm])] = True
    read = rows["delivered_at"]
    rows["opted_out_at"] = after(rng, read, 60, 5 * _HOUR, out)
    rows["complained_at"] = after(rng, read, 600, 30 * _HOUR, angry)
    return rows


def _ordered(
    rng: np.random.Generator, rows: pd.DataFrame, people: pd.DataFrame, earlier: pd.DataFrame
) -> pd.DataFrame:
    """Orders within the window: those there would be anyway, and those of new friends."""
    size = len(rows)
    spent = spent_before(earlier, rows["person"].to_numpy(), rows["sent_at"].to_numpy())
    anyway, as_friend = np.zeros(size, bool), np.zeros(size, bool)
    friend, gone = rows["friend"].to_numpy(), rows["friend_removed_at"].notna().to_numpy()
    for (crowd, _), places in rows.groupby(["crowd", "arm"]).groups.items():
        place = np.asarray(places)
        pool = place[~friend[place]]
        weights = np.exp(plan.BEFORE_WEIGHT * np.minimum(spent[pool], 800))
        share = plan.ADD_CROWDS[crowd][4]
        anyway[pick(rng, pool, round(share * len(place)), weights)] = True
        friends = place[friend[place]]
        new = round(plan.FRIENDS_ORDER * len(friends))
        as_friend[pick(rng, friends[~gone[friends]], new)] = True
    time = after(rng, rows["sent_at"], 4 * _HOUR, 6.9 * _DAY, anyway)
    soon = after(rng, rows["friend_added_at"], 600, 12 * _HOUR, as_friend)
    # What a person orders is near what they spent before, where they did.
    usual = amounts(rng, people, rows["person"].to_numpy())
    rows["ordered_at"] = time.mask(as_friend, soon)
    rows["order_amount"] = pd.Series(usual, rows.index).astype(float).where(anyway | as_friend)
    return rows


def _dials(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a dial; text and outcomes on the last."""
    told, twice = rows["told"], rows["at_2"].notna()
    parts_of = rows["arm"].map({a: wording.segments(c[0]) for a, c in wording.ADD_COPY.items()})
    last = rows.assign(
        sent_at=rows["last_at"],
        talk=rows["talk_1"].mask(twice, rows["talk_2"]),
        segments=parts_of.where(told, 0).astype(int),
        status=rows["delivered_at"].notna().map(wording.STATUS).where(told, "held_out"),
    )
    last["cost"] = np.where(told, plan.CALL_COST + plan.SMS_COST * last["segments"], 0.0)
    first = rows.loc[twice, ["person", "crowd", "arm", "sent_at"]].assign(
        talk=0, segments=0, status="no_answer", cost=plan.CALL_COST
    )
    table = pd.concat([first, last], ignore_index=True)
    answered = table["talk"] > 0
    table["connected_at"] = (table["sent_at"] + pd.Timedelta(seconds=18)).where(answered)
    table["talk_seconds"] = table["talk"].astype(float).where(answered)
    return table.assign(test_id=plan.ADD, channel="call_sms")
