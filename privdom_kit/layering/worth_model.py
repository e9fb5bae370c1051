"""Fitted models of orders and spend, evaluated once a distinct history and summed in the engine.

Errors of the parameters move all customers the same way, so the standard error of a sum comes
from the summed slopes (delta method on the sum itself), not from the customers' own errors. The
slopes stand beside the values on the distinct rows, and the engine adds up their products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import checkpoint, collect, send
from privdom_kit.layering.repeat_buying import RepeatBuying
from privdom_kit.layering.spend import Spend, expected_under
from privdom_kit.layering.value_discount import Discounting, discounted_orders
from privdom_kit.layering.value_fit import positive_interval
from privdom_kit.layering.value_questions import Questions
from privdom_kit.layering.worth_inputs import HISTORY, SPEND

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

_STEP = 1e-5  # of differences in a log parameter, as the models' own errors use it
_ORDERS, _AMOUNTS = range(4), range(3)  # parameters of repeat buying, of spend
SUMS = ("expected_orders", "expected_value", "alive_customers")


@dataclass(frozen=True, slots=True, eq=False)
class WorthModel:
    """What customers are expected to bring.

    Attributes:
        repeat_buying: Fitted on repeat purchase days; ages in days.
        spend: Fitted on the net per repeat purchase day, in units of the currency.
        discounting: Rate and rule.
        horizon_days: Length of the period ahead.
        margin: Share of spend that counts as value; 1 values spend itself.
    """

    repeat_buying: RepeatBuying
    spend: Spend
    discounting: Discounting
    horizon_days: int
    margin: float

    def order_table(self, histories: pd.DataFrame) -> pd.DataFrame:
        """Per distinct history: expected orders, their present number, chance to be alive, slopes.

        Raises:
            DataError: Histories that cannot be.
        """
        model, natural = self.repeat_buying, np.array(list(self.repeat_buying.params.values()))
        asked = Questions.of(self.horizon_days, *(histories[name] for name in HISTORY))

        def present(params: NDArray) -> NDArray:
            def cumulative(time: float) -> NDArray:
                return model.orders_under(params, asked, time)

            scale = model.params["alpha"]
            return discounted_orders(cumulative, self.horizon_days, self.discounting, scale)

        functions: dict[str, Callable[[NDArray], NDArray]] = {
            "orders_ahead": lambda params: model.orders_under(params, asked),
            "orders_present": present,
            "alive": lambda params: model.alive_under(params, asked),
        }
        columns = {name: histories[name].to_numpy() for name in HISTORY}
        for name, function in functions.items():
            for key, values in _with_slopes(name, function, natural).items():
                columns[key] = asked.answers(values)
        return _frame(columns)

    def amount_table(self, spends: pd.DataFrame) -> pd.DataFrame:
        """Per distinct orders and mean: the value of an order to come (spend x margin), slopes.

        Raises:
            NotMeasurable: The expected spend of a customer is infinite.
        """
        natural = np.array(list(self.spend.params.values()))
        x, mean, _ = self.spend.read_customers(spends["paid_orders"], spends["mean_cents"] / 100)

        def amount(params: NDArray) -> NDArray:
            return self.margin * expected_under(params, x, mean)

        columns = {name: spends[name].to_numpy() for name in SPEND}
        return _frame(columns | _with_slopes("amount", amount, natural))

    def value(
        self, rows: nw.LazyFrame, histories: pd.DataFrame, spends: pd.DataFrame
    ) -> nw.LazyFrame:
        """The buyers with what they are expected to bring, kept in the engine.

        Args:
            rows: Buyers of :func:`~privdom_kit.layering.worth_inputs.with_histories`.
            histories: Their distinct histories.
            spends: Their distinct orders and means.

        Returns:
            The rows with ``expected_orders``, ``expected_value`` (discounted), ``chance_alive``
            and the slopes that :meth:`sums` adds up.
        """
        import narwhals as nw

        rows = rows.join(send(self.order_table(histories), rows), on=list(HISTORY))
        rows = rows.join(send(self.amount_table(spends), rows), on=list(SPEND))
        present, amount = nw.col("orders_present"), nw.col("amount")
        products = {f"value_o{i}": nw.col(f"orders_present_{i}") * amount for i in _ORDERS}
        products |= {f"value_a{i}": present * nw.col(f"amount_{i}") for i in _AMOUNTS}
        rows = rows.with_columns(
            expected_orders=nw.col("orders_ahead"),
            expected_value=present * amount,
            chance_alive=nw.col("alive"),
            **products,
        )
        drop = ["orders_ahead", "orders_present", "alive", "amount"]
        drop += [f"orders_present_{i}" for i in _ORDERS] + [f"amount_{i}" for i in _AMOUNTS]
        return checkpoint(rows.drop(*drop))

    def sums(
        self, rows: nw.LazyFrame, keys: Sequence[str], level: float, limit: int
    ) -> pd.DataFrame:
        """Customers, net spend and expectations by group, with intervals.

        The interval carries the uncertainty of the parameters of both models, taken as
        independent; who is in which group is taken as given.

        Returns:
            The keys, ``customers, net_spend, expected_orders, expected_value, alive_customers``
            (sum of the chances to be alive), each expectation with its interval.
        """
        import narwhals as nw

        slopes = [f"{stem}_{i}" for stem in ("orders_ahead", "alive") for i in _ORDERS]
        slopes += [f"value_o{i}" for i in _ORDERS] + [f"value_a{i}" for i in _AMOUNTS]
        added = [nw.col(c).sum() for c in ("expected_orders", "expected_value", *slopes)]
        grouped = rows.group_by(*keys).agg(
            nw.len().alias("customers"),
            nw.col("net_cents").sum().alias("cents"),
            nw.col("chance_alive").sum().alias("alive_customers"),
            *added,
        )
        found = collect(grouped, limit=limit).astype("float64")
        table = found[[*keys, "customers"]].astype("int64").assign(net_spend=found["cents"] / 100)
        errors = self._errors(found)
        for name in SUMS:
            interval = positive_interval(found[name], errors[name], level)
            table[name] = interval.estimate
            table[f"{name}_ci_lower"] = interval.ci_lower
            table[f"{name}_ci_upper"] = interval.ci_upper
        return table.sort_values(list(keys), ignore_index=True)

    def _errors(self, found: pd.DataFrame) -> dict[str, NDArray]:
        by_orders, by_spend = self.repeat_buying.log_covariance, self.spend.log_covariance
        value = _variance(found, "value_o", by_orders) + _variance(found, "value_a", by_spend)
        return {
            "expected_orders": np.sqrt(_variance(found, "orders_ahead_", by_orders)),
            "expected_value": np.sqrt(value),
            "alive_customers": np.sqrt(_variance(found, "alive_", by_orders)),
        }


def _with_slopes(
    name: str, function: Callable[[NDArray], NDArray], natural: NDArray
) -> dict[str, NDArray]:
    """A function's values and its slopes in the logarithm of each parameter."""
    values = function(natural)
    columns = {name: values}
    for index in range(natural.size):
        moved = natural.copy()
        moved[index] *= np.exp(_STEP)
        columns[f"{name}_{index}"] = (function(moved) - values) / _STEP
    return columns


def _variance(found: pd.DataFrame, stem: str, covariance: NDArray) -> NDArray:
    slopes = found[[f"{stem}{i}" for i in range(len(covariance))]].to_numpy()
    return np.maximum(np.einsum("ni,ij,nj->n", slopes, covariance, slopes), 0)


def _frame(columns: dict[str, NDArray]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns)
