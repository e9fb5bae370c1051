"""The lists of the merge log, by keyed ids, and the file of all identifier values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.intake.identifiers import identifier_id_sql
from privdom_kit.intake.merge_log import ONE_EACH

if TYPE_CHECKING:
    import duckdb

_LISTED = 20  # of each kind in the log; all of them stand in identifiers.parquet


def write_identifiers(connection: duckdb.DuckDBPyConnection, key: bytes, target: Path) -> str:
    """Write every identifier value by keyed id with its person and what the guards made of it.

    Returns:
        SQL of the file's rows.
    """
    file = str(target).replace("'", "''")
    connection.execute(
        f"""COPY (SELECT CAST(identity AS VARCHAR) AS identity,
        {identifier_id_sql(key)} AS value_id,
        CASE WHEN person >= 0 THEN person END AS customer, anchor >= 0 AS names_person,
        bit_count(held_by) AS tables, held_rows AS rows,
        CASE refused WHEN 1 THEN 'shared' WHEN 2 THEN 'cluster' END AS refused,
        CASE WHEN would_join > 0 THEN would_join END AS would_join
        FROM identifiers JOIN node_person USING (node) WHERE named) TO '{file}' (FORMAT parquet)"""
    )
    return f"read_parquet('{file}')"


_LISTED = 20  # of each kind in the log; all of them stand in identifiers.parquet


def list_refused(
    connection: duckdb.DuckDBPyConnection, key: bytes, log: dict[str, Any]
) -> dict[str, Any]:
    """The log's lists, by keyed ids: shared values, conflicts, large clusters."""
    nodes = "identifiers JOIN node_person USING (node)"
    lists = {}
    if log["shared_values"]:
        lists["shared"] = _rows(
            connection,
            f"""SELECT CAST(identity AS VARCHAR) AS identity, {identifier_id_sql(key)} AS value_id,
            would_join, held_rows AS rows FROM (SELECT * FROM {nodes} WHERE would_join > 0
            ORDER BY would_join DESC, identity, coalesce(cleaned, raw) LIMIT {_LISTED})""",
        )
    if log["large_clusters"]:
        lists["clusters"] = _rows(
            connection,
            f"""SELECT {identifier_id_sql(key)} AS value_id, n AS "values", people,
            refused_values FROM (SELECT arg_min(node, (identity, coalesce(cleaned, raw))) AS node,
            count(*) AS n, count(DISTINCT nullif(person, -1)) AS people,
            count(*) FILTER (refused = 2) AS refused_values
            FROM {nodes} WHERE cluster >= 0 GROUP BY cluster) JOIN identifiers USING (node)
            ORDER BY n DESC, identity, coalesce(cleaned, raw) LIMIT {_LISTED}""",
        )
    if any(r["values"] > 1 and r["people"] for r in log["several"] if r["identity"] in ONE_EACH):
        only = ", ".join(f"'{name}'" for name in ONE_EACH)
        lists["conflicts"] = _rows(
            connection,
            f"""SELECT identity, customer_id, n AS "values" FROM (SELECT CAST(identity AS VARCHAR)
            AS identity, person, count(*) AS n FROM {nodes} WHERE named AND person >= 0 AND
            identity IN ({only}) GROUP BY ALL HAVING count(*) > 1)
            JOIN people ON customer = person ORDER BY n DESC, person, identity LIMIT {_LISTED}""",
        )
    return {"shared": [], "clusters": [], "conflicts": [], **lists}


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
