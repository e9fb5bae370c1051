"""Transitions of a client: shares, dwell, runs, layers; expected numbers counted by hand."""

from __future__ import annotations

from itertools import pairwise

import client_tables
import numpy as np
import pandas as pd
import pytest
from client_tables import day

from privdom_kit.engine import closing, connect
from privdom_kit.journeys import measure_transitions
from privdom_kit.results import Verdict

START = day("2026-03-01") * 86_400
HOUR = 3600


def touches(*rows):
    """Touches from ``(customer, hours, touchpoint, action)``."""
    frame = pd.DataFrame(rows, columns=["customer", "hours", "touchpoint", "action"])
    frame["occurred_at"] = START + frame.pop("hours") * HOUR
    frame["occurred_on"] = frame["occurred_at"] // 86_400
    frame["direction"] = "customer"
    return frame


@pytest.fixture
def measure():
    with closing(connect()) as connection:

        def run(frames, **journeys):
            base, settings = client_tables.base(
                connection,
                frames,
                day("2026-05-31"),
                journeys=journeys,
                privacy=journeys.pop("privacy", {"min_cell": 1}),
            )
            return measure_transitions(base, settings)

        yield run


def ways(table):
    return {(r.from_event, r.to_event): r for r in table.itertuples()}


VISIT, CLICK, CHAT = ("mini_program", "visit"), ("mini_program", "click"), ("wecom_chat", "message")


def test_shares_and_dwell_by_hand(measure):
    """Two people visit twice, then chat 2 and 6 h after the first; one chats, then visits."""
    rows = [(c, h, *what) for c in (1, 2) for h, what in ((0, VISIT), (1, VISIT), (2, CHAT))]
    rows[5] = (2, 6, *CHAT)
    rows += [(3, 0, *CHAT), (3, 24, *VISIT), (4, 0, *CHAT)]
    table = measure({"touches": touches(*rows)}, transition_min_people=2).table
    found = ways(table)
    assert set(found) == {("mini_program", "wecom_chat"), ("wecom_chat", "mini_program")}
    forth = found["mini_program", "wecom_chat"]
    assert (forth.transitions, forth.customers, forth.from_transitions) == (2, 2, 2)
    assert forth.share == 1.0
    # From the first visit of the run: 2 and 6 h; quartiles of two values lie between them.
    days = (forth.quarter_days, forth.median_days, forth.three_quarter_days)
    assert days == pytest.approx((3 / 24, 4 / 24, 5 / 24))
    back = found["wecom_chat", "mini_program"]
    assert (back.transitions, back.median_days) == (1, 1.0)
    assert np.isnan(back.share)  # one person left the chat: too few to estimate


def test_runs_are_kept_and_nodes_tell_actions_apart_by_setting(measure):
    rows = touches((1, 0, *VISIT), (1, 1, *CLICK), (1, 2, *VISIT), (1, 3, *VISIT))
    nodes = {"transition_node": "touchpoint_action", "transition_min_people": 2}
    kept = measure({"touches": rows}, transition_collapse=False, **nodes).table
    assert {(r.from_event, r.to_event): r.transitions for r in kept.itertuples()} == {
        ("mini_program.visit", "mini_program.click"): 1,
        ("mini_program.click", "mini_program.visit"): 1,
        ("mini_program.visit", "mini_program.visit"): 1,
    }
    none = measure({"touches": rows})
    assert none.verdict is Verdict.NOT_ENOUGH_DATA
    assert none.notes[0].render("en") == (
        "Nobody has two events: there is no way from one to the next."
    )


def test_rare_nodes_are_one(measure):
    rows = [(c, h, name, "visit") for c in range(3) for h, name in enumerate(("live", "store"))]
    rows += [(9, 0, "sms", "visit"), (9, 1, "call", "visit"), (9, 2, "live", "visit")]
    result = measure({"touches": touches(*rows)}, transition_nodes=2, transition_min_people=2)
    assert result.figures["nodes"] == 3
    found = {pair: row.transitions for pair, row in ways(result.table).items()}
    assert found == {("live", "store"): 3, ("other", "live"): 1}


def test_counts_agree_with_a_second_count(measure):
    """Directly-follows pairs of 300 random people, counted again in plain Python."""
    rng = np.random.default_rng(5)
    names = np.array(["live", "store", "sms"])
    size = 3000
    rows = pd.DataFrame(
        {"customer": rng.integers(0, 300, size), "hours": rng.integers(0, 900, size)}
    )
    rows["touchpoint"], rows["action"] = names[rng.integers(0, 3, size)], "visit"
    frame = touches(*rows.itertuples(index=False, name=None))
    wanted: dict = {}
    for _, told in frame.sort_values(["customer", "occurred_at"], kind="stable").groupby(
        "customer"
    ):
        trace = told["touchpoint"].tolist()
        trace = [b for a, b in zip([None, *trace], trace, strict=False) if a != b]
        for pair in pairwise(trace):
            wanted[pair] = wanted.get(pair, 0) + 1
    table = measure({"touches": frame}).table
    assert {pair: row.transitions for pair, row in ways(table).items()} == wanted
    sums = table.groupby("from_event")["share"].sum()
    assert np.allclose(sums, 1)


def members_case(rng, members, visits):
    """People who go from live to store with a chance of their own layer, else to sms."""
    rows, joined = [], []
    for person in range(400):
        inside = person < 200
        if inside:
            joined.append(person)
        for turn in range(visits):
            rows.append((person, 10 * turn, "live", "visit"))
            to = "store" if rng.random() < (members if inside else 0.5) else "sms"
            rows.append((person, 10 * turn + 5, to, "visit"))
    table = pd.DataFrame({"customer": joined, "registered_on": day("2026-02-01")})
    return {"touches": touches(*rows), "members": table}


def test_a_planted_difference_between_layers_is_found(measure):
    """Members go from live to store 70 times in 100, others 50: +20 points."""
    result = measure(members_case(np.random.default_rng(3), 0.7, 5))
    found = ways(result.tables["layers"])["live", "store"]
    assert found.difference_ci_lower < 0.2 < found.difference_ci_upper
    assert found.sure == 1
    assert (found.with_from, found.without_from) == (1000, 1000)
    assert ("membership", "live") not in ways(result.tables["layers"])


def test_no_difference_is_seldom_sure():
    """30 brands without one: at a level of 95 % no more than 5 name a sure difference (p < .01)."""
    fired = 0
    for seed in range(30):
        with closing(connect()) as connection:
            frames = members_case(np.random.default_rng(seed), 0.5, 2)
            base, settings = client_tables.base(connection, frames, day("2026-05-31"))
            fired += measure_transitions(base, settings).figures["sure_differences"] > 0
    assert fired <= 5


def test_few_people_are_hidden(measure):
    rows = [(c, h, name, "visit") for c in range(30) for h, name in enumerate(("live", "store"))]
    rows += [(c, 5, "sms", "visit") for c in range(3)] + [(c, 5, "call", "visit") for c in (3, 4)]
    result = measure({"touches": touches(*rows)}, privacy={"min_cell": 10})
    table = result.table.set_index(["from_event", "to_event"])
    assert table.loc[("live", "store"), "transitions"] == 30
    assert table.loc["store", ["transitions", "share", "median_days"]].isna().all(axis=None)
    assert any("Suppressed" in note.render("en") for note in result.notes)


def test_without_events_nothing_is_measured(measure):
    orders = client_tables.orders((1, day("2026-03-01"), 5))
    assert measure({}).verdict is Verdict.NOT_MEASURED
    assert measure({"orders": orders}).verdict is Verdict.NOT_ENOUGH_DATA
