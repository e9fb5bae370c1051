"""Pieces of content as the audit counts them: posts, or where there are none, brand messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.tables import Table

PURPOSES = ("marketing", "interaction", "care", "daily")
NOT_STATED = "not_stated"
_MOST = 100_000  # touchpoints x purposes, or groups or audiences by purpose, that may be collected


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of content in the engine.

    Attributes:
        frame: ``touchpoint, purpose`` (codes)``, day, sells`` (1 or 0)``, link`` (1, 0 or null),
            group_id, audience`` (codes; null where not given), a row a piece.
        table: Where they come from; it decodes them.
        source: posts or touches.
    """

    frame: nw.LazyFrame
    table: Table
    source: str

    @property
    def note(self) -> Message:
        """What a piece is."""
        if self.source == "posts":
            return msg("A piece is a post; each counts once, however many people saw it.")
        return msg(
            "There are no posts: a piece is a message of the brand as the touches show it, once "
            "a touchpoint, day, purpose and content, however many people got it."
        )

    def count(self, first_day: int, last_day: int, *by: str) -> pd.DataFrame:
        """``pieces, selling, hard_ads, linked`` by the named columns, as codes' values.

        ``first_day`` and ``last_day`` are inclusive.
        """
        import narwhals as nw

        marketing = self.table.code("purpose", "marketing")
        linked = nw.col("link").fill_null(0)
        ad = nw.when(nw.col("purpose") == marketing).then(linked).otherwise(0)
        rows = self.frame.filter((nw.col("day") >= first_day) & (nw.col("day") <= last_day))
        counted = (
            rows.with_columns(ad=ad, linked=linked)
            .group_by(*by)
            .agg(
                nw.len().alias("pieces"),
                nw.col("sells").sum().alias("selling"),
                nw.col("ad").sum().alias("hard_ads"),
                nw.col("linked").sum().alias("linked"),
            )
        )
        found = collect(counted, limit=_MOST)
        for column in set(by) - {"day"}:
            found = self.table.decode(found, column)
        numbers = ["pieces", "selling", "hard_ads", "linked"]
        found[numbers] = found[numbers].astype("float64").astype("int64")
        return found.sort_values(list(by), ignore_index=True)

    def first_day(self) -> int | None:
        """Day of the first piece; None where there is none."""
        import narwhals as nw

        day = collect(self.frame.select(nw.col("day").min()), limit=1)["day"].iloc[0]
        return None if is_missing(day) else int(day)


def read_pieces(base: Base) -> Pieces | None:
    """The pieces of a client; None where neither posts nor messages tell their purpose."""
    if base.has("posts", "purpose", "posted_at"):
        posts = base.tables["posts"]
        return Pieces(_columns(posts, "posted_on"), posts, "posts")
    if base.has("touches", "purpose"):
        touches = base.tables["touches"]
        return Pieces(_messages(touches), touches, "touches")
    return None


def _messages(touches: Table) -> nw.LazyFrame:
    """Messages of the brand with a purpose, once a touchpoint, day, purpose and content."""
    import narwhals as nw

    told = (nw.col("direction") == touches.code("direction", "brand")) & ~nw.col(
        "purpose"
    ).is_null()
    names = ("has_purchase_link", "content_id", "campaign_id", "group_id")
    kept = [name for name in names if touches.has(name)]
    columns = ["touchpoint", "purpose", "occurred_on", *kept]
    sent = touches.frame.filter(told).select(*columns).unique(columns)
    return _columns(touches, "occurred_on", sent)


def _columns(table: Table, day: str, rows: nw.LazyFrame | None = None) -> nw.LazyFrame:
    import narwhals as nw

    def given(name: str) -> nw.Expr:
        return nw.col(name) if table.has(name) else nw.lit(None, dtype=nw.Int32)

    marketing = nw.col("purpose") == table.code("purpose", "marketing")
    link = given("has_purchase_link")
    sells = nw.when(marketing | (link.fill_null(0) == 1)).then(nw.lit(1)).otherwise(nw.lit(0))
    frame = table.frame if rows is None else rows
    return frame.select(
        nw.col("touchpoint"),
        nw.col("purpose"),
        nw.col(day).alias("day"),
        sells.alias("sells"),
        link.cast(nw.Int32).alias("link"),
        given("group_id").alias("group_id"),
        given("audience").alias("audience"),
    )
