"""Time at risk after a send against time at risk without one, hour by hour.

Every hour for which a person stands as a contact is either within the window after their last
send or not. Whether it is depends on what happened before it only: comparing people who got a
send with people who never did, or a person's weeks with a send with their weeks without, would
count against the others the time before a first send, which nobody who left lives to see.

Hours are compared within the same hour of the week, the same four weeks and the same tenure.
Hours of the week are those of any clock, so that the time zone does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.engine import checkpoint, collect
from privdom_kit.relations.spells import CUSTOMER
from privdom_kit.touchpoints.sends import HOUR

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.relations.spells import Relations
    from privdom_kit.touchpoints.sends import Sends

_WEEK, _BLOCK = 168, 4 * 168
#: Tenure in hours at which a band of tenure begins: the first week, month, quarter, and later.
BANDS = (0, 7 * 24, 30 * 24, 90 * 24)
_FAR = 1 << 30
_DAY = 86_400
_MOST = 2_000_000
_NOT_EXPOSED = -2


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Removals and time at risk by stratum.

    Attributes:
        after_events: By send (its rank; the pooled sends as -1): removals by stratum.
        after_hours: The same for hours at risk.
        other_events: Removals with no send in the window before.
        other_hours: Hours at risk with none.
        reached: People told while they were contacts, by send.
    """

    after_events: dict[int, NDArray]
    after_hours: dict[int, NDArray]
    other_events: NDArray
    other_hours: NDArray
    reached: dict[int, int]

    @property
    def all_after(self) -> tuple[NDArray, NDArray]:
        """Removals and hours after any send."""
        return sum(self.after_events.values()), sum(self.after_hours.values())  # type: ignore[return-value]


def measure_exposure(
    relations: Relations, sends: Sends, as_of_day: int, window_hours: int
) -> Exposure:
    """Hours at risk and removals within ``window_hours`` of a send and otherwise, by stratum.

    A person is at risk from the first relation to the first removal by the customer (the event),
    or until the last relation ended otherwise, or to ``as_of``. A removal belongs to the last
    send before it; the window of a send ends where the person's next one begins.
    """
    people = checkpoint(_at_risk(relations, as_of_day))
    after = checkpoint(_windows(people, sends, window_hours))
    first, last = _span(people)
    strata = _Strata(first, last)
    every = people.select("first", lo="first", hi="last").with_columns(send=_zero())
    hours = strata.hours(every)
    exposed = strata.hours(after)
    told = collect(after.group_by("send").agg(_rows()), limit=_MOST)
    reached = {int(s): int(n) for s, n in zip(told["send"], told["rows"], strict=True)}
    events = strata.events(_event_rows(people, after))
    other_events = events.pop(_NOT_EXPOSED, strata.nothing())
    for rank in reached:
        events.setdefault(rank, strata.nothing())
    other_hours = hours.get(0, strata.nothing()) - sum(exposed.values(), strata.nothing())
    return Exposure(events, exposed, other_events, other_hours, reached)


def _zero() -> nw.Expr:
    import narwhals as nw

    return nw.lit(0)


def _rows() -> nw.Expr:
    import narwhals as nw

    return nw.len().alias("rows")


def _at_risk(relations: Relations, as_of_day: int) -> nw.LazyFrame:
    """``customer, start, stop`` (seconds)``, first, last`` (hours)``, event`` by person."""
    import narwhals as nw

    end = _end_of_day(relations, as_of_day)
    removed = nw.when(nw.col("ended") == CUSTOMER).then(nw.col("end"))
    rows = relations.frame.with_columns(removed=removed, until=nw.col("end").fill_null(end))
    people = rows.group_by("customer").agg(
        nw.col("start").min(), nw.col("removed").min(), nw.col("until").max()
    )
    stop = nw.when(nw.col("removed").is_null()).then(nw.col("until")).otherwise(nw.col("removed"))
    people = people.with_columns(
        stop=stop, event=nw.when(nw.col("removed").is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
    )
    return people.select(
        nw.col("customer").cast(nw.Int64), "start", "stop", "event",
        first=nw.col("start") // HOUR, last=nw.col("stop") // HOUR,
    )  # fmt: skip


def _end_of_day(relations: Relations, as_of_day: int) -> int:
    """The second at which ``as_of`` ends where the client is: days and seconds give the offset."""
    import narwhals as nw

    ahead = nw.col("start_day") * _DAY - nw.col("start")
    ends = collect(
        relations.frame.select(low=ahead.max(), high=(ahead + _DAY).min()), limit=1
    ).iloc[0]
    quarter = HOUR // 4
    offset = round((float(ends["low"]) + float(ends["high"])) / 2 / quarter) * quarter
    return (as_of_day + 1) * _DAY - offset - 1


def _windows(people: nw.LazyFrame, sends: Sends, window_hours: int) -> nw.LazyFrame:
    """Hours ``lo`` to ``hi`` after each send to a contact, cut at the next send and at the end."""
    import narwhals as nw

    rows = sends.people.join(people, on="customer", how="inner").filter(
        (nw.col("time") >= nw.col("start")) & (nw.col("time") <= nw.col("stop"))
    )
    following = nw.col("hour").shift(-1).over("customer", order_by="hour").fill_null(_FAR)
    rows = rows.with_columns(following=following - 1, full=nw.col("hour") + (window_hours - 1))
    hi = nw.min_horizontal("following", "full", "last")
    return rows.select("customer", "send", "first", lo=nw.col("hour"), hi=hi)


def _event_rows(people: nw.LazyFrame, after: nw.LazyFrame) -> nw.LazyFrame:
    """Each removal with the send whose window it fell into."""
    import narwhals as nw

    gone = people.filter(nw.col("event") == 1).select("customer", "first", "last")
    last = gone.join(after.select("customer", "send", "lo", "hi"), on="customer", how="inner")
    hit = last.filter((nw.col("lo") <= nw.col("last")) & (nw.col("last") <= nw.col("hi")))
    rows = gone.join(hit.select("customer", "send"), on="customer", how="left")
    return rows.with_columns(nw.col("send").fill_null(_NOT_EXPOSED))


def _span(people: nw.LazyFrame) -> tuple[int, int]:
    import narwhals as nw

    ends = collect(people.select(nw.col("first").min(), nw.col("last").max()), limit=1).iloc[0]
    return int(ends["first"]), int(ends["last"])


class _Strata:
    """Hour of the week x four weeks x band of tenure, as one index."""

    def __init__(self, first: int, last: int) -> None:
        self.block = first // _BLOCK
        self.size = (last // _BLOCK - self.block + 1) * _WEEK * len(BANDS)

    def nothing(self) -> NDArray:
        return np.zeros(self.size)

    def index(self, hours: NDArray, band: NDArray | int) -> NDArray:
        week = (hours // _BLOCK - self.block) * _WEEK + hours % _WEEK
        return (week * len(BANDS) + band).astype(int)

    def hours(self, spans: nw.LazyFrame) -> dict[int, NDArray]:
        """Hours from ``lo`` to ``hi`` by ``send`` and stratum; ``first`` begins the tenure."""
        changes = _changes(spans)
        found: dict[int, NDArray] = {}
        for (rank, band), rows in changes.groupby(["send", "band"]):
            at = rows["hour"].to_numpy()
            steps = np.bincount(at - at.min(), rows["change"].to_numpy())
            standing = np.round(np.cumsum(steps))
            places = self.index(np.arange(len(steps) - 1) + at.min(), int(band))
            total = np.bincount(places, standing[:-1], minlength=self.size)
            found[int(rank)] = found.get(int(rank), self.nothing()) + total
        return found

    def events(self, rows: nw.LazyFrame) -> dict[int, NDArray]:
        import narwhals as nw

        counts = collect(
            rows.with_columns(band=_band())
            .group_by("send", "last", "band")
            .agg(nw.len().alias("rows")),
            limit=_MOST,
        ).astype("int64")
        return {
            int(rank): np.bincount(
                self.index(part["last"].to_numpy(), part["band"].to_numpy()),
                part["rows"].to_numpy(),
                minlength=self.size,
            )
            for rank, part in counts.groupby("send")
        }


def _band() -> nw.Expr:
    """The band of tenure in which the hour ``last`` lies."""
    import narwhals as nw

    tenure = nw.col("last") - nw.col("first")
    band: nw.Expr = nw.lit(0)
    for number, begins in enumerate(BANDS):
        band = nw.when(tenure >= begins).then(nw.lit(number)).otherwise(band)
    return band


def _changes(spans: nw.LazyFrame) -> pd.DataFrame:
    """``send, band, hour, change``: how many spans begin less how many are over, by hour."""
    import narwhals as nw
    import pandas as pd

    parts = []
    for number, begins in enumerate(BANDS):
        ends = BANDS[number + 1] - 1 if number + 1 < len(BANDS) else _FAR
        cut = spans.with_columns(low=nw.col("first") + begins, high=nw.col("first") + ends)
        cut = cut.select(
            "send",
            lo=nw.max_horizontal("lo", "low"),
            over=nw.min_horizontal("hi", "high") + 1,
        ).filter(nw.col("lo") < nw.col("over"))
        for column, sign in (("lo", 1), ("over", -1)):
            counts = collect(
                cut.group_by("send", column).agg(nw.len().alias("change")), limit=_MOST
            ).astype("int64")
            counts = counts.rename(columns={column: "hour"})
            parts.append(counts.assign(band=number, change=sign * counts["change"]))
    return pd.concat(parts, ignore_index=True)
