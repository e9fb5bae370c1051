"""The checks of a test, one function each: was it run as a test?

A check is ``failed`` where what it found makes the comparison of arms wrong, ``noted`` where it
must be known and biases nothing by itself, ``unknown`` where the data do not tell (never a pass),
and ``ok``. A check that a test cannot need (people held back, where nobody is) is not made.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.check_counts import check_counts
from privdom_kit.copy_tests.planned_split import split_by_arm, split_table
from privdom_kit.estimates import adjust_p_values, equality_test, sample_ratio_test

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

OK, FAILED, NOTED, UNKNOWN = "ok", "failed", "noted", "unknown"
SAMPLE_RATIO, CROWD_RATIO = "sample_ratio", "crowd_ratio"
TWO_ARMS, TWO_CROWDS, TWO_TESTS = "two_arms", "two_crowds", "two_tests"
HELD_UNTOUCHED, HELD_OUTCOMES = "held_untouched", "held_outcomes"
REPORTS, LATE_REPORTS, RECEIPTS = "reports", "late_reports", "receipts"
WINDOWS_OVER, AS_PLANNED = "windows_over", "as_planned"
#: All checks, in the order in which they are shown.
CHECKS = (
    *(SAMPLE_RATIO, CROWD_RATIO, TWO_ARMS, TWO_CROWDS, TWO_TESTS, HELD_UNTOUCHED, HELD_OUTCOMES),
    *(REPORTS, LATE_REPORTS, RECEIPTS, WINDOWS_OVER, AS_PLANNED),
)
#: Outcomes that a person has who was sent nothing.
WITHOUT_SEND = ("friend_added", "friend_kept", "ordered")
_DIALLED = ("call", "call_sms")


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One check of a test.

    Attributes:
        name: One of :data:`CHECKS`.
        status: ok, failed, noted or unknown.
        people: People whom it found; None where it is about shares, or not known.
        of_people: People whom it looked at.
        value: Share that was found: ``people / of_people``, or the largest difference of an arm.
        limit: What ``value`` is held against, or ``p_value`` where the check is a test.
        p_value: Of the test behind it, corrected where there are several; else None.
    """

    name: str
    status: str
    people: int | None = None
    of_people: int | None = None
    value: float | None = None
    limit: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """What is counted of one test."""

    base: CopyBase
    test: str
    cells: pd.DataFrame
    overlaps: pd.DataFrame

    @property
    def people(self) -> int:
        return int(self.cells["people"].sum())

    @property
    def sent(self) -> pd.DataFrame:
        return self.cells[~self.cells["held"]]

    @property
    def held(self) -> pd.DataFrame:
        return self.cells[self.cells["held"]]


def made_checks(base: CopyBase, test: str) -> tuple[Check, ...]:
    """The checks of a test, apart from its deviations from the plan."""
    counts = check_counts(base)
    counted = _Counted(
        base,
        test,
        counts.cells[counts.cells["test"] == test],
        counts.overlaps[counts.overlaps["test"] == test],
    )
    return tuple(check for make in _MADE if (check := make(counted)) is not None)


def split_p_value(part: pd.DataFrame) -> tuple[float, float] | None:
    """Largest difference from the planned shares and its p-value; None where nothing is split."""
    if part["planned_people"].isna().any() or (part["planned_people"] > 0).sum() < 2:
        return None
    found = sample_ratio_test(part["people"].tolist(), part["planned_people"].tolist())
    return found.estimate, found.p_value


def crowd_splits(base: CopyBase, test: str) -> pd.DataFrame:
    """The split of each crowd: ``crowd, people, gap, p_value, p_value_adjusted`` (Holm)."""
    import pandas as pd

    rows = []
    for crowd, part in split_table(base, test).groupby("crowd", dropna=False, sort=True):
        found = split_p_value(part) or (None, None)
        rows.append((None if pd.isna(crowd) else crowd, int(part["people"].sum()), *found))
    table = pd.DataFrame(rows, columns=["crowd", "people", "gap", "p_value"])
    table = table.astype({"crowd": object, "gap": "float64", "p_value": "float64"})
    adjusted = adjust_p_values(table["p_value"].tolist())
    return table.assign(p_value_adjusted=pd.Series(adjusted, dtype="float64"))


def _sample_ratio(counted: _Counted) -> Check:
    table = split_by_arm(split_table(counted.base, counted.test))
    alarm = counted.base.settings.copy_tests.ratio_alarm
    people = int(table["people"].sum())
    found = split_p_value(table) if people else None
    if found is None:
        return Check(SAMPLE_RATIO, UNKNOWN, of_people=people)
    gap, p_value = found
    status = FAILED if p_value < alarm else OK
    return Check(SAMPLE_RATIO, status, None, people, abs(gap), alarm, p_value)


def _crowd_ratio(counted: _Counted) -> Check | None:
    table = crowd_splits(counted.base, counted.test)
    if len(table) < 2:
        return None
    known, people = table.dropna(subset=["p_value"]), int(table["people"].sum())
    if known.empty:
        return Check(CROWD_RATIO, UNKNOWN, of_people=people)
    worst = known.loc[known["p_value_adjusted"].idxmin()]
    alarm = counted.base.settings.copy_tests.ratio_alarm
    status = FAILED if worst["p_value_adjusted"] < alarm else OK
    values = float(abs(worst["gap"])), alarm, float(worst["p_value_adjusted"])
    return Check(CROWD_RATIO, status, None, people, *values)


def _share(name: str, people: int, of_people: int, limit: float, above: str) -> Check:
    """A check of a share of people: ``above`` the limit, ok up to it."""
    value = people / of_people if of_people else None
    status = UNKNOWN if value is None else above if value > limit else OK
    return Check(name, status, people, of_people, value, limit)


def _two_arms(counted: _Counted) -> Check:
    limit = counted.base.settings.copy_tests.two_arms_share
    found = int(counted.cells["two_arms"].sum())
    return _share(TWO_ARMS, found, counted.people, limit, FAILED)


def _two_crowds(counted: _Counted) -> Check | None:
    if counted.base.units is None or not counted.base.units.crowds:
        return None
    limit = counted.base.settings.copy_tests.two_arms_share
    found = int(counted.cells["two_crowds"].sum())
    return _share(TWO_CROWDS, found, counted.people, limit, NOTED)


def _two_tests(counted: _Counted) -> Check:
    """People in another test at the same time: failed where they are not spread over the arms.

    Spread evenly, the other test moves all arms alike.
    """
    rules = counted.base.settings.copy_tests
    found = int(counted.overlaps["people"].sum())
    check = _share(TWO_TESTS, found, counted.people, rules.two_arms_share, NOTED)
    if check.status != NOTED:
        return check
    keys = ["arm", "held"]
    arms = counted.cells.groupby(keys)["people"].sum().reset_index(name="of_people")
    arms = arms.merge(counted.overlaps.groupby(keys)["people"].sum().reset_index(), "left", keys)
    _, p_value = _widest(arms["people"].fillna(0), arms["of_people"], rules.least_people)
    uneven = p_value is not None and p_value < rules.ratio_alarm
    status = FAILED if uneven else NOTED
    return Check(TWO_TESTS, status, found, counted.people, check.value, check.limit, p_value)


def _held_untouched(counted: _Counted) -> Check | None:
    held = counted.held
    if held.empty:
        return None
    limit = counted.base.settings.copy_tests.two_arms_share
    people, touched = int(held["people"].sum()), int(held["touched"].sum())
    check = _share(HELD_UNTOUCHED, touched, people, limit, FAILED)
    if check.status == OK and touched:
        return Check(HELD_UNTOUCHED, NOTED, touched, people, check.value, limit)
    return check


def _held_outcomes(counted: _Counted) -> Check | None:
    if counted.held.empty:
        return None
    people = int(counted.held["people"].sum())
    recorded = holdout_recorded(counted.base, counted.test)
    return Check(HELD_OUTCOMES, OK if recorded else UNKNOWN, of_people=people)


def holdout_recorded(base: CopyBase, test: str, outcome: str | None = None) -> bool:
    """Whether any outcome is recorded of the people held back.

    None at all may mean that nobody did anything, or that nobody looked: then there is no telling
    what sending brought, and incremental figures are not measured.

    Args:
        base: The client.
        test: Name of the test.
        outcome: One of :data:`WITHOUT_SEND`; any of them by default.
    """
    if base.units is None:
        return False
    arms = base.arms(test)
    names = [n for n in WITHOUT_SEND if outcome in (None, n) and n in base.units.outcomes]
    return bool((arms.loc[arms["held"], [f"x_{name}" for name in names]] > 0).any(axis=None))


def _reports(counted: _Counted) -> Check | None:
    """People without any report, the largest difference between arms."""
    rules, sent = counted.base.settings.copy_tests, counted.sent
    people = int(sent["closed"].sum())
    units = counted.base.units
    if sent.empty:
        return None
    if units is None or not units.has_status or not people:
        return Check(REPORTS, UNKNOWN, of_people=people)
    arms = sent.groupby("arm")[["closed", "reported_closed"]].sum()
    missing = arms["closed"] - arms["reported_closed"]
    gap, p_value = _widest(missing, arms["closed"], rules.least_people)
    found, limit = int(missing.sum()), rules.missing_reports_share
    differs = gap is not None and gap > limit and p_value is not None
    if differs and p_value < rules.ratio_alarm:  # type: ignore[operator]
        return Check(REPORTS, FAILED, found, people, gap, limit, p_value)
    if found / people > limit:
        return Check(REPORTS, NOTED, found, people, found / people, limit, p_value)
    return Check(REPORTS, OK, found, people, found / people, limit, p_value)


def _late_reports(counted: _Counted) -> Check | None:
    units, sent = counted.base.units, counted.sent
    if sent.empty:
        return None
    told = int(sent["told"].sum())
    if units is None or "delivered" not in units.outcomes or not told:
        return Check(LATE_REPORTS, UNKNOWN)
    limit = counted.base.settings.copy_tests.missing_reports_share
    return _share(LATE_REPORTS, int(sent["late"].sum()), told, limit, NOTED)


def _receipts(counted: _Counted) -> Check:
    """People with more rows than attempts: receipts told twice, or a receipt a segment."""
    plan = counted.base.plan(counted.test)
    if plan is None and set(counted.cells["channel"]) & set(_DIALLED):
        # Without a plan nothing says how often a person was to be dialled.
        return Check(RECEIPTS, UNKNOWN, of_people=counted.people)
    limit = counted.base.settings.copy_tests.two_arms_share
    return _share(RECEIPTS, int(counted.cells["repeated"].sum()), counted.people, limit, NOTED)


def _windows_over(counted: _Counted) -> Check:
    """People who are in no denominator yet."""
    return _share(WINDOWS_OVER, int(counted.cells["open"].sum()), counted.people, 0.0, NOTED)


def _widest(found: pd.Series, people: pd.Series, least: int) -> tuple[float | None, float | None]:
    """The largest difference of shares between two groups, and its p-value for all pairs."""
    pairs = [(int(x), int(n)) for x, n in zip(found, people, strict=True) if int(n) >= least]
    if len(pairs) < 2:
        return None, None
    tests = [equality_test(*one, *other) for one, other in itertools.combinations(pairs, 2)]
    widest = max(tests, key=lambda test: abs(test.estimate))
    return abs(widest.estimate), min(widest.p_value * len(tests), 1.0)


_MADE: tuple[Callable[[_Counted], Check | None], ...] = (
    *(_sample_ratio, _crowd_ratio, _two_arms, _two_crowds, _two_tests),
    *(_held_untouched, _held_outcomes, _reports, _late_reports, _receipts, _windows_over),
)
