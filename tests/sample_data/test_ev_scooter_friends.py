"""ev_scooter: links, removals, fatigue, broadcasts and codes, counted again in the raw files.

Parent of every expected number: ``counted`` of facts.yml, which the generator counts in its true
tables; here the exports are counted, by other means.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import statsmodels.api as sm
from ev_scooter_files import DAY, START, contacts, deliveries, facts, relations, touches

WEEK = 7 * DAY


def _links() -> pd.DataFrame:
    rows = touches()
    return rows[rows["action"].eq("send") & rows["has_purchase_link"]]


def _weeks() -> pd.DataFrame:
    """Contact-weeks at risk, one by one in plain Python."""
    sent: Counter = Counter()
    for person, time in _links()[["person", "time"]].itertuples(index=False, name=None):
        sent[person, (time - START) // WEEK] += 1
    said = touches()
    said = said[said["action"].eq("message") & said["direction"].eq("customer")]
    said = said[said["touchpoint"].eq("wecom_chat")]
    wrote = defaultdict(list)
    for person, time in said.sort_values("time")[["person", "time"]].itertuples(index=False):
        wrote[person].append(time)
    mondays = [START + k * WEEK for k in range(40)]
    found = []
    for person, added, code, gone, by in contacts().reset_index().itertuples(index=False):
        gone = pd.Timestamp.max if pd.isna(gone) else gone
        for week in range(39):
            monday, following = mondays[week], mondays[week + 1]
            if not added < monday <= gone:
                continue
            ends = gone < following
            if ends and by != "customer":
                continue
            times = wrote[person]
            place = bisect_left(times, monday)
            active = place > 0 and times[place - 1] >= monday - 28 * DAY
            settled = added < monday - 28 * DAY
            found.append((sent[person, week], ends, active, code == "gift_fission", settled))
    return pd.DataFrame(found, columns=["links", "removed", "active", "bad", "settled"])


def _factor(weeks: pd.DataFrame, kinds: list[str]) -> float:
    """The Poisson regression of statsmodels on the single rows."""
    design = sm.add_constant(weeks[["links", *kinds]].astype(float))
    if len(kinds) == 2:
        design["both"] = design[kinds[0]] * design[kinds[1]]
    fitted = sm.GLM(weeks["removed"].astype(float), design, family=sm.families.Poisson()).fit()
    return float(np.exp(fitted.params["links"]))


def test_push_slope() -> None:
    fact, weeks = facts()["push_slope"], _weeks()
    counted = fact["counted"]
    assert (len(weeks), int(weeks["removed"].sum())) == (
        counted["contact_weeks"],
        counted["removals"],
    )
    table = {
        int(n): {"contact_weeks": len(rows), "removed": int(rows["removed"].sum())}
        for n, rows in weeks.groupby("links")
    }
    assert table == counted["by_links"]
    settled = weeks[weeks["settled"]]
    assert len(settled) == counted["settled_contact_weeks"]
    within, naive = _factor(settled, ["active", "bad"]), _factor(weeks, [])
    assert abs(within - counted["factor_within_kinds"]) < 1e-3
    assert abs(naive - fact["naive"]["factor_of_all"]) < 1e-3
    planted, tolerance = fact["planted"]["factor_per_link"], fact["tolerance"]["factor_per_link"]
    assert abs(within - planted) < tolerance < abs(naive - planted)


def test_push_holdout() -> None:
    fact = facts()["push_holdout"]
    test = deliveries().query("test_id == 'push_holdout_2026Q2'")
    first, last = pd.Timestamp("2026-04-27"), pd.Timestamp("2026-05-25")
    by = contacts()["by"].reindex(test["person"]).eq("customer").to_numpy()
    gone = test["friend_removed_at"].between(first, last) & by
    links = _links()
    links = links[links["time"].between(first, last)]
    for arm in ("push", "control"):
        rows = test["arm"].eq(arm)
        counted = fact["counted"][arm]
        assert (int(rows.sum()), int((gone & rows).sum())) == (
            counted["people"],
            counted["removed"],
        )
        assert int(links["person"].isin(test.loc[rows, "person"]).sum()) == counted["links"]
    ratio = fact["counted"]["ratio_of_arms"]
    assert abs(ratio - fact["planted"]["ratio_of_arms"]) < fact["tolerance"]["ratio_of_arms"]
    assert not set(test.loc[test["arm"].eq("push"), "person"]) & set(
        test.loc[test["arm"].eq("control"), "person"]
    )


def test_removal_dates_of_the_test_are_those_of_the_contacts() -> None:
    test = deliveries().query("test_id == 'push_holdout_2026Q2'").set_index("person")
    gone = contacts()["gone"].reindex(test.index)
    told = test["friend_removed_at"].where(test["friend_removed_at"] < pd.Timestamp("2026-07-01"))
    assert (told.isna() == gone.isna()).all()
    assert (told.dropna() == gone.dropna()).all()


def test_fatigue() -> None:
    fact = facts()["fatigue"]
    clicked = {
        (row.person, row.campaign_id)
        for row in touches().query("action == 'click'").itertuples(index=False)
    }
    seen: dict[str, list[bool]] = defaultdict(list)
    links = _links().sort_values(["person", "time"])
    for person, campaign in links[["person", "campaign_id"]].itertuples(index=False, name=None):
        seen[person].append((person, campaign) in clicked)
    for name, people in (
        ("everybody", list(seen.values())),
        ("often", [answers for answers in seen.values() if len(answers) >= 8]),
    ):
        table = {
            n: {
                "sent": sum(len(answers) >= n for answers in people),
                "clicked": sum(answers[n - 1] for answers in people if len(answers) >= n),
            }
            for n in range(1, 9)
        }
        share = {n: cell["clicked"] / cell["sent"] for n, cell in table.items()}
        point = next((n for n in share if share[n] < share[1] / 2), None)
        told = fact["naive"] if name == "everybody" else fact["counted"]
        assert table == told[name if name == "everybody" else "people_with_8_links_and_more"]
        assert point == told["fatigue_point"]
    assert fact["counted"]["fatigue_point"] == fact["planted"]["fatigue_point"] == 5
    assert fact["naive"]["fatigue_point"] != 5


def test_send_churn() -> None:
    fact, people = facts()["send_churn"], contacts()
    sends = touches()
    sends = sends[sends["campaign_id"].fillna("").str.startswith("F") & sends["action"].eq("send")]
    for name, rows in sends.groupby("campaign_id"):
        moment = rows["time"].iloc[0]
        assert rows["time"].nunique() == 1
        old = people["added"].dt.normalize() <= moment.normalize() - 28 * DAY
        there = people[old & ~(people["gone"] <= moment)]
        gone = there["by"].eq("customer") & (there["gone"] <= moment + 3 * DAY)
        reached = there.index.isin(rows["person"])
        assert {
            "reached": int(reached.sum()),
            "removed_in_72_hours": int(gone[reached].sum()),
            "not_reached": int((~reached).sum()),
            "not_reached_removed_in_72_hours": int(gone[~reached].sum()),
        } == fact["counted"][name]
        assert reached.sum() == len(rows)
        excess = gone[reached].mean() - gone[~reached].mean()
        assert abs(excess - fact["planted"]["excess"][name]) < fact["tolerance"]["excess"]
    assert len(fact["counted"]) == sends["campaign_id"].nunique() == 8


def test_nobody_goes_within_72_hours_of_a_link_but_for_broadcasts() -> None:
    gone = contacts().query("by == 'customer'")["gone"]
    assert set(gone.dt.day_of_week) == {4, 5, 6}
    links = _links()["time"]
    assert set(links.dt.day_of_week) == {0}
    assert (links.dt.hour < 20).all()


def test_entry_code_churn() -> None:
    fact, rows = facts()["entry_code_churn"], relations()
    end = pd.Timestamp("2026-07-01")
    kinds = rows.loc[rows["code"].ne("") & rows["ended"].notna(), "by"].value_counts().to_dict()
    assert kinds == fact["counted"]["ended_by"]
    for code, part in rows[rows["code"].ne("")].groupby("code"):
        stop = part["ended"].fillna(end)
        days = (stop - part["added"]) / DAY
        gone = part["by"].eq("customer")
        shares = {limit: 1 - _stays(days, gone, limit) for limit in (30, 90)}
        counted = fact["counted"][code]
        assert (len(part), int(gone.sum())) == (counted["relations"], counted["removed"])
        assert abs(shares[30] - counted["within_30_days"]) < 1e-6
        assert abs(shares[90] - counted["within_90_days"]) < 1e-6
        naive = part["ended"].notna().mean()
        assert abs(naive - fact["naive"]["ended_of_all_relations"][code]) < 1e-6
        if code == fact["planted"]["bad_code"]:
            assert abs(shares[30] - fact["planted"]["within_30_days"]) < 0.035
        else:
            assert shares[90] < 0.15


def _stays(days: pd.Series, gone: pd.Series, limit: int) -> float:
    """Kaplan-Meier in the textbook's words: over the times of removal, 1 - removed / at risk."""
    stays = 1.0
    for time in sorted(set(days[gone & (days <= limit)])):
        stays *= 1 - (gone & (days == time)).sum() / (days >= time).sum()
    return stays


def test_the_leavers_relations_are_all_handed_over() -> None:
    rows = relations()
    moved = rows[rows["by"].eq("transfer")]
    assert set(moved["staff"]) == {"hq01"}
    assert moved["ended"].nunique() == 1
    taken = rows[rows["staff"].eq("hq02") & rows["added"].eq(moved["ended"].iloc[0])]
    assert set(taken["person"]) == set(moved["person"])
    assert not (rows["staff"].eq("hq01") & (rows["added"] >= moved["ended"].iloc[0])).any()
