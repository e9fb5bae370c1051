"""The next order: dates by hand, curves against pandas, groups left out one by one, sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from client_tables import client as small_client
from client_tables import orders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit import layering
from privdom_kit.engine import closing, collect, connect
from privdom_kit.estimates import survival_curve, t_critical
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.cycle import GROUPS
from privdom_kit.layering.grouped_curves import grouped_limits
from privdom_kit.layering.measure_timing import STEPS, measure_next_order
from privdom_kit.layering.next_orders import SOURCES, STATUSES, with_due
from privdom_kit.results import Verdict

RULES = {"cycle_days": 30, "due_window_days": 3, "lapsed_cycles": 2.0, "cycle_min_at_risk": 1}


def brand() -> pd.DataFrame:
    """As of day 1000; cycle 30; window 3; lapsed beyond 2 gaps.

    1: 30 days since the one order: due on the day. 2: gaps 40 and 50, median 45, 10 days since:
    not yet. 3: gaps 10, 10, 80 since: lapsed. 4: gaps 20, 20, 30 since: 10 over, overdue.
    5: two orders only, so the cycle: 40 since: overdue. 6: 65 since: lapsed. 7: 27 since, 3
    before: due. 8: 26 since: not yet. 9: gaps 10 and 31, median 20.5, 24 since: 3.5 over: overdue.
    """
    days = {
        1: [970], 2: [900, 940, 990], 3: [900, 910, 920], 4: [930, 950, 970], 5: [930, 960],
        6: [935], 7: [973], 8: [974], 9: [935, 945, 976],
    }  # fmt: skip
    return orders(*[(c, d, 10) for c, own in days.items() for d in own])


def test_who_is_due_by_hand(summarise) -> None:
    base, rules = summarise({"orders": brand()}, 1000, **RULES)
    rows = collect(with_due(base, rules.layering), limit=20).set_index("customer").sort_index()
    assert [STATUSES[s] for s in rows["due_status"]] == [
        "due", "not_yet", "lapsed", "overdue", "overdue", "lapsed", "due", "not_yet", "overdue",
    ]  # fmt: skip
    assert [SOURCES[s] for s in rows["gap_source"]] == [
        "order_cycle", "own_gaps", "own_gaps", "own_gaps", "order_cycle", "order_cycle",
        "order_cycle", "order_cycle", "own_gaps",
    ]  # fmt: skip
    assert rows["days_past_due"].tolist() == [0, -35, 70, 10, 10, 35, -3, -4, 3.5]
    result = measure_next_order(base, rules)
    due = result.tables["due"].set_index(["gap_source", "due_status"])["customers"]
    assert due.to_dict() == {
        ("own_gaps", "not_yet"): 1, ("own_gaps", "due"): 0, ("own_gaps", "overdue"): 2,
        ("own_gaps", "lapsed"): 1, ("order_cycle", "not_yet"): 1, ("order_cycle", "due"): 2,
        ("order_cycle", "overdue"): 1, ("order_cycle", "lapsed"): 1,
    }  # fmt: skip
    figures = result.figures
    assert [figures[f"{n}_customers"] for n in ("due", "overdue", "lapsed")] == [2, 3, 2]
    assert figures["buyers"] == 9


def test_a_wider_due_min_orders_hands_people_to_the_cycle(summarise) -> None:
    base, rules = summarise({"orders": brand()}, 1000, due_min_orders=4, **RULES)
    rows = collect(with_due(base, rules.layering), limit=20)
    assert {SOURCES[s] for s in rows["gap_source"]} == {"order_cycle"}


def test_without_a_cycle_only_own_gaps_give_a_date(summarise) -> None:
    base, rules = summarise({"orders": brand()}, 1000, cycle_min_at_risk=1)
    result = measure_next_order(base, rules)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    due = result.tables["due"].set_index(["gap_source", "due_status"])["customers"]
    assert due[("no_gap", "unknown")] == 5
    assert due.sum() == 9
    assert (
        "No order cycle could be measured, so only people with gaps of their own have a date. Set "
        "layering.cycle_days where the cycle is known."
    ) in [note.render("en") for note in result.notes]


rows = st.lists(st.tuples(st.integers(0, 9), st.integers(900, 1000)), min_size=1, max_size=60)


def gaps_of(purchases: list, as_of: int) -> pd.DataFrame:
    """Every gap in pandas: ``customer, step, days, ended``."""
    table = pd.DataFrame(purchases, columns=["customer", "day"]).drop_duplicates()
    table = table.sort_values(["customer", "day"])
    following = table.groupby("customer")["day"].shift(-1)
    number = table.groupby("customer").cumcount()
    return pd.DataFrame(
        {
            "customer": table["customer"],
            "step": np.minimum(number, 2),
            "days": following.fillna(as_of) - table["day"],
            "ended": following.notna().astype(int),
        }
    )


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(rows, st.randoms(use_true_random=False))
def test_counts_curves_and_dates_are_those_of_pandas(purchases: list, random: object) -> None:
    """Against shift(-1) in pandas and the curve of the durations written out; order is nothing."""
    expected = gaps_of(purchases, 1000)
    random.shuffle(purchases)
    with closing(connect()) as connection:
        frame = orders(*[(c, d, 10) for c, d in purchases])
        options = {"privacy": {"min_cell": 1}, **RULES}
        brand = small_client(connection, {"orders": frame}, 1000, **options)
        base = summarise_customers(brand)
        result = measure_next_order(base, brand.settings)
        people = collect(with_due(base, brand.settings.layering), limit=20)
    table = result.table.set_index("step")
    for step, name in enumerate(STEPS):
        own = expected[expected["step"] == step]
        if own.empty:
            assert name not in table.index
            continue
        assert table.loc[name, "gaps"] == len(own)
        assert table.loc[name, "followed"] == own["ended"].sum()
        curve = survival_curve(own["days"], own["ended"]).table
        assert table.loc[name, "returned_share"] == pytest.approx(1 - curve["survival"].iloc[-1])
        if step < 2:
            upper = 1 - curve["survival_ci_lower"].iloc[-1]
            assert table.loc[name, "returned_share_ci_upper"] == pytest.approx(upper)
    closed = expected[expected["ended"] == 1].groupby("customer")["days"]
    medians, made = closed.median(), closed.size()
    for person in people.itertuples():
        own = made.get(person.customer, 0) >= 2
        assert person.gap_days == (medians[person.customer] if own else 30)
    assert result.tables["due"]["customers"].sum() == len(people)


def test_several_gaps_of_one_person_are_left_out_together() -> None:
    """Against the curve fitted anew without each group of people (delete-a-group jackknife)."""
    random = np.random.default_rng(5)
    gaps = pd.DataFrame({"customer": random.integers(0, 200, 900)})
    gaps["part"], gaps["gaps"] = gaps["customer"] % GROUPS, 1
    gaps["days"] = random.integers(1, 30, 900)
    gaps["ended"] = (random.random(900) < 0.6).astype(int)
    whole = survival_curve(gaps["days"], gaps["ended"])
    times = whole.table["time"].astype(int)
    lower, upper = grouped_limits(gaps, times, 0.95)
    day = 20
    without = [
        survival_curve(rest["days"], rest["ended"]).incidence(day).estimate
        for rest in (gaps[gaps["part"] != part] for part in range(GROUPS))
    ]
    scaled = np.log(-np.log(1 - np.array(without)))
    error = np.sqrt((GROUPS - 1) / GROUPS * ((scaled - scaled.mean()) ** 2).sum())
    centre = np.log(-np.log(1 - whole.incidence(day).estimate))
    ends = [1 - np.exp(-np.exp(centre + w * t_critical(0.95, 19) * error)) for w in (-1, 1)]
    place = times.tolist().index(day)
    assert [lower[place], upper[place]] == pytest.approx(ends)
    assert lower[place] < whole.incidence(day).estimate < upper[place]


def test_channels_allow_for_young_buyers(summarise) -> None:
    """qr: back after 10, open for 200 and for 20 days: 1 - 2/3 = 1/3; card: nobody for 90 days."""
    contacts = pd.DataFrame(
        {"customer": [1, 2, 3, 4], "added_on": 500, "add_way": ["qr", "qr", "qr", "card"]}
    )
    bought = orders((1, 800, 5), (1, 810, 5), (2, 800, 5), (3, 980, 5), (4, 950, 5))
    base, rules = summarise({"orders": bought, "contacts": contacts}, 1000, **RULES)
    table = measure_next_order(base, rules).tables["by_channel"].set_index("channel")
    assert table.loc["qr", "second_purchase_share"] == pytest.approx(1 / 3)
    assert table.loc["qr", ["buyers", "second_purchase_customers"]].tolist() == [3, 1]
    assert pd.isna(table.loc["card", "second_purchase_share"])


def test_small_counts_are_hidden_with_what_tells_of_them(summarise) -> None:
    """Nobody may be told from fewer than 5: of 9, 5 and 4 gaps the 4 go, and the 5 with them."""
    base, rules = summarise({"orders": brand()}, 1000, **RULES, privacy={"min_cell": 5})
    result = measure_next_order(base, rules)
    due = result.tables["due"]["customers"]
    assert due.isna().sum() == 7
    assert due.dropna().tolist() == [0]
    assert result.figures["due_customers"] is None
    assert result.table["gaps"].isna().tolist() == [False, True, True]
    assert result.table["returned_share"].isna().tolist() == [False, True, True]
    assert set(result.tables["curves"]["step"]) == {"first_to_second"}
    finding = layering.describe_next_order(result)
    assert finding.statement.render("en") == (
        "Of 9 buyers, too few are due for their next order to be shown."
    )


def test_without_orders_it_says_why(summarise) -> None:
    contacts = pd.DataFrame({"customer": [6], "added_on": [999]})
    base, rules = summarise({"contacts": contacts}, 1000)
    result = measure_next_order(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert layering.describe_next_order(result).statement.render("en") == (
        "No orders table was given."
    )
    assert layering.plot_next_order(result) is None


def test_sentences_and_chart(summarise) -> None:
    """As in the brand above; the third step: three people with one open gap each."""
    base, rules = summarise({"orders": brand()}, 1000, **RULES, min_customers=5)
    result = measure_next_order(base, rules)
    assert result.verdict is Verdict.WATCH
    finding = layering.describe_next_order(result)
    assert finding.statement.render("en") == (
        "2 of 9 buyers are due for their next order, within 3 days either way. 3 are overdue, and "
        "2 have not ordered for more than 2.0 gaps."
    )
    assert finding.statement.render("zh") == (
        "9 位购买者中有 2 位的下一单已到期（前后 3 天以内）。另有 3 位逾期，2 位超过 2.0 个下单间隔"
        "未下单。"
    )
    made = replace(result, table=result.table.head(1).assign(
        returned_share=0.42, returned_share_ci_lower=0.4, returned_share_ci_upper=0.44,
        horizon_days=300, half_return_days=34.0,
    ))  # fmt: skip
    assert [m.render("en") for m in layering.describe_next_order(made).evidence] == [
        "After a first order, 42.0% order again within 300 days (interval 40.0% to 44.0%, open "
        "gaps counted). Half of those have done so after 34 days."
    ]
    ax = layering.plot_next_order(result)
    curves = result.tables["curves"]
    drawn = {line.get_label(): line for line in ax.get_lines()}
    own = curves[curves["step"] == "first_to_second"]
    assert list(drawn["first to second order"].get_xdata()) == own["days"].tolist()
    assert list(drawn["first to second order"].get_ydata()) == own["returned_share"].tolist()
    assert len(drawn) == 3
