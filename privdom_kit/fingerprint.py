"""Fingerprints of inputs and code: what decides whether something must be computed again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

# A file written this shortly before it was hashed may change again within one tick of its
# clock, so its hash is not remembered.
_RACY_SECONDS = 2.0
_CODE = (".py", ".yml", ".po", ".j2", ".css", ".js", ".ttf", ".ipynb")


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class FileHashes:
    """SHA-256 of files, remembered beside the client by size, times and inode.

    Args:
        memory: JSON file that holds what was hashed before; made by :meth:`save`.
    """

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self._known = _read_json(memory)
        self._seen: dict[str, list[Any]] = {}

    def sha256(self, path: Path) -> str:
        """The hash of a file, read only when its stamp is new or too young to trust."""
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        known = self._known.get(str(path))
        if known and known[:-1] == stamp:
            self._seen[str(path)] = known
            return str(known[-1])
        digest = sha256_file(path)
        changed = max(stat.st_mtime_ns, stat.st_ctime_ns) / 1e9
        if time.time() - changed > _RACY_SECONDS and path.stat().st_mtime_ns == stat.st_mtime_ns:
            self._seen[str(path)] = [*stamp, digest]
        return digest

    def save(self) -> None:
        """Remember what was hashed; nothing else is kept."""
        if self._seen == self._known:
            return
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        draft = self.memory.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(self._seen), encoding="utf-8")
        draft.replace(self.memory)


def _read_json(path: Path) -> Mapping[str, list[Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@lru_cache(maxsize=8)
def sha256_code(*folders: Path) -> str:
    """One hash of all source files below the folders, names and bytes."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in _sources(folder):
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterable[Path]:
    found = (p for p in folder.rglob("*") if p.suffix in _CODE and "__pycache__" not in p.parts)
    return sorted(p for p in found if ".ipynb_checkpoints" not in p.parts and p.is_file())
