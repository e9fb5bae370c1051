"""Daily statistics: channels, chats, followers, visits, live, links; invitations too."""

from __future__ import annotations

import pandas as pd

from ..draws import moments, opening_seconds, stream
from . import plan

# Channel: (kind of traffic, cost of an add in yuan, clicks an add, impressions a click).
CHANNELS = {
    "menu_sa": ("stable", 0.0, 4, 11), "store_qr": ("stable", 0.8, 2, 3),
    "parcel_card": ("stable", 0.5, 3, 1), "live_card": ("unclear", 3.0, 5, 26),
    "ride_day": ("stable", 12.0, 2, 2), "gift_fission": ("paid", 1.2, 3, 9),
    "sms_link": ("paid", 2.9, 4, 18), "call_link": ("paid", 3.4, 3, 9),
}  # fmt: skip
STEPS = (
    ("service_account", "mini_program", "subscribed_at", "visited_at"),
    ("mini_program", "wecom_chat", "visited_at", "added_at"),
    ("wecom_chat", "store", "added_at", "lead_at"),
    ("store", "order", "lead_at", "bought_at"),
)


def _dates() -> pd.DatetimeIndex:
    return pd.date_range(plan.PRIVATE_FROM, plan.AS_OF)


def channel_days(contacts: pd.DataFrame) -> pd.DataFrame:
    """Adds of people by entry code and day, with made-up cost, clicks and impressions."""
    rng = stream(plan.SEED, "channel days")
    day = contacts["added_at"].dt.strftime("%Y-%m-%d")
    added = contacts.groupby([day, "code"]).size()
    grid = pd.MultiIndex.from_product(
        [_dates().strftime("%Y-%m-%d"), CHANNELS], names=["date", "channel"]
    )
    rows = added.reindex(grid, fill_value=0).rename("adds").reset_index()
    facts = pd.DataFrame(CHANNELS, index=["traffic", "cost", "clicks", "impressions"]).T
    of = facts.loc[rows["channel"]].reset_index(drop=True)
    clicks = (rows["adds"] * of["clicks"].astype(int) + rng.integers(0, 6, len(rows))).astype(int)
    rows = rows.assign(
        traffic=of["traffic"], entry_code=rows["channel"], clicks=clicks,
        impressions=clicks * of["impressions"].astype(int),
        cost=(rows["adds"] * of["cost"].astype(float)).round(2),
    )  # fmt: skip
    quiet = rows["channel"].isin(["sms_link", "call_link"]) & rows["adds"].eq(0)
    return rows[~quiet].reset_index(drop=True)


def chat_days(touches: pd.DataFrame, relations: pd.DataFrame) -> pd.DataFrame:
    """WeCom by day, out of the touches: chats, share replied, mean seconds, contacts."""
    pairs = reply_pairs(touches)
    day = pairs["asked"].dt.strftime("%Y-%m-%d")
    known = pairs.groupby(day)["seconds"]
    metrics = {
        "chats": known.size(),
        "reply_share": (known.count() / known.size()).round(4),
        "first_reply_seconds": known.mean().round(1),
        "contacts_added": relations.groupby(relations["added_at"].dt.strftime("%Y-%m-%d")).size(),
    }
    gone = relations[relations["removed_by"].eq("customer")]
    metrics["removed_by_customers"] = gone.groupby(
        gone["removed_at"].dt.strftime("%Y-%m-%d")
    ).size()
    dates = _dates().strftime("%Y-%m-%d")
    parts = []
    for name, values in metrics.items():
        whole = name in ("contacts_added", "removed_by_customers")
        told = values.reindex(dates, fill_value=0) if whole else values.reindex(dates).dropna()
        made = {
            "date": told.index,
            "touchpoint": "wecom_chat",
            "metric": name,
            "value": told.to_numpy(),
        }
        parts.append(pd.DataFrame(made))
    return pd.concat(parts, ignore_index=True)


def reply_pairs(touches: pd.DataFrame) -> pd.DataFrame:
    """A row a customer's message: staff_id, asked, seconds to the reply (a day at most)."""
    said = touches[touches["touchpoint"].eq("wecom_chat") & touches["action"].eq("message")]
    said = said.sort_values(["person", "occurred_at"])
    after = said.groupby("person")[["occurred_at", "direction"]].shift(-1)
    wait = (after["occurred_at"] - said["occurred_at"]).dt.total_seconds()
    wait = wait.where(after["direction"].eq("brand") & (wait <= 86_400))
    rows = said.assign(asked=said["occurred_at"], seconds=wait)
    return rows.loc[rows["direction"].eq("customer"), ["staff_id", "asked", "seconds"]]


def follower_days(followers: pd.DataFrame) -> pd.DataFrame:
    """The platform's user statistics: new and lost followers by day and source."""
    sources = {"menu": 0, "search": 1, "card": 17, "scan": 30, "channels": 200}
    found = followers.assign(user_source=followers["source"].map(sources))
    new = found.groupby([found["subscribed_at"].dt.strftime("%Y-%m-%d"), "user_source"]).size()
    lost = found.groupby([found["unsubscribed_at"].dt.strftime("%Y-%m-%d"), "user_source"]).size()
    grid = pd.MultiIndex.from_product(
        [_dates().strftime("%Y-%m-%d"), sorted(sources.values())], names=["ref_date", "user_source"]
    )
    rows = pd.DataFrame({"new_user": new.reindex(grid, fill_value=0).to_numpy()}, grid)
    rows["cancel_user"] = lost.reindex(grid, fill_value=0).to_numpy()
    return rows.reset_index()


def visit_days(touches: pd.DataFrame) -> pd.DataFrame:
    """Mini program statistics by day, out of the visits."""
    rng = stream(plan.SEED, "visit days")
    rows = touches[touches["touchpoint"].eq("mini_program") & touches["action"].eq("visit")]
    rows = rows[rows["occurred_at"] < pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)]
    by_day = rows.groupby(rows["occurred_at"].dt.strftime("%Y-%m-%d"))["person"]
    visits, people = by_day.size(), by_day.nunique()
    first = rows.drop_duplicates("person")
    new = first.groupby(first["occurred_at"].dt.strftime("%Y-%m-%d")).size()
    return pd.DataFrame(
        {
            "ref_date": visits.index, "session_cnt": visits.to_numpy(),
            "visit_pv": visits.to_numpy() * 3 + rng.integers(0, 40, len(visits)),
            "visit_uv": people.to_numpy(),
            "visit_uv_new": new.reindex(visits.index, fill_value=0).to_numpy(),
        }
    )  # fmt: skip


def live_sessions() -> pd.DataFrame:
    """One live session every Saturday evening."""
    rng = stream(plan.SEED, "live")
    dates = pd.date_range("2025-10-04", plan.AS_OF, freq="7D")
    size = len(dates)
    audience = rng.integers(1_800, 6_400, size)
    return pd.DataFrame(
        {
            "live_start_time": (dates + pd.Timedelta(hours=20)).strftime("%Y-%m-%d %H:%M:%S"),
            "live_duration_in_seconds": rng.integers(5_000, 6_600, size),
            "total_audience_count": audience,
            "total_cheer_count": audience * 3, "forward_count": audience // 40,
            "total_comment_count": audience // 12,
            "audiences_avg_seconds": rng.integers(70, 260, size),
            "max_online_count": audience // 7, "new_follow_count": audience // 55,
            "new_follow_count_biz": audience // 160,
        }
    )  # fmt: skip


def link_days(journeys: pd.DataFrame) -> pd.DataFrame:
    """Who entered a step of the funnel on a day, and how many of them went on, ever."""
    parts = []
    for origin, target, start, then in STEPS:
        rows = journeys[journeys[start].notna()]
        day = rows[start].dt.strftime("%Y-%m-%d")
        entered, passed = rows.groupby(day).size(), rows.groupby(day)[then].count()
        made = {"date": entered.index, "from_touchpoint": origin, "to_touchpoint": target,
                "entered": entered.to_numpy(), "passed": passed.to_numpy()}  # fmt: skip
        parts.append(pd.DataFrame(made))
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["date"] <= plan.AS_OF].reset_index(drop=True)


def links() -> pd.DataFrame:
    """The designed links; the step into WeCom is a code to copy."""
    rows = [
        ("service_account", "mini_program", "", "内容组", "试骑预约", "direct", 30_000, 0.0,
         "live"),
        ("mini_program", "wecom_chat", "menu_sa", "私域组", "添加顾问领券", "copy_code", 4_000, 0.2,
         "live"),
        ("wecom_chat", "store", "", "顾问", "到店试骑", "direct", 900, 6.0, "live"),
        ("store", "order", "", "经销商", "置换补贴", "direct", 400, 40.0, "live"),
        ("store", "wecom_chat", "store_qr", "经销商", "提车服务卡", "direct", 600, 0.8, "live"),
        ("platform_shop", "wecom_chat", "parcel_card", "电商组", "保养提醒", "direct", 500, 0.5,
         "live"),
        ("live", "wecom_chat", "live_card", "直播组", "直播间名片", "direct", 300, 3.0, "live"),
        ("channels", "service_account", "", "内容组", "关联服务号", "direct", 2_000, 0.0,
         "planned"),
    ]  # fmt: skip
    names = ["from_touchpoint", "to_touchpoint", "entry_code", "owner", "hook", "jump",
             "capacity_per_month", "cost_per_attempt", "status"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def make_referrals(people: pd.DataFrame, ids: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Who invited whom into ``gift_fission``: referrer, invited (persons), time, device, cost."""
    rng = stream(plan.SEED, "referrals")
    invited = contacts[contacts["code"].eq(plan.BAD_CODE)].sort_values("added_at")
    known = people["owner_day"].between(0, plan.PRIVATE_DAY) & ids["member_id"].notna()
    owners = people.loc[known, "person"].to_numpy()
    invited = invited.iloc[rng.permutation(len(invited))[:800]]
    referrer = rng.choice(owners[:160], len(invited))
    devices = [f"dv{number:04d}" for number in rng.integers(0, 640, len(invited))]
    day = invited["added_day"].to_numpy()
    return pd.DataFrame(
        {
            "referrer": referrer, "invited": invited["person"].to_numpy(),
            "invited_at": moments(plan.ORIGIN, day, opening_seconds(rng, len(invited), 6, 8)),
            "device_hash": devices, "reward_cost": 8.0,
        }
    ).sort_values(["invited_at", "invited"], ignore_index=True)  # fmt: skip
