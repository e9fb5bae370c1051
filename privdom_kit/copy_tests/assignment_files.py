"""The files that go to the sender, and the plan that is filed: keyed ids only, nothing raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.allotting import arm_names
from privdom_kit.copy_tests.entry_codes import short_name
from privdom_kit.copy_tests.filed_plans import write_plan
from privdom_kit.copy_tests.plan_times import plans_to_draw
from privdom_kit.copy_tests.planned_people import arm_people, crowd_sizes
from privdom_kit.people_files import people_rows, write_people

if TYPE_CHECKING:
    from privdom_kit.copy_tests.measure_split import Assignment
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest

COLUMNS = ("customer_id", "crowd", "arm", "entry_code", "link", "template", "send_after")
HELD_COLUMNS = ("customer_id", "crowd", "arm")
_LONGEST = 60  # characters of a file's name that are kept of the test's


def write_assignment(base: CopyBase, result: Assignment, folder: Path | None) -> list[Path]:
    """Write ``audiences/<test>.csv`` for the sender, and who is held back beside it.

    People held back stand in ``<test>_holdout.csv`` only, as they are sent nothing; the file is
    kept for the readout, which has to know them, and goes to nobody. A list of fewer people than
    ``privacy.min_cell`` is not written.

    Args:
        base: The base.
        result: What :func:`measure_assignment` returned.
        folder: Folder of the report; None writes nothing.

    Returns:
        The files, test by test.
    """
    if folder is None or not result.members:
        return []
    place = Path(folder) / "audiences"
    place.mkdir(parents=True, exist_ok=True)
    for plan in base.plans:
        for path in list_files(place, plan):
            # A list of an earlier run that is not written any more must not look current.
            path.unlink(missing_ok=True)
    plans = {plan.id: plan for plan in base.plans}
    return [
        path for test in result.members for path in _write_test(base, result, plans[test], place)
    ]


def list_files(place: Path, plan: CopyTest) -> tuple[Path, Path]:
    """The file of who is sent something, and that of who is held back."""
    name = short_name(plan.id, _LONGEST)
    return place / f"{name}.csv", place / f"{name}_holdout.csv"


def file_plan(base: CopyBase, result: Assignment, folder: Path | None) -> Path | None:
    """Write plan.json: the tests that are still to be sent, with the people planned, hashed.

    People are those drawn; of crowds that no rule finds, those that the plan states.

    Args:
        base: The base.
        result: What :func:`measure_assignment` returned.
        folder: Folder of the report; None writes nothing.

    Returns:
        The file; None where there is nothing to file.
    """
    tests = plans_to_draw(base)
    sizes = {plan.id: [*_sizes(base, result, plan)] for plan in tests}
    return write_plan(tests, sizes, base.base.as_of, folder)


def _sizes(base: CopyBase, result: Assignment, plan: CopyTest) -> Iterator[Mapping[str, Any]]:
    drawn = result.sizes.get(plan.id, [])
    yield from drawn
    known, names = {row["crowd"] for row in drawn}, arm_names(base, plan)
    for size in crowd_sizes(base, plan):
        if size.crowd in known or size.people is None or not plan.arms:
            continue
        for place, people in enumerate(arm_people(plan, size.people)):
            if place or plan.holdout_share > 0:
                yield {"crowd": size.crowd, "arm": names[place], "people": people}


def _write_test(base: CopyBase, result: Assignment, plan: CopyTest, place: Path) -> Iterator[Path]:
    import narwhals as nw

    members = result.members[plan.id]
    names = arm_names(base, plan)
    counts = [0] * len(names)
    for row in result.sizes[plan.id]:
        counts[names.index(row["arm"])] += row["people"]
    least = max(base.settings.privacy.min_cell, 1)
    sent, held = list_files(place, plan)
    if sum(counts[1:]) >= least:
        rows = _rows(members.filter(nw.col("arm") > 0), plan, names)
        yield write_people(sent, COLUMNS, (row + _details(result, plan, row[2]) for row in rows))
    if counts[0] >= least:
        yield write_people(
            held, HELD_COLUMNS, _rows(members.filter(nw.col("arm") == 0), plan, names)
        )


def _rows(members: Any, plan: CopyTest, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    crowds = tuple(crowd.name for crowd in plan.crowds) or ("",)
    return people_rows(members, HELD_COLUMNS, {"crowd": crowds, "arm": names})


def _details(result: Assignment, plan: CopyTest, name: str) -> tuple[str, ...]:
    arm = next(arm for arm in plan.arms if arm.name == name)
    return (result.codes[plan.id, name], arm.link, arm.template, send_after(plan))


def send_after(plan: CopyTest) -> str:
    """When sending may begin, as the client's clock shows it; empty where it is not stated."""
    if plan.starts_on is None:
        return ""
    hour = "" if plan.send_hour is None else f" {plan.send_hour:02}:00"
    return f"{plan.starts_on.isoformat()}{hour}"
