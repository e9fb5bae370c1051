"""The one file that names an engine: it opens it, reads tables, and bounds what leaves it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.errors import DataError, PrivdomError

if TYPE_CHECKING:
    import duckdb
    import narwhals as nw
    import pandas as pd

_names = itertools.count()


class TooManyRows(PrivdomError):
    """A result would bring more rows out of the engine than its stated limit."""


def connect(
    *, memory_limit: str = "", threads: int = 0, scratch: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """An embedded engine in memory, reaching for nothing outside this machine.

    Args:
        memory_limit: Such as ``1GB``; empty leaves the engine's own default.
        threads: Worker threads; 0 leaves the engine's own default (one a core).
        scratch: Folder for what does not fit into memory; none where not given.
    """
    import duckdb

    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    if scratch:
        config["temp_directory"] = str(scratch)
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def scan(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> nw.LazyFrame:
    """The rows of Parquet files of one layout, lazily."""
    import narwhals as nw

    return nw.from_native(connection.read_parquet([str(file) for file in files]))


def checkpoint(frame: nw.LazyFrame) -> nw.LazyFrame:
    """The same rows, computed once and kept in the engine: for what is used more than once."""
    import narwhals as nw

    relation = nw.to_native(frame)
    name = f"checkpoint_{next(_names)}"
    if not hasattr(relation, "create"):
        # narwhals' other engines (Polars, pandas-like) in tests: computing once is enough.
        return nw.from_native(frame.collect().to_native()).lazy()
    # An engine's relation can outlive the connection object that Python holds, so the table is
    # made through the relation itself.
    relation.create(name)
    return nw.from_native(_table_beside(relation, name))


def _table_beside(relation: Any, name: str) -> Any:
    return relation.query("unused_alias", f"FROM {name}")


def send(table: pd.DataFrame, beside: nw.LazyFrame) -> nw.LazyFrame:
    """A small table as lazy rows in the engine that holds ``beside``, to be joined with it.

    Args:
        table: Columns of plain numbers or texts; its values are copied.
        beside: Any lazy rows of that engine.
    """
    import narwhals as nw

    relation = nw.to_native(beside)
    if not hasattr(relation, "create"):
        return nw.from_native(table).lazy()
    name = f"sent_{next(_names)}"
    rows_to_send = table  # the engine finds it by this name among the variables here
    relation.query("unused_alias", f"CREATE TABLE {name} AS SELECT * FROM rows_to_send")
    del rows_to_send
    return nw.from_native(_table_beside(relation, name))


def collect(frame: nw.LazyFrame, *, limit: int) -> pd.DataFrame:
    """A small aggregate as a pandas frame.

    Args:
        frame: Lazy rows; few by construction.
        limit: Most rows that may leave the engine.

    Raises:
        TooManyRows: There are more.
    """
    table = frame.head(limit + 1).collect("pandas").to_native()
    if len(table) > limit:
        raise TooManyRows(
            f"a result has more than {limit:,} rows",
            "results are small aggregates",
            "Group by fewer or coarser columns, or raise the limit in settings",
        )
    return _plain_types(table)


def _plain_types(table: pd.DataFrame) -> pd.DataFrame:
    """Sums of integers arrive as wide decimals or objects: integers or floats instead."""
    for column in table.columns:
        kind = table[column].dtype.kind
        if kind == "O" and len(table):
            first = next((v for v in table[column] if v is not None), None)
            if first is not None and not isinstance(first, (str, bytes, bool)):
                table[column] = table[column].astype("float64")
    return table


def epoch_seconds(frame: nw.LazyFrame, column: str) -> nw.Expr:
    """Whole epoch seconds of a column that holds times, dates or epoch seconds already.

    Raises:
        DataError: It holds something else.
    """
    import datetime as dt

    import narwhals as nw

    kind, value = frame.collect_schema()[column], nw.col(column)
    if kind.is_integer():
        return value.cast(nw.Int64)
    if kind.is_float() or kind.is_decimal():
        return value.floor().cast(nw.Int64)
    if not (kind == nw.Datetime or kind == nw.Date):
        raise DataError(
            f"the column {column} holds {kind}",
            "expected times, or epoch seconds as numbers",
            "Convert the column first",
        )
    value = value.cast(nw.Datetime) if kind == nw.Date else value
    if frame.implementation.is_spark_like():
        return value.cast(nw.Int64)  # this engine's own meaning of a time as a number
    zone = dt.UTC if isinstance(kind, nw.Datetime) and kind.time_zone else None
    return (value - nw.lit(dt.datetime(1970, 1, 1, tzinfo=zone))).dt.total_seconds()


def with_digest(frame: nw.LazyFrame, column: str, name: str) -> nw.LazyFrame:
    """The rows with the SHA-256 of a text column as a further column, in hex.

    Every engine gives the same digest of the same text (UTF-8), so an order by it is the same
    everywhere and follows from nothing but the text.

    Args:
        frame: Lazy rows.
        column: The text, never null.
        name: What the column of the digest is called.
    """
    import narwhals as nw

    native = nw.to_native(frame)
    if hasattr(native, "create"):
        return nw.from_native(native.project(f'*, sha256("{column}") AS "{name}"'))
    if frame.implementation.is_spark_like():
        return nw.from_native(native.selectExpr("*", f"sha2(`{column}`, 256) AS `{name}`"))
    import hashlib

    rows = frame.collect("pandas").to_native()
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in rows[column]]
    return nw.from_native(rows.assign(**{name: digests})).lazy()


@contextmanager
def closing(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Close the connection on the way out, also on an error."""
    try:
        yield connection
    finally:
        connection.close()
