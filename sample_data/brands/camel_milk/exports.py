"""The files as the brand's systems would give them, traps included, and truth.parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..draws import stream
from ..files import write_csv, write_parquet, write_xlsx
from . import plan
from .world import World

# What an unusable row has in place of the good value, and why it cannot be used.
BAD_ORDERS = (
    ("买家付款时间 ", "2025-13-45 10:20:30", "unparsable date"),
    ("买家付款时间 ", "待补", "unparsable date"),
    ("买家付款时间 ", "2026-02-30 09:15:00", "unparsable date"),
    ("订单实付金额", "abc", "amount is no number"),
    ("订单实付金额", "abc", "amount is no number"),
    ("订单号", "", "missing order number"),
    ("标准状态", "pending", "unknown status"),
)
BAD_CONTACTS = (
    ("外部联系人ID", None, "missing external_user_id"),
    ("添加时间", "去年双11", "unparsable date"),
    ("员工", None, "missing staff"),
)
# Channel: (kind of traffic, cost of an add in yuan, clicks an add, impressions a click).
CHANNELS = {
    "parcel_card": ("stable", 0.6, 3, 1),
    "live_room": ("unclear", 3.5, 4, 30),
    "service_account": ("stable", 0.0, 3, 12),
    "referral": ("stable", 2.0, 2, 4),
    "lead_gift": ("paid", 9.0, 5, 45),
    "old_buyer_sms": ("paid", 1.8, 4, 20),
}


def write_exports(world: World, folder: Path) -> None:
    """All files of the brand except facts.yml."""
    orders = orders_export(world)
    write_csv(orders, folder / "exports/youzan_orders.csv", "gb18030")
    contacts = contacts_export(world)
    write_xlsx(contacts, folder / "exports/wecom_contacts.xlsx", "客户列表")
    write_csv(_items(world), folder / "tables/order_items.csv")
    write_csv(world.members, folder / "tables/members.csv")
    write_csv(world.followers.drop(columns="person"), folder / "tables/followers.csv")
    write_csv(_channel_days(world), folder / "tables/channel_days.csv")
    upkeep = world.upkeep
    write_csv(upkeep.groups, folder / "tables/groups.csv")
    write_csv(upkeep.posts.drop(columns="broken"), folder / "tables/posts.csv")
    write_csv(upkeep.touchpoint_days, folder / "tables/touchpoint_days.csv")
    write_csv(upkeep.tickets.drop(columns="person"), folder / "tables/tickets.csv")
    write_csv(upkeep.responses, folder / "tables/responses.csv")
    write_csv(upkeep.staff, folder / "tables/staff.csv")
    _write_touches(world, folder / "touches")
    write_parquet(truth(world), folder / "truth.parquet")


def order_ids(orders: pd.DataFrame) -> pd.Series:
    """Order numbers as the shop system writes them: E, time, running number."""
    numbers = [f"{number:06d}" for number in orders.index]
    return "E" + orders["paid_at"].dt.strftime("%Y%m%d%H%M%S") + numbers


def orders_export(world: World) -> pd.DataFrame:
    """Good rows, exact duplicates and unusable rows, all as text, in order of payment."""
    rng = stream(plan.SEED, "orders export")
    good = _youzan(world)
    inside = np.flatnonzero(world.orders["day"] <= plan.AS_OF_DAY)
    chosen = rng.choice(inside, plan.DUPLICATES + len(BAD_ORDERS), replace=False)
    twice, spoilt = chosen[: plan.DUPLICATES], chosen[plan.DUPLICATES :]
    bad = good.iloc[spoilt].copy()
    bad["订单号"] = [f"E2026060711{number:010d}" for number in range(len(bad))]
    for row, (header, value, _) in enumerate(BAD_ORDERS):
        bad.iloc[row, bad.columns.get_loc(header)] = value
    rows = pd.concat([good, good.iloc[twice], bad])
    return rows.sort_index(kind="stable").reset_index(drop=True)


def _youzan(world: World) -> pd.DataFrame:
    """A subset of the shop system's 60 columns; the last four are the consultant's."""
    orders, items = world.orders, world.items
    amount = orders["amount"].map("{:.2f}".format)
    status = orders["status"]
    names = {plan.POWDER[0]: plan.POWDER[1]} | {sku: name for sku, name, *_ in plan.EXTRAS}
    titles = (items["sku"].map(names) + "(" + items["quantity"].astype(str) + "件)").groupby(
        items["order"]
    )
    paid = orders["paid_at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    created = (orders["paid_at"] - pd.Timedelta(seconds=47)).dt.strftime("%Y-%m-%d %H:%M:%S")
    touchpoint, platform = _place(world)
    refund = status.map({"refunded": "全额退款成功"}).fillna("")
    refund = refund.mask(status.eq("paid") & orders["refund_amount"].gt(0), "部分退款成功")
    return pd.DataFrame(
        {
            "订单号": order_ids(orders),
            "销售渠道": platform,
            "订单类型": "普通订单",
            "订单状态": status.map({"paid": "交易完成"}).fillna("交易关闭"),
            "推广方式 ": np.where(orders["on_promotion"], "限时折扣", ""),
            "订单创建时间": created,
            "买家付款时间 ": paid,
            "应收订单金额": amount,
            "订单实付金额": amount,
            "全部商品名称": titles.agg(";".join),
            "商品种类数": titles.size(),
            "买家是否会员": np.where(orders["member_id"].notna(), "是", "否"),
            "买家手机号": orders["phone"],
            "订单退款状态": refund,
            "订单已退款金额": orders["refund_amount"].map("{:.2f}".format),
            "标准状态": status,
            "活动订单": np.where(orders["on_promotion"], "true", "false"),
            "成交触点": touchpoint,
            "会员号": orders["member_id"],
        }
    )


def _place(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Touchpoint and sales channel: the platform shop until a person is a contact."""
    orders = world.orders
    person = orders["person"].astype(int)
    added = person.map(world.people.set_index("person")["added_day"])
    channel = person.map(world.people.set_index("person")["channel"])
    friend = (added >= 0) & (added <= orders["day"])
    live = channel.eq("live_room") & orders["nth"].eq(1)
    touchpoint = np.select([live, friend], ["live", "mini_program"], "platform_shop")
    return touchpoint, np.where(friend | live, "微信小程序", "平台网店")


def contacts_export(world: World) -> pd.DataFrame:
    """Relations with Chinese headers, all as text, and the unusable rows."""
    rng = stream(plan.SEED, "contacts export")
    rows = world.relations
    style = "%Y-%m-%d %H:%M:%S"
    good = pd.DataFrame(
        {
            "外部联系人ID": rows["external_user_id"],
            "员工": rows["staff_id"],
            "添加时间": rows["added_at"].dt.strftime(style),
            "添加方式": rows["add_way"],
            "渠道": rows["entry_code"],
            "流失时间": rows["removed_at"].dt.strftime(style),
            "流失方": rows["removed_by"],
            "unionid": rows["union_id"],
            "手机号": rows["phone"],
            "账号类型": "wecom",
        }
    ).astype(object)
    inside = np.flatnonzero(rows["added_at"] < pd.Timestamp(plan.AS_OF))
    bad = good.iloc[rng.choice(inside, len(BAD_CONTACTS), replace=False)].copy()
    for row, (header, value, _) in enumerate(BAD_CONTACTS):
        bad.iloc[row, bad.columns.get_loc(header)] = value
    return pd.concat([good, bad]).sort_index(kind="stable").reset_index(drop=True)


def _items(world: World) -> pd.DataFrame:
    products = pd.DataFrame(
        [plan.POWDER, *plan.EXTRAS], columns=["sku", "name", "category", "price", "unit_cost"]
    ).set_index("sku")
    items = world.items
    return pd.DataFrame(
        {
            "order_id": order_ids(world.orders).loc[items["order"]].to_numpy(),
            "sku": items["sku"],
            "quantity": items["quantity"],
            "amount": items["amount"],
            "category": items["sku"].map(products["category"]),
            "unit_cost": items["sku"].map(products["unit_cost"]),
        }
    )


def _channel_days(world: World) -> pd.DataFrame:
    """Adds as in the contacts table, with cost, clicks and impressions made from them."""
    rng = stream(plan.SEED, "channel days")
    people = world.friends.people
    dates = pd.date_range(plan.WECOM_FROM, plan.AS_OF)
    added = people.groupby(["added_day", "channel"]).size()
    grid = pd.MultiIndex.from_product(
        [[plan.day(str(d.date())) for d in dates], CHANNELS], names=["added_day", "channel"]
    )
    rows = added.reindex(grid, fill_value=0).rename("adds").reset_index()
    facts = pd.DataFrame(CHANNELS, index=["traffic", "cost", "clicks", "impressions"]).T
    of = facts.loc[rows["channel"]].reset_index(drop=True)
    clicks = (rows["adds"] * of["clicks"].astype(int) + rng.integers(0, 6, len(rows))).astype(int)
    return pd.DataFrame(
        {
            "date": np.repeat(dates.strftime("%Y-%m-%d"), len(CHANNELS)),
            "channel": rows["channel"],
            "traffic": of["traffic"],
            "entry_code": rows["channel"],
            "impressions": clicks * of["impressions"].astype(int),
            "clicks": clicks,
            "adds": rows["adds"],
            "cost": (rows["adds"] * of["cost"].astype(float)).round(2),
        }
    )


def _write_touches(world: World, folder: Path) -> None:
    """One Parquet file a quarter."""
    rows = world.touches.drop(columns=["person", "known_by"])
    ids = ["external_user_id", "open_id"]
    rows = rows[ids + [name for name in rows.columns if name not in ids]]
    rows = rows.astype({name: "str" for name in rows.columns if rows[name].dtype == object})
    quarter = rows["occurred_at"].dt.to_period("Q").astype(str)
    for name, part in rows.groupby(quarter):
        write_parquet(part, folder / f"{name}.parquet")


def truth(world: World) -> pd.DataFrame:
    """The person behind every identifier that a file shows, and the best possible stitching.

    ``cluster`` numbers the connected components of identifiers over the usable rows up to as_of.
    """
    people = {
        (kind, value): person
        for kind in ("phone", "union_id", "external_user_id", "open_id", "member_id")
        for value, person in zip(world.ids[kind], world.ids["person"], strict=True)
        if pd.notna(value)
    }
    rows = [(*key, people[key], cluster) for key, cluster in world.components.items()]
    table = pd.DataFrame(rows, columns=["id_type", "id_value", "person", "cluster"])
    return table.sort_values(["person", "id_type", "id_value"], ignore_index=True)
