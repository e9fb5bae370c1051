"""What contacts and channels have brought so far, per person: seen, not expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import collect
from privdom_kit.layering.value_fit import normal_quantile
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import Settings

_MOST_CHANNELS = 50_000
_ENDS = ("", "_ci_lower", "_ci_upper")
ALL = "all"


def contact_worth(base: CustomerBase, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Net spend, and margin where known, per WeCom contact: all, then by channel (S007).

    Contacts who never bought count with 0. Intervals of a mean are normal over people.

    Returns:
        ``channel, contacts, net_spend, net_spend_per_contact`` and interval, ``margin_per_contact``
        and interval (null without a gross margin); and how many cells were hidden.
    """
    import narwhals as nw
    import pandas as pd

    people = base.people.filter(nw.col("is_contact") == 1)
    table = _means(people, "net_cents", base, settings).rename(columns={"people": "contacts"})
    if table.empty:
        return table, 0
    names = ["net_spend_per_contact", "margin_per_contact"]
    for end in _ENDS:
        table[f"{names[0]}{end}"] = table.pop(f"mean{end}")
        margin = base.gross_margin
        per = table[f"{names[0]}{end}"] * (np.nan if margin is None else margin)
        table[f"{names[1]}{end}"] = per
    hides = ["net_spend", *(f"{n}{end}" for n in names for end in _ENDS)]
    shown, cells = suppress(table.iloc[1:], "contacts", hides, settings.privacy.min_cell)
    first, more = suppress(table.iloc[:1], "contacts", hides, settings.privacy.min_cell, groups=())
    return pd.concat([first, shown], ignore_index=True), cells + more


def channel_worth(base: CustomerBase, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Margin of each buyer's first ``value_horizon_days``, by channel (S096).

    Only buyers watched that long count, so that young channels are not held against old ones.
    Without a gross margin it is net spend. ``revenue_rank`` orders the channels by all their net
    spend, ``worth_rank`` by worth per buyer; where they differ, revenue alone misleads.

    Returns:
        ``channel, channel_net_spend, ripe_buyers, worth_per_buyer`` and interval,
        ``revenue_rank, worth_rank``; empty where nobody was watched that long.
    """
    import narwhals as nw

    horizon = settings.layering.value_horizon_days
    first = nw.col("first_day")
    ripe = base.people.filter(~first.is_null(), first <= base.as_of_day - horizon)
    assert base.purchases is not None
    within = base.purchases.days.join(ripe.select("customer", "first_day"), on="customer")
    within = within.filter(nw.col("day") < first + horizon, nw.col("day") >= first)
    spent = within.group_by("customer").agg(nw.col("net_cents").sum().alias("early_cents"))
    people = ripe.join(spent, on="customer", how="left")
    table = _means(people, "early_cents", base, settings).iloc[1:].reset_index(drop=True)
    if table.empty:
        return table, 0
    table = table.drop(columns="net_spend").rename(columns={"people": "ripe_buyers"})
    table.insert(1, "channel_net_spend", table["channel"].map(_channel_spend(base)))
    margin = 1.0 if base.gross_margin is None else base.gross_margin
    for end in _ENDS:
        table[f"worth_per_buyer{end}"] = margin * table.pop(f"mean{end}")
    enough = table["ripe_buyers"] >= settings.layering.min_customers
    for rank, by in (("revenue_rank", "channel_net_spend"), ("worth_rank", "worth_per_buyer")):
        table[rank] = table[by].where(enough).rank(ascending=False, method="min").astype("Int64")
    hides = ["channel_net_spend", *(f"worth_per_buyer{end}" for end in _ENDS)]
    return suppress(table, "ripe_buyers", hides, settings.privacy.min_cell)


def _means(
    people: nw.LazyFrame, cents: str, base: CustomerBase, settings: Settings
) -> pd.DataFrame:
    """People, sum and mean of an amount with its interval: all first, then by channel."""
    import narwhals as nw
    import pandas as pd

    money = (nw.col(cents).cast(nw.Float64) / 100).fill_null(0.0)
    rows = people.with_columns(money=money)
    centre = collect(rows.select(nw.col("money").mean().alias("mean")), limit=1)["mean"].iloc[0]
    if pd.isna(centre):
        return pd.DataFrame()
    # Squares of what is left of the mean keep their digits where amounts are large and alike.
    rows = rows.with_columns(left=nw.col("money") - float(centre))
    rows = rows.with_columns(square=nw.col("left") * nw.col("left"))
    grouped = rows.group_by("channel").agg(
        nw.len().alias("people"), *[nw.col(n).sum() for n in ("money", "left", "square")]
    )
    found = collect(grouped, limit=_MOST_CHANNELS).astype("float64")
    whole = found.drop(columns="channel").sum().to_frame().T
    found = found.sort_values(["people", "channel"], ascending=[False, True])
    names = [_name(base, int(code)) for code in found["channel"]]
    table = pd.concat([whole, found.drop(columns="channel")], ignore_index=True)
    return _with_intervals(table, float(centre), settings.layering.confidence_level).assign(
        channel=[ALL, *names]
    )[["channel", "people", "net_spend", *(f"mean{end}" for end in _ENDS)]]


def _with_intervals(table: pd.DataFrame, centre: float, level: float) -> pd.DataFrame:
    n = table["people"]
    left = table["left"] / n
    variance = (table["square"] - n * left**2).clip(lower=0) / (n - 1).where(n > 1)
    margin = normal_quantile(level) * np.sqrt(variance / n)
    mean = centre + left
    ends = {"mean": mean, "mean_ci_lower": mean - margin, "mean_ci_upper": mean + margin}
    return table.assign(people=n.astype("int64"), net_spend=table["money"], **ends)


def _channel_spend(base: CustomerBase) -> dict[str, float]:
    import narwhals as nw

    grouped = base.people.group_by("channel").agg(nw.col("net_cents").sum().alias("cents"))
    found = collect(grouped, limit=_MOST_CHANNELS).astype("float64")
    return {
        _name(base, int(code)): cents / 100
        for code, cents in zip(found["channel"], found["cents"], strict=True)
    }


def _name(base: CustomerBase, code: int) -> str:
    return base.channels[code][1] if code >= 0 else "unknown"
