"""The README says what works: its commands are run, its figures and paths are looked up."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.S)
LINES = [
    line.split("#")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.strip()
]
COMMANDS = [line for line in LINES if not line.startswith("make ")]
TARGETS = [line.split()[1] for line in LINES if line.startswith("make ")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """What the commands need of a checkout, so that they write elsewhere."""
    folder = tmp_path_factory.mktemp("readme")
    ignore = shutil.ignore_patterns(".privdom", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "sample_data", folder / "sample_data", ignore=ignore)
    shutil.copytree(ROOT / "playbooks", folder / "playbooks", ignore=ignore)
    return folder


def test_there_is_something_to_run():
    """The blocks are found: both make targets and every command of the console script."""
    assert {"report", "test"} <= set(TARGETS)
    assert {line.split()[1] for line in COMMANDS if line.startswith("privdom")} == {
        "check",
        "run",
        "methods",
        *(["new"] if "privdom new" in README else []),
    }


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_command_runs(line, checkout):
    """Each command ends with status 0 in a checkout."""
    program, *arguments = shlex.split(line)
    module = {"privdom": "privdom_kit", "papermill": "papermill"}[program]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("target", TARGETS)
def test_make_target_exists(target):
    """``make -n`` knows the target (running it is what CI does)."""
    done = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_sample_configuration_is_valid(tmp_path):
    """The client.yml of the README is read without a complaint."""
    from privdom_kit.config import read_config

    text = next(block for language, block in BLOCKS if language == "yaml")
    (tmp_path / "client.yml").write_text(text, encoding="utf-8")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "orders.csv").write_text("x")
    config = read_config(tmp_path)
    assert config.client == "my_brand"
    for inline in re.findall(r"`settings: (\{.*?\}\})`", README):
        yaml.safe_load(inline)


def test_the_method_counts_are_those_of_the_catalogue():
    """Total, available and planned."""
    from privdom_kit.knowledge import load_methods

    methods = load_methods().values()
    available = sum(method.status == "available" for method in methods)
    words = " ".join(README.split())
    assert f"holds {len(methods)} methods" in words
    assert f"{available} are computed" in words
    assert f"{len(methods) - available} are marked `planned`" in words


def test_named_paths_exist():
    """Pictures, and the files and folders that the text names."""
    named = re.findall(r"!\[.*?\]\((.*?)\)", README)
    named += [p for p in re.findall(r"`([\w./-]+)`", README) if "/" in p and "<" not in p]
    made = ("reports/", ".venv/", ".privdom/")
    missing = [p for p in named if not p.startswith(made) and not (ROOT / p).exists()]
    assert missing == []


def test_the_table_of_playbooks_is_complete():
    """Every notebook has its line, with its own heading."""
    import nbformat

    for path in sorted((ROOT / "playbooks").glob("*.ipynb")):
        heading = nbformat.read(path, 4).cells[0].source.removeprefix("# ")
        assert f"| `{path.stem}` | {heading} |" in README


def test_the_lines_of_python_run():
    """The calls on events, paths and a matrix of one's own, as they stand in the README."""
    import pandas as pd

    events = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 2, 2],
            "occurred_at": pd.to_datetime(
                ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-01", "2026-01-09"]
            ),
            "event": ["visit", "add", "order", "visit", "add"],
        }
    )
    paths = pd.DataFrame({"path": [["a", "b"]], "conversions": [1], "value": [9.0], "nulls": [1]})
    states = ["add", "order", "removed"]
    matrix = pd.DataFrame([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1]], index=states, columns=states)
    texts = [text for language, text in BLOCKS if language == "python"]
    lines = [line for text in texts for line in text.splitlines()]
    calls = [line for line in lines if line.startswith(("journeys.", "estimates."))]
    assert len(calls) == 10
    for call in calls:
        scope = {"events": events, "paths": paths, "matrix": matrix}
        exec("from privdom_kit import estimates, journeys\nanswer = " + call, scope)
        assert scope["answer"] is not None
