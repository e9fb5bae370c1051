"""How many there are at each touchpoint, and how many of them did anything lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.events import CUSTOMER as BY_CUSTOMER
from privdom_kit.relations.spells import read_contacts, read_followers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

#: Joining and leaving are what the stock itself counts; being called or invited is not doing.
PASSIVE = frozenset(
    {
        *("added", "removed", "removed_by_staff", "transferred", "subscribed", "unsubscribed"),
        *("registered", "invited", "connected", "opted_out", "complained", "join", "leave"),
    }
)
COLUMNS = (
    *("touchpoint", "stock", "known_people", "active_people", "active_here", "silent_people"),
    "active_a_day",
)
_MOST_DAYS = 1_000_000
_PEOPLE = ("known_people", "active_people", "active_here")


def stock_table(base: Base, rules: TouchpointsSettings) -> pd.DataFrame:
    """One row a touchpoint with a stock.

    ``stock``: people who stand (followers, contacts, members; the platform's own latest count in
    ``touchpoint_days`` where it gives one), members of all groups on their last day.
    ``known_people``: those of them who are known one by one. ``active_people``: of those, with an
    own action anywhere (any but :data:`PASSIVE` ones) in the last ``vanity_active_days``;
    ``active_here``: at that very touchpoint, where own actions are recorded there.
    ``active_a_day``: as the platform counts them, on the busiest day. What is not measured is None,
    never zero.
    """
    import pandas as pd

    actions = _own_actions(base, rules)
    rows = {row["touchpoint"]: row for row in _known_stocks(base, actions)}
    for row in (*_platform_stocks(base, rules), *_group_stock(base, rules)):
        known = rows.setdefault(row["touchpoint"], dict.fromkeys(COLUMNS))
        known |= {name: value for name, value in row.items() if value is not None}
    table = pd.DataFrame(list(rows.values()), columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if name not in ("touchpoint", "active_a_day")]
    table[numbers] = table[numbers].astype("Int64")
    return table.astype({"active_a_day": "float64"})


def _own_actions(base: Base, rules: TouchpointsSettings) -> nw.LazyFrame | None:
    """``customer, touchpoint`` of own actions lately; None where no table records any."""
    import narwhals as nw

    events = base.events
    told = {str(c["action"]) for c in events.counts if c["direction"] == "customer"}
    if not told - PASSIVE:
        return None
    passive = [events.action(name) for name in PASSIVE if name in events.actions]
    lately = nw.col("day") > base.as_of_day - rules.vanity_active_days
    own = (nw.col("direction") == BY_CUSTOMER) & ~nw.col("action").is_in(passive)
    return checkpoint(events.frame.filter(own & lately).select("customer", "touchpoint").unique())


def _known_stocks(base: Base, actions: nw.LazyFrame | None) -> Iterator[dict[str, Any]]:
    import narwhals as nw

    for touchpoint, read in (("service_account", read_followers), ("wecom_chat", read_contacts)):
        relations = read(base)
        if relations is not None:
            standing = relations.frame.filter(nw.col("end").is_null())
            yield _known(base, touchpoint, standing.select("customer").unique(), actions)
    if "members" in base.tables:
        known = base.tables["members"].frame.filter(~nw.col("customer").is_null())
        yield _known(base, "membership", known.select("customer").unique(), actions)


def _known(
    base: Base, touchpoint: str, people: nw.LazyFrame, actions: nw.LazyFrame | None
) -> dict[str, Any]:
    import narwhals as nw

    stock = _count(people)
    row = dict.fromkeys(COLUMNS) | {
        "touchpoint": touchpoint,
        "stock": stock,
        "known_people": stock,
    }
    if actions is None:
        return row
    code = base.events.touchpoint(touchpoint)
    here = actions.filter(nw.col("touchpoint") == code)
    active = _count(people.join(actions.select("customer").unique(), on="customer", how="inner"))
    row |= {"active_people": active, "silent_people": stock - active}
    if _records_own(base, touchpoint):
        row["active_here"] = _count(people.join(here, on="customer", how="inner"))
    return row


def _records_own(base: Base, touchpoint: str) -> bool:
    """Whether any own action of anybody is recorded there: an export may hold the brand's only."""
    return any(
        c["touchpoint"] == touchpoint
        and c["direction"] == "customer"
        and c["action"] not in PASSIVE
        for c in base.events.counts
    )


def _count(rows: nw.LazyFrame) -> int:
    import narwhals as nw

    return int(collect(rows.select(nw.len().alias("rows")), limit=1)["rows"].iloc[0])


def _platform_stocks(base: Base, rules: TouchpointsSettings) -> Iterator[dict[str, Any]]:
    """The platform's latest count of each touchpoint, and its busiest day."""
    import narwhals as nw

    if "touchpoint_days" not in base.tables:
        return
    given = base.tables["touchpoint_days"]
    names = (*rules.stock_metrics, *rules.stock_active_metrics)
    codes = {given.code("metric", name): name for name in names}
    codes.pop(-1, None)
    rows = given.frame.filter(nw.col("metric").is_in(list(codes)))
    table = collect(rows.select("date", "touchpoint", "metric", "value"), limit=_MOST_DAYS)
    table["metric"] = [codes[int(code)] for code in table["metric"]]
    table = given.decode(table, "touchpoint")
    for touchpoint, part in table.groupby("touchpoint", sort=True):
        stocks = part[part["metric"].isin(rules.stock_metrics)].sort_values("date")
        if stocks.empty:
            continue
        lately = part[part["date"] > base.as_of_day - rules.vanity_active_days]
        active = lately[lately["metric"].isin(rules.stock_active_metrics)]["value"]
        yield {
            "touchpoint": touchpoint,
            "stock": int(stocks["value"].iloc[-1]),
            "active_a_day": float(active.max()) if len(active) else None,
        }


def _group_stock(base: Base, rules: TouchpointsSettings) -> Iterator[dict[str, Any]]:
    """Members of all groups on each group's last day; who is active there by the busiest day."""
    import narwhals as nw

    if "groups" not in base.tables:
        return
    groups = base.tables["groups"]
    last = groups.frame.group_by("group_id").agg(nw.col("date").max())
    members = collect(
        groups.frame.join(last, on=["group_id", "date"], how="inner").select(
            nw.col("members").sum()
        ),
        limit=1,
    ).fillna(0)
    row: dict[str, Any] = {"touchpoint": "group", "stock": int(members["members"].iloc[0])}
    if groups.has("active_members"):
        lately = nw.col("date") > base.as_of_day - rules.vanity_active_days
        days = collect(
            groups.frame.filter(lately).group_by("date").agg(nw.col("active_members").sum()),
            limit=_MOST_DAYS,
        )
        row["active_a_day"] = float(days["active_members"].max()) if len(days) else None
    yield row
