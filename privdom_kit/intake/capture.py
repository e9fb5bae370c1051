"""At which touchpoints visitors become known people (S171)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client import Client

# Names under which exports of touchpoint_days count visitors.
VISITORS = ("visitors", "uv", "visitor_count", "访客数", "访问人数")
_MOST_DAYS = 100_000  # touchpoints times days


def measure_capture(
    client: Client, least: int
) -> tuple[dict[str, pd.DataFrame], tuple[Message, ...]]:
    """People identified at a touchpoint beside its visitors, on the days with a visitor count.

    Both sides count a person once a day: visitors cannot be told apart over days.

    Args:
        client: The opened client.
        least: People below which a cell is hidden.

    Returns:
        ``capture`` (touchpoint, days, identified, visitors, identified_share), or nothing where
        visitors were not counted; and a note that says so, or names touchpoints with more people
        identified than visitors, whose counts cannot both be right.
    """
    visited = _visitors(client)
    if visited is None or "touches" not in client.tables:
        return {}, (
            msg(
                "Share of visitors identified: not measured, for no table counts a touchpoint's "
                "visitors by day (metric visitors in touchpoint_days)."
            ),
        )
    table = _identified(client, visited)
    wrong = table[table["identified"] > table["visitors"]]
    notes = (
        (
            msg(
                "More people identified than visitors counted: {touchpoints}; the two counts "
                "do not measure the same.",
                touchpoints=join_messages([label(name) for name in wrong["touchpoint"]]),
            ),
        )
        if len(wrong)
        else ()
    )
    table["identified_share"] = table["identified"] / table["visitors"].where(table["visitors"] > 0)
    table, _ = suppress(table, "identified", ["identified_share"], least, groups=())
    return {"capture": table}, notes


def _visitors(client: Client) -> pd.DataFrame | None:
    """touchpoint, days, visitors; None where no such metric was given."""
    import narwhals as nw

    if "touchpoint_days" not in client.tables:
        return None
    table = client.touchpoint_days
    codes = [code for name in VISITORS if (code := table.code("metric", name)) >= 0]
    if not codes:
        return None
    counted = table.frame.filter(nw.col("metric").is_in(codes)).group_by("touchpoint", "date")
    days = counted.agg(nw.col("value").max().alias("visitors"))
    return collect(days, limit=_MOST_DAYS)


def _identified(client: Client, visited: pd.DataFrame) -> pd.DataFrame:
    import narwhals as nw

    touches = client.touches
    mine = touches.frame.filter(
        (nw.col("direction") == touches.code("direction", "customer"))
        & ~nw.col("customer").is_null()
        & nw.col("touchpoint").is_in(sorted({int(code) for code in visited["touchpoint"]}))
        & (nw.col("occurred_on") >= int(visited["date"].min()))
        & (nw.col("occurred_on") <= int(visited["date"].max()))
    )
    counted = mine.group_by("touchpoint", "occurred_on").agg(
        nw.col("customer").n_unique().alias("identified")
    )
    seen = collect(counted, limit=_MOST_DAYS).rename(columns={"occurred_on": "date"})
    days = visited.merge(seen, how="left", on=["touchpoint", "date"]).fillna({"identified": 0})
    table = days.groupby("touchpoint", as_index=False).agg(
        days=("date", "size"), identified=("identified", "sum"), visitors=("visitors", "sum")
    )
    table["identified"] = table["identified"].astype("int64")
    return touches.decode(table, "touchpoint")
