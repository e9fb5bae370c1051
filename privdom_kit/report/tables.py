"""A result table as people read it (HTML) and as a test compares it (plain text)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import KINDS, is_missing
from privdom_kit.labels import capital, has_label, heading, in_question, label
from privdom_kit.messages import Message, msg
from privdom_kit.results import plain

if TYPE_CHECKING:
    import pandas as pd

# A page shows this many rows of a table; the result file and the workbook hold them all.
MAX_ROWS = 60
# A longer main table is folded: the chart above it shows the same numbers.
LONG = 24
_LOWER, _UPPER = "_ci_lower", "_ci_upper"
WORDS = ("text", "quote")  # kinds of what stands to the left in its column
_SHARES = ("share", "rate", "_share", "_rate")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as shown: text, its interval if it is an estimate, whether it is missing."""

    text: str
    interval: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A table ready for the template.

    Attributes:
        caption: What the table holds.
        headers: Column headings and whether the column is of numbers.
        rows: Rows of cells; the first cell names the row where it is text.
        hidden: Rows that are not shown.
        folded: Whether the page folds it away: it is long, or not the main table of its question.
    """

    caption: str
    headers: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    hidden: int = 0
    folded: bool = False


def view_table(
    table: pd.DataFrame,
    caption: str,
    units: Mapping[str, str],
    language: str,
    *,
    main: bool = True,
    question: str = "",
) -> TableView:
    """Word a table: intervals beside their estimates, values in their units.

    Args:
        table: Raw numbers.
        caption: What the table holds, in ``language``.
        units: ``Result.units``.
        language: zh or en.
        main: Whether it is the main table of its question.
        question: Its question, where a name means something of its own there.
    """
    columns = {str(name): table[name].tolist() for name in table.columns}
    shown = [name for name in columns if not _is_bound(name, columns)]
    kinds = {name: column_kind(name, values, units) for name, values in columns.items()}
    rows = tuple(
        tuple(_cell(name, columns, kinds[name], row, language, question) for name in shown)
        for row in range(min(len(table), MAX_ROWS))
    )
    headers = tuple(
        (_header(name, columns, language, question), kinds[name] not in WORDS) for name in shown
    )
    folded = not main or len(table) > LONG
    return TableView(caption, headers, rows, max(len(table) - MAX_ROWS, 0), folded)


def view_figures(
    figures: Mapping[str, Any], units: Mapping[str, str], language: str, question: str = ""
) -> list[tuple[str, Cell]]:
    """Word single numbers as :func:`view_table` words a row: intervals beside their estimates."""
    columns = {name: [value] for name, value in figures.items()}
    return [
        (
            _header(name, columns, language, question),
            _cell(name, columns, column_kind(name, values, units), 0, language, question),
        )
        for name, values in columns.items()
        if not _is_bound(name, columns)
    ]


def table_text(table: pd.DataFrame) -> str:
    """The raw numbers of a table, tab-separated, to ten significant digits."""
    lines = ["\t".join(str(column) for column in table.columns)]
    for values in zip(*(table[name].tolist() for name in table.columns), strict=True):
        lines.append("\t".join(raw_text(value) for value in values))
    return "\n".join(lines)


def raw_text(value: Any) -> str:
    """A raw value as stable text: ten digits, so that the last bits of a sum do not matter."""
    value = plain(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return "–" if value is None else str(value)


def column_kind(name: str, values: Sequence[Any], units: Mapping[str, str]) -> str:
    """The format of a column: its unit, else what its name and values say."""
    stem = name.removesuffix(_LOWER).removesuffix(_UPPER)
    unit = units.get(name, units.get(stem, ""))
    if (kind := unit.partition(":")[0].strip()) in KINDS:
        return kind
    known = [plain(value) for value in values if not is_missing(value)]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in known):
        return "text"
    if stem.endswith(_SHARES):
        return "percent"
    return "count" if all(float(value).is_integer() for value in known) else "number"


def show_value(value: Any, kind: str, language: str, question: str = "") -> str:
    """A value in its format; a name of the code in the reader's words."""
    if kind == "text" and not is_missing(value):
        name = str(plain(value)).lower() if isinstance(plain(value), bool) else str(value)
        name = in_question(question, name)
        return heading(name, language) if has_label(name) else name
    return Message(f"{{value:{kind}}}", {"value": value}).render(language)


def _is_bound(name: str, columns: Mapping[str, Any]) -> bool:
    return any(
        name.endswith(ending) and name.removesuffix(ending) in columns
        for ending in (_LOWER, _UPPER)
    )


def _has_interval(name: str, columns: Mapping[str, Any]) -> bool:
    return name + _LOWER in columns and name + _UPPER in columns


def _header(name: str, columns: Mapping[str, Any], language: str, question: str) -> str:
    known = in_question(question, name)
    if not _has_interval(name, columns):
        return heading(known, language)
    return capital(msg("{name} (interval)", name=label(known)).render(language))


def _cell(
    name: str,
    columns: Mapping[str, Sequence[Any]],
    kind: str,
    row: int,
    language: str,
    question: str,
) -> Cell:
    value = columns[name][row]
    text = show_value(value, kind, language, question)
    if is_missing(value) or not _has_interval(name, columns):
        return Cell(text, missing=is_missing(value))
    low, high = (columns[name + ending][row] for ending in (_LOWER, _UPPER))
    if is_missing(low) or is_missing(high):
        return Cell(text)
    return Cell(text, f"{show_value(low, kind, language)} – {show_value(high, kind, language)}")
