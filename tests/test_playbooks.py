"""The playbooks as notebooks: their form, their stored outputs, and that nbval can fail."""

import ast
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.ipynb"))
SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")


def read(path):
    return nbformat.read(path, 4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
class TestForm:
    """What design asks of a notebook."""

    def test_title_and_size(self, path):
        """One H1 that is a question; at most 40 cells; as many text cells as code cells."""
        cells = read(path).cells
        titles = [
            line
            for cell in cells
            if cell.cell_type == "markdown"
            for line in cell.source.splitlines()
            if line.startswith("# ")
        ]
        assert len(titles) == 1
        assert titles[0].endswith("?")
        assert len(cells) <= 40
        text = sum(cell.cell_type == "markdown" for cell in cells)
        assert text >= len(cells) - text

    def test_code_is_short_and_without_logic(self, path):
        """Median of at most 3 lines; no def, class, loop or condition; imports come first."""
        cells = code_cells(path)
        assert statistics.median(len(cell.source.splitlines()) for cell in cells) <= 3
        banned = (
            ast.FunctionDef,
            ast.ClassDef,
            ast.For,
            ast.While,
            ast.If,
            ast.Lambda,
            ast.ListComp,
            ast.BinOp,
        )
        for place, cell in enumerate(cells):
            tree = ast.parse(cell.source)
            assert not [node for node in ast.walk(tree) if isinstance(node, banned)]
            imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
            assert not imports or place < 3

    def test_parameters(self, path):
        """Tagged, annotated and explained: `name: type = default  # meaning`."""
        tagged = [c for c in code_cells(path) if "parameters" in c.metadata.get("tags", ())]
        assert len(tagged) == 1
        lines = tagged[0].source.splitlines()
        assert lines[0].startswith("client: str = ")
        for line in lines:
            assert re.fullmatch(r"\w+: \w+ = .+  # .+", line), line

    def test_stored_outputs(self, path):
        """Every code cell ran in order, none failed, every question shows its numbers.

        nbval passes over a stripped notebook, so that the outputs are there is tested here.
        """
        cells = code_cells(path)
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
        shown = [cell for cell in cells if "show(" in cell.source]
        assert shown
        for cell in shown:
            kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
            assert kinds.count("text/html") >= 2, cell.source
            assert "text/plain" in kinds
            assert not [output for output in cell.outputs if output.output_type == "error"]

    def test_no_path_of_a_machine(self, path):
        """Stored outputs and metadata name no folder of the machine they were made on."""
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert str(Path.home()) + "/" not in text


def test_a_changed_number_fails(tmp_path):
    """One digit changed in one stored output of a copy: nbval must say so."""
    shutil.copytree(
        ROOT / "sample_data" / "camel_milk",
        tmp_path / "sample_data" / "camel_milk",
        ignore=shutil.ignore_patterns(".privdom"),
    )
    folder = tmp_path / "playbooks"
    folder.mkdir()
    notebook = read(ROOT / "playbooks" / "00_intake.ipynb")
    assert run_nbval(notebook, folder / "00_intake.ipynb") == 0
    changed = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("data", {}).get("text/plain", "")
            if not changed and "used = " in text:
                number = re.search(r"^used = (\d+)$", text, flags=re.M)
                assert number
                other = str(int(number[1]) + 1)
                output["data"]["text/plain"] = text.replace(number[0], f"used = {other}")
                changed += 1
    assert changed == 1
    assert run_nbval(notebook, folder / "00_intake.ipynb") == 1


def run_nbval(notebook, path):
    """Exit status of nbval over a notebook: 0 the same, 1 not."""
    nbformat.write(notebook, path)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p"),
            *("no:cacheprovider", "--nbval-cell-timeout", "120"),
            *("--nbval-sanitize-with", str(SANITIZE), "-c", "/dev/null", str(path)),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=280,
    )
    return done.returncode
