"""Layers by acquisition channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate
from privdom_kit.engine import collect
from privdom_kit.estimates import adjust_p_values, difference_interval, equality_test
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.layering.states import STATES, cycle_days, with_states
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

CHANNEL_METHODS = ("S049", "S037")
UNKNOWN = "unknown"
_RULES = (
    *("channel_column", "second_purchase_days", "channel_tolerance", "cycle_days"),
    *("min_customers", "confidence_level"),
)
_COUNTS = (
    *("buyers", "repeat_customers", "contacts", "kept_contacts"),
    *("ripe_buyers", "second_purchase_customers"),
)
_MOST_CELLS = 50_000


def measure_channel_layers(base: CustomerBase, settings: Settings) -> Result:
    """Customers, repeat purchases, kept contacts and spend by channel, and channel x state.

    The verdict compares each channel with all others on the share of buyers with a second
    purchase within ``second_purchase_days``, among buyers watched that long only, so that a
    young channel is not held against an old one. P-values are corrected by Holm; the intervals
    of the differences are widened for the number of channels (Bonferroni), so that they hold
    together.

    Returns:
        ``table``: one row a channel, the largest first. ``tables["states"]``: channel, state,
        customers, channel_customers, share_of_channel.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people()
    if reason is not None:
        return unanswered(
            base, "channel_layers", CHANNEL_METHODS, Verdict.NOT_MEASURED, reason, used
        )
    counts = _counts(base, settings.layering)
    table = _compare(_channel_table(counts, base, settings.layering), settings.layering)
    verdict = _judge(table, settings.layering)
    figures = {
        "known_people": int(table["customers"].sum()),
        "compared_channels": int(table["p_value"].notna().sum()),
        "weak_channels": int(_weak(table, settings.layering).sum()),
    }
    shown, cells = _suppress_channels(table, settings.privacy.min_cell)
    states, more = _state_cells(counts, table, shown["customers"].isna(), settings)
    return answer(
        base,
        "channel_layers",
        CHANNEL_METHODS,
        verdict,
        shown,
        used,
        figures=figures,
        tables={} if states is None else {"states": states},
        notes=(
            *_notes(base, settings, states is None),
            *suppression_note(cells + more, settings.privacy.min_cell),
        ),
    )


def _counts(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    """People, purchases, contacts and spend by channel and state: one grouped query."""
    import narwhals as nw

    no_state = nw.lit(-1, dtype=nw.Int32).alias("state")
    has_cycle = cycle_days(base, settings) is not None
    people = with_states(base, settings) if has_cycle else base.people.with_columns(no_state)
    flags = _flags(base, settings)
    grouped = (
        people.with_columns(**flags)
        .group_by("channel", "state")
        .agg(
            nw.len().alias("customers"),
            *[nw.col(name).sum() for name in flags],
            nw.col("net_cents").sum().alias("cents"),
        )
    )
    return collect(grouped, limit=_MOST_CELLS).astype("float64").astype("int64")


def _flags(base: CustomerBase, settings: LayeringSettings) -> dict[str, nw.Expr]:
    import narwhals as nw

    def flag(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))

    watched = settings.second_purchase_days
    ripe = nw.col("first_day") <= base.as_of_day - watched
    again = nw.col("second_day") - nw.col("first_day") <= watched
    return {
        "buyers": flag(nw.col("purchase_days") > 0),
        "repeat_customers": flag(nw.col("purchase_days") > 1),
        "contacts": flag((nw.col("is_contact") == 1) & ~nw.col("is_kept").is_null()),
        "kept_contacts": flag(nw.col("is_kept") == 1),
        "ripe_buyers": flag(ripe),
        "second_purchase_customers": flag(ripe & again),
    }


def _channel_table(
    counts: pd.DataFrame, base: CustomerBase, settings: LayeringSettings
) -> pd.DataFrame:
    level = settings.confidence_level
    table = counts.drop(columns="state").groupby("channel", as_index=False).sum()
    # Largest first; the code settles ties the same way everywhere.
    table = table.sort_values(["customers", "channel"], ascending=[False, True], ignore_index=True)
    names = [base.channels[c] if c >= 0 else (UNKNOWN, UNKNOWN) for c in table["channel"]]
    table["channel"] = [name for _, name in names]
    table.insert(1, "channel_source", [source for source, _ in names])
    table["known_people"] = int(table["customers"].sum())
    table["net_spend"] = table.pop("cents") / 100
    table["net_spend_per_customer"] = table["net_spend"] / table["customers"]
    table = add_rate(table, "customers", "known_people", "share", level)
    table = add_rate(table, "repeat_customers", "buyers", "repeat_rate", level)
    table = add_rate(table, "kept_contacts", "contacts", "kept_share", level)
    return add_rate(
        table, "second_purchase_customers", "ripe_buyers", "second_purchase_share", level
    )


def _compare(table: pd.DataFrame, settings: LayeringSettings) -> pd.DataFrame:
    """Each channel against all others, where both sides are large enough."""
    x, n = table["second_purchase_customers"], table["ripe_buyers"]
    least = settings.min_customers
    known = table["channel"] != UNKNOWN
    made = known & (n >= least) & (n.sum() - n >= least)
    alpha = (1 - settings.confidence_level) / max(int(made.sum()), 1)
    names = ["difference", "difference_ci_lower", "difference_ci_upper", "p_value"]
    table = table.assign(**dict.fromkeys(names, float("nan")))
    for row in table.index[made]:
        sides = int(x[row]), int(n[row]), int(x.sum() - x[row]), int(n.sum() - n[row])
        found = difference_interval(*sides, level=1 - alpha)
        test = equality_test(*sides)
        table.loc[row, names] = [found.estimate, found.lower, found.upper, test.p_value]
    adjusted = adjust_p_values(table["p_value"].tolist())
    table["p_value_adjusted"] = [float("nan") if p is None else p for p in adjusted]
    return table


def _weak(table: pd.DataFrame, settings: LayeringSettings) -> pd.Series:
    """Channels that are below the others for sure, and by more than what does not matter."""
    certain = (table["p_value_adjusted"] < 1 - settings.confidence_level) & (
        table["difference_ci_upper"] < 0
    )
    return certain & (table["difference"] < -settings.channel_tolerance)


def _judge(table: pd.DataFrame, settings: LayeringSettings) -> Verdict:
    compared = table[table["p_value"].notna()]
    if len(compared) < 2:
        return Verdict.NOT_ENOUGH_DATA
    if _weak(table, settings).any():
        return Verdict.ACT
    inside = (compared["difference_ci_lower"] >= -settings.channel_tolerance).all()
    return Verdict.CLEAR if inside else Verdict.WATCH


_HIDES = {
    "repeat_customers": ("repeat_rate",),
    "contacts": ("kept_contacts", "kept_share"),
    "kept_contacts": ("kept_share",),
    "ripe_buyers": ("second_purchase_customers", "second_purchase_share", "difference"),
    "second_purchase_customers": ("second_purchase_share", "difference"),
}
_BOUNDS = ("", "_ci_lower", "_ci_upper")


def _suppress_channels(table: pd.DataFrame, min_cell: int) -> tuple[pd.DataFrame, int]:
    """Small channels go entirely; small counts within a channel with what is computed from them."""
    keep = ("channel", "channel_source", "customers", "known_people")
    everything = [c for c in table.columns if c not in keep]
    shown, cells = suppress(table, "customers", everything, min_cell)
    buying = [*_with_bounds(table, ("repeat_rate",)), "repeat_customers", "net_spend"]
    shown, more = suppress(shown, "buyers", [*buying, "net_spend_per_customer"], min_cell)
    cells += more
    for count, hides in _HIDES.items():
        columns = _with_bounds(table, hides)
        if "difference" in hides:
            columns += ["p_value", "p_value_adjusted"]
        shown, more = suppress(shown, count, columns, min_cell)
        cells += more
    return shown, cells


def _with_bounds(table: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    return [f"{n}{b}" for n in names for b in _BOUNDS if f"{n}{b}" in table.columns]


def _state_cells(
    counts: pd.DataFrame, channels: pd.DataFrame, hidden: pd.Series, settings: Settings
) -> tuple[pd.DataFrame | None, int]:
    """Channel x state in the order of the channel table; None where there are no states.

    A channel hidden in the channel table is hidden here as a whole.
    """
    import pandas as pd

    if (counts["state"] < 0).any():
        return None, 0
    order = counts.groupby("channel")["customers"].sum().reset_index()
    order = order.sort_values(["customers", "channel"], ascending=[False, True])["channel"]
    places = [(c, s) for c in order for s in range(len(STATES))]
    found = counts.set_index(["channel", "state"])["customers"].reindex(places, fill_value=0)
    table = pd.DataFrame(
        {
            "channel": channels["channel"].repeat(len(STATES)).to_numpy(),
            "channel_source": channels["channel_source"].repeat(len(STATES)).to_numpy(),
            "state": [STATES[s] for _, s in places],
            "customers": found.to_numpy("int64"),
            "channel_customers": channels["customers"].repeat(len(STATES)).to_numpy("int64"),
        }
    )
    level = settings.layering.confidence_level
    table = add_rate(table, "customers", "channel_customers", "share_of_channel", level)
    keys = (("channel", "channel_source"), ("state",))
    hides = _with_bounds(table, ("share_of_channel",))
    shown, cells = suppress(table, "customers", hides, settings.privacy.min_cell, groups=keys)
    gone = hidden.repeat(len(STATES)).to_numpy()
    shown["channel_customers"] = shown["channel_customers"].astype("Int64")
    for column in ("customers", "channel_customers", *hides):
        shown[column] = shown[column].mask(gone)
    return shown, cells


def _notes(base: CustomerBase, settings: Settings, stateless: bool) -> tuple[Message, ...]:
    notes = [
        msg(
            "Channels are compared on a second purchase within {days:days}, among buyers who "
            "could be watched that long. Who came through a channel was not drawn by lot, so a "
            "difference need not be the channel's doing.",
            days=settings.layering.second_purchase_days,
        )
    ]
    if stateless:
        notes.append(msg("No order cycle could be measured, so channels are not split by state."))
    if not base.has("contacts", settings.layering.channel_column):
        notes.append(
            msg(
                "The contacts name no {column:text}: channels here are the platform of the first "
                "order.",
                column=settings.layering.channel_column,
            )
        )
    if base.has("contacts") and not base.has("contacts", "removed_at"):
        notes.append(msg("The contacts carry no removed_at: who was kept is unknown."))
    return tuple(notes)
