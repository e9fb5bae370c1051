"""Who is new, returning, resurrecting or dormant, and who comes back: from any events.

Both count people by calendar period in the day of the times given (UTC for epoch seconds). Weeks
start on Monday. A person is in a period with one event of any name in it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from privdom_kit.answers import add_rate, bounded
from privdom_kit.engine import collect
from privdom_kit.errors import ConfigError, DataError, nearest
from privdom_kit.formats import day_number
from privdom_kit.periods import period_name, period_of, period_start, with_period

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

PERIODS = ("day", "week", "month")
KINDS = ("on", "on_or_after")
STARTS = ("first", "any")
STATUSES = ("new", "returning", "resurrecting", "dormant")
_NEEDED = ("customer_id", "occurred_at")
_DAY = 86_400
_MOST_PERIODS = 100_000
_MOST_CELLS = 1_000_000


def count_lifecycle(
    events: Any,
    period: Literal["day", "week", "month"] = "day",
    until: dt.date | str | None = None,
) -> pd.DataFrame:
    """People by what they are in each period, from the first with an event to the last.

    new: their first event of all falls into the period. returning: also there in the period
    before. resurrecting: there before, but not in the period before. dormant: there in the period
    before and not in this one; counted below zero, as product analytics publish it, so that a
    chart stacks it downwards.

    Args:
        events: ``customer_id, occurred_at`` (a date-time, or epoch seconds) in a pandas frame or
            any lazy frame; other columns are not looked at.
        period: day, week (from Monday) or month.
        until: Last day seen; later events are left out. Without it the period of the last event
            is the last row.

    Returns:
        ``period, new, returning, resurrecting, dormant``, without gaps. ``attrs["dropped"]`` says
        how many events had no person or no time.

    Raises:
        ConfigError: The period is unknown.
        DataError: A column is missing, or times are neither date-times nor numbers.
    """
    import narwhals as nw

    _known("the period", period, PERIODS)
    rows, dropped = _present(events, period, until)
    index = nw.col("period")
    gap = index - index.shift(1).over("customer_id", order_by="period")
    ahead = index.shift(-1).over("customer_id", order_by="period") - index
    rows = rows.with_columns(gap=gap, ahead=ahead)
    flags = {
        "new": nw.col("gap").is_null(),
        "returning": nw.col("gap") == 1,
        "resurrecting": nw.col("gap") > 1,
        "dormant": nw.col("ahead").is_null() | (nw.col("ahead") > 1),
    }
    ones = {name: nw.when(flag).then(1).otherwise(0) for name, flag in flags.items()}
    sums = rows.with_columns(**ones).group_by("period").agg(*[nw.col(s).sum() for s in STATUSES])
    return _filled(collect(sums, limit=_MOST_PERIODS), period, until, dropped)


def _filled(
    found: pd.DataFrame, period: str, until: dt.date | str | None, dropped: dict[str, int]
) -> pd.DataFrame:
    """Every period from the first to the last; who was there last is dormant in the next."""
    import pandas as pd

    table = pd.DataFrame(columns=["period", *STATUSES])
    if len(found):
        counts = found.astype("int64").set_index("period").sort_index()
        last = counts.index[-1] if until is None else period_of(_day_of(until), period)
        counts = counts.reindex(range(counts.index[0], last + 1), fill_value=0)
        counts["dormant"] = -counts["dormant"].shift(1, fill_value=0)
        names = [period_name(int(p), period) for p in counts.index]
        table = counts.reset_index(drop=True)[list(STATUSES)]
        table.insert(0, "period", names)
    table.attrs["dropped"] = dropped
    return table


def count_retention(
    events: Any,
    period: Literal["day", "week", "month"] = "month",
    kind: Literal["on", "on_or_after"] = "on",
    *,
    cohorts: Literal["first", "any"] = "first",
    until: dt.date | str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """People who come back, by cohort and periods since.

    Args:
        events: As for :func:`count_lifecycle`.
        period: day, week (from Monday) or month.
        kind: on: there in that very period. on_or_after: there in it or in any later one.
        cohorts: first: everybody belongs to the period of their first event (as the question
            ``retention`` of 01). any: to every period they were there in (recurring retention).
        until: Last day seen; later events are left out, and a period that ends after it is not
            over. Without it the period of the last event is taken as over.
        level: Confidence level of the intervals.

    Returns:
        ``cohort, period, cohort_customers, customers, share`` and interval: every cohort with
        every period since, 0 being its own. Cells whose period is not over are null, never 0.

    Raises:
        ConfigError: An option is unknown.
        DataError: As for :func:`count_lifecycle`.
    """
    for what, value, known in (
        ("the period", period, PERIODS),
        ("the kind", kind, KINDS),
        ("cohorts", cohorts, STARTS),
    ):
        _known(what, value, known)
    rows, dropped = _present(events, period, until)
    counts = _returns(rows, kind, cohorts)
    table = _cells(counts, kind, period, until)
    rated = add_rate(table.dropna(), "customers", "cohort_customers", "share", level)
    table = table.join(rated[list(bounded("share"))])
    table.attrs["dropped"] = dropped
    return table


def _returns(rows: nw.LazyFrame, kind: str, cohorts: str) -> pd.DataFrame:
    """People by cohort and periods since; for ``on_or_after`` by their last period alone."""
    import narwhals as nw

    if cohorts == "first":
        starts = rows.group_by("customer_id").agg(nw.col("period").min().alias("cohort"))
    else:
        starts = rows.select("customer_id", nw.col("period").alias("cohort"))
    ends = rows
    if kind == "on_or_after":
        ends = rows.group_by("customer_id").agg(nw.col("period").max())
    pairs = starts.join(ends, on="customer_id").filter(nw.col("period") >= nw.col("cohort"))
    since = pairs.with_columns(since=nw.col("period") - nw.col("cohort"))
    counted = since.group_by("cohort", "since").agg(nw.len().alias("customers"))
    return collect(counted, limit=_MOST_CELLS).astype("int64")


def _cells(
    counts: pd.DataFrame, kind: str, period: str, until: dt.date | str | None
) -> pd.DataFrame:
    import pandas as pd

    if not len(counts):
        return pd.DataFrame(columns=["cohort", "period", "cohort_customers", "customers"])
    wide = counts.pivot(index="cohort", columns="since", values="customers").fillna(0)
    last = int((counts["cohort"] + counts["since"]).max())
    ended = last if until is None else _last_ended(_day_of(until), period)
    longest = max(last, ended) - int(wide.index.min())
    wide = wide.reindex(columns=range(longest + 1), fill_value=0).astype("int64")
    if kind == "on_or_after":
        wide = wide.iloc[:, ::-1].cumsum(axis=1).iloc[:, ::-1]
    sizes = wide[0]
    table = wide.stack().rename("customers").reset_index().rename(columns={"since": "period"})
    table.insert(2, "cohort_customers", table["cohort"].map(sizes))
    over = table["cohort"] + table["period"] <= ended
    table["customers"] = table["customers"].astype("Int64").where(over)
    table["cohort"] = [period_name(int(c), period) for c in table["cohort"]]
    return table


def _last_ended(day: int, period: str) -> int:
    """The last period that is over by the end of a day."""
    index = period_of(day, period)
    return index if period_start(index + 1, period) == day + 1 else index - 1


def _present(
    events: Any, period: str, until: dt.date | str | None
) -> tuple[nw.LazyFrame, dict[str, int]]:
    """``customer_id, period``, each once; and how many events say not who or not when."""
    import narwhals as nw

    rows = nw.from_native(events)
    if isinstance(rows, nw.DataFrame):
        rows = rows.lazy()
    schema = rows.collect_schema()
    for name in _NEEDED:
        if name not in schema:
            close = nearest(name, schema)
            hint = f" (nearest: {close[0]})" if close else ""
            raise DataError(f"the events have no column {name}{hint}", f"needed: {_NEEDED}")
    nobody, never = nw.col("customer_id").is_null(), nw.col("occurred_at").is_null()
    dropped = _dropped(rows, {"no customer": nobody, "no time": never & ~nobody})
    rows = rows.filter(~nobody, ~never).select("customer_id", "occurred_at")
    rows = _with_day(rows, schema["occurred_at"])
    if until is not None:
        rows = rows.filter(nw.col("day") <= _day_of(until))
    return with_period(rows, "day", "period", period).select(
        "customer_id", nw.col("period").cast(nw.Int64)
    ).unique(), dropped


def _dropped(rows: nw.LazyFrame, reasons: dict[str, nw.Expr]) -> dict[str, int]:
    import narwhals as nw

    ones = [nw.when(why).then(1).otherwise(0).sum().alias(name) for name, why in reasons.items()]
    found = collect(rows.select(*ones), limit=1).iloc[0]
    return {name: int(found[name]) for name in reasons if found[name] and found[name] > 0}


def _with_day(rows: nw.LazyFrame, kind: nw.dtypes.DType) -> nw.LazyFrame:
    """The rows with ``day``: whole days since 1970-01-01, in arithmetic that engines agree on."""
    import narwhals as nw

    at = nw.col("occurred_at")
    if kind.is_numeric():
        return rows.with_columns(day=at.cast(nw.Int64) // _DAY)
    if kind not in (nw.Date, nw.Datetime):
        raise DataError(
            f"occurred_at is of type {kind}",
            "expected date-times or epoch seconds",
            "Convert it first, e.g. with pandas.to_datetime",
        )
    year, month, date = (part.cast(nw.Int64) for part in (at.dt.year(), at.dt.month(), at.dt.day()))
    # H. Hinnant, chrono-compatible low-level date algorithms (days_from_civil): years from March.
    early = nw.when(month <= 2).then(1).otherwise(0)
    rows = rows.with_columns(_year=year - early, _month=month + 12 * early - 3, _date=date)
    year, month = nw.col("_year"), nw.col("_month")
    in_year = (153 * month + 2) // 5 + nw.col("_date") - 1
    days = 365 * year + year // 4 - year // 100 + year // 400 + in_year - 719_468
    return rows.with_columns(day=days)


def _day_of(day: dt.date | str) -> int:
    if isinstance(day, str):
        try:
            day = dt.date.fromisoformat(day[:10])
        except ValueError as error:
            raise ConfigError(f"until is {day!r}", "expected a date such as 2026-05-31") from error
    return day_number(day.date() if isinstance(day, dt.datetime) else day)


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{what} is {value!r}", f"expected one of {', '.join(known)}")
