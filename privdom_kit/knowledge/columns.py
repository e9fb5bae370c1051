"""Plain text in columns for the terminal, where a Chinese character is two cells wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = "  "


def text_width(text: str) -> int:
    """Cells that a text takes in a terminal: 2 for wide characters, 0 for combining marks.

    The classes are those of Unicode Standard Annex 11; characters of ambiguous width count 1.
    """
    return sum(_cells(character) for character in text)


def align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in which every column starts at the same cell; the last column is not padded.

    Args:
        rows: Rows of equal length.
    """
    widths = [max(text_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        GAP.join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))
