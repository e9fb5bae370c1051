"""Whether the model of repeat buying foresees orders better than the plain mean does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.estimates import Interval
from privdom_kit.layering.repeat_buying import fit_repeat_buying
from privdom_kit.layering.value_fit import normal_quantile
from privdom_kit.layering.worth_inputs import HISTORY, split_histories
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.repeat_buying import RepeatBuying
    from privdom_kit.settings import LayeringSettings, Settings

BANDS = ("0", "1", "2", "3", "4", "5", "6", "7+")  # repeat orders, as the papers tabulate them
_ENDS = ("", "_ci_lower", "_ci_upper")


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """Expected against actual orders of the days held back.

    Attributes:
        table: By repeat orders before: ``repeat_orders, customers, actual_orders, model_orders``
            with interval, ``mean_orders``.
        figures: The same over all customers, and the errors per customer.
        change: Mean squared error of the model less that of the plain mean, per customer.
        deviation: Orders expected by the model / actual orders - 1; infinite without any.
        hidden: Cells suppressed in the table.
    """

    table: pd.DataFrame
    figures: dict[str, Any]
    change: Interval
    deviation: float
    hidden: int

    @property
    def is_worse(self) -> bool:
        """Whether the model errs more than the plain mean."""
        return self.change.estimate >= 0

    @property
    def is_better(self) -> bool:
        """Whether the model errs less for sure."""
        return self.change.upper < 0


def hold_out(base: CustomerBase, settings: Settings) -> Holdout:
    """Fit the model on all but the last ``value_holdout_days`` and ask it for those.

    The plain mean gives every customer the mean rate of all: repeat orders / days watched in the
    calibration part, times the days held back. The error is the square of expected less actual
    orders, which a forecast of the mean is right to be judged by.

    Raises:
        NotMeasurable: The calibration part does not determine the model.
        DataError: Nobody bought before the days held back.
    """
    chosen = settings.layering
    days = chosen.value_holdout_days
    rows = split_histories(base, base.as_of_day - days)
    histories = tuple(rows[name].to_numpy("float64") for name in HISTORY)
    counts = rows["customers"].to_numpy("float64")
    orders, age_at_last, age = histories
    model = fit_repeat_buying(orders, age_at_last, age, counts, chosen.value_model)
    actual = rows["later_orders"].to_numpy("float64")
    expected = model.expected_orders(days, *histories)
    plain = days * (counts @ histories[0]) / (counts @ histories[2])
    errors, worst = (expected - actual) ** 2, (plain - actual) ** 2
    table = _bands(rows, model, days, plain, chosen)
    hides = ["actual_orders", "mean_orders", *(f"model_orders{end}" for end in _ENDS)]
    shown, hidden = suppress(table, "customers", hides, settings.privacy.min_cell)
    change = _mean_interval(errors - worst, counts, chosen.confidence_level)
    total, forecast = counts @ actual, counts @ expected
    figures = _figures(rows, model, plain, chosen) | {
        "model_error": float(np.sqrt(counts @ errors / counts.sum())),
        "mean_error": float(np.sqrt(counts @ worst / counts.sum())),
        "error_change": change.estimate,
        "error_change_ci_lower": change.lower,
        "error_change_ci_upper": change.upper,
    }
    return Holdout(shown, figures, change, forecast / total - 1 if total else np.inf, hidden)


def order_band(orders: NDArray) -> NDArray:
    """The place in :data:`BANDS` of numbers of repeat orders."""
    return np.minimum(orders, len(BANDS) - 1)


def _bands(
    rows: pd.DataFrame, model: RepeatBuying, days: int, plain: float, settings: LayeringSettings
) -> pd.DataFrame:
    import pandas as pd

    bands = order_band(rows["orders"].to_numpy("int64"))
    found = []
    for place, name in enumerate(BANDS):
        own = rows[bands == place]
        if len(own):
            found.append({"repeat_orders": name, **_compared(own, model, days, plain, settings)})
    return pd.DataFrame(found)


def _compared(
    own: pd.DataFrame, model: RepeatBuying, days: int, plain: float, settings: LayeringSettings
) -> dict[str, float]:
    orders, age_at_last, age = (own[name] for name in HISTORY)
    counts = own["customers"]
    total = model.expected_orders_total(
        days, orders, age_at_last, age, counts, settings.confidence_level
    )
    ends = (float(total.estimate), float(total.ci_lower), float(total.ci_upper))
    return {
        "customers": int(counts.sum()),
        "actual_orders": int((counts * own["later_orders"]).sum()),
        **dict(zip((f"model_orders{end}" for end in _ENDS), ends, strict=True)),
        "mean_orders": float(plain * counts.sum()),
    }


def _figures(
    rows: pd.DataFrame, model: RepeatBuying, plain: float, settings: LayeringSettings
) -> dict[str, Any]:
    compared = _compared(rows, model, settings.value_holdout_days, plain, settings)
    return {
        "holdout_days": settings.value_holdout_days,
        "holdout_customers": compared.pop("customers"),
        **compared,
    }


def _mean_interval(values: NDArray, counts: NDArray, level: float) -> Interval:
    """The mean over customers and its normal interval."""
    n = counts.sum()
    mean = counts @ values / n
    variance = counts @ (values - mean) ** 2 / max(n - 1, 1)
    margin = normal_quantile(level) * np.sqrt(variance / n)
    return Interval(float(mean), float(mean - margin), float(mean + margin))
