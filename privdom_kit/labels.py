"""Names of the code in the reader's words: columns, states, questions, playbooks, verdicts.

The wording follows the glossary of the README. A label is lower case, so that it can stand inside a
sentence; :func:`heading` raises its first letter.
"""

from __future__ import annotations

from privdom_kit.messages import Message, translate

# Names that read well with their underscores as spaces.
_PLAIN = """
act active all amount base buyers carried category channel city clear clicked clicks cohort column
component concentration consent contacts contribution cost count coverage crowd current customers
cycle date days deliveries dropped dormant entry_code expected field file first followers group
gross_margin high identities identity kept lapsed layer line links low margin median medium members
messages month never next_order note orders other owner people period phone platform points previous
problem purchase_days purpose question quantity reach reason refund_amount rejected_rows removals
repeat replies retained retention revenue rows rule score segment setting settings share since sku
source staff stage state states status stores systems table tables target threshold tier time total
touches touchpoint touchpoints unit unknown use used value verdict visits watch week year
"""

_WORDED = {
    # verdicts, confidence
    "not_enough_data": "not enough data",
    "not_measured": "not measured",
    # playbooks
    "00_intake": "What the data can carry",
    "01_user_layering": "User layering",
    "02_touchpoint_audit": "Touchpoint audit",
    "03_journey_mapping": "Journey mapping",
    "04_copy_test_plan": "Copy test plan",
    "05_copy_test_readout": "Copy test readout",
    "06_link_reconstruction": "Link reconstruction",
    "07_growth_plan": "Growth plan",
    "08_summary": "Summary",
    # statuses of a playbook in a run
    "ran": "done",
    "fresh": "unchanged",
    "failed": "failed",
    "skipped": "skipped",
    # questions
    "purchase_layers": "layers by purchase",
    "channel_layers": "layers by channel",
    "life_stages": "children's age bands",
    "rfm": "days since the last order, orders and spend (RFM)",
    "relationship_tiers": "relationship tiers",
    "customer_value": "customer value",
    "revenue_split": "where revenue comes from",
    "layer_moves": "moves between layers",
    "audiences": "audiences",
    # the five states
    "high_value": "high value",
    "about_to_lapse": "about to lapse",
    "going_silent": "going silent",
    "not_yet_known": "not yet known",
    # purchase layers
    "once": "bought once",
    # revenue split
    "first_promotion": "first order, on promotion",
    "first_on_promotion": "first order, on promotion",
    "first_full_price": "first order, not on promotion",
    "first_not_on_promotion": "first order, not on promotion",
    "first_promotion_unknown": "first order, promotion not recorded",
    "first_unknown": "first order, promotion not recorded",
    "repeat_after_touch": "repeat order after a brand touch",
    "repeat_without_touch": "repeat order without a brand touch",
    "repeat_not_measured": "repeat order, touches not recorded",
    # retention
    "on": "bought in the period",
    "on_or_after": "bought in the period or later",
    # age bands
    "no_consent": "no guardian consent",
    "no_child_band": "no child's age given",
    # touchpoints
    "service_account": "service account",
    "wecom_chat": "WeCom chat",
    "group_chat": "community group",
    "moments": "Moments",
    "mini_program": "mini program",
    "channels": "Channels",
    "live": "live",
    "sms": "text message",
    "call": "outbound AI call",
    "call_sms": "outbound AI call with a text message",
    "wecom": "WeCom",
    # who removed a contact, and other values of canonical columns
    "customer": "customer",
    "transfer": "transfer",
    "personal": "personal account",
    "brand": "brand",
    "marketing": "marketing",
    "interaction": "interaction",
    "care": "care",
    "daily": "daily life",
    "paid": "paid",
    "closed": "closed",
    "refunded": "refunded",
    "stable": "stable",
    "unclear": "unclear",
    "true": "yes",
    "false": "no",
    # canonical tables
    "order_items": "order items",
    "posts": "posts",
    "groups": "community groups",
    "channel_days": "channels by day",
    "touchpoint_days": "touchpoints by day",
    "link_days": "links by day",
    "referrals": "referrals",
    "leads": "leads",
    "tickets": "service cases",
    "responses": "survey answers",
    # columns
    "add_way": "how added",
    "added_at": "added",
    "age_band": "age band",
    "at_risk": "still observed",
    "bad_share": "share of unusable rows",
    "before": "previous period",
    "buyer_share": "share of buyers",
    "child_band": "child's age band",
    "cohort_customers": "customers in the cohort",
    "covered": "period covered",
    "cycle_days": "order cycle",
    "days_since_last_order": "days since the last order",
    "difference": "difference",
    "duplicate_rows": "repeated rows",
    "first_day": "first day",
    "from_state": "state before",
    "frequency": "orders (score)",
    "frequency_score": "orders (score)",
    "gini": "Gini coefficient",
    "growth": "growth",
    "kept_contacts": "contacts kept",
    "kept_share": "contacts kept",
    "kind": "kind",
    "known_people": "people known",
    "lapsed_customers": "lapsed customers",
    "lapsed_share": "lapsed",
    "last_day": "last day",
    "link_rate": "share linked",
    "monetary": "spend (score)",
    "monetary_score": "spend (score)",
    "moved_down": "moved down",
    "moved_up": "moved up",
    "net_spend": "net spend",
    "net_spend_per_customer": "net spend per customer",
    "order_share": "share of orders",
    "p_value": "p value",
    "p_value_adjusted": "p value, corrected",
    "people_share": "share of people",
    "previous_customers": "customers, previous period",
    "previous_share": "share, previous period",
    "quarantined": "set aside",
    "last_order_score": "days since the last order (score)",
    "repeat_rate": "repeat rate",
    "retention_rate": "retention",
    "revenue_share": "share of revenue",
    "second_order_rate": "second-order rate",
    "share_change": "change of share",
    "spend": "net spend",
    "spend_share": "share of net spend",
    "to_state": "state now",
    "top_share": "top share of buyers",
    "unlinked": "not linked to a person",
    "rows_read": "rows read",
    "rows_used": "rows used",
    "arrivals": "arrivals",
    "at_risk_customers": "high-value customers who have gone quiet",
    "at_risk_net_spend": "net spend of those customers",
    "at_risk_window_spend": "net spend of those customers in the value window",
    "attributed_share": "share attributed",
    "band": "age band",
    "banded_members": "members with an age band",
    "change": "change",
    "channel_customers": "customers of the channel",
    "channel_source": "column that names the channel",
    "compared_channels": "channels compared",
    "contact_customers": "customers who are WeCom contacts",
    "contact_net_spend": "net spend of WeCom contacts",
    "contact_spend_share": "share of net spend by WeCom contacts",
    "days_since_last_row": "days since the last row",
    "days_with_rows": "days with rows",
    "days_with_rows_share": "share of days with rows",
    "duplicates": "repeated rows",
    "earlier_customers": "earlier group",
    "earlier_share": "share in the earlier group",
    "first_on": "first day",
    "from_customers": "customers in the state before",
    "high_spend_customers": "high-spend customers",
    "lapsing_change": "change of the share lapsing or lapsed",
    "lapsing_customers": "customers lapsing or lapsed",
    "lapsing_share": "share lapsing or lapsed",
    "last_on": "last day",
    "margin_buyers": "buyers with a known margin",
    "margin_spend_covered": "net spend with a known margin",
    "margin_value_customers": "buyers giving the target share of margin",
    "money_at_stake": "money at stake",
    "moved_base": "people known at both dates",
    "moved_down_change": "change of the share that moved down",
    "moved_down_share": "share that moved down",
    "moved_up_share": "share that moved up",
    "negative_customers": "customers with a negative net spend",
    "negative_net_spend": "their net spend",
    "negative_spend_customers": "customers with a negative net spend",
    "new_buyers": "new buyers",
    "no_consent_members": "members without guardian consent",
    "order_cycle_days": "order cycle (days)",
    "order_value": "value per order",
    "part": "part",
    "part_rows": "rows of the part",
    "part_share": "share of the part",
    "parts": "what became of the rows",
    "faults": "what is wrong with the rows",
    "previous_known_people": "people known one period before",
    "previous_lapsing_share": "share lapsing or lapsed one period before",
    "previous_moved_base": "people known at both earlier dates",
    "previous_moved_down_share": "share that moved down one period before",
    "promoted_buyers": "new buyers on promotion",
    "promoted_change": "change of the share on promotion",
    "promoted_share": "share of new buyers on promotion",
    "purchase_frequency": "purchases per customer",
    "quadrants": "order value by frequency",
    "quarantined_share": "share of rows set aside",
    "recent_customers": "recent group",
    "recent_share": "share in the recent group",
    "repeat_customers": "repeat customers",
    "ripe_buyers": "buyers watched long enough",
    "rows_with_person": "rows that name a person",
    "rows_with_person_share": "share of rows that name a person",
    "second_purchase_customers": "customers with a second purchase",
    "second_purchase_days": "days allowed for the second purchase",
    "second_purchase_share": "share with a second purchase in time",
    "share_of_channel": "share of the channel",
    "share_of_from": "share of the state before",
    "stayed": "unmoved",
    "tables_possible": "tables possible",
    "total_net_spend": "total net spend",
    "used_share": "share of rows used",
    "value_customer_share": "share of buyers giving the target share of net spend",
    "value_customers": "buyers giving the target share of net spend",
    "weak_channels": "weak channels",
    # next order
    "step": "from which order to which",
    "first_to_second": "first to second order",
    "second_to_third": "second to third order",
    "third_and_later": "third order to the next, and later",
    "gaps": "times to the next order watched",
    "followed": "followed by another order",
    "horizon_days": "days that the data support",
    "returned_share": "share followed by another order",
    "half_return_days": "days until half of those who return have",
    "events": "orders on that day",
    "curves": "share who returned, by day",
    "by_channel": "by channel",
    "gap_source": "what dates the next order",
    "own_gaps": "own gaps",
    "order_cycle": "order cycle",
    "no_gap": "no date",
    "due_status": "next order",
    "not_yet": "not yet due",
    "due": "due",
    "overdue": "overdue",
    "due_customers": "customers due",
    "overdue_customers": "customers overdue",
    # customer value
    "tenth": "tenth by expected value",
    "repeat_orders": "repeat orders",
    "expected_orders": "expected orders",
    "expected_value": "expected value",
    "expected_value_per_customer": "expected value per customer",
    "alive_customers": "customers still buying, expected",
    "chance_alive": "chance of still buying",
    "value_horizon_days": "days ahead",
    "discount_rate": "discount rate a year",
    "actual_orders": "actual orders",
    "model_orders": "orders expected by the model",
    "mean_orders": "orders expected by the plain mean",
    "holdout": "test on days held back",
    "holdout_days": "days held back",
    "holdout_customers": "customers in the test",
    "model_error": "error of the model",
    "mean_error": "error of the plain mean",
    "error_change": "squared error, model less plain mean",
    "parameters": "fitted parameters",
    "model": "model",
    "mbg_nbd": "MBG/NBD",
    "bg_nbd": "BG/NBD",
    "gamma_gamma": "Gamma-Gamma",
    "parameter": "parameter",
    "estimate": "estimate",
    "contact_worth": "what WeCom contacts have brought",
    "net_spend_per_contact": "net spend per contact",
    "margin_per_contact": "margin per contact",
    "channel_worth": "what channels have brought",
    "channel_net_spend": "net spend of the channel",
    "worth_per_buyer": "margin of a buyer's first days",
    "revenue_rank": "rank by net spend",
    "worth_rank": "rank by margin per buyer",
    # relationship tiers
    "stranger": "stranger",
    "acquaintance": "acquaintance",
    "friend": "friend",
    "family": "family",
    "from_tier": "tier before",
    "to_tier": "tier now",
    "moves": "moves",
    # contribution
    "read_part": "reading",
    "share_part": "sharing",
    "recommend_part": "recommending",
    "buy_part": "buying",
    "weight": "weight",
    "weight_factor": "weight multiplied by",
    "contributors": "people who did it",
    "contributor_share": "share who contributed",
    "actions": "times done",
    "top_actions": "times done by the top people",
    "top_action_share": "share done by the top people",
    "sensitivity": "ranks under other weights",
    "rank_agreement": "rank agreement",
    "lowest_agreement": "lowest rank agreement",
    "top_people": "people at the top",
    "top_stay_share": "share who stay at the top",
    # audiences
    "audience": "audience",
    "other_audience": "other audience",
    "high_value_no_contact": "high value, no WeCom contact",
    "super_users": "super users",
    "lookalike_seed": "look-alike seed",
    "found_customers": "people found",
    "suppressed_customers": "left out: opted out or removed us",
    "audience_customers": "people in the audience",
    "share_of_audience": "share of the audience",
    "overlap": "overlap of the audiences",
    "high_value_customers": "high-value customers",
    "high_value_contacts": "high-value customers on WeCom",
    "high_value_contact_share": "share of high-value customers on WeCom",
    # parts of the revenue
    "returns": "returns of goods",
    "no_customer": "no customer named",
    # age bands
    "0-6m": "0 to 6 months",
    "6-12m": "6 to 12 months",
    "1-3y": "1 to 3 years",
    "3-6y": "3 to 6 years",
    "6-14y": "6 to 14 years",
    "outside_0_14y": "14 or older, or not born",
    # reasons for leaving rows out
    "a wrong number of fields": "a wrong number of fields",
    "below zero": "below zero",
    "characters that cannot be decoded": "characters that cannot be decoded",
    "no value": "no value",
    "neither true nor false": "neither true nor false",
    "not a date": "not a date",
    "not a month": "not a month",
    "not a number": "not a number",
    "not a share from 0 to 1": "not a share from 0 to 1",
    "not a time": "not a time",
    "not a whole number": "not a whole number",
    "not one of the allowed values": "not one of the allowed values",
    "out of range": "out of range",
    "repeated with different content": "repeated with different content",
    "not paid": "not paid",
    "not_paid": "not paid",
    "refunded in full": "refunded in full",
    "return": "returns of goods",
    "after as_of": "after the last day of the analysis",
    "after_as_of": "after the last day",
    "before window": "before the period examined",
    "no customer": "no customer named",
    "no identity": "no customer named",
    "not linked": "not linked to a person",
    "closed or refunded": "closed or refunded",
    "refunded or closed": "closed or refunded",
    "duplicate": "repeated rows",
    "unusable": "unusable rows",
    # topics of settings
    "layering": "layering",
    "privacy": "privacy",
    "intake": "intake",
}

LABELS: dict[str, str] = {name: name.replace("_", " ") for name in _PLAIN.split()} | _WORDED

# Endings that add a meaning to another name; the label of the name stands in braces.
ENDINGS: dict[str, str] = {
    "_ci_lower": "{name}, lower bound",
    "_ci_upper": "{name}, upper bound",
    "_share": "share: {name}",
    "_rate": "rate: {name}",
    "_before": "{name}, previous period",
    "_days": "days: {name}",
}


def label(name: str) -> Message:
    """The words for a name of the code.

    A name that is in neither table is shown with its underscores as spaces, in English: see
    :func:`has_label`.
    """
    if name in LABELS:
        return Message(LABELS[name])
    for ending, template in ENDINGS.items():
        stem = name.removesuffix(ending)
        if stem != name and has_label(stem):
            return Message(template, {"name": label(stem)})
    return Message("{name}", {"name": name.replace("_", " ")})


def has_label(name: str) -> bool:
    """Whether the words for a name were chosen rather than guessed."""
    stems = (name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending))
    return name in LABELS or any(has_label(stem) for stem in stems)


def heading(name: str, language: str | None = None) -> str:
    """The label as it heads a column or a card: first letter raised."""
    return capital(label(name).render(language))


def capital(words: str) -> str:
    """The words with their first letter raised."""
    return words[:1].upper() + words[1:]


def reason(text: str, language: str) -> str:
    """Why rows were left out: a label, or a sentence of the catalogue."""
    return label(text).render(language) if has_label(text) else translate(text, language)
