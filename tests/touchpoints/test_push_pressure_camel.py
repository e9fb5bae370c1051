"""The push slope planted in camel_milk, recovered through the package from the raw exports."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit import touchpoints
from privdom_kit.results import Verdict

SAMPLE = Path(__file__).parents[2] / "sample_data" / "camel_milk"
FACT = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"][
    "removal_per_link"
]


@pytest.fixture(scope="module")
def opened(sample):
    brand = sample("camel_milk")
    return brand.client, brand.base


@pytest.fixture(scope="module")
def pressure(sample):
    return sample("camel_milk").ask(touchpoints, "push_pressure")


def test_the_planted_factor_is_recovered(pressure) -> None:
    """facts.yml: a factor of 1.35 on the weekly hazard for each link, known to 0.1."""
    figures = pressure.figures
    planted = FACT["planted"]["factor_per_link"]
    assert abs(figures["rate_ratio_per_link"] - planted) <= FACT["tolerance"]["factor_per_link"]
    lower, upper = (figures[f"rate_ratio_per_link_ci_{end}"] for end in ("lower", "upper"))
    assert lower <= planted <= upper
    assert pressure.verdict is Verdict.ACT


def test_removals_and_their_rates_are_those_counted(pressure) -> None:
    """Brute-force counts of contact-weeks of the calendar; the first two weeks are not used here.

    A contact's links of the last seven days are those of its calendar week only at the weekend,
    when customers leave: removals by links agree, contact-weeks by links do roughly.
    """
    counted = FACT["counted"]
    table = pressure.table.set_index("links")
    for links in range(4):
        assert 0.9 <= table.loc[links, "removals"] / counted[links]["removed"] <= 1.0
        assert table.loc[links, "contact_weeks"] / counted[links]["contact_weeks"] == (
            pytest.approx(1, abs=0.12)
        )
    assert table.loc[0, "fitted_rate"] == pytest.approx(
        FACT["planted"]["weekly_hazard_without_links"], rel=0.08
    )


def test_who_got_more_links_ever_did_not_leave_more(opened) -> None:
    """The naive figure points the wrong way: who left early got fewer links in all."""
    import narwhals as nw

    from privdom_kit.engine import collect

    _, base = opened
    sent = base.events.frame.filter((nw.col("direction") == 0) & (nw.col("has_purchase_link") == 1))
    links = sent.group_by("customer").agg(nw.len().alias("links"))
    contacts = base.tables["contacts"]
    by_customer = nw.col("removed_by").fill_null(-1) == contacts.code("removed_by", "customer")
    people = contacts.frame.with_columns(gone=nw.when(by_customer).then(1).otherwise(0))
    people = people.group_by("customer").agg(nw.col("gone").max())
    means = collect(
        people.join(links, on="customer", how="left")
        .with_columns(links=nw.col("links").fill_null(0))
        .group_by("gone")
        .agg(nw.col("links").mean()),
        limit=2,
    ).set_index("gone")["links"]
    naive = FACT["naive"]
    assert means[1] == pytest.approx(naive["links_ever_of_removed"], rel=0.05)
    assert means[0] == pytest.approx(naive["links_ever_of_kept"], rel=0.05)
    assert naive["misses"]
    assert means[1] < means[0]


def test_the_step_in_pushing_is_found(pressure) -> None:
    """One campaign a week until 2026, three from then on; removals at equal tenure rose."""
    figures = pressure.figures
    assert figures["change_on"] in ("2025-12-29", "2026-01-05")
    assert figures["change_stated"] == 0
    assert figures["after_ratio_ci_lower"] > 1
    periods = pressure.tables["periods"].set_index("period")["links_per_contact_week"]
    assert periods["after"] / periods["before"] > 2


def test_clicks_fell_with_the_calendar_and_not_with_the_number(opened) -> None:
    """The generator lets 7 % of pushes be clicked before the step and 3 % after, at any number.

    The twelfth message therefore gets fewer clicks than the first, and yet nobody tires: against
    newcomers of the same time the response is the same.
    """
    client, base = opened
    result = touchpoints.measure_fatigue(base, client.settings)
    last = result.table.iloc[-1]
    assert last["ratio_to_first_ci_upper"] < 1
    assert result.table["calendar_ratio_ci_lower"].dropna().max() < 1
    assert (result.table["calendar_ratio_ci_upper"].dropna() > 1).all()
    assert result.figures["fatigue_point"] is None
    assert result.verdict is Verdict.CLEAR
