"""Thresholds of 01_user_layering."""

from __future__ import annotations

from typing import Literal

from privdom_kit.settings.base import HOUSE, Frozen, setting


class LayeringSettings(Frozen):
    """01_user_layering."""

    active_days: int = setting(
        30,
        "days back from as_of within which any action makes a customer active",
        unit="days",
        source="article 001 (S062)",
        date="2024-05-24",
        ge=1,
        le=3650,
    )
    value_share: float = setting(
        0.2,
        "share of buyers, by net spend in the value window, that counts as high value",
        unit="share of buyers",
        source=HOUSE,
        date="2026-11",
        gt=0,
        lt=1,
    )
    value_window_days: int = setting(
        365,
        "days back from as_of over which net spend makes a customer high value",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    due_cycles: float = setting(
        0.8,
        "order cycles since the last order up to which the next one is not due",
        unit="order cycles",
        source="article 001 (S052)",
        date="2024-05-24",
        gt=0,
    )
    retained_cycles: float = setting(
        1.2,
        "order cycles since the last activity up to which a customer is retained",
        unit="order cycles",
        source="article 001 (S052)",
        date="2024-05-24",
        gt=0,
    )
    lapsed_cycles: float = setting(
        2.0,
        "order cycles since the last activity beyond which a customer has lapsed",
        unit="order cycles",
        source="article 001 (S052)",
        date="2024-05-24",
        gt=0,
    )
    period_days: int = setting(
        90,
        "days between as_of and the earlier date that it is compared with",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    cycle_days: float | None = setting(
        None,
        "order cycle of the category where it is known; nothing means measured",
        unit="days",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=3650,
    )
    cycle_horizon_days: int = setting(
        365,
        "days after a purchase within which a return counts towards the order cycle",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=3650,
    )
    cycle_min_returns: int = setting(
        100,
        "returns below which no order cycle is measured",
        unit="purchases",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    cycle_min_at_risk: int = setting(
        30,
        "gaps still open at a time below which the order cycle does not look further",
        unit="gaps",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    second_purchase_days: int = setting(
        90,
        "days after the first purchase within which a second one is looked for",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    channel_column: Literal["add_way", "entry_code"] = setting(
        "add_way",
        "column of contacts that names the acquisition channel",
        unit="column",
        source="article 001 (S049)",
        date="2024-05-24",
    )
    retention_period: Literal["month", "week"] = setting(
        "month",
        "calendar period of cohorts",
        unit="period",
        source=HOUSE,
        date="2026-11",
    )
    retention_recent_cohorts: int = setting(
        3,
        "latest cohorts with a full next period that are held against the earlier ones",
        unit="cohorts",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    attribution_days: int = setting(
        7,
        "days after a brand touch within which a repeat order counts as following it",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=365,
    )
    rfm_high_score: int = setting(
        4,
        "spend score from which on a customer counts as a good one",
        unit="score 1 to 5",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=5,
    )
    rfm_low_score: int = setting(
        2,
        "score of the last order up to which a customer counts as going silent",
        unit="score 1 to 5",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=5,
    )
    concentration_share: float = setting(
        0.8,
        "share of spend for which the fewest customers that give it are counted",
        unit="share of spend",
        source="article 001 (S098)",
        date="2024-05-24",
        gt=0,
        lt=1,
    )
    min_customers: int = setting(
        100,
        "customers in each group below which no verdict is given",
        unit="customers",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    change_tolerance: float = setting(
        0.02,
        "change of a share from one period to the next that does not matter",
        unit="share points (0.02 = 2 points)",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    channel_tolerance: float = setting(
        0.05,
        "difference of a channel from the others that does not matter",
        unit="share points (0.05 = 5 points)",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    due_window_days: int = setting(
        3,
        "days around the date on which the next order is expected within which it is due",
        unit="days",
        source="article 004 (S191)",
        date="2020",
        ge=0,
        le=365,
    )
    due_min_orders: int = setting(
        3,
        "purchase days from which on a person's own median gap dates the next order",
        unit="purchase days",
        source="article 004 (S191)",
        date="2020",
        ge=2,
    )
    value_model: Literal["mbg_nbd", "bg_nbd"] = setting(
        "mbg_nbd",
        "model of repeat buying",
        unit="model",
        source="Batislam, Denizel and Filiztekin 2007",
        date="2007",
    )
    value_horizon_days: int = setting(
        365,
        "days ahead over which customers are valued",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    value_discount_rule: Literal["at_order", "period_end"] = setting(
        "at_order",
        "moment from which an order to come is discounted: its own, or the end of its month",
        unit="rule",
        source=HOUSE,
        date="2026-11",
    )
    value_holdout_days: int = setting(
        90,
        "last days that are held back to test the model of customer value",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    value_holdout_tolerance: float = setting(
        0.1,
        "deviation of the expected from the actual orders of the holdout that does not matter",
        unit="share of the actual orders",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    value_min_days: int = setting(
        180,
        "days of orders below which nobody's value is estimated",
        unit="days",
        source="Klaviyo, published minimums for predictions",
        date="2026-11",
        ge=1,
    )
    value_min_buyers: int = setting(
        500,
        "buyers below which nobody's value is estimated",
        unit="buyers",
        source="Klaviyo, published minimums for predictions",
        date="2026-11",
        ge=2,
    )
    value_min_third_orders: int = setting(
        1,
        "buyers with three purchase days below which nobody's value is estimated",
        unit="buyers",
        source="Klaviyo, published minimums for predictions",
        date="2026-11",
        ge=1,
    )
    value_max_silent_days: int = setting(
        30,
        "days without any order before as_of above which nobody's value is estimated",
        unit="days",
        source="Klaviyo, published minimums for predictions",
        date="2026-11",
        ge=0,
    )
    value_max_correlation: float = setting(
        0.2,
        "correlation of repeat orders with spend per order above which a caveat is shown",
        unit="correlation",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    tier_window_days: int = setting(
        90,
        "days back from a date over which replies, orders and referrals make a tier",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    tier_friend_orders: int = setting(
        2,
        "purchase days in the tier window from which on an acquaintance is a friend",
        unit="purchase days",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    tier_friend_replies: int = setting(
        3,
        "replies in the tier window that make a buyer a friend",
        unit="replies",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    tier_family_referrals: int = setting(
        1,
        "people invited in the tier window from which on a friend is family",
        unit="people invited",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    read_actions: tuple[str, ...] = setting(
        ("read", "view", "open", "click"),
        "actions of customers that count as reading",
        unit="names of actions",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    share_actions: tuple[str, ...] = setting(
        ("share", "forward"),
        "actions of customers that count as sharing",
        unit="names of actions",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    read_weight: float = setting(
        1.0,
        "weight of reading in the contribution",
        unit="weight",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    share_weight: float = setting(
        1.0,
        "weight of sharing in the contribution",
        unit="weight",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    recommend_weight: float = setting(
        1.0,
        "weight of recommending in the contribution",
        unit="weight",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    buy_weight: float = setting(
        1.0,
        "weight of buying in the contribution",
        unit="weight",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    contribution_top_share: float = setting(
        0.1,
        "share of people, by contribution, whose stay at the top is watched",
        unit="share of people",
        source=HOUSE,
        date="2026-11",
        gt=0,
        lt=1,
    )
    contribution_min_agreement: float = setting(
        0.9,
        "rank agreement under other weights below which the ranks are a matter of weights",
        unit="rank correlation",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    super_user_share: float = setting(
        0.2,
        "share of buyers by net spend, and of referrers by buyers invited, that makes a super user",
        unit="share of people",
        source="article 004 (S196)",
        date="2020",
        gt=0,
        lt=1,
    )
    seed_share: float = setting(
        0.1,
        "share of buyers, by expected value, that makes the look-alike seed",
        unit="share of buyers",
        source="article 000 (S019)",
        date="2020-12",
        gt=0,
        lt=1,
    )
    seed_min_customers: int = setting(
        100,
        "people below which no look-alike seed is written",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    confidence_level: float = setting(
        0.95,
        "confidence level of intervals",
        unit="probability",
        source=HOUSE,
        date="2026-11",
        gt=0.5,
        lt=1,
    )
