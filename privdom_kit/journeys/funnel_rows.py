"""The steps each person reaches, event by event: one window pass a step.

For ordered funnels whose steps are of different kinds. Events of one person are put in order by
time and, where times are equal, by step: upwards, so that equal times count as in order whatever
the order of the rows, or downwards, so that they never do. Excluded events stand last, so that
only those strictly before a row are before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.journeys.funnel_rules import NEVER, Rules

if TYPE_CHECKING:
    import narwhals as nw

_SCALE = 64  # ranks within a second
_LAST = _SCALE - 1


def fits_rows(rules: Rules) -> bool:
    """Whether this form answers these rules."""
    distinct = len(set(rules.steps)) == len(rules.steps)
    return rules.order == "ordered" and distinct and not rules.overlaps and rules.apart


def reach_by_rows(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """``person, t1.., p2..``: see :func:`privdom_kit.journeys.funnels.reach`."""
    import narwhals as nw

    frame = _mark_excluded(_keyed(rows, rules), rules)
    for step in range(2, len(rules.steps) + 1):
        frame = _advance(frame, rules, step)
    first, before = {}, {}
    for step in range(1, len(rules.steps) + 1):
        here = nw.when(nw.col("step") == step)
        first[f"t{step}"] = here.then(nw.col("time")).min()
        if step > 1:
            before[f"p{step}"] = here.then(nw.col("previous")).min()
    return frame.group_by("person").agg(**first, **before)


def _keyed(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """Rows of the funnel with the step they can be, 0 for excluded ones, and their order."""
    import narwhals as nw

    step: nw.Expr = nw.lit(-1)
    for place in range(len(rules.steps), 0, -1):
        step = nw.when(rules.kinds[rules.steps[place - 1]]).then(nw.lit(place)).otherwise(step)
    for span in rules.spans:
        step = nw.when(span.match).then(nw.lit(0)).otherwise(step)
    rank = nw.col("step") if rules.ties == "in_order" else _LAST - nw.col("step")
    rank = nw.when(nw.col("step") == 0).then(nw.lit(_LAST)).otherwise(rank)
    marks = {
        f"x{place}": nw.when(span.match).then(nw.col("time")).otherwise(nw.lit(NEVER))
        for place, span in enumerate(rules.spans)
    }
    frame = rows.select("person", "time", step=step.cast(nw.Int32), **marks)
    frame = frame.filter(nw.col("step") >= 0)
    starts = {f"c{q}": nw.col("time") for q in rules.anchors(len(rules.steps))[:-1]}
    return frame.with_columns(
        key=nw.col("time") * _SCALE + rank.cast(nw.Int64), previous=nw.lit(NEVER), **starts
    )


def _mark_excluded(frame: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """Beside each step the latest excluded time before it; then the excluded rows may go."""
    import narwhals as nw

    if not rules.spans:
        return frame
    latest = {
        f"x{place}": nw.col(f"x{place}").cum_max().over("person", order_by="key")
        for place in range(len(rules.spans))
    }
    return frame.with_columns(**latest).filter(nw.col("step") > 0)


def _advance(frame: nw.LazyFrame, rules: Rules, step: int) -> nw.LazyFrame:
    """Rows of ``step`` keep what the latest valid row of the step before remembers, or go."""
    import narwhals as nw

    before, last = nw.col("step") == step - 1, step - 1
    carried = {
        f"m{q}": nw.when(before)
        .then(nw.col("time") if q == last else nw.col(f"c{q}"))
        .otherwise(nw.lit(NEVER))
        .cum_max()
        .over("person", order_by="key")
        for q in rules.anchors(last)
    }
    times = {q: nw.col(f"m{q}") for q in rules.anchors(last)}
    latest = {place: nw.col(f"x{place}") for place in range(len(rules.spans))}
    here = nw.col("step") == step
    kept = {
        f"c{q}": nw.when(here).then(nw.col(f"m{q}")).otherwise(nw.col(f"c{q}"))
        for q in rules.anchors(len(rules.steps))[:-1]
        if q < step
    }
    frame = frame.with_columns(**carried).filter(~here | rules.entry(last, times, latest))
    previous = nw.when(here).then(nw.col(f"m{last}")).otherwise(nw.col("previous"))
    return frame.with_columns(previous=previous, **kept).drop(*carried)
