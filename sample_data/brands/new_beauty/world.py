"""The true world behind the exports, built in order: people, what was sent, friends, orders."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from . import plan
from .add_test import make_add_test
from .buying import earlier_orders, make_orders
from .friends import make_contacts, make_touches
from .people import make_members, make_people
from .sms_tests import make_blast, make_notice, make_null_test, make_vip_test


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true of the brand, by true person number.

    Attributes:
        people: One row a person.
        orders: All orders.
        deliveries: All rows of all tests, with the person.
        contacts: One row a contact.
        members: One row a member.
        touches: Welcome messages and answers.
    """

    people: pd.DataFrame
    orders: pd.DataFrame
    deliveries: pd.DataFrame
    contacts: pd.DataFrame
    members: pd.DataFrame
    touches: pd.DataFrame


def build() -> World:
    """Draw the whole brand from the seed of the plan."""
    people = make_people()
    earlier = earlier_orders(people)
    parts = [
        make_add_test(people, earlier),
        make_vip_test(people),
        make_null_test(people),
        make_blast(people),
        make_notice(people, earlier),
    ]
    sent = pd.concat(parts, ignore_index=True)
    sent = sent.sort_values(["sent_at", "person"], ignore_index=True)
    sent["delivery_id"] = [f"S{number:06d}" for number in range(1, len(sent) + 1)]
    orders = make_orders(people, earlier, sent)
    contacts = make_contacts(people, sent)
    day = (orders["paid_at"] - pd.Timestamp(plan.ORIGIN)).dt.days
    return World(
        people=people,
        orders=orders,
        deliveries=sent,
        contacts=contacts,
        members=make_members(people, day.groupby(orders["person"]).min()),
        touches=make_touches(contacts),
    )
