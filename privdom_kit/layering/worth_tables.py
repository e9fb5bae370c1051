"""The tables of customer value, out of sums that the engine made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.engine import checkpoint
from privdom_kit.layering.states import STATES, cycle_days, with_states
from privdom_kit.layering.value_fit import positive_interval
from privdom_kit.layering.worth_holdout import BANDS
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.worth_model import WorthModel
    from privdom_kit.settings import Settings

TENTHS = 10
_MOST_CHANNELS = 50_000
_ENDS = ("", "_ci_lower", "_ci_upper")
_PER = ("expected_value_per_customer", "chance_alive")


def with_tenths(valued: nw.LazyFrame, base: CustomerBase) -> nw.LazyFrame:
    """The valued buyers with ``tenth``: 1 + floor(10 x buyers ahead / buyers); equals share one."""
    import narwhals as nw

    counts = valued.group_by("expected_value").agg(nw.len().alias("_people"))
    counts = counts.with_columns(_order=-nw.col("expected_value"))
    ahead = nw.col("_people").cum_sum().over(order_by="_order").cast(nw.Int64) - nw.col("_people")
    tenths = counts.with_columns(_ahead=ahead).select(
        nw.col("expected_value"),
        (1 + TENTHS * nw.col("_ahead") // base.figures["buyers"]).cast(nw.Int32).alias("tenth"),
    )
    return checkpoint(valued.join(tenths, on="expected_value"))


def worth_tables(
    model: WorthModel, valued: nw.LazyFrame, base: CustomerBase, settings: Settings
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], dict[str, Any], int]:
    """The table by tenths, those by repeat orders, state and channel, the totals, cells hidden."""
    import narwhals as nw

    level, least = settings.layering.confidence_level, settings.privacy.min_cell
    last = len(BANDS) - 1
    orders = nw.col("orders")
    band = nw.when(orders < last).then(orders).otherwise(nw.lit(last)).cast(nw.Int32)
    rows = valued.with_columns(band=band, everyone=nw.lit(0))
    states = cycle_days(base, settings.layering) is not None
    if states:
        layered = with_states(base, settings.layering).select("customer", "state")
        rows = rows.join(layered, on="customer", how="left")
    total = _per_customer(model.sums(rows, ["everyone"], level, 1))
    by_tenth = _per_customer(model.sums(rows, ["tenth"], level, TENTHS))
    by_orders = _per_customer(model.sums(rows, ["band"], level, len(BANDS)))
    found = {"repeat_orders": _named_bands(by_orders, model)}
    if states:
        by_state = _per_customer(model.sums(rows, ["state"], level, len(STATES)))
        found["states"] = by_state.assign(state=[STATES[s] for s in by_state["state"]])
    found["by_channel"] = _named_channels(
        _per_customer(model.sums(rows, ["channel"], level, _MOST_CHANNELS)), base
    )
    tables, cells = {}, 0
    for name, one in (("tenths", by_tenth), *found.items()):
        kept = _without_chances(one) if name != "repeat_orders" else one
        tables[name], hidden = _suppress(kept, least)
        cells += hidden
    return tables.pop("tenths"), tables, _totals(total), cells


def parameter_table(model: WorthModel, level: float) -> pd.DataFrame:
    """The fitted parameters with intervals; times in days, amounts in the client's currency."""
    import pandas as pd

    rows = []
    for fit, name in (
        (model.repeat_buying, model.repeat_buying.model),
        (model.spend, "gamma_gamma"),
    ):
        for parameter, value in fit.params.items():
            found = positive_interval(value, fit.standard_errors[parameter], level)
            ends = (value, float(found.ci_lower), float(found.ci_upper))
            bounds = dict(zip((f"estimate{end}" for end in _ENDS), ends, strict=True))
            rows.append({"model": name, "parameter": parameter, **bounds})
    return pd.DataFrame(rows)


def _per_customer(table: pd.DataFrame) -> pd.DataFrame:
    """With means per customer, and the buyers of all rows."""
    columns: dict[str, Any] = {"buyers": int(table["customers"].sum())}
    for name, whole in zip(_PER, ("expected_value", "alive_customers"), strict=True):
        columns |= {f"{name}{e}": table[f"{whole}{e}"] / table["customers"] for e in _ENDS}
    table = table.assign(**columns)
    # A chance is a share: the interval of the sum, on the log scale, may reach beyond everybody.
    for end in _ENDS:
        table[f"chance_alive{end}"] = np.minimum(table[f"chance_alive{end}"], 1.0)
        table[f"alive_customers{end}"] = np.minimum(
            table[f"alive_customers{end}"], table["customers"]
        )
    front = [c for c in table.columns if c not in ("customers", "buyers")]
    return table[[front[0], "customers", "buyers", *front[1:]]]


def _named_bands(table: pd.DataFrame, model: WorthModel) -> pd.DataFrame:
    """By repeat orders; BG/NBD's certainty that who never came back is alive is not shown."""
    table = table.rename(columns={"band": "repeat_orders"})
    none = table["repeat_orders"] == 0
    table["repeat_orders"] = [BANDS[b] for b in table["repeat_orders"]]
    if model.repeat_buying.model == "bg_nbd":
        chances = [f"{n}{end}" for n in ("alive_customers", "chance_alive") for end in _ENDS]
        table.loc[none, chances] = np.nan
    return table


def _named_channels(table: pd.DataFrame, base: CustomerBase) -> pd.DataFrame:
    table = table.sort_values(["customers", "channel"], ascending=[False, True], ignore_index=True)
    names = [base.channels[c][1] if c >= 0 else "unknown" for c in table["channel"]]
    return table.assign(channel=names)


def _without_chances(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=[c for c in table if c.startswith(("alive_", "chance_"))])


def _suppress(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    keep = (table.columns[0], "customers", "buyers")
    return suppress(table, "customers", [c for c in table if c not in keep], least)


def _totals(total: pd.DataFrame) -> dict[str, Any]:
    row = total.iloc[0]
    names = ("expected_orders", "expected_value")
    return {"buyers": int(row["customers"])} | {
        f"{name}{end}": float(row[f"{name}{end}"]) for name in names for end in _ENDS
    }
