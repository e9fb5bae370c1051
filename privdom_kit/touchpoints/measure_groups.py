"""Whether community groups are alive: active share by size and age, life against plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, interval_figures, judge_change, rate, used_settings
from privdom_kit.clusters import clustered_change, clustered_ratio, clustered_share
from privdom_kit.estimates import Interval, robust_slopes
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints import group_days
from privdom_kit.touchpoints.group_days import GroupDays, counted_people, read_group_days
from privdom_kit.touchpoints.group_lives import group_states, life_curve, life_figures

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MONTH = 30
UNITS = {
    "kind": "text: what the line is a band of",
    "band": "text: band",
    "theme": "text: theme",
    "groups": "count: groups",
    "group_days": "count: days of groups",
    "members": "count: members on a mean day, over the groups of the line",
    "active_member_days": "count: active members, added up over days",
    "member_days": "count: members, added up over days",
    "active_share": "percent: share of member days on which the member was active",
    "active_share_before": "percent: the same one window before",
    "active_change": "points: active share now less before, over the same groups",
    "compared_groups": "count: groups seen in both windows",
    "age_slope": "points: change of the active share per 30 days of age, within groups",
    "size_slope": "points: difference of the active share per doubling of the group's size",
    "standing_groups": "count: groups not dissolved",
    "silent_groups": "count: groups in which nobody has written for long",
    "silent_share": "percent: share of the groups not dissolved",
    "planned_groups": "count: groups whose planned time is over",
    "overdue_groups": "count: groups past their planned time and not dissolved",
    "overdue_share": "percent: share of the groups whose planned time is over",
    "overdue_silent_groups": "count: groups past their plan, silent and not dissolved",
    "watched_groups": "count: groups watched from their beginning",
    "median_life_days": "days: days within which half of the groups had fallen silent",
    "group_age": "days: days since the group was made",
    "at_risk": "count: groups still watched",
    "ended_groups": "count: groups that ended at that age",
    "alive_share": "percent: share of groups alive",
    "customer_messages": "count: messages by customers",
    "all_messages": "count: messages whose sender is known",
    "customer_message_share": "percent: share of the messages whose sender is known",
}
QUESTION = Question("group_health", ("S056", "S078", "S079", "S193"), UNITS)
_LIFE = {
    "time": "group_age",
    "events": "ended_groups",
    "survival": "alive_share",
    "survival_ci_lower": "alive_share_ci_lower",
    "survival_ci_upper": "alive_share_ci_upper",
}
_SETTINGS = ("window_days", "size_bands", "age_bands", "silent_days", "tolerance")


def measure_group_health(base: Base, settings: Settings) -> Result:
    """Active members over members of the latest window, by size and age of the groups.

    The group is the unit: its days and members are alike. Shares are ratios over groups with
    intervals at the effective sample size; the slope on age compares a group with itself, so that
    groups that died young do not make the old look lively; the slope on size compares groups and
    holds their age. The verdict is on the change of the active share against the window before,
    over the groups of both, as no published line for active groups can be cited; while groups
    stand past their own plan it is ``watch`` at least.

    Returns:
        ``table``: kind (all, size, group_age), band, groups, members, active_member_days,
        member_days, active_share and interval. Size and all are of the latest window, age of all
        days.
        ``themes`` the same by theme (S078); ``lives``: product-limit life of groups (S079).
    """
    rules = settings.touchpoints
    used = used_settings(
        settings,
        *(f"touchpoints.group_{name}" for name in _SETTINGS),
        *("touchpoints.min_groups", "touchpoints.confidence_level"),
    )
    if not base.has("groups", "members", "active_members"):
        reason = msg("No groups table with members and active members was given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    days = read_group_days(base.tables["groups"])
    if days is None:
        reason = msg("No day of any group has members and a plausible number of active ones.")
        coverage = base.coverage("groups")
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    # The window ends with the data: an export that stops earlier is no month of silence.
    since = days.last_day - rules.group_window_days + 1
    now = group_days.sum_window(days, since, days.last_day)
    before = group_days.sum_window(days, since - rules.group_window_days, since - 1)
    states = group_states(days, rules.group_silent_days)
    curve = life_curve(states, rules.confidence_level, rules.min_groups)
    change = _change(now, before, rules)
    figures = {
        **life_figures(states, curve, rules.confidence_level),
        **_activity_figures(days, now, before, change, rules),
        **_senders(base, since, rules),
    }
    table, cells = _suppressed(_band_table(days, now, rules), settings)
    by_theme, more = _suppressed(_theme_table(days, now, rules), settings)
    lives = None if curve is None else curve.table.rename(columns=_LIFE)
    tables = {"themes": by_theme, "lives": lives}
    return QUESTION.answer(
        base.as_of,
        _verdict(days, figures, change, rules),
        table,
        used,
        coverage=days.coverage,
        figures=figures,
        tables={name: found for name, found in tables.items() if found is not None},
        notes=(*_notes(days, states, base), *suppression_note(cells + more, _least(settings))),
    )


def _verdict(
    days: GroupDays, figures: dict[str, Any], change: Interval | None, rules: Any
) -> Verdict:
    """On the change of activity; never ``clear`` while groups stand past their own plan."""
    if days.to_date:
        return Verdict.WATCH if figures["overdue_groups"] else Verdict.NOT_ENOUGH_DATA
    verdict = judge_change(change, rules.group_tolerance, "down")
    return verdict if verdict is Verdict.ACT or not figures["overdue_groups"] else Verdict.WATCH


def _least(settings: Settings) -> int:
    return settings.privacy.min_cell


def _share(rows: pd.DataFrame, rules: Any) -> Interval | None:
    """The active share over groups; None where they are too few to be the unit of an estimate."""
    per_group = rows.groupby("group")[["active", "members"]].sum()
    if len(per_group) < rules.min_groups:
        return None
    return clustered_share(per_group["active"], per_group["members"], rules.confidence_level)


def _change(now: pd.DataFrame, before: pd.DataFrame, rules: Any) -> Interval | None:
    both = now.merge(before, on="group", suffixes=("", "_before"))
    if len(both) < rules.min_groups:
        return None
    return clustered_change(
        both["active"],
        both["members"],
        both["active_before"],
        both["members_before"],
        rules.confidence_level,
    )


def _activity_figures(
    days: GroupDays, now: pd.DataFrame, before: pd.DataFrame, change: Interval | None, rules: Any
) -> dict[str, Any]:
    products = group_days.sum_products(days)
    slope = None
    if len(products) >= rules.min_groups and not days.to_date:
        slope = clustered_ratio(_MONTH * products["xy"], products["xx"], rules.confidence_level)
    return {
        "members": int(counted_people(now["members"], now["days"]).sum()),
        **interval_figures("active_share", _share(now, rules)),
        **interval_figures("active_share_before", _share(before, rules)),
        "compared_groups": int(now["group"].isin(before["group"]).sum()),
        **interval_figures("active_change", change),
        **interval_figures("age_slope", slope),
        **interval_figures("size_slope", _size_slope(now, rules)),
    }


def _size_slope(now: pd.DataFrame, rules: Any) -> Interval | None:
    """Difference of a group's active share per doubling of its size, at the same age."""
    import numpy as np

    if len(now) < rules.min_groups:
        return None
    shares, sizes = now["active"] / now["members"], np.log2(now["members"] / now["days"])
    columns = [sizes, now["age"]] if now["age"].notna().all() else [sizes]
    slopes = robust_slopes(shares, columns, rules.confidence_level)
    if slopes is None and len(columns) > 1:  # groups of one age
        slopes = robust_slopes(shares, columns[:1], rules.confidence_level)
    return None if slopes is None else slopes[0]


def _senders(base: Base, since: int, rules: Any) -> dict[str, Any]:
    found = group_days.senders(base, since)
    customer, total = (found["customer"], sum(found.values())) if found else (None, None)
    return {
        "customer_messages": customer,
        "all_messages": total,
        **rate(customer, total, "customer_message_share", rules.confidence_level),
    }


def _band_names(edges: tuple[int, ...], first: int) -> list[str]:
    """1-49, 50-99, 100+."""
    ends = sorted(edges)
    starts = [first, *ends]
    return [f"{a}-{b - 1}" for a, b in zip(starts, ends, strict=False)] + [f"{ends[-1]}+"]


def _band_table(days: GroupDays, now: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """All groups of the window, then by size, then, over all days, by age."""
    import numpy as np
    import pandas as pd

    sizes, ages = rules.group_size_bands, rules.group_age_bands
    place = np.searchsorted(sorted(sizes), now["members"] / now["days"], side="right")
    lines = [_line("all", "all", now, rules)]
    for band, name in enumerate(_band_names(sizes, 1)):
        lines.append(_line("size", name, now[place == band], rules))
    aged = group_days.sum_ages(days, ages)
    for band, name in enumerate(_band_names(ages, 0)):
        if len(rows := aged[aged["band"] == band]):
            lines.append(_line("group_age", name, rows, rules))
    return pd.DataFrame(lines)


def _theme_table(days: GroupDays, now: pd.DataFrame, rules: Any) -> pd.DataFrame | None:
    import pandas as pd

    names = group_days.themes(days)
    if names is None:
        return None
    joined = now.merge(names, on="group", how="left").fillna({"theme": group_days.UNKNOWN})
    lines = [_line("theme", name, rows, rules) for name, rows in joined.groupby("theme")]
    table = pd.DataFrame(lines).drop(columns="kind").rename(columns={"band": "theme"})
    return table.sort_values(["groups", "theme"], ascending=[False, True], ignore_index=True)


def _line(kind: str, band: str, rows: pd.DataFrame, rules: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "band": band,
        "groups": rows["group"].nunique(),
        "members": int(counted_people(rows["members"], rows["days"]).sum()),
        "group_days": int(rows["days"].sum()),
        "active_member_days": int(rows["active"].sum()),
        "member_days": int(rows["members"].sum()),
        **interval_figures("active_share", _share(rows, rules) if len(rows) else None),
    }


def _suppressed(table: pd.DataFrame | None, settings: Settings) -> tuple[Any, int]:
    """Lines that few people stand behind are hidden."""
    if table is None:
        return None, 0
    hide = ["active_member_days", "member_days", "active_share"]
    hide += ["active_share_ci_lower", "active_share_ci_upper"]
    groups = [["kind"]] if "kind" in table else [()]
    return suppress(table, "members", hide, _least(settings), groups)


def _notes(days: GroupDays, states: pd.DataFrame, base: Base) -> tuple[Message, ...]:
    notes = [msg("Member days are counted: a member active on two days counts twice.")]
    if days.to_date:
        notes.append(
            msg(
                "Active members and messages never fall in this export: they are taken as counted "
                "up to the day. Shares are of members who have ever written; how many are active "
                "on a day, and whether that changes, is not measured."
            )
        )
    if days.last_day < base.as_of_day:
        notes.append(
            msg(
                "The groups' data end on {day:date}; the latest window ends there.",
                day=days.last_day,
            )
        )
    late = int((states["created"].notna() & ~states["whole"]).sum())
    if late:
        notes.append(
            msg(
                "{late:count} groups were made before their rows begin; they are left out of the "
                "life of groups, as those that died earlier are not in the data.",
                late=late,
            )
        )
    return tuple(notes)
