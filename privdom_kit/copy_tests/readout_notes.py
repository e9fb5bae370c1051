"""Notes that several questions of the readout share, and why none of them has an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import NOTHING_SEEN, Question
from privdom_kit.copy_tests.primary import primary_outcome, references
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK, OBSERVED
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.results import Coverage, Result, Verdict

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import CopyTestsSettings


def method_words(rules: CopyTestsSettings) -> Message:
    """What the correction is called."""
    return {
        "holm": msg("Holm"),
        "hochberg": msg("Hochberg"),
        "bonferroni": msg("Bonferroni"),
        "fdr_bh": msg("Benjamini and Hochberg, share of false claims"),
    }[rules.correction]


def several_tests_notes(verdicts: Mapping[str, Verdict]) -> list[Message]:
    """How several tests at once are judged; nothing where one was read."""
    if sum(verdict is not Verdict.NOT_ENOUGH_DATA for verdict in verdicts.values()) < 2:
        return []
    return [
        msg(
            "Each test is judged at its own error rate. The verdict over all tests asks more: one "
            "of them must stand after correction for the number of tests (Holm)."
        )
    ]


def outcome_notes(base: CopyBase) -> list[Message]:
    """Tests whose deciding outcome no plan names, or the deliveries do not tell."""
    notes = []
    for test in base.tests():
        plan, primary = base.plan(test), primary_outcome(base, test)
        if plan is not None and primary is None:
            notes.append(
                msg(
                    "{test:quote}: the deliveries do not tell the outcome that the plan decides "
                    "by ({outcome}).",
                    test=test,
                    outcome=label(plan.primary),
                )
            )
        elif primary is not None and not primary.planned:
            notes.append(
                msg(
                    "{test:quote}: no plan names the outcome that decides; taken is the furthest "
                    "of the chain that enough people have ({outcome}).",
                    test=test,
                    outcome=label(primary.outcome),
                )
            )
    return notes


def observed_notes(base: CopyBase) -> list[Message]:
    """Tests of which nothing says that chance decided who got what."""
    seen = tuple(test for test in base.tests() if base.evidence(test) == OBSERVED)
    if not seen:
        return []
    return [
        msg(
            "{tests:list}: neither a plan nor people held back say that chance decided who got "
            "which text. The groups may have differed before; nothing is concluded from them.",
            tests=seen,
        )
    ]


def unrecorded_notes(base: CopyBase) -> list[Message]:
    """Tests of which no outcome of the people who were sent nothing is recorded."""
    lacking = tuple(
        test
        for test in base.tests()
        if any(kind == HELD_BACK for _, kind in references(base, test))
        and not holdout_recorded(base, test)
    )
    if not lacking:
        return []
    return [
        msg(
            "{tests:list}: no outcome of the people who were sent nothing is recorded, so what "
            "sending brings is not measured.",
            tests=lacking,
        )
    ]


def seen(base: CopyBase) -> Coverage:
    """Delivery rows read, used and left out; none without deliveries."""
    return NOTHING_SEEN if base.units is None else base.units.coverage


def no_answer(base: CopyBase, question: Question, used: Mapping[str, Any]) -> Result | None:
    """The result of a question to which no test has an answer; None where one has.

    Args:
        base: The client.
        question: The question.
        used: Its settings.
    """
    if base.units is None:
        verdict = Verdict.NOT_MEASURED
        words = msg("No deliveries with an arm are given, so there is no copy test to read out.")
    elif not any(base.reference(test) and primary_outcome(base, test) for test in base.tests()):
        verdict = Verdict.NOT_ENOUGH_DATA
        words = msg(
            "No test has two arms and an outcome that somebody had, so nothing can be compared."
        )
    else:
        return None
    return question.unanswered(base.base.as_of, verdict, words, used, coverage=seen(base))


def too_early(base: CopyBase, question: Question, used: Mapping[str, Any]) -> Result:
    """The result where no window of any test is over."""
    words = msg("No window of any test is over yet.")
    return question.unanswered(
        base.base.as_of, Verdict.NOT_ENOUGH_DATA, words, used, coverage=seen(base)
    )
