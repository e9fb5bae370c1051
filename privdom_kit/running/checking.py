"""``check.json`` in words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privdom_kit.formats import format_value


def check_lines(report: Mapping[str, Any]) -> list[str]:
    """The summary of a check report, a line each.

    Args:
        report: Content of ``check.json`` (see :func:`privdom_kit.intake.write_check`).
    """
    verdict = "usable" if report["usable"] else "not usable"
    lines = [f"{report['client']} as of {report['as_of']}: {verdict}"]
    for name, table in report["tables"].items():
        lines += _table_lines(name, table)
    if report["people"] is not None:
        lines.append(f"people: {_count(report['people'])}")
    lines.append(f"tables not given: {', '.join(report['missing_tables']) or 'none'}")
    lines += [_playbook_line(name, needs) for name, needs in report["playbooks"].items()]
    return lines


def _table_lines(name: str, table: Mapping[str, Any]) -> list[str]:
    dropped = ", ".join(f"{_count(n)} {reason}" for reason, n in table["dropped"].items())
    left_out = f" ({dropped})" if dropped else ""
    counts = f"{_count(table['used'])} of {_count(table['rows'])} rows used"
    faults = [
        f"  {_count(fault['rows'])} × {fault['column'] or 'row'}: {fault['reason']}"
        for fault in table["faults"]
    ]
    return [f"{name}: {counts}{left_out}", *faults]


def _playbook_line(name: str, needs: Mapping[str, Any]) -> str:
    if needs["runs"]:
        return f"{name}: can run"
    wanted = "; ".join(", ".join(tables) for tables in needs["needs_one_of"])
    return f"{name}: cannot run" + (f", needs one of {wanted}" if wanted else "")


def _count(number: int) -> str:
    return format_value(number, "count")
