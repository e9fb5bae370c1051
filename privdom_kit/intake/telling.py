"""Progress of a long read: a line for every tenth of a big file, as the engine counts it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_TOLD_FROM = 256 << 20  # bytes of a file from which reading says how far it is
_EVERY = 0.5  # seconds between looks
_STEP = 10  # percent


@contextmanager
def telling(
    connection: duckdb.DuckDBPyConnection, path: Path, progress: Callable[[str], None]
) -> Iterator[None]:
    """Tell how far the engine has read a file while the block runs; silent for small files."""
    if path.stat().st_size < _TOLD_FROM:
        yield
        return
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    done = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(connection, path.name, progress, done), daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        connection.execute("SET enable_progress_bar = false")


def _watch(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    progress: Callable[[str], None],
    done: threading.Event,
) -> None:
    told = 0
    while not done.wait(_EVERY):
        percent = int(connection.query_progress())
        if percent >= told + _STEP:
            told = percent // _STEP * _STEP
            progress(f"reading {name}: {told}%")
