"""Who there is: the people of each test by group, and those of none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draws import quota_choice, quota_flags, random_ids, stream
from . import plan


def make_people() -> pd.DataFrame:
    """One row a person: person, group, test (empty: none), level, member, tier, phone, buyer_id.

    ``group`` is the crowd of a test, or what the person is else; ``level`` what they use to spend.
    """
    rng = stream(plan.SEED, "people")
    blast = {crowd: size for crowd, size, *_ in plan.BLAST_TEXTS.values()}
    parts = [
        *((crowd, plan.ADD, row[0]) for crowd, row in plan.ADD_CROWDS.items()),
        (plan.VIP, plan.VIP, plan.VIP_PEOPLE),
        (plan.NULL, plan.NULL, sum(plan.NULL_A_DAY.values()) * plan.NULL_DAYS),
        *((crowd, plan.BLAST, size) for crowd, size in blast.items()),
        ("june", "", plan.JUNE_BUYERS),
        ("platform", "", plan.PLATFORM_BUYERS),
    ]
    people = pd.concat(
        [pd.DataFrame({"group": [group] * size, "test": test}) for group, test, size in parts],
        ignore_index=True,
    )
    # Nobody's place in a file says which group they are in.
    people = people.iloc[rng.permutation(len(people))].reset_index(drop=True)
    people = people.rename_axis("person").reset_index()
    people["level"] = quota_choice(rng, len(people), plan.LEVELS).astype(int)
    people["level"] += people["group"].map(plan.RICH).fillna(0).astype(int)
    people["member"] = False
    people["tier"] = ""
    for group, rows in people.groupby("group").groups.items():
        member = quota_flags(rng, len(rows), plan.MEMBERS[group])
        people.loc[rows, "member"] = member
        tiers = quota_choice(rng, int(member.sum()), plan.TIERS.get(group, {"普通": 1.0}))
        people.loc[rows[member], "tier"] = tiers
    return _identified(rng, people)


def _identified(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Phones of the made-up range; the platforms hide those of their buyers."""
    hidden = people["group"].eq("platform").to_numpy()
    numbers = rng.permutation(100_000)[: int((~hidden).sum())]
    phones = np.full(len(people), None, dtype=object)
    phones[~hidden] = [f"199001{number:05d}" for number in numbers]
    buyers = np.full(len(people), None, dtype=object)
    buyers[hidden] = random_ids(rng, "tb", int(hidden.sum()), 10)
    return people.assign(phone=phones, buyer_id=buyers)


def make_members(people: pd.DataFrame, first_order: pd.Series) -> pd.DataFrame:
    """Members: person, registered_at (before the first order, or long before any send), tier."""
    rng = stream(plan.SEED, "members")
    rows = people[people["member"]]
    sent = rows["group"].map(plan.SENT).map(plan.day)
    early = np.floor(rng.random(len(rows)) * (sent.to_numpy() - 40)).astype(int)
    first = first_order.reindex(rows["person"]).to_numpy()
    days = np.where(np.isnan(first), early, np.minimum(np.nan_to_num(first), early + 400))
    seconds = rng.integers(8 * 3600, 9 * 3600, len(rows))
    at = pd.Timestamp(plan.ORIGIN) + pd.to_timedelta(days * 86_400 + seconds, unit="s")
    table = pd.DataFrame({"person": rows["person"].to_numpy(), "registered_at": at})
    table["tier"] = rows["tier"].to_numpy()
    return table.sort_values(["registered_at", "person"], ignore_index=True)
