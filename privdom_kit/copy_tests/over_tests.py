"""What several tests of one client say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.soundness import combine_verdicts, failed_checks
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.estimates import adjust_p_values
from privdom_kit.results import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase


def leading_test(verdicts: Mapping[str, Verdict], order: Iterable[str]) -> str:
    """The test that matters most: the one to act on, else the first that has an answer."""
    ranks = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR, Verdict.NOT_ENOUGH_DATA)
    return min(order, key=lambda test: ranks.index(verdicts[test]))


def over_tests(base: CopyBase, table: pd.DataFrame, verdicts: Mapping[str, Verdict]) -> Verdict:
    """The verdict over all tests.

    Each test is judged at its own error rate. That a client with many tests acts no more often
    on chance than a client with one, the tests that act are held together once more: one of them
    must stand when its smallest corrected p-value is corrected for the number of tests (Holm).

    Args:
        base: The client.
        table: ``test, p_value_adjusted``. Tests that are unsound or only observed could not act.
        verdicts: The verdict of each test.
    """
    acting = {test for test, verdict in verdicts.items() if verdict is Verdict.ACT}
    if acting:
        p = table.groupby("test", sort=False)["p_value_adjusted"].min().dropna()
        p = p[[test for test in p.index if _could_act(base, test)]]
        corrected = dict(zip(p.index, adjust_p_values(p.tolist(), "holm"), strict=True))
        alpha = 1 - base.settings.copy_tests.confidence_level
        stands = any((corrected.get(test) or 0.0) < alpha for test in acting)
        return Verdict.ACT if stands else Verdict.WATCH
    return combine_verdicts(list(verdicts.values()))


def _could_act(base: CopyBase, test: str) -> bool:
    return base.evidence(test) != OBSERVED and not failed_checks(base, test)
