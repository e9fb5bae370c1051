"""Directly-follows counts: counted by hand and a second time in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from itertools import groupby, pairwise
from statistics import median

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit.errors import DataError
from privdom_kit.journeys import count_transitions

COLUMNS = ["customer_id", "occurred_at", "event"]


def counted(rows, collapse):
    """Pairs by hand: each trace sorted by time and name, then read from left to right."""
    gaps: dict = {}
    for _, told in groupby(sorted(rows), key=lambda row: row[0]):
        trace = [(time, name) for _, time, name in told]
        if collapse:
            trace = [next(run) for _, run in groupby(trace, key=lambda event: event[1])]
        for (before, first), (after, second) in pairwise(trace):
            gaps.setdefault((first, second), []).append(after - before)
    return {pair: (len(seconds), median(seconds)) for pair, seconds in gaps.items()}


def table_of(events, **options):
    table = count_transitions(events, **options)
    values = table.set_index(["from_event", "to_event"])
    return {pair: (row.transitions, row.median_seconds) for pair, row in values.iterrows()}


def test_a_log_by_hand():
    """Traces a b c d, a c b d twice, a e d: the directly-follows graph of the process textbooks."""
    traces = ["abcd", "acbd", "acbd", "aed"]
    rows = [(n, 10 * t, e) for n, trace in enumerate(traces) for t, e in enumerate(trace)]
    table = count_transitions(pd.DataFrame(rows, columns=COLUMNS))
    assert table.head(3)["transitions"].tolist() == [2, 2, 2]
    assert table["median_seconds"].eq(10).all()
    assert {(r.from_event + r.to_event): r.transitions for r in table.itertuples()} == {
        "ab": 1, "bc": 1, "cd": 1, "ac": 2, "cb": 2, "bd": 2, "ae": 1, "ed": 1,
    }  # fmt: skip


def test_a_run_is_one_event_from_its_first_on():
    rows = [(1, 0, "a"), (1, 5, "a"), (1, 9, "b"), (1, 10, "b"), (1, 30, "a")]
    events = pd.DataFrame(rows, columns=COLUMNS)
    assert table_of(events) == {
        ("a", "a"): (1, 5), ("a", "b"): (1, 4), ("b", "b"): (1, 1), ("b", "a"): (1, 20),
    }  # fmt: skip
    assert table_of(events, collapse_repeats=True) == {("a", "b"): (1, 9), ("b", "a"): (1, 21)}


def test_events_of_one_second_stand_by_name_whatever_the_rows():
    rows = [(1, 7, "send"), (1, 7, "click"), (1, 7, "read"), (1, 8, "click")]
    wanted = {("click", "read"): (1, 0), ("read", "send"): (1, 0), ("send", "click"): (1, 1)}
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert table_of(pd.DataFrame(rows, columns=COLUMNS)) == wanted


def test_many_names_and_times_long_ago():
    """More names than have a code, and the same log before 1970: the same answers."""
    rows = [(1, n, f"n{n:03d}") for n in range(100)]
    assert len(table_of(pd.DataFrame(rows, columns=COLUMNS))) == 99
    told = [(1, -9, "b"), (1, -9, "a"), (1, -2, "a"), (2, -5, "b"), (2, 0, "a")]
    assert table_of(pd.DataFrame(told, columns=COLUMNS)) == counted(told, False)
    assert table_of(pd.DataFrame(told, columns=COLUMNS), collapse_repeats=True) == counted(
        told, True
    )


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 9), st.sampled_from("abc")), min_size=1
    ),
    collapse=st.booleans(),
    shuffler=st.randoms(use_true_random=False),
)
def test_a_second_count_agrees(rows, collapse, shuffler):
    mixed = list(rows)
    shuffler.shuffle(mixed)
    found = table_of(pd.DataFrame(mixed, columns=COLUMNS), collapse_repeats=collapse)
    assert found == counted(rows, collapse)
    if not collapse:
        people = Counter(person for person, _, _ in rows)
        assert sum(number for number, _ in found.values()) == len(rows) - len(people)


def test_medians_are_exact_in_large_groups():
    """20,001 gaps 0, 1, 2 ... 20,000 s between two events: the median is 10,000, not near it."""
    frame = duckdb.sql(
        "SELECT range AS customer_id, 0 AS occurred_at, 'a' AS event FROM range(20001) "
        "UNION ALL SELECT range, range, 'b' FROM range(20001)"
    )
    table = count_transitions(frame)
    assert table.values.tolist() == [["a", "b", 20001, 10000.0]]


def test_what_is_left_out_is_counted():
    events = pd.DataFrame(
        {
            "customer_id": [1, 1, None, 1],
            "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01", None]),
            "event": ["a", "b", "a", "b"],
        }
    )
    table = count_transitions(events)
    assert table.values.tolist() == [["a", "b", 1, 86_400.0]]
    assert table.attrs == {"rows": 4, "used": 2, "dropped": {"no customer": 1, "no time": 1}}
    assert list(count_transitions(events.head(1)).columns) == [
        "from_event", "to_event", "transitions", "median_seconds",
    ]  # fmt: skip
    with pytest.raises(DataError, match="expected customer_id, occurred_at, event"):
        count_transitions(events.drop(columns="event"))
