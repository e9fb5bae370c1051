"""Sums of a copy test: 5 million people, 4 arms, 12 crowds, 8 metrics.

Run: ``python -m benchmarks.copy_tests``. Each process reads the people into the engine first, which
does not count; then this package (one grouped query, and the comparison of every arm in every
crowd) and hand-written SQL with the same aggregates answer from the same table, and tea-tasting
2.0.0, in an environment of its own where a Python of 3.12 or later is found, does the same crowds
one filter at a time. Targets: within 1.2 of the SQL; twice as fast as the peer or more. The sums
are compared before anything is timed. The people of raw deliveries, of which the sums are made,
are timed as well.
"""

from __future__ import annotations

import functools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Subject, compare, ratio, record

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "copy_tests"
PEER = FOLDER / "peer"
PEOPLE = FOLDER / "people.parquet"
SIZE = 5_000_000
OUTCOMES = ("delivered", "connected", "clicked", "friend_added", "ordered", "opted_out")
AMOUNTS = ("value_cents", "cost_cents")
_RATES = (0.95, 0.4, 0.06, 0.03, 0.01, 0.004)
_PYTHONS = (os.environ.get("PEER_PYTHON", ""), "python3.13", "python3.12", sys.executable)
_PEER_CODE = """
import sys, time, json, duckdb, narwhals as nw, tea_tasting as tt
connection = duckdb.connect()
connection.execute(f"CREATE TABLE people AS SELECT * FROM read_parquet('{sys.argv[1]}')")
metrics = {name: tt.Mean(name) for name in json.loads(sys.argv[2])}
experiment = tt.Experiment(metrics, variant="arm")
def answer():
    results = []
    for crowd in range(12):
        people = nw.from_native(connection.table("people")).filter(nw.col("crowd") == crowd)
        results.append(experiment.analyze(people.to_native(), control=0, all_variants=True))
    return results
answer()
start = time.perf_counter()
answer()
print(json.dumps(time.perf_counter() - start))
"""


def make() -> None:
    """The people as Parquet, once: outcomes drawn by hash, nulls where the window is not over."""
    import duckdb

    FOLDER.mkdir(parents=True, exist_ok=True)
    if PEOPLE.exists():
        return
    flags = ", ".join(
        f"CASE WHEN hash(range, {place}) % 100 < 98 THEN "
        f"(hash(range + {place * 11 + 5}) % 1000000 < {int(share * 1e6)})::INTEGER END AS {name}"
        for place, (name, share) in enumerate(zip(OUTCOMES, _RATES, strict=True))
    )
    duckdb.execute(
        f"""COPY (SELECT 0::INTEGER AS test, (hash(range + 1) % 12)::INTEGER AS crowd,
        (hash(range + 2) % 4)::INTEGER AS arm, 0::INTEGER AS held, {flags},
        CASE WHEN hash(range + 3) % 100 < 98 THEN
        ((hash(range + 4) % 100 = 0)::INTEGER * (hash(range + 6) % 50000))::BIGINT
        END AS value_cents,
        (5 + hash(range + 8) % 20)::BIGINT AS cost_cents FROM range({SIZE})) TO '{PEOPLE}'"""
    )


def own(connection: duckdb.DuckDBPyConnection) -> Any:
    """This package's sums, one grouped query."""
    import narwhals as nw

    from privdom_kit.copy_tests.sums import collect_sums

    people = nw.from_native(connection.table("people"))
    return collect_sums(people, ("test", "crowd", "arm", "held"), OUTCOMES, AMOUNTS)


def own_compared(connection: duckdb.DuckDBPyConnection) -> Any:
    """The sums, and every arm against the control in every crowd and metric."""
    from privdom_kit.estimates import Moments, difference_interval, equality_test, mean_difference

    table, found = own(connection), []
    for _, cells in table.groupby("crowd"):
        control, *others = cells.to_dict("records")
        for arm in others:
            for name in OUTCOMES:
                counts = [cell[f"{kind}_{name}"] for cell in (arm, control) for kind in ("x", "n")]
                found.append((difference_interval(*counts), equality_test(*counts)))
            for name in AMOUNTS:
                sums = [
                    Moments(*(cell[f"{kind}_{name}"] for kind in ("n", "x", "xx")))
                    for cell in (control, arm)
                ]
                found.append(mean_difference(*sums))
    return found


def sql(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """The same sums by hand."""
    plain = ", ".join(f"count({n}), sum({n})" for n in (*OUTCOMES, *AMOUNTS))
    squares = ", ".join(f"sum({n} * {n})" for n in AMOUNTS)
    return connection.execute(
        f"SELECT test, crowd, arm, held, count(*), {plain}, {squares} FROM people "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()


def units(connection: duckdb.DuckDBPyConnection) -> Any:
    """People of raw deliveries: a row a person and test out of the canonical table."""
    from types import SimpleNamespace

    import narwhals as nw

    from privdom_kit.copy_tests.units import read_units
    from privdom_kit.results import Coverage
    from privdom_kit.settings import Settings
    from privdom_kit.tables import Table

    given = {"test_id", "crowd", "arm", "clicked_at", "friend_added_at", "cost"}
    names = {"arm": ("A", "B", "C", "D"), "test_id": ("t",), "crowd": tuple("abcdefghijkl")}
    table = Table(
        "deliveries",
        nw.from_native(connection.table("deliveries")),
        Coverage(SIZE, SIZE),
        frozenset(given),
        names,
    )
    base = SimpleNamespace(
        tables={"deliveries": table},
        purchases=None,
        as_of_day=21_000,
        has=lambda name, *columns: table.has(*columns),
    )
    return read_units(base, Settings().copy_tests)  # type: ignore[arg-type]


def _opened(deliveries: bool = False) -> duckdb.DuckDBPyConnection:
    from privdom_kit.engine import connect

    connection = connect()
    if deliveries:
        connection.execute(
            f"""CREATE TABLE deliveries AS SELECT range::INTEGER AS customer, range AS order_key,
            0 AS test_id, 0 AS channel, (hash(range + 1) % 12)::INTEGER AS crowd,
            (hash(range + 2) % 4)::INTEGER AS arm, 1700000000 + range % 864000 AS sent_at,
            (19675 + range % 10)::INTEGER AS sent_on, (5 + range % 20)::BIGINT AS cost_cents,
            CASE WHEN hash(range + 3) % 100 < 6 THEN 1700000600 + range % 864000 END AS clicked_at,
            CASE WHEN hash(range + 4) % 100 < 3 THEN 1700000900 + range % 864000 END
            AS friend_added_at FROM range({SIZE})"""
        )
        return connection
    connection.execute(f"CREATE TABLE people AS SELECT * FROM read_parquet('{PEOPLE}')")
    return connection


def _timed(answer: Any, deliveries: bool = False) -> float:
    """Seconds of the second answer of two: the first warms imports and caches."""
    connection = _opened(deliveries)
    answer(connection)
    start = time.perf_counter()
    answer(connection)
    return time.perf_counter() - start


own_sums = functools.partial(_timed, own)
own_all = functools.partial(_timed, own_compared)
sql_sums = functools.partial(_timed, sql)
own_units = functools.partial(_timed, units, True)


def peer() -> float:
    """The peer's comparisons, a filter a crowd, on its own connection to the same engine."""
    metrics = json.dumps([*OUTCOMES, *AMOUNTS])
    command = [str(PEER / "bin" / "python"), "-c", _PEER_CODE, str(PEOPLE), metrics]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(run.stdout.strip().splitlines()[-1]))


def peer_is_there() -> bool:
    """Whether tea-tasting 2.0.0 stands in its own environment; made here where it can be.

    It wants Python 3.12 or later: ``PEER_PYTHON`` names one that is not on the path.
    """
    python = PEER / "bin" / "python"
    if not python.exists():
        found = next(filter(_is_new_enough, _PYTHONS), None)
        if found is None:
            return False
        subprocess.run([found, "-m", "venv", str(PEER)], check=True)
    pip = [str(python), "-m", "pip", "install", "-q", "tea-tasting==2.0.0", "duckdb==1.5.6"]
    subprocess.run(pip, check=False, capture_output=True)
    imported = subprocess.run([str(python), "-c", "import tea_tasting"], capture_output=True)
    return imported.returncode == 0


def _is_new_enough(python: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 12))"
    where = shutil.which(python) if python else None
    return bool(where) and subprocess.run([where, "-c", code], capture_output=True).returncode == 0


def check() -> None:
    """Both ways give the same sums."""
    connection = _opened()
    mine, hand = own(connection), sql(connection)
    columns = ["test", "crowd", "arm", "held", "people"]
    columns += [f"{kind}_{n}" for n in (*OUTCOMES, *AMOUNTS) for kind in ("n", "x")]
    columns += [f"xx_{n}" for n in AMOUNTS]
    for ours, theirs in zip(mine[columns].itertuples(index=False), hand, strict=True):
        if not all(
            math.isclose(a, float(b), rel_tol=1e-12) for a, b in zip(ours, theirs, strict=True)
        ):
            raise SystemExit("the sums differ")


def main() -> None:
    """Measure and record."""
    make()
    check()
    module = "benchmarks.copy_tests"
    subjects = [
        Subject("sums, own", module, "own_sums"),
        Subject("sums, sql", module, "sql_sums"),
        Subject("sums and comparisons, own", module, "own_all"),
    ]
    if peer_is_there():
        subjects.append(Subject("sums and comparisons, tea-tasting", module, "peer"))
    timings = compare(f"copy test, {SIZE:,} people", subjects, runs=5)
    own_, sql_, all_ = (timings[s.name] for s in subjects[:3])
    figures = {
        "seconds": sorted(own_.wall)[len(own_.wall) // 2],
        "against_sql": ratio(own_, sql_),
        "peak_mb": max(own_.peak_mb),
    }
    if len(subjects) > 3:
        figures["peer_times_slower"] = ratio(timings[subjects[3].name], all_)
    rows = compare("people of deliveries", [Subject("units, own", module, "own_units")], runs=5)
    figures["units_seconds"] = sorted(rows["units, own"].wall)[2]
    record("copy_tests", figures)


if __name__ == "__main__":
    main()
