"""The funnel of a client's settings over the one scale of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.errors import ConfigError, nearest
from privdom_kit.events import ORDER
from privdom_kit.journeys.funnel_rules import Rules, Span
from privdom_kit.journeys.path_rows import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    import narwhals as nw

    from privdom_kit.base import Base
    from privdom_kit.events import Events
    from privdom_kit.settings import Settings
    from privdom_kit.settings.funnels import FunnelExclusion, FunnelStep

_KEY = "settings.journeys.funnel"
_SHOWN = 5  # present events that an error lists
# The house's steps: the first of each row that the data hold; the second order is an order again.
_HOUSE = (("added", "subscribed", "registered"), ("click", "clicked", "visit"), (ORDER,))
SECOND_ORDER = "second_order"

Pattern = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is counted.

    Attributes:
        name: As it is shown.
        touchpoint: None for any.
        action: None for any.
        within_days: Most days since the step before; None for any.
    """

    name: str
    touchpoint: str | None
    action: str | None
    within_days: float | None = None

    @property
    def pattern(self) -> Pattern:
        """What its events are."""
        return self.touchpoint, self.action


def funnel_steps(base: Base, settings: Settings) -> tuple[Step, ...]:
    """The steps of the settings, or the house's where there are none.

    Raises:
        ConfigError: A step names what no event of the data is.
    """
    given = settings.journeys.funnel.steps
    for number, step in enumerate(given, start=1):
        _check_present(base.events, step, f"{_KEY}.steps, step {number} ({step.name})")
    if given:
        return tuple(Step(s.name, s.touchpoint, s.action, s.within_days) for s in given)
    there = {str(kind["action"]) for kind in base.events.counts}
    chosen = [next((name for name in row if name in there), None) for row in _HOUSE]
    steps = [Step(name, None, name) for name in chosen if name is not None]
    return (*steps, Step(SECOND_ORDER, None, ORDER)) if ORDER in there else tuple(steps)


def funnel_rules(base: Base, settings: Settings, steps: tuple[Step, ...]) -> Rules:
    """The rules of the settings over rows with ``person, time, touchpoint, action``.

    Raises:
        ConfigError: An exclusion names what is no event or no step, or the options contradict
            each other.
    """
    chosen, events = settings.journeys.funnel, base.events
    patterns = list(dict.fromkeys(step.pattern for step in steps))
    pairs = [(a, b) for a in range(len(patterns)) for b in range(a)]
    overlaps = frozenset(pair for pair in pairs if _meet(*(patterns[place] for place in pair)))
    limits = tuple(None if s.within_days is None else s.within_days * DAY for s in steps)
    if chosen.order == "unordered" and (overlaps or any(limits)):
        raise ConfigError(
            f"{_KEY} is unordered, and its steps share events or have within_days",
            "expected steps of different events, and window_days for all of them",
        )
    return Rules(
        kinds=tuple(_match(events, pattern) for pattern in patterns),
        steps=tuple(patterns.index(step.pattern) for step in steps),
        order=chosen.order,
        ties=chosen.ties,
        window=None if chosen.window_days is None else chosen.window_days * DAY,
        step_windows=(None, *limits[1:]) if any(limits[1:]) else (),
        spans=tuple(_span(events, one, steps, chosen.order) for one in chosen.exclude),
        overlaps=overlaps,
        apart=not any(
            _meet((one.touchpoint, one.action), pattern)
            for one in chosen.exclude
            for pattern in patterns
        ),
    )


def countable(base: Base) -> nw.LazyFrame:
    """``person, time, touchpoint, action``; orders of one day and touchpoint are one order."""
    import narwhals as nw

    rows = base.events.frame
    is_order = nw.col("action") == base.events.action(ORDER)
    columns = ("person", "time", "touchpoint", "action")
    orders = (
        rows.filter(is_order)
        .group_by("customer", "day", "touchpoint", "action")
        .agg(nw.col("time").min())
    )
    parts = [part.rename({"customer": "person"}) for part in (rows.filter(~is_order), orders)]
    return nw.concat([part.select(*columns) for part in parts])


def first_met(base: Base, touchpoint: str | None) -> nw.LazyFrame | None:
    """When each person was first met at a touchpoint: ``person, met``; None where nobody was."""
    import narwhals as nw

    if touchpoint is None or not any(k["touchpoint"] == touchpoint for k in base.events.counts):
        return None
    here = nw.col("touchpoint") == base.events.touchpoint(touchpoint)
    people = base.events.frame.filter(here).group_by("customer").agg(nw.col("time").min())
    return people.rename({"customer": "person", "time": "met"})


def _check_present(events: Events, given: FunnelStep | FunnelExclusion, place: str) -> None:
    """Raise a ConfigError that lists the nearest present names where one is unknown."""
    for what in ("touchpoint", "action"):
        name = getattr(given, what)
        present: dict[str, int] = {}
        for kind in events.counts:
            known = str(kind[what])
            present[known] = present.get(known, 0) + int(str(kind["events"]))
        if name is None or name in present:
            continue
        close = nearest(name, present, _SHOWN)
        shown = close or sorted(present, key=lambda known: -present[known])[:_SHOWN]
        listed = ", ".join(f"{known} ({present[known]:,})" for known in shown)
        raise ConfigError(
            f"{place}: the {what} {name!r} is in no event of these data",
            f"{'nearest' if close else 'most frequent'} of those present, with their events: "
            f"{listed}",
            "Correct the name",
        )


def _span(events: Events, given: FunnelExclusion, steps: tuple[Step, ...], order: str) -> Span:
    names = [step.name for step in steps]
    place = f"{_KEY}.exclude"
    _check_present(events, given, place)
    ends = [_place(given.from_step, names, 1), _place(given.to_step, names, len(steps))]
    first, last = ends
    if not first < last or (order == "unordered" and (first, last) != (1, len(steps))):
        raise ConfigError(
            f"{place} runs from step {first} to step {last} of {len(steps)} ({order})",
            "expected two different steps, in order; none in an unordered funnel",
        )
    pattern = (given.touchpoint, given.action)
    clash = [step.name for step in steps[first - 1 : last] if _meet(pattern, step.pattern)]
    if clash:
        raise ConfigError(
            f"{place} excludes events that the step {clash[0]!r} counts",
            "expected events that are no step between",
        )
    return Span(_match(events, pattern), first, last)


def _place(name: str | None, names: list[str], otherwise: int) -> int:
    if name is None:
        return otherwise
    if names.count(name) != 1:
        close = nearest(name, names)
        raise ConfigError(
            f"{_KEY}.exclude names the step {name!r}; the funnel has it {names.count(name)} times",
            f"expected one of {', '.join(names)}",
            f"Did you mean {close[0]}?" if close else "",
        )
    return names.index(name) + 1


def _meet(a: Pattern, b: Pattern) -> bool:
    """Whether one event can be both."""
    return all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def _match(events: Events, pattern: Pattern) -> nw.Expr:
    import narwhals as nw

    touchpoint, action = pattern
    parts: Iterable[nw.Expr] = [
        *([nw.col("touchpoint") == events.touchpoint(touchpoint)] if touchpoint else []),
        *([nw.col("action") == events.action(action)] if action else []),
    ]
    match = ~nw.col("time").is_null()
    for part in parts:
        match = match & part
    return match
