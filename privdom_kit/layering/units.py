"""The unit of every column and figure of user layering, in one place.

The word before the colon is a format of :mod:`privdom_kit.formats`.
"""

from __future__ import annotations

from collections.abc import Iterable

UNITS: dict[str, str] = {
    # names
    "state": "text: state",
    "from_state": "text: state one period before",
    "to_state": "text: state now",
    "layer": "text: layer by purchase days",
    "channel": "text: acquisition channel",
    "channel_source": "text: column that names the channel",
    "band": "text: age band of the child",
    "kind": "text: how a return is counted",
    "cohort": "text: calendar period of the first purchase",
    "part": "text: part of the revenue",
    # people
    "customers": "count: people",
    "known_people": "count: people known",
    "previous_customers": "count: people, one period before",
    "previous_known_people": "count: people known one period before",
    "from_customers": "count: people in the state one period before",
    "lapsing_customers": "count: people about to lapse or lapsed",
    "moved_base": "count: people known at both dates",
    "moved_down": "count: people in a lower state than before",
    "moved_up": "count: people in a higher state than before",
    "stayed": "count: people in the same state as before",
    "previous_moved_base": "count: people known at both earlier dates",
    "lapsed_customers": "count: buyers without an order for longer than the lapsing limit",
    "buyers": "count: people with a purchase day",
    "repeat_customers": "count: people with two purchase days or more",
    "recent_customers": "count: people in the recent group",
    "earlier_customers": "count: people in the earlier group",
    "negative_spend_customers": "count: people whose returns exceed their purchases",
    "cohort_customers": "count: people in the cohort",
    "period": "count: periods since the first purchase",
    # shares
    "share": "percent: share of the base",
    "previous_share": "percent: share of people known one period before",
    "share_change": "points: change of the share against one period before",
    "share_of_from": "percent: share of the people in the state before",
    "lapsing_share": "percent: share of people known",
    "previous_lapsing_share": "percent: share of people known one period before",
    "lapsing_change": "points: change of the lapsing share",
    "moved_down_share": "percent: share of people known at both dates",
    "moved_up_share": "percent: share of people known at both dates",
    "previous_moved_down_share": "percent: share of people known at both earlier dates",
    "moved_down_change": "points: change of the share that moved down",
    "lapsed_share": "percent: share of the layer",
    "repeat_rate": "percent: share of buyers with two purchase days or more",
    "second_purchase_share": "percent: share of buyers with a second purchase in time",
    "recent_share": "percent: share of the recent group",
    "earlier_share": "percent: share of the earlier group",
    "change": "points: recent less earlier",
    "gross_margin": "percent: share of net spend",
    # money and time
    "net_spend": "money: net spend",
    "money_at_stake": "money: margin a year",
    "order_cycle_days": "days: order cycle",
    "second_purchase_days": "days: time after the first purchase",
}
_ENDS = {"_ci_lower": "lower bound", "_ci_upper": "upper bound"}


def units_of(names: Iterable[str]) -> dict[str, str]:
    """The unit of each name; bounds take theirs from what they bound.

    Raises:
        KeyError: A column or figure has no unit yet (a programming error).
    """
    return {name: _unit(name) for name in names}


def _unit(name: str) -> str:
    for ending, words in _ENDS.items():
        if name.endswith(ending):
            return f"{UNITS[name.removesuffix(ending)]}, {words}"
    return UNITS[name]
