"""What customers are worth: expected orders times expected spend, discounted over a horizon.

The same customers are worth different totals by the rule of discounting, so the rule is part of
the number and is always stated with it:

``at_order``    each order is discounted from the moment at which it is expected, continuously:
                the integral of (1 + d)^(-s / year) over dE[Y(s)], s from 0 to the horizon;
``period_end``  all orders of a period (a month by default) are discounted from its end, as
                spreadsheets do; lower than ``at_order``, by about half a period's discount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from privdom_kit.errors import ConfigError
from privdom_kit.layering.repeat_buying import RepeatBuying
from privdom_kit.layering.spend import Spend, expected_under
from privdom_kit.layering.value_fit import Estimates, positive_interval
from privdom_kit.layering.value_inputs import read_counts
from privdom_kit.layering.value_questions import Questions

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NODES = 8  # of the Gauss-Legendre rule over log time


@dataclass(frozen=True, slots=True)
class Discounting:
    """How money to come is discounted.

    Attributes:
        rate_per_year: E.g. 0.10; 0 for none.
        units_per_year: Units of the ages in a year: 365.25 where ages are days.
        rule: ``at_order`` or ``period_end`` (see the top of the file).
        periods_per_year: Periods of ``period_end``; 12 for months.
    """

    rate_per_year: float
    units_per_year: float
    rule: Literal["at_order", "period_end"] = "at_order"
    periods_per_year: float = 12

    def __post_init__(self) -> None:
        if not self.rate_per_year >= 0:
            raise ConfigError(
                f"The discount rate is {self.rate_per_year}", "Expected a share from 0 on"
            )
        if not (self.units_per_year > 0 and self.periods_per_year > 0):
            raise ConfigError("A year of 0 units or periods", "Expected numbers above 0")
        if self.rule not in ("at_order", "period_end"):
            raise ConfigError(f"`rule` is {self.rule!r}", "Expected at_order or period_end")


def discounted_orders(
    cumulative: Callable[[float], NDArray], horizon: float, discounting: Discounting, scale: float
) -> NDArray:
    """Orders within ``horizon``, each counted at its present value.

    Args:
        cumulative: Expected orders within a time, one value per customer.
        horizon: In the unit of the ages, as everything here.
        discounting: Rate and rule.
        scale: Time over which ``cumulative`` bends, e.g. alpha; places the integration nodes.
    """
    force = np.log1p(discounting.rate_per_year) / discounting.units_per_year
    if discounting.rule == "period_end":
        return _by_period(cumulative, horizon, discounting, force)
    total = np.exp(-force * horizon) * cumulative(horizon)
    if force == 0:
        return total
    # By parts: the integral over dE becomes one over E, in u = log(1 + s / scale).
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.log1p(horizon / scale) / 2
    for u, weight in zip(half * (1 + nodes), half * weights, strict=True):
        time = scale * np.expm1(u)
        total += weight * (time + scale) * force * np.exp(-force * time) * cumulative(time)
    return total


def expected_value(
    repeat_buying: RepeatBuying,
    spend: Spend,
    horizon: float,
    orders: ArrayLike,
    age_at_last: ArrayLike,
    age: ArrayLike,
    mean_amount: ArrayLike,
    *,
    discounting: Discounting,
    margin: float = 1.0,
    level: float = 0.95,
) -> Estimates:
    """Discounted margin that customers with these histories are expected to bring.

    Args:
        repeat_buying: Fitted model of orders.
        spend: Fitted model of spend, on the same orders.
        horizon: Length of the period ahead, in the unit of the ages.
        orders: Repeat orders so far.
        age_at_last: Age at the last order.
        age: Age now.
        mean_amount: Mean amount of the repeat orders; not looked at where ``orders`` is 0.
        discounting: Rate and rule.
        margin: Share of spend that stays, 0 to 1; 1 gives discounted spend.
        level: Level of the intervals.

    Returns:
        Money per customer, with the uncertainty that the parameters of both models leave; the
        models are taken as independent.

    Raises:
        DataError: Histories, amounts or horizon that cannot be.
        NotMeasurable: The expected spend of a customer is infinite.
    """
    _check_margin(margin)
    asked = Questions.of(horizon, orders, age_at_last, age)
    values, errors = repeat_buying.with_errors(_present(repeat_buying, asked, horizon, discounting))
    amount = spend.expected_spend_interval(orders, mean_amount, level)
    count, error = asked.answers(values), asked.answers(errors)
    error = np.hypot(error * amount.estimate, count * amount.standard_error)
    return positive_interval(margin * count * amount.estimate, margin * error, level)


def expected_value_total(
    repeat_buying: RepeatBuying,
    spend: Spend,
    horizon: float,
    orders: ArrayLike,
    age_at_last: ArrayLike,
    age: ArrayLike,
    mean_amount: ArrayLike,
    *,
    discounting: Discounting,
    counts: ArrayLike | None = None,
    margin: float = 1.0,
    level: float = 0.95,
) -> Estimates:
    """As :func:`expected_value`, for all these customers together.

    Errors of the parameters move all customers the same way, so the standard error of the sum is
    not to be had from the customers' own.
    """
    _check_margin(margin)
    asked = Questions.of(horizon, orders, age_at_last, age)
    present = _present(repeat_buying, asked, horizon, discounting)
    x, mean, _ = spend.read_customers(orders, mean_amount)
    given = read_counts(counts, x.size)
    n = margin * (np.ones(x.size) if given is None else given)
    weights = asked.total(n * np.ravel(spend.expected_spend(x, mean)))
    total, by_orders = repeat_buying.with_errors(lambda p: np.array([weights @ present(p)]))
    amounts = n * present(np.array(list(repeat_buying.params.values())))[asked.places]
    _, by_spend = spend.with_errors(lambda p: np.array([amounts @ expected_under(p, x, mean)]))
    return positive_interval(total[0], np.hypot(by_orders, by_spend)[0], level)


def _present(
    repeat_buying: RepeatBuying, asked: Questions, horizon: float, discounting: Discounting
) -> Callable[[NDArray], NDArray]:
    """Discounted orders per distinct question as a function of the parameters."""
    scale = repeat_buying.params["alpha"]

    def present(params: NDArray) -> NDArray:
        def cumulative(time: float) -> NDArray:
            return repeat_buying.orders_under(params, asked, time)

        return discounted_orders(cumulative, horizon, discounting, scale)

    return present


def _by_period(
    cumulative: Callable[[float], NDArray], horizon: float, discounting: Discounting, force: float
) -> NDArray:
    length = discounting.units_per_year / discounting.periods_per_year
    # A last period cut short by the horizon ends at the horizon; rounding must not add one.
    ends = length * np.arange(1, np.ceil(horizon / length - 1e-9))
    total, before = 0.0, cumulative(0.0)
    for end in (*ends, horizon):
        orders = cumulative(end)
        total, before = total + np.exp(-force * end) * (orders - before), orders
    return np.asarray(total)


def _check_margin(margin: float) -> None:
    if not 0 <= margin <= 1:
        raise ConfigError(f"`margin` is {margin}", "Expected a share of spend from 0 to 1")
