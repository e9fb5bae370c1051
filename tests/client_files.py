"""Client folders for tests: a client.yml and the files it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from privdom_kit.config import ClientConfig, read_config

AS_OF = "2026-05-31"


def write_client(
    folder: Path,
    tables: Mapping[str, Any],
    *,
    columns: Mapping[str, Any] | None = None,
    **keys: Any,
) -> Path:
    """Write a client folder and return its client.yml.

    Args:
        folder: Where; made if absent.
        tables: By canonical name: a frame (written as CSV), text or bytes (a CSV as it is), or
            a pair of file name and frame or bytes.
        columns: Mappings by canonical table name.
        **keys: More keys of client.yml.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {}
    for name, content in tables.items():
        file, content = content if isinstance(content, tuple) else (f"{name}.csv", content)
        _write(folder / file, content)
        listed[name] = {"path": file}
        if columns and name in columns:
            listed[name]["columns"] = columns[name]
    config = {"client": "brand", "as_of": AS_OF, "tables": listed, **keys}
    path = folder / "client.yml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return path


def client_config(folder: Path, tables: Mapping[str, Any], **keys: Any) -> ClientConfig:
    """The configuration of a client folder written by :func:`write_client`."""
    return read_config(write_client(folder, tables, **keys))


def _write(path: Path, content: Any) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".xlsx":
        content.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        content.to_parquet(path, index=False)
    else:
        content.to_csv(path, index=False)


def orders(**columns: Any) -> pd.DataFrame:
    """Orders with sensible values for what is not given."""
    length = max((len(v) for v in columns.values() if isinstance(v, list)), default=1)
    defaults = {
        "order_id": [f"E{i:04}" for i in range(length)],
        "customer_id": [f"p{i % 7}" for i in range(length)],
        "paid_at": ["2026-03-01 10:00:00"] * length,
        "amount": ["10.00"] * length,
    }
    return pd.DataFrame({**defaults, **columns})
