"""What many comparisons at once make of a p-value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from privdom_kit.errors import DataError

_HOLM_AND_KIN = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bonferroni": "bonferroni",
    "fdr_bh": "fdr_bh",
}


def adjust_p_values(p: Sequence[float | None], method: str = "holm") -> list[float | None]:
    """P-values corrected for how many were looked at; a missing one stays missing.

    Args:
        p: One a comparison; None or NaN where it was not made.
        method: holm (Holm 1979), hochberg, bonferroni or fdr_bh.

    Raises:
        DataError: The method is unknown.
    """
    from statsmodels.stats.multitest import multipletests

    if method not in _HOLM_AND_KIN:
        raise DataError(f"the correction is {method!r}", f"known: {', '.join(_HOLM_AND_KIN)}")
    # One NaN would make every corrected value NaN, so only what was tested goes in.
    made = [i for i, value in enumerate(p) if value is not None and not math.isnan(value)]
    corrected: list[float | None] = [None] * len(p)
    if made:
        values = multipletests([p[i] for i in made], method=_HOLM_AND_KIN[method])[1]
        for i, value in zip(made, values, strict=True):
            corrected[i] = float(value)
    return corrected
