"""Contacts at risk in continuous time: how long each stood under how many purchase links.

A contact's state changes at moments: a relation begins or ends, a link arrives, a link leaves
the window, a tenure band is passed. Between two moments the state is constant, and everything
that happens at a moment (removal, order, further link) belongs to the state just before it. So a
removal is set against the links that came before it, never against the rest of its week: a person
who is gone can be sent nothing more, and whole calendar weeks make that look like an effect of few
links. This is the person-years method with exposure that changes in time (Breslow and Day,
Statistical Methods in Cancer Research II, 1987, chapter 4): with constant rates within a state the
likelihood is that of a Poisson count with the time at risk as exposure, so counts by cell lose
nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect, send
from privdom_kit.events import BRAND, CUSTOMER

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

DAY, WEEK = 86_400, 7 * 86_400
LINK_WINDOW = WEEK  # links a week: those of the last seven days
#: Columns that make a cell.
KEYS = ("week", "weekday", "links", "tenure", "entry", "active")
_STATE = ("standing", "links", "tenure", "active")
_SUMS = ("left", "links_sent", "cents")
#: What a person's row says that is no sign of activity: it opens, ends or hands over a relation.
_NO_ACTIVITY = (
    *("added", "removed", "removed_by_staff", "transferred", "unsubscribed", "opted_out"),
    *("complained", "registered", "subscribed"),
)
_MOST_CELLS = 500_000
HOUR, _QUARTER = 3_600, 900


@dataclass(frozen=True, slots=True, eq=False)
class ContactTime:
    """Time at risk by cell.

    Attributes:
        cells: ``week`` (Mondays since 1969-12-29), ``weekday`` (0 Monday), ``links`` (purchase
            links of the last 7 days, at most the cap), ``tenure`` (band), ``entry`` (code of the
            entry channel, -1 other or unknown), ``active`` (band of earlier activity), with
            ``contact_weeks``, ``link_weeks`` (links x weeks, uncapped), ``removed`` (by the
            customer, no relation left), ``links_sent`` and ``cents`` (net of orders).
        entries: Names of the entry channels by code.
        contacts: People who stood at any time in the window.
        start: First second of the window.
        end: First second after it.
    """

    cells: pd.DataFrame
    entries: dict[int, str]
    contacts: int
    start: int
    end: int


def measure_contact_time(base: Base, rules: TouchpointsSettings) -> ContactTime | None:
    """The time at risk of all contacts; None where no message names a link in the window.

    Args:
        base: With contacts and touches.
        rules: The window, the bands and the cap.
    """
    import narwhals as nw

    window = _window(base, rules)
    if window is None:
        return None
    offset, start, end = window
    people, entries = _people(base, rules)
    states = checkpoint(_states(base, rules, people))
    inside = states.filter(
        (nw.col("standing") > 0) & (nw.col("until") > start) & (nw.col("time") < end)
    )
    risk, counts = _risk(inside, offset, start, end), _happened(inside, offset, start, end)
    cells = risk.merge(counts, on=list(KEYS), how="outer").fillna(0)
    people = inside.select("customer").unique()
    contacts = collect(people.select(nw.len().alias("n")), limit=1)
    return ContactTime(cells, entries, int(contacts["n"].iloc[0]), start, end)


def _window(base: Base, rules: TouchpointsSettings) -> tuple[int, int, int] | None:
    """Offset of the client's clock, and the first second of the window and after it.

    Links are known from the first touch of the table to the day of its last one; before a whole
    link window has passed after the first, a contact's links are not all known.
    """
    import narwhals as nw

    touches = base.tables["touches"].frame
    ends = collect(
        touches.select(
            nw.col("occurred_at").min().alias("first"),
            nw.col("occurred_on").max().alias("last_day"),
            (nw.col("occurred_on").cast(nw.Int64) * DAY - nw.col("occurred_at")).max().alias("low"),
            (nw.col("occurred_on").cast(nw.Int64) * DAY + DAY - nw.col("occurred_at"))
            .min()
            .alias("high"),
        ),
        limit=1,
    ).iloc[0]
    if ends.isna().any():
        return None
    offset = _offset(float(ends["low"]), float(ends["high"]))
    end = (min(base.as_of_day, int(ends["last_day"])) + 1) * DAY - offset
    seen = int(ends["first"]) + LINK_WINDOW
    start = max(seen, end - rules.push_lookback_days * DAY)
    return (offset, start, end) if start < end else None


def _offset(low: float, high: float) -> int:
    """Seconds by which the client's clock is ahead: at least ``low`` and below ``high``.

    The client's day and the moment are both stored, so every row narrows it down. Whole hours
    come before quarters; the middle decides where several fit.
    """
    middle = (low + high) / 2
    for unit in (HOUR, _QUARTER):
        fits = range(math.ceil(low / unit) * unit, math.ceil(high), unit)
        if fits:
            return min(fits, key=lambda offset: abs(offset - middle))
    return round(middle)


def _people(base: Base, rules: TouchpointsSettings) -> tuple[nw.LazyFrame, dict[int, str]]:
    """``customer, first`` (time of the first relation)``, entry`` of every contact."""
    import narwhals as nw

    contacts = base.tables["contacts"]
    column = next((c for c in ("entry_code", "add_way") if contacts.has(c)), None)
    code = nw.lit(-1) if column is None else nw.col(column).cast(nw.Int32).fill_null(-1)
    rows = contacts.frame.filter(~nw.col("customer").is_null()).select(
        "customer", "added_at", entry=code
    )
    first = rows.group_by("customer").agg(nw.col("added_at").min().alias("first"))
    people = (
        rows.join(first, on="customer", how="inner")
        .filter(nw.col("added_at") == nw.col("first"))
        .group_by("customer", "first")
        .agg(nw.col("entry").max())
    )
    names = contacts.dictionaries.get(column or "", ())
    sizes = collect(people.group_by("entry").agg(nw.len().alias("n")), limit=len(names) + 1)
    largest = sizes[sizes["entry"] >= 0].sort_values(["n", "entry"], ascending=[False, True])
    kept = [int(c) for c in largest["entry"].head(rules.push_entry_channels)]
    known = nw.when(nw.col("entry").is_in(kept or [-2])).then(nw.col("entry")).otherwise(-1)
    return checkpoint(people.with_columns(entry=known)), {c: names[c] for c in kept}


def _states(base: Base, rules: TouchpointsSettings, people: nw.LazyFrame) -> nw.LazyFrame:
    """A row a person and constant state: from ``time`` until ``until``, and what ended it."""
    import narwhals as nw

    parts = [*_relations(base), *_links(base), *_activity(base, rules)]
    parts += [_orders(base), *_bands(people, rules)]
    names = ("standing", "links", "tenure", "active", *_SUMS)
    rows = nw.concat([_full(part) for part in parts])
    moments = (
        rows.join(people.select("customer", "entry"), on="customer", how="inner")
        .group_by("customer", "time", "entry")
        .agg(nw.col(name).sum().cast(nw.Int64) for name in names)
    )
    state = moments.with_columns(
        nw.col(name).cum_sum().over("customer", order_by="time").cast(nw.Int64) for name in _STATE
    )
    nexts = {
        "until": nw.col("time"),
        "standing_after": nw.col("standing"),
        **{f"{name}_next": nw.col(name) for name in _SUMS},
    }
    state = state.with_columns(
        **{
            name: column.shift(-1).over("customer", order_by="time")
            for name, column in nexts.items()
        }
    )
    forever = base.as_of_day * DAY + 3 * WEEK
    cap = rules.push_most_links
    return state.with_columns(
        until=nw.col("until").fill_null(forever),
        capped=nw.when(nw.col("links") > cap).then(nw.lit(cap)).otherwise(nw.col("links")),
        active=_band(nw.col("active"), rules.push_active_actions),
        removed=nw.when((nw.col("left_next") > 0) & (nw.col("standing_after") == 0))
        .then(nw.lit(1))
        .otherwise(nw.lit(0)),
    )


def _band(number: nw.Expr, edges: tuple[int, ...]) -> nw.Expr:
    """How many of the edges a number has reached."""
    import narwhals as nw

    marks = [nw.when(number >= edge).then(nw.lit(1)).otherwise(nw.lit(0)) for edge in edges]
    return reduce(lambda a, b: a + b, marks, nw.lit(0))


def _full(frame: nw.LazyFrame) -> nw.LazyFrame:
    """The change rows with zero for what they do not change."""
    import narwhals as nw

    given = frame.collect_schema().names()
    return frame.select(
        nw.col("customer").cast(nw.Int32),
        nw.col("time").cast(nw.Int64),
        *(
            nw.col(name).cast(nw.Int64) if name in given else nw.lit(0, dtype=nw.Int64).alias(name)
            for name in (*_STATE, *_SUMS)
        ),
    )


def _relations(base: Base) -> list[nw.LazyFrame]:
    """Beginnings and ends of relations; an end before its beginning is no relation."""
    import narwhals as nw

    contacts = base.tables["contacts"]
    known = contacts.frame.filter(~nw.col("customer").is_null())
    sane = nw.col("removed_at").is_null() | (nw.col("removed_at") >= nw.col("added_at"))
    rows = known.filter(sane)
    by_customer: nw.Expr = nw.lit(1)
    for name in ("staff", "transfer") if contacts.has("removed_by") else ():
        other = nw.col("removed_by").fill_null(-1) == contacts.code("removed_by", name)
        known_code = contacts.code("removed_by", name) >= 0
        by_customer = (
            nw.when(other).then(nw.lit(0)).otherwise(by_customer) if known_code else (by_customer)
        )
    ended = rows.filter(~nw.col("removed_at").is_null())
    return [
        rows.select("customer", time=nw.col("added_at"), standing=nw.lit(1)),
        ended.select("customer", time=nw.col("removed_at"), standing=nw.lit(-1), left=by_customer),
    ]


def _links(base: Base) -> list[nw.LazyFrame]:
    """Purchase links from the brand: they count from their second on, for the link window."""
    import narwhals as nw

    sent = base.events.frame.filter(
        (nw.col("direction") == BRAND) & (nw.col("has_purchase_link") == 1)
    )
    gone = nw.col("time") + LINK_WINDOW
    return [
        sent.select("customer", "time", links=nw.lit(1), links_sent=nw.lit(1)),
        sent.select("customer", time=gone, links=nw.lit(-1)),
    ]


def _activity(base: Base, rules: TouchpointsSettings) -> list[nw.LazyFrame]:
    """Own actions in the days before the link window: a click on a link is its effect."""
    import narwhals as nw

    codes = [base.events.action(name) for name in _NO_ACTIVITY]
    own = base.events.frame.filter(
        (nw.col("direction") == CUSTOMER) & ~nw.col("action").is_in(codes)
    )
    since = nw.col("time") + LINK_WINDOW
    until = since + rules.push_active_days * DAY
    return [
        own.select("customer", time=since, active=nw.lit(1)),
        own.select("customer", time=until, active=nw.lit(-1)),
    ]


def _orders(base: Base) -> nw.LazyFrame:
    import narwhals as nw

    bought = base.events.frame.filter(~nw.col("net_cents").is_null())
    return bought.select("customer", "time", cents=nw.col("net_cents"))


def _bands(people: nw.LazyFrame, rules: TouchpointsSettings) -> list[nw.LazyFrame]:
    import narwhals as nw

    return [
        people.select("customer", time=nw.col("first") + days * DAY, tenure=nw.lit(1))
        for days in rules.push_tenure_days
    ]


def _risk(inside: nw.LazyFrame, offset: int, start: int, end: int) -> pd.DataFrame:
    """Weeks at risk by cell: each interval cut at the midnights of the client's clock."""
    import narwhals as nw

    cut = inside.select(
        *("capped", "links", "tenure", "entry", "active"),
        since=nw.max_horizontal(nw.col("time"), nw.lit(start)),
        until=nw.min_horizontal(nw.col("until"), nw.lit(end)),
    )
    first = _week(nw.col("since"), offset)
    cut = cut.with_columns(first=first, span=_week(nw.col("until") - 1, offset) - first)
    steps = send(_steps((end - start) // WEEK + 1), inside)
    pairs = cut.join(steps, on="span", how="inner")
    pairs = pairs.with_columns(week=nw.col("first") + nw.col("step"))
    pairs = pairs.with_columns(opens=(nw.col("week") * 7 - 3) * DAY - offset)
    seconds = {}
    for day in range(7):
        opens = nw.col("opens") + day * DAY
        span = nw.min_horizontal(nw.col("until"), opens + DAY) - nw.max_horizontal(
            nw.col("since"), opens
        )
        seconds[f"day_{day}"] = nw.when(span > 0).then(span).otherwise(nw.lit(0))
    pairs = pairs.with_columns(**seconds)
    loads = {f"load_{day}": nw.col(f"day_{day}") * nw.col("links") for day in range(7)}
    sums = [nw.col(name).sum() for name in (*seconds, *loads)]
    keys = ("week", "capped", "tenure", "entry", "active")
    wide = collect(pairs.with_columns(**loads).group_by(*keys).agg(*sums), limit=_MOST_CELLS)
    wide = wide.rename(columns={"capped": "links"})
    return _by_weekday(wide)


def _week(moment: nw.Expr, offset: int) -> nw.Expr:
    """Mondays since 1969-12-29 on the client's clock."""
    return ((moment + offset) // DAY + 3) // 7


def _steps(most: int) -> pd.DataFrame:
    """``span, step``: an interval that reaches over ``span`` Mondays lies in weeks 0 to ``span``.

    Joined on ``span`` they cut every interval at the Mondays, without looking at every week.
    """
    import pandas as pd

    rows = [(span, step) for span in range(most + 2) for step in range(span + 1)]
    return pd.DataFrame(rows, columns=["span", "step"])


def _by_weekday(wide: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    keys = [name for name in KEYS if name != "weekday"]
    days = [
        wide[keys].assign(
            weekday=day,
            contact_weeks=wide[f"day_{day}"].astype("float64") / WEEK,
            link_weeks=wide[f"load_{day}"].astype("float64") / WEEK,
        )
        for day in range(7)
    ]
    cells = pd.concat(days, ignore_index=True)
    return cells[cells["contact_weeks"] > 0]


def _happened(inside: nw.LazyFrame, offset: int, start: int, end: int) -> pd.DataFrame:
    """Removals, links and net of orders by the cell in which their moment found the contact."""
    import narwhals as nw

    told = ("removed", "links_sent_next", "cents_next")
    some = reduce(lambda a, b: a | b, [nw.col(name) != 0 for name in told])
    rows = inside.filter(some & (nw.col("until") >= start) & (nw.col("until") < end))
    weekday = ((nw.col("until") + offset) // DAY + 3) % 7
    rows = rows.with_columns(
        week=_week(nw.col("until"), offset), weekday=weekday, links=nw.col("capped")
    )
    sums = [nw.col(name).sum() for name in told]
    table = collect(rows.group_by(*KEYS).agg(*sums), limit=_MOST_CELLS)
    return table.rename(columns={"links_sent_next": "links_sent", "cents_next": "cents"})
