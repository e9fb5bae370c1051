"""Did anything get worse? Opt-outs, complaints and removals against the margin of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, rate, used_settings
from privdom_kit.copy_tests.harm_states import (
    BREACHED,
    NO_COLUMN,
    NOT_MEASURED,
    OPEN,
    PASSED,
    TOO_FEW,
    HarmRow,
    arm_state,
    harm_rows,
    required_harms,
)
from privdom_kit.copy_tests.measure_checks import NO_DELIVERIES
from privdom_kit.copy_tests.soundness import combine_verdicts, downgrade, failed_notes
from privdom_kit.copy_tests.start import LARGEST, OBSERVED
from privdom_kit.estimates import adjust_p_values
from privdom_kit.labels import label
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

_RULES = (
    *("confidence_level", "power", "guardrail_margin", "least_people", "least_events"),
    *("window_days", "kept_days"),
)
_RATE, _THEIRS, _RISE = bounded("event_rate"), bounded("reference_rate"), bounded("rise")
_COMPUTED = (*_RISE, "p_value", "rise_p_value_adjusted", "people_needed")
QUESTION = Question(
    "guardrails",
    ("S210",),
    {
        "test": "quote: name of the test",
        "arm": "quote: name of the arm",
        "harm": "text: what nobody wants",
        "state": "text: outcome of the guard-rail",
        "reason": "text: why there is no comparison",
        "planned": "text: whether the plan names the guard-rail",
        "basis": "text: what the arm is held against",
        "reference": "quote: name of the arm that it is held against",
        "margin": "percent: rise that is put up with, share of people sent to",
        "people": "count: people of the arm sent to whose window is over",
        "events": "count: people of the arm with the event",
        "event_rate": "percent: share of people sent to",
        "reference_people": "count: people of the reference whose window is over",
        "reference_events": "count: people of the reference with the event",
        "reference_rate": "percent: share that the arm is held against",
        "rise": "percent: share of the arm less that of the reference",
        "p_value": "p_value: one-sided, of a rise at or above the margin",
        "rise_p_value_adjusted": "p_value: one-sided, of no rise, corrected (Holm)",
        "people_needed": "count: people of the arm with whom it would pass if nothing rises",
        "tests": "count: tests",
        "breached": "count: guard-rails of arms that are breached",
        "open": "count: guard-rails of arms that are open",
        "passed": "count: guard-rails of arms that passed",
        "not_measured": "count: guard-rails of arms that are not measured",
        "required": "text: whether the guard-rail has to pass",
        "decides": "text: whether a breach is of a sound test and stands over all tests",
    },
)


def measure_guardrails(base: CopyBase, settings: Settings) -> Result:
    """Opt-outs, complaints and removals per person sent to, each arm against its reference.

    Non-inferiority at the margin of the plan (else of the setting), as
    :mod:`privdom_kit.copy_tests.harm_states` defines passed, breached, open and not measured. No
    event at all is an upper bound, and passes only where that bound is below the margin.

    Returns:
        ``table``: a row a test, arm and guard-rail. Verdict act: an arm of a sound test with a plan
        or an arm held back breaches, also after correction over all tests; clear: every guard-rail
        that has to pass did, in every arm; watch: one is open, or not measured beside others that
        are.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if base.units is None:
        return QUESTION.unanswered(
            base.base.as_of,
            Verdict.NOT_MEASURED,
            NO_DELIVERIES,
            used,
            coverage=base.base.coverage("deliveries"),
        )
    rows = {test: harm_rows(base, test) for test in base.tests()}
    if not any(rows.values()):
        return QUESTION.unanswered(
            base.base.as_of,
            Verdict.NOT_MEASURED,
            msg("Nothing was sent that could be held against its margin."),
            used,
            coverage=base.units.coverage,
        )
    return _answer(base, settings, rows, used)


def guardrail_states(base: CopyBase, test: str) -> dict[str, str]:
    """The state of each compared arm over its guard-rails: passed, breached, open, not_measured.

    A breach of any guard-rail counts; to pass, those that the plan names have to pass (all, where
    it names none). The reference has no state.
    """
    rows, required = harm_rows(base, test), required_harms(base, test)
    arms = dict.fromkeys(row.arm for row in rows)
    return {arm: arm_state([row for row in rows if row.arm == arm], required) for arm in arms}


def _answer(
    base: CopyBase, settings: Settings, rows: dict[str, list[HarmRow]], used: dict[str, Any]
) -> Result:
    import pandas as pd

    least = settings.privacy.min_cell
    stands = _breach_stands(base, rows)
    judged = {test: _judge(base, test, found, stands) for test, found in rows.items() if found}
    table = _table(base, rows, settings.copy_tests.confidence_level)
    keys = zip(table["test"], table["arm"], table["harm"], strict=True)
    decides = [key in stands and judged[key[0]] is Verdict.ACT for key in keys]
    table["decides"] = pd.Series(["true" if one else "false" for one in decides], dtype=object)
    table["decides"] = table["decides"].where(table["state"] == BREACHED, None)
    shown, cells = suppress(table, "events", [*_RATE, *_COMPUTED], least, groups=())
    # The reference of several rows is one cell; hidden in one it is hidden in all.
    shown, more = suppress(shown, "reference_events", [*_THEIRS, *_COMPUTED], least, groups=())
    states = [row.state for found in rows.values() for row in found]
    figures = {
        "tests": len(rows),
        **{state: states.count(state) for state in (BREACHED, OPEN, PASSED, NOT_MEASURED)},
    }
    return QUESTION.answer(
        base.base.as_of,
        combine_verdicts(list(judged.values())),
        shown,
        used,
        coverage=base.units.coverage,  # type: ignore[union-attr]
        figures=figures,
        notes=(
            *failed_notes(base),
            *_notes(base, settings, rows),
            *suppression_note(cells + more, least),
        ),
    )


def _breach_stands(base: CopyBase, rows: dict[str, list[HarmRow]]) -> set[tuple[str, str, str]]:
    """Breaches that stand after correction over all tests: a client may have many of them."""
    every = [row for found in rows.values() for row in found]
    adjusted = adjust_p_values([row.rise_p_value for row in every])
    alpha = (1 - base.settings.copy_tests.confidence_level) / 2
    return {
        (row.test, row.arm, row.harm)
        for row, p in zip(every, adjusted, strict=True)
        if row.state == BREACHED and p is not None and p < alpha
    }


def _judge(
    base: CopyBase, test: str, rows: list[HarmRow], stands: set[tuple[str, str, str]]
) -> Verdict:
    breached = [row for row in rows if row.state == BREACHED]
    required = required_harms(base, test)
    needed = [row for row in rows if row.harm in required]
    states = {row.state for row in needed}
    if any((row.test, row.arm, row.harm) in stands for row in breached):
        verdict = Verdict.ACT
    elif breached:
        verdict = Verdict.WATCH
    elif states == {PASSED}:
        verdict = Verdict.CLEAR
    elif states == {NOT_MEASURED}:
        return Verdict.NOT_MEASURED
    elif all(row.reason == TOO_FEW for row in needed if row.state != NOT_MEASURED):
        return Verdict.NOT_ENOUGH_DATA
    else:
        verdict = Verdict.WATCH
    if base.evidence(test) == OBSERVED and verdict is not Verdict.WATCH:
        # Nothing says that chance chose who got what.
        return Verdict.WATCH
    return downgrade(base, test, verdict)


def _table(base: CopyBase, rows: dict[str, list[HarmRow]], level: float) -> pd.DataFrame:
    import pandas as pd

    made = [
        _row(row, row.harm in required_harms(base, test), level)
        for test, found in rows.items()
        for row in found
    ]
    table = pd.DataFrame(made)
    counts = ("people", "events", "reference_people", "reference_events", "people_needed")
    shares = (*_RATE, *_THEIRS, *_RISE, "p_value", "rise_p_value_adjusted", "margin")
    return table.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(shares, "float64"))


def _row(row: HarmRow, required: bool, level: float) -> dict[str, Any]:
    theirs = (
        rate(row.reference_x, row.reference_n, _THEIRS[0], level)
        if row.reference_n
        else dict.fromkeys(_THEIRS) | {_THEIRS[0]: row.reference_rate if row.basis else None}
    )
    return {
        "test": row.test,
        "arm": row.arm,
        "harm": row.harm,
        "state": row.state,
        "reason": row.reason or None,
        "planned": "true" if row.planned else "false",
        "required": "true" if required else "false",
        "margin": row.margin,
        "people": row.n if row.is_counted else None,
        "events": row.x if row.is_counted else None,
        **rate(row.x, row.n, _RATE[0], level),
        "basis": row.basis or None,
        "reference": row.reference,
        "reference_people": row.reference_n if row.reference else None,
        "reference_events": row.reference_x if row.reference else None,
        **theirs,
        **interval_figures(_RISE[0], row.rise),
        "p_value": row.p_value,
        "rise_p_value_adjusted": row.rise_p_value_adjusted,
        "people_needed": row.people_needed,
    }


def _notes(
    base: CopyBase, settings: Settings, rows: dict[str, list[HarmRow]]
) -> tuple[Message, ...]:
    rules, every = settings.copy_tests, [row for found in rows.values() for row in found]
    notes = [
        msg(
            "Passed: the upper bound of the rise is below the margin (one-sided {alpha:percent}). "
            "All have to pass, so none is corrected. Breached: the estimate is above the margin "
            "and the rise is sure after correction over the arms and guard-rails of the test; the "
            "verdict asks that it stays so over all tests.",
            alpha=(1 - rules.confidence_level) / 2,
        )
    ]
    if any(not row.planned and row.state != NOT_MEASURED for row in every):
        notes.append(
            msg(
                "Where the plan names no margin, a rise of {margin:percent} of people sent to is "
                "put up with (a setting).",
                margin=rules.guardrail_margin,
            )
        )
    if unknown := tuple(dict.fromkeys(row.harm for row in every if row.reason == NO_COLUMN)):
        notes.append(
            msg(
                "Not measured, and so not passed: {harms:list}. The deliveries do not tell.",
                harms=tuple(label(name) for name in unknown),
            )
        )
    notes += [_silence(test, row) for test, found in rows.items() for row in _silent(found)]
    if any(row.basis == LARGEST for row in every):
        notes.append(
            msg(
                "Where neither plan nor people held back say what is compared, arms stand beside "
                "the largest one. Nothing says that chance decided who got what."
            )
        )
    return tuple(notes)


def _silent(rows: list[HarmRow]) -> list[HarmRow]:
    """A row for each event that nobody of the test had."""
    found = dict[str, list[HarmRow]]()
    for row in rows:
        if row.rise is not None:
            found.setdefault(row.harm, []).append(row)
    return [same[0] for same in found.values() if not any(r.x or r.reference_x for r in same)]


def _silence(test: str, row: HarmRow) -> Message:
    return msg(
        "{test:quote}: nobody is recorded with this: {harm}. Have it confirmed that it is recorded "
        "at all; otherwise the upper bound means nothing.",
        test=test,
        harm=label(row.harm),
    )
