"""XLSX: the first sheet as text, refused before it can fill the memory."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1 << 20


def read_sheet(path: Path, limit: int, rows: int | None = None) -> tuple[tuple[str, ...], pa.Table]:
    """Headers and rows of the first sheet, every cell as text.

    Text, so that a long id never passes through a float.

    Args:
        path: The workbook.
        limit: Bytes to which it may unpack.
        rows: Rows to read, the header included; all where None.

    Raises:
        DataError: The file is no workbook, has a password, or unpacks to more than ``limit``.
    """
    import fastexcel

    _check_size(path, limit)
    try:
        book = fastexcel.read_excel(path)
        # Without a header row, so that repeated and blank headers come as they are.
        sheet = book.load_sheet(0, header_row=None, n_rows=rows, dtypes="string")
        table = sheet.to_arrow()
    except fastexcel.FastExcelError as error:
        raise _damaged(path) from error
    if not table.num_rows:
        return (), table
    first = (column[0].as_py() for column in table.columns)
    return tuple((name or "").strip() for name in first), table.slice(1)


def _check_size(path: Path, limit: int) -> None:
    """Unpack once, keeping nothing: what the file says of its own size may be a lie."""
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as book:
            if sum(entry.file_size for entry in book.infolist()) > limit:
                raise _too_big(path, limit)
            for entry in book.infolist():
                with book.open(entry) as part:
                    while block := part.read(_BLOCK):
                        unpacked += len(block)
                        if unpacked > limit:
                            raise _too_big(path, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _damaged(path) from error
    except (NotImplementedError, RuntimeError) as error:  # unknown compression, a password
        raise _damaged(path) from error


def _too_big(path: Path, limit: int) -> DataError:
    return DataError(
        f"{path.name} unpacks to more than {limit >> 20} MB",
        "expected a workbook of ordinary size (settings.intake.xlsx_max_mb)",
        "Save its data as CSV, which is read at any size",
    )


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path.name} cannot be read as XLSX",
        "expected a workbook without a password, its data on the first sheet",
        "Save it again as .xlsx or as CSV",
    )
