"""Writers whose bytes depend on the content alone: no clock, no machine, no row index."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pandas as pd

_EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def write_csv(table: pd.DataFrame, path: Path, encoding: str = "utf-8-sig") -> None:
    """A CSV with CRLF line ends, as spreadsheets and shop systems write them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, encoding=encoding, lineterminator="\r\n")


def write_parquet(table: pd.DataFrame, path: Path, rising: tuple[str, ...] = ()) -> None:
    """A Parquet file without pandas' own metadata; times stored naive, in milliseconds.

    ``rising`` names columns of sorted times, of which only the steps are stored.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    if not rising:
        pq.write_table(arrow, path, compression="zstd", coerce_timestamps="ms")
        return
    steps = dict.fromkeys(rising, "DELTA_BINARY_PACKED")
    others = [name for name in arrow.column_names if name not in steps]
    pq.write_table(
        arrow, path, compression="zstd", coerce_timestamps="ms", use_dictionary=others,
        column_encoding=steps, compression_level=19,
    )  # fmt: skip


def write_xlsx(table: pd.DataFrame, path: Path, sheet: str) -> None:
    """One sheet of text cells. The clock that openpyxl writes into the file is taken out."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(list(table.columns))
    for row in table.where(table.notna(), None).itertuples(index=False, name=None):
        page.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(without_clock(buffer.getvalue()))


def without_clock(archive: bytes) -> bytes:
    """The same ZIP with fixed member times and fixed document properties."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in sorted(source.namelist()):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # the same on every system
            target.writestr(member, _STAMP.sub(rb"\g<1>2026-06-03T00:00:00Z\2", source.read(name)))
    return result.getvalue()


def write_yaml(data: dict, path: Path, head: str) -> None:
    """A YAML file in the given order, Chinese unescaped, under a comment."""
    import yaml

    body = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=96)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {head}\n{body}", encoding="utf-8", newline="\n")
