"""Whether a test was run as a test: the checks that every other verdict of the readout rests on.

A failed check downgrades every verdict of its test to ``watch`` at most and is named there.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.copy_tests import check_kinds
from privdom_kit.copy_tests.check_kinds import (
    CROWD_RATIO,
    FAILED,
    HELD_UNTOUCHED,
    REPORTS,
    SAMPLE_RATIO,
    TWO_ARMS,
    TWO_TESTS,
    Check,
    holdout_recorded,
    made_checks,
)
from privdom_kit.copy_tests.planned_split import planned_weights
from privdom_kit.messages import Message, msg
from privdom_kit.results import Verdict

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

__all__ = [
    "checks",
    "combine_verdicts",
    "downgrade",
    "failed_checks",
    "failed_notes",
    "failed_words",
    "holdout_recorded",
    "planned_weights",
]

_kept: weakref.WeakKeyDictionary[CopyBase, dict[str, tuple[Check, ...]]] = (
    weakref.WeakKeyDictionary()
)


def checks(base: CopyBase, test: str) -> tuple[Check, ...]:
    """The checks of a test in the order of ``check_kinds.CHECKS``; made once a base.

    Deviations from the plan are among those of :mod:`privdom_kit.copy_tests.measure_checks` only:
    they are told, and fail nothing.
    """
    made = _kept.setdefault(base, {})
    if test not in made:
        made[test] = made_checks(base, test)
    return made[test]


def failed_checks(base: CopyBase, test: str) -> tuple[str, ...]:
    """Names of the checks that a test fails; empty where none of those that could be made fails."""
    return tuple(check.name for check in checks(base, test) if check.status == FAILED)


def downgrade(base: CopyBase, test: str, verdict: Verdict) -> Verdict:
    """The verdict of a test: never clear or act where a check failed."""
    decided = verdict in (Verdict.CLEAR, Verdict.ACT)
    return Verdict.WATCH if decided and failed_checks(base, test) else verdict


def combine_verdicts(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict over several tests: clear only if all are.

    act where one is; watch where one is, or where some are clear and others say nothing; else
    not_enough_data before not_measured.
    """
    found = set(verdicts)
    for verdict in (Verdict.ACT, Verdict.WATCH):
        if verdict in found:
            return verdict
    if Verdict.CLEAR in found:
        return Verdict.CLEAR if len(found) == 1 else Verdict.WATCH
    return Verdict.NOT_ENOUGH_DATA if Verdict.NOT_ENOUGH_DATA in found else Verdict.NOT_MEASURED


def failed_notes(base: CopyBase) -> tuple[Message, ...]:
    """What every result of the readout carries: failed checks, and arms read otherwise than called.

    A sentence for each test that failed a check, and for each arm that is called as if nothing was
    sent to it and was sent something.
    """
    called = tuple(
        msg(
            "{test:quote}: {arm:quote} is called as if nothing was sent to it, but it was sent "
            "something; it is read as the copy in use.",
            test=test,
            arm=arm,
        )
        for test in base.tests()
        for arm in base.sent_controls(test)
    )
    return called + tuple(
        msg(
            "{test:quote} is not a sound test ({checks:list}): its numbers are shown, none of "
            "them decides anything.",
            test=test,
            checks=failed_words(failed),
        )
        for test in base.tests()
        if (failed := failed_checks(base, test))
    )


def failed_words(failed: Sequence[str]) -> tuple[Message, ...]:
    """What is wrong, for each failed check."""
    return tuple(_WORDS[name] for name in check_kinds.CHECKS if name in failed)


_WORDS = {
    SAMPLE_RATIO: msg("people by arm are not split as planned"),
    CROWD_RATIO: msg("people by arm are not split as planned in a crowd"),
    TWO_ARMS: msg("people are in two arms"),
    TWO_TESTS: msg("people of another test at the same time are in some arms more than in others"),
    HELD_UNTOUCHED: msg("people held back were sent something"),
    REPORTS: msg("reports are missing in some arms more than in others"),
}
