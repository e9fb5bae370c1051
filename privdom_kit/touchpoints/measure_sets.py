"""Which sets of touchpoints stand before orders, and which of the known combinations are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, interval_figures, used_settings
from privdom_kit.clusters import clustered_share
from privdom_kit.estimates import adjust_p_values
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.combination_library import axes_table, find_present, library_table
from privdom_kit.touchpoints.order_sets import Chance, OrderSets, expect, read_order_sets

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MOST_SETS = 20
_RATIO = ("ratio", "ratio_ci_lower", "ratio_ci_upper")
_COMPARED = ["orders", "expected_orders", *_RATIO, "p_value", "p_value_adjusted"]
UNITS = {
    "set": "text: touchpoints before the order",
    "size": "count: touchpoints of the set",
    "orders": "count: orders",
    "all_orders": "count: orders in all",
    "order_share": "percent: share of orders",
    "people": "count: people",
    "expected_orders": "number: orders if touchpoints came together by chance",
    "ratio": "number: orders had over orders expected",
    "p_value": "p_value: p-value",
    "p_value_adjusted": "p_value: p-value corrected by Holm",
    "stands_out": "text: whether the set has more orders than chance gives, for sure",
    "combination": "text: combination of the library",
    "in_use": "text: whether the brand has what it joins",
    "traced": "text: whether people can be followed through all of it",
    "missing": "text: touchpoints that are lacking; of a choice, the first",
    "buyers": "count: people of them with an order in the period",
    "buyer_rate": "percent: share of the people with an order in the period",
    "kind": "text: tool or operation",
    "domain": "text: public or private",
    "touchpoints_in_use": "count: touchpoints in use",
    "touchpoint_names": "text: touchpoints in use",
    "untouched_orders": "count: orders with no touchpoint before them",
    "untouched_share": "percent: share of orders with no touchpoint before them",
    "combined_orders": "count: orders with two touchpoints or more before them",
    "combined_share": "percent: share of orders with two touchpoints or more before them",
    "standing_out": "count: pairs of touchpoints with more orders than chance gives",
    "combinations_in_use": "count: combinations of the library in use",
    "combinations_known": "count: combinations of the library",
    "empty_cells": "count: cells of the two axes without a touchpoint",
}
QUESTION = Question("combinations", ("S175", "S176"), UNITS)
_SETTINGS = ("days", "own_acts", "period_days", "touchpoints", "min_orders", "ratio")


def measure_combinations(base: Base, settings: Settings) -> Result:
    """Orders by the set of touchpoints in the days before, against independence.

    Expected are the orders that a set would have if, among orders with any touch, each touchpoint
    came with its own share whatever the others did (independence given at least one). The
    interval is a jackknife over parts of the people, as a person's orders are alike; p-values are
    corrected by Holm over the sets, or the pairs, compared. What goes together need not cause:
    people who are active in many places also order more.

    Returns:
        ``table``: set, size, orders, all_orders, order_share, people, expected_orders, ratio and
        interval, p_value, p_value_adjusted, stands_out. ``pairs``: the same for orders after both
        of two touchpoints, whatever else came before. ``library``: the seven combinations of
        article 004 with in_use, traced, missing, people, buyers, buyer_rate and interval, orders,
        expected_orders, ratio and interval (S175). ``axes``: touchpoints in use by tool or
        operation and public or private (S176).
    """
    rules = settings.touchpoints
    used = used_settings(
        settings,
        *(f"touchpoints.combination_{name}" for name in _SETTINGS),
        "touchpoints.confidence_level",
    )
    if base.purchases is None:
        reason = msg("No orders were given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    sets = read_order_sets(base, rules)
    coverage = base.events.coverage
    if sets is None:
        reason = msg("Fewer than two touchpoints met anybody before an order in the data.")
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_MEASURED, reason, used, coverage=coverage
        )
    if not sets.orders:
        reason = msg("No order of the period has {days:days} of data before it.", days=_days(rules))
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    present = find_present(base, rules)
    chance = expect(sets)
    table, pairs = _set_table(sets, chance, rules), _pair_table(sets, chance, rules)
    library, axes = library_table(sets, chance, present, rules), axes_table(present)
    figures = _figures(sets, table, pairs, library, axes, rules)
    least = settings.privacy.min_cell
    shown, library, cells = _hidden(table.head(_MOST_SETS), library, least)
    pairs, more = suppress(pairs, "people", _COMPARED, least, groups=())
    cells += more
    extra = {"pairs": pairs, "library": library, "axes": axes}
    return QUESTION.answer(
        base.as_of,
        _verdict(sets, figures, rules),
        shown,
        used,
        coverage=_coverage(coverage, sets),
        figures=figures,
        tables={name: t for name, t in extra.items() if len(t)},
        notes=(*_notes(sets, rules), *suppression_note(cells, least)),
    )


def _days(rules: Any) -> int:
    return int(rules.combination_days)


def _verdict(sets: OrderSets, figures: dict[str, Any], rules: Any) -> Verdict:
    """``watch`` where there is something to build on or a gap; never a duty to act."""
    if sets.orders < rules.combination_min_orders:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.WATCH if figures["standing_out"] or figures["empty_cells"] else Verdict.CLEAR


def _set_table(sets: OrderSets, chance: Chance, rules: Any) -> pd.DataFrame:
    """A line a set, most orders first; compared where orders had or expected are enough."""
    import numpy as np

    masks = np.arange(len(chance.had))
    people = dict(zip(sets.people["mask"], sets.people["people"], strict=True))
    lines, p_values = [], []
    for mask in sorted(masks.tolist(), key=lambda m: (-chance.had[m], m)):
        had, expected = chance.orders(masks == mask)
        compared = mask > 0 and max(had, expected) >= rules.combination_min_orders
        if not had and not compared:
            continue
        found = chance.compare(masks == mask, rules.confidence_level) if compared else None
        p_values.append(found[1].p_value if found else None)
        lines.append(
            {
                "set": "+".join(sets.names(mask)) or "none",
                "size": len(sets.names(mask)),
                "orders": int(had),
                "all_orders": sets.orders,
                "order_share": had / sets.orders,
                "people": int(people.get(mask, 0)),
                "expected_orders": expected if mask else None,
                **interval_figures("ratio", found[0] if found else None),
            }
        )
    return _judged(lines, p_values, rules)


def _judged(lines: list[dict[str, Any]], p_values: list[float | None], rules: Any) -> pd.DataFrame:
    """The lines with p-values, corrected over those compared, and whether they stand out."""
    import pandas as pd

    table = pd.DataFrame(lines)
    table["p_value"] = pd.Series(p_values, dtype="float64")
    table["p_value_adjusted"] = pd.Series(adjust_p_values(p_values), dtype="float64")
    table["stands_out"] = [_stands_out(line, rules) for line in table.itertuples(index=False)]
    return table


def _pair_table(sets: OrderSets, chance: Chance, rules: Any) -> pd.DataFrame:
    """A line a pair of touchpoints with enough orders, had or expected, after both."""
    import numpy as np
    import pandas as pd

    masks = np.arange(len(chance.had))
    lines, p_values = [], []
    for (i, j), people in sets.pair_people.items():
        holds = (masks >> i & 1) & (masks >> j & 1) == 1
        had, expected = chance.orders(holds)
        if max(had, expected) < rules.combination_min_orders:
            continue
        found = chance.compare(holds, rules.confidence_level)
        p_values.append(found[1].p_value if found else None)
        lines.append(
            {
                "set": f"{sets.touchpoints[i]}+{sets.touchpoints[j]}",
                "size": 2,
                "orders": int(had),
                "people": people,
                "expected_orders": expected,
                **interval_figures("ratio", found[0] if found else None),
            }
        )
    if not lines:
        return pd.DataFrame(columns=["set", "people", *_COMPARED])
    table = _judged(lines, p_values, rules)
    return table.sort_values(["ratio", "set"], ascending=[False, True], ignore_index=True)


def _stands_out(line: Any, rules: Any) -> str | None:
    """True or false of a set of two or more that was compared; None of any other line."""
    if line.size < 2 or line.p_value_adjusted != line.p_value_adjusted:
        return None
    sure = line.p_value_adjusted < 1 - rules.confidence_level
    return str(bool(sure and line.ratio >= rules.combination_ratio)).lower()


def _figures(
    sets: OrderSets,
    table: pd.DataFrame,
    pairs: pd.DataFrame,
    library: pd.DataFrame,
    axes: pd.DataFrame,
    rules: Any,
) -> dict[str, Any]:
    untouched = int(table.loc[table["size"] == 0, "orders"].sum())
    combined = int(table.loc[table["size"] >= 2, "orders"].sum())
    matrix, level = sets.matrix(), rules.confidence_level
    several = [m for m in range(matrix.shape[1]) if len(sets.names(m)) >= 2]
    by_part = matrix.sum(axis=1)
    return {
        "orders": sets.orders,
        "untouched_orders": untouched,
        **interval_figures("untouched_share", clustered_share(matrix[:, 0], by_part, level)),
        "combined_orders": combined,
        **interval_figures(
            "combined_share", clustered_share(matrix[:, several].sum(axis=1), by_part, level)
        ),
        "standing_out": int((pairs["stands_out"] == "true").sum()) if len(pairs) else 0,
        "combinations_in_use": int((library["in_use"] == "true").sum()),
        "combinations_known": len(library),
        "empty_cells": int((axes["touchpoints_in_use"] == 0).sum()),
    }


def _hidden(
    table: pd.DataFrame, library: pd.DataFrame, least: int
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    numbers = ["order_share", *_COMPARED]
    shown, cells = suppress(table.reset_index(drop=True), "people", numbers, least, groups=())
    rates = ["buyers", "buyer_rate", "buyer_rate_ci_lower", "buyer_rate_ci_upper"]
    library, few = suppress(library, "people", rates, least, groups=())
    library, fewer = suppress(library, "buyers", rates[1:], least, groups=())
    return shown, library, cells + few + fewer


def _coverage(seen: Coverage, sets: OrderSets) -> Coverage:
    if not sets.early:
        return seen
    dropped = {**seen.dropped, "before window": sets.early}
    return Coverage(seen.rows, seen.used - sets.early, dropped)


def _notes(sets: OrderSets, rules: Any) -> tuple[Message, ...]:
    from privdom_kit.labels import label

    notes = [
        msg(
            "What goes together need not cause: people who are active in many places also order "
            "more. A touchpoint belongs to an order where the customer did anything there in "
            "the {days:days} before.",
            days=rules.combination_days,
        )
        if rules.combination_own_acts
        else msg(
            "What goes together need not cause: people who are active in many places also order "
            "more. A touchpoint belongs to an order where brand or customer did anything there in "
            "the {days:days} before.",
            days=rules.combination_days,
        ),
        msg(
            "Chance means that, among orders with any touchpoint before them, each touchpoint "
            "comes with its own share whatever the others do."
        ),
    ]
    if sets.early:
        notes.append(
            msg(
                "{orders:count} orders lie so early that the touchpoints before them are not in "
                "the data; they are left out.",
                orders=sets.early,
            )
        )
    if sets.left_out:
        names = join_messages([label(name) for name in sets.left_out])
        notes.append(
            msg("Less frequent touchpoints are not part of any set: {names}.", names=names)
        )
    return tuple(notes)
