"""What a send is: one message to many people at once, and who got which.

A send is a campaign (else a content, else a test of the deliveries) within one clock hour that
told ``send_batch_people`` people or more; messages without a name are one send where so many were
told within one minute. Single messages between staff and a contact are no sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect, send
from privdom_kit.formats import day_date

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

HOUR = 3_600
_MINUTE = 60
POOLED = -1  # the sends beyond the largest ones
_CAMPAIGN, _CONTENT, _TEST, _UNNAMED = range(4)
_WAYS = 4
_MOST_SENDS = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Sends:
    """Sends on one touchpoint.

    Attributes:
        people: ``customer, time`` (epoch seconds)``, hour`` (since the epoch)``, send``: one row
            a person and hour; the send's rank by people told, :data:`POOLED` beyond the largest.
        table: ``send, name, sent_on`` of the largest sends.
        days: Day of every send, the pooled ones too.
    """

    people: nw.LazyFrame
    table: pd.DataFrame
    days: pd.Series


def read_sends(base: Base, touchpoint: str, rules: TouchpointsSettings) -> Sends | None:
    """The sends on ``wecom_chat`` or ``service_account``; None where no table could hold them."""
    import narwhals as nw

    parts = [*_from_touches(base, touchpoint), *_from_deliveries(base, touchpoint, rules)]
    if not parts:
        return None
    told = nw.concat(parts).filter(~nw.col("customer").is_null())
    grain = nw.when(nw.col("key") % _WAYS == _UNNAMED).then(nw.lit(_MINUTE)).otherwise(HOUR)
    told = told.with_columns(slot=nw.col("time") // grain * grain)
    told = checkpoint(
        told.group_by("key", "slot", "customer").agg(nw.col("time").min(), nw.col("day").min())
    )
    batches = told.group_by("key", "slot").agg(
        nw.len().alias("told"), nw.col("day").min().alias("sent_on")
    )
    found = collect(
        batches.filter(nw.col("told") >= rules.send_batch_people), limit=_MOST_SENDS
    ).sort_values(["told", "slot", "key"], ascending=[False, True, True], ignore_index=True)
    if found.empty:
        return None
    found["send"] = [i if i < rules.send_most_listed else POOLED for i in found.index]
    table = found[found["send"] != POOLED].copy()
    table["name"] = [
        _name(base, key, slot) for key, slot in zip(table.key, table.slot, strict=True)
    ]
    return Sends(_people(told, found), table[["send", "name", "sent_on"]], found["sent_on"])


def _people(told: nw.LazyFrame, found: pd.DataFrame) -> nw.LazyFrame:
    """One row a person and hour: a person told twice within an hour is told once."""
    import narwhals as nw

    known = send(found[["key", "slot", "send"]].astype("int64"), told)
    rows = told.join(known, on=["key", "slot"], how="inner")
    rows = rows.with_columns(hour=nw.col("time") // HOUR)
    return checkpoint(
        rows.group_by("customer", "hour").agg(nw.col("time").min(), nw.col("send").max())
    )


def _from_touches(base: Base, touchpoint: str) -> list[nw.LazyFrame]:
    import narwhals as nw

    if "touches" not in base.tables:
        return []
    touches = base.tables["touches"]
    key: nw.Expr = nw.lit(_UNNAMED)
    for way, column in ((_CONTENT, "content_id"), (_CAMPAIGN, "campaign_id")):
        if touches.has(column):
            given = ~nw.col(column).is_null() & (nw.col(column) >= 0)
            named = nw.col(column).cast(nw.Int64) * _WAYS + way
            key = nw.when(given).then(named).otherwise(key)
    ours = (nw.col("touchpoint") == touches.code("touchpoint", touchpoint)) & (
        nw.col("direction") == touches.code("direction", "brand")
    )
    return [_typed(touches.frame.filter(ours), "occurred", key)]


def _from_deliveries(base: Base, touchpoint: str, rules: TouchpointsSettings) -> list[nw.LazyFrame]:
    """Deliveries by WeCom, without those held back and those that are known to have failed."""
    import narwhals as nw

    if touchpoint != "wecom_chat" or "deliveries" not in base.tables:
        return []
    deliveries = base.tables["deliveries"]
    rows = deliveries.frame.filter(nw.col("channel") == deliveries.code("channel", "wecom"))
    rows = rows.filter(~held_back(deliveries, base.control_arms))
    if deliveries.has("delivered_at"):
        rows = rows.filter(~nw.col("delivered_at").is_null())
    key: nw.Expr = nw.lit(_UNNAMED)
    if deliveries.has("test_id"):
        named = nw.col("test_id").cast(nw.Int64) * _WAYS + _TEST
        key = nw.when(nw.col("test_id") >= 0).then(named).otherwise(key)
    return [_typed(rows, "sent", key)]


def _typed(rows: nw.LazyFrame, stem: str, key: nw.Expr) -> nw.LazyFrame:
    import narwhals as nw

    return rows.select(
        customer=nw.col("customer").cast(nw.Int64),
        time=nw.col(f"{stem}_at").cast(nw.Int64),
        day=nw.col(f"{stem}_on").cast(nw.Int64),
        key=key.cast(nw.Int64),
    )


def _name(base: Base, key: int, slot: int) -> str:
    """Campaign, content or test by name; the time where a send has none."""
    way, code = int(key) % _WAYS, int(key) // _WAYS
    if way == _UNNAMED:
        at = int(slot)
        return f"{day_date(at // 86_400)} {at % 86_400 // HOUR:02d}:{at % HOUR // 60:02d} UTC"
    table, domain = {
        _CAMPAIGN: ("touches", "campaign_id"),
        _CONTENT: ("touches", "content_id"),
        _TEST: ("deliveries", "test_id"),
    }[way]
    return base.tables[table].dictionaries[domain][code]
