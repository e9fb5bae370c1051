"""Contacts, purchase links and removals with a known effect, for tests of contact pressure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

DAY, HOUR, WEEK = 86_400, 3600, 7 * 86_400
FIRST_DAY = 20_003  # Monday, 2024-10-07


@dataclass(frozen=True, slots=True)
class World:
    """A brand: tables of contacts and touches, and its last day."""

    contacts: pd.DataFrame
    touches: pd.DataFrame
    as_of_day: int

    def frames(self) -> dict[str, pd.DataFrame]:
        return {"contacts": self.contacts, "touches": self.touches}


def living(
    seed: int,
    factor: float,
    *,
    people: int = 3000,
    weeks: int = 20,
    hazard: float = 0.012,
    heavy: tuple[float, float] = (1.0, 1.0),
) -> World:
    """Contacts who are watched every six hours.

    Links come at any hour; the chance of removing the staff is ``hazard`` a week times ``factor``
    for each link of the last seven days. A gone contact gets nothing more.

    Args:
        seed: Seed.
        factor: True factor a link.
        people: Contacts, all there from the first second on.
        weeks: Weeks.
        hazard: Weekly, without links.
        heavy: For active people (a half, who also click once a week at any time): links against
            the others', removals against the others'.
    """
    rng = np.random.default_rng(seed)
    steps, step = weeks * 28, 6 * HOUR
    active = np.arange(people) % 2 == 0
    rate = rng.gamma(2, 0.4, people) * np.where(active, heavy[0], 1.0) / 28
    base = hazard / 28 * np.where(active, heavy[1], 1.0)
    sent = rng.random((steps, people)) < rate
    alive, gone = np.ones(people, bool), np.full(people, -1)
    for now in range(steps):
        sent[now] &= alive
        # What goes out at the beginning of a step works on the removals at its end.
        links = sent[max(0, now - 27) : now + 1].sum(axis=0)
        leaves = alive & (rng.random(people) < base * factor**links)
        gone[leaves] = now
        alive &= ~leaves
    start = FIRST_DAY * DAY
    time, person = np.nonzero(sent)
    links = _touches(person, start + time * step + 60, "send", "brand", 1)
    clicks = np.nonzero((rng.random((steps, people)) < 1 / 28) & active)
    until = np.where(gone < 0, steps, gone)
    kept = clicks[0] < until[clicks[1]]
    own = _touches(clicks[1][kept], start + clicks[0][kept] * step + 90, "visit", "customer", 0)
    first = _touches(np.array([people]), np.array([start]), "send", "brand", 1)
    ends = start + gone * step + rng.integers(5 * HOUR, 6 * HOUR - 1, people)
    contacts = pd.DataFrame({"customer": range(people), "added_at": start - 300 * DAY})
    contacts["removed_at"] = pd.Series(ends).where(gone >= 0).astype("Int64")
    contacts["removed_by"] = np.where(gone >= 0, "customer", None)
    touches = pd.concat([first, links, own], ignore_index=True)
    return World(_days(contacts), _days(touches), FIRST_DAY + 7 * weeks - 1)


def _touches(person, time, action: str, direction: str, link: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": person,
            "occurred_at": time,
            "touchpoint": "wecom_chat",
            "action": action,
            "direction": direction,
            "has_purchase_link": link,
        }
    )


def _days(rows: pd.DataFrame) -> pd.DataFrame:
    for name in [c for c in rows if c.endswith("_at")]:
        rows[name.replace("_at", "_on")] = (rows[name] // DAY).astype("Int32")
    return rows


def frames_of(contacts: list[tuple], touches: list[tuple]) -> dict[str, pd.DataFrame]:
    """Tables out of rows whose times are hours from the first Monday.

    Args:
        contacts: ``(customer, added, removed or None, by)``.
        touches: ``(customer, at, direction, link)``.
    """
    start = FIRST_DAY * DAY
    people = pd.DataFrame(contacts, columns=["customer", "added_at", "removed_at", "removed_by"])
    for name in ("added_at", "removed_at"):
        people[name] = (people[name].astype("Float64") * HOUR + start).astype("Int64")
    rows = pd.DataFrame(touches, columns=["customer", "occurred_at", "direction", "link"])
    rows["occurred_at"] = rows["occurred_at"] * HOUR + start
    rows = rows.assign(touchpoint="wecom_chat", action="send").rename(
        columns={"link": "has_purchase_link"}
    )
    return {"contacts": _days(people), "touches": _days(rows)}


def weekly_cells(
    seed: int, factor: float, *, weeks: int = 26, people: int = 3000, shock: float = 0.4
) -> pd.DataFrame:
    """Cells of one broadcast plan a week, with removals that differ between weeks for no reason.

    All are alike but for the links, of which a third to two thirds of people get up to three.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for week in range(weeks):
        links = rng.binomial(3, rng.uniform(0.15, 0.6), people)
        level = 0.008 * np.exp(rng.normal(-(shock**2) / 2, shock))
        for number in range(4):
            time = int((links == number).sum())
            removed = rng.poisson(time * level * factor**number)
            rows.append((week, number, time, removed))
    cells = pd.DataFrame(rows, columns=["week", "links", "contact_weeks", "removed"])
    cells = cells[cells["contact_weeks"] > 0].astype({"contact_weeks": float, "removed": float})
    same = {"weekday": 5, "tenure": 0, "entry": -1, "active": 0, "cents": 0.0}
    sent = cells["links"] * cells["contact_weeks"]
    return cells.assign(**same, link_weeks=sent, links_sent=sent)
