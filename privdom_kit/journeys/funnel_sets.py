"""The steps each person completes in any order within a window.

At each event the latest times of all steps are at hand, those of a step that is named twice by
counting back twice. A step is within reach if its time is no older than the window and than the
latest excluded event before now. The most steps within reach at once are the steps completed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from privdom_kit.journeys.funnel_rules import NEVER, Rules

if TYPE_CHECKING:
    import narwhals as nw

_SCALE = 64
_LAST = _SCALE - 1


def reach_in_any_order(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """``person, t1.., p2..``: see :func:`privdom_kit.journeys.funnels.reach`."""
    import narwhals as nw

    frame = _latest_of_all(_keyed(rows, rules), rules).filter(nw.col("kind") >= 0)
    moments = (
        frame.with_columns(**_within_reach(rules))
        .group_by("person", "time")
        .agg(nw.col("done").max(), nw.col("previous").max())
    )
    first, before = {}, {}
    for step in range(1, len(rules.steps) + 1):
        enough = nw.when(nw.col("done") >= step)
        first[f"t{step}"] = enough.then(nw.col("time")).min()
        if step > 1:
            before[f"p{step}"] = enough.then(nw.col("previous")).min()
    return moments.group_by("person").agg(**first, **before)


def _copies(rules: Rules) -> list[tuple[int, int]]:
    """Kind and how many times back, for every step."""
    return [(k, n) for k, times in sorted(Counter(rules.steps).items()) for n in range(times)]


def _keyed(rows: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    """Rows of the funnel by kind; -1 for excluded events, which stand last in their second."""
    import narwhals as nw

    kind: nw.Expr = nw.lit(-2)
    for place in set(rules.steps):
        kind = nw.when(rules.kinds[place]).then(nw.lit(place)).otherwise(kind)
    for span in rules.spans:
        kind = nw.when(span.match).then(nw.lit(-1)).otherwise(kind)
    rank = nw.when(nw.col("kind") < 0).then(nw.lit(_LAST)).otherwise(nw.col("kind"))
    frame = rows.select("person", "time", kind=kind.cast(nw.Int32)).filter(nw.col("kind") > -2)
    frame = frame.with_columns(key=nw.col("time") * _SCALE + rank.cast(nw.Int64))
    back = {
        f"back{n}": nw.col("time").shift(n).over("person", "kind", order_by="key")
        for n in range(1, max(Counter(rules.steps).values()))
    }
    return frame.with_columns(**back, back0=nw.col("time"))


def _latest_of_all(frame: nw.LazyFrame, rules: Rules) -> nw.LazyFrame:
    import narwhals as nw

    def running(value: nw.Expr) -> nw.Expr:
        return value.cum_max().over("person", order_by="key")

    latest = {
        f"l{kind}_{n}": running(
            nw.when((nw.col("kind") == kind) & ~nw.col(f"back{n}").is_null())
            .then(nw.col(f"back{n}"))
            .otherwise(nw.lit(NEVER))
        )
        for kind, n in _copies(rules)
    }
    excluded = nw.when(nw.col("kind") == -1).then(nw.col("time")).otherwise(nw.lit(NEVER))
    return frame.with_columns(**latest, excluded=running(excluded))


def _within_reach(rules: Rules) -> dict[str, nw.Expr]:
    """How many steps are within reach at a row, and the latest time of another step."""
    import narwhals as nw

    now, flags, others = nw.col("time"), [], []
    for kind, n in _copies(rules):
        time = nw.col(f"l{kind}_{n}")
        near = (time > NEVER) & (time >= nw.col("excluded"))
        if rules.window is not None:
            near = near & (now - time <= rules.window)
        flags.append(nw.when(near).then(nw.lit(1)).otherwise(nw.lit(0)))
        own = (nw.col("kind") == kind) & nw.lit(n == 0)
        others.append(nw.when(own).then(nw.lit(NEVER)).otherwise(time))
    return {
        "done": nw.sum_horizontal(*flags),
        "previous": nw.max_horizontal(*others),
    }
