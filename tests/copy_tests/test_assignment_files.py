"""The files of an assignment: who is in them, that nothing runs, and the plan that is filed."""

from __future__ import annotations

import csv

import plan_samples as ps
import pytest

from privdom_kit import copy_tests, people_files
from privdom_kit.copy_tests.assignment_files import COLUMNS, HELD_COLUMNS, list_files
from privdom_kit.copy_tests.filed_plans import read_filed_plans
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest

ARMS = [
    ps.arm("A", control=True, link="=HYPERLINK(1)"),
    ps.arm("+B", entry_code="code-b", template=""),
]
CROWDS = [{"name": "@gold", "who": {"tiers": ["gold"]}}, {"name": "rest", "who": {}}]
PLAN = ps.plan("生日", arms=ARMS, crowds=CROWDS, holdout_share=0.25, send_hour=9)


@pytest.fixture
def made(tmp_path):
    with closing(connect()) as connection:
        members = ps.people(40, tier=["gold" if c < 8 else "x" for c in range(40)])
        base, settings = ps.base(connection, [PLAN], {"members": members})
        yield base, copy_tests.measure_assignment(base, settings), tmp_path


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_lists_hold_everybody_once_with_what_the_sender_needs(made):
    """By hand: 8 gold and 32 others; a quarter held back: 2 and 8; the rest halved."""
    base, result, folder = made
    sent, held = copy_tests.write_assignment(base, result, folder)
    assert [sent.parent.name, held.name] == ["audiences", sent.stem + "_holdout.csv"]
    header, *rows = read(sent)
    assert tuple(header) == COLUMNS
    assert len(rows) == 30
    held_header, *held_rows = read(held)
    assert tuple(held_header) == HELD_COLUMNS
    assert len(held_rows) == 10
    assert {row[2] for row in held_rows} == {"holdout"}
    ids = [row[0] for row in (*rows, *held_rows)]
    assert sorted(ids) == [f"c{n:020x}" for n in range(40)]
    counts = {(crowd, arm): 0 for crowd in ("'@gold", "rest") for arm in ("A", "'+B")}
    for row in rows:
        counts[row[1], row[2]] += 1
    assert counts == {
        ("'@gold", "A"): 3,
        ("'@gold", "'+B"): 3,
        ("rest", "A"): 12,
        ("rest", "'+B"): 12,
    }
    assert {row[6] for row in rows} == {"2026-07-06 09:00"}
    assert {tuple(row[3:6]) for row in rows if row[2] == "'+B"} == {
        ("code-b", "https://b.cn/+B", "")
    }


def test_no_cell_runs_in_a_spreadsheet(made):
    base, result, folder = made
    for path in copy_tests.write_assignment(base, result, folder):
        assert not [c for row in read(path) for c in row if c.startswith(("=", "+", "-", "@"))]


def test_the_same_files_in_parts_and_again(made, monkeypatch):
    base, result, folder = made
    whole = copy_tests.write_assignment(base, result, folder / "a")
    monkeypatch.setattr(people_files, "_CHUNK", 7)
    parts = copy_tests.write_assignment(base, result, folder / "b")
    assert [f.read_bytes() for f in whole] == [f.read_bytes() for f in parts]


def test_a_list_of_few_is_not_written_and_an_old_one_does_not_stay(made):
    base, result, folder = made
    copy_tests.write_assignment(base, result, folder)
    small = base.settings.model_copy(
        update={"privacy": base.settings.privacy.model_copy(update={"min_cell": 11})}
    )
    again = copy_tests.start.CopyBase(base.base, small, {}, base.people)
    (sent,) = copy_tests.write_assignment(again, result, folder)
    plan = base.plans[0]
    assert (sent, False) == (list_files(folder / "audiences", plan)[0], False)
    assert not list_files(folder / "audiences", plan)[1].exists()


def test_nothing_is_written_without_a_folder_or_people(made, tmp_path):
    base, result, _ = made
    assert copy_tests.write_assignment(base, result, None) == []
    assert copy_tests.file_plan(base, result, None) is None
    with closing(connect()) as connection:
        empty, settings = ps.base(connection, [])
        none = copy_tests.measure_assignment(empty, settings)
        assert copy_tests.write_assignment(empty, none, tmp_path) == []
        assert copy_tests.file_plan(empty, none, tmp_path) is None


def test_the_filed_plan_holds_the_people_drawn_and_can_be_read_back(made):
    base, result, folder = made
    path = copy_tests.file_plan(base, result, folder)
    stated = CopyTest.model_validate({**PLAN, "plan": path.name})
    filed = read_filed_plans([stated], folder)["生日"]
    assert filed.filed_on == "2026-06-30"
    assert filed.test == base.plans[0]
    sizes = {(row["crowd"], row["arm"]): row["people"] for row in filed.sizes}
    assert sizes == {
        ("@gold", "holdout"): 2, ("@gold", "A"): 3, ("@gold", "+B"): 3,
        ("rest", "holdout"): 8, ("rest", "A"): 12, ("rest", "+B"): 12,
    }  # fmt: skip
