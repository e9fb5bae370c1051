"""Plans as files: written before the send, hashed, and read again when the test is read out.

plan.json holds each test as it was planned and a SHA-256 of it. A readout that is given the file
(``plan:`` of the test in forms.yml) goes by the file, and states what differs from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privdom_kit.errors import ConfigError
from privdom_kit.files import read_json, write_json
from privdom_kit.fingerprint import sha256_json
from privdom_kit.form_copy_tests import CopyTest

FILE = "plan.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class FiledPlan:
    """One test out of a plan.json.

    Attributes:
        test: The test as it was planned.
        filed_on: Last day of data that the plan was made on, ISO.
        sha256: Hash of the plan.
        sizes: People planned, by crowd and arm, as the plan lists them.
        file: Name of the file.
    """

    test: CopyTest
    filed_on: str
    sha256: str
    sizes: tuple[Mapping[str, Any], ...]
    file: str


def plan_content(test: CopyTest) -> dict[str, Any]:
    """A test as plan.json holds it: all but where its own file lies."""
    return test.model_dump(mode="json", exclude={"plan"})


def plan_hash(content: Mapping[str, Any], sizes: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of a planned test and its sizes."""
    return sha256_json([_FORMAT, dict(content), [dict(size) for size in sizes]])


def write_plan(
    tests: Sequence[CopyTest],
    sizes: Mapping[str, Sequence[Mapping[str, Any]]],
    as_of: str,
    folder: Path | None,
) -> Path | None:
    """Write plan.json.

    Args:
        tests: The planned tests.
        sizes: People planned, by test: rows of crowd, arm, people.
        as_of: Last day of data that the plan was made on, ISO.
        folder: Folder of the report; None writes nothing.

    Returns:
        The file; None where none was written.
    """
    if folder is None or not tests:
        return None
    entries = []
    for test in tests:
        content, rows = plan_content(test), [dict(row) for row in sizes.get(test.id, ())]
        entries.append({"test": content, "sizes": rows, "sha256": plan_hash(content, rows)})
    path = Path(folder) / FILE
    write_json(path, {"format": _FORMAT, "as_of": as_of, "tests": entries})
    return path


def read_filed_plans(tests: Sequence[CopyTest], folder: Path | None) -> dict[str, FiledPlan]:
    """The filed plans that tests name, by test.

    Args:
        tests: The tests of forms.yml.
        folder: Folder of forms.yml.

    Raises:
        ConfigError: A file is missing, is no plan, does not hold the test, or was changed.
    """
    return {
        test.id: _read(test.id, Path(folder) / test.plan)
        for test in tests
        if test.plan and folder is not None
    }


def _read(name: str, path: Path) -> FiledPlan:
    if not path.is_file():
        raise ConfigError(
            f"forms.yml: the plan of {name} is {path.name}, which is no file",
            "Expected the plan.json that was filed before the send, relative to forms.yml",
            "Correct `plan`, or remove it: the readout then says that no plan was filed",
        )
    try:
        data = read_json(path)
        entries = {entry["test"]["id"]: entry for entry in data["tests"]}
        as_of = str(data["as_of"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path.name} is no filed plan: {type(error).__name__}",
            "Expected a plan.json that playbook 04 wrote",
            "Take the file from the report of playbook 04",
        ) from error
    if name not in entries:
        raise ConfigError(
            f"{path.name} holds the tests {', '.join(entries) or 'none'}, not {name}",
            "Expected the plan of this test",
            "Correct `plan` in forms.yml",
        )
    entry = entries[name]
    if plan_hash(entry["test"], entry["sizes"]) != entry["sha256"]:
        raise ConfigError(
            f"{path.name}: the plan of {name} was changed after it was filed",
            "Expected the file as playbook 04 wrote it: its hash does not fit its content",
            "Restore the file that was filed, or remove `plan`: the readout then says so",
        )
    try:
        test = CopyTest.model_validate(entry["test"])
    except ValueError as error:
        raise ConfigError(
            f"{path.name}: the plan of {name} has another form than this version writes",
            "Expected a plan.json of this version of playbook 04",
            "Read it out with the version that filed it, or remove `plan`",
        ) from error
    return FiledPlan(
        test,
        as_of,
        str(entry["sha256"]),
        tuple(entry["sizes"]),
        path.name,
    )
