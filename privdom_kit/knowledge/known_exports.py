"""Presets: what is known of the exports of shops, WeCom and vendors, one YAML file each.

A preset says how an export's headers, codes and units become one canonical table. It holds facts
about files, not thresholds; what no source confirms stands under ``verify``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from privdom_kit.contracts import TABLES, TableSpec
from privdom_kit.knowledge.loading import (
    FOLDER,
    broken,
    check_allowed,
    check_text,
    read_yaml,
)

Text = Mapping[str, str]
_PRESETS = FOLDER / "presets"

# What a value counts in, and what one of it is worth in the canonical unit (SQL).
UNITS = {
    "fen": "{} / 100",
    "percent": "{} / 100",
    "minutes": "{} * 60",
    "milliseconds": "{} / 1000",
    "utc": "{}",
}
# How several rows of one day and metric become one value.
DAY_RULES = ("sum", "max", "single")


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a canonical value comes from.

    Attributes:
        headers: Headers that may carry it; the first one in the file is taken.
        or_else: Headers to look at where that one is blank.
        constant: A fixed value.
        join: Parts of a composite key, each a list of headers; blank where a part is.
        times: Two headers whose numbers are multiplied.
        minus: Two headers whose numbers are subtracted, the second from the first.
        unit: A key of :data:`UNITS`; empty where the unit is the canonical one.
        values: The export's codes and words -> canonical ones.
        missing: Values that mean "none", beside the preset's own.
        when: Only where other canonical columns have one of these (canonical) values.
        override: A second header that decides where it has one of ``values``.
    """

    headers: tuple[str, ...] = ()
    or_else: tuple[str, ...] = ()
    constant: str = ""
    join: tuple[tuple[str, ...], ...] = ()
    times: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    unit: str = ""
    values: Mapping[str, str] | None = None
    missing: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] | None = None
    override: Override | None = None

    @property
    def mentioned(self) -> tuple[str, ...]:
        """Every header that the rule may read."""
        other = self.override.headers if self.override else ()
        joined = tuple(header for part in self.join for header in part)
        return (*self.headers, *self.or_else, *joined, *self.times, *self.minus, *other)


@dataclass(frozen=True, slots=True)
class Override:
    """A second column that changes a value.

    Attributes:
        headers: Headers that may carry it.
        values: Its words -> the canonical value that they bring.
        only: Canonical values that it may change; empty changes any.
    """

    headers: tuple[str, ...]
    values: Mapping[str, str]
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Rows that are no rows of the table.

    Attributes:
        reason: Why, in two or three words.
        headers: Headers that may carry the deciding value.
        values: Values that leave a row out.
        blank: Leave out only where this header is blank too; empty asks nothing.
    """

    reason: str
    headers: tuple[str, ...]
    values: tuple[str, ...]
    blank: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """Headers that tell one export from another.

    Attributes:
        headers: Alternatives.
        says: What the file is then, as part of a sentence.
    """

    headers: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class OneRow:
    """An export that has several rows for one row of the table.

    Rows that are equal in every canonical column become one. ``sum`` and ``prefer`` say how rows
    that differ do.

    Attributes:
        key: Canonical column that is one row.
        reason: What the further rows are, in a few words.
        sum: Canonical columns to add up.
        prefer: Canonical column and its values, first the one whose row is kept; ``*`` stands
            for any other value. Only rows of the kept value are added up.
    """

    key: str
    reason: str
    sum: tuple[str, ...] = ()
    prefer: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of a wide statistic.

    Attributes:
        headers: Headers that may carry it.
        unit: A key of :data:`UNITS`.
        rule: One of :data:`DAY_RULES`; ``single`` takes a value only where all rows of the day
            agree on it, as a mean over rows of unknown weight is none.
        touchpoint: Where it differs from the statistic's.
        split: Whether the metric is also given by the statistic's split.
    """

    headers: tuple[str, ...]
    unit: str = ""
    rule: str = "sum"
    touchpoint: str = ""
    split: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A column of a wide statistic that splits its numbers.

    Attributes:
        headers: Headers that may carry it.
        values: Its codes -> words that the metric's name ends in.
        total: The code of rows that hold the total; empty where the total is the sum.
    """

    headers: tuple[str, ...]
    values: Mapping[str, str]
    total: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """A wide statistic (a column a metric) that becomes rows of date, touchpoint, metric, value.

    Attributes:
        touchpoint: Canonical touchpoint of all its metrics.
        metrics: By canonical name.
        split: The column that splits the numbers; None where there is none.
        running: Headers of what a running total is kept for: the day's value is then the rise
            since the last day. Empty where values are the day's own.
        since: Headers of the day on which a running total starts from nothing.
    """

    touchpoint: str
    metrics: Mapping[str, Metric]
    split: Split | None = None
    running: tuple[str, ...] = ()
    since: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """One known export.

    Attributes:
        name: As written in client.yml.
        title: What the export is, by language.
        system: Where it comes from, by language.
        table: The canonical table that it fills.
        source: ``tag`` (OFF official page, SDK public code, IDX indexed file, WEB, MEM general
            knowledge), ``text`` (where) and ``checked`` (date).
        columns: Rule by canonical column.
        request: What to ask the brand for, by language.
        where: Where to find it, by language, as far as a source says.
        notes: What was decided about the file, by language.
        verify: What no source confirms, by language.
        missing: Values that mean "none" in every column.
        leave_out: Rows that are none.
        one_row: How several rows become one.
        days: How a wide statistic becomes long.
        needs: Headers without which the file is another export, and which one.
        refuses: Headers with which it is another export, and which one.
    """

    name: str
    title: Text
    system: Text
    table: str
    source: Mapping[str, str]
    columns: Mapping[str, Cell]
    request: Text
    where: Text | None = None
    notes: tuple[Text, ...] = ()
    verify: tuple[Text, ...] = ()
    missing: tuple[str, ...] = ()
    leave_out: tuple[LeaveOut, ...] = ()
    one_row: OneRow | None = None
    days: Days | None = None
    needs: tuple[Sign, ...] = ()
    refuses: tuple[Sign, ...] = ()

    @property
    def spec(self) -> TableSpec:
        """The canonical table."""
        return TABLES[self.table]


def preset_names() -> tuple[str, ...]:
    """Names of the bundled presets, sorted."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yml")))


def load_presets() -> tuple[Preset, ...]:
    """All bundled presets by name."""
    return tuple(load_preset(name) for name in preset_names())


@lru_cache(maxsize=64)
def load_preset(name: str) -> Preset:
    """One bundled preset.

    Raises:
        KnowledgeError: The file is missing or says what the package cannot use.
    """
    file = f"{name}.yml"
    content = read_yaml(file, _PRESETS)
    known = [f.name for f in fields(Preset) if f.name != "name"]
    for key in content:
        check_allowed(key, known, file, name, "key")
    for key in ("title", "system", "request"):
        check_text(dict(content.get(key) or {"zh": "", "en": ""}), file, f"{name}.{key}")
    check_allowed(content.get("table"), TABLES, file, name, "table")
    spec = TABLES[content["table"]]
    columns = {}
    for column, rule in (content.get("columns") or {}).items():
        check_allowed(column, [c.name for c in spec.columns], file, name, "column")
        columns[column] = _cell(rule, file, f"{name}.{column}")
    simple = {k: content[k] for k in ("title", "system", "table", "source", "request")}
    return Preset(
        name,
        **simple,
        columns=columns,
        where=content.get("where"),
        notes=tuple(content.get("notes") or ()),
        verify=tuple(content.get("verify") or ()),
        missing=_words(content.get("missing")),
        leave_out=tuple(_leave_out(entry, file, name) for entry in content.get("leave_out") or ()),
        one_row=_one_row(content.get("one_row"), spec, file, name),
        days=_days(content.get("days"), file, name),
        needs=tuple(_sign(sign, "otherwise", file, name) for sign in content.get("needs") or ()),
        refuses=tuple(_sign(sign, "because", file, name) for sign in content.get("refuses") or ()),
    )


def _words(value: Any) -> tuple[str, ...]:
    """One word or a list of words, as texts."""
    if value is None:
        return ()
    return tuple(str(v) for v in value) if isinstance(value, list) else (str(value),)


def _map(value: Mapping[Any, Any] | None) -> dict[str, str]:
    return {str(k): str(v) for k, v in (value or {}).items()}


def _keys(rule: Any, allowed: tuple[str, ...], file: str, label: str) -> Mapping[str, Any]:
    if not isinstance(rule, Mapping):
        raise broken(file, label, f"is {rule!r}", f"a mapping with {', '.join(allowed)}")
    for key in rule:
        check_allowed(key, allowed, file, label, "key")
    return rule


_CELL = (
    "from",
    "or_else",
    "constant",
    "join",
    "times",
    "minus",
    "unit",
    "values",
    "missing",
    "when",
    "override",
)


def _cell(rule: Any, file: str, label: str) -> Cell:
    if isinstance(rule, (str, list)):
        return Cell(_words(rule))
    given = _keys(rule, _CELL, file, label)
    if "unit" in given:
        check_allowed(given["unit"], UNITS, file, label, "unit")
    override = None
    if "override" in given:
        other = _keys(given["override"], ("from", "values", "only"), file, f"{label}.override")
        override = Override(_words(other["from"]), _map(other["values"]), _words(other.get("only")))
    return Cell(
        headers=_words(given.get("from")),
        or_else=_words(given.get("or_else")),
        constant=str(given.get("constant", "")),
        join=tuple(_words(part) for part in given.get("join") or ()),
        times=_words(given.get("times")),
        minus=_words(given.get("minus")),
        unit=given.get("unit", ""),
        values=_map(given["values"]) if "values" in given else None,
        missing=_words(given.get("missing")),
        when={k: _words(v) for k, v in given["when"].items()} if "when" in given else None,
        override=override,
    )


def _leave_out(entry: Any, file: str, name: str) -> LeaveOut:
    given = _keys(entry, ("reason", "from", "values", "blank"), file, f"{name}.leave_out")
    return LeaveOut(
        given["reason"],
        _words(given["from"]),
        _words(given.get("values")),
        _words(given.get("blank")),
    )


def _sign(entry: Any, says: str, file: str, name: str) -> Sign:
    given = _keys(entry, ("from", says), file, name)
    return Sign(_words(given["from"]), given[says])


def _one_row(entry: Any, spec: TableSpec, file: str, name: str) -> OneRow | None:
    if entry is None:
        return None
    given = _keys(entry, ("key", "reason", "sum", "prefer"), file, f"{name}.one_row")
    prefer = None
    if "prefer" in given:
        ((column, order),) = given["prefer"].items()
        prefer = (column, _words(order))
    names = [given["key"], *_words(given.get("sum")), *([prefer[0]] if prefer else [])]
    for column in names:
        check_allowed(column, [c.name for c in spec.columns], file, f"{name}.one_row", "column")
    return OneRow(given["key"], given["reason"], _words(given.get("sum")), prefer)


def _days(entry: Any, file: str, name: str) -> Days | None:
    if entry is None:
        return None
    label = f"{name}.days"
    allowed = ("touchpoint", "metrics", "split", "running", "since")
    given = _keys(entry, allowed, file, label)
    split = None
    if "split" in given:
        part = _keys(given["split"], ("from", "values", "total"), file, f"{label}.split")
        split = Split(_words(part["from"]), _map(part["values"]), str(part.get("total", "")))
    metrics = {
        metric: _metric(rule, file, f"{label}.{metric}")
        for metric, rule in given["metrics"].items()
    }
    running, since = (_words(given.get(key)) for key in ("running", "since"))
    return Days(given["touchpoint"], metrics, split, running, since)


def _metric(rule: Any, file: str, label: str) -> Metric:
    if isinstance(rule, (str, list)):
        return Metric(_words(rule))
    given = _keys(rule, ("from", "unit", "rule", "touchpoint", "split"), file, label)
    check_allowed(given.get("rule", "sum"), DAY_RULES, file, label, "rule")
    if "unit" in given:
        check_allowed(given["unit"], UNITS, file, label, "unit")
    return Metric(
        _words(given["from"]),
        given.get("unit", ""),
        given.get("rule", "sum"),
        given.get("touchpoint", ""),
        bool(given.get("split", False)),
    )
