"""Purchase links against removals: dose, response, and what a link earns against what it loses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.answers import (
    Question,
    interval_figures,
    judge_change,
    used_settings,
)
from privdom_kit.estimates import Interval
from privdom_kit.messages import Message, msg
from privdom_kit.relations.dose_models import (
    CURVE,
    LINKS,
    Response,
    baseline_rate,
    prepare,
    removal_response,
    removals_from_links,
)
from privdom_kit.relations.person_weeks import ContactTime, measure_contact_time
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.contact_load import judge_benign, measure_load
from privdom_kit.touchpoints.dose_balance import Balance, most_seen, scaled, weigh_links
from privdom_kit.touchpoints.dose_changes import add_weekly_rate, compare_periods, read_holdout

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings, TouchpointsSettings

_RULES = (
    *("push_lookback_days", "push_tenure_days", "push_active_days", "push_active_actions"),
    *(
        "push_entry_channels",
        "push_most_links",
        "push_min_removals",
        "push_min_weeks",
        "push_min_contact_weeks",
    ),
    *("push_tolerance", "push_change_on", "push_change_ratio"),
    *("push_holdout_days", "contact_cap", "benign_spread", "benign_types", "benign_type_share"),
    "confidence_level",
)
_PER_THOUSAND = 1000
UNITS = {
    "links": "count: purchase links in the last 7 days; the last row holds that many or more",
    "contact_weeks": "number: weeks that contacts stood under that many links",
    "removals": "count: people who removed the staff and have no relation left",
    "removal_rate": "percent: removals per contact-week",
    "fitted_rate": "percent: removals per contact-week by the model, in the mix of all contacts",
    "links_sent": "count: purchase links received by standing contacts",
    "margin_per_contact_week": "money: margin per contact-week under that many links",
    "link_earns_next": "money: margin that the last of these links adds, a week",
    "link_loses_next": "money: value of contacts that the last of these links loses, a week",
    "contacts": "count: people who stood as contacts in the window",
    "weeks": "count: calendar weeks in which contacts were watched",
    "links_per_contact_week": "number: links per contact-week",
    "most_links_seen": "count: largest number of links a week that was seen often enough",
    "rate_ratio_per_link": "number: factor on the removal rate of one further link a week",
    "risk_difference_per_link": "points: removals per contact-week that one further link a week "
    "adds",
    "rise_per_link": "percent: rise of the removal rate with one further link a week",
    "added_per_1000_contact_weeks": "number: removals in 1,000 contact-weeks that one further link "
    "a week adds",
    "removals_per_1000_links": "number: removals that 1,000 links bring, by the model",
    "removals_from_links": "number: removals beyond those expected without any link, by the model",
    "curvature": "number: squared term of links on the log of the removal rate",
    "removal_shape": "text: straight or curve, on the log scale",
    "contact_value": "money: value of a kept contact",
    "contact_value_basis": "text: stated in client.yml, or a year's margin out of orders",
    "link_earns": "money: margin that a link adds in its week, on average",
    "link_loses": "money: removals that a link brings x value of a contact, on average",
    "break_even_links": "number: links a week after which the next one loses money",
    "break_even_open": "count: 1 where no limit within the links seen can be ruled out",
    "beyond_break_even_share": "percent: share of contact-weeks beyond that number",
    "earned_beyond_a_year": "money: margin a year that goes with links beyond that number",
    "removals_beyond_a_year": "number: removals a year by links beyond that number",
    "money_at_stake": "money: per year",
    "change_on": "date: first day on which pushing was stronger",
    "change_stated": "count: 1 where the day is stated, 0 where it was found",
    "after_ratio": "number: removal rate after the change against before, other things equal",
    "after_change": "percent: change of the removal rate after against before, other things equal",
    "period": "text: before or after the change",
    "holdout_difference": "points: share removed among those sent to, less those held out",
    "holdout_treated": "count: people sent to",
    "holdout_held": "count: people held out",
    "holdout_test": "text: id of the test",
    "test": "text: test",
    "arm": "text: sent to or held out",
    "people": "count: people",
    "removed_share": "percent: share of people who removed the staff in the days after",
    "reached_people": "count: people who got a message",
    "people_over_cap": "count: people with more messages than the cap in some 7 days",
    "people_over_cap_share": "percent: share of people reached",
    "people_weeks": "count: people x calendar weeks with a message",
    "people_weeks_over_cap": "count: people x calendar weeks above the cap",
    "people_weeks_over_cap_share": "percent: share of people-weeks with a message",
    "messages_per_people_week": "number: messages per person and week with a message",
    "messages": "number: messages in a calendar week; the last row holds that many or more",
    "people_weeks_share": "percent: share of people-weeks with a message",
    "benign_met": "count: tests of benign marketing that are met",
    "benign_known": "count: tests of benign marketing that could be made",
    "value": "number: what was found",
    "line": "number: what is asked for",
    "met": "count: 1 where it is met",
}
QUESTION = Question("push_pressure", ("S040", "S097", "S138"), UNITS)


def measure_push_pressure(base: Base, settings: Settings) -> Result:
    """How many contacts purchase links cost, and from which number on the next loses money.

    Dose and response on contacts' time at risk (:mod:`privdom_kit.relations.person_weeks`):
    links of the last 7 days against removals by the customer at that moment, at equal tenure,
    entry channel, earlier activity, weekday and month, by Poisson regression with a jackknife
    over calendar weeks. It is observational: active people get more messages and stay longer,
    and what is not measured is not held equal. Where the data hold a step in pushing or a
    held-out arm, their answers stand beside it.

    ``act``: each further link raises removals for sure (the interval excludes a factor of 1) and
    by more than ``push_tolerance``; ``clear``: a rise above the tolerance is ruled out.

    Returns:
        ``table``: links a week, contact_weeks, removals, removal_rate (Wilson), fitted_rate, and
        where economics allow what the last of these links earns and loses. ``tables``:
        ``pressure`` (messages a week), ``benign``, ``periods``, ``holdout``.
    """
    used = used_settings(
        settings,
        *(f"touchpoints.{name}" for name in _RULES),
        *("copy_tests.control_arms", "privacy.min_cell"),
    )
    rules = settings.touchpoints
    load = _load(base, rules, settings.privacy.min_cell)
    reason, time = _contact_time(base, rules)
    if reason is not None or time is None:
        verdict = Verdict.NOT_MEASURED if time is None else Verdict.NOT_ENOUGH_DATA
        return _unanswered(base, verdict, reason, used, *load)
    cells = prepare(time.cells)
    response = removal_response(cells, rules.confidence_level)
    if response is None:
        reason = msg(
            "At equal weekday, month, tenure and entry channel everybody got the same links, so "
            "their effect on removals cannot be told."
        )
        return _unanswered(base, Verdict.NOT_ENOUGH_DATA, reason, used, *load)
    return _answer(base, settings, used, load, cells, time, response)


def _load(
    base: Base, rules: TouchpointsSettings, least: int
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Contact pressure and the tests of benign marketing: known without relations."""
    figures, pressure = measure_load(base, rules)
    met, benign = judge_benign(base, rules, figures["messages_per_people_week"])
    for count in ("people_over_cap", "people_weeks_over_cap"):
        if figures[count] is not None and 0 < figures[count] < least:
            hidden = [name for name in figures if name.startswith(count)]
            figures |= dict.fromkeys(hidden)
    if pressure is not None:
        pressure, _ = suppress(pressure, "people_weeks", ["people_weeks_share"], least)
    found = {"pressure": pressure, "benign": benign}
    return figures | met, {name: t for name, t in found.items() if t is not None}


def _contact_time(
    base: Base, rules: TouchpointsSettings
) -> tuple[Message | None, ContactTime | None]:
    """Why nothing can be known, and the time at risk."""
    if not base.has("contacts", "removed_at"):
        return msg("No contacts table with removed_at was given."), None
    if not base.has("touches", "has_purchase_link"):
        return msg("The touches do not say which messages carried a purchase link."), None
    time = measure_contact_time(base, rules)
    if time is None:
        return msg("The touches span less than the week that a link needs."), None
    return _too_little(time.cells, rules), time


def _too_little(cells: pd.DataFrame, rules: TouchpointsSettings) -> Message | None:
    removals = int(cells["removed"].sum())
    weeks = int((cells.groupby("week")["removed"].sum() > 0).sum())
    if removals >= rules.push_min_removals and weeks >= rules.push_min_weeks:
        return None
    return msg(
        "{removals:count} removals in {weeks:count} weeks: below {least_removals:count} "
        "removals or {least_weeks:count} weeks nothing is said about links and removals.",
        removals=removals,
        weeks=weeks,
        least_removals=rules.push_min_removals,
        least_weeks=rules.push_min_weeks,
    )


def _answer(
    base: Base,
    settings: Settings,
    used: dict[str, Any],
    load: tuple[dict[str, Any], dict[str, pd.DataFrame]],
    cells: pd.DataFrame,
    time: ContactTime,
    response: Response,
) -> Result:
    rules, least = settings.touchpoints, settings.privacy.min_cell
    slope = _slope(response, rules.confidence_level)
    balance = weigh_links(base, cells, response, rules)
    changed, periods = compare_periods(cells, rules)
    if periods is not None:
        rates = ["removal_rate", "removal_rate_ci_lower", "removal_rate_ci_upper"]
        periods, _ = suppress(periods, "removals", rates, least)
    held, holdout = read_holdout(base, settings)
    figures = {
        **load[0],
        **_counts(cells, time, rules),
        **_effects(cells, response, slope, rules.confidence_level),
        **balance.figures,
        **changed,
        **held,
    }
    if slope.lower <= 0:
        figures["money_at_stake"] = None  # it is not certain that links cost any contact
    extra = {"periods": periods, "holdout": holdout}
    tables = load[1] | {name: t for name, t in extra.items() if t is not None}
    table = _dose_table(base, cells, response, balance, rules)
    hide = ["removal_rate", "removal_rate_ci_lower", "removal_rate_ci_upper"]
    shown, hidden = suppress(table, "removals", hide, least)
    return QUESTION.answer(
        base.as_of,
        _verdict(figures, slope, rules),
        shown,
        used,
        coverage=base.coverage("contacts", "touches"),
        figures=figures,
        tables=tables,
        notes=(*_notes(base, balance, rules), *suppression_note(hidden, least)),
    )


def _slope(response: Response, level: float) -> Interval:
    """The factor of one further link, less 1."""
    log = response.straight.coefficient(LINKS, level)
    return Interval(*(math.expm1(end) for end in (log.estimate, log.lower, log.upper)))


def _verdict(figures: dict[str, Any], slope: Interval, rules: TouchpointsSettings) -> Verdict:
    verdict = judge_change(slope, rules.push_tolerance, "up")
    # Links cost contacts, and yet the data show no number within those sent that loses money.
    pays = figures["break_even_open"] == 0 and figures["beyond_break_even_share"] == 0
    return Verdict.WATCH if verdict is Verdict.ACT and pays else verdict


def _counts(cells: pd.DataFrame, time: ContactTime, rules: TouchpointsSettings) -> dict[str, Any]:
    weeks = float(cells["contact_weeks"].sum())
    return {
        "contacts": time.contacts,
        "contact_weeks": weeks,
        "weeks": int(cells["week"].nunique()),
        "removals": int(cells["removed"].sum()),
        "links_sent": int(cells["links_sent"].sum()),
        "links_per_contact_week": float(cells["links_sent"].sum()) / weeks,
        "most_links_seen": most_seen(cells, rules),
    }


def _effects(
    cells: pd.DataFrame, response: Response, slope: Interval, level: float
) -> dict[str, Any]:
    ratio = Interval(slope.estimate + 1, slope.lower + 1, slope.upper + 1)
    rate = float(cells["removed"].sum()) / float(cells["contact_weeks"].sum())
    added = scaled(slope, rate)
    brought = response.interval(lambda c: removals_from_links(cells, response, c), level)
    scale = _PER_THOUSAND / max(float(cells["links_sent"].sum()), 1.0)
    per_link = scaled(brought, scale)
    curve = response.model.coefficient(CURVE, level) if response.curved else None
    return {
        **interval_figures("rate_ratio_per_link", ratio),
        **interval_figures("rise_per_link", slope),
        **interval_figures("risk_difference_per_link", added),
        **interval_figures("added_per_1000_contact_weeks", scaled(added, _PER_THOUSAND)),
        **interval_figures("removals_from_links", brought),
        **interval_figures("removals_per_1000_links", per_link),
        **interval_figures("curvature", curve),
        "removal_shape": "curve" if response.curved else "straight",
    }


def _dose_table(
    base: Base,
    cells: pd.DataFrame,
    response: Response,
    balance: Balance,
    rules: TouchpointsSettings,
) -> pd.DataFrame:
    """Rows for the numbers of links that were seen often enough."""
    level = rules.confidence_level
    sums = ["contact_weeks", "links_sent", "removed", "cents"]
    table = cells.groupby("links")[[*sums, "link_weeks"]].sum().reset_index()
    table = table[table["links"] <= most_seen(cells, rules)].reset_index(drop=True)
    mean_links = (table["link_weeks"] / table["contact_weeks"]).to_numpy()
    table = table.astype({"links": "int64", "links_sent": "int64"})
    table = add_weekly_rate(table.rename(columns={"removed": "removals"}), level)
    table = table.join(_fitted(cells, response, mean_links, level))
    if base.economics.gross_margin is not None and base.purchases is not None:
        table["margin_per_contact_week"] = (
            table["cents"] / 100 * base.economics.gross_margin / table["contact_weeks"]
        )
    table = table.drop(columns=["cents", "link_weeks"])
    if balance.table is not None:
        table = table.merge(balance.table, on="links", how="left")
    return table


def _fitted(cells: pd.DataFrame, response: Response, links: Any, level: float) -> pd.DataFrame:
    """The model's rate at each number of links, in the mix of all contacts and weeks."""
    import pandas as pd

    def rate_at(number: float) -> Callable[[NDArray], NDArray]:
        at = np.array([number])
        return lambda c: baseline_rate(cells, response, c) * np.exp(response.at(at, c)[:, 0])

    rows = [interval_figures("fitted_rate", response.interval(rate_at(n), level)) for n in links]
    return pd.DataFrame(rows)


def _notes(base: Base, balance: Balance, rules: TouchpointsSettings) -> tuple[Message, ...]:
    notes = [
        msg(
            "Observational: active people get more messages and stay longer, and only tenure, "
            "entry channel, earlier activity, weekday and month are held equal."
        ),
        msg(
            "A removal is set against the links of the 7 days before it, never against those that "
            "could not be sent any more; only removals by the customer count."
        ),
        msg(
            "The intervals of the slope rest on the differences between calendar weeks, since a "
            "broadcast reaches everybody in the same week; those of the rates by number of links "
            "do not."
        ),
        msg(
            "Numbers of links that were seen for fewer than {least:count} contact-weeks, at times "
            "at which anybody removes, have no row.",
            least=rules.push_min_contact_weeks,
        ),
        balance.note,
    ]
    if not base.has("contacts", "removed_by"):
        notes.append(
            msg("The contacts do not say who removed whom: every removal counts as the customer's.")
        )
    return tuple(notes)


def _unanswered(
    base: Base,
    verdict: Verdict,
    reason: Message | None,
    used: dict[str, Any],
    figures: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Result:
    import pandas as pd

    return QUESTION.answer(
        base.as_of,
        verdict,
        pd.DataFrame(),
        used,
        coverage=base.coverage("contacts", "touches", "deliveries"),
        figures=figures,
        tables=tables,
        notes=(reason,) if reason is not None else (),
    )
