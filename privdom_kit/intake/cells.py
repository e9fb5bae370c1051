"""One canonical value from the columns of an export: SQL of the raw value, by a preset's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from privdom_kit.contracts import Column
from privdom_kit.intake.columns import number_sql
from privdom_kit.intake.headers import Headers
from privdom_kit.knowledge.preset_rules import Cell, Preset

# Full-width marks that exports use for half-width ones; compared as the same.
_WIDE, _NARROW = "（），：；", "(),:;"
# Text that no number is: what comes of a sum whose parts cannot be read.
_UNREADABLE = "'?'"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(slots=True)
class Reader:
    """The columns of one file, by header.

    Attributes:
        headers: The file's headers.
        types: Engine types of its columns.
        preset: The preset that is read by, if any.
        used: Positions of the columns that were asked for.
    """

    headers: Headers
    types: Sequence[str]
    preset: Preset | None
    used: set[int] = field(default_factory=set)

    def raw(self, alternatives: Sequence[str]) -> tuple[str, str] | None:
        """Name and engine type of the column of the first header that the file has."""
        place = self.headers.find(*alternatives)
        if place is None:
            return None
        self.used.add(place)
        return f"c{place}", self.types[place]

    def text(self, alternatives: Sequence[str], missing: Sequence[str] = ()) -> str | None:
        """The column as text, null where it says "none"."""
        found = self.raw(alternatives)
        if found is None:
            return None
        name, kind = found
        text = name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"
        words = (*missing, *(self.preset.missing if self.preset else ()))
        return _without(text, words)


def _without(text: str, words: Sequence[str]) -> str:
    if not words:
        return text
    listed = ", ".join(literal(word) for word in words)
    return f"CASE WHEN trim({text}) NOT IN ({listed}) THEN {text} END"


def cell_sql(
    column: Column, cell: Cell, rules: Mapping[str, Cell], reader: Reader
) -> tuple[str, str] | None:
    """SQL and engine type of a canonical column's raw value.

    Args:
        column: The canonical column.
        cell: Its rule.
        rules: The rules of all columns of the table.
        reader: The file.

    Returns:
        None where the file has none of the headers.
    """
    base = _base(cell, reader)
    if base is None:
        return None
    sql, kind = base
    if cell.unit == "percent" and kind == "VARCHAR":
        sql = f"rtrim(trim({sql}), '%')"
    if cell.unit == "utc" and kind == "VARCHAR":
        sql = f"CASE WHEN {sql} SIMILAR TO '[0-9]{{4}}-[^Z+]*' THEN {sql} || 'Z' ELSE {sql} END"
    if column.kind == "identity" and reader.preset and not cell.join:
        sql = _unmasked(sql) if kind == "VARCHAR" else sql
    if cell.values is not None:
        sql, kind = _mapped(column, cell.values, _as_text(sql, kind)), "VARCHAR"
    if cell.override is not None:
        sql = _overridden(sql, cell, reader)
    if cell.when:
        sql, kind = _limited(sql, cell.when, column, rules, reader), kind
    return sql, kind


def _base(cell: Cell, reader: Reader) -> tuple[str, str] | None:
    """The value as it stands in the file, before codes and units."""
    if cell.constant:
        return literal(cell.constant), "VARCHAR"
    if cell.join:
        parts = [reader.text(part, cell.missing) for part in cell.join]
        if any(part is None for part in parts):
            return None
        return " || '|' || ".join(f"nullif(trim({part}), '')" for part in parts), "VARCHAR"
    found = _first(cell, reader)
    if found is None and cell.times:
        return _calculated(cell.times, "*", "", cell, reader)
    if found is None and cell.minus:
        return _calculated(cell.minus, "-", "", cell, reader)
    return found


def _first(cell: Cell, reader: Reader) -> tuple[str, str] | None:
    """The first header's value, and the others' where that is blank."""
    others = [(header,) for header in cell.or_else]
    present = [names for names in (cell.headers, *others) if reader.raw(names) is not None]
    if not present:
        return None
    if len(present) == 1:
        name, kind = reader.raw(present[0]) or ("", "")
        words = (*cell.missing, *(reader.preset.missing if reader.preset else ()))
        return (_without(name, words) if kind == "VARCHAR" else name), kind
    texts = [f"nullif(trim({reader.text(names, cell.missing)}), '')" for names in present]
    return f"coalesce({', '.join(texts)})", "VARCHAR"


def _calculated(
    pair: Sequence[str], sign: str, around: str, cell: Cell, reader: Reader
) -> tuple[str, str] | None:
    """Two numbers in one, as text; null where one is blank, unreadable where one is no number."""
    texts = [reader.text((header,), cell.missing) for header in pair]
    if any(text is None for text in texts):
        return None
    blank = " OR ".join(f"coalesce(trim({text}), '') = ''" for text in texts)
    left, right = (number_sql(str(text), "VARCHAR") for text in texts)
    value = f"coalesce(CAST({left} {sign} {right} AS VARCHAR), {_UNREADABLE})"
    return f"CASE WHEN {blank} THEN NULL ELSE {value} END", "VARCHAR"


def _as_text(sql: str, kind: str) -> str:
    return sql if kind == "VARCHAR" else f"CAST({sql} AS VARCHAR)"


def _unmasked(sql: str) -> str:
    """Null where an identifier is masked (186****0005) or encrypted (##…, $$…)."""
    masked = " OR ".join(
        [f"contains({sql}, '**')", f"contains({sql}, '##')", f"contains({sql}, '$$')"]
    )
    return f"CASE WHEN {masked} THEN NULL ELSE {sql} END"


def _plain(sql: str) -> str:
    """A word as it is compared: trimmed, full-width marks narrowed."""
    return f"translate(trim({sql}), '{_WIDE}', '{_NARROW}')"


def _cases(values: Mapping[str, str]) -> str:
    narrow = str.maketrans(_WIDE, _NARROW)
    pairs = {key.strip().translate(narrow): value for key, value in values.items()}
    return " ".join(f"WHEN {literal(key)} THEN {literal(to)}" for key, to in pairs.items())


def _mapped(column: Column, values: Mapping[str, str], sql: str) -> str:
    """The canonical word of a code; an unknown one stays, in a code column as ``other(code)``."""
    if not values:
        return sql
    unknown = sql
    if column.kind == "code":
        known = ", ".join(literal(value) for value in sorted(set(values.values())))
        # A list, as the engine makes a join of a long IN.
        unknown = f"""CASE WHEN list_contains(['', {known}], trim({sql})) THEN {sql}
            ELSE 'other(' || trim({sql}) || ')' END"""
    return f"CASE {_plain(sql)} {_cases(values)} ELSE {unknown} END"


def _overridden(sql: str, cell: Cell, reader: Reader) -> str:
    override = cell.override
    other = reader.text(override.headers) if override else None
    if override is None or other is None:
        return sql
    words = ", ".join(literal(word) for word in override.only)
    only = f"({sql}) IN ({words}) AND " if words else ""
    keys = ", ".join(literal(key) for key in override.values)
    changed = f"CASE {_plain(other)} {_cases(override.values)} END"
    return f"CASE WHEN {only}{_plain(other)} IN ({keys}) THEN {changed} ELSE {sql} END"


def _limited(
    sql: str,
    when: Mapping[str, Sequence[str]],
    column: Column,
    rules: Mapping[str, Cell],
    reader: Reader,
) -> str:
    """The value only where other columns have the values asked for."""
    conditions = []
    for name, words in when.items():
        other = cell_sql(Column(name, "code"), rules[name], {}, reader)
        if other is None:
            return "CAST(NULL AS VARCHAR)"
        listed = ", ".join(literal(word) for word in words)
        conditions.append(f"({other[0]}) IN ({listed})")
    return f"CASE WHEN {' AND '.join(conditions)} THEN {sql} END"
