"""JSON files that a reader never sees half-written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write a value as UTF-8 JSON through a draft beside the file, moved into place.

    Raises:
        ValueError: The value holds NaN or an infinity, which JSON has no word for.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(f"{text}\n", encoding="utf-8")
    draft.replace(path)


def read_json(path: Path) -> Any:
    """The value in a JSON file; None where there is no file or it holds no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
