"""What is decided? Ship, keep, stop or go on, with the loss to expect and the risk of a fluke."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import (
    Question,
    bounded,
    interval_figures,
    rate,
    used_settings,
)
from privdom_kit.copy_tests.choosing import (
    GO_ON,
    KEEP,
    NO_TEST,
    RUNNER_UP,
    SEEN_ONLY,
    SHIP,
    STOP,
    Choice,
    choose,
)
from privdom_kit.copy_tests.comparing import DIFFERENCE, count_outcome
from privdom_kit.copy_tests.measure_looks import claim_values
from privdom_kit.copy_tests.outcome_units import UNITS
from privdom_kit.copy_tests.over_tests import leading_test, over_tests
from privdom_kit.copy_tests.primary import planned_people, primary_outcome, references
from privdom_kit.copy_tests.readout_notes import (
    no_answer,
    observed_notes,
    outcome_notes,
    seen,
    several_tests_notes,
    too_early,
    unrecorded_notes,
)
from privdom_kit.copy_tests.soundness import downgrade, failed_notes
from privdom_kit.estimates import expected_loss, false_positive_risk
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question("decision", ("S211",), UNITS)
_RULES = (
    *("confidence_level", "power", "correction", "sample_size_formula", "least_people"),
    *("least_events", "prior_win", "loss_limit", "tuning_people", "short_share"),
)
_SIDES = (
    *("people", "with_outcome", *bounded("rate")),
    *("reference_people", "reference_with_outcome", *bounded("reference_rate")),
)
_COMPUTED = (
    *(*bounded(DIFFERENCE), "p_value_adjusted", "false_positive_risk"),
    *("loss_if_shipped", "loss_if_kept", *bounded("extra_profit")),
)
COLUMNS = (
    *("test", "evidence", "arm", "choice", "reason", "reference", "reference_kind", "outcome"),
    *("basis", *_SIDES, *_COMPUTED, "least_difference", "people_planned", "people_needed"),
    *("people_lacking", "guardrails"),
)
_ORDER = (SHIP, STOP, RUNNER_UP, GO_ON, KEEP, NO_TEST, SEEN_ONLY)


def measure_decision(base: CopyBase, settings: Settings) -> Result:
    """The choice for each arm, by the rule of :mod:`privdom_kit.copy_tests.choosing`.

    Claims rest on what was planned: the fixed test at the planned number of people, the planned
    looks, or, without any planned number, an interval that holds whenever one looks. With each
    stands the expected loss of shipping and of keeping (Stucchio 2015, no prior opinion on the
    difference), and the least risk that a finding is a fluke (Sellke, Bayarri and Berger 2001), at
    the setting's share of copy ideas that work.

    Returns:
        ``table``: a row a test and arm. Verdict act: something is to be shipped or stopped;
        clear: keeping is settled for all; watch: neither, or the test decides nothing.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if (unanswered := no_answer(base, QUESTION, used)) is not None:
        return unanswered
    choices = {test: choose(base, test) for test in base.tests()}
    verdicts = {test: _verdict(base, test, found) for test, found in choices.items()}
    table = _table(base, choices)
    if table.empty:
        return too_early(base, QUESTION, used)
    shown, hidden = _hide(base, choices, table, settings.privacy.min_cell)
    leading = leading_test(verdicts, [t for t in base.tests() if choices[t]])
    return QUESTION.answer(
        base.base.as_of,
        _over(base, choices, verdicts),
        shown,
        used,
        coverage=seen(base),
        figures=_figures(base, shown, leading),
        notes=(
            *_notes(settings.copy_tests.prior_win),
            *outcome_notes(base),
            *observed_notes(base),
            *unrecorded_notes(base),
            *several_tests_notes(verdicts),
            *failed_notes(base),
            *suppression_note(hidden, settings.privacy.min_cell),
        ),
    )


def _verdict(base: CopyBase, test: str, choices: list[Choice]) -> Verdict:
    made = {choice.choice for choice in choices}
    rules = base.settings.copy_tests
    enough = [c.claim.counts.enough(rules.least_people, rules.least_events) for c in choices]
    if not any(enough) and STOP not in made:
        return Verdict.NOT_ENOUGH_DATA
    if made & {SHIP, STOP}:
        return downgrade(base, test, Verdict.ACT)
    return downgrade(base, test, Verdict.CLEAR) if made == {KEEP} else Verdict.WATCH


def _over(
    base: CopyBase, choices: Mapping[str, list[Choice]], verdicts: Mapping[str, Verdict]
) -> Verdict:
    """The verdict over all tests; a breached guard-rail is a matter of its own test."""
    breached = any(
        choice.reason == "guardrail_breached" and verdicts[test] is Verdict.ACT
        for test, found in choices.items()
        for choice in found
    )
    if breached:
        return Verdict.ACT
    claims = {test: [choice.claim for choice in found] for test, found in choices.items()}
    return over_tests(base, claim_values(claims), verdicts)


def _table(base: CopyBase, choices: Mapping[str, list[Choice]]) -> pd.DataFrame:
    import pandas as pd

    rows = [_row(base, test, choice) for test, found in choices.items() for choice in found]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = (*bounded("rate"), *bounded("reference_rate"), *_COMPUTED, "least_difference")
    whole = ("people_planned", "people_needed", "people_lacking")
    return table.astype(dict.fromkeys(numbers, "float64") | dict.fromkeys(whole, "Int64"))


def _row(base: CopyBase, test: str, choice: Choice) -> dict[str, Any]:
    claim, level = choice.claim, base.settings.copy_tests.confidence_level
    x, n, reference_x, reference_n = claim.counts.sides
    primary, reference = primary_outcome(base, test), references(base, test)[0]
    planned = planned_people(base, test)
    people = None if planned is None else planned.arms.get(claim.arm)
    return {
        "test": test,
        "evidence": base.evidence(test),
        "arm": claim.arm,
        "choice": choice.choice,
        "reason": choice.reason,
        "reference": reference[0],
        "reference_kind": reference[1],
        "outcome": None if primary is None else primary.outcome,
        "basis": claim.basis,
        "people": n,
        "with_outcome": x,
        **rate(x, n, "rate", level),
        "reference_people": reference_n,
        "reference_with_outcome": reference_x,
        **rate(reference_x, reference_n, "reference_rate", level),
        **interval_figures(DIFFERENCE, claim.difference),
        "p_value_adjusted": claim.p_value,
        **_risks(base, choice),
        **interval_figures("extra_profit", choice.extra_profit),
        "least_difference": choice.least_difference,
        "people_planned": None if people is None else math.ceil(people),
        "people_needed": choice.people_needed,
        "people_lacking": _lacking(choice, people, n),
        "guardrails": choice.guardrails,
    }


def _lacking(choice: Choice, planned: float | None, people: int) -> int | None:
    """People of the arm still to be sent to, where that is what is lacking."""
    if choice.choice != GO_ON or choice.claim.side:
        return None
    wanted = [value for value in (planned, choice.people_needed) if value is not None]
    if choice.reason == "not_reached" and planned is not None:
        wanted = [planned]
    lack = math.ceil(max(wanted) - people) if wanted else None
    return None if lack is None or lack <= 0 else lack


def _risks(base: CopyBase, choice: Choice) -> dict[str, float | None]:
    """Expected losses, and the risk that the claim is a fluke where there is a claim."""
    claim = choice.claim
    losses: dict[str, float | None] = {"loss_if_shipped": None, "loss_if_kept": None}
    if choice.choice in (NO_TEST, SEEN_ONLY):
        # A loss is what a choice causes: of a difference that nobody drew by lot there is none.
        return {"false_positive_risk": None, **losses}
    if claim.difference is not None:
        error = _error(claim.counts.sides)
        gap = claim.difference.estimate
        losses = {
            "loss_if_shipped": expected_loss(gap, error),
            "loss_if_kept": expected_loss(-gap, error),
        }
    risk = None
    if claim.side and claim.p_value is not None:
        risk = false_positive_risk(claim.p_value, base.settings.copy_tests.prior_win)
    return {"false_positive_risk": risk, **losses}


def _error(sides: tuple[int, int, int, int]) -> float:
    """Standard error of the difference; one person more and less a side, so that it is never 0.

    A. Agresti and B. Caffo, American Statistician 54 (2000).
    """
    x, n, reference_x, reference_n = sides
    shares = [(x + 1) / (n + 2), (reference_x + 1) / (reference_n + 2)]
    parts = zip(shares, (n + 2, reference_n + 2), strict=True)
    return math.sqrt(sum(p * (1 - p) / people for p, people in parts))


def _hide(
    base: CopyBase, choices: Mapping[str, list[Choice]], table: pd.DataFrame, least: int
) -> tuple[pd.DataFrame, int]:
    """The table without small counts, also those that the later people of a test would tell."""
    import pandas as pd

    late = [_late(base, test, choice) for test, found in choices.items() for choice in found]
    hits = ("with_outcome", "reference_with_outcome")
    shown = table.astype(dict.fromkeys(hits, "Int64"))
    small = {
        name: ((table[name] > 0) & (table[name] < least))
        | pd.Series([0 < gained[side] < least for gained in late], index=table.index)
        for side, name in enumerate(hits)
    }
    shown.loc[small[hits[0]], [hits[0], *bounded("rate")]] = None
    shown.loc[small[hits[1]], [hits[1], *bounded("reference_rate")]] = None
    either = small[hits[0]] | small[hits[1]]
    # A smallest difference that is stated relative to the reference's share gives it away.
    shown.loc[either, [*_COMPUTED, "people_needed", "people_lacking", "least_difference"]] = None
    return shown, int(sum(part.sum() for part in small.values()))


def _late(base: CopyBase, test: str, choice: Choice) -> tuple[int, int]:
    """People with the outcome on both sides who came after the look that the choice rests on."""
    primary = primary_outcome(base, test)
    if primary is None:
        return 0, 0
    claim, reference = choice.claim, references(base, test)[0]
    whole = count_outcome(base, test, claim.arm, reference, primary.outcome)
    return whole.x - claim.counts.x, whole.reference_x - claim.counts.reference_x


def _figures(base: CopyBase, table: pd.DataFrame, test: str) -> dict[str, Any]:
    """The choice that the statement speaks of, and how many there are of each kind."""
    rows = table[table["test"] == test]
    order = rows["choice"].map({name: place for place, name in enumerate(_ORDER)})
    first = rows.loc[order.sort_values(kind="stable").index[0]]
    planned = planned_people(base, test)
    return {
        **{name: first[name] for name in COLUMNS},
        "arms_compared": len(rows),
        "tests": len(base.tests()),
        "planned_source": None if planned is None else planned.source,
        **{f"{name}_arms": int((table["choice"] == name).sum()) for name in _ORDER},
    }


def _notes(prior: float) -> tuple[Message, ...]:
    return (
        msg(
            "Of several versions that are better for sure and whose guard-rails passed, the one is "
            "shipped whose interval begins highest. The risk of a fluke is the least there is, "
            "where {prior:percent} of copy ideas work (a setting).",
            prior=prior,
        ),
    )
