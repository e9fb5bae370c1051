"""What the people who leave in a year are worth, where orders and a margin say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.relations.spells import CUSTOMER

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.base import Base

YEAR = 365
FIGURES = ("lost_people_a_year", "margin_per_contact", "gross_margin", "money_at_stake")


def lost_margin(base: Base, spells: nw.LazyFrame, watched_from: int) -> dict[str, Any]:
    """People lost a year x the margin that a contact brings a year.

    Both are measured over the last 365 days, or since ``watched_from`` where that is later, and
    scaled to a year: people gone, and net spend of contacts while they stood by the time that
    they stood. It is what leaves with them if they stop buying: who removes the brand may still
    buy elsewhere, so it bounds the loss from above.

    Args:
        base: The client.
        spells: People's spells as contacts
            (:func:`privdom_kit.relations.spells.person_spells`).
        watched_from: First day on which departures were recorded.

    Returns:
        :data:`FIGURES`; money only with orders and ``economics.gross_margin``.
    """
    figures: dict[str, Any] = dict.fromkeys(FIGURES)
    since = max(base.as_of_day - YEAR + 1, watched_from)
    days, gone = _person_days(base, spells, since)
    if not days:
        return figures
    span = base.as_of_day - since + 1
    figures["lost_people_a_year"] = gone * YEAR / span
    margin = base.economics.gross_margin
    figures["gross_margin"] = margin
    if base.purchases is None or margin is None:
        return figures
    spend = _spend_while_standing(base, spells, since) / 100
    figures["margin_per_contact"] = spend / days * YEAR * margin
    figures["money_at_stake"] = figures["lost_people_a_year"] * figures["margin_per_contact"]
    return figures


def _person_days(base: Base, spells: nw.LazyFrame, since: int) -> tuple[int, int]:
    """Days for which people stood as contacts from ``since`` on, and how many left then."""
    import narwhals as nw

    last = nw.col("end_day").fill_null(base.as_of_day)
    begins = nw.when(nw.col("start_day") > since).then(nw.col("start_day")).otherwise(since)
    left = (nw.col("ended") == CUSTOMER) & (last >= since)
    rows = spells.filter(last >= since).select(
        days=last - begins + 1, gone=nw.when(left).then(nw.lit(1)).otherwise(nw.lit(0))
    )
    sums = collect(rows.select(nw.col("days").sum(), nw.col("gone").sum()), limit=1).fillna(0)
    return int(sums["days"].iloc[0]), int(sums["gone"].iloc[0])


def _spend_while_standing(base: Base, spells: nw.LazyFrame, since: int) -> int:
    import narwhals as nw

    bought = base.purchases.days.filter(nw.col("day") >= since)  # type: ignore[union-attr]
    stood = (nw.col("day") >= nw.col("start_day")) & (
        nw.col("day") <= nw.col("end_day").fill_null(base.as_of_day)
    )
    rows = bought.join(spells, on="customer", how="inner").filter(stood)
    sums = collect(rows.select(nw.col("net_cents").sum()), limit=1).fillna(0)
    return int(sums["net_cents"].iloc[0])
