"""The facts planted in ev_scooter, recovered through 02 and 03 from the raw exports.

The expected numbers are those of sample_data/ev_scooter/facts.yml: ``planted`` are the generator's
parameters, ``counted`` are brute-force counts of the raw files (tests/sample_data recounts them).
``slow_dealer`` waits for 06.
"""

from pathlib import Path

import pytest
import yaml

from privdom_kit import intake, journeys, touchpoints

SAMPLE = Path(__file__).parents[1] / "sample_data" / "ev_scooter"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="module")
def client(sample):
    return sample("ev_scooter").client


@pytest.fixture(scope="module")
def ask(sample):
    """``ask(topic, question)``: the result of a question, measured once."""
    return sample("ev_scooter").ask


def around(figures, name, value):
    """The interval of a figure holds the value."""
    lower, upper = figures[f"{name}_ci_lower"], figures[f"{name}_ci_upper"]
    assert lower <= value <= upper, f"{name}: {value} is not within {lower} to {upper}"


def test_people_and_rows(client):
    """Clusters, bad rows, rows after as_of and duplicates: exact counts."""
    assert client.intake["people"] == FACTS["people"]["counted"]["people"]
    tables = intake.measure_tables(client).table.set_index("table")
    for name, counted in FACTS["unusable_rows"]["counted"].items():
        row = tables.loc[name]
        assert row["rows"] == counted["rows"], name
        bad = sum(counted.get("bad", {}).values())
        out = bad + counted.get("duplicates", 0) + counted.get("after_as_of", 0)
        assert row["rows"] - row["used"] == out, name


def test_push_slope(ask):
    """The factor per link, which the naive regression over all contact-weeks misses."""
    fact = FACTS["push_slope"]
    figures = ask(touchpoints, "push_pressure").figures
    planted, tolerance = fact["planted"], fact["tolerance"]
    factor = planted["factor_per_link"]
    assert abs(figures["rate_ratio_per_link"] - factor) < tolerance["factor_per_link"]
    assert abs(fact["naive"]["factor_of_all"] - factor) > tolerance["factor_per_link"]
    added = figures["risk_difference_per_link"]
    target = planted["removals_per_further_link"]
    assert abs(added - target) < tolerance["removals_per_further_link"]
    assert figures["rate_ratio_per_link_ci_lower"] > 1


def test_push_holdout(ask):
    """Removals of the two arms drawn at random: the counts of the raw files."""
    counted = FACTS["push_holdout"]["counted"]
    arms = ask(touchpoints, "push_pressure").tables["holdout"].set_index("arm")
    # The question watches 30 days, the fact four weeks: nobody goes on the two days between.
    for arm, name in (("sent_to", "push"), ("held_out", "control")):
        assert arms.loc[arm, "people"] == counted[name]["people"]
        assert abs(arms.loc[arm, "removals"] - counted[name]["removed"]) <= 3


def test_fatigue(ask):
    """The fifth link, which the curve over everybody hides."""
    fact = FACTS["fatigue"]
    figures = ask(touchpoints, "fatigue").figures
    assert figures["fatigue_point"] == fact["planted"]["fatigue_point"]
    assert fact["naive"]["fatigue_point"] is None


def test_send_churn(ask):
    """One broadcast costs relations; no other send is called worse."""
    fact = FACTS["send_churn"]
    sends = ask(touchpoints, "send_churn").tables["sends"]
    worse = sends[sends["is_worse"].eq(True)]
    assert list(worse["send"]) == ["F05"]
    excess = float(worse["excess_share"].iloc[0])
    assert abs(excess - fact["planted"]["excess"]["F05"]) < fact["tolerance"]["excess"]


def test_entry_code_churn(ask):
    """The bad code, by product-limit; transfers and removals by staff end observation only."""
    fact = FACTS["entry_code_churn"]
    result = ask(touchpoints, "churn")
    groups = result.tables["groups"]
    codes = groups[groups["split"].eq("entry_code")].set_index("group")
    assert list(codes.index[codes["is_worse"].eq(True)]) == [fact["planted"]["bad_code"]]
    for code in ("gift_fission", "menu_sa", "store_qr", "parcel_card"):
        counted = fact["counted"][code]
        assert codes.loc[code, "relations"] == counted["relations"]
        assert abs(codes.loc[code, "removed_share"] - counted["within_30_days"]) < 0.01
    bad = codes.loc[fact["planted"]["bad_code"], "removed_share"]
    assert abs(bad - fact["planted"]["within_30_days"]) < fact["tolerance"]["within_30_days"]
    assert result.figures["handover_assigned"] == fact["counted"]["ended_by"]["transfer"]


def test_funnel(ask):
    """People at each step: exact; and the step where most are lost."""
    fact = FACTS["funnel"]["counted"]
    result = ask(journeys, "funnel")
    assert list(result.table["customers"]) == list(fact["reached"].values())
    place = list(fact["reached"]).index(fact["bottleneck"])
    assert result.figures["bottleneck_step"] == place + 1


def test_last_touch_overcredits_the_sms_reminder(ask):
    """The test finds no effect; last touch credits more than removal does, and is said to."""
    arms = FACTS["sms_reminder"]["counted"].values()
    shares = [arm["ordered_in_7_days"] / arm["people"] for arm in arms]
    assert shares[0] == pytest.approx(shares[1], abs=FACTS["sms_reminder"]["tolerance"]["effect"])
    result = ask(journeys, "attribution")
    assert result.figures["overcredited"] == "sms"
    sms = result.table.set_index("touchpoint").loc["sms"]
    assert sms["last_share"] > 1.4 * sms["markov_share"]
    # Who was held out was not touched: only the people of the arms that got an SMS.
    told = FACTS["sms_reminder"]["counted"]["sms"]["people"] + 2_400
    assert sms["paths_with"] == told


def test_combination(ask):
    """Group and live stand out together."""
    table = ask(touchpoints, "combinations").table
    out = table[table["stands_out"].eq("true")]
    assert any({"group", "live"} <= set(names.split("+")) for names in out["set"])


def test_member_day(ask):
    """More buyers than on the matched days, by about what the raw files say of orders."""
    row = ask(touchpoints, "member_system").tables["member_days"].iloc[0]
    assert row["buyer_uplift_ci_lower"] > 0
    around(row, "buyer_uplift", FACTS["member_day"]["counted"]["all_orders"]["uplift"] - 1)


def test_moment_of_truth(ask):
    fact = FACTS["moment_of_truth"]
    figures = ask(journeys, "experience").figures
    assert figures["moment_of_truth"] == fact["planted"]["moment_of_truth"]
    around(figures, "moment_change", fact["counted"]["change_there"])


def test_service_recovery(ask):
    planted = FACTS["service_recovery"]["planted"]
    table = ask(journeys, "service_recovery").table.set_index("group")
    for name in ("solved", "unsolved"):
        assert abs(table.loc[name, "repeat_rate"] - planted[name]) < 0.01
        around(table.loc[name], "repeat_rate", planted[name])


def test_group_activity(ask):
    """Activity falls with size and with age; who outlives the plan, who fell silent."""
    counted = FACTS["group_activity"]["counted"]
    figures = ask(touchpoints, "group_health").figures
    assert figures["groups"] == counted["groups"]
    assert figures["size_slope_ci_upper"] < 0
    assert figures["age_slope_ci_upper"] < 0
    assert figures["overdue_groups"] == len(counted["older_than_planned"])
    assert figures["silent_groups"] == len(counted["silent_for_14_days"])


def test_reply_time(ask):
    """Weighted by chats; the mean of staff means is half of it. The last 90 days, like all."""
    fact = FACTS["reply_time"]
    result = ask(touchpoints, "staff_capacity")
    weighted, plain = fact["counted"]["mean_seconds"], fact["naive"]["mean_of_staff_means"]
    assert abs(result.figures["reply_minutes"] - weighted / 60) < 1
    assert abs(result.figures["reply_minutes_unweighted"] - plain / 60) < 1
    staff = result.table.set_index("staff")
    slow = [name for name in ("hq02", "hq03", "hq04") if staff.loc[name, "overloaded"] == "true"]
    assert slow == ["hq03", "hq04"]
    for name in slow:
        assert abs(staff.loc[name, "reply_minutes"] - fact["planted"]["mean_minutes"][name]) < 2


def test_content_mix(ask):
    """Shares of the last 90 days: the planted ones are within the intervals."""
    table = ask(touchpoints, "content_mix").table
    rows = table[table["touchpoint"].eq("all")].set_index("purpose")
    for purpose, share in FACTS["content_mix"]["planted"].items():
        around(rows.loc[purpose], "share", share)
    assert rows.loc["marketing", "share_ci_lower"] > 0.3


def test_rule_hits(ask):
    """Posts that break a rule, by rule; near misses break none."""
    counted = FACTS["rule_hits"]["counted"]
    result = ask(touchpoints, "copy_rules")
    assert result.figures["posts_scanned"] == counted["posts"]
    posts = result.table[result.table["channel"].ne("sms")]
    found = posts.groupby("rule")["texts"].sum().to_dict()
    wanted = {rule: len(ids) for rule, ids in counted["hits"].items()}
    assert found == wanted
