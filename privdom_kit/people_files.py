"""Lists of people as files: read out of the engine a part at a time, no cell that would run."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.results import plain

if TYPE_CHECKING:
    import narwhals as nw

_CHUNK = 200_000  # people in memory at once
# A spreadsheet runs a cell that begins so (OWASP, CSV injection).
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_people(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write a list as CSV through a draft beside the file, moved into place.

    Args:
        path: The file; its folder is there.
        columns: The header.
        rows: A sequence of values a person, in the order of the header.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([safe_cell(value) for value in row])
    draft.replace(path)
    return path


def people_rows(
    people: nw.LazyFrame, columns: Sequence[str], codes: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[Any, ...]]:
    """The values of people in the order of their numbers, a range of people at a time.

    Args:
        people: One row a person, with ``customer`` and the columns.
        columns: What is wanted of each.
        codes: What a code stands for, by column of codes.
    """
    import narwhals as nw

    rows = checkpoint(people.select("customer", *columns))
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
        for column, values in codes.items():
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
