"""Several rows of an export as one row of the table: products of an order, receipts, days.

Nothing is removed: the rows that were folded into another stay, marked as left out, so that rows
read are rows used, left out and bad, and every one keeps its line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.intake.cells import literal
from privdom_kit.intake.unpivoting import names_of
from privdom_kit.knowledge.preset_rules import Days, OneRow, Preset

if TYPE_CHECKING:
    import duckdb

    from privdom_kit.intake.reading import Staged

PART_OF_BAD = "part_of_bad"
ADDED = "added to the day"
DIFFERING = "rows of the day differ"


def fold(connection: duckdb.DuckDBPyConnection, staged: Staged, preset: Preset) -> None:
    """Fold the staged rows of a preset's table, where the preset says how."""
    if preset.one_row and preset.one_row.key in staged.given:
        rule = preset.one_row
        query = _merged_sql(staged, rule) if rule.sum or rule.prefer else _equal_sql(staged, rule)
    elif preset.days and "metric" in staged.given:
        query = _days_sql(staged, preset.days)
    else:
        return
    if not _repeats(connection, staged, preset):
        return
    connection.execute(f"CREATE TABLE folded AS {query}")
    connection.execute(f"DROP TABLE {staged.name}")
    connection.execute(f"ALTER TABLE folded RENAME TO {staged.name}")


def _repeats(connection: duckdb.DuckDBPyConnection, staged: Staged, preset: Preset) -> bool:
    key = preset.one_row.key if preset.one_row else "date, touchpoint, metric"
    rows, distinct = connection.execute(
        f"SELECT count(*), count(DISTINCT hash({key})) FROM {staged.name}"
    ).fetchall()[0]
    return bool(rows != distinct)


def _columns(staged: Staged) -> list[str]:
    return [*staged.given, *(["record"] if staged.numbered else [])]


_BAD = "fault IS NOT NULL AND fault NOT LIKE '!%'"


def _equal_sql(staged: Staged, rule: OneRow) -> str:
    """Rows that are equal become one; what differs is left to the check of keys."""
    content = ", ".join(staged.given)
    copy = f"row_number() OVER (PARTITION BY {content}, fault IS NULL ORDER BY rowid)"
    again = f"fault IS NULL AND {rule.key} IS NOT NULL AND copy > 1"
    return f"""SELECT {", ".join(_columns(staged))},
        CASE WHEN {again} THEN {literal("!" + rule.reason)} ELSE fault END AS fault
        FROM (SELECT *, rowid AS place, {copy} AS copy FROM {staged.name}) ORDER BY place"""


def _merged_sql(staged: Staged, rule: OneRow) -> str:
    """Rows of a key become the preferred one, sums over the rows that share its preference."""
    rank = "0"
    if rule.prefer and rule.prefer[0] in staged.given:
        column, order = rule.prefer
        cases = " ".join(
            f"WHEN {literal(word)} THEN {i}" for i, word in enumerate(order) if word != "*"
        )
        rest = order.index("*") if "*" in order else len(order)
        rank = f"CASE trim({column}) {cases} ELSE {rest} END"
    good = f"fault IS NULL AND {rule.key} IS NOT NULL"
    summed = {
        name: f"CAST(sum(CASE WHEN {good} AND preference = top THEN {stored} END) OVER same "
        f"AS BIGINT)"
        for name in rule.sum
        if (stored := name) in staged.given
    }
    columns = [
        f"CASE WHEN {good} THEN {summed[name]} ELSE {name} END AS {name}"
        if name in summed
        else name
        for name in _columns(staged)
    ]
    spoilt = f"WHEN {good} AND spoilt THEN '{rule.key}|{PART_OF_BAD}'" if rule.sum else ""
    return f"""SELECT {", ".join(columns)}, CASE {spoilt}
        WHEN {good} AND copy > 1 THEN {literal("!" + rule.reason)} ELSE fault END AS fault
        FROM (SELECT *,
            row_number() OVER (PARTITION BY {rule.key}, fault IS NULL ORDER BY preference, place)
            AS copy,
            min(CASE WHEN fault IS NULL THEN preference END) OVER same AS top,
            bool_or({_BAD}) OVER same AS spoilt
            FROM (SELECT *, rowid AS place, {rank} AS preference FROM {staged.name})
            WINDOW same AS (PARTITION BY {rule.key}))
        WINDOW same AS (PARTITION BY {rule.key}) ORDER BY place"""


def _days_sql(staged: Staged, days: Days) -> str:
    """Rows of one day and metric become one value, as each metric's rule says."""

    def among(rule: str) -> str:
        exact, parts = names_of(rule, days)
        listed = ", ".join(literal(name) for name in exact) or "''"
        begun = "".join(f" OR starts_with(metric, {literal(part)})" for part in parts)
        return f"(metric IN ({listed}){begun})"

    day = "PARTITION BY date, touchpoint, metric, fault IS NULL"
    plain = [name for name in _columns(staged) if name != "value"]
    value = f"""CASE WHEN fault IS NOT NULL THEN value WHEN {among("max")} THEN max(value) OVER same
        WHEN {among("single")} THEN value ELSE sum(value) OVER same END"""
    differing = f"""{among("single")} AND min(value) OVER same <> max(value) OVER same"""
    return f"""SELECT {", ".join(plain)}, value, fault FROM (
        SELECT {", ".join(plain)}, {value} AS value, place, CASE WHEN fault IS NOT NULL THEN fault
        WHEN spoilt AND NOT {among("single")} THEN 'value|{PART_OF_BAD}'
        WHEN {differing} THEN '!{DIFFERING}'
        WHEN row_number() OVER ({day} ORDER BY place) > 1 THEN '!{ADDED}' END AS fault
        FROM (SELECT *, rowid AS place,
            bool_or({_BAD}) OVER (PARTITION BY date, touchpoint, metric) AS spoilt
            FROM {staged.name})
        WINDOW same AS ({day})) ORDER BY place"""
