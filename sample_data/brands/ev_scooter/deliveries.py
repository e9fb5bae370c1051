"""Three tests at people: an SMS reminder, two ways of adding friends, and purchase links."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_flags, stream
from . import plan
from .friends import Friends

REMINDER, ADDING, PUSH = "upkeep_sms_2026", "add_friend_2026Q1", "push_holdout_2026Q2"
_CHANNEL = {"sms": "sms", "call_sms": "call_sms"}


def make_deliveries(people: pd.DataFrame, reminders, friends: Friends, orders) -> pd.DataFrame:
    """One row a person and test. The control arms got nothing: status is ``held_out``."""
    rng = stream(plan.SEED, "deliveries")
    parts = [_reminders(rng, reminders, orders), _adding(rng, people, friends), _push(friends)]
    rows = pd.concat(parts, ignore_index=True).sort_values(["sent_at", "person"], ignore_index=True)
    return rows.assign(delivery_id=[f"X{number:06d}" for number in range(1, len(rows) + 1)])


def _reminders(rng: np.random.Generator, reminders: pd.DataFrame, orders: pd.DataFrame):
    sent = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(reminders["day"] * 86_400 + 36_000, unit="s")
    rows = reminders[["person", "arm"]].assign(
        test_id=REMINDER, channel="sms", crowd="到期保养车主", sent_at=sent
    )
    told = rows["arm"].eq("sms")
    rows["delivered_at"] = (sent + pd.Timedelta(seconds=7)).where(
        told & (rng.random(len(rows)) < 0.97)
    )
    rows["status"] = np.where(
        told, np.where(rows["delivered_at"].notna(), "delivered", "failed"), "held_out"
    )
    rows["segments"], rows["cost"] = np.where(told, 1, 0), np.where(told, 0.05, 0.0)
    due = orders[orders["kind"].eq("upkeep") & orders["status"].eq("paid")]
    pairs = rows.reset_index(names="at").merge(due[["person", "paid_at", "amount"]], on="person")
    wait = pairs["paid_at"] - pairs["sent_at"]
    pairs = pairs[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=7))].set_index("at")
    rows["ordered_at"], rows["order_amount"] = pairs["paid_at"], pairs["amount"]
    return rows


def _adding(rng: np.random.Generator, people: pd.DataFrame, friends: Friends) -> pd.DataFrame:
    rows = people.loc[people["add_arm"] != "", ["person", "add_arm"]].reset_index(drop=True)
    rows = rows.rename(columns={"add_arm": "arm"})
    size, told = len(rows), rows["arm"].ne("control")
    morning = pd.Timestamp(plan.ADD_TEST_DAY) + pd.Timedelta(hours=7)  # before anybody added
    sent = pd.Series(morning, index=rows.index) + pd.to_timedelta(
        rng.integers(0, 3_000, size), unit="s"
    )
    called = rows["arm"].eq("call_sms")
    talks = called & quota_flags(rng, size, 0.42)
    contact = friends.people.set_index("person").reindex(rows["person"]).reset_index()
    rows = rows.assign(
        test_id=ADDING, crowd="沉睡手机号", sent_at=sent,
        channel=rows["arm"].map(_CHANNEL).fillna("sms"),
        delivered_at=(sent + pd.Timedelta(seconds=9)).where(told & quota_flags(rng, size, 0.95)),
        connected_at=(sent + pd.Timedelta(seconds=20)).where(talks),
        friend_added_at=contact["added_at"], friend_removed_at=contact["removed_at"],
        segments=np.where(told, 2, 0), cost=np.select([called, told], [0.22, 0.1], 0.0),
    )  # fmt: skip
    rows["talk_seconds"] = pd.Series(rng.integers(5, 90, size), rows.index).where(talks)
    shown = rows["delivered_at"].notna()
    clicked = shown & (quota_flags(rng, size, 0.06) | rows["friend_added_at"].notna())
    rows["clicked_at"] = (rows["delivered_at"] + pd.Timedelta(minutes=11)).where(clicked)
    out = shown & quota_flags(rng, size, 0.011) & ~clicked
    rows["opted_out_at"] = (rows["delivered_at"] + pd.Timedelta(minutes=35)).where(out)
    rows["status"] = np.where(told, np.where(shown, "delivered", "failed"), "held_out")
    return rows


def _push(friends: Friends) -> pd.DataFrame:
    chosen = np.flatnonzero(friends.arms != "")
    contacts = friends.people.iloc[chosen].reset_index(drop=True)
    arm = friends.arms[chosen]
    monday = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * plan.HOLDOUT_WEEKS[0])
    told = arm == "push"
    return pd.DataFrame(
        {
            "person": contacts["person"], "arm": arm, "test_id": PUSH, "channel": "wecom",
            "crowd": "老好友", "sent_at": monday + pd.Timedelta(hours=10),
            "status": np.where(told, "delivered", "held_out"), "segments": 0, "cost": 0.0,
            "friend_removed_at": contacts["removed_at"],
        }
    )  # fmt: skip
