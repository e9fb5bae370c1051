"""A warm ``privdom run`` with nothing changed, whole process.

Run: ``python -m benchmarks.warm``. Target: under 1.5 s.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, Subject, compare, record

FOLDER = Path(tempfile.gettempdir()) / "privdom-bench" / "warm"


def run() -> float:
    """``privdom run`` of the bundled brand, interpreter start included."""
    command = [sys.executable, "-m", "privdom_kit", "run", str(FOLDER / "client" / "client.yml")]
    start = time.perf_counter()
    subprocess.run(
        [*command, "--out", str(FOLDER / "reports")], check=True, capture_output=True, cwd=ROOT
    )
    return time.perf_counter() - start


def main() -> None:
    """Run once cold, then time the warm runs."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(ROOT / "sample_data" / "camel_milk", FOLDER / "client")
    print(f"cold run: {run():.1f} s")
    timings = compare("Warm run, nothing changed", [Subject("warm run", "benchmarks.warm", "run")])
    timing = timings["warm run"]
    record("warm_run", {"wall_seconds": sorted(timing.wall)[2], "slowest": max(timing.wall)})


if __name__ == "__main__":
    main()
