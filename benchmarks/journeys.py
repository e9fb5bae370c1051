"""Transitions with median dwell and exact five-step funnels, on 2 and 10 million events.

Run: ``python -m benchmarks.journeys``. Each process reads the events into the engine first, which
does not count; then this package and hand-written SQL answer from the same table. Targets: within
1.15 of the SQL; from 2 to 10 million at most 5.5 times the time; against the transition matrix of
retentioneering 5.2.4, which gets an environment of its own where it can be installed, 8 times
faster at a third of its memory. Both answers are compared before anything is timed.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Subject, Timing, compare, ratio, record

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "journeys"
PEER = FOLDER / "peer"
SIZES = {"2m": 2_000_000, "10m": 10_000_000}
STEPS = ("visit", "click", "add", "order", "share")
WINDOW = 7 * 86_400
_EVENTS = ("visit", "visit", "click", "click", "add", "order", "share", "read", "leave", "join")
_PEER_CODE = """
import sys, time, json, pandas as pd
from retentioneering.eventstream.eventstream import Eventstream
table = pd.read_parquet(sys.argv[1])
table["timestamp"] = pd.to_datetime(table.pop("occurred_at"), unit="s")
stream = Eventstream(table.rename(columns={"customer_id": "user_id"}))
start = time.perf_counter()
stream.transition_graph_data(edge_weight="time_median")
print(json.dumps(time.perf_counter() - start))
"""


def make() -> None:
    """The events as Parquet, in no order: 20 a person over 230 days, once."""
    import duckdb

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        path = FOLDER / f"{name}.parquet"
        if not path.exists():
            duckdb.execute(
                f"""COPY (SELECT (hash(range) % {size // 20})::INTEGER AS customer_id,
                1700000000 + (hash(range + 7) % 20000000)::BIGINT AS occurred_at,
                {list(_EVENTS)}[1 + (hash(range + 3) % {len(_EVENTS)})::INTEGER] AS event
                FROM range({size})) TO '{path}' (FORMAT parquet)"""
            )


def own(question: str, connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """This package's answer."""
    from privdom_kit.journeys import count_funnel, count_transitions

    events = connection.table("events")
    if question == "transitions":
        table = count_transitions(events)
        return sorted(table.itertuples(index=False, name=None))
    table = count_funnel(events, list(STEPS), window_seconds=WINDOW)
    return [(n,) for n in table["reached"].tolist()]


def sql(question: str, connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """The same by hand; the funnel without its medians."""
    if question == "transitions":
        return connection.execute(
            """SELECT before, event, count(*), median(gap) FROM (
            SELECT event, lag(event) OVER w AS before, occurred_at - lag(occurred_at) OVER w AS gap
            FROM events WINDOW w AS (PARTITION BY customer_id ORDER BY occurred_at, event))
            WHERE before IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"""
        ).fetchall()
    rows = connection.execute(_funnel_sql()).fetchall()
    return [(n,) for n in rows[0]]


def _funnel_sql() -> str:
    """Carry the latest valid start from step to step by a running maximum, a window a step."""
    names = ", ".join(f"'{name}'" for name in STEPS)
    rank = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(STEPS))
    query = f"""SELECT customer_id, occurred_at AS t, CASE event {rank} END AS k,
        CASE WHEN event = '{STEPS[0]}' THEN occurred_at END AS s0
        FROM events WHERE event IN ({names})"""
    for place in range(1, len(STEPS)):
        kept = ", ".join(f"s{n}" for n in range(place))
        query = f"""SELECT customer_id, t, k, {kept},
            CASE WHEN k = {place} AND t - m <= {WINDOW} THEN m END AS s{place} FROM (
            SELECT *, max(s{place - 1}) OVER (PARTITION BY customer_id ORDER BY t, k
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS m FROM ({query}))"""
    reached = ", ".join(f"max(s{place}) AS r{place}" for place in range(len(STEPS)))
    counted = ", ".join(f"count(r{place})" for place in range(len(STEPS)))
    return f"SELECT {counted} FROM (SELECT {reached} FROM ({query}) GROUP BY customer_id)"


def _opened(size: str) -> duckdb.DuckDBPyConnection:
    from privdom_kit.engine import connect

    connection = connect()
    path = FOLDER / f"{size}.parquet"
    connection.execute(f"CREATE TABLE events AS SELECT * FROM read_parquet('{path}')")
    return connection


def _timed(answer: Any, question: str, size: str) -> float:
    """Seconds of the second answer of two: the first warms imports and caches."""
    connection = _opened(size)
    answer(question, connection)
    start = time.perf_counter()
    answer(question, connection)
    return time.perf_counter() - start


own_transitions_2m = functools.partial(_timed, own, "transitions", "2m")
sql_transitions_2m = functools.partial(_timed, sql, "transitions", "2m")
own_transitions_10m = functools.partial(_timed, own, "transitions", "10m")
sql_transitions_10m = functools.partial(_timed, sql, "transitions", "10m")
own_funnel_2m = functools.partial(_timed, own, "funnel", "2m")
sql_funnel_2m = functools.partial(_timed, sql, "funnel", "2m")
own_funnel_10m = functools.partial(_timed, own, "funnel", "10m")
sql_funnel_10m = functools.partial(_timed, sql, "funnel", "10m")


def peer_transitions_2m() -> float:
    """The peer's matrix of median times on 2 million events; building its stream not counted."""
    command = [str(PEER / "bin" / "python"), "-c", _PEER_CODE, str(FOLDER / "2m.parquet")]
    quiet = os.environ | {"RETENTIONEERING_NO_TRACK": "1"}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=quiet)
    return float(json.loads(run.stdout.strip().splitlines()[-1]))


def peer_is_there() -> bool:
    """Whether retentioneering 5.2.4 stands in its own environment; made here where it can be."""
    python = PEER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "retentioneering==5.2.4"]
        subprocess.run(pip, check=False, capture_output=True)
    found = subprocess.run([str(python), "-c", "import retentioneering"], capture_output=True)
    return found.returncode == 0


def check() -> None:
    """Both ways give the same numbers."""
    connection = _opened("2m")
    for question in ("transitions", "funnel"):
        if own(question, connection) != sql(question, connection):
            raise SystemExit(f"{question}: the answers differ")


def _subjects(question: str, size: str) -> list[Subject]:
    return [
        Subject(f"{question} {size}, {who}", "benchmarks.journeys", f"{who}_{question}_{size}")
        for who in ("own", "sql")
    ]


def main() -> None:
    """Measure and record."""
    make()
    check()
    figures: dict[str, float] = {}
    for question in ("transitions", "funnel"):
        wall: dict[str, float] = {}
        for size in SIZES:
            subjects = _subjects(question, size)
            if (question, size) == ("transitions", "2m") and peer_is_there():
                subjects.append(
                    Subject("retentioneering 2m", "benchmarks.journeys", "peer_transitions_2m")
                )
            timings = compare(f"{question}, {SIZES[size]:,} events", subjects, runs=5)
            mine, hand = (timings[subject.name] for subject in subjects[:2])
            wall[size] = sorted(mine.wall)[len(mine.wall) // 2]
            figures[f"{question}_{size}_seconds"] = wall[size]
            figures[f"{question}_{size}_against_sql"] = ratio(mine, hand)
            figures[f"{question}_{size}_peak_mb"] = max(mine.peak_mb)
            figures |= _against_peer(mine, timings.get("retentioneering 2m"))
        figures[f"{question}_growth_2m_to_10m"] = wall["10m"] / wall["2m"]
    record("journeys", figures)


def _against_peer(mine: Timing, peer: Timing | None) -> dict[str, float]:
    if peer is None:
        return {}
    return {
        "peer_times_slower": ratio(peer, mine),
        "peer_times_memory": max(peer.peak_mb) / max(mine.peak_mb),
    }


if __name__ == "__main__":
    main()
