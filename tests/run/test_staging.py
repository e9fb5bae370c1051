"""A folder that takes another's place whole, and healing of every state a kill can leave."""

import os
from pathlib import Path

import pytest

from privdom_kit.errors import ConfigError
from privdom_kit.running import staging
from privdom_kit.running.staging import check_place, free_place, heal, locked, staged


def report(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_folder_takes_the_place(tmp_path):
    final = report(tmp_path / "day", "old")
    with staged(final) as stage:
        assert stage.parent == final.parent  # one file system, so that a rename is enough
        (stage / "run.json").write_text("new")
        assert (final / "run.json").read_text() == "old"
    assert (final / "run.json").read_text() == "new"
    assert names(tmp_path) == ["day"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_leaves_the_old_one(tmp_path, error):
    final = report(tmp_path / "day", "old")
    with pytest.raises(error), staged(final) as stage:
        (stage / "run.json").write_text("half")
        raise error
    assert (final / "run.json").read_text() == "old"
    assert names(tmp_path) == ["day"]


def test_every_point_at_which_a_kill_can_fall_is_healed(tmp_path, monkeypatch):
    """Run the swap with a kill before each of its steps; afterwards a whole report stands."""
    steps = ("first rename", "second rename", "removal")
    for number, step in enumerate(steps):
        final = report(tmp_path / step / "day", "old")
        with monkeypatch.context() as patch:
            _kill_at(patch, number)
            with pytest.raises(_Killed), staged(final) as stage:
                (stage / "run.json").write_text("new")
        heal(final)
        assert (final / "run.json").read_text() == ("new" if step == "removal" else "old")
        assert names(final.parent) == ["day"]


class _Killed(BaseException):
    pass


def _kill_at(patch, number):
    """Let the number-th change of the disk raise, and every one after it (the process is gone)."""
    calls = []
    real_replace, real_rmtree = Path.replace, staging.shutil.rmtree

    def counted(real):
        def call(*args, **kwargs):
            calls.append(real)
            if len(calls) > number:
                raise _Killed
            return real(*args, **kwargs)

        return call

    patch.setattr(Path, "replace", counted(real_replace))
    patch.setattr(staging.shutil, "rmtree", counted(real_rmtree))


def test_a_report_or_nothing_may_be_replaced(tmp_path):
    check_place(tmp_path / "nothing")
    check_place(report(tmp_path / "report", "x"))
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="holds files that no run wrote"):
        check_place(tmp_path / "file")


def test_a_place_that_cannot_be_written_is_refused_before_work_begins(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        free_place(tmp_path / "file" / "reports")
    assert str(caught.value) == (
        f"Reports cannot be written to {tmp_path / 'file' / 'reports'}, as {tmp_path / 'file'} "
        "is not a writable folder. Expected a folder that you may write to. Choose another --out."
    )
    free_place(tmp_path / "new" / "deep")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="flock")
def test_the_lock_leaves_no_file_and_says_that_it_waits(tmp_path):
    said = []
    with locked(tmp_path, lambda: said.append("first")):
        pass
    child = os.fork()
    if child == 0:
        with locked(tmp_path, lambda: None):
            (tmp_path / "held").touch()
            while not (tmp_path / "release").exists():
                pass
        os._exit(0)
    while not (tmp_path / "held").exists():
        pass
    with locked(tmp_path, lambda: (said.append("waits"), (tmp_path / "release").touch())):
        pass
    os.waitpid(child, 0)
    assert said == ["waits"]
    assert names(tmp_path) == ["held", "release"]
