"""Cohorts by hand, against pandas, and on CDNOW."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from client_tables import day, orders
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit.layering.measure_cohorts import measure_retention
from privdom_kit.periods import period_name, period_of, period_start, with_period
from privdom_kit.results import Verdict

PUBLIC = Path(os.environ.get("PRIVDOM_PUBLIC_DATA", Path(__file__).parents[3] / "shared" / "data"))


def cells(table: pd.DataFrame, kind: str) -> dict:
    part = table[table["kind"] == kind].set_index(["cohort", "period"])["customers"]
    return {key: None if pd.isna(n) else int(n) for key, n in part.items()}


def test_by_hand_with_an_open_month(summarise) -> None:
    """January: 1 (Jan, Mar), 2 (Jan). February: 3 (Feb, Mar). As of 15 March, March is open."""
    rows = [
        (1, "2026-01-05"),
        (1, "2026-03-02"),
        (2, "2026-01-31"),
        (3, "2026-02-01"),
        (3, "2026-03-14"),
    ]
    frame = orders(*[(c, day(d), 10) for c, d in rows])
    base, rules = summarise({"orders": frame}, day("2026-03-15"))
    table = measure_retention(base, rules).table
    assert cells(table, "on") == {
        ("2026-01", 0): 2, ("2026-01", 1): 0, ("2026-01", 2): None,
        ("2026-02", 0): 1, ("2026-02", 1): None,
    }  # fmt: skip
    assert cells(table, "on_or_after") == {
        ("2026-01", 0): 2, ("2026-01", 1): 1, ("2026-01", 2): None,
        ("2026-02", 0): 1, ("2026-02", 1): None,
    }  # fmt: skip
    base, rules = summarise({"orders": frame}, day("2026-03-31"))
    assert cells(measure_retention(base, rules).table, "on")[("2026-01", 2)] == 1


@given(st.integers(0, 40_000))
def test_months_and_weeks_are_the_calendars(number: int) -> None:
    """Against the standard library, day by day over a century."""
    date = dt.date(1970, 1, 1) + dt.timedelta(days=number)
    frame = nw.from_native(pd.DataFrame({"day": [number]})).lazy()
    for kind in ("month", "week"):
        index = int(with_period(frame, "day", "at", kind).collect()["at"][0])
        assert index == period_of(number, kind)
        first = date.replace(day=1) if kind == "month" else date - dt.timedelta(days=date.weekday())
        assert period_start(index, kind) == day(first.isoformat())
    assert period_name(period_of(number, "month"), "month") == f"{date:%Y-%m}"


def test_months_agree_in_the_engine(summarise) -> None:
    """DuckDB divides integers as pandas does, at every day of 30 years."""
    frame = orders(*[(1, d, 1) for d in range(9000, 20_000)])
    base, _ = summarise({"orders": frame}, 20_000)
    from privdom_kit.engine import collect

    months = with_period(base.days, "day", "at", "month").group_by("at").agg(nw.len().alias("n"))
    found = collect(months, limit=1000).set_index("at")["n"].sort_index()
    dates = pd.to_datetime(np.arange(9000, 20_000), unit="D")
    expected = pd.Series(dates.year * 12 + dates.month - 1).value_counts().sort_index()
    assert found.to_dict() == expected.to_dict()


@pytest.mark.parametrize("kind", ["month", "week"])
def test_random_orders_against_pandas(summarise, kind: str) -> None:
    """Brute force: sets of people by cohort and period; on never exceeds on_or_after."""
    random = np.random.default_rng(12)
    rows = pd.DataFrame(
        {"c": random.integers(0, 80, 400), "d": random.integers(20_000, 20_150, 400)}
    )
    as_of = 20_155
    base, rules = summarise(
        {"orders": orders(*[(c, d, 1) for c, d in rows.to_numpy().tolist()])},
        as_of,
        retention_period=kind,
    )
    table = measure_retention(base, rules).table
    rows["at"] = [period_of(d, kind) for d in rows["d"]]
    rows["cohort"] = rows.groupby("c")["at"].transform("min")
    for row in table.itertuples():
        cohort = next(k for k in rows["cohort"].unique() if period_name(k, kind) == row.cohort)
        members = rows[rows["cohort"] == cohort]
        at = cohort + row.period
        assert row.cohort_customers == members["c"].nunique()
        if period_start(at + 1, kind) > as_of + 1:
            assert pd.isna(row.customers)
            continue
        chosen = members["at"] == at if row.kind == "on" else members["at"] >= at
        assert row.customers == members.loc[chosen, "c"].nunique()
    wide = table.pivot(index=["cohort", "period"], columns="kind", values="customers").dropna()
    assert (wide["on"] <= wide["on_or_after"]).all()


def test_the_verdict_holds_recent_cohorts_against_earlier(summarise) -> None:
    """200 first buyers a month from January; the next month 100 return, from June on 20.

    The January cohort is left out; recent = the last three with a full next month.
    """
    rows = []
    for month in range(9):
        first = dt.date(2025, month + 1, 10).isoformat()
        after = dt.date(2025, month + 2, 10).isoformat()
        people = range(1000 * month, 1000 * month + 200)
        rows += [(c, day(first), 10) for c in people]
        rows += [(c, day(after), 10) for c in people[: 100 if month < 5 else 20]]
    base, rules = summarise({"orders": orders(*rows)}, day("2025-09-30"))
    result = measure_retention(base, rules)
    figures = result.figures
    assert (figures["recent_customers"], figures["recent_share"]) == (600, 0.1)
    assert (figures["earlier_customers"], figures["earlier_share"]) == (800, 0.5)
    assert result.verdict is Verdict.ACT


def test_small_cohorts_and_cells_are_hidden(summarise) -> None:
    """4 people in January: hidden, and February's 12 with them, since the sum is shown."""
    rows = [(c, day("2026-01-05"), 1) for c in range(4)]
    rows += [(c, day("2026-02-05"), 1) for c in range(10, 22)]
    rows += [(c, day("2026-03-05"), 1) for c in range(30, 60)]
    rows += [(c, day("2026-04-05"), 1) for c in range(30, 33)]
    base, rules = summarise({"orders": orders(*rows)}, day("2026-04-30"), privacy={"min_cell": 10})
    table = measure_retention(base, rules).table
    sizes = table.drop_duplicates("cohort").set_index("cohort")["cohort_customers"]
    assert sizes.isna().to_dict() == {"2026-01": True, "2026-02": True, "2026-03": False}
    on = cells(table, "on")
    assert on[("2026-03", 0)] == 30
    assert on[("2026-03", 1)] is None


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public files are not here")
def test_cdnow_cohorts_against_pandas(summarise) -> None:
    """All 23,570 customers, 69,659 rows: each cell against a pandas group of the same file."""
    sales = pd.read_csv(
        PUBLIC / "CDNOW_master.txt",
        sep=r"\s+",
        header=None,
        names=["customer", "date", "cds", "dollars"],
    )
    sales = sales[pd.to_numeric(sales["customer"], errors="coerce").notna()]
    dates = pd.to_datetime(sales["date"].astype(str))
    days = (dates - pd.Timestamp("1970-01-01")).dt.days
    rows = zip(sales["customer"].astype(int), days, sales["dollars"].astype(float), strict=True)
    base, rules = summarise({"orders": orders(*rows)}, day("1998-06-30"))
    table = measure_retention(base, rules).table
    month = dates.dt.year * 12 + dates.dt.month
    frame = pd.DataFrame({"c": sales["customer"].astype(int), "m": month})
    frame["cohort"] = frame.groupby("c")["m"].transform("min")
    frame["period"] = frame["m"] - frame["cohort"]
    expected = frame.groupby(["cohort", "period"])["c"].nunique()
    found = table[table["kind"] == "on"].groupby(["cohort", "period"])["customers"].sum()
    assert sum(expected) == found.sum()
    assert (
        found.to_numpy().tolist()
        == expected.reindex(
            [(12 * int(c[:4]) + int(c[5:]), p) for c, p in found.index], fill_value=0
        ).tolist()
    )
    assert table.drop_duplicates("cohort")["cohort_customers"].sum() == 23_570
