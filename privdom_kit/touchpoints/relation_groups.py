"""Removals by entry code, way of adding, staff and month, each held against all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import bounded
from privdom_kit.engine import collect
from privdom_kit.estimates import (
    Interval,
    adjust_p_values,
    difference_interval,
    equality_test,
)
from privdom_kit.periods import period_name, period_start, with_period
from privdom_kit.relations.spells import CUSTOMER
from privdom_kit.relations.tenure import Exits, removed_by_day, watched_exits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.relations.spells import Relations
    from privdom_kit.settings import TouchpointsSettings

UNKNOWN, OTHERS = "unknown", "other_groups"
RECENT, EARLIER = "recent", "earlier"
#: The split by the time at which relations began.
WHEN = {"contacts": "time_of_adding", "followers": "time_of_following"}
_UNKNOWN_CODE, _OTHERS_CODE = -1, -2
_MOST_GROUPS = 200_000
_MOST_MONTHS = 1_000_000
_COMPARED = [*bounded("difference"), "p_value"]


def compare_groups(
    base: Base, watched: Sequence[tuple[Relations, int]], rules: TouchpointsSettings
) -> pd.DataFrame:
    """Every split's groups, the largest first, with the difference from all others.

    Recent relations against earlier ones are one more split. All comparisons are one family:
    p-values corrected by Holm, intervals of the differences widened for their number
    (Bonferroni), so that they hold together. Shares are by ``churn_compare_days`` of tenure.

    Args:
        base: The client.
        watched: Relations, each with the first day on which their ends were recorded.
        rules: Settings.

    Returns:
        ``split, group, relations, removed, watched, removed_share`` and bounds, ``difference``
        and bounds, ``p_value, p_value_adjusted, is_worse``.
    """
    import pandas as pd

    parts = []
    for relations, since in watched:
        parts += [_split(base, relations, name, since, rules) for name in relations.splits]
        parts.append(_recent(base, relations, since, rules))
    table = pd.concat([_rows(name, exits, names, rules) for name, exits, names in parts])
    table = table.reset_index(drop=True)
    return _judge_groups(_compare(table, parts, rules), rules)


def _split(
    base: Base, relations: Relations, name: str, records_from: int, rules: TouchpointsSettings
) -> tuple[str, Exits, dict[int, str]]:
    """Exits by the values of one column; the smallest values are pooled."""
    import narwhals as nw

    sizes = collect(relations.frame.group_by(name).agg(nw.len().alias("rows")), limit=_MOST_GROUPS)
    known = sizes[sizes[name] >= 0].sort_values(["rows", name], ascending=[False, True])
    shown = [int(code) for code in known[name].head(rules.churn_most_groups)]
    code = nw.col(name)
    group = nw.when(code.is_in([*shown, _UNKNOWN_CODE])).then(code).otherwise(_OTHERS_CODE)
    exits = watched_exits(relations.frame, base.as_of_day, records_from, group)
    values = base.tables[relations.table].dictionaries.get(name, ())
    names = {code: values[code] for code in shown}
    return name, exits, {**names, _OTHERS_CODE: OTHERS, _UNKNOWN_CODE: UNKNOWN}


def _recent(
    base: Base, relations: Relations, records_from: int, rules: TouchpointsSettings
) -> tuple[str, Exits, dict[int, str]]:
    import narwhals as nw

    since = base.as_of_day - rules.churn_recent_days
    group = nw.when(nw.col("start_day") > since).then(nw.lit(1)).otherwise(nw.lit(0))
    exits = watched_exits(relations.frame, base.as_of_day, records_from, group)
    return WHEN[relations.table], exits, {1: RECENT, 0: EARLIER}


def _rows(
    split: str, exits: Exits, names: dict[int, str], rules: TouchpointsSettings
) -> pd.DataFrame:
    import pandas as pd

    sizes = exits.leaving.groupby("group")["rows"].sum()
    rows = []
    for code in (code for code in names if code in sizes.index):
        part = exits.part(code)
        share = _share(part, rules)
        found = share[0] if share else Interval(*[float("nan")] * 3)
        ends = (found.estimate, found.lower, found.upper)
        rows.append(
            {
                "split": split,
                "group": names[code],
                "code": code,
                "relations": part.rows,
                "removed": part.removed,
                "watched": share[2]
                if share
                else part.curve(rules.confidence_level).at_risk(rules.churn_compare_days),  # type: ignore[union-attr]
                **dict(zip(bounded("removed_share"), ends, strict=True)),
            }
        )
    return pd.DataFrame(rows)


def _share(
    exits: Exits, rules: TouchpointsSettings
) -> tuple[Interval, tuple[float, float], int] | None:
    level = rules.confidence_level
    curve = exits.curve(level)
    return removed_by_day(curve, rules.churn_compare_days, rules.churn_min_at_risk, level)


def _compare(
    table: pd.DataFrame, parts: list[tuple[str, Exits, dict[int, str]]], rules: TouchpointsSettings
) -> pd.DataFrame:
    """Each group that is large enough against all others of its split."""
    by_split = {name: exits for name, exits, _ in parts}
    sides = {}
    for place, row in table.iterrows():
        exits = by_split[row["split"]]
        named = row["group"] not in (UNKNOWN, OTHERS, EARLIER)
        one, rest = exits.part(row["code"]), exits.without(row["code"])
        if not named or min(one.rows, rest.rows) < rules.churn_min_relations:
            continue
        found = _share(one, rules), _share(rest, rules)
        if found[0] and found[1]:
            sides[place] = (*found[0][1], *found[1][1])
    alpha = (1 - rules.confidence_level) / max(len(sides), 1)
    table = table.assign(**dict.fromkeys(_COMPARED, float("nan")))
    for place, counts in sides.items():
        gap = difference_interval(*counts, level=1 - alpha)
        test = equality_test(*counts)
        table.loc[place, _COMPARED] = [gap.estimate, gap.lower, gap.upper, test.p_value]
    return table.drop(columns="code")


def _judge_groups(table: pd.DataFrame, rules: TouchpointsSettings) -> pd.DataFrame:
    adjusted = adjust_p_values(table["p_value"].tolist())
    table["p_value_adjusted"] = [float("nan") if p is None else p for p in adjusted]
    certain = (table["p_value_adjusted"] < 1 - rules.confidence_level) & (
        table["difference_ci_lower"] > 0
    )
    table["is_worse"] = certain & (table["difference"] > rules.churn_tolerance)
    return table


def month_table(base: Base, relations: Relations, records_from: int) -> pd.DataFrame:
    """Relations held at the start of each full month, and those of them removed in it (S003).

    Returns:
        ``month, held, removed_of_held``; months before ``records_from`` are left out.
    """
    import narwhals as nw
    import pandas as pd

    rows = with_period(relations.frame, "start_day", "start_month", "month")
    rows = rows.with_columns(last=nw.col("end_day").fill_null(base.as_of_day + 62))
    rows = with_period(rows, "last", "end_month", "month")
    counts = collect(
        rows.group_by("start_month", "end_month", "ended").agg(nw.len().alias("rows")),
        limit=_MOST_MONTHS,
    ).astype("int64")
    first, last = counts["start_month"].min(), counts["end_month"].max()
    found = []
    for month in range(int(first) + 1, int(last) + 1):
        begins, ends = period_start(month, "month"), period_start(month + 1, "month")
        if begins < records_from or ends > base.as_of_day + 1:
            continue
        held = counts[(counts["start_month"] < month) & (counts["end_month"] >= month)]
        gone = held[(held["end_month"] == month) & (held["ended"] == CUSTOMER)]
        name = period_name(month, "month")
        found.append((name, int(held["rows"].sum()), int(gone["rows"].sum())))
    return pd.DataFrame(found, columns=["month", "held", "removed_of_held"])


def cohort_table(
    base: Base, relations: Relations, records_from: int, rules: TouchpointsSettings
) -> pd.DataFrame:
    """Removals by ``churn_compare_days`` of the relations begun in each month.

    Returns:
        ``month, relations, removed, watched, removed_share`` and bounds.
    """
    import narwhals as nw

    rows = with_period(relations.frame, "start_day", "start_month", "month")
    exits = watched_exits(rows, base.as_of_day, records_from, nw.col("start_month"))
    months = sorted(int(code) for code in exits.leaving["group"].unique())
    names = {code: period_name(code, "month") for code in months}
    table = _rows(WHEN[relations.table], exits, names, rules)
    return table.rename(columns={"group": "month"}).drop(columns=["split", "code"])
