"""What a staged table looks like before anything is calculated: days, gaps, identities, times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import day_date

if TYPE_CHECKING:
    import duckdb

    from privdom_kit.intake.columns import Clock
    from privdom_kit.intake.reading import Staged

_GAPS = 5  # longest gaps that are listed; their number is complete


def profile(
    connection: duckdb.DuckDBPyConnection, staged: Staged, clock: Clock, as_of: dt.date
) -> dict[str, Any]:
    """Facts about the good rows of a table, two scans in all.

    Args:
        connection: The engine.
        staged: The table.
        clock: The client's clock.
        as_of: Last day that any calculation sees.

    Returns:
        ``days`` (first, last, with_rows, without_rows, days_before_as_of, gaps: the longest
        stretches without a row), ``identities`` (rows that carry a usable and a masked value) and
        ``impossible_times`` (rows whose time lies before the row's own beginning, by column).
    """
    return {
        "days": _days(connection, staged, clock, as_of),
        **_rows(connection, staged),
    }


def _days(
    connection: duckdb.DuckDBPyConnection, staged: Staged, clock: Clock, as_of: dt.date
) -> dict[str, Any] | None:
    spec = staged.spec
    if not spec.clock or spec.clock not in staged.given:
        return None
    is_time = spec.column(spec.clock).kind == "time"
    day = clock.day_sql(spec.clock) if is_time else spec.clock
    rows = connection.execute(
        f"SELECT DISTINCT {day} FROM {staged.name} WHERE fault IS NULL AND {spec.clock} "
        f"IS NOT NULL ORDER BY 1"
    ).fetchall()
    return _describe_days([int(row[0]) for row in rows], as_of) if rows else None


def _describe_days(days: Sequence[int], as_of: dt.date) -> dict[str, Any]:
    gaps = [(a + 1, b - 1) for a, b in pairwise(days) if b - a > 1]
    longest = sorted(gaps, key=lambda gap: (gap[0] - gap[1], gap[0]))[:_GAPS]
    first, last = day_date(days[0]), day_date(days[-1])
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "with_rows": len(days),
        "without_rows": days[-1] - days[0] + 1 - len(days),
        "days_before_as_of": (as_of - last).days,
        "gap_count": len(gaps),
        "gaps": [
            {
                "from": day_date(start).isoformat(),
                "to": day_date(end).isoformat(),
                "days": end - start + 1,
            }
            for start, end in longest
        ],
    }


def _rows(connection: duckdb.DuckDBPyConnection, staged: Staged) -> dict[str, Any]:
    names = [name for name in staged.spec.identities if name in staged.given]
    later = _later_times(staged)
    counts = ["count(*)"]
    for name in names:
        counts += [
            f"count({name}) - count(*) FILTER ({_blank(name)} OR {_masked(name)})",
            f"count(*) FILTER ({_masked(name)})",
        ]
    counts += [f"count(*) FILTER ({name} < {staged.spec.clock})" for name in later]
    rows, *found = connection.execute(
        f"SELECT {', '.join(counts)} FROM {staged.name} WHERE fault IS NULL"
    ).fetchall()[0]
    pairs = zip(names, found[0 : 2 * len(names) : 2], found[1 : 2 * len(names) : 2], strict=True)
    early = zip(later, found[2 * len(names) :], strict=True)
    return {
        "identities": {
            name: {"rows": rows, "with_value": usable, "masked": masked}
            for name, usable, masked in pairs
        },
        "impossible_times": {name: count for name, count in early if count},
    }


# Hardly any identifier sorts below '0': the comparison spares the rest of the condition.
def _masked(name: str) -> str:
    encrypted = f"starts_with({name}, '##') OR starts_with({name}, '$$')"
    return f"(contains({name}, '**') OR CASE WHEN {name} < '0' THEN {encrypted} ELSE false END)"


def _blank(name: str) -> str:
    none = f"trim({name}) IN ('', '-', '--')"
    return f"(CASE WHEN {name} < '0' THEN {none} ELSE {name} IN ('null', 'NULL') END)"


def _later_times(staged: Staged) -> list[str]:
    """Times that cannot lie before the row's own: a removal before the adding."""
    spec = staged.spec
    if not spec.clock or spec.clock not in staged.given or spec.column(spec.clock).kind != "time":
        return []
    times = [c.name for c in spec.columns if c.kind == "time" and c.name != spec.clock]
    return [name for name in times if name in staged.given]
