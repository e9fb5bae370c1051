"""The steps each person reaches, moment by moment: for what single rows cannot tell.

A moment is all of a person's events of one second. Here steps may repeat or share events, order
may be strict, and an excluded event may be a step elsewhere. Several steps can be taken in one
moment where its events suffice for them: by Hall's theorem (1935) they do if, for every set of
kinds among those steps, at least as many events are of one of these kinds as steps are.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from privdom_kit.journeys.funnel_rules import NEVER, Rules

if TYPE_CHECKING:
    import narwhals as nw


def reach_by_moments(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """``person, t1.., p2..``: see :func:`privdom_kit.journeys.funnels.reach`."""
    import narwhals as nw

    steps = range(1, len(rules.steps) + 1)
    frame = _moments(rows, rules)
    for step in steps:
        frame = frame.with_columns(**_arrive(rules, step))
        if step < len(rules.steps):
            frame = _carry(frame, rules, step)
    first = {f"t{step}": _reached(step, nw.col("time")) for step in steps}
    before = {f"p{step}": _reached(step, nw.col(f"e{step}_{step - 1}")) for step in steps[1:]}
    return frame.group_by("person").agg(**first, **before)


def _reached(step: int, value: nw.Expr) -> nw.Expr:
    import narwhals as nw

    return nw.when(nw.col(f"e{step}_{step}") > NEVER).then(value).min()


def _moments(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """A row a person and second: how many events of each kind, and the latest exclusion before."""
    import narwhals as nw

    def number(match: nw.Expr) -> nw.Expr:
        return nw.when(match).then(nw.lit(1)).otherwise(nw.lit(0)).sum()

    counts = {_name(kinds): number(_any(rules, kinds)) for kinds in _kind_sets(rules, rules.steps)}
    every = tuple(sorted(set(rules.steps)))
    flags = {f"x{place}": number(span.match) for place, span in enumerate(rules.spans)}
    wanted = _any(rules, every)
    for span in rules.spans:
        wanted = wanted | span.match
    frame = rows.filter(wanted).group_by("person", "time")
    moments = frame.agg(**counts, listed=number(_any(rules, every)), **flags)
    if flags:
        seen = {
            name: nw.when(nw.col(name) > 0).then(nw.col("time")).otherwise(nw.lit(NEVER))
            for name in flags
        }
        moments = _before(moments.with_columns(**seen), tuple(flags), tuple(flags))
    return moments.filter(nw.col("listed") > 0)


def _before(
    frame: nw.LazyFrame, values: tuple[str, ...], names: tuple[str, ...], running: bool = True
) -> nw.LazyFrame:
    """Columns with the greatest value (or that of the moment) before each moment."""
    import narwhals as nw

    if running:
        highest = {
            name: nw.col(value).cum_max().over("person", order_by="time")
            for name, value in zip(names, values, strict=True)
        }
        frame, values = frame.with_columns(**highest), names
    earlier = {
        name: nw.col(value).shift(1).over("person", order_by="time")
        for name, value in zip(names, values, strict=True)
    }
    return frame.with_columns(**earlier).with_columns(
        **{name: nw.col(name).fill_null(NEVER) for name in names}
    )


def _kept(rules: Rules, step: int) -> tuple[int, ...]:
    """Steps whose times are remembered at ``step``: the anchors, and the step before."""
    return tuple(sorted({*rules.anchors(step), max(step - 1, 1)}))


def _arrive(rules: Rules, step: int) -> dict[str, nw.Expr]:
    """Times of the latest way that takes ``step`` in this moment; :data:`NEVER` where none does.

    Of ways that entered the moment at different steps, the one that takes most steps in it is the
    latest everywhere, so the smallest entry that fits is taken.
    """
    import narwhals as nw

    entries = range(step) if rules.ties == "in_order" else (step - 1,)
    columns = {}
    for q in _kept(rules, step):
        value: nw.Expr = nw.lit(NEVER)
        for entry in reversed(entries):
            time = nw.col("time") if q > entry else nw.col(f"b{entry}_{q}")
            value = nw.when(_may_take(rules, entry, step)).then(time).otherwise(value)
        columns[f"e{step}_{q}"] = value
    return columns


def _carry(frame: nw.LazyFrame, rules: Rules, step: int) -> nw.LazyFrame:
    """What ways that stand at ``step`` remember, as later moments see it."""
    import narwhals as nw

    kept = _kept(rules, step)
    names = tuple(f"b{step}_{q}" for q in kept)
    if rules.order != "strict":
        return _before(frame, tuple(f"e{step}_{q}" for q in kept), names)
    # A way goes on only if it starts in this moment or takes all events of it.
    columns = {}
    for q in kept:
        value: nw.Expr = nw.lit(NEVER)
        entries = range(step) if rules.ties == "in_order" else (step - 1,)
        for entry in reversed(entries):
            time = nw.col("time") if q > entry else nw.col(f"b{entry}_{q}")
            whole = _may_take(rules, entry, step)
            if entry:
                whole = whole & (nw.col("listed") == step - entry)
            value = nw.when(whole).then(time).otherwise(value)
        columns[f"b{step}_{q}"] = value
    return _before(frame.with_columns(**columns), names, names, running=False)


def _may_take(rules: Rules, entry: int, step: int) -> nw.Expr:
    """Whether a way that stood at ``entry`` before this moment can take ``step`` in it."""
    import narwhals as nw

    needed = rules.steps[entry:step]
    enough = [
        nw.col(_name(kinds)) >= sum(kind in kinds for kind in needed)
        for kinds in _kind_sets(rules, needed)
    ]
    if entry:
        times = {q: nw.col(f"b{entry}_{q}") for q in rules.anchors(entry)}
        latest = {place: nw.col(f"x{place}") for place in range(len(rules.spans))}
        enough.append(rules.entry(entry, times, latest))
    return nw.all_horizontal(*enough, ignore_nulls=False)


def _kind_sets(rules: Rules, steps: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Sets of kinds whose events have to suffice: single ones, and those that share events."""
    kinds = sorted(Counter(steps))
    sharing = [k for k in kinds if any(k in pair for pair in rules.overlaps)]
    sets: list[tuple[int, ...]] = [(kind,) for kind in kinds]
    for size in range(2, len(sharing) + 1):
        sets.extend(combinations(sharing, size))
    return sets


def _any(rules: Rules, kinds: tuple[int, ...]) -> nw.Expr:
    match = rules.kinds[kinds[0]]
    for kind in kinds[1:]:
        match = match | rules.kinds[kind]
    return match


def _name(kinds: tuple[int, ...]) -> str:
    return "n" + "_".join(map(str, kinds))
