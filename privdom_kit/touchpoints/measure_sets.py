"""Which sets of touchpoints stand before orders, and which of the known combinations are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, interval_figures, rate, used_settings
from privdom_kit.clusters import clustered_share
from privdom_kit.engine import collect
from privdom_kit.estimates import adjust_p_values
from privdom_kit.knowledge.combinations import DOMAINS, KINDS, Combination, load_combinations
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.order_sets import Chance, OrderSets, expect, read_order_sets

if TYPE_CHECKING:
    import numpy as np
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
    "p_value": "number: p-value",
    "p_value_adjusted": "number: p-value corrected by Holm",
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
    present = _present(base, rules)
    chance = expect(sets)
    table, pairs = _set_table(sets, chance, rules), _pair_table(sets, chance, rules)
    library, axes = _library_table(sets, chance, present, rules), _axes(present)
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


def _present(base: Base, rules: Any) -> set[str]:
    """Touchpoints with anything in the period: events, posts, statistics, groups, paid channels."""
    import narwhals as nw

    start = base.as_of_day - rules.combination_period_days + 1
    events = base.events
    recent = events.frame.filter(nw.col("day") >= start).select("touchpoint").unique(["touchpoint"])
    found = {events.touchpoints[int(c)] for c in collect(recent, limit=10_000)["touchpoint"]}
    for name, day in (("posts", "posted_on"), ("touchpoint_days", "date")):
        if name in base.tables:
            table = base.tables[name]
            rows = table.frame.filter(nw.col(day) >= start).select("touchpoint")
            seen = collect(rows.unique(["touchpoint"]), limit=10_000)
            found |= set(table.decode(seen, "touchpoint")["touchpoint"])
    if "groups" in base.tables:
        found.add("group")
    if base.has("channel_days", "traffic") and _paid(base, start):
        found.add("ads")
    return found


def _paid(base: Base, start: int) -> bool:
    import narwhals as nw

    table = base.tables["channel_days"]
    paid = (nw.col("traffic") == table.code("traffic", "paid")) & (nw.col("date") >= start)
    return (
        int(collect(table.frame.filter(paid).select(nw.len().alias("n")), limit=1)["n"].iloc[0]) > 0
    )


def _library_table(sets: OrderSets, chance: Chance, present: set[str], rules: Any) -> pd.DataFrame:
    import pandas as pd

    lines = [
        _library_line(one, sets, chance, present, rules)
        for one in load_combinations().combinations.values()
    ]
    counts = ["people", "buyers", "orders"]
    return pd.DataFrame(lines).astype(dict.fromkeys(counts, "Int64"))


def _library_line(
    one: Combination, sets: OrderSets, chance: Chance, present: set[str], rules: Any
) -> dict[str, Any]:
    lacking = [choice[0] for choice in one.needs if not present & set(choice)]
    traced = all(set(choice) & set(sets.touchpoints) for choice in one.needs)
    line = {
        "combination": one.id,
        "in_use": str(not lacking).lower(),
        "traced": str(traced).lower(),
        "missing": "+".join(lacking) or None,
    }
    if not traced:
        empty = ("people", "buyers", "buyer_rate", "buyer_rate_ci_lower", "buyer_rate_ci_upper")
        return {**line, **dict.fromkeys((*empty, "orders", "expected_orders", *_RATIO))}
    import numpy as np

    holds = _holders(one, sets)
    had, expected = chance.orders(holds)
    enough = max(had, expected) >= rules.combination_min_orders
    found = chance.compare(holds, rules.confidence_level) if enough else None
    carrying = np.flatnonzero(holds)
    carried = sets.carriers[sets.carriers["mask"].isin(carrying)]
    people, buyers = int(carried["people"].sum()), int(carried["buyers"].sum())
    return {
        **line,
        "people": people,
        "buyers": buyers,
        **rate(buyers, people, "buyer_rate", rules.confidence_level),
        "orders": int(had),
        "expected_orders": expected,
        **interval_figures("ratio", found[0] if found else None),
    }


def _holders(one: Combination, sets: OrderSets) -> np.ndarray:
    """Whether a mask holds a touchpoint of each choice, by mask."""
    import numpy as np

    masks = np.arange(2 ** len(sets.touchpoints))
    bits = [
        sum(2**i for i, name in enumerate(sets.touchpoints) if name in choice)
        for choice in one.needs
    ]
    return np.all([(masks & chosen) > 0 for chosen in bits], axis=0)


def _axes(present: set[str]) -> pd.DataFrame:
    """Touchpoints in use by the two axes; those that the library does not place are left out."""
    import pandas as pd

    places = load_combinations().places
    lines = []
    for kind in KINDS:
        for domain in DOMAINS:
            here = [
                name
                for name, place in places.items()
                if name in present and (place.kind, place.domain) == (kind, domain)
            ]
            lines.append(
                {
                    "kind": kind,
                    "domain": domain,
                    "touchpoints_in_use": len(here),
                    "touchpoint_names": "+".join(here) or None,
                }
            )
    return pd.DataFrame(lines)


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
