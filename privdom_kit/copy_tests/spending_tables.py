"""Spending as it is shown: a row a crowd, and a row a plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.copy_tests.cost_rows import EVERY, EXTRA
from privdom_kit.copy_tests.pack_rates import beta_interval

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.small_cells import Hidden
    from privdom_kit.copy_tests.spending_tests import SpendingTest

#: How much of a crowd the plan contacts.
WHOLE, PART, NONE = "whole", "part", "none"
_MONEY = (
    "friend_value",
    "incentive_per_friend",
    "cost_per_contact",
    *bounded("profit_per_contact"),
)
_RATES = (*bounded("rate"), *bounded("shrunk_rate"), "held_rate", "chance_pays")


def crowd_table(tests: Sequence[SpendingTest], small: Hidden) -> tuple[pd.DataFrame, int]:
    """A row a test and crowd in the order of spending; and how many cells are hidden."""
    import pandas as pd

    rows = [row for test in tests for row in _rows(test, small)]
    counts = ("people", "friends", "available_people", "contacts", "place")
    columns = [
        *("test", "crowd", "evidence", "counted", "people", "friends", *_RATES, *_MONEY),
        *("available_people", "place", "taken", "contacts", "spend", "calls"),
    ]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(counts, "Int64"))
    numbers = dict.fromkeys((*_RATES, *_MONEY, "spend", "calls"), "float64")
    hidden = sum((test.name, crowd) in small.crowds for test in tests for crowd in test.crowds)
    return table.astype(numbers), hidden


def _rows(test: SpendingTest, small: Hidden) -> list[dict[str, Any]]:
    rows = []
    for i, crowd in enumerate(test.crowds):
        row: dict[str, Any] = {"test": test.name, "crowd": crowd, "evidence": test.evidence}
        row |= {"counted": EXTRA if test.extra else EVERY, "available_people": test.available[i]}
        if (test.name, crowd) not in small.crowds:
            row |= {"people": test.n[i], "friends": test.x[i]} | rate(
                test.x[i], test.n[i], "rate", test.level
            )
            row |= _profit_row(test, test.judged.index(i)) if i in test.judged else {}
            if _held_hidden(test, small):
                row |= dict.fromkeys(("held_rate", "chance_pays", *bounded("profit_per_contact")))
        rows.append(row)
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[float, float, str]:
    """Crowds as they are spent on, then the others by what is shown of their profit."""
    profit = row.get("profit_per_contact")
    return row.get("place") or math.inf, math.inf if profit is None else -profit, row["crowd"]


def _held_hidden(test: SpendingTest, small: Hidden) -> bool:
    """Whether the people held back of the test are too few to show, where profit rests on them."""
    return test.extra and any(arm[0] == test.name and arm[2] for arm in small.arms)


def _profit_row(test: SpendingTest, place: int) -> dict[str, Any]:
    profits, best = test.profits, test.best
    assert profits is not None
    assert best is not None
    contacts = math.floor(best.contacts[place] + 1e-6)
    share = beta_interval(profits.rates.estimates[place], profits.rates.errors[place], test.level)
    full = contacts >= test.available[test.judged[place]]
    return {
        **interval_figures("shrunk_rate", share),
        "held_rate": profits.held[place] if test.extra else None,
        "friend_value": profits.values[place],
        "incentive_per_friend": profits.incentive,
        "cost_per_contact": profits.costs[place],
        **interval_figures("profit_per_contact", test.intervals[place]),
        "chance_pays": profits.chance_above(place, test.wide_level),
        "place": test.places[place],
        "taken": (WHOLE if full else PART) if contacts else NONE,
        "contacts": contacts,
        "spend": contacts * profits.spends[place],
        "calls": contacts * test.calls[place],
    }


def plan_table(tests: Sequence[SpendingTest], small: Hidden) -> pd.DataFrame:
    """A row a test: what the plan costs and brings, and what more would."""
    import pandas as pd

    rows = [_plan_row(test, small) for test in tests]
    texts = ("test", "evidence", "counted", "value_source")
    counts = ("call_capacity", "contacts", "lacking_people")
    numbers = (
        *("budget", "spend", "calls", *bounded("expected_friends"), *bounded("expected_profit")),
        *("even_profit", *bounded("gain"), "budget_price", "call_price", "kept_share"),
    )
    table = pd.DataFrame(rows, columns=[*texts, *counts, *numbers])
    return table.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(numbers, "float64"))


def _plan_row(test: SpendingTest, small: Hidden) -> dict[str, Any]:
    row: dict[str, Any] = {
        "test": test.name,
        "evidence": test.evidence,
        "counted": EXTRA if test.extra else EVERY,
        "budget": test.budget,
        "call_capacity": test.capacity,
        "lacking_people": test.lacking,
    }
    if test.best is None or test.gain is None:
        return row
    row |= {
        "value_source": test.values[0].source,
        "kept_share": test.values[0].kept_share,
        "contacts": sum(math.floor(z + 1e-6) for z in test.best.contacts),
        "spend": test.best.cost,
        "calls": test.best.calls,
        "budget_price": test.best.budget_price,
        "call_price": test.best.call_price,
    }
    # Where all crowds but one are shown, the plan would tell that one.
    hidden = sum((test.name, crowd) in small.crowds for crowd in test.crowds)
    if hidden == 1 or hidden == len(test.crowds) or _held_hidden(test, small):
        return row
    row |= interval_figures("expected_friends", test.friends)
    row |= interval_figures("expected_profit", test.total)
    return row | {"even_profit": test.even, **interval_figures("gain", test.gain)}
