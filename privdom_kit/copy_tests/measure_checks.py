"""Was a test run as a test? Every other answer of the readout rests on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.check_kinds import (
    AS_PLANNED,
    FAILED,
    NOTED,
    OK,
    UNKNOWN,
    Check,
    crowd_splits,
)
from privdom_kit.copy_tests.planned_split import split_by_arm, split_table
from privdom_kit.copy_tests.soundness import checks, failed_notes
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.deviations import Deviation
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

#: Why a question of the readout has no answer.
NO_DELIVERIES = msg("No table says who was sent which version (deliveries with an arm).")
_RULES = (
    *("control_arms", "report_hours", "window_days", "ratio_alarm", "two_arms_share"),
    *("missing_reports_share", "least_people"),
)
QUESTION = Question(
    "health",
    ("S122",),
    {
        "test": "quote: name of the test",
        "check": "text: what is checked",
        "status": "text: outcome of the check",
        "people": "count: people whom the check found",
        "of_people": "count: people whom it looked at",
        "value": "percent: share that the check found (largest difference of an arm's share)",
        "limit": "percent: share that is let pass",
        "alarm": "p_value: p-value below which the check fails",
        "p_value": "p_value: of the test behind the check",
        "p_value_adjusted": "p_value: corrected for the number of crowds (Holm)",
        "crowd": "quote: name of the crowd",
        "arm": "quote: name of the arm",
        "held_back": "text: whether the people were sent nothing",
        "arm_people": "count: people of the arm who are in no other",
        "planned_people": "count: people that the plan would have there",
        "arm_share": "percent: share of people of the test",
        "planned_share": "percent: share that was planned",
        "gap": "points: largest difference from a planned share",
        "crowd_people": "count: people of the crowd",
        "deviation": "quote: what differs from the filed plan",
        "tests": "count: tests",
        "failed_tests": "count: tests with a failed check",
        "failed": "count: failed checks",
        "noted": "count: checks that found something to be known",
        "unknown": "count: checks that could not be made",
        "passed": "count: checks that passed",
    },
)


def measure_health(base: CopyBase, settings: Settings) -> Result:
    """The checks of every test: split, people in two places, reports, windows, deviations.

    The split is tested once, at the readout, over all arms and the people held back against the
    plan (Pearson's chi-squared; Fabijan et al., Diagnosing sample ratio mismatch, KDD 2019), over
    all people and crowd by crowd (Holm); without a plan it is unknown, which is no pass.

    Returns:
        ``table``: a row a test and check: ``status`` ok, failed (the comparison of arms is wrong),
        noted (to be known; biases nothing by itself) or unknown. ``tables["arms"]``: people by arm
        against the plan. ``tables["crowds"]``: the split by crowd. ``tables["deviations"]``: what
        differs from the filed plan. Verdict act: a check failed; clear: all were made and are ok.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if base.units is None:
        return QUESTION.unanswered(
            base.base.as_of,
            Verdict.NOT_MEASURED,
            NO_DELIVERIES,
            used,
            coverage=base.base.coverage("deliveries"),
        )
    return _answer(base, settings, used)


def _answer(base: CopyBase, settings: Settings, used: dict[str, Any]) -> Result:
    least = settings.privacy.min_cell
    deviations = {test: _deviations(base, test) for test in base.tests()}
    table = _check_table(base, deviations)
    figures = _figures(table)
    shown, cells = suppress(table, "people", ["value"], least, groups=())
    arms, more = suppress(_arm_table(base), "arm_people", ["arm_share"], least, groups=(("test",),))
    crowds, again = suppress(
        _crowd_table(base), "crowd_people", ["gap"], least, groups=(("test",),)
    )
    return QUESTION.answer(
        base.base.as_of,
        _judge(set(table["status"])),
        shown,
        used,
        coverage=base.units.coverage,  # type: ignore[union-attr]
        figures=figures,
        tables={"arms": arms, "crowds": crowds, "deviations": _deviation_table(deviations)},
        notes=(*failed_notes(base), *_notes(base), *suppression_note(cells + more + again, least)),
    )


def _deviations(base: CopyBase, test: str) -> tuple[Deviation, ...]:
    from privdom_kit.copy_tests.deviations import deviations

    return deviations(base, test)


def _judge(statuses: set[str]) -> Verdict:
    if FAILED in statuses:
        return Verdict.ACT
    return Verdict.CLEAR if statuses == {OK} else Verdict.WATCH


def _check_table(base: CopyBase, deviations: dict[str, tuple[Deviation, ...]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for test, found in deviations.items():
        made = (*checks(base, test), Check(AS_PLANNED, NOTED if found else OK))
        rows += [{"test": test} | _check_row(check) for check in made]
    columns = ["test", "check", "status", "people", "of_people", "value", "limit", "alarm"]
    table = pd.DataFrame(rows, columns=[*columns, "p_value"])
    numbers = dict.fromkeys(("value", "limit", "alarm", "p_value"), "float64")
    return table.astype(dict.fromkeys(("people", "of_people"), "Int64") | numbers)


def _check_row(check: Check) -> dict[str, Any]:
    """The limit of a split is a p-value, that of the others a share."""
    split = check.people is None and check.p_value is not None
    return {
        "check": check.name,
        "status": check.status,
        "people": check.people,
        "of_people": check.of_people,
        "value": check.value,
        "limit": None if split else check.limit,
        "alarm": check.limit if split else None,
        "p_value": check.p_value,
    }


def _figures(table: pd.DataFrame) -> dict[str, Any]:
    status = table["status"]
    return {
        "tests": int(table["test"].nunique()),
        "failed_tests": int(table.loc[status == FAILED, "test"].nunique()),
        "failed": int((status == FAILED).sum()),
        "noted": int((status == NOTED).sum()),
        "unknown": int((status == UNKNOWN).sum()),
        "passed": int((status == OK).sum()),
    }


def _arm_table(base: CopyBase) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for test in base.tests():
        arms = split_by_arm(split_table(base, test))
        people, planned = arms["people"].sum(), arms["planned_people"]
        parts.append(
            pd.DataFrame(
                {
                    "test": test,
                    "arm": arms["arm"],
                    "held_back": ["true" if held else "false" for held in arms["held"]],
                    "arm_people": arms["people"],
                    "arm_share": arms["people"] / people if people else float("nan"),
                    "planned_people": planned,
                    "planned_share": planned / people if people else float("nan"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _crowd_table(base: CopyBase) -> pd.DataFrame:
    import pandas as pd

    parts = [crowd_splits(base, test).assign(test=test) for test in base.tests()]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["crowd"].notna()].rename(columns={"people": "crowd_people"})
    columns = ["test", "crowd", "crowd_people", "gap", "p_value", "p_value_adjusted"]
    return table[columns].reset_index(drop=True)


def _deviation_table(deviations: dict[str, tuple[Deviation, ...]]) -> pd.DataFrame:
    import pandas as pd

    rows = [(test, one.sentence) for test, found in deviations.items() for one in found]
    return pd.DataFrame(rows, columns=["test", "deviation"]).astype(object)


def _notes(base: CopyBase) -> tuple[Message, ...]:
    return (
        msg(
            "A check that could not be made is no pass. Failed: the comparison of versions is "
            "wrong. Noted: to be known, biases nothing by itself."
        ),
        msg(
            "The split is tested once, at the readout, and fails below p = {alarm:p_value}: a "
            "sound test falls below it once in {times:count} readouts.",
            alarm=base.settings.copy_tests.ratio_alarm,
            times=1 / base.settings.copy_tests.ratio_alarm,
        ),
    )
