"""The true world behind the exports, built in order: people, friends, orders, touches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, stream
from . import plan
from .buying import make_orders
from .cases import make_reminders, make_responses, make_tickets
from .deliveries import make_deliveries
from .friends import Friends, make_friends
from .groups import make_groups, make_posts
from .leads import make_leads
from .people import make_identifiers, make_members, make_people
from .statistics import make_referrals
from .touches import make_touches


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true of the brand, by true person number.

    Attributes:
        people, ids: One row a person.
        journeys: One row a follower: subscribed_at, unsubscribed_at, visited_at, added_at, lead_at,
            bought_at, source.
        friends: Contacts, relations, links, broadcasts, arms.
        orders, items: True orders and their items.
        touches, deliveries, tickets, responses, leads, referrals: With the person of each row.
        members, groups, posts: As exported (posts with ``broken``).
    """

    people: pd.DataFrame
    ids: pd.DataFrame
    journeys: pd.DataFrame
    friends: Friends
    orders: pd.DataFrame
    items: pd.DataFrame
    touches: pd.DataFrame
    deliveries: pd.DataFrame
    tickets: pd.DataFrame
    responses: pd.DataFrame
    leads: pd.DataFrame
    referrals: pd.DataFrame
    members: pd.DataFrame
    groups: pd.DataFrame
    posts: pd.DataFrame


def build() -> World:
    """Draw the whole brand from the seed of the plan."""
    people = make_people()
    ids = make_identifiers(people)
    friends = make_friends(people)
    reminders = make_reminders(people)
    tickets = make_tickets(people, reminders)
    orders, items = make_orders(people, reminders, tickets, friends.relations)
    journeys = _journeys(people, friends.people, orders)
    groups = make_groups()
    return World(
        people=people, ids=ids, journeys=journeys, friends=friends, orders=orders, items=items,
        touches=make_touches(friends, orders, journeys),
        deliveries=make_deliveries(people, reminders, friends, orders),
        tickets=tickets, responses=make_responses(people), leads=make_leads(people, journeys),
        referrals=make_referrals(people, ids, friends.people), members=make_members(people, ids),
        groups=groups, posts=make_posts(groups),
    )  # fmt: skip


def _journeys(people: pd.DataFrame, contacts: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """When each follower took each step, and when some left the account."""
    rng = stream(plan.SEED, "journeys")
    rows = people[people["kind"].eq("follower")]
    size = len(rows)

    def at(name: str) -> np.ndarray:
        return moments(plan.ORIGIN, rows[name], opening_seconds(rng, size, 7, 23)).to_numpy()

    leaves = quota_flags(rng, size, plan.UNFOLLOW)
    gone = rows["subscribed_day"] + 1 + np.floor(rng.exponential(25, size)).astype(int)
    gone = gone.where(leaves & (gone <= plan.AS_OF_DAY + 2), -1)
    bought = orders[orders["kind"].eq("scooter")].drop_duplicates("person").set_index("person")
    added = contacts.set_index("person")["added_at"]
    person = rows["person"].to_numpy()
    paid = bought["paid_at"].reindex(person).to_numpy()
    return pd.DataFrame(
        {
            "person": person, "subscribed_at": at("subscribed_day"), "visited_at": at("visit_day"),
            "added_at": added.reindex(person).to_numpy(), "lead_at": at("lead_day"),
            "bought_at": pd.Series(paid).where(rows["funnel_day"].ge(0).to_numpy()).to_numpy(),
            "unsubscribed_at": moments(plan.ORIGIN, gone, opening_seconds(rng, size)).to_numpy(),
            "source": quota_choice(
                rng, size, {"scan": 0.45, "menu": 0.2, "search": 0.15, "card": 0.1, "channels": 0.1}
            ),
        }
    )  # fmt: skip
