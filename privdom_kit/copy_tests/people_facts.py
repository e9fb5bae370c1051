"""What the rules of crowds and the reasons to leave people out ask of each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.contracts import CHILD_VALUES
from privdom_kit.purchases import COUNTED

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.copy_tests.start import CopyBase

FLAGS = ("member", "follower", "contact", "opted_out", "removed", "no_consent", "has_phone")


def people_facts(base: CopyBase, people: nw.LazyFrame) -> nw.LazyFrame:
    """One row a person, whatever the tables say of them up to ``as_of``.

    Returns:
        ``customer, customer_id, orders`` (counted orders)``, days_since_order`` (null: none), and
        1 or 0: ``member, follower`` (now)``, contact`` (a WeCom contact now)``, opted_out`` (or
        complained, on any channel, ever)``, removed`` (removed the brand on WeCom, no relation
        stands)``, no_consent`` (a child under 14 without the guardian's consent, where consents
        are given)``, has_phone``.
    """
    import narwhals as nw

    given = people.collect_schema().names()
    phone = nw.col("has_phone") if "has_phone" in given else nw.lit(0)
    rows = people.select("customer", "customer_id", has_phone=phone.cast(nw.Int32))
    for frame in (_orders(base), *_flags(base)):
        if frame is not None:
            rows = rows.join(frame, on="customer", how="left")
    known = rows.collect_schema().names()
    absent = {name: nw.lit(None, dtype=nw.Int32) for name in FLAGS if name not in known}
    if "last_on" not in known:
        absent |= {"orders": nw.lit(None, dtype=nw.Int32), "last_on": nw.lit(None, dtype=nw.Int32)}
    rows = rows.with_columns(**absent) if absent else rows
    counts = {name: nw.col(name).fill_null(0) for name in ("orders", *FLAGS)}
    days = base.base.as_of_day - nw.col("last_on")
    rows = rows.with_columns(days_since_order=days, **counts)
    # Who removed one member of staff and stands with another has not left the brand.
    left = nw.when(nw.col("contact") == 1).then(nw.lit(0)).otherwise(nw.col("removed"))
    return rows.with_columns(removed=left).drop("last_on")


def tier_flag(base: CopyBase, tiers: Sequence[str], name: str) -> nw.LazyFrame:
    """Members of some tiers: ``customer`` and 1 under ``name``."""
    import narwhals as nw

    members = base.base.tables["members"]
    codes = [code for t in tiers if (code := members.code("tier", t)) >= 0]
    return _one(members.frame.filter(nw.col("tier").is_in([*codes, -1])), name)


def can_phone(base: CopyBase) -> bool:
    """Whether the tables give phones at all, so that a person without one stands out."""
    import narwhals as nw

    from privdom_kit.engine import collect

    people = base.people
    if people is None or "has_phone" not in people.collect_schema().names():
        return False
    most = collect(people.select(nw.col("has_phone").max()), limit=1)["has_phone"].iloc[0]
    return bool(most == 1)


def _orders(base: CopyBase) -> nw.LazyFrame | None:
    import narwhals as nw

    purchases = base.base.purchases
    if purchases is None:
        return None
    counted = purchases.orders.filter(nw.col("reason") == COUNTED)
    return counted.group_by("customer").agg(
        nw.len().alias("orders"), nw.col("paid_on").max().alias("last_on")
    )


def _flags(base: CopyBase) -> list[nw.LazyFrame | None]:
    return [
        _members(base),
        _followers(base),
        _contacts(base),
        _opted_out(base),
        _removed(base),
        _no_consent(base),
    ]


def _one(rows: nw.LazyFrame, name: str) -> nw.LazyFrame:
    """The people of some rows, each once, with 1 under ``name``."""
    import narwhals as nw

    known = rows.filter(~nw.col("customer").is_null()).with_columns(_one=nw.lit(1))
    return known.group_by("customer").agg(nw.col("_one").max().alias(name))


def _members(base: CopyBase) -> nw.LazyFrame | None:
    tables = base.base.tables
    return _one(tables["members"].frame, "member") if "members" in tables else None


def _followers(base: CopyBase) -> nw.LazyFrame | None:
    import narwhals as nw

    if "followers" not in base.base.tables:
        return None
    rows = base.base.tables["followers"].frame
    if base.base.has("followers", "unsubscribed_at"):
        rows = rows.filter(nw.col("unsubscribed_at").is_null())
    return _one(rows, "follower")


def _contacts(base: CopyBase) -> nw.LazyFrame | None:
    """Standing relations on WeCom; where removals were not recorded, every relation stands."""
    import narwhals as nw

    if "contacts" not in base.base.tables:
        return None
    rows = base.base.tables["contacts"].frame
    if base.base.has("contacts", "removed_at"):
        rows = rows.filter(nw.col("removed_at").is_null())
    if base.base.has("contacts", "account_kind"):
        personal = base.base.tables["contacts"].code("account_kind", "personal")
        rows = rows.filter(nw.col("account_kind").fill_null(-1) != personal)
    return _one(rows, "contact")


def _opted_out(base: CopyBase) -> nw.LazyFrame | None:
    import narwhals as nw

    columns = [c for c in ("opted_out_at", "complained_at") if base.base.has("deliveries", c)]
    if not columns:
        return None
    rows = base.base.tables["deliveries"].frame
    told = [rows.filter(~nw.col(column).is_null()).select("customer") for column in columns]
    return _one(nw.concat(told), "opted_out")


def _removed(base: CopyBase) -> nw.LazyFrame | None:
    """Who removed the brand, by the contacts or by the deliveries that brought them in."""
    import narwhals as nw

    found = []
    if base.base.has("contacts", "removed_at"):
        contacts = base.base.tables["contacts"]
        rows = contacts.frame.filter(~nw.col("removed_at").is_null())
        if contacts.has("removed_by"):
            own = contacts.code("removed_by", "customer")
            rows = rows.filter(nw.col("removed_by").fill_null(-1) == own, nw.lit(own) >= 0)
        found.append(rows.select("customer"))
    if base.base.has("deliveries", "friend_removed_at"):
        rows = base.base.tables["deliveries"].frame
        found.append(rows.filter(~nw.col("friend_removed_at").is_null()).select("customer"))
    return _one(nw.concat(found), "removed") if found else None


def _no_consent(base: CopyBase) -> nw.LazyFrame | None:
    import narwhals as nw

    if not base.base.has("members", "child_birth_month", "guardian_consent"):
        return None
    missing = CHILD_VALUES.index("no_consent")
    rows = base.base.tables["members"].frame
    if "child_band" not in rows.collect_schema().names():
        return None
    return _one(rows.filter(nw.col("child_band") == missing), "no_consent")
