"""Who is known by which identifier in which table, and what can be stitched from that."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import moments, opening_seconds, quota_choice, quota_flags, random_ids, stream
from . import plan


def make_identifiers(people: pd.DataFrame) -> pd.DataFrame:
    """One row a person: every identifier the person has, and which table shows which.

    The ``*_shows_*`` flags say whether a table carries the identifier for that person.
    """
    rng = stream(plan.SEED, "identifiers")
    size = len(people)
    buyer, contact = people["first_day"].ge(0).to_numpy(), people["added_day"].ge(0).to_numpy()
    ids = pd.DataFrame({"person": people["person"]})
    ids["phone"] = [f"1990000{number:04d}" for number in rng.permutation(10_000)[:size]]
    ids["union_id"] = random_ids(rng, "oU", size, 26)
    ids["external_user_id"] = np.where(contact, random_ids(rng, "wm", size, 30), None)
    ids["open_id"] = np.where(_follows(rng, people), random_ids(rng, "oA", size, 26), None)
    numbers = np.array([f"M{number:06d}" for number in rng.permutation(900_000)[:size]], object)
    ids["member_id"] = np.where(_is_member(rng, people, buyer), numbers, None)
    ids["member_shows_phone"] = quota_flags(rng, size, plan.MEMBER_PHONE)
    ids["member_shows_union"] = quota_flags(rng, size, plan.MEMBER_UNION)
    ids["contact_shows_union"] = quota_flags(rng, size, plan.CONTACT_UNION)
    often, seldom = plan.CONTACT_PHONE_BUYER, plan.CONTACT_PHONE_OTHER
    ids["contact_shows_phone"] = np.where(
        buyer, quota_flags(rng, size, often), quota_flags(rng, size, seldom)
    )
    ids["follower_shows_union"] = quota_flags(rng, size, plan.FOLLOWER_UNION)
    return ids


def _follows(rng: np.random.Generator, people: pd.DataFrame) -> np.ndarray:
    some = quota_flags(rng, len(people), plan.FOLLOWER_CONTACTS) & people["added_day"].ge(0)
    return (some | people["channel"].eq("follower_only")).to_numpy()


def _is_member(rng: np.random.Generator, people: pd.DataFrame, buyer: np.ndarray) -> np.ndarray:
    often = quota_flags(rng, len(people), plan.MEMBER_BUYERS)
    seldom = quota_flags(rng, len(people), plan.MEMBER_OTHERS)
    member = np.where(buyer, often, seldom & ~people["channel"].eq("follower_only"))
    return member | people["channel"].eq("member_only").to_numpy()


def order_identity(ids: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Identifiers as each order shows them: phone, member_id.

    Guests show the phone. Members show the phone, the member number or both; a member whose
    record lacks the phone always shows the member number, so nobody's purchases fall apart.
    """
    rng = stream(plan.SEED, "order identity")
    known = ids.iloc[orders["person"].astype(int)].reset_index(drop=True)
    kind = quota_choice(rng, len(orders), {"member": 0.35, "phone": 0.40, "both": 0.25})
    kind = np.where(known["member_id"].isna(), "phone", kind)
    kind = np.where(known["member_id"].notna() & ~known["member_shows_phone"], "member", kind)
    phone = known["phone"].where(kind != "member")
    return pd.DataFrame({"phone": phone, "member_id": known["member_id"].where(kind != "phone")})


def make_members(people: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    """The members table: tier, points, city, the child's month of birth and consent."""
    rng = stream(plan.SEED, "members")
    rows = ids[ids["member_id"].notna()].reset_index(drop=True)
    size = len(rows)
    start = people.set_index("person").loc[rows["person"], ["first_day", "added_day"]].max(axis=1)
    day = np.where(start >= 0, start, rng.integers(plan.WECOM_DAY, plan.AS_OF_DAY, size))
    tiers = {"普通": 0.72, "银卡": 0.2, "金卡": 0.08}
    cities = {"杭州": 3, "上海": 3, "成都": 2, "西安": 2, "郑州": 2, "乌鲁木齐": 1, "武汉": 2}
    return pd.DataFrame(
        {
            "member_id": rows["member_id"],
            "phone": rows["phone"].where(rows["member_shows_phone"]),
            "union_id": rows["union_id"].where(rows["member_shows_union"]),
            "registered_at": moments(plan.ORIGIN, day, opening_seconds(rng, size)),
            "tier": quota_choice(rng, size, tiers),
            "points": rng.integers(0, 60, size) * 10,
            "city": quota_choice(rng, size, cities),
            **_children(rng, size),
        }
    ).sort_values(["registered_at", "member_id"], ignore_index=True)


def _children(rng: np.random.Generator, size: int) -> dict[str, np.ndarray]:
    """Month of birth for most members; consent for CONSENT of those, in every band alike."""
    known = np.flatnonzero(quota_flags(rng, size, plan.CHILD_KNOWN))
    shares = {name: share for name, (share, _, _) in plan.CHILD_BANDS.items()}
    band = quota_choice(rng, len(known), shares)
    months, consent = np.full(size, None, object), np.full(size, None, object)
    for name, (_, low, high) in plan.CHILD_BANDS.items():
        rows = known[band == name]
        age = rng.integers(low, high, len(rows), endpoint=True)
        born = pd.PeriodIndex.from_ordinals(pd.Period(plan.AS_OF, "M").ordinal - age, freq="M")
        months[rows] = born.astype(str)
        refused = 1 - plan.CONSENT
        answers = {"true": plan.CONSENT, "false": refused * 0.6, "": refused * 0.4}
        consent[rows] = quota_choice(rng, len(rows), answers)
    return {"child_birth_month": months, "guardian_consent": consent}


def make_followers(people: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    """The followers table, with the person for whom each row stands."""
    rng = stream(plan.SEED, "followers")
    rows = ids[ids["open_id"].notna()].reset_index(drop=True)
    size = len(rows)
    added = people.set_index("person")["added_day"].loc[rows["person"]].to_numpy()
    later = np.minimum(added + rng.integers(0, 20, size), plan.AS_OF_DAY - 1)
    day = np.where(added >= 0, later, rng.integers(plan.WECOM_DAY, plan.AS_OF_DAY - 30, size))
    leaves = quota_flags(rng, size, 0.12)
    end = np.where(leaves, rng.integers(day + 1, plan.AS_OF_DAY, endpoint=True), -1)
    return pd.DataFrame(
        {
            "open_id": rows["open_id"],
            "union_id": rows["union_id"].where(rows["follower_shows_union"]),
            "subscribed_at": moments(plan.ORIGIN, day, opening_seconds(rng, size)),
            "unsubscribed_at": moments(plan.ORIGIN, end, opening_seconds(rng, size)),
            "source": quota_choice(rng, size, {"menu": 2, "article": 3, "qr": 4, "search": 1}),
            "person": rows["person"],
        }
    ).sort_values(["subscribed_at", "open_id"], ignore_index=True)


def stitch(rows: list[pd.DataFrame]) -> dict[tuple[str, str], int]:
    """Connected components over rows of identifiers: (type, value) -> component.

    This is the ground truth for stitching: what a perfect stitcher can know from the tables.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = pd.concat([_edges(table) for table in rows], ignore_index=True)
    codes, values = pd.factorize(pd.concat([edges["a"], edges["b"]], ignore_index=True))
    half = len(edges)
    graph = coo_array((np.ones(half, bool), (codes[:half], codes[half:])), shape=(len(values),) * 2)
    _, label = connected_components(graph, directed=False)
    return dict(zip(values, label.tolist(), strict=True))


def _edges(table: pd.DataFrame) -> pd.DataFrame:
    """Every identifier of a row tied to the row's first one."""
    table = table.drop_duplicates().reset_index(drop=True)
    long = table.rename_axis("row").reset_index().melt("row").dropna(subset="value")
    long["node"] = list(zip(long["variable"], long["value"], strict=True))
    first = long.drop_duplicates("row").set_index("row")["node"]
    return pd.DataFrame({"a": long["row"].map(first), "b": long["node"]})
