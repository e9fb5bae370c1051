"""Laws of a run that is stopped: nothing half-written, the last good report stands, no orphans."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

# Says in a file that the kernel is up, and which process it is.
BUSY = "import os, time\nopen({mark!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"


def start(bench) -> subprocess.Popen:
    return subprocess.Popen(
        bench.command("run", "tiny/client.yml"),
        cwd=bench.root,
        env=bench.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, seconds: float = 60) -> int:
    """The kernel's process, once it has written its mark."""
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, "the kernel did not start"
        time.sleep(0.05)
    return int(path.read_text())


def wait_gone(pid: int, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def busy(bench):
    """A good report, then a run of a playbook that never ends."""
    bench.playbook("00_first", "1 + 1")
    assert bench.run().status == 0
    mark = bench.root / "mark"
    bench.playbook("00_first", BUSY.format(mark=str(mark)))
    return bench, bench.snapshot(), mark


@pytest.mark.parametrize(
    ("number", "status"),
    # what a shell gives for a process that ended by that signal: 128 + its number (POSIX)
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
)
def test_a_stopped_run_leaves_no_trace(busy, number, status):
    bench, before, mark = busy
    runner = start(bench)
    kernel = wait_for(mark)
    children = psutil.Process(runner.pid).children(recursive=True)
    assert kernel in [child.pid for child in children]
    runner.send_signal(number)
    stdout, stderr = runner.communicate(timeout=30)
    assert runner.returncode == status
    assert stdout == ""
    name = signal.Signals(number).name
    assert stderr.splitlines()[-1] == f"Stopped by {name}; the last good report stands."
    assert "Traceback" not in stderr
    assert all(wait_gone(child.pid) for child in children)
    assert bench.snapshot() == before
    assert bench.leftovers() == []


def test_a_killed_run_leaves_no_orphans_and_the_next_one_heals(busy):
    bench, before, mark = busy
    runner = start(bench)
    kernel = wait_for(mark)
    runner.kill()
    runner.communicate(timeout=30)
    assert wait_gone(kernel)
    assert bench.snapshot() == before
    assert bench.leftovers() != []  # nobody was left to remove what it had begun
    bench.playbook("00_first", "1 + 1")
    assert bench.run().status == 0
    assert bench.leftovers() == []


def test_a_run_waits_for_another_of_the_same_client(busy):
    bench, _, mark = busy
    first = start(bench)
    wait_for(mark)
    second = start(bench)
    try:
        assert second.stderr is not None
        line = second.stderr.readline()
        assert line == "tiny: another run of this client is under way; waiting for it to end\n"
        bench.playbook("00_first", "1 + 1")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
        second.communicate(timeout=60)
        assert second.returncode == 0
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    assert bench.leftovers() == []
