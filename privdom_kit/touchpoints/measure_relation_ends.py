"""How many contacts remove the brand, how soon, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, add_rate, bounded, interval_figures, rate, used_settings
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval
from privdom_kit.formats import day_number
from privdom_kit.messages import Message, msg
from privdom_kit.relations.lost_margin import FIGURES as MARGIN
from privdom_kit.relations.lost_margin import lost_margin
from privdom_kit.relations.spells import (
    CUSTOMER,
    Relations,
    person_spells,
    read_contacts,
    read_followers,
)
from privdom_kit.relations.tenure import (
    Exits,
    daily_counts,
    removed_by_day,
    silent_until,
    watched_exits,
)
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.handover import handover_figures
from privdom_kit.touchpoints.relation_groups import (
    EARLIER,
    RECENT,
    WHEN,
    cohort_table,
    compare_groups,
    month_table,
)
from privdom_kit.touchpoints.relation_units import UNITS

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings, TouchpointsSettings

QUESTION = Question("churn", ("S003", "S136", "S137", "S182"), UNITS)
RELATION, PERSON, FOLLOWER = "relation", "person", "follower"
_RULES = (
    *("confidence_level", "churn_days", "churn_compare_days", "churn_recent_days"),
    *("churn_min_relations", "churn_min_at_risk", "churn_most_groups", "churn_tolerance"),
    *(
        "churn_records_from",
        "churn_silence_chance",
        "churn_reference_window_days",
        "churn_normal_share",
    ),
    *("churn_alarm_share", "handover_days", "mute_pain_points"),
)
_SHARE = bounded("removed_share")
_GAP = (*bounded("difference"), "p_value", "p_value_adjusted", "is_worse")


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    """One kind of relation as it is watched: which, since when, and all of its exits."""

    unit: str
    relations: Relations
    since: int
    is_silence: bool
    exits: Exits


def measure_churn(base: Base, settings: Settings) -> Result:
    """Removals of contacts by product-limit over tenure, and who is removed more than others.

    Only a removal by the customer is churn; staff who remove a customer and transfers censor.
    The verdict holds groups against all others and recent relations against earlier ones, and,
    only where ``churn_reference_window_days`` states a window, the share removed by then against
    the lines of article 002, which names none. The level alone is described, never judged.

    Returns:
        ``table``: unit (relation: person x staff; person: until none stands; follower), days,
        watched, removed, removed_share and interval. ``tables``: ``groups`` (by entry code, way
        of adding, staff, source, time of adding), ``cohorts`` and ``months`` of the first unit,
        ``endings``.
    """
    rules = settings.touchpoints
    used = used_settings(settings, *(f"touchpoints.{n}" for n in _RULES), "privacy.min_cell")
    found = [relations for relations in (read_contacts(base), read_followers(base)) if relations]
    coverage = _joint([relations.coverage for relations in found])
    if not found:
        reason = _missing(base)
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    found = [relations for relations in found if relations.rows]
    if not found:
        reason = msg("No relation began up to {as_of:date}.", as_of=base.as_of)
        verdict = Verdict.NOT_ENOUGH_DATA
        return QUESTION.unanswered(base.as_of, verdict, reason, used, coverage=coverage)
    watches = [_watch(base, relations, rules) for relations in found]
    return _answer(base, settings, watches, used, coverage)


def _answer(
    base: Base, settings: Settings, watches: list[_Watch], used: dict[str, Any], coverage: Coverage
) -> Result:
    rules, least = settings.touchpoints, settings.privacy.min_cell
    main = watches[0]
    spells = person_spells(main.relations) if main.unit == RELATION else None
    people = None if spells is None else watched_exits(spells, base.as_of_day, main.since)
    table = _windows(_units(watches, people), rules)
    groups = compare_groups(base, [(w.relations, w.since) for w in watches], rules)
    verdict, reference = _judge(main, groups, rules)
    figures: dict[str, Any] = {
        **_counts(watches, people, spells),
        **_headlines(_units(watches, people), rules),
        **_trend(groups, main),
        **reference,
        "compared_groups": int(groups["p_value"].notna().sum()),
        "worse_groups": int(groups["is_worse"].sum()),
        **_handed_over(base, main, rules),
        **_muting(base, rules),
        **(dict.fromkeys(MARGIN) if spells is None else lost_margin(base, spells, main.since)),
    }
    shown, extra, cells = _suppressed(base, table, groups, main, rules, least)
    return QUESTION.answer(
        base.as_of,
        verdict,
        shown,
        used,
        coverage=coverage,
        figures=_hidden(figures, least),
        tables=extra,
        notes=(*_notes(watches, rules), *suppression_note(cells, least)),
    )


def _missing(base: Base) -> Message:
    if "contacts" in base.tables:
        return msg("The contacts carry no removed_at, so removals cannot be seen.")
    if "followers" in base.tables:
        return msg("The followers carry no unsubscribed_at, so unfollowing cannot be seen.")
    return msg("Neither contacts nor followers were given.")


def _joint(parts: list[Coverage]) -> Coverage:
    used, dropped = 0, dict[str, int]()
    for part in parts:
        used += part.used
        for why, rows in part.dropped.items():
            dropped[why] = dropped.get(why, 0) + rows
    return Coverage(used + sum(dropped.values()), used, dropped)


def _watch(base: Base, relations: Relations, rules: TouchpointsSettings) -> _Watch:
    unit = RELATION if relations.table == "contacts" else FOLLOWER
    daily = daily_counts(relations.frame, relations.first_day, base.as_of_day)
    silent = silent_until(daily, rules.churn_silence_chance)
    stated = rules.churn_records_from if unit == RELATION else None
    since, is_silence = relations.first_day, False
    if stated is not None:
        since = max(since, day_number(stated))
    elif silent is not None:
        since, is_silence = silent, True
    exits = watched_exits(relations.frame, base.as_of_day, since)
    return _Watch(unit, relations, since, is_silence, exits)


def _units(watches: list[_Watch], people: Exits | None) -> dict[str, Exits]:
    units = {watch.unit: watch.exits for watch in watches}
    return units if people is None else {RELATION: units.pop(RELATION), PERSON: people, **units}


def _windows(units: dict[str, Exits], rules: TouchpointsSettings) -> pd.DataFrame:
    """Share removed by each day of tenure that enough relations reached."""
    import pandas as pd

    rows = []
    for unit, exits in units.items():
        curve = exits.curve(rules.confidence_level)
        ends = exits.leaving[exits.leaving["ended"] == CUSTOMER]
        for day in sorted(set(rules.churn_days)):
            found = removed_by_day(curve, day, rules.churn_min_at_risk, rules.confidence_level)
            share = interval_figures("removed_share", found[0] if found else None)
            removed = int(ends.loc[ends["tenure"] <= day, "rows"].sum())
            watched = 0 if curve is None else curve.at_risk(day)
            rows.append({"unit": unit, "days": day, "watched": watched, "removed": removed} | share)
    return pd.DataFrame(rows).astype(dict.fromkeys(_SHARE, "float64"))


def _headlines(units: dict[str, Exits], rules: TouchpointsSettings) -> dict[str, Any]:
    names = {RELATION: "headline_share", PERSON: "people_share", FOLLOWER: "followers_share"}
    figures: dict[str, Any] = {}
    for unit, name in names.items():
        level = rules.confidence_level
        curve = units[unit].curve(level) if unit in units else None
        found = removed_by_day(curve, rules.churn_compare_days, rules.churn_min_at_risk, level)
        figures |= interval_figures(name, found[0] if found else None)
    return figures


def _counts(
    watches: list[_Watch], people: Exits | None, spells: nw.LazyFrame | None
) -> dict[str, Any]:
    import narwhals as nw

    by_unit = {watch.unit: watch for watch in watches}
    contacts, followers = by_unit.get(RELATION), by_unit.get(FOLLOWER)
    figures: dict[str, Any] = {
        "relations": contacts.exits.rows if contacts else None,
        "removed": contacts.exits.removed if contacts else None,
        "unsaid_removals": contacts.relations.unsaid if contacts else None,
        "records_from": contacts.since if contacts else None,
        "followers": followers.exits.rows if followers else None,
        "followers_records_from": followers.since if followers else None,
        "people": people.rows if people else None,
        "gone_people": people.removed if people else None,
        "returned_people": None,
    }
    if spells is not None:
        gone = spells.filter(nw.col("ended") == CUSTOMER)
        back = collect(gone.select(nw.col("returned").sum()), limit=1).fillna(0)
        figures["returned_people"] = int(back["returned"].iloc[0])
    return figures


def _trend(groups: pd.DataFrame, main: _Watch) -> dict[str, Any]:
    """Recent against earlier relations of the main unit, out of the groups."""
    ours = groups[groups["split"] == WHEN[main.relations.table]].set_index("group")
    figures: dict[str, Any] = {}
    for name, group in (("recent", RECENT), ("earlier", EARLIER)):
        there = group in ours.index
        figures[f"{name}_relations"] = int(ours.loc[group, "relations"]) if there else 0
        ends = (float(ours.loc[group, column]) for column in _SHARE) if there else None
        figures |= interval_figures(f"{name}_share", Interval(*ends) if ends else None)
    gap = ours.loc[RECENT, list(bounded("difference"))] if RECENT in ours.index else None
    return figures | interval_figures("change", None if gap is None else Interval(*map(float, gap)))


def _judge(
    main: _Watch, groups: pd.DataFrame, rules: TouchpointsSettings
) -> tuple[Verdict, dict[str, Any]]:
    """The worst of: groups against others, recent against earlier, the lines where they apply."""
    share, found = _reference(main, rules)
    if main.exits.rows < rules.churn_min_relations:
        return Verdict.NOT_ENOUGH_DATA, found
    compared = groups[groups["p_value"].notna()]
    verdicts = {Verdict.ACT for worse in compared["is_worse"] if worse}
    inside = compared["difference_ci_upper"] <= rules.churn_tolerance
    verdicts |= {Verdict.CLEAR if small else Verdict.WATCH for small in inside}
    if share is not None:
        low, high = share.lower, share.upper
        line = rules.churn_normal_share
        verdicts.add(
            Verdict.ACT if low > line else Verdict.CLEAR if high <= line else Verdict.WATCH
        )
    order = (Verdict.ACT, Verdict.WATCH, Verdict.CLEAR)
    return next((v for v in order if v in verdicts), Verdict.NOT_ENOUGH_DATA), found


def _reference(main: _Watch, rules: TouchpointsSettings) -> tuple[Interval | None, dict[str, Any]]:
    """The share removed in the stated window and its place between the lines (S136, S137)."""
    window = rules.churn_reference_window_days
    found = None
    if window is not None:
        curve = main.exits.curve(rules.confidence_level)
        found = removed_by_day(curve, window, rules.churn_min_at_risk, rules.confidence_level)
    share = found[0] if found else None
    severity = None
    if share is not None:
        normal, alarm = rules.churn_normal_share, rules.churn_alarm_share
        severity = min(max((share.estimate - normal) / (alarm - normal), 0.0), 1.0)
    return share, {**interval_figures("reference_share", share), "severity": severity}


def _handed_over(base: Base, main: _Watch, rules: TouchpointsSettings) -> dict[str, Any]:
    from privdom_kit.touchpoints.handover import FIGURES

    if main.unit != RELATION:
        return dict.fromkeys(FIGURES)
    return handover_figures(base, main.relations, rules)


def _muting(base: Base, rules: TouchpointsSettings) -> dict[str, Any]:
    """Muting as asked in a survey (S003): never part of the removals, for no export shows it."""
    import narwhals as nw

    names = ("mute_answers", "answers", *bounded("mute_share"))
    if not base.has("responses", "pain_point", "touchpoint"):
        return dict.fromkeys(names)
    responses = base.tables["responses"]
    asked = responses.frame.filter(
        nw.col("touchpoint") == responses.code("touchpoint", "wecom_chat")
    )
    muted = nw.col("pain_point").is_in(list(rules.mute_pain_points)).fill_null(value=False)
    one = nw.when(muted).then(nw.lit(1)).otherwise(nw.lit(0))
    sums = collect(
        asked.select(one=one).select(nw.len().alias("n"), nw.col("one").sum()), limit=1
    ).fillna(0)
    n, x = int(sums["n"].iloc[0]), int(sums["one"].iloc[0])
    if not n:
        return dict.fromkeys(names)
    return {"mute_answers": x, "answers": n} | rate(x, n, "mute_share", rules.confidence_level)


def _suppressed(
    base: Base,
    table: pd.DataFrame,
    groups: pd.DataFrame,
    main: _Watch,
    rules: TouchpointsSettings,
    least: int,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], int]:
    """All tables without their small cells, and how many cells were hidden."""
    import pandas as pd

    shown, cells = _hide_small_steps(table, least)
    everything = ["removed", "watched", *_SHARE, *_GAP]
    groups, more = suppress(groups, "relations", everything, least, groups=(("split",),))
    groups, again = suppress(groups, "removed", [*_SHARE, *_GAP], least, groups=())
    cells += more + again
    cohorts = cohort_table(base, main.relations, main.since, rules)
    cohorts, more = suppress(cohorts, "relations", ["removed", "watched", *_SHARE], least)
    cohorts, again = suppress(cohorts, "removed", _SHARE, least, groups=())
    cells += more + again
    months = month_table(base, main.relations, main.since)
    months = add_rate(months, "removed_of_held", "held", "removal_rate", rules.confidence_level)
    rates = list(bounded("removal_rate"))
    months, more = suppress(months, "held", ["removed_of_held", *rates], least, groups=())
    months, again = suppress(months, "removed_of_held", rates, least, groups=())
    endings = pd.DataFrame(
        [{"ending": name, "relations": rows} for name, rows in main.relations.endings.items()]
    )
    endings, last = suppress(endings, "relations", [], least)
    shown, groups, cohorts = (_hide_few_watched(t, least) for t in (shown, groups, cohorts))
    tables = {"groups": groups, "cohorts": cohorts, "months": months, "endings": endings}
    return shown, tables, cells + more + again + last


def _hide_few_watched(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """The table without counts of few people still watched; shares rest on more in any case."""
    watched = table["watched"].astype("Int64")
    return table.assign(watched=watched.mask(((watched > 0) & (watched < least)).fillna(False)))


def _hide_small_steps(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """Cumulated removals: a row hides where it is small or differs little from the one before."""
    hidden = []
    for _, rows in table.groupby("unit", sort=False):
        before = 0
        for place, removed in rows["removed"].items():
            if 0 < removed - before < least:
                hidden.append(place)
            else:
                before = removed
    shown = table.astype({"removed": "Int64"})
    shown.loc[hidden, ["removed", *_SHARE]] = None
    return shown, len(hidden)


_PEOPLE_IN = {
    "removed": ("headline_share", "reference_share", "severity"),
    "gone_people": ("people_share", "lost_people_a_year", "money_at_stake"),
    "returned_people": (),
    "unsaid_removals": (),
    "handover_assigned": ("handover_taken", "handover_taken_share"),
    "handover_taken": ("handover_taken_share",),
    "handover_watched": ("after_handover_share",),
    "recent_relations": ("recent_share", "change"),
    "earlier_relations": ("earlier_share", "change"),
    "answers": ("mute_answers", "mute_share"),
    "mute_answers": ("mute_share",),
}


def _hidden(figures: dict[str, Any], least: int) -> dict[str, Any]:
    """The figures without counts of fewer than ``least`` people and what rests on them."""
    shown = dict(figures)
    for name, rests in _PEOPLE_IN.items():
        if 0 < (figures.get(name) or 0) < least:
            for gone in (name, *(bound for rest in rests for bound in bounded(rest))):
                if gone in shown:
                    shown[gone] = None
    return shown


def _notes(watches: list[_Watch], rules: TouchpointsSettings) -> tuple[Message, ...]:
    notes = []
    for watch in watches:
        if watch.is_silence:
            notes.append(
                msg(
                    "No end of a relation is recorded before {day:date} although many stood: the "
                    "records seem to begin there, and relations are watched from then on.",
                    day=watch.since,
                )
            )
    contacts = next((watch for watch in watches if watch.unit == RELATION), None)
    if contacts is None:
        return tuple(notes)
    notes.append(
        msg(
            "Only removal by the customer is churn. Staff who remove a customer and transfers end "
            "what can be watched, and count as neither."
        )
    )
    if contacts.relations.unsaid:
        notes.append(
            msg(
                "Of {ended:count} ended relations nobody says who ended them; they count as "
                "removed by the customer.",
                ended=contacts.relations.unsaid,
            )
        )
    notes.append(
        msg(
            "Which code, way or staff a person came by was not drawn by lot, so a difference need "
            "not be their doing. A person with two staff counts in each relation."
        )
    )
    if rules.churn_reference_window_days is None:
        notes.append(
            msg(
                "Article 002 calls {normal:percent} normal and {alarm:percent} the mark of "
                "malicious marketing without naming a window; without one (a setting) the lines "
                "are not applied.",
                normal=rules.churn_normal_share,
                alarm=rules.churn_alarm_share,
            )
        )
    notes.append(msg("Muting leaves no trace in any export and is not part of these numbers."))
    return tuple(notes)
