"""Whether a test was run as a test: the checks that every other verdict of the readout rests on.

A failed check downgrades every verdict of its test to ``watch`` at most and is named there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.estimates import sample_ratio_test
from privdom_kit.messages import Message, msg
from privdom_kit.results import Verdict

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase

SAMPLE_RATIO = "sample_ratio"
TWO_ARMS = "two_arms"
REPORTS = "reports"


def failed_checks(base: CopyBase, test: str) -> tuple[str, ...]:
    """Ids of the checks that a test fails; empty where none of those that could be made fails."""
    found = []
    expected = planned_weights(base, test)
    if expected is not None:
        arms = base.arms(test).set_index("arm")["people"]
        names = sorted(set(expected) | set(arms.index))
        observed = [int(arms.get(name, 0)) for name in names]
        weights = [expected.get(name, 0.0) for name in names]
        if sample_ratio_test(observed, weights).p_value < base.settings.copy_tests.ratio_alarm:
            found.append(SAMPLE_RATIO)
    return tuple(found)


def planned_weights(base: CopyBase, test: str) -> dict[str, float] | None:
    """Shares of the arms as planned, the arm held back among them; None without a plan.

    The arm held back is called as the deliveries call it, or ``holdout`` where they have none.
    """
    plan = base.plan(test)
    if plan is None or not plan.arms:
        return None
    arms = base.arms(test)
    held = arms.loc[arms["held"], "arm"]
    total = sum(arm.weight for arm in plan.arms)
    sent = 1 - plan.holdout_share
    weights = {arm.name: arm.weight / total * sent for arm in plan.arms}
    if plan.holdout_share > 0:
        weights[str(held.iloc[0]) if len(held) else "holdout"] = plan.holdout_share
    return weights


def downgrade(base: CopyBase, test: str, verdict: Verdict) -> Verdict:
    """The verdict of a test: never clear or act where a check failed."""
    decided = verdict in (Verdict.CLEAR, Verdict.ACT)
    return Verdict.WATCH if decided and failed_checks(base, test) else verdict


def failed_notes(base: CopyBase) -> tuple[Message, ...]:
    """A sentence for each test that failed a check; every result of the readout carries them."""
    return tuple(
        msg(
            "{test:quote} is not a sound test ({checks:list}): its numbers are shown, none of "
            "them decides anything.",
            test=test,
            checks=tuple(_WORDS[check] for check in failed),
        )
        for test in base.tests()
        if (failed := failed_checks(base, test))
    )


_WORDS = {
    SAMPLE_RATIO: msg("people by arm are not split as planned"),
    TWO_ARMS: msg("people are in two arms"),
    REPORTS: msg("reports are missing in some arms more than in others"),
}
