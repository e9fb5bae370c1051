"""Where revenue comes from: first orders and their promotions, repeat orders and touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import interval_figures, judge_change, rate
from privdom_kit.engine import collect
from privdom_kit.layering.judging import answer, compare_shares, unanswered, used_settings
from privdom_kit.messages import Message, msg
from privdom_kit.purchases import COUNTED, NO_CUSTOMER, RETURN
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

REVENUE_METHODS = ("S008",)
PARTS = (
    "first_on_promotion",
    "first_not_on_promotion",
    "first_unknown",
    "repeat_after_touch",
    "repeat_without_touch",
    "repeat_not_measured",
    "returns",
    "no_customer",
)
(
    FIRST_PROMOTED,
    FIRST_PLAIN,
    FIRST_UNKNOWN,
    REPEAT_TOUCHED,
    REPEAT_UNTOUCHED,
    REPEAT_UNMEASURED,
    RETURNED,
    NOBODY,
) = range(len(PARTS))
_DAY = 86_400
_NEVER = -(2**40)  # epoch seconds before any touch
_RULES = (
    "attribution_days",
    "period_days",
    "min_customers",
    "change_tolerance",
    "confidence_level",
)


def measure_revenue_split(base: CustomerBase, settings: Settings) -> Result:
    """Net revenue by first order and repeat order, promotion and brand touch.

    First orders are those of the first purchase day. A repeat order follows a touch where the
    brand touched that person within ``attribution_days`` before it was paid: that it followed
    does not say that it was caused. Returns and orders that name no customer are parts of their
    own, so that the parts add up to all net revenue.

    The verdict compares the share of new buyers whose first orders were on promotion in the
    last period with the period before.

    Returns:
        ``table``: part, orders, customers, net_spend, total_net_spend, spend_share.
        ``figures``: new buyers and those on promotion, now and before, and the difference.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None or base.purchases is None:
        reason = reason or msg("No orders table was given.")
        return unanswered(
            base, "revenue_split", REVENUE_METHODS, Verdict.NOT_MEASURED, reason, used
        )
    table = _part_table(base, settings.layering)
    now, before = _promoted(base)
    change = compare_shares(now, before, settings)
    shown, cells = suppress(
        table, "customers", ["orders", "net_spend", "spend_share"], settings.privacy.min_cell
    )
    figures = {
        "total_net_spend": float(table["net_spend"].sum()),
        **_promotion_figures(now, before, settings),
        **interval_figures("promoted_change", change),
    }
    return answer(
        base,
        "revenue_split",
        REVENUE_METHODS,
        _judge(base, change, settings),
        shown,
        used,
        coverage=base.purchases.coverage,
        figures=figures,
        notes=(*_notes(base), *suppression_note(cells, settings.privacy.min_cell)),
    )


def _part_table(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    import narwhals as nw

    rows = _with_touch(base, _counted_rows(base), settings)
    parts = rows.with_columns(part=_part(base))
    grouped = parts.group_by("part").agg(
        nw.len().alias("orders"),
        nw.col("customer").n_unique().alias("customers"),
        nw.col("net_cents").sum().alias("cents"),
    )
    found = collect(grouped, limit=len(PARTS)).astype("float64").astype("int64")
    table = found.set_index("part").reindex(range(len(PARTS)), fill_value=0).reset_index()
    table["part"] = PARTS
    table["net_spend"] = table.pop("cents") / 100
    # Nobody can be counted where no customer is named.
    table.loc[NOBODY, "customers"] = 0
    table["total_net_spend"] = table["net_spend"].sum()
    total = table["total_net_spend"].where(table["total_net_spend"] > 0)
    return table.assign(spend_share=table["net_spend"] / total)


def _counted_rows(base: CustomerBase) -> nw.LazyFrame:
    """Counted orders, returns and orders of nobody, with the first purchase day of the person."""
    import narwhals as nw

    assert base.purchases is not None
    orders = base.purchases.orders
    kept = orders.filter(nw.col("reason").is_in([COUNTED, RETURN, NO_CUSTOMER]))
    wanted = ["customer", "order_key", "paid_at", "paid_on", "net_cents", "reason"]
    promoted = ["on_promotion"] if base.has("orders", "on_promotion") else []
    firsts = base.people.select("customer", "first_day")
    return kept.select(*wanted, *promoted).join(firsts, on="customer", how="left")


def _with_touch(
    base: CustomerBase, orders: nw.LazyFrame, settings: LayeringSettings
) -> nw.LazyFrame:
    """The orders with ``touched``: 1 or 0, null where touches were not given.

    The latest touch up to each order is a running maximum over orders and touches in one
    sequence; a touch in the same second comes first.
    """
    import narwhals as nw

    if not base.has("touches", "direction"):
        return orders.with_columns(touched=nw.lit(None, dtype=nw.Int32))
    touches = base.tables["touches"]
    brand = touches.code("direction", "brand")
    sent = (
        touches.frame.filter(nw.col("direction") == brand, ~nw.col("customer").is_null())
        .group_by("customer", nw.col("occurred_at").alias("at"))
        .agg(nw.len().alias("_n"))
        .select("customer", "at", touch_at=nw.col("at"), order_key=nw.lit(-1, dtype=nw.Int64))
    )
    paid = orders.filter(~nw.col("customer").is_null()).select(
        nw.col("customer"),
        at=nw.col("paid_at"),
        touch_at=nw.lit(_NEVER, dtype=nw.Int64),  # a null would stop the running maximum
        order_key=nw.col("order_key").cast(nw.Int64),
    )
    latest = nw.col("touch_at").cum_max().over("customer", order_by=["at", "order_key"])
    window = settings.attribution_days * _DAY
    followed = (
        nw.concat([sent, paid])
        .with_columns(latest=latest)
        .filter(nw.col("order_key") >= 0)
        .with_columns(
            touched=nw.when(nw.col("latest") >= nw.col("at") - window)
            .then(nw.lit(1))
            .otherwise(nw.lit(0))
        )
        .select("order_key", "touched")
    )
    return orders.join(followed, on="order_key", how="left")


def _part(base: CustomerBase) -> nw.Expr:
    import narwhals as nw

    unknown = nw.lit(None, dtype=nw.Int32)
    promotion = nw.col("on_promotion") if base.has("orders", "on_promotion") else unknown
    # Without a purchase day (all of it came back) an order is still no repeat.
    first = (nw.col("paid_on") <= nw.col("first_day")).fill_null(True)
    return (
        nw.when(nw.col("reason") == NO_CUSTOMER)
        .then(nw.lit(NOBODY))
        .when(nw.col("reason") == RETURN)
        .then(nw.lit(RETURNED))
        .when(first & (promotion == 1).fill_null(False))
        .then(nw.lit(FIRST_PROMOTED))
        .when(first & (promotion == 0).fill_null(False))
        .then(nw.lit(FIRST_PLAIN))
        .when(first)
        .then(nw.lit(FIRST_UNKNOWN))
        .when((nw.col("touched") == 1).fill_null(False))
        .then(nw.lit(REPEAT_TOUCHED))
        .when((nw.col("touched") == 0).fill_null(False))
        .then(nw.lit(REPEAT_UNTOUCHED))
        .otherwise(nw.lit(REPEAT_UNMEASURED))
    )


def _promoted(base: CustomerBase) -> tuple[tuple[int, int], tuple[int, int]]:
    """(on promotion, new buyers with a known promotion) of the last period and the one before."""
    import narwhals as nw

    if not base.has("orders", "on_promotion"):
        return (0, 0), (0, 0)
    _, before, earlier = base.snapshots
    day = nw.col("first_day")
    period = nw.when(day > before).then(nw.lit(0)).when(day > earlier).then(nw.lit(1))
    first = nw.col("paid_on") == day
    buyers = (
        _counted_rows(base)
        .filter(nw.col("reason") == COUNTED, first, ~nw.col("on_promotion").is_null())
        .with_columns(period=period.otherwise(nw.lit(2)))
        .group_by("customer", "period")
        .agg(nw.col("on_promotion").max())
    )
    grouped = buyers.group_by("period").agg(
        nw.len().alias("buyers"), nw.col("on_promotion").sum().alias("promoted")
    )
    found = collect(grouped, limit=3).astype("float64").astype("int64").set_index("period")
    found = found.reindex(range(3), fill_value=0)
    pairs = [(int(found.loc[p, "promoted"]), int(found.loc[p, "buyers"])) for p in (0, 1)]
    return pairs[0], pairs[1]


def _promotion_figures(
    now: tuple[int, int], before: tuple[int, int], settings: Settings
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for prefix, (x, n) in (("", now), ("previous_", before)):
        small = any(0 < count < settings.privacy.min_cell for count in (x, n))
        figures[f"{prefix}new_buyers"] = None if small else n
        figures[f"{prefix}promoted_buyers"] = None if small else x
        level = settings.layering.confidence_level
        figures |= rate(x, 0 if small else n, f"{prefix}promoted_share", level)
    return figures


def _judge(base: CustomerBase, change: Any, settings: Settings) -> Verdict:
    # Without promotion flags the split still stands, but nothing in it is judged.
    if not base.has("orders", "on_promotion"):
        return Verdict.WATCH
    return judge_change(change, settings.layering.change_tolerance, "up")


def _notes(base: CustomerBase) -> tuple[Message, ...]:
    notes = []
    if not base.has("orders", "on_promotion"):
        notes.append(
            msg(
                "The orders carry no on_promotion: whether first orders were promoted is unknown, "
                "and nothing here is judged."
            )
        )
    if not base.has("touches", "direction"):
        notes.append(
            msg("No touches were given: whether repeat orders followed a touch is unknown.")
        )
    else:
        notes.append(msg("That an order followed a touch does not say that the touch caused it."))
    return tuple(notes)
