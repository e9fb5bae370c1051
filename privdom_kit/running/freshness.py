"""Whether a playbook's last report still holds: same inputs, settings, code and installation."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from privdom_kit.config import ClientConfig, TableSource, state_folder
from privdom_kit.fingerprint import FileHashes, sha256_code, sha256_file, sha256_json
from privdom_kit.running.playbooks import PACKAGE, Playbook

_CAN_BE_REUSED = ("ran", "fresh")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report rests on.

    Attributes:
        version: Version of this package.
        inputs: SHA-256 of every input file, by its path relative to client.yml.
        code: SHA-256 of the package's sources and the installed versions.
        settings: All settings, by topic.
        whole: One hash of all of it and of the rest of the configuration; None where an input
            cannot be hashed (a table that stands in another engine), so nothing is ever fresh.
    """

    version: str
    inputs: Mapping[str, str]
    code: str
    settings: Mapping[str, Any]
    whole: str | None

    def of(self, playbook: Playbook) -> str | None:
        """The hash of all that this playbook's report rests on."""
        return self.whole and sha256_json([self.whole, sha256_file(playbook.path)])


def read_basis(config: ClientConfig) -> Basis:
    """Hash a client's inputs, settings and the code; unchanged big files are not read again."""
    hashes = FileHashes(state_folder(config) / "hashes.json")
    tables = {name: _table(table, config, hashes) for name, table in config.tables.items()}
    small = [config.path, *([config.forms] if config.forms else [])]
    others = {_relative(path, config): sha256_file(path) for path in small}
    if hashes.memory.parent.is_dir():  # a client that was never prepared keeps a clean folder
        hashes.save()
    code = sha256_json([sha256_code(PACKAGE), _installed()])
    content = {
        "code": code,
        "as_of": config.as_of.isoformat(),
        "settings": config.settings.model_dump(mode="json"),
        "economics": config.economics.model_dump(mode="json"),
        "engine": config.engine.model_dump(mode="json"),
        "tables": tables,
        "forms": config.forms and others[_relative(config.forms, config)],
        **{key: getattr(config, key) for key in ("client", "brand", "language", "timezone")},
        "currency": config.currency,
    }
    return Basis(
        version=package_version(),
        inputs=others | {k: v for table in tables.values() for k, v in table["files"].items()},
        code=code,
        settings=content["settings"],
        whole=None if config.engine.tables else sha256_json(content),
    )


def reusable(
    record: Mapping[str, Any] | None, playbook: Playbook, basis: Basis, folder: Path
) -> bool:
    """Whether a report that a run recorded still holds and is complete.

    Args:
        record: Content of the last ``run.json``; None where there is none.
        playbook: The playbook.
        basis: What its report would rest on now.
        folder: The last report's folder.
    """
    last = _last(record, playbook.name)
    if not basis.whole or last.get("fingerprint") != basis.of(playbook):
        return False
    if last.get("status") == "skipped":  # for want of tables, which are wanting still
        return True
    return last.get("status") in _CAN_BE_REUSED and intact(folder, last.get("files", {}))


def intact(folder: Path, files: Mapping[str, int]) -> bool:
    """Whether all files are there with their recorded sizes."""
    for name, size in files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            return False
    return bool(files)


def package_version() -> str:
    """Version of the installed package."""
    return importlib.metadata.version("privdom-kit")


def _last(record: Any, name: str) -> Mapping[str, Any]:
    playbooks = record.get("playbooks", {}) if isinstance(record, dict) else {}
    return playbooks.get(name, {})


def _table(table: TableSource, config: ClientConfig, hashes: FileHashes) -> dict[str, Any]:
    files = {_relative(file, config): hashes.sha256(file) for file in table.all_files}
    read_as = [
        [part.preset, part.columns, part.values, [_relative(f, config) for f in part.files]]
        for part in table.parts
    ]
    return {"files": files, "read_as": read_as}


def _relative(path: Path, config: ClientConfig) -> str:
    try:
        return Path(os.path.relpath(path, config.folder)).as_posix()
    except ValueError:  # another drive
        return path.name


@lru_cache(maxsize=1)
def _installed() -> list[str]:
    """Names and versions of all that is installed, from the folders' names alone."""
    folders = {Path(entry) for entry in sys.path if Path(entry).name.endswith("-packages")}
    names = {p.name for f in folders if f.is_dir() for p in f.iterdir()}
    return [sys.version, *sorted(name for name in names if name.endswith(".dist-info"))]
