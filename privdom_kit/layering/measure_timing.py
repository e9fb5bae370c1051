"""The time to the next order, and for whom it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import survival_curve
from privdom_kit.layering.cycle import GROUPS, measure_cycle
from privdom_kit.layering.grouped_curves import grouped_limits
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.layering.measure_five_states import cycle_figures
from privdom_kit.layering.next_orders import (
    DUE,
    LAPSED,
    OVERDUE,
    SOURCES,
    STATUSES,
    with_due,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

METHODS = ("S191",)
STEPS = ("first_to_second", "second_to_third", "third_and_later")
_RULES = (
    *("due_window_days", "due_min_orders", "lapsed_cycles", "second_purchase_days"),
    *("cycle_days", "cycle_horizon_days", "cycle_min_returns", "cycle_min_at_risk"),
    *("channel_column", "min_customers", "confidence_level"),
)
_MOST_GAPS = 2 * len(STEPS) * GROUPS * 36_600
_MOST_FIRSTS = 2_000_000
_RATES = ("", "_ci_lower", "_ci_upper")


def measure_next_order(base: CustomerBase, settings: Settings) -> Result:
    """The time from each order to the next by product-limit, and for whom the next one is due.

    A gap that has not ended by ``as_of`` counts as open (Kaplan and Meier 1958); a median over
    those who came back would leave them out. From the third order on a person has several gaps,
    so that step's interval is a delete-a-group jackknife over people (Kott 2001) instead of
    Greenwood's.

    The lists say whom to serve, not whether that is good, so the verdict is never ``clear``.

    Returns:
        ``table``: step, gaps, followed, horizon_days (as far as ``cycle_min_at_risk`` gaps are
        watched), returned_share by then and its interval, half_return_days (half of those
        have returned; the order cycle of the step) and its interval.
        ``tables``: ``curves`` (step, days, at_risk, events, returned_share and interval),
        ``due`` (gap_source, due_status, customers, buyers, share and interval), and, where the
        data name channels, ``by_channel`` (second purchases by product-limit at
        ``second_purchase_days``).
        ``figures``: buyers, those due, overdue, lapsed; the order cycle.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None:
        return unanswered(base, "next_order", METHODS, Verdict.NOT_MEASURED, reason, used)
    gaps = checkpoint(_gaps(base))
    counts = _counts(gaps)
    table, curves = _steps(counts, gaps, base, settings.layering)
    due, figures, cells = _due(base, settings)
    channels, more = _channels(base, settings)
    shown, hidden = _suppress_steps(table, settings.privacy.min_cell)
    curves = curves[~curves["step"].isin(shown.loc[shown["followed"].isna(), "step"])]
    enough = figures["buyers"] >= settings.layering.min_customers
    undated = figures["order_cycle_days"] is None
    return answer(
        base,
        "next_order",
        METHODS,
        Verdict.WATCH if enough and not undated else Verdict.NOT_ENOUGH_DATA,
        shown,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=figures,
        tables={"due": due, "by_channel": channels, "curves": curves.reset_index(drop=True)},
        notes=(
            *_notes(base, settings.layering, undated),
            *suppression_note(cells + more + hidden, settings.privacy.min_cell),
        ),
    )


def _gaps(base: CustomerBase) -> nw.LazyFrame:
    """Every gap after a purchase: ``customer, step, day, previous_day``; ``day`` null if open."""
    import narwhals as nw

    buyers = base.people.filter(~nw.col("first_day").is_null())
    closed = base.days.filter(~nw.col("previous_day").is_null()).join(
        buyers.select("customer", "first_day", "second_day"), on="customer"
    )
    before = nw.col("previous_day")
    closed = closed.with_columns(
        step=nw.when(before == nw.col("first_day"))
        .then(nw.lit(0))
        .when(before == nw.col("second_day"))
        .then(nw.lit(1))
        .otherwise(nw.lit(2))
    )
    made = nw.col("purchase_days")
    still_open = buyers.with_columns(
        day=nw.lit(None, dtype=nw.Int32),
        previous_day=nw.col("last_day"),
        step=nw.when(made <= 1)
        .then(nw.lit(0))
        .when(made == 2)
        .then(nw.lit(1))
        .otherwise(nw.lit(2)),
    )
    columns = ("customer", "step", "day", "previous_day")
    return nw.concat([closed.select(*columns), still_open.select(*columns)]).with_columns(
        as_of_day=nw.lit(base.as_of_day, dtype=nw.Int32)
    )


def _counts(gaps: nw.LazyFrame) -> pd.DataFrame:
    """Sufficient statistics: gaps by step, person group, length and whether they ended."""
    import narwhals as nw

    ended = ~nw.col("day").is_null()
    until = nw.when(ended).then(nw.col("day")).otherwise(nw.col("as_of_day"))
    grouped = (
        gaps.with_columns(
            part=nw.col("customer") % GROUPS,
            days=until - nw.col("previous_day"),
            ended=nw.when(ended).then(nw.lit(1)).otherwise(nw.lit(0)),
        )
        .group_by("step", "part", "days", "ended")
        .agg(nw.len().alias("gaps"))
    )
    return collect(grouped, limit=_MOST_GAPS).astype("int64")


def _steps(
    counts: pd.DataFrame, gaps: nw.LazyFrame, base: CustomerBase, settings: LayeringSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    rows, curves = [], []
    for step, name in enumerate(STEPS):
        own = counts[counts["step"] == step]
        if own.empty:
            continue
        curve = _curve(own, step, settings)
        curves.append(curve.assign(step=name))
        rows.append({"step": name, **_step(own, curve), **_half(gaps, step, base, settings)})
    order = ["step", "days", "at_risk", "events", *(f"returned_share{end}" for end in _RATES)]
    table = pd.DataFrame(rows).astype({"half_return_days": "float64"})
    return table, pd.concat(curves, ignore_index=True)[order]


def _curve(own: pd.DataFrame, step: int, settings: LayeringSettings) -> pd.DataFrame:
    """Share returned by each day, as far as enough gaps are watched."""
    level = settings.confidence_level
    curve = survival_curve(own["days"], own["ended"], own["gaps"], level).table
    table = curve[["at_risk", "events"]].assign(
        days=curve["time"].astype("int64"),
        returned_share=1 - curve["survival"],
        returned_share_ci_lower=1 - curve["survival_ci_upper"],
        returned_share_ci_upper=1 - curve["survival_ci_lower"],
    )
    if step == len(STEPS) - 1:
        lower, upper = grouped_limits(own, table["days"], level)
        table = table.assign(returned_share_ci_lower=lower, returned_share_ci_upper=upper)
    return table[table["at_risk"] >= min(settings.cycle_min_at_risk, table["at_risk"].iloc[0])]


def _step(own: pd.DataFrame, curve: pd.DataFrame) -> dict[str, Any]:
    last = curve.iloc[-1]
    return {
        "gaps": int(own["gaps"].sum()),
        "followed": int(own.loc[own["ended"] == 1, "gaps"].sum()),
        "horizon_days": int(last["days"]),
        **{f"returned_share{end}": float(last[f"returned_share{end}"]) for end in _RATES},
    }


def _half(
    gaps: nw.LazyFrame, step: int, base: CustomerBase, settings: LayeringSettings
) -> dict[str, float | None]:
    """The order cycle of one step, measured as the brand's is."""
    import narwhals as nw

    own = gaps.filter(nw.col("step") == step)
    still_open = own.filter(nw.col("day").is_null()).with_columns(last_day=nw.col("previous_day"))
    measured = settings.model_copy(update={"cycle_days": None})
    closed = own.filter(~nw.col("day").is_null())
    cycle = measure_cycle(closed, still_open, base.as_of_day, measured)
    ends = (cycle.days, cycle.lower, cycle.upper)
    return dict(zip((f"half_return_days{end}" for end in _RATES), ends, strict=True))


def _suppress_steps(table: pd.DataFrame, min_cell: int) -> tuple[pd.DataFrame, int]:
    estimates = [
        f"{name}{end}" for name in ("returned_share", "half_return_days") for end in _RATES
    ]
    shown, cells = suppress(table, "gaps", ["followed", *estimates], min_cell)
    shown, more = suppress(shown, "followed", estimates, min_cell, groups=())
    return shown, cells + more


def _due(base: CustomerBase, settings: Settings) -> tuple[pd.DataFrame, dict[str, Any], int]:
    import narwhals as nw
    import pandas as pd

    rows = with_due(base, settings.layering).with_columns(nw.col("due_status").fill_null(-1))
    grouped = rows.group_by("gap_source", "due_status").agg(nw.len().alias("customers"))
    found = collect(grouped, limit=50).astype("int64").set_index(["gap_source", "due_status"])
    cells = [(source, status) for source in (0, 1) for status in range(len(STATUSES))]
    cells += [(2, -1)] if (2, -1) in found.index else []
    table = found.reindex(cells, fill_value=0).reset_index()
    names = dict(enumerate(STATUSES)) | {-1: "unknown"}
    table["gap_source"] = [SOURCES[code] for code in table["gap_source"]]
    table["due_status"] = [names[code] for code in table["due_status"]]
    table["buyers"] = int(table["customers"].sum())
    table = add_rate(table, "customers", "buyers", "share", settings.layering.confidence_level)
    sums = table.groupby("due_status")["customers"].sum()
    least = settings.privacy.min_cell
    figures = {
        "buyers": int(table["customers"].sum()),
        **{
            f"{STATUSES[code]}_customers": _unless_small(int(sums[STATUSES[code]]), least)
            for code in (DUE, OVERDUE, LAPSED)
        },
        **cycle_figures(base, settings.layering),
    }
    hides = [f"share{end}" for end in _RATES]
    shown, hidden = suppress(
        table, "customers", hides, least, groups=((), ("due_status",), ("gap_source",))
    )
    return pd.DataFrame(shown), figures, hidden


def _unless_small(people: int, least: int) -> int | None:
    return None if 0 < people < least else people


def _channels(base: CustomerBase, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Second purchases of each channel's buyers, young buyers allowed for."""
    import narwhals as nw
    import pandas as pd

    returned = ~nw.col("second_day").is_null()
    until = nw.when(returned).then(nw.col("second_day")).otherwise(nw.lit(base.as_of_day))
    grouped = (
        base.people.filter(~nw.col("first_day").is_null())
        .with_columns(
            days=until - nw.col("first_day"),
            ended=nw.when(returned).then(nw.lit(1)).otherwise(nw.lit(0)),
        )
        .group_by("channel", "days", "ended")
        .agg(nw.len().alias("customers"))
    )
    counts = collect(grouped, limit=_MOST_FIRSTS).astype("int64")
    chosen = settings.layering
    rows = [
        {"channel": _channel_name(base, int(code)), **_second(own, chosen)}
        for code, own in counts.groupby("channel")
    ]
    table = pd.DataFrame(rows).sort_values(
        ["buyers", "channel"], ascending=[False, True], ignore_index=True
    )
    hides = [f"second_purchase_share{end}" for end in _RATES]
    table = table.astype(dict.fromkeys(hides, "float64"))
    shown, cells = suppress(
        table, "buyers", ["second_purchase_customers", *hides], settings.privacy.min_cell
    )
    shown, more = suppress(
        shown, "second_purchase_customers", hides, settings.privacy.min_cell, groups=()
    )
    return shown, cells + more


def _channel_name(base: CustomerBase, code: int) -> str:
    return base.channels[code][1] if code >= 0 else "unknown"


def _second(own: pd.DataFrame, settings: LayeringSettings) -> dict[str, Any]:
    days = settings.second_purchase_days
    curve = survival_curve(own["days"], own["ended"], own["customers"], settings.confidence_level)
    in_time = (own["ended"] == 1) & (own["days"] <= days)
    row = {
        "buyers": int(own["customers"].sum()),
        "second_purchase_customers": int(own.loc[in_time, "customers"].sum()),
    }
    # Where nobody is watched for as long, the curve ends before and says nothing of that day.
    watched = curve.at_risk(days) > 0 or curve.table["survival"].iloc[-1] == 0
    found = curve.incidence(days) if watched else None
    ends = (found.estimate, found.lower, found.upper) if found else (None, None, None)
    return row | dict(zip((f"second_purchase_share{e}" for e in _RATES), ends, strict=True))


def _notes(base: CustomerBase, settings: LayeringSettings, undated: bool) -> tuple[Message, ...]:
    notes = [
        msg(
            "Orders that have not come yet count as open (product-limit): a median over those who "
            "came back would be too short."
        ),
        msg(
            "The next order is dated by the person's own median gap from {orders:count} purchase "
            "days on, else by the order cycle; due is up to {window:days} before or after, lapsed "
            "beyond {cycles:number} gaps since the last order.",
            orders=settings.due_min_orders,
            window=settings.due_window_days,
            cycles=settings.lapsed_cycles,
        ),
    ]
    if undated:
        notes.append(
            msg(
                "No order cycle could be measured, so only people with gaps of their own have a "
                "date. Set layering.cycle_days where the cycle is known."
            )
        )
    return tuple(notes)
