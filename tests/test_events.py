"""The event scale: what each table gives, in which order, and what is left out.

Expected rows are read off the small tables by hand.
"""

import client_tables
import pandas as pd
import pytest
from client_tables import day

from privdom_kit.engine import closing, connect
from privdom_kit.events import BRAND, CUSTOMER, ORDER_BY

DAY = day("2026-03-01")
NOON = DAY * 86_400 + 43_200


@pytest.fixture
def make():
    with closing(connect()) as connection:
        yield lambda **frames: client_tables.base(connection, frames, DAY + 30)[0]


def told(events):
    """Events of all people in their order: (customer, touchpoint, action, direction)."""
    rows = events.frame.sort("customer", *ORDER_BY).collect("pandas").to_native()
    return [
        (
            int(row.customer),
            events.touchpoints[int(row.touchpoint)],
            events.actions[int(row.action)],
            int(row.direction),
        )
        for row in rows.itertuples()
    ]


def contacts(**columns):
    return pd.DataFrame({"customer": [1, 2, 3], "staff_id": ["a"] * 3, **columns})


def test_relations_begin_and_end_by_whoever_ended_them(make):
    base = make(
        contacts=contacts(
            added_on=[DAY] * 3,
            removed_on=pd.array([DAY + 1, DAY + 2, DAY + 3], dtype="Int32"),
            removed_by=["customer", "staff", "transfer"],
        )
    )
    assert told(base.events) == [
        (1, "wecom_chat", "added", CUSTOMER),
        (1, "wecom_chat", "removed", CUSTOMER),
        (2, "wecom_chat", "added", CUSTOMER),
        (2, "wecom_chat", "removed_by_staff", CUSTOMER),
        (3, "wecom_chat", "added", CUSTOMER),
        (3, "wecom_chat", "transferred", CUSTOMER),
    ]


def test_an_end_without_its_author_is_a_removal_and_no_end_is_none(make):
    base = make(
        contacts=contacts(
            added_on=[DAY] * 3, removed_on=pd.array([DAY + 1, None, None], dtype="Int32")
        )
    )
    assert [action for _, _, action, _ in told(base.events)] == [
        "added",
        "removed",
        "added",
        "added",
    ]


def test_only_counted_orders_are_events_and_carry_their_net(make):
    orders = client_tables.orders(
        (1, DAY, 100),
        (1, DAY + 1, 50),
        (2, DAY, -20),
        touchpoint=["live", "live", "live"],
        status=["paid", "closed", "paid"],
    )
    events = make(orders=orders).events
    assert told(events) == [(1, "live", "order", CUSTOMER)]
    assert events.frame.select("net_cents").collect("pandas").to_native()["net_cents"][0] == 10_000
    assert events.coverage.dropped == {"closed": 1, "return": 1}


def test_at_the_same_second_touches_come_first_then_the_stored_order(make):
    touches = pd.DataFrame(
        {
            "customer": [1, 1],
            "occurred_at": [NOON, NOON],
            "occurred_on": [DAY, DAY],
            "touchpoint": ["mini_program", "wecom_chat"],
            "action": ["click", "send"],
            "direction": ["customer", "brand"],
            "order_key": [1, 0],
        }
    )
    base = make(orders=client_tables.orders((1, DAY, 9)), touches=touches)
    assert told(base.events) == [
        (1, "wecom_chat", "send", BRAND),
        (1, "mini_program", "click", CUSTOMER),
        (1, "unknown", "order", CUSTOMER),
    ]


def test_a_delivery_gives_each_time_that_it_has_and_wecom_is_the_chat(make):
    deliveries = pd.DataFrame(
        {
            "customer": [1, 2],
            "delivery_id": [0, 1],
            "channel": ["wecom", "sms"],
            "sent_on": [DAY, DAY],
            "clicked_on": pd.array([None, DAY + 1], dtype="Int32"),
        }
    )
    assert told(make(deliveries=deliveries).events) == [
        (1, "wecom_chat", "sent", BRAND),
        (2, "sms", "sent", BRAND),
        (2, "sms", "clicked", CUSTOMER),
    ]


def test_rows_that_name_nobody_are_counted_and_left_out(make):
    touches = pd.DataFrame(
        {
            "customer": pd.array([1, None], dtype="Int32"),
            "occurred_on": [DAY, DAY],
            "touchpoint": ["live", "live"],
            "action": ["watch", "watch"],
            "direction": ["customer", "customer"],
        }
    )
    events = make(touches=touches).events
    assert (events.coverage.rows, events.coverage.used) == (2, 1)
    assert events.coverage.dropped == {"no customer": 1}
    assert events.counts == (
        {
            "touchpoint": "live",
            "action": "watch",
            "direction": "customer",
            "events": 1,
            "customers": 1,
        },
    )


def test_both_sides_of_an_invitation(make):
    referrals = pd.DataFrame({"customer": [2], "referrer": [1], "invited_on": [DAY]})
    assert told(make(referrals=referrals).events) == [
        (1, "referral", "invites", CUSTOMER),
        (2, "referral", "invited", CUSTOMER),
    ]


def test_without_tables_there_is_nothing(make):
    events = make().events
    assert events.counts == ()
    assert events.coverage.rows == 0
    assert told(events) == []
    assert events.touchpoint("live") == events.action("order") == -1


def test_who_was_held_back_was_sent_nothing(make):
    """Control arms by arm or by status, in any case of letters; a row without an arm was sent."""
    deliveries = pd.DataFrame(
        {
            "customer": [1, 2, 3, 4],
            "delivery_id": [0, 1, 2, 3],
            "channel": ["sms"] * 4,
            "sent_on": [DAY] * 4,
            "arm": ["coupon", "Control", None, "coupon"],
            "status": ["ok", "ok", "ok", "held_out"],
        }
    )
    events = make(deliveries=deliveries).events
    assert [customer for customer, *_ in told(events)] == [1, 3]
    assert events.coverage.dropped == {"held back on purpose": 2}
    assert (events.coverage.rows, events.coverage.used) == (4, 2)
