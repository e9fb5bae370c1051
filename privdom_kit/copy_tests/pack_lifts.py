"""What each version does in each crowd: differences from the reference, shrunk over crowds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.copy_tests.pack_rates import rate_variances, shrink_differences
from privdom_kit.copy_tests.pack_tables import ONE_CROWD, PackTest
from privdom_kit.copy_tests.primary import UNSENT, challengers
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK
from privdom_kit.estimates import difference_interval

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.small_cells import Hidden
    from privdom_kit.copy_tests.start import CopyBase

_COUNTS = ("people", "with_outcome", "reference_people", "reference_with_outcome")
_NUMBERS = (
    *(*bounded("rate"), *bounded("reference_rate"), *bounded("difference")),
    *bounded("shrunk_difference"),
)
_MODEL = (*bounded("mean_difference"), "between_differences", "heterogeneity", "p_value", "i2")


def lift_tables(
    base: CopyBase, tests: Sequence[PackTest], small: Mapping[str, Hidden]
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """A row a test, crowd and version; a row a test and version; how many cells are hidden."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    models: list[dict[str, Any]] = []
    for test in tests:
        reference = base.reference(test.name)
        if reference is None or test.state == ONE_CROWD or not _told(base, test, reference[1]):
            continue
        for arm in challengers(base, test.name, reference[0]):
            found, model = _arm_rows(base, test, arm, reference)
            rows += [_shown(row, test, small[test.name], reference) for row in found]
            models += [{"test": test.name, "arm": arm, "reference": reference[0], **model}]
    names = ["test", "crowd", "arm", "reference"]
    table = pd.DataFrame(rows, columns=[*names, *_COUNTS, *_NUMBERS])
    table = table.astype(dict.fromkeys(_COUNTS, "Int64") | dict.fromkeys(_NUMBERS, "float64"))
    columns = ["test", "arm", "reference", "crowds", *_MODEL]
    summary = pd.DataFrame(models, columns=columns).astype(dict.fromkeys(_MODEL, "float64"))
    return table, summary, int(table["people"].isna().sum())


def _told(base: CopyBase, test: PackTest, kind: str) -> bool:
    """Whether the reference could have the outcome at all."""
    if kind != HELD_BACK:
        return True
    return test.outcome in UNSENT and holdout_recorded(base, test.name, test.outcome)


def _arm_rows(
    base: CopyBase, test: PackTest, arm: str, reference: tuple[str, str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rules, cells = base.settings.copy_tests, test.cells
    theirs = (
        cells["held"]
        if reference[1] == HELD_BACK
        else (cells["arm"] == reference[0]) & ~cells["held"]
    )
    sides = (cells[(cells["arm"] == arm) & ~cells["held"]], cells[theirs])
    rows = [_counts(test, crowd, arm, reference[0], sides) for crowd in test.crowds]
    enough = [
        row for row in rows if min(row["people"], row["reference_people"]) >= rules.least_people
    ]
    events = sum(row["with_outcome"] + row["reference_with_outcome"] for row in enough)
    if events < rules.least_events or len(enough) < 2:
        return rows, {"crowds": len(enough)}
    variances = [
        rate_variances([r[x] for r in enough], [r[n] for r in enough])
        for x, n in (_COUNTS[1::-1], _COUNTS[3:1:-1])
    ]
    gaps = [row["difference"] for row in enough]
    model = shrink_differences(gaps, [a + b for a, b in zip(*variances, strict=True)], test.level)
    for row, interval in zip(enough, model.shrunk, strict=True):
        row |= interval_figures("shrunk_difference", interval)
    return rows, {
        "crowds": len(enough),
        **interval_figures("mean_difference", model.mean),
        "between_differences": model.tau2**0.5,
        "heterogeneity": model.heterogeneity,
        "p_value": model.p_value,
        "i2": model.i2,
    }


def _counts(
    test: PackTest, crowd: str, arm: str, reference: str, sides: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, Any]:
    counts = [
        int(side.loc[side["crowd"] == crowd, f"{kind}_{test.outcome}"].sum())
        for side in sides
        for kind in ("n", "x")
    ]
    row: dict[str, Any] = {"test": test.name, "crowd": crowd, "arm": arm, "reference": reference}
    row |= dict(zip(_COUNTS, counts, strict=True))
    row |= rate(counts[1], counts[0], "rate", test.level)
    row |= rate(counts[3], counts[2], "reference_rate", test.level)
    if counts[0] and counts[2]:
        gap = difference_interval(counts[1], counts[0], counts[3], counts[2], test.level)
        row |= interval_figures("difference", gap)
    return row


def _shown(
    row: dict[str, Any], test: PackTest, small: Hidden, reference: tuple[str, str]
) -> dict[str, Any]:
    """The row without what its small counts would give away."""
    key = (test.name, row["crowd"])
    ours = (*key, row["arm"], False) in small.cells
    held = reference[1] == HELD_BACK
    theirs = any(
        cell[:2] == key and cell[3] == held and (held or cell[2] == reference[0])
        for cell in small.cells
    )
    gone: list[str] = []
    if ours:
        gone += [*_COUNTS[:2], *bounded("rate")]
    if theirs:
        gone += [*_COUNTS[2:], *bounded("reference_rate")]
    if gone:
        gone += [*bounded("difference"), *bounded("shrunk_difference")]
    return row | dict.fromkeys(gone)
