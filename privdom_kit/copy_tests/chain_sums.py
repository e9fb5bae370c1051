"""The chain of a send, stage by stage: people with each stage, and with the stage before it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.sums import MOST_GROUPS
from privdom_kit.engine import collect

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.units import Units

#: Stages after the send, by channel (article S118).
CHAINS = {
    "sms": ("delivered", "clicked", "friend_added", "friend_kept", "ordered"),
    "wecom": ("delivered", "clicked", "friend_added", "friend_kept", "ordered"),
    "call": ("connected", "clicked", "friend_added", "friend_kept", "ordered"),
    "call_sms": ("connected", "delivered", "clicked", "friend_added", "friend_kept", "ordered"),
}


def chain_pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of stages of which one may be the next that the tables tell after the other."""
    chains = ([stage for stage in chain if stage in given] for chain in CHAINS.values())
    return sorted({pair for chain in chains for pair in itertools.combinations(chain, 2)})


def chain_sums(units: Units) -> pd.DataFrame:
    """Counts of all stages and of all pairs of stages that may follow one another.

    One grouped query over the people who are in one arm.

    Returns:
        A row a ``test, arm, held, channel`` (names): ``people``; for each stage ``s`` of the tables
        ``n_s`` (people of whom it is known) and ``x_s``; for each pair ``p_a_b`` (people with a of
        whom b is known) and ``xy_a_b`` (people with both).
    """
    import narwhals as nw

    keys = ["test", "arm", "held", "channel"]
    pairs = chain_pairs(units.outcomes)
    stages = sorted({stage for chain in CHAINS.values() for stage in chain} & set(units.outcomes))
    columns = {}
    for first, then in pairs:
        columns[f"xy_{first}_{then}"] = nw.col(first) * nw.col(then)
        columns[f"p_{first}_{then}"] = nw.when(~nw.col(then).is_null()).then(nw.col(first))
    counts = [nw.len().alias("people")]
    for stage in stages:
        counts += [
            nw.col(stage).count().alias(f"n_{stage}"),
            nw.col(stage).sum().alias(f"x_{stage}"),
        ]
    counts += [nw.col(name).sum() for name in columns]
    frame = units.frame.filter(nw.col("arms") == 1)
    if columns:
        frame = frame.with_columns(**columns)
    table = collect(frame.group_by(*keys).agg(*counts), limit=MOST_GROUPS)
    table = table.sort_values(keys, ignore_index=True).fillna(0)
    numbers = [name for name in table.columns if name not in keys]
    return table.astype(dict.fromkeys(numbers, "int64")).assign(
        test=[units.test_name(int(code)) for code in table["test"]],
        arm=[units.arms[int(code)] for code in table["arm"]],
        held=table["held"] == 1,
        channel=[units.channel_name(int(code)) for code in table["channel"]],
    )
