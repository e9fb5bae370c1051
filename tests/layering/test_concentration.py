"""Concentration: exact against brute force on sorted lists."""

from __future__ import annotations

import math

import client_tables
import numpy as np
import pandas as pd
import pytest
from client_tables import orders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit.engine import closing, connect
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_spread import measure_concentration
from privdom_kit.results import Verdict


def gini_by_definition(values: list[int]) -> float:
    """Half the mean absolute difference of all pairs over the mean."""
    x = np.array(values, dtype=float)
    return float(np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean()))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(-30, 90), min_size=2, max_size=40).filter(lambda v: max(v) > 0))
def test_shares_and_gini_against_sorted_lists(spends: list[int]) -> None:
    """Top shares, the fewest that give 80 %, and Gini from all pairs; negatives named apart."""
    rows = [(c, 900, 100) for c in range(len(spends))]
    rows += [(c, 901, spend - 100) for c, spend in enumerate(spends) if spend != 100]
    with closing(connect()) as connection:
        client = client_tables.client(
            connection, {"orders": orders(*rows)}, 1000, privacy={"min_cell": 1}
        )
        result = measure_concentration(summarise_customers(client), client.settings)
    positive = sorted((s for s in spends if s > 0), reverse=True)
    n, total = len(positive), sum(positive)
    for row in result.table.itertuples():
        people = math.ceil(round(row.top_share * n, 6))
        assert row.customers == people
        assert row.spend_share == pytest.approx(sum(positive[:people]) / total)
    few = next(k for k in range(1, n + 1) if sum(positive[:k]) >= 0.8 * total - 1e-9)
    figures = result.figures
    assert figures["value_customers"] == few
    assert figures["gini"] == pytest.approx(gini_by_definition(positive), abs=1e-9)
    assert figures["negative_spend_customers"] == sum(s < 0 for s in spends)
    assert figures["negative_net_spend"] == sum(s for s in spends if s < 0)


def test_by_channel_contacts_and_margin(summarise) -> None:
    """Spends 700, 200, 100: the top two give 80 % (900 of 1,000). 700 came through qr.

    Costs 650, 50, 20: margins 50, 150, 80 of 280: 80 % = 224 needs 150 + 80 = 230: two people.
    """
    bought = orders((1, 900, 700), (2, 900, 200), (3, 900, 100), order_id=[11, 12, 13])
    items = pd.DataFrame(
        {"order_id": [11, 12, 13], "sku": "s", "quantity": 1.0, "amount_cents": 1,
         "unit_cost_cents": [65_000, 5_000, 2_000]}
    )  # fmt: skip
    contacts = pd.DataFrame({"customer": [1], "added_on": [800], "add_way": ["qr"]})
    frames = {"orders": bought, "order_items": items, "contacts": contacts}
    base, rules = summarise(frames, 1000, min_customers=1)
    result = measure_concentration(base, rules)
    figures = result.figures
    assert figures["value_customers"] == 2
    assert figures["contact_spend_share"] == pytest.approx(0.7)
    assert (figures["margin_value_customers"], figures["margin_buyers"]) == (2, 3)
    assert figures["margin_spend_covered"] == 1.0
    channels = result.tables["channels"].set_index("channel")
    assert channels["value_customers"].to_dict() == {"unknown": 1, "qr": 1}
    assert result.verdict is Verdict.WATCH


def test_orders_with_an_item_of_unknown_cost_are_left_out_of_margin(summarise) -> None:
    bought = orders((1, 900, 600), (2, 900, 400), order_id=[11, 12])
    items = pd.DataFrame(
        {"order_id": [11, 12, 12], "sku": "s", "quantity": 1.0, "amount_cents": 1,
         "unit_cost_cents": pd.array([100, 100, None], dtype="Int64")}
    )  # fmt: skip
    base, rules = summarise({"orders": bought, "order_items": items}, 1000, min_customers=1)
    figures = measure_concentration(base, rules).figures
    assert figures["margin_spend_covered"] == pytest.approx(0.6)
    assert figures["margin_buyers"] == 1


def test_few_people_are_not_shown(summarise) -> None:
    """One of 20 gives nearly all: their number is not shown, nor is the spend of the top few."""
    rows = [(0, 900, 10_000)] + [(c, 900, 1) for c in range(1, 20)]
    base, rules = summarise({"orders": orders(*rows)}, 1000, privacy={"min_cell": 10})
    result = measure_concentration(base, rules)
    assert result.figures["value_customers"] is None
    table = result.table.set_index("top_share")
    assert table.loc[[0.01, 0.05, 0.1, 0.2], "net_spend"].isna().all()
    assert table.loc[0.5, "customers"] == 10


def test_nobody_with_positive_spend(summarise) -> None:
    base, rules = summarise({"orders": orders((1, 900, 0))}, 1000)
    result = measure_concentration(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == "No customer has a positive net spend."
