"""What a planned test can detect, in words; beside it who gets what, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.describe_costs import describe_budget
from privdom_kit.copy_tests.describe_split import describe_assignment
from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.report.wording import CRM_LEAD, NOT_IN_MONEY, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe_assignment", "describe_budget", "describe_sample_size"]

_MOST_NAMED = 5
_WHOLE = "all_crowds"


def describe_sample_size(result: Result) -> Finding:
    """Whether each planned test can detect what it looks for, the worst first."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    lines = [_detects(row) for row in _whole(result.table).itertuples(index=False)]
    return Finding(
        result,
        statement=lines[0],
        evidence=(
            *lines[1:],
            *_smallest(result.table),
            *_baselines(result.table),
            *_crowds_alone(result.table),
            *_guarded(result.tables["guardrails"]),
        ),
        action=_size_action(result),
        owner=CRM_LEAD,
        money_basis=NOT_IN_MONEY,
    )


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["scope"] == _WHOLE]


def _detects(row: Any) -> Message:
    """One sentence a test: cannot, can, perhaps, or what keeps it from being said."""
    values = {
        "test": row.test,
        "needed": row.needed_people,
        "people": row.people,
        "difference": row.difference,
    }
    if row.can_detect == "false":
        return msg(
            "{test:quote} cannot detect what it looks for: a difference of "
            "{difference:fine_points} takes {needed:count} people, and there are {people:count}.",
            **values,
        )
    if row.can_detect == "true":
        return msg(
            "{test:quote} can detect a difference of {difference:fine_points}: it takes "
            "{needed:count} people, and there are {people:count}.",
            **values,
        )
    if row.can_detect == "unsure" and not is_missing(row.needed_people_ci_lower):
        return msg(
            "Whether {test:quote} can detect a difference of {difference:fine_points} is not sure: "
            "it takes {needed:count} people (interval {lower:count} to {upper:count}), and there "
            "are {people:count}.",
            **values,
            lower=row.needed_people_ci_lower,
            upper=row.needed_people_ci_upper,
        )
    if not is_missing(row.needed_people):
        return msg(
            "Whether {test:quote} can detect a difference of {difference:fine_points} cannot be "
            "said: it takes {needed:count} people, and how many there are in all is not known.",
            **values,
        )
    return msg(
        "What {test:quote} can detect cannot be said: {what} is not known.",
        test=row.test,
        what=_lacking(row),
    )


def _lacking(row: Any) -> Message:
    if not row.arms_compared:
        return msg("which copy is in use, and what is compared with it,")
    if is_missing(row.baseline):
        return msg("the share with the outcome under the present copy")
    return msg("the smallest difference worth finding")


def _smallest(table: pd.DataFrame) -> Iterator[Message]:
    """What the people there are can show."""
    for row in _whole(table).itertuples(index=False):
        if is_missing(row.control_people) or is_missing(row.baseline) or not row.arms_compared:
            continue
        if is_missing(row.detectable_difference):
            yield msg(
                "{test:quote}: with {people:count} people to compare with, no difference could be "
                "detected at all.",
                test=row.test,
                people=row.control_people,
            )
        elif is_missing(row.detectable_difference_ci_lower):
            yield msg(
                "{test:quote}: with {people:count} people to compare with, the smallest "
                "difference that can be shown is {gap:fine_points} ({lift:percent} of the "
                "baseline).",
                test=row.test,
                people=row.control_people,
                gap=row.detectable_difference,
                lift=row.detectable_lift,
            )
        else:
            yield msg(
                "{test:quote}: with {people:count} people to compare with, the smallest "
                "difference that can be shown is {gap:fine_points} (interval "
                "{lower:fine_points} to {upper:fine_points}; {lift:percent} of the baseline).",
                test=row.test,
                people=row.control_people,
                gap=row.detectable_difference,
                lower=row.detectable_difference_ci_lower,
                upper=row.detectable_difference_ci_upper,
                lift=row.detectable_lift,
            )


def _baselines(table: pd.DataFrame) -> Iterator[Message]:
    for row in _whole(table).itertuples(index=False):
        if is_missing(row.baseline):
            continue
        if is_missing(row.baseline_test):
            yield msg(
                "{test:quote}: a baseline of {rate:percent} ({outcome}) is stated, without an "
                "interval.",
                test=row.test,
                rate=row.baseline,
                outcome=label(row.primary),
            )
        else:
            yield msg(
                "{test:quote}: the baseline is {rate:percent} ({outcome}; interval {lower:percent} "
                "to {upper:percent}) of {people:count} people in {before:quote}.",
                test=row.test,
                rate=row.baseline,
                outcome=label(row.primary),
                lower=row.baseline_ci_lower,
                upper=row.baseline_ci_upper,
                people=row.baseline_people,
                before=row.baseline_test,
            )


def _crowds_alone(table: pd.DataFrame) -> Iterator[Message]:
    """Crowds that cannot detect the difference by themselves, by name, test by test."""
    single = table[table["scope"] != _WHOLE]
    for test in dict.fromkeys(single["test"]):
        own = single[single["test"] == test]
        blind = own[own["can_detect"] == "false"]
        if len(blind):
            yield msg(
                "{test:quote}: {blind:count} of {crowds:count} crowds cannot detect it by "
                "themselves: {names:list}.",
                test=test,
                blind=len(blind),
                crowds=len(own),
                names=_named(list(blind["crowd"])),
            )


def _named(names: list[str]) -> tuple[Message, ...]:
    """The first few names, and how many more there are."""
    shown = [msg("{name:quote}", name=name) for name in names[:_MOST_NAMED]]
    if len(names) > _MOST_NAMED:
        shown.append(msg("{more:count} more", more=len(names) - _MOST_NAMED))
    return tuple(shown)


def _guarded(table: pd.DataFrame) -> Iterator[Message]:
    for row in table.itertuples(index=False):
        values = {
            "test": row.test,
            "metric": label(row.metric),
            "margin": row.margin,
            "needed": row.needed_people,
            "people": row.people,
        }
        if is_missing(row.needed_people):
            yield msg(
                "{test:quote}, {metric}: whether a rise of {margin:fine_points} or more can be "
                "ruled out cannot be said, as nobody knows how often it happens now.",
                **values,
            )
        elif row.can_show == "true":
            yield msg(
                "{test:quote}, {metric}: a rise of {margin:fine_points} or more can be ruled out; "
                "it takes {needed:count} people, and there are {people:count}.",
                **values,
            )
        elif is_missing(row.can_show) or is_missing(row.people):
            yield msg(
                "{test:quote}, {metric}: to rule out a rise of {margin:fine_points} or more takes "
                "{needed:count} people; how many there are is not known.",
                **values,
            )
        elif row.can_show == "unsure":
            yield msg(
                "{test:quote}, {metric}: whether a rise of {margin:fine_points} or more can be "
                "ruled out is not sure; it takes about {needed:count} people, and there are "
                "{people:count}.",
                **values,
            )
        else:
            yield msg(
                "{test:quote}, {metric}: a rise of {margin:fine_points} or more cannot be ruled "
                "out; it takes {needed:count} people, and there are {people:count}.",
                **values,
            )


def _size_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        return msg(
            "Do not send a test as it is planned that cannot detect its own minimum: compare fewer "
            "arms, find more people, or state a larger difference as the smallest worth finding."
        )
    if result.verdict is Verdict.NOT_ENOUGH_DATA:
        return msg("State in forms.yml what is missing, and run this again before sending.")
    if result.verdict is Verdict.WATCH:
        return msg(
            "Decide by all crowds together, and claim nothing of a crowd or a guard-rail that is "
            "too small to show it."
        )
    return None
