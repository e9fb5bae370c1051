"""Contacts handed over to other staff: how many were taken, and how many removed them after.

People who were handed over had not left before, so the weeks before a handover hold no removals
by construction. What would have been is therefore taken from all other relations, over the same
calendar days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.answers import interval_figures, rate
from privdom_kit.engine import collect
from privdom_kit.estimates import survival_curve
from privdom_kit.relations.spells import CUSTOMER, STAFF, STANDING, TRANSFER
from privdom_kit.relations.tenure import daily_counts, removed_by_day

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.base import Base
    from privdom_kit.relations.spells import Relations
    from privdom_kit.settings import TouchpointsSettings

FIGURES = (
    *("handover_assigned", "handover_taken"),
    *("handover_taken_share", "handover_taken_share_ci_lower", "handover_taken_share_ci_upper"),
    "handover_watched",
    *("after_handover_share", "after_handover_share_ci_lower", "after_handover_share_ci_upper"),
    "others_share",
)
_DAY = 86_400
_MOST_DAYS = 1_000_000


def handover_figures(
    base: Base, relations: Relations, rules: TouchpointsSettings
) -> dict[str, Any]:
    """What became of the relations of staff who left or passed their contacts on (S182).

    To be handed over: relations that a transfer ended, and those that still stood when their
    staff left (``staff.left_at``). Taken: the same person has a relation with another staff that
    began within ``handover_days``. Removals after: product-limit over ``handover_days`` of the
    relations that took over, those begun early enough to be watched for all of them.

    Returns:
        :data:`FIGURES`; None where nothing was handed over or too few to say.
    """
    figures: dict[str, Any] = dict.fromkeys(FIGURES)
    assigned = _assigned(base, relations)
    took = _took_over(assigned, relations, rules.handover_days)
    numbers = (
        collect(assigned.select(n=_count()), limit=1),
        collect(took.select("relation").unique().select(n=_count()), limit=1),
    )
    due, taken = (int(number["n"].iloc[0]) for number in numbers)
    if not due:
        return figures
    figures |= {"handover_assigned": due, "handover_taken": taken}
    figures |= rate(taken, due, "handover_taken_share", rules.confidence_level)
    return figures | _after(base, relations, took, rules)


def _count() -> nw.Expr:
    import narwhals as nw

    return nw.len()


def _assigned(base: Base, relations: Relations) -> nw.LazyFrame:
    """``relation, customer, staff_id, passed`` (epoch seconds of the handover or the leaving)."""
    import narwhals as nw

    rows = relations.frame
    transferred = rows.filter(nw.col("ended") == TRANSFER).with_columns(passed=nw.col("end"))
    columns = ["relation", "customer", "staff_id", "passed"]
    if not base.has("staff", "left_at"):
        return transferred.select(columns)
    left = base.tables["staff"].frame.select(
        nw.col("staff_id"), nw.col("left_on"), nw.col("left_at").cast(nw.Int64).alias("passed")
    )
    left = left.filter(nw.col("left_on") <= base.as_of_day).drop("left_on")
    own = rows.filter(nw.col("ended").is_in([STANDING, CUSTOMER, STAFF]))
    stood = own.join(left, on="staff_id", how="inner").filter(
        (nw.col("start") <= nw.col("passed"))
        & ((nw.col("end") > nw.col("passed")) | nw.col("end").is_null())
    )
    return nw.concat([transferred.select(columns), stood.select(columns)])


def _took_over(assigned: nw.LazyFrame, relations: Relations, days: int) -> nw.LazyFrame:
    """The relations with other staff that began around a handover, with whom they follow."""
    import narwhals as nw

    others = relations.frame.select(
        nw.col("customer"), nw.col("staff_id").alias("new_staff"),
        *[nw.col(name) for name in ("start", "start_day", "end_day", "ended")],
    )  # fmt: skip
    pairs = assigned.join(others, on="customer", how="inner")
    since = nw.col("start") - nw.col("passed")
    near = (since >= -_DAY) & (since <= days * _DAY)
    return pairs.filter((nw.col("new_staff") != nw.col("staff_id")) & near)


def _after(
    base: Base, relations: Relations, took: nw.LazyFrame, rules: TouchpointsSettings
) -> dict[str, Any]:
    import narwhals as nw

    days = rules.handover_days
    last = nw.col("end_day").fill_null(base.as_of_day)
    tenure = last - nw.col("start_day")
    ripe = took.filter(nw.col("start_day") <= base.as_of_day - days)
    counts = collect(
        ripe.with_columns(tenure=nw.when(tenure > days).then(nw.lit(days + 1)).otherwise(tenure))
        .group_by("start_day", "tenure", "ended")
        .agg(nw.len().alias("rows")),
        limit=_MOST_DAYS,
    ).astype("int64")
    if counts.empty:
        return {}
    gone = ((counts["ended"] == CUSTOMER) & (counts["tenure"] <= days)).astype(int)
    curve = survival_curve(counts["tenure"], gone, counts["rows"], rules.confidence_level)
    found = removed_by_day(curve, days, rules.churn_min_at_risk, rules.confidence_level)
    if found is None:
        return {}
    started = counts.groupby("start_day")["rows"].sum()
    others = relations.frame.filter(nw.col("ended") != TRANSFER)
    daily = daily_counts(others, relations.first_day, base.as_of_day)
    hazard = np.divide(daily["removed"], daily["at_risk"].where(daily["at_risk"] > 0, 1))
    shares = [1 - (1 - hazard.loc[day : day + days]).prod() for day in started.index]
    return {
        "handover_watched": int(started.sum()),
        **interval_figures("after_handover_share", found[0]),
        "others_share": float(np.average(shares, weights=started)),
    }
