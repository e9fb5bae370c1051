"""The true world behind the exports, built in order: people, purchases, friends, touches."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from . import plan
from .friends import Friends, make_friends
from .identity import make_followers, make_identifiers, make_members, order_identity, stitch
from .orders import make_orders
from .people import make_people
from .purchases import make_purchases
from .touches import make_touches
from .upkeep import Upkeep, make_upkeep


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true of the brand, by true person number.

    Attributes:
        people: One row a person (``people.make_people``).
        days: Purchase days, also those that lie beyond the export (``purchases``).
        rates: Planted come-back share by period and channel.
        orders, items: True orders with the identifiers they show, and their items.
        friends: Contacts, relations, campaigns, exposure (``friends``).
        relations: Relations with the identifiers they show.
        members, followers: As exported, followers with the person.
        touches: All touches with the person and the identifier they show.
        ids: One row a person: all identifiers.
        components: (type, value) -> component, from rows up to as_of.
        upkeep: Groups, posts, daily statistics, service cases, answers, staff.
    """

    people: pd.DataFrame
    days: pd.DataFrame
    rates: pd.DataFrame
    orders: pd.DataFrame
    items: pd.DataFrame
    friends: Friends
    relations: pd.DataFrame
    members: pd.DataFrame
    followers: pd.DataFrame
    touches: pd.DataFrame
    ids: pd.DataFrame
    components: dict[tuple[str, str], int]
    upkeep: Upkeep


def build() -> World:
    """Draw the whole brand from the seed of the plan."""
    people = make_people()
    days, rates = make_purchases(people)
    orders, items = make_orders(people, days)
    ids = make_identifiers(people)
    orders = orders.join(order_identity(ids, orders))
    friends = make_friends(people)
    relations = _identified(friends.relations, ids)
    members, followers = make_members(people, ids), make_followers(people, ids)
    components = _components(orders, relations, members, followers)
    linked = _linked(ids, orders, components)
    touches = make_touches(friends, followers, repeat_orders(orders), linked)
    known = touches["known_by"].eq("external_user_id")
    named = ids.set_index("person").loc[touches["person"]].reset_index()
    touches["external_user_id"] = named["external_user_id"].where(known)
    touches["open_id"] = named["open_id"].where(~known)
    return World(
        people, days, rates, orders, items, friends, relations, members, followers, touches, ids,
        components, make_upkeep(valid_orders(orders), ids),
    )  # fmt: skip


def valid_orders(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders that count: paid, not after as_of."""
    return orders[orders["status"].eq("paid") & orders["day"].le(plan.AS_OF_DAY)]


def repeat_orders(orders: pd.DataFrame) -> pd.DataFrame:
    """Valid orders on a person's second or later purchase day."""
    rows = valid_orders(orders)
    return rows[rows["nth"] >= 2]


def _identified(relations: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    rows = ids.set_index("person").loc[relations["person"]].reset_index(drop=True)
    return relations.assign(
        external_user_id=rows["external_user_id"],
        union_id=rows["union_id"].where(rows["contact_shows_union"]),
        phone=rows["phone"].where(rows["contact_shows_phone"]),
    )


def _components(orders, relations, members, followers) -> dict[tuple[str, str], int]:
    """What can be stitched from the rows that as_of leaves."""
    end = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)
    return stitch(
        [
            orders.loc[orders["paid_at"] < end, ["phone", "member_id"]],
            relations.loc[relations["added_at"] < end, ["external_user_id", "union_id", "phone"]],
            members[["member_id", "phone", "union_id"]],
            followers[["open_id", "union_id"]],
        ]
    )


def _linked(ids: pd.DataFrame, orders: pd.DataFrame, components: dict) -> pd.DataFrame:
    """By person: do contact and follower rows land in the component of the orders?"""
    shown = orders.drop_duplicates("person").set_index("person")[["phone", "member_id"]]
    home = {
        person: components.get(("phone", phone), components.get(("member_id", member)))
        for person, phone, member in shown.itertuples(name=None)
    }

    def there(kind: str) -> list[bool]:
        pairs = zip(ids["person"], ids[kind], strict=True)
        return [p in home and components.get((kind, v), -1) == home[p] for p, v in pairs]

    flags = {"contact": there("external_user_id"), "follower": there("open_id")}
    return pd.DataFrame(flags, index=ids["person"])
