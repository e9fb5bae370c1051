"""Delimited text: its encoding, its delimiter and headers, and what clings to its values."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BLOCK = 8 << 20
_HEAD = 1 << 22
_SAMPLED = 20  # records looked at to see whether rows end in a delimiter that the header lacks
_DELIMITERS = ",\t;|"
_TOLD_FROM = 256 << 20  # bytes from which decoding says how far it is
_BLANKS = "\ufeff \t\r\n\u3000\u00a0\u200b"

# Byte patterns (UTF-8) of what may have to be cleaned off values; without any, no value is touched.
_PATTERNS = {
    "formula": b'="',
    "tab": b"\t",
    "apostrophe": b"'",
    "wide": b"\xef\xbc",  # full-width digits, letters and brackets
    "unseen": b"\xe2\x80\x8b",  # zero-width space
    "hard blank": b"\xc2\xa0",  # no-break space
    "wide blank": b"\xe3\x80\x80",  # ideographic space
}
ALL_MARKS = frozenset(_PATTERNS)
_PLAIN_MARKS = frozenset(name for name, pattern in _PATTERNS.items() if pattern.isascii())


@dataclass(frozen=True, slots=True)
class Readable:
    """A text file that the engine can read.

    Attributes:
        readable: The file itself where it is UTF-8, else a decoded copy.
        encoding: utf-8, utf-8-sig, utf-16 or gb18030.
        marks: Which of :data:`ALL_MARKS` occur in it.
    """

    readable: Path
    encoding: str
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is laid out.

    Attributes:
        delimiter: The one that splits the header most.
        headers: Trimmed; blank for a column without one.
        above: Blank lines above the header.
    """

    delimiter: str
    headers: tuple[str, ...]
    above: int


def make_readable(path: Path, copy: Path, progress: Callable[[str], None]) -> Readable:
    """The file as UTF-8, decoded into ``copy`` where it is in another encoding.

    Bytes that do not decode stay as they are in the copy, so that their rows are rejected.
    """
    marks: set[str] = set()
    encoding = detect_encoding(path, marks)
    if encoding == "utf-8":
        return Readable(path, encoding, frozenset(marks))
    marks.clear()
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
    size, done, told = path.stat().st_size, 0, 0
    with path.open("rb") as source, copy.open("wb") as target:
        for block in _blocks(source):
            text = decoder.decode(block).encode("utf-8", errors="surrogateescape")
            _note_marks(text, marks)
            target.write(text)
            done += len(block)
            if size > _TOLD_FROM and done * 10 // size > told:
                told = done * 10 // size
                progress(f"decoding {path.name} ({encoding}): {told * 10}%")
        target.write(decoder.decode(b"", final=True).encode("utf-8", errors="surrogateescape"))
    return Readable(copy, encoding, frozenset(marks))


def detect_encoding(path: Path, marks: set[str] | None = None) -> str:
    """utf-8, utf-8-sig, utf-16 or gb18030, by the byte order mark or by which one fits.

    A file is UTF-8 when all of it decodes, or when UTF-8 fails at fewer places than GB18030
    around the first byte that it cannot read: one damaged row must not turn a UTF-8 file into
    plausible characters of another alphabet.

    Args:
        path: The file.
        marks: Takes the marks that occur, as long as the file is UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        return _fits_utf8(file, marks if marks is not None else set())


def _fits_utf8(file: BinaryIO, marks: set[str]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    damaged = False
    for block in _blocks(file):
        _note_marks(block, marks)
        if damaged or (block.isascii() and not decoder.getstate()[0]):
            continue
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            near = block[max(0, error.start - 32768) : error.start + 32768]
            if min(("utf-8", "gb18030"), key=lambda name: _misfits(near, name)) == "gb18030":
                return "gb18030"
            damaged = True
    return "utf-8"


def _misfits(data: bytes, encoding: str) -> int:
    return data.decode(encoding, errors="replace").count("\ufffd")


def _note_marks(block: bytes, marks: set[str]) -> None:
    """Add the marks that occur in a block; one cut by the end of a block has others beside it."""
    possible = _PLAIN_MARKS if block.isascii() else ALL_MARKS
    marks.update(name for name in possible - marks if _PATTERNS[name] in block)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_BLOCK), b"")


def peek(path: Path) -> tuple[str, ...]:
    """The headers of a text file, from its first four megabytes."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _layout(head.decode("utf-16", errors="replace")).headers
    fits = min(("utf-8-sig", "gb18030"), key=lambda name: _misfits(head, name))
    return _layout(head.decode(fits, errors="replace")).headers


def read_layout(path: Path) -> Layout:
    """Delimiter and headers of a UTF-8 file."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return _layout(file.read(_HEAD))


def _layout(text: str) -> Layout:
    body = text.lstrip("\ufeff\r\n")
    above = text[: len(text) - len(body)].count("\n")
    delimiter = max(_DELIMITERS, key=lambda d: len(_records(body, d, 1)[0]))
    headers, *rows = _records(body, delimiter, _SAMPLED + 1)
    headers = [header.strip(_BLANKS) for header in headers]
    widths = {len(row) for row in rows}
    if widths == {len(headers) + 1} and not any(row[-1].strip() for row in rows):
        headers.append("")  # every row ends in a delimiter, the header does not
    elif widths == {len(headers) - 1} and not headers[-1]:
        headers.pop()  # the other way round
    return Layout(delimiter, tuple(headers), above)


def _records(text: str, delimiter: str, count: int) -> list[list[str]]:
    """The first records that are not blank; one empty record where there is none."""
    limit = csv.field_size_limit(_HEAD)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        found: list[list[str]] = []
        for row in rows:
            if row:
                found.append(row)
            if len(found) == count:
                break
        return found or [[]]
    finally:
        csv.field_size_limit(limit)
