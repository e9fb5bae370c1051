"""Selling messages from the person's side: on how many days, and where selling is ruled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate, rate
from privdom_kit.engine import collect
from privdom_kit.events import BRAND

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.touchpoints.contents import Pieces

_MOST_DAYS = 4000
_FIGURES = (
    *("recipients", "over_cap_people"),
    *("over_cap_share", "over_cap_share_ci_lower", "over_cap_share_ci_upper"),
)


def count_selling_days(
    base: Base, since: int, rules: Any
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """People whom the brand wrote to since a day, by the days on which a message sold (S060).

    Returns:
        ``selling_days, people, recipients, share`` with interval, and the figures of those above
        the cap; None and empty figures where touches do not tell what sells.
    """
    nothing = dict.fromkeys(_FIGURES)
    if not (base.has("touches", "purpose") or base.has("touches", "has_purchase_link")):
        return None, nothing
    found = collect(_selling_days(base, since), limit=_MOST_DAYS)
    if found.empty:
        return None, nothing
    table = found.astype("float64").astype("int64").sort_values("selling_days", ignore_index=True)
    recipients = int(table["people"].sum())
    covered = base.as_of_day - _first_day(base, since) + 1
    above = int(table.loc[table["selling_days"] > rules.selling_day_cap * covered, "people"].sum())
    table = add_rate(
        table.assign(recipients=recipients), "people", "recipients", "share", rules.confidence_level
    )
    return table, {
        "recipients": recipients,
        "over_cap_people": above,
        **rate(above, recipients, "over_cap_share", rules.confidence_level),
    }


def _first_day(base: Base, since: int) -> int:
    """The first day of the period with a message of the brand: touches may begin within it."""
    return int(collect(_sent(base, since).select(_col("day").min()), limit=1)["day"].iloc[0])


def _col(name: str) -> nw.Expr:
    import narwhals as nw

    return nw.col(name)


def _sent(base: Base, since: int) -> nw.LazyFrame:
    """Messages of the brand since a day, as the touches show them."""
    of_brand = (_col("direction") == BRAND) & (_col("source") == 0)
    return base.events.frame.filter(of_brand & (_col("day") >= since))


def _selling_days(base: Base, since: int) -> nw.LazyFrame:
    import narwhals as nw

    marketing = _purpose_code(base, "marketing")
    sells = (nw.col("purpose").fill_null(-2) == marketing) | (
        nw.col("has_purchase_link").fill_null(0) == 1
    )
    by_day = (
        _sent(base, since)
        .with_columns(sold=nw.when(sells).then(nw.lit(1)).otherwise(nw.lit(0)))
        .group_by("customer", "day")
        .agg(nw.col("sold").max())
    )
    by_person = by_day.group_by("customer").agg(nw.col("sold").sum().alias("selling_days"))
    return by_person.group_by("selling_days").agg(nw.len().alias("people"))


def _purpose_code(base: Base, purpose: str) -> int:
    return base.tables["touches"].code("purpose", purpose)


def restrained_messages(base: Base, pieces: Pieces, since: int, rules: Any) -> pd.DataFrame | None:
    """Messages with a purchase link on touchpoints where selling is ruled out (S035).

    Touches count where they tell of links; pieces on touchpoints that touches do not show.

    Returns:
        ``touchpoint, linked, messages, linked_share`` with interval; None where no touchpoint is
        marked, or nothing tells of links.
    """
    import pandas as pd

    marked = tuple(rules.no_selling_touchpoints)
    known = base.has("touches", "has_purchase_link"), pieces.table.has("has_purchase_link")
    if not marked or not any(known):
        return None
    parts = []
    if known[0]:
        parts.append(_sent_links(base, since))
    if known[1] and pieces.source == "posts":
        posts = pieces.count(since, base.as_of_day, "touchpoint")
        parts.append(
            posts.rename(columns={"pieces": "messages"})[["touchpoint", "linked", "messages"]]
        )
    found = pd.concat(parts).groupby("touchpoint").first().reindex(marked).reset_index()
    counts = found[["linked", "messages"]].fillna(0).astype("int64")
    return add_rate(
        found.assign(**counts), "linked", "messages", "linked_share", rules.confidence_level
    )


def _sent_links(base: Base, since: int) -> pd.DataFrame:
    import narwhals as nw

    counted = (
        _sent(base, since)
        .group_by("touchpoint")
        .agg(
            nw.col("has_purchase_link").fill_null(0).cast(nw.Int64).sum().alias("linked"),
            nw.len().alias("messages"),
        )
    )
    found = collect(counted, limit=_MOST_DAYS)
    names = [base.events.touchpoints[int(code)] for code in found["touchpoint"]]
    return found.assign(touchpoint=names)
