"""Lifecycle and retention of events: published cases, brute force, and user layering itself."""

from __future__ import annotations

import datetime as dt

import duckdb
import narwhals as nw
import pandas as pd
import pytest
from client_tables import client, day, orders
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.errors import ConfigError, DataError
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_cohorts import measure_retention

STATUSES = ["new", "returning", "resurrecting", "dormant"]


def events(people: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(who, pd.Timestamp(at), "pageview") for who, times in people.items() for at in times]
    return pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])


def columns(table: pd.DataFrame, since: str) -> dict[str, list[int]]:
    part = table[table["period"] >= since]
    return {name: part[name].tolist() for name in STATUSES}


DAYS = {
    "p1": [f"2020-01-{d} 12:00" for d in (11, 12, 13, 15, 17, 19)],
    "p2": ["2020-01-09 12:00", "2020-01-12 12:00"],
    "p3": ["2020-01-12 12:00"],
    "p4": ["2020-01-15 12:00"],
}


def test_days_as_posthog_publishes_them() -> None:
    """PostHog, test_lifecycle_query_runner.py: test_lifecycle_trend_action, from 12 January on."""
    table = journeys.count_lifecycle(events(DAYS), period="day")
    assert columns(table, "2020-01-12") == {
        "dormant": [0, -2, -1, 0, -2, 0, -1, 0],
        "new": [1, 0, 0, 1, 0, 0, 0, 0],
        "resurrecting": [1, 0, 0, 1, 0, 1, 0, 1],
        "returning": [1, 1, 0, 0, 0, 0, 0, 0],
    }


def test_all_days_from_the_first_event_on() -> None:
    """PostHog, the same file: test_lifecycle_trend_all_time, seen until 17 January."""
    table = journeys.count_lifecycle(events(DAYS), period="day", until="2020-01-17")
    assert table["period"].tolist()[::8] == ["2020-01-09", "2020-01-17"]
    assert columns(table, "2020") == {
        "dormant": [0, -1, 0, 0, -2, -1, 0, -2, 0],
        "new": [1, 0, 1, 1, 0, 0, 1, 0, 0],
        "returning": [0, 0, 0, 1, 1, 0, 0, 0, 0],
        "resurrecting": [0, 0, 0, 1, 0, 0, 1, 0, 1],
    }


def test_weeks_start_on_monday() -> None:
    """PostHog, the same file: test_lifecycle_trend_weeks_monday."""
    people = {
        "p1": ["2020-02-01", "2020-02-05", "2020-02-10", "2020-02-15", "2020-02-27", "2020-03-02"],
        "p2": ["2020-02-11", "2020-02-18"],
        "p3": ["2020-02-12"],
        "p4": ["2020-02-27"],
    }
    table = journeys.count_lifecycle(events(people), period="week", until=dt.date(2020, 3, 9))
    shown = table[table["period"] >= "2020-02-03"]
    assert shown["period"].tolist() == [
        "2020-02-03", "2020-02-10", "2020-02-17", "2020-02-24", "2020-03-02", "2020-03-09",
    ]  # fmt: skip
    assert columns(table, "2020-02-03") == {
        "dormant": [0, 0, -2, -1, -1, -1],
        "new": [0, 2, 0, 1, 0, 0],
        "resurrecting": [0, 0, 0, 1, 0, 0],
        "returning": [1, 1, 1, 0, 1, 0],
    }


MONTHS = {
    "p1": ["2020-01-11", "2020-02-12", "2020-03-13", "2020-05-15", "2020-07-17", "2020-09-19"],
    "p2": ["2019-12-09", "2020-02-12"],
    "p3": ["2020-02-12"],
    "p4": ["2020-05-15"],
}


@pytest.mark.parametrize("made", ["pandas", "epoch", "lazy", "duckdb", "aware"])
def test_months_on_every_frame(made: str) -> None:
    """PostHog, the same file: test_lifecycle_trend_months; the frame does not matter."""
    frame = events(MONTHS)
    if made == "epoch":
        frame["occurred_at"] = frame["occurred_at"].astype("datetime64[s]").astype("int64")
    if made == "aware":
        frame["occurred_at"] = frame["occurred_at"].dt.tz_localize("Asia/Shanghai")
    given_frame = {
        "lazy": lambda: nw.from_native(frame).lazy(),
        "duckdb": lambda: duckdb.from_df(frame),
    }.get(made, lambda: frame)()
    table = journeys.count_lifecycle(given_frame, period="month")
    assert table["period"].iloc[0] == "2019-12"
    assert columns(table, "2020-02") == {
        "dormant": [0, -2, -1, 0, -2, 0, -1, 0],
        "new": [1, 0, 0, 1, 0, 0, 0, 0],
        "resurrecting": [1, 0, 0, 1, 0, 1, 0, 1],
        "returning": [1, 1, 0, 0, 0, 0, 0, 0],
    }


people_days = st.dictionaries(
    st.integers(1, 6), st.lists(st.integers(18_000, 18_060), min_size=1, max_size=6), min_size=1
)


@given(people_days, st.sampled_from(["day", "week", "month"]))
def test_lifecycle_against_sets(people: dict, period: str) -> None:
    """Against pandas' own calendar and Python sets, period by period; a shuffle changes nothing."""
    rows = [(who, d * 86_400) for who, days in people.items() for d in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_at"])
    frame["event"] = "x"
    shuffled = pd.concat([frame, frame]).sample(frac=1, random_state=1)
    table = journeys.count_lifecycle(shuffled, period=period)
    code = {"day": "D", "week": "W-SUN", "month": "M"}[period]
    at = pd.to_datetime(frame["occurred_at"], unit="s").dt.to_period(code)
    seen = {p: set(frame["customer_id"][at == p]) for p in pd.period_range(at.min(), at.max())}
    expected, ever, before = [], set(), set()
    for now in seen.values():
        back = now & ever - before
        expected.append((len(now - ever), len(now & before), len(back), -len(before - now)))
        ever, before = ever | now, now
    assert list(table[STATUSES].itertuples(index=False, name=None)) == expected


def matrix(table: pd.DataFrame) -> list[list[int | None]]:
    wide = table.pivot(index="cohort", columns="period", values="customers")
    return [[None if pd.isna(n) else int(n) for n in row] for row in wide.to_numpy(dtype=object)]


TWO = {
    "person1": [f"2020-06-{d} 05:00" for d in (10, 11, 12, 15, 16)] + ["2020-06-15 09:00"],
    "person2": [f"2020-06-{d} 05:00" for d in (11, 12, 13, 16)],
}


def test_recurring_days_as_posthog_publishes_them() -> None:
    """PostHog, test_retention_query_runner.py: test_day_interval, its rows of days with people.

    Published with zeros for days to come; here those are null.
    """
    table = journeys.count_retention(events(TWO), "day", cohorts="any", until="2020-06-20")
    assert matrix(table) == [
        [1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0],
        [2, 2, 1, 0, 1, 2, 0, 0, 0, 0, None],
        [2, 1, 0, 1, 2, 0, 0, 0, 0, None, None],
        [1, 0, 0, 1, 0, 0, 0, 0, None, None, None],
        [1, 1, 0, 0, 0, 0, *[None] * 5],
        [2, 0, 0, 0, 0, *[None] * 6],
    ]


def test_recurring_months_as_posthog_publishes_them() -> None:
    """PostHog, the same file: test_month_interval, its rows of months with people."""
    months = {
        "person1": ["01-10", "02-10", "03-10", "05-10", "06-10", "09-10"],
        "person2": ["01-10", "02-10", "03-10", "06-10", "07-10", "11-10"],
    }
    frame = events({who: [f"2020-{m}" for m in days] for who, days in months.items()})
    table = journeys.count_retention(frame, "month", cohorts="any")
    ages = (11, 10, 9, 7, 6, 5, 3, 1)
    assert [row[:age] for row, age in zip(matrix(table), ages, strict=True)] == [
        [2, 2, 2, 0, 1, 2, 1, 0, 1, 0, 1],
        [2, 2, 0, 1, 2, 1, 0, 1, 0, 1],
        [2, 0, 1, 2, 1, 0, 1, 0, 1],
        [1, 1, 0, 0, 1, 0, 0],
        [2, 1, 0, 1, 0, 1],
        [1, 0, 0, 0, 1],
        [1, 0, 0],
        [1],
    ]  # fmt: skip
    assert [sum(cell is not None for cell in row) for row in matrix(table)] == list(ages)


def test_first_time_on_and_on_or_after_by_hand() -> None:
    """A: Jan, Mar. B: Jan. C: Feb, Mar; seen until 15 March, so March is open, not zero."""
    frame = events({"A": ["2026-01-05", "2026-03-02"], "B": ["2026-01-31"], "C": ["2026-02-01"]})
    on = journeys.count_retention(frame, "month", "on", until="2026-03-31")
    after = journeys.count_retention(frame, "month", "on_or_after", until="2026-03-31")
    assert matrix(on) == [[2, 0, 1], [1, 0, None]]
    assert matrix(after) == [[2, 1, 1], [1, 0, None]]
    assert on["share"].tolist()[:3] == [1.0, 0.0, 0.5]
    open_march = journeys.count_retention(frame, "month", "on", until="2026-03-15")
    assert matrix(open_march) == [[2, 0, None], [1, None, None]]


@pytest.mark.parametrize("kind", ["on", "on_or_after"])
@pytest.mark.parametrize("period", ["month", "week"])
def test_agrees_with_retention_of_user_layering(kind: str, period: str) -> None:
    """The same purchases through measure_retention of 01, cell by cell, open cells included."""
    rows = [(c, day("2026-01-01") + (c * 37 + k * 23 * (c % 3 + 1)) % 130, 10.0)
            for c in range(60) for k in range(c % 4 + 1)]  # fmt: skip
    bought = orders(*rows)
    as_of = day("2026-04-20")
    bought = bought[bought["paid_on"] <= as_of]
    frame = pd.DataFrame(
        {"customer_id": bought["customer"], "occurred_at": bought["paid_on"] * 86_400, "event": "o"}
    )
    with closing(connect()) as connection:
        made = client(connection, {"orders": bought}, as_of, privacy={"min_cell": 1},
                      retention_period=period)  # fmt: skip
        layered = measure_retention(summarise_customers(made), made.settings).table
    mine = journeys.count_retention(frame, period, kind, until="2026-04-20")
    keys = ["cohort", "period"]
    theirs = layered[layered["kind"] == kind].set_index(keys)[["cohort_customers", "customers"]]
    ours = mine.set_index(keys)[["cohort_customers", "customers"]]
    assert len(theirs) >= 10
    pd.testing.assert_frame_equal(
        ours.loc[theirs.index].astype("Int64"), theirs.astype("Int64"), check_names=False
    )
    assert ours.drop(theirs.index)["customers"].isna().all()


def test_bad_input_is_named() -> None:
    frame = events(DAYS)
    with pytest.raises(ConfigError, match="the period is 'year'"):
        journeys.count_lifecycle(frame, period="year")
    with pytest.raises(ConfigError, match="the kind is 'after'"):
        journeys.count_retention(frame, "day", kind="after")
    with pytest.raises(DataError, match=r"no column customer_id \(nearest: customer\)"):
        journeys.count_lifecycle(frame.rename(columns={"customer_id": "customer"}))
    with pytest.raises(DataError, match="occurred_at is of type String"):
        journeys.count_lifecycle(frame.assign(occurred_at="2020-01-01"))


def test_what_names_nobody_or_no_time_is_counted() -> None:
    frame = events(DAYS)
    frame.loc[0, "customer_id"] = None
    frame.loc[6, "occurred_at"] = pd.NaT
    assert journeys.count_lifecycle(frame).attrs["dropped"] == {"no customer": 1, "no time": 1}
    assert len(journeys.count_lifecycle(frame.head(0))) == 0
    assert len(journeys.count_retention(frame.head(0), "day")) == 0
