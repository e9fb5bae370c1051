"""When planned tests run: which are over, which have begun, which run at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.formats import day_number, is_missing

if TYPE_CHECKING:
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest


def open_plans(base: CopyBase) -> tuple[CopyTest, ...]:
    """The planned tests whose window is not over yet, in the order of forms.yml."""
    return tuple(plan for plan in base.plans if not _is_over(base, plan))


def plans_to_draw(base: CopyBase) -> tuple[CopyTest, ...]:
    """The open tests of which nothing was sent yet: who is in them is still to be drawn."""
    sent = set(base.tests())
    return tuple(plan for plan in open_plans(base) if plan.id not in sent)


def first_day(base: CopyBase, plan: CopyTest) -> int:
    """Integer day on which sending is to begin; the day after ``as_of`` where none is stated."""
    return day_number(plan.starts_on) if plan.starts_on else base.base.as_of_day + 1


def window_days(base: CopyBase, plan: CopyTest) -> int:
    """Days after a send in which outcomes count."""
    return plan.window_days or base.settings.copy_tests.window_days


def connected_plans(base: CopyBase, plans: tuple[CopyTest, ...]) -> list[list[int]]:
    """Places of plans that run at the same time, or are linked by others that do.

    A test runs from its first send to the end of the window of its last; one without dates may
    run at any time, so it runs with all others.
    """
    groups: list[list[int]] = []
    for place, plan in enumerate(plans):
        near = [g for g in groups if any(_meet(base, plans[other], plan) for other in g)]
        merged = sorted([place, *(other for group in near for other in group)])
        groups = [group for group in groups if group not in near] + [merged]
    return sorted(groups)


def _meet(base: CopyBase, one: CopyTest, other: CopyTest) -> bool:
    if one.starts_on is None or other.starts_on is None:
        return True
    (start, end), (begin, stop) = (_span(base, plan) for plan in (one, other))
    return start <= stop and begin <= end


def _span(base: CopyBase, plan: CopyTest) -> tuple[int, int]:
    start = first_day(base, plan)
    last = day_number(plan.ends_on) if plan.ends_on else start
    return start, max(last, start) + window_days(base, plan)


def _is_over(base: CopyBase, plan: CopyTest) -> bool:
    stated = [day_number(day) for day in (plan.starts_on, plan.ends_on) if day]
    days = [*stated, *_last_sent(base, plan)]
    return bool(days) and max(days) + window_days(base, plan) <= base.base.as_of_day


def _last_sent(base: CopyBase, plan: CopyTest) -> list[int]:
    import narwhals as nw

    units = base.units
    if units is None or plan.id not in base.tests():
        return []
    code = units.tests.index(plan.id) if plan.id in units.tests else -1
    sent = units.frame.filter(nw.col("test") == code).select(nw.col("sent_on").max())
    last = collect(sent, limit=1)["sent_on"].iloc[0]
    return [] if is_missing(last) else [int(last)]
