"""Exact funnels: published cases, exhaustive search, and what bad input is told.

Published cases are numbers read from public test suites: ClickHouse 00632_aggregation_window_funnel
(windows, ties, strict order, re-entry), PostHog (ordered, strict, unordered, exclusions, times to
convert) and retentioneering (funnel_test).
"""

from __future__ import annotations

import random

import duckdb
import pandas as pd
import pytest
from funnel_search import search
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit.errors import ConfigError, DataError
from privdom_kit.journeys import count_funnel
from privdom_kit.journeys.event_rows import open_events
from privdom_kit.journeys.funnel_moments import reach_by_moments
from privdom_kit.journeys.funnel_rows import fits_rows, reach_by_rows
from privdom_kit.journeys.funnels import _read_rules, reach


def frame(**people):
    """Events of people, each ``{time: names}`` or a string of one-letter events a second apart."""
    rows = []
    for person, told in people.items():
        moments = dict(enumerate(told)) if isinstance(told, str) else told
        for time, names in moments.items():
            names = [names] if isinstance(names, str) else names
            rows.extend((person, time, name) for name in names)
    return pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])


def reached(events, steps, **options):
    return count_funnel(events, list(steps), **options)["reached"].tolist()


def depth(told, steps, **options):
    """How deep one person comes."""
    return sum(reached(frame(one=told), steps, **options))


# --- published: ClickHouse ------------------------------------------------------------------------
EIGHT = {second: str(1000 + second) for second in range(9)}
FIVE = ["1003", "1004", "1005", "1006", "1007"]


@pytest.mark.parametrize(
    ("steps", "window", "level"),
    [
        (["1000"], 10_000, 1),
        (["1000", "1001"], 10_000, 2),
        (["1000", "1001", "1002"], 10_000, 3),
        (["1000", "1001", "1002", "1008"], 10_000, 4),
        (["1000"], 1, 1),
        (FIVE, 2, 3),
        (FIVE, 3, 4),
        (FIVE, 4, 5),
        (["1001", "1008"], 10_000, 2),
        (["1008", "1001"], 10_000, 1),
    ],
)
@pytest.mark.parametrize("start", [0, 1_514_768_461, 10**14])
def test_windows_include_their_last_second(steps, window, level, start):
    told = {start + second: name for second, name in EIGHT.items()}
    assert depth(told, steps, window_seconds=window) == level


def test_events_of_one_second_are_in_order_unless_ties_are_strict():
    told = {0: "1000", 1: ["1001", "1002", "1003"], 2: "1004"}
    steps = ["1000", "1001", "1002", "1003", "1004"]
    assert depth(told, steps) == 5
    assert depth({0: "1000", 1: ["1003", "1002", "1001"], 2: "1004"}, steps) == 5
    assert depth(told, steps, ties="strict") == 2


def test_one_event_is_one_step():
    """One event against the same step three times: 1 (ClickHouse's strict_once)."""
    assert depth({2: "1004"}, ["1004"] * 3) == 1
    assert depth({2: ["1004"] * 3}, ["1004"] * 3) == 3
    assert depth({2: ["1004"] * 3}, ["1004"] * 3, ties="strict") == 1
    failures = {
        "123": {180: "failure", 220: "failure", 250: "success"},
        "234": {100: "failure", 250: "failure"},
        "345": {200: "success", 210: "failure", 230: "success"},
    }
    assert reached(frame(**failures), ["failure", "failure", "success"], window_seconds=200) == [
        3,
        2,
        1,
    ]


def test_any_order_between_and_strict_order():
    """ClickHouse's users 1 to 6, with users who repeat steps by strict_deduplication: 3 1 2 2 2 1.

    User 2 has a d between a and b and user 5 a d before c; here an event that is no step does not
    stand between, so user 2 comes to 3.
    """
    people = {
        "u1": "abc",
        "u2": "adbc",
        "u3": "aabbcc",
        "u4": "aaaabbcc",
        "u5": "aabbdcc",
        "u6": "ccbbaa",
    }
    assert [depth(told, "abc") for told in people.values()] == [3, 3, 3, 3, 3, 1]
    strict = [depth(told, "abc", order="strict") for told in people.values()]
    assert strict == [3, 3, 2, 2, 2, 1]
    assert depth("acb", "abc", order="strict") == 1


def test_a_funnel_can_be_entered_again():
    """ClickHouse, allow_reentry: a b c then b d; a b c a b c d."""
    assert depth("abcbd", "abc", order="strict") == 3
    assert depth("abcabcd", "abcd", order="strict") == 4
    assert [depth(told, "abc") for told in ("abac", "ababc")] == [3, 3]


# --- published: a vendor's manual, retentioneering, PostHog ---------------------------------------
def test_a_step_nobody_takes_ends_the_way():
    """C A B C B E against A > B > C > D > E reaches 3."""
    assert reached(frame(one="CABCBE"), "ABCDE") == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("people", "steps", "numbers"),
    [
        (["ABC", "AB", "A", "B"], "ABC", [3, 2, 1]),
        (["A", "A", "C", "DB"], "ABC", [2, 0, 0]),
        (["A", "B", "A"], "A", [2]),
        (["CBA", "ABC"], "ABC", [2, 1, 1]),
        (["BAC"], "ABC", [1, 0, 0]),
        (["ABA"], "AB", [1, 1]),
        (["ABA", "AB"], "ABA", [2, 2, 1]),
        (["BA"], "AB", [1, 0]),
    ],
)
def test_published_ordered_funnels(people, steps, numbers):
    events = frame(**{f"p{place}": told for place, told in enumerate(people)})
    assert reached(events, steps) == numbers


S, P, V, X = "signed up", "pageview", "insight viewed", "blah"


def posthog_people():
    told = [[S], [P, S], [S, P, X, V], [V, X, P, S], [P, S, X, P, V], [X, S, X, P], [X, S, P, V, X]]
    told += [[V, P]]
    return frame(**{f"p{n}": dict(enumerate(one)) for n, one in enumerate(told, start=1)})


def test_strict_counts_steps_without_a_listed_event_between():
    """PostHog's seven people: 7, 2, 1 where nothing at all may stand between.

    Here the five that have only unlisted events between go on: 3, 5, 6 and 7 take step 2; 3, 5
    and 7 step 3.
    """
    assert reached(posthog_people(), [S, P, V], order="strict") == [7, 4, 3]


def test_unordered_counts_how_many_steps_were_completed():
    """Person by person: 1, 2, 3, 3, 3, 2, 3, 2 different steps."""
    assert reached(posthog_people(), [S, P, V], order="unordered") == [8, 7, 4]


HOUR = 3600


def test_exclusions_over_the_whole_funnel():
    """PostHog: person 2 has the excluded event between the steps, 1 and 3 do not."""
    people = {
        "1": {1 * HOUR: S, 2 * HOUR: "paid"},
        "2": {3 * HOUR: S, 3 * HOUR + 1800: X, 4 * HOUR: "paid"},
        "3": {5 * HOUR: S, 6 * HOUR: "paid"},
    }
    for order in ("ordered", "unordered"):
        assert reached(frame(**people), [S, "paid"], exclude=[X], order=order) == [3, 2]


def test_an_exclusion_between_given_steps():
    events = frame(one="AXBC", two="ABXC")
    assert reached(events, "ABC", exclude=["X"]) == [2, 1, 0]
    assert reached(events, "ABC", exclude=[("X", 1, 2)]) == [2, 1, 1]
    assert reached(events, "ABC", exclude=[("X", "B", "C")]) == [2, 2, 1]
    assert reached(frame(one="ACBC", two="ABC"), "ABC", exclude=[("C", 1, 2)]) == [2, 1, 1]


def test_an_excluded_event_of_the_same_second_stands_outside():
    assert depth({0: "A", 5: ["X", "B"]}, "AB", exclude=["X"]) == 2
    assert depth({0: ["A", "X"], 5: "B"}, "AB", exclude=["X"]) == 2
    assert depth({0: "A", 5: ["X", "B"], 9: "C"}, "ABC", exclude=["X"]) == 2


def hours(*names):
    return {at * HOUR: name for at, name in names}


@pytest.mark.parametrize("order", ["ordered", "unordered"])
def test_times_to_convert(order):
    """PostHog: medians 7,200 and 5,400 s; and one hour, incomplete tries disregarded."""
    events = frame(
        one=hours((12, S), (13, P), (15, V)),
        two=hours((38, S), (40, P)),
        three=hours((38, S), (40, P), (41, V)),
    )
    table = count_funnel(events, [S, P, V], order=order, window_seconds=7 * 86_400)
    assert table["reached"].tolist() == [3, 3, 2]
    assert pd.isna(table["median_seconds"][0])
    assert table["median_seconds"].tolist()[1:] == [7200, 5400]
    tries = hours((1, S), (2, P), (3, V), (52, S), (53, P), (79, S), (82, P))
    table = count_funnel(frame(one=tries), [S, P, V], order=order, window_seconds=86_400)
    assert table["median_seconds"].tolist()[1:] == [3600, 3600]


def test_conversion_windows():
    """PostHog: 14 days give 3 and 2 people at 600 s on average, five minutes 3 and 1 at 300 s."""
    events = frame(one={7200: S, 7500: P}, two={7380: S}, three={0: S, 900: P})
    wide = count_funnel(events, [S, P], window_seconds=14 * 86_400)
    tight = count_funnel(events, [S, P], window_seconds=300)
    assert (wide["reached"].tolist(), wide["median_seconds"][1]) == ([3, 2], 600)
    assert (tight["reached"].tolist(), tight["median_seconds"][1]) == ([3, 1], 300)


def test_every_start_counts_and_a_later_event_may_serve():
    """By hand: first events give 1 step, the first start alone 2, the best choice 3."""
    told = {0: "A", 1: "B", 50: "A", 60: "B", 65: "C"}
    assert depth(told, "ABC", window_seconds=20) == 3
    assert depth(told, "ABC", step_window_seconds=[None, 10, 5]) == 3
    assert depth(told, "ABC", step_window_seconds=[10, 4]) == 2
    assert depth(told, "ABC", step_window_seconds=9, window_seconds=99) == 2


# --- exhaustive search ----------------------------------------------------------------------------
def random_case(rng):
    """Steps, options and small people of one case."""
    size, order = rng.randint(1, 4), rng.choice(["ordered", "ordered", "strict", "unordered"])
    steps = rng.sample("ABCD", size)
    if rng.random() < 0.5:
        steps = [rng.choice("ABC") for _ in range(size)]
    options = {"order": order, "ties": rng.choice(["in_order", "strict"])}
    options["window"] = rng.choice([None, None, 0, 2, 3, 5])
    if order != "unordered" and rng.random() < 0.5:
        options["limits"] = [None, *[rng.choice([None, 0, 1, 2, 3]) for _ in steps[1:]]]
    spans = []
    for _ in range(rng.choice([0, 0, 1, 2]) if size > 1 else 0):
        first = 1 if order == "unordered" else rng.randint(1, size - 1)
        last = size if order == "unordered" else rng.randint(first + 1, size)
        barred = steps if order == "unordered" else steps[first - 1 : last]
        spans.append((rng.choice([n for n in "ABCDEX" if n not in barred]), first, last))
    options["exclude"] = spans
    names = "ABCDE"[: rng.randint(2, 4)] + "X"
    late = rng.choice([3, 6, 8])
    people = [
        [(rng.randint(0, late), rng.choice(names)) for _ in range(rng.randint(1, 6))]
        for _ in range(15)
    ]
    return steps, options, people


def rules_of(steps, order, ties, window, exclude, limits=None):
    return _read_rules(steps, order, window, limits, exclude, ties)


def found(people, rules, way=reach):
    rows = [(p, t, n) for p, events in enumerate(people) for t, n in events]
    random.Random(1).shuffle(rows)
    columns = ["customer_id", "occurred_at", "event"]
    with open_events(pd.DataFrame(rows, columns=columns)) as events:
        table = way(events.frame, rules).collect("pandas").to_native()
    answers = [{} for _ in people]
    for row in table.to_dict("records"):
        for step in range(1, len(rules.steps) + 1):
            if not pd.isna(row[f"t{step}"]):
                before = None if step == 1 else int(row[f"p{step}"])
                answers[int(row["person"])][step] = (int(row[f"t{step}"]), before)
    return answers


def check(steps, options, people):
    wanted = [search(events, steps, **options)[1] for events in people]
    rules = rules_of(steps, **options)
    assert found(people, rules) == wanted
    if fits_rows(rules):
        assert found(people, rules, reach_by_moments) == wanted
        assert found(people, rules, reach_by_rows) == wanted


@pytest.mark.parametrize("seed", range(60))
def test_the_search_finds_nothing_better(seed):
    """All options at once against every choice of events: 900 people, ties and repeats in."""
    check(*random_case(random.Random(seed)))


moments = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ABCX")), min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    people=st.lists(moments, min_size=1, max_size=4),
    steps=st.lists(st.sampled_from("ABC"), min_size=1, max_size=4),
    order=st.sampled_from(["ordered", "strict", "unordered"]),
    ties=st.sampled_from(["in_order", "strict"]),
    window=st.none() | st.integers(0, 7),
    limit=st.none() | st.integers(0, 4),
    excluded=st.booleans(),
)
def test_any_case_is_as_searched(people, steps, order, ties, window, limit, excluded):
    limited = limit is not None and order != "unordered"
    check(
        steps,
        {
            "order": order,
            "ties": ties,
            "window": window,
            "limits": [None, *[limit] * (len(steps) - 1)] if limited else None,
            "exclude": [("X", 1, len(steps))] if excluded else [],
        },
        people,
    )


@settings(max_examples=15)
@given(people=st.lists(moments, min_size=1, max_size=5), seed=st.integers(0, 9))
def test_doubled_people_double_and_wider_windows_never_lose(people, seed):
    rows = [(str(p), t, n) for p, events in enumerate(people) for t, n in events]
    rows += [("all", t, n) for t, n in enumerate("ABC")]
    events = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])
    copies = events.assign(customer_id=events["customer_id"] + "'")
    both = pd.concat([events, copies]).sample(frac=1, random_state=seed)
    once, twice = (reached(one, "ABC", window_seconds=3) for one in (events, both))
    assert twice == [2 * number for number in once]
    wider = reached(events, "ABC", window_seconds=5)
    assert all(a <= b for a, b in zip(once, wider, strict=True))


# --- frames and bad input -------------------------------------------------------------------------
def test_times_as_times_and_lazy_rows_of_an_engine():
    seconds = frame(one="ABC", two="AB")
    times = seconds.assign(
        occurred_at=pd.to_datetime(1_767_225_600_000 + seconds["occurred_at"] * 1500, unit="ms")
    )
    zoned = times.assign(occurred_at=times["occurred_at"].dt.tz_localize("Asia/Shanghai"))
    connection = duckdb.connect()
    for given_frame in (
        times, zoned, times.assign(event=pd.Categorical(times["event"])),
        connection.from_df(times), connection.from_df(zoned),
    ):  # fmt: skip
        table = count_funnel(given_frame, ["A", "B", "C"], window_seconds=3)
        assert table["reached"].tolist() == [2, 2, 1]
        # 0, 1.5 and 3 s: whole seconds 0, 1 and 3.
        assert table["median_seconds"].tolist()[1:] == [1, 2]
    assert table["step"].tolist() == [1, 2, 3]
    assert table["event"].tolist() == ["A", "B", "C"]


def test_rows_without_a_person_or_a_time_are_counted_by_reason():
    events = frame(one="AB", two="AB").astype({"occurred_at": "float64"})
    events.loc[0, "customer_id"] = None
    events.loc[3, "occurred_at"] = None
    table = count_funnel(events, ["A", "B"])
    assert table["reached"].tolist() == [1, 0]
    assert table.attrs == {"rows": 4, "used": 2, "dropped": {"no customer": 1, "no time": 1}}


def test_an_unknown_step_is_told_what_there_is():
    events = frame(one={0: "order_paid", 1: "order_placed", 2: "order_paid", 3: "visit"})
    with pytest.raises(DataError) as error:
        count_funnel(events, ["visit", "order_payd"])
    assert str(error.value) == (
        "the step 'order_payd' is no event of these data. nearest of the 3 present, with their "
        "rows: order_paid (2), order_placed (1). Correct the name."
    )
    with pytest.raises(
        DataError, match="most frequent of the 3 present, with their rows: order_pa"
    ):
        count_funnel(events, ["zzzzzz"])
    assert reached(events.head(0), ["visit"]) == [0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": "stric"}, "Did you mean strict"),
        ({"ties": "any"}, "expected one of in_order, strict"),
        ({"window_seconds": -1}, "expected seconds from 0 on"),
        ({"step_window_seconds": [1]}, "holds 1 windows for 3 steps"),
        ({"step_window_seconds": 5, "order": "unordered"}, "only window_seconds has a meaning"),
        ({"exclude": "X"}, "expected a list of events to exclude"),
        ({"exclude": ["B"]}, "'B' is excluded between steps of which it is one"),
        ({"exclude": [("X", 2, 1)]}, "expected two different steps of the funnel, in order"),
        ({"exclude": [("X", "Q", 2)]}, "which the funnel has 0 times"),
        ({"exclude": [("X", 1, 2)], "order": "unordered"}, "there is no order to stand between"),
    ],
)
def test_contradictory_options_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        count_funnel(frame(one="ABCX"), ["A", "B", "C"], **options)


def test_a_frame_that_is_no_events_is_refused():
    with pytest.raises(DataError, match="expected customer_id, occurred_at, event"):
        count_funnel(frame(one="A").rename(columns={"event": "name"}), ["A"])
    with pytest.raises(DataError, match="the column occurred_at holds String"):
        count_funnel(frame(one="A").assign(occurred_at="2026-01-01"), ["A"])
    with pytest.raises(DataError, match="the events are a list"):
        count_funnel([1], ["A"])
