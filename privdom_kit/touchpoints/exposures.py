"""Messages to each person in their order, and whether each was answered.

Exposures are messages from the brand that carry a purchase link (all messages where links are not
marked), else deliveries. A response counts for the message whose campaign or content it names;
where responses name none, for the last message before it. Numbers start at a person's first message
in the data, for people whose first message came after a rest: those who got messages right at the
beginning may have had many before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect
from privdom_kit.events import ORDER

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings
    from privdom_kit.tables import Table

DAY = 86_400
BLOCK_DAYS = 28  # whole weeks, so that no block holds more of a weekday than another
_KEYS = ("campaign_id", "content_id")


@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """Numbered messages.

    Attributes:
        frame: ``customer, number`` (from 1)``, answered`` (0, 1)``, first_answered, block,
            first_block`` (four weeks of the calendar, of the message and of the first): messages
            whose days of response had passed by ``as_of``.
        table: Where the messages stand: touches or deliveries.
        matched: campaign, last_message or delivery: how a response found its message.
        left_out: People left out because they got messages at the beginning of the data.
    """

    frame: nw.LazyFrame
    table: str
    matched: str
    left_out: int


def number_exposures(base: Base, rules: TouchpointsSettings) -> Exposures | None:
    """Messages by number with their responses; None where messages or responses are not known."""
    days = rules.fatigue_response_days
    for read in (_from_touches, _from_deliveries):
        found = read(base, rules)
        if found is not None:
            rows, table, matched = found
            frame, left_out = _numbered(rows, base.as_of_day - days, rules)
            return Exposures(frame, table, matched, left_out)
    return None


def count_by_number(exposures: Exposures, most: int) -> pd.DataFrame:
    """``exposure, block, first_block, people, responders, first_responders, both_responders``.

    ``first_responders`` are those of the people who got this number who answered their first.
    """
    import narwhals as nw

    rows = exposures.frame.filter(nw.col("number") <= most)
    return _counted(rows, "number", "block", "first_block")


def follow_people(exposures: Exposures, number: int) -> pd.DataFrame:
    """``exposure, people, responders`` of those who got ``number`` messages at least."""
    import narwhals as nw

    many = exposures.frame.filter(nw.col("number") == number).select("customer")
    rows = exposures.frame.filter(nw.col("number") <= number)
    table = _counted(rows.join(many, on="customer", how="inner"), "number")
    return table[["exposure", "people", "responders"]]


def _counted(rows: nw.LazyFrame, *keys: str) -> pd.DataFrame:
    import narwhals as nw

    table = collect(
        rows.with_columns(both=nw.col("answered") * nw.col("first_answered"))
        .group_by(*keys)
        .agg(
            nw.len().alias("people"),
            nw.col("answered").sum().alias("responders"),
            nw.col("first_answered").sum().alias("first_responders"),
            nw.col("both").sum().alias("both_responders"),
        ),
        limit=100_000,
    ).astype("int64")
    table = table.rename(columns={"number": "exposure"})
    return table.sort_values(list(table.columns), ignore_index=True)


def _from_touches(base: Base, rules: TouchpointsSettings) -> tuple[nw.LazyFrame, str, str] | None:
    """``customer, time, day, answered`` of messages in touches."""
    import narwhals as nw

    if "touches" not in base.tables:
        return None
    touches = base.tables["touches"]
    brand = touches.code("direction", "brand")
    known = touches.frame.filter(~nw.col("customer").is_null())
    sent = known.filter(nw.col("direction") == brand)
    if touches.has("has_purchase_link"):
        sent = sent.filter(nw.col("has_purchase_link") == 1)
    click = touches.code("action", "click")
    own = known.filter((nw.col("direction") != brand) & (nw.col("action") == click))
    if rules.fatigue_response == "order":
        if base.purchases is None:
            return None
        return _after_last(_moments(sent), _orders(base), rules), "touches", "last_message"
    key = _shared_key(touches, own)
    if key is None:
        return None
    if key:
        return _by_key(sent, own, key, rules), "touches", "campaign"
    return _after_last(_moments(sent), _moments(own), rules), "touches", "last_message"


def _moments(rows: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    return rows.select("customer", time=nw.col("occurred_at"), day=nw.col("occurred_on"))


def _orders(base: Base) -> nw.LazyFrame:
    import narwhals as nw

    bought = base.events.frame.filter(nw.col("action") == base.events.action(ORDER))
    return bought.filter(~nw.col("net_cents").is_null()).select("customer", "time", "day")


def _shared_key(touches: Table, own: nw.LazyFrame) -> str | None:
    """The column by which clicks name their message; empty where none does, None without clicks."""
    import narwhals as nw

    given = [name for name in _KEYS if touches.has(name)]
    counts = collect(
        own.select(nw.len().alias("rows"), *(nw.col(name).count() for name in given)), limit=1
    ).iloc[0]
    if not counts["rows"]:
        return None
    return next((name for name in given if counts[name] == counts["rows"]), "")


def _by_key(
    sent: nw.LazyFrame, own: nw.LazyFrame, key: str, rules: TouchpointsSettings
) -> nw.LazyFrame:
    """A message is answered by a click that names it; the same to a person again is a new one."""
    import narwhals as nw

    messages = (
        sent.select("customer", key, time=nw.col("occurred_at"), day=nw.col("occurred_on"))
        .group_by("customer", "time", "day", key)
        .agg(nw.len().alias("_rows"))
    )
    clicks = own.select("customer", key, clicked=nw.col("occurred_at"))
    pairs = messages.join(clicks, on=["customer", key], how="inner").filter(
        (nw.col("clicked") > nw.col("time"))
        & (nw.col("clicked") <= nw.col("time") + rules.fatigue_response_days * DAY)
    )
    answered = pairs.select("customer", "time", answered=nw.lit(1)).unique()
    # What goes out to a person in one second is one message to him.
    moments = messages.group_by("customer", "time").agg(nw.col("day").min())
    return moments.join(answered, on=["customer", "time"], how="left")


def _after_last(sent: nw.LazyFrame, own: nw.LazyFrame, rules: TouchpointsSettings) -> nw.LazyFrame:
    """A message is answered by what follows it in time, before the next message."""
    import narwhals as nw

    parts = [
        rows.select("customer", "time", "day", sent=nw.lit(s), own=nw.lit(1 - s))
        for rows, s in ((sent, 1), (own, 0))
    ]
    moments = (
        nw.concat([p.select(nw.all().cast(nw.Int64)) for p in parts])
        .group_by("customer", "time")
        .agg(nw.col("day").min(), nw.col("sent").max(), nw.col("own").max())
    )
    at = nw.when(nw.col("sent") == 1).then(nw.col("time"))
    moments = moments.with_columns(sent_at=at)
    latest = nw.col("sent_at").cum_max().over("customer", order_by="time")
    moments = moments.with_columns(latest=latest)
    before = nw.col("latest").shift(1).over("customer", order_by="time")
    answers = moments.with_columns(message=before).filter(
        (nw.col("own") == 1)
        & (nw.col("time") <= nw.col("message") + rules.fatigue_response_days * DAY)
    )
    answered = answers.select("customer", "message", answered=nw.lit(1)).unique()
    messages = moments.filter(nw.col("sent") == 1).select("customer", "time", "day")
    return messages.join(
        answered, left_on=["customer", "time"], right_on=["customer", "message"], how="left"
    )


def _from_deliveries(
    base: Base, rules: TouchpointsSettings
) -> tuple[nw.LazyFrame, str, str] | None:
    """The same of deliveries, each with its own click; held-out people got nothing."""
    import narwhals as nw

    if rules.fatigue_response != "click" or not base.has("deliveries", "clicked_at"):
        return None
    deliveries = base.tables["deliveries"]
    rows = deliveries.frame.filter(~nw.col("customer").is_null())
    rows = rows.filter(~held_back(deliveries, base.control_arms))
    soon = nw.col("clicked_at") <= nw.col("sent_at") + rules.fatigue_response_days * DAY
    answered = nw.when(soon.fill_null(False)).then(nw.lit(1)).otherwise(nw.lit(0))
    messages = (
        rows.with_columns(answered=answered, time=nw.col("sent_at"), day=nw.col("sent_on"))
        .group_by("customer", "time")
        .agg(nw.col("day").min(), nw.col("answered").max())
    )
    return messages, "deliveries", "delivery"


def _numbered(
    rows: nw.LazyFrame, last_day: int, rules: TouchpointsSettings
) -> tuple[nw.LazyFrame, int]:
    """The messages numbered, of people whose first one came after the rest; and people left out."""
    import narwhals as nw

    kept = checkpoint(
        rows.with_columns(
            answered=nw.col("answered").fill_null(0).cast(nw.Int64),
            one=nw.lit(1),
            first_day=nw.col("day").min().over("customer"),
        ).with_columns(number=nw.col("one").cum_sum().over("customer", order_by="time"))
    )
    ends = collect(kept.select(nw.col("day").min().alias("start")), limit=1)["start"]
    start = 0 if ends.isna().any() else int(ends.iloc[0])
    fresh = nw.col("first_day") >= start + rules.fatigue_rest_days
    early = kept.filter(~fresh).select("customer").unique()
    left_out = collect(early.select(nw.len().alias("n")), limit=1)["n"].iloc[0]
    first = nw.when(nw.col("number") == 1).then(nw.col("answered")).otherwise(nw.lit(0))
    frame = (
        kept.filter(fresh & (nw.col("day") <= last_day))
        .with_columns(first=first, number=nw.col("number").cast(nw.Int64))
        .with_columns(
            first_answered=nw.col("first").max().over("customer"),
            block=nw.col("day").cast(nw.Int64) // BLOCK_DAYS,
            first_block=nw.col("first_day").cast(nw.Int64) // BLOCK_DAYS,
        )
        .select("customer", "number", "answered", "first_answered", "block", "first_block")
    )
    return checkpoint(frame), int(left_out)
