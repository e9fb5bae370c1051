"""A brand in which nothing has an effect: every difference in it is chance.

Relations end at one rate whatever is pushed, clicked or said; orders fall on people at random;
groups, posts, cases and answers differ by nothing but the draw.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from client_tables import day

START, END = day("2026-01-05"), day("2026-05-31")  # a Monday, and the last day seen
DAYS = END - START + 1
PLACES = ("wecom_chat", "service_account", "mini_program", "moments", "live")
PURPOSES = ("marketing", "interaction", "care", "daily")


def null_brand(seed: int, people: int = 1_500) -> dict[str, pd.DataFrame]:
    """Stored rows by table, for ``client_tables.base``."""
    rng = np.random.default_rng(seed)
    contacts = _contacts(rng, people)
    return {
        "contacts": contacts,
        "touches": _touches(rng, contacts),
        "orders": _orders(rng, people),
        "groups": _groups(rng),
        "posts": _posts(rng),
        "tickets": _tickets(rng, people),
        "responses": _responses(rng, people),
    }


def _timed(rng: np.random.Generator, name: str, days: np.ndarray) -> dict[str, pd.Series]:
    """``<name>_at`` in the daytime and ``<name>_on``."""
    seconds = np.asarray(days) * 86_400 + rng.integers(9 * 3600, 21 * 3600, len(days))
    return {f"{name}_at": pd.Series(seconds), f"{name}_on": pd.Series(days).astype("Int32")}


def _contacts(rng: np.random.Generator, people: int) -> pd.DataFrame:
    """Added all along; the hazard of removal is constant and the same for everybody."""
    added = START + rng.integers(0, DAYS - 1, people)
    gone = added + 1 + rng.geometric(0.0025, people)
    rows = pd.DataFrame(
        {
            "customer": np.arange(people),
            "staff_id": rng.choice(["s1", "s2", "s3", "s4"], people),
            "entry_code": rng.choice(["c1", "c2", "c3"], people),
            "add_way": rng.choice(["scan", "group"], people),
            **_timed(rng, "added", added),
            **_timed(rng, "removed", gone),
            "removed_by": "customer",
        }
    )
    standing = (gone > END).tolist()
    rows.loc[standing, ["removed_at", "removed_on", "removed_by"]] = None
    rows["removed_at"] = rows["removed_at"].astype("Int64")
    return rows


def _touches(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """Three campaigns a week, each to a random half of those then standing, and own actions."""
    parts = []
    for number, sent_on in enumerate(range(START + 8, END, 2)):
        removed = contacts["removed_on"].fillna(END + 1).to_numpy()
        there = (contacts["added_on"].to_numpy() < sent_on) & (removed > sent_on)
        chosen = contacts[there & (rng.random(len(contacts)) < 0.5)]
        parts.append(
            pd.DataFrame(
                {
                    "customer": chosen["customer"].to_numpy(),
                    "occurred_at": sent_on * 86_400 + 10 * 3600,
                    "occurred_on": sent_on,
                    "touchpoint": "wecom_chat",
                    "action": "send",
                    "direction": "brand",
                    "purpose": "marketing",
                    "has_purchase_link": 1,
                    "campaign_id": f"C{number}",
                    "content_id": f"C{number}",
                }
            )
        )
    count = 6 * len(contacts)
    own = pd.DataFrame(
        {
            "customer": rng.integers(0, len(contacts), count),
            **_timed(rng, "occurred", START + rng.integers(0, DAYS, count)),
            "touchpoint": rng.choice(PLACES, count),
            "action": rng.choice(["click", "read"], count),
            "direction": "customer",
            "purpose": rng.choice(PURPOSES, count),
            "has_purchase_link": 0,
        }
    )
    rows = pd.concat([*parts, own], ignore_index=True)
    rows["occurred_on"] = rows["occurred_on"].astype("Int32")
    rows["has_purchase_link"] = rows["has_purchase_link"].astype("int8")
    return rows


def _orders(rng: np.random.Generator, people: int) -> pd.DataFrame:
    count = people
    return pd.DataFrame(
        {
            "customer": rng.integers(0, people, count),
            **_timed(rng, "paid", START + rng.integers(0, DAYS, count)),
            "amount_cents": rng.integers(5_000, 30_000, count),
            "touchpoint": rng.choice(PLACES, count),
        }
    )


def _groups(rng: np.random.Generator) -> pd.DataFrame:
    """Thirty groups, each with a level of its own that size and age say nothing about."""
    parts = []
    for number in range(30):
        opened = START + int(rng.integers(0, 60))
        days = np.arange(opened, END + 1)
        members = int(rng.integers(40, 400))
        level = float(rng.beta(8, 60))
        parts.append(
            pd.DataFrame(
                {
                    "group_id": f"G{number:02d}",
                    "date": days,
                    "members": members,
                    "active_members": rng.binomial(members, level, len(days)),
                    "created_on": opened,
                    "planned_days": 365,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _posts(rng: np.random.Generator) -> pd.DataFrame:
    """Purposes drawn by the guide 3:3:3:1 itself."""
    count = 2 * DAYS
    return pd.DataFrame(
        {
            "post_id": np.arange(count),
            **_timed(rng, "posted", START + rng.integers(0, DAYS, count)),
            "touchpoint": rng.choice(["group", "moments"], count),
            "purpose": rng.choice(PURPOSES, count, p=[0.3, 0.3, 0.3, 0.1]),
        }
    )


def _tickets(rng: np.random.Generator, people: int) -> pd.DataFrame:
    count = 400
    opened = START + rng.integers(0, DAYS, count)
    solved = opened + rng.integers(0, 6, count)
    rows = pd.DataFrame(
        {
            "customer": rng.choice(people, count, replace=False),
            "ticket_id": np.arange(count),
            **_timed(rng, "opened", opened),
            **_timed(rng, "resolved", solved),
            "theme": rng.choice(["a", "b", "c"], count),
        }
    )
    unsolved = (rng.random(count) < 0.3) | (solved > END)
    rows.loc[unsolved.tolist(), ["resolved_at", "resolved_on"]] = None
    rows["resolved_at"] = rows["resolved_at"].astype("Int64")
    return rows


def _responses(rng: np.random.Generator, people: int) -> pd.DataFrame:
    """Every stage has the same mean."""
    count = 750
    return pd.DataFrame(
        {
            "customer": rng.integers(0, people, count),
            **_timed(rng, "answered", START + rng.integers(0, DAYS, count)),
            "stage": rng.choice(["s1", "s2", "s3", "s4", "s5"], count),
            "score": np.clip(np.round(rng.normal(0.3, 0.9, count)), -2, 2),
        }
    )
