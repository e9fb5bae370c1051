"""Corrections, levels that agree with them, and Dunnett's critical values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm
from statsmodels.stats.multitest import multipletests

from privdom_kit.errors import DataError
from privdom_kit.estimates import adjust_p_values, compatible_levels, many_to_one_critical

METHODS = ("holm", "hochberg", "bonferroni", "fdr_bh")
# Benjamini and Hochberg (1995), section 4.1: thrombolysis, 15 comparisons.
PAPER = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
PAPER += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]


def test_claims_of_the_paper() -> None:
    """Benjamini and Hochberg (1995), section 4.1: 4 rejected at .05, Bonferroni and Hochberg 3."""
    claims = {m: sum(p <= 0.05 for p in adjust_p_values(PAPER, m)) for m in METHODS}
    assert claims == {"holm": 3, "hochberg": 3, "bonferroni": 3, "fdr_bh": 4}


@pytest.mark.parametrize("method", METHODS)
def test_corrections_are_those_of_statsmodels(method: str) -> None:
    """Its multipletests, which takes no missing value, on ties and extremes."""
    random = np.random.default_rng(15)
    theirs = {"hochberg": "simes-hochberg"}.get(method, method)
    for size in (1, 2, 7, 40):
        p = np.round(random.random(size) ** 3, 2)
        expected = multipletests(p, method=theirs)[1]
        assert adjust_p_values(list(p), method) == pytest.approx(list(expected))


def test_hochberg_by_hand() -> None:
    """.04, .045, .049 with m = 3: the largest is below .05, so all are; Holm claims none."""
    assert adjust_p_values([0.04, 0.045, 0.049], "hochberg") == pytest.approx([0.049] * 3)
    assert adjust_p_values([0.04, 0.045, 0.049], "holm") == pytest.approx([0.12] * 3)


def test_levels_of_the_steps() -> None:
    """Holm 1 - alpha / 3, / 2, / 1 where the p-values are well apart; Bonferroni / 3 throughout."""
    p = [0.02, 0.0001, None, 0.004]
    assert compatible_levels(p, "holm") == pytest.approx([0.95, 1 - 0.05 / 3, None, 0.975])
    assert compatible_levels(p, "bonferroni")[::3] == pytest.approx([1 - 0.05 / 3] * 2)
    assert compatible_levels([None, math.nan]) == [None, None]
    assert compatible_levels([0.0, 1.0], "bonferroni", 0.1) == pytest.approx([0.95, 0.95])
    assert compatible_levels([0.03], "fdr_bh") == pytest.approx([0.95])


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.sampled_from(METHODS),
    st.sampled_from([0.01, 0.05, 0.1]),
)
@settings(max_examples=300, deadline=None)
def test_intervals_say_what_the_corrected_p_says(p: list, method: str, alpha: float) -> None:
    """An interval at the level leaves out 0 exactly where the corrected p is below alpha."""
    corrected = adjust_p_values(p, method)
    for value, adjusted, level in zip(
        p, corrected, compatible_levels(p, method, alpha), strict=True
    ):
        assert 1 - alpha <= level + 1e-12
        assert level <= 1 - alpha / len(p) + 1e-12
        # Where they are equal but for rounding either answer is right.
        if abs(adjusted - alpha) > 1e-9:
            assert (value < 1 - level) == (adjusted < alpha)


def test_bonferroni_covers_at_once_and_bh_among_its_claims() -> None:
    """3,000 sets of six normal estimates, half of them with an effect of 3 errors.

    Bonferroni: all six cover in 95 % or more. Benjamini-Hochberg: of the intervals of claims at
    most 5 % miss on average (Benjamini and Yekutieli 2005). Monte Carlo error .4 points.
    """
    random = np.random.default_rng(1995)
    truth = np.array([0, 0, 0, 3, 3, 3])
    seen = truth + random.standard_normal((3000, 6))
    p = 2 * norm.sf(np.abs(seen))
    missed = {}
    for method in ("bonferroni", "fdr_bh"):
        levels = np.array([compatible_levels(row, method) for row in p])
        missed[method] = np.abs(seen - truth) > norm.ppf((1 + levels) / 2)
    claims = np.array([adjust_p_values(row, "fdr_bh") for row in p]) < 0.05
    assert missed["bonferroni"].any(axis=1).mean() <= 0.05 + 0.012
    wrong = (missed["fdr_bh"] & claims).sum(axis=1) / np.maximum(claims.sum(axis=1), 1)
    assert wrong.mean() <= 0.05


def test_no_false_claim_more_often_than_said() -> None:
    """Four arms against one control, no arm differs: some claim in at most 5 %, for each method.

    Estimates share their control, so they go together (correlation .5). Monte Carlo error .4.
    """
    random = np.random.default_rng(1979)
    control = random.standard_normal((3000, 1))
    z = (random.standard_normal((3000, 4)) - control) / math.sqrt(2)
    p = 2 * norm.sf(np.abs(z))
    for method in METHODS:
        some = np.mean([min(adjust_p_values(row, method)) < 0.05 for row in p])
        assert some <= 0.05 + 0.008
    dunnett = np.mean(np.abs(z).max(axis=1) > many_to_one_critical(4))
    assert dunnett == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("sides", "level", "values"),
    [
        (2, 0.95, [1.96, 2.21, 2.35, 2.44, 2.51, 2.57, 2.61, 2.65, 2.69]),
        (2, 0.99, [2.58, 2.79, 2.92, 3.00, 3.06, 3.11, 3.15, 3.19, 3.22]),
        (1, 0.95, [1.64, 1.92, 2.06, 2.16, 2.23, 2.29, 2.34, 2.38, 2.42]),
        (1, 0.99, [2.33, 2.56, 2.68, 2.77, 2.84, 2.89, 2.93, 2.97, 3.00]),
    ],
)
def test_dunnetts_tables(sides: int, level: float, values: list[float]) -> None:
    """Last line (infinite degrees of freedom) of the tables for 1 to 9 treatments.

    One-sided: Dunnett, JASA 50 (1955), tables 1a and 1b; two-sided: Dunnett, Biometrics 20
    (1964), tables II and III.
    """
    found = [many_to_one_critical(k, level, sides) for k in range(1, 10)]
    # His 1 for one treatment, one-sided, is 1.64 for 1.645.
    assert found == pytest.approx(values, abs=0.0051)


@pytest.mark.parametrize(("k", "ratio"), [(2, 0.5), (3, 0.4), (3, 2.0)])
def test_unequal_split_against_the_multivariate_normal(k: int, ratio: float) -> None:
    """Scipy's integral over the box is the level."""
    rho = ratio / (ratio + 1)
    law = multivariate_normal(np.zeros(k), np.full((k, k), rho) + (1 - rho) * np.eye(k))
    for sides in (1, 2):
        critical = many_to_one_critical(k, 0.95, sides, ratio)
        low = np.full(k, -critical if sides == 2 else -np.inf)
        inside = law.cdf(np.full(k, critical), lower_limit=low)
        assert inside == pytest.approx(0.95, abs=2e-4)


def test_dunnett_lies_between_plain_and_bonferroni() -> None:
    for k in (2, 5, 20):
        assert norm.ppf(0.975) < many_to_one_critical(k) < norm.ppf(1 - 0.025 / k)
    # A huge control is a known constant: independent comparisons (Sidak).
    assert many_to_one_critical(5, ratio=1e-9) == pytest.approx(
        norm.ppf((1 + 0.95**0.2) / 2), abs=1e-4
    )


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(DataError, match="known: holm"):
        compatible_levels([0.1], "tukey")
    with pytest.raises(DataError, match=r"a p-value of 1\.2"):
        adjust_p_values([0.1, 1.2])
    with pytest.raises(DataError, match="a treatment or more"):
        many_to_one_critical(0)
    with pytest.raises(DataError, match="a treatment or more"):
        many_to_one_critical(2, sides=3)
