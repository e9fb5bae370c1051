"""Time subjects in turn, each run in a process of its own, and print medians with min and max."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Subject:
    """Something timed.

    Attributes:
        name: As it is shown.
        module: Module that has it.
        function: Function without arguments; it returns the seconds that count (so that the
            start of the interpreter does not), or None where the whole process counts.
    """

    name: str
    module: str
    function: str


@dataclass(frozen=True, slots=True)
class Timing:
    """Runs of one subject: wall and CPU seconds, peak memory in MB."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    peak_mb: tuple[float, ...]

    def line(self, name: str) -> str:
        """Medians with min and max."""
        wall, cpu = statistics.median(self.wall), statistics.median(self.cpu)
        return (
            f"{name:44s} wall {wall:7.3f} s ({min(self.wall):.3f} to {max(self.wall):.3f})  "
            f"cpu {cpu:7.3f} s  peak {max(self.peak_mb):6.0f} MB"
        )


def compare(title: str, subjects: Sequence[Subject], runs: int = 5) -> dict[str, Timing]:
    """Run the subjects in turn (A B A B ..), after one run of each that does not count."""
    seen: dict[str, list[tuple[float, float, float]]] = {s.name: [] for s in subjects}
    for run in range(runs + 1):
        for subject in subjects:
            figures = _run(subject)
            if run:
                seen[subject.name].append(figures)
    timings = {name: Timing(*zip(*rows, strict=True)) for name, rows in seen.items()}
    print(f"\n{title} ({runs} runs each, in turn)")
    for name, timing in timings.items():
        print("  " + timing.line(name))
    return timings


def ratio(a: Timing, b: Timing) -> float:
    """Median of the ratios of wall time, pair by pair."""
    return statistics.median(x / y for x, y in zip(a.wall, b.wall, strict=True))


def record(name: str, figures: dict[str, float]) -> None:
    """Print figures and keep them in ``benchmarks/results.json`` with the machine."""
    for key, value in figures.items():
        print(f"  {name}: {key} = {value:.3g}")
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    known[name] = {**figures, "machine": machine, "measured_on": time.strftime("%Y-%m-%d")}
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def _run(subject: Subject) -> tuple[float, float, float]:
    code = (
        f"import {subject.module} as m, time, json\n"
        f"s = time.perf_counter(); r = m.{subject.function}(); e = time.perf_counter() - s\n"
        f"print(json.dumps(r if isinstance(r, float) else e))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{subject.name} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(output.strip().splitlines()[-1]), cpu, usage.ru_maxrss / 1024
