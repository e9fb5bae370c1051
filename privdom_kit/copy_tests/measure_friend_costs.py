"""What a friend costs: over all friends, and over those who would not have come anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import NOTHING_SEEN, Question, used_settings
from privdom_kit.copy_tests.contact_costs import FRIEND, Contacts, cost_notes, read_contacts
from privdom_kit.copy_tests.cost_rows import COSTS, Row, costed_tests, judged_rows, row_table
from privdom_kit.copy_tests.friend_values import uncosted_notes
from privdom_kit.copy_tests.incentive_rows import incentive_table
from privdom_kit.copy_tests.pack_units import UNITS
from privdom_kit.copy_tests.readout_notes import observed_notes, unrecorded_notes
from privdom_kit.copy_tests.small_cells import find_small
from privdom_kit.copy_tests.soundness import combine_verdicts, downgrade, failed_notes
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("cost_per_friend", ("S126",), UNITS)
_RULES = ("confidence_level", "least_people", "least_events", "missing_reports_share")
_LEADING = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR, Verdict.NOT_ENOUGH_DATA)


def measure_cost_per_friend(base: CopyBase, settings: Settings) -> Result:
    """Cost over friends of each version and crowd: all friends, and those beyond people held back.

    Costs are those of everybody sent to, retries among them, with the incentive of the plan for
    each friend. Intervals are Fieller's; one that has no two ends has none in the table, and says
    so. Friends beyond those of people held back are a difference of shares, over crowds by
    Mantel-Haenszel. Beside it stands what a person sent to brings: value of the friends less cost;
    its interval, widened for the number of versions judged (Bonferroni), decides. It is below 0
    exactly where the cost per friend is above the value of a friend.

    Returns:
        ``table``: a row a test and version. ``tables["crowds"]``: a row a test and crowd.
        ``tables["incentives"]``: extra friends for what the incentive costs beyond the control's
        (S126).
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    contacts = read_contacts(base)
    coverage = base.units.coverage if base.units is not None else NOTHING_SEEN
    reason = contacts if isinstance(contacts, Message) else _no_friends(base, contacts)
    if reason is not None or isinstance(contacts, Message):
        verdict = Verdict.NOT_MEASURED
        return QUESTION.unanswered(
            base.base.as_of, verdict, reason or msg(""), used, coverage=coverage
        )
    return _answer(base, settings, contacts, used)


def _no_friends(base: CopyBase, contacts: Contacts) -> Message | None:
    if costed_tests(base, contacts):
        return None
    return msg("In no test anybody was added as a friend at a cost, so a friend has no cost.")


def _answer(base: CopyBase, settings: Settings, contacts: Contacts, used: dict[str, Any]) -> Result:
    least, tests = settings.privacy.min_cell, costed_tests(base, contacts)
    small = find_small(contacts.cells, FRIEND, least)
    arms = judged_rows(base, contacts, tests, "arm")
    crowds = judged_rows(base, contacts, tests, "crowd")
    incentives = incentive_table(base, contacts, tests, small)
    verdicts = {test: _judge(base, contacts, test, arms) for test in tests}
    table, hidden = row_table(arms, "arm", small)
    by_crowd, more = row_table(crowds, "crowd", small)
    return QUESTION.answer(
        base.base.as_of,
        combine_verdicts(list(verdicts.values())),
        table,
        used,
        coverage=base.units.coverage if base.units is not None else NOTHING_SEEN,
        figures=_figures(base, contacts, arms, table, verdicts),
        tables={"crowds": by_crowd, "incentives": incentives},
        notes=(
            *_notes(arms),
            *cost_notes(contacts),
            *uncosted_notes(base),
            *observed_notes(base),
            *unrecorded_notes(base),
            *failed_notes(base),
            *suppression_note(hidden + more, least),
        ),
    )


def _judge(base: CopyBase, contacts: Contacts, test: str, rows: list[Row]) -> Verdict:
    """act: a version costs more than its friends are worth. clear: none does, for sure."""
    own = [row for row in rows if row.test == test]
    if not any(row.enough for row in own):
        return Verdict.NOT_ENOUGH_DATA
    rules = base.settings.copy_tests
    free = contacts.missing.get(test, 0.0) > rules.missing_reports_share
    if base.evidence(test) == OBSERVED or free:
        return Verdict.WATCH
    if any(row.loses for row in own):
        return downgrade(base, test, Verdict.ACT)
    pays = all(row.pays and row.extra is not None for row in own)
    return downgrade(base, test, Verdict.CLEAR if pays else Verdict.WATCH)


def _figures(
    base: CopyBase,
    contacts: Contacts,
    rows: list[Row],
    shown: pd.DataFrame,
    verdicts: dict[str, Verdict],
) -> dict[str, Any]:
    """The version of the leading test that decides: the dearest that loses, else the cheapest."""
    tests = list(verdicts)
    leading = min(tests, key=lambda test: _LEADING.index(verdicts[test]))
    own = [i for i, row in enumerate(rows) if row.test == leading and row.enough]
    own = own or [i for i, row in enumerate(rows) if row.test == leading]
    losing = [i for i in own if rows[i].loses]
    chosen = (
        min(losing, key=lambda i: rows[i].profit_estimate)
        if losing
        else min(own, key=lambda i: rows[i].order)
    )
    row, first = shown.iloc[chosen], rows[chosen]
    acting = [r for r in rows if r.loses and verdicts[r.test] is Verdict.ACT]
    hidden = shown["cost_per_friend"].isna() | shown["profit_per_person"].isna()
    loss = None
    if acting and not hidden.any():
        loss = sum(-r.profit_estimate * r.group.people for r in acting)
    return {
        "tests": len(tests),
        "tests_without_friends": len(base.tests()) - len(tests),
        "arms_judged": sum(r.enough and r.value is not None for r in rows),
        "arms_losing": sum(r.loses for r in rows),
        "cost_source": contacts.source,
        "value_source": first.value.source if first.value is not None else None,
        "kept_share": first.value.kept_share if first.value is not None else None,
        "money_at_stake": loss,
        **{name: row[name] for name in ("test", "arm", "evidence", *COSTS)},
    }


def _notes(rows: list[Row]) -> tuple[Message, ...]:
    notes = [
        msg(
            "Intervals of costs are Fieller's. Where friends may be none at all, a cost has no "
            "upper end, and none is given."
        )
    ]
    if any(row.extra is None for row in rows):
        notes.append(
            msg(
                "Where no friends are recorded of people who were sent nothing, the cost is over "
                "all friends. It is too low: some of them would have come anyway."
            )
        )
    return tuple(notes)
