"""Community groups day by day: what counts, and sums by group that leave the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.events import BRAND, CUSTOMER
from privdom_kit.formats import is_missing
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.tables import Table

UNKNOWN = "unknown"
MOST_GROUPS = 100_000
_MOST_BANDS = 12


@dataclass(frozen=True, slots=True, eq=False)
class GroupDays:
    """Days of groups that can be counted.

    Attributes:
        frame: ``group, day, members, active, messages`` (of the day; null where not given)``,
            age`` (days since the group was made; null where not given)``, created, planned``.
        groups: A row a group: ``group, created, planned`` (NaN where not given)``, first, last,
            spoke`` (last day with a message, else with an active member; NaN: never)``, members``
            (on the last day).
        table: The canonical table.
        to_date: Whether active members are those who have written up to the day, and not on it.
        coverage: Rows used and left out by reason.
        last_day: Last day of the data.
    """

    frame: nw.LazyFrame
    groups: pd.DataFrame
    table: Table
    to_date: bool
    coverage: Coverage
    last_day: int


def read_group_days(groups: Table) -> GroupDays | None:
    """The countable days of a ``groups`` table; None where there is none.

    A day without members, or with more active members than members, is left out. Exports that
    count "up to the day" (WeCom's member_has_msg) never fall: where neither active members nor
    messages of any group do, they are taken to be such, and messages become daily differences.
    """
    import narwhals as nw

    rows = _rows(groups)
    whole = collect(rows.group_by("fault").agg(nw.len().alias("rows")), limit=3)
    counts = {str(f): int(n) for f, n in zip(whole["fault"], whole["rows"], strict=True)}
    used = counts.pop("", 0)
    dropped = {**groups.coverage.dropped, **counts}
    if not used:
        return None
    frame = checkpoint(rows.filter(nw.col("fault") == ""))
    to_date = _only_rises(frame)
    if to_date:
        earlier = nw.col("messages").shift(1).over("group", order_by="day")
        frame = checkpoint(frame.with_columns(messages=nw.col("messages") - earlier))
    coverage = Coverage(used + sum(dropped.values()), used, dropped)
    table = _groups(frame, groups)
    return GroupDays(frame, table, groups, to_date, coverage, int(table["last"].max()))


def _rows(groups: Table) -> nw.LazyFrame:
    import narwhals as nw

    def given(name: str, column: str) -> nw.Expr:
        return (nw.col(column) if groups.has(name) else nw.lit(None)).cast(nw.Int64)

    created = given("created_at", "created_on")
    frame = groups.frame.select(
        nw.col("group_id").alias("group"),
        nw.col("date").cast(nw.Int64).alias("day"),
        nw.col("members"),
        nw.col("active_members").alias("active"),
        given("messages", "messages").alias("messages"),
        created.alias("created"),
        given("planned_days", "planned_days").alias("planned"),
    )
    return frame.with_columns(
        age=nw.col("day") - nw.col("created"),
        fault=nw.when(nw.col("active").is_null())
        .then(nw.lit("active members not given"))
        .when(nw.col("members") <= 0)
        .then(nw.lit("no members"))
        .when(nw.col("active") > nw.col("members"))
        .then(nw.lit("more active than members"))
        .otherwise(nw.lit("")),
    )


def _only_rises(frame: nw.LazyFrame) -> bool:
    """Whether active members and messages rise here and there and fall nowhere."""
    import narwhals as nw

    moved = frame.with_columns(
        step=nw.col("active") - nw.col("active").shift(1).over("group", order_by="day"),
        talk=nw.col("messages") - nw.col("messages").shift(1).over("group", order_by="day"),
    ).select(
        nw.col("step").min().alias("fall"),
        nw.col("step").max().alias("rise"),
        nw.col("talk").min().alias("quieter"),
    )
    found = collect(moved, limit=1).iloc[0]
    falls = [v for v in (found["fall"], found["quieter"]) if not is_missing(v)]
    rises = not is_missing(found["rise"]) and found["rise"] > 0
    return bool(falls) and all(v >= 0 for v in falls) and rises


def _groups(frame: nw.LazyFrame, groups: Table) -> pd.DataFrame:
    """One row a group; the theme is that of its last day."""
    import narwhals as nw

    talked = nw.col("messages") if groups.has("messages") else nw.col("active")
    spoke = nw.when(talked.fill_null(0) > 0).then(nw.col("day"))
    last = nw.col("day").max().over("group")
    found = collect(
        frame.with_columns(spoke=spoke, at_end=nw.when(nw.col("day") == last).then("members"))
        .group_by("group")
        .agg(
            nw.col("created").min(),
            nw.col("planned").max(),
            nw.col("day").min().alias("first"),
            nw.col("day").max().alias("last"),
            nw.col("spoke").max(),
            nw.col("at_end").max().alias("members"),
        ),
        limit=MOST_GROUPS,
    )
    return found.astype("float64").sort_values("group", ignore_index=True)


def sum_window(days: GroupDays, first: int, last: int) -> pd.DataFrame:
    """``group, active, members`` (member days)``, days, age`` (mean) in a window of days."""
    import narwhals as nw

    rows = days.frame.filter((nw.col("day") >= first) & (nw.col("day") <= last))
    found = collect(
        rows.group_by("group").agg(
            nw.col("active").sum(),
            nw.col("members").sum(),
            nw.len().alias("days"),
            nw.col("age").mean(),
        ),
        limit=MOST_GROUPS,
    )
    return found.astype("float64").sort_values("group", ignore_index=True)


def sum_ages(days: GroupDays, edges: tuple[int, ...]) -> pd.DataFrame:
    """``group, band, active, members, days`` over all days with a known age.

    ``band`` counts the edges at or below the age.
    """
    import narwhals as nw

    band: Any = nw.lit(0)
    for place, edge in enumerate(sorted(edges), start=1):
        band = nw.when(nw.col("age") >= edge).then(nw.lit(place)).otherwise(band)
    rows = days.frame.filter(~nw.col("age").is_null() & (nw.col("age") >= 0))
    found = collect(
        rows.with_columns(band=band)
        .group_by("group", "band")
        .agg(nw.col("active").sum(), nw.col("members").sum(), nw.len().alias("days")),
        limit=MOST_GROUPS * _MOST_BANDS,
    )
    return found.astype("float64").sort_values(["group", "band"], ignore_index=True)


def sum_products(days: GroupDays) -> pd.DataFrame:
    """Weighted squares and cross products of age and active share by group, about its means.

    Returns:
        ``group, xx, xy``: their ratio is the slope of the active share on age within the group,
        days weighted by members.
    """
    import narwhals as nw

    rows = days.frame.filter(~nw.col("age").is_null() & (nw.col("age") >= 0))
    weight, age, active = (nw.col(name).cast(nw.Float64) for name in ("members", "age", "active"))
    found = collect(
        rows.with_columns(
            w=weight, wx=weight * age, y=active, xx=weight * age * age, xy=age * active
        )
        .group_by("group")
        .agg(*[nw.col(name).sum() for name in ("w", "wx", "y", "xx", "xy")]),
        limit=MOST_GROUPS,
    ).astype("float64")
    # w * share = active, so the weighted sum of shares is the sum of active members.
    found["xx"] -= found["wx"] ** 2 / found["w"]
    found["xy"] -= found["wx"] * found["y"] / found["w"]
    return found[found["xx"] > 1e-9][["group", "xx", "xy"]].reset_index(drop=True)


def themes(days: GroupDays) -> pd.DataFrame | None:
    """``group, theme``: the theme of each group; None where none is given."""
    import narwhals as nw

    if not days.table.has("theme"):
        return None
    rows = days.table.frame.filter(~nw.col("theme").is_null())
    found = collect(rows.group_by("group_id").agg(nw.col("theme").max()), limit=MOST_GROUPS).rename(
        columns={"group_id": "group"}
    )
    return days.table.decode(found, "theme") if len(found) else None


def senders(base: Base, since: int) -> dict[str, int] | None:
    """Messages in groups since a day by who wrote them; None where touches show one side only."""
    import narwhals as nw

    place, action = base.events.touchpoint("group"), base.events.action("message")
    chosen = base.events.frame.filter(
        (nw.col("touchpoint") == place) & (nw.col("action") == action) & (nw.col("day") >= since)
    )
    found = collect(chosen.group_by("direction").agg(nw.len().alias("messages")), limit=2)
    counts = {int(d): int(n) for d, n in zip(found["direction"], found["messages"], strict=True)}
    # Exports that leave the brand's own messages out would make a lively group of any.
    whole = counts.get(BRAND, 0) and counts.get(CUSTOMER, 0)
    return {"brand": counts[BRAND], "customer": counts[CUSTOMER]} if whole else None


def counted_people(total_members: pd.Series, days: pd.Series) -> pd.Series:
    """Members on a mean day: what a cell of member days stands for in people."""
    return (total_members / days.where(days > 0)).round()
