"""Absorbing chains against textbooks, closed formulas and walks counted one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit import journeys
from privdom_kit.errors import DataError
from privdom_kit.journeys.end_chances import solve_ends

WALK = [[0, 0.5, 0, 0.5, 0], [0.5, 0, 0.5, 0, 0], [0, 0.5, 0, 0, 0.5]]


def test_drunkards_walk_as_published() -> None:
    """Grinstead and Snell, Introduction to Probability, examples 11.13 to 11.16."""
    chain = pd.DataFrame(WALK, index=[1, 2, 3], columns=[1, 2, 3, 4, 5])
    found = journeys.absorb(chain, [4, 5])
    assert found.fundamental.to_numpy() == pytest.approx(
        np.array([[1.5, 1, 0.5], [1, 2, 1], [0.5, 1, 1.5]])
    )
    assert found.probabilities.to_numpy() == pytest.approx(
        np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])
    )
    assert found.expected_steps.tolist() == pytest.approx([3, 4, 3])
    assert list(found.probabilities.columns) == [4, 5]
    assert list(found.probabilities.index) == [1, 2, 3]


def test_an_array_names_its_states_by_place() -> None:
    square = np.vstack([WALK, np.eye(5)[3:]])
    found = journeys.absorb(square, [3, 4])
    assert found.probabilities.to_numpy() == pytest.approx(
        journeys.absorb(WALK, [3, 4]).probabilities.to_numpy()
    )


def test_land_of_oz_with_rain_made_absorbing() -> None:
    """Grinstead and Snell, exercise of section 11.2: the row of an absorbing state is not read."""
    oz = pd.DataFrame(
        [[0.5, 0.25, 0.25], [0.5, 0, 0.5], [0.25, 0.25, 0.5]],
        index=["rain", "nice", "snow"],
        columns=["rain", "nice", "snow"],
    )
    found = journeys.absorb(oz, "rain")
    assert found.fundamental.to_numpy() == pytest.approx(np.array([[4 / 3, 4 / 3], [2 / 3, 8 / 3]]))
    assert found.expected_steps.to_dict() == pytest.approx({"nice": 8 / 3, "snow": 10 / 3})


def test_upward_walk() -> None:
    """Exercise 11.2.11: to a larger integer, each alike: 1 + 1/2 + 1/3 + 1/4 steps from 1 to 5."""
    chain = [[0, *[1 / 4] * 4], [0, 0, *[1 / 3] * 3], [0, 0, 0, 0.5, 0.5], [0, 0, 0, 0, 1]]
    assert journeys.absorb(chain, [4]).expected_steps[0] == pytest.approx(
        float(1 + Fraction(1, 2) + Fraction(1, 3) + Fraction(1, 4))
    )


@pytest.mark.parametrize(("p", "size"), [(2 / 3, 4), (0.3, 7), (0.9, 5)])
def test_gamblers_ruin(p: float, size: int) -> None:
    """Feller, An Introduction to Probability I, XIV.2 and XIV.3: closed formulas."""
    chain = np.zeros((size + 1, size + 1))
    for place in range(1, size):
        chain[place, place + 1], chain[place, place - 1] = p, 1 - p
    found = journeys.absorb(pd.DataFrame(chain), [0, size])
    ratio = (1 - p) / p
    for place in range(1, size):
        wins = (1 - ratio**place) / (1 - ratio**size)
        lasts = place / (1 - 2 * p) - size / (1 - 2 * p) * wins
        assert found.probabilities.loc[place, size] == pytest.approx(wins)
        assert found.expected_steps[place] == pytest.approx(lasts)


@given(st.integers(0, 10_000))
def test_every_walk_ends_and_order_of_states_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 6))
    rows = random.dirichlet(np.ones(size + 2), size=size)
    names = [f"s{i}" for i in range(size)]
    chain = pd.DataFrame(rows, index=names, columns=[*names, "won", "lost"])
    found = journeys.absorb(chain, ["won", "lost"])
    assert found.probabilities.sum(axis=1).to_numpy() == pytest.approx(np.ones(size))
    # By first step analysis: a step, then whatever comes after it.
    again = 1 + chain[names].to_numpy() @ found.expected_steps.to_numpy()
    assert again == pytest.approx(found.expected_steps.to_numpy())
    mixed = chain.sample(frac=1, random_state=seed)[list(random.permutation(chain.columns))]
    other = journeys.absorb(mixed, ["lost", "won"]).probabilities.loc[names, ["won", "lost"]]
    assert other.to_numpy() == pytest.approx(found.probabilities.to_numpy())


@pytest.mark.parametrize(
    ("chain", "absorbing", "words"),
    [
        ([[0.5, 0.4], [0, 1]], [1], "The row of 0 adds up to 0.9. Expected 1."),
        ([[1.2, -0.2], [0, 1]], [1], "The row of 0 holds -0.2."),
        ([[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]], [2], "From 0, 1 no absorbing state"),
        ([[0.5, 0.5], [0, 1]], [], "No absorbing state is named."),
        ([[0.5, 0.5]], [0], "The state 1 has no row."),
        ([0.5, 0.5], [1], "The matrix has 1 dimensions."),
    ],
)
def test_a_chain_that_cannot_be_solved_says_why(chain, absorbing, words: str) -> None:
    with pytest.raises(DataError) as caught:
        journeys.absorb(chain, absorbing)
    assert words.lower() in str(caught.value).lower()


def test_an_unknown_end_names_the_nearest_states() -> None:
    chain = pd.DataFrame([[0.5, 0.5], [0, 1]], index=["chat", "order"], columns=["chat", "order"])
    with pytest.raises(DataError, match=r"no state 'ordr'.*order"):
        journeys.absorb(chain, ["ordr"])
    with pytest.raises(DataError, match="stands twice in the absorbing"):
        journeys.absorb(chain, ["order", "order"])


def test_steps_and_days_of_a_stay_by_hand() -> None:
    """From A half the moves stay (3 days each), a quarter each end won (1 day) or lost (5 days).

    Moves until the end are geometric with mean 2, so one stay is expected before it, whichever end
    it is: 3 + 1 days to win, 3 + 5 to lose.
    """
    found = solve_ends(np.array([[2.0, 1.0, 1.0]]), np.array([[6.0, 1.0, 5.0]]))
    assert found["chance"].tolist() == [[0.5, 0.5]]
    assert found["steps"][0] == pytest.approx([2, 2])
    assert found["days"][0] == pytest.approx([4, 8])


def test_steps_and_days_against_walks_one_by_one() -> None:
    """A random chain, its walks listed with their chances until next to none is left."""
    random = np.random.default_rng(3)
    moves = random.integers(1, 9, size=(3, 5)).astype(float)
    days = moves * random.uniform(0.5, 9, size=(3, 5))
    shares, dwell = moves / moves.sum(axis=1, keepdims=True), days / moves
    chance, steps, spent = np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2))
    for start in range(3):
        alive = {start: (1.0, 0.0)}  # chance to be there, and days so far times that chance
        for step in range(1, 400):
            onward: dict[int, tuple[float, float]] = {}
            for state, (p, time) in alive.items():
                for target in range(5):
                    share = shares[state, target]
                    gone = (p * share, (time + p * dwell[state, target]) * share)
                    if target >= 3:
                        chance[start, target - 3] += gone[0]
                        steps[start, target - 3] += gone[0] * step
                        spent[start, target - 3] += gone[1]
                    else:
                        seen = onward.get(target, (0.0, 0.0))
                        onward[target] = (seen[0] + gone[0], seen[1] + gone[1])
            alive = onward
    found = solve_ends(moves, days)
    assert found["chance"] == pytest.approx(chance)
    assert found["steps"] == pytest.approx(steps / chance)
    assert found["days"] == pytest.approx(spent / chance)


def test_an_end_never_reached_has_no_days() -> None:
    found = solve_ends(np.array([[0.0, 3.0, 0.0]]), np.array([[0.0, 6.0, 0.0]]))
    assert found["chance"].tolist() == [[1.0, 0.0]]
    assert np.isnan(found["days"][0, 1])
    assert np.isnan(solve_ends(np.zeros((1, 3)), np.zeros((1, 3)))["chance"]).all()
