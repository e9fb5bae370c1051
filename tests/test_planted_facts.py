"""The facts planted in camel_milk, recovered through the package from the raw exports.

The expected numbers are those of sample_data/camel_milk/facts.yml: ``planted`` are the generator's
parameters, ``counted`` are brute-force counts of the raw files (tests/sample_data recounts them).
"""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from privdom_kit import intake, layering
from privdom_kit.client import open_client
from privdom_kit.config import read_config

SAMPLE = Path(__file__).parents[1] / "sample_data" / "camel_milk"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the brand, so that nothing is written beside the repository's files."""
    copy = tmp_path_factory.mktemp("sample") / "camel_milk"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns(".privdom"))
    return copy


@pytest.fixture(scope="module")
def client(folder):
    opened = open_client(read_config(folder))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def base(client):
    return layering.summarise_customers(client)


@pytest.fixture(scope="module")
def earlier(folder):
    """The brand as of the last day before pushing was intensified, and its base."""
    opened = open_client(read_config(folder, as_of="2025-12-31"))
    yield opened, layering.summarise_customers(opened)
    opened.close()


def inside(lower, value, upper):
    assert lower <= value <= upper, f"{value} is not within {lower} to {upper}"


def test_identity_and_rows(client):
    """Clusters, bad rows, rows after as_of and duplicates: exact counts."""
    assert client.intake["people"] == FACTS["identity"]["counted"]["clusters"]
    tables = intake.measure_tables(client).table.set_index("table")
    orders, contacts = tables.loc["orders"], tables.loc["contacts"]
    counted = FACTS["unusable_orders"]["counted"]
    assert orders["rows"] == counted["rows"]
    assert orders["quarantined"] == counted["bad_rows"]
    assert orders["after_as_of"] == counted["after_as_of"]
    assert orders["duplicates"] == counted["exact_duplicates"]
    counted = FACTS["unusable_contacts"]["counted"]
    assert contacts["quarantined"] == counted["bad_rows"]
    assert contacts["after_as_of"] == counted["after_as_of"]


def test_reasons_of_bad_rows(client):
    """Each bad row for the reason for which it was planted."""
    faults = intake.measure_tables(client).tables["faults"]
    seen = {(r.table, r.column, r.reason): r.rows for r in faults.itertuples()}
    planted = FACTS["unusable_orders"]["counted"]["reasons"]
    assert seen["orders", "paid_at", "not_a_time"] == planted["unparsable date"]
    assert seen["orders", "amount", "not_a_number"] == planted["amount is no number"]
    assert seen["orders", "order_id", "missing"] == planted["missing order number"]
    assert seen["orders", "status", "not_allowed"] == planted["unknown status"]


def test_order_cycle(earlier):
    """Before 2026: the planted median gap lies within the interval; the naive median does not."""
    opened, base = earlier
    figures = layering.measure_states(base, opened.settings).figures
    planted = FACTS["order_cycle"]["planted"]["gap_median_days"]
    lower, upper = (
        figures["order_cycle_days_ci_lower"],
        figures["order_cycle_days_ci_upper"],
    )
    inside(lower, planted, upper)
    assert FACTS["order_cycle"]["naive"]["gap_median_days"] < lower


def test_buyers_and_repeaters(client, base):
    """Buyers and those who came back, by distinct purchase days: within the true counts."""
    result = layering.measure_purchase_layers(base, client.settings)
    layers = result.table.set_index("layer")["customers"]
    counted = FACTS["order_cycle"]["counted"]
    assert layers["first"] + layers["repeat"] == counted["buyers"]
    # come_back counts also those who return only after the export.
    assert layers["repeat"] <= counted["come_back"]
    # One person has nothing but the giant order that was closed: known, and never a buyer.
    never = FACTS["never_ordered"]["counted"]["never_ordered_after_stitching"]
    assert layers["never"] == never + 1
    assert layers.sum() == FACTS["identity"]["counted"]["clusters"]


CHANNELS = {"parcel_card": "扫描二维码", "lead_gift": "获客链接"}


@pytest.mark.parametrize("code", CHANNELS)
def test_second_order_by_channel(client, base, code):
    """The planted 90-day second-order rate lies within the channel's Wilson interval."""
    from privdom_kit.estimates import proportion_interval

    table = layering.measure_channel_layers(base, client.settings).table.set_index("channel")
    row = table.loc[CHANNELS[code]]
    planted = FACTS["second_order_by_channel"]["planted"][code]
    counted = FACTS["second_order_by_channel"]["counted"][code]
    found = proportion_interval(row["second_purchase_customers"], row["ripe_buyers"])
    inside(found.lower, planted, found.upper)
    assert row["buyers"] <= counted["buyers"] + 250  # the 250 not yet ripe
    assert row["ripe_buyers"] <= counted["buyers"]


def test_time_to_the_second_order(earlier):
    """42 % ever come back, and half of those by day 34: product-limit, not the naive median."""
    client, base = earlier
    table = layering.measure_next_order(base, client.settings).table.set_index("step")
    planted = FACTS["order_cycle"]["planted"]
    first = table.loc["first_to_second"]
    inside(
        first["returned_share_ci_lower"],
        planted["comeback_share"],
        first["returned_share_ci_upper"],
    )
    tolerance = FACTS["order_cycle"]["tolerance"]
    assert abs(first["returned_share"] - planted["comeback_share"]) <= tolerance["comeback_share"]
    again = planted["comeback_share_after_repeat"]
    for step in ("second_to_third", "third_and_later"):
        row = table.loc[step]
        inside(row["returned_share_ci_lower"], again, row["returned_share_ci_upper"])
        inside(
            row["half_return_days_ci_lower"],
            planted["gap_median_days"],
            row["half_return_days_ci_upper"],
        )


@pytest.mark.parametrize("code", ["parcel_card", "lead_gift"])
def test_second_order_by_product_limit(client, base, code):
    """Young buyers allowed for, the share within 90 days by the first contact's entry code."""
    chosen = client.settings.layering.model_copy(update={"channel_column": "entry_code"})
    settings = client.settings.model_copy(update={"layering": chosen})
    opened = SimpleNamespace(
        tables=client.tables,
        settings=settings,
        economics=client.economics,
        as_of=client.as_of,
        as_of_day=client.as_of_day,
    )
    result = layering.measure_next_order(layering.summarise_customers(opened), settings)
    row = result.tables["by_channel"].set_index("channel").loc[code]
    planted = FACTS["second_order_by_channel"]["planted"][code]
    inside(row["second_purchase_share_ci_lower"], planted, row["second_purchase_share_ci_upper"])
    tolerance = FACTS["second_order_by_channel"]["tolerance"][code]
    assert abs(row["second_purchase_share"] - planted) <= tolerance


def test_a_brand_outside_the_models_world_is_not_valued(client, base):
    """Its customers differ by a coin, not by a rate: the r of MBG/NBD runs off, and it says so."""
    result = layering.measure_customer_value(base, client.settings)
    assert result.verdict == "not_enough_data"
    assert result.people is None
    contacts = result.tables["contact_worth"].set_index("channel")
    assert contacts.loc["all", "contacts"] == FACTS["new_contacts"]["counted"]["contacts"]


def test_promotion_and_touch(client, base):
    """First orders on promotion and repeat orders after a touch: counts and planted shares."""
    table = layering.measure_revenue_split(base, client.settings).table.set_index("part")
    counted = FACTS["promotion_share"]["counted"]
    assert table.loc["first_on_promotion", "orders"] == counted["first_on_promotion"]
    assert (
        table.loc["first_on_promotion", "orders"] + table.loc["first_not_on_promotion", "orders"]
        == counted["first_orders"]
    )
    after = table.loc["repeat_after_touch", "orders"]
    repeats = after + table.loc["repeat_without_touch", "orders"]
    assert repeats == counted["repeat_orders"]
    fact = FACTS["repeat_after_touch"]
    assert after / repeats == pytest.approx(
        fact["planted"]["share"], abs=fact["tolerance"]["share"]
    )


def test_concentration(client, base):
    """The share of the top fifth: exact to the yuan."""
    table = layering.measure_concentration(base, client.settings).table.set_index("top_share")
    counted = FACTS["concentration"]["counted"]
    assert table.loc[0.2, "customers"] == counted["top_buyers"]
    assert table.loc[0.2, "net_spend"] == counted["top_revenue"]
    assert table.loc[0.2, "total_net_spend"] == counted["revenue"]
    assert table.loc[0.2, "spend_share"] == pytest.approx(counted["share"], abs=1e-6)


def test_retention_falls(client, base):
    """Month 1 from 30 % to 18 %: both planted rates lie within pooled intervals; act."""
    from privdom_kit.estimates import proportion_interval

    result = layering.measure_retention(base, client.settings)
    on = result.table.query("kind == 'on' and period == 1").dropna(subset=["customers"])
    for period, cohorts in {
        "early": on[on["cohort"] <= "2025-12"],
        "late": on[on["cohort"] >= "2026-01"],
    }.items():
        counted = FACTS["month_1_retention"]["counted"][period]
        bought, buyers = cohorts["customers"].sum(), cohorts["cohort_customers"].sum()
        assert (bought, buyers) == (counted["kept"], counted["buyers"])
        found = proportion_interval(bought, buyers)
        inside(found.lower, FACTS["month_1_retention"]["planted"][period], found.upper)
    assert result.verdict == "act"
    immature = result.table.query("cohort == '2026-05' and period == 1")
    assert immature["customers"].isna().all()
    assert immature["share"].isna().all()


def test_giant_orders_make_no_vip(client, base):
    """88,888 closed and 66,666 refunded: neither is in the revenue, nor in the top cents."""
    table = layering.measure_concentration(base, client.settings).table
    counted = FACTS["giant_orders"]["counted"]
    assert table["net_spend"].min() > 0
    top = table.set_index("top_share").loc[0.01]
    assert top["net_spend"] < min(counted.values()) * 2
    assert top["net_spend"] / top["customers"] < min(counted.values()) / 10


def test_children(client, base):
    """Bands with consent by count; everybody without consent in one row without a band."""
    table = layering.measure_life_stages(base, client.settings).table.set_index("band")
    counted = FACTS["children"]["counted"]
    for band, members in counted["by_band_with_consent"].items():
        assert table.loc[band, "customers"] == members
    assert table.loc["no_consent", "customers"] == counted["with_child"] - counted["consent_true"]


def test_states_are_exclusive_and_exhaustive(client, base):
    """Five states hold every known person once, now and one period before; moves add up."""
    states = layering.measure_states(base, client.settings).table
    assert states["customers"].sum() == FACTS["identity"]["counted"]["clusters"]
    moves = layering.measure_layer_moves(base, client.settings)
    figures = moves.figures
    stayed_or_moved = figures["moved_down"] + figures["moved_up"] + figures["stayed"]
    assert stayed_or_moved == figures["moved_base"] == states["previous_customers"].sum()
