"""What a run's folder is put together from: fresh parts, new parts, and the word on each."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from privdom_kit.config import ClientConfig
from privdom_kit.files import read_json, write_json
from privdom_kit.running.freshness import Basis
from privdom_kit.running.staging import RECORD

Record = dict[str, Any]
_LAST_GOOD = "last_good"


def take_in(work: Path, playbook: str, stage: Path) -> tuple[dict[str, int], list[Any]]:
    """Move what a playbook made from its own folder into the run's.

    Returns:
        Sizes by path of the files in the run's folder, and the playbook's findings.
    """
    findings = read_json(work / "findings" / f"{playbook}.json") or []
    shutil.rmtree(work / "findings", ignore_errors=True)
    files = {}
    for source in sorted(path for path in work.rglob("*") if path.is_file()):
        name = source.relative_to(work).as_posix()
        files[name] = source.stat().st_size
        _put(source, stage / name, shutil.move)
    return files, findings


def carry_over(old: Path, record: Record, playbook: str, stage: Path) -> list[Any]:
    """Copy a report that still holds from the last run; its findings are returned."""
    for name in record["files"]:
        _put(old / name, stage / name, shutil.copy2)
    listed = read_json(old / "findings.json") or []
    return [finding for finding in listed if finding["playbook"] == playbook]


def keep_failed(work: Path, playbook: str, stage: Path) -> None:
    """Keep a failed playbook's notebook, as far as it came, under a name that says so."""
    notebook = work / f"{playbook}.ipynb"
    if notebook.is_file():
        _put(notebook, stage / f"{playbook}.failed.ipynb", shutil.move)


def keep_last_good(old: Path, record: Record, playbook: str, stage: Path) -> dict[str, str] | None:
    """Keep the last good page of a playbook that failed now, under a name that says so.

    Returns:
        Its ``page`` and when it was made (``finished_at``); None where there never was one.
    """
    before = record.get("playbooks", {}).get(playbook, {})
    good = before.get(_LAST_GOOD)
    if before.get("status") in ("ran", "fresh"):
        good = {"page": f"{playbook}.html", "finished_at": before["finished_at"]}
    if not good or not (old / good["page"]).is_file():
        return None
    page = f"{playbook}.{_LAST_GOOD}.html"
    _put(old / good["page"], stage / page, shutil.copy2)
    return {"page": page, "finished_at": good["finished_at"]}


def write_run(
    stage: Path,
    config: ClientConfig,
    basis: Basis,
    playbooks: Mapping[str, Record],
    findings: Iterable[Mapping[str, Any]],
) -> Record:
    """Write ``findings.json``, ``actions.json``, ``run.json`` and ``index.html``.

    Args:
        stage: The run's folder.
        config: The client.
        basis: What the reports rest on.
        playbooks: What is known of each playbook, by name.
        findings: Findings of all playbooks, in any order.

    Returns:
        The content of ``run.json``.
    """
    from privdom_kit.report.index import rank, render_index

    ranked = rank(list(findings))
    run = {
        "version": basis.version,
        "client": config.client,
        "brand": config.brand,
        "as_of": config.as_of.isoformat(),
        "language": config.language,
        "finished_at": now(),
        "settings": basis.settings,
        "economics": config.economics.model_dump(mode="json"),
        "inputs": basis.inputs,
        "code": basis.code,
        "playbooks": dict(playbooks),
    }
    write_json(stage / "findings.json", ranked)
    write_json(stage / "actions.json", [one for one in ranked if one["action"]])
    render_index(
        stage,
        language=config.language,
        brand=config.brand,
        as_of=config.as_of.isoformat(),
        run=run,
        findings=ranked,
    )
    write_json(stage / RECORD, run)
    return run


def now() -> str:
    """The time now, ISO 8601 with its zone, to the second."""
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")


def _put(source: Path, target: Path, how: Any) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    how(source, target)
