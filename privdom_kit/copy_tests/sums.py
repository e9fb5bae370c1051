"""Counts, sums, squares and cross products by group: all that the statistics of a test see.

One grouped query gives everything for all groups and all metrics. A null is in no count: n is
counted a metric at a time, so a metric that is not known for some people stays right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.engine import collect

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

MOST_GROUPS = 200_000  # groups that may leave the engine


def collect_sums(
    units: nw.LazyFrame,
    by: Sequence[str],
    outcomes: Sequence[str] = (),
    amounts: Sequence[str] = (),
    crosses: Sequence[tuple[str, str]] = (),
    limit: int = MOST_GROUPS,
) -> pd.DataFrame:
    """Sufficient statistics of people by group.

    Args:
        units: One row a person.
        by: Columns of the groups.
        outcomes: Columns of 0, 1 or null.
        amounts: Columns of whole numbers or null, of which the squares are wanted too.
        crosses: Pairs of columns of which the products are wanted, over rows that have both.
        limit: Most groups that may leave the engine.

    Returns:
        A row a group, in the order of ``by``: ``by``, ``people``, and for each outcome and amount
        ``m``: ``n_m`` (rows that have it) and ``x_m`` (their sum); for each amount ``xx_m`` (sum
        of squares); for each cross ``xy_a_b``.
    """
    import narwhals as nw

    aggregates = [nw.len().alias("people")]
    products = {}
    for name in (*outcomes, *amounts):
        aggregates += [
            nw.col(name).count().alias(f"n_{name}"),
            nw.col(name).sum().alias(f"x_{name}"),
        ]
    for name in amounts:
        products[f"xx_{name}"] = nw.col(name).cast(nw.Int64) * nw.col(name).cast(nw.Int64)
    for a, b in crosses:
        products[f"xy_{a}_{b}"] = nw.col(a).cast(nw.Int64) * nw.col(b).cast(nw.Int64)
    frame = units.with_columns(**products) if products else units
    aggregates += [nw.col(name).sum() for name in products]
    table = collect(frame.group_by(*by).agg(*aggregates), limit=limit)
    table = table.sort_values(list(by), ignore_index=True)
    sums = [c for c in table.columns if c.startswith(("x_", "xx_", "xy_"))]
    # The sum over a group that has no value at all is null in the engine.
    return table.astype(dict.fromkeys(sums, "float64")).fillna(dict.fromkeys(sums, 0.0))
