"""Contribution: scores by hand, ranks against scipy, and parts that were not recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from client_tables import orders
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privdom_kit import layering
from privdom_kit.layering.measure_contributions import (
    contribution_scores,
    measure_contribution,
    rank_agreement,
    top_people,
)
from privdom_kit.results import Verdict

WEIGHTS = {f"{part}_weight": 1.0 for part in ("read", "share", "recommend", "buy")}


def brand(people: int = 4) -> dict[str, pd.DataFrame]:
    """As of day 1000; window 100 days. Customers 0 to 3, and more who do nothing.

    0 reads three times and buys on two days; 1 shares once and invites 2 and 3 (3 twice, and
    themselves); 2 reads once, and once before the window; 3 buys twice on one day.
    """
    touches = [(0, 950, "read"), (0, 951, "click"), (0, 951, "open"), (1, 960, "forward")]
    touches += [(2, 970, "view"), (2, 900, "view"), (3, 970, "like")]
    frame = pd.DataFrame(touches, columns=["customer", "occurred_on", "action"])
    sent = pd.DataFrame({"customer": range(people), "occurred_on": 999, "action": "read"})
    frame = pd.concat([frame.assign(direction="customer"), sent.assign(direction="brand")])
    invited = [(1, 2, 950), (1, 3, 951), (1, 3, 952), (1, 1, 953)]
    return {
        "orders": orders((0, 910, 5), (0, 920, 5), (3, 930, 5), (3, 930, 5)),
        "touches": frame.reset_index(drop=True),
        "referrals": pd.DataFrame(invited, columns=["referrer", "customer", "invited_on"]),
    }


def test_counts_by_hand(summarise) -> None:
    base, rules = summarise(brand(), 1000, value_window_days=100)
    result = measure_contribution(base, rules)
    table = result.table.set_index("part")
    assert table["contributors"].to_dict() == {
        "read_part": 2, "share_part": 1, "recommend_part": 1, "buy_part": 2,
    }  # fmt: skip
    assert table["actions"].to_dict() == {
        "read_part": 4, "share_part": 1, "recommend_part": 2, "buy_part": 3,
    }  # fmt: skip
    assert table["share"].tolist() == [0.5, 0.25, 0.25, 0.5]
    assert result.figures["contributors"] == 4
    assert result.verdict is Verdict.NOT_ENOUGH_DATA  # 4 people, 100 asked for


def test_scores_are_weighted_standard_scores() -> None:
    """Against scipy's z-scores of the rows written out."""
    kinds = pd.DataFrame({"read": [0, 2, 5], "buy": [1, 0, 3], "customers": [4, 2, 1]})
    people = kinds.loc[kinds.index.repeat(kinds["customers"])]
    expected = 2 * stats.zscore(people["read"]) + 0.5 * stats.zscore(people["buy"])
    scores = contribution_scores(kinds, {"read": 2.0, "buy": 0.5})
    by_kind = [expected[people.index == kind][0] for kind in range(3)]
    assert scores == pytest.approx(by_kind)


rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)), min_size=3, max_size=15
)


@given(rows)
def test_rank_agreement_is_spearmans_over_people(rows: list) -> None:
    """Against scipy.stats.spearmanr on one row a person."""
    first, second, counts = (np.array(column) for column in zip(*rows, strict=True))
    if len(set(first)) < 2 or len(set(second)) < 2:
        return
    expected = stats.spearmanr(np.repeat(first, counts), np.repeat(second, counts)).statistic
    found = rank_agreement(first, second, counts.astype(float))
    assert found == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=12))
def test_the_top_never_holds_more_than_it_says(rows: list) -> None:
    """Equal scores are in or out together; one level more would be too many."""
    scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    inside = top_people(scores.astype(float), pd.Series(counts), 0.3)
    assert counts[inside].sum() <= 0.3 * counts.sum()
    out = scores[~inside]
    if len(out):
        assert not inside.any() or scores[inside].min() > out.max()
        assert counts[inside | (scores == out.max())].sum() > 0.3 * counts.sum()


def test_other_weights_change_ranks_and_it_shows(summarise) -> None:
    """Against scipy: z-scores and Spearman on 200 people, one part's weight doubled at a time."""
    random = np.random.default_rng(3)
    reads, buys = random.poisson(2, 200), random.poisson(1, 200)
    touches = pd.DataFrame({"customer": np.repeat(range(200), reads), "occurred_on": 950})
    touches = touches.assign(action="read", direction="customer")
    bought = [(c, 960 + k, 5) for c in range(200) for k in range(buys[c])]
    members = pd.DataFrame({"customer": range(200), "registered_on": 900})
    frames = {"orders": orders(*bought), "touches": touches, "members": members}
    base, rules = summarise(frames, 1000)
    result = measure_contribution(base, rules)
    table = result.tables["sensitivity"].set_index(["part", "weight_factor"])
    z = {"read": stats.zscore(reads), "buy": stats.zscore(buys)}
    plain = (z["read"] + z["buy"]).round(9)
    for (part, factor), row in table.iterrows():
        weights = {"read": 1.0, "buy": 1.0} | {part.removesuffix("_part"): factor}
        other = sum(weights[name] * z[name] for name in z).round(9)
        expected = stats.spearmanr(plain, other).statistic
        assert row["rank_agreement"] == pytest.approx(expected)
    assert result.figures["lowest_agreement"] == table["rank_agreement"].min()
    assert len(table) == 4


def test_verdict_is_about_the_ranks(summarise) -> None:
    """All four parts and stable ranks: clear; a higher demand, or a part missing: watch."""
    frames = brand(120)
    options = {"value_window_days": 100, "contribution_min_agreement": 0.5}
    base, rules = summarise(frames, 1000, **options)
    assert measure_contribution(base, rules).verdict is Verdict.CLEAR
    base, rules = summarise(frames, 1000, **options | {"contribution_min_agreement": 1.0})
    assert measure_contribution(base, rules).verdict is Verdict.WATCH
    del frames["referrals"]
    base, rules = summarise(frames, 1000, **options)
    result = measure_contribution(base, rules)
    assert result.verdict is Verdict.WATCH
    assert result.notes[1].render("en") == (
        "Not recorded, so left out rather than taken as zero: recommending."
    )
    assert "recommend_part" not in set(result.table["part"])


def test_one_part_alone_is_no_contribution(summarise) -> None:
    base, rules = summarise({"orders": orders((1, 990, 5))}, 1000)
    result = measure_contribution(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert layering.describe_contribution(result).statement.render("en") == (
        "Contribution needs two or more of reading, sharing, recommending and buying; recorded: "
        "buying."
    )
    base, rules = summarise(brand(), 1000, **dict.fromkeys(WEIGHTS, 0.0))
    result = measure_contribution(base, rules)
    assert layering.describe_contribution(result).statement.render("en") == (
        "Nobody did more than anybody else in the window, or all weights are 0."
    )


def test_actions_are_settings(summarise) -> None:
    """Likes as reading: only customer 3 has one."""
    base, rules = summarise(brand(), 1000, value_window_days=100, read_actions=["like"])
    table = measure_contribution(base, rules).table.set_index("part")
    assert table.loc["read_part", "actions"] == 1


def test_sentences_chart_and_suppression(summarise) -> None:
    """120 people, 10 % on top: 0 to 3 did anything, the top holds those of the highest scores."""
    base, rules = summarise(brand(120), 1000, value_window_days=100)
    result = measure_contribution(base, rules)
    finding = layering.describe_contribution(result)
    agreement = result.figures["lowest_agreement"]
    assert [m.render("en") for m in (finding.statement, *finding.evidence)] == [
        "4 of 120 known people (3.3%) contributed in the last 100 days, by reading, sharing, "
        "recommending, buying.",
        "The top 4 people account for 100.0% of 4 times reading.",
        "The top 4 people account for 100.0% of 1 times sharing.",
        "The top 4 people account for 100.0% of 2 times recommending.",
        "The top 4 people account for 100.0% of 3 times buying.",
        f"With a weight halved or doubled, the ranks agree at {agreement:.1f} or more; 0.9 is "
        "asked for.",
    ]
    assert finding.statement.render("zh") == (
        "120 位可识别客户中有 4 位（3.3%）在最近 100 天内有过贡献，形式为阅读、分享、推荐、购买。"
    )
    ax = layering.plot_contribution(result)
    dots = ax.get_lines()[0].get_xdata()
    assert list(dots) == result.tables["sensitivity"]["rank_agreement"].tolist()
    assert ax.get_yticklabels()[0].get_text() == "reading x 0.5"
    base, rules = summarise(brand(120), 1000, value_window_days=100, privacy={"min_cell": 5})
    hidden = measure_contribution(base, rules)
    assert hidden.table["contributors"].isna().all()
    assert hidden.figures["contributors"] is None
    assert layering.describe_contribution(hidden).statement.render("en") == (
        "Too few of 120 known people contributed by reading, sharing, recommending, buying to be "
        "shown."
    )
