"""WeCom contacts: who came by themselves, who came by the test, and the welcome they got."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, random_ids, stream
from . import plan
from .picks import after, pick

_DAY = 86_400
_WAYS = {"parcel_card": "1", "live_card": "1", "mini_program": "16"}


def make_contacts(people: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    """A row a contact: person, external_user_id, staff_id, times, add_way and entry_code.

    Friends of the test were no contacts before; who came by themselves is in none of its crowds.
    """
    rng = stream(plan.SEED, "contacts")
    rows = pd.concat([_own(rng, people), _of_test(sent)], ignore_index=True)
    rows = rows.sort_values(["added_at", "person"], ignore_index=True)
    rows["staff_id"] = rng.choice(plan.STAFF, len(rows))
    rows["external_user_id"] = random_ids(rng, "wm", len(rows), 16)
    return rows


def _own(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    person = np.concatenate(
        [
            pick(rng, people.loc[people["group"].eq(group), "person"].to_numpy(), size)
            for group, size in plan.CONTACTS.items()
        ]
    )
    june = people["group"].eq("june").to_numpy()[person]
    first = np.where(june, plan.day("2026-06-01"), 60)
    days = first + np.floor(rng.random(len(person)) * (plan.AS_OF_DAY - first)).astype(int)
    added = moments(plan.ORIGIN, days, opening_seconds(rng, len(person), 9, 22))
    code = quota_choice(rng, len(person), plan.ENTRY_CODES)
    gone = quota_flags(rng, len(person), plan.CONTACT_REMOVED)
    removed = after(rng, added, _DAY, 90 * _DAY, gone)
    removed = removed.where(removed < pd.Timestamp(plan.AS_OF))
    return pd.DataFrame(
        {
            "person": person, "added_at": added, "removed_at": removed, "entry_code": code,
            "add_way": pd.Series(code).map(_WAYS),
        }
    )  # fmt: skip


def _of_test(sent: pd.DataFrame) -> pd.DataFrame:
    rows = sent[sent["friend_added_at"].notna()]
    told = rows["arm"].ne(plan.HOLDOUT)
    return pd.DataFrame(
        {
            "person": rows["person"], "added_at": rows["friend_added_at"],
            "removed_at": rows["friend_removed_at"],
            "entry_code": ("add26q2_" + rows["arm"].str.lower()).where(told, "mini_program"),
            "add_way": np.where(told, "1", "16"),
        }
    )  # fmt: skip


def make_touches(contacts: pd.DataFrame) -> pd.DataFrame:
    """The welcome message of every contact, and the answers to it."""
    rng = stream(plan.SEED, "touches")
    common = {"touchpoint": "wecom_chat", "action": "message"}
    welcome = contacts[["external_user_id", "staff_id"]].assign(
        occurred_at=contacts["added_at"] + pd.Timedelta(seconds=5),
        direction="brand", purpose="care", **common,
    )  # fmt: skip
    answered = quota_flags(rng, len(contacts), plan.REPLIES)
    answers = welcome[answered].assign(direction="customer", purpose=None)
    wait = rng.integers(20, 1_800, len(answers))
    answers["occurred_at"] += pd.to_timedelta(wait, unit="s")
    rows = pd.concat([welcome, answers], ignore_index=True)
    rows = rows[rows["occurred_at"] < pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)]
    return rows.sort_values(["occurred_at", "external_user_id"], ignore_index=True)
