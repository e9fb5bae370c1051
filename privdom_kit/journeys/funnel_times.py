"""How long a step takes, and how many take it in time: people still under way are censored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import interval_figures
from privdom_kit.engine import collect
from privdom_kit.estimates import incidence_matrix, survival_curve
from privdom_kit.journeys.resampling import percentile_interval

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.settings import Settings

HOUR = 3600
_PER_DAY = 24
_MOST_ROWS = 500_000  # steps x hours x outcomes
SHARES = {"half_days": 0.5, "slow_days": 0.75}


def waiting_times(reached: nw.LazyFrame, steps: int, until: int) -> pd.DataFrame:
    """Whole hours from first reaching a step to first reaching the next, or to ``until``.

    Returns:
        ``step, hours, taken`` (1 if the step was reached, 0 if not by then)``, people``.
    """
    import narwhals as nw

    parts = []
    for step in range(2, steps + 1):
        here, before = nw.col(f"t{step}"), nw.col(f"t{step - 1}")
        wait = nw.max_horizontal(here.fill_null(until) - before, nw.lit(0)) // HOUR
        taken = nw.when(here.is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
        parts.append(
            reached.filter(~before.is_null())
            .select(step=nw.lit(step), hours=wait.cast(nw.Int64), taken=taken.cast(nw.Int32))
            .group_by("step", "hours", "taken")
            .agg(nw.len().alias("people"))
        )
    return collect(nw.concat(parts), limit=_MOST_ROWS).astype("int64")


def time_figures(
    waits: pd.DataFrame, horizon_days: float, settings: Settings
) -> dict[str, float | int | None]:
    """What one step's waiting times say.

    Returns:
        ``in_time_share`` with interval (product-limit share that takes the step within the
        horizon), ``half_days`` and ``slow_days`` with intervals: days within which half, and three
        quarters, of those who take it within the horizon have done so (product-limit; intervals by
        resampling people), and ``under_way``: people not there yet whose horizon is still open.
    """
    rules = settings.journeys
    limit = round(horizon_days * _PER_DAY)
    open_still = waits[(waits["taken"] == 0) & (waits["hours"] < limit)]
    under_way = int(open_still["people"].sum())
    if waits["people"].sum() < rules.funnel.min_people:
        names = ("in_time_share", *SHARES)
        empty = [interval_figures(name, None) for name in names]
        return {"under_way": under_way, **{k: v for one in empty for k, v in one.items()}}
    curve = survival_curve(waits["hours"], waits["taken"], waits["people"], rules.confidence_level)
    return {
        "under_way": under_way,
        **interval_figures("in_time_share", curve.incidence(limit)),
        **_quantiles(waits, limit, settings),
    }


def _quantiles(waits: pd.DataFrame, limit: int, settings: Settings) -> dict[str, float | None]:
    import numpy as np

    rules = settings.journeys
    # Hours beyond the horizon are one: who gets there later is still watched within it.
    hours = np.minimum(waits["hours"].to_numpy(), limit + 1)
    taken = ((waits["taken"] == 1) & (waits["hours"] <= limit)).to_numpy()
    grid, place = np.unique(hours, return_inverse=True)
    cells = np.zeros(2 * len(grid))
    np.add.at(cells, place + len(grid) * taken, waits["people"].to_numpy("float64"))
    people = cells.sum()
    random = np.random.default_rng(rules.bootstrap_seed)
    copies = random.multinomial(int(people), cells / people, rules.bootstrap_draws)
    every = np.vstack([cells, copies]).astype("float64")
    found = _first_times(every, grid)
    figures: dict[str, float | None] = {}
    for name, times in found.items():
        interval = percentile_interval(float(times[0]), times[1:], rules.confidence_level)
        figures |= interval_figures(name, interval)
    return figures


def _first_times(cells: NDArray, grid: NDArray) -> dict[str, NDArray]:
    """Days by which a share of those who take the step in time have done so, a row each."""
    import numpy as np

    events = cells[:, len(grid) :]
    incidence = incidence_matrix(events, events + cells[:, : len(grid)])
    total = incidence[:, -1:]
    found = {}
    for name, share in SHARES.items():
        beyond = incidence >= share * total - 1e-12
        days = (grid[beyond.argmax(axis=1)] + 1) / _PER_DAY
        found[name] = np.where(total[:, 0] > 0, days, np.nan)
    return found
