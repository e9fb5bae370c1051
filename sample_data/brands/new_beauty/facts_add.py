"""Facts about the test that brings friends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import filed, plan
from .counting import SENT, people_of, share, with_spend_before

TOLD = list(plan.ADD_ARMS)


def add_facts(files: dict[str, pd.DataFrame]) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    people = people_of(files[SENT], plan.ADD)
    people = with_spend_before(people, files["tables/orders.parquet"])
    return {
        "add_rates": _rates(people, files[SENT]),
        "add_lifts": _lifts(people),
        "add_guardrails": _guardrails(people),
        "cost_per_friend": _costs(people),
        "crowd_profit": _profit(people),
        "add_funnel": _funnel(people, files[SENT]),
        "spend_before": _spend(people),
        "plan_deviations": _deviations(people),
    }


def _cells(people: pd.DataFrame) -> dict[str, dict]:
    """People and friends by crowd and arm."""
    return {
        crowd: {
            arm: {"people": len(part), "friends": int(part["friend_added"].sum())}
            for arm, part in rows.groupby("arm")
        }
        for crowd, rows in people.groupby("crowd")
    }


def _rates(people: pd.DataFrame, deliveries: pd.DataFrame) -> dict:
    rows = deliveries[deliveries["test_id"].eq(plan.ADD)]
    by_arm, dials = people.groupby("arm"), rows.groupby("arm").size()
    friends = by_arm["friend_added"].sum()
    ever = by_arm["friend_added_at"].count()
    return {
        "kind": "exact",
        "planted": {
            crowd: {
                "people": size, "A": base, "B": round(base + lift, 4), "C": base,
                "D": round(base + lift, 4), plan.HOLDOUT: organic,
            }
            for crowd, (size, base, lift, organic, _) in plan.ADD_CROWDS.items()
        },
        "counted": {
            "people": len(people),
            "by_crowd": _cells(people),
            "by_arm": {
                arm: {"people": len(part), "friends": int(friends[arm]),
                      "rate": share(friends[arm], len(part))}
                for arm, part in by_arm
            },
        },
        "naive": {
            "per_dial": {arm: share(friends[arm], dials[arm]) for arm in TOLD},
            "adds_at_any_time": {arm: int(ever[arm]) for arm in TOLD},
            "misses": True,
        },
        "unit": "people who added the brand within 7 days of their first send / people sent to",
        "where": SENT,
        "recover": f"A person is a unit, however often dialled. {plan.LATE_ADDS} people an arm add"
        " 8 to 15 days after the first send and do not count.",
    }  # fmt: skip


def _lifts(people: pd.DataFrame) -> dict:
    cells = people.groupby(["crowd", "arm"])["friend_added"].agg(["sum", "size"])
    rate = cells["sum"] / cells["size"]
    pooled = people.groupby("arm")["friend_added"].mean()
    size = {crowd: row[0] for crowd, row in plan.ADD_CROWDS.items()}
    lift = {crowd: row[2] for crowd, row in plan.ADD_CROWDS.items()}
    whole = sum(lift[crowd] * size[crowd] for crowd in lift) / sum(size.values())
    return {
        "kind": "statistical",
        "planted": {
            "B_and_D_by_crowd": lift, "B_and_D_over_all_crowds": round(whole, 6),
            "C_by_crowd": dict.fromkeys(lift, 0.0),
        },
        "counted": {
            "over_all_people": {arm: round(float(pooled[arm] - pooled["A"]), 6) for arm in "BCD"},
            "by_crowd": {
                crowd: {arm: round(float(rate[crowd, arm] - rate[crowd, "A"]), 6) for arm in "BCD"}
                for crowd in lift
            },
            "mantel_haenszel": {arm: round(float(_pooled(cells, arm)), 6) for arm in "BCD"},
        },
        "tolerance": {"difference": 0.0005},
        "unit": "share that adds the brand, minus that under A",
        "where": SENT,
        "recover": "By quota, so that counts differ from the plan by rounding alone; in 沉睡90天"
        " no copy is better. Mantel-Haenszel: risk difference over crowds, weight n1 n0 / n.",
    }  # fmt: skip


def _pooled(cells: pd.DataFrame, arm: str) -> float:
    top = bottom = 0.0
    for crowd in plan.ADD_CROWDS:
        x1, n1 = cells.loc[(crowd, arm)]
        x0, n0 = cells.loc[(crowd, "A")]
        weight = n1 * n0 / (n1 + n0)
        top += weight * (x1 / n1 - x0 / n0)
        bottom += weight
    return top / bottom


def _guardrails(people: pd.DataFrame) -> dict:
    names = ("opted_out", "complained", "friend_removed")
    by_arm = people[people["arm"].isin(TOLD)].groupby("arm")
    counts = {name: by_arm[name].sum() for name in names}
    size = by_arm.size()
    ever = people.groupby("arm")["friend_removed_at"].count()
    return {
        "kind": "exact",
        "planted": {
            "opted_out": plan.OPTED_OUT, "complained_people": plan.COMPLAINED,
            "friend_removed_of_friends": plan.REMOVED_EARLY, "margin": plan.MARGINS,
            "broken": {"D": ["opted_out", "friend_removed"]},
            "cannot_be_told": {"D": ["complained"]},
        },
        "counted": {
            arm: {"people": int(size[arm])}
            | {name: int(counts[name][arm]) for name in names}
            | {f"{name}_rise": round(_rise(counts[name], size, arm), 6) for name in names}
            for arm in TOLD
        },
        "naive": {"removals_at_any_time": {arm: int(ever[arm]) for arm in TOLD}, "misses": True},
        "unit": "people / people sent to; rise over A; removed within 7 days of adding",
        "where": SENT,
        "recover": "Over all crowds, for each arm against A at the margin of the filed plan. D adds"
        " like B and breaks opted_out and friend_removed; the rise of its complaints is inside the"
        " margin, the upper end of its interval is not. Removals later than 7 days do not count.",
    }  # fmt: skip


def _rise(counts: pd.Series, size: pd.Series, arm: str) -> float:
    return float(counts[arm] / size[arm] - counts["A"] / size["A"])


def _costs(people: pd.DataFrame) -> dict:
    held = people[people["arm"].eq(plan.HOLDOUT)]
    organic = float(held["friend_added"].mean())
    counted = {}
    naive = {}
    for arm in TOLD:
        part = people[people["arm"].eq(arm)]
        cost, friends = float(part["cost"].sum()), int(part["friend_added"].sum())
        more = friends - organic * len(part)
        naive[arm] = round(cost / friends, 4)
        counted[arm] = {
            "people": len(part), "cost": round(float(cost), 2), "friends": friends,
            "friends_without_sending": round(float(organic * len(part)), 4),
            "cost_per_further_friend": round(float(cost / more), 4),
        }  # fmt: skip
    return {
        "kind": "exact",
        "planted": {
            "organic_by_crowd": {crowd: row[3] for crowd, row in plan.ADD_CROWDS.items()},
            "call_cost": plan.CALL_COST, "sms_cost": plan.SMS_COST,
        },
        "counted": {
            "holdout": {"people": len(held), "friends": int(held["friend_added"].sum()),
                        "rate": share(held["friend_added"].sum(), len(held))},
            "by_arm": counted,
        },
        "naive": {"cost_per_friend": naive, "misses": True},
        "unit": "yuan of dials and text messages; incentives are not among them",
        "where": SENT,
        "recover": "Cost over friends beyond those that the people held back had by themselves, at"
        " their rate. Naive: over all friends. The text of D has two segments.",
    }  # fmt: skip


def _profit(people: pd.DataFrame) -> dict:
    """What a person sent B brings: friends' value less cost."""
    rows = people[people["arm"].eq("B")].groupby("crowd")
    counted = {}
    for crowd, part in rows:
        value = plan.FRIEND_VALUES.get(str(crowd), plan.CUSTOMER_VALUE)
        friends, cost = int(part["friend_added"].sum()), float(part["cost"].sum())
        counted[str(crowd)] = {
            "people": len(part), "friends": friends, "cost": round(cost, 2),
            "friend_value": value,
            "profit_per_person": round((friends * value - cost) / len(part), 6),
        }  # fmt: skip
    order = sorted(counted, key=lambda crowd: -counted[crowd]["profit_per_person"])
    return {
        "kind": "exact",
        "planted": {"customer_value": plan.CUSTOMER_VALUE, "friend_value": plan.FRIEND_VALUES},
        "counted": {
            "arm_B": counted, "order": order,
            "unprofitable": [c for c in order if counted[c]["profit_per_person"] < 0],
        },
        "unit": "yuan a person sent to: friends x value of a friend - cost of dials and text",
        "where": f"{SENT}; forms.yml (friend_value) and client.yml (customer_value)",
        "recover": "For arm B; friends that would have come anyway are not taken off.",
    }  # fmt: skip


def _funnel(people: pd.DataFrame, deliveries: pd.DataFrame) -> dict:
    names = ("delivered", "connected", "clicked", "friend_added", "friend_kept", "ordered")
    rows = deliveries[deliveries["test_id"].eq(plan.ADD) & deliveries["status"].ne("held_out")]
    dials, talks = len(rows), int((rows["talk_seconds"] >= 5).sum())
    told = people[people["arm"].isin(TOLD)]
    return {
        "kind": "exact",
        "planted": {
            "dials": list(plan.DIALS), "text_delivered": plan.TEXT_DELIVERED,
            "friends_order": plan.FRIENDS_ORDER,
            "orders_anyway": {crowd: row[4] for crowd, row in plan.ADD_CROWDS.items()},
        },
        "counted": {
            "rows": dials + int(people["arm"].eq(plan.HOLDOUT).sum()), "dials": dials,
            "people_dialled": len(told), "dialled_twice": int((told["rows"] == 2).sum()),
            "by_arm": {
                str(arm): {"people": len(part)} | {name: int(part[name].sum()) for name in names}
                for arm, part in people.groupby("arm")
            },
        },
        "naive": {
            "connected_with_hang_ups": {
                str(arm): int(part["picked_up"].sum()) for arm, part in told.groupby("arm")
            },
            "connected_per_dial": share(talks, dials), "misses": True,
        },
        "unit": "people by stage; connected: a call of 5 seconds or more",
        "where": SENT,
        "recover": "Who does not answer is dialled again the next afternoon; the text follows the"
        " last dial. A call taken and hung up below 5 seconds is no connection.",
    }  # fmt: skip


def _spend(people: pd.DataFrame) -> dict:
    pair = people[people["arm"].isin(["A", "B"])]
    x, y = pair["before"].to_numpy(float), pair["value"].to_numpy(float)
    r = float(np.corrcoef(x, y)[0, 1])
    theta = float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))
    mean = pair.groupby("arm")[["value", "before"]].mean()
    raw = float(mean.loc["B", "value"] - mean.loc["A", "value"])
    moved = theta * float(mean.loc["B", "before"] - mean.loc["A", "before"])
    return {
        "kind": "exact",
        "planted": {
            "days_before": plan.COVARIATE_DAYS, "weight_of_a_yuan_before": plan.BEFORE_WEIGHT
        },
        "counted": {
            "people": len(pair), "correlation": round(r, 6),
            "share_of_variance_removed": round(r * r, 6), "theta": round(theta, 6),
            "mean_before": {arm: round(float(mean.loc[arm, "before"]), 6) for arm in "AB"},
            "mean_after": {arm: round(float(mean.loc[arm, "value"]), 6) for arm in "AB"},
            "difference": round(raw, 6), "adjusted_difference": round(raw - moved, 6),
        },
        "unit": "yuan a person, A and B: orders of the 7 days after the first send on the net spend"
        " of the 90 days before it",
        "where": f"{SENT} and tables/orders.parquet",
        "recover": "theta is covariance over variance among the people of both arms together. Who"
        " spent more before orders more often within the window, whatever they were sent.",
    }  # fmt: skip


def _deviations(people: pd.DataFrame) -> dict:
    planned = {(row["crowd"], row["arm"]): row["people"] for row in filed.planned_sizes()}
    found = people.groupby(["crowd", "arm"]).size()
    first = people.loc[people["arm"].isin(TOLD), "sent_at"].dt.normalize()
    early = int((first < pd.Timestamp(plan.ADD_STARTS)).sum())
    crowd, arm, _ = plan.NOT_UPLOADED
    return {
        "kind": "exact",
        "planted": {
            "primary": {"filed": "friend_added", "in_forms_now": "clicked"},
            "starts_on": {"filed": plan.ADD_STARTS, "first_send": str(first.min().date())},
            "sizes": {"crowd": crowd, "arm": arm, "filed": planned[crowd, arm],
                      "people": int(found[crowd, arm])},
        },
        "counted": {
            "cells": len(planned),
            "cells_short": sum(int(found[key]) < size for key, size in planned.items()),
            "people_sent_to_early": early, "filed_on": plan.FILED_ON,
            "people": len(people), "people_planned": sum(planned.values()),
        },
        "unit": "what differs from the filed plan; people",
        "where": f"plans/{plan.ADD}.json, forms.yml and {SENT}",
        "recover": "Three deviations: the primary outcome was changed in forms.yml after filing,"
        " the sends began a day early, and people of one crowd and arm were never uploaded.",
    }  # fmt: skip
