"""Identity of five million edges, against scipy's components on the same edges as integers.

Run: ``python -m benchmarks.identity``. Target: at most 3 times scipy, below 3 GB. The edges are
the rows of three tables, shuffled: 2M contacts (WeCom id, phone), 2M members (member number,
phone), 1M followers (open id, member number); 7M identifier values of 2M people.

Four subjects, since the target can be read two ways. From integers: ``grouping`` (both guards and
components) beside ``scipy`` (components alone). From identifier rows in the engine to numbered,
keyed people with their merge log: ``identity`` beside ``factorize``, which numbers the same texts
with pandas and calls scipy, without cleaning, guards, log, order or keyed ids.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import Subject, compare, ratio, record

if TYPE_CHECKING:
    import numpy as np

PEOPLE = 2_000_000
FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "identity"
TABLES = {
    "contacts": ("external_user_id", "phone"),
    "members": ("member_id", "phone"),
    "followers": ("open_id", "member_id"),
}
_TEXTS = {
    "external_user_id": "'wm' || md5(i::VARCHAR)[:24]",
    "phone": f"(13000000000 + (i * 7919) % {PEOPLE} * 37)::VARCHAR",
    "member_id": "'M' || lpad((i * 31)::VARCHAR, 10, '0')",
    "open_id": "'oU' || md5((i + 1)::VARCHAR)[:24]",
}


def make() -> None:
    """The three tables, made once."""
    import duckdb

    FOLDER.mkdir(parents=True, exist_ok=True)
    for number, (name, columns) in enumerate(TABLES.items()):
        file = FOLDER / f"{name}.parquet"
        if file.exists():
            continue
        rows = PEOPLE // 2 if name == "followers" else PEOPLE
        texts = ", ".join(f"{_TEXTS[column]} AS {column}" for column in columns)
        duckdb.execute(
            f"COPY (SELECT {texts}, CAST(NULL AS VARCHAR) AS fault FROM range({rows}) AS t(i) "
            f"ORDER BY hash(i + {number})) TO '{file}' (FORMAT parquet)"
        )


def identity() -> float:
    """Staged rows to people."""
    # Both subjects have their libraries loaded when the clock starts.
    import pyarrow as pa  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401

    from privdom_kit import engine
    from privdom_kit.contracts import TABLES as SPECS
    from privdom_kit.intake.people import stitch
    from privdom_kit.intake.reading import Staged

    with (
        tempfile.TemporaryDirectory() as scratch,
        engine.closing(engine.connect(memory_limit="1500MB", scratch=Path(scratch))) as connection,
    ):
        for name in TABLES:
            connection.execute(
                f"CREATE TABLE staged_{name} AS FROM read_parquet('{FOLDER}/{name}.parquet')"
            )
        staged = [Staged(SPECS[n], f"staged_{n}", columns) for n, columns in TABLES.items()]
        start = time.perf_counter()
        people = stitch(connection, staged, b"k" * 32)
        seconds = time.perf_counter() - start
    assert people.count == PEOPLE
    return seconds


def factorize() -> float:
    """The same texts numbered by pandas, components by scipy."""
    import pandas as pd
    import scipy.sparse.csgraph  # noqa: F401

    frames = {
        n: pd.read_parquet(FOLDER / f"{n}.parquet", columns=list(c)) for n, c in TABLES.items()
    }
    start = time.perf_counter()
    a, b, _, count = _edges(frames)
    labels = _components(count, a, b)
    seconds = time.perf_counter() - start
    assert labels == PEOPLE
    return seconds


def grouping() -> float:
    """Integer edges to guarded people."""
    import scipy.sparse.csgraph  # noqa: F401

    from privdom_kit.intake.guards import Graph, group_values
    from privdom_kit.settings import IdentitySettings

    limits = IdentitySettings()
    a, b, kind, _ = _integer_edges()
    start = time.perf_counter()
    found = group_values(Graph(kind, a, b), limits.max_people_per_value, limits.max_cluster)
    seconds = time.perf_counter() - start
    assert int(found.label.max()) + 1 == PEOPLE
    return seconds


def scipy_alone() -> float:
    """Integer edges to components."""
    import scipy.sparse.csgraph  # noqa: F401

    a, b, _, count = _integer_edges()
    start = time.perf_counter()
    components = _components(count, a, b)
    seconds = time.perf_counter() - start
    assert components == PEOPLE
    return seconds


def _integer_edges() -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    import pandas as pd

    frames = {
        n: pd.read_parquet(FOLDER / f"{n}.parquet", columns=list(c)) for n, c in TABLES.items()
    }
    return _edges(frames)


def _edges(frames: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Ends of each edge, the type of each node, and the number of nodes."""
    import numpy as np
    import pandas as pd

    from privdom_kit.contracts import IDENTITIES

    nodes: dict[tuple[str, str], np.ndarray] = {}
    kinds, count = [], 0
    for column in _TEXTS:
        held = [name for name, columns in TABLES.items() if column in columns]
        codes, values = pd.factorize(pd.concat([frames[name][column] for name in held]))
        parts = np.split(codes + count, np.cumsum([len(frames[name]) for name in held])[:-1])
        nodes |= {(name, column): part for name, part in zip(held, parts, strict=True)}
        kinds.append(np.full(len(values), IDENTITIES.index(column), dtype=np.int8))
        count += len(values)
    ends = ([nodes[name, c[end]] for name, c in TABLES.items()] for end in (0, 1))
    a, b = (np.concatenate(end).astype(np.int32) for end in ends)
    return a, b, np.concatenate(kinds), count


def _components(count: int, a: np.ndarray, b: np.ndarray) -> int:
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    components, _ = connected_components(graph, directed=False)
    return int(components)


def main() -> None:
    """Compare and record."""
    make()
    subjects = ("identity", "factorize", "grouping", "scipy_alone")
    timings = compare(
        "Identity of 5M edges, 7M values, 2M people",
        [Subject(name, "benchmarks.identity", name) for name in subjects],
        runs=3,
    )
    record(
        "identity_5m_edges",
        {
            "rows_to_people_times_factorize": ratio(timings["identity"], timings["factorize"]),
            "rows_to_people_times_scipy": ratio(timings["identity"], timings["scipy_alone"]),
            "grouping_times_scipy": ratio(timings["grouping"], timings["scipy_alone"]),
            "peak_mb": max(timings["identity"].peak_mb),
        },
    )


if __name__ == "__main__":
    main()
