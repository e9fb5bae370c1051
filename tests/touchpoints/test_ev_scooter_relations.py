"""What facts.yml plants about removals in ev_scooter, recovered through the package."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit import touchpoints
from privdom_kit.formats import is_missing
from privdom_kit.results import Result, Verdict

SAMPLE = Path(__file__).parents[2] / "sample_data" / "ev_scooter"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="module")
def results(sample) -> dict[str, Result]:
    """The answers about relations, by question."""
    ask = sample("ev_scooter").ask
    return {name: ask(touchpoints, name) for name in ("churn", "send_churn", "vanity")}


def test_the_bad_entry_code_is_the_only_one_called_worse(results) -> None:
    result = results["churn"]
    planted = FACTS["entry_code_churn"]["planted"]
    codes = result.tables["groups"]
    codes = codes[codes["split"] == "entry_code"].set_index("group")
    worse = codes["is_worse"].fillna(value=False).astype(bool)
    assert worse.index[worse].tolist() == [planted["bad_code"]]
    row = codes.loc[planted["bad_code"]]
    lower, upper = row["removed_share_ci_lower"], row["removed_share_ci_upper"]
    assert lower <= planted["within_30_days"] <= upper
    assert result.verdict is Verdict.ACT


def test_relations_by_code_are_counted_exactly(results) -> None:
    codes = results["churn"].tables["groups"]
    codes = codes[codes["split"] == "entry_code"].set_index("group")
    for code, counted in FACTS["entry_code_churn"]["counted"].items():
        if code in codes.index and codes["removed"].notna()[code]:
            assert codes.loc[code, "relations"] == counted["relations"], code
            assert codes.loc[code, "removed"] == counted["removed"], code


def test_the_one_broadcast_that_costs_relations_is_found(results) -> None:
    """F05 costs 5 points; F01 to F08 without it cost nothing, and no other send is called worse."""
    result = results["send_churn"]
    sends = result.tables["sends"].set_index("send")
    worse = sends["is_worse"].fillna(value=False).astype(bool)
    planted = FACTS["send_churn"]["planted"]["excess"]
    assert worse.index[worse].tolist() == [name for name, excess in planted.items() if excess]
    for name, excess in planted.items():
        row = sends.loc[name]
        if not is_missing(row["excess_share"]):
            lower, upper = row["excess_share_ci_lower"], row["excess_share_ci_upper"]
            assert lower <= excess <= upper, name
    assert result.verdict is Verdict.ACT


def test_reached_and_removed_are_the_raw_counts(results) -> None:
    """People reached and removed within 72 hours, counted in the raw files by the generator."""
    sends = results["send_churn"].tables["sends"].set_index("send")
    for name, counted in FACTS["send_churn"]["counted"].items():
        assert sends.loc[name, "reached"] == counted["reached"], name
        shown = sends.loc[name, "send_removals"]
        if not is_missing(shown):
            assert shown == counted["removed_in_72_hours"], name


def test_the_goal_that_names_followers_alone_is_flagged(results) -> None:
    """forms.yml states three goals: followers alone, contacts paired with a rate, a rate."""
    goals = results["vanity"].tables["goals"]
    assert goals["judged"].tolist() == ["stock_alone", "stock_paired", "active_goal"]
    assert results["vanity"].verdict is Verdict.ACT
