"""Facts about people: identity, children, removal, who never ordered, new contacts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from . import plan
from .exports import BAD_CONTACTS, truth
from .world import World, valid_orders

CONTACTS = "exports/wecom_contacts.xlsx"


def people_facts(world: World) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "children": _children(world),
        "removal_per_link": _removal(world),
        "removals": _removals(world),
        "never_ordered": _never(world),
        "identity": _identity(world),
        "new_contacts": _new_contacts(world),
        "unusable_contacts": _unusable(world),
        "touch_ties": _ties(world),
    }


def _children(world: World) -> dict:
    rows = world.members[world.members["child_birth_month"].notna()]
    born = pd.PeriodIndex(rows["child_birth_month"], freq="M")
    age = pd.Period(plan.AS_OF, "M").ordinal - born.astype("int64")
    edges, names = [0, 6, 12, 36, 72, 168], list(plan.CHILD_BANDS)
    band = pd.Series(pd.cut(age, edges, right=False, labels=names), index=rows.index)
    consent = rows["guardian_consent"].eq("true")
    return {
        "kind": "exact",
        "planted": {
            "consent_share": plan.CONSENT,
            "band_shares": {name: share for name, (share, _, _) in plan.CHILD_BANDS.items()},
        },
        "counted": {
            "members": len(world.members),
            "with_child": len(rows),
            "consent_true": int(consent.sum()),
            "consent_false": int(rows["guardian_consent"].eq("false").sum()),
            "by_band": {name: int((band == name).sum()) for name in names},
            "by_band_with_consent": {name: int((consent & (band == name)).sum()) for name in names},
        },
        "unit": "members with a child's month of birth; age in months at as_of",
        "where": "tables/members.csv",
        "recover": "Bands 0-6, 6-12, 12-36, 36-72, 72-168 months, lower edge inside.",
    }


def _removal(world: World) -> dict:
    weeks = world.friends.exposure.groupby("links")["removed"].agg(["size", "sum"])
    return {
        "kind": "statistical",
        "planted": {
            "factor_per_link": plan.REMOVAL_FACTOR,
            "weekly_hazard_without_links": plan.REMOVAL_BASE,
        },
        "counted": {
            int(links): {"contact_weeks": int(row["size"]), "removed": int(row["sum"])}
            for links, row in weeks.iterrows()
        },
        "naive": _naive_removal(world),
        "tolerance": {"factor_per_link": 0.1},
        "unit": "factor on the weekly hazard of removal by the customer",
        "where": f"{CONTACTS} and touches/*.parquet",
        "recover": (
            "Person-weeks Monday to Sunday from the week of adding to the week of removal by the "
            "customer or as_of; a person leaves observation on the Monday of removal by staff; a "
            "transfer or a second relation changes nothing. Log-linear in the purchase links "
            "(direction brand) of the week. Links go out Monday to Friday, removals by customers "
            "fall on the weekend after."
        ),
    }


def _naive_removal(world: World) -> dict:
    """Links a person ever got, removed against kept: the removed had less time to get any."""
    links = world.friends.included.sum(axis=1)
    gone = world.friends.people["removed_by"].eq("customer").to_numpy()
    return {
        "links_ever_of_removed": round(float(links[gone].mean()), 1),
        "links_ever_of_kept": round(float(links[~gone].mean()), 1),
        "misses": True,
    }


def _removals(world: World) -> dict:
    rows = world.relations
    end = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)
    inside = rows[rows["removed_at"] < end]
    people = inside[inside["removed_by"] == "customer"]
    return {
        "kind": "exact",
        "counted": {
            "relations": {k: int(v) for k, v in inside["removed_by"].value_counts().items()},
            "people_removed_by_customer": int(people["person"].nunique()),
            "relations_removed_after_as_of": int((rows["removed_at"] >= end).sum()),
        },
        "unit": "relations (person x staff) ended up to as_of",
        "where": CONTACTS,
        "recover": "Only removed_by customer is churn. Relations that end after as_of still stand "
        "on it. A transferred person goes on under another staff.",
    }


def _never(world: World) -> dict:
    """Known as contact, member or follower at as_of, and without a paid order."""
    known = world.people.query("added_day >= 0")["person"]
    known = set(known) | set(world.followers["person"])
    member = world.ids.loc[world.ids["member_id"].notna(), "person"]
    known |= set(member)
    buyers = set(valid_orders(world.orders)["person"])
    table = truth(world)
    of_value = table.set_index("id_value")["cluster"]
    outside = table[table["id_type"].isin(["external_user_id", "open_id", "member_id"])]
    rows = valid_orders(world.orders)
    bought = set(of_value.reindex(rows["phone"].fillna(rows["member_id"])))
    return {
        "kind": "exact",
        "counted": {
            "known_people": len(known),
            "never_ordered": len(known - buyers),
            "known_after_stitching": int(outside["cluster"].nunique()),
            "never_ordered_after_stitching": len(set(outside["cluster"]) - bought),
        },
        "unit": "people; after stitching: clusters",
        "where": "contacts, members, followers against orders",
        "recover": "Some buyers' contacts cannot be tied to their orders, so stitching sees more "
        "people who never ordered than there are.",
    }


def _identity(world: World) -> dict:
    table = truth(world)
    clusters = table.groupby("person")["cluster"].nunique()
    shared = table.groupby("cluster")["person"].nunique() > 1
    return {
        "kind": "exact",
        "counted": {
            "people": int(clusters.size),
            "identifiers": len(table),
            "clusters": int(table["cluster"].nunique()),
            "people_in_one_cluster": int((clusters == 1).sum()),
            "people_split": int((clusters > 1).sum()),
            "clusters_with_two_people": int(shared.sum()),
        },
        "unit": "people, identifiers, connected components of identifiers up to as_of",
        "where": "all tables; truth.parquet has person and cluster of every identifier",
        "recover": "Perfect deterministic stitching gives the clusters, not the people.",
    }


def _new_contacts(world: World) -> dict:
    first = world.friends.people["added_at"].dt.to_period("M").astype(str)
    end = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)
    rows = world.relations[world.relations["added_at"] < end]
    staff = rows.groupby("person")["staff_id"].nunique()
    months = first.value_counts().sort_index()
    return {
        "kind": "exact",
        "counted": {
            "people_by_month": {month: int(people) for month, people in months.items()},
            "contacts": int(rows["person"].nunique()),
            "relations": len(rows),
            "people_with_two_staff": int((staff > 1).sum()),
        },
        "unit": "people by month of their first relation; relations up to as_of",
        "where": CONTACTS,
        "recover": "People by distinct external_user_id, relations by row. channel_days.adds "
        "counts first relations.",
    }


def _unusable(world: World) -> dict:
    end = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)
    return {
        "kind": "exact",
        "counted": {
            "bad_rows": len(BAD_CONTACTS),
            "reasons": dict(Counter(reason for *_, reason in BAD_CONTACTS)),
            "after_as_of": int((world.relations["added_at"] >= end).sum()),
            "rows": len(world.relations) + len(BAD_CONTACTS),
        },
        "unit": "rows",
        "where": CONTACTS,
        "recover": "Quarantine and cut; the groups do not overlap.",
    }


def _ties(world: World) -> dict:
    end = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)
    rows = world.touches
    sent = rows[rows["direction"] == "brand"]
    marketing = sent[sent["occurred_at"] < end]
    tied = sent.duplicated(["person", "occurred_at"], keep=False)
    return {
        "kind": "exact",
        "counted": {
            "rows": len(rows),
            "after_as_of": int((rows["occurred_at"] >= end).sum()),
            "brand_touches": len(marketing),
            "with_purchase_link": int(marketing["has_purchase_link"].sum()),
            "same_person_same_second": int(tied.sum()),
            "largest_batch_in_a_second": int(np.max(sent.groupby("occurred_at").size())),
        },
        "unit": "touches",
        "where": "touches/*.parquet",
        "recover": "Ties need a total order; customers' clicks repeat the link flag of the push.",
    }
