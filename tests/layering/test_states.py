"""States and moves on people whose state can be told by hand, and the laws they obey."""

from __future__ import annotations

import pandas as pd
import pytest
from client_tables import orders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit.engine import closing, collect, connect
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_five_states import measure_layer_moves, measure_states
from privdom_kit.layering.states import STATES, value_cut, with_states
from privdom_kit.results import Verdict

RULES = {"cycle_days": 10, "active_days": 5, "value_share": 0.3, "period_days": 20}


def people() -> dict[str, pd.DataFrame]:
    """As of day 1000; cycle 10, so retained to 12 days, lapsed beyond 20.

    1: 500 yuan 15 days ago: high value. 2: 4 days ago: active. 3: 10 days: retained.
    4: 18 days: about to lapse. 5: 30 days: lapsed. 6: a contact since yesterday, no activity:
    retained. 7: last order 100 days ago but wrote yesterday: active. 8: the biggest spender,
    60 days ago: lapsed, so not high value. Seven buyers, 30 % = 2.1: the top two are 8 and 1.
    9: a purchase of 10,000 cancelled on the same day, 3 days ago: no purchase, known: retained.
    """
    rows = [(1, 985, 500), (2, 996, 100), (3, 990, 90), (4, 982, 80), (5, 970, 70), (7, 900, 60)]
    rows += [(8, 940, 900), (9, 997, 10_000), (9, 997, -10_000)]
    contacts = pd.DataFrame({"customer": [6], "added_on": [999], "add_way": ["qr"]})
    touches = pd.DataFrame({"customer": [7, 5], "occurred_on": [999, 999]})
    touches["direction"] = ["customer", "brand"]
    return {"orders": orders(*rows), "contacts": contacts, "touches": touches}


def test_each_rule_by_hand(summarise) -> None:
    base, rules = summarise(people(), 1000, **RULES)
    states = collect(with_states(base, rules.layering), limit=20).set_index("customer")["state"]
    assert {c: STATES[s] for c, s in states.items()} == {
        1: "high_value", 2: "active", 3: "retained", 4: "about_to_lapse", 5: "lapsed",
        6: "retained", 7: "active", 8: "lapsed", 9: "retained",
    }  # fmt: skip
    result = measure_states(base, rules)
    table = result.table.set_index("state")
    assert table["customers"].to_dict() == {
        "high_value": 1, "active": 2, "retained": 3, "about_to_lapse": 1, "lapsed": 2,
    }  # fmt: skip
    assert table["net_spend"].tolist() == [500, 160, 90, 80, 970]
    assert table["share"].tolist() == pytest.approx([1 / 9, 2 / 9, 3 / 9, 1 / 9, 2 / 9])
    assert result.figures["known_people"] == 9


def test_the_period_before_sees_only_what_had_happened(summarise) -> None:
    """At day 980: 5 (10 days before) retained, 7 (80 days) and 8 (40 days) lapsed.

    Three buyers by then, 30 % = 0.9: nobody is high value. The others were not known yet.
    """
    base, rules = summarise(people(), 1000, **RULES)
    table = measure_states(base, rules).table.set_index("state")
    assert table["previous_customers"].tolist() == [0, 0, 1, 0, 2]
    moves = measure_layer_moves(base, rules)
    found = moves.table.set_index(["from_state", "to_state"])["customers"]
    assert found[found > 0].to_dict() == {
        ("retained", "lapsed"): 1,
        ("lapsed", "active"): 1,
        ("lapsed", "lapsed"): 1,
        ("not_yet_known", "high_value"): 1,
        ("not_yet_known", "active"): 1,
        ("not_yet_known", "retained"): 3,
        ("not_yet_known", "about_to_lapse"): 1,
    }
    assert [moves.figures[k] for k in ("moved_base", "moved_down", "moved_up", "stayed")] == [
        3, 1, 1, 1,
    ]  # fmt: skip


def test_equal_spends_stay_on_one_side(summarise) -> None:
    """Ten buyers, 20 % = 2: one of 200 and nine of 99: the nine do not fit, so only the one."""
    rows = [(c, 999, 99) for c in range(9)] + [(9, 999, 200)]
    base, _ = summarise({"orders": orders(*rows)}, 1000)
    assert value_cut(base.people, "window_cents", 0.2) == 20_000
    base, _ = summarise({"orders": orders(*rows[:9])}, 1000)
    assert value_cut(base.people, "window_cents", 0.2) is None


def test_money_at_stake_is_a_years_margin_of_those_about_to_lapse(summarise) -> None:
    """80 yuan in 365 days x 50 % = 40; without a margin nobody can say."""
    base, rules = summarise(people(), 1000, gross_margin=0.5, **RULES)
    assert measure_states(base, rules).figures["money_at_stake"] == pytest.approx(40)
    base, rules = summarise(people(), 1000, **RULES)
    assert measure_states(base, rules).figures["money_at_stake"] is None


def test_small_states_are_hidden_with_all_that_tells_of_them(summarise) -> None:
    base, rules = summarise(people(), 1000, privacy={"min_cell": 3}, gross_margin=0.5, **RULES)
    result = measure_states(base, rules)
    hidden = result.table.set_index("state")["customers"].isna()
    assert hidden.to_dict() == {
        "high_value": True, "active": True, "retained": False,
        "about_to_lapse": True, "lapsed": True,
    }  # fmt: skip
    assert result.table.loc[hidden.to_numpy(), "net_spend"].isna().all()
    assert result.figures["money_at_stake"] is None
    assert result.figures["lapsing_customers"] is None


def test_verdicts_come_from_the_change(summarise) -> None:
    """400 people each time. Of the old, nobody lapses at day 900; at 1000 all 200 old ones have.

    0 of 200 to 200 of 400 is far above 2 points: act. With everybody fresh: clear.
    """
    fresh = [(c, 995, 10) for c in range(200, 400)]
    rows = [(c, 895, 10) for c in range(200)] + fresh
    rules = {"cycle_days": 30, "period_days": 100}
    base, chosen = summarise({"orders": orders(*rows)}, 1000, **rules)
    result = measure_states(base, chosen)
    assert result.verdict is Verdict.ACT
    assert result.figures["lapsing_change"] == pytest.approx(0.5)
    again = rows + [(c, 996, 10) for c in range(200)]
    base, chosen = summarise({"orders": orders(*again)}, 1000, **rules)
    assert measure_states(base, chosen).verdict is Verdict.CLEAR
    base, chosen = summarise({"orders": orders(*fresh)}, 1000, **rules)
    assert measure_states(base, chosen).verdict is Verdict.NOT_ENOUGH_DATA


def test_without_identity_or_cycle_it_says_why(summarise) -> None:
    base, rules = summarise({"orders": orders((None, 5, 10), (None, 6, 10))}, 1000)
    result = measure_states(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.table.empty
    assert result.notes[0].render("en").startswith("The orders carry no customer identity")
    base, rules = summarise({"orders": orders((1, 5, 10), (1, 6, 10))}, 1000)
    result = measure_layer_moves(base, rules)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[0].render("en") == (
        "Only 1 purchases were followed by another within 365 days; an order cycle needs 100. "
        "Set layering.cycle_days where the cycle is known."
    )
    contacts = pd.DataFrame({"customer": [6], "added_on": [999]})
    base, rules = summarise({"contacts": contacts}, 1000)
    assert measure_states(base, rules).verdict is Verdict.NOT_MEASURED
    base, rules = summarise({}, 1000)
    assert measure_states(base, rules).notes[0].render("en").startswith("No table with people")


rows = st.lists(
    st.tuples(st.integers(0, 12), st.integers(800, 1000), st.integers(-20, 60)),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(rows, st.randoms(use_true_random=False))
def test_states_partition_everybody_and_row_order_is_nothing(rows: list, random: object) -> None:
    """Every known person is in one state; both tables add up; shuffled rows change nothing."""
    import client_tables

    results = []
    for _ in range(2):
        with closing(connect()) as connection:
            options = {"privacy": {"min_cell": 1}, **RULES, "cycle_days": 30}
            client = client_tables.client(connection, {"orders": orders(*rows)}, 1000, **options)
            base = summarise_customers(client)
            results.append(
                [f(base, client.settings) for f in (measure_states, measure_layer_moves)]
            )
        random.shuffle(rows)
    (states, moves), (states_again, moves_again) = results
    everybody = len({row[0] for row in rows})
    assert states.table["customers"].sum() == everybody
    assert moves.table["customers"].sum() == everybody
    to = moves.table.groupby("to_state")["customers"].sum()
    assert to.to_dict() == dict(zip(STATES, states.table["customers"], strict=True))
    pd.testing.assert_frame_equal(states.table, states_again.table)
    pd.testing.assert_frame_equal(moves.table, moves_again.table)
