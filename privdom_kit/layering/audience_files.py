"""Audiences as files: keyed ids and the reason each person is in the list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.layering.audience_rules import AUDIENCES, CODES, NOT_SUPPRESSED, REASONS
from privdom_kit.people_files import people_rows, write_people

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.measure_lists import Audiences


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
    import narwhals as nw

    columns = ("customer_id", *REASONS[name])
    chosen = result.members.filter(nw.col(name) == 1, nw.col("suppressed") == NOT_SUPPRESSED)
    rows = chosen.join(people.select("customer", "customer_id"), on="customer")
    return write_people(path, columns, people_rows(rows, columns, CODES))
