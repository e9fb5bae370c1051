"""new_beauty: the tests that were sent, counted again in the raw files.

Parent of every expected number: ``counted`` and ``naive`` of facts.yml, which the generator counts
with pandas; here the files are asked in SQL. What was planted stands in ``planted``.
"""

from __future__ import annotations

import math
import statistics

import pytest
from new_beauty_files import ADD, BLAST, NULL, VIP, ask, by_arm, facts

TOLD = ("A", "B", "C", "D")


def test_add_rates_and_their_naive_forms() -> None:
    fact = facts()["add_rates"]
    cells = ask(
        f"select crowd, arm, count(*) n, sum(friend_added) x from units where test_id = '{ADD}'"
        " group by all"
    )
    found: dict = {}
    for row in cells.itertuples():
        found.setdefault(row.crowd, {})[row.arm] = {"people": row.n, "friends": int(row.x)}
    assert found == fact["counted"]["by_crowd"]
    for crowd, planted in fact["planted"].items():
        for arm, cell in found[crowd].items():
            assert abs(cell["friends"] - planted[arm] * cell["people"]) <= 0.5 + 1e-9
    sums = by_arm(ADD, "friend_added")
    dials = ask(f"select arm, count(*) n from deliveries where test_id = '{ADD}' group by 1")
    rows = dict(zip(dials["arm"], dials["n"], strict=True))
    ever = ask(f"select arm, count(added_at) n from units where test_id = '{ADD}' group by 1")
    late = dict(zip(ever["arm"], ever["n"], strict=True))
    for arm, cell in sums.items():
        told = fact["counted"]["by_arm"][arm]
        assert (cell["people"], cell["friend_added"]) == (told["people"], told["friends"])
        assert abs(cell["friend_added"] / cell["people"] - told["rate"]) < 1e-6
    for arm in TOLD:
        friends = sums[arm]["friend_added"]
        assert abs(friends / rows[arm] - fact["naive"]["per_dial"][arm]) < 1e-6
        assert late[arm] == fact["naive"]["adds_at_any_time"][arm] == friends + 20


def test_add_lifts_are_the_planted_ones() -> None:
    fact = facts()["add_lifts"]
    cells = facts()["add_rates"]["counted"]["by_crowd"]
    planted, counted = fact["planted"], fact["counted"]
    for arm in "BCD":
        top = bottom = 0.0
        for crowd, arms in cells.items():
            (x1, n1), (x0, n0) = ((arms[a]["friends"], arms[a]["people"]) for a in (arm, "A"))
            lift = x1 / n1 - x0 / n0
            assert abs(lift - counted["by_crowd"][crowd][arm]) < 1e-6
            size = planted["C_by_crowd" if arm == "C" else "B_and_D_by_crowd"][crowd]
            assert abs(lift - size) < 1 / n1
            top += (x1 * n0 - x0 * n1) / (n1 + n0)
            bottom += n1 * n0 / (n1 + n0)
        assert abs(top / bottom - counted["mantel_haenszel"][arm]) < 1e-6
        whole = 0.0 if arm == "C" else planted["B_and_D_over_all_crowds"]
        assert abs(top / bottom - whole) < fact["tolerance"]["difference"]


def test_guardrails_are_broken_by_d_alone() -> None:
    fact = facts()["add_guardrails"]
    names = ("opted_out", "complained", "friend_removed")
    arms = by_arm(ADD, *names)
    rates = {arm: {name: arms[arm][name] / arms[arm]["people"] for name in names} for arm in TOLD}
    over = {}
    for arm in TOLD:
        told = fact["counted"][arm]
        assert all(arms[arm][name] == told[name] for name in (*names, "people"))
        rises = {name: rates[arm][name] - rates["A"][name] for name in names}
        assert all(abs(rises[name] - told[f"{name}_rise"]) < 1e-6 for name in names)
        margin = fact["planted"]["margin"]
        if broken := [name for name in names if rises[name] > margin[name]]:
            over[arm] = broken
        assert arms[arm]["opted_out"] == round(
            fact["planted"]["opted_out"][arm] * arms[arm]["people"]
        )
        assert arms[arm]["complained"] == fact["planted"]["complained_people"][arm]
    assert over == fact["planted"]["broken"]
    ever = ask(f"select arm, count(removed_at) n from units where test_id = '{ADD}' group by 1")
    gone = dict(zip(ever["arm"], ever["n"], strict=True))
    assert {arm: gone[arm] for arm in TOLD} == fact["naive"]["removals_at_any_time"]


def test_cost_per_friend_beyond_those_held_back() -> None:
    fact = facts()["cost_per_friend"]
    arms = by_arm(ADD, "friend_added", "cents")
    held = arms["holdout"]
    assert held["cents"] == 0
    assert held["friend_added"] == fact["counted"]["holdout"]["friends"]
    for arm in TOLD:
        yuan, told = arms[arm]["cents"] / 100, fact["counted"]["by_arm"][arm]
        dials = ask(f"select count(*) n from deliveries where test_id = '{ADD}' and arm = '{arm}'")
        parts = 2 if arm == "D" else 1
        assert abs(yuan - 0.12 * dials["n"].iloc[0] - 0.05 * parts * arms[arm]["people"]) < 1e-6
        assert abs(yuan - told["cost"]) < 1e-6
        friends = arms[arm]["friend_added"]
        without = held["friend_added"] / held["people"] * arms[arm]["people"]
        assert abs(yuan / (friends - without) - told["cost_per_further_friend"]) < 1e-4
        assert abs(yuan / friends - fact["naive"]["cost_per_friend"][arm]) < 1e-4
        assert yuan / friends < 0.9 * told["cost_per_further_friend"]


def test_some_crowds_cost_more_than_they_bring() -> None:
    fact = facts()["crowd_profit"]
    rows = ask(
        f"select crowd, count(*) n, sum(friend_added) x, sum(cents) / 100 yuan from units where"
        f" test_id = '{ADD}' and arm = 'B' group by 1"
    )
    profit = {}
    for row in rows.itertuples():
        value = fact["planted"]["friend_value"].get(row.crowd, fact["planted"]["customer_value"])
        profit[row.crowd] = (row.x * value - row.yuan) / row.n
        told = fact["counted"]["arm_B"][row.crowd]
        assert abs(profit[row.crowd] - told["profit_per_person"]) < 1e-6
    assert sorted(profit, key=lambda c: -profit[c]) == fact["counted"]["order"]
    assert {c for c in profit if profit[c] < 0} == set(fact["counted"]["unprofitable"])


def test_funnel_and_hang_ups() -> None:
    fact = facts()["add_funnel"]
    names = ("delivered", "connected", "clicked", "friend_added", "friend_kept", "ordered")
    assert by_arm(ADD, *names) == fact["counted"]["by_arm"]
    heard = by_arm(ADD, "picked_up")
    naive = fact["naive"]
    assert {arm: heard[arm]["picked_up"] for arm in TOLD} == naive["connected_with_hang_ups"]
    counted = ask(
        f"select count(*) dials, count(*) filter (talk_seconds >= 5) talks, count(distinct phone)"
        f" people from deliveries where test_id = '{ADD}' and status <> 'held_out'"
    ).iloc[0]
    assert counted["dials"] == fact["counted"]["dials"]
    assert counted["people"] == fact["counted"]["people_dialled"]
    twice = counted["dials"] - counted["people"]
    assert twice == fact["counted"]["dialled_twice"]
    assert abs(counted["talks"] / counted["dials"] - naive["connected_per_dial"]) < 1e-6
    first, second = fact["planted"]["dials"]
    share = first["talk"] + first["none"] * second["talk"]
    for arm in TOLD:
        cell = fact["counted"]["by_arm"][arm]
        assert abs(cell["connected"] / cell["people"] - share) < 0.015


def test_the_chain_of_times_holds() -> None:
    """Nobody is late in the chain, and only people of a test's friends order as friends."""
    wrong = ask(
        f"select count(*) n from units where test_id = '{ADD}' and (clicked_at < delivered_at or"
        " removed_at < added_at or (friend_added = 1 and clicked = 1 and added_at < clicked_at) or"
        " ordered_at < sent_at or (friend_added = 1 and ordered_at < added_at))"
    )
    assert wrong["n"].iloc[0] == 0
    held = ask(
        "select count(*) n from deliveries where status = 'held_out' and (cost > 0 or segments > 0"
        " or delivered_at is not null or connected_at is not null or clicked_at is not null or"
        " opted_out_at is not null)"
    )
    assert held["n"].iloc[0] == 0


def test_orders_of_deliveries_are_those_of_the_orders_table() -> None:
    lost = ask(
        "select count(*) n from deliveries d where ordered_at is not null and not exists (select 1"
        " from orders o where o.phone = d.phone and o.paid_at = d.ordered_at and o.amount ="
        " d.order_amount and o.status = 'paid' and o.refund_amount = 0)"
    )
    assert lost["n"].iloc[0] == 0
    others = ask(
        "select count(*) n from units u join orders o on o.phone = u.phone and o.paid_at between"
        " u.sent_at and u.sent_at + interval 7 day where u.ordered_at is distinct from o.paid_at"
    )
    assert others["n"].iloc[0] == 0


def test_friends_of_the_test_are_in_the_contacts() -> None:
    lost = ask(
        "select count(*) n from deliveries d where friend_added_at is not null and not exists"
        " (select 1 from contacts c where c.remark_mobiles = d.phone and c.createtime::timestamp ="
        " d.friend_added_at and c.removed_at::timestamp is not distinct from d.friend_removed_at)"
    )
    assert lost["n"].iloc[0] == 0


def test_spend_before_takes_variance_out() -> None:
    """Parent: the counted fact; correlation by the standard library, spend in SQL."""
    counted = facts()["spend_before"]["counted"]
    people = ask(
        f"""
        select arm, case when ordered = 1 then amount else 0 end as after, coalesce((
            select sum(o.amount - o.refund_amount) from orders o where o.phone = u.phone
            and o.status = 'paid' and o.amount > o.refund_amount and o.paid_at < u.sent_at
            and o.paid_at >= u.sent_at - interval 90 day), 0) as before
        from units u where test_id = '{ADD}' and arm in ('A', 'B')
        """
    ).astype({"after": float, "before": float})
    x, y = people["before"].tolist(), people["after"].tolist()
    r = statistics.correlation(x, y)
    theta = statistics.linear_regression(x, y).slope
    assert len(people) == counted["people"]
    assert abs(r - counted["correlation"]) < 1e-6
    assert abs(r * r - counted["share_of_variance_removed"]) < 1e-6
    assert abs(theta - counted["theta"]) < 1e-6
    mean = people.groupby("arm")[["after", "before"]].mean()
    gap = mean.loc["B"] - mean.loc["A"]
    assert abs(gap["after"] - counted["difference"]) < 1e-6
    adjusted = gap["after"] - theta * gap["before"]
    assert abs(adjusted - counted["adjusted_difference"]) < 1e-5
    assert r * r > 0.2


def test_deviations_of_what_was_sent() -> None:
    fact = facts()["plan_deviations"]
    planted, counted = fact["planted"], fact["counted"]
    cells = facts()["add_rates"]["counted"]["by_crowd"]
    short = planted["sizes"]
    assert cells[short["crowd"]][short["arm"]]["people"] == short["people"] < short["filed"]
    start = planted["starts_on"]["filed"]
    days = ask(
        f"select min(sent_at)::date as first, count(*) filter (sent_at < '{start}') as early"
        f" from units where test_id = '{ADD}' and arm <> 'holdout'"
    ).iloc[0]
    assert str(days["first"])[:10] == planted["starts_on"]["first_send"]
    assert days["early"] == counted["people_sent_to_early"]
    assert str(days["first"])[:10] > counted["filed_on"]
    people = sum(cell["people"] for arms in cells.values() for cell in arms.values())
    assert (people, people + 100) == (counted["people"], counted["people_planned"])


def test_sample_ratio_of_the_broken_test() -> None:
    """The p-value from the normal: a chi-square of one degree of freedom is a squared z."""
    fact = facts()["sample_ratio"]
    arms = by_arm(VIP, "clicked", "ordered", "opted_out", "delivered")
    a, b = arms["A"]["people"], arms["B"]["people"]
    statistic = (a - b) ** 2 / (a + b)
    p_value = math.erfc(math.sqrt(statistic / 2))
    assert abs(statistic - fact["counted"]["statistic"]) < 1e-6
    assert math.isclose(p_value, fact["counted"]["p_value"], rel_tol=1e-6)
    assert p_value < 1e-6
    assert b + fact["counted"]["dropped"] == fact["planted"]["people_an_arm"] == a
    for arm, cell in arms.items():
        told = fact["counted"]
        assert cell["people"] - cell["delivered"] == told["without_report"][arm]
        named = {name: cell[name] for name in ("clicked", "ordered", "opted_out")}
        assert named == told["by_arm"][arm]
        of_delivered = cell["clicked"] / cell["delivered"]
        assert abs(of_delivered - told["clicked_of_delivered"][arm]) < 1e-6
        assert (
            abs(cell["clicked"] / cell["people"] - fact["naive"]["clicked_of_people"][arm]) < 1e-6
        )
    assert arms["A"]["clicked"] == arms["B"]["clicked"]
    assert _z(arms["B"]["clicked"], b, arms["A"]["clicked"], a) == pytest.approx(
        fact["naive"]["z"], abs=1e-6
    )


def _z(x1: int, n1: int, x0: int, n0: int) -> float:
    p = (x1 + x0) / (n1 + n0)
    return (x1 / n1 - x0 / n0) / math.sqrt(p * (1 - p) * (1 / n1 + 1 / n0))


def test_no_effect_and_what_peeking_sees() -> None:
    fact = facts()["no_effect"]
    arms = by_arm(NULL, "clicked", "ordered", "opted_out", "complained")
    assert arms == fact["counted"]["by_arm"]
    assert arms["A"] == arms["B"]
    days = ask(
        f"select arm, sent_at::date d, count(*) n, sum(ordered) x from units"
        f" where test_id = '{NULL}' group by all order by d"
    )
    found = {arm: part["x"].astype(int).tolist() for arm, part in days.groupby("arm")}
    assert found == fact["planted"]["ordered_by_day"]
    peeks, sums = [], {arm: [0, 0] for arm in found}
    for _, part in days.groupby("d", sort=True):
        for row in part.itertuples():
            sums[row.arm][0] += int(row.x)
            sums[row.arm][1] += int(row.n)
        peeks.append(_z(*sums["B"], *sums["A"]))
    assert peeks == pytest.approx(fact["naive"]["z_after_each_day"], abs=1e-6)
    seen = [day for day, z in enumerate(peeks, start=1) if z > 1.96]
    assert seen == fact["naive"]["days_above_1_96"]
    # O'Brien-Fleming at half of the information: reference cases of Lan and DeMets.
    assert max(peeks[4], peeks[-1]) < 2.9626


def test_observed_campaign_has_one_crowd_a_text() -> None:
    fact = facts()["observed_only"]
    rows = ask(
        f"""
        select arm, count(distinct crowd) crowds, any_value(crowd) crowd, count(*) people,
            sum(ordered)::int ordered, avg(coalesce((
                select sum(o.amount - o.refund_amount) from orders o where o.phone = u.phone
                and o.status = 'paid' and o.amount > o.refund_amount and o.paid_at < u.sent_at
                and o.paid_at >= u.sent_at - interval 90 day), 0)) spent
        from units u where test_id = '{BLAST}' group by 1
        """
    ).set_index("arm")
    assert rows["crowds"].eq(1).all()
    assert rows["crowd"].to_dict() == fact["planted"]["crowd_of_text"]
    for text, told in fact["counted"].items():
        assert (rows.loc[text, "people"], rows.loc[text, "ordered"]) == (
            told["people"],
            told["ordered"],
        )
        assert abs(rows.loc[text, "spent"] - told["mean_spend_before"]) < 1e-6
    share = rows["ordered"] / rows["people"]
    assert abs(share["文案2"] - share["文案1"] - fact["naive"]["difference"]) < 1e-6


def test_nobody_is_in_two_tests_at_the_same_time_or_in_two_arms() -> None:
    twice = ask("select phone from units group by phone having count(distinct test_id) > 1")
    assert twice.empty
    arms = ask(
        "select phone from deliveries where arm is not null group by phone, test_id having"
        " count(distinct arm) > 1 or count(distinct crowd) > 1 or count(*) > 2"
    )
    assert arms.empty
