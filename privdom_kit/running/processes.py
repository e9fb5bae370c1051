"""Worker processes: started, watched, and ended with everything that they started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from privdom_kit.files import read_json, write_json
from privdom_kit.messages import Message, msg
from privdom_kit.running.jobs import Job

_TICK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a playbook went.

    Attributes:
        status: ran or failed.
        reason: One sentence: of the run (a Message) or of the notebook; empty where it ran.
        seconds: Wall seconds.
        traceback: For ``--debug``; empty where there is none.
    """

    status: str
    reason: Message | str = ""
    seconds: float = 0.0
    traceback: str = ""


@dataclass(slots=True)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    log: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def run_jobs(
    jobs: Sequence[Job],
    *,
    at_once: int,
    timeout_seconds: float,
    fail_fast: bool,
    done: Callable[[Job, Outcome], None],
) -> dict[str, Outcome]:
    """Run every job in its own process and collect the outcomes.

    Args:
        jobs: In the order in which they start.
        at_once: Processes at a time.
        timeout_seconds: Seconds after which a job is ended, with its kernel.
        fail_fast: Start no further job, and end the running ones, after a failure.
        done: Called with each job as it ends.

    Returns:
        Outcomes by playbook; a job that was never started, or was ended by ``fail_fast``, has
        none.
    """
    waiting = list(jobs)
    running: list[_Running] = []
    outcomes: dict[str, Outcome] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_start(waiting.pop(0)))
            for one in [one for one in running if _ended(one, timeout_seconds)]:
                running.remove(one)
                outcome = outcomes[one.job.playbook] = _outcome(one, timeout_seconds)
                done(one.job, outcome)
                if fail_fast and outcome.status == "failed":
                    return outcomes
            time.sleep(_TICK_SECONDS)
    finally:
        for one in running:
            _end(one)
    return outcomes


def _start(job: Job) -> _Running:
    """Start a worker; its stdin stays open as long as this process lives."""
    status = Path(job.status)
    write_json(status.with_suffix(".job.json"), job.to_dict())
    log = status.with_suffix(".log")
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "privdom_kit.running.worker", status.with_suffix(".job.json")],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # a Ctrl-C at the terminal reaches this process alone
        )
    return _Running(job, process, log)


def _ended(one: _Running, timeout_seconds: float) -> bool:
    return one.process.poll() is not None or one.seconds > timeout_seconds


def _outcome(one: _Running, timeout_seconds: float) -> Outcome:
    ended_by_itself = one.process.poll() is not None
    _end(one)
    if not ended_by_itself:
        reason: Message | str = msg(
            "It took longer than {seconds:count} seconds (settings.run.timeout_seconds).",
            seconds=timeout_seconds,
        )
        return Outcome("failed", reason, one.seconds, _log(one))
    said = read_json(Path(one.job.status))
    if said is None:
        code = one.process.returncode
        reason = msg("Its process ended with status {code} and said nothing.", code=code)
        return Outcome("failed", reason, one.seconds, _log(one))
    return Outcome(said["status"], said["reason"], one.seconds, said["traceback"])


def _log(one: _Running) -> str:
    return one.log.read_text(encoding="utf-8", errors="replace")


def _end(one: _Running) -> None:
    """End a worker and its kernel, if they still run, and free what the parent holds."""
    if one.process.poll() is None:
        kill_tree(one.process.pid)
        one.process.wait()
    if one.process.stdin:
        one.process.stdin.close()


def kill_tree(pid: int, *, itself: bool = True) -> None:
    """Kill a process's descendants, and the process itself unless told otherwise.

    It is stopped first, so that it cannot start another kernel meanwhile.
    """
    import psutil

    try:
        top = psutil.Process(pid)
        if itself and os.name != "nt":
            top.suspend()
        victims = [*top.children(recursive=True), *([top] if itself else [])]
    except psutil.NoSuchProcess:
        return
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
