"""Client folders around exports that are written out literally in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from client_files import client_config

from privdom_kit.client import open_client
from privdom_kit.config import ClientConfig, read_config
from privdom_kit.contracts import TABLES

LENIENT = {"settings": {"intake": {"max_bad_share": 1.0}}}


def export_config(
    folder: Path, table: str, preset: str | None, content: Any, **keys: Any
) -> ClientConfig:
    """A client with one table read by a preset.

    Args:
        folder: The client's folder.
        table: Canonical table.
        preset: Name of the preset.
        content: Text, bytes, or a pair of file name and frame or bytes.
        **keys: More keys of client.yml; ``columns``, ``values``, ``also`` are the table's.
    """
    more = {key: keys.pop(key) for key in ("columns", "values", "also") if key in keys}
    config = client_config(folder, {table: content}, **keys)
    written = yaml.safe_load(config.path.read_text(encoding="utf-8"))
    written["tables"][table] |= more | ({"preset": preset} if preset else {})
    config.path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    return read_config(config.path)


def stored(config: ClientConfig, table: str) -> pd.DataFrame:
    """The stored table with the words of codes and times as local text.

    Rows come in the order of the table.
    """
    client = open_client(config)
    frame = client.tables[table].frame.collect("pandas").to_native()
    dictionaries = client.tables[table].dictionaries
    for column in TABLES[table].columns:
        if column.name not in frame:
            continue
        if column.kind in ("code", "choice"):
            words = dictionaries[column.domain] if frame[column.name].notna().any() else ()
            read = [None if pd.isna(c) else words[int(c)] for c in frame[column.name]]
            frame[column.name] = pd.Series(read, dtype=object, index=frame.index)
        if column.kind == "time":
            moments = pd.to_datetime(frame[column.name], unit="s", utc=True)
            local = moments.dt.tz_convert(config.timezone).dt.strftime("%Y-%m-%d %H:%M:%S")
            frame[column.name] = local.astype(object).where(local.notna(), None)
        if column.kind == "date":
            days = pd.to_datetime(frame[column.name], unit="D").dt.strftime("%Y-%m-%d")
            frame[column.name] = days
    client.close()
    return frame


def seen(config: ClientConfig, table: str) -> dict[str, Any]:
    """What intake counted for a table."""
    client = open_client(config)
    client.close()
    return dict(client.intake["tables"][table])
