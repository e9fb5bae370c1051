"""Deliveries of tests and campaigns: who was sent something, and who was held back on purpose.

A test lists the people of its control arms, too, with the time at which the others got theirs:
such a row is a person of the test, but nothing was sent.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.tables import Table


def control_codes(deliveries: Table, names: Collection[str], column: str = "arm") -> list[int]:
    """The codes of control arms (setting ``copy_tests.control_arms``), in any case of letters."""
    known = deliveries.dictionaries.get(column, ()) if deliveries.has(column) else ()
    return [code for code, name in enumerate(known) if name.lower() in names]


def held_back(deliveries: Table, names: Collection[str]) -> nw.Expr:
    """Whether a row is of a control arm, by its arm or its status: nothing was sent."""
    import narwhals as nw

    held = nw.col("order_key") < 0  # no row: a bare literal cannot filter
    for column in ("arm", "status"):
        if codes := control_codes(deliveries, names, column):
            held = held | nw.col(column).is_in(codes).fill_null(False)
    return held
