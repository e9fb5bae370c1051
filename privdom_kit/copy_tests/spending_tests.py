"""The crowds of each test as spending sees them: profit of a contact, and the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.contact_costs import FRIEND, Contacts
from privdom_kit.copy_tests.contact_profits import Profits, read_profits
from privdom_kit.copy_tests.friend_values import FriendValue, friend_value, incentive_costs
from privdom_kit.copy_tests.pack_sizes import pack_sizes
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.spending_order import (
    Spending,
    best_spending,
    even_contacts,
    spending_order,
)
from privdom_kit.estimates import Interval
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

_X, _N = f"x_{FRIEND}", f"n_{FRIEND}"
_CALLS = ("call", "call_sms")


@dataclass(frozen=True, slots=True, eq=False)
class SpendingTest:
    """One test.

    Attributes:
        name: Name of the test.
        evidence: What the test can show.
        crowds: Its crowds.
        x: Friends of the people sent to, by crowd.
        n: People sent to, by crowd.
        available: People who can be sent to, by crowd.
        judged: Places in ``crowds`` of those with people enough.
        values: Value of a friend in each of those.
        profits: Of those; None where there are too few people or friends.
        intervals: Profit of a contact in each of those, widened for the number of crowds.
        calls: Dials a contact takes in each of those; 0 where nobody is called.
        budget: Of the plan.
        capacity: Of the plan.
        best: The plan that brings most.
        places: Place of each judged crowd in the order of spending.
        gain: Profit of the plan over contacting the same share of every crowd.
        even: That other profit.
        friends: Friends that the plan brings.
        total: Profit of the plan.
        lacking: People that crowds are short of their planned size.
        extra: Whether only friends beyond people held back count.
        level: Of intervals that nothing is judged by.
        wide_level: Of the others, widened for the number of crowds.
    """

    name: str
    evidence: str
    crowds: tuple[str, ...]
    x: tuple[int, ...]
    n: tuple[int, ...]
    available: tuple[int, ...]
    judged: tuple[int, ...]
    values: tuple[FriendValue, ...]
    profits: Profits | None
    intervals: tuple[Interval, ...]
    calls: tuple[float, ...]
    budget: float | None
    capacity: float | None
    best: Spending | None
    places: tuple[int | None, ...]
    gain: Interval | None
    even: float | None
    friends: Interval | None
    total: Interval | None
    lacking: int
    extra: bool
    level: float
    wide_level: float

    @property
    def sure_loss(self) -> float:
        """What crowds that do not pay for sure lost on the people sent to."""
        if self.profits is None:
            return 0.0
        found = zip(self.judged, self.intervals, self.profits.estimates, strict=True)
        return sum(-profit * self.n[i] for i, ends, profit in found if ends.upper < 0)


def read_spending_tests(base: CopyBase, contacts: Contacts) -> list[SpendingTest] | Message:
    """The tests that name crowds and added friends; the reason where there are none."""
    cells = contacts.cells[contacts.cells["crowd"].notna()]
    if cells.empty:
        return msg("The deliveries name no crowds.")
    with_friends = [t for t in base.tests() if cells.loc[cells["test"] == t, _X].sum() > 0]
    if not with_friends:
        return msg("No test with crowds added a friend.")
    valued = [t for t in with_friends if _values(base, t, cells) is not None]
    if not valued:
        return msg(
            "What a friend is worth is not stated: neither friend_value of the crowds in forms.yml "
            "nor economics.customer_value in client.yml."
        )
    parts = {test: _Part(base, test, cells) for test in valued}
    judged = sum(len(part.judged) for part in parts.values())
    level = 1 - (1 - base.settings.copy_tests.confidence_level) / max(judged, 1)
    return [part.read(level) for part in parts.values()]


def _values(base: CopyBase, test: str, cells: pd.DataFrame) -> list[FriendValue] | None:
    """Value of a friend of each crowd that was sent to; None where one is not stated."""
    rows = cells[(cells["test"] == test) & ~cells["held"]]
    found = [friend_value(base, test, crowd, cells) for crowd in sorted(set(rows["crowd"]))]
    return None if not found or None in found else [value for value in found if value]


class _Part:
    """What of a test is read before it is known how many crowds are judged in all."""

    def __init__(self, base: CopyBase, test: str, cells: pd.DataFrame) -> None:
        rules, rows = base.settings.copy_tests, cells[cells["test"] == test]
        self.base, self.test = base, test
        sent = rows[~rows["held"]]
        self.crowds = tuple(sorted(set(sent["crowd"])))
        self.sent = [sent[sent["crowd"] == crowd] for crowd in self.crowds]
        held = rows[rows["held"]]
        self.held = [held[held["crowd"] == crowd] for crowd in self.crowds]
        self.x = tuple(int(part[_X].sum()) for part in self.sent)
        self.n = tuple(int(part[_N].sum()) for part in self.sent)
        large = [i for i, people in enumerate(self.n) if people >= rules.least_people]
        enough = sum(self.x[i] for i in large) >= rules.least_events
        self.judged = tuple(large) if enough else ()
        self.values = tuple(_values(base, test, cells) or ())
        self.extra = holdout_recorded(base, test, FRIEND) and bool(held[_N].sum())

    def read(self, level: float) -> SpendingTest:
        """The test, its intervals at this level."""
        plan = self.base.plan(self.test)
        planned = {crowd.name: crowd.people for crowd in plan.crowds} if plan else {}
        available = [
            n if planned.get(crowd) is None else planned[crowd] or 0
            for crowd, n in zip(self.crowds, self._sent_people(), strict=True)
        ]
        return _plan(self, level, tuple(available), plan)

    def _sent_people(self) -> list[int]:
        """People of each crowd, held back or not, whether their window is over or not."""
        cells = self.base.cells[self.base.cells["test"] == self.test]
        return [int(cells.loc[cells["crowd"] == crowd, "people"].sum()) for crowd in self.crowds]


def _plan(part: _Part, level: float, available: tuple[int, ...], plan: Any) -> SpendingTest:
    profits = None
    if part.judged:
        profits = read_profits(
            [part.sent[i] for i in part.judged],
            [part.held[i] for i in part.judged] if part.extra else None,
            [part.values[i].value for i in part.judged],
            incentive_costs(part.base, part.test),
            level,
            apart=not _small_held(part),
        )
    judged = part.judged if profits is not None else ()
    called = plan is not None and plan.channel in _CALLS
    calls = [_dials(part.sent[i]) if called else 0.0 for i in judged]
    budget = plan.budget if plan is not None else None
    capacity = plan.call_capacity if called else None
    best = even = gain = friends = total = None
    places: tuple[int | None, ...] = ()
    intervals: tuple[Interval, ...] = ()
    if profits is not None:
        people = [available[i] for i in judged]
        gains, spends = profits.estimates, profits.spends
        limits = (people, budget, capacity)
        best = best_spending(gains, spends, calls, *limits)
        spread = even_contacts(spends, calls, *limits)
        moved = [a - b for a, b in zip(best.contacts, spread, strict=True)]
        plain = part.base.settings.copy_tests.confidence_level
        # One plan a test is judged beside its crowds, at the same level.
        gain, total = profits.total(moved, level), profits.total(best.contacts, plain)
        friends = profits.friends(best.contacts, plain)
        even = sum(z * profit for z, profit in zip(spread, gains, strict=True))
        places = spending_order(gains, spends, calls, best)
        intervals = tuple(profits.interval(i, level) for i in range(len(judged)))
    return SpendingTest(
        name=part.test,
        evidence=part.base.evidence(part.test),
        crowds=part.crowds,
        x=part.x,
        n=part.n,
        available=available,
        judged=judged,
        values=tuple(part.values[i] for i in judged),
        profits=profits,
        intervals=intervals,
        calls=tuple(calls),
        budget=budget,
        capacity=capacity,
        best=best,
        places=places,
        gain=gain,
        even=even,
        friends=friends,
        total=total,
        lacking=_lacking(part),
        extra=part.extra,
        level=part.base.settings.copy_tests.confidence_level,
        wide_level=level,
    )


def _small_held(part: _Part) -> bool:
    """Whether friends of the people held back are too few in some crowd to be shown by crowd."""
    least = part.base.settings.privacy.min_cell
    counts = [(int(cells[_N].sum()), int(cells[_X].sum())) for cells in part.held]
    return any(0 < n < least or 0 < x < least for n, x in counts)


def _dials(sent: pd.DataFrame) -> float:
    return float(sent["x_rows"].sum()) / float(sent["people"].sum())


def _lacking(part: _Part) -> int:
    sizes = pack_sizes(part.base, part.test)
    if sizes is None:
        return 0
    short = part.base.settings.copy_tests.short_share
    sent = dict(zip(part.crowds, part.n, strict=True))
    return sum(sizes.lacking(crowd, sent.get(crowd, 0), short) or 0 for crowd in sizes.people)
