"""What a touchpoint does for its role, counted in people, for two periods at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.events import BRAND
from privdom_kit.touchpoints.traces import ALIASES

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.base import Base

NOW, BEFORE = 1, 0
READING = ("read", "click", "clicked", "visit", "watch", "connected")
INTERACTING = ("like", "comment", "share", "message", "reply")
JOINING = ("added", "subscribed", "registered", "join", "created", "invited")
ENDING = ("removed", "removed_by_staff", "transferred", "unsubscribed", "opted_out", "complained")
_MOST = 20_000  # touchpoints times two periods
# kpi: who counts, and of whom (a flag of the person at the touchpoint; None: a plain count).
KPIS: Mapping[str, tuple[str, str | None]] = {
    "people_reached": ("reached", None),
    "people_active": ("active", None),
    "people_added": ("joined", None),
    "read_rate": ("reached_read", "reached"),
    "reply_rate": ("reached_active", "reached"),
    "interaction_rate": ("interacted", "active"),
    "buyer_share": ("bought", "buyers"),
    "resolved_rate": ("opened_resolved", "opened"),
}


@dataclass(frozen=True, slots=True)
class Duty:
    """A kpi in one period.

    Attributes:
        people: Who counts.
        base: Of how many; None for a plain count.
    """

    people: int
    base: int | None


def count_people(base: Base, days: int) -> dict[tuple[str, int], dict[str, int]]:
    """People by touchpoint and period (``NOW`` the last ``days``, ``BEFORE`` the same before).

    Counts a person once: reached (anything of the brand), active (anything of their own but the
    beginning and the end of the relation), reached_active and reached_read (of those reached),
    interacted, joined, bought, opened, opened_resolved; ``buyers`` are those of all touchpoints
    together.
    """
    import narwhals as nw

    events = base.events
    window = _window(base, days)
    flags = {name: nw.col(name).max().alias(name) for name in _FLAGS}
    people = (
        window.with_columns(**_marks(events.actions))
        .group_by("touchpoint", "period", "customer")
        .agg(*flags.values())
        .with_columns(
            reached_active=nw.col("reached") * nw.col("active"),
            reached_read=nw.col("reached") * nw.col("was_read"),
            interacted=nw.col("active") * nw.col("interacted"),
            opened_resolved=nw.col("opened") * nw.col("resolved"),
        )
    )
    sums = [nw.col(name).sum() for name in _SUMS]
    found = collect(people.group_by("touchpoint", "period").agg(*sums), limit=_MOST)
    buyers = _buyers(window, events.action("order"))
    counted: dict[tuple[str, int], dict[str, int]] = {}
    for row in found.to_dict("records"):
        place = events.touchpoints[int(row["touchpoint"])]
        key = (ALIASES.get(place, place), int(row["period"]))
        counted[key] = {name: int(row[name]) for name in _SUMS}
        counted[key]["buyers"] = buyers.get(key[1], 0)
    return counted


_FLAGS = (
    *("reached", "active", "was_read", "interacted", "joined", "bought", "opened", "resolved"),
)
_SUMS = (
    *("reached", "active", "reached_active", "reached_read", "interacted", "joined", "bought"),
    *("opened", "opened_resolved"),
)


def _window(base: Base, days: int) -> nw.LazyFrame:
    """Events of the two periods, with the period."""
    import narwhals as nw

    start = base.as_of_day - days
    rows = base.events.frame.filter(nw.col("day") > start - days)
    period = nw.when(nw.col("day") > start).then(nw.lit(NOW)).otherwise(nw.lit(BEFORE))
    return rows.with_columns(period=period)


def _marks(actions: tuple[str, ...]) -> dict[str, nw.Expr]:
    """0 or 1 for each event, by what it shows of the person."""
    import narwhals as nw

    def one_of(*names: str) -> nw.Expr:
        codes = [actions.index(name) for name in names if name in actions]
        return nw.col("action").is_in(codes) if codes else nw.lit(False)

    def flag(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))

    brand = nw.col("direction") == BRAND
    return {
        "reached": flag(brand),
        "active": flag(~brand & ~one_of(*JOINING, *ENDING)),
        "was_read": flag(~brand & one_of(*READING)),
        "interacted": flag(~brand & one_of(*INTERACTING)),
        "joined": flag(one_of(*JOINING)),
        "bought": flag(one_of("order")),
        "opened": flag(one_of("opened")),
        "resolved": flag(one_of("resolved")),
    }


def _buyers(window: nw.LazyFrame, order: int) -> dict[int, int]:
    import narwhals as nw

    rows = window.filter(nw.col("action") == order)
    table = collect(rows.group_by("period").agg(nw.col("customer").n_unique()), limit=2)
    return {int(row.period): int(row.customer) for row in table.itertuples(index=False)}


def duty_of(counts: Mapping[str, int] | None, kpi: str) -> Duty | None:
    """A kpi out of the counts of a touchpoint and period; None where there is nobody to count."""
    if counts is None or kpi not in KPIS:
        return None
    top, bottom = KPIS[kpi]
    if bottom is None:
        return Duty(counts[top], None) if counts[top] else None
    return Duty(counts[top], counts[bottom]) if counts[bottom] else None


# Metrics that are no daily flow: of these the last value counts, or the mean of the days.
_STOCKS = ("followers", "_total", "_to_date")
_MEANS = ("_share", "_rate", "seconds_per_", "pages_per_")


def read_metrics(base: Base, days: int) -> dict[tuple[str, str, int], float]:
    """Statistics by touchpoint, metric and period: of touchpoint_days, posts and groups.

    Posts give ``interactions_per_post`` (likes, comments and shares / posts that report any),
    groups ``active_members`` (of all groups together, mean over the days). Of touchpoint_days,
    flows are added up; of stocks (``followers, *_total, *_to_date``) the last value of the period
    counts, of shares and means (``*_share, *_rate, seconds_per_*, pages_per_*``) the plain mean
    over the days that have one.
    """
    return {**_post_metrics(base, days), **_group_metrics(base, days), **_day_metrics(base, days)}


def _in_periods(frame: nw.LazyFrame, day: str, base: Base, days: int) -> nw.LazyFrame:
    """Rows of the two periods, with the period."""
    import narwhals as nw

    start = base.as_of_day - days
    period = nw.when(nw.col(day) > start).then(nw.lit(NOW)).otherwise(nw.lit(BEFORE))
    return frame.filter(nw.col(day) > start - days).with_columns(period=period)


def _post_metrics(base: Base, days: int) -> dict[tuple[str, str, int], float]:
    import narwhals as nw

    given = [name for name in ("likes", "comments", "shares") if base.has("posts", name)]
    if not given:
        return {}
    posts = base.tables["posts"]
    known = _in_periods(posts.frame, "posted_on", base, days).filter(
        ~nw.all_horizontal(*[nw.col(name).is_null() for name in given], ignore_nulls=True)
    )
    total = nw.sum_horizontal(*[nw.col(name).fill_null(0) for name in given])
    means = (
        known.with_columns(total=total)
        .group_by("touchpoint", "period")
        .agg(nw.col("total").mean().alias("mean"))
    )
    found = posts.decode(collect(means, limit=_MOST), "touchpoint")
    return {
        (ALIASES.get(row.touchpoint, row.touchpoint), "interactions_per_post", int(row.period)): (
            float(row.mean)
        )
        for row in found.itertuples(index=False)
    }


def _group_metrics(base: Base, days: int) -> dict[tuple[str, str, int], float]:
    import narwhals as nw

    if not base.has("groups", "active_members"):
        return {}
    daily = (
        _in_periods(base.tables["groups"].frame, "date", base, days)
        .filter(~nw.col("active_members").is_null())
        .group_by("period", "date")
        .agg(nw.col("active_members").sum())
    )
    means = daily.group_by("period").agg(nw.col("active_members").mean())
    return {
        ("group", "active_members", int(row.period)): float(row.active_members)
        for row in collect(means, limit=2).itertuples(index=False)
    }


def _day_metrics(base: Base, days: int) -> dict[tuple[str, str, int], float]:
    import narwhals as nw

    if "touchpoint_days" not in base.tables:
        return {}
    table = base.tables["touchpoint_days"]
    rows = _in_periods(table.frame, "date", base, days)
    keys = ("touchpoint", "metric", "period")
    sums = rows.group_by(*keys).agg(
        nw.col("value").sum().alias("total"),
        nw.col("value").mean().alias("mean"),
        nw.col("date").max().alias("last"),
    )
    last = rows.join(sums.select(*keys, nw.col("last")), on=list(keys))
    ends = (
        last.filter(nw.col("date") == nw.col("last"))
        .group_by(*keys)
        .agg(nw.col("value").sum().alias("end"))
    )
    found = collect(sums.join(ends, on=list(keys)), limit=_MOST)
    found = table.decode(table.decode(found, "touchpoint"), "metric")
    return {
        (ALIASES.get(row.touchpoint, row.touchpoint), row.metric, int(row.period)): float(
            getattr(row, _figure(row.metric))
        )
        for row in found.itertuples(index=False)
    }


def _figure(metric: str) -> str:
    if any(part in metric for part in _MEANS):
        return "mean"
    return "end" if metric == "followers" or metric.endswith(_STOCKS[1:]) else "total"
