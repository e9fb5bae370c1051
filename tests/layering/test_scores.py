"""Scores with ties by hand and against pandas' ranks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from client_tables import orders

from privdom_kit.engine import collect
from privdom_kit.layering.measure_scores import measure_rfm, with_scores
from privdom_kit.results import Verdict


def test_ties_share_a_score_by_hand(summarise) -> None:
    """Five buyers, last orders 1, 1, 3, 4, 5 days ago, so 1 + floor(5 x worse / 5).

    Worse than 5 days: nobody: 1; 4: one: 2; 3: two: 3; both of 1 day: three: 4. One purchase day
    each: all score 1. Spend 10, 20, 30, 40, 50: 1 to 5.
    """
    rows = [(1, 999, 10), (2, 999, 20), (3, 997, 30), (4, 996, 40), (5, 995, 50)]
    base, _ = summarise({"orders": orders(*rows)}, 1000)
    scored = collect(with_scores(base), limit=9).sort_values("customer")
    assert scored["last_order_score"].tolist() == [4, 4, 3, 2, 1]
    assert scored["frequency_score"].tolist() == [1] * 5
    assert scored["monetary_score"].tolist() == [1, 2, 3, 4, 5]


def test_good_customers_going_silent_and_their_money(summarise) -> None:
    """Of the five above, customers 4 and 5 have spend scores of 4 and 5 and recency of 2 or less.

    90 yuan x 40 % = 36 a year.
    """
    rows = [(1, 999, 10), (2, 999, 20), (3, 997, 30), (4, 996, 40), (5, 995, 50)]
    base, rules = summarise({"orders": orders(*rows)}, 1000, gross_margin=0.4)
    result = measure_rfm(base, rules)
    figures = result.figures
    assert (figures["high_spend_customers"], figures["at_risk_customers"]) == (2, 2)
    assert (figures["at_risk_net_spend"], figures["money_at_stake"]) == (90, 36)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_scores_against_pandas_ranks(summarise) -> None:
    """Against pandas' rank(method="min") on 400 random buyers with many ties; the grid adds up."""
    random = np.random.default_rng(5)
    rows = [(int(c), int(d), int(a)) for c, d, a in zip(
        random.integers(0, 400, 1500), random.integers(900, 1000, 1500),
        random.integers(1, 9, 1500), strict=True)]  # fmt: skip
    base, rules = summarise({"orders": orders(*rows)}, 1000)
    scored = collect(with_scores(base), limit=500)
    frame = pd.DataFrame(rows, columns=["customer", "day", "yuan"])
    by = frame.groupby("customer").agg(
        last=("day", "max"), days=("day", "nunique"), spend=("yuan", "sum")
    )
    n = len(by)
    wanted = {
        name: 1 + (5 * (by[column].rank(method="min") - 1) // n).astype(int)
        for name, column in (
            ("last_order_score", "last"), ("frequency_score", "days"), ("monetary_score", "spend"),
        )
    }  # fmt: skip
    scored = scored.set_index("customer").sort_index()
    for name, values in wanted.items():
        assert scored[name].tolist() == values.tolist()
    result = measure_rfm(base, rules)
    assert result.table["customers"].sum() == n
    assert result.table["net_spend"].sum() == frame["yuan"].sum()
    assert result.verdict is Verdict.WATCH
    quadrants = result.tables["quadrants"].set_index(["order_value", "purchase_frequency"])
    value = by["spend"] * 100 // by["days"]
    high = (value > value.median()) & (by["days"] > by["days"].median())
    assert quadrants.loc[("high", "high"), "customers"] == high.sum()
    assert quadrants["customers"].sum() == n
