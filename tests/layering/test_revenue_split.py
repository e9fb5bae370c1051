"""The revenue split: by hand, by brute force over touches, and always adding up."""

from __future__ import annotations

import client_tables
import pandas as pd
import pytest
from client_tables import orders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit.engine import closing, connect
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_revenue import measure_revenue_split
from privdom_kit.results import Verdict


def touches(*rows: tuple[int, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer", "occurred_on", "direction"])


def spend_by_part(result) -> dict[str, float]:
    table = result.table.set_index("part")["net_spend"]
    return table[table != 0].to_dict()


def test_each_part_by_hand(summarise) -> None:
    """Four customers, a return and an order of nobody.

    1: first on promotion 100, then 30 three days after a brand touch, 40 eight days after it
    (window 7), -5 returned. 2: first not on promotion 20. 3: first, promotion unknown 7, and a
    second order of the same day 3. Nobody: 11.
    """
    bought = orders(
        (1, 900, 100), (1, 913, 30), (1, 918, 40), (1, 919, -5),
        (2, 900, 20), (3, 900, 7), (3, 900, 3), (None, 900, 11),
        on_promotion=[1, 0, 0, 0, 0, None, None, 1],
    )  # fmt: skip
    frames = {"orders": bought, "touches": touches((1, 910, "brand"), (1, 917, "customer"))}
    base, rules = summarise(frames, 1000)
    result = measure_revenue_split(base, rules)
    assert spend_by_part(result) == {
        "first_on_promotion": 100, "first_not_on_promotion": 20, "first_unknown": 10,
        "repeat_after_touch": 30, "repeat_without_touch": 40, "returns": -5, "no_customer": 11,
    }  # fmt: skip
    assert result.figures["total_net_spend"] == 206


def test_a_touch_counts_from_its_second_to_the_end_of_the_window(summarise) -> None:
    """Touch at noon of day 910.

    An order in the same second and one exactly 7 days later follow it; one a second earlier and
    one a second too late do not.
    """
    noon = 910 * 86_400 + 43_200
    bought = orders((1, 800, 1), (1, 910, 2), (1, 910, 4), (1, 917, 8), (1, 917, 16))
    week = 7 * 86_400
    bought["paid_at"] = [800 * 86_400, noon - 1, noon, noon + week, noon + week + 1]
    frames = {"orders": bought, "touches": touches((1, 910, "brand"))}
    base, rules = summarise(frames, 1000)
    parts = spend_by_part(measure_revenue_split(base, rules))
    assert parts["repeat_after_touch"] == 4 + 8
    assert parts["repeat_without_touch"] == 2 + 16


def test_without_touches_and_promotions_it_says_what_is_missing(summarise) -> None:
    base, rules = summarise({"orders": orders((1, 900, 5), (1, 950, 6))}, 1000)
    result = measure_revenue_split(base, rules)
    assert spend_by_part(result) == {"first_unknown": 5, "repeat_not_measured": 6}
    assert result.verdict is Verdict.WATCH
    notes = [note.render("en") for note in result.notes]
    assert any("no on_promotion" in note for note in notes)
    assert any(note.startswith("No touches were given") for note in notes)


def test_the_verdict_is_on_new_buyers_of_two_periods(summarise) -> None:
    """Last 90 days: 180 of 200 began on promotion; the 90 before: 20 of 200."""
    rows = [(c, 950, 10) for c in range(200)] + [(c, 850, 10) for c in range(200, 400)]
    promoted = [1] * 180 + [0] * 20 + [1] * 20 + [0] * 180
    base, rules = summarise({"orders": orders(*rows, on_promotion=promoted)}, 1000)
    result = measure_revenue_split(base, rules)
    figures = result.figures
    assert (figures["promoted_buyers"], figures["new_buyers"]) == (180, 200)
    assert (figures["previous_promoted_buyers"], figures["previous_new_buyers"]) == (20, 200)
    assert figures["promoted_change"] == pytest.approx(0.8)
    assert result.verdict is Verdict.ACT


row = st.tuples(
    st.one_of(st.none(), st.integers(0, 4)),
    st.integers(900, 930),
    st.integers(-9, 30),
    st.sampled_from([0, 1, None]),
)
touch = st.tuples(st.integers(0, 4), st.integers(895, 930), st.sampled_from(["brand", "customer"]))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, min_size=1, max_size=30), st.lists(touch, min_size=1, max_size=15))
def test_parts_add_up_and_touches_match_a_plain_search(rows: list, sent: list) -> None:
    """The parts sum to all counted money; repeats after a touch against a search over all pairs."""
    bought = orders(*[r[:3] for r in rows], on_promotion=pd.array([r[3] for r in rows], "Int8"))
    with closing(connect()) as connection:
        frames = {"orders": bought, "touches": touches(*sent)}
        client = client_tables.client(connection, frames, 1000, privacy={"min_cell": 1})
        base = summarise_customers(client)
        if not base.figures["buyers"]:
            return
        parts = measure_revenue_split(base, client.settings).table.set_index("part")["net_spend"]
    assert parts.sum() == pytest.approx(sum(r[2] for r in rows))
    days: dict[tuple[int, int], list[int]] = {}
    for customer, day, yuan, _ in rows:
        if customer is not None:
            days.setdefault((customer, day), []).append(yuan)
    bought_on = [k for k, v in days.items() if max(v) >= 0 and (min(v) >= 0 or sum(v) > 0)]
    first = {c: min(d for k, d in bought_on if k == c) for c, _ in bought_on}
    after = sum(
        yuan for customer, day, yuan, _ in rows
        if customer in first and yuan >= 0 and day > first[customer]
        and any(c == customer and way == "brand" and 0 <= day - on <= 7 for c, on, way in sent)
    )  # fmt: skip
    assert parts["repeat_after_touch"] == pytest.approx(after)
