"""The facts planted in new_beauty, recovered through 04 and 05 from the raw exports.

The expected numbers are those of sample_data/new_beauty/facts.yml: ``planted`` are the generator's
parameters, ``counted`` are brute-force counts of the raw files (tests/sample_data recounts them).
Other figures are derived from these by hand, as the docstrings say.
"""

from pathlib import Path

import pytest
import yaml

from privdom_kit import copy_tests
from privdom_kit.results import Verdict

SAMPLE = Path(__file__).parents[1] / "sample_data" / "new_beauty"
FACTS = yaml.safe_load((SAMPLE / "facts.yml").read_text(encoding="utf-8"))["facts"]
ADD, VIP, NULL, BLAST = "add_wecom_2026Q2", "vip_sms_2026Q2", "null_sms_2026Q2", "spring_blast"
ARMS = ("A", "B", "C", "D")


@pytest.fixture(scope="module")
def ask(sample):
    """``ask(question)``: the result of a question, measured once."""
    return lambda question: sample("new_beauty").ask(copy_tests, question)


def rows(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table


def row(table, **where):
    found = rows(table, **where)
    assert len(found) == 1, (where, len(found))
    return found.iloc[0]


def holds(found, name, value):
    """The interval of a figure holds the value."""
    lower, upper = found[f"{name}_ci_lower"], found[f"{name}_ci_upper"]
    assert lower <= value <= upper, f"{name}: {value} is not within {lower} to {upper}"


def test_stages_a_person_not_a_dial(ask):
    """People by stage and arm, exact; hang-ups are no connections."""
    table = rows(ask("funnel").table, test=ADD)
    for arm, counted in FACTS["add_funnel"]["counted"]["by_arm"].items():
        sent = ("delivered", "connected", "clicked") if arm != "holdout" else ()
        for stage in (*sent, "friend_added", "ordered"):
            found = row(table, arm=arm, stage=stage)
            assert found["reached"] == counted[stage], (arm, stage)
            assert found["people"] == counted["people"]


def test_rates_and_lifts_by_arm(ask):
    """Counts exact; the difference's interval holds the planted lift, pooled over crowds too."""
    table, planted = ask("arms").table, FACTS["add_lifts"]["planted"]
    for arm in ("B", "C", "D"):
        found = row(table, test=ADD, arm=arm, outcome="friend_added")
        counted = FACTS["add_rates"]["counted"]["by_arm"][arm]
        assert (found["people"], found["with_outcome"]) == (counted["people"], counted["friends"])
        lift = 0.0 if arm == "C" else planted["B_and_D_over_all_crowds"]
        holds(found, "difference", lift)
        holds(found, "pooled_difference", lift)
        pooled = FACTS["add_lifts"]["counted"]["mantel_haenszel"][arm]
        assert found["pooled_difference"] == pytest.approx(pooled, abs=1e-6)
        assert found["is_better"] == (arm != "C")


def test_crowds_by_arm(ask):
    """Lifts of B in every crowd hold the planted one, the crowd without any among them."""
    lifts = ask("crowds").tables["lifts"]
    for crowd, lift in FACTS["add_lifts"]["planted"]["B_and_D_by_crowd"].items():
        holds(row(lifts, test=ADD, crowd=crowd, arm="B"), "difference", lift)
    best = max(FACTS["add_rates"]["planted"], key=lambda c: FACTS["add_rates"]["planted"][c]["A"])
    assert row(ask("crowds").table, test=ADD, rank=1)["crowd"] == best


def test_broken_guard_rails(ask):
    """D breaks two of three; what cannot be told is open; nothing else breaks."""
    table = rows(ask("guardrails").table, test=ADD)
    fact = FACTS["add_guardrails"]
    broken = rows(table, state="breached")
    assert set(broken["arm"]) == {"D"}
    assert sorted(broken["harm"]) == sorted(fact["planted"]["broken"]["D"])
    assert row(table, arm="D", harm="complained")["state"] == "open"
    for arm in ("B", "C"):
        assert set(rows(table, arm=arm)["state"]) == {"passed"}
    for harm in ("opted_out", "friend_removed"):
        found = row(table, arm="D", harm=harm)
        assert found["events"] == fact["counted"]["D"][harm]
        assert found["rise"] == pytest.approx(fact["counted"]["D"][f"{harm}_rise"], abs=1e-6)


def test_spend_before_explains_spend_after(ask):
    found = row(ask("arms").tables["money"], test=ADD, arm="B", reference="A")
    counted = FACTS["spend_before"]["counted"]
    assert found["value_difference"] == pytest.approx(counted["difference"], abs=1e-6)
    adjusted = counted["adjusted_difference"]
    assert found["adjusted_difference"] == pytest.approx(adjusted, abs=1e-6)
    removed = counted["share_of_variance_removed"]
    assert found["variance_removed"] == pytest.approx(removed, abs=1e-4)


def test_deviations_from_the_filed_plan(ask):
    """Just the three planted ones."""
    told = rows(ask("health").tables["deviations"], test=ADD)["deviation"]
    sentences = [one.render("en") for one in told]
    assert len(sentences) == 3
    planted = FACTS["plan_deviations"]["planted"]
    assert "clicked" in sentences[0]
    assert planted["starts_on"]["first_send"] in sentences[1]
    assert f"{planted['sizes']['people']:,}" in sentences[2]


def test_the_broken_test_decides_nothing(ask):
    """The split is seen for what it is; the naive win on clicks becomes no claim anywhere."""
    counted = FACTS["sample_ratio"]["counted"]
    checks = ask("health").table
    found = row(checks, test=VIP, check="sample_ratio")
    assert found["status"] == "failed"
    assert found["p_value"] == pytest.approx(counted["p_value"], rel=1e-6)
    assert set(rows(checks, status="failed")["test"]) == {VIP}
    assert row(ask("decision").table, test=VIP)["choice"] == "unsound"
    assert not row(ask("arms").table, test=VIP, role="primary")["is_better"]
    notes = [note.render("en") for note in ask("arms").notes]
    assert any(note.startswith(f"{VIP} is not a sound test") for note in notes)


def test_peeking_would_have_claimed_an_effect_that_is_none(ask):
    """The naive reader's z by day, the days with a claim, and no crossing of the planned bounds.

    Ours is the N - 1 form of the same test: smaller by the root of (n - 1) / n.
    """
    counted = FACTS["no_effect"]["counted"]
    result = ask("sequence")
    readings = rows(result.tables["readings"], test=NULL)
    naive = FACTS["no_effect"]["naive"]["z_after_each_day"]
    expected = [z * ((n - 1) / n) ** 0.5 for z, n in zip(naive, readings["people"], strict=True)]
    assert readings["z"].tolist() == pytest.approx(expected, abs=1e-6)
    claims = [day for day, claim in enumerate(readings["naive_claim"], 1) if claim == "true"]
    assert claims == FACTS["no_effect"]["naive"]["days_above_1_96"]
    looks = rows(result.table, test=NULL).sort_values("look")
    assert looks["z"].tolist() == pytest.approx(
        [counted["z_at_half"], counted["z_at_the_end"]], abs=2e-4
    )
    assert "crossed" not in set(looks["state"])
    found = row(ask("decision").table, test=NULL)
    assert (found["choice"], found["reason"]) == ("keep", "equivalent")


def test_what_was_only_observed_decides_nothing(ask):
    """Counts exact; the difference between the texts is named, and nothing follows from it."""
    counted = FACTS["observed_only"]["counted"]
    arms = row(ask("arms").table, test=BLAST, outcome="ordered")
    assert (arms["arm"], arms["reference"]) == ("文案2", "文案1")
    assert (arms["people"], arms["with_outcome"]) == (3_000, counted["文案2"]["ordered"])
    assert arms["reference_with_outcome"] == counted["文案1"]["ordered"]
    assert arms["difference"] == pytest.approx(FACTS["observed_only"]["naive"]["difference"])
    assert not arms["is_better"]
    found = row(ask("decision").table, test=BLAST)
    assert (found["evidence"], found["choice"]) == ("observed", "observational")


def test_cost_per_friend_beyond_people_held_back(ask):
    """The deliveries' costs are exact; the plan's incentives are added to them by hand.

    B pays 8, C 2, D 8 yuan a friend; extra friends are counted over crowds (Mantel-Haenszel), so
    that they may differ from the plain count by a little.
    """
    table, fact = rows(ask("cost_per_friend").table, test=ADD), FACTS["cost_per_friend"]
    for arm, paid in zip(ARMS, (0, 8, 2, 8), strict=True):
        counted = fact["counted"]["by_arm"][arm]
        found, cost = row(table, arm=arm), counted["cost"] + paid * counted["friends"]
        assert found["cost"] == pytest.approx(cost, abs=0.005)
        assert found["cost_per_friend"] == pytest.approx(cost / counted["friends"], abs=1e-4)
        further = counted["friends"] - counted["friends_without_sending"]
        assert found["cost_per_extra_friend"] == pytest.approx(cost / further, rel=0.005)
        holds(found, "cost_per_extra_friend", cost / further)


def test_no_sum_is_promised_for_a_winner_that_loses_money(ask):
    """The gain in friends alone would be worth some 5,800 yuan; what they cost is more."""
    figures = ask("arms").figures
    assert (figures["test"], figures["arm"]) == (ADD, "B")
    assert figures["money_at_stake"] is None
    assert figures["extra_profit_ci_upper"] < 0


def test_the_winner_costs_more_than_it_brings(ask):
    """B is better for sure and passes; by hand its extra friends lose money.

    Of 718 friends of A and B 189 are worth 30 yuan (high-value members), 97 are worth 4, the others
    12 x the share of friends kept: 1,276 of the 1,431 whom A to D added. A friend is worth 14.9 or
    so; 122 further friends bring 0.18 a person, and 420 gifts of 8 yuan cost 0.33.
    """
    crowds = FACTS["add_rates"]["counted"]["by_crowd"]
    friends = {c: sum(crowds[c][arm]["friends"] for arm in "AB") for c in crowds}
    stages = FACTS["add_funnel"]["counted"]["by_arm"]
    added = sum(stages[arm]["friend_added"] for arm in ARMS)
    removed = sum(FACTS["add_guardrails"]["counted"][arm]["friend_removed"] for arm in ARMS)
    usual = 12 * (1 - removed / added)
    stated = FACTS["crowd_profit"]["planted"]["friend_value"]
    value = sum(n * stated.get(c, usual) for c, n in friends.items()) / sum(friends.values())
    costs = FACTS["cost_per_friend"]["counted"]["by_arm"]
    people = costs["A"]["people"]
    extra = costs["B"]["friends"] - costs["A"]["friends"]
    spent = costs["B"]["cost"] + 8 * costs["B"]["friends"] - costs["A"]["cost"]
    found = row(ask("decision").table, test=ADD, arm="B")
    assert found["extra_profit"] == pytest.approx((value * extra - spent) / people, abs=1e-4)
    assert found["extra_profit_ci_upper"] < 0
    assert (found["choice"], found["reason"]) == ("keep", "costs_too_much")
    assert row(ask("decision").table, test=ADD, arm="D")["choice"] == "stop"
    assert ask("decision").verdict is Verdict.ACT


def test_people_of_the_next_test(ask):
    """Crowds found, free, and left out by reason; who could be in both tests is in one."""
    result = ask("assignment")
    crowds, left = result.tables["crowds"], result.tables["left_out"]
    for test, named in FACTS["next_crowds"]["counted"].items():
        for crowd, counted in named.items():
            found = row(crowds, test=test, crowd=crowd)
            elsewhere = rows(left, test=test, crowd=crowd, reason="other_test")["people"].sum()
            assert found["people"] + elsewhere == counted["free"]
            reasons = FACTS["left_out"]["counted"][test][crowd]
            for reason, people in reasons.items():
                shown = row(left, test=test, crowd=crowd, reason=reason)["people"]
                if people >= 10:
                    assert shown == people, (crowd, reason)
            if all(people >= 10 for people in reasons.values()):
                assert found["found"] == counted["people"]
    both = FACTS["overlap"]["counted"]["free_for_both"]
    given = rows(left, reason="other_test")["people"].sum()
    assert both - 1 <= given <= both  # one cell of a single person is hidden, or in the other test


def test_the_next_test_cannot_detect_what_it_looks_for(ask):
    result = ask("sample_size")
    assert result.verdict is Verdict.ACT
    assert row(result.table, test="add_wecom_2026Q3", scope="all_crowds")["can_detect"] == "false"


def test_copy_that_vendors_refuse(ask):
    """A coupon to add WeCom fails at four vendors; the service wording is clean everywhere."""
    vendors = rows(ask("copy_lint").tables["vendors"], test="add_wecom_2026Q3")
    refused = {arm: set(rows(vendors, arm=arm, state="refused")["vendor"]) for arm in ARMS}
    assert refused["A"] == set()
    assert {"tencent", "huawei", "qiniu", "volcengine"} <= refused["B"]
    assert "tencent" in refused["C"]
    assert "SMS-08" in row(vendors, arm="B", vendor="tencent")["rules"]


def test_every_planted_hit_of_the_rules(ask):
    """Each text and script breaks what it was written to break; 最佳 is a word of AD-02 as well."""
    hits = rows(ask("copy_lint").tables["hits"], test="add_wecom_2026Q3")
    for part in ("text", "script"):
        for arm, planted in FACTS["copy_hits"]["counted"][f"{part}s"].items():
            found = set(rows(hits, arm=arm, part=part)["rule"])
            assert found - {"AD-02"} == set(planted), (arm, part)


def test_people_and_deliveries(sample):
    client = sample("new_beauty").client
    counted = FACTS["people"]["counted"]
    assert client.intake["people"] == counted["people"]
    coverage = sample("new_beauty").copy_base.units.coverage
    assert coverage.rows == counted["deliveries"]
    assert coverage.dropped["no test"] == counted["deliveries_without_test"]
