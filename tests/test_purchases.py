"""What counts as a purchase, on tables small enough to check by hand and on two public files."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from client_tables import day, orders, table
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit.engine import closing, collect, connect
from privdom_kit.purchases import read_purchases

PUBLIC = Path(os.environ.get("PRIVDOM_PUBLIC_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_public_data = pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public files are not here")


def days_of(rows: pd.DataFrame) -> tuple[pd.DataFrame, object]:
    with closing(connect()) as connection:
        purchases = read_purchases(table(connection, "orders", rows))
        days = collect(purchases.days, limit=1_000_000)
    return days.sort_values(["customer", "day"], ignore_index=True), purchases


def test_every_rule_once() -> None:
    """Nine rows by hand.

    1: paid 100 less 30 refunded = 70. 2: closed. 3: refunded. 4: refunded in full. 5: bought and
    returned on one day, net 0. 6: free. 7: bought, returned in part later. None: nobody's.
    """
    rows = orders(
        (1, 10, 100),
        (2, 10, 50),
        (3, 10, 50),
        (4, 10, 50),
        (5, 10, 80),
        (5, 10, -80),
        (6, 11, 0),
        (7, 10, 60),
        (7, 12, -20),
        (None, 10, 99),
        refund_amount_cents=[3000, 0, None, 5000, 0, 0, 0, 0, 0, None],
        status=[
            "paid",
            "closed",
            "refunded",
            None,
            "paid",
            "paid",
            "paid",
            "paid",
            "refunded",
            "paid",
        ],
    )
    days, purchases = days_of(rows)
    assert days.values.tolist() == [
        [1, 10, 7000, 1],
        [5, 10, 0, 0],
        [6, 11, 0, 1],
        [7, 10, 6000, 1],
        [7, 12, -2000, 0],
    ]
    assert purchases.coverage.used == 4
    assert dict(purchases.coverage.dropped) == {
        "closed": 1,
        "refunded": 1,
        "refunded in full": 1,
        "return": 2,
        "no customer": 1,
    }
    assert purchases.coverage.rows == 10
    assert purchases.spend_unassigned_cents == 9900


def test_a_return_beside_a_purchase_leaves_the_day_while_its_net_is_positive() -> None:
    days, _ = days_of(orders((1, 5, 30), (1, 5, -10), (2, 5, 0), (2, 5, -10)))
    assert days.values.tolist() == [[1, 5, 2000, 1], [2, 5, -1000, 0]]


def test_orders_without_status_and_refund_columns_all_count() -> None:
    days, purchases = days_of(orders((1, 5, 30), (1, 6, 20)))
    assert days["is_purchase"].tolist() == [1, 1]
    assert purchases.coverage.used == purchases.coverage.rows == 2


row = st.tuples(
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(0, 4),
    st.integers(-3, 3),
    st.integers(0, 3),
    st.sampled_from(["paid", "closed", "refunded", None]),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(row, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_days_are_those_of_a_plain_loop_in_any_row_order(rows: list, random: object) -> None:
    """Against the rules written as a loop over rows; shuffling changes nothing."""
    expected: dict[tuple[int, int], list[int]] = {}
    for customer, on, amount, refund, status in rows:
        if status == "closed" or (status == "refunded" and amount >= 0) or customer is None:
            continue
        if amount >= 0 and refund > 0 and amount - refund <= 0:
            continue
        entry = expected.setdefault((customer, on), [0, 0, 0])
        entry[0] += amount if amount < 0 else amount - refund
        entry[1 if amount >= 0 else 2] += 1
    wanted = [
        [customer, on, net * 100, int(bought > 0 and (back == 0 or net > 0))]
        for (customer, on), (net, bought, back) in sorted(expected.items())
    ]
    random.shuffle(rows)
    frame = orders(
        *[r[:3] for r in rows],
        refund_amount_cents=[r[3] * 100 for r in rows],
        status=[r[4] for r in rows],
    )
    days, purchases = days_of(frame)
    assert days.values.tolist() == wanted
    assert purchases.coverage.rows == len(rows)


@needs_public_data
def test_cdnow_repeaters_to_september_1997() -> None:
    """Of the published sample, 946 of 2,357 customers bought on two days or more.

    Fader, Hardie and Lee (2005), up to 1997-09-30; rows of one day are one purchase.
    """
    sample = pd.read_csv(
        PUBLIC / "CDNOW_sample.txt",
        sep=r"\s+",
        header=None,
        names=["master", "customer", "date", "cds", "dollars"],
    )
    sample = sample[sample["date"] <= 19970930]
    dates = pd.to_datetime(sample["date"].astype(str)).map(lambda date: day(str(date.date())))
    rows = orders(*zip(sample["customer"], dates, sample["dollars"], strict=True))
    days, _ = days_of(rows)
    bought = days[days["is_purchase"] == 1].groupby("customer").size()
    assert len(bought) == 2357
    assert (bought >= 2).sum() == 946


@needs_public_data
def test_a_giant_order_cancelled_the_same_day_is_no_purchase() -> None:
    """Online Retail's customer 12346 bought for 77,183.60 and cancelled 16 minutes later."""
    lines = pd.read_parquet(PUBLIC / "online_retail_2010_2011.parquet")
    lines.columns = [c.replace(" ", "").lower() for c in lines.columns]
    number, customer = lines.columns[0], "customerid"
    lines["amount"] = lines["quantity"] * lines[next(c for c in lines if "price" in c)]
    invoices = lines.groupby(number, sort=False).agg(
        customer=(customer, "first"), date=("invoicedate", "first"), amount=("amount", "sum")
    )
    invoices["date"] = pd.to_datetime(invoices["date"])
    giant = invoices["customer"].astype("Float64") == 12346
    rows = orders(
        *[
            (12346, day(str(date.date())), amount)
            for date, amount in invoices.loc[giant, ["date", "amount"]].itertuples(index=False)
        ]
    )
    assert rows["amount_cents"].max() == 7718360
    days, purchases = days_of(rows)
    on = day("2011-01-18")
    assert days[days["day"] == on].values.tolist() == [[12346, on, 0, 0]]
    assert purchases.coverage.dropped == {"return": 1}
