"""What goes on beside selling: groups, posts, daily statistics, service cases, answers, staff.

Drawn after everything else and from streams of its own: nothing that was there before changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan, wording

_STYLE = "%Y-%m-%d %H:%M:%S"
_MONTH_DAYS = 30.4375


@dataclass(frozen=True, eq=False)
class Upkeep:
    """Tables as exported, with the truth that a fact needs beside them.

    Attributes:
        groups: A group and day.
        posts: A published piece, with ``broken`` (id of the rule that its text breaks, or "").
        touchpoint_days: Chats and replies of WeCom by day.
        tickets: A service case, with ``person``.
        responses: An answer of a survey.
        staff: Staff with the day they left.
    """

    groups: pd.DataFrame
    posts: pd.DataFrame
    touchpoint_days: pd.DataFrame
    tickets: pd.DataFrame
    responses: pd.DataFrame
    staff: pd.DataFrame


def make_upkeep(orders: pd.DataFrame, ids: pd.DataFrame) -> Upkeep:
    """All of it.

    Args:
        orders: Valid orders up to as_of (person, day, nth, member_id).
        ids: One row a person with all identifiers.
    """
    return Upkeep(
        _groups(), _posts(), _touchpoint_days(), _tickets(orders), _responses(orders), _staff()
    )


def group_size(members: int | float) -> str:
    """small, middle or large."""
    if members < plan.GROUP_SMALL:
        return "small"
    return "middle" if members < plan.GROUP_LARGE else "large"


def _groups() -> pd.DataFrame:
    rng = stream(plan.SEED, "groups")
    parts = []
    for group, (opened, first, last, planned) in plan.GROUPS.items():
        dates = pd.date_range(opened, plan.AS_OF)
        grown = np.linspace(first, last, len(dates)).round().astype(int)
        age = np.arange(len(dates))
        level = plan.GROUP_ACTIVE[group_size(last)] * plan.GROUP_FADING ** (age / _MONTH_DAYS)
        active = rng.binomial(grown, level)
        parts.append(
            pd.DataFrame(
                {
                    "group_id": group,
                    "date": dates.strftime("%Y-%m-%d"),
                    "members": grown,
                    "active_members": active,
                    "messages": active + rng.poisson(active * 1.4),
                    "created_at": f"{opened} 10:00:00",
                    "planned_days": planned,
                    "theme": "喂养答疑" if planned == 365 else "活动快闪",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _posts() -> pd.DataFrame:
    """POSTS_A_WEEK pieces a week in groups and Moments; the mix changes at PUSH_FROM."""
    rng = stream(plan.SEED, "posts")
    mondays = pd.date_range(plan.WEEK_ZERO, plan.AS_OF, freq="7D")
    days = np.concatenate([[plan.day(str(m.date())) + i for i in range(7)] for m in mondays])
    days = days[(days <= plan.AS_OF_DAY) & (days >= plan.WEEK_ZERO_DAY)][:: 7 // plan.POSTS_A_WEEK]
    early = days < plan.PUSH_DAY
    purpose = np.empty(len(days), object)
    purpose[early] = quota_choice(rng, int(early.sum()), plan.POST_MIX_EARLY)
    purpose[~early] = quota_choice(rng, int((~early).sum()), plan.POST_MIX_LATE)
    place = quota_choice(rng, len(days), {"group": 0.6, "moments": 0.4})
    reads = np.where(place == "group", rng.poisson(420, len(days)), rng.poisson(900, len(days)))
    rows = pd.DataFrame(
        {
            "post_id": [f"P{number:04d}" for number in range(len(days))],
            "posted_at": moments(plan.ORIGIN, days, opening_seconds(rng, len(days), 8, 21)),
            "touchpoint": place,
            "purpose": purpose,
            "has_purchase_link": np.where(purpose == "marketing", "true", "false"),
            "group_id": np.where(place == "group", rng.choice(list(plan.GROUPS), len(days)), ""),
            "reads": reads,
            "likes": rng.binomial(reads, 0.02),
            "comments": rng.binomial(reads, 0.004),
            "shares": rng.binomial(reads, 0.003),
        }
    )
    # A group can be posted to only once it is open.
    opened = {group: pd.Timestamp(when) for group, (when, *_) in plan.GROUPS.items()}
    closed = rows["posted_at"] < rows["group_id"].map(opened)
    rows.loc[closed, ["touchpoint", "group_id"]] = ["moments", ""]
    return wording.add_texts(rows, rng)


def _touchpoint_days() -> pd.DataFrame:
    """Chats and mean first reply by day: on weekends more chats and slower replies."""
    rng = stream(plan.SEED, "touchpoint days")
    dates = pd.date_range("2025-12-03", plan.AS_OF)
    kind = np.where(dates.dayofweek >= 5, "weekend", "weekday")
    chats = rng.poisson([plan.CHATS_A_DAY[k] for k in kind])
    minutes = np.array([plan.REPLY_MINUTES[k] for k in kind]) * rng.uniform(0.8, 1.2, len(dates))
    shares = np.where(kind == "weekend", 0.71, 0.93) + rng.uniform(-0.03, 0.03, len(dates))
    metrics = {
        "chats": chats,
        "first_reply_seconds": (minutes * 60).round(),
        "reply_share": shares.round(4),
    }
    parts = [
        pd.DataFrame(
            {
                "date": dates.strftime("%Y-%m-%d"),
                "touchpoint": "wecom_chat",
                "metric": metric,
                "value": values,
            }
        )
        for metric, values in metrics.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _tickets(orders: pd.DataFrame) -> pd.DataFrame:
    """Service cases of first-time buyers, so many solved that the planted shares come back.

    A case opens one to four days after the first order; whether the buyer orders again within 90
    days of it is known, and the outcome is given out so that the planted shares hold.
    """
    rng = stream(plan.SEED, "tickets")
    firsts, again = _ninety_days(orders)
    ripe = firsts["member_id"].notna() & (firsts["day"] <= plan.AS_OF_DAY - 100)
    pool = firsts[ripe.to_numpy()]
    came = again[ripe.to_numpy()]
    solved = round(plan.TICKETS * plan.TICKET_SOLVED)
    wanted = []
    for outcome, size in (("solved", solved), ("unsolved", plan.TICKETS - solved)):
        back = round(size * plan.REPEAT_AFTER_TICKET[outcome])
        wanted += [(outcome, True, back), (outcome, False, size - back)]
    yes, no = rng.permutation(np.flatnonzero(came)), rng.permutation(np.flatnonzero(~came))
    parts = []
    for outcome, returns, size in wanted:
        source = yes if returns else no
        chosen, source = source[:size], source[size:]
        yes, no = (source, no) if returns else (yes, source)
        parts.append(pool.iloc[chosen].assign(outcome=outcome))
    rows = pd.concat(parts).sort_values(["day", "person"], ignore_index=True)
    opened = moments(plan.ORIGIN, rows["day"] + rng.integers(1, 5, len(rows)), _hours(rng, rows))
    done = rows["outcome"].eq("solved")
    hours = pd.to_timedelta((rng.lognormal(2.6, 0.8, len(rows)) * 3600).round(), unit="s")
    return pd.DataFrame(
        {
            "ticket_id": [f"T{number:05d}" for number in range(len(rows))],
            "member_id": rows["member_id"].to_numpy(),
            "opened_at": opened.dt.strftime(_STYLE),
            "theme": quota_choice(rng, len(rows), wording.THEMES),
            "severity": quota_choice(rng, len(rows), {"low": 0.5, "medium": 0.35, "high": 0.15}),
            "resolved_at": (opened + hours).where(done).dt.strftime(_STYLE),
            "satisfied": np.where(quota_flags(rng, len(rows), 0.7), "true", "false"),
            "person": rows["person"].to_numpy(),
        }
    ).assign(satisfied=lambda t: t["satisfied"].where(done, ""))


def _ninety_days(orders: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """First orders, and whether the next order lies 5 to 91 days after the first.

    Cases open at most four days after the first order, so such an order follows every case and
    lies within 90 days of it; people with an order in between are left out.
    """
    by_day = orders.drop_duplicates(["person", "day"]).sort_values(["person", "day"])
    gap = by_day.groupby("person")["day"].shift(-1) - by_day["day"]
    first = by_day[by_day["nth"].eq(1)]
    gap = gap.loc[first.index]
    clean = ~gap.between(0, 4) & ~gap.between(92, 96)
    return first[clean.to_numpy()], gap[clean.to_numpy()].between(5, 91).to_numpy()


def _hours(rng: np.random.Generator, rows: pd.DataFrame) -> np.ndarray:
    return opening_seconds(rng, len(rows), 9, 21)


def _responses(orders: pd.DataFrame) -> pd.DataFrame:
    """Answers of members in the last half year, with the planted mean at each stage."""
    rng = stream(plan.SEED, "responses")
    members = orders.dropna(subset=["member_id"])["member_id"].drop_duplicates().to_numpy()
    parts = []
    for stage, mean in plan.EMOTIONS.items():
        size = plan.RESPONSES_A_STAGE
        score = np.clip(np.round(rng.normal(mean, 0.85, size)), -2, 2).astype(int)
        pain = rng.choice(plan.PAINS[stage], size, p=_falling(len(plan.PAINS[stage])))
        days = plan.AS_OF_DAY - rng.integers(0, 170, size)
        parts.append(
            pd.DataFrame(
                {
                    "member_id": rng.choice(members, size, replace=False),
                    "answered_at": moments(plan.ORIGIN, days, opening_seconds(rng, size, 9, 22)),
                    "stage": stage,
                    "touchpoint": wording.STAGE_TOUCHPOINTS[stage],
                    "score": score,
                    "pain_point": np.where(score < 0, pain, ""),
                }
            )
        )
    rows = pd.concat(parts).sort_values(["answered_at", "member_id"], ignore_index=True)
    return rows.assign(answered_at=rows["answered_at"].dt.strftime(_STYLE))


def _falling(size: int) -> np.ndarray:
    weights = np.arange(size, 0, -1, dtype=float)
    return weights / weights.sum()


def _staff() -> pd.DataFrame:
    left = [plan.LEAVING.get(name, "") for name in plan.STAFF]
    return pd.DataFrame(
        {"staff_id": list(plan.STAFF), "left_at": [f"{d} 18:00:00" if d else "" for d in left]}
    )
