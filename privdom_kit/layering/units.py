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
    "timing": "text: time since the last order, in order cycles",
    "order_value": "text: above the median of net spend per purchase day, or not",
    "purchase_frequency": "text: above the median of purchase days, or not",
    "recency_score": "count: 1 to 5, 5 for the latest last order",
    "frequency_score": "count: 1 to 5, 5 for the most purchase days",
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
    "channel_customers": "count: people who came through the channel",
    "contacts": "count: people who are or were a contact",
    "kept_contacts": "count: people with a contact that stands",
    "ripe_buyers": "count: buyers watched long enough after their first purchase",
    "second_purchase_customers": "count: ripe buyers with a second purchase in time",
    "compared_channels": "count: channels large enough to compare",
    "weak_channels": "count: channels below the others for sure",
    "high_spend_customers": "count: buyers with a high spend score",
    "at_risk_customers": "count: of those, with a low score for the last order",
    "value_customers": "count: fewest people who together give the share of spend",
    "contact_customers": "count: buyers who are or were a contact",
    "margin_value_customers": "count: fewest people who together give the share of margin",
    "margin_buyers": "count: people with a positive margin",
    "members": "count: registered members",
    "banded_members": "count: members with a child's age band",
    "no_consent_members": "count: members whose child's age came without consent",
    "orders": "count: orders",
    "new_buyers": "count: first-time buyers of the last period",
    "promoted_buyers": "count: of those, with a first order on promotion",
    "previous_new_buyers": "count: first-time buyers of the period before",
    "previous_promoted_buyers": "count: of those, with a first order on promotion",
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
    "share_of_channel": "percent: share of the channel's people",
    "kept_share": "percent: share of contacts that stand",
    "difference": "points: channel less all others",
    "p_value": "number: two-sided p-value",
    "p_value_adjusted": "number: p-value corrected by Holm",
    "at_risk_share": "percent: share of buyers with a high spend score",
    "top_share": "percent: share of buyers, from the highest spend on",
    "spend_share": "percent: share of all net spend",
    "concentration_share": "percent: share of spend that is asked for",
    "value_customer_share": "percent: share of the base that is among the fewest",
    "gini": "number: Gini coefficient, 0 equal to 1 one person",
    "contact_spend_share": "percent: share of net spend from contacts",
    "margin_spend_covered": "percent: share of net spend with known unit costs",
    "promoted_share": "percent: share of new buyers",
    "previous_promoted_share": "percent: share of new buyers of the period before",
    "promoted_change": "points: change of the promoted share",
    # money and time
    "net_spend": "money: net spend",
    "net_spend_per_customer": "money: net spend per person",
    "total_net_spend": "money: net spend of all",
    "negative_net_spend": "money: sum of the negative net spends",
    "contact_net_spend": "money: net spend of contacts",
    "at_risk_net_spend": "money: net spend of those at risk, all data",
    "at_risk_window_spend": "money: net spend of those at risk, value window",
    "money_at_stake": "money: margin a year",
    "order_cycle_days": "days: order cycle",
    "second_purchase_days": "days: time after the first purchase",
    # next order
    "step": "text: from which order to which",
    "gaps": "count: times between an order and the next, open ones included",
    "returns": "count: of those, ended in an order",
    "horizon_days": "days: time that the data support",
    "returned_share": "percent: share followed by an order by then (product-limit)",
    "half_return_days": "days: time by which half of those who return have returned",
    "days": "days: time since the order",
    "at_risk": "count: still watched just before",
    "events": "count: orders on that day",
    "gap_source": "text: what dates the next order",
    "due_status": "text: where buyers stand against that date",
    "due_customers": "count: buyers whose next order is due",
    "overdue_customers": "count: buyers past the date of the next order",
    # customer value
    "tenth": "count: tenth of buyers by expected value, 1 the highest",
    "repeat_orders": "text: purchase days after the first",
    "expected_orders": "number: purchase days expected over the horizon",
    "expected_value": "money: expected over the horizon, discounted",
    "expected_value_per_customer": "money: expected value per buyer",
    "alive_customers": "number: sum of the chances not to have stopped",
    "chance_alive": "percent: mean chance not to have stopped",
    "value_horizon_days": "days: time ahead",
    "discount_rate": "percent: a year",
    "actual_orders": "count: purchase days in the days held back",
    "model_orders": "number: purchase days that the model expected",
    "mean_orders": "number: purchase days by the plain mean",
    "holdout_days": "days: held back to test the model",
    "holdout_customers": "count: buyers before the days held back",
    "model_error": "number: root mean squared error of the model, purchase days a customer",
    "mean_error": "number: root mean squared error of the plain mean, purchase days a customer",
    "error_change": "number: mean squared error, model less plain mean",
    "model": "text: model",
    "parameter": "text: parameter",
    "estimate": "number: estimate, in days and in the client's currency",
    "net_spend_per_contact": "money: net spend per contact",
    "margin_per_contact": "money: net spend x gross margin per contact",
    "channel_net_spend": "money: net spend of the channel's people",
    "worth_per_buyer": "money: margin of a buyer's first days, as long as the horizon",
    "revenue_rank": "count: rank by net spend",
    "worth_rank": "count: rank by worth per buyer",
    # relationship tiers
    "tier": "text: relationship tier",
    "from_tier": "text: tier one period before",
    "to_tier": "text: tier now",
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
