"""A report is built out of sight and moved into place whole; what a killed run left is healed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from privdom_kit.errors import ConfigError

RECORD = "run.json"


@contextmanager
def locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a folder's lock; wait, after saying so once, while another run holds it.

    The lock is the system's, on the folder itself: no file is left behind, and it is free as soon
    as its holder ends, however it ends. Where the system cannot lock a folder (Windows, some
    network drives) nothing is locked.

    Args:
        folder: An existing folder.
        waiting: Called once before waiting.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _take(fcntl, handle, waiting)
        yield
    finally:
        os.close(handle)


def _take(fcntl: Any, handle: int, waiting: Callable[[], None]) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.EBADF, errno.ENOLCK, errno.ENOTSUP):
            raise


@contextmanager
def staged(final: Path) -> Iterator[Path]:
    """A folder beside ``final`` to build in; it takes the place of ``final`` at the end.

    If the block raises, whatever it is, the folder is removed and ``final`` stays as it was.

    Raises:
        ConfigError: ``final`` holds files that no run wrote.
    """
    check_place(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    stage = final.with_name(f".{final.name}.new.{uuid.uuid4().hex[:8]}")
    stage.mkdir()
    try:
        yield stage
        _swap(stage, final)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def check_place(final: Path) -> None:
    """Refuse to replace a folder that holds something else than a report.

    Raises:
        ConfigError: It holds files that no run wrote, or is not a folder.
    """
    if final.is_dir() and ((final / RECORD).is_file() or not any(final.iterdir())):
        return
    if final.exists():
        raise ConfigError(
            f"{final} holds files that no run wrote",
            f"Expected a report (with {RECORD}) or nothing there",
            "Move them away or choose another --out",
        )


def heal(final: Path) -> None:
    """Put right what a run that was killed outright left beside ``final``.

    Called under the client's lock, so that whatever is found belongs to no running process: the
    last good report, moved aside, goes back into its place; half-built folders are removed.
    """
    old = sorted(final.parent.glob(f".{final.name}.old.*"))
    if old and not final.exists():
        old.pop().replace(final)
    for leftover in [*old, *final.parent.glob(f".{final.name}.new.*")]:
        shutil.rmtree(leftover, ignore_errors=True)


def _swap(stage: Path, final: Path) -> None:
    """Two renames on one file system, with no signal between them."""
    old = final.with_name(stage.name.replace(".new.", ".old."))
    with _signals_held():
        if final.exists():
            final.replace(old)
        stage.replace(final)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _signals_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def free_place(folder: Path) -> None:
    """Make sure that reports can be written below a folder, without making it.

    Raises:
        ConfigError: They cannot.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(
            f"Reports cannot be written to {folder}, as {there} is not a writable folder",
            "Expected a folder that you may write to",
            "Choose another --out",
        )
