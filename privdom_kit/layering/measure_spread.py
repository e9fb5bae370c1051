"""How concentrated spend is: exact shares of the top buyers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate
from privdom_kit.engine import checkpoint, collect
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.messages import Message, msg
from privdom_kit.purchases import COUNTED
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

CONCENTRATION_METHODS = ("S098", "S177")
TOP_SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)


def measure_concentration(base: CustomerBase, settings: Settings) -> Result:
    """How much of net spend the top buyers give, exactly, from ranked sums in the engine.

    People whose returns exceed their purchases would make shares of more than 100 %: they are
    counted in ``negative_spend_customers`` with what they sum to, and left out of the ranking,
    as are buyers whose spend is zero in sum. The top p % are ceil(p x n) people. Gini:
    (2 sum(i x_i) / (n sum(x))) - (n + 1) / n with x ascending.

    All buyers are counted, so nothing is estimated and nothing has an interval; there is no
    citable benchmark to hold it against, so it is described and not judged.

    Returns:
        ``table``: top_share, customers, buyers, net_spend, total_net_spend, spend_share.
        ``tables["channels"]``: per channel the people among those who together give
        ``concentration_share`` of spend.
    """
    used = used_settings(settings, "concentration_share", "min_customers")
    reason = base.missing_people() or base.missing_buyers()
    if reason is None and not _totals(base)["customers"]:
        reason = msg("No customer has a positive net spend.")
    if reason is not None:
        return unanswered(
            base, "concentration", CONCENTRATION_METHODS, Verdict.NOT_MEASURED, reason, used
        )
    totals = _totals(base)
    groups = _ranked(base.people.filter(_spent()), "net_cents")
    few, cut = _fewest_giving(groups, totals["cents"], settings.layering.concentration_share)
    table = _top_table(groups, totals)
    shown, hidden = suppress(
        table, "customers", ["net_spend", "spend_share"], settings.privacy.min_cell, groups=()
    )
    channels, more = _value_channels(base, cut, settings)
    enough = totals["customers"] >= settings.layering.min_customers
    return answer(
        base,
        "concentration",
        CONCENTRATION_METHODS,
        Verdict.WATCH if enough else Verdict.NOT_ENOUGH_DATA,
        shown,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=_concentration_figures(base, groups, totals, few, settings),
        tables={"channels": channels},
        notes=(
            *_concentration_notes(base, totals),
            *suppression_note(hidden + more, settings.privacy.min_cell),
        ),
    )


def _spent() -> nw.Expr:
    import narwhals as nw

    return nw.col("net_cents") > 0


def _totals(base: CustomerBase) -> dict[str, int]:
    """People with positive spend, their cents; and the same of those below zero."""
    import narwhals as nw

    sign = nw.when(_spent()).then(nw.lit(1)).when(nw.col("net_cents") < 0).then(nw.lit(-1))
    rows = collect(
        base.people.with_columns(sign=sign.otherwise(nw.lit(0)))
        .group_by("sign")
        .agg(nw.len().alias("customers"), nw.col("net_cents").sum().alias("cents")),
        limit=3,
    ).set_index("sign")
    rows = rows.reindex([1, -1], fill_value=0).astype("float64").astype("int64")
    return {
        "customers": int(rows.loc[1, "customers"]),
        "cents": int(rows.loc[1, "cents"]),
        "negative_customers": int(rows.loc[-1, "customers"]),
        "negative_cents": int(rows.loc[-1, "cents"]),
    }


def _ranked(people: nw.LazyFrame, value: str) -> nw.LazyFrame:
    """Distinct values, highest first: ``value, people, people_above, sum_above``."""
    import narwhals as nw

    counts = people.group_by(nw.col(value).alias("value")).agg(nw.len().alias("people"))
    counts = counts.with_columns(_order=-nw.col("value"), _sum=nw.col("value") * nw.col("people"))
    above = {
        "people_above": nw.col("people").cum_sum().over(order_by="_order") - nw.col("people"),
        "sum_above": nw.col("_sum").cum_sum().over(order_by="_order") - nw.col("_sum"),
    }
    whole = {name: expression.cast(nw.Int64) for name, expression in above.items()}
    return checkpoint(counts.with_columns(**whole).drop("_order", "_sum"))


def _at_rank(groups: nw.LazyFrame, rank: int) -> tuple[int, int]:
    """The value of the person at a rank, and what all down to that rank sum to."""
    import narwhals as nw

    last = nw.col("people_above") + nw.col("people")
    row = collect(groups.filter(nw.col("people_above") < rank, last >= rank), limit=1).iloc[0]
    value = int(row["value"])
    return value, int(row["sum_above"]) + (rank - int(row["people_above"])) * value


def _top_table(groups: nw.LazyFrame, totals: dict[str, int]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for share in TOP_SHARES:
        people = _ceil(share * totals["customers"])
        cents = _at_rank(groups, people)[1]
        rows.append((share, people, totals["customers"], cents / 100, totals["cents"] / 100))
    columns = ["top_share", "customers", "buyers", "net_spend", "total_net_spend"]
    table = pd.DataFrame(rows, columns=columns)
    table["spend_share"] = table["net_spend"] / table["total_net_spend"]
    return table


def _fewest_giving(groups: nw.LazyFrame, total: int, share: float) -> tuple[int, int]:
    """How many of the highest give ``share`` of the total, and the lowest value among them."""
    import narwhals as nw

    wanted = _ceil(share * total)
    reach = nw.col("sum_above") + nw.col("value") * nw.col("people")
    row = collect(groups.filter(nw.col("sum_above") < wanted, reach >= wanted), limit=1).iloc[0]
    value = int(row["value"])
    return int(row["people_above"]) - (int(row["sum_above"]) - wanted) // value, value


def _gini(groups: nw.LazyFrame, totals: dict[str, int]) -> float:
    """From groups of equals: a group's ranks counted from the top sum to n(above) + n(n+1)/2."""
    import narwhals as nw

    people, above = nw.col("people"), nw.col("people_above")
    ranks = (people * above + people * (people + 1) // 2).cast(nw.Float64)
    weighted = groups.select((ranks * nw.col("value")).sum().alias("sum"))
    n = totals["customers"]
    # Ranks from the bottom are n + 1 less ranks from the top.
    ascending = (n + 1) * totals["cents"] - float(collect(weighted, limit=1)["sum"].iloc[0])
    return 2 * ascending / (n * totals["cents"]) - (n + 1) / n


def _concentration_figures(
    base: CustomerBase,
    groups: nw.LazyFrame,
    totals: dict[str, int],
    few: int,
    settings: Settings,
) -> dict[str, Any]:
    least = settings.privacy.min_cell
    hide_negative = 0 < totals["negative_customers"] < least
    return {
        "buyers": totals["customers"],
        "total_net_spend": totals["cents"] / 100,
        "concentration_share": settings.layering.concentration_share,
        "value_customers": few if few >= least else None,
        "value_customer_share": few / totals["customers"] if few >= least else None,
        "gini": _gini(groups, totals),
        "negative_spend_customers": None if hide_negative else totals["negative_customers"],
        "negative_net_spend": None if hide_negative else totals["negative_cents"] / 100,
        **_contact_share(base, totals, least),
        **_margin_figures(base, settings.layering, least),
    }


def _contact_share(base: CustomerBase, totals: dict[str, int], least: int) -> dict[str, Any]:
    """Spend of people who are WeCom contacts, as a share of all spend (S177)."""
    import narwhals as nw

    names = ("contact_customers", "contact_net_spend", "contact_spend_share")
    if not base.has("contacts"):
        return dict.fromkeys(names)
    spent = base.people.filter(_spent(), nw.col("is_contact") == 1)
    row = collect(
        spent.select(nw.len().alias("people"), nw.col("net_cents").sum().alias("cents")), limit=1
    ).iloc[0]
    people, cents = int(row["people"]), int(row["cents"]) if row["people"] else 0
    if 0 < people < least or 0 < totals["customers"] - people < least:
        return dict.fromkeys(names)
    return dict(zip(names, (people, cents / 100, cents / totals["cents"]), strict=True))


def _margin_figures(base: CustomerBase, settings: LayeringSettings, least: int) -> dict[str, Any]:
    """The fewest customers that give the share of margin, where unit costs are given.

    An order counts when every item of it has a unit cost; the share of spend so covered stands
    beside it.
    """
    import narwhals as nw

    names = ("margin_value_customers", "margin_buyers", "margin_spend_covered")
    wanted = ("order_id", "unit_cost", "quantity")
    if (
        base.purchases is None
        or not base.has("order_items", *wanted)
        or not base.has("orders", "order_id")
    ):
        return dict.fromkeys(names)
    items = base.tables["order_items"].frame.with_columns(
        cost=nw.col("unit_cost_cents") * nw.col("quantity"),
        unpriced=nw.when(nw.col("unit_cost_cents").is_null()).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    costs = items.group_by("order_id").agg(nw.col("cost").sum(), nw.col("unpriced").max())
    orders = base.purchases.orders.filter(nw.col("reason") == COUNTED)
    priced = orders.join(costs.filter(nw.col("unpriced") == 0), on="order_id")
    margins = (
        priced.with_columns(margin=nw.col("net_cents") - nw.col("cost"))
        .group_by("customer")
        .agg(nw.col("margin").sum(), nw.col("net_cents").sum())
    )
    # Whole cents again, without a cast from float, which engines do differently.
    rounded = nw.col("margin").cast(nw.Float64).round(0).cast(nw.Int64)
    whole = margins.with_columns(margin=rounded)
    sums = collect(whole.select(nw.col("net_cents").sum()), limit=1)["net_cents"].iloc[0]
    giving = whole.filter(nw.col("margin") > 0)
    total = collect(giving.select(nw.len().alias("n"), nw.col("margin").sum()), limit=1).iloc[0]
    if total["n"] < settings.min_customers:
        return dict.fromkeys(names)
    groups = _ranked(giving, "margin")
    few, _ = _fewest_giving(groups, int(total["margin"]), settings.concentration_share)
    spend = collect(orders.select(nw.col("net_cents").sum()), limit=1)["net_cents"].iloc[0]
    values = (few if few >= least else None, int(total["n"]), float(sums) / float(spend))
    return dict(zip(names, values, strict=True))


def _value_channels(base: CustomerBase, cut: int, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Per channel, the people who spent at least as much as the last of the fewest."""
    import narwhals as nw

    valued = nw.when(nw.col("net_cents") >= cut).then(nw.lit(1)).otherwise(nw.lit(0))
    grouped = (
        base.people.filter(_spent())
        .with_columns(value_customers=valued)
        .group_by("channel")
        .agg(
            nw.len().alias("customers"), nw.col("value_customers").sum(), nw.col("net_cents").sum()
        )
    )
    table = collect(grouped, limit=50_000).astype("float64").astype("int64")
    table = table.sort_values(["customers", "channel"], ascending=[False, True], ignore_index=True)
    table["channel"] = [base.channels[c][1] if c >= 0 else "unknown" for c in table["channel"]]
    table["net_spend"] = table.pop("net_cents") / 100
    level = settings.layering.confidence_level
    table = add_rate(table, "value_customers", "customers", "value_customer_share", level)
    rates = [
        "value_customer_share",
        "value_customer_share_ci_lower",
        "value_customer_share_ci_upper",
    ]
    least = settings.privacy.min_cell
    shown, hidden = suppress(table, "customers", ["value_customers", "net_spend", *rates], least)
    shown, more = suppress(shown, "value_customers", rates, least)
    return shown, hidden + more


def _concentration_notes(base: CustomerBase, totals: dict[str, int]) -> tuple[Message, ...]:
    notes = [
        msg("All buyers are counted, so these shares are exact and have no interval."),
        msg("No citable benchmark exists for concentration: it is described, not judged."),
    ]
    if totals["negative_customers"]:
        notes.append(
            msg(
                "{customers:count} customers have a negative net spend, {spend:money} in sum; they "
                "are not in the ranking.",
                customers=totals["negative_customers"],
                spend=totals["negative_cents"] / 100,
            )
        )
    if base.purchases is not None and base.purchases.spend_unassigned_cents:
        notes.append(
            msg(
                "{spend:money} of net spend names no customer and is left out.",
                spend=base.purchases.spend_unassigned_cents / 100,
            )
        )
    return tuple(notes)


def _ceil(number: float) -> int:
    # 0.07 x 100 is 7.000000000000001 in binary: the nearest millionth before rounding up.
    return -int(-round(number, 6) // 1)
