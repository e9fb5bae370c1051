"""Community groups by day, and published posts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, stream
from . import plan, wording

THEMES = ("城市骑行", "保养互助", "会员日快闪", "新车预售")


def make_groups() -> pd.DataFrame:
    """A row a group and day: activity falls with size and age; some outlive their plan."""
    rng = stream(plan.SEED, "groups")
    size = plan.GROUPS
    late = np.arange(size) < plan.GROUP_LATE
    planned = np.where(late, rng.choice([30, 45, 60], size), rng.choice([180, 240, 365], size))
    age = np.where(late, planned + rng.integers(12, 60, size), rng.integers(35, 150, size))
    silent = np.isin(
        np.arange(size), rng.choice(np.arange(10, size), plan.GROUP_SILENT, replace=False)
    )
    members = quota_choice(rng, size, {"40": 1, "85": 1, "150": 1, "260": 1, "420": 1}).astype(int)
    parts = []
    for number in rng.permutation(size):
        parts.append(_group(rng, number, int(members[number]), int(age[number]),
                            int(planned[number]), bool(silent[number])))  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["group_id", "date"], ignore_index=True)


def _group(rng, number: int, members: int, age: int, planned: int, silent: bool) -> pd.DataFrame:
    dates = pd.date_range(end=plan.AS_OF, periods=age + 1)
    days = np.arange(len(dates))
    grown = np.round(members * (0.75 + 0.25 * days / age) + rng.integers(-3, 4)).astype(int)
    share = plan.GROUP_ACTIVE * plan.PER_100_MEMBERS ** (grown / 100)
    share = share * plan.PER_30_DAYS ** (days / 30)
    active = rng.binomial(grown, share)
    active = np.where(silent & (days > age - 21), 0, active)
    return pd.DataFrame(
        {
            "group_id": f"G{number + 1:02d}",
            "date": dates.strftime("%Y-%m-%d"),
            "members": grown,
            "active_members": active,
            "messages": active * 2 + rng.poisson(active * 0.5),
            "created_at": f"{dates[0].date()} 10:00:00",
            "planned_days": planned,
            "theme": THEMES[number % len(THEMES)],
            "store_id": f"S{number % 12 + 1:02d}",
        }
    )


def make_posts(groups: pd.DataFrame) -> pd.DataFrame:
    """Posts of the last nine months, with ``broken``: rules that the text was written to break."""
    rng = stream(plan.SEED, "posts")
    texts = _texts(rng)
    size = len(texts)
    days = np.sort(rng.integers(plan.PRIVATE_DAY, plan.AS_OF_DAY, size, endpoint=True))
    rows = texts.iloc[rng.permutation(size)].reset_index(drop=True)
    rows["posted_at"] = moments(plan.ORIGIN, days, opening_seconds(rng, size, 8, 21))
    shares = {"group": 0.45, "moments": 0.25, "service_account": 0.2, "channels": 0.1}
    rows["touchpoint"] = quota_choice(rng, size, shares)
    opened = groups.groupby("group_id")["created_at"].first().astype("datetime64[s]")
    drawn = rng.choice(opened.index.to_numpy(), size)
    stands = opened.loc[drawn].to_numpy() < rows["posted_at"].to_numpy()
    in_group = rows["touchpoint"].eq("group").to_numpy()
    rows["touchpoint"] = np.where(in_group & ~stands, "moments", rows["touchpoint"])
    rows["group_id"] = np.where(in_group & stands, drawn, "")
    reads = rng.poisson(rows["touchpoint"].map({"group": 60, "moments": 240}).fillna(1_900))
    rows["post_id"] = [f"P{number:04d}" for number in range(1, size + 1)]
    return rows.assign(
        has_purchase_link=np.where(rows["purpose"].eq("marketing"), "true", "false"),
        audience=np.where(rng.random(size) < 0.3, "未购车", "车主"),
        reads=reads, likes=rng.binomial(reads, 0.03), comments=rng.binomial(reads, 0.006),
        shares=rng.binomial(reads, 0.004),
    )  # fmt: skip


def _texts(rng: np.random.Generator) -> pd.DataFrame:
    """Purposes by quota; the broken texts take their places among them."""
    counts = {name: round(share * plan.POSTS) for name, share in plan.POST_MIX.items()}
    made = []
    for text, purpose, posts, rules in wording.BROKEN:
        made += [(text, purpose, " ".join(rules))] * posts
        counts[purpose] -= posts
    for purpose, posts in counts.items():
        chosen = rng.choice(wording.CLEAN[purpose], posts)
        made += [(text, purpose, "") for text in chosen]
    models = rng.choice([name for _, name, *_ in plan.SCOOTERS], len(made))
    numbers = rng.integers(3, 90, len(made))
    filled = [
        text.replace("{m}", model).replace("{n}", str(number))
        for (text, *_), model, number in zip(made, models, numbers, strict=True)
    ]
    rows = pd.DataFrame(made, columns=["template", "purpose", "broken"])
    return rows.assign(text=filled).drop(columns="template")
