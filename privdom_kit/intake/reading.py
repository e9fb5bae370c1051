"""From a client's files to staged rows: converted, checked, nothing lost unsaid.

Staged rows live in the engine's memory (spilling into a private folder) until people and codes
are known. Each carries ``fault``: null for a good row, ``column|reason`` for a bad one, and
``!reason`` for a good row that no calculation may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.contracts import TableSpec
from privdom_kit.errors import DataError
from privdom_kit.intake.columns import Clock
from privdom_kit.intake.folding import fold
from privdom_kit.intake.shaping import Shape, preset_of, shape_file
from privdom_kit.intake.sources import PARALLEL, SERIAL, Progress, Source, open_source
from privdom_kit.intake.staging import Cut, staging_sql
from privdom_kit.intake.telling import telling

if TYPE_CHECKING:
    import duckdb

    from privdom_kit.config import TableSource

DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that the reader could not split into fields.

    Attributes:
        record: Its number among the file's records, the header not counted, from 1.
        reason: fields or encoding.
    """

    record: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What one file gave.

    Attributes:
        path: The file.
        first: Position of its first staged row in the staged table.
        staged: Rows staged.
        rejected: Records that were not.
        encoding: Text encoding; empty where it does not apply.
        ignored: Headers that no canonical column takes.
        above: Blank lines above the header.
    """

    path: Path
    first: int
    staged: int
    rejected: tuple[Rejected, ...]
    encoding: str
    ignored: tuple[str, ...]
    above: int = 0


@dataclass(slots=True)
class Staged:
    """The staged rows of one canonical table.

    Attributes:
        spec: The table.
        name: Name in the engine.
        given: Canonical columns that at least one file has.
        files: What each file gave.
        numbered: Whether rows carry the number of their record (``record``), as one record gave
            several rows.
        unknown: Values of choice columns that are not allowed, a few of each.
    """

    spec: TableSpec
    name: str
    given: tuple[str, ...]
    files: list[ReadFile] = field(default_factory=list)
    numbered: bool = False
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Records read, rejected ones included."""
        return sum(file.staged + len(file.rejected) for file in self.files)


def stage(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    table: TableSource,
    clock: Clock,
    cut: Cut,
    scratch: Path,
    xlsx_limit: int,
    progress: Progress = lambda line: None,
) -> Staged:
    """Read, convert and check the files of one table.

    Args:
        connection: The engine.
        spec: The canonical table.
        table: What client.yml says of it: files, preset, columns, values, further exports.
        clock: The client's clock.
        cut: Where ``as_of`` ends.
        scratch: Private folder for decoded copies.
        xlsx_limit: Bytes to which a workbook may unpack.
        progress: Takes a line for each part of a big file.

    Raises:
        DataError: A file cannot be read, or a required column is in none of its headers.
    """
    opened = [
        (part, source, shape_file(spec, part, source, clock))
        for part in table.parts
        for path in part.files
        for source in [open_source(connection, path, scratch, xlsx_limit, progress)]
    ]
    shapes = [shape for _, _, shape in opened]
    given = tuple(c.name for c in spec.columns if any(c.name in shape.raws for shape in shapes))
    numbered = any(shape.numbered for shape in shapes)
    staged = Staged(spec, f"staged_{spec.name}", given, numbered=numbered)
    for number, part in enumerate(table.parts):
        name = f"{staged.name}_{number}" if number else staged.name
        piece = Staged(spec, name, given, numbered=numbered) if number else staged
        for source, shape in ((s, h) for p, s, h in opened if p is part):
            _stage_file(connection, piece, source, shape, clock, cut, progress)
        preset = preset_of(part)
        if preset:
            fold(connection, piece, preset)
        if number:
            _append(connection, staged, piece)
    staged.unknown = _unknown_values(connection, staged)
    return staged


def _append(connection: duckdb.DuckDBPyConnection, staged: Staged, piece: Staged) -> None:
    """Put the rows of another export behind those of the first."""
    last = staged.files[-1]
    connection.execute(f"INSERT INTO {staged.name} SELECT * FROM {piece.name}")
    connection.execute(f"DROP TABLE {piece.name}")
    behind = last.first + last.staged
    staged.files += [replace(file, first=file.first + behind) for file in piece.files]


def _stage_file(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    source: Source,
    shape: Shape,
    clock: Clock,
    cut: Cut,
    progress: Progress,
) -> None:
    import duckdb

    query = staging_sql(staged.spec, staged.given, shape, clock, cut, numbered=staged.numbered)
    first = 0
    if staged.files:
        first = staged.files[-1].first + staged.files[-1].staged
        query = f"INSERT INTO {staged.name} {query}"
    else:
        query = f"CREATE TABLE {staged.name} AS {query}"
    try:
        with telling(connection, source.path, progress):
            _execute(connection, query)
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        raise  # our own SQL is wrong, not the file
    except duckdb.Error as error:
        raise DataError(
            f"{staged.spec.name}: {source.path.name} cannot be read ({_first_line(error)})",
            "expected rows of one table below one header line",
            "Export it again, or remove what stands above and below the table",
        ) from error
    total = _count(connection, staged.name)
    rejected = tuple(_rejected(connection, source))
    staged.files.append(
        ReadFile(
            source.path,
            first,
            total - first,
            rejected,
            source.encoding,
            shape.ignored,
            source.above,
        )
    )


# What is shown of values that are not allowed: words of a list, nothing that may name a person.
_SHOWN = 5
_LONGEST = 16


def _unknown_values(
    connection: duckdb.DuckDBPyConnection, staged: Staged
) -> dict[str, tuple[str, ...]]:
    unknown = {}
    for column in staged.spec.columns:
        if not column.choices or column.name not in staged.given:
            continue
        name = column.name
        rows = connection.execute(
            f"""SELECT DISTINCT trim({name}) FROM {staged.name}
            WHERE fault = '{name}|not_allowed' AND length({name}) <= {_LONGEST}
            AND NOT regexp_matches({name}, '[0-9]{{5}}') ORDER BY 1 LIMIT {_SHOWN}"""
        ).fetchall()
        if rows:
            unknown[name] = tuple(row[0] for row in rows)
    return unknown


def _execute(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Run a read on all cores, or on one where a value holds a line break."""
    import duckdb

    try:
        connection.execute(query)
    except duckdb.Error as error:
        if "parallel=false" not in str(error) or PARALLEL not in query:
            raise
        connection.execute(query.replace(PARALLEL, SERIAL))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:160]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(row[0][0])


def _rejected(connection: duckdb.DuckDBPyConnection, source: Source) -> Iterable[Rejected]:
    if not source.rejects:
        return
    rows = connection.execute(
        f"SELECT line, any_value(CAST(error_type AS VARCHAR)), "
        f"bool_or(contains(csv_line, chr(10))) FROM {source.rejects} GROUP BY line ORDER BY line"
    ).fetchall()
    for line, kind, spans in rows:
        if spans:
            raise DataError(
                f"{source.path.name}: a quotation mark opened in record {line - 1} never closes",
                "expected balanced quotation marks: all rows behind it would be lost",
                "Export the file again, or mend that line",
            )
        yield Rejected(int(line) - 1, "encoding" if "ENCODING" in kind else "fields")
