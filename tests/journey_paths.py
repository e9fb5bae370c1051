"""A made-up brand of touches and orders, and its paths found again person by person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import client_tables
import numpy as np
import pandas as pd

from privdom_kit.engine import closing, connect

DAY = 86_400
AS_OF = 400
PLACES = ("wecom_chat", "group", "live", "sms")


def touches(rows: list[tuple]) -> pd.DataFrame:
    """Touches from ``(customer, time, touchpoint)``; ``send`` by the brand."""
    frame = pd.DataFrame(rows, columns=["customer", "occurred_at", "touchpoint"])
    frame["occurred_on"] = frame["occurred_at"] // DAY
    return frame.assign(action="send", direction="brand")


def orders(rows: list[tuple]) -> pd.DataFrame:
    """Orders from ``(customer, time, yuan)``."""
    frame = pd.DataFrame(rows, columns=["customer", "paid_at", "yuan"])
    frame["paid_on"] = frame["paid_at"] // DAY
    frame["amount_cents"] = (frame.pop("yuan") * 100).astype("int64")
    frame["customer"] = frame["customer"].astype("Int32")
    return frame


def random_rows(seed: int, people: int = 150) -> tuple[list[tuple], list[tuple]]:
    """Touches and orders at random seconds, some of them at the same one."""
    random = np.random.default_rng(seed)
    sent, bought = [], []
    for person in range(people):
        for _ in range(int(random.integers(0, 9))):
            time = int(random.integers(300 * DAY, 401 * DAY))
            sent.append((person, time, PLACES[int(random.integers(0, 4))]))
        for _ in range(int(random.integers(0, 4))):
            time = int(random.integers(300 * DAY, 401 * DAY))
            if sent and sent[-1][0] == person and random.random() < 0.3:
                time = sent[-1][1]  # in the second of a touch
            bought.append((person, time, int(random.integers(1, 90))))
    return sent, bought


def find_paths(sent: list[tuple], bought: list[tuple], days: int) -> pd.DataFrame:
    """The paths as the documentation states them, by walking through each person's touches."""
    rows = []
    everyone = {row[0] for row in sent}
    for person in sorted(everyone):
        firsts: dict[int, list] = {}
        for _, time, yuan in sorted(row for row in bought if row[0] == person):
            seen = firsts.setdefault(time // DAY, [time, 0])
            seen[1] += yuan
        ends = sorted((time, yuan) for time, yuan in firsts.values())
        mine = sorted((row for row in sent if row[0] == person), key=lambda row: row[1])
        windows: dict[tuple[int, int], list] = {}
        for _, time, place in mine:
            later = [end for end in ends if end[0] >= time]
            end = later[0][0] if later else (AS_OF + 1) * DAY
            back = 0 if end == time else (end - time - 1) // (days * DAY)
            windows.setdefault((end, back), []).append((place, (end - time) / DAY))
        for (end, back), steps in windows.items():
            yuan = next((y for time, y in ends if time == end and back == 0), None)
            rows.append(
                {
                    "customer": person,
                    "path": [place for place, _ in steps],
                    "days_before": [age for _, age in steps],
                    "conversions": int(yuan is not None),
                    "nulls": int(yuan is None),
                    "value": float(yuan or 0),
                }
            )
    return pd.DataFrame(rows)


@contextmanager
def maker() -> Iterator:
    """A function: ``make(sent, bought, journeys={...})`` gives base and settings of a brand."""
    with closing(connect()) as connection:

        def build(sent: list[tuple], bought: list[tuple], **settings):
            frames = {"touches": touches(sent), "orders": orders(bought)}
            frames = {name: frame for name, frame in frames.items() if len(frame)}
            return client_tables.base(connection, frames, AS_OF, **settings)

        yield build
