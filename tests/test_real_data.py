"""Client folders over public data: published figures, and refusals where people are missing."""

import json
import shutil

import pandas as pd
import pytest
from client_files import client_config, write_client
from real_data import cdnow, online_retail, real_file

from privdom_kit import layering
from privdom_kit.client import open_client


@pytest.fixture(scope="module")
def cdnow_base(tmp_path_factory):
    """CDNOW's published sample as of the end of its calibration period."""
    config = client_config(
        tmp_path_factory.mktemp("cdnow"), {"orders": cdnow()}, as_of="1997-09-30", timezone="UTC"
    )
    client = open_client(config)
    yield client, layering.summarise_customers(client)
    client.close()


def test_cdnow_repeat_buyers(cdnow_base):
    """946 of 2,357 customers repeat by 1997-09-30 (Fader, Hardie & Lee 2005)."""
    client, base = cdnow_base
    table = layering.measure_purchase_layers(base, client.settings).table.set_index("layer")
    assert table.loc["repeat", "customers"] == 946
    assert table["customers"].sum() == 2357
    assert table.loc["never", "customers"] == 0


def test_cdnow_cohorts(cdnow_base):
    """Every cell of the on-the-day matrix against a brute-force count in pandas."""
    client, base = cdnow_base
    rows = cdnow()
    rows["month"] = pd.PeriodIndex(pd.to_datetime(rows["paid_at"]), freq="M")
    rows = rows[rows["month"] <= pd.Period("1997-09")]
    first = rows.groupby("customer_id")["month"].min().rename("cohort")
    seen = rows.join(first, on="customer_id").drop_duplicates(["customer_id", "month"])
    ages = seen["month"].astype("int64") - seen["cohort"].astype("int64")
    counts = seen.assign(period=ages).groupby(["cohort", "period"])["customer_id"].nunique()
    table = layering.measure_retention(base, client.settings).table.query("kind == 'on'")
    compared = 0
    for row in table.itertuples():
        expected = counts.get((pd.Period(row.cohort), row.period), 0)
        if pd.isna(row.customers):
            # immature, small, or hidden so that a small cell cannot be had by subtraction
            continue
        assert row.customers == expected, (row.cohort, row.period)
        compared += 1
    assert compared >= 20


def test_cdnow_revenue_adds_up(cdnow_base):
    """The parts of the revenue are the sum of the file up to the day."""
    client, base = cdnow_base
    rows = cdnow()
    total = rows.loc[rows["paid_at"] <= "19970930", "amount"].astype(float).sum()
    result = layering.measure_revenue_split(base, client.settings)
    assert result.figures["total_net_spend"] == pytest.approx(total, abs=0.005)
    assert result.table["net_spend"].sum() == pytest.approx(total, abs=0.005)


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    """Online Retail, one order an invoice, cancellations negative."""
    config = client_config(
        tmp_path_factory.mktemp("retail"),
        {"orders": online_retail()},
        as_of="2011-12-09",
        timezone="Europe/London",
        currency="GBP",
    )
    client = open_client(config)
    yield client, layering.summarise_customers(client)
    client.close()


def test_online_retail_cancelled_giant_is_no_purchase(retail):
    """Customer 12346 bought for 77,183.60 and cancelled 16 minutes later: no buyer, no spend.

    Brute force in pandas: customers with a day whose net is above zero, or that has an order
    and no cancellation.
    """
    client, base = retail
    rows = online_retail().query("customer_id != ''")
    rows["day"] = pd.to_datetime(rows["paid_at"]).dt.date
    days = rows.groupby(["customer_id", "day"])["amount"].agg(
        net="sum", orders=lambda a: (a >= 0).sum(), returns=lambda a: (a < 0).sum()
    )
    bought = days[(days["orders"] > 0) & ((days["returns"] == 0) | (days["net"].round(2) > 0))]
    buyers = bought.reset_index().groupby("customer_id").size()
    assert "12346" not in buyers.index
    table = layering.measure_purchase_layers(base, client.settings).table.set_index("layer")
    assert table.loc["first", "customers"] == (buyers == 1).sum()
    assert table.loc["repeat", "customers"] == (buyers > 1).sum()


def test_online_retail_guests_are_counted_and_are_nobody(retail):
    """Invoices without a customer are kept, and are in no calculation about people."""
    client, _ = retail
    rows = online_retail()
    named = (rows["customer_id"] != "").sum()
    from privdom_kit.intake import measure_coverage

    row = measure_coverage(client).table.set_index("table").loc["orders"]
    assert row["rows"] == len(rows)
    assert row["rows_with_person"] == named


TMALL = {
    "order_id": "订单编号",
    "paid_at": "订单付款时间",
    "amount": "买家实际支付金额",
    "refund_amount": "退款金额",
}


@pytest.fixture(scope="module")
def tmall(tmp_path_factory):
    """The Tmall export as it is: Chinese headers, two with a trailing blank, no buyer."""
    folder = tmp_path_factory.mktemp("tmall")
    path = write_client(
        folder, {"orders": b""}, columns={"orders": TMALL}, as_of="2020-02-29", language="en"
    )
    shutil.copy(real_file("tmall_order_report.csv"), folder / "orders.csv")
    return path


def test_tmall_is_read_and_unpaid_orders_are_named(tmall):
    """28,010 rows; those without a payment time were never paid (brute-force count)."""
    from privdom_kit.config import read_config
    from privdom_kit.intake import prepare

    raw = pd.read_csv(tmall.parent / "orders.csv")
    raw.columns = raw.columns.str.strip()
    unpaid = raw["订单付款时间"].isna() & (raw["买家实际支付金额"] == 0)
    seen = prepare(read_config(tmall)).manifest["tables"]["orders"]
    assert seen["rows"] == len(raw) == 28010
    assert seen["dropped"]["not paid"] == unpaid.sum()
    assert seen["used"] + sum(seen["dropped"].values()) == 28010


def test_tmall_refuses_what_needs_people(tmall, tmp_path):
    """The run ends well; every question about people is not_measured and says why."""
    from click.testing import CliRunner

    from privdom_kit.cli import cli

    done = CliRunner().invoke(cli, ["run", str(tmall), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "brand" / "2020-02-29"
    results = {p.stem: json.loads(p.read_text()) for p in folder.glob("results/01_*/*.json")}
    assert len(results) >= 9
    assert {
        name: r["verdict"] for name, r in results.items() if r["verdict"] != "not_measured"
    } == {}
    missing = {"life_stages": "members"}
    for name, result in results.items():
        assert any(missing.get(name, "identity") in note for note in result["notes"]), name
    coverage = json.loads((folder / "results/00_intake/coverage.json").read_text())
    assert coverage["verdict"] == "act"
