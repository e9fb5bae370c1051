"""How fast tests are learned from: days until a test can be read, tests finished a month (S146)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.formats import day_date

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import CopyTestsSettings

_MOST_TESTS = 10_000
_MONTH_DAYS = 365.25 / 12


def measure_pace(base: CopyBase, rules: CopyTestsSettings) -> pd.DataFrame:
    """The tests that were sent, with the day on which each can be read.

    A test can be read once the outcome window of the last people first sent to is over; where kept
    friends decide, the days of keeping are added.

    Args:
        base: The client's copy tests.
        rules: The settings of copy tests.

    Returns:
        A row a test, the earliest first: ``test, planned, first_send, last_send, readable_on,
        cycle_days, over``; empty without deliveries.
    """
    import narwhals as nw
    import pandas as pd

    units = base.units
    if units is None:
        return pd.DataFrame()
    sent = units.frame.filter(nw.col("held") == 0).group_by("test")
    days = collect(
        sent.agg(first=nw.col("sent_on").min(), last=nw.col("sent_on").max()), limit=_MOST_TESTS
    )
    days = days.assign(test=[units.test_name(int(code)) for code in days["test"]])
    rows = []
    for line in days.sort_values(["first", "test"]).itertuples(index=False):
        plan = base.plan(line.test)
        window = (plan.window_days if plan else None) or rules.window_days
        kept = rules.kept_days if plan and plan.primary == "friend_kept" else 0
        until = int(line.last) + window + kept
        rows.append(
            {
                "test": line.test,
                "planned": plan is not None,
                "first_send": day_date(line.first).isoformat(),
                "last_send": day_date(line.last).isoformat(),
                "readable_on": day_date(until).isoformat(),
                "cycle_days": until - int(line.first),
                "over": until <= base.base.as_of_day,
            }
        )
    return pd.DataFrame(rows)


def finished_figures(pace: pd.DataFrame, as_of_day: int) -> dict[str, Any]:
    """Tests finished, months since the first send of all, their quotient, and the median cycle.

    None of them without a test that was sent; no quotient over less than a month.
    """
    import datetime as dt

    names = ("finished_tests", "months", "tests_per_month", "median_cycle_days")
    if not len(pace):
        return dict.fromkeys(names)
    finished = pace[pace["over"]]
    first = dt.date.fromisoformat(pace["first_send"].min())
    months = ((day_date(as_of_day) - first).days + 1) / _MONTH_DAYS
    median = float(finished["cycle_days"].median()) if len(finished) else None
    rate = len(finished) / months if months >= 1 else None
    return dict(zip(names, (len(finished), months, rate, median), strict=True))
