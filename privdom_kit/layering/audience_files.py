"""Audiences as files: keyed ids and the reason each person is in the list."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.layering.audience_rules import AUDIENCES, CODES, NOT_SUPPRESSED, REASONS
from privdom_kit.results import plain

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.measure_lists import Audiences

_CHUNK = 200_000  # people in memory at once
# A spreadsheet runs a cell that begins so (OWASP, CSV injection).
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_audiences(
    client: Any, base: CustomerBase, result: Audiences, folder: Path | None
) -> list[Path]:
    """Write ``audiences/<name>.csv`` for each audience that is large enough.

    Args:
        client: Its ``people`` give the keyed ``customer_id``; nothing raw is written.
        base: The base that the audiences were measured on.
        result: What :func:`measure_audiences` returned.
        folder: Folder of the report; None writes nothing.

    Returns:
        The files, in the order of the audiences.
    """
    if folder is None or result.members is None:
        return []
    place = Path(folder) / "audiences"
    place.mkdir(parents=True, exist_ok=True)
    for name in AUDIENCES:
        # A list of an earlier run that is not written any more must not look current.
        (place / f"{name}.csv").unlink(missing_ok=True)
    return [_write(name, client.people, result, place / f"{name}.csv") for name in result.written]


def _write(name: str, people: nw.LazyFrame, result: Audiences, path: Path) -> Path:
    columns = ("customer_id", *REASONS[name])
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in _rows(name, people, result):
            writer.writerow([safe_cell(value) for value in row])
    draft.replace(path)
    return path


def _rows(name: str, people: nw.LazyFrame, result: Audiences) -> Iterator[tuple[Any, ...]]:
    """The members in the order of their keyed ids' numbers, a range of people at a time."""
    import narwhals as nw

    chosen = result.members.filter(nw.col(name) == 1, nw.col("suppressed") == NOT_SUPPRESSED)
    rows = checkpoint(
        chosen.join(people.select("customer", "customer_id"), on="customer").select(
            "customer", "customer_id", *REASONS[name]
        )
    )
    ends = collect(
        rows.select(first=nw.col("customer").min(), last=nw.col("customer").max()), limit=1
    ).iloc[0]
    if is_missing(ends["first"]):
        return
    for start in range(int(ends["first"]), int(ends["last"]) + 1, _CHUNK):
        customer = nw.col("customer")
        part = collect(
            rows.filter(customer >= start, customer < start + _CHUNK).sort("customer"),
            limit=_CHUNK,
        ).drop(columns="customer")
        for column, values in CODES.items():
            if column in part:
                part[column] = [values[int(code)] for code in part[column]]
        yield from zip(*(part[column].tolist() for column in part), strict=True)


def safe_cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet runs: text that would run gets an apostrophe."""
    value = plain(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_RUN) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "" if value is None else value
