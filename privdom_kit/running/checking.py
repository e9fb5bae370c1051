"""The check report: its files, and ``check.json`` in words for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.formats import format_value
from privdom_kit.running.playbooks import playbooks_folder

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig
    from privdom_kit.intake import Prepared, UnusableData


def write_check_report(
    outcome: Prepared | UnusableData, config: ClientConfig, out: Path
) -> tuple[dict[str, Any], tuple[Path, Path]]:
    """Write ``check.json``, the list of bad rows and ``check.html`` of a client.

    Args:
        outcome: What :func:`privdom_kit.intake.prepare` returned or raised.
        config: The client.
        out: Folder of all reports.

    Returns:
        The content of ``check.json``, and the paths of the page and of it.
    """
    from privdom_kit.intake import write_check
    from privdom_kit.report.check_page import write_check_page

    folder = out / config.client / "check"
    report = write_check(outcome, folder, config)
    page = write_check_page(report, folder, brand=config.brand, language=config.language)
    return report, (page, folder / "check.json")


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
    lines += _question_lines(report)
    lines += [line for found in report.get("proposals", []) for line in _proposal_lines(found)]
    return lines


def _proposal_lines(found: Mapping[str, Any]) -> list[str]:
    """Lines to paste, said to be a proposal; nothing is read by them."""
    alike = f" (the file also looks like {', '.join(found['other_presets'])})"
    return [
        f"proposed for {found['table']} from the headers of {found['file']}, to be confirmed "
        f"and pasted under tables in client.yml{alike if found['other_presets'] else ''}:",
        *found["yaml"].splitlines(),
    ]


def _table_lines(name: str, table: Mapping[str, Any]) -> list[str]:
    dropped = ", ".join(f"{_count(n)} {reason}" for reason, n in table["dropped"].items())
    left_out = f" ({dropped})" if dropped else ""
    counts = f"{_count(table['used'])} of {_count(table['rows'])} rows used"
    faults = [
        f"  {_count(fault['rows'])} × {fault['column'] or 'row'}: {fault['reason']}"
        for fault in table["faults"]
    ]
    unknown = [
        f"  {column} has values that are not known: {', '.join(values)}"
        for column, values in table.get("unknown_values", {}).items()
    ]
    return [f"{name}: {counts}{left_out}", *faults, *unknown]


def _playbook_line(name: str, needs: Mapping[str, Any]) -> str:
    if needs["runs"]:
        return f"{name}: can run"
    wanted = "; ".join(", ".join(tables) for tables in needs["needs_one_of"])
    return f"{name}: cannot run" + (f", needs one of {wanted}" if wanted else "")


def _question_lines(report: Mapping[str, Any]) -> list[str]:
    """Playbooks that run on whatever there is: how many of their questions have what they need."""
    there = {path.stem for path in playbooks_folder().glob("*.ipynb")}
    lines = []
    for name, questions in report.get("questions", {}).items():
        if name not in there or name in report["playbooks"] or not report["usable"]:
            continue
        fed = sum(needs["runs"] for needs in questions.values())
        lines.append(f"{name}: can run; {fed} of {len(questions)} questions have what they need")
    return lines


def _count(number: int) -> str:
    return format_value(number, "count")
