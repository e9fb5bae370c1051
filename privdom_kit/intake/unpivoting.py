"""Wide statistics, a column a metric, as rows of date, touchpoint, metric and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.intake.cells import Reader, literal
from privdom_kit.intake.columns import Clock, clean_sql, date_sql, number_sql
from privdom_kit.knowledge.preset_rules import UNITS, Days, Metric

if TYPE_CHECKING:
    from privdom_kit.intake.sources import Source

_PART = "_from_"  # between a metric and the word of its split: followers_new_from_scan


def long_relation(
    days: Days, date: str, reader: Reader, source: Source, clock: Clock
) -> tuple[str, dict[str, str], str]:
    """The file in long form.

    A blank cell makes no row: what was not measured is not 0.

    Args:
        days: The preset's rule.
        date: SQL of the raw date.
        reader: The file's columns.
        source: The file.
        clock: The client's clock.

    Returns:
        The relation (with a column ``record``), the raw values of touchpoint, metric and value
        in it, and the SQL around the value that turns it into canonical units.
    """
    entries, used = _entries(days, reader)
    if not entries:
        return source.relation, {}, "{}"
    history = [reader.text((header,)) or "''" for header in days.running]
    since = reader.text(days.since)
    inner = _numbered(source, reader)
    if days.running:
        inner = _risen(date, " || '|' || ".join(history), since, inner, clock, used)
    listed = ", ".join(entries)
    flag = "ragged, " if source.ragged else ""
    relation = (
        f"(SELECT record, {flag}day_raw, entry.touchpoint AS touchpoint_raw, "
        f"entry.metric AS metric_raw, entry.value AS value_raw FROM (SELECT record, {flag}"
        f"CAST({date} AS VARCHAR) AS day_raw, unnest([{listed}]) AS entry FROM {inner}) "
        f"WHERE trim(entry.value) <> ''{' OR ragged' if flag else ''})"
    )
    raws = {
        "date": "day_raw",
        "touchpoint": "touchpoint_raw",
        "metric": "metric_raw",
        "value": "value_raw",
    }
    return relation, raws, _units(days)


def _numbered(source: Source, reader: Reader) -> str:
    columns = []
    for i in sorted(reader.used):
        text = source.types[i] == "VARCHAR" and source.marks
        columns.append(f"{clean_sql(f'c{i}', source.marks)} AS c{i}" if text else f"c{i}")
    columns += ["ragged"] if source.ragged else []
    return f"(SELECT row_number() OVER () AS record, {', '.join(columns)} FROM {source.relation})"


def _entries(days: Days, reader: Reader) -> tuple[list[str], dict[str, str]]:
    """One struct a metric (and one more for its split), and the columns that they read."""
    part = reader.text(days.split.headers) if days.split else None
    entries, used = [], {}
    for name, metric in days.metrics.items():
        text = reader.text(metric.headers)
        if text is None:
            continue
        used[(reader.raw(metric.headers) or ("", ""))[0]] = text
        value = f"rtrim(trim({text}), '%')" if metric.unit == "percent" else text
        where = literal(metric.touchpoint or days.touchpoint)
        total = value
        if part is not None and days.split and days.split.total:
            is_total = f"trim({part}) = {literal(days.split.total)}"
            total = f"CASE WHEN {is_total} THEN {value} END"
            value = f"CASE WHEN NOT {is_total} THEN {value} END"
        entries.append(_entry(where, literal(name), total))
        if part is not None and metric.split:
            if days.split and days.split.keep:  # nobody's name is no name
                value = f"CASE WHEN trim(coalesce({part}, '')) <> '' THEN {value} END"
            entries.append(_entry(where, _part_name(days, name, part), value))
    return entries, used


def _entry(touchpoint: str, metric: str, value: str) -> str:
    return f"{{'touchpoint': {touchpoint}, 'metric': {metric}, 'value': {value}}}"


def _part_name(days: Days, name: str, part: str) -> str:
    values = days.split.values if days.split else {}
    cases = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in values.items())
    kept = days.split is not None and days.split.keep
    other = f"trim({part})" if kept else f"'other(' || trim({part}) || ')'"
    word = f"CASE trim({part}) {cases} ELSE {other} END" if cases else other
    return f"{literal(name + _PART)} || {word}"


def _risen(
    date: str, history: str, since: str | None, inner: str, clock: Clock, used: dict[str, str]
) -> str:
    """Running totals as the day's own values; see :class:`Days`."""
    started = f"{date_sql(since, 'VARCHAR', clock)} = day" if since else "false"
    values = []
    for name, text in used.items():
        number, last = f"number_{name}", f"lag(number_{name}) OVER history"
        rise = f"""CASE WHEN trim(coalesce({text}, '')) = '' THEN NULL
            WHEN {number} IS NULL THEN {text}
            WHEN lag(record) OVER history IS NULL THEN CASE WHEN {started} THEN {text} END
            WHEN {last} IS NULL OR {number} < {last} THEN 'fell'
            ELSE CAST({number} - {last} AS VARCHAR) END"""
        values.append(f"{rise} AS {name}")
    numbers = [f"{number_sql(text, 'VARCHAR')} AS number_{name}" for name, text in used.items()]
    return (
        f"(SELECT * REPLACE ({', '.join(values)}) FROM (SELECT *, {history} AS history_of, "
        f"{date_sql(date, 'VARCHAR', clock)} AS day, {', '.join(numbers)} FROM {inner}) "
        f"WINDOW history AS (PARTITION BY history_of ORDER BY day, record) ORDER BY record)"
    )


def _units(days: Days) -> str:
    """SQL around the value, by metric."""
    by_unit: dict[str, list[str]] = {}
    for name, metric in days.metrics.items():
        if metric.unit:
            chosen = [f"metric_raw = {literal(name)}"]
            if metric.split:
                chosen.append(f"starts_with(metric_raw, {literal(name + _PART)})")
            by_unit.setdefault(metric.unit, []).extend(chosen)
    if not by_unit:
        return "{}"
    branches = [f"WHEN {' OR '.join(names)} THEN {UNITS[unit]}" for unit, names in by_unit.items()]
    return f"CASE {' '.join(branches)} ELSE {{}} END"


def names_of(rule: str, days: Days) -> tuple[list[str], list[str]]:
    """Metrics of a day rule: exact names, and beginnings of the names of their parts."""
    mine: list[tuple[str, Metric]] = [(n, m) for n, m in days.metrics.items() if m.rule == rule]
    return [name for name, _ in mine], [name + _PART for name, m in mine if m.split]
