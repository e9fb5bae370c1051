"""Chances of being best, losses and risks against published cases, brute force and laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta, norm

from privdom_kit.errors import ConfigError, DataError
from privdom_kit.estimates import (
    expected_loss,
    false_positive_risk,
    probability_best,
    probability_best_normal,
)


@pytest.mark.parametrize(
    ("first", "second", "chance"),
    [
        ((10, 50), (60, 250), 0.7088919200),
        ((600, 550), (52, 60), 0.1223144258),
        ((1000, 900), (1200, 1000), 0.8898254504),
        ((1000, 900), (1200, 800), 0.9999982656),
    ],
)
def test_two_groups_as_cprior_has_them(
    first: tuple[int, int], second: tuple[int, int], chance: float
) -> None:
    """Tests of guillermo-navas-palencia/cprior; its Beta(a, b) is a - 1 of a + b - 2 here."""
    x = [first[0] - 1, second[0] - 1]
    n = [sum(first) - 2, sum(second) - 2]
    assert probability_best(x, n)[1] == pytest.approx(chance, abs=1e-10)


def closed_form(x: tuple[int, int], n: tuple[int, int]) -> float:
    """Chance of the second of two groups (E. Miller, Formulas for Bayesian A/B testing, 2015)."""
    (hit_a, hit_b), miss_a, miss_b = (x[0] + 1, x[1] + 1), n[0] - x[0] + 1, n[1] - x[1] + 1
    terms = np.arange(hit_b)
    logs = betaln(hit_a + terms, miss_a + miss_b) - np.log(miss_b + terms)
    return float(np.exp(logs - betaln(1 + terms, miss_b) - betaln(hit_a, miss_a)).sum())


@pytest.mark.parametrize(
    ("x", "n"),
    [
        ((0, 0), (0, 0)),
        ((0, 1), (20, 20)),
        ((0, 10), (10, 10)),
        ((0, 0), (1000, 30)),
        ((5, 9), (400, 500)),
    ],
)
def test_two_groups_by_the_closed_form(x: tuple[int, int], n: tuple[int, int]) -> None:
    assert probability_best(x, n) == pytest.approx(
        (1 - closed_form(x, n), closed_form(x, n)), abs=1e-10
    )


def test_many_groups_by_adaptive_quadrature() -> None:
    """Brute force with scipy's quad, groups of very different size among them."""
    x, n = [3, 30, 0, 310, 2], [100, 900, 0, 10_000, 20]
    laws = [beta(hits + 1, trials - hits + 1) for hits, trials in zip(x, n, strict=True)]
    edges = sorted(float(law.ppf(q)) for law in laws for q in (0.001, 0.1, 0.5, 0.9, 0.999))
    found = probability_best(x, n)
    for group, law in enumerate(laws):
        others = [other for other in laws if other is not law]

        def density(p: float, law: object = law, others: list[object] = others) -> float:
            return float(law.pdf(p) * np.prod([other.cdf(p) for other in others]))  # type: ignore[attr-defined]

        pieces = zip([0.0, *edges], [*edges, 1.0], strict=True)
        assert found[group] == pytest.approx(
            sum(quad(density, low, high)[0] for low, high in pieces), abs=1e-7
        )


def test_big_groups_are_nearly_normal() -> None:
    """A million people each: the normal law of the difference is right to three places."""
    x, n = [20_000, 20_150, 20_100], [10**6] * 3
    rates = np.array(x) / 1e6
    errors = np.sqrt(rates * (1 - rates) / 1e6)
    assert probability_best(x, n) == pytest.approx(probability_best_normal(rates, errors), abs=5e-4)
    two = probability_best(x[:2], n[:2])[1]
    assert two == pytest.approx(norm.cdf(np.diff(rates[:2])[0] / np.hypot(*errors[:2])), abs=2e-4)


def test_groups_of_which_nothing_is_known_share_the_chance() -> None:
    assert probability_best([0] * 30, [0] * 30) == pytest.approx([1 / 30] * 30)
    assert probability_best([0], [0]) == (1.0,)
    # The prior's mean is one half: a group without people looks good beside poor ones.
    assert probability_best([0, 0], [10**6, 0])[1] == pytest.approx(1, abs=1e-5)


groups = st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 1)), min_size=1, max_size=8).map(
    lambda drawn: ([round(n * share) for n, share in drawn], [n for n, _ in drawn])
)


@settings(max_examples=60, deadline=None)
@given(groups)
def test_chances_add_to_one_and_follow_their_group(drawn: tuple[list[int], list[int]]) -> None:
    x, n = drawn
    found = probability_best(x, n)
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0
    assert probability_best(x[::-1], n[::-1]) == pytest.approx(found[::-1], abs=1e-9)


def test_normal_groups_by_simulation() -> None:
    """Three million draws, seeded, with a part of the error in common."""
    means, errors, shared = [0.0, 0.5, 0.4], [1.0, 0.5, 0.9], [0.6, 0.1, 0.3]
    own = np.sqrt(np.square(errors) - np.square(shared))
    rng = np.random.default_rng(4)
    draws = rng.normal(size=(1_000_000, 3)) * own + means
    alone = np.bincount((rng.normal(size=(1_000_000, 3)) * errors + means).argmax(1)) / 1e6
    draws += rng.normal(size=(1_000_000, 1)) * shared
    together = np.bincount(draws.argmax(1)) / 1e6
    assert probability_best_normal(means, errors) == pytest.approx(alone, abs=2e-3)
    assert probability_best_normal(means, errors, shared) == pytest.approx(together, abs=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.floats(-3, 3), st.floats(0.1, 2), st.floats(0.1, 2), st.floats(0, 0.09))
def test_two_normal_groups(mean: float, first: float, second: float, shared: float) -> None:
    """The difference of two normal values is normal; an error in common cancels."""
    expected = norm.cdf(mean / math.sqrt(first**2 + second**2 - 2 * shared**2))
    found = probability_best_normal([0.0, mean], [first, second], [shared, shared])
    assert found[1] == pytest.approx(expected, abs=1e-9)


def test_certain_groups() -> None:
    assert probability_best_normal([1, 2, 2], [0, 0, 0]) == pytest.approx((0, 0.5, 0.5))
    assert probability_best_normal([0.0, 0.0], [0.3, 0.3], [0.3, 0.3]) == pytest.approx((0.5, 0.5))
    assert probability_best_normal([0, 1], [1, 0])[0] == pytest.approx(norm.sf(1), abs=1e-8)


def test_expected_loss_as_growthbook_has_it() -> None:
    """growthbook/growthbook, packages/stats/tests/bayesian/test_tests.py, get_risk."""
    assert expected_loss(0.1, 0.05) == pytest.approx(0.0004245351308414, abs=1e-12)
    assert expected_loss(-0.1, 0.05) == pytest.approx(0.1004245351308, abs=1e-12)
    assert (expected_loss(0.01, 4.5e-9), expected_loss(-0.01, 4.5e-9)) == (0, 0.01)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0.01, 5))
def test_laws_of_expected_loss(mean: float, error: float) -> None:
    """By quadrature of the definition; losses of both choices differ by the mean."""
    normal = norm(mean, error)
    edges = [mean - 10 * error, min(0.0, mean), 0.0]
    pieces = itertools.pairwise(edges)
    area = sum(quad(lambda d: -d * normal.pdf(d), *piece)[0] for piece in pieces if piece[0] < 0)
    assert expected_loss(mean, error) == pytest.approx(area, abs=1e-8)
    assert expected_loss(-mean, error) - expected_loss(mean, error) == pytest.approx(mean)


def test_known_differences_lose_what_they_are() -> None:
    assert (expected_loss(-0.02, 0), expected_loss(0.02, 0), expected_loss(0, 0)) == (0.02, 0, 0)
    # Far above 0 the two terms of the formula cancel.
    assert 0 <= expected_loss(39.0, 1.0) < 1e-300


@pytest.mark.parametrize(
    ("p_value", "risk"),
    [(0.1, 0.385), (0.05, 0.289), (0.01, 0.111), (0.005, 0.067), (0.001, 0.0184)],
)
def test_false_positive_risk_of_even_odds(p_value: float, risk: float) -> None:
    """Sellke, Bayarri and Berger (2001), table 1."""
    assert false_positive_risk(p_value, 0.5) == pytest.approx(risk, abs=6e-4)


def test_false_positive_risk_at_its_ends() -> None:
    assert false_positive_risk(0.4, 0.3) == pytest.approx(0.7)
    assert false_positive_risk(1 / math.e, 0.3) == pytest.approx(0.7)
    assert false_positive_risk(0, 0.3) == 0
    assert (false_positive_risk(0.01, 0), false_positive_risk(0.01, 1)) == (1, 0)
    # One idea in ten works: a p-value of 5 % leaves a fluke more likely than not.
    assert false_positive_risk(0.05, 0.1) > 0.75


def test_impossible_choices_are_refused() -> None:
    with pytest.raises(DataError, match="5 out of 4"):
        probability_best([5], [4])
    with pytest.raises(DataError, match="one pair a group"):
        probability_best([1, 2], [4])
    with pytest.raises(DataError, match="one pair a group"):
        probability_best_normal([], [])
    with pytest.raises(DataError, match="no shared part above the whole"):
        probability_best_normal([1, 2], [0.1, 0.1], [0.2, 0.1])
    with pytest.raises(DataError, match="error 0 or more"):
        probability_best_normal([1, 2], [0.1, -0.1])
    with pytest.raises(DataError, match="standard error of 0 or more"):
        expected_loss(0.1, -1)
    with pytest.raises(ConfigError, match=r"p-value: 1\.2"):
        false_positive_risk(1.2, 0.5)
    with pytest.raises(ConfigError, match="prior: -1"):
        false_positive_risk(0.2, -1)
