"""Does a version do better? Each arm against its reference, on counts and sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, used_settings
from privdom_kit.copy_tests.arm_rows import (
    BETTER,
    EQUAL,
    TOO_FEW,
    WORSE,
    comparison_table,
    hide_small,
)
from privdom_kit.copy_tests.comparing import PRIMARY
from privdom_kit.copy_tests.cost_rows import mean_value
from privdom_kit.copy_tests.extra_profit import extra_profits
from privdom_kit.copy_tests.money_differences import money_tables
from privdom_kit.copy_tests.outcome_units import UNITS
from privdom_kit.copy_tests.over_tests import leading_test, over_tests
from privdom_kit.copy_tests.primary import planned_people
from privdom_kit.copy_tests.readout_notes import (
    method_words,
    no_answer,
    observed_notes,
    outcome_notes,
    seen,
    several_tests_notes,
    unrecorded_notes,
)
from privdom_kit.copy_tests.soundness import downgrade, failed_notes
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("arms", ("S119", "S122", "S210"), UNITS)
_RULES = ("confidence_level", "correction", "least_people", "least_events", "short_share")
_SHOWN = (
    *("test", "arm", "reference", "reference_kind", "evidence", "outcome", "people"),
    *("reference_people", *bounded("rate"), *bounded("reference_rate"), *bounded("difference")),
    *(*bounded("lift"), "p_value_adjusted", "state", "least_difference"),
)
_PROFIT = bounded("extra_profit")
_MONEY = ("people_sent", "customer_value", *_PROFIT, *bounded("money_at_stake"))


def measure_arms(base: CopyBase, settings: Settings) -> Result:
    """Each arm of each test against its reference, on every outcome that the deliveries tell.

    The reference is the copy in use; without one, the people who were sent nothing; else the
    largest arm, which nothing calls a control. Shares are of the people of an arm whose window is
    over, delivered to or not. On the deciding outcome p-values are corrected for the number of arms
    and intervals agree with them; other outcomes are exploratory: nothing is corrected and nothing
    follows from them. An arm is better for sure where the corrected p-value says so, the
    difference pooled over crowds (Mantel-Haenszel) says the same, the people planned for are
    reached, and the test is sound.

    Returns:
        ``table``: a row a test, arm and outcome. ``tables["held_back"]``: the same against people
        who were sent nothing, where the reference is a copy. ``tables["money"]``: order value a
        person. ``tables["order_values"]``: order value an order.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if (unanswered := no_answer(base, QUESTION, used)) is not None:
        return unanswered
    table, held = comparison_table(base, main=True), comparison_table(base, main=False)
    verdicts = _verdicts(base, table)
    least = settings.privacy.min_cell
    shown, cells = hide_small(table, least)
    held, more = hide_small(held, least)
    money, again = money_tables(base, least)
    return QUESTION.answer(
        base.base.as_of,
        over_tests(base, table, verdicts),
        shown,
        used,
        coverage=seen(base),
        figures=_figures(base, table, shown, leading_test(verdicts, base.tests())),
        tables={n: t for n, t in {"held_back": held, **money}.items() if len(t)},
        notes=(
            *_notes(base, verdicts),
            *failed_notes(base),
            *suppression_note(cells + more + again, least),
        ),
    )


def _verdicts(base: CopyBase, table: pd.DataFrame) -> dict[str, Verdict]:
    """The verdict of each test by itself."""
    found = {}
    for test in base.tests():
        rows = table[(table["test"] == test) & (table["role"] == PRIMARY)]
        found[test] = downgrade(base, test, _test_verdict(set(rows["state"])))
    return found


def _test_verdict(states: set[str]) -> Verdict:
    if states & {BETTER, WORSE}:
        return Verdict.ACT
    if states <= {TOO_FEW}:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.CLEAR if states == {EQUAL} else Verdict.WATCH


def _figures(base: CopyBase, table: pd.DataFrame, shown: pd.DataFrame, test: str) -> dict[str, Any]:
    """The comparison that the statement speaks of: of the leading test, the surest arm.

    Args:
        base: The client.
        table: All comparisons.
        shown: The same without what is hidden: what figures are taken from.
        test: The leading test.
    """
    figures = {"tests": len(base.tests()), **dict.fromkeys((*_SHOWN, *_MONEY))}
    rows = table[(table["test"] == test) & (table["role"] == PRIMARY)]
    figures["arms_compared"] = len(rows)
    if rows.empty:
        return figures | {"test": test}
    sure = rows["state"].isin([BETTER, WORSE])
    order = rows.assign(sure=~sure, size=-rows["difference"].abs())
    chosen = order.sort_values(["sure", "is_worse", "size"], kind="stable").index[0]
    planned = planned_people(base, test)
    figures |= {name: shown.loc[chosen, name] for name in _SHOWN}
    figures["planned_source"] = None if planned is None else planned.source
    return figures | _money(base, test, shown.loc[chosen])


def _money(base: CopyBase, test: str, row: pd.Series) -> dict[str, Any]:
    """What the better of the two copies brings in friends, over as many people as were sent to.

    Nothing where its extra friends cost more than they are worth, for sure.
    """
    arms = base.arms(test)
    sent = int(arms.loc[~arms["held"], "people"].sum())
    value = _friend_value(base, test, row)
    figures: dict[str, Any] = dict.fromkeys((*_PROFIT, *bounded("money_at_stake")))
    if value is not None and row["difference"] == row["difference"]:
        profit = extra_profits(base, test).get(row["arm"])
        figures |= interval_figures("extra_profit", profit)
        costly = row["state"] == BETTER and profit is not None and profit.upper < 0
        if row["state"] in (BETTER, WORSE) and not costly:
            worth = sent * value
            ends = sorted(abs(row[name]) for name in bounded("difference")[1:])
            numbers = (abs(row["difference"]) * worth, ends[0] * worth, ends[1] * worth)
            figures |= dict(zip(bounded("money_at_stake"), numbers, strict=True))
    return {"people_sent": sent, "customer_value": value, **figures}


def _friend_value(base: CopyBase, test: str, row: pd.Series) -> float | None:
    """Value of a friend of the two arms; None where the outcome is no friend, or has no value."""
    if row["outcome"] == "friend_kept":
        return base.base.economics.customer_value
    if row["outcome"] != "friend_added":
        return None
    cells = base.cells[base.cells["test"] == test]
    both = cells[cells["arm"].isin([row["arm"], row["reference"]])]
    found = mean_value(base, test, both, base.cells)
    return None if found is None else found.value


def _notes(base: CopyBase, verdicts: Mapping[str, Verdict]) -> tuple[Message, ...]:
    return (
        msg(
            "Shares are of all people of an arm whose window is over, delivered to or not. On the "
            "outcome that decides, p-values and intervals are corrected for the number of arms "
            "({method}); the other outcomes are exploratory: nothing is corrected, nothing "
            "follows from them.",
            method=method_words(base.settings.copy_tests),
        ),
        *outcome_notes(base),
        *observed_notes(base),
        *unrecorded_notes(base),
        *several_tests_notes(verdicts),
    )
