"""Never, once, again: counts by hand, and the verdict on second purchases."""

from __future__ import annotations

import pandas as pd
import pytest
from client_tables import orders

from privdom_kit.estimates import survival_curve
from privdom_kit.layering.measure_purchases import measure_purchase_layers
from privdom_kit.results import Verdict


def test_layers_by_distinct_purchase_days(summarise) -> None:
    """Cycle 10, lapsed beyond 20 days.

    1: twice on one day, 5 days ago: first. 2: two days, last 25 days ago: repeat, lapsed.
    3: closed order only: never. 4: contact only: never.
    """
    frames = {
        "orders": orders(
            (1, 995, 10), (1, 995, 20), (2, 900, 10), (2, 975, 10), (3, 990, 10),
            status=["paid", "paid", "paid", "paid", "closed"],
        ),
        "contacts": pd.DataFrame({"customer": [4], "added_on": [900]}),
    }  # fmt: skip
    base, rules = summarise(frames, 1000, cycle_days=10)
    result = measure_purchase_layers(base, rules)
    table = result.table.set_index("layer")
    assert table["customers"].to_dict() == {"never": 2, "first": 1, "repeat": 1}
    assert table["lapsed_customers"].isna().tolist() == [True, False, False]
    assert table["lapsed_customers"].tolist()[1:] == [0, 1]
    assert result.figures["repeat_rate"] == 0.5
    assert (result.figures["repeat_customers"], result.figures["buyers"]) == (1, 2)
    assert dict(result.coverage.dropped) == {"closed": 1}


def test_second_purchases_allow_for_recent_buyers(summarise) -> None:
    """Against the curve of the durations written out.

    3 came back after 10, 40 and 120 days, 2 are open after 200 days, 5 after 20.
    """
    returned = [(c, d) for c, gap in enumerate((10, 40, 120)) for d in (800, 800 + gap)]
    open_ = [(3, 800), (4, 800)] + [(c, 980) for c in range(5, 10)]
    base, rules = summarise(
        {"orders": orders(*[(c, d, 10) for c, d in returned + open_])}, 1000, cycle_days=30
    )
    figures = measure_purchase_layers(base, rules).figures
    curve = survival_curve([10, 40, 120, 200, 200, 20, 20, 20, 20, 20], [1, 1, 1] + [0] * 7)
    assert figures["second_purchase_share"] == pytest.approx(curve.incidence(90).estimate)
    assert figures["second_purchase_share"] == pytest.approx(1 - 0.9 * 0.75)
    assert figures["repeat_rate"] == pytest.approx(0.3)


def test_the_verdict_holds_the_last_ripe_buyers_against_the_earlier(summarise) -> None:
    """Ripe = first bought 90 days ago or more. Earlier: 150 of 300 came back; recent: 30 of 300."""
    early = [(c, 700, 10) for c in range(300)] + [(c, 720, 10) for c in range(150)]
    late = [(c, 850, 10) for c in range(300, 600)] + [(c, 870, 10) for c in range(300, 330)]
    base, rules = summarise({"orders": orders(*early, *late)}, 1000, cycle_days=30)
    result = measure_purchase_layers(base, rules)
    figures = result.figures
    assert (figures["recent_share"], figures["earlier_share"]) == (0.1, 0.5)
    assert (figures["recent_customers"], figures["earlier_customers"]) == (300, 300)
    assert figures["change"] == pytest.approx(-0.4)
    assert result.verdict is Verdict.ACT


def test_without_a_cycle_nobody_has_lapsed_and_it_says_so(summarise) -> None:
    base, rules = summarise({"orders": orders((1, 5, 10))}, 1000)
    result = measure_purchase_layers(base, rules)
    assert result.table["lapsed_customers"].isna().all()
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert "No order cycle could be measured, so nobody can be said to have lapsed." in [
        note.render("en") for note in result.notes
    ]


def test_returns_beyond_purchases_are_said_aloud(summarise) -> None:
    base, rules = summarise({"orders": orders((1, 5, 10), (1, 9, -30))}, 1000)
    notes = [n.render("en") for n in measure_purchase_layers(base, rules).notes]
    assert any(n.startswith("Returns exceed purchases for 1 customers") for n in notes)


def test_orders_without_identity_are_refused(summarise) -> None:
    base, rules = summarise({"orders": orders((None, 5, 10))}, 1000)
    assert measure_purchase_layers(base, rules).verdict is Verdict.NOT_MEASURED
    contacts = pd.DataFrame({"customer": [6], "added_on": [999]})
    base, rules = summarise({"contacts": contacts}, 1000)
    result = measure_purchase_layers(base, rules)
    assert result.notes[0].render("en") == "No orders table was given."
