"""Replies to customers by member of staff and day: from single messages, or from statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.tables import Table

PLACE = "wecom_chat"
EVERYBODY = "all"
CHATS, SECONDS, ANSWERED = "chats", "first_reply_seconds", "reply_share"
_OF = "_from_"  # between a metric of touchpoint_days and the member of staff it is of
_DAY = 86_400
_WHOLE = -2  # instead of a code of staff: everybody
_NEVER = 2**60
_MOST = 2_000_000  # staff x days
_MOST_DAYS = 1_000_000  # rows of WeCom's statistics: three a member of staff and day


@dataclass(frozen=True, slots=True, eq=False)
class Replies:
    """Chats that customers began, and how they were answered.

    Attributes:
        table: A row a member of staff and day: ``staff, day, chats`` (the weight)``, late``
            (chats answered after the limit or not at all)``, seconds`` (sum of first-reply
            seconds over the answered)``, answered`` (chats with a reply time)``, asked`` (chats
            whose answering is known)``, missed`` (of them, not answered).
        waits: Staff with ``chats`` and the ``quantile`` of their waits in seconds, ``all`` last;
            infinite where too many were not answered at all.
        source: touches or touchpoint_days.
        faults: Rows left out by reason.
        notes: What the figures are and are not.
    """

    table: pd.DataFrame
    waits: pd.DataFrame
    source: str
    faults: dict[str, int]
    notes: tuple[Message, ...]


def read_replies(base: Base, rules: Any) -> Replies | None:
    """Replies since ``reply_window_days`` before ``as_of``; None where nothing tells of them.

    Single messages are better than statistics, unless they are too few to judge by: they give
    waits, and statistics daily means.
    """
    since = base.as_of_day - rules.reply_window_days + 1
    found = None
    if base.has("touches", "direction"):
        found = _from_touches(base.tables["touches"], base, since, rules)
    few = found is None or found.table["chats"].sum() < rules.reply_min_chats
    if few and "touchpoint_days" in base.tables:
        return _from_days(base.tables["touchpoint_days"], since, rules) or found
    return found


def _from_touches(touches: Table, base: Base, since: int, rules: Any) -> Replies | None:
    """A chat begins with a customer's message that does not follow another one of theirs.

    The brand's next message to the person within ``reply_watch_hours`` is the reply; a campaign's
    is none. Messages of the last hours, whose replies may be yet to come, are left out.
    """
    opened = _openings(touches, base, since, rules)
    limit, watched = 60 * rules.reply_limit_minutes, 3600 * rules.reply_watch_hours
    import narwhals as nw

    wait = nw.col("wait")
    answered = nw.when(wait > watched).then(nw.lit(0)).otherwise(nw.lit(1))
    rows = opened.with_columns(answered=answered)
    kept = nw.when(nw.col("answered") == 1).then(wait)
    late = nw.when(kept.fill_null(int(watched) + 1) > limit).then(nw.lit(1)).otherwise(nw.lit(0))
    rows = rows.with_columns(seconds=kept, late=late)
    table = collect(
        rows.group_by("staff", "day").agg(
            nw.len().alias("chats"),
            nw.col("late").sum(),
            nw.col("seconds").sum(),
            nw.col("answered").sum(),
        ),
        limit=_MOST,
    ).astype("float64")
    if table.empty:
        return None
    table = table.assign(asked=table["chats"], missed=table["chats"] - table["answered"])
    waits = _quantiles(rows, rules.reply_quantile)
    table, waits = (_named(part, touches) for part in (table.fillna({"seconds": 0.0}), waits))
    return Replies(table, waits, "touches", {}, _touch_notes(rules, touches))


def _openings(touches: Table, base: Base, since: int, rules: Any) -> nw.LazyFrame:
    """Customers' messages that begin a chat: ``staff, day, wait`` (seconds; huge: no reply)."""
    import narwhals as nw

    brand = nw.col("direction") == touches.code("direction", "brand")
    place = nw.col("touchpoint") == touches.code("touchpoint", PLACE)
    spoken = nw.col("action") == touches.code("action", "message")  # a send is a push
    kept = place & spoken & ~nw.col("customer").is_null()
    if touches.has("campaign_id"):
        kept = kept & (~brand | nw.col("campaign_id").is_null())
    staff = nw.col("staff_id") if touches.has("staff_id") else nw.lit(None, dtype=nw.Int32)
    # One person's chats with two members of staff are two chats.
    talk = touches.frame.filter(kept).select(
        nw.col("customer"),
        staff.fill_null(-1).alias("staff"),
        nw.col("occurred_at").alias("time"),
        nw.col("occurred_on").alias("day"),
        nw.col("order_key"),
        nw.when(brand).then(nw.lit(1)).otherwise(nw.lit(0)).alias("by_brand"),
    )
    keys, order = ("customer", "staff"), ["time", "order_key"]
    rows = talk.with_columns(
        said_before=nw.col("by_brand").shift(1).over(*keys, order_by=order),
        at_before=nw.col("time").shift(1).over(*keys, order_by=order),
        reply_at=_next_reply(keys, order),
    )
    watched = int(3600 * rules.reply_watch_hours)
    begins = (
        nw.col("said_before").is_null()
        | (nw.col("said_before") == 1)
        | (nw.col("time") - nw.col("at_before") > watched)
    )
    end = (base.as_of_day + 1) * _DAY - watched - 14 * 3600  # whatever the time zone
    asked = (nw.col("by_brand") == 0) & begins & (nw.col("day") >= since)
    return rows.filter(asked & (nw.col("time") <= end)).select(
        "staff", "day", (nw.col("reply_at") - nw.col("time")).alias("wait")
    )


def _next_reply(keys: tuple[str, ...], order: list[str]) -> nw.Expr:
    """Time of the brand's next message: the running minimum from the end."""
    import narwhals as nw

    # A running minimum is null on rows without a value of their own, hence the far future.
    said = nw.when(nw.col("by_brand") == 1).then(nw.col("time")).otherwise(nw.lit(_NEVER))
    return said.cum_min(reverse=True).over(*keys, order_by=order)


def _quantiles(rows: nw.LazyFrame, quantile: float) -> pd.DataFrame:
    """The waits' quantile by member of staff and over all; those not answered wait longest."""
    import narwhals as nw
    import pandas as pd

    parts = []
    whole = rows.with_columns(staff=nw.lit(_WHOLE))
    columns = ("staff", "seconds")
    for part in (rows.select(*columns), whole.select(*columns)):
        never = nw.when(nw.col("seconds").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
        ranked = part.with_columns(never=never).with_columns(
            one=nw.lit(1), never=nw.col("never").cast(nw.Int64)
        )
        ranked = ranked.with_columns(
            rank=nw.col("one").cum_sum().over("staff", order_by=["never", "seconds"]),
            chats=nw.len().over("staff"),
        )
        at = (nw.col("rank") >= quantile * nw.col("chats")) & (
            nw.col("rank") < quantile * nw.col("chats") + 1
        )
        parts.append(
            collect(
                ranked.filter(at).select("staff", "chats", nw.col("seconds").alias("quantile")),
                limit=_MOST_DAYS,
            ).astype("float64")
        )
    found = pd.concat(parts, ignore_index=True)
    return found.assign(quantile=found["quantile"].fillna(float("inf")))


def _named(frame: pd.DataFrame, touches: Table) -> pd.DataFrame:
    """Codes of staff as names; -2 is everybody."""
    whole = frame["staff"] == _WHOLE
    codes = frame.assign(staff=frame["staff"].clip(lower=-1).astype("int64"))
    found = touches.decode(codes, "staff", "staff_id")
    return found.assign(staff=found["staff"].where(~whole, EVERYBODY))


def _touch_notes(rules: Any, touches: Table) -> tuple[Message, ...]:
    notes = [
        msg(
            "A chat begins with a customer's message that follows none of their own within "
            "{hours:number} hours; the brand's next message that belongs to no campaign is the "
            "reply, and none within {hours:number} hours counts as not answered.",
            hours=rules.reply_watch_hours,
        )
    ]
    if not touches.has("staff_id"):
        notes.append(msg("Touches name no staff, so replies are measured for all together."))
    return tuple(notes)


def _from_days(days: Table, since: int, rules: Any) -> Replies | None:
    """WeCom's daily statistics; where a preset kept the staff, theirs, else those of all."""
    import narwhals as nw

    metrics = days.dictionaries.get("metric", ())
    codes = [i for i, m in enumerate(metrics) if m.partition(_OF)[0] in (CHATS, SECONDS, ANSWERED)]
    place = nw.col("touchpoint") == days.code("touchpoint", PLACE)
    wanted = place & nw.col("metric").is_in(codes) & (nw.col("date") >= since)
    rows = days.frame.filter(wanted).select("date", "metric", "value")
    found = days.decode(collect(rows, limit=_MOST_DAYS), "metric")
    found = _split_names(found)
    if found.empty:
        return None
    wide = found.pivot(index=["staff", "date"], columns="metric", values="value").reset_index()
    for name in (CHATS, SECONDS, ANSWERED):
        if name not in wide:
            wide[name] = float("nan")
    return _daily(wide.rename(columns={"date": "day"}), rules)


def _split_names(found: pd.DataFrame) -> pd.DataFrame:
    """Metrics of chats and replies with whose they are; the total only where nobody is named."""
    parts = found["metric"].str.partition(_OF)
    staff = parts[2].where(parts[2] != "", EVERYBODY)
    named = found.assign(metric=parts[0], staff=staff)
    named = named[named["metric"].isin((CHATS, SECONDS, ANSWERED))]
    people = named[named["staff"] != EVERYBODY]
    # Sums of a day's chats stand beside those of its staff: counted once.
    return people if len(people) else named


def _daily(wide: pd.DataFrame, rules: Any) -> Replies | None:
    """Means of a day weigh as much as its chats; no mean is no chat begun by a customer."""
    import pandas as pd

    over = wide[SECONDS] > _DAY
    faults = {"reply time above a day": int(over.sum())}
    wide = wide.assign(**{SECONDS: wide[SECONDS].mask(over)})
    silent = int((wide[SECONDS].isna() & ~over).sum())
    weight = wide[CHATS].where(wide[CHATS] > 0)
    timed = weight.where(wide[SECONDS].notna()).fillna(0.0)
    known = weight.where(wide[ANSWERED].notna()).fillna(0.0)
    table = pd.DataFrame(
        {
            "staff": wide["staff"],
            "day": wide["day"],
            "chats": wide[CHATS].fillna(0.0),
            "late": timed.where(wide[SECONDS] > 60 * rules.reply_limit_minutes, 0.0),
            "seconds": (timed * wide[SECONDS]).fillna(0.0),
            "answered": timed,
            "asked": known,
            "missed": (known * (1 - wide[ANSWERED])).fillna(0.0),
        }
    )
    if not table["answered"].sum() > 0:
        return None
    waits = [_weighted_quantile(n, rows, rules) for n, rows in table.groupby("staff")]
    if set(table["staff"]) != {EVERYBODY}:
        waits.append(_weighted_quantile(EVERYBODY, table, rules))
    return Replies(
        table, pd.DataFrame(waits), "touchpoint_days", faults, _day_notes(silent, faults, table)
    )


def _weighted_quantile(name: object, rows: pd.DataFrame, rules: Any) -> dict[str, object]:
    """The quantile over chats of the mean of their day."""
    timed = rows[rows["answered"] > 0]
    means = (timed["seconds"] / timed["answered"]).sort_values()
    weights = timed["answered"].loc[means.index].cumsum()
    total = float(timed["answered"].sum())
    reached = means[weights >= rules.reply_quantile * total - 1e-9]
    quantile = float(reached.iloc[0]) if len(reached) else float("nan")
    return {"staff": name, "chats": total, "quantile": quantile}


def _day_notes(silent: int, faults: dict[str, int], table: pd.DataFrame) -> tuple[Message, ...]:
    notes = [
        msg(
            "Replies come from daily statistics: means of a day, weighted by the chats in which "
            "staff wrote, as how many chats were answered is not given. A single slow chat within "
            "a day does not show."
        ),
    ]
    if silent:
        notes.append(
            msg(
                "{days:count} days of staff carry no reply time: nobody wrote in, which is no "
                "reply of zero.",
                days=silent,
            )
        )
    if faults["reply time above a day"]:
        notes.append(
            msg(
                "{rows:count} reply times are longer than a day, which the statistic cannot hold: "
                "left out; check whether they are seconds or minutes.",
                rows=faults["reply time above a day"],
            )
        )
    if set(table["staff"]) == {EVERYBODY}:
        notes.append(
            msg("The statistics do not name staff: overload of single members does not show.")
        )
    return tuple(notes)
