"""What it costs to reach a person, by touchpoint; what has no known cost is not free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.suppression import suppress
from privdom_kit.touchpoints.duties import NOW, count_people
from privdom_kit.touchpoints.traces import ALIASES

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MOST_CHANNELS = 100


def cost_of_reach(base: Base, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Cost / distinct people reached in the last ``catalogue_days``, by touchpoint (S163).

    The cost is that of deliveries; a touchpoint counts as known only where every one of its
    deliveries carries a cost. The others are listed after it without one, and are not ranked.

    Returns:
        touchpoint, people_reached, reach_cost, cost_per_person, the cheapest first; and how many
        cells were hidden.
    """
    import pandas as pd

    days = settings.touchpoints.catalogue_days
    reached = {
        place: counts["reached"]
        for (place, period), counts in count_people(base, days).items()
        if period == NOW and counts["reached"]
    }
    if not reached:
        return pd.DataFrame(), 0
    costs = _delivery_costs(base, days)
    rows = [(place, people, costs.get(place)) for place, people in reached.items()]
    table = pd.DataFrame(rows, columns=["touchpoint", "people_reached", "reach_cost"])
    table["reach_cost"] = table["reach_cost"].astype("float64")
    table["cost_per_person"] = table["reach_cost"] / table["people_reached"]
    order = ["cost_per_person", "people_reached"]
    table = table.sort_values(order, ascending=[True, False], ignore_index=True)
    hide, least = ["reach_cost", "cost_per_person"], settings.privacy.min_cell
    return suppress(table, "people_reached", hide, least, groups=())


def _delivery_costs(base: Base, days: int) -> dict[str, float]:
    """Cost by touchpoint, where every delivery of the period carries one."""
    import narwhals as nw

    if not base.has("deliveries", "cost"):
        return {}
    deliveries = base.tables["deliveries"]
    rows = deliveries.frame.filter(nw.col("sent_on") > base.as_of_day - days)
    grouped = rows.group_by("channel").agg(
        nw.len().alias("rows"), nw.col("cost_cents").count().alias("known"),
        nw.col("cost_cents").sum().alias("cents"),
    )  # fmt: skip
    found = deliveries.decode(collect(grouped, limit=_MOST_CHANNELS), "channel")
    return {
        ALIASES.get(row.channel, row.channel): float(row.cents) / 100
        for row in found.itertuples(index=False)
        if int(row.known) == int(row.rows)
    }
