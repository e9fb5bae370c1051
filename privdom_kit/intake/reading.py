"""From a client's files to staged rows: converted, checked, nothing lost unsaid.

Staged rows live in the engine's memory (spilling into a private folder) until people and codes
are known. Each carries ``fault``: null for a good row, ``column|reason`` for a bad one, and
``!reason`` for a good row that no calculation may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.contracts import Column, TableSpec
from privdom_kit.errors import DataError, nearest
from privdom_kit.intake.columns import (
    Clock,
    fault_sql,
    stored_sql,
    value_sql,
)
from privdom_kit.intake.sources import Source, open_source

if TYPE_CHECKING:
    import duckdb

AFTER_AS_OF = "after as_of"
NOT_PAID = "not paid"
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the seen part of the data ends.

    Attributes:
        second: First second after ``as_of`` in the client's zone, epoch.
        day: First day after ``as_of``.
    """

    second: int
    day: int


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
    """

    path: Path
    first: int
    staged: int
    rejected: tuple[Rejected, ...]
    encoding: str
    ignored: tuple[str, ...]


@dataclass(slots=True)
class Staged:
    """The staged rows of one canonical table.

    Attributes:
        spec: The table.
        name: Name in the engine.
        given: Canonical columns that at least one file has.
        files: What each file gave.
    """

    spec: TableSpec
    name: str
    given: tuple[str, ...]
    files: list[ReadFile] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Records read, rejected ones included."""
        return sum(file.staged + len(file.rejected) for file in self.files)


def stage(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    files: Iterable[Path],
    columns: Mapping[str, str],
    clock: Clock,
    cut: Cut,
    scratch: Path,
) -> Staged:
    """Read, convert and check the files of one table.

    Args:
        connection: The engine.
        spec: The canonical table.
        files: The client's files.
        columns: Canonical column -> header, where they differ.
        clock: The client's clock.
        cut: Where ``as_of`` ends.
        scratch: Private folder for decoded copies.

    Raises:
        DataError: A file cannot be read, or a required column is in none of its headers.
    """
    sources = [open_source(connection, path, scratch) for path in files]
    matched = [_match(spec, source, columns) for source in sources]
    given = tuple(c.name for c in spec.columns if any(c.name in match for match in matched))
    staged = Staged(spec, f"staged_{spec.name}", given)
    for source, match in zip(sources, matched, strict=True):
        _stage_file(connection, staged, source, match, clock, cut)
    return staged


def _match(spec: TableSpec, source: Source, columns: Mapping[str, str]) -> dict[str, int]:
    """Position in the file of each canonical column that it has."""
    place = {header: i for i, header in reversed(list(enumerate(source.headers))) if header}
    wanted = {c.name: columns.get(c.name, c.name).strip() for c in spec.columns}
    for name in columns:
        if wanted[name] not in place:
            raise _no_header(spec, source, name, wanted[name])
    match = {name: place[header] for name, header in wanted.items() if header in place}
    absent = [c.name for c in spec.columns if c.required and c.name not in match]
    if absent:
        raise _no_header(spec, source, absent[0], wanted[absent[0]])
    return match


def _no_header(spec: TableSpec, source: Source, name: str, header: str) -> DataError:
    close = nearest(header, source.headers, 3)
    shown = ", ".join(source.headers[:12]) + (", …" if len(source.headers) > 12 else "")
    return DataError(
        f"{spec.name}: {source.path.name} has no column {header!r} for {name}",
        f"its columns are {shown}",
        (f"The nearest is {close[0]!r}. " if close else "")
        + f"Map it in client.yml under tables.{spec.name}.columns: {{{name}: <header>}}",
    )


def _stage_file(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    source: Source,
    match: Mapping[str, int],
    clock: Clock,
    cut: Cut,
) -> None:
    import duckdb

    query = _staging_sql(staged, source, match, clock, cut)
    first = 0
    if staged.files:
        first = staged.files[-1].first + staged.files[-1].staged
        query = f"INSERT INTO {staged.name} {query}"
    else:
        query = f"CREATE TABLE {staged.name} AS {query}"
    try:
        connection.execute(query)
    except duckdb.Error as error:
        raise DataError(
            f"{staged.spec.name}: {source.path.name} cannot be read ({_first_line(error)})",
            "expected rows of one table below one header line",
            "Export it again, or remove what stands above and below the table",
        ) from error
    total = _count(connection, staged.name)
    rejected = tuple(_rejected(connection, source))
    used = set(match.values())
    ignored = tuple(h for i, h in enumerate(source.headers) if h and i not in used)
    staged.files.append(
        ReadFile(source.path, first, total - first, rejected, source.encoding, ignored)
    )


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


def _staging_sql(
    staged: Staged, source: Source, match: Mapping[str, int], clock: Clock, cut: Cut
) -> str:
    spec = staged.spec
    columns = [c for c in spec.columns if c.name in staged.given]
    here = [c for c in columns if c.name in match]
    kinds = {c.name: source.types[match[c.name]] for c in here}
    raws = {c.name: f"c{match[c.name]}" for c in here}
    values = [f"{value_sql(c, raws[c.name], kinds[c.name], clock)} AS {c.name}" for c in here]
    kept = sorted({f"c{match[c.name]}" for c in here})
    faults = [branch for c in here for branch in fault_sql(c, raws[c.name], kinds[c.name], c.name)]
    left_out = _left_out(spec, raws, cut)
    case = f"CASE {' '.join([*left_out, *faults])} END" if left_out or faults else "NULL"
    return (
        f"SELECT {', '.join(_final(c, here, cut) for c in columns)}, "
        f"CAST({case} AS VARCHAR) AS fault "
        f"FROM (SELECT {', '.join([*values, *kept])} FROM {source.relation})"
    )


def _left_out(spec: TableSpec, raws: Mapping[str, str], cut: Cut) -> list[str]:
    """Good rows that are not part of the table as of now, before any fault is looked for."""
    branches = []
    if spec.clock in raws:
        first_unseen = cut.second if spec.column(spec.clock).kind == "time" else cut.day
        branches.append(f"WHEN {spec.clock} >= {first_unseen} THEN '!{AFTER_AS_OF}'")
    if spec.name == "orders":
        # Shops export orders that were placed and never paid; they are no fault of the file.
        unpaid = "coalesce(amount, 0) = 0"
        if "status" in raws:
            unpaid = f"({unpaid} OR status LIKE '%closed%')"
        raw = raws["paid_at"]
        blank = f"({raw} IS NULL OR ltrim(CAST({raw} AS VARCHAR)) = '')"
        branches.append(f"WHEN paid_at IS NULL AND {blank} AND {unpaid} THEN '!{NOT_PAID}'")
    return branches


def _final(column: Column, here: list[Column], cut: Cut) -> str:
    if column not in here:
        return f"CAST(NULL AS {_TYPES.get(column.kind, 'VARCHAR')}) AS {column.name}"
    value = stored_sql(column, column.name)
    times = {c.name for c in here if c.kind == "time"}
    if column.kind == "time":
        value = f"CASE WHEN {column.name} < {cut.second} THEN {value} END"
    elif column.known_at in times:
        value = f"CASE WHEN {column.known_at} < {cut.second} THEN {value} END"
    return f"{value} AS {column.name}"


_TYPES = {
    "time": "BIGINT",
    "date": "INTEGER",
    "month": "INTEGER",
    "money": "BIGINT",
    "count": "BIGINT",
    "number": "DOUBLE",
    "share": "DOUBLE",
    "flag": "TINYINT",
}
