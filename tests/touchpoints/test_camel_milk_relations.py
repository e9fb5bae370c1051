"""What facts.yml plants about removals in camel_milk, recovered through the package."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit import touchpoints
from privdom_kit.results import Result

SAMPLE = Path(__file__).parents[2] / "sample_data" / "camel_milk"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]
REMOVALS = FACTS["removals"]["counted"]
CONTACTS = FACTS["new_contacts"]["counted"]


@pytest.fixture(scope="module")
def results(sample) -> dict[str, Result]:
    """The answers about relations, by question."""
    ask = sample("camel_milk").ask
    return {name: ask(touchpoints, name) for name in ("churn", "send_churn", "vanity")}


def test_endings_are_the_planted_ones(results) -> None:
    """Only removal by the customer is churn; ends after as_of still stand on it: exact."""
    endings = dict(results["churn"].tables["endings"].itertuples(index=False))
    ended = REMOVALS["relations"]
    assert {by: endings[by] for by in ended} == ended
    assert endings["standing"] == CONTACTS["relations"] - sum(ended.values())


def test_people_and_relations_are_counted_apart(results) -> None:
    figures = results["churn"].figures
    assert (figures["relations"], figures["removed"]) == (
        CONTACTS["relations"],
        REMOVALS["relations"]["customer"],
    )
    assert (figures["people"], figures["gone_people"]) == (
        CONTACTS["contacts"],
        REMOVALS["people_removed_by_customer"],
    )


def test_every_transfer_was_taken_over(results) -> None:
    """A transferred person goes on under another staff."""
    figures = results["churn"].figures
    transfers = REMOVALS["relations"]["transfer"]
    assert (figures["handover_assigned"], figures["handover_taken"]) == (transfers, transfers)


def test_removal_by_tenure_agrees_with_the_weekly_hazard(results) -> None:
    """The product-limit share lies where the planted hazards put it.

    Counted removals over counted contact-weeks give a mean weekly hazard h; with that
    1 - (1 - h)^(days / 7) are removed by then. Pushing changed over the year, and so does the
    hazard: within a sixth.
    """
    weeks = FACTS["removal_per_link"]["counted"].values()
    hazard = sum(w["removed"] for w in weeks) / sum(w["contact_weeks"] for w in weeks)
    table = results["churn"].table
    people = table[table["unit"] == "person"].set_index("days")["removed_share"]
    for days in (90, 180):
        assert people[days] == pytest.approx(1 - (1 - hazard) ** (days / 7), rel=1 / 6)


def test_no_code_is_called_worse(results) -> None:
    """The hazard of removal is planted by links of the week alone, the same for every code."""
    groups = results["churn"].tables["groups"]
    ours = groups[groups["split"].isin(["entry_code", "add_way", "staff_id"])]
    assert len(ours) > 10
    assert not ours["is_worse"].fillna(value=False).any()


def test_sends_with_links_do_not_lower_removals(results) -> None:
    """Each link of a week raises its removals by 35 %, felt at the weekend after.

    Only sends from Wednesday evening on reach it within 72 hours, so the excess is small: the
    interval must allow for what is planted, and not lie below none.
    """
    row = results["send_churn"].table.set_index("touchpoint").loc["wecom_chat"]
    planted = FACTS["removal_per_link"]["planted"]
    most = planted["weekly_hazard_without_links"] * (planted["factor_per_link"] - 1)
    assert row["excess_share_ci_upper"] > 0
    assert row["excess_share_ci_lower"] < most
    assert row["excess_share"] > 0


def test_sends_are_the_campaigns_of_the_raw_files(results) -> None:
    """Campaign and hour with 20 people or more, counted in the raw files, up to as_of."""
    import duckdb

    files = str(SAMPLE / "touches" / "*.parquet")
    raw = duckdb.sql(
        f"""SELECT campaign_id, count(DISTINCT external_user_id) AS people FROM '{files}'
        WHERE touchpoint = 'wecom_chat' AND campaign_id IS NOT NULL
          AND occurred_at < '2026-06-01'
        GROUP BY campaign_id, date_trunc('hour', occurred_at) HAVING people >= 20"""
    ).fetchall()
    sends = results["send_churn"].tables["sends"]
    found = sends[sends["send"].str.match(r"C\d{3}$")]
    assert sorted(found["send"]) == sorted(name for name, _ in raw)
    # Some were told who were no contacts at that time, so fewer were reached.
    told = dict(raw)
    reached = dict(zip(found["send"], found["reached"], strict=True))
    assert all(reached[name] <= told[name] for name in told)
    assert sum(reached.values()) >= 0.95 * sum(told.values())


def test_stocks_are_those_who_stand(results) -> None:
    """People with a relation that stands: all contacts but those whose last one has ended."""
    table = results["vanity"].table.set_index("touchpoint")
    gone = REMOVALS["people_removed_by_customer"]
    by_staff = REMOVALS["relations"]["staff"]
    assert CONTACTS["contacts"] - gone - by_staff <= table.loc["wecom_chat", "stock"]
    assert table.loc["wecom_chat", "stock"] <= CONTACTS["contacts"] - gone
    assert table.loc["membership", "stock"] == FACTS["children"]["counted"]["members"]
