"""Facts about groups, posts, replies and answers, and about rows that cannot be used."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd

from . import exports, plan, wording
from .facts_friends import END
from .statistics import reply_pairs
from .world import World

SIZE_EDGES, AGE_EDGES = (50, 100, 200), (30, 90)


def upkeep_facts(world: World, files: dict[str, pd.DataFrame]) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "group_activity": _groups(world),
        "reply_time": _replies(world),
        "moment_of_truth": _emotions(world),
        "content_mix": _mix(world),
        "rule_hits": _rules(world),
        "people": _people(world),
        "unusable_rows": _unusable(world, files),
    }


def _shares(rows: pd.DataFrame, by: np.ndarray, names: list[str]) -> dict[str, dict]:
    sums = rows.groupby(by)[["members", "active_members"]].sum()
    return {
        names[int(band)]: {
            "member_days": int(cell["members"]), "active": int(cell["active_members"]),
            "share": round(float(cell["active_members"] / cell["members"]), 6),
        }
        for band, cell in sums.iterrows()
    }  # fmt: skip


def _groups(world: World) -> dict:
    rows = world.groups
    age = (pd.to_datetime(rows["date"]) - pd.to_datetime(rows["created_at"]).dt.normalize()).dt.days
    size = np.searchsorted(SIZE_EDGES, rows["members"], side="right")
    old = np.searchsorted(AGE_EDGES, age, side="right")
    last = rows[rows["date"].eq(plan.AS_OF)].set_index("group_id")
    end_age = age[rows["date"].eq(plan.AS_OF)]
    late = sorted(last.index[(end_age.to_numpy() > last["planned_days"].to_numpy())])
    recent = rows[rows["date"] > "2026-06-16"].groupby("group_id")["messages"].sum()
    silent = sorted(recent.index[recent == 0])
    return {
        "kind": "statistical",
        "planted": {
            "active_share_of_an_empty_new_group": plan.GROUP_ACTIVE,
            "factor_per_100_members": plan.PER_100_MEMBERS, "factor_per_30_days": plan.PER_30_DAYS,
        },
        "counted": {
            "groups": int(rows["group_id"].nunique()), "rows": len(rows),
            "by_members": _shares(rows, size, ["below_50", "50_to_99", "100_to_199", "from_200"]),
            "by_age_days": _shares(rows, old, ["below_30", "30_to_89", "from_90"]),
            "older_than_planned": late, "silent_for_14_days": silent,
            "alive_beyond_plan": [group for group in late if group not in silent],
        },
        "tolerance": {"factor": 0.05},
        "unit": "active members / members, over all days of a group",
        "where": "tables/groups.csv",
        "recover": "Log-linear in members and age together, over days with activity; groups are the"
        " unit. Older than planned: days from created_at to as_of above planned_days. Silent: no"
        " message since 2026-06-17.",
    }  # fmt: skip


def _replies(world: World) -> dict:
    pairs = reply_pairs(world.touches[world.touches["occurred_at"] < END])
    by_staff = pairs.groupby("staff_id")["seconds"].agg(["size", "count", "mean"])
    return {
        "kind": "exact",
        "planted": {"mean_minutes": {name: minutes for name, (_, minutes) in plan.HQ.items()},
                    "replied": plan.REPLIED},
        "counted": {
            "chats": len(pairs), "replied": int(pairs["seconds"].notna().sum()),
            "mean_seconds": round(float(pairs["seconds"].mean()), 3),
            "by_staff": {
                str(name): {"chats": int(row["size"]), "replied": int(row["count"]),
                            "mean_seconds": round(float(row["mean"]), 3)}
                for name, row in by_staff.iterrows()
            },
        },
        "naive": {"mean_of_staff_means": round(float(by_staff["mean"].mean()), 3), "misses": True},
        "unit": "seconds from a customer's message to the next message, where that is the brand's"
        " and comes within a day",
        "where": "touches/*.parquet; by day in tables/touchpoint_days.csv",
        "recover": "Weighted by answered chats. hq03 and hq04 have the most chats and are slow, so"
        " the plain mean of staff misses.",
    }  # fmt: skip


def _emotions(world: World) -> dict:
    scores = world.responses.groupby("stage")["score"]
    mean = {stage: round(float(scores.mean()[stage]), 6) for stage in plan.EMOTIONS}
    steps = list(plan.EMOTIONS)
    drop = {b: round(mean[b] - mean[a], 6) for a, b in pairwise(steps)}
    return {
        "kind": "exact",
        "planted": {
            "mean_score": {stage: score for stage, (_, score) in plan.EMOTIONS.items()},
            "moment_of_truth": plan.TRUTH_STAGE,
        },
        "counted": {
            "mean_score": mean, "answers": {stage: int(scores.size()[stage]) for stage in steps},
            "largest_drop": min(drop, key=lambda stage: drop[stage]),
            "change_there": min(drop.values()),
        },
        "unit": "mean score, -2 to 2; stages in this order",
        "where": "tables/responses.csv",
        "recover": "One answer cannot be read (score 很差) and is left out.",
    }  # fmt: skip


def _mix(world: World) -> dict:
    counts = {name: int(world.posts["purpose"].eq(name).sum()) for name in plan.POST_MIX}
    target = dict(zip(plan.POST_MIX, (0.3, 0.3, 0.3, 0.1), strict=True))
    posts = len(world.posts)
    away = sum(abs(size / posts - target[name]) for name, size in counts.items()) / 2
    return {
        "kind": "exact",
        "planted": dict(plan.POST_MIX),
        "counted": {"posts": posts, "by_purpose": counts, "deviation": round(away, 6)},
        "unit": "posts; deviation = sum of |share - target| / 2 from 3:3:3:1",
        "where": "tables/posts.csv",
        "recover": "Without the duplicate and the two rows of unknown purpose.",
    }


def _rules(world: World) -> dict:
    posts = world.posts
    hits: dict[str, list[str]] = {}
    for post, rules in zip(posts["post_id"], posts["broken"], strict=True):
        for rule in rules.split():
            hits.setdefault(rule, []).append(post)
    near = ("最后", "最近", "最终", "第一步", "第一时间")
    misses = posts["text"].str.contains("|".join(near)) & posts["broken"].eq("")
    return {
        "kind": "exact",
        "planted": {text: [size, *rules] for text, _, size, rules in wording.BROKEN},
        "counted": {
            "posts": len(posts), "posts_with_a_hit": int(posts["broken"].ne("").sum()),
            "hits": {rule: sorted(found) for rule, found in sorted(hits.items())},
            "near_misses": int(misses.sum()),
        },
        "unit": "posts by id and rule",
        "where": "tables/posts.csv, column text",
        "recover": "最佳 breaks AD-01 and AD-02, 最高级 AD-01, 第一 and 顶级 AD-02, 转发 SH-01,"
        " 集赞 SH-03. 最高级 also holds 最高, a word of AD-02: a hit there as well is right. Near"
        " misses (" + "、".join(near) + ") break none.",
    }  # fmt: skip


def _people(world: World) -> dict:
    return {
        "kind": "exact",
        "counted": {
            "people": len(world.people), "followers": len(world.journeys),
            "contacts": len(world.friends.people), "members": len(world.members),
            "scooter_owners": int(world.people["owner_day"].ge(0).sum()),
            "referrals": len(world.referrals),
        },
        "unit": "people over all tables",
        "where": "all tables",
        "recover": "Every person's rows can be tied together: contacts show union_id and phone,"
        " followers who opened the mini program union_id, orders, leads, deliveries and tickets the"
        " phone, invitations the customer_id that members show.",
    }  # fmt: skip


def _unusable(world: World, files: dict[str, pd.DataFrame]) -> dict:
    touches = sum(len(rows) for name, rows in files.items() if name.startswith("touches/"))
    orders, relations = world.orders, world.friends.relations

    def reasons(faults: tuple) -> dict[str, int]:
        return dict(Counter(reason for *_, reason in faults))

    return {
        "kind": "exact",
        "counted": {
            "orders": {"rows": len(files["tables/orders.csv"]), "bad": reasons(exports.BAD_ORDERS),
                       "duplicates": plan.DUPLICATES,
                       "after_as_of": int((orders["paid_at"] >= END).sum())},
            "contacts": {"rows": len(files["exports/wecom_contacts.csv"]),
                         "bad": reasons(exports.BAD_CONTACTS),
                         "after_as_of": int((relations["added_at"] >= END).sum()),
                         "removed_after_as_of": int((relations["removed_at"] >= END).sum())},
            "touches": {"rows": touches, "bad": reasons(exports.BAD_TOUCHES),
                        "duplicates": exports.TOUCH_TWICE,
                        "after_as_of": int((world.touches["occurred_at"] >= END).sum())},
            "posts": {"rows": len(files["tables/posts.csv"]), "bad": {"unknown purpose": 2},
                      "duplicates": 1},
            "leads": {"rows": len(files["exports/leads.xlsx"]), "duplicates": 3,
                      "after_as_of": int((world.leads["created_at"] >= END).sum())},
            "responses": {"rows": len(files["tables/responses.csv"]),
                          "bad": {"score is no number": 1}},
        },
        "unit": "rows",
        "where": "as named",
        "recover": "Quarantine, fold and cut; the groups do not overlap.",
    }  # fmt: skip
