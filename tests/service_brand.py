"""A small brand with contents, groups, staff and combinations of touchpoints, for tests."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd

QUESTIONS = ("content_mix", "group_health", "staff_capacity", "combinations")
NAMES = {"touchpoint": ("group", "live", "wecom_chat")}  # one dictionary for all tables


def frames() -> dict[str, pd.DataFrame]:
    """40 posts in groups; 9 groups; two members of staff; 200 people at two touchpoints."""
    rng = np.random.default_rng(1)
    purposes = ["marketing"] * 24 + ["interaction"] * 8 + ["care"] * 4 + ["daily"] * 4
    posts = pd.DataFrame({"posted_on": 990, "purpose": purposes, "touchpoint": "group"})
    days = [
        pd.DataFrame({"group_id": f"g{i}", "date": np.arange(941, 1001), "members": size,
                      "active_members": rng.binomial(size, 0.1, 60), "created_on": 941})
        for i, size in enumerate((30, 40, 45, 60, 70, 80, 300, 310, 320))
    ]  # fmt: skip
    rows = [
        (day, f"{metric}_from_{name}", value)
        for day in range(960, 1000)
        for name, seconds in (("a", 7200 if day % 3 else 60), ("b", 300))
        for metric, value in (("chats", 10.0), ("first_reply_seconds", float(seconds)))
    ]
    statistics = pd.DataFrame(rows, columns=["date", "metric", "value"]).assign(
        touchpoint="wecom_chat"
    )
    touched = [(c, 985, "group") for c in range(120)] + [(c, 986, "live") for c in range(60, 200)]
    touches = pd.DataFrame(
        [(9_999, 700, "group"), *touched], columns=["customer", "occurred_on", "touchpoint"]
    ).assign(action="read", direction="customer")
    return {
        "posts": posts,
        "groups": pd.concat(days, ignore_index=True).astype({"date": "int32"}),
        "touchpoint_days": statistics.astype({"date": "int32"}),
        "touches": touches,
        "orders": client_tables.orders(*[(c, 990, 10) for c in range(200)]),
    }
