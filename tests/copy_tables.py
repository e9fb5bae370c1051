"""Copy tests out of plain pandas frames, for tests: what ``read_copy_base`` would give."""

from __future__ import annotations

from typing import Any

import client_tables
import duckdb
import pandas as pd

from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.copy_tests.start import CopyBase
from privdom_kit.settings import Settings

SENT = "2026-05-04"
AS_OF = client_tables.day("2026-06-30")
_NOON = 43_200
_DAY = 86_400


def copy_base(
    connection: duckdb.DuckDBPyConnection,
    frames: dict[str, pd.DataFrame],
    as_of_day: int = AS_OF,
    *,
    filed: dict[str, FiledPlan] | None = None,
    **kwargs: Any,
) -> tuple[CopyBase, Settings]:
    """The base of 04 and 05, and the settings; further arguments as ``client_tables.base``."""
    base, settings = client_tables.base(connection, frames, as_of_day, **kwargs)
    known = [f["customer"].dropna() for f in frames.values() if "customer" in f]
    numbers = sorted(set(pd.concat(known).astype(int))) if known else []
    people = pd.DataFrame({"customer": numbers, "customer_id": [f"c{n:020x}" for n in numbers]})
    people["customer"] = people["customer"].astype("Int32")
    return CopyBase(base, settings, filed or {}, client_tables.store(connection, people)), settings


def deliveries(
    *groups: dict[str, Any], test: str = "t1", channel: str = "sms", sent: str = SENT
) -> pd.DataFrame:
    """Delivery rows, one a person, a group of like people after the other.

    A group has ``people`` and any of: ``arm, crowd, status, test_id, channel, cost`` (yuan)``,
    segments, amount`` (yuan of an order), ``sent_day`` (ISO) and, each in days after noon of the
    day of sending, ``delivered, connected, clicked, friend_added, friend_removed, ordered,
    opted_out, complained``. Customers are numbered from 0 on.
    """
    parts = []
    for group in groups:
        day = client_tables.day(group.get("sent_day", sent))
        at = day * _DAY + _NOON
        row: dict[str, Any] = {
            "test_id": group.get("test_id", test),
            "channel": group.get("channel", channel),
            "arm": group.get("arm"),
            "crowd": group.get("crowd"),
            "status": group.get("status"),
            "sent_at": at,
            "sent_on": day,
        }
        for name in (
            *("delivered", "connected", "clicked", "friend_added", "friend_removed", "ordered"),
            *("opted_out", "complained"),
        ):
            wait = group.get(name)
            row[f"{name}_at"] = None if wait is None else at + int(wait * _DAY)
        row["talk_seconds"] = group.get("talk_seconds")
        row["segments"] = group.get("segments")
        row["cost_cents"] = None if "cost" not in group else round(group["cost"] * 100)
        row["order_amount_cents"] = None if "amount" not in group else round(group["amount"] * 100)
        parts.append(row)
    rows = pd.DataFrame(parts)
    rows = rows.loc[rows.index.repeat([g["people"] for g in groups])].reset_index(drop=True)
    rows["customer"] = pd.Series(range(len(rows)), dtype="Int32")
    rows["delivery_id"] = [f"d{number}" for number in range(len(rows))]
    times = [c for c in rows if c.endswith("_at")]
    counts = ("segments", "cost_cents", "order_amount_cents")
    rows = rows.astype(dict.fromkeys([*times, *counts], "Int64"))
    rows["talk_seconds"] = rows["talk_seconds"].astype("Float64")
    empty = [c for c in rows if c not in ("crowd", "status") and rows[c].isna().all()]
    return rows.drop(columns=[*empty, *(c for c in ("crowd", "status") if rows[c].isna().all())])
