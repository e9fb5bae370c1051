"""Orders of people who were sent something against those held back from it at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate, bounded, interval_figures
from privdom_kit.deliveries import held_back
from privdom_kit.engine import collect
from privdom_kit.estimates import difference_interval
from privdom_kit.journeys.path_rows import DAY, order_days

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MOST_TESTS = 10_000
_COUNTS = ("sent_people", "sent_orders", "held_people", "held_orders")
COLUMNS = (
    *("touchpoint", "test", *_COUNTS),
    *(name for rate in ("sent", "held") for name in bounded(f"{rate}_order_rate")),
    *bounded("order_difference"),
)


def compare_holdouts(base: Base, settings: Settings) -> pd.DataFrame:
    """What holdouts say of a touchpoint: people with an order in the days after, by arm.

    Tests of deliveries with an arm that was held back, people whose ``attribution_days`` after the
    first send had passed by ``as_of``. Whoever was in both arms counts as sent to.

    Returns:
        :data:`COLUMNS`: a row a test and touchpoint; rates with Wilson's and their difference with
        Newcombe's interval. No rows where there is no such test.
    """
    import pandas as pd

    if not base.has("deliveries", "test_id"):
        return pd.DataFrame(columns=list(COLUMNS))
    held = held_back(base.tables["deliveries"], base.control_arms)
    counts = collect(_arms(base, settings, held), limit=_MOST_TESTS)
    if counts["held"].nunique() < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    wide = counts.pivot_table(
        index=["channel", "test_id"], columns="held", values=["people", "orders"]
    ).dropna()
    table = _named(base, wide)
    return _compared(table, settings.journeys.confidence_level)


def _arms(base: Base, settings: Settings, held: nw.Expr) -> nw.LazyFrame:
    """``channel, test_id, held, people, orders``: orders are people with one at least."""
    import narwhals as nw

    days = settings.journeys.attribution_days
    people = (
        base.tables["deliveries"]
        .frame.filter(~nw.col("customer").is_null(), ~nw.col("test_id").is_null())
        .with_columns(held=nw.when(held).then(nw.lit(1)).otherwise(nw.lit(0)))
        .group_by("channel", "test_id", "customer")
        .agg(nw.col("held").min(), nw.col("sent_at").min(), nw.col("sent_on").min())
        .filter(nw.col("sent_on") + days <= base.as_of_day)
    )
    after = nw.col("end") - nw.col("sent_at")
    ordered = (
        people.join(order_days(base), on="customer", how="left")
        .with_columns(
            ordered=nw.when((after >= 0) & (after <= days * DAY))
            .then(nw.lit(1))
            .otherwise(nw.lit(0))
        )
        .group_by("channel", "test_id", "customer")
        .agg(nw.col("held").min(), nw.col("ordered").max())
    )
    return ordered.group_by("channel", "test_id", "held").agg(
        nw.len().alias("people"), nw.col("ordered").sum().alias("orders")
    )


def _named(base: Base, wide: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    names = base.tables["deliveries"].dictionaries
    channels = [names["channel"][int(channel)] for channel, _ in wide.index]
    table = pd.DataFrame(
        {
            "touchpoint": ["wecom_chat" if name == "wecom" else name for name in channels],
            "test": [names["test_id"][int(test)] for _, test in wide.index],
        }
    )
    for arm, code in (("sent", 0), ("held", 1)):
        for what in ("people", "orders"):
            table[f"{arm}_{what}"] = wide[(what, code)].astype("int64").to_numpy()
    return table.sort_values(["touchpoint", "test"], ignore_index=True)


def _compared(table: pd.DataFrame, level: float) -> pd.DataFrame:
    import pandas as pd

    for arm in ("sent", "held"):
        table = add_rate(table, f"{arm}_orders", f"{arm}_people", f"{arm}_order_rate", level)
    arms = zip(*(table[name].astype(int) for name in _COUNTS), strict=True)
    gaps = [
        interval_figures("order_difference", difference_interval(x1, n1, x2, n2, level))
        for n1, x1, n2, x2 in arms
    ]
    columns = pd.DataFrame(gaps, columns=list(bounded("order_difference")), dtype="float64")
    return pd.concat([table, columns], axis=1)[list(COLUMNS)]


def hide_small(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The table without numbers of arms, or buyers of arms, of fewer than ``least`` people."""
    counts = table[list(_COUNTS)]
    small = ((counts > 0) & (counts < least)).any(axis=1)
    shown = table.copy()
    for column in COLUMNS[2:]:
        kind = "Int64" if column in _COUNTS else "float64"
        shown[column] = shown[column].astype(kind).mask(small)
    return shown, int(small.sum())
