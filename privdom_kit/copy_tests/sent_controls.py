"""Arms that are called as if nothing was sent to them, and were sent something all the same.

"control" means two things in the field: people who are sent nothing, and people who are sent the
copy in use. The name alone does not tell; deliveries, calls and costs do. "holdout" means one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.deliveries import control_codes
from privdom_kit.engine import collect

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.settings import CopyTestsSettings
    from privdom_kit.tables import Table

_MOST_ARMS = 10_000


def find_sent_controls(
    rows: nw.LazyFrame, table: Table, rules: CopyTestsSettings
) -> list[tuple[int, int]]:
    """Codes of test and arm of arms called as held back of which most rows were sent something.

    Args:
        rows: Delivery rows with ``test`` and ``arm``.
        table: The table that they come from.
        rules: ``control_arms, either_control_arms`` and ``sent_control_share``.
    """
    import narwhals as nw

    codes = control_codes(table, set(rules.control_arms) & set(rules.either_control_arms))
    signs = [n for n in ("delivered_at", "connected_at") if table.has(n)]
    if not codes or not (signs or table.has("cost")):
        return []
    sent = nw.col("order_key") < 0  # no row: a bare literal cannot filter
    for name in signs:
        sent = sent | ~nw.col(name).is_null()
    if table.has("cost"):
        sent = sent | (nw.col("cost_cents") > 0).fill_null(False)
    counts = collect(
        rows.filter(nw.col("arm").is_in(codes))
        .with_columns(touched=nw.when(sent).then(nw.lit(1)).otherwise(nw.lit(0)))
        .group_by("test", "arm")
        .agg(nw.len().alias("rows"), nw.col("touched").sum()),
        limit=_MOST_ARMS,
    )
    most = counts[counts["touched"] >= rules.sent_control_share * counts["rows"]]
    return sorted((int(t), int(a)) for t, a in zip(most["test"], most["arm"], strict=True))


def as_sent(rows: nw.LazyFrame, arms: list[tuple[int, int]]) -> nw.LazyFrame:
    """The rows, people of these tests and arms held back no longer."""
    import narwhals as nw

    held = nw.col("held")
    for test, arm in arms:
        here = (nw.col("test") == test) & (nw.col("arm") == arm)
        held = nw.when(here).then(nw.lit(0)).otherwise(held)
    return rows.with_columns(held=held) if arms else rows
