"""Canonical tables out of plain pandas frames, for tests: what intake would have stored."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from privdom_kit.base import Base
from privdom_kit.client_file import Economics
from privdom_kit.contracts import TABLES
from privdom_kit.formats import day_number
from privdom_kit.forms import Forms
from privdom_kit.results import Coverage
from privdom_kit.settings import Settings
from privdom_kit.tables import Table

STATUSES = ("paid", "closed", "refunded")
INT32 = ("customer", "referrer", "day")


def table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rows: pd.DataFrame,
    dictionaries: dict[str, tuple[str, ...]] | None = None,
) -> Table:
    """A Table of the rows, which hold stored columns; words in code columns are coded here.

    Days may be given as ``<stem>_on``; the time beside them is then noon of the day.
    """
    rows = rows.copy()
    coded = dict(dictionaries or {})
    for column in TABLES[name].columns:
        if column.kind == "time" and column.day_name in rows and column.name not in rows:
            days = rows[column.day_name]
            rows[column.name] = (days * 86_400 + 43_200).astype("Int64")
    texts = {column.name for column in TABLES[name].columns if column.kind == "text"}
    for column in rows.columns:
        if column in texts:
            continue
        if rows[column].map(lambda value: isinstance(value, str)).any():
            values = coded.setdefault(column, tuple(sorted(rows[column].dropna().unique())))
            codes = rows[column].map({value: code for code, value in enumerate(values)})
            rows[column] = codes.astype("Int32")
    for column in rows.columns:
        if column.endswith("_on") or column in INT32:
            rows[column] = rows[column].astype("Int32")
    if "order_key" not in rows:
        clock = TABLES[name].clock
        order = [c for c in ("customer", clock) if c in rows]
        ranks = rows.reset_index(drop=True).sort_values(order, kind="stable").index
        rows["order_key"] = pd.Series(range(len(rows)), index=ranks).sort_index().to_numpy()
    frame = store(connection, rows)
    given = frozenset(c.removesuffix("_cents") for c in rows.columns) | {"customer_id"}
    return Table(name, frame, Coverage(len(rows), len(rows)), given, coded)


def store(connection: duckdb.DuckDBPyConnection, rows: pd.DataFrame) -> nw.LazyFrame:
    """The rows as a table of the engine."""
    name = f"input_{len(connection.execute('SHOW TABLES').fetchall())}"
    connection.register("incoming", rows)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    connection.unregister("incoming")
    return nw.from_native(connection.table(name))


def client(
    connection: duckdb.DuckDBPyConnection,
    frames: dict[str, pd.DataFrame],
    as_of_day: int,
    *,
    gross_margin: float | None = None,
    privacy: dict[str, Any] | None = None,
    dictionaries: dict[str, tuple[str, ...]] | None = None,
    **layering: Any,
) -> SimpleNamespace:
    """A client with these tables and settings; everything else at its default."""
    settings = Settings.model_validate({"layering": layering, "privacy": privacy or {}})
    return SimpleNamespace(
        tables={n: table(connection, n, f, dictionaries) for n, f in frames.items()},
        settings=settings,
        economics=SimpleNamespace(gross_margin=gross_margin),
        as_of_day=as_of_day,
        as_of=dt.date(1970, 1, 1) + dt.timedelta(days=as_of_day),
    )


def base(
    connection: duckdb.DuckDBPyConnection,
    frames: dict[str, pd.DataFrame],
    as_of_day: int,
    *,
    forms: dict[str, Any] | None = None,
    economics: dict[str, Any] | None = None,
    dictionaries: dict[str, tuple[str, ...]] | None = None,
    **settings: Any,
) -> tuple[Base, Settings]:
    """The base of 02 and 03, and the settings, of a client with these tables.

    Small cells are shown unless ``privacy`` is among the settings (topics by name).
    """
    settings.setdefault("privacy", {"min_cell": 1})
    checked = Settings.model_validate(settings)
    made = Base(
        tables={n: table(connection, n, f, dictionaries) for n, f in frames.items()},
        forms=Forms.model_validate(forms or {}),
        economics=Economics(**(economics or {})),
        as_of=(dt.date(1970, 1, 1) + dt.timedelta(days=as_of_day)).isoformat(),
        as_of_day=as_of_day,
        control_arms=checked.copy_tests.control_arms,
    )
    return made, checked


def orders(*rows: tuple, **columns: list) -> pd.DataFrame:
    """Orders from ``(customer, day, yuan)`` rows, with more columns by name."""
    frame = pd.DataFrame(rows, columns=["customer", "paid_on", "amount_cents"])
    frame["amount_cents"] = (frame["amount_cents"] * 100).round().astype("int64")
    frame["customer"] = frame["customer"].astype("Int32")
    for name, values in columns.items():
        frame[name] = values
    return frame


def day(text: str) -> int:
    """The integer day of an ISO date."""
    return day_number(dt.date.fromisoformat(text))
