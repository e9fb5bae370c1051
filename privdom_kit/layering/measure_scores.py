"""Buyers scored by last order, purchase days and spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate, rate
from privdom_kit.engine import collect
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.messages import msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import Settings

RFM_METHODS = ("S160",)
_RULES = (
    *("rfm_high_score", "rfm_low_score", "value_window_days"),
    *("min_customers", "confidence_level"),
)
SCORES = 5  # fifths, as the method is defined


def measure_rfm(base: CustomerBase, settings: Settings) -> Result:
    """Buyers scored 1 to 5 on days since the last order, purchase days and net spend.

    A score is 1 + floor(5 x (rank - 1) / buyers) with the smallest rank for equal values, so
    that equals score the same. Scores are ranks within this client: they say who is ahead of
    whom, not whether that is good, so the verdict is never ``clear``.

    Returns:
        ``table``: last_order_score x frequency_score with customers and net_spend.
        ``tables["quadrants"]``: buyers above and not above the median of net spend per purchase
        day and of purchase days.
        ``figures``: those with a high spend score, and of them those who score
        low on the last order.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None:
        return unanswered(base, "rfm", RFM_METHODS, Verdict.NOT_MEASURED, reason, used)
    cells = _scored_cells(base)
    figures = _rfm_figures(cells, base, settings)
    grid, hidden = suppress(
        _grid(cells, settings.layering.confidence_level),
        "customers",
        ["share", "share_ci_lower", "share_ci_upper", "net_spend"],
        settings.privacy.min_cell,
        groups=(("last_order_score",), ("frequency_score",)),
    )
    quadrants, more = _quadrants(base, settings)
    enough = figures["buyers"] >= settings.layering.min_customers
    return answer(
        base,
        "rfm",
        RFM_METHODS,
        Verdict.WATCH if enough else Verdict.NOT_ENOUGH_DATA,
        grid,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=_hide_at_risk(figures, settings.privacy.min_cell),
        tables={"quadrants": quadrants},
        notes=(_RANKS, *suppression_note(hidden + more, settings.privacy.min_cell)),
    )


_RANKS = msg(
    "Scores are ranks among this brand's own buyers: they say who is ahead of whom, not whether "
    "that is good."
)


def with_scores(base: CustomerBase) -> nw.LazyFrame:
    """The buyers with ``last_order_score, frequency_score, monetary_score``, best 5."""
    import narwhals as nw

    buyers = base.people.filter(nw.col("purchase_days") > 0).with_columns(
        days_since_last_order=base.as_of_day - nw.col("last_day")
    )
    scored = _add_score(
        buyers, "days_since_last_order", "last_order_score", base, highest_first=True
    )
    scored = _add_score(scored, "purchase_days", "frequency_score", base)
    return _add_score(scored, "net_cents", "monetary_score", base)


def _add_score(
    people: nw.LazyFrame,
    value: str,
    score: str,
    base: CustomerBase,
    *,
    parts: int = SCORES,
    highest_first: bool = False,
) -> nw.LazyFrame:
    """The people with a score 1 to ``parts``; ``highest_first`` where a high value is worst."""
    import narwhals as nw

    order = -nw.col(value) if highest_first else nw.col(value)
    counts = people.group_by(value).agg(nw.len().alias("_people")).with_columns(_order=order)
    worse = nw.col("_people").cum_sum().over(order_by="_order").cast(nw.Int64) - nw.col("_people")
    scores = counts.with_columns(_worse=worse).select(
        nw.col(value),
        (1 + parts * nw.col("_worse") // base.figures["buyers"]).cast(nw.Int32).alias(score),
    )
    return people.join(scores, on=value)


def _scored_cells(base: CustomerBase) -> pd.DataFrame:
    import narwhals as nw

    keys = ["last_order_score", "frequency_score", "monetary_score"]
    grouped = (
        with_scores(base)
        .group_by(*keys)
        .agg(
            nw.len().alias("customers"),
            nw.col("net_cents").sum().alias("cents"),
            nw.col("window_cents").sum().alias("window_cents"),
        )
    )
    return collect(grouped, limit=SCORES**3).astype("float64").astype("int64")


def _grid(cells: pd.DataFrame, level: float) -> pd.DataFrame:
    import pandas as pd

    keys = ["last_order_score", "frequency_score"]
    scores = range(SCORES, 0, -1)
    every = pd.MultiIndex.from_product([scores, scores], names=keys)
    sums = cells.groupby(keys)[["customers", "cents"]].sum().reindex(every, fill_value=0)
    grid = sums.reset_index()
    grid["net_spend"] = grid.pop("cents") / 100
    grid["buyers"] = int(grid["customers"].sum())
    return add_rate(grid, "customers", "buyers", "share", level)


def _quadrants(base: CustomerBase, settings: Settings) -> tuple[pd.DataFrame, int]:
    import narwhals as nw

    buyers = base.people.filter(nw.col("purchase_days") > 0).with_columns(
        day_value=nw.col("net_cents") // nw.col("purchase_days")
    )
    halves = _add_score(buyers, "day_value", "order_value", base, parts=2)
    halves = _add_score(halves, "purchase_days", "purchase_frequency", base, parts=2)
    keys = ["order_value", "purchase_frequency"]
    grouped = halves.group_by(*keys).agg(
        nw.len().alias("customers"), nw.col("net_cents").sum().alias("cents")
    )
    cells = collect(grouped, limit=4).astype("float64").astype("int64").set_index(keys)
    table = cells.reindex([(2, 2), (2, 1), (1, 2), (1, 1)], fill_value=0).reset_index()
    table[keys] = table[keys].replace({2: "high", 1: "low"}).astype(object)
    table["net_spend"] = table.pop("cents") / 100
    table["buyers"] = int(table["customers"].sum())
    table = add_rate(table, "customers", "buyers", "share", settings.layering.confidence_level)
    hides = ["share", "share_ci_lower", "share_ci_upper", "net_spend"]
    return suppress(table, "customers", hides, settings.privacy.min_cell)


def _rfm_figures(cells: pd.DataFrame, base: CustomerBase, settings: Settings) -> dict[str, Any]:
    chosen = settings.layering
    high = cells[cells["monetary_score"] >= chosen.rfm_high_score]
    silent = high[high["last_order_score"] <= chosen.rfm_low_score]
    people, of = int(silent["customers"].sum()), int(high["customers"].sum())
    window = int(silent["window_cents"].sum()) / 100
    margin = base.gross_margin
    return {
        "buyers": int(cells["customers"].sum()),
        "high_spend_customers": of,
        "at_risk_customers": people,
        **rate(people, of, "at_risk_share", chosen.confidence_level),
        "at_risk_net_spend": int(silent["cents"].sum()) / 100,
        "at_risk_window_spend": window,
        "gross_margin": margin,
        "money_at_stake": None
        if margin is None
        else window * margin * 365 / chosen.value_window_days,
    }


def _hide_at_risk(figures: dict[str, Any], min_cell: int) -> dict[str, Any]:
    if not 0 < figures["at_risk_customers"] < min_cell:
        return figures
    hidden = ("at_risk_", "money_at_stake")
    return {name: None if name.startswith(hidden) else v for name, v in figures.items()}
