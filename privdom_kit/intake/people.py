"""From identifiers to people: a deterministic graph over typed identifiers.

Two identifiers on one row are one person; a person is a connected component. The person's
number follows from the identifiers alone, so neither the order of rows nor of files matters.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.contracts import IDENTITIES, Column
from privdom_kit.intake.privacy import keyed_id_sql
from privdom_kit.intake.reading import Staged

if TYPE_CHECKING:
    import duckdb
    import numpy as np

# What exports write where there is no value.
_PLACEHOLDERS = ("-", "--", "null", "none", "nan", "n/a", "#n/a", "undefined", "无", "未知")


@dataclass(frozen=True, slots=True)
class People:
    """The people that the identifiers name.

    Attributes:
        count: How many.
        by_identity: People who carry a value of each identity type.
    """

    count: int
    by_identity: dict[str, int]


def clean_sql(identity: str, raw: str) -> str:
    """SQL of an identifier's comparable form; null where it cannot name a person.

    A masked phone (``186****0005``) names nobody, nor does one that repeats a single digit.
    """
    blank = ", ".join(f"'{word}'" for word in _PLACEHOLDERS)
    if identity != "phone":
        text = f"nullif(trim({raw}), '')"
        return f"CASE WHEN lower({text}) NOT IN ({blank}) THEN {text} END"
    bare = f"regexp_replace(regexp_replace(trim({raw}), '[.]0+$', ''), '[ ()-]', '', 'g')"
    number = f"regexp_replace({bare}, '^([+]|00)?86(1[0-9]{{10}})$', '\\2')"
    usable = f"""regexp_full_match({number}, '[+]?[0-9]{{6,15}}')
        AND trim({number}, {number}[1]) <> ''"""
    return f"CASE WHEN {usable} THEN {number} END"


def stitch(connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged], key: bytes) -> People:
    """Number the people of all staged tables.

    Leaves three tables in the engine: ``person_of(identity, raw, customer)``,
    ``people(customer, customer_id)`` and ``nodes(identity, value, node)``.

    Args:
        connection: The engine.
        tables: Staged tables.
        key: The client's key.
    """
    _collect_identifiers(connection, tables)
    _number_nodes(connection)
    _number_people(connection, _edges(connection, tables))
    connection.execute(
        f"""CREATE TABLE people AS SELECT customer,
        {keyed_id_sql(key, "identity || ':' || value")} AS customer_id
        FROM (SELECT customer, min(node) AS node FROM node_person GROUP BY customer)
        JOIN nodes USING (node)"""
    )
    connection.execute(
        "CREATE TABLE person_of AS SELECT identity, raw, customer FROM identifiers "
        "JOIN node_person USING (node)"
    )
    counts = connection.execute(
        """SELECT identity, count(DISTINCT customer) FROM nodes JOIN node_person USING (node)
        GROUP BY identity ORDER BY identity"""
    ).fetchall()
    total = connection.execute("SELECT count(*) FROM people").fetchall()[0][0]
    return People(int(total), {name: int(count) for name, count in counts})


def person_columns(staged: Staged) -> list[tuple[str, list[Column]]]:
    """Stored person columns of a table, each with the identity columns given for it."""
    given = [
        (stored, [c for c in staged.spec.columns if c.name in names and c.name in staged.given])
        for stored, names in staged.spec.people
    ]
    return [(stored, columns) for stored, columns in given if columns]


def _collect_identifiers(connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged]) -> None:
    parts = [
        f"SELECT DISTINCT '{c.identity}' AS identity, {c.name} AS raw FROM {staged.name} "
        f"WHERE fault IS NULL AND {c.name} IS NOT NULL"
        for staged in tables
        for _, columns in person_columns(staged)
        for c in columns
    ]
    union = " UNION ".join(parts) or "SELECT '' AS identity, '' AS raw WHERE false"
    cleaned = " ".join(f"WHEN '{name}' THEN {clean_sql(name, 'raw')}" for name in IDENTITIES)
    connection.execute(
        f"CREATE TABLE cleaned AS SELECT identity, raw, CASE identity {cleaned} END AS value "
        f"FROM ({union})"
    )


def _number_nodes(connection: duckdb.DuckDBPyConnection) -> None:
    rank = " ".join(f"WHEN '{name}' THEN {i}" for i, name in enumerate(IDENTITIES))
    connection.execute(
        f"""CREATE TABLE nodes AS SELECT identity, value,
        CAST(row_number() OVER (ORDER BY CASE identity {rank} END, value) - 1 AS INTEGER) AS node
        FROM (SELECT DISTINCT identity, value FROM cleaned WHERE value IS NOT NULL)"""
    )
    connection.execute(
        "CREATE TABLE identifiers AS SELECT identity, raw, node FROM cleaned JOIN nodes "
        "USING (identity, value)"
    )
    connection.execute("DROP TABLE cleaned")


def _edges(connection: duckdb.DuckDBPyConnection, tables: Sequence[Staged]) -> str | None:
    """SQL of the pairs of nodes that stand on one row; None where no row has two."""
    parts = []
    for staged in tables:
        for _, columns in person_columns(staged):
            for a, b in itertools.combinations(columns, 2):
                parts.append(
                    f"""SELECT x.node AS a, y.node AS b FROM (SELECT DISTINCT {a.name} AS p,
                    {b.name} AS q FROM {staged.name} WHERE fault IS NULL) AS pair
                    JOIN identifiers x ON x.identity = '{a.identity}' AND x.raw = pair.p
                    JOIN identifiers y ON y.identity = '{b.identity}' AND y.raw = pair.q"""
                )
    return " UNION ".join(parts) if parts else None


def _number_people(connection: duckdb.DuckDBPyConnection, edges: str | None) -> None:
    if edges is None:
        connection.execute("CREATE TABLE node_person AS SELECT node, node AS customer FROM nodes")
        return
    import pyarrow as pa

    pairs = connection.execute(edges).fetchnumpy()
    count = connection.execute("SELECT count(*) FROM nodes").fetchall()[0][0]
    customers = label_components(int(count), pairs["a"], pairs["b"])
    connection.register("labels", pa.table({"customer": customers}))
    connection.execute(
        "CREATE TABLE node_person AS SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS node, "
        "customer FROM labels"
    )
    connection.unregister("labels")


def label_components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The component of each node, numbered by the component's smallest node.

    Args:
        count: Nodes, numbered from 0.
        a: One end of each edge, shape (edges,).
        b: The other end, shape (edges,).

    Returns:
        Component numbers from 0, shape (count,), int32.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    # np.unique's first positions are the smallest nodes; ranking them numbers the components.
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]
