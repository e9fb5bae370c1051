"""Through which touchpoints people can be reached today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.purchases import read_purchases
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.client import Client

_BY_PHONE = ("sms", "call", "call_sms")


def measure_reach(client: Client, least: int) -> tuple[pd.DataFrame, int]:
    """People and buyers who can be reached, by touchpoint.

    A WeCom contact that nobody removed; a follower who has not unsubscribed; a member whose
    phone is known; anybody whose usable phone is known and who did not opt out of texts or
    calls. ``any`` is whoever is reached by at least one of them.

    Args:
        client: The opened client.
        least: People below which a cell is hidden.

    Returns:
        touchpoint, people_reachable, people, reachable_share and, where orders were given,
        buyers_reachable, buyers, buyers_reachable_share; and how many cells were hidden. A
        touchpoint whose table was not given is not among the rows.
    """
    import pandas as pd

    ways = _ways(client)
    if not ways:
        return pd.DataFrame(columns=["touchpoint", "people_reachable", "people"]), 0
    ways["any"] = _united(list(ways.values()))
    groups = {"people": client.people.select("customer")}
    if "orders" in client.tables:
        groups["buyers"] = checkpoint(_buyers(client))
    table = pd.DataFrame({"touchpoint": list(ways)})
    hidden = 0
    for group, members in groups.items():
        reached, share = f"{group}_reachable", f"{group}_reachable_share".removeprefix("people_")
        table[reached] = [count_people(_within(way, members)) for way in ways.values()]
        table[group] = count_people(members)
        table[share] = table[reached] / table[group].where(table[group] > 0)
        # Touchpoints overlap: no total follows from their sum.
        table, cells = suppress(table, reached, [share], least, groups=())
        hidden += cells
    return table, hidden


def _ways(client: Client) -> dict[str, nw.LazyFrame]:
    """Distinct customers by touchpoint."""
    import narwhals as nw

    ways = {}
    if "contacts" in client.tables:
        contacts = client.contacts
        open_ones = _still(contacts.frame, "removed_at", contacts.has("removed_at"))
        if contacts.has("account_kind"):
            personal = contacts.code("account_kind", "personal")
            open_ones = open_ones.filter(
                nw.col("account_kind").is_null() | (nw.col("account_kind") != personal)
            )
        ways["wecom"] = open_ones
    if "followers" in client.tables:
        followers = client.followers
        given = followers.has("unsubscribed_at")
        ways["service_account"] = _still(followers.frame, "unsubscribed_at", given)
    with_phone = client.people.filter(nw.col("has_phone") == 1)
    if "members" in client.tables:
        ways["member_with_phone"] = _within(_distinct(client.members.frame), with_phone)
    ways["phone"] = _without(with_phone, _opted_out(client))
    return {name: checkpoint(_distinct(way)) for name, way in ways.items()}


def _still(frame: nw.LazyFrame, ended: str, given: bool) -> nw.LazyFrame:
    import narwhals as nw

    return frame.filter(nw.col(ended).is_null()) if given else frame


def _opted_out(client: Client) -> nw.LazyFrame | None:
    """People who opted out of texts or calls."""
    import narwhals as nw

    if "deliveries" not in client.tables or not client.deliveries.has("opted_out_at"):
        return None
    deliveries = client.deliveries
    channels = [deliveries.code("channel", channel) for channel in _BY_PHONE]
    gone = nw.col("channel").is_in(channels) & ~nw.col("opted_out_at").is_null()
    return _distinct(deliveries.frame.filter(gone))


def _buyers(client: Client) -> nw.LazyFrame:
    import narwhals as nw

    return _distinct(read_purchases(client.orders).days.filter(nw.col("is_purchase") == 1))


def _distinct(frame: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    return frame.filter(~nw.col("customer").is_null()).select("customer").unique()


def _within(frame: nw.LazyFrame, others: nw.LazyFrame) -> nw.LazyFrame:
    return frame.select("customer").join(others.select("customer"), on="customer", how="semi")


def _without(frame: nw.LazyFrame, others: nw.LazyFrame | None) -> nw.LazyFrame:
    return frame if others is None else frame.join(others, on="customer", how="anti")


def _united(frames: list[nw.LazyFrame]) -> nw.LazyFrame:
    import narwhals as nw

    return checkpoint(_distinct(nw.concat(frames)))


def count_people(frame: nw.LazyFrame) -> int:
    """Distinct customers of the rows; rows that name nobody do not count."""
    import narwhals as nw

    return int(collect(_distinct(frame).select(nw.len().alias("n")), limit=1)["n"][0])
