"""What contacts cost and how many friends they brought: sums by test, crowd and arm.

Costs are those of the deliveries, retries among them; where the deliveries name none they come from
the prices of client.yml. People are those whose window is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.sums import collect_sums
from privdom_kit.copy_tests.units import WITHOUT_ID, Units
from privdom_kit.deliveries import held_back
from privdom_kit.engine import collect
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

FRIEND = "friend_added"
#: Where costs come from.
RECORDED, PRICED = "deliveries", "prices"
#: Costs are summed as whole numbers: so many parts to one unit of the currency.
PARTS = 10_000
_KEPT = ("friend_kept", "friend_removed")
_PRICES = {"sms_cost": ("sms", "call_sms"), "call_cost": ("call", "call_sms")}


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Costs and friends of the people of all tests.

    Attributes:
        cells: ``test, crowd, arm, held, people`` and the sums of
            :func:`privdom_kit.copy_tests.sums.collect_sums` for friend_added (friend_kept,
            friend_removed where told), ``cost_parts`` (1/:data:`PARTS` of the currency, with
            squares and products with friend_added) and ``rows`` (dials or messages).
        source: :data:`RECORDED` or :data:`PRICED`.
        missing: Share of sent rows without a cost, by test; they count as free.
    """

    cells: pd.DataFrame
    source: str
    missing: Mapping[str, float]


def read_contacts(base: CopyBase) -> Contacts | Message:
    """The sums, by one grouped query; the reason where there are none."""
    import narwhals as nw

    units = base.units
    if units is None:
        return msg("No deliveries with an arm are given, so there is no copy test to read out.")
    if FRIEND not in units.outcomes:
        return msg("The deliveries do not tell who was added as a friend (friend_added_at).")
    recorded = "cost_cents" in units.amounts
    cost = nw.col("cost_cents") * (PARTS // 100) if recorded else _priced(base, units)
    if isinstance(cost, Message):
        return cost
    sent = nw.when(nw.col("held") == 1).then(nw.lit(0)).otherwise(cost).cast(nw.Int64)
    known = (nw.col("arms") == 1) & ~nw.col(FRIEND).is_null()
    table = collect_sums(
        units.frame.filter(known).with_columns(cost_parts=sent, rows=nw.col("rows").cast(nw.Int64)),
        ("test", "crowd", "arm", "held"),
        (FRIEND, *(name for name in _KEPT if name in units.outcomes)),
        ("cost_parts", "rows"),
        (("cost_parts", FRIEND),),
    )
    named = table.assign(
        test=[units.test_name(int(code)) for code in table["test"]],
        crowd=[units.crowd_name(int(code)) for code in table["crowd"]],
        arm=[units.arms[int(code)] for code in table["arm"]],
        held=table["held"] == 1,
    )
    order = ["test", "crowd", "arm", "held"]
    named = named.sort_values(order, ignore_index=True, na_position="last")
    return Contacts(named, RECORDED if recorded else PRICED, _missing(base) if recorded else {})


def _priced(base: CopyBase, units: Units) -> nw.Expr | Message:
    """Cost of a person out of dials, billed messages and the prices of client.yml."""
    import narwhals as nw

    channels = collect(units.frame.group_by("channel").agg(nw.len().alias("people")), limit=10)
    used = {units.channel_name(int(code)) for code in channels["channel"].dropna()}
    prices = {name: getattr(base.base.economics, name) for name in _PRICES}
    lacking = [n for n, on in _PRICES.items() if prices[n] is None and used & set(on)]
    if lacking:
        return msg(
            "Neither deliveries.cost nor {prices:list} in client.yml says what a contact costs.",
            prices=tuple(f"economics.{name}" for name in lacking),
        )
    # A message whose segments are not told is billed as one.
    segments = nw.lit(0)
    if "segments" in units.amounts:
        segments = nw.col("segments").fill_null(0)
    billed = nw.when(segments > 0).then(segments).otherwise(nw.col("rows"))
    cost = nw.lit(0)
    for name, amount in (("sms_cost", billed), ("call_cost", nw.col("rows"))):
        codes = [units.channels.index(on) for on in _PRICES[name] if on in units.channels]
        if not codes:
            continue
        parts = amount * round((prices[name] or 0) * PARTS)
        cost = cost + nw.when(nw.col("channel").is_in(codes)).then(parts).otherwise(nw.lit(0))
    return cost


def _missing(base: CopyBase) -> dict[str, float]:
    """Share of sent rows without a cost, by test, where there are any."""
    import narwhals as nw

    table, units = base.base.tables["deliveries"], base.units
    code = nw.col("test_id") if table.has("test_id") else nw.lit(-1).cast(nw.Int32)
    held = held_back(table, base.settings.copy_tests.control_arms)
    rows = table.frame.filter(~held & ~nw.col("arm").is_null()).with_columns(test=code)
    free = nw.when(nw.col("cost_cents").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    counts = collect(
        rows.filter(~nw.col("test").is_null())
        .group_by("test")
        .agg(nw.len().alias("rows"), free.sum().alias("free")),
        limit=10_000,
    )
    names = [units.test_name(int(c)) if units else WITHOUT_ID for c in counts["test"]]
    shares = zip(names, counts["free"], counts["rows"], strict=True)
    return {name: int(free) / int(rows) for name, free, rows in shares if free}


def cost_notes(contacts: Contacts) -> tuple[Message, ...]:
    """Where the costs come from, and where they are understated."""
    notes = []
    if contacts.source == PRICED:
        notes.append(
            msg(
                "The deliveries name no cost: it is billed messages and dials at the prices of "
                "client.yml."
            )
        )
    notes += [
        msg(
            "{test:quote}: {share:percent} of the rows sent have no cost and count as free, so "
            "that costs are understated.",
            test=test,
            share=share,
        )
        for test, share in contacts.missing.items()
    ]
    return tuple(notes)
