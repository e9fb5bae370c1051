"""Every planted size of the brand. Days are counted from ORIGIN; shares are 0 to 1."""

from __future__ import annotations

import pandas as pd

SEED = 20260531
ORIGIN = "2024-12-01"
AS_OF = "2026-05-31"
EXPORTED = "2026-06-07"  # the exports run a week past as_of
WECOM_FROM = "2025-07-01"
PUSH_FROM = "2026-01-01"
WEEK_ZERO = "2025-06-30"  # the Monday of the first WeCom week
WEEKS = 48


def day(date: str) -> int:
    """Days from ORIGIN to a date."""
    return (pd.Timestamp(date) - pd.Timestamp(ORIGIN)).days


AS_OF_DAY, EXPORTED_DAY = day(AS_OF), day(EXPORTED)
WECOM_DAY, PUSH_DAY, WEEK_ZERO_DAY = day(WECOM_FROM), day(PUSH_FROM), day(WEEK_ZERO)

# People and channels -------------------------------------------------------------------------
CONTACTS_A_MONTH = (508, 532)  # new people; second relations and transfers come on top
SHARES_EARLY = {
    "parcel_card": 0.25,
    "live_room": 0.28,
    "service_account": 0.17,
    "referral": 0.11,
    "lead_gift": 0.12,
    "old_buyer_sms": 0.07,
}
SHARES_LATE = {
    "parcel_card": 0.09,
    "live_room": 0.19,
    "service_account": 0.12,
    "referral": 0.10,
    "lead_gift": 0.50,
}
# Share of a channel's contacts who ever place a first order (parcel card and SMS: all have one).
CONVERSION_EARLY = {"live_room": 0.36, "service_account": 0.32, "referral": 0.4, "lead_gift": 0.22}
CONVERSION_LATE = {"live_room": 0.32, "service_account": 0.28, "referral": 0.34, "lead_gift": 0.38}
PLATFORM_BEFORE_WECOM = 55  # platform buyers a month who may be won for WeCom later, by SMS
PLATFORM_EARLY, PLATFORM_LATE = 20, 8  # platform buyers a month who never become contacts
FOLLOWERS_ONLY, MEMBERS_ONLY = 130, 60
BRAND_DAYS = (6, 15, 25)  # first orders gather round the brand day in mid-month (triangular)

# Buying --------------------------------------------------------------------------------------
COMEBACK_EARLY = 0.42  # of first-time buyers before PUSH_FROM, ever
COMEBACK_LATE = 0.263  # of those after; brings calendar month-1 retention to RETENTION_LATE
SECOND_90_DAYS = {"parcel_card": 0.45, "lead_gift": 0.15}  # constant over time
# The other channels, before scaling to the totals above.
COMEBACK_OTHERS = {
    "live_room": 0.38,
    "service_account": 0.42,
    "referral": 0.44,
    "old_buyer_sms": 0.41,
    "platform_only": 0.42,
}
GAP_MEDIAN, GAP_SIGMA = 34.0, 0.45
COMEBACK_LATER = 0.62  # after each repeat order
RETENTION_EARLY, RETENTION_LATE = 0.30, 0.18
PROMOTION_FIRST, PROMOTION_REPEAT = 0.80, 0.35
SPLIT_DAYS = 0.06  # purchase days with two orders
TOUCHED_REPEATS = 0.55  # of repeat orders, those within 7 days after a brand touch
CLOSED_ORDERS, REFUNDED_ORDERS, PART_REFUNDS = 180, 90, 0.015
GIANT_CLOSED, GIANT_REFUNDED = 88_888, 66_666
AFTER_AS_OF, DUPLICATES = 25, 12

# sku, name, category, price, unit cost
POWDER = ("TRF-300", "驼小满驼乳粉300g", "驼乳粉", 168, 72)
EXTRAS = (
    ("TRP-060", "驼乳片60g", "驼乳零食", 49, 18),
    ("YSJ-030", "儿童益生菌30袋", "营养补充", 129, 47),
    ("YYB-015", "成长营养包15袋", "营养补充", 99, 36),
    ("BEI-350", "冲泡摇摇杯", "器具", 39, 12),
)
PROMOTION_PRICE = 148
WITHOUT_POWDER, WITH_EXTRA = 0.07, 0.50

# WeCom ---------------------------------------------------------------------------------------
STAFF = {
    "guwen01": 0.26,
    "guwen02": 0.25,
    "guwen03": 0.24,
    "guwen04": 0.218,
    "guwen05": 0.02,
    "guwen06": 0.012,
}
LEAVING = {"guwen05": "2025-11-17", "guwen06": "2026-03-16"}  # their relations are transferred
SECOND_STAFF = 0.04
REMOVAL_BASE, REMOVAL_FACTOR = 0.006, 1.35  # weekly; factor per purchase link of that week
STAFF_REMOVALS, REMOVED_AFTER_AS_OF, CONTACTS_AFTER_AS_OF = 70, 9, 8
SENDS_EARLY, SENDS_LATE = 1, 3  # purchase-link campaigns a week

# Identity and children -----------------------------------------------------------------------
MEMBER_BUYERS, MEMBER_OTHERS = 0.55, 0.15
MEMBER_PHONE, MEMBER_UNION = 0.93, 0.75
CONTACT_UNION, CONTACT_PHONE_BUYER, CONTACT_PHONE_OTHER = 0.80, 0.80, 0.25
FOLLOWER_CONTACTS, FOLLOWER_UNION = 0.20, 0.85
CHILD_KNOWN, CONSENT = 0.80, 0.60
CHILD_BANDS = {  # band: share, ages in months drawn from (band edges left out)
    "0-6m": (0.06, 1, 4),
    "6-12m": (0.12, 7, 10),
    "1-3y": (0.34, 13, 34),
    "3-6y": (0.33, 37, 70),
    "6-14y": (0.15, 73, 160),
}

# Groups, posts, service -----------------------------------------------------------------------
GROUPS = {  # group: opened on, members when opened, members at as_of, planned days
    "G01": ("2025-09-01", 46, 62, 365),
    "G02": ("2025-09-15", 52, 70, 365),
    "G03": ("2025-10-08", 60, 84, 365),
    "G04": ("2025-10-20", 118, 156, 180),
    "G05": ("2025-11-03", 125, 168, 180),
    "G06": ("2025-11-24", 140, 181, 365),
    "G07": ("2025-12-12", 240, 352, 90),
    "G08": ("2026-01-05", 262, 371, 90),
    "G09": ("2026-01-26", 280, 402, 90),
    "G10": ("2026-03-02", 238, 341, 365),
    "G11": ("2026-03-16", 131, 158, 365),
    "G12": ("2026-04-06", 55, 71, 365),
}
GROUP_ACTIVE = {"small": 0.24, "middle": 0.14, "large": 0.06}  # share of members, first month
GROUP_SMALL, GROUP_LARGE = 100, 200  # members below and from which a group is small, large
GROUP_FADING = 0.92  # factor on the active share per month of age
POST_MIX_EARLY = {"marketing": 0.34, "interaction": 0.30, "care": 0.26, "daily": 0.10}
POST_MIX_LATE = {"marketing": 0.62, "interaction": 0.18, "care": 0.12, "daily": 0.08}
POSTS_A_WEEK = 7
REPLY_MINUTES = {"weekday": 14.0, "weekend": 66.0}  # mean first reply
CHATS_A_DAY = {"weekday": 46, "weekend": 118}
TICKETS, TICKET_SOLVED = 520, 0.72
REPEAT_AFTER_TICKET = {"solved": 0.34, "unsolved": 0.16}  # an order within 90 days after opening
RESPONSES_A_STAGE = 180
EMOTIONS = {  # stage: mean score, -2 to 2
    "learn": 0.7,
    "first_order": 0.9,
    "first_brew": -0.4,
    "habit": 0.5,
    "repurchase": 0.3,
}
PAINS = {
    "learn": ("不知道适合几岁", "看不懂配料"),
    "first_order": ("优惠太复杂", "发货慢"),
    "first_brew": ("奶味太重孩子不喝", "冲泡结块", "不知道怎么转奶"),
    "habit": ("忘记按时喝", "喝完没人提醒"),
    "repurchase": ("链接太多找不到", "价格不如活动日"),
}
