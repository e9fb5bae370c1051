"""Every threshold, by topic: default, unit, source, date and allowed range in one place.

client.yml overrides them under ``settings:``; a function never holds a threshold as a literal.
To add one, add a field with :func:`setting` to its topic; reading, range checks, error texts and
the list of :func:`describe_settings` follow from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

HOUSE = "house rule"


def setting(default: Any, meaning: str, *, unit: str, source: str, date: str, **limits: Any) -> Any:
    """A threshold as a field of a topic model.

    Args:
        default: Value used where client.yml says nothing.
        meaning: What the threshold decides, in a few words.
        unit: Unit of the value, e.g. ``days`` or ``share of rows``.
        source: Where the default comes from: an article id, a paper, or :data:`HOUSE`.
        date: When the source said so, ISO (year, month or day).
        **limits: Allowed range as pydantic names it: ``ge, gt, le, lt``.
    """
    origin: dict[str, Any] = {"unit": unit, "source": source, "date": date}
    return Field(default=default, description=meaning, json_schema_extra=origin, **limits)


class Frozen(BaseModel):
    """Immutable, strictly typed, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sections(Frozen):
    """Keys that hold further keys: one with nothing under it, or only comments, is not there."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        empty = [key for key in cls.model_fields if key in data and data[key] is None]
        return {key: value for key, value in data.items() if key not in empty}


class IntakeSettings(Frozen):
    """Reading and checking the exports."""

    max_bad_share: float = setting(
        0.05,
        "share of quarantined rows in a table above which the run stops",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )

    watch_bad_share: float = setting(
        0.01,
        "share of quarantined rows in a table above which the tables are to be watched",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    fresh_days: int = setting(
        7,
        "days between a table's last row and as_of above which it is called late",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    gap_share: float = setting(
        0.5,
        "share of a table's days without any row above which it is called gappy",
        unit="share of days",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    person_share_act: float = setting(
        0.5,
        "share of rows that name a person below which questions about people lose their base",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    memory_mb: int = setting(
        1500,
        "memory that reading may take before it spills into a private folder beside the client",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=256,
    )
    xlsx_max_mb: int = setting(
        1024,
        "size to which a workbook may unpack; a bigger one is refused before it is read",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    by_hand_contacts: int = setting(
        500,
        "people with a contact up to whom work by hand carries",
        unit="people",
        source="article 004 (S194: some hundreds; the number is a house reading)",
        date="2020",
        ge=0,
    )
    few_accounts_contacts: int = setting(
        10_000,
        "people with a contact up to whom a few accounts carry; above, a compliant tool",
        unit="people",
        source="article 004 (S194)",
        date="2020",
        ge=0,
    )


class IdentitySettings(Frozen):
    """Stitching identifiers into people."""

    max_people_per_value: int = setting(
        5,
        "people on whom one identifier value may stand before it stops joining them",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    max_cluster: int = setting(
        50,
        "identifiers that one person may gather before the stitch is reported as suspect",
        unit="identifier values",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )


class PrivacySettings(Frozen):
    """What may be shown."""

    min_cell: int = setting(
        10,
        "people below which a cell is suppressed in tables and charts",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )


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


class TouchpointsSettings(Frozen):
    """02_touchpoint_audit."""


class JourneysSettings(Frozen):
    """03_journey_mapping."""


class CopyTestsSettings(Frozen):
    """04_copy_test_plan and 05_copy_test_readout."""


class LinksSettings(Frozen):
    """06_link_reconstruction."""


class GrowthSettings(Frozen):
    """07_growth_plan."""


class ReportSettings(Frozen):
    """How reports are laid out."""


class RunSettings(Frozen):
    """Running playbooks."""

    timeout_seconds: int = setting(
        1800,
        "seconds that one playbook may take before it is stopped",
        unit="seconds",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=86400,
    )
    memory_mb: int = setting(
        1200,
        "memory that the engine of one playbook may take before it spills beside the client",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=256,
    )
    kernel_start_seconds: int = setting(
        120,
        "seconds that a notebook kernel may take to start",
        unit="seconds",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3600,
    )


class Settings(Sections):
    """All thresholds of a client, by topic."""

    intake: IntakeSettings = IntakeSettings()
    identity: IdentitySettings = IdentitySettings()
    privacy: PrivacySettings = PrivacySettings()
    layering: LayeringSettings = LayeringSettings()
    touchpoints: TouchpointsSettings = TouchpointsSettings()
    journeys: JourneysSettings = JourneysSettings()
    copy_tests: CopyTestsSettings = CopyTestsSettings()
    links: LinksSettings = LinksSettings()
    growth: GrowthSettings = GrowthSettings()
    report: ReportSettings = ReportSettings()
    run: RunSettings = RunSettings()


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One threshold as a consultant looks it up.

    Attributes:
        name: Dotted name, as under ``settings:`` in client.yml.
        default: Value used where client.yml says nothing.
        unit: Unit of the value.
        meaning: What it decides.
        source: Where the default comes from.
        date: When the source said so, ISO.
    """

    name: str
    default: Any
    unit: str
    meaning: str
    source: str
    date: str


def describe_settings() -> list[SettingInfo]:
    """Every threshold with its default, unit, source and date, in the order of the topics."""
    return [
        SettingInfo(
            name=f"{topic}.{key}",
            default=field.default,
            meaning=field.description or "",
            **_origin(field.json_schema_extra),
        )
        for topic, model in _topics()
        for key, field in model.model_fields.items()
    ]


def _topics() -> list[tuple[str, type[Frozen]]]:
    return [(name, type(field.default)) for name, field in Settings.model_fields.items()]


def _origin(extra: Any) -> dict[str, str]:
    extra = extra if isinstance(extra, dict) else {}
    return {key: extra.get(key, "") for key in ("unit", "source", "date")}
