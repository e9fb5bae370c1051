"""Time until something happens, while some are still being watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import Interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """A product-limit curve.

    Attributes:
        table: One row a distinct time: ``time, at_risk, events, survival,
            survival_ci_lower, survival_ci_upper``.
        median: First time at which survival is 0.5 or less; None where it stays above.
    """

    table: pd.DataFrame
    median: float | None

    def incidence(self, time: float) -> Interval:
        """Share with the event by ``time`` (1 - survival), with its interval."""
        reached = self.table[self.table["time"] <= time]
        if reached.empty:
            return Interval(0.0, 0.0, 0.0)
        row = reached.iloc[-1]
        return Interval(
            1 - row["survival"], 1 - row["survival_ci_upper"], 1 - row["survival_ci_lower"]
        )

    def at_risk(self, time: float) -> int:
        """People still watched just before ``time``."""
        later = self.table[self.table["time"] >= time]
        return 0 if later.empty else int(later.iloc[0]["at_risk"])


def survival_curve(
    durations: ArrayLike,
    observed: ArrayLike,
    counts: ArrayLike | None = None,
    level: float = 0.95,
    entries: tuple[ArrayLike, ArrayLike] | None = None,
) -> SurvivalCurve:
    """Product-limit survival with right censoring (Kaplan and Meier 1958) and late entry.

    Intervals: Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice 1980), which
    stays within 0 and 1 and holds its level at small numbers where the plain one does not.

    Args:
        durations: Time until the event or until watching ended.
        observed: 1 where the event happened, 0 where it had not by then.
        counts: People that each row stands for; one each where not given.
        level: Confidence level.
        entries: Times from which on people are watched, and how many from each; everybody from
            the start where not given. Who enters at a time is at risk at that time.

    Raises:
        DataError: Lengths differ, a duration is negative or missing, or nobody is left.
    """
    time, events, leaving = _exits(durations, observed, counts)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if entries is not None:
        start, people = (np.asarray(part, dtype=float) for part in entries)
        late = np.array([people[start > moment].sum() for moment in time])
        at_risk = at_risk - late
    hazard = np.divide(events, at_risk, out=np.zeros(len(time)), where=at_risk > 0)
    survival = np.cumprod(1 - hazard)
    lower, upper = _log_log_limits(survival, events, at_risk, level)
    half = time[survival <= 0.5 + 1e-12]
    table = _frame(
        time=time,
        at_risk=at_risk,
        events=events,
        survival=survival,
        survival_ci_lower=lower,
        survival_ci_upper=upper,
    )
    return SurvivalCurve(table, float(half[0]) if len(half) else None)


def effective_counts(curve: SurvivalCurve, time: float) -> tuple[float, float] | None:
    """How many of how many binomial trials carry as much as the curve does at ``time``.

    The effective number of Rothman (J. Chronic Dis. 31, 1978): n = S (1 - S) / Greenwood's
    variance; those at risk where nothing (or everything) has happened, as Dorey and Korn (Stat.
    Med. 6, 1987) take it. Without censoring they are the plain counts. With them the intervals
    and tests of shares hold for product-limit shares, also where no event was seen.

    Returns:
        ``(events, people)``; None where nobody is watched at ``time``.
    """
    reached = curve.table[curve.table["time"] <= time]
    watched = curve.at_risk(time)
    if not watched:
        return None
    if reached.empty:
        return 0.0, float(watched)
    events, at_risk = (reached[c].to_numpy(float) for c in ("events", "at_risk"))
    gone = 1 - float(reached["survival"].iloc[-1])
    left = at_risk - events
    steps = np.divide(events, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    # S (1 - S) / (S^2 x sum of steps); without censoring exactly the number of people.
    people = gone / ((1 - gone) * steps.sum()) if 0 < gone < 1 else float(watched)
    return gone * people, people


def incidence_matrix(events: NDArray, leaving: NDArray) -> NDArray:
    """Product-limit incidence, a row each, from counts on a common grid of times.

    Args:
        events: Events by row and time.
        leaving: All who leave, events and censored, by row and time.

    Returns:
        Share with the event by each time; constant where nobody is left to watch.
    """
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(events, at_risk, out=np.zeros(events.shape), where=at_risk > 0)
    return 1 - np.cumprod(1 - hazard, axis=1)


def _exits(
    durations: ArrayLike, observed: ArrayLike, counts: ArrayLike | None
) -> tuple[NDArray, NDArray, NDArray]:
    """Distinct times with events and people leaving at each."""
    values = np.asarray(durations, dtype=float)
    happened = np.asarray(observed, dtype=float)
    weights = np.ones(len(values)) if counts is None else np.asarray(counts, dtype=float)
    if not len(values) == len(happened) == len(weights):
        raise DataError(
            f"{len(values)} durations, {len(happened)} outcomes, {len(weights)} counts",
            "expected one of each for every row",
        )
    if not (np.isfinite(values).all() and (values >= 0).all() and np.isin(happened, (0, 1)).all()):
        raise DataError(
            "a duration is missing or negative, or an outcome is neither 0 nor 1",
            "expected times from 0 on, and 1 where the event happened, else 0",
        )
    if not weights.sum() > 0 or (weights < 0).any():
        raise DataError("nobody to watch", "expected at least one person, and no negative count")
    keep = weights > 0
    time, place = np.unique(values[keep], return_inverse=True)
    leaving = np.bincount(place, weights[keep])
    return time, np.bincount(place, (weights * happened)[keep]), leaving


def _log_log_limits(
    survival: NDArray, events: NDArray, at_risk: NDArray, level: float
) -> tuple[NDArray, NDArray]:
    from scipy.stats import norm

    left = at_risk - events
    steps = np.divide(events, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    inside = (survival > 0) & (survival < 1)
    log_survival = np.log(np.where(inside, survival, 0.5))
    spread = norm.ppf((1 + level) / 2) * np.sqrt(np.cumsum(steps)) / np.abs(log_survival)
    # At 1 nothing has happened and at 0 nobody is left: there the formula has no width.
    lower = np.where(inside, survival ** np.exp(np.where(inside, spread, 0)), survival)
    upper = np.where(inside, survival ** np.exp(-np.where(inside, spread, 0)), survival)
    return lower, upper


def _frame(**columns: NDArray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns).astype({"at_risk": "int64", "events": "int64"})
