"""Playbook 00: what the client gave, and how far it carries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import TABLES
from privdom_kit.engine import collect
from privdom_kit.formats import day_number
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client import Client
    from privdom_kit.tables import Table

_REASONS = ("after as_of", "not paid", "duplicate", "quarantined")


def measure_tables(client: Client) -> Result:
    """Rows read, used and left out by reason, a table a row.

    Args:
        client: The opened client.

    Returns:
        ``table``: table, rows, used, used_share, after_as_of, not_paid, duplicates, quarantined,
        quarantined_share, first_on, last_on; ``tables["parts"]``: the same long, with a share of
        each part; ``tables["faults"]``: table, column, reason, rows.
        ``watch`` where the quarantined share of a table passes
        ``intake.watch_bad_share``; more than ``intake.max_bad_share`` never gets this far.
    """
    import pandas as pd

    given = client.intake["tables"]
    table = pd.DataFrame([_table_row(name, seen) for name, seen in given.items()], columns=_COLUMNS)
    faults = pd.DataFrame(
        [
            {"table": name, **_fault(fault), "rows": rows}
            for name, seen in given.items()
            for fault, rows in seen["faults"].items()
        ],
        columns=["table", "column", "reason", "rows"],
    )
    worst = table["quarantined_share"].max() if len(table) else 0.0
    limit = client.settings.intake.watch_bad_share
    if not len(table):
        verdict = Verdict.NOT_MEASURED
    else:
        verdict = Verdict.WATCH if worst > limit else Verdict.CLEAR
    return Result(
        question="tables",
        methods=(),
        verdict=verdict,
        table=table,
        units={
            "used_share": "percent: share of rows",
            "quarantined_share": "percent: share of rows",
            "part_share": "percent: share of rows",
            "first_on": "date: first day of the used rows",
            "last_on": "date: last day of the used rows",
        },
        settings={
            "intake.watch_bad_share": limit,
            "intake.max_bad_share": client.settings.intake.max_bad_share,
        },
        coverage=_all_rows(given),
        as_of=client.as_of.isoformat(),
        figures={
            "tables": len(given),
            "tables_possible": len(TABLES),
            "rows": int(table["rows"].sum()),
            "used": int(table["used"].sum()),
            "quarantined": int(table["quarantined"].sum()),
            "people": client.intake["people"],
        },
        tables={"parts": _parts(table), **({"faults": faults} if len(faults) else {})},
        notes=_missing_tables(given),
    )


def measure_coverage(client: Client) -> Result:
    """How much of its span each table covers, how fresh it is, and whether rows name a person.

    Args:
        client: The opened client.

    Returns:
        ``table``: table, rows (used), first_on, last_on, days (of the span), days_with_rows,
        days_with_rows_share, days_since_last_row, rows_with_person, rows_with_person_share
        (null for tables that are not about people). ``act`` where rows name a person in less
        than ``intake.person_share_act`` of a table, ``watch`` where a table ends more than
        ``intake.fresh_days`` before ``as_of`` or misses more than ``intake.gap_share`` of its
        days.
    """
    import pandas as pd

    rows = [_coverage_row(client, table) for table in client.tables.values()]
    table = pd.DataFrame(rows, columns=_COVERAGE)
    verdict, notes = _judge_coverage(client, table)
    settings = client.settings.intake
    return Result(
        question="coverage",
        methods=(),
        verdict=verdict,
        table=table,
        units={
            "first_on": "date: first day of the used rows",
            "last_on": "date: last day of the used rows",
            "days": "count: days from the first row to as_of",
            "days_since_last_row": "days: from the last row to as_of",
            "days_with_rows_share": "percent: share of days",
            "rows_with_person_share": "percent: share of rows",
        },
        settings={
            "intake.fresh_days": settings.fresh_days,
            "intake.gap_share": settings.gap_share,
            "intake.person_share_act": settings.person_share_act,
        },
        coverage=_all_rows(client.intake["tables"]),
        as_of=client.as_of.isoformat(),
        figures={"people": client.intake["people"]},
        notes=notes,
    )


PARTS = ("used", "after_as_of", "not_paid", "duplicates", "quarantined")
_COLUMNS = [
    "table",
    "rows",
    "used",
    "used_share",
    "after_as_of",
    "not_paid",
    "duplicates",
    "quarantined",
    "quarantined_share",
    "first_on",
    "last_on",
]
_COVERAGE = [
    "table",
    "rows",
    "first_on",
    "last_on",
    "days",
    "days_with_rows",
    "days_with_rows_share",
    "days_since_last_row",
    "rows_with_person",
    "rows_with_person_share",
]


def _table_row(name: str, seen: Mapping[str, Any]) -> dict[str, Any]:
    after, unpaid, duplicates, bad = (seen["dropped"].get(reason, 0) for reason in _REASONS)
    first, last = seen["span"] or (None, None)
    return {
        "table": name,
        "rows": seen["rows"],
        "used": seen["used"],
        "used_share": seen["used"] / seen["rows"],
        "after_as_of": after,
        "not_paid": unpaid,
        "duplicates": duplicates,
        "quarantined": bad,
        "quarantined_share": bad / seen["rows"],
        "first_on": first,
        "last_on": last,
    }


def _parts(table: pd.DataFrame) -> pd.DataFrame:
    """What became of each table's rows: table, rows, part, rows of the part, its share of all."""
    long = table.melt(["table", "rows"], PARTS, "part", "part_rows")
    long = long[long["part_rows"] > 0].assign(part_share=long["part_rows"] / long["rows"])
    return long.sort_values("table", kind="stable", ignore_index=True)


def _fault(fault: str) -> dict[str, str]:
    column, _, reason = fault.partition("|")
    return {"column": column, "reason": reason}


def _all_rows(given: Mapping[str, Any]) -> Coverage:
    dropped: dict[str, int] = {}
    for seen in given.values():
        for reason, rows in seen["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + rows
    used = sum(seen["used"] for seen in given.values())
    return Coverage(used + sum(dropped.values()), used, dropped)


def _missing_tables(given: Mapping[str, Any]) -> tuple[Message, ...]:
    missing = [name for name in TABLES if name not in given]
    if not missing:
        return ()
    return (
        msg(
            "Not given, so what needs them is not measured: {tables}.",
            tables=join_messages([label(name) for name in missing]),
        ),
    )


def _coverage_row(client: Client, table: Table) -> dict[str, Any]:
    spec = TABLES[table.name]
    days = _days(table, spec.clock, client) if spec.clock else {}
    known: int | None = None
    if spec.person != "no":
        import narwhals as nw

        counted = table.frame.select(nw.col("customer").count().alias("known"))
        known = int(collect(counted, limit=1)["known"][0])
    used = table.coverage.used
    return {
        "table": table.name,
        "rows": used,
        **days,
        "rows_with_person": known,
        "rows_with_person_share": None if known is None or not used else known / used,
    }


def _days(table: Table, clock: str, client: Client) -> dict[str, Any]:
    import narwhals as nw

    spec = TABLES[table.name]
    name = spec.column(clock).day_name if spec.column(clock).kind == "time" else clock
    day = nw.col(name)
    counted = table.frame.select(
        day.min().alias("first"), day.max().alias("last"), day.n_unique().alias("days")
    )
    seen = collect(counted, limit=1)
    if not table.coverage.used:
        return {}
    first, last = int(seen["first"][0]), int(seen["last"][0])
    span = day_number(client.as_of) - first + 1
    epoch = dt.date(1970, 1, 1)
    return {
        "first_on": (epoch + dt.timedelta(days=first)).isoformat(),
        "last_on": (epoch + dt.timedelta(days=last)).isoformat(),
        "days": span,
        "days_with_rows": int(seen["days"][0]),
        "days_with_rows_share": int(seen["days"][0]) / span,
        "days_since_last_row": day_number(client.as_of) - last,
    }


def _judge_coverage(client: Client, table: pd.DataFrame) -> tuple[Verdict, tuple[Message, ...]]:
    settings = client.settings.intake
    notes = []
    nameless = table[table["rows_with_person_share"].fillna(1) < settings.person_share_act]
    for row in nameless.itertuples():
        notes.append(
            msg(
                "{table}: {known:count} of {rows:count} rows name a person; the others are in "
                "no calculation about people.",
                table=label(row.table),
                known=row.rows_with_person,
                rows=row.rows,
            )
        )
    # Only tables of what people did should have rows on every day; registers need not.
    stale = table[table["days_since_last_row"].fillna(0) > settings.fresh_days]
    for row in stale.itertuples():
        notes.append(
            msg(
                "{table}: the last row is of {last:date}, {days:days} before the day of this "
                "diagnosis.",
                table=label(row.table),
                last=row.last_on,
                days=row.days_since_last_row,
            )
        )
    gaps = table[table["days_with_rows_share"].fillna(1) < 1 - settings.gap_share]
    for row in gaps.itertuples():
        notes.append(
            msg(
                "{table}: {with_rows:count} of {days:count} days have rows.",
                table=label(row.table),
                with_rows=row.days_with_rows,
                days=row.days,
            )
        )
    if not len(table):
        return Verdict.NOT_MEASURED, ()
    if len(nameless):
        return Verdict.ACT, tuple(notes)
    return (Verdict.WATCH if notes else Verdict.CLEAR), tuple(notes)
