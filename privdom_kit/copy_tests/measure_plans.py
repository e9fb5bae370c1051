"""Question hypotheses: the register of planned tests, and whether each can be read out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.measure_lint import NO_PLANS
from privdom_kit.copy_tests.pace import finished_figures, measure_pace
from privdom_kit.copy_tests.plan_changes import plan_changes
from privdom_kit.copy_tests.plan_gaps import (
    MISSING,
    STATED,
    UNREADABLE,
    Item,
    check_items,
    hook_of,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import Settings

_UNITS = {
    "test": "quote: name of the test",
    "channel": "text: channel",
    "hypothesis": "quote: what is expected, and why",
    "primary": "text: the one outcome that decides",
    "minimum_difference": "gap: smallest difference worth finding, of people",
    "minimum_lift": "percent: the same relative to the share under the present copy",
    "baseline": "percent: share under the present copy, as stated",
    "arms": "count: versions of the copy",
    "control": "quote: arm with the copy in use",
    "crowds": "count: crowds",
    "guardrails": "count: outcomes that must not get worse",
    "looks": "quote: planned looks, in shares of the planned people",
    "spending": "text: how the looks spend the chance of a false claim",
    "window_days": "days: days in which outcomes count",
    "holdout_share": "percent: share of each crowd that is sent nothing",
    "starts_on": "date: first day of sending, as planned",
    "ends_on": "date: last day of sending, as planned",
    "filed_on": "date: last day of data that the filed plan was made on",
    "sha256": "quote: hash of the filed plan",
    "gaps": "count: needed items that the plan lacks",
    "state": "text: state of the plan, of an item or of a cell",
    "arm": "quote: name of the arm",
    "in_use": "text: whether it is the copy in use",
    "incentive": "quote: what the person gets",
    "incentive_cost": "money: cost for each friend who takes it",
    "hook": "quote: what moves people to act",
    "arm_share": "percent: share of the people sent to",
    "entry_code": "quote: state of the arm's code or link, as stated",
    "metric": "text: outcome that must not get worse",
    "margin": "gap: rise that is put up with, of people sent to",
    "item": "text: item of the plan",
    "needed": "text: whether the readout rests on the item",
    "crowd": "quote: name of the crowd",
    "cell_arms": "count: arms of all tests with this hook for this crowd",
    "cell_tests": "count: tests that they belong to",
    "subject": "quote: arm, crowd or guard-rail",
    "field": "text: field of the plan",
    "filed_value": "quote: value in the filed plan",
    "value_now": "quote: value in forms.yml",
    "first_send": "date: day of the first send",
    "last_send": "date: day on which the last people were first sent to",
    "readable_on": "date: day on which the last outcome window is over",
    "cycle_days": "days: from the first send to the day on which the test can be read",
    "over": "text: whether that day is past",
    "planned": "text: whether forms.yml plans the test",
    "tests": "count: tests planned",
    "complete_tests": "count: tests whose plan has all that is needed, and was filed",
    "unreadable_tests": "count: tests that cannot be read out as planned",
    "filed_tests": "count: tests whose plan was filed",
    "sent_tests": "count: planned tests that were sent",
    "unplanned_tests": "count: tests that were sent and are in no plan",
    "matrix_cells": "count: hooks times crowds",
    "matrix_filled": "count: of those, cells for which some test has an arm",
    "finished_tests": "count: tests sent whose outcome windows are over",
    "months": "number: months from the first send of all to the last day seen",
    "tests_per_month": "number: tests finished / months, from one month on",
    "median_cycle_days": "days: median over the tests finished",
}
QUESTION = Question("hypotheses", ("S004", "S120", "S146"), _UNITS)
_SETTINGS = ("copy_tests.window_days", "copy_tests.kept_days")
COMPLETE = "complete"


def measure_hypotheses(base: CopyBase, settings: Settings) -> Result:
    """The planned tests: what each states, what it lacks, whether it was filed before the send.

    A filed plan is what counts; what forms.yml states otherwise today is listed. Hooks by crowds
    are a matrix (S004): a cell has one arm, cells are never pooled to reach a number of people.
    Crowds whom no order tells are to be offered a membership pack (S120). The pace (S146) is that
    of the tests in the deliveries: days from the first send until the last window is over.

    Args:
        base: The client's copy tests.
        settings: All settings.

    Returns:
        ``table``: a row a test with its plan, the number of needed items that it lacks, and its
        state (complete, missing, unreadable). ``tables``: ``checklist`` (items by test), ``arms``,
        ``guardrails``, ``matrix`` (hook by crowd), ``changes`` (filed against forms.yml),
        ``pace``. act: some test cannot be read out: fewer than two groups, no control and nobody
        held back, or filed after its first send. watch: something needed is missing, among it a
        filed plan. clear: all are complete and filed. not_measured: no plans.
    """
    used = used_settings(settings, *_SETTINGS)
    if not base.plans:
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, NO_PLANS, used)
    names = [plan.id for plan in base.plans]
    items = {name: check_items(base, name) for name in names}
    plans = [plan for name in names if (plan := base.plan(name)) is not None]
    table = _table(base, plans, items, settings)
    matrix, pace = _matrix(plans), measure_pace(base, settings.copy_tests)
    tables = {
        "checklist": _checklist(items),
        "arms": _arms(plans),
        "guardrails": _guardrails(plans),
        "matrix": matrix,
        "changes": _changes(base),
        "pace": pace,
    }
    return QUESTION.answer(
        base.base.as_of,
        _judge(table),
        table,
        used,
        coverage=Coverage(len(names), len(names)),
        figures=_figures(base, table, matrix) | finished_figures(pace, base.base.as_of_day),
        tables={name: found for name, found in tables.items() if len(found)},
        notes=_notes(base),
    )


def _judge(table: pd.DataFrame) -> Verdict:
    states = set(table["state"])
    if UNREADABLE in states:
        return Verdict.ACT
    return Verdict.CLEAR if states == {COMPLETE} else Verdict.WATCH


def _table(
    base: CopyBase, plans: Sequence[CopyTest], items: dict[str, list[Item]], settings: Settings
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for plan in plans:
        filed = base.filed.get(plan.id)
        lacking = [i for i in items[plan.id] if i.needed and i.state != STATED]
        unreadable = any(item.state == UNREADABLE for item in lacking)
        rows.append(
            {
                "test": plan.id,
                "channel": plan.channel,
                "hypothesis": plan.hypothesis.strip() or None,
                "primary": plan.primary,
                "minimum_difference": plan.minimum_difference,
                "minimum_lift": plan.minimum_lift,
                "baseline": plan.baseline,
                "arms": len(plan.arms),
                "control": plan.control.name if plan.control else None,
                "crowds": len(plan.crowds),
                "guardrails": len(plan.guardrails),
                "looks": ", ".join(f"{look:g}" for look in plan.looks),
                "spending": plan.spending if len(plan.looks) > 1 else None,
                "window_days": plan.window_days or settings.copy_tests.window_days,
                "holdout_share": plan.holdout_share,
                "starts_on": _iso(plan.starts_on),
                "ends_on": _iso(plan.ends_on),
                "filed_on": filed.filed_on if filed else None,
                "sha256": filed.sha256 if filed else None,
                "gaps": len(lacking),
                "state": UNREADABLE if unreadable else MISSING if lacking else COMPLETE,
            }
        )
    numbers = dict.fromkeys(("minimum_difference", "minimum_lift", "baseline"), "Float64")
    return pd.DataFrame(rows).astype(numbers)


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def _checklist(items: dict[str, list[Item]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"test": test, "item": item.name, "needed": item.needed, "state": item.state}
            for test, found in items.items()
            for item in found
        ]
    )


def _arms(plans: Sequence[CopyTest]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "test": plan.id,
            "arm": arm.name,
            "in_use": arm.control,
            "incentive": arm.incentive or None,
            "incentive_cost": arm.incentive_cost,
            "hook": arm.hook or None,
            "arm_share": arm.weight / sum(other.weight for other in plan.arms),
            "entry_code": arm.entry_code or None,
        }
        for plan in plans
        for arm in plan.arms
    ]
    table = pd.DataFrame(rows)
    return table.astype({"incentive_cost": "Float64"}) if rows else table


def _guardrails(plans: Sequence[CopyTest]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"test": plan.id, "metric": g.metric, "margin": g.margin, "baseline": g.baseline}
        for plan in plans
        for g in plan.guardrails
    ]
    table = pd.DataFrame(rows)
    return table.astype({"baseline": "Float64"}) if rows else table


def _matrix(plans: Sequence[CopyTest]) -> pd.DataFrame:
    """Hooks by crowds over all tests: how many arms each cell has, each cell for itself (S004)."""
    import pandas as pd

    cells: dict[tuple[str, str], list[str]] = {}
    for plan in plans:
        for crowd in plan.crowds:
            for arm in plan.arms:
                if hook := hook_of(arm):
                    cells.setdefault((hook, crowd.name), []).append(plan.id)
    hooks = dict.fromkeys(hook for hook, _ in cells)
    crowds = dict.fromkeys(crowd.name for plan in plans for crowd in plan.crowds)
    rows = []
    for hook in hooks:
        for name in crowds:
            tests = cells.get((hook, name), [])
            doubled = len(tests) > len(set(tests))
            state = "no_arm" if not tests else "several_arms" if doubled else "one_arm"
            rows.append(
                {
                    "hook": hook,
                    "crowd": name,
                    "cell_arms": len(tests),
                    "cell_tests": len(set(tests)),
                    "state": state,
                }
            )
    return pd.DataFrame(rows)


def _changes(base: CopyBase) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for plan in base.plans:
        if (filed := base.filed.get(plan.id)) is None:
            continue
        rows += [
            {
                "test": plan.id,
                "subject": change.subject or None,
                "field": change.field,
                "filed_value": change.filed,
                "value_now": change.found,
            }
            for change in plan_changes(filed.test, plan)
        ]
    return pd.DataFrame(rows)


def _figures(base: CopyBase, table: pd.DataFrame, matrix: pd.DataFrame) -> dict[str, Any]:
    sent, planned = set(base.tests()), set(table["test"])
    return {
        "tests": len(table),
        "complete_tests": int((table["state"] == COMPLETE).sum()),
        "unreadable_tests": int((table["state"] == UNREADABLE).sum()),
        "filed_tests": int(table["sha256"].notna().sum()),
        "sent_tests": len(sent & planned),
        "unplanned_tests": len(sent - planned),
        "matrix_cells": len(matrix),
        "matrix_filled": int((matrix["cell_arms"] > 0).sum()) if len(matrix) else 0,
    }


def _notes(base: CopyBase) -> tuple[Message, ...]:
    notes = []
    if unplanned := tuple(name for name in base.tests() if base.plan(name) is None):
        notes.append(
            msg("Sent, and in no plan of forms.yml: {tests:list}.", tests=unplanned[:_MOST_NAMED])
        )
    notes.append(
        msg(
            "Arms that share a hook, and crowds that share an arm, are read one by one; their "
            "people are never added up to reach a number."
        )
    )
    return tuple(notes)


_MOST_NAMED = 6
