"""Planned copy tests over small made-up tables, for the tests of playbook 04's numbers."""

from __future__ import annotations

from typing import Any

import client_tables
import duckdb
import pandas as pd
from copy_tables import copy_base, deliveries

DAY = client_tables.day
AS_OF = DAY("2026-06-30")
LINK = "https://b.cn/{}"


def arm(name: str, **keys: Any) -> dict[str, Any]:
    """An arm with a link, a template and a text of its own."""
    words = "【颜序】亲爱的会员，好礼等您领取，点击 b.cn/a 拒收请回复R"
    return {
        "name": name,
        "link": LINK.format(name),
        "template": f"T-{name}",
        "text": words,
        **keys,
    }


def plan(test: str = "next", **keys: Any) -> dict[str, Any]:
    """A planned test by text message with two arms, sent on 2026-07-06."""
    return {
        "id": test,
        "channel": "sms",
        "primary": "ordered",
        "starts_on": "2026-07-06",
        "arms": [arm("A", control=True), arm("B")],
        **keys,
    }


def people(count: int, **columns: Any) -> pd.DataFrame:
    """Members 0 to ``count - 1``, registered long ago."""
    frame = pd.DataFrame({"customer": range(count), "registered_on": DAY("2025-01-01"), **columns})
    frame["customer"] = frame["customer"].astype("Int32")
    return frame


def base(
    connection: duckdb.DuckDBPyConnection,
    plans: list[dict[str, Any]],
    frames: dict[str, pd.DataFrame] | None = None,
    **settings: Any,
) -> Any:
    """The base of these plans and tables, and the settings."""
    tables = {"members": people(1000)} if frames is None else frames
    return copy_base(connection, tables, AS_OF, forms={"copy_tests": plans}, **settings)


def sent(*groups: dict[str, Any], **keys: Any) -> pd.DataFrame:
    """Delivery rows of an earlier test, see :func:`copy_tables.deliveries`."""
    return deliveries(*groups, **keys)
