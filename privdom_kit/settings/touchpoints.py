"""Thresholds of 02_touchpoint_audit."""

from __future__ import annotations

from privdom_kit.settings.base import HOUSE, Frozen, setting


class TouchpointsSettings(Frozen):
    """02_touchpoint_audit."""

    confidence_level: float = setting(
        0.95,
        "confidence level of all intervals of the touchpoint audit",
        unit="share",
        source=HOUSE,
        date="2026-11",
        gt=0.5,
        lt=1,
    )
    content_target: tuple[float, float, float, float] = setting(
        (3.0, 3.0, 3.0, 1.0),
        "parts of marketing, interaction, care and daily life that contents are held "
        "against: a guide that the client sets, no pass or fail",
        unit="parts",
        source="article 002 (S131, S132)",
        date="2022",
        strict=False,
        min_length=4,
        max_length=4,
    )
    content_period_days: int = setting(
        90,
        "days back from as_of over which the mix of contents is counted",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=7,
        le=3650,
    )
    content_tolerance: float = setting(
        0.2,
        "share of contents that may stand elsewhere than in the target mix without a remark",
        unit="share of contents",
        source=HOUSE,
        date="2026-11",
        ge=0,
        lt=1,
    )
    content_min_pieces: int = setting(
        30,
        "pieces from which on a mix is compared with the target",
        unit="pieces",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    selling_day_cap: float = setting(
        0.3,
        "share of days on which a person may get a selling message before it counts as too much",
        unit="share of days",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=1,
    )
    no_selling_touchpoints: tuple[str, ...] = setting(
        (),
        "touchpoints on which the client has ruled out selling; nothing means not marked",
        unit="touchpoints",
        source="article 000 (S035)",
        date="2020-12",
        strict=False,
    )
    group_window_days: int = setting(
        30,
        "days back from as_of over which the activity of groups is measured",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    group_size_bands: tuple[int, ...] = setting(
        (50, 100, 200),
        "sizes of groups at which a new band begins",
        unit="members",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    group_age_bands: tuple[int, ...] = setting(
        (30, 90, 180),
        "ages of groups at which a new band begins",
        unit="days",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    group_silent_days: int = setting(
        14,
        "days without a message after which a group counts as silent",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    group_tolerance: float = setting(
        0.02,
        "change of the active share of groups that does not matter",
        unit="share of members",
        source=HOUSE,
        date="2026-11",
        ge=0,
        lt=1,
    )
    min_groups: int = setting(
        5,
        "groups from which on an estimate over groups is given",
        unit="groups",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    reply_limit_minutes: float = setting(
        60.0,
        "time within which a customer's message is to be answered",
        unit="minutes",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=1440,
    )
    reply_quantile: float = setting(
        0.9,
        "share of chats that are to be answered within the limit",
        unit="share of chats",
        source="article 004 (S180)",
        date="2020",
        gt=0,
        lt=1,
    )
    reply_watch_hours: float = setting(
        24.0,
        "hours for which a customer's message is watched for an answer; later ones count as none",
        unit="hours",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=168,
    )
    reply_window_days: int = setting(
        90,
        "days back from as_of over which replies are measured",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    reply_min_chats: int = setting(
        30,
        "chats from which on the replies of a member of staff are judged",
        unit="chats",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    combination_days: int = setting(
        30,
        "days before an order within which a touchpoint belongs to what led to it",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    combination_period_days: int = setting(
        180,
        "days back from as_of whose orders are looked at by combination of touchpoints",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    combination_touchpoints: int = setting(
        8,
        "touchpoints, the most frequent before orders first, that combinations are made of",
        unit="touchpoints",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=12,
    )
    combination_min_orders: int = setting(
        30,
        "orders, had or expected, from which on a combination is compared with independence",
        unit="orders",
        source=HOUSE,
        date="2026-11",
        ge=5,
    )
    combination_ratio: float = setting(
        1.2,
        "orders had over orders expected from which on a combination stands out",
        unit="ratio",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
