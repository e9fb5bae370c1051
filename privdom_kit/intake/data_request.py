"""The sheet that asks a brand for its exports, in Chinese and in English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import TABLES
from privdom_kit.knowledge.preset_rules import Cell, Preset

if TYPE_CHECKING:
    from openpyxl import Workbook

_SHEETS = {
    "zh": (
        "数据清单",
        (
            *("系统", "导出什么", "怎么导出", "需要的表头", "注意"),
            *("对应表", "预设", "负责人", "收到日期"),
        ),
    ),
    "en": (
        "Data request",
        ("System", "Export", "What to ask for", "Headers needed", "Mind", "Table", "Preset",
         "Owner", "Received on"),
    ),
}  # fmt: skip
_HEAD = {
    "zh": (
        "请按清单导出原始文件，不要手工改动表头、合并单元格或删除列；编码和分隔符不必处理。",
        "期间：至少 18 个月，截至 {as_of}。手机号请不要打码；文件请加密传送，不要发到聊天群。",
    ),
    "en": (
        "Please export the files as they are: no header changed, no cell merged, no column "
        "removed; encoding and delimiter do not matter.",
        "Period: at least 18 months, up to {as_of}. Please leave phone numbers unmasked; send the "
        "files encrypted, not to a chat group.",
    ),
}
_OWN = {
    "zh": ("其他系统", "其他表按「表格说明」的列准备；没有的列留空。"),
    "en": (
        "Other systems",
        "Other tables by the columns under Tables; what is not there stays blank.",
    ),
}
_TABLES = ("表格说明 Tables", ("表 table", "粒度 grain", "列 column", "必填 required", "类型 kind"))
_WIDTHS = (20, 30, 60, 60, 70, 16, 26, 12, 14)
_KINDS = {
    "identity": "标识 identity",
    "key": "编号 key",
    "time": "时间 time",
    "date": "日期 date",
    "month": "年月 month",
    "money": "金额（元）money",
    "count": "整数 whole number",
    "number": "数字 number",
    "share": "份额 0–1 share",
    "flag": "是/否 yes or no",
    "code": "文字代码 word",
    "choice": "限定取值 one of",
    "text": "文本 text",
}


def write_data_request(path: Path, presets: Sequence[Preset], as_of: dt.date) -> None:
    """Write the workbook.

    Args:
        path: Where; replaced.
        presets: Known exports, each a line.
        as_of: Last day that is asked for.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for language in ("zh", "en"):
        _write_request(book, language, presets, as_of)
    _write_tables(book)
    # The same input gives the same file: no time of making inside.
    book.properties.created = book.properties.modified = dt.datetime.combine(as_of, dt.time())
    book.save(path)


def _write_request(
    book: Workbook, language: str, presets: Sequence[Preset], as_of: dt.date
) -> None:
    name, headers = _SHEETS[language]
    sheet = book.create_sheet(name)
    for line in _HEAD[language]:
        sheet.append([line.format(as_of=as_of.isoformat())])
    sheet.append([])
    sheet.append(list(headers))
    order = list(TABLES)
    for preset in sorted(presets, key=lambda p: (order.index(p.table), p.name)):
        sheet.append(_line(preset, language))
    system, request = _OWN[language]
    sheet.append([system, "", request])
    _dress(sheet, 4, _WIDTHS)


def _line(preset: Preset, language: str) -> list[str]:
    join = "\n".join
    where = preset.where[language] if preset.where else ""
    minds = [note[language] for note in (*preset.notes, *preset.verify)]
    return [
        preset.system[language],
        preset.title[language],
        join(part for part in (preset.request[language], where) if part),
        ", ".join(_needed(preset)),
        join(minds),
        preset.table,
        preset.name,
        "",
        "",
    ]


def _needed(preset: Preset) -> list[str]:
    """The first header of each column that is read."""
    cells: list[Cell] = list(preset.columns.values())
    needed = [header for cell in cells for header in _firsts(cell)]
    if preset.days:
        needed += [metric.headers[0] for metric in preset.days.metrics.values()]
    return list(dict.fromkeys(needed))


def _firsts(cell: Cell) -> list[str]:
    if cell.join:
        return [part[0] for part in cell.join]
    return list(cell.headers[:1] or cell.times or cell.minus)


def _write_tables(book: Workbook) -> None:
    name, headers = _TABLES
    sheet = book.create_sheet(name)
    sheet.append(list(headers))
    for spec in TABLES.values():
        for column in spec.columns:
            kind = _KINDS[column.kind]
            if column.choices:
                kind = f"{kind}: {', '.join(column.choices)}"
            required = "✓" if column.required else ""
            sheet.append([spec.name, spec.grain, column.name, required, kind])
    _dress(sheet, 1, (18, 46, 24, 14, 44))


def _dress(sheet: Any, header: int, widths: Sequence[int]) -> None:
    """Bold headings that stay in view, wrapped cells, printed across the page."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    for row in sheet.iter_rows(min_row=header):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=cell.row == header)
    sheet.freeze_panes = sheet.cell(row=header + 1, column=1)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
