"""What a send costs in relations: removals after it, beyond what would have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import (
    Question,
    add_rate,
    bounded,
    interval_figures,
    judge_change,
    rate,
    used_settings,
)
from privdom_kit.estimates import Interval, adjust_p_values, compare_rates
from privdom_kit.formats import day_number
from privdom_kit.messages import Message, msg
from privdom_kit.relations.lost_margin import YEAR, lost_margin
from privdom_kit.relations.spells import (
    Relations,
    person_spells,
    read_contacts,
    read_followers,
)
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.exposure import Exposure, measure_exposure
from privdom_kit.touchpoints.holdouts import holdout_table
from privdom_kit.touchpoints.relation_units import UNITS
from privdom_kit.touchpoints.sends import POOLED, Sends, read_sends

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings, TouchpointsSettings

QUESTION = Question("send_churn", ("S031", "S032", "S033"), UNITS)
WECOM, ACCOUNT = "wecom_chat", "service_account"
_RULES = (
    *("confidence_level", "send_window_hours", "template_window_hours", "send_batch_people"),
    *("send_min_people", "send_min_removals", "send_most_listed", "send_tolerance"),
    *("send_calendar", "send_outside_limit"),
)
_SHARE, _EXCESS = bounded("send_removal_share"), bounded("excess_share")
_THOUSAND = bounded("excess_of_1000")
_TESTED = (*_EXCESS, "p_value", "p_value_adjusted", "is_worse")
_FIGURES = (
    *("reached", "send_removals", *_SHARE, "baseline_share", *_EXCESS),
    *("compared_share", "sends"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Channel:
    """One touchpoint: who could leave, what was sent, and the time at risk after and without."""

    touchpoint: str
    relations: Relations
    sends: Sends
    exposure: Exposure


def measure_send_churn(base: Base, settings: Settings) -> Result:
    """Removals within 72 hours of a one-to-one broadcast (24 of a service account message).

    Baseline: the same people at risk in the hours in which no send lies within the window,
    compared within the same hour of the week, the same four weeks and the same tenure
    (:mod:`privdom_kit.touchpoints.exposure`). People count once a send; where windows overlap a
    removal belongs to the last send. Tests with an arm that was held back stand beside it.
    The verdict needs an excess that is certain: pooled by touchpoint (intervals widened for the
    number of touchpoints and tests), or of a single send after Holm.

    Returns:
        ``table``: a row a touchpoint. ``tables["sends"]``: the largest sends.
        ``tables["holdouts"]``: tests with an arm held back.
    """
    rules = settings.touchpoints
    used = used_settings(
        settings,
        *(f"touchpoints.{name}" for name in _RULES),
        *("copy_tests.control_arms", "privacy.min_cell"),
    )
    channels = _channels(base, rules)
    holdouts = holdout_table(base, rules)
    coverage = base.coverage("contacts", "followers", "touches", "deliveries")
    if not channels and holdouts.empty:
        verdict, reason = _missing(base)
        return QUESTION.unanswered(base.as_of, verdict, reason, used, coverage=coverage)
    return _answer(base, settings, channels, holdouts, used, coverage)


def _channels(base: Base, rules: TouchpointsSettings) -> list[_Channel]:
    found = []
    for touchpoint, read, hours in (
        (WECOM, read_contacts, rules.send_window_hours),
        (ACCOUNT, read_followers, rules.template_window_hours),
    ):
        relations = read(base)
        sends = read_sends(base, touchpoint, rules) if relations and relations.rows else None
        if relations is None or sends is None:
            continue
        exposure = measure_exposure(relations, sends, base.as_of_day, hours)
        if exposure.reached:
            found.append(_Channel(touchpoint, relations, sends, exposure))
    return found


def _missing(base: Base) -> tuple[Verdict, Message]:
    if not base.has("contacts", "removed_at") and not base.has("followers", "unsubscribed_at"):
        return Verdict.NOT_MEASURED, msg(
            "No table says when contacts removed staff or followers unfollowed."
        )
    if "touches" not in base.tables and "deliveries" not in base.tables:
        return Verdict.NOT_MEASURED, msg("No table says what was sent to whom.")
    return Verdict.NOT_ENOUGH_DATA, msg(
        "No send to many people at once is recorded that reached contacts or followers."
    )


def _answer(
    base: Base,
    settings: Settings,
    channels: list[_Channel],
    holdouts: pd.DataFrame,
    used: dict[str, Any],
    coverage: Coverage,
) -> Result:
    rules, least = settings.touchpoints, settings.privacy.min_cell
    level = 1 - (1 - rules.confidence_level) / max(len(channels) + len(holdouts), 1)
    table = _channel_table(channels, rules, level)
    holdouts = holdout_table(base, rules, level)
    sends = _send_table(channels, rules)
    figures = {
        **_headline(table),
        "tested_sends": int(sends["p_value"].notna().sum()),
        "worse_sends": int(sends["is_worse"].sum()),
        **_calendar(channels, rules),
        **_money(base, channels, table),
    }
    verdict = _judge(table, holdouts, sends, figures, rules)
    shown, cells = suppress(
        table, "send_removals", [*_SHARE, *_EXCESS, "baseline_share", "p_value"], least, groups=()
    )
    shown, more = suppress(shown, "baseline_removals", [], least, groups=())
    sends, held, again = _suppressed(sends, holdouts, least)
    return QUESTION.answer(
        base.as_of,
        verdict,
        shown,
        used,
        coverage=coverage,
        figures=_hidden(figures, shown),
        tables={"sends": sends, "holdouts": held},
        notes=(*_notes(channels, rules), *suppression_note(cells + more + again, least)),
    )


def _channel_table(
    channels: list[_Channel], rules: TouchpointsSettings, level: float
) -> pd.DataFrame:
    import pandas as pd

    columns = ["touchpoint", "sends", "reached", "send_removals", "baseline_removals"]
    rows = []
    for channel in channels:
        events, hours = channel.exposure.all_after
        reached = sum(channel.exposure.reached.values())
        row = {
            "touchpoint": channel.touchpoint,
            "sends": len(channel.sends.days),
            "reached": reached,
            "send_removals": int(events.sum()),
            "baseline_removals": int(channel.exposure.other_events.sum()),
        }
        enough = events.sum() + channel.exposure.other_events.sum() >= rules.send_min_removals
        rows.append(row | _excess(channel.exposure, events, hours, reached, level, enough))
    table = pd.DataFrame(rows, columns=[*columns, *_EXCESS, "p_value", "compared_share"])
    table = table.astype(dict.fromkeys((*_EXCESS, "p_value", "compared_share"), "float64"))
    table = add_rate(table, "send_removals", "reached", _SHARE[0], rules.confidence_level)
    return table.assign(baseline_share=table[_SHARE[0]] - table[_EXCESS[0]])


def _excess(
    exposure: Exposure, events: Any, hours: Any, reached: int, level: float, enough: bool
) -> dict[str, float | None]:
    """Removals beyond the baseline a person reached, and how much of the time was compared.

    The difference of rates an hour at risk x the hours that a person reached was watched after
    a send.
    """
    found = (
        compare_rates(events, hours, exposure.other_events, exposure.other_hours, level)
        if enough
        else None
    )
    if found is None or not reached:
        return dict.fromkeys((*_EXCESS, "p_value", "compared_share"))
    each = float(hours.sum()) / reached
    gap = found.difference
    scaled = Interval(gap.estimate * each, gap.lower * each, gap.upper * each)
    return {
        **interval_figures(_EXCESS[0], scaled),
        "p_value": found.p_value,
        "compared_share": found.time / float(hours.sum()),
    }


def _send_table(channels: list[_Channel], rules: TouchpointsSettings) -> pd.DataFrame:
    """The largest sends by themselves; those large enough tested, all as one family."""
    import pandas as pd

    names = ["touchpoint", "send", "sent_on", "reached", "send_removals"]
    tested = [
        (channel, int(rank))
        for channel in channels
        for rank in channel.exposure.reached
        if rank != POOLED and channel.exposure.reached[rank] >= rules.send_min_people
    ]
    level = 1 - (1 - rules.confidence_level) / max(len(tested), 1)
    rows = []
    for channel in channels:
        known = channel.sends.table.set_index("send")
        for rank, reached in sorted(channel.exposure.reached.items()):
            if rank == POOLED:
                continue
            parts = channel.exposure.after_events[rank], channel.exposure.after_hours[rank]
            about = (known.loc[rank, "name"], int(known.loc[rank, "sent_on"]))
            row = (channel.touchpoint, *about, reached, int(parts[0].sum()))
            found = _excess(channel.exposure, *parts, reached, level, (channel, rank) in tested)
            rows.append(dict(zip(names, row, strict=True)) | found)
    table = pd.DataFrame(rows, columns=[*names, *_EXCESS, "p_value", "compared_share"])
    table = table.astype(dict.fromkeys((*_EXCESS, "p_value", "compared_share"), "float64"))
    table = add_rate(table, "send_removals", "reached", _SHARE[0], rules.confidence_level)
    adjusted = adjust_p_values(table["p_value"].tolist())
    table["p_value_adjusted"] = [float("nan") if p is None else p for p in adjusted]
    table["is_worse"] = (
        (table["p_value_adjusted"] < 1 - rules.confidence_level)
        & (table["excess_share_ci_lower"] > 0)
        & (table["excess_share"] > rules.send_tolerance)
    )
    return table


def _headline(table: pd.DataFrame) -> dict[str, Any]:
    """The figures of one-to-one broadcasts; of the service account where there are none."""
    if table.empty:
        return dict.fromkeys((*_FIGURES, *_THOUSAND, "touchpoint"))
    first = table.iloc[0]
    figures = {name: first[name] for name in _FIGURES}
    thousand = dict(zip(_THOUSAND, (first[name] * 1_000 for name in _EXCESS), strict=True))
    return {**figures, **thousand, "touchpoint": str(first["touchpoint"])}


def _calendar(channels: list[_Channel], rules: TouchpointsSettings) -> dict[str, Any]:
    """One-to-one broadcasts outside the marked days (S032); None where no days are marked."""
    names = ("outside_sends", "calendar_sends", *bounded("outside_share"))
    broadcasts = next((c for c in channels if c.touchpoint == WECOM), None)
    if broadcasts is None or not rules.send_calendar:
        return dict.fromkeys(names)
    marked = {day_number(day) for day in rules.send_calendar}
    outside = int((~broadcasts.sends.days.isin(marked)).sum())
    every = len(broadcasts.sends.days)
    figures = {"outside_sends": outside, "calendar_sends": every}
    return figures | rate(outside, every, "outside_share", rules.confidence_level)


def _money(base: Base, channels: list[_Channel], table: pd.DataFrame) -> dict[str, Any]:
    """Removals beyond the baseline a year x margin per contact, of one-to-one broadcasts."""
    names = ("extra_removals_a_year", "margin_per_contact", "gross_margin", "money_at_stake")
    figures: dict[str, Any] = dict.fromkeys(names)
    figures["gross_margin"] = base.economics.gross_margin
    broadcasts = next((c for c in channels if c.touchpoint == WECOM), None)
    if broadcasts is None:
        return figures
    relations = broadcasts.relations
    figures["margin_per_contact"] = lost_margin(
        base, person_spells(relations), relations.first_day
    )["margin_per_contact"]
    row = table.iloc[0]
    days = base.as_of_day - relations.first_day + 1
    if row["excess_share_ci_lower"] > 0:
        figures["extra_removals_a_year"] = row["excess_share"] * row["reached"] / days * YEAR
        if figures["margin_per_contact"] is not None:
            money = figures["extra_removals_a_year"] * figures["margin_per_contact"]
            figures["money_at_stake"] = money
    return figures


def _judge(
    table: pd.DataFrame,
    holdouts: pd.DataFrame,
    sends: pd.DataFrame,
    figures: dict[str, Any],
    rules: TouchpointsSettings,
) -> Verdict:
    pooled = [Interval(*row) for row in table[list(_EXCESS)].dropna().itertuples(index=False)]
    ends = holdouts[list(bounded("difference"))].dropna()
    pooled += [Interval(*row) for row in ends.itertuples(index=False)]
    verdicts = {judge_change(gap, rules.send_tolerance, "up") for gap in pooled}
    if sends["is_worse"].any():
        verdicts.add(Verdict.ACT)
    if verdicts and (figures["outside_share"] or 0) > rules.send_outside_limit:
        verdicts.add(Verdict.WATCH)
    order = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR)
    return next((v for v in order if v in verdicts), Verdict.NOT_ENOUGH_DATA)


def _suppressed(
    sends: pd.DataFrame, holdouts: pd.DataFrame, least: int
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    rest = ["send_removals", *_SHARE, *_TESTED]
    sends, cells = suppress(sends, "reached", rest, least, groups=(("touchpoint",),))
    sends, more = suppress(sends, "send_removals", rest[1:], least, groups=())
    # The worst first, by what is shown: an order by hidden numbers would give them away.
    order = ["excess_share", "reached", "send"]
    sends = sends.sort_values(order, ascending=[False, False, True], ignore_index=True)
    gone = [*bounded("held_share"), *bounded("difference")]
    holdouts, again = suppress(holdouts, "held_removals", gone, least, groups=())
    gone = [*bounded("sent_share"), *bounded("difference")]
    holdouts, last = suppress(holdouts, "sent_removals", gone, least, groups=())
    return sends, holdouts, cells + more + again + last


def _hidden(figures: dict[str, Any], shown: pd.DataFrame) -> dict[str, Any]:
    """The figures without what the table hides."""
    if shown.empty or shown["send_removals"].notna().iloc[0]:
        return figures
    gone = (
        *("send_removals", *_SHARE, *_EXCESS, *_THOUSAND, "baseline_share"),
        *("extra_removals_a_year", "money_at_stake"),
    )
    return {name: None if name in gone else value for name, value in figures.items()}


def _notes(channels: list[_Channel], rules: TouchpointsSettings) -> tuple[Message, ...]:
    notes = []
    if channels:
        notes.append(
            msg(
                "Baseline: hours in which no send lies within the window, at the same hour of the "
                "week, within the same four weeks and the same band of tenure. Who is sent what "
                "was not drawn by lot: people chosen for a send may differ from the others."
            )
        )
        notes.append(
            msg(
                "People count once a send. Where windows overlap, time and removals belong to the "
                "last send. A person leaves the count with the first removal."
            )
        )
    if not rules.send_calendar and any(c.touchpoint == WECOM for c in channels):
        notes.append(
            msg(
                "No days are marked for broadcasts (a setting), so broadcasts outside of them are "
                "not measured."
            )
        )
    return tuple(notes)
