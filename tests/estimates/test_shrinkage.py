"""Shrunken estimates against published meta-analyses, a second library, brute force and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import multivariate_normal
from statsmodels.stats.meta_analysis import combine_effects

from privdom_kit.errors import DataError
from privdom_kit.estimates import Shrinkage, shrink

# Selenium in milk powder by nine methods, as in Kacker, Metrologia 41 (2004), table 1.
SELENIUM = (
    [61.00, 61.40, 62.21, 62.30, 62.34, 62.60, 62.70, 62.84, 65.90],
    [0.2025, 1.2100, 0.0900, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225],
)
# Coaching at eight schools (Rubin, J. Educ. Stat. 6 (1981)): effects and standard errors.
SCHOOLS = ([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
# Tuberculosis and not, vaccinated and not (Colditz et al., JAMA 271 (1994)).
VACCINE = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def test_paule_mandel_as_metafor_has_it() -> None:
    """R metafor, ``rma(method="PM")``, kept in statsmodels' results_meta; Kacker: tau .8399."""
    found = shrink(*SELENIUM)
    assert found.tau2 == pytest.approx(0.705395309224248, rel=1e-9)
    assert math.sqrt(found.tau2) == pytest.approx(0.8399, abs=6e-5)
    assert found.mean == pytest.approx(62.4076199113286, rel=1e-12)
    assert found.standard_error == pytest.approx(0.338030602684471, rel=1e-9)
    assert (found.lower, found.upper) == pytest.approx((61.7450921043947, 63.0701477182625))
    assert found.heterogeneity == pytest.approx(24.801897741835, rel=1e-9)
    assert found.p_value == pytest.approx(0.00167935146372742, rel=1e-7)


def test_paule_mandel_in_the_clasp_trials() -> None:
    """DerSimonian and Kacker (2007), tables 3 and 4: log odds ratios of six trials of aspirin."""
    treated = np.array([5, 5, 12, 69, 9, 313]), np.array([156, 303, 565, 1570, 103, 4659])
    control = np.array([8, 17, 9, 94, 11, 352]), np.array([74, 303, 477, 1565, 105, 4650])
    cells = [treated[0], treated[1] - treated[0], control[0], control[1] - control[0]]
    effects = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    found = shrink(effects, sum(1 / cell for cell in cells))
    values = (math.sqrt(found.tau2), found.mean, found.standard_error)
    assert values == pytest.approx((0.3681, -0.3811, 0.2060), abs=6e-5)


def test_paule_mandel_in_the_vaccine_trials() -> None:
    """R metafor, dat.bcg, log risk ratios, ``method="PM"``: tau2 .3181."""
    a, b, c, d = np.array(VACCINE, dtype=float).T
    effects = np.log(a / (a + b)) - np.log(c / (c + d))
    found = shrink(effects, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    assert found.tau2 == pytest.approx(0.3181, abs=6e-5)


def test_schools_that_do_not_differ_are_all_the_mean() -> None:
    """Gelman et al., Bayesian Data Analysis, section 5.5: pooled 7.7, standard error 4.1.

    Cochran's Q, 4.7 on 7 degrees of freedom, is below them: tau2 is 0.
    """
    effects, errors = SCHOOLS
    found = shrink(effects, np.square(errors))
    assert found.tau2 == 0
    assert (round(found.mean, 1), round(found.standard_error, 1)) == (7.7, 4.1)
    assert round(found.heterogeneity, 1) == 4.7
    assert [school.estimate for school in found.posterior] == [found.mean] * 8
    assert [school.weight for school in found.posterior] == [0] * 8
    for school in found.posterior:
        assert school.conditional_error == pytest.approx(found.standard_error)
        # One value for all is what the data show, not what they prove.
        assert school.standard_error > found.standard_error


def test_second_library() -> None:
    """The combine_effects of statsmodels, Paule-Mandel, with the Hartung-Knapp error."""
    rng = np.random.default_rng(3)
    for size in (2, 3, 10, 40):
        values, variances = rng.normal(1, 1, size), rng.uniform(0.05, 1.0, size)
        other = combine_effects(values, variances, method_re="pm", use_t=True, atol=1e-10)
        if other.tau2 <= 0:
            continue
        found = shrink(values, variances)
        assert found.tau2 == pytest.approx(other.tau2, rel=1e-6)
        assert found.mean == pytest.approx(other.mean_effect_re, rel=1e-7)
        assert found.standard_error == pytest.approx(other.sd_eff_w_re, rel=1e-7)
        half = (found.hartung_knapp.upper - found.hartung_knapp.lower) / 2
        low, high = other.conf_int()[3]
        assert half == pytest.approx((high - low) / 2, rel=1e-6)


def test_posterior_given_tau_is_the_exact_one() -> None:
    """Brute force: the joint normal law of mean and effects, with a flat mean, inverted whole."""
    values, variances = (np.array(part) for part in SELENIUM)
    found = shrink(values, variances)
    size = len(values)
    precision = np.zeros((size + 1, size + 1))
    precision[:size, :size] = np.diag(1 / variances + 1 / found.tau2)
    precision[size, :size] = precision[:size, size] = -1 / found.tau2
    precision[size, size] = size / found.tau2
    covariance = np.linalg.inv(precision)
    centres = covariance @ np.append(values / variances, 0)
    assert [float(one) for one in found.posterior] == pytest.approx(centres[:size])
    assert [one.conditional_error for one in found.posterior] == pytest.approx(
        np.sqrt(np.diag(covariance)[:size])
    )


def test_posterior_errors_allow_for_tau() -> None:
    """Brute force: adaptive quadrature over tau of the same normal law, marginal by contrasts."""
    effects, errors = SCHOOLS
    values, variances = np.array(effects, dtype=float), np.square(errors).astype(float)
    size, found = len(values), shrink(values, variances)
    contrasts = np.eye(size)[1:] - np.eye(size)[:1]

    def density(tau: float) -> float:
        spread = contrasts @ np.diag(variances + tau**2) @ contrasts.T
        return float(multivariate_normal(cov=spread).pdf(contrasts @ values))

    def square(tau: float, school: int) -> float:
        totals = variances + tau**2
        mean = (values / totals).sum() / (1 / totals).sum()
        pull = variances[school] / totals[school]
        centre = mean + (1 - pull) * (values[school] - mean)
        own = (1 - pull) * variances[school] + pull**2 / (1 / totals).sum()
        return float(own + (centre - found.mean) ** 2)

    end = 6 * values.std(ddof=1)
    whole = quad(density, 0, end)[0]
    for school in (0, 2, 7):
        weighted = quad(lambda tau, s=school: density(tau) * square(tau, s), 0, end)[0]
        assert found.posterior[school].standard_error == pytest.approx(
            math.sqrt(weighted / whole), rel=1e-5
        )


@pytest.mark.parametrize(
    ("groups", "tau"), [(3, 0.0), (3, 1.0), (4, 2.0), (12, 0.0), (12, 0.5), (12, 1.0), (30, 2.0)]
)
def test_intervals_of_groups_cover(groups: int, tau: float) -> None:
    """Simulated crowds of unequal size: 95 % intervals cover 93 % or more of their effects."""
    rng, runs = np.random.default_rng(groups), 250
    covered = 0
    for _ in range(runs):
        variances = rng.uniform(0.2, 2, groups)
        truth = rng.normal(3, tau, groups)
        found = shrink(rng.normal(truth, np.sqrt(variances)), variances)
        covered += sum(
            one.lower <= true <= one.upper for one, true in zip(found.posterior, truth, strict=True)
        )
    noise = 3 * math.sqrt(0.93 * 0.07 / (runs * min(groups, 12)))
    assert covered / (runs * groups) >= 0.93 - noise


def groups_of(found: Shrinkage) -> list[tuple[float, float, float]]:
    return [(one.estimate, one.lower, one.upper) for one in found.posterior]


pairs = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 100)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(pairs, st.floats(-100, 100), st.floats(0.1, 10))
def test_laws_of_shrinkage(groups: list[tuple[float, float]], shift: float, scale: float) -> None:
    """Estimates lie between the group's own and the mean; units do not matter; Q is solved."""
    values, variances = (np.array(part) for part in zip(*groups, strict=True))
    found = shrink(values, variances)
    for own, one in zip(values, found.posterior, strict=True):
        slack = 1e-9 * (1 + abs(own))
        assert min(own, found.mean) - slack <= one.estimate <= max(own, found.mean) + slack
        assert one.lower <= one.estimate <= one.upper
        assert one.standard_error >= one.conditional_error
    if found.tau2 > 0:
        squares = ((values - found.mean) ** 2 / (variances + found.tau2)).sum()
        assert squares == pytest.approx(len(values) - 1, rel=1e-6)
    elif len(values) > 1:
        assert found.heterogeneity <= len(values) - 1
    moved = shrink(values * scale + shift, variances * scale**2)
    for before, after in zip(groups_of(found), groups_of(moved), strict=True):
        assert after == pytest.approx([end * scale + shift for end in before], rel=1e-4, abs=1e-3)


@given(st.floats(-5, 5), st.floats(0.01, 4), st.integers(2, 9))
def test_equal_groups_do_not_differ(value: float, variance: float, size: int) -> None:
    assume(value == 0 or abs(value) > 1e-6)
    found = shrink([value] * size, [variance] * size)
    assert found.tau2 == 0
    assert found.mean == pytest.approx(value)
    assert found.standard_error == pytest.approx(math.sqrt(variance / size))


def test_single_group_stays_as_it_is() -> None:
    found = shrink([0.03], [0.0004])
    assert (found.tau2, found.mean, found.p_value) == (0, 0.03, 1)
    assert found.standard_error == pytest.approx(0.02)
    (only,) = found.posterior
    assert (only.estimate, only.weight) == (0.03, 1)
    assert only.standard_error == pytest.approx(0.02)
    assert (found.hartung_knapp.lower, found.hartung_knapp.upper) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("estimates", "variances", "message"),
    [
        ([], [], "0 estimates"),
        ([1, 2], [1], "one variance an estimate"),
        ([1, 2], [1, 0], "each variance above 0"),
        ([1, math.nan], [1, 1], "each must be finite"),
        ([1, 2], [1, math.inf], "each must be finite"),
    ],
)
def test_groups_without_error_are_refused(
    estimates: list[float], variances: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        shrink(estimates, variances)
