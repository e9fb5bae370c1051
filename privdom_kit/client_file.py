"""client.yml as it is written: its keys and types, and the checks of what stands in it."""

from __future__ import annotations

import datetime as dt
import glob
import os
import re
import zoneinfo
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from privdom_kit.contracts import TABLES, TableSpec
from privdom_kit.errors import nearest
from privdom_kit.problems import Problem, schema_problems, unknown_key
from privdom_kit.safe_yaml import KeyPath, YamlFile
from privdom_kit.settings import Frozen, Sections, Settings, describe_settings

Language = Literal["zh", "en"]
SUFFIXES = (".csv", ".xlsx", ".parquet")


def quoted_date(value: Any) -> Any:
    """A date in quotes is a date; anything else is left for the schema to judge."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value
    return value


class ExportFile(Sections):
    """Files of one export and how they are read."""

    path: str = Field(
        min_length=1, json_schema_extra={"accepts": "the path of a file, a pattern or a folder"}
    )
    preset: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)


class TableFile(ExportFile):
    """One table under ``tables:``; ``also`` adds what other systems export for it."""

    also: list[ExportFile] = Field(default_factory=list)


class EngineConfig(Sections):
    """Where the calculations run, and tables that already stand there in canonical form."""

    backend: Literal["duckdb"] = "duckdb"
    options: dict[str, Any] = Field(default_factory=dict)
    tables: dict[str, str] = Field(default_factory=dict)


class EngineOptions(Frozen):
    """``options`` of the embedded engine."""

    memory_limit: str = Field(
        default="",
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
        json_schema_extra={"accepts": "a size such as 2GB"},
    )
    threads: int = Field(default=0, ge=1, json_schema_extra={"unit": "worker threads"})


def _amount(unit: str, **limits: Any) -> Any:
    return Field(default=None, json_schema_extra={"unit": unit}, **limits)


class Economics(Frozen):
    """What money figures rest on. None is "not given": nothing is derived from a guess."""

    gross_margin: float | None = _amount("share of revenue", ge=0, le=1)
    discount_rate: float | None = _amount("share per year", ge=0, le=1)
    sms_cost: float | None = _amount("currency per text message", ge=0)
    call_cost: float | None = _amount("currency per call", ge=0)
    customer_value: float | None = _amount("currency per kept contact", ge=0)


class ClientFile(Sections):
    """client.yml as it is written."""

    client: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        json_schema_extra={
            "accepts": "1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit"
        },
    )
    brand: str = Field(default="", json_schema_extra={"accepts": "the brand's name as text"})
    language: Language = "zh"
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    as_of: Annotated[dt.date | None, BeforeValidator(quoted_date)] = None
    engine: EngineConfig = EngineConfig()
    tables: dict[str, TableFile] = Field(default_factory=dict)
    settings: Settings = Settings()
    economics: Economics = Economics()
    forms: str | None = Field(default=None, json_schema_extra={"accepts": "the path of a file"})


def parse(file: YamlFile) -> tuple[ClientFile | None, list[Problem]]:
    """The content of a client.yml, or the problems of its keys and types."""
    try:
        return ClientFile.model_validate(file.data), []
    except ValidationError as error:
        found = schema_problems(error, file, ClientFile)
        return None, [_better(file, problem) for problem in found]


def _better(file: YamlFile, problem: Problem) -> Problem:
    """For an unknown setting, look for its name in the other topics too."""
    if problem.keys[0] != "settings" or not problem.found.endswith("known key"):
        return problem
    topic = Settings.model_fields.get(str(problem.keys[1]))
    siblings = type(topic.default).model_fields if topic and len(problem.keys) > 2 else None
    if siblings is None or nearest(str(problem.keys[-1]), siblings):
        return problem
    value = file.data["settings"][problem.keys[1]][problem.keys[2]]
    names = {info.name.partition(".")[2]: f"settings.{info.name}" for info in describe_settings()}
    guess = nearest(str(problem.keys[-1]), names)
    return unknown_key(file, problem.keys, value, siblings, [names[g] for g in guess])


def value_problems(file: YamlFile, content: ClientFile) -> Iterator[Problem]:
    """What is well-formed but cannot be used: names, paths, zone, currency."""
    yield from _zone_problems(file, content.timezone)
    yield from _currency_problems(file, content.currency)
    for name, table in content.tables.items():
        yield from _table_problems(file, ("tables", name), table)
    yield from _engine_problems(file, content.engine)
    if content.forms is not None and not _readable(absolute(file.path, content.forms)):
        yield _missing_file(file, ("forms",), content.forms)


def _engine_problems(file: YamlFile, engine: EngineConfig) -> Iterator[Problem]:
    if engine.tables:
        yield Problem(
            ("engine", "tables"),
            f"names {', '.join(engine.tables)}",
            "Expected no table there: this version reads files",
            "Give files under `tables`",
        )
    try:
        EngineOptions.model_validate(engine.options)
    except ValidationError as error:
        yield from schema_problems(error, file, EngineOptions, ("engine", "options"))


def _zone_problems(file: YamlFile, name: str) -> Iterator[Problem]:
    known = zoneinfo.available_timezones()
    if name not in known:
        guess = nearest(name, sorted(known))
        yield Problem(
            ("timezone",),
            f"is {file.shown(('timezone',), name)}",
            "Expected an IANA time zone such as Asia/Shanghai",
            f"Did you mean {guess[0]}?" if guess else "Correct the value",
        )


def _currency_problems(file: YamlFile, code: str) -> Iterator[Problem]:
    from babel.core import get_global

    if code not in get_global("all_currencies"):
        yield Problem(
            ("currency",),
            f"is {file.shown(('currency',), code)}",
            "Expected an ISO 4217 code such as CNY",
            "Did you mean CNY?" if code.upper() in ("RMB", "CNY", "CNH") else "Correct the value",
        )


def _table_problems(file: YamlFile, keys: KeyPath, table: TableFile) -> Iterator[Problem]:
    spec = TABLES.get(str(keys[-1]))
    if spec is None:
        yield unknown_key(file, keys, {}, TABLES)
        return
    yield from _export_problems(file, keys, table, spec)
    for number, export in enumerate(table.also):
        yield from _export_problems(file, (*keys, "also", number), export, spec)


def _export_problems(
    file: YamlFile, keys: KeyPath, export: ExportFile, spec: TableSpec
) -> Iterator[Problem]:
    if export.preset is not None:
        yield from _preset_problems(file, keys, export.preset, spec.name)
    names = [column.name for column in spec.columns]
    for column, header in export.columns.items():
        if column not in names:
            yield unknown_key(file, (*keys, "columns", column), header, names)
    for column, values in export.values.items():
        if column not in names:
            yield unknown_key(file, (*keys, "values", column), values, names)
    yield from _double_headers(file, (*keys, "columns"), export.columns)
    yield from _path_problems(file, (*keys, "path"), export.path)


def _preset_problems(file: YamlFile, keys: KeyPath, name: str, table: str) -> Iterator[Problem]:
    from privdom_kit.knowledge.known_exports import load_preset, preset_names

    place, shown = (*keys, "preset"), file.shown((*keys, "preset"), name)
    if name not in preset_names():
        guess = nearest(name, preset_names())
        yield Problem(
            place,
            f"is {shown}, which is no bundled preset",
            f"Expected one of {', '.join(preset_names())}",
            f"Did you mean {guess[0]}?" if guess else "Remove it and map headers with `columns`",
        )
    elif load_preset(name).table != table:
        yield Problem(
            place,
            f"is {shown}, which fills the table {load_preset(name).table}",
            f"Expected a preset of {table}",
            f"Put the file under tables.{load_preset(name).table}",
        )


def _double_headers(file: YamlFile, keys: KeyPath, columns: dict[str, str]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for column, header in columns.items():
        other = first.setdefault(header, column)
        if other != column:
            yield Problem(
                (*keys, column),
                f"is {file.shown((*keys, column), header)}, which {other} takes already",
                "Expected each header once",
                "Remove one of the two",
            )


def _path_problems(file: YamlFile, keys: KeyPath, path: str) -> Iterator[Problem]:
    files = matches(absolute(file.path, path))
    if not files:
        yield _missing_file(file, keys, path)
    for match in files:
        if not _readable(match):
            found = f"is {file.shown(keys, path)}; {match} cannot be read"
            yield Problem(keys, found, "Expected readable files", "Check the permissions")


def _missing_file(file: YamlFile, keys: KeyPath, path: str) -> Problem:
    folder = absolute(file.path, "")
    return Problem(
        keys,
        f"is {file.shown(keys, path)}, which matches no file",
        f"Expected a file, a pattern or a folder, relative to {folder}"
        if keys != ("forms",)
        else f"Expected a readable file, relative to {folder}",
        "Correct the path, or remove the table"
        if keys != ("forms",)
        else "Correct the path, or remove the line",
    )


def absolute(config: Path, path: str) -> Path:
    """A path of client.yml, which is relative to the file."""
    return Path(os.path.abspath(config.parent / path))


def matches(path: Path) -> tuple[Path, ...]:
    """The files that a path stands for: itself, a folder's exports, or a pattern's matches."""
    try:
        if path.is_file():
            return (path,)
        if path.is_dir():
            inside = (p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            found: Iterable[Path] = (p for p in inside if not p.name.startswith((".", "~$")))
        else:
            found = (Path(match) for match in glob.glob(str(path), recursive=True))
        return tuple(sorted(p for p in found if p.is_file()))
    except OSError:  # a name longer than any file system takes, a folder that may not be read
        return ()


def _readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)
