"""Counts behind the checks of a test: who is in two arms, unreported, late, or not over yet."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.sums import MOST_GROUPS
from privdom_kit.engine import collect

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.copy_tests.units import Units

_DAY = 86_400
# A call with a text message may be two deliveries.
_DELIVERIES = {"call_sms": 2}
_FLAGS = (
    *("two_arms", "two_crowds", "closed", "reported_closed", "told", "late"),
    *("repeated", "touched", "open"),
)


@dataclass(frozen=True, slots=True, eq=False)
class CheckCounts:
    """People of all tests by what the checks look at.

    Attributes:
        cells: ``test, arm, channel`` (names)``, held, people`` and people who: are in ``two_arms``
            or ``two_crowds``; were sent to so long ago that reports are ``closed``, of them those
            ``reported_closed``; were ``told`` delivered at any time, of them those told ``late``;
            have more rows than planned attempts (``repeated``); were held back and yet
            ``touched``; whose window is still ``open``.
        overlaps: ``test, arm`` (names)``, held, people`` in another test at the same time.
    """

    cells: pd.DataFrame
    overlaps: pd.DataFrame


_kept: weakref.WeakKeyDictionary[CopyBase, CheckCounts] = weakref.WeakKeyDictionary()


def check_counts(base: CopyBase) -> CheckCounts:
    """The counts of a client; computed once a base.

    Raises:
        ValueError: There are no deliveries (a programming error: ask for the units first).
    """
    if base.units is None:
        raise ValueError("there are no units: ask for them first")
    if base not in _kept:
        cells = _cells(base, base.units)
        _kept[base] = CheckCounts(cells, _overlaps(base.units, cells["test"].nunique()))
    return _kept[base]


def _cells(base: CopyBase, units: Units) -> pd.DataFrame:
    """One grouped query over all people, those in two arms among them."""
    import narwhals as nw

    rules = base.settings.copy_tests
    as_of, report_days = base.base.as_of_day, -(-rules.report_hours // 24)
    closed = nw.col("sent_on") + report_days <= as_of
    delivered = _is_one(units, "delivered")
    flags = {
        "two_arms": nw.col("arms") > 1,
        "two_crowds": nw.col("crowds") > 1,
        "closed": closed,
        "reported_closed": closed & (nw.col("reported") == 1),
        "told": delivered | (nw.col("late") == 1),
        "late": nw.col("late") == 1,
        "repeated": nw.col("rows") > _most_rows(base, units),
        "touched": (nw.col("held") == 1) & _touched(units),
        "open": nw.col("sent_on") + nw.col("window") > as_of,
    }
    ones = {
        name: nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)) for name, flag in flags.items()
    }
    keys = ["test", "arm", "channel", "held"]
    counts = (
        units.frame.with_columns(**ones)
        .group_by(*keys)
        .agg(nw.len().alias("people"), *(nw.col(name).sum() for name in _FLAGS))
    )
    table = collect(counts, limit=MOST_GROUPS).sort_values(keys, ignore_index=True)
    table = table.astype(dict.fromkeys(_FLAGS, "int64"))
    channels = [units.channel_name(int(code)) for code in table["channel"].fillna(-1)]
    return _named(table, units).assign(channel=channels)


def _named(table: pd.DataFrame, units: Units) -> pd.DataFrame:
    return table.assign(
        test=[units.test_name(int(code)) for code in table["test"]],
        arm=[units.arms[int(code)] for code in table["arm"]],
        held=table["held"] == 1,
    )


def _is_one(units: Units, outcome: str) -> nw.Expr:
    import narwhals as nw

    if outcome not in units.outcomes:
        return nw.col("rows") < 0  # no row: a bare literal cannot filter
    return (nw.col(outcome) == 1).fill_null(False)


def _touched(units: Units) -> nw.Expr:
    """Whether something shows that a person was sent to after all.

    A click alone does not: where visits are recorded for everybody, they are an outcome of people
    who were sent nothing, too.
    """
    import narwhals as nw

    sign = _is_one(units, "delivered") | _is_one(units, "connected")
    if "cost_cents" in units.amounts:
        sign = sign | (nw.col("cost_cents") > 0).fill_null(False)
    return sign


def _most_rows(base: CopyBase, units: Units) -> nw.Expr:
    """Rows that a person of a test has at most: planned attempts; 1 where none are planned."""
    import narwhals as nw

    most = nw.lit(1)
    for code, name in enumerate(units.tests):
        plan = base.plan(name)
        if plan is not None:
            rows = plan.attempts * _DELIVERIES.get(plan.channel, 1)
            most = nw.when(nw.col("test") == code).then(nw.lit(rows)).otherwise(most)
    return most


def _overlaps(units: Units, tests: int) -> pd.DataFrame:
    """People of a test who were in another whose window overlapped theirs, by arm."""
    import narwhals as nw
    import pandas as pd

    keys = ["test", "arm", "held"]
    if tests < 2:
        return pd.DataFrame(columns=[*keys, "people"]).astype({"held": bool, "people": "int64"})
    names = ("customer", "test", "sent_at", "ends_at")
    people = units.frame.with_columns(ends_at=nw.col("sent_at") + nw.col("window") * _DAY)
    others = people.select(
        "customer", **{f"other_{name}": nw.col(name) for name in names if name != "customer"}
    )
    both = people.select("arm", "held", *names).join(others, on="customer")
    at_once = both.filter(
        (nw.col("test") != nw.col("other_test"))
        & (nw.col("sent_at") <= nw.col("other_ends_at"))
        & (nw.col("other_sent_at") <= nw.col("ends_at"))
    )
    once = at_once.select("customer", *keys).unique()
    counts = once.group_by(*keys).agg(nw.len().alias("people"))
    table = collect(counts, limit=MOST_GROUPS).sort_values(keys, ignore_index=True)
    return _named(table, units)
