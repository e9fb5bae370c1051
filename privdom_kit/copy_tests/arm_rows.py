"""The comparisons of all tests as rows, and what a row on the deciding outcome says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded
from privdom_kit.copy_tests.comparing import (
    COMPUTED,
    EXPLORATORY,
    PRIMARY,
    compare_rows,
    count_outcome,
    rate_columns,
    sure_direction,
)
from privdom_kit.copy_tests.primary import (
    PlannedPeople,
    arm_sums,
    challengers,
    compared_outcomes,
    least_difference,
    over,
    planned_people,
    primary_outcome,
    references,
)
from privdom_kit.copy_tests.soundness import failed_checks, holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK, OBSERVED

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

#: What a row on the deciding outcome says.
BETTER, WORSE, EQUAL, OPEN = "better", "worse", "no_worthwhile_difference", "open"
NOT_REACHED, TOO_FEW, UNSOUND, SEEN_ONLY = "not_reached", "too_few", "unsound", "observed"
_NAMES = ("test", "evidence", "reference", "reference_kind", "arm", "outcome", "role")
_COUNTS = ("people", "with_outcome", *bounded("rate"))
_THEIRS = ("reference_people", "reference_with_outcome", *bounded("reference_rate"))
COLUMNS = (
    *(*_NAMES, *_COUNTS, *_THEIRS, *COMPUTED),
    *("least_difference", "state", "is_better", "is_worse"),
)


def comparison_table(base: CopyBase, main: bool) -> pd.DataFrame:
    """The comparisons of all tests, nothing hidden: :data:`COLUMNS`.

    Args:
        base: The client.
        main: Against the reference that decides; else against people who were sent nothing, where
            that is another one.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for test in base.tests():
        found = references(base, test)[:1] if main else references(base, test)[1:]
        for reference in found:
            rows += _test_rows(base, test, reference)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = (*COMPUTED, *_COUNTS[2:], *_THEIRS[2:], "least_difference")
    return table.astype(dict.fromkeys(numbers, "float64"))


def _test_rows(base: CopyBase, test: str, reference: tuple[str, str]) -> list[dict[str, Any]]:
    primary = primary_outcome(base, test)
    arms = challengers(base, test, reference[0])
    if (
        primary is None
        or not arms
        or (reference[1] == HELD_BACK and not holdout_recorded(base, test))
    ):
        return []
    level = base.settings.copy_tests.confidence_level
    planned = planned_people(base, test)
    rows = []
    held = reference[1] == HELD_BACK
    for outcome in compared_outcomes(base, test, held):
        if held and outcome != primary.outcome and not holdout_recorded(base, test, outcome):
            continue
        counts = [count_outcome(base, test, arm, reference, outcome) for arm in arms]
        decides = outcome == primary.outcome
        for arm, pair, computed in zip(
            arms, counts, compare_rows(counts, base, decides), strict=True
        ):
            row: dict[str, Any] = {
                "test": test,
                "evidence": base.evidence(test),
                "reference": reference[0],
                "reference_kind": reference[1],
                "arm": arm,
                "outcome": outcome,
                "role": PRIMARY if decides else EXPLORATORY,
                **rate_columns(pair, level),
                **computed,
            }
            rows.append(row | _judged(base, row, planned if decides else None))
    return rows


def _judged(base: CopyBase, row: dict[str, Any], planned: PlannedPeople | None) -> dict[str, Any]:
    """What a row says; nothing where its outcome does not decide."""
    if row["role"] != PRIMARY:
        return {"least_difference": None, "state": None, "is_better": False, "is_worse": False}
    least = None
    if (row["reference"], row["reference_kind"]) == references(base, row["test"])[0]:
        # What matters between two copies is not what matters between a copy and nothing.
        least = least_difference(base.plan(row["test"]), row["reference_rate"])
    state = _state(base, row, planned, least)
    return {
        "least_difference": least,
        "state": state,
        "is_better": state == BETTER,
        "is_worse": state == WORSE,
    }


def _state(
    base: CopyBase, row: dict[str, Any], planned: PlannedPeople | None, least: float | None
) -> str:
    test, rules = row["test"], base.settings.copy_tests
    if row["difference"] is None:
        return TOO_FEW
    if row["evidence"] == OBSERVED:
        return SEEN_ONLY
    if failed_checks(base, test):
        return UNSOUND
    if not _final(base, row, planned):
        return NOT_REACHED
    side = sure_direction(row, 1 - rules.confidence_level)
    if side:
        return BETTER if side > 0 else WORSE
    lower, upper = (row[name] for name in bounded("difference")[1:])
    return EQUAL if least is not None and -least < lower and upper < least else OPEN


def _final(base: CopyBase, row: dict[str, Any], planned: PlannedPeople | None) -> bool:
    """Whether both sides have the people planned for; without a number, all whose window is over.

    Before that a reading is one that somebody chose to make, and its p-value promises nothing.
    """
    sides = ((row["arm"], False, "people"), (row["reference"], row["reference_kind"] == HELD_BACK,
             "reference_people"))  # fmt: skip
    if not over(base, row["test"]):
        return False
    for arm, held, known in sides:
        if planned is None:
            if row[known] < arm_sums(base, row["test"], arm, held)["people"]:
                return False
        elif row[known] < (1 - base.settings.copy_tests.short_share) * planned.arms.get(arm, 0.0):
            return False
    return True


def hide_small(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The comparisons without small counts, and without what could give them away."""
    x, theirs = table["with_outcome"], table["reference_with_outcome"]
    small, small_reference = _small(x, least), _small(theirs, least)
    small |= _small_gaps(table, x, least)
    small_reference |= _small_gaps(table, theirs, least)
    shown = table.astype({"with_outcome": "Int64", "reference_with_outcome": "Int64"})
    shown.loc[small, ["with_outcome", *bounded("rate")]] = None
    shown.loc[small_reference, ["reference_with_outcome", *bounded("reference_rate")]] = None
    # A smallest difference that is stated relative to the reference's share gives it away.
    shown.loc[small | small_reference, [*COMPUTED, "least_difference"]] = None
    return shown, int(small.sum() + small_reference.sum())


def _small(counts: pd.Series, least: int) -> pd.Series:
    return (counts > 0) & (counts < least)


def _small_gaps(table: pd.DataFrame, counts: pd.Series, least: int) -> pd.Series:
    """Friends kept beside friends added tell how many removed the brand: hidden where few did."""
    keys = ["test", "arm", "reference_kind"]
    added = counts.where(table["outcome"] == "friend_added")
    kept = counts.where(table["outcome"] == "friend_kept")
    gone = (
        added.groupby([table[k] for k in keys]).transform("max")
        - kept.groupby([table[k] for k in keys]).transform("max")
    )  # fmt: skip
    exploratory = (table["role"] == EXPLORATORY) & table["outcome"].isin(
        ["friend_added", "friend_kept"]
    )
    # One of the two is enough: the one that does not decide, or kept where neither does.
    decides = table["role"].eq(PRIMARY) & table["outcome"].isin(["friend_added", "friend_kept"])
    other = decides.groupby([table[k] for k in keys]).transform("any")
    chosen = exploratory & (other | (table["outcome"] == "friend_kept"))
    return chosen & _small(gone, least).fillna(False)
