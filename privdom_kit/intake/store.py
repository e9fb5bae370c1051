"""From staged rows to the stored layout: one integer a person, small codes, one total order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.contracts import Column
from privdom_kit.intake.columns import Clock, band_sql, stored_name
from privdom_kit.intake.people import person_columns
from privdom_kit.intake.reading import DUPLICATE, Staged

if TYPE_CHECKING:
    import duckdb

_CODED = ("code", "choice", "key")
CONFLICT = "key_conflict"


def mark_duplicates(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Mark rows that tell one thing twice, and rows whose key tells two things.

    Equal rows stay once. A key with unequal rows is a fault of all of them: which one is right
    cannot be known.
    """
    spec = staged.spec
    content = [c.name for c in spec.columns if c.name in staged.given]
    key = [name for name in spec.key if name in staged.given]
    good = f"{staged.name} WHERE fault IS NULL"
    grouped = key or content
    if _distinct(connection, good, grouped):
        return
    repeated = f"""SELECT rowid AS row, {", ".join(content)},
        row_number() OVER (PARTITION BY {", ".join(content)} ORDER BY rowid) AS copy,
        count(*) OVER (PARTITION BY {", ".join(grouped)}) AS n
        FROM {good}"""
    connection.execute(f"CREATE TABLE repeated AS SELECT * FROM ({repeated}) WHERE n > 1")
    connection.execute(
        f"""UPDATE {staged.name} SET fault = '!{DUPLICATE}' WHERE rowid IN
        (SELECT row FROM repeated WHERE copy > 1)"""
    )
    if key:
        same = ", ".join(key)
        connection.execute(
            f"""UPDATE {staged.name} SET fault = '{key[0]}|{CONFLICT}' WHERE fault IS NULL AND
            rowid IN (SELECT row FROM repeated WHERE ({same}) IN (SELECT ({same}) FROM repeated
            WHERE copy = 1 GROUP BY {same} HAVING count(*) > 1))"""
        )
    connection.execute("DROP TABLE repeated")


def _distinct(connection: duckdb.DuckDBPyConnection, good: str, columns: Sequence[str]) -> bool:
    """Whether no two good rows agree in the columns: equal rows have equal hashes."""
    hashed = f"hash({', '.join(columns)})"
    rows, distinct = connection.execute(
        f"SELECT count(*), count(DISTINCT {hashed}) FROM {good}"
    ).fetchall()[0]
    return bool(rows == distinct)


def build_dictionaries(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged]
) -> dict[str, int]:
    """Number the values of every code domain over all tables.

    Leaves ``dictionary(domain, code, value)`` and ``raw_codes(domain, raw, code)``.

    Returns:
        Number of values by domain.
    """
    parts = [
        f"SELECT DISTINCT '{c.domain}' AS domain, CAST({c.name} AS VARCHAR) AS raw "
        f"FROM {staged.name} WHERE fault IS NULL AND {c.name} IS NOT NULL"
        for staged in tables
        for c in coded_columns(staged, tables)
    ]
    union = " UNION ".join(parts) or "SELECT '' AS domain, '' AS raw WHERE false"
    connection.execute(
        f"""CREATE TABLE cleaned AS SELECT domain, raw, nullif(trim(raw), '') AS value
        FROM ({union})"""
    )
    connection.execute(
        """CREATE TABLE dictionary AS SELECT domain, CAST(row_number() OVER (PARTITION BY domain
        ORDER BY value) - 1 AS INTEGER) AS code, value
        FROM (SELECT DISTINCT domain, value FROM cleaned WHERE value IS NOT NULL)"""
    )
    connection.execute(
        """CREATE TABLE raw_codes AS SELECT domain, raw, code FROM cleaned JOIN dictionary
        USING (domain, value)"""
    )
    connection.execute("DROP TABLE cleaned")
    sizes = connection.execute(
        "SELECT domain, count(*) FROM dictionary GROUP BY domain ORDER BY domain"
    ).fetchall()
    return {domain: int(size) for domain, size in sizes}


def coded_columns(staged: Staged, tables: Sequence[Staged]) -> list[Column]:
    """Columns stored as codes. A key is one only where another table has it to join with."""
    return [
        c
        for c in staged.spec.columns
        if c.name in staged.given
        and c.kind in _CODED
        and (c.kind != "key" or sum(_has_domain(t, c.domain) for t in tables) > 1)
    ]


def _has_domain(staged: Staged, domain: str) -> bool:
    return any(c.domain == domain and c.name in staged.given for c in staged.spec.columns)


def write_table(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    tables: Sequence[Staged],
    clock: Clock,
    as_of: dt.date,
    target: Path,
) -> int:
    """Write the good rows in the stored layout; the number of rows written."""
    spec = staged.spec
    joins: list[str] = []
    selected = _people_sql(staged, joins)
    coded = {c.name for c in coded_columns(staged, tables)}
    for column in spec.columns:
        if column.name in staged.given and column.kind not in ("identity", "month"):
            selected += _stored(column, column.name in coded, joins, clock)
    if "child_birth_month" in staged.given:
        consent = "s.guardian_consent" if "guardian_consent" in staged.given else "NULL"
        selected.append((band_sql("s.child_birth_month", consent, as_of), "child_band"))
    columns = ", ".join(f"{value} AS {name}" for value, name in selected)
    rows = (
        f"SELECT {columns} FROM {staged.name} AS s {' '.join(joins)} WHERE s.fault IS NULL "
        f"ORDER BY {', '.join(_order(staged, [name for _, name in selected]))}"
    )
    file = str(target).replace("'", "''")
    written = connection.execute(
        f"COPY (SELECT *, row_number() OVER () - 1 AS order_key FROM ({rows})) "
        f"TO '{file}' (FORMAT parquet)"
    ).fetchall()
    return int(written[0][0])


def _people_sql(staged: Staged, joins: list[str]) -> list[tuple[str, str]]:
    """Person columns: any identity of a row leads to the same person."""
    selected = []
    for stored, columns in person_columns(staged):
        options = []
        for column in columns:
            alias = f"{stored}_{column.name}"
            joins.append(
                f"LEFT JOIN person_of AS {alias} ON {alias}.identity = '{column.identity}' "
                f"AND {alias}.raw = s.{column.name}"
            )
            options.append(f"{alias}.customer")
        selected.append((f"coalesce({', '.join(options)})", stored))
    if not selected and staged.spec.person != "no":
        selected = [("CAST(NULL AS INTEGER)", "customer")]
    return selected


def _stored(column: Column, coded: bool, joins: list[str], clock: Clock) -> list[tuple[str, str]]:
    name = column.name
    if column.kind == "time":
        return [(f"s.{name}", name), (clock.day_sql(f"s.{name}"), column.day_name)]
    if not coded:
        return [] if column.kind == "key" else [(f"s.{name}", stored_name(column))]
    joins.append(
        f"LEFT JOIN raw_codes AS code_{name} ON code_{name}.domain = '{column.domain}' "
        f"AND code_{name}.raw = s.{name}"
    )
    return [(f"code_{name}.code", name)]


def _order(staged: Staged, stored: Sequence[str]) -> list[str]:
    """Person, time, key; where there is no key, every other stored column settles ties."""
    spec = staged.spec
    people = [name for name, _ in spec.people if name in stored]
    first = [f"{name} NULLS LAST" for name in [*people, spec.clock] if name in stored]
    key = [f"s.{name}" for name in spec.key if name in staged.given]
    return [*first, *(key or (f'"{name}"' for name in stored if name not in people))] or ["1"]
