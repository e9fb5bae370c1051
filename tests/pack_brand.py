"""Crowd tests for tests: people, friends and costs by crowd and arm."""

from __future__ import annotations

from typing import Any

import pandas as pd
from copy_tables import deliveries

COST = 0.05


def sends(*cells: tuple[str | None, str, int, int], **columns: Any) -> pd.DataFrame:
    """Deliveries of ``(crowd, arm, people, friends)``; arm ``holdout`` is sent nothing.

    Friends are added a day later; each send costs :data:`COST` where not said otherwise.
    """
    groups = []
    for crowd, arm, people, friends in cells:
        own = {} if arm == "holdout" else {"cost": COST} | columns
        about = {"crowd": crowd, "arm": arm, **own}
        groups += [
            about | {"people": friends, "friend_added": 1},
            about | {"people": people - friends},
        ]
    rows = deliveries(*[group for group in groups if group["people"]])
    return rows


def plan(crowds: dict[str, int], **values: Any) -> dict[str, Any]:
    """A plan of arms A (in use) and B over these crowds, with the people of each."""
    about = {
        "id": "t1",
        "channel": "sms",
        "minimum_difference": 0.02,
        "arms": [{"name": "A", "control": True}, {"name": "B"}],
        "crowds": [{"name": name, "people": people} for name, people in crowds.items()],
    }
    return about | values
