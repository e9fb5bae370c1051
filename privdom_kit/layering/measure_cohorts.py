"""Retention by cohort of first purchase, on the period and on or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate, interval_figures, judge_change, rate
from privdom_kit.engine import collect
from privdom_kit.layering.judging import answer, compare_shares, unanswered, used_settings
from privdom_kit.messages import Message, msg
from privdom_kit.periods import period_name, period_of, period_start, with_period
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import Settings

RETENTION_METHODS = ("S050",)
KINDS = ("on", "on_or_after")
_RULES = (
    *("retention_period", "retention_recent_cohorts"),
    *("min_customers", "change_tolerance", "confidence_level"),
)
_MOST_CELLS = 300_000


def measure_retention(base: CustomerBase, settings: Settings) -> Result:
    """Cohorts by calendar period of the first purchase, followed period by period.

    Two published meanings, both given: ``on`` counts who bought in that very period,
    ``on_or_after`` who bought in it or in any later one seen. A cell whose period has not ended
    by ``as_of`` is null, never 0.

    The verdict compares the next-period retention of the latest full cohorts with the earlier
    ones. The first cohort is left out: it holds customers who had bought before the data begin.

    Returns:
        ``table``: kind, cohort, period, cohort_customers, customers, share and interval.
        ``figures``: recent and earlier share at period 1 and their difference.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None:
        return unanswered(base, "retention", RETENTION_METHODS, Verdict.NOT_MEASURED, reason, used)
    table = _cohort_table(base, settings)
    recent, earlier = _next_period(table, settings.layering.retention_recent_cohorts)
    change = compare_shares(recent, earlier, settings)
    level = settings.layering.confidence_level
    figures = {
        "recent_customers": recent[1],
        **rate(*recent, "recent_share", level),
        "earlier_customers": earlier[1],
        **rate(*earlier, "earlier_share", level),
        **interval_figures("change", change),
    }
    shown, cells = _suppress_cohorts(table, settings.privacy.min_cell)
    figures = _hide_small(figures, recent, earlier, settings.privacy.min_cell)
    return answer(
        base,
        "retention",
        RETENTION_METHODS,
        judge_change(change, settings.layering.change_tolerance, "down"),
        shown,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=figures,
        notes=(*_NOTES, *suppression_note(cells, settings.privacy.min_cell)),
    )


_NOTES: tuple[Message, ...] = (
    msg("A period that had not ended by the last day seen is empty, not zero."),
    msg(
        "The first cohort also holds customers who had bought before the data begin, so the "
        "verdict leaves it out."
    ),
)


def _cohort_table(base: CustomerBase, settings: Settings) -> pd.DataFrame:
    import pandas as pd

    kind = settings.layering.retention_period
    on, last = _cohort_counts(base, kind)
    sizes = on[on["period"] == 0].set_index("cohort")["customers"].sort_index()
    latest = period_of(base.as_of_day, kind)
    # The period in which as_of falls has ended only where as_of is its last day.
    ended = latest if period_start(latest + 1, kind) == base.as_of_day + 1 else latest - 1
    cells = [(c, p) for c in sizes.index for p in range(latest - c + 1)]
    index = pd.MultiIndex.from_tuples(cells, names=["cohort", "period"])
    counted = on.set_index(["cohort", "period"])["customers"].reindex(index, fill_value=0)
    finals = last.set_index(["cohort", "period"])["customers"].reindex(index, fill_value=0)
    later = finals.iloc[::-1].groupby(level="cohort").cumsum().iloc[::-1]
    parts = []
    for name, counts in zip(KINDS, (counted, later), strict=True):
        part = counts.reset_index(name="customers")
        part.insert(0, "kind", name)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table.insert(3, "cohort_customers", table["cohort"].map(sizes).astype("int64"))
    ripe = table["cohort"] + table["period"] <= ended
    table["customers"] = table["customers"].astype("Int64").where(ripe)
    level = settings.layering.confidence_level
    rated = add_rate(table[ripe], "customers", "cohort_customers", "share", level)
    table = table.join(rated[["share", "share_ci_lower", "share_ci_upper"]])
    table["cohort"] = [period_name(c, kind) for c in table["cohort"]]
    return table


def _cohort_counts(base: CustomerBase, kind: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People by cohort and period in which they bought, and by the last such period."""
    import narwhals as nw

    buyers = base.people.filter(~nw.col("first_day").is_null())
    buyers = buyers.select("customer", "first_day", "last_day")
    buyers = with_period(with_period(buyers, "first_day", "cohort", kind), "last_day", "end", kind)
    days = base.days.join(buyers.select("customer", "cohort"), on="customer")
    days = with_period(with_period(days, "day", "at", kind), "previous_day", "before", kind)
    # A person's first purchase day of a period stands for them there.
    first_of = nw.col("before").is_null() | (nw.col("before") != nw.col("at"))
    bought = days.filter(first_of).with_columns(period=nw.col("at") - nw.col("cohort"))
    lasts = buyers.with_columns(period=nw.col("end") - nw.col("cohort"))
    on, last = (
        rows.group_by("cohort", "period").agg(nw.len().alias("customers"))
        for rows in (bought, lasts)
    )
    frames = [collect(frame, limit=_MOST_CELLS).astype("int64") for frame in (on, last)]
    return frames[0], frames[1]


def _next_period(table: pd.DataFrame, recent: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """(returned, cohort customers) one period on, of the latest cohorts and of those before."""
    ripe = table[(table["kind"] == "on") & (table["period"] == 1) & table["customers"].notna()]
    ripe = ripe[ripe["cohort"] != table["cohort"].min()].sort_values("cohort")

    def count(rows: pd.DataFrame) -> tuple[int, int]:
        return int(rows["customers"].sum()), int(rows["cohort_customers"].sum())

    return count(ripe.iloc[-recent:]), count(ripe.iloc[:-recent])


def _suppress_cohorts(table: pd.DataFrame, min_cell: int) -> tuple[pd.DataFrame, int]:
    """Hide small cohorts with all that is computed from them, then small cells.

    Cohort sizes add up to the buyers shown elsewhere, so one hidden cohort takes another along.
    """
    rates = ["share", "share_ci_lower", "share_ci_upper"]
    sizes = table.drop_duplicates("cohort")[["cohort", "cohort_customers"]]
    safe, _ = suppress(sizes, "cohort_customers", [], min_cell)
    small = table["cohort"].isin(safe.loc[safe["cohort_customers"].isna(), "cohort"])
    people = ["cohort_customers", "customers", *rates]
    shown = table.astype(dict.fromkeys(("cohort_customers", "customers"), "Int64"))
    cells = int(shown.loc[small, "customers"].notna().sum())
    for column in people:
        shown[column] = shown[column].mask(small)
    shown, more = suppress(shown, "customers", rates, min_cell, groups=())
    return shown, cells + more


def _hide_small(
    figures: dict, recent: tuple[int, int], earlier: tuple[int, int], min_cell: int
) -> dict:
    small = {
        name
        for name, pair in (("recent_", recent), ("earlier_", earlier))
        if any(0 < n < min_cell for n in pair)
    }
    names = (*small, "change") if small else ()
    return {k: None if k.startswith(tuple(names)) else v for k, v in figures.items()}
