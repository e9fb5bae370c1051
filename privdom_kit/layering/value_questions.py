"""What is asked of a fitted model about many customers, each distinct question once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.errors import DataError
from privdom_kit.layering.value_inputs import distinct_rows, read_columns, read_histories

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Distinct histories and horizons, and the way back to the customers.

    The chance to be alive takes the whole history; the orders of one who is alive do not know the
    age at the last order, so they are asked once per pair of orders and age.

    Attributes:
        orders: Repeat orders of the distinct questions.
        age_at_last: Age at the last order.
        age: Age now.
        places: Of each customer's question among the distinct ones.
        shape: Of the answer.
        pair_orders: Orders of the distinct pairs.
        pair_age: Age now of the distinct pairs.
        pair_ahead: Horizon of the distinct pairs.
        pair: Of each distinct question, its pair.
    """

    orders: NDArray
    age_at_last: NDArray
    age: NDArray
    places: NDArray
    shape: tuple[int, ...]
    pair_orders: NDArray
    pair_age: NDArray
    pair_ahead: NDArray
    pair: NDArray

    @classmethod
    def of(
        cls, horizon: ArrayLike, orders: ArrayLike, age_at_last: ArrayLike, age: ArrayLike
    ) -> Questions:
        """Check and collapse. A single number stands for every customer."""
        asked = (horizon, orders, age_at_last, age)
        single = all(np.ndim(value) == 0 for value in asked)
        size = max(np.size(value) for value in asked)
        ahead, *histories = (
            np.full(size, value) if np.ndim(value) == 0 else value for value in asked
        )
        x, t_x, t = read_histories(*histories)
        rows, places = distinct_rows((x, t_x, t, _horizons(ahead, size)))
        x, t_x, t, ahead = rows
        (pair_x, pair_t, pair_ahead), pair = distinct_rows((x, t, ahead))
        shape = () if single else places.shape
        return cls(x, t_x, t, places, shape, pair_x, pair_t, pair_ahead, pair)

    def answers(self, values: NDArray) -> NDArray:
        """Values of the distinct questions, handed out to the customers."""
        return values[self.places].reshape(self.shape)

    def total(self, weights: NDArray | None) -> NDArray:
        """Weights of the customers (1 each for None), summed over each distinct question."""
        return np.bincount(self.places, weights=weights, minlength=self.orders.size)


def _horizons(horizon: ArrayLike, customers: int) -> NDArray:
    (ahead,) = read_columns(horizon=horizon)
    if ahead.size != customers:
        raise DataError(
            f"`horizon` has {ahead.size} values for {customers} customers",
            "Expected one horizon, or one per customer",
        )
    if (ahead < 0).any():
        raise DataError(f"`horizon` is {ahead.min():g}", "Expected a time from 0 on")
    return ahead
