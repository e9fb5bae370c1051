"""Facts about groups, posts, replies, cases and answers, counted again in the raw files."""

from __future__ import annotations

import datetime as dt
import itertools

import pandas as pd
import pytest
from camel_milk_places import BRAND


def raw(name: str) -> pd.DataFrame:
    return pd.read_csv(BRAND / "tables" / f"{name}.csv", dtype=str, keep_default_na=False)


def test_group_activity(facts: dict) -> None:
    counted = facts["group_activity"]["counted"]
    active: dict[str, list[int]] = {}
    late = []
    for group, rows in raw("groups").groupby("group_id"):
        last = rows.sort_values("date").iloc[-1]
        size = int(last["members"])
        name = "small" if size < 100 else "middle" if size < 200 else "large"
        seen = active.setdefault(name, [0, 0])
        seen[0] += sum(map(int, rows["active_members"]))
        seen[1] += sum(map(int, rows["members"]))
        opened = dt.date.fromisoformat(last["created_at"][:10])
        if (dt.date(2026, 5, 31) - opened).days > int(last["planned_days"]):
            late.append(group)
    shares = {name: a / n for name, (a, n) in active.items()}
    assert shares == pytest.approx(counted["active_share_of_all_days"], abs=5e-5)
    assert late == counted["groups_beyond_plan"]
    assert shares["small"] > shares["middle"] > shares["large"]


def test_content_mix(facts: dict) -> None:
    posts = raw("posts")
    late = posts["posted_at"] >= "2026-01-01"
    counted = facts["content_mix"]["counted"]
    assert posts.loc[~late, "purpose"].value_counts().to_dict() == counted["before"]
    assert posts.loc[late, "purpose"].value_counts().to_dict() == counted["from_2026"]


def test_rule_hits(facts: dict) -> None:
    posts = raw("posts").set_index("post_id")["text"]
    planted = facts["rule_hits"]["planted"]
    hits = {post: planted[text] for post, text in posts.items() if text in planted}
    assert hits == facts["rule_hits"]["counted"]["posts_that_break_a_rule"]
    assert len(posts) == facts["rule_hits"]["counted"]["posts"]
    assert posts.str.contains("最后|最近|第一步").sum() > 50, "the near misses are gone"


def test_reply_time(facts: dict) -> None:
    wide = raw("touchpoint_days").pivot(index="date", columns="metric", values="value")
    pairs = [(float(s), float(c)) for s, c in wide[["first_reply_seconds", "chats"]].to_numpy()]
    weighted = sum(s * c for s, c in pairs) / sum(c for _, c in pairs)
    fact = facts["reply_time"]
    assert weighted == pytest.approx(fact["counted"]["first_reply_seconds"], abs=1e-3)
    plain = sum(s for s, _ in pairs) / len(pairs)
    assert plain == pytest.approx(fact["naive"]["first_reply_seconds"], abs=1e-3)
    assert weighted > 1.3 * plain


def test_service_recovery(paid: pd.DataFrame, truth: pd.DataFrame, facts: dict) -> None:
    """Parent: the true orders of each case's person, one by one."""
    members = truth.loc[truth["id_type"] == "member_id", "person"]
    times = {person: list(rows) for person, rows in paid.groupby("person")["paid_at"]}
    counts = {"solved": [0, 0], "unsolved": [0, 0]}
    for row in raw("tickets").itertuples():
        opened = pd.Timestamp(row.opened_at)
        limit = opened + pd.Timedelta(days=90)
        again = any(opened < t <= limit for t in times[members[row.member_id]])
        outcome = counts["solved" if row.resolved_at else "unsolved"]
        outcome[0] += 1
        outcome[1] += again
    told = facts["service_recovery"]["counted"]
    assert {k: {"cases": n, "again": x} for k, (n, x) in counts.items()} == told
    for outcome, share in facts["service_recovery"]["planted"].items():
        assert told[outcome]["again"] / told[outcome]["cases"] == pytest.approx(share, abs=0.005)


def test_moment_of_truth(facts: dict) -> None:
    fact = facts["moment_of_truth"]
    means = raw("responses").astype({"score": int}).groupby("stage")["score"].mean()
    for stage, planted in fact["planted"]["mean_score"].items():
        assert means[stage] == pytest.approx(fact["counted"][stage]["mean_score"], abs=1e-6)
        assert means[stage] == pytest.approx(planted, abs=fact["tolerance"]["mean_score"])
    stages = list(fact["planted"]["mean_score"])
    drops = {b: means[a] - means[b] for a, b in itertools.pairwise(stages)}
    assert max(drops, key=drops.get) == fact["planted"]["moment_of_truth"]
