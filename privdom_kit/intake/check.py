"""The check report: what is missing, wrong or unusable, and which playbooks can run."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import TABLES
from privdom_kit.intake.preparing import REASONS, Prepared, UnusableData
from privdom_kit.intake.proposing import propose
from privdom_kit.intake.shaping import preset_of
from privdom_kit.knowledge.needs import NEEDS as QUESTION_NEEDS
from privdom_kit.knowledge.needs import judge_need

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig

# A playbook runs when one of its sets of tables is there; an empty set always is.
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "00_intake": ((),),
    "01_user_layering": (("orders",), ("contacts",), ("members",), ("followers",), ("touches",)),
}


def write_check(
    outcome: Prepared | UnusableData, folder: Path, config: ClientConfig | None = None
) -> dict[str, Any]:
    """Write ``check.json`` and, where rows are bad, ``quarantine.csv`` into a folder.

    Args:
        outcome: What :func:`privdom_kit.intake.prepare` returned or raised.
        folder: Made where it is not there; both files are replaced.
        config: The client, for mappings to propose and what its presets leave to verify.

    Returns:
        The content of ``check.json``.
    """
    faults = _faults(outcome)
    report = build_check(outcome, config)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "check.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    quarantine = folder / "quarantine.csv"
    if faults:
        draft = folder / "quarantine.csv.tmp"
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, ["table", "file", "line", "column", "reason"])
            writer.writeheader()
            writer.writerows({**f, "reason": REASONS[str(f["reason"])]} for f in faults)
        draft.replace(quarantine)
    else:
        quarantine.unlink(missing_ok=True)
    return report


def build_check(
    outcome: Prepared | UnusableData, config: ClientConfig | None = None
) -> dict[str, Any]:
    """The content of ``check.json``; ``config`` as for :func:`write_check`."""
    manifest = outcome.manifest
    usable = isinstance(outcome, Prepared)
    given = set(manifest["tables"]) if usable else set()
    return {
        "client": manifest["client"],
        "as_of": manifest["as_of"],
        "usable": usable,
        "problems": list(manifest["problems"]),
        "tables": {name: _table(described) for name, described in manifest["tables"].items()},
        "missing_tables": [name for name in TABLES if name not in manifest["tables"]],
        "people": manifest["people"],
        "identities": dict(manifest["identities"]),
        "playbooks": {name: _can_run(name, given, usable) for name in NEEDS},
        "questions": _questions(manifest, config),
        "presets": _presets(config) if config else {},
        "proposals": _proposals(config) if config and not usable else [],
        "inputs": dict(manifest["inputs"]),
    }


def _table(described: Mapping[str, Any]) -> dict[str, Any]:
    faults = [
        {"column": key.partition("|")[0], "reason": REASONS[key.partition("|")[2]], "rows": rows}
        for key, rows in described["faults"].items()
    ]
    return {**described, "faults": faults}


def _can_run(playbook: str, given: set[str], usable: bool) -> dict[str, Any]:
    runs = usable and any(given.issuperset(tables) for tables in NEEDS[playbook])
    return {"runs": runs, "needs_one_of": [list(tables) for tables in NEEDS[playbook] if tables]}


def _questions(
    manifest: Mapping[str, Any], config: ClientConfig | None
) -> dict[str, dict[str, Any]]:
    """By playbook and question: whether it can run on these tables, and what it lacks."""
    given = {name: described["given"] for name, described in manifest["tables"].items()}
    forms = config is not None and config.forms is not None
    judged = {}
    for playbook, needs in QUESTION_NEEDS.items():
        judged[playbook] = {
            question: {"runs": found.runs, "missing": list(found.missing)}
            for question, need in needs.items()
            for found in [judge_need(need, given, forms)]
        }
    return judged


def _presets(config: ClientConfig) -> dict[str, list[dict[str, Any]]]:
    """What the presets in use decided, and what of them no source confirms, by table."""
    used = {
        name: [preset for part in table.parts if (preset := preset_of(part))]
        for name, table in config.tables.items()
    }
    return {
        name: [
            {
                "preset": preset.name,
                "title": dict(preset.title),
                "notes": [dict(note) for note in preset.notes],
                "verify": [dict(note) for note in preset.verify],
            }
            for preset in presets
        ]
        for name, presets in used.items()
        if presets
    }


def _proposals(config: ClientConfig) -> list[dict[str, Any]]:
    return [
        {
            "table": found.table,
            "file": found.file,
            "preset": found.preset,
            "other_presets": list(found.other),
            "missing": list(found.missing),
            "yaml": found.to_yaml(),
        }
        for found in propose(config)
    ]


def _faults(outcome: Prepared | UnusableData) -> Sequence[Mapping[str, Any]]:
    if isinstance(outcome, UnusableData):
        return [fault.to_dict() for fault in outcome.faults]
    return list(outcome.manifest["faults"])


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
