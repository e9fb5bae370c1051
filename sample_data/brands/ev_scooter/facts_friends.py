"""Facts about friends: links and removals, fatigue, broadcasts, entry codes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import plan
from .world import World

CONTACTS, TOUCHES = "exports/wecom_contacts.csv", "touches/*.parquet"
END = pd.Timestamp(plan.AS_OF) + pd.Timedelta(days=1)


def friends_facts(world: World) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    return {
        "push_slope": _slope(world),
        "push_holdout": _holdout(world),
        "fatigue": _fatigue(world),
        "send_churn": _sends(world),
        "entry_code_churn": _codes(world),
    }


def contact_weeks(world: World) -> pd.DataFrame:
    """A row a contact and whole week at risk: active, bad, links, removed, settled.

    At risk: added before the Monday, not ended before it, not deleted by staff in the week.
    ``settled``: links may come, that is from the sixth week on.
    """
    people = world.friends.people
    monday = pd.Timestamp(plan.WEEK_ZERO) + pd.to_timedelta(7 * np.arange(plan.WEEKS + 1), unit="D")
    added, ended = people["added_at"].to_numpy(), people["removed_at"].to_numpy()
    links = np.zeros((len(people), plan.WEEKS), int)
    np.add.at(links, (world.friends.links["contact"], world.friends.links["week"]), 1)
    by_customer = people["removed_by"].eq("customer").to_numpy()
    parts = []
    for week in range(plan.WEEKS):
        start, end = monday[week].to_datetime64(), monday[week + 1].to_datetime64()
        ends_here = (ended >= start) & (ended < end)
        there = (added < start) & ~(ended < start) & ~(ends_here & ~by_customer)
        settled = people["added_day"].to_numpy() < plan.WEEK_ZERO_DAY + 7 * (
            week - plan.WELCOME_WEEKS + 1
        )
        made = {"active": people["active"], "settled": settled,
                "bad": people["code"].eq(plan.BAD_CODE),
                "links": links[:, week], "removed": ends_here & by_customer}  # fmt: skip
        parts.append(pd.DataFrame(made)[there])
    return pd.concat(parts, ignore_index=True)


def rate_factor(weeks: pd.DataFrame, kinds: list[str]) -> float:
    """Factor on the removal rate per link: Poisson regression with a level for each kind."""
    cells = weeks.groupby([*kinds, "links"])["removed"].agg(["size", "sum"]).reset_index()
    kind = (
        pd.factorize(pd.MultiIndex.from_frame(cells[kinds]))[0] if kinds else np.zeros(len(cells))
    )
    design = np.column_stack([cells["links"], kind[:, None] == np.unique(kind)])
    size, removed = cells["size"].to_numpy(float), cells["sum"].to_numpy(float)
    weight = np.r_[0.0, np.full(design.shape[1] - 1, np.log(removed.sum() / size.sum()))]
    for _ in range(50):
        expected = size * np.exp(design @ weight)
        bend = design.T @ (design * expected[:, None])
        weight = weight + np.linalg.solve(bend, design.T @ (removed - expected))
    return round(float(np.exp(weight[0])), 5)


def _slope(world: World) -> dict:
    weeks = contact_weeks(world)
    settled = weeks[weeks["settled"]]
    hazard = np.where(weeks["active"], plan.REMOVAL_ACTIVE, plan.REMOVAL_QUIET)
    hazard = (hazard + weeks["bad"] * plan.REMOVAL_BAD_CODE) * plan.REMOVAL_FACTOR ** weeks["links"]
    table = weeks.groupby("links")["removed"].agg(["size", "sum"])
    return {
        "kind": "statistical",
        "planted": {
            "factor_per_link": plan.REMOVAL_FACTOR,
            "weekly_hazard_without_links": {
                "active": plan.REMOVAL_ACTIVE, "quiet": plan.REMOVAL_QUIET,
                "bad_code_on_top": plan.REMOVAL_BAD_CODE,
            },
            "removals_per_further_link": round(float(hazard.mean()) * (plan.REMOVAL_FACTOR - 1), 6),
        },
        "counted": {
            "contact_weeks": len(weeks),
            "removals": int(weeks["removed"].sum()),
            "by_links": {
                int(n): {"contact_weeks": int(row["size"]), "removed": int(row["sum"])}
                for n, row in table.iterrows()
            },
            "settled_contact_weeks": len(settled),
            "factor_within_kinds": rate_factor(settled, ["active", "bad"]),
        },
        "naive": {"factor_of_all": rate_factor(weeks, []), "misses": True},
        "tolerance": {"factor_per_link": 0.08, "removals_per_further_link": 0.0015},
        "unit": "factor on the removals by the customer per contact-week, for one more purchase"
        " link in that week; removals that one more link for everybody would add per contact-week",
        "where": f"{CONTACTS} and {TOUCHES}",
        "recover": "Whole weeks, Monday to Sunday, of people who were contacts on the Monday before"
        " any link; weeks in which staff deleted the person are left out, transfers and second"
        " relations change nothing. Log-linear within kinds of person: wrote a message in the 28"
        " days before the Monday or not, entry code gift_fission or not, from the sixth week on."
        " Active people get six times the links and go less, so the naive factor over all"
        " contact-weeks misses. Links go out on Mondays, customers go from Friday to Sunday.",
    }  # fmt: skip


def _holdout(world: World) -> dict:
    friends = world.friends
    first = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * plan.HOLDOUT_WEEKS[0])
    last = pd.Timestamp(plan.WEEK_ZERO) + pd.Timedelta(days=7 * plan.HOLDOUT_WEEKS[1])
    people = friends.people
    gone = people["removed_by"].eq("customer") & people["removed_at"].between(first, last)
    sent = friends.links[friends.links["sent_at"].between(first, last)]
    counted = {}
    for arm in ("push", "control"):
        rows = np.flatnonzero(friends.arms == arm)
        counted[arm] = {
            "people": len(rows), "links": int(sent["contact"].isin(rows).sum()),
            "removed": int(gone[rows].sum()),
        }  # fmt: skip
    more = counted["push"]["removed"] - counted["control"]["removed"]
    counted["removals_per_link"] = round(more / counted["push"]["links"], 6)
    counted["ratio_of_arms"] = round(counted["push"]["removed"] / counted["control"]["removed"], 4)
    return {
        "kind": "statistical",
        "planted": {
            "ratio_of_arms": round(plan.REMOVAL_FACTOR**plan.HOLDOUT_LINKS, 4),
            "links_a_week": plan.HOLDOUT_LINKS,
        },
        "counted": counted,
        "tolerance": {"ratio_of_arms": 0.45},
        "unit": "removals by the customer in four weeks from 2026-04-27, by arm drawn at random",
        "where": "tables/deliveries.parquet (test_id push_holdout_2026Q2) and " + CONTACTS,
        "recover": "friend_removed_at of the deliveries where the customer removed: by arm; the"
        " difference over the links sent. Arm control got no link then (status held_out).",
    }


def _fatigue(world: World) -> dict:
    links = world.touches[world.touches["campaign_id"].notna() & world.touches["has_purchase_link"]]
    links = links[links["occurred_at"] < END]
    sent = links[links["action"].eq("send")].sort_values(["person", "occurred_at"])
    sent = sent.assign(number=sent.groupby("person").cumcount() + 1)
    clicks = links.loc[links["action"].eq("click"), ["person", "campaign_id"]]
    clicked = pd.MultiIndex.from_frame(clicks)
    sent["clicked"] = pd.MultiIndex.from_frame(sent[["person", "campaign_id"]]).isin(clicked)
    often = sent.groupby("person")["number"].transform("max") >= 8
    every, same = _by_number(sent), _by_number(sent[often])
    return {
        "kind": "statistical",
        "planted": {
            "click_share_of_first_link": {"active": plan.CLICK_ACTIVE, "quiet": plan.CLICK_QUIET},
            "factor_by_number": list(plan.CLICK_DECAY), "fatigue_point": 5,
        },
        "counted": {"people_with_8_links_and_more": same, "fatigue_point": _point(same)},
        "naive": {"everybody": every, "fatigue_point": _point(every), "misses": True},
        "tolerance": {"fatigue_point": 0},
        "unit": "links sent and clicked, by running number of the link for the person (1 to 8)",
        "where": TOUCHES,
        "recover": "Number a person's purchase links (action send) by time; clicked where a click"
        " of the person names the campaign. Fatigue: first number whose share is below half of the"
        " first, among people who got at least 8. Over everybody the active, who click more, grow"
        " in share with the number and hide it.",
    }  # fmt: skip


def _by_number(sent: pd.DataFrame) -> dict[int, dict]:
    table = sent[sent["number"] <= 8].groupby("number")["clicked"].agg(["size", "sum"])
    return {
        int(n): {"sent": int(row["size"]), "clicked": int(row["sum"])}
        for n, row in table.iterrows()
    }


def _point(table: dict[int, dict]) -> int | None:
    share = {n: cell["clicked"] / cell["sent"] for n, cell in table.items()}
    return next((n for n, value in share.items() if value < share[1] / 2), None)


def _sends(world: World) -> dict:
    people, sent = world.friends.people, world.friends.broadcasts
    counted = {}
    for name, rows in sent.groupby("name"):
        moment = rows["sent_at"].iloc[0]
        old = people["added_at"].dt.normalize() <= moment.normalize() - pd.Timedelta(days=28)
        there = old & ~(people["removed_at"] <= moment)
        wait = people["removed_at"] - moment
        gone = people["removed_by"].eq("customer") & (wait <= pd.Timedelta(hours=72))
        reached = people.index.isin(rows["contact"])
        counted[str(name)] = {
            "reached": int(reached.sum()), "removed_in_72_hours": int((gone & reached).sum()),
            "not_reached": int((there & ~reached).sum()),
            "not_reached_removed_in_72_hours": int((gone & there & ~reached).sum()),
        }  # fmt: skip
    return {
        "kind": "statistical",
        "planted": {"excess": {name: plan.BAD_BROADCAST_EXCESS * (name == plan.BAD_BROADCAST)
                               for name in plan.BROADCASTS}},
        "counted": counted,
        "tolerance": {"excess": 0.01},
        "unit": "people reached by a broadcast; those who removed staff within 72 hours of it",
        "where": f"{TOUCHES} (campaign_id F01 to F08) and {CONTACTS}",
        "recover": "Against the people who were contacts for 28 days and not reached: who was"
        " reached was drawn at random. Broadcasts go out on Fridays at 10:00 and carry no link;"
        " link campaigns (L...) go out on Mondays, and nobody goes before the Friday behind.",
    }  # fmt: skip


def product_limit(days: np.ndarray, gone: np.ndarray, at: tuple[int, ...]) -> dict[int, float]:
    """Share removed by each number of days, by product-limit over exact durations."""
    order = np.lexsort((~gone, days))
    days, gone = days[order], gone[order]
    stays, found, place = 1.0, {}, 0
    for limit in at:
        while place < len(days) and days[place] <= limit:
            if gone[place]:
                stays *= 1 - 1 / (len(days) - place)
            place += 1
        found[limit] = round(1 - stays, 6)
    return found


def _codes(world: World) -> dict:
    rows = world.friends.relations
    rows = rows[rows["entry_code"].notna() & (rows["added_at"] < END)]
    ended = rows["removed_at"] < END
    stop = rows["removed_at"].where(ended, END)
    days = ((stop - rows["added_at"]).dt.total_seconds() / 86_400).to_numpy()
    gone = (ended & rows["removed_by"].eq("customer")).to_numpy()
    counted, naive = {}, {}
    for code in sorted(rows["entry_code"].unique()):
        of = rows["entry_code"].eq(code).to_numpy()
        shares = product_limit(days[of], gone[of], (30, 90))
        counted[code] = {"relations": int(of.sum()), "removed": int(gone[of].sum()),
                         "within_30_days": shares[30], "within_90_days": shares[90]}  # fmt: skip
        naive[code] = round(float(ended[of].mean()), 6)
    kinds = rows.loc[ended, "removed_by"].value_counts()
    counted["ended_by"] = {str(who): int(size) for who, size in kinds.items()}
    return {
        "kind": "statistical",
        "planted": {
            "bad_code": plan.BAD_CODE,
            "within_30_days": _planned_share(30),
        },
        "counted": counted,
        "naive": {"ended_of_all_relations": naive, "misses": True},
        "tolerance": {"within_30_days": 0.035},
        "unit": "share of relations removed by the customer within 30 and 90 days, by entry code",
        "where": CONTACTS,
        "recover": "Product-limit over relations that carry an entry code; removal by staff,"
        " transfer and as_of end observation without removal. No links come in the first five"
        " weeks, so they have no part in the first 30 days. hq01 left on 2026-03-09 and handed"
        " every relation over to hq02: the naive share counts that as loss, and puts people"
        " added lately beside those of last autumn.",
    }


def _planned_share(days: int) -> float:
    """Share of the bad code's people that the weekly hazards remove within so many days."""
    kinds = ((plan.ACTIVE, plan.REMOVAL_ACTIVE), (1 - plan.ACTIVE, plan.REMOVAL_QUIET))
    stays = sum(
        share * np.exp(-(hazard + plan.REMOVAL_BAD_CODE) * days / 7) for share, hazard in kinds
    )
    return round(float(1 - stays), 4)
