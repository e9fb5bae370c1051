"""Clients in, reports out: one run of ``privdom run``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from privdom_kit.config import ClientConfig
from privdom_kit.errors import DataError
from privdom_kit.files import read_json, write_json
from privdom_kit.messages import Message, msg
from privdom_kit.running.freshness import Basis, read_basis, reusable
from privdom_kit.running.playbooks import Playbook, find_playbooks, parse_only
from privdom_kit.running.staging import RECORD, check_place, free_place, heal, locked, staged

if TYPE_CHECKING:
    from privdom_kit.intake import Prepared
    from privdom_kit.running.jobs import Job
    from privdom_kit.running.processes import Outcome

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        out: Folder of all reports.
        only: Two-digit numbers with commas between; empty runs all.
        jobs: Playbooks at a time.
        fail_fast: Stop at the first playbook that fails.
        force: Run what is asked for even where nothing changed.
        debug: Say the traceback of what failed.
    """

    out: Path
    only: str = ""
    jobs: int = 2
    fail_fast: bool = False
    force: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class ClientRun:
    """How the run of one client ended.

    Attributes:
        client: Short name.
        index: The page to open.
        statuses: Status by playbook.
        seconds: Wall seconds.
    """

    client: str
    index: Path
    statuses: Mapping[str, str]
    seconds: float

    @property
    def exit_status(self) -> int:
        """0 where nothing failed, else 1."""
        return int("failed" in self.statuses.values())


@dataclass(slots=True)
class _Desk:
    """What the steps of one client's run share."""

    config: ClientConfig
    options: Options
    say: Callable[[str], None]
    playbooks: Sequence[Playbook]
    asked: frozenset[str]
    final: Path
    last: Record
    records: dict[str, Record] = field(default_factory=dict)
    findings: list[Any] = field(default_factory=list)

    def tell(self, line: str) -> None:
        self.say(f"{self.config.client}: {line}")


def run_client(config: ClientConfig, options: Options, say: Callable[[str], None]) -> ClientRun:
    """Check a client's data, run its playbooks, and put the reports into their place.

    Args:
        config: The client.
        options: How to run.
        say: Takes a line of progress.

    Raises:
        ConfigError: The call or the place for the reports cannot be used.
        DataError: The data cannot be used; the check report says why.
    """
    started = time.monotonic()
    playbooks = find_playbooks()
    asked = parse_only(options.only, playbooks)
    final = options.out / config.client / config.as_of.isoformat()
    free_place(final)

    def waiting() -> None:
        say(f"{config.client}: another run of this client is under way; waiting for it to end")

    with locked(config.folder, waiting):
        heal(final)
        check_place(final)
        last = read_json(final / RECORD) or {}
        desk = _Desk(config, options, say, playbooks, asked, final, last)
        basis = read_basis(config) if last else None
        if basis and not options.force and asked <= _holding(desk, basis):
            _note_fresh(desk)
        else:
            _renew(desk, basis)
    statuses = {name: record["status"] for name, record in desk.records.items()}
    return ClientRun(config.client, final / "index.html", statuses, time.monotonic() - started)


def _holding(desk: _Desk, basis: Basis) -> frozenset[str]:
    """Playbooks whose last report still holds."""
    pages = [desk.final / name for name in ("index.html", "findings.json", "actions.json")]
    if not all(page.is_file() for page in pages):
        return frozenset()
    return frozenset(
        playbook.name
        for playbook in desk.playbooks
        if reusable(desk.last, playbook, basis, desk.final)
    )


def _note_fresh(desk: _Desk) -> None:
    """Nothing to run: only ``run.json`` changes, which says so."""
    desk.records = {
        name: _fresh(record, desk) if name in desk.asked else record
        for name, record in desk.last["playbooks"].items()
    }
    write_json(desk.final / RECORD, {**desk.last, "playbooks": desk.records})
    desk.tell("nothing changed since the last run")


def _fresh(record: Record, desk: _Desk) -> Record:
    if record["status"] == "skipped":
        return record
    reason = msg("Inputs, settings and code are those of the last run.")
    return {
        **record,
        "status": "fresh",
        "seconds": 0.0,
        "reason": reason.render(desk.config.language),
    }


def _renew(desk: _Desk, basis: Basis | None) -> None:
    """Run what does not hold any more, and swap the whole folder."""
    from privdom_kit.intake.check import build_check
    from privdom_kit.running.assembly import write_run
    from privdom_kit.running.jobs import make_job

    prepared = _prepare(desk)
    basis = basis or read_basis(desk.config)
    _check_unchanged(basis, prepared)
    kept = _holding(desk, basis) - (desk.asked if desk.options.force else frozenset())
    can_run = build_check(prepared)["playbooks"]
    with staged(desk.final) as stage:
        # on the same file system as the report, but no part of it
        with TemporaryDirectory(prefix=".work-", dir=stage) as work, _runtime() as runtime:
            planned = _plan(desk, basis, kept, can_run, stage)
            jobs = [make_job(desk.config, one, Path(work), Path(runtime)) for one in planned]
            _run(desk, jobs, basis, stage)
        write_run(stage, desk.config, basis, desk.records, desk.findings)


def _runtime() -> TemporaryDirectory[str]:
    """A folder for kernels' sockets; its path must be short, so not below the reports."""
    return TemporaryDirectory(prefix="privdom-")


def _plan(
    desk: _Desk, basis: Basis, kept: frozenset[str], can_run: Mapping[str, Any], stage: Path
) -> list[Playbook]:
    """Carry over what holds, note what is skipped, and return what is to run."""
    planned = []
    for playbook in desk.playbooks:
        name = playbook.name
        needs = can_run.get(name, {"runs": True})
        desk.records[name] = {"status": "skipped", "seconds": None, "reason": ""}
        if not needs["runs"]:
            _skip(desk, name, _lacking(needs["needs_one_of"]), stage)
            desk.records[name]["fingerprint"] = basis.of(playbook)
        elif name in kept:
            _keep(desk, name, stage)
        elif name not in desk.asked:
            _skip(desk, name, msg("Not asked for in this run."), stage)
        else:
            planned.append(playbook)
    return planned


def _prepare(desk: _Desk) -> Prepared:
    """Check and store the data; the check report is written either way."""
    from privdom_kit.intake import UnusableData, prepare
    from privdom_kit.running.checking import write_check_report

    desk.tell("checking the data")
    try:
        prepared = prepare(desk.config, desk.tell)
    except UnusableData as error:
        write_check_report(error, desk.config, desk.options.out)
        raise
    write_check_report(prepared, desk.config, desk.options.out)
    return prepared


def _check_unchanged(basis: Basis, prepared: Prepared) -> None:
    for name, digest in prepared.manifest["inputs"].items():
        if basis.inputs.get(Path(name).as_posix()) != digest:
            raise DataError(
                f"{name} changed while it was read",
                "Expected files that stay as they are during a run",
                "Run again when the export is complete",
            )


def _keep(desk: _Desk, name: str, stage: Path) -> None:
    from privdom_kit.running.assembly import carry_over

    record = _fresh(desk.last["playbooks"][name], desk)
    desk.records[name] = record
    desk.findings += carry_over(desk.final, record, name, stage)


def _skip(desk: _Desk, name: str, reason: Message, stage: Path) -> None:
    desk.tell(f"{name} skipped: {reason.render('en')}")
    _note_reason(desk, name, reason, stage)


def _note_reason(desk: _Desk, name: str, reason: Message | str, stage: Path) -> None:
    """Say why there is no new page; the last good one is kept, its name saying that it is old."""
    from privdom_kit.running.assembly import keep_last_good

    language, record = desk.config.language, desk.records[name]
    record["reason"] = shown(reason, language)
    good = keep_last_good(desk.final, desk.last, name, stage)
    if good:
        kept = msg("The last good page, of {finished_at}, is kept as {page}.", **good)
        record["last_good"] = good
        record["reason"] = f"{record['reason']} {kept.render(language)}"


def _lacking(needs: Sequence[Sequence[str]]) -> Message:
    names = "; ".join(", ".join(tables) for tables in needs)
    return msg("It needs one of these tables: {names}.", names=names)


def _run(desk: _Desk, jobs: Sequence[Job], basis: Basis, stage: Path) -> None:
    """Run the jobs and take in what they made."""
    from privdom_kit.running.assembly import keep_failed, now
    from privdom_kit.running.processes import run_jobs

    outcomes = run_jobs(
        jobs,
        at_once=desk.options.jobs,
        timeout_seconds=desk.config.settings.run.timeout_seconds,
        fail_fast=desk.options.fail_fast,
        done=lambda job, outcome: _tell_outcome(desk, job, outcome),
    )
    prints = {playbook.name: basis.of(playbook) for playbook in desk.playbooks}
    for job in jobs:
        outcome = outcomes.get(job.playbook)
        if outcome is None:
            reason = msg("Another playbook failed, and --fail-fast was given.")
            _skip(desk, job.playbook, reason, stage)
            continue
        record = desk.records[job.playbook]
        record.update(status=outcome.status, seconds=round(outcome.seconds, 3), finished_at=now())
        if outcome.status == "ran":
            _take(desk, job, stage)
            record["fingerprint"] = prints[job.playbook]
        else:
            keep_failed(Path(job.folder), job.playbook, stage)
            _note_reason(desk, job.playbook, outcome.reason, stage)


def _tell_outcome(desk: _Desk, job: Job, outcome: Outcome) -> None:
    reason = f": {shown(outcome.reason, 'en')}" if outcome.reason else ""
    desk.tell(f"{job.playbook} {outcome.status} in {outcome.seconds:.1f} s{reason}")
    if desk.options.debug and outcome.traceback:
        desk.say(outcome.traceback)


def _take(desk: _Desk, job: Job, stage: Path) -> None:
    from privdom_kit.running.assembly import take_in

    files, findings = take_in(Path(job.folder), job.playbook, stage)
    desk.records[job.playbook]["files"] = files
    desk.findings += findings


def shown(reason: Message | str, language: str) -> str:
    """A reason in a language; what a notebook raised stays as it was raised."""
    return reason if isinstance(reason, str) else reason.render(language)
