"""client.yml: one client's configuration, read into frozen values or refused in one paragraph."""

from __future__ import annotations

import datetime as dt
import os
import re
import zoneinfo
from dataclasses import dataclass, field, replace
from pathlib import Path

from privdom_kit.client_file import (
    ClientFile,
    Economics,
    EngineConfig,
    ExportFile,
    Language,
    absolute,
    matches,
    parse,
    value_problems,
)
from privdom_kit.errors import ConfigError
from privdom_kit.problems import raise_problems
from privdom_kit.safe_yaml import read_yaml
from privdom_kit.settings import Settings

PURPOSE = "a client's configuration (client.yml)"


@dataclass(frozen=True, slots=True)
class TableSource:
    """The files of one canonical table.

    Attributes:
        name: Canonical name of the table.
        path: As written in client.yml.
        files: What it stands for now, absolute, sorted.
        preset: Name of a bundled mapping, or None.
        columns: Canonical column -> header in the files, where they differ.
        values: Canonical column -> value in the files -> canonical value, where they differ.
        also: Other exports that fill the same table.
    """

    name: str
    path: str
    files: tuple[Path, ...]
    preset: str | None
    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    also: tuple[TableSource, ...] = ()

    @property
    def parts(self) -> tuple[TableSource, ...]:
        """This export and the others that fill the table."""
        return (self, *self.also)

    @property
    def all_files(self) -> tuple[Path, ...]:
        """The files of every export of the table."""
        return tuple(file for part in self.parts for file in part.files)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """One client, ready for use.

    Attributes:
        path: client.yml, absolute.
        client: Short name, also the folder of its reports.
        brand: Name as people read it; the client's where none was given.
        language: zh or en.
        timezone: IANA name of the zone of naive times in the data.
        currency: ISO 4217 code.
        as_of: Last day that any calculation sees.
        engine: Backend, its options, and tables that stand there.
        tables: Files by canonical table.
        settings: All thresholds.
        economics: What money figures rest on.
        forms: The consultant's own assessment, absolute; None where there is none.
    """

    path: Path
    client: str
    brand: str
    language: Language
    timezone: str
    currency: str
    as_of: dt.date
    engine: EngineConfig
    tables: dict[str, TableSource]
    settings: Settings
    economics: Economics
    forms: Path | None

    @property
    def folder(self) -> Path:
        """The folder of client.yml; relative paths start there."""
        return self.path.parent

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone of naive times."""
        return zoneinfo.ZoneInfo(self.timezone)


def state_folder(config: ClientConfig) -> Path:
    """The folder beside client.yml that holds the key, the stored tables and known hashes."""
    return config.folder / ".privdom" / config.client


def read_config(
    path: str | Path, *, as_of: str | dt.date | None = None, language: str | None = None
) -> ClientConfig:
    """Read and check a client.yml.

    Args:
        path: The file, or the folder that holds it as ``client.yml``.
        as_of: Overrides the file's; ISO date; empty or None leaves it.
        language: Overrides the file's; empty or None leaves it.

    Raises:
        ConfigError: Anything that cannot be used; the message lists at most five problems, each
            with file, line, key, value, and what would have been accepted.
    """
    given = Path(path)
    given = given / "client.yml" if given.is_dir() else given
    file = read_yaml(given, PURPOSE)
    content, problems = parse(file)
    if content is not None:
        problems = [*problems, *value_problems(file, content)]
    raise_problems(file, problems)
    assert content is not None  # a file without problems has been parsed
    day = _as_of(as_of) or content.as_of
    if day is None:
        raise ConfigError(
            f"{file.path}: as_of is missing",
            "Expected the last day that the calculations may see",
            "Add a line such as `as_of: 2026-05-31`, or give --as-of",
        )
    return _resolve(given, content, day, _language(language) or content.language)


def _as_of(value: str | dt.date | None) -> dt.date | None:
    if value is None or value == "":
        return None
    text = str(value)
    try:
        # date.fromisoformat alone would take 20260531 and 2026-W22-7 too
        return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else _bad(text)
    except ValueError:
        return _bad(text)


def _bad(text: str) -> dt.date:
    raise ConfigError(
        f"as_of (given in the call) is {text!r}",
        "Expected a date such as 2026-05-31",
        "Correct the value or leave it out",
    )


def _language(value: str | None) -> Language | None:
    if value in (None, "", "zh", "en"):
        return value or None  # type: ignore[return-value]
    raise ConfigError(
        f"language (given in the call) is {value!r}",
        "Expected one of zh, en",
        "Correct the value or leave it out",
    )


def _source(path: Path, name: str, export: ExportFile) -> TableSource:
    files = matches(absolute(path, export.path))
    return TableSource(name, export.path, files, export.preset, export.columns, export.values)


def _resolve(path: Path, content: ClientFile, as_of: dt.date, language: Language) -> ClientConfig:
    tables = {
        name: replace(
            _source(path, name, table),
            also=tuple(_source(path, name, export) for export in table.also),
        )
        for name, table in content.tables.items()
    }
    return ClientConfig(
        path=Path(os.path.abspath(path)),
        client=content.client,
        brand=content.brand or content.client,
        language=language,
        timezone=content.timezone,
        currency=content.currency,
        as_of=as_of,
        engine=content.engine,
        tables=tables,
        settings=content.settings,
        economics=content.economics,
        forms=absolute(path, content.forms) if content.forms else None,
    )
