"""Text messages: a broken test, a test without effect, an old campaign, a notice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_flags, stream
from . import plan
from .buying import amounts
from .picks import after, pick

_HOUR, _DAY = 3_600, 86_400


def make_vip_test(people: pd.DataFrame) -> pd.DataFrame:
    """Half got A, half B, nothing differs; B's people without a report were left out after."""
    rng = stream(plan.SEED, "vip test")
    rows = _of_group(rng, people, plan.VIP, plan.VIP_DAY, 11)
    rows["arm"] = rng.permutation(np.repeat(["A", "B"], len(rows) // 2))
    rows = rows.assign(test_id=plan.VIP, crowd="金银卡会员")
    for arm in ("A", "B"):
        rows.loc[rows["arm"].eq(arm), "came"] = quota_flags(
            rng, int(rows["arm"].eq(arm).sum()), plan.VIP_DELIVERED
        )
    counts = dict.fromkeys("AB", (plan.VIP_CLICKED, plan.VIP_ORDERED, plan.VIP_OPTED_OUT))
    rows = _answered(rng, rows, people, counts)
    rows["status"] = rows["delivered_at"].notna().map({True: "delivered", False: None})
    dropped = rows["arm"].eq("B") & rows["delivered_at"].isna()
    return rows[~dropped]


def make_null_test(people: pd.DataFrame) -> pd.DataFrame:
    """Two texts and a tenth held back, sent over ten days; orders by day of sending as planned."""
    rng = stream(plan.SEED, "null test")
    rows = _of_group(rng, people, plan.NULL, plan.NULL_FROM, 10)
    arms = list(plan.NULL_A_DAY)
    rows["day"] = np.repeat(np.arange(plan.NULL_DAYS), len(rows) // plan.NULL_DAYS)
    rows["arm"] = np.concatenate(
        [rng.permutation(np.repeat(arms, list(plan.NULL_A_DAY.values()))) for _ in range(10)]
    )
    rows["sent_at"] += pd.to_timedelta(rows["day"], unit="D")
    rows = rows.assign(test_id=plan.NULL, crowd="普通与银卡会员")
    rows["came"] = rows["arm"].ne(plan.HOLDOUT)
    for arm in ("A", "B"):
        own = rows["arm"].eq(arm)
        rows.loc[own, "came"] = quota_flags(rng, int(own.sum()), plan.NULL_DELIVERED)
    counts = dict.fromkeys("AB", (plan.NULL_CLICKED, 0, plan.NULL_OPTED_OUT))
    rows = _answered(rng, rows, people, counts | {plan.HOLDOUT: (0, 0, 0)})
    buys = np.zeros(len(rows), bool)
    for arm, by_day in plan.NULL_ORDERED.items():
        for day, number in enumerate(by_day):
            cell = rows["arm"].eq(arm) & rows["day"].eq(day) & rows["opted_out_at"].isna()
            buys[pick(rng, np.flatnonzero(cell), number)] = True
    return _with_orders(rng, rows.drop(columns="day"), people, buys)


def make_blast(people: pd.DataFrame) -> pd.DataFrame:
    """Two texts to two crowds; who ordered more before got the second."""
    rng = stream(plan.SEED, "blast")
    parts, counts = [], {}
    for text, (crowd, _, ordered, clicked, out) in plan.BLAST_TEXTS.items():
        part = _of_group(rng, people, crowd, plan.BLAST_DAY, 10)
        part["came"] = quota_flags(rng, len(part), 0.95)
        parts.append(part.assign(arm=text, crowd=crowd))
        counts[text] = (clicked, ordered, out)
    rows = pd.concat(parts, ignore_index=True).assign(test_id=plan.BLAST)
    return _answered(rng, rows, people, counts)


def make_notice(people: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """A notice about their first order to buyers of June; no test, no arm."""
    rng = stream(plan.SEED, "notice")
    last = pd.Timestamp(plan.NOTICE_DAY) - pd.Timedelta(days=1)
    bought = earlier.loc[earlier["paid_at"].lt(last) & earlier["status"].eq("paid"), "person"]
    pool = people[people["group"].eq("june") & people["person"].isin(bought)]
    chosen = pool.loc[pick(rng, pool.index.to_numpy(), plan.NOTICE_PEOPLE)]
    rows = _of_group(rng, chosen, "june", plan.NOTICE_DAY, 11)
    rows["came"] = quota_flags(rng, len(rows), 0.96)
    rows = rows.assign(arm=None, crowd=None, test_id=None)
    return _answered(rng, rows, people, {None: (0, 0, plan.NOTICE_OPTED_OUT)})


def _of_group(
    rng: np.random.Generator, people: pd.DataFrame, group: str, day: str, hour: int
) -> pd.DataFrame:
    pool = people.loc[people["group"].eq(group), "person"].to_numpy()
    seconds = rng.integers(hour * _HOUR, (hour + 1) * _HOUR, len(pool))
    at = pd.Timestamp(day) + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame({"person": rng.permutation(pool), "sent_at": at, "came": False})


def _answered(
    rng: np.random.Generator, rows: pd.DataFrame, people: pd.DataFrame, counts: dict
) -> pd.DataFrame:
    """Delivery, clicks, opt-outs and orders: so many of each arm, all among the delivered."""
    rows = rows.reset_index(drop=True)
    size, came = len(rows), rows.pop("came").to_numpy(bool)
    clicks, buys, outs = np.zeros((3, size), bool)
    held = rows["arm"].eq(plan.HOLDOUT).to_numpy()
    for arm, (clicked, ordered, opted_out) in counts.items():
        own = np.ones(size, bool) if arm is None else rows["arm"].eq(arm).to_numpy()
        place = np.flatnonzero(own & came & ~held)
        out = pick(rng, place, opted_out)
        rest = np.setdiff1d(place, out)
        outs[out] = True
        clicks[pick(rng, rest, clicked)] = True
        buys[pick(rng, rest, ordered)] = True
    rows["delivered_at"] = after(rng, rows["sent_at"], 3, 40, came & ~held)
    rows["clicked_at"] = after(rng, rows["delivered_at"], 20, 30 * _HOUR, clicks)
    rows["opted_out_at"] = after(rng, rows["delivered_at"], 60, 5 * _HOUR, outs)
    rows["status"] = np.where(held, "held_out", np.where(came, "delivered", "failed"))
    rows["segments"] = np.where(held, 0, 1)
    rows["cost"] = rows["segments"] * plan.SMS_COST
    rows["channel"] = "sms"
    return _with_orders(rng, rows, people, buys)


def _with_orders(
    rng: np.random.Generator, rows: pd.DataFrame, people: pd.DataFrame, buys: np.ndarray
) -> pd.DataFrame:
    price = pd.Series(amounts(rng, people, rows["person"].to_numpy()), rows.index)
    rows["ordered_at"] = after(rng, rows["sent_at"], 4 * _HOUR, 6.9 * _DAY, buys)
    rows["order_amount"] = price.astype(float).where(buys)
    return rows
