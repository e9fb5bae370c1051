"""Facts about the text messages: a broken test, a test without effect, an old campaign."""

from __future__ import annotations

import math

import pandas as pd

from . import plan
from .counting import SENT, people_of, sample_ratio, share, with_spend_before


def sms_facts(files: dict[str, pd.DataFrame]) -> dict[str, dict]:
    """Facts by name, in the order of README.md."""
    orders = files["tables/orders.parquet"]
    return {
        "sample_ratio": _broken(people_of(files[SENT], plan.VIP)),
        "no_effect": _null(people_of(files[SENT], plan.NULL)),
        "observed_only": _observed(with_spend_before(people_of(files[SENT], plan.BLAST), orders)),
    }


def _z(x1: float, n1: float, x0: float, n0: float) -> float:
    """Pooled z of p1 - p0."""
    pooled = (x1 + x0) / (n1 + n0)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    return float((x1 / n1 - x0 / n0) / error)


def _broken(people: pd.DataFrame) -> dict:
    by_arm = people.groupby("arm")
    size, clicked = by_arm.size(), by_arm["clicked"].sum()
    statistic, p_value = sample_ratio([int(size["A"]), int(size["B"])], [1, 1])
    silent = {arm: int((~part["delivered"]).sum()) for arm, part in by_arm}
    delivered = by_arm["delivered"].sum()
    names = ("clicked", "ordered", "opted_out")
    return {
        "kind": "exact",
        "planted": {
            "people_an_arm": plan.VIP_PEOPLE // 2, "delivered": plan.VIP_DELIVERED,
            "lift_of_clicks": 0.0, "dropped": "people of B without a delivery report",
        },
        "counted": {
            "people": {arm: int(size[arm]) for arm in "AB"},
            "dropped": plan.VIP_PEOPLE // 2 - int(size["B"]),
            "statistic": round(statistic, 6), "p_value": float(f"{p_value:.6e}"),
            "without_report": silent,
            "clicked_of_delivered": {arm: share(clicked[arm], delivered[arm]) for arm in "AB"},
            "by_arm": {
                arm: {name: int(part[name].sum()) for name in names} for arm, part in by_arm
            },
        },
        "naive": {
            "clicked_of_people": {arm: share(clicked[arm], size[arm]) for arm in "AB"},
            "z": round(_z(clicked["B"], size["B"], clicked["A"], size["A"]), 6), "misses": True,
        },
        "unit": "people; Pearson's test of 1:1 with one degree of freedom",
        "where": SENT,
        "recover": "The split is off, so nothing of this test decides anything: B looks better only"
        " because those who could not click were left out of it.",
    }  # fmt: skip


def _null(people: pd.DataFrame) -> dict:
    first = people["sent_at"].dt.normalize()
    day = (first - pd.Timestamp(plan.NULL_FROM)).dt.days
    by_arm = people.groupby("arm")
    peeks = []
    for last in range(plan.NULL_DAYS):
        part = people[day <= last].groupby("arm")["ordered"].agg(["sum", "size"])
        (x0, n0), (x1, n1) = part.loc["A"], part.loc["B"]
        peeks.append(round(_z(x1, n1, x0, n0), 6))
    names = ("clicked", "ordered", "opted_out", "complained")
    return {
        "kind": "exact",
        "planted": {
            "lift": 0.0, "days": plan.NULL_DAYS,
            "ordered_by_day": {arm: list(by_day) for arm, by_day in plan.NULL_ORDERED.items()},
            "looks": [0.5, 1.0],
        },
        "counted": {
            "by_arm": {
                arm: {"people": len(part)} | {name: int(part[name].sum()) for name in names}
                for arm, part in by_arm
            },
            "z_at_half": peeks[plan.NULL_DAYS // 2 - 1], "z_at_the_end": peeks[-1],
        },
        "naive": {
            "z_after_each_day": peeks,
            "days_above_1_96": [n + 1 for n, z in enumerate(peeks) if abs(z) > 1.96],
            "misses": True,
        },
        "unit": "people who ordered within 7 days / people; z of B against A, pooled, over all sent"
        " up to a day, their windows over",
        "where": SENT,
        "recover": "B runs ahead in the first days and is caught up with: who looks every day at"
        " 1.96 claims a win on days that the planned looks (O'Brien-Fleming, 2.9626 at half) do"
        " not. Nobody complained: that is an upper bound, no pass.",
    }  # fmt: skip


def _observed(people: pd.DataFrame) -> dict:
    by_arm = people.groupby("arm")
    size, ordered = by_arm.size(), by_arm["ordered"].sum()
    first, second = plan.BLAST_TEXTS
    return {
        "kind": "exact",
        "planted": {"crowd_of_text": {text: row[0] for text, row in plan.BLAST_TEXTS.items()}},
        "counted": {
            text: {
                "people": int(size[text]), "ordered": int(ordered[text]),
                "mean_spend_before": round(float(by_arm["before"].mean()[text]), 6),
            }
            for text in plan.BLAST_TEXTS
        },
        "naive": {
            "difference": round(
                float(ordered[second] / size[second] - ordered[first] / size[first]), 6
            ),
            "misses": True,
        },
        "unit": "people who ordered within 7 days / people sent to; yuan in the 90 days before",
        "where": f"{SENT} and tables/orders.parquet",
        "recover": "No plan, nobody held back, each text in a crowd of its own: text and crowd"
        " cannot be told apart. The second crowd bought more before any text.",
    }  # fmt: skip
