"""Facts about groups, posts, replies, service cases and answers."""

from __future__ import annotations

import pandas as pd

from . import plan, wording
from .upkeep import group_size
from .world import World, valid_orders


def upkeep_facts(world: World) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "group_activity": _groups(world),
        "content_mix": _mix(world),
        "rule_hits": _rules(world),
        "reply_time": _replies(world),
        "service_recovery": _recovery(world),
        "moment_of_truth": _emotions(world),
    }


def _groups(world: World) -> dict:
    rows = world.upkeep.groups
    rows = rows.assign(size=rows["group_id"].map(lambda g: group_size(plan.GROUPS[g][2])))
    sums = rows.groupby("size")[["active_members", "members"]].sum()
    share = (sums["active_members"] / sums["members"]).round(4)
    age = {g: (pd.Timestamp(plan.AS_OF) - pd.Timestamp(p[0])).days for g, p in plan.GROUPS.items()}
    late = sorted(g for g, planned in plan.GROUPS.items() if age[g] > planned[3])
    return {
        "kind": "exact",
        "planted": {"active_share": plan.GROUP_ACTIVE, "factor_per_month": plan.GROUP_FADING},
        "counted": {
            "active_share_of_all_days": {size: float(value) for size, value in share.items()},
            "groups": len(plan.GROUPS),
            "groups_beyond_plan": late,
        },
        "unit": "active members / members, over all days; size by members at as_of",
        "where": "tables/groups.csv",
        "recover": "Small is below 100 members, large 200 and more. A group is beyond plan where it"
        " is older at as_of than planned_days.",
    }


def _mix(world: World) -> dict:
    posts = world.upkeep.posts
    late = posts["posted_at"] >= pd.Timestamp(plan.PUSH_FROM)
    counts = {
        name: {p: int((rows["purpose"] == p).sum()) for p in plan.POST_MIX_LATE}
        for name, rows in (("before", posts[~late]), ("from_2026", posts[late]))
    }
    return {
        "kind": "exact",
        "planted": {"before": plan.POST_MIX_EARLY, "from_2026": plan.POST_MIX_LATE},
        "counted": counts,
        "unit": "posts",
        "where": "tables/posts.csv",
        "recover": "Before and from 2026-01-01 by posted_at.",
    }


def _rules(world: World) -> dict:
    posts = world.upkeep.posts
    broken = posts[posts["broken"] != ""]
    return {
        "kind": "exact",
        "planted": {text: rule for _, text, rule in wording.BROKEN},
        "counted": {
            "posts": len(posts),
            "posts_that_break_a_rule": {
                row.post_id: row.broken for row in broken.itertuples(index=False)
            },
        },
        "unit": "posts by id, with the rule that the text was written to break",
        "where": "tables/posts.csv",
        "recover": "A text may break further rules too. Words such as 最后, 最近, 第一次 and 第一步"
        " are in many other posts and break none.",
    }


def _replies(world: World) -> dict:
    wide = world.upkeep.touchpoint_days.pivot(index="date", columns="metric", values="value")
    weighted = (wide["first_reply_seconds"] * wide["chats"]).sum() / wide["chats"].sum()
    return {
        "kind": "exact",
        "planted": {"first_reply_minutes": plan.REPLY_MINUTES, "chats_a_day": plan.CHATS_A_DAY},
        "counted": {"days": len(wide), "first_reply_seconds": round(float(weighted), 3)},
        "naive": {
            "first_reply_seconds": round(float(wide["first_reply_seconds"].mean()), 3),
            "misses": True,
        },
        "unit": "seconds to the first reply, weighted by the chats of the day",
        "where": "tables/touchpoint_days.csv",
        "recover": "The plain mean of days misses: there are most chats where replies are slow.",
    }


def _recovery(world: World) -> dict:
    orders, tickets = valid_orders(world.orders), world.upkeep.tickets
    paid = orders.merge(tickets[["person", "ticket_id", "opened_at"]], on="person")
    since = paid["paid_at"] - pd.to_datetime(paid["opened_at"])
    back = set(paid.loc[(since > pd.Timedelta(0)) & (since <= pd.Timedelta(days=90)), "ticket_id"])
    counts = {}
    for name, rows in (
        ("solved", tickets[tickets["resolved_at"].notna()]),
        ("unsolved", tickets[tickets["resolved_at"].isna()]),
    ):
        counts[name] = {"cases": len(rows), "again": int(rows["ticket_id"].isin(back).sum())}
    return {
        "kind": "exact",
        "window_days": 90,
        "planted": plan.REPEAT_AFTER_TICKET,
        "counted": counts,
        "unit": "cases; with an order within 90 days after opening",
        "where": "tables/tickets.csv and exports/youzan_orders.csv",
        "recover": "One case a person; all were opened 96 days and more before as_of. Buyers whose "
        "orders cannot be stitched to the member number look as if they had not come back.",
    }


def _emotions(world: World) -> dict:
    rows = world.upkeep.responses.groupby("stage")["score"]
    mean = rows.mean().round(6)
    return {
        "kind": "statistical",
        "planted": {"mean_score": plan.EMOTIONS, "moment_of_truth": "first_brew"},
        "counted": {
            stage: {"answers": int(rows.size()[stage]), "mean_score": float(mean[stage])}
            for stage in plan.EMOTIONS
        },
        "tolerance": {"mean_score": 0.25},
        "unit": "mean score, -2 to 2",
        "where": "tables/responses.csv",
        "recover": "Stages in the order of forms.yml; the largest drop leads to first_brew. Scores "
        "are rounded and cut at -2 and 2, so counted means lie a little inside the planted ones.",
    }
