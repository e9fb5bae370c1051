"""Which crowds do better? Shares and differences of each crowd, shrunk; no rank before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import NOTHING_SEEN, Question, bounded, used_settings
from privdom_kit.copy_tests.pack_lifts import lift_tables
from privdom_kit.copy_tests.pack_tables import (
    ALIKE,
    DIFFER,
    ONE_CROWD,
    TOO_FEW,
    PackTest,
    model_table,
    pack_table,
    read_pack_tests,
)
from privdom_kit.copy_tests.pack_units import UNITS
from privdom_kit.copy_tests.readout_notes import observed_notes, outcome_notes
from privdom_kit.copy_tests.small_cells import find_small
from privdom_kit.copy_tests.soundness import combine_verdicts, failed_notes
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.small_cells import Hidden
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("crowds", ("S123", "S211"), UNITS)
_RULES = (
    *("confidence_level", "least_people", "least_events", "ratio_alarm", "short_share"),
    *("power", "sample_size_formula"),
)
_MODEL = (
    *("state", "outcome", "crowds", "people", "with_outcome", *bounded("mean_rate")),
    *("p_value_adjusted", "i2", "least_difference", "lacking_people", "planned_source"),
)
_BEST = (*bounded("shrunk_rate"), *bounded("rate"), "chance_best")
_VERDICTS = {
    DIFFER: Verdict.ACT,
    ALIKE: Verdict.CLEAR,
    ONE_CROWD: Verdict.NOT_MEASURED,
    TOO_FEW: Verdict.NOT_ENOUGH_DATA,
}
_LEADING = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR, Verdict.NOT_ENOUGH_DATA)


def measure_crowds(base: CopyBase, settings: Settings) -> Result:
    """Each crowd's share with the outcome that decides the test, as it is and shrunk.

    Shares are of people sent to whose window is over, over all versions sent, and of the reference
    by itself. They are shrunk by random effects (Paule-Mandel; truncated at zero) on their own
    scale, see :func:`privdom_kit.copy_tests.pack_rates.shrink_rates`. Differences of each version
    from the reference are shrunk over crowds in the same way. Crowds are not drawn by lot: a
    difference between them is described, not explained. No crowd has a rank before every crowd of
    its test has the people planned for it (S211).

    Crowds differ for sure where Q's p-value, corrected for the number of tests (Holm), says so and
    one crowd is best with a chance above the level; they are alike where no two crowds, nor one
    more, can lie further apart than the smallest difference that matters.

    Returns:
        ``table``: a row a test and crowd. ``tables["models"]``: a row a test.
        ``tables["lifts"]``: a row a test, crowd and version; ``tables["lift_models"]``: a row a
        test and version.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    units = base.units
    tests = read_pack_tests(base) if units is not None else []
    judged = [test for test in tests if test.state != ONE_CROWD]
    if units is None or not judged:
        coverage = NOTHING_SEEN if units is None else units.coverage
        reason = _missing(base)
        return QUESTION.unanswered(
            base.base.as_of, Verdict.NOT_MEASURED, reason, used, coverage=coverage
        )
    return _answer(base, settings, judged, used)


def _missing(base: CopyBase) -> Message:
    if base.units is None:
        return msg("No deliveries with an arm are given, so there is no copy test to read out.")
    if not base.units.crowds:
        return msg("The deliveries name no crowds.")
    return msg("No test was sent to two crowds or more, so there are none to compare.")


def _answer(
    base: CopyBase, settings: Settings, tests: list[PackTest], used: dict[str, Any]
) -> Result:
    least = settings.privacy.min_cell
    small = {test.name: find_small(test.cells, test.outcome, least) for test in tests}
    shown, cells = pack_table(tests, small)
    lifts, models, more = lift_tables(base, tests, small)
    return QUESTION.answer(
        base.base.as_of,
        combine_verdicts([_VERDICTS.get(test.state, Verdict.WATCH) for test in tests]),
        shown,
        used,
        coverage=base.units.coverage if base.units else NOTHING_SEEN,
        figures=_figures(tests, shown, small),
        tables={"models": model_table(tests), "lifts": lifts, "lift_models": models},
        notes=(
            *_notes(base, tests),
            *failed_notes(base),
            *suppression_note(cells + more, least),
        ),
    )


def _figures(
    tests: list[PackTest], shown: pd.DataFrame, small: dict[str, Hidden]
) -> dict[str, Any]:
    """The test that matters most, and of it the crowd with the highest share."""
    order = [_LEADING.index(_VERDICTS.get(test.state, Verdict.WATCH)) for test in tests]
    leading = tests[order.index(min(order))]
    row = model_table([leading]).iloc[0]
    figures: dict[str, Any] = {"tests_judged": len(tests), "test": leading.name}
    figures |= {name: row[name] for name in _MODEL} | dict.fromkeys(("best_crowd", *_BEST))
    rows = shown[(shown["test"] == leading.name) & shown["shrunk_rate"].notna()]
    if len(rows):
        best = rows.loc[rows["shrunk_rate"].astype("float64").idxmax()]
        hidden = (
            leading.best_crowd is None
            or (leading.name, leading.best_crowd) in small[leading.name].crowds
        )
        if not hidden:
            figures |= {"best_crowd": best["crowd"], **{name: best[name] for name in _BEST}}
    return figures


def _notes(base: CopyBase, tests: list[PackTest]) -> tuple[Message, ...]:
    notes = [
        msg(
            "Who is in which crowd was not drawn by lot. Differences between crowds describe them; "
            "only differences between versions within a crowd test anything."
        ),
        msg(
            "Shares and differences are shrunk by random effects (Paule-Mandel), on their own "
            "scale, with the variance of the shrunk share. The fewer people a crowd has, the "
            "nearer it lies to the mean of the crowds."
        ),
    ]
    if any(test.model is not None and test.model.tau2 == 0 for test in tests):
        notes.append(
            msg(
                "Where the data show no variance between crowds, all shrunk shares are the common "
                "mean; their intervals still allow for differences."
            )
        )
    return (*notes, *outcome_notes(base), *observed_notes(base))
