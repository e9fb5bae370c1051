"""Order value: for each person of an arm, and for each order, against the reference.

Order value a person counts everybody, those without an order with nothing: that is what a test
compares. Order value an order is of those who ordered; who does so may differ between arms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures
from privdom_kit.copy_tests.primary import arm_sums, challengers, references
from privdom_kit.copy_tests.soundness import holdout_recorded
from privdom_kit.copy_tests.start import HELD_BACK
from privdom_kit.estimates import (
    DifferenceTest,
    Moments,
    PairedMoments,
    RatioMoments,
    adjusted_difference,
    mean_difference,
    mean_interval,
    ratio_difference,
)

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

_CENTS = 100
_NAMES = ("test", "reference", "reference_kind", "arm")
_ORDERED = ("ordered", "reference_ordered")
_VALUES = ("order_value", "reference_order_value", "value_difference", "adjusted_difference")
_AN_ORDER = ("value_an_order", "reference_value_an_order")
MONEY_COLUMNS = (
    *(*_NAMES, "people", "ordered", *bounded(_VALUES[0])),
    *("reference_people", "reference_ordered", *bounded(_VALUES[1])),
    *(*bounded(_VALUES[2]), "p_value", *bounded(_VALUES[3]), "adjusted_p_value"),
    "variance_removed",
)
ORDER_COLUMNS = (*_NAMES, *_ORDERED, *_AN_ORDER, *bounded("value_lift"), "p_value")


def money_tables(base: CopyBase, least: int) -> tuple[dict[str, pd.DataFrame], int]:
    """``money`` and ``order_values``, and how many cells were hidden; empty without order values.

    Differences of means are Welch's; beside them adjusted for what the same people spent before
    the send (CUPED), with the share of variance that this removes. Order value an order is the
    relative lift by the delta method. All at the plain level: none of them decides.

    Args:
        base: The client.
        least: People with an order from which on their money is shown.
    """
    import pandas as pd

    money: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    told = base.units is not None and "value_cents" in base.units.amounts
    for test in base.tests() if told else ():
        for reference in references(base, test):
            if reference[1] == HELD_BACK and not holdout_recorded(base, test):
                continue
            theirs = arm_sums(base, test, reference[0], reference[1] == HELD_BACK)
            for arm in challengers(base, test, reference[0]):
                ours = arm_sums(base, test, arm, held=False)
                if not ours["x_ordered"] + theirs["x_ordered"]:
                    continue
                names = dict(zip(_NAMES, (test, *reference, arm), strict=True))
                counts = _counts(ours, theirs)
                money.append(names | counts | _money_row(base, ours, theirs))
                orders.append(names | counts | _order_row(base, ours, theirs))
    found = pd.DataFrame(money, columns=list(MONEY_COLUMNS))
    ratios = pd.DataFrame(orders, columns=list(ORDER_COLUMNS))
    numbers = [c for c in (*MONEY_COLUMNS, *ORDER_COLUMNS[6:]) if c not in (*_NAMES, "people")]
    found, cells = _hide(found.astype({c: "float64" for c in numbers if c in found}), least)
    ratios, _ = _hide(ratios.astype({c: "float64" for c in numbers if c in ratios}), least)
    return {"money": found, "order_values": ratios}, cells


def _counts(ours: pd.Series, theirs: pd.Series) -> dict[str, int]:
    return {
        "people": int(ours["n_value_cents"]),
        "ordered": int(ours["x_ordered"]),
        "reference_people": int(theirs["n_value_cents"]),
        "reference_ordered": int(theirs["x_ordered"]),
    }


def _money_row(base: CopyBase, ours: pd.Series, theirs: pd.Series) -> dict[str, float | None]:
    level = base.settings.copy_tests.confidence_level
    sides = [_moments(side) for side in (ours, theirs)]
    row: dict[str, float | None] = {}
    for name, side in zip(_VALUES, sides, strict=False):
        row |= interval_figures(name, mean_interval(side.n, side.sum, side.sum_squares, level))
    if not _enough(base, ours, theirs):
        gone = (*bounded(_VALUES[2]), "p_value", *bounded(_VALUES[3]), "adjusted_p_value")
        return row | dict.fromkeys((*gone, "variance_removed"))
    plain = mean_difference(sides[1], sides[0], level=level)
    row |= interval_figures(_VALUES[2], _known(plain)) | {"p_value": _number(plain.p_value)}
    adjusted = None
    told = base.units is not None and "before_cents" in base.units.amounts
    # Sums of the spend before hold everybody: they fit only where all windows are over.
    if told and all(side["n_value_cents"] == side["n_before_cents"] for side in (ours, theirs)):
        adjusted = adjusted_difference(_paired(theirs), _paired(ours), level=level)
        adjusted = _known(adjusted)
    row |= interval_figures(_VALUES[3], adjusted)
    row["adjusted_p_value"] = None if adjusted is None else _number(adjusted.p_value)
    both = adjusted is not None and plain.standard_error > 0
    row["variance_removed"] = (
        1 - (adjusted.standard_error / plain.standard_error) ** 2 if both and adjusted else None
    )
    return row


def _order_row(base: CopyBase, ours: pd.Series, theirs: pd.Series) -> dict[str, float | None]:
    names = (*bounded("value_lift"), "p_value")
    row: dict[str, float | None] = {
        name: _share(side["x_value_cents"] / _CENTS, side["x_ordered"])
        for name, side in zip(_AN_ORDER, (ours, theirs), strict=True)
    }
    floor = base.settings.privacy.min_cell
    if min(ours["x_ordered"], theirs["x_ordered"]) < floor or not theirs["x_value_cents"] > 0:
        return row | dict.fromkeys(names)
    level = base.settings.copy_tests.confidence_level
    found = ratio_difference(_ratio(theirs), _ratio(ours), level=level)
    return row | interval_figures("value_lift", _known(found)) | {"p_value": _number(found.p_value)}


def _enough(base: CopyBase, ours: pd.Series, theirs: pd.Series) -> bool:
    rules = base.settings.copy_tests
    people = min(ours["n_value_cents"], theirs["n_value_cents"]) >= rules.least_people
    return bool(people and ours["x_ordered"] + theirs["x_ordered"] >= rules.least_events)


def _moments(side: pd.Series) -> Moments:
    sums = side["x_value_cents"] / _CENTS, side["xx_value_cents"] / _CENTS**2
    return Moments(float(side["n_value_cents"]), *(float(value) for value in sums))


def _paired(side: pd.Series) -> PairedMoments:
    money = _moments(side)
    squares = side["xx_before_cents"], side["xy_value_cents_before_cents"]
    before = float(side["x_before_cents"]) / _CENTS
    return PairedMoments(
        money.n, money.sum, money.sum_squares, before, *(float(s) / _CENTS**2 for s in squares)
    )


def _ratio(side: pd.Series) -> RatioMoments:
    """Order value over orders: who has no order has no value, so the products are the values."""
    money, orders = _moments(side), float(side["x_ordered"])
    return RatioMoments(money.n, money.sum, money.sum_squares, orders, orders, money.sum)


def _known(found: DifferenceTest) -> DifferenceTest | None:
    return None if math.isnan(found.lower) else found


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _share(top: float, bottom: float) -> float | None:
    return float(top / bottom) if bottom else None


def _hide(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The table without what rests on the orders of few people."""
    hidden = 0
    shown = table.astype(dict.fromkeys(_ORDERED, "Int64"))
    small = {c: ((shown[c] > 0) & (shown[c] < least)).fillna(value=False) for c in _ORDERED}
    computed = [c for c in shown if c not in (*_NAMES, "people", "reference_people", *_ORDERED)]
    for column, at in small.items():
        ours = not column.startswith("reference")
        own = [c for c in computed if c.startswith("reference") != ours]
        shown.loc[at, [column, *own]] = None
        hidden += int(at.sum())
    either = small["ordered"] | small["reference_ordered"]
    both = [c for c in computed if "difference" in c or "lift" in c or "p_value" in c]
    shown.loc[either, [*both, *(c for c in computed if c == "variance_removed")]] = None
    return shown, hidden
