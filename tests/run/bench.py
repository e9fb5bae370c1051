"""A tiny client and playbooks of a few cells, to run in earnest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

PARAMETERS = """\
client: str = ""  # path of client.yml
as_of: str = ""  # last day seen, ISO
language: str = ""  # zh or en
out: str = ""  # folder for results"""

# A result and its finding, made by hand: what a run does with them is what is tested here.
SHOW = """\
import pandas as pd
from privdom_kit.messages import msg
from privdom_kit.results import Coverage, Finding, Result, Verdict
from pathlib import Path
from privdom_kit.session import Show
show = Show("{name}", language, Path(out))
result = Result(
    question="{question}", methods=("S006",), verdict=Verdict.{verdict},
    table=pd.DataFrame({{"state": ["a"], "customers": [{customers}]}}), units={{}},
    settings={{"active_days": 30}}, coverage=Coverage(10, 10), as_of=as_of,
)
show(Finding(result, msg("A statement."), action={action}, money_at_stake={money}))"""


def shows(
    name: str,
    question: str = "states",
    *,
    verdict: str = "ACT",
    money: float | None = None,
    action: str = 'msg("Do it.")',
    customers: int = 12,
) -> str:
    """Source of a cell that shows one finding."""
    return SHOW.format(
        name=name,
        question=question,
        verdict=verdict,
        money=money,
        action=action,
        customers=customers,
    )


@dataclass(frozen=True)
class Ended:
    """How a call of the command line ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Bench:
    """A folder with a client, playbooks and a place for reports."""

    root: Path

    @property
    def client(self) -> Path:
        return self.root / "tiny" / "client.yml"

    @property
    def report(self) -> Path:
        return self.root / "reports" / "tiny" / "2026-05-31"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PRIVDOM_PLAYBOOKS": str(self.root / "playbooks")}

    def playbook(self, name: str, *cells: str, parameters: str = PARAMETERS) -> Path:
        """Write a playbook; the cells come after the parameters."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        first = nbformat.v4.new_code_cell(parameters)
        first.metadata["tags"] = ["parameters"]
        title = nbformat.v4.new_markdown_cell(f"# {name}")
        notebook.cells = [title, first, *map(nbformat.v4.new_code_cell, cells)]
        path = self.root / "playbooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from privdom_kit.cli import main; main()", *arguments]

    def privdom(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Call the command line in the bench's folder."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str) -> Ended:
        return self.privdom("run", "tiny/client.yml", *arguments)

    def read(self, name: str):
        """A JSON file of the report."""
        return json.loads((self.report / name).read_text(encoding="utf-8"))

    def statuses(self) -> dict[str, str]:
        return {name: one["status"] for name, one in self.read("run.json")["playbooks"].items()}

    def leftovers(self) -> list[str]:
        """What beside the report and the check stands in the client's report folder."""
        folder = self.report.parent
        known = {self.report.name, "check"}
        return sorted(p.name for p in folder.iterdir() if p.name not in known)

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the report with its content."""
        files = (path for path in self.report.rglob("*") if path.is_file())
        return {path.relative_to(self.report).as_posix(): path.read_bytes() for path in files}


def write_client(folder: Path, name: str = "tiny") -> None:
    """Two tables of two people."""
    folder.mkdir()
    (folder / "orders.csv").write_text(
        "order_id,customer_id,paid_at,amount,status\n"
        "o1,c1,2026-05-01 10:00:00,10.00,paid\n"
        "o2,c2,2026-05-02 10:00:00,20.00,paid\n",
        encoding="utf-8",
    )
    (folder / "contacts.csv").write_text(
        "external_user_id,customer_id,staff_id,added_at\nw1,c1,s1,2026-04-01 09:00:00\n",
        encoding="utf-8",
    )
    (folder / "client.yml").write_text(
        f"client: {name}\nlanguage: en\nas_of: 2026-05-31\ntables:\n"
        "  orders: {path: orders.csv}\n  contacts: {path: contacts.csv}\n",
        encoding="utf-8",
    )
