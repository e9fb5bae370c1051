"""Sets of touchpoints before orders: by hand, brute force, published masks, error rates."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest

from privdom_kit.engine import closing, connect
from privdom_kit.knowledge.combinations import load_combinations, read_combinations
from privdom_kit.knowledge.loading import KnowledgeError
from privdom_kit.results import Verdict
from privdom_kit.touchpoints import measure_combinations
from privdom_kit.touchpoints.order_sets import expected_orders

LAST = 1000
DAY = 86_400


@pytest.fixture
def measure():
    """Measure the combinations of a brand with these tables."""
    with closing(connect()) as connection:

        def run(touches, orders, more=None, **settings):
            frames = {"touches": touches, "orders": orders} | (more or {})
            base, rules = client_tables.base(connection, frames, LAST, **settings)
            return measure_combinations(base, rules)

        yield run


def touches(*rows: tuple) -> pd.DataFrame:
    """Touches from ``(customer, day, touchpoint)`` at noon; one opens the data long before."""
    rows = ((9_999, 800, "group"), *rows)
    frame = pd.DataFrame(rows, columns=["customer", "occurred_on", "touchpoint"])
    return frame.assign(action="read", direction="customer")


def sets_of(result) -> dict[str, int]:
    return dict(zip(result.table["set"], result.table["orders"], strict=True))


def test_sets_by_hand(measure) -> None:
    """Orders on day 990 at noon; 30 days before, to the second, belong to them."""
    mine = touches(
        (0, 960, "group"), (0, 989, "mini_program"),
        (1, 959, "group"), (1, 989, "mini_program"),
        (2, 991, "group"),
        (3, 990, "group"),
        (4, 985, "group"), (4, 986, "group"),
    )  # fmt: skip
    orders = client_tables.orders(*[(c, 990, 10) for c in range(6)])
    result = measure(mine, orders)
    found = {frozenset(name.split("+")): orders for name, orders in sets_of(result).items()}
    assert found == {
        frozenset({"group"}): 2, frozenset({"none"}): 2, frozenset({"mini_program"}): 1,
        frozenset({"group", "mini_program"}): 1,
    }  # fmt: skip
    assert (result.figures["untouched_orders"], result.figures["combined_orders"]) == (2, 1)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_one_second_too_early_is_too_early(measure) -> None:
    mine = touches((0, 960, "group"), (1, 960, "group"), (0, 990, "mini_program"))
    mine["occurred_at"] = mine["occurred_on"] * DAY + 43_200
    mine.loc[2, "occurred_at"] -= 1
    orders = client_tables.orders((0, 990, 10), (1, 990, 10))
    found = sets_of(measure(mine, orders))
    assert found.get("none") == 1


def test_removals_and_orders_are_no_touch(measure) -> None:
    """Bought twice, removed in between: nothing led to the orders."""
    mine = touches((0, 980, "wecom_chat"), (1, 980, "mini_program"))
    mine.loc[1, "action"] = "removed"
    mine.loc[2, "action"] = "unsubscribed"
    mine = pd.concat([mine, touches((5, 990, "live"), (6, 990, "wecom_chat"))])
    orders = client_tables.orders((0, 985, 10), (1, 985, 10), (1, 986, 10))
    assert sets_of(measure(mine, orders)) == {"none": 3}


def test_early_orders_are_left_out_and_counted(measure) -> None:
    """The data begin on day 950: orders before 980 have no whole 30 days behind them."""
    mine = touches((0, 950, "group"), (1, 951, "mini_program")).iloc[1:]
    orders = client_tables.orders((0, 960, 10), (0, 979, 10), (0, 980, 10))
    result = measure(mine, orders)
    assert result.figures["orders"] == 1
    assert result.coverage.dropped["before window"] == 2


def test_old_registrations_do_not_make_early_orders_whole(measure) -> None:
    """A member of day 100 says nothing of what touches would show before day 950."""
    mine = touches((0, 950, "group"), (1, 951, "mini_program")).iloc[1:]
    members = pd.DataFrame({"customer": [0], "registered_on": [100]})
    orders = client_tables.orders((0, 960, 10), (0, 985, 10))
    assert measure(mine, orders, {"members": members}).figures["orders"] == 1


def test_expected_orders_are_independence_given_a_touch() -> None:
    """Chances 1/2, 1/4 over 80 people: 30 untouched, 30 a, 10 b, 10 both; 50 are touched.

    Whatever number is untouched, the 50 are shared out 30, 10, 10.
    """
    for untouched in (0, 30, 5000):
        found = expected_orders(np.array([untouched, 30.0, 10, 10]), 2)
        assert found == pytest.approx([untouched, 30, 10, 10])
    # 25 of the 50 both instead: a in 40, b in 35 of 50; c = 1 - (1 - .8c)(1 - .7c), c = 25/28.
    found = expected_orders(np.array([0, 15.0, 10, 25]), 2)
    assert found[3] == pytest.approx(50 * 0.8 * 0.7 * 25 / 28)
    assert found.sum() == pytest.approx(50)


def test_touchpoints_that_never_meet_have_nothing_to_expect() -> None:
    assert expected_orders(np.array([7.0, 30, 10, 0]), 2).tolist() == [7, 30, 10, 0]
    assert expected_orders(np.array([7.0, 0, 0, 0]), 2).tolist() == [7, 0, 0, 0]


def random_brand(rng: np.random.Generator, people: int, link: float) -> tuple:
    """Touches and an order a person; the chance of a mini program doubles with a group by link."""
    in_group = rng.random(people) < 0.4
    mini = rng.random(people) < np.where(in_group, 0.3 * (1 + link), 0.3)
    chat = rng.random(people) < 0.5
    rows = [(int(c), 985, "group") for c in np.flatnonzero(in_group)]
    rows += [(int(c), 986, "mini_program") for c in np.flatnonzero(mini)]
    rows += [(int(c), 987, "wecom_chat") for c in np.flatnonzero(chat)]
    return touches(*rows), client_tables.orders(*[(c, 990, 10) for c in range(people)])


def test_a_planted_combination_stands_out(measure) -> None:
    result = measure(*random_brand(np.random.default_rng(1), 1500, 1.0))
    pairs = result.tables["pairs"]
    pair = pairs[pairs["set"].isin(["group+mini_program", "mini_program+group"])].iloc[0]
    assert pair["stands_out"] == "true"
    assert pair["ratio_ci_lower"] > 1.1
    assert result.verdict is Verdict.WATCH
    assert result.figures["standing_out"] >= 1


def test_independent_touchpoints_seldom_stand_out(measure) -> None:
    """No link: something stands out in at most 5 % of 30 brands, within error."""
    rng = np.random.default_rng(3)
    found = sum(
        measure(*random_brand(rng, 600, 0.0)).figures["standing_out"] > 0 for _ in range(30)
    )
    assert found <= 4


def test_people_who_cannot_be_touched_make_nothing_stand_out(measure) -> None:
    """Two in three orders are of strangers: over all orders a pair would come out threefold."""
    rng = np.random.default_rng(13)
    mine, _ = random_brand(rng, 900, 0.0)
    orders = client_tables.orders(*[(c, 990, 10) for c in range(2700)])
    pairs = measure(mine, orders).tables["pairs"]
    assert pairs["ratio"].between(0.8, 1.25).all()
    assert (pairs["stands_out"] == "false").all()


def test_only_the_customers_own_acts_count_unless_asked(measure) -> None:
    mine = touches((0, 985, "group"), (0, 986, "wecom_chat"))
    mine.loc[2, "direction"] = "brand"
    mine = pd.concat([mine, touches((7, 985, "wecom_chat"))])
    orders = client_tables.orders((0, 990, 10))
    assert sets_of(measure(mine, orders)) == {"group": 1}
    asked = measure(mine, orders, touchpoints={"combination_own_acts": False})
    assert {frozenset(name.split("+")) for name in sets_of(asked)} == {
        frozenset({"group", "wecom_chat"})
    }


def test_masks_are_those_of_a_plain_count(measure) -> None:
    """Brute force over each order, 4 touchpoints, several orders a person, any times."""
    rng = np.random.default_rng(12)
    names = ["group", "mini_program", "wecom_chat", "moments"]
    rows = [(int(c), int(d), str(n)) for c, d, n in zip(
        rng.integers(0, 60, 500), rng.integers(830, 1000, 500), rng.choice(names, 500),
        strict=True)]  # fmt: skip
    bought = [(int(c), int(d), 10) for c, d in zip(
        rng.integers(0, 60, 200), rng.integers(850, 1000, 200), strict=True)]  # fmt: skip
    result = measure(touches(*rows), client_tables.orders(*bought))
    counted: dict[frozenset, int] = {}
    for customer, day, _ in bought:
        near = frozenset(n for c, d, n in rows if c == customer and 0 <= day - d <= 30)
        counted[near] = counted.get(near, 0) + 1
    found = {
        frozenset(s.split("+")) - {"none"}: n
        for s, n in zip(result.table["set"], result.table["orders"], strict=True)
    }
    assert found == counted


def test_shuffled_rows_change_nothing(measure) -> None:
    mine, orders = random_brand(np.random.default_rng(4), 400, 0.5)
    first = measure(mine, orders)
    again = measure(mine.sample(frac=1, random_state=2).reset_index(drop=True), orders)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.table["orders"].sum() == 400


def test_the_library_by_hand(measure) -> None:
    """20 people: 10 in WeCom and group, 5 of them bought; live is nowhere, ads are paid for."""
    mine = touches(
        *[(c, 985, "wecom_chat") for c in range(20)], *[(c, 985, "group") for c in range(10)]
    )
    orders = client_tables.orders(*[(c, 990, 10) for c in range(5)])
    paid = pd.DataFrame({"date": [990], "channel": ["x"], "traffic": ["paid"]})
    result = measure(mine, orders, {"channel_days": paid.astype({"date": "int32"})})
    library = result.tables["library"].set_index("combination")
    pair = library.loc["wecom_group"]
    assert pair[["in_use", "traced", "people", "buyers", "buyer_rate"]].tolist() == [
        "true", "true", 10, 5, 0.5,
    ]  # fmt: skip
    assert pair["orders"] == 5
    assert library.loc["mini_live_group", "in_use"] == "false"
    assert library.loc["mini_live_group", "missing"] == "mini_program+live"
    assert library.loc["ads_private", ["in_use", "traced"]].tolist() == ["true", "false"]
    assert pd.isna(library.loc["ads_private", "people"])
    axes = result.tables["axes"].set_index(["kind", "domain"])["touchpoints_in_use"].to_dict()
    assert axes == {
        ("tool", "public"): 0, ("tool", "private"): 0,
        ("operation", "public"): 1, ("operation", "private"): 2,
    }  # fmt: skip
    assert result.figures["empty_cells"] == 2


def test_few_people_are_hidden(measure) -> None:
    mine, orders = random_brand(np.random.default_rng(5), 60, 0.0)
    table = measure(mine, orders, privacy={"min_cell": 10}).table
    shown = table["people"].dropna()
    assert (shown >= 10).all()
    assert table.loc[table["people"].isna(), ["orders", "expected_orders"]].isna().all(axis=None)


def test_less_frequent_touchpoints_are_named(measure) -> None:
    mine, orders = random_brand(np.random.default_rng(6), 100, 0.0)
    result = measure(mine, orders, touchpoints={"combination_touchpoints": 2})
    assert any("not part of any set: " in note.render("en") for note in result.notes)
    assert all("wecom_chat" in s or "group" in s or s == "none" for s in result.table["set"])


def test_nothing_given_is_not_measured(measure) -> None:
    with closing(connect()) as connection:
        base, rules = client_tables.base(connection, {"touches": touches((0, 990, "live"))}, LAST)
        assert measure_combinations(base, rules).verdict is Verdict.NOT_MEASURED
        only = {"orders": client_tables.orders((0, 990, 10))}
        base, rules = client_tables.base(connection, only, LAST)
        assert measure_combinations(base, rules).verdict is Verdict.NOT_MEASURED


def test_the_shipped_library_holds_seven() -> None:
    library = load_combinations()
    assert len(library.combinations) == 7
    assert all(set(c.touchpoints) <= set(library.places) for c in library.combinations.values())


def test_a_touchpoint_that_is_not_placed_names_the_nearest(tmp_path) -> None:
    (tmp_path / "combinations.yml").write_text(
        "source: s\ndate: '2020'\ntouchpoints: [{id: group, kind: tool, domain: private}]\n"
        "combinations: [{id: a, en: a, zh: 甲, needs: [[grop]], why: b, reading: c}]\n",
        encoding="utf-8",
    )
    with pytest.raises(KnowledgeError, match=r'has touchpoint "grop".*nearest: group'):
        read_combinations(tmp_path)
