"""Tests by WeCom with an arm that was held back: removals of those sent to against the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate, bounded
from privdom_kit.deliveries import control_codes
from privdom_kit.engine import collect
from privdom_kit.estimates import difference_interval
from privdom_kit.touchpoints.sends import HOUR

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

_MOST_ARMS = 10_000
_COUNTS = ("sent_people", "sent_removals", "held_people", "held_removals")


def holdout_table(
    base: Base, rules: TouchpointsSettings, level: float | None = None
) -> pd.DataFrame:
    """Removals within ``send_window_hours`` of the send, or of the moment it was held back.

    Everybody in the test counts in the arm into which they were drawn, whether delivered or not.

    Args:
        base: The client.
        rules: Settings.
        level: Level of the differences; that of the settings where not given.

    Returns:
        ``test``, the counts of both arms, ``sent_share`` and ``held_share`` with bounds,
        ``difference`` and bounds; only tests in which both arms have ``send_min_people``.
    """
    import pandas as pd

    counts = _counts(base, rules)
    big = counts[list(_COUNTS)][["sent_people", "held_people"]].min(axis=1) >= rules.send_min_people
    table = counts[big].reset_index(drop=True)
    for arm in ("sent", "held"):
        people, removals = f"{arm}_people", f"{arm}_removals"
        table = add_rate(table, removals, people, f"{arm}_share", rules.confidence_level)
    gaps = [
        difference_interval(a, n, b, m, level or rules.confidence_level)
        for n, a, m, b in table[list(_COUNTS)].itertuples(index=False)
    ]
    found = [(gap.estimate, gap.lower, gap.upper) for gap in gaps]
    columns = pd.DataFrame(found, columns=list(bounded("difference")), dtype="float64")
    return pd.concat([table, columns], axis=1)


def _counts(base: Base, rules: TouchpointsSettings) -> pd.DataFrame:
    import narwhals as nw
    import pandas as pd

    columns = ["test", *_COUNTS]
    if not base.has("deliveries", "test_id", "arm", "friend_removed_at"):
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(_COUNTS, "int64"))
    deliveries = base.tables["deliveries"]
    held = control_codes(deliveries, base.control_arms)
    if not held:
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(_COUNTS, "int64"))
    since = nw.col("friend_removed_at") - nw.col("sent_at")
    gone = ((since >= 0) & (since <= rules.send_window_hours * HOUR)).fill_null(value=False)
    ours = (nw.col("channel") == deliveries.code("channel", "wecom")) & (nw.col("test_id") >= 0)
    rows = deliveries.frame.filter(ours & ~nw.col("arm").is_null()).with_columns(
        held=nw.when(nw.col("arm").is_in(held)).then(nw.lit(1)).otherwise(nw.lit(0)),
        gone=nw.when(gone).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    people = rows.group_by("test_id", "held", "customer").agg(nw.col("gone").max())
    arms = collect(
        people.group_by("test_id", "held").agg(nw.len().alias("people"), nw.col("gone").sum()),
        limit=_MOST_ARMS,
    ).astype("int64")
    wide = arms.pivot(index="test_id", columns="held", values=["people", "gone"])
    wanted = [("people", 0), ("gone", 0), ("people", 1), ("gone", 1)]
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(wanted)).fillna(0).astype("int64")
    table = wide.sort_index().set_axis(_COUNTS, axis=1).reset_index()
    return deliveries.decode(table, "test_id").rename(columns={"test_id": "test"})[columns]
