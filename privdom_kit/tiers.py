"""The rule of relationship tiers: how near a person is to the brand, at one date or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.settings import LayeringSettings
    from privdom_kit.tables import Table

# Nearest last, as the ladder is climbed.
TIERS = ("stranger", "acquaintance", "friend", "family")
STRANGER, ACQUAINTANCE, FRIEND, FAMILY = range(len(TIERS))


def tiers_at(
    people: nw.LazyFrame,
    tables: Mapping[str, Table],
    days: nw.LazyFrame | None,
    ends: Mapping[str, int],
    settings: LayeringSettings,
) -> nw.LazyFrame:
    """Everyone with their tier at each date: codes into :data:`TIERS`, null where not known yet.

    Args:
        people: ``customer, known_day``.
        tables: The canonical tables by name; touches and referrals are looked at.
        days: Purchase days, ``customer, day``; None without orders.
        ends: The dates as integer days, by the ending of the column ``tier<ending>``.
        settings: What makes a tier.

    Returns:
        ``customer`` and a ``tier<ending>`` each.
    """
    import narwhals as nw

    rows = people.select("customer", "known_day")
    for name, frame, day in _evidence(tables, days):
        rows = rows.join(_within(frame, day, name, ends, settings), on="customer", how="left")
    given = set(rows.collect_schema().names())
    names = [f"{name}{e}" for name in ("bought", "replied", "invited") for e in ends]
    absent = [nw.lit(0).alias(name) for name in names if name not in given]
    rows = rows.with_columns(nw.col("customer"), *absent)
    rows = rows.with_columns(nw.col(*names).fill_null(0))
    tiers = {
        f"tier{ending}": nw.when(nw.col("known_day") <= end).then(_tier(ending, settings))
        for ending, end in ends.items()
    }
    return rows.with_columns(**tiers).select("customer", *tiers)


def _evidence(
    tables: Mapping[str, Table], days: nw.LazyFrame | None
) -> list[tuple[str, nw.LazyFrame, str]]:
    """Rows that count as evidence: name of the count, ``customer`` and the column of the day."""
    import narwhals as nw

    found = []
    if days is not None:
        found.append(("bought", days.select("customer", "day"), "day"))
    if "touches" in tables and tables["touches"].has("direction"):
        touches = tables["touches"]
        own = nw.col("direction") == touches.code("direction", "customer")
        found.append(("replied", touches.frame.filter(own), "occurred_on"))
    if "referrals" in tables:
        invited = tables["referrals"].frame.select("referrer", "customer", "invited_on")
        invited = invited.filter(nw.col("referrer") != nw.col("customer"))
        # One invitation a person invited: the first.
        firsts = invited.group_by("referrer", "customer").agg(nw.col("invited_on").min())
        found.append(
            (
                "invited",
                firsts.select(nw.col("referrer").alias("customer"), "invited_on"),
                "invited_on",
            )
        )
    return found


def _within(
    frame: nw.LazyFrame, day: str, name: str, ends: Mapping[str, int], settings: LayeringSettings
) -> nw.LazyFrame:
    import narwhals as nw

    counts = {}
    for ending, end in ends.items():
        inside = (nw.col(day) <= end) & (nw.col(day) > end - settings.tier_window_days)
        counts[f"{name}{ending}"] = nw.when(inside).then(nw.lit(1)).otherwise(nw.lit(0))
    rows = frame.filter(~nw.col("customer").is_null()).with_columns(**counts)
    sums = rows.group_by("customer").agg(*[nw.col(column).sum() for column in counts])
    return sums.with_columns(nw.col(*counts).cast(nw.Int64))


def _tier(ending: str, settings: LayeringSettings) -> nw.Expr:
    import narwhals as nw

    bought, replied, invited = (nw.col(f"{n}{ending}") for n in ("bought", "replied", "invited"))
    friend = (bought >= settings.tier_friend_orders) | (
        (bought > 0) & (replied >= settings.tier_friend_replies)
    )
    return (
        nw.when(friend & (invited >= settings.tier_family_referrals))
        .then(nw.lit(FAMILY))
        .when(friend)
        .then(nw.lit(FRIEND))
        .when((bought > 0) | (replied > 0))
        .then(nw.lit(ACQUAINTANCE))
        .otherwise(nw.lit(STRANGER))
        .cast(nw.Int32)
    )
