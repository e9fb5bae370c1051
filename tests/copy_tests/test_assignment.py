"""Who gets which version: by hand, against a walk with hashlib, and laws of the draw."""

from __future__ import annotations

import hashlib
import itertools
import math
from fractions import Fraction

import client_tables
import pandas as pd
import plan_samples as ps
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from privdom_kit import copy_tests
from privdom_kit.copy_tests.allotting import arm_cuts, arm_shares, with_arms
from privdom_kit.copy_tests.balance import balance_table
from privdom_kit.copy_tests.entry_codes import entry_codes, is_code, short_name
from privdom_kit.copy_tests.sums import collect_sums
from privdom_kit.engine import closing, collect, connect, with_digest
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.results import Verdict

EVERYBODY = [{"name": "all", "who": {}}]


@pytest.fixture
def connection():
    with closing(connect()) as opened:
        yield opened


def members_of(result, test):
    """Customer -> (crowd, arm) places of a test."""
    rows = collect(result.members[test], limit=100_000)
    keys = zip(rows["customer"], rows["crowd"], rows["arm"], strict=True)
    return {int(c): (int(crowd), int(arm)) for c, crowd, arm in keys}


def left_out(result):
    """(test, crowd, reason) -> people."""
    rows = result.tables["left_out"].itertuples(index=False)
    return {(row.test, row.crowd, row.reason): int(row.people) for row in rows}


def drawn(result, test="next"):
    table = result.table[result.table["test"] == test]
    return table.groupby("crowd", dropna=False)["people"].sum().to_dict()


# ---------------------------------------------------------------------------------------------
# Crowds and reasons


def test_a_person_is_in_the_first_crowd_whose_rule_fits(connection):
    """By hand, as of 2026-06-30: 0 and 1 bought twice, 2 once 100 days ago, 3 once, 4 to 9 never.

    0 and 5 are gold. Closed orders are none: 6 has one of these only.
    """
    day = ps.AS_OF
    orders = client_tables.orders(
        (0, day - 5, 10), (0, day - 9, 10), (1, day - 200, 10), (1, day - 120, 10),
        (2, day - 100, 10), (3, day - 99, 10), (6, day - 1, 10),
        status=["paid"] * 6 + ["closed"],
    )  # fmt: skip
    crowds = [
        {"name": "gold", "who": {"tiers": ["gold"]}},
        {"name": "twice", "who": {"orders_at_least": 2}},
        {"name": "sleeping", "who": {"days_since_order_at_least": 100}},
        {"name": "never", "who": {"orders_at_most": 0, "member": True}},
    ]
    frames = {
        "members": ps.people(9, tier=["gold" if c in (0, 5) else "base" for c in range(9)]),
        "orders": orders,
        "followers": pd.DataFrame({"customer": [9], "subscribed_on": [day - 9]}),
    }
    base, settings = ps.base(connection, [ps.plan(crowds=crowds)], frames)
    result = copy_tests.measure_assignment(base, settings)
    found = {c: crowd for c, (crowd, _) in members_of(result, "next").items()}
    # 3 (99 days) is in none, nor is 9, who is no member
    assert found == {0: 0, 5: 0, 1: 1, 2: 2, 4: 3, 6: 3, 7: 3, 8: 3}
    assert drawn(result) == {"gold": 2, "twice": 1, "sleeping": 1, "never": 4}


@pytest.mark.parametrize(
    ("who", "expected"),
    [({"follower": True}, {1}), ({"follower": False}, {0, 2, 3}), ({"contact": True}, {2}),
     ({"contact": False, "follower": False}, {0, 3}), ({"member": False}, {3}), ({}, {0, 1, 2, 3})],
)  # fmt: skip
def test_followers_contacts_and_members_are_those_of_now(connection, who, expected):
    """By hand: 1 follows, 0 did; 2 is a contact, 3 was transferred away; 0 to 2 are members."""
    day = ps.AS_OF
    frames = {
        "members": ps.people(3),
        "followers": pd.DataFrame(
            {"customer": [0, 1], "subscribed_on": day - 9,
             "unsubscribed_on": pd.array([day - 1, None], "Int64")}
        ),
        "contacts": pd.DataFrame(
            {"customer": [2, 3], "staff_id": "a", "added_on": day - 9,
             "removed_by": [None, "transfer"],
             "removed_on": pd.array([None, day - 1], "Int64")}
        ),
    }  # fmt: skip
    base, settings = ps.base(connection, [ps.plan(crowds=[{"name": "x", "who": who}])], frames)
    assert set(members_of(copy_tests.measure_assignment(base, settings), "next")) == expected


def test_each_reason_counts_a_person_once_in_the_stated_order(connection):
    """By hand: 0 opted out of calls and removed the brand: opted out. 1 removed it. 2 is a contact.

    3 was sent a text on the last day that counts (7 days before 2026-07-06: 06-29), 4 the day
    before, 5 was held back in a test on 06-29 that still runs, 6 removed one member of staff and
    stands with another.
    """
    day = ps.AS_OF
    rows = pd.concat(
        [
            ps.sent({"arm": "A", "people": 1, "opted_out": 1}, channel="call", sent="2025-01-01"),
            ps.sent({"arm": "A", "people": 1}, test="camp", sent="2026-06-29").assign(customer=3),
            ps.sent({"arm": "A", "people": 1}, test="camp", sent="2026-06-28").assign(customer=4),
            ps.sent({"arm": "holdout", "people": 1}, test="run", sent="2026-06-29").assign(
                customer=5
            ),
        ],
        ignore_index=True,
    )
    rows["delivery_id"] = [f"d{i}" for i in range(len(rows))]
    contacts = pd.DataFrame(
        {"customer": [0, 1, 2, 6, 6], "staff_id": ["a", "a", "a", "a", "b"], "added_on": day - 90,
         "removed_on": pd.array([day - 9, day - 9, None, day - 9, None], "Int64"),
         "removed_by": ["customer", "customer", None, "customer", None]}
    )  # fmt: skip
    plan = ps.plan(primary="friend_added", crowds=EVERYBODY)
    frames = {"members": ps.people(8), "deliveries": rows, "contacts": contacts}
    base, settings = ps.base(connection, [plan], frames)
    result = copy_tests.measure_assignment(base, settings)
    assert left_out(result) == {
        ("next", "all", "said_no"): 1,
        ("next", "all", "removed_brand"): 1,
        ("next", "all", "contact_already"): 2,
        ("next", "all", "over_cap"): 1,
        ("next", "all", "other_test"): 1,
    }
    assert set(members_of(result, "next")) == {4, 7}
    crowd = result.tables["crowds"].iloc[0]
    assert (crowd["found"], crowd["left_out"], crowd["people"]) == (8, 6, 2)


@pytest.mark.parametrize(
    ("attempts", "cap", "expected"), [(1, 2, {1, 2}), (2, 2, {2}), (2, 3, {1, 2}), (3, 2, set())]
)
def test_calls_count_with_the_attempts_of_the_test(connection, attempts, cap, expected):
    """By hand: within 7 days 0 was called twice, 1 once (which is told twice), 2 never."""
    rows = ps.sent(
        *[{"arm": "A", "people": 1, "sent_day": d} for d in
          ("2026-06-29", "2026-06-30", "2026-06-30", "2026-06-30")], channel="call", test="camp",
    )  # fmt: skip
    rows["customer"] = pd.Series([0, 0, 1, 1], dtype="Int32")
    plan = ps.plan(channel="call", attempts=attempts, crowds=EVERYBODY)
    frames = {"members": ps.people(3), "deliveries": rows}
    base, settings = ps.base(
        connection, [plan], frames, copy_tests={"call_cap": cap, "window_days": 1}
    )
    result = copy_tests.measure_assignment(base, settings)
    assert set(members_of(result, "next") if "next" in result.members else ()) == expected


def test_who_cannot_be_reached_is_left_out_where_tables_give_phones(connection):
    """By hand: 0 to 2 have a phone, 3 has none; nobody is left out where no table gives phones."""
    base, settings = ps.base(connection, [ps.plan(crowds=EVERYBODY)], {"members": ps.people(4)})
    everybody = copy_tests.measure_assignment(base, settings)
    assert len(members_of(everybody, "next")) == 4
    assert any("No table gives phones" in note.render("en") for note in everybody.notes)
    numbered = pd.DataFrame({"customer": range(4), "customer_id": [f"c{i}" for i in range(4)]})
    numbered = numbered.assign(has_phone=[1, 1, 1, 0]).astype({"customer": "int32"})
    with_phones = copy_tests.start.CopyBase(
        base.base, settings, {}, client_tables.store(connection, numbered)
    )
    result = copy_tests.measure_assignment(with_phones, settings)
    assert set(members_of(result, "next")) == {0, 1, 2}
    assert left_out(result) == {("next", "all", "no_phone"): 1}


def test_a_message_on_wecom_goes_to_present_contacts_only(connection):
    """By hand: 0 is a contact, 1 was one, 2 never; who removed the brand is asked first."""
    day = ps.AS_OF
    contacts = pd.DataFrame(
        {"customer": [0, 1], "staff_id": "a", "added_on": day - 9,
         "removed_on": pd.array([None, day - 1], "Int64"), "removed_by": [None, "customer"]}
    )  # fmt: skip
    frames = {"members": ps.people(3), "contacts": contacts}
    base, settings = ps.base(connection, [ps.plan(channel="wecom", crowds=EVERYBODY)], frames)
    result = copy_tests.measure_assignment(base, settings)
    assert set(members_of(result, "next")) == {0}
    assert left_out(result) == {
        ("next", "all", "removed_brand"): 1,
        ("next", "all", "no_contact"): 1,
    }


def test_a_crowd_that_cannot_be_found_is_said(connection):
    crowds = [
        {"name": "a", "who": {"contact": True}},
        {"name": "b", "people": 500},
        {"name": "c", "who": {"tiers": ["gold"]}},
        {"name": "d", "who": {}},
    ]
    base, settings = ps.base(connection, [ps.plan(crowds=crowds)], {"members": ps.people(50)})
    result = copy_tests.measure_assignment(base, settings)
    assert drawn(result) == {"d": 50}
    assert result.figures["unfound_crowds"] == 3
    notes = [note.render("en") for note in result.notes]
    assert "next, a: nobody can be drawn, as its rule asks for contacts, which were not given." in (
        notes
    )
    assert "next, b: nobody can be drawn, as no rule (who:) says who belongs to it." in notes


# ---------------------------------------------------------------------------------------------
# The draw


def test_the_digest_is_that_of_hashlib(connection):
    """SHA-256 of UTF-8, Chinese and quotes among it, on DuckDB and on pandas."""
    import narwhals as nw

    texts = ["t:c1", "测试:c2", "it's", ""]
    table = pd.DataFrame({"text": texts})
    expected = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    for frame in (client_tables.store(connection, table), nw.from_native(table).lazy()):
        found = collect(with_digest(frame, "text", "digest"), limit=9).set_index("text")
        assert found.loc[texts, "digest"].tolist() == expected


def test_arms_are_those_of_a_walk_with_hashlib(connection):
    """By brute force: order each crowd by sha256(test:id), cut at n x share rounded, held first."""
    arms = [ps.arm("A", control=True, weight=2), ps.arm("B"), ps.arm("C", weight=0.5)]
    crowds = [{"name": "gold", "who": {"tiers": ["gold"]}}, {"name": "rest", "who": {}}]
    plan = ps.plan("测试 1", arms=arms, holdout_share=0.13, crowds=crowds)
    frames = {"members": ps.people(500, tier=["gold" if c % 7 == 0 else "x" for c in range(500)])}
    base, settings = ps.base(connection, [plan], frames)
    found = members_of(copy_tests.measure_assignment(base, settings), "测试 1")
    ends = [0.13, 0.13 + 0.87 * 2 / 3.5, 0.13 + 0.87 * 3 / 3.5, 1]
    expected = {}
    for crowd in (0, 1):
        own = [c for c in range(500) if (c % 7 != 0) == bool(crowd)]
        own.sort(key=lambda c: hashlib.sha256(f"测试 1:c{c:020x}".encode()).hexdigest())
        cuts = [math.floor(len(own) * end + 0.5) for end in ends]
        for rank, customer in enumerate(own):
            expected[customer] = (crowd, sum(rank >= cut for cut in cuts))
    assert found == expected


@given(
    people=st.integers(0, 400),
    weights=st.lists(st.sampled_from([0.1, 0.3, 1, 1.5, 7]), min_size=1, max_size=6),
    held=st.sampled_from([0, 0.05, 0.1, 1 / 3]),
)
def test_no_arm_is_off_its_share_by_a_person_and_no_cut_jumps(people, weights, held):
    """Exact in fractions; with one person more no cut moves by more than one place."""
    arms = tuple({"name": f"a{i}", "weight": float(w)} for i, w in enumerate(weights))
    plan = CopyTest.model_validate(
        {"id": "t", "channel": "sms", "arms": arms, "holdout_share": held}
    )
    shares = arm_shares(plan)
    assert sum(shares) == 1
    cuts, more = arm_cuts(people, shares), arm_cuts(people + 1, shares)
    assert all(0 <= b - a <= 1 for a, b in zip(cuts, more, strict=True))
    ends = [0, *cuts, people]
    for share, (start, end) in zip(shares, itertools.pairwise(ends), strict=True):
        assert abs(Fraction(end - start) - share * people) < 1 or share == 0


LAWS = hypothesis_settings(max_examples=8)
OVERLAPPING = [
    ps.plan("one", arms=[ps.arm("A", control=True), ps.arm("B"), ps.arm("C")], holdout_share=0.1,
            crowds=[{"name": "x", "who": {"tiers": ["x"]}}, {"name": "rest", "who": {}}]),
    ps.plan("two", starts_on="2026-07-10", crowds=[{"name": "y", "who": {"tiers": ["x", "y"]}}]),
    ps.plan("three", starts_on="2026-09-01", crowds=EVERYBODY),
]  # fmt: skip


def draw(members, deliveries=None):
    """Test -> customer -> (crowd, arm) of the overlapping plans."""
    with closing(connect()) as connection:
        frames = {"members": members} | ({} if deliveries is None else {"deliveries": deliveries})
        base, settings = ps.base(connection, OVERLAPPING, frames)
        result = copy_tests.measure_assignment(base, settings)
        return {test: members_of(result, test) for test in result.members}, result


def tiered(count):
    return ps.people(count, tier=["xyz"[c % 3] for c in range(count)])


@LAWS
@given(st.randoms(use_true_random=False), st.integers(20, 90))
def test_shuffled_and_repeated_rows_change_nothing(random, count):
    rows = tiered(count)
    order = random.sample(range(count), count) + random.choices(range(count), k=5)
    assert draw(rows)[0] == draw(rows.iloc[order].reset_index(drop=True))[0]


@LAWS
@given(st.integers(10, 90))
def test_one_person_more_moves_at_most_one_other_across_each_cut(count):
    """Of one test with three arms and a holdout in one crowd: three cuts."""
    arms = [ps.arm("A", control=True), ps.arm("B"), ps.arm("C")]
    plan = ps.plan(arms=arms, holdout_share=0.1, crowds=EVERYBODY)
    found = []
    for people in (count, count + 1):
        with closing(connect()) as connection:
            base, settings = ps.base(connection, [plan], {"members": ps.people(people)})
            found.append(members_of(copy_tests.measure_assignment(base, settings), "next"))
    before, after = found
    assert sum(after[c] != arm for c, arm in before.items()) <= 3


@LAWS
@given(st.integers(10, 90), st.sets(st.integers(0, 89), max_size=20))
def test_everybody_is_in_one_arm_over_tests_at_the_same_time_and_nobody_who_said_no(count, no):
    """Tests one and two meet, three is later; who opted out on any channel is in none."""
    gone = sorted(c for c in no if c < count)
    rows = None
    if gone:
        rows = ps.sent({"arm": "A", "people": len(gone), "opted_out": 3}, sent="2025-03-01")
        rows["customer"] = pd.Series(gone, dtype="Int32")
    found, _ = draw(tiered(count), rows)
    one, two, three = (set(found.get(test, ())) for test in ("one", "two", "three"))
    assert not one & two
    assert one | two == three == set(range(count)) - set(gone)


def test_tests_at_the_same_time_share_equally_whatever_the_key(connection):
    """By hand: 90 people, 30 a tier; x and y could be in both tests: 15 each, z in test one."""
    found, result = draw(tiered(90))
    assert drawn(result, "one") == {"x": 15, "rest": 45}
    assert drawn(result, "two") == {"y": 30}
    assert {c % 3 for c in found["two"]} == {0, 1}


def test_the_split_is_uniform_against_what_was_known_before(connection):
    """200 tests over the same 400 people: p-values of balance in ten bins of 20, chi-squared.

    Critical value of 9 degrees of freedom at 0.001: 27.88; the draw is fixed by ids and people.
    """
    import numpy as np

    draws = np.random.default_rng(5).poisson(1.5, 400)
    table = pd.DataFrame(
        {"customer": range(400), "customer_id": [f"c{i:020x}" for i in range(400)], "crowd": 0,
         "orders": draws}
    )  # fmt: skip
    rows = client_tables.store(connection, table)
    shares = (Fraction(1, 10), *[Fraction(3, 10)] * 3)
    parts = []
    for number in range(200):
        members = with_arms(rows, f"test {number}", {0: 400}, shares)
        sums = collect_sums(members, ("crowd", "arm"), amounts=("orders",))
        parts.append(sums.assign(test=number))
    p_values = balance_table(pd.concat(parts), "orders")["p_value"].astype(float)
    counts, _ = np.histogram(p_values, bins=10, range=(0, 1))
    assert ((counts - 20) ** 2 / 20).sum() < 27.88
    assert 0.01 <= (p_values < 0.05).mean() <= 0.10


def test_balance_of_two_arms_by_hand():
    """0 0 2 2 and 2 2 4 4: means 1 and 3 about 2; variance 16/7; (4 + 4) / (16 / 7) = 3.5."""
    sums = pd.DataFrame({"test": "t", "crowd": "x", "people": [4, 4], "x_o": [4, 12],
                         "xx_o": [8, 40]})  # fmt: skip
    row = balance_table(sums, "o").iloc[0]
    assert row["statistic"] == pytest.approx(3.5)
    # chi-squared, one degree: 2 (1 - Phi(sqrt 3.5)) = 0.0614
    assert row["p_value"] == pytest.approx(0.06137, abs=1e-5)
    assert abs(row["largest_gap"]) == pytest.approx(1 / math.sqrt(16 / 7))


# ---------------------------------------------------------------------------------------------
# Codes, what is told


@pytest.mark.parametrize("longest", [8, 12, 30])
def test_codes_are_ascii_short_and_each_its_own(longest):
    plans = [
        CopyTest.model_validate({"id": test, "channel": "sms", "arms": tuple(arms)})
        for test, arms in (
            (
                "add_wecom_2026Q3_summer_members",
                [{"name": n} for n in ("A", "a", "首单礼", "积分")],
            ),
            ("生日", [{"name": n} for n in ("首单礼", "A b", "A-b")]),
            ("t", [{"name": "B"}, {"name": "C", "entry_code": "t-B"}]),
        )
    ]
    codes = entry_codes(plans, longest)
    assert len(set(codes.values())) == len(codes) == 9
    assert all(is_code(code, longest) for code in codes.values())
    assert codes["t", "C"] == "t-B"
    assert codes == entry_codes(plans, longest)


def test_a_short_name_is_itself_and_another_gets_its_hash():
    """base32 of the first bytes of the SHA-256 of 生日, by hand with hashlib."""
    import base64

    digits = base64.b32encode(hashlib.sha256("生日".encode()).digest()).decode().lower()[:6]
    assert short_name("add-1_B", 30) == "add-1_B"
    assert short_name("生日", 30) == digits
    assert short_name("VIP 生日", 30).startswith("VIP-")


def test_what_keeps_arms_from_being_told_apart(connection):
    same = {"link": "https://b.cn/x", "template": "T"}
    arms = [
        {"name": "A", "control": True, **same},
        {"name": "B", **same, "entry_code": "one"},
        {"name": "C", "entry_code": "one"},
        {"name": "D", "link": "https://b.cn/d", "template": "D", "entry_code": "中文"},
    ]
    base, settings = ps.base(connection, [ps.plan(arms=arms, crowds=EVERYBODY)])
    result = copy_tests.measure_assignment(base, settings)
    assert result.tables["arms"].set_index("arm")["problems"].to_dict() == {
        "A": "shared_link+shared_template",
        "B": "shared_code+shared_link+shared_template",
        "C": "shared_code+no_link+no_template",
        "D": "bad_code",
    }
    assert result.verdict is Verdict.ACT


def test_verdicts(connection):
    """Clear only where opt-outs are known, all arms are complete and every crowd is found."""
    told = ps.sent({"arm": "A", "people": 1, "opted_out": 1}, sent="2025-01-01")

    def verdict(plan, frames):
        base, settings = ps.base(connection, [plan] if plan else [], frames)
        return copy_tests.measure_assignment(base, settings).verdict

    whole = {"members": ps.people(50), "deliveries": told}
    good = ps.plan(crowds=EVERYBODY)
    assert verdict(good, whole) is Verdict.CLEAR
    assert verdict(good, {"members": ps.people(50)}) is Verdict.WATCH
    assert verdict({**good, "starts_on": None}, whole) is Verdict.WATCH
    assert verdict(ps.plan(arms=[ps.arm("A"), {"name": "B"}], crowds=EVERYBODY), whole) is (
        Verdict.WATCH
    )
    nobody = ps.plan(crowds=[{"name": "x", "who": {"member": False}}])
    assert verdict(nobody, whole) is Verdict.NOT_ENOUGH_DATA
    assert verdict(None, whole) is Verdict.NOT_MEASURED
    over = ps.plan(starts_on="2026-01-01", ends_on="2026-01-02")
    assert verdict(over, whole) is Verdict.NOT_MEASURED


def test_small_cells_give_nothing_away(connection):
    """50 people, 3 of them opted out: neither they nor the 50 stand anywhere beside the 47."""
    told = ps.sent({"arm": "A", "people": 3, "opted_out": 1}, sent="2025-01-01")
    arms = [ps.arm(name) for name in "ABCDEFGH"]
    frames = {"members": ps.people(50), "deliveries": told}
    base, settings = ps.base(
        connection, [ps.plan(arms=arms, crowds=EVERYBODY)], frames, privacy={"min_cell": 10}
    )
    result = copy_tests.measure_assignment(base, settings)
    assert result.tables["left_out"]["people"].isna().all()
    row = result.tables["crowds"].iloc[0]
    assert row[["found", "left_out"]].isna().all()
    assert row["people"] == 47
    assert result.table["people"].isna().all()
    assert result.figures["drawn"] == 47
