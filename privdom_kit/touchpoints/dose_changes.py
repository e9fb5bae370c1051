"""Better than a comparison of whoever got more: a change of pushing, and a holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.answers import add_rate, interval_figures
from privdom_kit.deliveries import control_codes
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, difference_interval, rate_model
from privdom_kit.formats import day_date, day_number
from privdom_kit.relations.dose_models import PERIOD_FACTORS, informative, marked
from privdom_kit.relations.person_weeks import DAY
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings, TouchpointsSettings
    from privdom_kit.tables import Table

_LEAST_WEEKS = 8  # on each side of a change, so that both sides have weeks to differ
_AFTER = "after"
CHANGE_FIGURES = (
    *("change_on", "change_stated", "after_ratio", "after_ratio_ci_lower", "after_ratio_ci_upper"),
    *("after_change", "after_change_ci_lower", "after_change_ci_upper"),
)
HOLDOUT_FIGURES = (
    *("holdout_difference", "holdout_difference_ci_lower", "holdout_difference_ci_upper"),
    *("holdout_treated", "holdout_held", "holdout_test"),
)


def compare_periods(
    cells: pd.DataFrame, rules: TouchpointsSettings
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Removals before and after pushing was intensified, at equal tenure, entry and weekday.

    Everything else that changed at the same time is in the difference as well.
    """
    figures: dict[str, Any] = dict.fromkeys(CHANGE_FIGURES)
    stated = rules.push_change_on
    week = (day_number(stated) + 3) // 7 if stated else _step(cells, rules.push_change_ratio)
    if week is None:
        return figures, None
    rows = cells.assign(after=(cells["week"] >= week).astype(float))
    if rows["after"].nunique() < 2:
        return figures, None
    kept = informative(rows, PERIOD_FACTORS)
    design = marked(kept, {_AFTER: kept[_AFTER]}, PERIOD_FACTORS)
    model = rate_model(kept["removed"], kept["contact_weeks"], design, kept["week"])
    if model is not None and _AFTER in model.names:
        change = model.coefficient(_AFTER, rules.confidence_level)
        ends = (change.estimate, change.lower, change.upper)
        figures |= interval_figures("after_ratio", Interval(*(float(np.exp(e)) for e in ends)))
        figures |= interval_figures("after_change", Interval(*(float(np.expm1(e)) for e in ends)))
    figures |= {
        "change_on": stated.isoformat() if stated else day_date(7 * week - 3).isoformat(),
        "change_stated": int(stated is not None),
    }
    return figures, _periods(rows, rules.confidence_level)


def _step(cells: pd.DataFrame, least: float) -> int | None:
    """The week from which on contacts got more links for good: the best single step."""
    weeks = cells.groupby("week")[["links_sent", "contact_weeks"]].sum()
    if len(weeks) < 2 * _LEAST_WEEKS:
        return None
    links = (weeks["links_sent"] / weeks["contact_weeks"]).to_numpy()
    places = range(_LEAST_WEEKS, len(links) - _LEAST_WEEKS + 1)
    spread = [links[:n].var() * n + links[n:].var() * (len(links) - n) for n in places]
    best = places[int(np.argmin(spread))]
    before, after = links[:best].mean(), links[best:].mean()
    return int(weeks.index[best]) if after > 0 and after >= least * before else None


def _periods(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    sums = ["contact_weeks", "links_sent", "removed"]
    table = rows.groupby("after")[sums].sum().reset_index()
    table.insert(0, "period", ["before", "after"])
    table["links_per_contact_week"] = table["links_sent"] / table["contact_weeks"]
    table = table.drop(columns="after").rename(columns={"removed": "removals"})
    return add_weekly_rate(table, level)


def add_weekly_rate(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """The table with removals per contact-week and Wilson bounds."""
    whole = table.assign(
        removals=table["removals"].round().astype("int64"), _n=table["contact_weeks"].round()
    )
    whole["_n"] = whole[["_n", "removals"]].max(axis=1)
    return add_rate(whole, "removals", "_n", "removal_rate", level).drop(columns="_n")


def read_holdout(base: Base, settings: Settings) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Removals within days of a send among those who got it and those held out, by test.

    People who stood as contacts at the send and whose days had passed by ``as_of``; the figures
    are those of the test with the most people held out.
    """
    figures: dict[str, Any] = dict.fromkeys(HOLDOUT_FIGURES)
    rules = settings.touchpoints
    if not (base.has("deliveries", "arm") and base.has("contacts", "removed_at")):
        return figures, None
    counts = _arms(base, base.tables["deliveries"], rules)
    if counts is None:
        return figures, None
    tests = counts.pivot_table(index="test", columns="held", values=["people", "removals"])
    both = tests.dropna()
    both = both[(both["people"] >= settings.privacy.min_cell).all(axis=1)]
    if both.empty:
        return figures, None
    largest = both.index[both["people"][1].argmax()]
    row = {key: int(both.loc[largest, key]) for key in both.columns}
    figures |= {"holdout_treated": row["people", 0], "holdout_held": row["people", 1]}
    figures["holdout_test"] = largest
    least, level = settings.privacy.min_cell, rules.confidence_level
    treated, held = ((row["removals", arm], row["people", arm]) for arm in (0, 1))
    if not any(0 < removed < least for removed, _ in (treated, held)):
        gap = difference_interval(*treated, *held, level=level)
        figures |= interval_figures("holdout_difference", gap)
    kept = counts[counts["test"].isin(both.index)].copy()
    kept["arm"] = kept.pop("held").map({0: "sent_to", 1: "held_out"})
    table = add_rate(kept, "removals", "people", "removed_share", level)
    rates = ["removed_share", "removed_share_ci_lower", "removed_share_ci_upper"]
    return figures, suppress(table, "removals", rates, least, groups=())[0]


def _arms(base: Base, deliveries: Table, rules: TouchpointsSettings) -> pd.DataFrame | None:
    """``test, held`` (0, 1)``, people, removals`` of each test on WeCom with a held-out arm."""
    import narwhals as nw

    held = control_codes(deliveries, base.control_arms)
    channel = deliveries.code("channel", "wecom")
    if not held or channel < 0:
        return None
    test = nw.col("test_id") if deliveries.has("test_id") else nw.lit(0)
    people = (
        deliveries.frame.filter(
            (nw.col("channel") == channel)
            & ~nw.col("customer").is_null()
            & ~nw.col("arm").is_null()
        )
        .with_columns(
            test=test,
            held=nw.when(nw.col("arm").is_in(held)).then(nw.lit(1)).otherwise(nw.lit(0)),
        )
        .group_by("test", "customer")
        # Whoever was in both arms was sent something.
        .agg(nw.col("held").min(), nw.col("sent_at").min(), nw.col("sent_on").min())
        .filter(nw.col("sent_on") + rules.push_holdout_days <= base.as_of_day)
    )
    table = collect(
        _removed(base, people, rules.push_holdout_days)
        .group_by("test", "held")
        .agg(nw.len().alias("people"), nw.col("removed").sum().alias("removals")),
        limit=10_000,
    )
    labels = deliveries.dictionaries.get("test_id")
    table["test"] = [labels[int(c)] if labels and c == c else "–" for c in table["test"]]
    return table.sort_values(["test", "held"], ignore_index=True)


def _removed(base: Base, people: nw.LazyFrame, days: int) -> nw.LazyFrame:
    """The people who stood at the send, with whether they removed the staff in the days after."""
    import narwhals as nw

    contacts = base.tables["contacts"]
    by_customer = nw.lit(1) == 1
    for name in ("staff", "transfer") if contacts.has("removed_by") else ():
        code = contacts.code("removed_by", name)
        by_customer = by_customer & (nw.col("removed_by").fill_null(-1) != code)
    spans = contacts.frame.select(
        "customer",
        "added_at",
        "removed_at",
        own=nw.when(by_customer).then(nw.lit(1)).otherwise(nw.lit(0))
        if contacts.has("removed_by")
        else nw.lit(1),
    )
    standing = people.join(spans, on="customer", how="inner").filter(
        (nw.col("added_at") <= nw.col("sent_at"))
        & (nw.col("removed_at").is_null() | (nw.col("removed_at") > nw.col("sent_at")))
    )
    soon = (nw.col("own") == 1) & (nw.col("removed_at") <= nw.col("sent_at") + days * DAY)
    gone = nw.when(soon.fill_null(False)).then(nw.lit(1)).otherwise(nw.lit(0))
    return (
        standing.with_columns(removed=gone)
        .group_by("test", "customer", "held")
        .agg(nw.col("removed").min())
    )
