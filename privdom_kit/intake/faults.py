"""Bad rows by file, line, column and reason. Values are not repeated: they may name a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.intake.reading import ReadFile, Staged

if TYPE_CHECKING:
    import duckdb

_LISTED = 10_000  # bad rows listed per table; the counts are always complete


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad row.

    Attributes:
        table: Canonical table.
        file: Name of the file.
        line: Line as a spreadsheet numbers it: the header is line 1.
        column: Canonical column; empty where the whole record is unreadable.
        reason: A key of ``preparing.REASONS``.
    """

    table: str
    file: str
    line: int
    column: str
    reason: str

    def to_dict(self) -> dict[str, str | int]:
        """As a row of the quarantine file."""
        return {
            "table": self.table,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "reason": self.reason,
        }


def list_faults(connection: duckdb.DuckDBPyConnection, staged: Staged) -> list[Fault]:
    """The bad rows of a table in the order of its files and lines, at most 10,000."""
    record = "record" if staged.numbered else "CAST(NULL AS BIGINT)"
    rows = connection.execute(
        f"SELECT rowid, {record}, fault FROM {staged.name} WHERE fault NOT LIKE '!%' "
        f"ORDER BY rowid LIMIT {_LISTED}"
    ).fetchall()
    faults = [f for file in staged.files for f in _of_file(staged.spec.name, file, rows)]
    return faults[:_LISTED]


def _of_file(
    table: str, file: ReadFile, rows: Iterable[tuple[int, int | None, str]]
) -> Iterator[Fault]:
    name, header = file.path.name, file.above + 1
    mine = [
        (row - file.first if record is None else record - 1, fault)
        for row, record, fault in rows
        if file.first <= row < file.first + file.staged
    ]
    found = [
        Fault(table, name, record.record + header, "", record.reason) for record in file.rejected
    ]
    records = [record.record for record in file.rejected]
    for position, fault in mine:
        column, _, reason = fault.partition("|")
        found.append(Fault(table, name, _record(position, records) + header, column, reason))
    return iter(sorted(found, key=lambda fault: fault.line))


def _record(position: int, rejected: list[int]) -> int:
    """Record number (from 1) of the staged row at ``position``, rejected records counted in."""
    number = position + 1
    for record in rejected:
        if record > number:
            break
        number += 1
    return number
