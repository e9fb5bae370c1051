"""What would peeking have claimed? Planned looks with their bounds, and daily readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from privdom_kit.answers import Question, bounded, interval_figures, used_settings
from privdom_kit.copy_tests.claims import ANY_TIME, Claim, any_time_interval, test_claims
from privdom_kit.copy_tests.comparing import DIFFERENCE
from privdom_kit.copy_tests.daily_counts import DailyCounts, daily_counts
from privdom_kit.copy_tests.outcome_units import UNITS
from privdom_kit.copy_tests.over_tests import leading_test, over_tests
from privdom_kit.copy_tests.planned_looks import Look, planned_looks
from privdom_kit.copy_tests.primary import planned_people
from privdom_kit.copy_tests.readout_notes import (
    no_answer,
    observed_notes,
    outcome_notes,
    seen,
    several_tests_notes,
    too_early,
    unrecorded_notes,
)
from privdom_kit.copy_tests.soundness import downgrade, failed_checks, failed_notes
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.estimates import naive_false_positive, normal_critical
from privdom_kit.estimates.relative_lifts import score_test
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("sequence", ("S211",), UNITS)
_RULES = ("confidence_level", "correction", "least_people", "least_events", "tuning_people")
_NAMES = ("test", "reference", "arm")
CROSSED, INSIDE, TO_COME, UNREAD = "crossed", "inside", "to_come", "too_few"
LOOK_COLUMNS = (
    *(*_NAMES, "outcome", "basis", "look", "planned_share", "sent_to", "people", "information"),
    *("z", "bound", "error_spent", *bounded(DIFFERENCE), "state"),
)
DAY_COLUMNS = (*_NAMES, "sent_to", "people", "z", "p_value", *bounded(DIFFERENCE), "naive_claim")
PEEK_COLUMNS = (
    *(*_NAMES, "readings", "naive_claims", "first_claim_on", "naive_risk"),
    *("last_naive_claim", "any_time_claim"),
)
# Readings that lie closer than this share of all people are one for the risk of peeking.
_SMALLEST_STEP = 2e-4


def measure_sequence(base: CopyBase, settings: Settings) -> Result:
    """The planned looks at each test, and what somebody would have claimed who looked every day.

    Planned looks: Lan-DeMets bounds at the people actually there, on the deciding outcome of each
    arm against its reference. Where no number of people and no last day was planned, nothing says
    when to look: then the verdict rests on an interval that holds whenever one looks. Daily
    readings are by day of sending, of people whose window is over: the z of each, the naive claim
    at the plain level, and the always-valid interval (Waudby-Smith et al. 2024) beside it.

    Returns:
        ``table``: a row a test, arm and planned look. ``tables["readings"]``: a row a test, arm
        and day of sending. ``tables["peeking"]``: what daily peeking would have claimed.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if (unanswered := no_answer(base, QUESTION, used)) is not None:
        return unanswered
    claims = {test: test_claims(base, test) for test in base.tests()}
    verdicts = {test: _verdict(base, test, found) for test, found in claims.items()}
    table, readings, peeking, hidden = _tables(base, claims, settings.privacy.min_cell)
    if table.empty:
        return too_early(base, QUESTION, used)
    leading = leading_test(verdicts, [t for t in base.tests() if claims[t]])
    return QUESTION.answer(
        base.base.as_of,
        over_tests(base, claim_values(claims), verdicts),
        table,
        used,
        coverage=seen(base),
        figures=_figures(base, leading, table, peeking),
        tables={"readings": readings, "peeking": peeking},
        notes=(
            *_notes(base, verdicts),
            *failed_notes(base),
            *suppression_note(hidden, settings.privacy.min_cell),
        ),
    )


def claim_values(claims: Mapping[str, list[Claim]]) -> pd.DataFrame:
    """Corrected p-values by test, as :func:`over_tests` takes them."""
    import pandas as pd

    rows = [(test, claim.p_value) for test, found in claims.items() for claim in found]
    return pd.DataFrame(rows, columns=["test", "p_value_adjusted"]).astype(
        {"p_value_adjusted": "float64"}
    )


def _verdict(base: CopyBase, test: str, claims: list[Claim]) -> Verdict:
    known = [claim for claim in claims if claim.difference is not None]
    if not known:
        return Verdict.WATCH if claims and not claims[0].done else Verdict.NOT_ENOUGH_DATA
    if base.evidence(test) == OBSERVED:
        return Verdict.WATCH
    if any(claim.side for claim in known):
        return downgrade(base, test, Verdict.ACT)
    all_done = len(known) == len(claims) and all(claim.done for claim in claims)
    return downgrade(base, test, Verdict.CLEAR) if all_done else Verdict.WATCH


def _tables(
    base: CopyBase, claims: Mapping[str, list[Claim]], least: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, int]:
    import pandas as pd

    looks: list[dict[str, Any]] = []
    readings: list[dict[str, Any]] = []
    peeking: list[dict[str, Any]] = []
    hidden = 0
    for test, found in claims.items():
        days = daily_counts(base, test)
        if days is None:
            continue
        by_look = _test_looks(base, days, found)
        wanted = tuple(sorted({place for _, place in by_look if place is not None}))
        shown = days.shown_days(wanted, least)
        for row, place in by_look:
            safe = place is None or place in shown
            hidden += not safe
            looks.append(row if safe else row | dict.fromkeys(("z", *bounded(DIFFERENCE))))
        for arm in days.arms:
            daily = _readings(base, days, arm)
            readings += [daily[place] for place in shown]
            peeking.append(_peeking(base, days, arm, daily))
    table = pd.DataFrame(looks, columns=list(LOOK_COLUMNS))
    daily_table = pd.DataFrame(readings, columns=list(DAY_COLUMNS))
    numbers = ("z", *bounded(DIFFERENCE))
    return (
        table.astype(
            dict.fromkeys((*numbers, "information", "bound", "error_spent"), "float64")
            | dict.fromkeys(("sent_to", "people"), "Int64")
        ),
        daily_table.astype(dict.fromkeys((*numbers, "p_value"), "float64")),
        pd.DataFrame(peeking, columns=list(PEEK_COLUMNS)).astype({"first_claim_on": "Int64"}),
        hidden,
    )


def _test_looks(
    base: CopyBase, days: DailyCounts, claims: list[Claim]
) -> list[tuple[dict[str, Any], int | None]]:
    """The rows of a test, and the place of the day of each; one a planned look."""
    found = planned_looks(base, days)
    last = len(days.days) - 1
    rows = []
    for place, claim in enumerate(claims):
        names = {
            "test": days.test,
            "reference": days.reference[0],
            "arm": claim.arm,
            "outcome": days.outcome,
            "basis": claim.basis,
        }
        looks = (_unplanned(claim, last),) if found is None else found[place].looks
        for number, look in enumerate(looks, 1):
            row = names | {"look": number} | _look_row(days, claim, look)
            rows.append((row, look.place))
    return rows


def _unplanned(claim: Claim, last: int) -> Look:
    """The reading at the end of a test of which no look was planned."""
    x, n, reference_x, reference_n = claim.counts.sides
    known = claim.difference is not None
    z = score_test(x, n, reference_x, reference_n).statistic if known else None
    return Look(1.0, last, None, z, None, None, claim.difference)


def _look_row(days: DailyCounts, claim: Claim, look: Look) -> dict[str, Any]:
    made = look.place is not None
    pair = days.pair(claim.arm, look.place) if look.place is not None else None
    state = TO_COME if not made else UNREAD if look.statistic is None else INSIDE
    if look.crossed or (claim.basis == ANY_TIME and claim.side):
        state = CROSSED
    return {
        "planned_share": None if claim.basis == ANY_TIME else look.share,
        "sent_to": days.days[look.place] if look.place is not None else None,
        "people": pair.n + pair.reference_n if pair else None,
        "information": look.information,
        "z": look.statistic,
        "bound": look.bound,
        "error_spent": look.spent,
        **interval_figures(DIFFERENCE, look.interval),
        "state": state,
    }


def _readings(base: CopyBase, days: DailyCounts, arm: str) -> list[dict[str, Any]]:
    """What each day would have shown, the always-valid interval beside the naive test."""
    alpha = 1 - base.settings.copy_tests.confidence_level
    rows = []
    for place, day in enumerate(days.days):
        pair = days.pair(arm, place)
        row: dict[str, Any] = {"test": days.test, "reference": days.reference[0], "arm": arm}
        row |= {"sent_to": day, "people": pair.n + pair.reference_n, "naive_claim": "false"}
        if min(pair.n, pair.reference_n) > 1:
            test = score_test(*pair.sides)
            found = any_time_interval(base, pair, len(days.arms))
            claimed = "true" if test.p_value < alpha else "false"
            row |= {"z": test.statistic, "p_value": test.p_value, "naive_claim": claimed}
            if np.isfinite(found.lower):
                row |= interval_figures(DIFFERENCE, found)
        rows.append(row)
    return rows


def _peeking(
    base: CopyBase, days: DailyCounts, arm: str, daily: list[dict[str, Any]]
) -> dict[str, Any]:
    claimed = [row for row in daily if row["naive_claim"] == "true"]
    lower, upper = (daily[-1].get(name) for name in bounded(DIFFERENCE)[1:])
    holds = lower is not None and upper is not None and (lower > 0 or upper < 0)
    return {
        "test": days.test,
        "reference": days.reference[0],
        "arm": arm,
        "readings": len(daily),
        "naive_claims": len(claimed),
        "first_claim_on": claimed[0]["sent_to"] if claimed else None,
        "naive_risk": _naive_risk(base, [row["people"] for row in daily]),
        "last_naive_claim": daily[-1]["naive_claim"],
        "any_time_claim": "true" if holds else "false",
    }


def _naive_risk(base: CopyBase, people: list[int]) -> float:
    """Chance that daily readings at the plain level claim something where there is nothing."""
    whole, kept = people[-1], [float(people[-1])]
    for amount in reversed(people[:-1]):
        if amount > 0 and kept[-1] - amount > _SMALLEST_STEP * whole:
            kept.append(float(amount))
    critical = normal_critical(base.settings.copy_tests.confidence_level)
    return naive_false_positive(kept[::-1], critical)


def _figures(
    base: CopyBase, test: str, table: pd.DataFrame, peeking: pd.DataFrame
) -> dict[str, Any]:
    """The leading test: its looks, the arm farthest from 0, and what peeking would have done."""
    rows = table[table["test"] == test]
    order = rows.assign(crossed=rows["state"].ne(CROSSED), size=-rows["z"].abs())
    order = order[order["sent_to"].notna()].sort_values(["crossed", "look", "size"])
    first = (order if len(order) else rows).iloc[0]
    if first["state"] != CROSSED and len(order):
        latest = order[order["look"] == order["look"].max()]
        first = latest.sort_values("size").iloc[0]
    peeks = peeking[peeking["test"] == test]
    planned = planned_people(base, test)
    return {
        **{name: first[name] for name in LOOK_COLUMNS},
        "evidence": base.evidence(test),
        "sound": "false" if failed_checks(base, test) else "true",
        "tests": len(base.tests()),
        "looks_planned": 0 if first["basis"] == ANY_TIME else int(rows["look"].max()),
        "looks_made": int((rows["state"] != TO_COME).groupby(rows["arm"]).sum().max()),
        "planned_source": None if planned is None else planned.source,
        "arms_compared": rows["arm"].nunique(),
        "readings": int(peeks["readings"].max()),
        "naive_claims": int(peeks["naive_claims"].sum()),
        "naive_arms": int((peeks["naive_claims"] > 0).sum()),
        "first_claim_on": peeks["first_claim_on"].min() if len(peeks) else None,
        "naive_risk": float(peeks["naive_risk"].max()),
    }


def _notes(base: CopyBase, verdicts: Mapping[str, Verdict]) -> tuple[Message, ...]:
    return (
        msg(
            "Daily readings are by day of sending, of people whose window is over by now: what "
            "somebody would have seen who looked when each window was over. The risk of peeking "
            "is that of one version without any effect."
        ),
        *outcome_notes(base),
        *observed_notes(base),
        *unrecorded_notes(base),
        *several_tests_notes(verdicts),
    )
