"""Phones joined to a list of keyed ids again, from the client's own files, for the sender.

The one way out for a raw identifier: only the phone, only where the client's key and its source
files are, only into a file outside the reports that its owner alone can read. Each time is noted
beside the key, without identifiers.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.config import state_folder
from privdom_kit.errors import ConfigError, DataError
from privdom_kit.intake.identifiers import clean_sql
from privdom_kit.intake.preparing import restitched
from privdom_kit.intake.privacy import load_secret
from privdom_kit.people_files import safe_cell

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig

ID, PHONE = "customer_id", "phone"
LOG = "revealed.log"
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Revealed:
    """A list with its phones, before anything is written.

    Attributes:
        file: The list of keyed ids.
        columns: Its header.
        phones: Phone by keyed id; the first by text where a person has several.
        rows: Rows of the list.
        joined: Rows with a phone.
        several: Rows of people who have more than one phone.
        unknown: Rows whose id no person of the client has.
    """

    file: Path
    columns: tuple[str, ...]
    phones: Mapping[str, str]
    rows: int
    joined: int
    several: int
    unknown: int


def find_phones(
    config: ClientConfig, file: Path, progress: Callable[[str], None] = lambda line: None
) -> Revealed:
    """Read a list of keyed ids and find the phones of its people in the client's files.

    Args:
        config: The client.
        file: A CSV with ``customer_id``, as ``audiences/`` holds it.
        progress: Takes a line for each step.

    Raises:
        ConfigError: The file is no list of keyed ids, or one of people held back.
        DataError: The client's key is not here, or none of the ids is a person of the client.
    """
    columns, rows = _read_ids(file, config.settings.copy_tests.control_arms)
    path = state_folder(config) / "secret.key"
    if not path.is_file():
        raise DataError(
            f"{path} is not here",
            "Expected the key with which the ids of the list were made",
            "Reveal the list on the machine where it was made, or restore the key from a backup",
        )
    found = _phones(config, load_secret(path).key, set(rows), progress)
    known = [found[one] for one in rows if one in found]
    if not known:
        raise DataError(
            f"none of the {len(rows):,} ids of {file.name} is a person of {config.client}",
            "Expected a list made of this client's files, up to the same day, with its key",
            "Give the client.yml of the list, and --as-of where it was made up to another day",
        )
    return Revealed(
        file,
        columns,
        {one: phone for one, (phone, _) in found.items() if phone},
        rows=len(rows),
        joined=sum(phone != "" for phone, _ in known),
        several=sum(phones > 1 for _, phones in known),
        unknown=len(rows) - len(known),
    )


def default_target(config: ClientConfig, file: Path) -> Path:
    """Where a revealed list goes unless told otherwise: beside the client's key."""
    return state_folder(config) / "revealed" / file.name


def check_target(target: Path, file: Path) -> None:
    """Refuse a place among reports.

    Raises:
        ConfigError: The target is the list itself, lies beside it, or lies within a report.
    """
    place = target.absolute().parent
    reports = [p for p in (place, *place.parents) if (p / "run.json").exists()]
    if place == file.absolute().parent or file.absolute().parent in place.parents or reports:
        raise ConfigError(
            f"--out {target} lies among the reports",
            "Expected a place outside them: reports hold no phone and may be handed on",
            "Give another --out, or none: the file then lies beside the client's key",
        )


def write_revealed(config: ClientConfig, found: Revealed, target: Path) -> None:
    """Write the list with its phones, for its owner only, and note that it was done.

    Args:
        config: The client.
        found: What :func:`find_phones` returned.
        target: The file; what stood there is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(_joined(found))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    _note(state_folder(config) / LOG, found, target)


def _joined(found: Revealed) -> Iterator[list[str]]:
    """The list with the phone behind the id."""
    place = found.columns.index(ID) + 1
    with found.file.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        yield [*header[:place], PHONE, *header[place:]]
        for row in rows:
            if row:
                cells = [safe_cell(cell) for cell in row]
                phone = found.phones.get(row[place - 1], "")
                yield [*cells[:place], phone, *cells[place:]]


def _read_ids(file: Path, held: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Header and keyed ids of a list, each row checked; none may be of people held back."""
    expected = "Expected a CSV of the report's folder audiences/, with customer_id"
    if not file.is_file():
        raise ConfigError(f"{file} is no file", expected, "Correct the path after --reveal")
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            header, *rows = [row for row in csv.reader(opened) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file.name} is no CSV in UTF-8", expected, "Give the file as it was "
                          "written") from error  # fmt: skip
    if header.count(ID) != 1 or PHONE in header:
        raise ConfigError(
            f"{file.name} has the columns {', '.join(header)[:200] or 'none'}",
            f"{expected} once and without phone",
            "Give the list as it was written",
        )
    uneven = next((n for n, row in enumerate(rows, start=1) if len(row) != len(header)), None)
    if uneven is not None or not rows:
        raise ConfigError(
            f"{file.name}: record {uneven} has another number of cells than the header"
            if uneven
            else f"{file.name} has a header and no rows",
            expected,
            "Give the list as it was written",
        )
    if "arm" in header and {row[header.index("arm")].lower() for row in rows} & set(held):
        raise ConfigError(
            f"{file.name} lists people who are held back",
            "Expected a list for the sender: people held back are sent nothing",
            "Reveal the list of the test itself, not the one of its holdout",
        )
    place = header.index(ID)
    return tuple(header), [row[place] for row in rows]


def _phones(
    config: ClientConfig, key: bytes, wanted: set[str], progress: Callable[[str], None]
) -> dict[str, tuple[str, int]]:
    """Phone (empty: none) and number of phones of each wanted id that is a person."""
    import pyarrow as pa

    phone = clean_sql("phone", "raw")
    with restitched(config, key, progress) as connection:
        connection.register("wanted", pa.table({ID: sorted(wanted)}))
        rows = connection.execute(
            f"""WITH phones AS (SELECT customer, min(phone) AS phone, count(DISTINCT phone) AS n
            FROM (SELECT customer, {phone} AS phone FROM person_of WHERE identity = 'phone')
            WHERE phone IS NOT NULL GROUP BY customer)
            SELECT customer_id, coalesce(phone, ''), coalesce(n, 0) FROM wanted
            JOIN people USING (customer_id) LEFT JOIN phones USING (customer)"""
        ).fetchall()
        connection.unregister("wanted")
    # A plus would be run by a spreadsheet; two zeros dial the same.
    return {one: (number.replace("+", "00"), int(n)) for one, number, n in rows}


def _note(path: Path, found: Revealed, target: Path) -> None:
    """One line a time: when, which list, how many rows, which columns."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    columns = ",".join([*found.columns, PHONE])
    parts = (now, found.file.name, f"{found.rows} rows", f"{found.joined} phones", columns)
    line = "\t".join(" ".join(part.split()) for part in (*parts, target.name))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
