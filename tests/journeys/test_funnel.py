"""The funnel of a client: steps, shares, times with people under way, bottleneck, layers.

Expected numbers are counted by hand from small tables, or planted and recovered.
"""

from __future__ import annotations

from pathlib import Path

import client_tables
import numpy as np
import pandas as pd
import pytest
import yaml
from client_tables import day

from privdom_kit.client import open_client
from privdom_kit.config import read_config
from privdom_kit.engine import closing, connect
from privdom_kit.errors import ConfigError
from privdom_kit.estimates import difference_interval, proportion_interval
from privdom_kit.journeys import measure_funnel, read_base
from privdom_kit.journeys.funnel_setup import Step
from privdom_kit.journeys.measure_conversion import _layers, _surest
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings

AS_OF = day("2026-05-31")
FIRST = day("2026-03-01")
STEPS = [
    {"name": "friend", "touchpoint": "wecom_chat", "action": "added"},
    {"name": "visit", "touchpoint": "mini_program", "action": "visit"},
    {"name": "order", "action": "order"},
]


def client(added, visits, orders, **more):
    """Tables from people with days: of adding, of visits, of orders (counted from FIRST)."""

    def people(pairs):
        return {"customer": [c for c, _ in pairs], "on": [FIRST + d for _, d in pairs]}

    bonds, seen, bought = (people(list(pairs)) for pairs in (added, visits, orders))
    frames = {
        "contacts": pd.DataFrame({"customer": bonds["customer"], "added_on": bonds["on"]}).assign(
            staff_id="s"
        )
    }
    if seen["customer"]:
        frames["touches"] = pd.DataFrame(
            {"customer": seen["customer"], "occurred_on": seen["on"]}
        ).assign(touchpoint="mini_program", action="visit", direction="customer")
    if bought["customer"]:
        rows = zip(bought["customer"], bought["on"], strict=True)
        frames["orders"] = client_tables.orders(*((c, d, 10) for c, d in rows))
    return frames | more


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def run(frames, as_of=AS_OF, privacy=None, **funnel):
            funnel.setdefault("steps", STEPS)
            base, settings = client_tables.base(
                connection,
                frames,
                as_of,
                journeys={"funnel": funnel, "bootstrap_draws": 100},
                privacy=privacy or {"min_cell": 1},
            )
            return measure_funnel(base, settings)

        yield run


def hundred():
    """100 added on day 0; 60 visit on day 5; 30 of these order on day 6, 6 others, unseen, too."""
    orders = [(c, 6) for c in range(30)] + [(c, 7) for c in range(90, 96)]
    return client([(c, 0) for c in range(100)], [(c, 5) for c in range(60)], orders)


def test_both_denominators_with_their_intervals(measure):
    result = measure(hundred())
    table = result.table.set_index("name")
    assert table["customers"].tolist() == [100, 60, 30]
    assert table["of_first"].tolist() == [1.0, 0.6, 0.3]
    assert table["of_previous"].tolist()[1:] == [0.6, 0.5]
    wilson = proportion_interval(30, 60)
    assert table.loc["order", "of_previous_ci_lower"] == pytest.approx(wilson.lower)
    assert table.loc["order", "of_previous_ci_upper"] == pytest.approx(wilson.upper)
    figures = result.figures
    assert (figures["entered"], figures["completed"], figures["completed_share"]) == (100, 30, 0.3)
    assert figures["bottleneck"] == "order"
    assert result.verdict is Verdict.CLEAR  # 50 of 60 and 60 of 100: the intervals overlap
    # Within 90 days: those added had 91 days to visit, those who visited have had 87 to order.
    assert table["under_way"].tolist()[1:] == [0, 30]


def test_a_step_that_surely_is_the_narrowest_is_watched(measure):
    """1,000, 900, 90: one step passes 90 %, the other 10 %."""
    frames = client(
        [(c, 0) for c in range(1000)], [(c, 1) for c in range(900)], [(c, 2) for c in range(90)]
    )
    result = measure(frames)
    assert result.verdict is Verdict.WATCH
    assert result.figures["bottleneck"] == "order"
    assert result.figures["bottleneck_step"] == 3
    assert result.figures["bottleneck_share"] == pytest.approx(0.1)


def test_windows_exclusions_and_ties_of_the_settings(measure):
    frames = hundred()
    assert measure(frames, window_days=5).table["customers"].tolist() == [100, 60, 0]
    within = [STEPS[0], STEPS[1] | {"within_days": 4}, STEPS[2]]
    assert measure(frames, steps=within).table["customers"].tolist() == [100, 0, 0]
    removed = frames["contacts"].assign(
        removed_on=pd.array([FIRST + 3] * 20 + [None] * 80, dtype="Int32")
    )
    left = measure(frames | {"contacts": removed}, exclude=["wecom_chat.removed"])
    assert left.table["customers"].tolist() == [100, 40, 10]
    one = {"action": "removed", "from_step": "visit", "to_step": "order"}
    later = measure(frames | {"contacts": removed}, exclude=[one])
    assert later.table["customers"].tolist() == [100, 60, 30]
    assert measure(frames, order="unordered").table["customers"].tolist() == [100, 66, 30]


def test_an_order_again_is_a_step_of_its_own(measure):
    """Ten order once, five twice: on two days, two of them also twice on one day."""
    orders = [(c, 6) for c in range(10)] + [(c, 9) for c in range(5)] + [(c, 9) for c in (0, 9, 9)]
    frames = client([(c, 0) for c in range(60)], [], orders)
    second = [STEPS[0], STEPS[2], {"name": "again", "action": "order"}]
    assert measure(frames, steps=second).table["customers"].tolist() == [60, 10, 6]
    house = measure(frames, steps=[])
    assert house.table["name"].tolist() == ["added", "order", "second_order"]
    assert house.table["customers"].tolist() == [60, 10, 6]
    assert any(note.render("en").startswith("Steps are the house rule") for note in house.notes)


def test_people_under_way_are_censored(measure):
    """80 watched for 20 days, of whom 40 visit on day 5; 80 more added 3 days ago, none yet.

    Counted 40 of 160. Product-limit: at day 5 only 80 are watched, so 40 of 80.
    """
    added = [(c, 0) for c in range(80)] + [(c, 17) for c in range(80, 160)]
    frames = client(added, [(c, 5) for c in range(40)], [])
    result = measure(frames, as_of=FIRST + 20, steps=STEPS[:2])
    row = result.table.iloc[1]
    assert row["of_previous"] == 0.25
    assert row["in_time_share"] == pytest.approx(0.5)
    assert row["under_way"] == 120
    assert row["half_days"] == row["slow_days"] == pytest.approx(5 + 1 / 24)


def test_times_of_those_who_take_the_step(measure):
    """Of 100, ten each visit on days 1 to 4: half of the 40 within 2 days, three quarters in 3."""
    visits = [(10 * d + c, d) for d in range(1, 5) for c in range(10)]
    result = measure(client([(c, 0) for c in range(100)], visits, []), steps=STEPS[:2])
    row = result.table.iloc[1]
    assert (row["half_days"], row["slow_days"]) == pytest.approx((2 + 1 / 24, 3 + 1 / 24))
    assert 1 <= row["half_days_ci_lower"] <= row["half_days"] <= row["half_days_ci_upper"] <= 4.1


def test_layers_beside_each_other(measure):
    """Members by step 1 are 0 to 99, of whom 80 visit; of the other 100, 40 do. 7 joined later."""
    members = pd.DataFrame(
        {"customer": range(107), "registered_on": [FIRST - 9] * 100 + [FIRST + 9] * 7}
    )
    visits = [(c, 5) for c in range(80)] + [(c, 5) for c in range(100, 140)]
    frames = client([(c, 0) for c in range(200)], visits, [], members=members)
    result = measure(frames, steps=STEPS[:2])
    row = result.tables["layers"].iloc[0]
    assert row[["with_previous", "with_customers"]].tolist() == [100, 80]
    assert row[["without_previous", "without_customers"]].tolist() == [100, 40]
    newcombe = difference_interval(80, 100, 40, 100)
    assert row["difference"] == pytest.approx(0.4)
    assert row["difference_ci_lower"] == pytest.approx(newcombe.lower)
    assert result.figures["layer_step"] == "visit"
    assert measure(frames, steps=STEPS[:2], layer=None).tables == {}


def test_layers_without_a_difference_seldom_show_one(monkeypatch):
    """500 funnels of two layers that pass alike, three steps: at 95 % no more than 38 show one.

    Binomial(500, 0.05) exceeds 38 with a chance below 1 %.
    """
    # statsmodels collects garbage at each correction, which takes all of this test's time.
    monkeypatch.setattr("gc.collect", lambda *_: 0)
    rng, fired, steps = np.random.default_rng(11), 0, tuple(Step(n, None, n) for n in "abc")
    for _ in range(500):
        first = np.array([300, 150])
        second = rng.binomial(first, 0.5)
        counts = pd.DataFrame({"t1": first, "t2": second, "t3": rng.binomial(second, 0.5)})
        layers = _layers(counts, steps, Settings())
        fired += _surest(layers, 0.95)["layer_step"] is not None
    assert fired <= 38


def test_small_numbers_are_hidden(measure):
    frames = client(
        [(c, 0) for c in range(100)], [(c, 5) for c in range(60)], [(c, 6) for c in range(4)]
    )
    result = measure(frames, privacy={"min_cell": 10})
    table = result.table.set_index("name")
    hidden = ["customers", "of_first", "of_previous", "in_time_share", "half_days"]
    assert table.loc["order", hidden].isna().all()
    assert table.loc["visit", "customers"] == 60
    assert result.figures["completed"] is None
    assert any("Suppressed" in note.render("en") for note in result.notes)


def test_too_few_and_nobody_are_not_enough(measure):
    few = client([(c, 0) for c in range(9)], [(0, 5)], [])
    assert measure(few, steps=STEPS[:2]).verdict is Verdict.NOT_ENOUGH_DATA
    # Everybody visits before being added: visits are there, added then visit are not.
    nobody = client([(c, 9) for c in range(60)], [(c, 5) for c in range(60)], [])
    steps = [
        {"name": "added at the shop", "touchpoint": "mini_program", "action": "added"},
        STEPS[1],
    ]
    result = measure(nobody, steps=steps)
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[0].render("en") == (
        "Nobody entered the funnel: no one reached its first step."
    )
    assert measure({}).verdict is Verdict.NOT_MEASURED


@pytest.mark.parametrize(
    ("funnel", "words"),
    [
        (
            {"steps": [STEPS[0], {"name": "buy", "action": "ordr"}]},
            r"settings.journeys.funnel.steps, step 2 \(buy\): the action 'ordr' is in no event of "
            r"these data. nearest of those present, with their events: order \(36\)",
        ),
        (
            {"steps": [{"name": "x", "touchpoint": "wecom_chatt"}, STEPS[1]]},
            r"the touchpoint 'wecom_chatt' .* nearest .*: wecom_chat \(100\)",
        ),
        ({"exclude": ["remved"]}, "the action 'remved' is in no event"),
        ({"exclude": [{"action": "added", "to_step": "ordr"}]}, "Did you mean order"),
        ({"exclude": ["visit"]}, "excludes events that the step 'visit' counts"),
        (
            {"exclude": [{"action": "order", "from_step": "order", "to_step": "visit"}]},
            "expected two different steps, in order",
        ),
        (
            {
                "order": "unordered",
                "steps": [{"name": "any", "touchpoint": "wecom_chat"}, STEPS[0]],
            },
            "expected steps of different events",
        ),
    ],
)
def test_settings_that_name_nothing_are_told_what_there_is(measure, funnel, words):
    with pytest.raises(ConfigError, match=words):
        measure(hundred(), **funnel)


def test_steps_that_share_events_need_one_each(measure):
    """Any event at the mini program, then a visit: one visit is not both; two are."""
    steps = [{"name": "seen", "touchpoint": "mini_program"}, STEPS[1]]
    visits = [(c, 5) for c in range(60)] + [(c, 6) for c in range(20)]
    frames = client([(c, 0) for c in range(60)], visits, [])
    assert measure(frames, steps=steps).table["customers"].tolist() == [60, 20]


def test_the_planted_funnel_of_the_sample_brand_is_recovered():
    """facts.yml of ev_scooter: counted people at each step exactly, planted shares within 7 %."""
    folder = Path(__file__).parents[2] / "sample_data" / "ev_scooter"
    fact = yaml.safe_load((folder / "facts.yml").read_text())["facts"]["funnel"]
    places = [
        ("subscribed", "service_account", "subscribed"),
        ("mini_program_visit", "mini_program", "visit"),
        ("wecom_added", "wecom_chat", "added"),
        ("test_ride_lead", "lead", "created"),
        ("order", None, "order"),
    ]
    within = fact["within_days"]
    steps = [
        {"name": name, "touchpoint": place, "action": action, "within_days": within.get(name)}
        for name, place, action in places
    ]
    loaded = open_client(read_config(folder / "client.yml"))
    settings = Settings.model_validate({"journeys": {"funnel": {"steps": steps}}})
    result = measure_funnel(read_base(loaded), settings)
    table = result.table.set_index("name")
    assert table["customers"].to_dict() == fact["counted"]["reached"]
    planted = fact["planted"]["share_of_step_before"]
    tolerance = fact["tolerance"]["share_of_step_before"]
    for name, share in planted.items():
        assert table.loc[name, "in_time_share"] == pytest.approx(share, rel=tolerance)
    assert result.figures["bottleneck"] == fact["planted"]["bottleneck"]
    assert result.verdict is Verdict.WATCH
