"""Which touchpoints went together with orders: seven models of credit beside one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import Question, bounded, interval_figures, used_settings
from privdom_kit.journeys.credit_counts import (
    TOUCH_MODELS,
    CreditCounts,
    count_credit,
    set_credit,
)
from privdom_kit.journeys.credit_estimates import (
    Copies,
    estimate_credit,
    find_overcredited,
    sure_gaps,
)
from privdom_kit.journeys.holdout_orders import compare_holdouts, hide_small
from privdom_kit.journeys.path_rows import (
    PathRows,
    count_paths,
    missing_tables,
    read_paths,
    too_few,
)
from privdom_kit.journeys.removal import (
    TO_NULL,
)
from privdom_kit.journeys.resampling import (
    percentile_interval,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MODELS = ("markov", "shapley", "linear", "position", "time_decay", "first", "last")
# "first" alone says nothing in a table.
_SHOWN_AS = {"first": "first_touch", "last": "last_touch"}
_SETTINGS = (
    *("attribution_days", "attribution_removal", "attribution_first_share"),
    *("attribution_last_share", "attribution_half_life_days", "attribution_min_orders"),
    *("attribution_tolerance", "path_direction", "path_touchpoints", "bootstrap_draws"),
    *("bootstrap_groups", "bootstrap_seed", "confidence_level"),
)
_UNITS = {
    "touchpoint": "text: touchpoint",
    "customers": "count: people with an order after this touchpoint",
    "paths_with": "count: paths that hold the touchpoint",
    "orders_with": "count: orders whose path holds the touchpoint",
    "paths_without": "count: paths that do not hold the touchpoint",
    "orders_without": "count: orders whose path does not hold the touchpoint",
    "rate_with": "percent: share of the paths with it that end with an order",
    "rate_without": "percent: share of the paths without it that end with an order",
    "rate_difference": "points: rate with less rate without",
    "removal_effect": "percent: share of the conversion rate lost with the touchpoint",
    "markov_share": "percent: share of the credit by removal",
    "last_share": "percent: share of the credit by last touch",
    "credit_gap": "points: share by last touch less share by removal",
    "model": "text: model of credit",
    "credit": "number: orders credited",
    "credited_orders": "count: orders with a touch, which are shared out",
    "share": "percent: share of the credited orders",
    "credited_revenue": "money: net revenue credited",
    "orders": "count: orders, those of one person and day as one",
    "touched_share": "percent: share of orders with a touch in the window before",
    "paths": "count: paths",
    "conversion_rate": "percent: share of paths that end with an order",
    "touches_per_order": "number: touches on the path to an order",
    "net_revenue": "money: net revenue of the credited orders",
    "beyond_removal": "text: whether last touch credits it with more than removal, for sure",
    "overcredited": "text: touchpoint that last touch credits most beyond removal",
    "overcredited_last_share": "percent: its share of the credit by last touch",
    "overcredited_markov_share": "percent: its share of the credit by removal",
    "overcredited_gap": "points: its share by last touch less that by removal",
    "test": "text: test with an arm held back",
    "sent_people": "count: people of the test who were sent to",
    "sent_orders": "count: of these, people with an order in the days after",
    "held_people": "count: people of the test who were held back",
    "held_orders": "count: of these, people with an order in the days after",
    "sent_order_rate": "percent: share of those sent to with an order in the days after",
    "held_order_rate": "percent: share of those held back with an order in the days after",
    "order_difference": "points: rate of those sent to less that of those held back",
    "removal_policy": "text: what becomes of the people of a removed touchpoint",
}
QUESTION = Question("attribution", (), _UNITS)


def measure_attribution(base: Base, settings: Settings) -> Result:
    """Credit of touchpoints for orders by removal (Markov), Shapley and the usual rules.

    Paths are the touches in windows of ``attribution_days`` before each order and before the end
    of ``as_of``: see :mod:`~privdom_kit.journeys.path_rows`. A touch is any message, visit or act
    in ``path_direction``; the place of the order itself is none. Models:
    :func:`~privdom_kit.journeys.credits.credit_from_paths`, on these very paths, time decay by
    real time. Intervals by resampling groups of people (bootstrap).

    Every model describes what went together, none what caused an order. The verdict is watch where
    last touch credits a touchpoint with more than removal does, by more than the tolerance for
    sure: a budget that follows last touch would follow it there.

    Returns:
        ``table``: touchpoint, customers, paths and orders with and without it, their rates and
        difference, removal effect, share of credit by removal and by last touch and their gap,
        each estimate with interval. ``credits``: touchpoint, model, credit (orders), share,
        credited revenue: every model adds up to the credited orders and their revenue.
        ``holdouts``: touchpoint, test, people and orders of those sent to and held back, rates and
        difference with intervals: :func:`~privdom_kit.journeys.holdout_orders.compare_holdouts`.
    """
    used = used_settings(settings, *(f"journeys.{name}" for name in _SETTINGS))
    reason = missing_tables(base)
    if reason is not None:
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    paths = read_paths(base, settings)
    coverage = base.events.coverage
    if (why := too_few(count_paths(paths)[1], settings)) is not None:
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, why, used, coverage=coverage
        )
    counts = count_credit(paths, settings)
    estimates = estimate_credit(counts, settings)
    table = _table(paths, counts, estimates, settings)
    credit = _credit_table(paths, counts, estimates["markov_share"].estimate)
    figures = _figures(paths, counts, estimates, settings)
    least = settings.privacy.min_cell
    shown, cells = suppress(table, "customers", [c for c in table if c not in _NAMES], least)
    hidden = shown.loc[shown["customers"].isna(), "touchpoint"]
    masked = credit["touchpoint"].isin(hidden)
    for column in ("credit", "share", "credited_revenue"):
        credit[column] = credit[column].mask(masked)
    holdouts, more = hide_small(compare_holdouts(base, settings), least)
    return QUESTION.answer(
        base.as_of,
        _verdict(figures, settings),
        shown,
        used,
        coverage=coverage,
        figures=figures,
        tables={"credits": credit, "holdouts": holdouts},
        notes=(*_notes(settings), *suppression_note(cells + more, least)),
    )


_NAMES = ("touchpoint", "customers")


def _key(name: str) -> str:
    return f"journeys.attribution_{name}"


def _table(
    paths: PathRows, counts: CreditCounts, estimates: dict[str, Copies], settings: Settings
) -> pd.DataFrame:
    import pandas as pd

    with_node, all_paths = counts.with_node.sum(axis=0), counts.paths.sum(axis=0)
    table = pd.DataFrame(
        {
            "touchpoint": paths.names,
            "customers": counts.people.astype("int64"),
            "paths_with": with_node.sum(axis=0).astype("int64"),
            "orders_with": with_node[1].astype("int64"),
            "paths_without": (all_paths.sum() - with_node.sum(axis=0)).astype("int64"),
            "orders_without": (all_paths[1] - with_node[1]).astype("int64"),
            "credited_orders": int(all_paths[1]),
        }
    )
    beyond = sure_gaps(counts, estimates, settings)
    table["beyond_removal"] = [str(place in beyond).lower() for place in range(len(table))]
    level = settings.journeys.confidence_level
    for name, one in estimates.items():
        found = [
            interval_figures(name, percentile_interval(float(one.estimate[i]), copies, level))
            for i, copies in enumerate(one.copies.T)
        ]
        table[list(bounded(name))] = pd.DataFrame(found, dtype="float64")
    return table.sort_values(
        ["markov_share", "touchpoint"], ascending=[False, True], ignore_index=True
    )


def _credit_table(paths: PathRows, counts: CreditCounts, markov: NDArray) -> pd.DataFrame:
    """Credit by touchpoint and model, in the order of the models."""
    import pandas as pd

    size = len(paths.names)
    by_node = counts.touches.groupby("node").sum().reindex(range(size), fill_value=0.0)
    orders, cents = counts.paths[:, 1].sum(), counts.sets.loc[counts.sets["converted"] == 1]
    revenue = float(cents["cents"].sum())
    found = {model: (by_node[model], by_node[f"{model}_cents"]) for model in TOUCH_MODELS}
    found |= {
        "markov": (markov * orders, markov * revenue),
        "shapley": set_credit(counts.sets, size),
    }
    tables = [
        pd.DataFrame(
            {
                "touchpoint": paths.names,
                "model": _SHOWN_AS.get(model, model),
                "credit": [float(value) for value in found[model][0]],
                "credited_orders": int(orders),
                "share": [float(value / orders) for value in found[model][0]],
                "credited_revenue": [float(value / 100) for value in found[model][1]],
            }
        )
        for model in _MODELS
    ]
    order = sorted(range(size), key=lambda place: (-markov[place], paths.names[place]))
    return pd.concat([table.iloc[order] for table in tables], ignore_index=True)


def _figures(
    paths: PathRows, counts: CreditCounts, estimates: dict[str, Copies], settings: Settings
) -> dict[str, object]:
    orders, every = int(counts.paths[:, 1].sum()), int(counts.paths.sum())
    won = counts.sets[counts.sets["converted"] == 1]
    return {
        "orders": paths.orders,
        "credited_orders": orders,
        "touched_share": orders / paths.orders,
        "paths": every,
        "conversion_rate": orders / every,
        "touches_per_order": counts.length / orders,
        "net_revenue": float(won["cents"].sum()) / 100,
        "removal_policy": settings.journeys.attribution_removal,
        **find_overcredited(paths, counts, estimates, settings),
    }


def _verdict(figures: dict[str, object], settings: Settings) -> Verdict:
    if int(str(figures["credited_orders"])) < settings.journeys.attribution_min_orders:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.WATCH if figures["overcredited"] else Verdict.CLEAR


def _notes(settings: Settings) -> tuple[Message, ...]:
    kept = (
        msg("Removal: people are lost where they would have met the removed touchpoint (to null).")
        if settings.journeys.attribution_removal == TO_NULL
        else msg("Removal: people who met the removed touchpoint are left out (renormalised).")
    )
    return (
        msg(
            "A model of what went together, not of cause: who was about to buy also meets more "
            "touchpoints. Only a holdout tells what a touchpoint adds."
        ),
        kept,
        msg("Linear credit is per touch: a touchpoint met twice on a path gets two shares."),
        msg(
            "Money goes with the orders of a path; for removal it is the net revenue in "
            "proportion to the share of credit."
        ),
    )
