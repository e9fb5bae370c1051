"""How often the readout claims something where there is nothing, and how often it finds an effect.

Sums are drawn, not people. The rule is followed twice: by the package on some draws, and, to see
its rate, by numpy on many; both have to agree where both are made.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from outcome_worlds import redraw, spread_world

from privdom_kit.copy_tests.choosing import choose
from privdom_kit.copy_tests.claims import test_claims as claims_of
from privdom_kit.copy_tests.daily_counts import daily_counts
from privdom_kit.copy_tests.planned_looks import planned_looks
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import power_proportions

ARMS = ("A", "B", "C", "D")
DRAWS = 20_000
BOTH = 15  # draws that the package follows too
DAYS = 4
EACH = 3000  # people an arm


@pytest.fixture(scope="module")
def connection():
    with closing(connect()) as opened:
        yield opened


@pytest.fixture(scope="module")
def worlds(connection):
    """One test with two planned looks, one with one, and one without any number planned."""
    unplanned = {"crowds": []}
    return {
        "looks": spread_world(connection, list(ARMS), EACH, DAYS, looks=[0.5, 1]),
        "fixed": spread_world(connection, list(ARMS), EACH, DAYS),
        "any_time": spread_world(connection, list(ARMS), EACH, DAYS, **unplanned),
    }


def z_of(x, n, y, m):
    """The pooled z of two shares times the root of (N - 1) / N, for arrays."""
    pooled = (x + y) / (n + m)
    spread = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / n + 1 / m), 1e-300))
    return (x / n - y / m) / spread * np.sqrt((n + m - 1) / (n + m))


def drawn_sides(rng, bounds, rates, draws):
    """Sides by Lan-DeMets bounds, or by Holm where there is one look: of shape (draws, 3)."""
    looks = len(bounds)
    part = EACH // looks
    x = {arm: rng.binomial(part, rates[arm], (draws, looks)).cumsum(axis=1) for arm in ARMS}
    n = part * np.arange(1, looks + 1)
    z = np.stack([z_of(x[arm], n, x["A"], n) for arm in ARMS[1:]], axis=1)
    if looks == 1:
        return holm_sides(z[:, :, 0])
    crossed = np.abs(z) >= bounds
    first = crossed.argmax(axis=2)
    sign = np.sign(np.take_along_axis(z, first[:, :, None], axis=2)[:, :, 0])
    return np.where(crossed.any(axis=2), sign, 0)


def holm_sides(z):
    """Holm's steps on normal p-values, by sorting."""
    p = np.vectorize(lambda value: math.erfc(abs(value) / math.sqrt(2)))(z)
    order = np.sort(p, axis=1)
    steps = np.array([3, 2, 1])
    held = np.cumprod(order * steps < 0.05, axis=1).sum(axis=1)
    cut = np.where(
        held > 0, np.take_along_axis(order, np.maximum(held - 1, 0)[:, None], 1)[:, 0], -1
    )
    return np.where(p <= cut[:, None], np.sign(z), 0)


def bounds_of(base):
    found = planned_looks(base, daily_counts(base, "t1"))
    return np.array([look.bound for look in found[0].looks])


def within(rate, expected, draws, low=0.0):
    """At most the expected rate, and above ``low``, within 3.5 Monte Carlo errors."""
    error = 3.5 * math.sqrt(expected * (1 - expected) / draws)
    return low - error <= rate <= expected + error


@pytest.mark.parametrize("kind", ["looks", "fixed"])
def test_three_versions_without_effect_claim_something_in_five_of_a_hundred_tests(worlds, kind):
    """Family-wise, over versions and looks: at most 5 %, and not much less (Bonferroni, Holm)."""
    rng = np.random.default_rng(5)
    bounds = bounds_of(worlds[kind]) if kind == "looks" else [None]
    sides = drawn_sides(rng, bounds, dict.fromkeys(ARMS, 0.04), DRAWS)
    assert within((sides != 0).any(axis=1).mean(), 0.05, DRAWS, low=0.035)


@pytest.mark.parametrize("kind", ["looks", "fixed", "any_time"])
def test_the_package_follows_the_rule_of_the_simulation(worlds, kind):
    """On draws with an effect in B: the side of each claim is that of the formulas by hand."""
    base = worlds[kind]
    rng = np.random.default_rng(6)
    agreed = claimed = 0
    for _ in range(BOTH):
        redraw(base, rng, {"A": 0.04, "B": 0.055, "C": 0.04, "D": 0.035})
        days = daily_counts(base, "t1")
        found = {claim.arm: claim for claim in claims_of(base, "t1")}
        if kind == "any_time":
            # an interval that excludes nothing is what a claim lacks
            sides = {arm: (c.difference.lower > 0) - (c.difference.upper < 0) for arm, c in
                     found.items()}  # fmt: skip
        else:
            places = [1, 3] if kind == "looks" else [3]
            z = np.array([[z_of(*map(float, days.pair(arm, k).sides)) for k in places] for arm in
                          ARMS[1:]])  # fmt: skip
            if kind == "fixed":
                expected = holm_sides(z[:, 0][None])[0]
            else:
                crossed = np.abs(z) >= bounds_of(base)
                first = np.take_along_axis(z, crossed.argmax(axis=1)[:, None], 1)[:, 0]
                expected = np.where(crossed.any(axis=1), np.sign(first), 0)
            sides = dict(zip(ARMS[1:], expected, strict=True))
        agreed += all(found[arm].side == sides[arm] for arm in ARMS[1:])
        claimed += any(sides.values())
    assert agreed == BOTH
    assert claimed > 0


def test_a_planned_effect_is_found_about_as_often_as_planned(worlds):
    """Two looks cost little: power of the fixed test at a third of 5 % less 3 points at most."""
    rates = {"A": 0.04, "B": 0.06, "C": 0.04, "D": 0.04}
    planned = power_proportions(0.04, 0.06, EACH, 0.05 / 3)
    rng = np.random.default_rng(7)
    for kind in ("looks", "fixed"):
        bounds = bounds_of(worlds["looks"]) if kind == "looks" else [None]
        sides = drawn_sides(rng, bounds, rates, 4000)
        assert (sides[:, 0] == 1).mean() > planned - 0.03


def test_an_unplanned_test_that_is_peeked_at_every_day_claims_rarely(worlds):
    """Always-valid intervals after each of 40 days, stopped at the first that excludes 0."""
    from privdom_kit.estimates import Moments, always_valid_interval

    rules = worlds["any_time"].settings.copy_tests
    rng = np.random.default_rng(8)
    draws, days, part = 1500, 40, 300
    x = rng.binomial(part, 0.04, (2, draws, days)).cumsum(axis=2)
    n = part * np.arange(1, days + 1)
    naive = (np.abs(z_of(x[1], n, x[0], n)) > 1.96).any(axis=1).mean()
    # the interval excludes 0 where |z| passes a value that depends on n only
    limits = []
    for people in n:
        found = always_valid_interval(
            Moments(people, 0.04 * people, 0.04 * people),
            Moments(people, 0.04 * people, 0.04 * people),
            0.05,
            rules.tuning_people,
        )
        limits.append(found.upper / found.standard_error)
    p = x / n
    error = np.sqrt((p * (1 - p) / (n - 1)).sum(axis=0))
    z = (p[1] - p[0]) / error
    late = n >= 600  # with a dozen events the normal law is not yet right
    assert within((np.abs(z) > limits)[:, late].any(axis=1).mean(), 0.05, draws)
    assert naive > 0.25


def test_nothing_is_shipped_or_stopped_out_of_nothing(worlds):
    """All of the rule, guard-rails among it: few of some draws, keep being the usual choice."""
    rng = np.random.default_rng(9)
    base, made = worlds["looks"], []
    for _ in range(BOTH):
        redraw(base, rng, dict.fromkeys(ARMS, 0.04))
        made.append({choice.choice for choice in choose(base, "t1")})
    assert (
        sum(bool(m & {"ship", "stop"}) for m in made) <= 4
    )  # more is below 0.1 % at a rate of 5 %
    assert sum(m == {"keep"} for m in made) >= BOTH - 5
