"""Layers by purchase: never, once, again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate, interval_figures, judge_change, rate
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, survival_curve
from privdom_kit.layering.judging import answer, compare_shares, unanswered, used_settings
from privdom_kit.layering.states import cycle_days, lapsing_limits, whole
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

LAYERS = ("never", "first", "repeat")
PURCHASE_METHODS = ("S050", "S052")
TIMINGS = ("not_due", "due", "late", "lapsed")
_RULES = (
    *("second_purchase_days", "period_days", "due_cycles", "retained_cycles", "lapsed_cycles"),
    "cycle_days",
    *("min_customers", "change_tolerance", "confidence_level"),
)
_MOST_DAYS = 200_000
# First purchase: earlier, in the last period that is ripe, or too young to be judged.
_EARLIER, _RECENT, _YOUNG = range(3)


def measure_purchase_layers(base: CustomerBase, settings: Settings) -> Result:
    """Known people who never bought, bought on one day, and on two days or more.

    Recent buyers had less time to return, which the repeat rate cannot know. So a second
    estimate stands beside it: the share with a second purchase within ``second_purchase_days``,
    by product-limit. The verdict compares buyers of the last ripe period with earlier ones.

    Returns:
        ``table``: layer, customers, known_people, share and interval, lapsed_customers,
        lapsed_share (no order for more than ``lapsed_cycles`` cycles; null without a cycle).
        ``figures``: repeat_rate, second_purchase_share and their intervals, recent and earlier
        share and their difference.
        ``tables["timing"]``: buyers by days since the last order in order cycles: not due (up to
        0.8), due (1.2), late (2), lapsed; absent without a cycle.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None:
        return unanswered(
            base, "purchase_layers", PURCHASE_METHODS, Verdict.NOT_MEASURED, reason, used
        )
    table = _layer_table(base, settings.layering)
    seconds = _second_purchases(base, settings.layering)
    recent, earlier = _ripe_groups(seconds, settings.layering)
    change = compare_shares(recent, earlier, settings)
    figures = _purchase_figures(table, seconds, settings.layering)
    figures |= _comparison(recent, earlier, change, settings)
    shown, cells = _suppress_layers(table, settings.privacy.min_cell)
    tables, more = _timing_table(base, settings)
    cells += more
    if shown["customers"].isna().any():
        hidden = ("repeat_customers", "repeat_rate", "second_purchase_share")
        figures = {k: None if k.startswith(hidden) else v for k, v in figures.items()}
    verdict = judge_change(change, settings.layering.change_tolerance, "down")
    return answer(
        base,
        "purchase_layers",
        PURCHASE_METHODS,
        verdict,
        shown,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=figures,
        tables=tables,
        notes=(
            *_layer_notes(base, settings.layering),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


def _layer_table(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    import narwhals as nw
    import pandas as pd

    cycle = cycle_days(base, settings)
    limit = lapsing_limits(cycle, settings)[1] if cycle is not None else 2**30
    days = nw.col("purchase_days")
    layer = nw.when(days == 0).then(nw.lit(0)).when(days == 1).then(nw.lit(1)).otherwise(nw.lit(2))
    late = base.as_of_day - nw.col("last_day") > limit
    grouped = (
        base.people.with_columns(
            layer=layer, lapsed=nw.when(late).then(nw.lit(1)).otherwise(nw.lit(0))
        )
        .group_by("layer")
        .agg(nw.len().alias("customers"), nw.col("lapsed").sum().alias("lapsed_customers"))
    )
    found = collect(grouped, limit=len(LAYERS)).set_index("layer")
    found = found.reindex(range(len(LAYERS)), fill_value=0)
    table = pd.DataFrame({"layer": LAYERS, "customers": found["customers"].to_numpy("int64")})
    table["known_people"] = int(table["customers"].sum())
    table = add_rate(table, "customers", "known_people", "share", settings.confidence_level)
    lapsed = found["lapsed_customers"].astype("Int64").reset_index(drop=True)
    # Who never bought cannot have lapsed as a buyer; without a cycle nobody can be said to have.
    table["lapsed_customers"] = lapsed.where((table["layer"] != "never") & (cycle is not None))
    share = table["lapsed_customers"] / table["customers"].where(table["customers"] > 0)
    table["lapsed_share"] = share.astype("Float64")
    return table


def _timing_table(base: CustomerBase, settings: Settings) -> tuple[dict[str, pd.DataFrame], int]:
    import narwhals as nw

    chosen = settings.layering
    cycle = cycle_days(base, chosen)
    if cycle is None:
        return {}, 0
    retained, lapsed = lapsing_limits(cycle, chosen)
    since = base.as_of_day - nw.col("last_day")
    timing = (
        nw.when(since <= whole(cycle * chosen.due_cycles))
        .then(nw.lit(0))
        .when(since <= retained)
        .then(nw.lit(1))
        .when(since <= lapsed)
        .then(nw.lit(2))
        .otherwise(nw.lit(3))
    )
    buyers = base.people.filter(~nw.col("last_day").is_null()).with_columns(timing=timing)
    grouped = buyers.group_by("timing").agg(nw.len().alias("customers"))
    found = collect(grouped, limit=len(TIMINGS)).astype("int64").set_index("timing")
    table = found.reindex(range(len(TIMINGS)), fill_value=0).reset_index()
    table["timing"] = TIMINGS
    table["buyers"] = int(table["customers"].sum())
    table = add_rate(table, "customers", "buyers", "share", chosen.confidence_level)
    hides = ["share", "share_ci_lower", "share_ci_upper"]
    shown, cells = suppress(table, "customers", hides, settings.privacy.min_cell)
    return {"timing": shown}, cells


def _second_purchases(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    """Buyers by group of first purchase, days until the second or until as_of, and which."""
    import narwhals as nw

    ripe = base.as_of_day - settings.second_purchase_days
    first = nw.col("first_day")
    group = (
        nw.when(first > ripe)
        .then(nw.lit(_YOUNG))
        .when(first > ripe - settings.period_days)
        .then(nw.lit(_RECENT))
        .otherwise(nw.lit(_EARLIER))
    )
    returned = ~nw.col("second_day").is_null()
    until = nw.when(returned).then(nw.col("second_day")).otherwise(nw.lit(base.as_of_day))
    grouped = (
        base.people.filter(~first.is_null())
        .with_columns(
            group=group,
            days=until - first,
            returned=nw.when(returned).then(nw.lit(1)).otherwise(nw.lit(0)),
        )
        .group_by("group", "days", "returned")
        .agg(nw.len().alias("customers"))
    )
    return collect(grouped, limit=_MOST_DAYS).astype("int64")


def _ripe_groups(
    seconds: pd.DataFrame, settings: LayeringSettings
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(returned in time, buyers) of the recent and of the earlier group, both watched in full."""
    in_time = (seconds["returned"] == 1) & (seconds["days"] <= settings.second_purchase_days)

    def count(group: int) -> tuple[int, int]:
        rows = seconds["group"] == group
        people = seconds["customers"]
        return int(people[rows & in_time].sum()), int(people[rows].sum())

    return count(_RECENT), count(_EARLIER)


def _purchase_figures(
    table: pd.DataFrame, seconds: pd.DataFrame, settings: LayeringSettings
) -> dict[str, float | int | None]:
    _, once, again = (int(n) for n in table["customers"])
    curve = survival_curve(
        seconds["days"], seconds["returned"], seconds["customers"], settings.confidence_level
    )
    watched = curve.at_risk(settings.second_purchase_days) > 0 or (
        curve.table["survival"].iloc[-1] == 0
    )
    second = curve.incidence(settings.second_purchase_days) if watched else None
    return {
        "known_people": int(table["customers"].sum()),
        "buyers": once + again,
        "repeat_customers": again,
        **rate(again, once + again, "repeat_rate", settings.confidence_level),
        "second_purchase_days": settings.second_purchase_days,
        **interval_figures("second_purchase_share", second),
    }


def _comparison(
    recent: tuple[int, int], earlier: tuple[int, int], change: Interval | None, settings: Settings
) -> dict[str, float | int | None]:
    least, level = settings.privacy.min_cell, settings.layering.confidence_level
    shares: dict[str, float | int | None] = {}
    for name, (x, n) in (("recent", recent), ("earlier", earlier)):
        small = 0 < n < least or 0 < x < least
        shares[f"{name}_customers"] = None if small else n
        shares |= rate(x, 0 if small else n, f"{name}_share", level)
    return {**shares, **interval_figures("change", change)}


def _suppress_layers(table: pd.DataFrame, min_cell: int) -> tuple[pd.DataFrame, int]:
    lapsed = ["lapsed_customers", "lapsed_share"]
    own = ["share", "share_ci_lower", "share_ci_upper", *lapsed]
    shown, cells = suppress(table, "customers", own, min_cell)
    shown, more = suppress(shown, "lapsed_customers", ["lapsed_share"], min_cell, groups=())
    return shown, cells + more


def _layer_notes(base: CustomerBase, settings: LayeringSettings) -> tuple[Message, ...]:
    notes = [
        msg(
            "The repeat rate counts recent buyers who had little time to return. The share with a "
            "second purchase within {days:days} allows for that (product-limit).",
            days=settings.second_purchase_days,
        )
    ]
    if cycle_days(base, settings) is None:
        notes.append(msg("No order cycle could be measured, so nobody can be said to have lapsed."))
    negative = base.figures["negative_spend_customers"]
    if negative:
        notes.append(negative_spend_note(negative))
    return tuple(notes)


def negative_spend_note(customers: int) -> Message:
    """That some people's returns exceed what they bought in the data."""
    return msg(
        "Returns exceed purchases for {customers:count} customers, probably of orders before the "
        "data begin; their net spend is negative and stays so.",
        customers=customers,
    )
