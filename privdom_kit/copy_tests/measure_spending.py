"""Whom to contact with the next budget: profit of a contact by crowd, the order, the cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import NOTHING_SEEN, Question, bounded, used_settings
from privdom_kit.copy_tests.contact_costs import FRIEND, Contacts, cost_notes, read_contacts
from privdom_kit.copy_tests.friend_values import uncosted_notes
from privdom_kit.copy_tests.pack_units import UNITS
from privdom_kit.copy_tests.readout_notes import observed_notes
from privdom_kit.copy_tests.small_cells import find_small
from privdom_kit.copy_tests.soundness import combine_verdicts, downgrade, failed_notes
from privdom_kit.copy_tests.spending_tables import crowd_table, plan_table
from privdom_kit.copy_tests.spending_tests import SpendingTest, read_spending_tests
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("crowd_priority", ("S124",), UNITS)
_RULES = (
    *("confidence_level", "least_people", "least_events", "short_share", "spending_gain"),
    *("missing_reports_share",),
)
_LEADING = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR, Verdict.NOT_ENOUGH_DATA)
_PLAN = (
    *("test", "counted", "budget", "call_capacity", "contacts", "spend"),
    *(*bounded("expected_friends"), *bounded("expected_profit"), "even_profit", *bounded("gain")),
    *("budget_price", "call_price", "lacking_people", "value_source", "kept_share"),
)


def measure_crowd_priority(base: CopyBase, settings: Settings) -> Result:
    """Profit of a contact in each crowd, and how to spend the budget and the calls of the plan.

    Profit is value of a friend x share added - cost (S124), over all versions that were sent.
    Where people were held back and friends are recorded of them, only friends beyond theirs count;
    an incentive that the plan states is a cost. Shares are shrunk over crowds as in
    :func:`privdom_kit.copy_tests.pack_rates.shrink_rates`; intervals are widened for the number of
    crowds judged (Bonferroni), so that they agree with the verdict. Contacts are chosen by linear
    programming (:func:`privdom_kit.copy_tests.spending_order.best_spending`); without budget and
    capacity every crowd is taken whose contacts are expected to bring profit. Intervals of the
    plan's profit hold for the plan as chosen; what is shrunk in common moves all crowds together.

    Returns:
        ``table``: a row a test and crowd. ``tables["plans"]``: a row a test.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    contacts = read_contacts(base)
    coverage = base.units.coverage if base.units is not None else NOTHING_SEEN
    if isinstance(contacts, Message):
        verdict, reason = Verdict.NOT_MEASURED, contacts
        return QUESTION.unanswered(base.base.as_of, verdict, reason, used, coverage=coverage)
    tests = read_spending_tests(base, contacts)
    if isinstance(tests, Message):
        verdict = Verdict.NOT_MEASURED
        return QUESTION.unanswered(base.base.as_of, verdict, tests, used, coverage=coverage)
    judged = [test for test in tests if test.profits is not None]
    if not judged:
        reason = msg(
            "Too few people were sent to, or too few were added, to say what a contact brings."
        )
        verdict = Verdict.NOT_ENOUGH_DATA
        return QUESTION.unanswered(base.base.as_of, verdict, reason, used, coverage=coverage)
    return _answer(base, settings, contacts, tests, used)


def _answer(
    base: CopyBase,
    settings: Settings,
    contacts: Contacts,
    tests: list[SpendingTest],
    used: dict[str, Any],
) -> Result:
    least = settings.privacy.min_cell
    small = find_small(contacts.cells, FRIEND, least)
    table, hidden = crowd_table(tests, small)
    plans = plan_table(tests, small)
    verdicts = {test.name: _judge(base, contacts, test) for test in tests}
    return QUESTION.answer(
        base.base.as_of,
        combine_verdicts(list(verdicts.values())),
        table,
        used,
        coverage=base.units.coverage if base.units is not None else NOTHING_SEEN,
        figures=_figures(base, tests, plans, verdicts, contacts, bool(hidden)),
        tables={"plans": plans},
        notes=(
            *_notes(tests),
            *cost_notes(contacts),
            *uncosted_notes(base),
            *observed_notes(base),
            *failed_notes(base),
            *suppression_note(hidden, least),
        ),
    )


def _judge(base: CopyBase, contacts: Contacts, test: SpendingTest) -> Verdict:
    """act: money would move for sure. clear: every contact pays for sure. Else watch."""
    if test.profits is None or test.gain is None or test.best is None:
        return Verdict.NOT_ENOUGH_DATA
    if not _decides(base, contacts, test):
        return Verdict.WATCH
    gain, scale = test.gain, abs(test.best.profit)
    moves = gain.lower > 0 and gain.estimate >= base.settings.copy_tests.spending_gain * scale
    if moves or any(interval.upper < 0 for interval in test.intervals):
        return Verdict.ACT
    paying = all(interval.lower > 0 for interval in test.intervals)
    whole = test.extra and len(test.intervals) == len(test.crowds)
    return Verdict.CLEAR if paying and whole else Verdict.WATCH


def _decides(base: CopyBase, contacts: Contacts, test: SpendingTest) -> bool:
    """Whether anything may follow from a test: sound, drawn by lot, complete, costs known."""
    free = contacts.missing.get(test.name, 0.0) > base.settings.copy_tests.missing_reports_share
    sound = downgrade(base, test.name, Verdict.ACT) is Verdict.ACT
    return sound and test.evidence != OBSERVED and not test.lacking and not free


def _figures(
    base: CopyBase,
    tests: list[SpendingTest],
    plans: pd.DataFrame,
    verdicts: dict[str, Verdict],
    contacts: Contacts,
    hidden: bool,
) -> dict[str, Any]:
    """The plan of the test that matters most, and the crowds of all tests that lose or pay."""
    place = min(range(len(tests)), key=lambda i: _LEADING.index(verdicts[tests[i].name]))
    row = plans.iloc[place]
    decisive = [test for test in tests if _decides(base, contacts, test)]
    sure = [(test.extra, ends) for test in decisive for ends in test.intervals]
    loss = sum(test.sure_loss for test in tests if verdicts[test.name] is Verdict.ACT)
    return {
        "tests": len(tests),
        "crowds_judged": len(sure),
        "crowds_losing": sum(ends.upper < 0 for _, ends in sure),
        "crowds_paying": sum(ends.lower > 0 and extra for extra, ends in sure),
        "cost_source": contacts.source,
        # The loss of all crowds less that of those shown would tell a hidden one.
        "money_at_stake": loss if loss > 0 and not hidden else None,
        **{name: row[name] for name in _PLAN},
    }


def _notes(tests: list[SpendingTest]) -> tuple[Message, ...]:
    notes = [
        msg(
            "Profit counts all versions sent, as they were split in the test; the next sending "
            "with the better version alone may bring more."
        ),
        msg(
            "Intervals are widened for the number of crowds. The profit of the plan is that of the "
            "plan as chosen, by the same data that it is judged by."
        ),
    ]
    every = tuple(test.name for test in tests if not test.extra)
    if every:
        notes.append(
            msg(
                "{tests:list}: no friends are recorded of people who were sent nothing, so every "
                "friend counts, those among them who would have come anyway. Profit is "
                "overstated.",
                tests=every,
            )
        )
    early = tuple(test.name for test in tests if test.lacking)
    if early:
        notes.append(
            msg(
                "{tests:list}: not every crowd has the people planned for it; the order is "
                "preliminary.",
                tests=early,
            )
        )
    return tuple(notes)
