"""The files as the brand's systems would give them, dirt included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..draws import stream
from ..files import write_csv, write_parquet, write_xlsx
from . import plan, statistics
from .leads import make_staff
from .people import customer_ids
from .world import World

STYLE = "%Y-%m-%d %H:%M:%S"
# What an unusable row has in place of the good value, and why it cannot be used.
BAD_ORDERS = (
    ("paid_at", "2026-02-30 10:00:00", "unparsable date"),
    ("paid_at", "见合同", "unparsable date"),
    ("amount", "三千二", "amount is no number"),
    ("amount", "--元", "amount is no number"),
    ("order_id", "", "missing order number"),
    ("status", "待支付", "unknown status"),
)
BAD_CONTACTS = (
    ("external_userid", "", "missing external_user_id"),
    ("createtime", "国庆前", "unparsable date"),
    ("userid", "", "missing staff"),
)
BAD_TOUCHES = (
    ("direction", "both", "unknown direction"),
    ("direction", "both", "unknown direction"),
    ("touchpoint", None, "missing touchpoint"),
)
TOUCH_TWICE = 40
_CHANGE = {"customer": "del_follow_user", "staff": "del_external_contact",
           "transfer": "del_external_contact"}  # fmt: skip


def write_exports(world: World, folder: Path) -> dict[str, pd.DataFrame]:
    """All files of the brand except facts.yml; the frames as written, by path."""
    files = {
        "tables/orders.csv": orders_export(world),
        "tables/order_items.parquet": _items(world),
        "exports/wecom_contacts.csv": contacts_export(world),
        "tables/followers.parquet": _followers(world),
        "tables/members.parquet": _strings(world.members),
        "tables/deliveries.parquet": _deliveries(world),
        "tables/posts.csv": _posts(world),
        "tables/groups.csv": world.groups,
        "tables/channel_days.csv": statistics.channel_days(world.friends.people),
        "tables/touchpoint_days.csv": statistics.chat_days(world.touches, world.friends.relations),
        "exports/service_account_users.csv": statistics.follower_days(_source_days(world)),
        "exports/mini_program_visits.csv": statistics.visit_days(world.touches),
        "exports/channels_live.csv": statistics.live_sessions(),
        "tables/links.csv": statistics.links(),
        "tables/link_days.csv": statistics.link_days(world.journeys),
        "tables/referrals.csv": _referrals(world),
        "exports/leads.xlsx": _leads(world),
        "tables/tickets.csv": _tickets(world),
        "tables/responses.csv": _responses(world),
        "tables/staff.csv": make_staff(),
        **_touches(world),
    }
    for name, rows in files.items():
        path = folder / name
        if path.suffix == ".csv":
            write_csv(rows, path)
        elif path.suffix == ".parquet":
            rising = {"occurred_at", "subscribed_at", "sent_at"} & set(rows.columns)
            write_parquet(rows, path, tuple(sorted(rising)))
        else:
            write_xlsx(rows, path, "线索")
    return files


def _text(times: pd.Series) -> pd.Series:
    """Times as text; what lies behind the day of the export is not known to it."""
    known = times < pd.Timestamp(plan.EXPORTED) + pd.Timedelta(days=1)
    return times.where(known).dt.strftime(STYLE)


def _of(world: World, person: pd.Series, *names: str) -> dict[str, np.ndarray]:
    """Identifiers of persons; nothing for a person of -1."""
    known = world.ids.set_index("person").reindex(person)
    return {name: known[name].to_numpy() for name in names}


def order_ids(orders: pd.DataFrame) -> pd.Series:
    """Order numbers: Y, day, running number."""
    numbers = [f"{number:05d}" for number in orders.index]
    return "Y" + orders["paid_at"].dt.strftime("%y%m%d") + numbers


def orders_export(world: World) -> pd.DataFrame:
    """Good rows, exact duplicates and unusable rows, all as text, in order of payment."""
    rng = stream(plan.SEED, "orders export")
    rows = world.orders
    good = pd.DataFrame(
        {
            "order_id": order_ids(rows),
            "paid_at": rows["paid_at"].dt.strftime(STYLE),
            "amount": rows["amount"].map("{:.0f}".format),
            "refund_amount": rows["refund_amount"].map("{:.0f}".format).replace("0", ""),
            "status": rows["status"],
            "platform": rows["platform"],
            "touchpoint": rows["touchpoint"],
            "on_promotion": np.where(rows["promotion"], "true", "false"),
            "coupon_code": rows["coupon_code"],
            **_of(world, rows["person"], "phone"),
        }
    )
    inside = np.flatnonzero((rows["day"] <= plan.AS_OF_DAY) & rows["status"].eq("paid"))
    chosen = rng.choice(inside, plan.DUPLICATES + len(BAD_ORDERS), replace=False)
    twice, spoilt = chosen[: plan.DUPLICATES], chosen[plan.DUPLICATES :]
    bad = _spoil(good.iloc[spoilt], BAD_ORDERS)
    bad["order_id"] = np.where(bad["order_id"].ne(""), [f"Y99{i:09d}" for i in range(len(bad))], "")
    rows = pd.concat([good, good.iloc[twice], bad])
    return rows.sort_index(kind="stable").reset_index(drop=True)


def _spoil(rows: pd.DataFrame, faults: tuple) -> pd.DataFrame:
    rows = rows.astype(object).copy()
    for row, (name, value, _) in enumerate(faults):
        rows.iloc[row, rows.columns.get_loc(name)] = value
    return rows


def _items(world: World) -> pd.DataFrame:
    from .buying import PRODUCTS

    items = world.items
    return pd.DataFrame(
        {
            "order_id": order_ids(world.orders).loc[items["order"]].to_numpy(),
            "sku": items["sku"],
            "quantity": items["quantity"],
            "amount": items["amount"],
            "category": items["sku"].map(PRODUCTS["category"]),
            "unit_cost": items["sku"].map(PRODUCTS["unit_cost"]),
        }
    )


def contacts_export(world: World) -> pd.DataFrame:
    """Relations under the headers of WeCom's interface, and the unusable rows."""
    rng = stream(plan.SEED, "contacts export")
    rows = world.friends.relations
    ids = _of(world, rows["person"], "external_user_id", "union_id", "phone")
    good = pd.DataFrame(
        {
            "external_userid": ids["external_user_id"],
            "unionid": ids["union_id"],
            "userid": rows["staff_id"],
            "createtime": rows["added_at"].dt.strftime(STYLE),
            "add_way": rows["add_way"],
            "state": rows["entry_code"],
            "removed_at": _text(rows["removed_at"]),
            "ChangeType": rows["removed_by"].map(_CHANGE),
            "Source": np.where(rows["removed_by"].eq("transfer"), "DELETE_BY_TRANSFER", None),
            "remark_mobiles": ids["phone"],
        }
    )
    inside = np.flatnonzero(rows["added_at"] < pd.Timestamp(plan.AS_OF))
    bad = _spoil(good.iloc[rng.choice(inside, len(BAD_CONTACTS), replace=False)], BAD_CONTACTS)
    return pd.concat([good, bad]).sort_index(kind="stable").reset_index(drop=True)


def _followers(world: World) -> pd.DataFrame:
    rows = world.journeys
    table = pd.DataFrame(
        {
            **_of(world, rows["person"], "open_id", "union_id"),
            "subscribed_at": rows["subscribed_at"],
            "unsubscribed_at": rows["unsubscribed_at"],
            "source": rows["source"].astype(str),
        }
    )
    return _strings(table).sort_values(["subscribed_at", "open_id"], ignore_index=True)


def _source_days(world: World) -> pd.DataFrame:
    return world.journeys[["subscribed_at", "unsubscribed_at", "source"]]


def _strings(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype({name: "str" for name in rows.columns if rows[name].dtype == object})


def _deliveries(world: World) -> pd.DataFrame:
    rows = world.deliveries
    first = [
        "delivery_id",
        "channel",
        "sent_at",
        "test_id",
        "crowd",
        "arm",
        "cost",
        "segments",
        "status",
    ]
    later = ["delivered_at", "connected_at", "talk_seconds", "clicked_at", "friend_added_at",
             "friend_removed_at", "ordered_at", "order_amount", "opted_out_at"]  # fmt: skip
    table = pd.DataFrame({**_of(world, rows["person"], "phone"), **rows[first + later]})
    return _strings(table)


def _posts(world: World) -> pd.DataFrame:
    names = ["post_id", "posted_at", "touchpoint", "purpose", "has_purchase_link", "group_id",
             "audience", "reads", "likes", "comments", "shares", "text"]  # fmt: skip
    good = world.posts[names].assign(posted_at=world.posts["posted_at"].dt.strftime(STYLE))
    bad = good.iloc[[100, 500]].assign(post_id=["P9001", "P9002"], purpose=["促销", "其他"])
    return pd.concat([good, good.iloc[[200]], bad], ignore_index=True)


def _referrals(world: World) -> pd.DataFrame:
    rows = world.referrals
    return pd.DataFrame(
        {
            "referrer_id": customer_ids(rows["referrer"]),
            "invited_id": customer_ids(rows["invited"]),
            "invited_at": rows["invited_at"].dt.strftime(STYLE),
            "device_hash": rows["device_hash"],
            "reward_cost": rows["reward_cost"],
        }
    )


def _leads(world: World) -> pd.DataFrame:
    """Chinese headers, text cells, three rows twice."""
    rows = world.leads
    unknown = rows["deal_at"].isna() | (rows["deal_at"] >= pd.Timestamp(plan.EXPORTED))
    good = pd.DataFrame(
        {
            "线索编号": rows["lead_id"],
            "创建时间": _text(rows["created_at"]),
            "来源": rows["source"],
            "合格时间": _text(rows["qualified_at"]),
            "分配时间": _text(rows["assigned_at"]),
            "经销商": rows["dealer_id"],
            "首次联系时间": _text(rows["contacted_at"]),
            "成交时间": _text(rows["deal_at"]),
            "成交金额": rows["deal_amount"].map("{:.0f}".format).mask(unknown),
            "手机号": _of(world, rows["person"], "phone")["phone"],
        }
    ).astype(object)
    table = pd.concat([good, good.iloc[[40, 400, 1_400]]]).sort_index(kind="stable")
    return table.reset_index(drop=True)


def _tickets(world: World) -> pd.DataFrame:
    rows = world.tickets
    return pd.DataFrame(
        {
            "ticket_id": [f"T{number:05d}" for number in range(1, len(rows) + 1)],
            **_of(world, rows["person"], "phone"),
            "opened_at": rows["opened_at"].dt.strftime(STYLE),
            "theme": rows["theme"],
            "severity": rows["severity"],
            "resolved_at": rows["resolved_at"].dt.strftime(STYLE),
            "satisfied": rows["satisfied"],
        }
    )


def _responses(world: World) -> pd.DataFrame:
    """Half of the answers are anonymous; one score cannot be read."""
    rows = world.responses
    good = pd.DataFrame(
        {
            **_of(world, rows["person"], "phone"),
            "answered_at": rows["answered_at"].dt.strftime(STYLE),
            "stage": rows["stage"],
            "touchpoint": rows["touchpoint"],
            "score": rows["score"],
            "pain_point": rows["pain_point"],
        }
    ).astype({"score": object})
    bad = good.iloc[[77]].assign(score="很差")
    return pd.concat([good, bad], ignore_index=True)


def _touches(world: World) -> dict[str, pd.DataFrame]:
    """One Parquet file a quarter, with exact duplicates and unusable rows among them."""
    rng = stream(plan.SEED, "touches export")
    rows = world.touches
    known = rows["known_by"].eq("external_user_id")
    ids = _of(world, rows["person"], "external_user_id", "open_id")
    table = rows.drop(columns=["person", "known_by"])
    table.insert(0, "external_user_id", np.where(known, ids["external_user_id"], None))
    table.insert(1, "open_id", np.where(known, None, ids["open_id"]))
    inside = np.flatnonzero(rows["occurred_at"] < pd.Timestamp(plan.AS_OF))
    chosen = rng.choice(inside, TOUCH_TWICE + len(BAD_TOUCHES), replace=False)
    bad = _spoil(table.iloc[chosen[TOUCH_TWICE:]], BAD_TOUCHES).astype(
        {"occurred_at": table["occurred_at"].dtype, "has_purchase_link": bool}
    )
    table = pd.concat([table, table.iloc[chosen[:TOUCH_TWICE]], bad])
    table = table.sort_values("occurred_at", kind="stable", ignore_index=True)
    quarter = table["occurred_at"].dt.to_period("Q").astype(str)
    return {f"touches/{name}.parquet": _strings(part) for name, part in table.groupby(quarter)}
