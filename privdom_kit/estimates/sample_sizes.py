"""How many people a test of shares needs, and what a given number can detect."""

from __future__ import annotations

import math
from collections.abc import Callable

from privdom_kit.errors import DataError
from privdom_kit.estimates.basics import normal_quantile

# Standard deviations under the null and the alternative, and the size of the effect, for one
# person of the control; of p0, p1 and ratio.
_Parts = tuple[float, float, float]


def sample_size_proportions(
    p0: float,
    p1: float,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    arms: int = 1,
    formula: str = "pooled",
) -> int:
    """People needed in the control to tell the share p1 from p0, two-sided.

    Four formulas are in use and all are right for the test that they stand for; say which.
    20 % to 25 % at 80 % power takes, in each arm:

    - ``pooled``, 1,094: null variance from the pooled share, as the test of equality has it
      (J. L. Fleiss, Statistical Methods for Rates and Proportions, 1981, without continuity
      correction; R's power.prop.test, statsmodels, gsDesign's nBinomial).
    - ``unpooled``, 1,091: both variances as they are (S.-C. Chow, J. Shao and H. Wang, Sample Size
      Calculations in Clinical Research, 2008, section 4.2; G. W. Snedecor and W. G. Cochran).
    - ``baseline``, 1,030: null variance from the control's share, as E. Miller's calculator has it
      (How not to run an A/B test, 2010). Optimistic where p1 is nearer to a half than p0.
    - ``arcsine``, 1,092: J. Cohen, Statistical Power Analysis (1988), chapter 6 (pwr's
      pwr.2p.test).

    Rounded up, apart from baseline, which is rounded to the nearest as Miller's calculator does.

    Args:
        p0: Share in the control.
        p1: Share in a treatment.
        alpha: Two-sided chance of a false claim, over all treatments.
        power: Chance to find the difference, for each treatment.
        ratio: People of a treatment to one of the control: a treatment needs ratio times as many.
        arms: Treatments compared with the control; alpha is divided by it (Bonferroni).
        formula: pooled, unpooled, baseline or arcsine.

    Returns:
        People of the control, two at least.

    Raises:
        DataError: The shares are equal or impossible, or an argument is out of range.
    """
    null, alternative, effect = _parts(p0, p1, ratio, formula)
    if not effect > 0:
        raise DataError(f"shares of {p0} and {p1}", "a sample size needs two shares that differ")
    quantiles = _critical(alpha, arms), _power_quantile(power)
    people = ((quantiles[0] * null + quantiles[1] * alternative) / effect) ** 2
    whole = math.floor(people + 0.5) if formula == "baseline" else _round_up(people)
    return max(whole, 2)


def power_proportions(
    p0: float,
    p1: float,
    n0: float,
    alpha: float = 0.05,
    ratio: float = 1.0,
    arms: int = 1,
    formula: str = "pooled",
) -> float:
    """Chance to find the difference of p1 from p0 with n0 people in the control.

    The inverse of :func:`sample_size_proportions`: the claim in the right direction only, as there.

    Raises:
        DataError: As :func:`sample_size_proportions`, or ``n0`` is not above 0.
    """
    from scipy.special import ndtr

    null, alternative, effect = _parts(p0, p1, ratio, formula)
    _check_people(n0)
    reach = math.sqrt(n0) * effect - _critical(alpha, arms) * null
    if not alternative > 0:
        return float(reach >= 0)
    return float(ndtr(reach / alternative))


def detectable_difference(
    p0: float,
    n0: float,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    arms: int = 1,
    formula: str = "pooled",
    direction: str = "up",
) -> float | None:
    """The smallest difference p1 - p0 that n0 people in the control can detect.

    The inverse of :func:`sample_size_proportions` before rounding.

    Args:
        p0: Share in the control.
        n0: People of the control.
        alpha: As there.
        power: As there.
        ratio: As there.
        arms: As there.
        formula: As there.
        direction: up for a rise (the result is above 0), down for a fall (below 0).

    Returns:
        None where not even a share of 1 (or of 0) could be told from ``p0``: it cannot detect.

    Raises:
        DataError: As :func:`sample_size_proportions`, ``n0`` is not above 0, or the direction is
            unknown.
    """
    from scipy.optimize import brentq

    if direction not in ("up", "down"):
        raise DataError(f"the direction is {direction!r}", "known: up, down")
    _check_people(n0)
    end = 1.0 if direction == "up" else 0.0
    quantiles = _critical(alpha, arms), _power_quantile(power)

    def spare(p1: float) -> float:
        null, alternative, effect = _parts(p0, p1, ratio, formula)
        return math.sqrt(n0) * effect - quantiles[0] * null - quantiles[1] * alternative

    if p0 == end or spare(end) < 0:
        return None
    # The curve starts below 0 at p0, where there is no effect, and crosses once. A control that
    # does not vary leaves it at 0 there.
    start = p0 + (end - p0) * 1e-12
    if spare(start) >= 0:
        return start - p0
    return float(brentq(spare, start, end, xtol=1e-15, rtol=1e-12)) - p0


def sample_size_noninferiority(
    p_treatment: float,
    p_control: float,
    margin: float,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
) -> int:
    """People needed in the control to show p_treatment - p_control below the margin, one-sided.

    For events nobody wants (opt-outs), as :func:`privdom_kit.estimates.noninferiority_test` has
    them; for events that are wanted give the shares without the event. Unpooled variance: S.-C.
    Chow, J. Shao and H. Wang, Sample Size Calculations in Clinical Research (2008), section 4.2.2;
    W. C. Blackwelder, Controlled Clinical Trials 3 (1982).

    Args:
        p_treatment: Share expected in the treatment.
        p_control: Share expected in the control.
        margin: Rise that is put up with.
        alpha: One-sided chance of a false claim.
        power: Chance to show it.
        ratio: People of the treatment to one of the control.

    Returns:
        People of the control, rounded up, two at least.

    Raises:
        DataError: The expected rise reaches the margin already, so that no number would do; or an
            argument is out of range.
    """
    _check_shares(p_treatment, p_control, ratio)
    room = margin - (p_treatment - p_control)
    if not room > 1e-15:
        raise DataError(
            f"an expected rise of {p_treatment - p_control} and a margin of {margin}",
            "the margin must lie above the rise that is expected",
            "Widen the margin, or expect less.",
        )
    quantiles = _power_quantile(1 - alpha) + _power_quantile(power)
    variance = p_control * (1 - p_control) + p_treatment * (1 - p_treatment) / ratio
    return max(_round_up(quantiles**2 * variance / room**2), 2)


def _pooled(p0: float, p1: float, ratio: float) -> _Parts:
    middle = (p0 + ratio * p1) / (1 + ratio)
    null = math.sqrt(middle * (1 - middle) * (1 + 1 / ratio))
    return null, _unpooled_error(p0, p1, ratio), abs(p1 - p0)


def _unpooled(p0: float, p1: float, ratio: float) -> _Parts:
    error = _unpooled_error(p0, p1, ratio)
    return error, error, abs(p1 - p0)


def _baseline(p0: float, p1: float, ratio: float) -> _Parts:
    null = math.sqrt(p0 * (1 - p0) * (1 + 1 / ratio))
    return null, _unpooled_error(p0, p1, ratio), abs(p1 - p0)


def _arcsine(p0: float, p1: float, ratio: float) -> _Parts:
    error = math.sqrt(1 + 1 / ratio)
    return error, error, 2 * abs(math.asin(math.sqrt(p1)) - math.asin(math.sqrt(p0)))


def _unpooled_error(p0: float, p1: float, ratio: float) -> float:
    return math.sqrt(p0 * (1 - p0) + p1 * (1 - p1) / ratio)


_FORMULAS: dict[str, Callable[[float, float, float], _Parts]] = {
    "pooled": _pooled,
    "unpooled": _unpooled,
    "baseline": _baseline,
    "arcsine": _arcsine,
}


def _parts(p0: float, p1: float, ratio: float, formula: str) -> _Parts:
    if formula not in _FORMULAS:
        raise DataError(f"the formula is {formula!r}", f"known: {', '.join(_FORMULAS)}")
    _check_shares(p0, p1, ratio)
    return _FORMULAS[formula](p0, p1, ratio)


def _critical(alpha: float, arms: int) -> float:
    if not 0 < alpha < 1 or arms < 1:
        raise DataError(
            f"alpha {alpha} over {arms} treatments", "expected one from 0 to 1, and a treatment"
        )
    return normal_quantile(1 - alpha / arms / 2)


def _power_quantile(power: float) -> float:
    if not 0 < power < 1:
        raise DataError(f"a chance of {power}", "expected one between 0 and 1")
    return normal_quantile(power)


def _check_people(n0: float) -> None:
    if not n0 > 0:
        raise DataError(f"{n0} people in the control", "expected one at least")


def _check_shares(first: float, second: float, ratio: float) -> None:
    if not (0 <= first <= 1 and 0 <= second <= 1 and 0 < ratio < math.inf):
        raise DataError(
            f"shares of {first} and {second}, ratio {ratio}",
            "expected shares from 0 to 1 and a ratio above 0",
        )


def _round_up(people: float) -> int:
    # A whole number that rounding put a hair too high stays what it is.
    return math.ceil(people - 1e-9 * max(people, 1.0))
