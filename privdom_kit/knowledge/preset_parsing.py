"""The rules of a preset from its YAML, every key checked against those that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privdom_kit.contracts import TableSpec
from privdom_kit.knowledge.loading import broken, check_allowed
from privdom_kit.knowledge.preset_rules import (
    DAY_RULES,
    UNITS,
    Cell,
    Days,
    LeaveOut,
    Metric,
    OneRow,
    Override,
    Sign,
    Split,
)


def words(value: Any) -> tuple[str, ...]:
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


def parse_cell(rule: Any, file: str, label: str) -> Cell:
    """A column's rule; a header or a list of headers alone is one too."""
    if isinstance(rule, (str, list)):
        return Cell(words(rule))
    given = _keys(rule, _CELL, file, label)
    if "unit" in given:
        check_allowed(given["unit"], UNITS, file, label, "unit")
    override = None
    if "override" in given:
        other = _keys(given["override"], ("from", "values", "only"), file, f"{label}.override")
        override = Override(words(other["from"]), _map(other["values"]), words(other.get("only")))
    return Cell(
        headers=words(given.get("from")),
        or_else=words(given.get("or_else")),
        constant=str(given.get("constant", "")),
        join=tuple(words(part) for part in given.get("join") or ()),
        times=words(given.get("times")),
        minus=words(given.get("minus")),
        unit=given.get("unit", ""),
        values=_map(given["values"]) if "values" in given else None,
        missing=words(given.get("missing")),
        when={k: words(v) for k, v in given["when"].items()} if "when" in given else None,
        override=override,
    )


def parse_leave_out(entry: Any, file: str, name: str) -> LeaveOut:
    """An entry of ``leave_out``."""
    given = _keys(entry, ("reason", "from", "values", "blank"), file, f"{name}.leave_out")
    return LeaveOut(
        given["reason"],
        words(given["from"]),
        words(given.get("values")),
        words(given.get("blank")),
    )


def parse_sign(entry: Any, says: str, file: str, name: str) -> Sign:
    """An entry of ``needs`` or ``refuses``; ``says`` is the key of its words."""
    given = _keys(entry, ("from", says), file, name)
    return Sign(words(given["from"]), given[says])


def parse_one_row(entry: Any, spec: TableSpec, file: str, name: str) -> OneRow | None:
    """The rule ``one_row``, its columns being those of the table."""
    if entry is None:
        return None
    given = _keys(entry, ("key", "reason", "sum", "prefer"), file, f"{name}.one_row")
    prefer = None
    if "prefer" in given:
        ((column, order),) = given["prefer"].items()
        prefer = (column, words(order))
    names = [given["key"], *words(given.get("sum")), *([prefer[0]] if prefer else [])]
    for column in names:
        check_allowed(column, [c.name for c in spec.columns], file, f"{name}.one_row", "column")
    return OneRow(given["key"], given["reason"], words(given.get("sum")), prefer)


def parse_days(entry: Any, file: str, name: str) -> Days | None:
    """The rule ``days`` of a wide statistic."""
    if entry is None:
        return None
    label = f"{name}.days"
    allowed = ("touchpoint", "metrics", "split", "running", "since")
    given = _keys(entry, allowed, file, label)
    split = None
    if "split" in given:
        part = _keys(given["split"], ("from", "values", "total", "keep"), file, f"{label}.split")
        split = Split(
            words(part["from"]),
            _map(part.get("values")),
            str(part.get("total", "")),
            bool(part.get("keep", False)),
        )
    metrics = {
        metric: _metric(rule, file, f"{label}.{metric}")
        for metric, rule in given["metrics"].items()
    }
    running, since = (words(given.get(key)) for key in ("running", "since"))
    return Days(given["touchpoint"], metrics, split, running, since)


def _metric(rule: Any, file: str, label: str) -> Metric:
    if isinstance(rule, (str, list)):
        return Metric(words(rule))
    given = _keys(rule, ("from", "unit", "rule", "touchpoint", "split"), file, label)
    check_allowed(given.get("rule", "sum"), DAY_RULES, file, label, "rule")
    if "unit" in given:
        check_allowed(given["unit"], UNITS, file, label, "unit")
    return Metric(
        words(given["from"]),
        given.get("unit", ""),
        given.get("rule", "sum"),
        given.get("touchpoint", ""),
        bool(given.get("split", False)),
    )
