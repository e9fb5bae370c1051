"""Thresholds of 02_touchpoint_audit."""

from __future__ import annotations

import datetime as dt
from typing import Literal

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
        3,
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
    combination_own_acts: bool = setting(
        True,
        "whether only what customers did themselves counts as a touch before an order; false "
        "counts what the brand sent as well",
        unit="yes or no",
        source=HOUSE,
        date="2026-11",
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
    churn_days: tuple[int, ...] = setting(
        (7, 30, 90, 180, 365),
        "days after adding by which removals are shown",
        unit="days",
        source=HOUSE,
        date="2026-11",
        strict=False,
        min_length=1,
        max_length=12,
    )
    churn_compare_days: int = setting(
        30,
        "days after adding by which entry codes, ways of adding and staff are compared",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    churn_recent_days: int = setting(
        90,
        "relations that began within so many days before as_of are held against the earlier ones",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=7,
        le=3650,
    )
    churn_min_relations: int = setting(
        100,
        "relations below which a group is not compared and no verdict is given",
        unit="relations",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    churn_min_at_risk: int = setting(
        30,
        "relations still watched on a day of tenure below which nothing is said about it",
        unit="relations",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    churn_most_groups: int = setting(
        30,
        "largest entry codes, ways of adding or staff that are shown by name",
        unit="groups",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=500,
    )
    churn_tolerance: float = setting(
        0.05,
        "difference of removals between groups that does not matter",
        unit="share points (0.05 = 5 points)",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    churn_silence_chance: float = setting(
        0.001,
        "chance of a silence before the first recorded removal below which the records are taken "
        "to begin with it",
        unit="probability",
        source=HOUSE,
        date="2026-11",
        ge=0,
        lt=1,
    )
    churn_records_from: dt.date | None = setting(
        None,
        "first day on which removals were recorded; nothing means since the first relation, "
        "unless a long silence says otherwise",
        unit="date",
        source=HOUSE,
        date="2026-11",
    )
    churn_reference_window_days: int | None = setting(
        None,
        "days over which the client reads the lines of article 002, which names no window; "
        "nothing means that the lines are not applied",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    churn_normal_share: float = setting(
        0.15,
        "share of contacts removed that article 002 calls normal",
        unit="share of contacts",
        source="article 002 (S136)",
        date="2022",
        ge=0,
        lt=1,
    )
    churn_alarm_share: float = setting(
        0.60,
        "share of contacts removed under marketing that article 002 calls malicious",
        unit="share of contacts",
        source="article 002 (S137)",
        date="2022",
        gt=0,
        le=1,
    )
    mute_pain_points: tuple[str, ...] = setting(
        ("mute", "muted", "静音", "免打扰", "消息免打扰"),
        "answers to the survey (responses.pain_point) that say a contact was muted",
        unit="names of pain points",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    handover_days: int = setting(
        30,
        "days after a handover over which removals are watched",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    send_window_hours: int = setting(
        72,
        "hours after a one-to-one broadcast within which a removal is laid to it",
        unit="hours",
        source="article 000 (S031)",
        date="2020-12",
        ge=1,
        le=720,
    )
    template_window_hours: int = setting(
        24,
        "hours after a service account message within which an unfollow is laid to it",
        unit="hours",
        source="article 000 (S033)",
        date="2020-12",
        ge=1,
        le=720,
    )
    send_batch_people: int = setting(
        20,
        "people told of one campaign or content within an hour, or without a name within a "
        "minute, from which on messages are one broadcast",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    send_min_people: int = setting(
        100,
        "people reached below which a send is not tested by itself",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    send_min_removals: int = setting(
        20,
        "removals in all below which removals after sends are not judged",
        unit="removals",
        source=HOUSE,
        date="2026-11",
        ge=5,
    )
    send_most_listed: int = setting(
        200,
        "largest sends that are listed and tested by name",
        unit="sends",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=2000,
    )
    send_tolerance: float = setting(
        0.0002,
        "extra removals per person and send that do not matter",
        unit="share of people reached",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    send_calendar: tuple[dt.date, ...] = setting(
        (),
        "days marked for one-to-one broadcasts; none means that this is not measured",
        unit="dates",
        source="article 000 (S032)",
        date="2020-12",
        strict=False,
    )
    send_outside_limit: float = setting(
        0.2,
        "share of one-to-one broadcasts outside the marked days above which a remark is made",
        unit="share of sends",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    vanity_active_days: int = setting(
        30,
        "days back from as_of within which an own action makes a person active",
        unit="days",
        source="article 001 (S062)",
        date="2024-05-24",
        ge=1,
        le=3650,
    )
    vanity_silent_share: float = setting(
        0.5,
        "share of a stock without any own action above which the stock says little",
        unit="share of people",
        source=HOUSE,
        date="2026-11",
        gt=0,
        lt=1,
    )
    vanity_min_people: int = setting(
        100,
        "people in a stock below which its silent share is not judged",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    push_lookback_days: int = setting(
        365,
        "days back from as_of over which contacts are watched for links and removals",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=56,
        le=1100,
    )
    push_tenure_days: tuple[int, ...] = setting(
        (7, 30, 90, 180),
        "days since a contact was first added at which a new tenure band begins",
        unit="days",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    push_active_days: int = setting(
        30,
        "days before the last 7 within which own actions tell how active a contact was before",
        unit="days",
        source="article 001 (S062)",
        date="2024-05-24",
        ge=1,
        le=365,
    )
    push_active_actions: tuple[int, ...] = setting(
        (1, 3),
        "own actions in those days from which on a contact belongs to a further band of activity",
        unit="actions",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    push_entry_channels: int = setting(
        6,
        "largest entry channels told apart when removals are set against links",
        unit="channels",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=20,
    )
    push_most_links: int = setting(
        7,
        "links a week from which on contacts are put together",
        unit="links",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=30,
    )
    push_min_removals: int = setting(
        50,
        "removals below which nothing is said about links and removals",
        unit="removals",
        source=HOUSE,
        date="2026-11",
        ge=10,
    )
    push_min_weeks: int = setting(
        12,
        "calendar weeks with removals below which nothing is said about links and removals: the "
        "interval rests on the differences between weeks",
        unit="weeks",
        source=HOUSE,
        date="2026-11",
        ge=8,
    )
    push_min_contact_weeks: int = setting(
        200,
        "contact-weeks from which on a number of links a week counts as seen",
        unit="contact-weeks",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    push_tolerance: float = setting(
        0.05,
        "rise of the removal rate by one further link a week that does not matter",
        unit="share of the removal rate",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    push_change_on: dt.date | None = setting(
        None,
        "day on which pushing was intensified; where it is not given, a lasting step in the links "
        "a week is looked for",
        unit="date",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    push_change_ratio: float = setting(
        1.5,
        "links a week after a step against those before from which on it counts as a change",
        unit="ratio",
        source=HOUSE,
        date="2026-11",
        gt=1,
    )
    push_holdout_days: int = setting(
        30,
        "days after a send within which removals in a test are counted",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    contact_cap: int = setting(
        3,
        "messages from the brand in 7 days, over all channels, above which a person is over the "
        "cap",
        unit="messages in 7 days",
        source="house rule for article 001 (S097), which gives no number",
        date="2026-11",
        ge=1,
    )
    benign_spread: float = setting(
        0.5,
        "spread of content types (entropy as a share of its maximum) from which on contents are "
        "varied",
        unit="share of the maximum",
        source="house rule for article 002 (S138), which gives no number",
        date="2026-11",
        ge=0,
        le=1,
    )
    benign_types: int = setting(
        3,
        "content types with a share of 5 % or more that a brand should have at least",
        unit="types",
        source="house rule for article 002 (S138), which gives no number",
        date="2026-11",
        ge=1,
        le=4,
    )
    benign_type_share: float = setting(
        0.05,
        "share of messages from which on a content type counts as used",
        unit="share of messages",
        source=HOUSE,
        date="2026-11",
        gt=0,
        lt=1,
    )
    fatigue_response_days: int = setting(
        3,
        "days after a message within which a response is counted for it",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=30,
    )
    fatigue_rest_days: int = setting(
        30,
        "days without any message at the beginning of the data after which a person's first "
        "message counts as the first",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=365,
    )
    fatigue_exposures: int = setting(
        12,
        "messages to a person up to which the response is followed",
        unit="messages",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=50,
    )
    fatigue_share: float = setting(
        0.5,
        "share of the first response below which people are tired",
        unit="share of the first response",
        source="article 001 (S046)",
        date="2024",
        gt=0,
        lt=1,
    )
    fatigue_response: Literal["click", "order"] = setting(
        "click",
        "what counts as a response to a message",
        unit="action",
        source="article 001 (S046)",
        date="2024",
    )
    fatigue_min_people: int = setting(
        200,
        "people who got a message of a number from which on its response is compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=20,
    )
    fatigue_min_responses: int = setting(
        30,
        "first responses among them below which nothing is compared",
        unit="responses",
        source=HOUSE,
        date="2026-11",
        ge=5,
    )
    catalogue_days: int = setting(
        30,
        "days back from as_of within which data or content make a touchpoint active, and over "
        "which it is measured; the same span before is compared",
        unit="days",
        source="article 000 (S001)",
        date="2020-12",
        ge=1,
        le=366,
    )
    role_tolerance: float = setting(
        0.02,
        "fall of a touchpoint's rate between two periods that does not matter",
        unit="share of people",
        source=HOUSE,
        date="2026-11",
        ge=0,
        lt=1,
    )
    role_min_people: int = setting(
        100,
        "people in each of two periods from which on a touchpoint's rates are compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    copy_days: int = setting(
        365,
        "days back from as_of within which posts are checked against the rules",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    copy_most_posts: int = setting(
        20_000,
        "posts that are checked at most, the latest first",
        unit="posts",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=200_000,
    )
    parity_least: float = setting(
        0.9,
        "share of compared benefits below which channels count as unequal",
        unit="share of compared cells",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=1,
    )
    coupon_days: int = setting(
        90,
        "days back from as_of over which the use of coupons is counted",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    member_parts_least: int = setting(
        4,
        "parts of the member system, of five, from which on it counts as complete enough",
        unit="parts",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=5,
    )
    member_day_period_days: int = setting(
        365,
        "days back from as_of within which member days are looked for",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=28,
        le=3650,
    )
    member_day_weeks: int = setting(
        2,
        "weeks before and after a member day whose same weekdays it is compared with; a weekly "
        "day is compared with the neighbouring days instead",
        unit="weeks",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=8,
    )
    member_day_least: int = setting(
        4,
        "member days with matched days from which on an uplift is judged",
        unit="member days",
        source=HOUSE,
        date="2026-11",
        ge=3,
    )
    kappa_weights: Literal["quadratic", "linear"] = setting(
        "quadratic",
        "how far apart two ratings count: by the square of the levels between them or by the "
        "levels",
        unit="weights",
        source="Fleiss and Cohen 1973; Cicchetti and Allison 1971",
        date="1973",
    )
    kappa_min_ratings: int = setting(
        10,
        "items that two raters share from which on their agreement is measured",
        unit="items",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    least_kappa: float = setting(
        0.6,
        "weighted kappa below which two raters' scores are void",
        unit="weighted kappa",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    persona_least: float = setting(
        0.5,
        "share of a persona's points below which it needs work",
        unit="share of points",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    stock_metrics: tuple[str, ...] = setting(
        ("followers", "fans", "members"),
        "metrics of touchpoint_days that say how many there are",
        unit="names of metrics",
        source="article 001 (S061)",
        date="2024",
        strict=False,
    )
    stock_active_metrics: tuple[str, ...] = setting(
        ("readers", "visitors", "active_users", "active_members", "audience", "viewers"),
        "metrics of touchpoint_days that say how many people acted on a day",
        unit="names of metrics",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
