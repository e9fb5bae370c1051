"""01_user_layering on 10 million orders of half a million customers: time and peak memory.

Run: ``python -m benchmarks.layering``. Target: under 2 GB of memory.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.harness import Subject, compare, record

ORDERS, CUSTOMERS = 10_000_000, 500_000
FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "layering"


def make() -> None:
    """The client folder with its Parquet export, prepared once."""
    import duckdb

    from privdom_kit.config import read_config
    from privdom_kit.intake import prepare

    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "orders.parquet").exists():
        (FOLDER / "client.yml").write_text(
            "client: bench\nas_of: 2026-05-31\ntables:\n  orders: {path: orders.parquet}\n"
            "economics: {gross_margin: 0.5}\n"
        )
        duckdb.execute(
            f"""COPY (SELECT range AS order_id, hash(range) % {CUSTOMERS} AS customer_id,
            TIMESTAMP '2024-12-01' + INTERVAL (hash(range + 7) % 47000000) SECOND AS paid_at,
            round(hash(range + 1) % 50000 / 100, 2) AS amount,
            CASE WHEN range % 29 = 0 THEN 'closed' ELSE 'paid' END AS status,
            ['youzan', 'tmall', 'jd', 'douyin'][1 + range % 4] AS platform,
            range % 2 = 0 AS on_promotion
            FROM range({ORDERS})) TO '{FOLDER}/orders.parquet' (FORMAT parquet)"""
        )
    prepare(read_config(FOLDER))


def playbook() -> None:
    """Every question of the playbook, measured."""
    from privdom_kit import layering
    from privdom_kit.client import open_client
    from privdom_kit.config import read_config

    client = open_client(read_config(FOLDER))
    base = layering.summarise_customers(client)
    for name in sorted(n for n in layering.__all__ if n.startswith("measure_")):
        getattr(layering, name)(base, client.settings)


def main() -> None:
    """Measure and record."""
    make()
    timings = compare(
        f"01_user_layering on {ORDERS:,} orders of {CUSTOMERS:,} customers",
        [Subject("all questions", "benchmarks.layering", "playbook")],
        runs=3,
    )
    timing = timings["all questions"]
    record(
        "layering_10m_orders",
        {"wall_seconds": sorted(timing.wall)[1], "peak_mb": max(timing.peak_mb)},
    )


if __name__ == "__main__":
    main()
