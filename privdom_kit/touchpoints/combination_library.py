"""The known combinations and the two axes, against what a brand has in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.engine import collect
from privdom_kit.knowledge.combinations import DOMAINS, KINDS, Combination, load_combinations

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.touchpoints.order_sets import Chance, OrderSets


def find_present(base: Base, rules: Any) -> set[str]:
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


def library_table(sets: OrderSets, chance: Chance, present: set[str], rules: Any) -> pd.DataFrame:
    """The combinations of the library, each with what the brand has of it and what it carries."""
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
        return {**line, **dict.fromkeys((*empty, "orders", "expected_orders", *bounded("ratio")))}
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


def axes_table(present: set[str]) -> pd.DataFrame:
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
