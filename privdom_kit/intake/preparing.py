"""Prepare a client: from the files in client.yml to stored tables beside it, once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit import engine
from privdom_kit.config import state_folder
from privdom_kit.contracts import CHILD_VALUES, TABLES
from privdom_kit.errors import DataError
from privdom_kit.fingerprint import FileHashes, sha256_code, sha256_file, sha256_json
from privdom_kit.formats import day_number
from privdom_kit.intake.columns import Clock
from privdom_kit.intake.faults import Fault, list_faults
from privdom_kit.intake.people import People, stitch
from privdom_kit.intake.privacy import load_secret
from privdom_kit.intake.profiling import profile
from privdom_kit.intake.reading import Staged, stage
from privdom_kit.intake.staging import Cut
from privdom_kit.intake.store import build_dictionaries, mark_duplicates, write_table

if TYPE_CHECKING:
    import duckdb

    from privdom_kit.config import ClientConfig

MANIFEST = "manifest.json"
_PRESET_CODE = ("known_exports.py", "preset_parsing.py", "preset_rules.py")
_KEPT = 3  # prepared states kept beside a client: this one and what as_of changes go back to


@dataclass(frozen=True, slots=True)
class Prepared:
    """A client's stored tables.

    Attributes:
        folder: Where the Parquet files lie.
        manifest: What intake saw: tables, people, faults (see ``check.json``).
    """

    folder: Path
    manifest: Mapping[str, Any]


class UnusableData(DataError):
    """The data cannot be used; carries what was seen, for the check report.

    Attributes:
        manifest: As that of :class:`Prepared`, as far as it got, with ``problems``.
        faults: Bad rows, as far as they were seen.
    """

    def __init__(self, error: DataError, manifest: Mapping[str, Any], faults: list[Fault]) -> None:
        super().__init__(error.found, error.expected, error.remedy)
        self.manifest = manifest
        self.faults = faults


def prepare(config: ClientConfig, progress: Callable[[str], None] = lambda line: None) -> Prepared:
    """The client's stored tables, made now unless the same input was prepared before.

    Args:
        config: The client.
        progress: Takes a line for each step.

    Raises:
        UnusableData: A file cannot be read, a required column is missing, or more rows of a
            table are bad than ``intake.max_bad_share``. Nothing is stored then.
    """
    state = state_folder(config)
    hashes = FileHashes(state / "hashes.json")
    inputs = input_hashes(config, hashes)
    folder = state / "tables" / _fingerprint(config, inputs)
    if (folder / MANIFEST).is_file():
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Prepared(folder, manifest)
    with _scratch_folder(state) as scratch:
        draft = scratch / "tables"
        draft.mkdir()
        secret = load_secret(state / "secret.key")
        manifest = _prepare_into(draft, config, inputs, secret.key, scratch, progress)
        secret.save()
        hashes.save()
        _move_into_place(draft, folder)
    _forget_old(folder)
    return Prepared(folder, manifest)


@contextmanager
def restitched(
    config: ClientConfig, key: bytes, progress: Callable[[str], None] = lambda line: None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The client's files read and stitched again, in a private engine that is gone afterwards.

    It holds ``person_of(identity, raw, customer)``, the raw values that name a person, and
    ``people(customer, customer_id, ..)``; nothing is stored.

    Args:
        config: The client.
        key: The client's key.
        progress: Takes a line for each step.

    Raises:
        DataError: A file cannot be read.
    """
    memory = f"{config.settings.intake.memory_mb}MB"
    with (
        _scratch_folder(state_folder(config)) as scratch,
        engine.closing(engine.connect(memory_limit=memory, scratch=scratch)) as connection,
    ):
        tables, problems = _stage_all(connection, config, scratch, progress)
        if problems:
            raise problems[0]
        progress("stitching identifiers into people")
        stitch(connection, tables, key, config.settings.identity)
        yield connection


@contextmanager
def _scratch_folder(state: Path) -> Iterator[Path]:
    """A private folder beside the client for decoded copies of raw exports, gone afterwards.

    What a killed run left is removed by the next one; a failed first run leaves nothing.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        for stale in state.glob("scratch-*"):
            if not _alive(int(stale.name.split("-")[1])):
                shutil.rmtree(stale, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"scratch-{os.getpid()}-", dir=state))
    except OSError as error:
        raise DataError(
            f"{state} cannot be written ({error.strerror})",
            "prepared tables and the client's key are kept beside client.yml",
            "Make that folder writable, or copy the client folder to one that is",
        ) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for empty in (state, state.parent):
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def input_hashes(config: ClientConfig, hashes: FileHashes) -> dict[str, str]:
    """SHA-256 of every input file by its path relative to client.yml."""
    files = [path for source in config.tables.values() for path in source.all_files]
    return {os.path.relpath(path, config.folder): hashes.sha256(path) for path in files}


def _fingerprint(config: ClientConfig, inputs: Mapping[str, str]) -> str:
    import duckdb

    package = Path(__file__).parent
    return sha256_json(
        {
            "inputs": inputs,
            "tables": {
                name: [
                    [
                        part.preset,
                        part.columns,
                        part.values,
                        [os.path.relpath(file, config.folder) for file in part.files],
                    ]
                    for part in table.parts
                ]
                for name, table in config.tables.items()
            },
            "clock": [config.timezone, config.as_of],
            "settings": [
                config.settings.intake.model_dump(),
                config.settings.identity.model_dump(),
            ],
            "code": [
                sha256_code(package),
                sha256_file(package.parent / "contracts.py"),
                *(sha256_file(package.parent / "knowledge" / name) for name in _PRESET_CODE),
                sha256_code(package.parent / "knowledge" / "presets"),
                duckdb.__version__,
            ],
        }
    )[:16]


def _prepare_into(
    draft: Path,
    config: ClientConfig,
    inputs: Mapping[str, str],
    key: bytes,
    scratch: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    memory = f"{config.settings.intake.memory_mb}MB"
    with engine.closing(engine.connect(memory_limit=memory, scratch=scratch)) as connection:
        tables, problems = _stage_all(connection, config, scratch, progress)
        faults = [fault for staged in tables for fault in list_faults(connection, staged)]
        described = {t.spec.name: _describe(connection, t, config) for t in tables}
        manifest = _manifest(config, inputs, described, None)
        problems += [p for t in tables if (p := _too_many_bad(described[t.spec.name], t, config))]
        if problems:
            manifest["problems"] = [str(problem) for problem in problems]
            raise UnusableData(problems[0], manifest, faults)
        progress("stitching identifiers into people")
        people = stitch(connection, tables, key, config.settings.identity, draft)
        sizes = build_dictionaries(connection, tables)
        _add_fixed_values(connection)
        clock = Clock.of(config.timezone)
        for staged in tables:
            progress(f"storing {staged.spec.name}")
            target = draft / f"{staged.spec.name}.parquet"
            write_table(connection, staged, tables, clock, config.as_of, target)
        _copy(connection, "SELECT * FROM people ORDER BY customer", draft / "people.parquet")
        _copy(
            connection,
            "SELECT * FROM dictionary ORDER BY domain, code",
            draft / "dictionary.parquet",
        )
    manifest = _manifest(config, inputs, described, people)
    manifest["codes"] = sizes
    manifest["faults"] = [fault.to_dict() for fault in faults]
    (draft / MANIFEST).write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    return manifest


def _stage_all(
    connection: duckdb.DuckDBPyConnection,
    config: ClientConfig,
    scratch: Path,
    progress: Callable[[str], None],
) -> tuple[list[Staged], list[DataError]]:
    clock = Clock.of(config.timezone)
    cut = Cut(clock.end_of(config.as_of), day_number(config.as_of) + 1)
    tables, problems = [], []
    for name, source in config.tables.items():
        progress(f"reading {name}")
        try:
            staged = stage(
                connection,
                TABLES[name],
                source,
                clock,
                cut,
                scratch,
                config.settings.intake.xlsx_max_mb << 20,
                progress,
            )
        except DataError as error:
            problems.append(error)
            continue
        mark_duplicates(connection, staged)
        tables.append(staged)
    return tables, problems


def _describe(
    connection: duckdb.DuckDBPyConnection, staged: Staged, config: ClientConfig
) -> dict[str, Any]:
    counts = dict(
        connection.execute(
            f"SELECT coalesce(fault, ''), count(*) FROM {staged.name} GROUP BY fault"
        ).fetchall()
    )
    used = counts.pop("", 0)
    left_out = {key[1:]: n for key, n in sorted(counts.items()) if key.startswith("!")}
    bad = {key: n for key, n in sorted(counts.items()) if not key.startswith("!")}
    for file in staged.files:
        for record in file.rejected:
            bad[f"|{record.reason}"] = bad.get(f"|{record.reason}", 0) + 1
    quarantined = {"quarantined": sum(bad.values())} if bad else {}
    looks = profile(connection, staged, Clock.of(config.timezone), config.as_of)
    days = looks["days"]
    if days:
        days["late"] = days["days_before_as_of"] > config.settings.intake.fresh_days
    return {
        "rows": staged.rows,
        "used": used,
        "dropped": {**left_out, **quarantined},
        "faults": bad,
        "unknown_values": {name: list(values) for name, values in staged.unknown.items()},
        "given": list(staged.given),
        "span": [days["first"], days["last"]] if days else None,
        "profile": looks,
        "files": [
            {
                "path": os.path.relpath(file.path, config.folder),
                "rows": file.staged + len(file.rejected),
                "encoding": file.encoding,
                "ignored_columns": list(file.ignored),
            }
            for file in staged.files
        ],
    }


def _too_many_bad(
    described: Mapping[str, Any], staged: Staged, config: ClientConfig
) -> DataError | None:
    most = config.settings.intake.max_bad_share
    bad, rows = described["dropped"].get("quarantined", 0), described["rows"]
    if not rows:
        return DataError(
            f"{staged.spec.name}: {staged.files[0].path.name} has a header and no rows",
            "expected at least one row",
            f"Export it again, or remove tables.{staged.spec.name} from client.yml",
        )
    if bad <= most * rows:
        return None
    worst, count = max(described["faults"].items(), key=lambda item: item[1])
    column, _, reason = worst.partition("|")
    return DataError(
        f"{staged.spec.name}: {bad:,} of {rows:,} rows ({bad / rows:.1%}) are bad, most often "
        f"{column or 'the record'}: {REASONS[reason].format(column=column)} ({count:,} rows)",
        f"at most {most:.1%} may be (settings.intake.max_bad_share)",
        "The rows are listed in the check report; correct the export or the column mapping",
    )


REASONS = {
    "missing": "no value",
    "not_a_time": "not a time",
    "not_a_date": "not a date",
    "not_a_month": "not a month",
    "not_a_number": "not a number",
    "not_a_share": "not a share from 0 to 1",
    "not_a_flag": "neither true nor false",
    "not_whole": "not a whole number",
    "not_allowed": "not one of the allowed values",
    "negative": "below zero",
    "out_of_range": "out of range",
    "key_conflict": "repeated with different content",
    "part_of_bad": "another row of the same is bad",
    "fields": "a wrong number of fields",
    "encoding": "characters that cannot be decoded",
}


def _manifest(
    config: ClientConfig,
    inputs: Mapping[str, str],
    described: Mapping[str, Any],
    people: People | None,
) -> dict[str, Any]:
    return {
        "client": config.client,
        "as_of": config.as_of.isoformat(),
        "inputs": dict(inputs),
        "tables": dict(described),
        "people": None if people is None else people.count,
        "identities": {} if people is None else people.by_identity,
        "identity": None if people is None else people.log,
        "problems": [],
    }


def _add_fixed_values(connection: duckdb.DuckDBPyConnection) -> None:
    connection.executemany(
        "INSERT INTO dictionary VALUES ('child_band', ?, ?)",
        [[code, value] for code, value in enumerate(CHILD_VALUES)],
    )


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    file = str(target).replace("'", "''")
    connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")


def _move_into_place(draft: Path, folder: Path) -> None:
    """One rename: a reader never sees half. Another run may have put the same there first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        draft.rename(folder)
    except OSError:
        if not (folder / MANIFEST).is_file():
            raise


def _forget_old(folder: Path) -> None:
    others = [p for p in folder.parent.iterdir() if p.is_dir() and not p.name.startswith(".")]
    others.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
