"""What a funnel counts: steps, order, windows, exclusions and what equal times mean.

The steps that a person reaches are the most that any choice of the person's events reaches. Every
rule bounds an earlier step's time from below, by a bound that never falls as time goes on:

* whole window: time of step 1 >= now - window;
* step window: time of the step before >= now - its window;
* exclusion from step f on: time of step f >= the latest excluded event before now.

So of all ways to a step, the one through the latest valid entry of the step before has the latest
time at every step before it, and no rule that it breaks is kept by another way. A running maximum
of the latest valid entry is therefore exact, also with all rules at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from privdom_kit.errors import ConfigError, nearest

if TYPE_CHECKING:
    import narwhals as nw

ORDERS = ("ordered", "strict", "unordered")
TIES = ("in_order", "strict")
NEVER = -(2**62)  # a time before all others, where a null would end a running maximum
MOST_STEPS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Events that may not occur strictly between two steps of a chosen way.

    Attributes:
        match: Which rows are such events.
        first: Step from which on they may not occur.
        last: Step up to which; a way that ends before it is bound up to its own last step.
    """

    match: nw.Expr
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """A funnel over rows with ``person`` and ``time``.

    Attributes:
        kinds: Which rows are an event of each kind.
        steps: The kind of each step.
        order: One of :data:`ORDERS`.
        ties: One of :data:`TIES`.
        window: Most seconds from the first step to the last; None for any.
        step_windows: For each step, most seconds since the step before; None for any.
        spans: Exclusions.
        overlaps: Pairs of kinds that one event can be of at once.
        apart: Whether no excluded event can be of the kind of a step.
    """

    kinds: tuple[nw.Expr, ...]
    steps: tuple[int, ...]
    order: str = "ordered"
    ties: str = "in_order"
    window: float | None = None
    step_windows: tuple[float | None, ...] = ()
    spans: tuple[Span, ...] = ()
    overlaps: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    apart: bool = True

    def anchors(self, step: int) -> tuple[int, ...]:
        """Steps up to ``step`` whose times a way that stands there has to remember."""
        kept = {span.first for span in self.spans} | ({1} if self.window is not None else set())
        return tuple(sorted({q for q in kept if q < step} | {step}))

    def entry(self, step: int, times: dict[int, nw.Expr], latest: dict[int, nw.Expr]) -> nw.Expr:
        """Whether a way that stands at ``step`` may take the next step at the row's ``time``.

        Args:
            step: Where it stands.
            times: Times of its :meth:`anchors`; :data:`NEVER` where there is no such way.
            latest: For each exclusion by place, the latest excluded time before the row.
        """
        import narwhals as nw

        now, allowed = nw.col("time"), times[step] > NEVER
        if self.window is not None:
            allowed = allowed & (now - times[1] <= self.window)
        limit = self.step_windows[step] if self.step_windows else None
        if limit is not None:
            allowed = allowed & (now - times[step] <= limit)
        for place, span in enumerate(self.spans):
            if span.first <= step < span.last:
                allowed = allowed & (times[span.first] >= latest[place])
        return allowed


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Raise a ConfigError where an option is none of the known ones."""
    if value not in known:
        close = nearest(value, known)
        remedy = f"Did you mean {close[0]}?" if close else ""
        raise ConfigError(f"{name} is {value!r}", f"expected one of {', '.join(known)}", remedy)


def step_limits(limits: Any, steps: int) -> tuple[float | None, ...]:
    """The window of each step, the first one's None.

    Args:
        limits: None, one number for all, or one for each step (the first is then not used), or
            for each step after the first.
        steps: How many steps there are.

    Raises:
        ConfigError: The list has another length, or a window is negative or no number.
    """
    if limits is None:
        return ()
    if isinstance(limits, int | float):
        limits = [limits] * steps
    given = list(limits)
    if len(given) not in (steps, steps - 1):
        raise ConfigError(
            f"step_window_seconds holds {len(given)} windows for {steps} steps",
            "expected one number, or one for each step",
        )
    windows = [None, *given[len(given) - steps + 1 :]]
    for window in windows:
        check_window("step_window_seconds", window)
    return tuple(windows) if any(window is not None for window in windows) else ()


def check_window(name: str, window: Any) -> None:
    """Raise a ConfigError where a window is neither None nor a number from 0 on."""
    if window is None or (isinstance(window, int | float) and window >= 0):
        return
    raise ConfigError(f"{name} is {window!r}", "expected seconds from 0 on, or None")
