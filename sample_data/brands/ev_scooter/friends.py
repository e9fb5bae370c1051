"""WeCom relations, simulated day by day: what is pushed on Mondays, who removes whom.

Purchase links go out on Mondays; customers tidy up from Friday to Sunday, with a chance that each
link of the week raises by REMOVAL_FACTOR. So nobody's links of a week depend on the removal of that
week, and no removal lies within 72 hours of a link: only broadcasts, on Fridays, may have any.
Who goes is drawn, how many go is not: each kind of person
(active or not, bad code or not, links of the week, in the test, just reached by a broadcast)
gives its hazard's share.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, stream
from . import plan

_NEVER = 10**6
ADD_WAY = {
    "menu_sa": 1, "store_qr": 1, "parcel_card": 1, "live_card": 10, "ride_day": 3,
    "gift_fission": 16, "sms_link": 16, "call_link": 16,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Friends:
    """Contacts of the brand.

    Attributes:
        people: One row a contact: person, code, active, staff_id, added_at, removed_at, removed_by.
        relations: One row a person and staff, transfers and second relations among them.
        links: One row a purchase link sent: contact (row of people), week, slot, sent_at.
        broadcasts: One row a person and broadcast: contact, name, sent_at.
        arms: Arm of the push test by row of people; "" for those outside.
    """

    people: pd.DataFrame
    relations: pd.DataFrame
    links: pd.DataFrame
    broadcasts: pd.DataFrame
    arms: np.ndarray


def make_friends(people: pd.DataFrame) -> Friends:
    """Relations, links, broadcasts and removals of everybody who was ever added."""
    rng = stream(plan.SEED, "friends")
    contacts = _added(rng, people)
    run = _Run(rng, contacts)
    for day in range(plan.PRIVATE_DAY, plan.AS_OF_DAY + 1):
        run.step(day)
    contacts = _with_ends(rng, contacts, run)
    arms = run.arms
    return Friends(
        contacts, _relations(rng, contacts), _links(contacts, run.included),
        _broadcasts(run.reached), arms,
    )  # fmt: skip


class _Run:
    """The state of the simulation."""

    def __init__(self, rng: np.random.Generator, contacts: pd.DataFrame) -> None:
        self.rng, self.size = rng, len(contacts)
        self.added = contacts["added_day"].to_numpy()
        self.active = contacts["active"].to_numpy()
        self.bad = contacts["code"].eq(plan.BAD_CODE).to_numpy()
        self.week_added = (self.added - plan.WEEK_ZERO_DAY) // 7
        self.removed = np.full(self.size, _NEVER)
        self.second = np.zeros(self.size, int)
        self.staff_day = self._staff_days()
        chance = np.where(self.active, plan.LINK_CHANCE_ACTIVE, plan.LINK_CHANCE_QUIET)
        shape = (self.size, plan.WEEKS, len(plan.LINK_SLOTS))
        self.included = rng.random(shape) < chance[:, None, None]
        ready = np.arange(plan.WEEKS) >= (self.week_added + plan.WELCOME_WEEKS)[:, None]
        self.included &= ready[:, :, None]
        self.arms = np.full(self.size, "", object)
        self.reached: dict[str, np.ndarray] = {}
        self.told = np.full(self.size, -_NEVER)
        self.owed: dict[int, float] = defaultdict(lambda: 0.5)  # due and not yet made, rounded

    def _staff_days(self) -> np.ndarray:
        days = np.full(self.size, _NEVER)
        chosen = self.rng.choice(
            np.flatnonzero(self.added < plan.AS_OF_DAY - 30), plan.STAFF_REMOVALS, replace=False
        )
        days[chosen] = self.rng.integers(self.added[chosen] + 7, plan.AS_OF_DAY)
        return days

    def step(self, day: int) -> None:
        """One day: tests and broadcasts that begin on it, then who goes."""
        week, weekday = divmod(day - plan.WEEK_ZERO_DAY, 7)
        there = (self.added < day) & (self.removed == _NEVER) & (day < self.staff_day)
        if (week, weekday) == (plan.HOLDOUT_WEEKS[0], 0):
            self._start_test(there & (self.week_added + plan.WELCOME_WEEKS <= week))
        low = 8
        for name, when in plan.BROADCASTS.items():
            if (week, weekday) == (when, 4):
                self._broadcast(name, there, day)
                there &= self.removed == _NEVER
                low = 11  # nobody goes that day before the broadcast
        links = (
            self.included[:, week].sum(axis=1) if week < plan.WEEKS else np.zeros(self.size, int)
        )
        hazard = np.where(self.active, plan.REMOVAL_ACTIVE, plan.REMOVAL_QUIET)
        hazard = (hazard + self.bad * plan.REMOVAL_BAD_CODE) * plan.REMOVAL_FACTOR**links / 3
        if weekday < 4:
            return
        kind = self.active * 2 + self.bad + 10 * links + 100 * (self.arms != "")
        kind += 1_000 * (
            day - self.told <= 3
        )  # those a broadcast has just reached give their share
        for key in np.unique(kind[there]):
            rows = np.flatnonzero(there & (kind == key))
            self.owed[key] += hazard[rows].sum()
            due = min(int(self.owed[key]), len(rows))
            self.owed[key] -= due
            self._go(self.rng.choice(rows, due, replace=False), day, low * 3600, 23 * 3600)

    def _go(self, rows: np.ndarray, day: int, low: int, high: int) -> None:
        self.removed[rows] = day
        self.second[rows] = self.rng.integers(low, high, len(rows))

    def _start_test(self, eligible: np.ndarray) -> None:
        chosen = self.rng.choice(np.flatnonzero(eligible), 2 * plan.HOLDOUT_ARM, replace=False)
        push, control = chosen[: plan.HOLDOUT_ARM], chosen[plan.HOLDOUT_ARM :]
        self.arms[push], self.arms[control] = "push", "control"
        slots = len(plan.LINK_SLOTS)
        for week in range(*plan.HOLDOUT_WEEKS):
            self.included[control, week] = False
            order = self.rng.random((len(push), slots)).argsort(axis=1)
            self.included[push, week] = order < plan.HOLDOUT_LINKS

    def _broadcast(self, name: str, there: np.ndarray, day: int) -> None:
        rows = np.flatnonzero(there & (self.added <= day - 28))
        chosen = self.rng.choice(rows, round(plan.BROADCAST_SHARE * len(rows)), replace=False)
        self.reached[name] = np.sort(chosen)
        self.told[chosen] = day
        if name == plan.BAD_BROADCAST:
            size = round(plan.BAD_BROADCAST_EXCESS * len(chosen))
            gone = self.rng.choice(chosen, size, replace=False)
            # Most on the day itself, the rest on Saturday: well inside 72 hours.
            later = self.rng.random(size) < 0.3
            self._go(gone[~later], day, 11 * 3600, 23 * 3600)
            self._go(gone[later], day + 1, 8 * 3600, 23 * 3600)


def _added(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Staff and time of adding; who has left is given nobody."""
    contacts = people.loc[people["code"] != "", ["person", "code", "active", "added_day"]]
    contacts = contacts.reset_index(drop=True)
    at_dealer = contacts["code"].isin(["store_qr", "ride_day"]).to_numpy()
    staff = quota_choice(rng, len(contacts), {name: share for name, (share, _) in plan.HQ.items()})
    dealer = quota_choice(rng, len(contacts), {f"dl{d[1:]}": 1.0 for d in plan.DEALERS})
    staff = np.where(at_dealer, dealer, staff)
    leaves = (pd.Timestamp(plan.LEAVES) - pd.Timestamp(plan.ORIGIN)).days
    staff[(staff == plan.LEAVER) & (contacts["added_day"] >= leaves).to_numpy()] = plan.HEIR
    seconds = opening_seconds(rng, len(contacts), 8, 20)
    return contacts.assign(
        staff_id=staff, added_at=moments(plan.ORIGIN, contacts["added_day"], seconds)
    )


def _with_ends(rng: np.random.Generator, contacts: pd.DataFrame, run: _Run) -> pd.DataFrame:
    """When and by whom each contact ended; a few customers go behind as_of."""
    by_staff = (run.removed == _NEVER) & (run.staff_day < _NEVER)
    day = np.where(by_staff, run.staff_day, run.removed)
    second = np.where(by_staff, 8 * 3600, run.second)
    who = np.where(by_staff, "staff", "customer").astype(object)
    free = np.flatnonzero(day == _NEVER)
    late = rng.choice(free, plan.REMOVED_AFTER_AS_OF, replace=False)
    day[late] = plan.AS_OF_DAY + 1 + np.arange(len(late)) % 3
    second[late] = 40_000
    who[day == _NEVER] = None
    day = np.where(day == _NEVER, -1, day)
    return contacts.assign(removed_at=moments(plan.ORIGIN, day, second), removed_by=who)


def _links(contacts: pd.DataFrame, included: np.ndarray) -> pd.DataFrame:
    """Links that were sent: the person was a contact at that second."""
    contact, week, slot = np.nonzero(included)
    clock = np.array([pd.Timedelta(f"{t}:00").total_seconds() for t in plan.LINK_SLOTS], int)
    sent = moments(plan.WEEK_ZERO, 7 * week, clock[slot])
    rows = pd.DataFrame({"contact": contact, "week": week, "slot": slot, "sent_at": sent})
    ends = contacts["removed_at"].to_numpy()[contact]
    return rows[~(ends <= sent.to_numpy())].reset_index(drop=True)


def _broadcasts(reached: dict[str, np.ndarray]) -> pd.DataFrame:
    parts = []
    for name, rows in reached.items():
        sent = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * plan.BROADCASTS[name] + 4)
        parts.append(
            pd.DataFrame({"contact": rows, "name": name, "sent_at": sent + pd.Timedelta(hours=10)})
        )
    return pd.concat(parts, ignore_index=True)


def _relations(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """First relations, the leaver's transfers, second relations, some behind as_of."""
    first = contacts.assign(add_way=contacts["code"].map(ADD_WAY), entry_code=contacts["code"])
    moment = pd.Timestamp(plan.LEAVES)
    stands = first["removed_at"].isna() | (first["removed_at"] > moment)
    moved = first["staff_id"].eq(plan.LEAVER) & first["added_at"].lt(moment) & stands
    taken = first[moved].assign(staff_id=plan.HEIR, added_at=moment, add_way=202, entry_code=None)
    first.loc[moved, ["removed_at", "removed_by"]] = [moment, "transfer"]
    second = _second_staff(rng, contacts[~moved])
    columns = [
        "person",
        "staff_id",
        "added_at",
        "add_way",
        "entry_code",
        "removed_at",
        "removed_by",
    ]
    rows = pd.concat([first, taken, second])[columns]
    return rows.sort_values(["added_at", "person"], ignore_index=True)


def _second_staff(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """Second relations; they end two minutes behind the first. Eight begin behind as_of."""
    stays = contacts[~contacts["removed_by"].eq("staff")]
    chosen = stays.iloc[rng.permutation(len(stays))[: round(plan.SECOND_STAFF * len(stays))]]
    later = chosen["added_at"] + pd.to_timedelta(rng.integers(2, 50, len(chosen)), unit="D")
    as_of = pd.Timestamp(plan.AS_OF)
    inside = later.lt(chosen["removed_at"].fillna(as_of)) & later.lt(as_of)
    after = contacts[contacts["removed_by"].isna() & ~contacts.index.isin(chosen.index)]
    after = after.iloc[rng.permutation(len(after))[: plan.CONTACTS_AFTER_AS_OF]]
    july = as_of + pd.to_timedelta(34 + 5 * np.arange(len(after)), unit="h")
    rows = pd.concat([chosen.assign(added_at=later)[inside], after.assign(added_at=july)])
    other = np.where(rows["staff_id"].eq("hq02"), "hq03", "hq02")
    ends = rows["removed_at"] + pd.Timedelta(minutes=2)
    return rows.assign(staff_id=other, removed_at=ends, add_way=3, entry_code=None)
