"""The one SQL query that turns a file into staged rows: converted, judged, cut at ``as_of``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from privdom_kit.contracts import Column, TableSpec
from privdom_kit.intake.columns import (
    Clock,
    fault_sql,
    none_sql,
    once_sql,
    stored_sql,
    value_sql,
)
from privdom_kit.intake.shaping import Shape

AFTER_AS_OF = "after as_of"
NOT_PAID = "not paid"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the seen part of the data ends.

    Attributes:
        second: First second after ``as_of`` in the client's zone, epoch.
        day: First day after ``as_of``.
    """

    second: int
    day: int


def staging_sql(
    spec: TableSpec,
    given: Collection[str],
    shape: Shape,
    clock: Clock,
    cut: Cut,
    *,
    numbered: bool = False,
) -> str:
    """SQL of the staged rows of one file.

    Args:
        spec: The canonical table.
        given: Its columns that at least one file has; a column that this one lacks is null.
        shape: How the file becomes canonical.
        clock: The client's clock.
        cut: Where ``as_of`` ends.
        numbered: Whether the staged table has a column ``record``.
    """
    raws, kinds = shape.raws, shape.kinds
    columns = [c for c in spec.columns if c.name in given]
    here = [c for c in columns if c.name in raws]
    values = [f"{_value(c, shape, clock)} AS {c.name}" for c in here]
    faults = [branch for c in here for branch in fault_sql(c, raws[c.name], kinds[c.name], c.name)]
    left_out = ["WHEN ragged THEN '|fields'"] if shape.ragged else []
    left_out += [f"WHEN {flag} THEN '!{reason}'" for flag, reason in shape.left_out]
    left_out += _left_out(spec, raws, cut)
    case = f"CASE {' '.join([*left_out, *faults])} END" if left_out or faults else "NULL"
    record = ["record" if shape.numbered else "CAST(NULL AS BIGINT) AS record"]
    finals = [_final(c, here, cut) for c in columns] + (record if numbered else [])
    return (
        f"SELECT {', '.join(finals)}, CAST({case} AS VARCHAR) AS fault "
        f"FROM (SELECT {', '.join([*values, *shape.kept])} FROM {shape.relation})"
    )


def _value(column: Column, shape: Shape, clock: Clock) -> str:
    name = column.name
    value = value_sql(column, shape.raws[name], shape.kinds[name], clock)
    return shape.units.get(name, "{}").replace("{}", f"({value})")


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
        blank = once_sql(f"CAST({raws['paid_at']} AS VARCHAR)", none_sql("x", "VARCHAR"))
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
