"""Member days against matched days: what they bring, and whether they have a theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval, paired_sums_ratio
from privdom_kit.form_registers import WEEKDAYS
from privdom_kit.formats import day_date

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.form_registers import MemberDay
    from privdom_kit.settings import Settings

_COLUMNS = (
    *("member_day", "has_theme", "days", "days_compared", "buyers_per_day"),
    "matched_buyers_per_day",
    *bounded("buyer_uplift"),
    *("net_spend_per_day", "matched_net_spend_per_day"),
    *bounded("spend_uplift"),
)
_DAY_LIMIT = 20_000


def compare_member_days(base: Base, settings: Settings) -> pd.DataFrame:
    """A row for each member day of forms.yml: its days against matched days.

    A day of the month is matched with the same weekday some weeks before and after; a weekly day
    with the other days of its week (its weekday has no others), so that weekday and member day
    cannot be told apart there. Days that are member days themselves, lie outside the orders, or
    after ``as_of`` match nothing. The uplift is the sum over member days / the sum of the means of
    their matched days, less 1, with an interval over the member days.

    Returns:
        member_day, has_theme, days, days_compared, buyers_per_day, matched_buyers_per_day,
        buyer_uplift with interval, net_spend_per_day, matched_net_spend_per_day, spend_uplift
        with interval. Uplifts are null below ``member_day_least`` days.
    """
    import pandas as pd

    sales = _daily(base, settings)
    every = {
        name: _days_of(day, sales, base.as_of_day, settings)
        for name, day in _named(base.forms.member_days).items()
    }
    special = {day for days in every.values() for day in days}
    rows = []
    for name, day in _named(base.forms.member_days).items():
        pairs = [
            (one, matches)
            for one in every[name]
            if (matches := _matches(one, day, special, sales, settings))
        ]
        rows.append(_row(name, day, len(every[name]), pairs, sales, settings))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _named(days: Sequence[MemberDay]) -> dict[str, MemberDay]:
    """Member days by name; one without is called by its day."""
    return {
        day.name or (day.weekday if day.weekday else str(day.day_of_month)) or "": day
        for day in days
    }


def _daily(base: Base, settings: Settings) -> dict[int, tuple[int, float]]:
    """Buyers and net spend by day, days without an order included, from the first order on."""
    import narwhals as nw

    if base.purchases is None:
        return {}
    longest = settings.touchpoints.member_day_period_days + 7 * 9
    rows = base.purchases.days.filter(nw.col("day") > base.as_of_day - longest)
    table = collect(
        rows.group_by("day").agg(
            nw.col("is_purchase").sum().alias("buyers"), nw.col("net_cents").sum()
        ),
        limit=_DAY_LIMIT,
    )
    if not len(table):
        return {}
    known = {
        int(row.day): (int(row.buyers), float(row.net_cents) / 100)
        for row in table.itertuples(index=False)
    }
    return {day: known.get(day, (0, 0.0)) for day in range(min(known), base.as_of_day + 1)}


def _days_of(
    day: MemberDay, sales: Mapping[int, Any], as_of_day: int, settings: Settings
) -> list[int]:
    since = as_of_day - settings.touchpoints.member_day_period_days
    return [one for one in sales if one > since and _is_member_day(day, one)]


def _is_member_day(day: MemberDay, one: int) -> bool:
    date = day_date(one)
    if day.weekday:
        return WEEKDAYS[date.weekday()] == day.weekday
    return date.day == day.day_of_month


def _matches(
    one: int,
    day: MemberDay,
    special: set[int],
    sales: Mapping[int, Any],
    settings: Settings,
) -> list[int]:
    if day.weekday:
        near = [one + step for step in (-3, -2, -1, 1, 2, 3)]
    else:
        weeks = range(1, settings.touchpoints.member_day_weeks + 1)
        near = [one + 7 * sign * week for week in weeks for sign in (-1, 1)]
    return [other for other in near if other in sales and other not in special]


def _row(
    name: str,
    day: MemberDay,
    days: int,
    pairs: list[tuple[int, list[int]]],
    sales: Mapping[int, tuple[int, float]],
    settings: Settings,
) -> dict[str, Any]:
    lines = settings.touchpoints
    row: dict[str, Any] = {
        "member_day": name,
        "has_theme": day.has_theme if day.has_theme is not None else (True if day.theme else None),
        "days": days,
        "days_compared": len(pairs),
    }
    for place, (stem, uplift) in enumerate(_MEASURES):
        own = [float(sales[one][place]) for one, _ in pairs]
        matched = [sum(sales[m][place] for m in near) / len(near) for _, near in pairs]
        enough = len(pairs) >= lines.member_day_least
        found = paired_sums_ratio(own, matched, lines.confidence_level) if enough else None
        row[f"{stem}_per_day"] = sum(own) / len(own) if own else None
        row[f"matched_{stem}_per_day"] = sum(matched) / len(matched) if matched else None
        row |= interval_figures(uplift, _less_one(found))
    return row


_MEASURES = (("buyers", "buyer_uplift"), ("net_spend", "spend_uplift"))


def _less_one(ratio: Interval | None) -> Interval | None:
    if ratio is None:
        return None
    return Interval(ratio.estimate - 1, ratio.lower - 1, ratio.upper - 1)
