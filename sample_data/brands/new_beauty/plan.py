"""Every planted size of the brand. Days are counted from ORIGIN; shares are 0 to 1."""

from __future__ import annotations

import pandas as pd

SEED = 20260701
ORIGIN = "2024-07-01"  # the brand opens
AS_OF = "2026-06-30"


def day(date: str) -> int:
    """Days from ORIGIN to a date."""
    return (pd.Timestamp(date) - pd.Timestamp(ORIGIN)).days


AS_OF_DAY = day(AS_OF)

# The test of copy that brings friends: call, then text ------------------------------------------
ADD = "add_wecom_2026Q2"
ADD_ARMS = ("A", "B", "C", "D")
HOLDOUT, HOLDOUT_SHARE = "holdout", 0.1
FILED_ON = "2026-05-08"
ADD_STARTS, ADD_ENDS = "2026-05-12", "2026-05-14"  # as planned
# Days of sending as they were, the first before the planned start; share of the people on each.
ADD_DAYS = {"2026-05-11": 0.1, "2026-05-12": 0.3, "2026-05-13": 0.3, "2026-05-14": 0.3}
ADD_HOUR = 10
# Crowd: people, share that adds the brand under A, what B and D add to it, under nothing at all;
# orders within the window whatever was sent.
ADD_CROWDS = {
    "高价值会员": (6_000, 0.060, 0.020, 0.010, 0.080),
    "首单30天内": (7_000, 0.040, 0.018, 0.007, 0.030),
    "沉睡90天": (16_000, 0.015, 0.000, 0.002, 0.004),
    "加购未付": (9_000, 0.030, 0.024, 0.0055, 0.022),
    "赠品领取": (7_000, 0.025, 0.012, 0.0045, 0.006),
}
BEST_ARMS = ("B", "D")  # D lifts adds like B
NOT_UPLOADED = ("加购未付", "D", 100)  # people of the plan who never reached the sender
LATE_ADDS = 20  # an arm, 8 to 15 days after the first send
FRIENDS_ORDER = 0.20  # of friends, within the window, on top of what was to be ordered
# Of people sent to by arm; margins of the filed plan.
OPTED_OUT = {"A": 0.005, "B": 0.005, "C": 0.005, "D": 0.014}
COMPLAINED = {"A": 8, "B": 7, "C": 9, "D": 12}  # people
REMOVED_EARLY = {"A": 0.05, "B": 0.05, "C": 0.05, "D": 0.25}  # of friends, within 7 days
REMOVED_LATE = 0.04  # of the friends kept for 7 days, on day 8 to 25
MARGINS = {"opted_out": 0.003, "complained": 0.001, "friend_removed": 0.003}
# Calls: share talked through and hung up at once, at the first and at the second dial.
DIALS = ({"talk": 0.30, "hang": 0.06, "none": 0.64}, {"talk": 0.19, "hang": 0.05, "none": 0.76})
HANG_SECONDS, TALK_SECONDS = (1, 5), (6, 121)
TEXT_DELIVERED, CLICKED = 0.96, {"A": 0.030, "B": 0.035, "C": 0.030, "D": 0.050}
FRIENDS_CLICKED = 0.90  # the others looked the brand up
CALL_COST, SMS_COST = 0.12, 0.05  # yuan a dial and a segment
CUSTOMER_VALUE = 12.0  # yuan a friend, where the crowd has no value of its own
FRIEND_VALUES = {"高价值会员": 30.0, "赠品领取": 4.0}

# A broken test: the people of B without a delivery report are missing in the export -------------
VIP, VIP_DAY, VIP_PEOPLE = "vip_sms_2026Q2", "2026-06-03", 8_000
VIP_DELIVERED, VIP_CLICKED, VIP_ORDERED, VIP_OPTED_OUT = 0.875, 480, 120, 16  # people an arm

# A test without any effect, looked at every day -------------------------------------------------
NULL, NULL_FROM, NULL_DAYS = "null_sms_2026Q2", "2026-04-13", 10
NULL_A_DAY = {"A": 900, "B": 900, HOLDOUT: 200}  # people
NULL_ORDERED = {  # people by day of sending: B runs ahead, and is caught up with
    "A": (27, 30, 34, 37, 38, 38, 38, 39, 39, 40),
    "B": (44, 42, 40, 37, 35, 34, 33, 32, 32, 31),
    HOLDOUT: (8, 8, 8, 8, 8, 8, 8, 8, 8, 8),
}
NULL_DELIVERED, NULL_CLICKED, NULL_OPTED_OUT = 0.95, 225, 36  # share; people an arm

# An old campaign: two texts to two crowds that were picked by hand ------------------------------
BLAST, BLAST_DAY = "spring_blast", "2026-03-10"
# Text: crowd, people, ordered, clicked, opted out.
BLAST_TEXTS = {
    "文案1": ("普通会员", 4_000, 48, 40, 24),
    "文案2": ("活跃会员", 3_000, 105, 78, 9),
}

# A notice without a test, a week before the next one --------------------------------------------
NOTICE_DAY, NOTICE_PEOPLE, NOTICE_OPTED_OUT = "2026-06-29", 1_500, 6

# People apart from the crowds of ADD ------------------------------------------------------------
JUNE_BUYERS, PLATFORM_BUYERS = 4_000, 2_500  # platform buyers: no phone
MEMBERS = {  # share of the group that is a member
    "高价值会员": 1.0, "首单30天内": 0.5, "沉睡90天": 0.4, "加购未付": 0.3, "赠品领取": 0.4,
    VIP: 1.0, NULL: 1.0, "普通会员": 1.0, "活跃会员": 1.0, "june": 0.5, "platform": 0.0,
}  # fmt: skip
TIERS = {  # of the members of a group; the others are all 普通
    "高价值会员": {"黑卡": 0.04, "金卡": 0.40, "银卡": 0.56},
    VIP: {"黑卡": 0.03, "金卡": 0.40, "银卡": 0.57},
    NULL: {"银卡": 0.30, "普通": 0.70},
    "活跃会员": {"金卡": 0.10, "银卡": 0.50, "普通": 0.40},
}
# Contacts of before and beside the tests: people of the group; how they came; who goes.
CONTACTS = {NULL: 3_000, VIP: 1_200, "普通会员": 300, "活跃会员": 500, "june": 600}
ENTRY_CODES = {"parcel_card": 0.6, "live_card": 0.25, "mini_program": 0.15}
CONTACT_REMOVED = 0.18
STAFF = tuple(f"yx{number:02d}" for number in range(1, 9))
REPLIES = 0.30  # of welcome messages

# Orders -----------------------------------------------------------------------------------------
# Group: orders a person by share, first and last day counted back from the day of sending.
ORDERS = {
    "高价值会员": ({3: 0.50, 4: 0.35, 5: 0.15}, 400, 1),
    "首单30天内": ({1: 1.0}, 30, 1),
    "沉睡90天": ({1: 0.7, 2: 0.3}, 500, 91),
    "加购未付": ({0: 0.6, 1: 0.4}, 300, 31),
    "赠品领取": ({0: 1.0}, 60, 1),
    VIP: ({2: 0.6, 3: 0.4}, 400, 1),
    NULL: ({0: 0.15, 1: 0.6, 2: 0.25}, 300, 1),
    "普通会员": ({1: 1.0}, 200, 1),
    "活跃会员": ({2: 0.5, 3: 0.5}, 200, 1),
    "june": ({1: 1.0}, 29, 0),
    "platform": ({1: 0.5, 2: 0.35, 3: 0.15}, 600, 1),
}
SENT = dict.fromkeys(ADD_CROWDS, "2026-05-11") | {
    VIP: VIP_DAY, NULL: NULL_FROM, "普通会员": BLAST_DAY, "活跃会员": BLAST_DAY,
    "june": AS_OF, "platform": AS_OF,
}  # fmt: skip
PRICES = (69, 99, 139, 179, 229, 289, 369, 459)  # yuan
LEVELS = {0: 0.2, 1: 0.25, 2: 0.25, 3: 0.2, 4: 0.1}  # of people: what they use to spend
RICH = {"高价值会员": 3, VIP: 1, "活跃会员": 1}  # levels on top
BEFORE_WEIGHT = 0.010  # weight of a yuan spent in the 90 days before, on ordering within the window
REFUNDED, PART_REFUNDED, CLOSED = 0.020, 0.015, 0.010
COVARIATE_DAYS = 90
LATER = 0.06  # of the people of tests, order once more, two weeks after the send and later
PLATFORMS = {"mini_program": 0.62, "tmall": 0.24, "douyin": 0.14}
PROMOTION = 0.45
