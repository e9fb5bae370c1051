"""Relationship tiers: each rule by hand, laws on anything, and what was not recorded."""

from __future__ import annotations

import pandas as pd
import pytest
from client_tables import client as small_client
from client_tables import orders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit import layering
from privdom_kit.engine import closing, collect, connect
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_tiers import measure_relationship_tiers, with_tiers
from privdom_kit.results import Verdict
from privdom_kit.tiers import TIERS

RULES = {
    "tier_window_days": 100, "tier_friend_orders": 2, "tier_friend_replies": 3,
    "tier_family_referrals": 1, "period_days": 50,
}  # fmt: skip
OLD = 700  # before the window of the earliest date, 1000 - 2 x 50 - 100 = 800


def brand() -> dict[str, pd.DataFrame]:
    """As of day 1000, window from 901 on; each person shows one rule.

    1: two purchase days: friend. 2: one purchase and three replies: friend. 3: three replies, no
    purchase: acquaintance. 4: one purchase, two replies: acquaintance. 5: a friend who invited 2:
    family. 6: invited 2 without buying: stranger. 7: touched by the brand only: stranger.
    8: two purchases, one of them on day 900, out of the window: acquaintance. 9: a friend who
    invited only themselves: friend. 10: two orders on one day: acquaintance.
    """
    bought = [(1, 910), (1, 920), (2, 930), (4, 930), (5, 940), (5, 950), (8, 900), (8, 960)]
    bought += [(9, 905), (9, 906), (10, 950), (10, 950), (1, OLD)]
    touches = [(2, 910, "customer")] * 3 + [(3, 911, "customer")] * 3 + [(4, 950, "customer")] * 2
    touches += [(7, 960, "brand"), (7, OLD, "brand")]
    columns = ["customer", "occurred_on", "direction"]
    invited = [(5, 2, 990), (6, 2, 991), (9, 9, 992), (1, 3, OLD)]
    return {
        "orders": orders(*[(c, d, 10) for c, d in bought]),
        "touches": pd.DataFrame(touches, columns=columns).assign(action="click"),
        "referrals": pd.DataFrame(invited, columns=["referrer", "customer", "invited_on"]),
    }


def tiers_of(base: object, rules: object, column: str = "tier") -> dict[int, str]:
    rows = collect(with_tiers(base, rules.layering), limit=50).set_index("customer")[column]
    return {int(c): TIERS[int(t)] for c, t in rows.dropna().items()}


def test_each_rule_by_hand(summarise) -> None:
    base, rules = summarise(brand(), 1000, **RULES)
    assert tiers_of(base, rules) == {
        1: "friend", 2: "friend", 3: "acquaintance", 4: "acquaintance", 5: "family",
        6: "stranger", 7: "stranger", 8: "acquaintance", 9: "friend", 10: "acquaintance",
    }  # fmt: skip
    result = measure_relationship_tiers(base, rules)
    table = result.table.set_index("tier")
    assert table["customers"].to_dict() == {
        "stranger": 2, "acquaintance": 4, "friend": 3, "family": 1,
    }  # fmt: skip
    assert table["share"].tolist() == pytest.approx([0.2, 0.4, 0.3, 0.1])


def test_the_period_before_sees_its_own_window_only(summarise) -> None:
    """At day 950, window 851 to 950; 6 was known by an invitation of day 991 only: not yet.

    2's three replies and one purchase stand; 5 bought on 940 and 950, but invited later: friend;
    8 bought on 900 only; 10 bought on 950. 1 and 7 were known from day 700 on.
    """
    base, rules = summarise(brand(), 1000, **RULES)
    assert tiers_of(base, rules, "tier_before") == {
        1: "friend", 2: "friend", 3: "acquaintance", 4: "acquaintance", 5: "friend",
        7: "stranger", 8: "acquaintance", 9: "friend", 10: "acquaintance",
    }  # fmt: skip
    result = measure_relationship_tiers(base, rules)
    moves = result.tables["moves"].set_index(["from_tier", "to_tier"])["customers"]
    assert moves[moves > 0].to_dict() == {
        ("stranger", "stranger"): 1, ("acquaintance", "acquaintance"): 4,
        ("friend", "friend"): 3, ("friend", "family"): 1, ("not_yet_known", "stranger"): 1,
    }  # fmt: skip
    figures = result.figures
    assert [figures[n] for n in ("moved_base", "moved_up", "moved_down")] == [9, 1, 0]


def test_what_was_not_recorded_is_neither_zero_nor_clear(summarise) -> None:
    frames = brand()
    del frames["referrals"]
    base, rules = summarise(frames, 1000, **RULES, min_customers=1, change_tolerance=1.0)
    result = measure_relationship_tiers(base, rules)
    table = result.table.set_index("tier")
    assert pd.isna(table.loc["family", "customers"])
    assert table.loc["friend", "customers"] == 4
    assert "family" not in set(result.tables["moves"]["to_tier"])
    assert "No referrals were given: who would be family is counted as a friend here." in [
        note.render("en") for note in result.notes
    ]
    assert result.verdict is Verdict.WATCH  # all but referrals would be clear
    base, rules = summarise(brand(), 1000, **RULES, min_customers=1, change_tolerance=1.0)
    assert measure_relationship_tiers(base, rules).verdict is Verdict.CLEAR


def test_records_that_begin_late_make_no_moves(summarise) -> None:
    """Touches from day 910 on cannot tell who replied in the window that begins on day 851."""
    frames = brand()
    frames["touches"] = frames["touches"].query("occurred_on > 800")
    base, rules = summarise(frames, 1000, **RULES, min_customers=1)
    result = measure_relationship_tiers(base, rules)
    assert "moves" not in result.tables
    assert result.table["previous_customers"].isna().all()
    assert result.figures["moved_base"] is None
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[-1].render("en") == (
        "The records of touches do not reach back over the window of the period before, so moves "
        "between the tiers are not measured."
    )


def test_more_moving_down_than_before_is_found(summarise) -> None:
    """300 friends at day 900 and at 950; by 1000 nobody has bought for 100 days: strangers."""
    rows = [(c, d, 10) for c in range(300) for d in (790, 840, 845, 880, 890)]
    frames = {
        "orders": orders(*rows, (999, OLD, 1)),
        "touches": pd.DataFrame(
            {"customer": [999], "occurred_on": [OLD], "direction": ["brand"], "action": ["send"]}
        ),
        "referrals": pd.DataFrame({"referrer": [999], "customer": [0], "invited_on": [OLD]}),
    }
    base, rules = summarise(frames, 1000, **RULES)
    result = measure_relationship_tiers(base, rules)
    assert result.verdict is Verdict.ACT
    assert result.figures["moved_down"] == 300
    assert result.figures["moved_down_change"] == pytest.approx(300 / 301)
    finding = layering.describe_relationship_tiers(result)
    assert [m.render("en") for m in (finding.statement, *finding.evidence)] == [
        "301 of 301 known people (100.0%) are strangers: they neither bought nor replied within "
        "100 days.",
        "Of 301 people known 50 days ago, 300 (99.7%) are in a lower tier now and 0 (0.0%) in a "
        "higher one.",
        "In the period before, 0.0% of 301 moved down.",
        "The interval of the change runs from +97.7 points to +99.9 points; up to 2.0 points does "
        "not matter (a setting).",
    ]


def test_chinese_sentences(summarise) -> None:
    base, rules = summarise(brand(), 1000, **RULES)
    finding = layering.describe_relationship_tiers(measure_relationship_tiers(base, rules))
    assert [m.render("zh") for m in (finding.statement, *finding.evidence)][:2] == [
        "10 位可识别客户中有 2 位（20.0%）是陌生人：100 天内既未购买也未互动。",
        "50 天前已可识别的 9 位客户中，0 位（0.0%）关系降级，1 位（11.1%）关系升级。",
    ]


def test_chart_and_suppression(summarise) -> None:
    """Cells of 2, 4, 3 and 1 with 3 asked for: 1 and 2 go, and hold 3 together."""
    base, rules = summarise(brand(), 1000, **RULES, privacy={"min_cell": 3})
    result = measure_relationship_tiers(base, rules)
    assert result.table.set_index("tier")["customers"].isna().to_dict() == {
        "stranger": True, "acquaintance": False, "friend": False, "family": True,
    }  # fmt: skip
    assert layering.describe_relationship_tiers(result).statement.render("en") == (
        "Of 10 known people, too few are strangers to be shown."
    )
    ax = layering.plot_relationship_tiers(result)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0, 0.3, 0.4, 0])
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "family", "friend", "acquaintance", "stranger",
    ]  # fmt: skip


def test_without_evidence_nothing_is_told(summarise) -> None:
    contacts = pd.DataFrame({"customer": [6], "added_on": [999]})
    base, rules = summarise({"contacts": contacts}, 1000)
    result = measure_relationship_tiers(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert layering.describe_relationship_tiers(result).statement.render("en") == (
        "Neither orders nor touches of customers were given, so no tier can be told."
    )
    assert layering.plot_relationship_tiers(result) is None


events = st.lists(st.tuples(st.integers(0, 9), st.integers(690, 1000)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
@given(events, events, st.randoms(use_true_random=False))
def test_tiers_hold_everybody_once_and_are_those_of_pandas(
    bought: list, replied: list, random: object
) -> None:
    """Exclusive and exhaustive, in any order of rows, and equal to the rule written in pandas."""
    everybody = {c for c, _ in bought} | {c for c, _ in replied}
    expected = {}
    for person in everybody:
        days = len({d for c, d in bought if c == person and d > 900})
        replies = sum(1 for c, d in replied if c == person and d > 900)
        friend = days >= 2 or (days and replies >= 3)
        near = "acquaintance" if days or replies else "stranger"
        expected[person] = "friend" if friend else near
    random.shuffle(bought)
    columns = ["customer", "occurred_on"]
    touches = pd.DataFrame(replied, columns=columns).assign(direction="customer", action="click")
    with closing(connect()) as connection:
        frames = {"orders": orders(*[(c, d, 10) for c, d in bought]), "touches": touches}
        made = small_client(connection, frames, 1000, privacy={"min_cell": 1}, **RULES)
        base = summarise_customers(made)
        assert tiers_of(base, made.settings) == expected
        result = measure_relationship_tiers(base, made.settings)
    assert result.table["customers"].sum() == len(everybody)
    if "moves" in result.tables:
        moves = result.tables["moves"].groupby("to_tier")["customers"].sum()
        shown = result.table.set_index("tier")["customers"].dropna()
        assert moves.to_dict() == shown.to_dict()
