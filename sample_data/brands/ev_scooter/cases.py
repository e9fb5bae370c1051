"""Who takes part in what: the SMS reminder, service cases, and what customers answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan, wording


def make_reminders(people: pd.DataFrame) -> pd.DataFrame:
    """Owners with upkeep due, drawn into two arms: person, arm, day, orders (who does anyway).

    Owners who are contacts come first: the last touch before their order would be a chat.
    """
    rng = stream(plan.SEED, "reminders")
    old = people[
        people["owner_day"].between(0, plan.day("2026-02-01")) & people["kind"].eq("owner")
    ]
    size = plan.REMINDED + plan.NOT_REMINDED
    friend = old["added_day"].between(0, plan.day("2026-03-01"))
    chosen = old["person"].to_numpy()[np.lexsort((rng.random(len(old)), ~friend))[:size]]
    chosen = rng.permutation(chosen)
    arm = np.repeat(["sms", "control"], [plan.REMINDED, plan.NOT_REMINDED])
    days = quota_choice(rng, size, {str(plan.day(date)): 1.0 for date in plan.SMS_DAYS})
    orders = np.zeros(size, bool)
    for name in ("sms", "control"):
        orders[arm == name] = quota_flags(rng, int((arm == name).sum()), plan.UPKEEP_DUE)
    rows = {"person": chosen, "arm": arm, "day": days.astype(int), "orders": orders}
    return pd.DataFrame(rows).sort_values("person", ignore_index=True)


def make_tickets(people: pd.DataFrame, reminders: pd.DataFrame) -> pd.DataFrame:
    """One case a person: person, opened_at, theme, severity, resolved_at, satisfied, again.

    ``again``: an order follows 16 to 88 days behind the opening. Solved cases are solved within
    ten days; the others never are.
    """
    rng = stream(plan.SEED, "tickets")
    free = people[people["owner_day"].ge(0) & ~people["person"].isin(reminders["person"])]
    free = free[free["kind"].eq("owner")]
    old = free[free["owner_day"] <= plan.AS_OF_DAY - 150]
    ripe = rng.choice(old["person"].to_numpy(), plan.RIPE_TICKETS, replace=False)
    rest = free[~free["person"].isin(ripe) & (free["owner_day"] <= plan.AS_OF_DAY - 30)]
    late = rng.choice(rest["person"].to_numpy(), plan.LATE_TICKETS, replace=False)
    person = np.concatenate([ripe, late])
    is_ripe = np.arange(len(person)) < len(ripe)
    owner_day = people.set_index("person").loc[person, "owner_day"].to_numpy()
    first = np.where(is_ripe, np.maximum(owner_day + 20, 60), plan.AS_OF_DAY - 100)
    first = np.where(is_ripe, first, np.maximum(first, owner_day + 5))
    day = rng.integers(first, np.where(is_ripe, plan.AS_OF_DAY - 110, plan.AS_OF_DAY - 1))
    opened = moments(plan.ORIGIN, day, opening_seconds(rng, len(person), 9, 20))
    solved, again = _outcomes(rng, is_ripe)
    hours = np.clip(rng.lognormal(3.2, 0.8, len(person)), 1, 230)
    resolved = (opened + pd.to_timedelta((hours * 3600).round(), unit="s")).where(solved)
    resolved = resolved.where(resolved < pd.Timestamp(plan.EXPORTED))
    severity = quota_choice(rng, len(person), {"low": 0.45, "medium": 0.4, "high": 0.15})
    satisfied = np.where(quota_flags(rng, len(person), 0.74), "true", "false")
    rows = pd.DataFrame({"person": person, "day": day, "opened_at": opened, "again": again})
    rows["theme"] = quota_choice(rng, len(rows), plan.THEMES)
    rows["severity"], rows["resolved_at"] = severity, resolved
    rows["satisfied"] = np.where(resolved.notna(), satisfied, "")
    return rows.assign(ripe=is_ripe).sort_values(["opened_at", "person"], ignore_index=True)


def _outcomes(rng: np.random.Generator, ripe: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solved or not, and whether an order follows; among the ripe by quota."""
    solved, again = np.zeros(len(ripe), bool), np.zeros(len(ripe), bool)
    for part in (ripe, ~ripe):
        solved[part] = quota_flags(rng, int(part.sum()), plan.SOLVED)
    for outcome, share in ((True, plan.REPEAT_SOLVED), (False, plan.REPEAT_UNSOLVED)):
        rows = ripe & (solved == outcome)
        again[rows] = quota_flags(rng, int(rows.sum()), share)
    return solved, again


def make_responses(people: pd.DataFrame) -> pd.DataFrame:
    """Answers of a survey in the last five months: half by owners who are known, half anonymous."""
    rng = stream(plan.SEED, "responses")
    owners = people.loc[people["owner_day"].between(0, plan.AS_OF_DAY - 200), "person"].to_numpy()
    parts = []
    for stage, (size, mean) in plan.EMOTIONS.items():
        score = _scores(rng, size, mean)
        days = plan.AS_OF_DAY - rng.integers(0, 150, size)
        pains, places = wording.PAINS[stage], wording.PLACES[stage]
        parts.append(
            pd.DataFrame(
                {
                    "person": np.where(rng.random(size) < 0.5, rng.choice(owners, size), -1),
                    "answered_at": moments(plan.ORIGIN, days, opening_seconds(rng, size, 9, 22)),
                    "stage": stage,
                    "touchpoint": rng.choice(places, size),
                    "score": score,
                    "pain_point": np.where(score <= 0, rng.choice(pains, size), ""),
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["answered_at", "stage", "person"], ignore_index=True)


def _scores(rng: np.random.Generator, size: int, mean: float) -> np.ndarray:
    """Whole scores from -2 to 2 whose mean is the planted one, to within one answer."""
    score = np.clip(np.round(rng.normal(mean, 0.8, size)), -2, 2).astype(int)
    while (gap := round(mean * size) - score.sum()) != 0:
        step = int(np.sign(gap))
        open_for = np.flatnonzero(np.abs(score + step) <= 2)
        chosen = rng.choice(open_for, min(abs(gap), len(open_for)), replace=False)
        score[chosen] += step
    return score
