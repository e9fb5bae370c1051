"""Service recovery: who buys again after a case was solved, was not, or never arose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import (
    Question,
    add_rate,
    bounded,
    interval_figures,
    judge_change,
    used_settings,
)
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import (
    Interval,
    SurvivalCurve,
    difference_interval,
    survival_curve,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

SOLVED, UNSOLVED, NONE = "solved", "unsolved", "no_case"
GROUPS = (SOLVED, UNSOLVED, NONE)
_UNITS = {
    "group": "text: how the first case stood at the landmark",
    "people": "count: buyers watched for the whole window",
    "repeat_people": "count: of those, who bought again within it",
    "repeat_rate": "percent: share of the buyers watched",
    "difference": "points: solved less unsolved",
    "cases": "count: cases opened",
    "solved_cases": "count: of those, solved by the last day",
    "solved_share": "percent: share solved by then, open cases censored",
    "within_hours": "number: hours since the case was opened",
    "median_hours": "number: hours until half of the cases are solved, open ones censored",
    "recent_people": "count: buyers with a case too recent to be watched for the whole window",
    "lag_days": "days: median time from the first order to the first case",
}
_RECOVERY = Question("service_recovery", ("S206",), _UNITS)
_USED = (
    *("journeys.recovery_solve_days", "journeys.recovery_window_days"),
    *("journeys.recovery_min_people", "journeys.recovery_tolerance"),
    *("journeys.confidence_level", "privacy.min_cell"),
)
_MOST_TIMES = 200_000
_HOURS = (24, 72, 168)  # a day, three days, a week: rows of a table, no verdict rests on them


def measure_service_recovery(base: Base, settings: Settings) -> Result:
    """Repeat rate after a solved case against an unsolved one, and how long cases take (S206).

    People who bought and then opened a case are classed once, ``recovery_solve_days`` after they
    opened their first one (the landmark): solved by then, or not. Whether they buy again counts
    only from the day after the landmark, for ``recovery_window_days``; who has not been watched
    that long is left out. So nobody has to stay a customer in order to become "solved" (no
    immortal time), and both groups are watched for the same time. ``no_case`` are buyers without
    a case by a landmark at the median distance from their first order; they stand there for
    orientation and are not compared.

    Hours to resolve are a product-limit curve: cases still open count for as long as they were
    seen open.

    Returns:
        ``table``: group, people, repeat_people, repeat_rate and interval. ``tables["hours"]``:
        within_hours, cases, solved_share and interval. ``figures``: difference and interval,
        median_hours and interval, cases, solved_cases, recent_people, lag_days.
    """
    used = used_settings(settings, *_USED)
    reason = _missing(base)
    if reason is not None:
        return _RECOVERY.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    cases = _first_cases(base)
    figures = _times(base, settings)
    lag = _median_lag(cases)
    if figures["cases"] == 0 or lag is None:
        reason = msg("No case was opened by somebody who had bought before.")
        return _RECOVERY.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=base.coverage("tickets")
        )
    people = _classed(cases, lag, base, settings)
    table, recent = _counts(people, base, settings)
    change = _difference(table, settings)
    shown, cells, hidden = _suppressed(table, settings.privacy.min_cell)
    figures |= interval_figures("difference", None if hidden else change)
    figures |= {"recent_people": _safe(recent, settings), "lag_days": lag}
    hours = figures.pop("hours")
    return _RECOVERY.answer(
        base.as_of,
        judge_change(change, settings.journeys.recovery_tolerance, "up"),
        shown,
        used,
        coverage=base.coverage("tickets"),
        figures=figures,
        tables={"hours": hours},
        notes=(*_notes(settings, lag), *suppression_note(cells, settings.privacy.min_cell)),
    )


def _missing(base: Base) -> Message | None:
    if "tickets" not in base.tables:
        return msg("No service cases were given.")
    if not base.has("tickets", "resolved_at"):
        return msg("The service cases do not say when they were solved (resolved_at).")
    if base.purchases is None:
        return msg("No orders were given, so nobody can be seen to buy again.")
    return None


def _purchase_days(base: Base) -> nw.LazyFrame:
    import narwhals as nw

    assert base.purchases is not None
    return base.purchases.days.filter(nw.col("is_purchase") == 1).select("customer", "day")


def _first_cases(base: Base) -> nw.LazyFrame:
    """Buyers with the day of their first order and, where they had one, of their first case."""
    import narwhals as nw

    firsts = _purchase_days(base).group_by("customer").agg(nw.col("day").min().alias("first_day"))
    cases = base.tables["tickets"].frame.filter(~nw.col("customer").is_null())
    # Tables are sorted by person and time: the least key is a person's first case.
    keys = cases.group_by("customer").agg(nw.col("order_key").min())
    first = cases.select("customer", "order_key", "opened_on", "resolved_on")
    first = first.join(keys, on=["customer", "order_key"]).drop("order_key")
    return checkpoint(firsts.join(first, on="customer", how="left"))


def _median_lag(cases: nw.LazyFrame) -> int | None:
    """Median days from the first order to the first case after it; None without any."""
    import narwhals as nw

    after = cases.filter(nw.col("opened_on") >= nw.col("first_day"))
    lags = after.with_columns(lag=nw.col("opened_on") - nw.col("first_day"))
    found = collect(lags.group_by("lag").agg(nw.len().alias("n")), limit=_MOST_TIMES)
    if not len(found):
        return None
    counts = found.astype("int64").sort_values("lag")
    reached = counts["n"].cumsum() >= counts["n"].sum() / 2
    return int(counts.loc[reached.idxmax(), "lag"])


def _classed(cases: nw.LazyFrame, lag: int, base: Base, settings: Settings) -> nw.LazyFrame:
    """``customer, group, landmark``: everybody who can be classed, ``no_case`` in rows apart."""
    import narwhals as nw

    wait = settings.journeys.recovery_solve_days
    opened = cases.filter(nw.col("opened_on") >= nw.col("first_day"))
    landmark = nw.col("opened_on") + wait
    in_time = ~nw.col("resolved_on").is_null() & (nw.col("resolved_on") <= landmark)
    with_case = opened.select(
        "customer",
        nw.when(in_time).then(nw.lit(0)).otherwise(nw.lit(1)).alias("group"),
        landmark.alias("landmark"),
    )
    free = nw.col("first_day") + lag + wait
    quiet = cases.filter(nw.col("opened_on").is_null() | (nw.col("opened_on") > free))
    without = quiet.select("customer", nw.lit(2).alias("group"), free.alias("landmark"))
    types = {"group": nw.Int64, "landmark": nw.Int64}
    parts = [
        part.with_columns(*[nw.col(name).cast(kind) for name, kind in types.items()])
        for part in (with_case, without)
    ]
    return checkpoint(nw.concat(parts))


def _counts(people: nw.LazyFrame, base: Base, settings: Settings) -> tuple[pd.DataFrame, int]:
    """People and repeat buyers by group; and how many with a case are too recent to tell."""
    import narwhals as nw
    import pandas as pd

    rules = settings.journeys
    ripe = nw.col("landmark") <= base.as_of_day - rules.recovery_window_days
    recent = people.filter(~ripe, nw.col("group") < 2).select(nw.len().alias("n"))
    watched = people.filter(ripe)
    after = watched.join(_purchase_days(base), on="customer")
    inside = (nw.col("day") > nw.col("landmark")) & (
        nw.col("day") <= nw.col("landmark") + rules.recovery_window_days
    )
    again = after.filter(inside).select("customer", "group").unique()
    sums = [
        frame.group_by("group").agg(nw.len().alias(name))
        for name, frame in (("people", watched), ("repeat_people", again))
    ]
    found = [collect(frame, limit=len(GROUPS)).astype("int64").set_index("group") for frame in sums]
    table = pd.concat(found, axis=1).reindex(range(len(GROUPS))).fillna(0).astype("int64")
    table.insert(0, "group", list(GROUPS))
    table = add_rate(table, "repeat_people", "people", "repeat_rate", rules.confidence_level)
    return table.reset_index(drop=True), int(collect(recent, limit=1)["n"].iloc[0])


def _difference(table: pd.DataFrame, settings: Settings) -> Interval | None:
    solved, unsolved = (
        (int(x), int(n))
        for x, n in zip(table["repeat_people"].iloc[:2], table["people"].iloc[:2], strict=True)
    )
    if min(solved[1], unsolved[1]) < settings.journeys.recovery_min_people:
        return None
    return difference_interval(*solved, *unsolved, level=settings.journeys.confidence_level)


def _times(base: Base, settings: Settings) -> dict[str, Any]:
    """How long cases take: figures, and the table ``hours`` among them."""
    import narwhals as nw

    rows = base.tables["tickets"].frame
    solved = ~nw.col("resolved_at").is_null()
    rows = rows.filter(~solved | (nw.col("resolved_at") >= nw.col("opened_at")))
    # Begun hours until solved; an open case was seen open for whole days at least.
    taken = (nw.col("resolved_at") - nw.col("opened_at") + 3_599) // 3_600
    seen = (base.as_of_day - nw.col("opened_on").cast(nw.Int64)) * 24
    rows = rows.with_columns(
        hours=nw.when(solved).then(taken).otherwise(seen).cast(nw.Int64),
        solved=nw.when(solved).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    grouped = rows.group_by("hours", "solved").agg(nw.len().alias("cases"))
    found = collect(grouped, limit=_MOST_TIMES).astype("int64")
    total = int(found["cases"].sum())
    figures: dict[str, Any] = {
        "cases": total,
        "solved_cases": int(found.loc[found["solved"] == 1, "cases"].sum()),
    }
    if not total:
        return figures
    level = settings.journeys.confidence_level
    curve = survival_curve(found["hours"], found["solved"], found["cases"], level)
    return figures | _median(curve) | {"hours": _hours(curve, total)}


def _median(curve: SurvivalCurve) -> dict[str, float | None]:
    """Median with the interval of Brookmeyer and Crowley (1982); an end never reached is null."""
    ends = []
    for name in ("survival_ci_lower", "survival_ci_upper"):
        reached = curve.table.loc[curve.table[name] <= 0.5, "time"]
        ends.append(float(reached.iloc[0]) if len(reached) else None)
    return dict(zip(bounded("median_hours"), (curve.median, *ends), strict=True))


def _hours(curve: SurvivalCurve, total: int) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for hours in _HOURS:
        known = curve.at_risk(hours) or curve.table["survival"].iloc[-1] == 0
        share = curve.incidence(hours) if known else Interval(math.nan, math.nan, math.nan)
        rows.append(
            {"within_hours": hours, "cases": total} | interval_figures("solved_share", share)
        )
    return pd.DataFrame(rows)


def _suppressed(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int, bool]:
    rates = list(bounded("repeat_rate"))
    shown, cells = suppress(table, "people", ["repeat_people", *rates], least, groups=())
    shown, more = suppress(shown, "repeat_people", rates, least, groups=())
    return shown, cells + more, bool(shown["repeat_rate"].iloc[:2].isna().any())


def _safe(count: int, settings: Settings) -> int | None:
    return None if 0 < count < settings.privacy.min_cell else count


def _notes(settings: Settings, lag: int) -> tuple[Message, ...]:
    rules = settings.journeys
    return (
        msg(
            "Who gets a solution is not left to chance: cases that are easy to solve and customers "
            "who press for it differ from the rest, so the difference is no proof of what solving "
            "more cases would bring."
        ),
        msg(
            "Classed {wait:days} after the first case was opened; orders count for {window:days} "
            "from the day after, for everybody alike.",
            wait=rules.recovery_solve_days,
            window=rules.recovery_window_days,
        ),
        msg(
            "Buyers without a case are watched from {lag:days} after their first order plus the "
            "same wait: the median distance of the others' first case. They are not compared.",
            lag=lag,
        ),
    )
