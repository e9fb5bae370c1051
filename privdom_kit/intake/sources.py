"""Files as the engine can read them: CSV of any usual encoding, XLSX, Parquet."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.errors import DataError

if TYPE_CHECKING:
    import duckdb

_BLOCK = 8 << 20
_DELIMITERS = ",\t;|"
_numbers = itertools.count()


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
    """

    path: Path
    relation: str
    headers: tuple[str, ...]
    types: tuple[str, ...]
    rejects: str = ""
    encoding: str = ""


def open_source(connection: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> Source:
    """Make a file readable by the engine.

    Args:
        connection: The engine.
        path: A .csv (also .txt, .tsv), .xlsx or .parquet file.
        scratch: Private folder for a decoded copy of a CSV that is not UTF-8.

    Raises:
        DataError: The file is empty, damaged, or of a kind that is not read.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _open_parquet(connection, path)
    if suffix == ".xlsx":
        return _open_xlsx(connection, path)
    if suffix in (".csv", ".txt", ".tsv"):
        return _open_csv(path, scratch)
    raise DataError(
        f"{path.name} ends in {suffix or 'nothing'}",
        "CSV, XLSX and Parquet files are read",
        "Save the export as one of these",
    )


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    import duckdb

    relation = f"read_parquet({_quote(str(path))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{path.name} cannot be read as Parquet",
            "expected a whole Parquet file",
            "Export it again",
        ) from error
    names = ", ".join(f'"{row[0]}" AS c{i}'.replace('"', '"') for i, row in enumerate(described))
    return Source(
        path,
        f"(SELECT {names} FROM {relation})",
        tuple(row[0].strip() for row in described),
        tuple(row[1] for row in described),
    )


def _open_xlsx(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        # Text, so that a long id never passes through a float.
        table = book.load_sheet(0, dtypes="string").to_arrow()
    except fastexcel.FastExcelError as error:
        raise DataError(
            f"{path.name} cannot be read as XLSX",
            "expected a workbook without a password, its data on the first sheet",
            "Save it again as .xlsx or as CSV",
        ) from error
    headers = tuple(str(name).strip() for name in table.column_names)
    if not headers:
        raise _empty(path)
    name = f"sheet_{next(_numbers)}"
    renamed = table.rename_columns([f"c{i}" for i in range(len(headers))])
    connection.register(name, renamed)
    return Source(path, name, headers, ("VARCHAR",) * len(headers))


def _open_csv(path: Path, scratch: Path) -> Source:
    if path.stat().st_size == 0:
        raise _empty(path)
    encoding = detect_encoding(path)
    readable = path if encoding == "utf-8" else _decoded(path, encoding, scratch)
    delimiter, headers = _header(readable)
    if not any(headers):
        raise _empty(path)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(headers)))
    rejects = f"rejects_{next(_numbers)}"
    relation = (
        f"read_csv({_quote(str(readable))}, auto_detect = false, header = true, "
        f"delim = {_quote(delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}}, "
        f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan', "
        f"rejects_limit = 0, max_line_size = 16777216)"
    )
    return Source(path, relation, headers, ("VARCHAR",) * len(headers), rejects, encoding)


def _empty(path: Path) -> DataError:
    return DataError(
        f"{path.name} is empty",
        "expected a header line and rows",
        "Export it again, or remove the table from client.yml",
    )


def detect_encoding(path: Path) -> str:
    """utf-8, utf-8-sig, utf-16 or gb18030, by the byte order mark or by which one fits.

    A file is UTF-8 when all of it decodes, or when UTF-8 fails at fewer places than GB18030
    around the first byte that it cannot read: one damaged row must not turn a UTF-8 file into
    plausible characters of another alphabet.
    """
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                near = block[max(0, error.start - 32768) : error.start + 32768]
                return min(("utf-8", "gb18030"), key=lambda name: _misfits(near, name))
    return "utf-8"


def _misfits(data: bytes, encoding: str) -> int:
    return data.decode(encoding, errors="replace").count("\ufffd")


def _decoded(path: Path, encoding: str, scratch: Path) -> Path:
    """A UTF-8 copy; bytes that do not decode stay as they are, so that their rows are rejected."""
    copy = scratch / f"decoded_{next(_numbers)}.csv"
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
    with path.open("rb") as source, copy.open("wb") as target:
        for block in _blocks(source):
            target.write(decoder.decode(block).encode("utf-8", errors="surrogateescape"))
        target.write(decoder.decode(b"", final=True).encode("utf-8", errors="surrogateescape"))
    return copy


def _blocks(file: object) -> Iterator[bytes]:
    return iter(lambda: file.read(_BLOCK), b"")  # type: ignore[attr-defined]


def _header(path: Path) -> tuple[str, tuple[str, ...]]:
    """Delimiter and trimmed headers: the delimiter is the one that splits the first line most."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        line = file.readline(1 << 22)
    rows = {d: next(csv.reader([line], delimiter=d), []) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: len(rows[d]))
    return delimiter, tuple(header.strip("\ufeff \t\r\n\u3000") for header in rows[delimiter])
