"""What follows what: how often people go from one touchpoint to the next, and after how long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, used_settings
from privdom_kit.estimates import Interval, proportion_interval
from privdom_kit.journeys.move_counts import MoveCounts, count_moves
from privdom_kit.journeys.resampling import draw_weights, percentile_interval, redraw, sure_interval
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_SETTINGS = (
    *("transition_node", "transition_collapse", "transition_nodes", "transition_min_people"),
    *("transition_layer", "path_direction", "bootstrap_draws", "bootstrap_groups"),
    *("bootstrap_seed", "confidence_level"),
)
_DAYS = ("quarter_days", "median_days", "three_quarter_days")
_UNITS = {
    "from_event": "text: from where",
    "to_event": "text: to where",
    "transitions": "count: times that people went this way",
    "customers": "count: people who went this way",
    "from_transitions": "count: times that people went on from there",
    "from_customers": "count: people who went on from there",
    "share": "percent: share of the times that people went on from there",
    "quarter_days": "days: time within which a quarter of these moves happened",
    "median_days": "days: time within which half of these moves happened",
    "three_quarter_days": "days: time within which three quarters of these moves happened",
    "with_transitions": "count: times that people of the layer went this way",
    "with_from": "count: times that they went on from there, but to the layer's touchpoint",
    "with_share": "percent: share of the times that people of the layer went on from there",
    "without_transitions": "count: times that other people went this way",
    "without_from": "count: times that they went on from there, but to the layer's touchpoint",
    "without_share": "percent: share of the times that other people went on from there",
    "difference": "points: share of the layer less share of the others",
    "sure": "count: 1 where the difference stands among all that were compared, else 0",
    "moves": "count: times that people went from one event to the next",
    "people": "count: people who went on from an event at least once",
    "nodes": "count: nodes that are told apart",
    "layer": "text: touchpoint whose people are held against the others",
    "sure_differences": "count: ways whose share surely differs between the layers",
    "compared": "count: ways compared between the layers",
}
QUESTION = Question("transitions", (), _UNITS)


def measure_transitions(base: Base, settings: Settings) -> Result:
    """How often each touchpoint directly follows each other one, and after how long.

    A person's events stand in their total order (time, table, row); by setting, a run of the same
    node is one event that begins with its first, and a node is a touchpoint or what happened at
    it. The most frequent nodes are told apart, all others are one. Shares stand over the times
    that people went on from a node; their intervals come from resampling groups of people, for the
    moves of one person are alike. Dwell is exact: from an event to the next.

    Layers: moves of people from when they were first met at the touchpoint ``transition_layer``,
    and all other moves, both without those to and from that touchpoint. A difference is sure
    where its interval, at the level of all comparisons together (Bonferroni), excludes 0. The
    result describes; it judges nothing.

    Returns:
        ``table``: from_event, to_event, transitions, customers, from_transitions, from_customers,
        share with interval, quarter_days, median_days, three_quarter_days. ``tables["layers"]``:
        the ways that could be compared.
    """
    used = used_settings(settings, *(f"journeys.{name}" for name in _SETTINGS))
    if not base.events.counts:
        reason = msg("No table tells of events of people.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    counts = count_moves(base, settings)
    coverage = base.events.coverage
    if not counts.moves.sum():
        reason = msg("Nobody has two events: there is no way from one to the next.")
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    table, layers = _tables(counts, settings)
    enough = bool(table["share"].notna().any())
    figures = {
        "moves": int(counts.moves.sum()),
        "people": counts.people,
        "nodes": len(counts.names),
        "layer": settings.journeys.transition_layer if counts.layered else None,
        "compared": len(layers),
        "sure_differences": int(layers["sure"].sum()) if len(layers) else 0,
    }
    least = settings.privacy.min_cell
    shown, cells = _suppress(table, least)
    return QUESTION.answer(
        base.as_of,
        Verdict.CLEAR if enough else Verdict.NOT_ENOUGH_DATA,
        shown,
        used,
        coverage=coverage,
        figures=figures,
        tables={"layers": layers} if len(layers) else {},
        notes=(*_notes(counts, settings), *suppression_note(cells, least)),
    )


def _tables(counts: MoveCounts, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    groups = counts.moves.sum(axis=(1, 2, 3)) > 0
    by_group = counts.moves[groups]
    copies = redraw(draw_weights(len(by_group), settings), by_group)
    table = _edges(counts, copies.sum(axis=1), settings)
    return table, _compared(counts, copies, len(by_group), settings)


def _edges(counts: MoveCounts, copies: NDArray, settings: Settings) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    table = counts.edges.copy()
    level, least = settings.journeys.confidence_level, settings.journeys.transition_min_people
    whole = counts.moves.sum(axis=(0, 1))
    shares, drawn = _shares(whole), _shares(copies)
    here, there = table["from_node"].to_numpy(), table["to_node"].to_numpy()
    leaving = counts.leaving[-1]
    intervals = [
        interval_figures(
            "share",
            _share_interval(float(shares[a, b]), drawn[:, a, b], int(leaving[a]), level)
            if leaving[a] >= least
            else None,
        )
        for a, b in zip(here, there, strict=True)
    ]
    table["from_event"] = [counts.names[a] for a in here]
    table["to_event"] = [counts.names[b] for b in there]
    table["from_transitions"] = whole.sum(axis=1)[here].astype("int64")
    table["from_customers"] = leaving[here].astype("int64")
    table[list(bounded("share"))] = np.array(
        [list(row.values()) for row in intervals], dtype="float64"
    )
    columns = [
        *("from_event", "to_event", "transitions", "customers", "from_transitions"),
        *("from_customers", *bounded("share"), *_DAYS),
    ]
    ordered = table.sort_values(
        ["transitions", "from_event", "to_event"], ascending=[False, True, True]
    )
    return pd.DataFrame(ordered[columns]).reset_index(drop=True)


def _shares(moves: NDArray) -> NDArray:
    """Shares of the moves from each node; NaN where nobody went on from it."""
    import numpy as np

    total = moves.sum(axis=-1, keepdims=True)
    return np.divide(moves, total, out=np.full(moves.shape, np.nan), where=total > 0)


def _compared(counts: MoveCounts, copies: NDArray, groups: int, settings: Settings) -> pd.DataFrame:
    """The ways from nodes that enough people of both layers left."""
    import numpy as np
    import pandas as pd

    least = max(settings.journeys.transition_min_people, settings.privacy.min_cell)
    level = settings.journeys.confidence_level
    sides, copies = (
        _without_layer(m, counts, settings) for m in (counts.moves.sum(axis=0), copies)
    )
    shares, drawn = _shares(sides), _shares(copies)
    enough = np.all(counts.leaving[:2] >= least, axis=0)
    # A way that few people of one layer went shows nothing, unless none did.
    people = counts.customers
    seen = np.all((people == 0) | (people >= settings.privacy.min_cell), axis=0)
    seen = seen & (people.sum(axis=0) >= least) & enough[:, None] & (sides.sum(axis=0) > 0)
    places = np.argwhere(seen) if counts.layered else np.empty((0, 2), dtype=int)
    every = 1 - (1 - level) / max(len(places), 1)
    rows = []
    for a, b in places:
        row: dict[str, Any] = {"from_event": counts.names[a], "to_event": counts.names[b]}
        near, wide = [], []
        for side, key in (("with", 1), ("without", 0)):
            row[f"{side}_transitions"] = int(sides[key, a, b])
            row[f"{side}_from"] = int(sides[key, a].sum())
            share, drawn_share = float(shares[key, a, b]), drawn[:, key, a, b]
            left = int(counts.leaving[key, a])
            near.append(_share_interval(share, drawn_share, left, level))
            wide.append(_share_interval(share, drawn_share, left, every, groups))
            row |= interval_figures(f"{side}_share", near[-1])
        row |= interval_figures("difference", _gap(*near))
        sure = _gap(*wide)
        rows.append(row | {"sure": int(sure.lower > 0 or sure.upper < 0)})
    table = pd.DataFrame(rows)
    if len(table):
        order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
        table = table.loc[order].reset_index(drop=True)
    return table


def _share_interval(
    share: float, copies: NDArray, people: int, level: float, groups: int | None = None
) -> Interval:
    """A share's interval from resampling; of none or all, where nothing varies, Wilson's.

    With ``groups`` it reaches far into the tails, for many comparisons (Student's t).
    """
    if share in (0.0, 1.0):
        return proportion_interval(share * people, people, level)
    if groups is not None:
        return sure_interval(share, copies, level, 1, groups)
    return percentile_interval(share, copies, level) or Interval(share, 0.0, 1.0)


def _gap(first: Interval, second: Interval) -> Interval:
    """The difference of two shares from their own intervals (Zou and Donner 2008, as Newcombe)."""
    gap = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
    above = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
    return Interval(gap, gap - below, gap + above)


def _without_layer(moves: NDArray, counts: MoveCounts, settings: Settings) -> NDArray:
    """Moves but those to and from the layer's own touchpoint, which make the layer."""
    own = str(settings.journeys.transition_layer)
    kept = moves.copy()
    for place, name in enumerate(counts.names):
        if name.partition(".")[0] == own:
            kept[..., place, :] = 0
            kept[..., place] = 0
    return kept


def _suppress(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    hidden = ["transitions", *bounded("share"), *_DAYS]
    shown, cells = suppress(table, "customers", hidden, least, groups=(("from_event",),))
    shown, more = suppress(shown, "from_customers", ["from_transitions", *hidden], least, groups=())
    return shown, cells + more


def _notes(counts: MoveCounts, settings: Settings) -> tuple[Message, ...]:
    notes = [
        msg("Events of one second stand in the order of their tables and rows, always the same."),
        msg("Which touchpoint follows which is no sign of what one does to the other."),
    ]
    if settings.journeys.transition_collapse:
        notes.append(msg("A run of the same node is one event, which begins with its first."))
    if not counts.layered and settings.journeys.transition_layer is not None:
        notes.append(msg("Nobody was met at the touchpoint that tells the layers apart."))
    return tuple(notes)
