"""The files as the brand's systems would give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..files import write_csv, write_parquet
from . import plan
from .world import World

STYLE = "%Y-%m-%d %H:%M:%S"
_TIMES = ("occurred_at", "sent_at", "paid_at", "registered_at")
_SENT = ["delivery_id", "phone", "channel", "sent_at", "test_id", "crowd", "arm", "cost",
         "segments", "status", "delivered_at", "connected_at", "talk_seconds", "clicked_at",
         "friend_added_at", "friend_removed_at", "ordered_at", "order_amount", "opted_out_at",
         "complained_at"]  # fmt: skip


def write_exports(world: World, folder: Path) -> dict[str, pd.DataFrame]:
    """All tables of the brand; the frames as written, by path."""
    files = {
        "tables/orders.parquet": _orders(world),
        "tables/members.parquet": _members(world),
        "tables/deliveries.parquet": _deliveries(world),
        "exports/wecom_contacts.csv": _contacts(world),
        "touches/welcome.parquet": _text(world.touches),
        "tables/staff.csv": pd.DataFrame({"staff_id": plan.STAFF, "store_id": "总部"}),
    }
    for name, rows in files.items():
        if name.endswith(".csv"):
            write_csv(rows, folder / name)
        else:
            rising = tuple(column for column in rows.columns if column in _TIMES)
            write_parquet(rows, folder / name, rising)
    return files


def _of(world: World, person: pd.Series, name: str) -> np.ndarray:
    return world.people[name].to_numpy()[person]


def _text(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype({name: "str" for name in rows.columns if rows[name].dtype == object})


def _orders(world: World) -> pd.DataFrame:
    rows = world.orders
    table = pd.DataFrame(
        {
            "order_id": [f"YX{number:07d}" for number in range(1, len(rows) + 1)],
            "paid_at": rows["paid_at"],
            "amount": rows["amount"].astype("int32"),
            "refund_amount": rows["refund_amount"].astype("int32"),
            "status": rows["status"],
            "platform": rows["platform"],
            "on_promotion": rows["on_promotion"],
            "phone": _of(world, rows["person"], "phone"),
            "buyer_id": _of(world, rows["person"], "buyer_id"),
        }
    )
    return _text(table)


def _members(world: World) -> pd.DataFrame:
    rows = world.members
    table = pd.DataFrame(
        {
            "member_id": [f"M{number:06d}" for number in range(1, len(rows) + 1)],
            "registered_at": rows["registered_at"],
            "tier": rows["tier"],
            "phone": _of(world, rows["person"], "phone"),
        }
    )
    return _text(table)


def _deliveries(world: World) -> pd.DataFrame:
    rows = world.deliveries.assign(phone=_of(world, world.deliveries["person"], "phone"))
    rows["segments"] = rows["segments"].astype("int32")
    return _text(rows[_SENT])


def _contacts(world: World) -> pd.DataFrame:
    """Relations under the headers of WeCom's interface."""
    rows = world.contacts
    gone = rows["removed_at"].notna()
    return pd.DataFrame(
        {
            "external_userid": rows["external_user_id"],
            "userid": rows["staff_id"],
            "createtime": rows["added_at"].dt.strftime(STYLE),
            "add_way": rows["add_way"],
            "state": rows["entry_code"],
            "removed_at": rows["removed_at"].dt.strftime(STYLE),
            "ChangeType": np.where(gone, "del_follow_user", None),
            "remark_mobiles": _of(world, rows["person"], "phone"),
        }
    )
