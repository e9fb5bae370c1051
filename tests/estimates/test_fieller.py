"""Fieller's set against published cases, its definition and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from privdom_kit.errors import DataError
from privdom_kit.estimates import RatioInterval, fieller_interval


def test_two_means_as_dcstats_has_them() -> None:
    """DCPROGS/DCSTATS, example of its Fieller notebook: t of 10 degrees, 1.812461."""
    found = fieller_interval(14, 3, 7, 2, critical=1.812461)
    assert found.bounded
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (2, 1.051413, 4.414296), abs=1e-6
    )


@pytest.mark.parametrize(
    ("critical", "lower", "upper"),
    [(1.812461, 1.54, 2.64), (2.228139, 1.46, 2.83), (3.169273, 1.27, 3.36)],
)
def test_two_means_as_graphpad_has_them(critical: float, lower: float, upper: float) -> None:
    """GraphPad QuickCalcs: 14 (SD 3, 6) over 7 (SD 2, 6), at 90, 95 and 99 %."""
    found = fieller_interval(14, 3 / math.sqrt(6), 7, 2 / math.sqrt(6), critical=critical)
    assert (round(found.lower, 2), round(found.upper, 2)) == (lower, upper)


def holds(found: RatioInterval, ratio: float) -> bool:
    """Whether a value belongs to the set."""
    if found.kind == "everything":
        return True
    if found.excluded is not None:
        return not found.excluded[0] < ratio < found.excluded[1]
    return found.lower <= ratio <= found.upper


amounts = st.floats(-10, 10)
errors = st.floats(0.01, 5)


@given(amounts, errors, amounts, errors, st.floats(-0.99, 0.99), st.floats(-30, 30))
def test_set_holds_what_the_test_does_not_reject(
    top: float, se_top: float, bottom: float, se_bottom: float, correlation: float, ratio: float
) -> None:
    """The definition: numerator - r * denominator is less than 1.96 errors from 0."""
    found = fieller_interval(top, se_top, bottom, se_bottom, correlation)
    error2 = se_top**2 - 2 * ratio * correlation * se_top * se_bottom + (ratio * se_bottom) ** 2
    distance = abs(top - ratio * bottom) / math.sqrt(error2)
    assume(abs(distance - 1.96) > 1e-6)
    assert holds(found, ratio) is (distance < 1.96)
    assert found.bounded is (abs(bottom) > 1.96 * se_bottom)
    assert holds(found, found.estimate)


def test_the_three_kinds_of_set() -> None:
    """Franz (2007): bounded, all but a gap, everything, as the denominator nears 0."""
    bounded = fieller_interval(1, 0.2, 1, 0.2)
    assert (bounded.kind, bounded.excluded) == ("bounded", None)
    outside = fieller_interval(1, 0.2, 0.1, 0.2)
    assert (outside.kind, outside.bounded) == ("outside", False)
    assert (outside.lower, outside.upper) == (-math.inf, math.inf)
    assert outside.excluded is not None
    low, high = outside.excluded
    # Each end of the gap is just rejected: 1.96 errors away.
    for end in (low, high):
        assert abs(1 - 0.1 * end) / math.hypot(0.2, 0.2 * end) == pytest.approx(1.96)
    everything = fieller_interval(0.1, 0.2, 0.1, 0.2)
    assert (everything.kind, everything.excluded) == ("everything", None)
    assert (everything.lower, everything.upper) == (-math.inf, math.inf)


def test_denominator_at_its_critical_value_leaves_one_ray() -> None:
    # With the numerator at its critical value too: 1 - 4r + 4r² <= 1 + 4r².
    assert fieller_interval(1, 0.5, 2, 1, critical=2).excluded == (-math.inf, 0)
    for sign in (1, -1):
        found = fieller_interval(sign * 3.0, 0.5, 2, 1, critical=2)
        assert found.kind == "outside"
        # 9 - 1 = 2 * 6 * r
        assert found.excluded == pytest.approx(
            (-math.inf, 8 / 12) if sign > 0 else (-8 / 12, math.inf)
        )
        assert (found.lower, found.upper) == pytest.approx(
            (8 / 12, math.inf) if sign > 0 else (-math.inf, -8 / 12)
        )


def test_denominator_of_nothing() -> None:
    assert fieller_interval(1, 0.1, 0, 0.1).estimate == math.inf
    assert fieller_interval(-1, 0.1, 0, 0.1).estimate == -math.inf
    for top, errors_ in (
        (1.0, (0.1, 0.1)),
        (0.0, (0.1, 0.1)),
        (1.0, (0.0, 0.0)),
        (0.0, (0.0, 0.0)),
    ):
        found = fieller_interval(top, errors_[0], 0, errors_[1])
        assert not found.bounded
        assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert math.isnan(fieller_interval(0, 0.1, 0, 0.1).estimate)


def test_known_parts() -> None:
    """A known denominator only scales; two known parts leave their quotient."""
    found = fieller_interval(3, 0.5, 2, 0)
    assert (found.lower, found.upper) == pytest.approx(((3 - 0.98) / 2, (3 + 0.98) / 2))
    exact = fieller_interval(3, 0, 2, 0)
    assert (exact.lower, exact.estimate, exact.upper) == (1.5, 1.5, 1.5)
    zero = fieller_interval(0, 0, 2, 0.1)
    assert (zero.kind, zero.lower, zero.upper) == ("bounded", 0, 0)


@given(st.floats(0.5, 20), errors, st.floats(0.5, 20), errors, st.floats(0.1, 50))
def test_units_do_not_matter_and_signs_turn_it_round(
    top: float, se_top: float, bottom: float, se_bottom: float, scale: float
) -> None:
    found = fieller_interval(top, se_top, bottom, se_bottom)
    assume(abs(bottom - 1.96 * se_bottom) > 1e-3)
    scaled = fieller_interval(top * scale, se_top * scale, bottom, se_bottom)
    turned = fieller_interval(-top, se_top, bottom, se_bottom)
    assert scaled.kind == turned.kind == found.kind
    if found.bounded:
        ends = found.lower, found.upper
        assert (scaled.lower, scaled.upper) == pytest.approx([end * scale for end in ends])
        assert (-turned.upper, -turned.lower) == pytest.approx(ends)


@pytest.mark.parametrize("denominator", [0.0, 0.5, 1.5, 6.0])
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_set_covers_the_ratio_however_small_the_denominator(
    denominator: float, correlation: float
) -> None:
    """4,000 simulated pairs; at a denominator of 0 no ratio is true, and 95 % are unbounded."""
    rng = np.random.default_rng(8)
    noise = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 4000)
    sets = [
        fieller_interval(2 + top, 1, denominator + bottom, 1, correlation)
        for top, bottom in noise.tolist()
    ]
    if denominator:
        share = np.mean([holds(found, 2 / denominator) for found in sets])
    else:
        share = np.mean([not found.bounded for found in sets])
    assert share == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, -0.1, 1, 0.1), "errors and a critical value of 0 or more"),
        ((1, 0.1, math.nan, 0.1), "finite values"),
        ((1, 0.1, 1, math.inf), "finite values"),
        ((1, 0.1, 1, 0.1, 1.5), "a correlation of 1.5"),
    ],
)
def test_impossible_ratios_are_refused(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fieller_interval(*arguments)
