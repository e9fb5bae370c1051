"""The bench of the tests of a run."""

from pathlib import Path

import pytest
from run.bench import Bench, write_client


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A client of two tables, no playbook yet."""
    write_client(tmp_path / "tiny")
    return Bench(tmp_path)
