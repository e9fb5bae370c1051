"""What a version brings in money beyond the copy it is held against, a person sent to.

A version can bring more friends for sure and lose money by them: an incentive is paid to those,
too, who would have added anyway.
"""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.contact_costs import FRIEND, Contacts, read_contacts
from privdom_kit.copy_tests.cost_rows import mean_value
from privdom_kit.copy_tests.friend_costs import Group, extra_rate, group_sums, profit_interval
from privdom_kit.copy_tests.friend_values import incentive_costs
from privdom_kit.copy_tests.primary import challengers, primary_outcome
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK, PLANNED
from privdom_kit.estimates import Interval, normal_critical
from privdom_kit.messages import Message

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

_FRIENDS = ("friend_added", "friend_kept")
_kept: weakref.WeakKeyDictionary[CopyBase, Contacts | Message] = weakref.WeakKeyDictionary()


def extra_profits(base: CopyBase, test: str) -> dict[str, Interval]:
    """By version: value of its extra friends less its extra cost, a person sent to.

    (value x friends - cost) of the version less the same of the copy in use; against people held
    back the value of the friends beyond theirs less the cost. One value of a friend for both
    sides. Intervals are normal, Bonferroni over the versions of the test.

    Returns:
        Nothing where the test is not about friends, where no value or cost is known, where costs
        are missing of too many, or where no control says what is extra.
    """
    primary, reference = primary_outcome(base, test), base.reference(test)
    contacts = _contacts(base)
    if primary is None or primary.outcome not in _FRIENDS or isinstance(contacts, Message):
        return {}
    rules = base.settings.copy_tests
    missing = contacts.missing.get(test, 0.0) > rules.missing_reports_share
    if reference is None or reference[1] not in (PLANNED, HELD_BACK) or missing:
        return {}
    if reference[1] == HELD_BACK and not holdout_recorded(base, test, FRIEND):
        return {}
    cells = contacts.cells[contacts.cells["test"] == test]
    theirs = cells[cells["arm"] == reference[0]]
    arms = challengers(base, test, reference[0])
    level = 1 - (1 - rules.confidence_level) / max(len(arms), 1)
    found = {}
    for arm in arms:
        ours = cells[(cells["arm"] == arm) & ~cells["held"]]
        if min(_people(ours), _people(theirs)) < rules.least_people:
            continue
        profit = _extra(base, test, ours, theirs, reference[1], contacts, level)
        if profit is not None:
            found[arm] = profit
    return found


def _contacts(base: CopyBase) -> Contacts | Message:
    """The sums of costs and friends; read once a base."""
    if base not in _kept:
        _kept[base] = read_contacts(base)
    return _kept[base]


def _people(cells: pd.DataFrame) -> int:
    return int(cells[f"n_{FRIEND}"].sum())


def _extra(
    base: CopyBase,
    test: str,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    kind: str,
    contacts: Contacts,
    level: float,
) -> Interval | None:
    import pandas as pd

    paid = incentive_costs(base, test)
    sent = ours if kind == HELD_BACK else pd.concat([ours, theirs])
    value = mean_value(base, test, sent, contacts.cells)
    if value is None:
        return None
    group = group_sums(ours, paid)
    if kind == HELD_BACK:
        return profit_interval(group, extra_rate(ours, theirs), value.value, level)
    return _difference(group, group_sums(theirs, paid), value.value, level)


def _difference(ours: Group, theirs: Group, value: float, level: float) -> Interval:
    gap = _profit(ours, value) - _profit(theirs, value)
    half = normal_critical(level) * math.sqrt(_variance(ours, value) + _variance(theirs, value))
    return Interval(gap, gap - half, gap + half)


def _profit(group: Group, value: float) -> float:
    return value * group.rate - group.mean_cost


def _variance(group: Group, value: float) -> float:
    """Of the mean profit a person: friends and their costs move together."""
    spread = (value * group.rate_error) ** 2 + group.cost_error**2
    return max(spread - 2 * value * group.covariance, 0.0)
