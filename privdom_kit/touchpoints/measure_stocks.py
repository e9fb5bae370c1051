"""Counts that look like success, beside the people who do anything; goals that name them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, add_rate, bounded, used_settings
from privdom_kit.knowledge.vanity import find_vanity
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.relation_units import UNITS
from privdom_kit.touchpoints.stocks import stock_table

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.forms import Goal
    from privdom_kit.settings import Settings, TouchpointsSettings

QUESTION = Question("vanity", ("S061",), UNITS)
ALONE, PAIRED, ACTIVE, NOT_JUDGED = "stock_alone", "stock_paired", "active_goal", "not_judged"
#: What to pair a stock with that is not on the list.
ANY_PAIR = "active_share"
_RULES = (
    *("confidence_level", "vanity_active_days", "vanity_silent_share", "vanity_min_people"),
    *("stock_metrics", "stock_active_metrics"),
)
_TABLES = ("followers", "contacts", "members", "groups", "touchpoint_days")
_GOAL_COLUMNS = ["goal", "metric", "judged", "paired_with"]


def measure_vanity(base: Base, settings: Settings) -> Result:
    """Stocks beside real-active people and the silent share; goals that name a stock alone.

    A goal names a stock where it says so (``kind: stock``) or where its metric is on the list of
    vanity metrics (:mod:`privdom_kit.knowledge.vanity`); it passes only paired with a metric that
    is none. The verdict is act where a goal names a stock alone; watch where more than
    ``vanity_silent_share`` of a stock is silent for sure or may be, or where no goals are stated;
    clear only where both were looked at.

    Returns:
        ``table``: touchpoint, stock, known_people, active_people, silent_people, silent_share
        and interval, active_here, active_a_day. ``tables["goals"]``: goal, metric, judged
        (stock_alone, stock_paired, active_goal, not_judged), paired_with (the goal's own, or
        the one to add).
    """
    rules, least = settings.touchpoints, settings.privacy.min_cell
    used = used_settings(settings, *(f"touchpoints.{n}" for n in _RULES), "privacy.min_cell")
    table = stock_table(base, rules)
    goals = goal_table(base.forms.goals)
    coverage = base.coverage(*_TABLES)
    if table.empty and goals.empty:
        reason = msg(
            "No table counts followers, contacts, members or groups, and no goals are stated."
        )
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    table = _with_shares(table, rules)
    verdict = _judge(table, goals, rules)
    hides = ["silent_people", *bounded("silent_share"), *bounded("active_share")]
    shown, cells = suppress(
        table, "known_people", ["active_people", "active_here", *hides], least, groups=()
    )
    shown, more = suppress(shown, "active_people", hides, least, groups=())
    hides = ["active_people", *hides[1:]]
    shown, again = suppress(shown, "silent_people", hides, least, groups=())
    shown, last = suppress(shown, "active_here", [], least, groups=())
    return QUESTION.answer(
        base.as_of,
        verdict,
        shown,
        used,
        coverage=coverage,
        figures=_figures(shown, goals, rules),
        tables={"goals": goals},
        notes=(*_notes(table, goals, rules), *suppression_note(cells + more + again + last, least)),
    )


def _with_shares(table: pd.DataFrame, rules: TouchpointsSettings) -> pd.DataFrame:
    import pandas as pd

    level = rules.confidence_level
    known = table[table["active_people"].notna()]
    rated = add_rate(known, "silent_people", "known_people", "silent_share", level)
    rated = add_rate(rated, "active_people", "known_people", "active_share", level)
    columns = [*bounded("silent_share"), *bounded("active_share")]
    return pd.concat([table, rated[columns].reindex(table.index)], axis=1)


def goal_table(goals: tuple[Goal, ...]) -> pd.DataFrame:
    """Each goal, whether it names a stock alone, and what stands or should stand beside it."""
    import pandas as pd

    by_name = {goal.name: goal for goal in goals}
    rows = [(goal.name, goal.metric, *judge_goal(goal, by_name)) for goal in goals]
    return pd.DataFrame(rows, columns=_GOAL_COLUMNS)


def judge_goal(goal: Goal, by_name: dict[str, Goal]) -> tuple[str, str]:
    """Whether a goal names a stock alone, and its pair (stated, or the one to add).

    A pair that is a stock itself is none.
    """
    if not _is_stock(goal):
        return (NOT_JUDGED if goal.kind is None else ACTIVE), goal.paired_with
    pair = by_name.get(goal.paired_with)
    good = bool(goal.paired_with) and (
        find_vanity(goal.paired_with) is None if pair is None else not _is_stock(pair)
    )
    if good:
        return PAIRED, goal.paired_with
    known = find_vanity(goal.metric)
    return ALONE, known.pair if known else ANY_PAIR


def _is_stock(goal: Goal) -> bool:
    return goal.kind == "stock" or find_vanity(goal.metric) is not None


def _figures(
    table: pd.DataFrame, goals: pd.DataFrame, rules: TouchpointsSettings
) -> dict[str, Any]:
    big = _judged(table, rules)
    names = ("touchpoint", "known_people", "active_people", *bounded("largest_silent_share"))
    figures: dict[str, Any] = dict.fromkeys(names)
    if len(big):
        row = big.loc[big["silent_share"].idxmax()]
        ends = (float(row[name]) for name in bounded("silent_share"))
        figures |= dict(zip(bounded("largest_silent_share"), ends, strict=True))
        figures |= {name: row[name] for name in names[:3]}
    judged = goals["judged"]
    return figures | {"goals": len(goals), "flagged_goals": int((judged == ALONE).sum())}


def _judged(table: pd.DataFrame, rules: TouchpointsSettings) -> pd.DataFrame:
    """Stocks whose people are known one by one, and numerous enough."""
    known = table["silent_share"].notna()
    known &= table["active_people"].notna()
    return table[known & (table["known_people"] >= rules.vanity_min_people).fillna(value=False)]


def _judge(table: pd.DataFrame, goals: pd.DataFrame, rules: TouchpointsSettings) -> Verdict:
    big = _judged(table, rules)
    if (goals["judged"] == ALONE).any():
        return Verdict.ACT
    if big.empty and goals.empty:
        return Verdict.NOT_ENOUGH_DATA
    quiet = (big["silent_share_ci_upper"] <= rules.vanity_silent_share).all()
    stated = len(goals) > 0 and (goals["judged"] != NOT_JUDGED).all()
    return Verdict.CLEAR if quiet and stated and len(big) else Verdict.WATCH


def _notes(
    table: pd.DataFrame, goals: pd.DataFrame, rules: TouchpointsSettings
) -> tuple[Message, ...]:
    notes = [
        msg(
            "Active is who did anything that is recorded, anywhere, in the last {days:days}; "
            "joining and leaving do not count. Reading a chat leaves no trace, so silent people "
            "may still read.",
            days=rules.vanity_active_days,
        )
    ]
    if goals.empty:
        notes.append(msg("No goals are stated in forms.yml, so whether they name stocks is open."))
    if len(table) and table["active_people"].isna().all():
        notes.append(
            msg("No table records what people themselves did, so nobody can be called active.")
        )
    if table["active_a_day"].notna().any():
        notes.append(
            msg(
                "Groups and platform statistics count active people by day: the busiest day is "
                "shown, and no silent share can be told from it."
            )
        )
    return tuple(notes)
