"""Every planted size of the brand. Days are counted from ORIGIN; shares are 0 to 1."""

from __future__ import annotations

import pandas as pd

SEED = 20260630
ORIGIN = "2025-01-01"
AS_OF = "2026-06-30"
EXPORTED = "2026-07-04"  # the exports run a few days past as_of
PRIVATE_FROM = "2025-10-01"  # service account, mini program and WeCom are opened
WEEK_ZERO = "2025-09-29"  # the Monday of the first week
WEEKS = 39  # whole weeks up to Sunday 2026-06-28


def day(date: str) -> int:
    """Days from ORIGIN to a date."""
    return (pd.Timestamp(date) - pd.Timestamp(ORIGIN)).days


AS_OF_DAY, EXPORTED_DAY = day(AS_OF), day(EXPORTED)
PRIVATE_DAY, WEEK_ZERO_DAY = day(PRIVATE_FROM), day(WEEK_ZERO)

# People --------------------------------------------------------------------------------------
FOLLOWERS = 60_000
OWNERS = 5_400  # bought a scooter in a shop, apart from those who came through the funnel
LEADS_ONLY = 700  # known by a lead alone
UNFOLLOW = 0.08  # of followers, at some time
CONTACTS = {  # entry code: contacts; menu_sa are those of the funnel
    "store_qr": 2_300,
    "parcel_card": 1_300,
    "live_card": 900,
    "ride_day": 700,
    "gift_fission": 900,
}
OWNER_CODES = {"store_qr": 0.4, "parcel_card": 0.5}  # of these contacts, who owns a scooter
BAD_CODE = "gift_fission"

# Funnel: share that goes on, window in days, mean delay in days ---------------------------------
FUNNEL = {
    "mini_program_visit": (0.42, 30, 4.0),
    "wecom_added": (0.12, 30, 5.0),
    "test_ride_lead": (0.45, 30, 6.0),
    "order": (0.40, 60, 9.0),
}

# Removal by the customer -----------------------------------------------------------------------
ACTIVE = 0.40  # of contacts: write every week, get most links
REMOVAL_ACTIVE, REMOVAL_QUIET = 0.004, 0.008  # a week, without links
REMOVAL_FACTOR = 1.30  # on the weekly hazard, for each purchase link of that week
REMOVAL_BAD_CODE = 0.06  # a week, on top, for BAD_CODE
LINK_SLOTS = ("10:30", "12:00", "14:30", "17:00", "19:30")  # on Mondays
LINK_CHANCE_ACTIVE, LINK_CHANCE_QUIET = 0.40, 0.07  # for each slot
WELCOME_WEEKS = 5  # no links in the first weeks
HOLDOUT_WEEKS = (30, 34)  # Monday 2026-04-27 to Sunday 2026-05-24
HOLDOUT_ARM, HOLDOUT_LINKS = 1_600, 3  # people an arm; links a week, none in the control arm
# Broadcasts without a link, on Fridays at 10:00: week and share of the contacts reached.
BROADCASTS = {
    "F01": 12,
    "F02": 15,
    "F03": 18,
    "F04": 21,
    "F05": 24,
    "F06": 27,
    "F07": 29,
    "F08": 36,
}
BROADCAST_SHARE = 0.45
BAD_BROADCAST, BAD_BROADCAST_EXCESS = "F05", 0.05  # removals within 72 hours, of those reached
CLICK_ACTIVE, CLICK_QUIET = 0.20, 0.01  # of the first link
CLICK_DECAY = (1.0, 0.85, 0.72, 0.60, 0.44, 0.41, 0.39, 0.38, 0.37, 0.36)  # by link number
STAFF_REMOVALS, REMOVED_AFTER_AS_OF, CONTACTS_AFTER_AS_OF = 240, 9, 8
SECOND_STAFF = 0.03
LEAVER, HEIR, LEAVES = "hq01", "hq02", "2026-03-09 08:30:00"

# Staff: (dealer, share of contacts of its kind, mean minutes to the first reply) ---------------
DEALERS = tuple(f"D{number:02d}" for number in range(1, 13))
HQ = {"hq01": (0.16, 7.0), "hq02": (0.16, 8.0), "hq03": (0.36, 58.0), "hq04": (0.32, 47.0)}
DEALER_REPLY = (9.0, 6.0, 11.0, 8.0, 7.0, 10.0, 5.0, 9.0, 6.0, 8.0, 12.0, 7.0)
REPLIED = 0.90  # of customers' messages

# Buying ----------------------------------------------------------------------------------------
# sku, name, category, price, unit cost
SCOOTERS = (
    ("YT-A1", "跃途A1通勤版", "整车", 3299, 2540),
    ("YT-S3", "跃途S3长续航", "整车", 4599, 3480),
    ("YT-X5", "跃途X5性能版", "整车", 6299, 4710),
)
ACCESSORIES = (
    ("HEL-01", "3C头盔", "配件", 129, 61),
    ("RAI-02", "分体雨衣", "配件", 89, 38),
    ("BAG-03", "后尾箱", "配件", 199, 92),
    ("CHG-04", "便携充电器", "配件", 259, 131),
    ("LOK-05", "智能防盗锁", "配件", 169, 74),
)
BATTERIES = (
    ("BAT-48", "48V锂电池", "电池", 1299, 905),
    ("BAT-60", "60V锂电池", "电池", 1699, 1190),
)
UPKEEP = (("SRV-01", "季度保养", "保养", 99, 45), ("SRV-02", "刹车片更换", "保养", 149, 63))
ACCESSORY_ORDERS = 3_000
BATTERY_ORDERS, UPKEEP_ORDERS = 300, 900
CLOSED_ORDERS, REFUNDED_ORDERS, PART_REFUNDS = 160, 70, 0.01
MEMBER_DAY, MEMBER_DAY_UPLIFT = 20, 2.6  # accessory orders of that day of the month
WEEKEND = 1.3
DUPLICATES = 10

# Sets of touchpoints within seven days before an accessory order of a contact ------------------
BOTH, GROUP_ONLY, LIVE_ONLY = 0.16, 0.08, 0.08
SET_DAYS = 7

# The SMS reminder ------------------------------------------------------------------------------
REMINDED, NOT_REMINDED = 1_600, 800
UPKEEP_DUE = 0.40  # order within 7 days, with and without the reminder
REMINDED_FROM = "2026-03-20"  # from then on the people of the test order nothing else
SMS_DAYS = ("2026-04-07", "2026-05-07", "2026-06-08")  # what follows is no week away from a 20th
# Adding friends by SMS and by AI call with SMS: people, share that adds.
ADD_TEST = {"control": (1_200, 0.003), "sms": (2_400, 0.035), "call_sms": (2_400, 0.065)}
ADD_TEST_DAY = "2026-03-18"

# Service ---------------------------------------------------------------------------------------
RIPE_TICKETS, LATE_TICKETS, SOLVED = 900, 300, 0.65  # ripe: 110 days old and more
REPEAT_SOLVED, REPEAT_UNSOLVED = 0.34, 0.15  # order within 90 days after the case is opened
THEMES = {
    "电池续航": 0.34,
    "充电故障": 0.2,
    "刹车异响": 0.16,
    "配件缺货": 0.12,
    "上牌手续": 0.1,
    "其他": 0.08,
}
EMOTIONS = {  # stage: answers, mean score
    "了解": (240, 0.5),
    "试骑": (260, 1.1),
    "购车": (260, 0.9),
    "提车": (240, 1.2),
    "骑行": (280, 0.9),
    "电池售后": (300, -0.8),
    "换购": (180, 0.1),
    "推荐": (160, 0.5),
}
TRUTH_STAGE = "电池售后"

# Leads -----------------------------------------------------------------------------------------
QUALIFIED, ASSIGNED = 0.8, 0.95  # of the step before
CONTACT_HOURS, CONTACT_SIGMA = 6.0, 0.7  # median and log sd from assigned to contacted
SLOW_DEALER, SLOW_HOURS = "D07", 52.0
DEAL, SLOW_DEAL = 0.30, 0.10  # of the assigned leads that are not in the funnel

# Groups and posts ------------------------------------------------------------------------------
GROUPS = 40
GROUP_ACTIVE, PER_100_MEMBERS, PER_30_DAYS = 0.36, 0.72, 0.86  # active share; factors on it
GROUP_LATE, GROUP_SILENT = 14, 5  # groups that outlive their plan; that fell silent before as_of
POSTS = 900
POST_MIX = {"marketing": 0.52, "interaction": 0.20, "care": 0.18, "daily": 0.10}
