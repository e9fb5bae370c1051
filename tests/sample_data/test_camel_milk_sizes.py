"""Statistical facts: the planted size lies in the 95 % interval of a right estimator.

The estimators are a second library's (statsmodels), on the raw files and the true persons.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.api as sm
from camel_milk_places import END
from statsmodels.stats.proportion import proportion_confint

CUT = pd.Timestamp("2026-01-01")


def _holds(successes: int, size: int, planted: float, tolerance: float) -> None:
    low, high = proportion_confint(successes, size, method="wilson")
    assert low <= planted <= high, (successes / size, planted)
    assert abs(successes / size - planted) <= tolerance


def _spells(purchases: pd.DataFrame, end: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    """Days to the next purchase day as seen before ``end``, and whether it came."""
    rows = purchases[purchases["day"] < end]
    came = rows["next_day"].lt(end)
    stop = rows["next_day"].where(came, end - pd.Timedelta(days=1))
    return (stop - rows["day"]).dt.days.to_numpy(), came.to_numpy()


def test_order_cycle_by_product_limit(purchases: pd.DataFrame, facts: dict) -> None:
    """Parents: planted share and median; statsmodels' Kaplan-Meier as of 2025-12-31."""
    planted, near = facts["order_cycle"]["planted"], facts["order_cycle"]["tolerance"]
    firsts = purchases[purchases["nth"] == 1]
    days, came = _spells(firsts, CUT)
    curve = sm.SurvfuncRight(days[days > 0], came[days > 0])
    ever, error = 1 - curve.surv_prob[-1], 1.96 * curve.surv_prob_se[-1]
    assert abs(ever - planted["comeback_share"]) <= min(error, near["comeback_share"])
    half = np.searchsorted(curve.surv_times, planted["gap_median_days"], side="right") - 1
    error = 1.96 * curve.surv_prob_se[half]
    assert abs(curve.surv_prob[half] - (1 - planted["comeback_share"] / 2)) <= error


def test_gap_median_of_those_who_come_back(purchases: pd.DataFrame, facts: dict) -> None:
    fact = facts["order_cycle"]
    days, came = _spells(purchases, CUT)
    curve = sm.SurvfuncRight(days[days > 0], came[days > 0])
    median = curve.quantile((1 - curve.surv_prob[-1]) / 2)
    wanted = fact["planted"]["gap_median_days"]
    assert abs(median - wanted) <= fact["tolerance"]["gap_median_days"]


def test_naive_median_of_completed_gaps_misses(purchases: pd.DataFrame, facts: dict) -> None:
    """The distribution-free 95 % interval of the completed gaps' median excludes the truth."""
    fact = facts["order_cycle"]
    days, came = _spells(purchases, CUT)
    gaps = np.sort(days[came])
    assert (np.median(gaps), len(gaps)) == (fact["naive"]["gap_median_days"], fact["naive"]["gaps"])
    upper = gaps[int(len(gaps) / 2 + 1.96 * np.sqrt(len(gaps)) / 2)]
    assert upper < fact["planted"]["gap_median_days"]


def test_comeback_counted_a_second_way(purchases: pd.DataFrame, facts: dict) -> None:
    """Cohorts before 2026 have at least 151 days: nearly everybody who comes back has."""
    fact = facts["order_cycle"]
    firsts = purchases[purchases["nth"].eq(1) & purchases["day"].lt(CUT)]
    assert len(firsts) == fact["counted"]["buyers_before_2026"]
    returned = int(firsts["next_day"].notna().sum())
    assert 0 <= fact["counted"]["come_back_before_2026"] - returned <= 5
    _holds(returned, len(firsts), fact["planted"]["comeback_share"], 0.01)


def test_product_limit_over_the_whole_data_covers_the_true_share(purchases, facts) -> None:
    counted = facts["order_cycle"]["counted"]
    days, came = _spells(purchases[purchases["nth"] == 1], END)
    assert len(days) == counted["buyers"]
    curve = sm.SurvfuncRight(days[days > 0], came[days > 0])
    truth = counted["come_back"] / counted["buyers"]
    assert abs(1 - curve.surv_prob[-1] - truth) <= 1.96 * curve.surv_prob_se[-1]


def _with_channel(purchases: pd.DataFrame, relations: pd.DataFrame, key: str) -> pd.DataFrame:
    first = relations[relations["added_at"] < END].sort_values("added_at")
    first = first.drop_duplicates("person").set_index("person")[key]
    rows = purchases[purchases["nth"].eq(1) & purchases["day"].le(END - pd.Timedelta(days=91))]
    days = (rows["next_day"] - rows["day"]).dt.days
    channel = rows["person"].map(first).fillna("platform_only")
    return rows.assign(channel=channel, second=days <= 90)


def test_second_order_by_channel(purchases, relations, facts: dict) -> None:
    fact = facts["second_order_by_channel"]
    rows = _with_channel(purchases, relations, "渠道")
    counts = rows.groupby("channel")["second"].agg(["size", "sum"])
    table = {k: {"buyers": v["size"], "second_orders": v["sum"]} for k, v in counts.T.items()}
    assert table == fact["counted"]
    for channel in ("parcel_card", "lead_gift"):
        size, seconds = counts.loc[channel]
        _holds(seconds, size, fact["planted"][channel], fact["tolerance"][channel])
    early = rows["day"].lt(CUT).map({True: "early", False: "late"})
    for (channel, period), second in rows.groupby(["channel", early])["second"]:
        if channel not in fact["tolerance"]:
            planted = fact["planted"]["others_by_period"][period][channel]
            low, high = proportion_confint(second.sum(), len(second), method="wilson")
            assert low <= planted <= high, (channel, period)
            assert fact["planted"]["lead_gift"] < planted < fact["planted"]["parcel_card"]


def test_each_entry_code_has_one_way_of_adding(relations: pd.DataFrame) -> None:
    """So that the fact shows by add_way too."""
    first = relations.sort_values("added_at").drop_duplicates("person")
    assert first.groupby("渠道")["添加方式"].nunique().max() == 1
    assert first.groupby("添加方式")["渠道"].nunique().max() == 1


def test_promotion_share(paid: pd.DataFrame, facts: dict) -> None:
    fact = facts["promotion_share"]
    first, later = paid[paid["nth"] == 1], paid[paid["nth"] >= 2]
    assert (len(first), len(later)) == (
        fact["counted"]["first_orders"],
        fact["counted"]["repeat_orders"],
    )
    for name, rows in (("first_orders", first), ("repeat_orders", later)):
        planted, near = fact["planted"][name], fact["tolerance"][name]
        _holds(int(rows["promotion"].sum()), len(rows), planted, near)


def test_repeat_orders_after_a_brand_touch(paid, touches, facts: dict) -> None:
    """Parent: an as-of join in pandas, once by cluster (stitched) and once by true person."""
    fact = facts["repeat_after_touch"]
    rows = paid[paid["nth"] >= 2].assign(paid_at=lambda t: t["paid_at"].astype("datetime64[s]"))
    told = touches[touches["direction"] == "brand"].sort_values("occurred_at")

    def covered(key: str) -> int:
        joined = pd.merge_asof(
            rows.sort_values("paid_at")[["paid_at", key]],
            told[["occurred_at", key]],
            left_on="paid_at",
            right_on="occurred_at",
            by=key,
            tolerance=pd.Timedelta(days=7),
        )
        return int(joined["occurred_at"].notna().sum())

    assert len(rows) == fact["counted"]["repeat_orders"]
    _holds(covered("cluster"), len(rows), fact["planted"]["share"], fact["tolerance"]["share"])
    everybody = fact["counted"]["after_touch_if_every_identifier_were_known"]
    assert covered("person") == everybody


def test_month_1_retention(purchases: pd.DataFrame, facts: dict) -> None:
    """Parent: months compared as numbers, cohort by cohort."""
    fact = facts["month_1_retention"]
    month = purchases["day"].dt.year * 12 + purchases["day"].dt.month
    cohort = month.groupby(purchases["person"]).transform("min")
    kept = (month == cohort + 1).groupby(purchases["person"]).any()
    cohort = cohort.groupby(purchases["person"]).first()
    push, immature = 2026 * 12 + 1, 2026 * 12 + 5
    for name, chosen in (
        ("early", cohort < push),
        ("late", cohort.between(push, immature - 1)),
    ):
        counted = {"buyers": int(chosen.sum()), "kept": int(kept[chosen].sum())}
        assert counted == fact["counted"][name]
        _holds(*reversed(counted.values()), fact["planted"][name], fact["tolerance"][name])


def test_removal_per_link_by_poisson_regression(relations, touches, facts: dict) -> None:
    """Parents: the planted factor; statsmodels' Poisson model of contact-weeks from raw files."""
    fact = facts["removal_per_link"]
    weeks = _contact_weeks(relations, touches)
    table = weeks.groupby("links")["removed"].agg(["size", "sum"])
    assert {
        links: {"contact_weeks": row["size"], "removed": row["sum"]}
        for links, row in table.T.items()
    } == fact["counted"]
    exposed = sm.add_constant(table.index.to_numpy(float))
    model = sm.GLM(table["sum"], exposed, sm.families.Poisson(), exposure=table["size"]).fit()
    factor, (low, high) = np.exp(model.params.iloc[1]), np.exp(model.conf_int().iloc[1])
    planted = fact["planted"]
    assert low <= planted["factor_per_link"] <= high
    assert low > 1
    assert abs(factor - planted["factor_per_link"]) <= fact["tolerance"]["factor_per_link"]
    low, high = np.exp(model.conf_int().iloc[0])
    assert low <= planted["weekly_hazard_without_links"] <= high


def _week(times: pd.Series) -> pd.Series:
    return (times - pd.Timestamp("2025-06-30")).dt.days // 7


def _contact_weeks(relations: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """One row a person and week at risk: links pushed, removed by the customer."""
    rows = relations[relations["added_at"] < END]
    start = _week(rows.groupby("person")["added_at"].min())
    ended = rows[rows["removed_at"] < END]
    customer = _week(ended[ended["流失方"] == "customer"].groupby("person")["removed_at"].min())
    staff = _week(ended[ended["流失方"] == "staff"].groupby("person")["removed_at"].min())
    last = pd.concat([customer, staff - 1]).reindex(start.index).fillna(47).astype(int)
    spans = [(p, w) for p in start.index for w in range(start[p], last[p] + 1)]
    weeks = pd.MultiIndex.from_tuples(spans, names=["person", "week"])
    sent = touches[touches["has_purchase_link"] & touches["direction"].eq("brand")]
    sent = sent[sent["occurred_at"] < END]
    links = sent.groupby([sent["person"], _week(sent["occurred_at"]).rename("week")]).size()
    assert links.index.isin(weeks).all(), "a link was pushed to somebody who is no contact"
    gone = pd.MultiIndex.from_arrays([customer.index, customer])
    result = pd.DataFrame({"links": links.reindex(weeks, fill_value=0)})
    return result.assign(removed=weeks.isin(gone))


def test_naive_view_of_removal_points_the_wrong_way(relations, touches, facts: dict) -> None:
    naive = facts["removal_per_link"]["naive"]
    assert naive["links_ever_of_removed"] < naive["links_ever_of_kept"]
