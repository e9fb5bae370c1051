"""Credit measured in the engine against the same models on paths walked person by person."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest
from journey_paths import AS_OF, DAY, find_paths, maker, orders, random_rows, touches

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.journeys.removal import Moves, conversion_and_effects, shares_of
from privdom_kit.journeys.resampling import draw_weights, percentile_interval, redraw
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

MODELS = {
    **{name: name for name in ("markov", "shapley", "linear", "position", "time_decay")},
    **{"first": "first_touch", "last": "last_touch"},
}


@pytest.fixture(scope="module")
def make():
    with maker() as build:
        yield build


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("removal", ["to_null", "renormalise"])
def test_every_model_agrees_with_the_paths_themselves(make, seed: int, removal: str) -> None:
    sent, bought = random_rows(seed)
    rules = {"attribution_days": 12, "attribution_removal": removal, "bootstrap_draws": 100}
    base, settings = make(sent, bought, journeys=rules)
    result = journeys.measure_attribution(base, settings)
    paths = find_paths(sent, bought, 12)
    assert result.figures["paths"] == len(paths)
    assert result.figures["credited_orders"] == paths["conversions"].sum()
    assert result.figures["net_revenue"] == pytest.approx(paths["value"].sum())
    for model, shown in MODELS.items():
        expected = journeys.credit_from_paths(paths, model=model, removal=removal)
        credits = result.tables["credits"].set_index("touchpoint")
        found = credits[credits["model"] == shown].loc[expected["channel"]]
        assert found["credit"].to_numpy() == pytest.approx(expected["credit"].to_numpy())
        assert found["credited_revenue"].to_numpy() == pytest.approx(expected["value"].to_numpy())
        assert found["share"].sum() == pytest.approx(1)


def test_counts_and_effects_of_the_table(make) -> None:
    sent, bought = random_rows(3)
    base, settings = make(sent, bought, journeys={"attribution_days": 12, "bootstrap_draws": 100})
    table = journeys.measure_attribution(base, settings).table.set_index("touchpoint")
    paths = find_paths(sent, bought, 12)
    effects = journeys.credit_from_paths(paths).attrs["removal_effects"]
    for place, row in table.iterrows():
        held = paths[[place in path for path in paths["path"]]]
        won = held[held["conversions"] == 1]
        assert row["customers"] == won["customer"].nunique()
        assert (row["paths_with"], row["orders_with"]) == (len(held), len(won))
        assert row["rate_with"] == pytest.approx(len(won) / len(held))
        assert row["removal_effect"] == pytest.approx(effects[place])
        for name in ("markov_share", "credit_gap", "rate_difference"):
            assert row[f"{name}_ci_lower"] <= row[name] <= row[f"{name}_ci_upper"]


def test_windows_end_to_the_second_and_a_day_has_one_order(make) -> None:
    """Hand count: 10 days before the order to the second is on its path, a second more is not.

    Person 1: live 10 days before (on the path), sms a second earlier (a path of its own, no
    order). Person 2: a touch in the second of the order; the second order of the day is no order
    of its own, its money goes to the first. Person 3 orders without a touch.
    """
    order = 390 * DAY + 50_000
    sent = [
        (1, order - 10 * DAY, "live"),
        (1, order - 10 * DAY - 1, "sms"),
        (2, order, "group"),
    ]
    bought = [(1, order, 10), (2, order, 20), (2, order + 60, 5), (3, order, 99)]
    base, settings = make(
        sent, bought, journeys={"attribution_days": 10, "attribution_min_orders": 2}
    )
    result = journeys.measure_attribution(base, settings)
    figures = result.figures
    assert (figures["orders"], figures["credited_orders"], figures["paths"]) == (3, 2, 3)
    assert figures["touched_share"] == pytest.approx(2 / 3)
    credit = result.tables["credits"].query("model == 'linear'").set_index("touchpoint")
    assert credit["credit"].to_dict() == {"live": 1, "group": 1, "sms": 0}
    assert credit["credited_revenue"].to_dict() == {"live": 10, "group": 25, "sms": 0}


def planted(count: int, seed: int = 0) -> tuple[list[tuple], list[tuple]]:
    """Chat, then live, and at half of the orders an sms a minute before, which does nothing."""
    random = np.random.default_rng(seed)
    sent, bought = [], []
    for person in range(count):
        time = int(random.integers(310 * DAY, 380 * DAY))
        sent += [(person, time, "wecom_chat"), (person, time + DAY, "live")]
        if random.random() < 0.4:
            end = time + 3 * DAY
            bought.append((person, end, 10))
            if random.random() < 0.5:
                sent.append((person, end - 60, "sms"))
    return sent, bought


def test_a_reminder_before_orders_that_come_anyway_is_named(make) -> None:
    """Last touch gives the planted sms half of the orders; by removal chat and live count twice.

    Every path has chat and live (effect 1 each), half of the orders have the sms (effect 1/2): by
    hand its share is .5 / 2.5.
    """
    base, settings = make(*planted(700))
    result = journeys.measure_attribution(base, settings)
    assert result.verdict is Verdict.WATCH
    assert result.figures["overcredited"] == "sms"
    assert result.figures["overcredited_last_share"] == pytest.approx(0.5, abs=0.06)
    assert result.figures["overcredited_markov_share"] == pytest.approx(0.2, abs=0.03)
    assert result.figures["overcredited_gap_ci_lower"] > 0.05


def deliveries(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer", "sent_on", "arm"])
    frame["delivery_id"] = [f"d{i}" for i in range(len(frame))]
    return frame.assign(channel="sms", test_id="spring", status="sent")


@pytest.fixture
def tested():
    """An sms on day 350 to 100 people, 50 held back; 20 and 10 order 5 days after, 5 after 40.

    Two people got it on day 395: their 30 days are not over. All met chat on day 345.
    """
    rows = [(c, 350, "sms") for c in range(100)] + [(c, 350, "control") for c in range(100, 150)]
    rows += [(c, 395, "sms") for c in (200, 201)]
    sent = [(c, 345 * DAY, "wecom_chat") for c in range(202)]
    bought = [(c, 355 * DAY, 10) for c in [*range(20), *range(100, 110)]]
    bought += [(c, 390 * DAY, 10) for c in range(20, 25)]
    frames = {"touches": touches(sent), "orders": orders(bought), "deliveries": deliveries(rows)}
    with closing(connect()) as connection:
        yield lambda **more: client_tables.base(connection, frames, AS_OF, **more)


def test_holdouts_compare_orders_by_arm(tested) -> None:
    """Counts by hand; the interval by statsmodels' Newcombe."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    base, settings = tested()
    table = journeys.measure_attribution(base, settings).tables["holdouts"]
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["touchpoint"], row["test"]) == ("sms", "spring")
    counts = ["sent_people", "sent_orders", "held_people", "held_orders"]
    assert row[counts].tolist() == [100, 20, 50, 10]
    assert row["order_difference"] == pytest.approx(0)
    bounds = confint_proportions_2indep(20, 100, 10, 50, method="newcomb", compare="diff")
    found = [row["order_difference_ci_lower"], row["order_difference_ci_upper"]]
    assert found == pytest.approx(list(bounds))


def test_who_was_held_back_was_not_touched(tested) -> None:
    """The 10 orders of those held back follow chat alone; the 20 of the others end with the sms."""
    base, settings = tested()
    table = journeys.measure_attribution(base, settings).table.set_index("touchpoint")
    assert table.loc["sms", "orders_with"] == 20
    assert table.loc["wecom_chat", "orders_with"] == 30
    assert table.loc["sms", "paths_with"] == 102


def test_arms_with_few_buyers_are_hidden(tested) -> None:
    base, settings = tested(privacy={"min_cell": 11})
    row = journeys.measure_attribution(base, settings).tables["holdouts"].iloc[0]
    assert row.drop(["touchpoint", "test"]).isna().all()


def test_order_of_rows_changes_nothing(make) -> None:
    sent, bought = random_rows(5)
    # At one second the stored order decides, so rows of one second stay as they are.
    single = list({(row[0], row[1]): row for row in sent}.values())
    rules = {"journeys": {"attribution_days": 12, "bootstrap_draws": 100}}
    one, settings = make(single, bought, **rules)
    other, _ = make(single[::-1], bought[::-1], **rules)
    tables = [journeys.measure_attribution(base, settings).table for base in (one, other)]
    pd.testing.assert_frame_equal(*tables)


def test_small_cells_are_hidden_everywhere(make) -> None:
    sent, bought = planted(300)
    sent += [(person, 399 * DAY + 60, "group") for person in range(1000, 1004)]
    bought += [(person, 399 * DAY + 90, 10) for person in range(1000, 1004)]
    base, settings = make(sent, bought, privacy={"min_cell": 10})
    result = journeys.measure_attribution(base, settings)
    shown = result.table.set_index("touchpoint")
    assert shown.loc["group"].drop("customers").isna().all()
    # Credit adds up to a number that is shown, so a second touchpoint is hidden as well.
    assert shown["customers"].isna().sum() == 2
    hidden = set(shown.index[shown["customers"].isna()])
    credit = result.tables["credits"]
    masked = credit["touchpoint"].isin(hidden)
    assert credit.loc[masked, ["credit", "share", "credited_revenue"]].isna().all(axis=None)
    assert credit.loc[~masked, "credit"].notna().all()
    assert any(note.render("en").startswith("Suppressed") for note in result.notes)


def test_rare_touchpoints_count_as_one(make) -> None:
    base, settings = make(*random_rows(6), journeys={"path_touchpoints": 2})
    assert set(journeys.measure_attribution(base, settings).table["touchpoint"]) > {
        "other_touchpoints"
    }
    assert len(journeys.measure_attribution(base, settings).table) == 3


def test_what_was_not_measured_says_so(make) -> None:
    sent, bought = random_rows(1)
    for question in ("attribution", "paths", "absorption"):
        measure = getattr(journeys, f"measure_{question}")
        result = measure(*make(sent, []))
        assert result.verdict is Verdict.NOT_MEASURED
        assert result.notes[0].render("en") == "No orders table was given."
        result = measure(*make([], bought))
        assert result.notes[0].render("en") == "No table tells of touches before an order."
    late = [(1, AS_OF * DAY, "live")]
    for question in ("attribution", "paths"):
        result = getattr(journeys, f"measure_{question}")(*make(late, [(2, AS_OF * DAY, 5)]))
        assert result.verdict is Verdict.NOT_ENOUGH_DATA
        assert result.notes[0].render("en") == "No order has a touch in the 30 days before it."


def test_a_handful_of_people_is_not_shown_at_all(make) -> None:
    sent = [(person, 390 * DAY, "live") for person in range(4)]
    base, settings = make(sent, [(1, 392 * DAY, 5)], privacy={"min_cell": 10})
    words = {
        question: getattr(journeys, f"measure_{question}")(base, settings).notes[0].render("en")
        for question in ("attribution", "paths", "absorption")
    }
    orders_few = "Fewer than 10 orders have a touch in the 30 days before: too few to be shown."
    assert words == {
        "attribution": orders_few,
        "paths": orders_few,
        "absorption": "Fewer than 10 people have a touch before the first order or removal.",
    }
    crowd = [(person, 390 * DAY, f"live_{person % 4}") for person in range(24)]
    bought = [(person, 392 * DAY, 5) for person in range(12)]
    result = journeys.measure_paths(*make(crowd, bought, privacy={"min_cell": 10}))
    assert result.notes[0].render("en") == "No path was gone by 10 people."


def test_few_orders_are_shown_but_not_judged(make) -> None:
    result = journeys.measure_attribution(*make(*planted(40)))
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert len(result.table) == 3


def test_what_the_brand_sent_and_what_people_did(make) -> None:
    """All touches of the made-up brand are the brand's: without them there is none."""
    result = journeys.measure_attribution(
        *make(*planted(40), journeys={"path_direction": "customer"})
    )
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def simulate(random: np.random.Generator, groups: int, size: int) -> Moves:
    """Paths of a known chain by group: A or B first, on to the other, an order or the end."""
    chain = {0: [0.1, 0.3, 0.2, 0.4], 1: [0.25, 0.05, 0.4, 0.3]}
    starts = random.multinomial(size, [0.7, 0.3], size=groups).astype(float)
    here, inside = starts.copy(), np.zeros((groups, 2, 2))
    won, lost = np.zeros((groups, 2)), np.zeros((groups, 2))
    for _ in range(60):
        onward = np.zeros((groups, 2))
        for node, shares in chain.items():
            went = random.multinomial(here[:, node].astype(int), shares)
            inside[:, node] += went[:, :2]
            won[:, node] += went[:, 2]
            lost[:, node] += went[:, 3]
            onward += went[:, :2]
        here = onward
    return Moves(starts, inside, won, lost)


def test_intervals_cover_the_truth() -> None:
    """Shares of credit of a known chain, by its own exact solution; 200 brands of 80 groups.

    Of 200 intervals at 95 % fewer than 180 hold the truth in about 1 % of simulations like this one
    (binomial, coverage 0.94).
    """
    truth = Moves(
        starts=np.array([0.7, 0.3]),
        inside=np.array([[0.1, 0.3], [0.25, 0.05]]),
        conversions=np.array([0.2, 0.4]),
        nulls=np.array([0.4, 0.3]),
    )
    share = float(shares_of(conversion_and_effects(truth)[1])[0])
    random, held = np.random.default_rng(8), 0
    settings = Settings.model_validate({"journeys": {"bootstrap_draws": 200}})
    for _ in range(200):
        moves = simulate(random, 80, 5)
        parts = (moves.starts, moves.inside, moves.conversions, moves.nulls)
        weights = draw_weights(80, settings)
        whole = Moves(*(part.sum(axis=0) for part in parts))
        copies = Moves(*(redraw(weights, part) for part in parts))
        estimate = float(shares_of(conversion_and_effects(whole)[1])[0])
        drawn = shares_of(conversion_and_effects(copies)[1])[:, 0]
        interval = percentile_interval(estimate, drawn, 0.95)
        held += interval.lower <= share <= interval.upper
    assert 180 <= held <= 199
