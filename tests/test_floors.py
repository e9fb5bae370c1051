"""The house has floors, and imports go down only (design.md of the project: README, map)."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "privdom_kit"

# Longest match wins. Within a floor modules may import one another as long as no cycle arises.
FLOORS = {
    "errors": 0,
    "formats": 0,
    "messages": 0,
    "labels": 0,
    "words": 0,
    "files": 0,
    "fingerprint": 0,
    "problems": 0,
    "safe_yaml": 0,
    "_lazy": 0,
    "contracts": 1,
    "settings": 1,
    "results": 1,
    "knowledge": 1,
    "tables": 1,
    "engine": 2,
    "estimates": 2,
    "clusters": 2,
    "answers": 2,
    "base": 2,
    "deliveries": 2,
    "people_files": 2,
    "events": 2,
    "relations": 2,
    "member_days": 2,
    "rubrics": 2,
    "rule_check": 2,
    "periods": 2,
    "purchases": 2,
    "suppression": 2,
    "tiers": 2,
    "client_file": 2,
    "config": 2,
    "forms": 2,
    "form_copy_tests": 2,
    "form_registers": 2,
    "report.theme": 2,
    "report.webfont": 2,
    "intake": 3,
    "layering": 3,
    "touchpoints": 3,
    "journeys": 3,
    "copy_tests": 3,
    "links": 3,
    "growth": 3,
    "report": 4,
    "client": 5,
    "session": 5,
    "__main__": 5,
    "running": 5,
    "cli": 5,
    "": 5,
}
TOPICS = ("intake", "layering", "touchpoints", "journeys", "copy_tests", "links", "growth")
# One owner for each outside tool.
OWNERS = {
    "duckdb": {"engine"},
    "pyspark": {"engine"},
    "statsmodels": {"estimates"},
    "scipy.stats": {"estimates"},
    "papermill": {"running"},
    "nbconvert": {"report"},
    "babel": {"formats", "messages", "report", "client_file"},
    "fastexcel": {"intake.workbook"},
    "yaml": {"safe_yaml", "knowledge", "report.extract"},
}
# What the engine's errors are called has to be known where files are read.
ENGINE_ERRORS = {"intake.sources", "intake.reading", "intake.preparing"}


def modules() -> dict[str, Path]:
    """Every module by its name below the package; a package is its __init__."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> list[tuple[str, bool]]:
    """Absolute names imported anywhere in a module, and whether only for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import hides its floor"
            found += [(node.module or "", id(node) in typing_only)]
            found += [(f"{node.module}.{a.name}", id(node) in typing_only) for a in node.names]
    return found


def inner(name: str) -> str | None:
    """The module of the package that a dotted name stands for; None if it is not one."""
    if name != "privdom_kit" and not name.startswith("privdom_kit."):
        return None
    below = name.removeprefix("privdom_kit").lstrip(".")
    while below and below not in MODULES:
        below = below.rpartition(".")[0]
    return below


MODULES = modules()


def floor(module: str) -> float:
    """The floor of a module; plots and describes of a topic stand above its measures."""
    parts = module.split(".")
    if parts[0] in TOPICS and len(parts) > 1 and parts[1].startswith(("plot", "describe")):
        return 4
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in FLOORS:
            return FLOORS[".".join(parts[:length])]
    raise AssertionError(f"{module} has no floor: give it one here")


def edges() -> list[tuple[str, str]]:
    found = []
    for module, path in MODULES.items():
        for name, typing_only in imports(path):
            target = inner(name)
            if target is not None and target != module and not typing_only:
                found.append((module, target))
    return sorted(set(found))


def test_imports_go_down_only():
    """No module imports from a floor above its own."""
    upward = [
        f"{a} (floor {floor(a)}) imports {b} (floor {floor(b)})"
        for a, b in edges()
        if b and floor(b) > floor(a) and not _index(a, b)
    ]
    assert upward == []


def _index(module: str, target: str) -> bool:
    """A package's index may name its own modules."""
    return target.startswith(f"{module}.")


def test_no_cycle():
    """The graph of imports, late ones included, has no cycle."""
    graph: dict[str, set[str]] = {}
    for a, b in edges():
        # `from package import module` also names the package, whose index is lazy.
        if b and not a.startswith(f"{b}."):
            graph.setdefault(a, set()).add(b)
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_topics_never_import_one_another():
    """What two topics share moves down a floor."""
    crossing = [
        (a, b)
        for a, b in edges()
        if a.split(".")[0] in TOPICS
        and b.split(".")[0] in TOPICS
        and a.split(".")[0] != b.split(".")[0]
    ]
    assert crossing == []


@pytest.mark.parametrize("tool", sorted(OWNERS))
def test_one_owner_for_each_tool(tool):
    """A tool is imported by its owner only; type hints and the engine's errors apart."""
    users = set()
    for module, path in MODULES.items():
        for name, typing_only in imports(path):
            if not typing_only and (name == tool or name.startswith(f"{tool}.")):
                users.add(module)
    if tool == "duckdb":
        users -= ENGINE_ERRORS
    owners = OWNERS[tool]
    strangers = {u for u in users if not any(u == o or u.startswith(f"{o}.") for o in owners)}
    assert strangers == set()


HEAVY = ("pandas", "numpy", "matplotlib", "duckdb", "narwhals", "scipy", "statsmodels")
HEAVIER = ("papermill", "nbconvert", "nbformat", "IPython", "pyarrow", "seaborn")


@pytest.mark.parametrize("module", ["privdom_kit", "privdom_kit.cli", "privdom_kit.config"])
def test_nothing_heavy_on_import(module):
    """Importing the package, the command line or the configuration loads no heavy library."""
    code = f"import sys, {module}; print(*sorted(set({HEAVY + HEAVIER!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


def test_the_checks_can_fail(tmp_path):
    """A module that imports upward is seen as doing so."""
    bad = tmp_path / "errors.py"
    bad.write_text("def f():\n    from privdom_kit.report import index\n")
    assert ("privdom_kit.report", False) in imports(bad)
    assert inner("privdom_kit.report.index") == "report.index"
    assert floor("report.index") > floor("errors")
