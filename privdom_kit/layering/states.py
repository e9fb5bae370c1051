"""The five states: exclusive, exhaustive, on the category's own order cycle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.layering.people import SNAPSHOTS

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings

# Best first; a person is in the first state whose rule they meet.
STATES = ("high_value", "active", "retained", "about_to_lapse", "lapsed")
HIGH_VALUE, ACTIVE, RETAINED, ABOUT_TO_LAPSE, LAPSED = range(len(STATES))


def with_states(base: CustomerBase, settings: LayeringSettings) -> nw.LazyFrame:
    """The people with ``state``, ``state_before`` and ``state_earlier``.

    * high_value: not lapsed, and among the top ``value_share`` of buyers by net spend in the
      value window;
    * active: an activity within ``active_days``;
    * retained, about_to_lapse, lapsed: last activity (where none: known since) within 1.2, within
      2, beyond 2 order cycles (settings).

    All three dates use today's cycle, so that a move is a customer's and not the yardstick's.

    Returns:
        The people with codes into :data:`STATES`; null where not known yet.
    """
    states = {
        f"state{ending}": _state(base, settings, ending, end)
        for ending, end in zip(SNAPSHOTS, base.snapshots, strict=True)
    }
    return checkpoint(base.people.with_columns(**states))


def cycle_days(base: CustomerBase, settings: LayeringSettings) -> float | None:
    """The order cycle in use: the setting where given, else the measured one."""
    if settings.cycle_days is not None:
        return float(settings.cycle_days)
    return base.cycle.days if base.cycle else None


def lapsing_limits(cycle: float, settings: LayeringSettings) -> tuple[int, int]:
    """Most whole days since the last activity of a retained customer, and of one not lapsed."""
    return whole(cycle * settings.retained_cycles), whole(cycle * settings.lapsed_cycles)


def value_cut(people: nw.LazyFrame, spend: str, share: float) -> int | None:
    """Least spend of the top ``share`` of people with positive spend; None where nobody is in.

    Equal spends stay together: a spend is in only if everybody who spent as much or more is
    still within the share, so the top never holds more than it says.
    """
    import narwhals as nw

    buyers = people.filter(nw.col(spend) > 0)
    n = int(collect(buyers.select(nw.len().alias("n")), limit=1)["n"].iloc[0])
    counts = buyers.group_by(spend).agg(nw.len().alias("people")).with_columns(_rank=-nw.col(spend))
    at_least = nw.col("people").cum_sum().over(order_by="_rank")
    within = counts.with_columns(at_least=at_least).filter(nw.col("at_least") <= whole(share * n))
    cut = collect(within.select(nw.col(spend).min().alias("cut")), limit=1)["cut"].iloc[0]
    return None if is_missing(cut) else int(cut)


def _state(base: CustomerBase, settings: LayeringSettings, ending: str, end: int) -> nw.Expr:
    import narwhals as nw

    cycle = cycle_days(base, settings)
    if cycle is None:
        raise ValueError("states need an order cycle: check cycle_days() first")
    retained, lapsing = lapsing_limits(cycle, settings)
    known = base.people.filter(nw.col("known_day") <= end)
    cut = value_cut(known, f"window_cents{ending}", settings.value_share)
    since = end - nw.col(f"reference_day{ending}")
    active = (end - nw.col(f"activity_day{ending}") <= settings.active_days).fill_null(False)
    spent = nw.col(f"window_cents{ending}") >= (cut if cut is not None else 2**62)
    state = (
        nw.when(spent & (since <= lapsing))
        .then(nw.lit(HIGH_VALUE))
        .when(active)
        .then(nw.lit(ACTIVE))
        .when(since <= retained)
        .then(nw.lit(RETAINED))
        .when(since <= lapsing)
        .then(nw.lit(ABOUT_TO_LAPSE))
        .otherwise(nw.lit(LAPSED))
    )
    return nw.when(~since.is_null()).then(state).cast(nw.Int32)


def whole(number: float) -> int:
    """The number cut off to a whole one."""
    # 0.29 x 100 is 28.999999999999996 in binary: the nearest millionth before cutting off.
    return math.floor(round(number, 6))
