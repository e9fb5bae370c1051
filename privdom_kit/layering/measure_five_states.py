"""States and the moves between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate, interval_figures, judge_change, rate
from privdom_kit.engine import collect
from privdom_kit.layering.judging import answer, compare_shares, unanswered, used_settings
from privdom_kit.layering.states import (
    ABOUT_TO_LAPSE,
    LAPSED,
    STATES,
    cycle_days,
    with_states,
)
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

NOT_YET_KNOWN = "not_yet_known"
_UNKNOWN = -1
_CODES = len(STATES) + 1
_RULES = (
    *("active_days", "value_share", "value_window_days", "retained_cycles", "lapsed_cycles"),
    *("period_days", "cycle_days", "cycle_horizon_days", "cycle_min_returns", "cycle_min_at_risk"),
    *("min_customers", "change_tolerance", "confidence_level"),
)
STATE_METHODS = ("S006", "S062")
MOVE_METHODS = ("S006",)


def measure_states(base: CustomerBase, settings: Settings) -> Result:
    """Customers by state, now and one period before.

    The verdict compares the share about to lapse or lapsed with the period before. The same
    people stand in both, which Newcombe's interval for independent groups does not use: it is
    wider than it need be, never narrower.

    Returns:
        ``table``: state, customers, known_people, share and interval, net_spend (value window),
        previous_customers, previous_known_people, previous_share, share_change.
        ``figures``: the order cycle, the lapsing share now and before, money at stake per year.
    """
    used = used_settings(settings, *_RULES)
    if (gap := no_states(base, settings.layering)) is not None:
        return unanswered(base, "states", STATE_METHODS, gap[0], gap[1], used)
    counts = _counts(base, settings.layering)
    table, now, before = _state_table(counts, settings)
    change = compare_shares(now, before, settings)
    level = settings.layering.confidence_level
    figures = {
        "known_people": now[1],
        "previous_known_people": before[1],
        **cycle_figures(base, settings.layering),
        "lapsing_customers": now[0],
        **rate(*now, "lapsing_share", level),
        **rate(*before, "previous_lapsing_share", level),
        **interval_figures("lapsing_change", change),
        "gross_margin": base.gross_margin,
        "money_at_stake": _at_stake(table, base, settings.layering),
    }
    shown, cells = _suppress_states(table, settings.privacy.min_cell)
    figures = _hide_small_sums(figures, shown, settings.privacy.min_cell)
    verdict = judge_change(change, settings.layering.change_tolerance, "up")
    notes = (*_state_notes(base, settings), *suppression_note(cells, settings.privacy.min_cell))
    return answer(base, "states", STATE_METHODS, verdict, shown, used, figures=figures, notes=notes)


def measure_layer_moves(base: CustomerBase, settings: Settings) -> Result:
    """Moves between the states from one period before to now.

    The verdict compares the share that moved down with the share in the period before that.

    Returns:
        ``table``: from_state (with not_yet_known), to_state, customers, from_customers,
        share_of_from; the customers add up to everyone known.
        ``figures``: moved_down, moved_up, stayed among ``moved_base`` (known at both dates).
    """
    used = used_settings(settings, *_RULES)
    if (gap := no_states(base, settings.layering)) is not None:
        return unanswered(base, "layer_moves", MOVE_METHODS, gap[0], gap[1], used)
    counts = _counts(base, settings.layering)
    now, before = (
        _moved(counts, "state_before", "state"),
        _moved(counts, "state_earlier", "state_before"),
    )
    change = compare_shares((now["down"], now["base"]), (before["down"], before["base"]), settings)
    level = settings.layering.confidence_level
    figures = {
        "moved_base": now["base"],
        **{f"moved_{way}": now[way] for way in ("down", "up")},
        "stayed": now["same"],
        **rate(now["down"], now["base"], "moved_down_share", level),
        **rate(now["up"], now["base"], "moved_up_share", level),
        **rate(before["down"], before["base"], "previous_moved_down_share", level),
        "previous_moved_base": before["base"],
        **interval_figures("moved_down_change", change),
    }
    table, cells = suppress(
        _move_table(counts, level),
        "customers",
        ["share_of_from", "share_of_from_ci_lower", "share_of_from_ci_upper"],
        settings.privacy.min_cell,
        groups=(("from_state",), ("to_state",)),
    )
    verdict = judge_change(change, settings.layering.change_tolerance, "up")
    notes = (_UNDATED_REFUNDS, *suppression_note(cells, settings.privacy.min_cell))
    return answer(
        base, "layer_moves", MOVE_METHODS, verdict, table, used, figures=figures, notes=notes
    )


_UNDATED_REFUNDS = msg(
    "Refunds carry no date: an order refunded later counts as refunded at the earlier date too."
)


def no_states(base: CustomerBase, settings: LayeringSettings) -> tuple[Verdict, Message] | None:
    """Why nobody can be put into a state; None where they can."""
    reason = base.missing_people()
    if reason is not None:
        return Verdict.NOT_MEASURED, reason
    if cycle_days(base, settings) is not None:
        return None
    if base.purchases is None:
        return Verdict.NOT_MEASURED, msg(
            "Without orders the order cycle cannot be measured. "
            "Give the orders table, or set layering.cycle_days."
        )
    return Verdict.NOT_ENOUGH_DATA, msg(
        "Only {returns:count} purchases were followed by another within {horizon:days}; an order "
        "cycle needs {least:count}. Set layering.cycle_days where the cycle is known.",
        returns=base.cycle.returns if base.cycle else 0,
        horizon=settings.cycle_horizon_days,
        least=settings.cycle_min_returns,
    )


def cycle_figures(base: CustomerBase, settings: LayeringSettings) -> dict[str, float | None]:
    """The order cycle in use, with its interval where it was measured."""
    measured = base.cycle if base.cycle and settings.cycle_days is None else None
    return {
        "order_cycle_days": cycle_days(base, settings),
        "order_cycle_days_ci_lower": measured.lower if measured else None,
        "order_cycle_days_ci_upper": measured.upper if measured else None,
    }


def _counts(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    """People and spend by the three states, one grouped query."""
    import narwhals as nw

    keys = ["state", "state_before", "state_earlier"]
    people = with_states(base, settings).with_columns(nw.col(*keys).fill_null(_UNKNOWN))
    grouped = people.group_by(*keys).agg(
        nw.len().alias("customers"), nw.col("window_cents").sum().alias("cents")
    )
    return collect(grouped, limit=_CODES**3).astype(dict.fromkeys(keys, "int64"))


def _state_table(
    counts: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, tuple[int, int], tuple[int, int]]:
    import pandas as pd

    level = settings.layering.confidence_level
    codes = range(len(STATES))
    now = counts.groupby("state")["customers"].sum().reindex(codes, fill_value=0)
    spend = counts.groupby("state")["cents"].sum().reindex(codes, fill_value=0) / 100
    before = counts.groupby("state_before")["customers"].sum().reindex(codes, fill_value=0)
    table = pd.DataFrame({"state": STATES, "customers": now.to_numpy("int64")})
    table["known_people"] = int(now.sum())
    table = add_rate(table, "customers", "known_people", "share", level)
    table["net_spend"] = spend.to_numpy("float64")
    table["previous_customers"] = before.to_numpy("int64")
    table["previous_known_people"] = int(before.sum())
    table = add_rate(table, "previous_customers", "previous_known_people", "previous_share", level)
    table = table.drop(columns=["previous_share_ci_lower", "previous_share_ci_upper"])
    changes = [
        interval_figures(
            "share_change",
            compare_shares((a, int(now.sum())), (b, int(before.sum())), settings),
        )
        for a, b in zip(table["customers"], table["previous_customers"], strict=True)
    ]
    table = pd.concat([table, pd.DataFrame(changes, dtype="float64")], axis=1)
    lapsing = [ABOUT_TO_LAPSE, LAPSED]
    return (
        table,
        (int(now[lapsing].sum()), int(now.sum())),
        (int(before[lapsing].sum()), int(before.sum())),
    )


def _suppress_states(table: pd.DataFrame, min_cell: int) -> tuple[pd.DataFrame, int]:
    change = ["share_change", "share_change_ci_lower", "share_change_ci_upper"]
    own = ["share", "share_ci_lower", "share_ci_upper", "net_spend", *change]
    shown, cells = suppress(table, "customers", own, min_cell)
    # A change gives the other side away, so it goes with either.
    shown, more = suppress(shown, "previous_customers", ["previous_share", *change], min_cell)
    return shown, cells + more


def _hide_small_sums(figures: dict, table: pd.DataFrame, min_cell: int) -> dict:
    """Without the lapsing figures where their two cells are hidden and they would add up."""
    hidden = table.loc[[ABOUT_TO_LAPSE, LAPSED], "customers"].isna()
    before = table.loc[[ABOUT_TO_LAPSE, LAPSED], "previous_customers"].isna()
    names: list[str] = []
    if hidden.any() or 0 < figures["lapsing_customers"] < min_cell:
        names += [n for n in figures if n.startswith(("lapsing_", "money_at_stake"))]
    if before.any():
        names += [n for n in figures if n.startswith(("previous_lapsing_", "lapsing_change"))]
    return {name: None if name in names else value for name, value in figures.items()}


def _at_stake(table: pd.DataFrame, base: CustomerBase, settings: LayeringSettings) -> float | None:
    """Yearly margin of those about to lapse; None without a gross margin."""
    if base.gross_margin is None:
        return None
    spend = float(table.loc[ABOUT_TO_LAPSE, "net_spend"])
    return spend * base.gross_margin * 365 / settings.value_window_days


def _state_notes(base: CustomerBase, settings: Settings) -> tuple[Message, ...]:
    notes = []
    if not base.has("touches", "direction"):
        notes.append(
            msg(
                "No touches that come from customers were given: activity here means purchases "
                "only, so people who read, chat or click without buying look less active."
            )
        )
    cycle = base.cycle
    if cycle and settings.layering.cycle_days is None:
        notes.append(
            msg(
                "The order cycle rests on {gaps:count} gaps between purchases, open ones "
                "included; {returned:percent} of purchases were followed by another within "
                "{horizon:days}.",
                gaps=cycle.gaps,
                returned=cycle.returned,
                horizon=cycle.horizon_days,
            )
        )
    return (*notes, _UNDATED_REFUNDS)


def _moved(counts: pd.DataFrame, start: str, end: str) -> dict[str, int]:
    """People known at both dates by the way they moved."""
    known = counts[(counts[start] != _UNKNOWN) & (counts[end] != _UNKNOWN)]
    step = known[end] - known[start]
    people = known["customers"]
    return {
        "base": int(people.sum()),
        "down": int(people[step > 0].sum()),
        "up": int(people[step < 0].sum()),
        "same": int(people[step == 0].sum()),
    }


def _move_table(counts: pd.DataFrame, level: float) -> pd.DataFrame:
    import pandas as pd

    names = dict(enumerate(STATES)) | {_UNKNOWN: NOT_YET_KNOWN}
    pairs = counts.groupby(["state_before", "state"])["customers"].sum()
    rows = [(a, b) for a in (*range(len(STATES)), _UNKNOWN) for b in range(len(STATES))]
    table = pd.DataFrame(rows, columns=["from_state", "to_state"])
    table["customers"] = pairs.reindex(rows, fill_value=0).to_numpy("int64")
    table["from_customers"] = table.groupby("from_state")["customers"].transform("sum")
    table = add_rate(table, "customers", "from_customers", "share_of_from", level)
    return table.replace({"from_state": names, "to_state": names})
