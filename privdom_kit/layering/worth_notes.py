"""What has to be said beside customer values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import collect
from privdom_kit.formats import is_missing
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.worth_holdout import Holdout
    from privdom_kit.layering.worth_model import WorthModel
    from privdom_kit.settings import LayeringSettings, Settings


def too_little(base: CustomerBase, settings: LayeringSettings) -> Message | None:
    """Why the data are below what a value needs; None where they are not."""
    import narwhals as nw

    third = nw.when(nw.col("purchase_days") >= 3).then(nw.lit(1)).otherwise(nw.lit(0))
    row = collect(
        base.people.with_columns(third=third).select(
            nw.col("third").sum(), nw.col("last_day").max()
        ),
        limit=1,
    ).iloc[0]
    days = base.as_of_day - base.figures["first_order_day"]
    silent, third_orders = base.as_of_day - int(row["last_day"]), int(row["third"])
    buyers = base.figures["buyers"]
    if days < settings.value_min_days:
        return msg(
            "The orders span {days:days}; a customer's value needs {least:days}.",
            days=days,
            least=settings.value_min_days,
        )
    if buyers < settings.value_min_buyers:
        return msg(
            "There are {buyers:count} buyers; a customer's value needs {least:count}.",
            buyers=buyers,
            least=settings.value_min_buyers,
        )
    if third_orders < settings.value_min_third_orders:
        return msg(
            "{buyers:count} buyers have three purchase days; a customer's value needs "
            "{least:count}.",
            buyers=third_orders,
            least=settings.value_min_third_orders,
        )
    if silent > settings.value_max_silent_days:
        return msg(
            "The last order is {days:days} back; a customer's value needs one within {most:days}.",
            days=silent,
            most=settings.value_max_silent_days,
        )
    return None


def holdout_note(holdout: Holdout) -> Message:
    """That the plain mean did better, and that nobody is ranked therefore."""
    figures = holdout.figures
    return msg(
        "Over the last {days:days} the model erred by {model:number} orders a customer and the "
        "plain mean by {mean:number}: the model is no better here, so nobody is ranked by it.",
        days=figures["holdout_days"],
        model=figures["model_error"],
        mean=figures["mean_error"],
    )


def value_notes(
    model: WorthModel,
    valued: nw.LazyFrame,
    spends: pd.DataFrame,
    base: CustomerBase,
    settings: Settings,
) -> tuple[Message, ...]:
    """Terms of the value, who was left out of which model, and artefacts to beware of."""
    return (
        _terms(model, base),
        msg(
            "Intervals carry the uncertainty of the fitted parameters. What one customer will "
            "really do scatters far wider: use the values for groups and for ranking."
        ),
        msg(
            "The plain mean gives every customer the mean rate of all. Errors are root mean "
            "squares, in orders a customer."
        ),
        *_unpaid(valued),
        *_outranking(valued),
        *_certainty(model),
        *_dependence(spends, settings.layering),
    )


def _terms(model: WorthModel, base: CustomerBase) -> Message:
    rate = model.discounting.rate_per_year
    rules = {
        "at_order": msg("from the moment of each order"),
        "period_end": msg("from the end of each order's month"),
    }
    discount = (
        msg(
            "discounted at {rate:percent} a year {rule}",
            rate=rate,
            rule=rules[model.discounting.rule],
        )
        if rate
        else msg("not discounted")
    )
    what = (
        msg("net spend (client.yml gives no economics.gross_margin)")
        if base.gross_margin is None
        else msg("net spend x gross margin {margin:percent}", margin=base.gross_margin)
    )
    return msg(
        "Value is {what} of the next {horizon:days}, {discount}.",
        what=what,
        horizon=model.horizon_days,
        discount=discount,
    )


def _unpaid(valued: nw.LazyFrame) -> tuple[Message, ...]:
    """Repeat buyers whose repeat orders came to nothing."""
    import narwhals as nw

    left_out = valued.filter(nw.col("orders") > 0, nw.col("paid_orders") == 0)
    n = int(collect(left_out.select(nw.len().alias("n")), limit=1)["n"].iloc[0])
    if not n:
        return ()
    return (
        msg(
            "{customers:count} repeat buyers spent nothing on their repeat orders, net of returns: "
            "they are left out of the spend model and valued at the mean of all.",
            customers=n,
        ),
    )


def _outranking(valued: nw.LazyFrame) -> tuple[Message, ...]:
    """Repeat buyers who rank below somebody without a repeat order."""
    import narwhals as nw

    once = valued.filter(nw.col("orders") == 0)
    best = collect(once.select(nw.col("expected_value").max().alias("best")), limit=1)["best"].iloc[
        0
    ]
    if is_missing(best):
        return ()
    repeaters = valued.filter(nw.col("orders") > 0).with_columns(
        below=nw.when(nw.col("expected_value") < float(best)).then(nw.lit(1)).otherwise(nw.lit(0))
    )
    counts = collect(
        repeaters.select(nw.len().alias("repeaters"), nw.col("below").sum()), limit=1
    ).iloc[0]
    if is_missing(counts["below"]) or not int(counts["below"]):
        return ()
    return (
        msg(
            "{below:count} of {repeaters:count} repeat buyers rank below the best customer without "
            "a repeat order: their silence counts against them, while a young first order has had "
            "no time to. That is the model's reading, nothing that was seen.",
            below=int(counts["below"]),
            repeaters=int(counts["repeaters"]),
        ),
    )


def _certainty(model: WorthModel) -> tuple[Message, ...]:
    if model.repeat_buying.model != "bg_nbd":
        return ()
    return (
        msg(
            "BG/NBD takes everybody without a repeat order as alive for certain, an artefact: no "
            "chance is shown for them, and their expected orders are too high."
        ),
    )


def _dependence(spends: pd.DataFrame, settings: LayeringSettings) -> tuple[Message, ...]:
    """Whether spend per order goes along with the number of orders, which the model excludes."""
    paid = spends[spends["paid_orders"] > 0]
    n = paid["customers"].to_numpy("float64")
    covariance = np.cov(paid["paid_orders"], np.log(paid["mean_cents"]), fweights=n.astype("int64"))
    scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
    found = float(covariance[0, 1] / scale) if scale > 0 else 0.0
    if abs(found) <= settings.value_max_correlation:
        return ()
    return (
        msg(
            "Repeat orders and spend per order go together (correlation {found:number}, above "
            "{most:number}), which the spend model takes as independent: read values by group.",
            found=found,
            most=settings.value_max_correlation,
        ),
    )
