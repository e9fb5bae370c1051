"""How many people reach each step of a funnel: exact, on any frame of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import collect
from privdom_kit.errors import ConfigError
from privdom_kit.journeys.event_rows import EventRows, open_events, unknown_name
from privdom_kit.journeys.funnel_moments import reach_by_moments
from privdom_kit.journeys.funnel_rows import fits_rows, reach_by_rows
from privdom_kit.journeys.funnel_rules import (
    MOST_STEPS,
    ORDERS,
    TIES,
    Rules,
    Span,
    check_choice,
    check_window,
    step_limits,
)
from privdom_kit.journeys.funnel_sets import reach_in_any_order

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

_CODE = 2  # characters up to which a name is a code, which has no near misspelling


def count_funnel(
    events: Any,
    steps: Sequence[Any],
    order: str = "ordered",
    window_seconds: float | None = None,
    step_window_seconds: float | Sequence[float | None] | None = None,
    exclude: Sequence[Any] = (),
    ties: str = "in_order",
) -> pd.DataFrame:
    """How many people reach each step, by the best choice of their own events.

    A person reaches the greatest number of steps that any choice of the person's events reaches
    within the windows: every start counts, not the first only, and a step may be taken at a later
    event than its first. A step that is named twice needs two events. All windows include their
    last second; fractions of a second are cut off first.

    Args:
        events: ``customer_id, occurred_at`` (a time, or epoch seconds)``, event``: a pandas frame,
            or a lazy frame of any engine that narwhals takes.
        steps: Names of events, in order.
        order: ``ordered``: one after the other, anything between. ``strict``: with no other
            listed event between, an event being listed if its name is one of ``steps``; a repeat
            counts as another, events that are no step do not. ``unordered``: the steps in any
            order; row n of the answer then says who did any n of them.
        window_seconds: Most seconds from the first chosen event to the last; None for any.
        step_window_seconds: Most seconds since the step before: a number, or one for each step
            (that of the first step is not used). Not with ``unordered``.
        exclude: Events that may not occur strictly between the first and the last chosen event;
            or ``(event, from_step, to_step)``, strictly between those of two steps (by their
            number from 1 on, or by name), as far as they are reached.
        ties: ``in_order``: events of the same second count as in order, whatever the order of
            the rows; ``strict``: each step has to be at least a second later. Without effect on
            ``unordered``.

    Returns:
        A row a step: ``step`` (from 1 on), ``event``, ``reached`` (people) and ``median_seconds``:
        over the people who reach the step, the median time to the moment they first reach it, from
        the latest event that can be their step before; missing for the first step. ``attrs`` hold
        ``rows``, ``used`` and ``dropped``: rows by the reason they were left out (no customer, no
        time, no event).

    Raises:
        DataError: The frame is no events, or a step is no event of it: the error lists the nearest
            present ones. A code of one or two letters is an exception where a later step occurs:
            it then counts as a step that nobody took.
        ConfigError: The options contradict each other.
    """
    rules = _read_rules(list(steps), order, window_seconds, step_window_seconds, exclude, ties)
    with open_events(events) as rows:
        table = _count(reach(rows.frame, rules), list(steps))
        if not table["reached"].iloc[-1] and rows.coverage.used:
            _check_names(rows, list(steps))
    table.attrs = {
        "rows": rows.coverage.rows,
        "used": rows.coverage.used,
        "dropped": dict(rows.coverage.dropped),
    }
    return table


def reach(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """When each person reaches each step.

    Returns:
        A row for each person who reaches a step: ``person``, ``t1`` to ``tn`` (first time at which
        the step is reached; null where it is not) and ``p2`` to ``pn`` (latest time of the step
        before, of ways that reach the step at that time).
    """
    import narwhals as nw

    if rules.order == "unordered":
        reached = reach_in_any_order(rows, rules)
    else:
        way = reach_by_rows if fits_rows(rules) else reach_by_moments
        reached = way(rows, rules)
    return reached.filter(~nw.col("t1").is_null())


def _count(reached: nw.LazyFrame, steps: list[Any]) -> pd.DataFrame:
    import narwhals as nw
    import pandas as pd

    numbers = range(1, len(steps) + 1)
    people = [nw.col(f"t{n}").count() for n in numbers]
    gaps = [(nw.col(f"t{n}") - nw.col(f"p{n}")).median().alias(f"gap{n}") for n in numbers[1:]]
    row = collect(reached.select(*people, *gaps), limit=1).iloc[0]
    medians = [float("nan"), *(float(row[f"gap{n}"]) for n in numbers[1:])]
    return pd.DataFrame(
        {
            "step": list(numbers),
            "event": steps,
            "reached": [int(row[f"t{n}"]) for n in numbers],
            "median_seconds": medians,
        }
    )


def _read_rules(
    steps: list[Any], order: str, window: Any, step_windows: Any, exclude: Any, ties: str
) -> Rules:
    import narwhals as nw

    check_choice("order", order, ORDERS)
    check_choice("ties", ties, TIES)
    check_window("window_seconds", window)
    if isinstance(exclude, str) or not 0 < len(steps) <= MOST_STEPS:
        raise ConfigError(
            f"exclude is {exclude!r} and there are {len(steps)} steps",
            f"expected a list of events to exclude, and 1 to {MOST_STEPS} steps",
        )
    limits = step_limits(step_windows, len(steps))
    kinds = list(dict.fromkeys(steps))
    spans = [_read_span(one, steps, order) for one in exclude]
    if limits and order == "unordered":
        raise ConfigError(
            "step_window_seconds is given for an unordered funnel",
            "only window_seconds has a meaning there",
        )
    return Rules(
        kinds=tuple(nw.col("event") == kind for kind in kinds),
        steps=tuple(kinds.index(step) for step in steps),
        order=order,
        ties=ties,
        window=window,
        step_windows=limits,
        spans=tuple(Span(nw.col("event") == name, first, last) for name, first, last in spans),
        apart=not any(name in kinds for name, _, _ in spans),
    )


def _read_span(given: Any, steps: list[Any], order: str) -> tuple[Any, int, int]:
    name, first, last = (given, 1, len(steps)) if not isinstance(given, tuple | list) else given
    first, last = (_step_number(step, steps) for step in (first, last))
    if not 1 <= first < last <= len(steps) and not (len(steps) == 1 and first == last):
        raise ConfigError(
            f"{name!r} is excluded from step {first} to step {last} of {len(steps)}",
            "expected two different steps of the funnel, in order",
        )
    if name in steps[first - 1 : last] or (order == "unordered" and name in steps):
        raise ConfigError(
            f"{name!r} is excluded between steps of which it is one",
            "expected an event that is none of them",
        )
    if order == "unordered" and (first, last) != (1, len(steps)):
        raise ConfigError(
            f"{name!r} is excluded between two steps of an unordered funnel",
            "expected the name alone: there is no order to stand between",
        )
    return name, first, last


def _step_number(step: Any, steps: list[Any]) -> int:
    """A step by its number from 1 on, or by its name."""
    if isinstance(step, int) and step not in steps:
        return step
    if steps.count(step) != 1:
        raise ConfigError(
            f"an exclusion names the step {step!r}, which the funnel has {steps.count(step)} times",
            "expected a step's number from 1 on, or a name that stands once",
        )
    return steps.index(step) + 1


def _check_names(rows: EventRows, steps: list[Any]) -> None:
    present = rows.names()
    for place, step in enumerate(steps):
        later = any(other in present for other in steps[place + 1 :])
        if step not in present and not (len(str(step)) <= _CODE and later):
            raise unknown_name(step, present, "step")
