"""From identifiers to people: a deterministic graph over typed identifiers.

Two identifier values on one row are one person; a person is a connected component, within the
guards of :mod:`privdom_kit.intake.guards`. A person's number follows from the values alone, so
neither the order of rows nor of files matters, nor whether a row stands twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import IDENTITIES
from privdom_kit.intake.guards import Graph, Grouping, group_values
from privdom_kit.intake.identifiers import (
    collect_identifiers,
    find_ties,
    identifier_id_sql,
    person_columns,
    read_sightings,
)
from privdom_kit.intake.merge_lists import list_refused, write_identifiers
from privdom_kit.intake.merge_log import Sightings, Ties, log_merges
from privdom_kit.intake.reading import Staged
from privdom_kit.settings import IdentitySettings

if TYPE_CHECKING:
    import duckdb
    import numpy as np

__all__ = ["IDENTIFIERS", "People", "person_columns", "stitch"]

IDENTIFIERS = "identifiers.parquet"


@dataclass(frozen=True, slots=True)
class People:
    """The people that the identifiers name.

    Attributes:
        count: How many.
        by_identity: People who carry a value of each identity type.
        log: What was joined by what, what was refused, who carries several values: plain data
            for the manifest, see :func:`privdom_kit.intake.merge_log.log_merges`.
    """

    count: int
    by_identity: dict[str, int]
    log: dict[str, Any] = field(default_factory=dict)


def stitch(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Staged],
    key: bytes,
    settings: IdentitySettings | None = None,
    folder: Path | None = None,
) -> People:
    """Number the people of all staged tables.

    Leaves two tables in the engine: ``person_of(identity, raw, customer)``, which holds only
    values that name a person, and ``people(customer, customer_id, has_<identity>, ..)``.

    Args:
        connection: The engine.
        tables: Staged tables.
        key: The client's key.
        settings: The guards' limits; the defaults where not given.
        folder: Where ``identifiers.parquet`` is written: identity, value_id (keyed), customer
            (null where refused), tables and rows that hold the value, refused (shared, cluster),
            would_join (people, of a shared value). Nowhere where not given.
    """
    settings = settings or IdentitySettings()
    collect_identifiers(connection, tables)
    seen = read_sightings(connection, tables)
    pairs = [pair for staged in tables for pair in find_ties(connection, staged, seen.first)]
    grouping = group_values(
        _graph(seen, pairs), settings.max_people_per_value, settings.max_cluster
    )
    customer, anchors = _number_people(connection, seen, grouping)
    _store_persons(connection, seen, grouping, customer, anchors)
    named = f"""(SELECT person AS customer, anchor >= 0 AS names_person, {identifier_id_sql(key)}
        AS value_id FROM identifiers JOIN node_person USING (node))"""
    if folder is not None:
        named = write_identifiers(connection, key, folder / IDENTIFIERS)
    _store_people(connection, seen, customer, len(anchors), named)
    by_identity, log = log_merges(seen, pairs, grouping, customer, len(anchors))
    log |= list_refused(connection, key, log)
    connection.execute(
        "DROP VIEW identifiers; DROP TABLE identifier_values; DROP TABLE node_person"
    )
    return People(len(anchors), by_identity, log)


def _number_people(
    connection: duckdb.DuckDBPyConnection, seen: Sightings, grouping: Grouping
) -> tuple[np.ndarray, np.ndarray]:
    """Each value's person, and the value that names each person: its first by type and text."""
    import numpy as np
    import pyarrow as pa

    label = np.where(seen.named, grouping.label, -1)
    inside = label >= 0
    labels = int(label.max(initial=-1)) + 1
    best = np.full(labels, len(IDENTITIES), dtype=np.int8)
    for kind in reversed(range(len(IDENTITIES))):
        best[label[inside & (seen.kind == kind)]] = kind
    candidates = np.flatnonzero(inside)
    candidates = candidates[seen.kind[candidates] == best[label[candidates]]].astype(np.int32)
    connection.register("candidates", pa.table({"node": candidates}))
    order = connection.execute(
        "SELECT node FROM identifiers JOIN candidates USING (node) "
        "ORDER BY identity, coalesce(cleaned, raw)"
    ).fetchnumpy()["node"]
    connection.unregister("candidates")
    place = np.full(labels, -1, dtype=np.int32)
    place[label[order[::-1]]] = np.arange(len(order), dtype=np.int32)[::-1]  # the first one stays
    anchors = order[place[label[order]] == np.arange(len(order))]
    number = np.full(labels + 1, -1, dtype=np.int32)  # the last place is that of label -1
    number[label[anchors]] = np.arange(len(anchors), dtype=np.int32)
    return number[label], anchors


def _store_persons(
    connection: duckdb.DuckDBPyConnection,
    seen: Sightings,
    grouping: Grouping,
    customer: np.ndarray,
    anchors: np.ndarray,
) -> None:
    import numpy as np
    import pyarrow as pa

    place = np.full(len(customer), -1, dtype=np.int32)
    place[anchors] = np.arange(len(anchors), dtype=np.int32)
    nodes = {
        "node": np.arange(len(customer), dtype=np.int32),
        "person": np.where(seen.first >= 0, customer[seen.first], -1),
        "named": seen.named,
        "anchor": place,
        "refused": grouping.refused,
        "would_join": grouping.would_join,
        "cluster": grouping.cluster,
        "held_by": seen.tables,
        "held_rows": seen.rows,
    }
    connection.register("incoming", pa.table(nodes))
    connection.execute("CREATE TABLE node_person AS SELECT * FROM incoming")
    connection.unregister("incoming")
    connection.execute(
        "CREATE TABLE person_of AS SELECT identity, raw, person AS customer FROM identifiers "
        "JOIN node_person USING (node) WHERE person >= 0"
    )


def _store_people(
    connection: duckdb.DuckDBPyConnection,
    seen: Sightings,
    customer: np.ndarray,
    people: int,
    named: str,
) -> None:
    """``people``, each under the keyed id of the value that names it.

    Args:
        connection: The engine.
        seen: The identifier values.
        customer: Person of each value.
        people: How many there are.
        named: SQL of rows with customer, names_person and value_id.
    """
    import numpy as np
    import pyarrow as pa

    has = {
        f"has_{name}": seen.carriers(kind, customer, people).astype(np.int8)
        for kind, name in enumerate(IDENTITIES)
    }
    connection.register(
        "incoming", pa.table({"customer": np.arange(people, dtype=np.int32), **has})
    )
    connection.execute(
        f"""CREATE TABLE people AS SELECT customer, value_id AS customer_id, {", ".join(has)}
        FROM {named} JOIN incoming USING (customer) WHERE names_person"""
    )
    connection.unregister("incoming")


def _graph(seen: Sightings, pairs: Sequence[Ties]) -> Graph:
    import numpy as np

    none = np.zeros(0, dtype=np.int32)
    a, b = (np.concatenate([none, *(getattr(pair, end) for pair in pairs)]) for end in ("a", "b"))
    return Graph(seen.kind, a, b)
