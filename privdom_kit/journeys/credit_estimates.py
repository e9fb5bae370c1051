"""What the models of credit estimate, and the same in every resampled copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.answers import interval_figures
from privdom_kit.journeys.credit_counts import CreditCounts, total_moves
from privdom_kit.journeys.path_rows import PathRows
from privdom_kit.journeys.removal import (
    TO_NULL,
    conversion_and_effects,
    effects_without_paths,
    shares_of,
)
from privdom_kit.journeys.resampling import cube, draw_weights, redraw, sure_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privdom_kit.estimates import Interval
    from privdom_kit.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Estimates by node, and the same in each resampled copy (copies, nodes)."""

    estimate: NDArray
    copies: NDArray


def estimate_credit(counts: CreditCounts, settings: Settings) -> dict[str, Copies]:
    """What is estimated by node, with its resampled copies."""
    import numpy as np

    seen = counts.paths.sum(axis=1) > 0
    weights = np.zeros((settings.journeys.bootstrap_draws, len(seen)))
    weights[:, seen] = draw_weights(int(seen.sum()), settings)
    whole = _solve(counts, np.ones((1, len(seen))), settings)
    drawn = _solve(counts, weights, settings)
    return {name: Copies(whole[name][0], drawn[name]) for name in whole}


def _solve(counts: CreditCounts, weights: NDArray, settings: Settings) -> dict[str, NDArray]:
    """Every estimate in each copy that the weights of the groups make (copies, nodes)."""
    import numpy as np

    with_node, paths = redraw(weights, counts.with_node), redraw(weights, counts.paths)
    groups, _, size = counts.with_node.shape
    last = redraw(weights, cube(counts.touches, ("group", "node"), (groups, size), "last"))
    rate, effects = conversion_and_effects(total_moves(counts.moves, weights))
    orders_without = paths[:, 1, np.newaxis] - with_node[:, 1]
    paths_without = paths.sum(axis=1)[:, np.newaxis] - with_node.sum(axis=1)
    if settings.journeys.attribution_removal != TO_NULL:
        parts = zip(orders_without, paths_without, rate, strict=True)
        effects = np.array([effects_without_paths(x, n, float(r)) for x, n, r in parts])
    markov, last = shares_of(effects), shares_of(last)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate_with = with_node[:, 1] / with_node.sum(axis=1)
        rate_without = orders_without / paths_without
    return {
        "rate_with": rate_with,
        "rate_without": rate_without,
        "rate_difference": rate_with - rate_without,
        "removal_effect": effects,
        "markov_share": markov,
        "last_share": last,
        "credit_gap": last - markov,
    }


def find_overcredited(
    paths: PathRows, counts: CreditCounts, estimates: dict[str, Copies], settings: Settings
) -> dict[str, object]:
    """The touchpoint that last touch credits the most times as much as removal, if any for sure."""
    gaps = sure_gaps(counts, estimates, settings)
    if not gaps:
        gap_figures = interval_figures("overcredited_gap", None)
        names = ("overcredited", "overcredited_last_share", "overcredited_markov_share")
        return {**dict.fromkeys(names), **gap_figures}
    last, markov = estimates["last_share"].estimate, estimates["markov_share"].estimate
    most = max(gaps, key=lambda place: (float(last[place] / max(markov[place], 1e-9)), -place))
    return {
        "overcredited": paths.names[most],
        "overcredited_last_share": float(last[most]),
        "overcredited_markov_share": float(markov[most]),
        **interval_figures("overcredited_gap", gaps[most]),
    }


def sure_gaps(
    counts: CreditCounts, estimates: dict[str, Copies], settings: Settings
) -> dict[int, Interval]:
    """Gaps above the tolerance that are above 0 for sure, all touchpoints allowed for, by node."""
    gap, rules = estimates["credit_gap"], settings.journeys
    groups, size = int((counts.paths.sum(axis=1) > 0).sum()), len(gap.estimate)
    found = {}
    for place in range(size):
        interval = sure_interval(
            float(gap.estimate[place]), gap.copies[:, place], rules.confidence_level, size, groups
        )
        shown = counts.people[place] >= settings.privacy.min_cell
        if shown and interval.lower > 0 and interval.estimate > rules.attribution_tolerance:
            found[place] = interval
    return found
