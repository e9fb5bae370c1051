"""Models of credit on paths: published cases, brute force, and laws that every model keeps."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit import journeys
from privdom_kit.errors import DataError

MODELS = ("markov", "first", "last", "linear", "position", "time_decay", "shapley")


def paths(*rows: tuple) -> pd.DataFrame:
    """Paths from ``("A > B", conversions, nulls)`` rows; a conversion is worth 10."""
    frame = pd.DataFrame(rows, columns=["path", "conversions", "nulls"])
    frame["path"] = frame["path"].map(lambda text: text.split(" > ") if text else [])
    return frame.assign(value=frame["conversions"] * 10.0)


def credit(frame: pd.DataFrame, model: str, **options) -> dict[str, float]:
    table = journeys.credit_from_paths(frame, model=model, **options)
    return dict(zip(table["channel"], table["credit"], strict=True))


CHAIN = paths(("C1 > C2 > C3", 1, 0), ("C1", 0, 1), ("C2 > C3", 0, 1))


def test_removal_policies_on_the_published_chain() -> None:
    """analyzecore.com, Multi-Channel Attribution Model with R, 2016: .2, .4, .4 with null."""
    table = journeys.credit_from_paths(CHAIN, model="markov")
    assert table["credit"].tolist() == pytest.approx([0.2, 0.4, 0.4])
    assert table["value"].tolist() == pytest.approx([2, 4, 4])
    assert table.attrs["removal"] == "to_null"
    assert table.attrs["removal_effects"] == pytest.approx({"C1": 0.5, "C2": 1.0, "C3": 1.0})
    assert table.attrs["conversion_rate"] == pytest.approx(1 / 3)
    other = journeys.credit_from_paths(CHAIN, model="markov", removal="renormalise")
    assert other["credit"].tolist() == pytest.approx([1 / 3] * 3)
    assert other.attrs["removal"] == "renormalise"


def test_two_channels_by_hand() -> None:
    """S. Puzyrov, Markov chain attribution, 2019: ads convert .5 and pass .25 on, mailing always.

    Without ads .2 of .8 are left, without mailing .4: effects .75 and .5, so 2.4 and 1.6 of 4.
    """
    frame = paths(("ads", 2, 1), ("mailing", 1, 0), ("ads > mailing", 1, 0))
    assert credit(frame, "markov") == pytest.approx({"ads": 2.4, "mailing": 1.6})
    # Left out with their people: without ads all convert (no effect), without mailing 2 of 3.
    assert credit(frame, "markov", removal="renormalise") == pytest.approx(
        {"ads": 0.0, "mailing": 4.0}
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A > B > A", {"A": 0.8, "B": 0.2}),
        ("A > B", {"A": 0.5, "B": 0.5}),
        ("A", {"A": 1.0}),
        ("A > B > C > D", {"A": 0.4, "B": 0.1, "C": 0.1, "D": 0.4}),
    ],
)
def test_position_as_google_fractribution_has_it(path: str, expected: dict) -> None:
    """Cases read off its position rule: 40/20/40, of two touches half each."""
    assert credit(paths((path, 1, 0)), "position") == pytest.approx(expected)


def test_other_shares_by_position() -> None:
    frame = paths(("A > B > C", 1, 0))
    found = credit(frame, "position", first_share=0.5, last_share=0.3)
    assert found == pytest.approx({"A": 0.5, "B": 0.2, "C": 0.3})
    two = credit(paths(("A > B", 1, 0)), "position", first_share=0.5, last_share=0.3)
    assert two == pytest.approx({"A": 0.6, "B": 0.4})


def test_rules_as_dp6_marketing_attribution_models_tests_them() -> None:
    """tests/test_heuristics.py: A > B > C and A > C, a conversion each; half-life an hour."""
    frame = paths(("A > B > C", 1, 0), ("A > C", 1, 0))
    assert credit(frame, "last") == {"A": 0, "B": 0, "C": 2}
    assert credit(frame, "first") == {"A": 2, "B": 0, "C": 0}
    assert credit(frame, "linear") == pytest.approx({"A": 5 / 6, "B": 1 / 3, "C": 5 / 6})
    assert credit(frame, "position") == pytest.approx({"A": 0.9, "B": 0.2, "C": 0.9})
    timed = paths(("A > B > C", 1, 0)).assign(days_before=[[2 / 24, 1 / 24, 0]])
    found = credit(timed, "time_decay", half_life_days=1 / 24)
    assert found == pytest.approx({"A": 0.25 / 1.75, "B": 0.5 / 1.75, "C": 1 / 1.75})


def test_what_others_call_linear_and_shapley() -> None:
    """Linear is per touch: A > A > B gives A two shares; per distinct channel is Shapley here.

    google/fractribution calls a path's rate less the rate of the path without one channel
    "shapley": of A > B (1 of 1) with B (1 of 2) and A (0 of 1) it gives A .5 / 1.5 and B 1 / 1.5,
    in all A 1/3. As a game A brings 0 alone and 1 after B, so its value is the mean, 1/2.
    """
    frame = paths(("A > A > B", 3, 0))
    assert credit(frame, "linear") == pytest.approx({"A": 2, "B": 1})
    assert credit(frame, "shapley") == pytest.approx({"A": 1.5, "B": 1.5})
    game = paths(("A > B", 1, 0), ("B", 1, 1), ("A", 0, 1))
    assert credit(game, "shapley") == pytest.approx({"A": 0.5, "B": 1.5})


def test_time_decay_by_place_and_by_time() -> None:
    assert credit(paths(("A > B > C", 7, 0)), "time_decay") == pytest.approx(
        {"A": 1, "B": 2, "C": 4}
    )
    old = paths(("A > B", 3, 0)).assign(days_before=[[100_007.0, 100_000.0]])
    assert credit(old, "time_decay", half_life_days=7) == pytest.approx({"A": 1, "B": 2})


CHANNELS = "ABCDE"
PATHS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6).map(" > ".join),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=9,
)


def brute_shapley(frame: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """Marginal worth over all orders of arrival; a set is worth what its own paths converted."""
    rows = [(set(p), c) for p, c in zip(frame["path"], frame["conversions"], strict=True)]

    def worth(members: set[str]) -> float:
        return sum(c for held, c in rows if held <= members)

    found = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        for place, name in enumerate(order):
            gain = worth(set(order[: place + 1])) - worth(set(order[:place]))
            found[name] += gain / factorial(len(names))
    return found


@given(PATHS)
def test_shapley_is_the_mean_over_all_orders_of_arrival(rows) -> None:
    frame = paths(*rows)
    found = credit(frame, "shapley")
    assert found == pytest.approx(brute_shapley(frame, list(found)), abs=1e-9)


def brute_removal(frame: pd.DataFrame) -> tuple[float, dict[str, float]]:
    """Conversion of the fitted chain, and without each channel, by solving anew each time."""
    names = sorted({channel for path in frame["path"] for channel in path})
    states = ["start", *names, "won", "null"]
    counts = pd.DataFrame(0.0, index=states, columns=states)
    for path, won, lost in zip(frame["path"], frame["conversions"], frame["nulls"], strict=True):
        for end, people in (("won", won), ("null", lost)):
            steps = ["start", *path, end]
            for here, there in pairwise(steps):
                counts.loc[here, there] += people

    def rate(without: str | None) -> float:
        chain = counts.copy()
        if without:
            chain["null"] += chain[without]
            chain = chain.drop(columns=without, index=without)
        seen = chain[chain.sum(axis=1) > 0]
        kept = [*seen.index, "won", "null"]
        matrix = seen[kept].div(seen[kept].sum(axis=1), axis=0)
        found = journeys.absorb(matrix, ["won", "null"])
        return float(found.probabilities.loc["start", "won"])

    whole = rate(None)
    return whole, {name: 1 - rate(name) / whole for name in names}


@settings(max_examples=40, deadline=None)
@given(PATHS)
def test_removal_is_the_same_as_solving_without_the_channel(rows) -> None:
    frame = paths(*rows)
    if not frame["conversions"].sum():
        return
    found = journeys.credit_from_paths(frame, model="markov").attrs
    whole, effects = brute_removal(frame)
    assert found["conversion_rate"] == pytest.approx(whole, abs=1e-12)
    assert found["removal_effects"] == pytest.approx(effects, abs=1e-9)


@given(PATHS)
def test_the_fitted_chain_reproduces_the_observed_rate(rows) -> None:
    frame = paths(*rows)
    went = frame["conversions"].sum() + frame["nulls"].sum()
    if went:
        rate = journeys.credit_from_paths(frame).attrs["conversion_rate"]
        assert rate == pytest.approx(frame["conversions"].sum() / went, abs=1e-13)


@given(PATHS)
def test_collapsing_repeats_leaves_removal_effects_unchanged(rows) -> None:
    frame = paths(*rows)
    single = frame.assign(
        path=[
            [c for c, before in zip(p, [None, *p], strict=False) if c != before]
            for p in frame["path"]
        ]
    )
    effects = [journeys.credit_from_paths(one).attrs["removal_effects"] for one in (frame, single)]
    assert effects[0] == pytest.approx(effects[1], abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
@given(PATHS, st.randoms(use_true_random=False))
def test_credit_adds_up_and_order_or_splitting_of_rows_changes_nothing(model, rows, random) -> None:
    frame = paths(*rows)
    table = journeys.credit_from_paths(frame, model=model)
    assert table["credit"].sum() == pytest.approx(frame["conversions"].sum())
    assert table["value"].sum() == pytest.approx(frame["value"].sum())
    assert (table["credit"] >= 0).all()
    split = [(p, 1, 0) for p, won, _ in rows for _ in range(won)]
    split += [(p, 0, 1) for p, _, lost in rows for _ in range(lost)]
    split += [(p, 0, 0) for p, _, _ in rows]
    random.shuffle(split)
    again = journeys.credit_from_paths(paths(*split), model=model)
    assert again["channel"].tolist() == table["channel"].tolist()
    assert again["credit"].to_numpy() == pytest.approx(table["credit"].to_numpy(), abs=1e-9)


def test_conversions_without_a_touch_stand_apart() -> None:
    frame = paths(("", 2, 5), ("A", 3, 0))
    for model in MODELS:
        assert credit(frame, model) == {"A": 3, "no_touch": 2}
    assert credit(paths(("", 2, 5)), "last") == {"no_touch": 2}


def test_without_a_conversion_there_is_no_credit() -> None:
    assert credit(paths(("A > B", 0, 4)), "markov") == {"A": 0, "B": 0}
    assert not len(journeys.credit_from_paths(paths()))


def test_value_is_missing_where_it_was_not_given() -> None:
    table = journeys.credit_from_paths(paths(("A", 1, 0)).drop(columns=["value", "nulls"]))
    assert table["credit"].tolist() == [1]
    assert table["value"].isna().all()


def test_many_channels_are_no_matter() -> None:
    """A set of 60 channels has more subsets than can be listed; shares are equal by symmetry."""
    names = [f"c{i:02}" for i in range(60)]
    frame = pd.DataFrame({"path": [names], "conversions": [6.0]})
    assert np.allclose(journeys.credit_from_paths(frame, model="shapley")["credit"], 0.1)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"model": "markow"}, "Expected one of markov.*Did you mean markov"),
        ({}, {"removal": "null"}, "removal is 'null'. Expected one of to_null, renormalise"),
        ({"path": ["A > B"]}, {}, "A path is 'A > B'. Expected a list"),
        ({"conversions": [-1]}, {}, "conversions of a path is"),
        ({"conversions": [None]}, {}, "conversions of a path is None"),
        ({"path": [["A", None]]}, {}, "touch without a name"),
        ({"days_before": [[1]]}, {"model": "time_decay"}, "2 touches has 1 days_before"),
        ({"days_before": [[1, -1]]}, {"model": "time_decay"}, "negative or missing"),
        ({}, {"model": "time_decay", "half_life": 0}, "half-life is 0"),
        ({}, {"model": "position", "first_share": 0.8}, "position shares are 0.8 and 0.4"),
    ],
)
def test_bad_input_is_one_clear_sentence(change: dict, options: dict, words: str) -> None:
    frame = pd.DataFrame({"path": [["A", "B"]], "conversions": [1]}).assign(**change)
    with pytest.raises(DataError, match=f"(?i){words}"):
        journeys.credit_from_paths(frame, **options)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="no column conversions"):
        journeys.credit_from_paths(pd.DataFrame({"path": [["A"]]}))
