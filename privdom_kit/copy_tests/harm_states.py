"""Guard-rails of a test: is what nobody wants up by more than the margin?

Each arm is held against the control copy by the score test of C. P. Farrington and G. Manning
(Statistics in Medicine 9, 1990), or, where there is none, against what is known without one: nobody
who is sent nothing opts out of it.

- ``passed``: the upper bound of the rise is below the margin. All guard-rails have to pass, so each
  is tested at the full one-sided level, ``(1 - confidence_level) / 2`` (intersection-union test: R.
  L. Berger, Technometrics 24, 1982).
- ``breached``: a rise that is sure and above the margin. Any guard-rail can raise this alarm, so
  its p-value is corrected (Holm) over the arms and guard-rails of the test. It is exact: of all
  people with the event, a binomial share belongs to the arm (J. Przyborowski and H. Wilenski,
  Biometrika 31, 1940), which stays honest at a handful of events and unequal arms.
  Against nothing sent a margin that nobody planned can be kept, not broken: how much of it the copy
  in use costs already is not known.
- ``open``: neither; more people are needed.
- ``not_measured``: the data do not tell. It is no pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.check_kinds import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK, LARGEST, PLANNED
from privdom_kit.estimates import (
    Interval,
    adjust_p_values,
    noninferiority_test,
    normal_critical,
    proportion_interval,
    sample_size_noninferiority,
)
from privdom_kit.form_copy_tests import HARMS

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

PASSED, BREACHED, OPEN, NOT_MEASURED = "passed", "breached", "open", "not_measured"
#: What an arm is held against, beside the kinds of a reference: a stated share, or that who is
#: sent nothing has nothing to opt out of.
BASELINE, NOTHING_SENT = "baseline", "nothing_sent"
#: Why a guard-rail is not measured, or why it is open whatever its interval says.
NO_COLUMN, NO_FRIENDS, TOO_EARLY = "no_column", "no_friends", "too_early"
NO_REFERENCE, NO_BASELINE, TOO_FEW = "no_reference", "no_baseline", "too_few"


@dataclass(frozen=True, slots=True, eq=False)
class HarmRow:
    """One guard-rail of one arm.

    Attributes:
        test: Name of the test.
        arm: Name of the arm.
        harm: One of ``form_copy_tests.HARMS``.
        state: passed, breached, open or not_measured.
        reason: Why there is no comparison; empty where there is one.
        planned: Whether the plan names the guard-rail.
        margin: Rise that is put up with, share of people sent to.
        basis: What the arm is held against: control, held_back, largest, baseline, nothing_sent.
        reference: Name of the arm that it is held against; None where it is none.
        x: People of the arm with the event.
        n: People of the arm sent to whose window is over.
        reference_x: The same of the reference.
        reference_n: The same of the reference.
        reference_rate: Share that the arm is held against.
        rise: Share of the arm less that of the reference, with its interval.
        p_value: One-sided, of a rise at or above the margin: small says passed.
        rise_p_value: One-sided, of no rise (of one up to the margin where the arm is held against
            a fixed share): small says breached.
        rise_p_value_adjusted: The same after Holm.
        people_needed: People of the arm with whom it would pass if there is no rise.
    """

    test: str
    arm: str
    harm: str
    state: str
    planned: bool
    margin: float
    reason: str = ""
    basis: str = ""
    reference: str | None = None
    x: int = 0
    n: int = 0
    reference_x: int = 0
    reference_n: int = 0
    reference_rate: float = 0.0
    rise: Interval | None = None
    p_value: float | None = None
    rise_p_value: float | None = None
    rise_p_value_adjusted: float | None = None
    people_needed: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the data tell how many people had the event."""
        return self.reason not in (NO_COLUMN, NO_FRIENDS)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """People with the event and people, of the arm and of its reference."""
        return self.x, self.n, self.reference_x, self.reference_n


def harm_rows(base: CopyBase, test: str) -> list[HarmRow]:
    """Every guard-rail of every arm that something was sent to, the reference apart."""
    reference = base.reference(test)
    arms = base.arms(test)
    compared = arms[~arms["held"]]
    if reference is not None and reference[1] != HELD_BACK:
        compared = compared[compared["arm"] != reference[0]]
    rows = [
        _judged(base, _counted(base, test, arms, arm, harm, reference))
        for arm in compared.itertuples(index=False)
        for harm in HARMS
    ]
    return _breaches(base, rows)


def required_harms(base: CopyBase, test: str) -> tuple[str, ...]:
    """The guard-rails that have to pass: those of the plan, else all."""
    plan = base.plan(test)
    planned = tuple(rail.metric for rail in plan.guardrails) if plan else ()
    return planned or HARMS


def arm_state(rows: list[HarmRow], required: tuple[str, ...]) -> str:
    """The state of one arm over its guard-rails.

    A breach of any; else open or not measured where a required one is; else passed.
    """
    if any(row.state == BREACHED for row in rows):
        return BREACHED
    states = {row.state for row in rows if row.harm in required}
    return next((state for state in (OPEN, NOT_MEASURED) if state in states), PASSED)


def _counted(
    base: CopyBase,
    test: str,
    arms: pd.DataFrame,
    arm: object,
    harm: str,
    reference: tuple[str, str] | None,
) -> HarmRow:
    """The row with its counts and what it is held against; not measured where nothing tells."""
    plan, units = base.plan(test), base.units
    rail = next((r for r in plan.guardrails if r.metric == harm), None) if plan else None
    margin = rail.margin if rail else base.settings.copy_tests.guardrail_margin
    row = HarmRow(test, arm.arm, harm, NOT_MEASURED, rail is not None, margin)  # type: ignore[attr-defined]
    if units is None or harm not in units.outcomes:
        return replace(row, reason=NO_COLUMN)
    if harm == "friend_removed" and not arms.loc[~arms["held"], "x_friend_added"].sum():
        return replace(row, reason=NO_FRIENDS)
    x, n = int(getattr(arm, f"x_{harm}")), int(getattr(arm, f"n_{harm}"))
    row = replace(row, x=x, n=n)
    if not n:
        return replace(row, reason=TOO_EARLY)
    if _is_counted(base, test, harm, reference):
        name, kind = reference  # type: ignore[misc]
        other = arms[(arms["arm"] == name) & (arms["held"] == (kind == HELD_BACK))].iloc[0]
        counts = int(other[f"x_{harm}"]), int(other[f"n_{harm}"])
        shown = replace(row, basis=kind, reference=name, reference_x=counts[0])
        return replace(shown, reference_n=counts[1], reason="" if counts[1] else TOO_EARLY)
    if rail is not None and rail.baseline is not None:
        return replace(row, basis=BASELINE, reference_rate=rail.baseline)
    if harm != "friend_removed":
        return replace(row, basis=NOTHING_SENT, reference_rate=0.0)
    return replace(row, reason=NO_REFERENCE)


def _is_counted(base: CopyBase, test: str, harm: str, reference: tuple[str, str] | None) -> bool:
    """Whether the reference arm has the event: who was sent nothing can only lose friends."""
    if reference is None:
        return False
    if reference[1] in (PLANNED, LARGEST):
        return True
    return harm == "friend_removed" and holdout_recorded(base, test, "friend_added")


def _judged(base: CopyBase, row: HarmRow) -> HarmRow:
    """The row compared with its reference: passed or open; breaches are seen over all rows."""
    if row.reason or not row.basis:
        return row
    rules = base.settings.copy_tests
    if row.n < rules.least_people or (row.reference and row.reference_n < rules.least_people):
        return replace(row, state=OPEN, reason=TOO_FEW)
    compare = _against_arm if row.reference else _against_share
    row, upper = compare(row, rules.confidence_level)
    if upper < row.margin:
        return replace(row, state=PASSED)
    return replace(row, state=OPEN, people_needed=_people_needed(row, base))


def _against_arm(row: HarmRow, level: float) -> tuple[HarmRow, float]:
    """The row with its comparison, and the upper bound of the rise."""
    found = noninferiority_test(*row.counts, row.margin, level)
    compared = replace(
        row,
        reference_rate=row.reference_x / row.reference_n,
        rise=Interval(found.estimate, found.lower, found.upper),
        p_value=found.p_value,
        rise_p_value=_rise_p_value(*row.counts),
    )
    return compared, found.upper


def _against_share(row: HarmRow, level: float) -> tuple[HarmRow, float]:
    """Against a stated share (or none at all): Wilson's interval, its score test, exact breach."""
    from scipy.special import ndtr

    known, limit = row.reference_rate, min(row.reference_rate + row.margin, 1.0)
    share = proportion_interval(row.x, row.n, level)
    error = math.sqrt(limit * (1 - limit) / row.n)
    compared = replace(
        row,
        rise=Interval(share.estimate - known, share.lower - known, share.upper - known),
        p_value=float(ndtr((share.estimate - limit) / error)) if error else None,
        rise_p_value=_binomial_tail(row.x, row.n, limit),
    )
    return compared, share.upper - known


def _breaches(base: CopyBase, rows: list[HarmRow]) -> list[HarmRow]:
    """The rows with corrected p-values of a rise; sure rises above the margin are breaches."""
    rules = base.settings.copy_tests
    alpha = (1 - rules.confidence_level) / 2
    found = []
    for row, p in zip(rows, adjust_p_values([r.rise_p_value for r in rows]), strict=True):
        sure = p is not None and p < alpha and row.x + row.reference_x >= rules.least_events
        above = sure and row.rise is not None and row.rise.estimate > row.margin
        row = replace(row, rise_p_value_adjusted=p)
        if above and row.basis == NOTHING_SENT and not row.planned:
            row = replace(row, reason=NO_BASELINE, people_needed=None)
        elif above:
            row = replace(row, state=BREACHED, people_needed=None)
        found.append(row)
    return found


def _rise_p_value(x1: int, n1: int, x2: int, n2: int) -> float:
    """Chance of so many of the events in the arm, if they fell on people alike."""
    return _binomial_tail(x1, x1 + x2, n1 / (n1 + n2))


def _binomial_tail(x: int, n: int, share: float) -> float:
    """Chance of x or more out of n."""
    from scipy.special import bdtrc

    return 1.0 if x <= 0 else float(bdtrc(x - 1, n, share))


def _people_needed(row: HarmRow, base: CopyBase) -> int | None:
    """People of the arm with whom it would pass if there is no rise; None where they are there.

    Without any event the share is unknown: at least so many that no event at all would pass.
    """
    rules = base.settings.copy_tests
    critical = normal_critical(rules.confidence_level)
    none_at_all = math.floor(critical**2 * (1 - row.margin) / row.margin) + 1
    if row.reference:
        ratio, alpha = row.n / row.reference_n, (1 - rules.confidence_level) / 2
        share = (row.x + row.reference_x) / (row.n + row.reference_n)
        control = sample_size_noninferiority(share, share, row.margin, alpha, rules.power, ratio)
        needed = math.ceil(control * ratio)
    else:
        limit = row.reference_rate + row.margin
        expected = row.reference_rate if row.basis == BASELINE else row.x / row.n
        if not expected < limit < 1:
            return None
        spread = critical * math.sqrt(limit * (1 - limit))
        spread += normal_critical(2 * rules.power - 1) * math.sqrt(expected * (1 - expected))
        needed = math.ceil((spread / (limit - expected)) ** 2)
    needed = max(needed, none_at_all)
    return needed if needed > row.n else None
