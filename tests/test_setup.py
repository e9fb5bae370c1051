"""The set-up: pins that agree, and a bootstrap that says in one sentence what is missing.

The bootstrap runs here with a stand-in for Python that writes down how it was called.
"""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
POSIX = pytest.mark.skipif(os.name == "nt", reason="make and sh")

STAND_IN = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case "$*" in
--version) echo "Python $VERSION" ;;
*sys.version_info*) exit "$TOO_OLD" ;;
*ensurepip*) exit "$NO_VENV" ;;
"-m venv --clear"*) rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
"""


@pytest.fixture
def bare(tmp_path):
    """A checkout with nothing but the set-up's own files, in a folder with a blank in its name."""
    checkout = tmp_path / "check out"
    checkout.mkdir()
    shutil.copytree(ROOT / ".ci", checkout / ".ci")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, checkout)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "cat", "cksum", "dirname", "mkdir", "cp", "rm", "make"):
        (tools / tool).symlink_to(shutil.which(tool))
    (tools / "python3").write_text(STAND_IN)
    (tools / "python3").chmod(0o755)
    return checkout


def setup(bare: Path, **environment: str) -> tuple[int, str, list[str]]:
    """Run ``make setup``; its status, its stderr, and what was called since."""
    calls = bare.parent / "calls"
    calls.write_text("")
    defaults = {"VERSION": "3.12.1", "TOO_OLD": "0", "NO_VENV": "0"}
    given = {"PATH": str(bare.parent / "tools"), "CALLS": str(calls)}
    done = subprocess.run(
        ["make", "setup"],
        cwd=bare,
        env=given | defaults | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    return done.returncode, "\n".join(told), calls.read_text().splitlines()


INSTALLS = [
    "-m venv .venv",
    "-m pip install --quiet --require-hashes -r requirements.lock",
    "-m pip install --quiet --no-deps --no-build-isolation -e .",
]


@POSIX
def test_a_bare_checkout_is_set_up_once(bare):
    status, told, calls = setup(bare)
    assert status == 0
    assert told == "Setting up .venv with Python 3.12.1; this takes a minute or two."
    assert [call for call in calls if call.startswith("-m")] == INSTALLS
    status, told, calls = setup(bare)
    assert (status, told) == (0, "")
    assert not [call for call in calls if call.startswith("-m")]


@POSIX
def test_a_new_lock_is_installed_and_a_new_pyproject_is_not_a_new_venv(bare):
    setup(bare)
    with (bare / "requirements.lock").open("a") as file:
        file.write("# changed\n")
    assert [call for call in setup(bare)[2] if call.startswith("-m")] == INSTALLS[1:]
    with (bare / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert [call for call in setup(bare)[2] if call.startswith("-m")] == INSTALLS[2:]


@POSIX
def test_a_moved_checkout_starts_anew(bare):
    setup(bare)
    moved = bare.rename(bare.with_name("moved"))
    calls = [call for call in setup(moved)[2] if call.startswith("-m")]
    assert calls == ["-m venv --clear .venv", *INSTALLS[1:]]


@POSIX
def test_a_missing_venv_is_one_sentence(bare):
    status, told, _ = setup(bare, NO_VENV="1")
    assert status == 2
    assert told == (
        "Python's venv and pip are missing; install them (on Debian and Ubuntu: "
        "apt install python3-venv) and run this again"
    )
    assert not (bare / ".venv").exists()


@POSIX
def test_an_unfit_python_is_one_sentence(bare):
    status, told, _ = setup(bare, TOO_OLD="1", VERSION="3.9.2")
    assert status == 2
    assert told == (
        "No Python 3.11, 3.12 or 3.13 was found (python3 is Python 3.9.2); install one, "
        "or name it: make setup PYTHON=/path/to/python3.12"
    )


@POSIX
def test_a_fit_python_of_another_name_is_found(bare):
    tools = bare.parent / "tools"
    (tools / "python3").rename(tools / "python3.12")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    assert setup(bare)[0] == 0


def test_the_range_of_python_is_the_same_everywhere():
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    bootstrap = (ROOT / ".ci/bootstrap").read_text("utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in bootstrap
    assert f"python {PROJECT['requires-python']}" in environment()["dependencies"]


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))


def test_environment_yml_has_the_pins_of_pyproject():
    (pip,) = [part["pip"] for part in environment()["dependencies"] if isinstance(part, dict)]
    assert pip == [*PROJECT["dependencies"], "-e ."]
    assert environment()["channels"] == ["conda-forge", "nodefaults"]


def locked() -> dict[str, list[str]]:
    """Versions by name; a name may have several, for different Pythons."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", LOCK, re.MULTILINE):
        versions.setdefault(name.lower().replace("_", "-"), []).append(version)
    return versions


@pytest.mark.parametrize(
    "wanted", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
)
def test_the_lock_satisfies_pyproject(wanted):
    requirement = Requirement(wanted)
    versions = locked()[requirement.name.lower()]
    assert all(requirement.specifier.contains(Version(version)) for version in versions)


def test_every_entry_of_the_lock_is_exact_and_hashed():
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK)
    entries = [entry for entry in entries if not entry.startswith("#")]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[A-Za-z0-9_.-]+==\S+", entry), entry[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:60]


def test_the_lock_names_no_registry():
    assert "://" not in LOCK
    options = [line for line in LOCK.splitlines() if line.startswith("-")]
    assert options == []


@POSIX
@pytest.mark.parametrize("target", ["report", "test", "lint", "bench", "setup"])
def test_make_knows_its_targets(bare, target):
    done = subprocess.run(
        ["make", "-n", target], cwd=bare, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert ".ci/bootstrap" in done.stdout


def test_ci_calls_what_people_call():
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make lint", "make test"]
