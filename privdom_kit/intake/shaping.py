"""A file in canonical columns: what each comes from, by the preset or by the headers themselves.

Everything becomes one SQL projection of the file; no row passes through Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from privdom_kit.contracts import TableSpec
from privdom_kit.errors import DataError, nearest
from privdom_kit.intake.cells import Reader, cell_sql
from privdom_kit.intake.columns import Clock, clean_sql
from privdom_kit.intake.headers import Headers
from privdom_kit.intake.unpivoting import long_relation
from privdom_kit.knowledge.known_exports import load_preset
from privdom_kit.knowledge.preset_rules import UNITS, Cell, Preset, Sign

if TYPE_CHECKING:
    from privdom_kit.config import TableSource
    from privdom_kit.intake.sources import Source


@dataclass(frozen=True, slots=True)
class Shape:
    """How the columns of one file become canonical ones.

    Attributes:
        relation: SQL that stands after FROM.
        raws: Column of the relation that holds the raw value of each canonical column.
        kinds: Their engine types.
        units: SQL around the converted value (``{} / 100``) where a unit differs.
        left_out: Flags of the relation that mark rows that are none, and why.
        ignored: Headers that nothing takes.
        numbered: Whether the relation has a column ``record``, the record's number from 1.
        ragged: Whether it has a flag ``ragged`` (see :class:`Source`).
    """

    relation: str
    raws: Mapping[str, str]
    kinds: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[tuple[str, str]] = ()
    ignored: tuple[str, ...] = ()
    numbered: bool = False
    ragged: bool = False

    @property
    def carried(self) -> list[str]:
        """Columns of the relation that are about the record, not of it."""
        flags = {"record": self.numbered, "ragged": self.ragged}
        return [name for name, there in flags.items() if there]

    @property
    def kept(self) -> list[str]:
        """Columns of the relation that are looked at once more when values are judged."""
        names = {*self.raws.values(), *(condition for condition, _ in self.left_out)}
        return [*sorted(names), *self.carried]


def preset_of(table: TableSource) -> Preset | None:
    """The preset that client.yml names for a table."""
    return load_preset(table.preset) if table.preset else None


def rules_of(spec: TableSpec, table: TableSource) -> dict[str, Cell]:
    """The rule of each canonical column: the preset's or its own name, then client.yml's."""
    preset = preset_of(table)
    rules = dict(preset.columns) if preset else {c.name: Cell((c.name,)) for c in spec.columns}
    for name, header in table.columns.items():
        # Another header carries the canonical value; only the words of a choice may need mapping.
        choice = bool(spec.column(name).choices) and name in rules
        rules[name] = Cell((header,), values=rules[name].values if choice else None)
    for name, values in table.values.items():
        known = rules.get(name, Cell((name,)))
        rules[name] = replace(known, values={**(known.values or {}), **values})
    return rules


def shape_file(spec: TableSpec, table: TableSource, source: Source, clock: Clock) -> Shape:
    """How a file becomes rows of a table.

    Args:
        spec: The canonical table.
        table: What client.yml says of it.
        source: The file.
        clock: The client's clock.

    Raises:
        DataError: A required column, or one that client.yml names, is not in the file; or the
            file is another export than its preset's.
    """
    headers = Headers(source.headers)
    preset, rules = preset_of(table), rules_of(spec, table)
    for name in table.columns:
        if headers.find(*rules[name].headers) is None:
            raise _no_header(spec, source, name, rules[name].headers[0])
    if preset:
        _check_signs(spec, preset, headers, source)
    reader = Reader(headers, source.types, preset)
    raws, kinds, units = {}, {}, {}
    for column in spec.columns:
        cell = rules.get(column.name)
        found = cell_sql(column, cell, rules, reader) if cell else None
        if cell and found:
            raws[column.name], kinds[column.name] = found
            if cell.unit:
                units[column.name] = UNITS[cell.unit]
    relation, numbered = source.relation, False
    if preset and preset.days and "date" in raws:
        relation, more, unit = long_relation(preset.days, raws["date"], reader, source, clock)
        raws, kinds = {**raws, **more}, dict.fromkeys([*raws, *more], "VARCHAR")
        units, numbered = {**units, "value": unit}, bool(more)
    absent = [c.name for c in spec.columns if c.required and c.name not in raws]
    if absent:
        wanted = (rules[absent[0]].mentioned if absent[0] in rules else ()) or (absent[0],)
        raise _no_header(spec, source, absent[0], wanted[0], preset)
    left_out = [] if numbered else _left_out(preset, reader)
    if not numbered:
        relation = _cleaned(spec, source, raws, reader.used)
    ignored = tuple(h for i, h in enumerate(headers.names) if h and i not in reader.used)
    shape = Shape(relation, raws, kinds, units, left_out, ignored, numbered, source.ragged)
    plain = not left_out and all(raw.isidentifier() for raw in raws.values())
    return shape if plain else _layered(shape)


def _layered(shape: Shape) -> Shape:
    """The same with every raw value and condition computed once, as a column of the relation."""
    columns = [f"{raw} AS raw_{name}" for name, raw in shape.raws.items()]
    columns += [f"{condition} AS out_{i}" for i, (condition, _) in enumerate(shape.left_out)]
    columns += shape.carried
    return replace(
        shape,
        relation=f"(SELECT {', '.join(columns)} FROM {shape.relation})",
        raws={name: f"raw_{name}" for name in shape.raws},
        units={n: u.replace("metric_raw", "raw_metric") for n, u in shape.units.items()},
        left_out=[(f"out_{i}", reason) for i, (_, reason) in enumerate(shape.left_out)],
    )


def _check_signs(spec: TableSpec, preset: Preset, headers: Headers, source: Source) -> None:
    for sign in preset.needs:
        if headers.find(*sign.headers) is None:
            raise _another_export(spec, preset, source, f"has no {sign.headers[0]}", sign)
    for sign in preset.refuses:
        if headers.find(*sign.headers) is not None:
            raise _another_export(spec, preset, source, f"has a column {sign.headers[0]}", sign)


def _another_export(
    spec: TableSpec, preset: Preset, source: Source, found: str, sign: Sign
) -> DataError:
    return DataError(
        f"{spec.name}: {source.path.name} {found}: {sign.says}",
        f"the preset {preset.name} expects {preset.title['en']}",
        f"Export that, or name another preset under tables.{spec.name}",
    )


def _left_out(preset: Preset | None, reader: Reader) -> list[tuple[str, str]]:
    conditions = []
    for rule in preset.leave_out if preset else ():
        text = reader.text(rule.headers)
        if text is None:
            continue
        words = ", ".join(f"'{value}'" for value in rule.values)
        condition = f"coalesce(trim({text}), '') IN ({words})"
        for header in rule.blank:
            other = reader.text((header,))
            if other is not None:
                condition += f" AND coalesce(trim({other}), '') IN ('', '0')"
        conditions.append((condition, rule.reason))
    return conditions


def _cleaned(spec: TableSpec, source: Source, raws: Mapping[str, str], used: Iterable[int]) -> str:
    """The file's relation, what clings to values taken off, where the file has any of it."""
    if not source.marks:
        return source.relation
    texts = {raw for name, raw in raws.items() if spec.column(name).kind == "text"}
    codes = {raw for name, raw in raws.items() if spec.column(name).kind in ("code", "choice")}
    columns = []
    for i in sorted(used):
        name, marks = f"c{i}", source.marks - ({"wide"} if f"c{i}" in codes else set())
        if source.types[i] == "VARCHAR" and name not in texts and marks:
            columns.append(f"{clean_sql(name, marks)} AS {name}")
        else:
            columns.append(name)
    columns += ["ragged"] if source.ragged else []
    return f"(SELECT {', '.join(columns)} FROM {source.relation})" if columns else source.relation


def _no_header(
    spec: TableSpec, source: Source, name: str, header: str, preset: Preset | None = None
) -> DataError:
    close = nearest(header, source.headers, 3)
    shown = ", ".join(source.headers[:12]) + (", …" if len(source.headers) > 12 else "")
    by = f" (preset {preset.name})" if preset else ""
    return DataError(
        f"{spec.name}: {source.path.name} has no column {header!r} for {name}{by}",
        f"its columns are {shown}",
        (f"The nearest is {close[0]!r}. " if close else "")
        + f"Map it in client.yml under tables.{spec.name}.columns: {{{name}: <header>}}",
    )
