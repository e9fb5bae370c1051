"""Executed notebooks without the paths of the machine that executed them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# metadata that says where and when, not what
_DROPPED = ("input_path", "output_path", "start_time", "end_time", "environment_variables")


def scrub_notebook(path: Path, secrets: Mapping[str, str]) -> None:
    """Rewrite a notebook with local paths replaced in sources, outputs and metadata.

    Args:
        path: The executed notebook.
        secrets: Local path -> what to show in its place; longer paths are replaced first.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    for key in _DROPPED:
        content["metadata"].get("papermill", {}).pop(key, None)
    draft = path.with_suffix(".tmp")
    scrubbed = _scrub(content, _pattern(secrets), secrets)
    draft.write_text(json.dumps(scrubbed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def scrub_text(text: str, secrets: Mapping[str, str]) -> str:
    """A text with local paths replaced."""
    return _pattern(secrets).sub(lambda match: secrets[match[0]], text)


def _pattern(secrets: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _scrub(value: Any, pattern: re.Pattern[str], secrets: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda match: secrets[match[0]], value)
    if isinstance(value, list):
        return [_scrub(item, pattern, secrets) for item in value]
    if isinstance(value, dict):
        return {key: _scrub(item, pattern, secrets) for key, item in value.items()}
    return value
