"""Calendar periods out of integer days, in integer arithmetic that every engine agrees on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from privdom_kit.formats import day_date, day_number

if TYPE_CHECKING:
    import narwhals as nw


def with_period(frame: nw.LazyFrame, day: str, period: str, kind: str) -> nw.LazyFrame:
    """The rows with the index of the calendar period in which ``day`` falls.

    Args:
        frame: Rows with an integer day.
        day: Column of the day.
        period: Name of the column to add.
        kind: month (12 x year + month - 1), week (Mondays counted from 1969-12-29) or day.
    """
    import narwhals as nw

    if kind == "day":
        return frame.with_columns(nw.col(day).alias(period))
    if kind == "week":
        return frame.with_columns(((nw.col(day) + 3) // 7).alias(period))
    # H. Hinnant, chrono-compatible low-level date algorithms (civil_from_days), for days from
    # 1970 on: years begin in March, so that the leap day is the last of its year.
    day_of_era = (nw.col(day) + 719_468) % 146_097
    columns = frame.with_columns(_era=(nw.col(day) + 719_468) // 146_097, _day=day_of_era)
    in_era = nw.col("_day")
    year = (in_era - in_era // 1_460 + in_era // 36_524 - in_era // 146_096) // 365
    columns = columns.with_columns(_year=year)
    year = nw.col("_year")
    march_month = (5 * (in_era - (365 * year + year // 4 - year // 100)) + 2) // 153
    index = 12 * (year + 400 * nw.col("_era")) + march_month + 2
    return columns.with_columns(index.alias(period)).drop("_era", "_day", "_year")


def period_of(day: int, kind: str) -> int:
    """The index of the period of one day."""
    if kind == "day":
        return day
    if kind == "week":
        return (day + 3) // 7
    date = day_date(day)
    return 12 * date.year + date.month - 1


def period_start(index: int, kind: str) -> int:
    """The first day of a period."""
    if kind == "day":
        return index
    if kind == "week":
        return 7 * index - 3
    return day_number(dt.date(index // 12, index % 12 + 1, 1))


def period_name(index: int, kind: str) -> str:
    """The period as read: 2026-05 for a month, the Monday's date for a week, or the day's."""
    date = day_date(period_start(index, kind))
    return f"{date:%Y-%m}" if kind == "month" else date.isoformat()
