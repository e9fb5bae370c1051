"""Files as the engine can read them: CSV of any usual encoding, XLSX, Parquet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.errors import DataError
from privdom_kit.intake import textfile, workbook

if TYPE_CHECKING:
    import duckdb

_numbers = itertools.count()
# The engine's parallel reader gives up where a padded file has a line break in quotes.
PARALLEL, SERIAL = "parallel = true", "parallel = false"
# Bytes. A thread reads a buffer at a time; by itself the engine makes it sixteen times the longest
# line, which would leave most files to one thread.
_LONGEST_LINE = 16 << 20
_BUFFER = 20 << 20
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One file, readable by the engine.

    Attributes:
        path: The client's file.
        relation: SQL that stands after FROM.
        headers: Headers as in the file, trimmed; column ``c<i>`` of the relation has header i.
        types: Engine types of the columns; VARCHAR for text files.
        rejects: Name of the engine's table of unreadable records; empty where there is none.
        encoding: How the text was encoded; empty for Parquet and XLSX.
        marks: What may have to be cleaned off values (keys of ``columns.MARKS``).
        above: Lines above the header.
        ragged: Whether the relation has a flag ``ragged``, true for a row with too many or too
            few fields.
    """

    path: Path
    relation: str
    headers: tuple[str, ...]
    types: tuple[str, ...]
    rejects: str = ""
    encoding: str = ""
    marks: frozenset[str] = textfile.ALL_MARKS
    above: int = 0
    ragged: bool = False


def open_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    scratch: Path,
    xlsx_limit: int,
    progress: Progress = lambda line: None,
) -> Source:
    """Make a file readable by the engine.

    Args:
        connection: The engine.
        path: A .csv (also .txt, .tsv), .xlsx or .parquet file.
        scratch: Private folder for a decoded copy of a CSV that is not UTF-8.
        xlsx_limit: Bytes to which a workbook may unpack.
        progress: Takes a line for each part of a big file.

    Raises:
        DataError: The file is empty, damaged, or of a kind that is not read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _open_parquet(connection, path)
    if suffix == ".xlsx":
        return _open_xlsx(connection, path, xlsx_limit)
    if suffix in (".csv", ".txt", ".tsv"):
        return _open_csv(path, scratch, progress)
    raise _unread(path)


def peek_headers(path: Path, xlsx_limit: int) -> tuple[str, ...]:
    """The headers of a file, read from its beginning; empty where there are none.

    Raises:
        DataError: The file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return tuple(pq.read_schema(path).names)
        except (pa.ArrowInvalid, OSError) as error:
            raise _no_parquet(path) from error
    if suffix == ".xlsx":
        return workbook.read_sheet(path, xlsx_limit, rows=1)[0]
    if suffix in (".csv", ".txt", ".tsv"):
        return textfile.peek(path)
    raise _unread(path)


def _unread(path: Path) -> DataError:
    return DataError(
        f"{path.name} ends in {path.suffix.lower() or 'nothing'}",
        "CSV, XLSX and Parquet files are read",
        "Save the export as one of these",
    )


def _no_parquet(path: Path) -> DataError:
    return DataError(
        f"{path.name} cannot be read as Parquet", "expected a whole Parquet file", "Export it again"
    )


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    import duckdb

    relation = f"read_parquet({quoted(str(path))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise _no_parquet(path) from error
    escaped = (row[0].replace('"', '""') for row in described)
    names = ", ".join(f'"{name}" AS c{i}' for i, name in enumerate(escaped))
    return Source(
        path,
        f"(SELECT {names} FROM {relation})",
        tuple(row[0].strip() for row in described),
        tuple(row[1] for row in described),
    )


def _open_xlsx(connection: duckdb.DuckDBPyConnection, path: Path, limit: int) -> Source:
    headers, table = workbook.read_sheet(path, limit)
    if not any(headers):
        raise empty(path)
    name = f"sheet_{next(_numbers)}"
    connection.register(name, table.rename_columns([f"c{i}" for i in range(len(headers))]))
    return Source(path, name, headers, ("VARCHAR",) * len(headers))


def _open_csv(path: Path, scratch: Path, progress: Progress) -> Source:
    if path.stat().st_size == 0:
        raise empty(path)
    copy = scratch / f"decoded_{next(_numbers)}.csv"
    text = textfile.make_readable(path, copy, progress)
    layout = textfile.read_layout(text.readable)
    if not any(layout.headers):
        raise empty(path)
    width, rejects = len(layout.headers), f"rejects_{next(_numbers)}"
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width + 1))
    # By itself the engine takes a row with one blank field too many for a good one, though an
    # unquoted comma may have shifted it: so one column more is read, and rows are padded, which
    # leaves a null in the last column of a short row and none in the column behind of a long one.
    relation = (
        f"(SELECT *, (c{width - 1} IS NULL OR c{width} IS NOT NULL) AS ragged FROM "
        f"read_csv({quoted(str(text.readable))}, auto_detect = false, header = true, "
        f"delim = {quoted(layout.delimiter)}, quote = '\"', escape = '\"', "
        f"skip = {layout.above}, columns = {{{columns}}}, null_padding = true, nullstr = '\x01', "
        f"{PARALLEL}, max_line_size = {_LONGEST_LINE}, buffer_size = {_BUFFER}, "
        f"store_rejects = true, "
        f"rejects_table = '{rejects}', rejects_scan = '{rejects}_scan', rejects_limit = 0))"
    )
    marks = text.marks | ({"tab"} if layout.delimiter == "\t" else frozenset())
    return Source(
        path,
        relation,
        layout.headers,
        ("VARCHAR",) * len(layout.headers),
        rejects,
        text.encoding,
        frozenset(marks),
        layout.above,
        ragged=True,
    )


def empty(path: Path) -> DataError:
    """The error of a file without a header."""
    return DataError(
        f"{path.name} is empty",
        "expected a header line and rows",
        "Export it again, or remove the table from client.yml",
    )
