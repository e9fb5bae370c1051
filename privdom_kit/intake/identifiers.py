"""Identifier values in the engine: cleaned, each once, with what holds it and stands beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.contracts import IDENTITIES, Column
from privdom_kit.intake.merge_log import Sightings, Ties
from privdom_kit.intake.privacy import keyed_id_sql
from privdom_kit.intake.reading import Staged

if TYPE_CHECKING:
    import duckdb
    import numpy as np

# What exports write where there is no value.
_PLACEHOLDERS = ("-", "--", "null", "none", "nan", "n/a", "#n/a", "undefined", "无", "未知")


def clean_sql(identity: str, raw: str) -> str:
    """SQL of an identifier's comparable form; null where it cannot name a person.

    A masked or encrypted value (``186****0005``, ``张**``, ``##..``, ``$$..``) names nobody, nor
    does a phone that repeats a single digit.
    """
    if identity == "phone":
        # Nearly every phone is written plainly; the careful way is for the rest.
        plain = f"regexp_full_match({raw}, '1[0-9]{{10}}') AND {raw} <> '11111111111'"
        return f"CASE WHEN {plain} THEN {raw} ELSE {_careful_phone_sql(raw)} END"
    longest = max(len(word) for word in _PLACEHOLDERS)
    plain = (
        f"length({raw}) > {longest} AND NOT starts_with({raw}, ' ') AND NOT ends_with({raw}, ' ') "
        f"AND NOT contains({raw}, '**') AND {raw}[1] NOT IN ('#', '$')"
    )
    # A member's number may be made of a masked phone and a time, which together name one member.
    masked = "false" if identity == "member_id" else "contains({}, '**')"
    blank = ", ".join(f"'{word}'" for word in _PLACEHOLDERS)
    text = f"nullif(trim({raw}), '')"
    hidden = f"{masked.format(text)} OR starts_with({text}, '##') OR starts_with({text}, '$$')"
    careful = f"CASE WHEN lower({text}) NOT IN ({blank}) AND NOT ({hidden}) THEN {text} END"
    return f"CASE WHEN {plain} THEN {raw} ELSE {careful} END"


def _careful_phone_sql(raw: str) -> str:
    bare = f"regexp_replace(regexp_replace(trim({raw}), '[.]0+$', ''), '[ ()-]', '', 'g')"
    number = f"regexp_replace({bare}, '^([+]|00)?86(1[0-9]{{10}})$', '\\2')"
    usable = f"""regexp_full_match({number}, '[+]?[0-9]{{6,15}}')
        AND trim({number}, {number}[1]) <> ''"""
    return f"CASE WHEN {usable} THEN {number} END"


def person_columns(staged: Staged) -> list[tuple[str, list[Column]]]:
    """Stored person columns of a table, each with the identity columns given for it."""
    given = [
        (stored, [c for c in staged.spec.columns if c.name in names and c.name in staged.given])
        for stored, names in staged.spec.people
    ]
    return [(stored, columns) for stored, columns in given if columns]


def collect_identifiers(connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged]) -> None:
    """``identifiers``: every raw value once, with the tables (bits) and rows that hold it."""
    columns: dict[str, list[tuple[int, str, str]]] = {}
    for place, staged in enumerate(tables):
        for column in dict.fromkeys(c for _, given in person_columns(staged) for c in given):
            columns.setdefault(column.identity, []).append((place, staged.name, column.name))
    kinds = ", ".join(f"'{name}'" for name in IDENTITIES)
    connection.execute(
        f"""CREATE TABLE identifier_values (identity ENUM({kinds}), raw VARCHAR, cleaned VARCHAR,
        usable BOOLEAN, tables INTEGER, rows BIGINT)"""
    )
    for name, places in columns.items():
        # One type at a time: the tables of all at once would spill.
        connection.execute(_insert_sql(name, places))
    connection.execute(
        "CREATE VIEW identifiers AS SELECT CAST(rowid AS INTEGER) AS node, * FROM identifier_values"
    )


def _insert_sql(identity: str, places: Sequence[tuple[int, str, str]]) -> str:
    held = " UNION ALL ".join(
        f"SELECT {column} AS raw, {1 << place} AS place FROM {table} "
        f"WHERE fault IS NULL AND {column} IS NOT NULL"
        for place, table, column in places
    )
    return f"""INSERT INTO identifier_values SELECT '{identity}', raw, nullif(value, raw),
        value IS NOT NULL, tables, n FROM
        (SELECT raw, {clean_sql(identity, "raw")} AS value, tables, n FROM
        (SELECT raw, bit_or(place) AS tables, count(*) AS n FROM ({held}) GROUP BY raw))"""


def read_sightings(connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged]) -> Sightings:
    """The identifiers as arrays by node; equal values written in two ways become one."""
    import numpy as np

    read = connection.execute(
        "SELECT enum_code(identity) AS kind, usable, tables, rows, cleaned IS NOT NULL AS written "
        "FROM identifiers ORDER BY node"
    ).fetchnumpy()
    first = np.arange(len(read["kind"]), dtype=np.int32)
    first[~read["usable"]] = -1
    if read["written"].any():
        same = connection.execute(
            """SELECT node, min(node) OVER (PARTITION BY identity, coalesce(cleaned, raw)) AS first
            FROM identifiers WHERE usable AND (identity, coalesce(cleaned, raw)) IN
            (SELECT (identity, cleaned) FROM identifiers WHERE cleaned IS NOT NULL)"""
        ).fetchnumpy()
        first[same["node"]] = same["first"]
    names = [t.spec.name if person_columns(t) else "" for t in tables]
    return Sightings.of(read["kind"].astype(np.int8), first, read["tables"], read["rows"], names)


def find_ties(
    connection: duckdb.DuckDBPyConnection, staged: Staged, first: np.ndarray
) -> list[Ties]:
    """The pairs of values that stand on one row, by pair of identity types."""
    found = []
    for _, columns in person_columns(staged):
        if len(columns) < 2:
            continue
        nodes = _row_nodes(connection, staged, columns, first)
        for (i, a), (j, b) in itertools.combinations(enumerate(columns), 2):
            both = (nodes[i] >= 0) & (nodes[j] >= 0)
            kinds = IDENTITIES.index(a.identity), IDENTITIES.index(b.identity)
            found.append(Ties(*kinds, nodes[i][both], nodes[j][both]))
    return found


def _row_nodes(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    columns: Sequence[Column],
    first: np.ndarray,
) -> list[np.ndarray]:
    """The node of each identity column on every distinct row, -1 where it names nobody."""
    import numpy as np

    selected = ", ".join(f"coalesce(i{c.name}.node, -1) AS {c.name}" for c in columns)
    joins = " ".join(
        f"LEFT JOIN identifiers AS i{c.name} ON i{c.name}.identity = '{c.identity}' "
        f"AND i{c.name}.raw = s.{c.name}"
        for c in columns
    )
    read = connection.execute(
        f"SELECT DISTINCT {selected} FROM {staged.name} AS s {joins} WHERE s.fault IS NULL"
    ).fetchnumpy()
    return [np.where(read[c.name] < 0, -1, first[read[c.name]]) for c in columns]


def identifier_id_sql(key: bytes) -> str:
    """SQL of the keyed id of a row of ``identifiers``."""
    return keyed_id_sql(key, "identity || ':' || coalesce(cleaned, raw)")
