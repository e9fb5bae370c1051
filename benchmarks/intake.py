"""Intake of a million orders from CSV, against the engine's own read of the file into Parquet.

Run: ``python -m benchmarks.intake``. Target: at most 1.5 times the engine's own read.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Subject, compare, ratio, record

ORDERS = 1_000_000
FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "intake"


def make() -> None:
    """The client folder with its CSV, made once."""
    import duckdb

    if (FOLDER / "orders.csv").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "client.yml").write_text(
        "client: bench\nas_of: 2026-05-31\ntables:\n  orders: {path: orders.csv}\n"
    )
    duckdb.execute(
        f"""COPY (SELECT 'E' || lpad((range * 7919 % {ORDERS})::VARCHAR, 12, '0') AS order_id,
        (13900000000 + hash(range) % 200000)::VARCHAR AS phone,
        strftime(TIMESTAMP '2025-06-01' + INTERVAL (range * 37 % 31000000) SECOND,
                 '%Y-%m-%d %H:%M:%S') AS paid_at,
        round(hash(range + 1) % 50000 / 100, 2) AS amount,
        CASE WHEN range % 17 = 0 THEN 12.5 ELSE 0 END AS refund_amount,
        CASE WHEN range % 29 = 0 THEN 'closed' ELSE 'paid' END AS status,
        ['youzan', 'tmall', 'jd', 'douyin'][1 + range % 4] AS platform,
        range % 2 = 0 AS on_promotion, 'C' || (range % 50) AS coupon_code,
        'S' || (range % 300) AS store_id
        FROM range({ORDERS})) TO '{FOLDER}/orders.csv' (HEADER)"""
    )


def own_read() -> float:
    """The engine reads the CSV and writes Parquet: what anybody would type."""
    import duckdb

    target = FOLDER / "own.parquet"
    start = time.perf_counter()
    duckdb.execute(f"COPY (FROM read_csv('{FOLDER}/orders.csv')) TO '{target}' (FORMAT parquet)")
    return time.perf_counter() - start


def intake() -> float:
    """Read, check, stitch, hash, sort and store, from nothing."""
    # Both subjects have their libraries loaded when the clock starts.
    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401
    import pyarrow as pa  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401

    from privdom_kit.config import read_config
    from privdom_kit.intake import prepare

    shutil.rmtree(FOLDER / ".privdom", ignore_errors=True)
    config = read_config(FOLDER)
    start = time.perf_counter()
    prepare(config)
    return time.perf_counter() - start


def main() -> None:
    """Compare and record."""
    make()
    module = "benchmarks.intake"
    timings = compare(
        f"Intake of {ORDERS:,} orders from CSV",
        [Subject("intake", module, "intake"), Subject("own read", module, "own_read")],
    )
    record(
        "intake_1m_orders",
        {
            "times_own_read": ratio(timings["intake"], timings["own read"]),
            "peak_mb": max(timings["intake"].peak_mb),
        },
    )


if __name__ == "__main__":
    main()
