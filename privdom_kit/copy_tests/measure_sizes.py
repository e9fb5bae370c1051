"""Whether a planned test can detect what it looks for: people needed and people there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.plan_times import open_plans
from privdom_kit.copy_tests.size_notes import size_notes
from privdom_kit.copy_tests.size_rows import (
    CAN_SEE,
    CROWD,
    POOLED,
    arm_rows,
    groups_of,
    guardrail_rows,
    size_rows,
)
from privdom_kit.copy_tests.sizes_needed import NO, UNSURE, YES
from privdom_kit.messages import msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

QUESTION = Question(
    "sample_size",
    ("S122",),
    {
        "test": "quote: test",
        "scope": "text: all crowds pooled, or one crowd",
        "crowd": "quote: crowd; none for all of them",
        "primary": "text: outcome that decides",
        "metric": "text: what must not get worse",
        "people": "count: people of the test, held back among them",
        "people_source": "text: where the number of people comes from",
        "control_people": "count: people of the copy in use",
        "needed_control_people": "count: people of the copy in use that are needed",
        "needed_people": "count: people needed in all, held back among them",
        "baseline": "percent: share under the present copy",
        "baseline_source": "text: where the baseline comes from",
        "baseline_test": "quote: test that it was measured in",
        "baseline_people": "count: people whom it was measured on",
        "difference": "fine_points: difference to find",
        "detectable_difference": "fine_points: smallest difference that can be detected",
        "detectable_lift": "percent: the same, relative to the baseline",
        "can_detect": "text: whether the difference can be detected",
        "can_show": "text: whether a rise below the margin can be shown",
        "arm": "quote: arm",
        "margin": "fine_points: rise that is put up with",
        "formula": "text: formula of the sample size",
        "arms_compared": "count: arms compared with the copy in use",
        "alpha_each": "number: two-sided chance of a false claim, each arm at the last look",
        "alpha_one_sided": "number: one-sided chance of a false claim",
        "power": "percent: chance to find the difference",
        "tests": "count: planned tests that are not over",
        "blind_tests": "count: tests that cannot detect what they look for",
        "blind_crowds": "count: crowds that cannot by themselves",
        "open_guardrails": "count: guard-rails that cannot be shown to be kept",
        "unknown_tests": "count: tests of which that cannot be said",
    },
)
_RULES = (
    *("confidence_level", "power", "sample_size_formula", "least_people", "least_events"),
    *("frequency_days", "sms_cap", "call_cap", "window_days", "control_arms"),
)


def measure_sample_size(base: CopyBase, settings: Settings) -> Result:
    """People needed by arm, crowd and pooled, against those there are.

    Each challenger is compared with the copy in use, two-sided, the chance of a false claim
    divided by the number of challengers (Bonferroni), with the formula of the setting
    ``copy_tests.sample_size_formula``; weights may be unequal. Guard-rails are judged over all
    crowds: whether a rise below the margin could be shown if there is none. Baselines are those
    stated, else those of the latest test of the channel, with their interval. No size is below
    what the readout compares at all (``least_people`` an arm).

    Returns:
        ``table``: a row a test for all crowds, then a row a crowd; the tests that cannot detect
        their own minimum first. ``tables["arms"]``: needed and there, by arm.
        ``tables["guardrails"]``: a row a test and guard-rail.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    plans = open_plans(base)
    if not plans:
        reason = (
            msg("Every copy test that forms.yml plans is over.")
            if base.plans
            else msg("forms.yml plans no copy test (copy_tests:).")
        )
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, reason, used)
    groups = {plan.id: groups_of(base, plan) for plan in plans}
    table = size_rows(plans, groups, settings.copy_tests)
    guarded = guardrail_rows(base, plans, groups, settings.copy_tests)
    order = _order(table)
    table, guarded = _sorted(table, order), _sorted(guarded, order)
    arms = _sorted(arm_rows(plans, groups, settings.copy_tests), order)
    figures = _figures(table, guarded)
    verdict = _judge(table, guarded)
    shown, arms, cells = _suppressed(table, arms, settings.privacy.min_cell)
    return QUESTION.answer(
        base.base.as_of,
        verdict,
        shown,
        used,
        coverage=base.base.coverage("orders", "members", "followers", "contacts", "deliveries"),
        figures=figures,
        tables={"arms": arms, "guardrails": guarded},
        notes=(
            *size_notes(plans, table, guarded, settings.copy_tests),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


# ---------------------------------------------------------------------------------------------
# Verdict, order, what is told


_RANK: dict[str | None, int] = {NO: 0, UNSURE: 1, None: 2, YES: 3}


def _order(table: pd.DataFrame) -> list[str]:
    """Tests, those that cannot detect their own minimum first, else as planned."""
    pooled = table[table["scope"] == POOLED]
    ranks = [_RANK[None if value not in _RANK else value] for value in pooled["can_detect"]]
    return [test for _, test in sorted(zip(ranks, pooled["test"], strict=True), key=lambda p: p[0])]


def _sorted(table: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    places = table["test"].map({test: place for place, test in enumerate(order)})
    return table.iloc[places.argsort(kind="stable")].reset_index(drop=True)


def _figures(table: pd.DataFrame, guarded: pd.DataFrame) -> dict[str, Any]:
    pooled = table[table["scope"] == POOLED]
    crowds = table[table["scope"] == CROWD]
    return {
        "tests": len(pooled),
        "blind_tests": int((pooled["can_detect"] == NO).sum()),
        "unknown_tests": int(pooled["can_detect"].isna().sum()),
        "blind_crowds": int((crowds["can_detect"] == NO).sum()),
        "open_guardrails": int((guarded["can_show"] != YES).sum()),
    }


def _judge(table: pd.DataFrame, guarded: pd.DataFrame) -> Verdict:
    pooled = table.loc[table["scope"] == POOLED, "can_detect"]
    if (pooled == NO).any():
        return Verdict.ACT
    if pooled.isna().all():
        return Verdict.NOT_ENOUGH_DATA
    every = (table["can_detect"] == YES).all() and (guarded["can_show"] == YES).all()
    return Verdict.CLEAR if every else Verdict.WATCH


def _suppressed(
    table: pd.DataFrame, arms: pd.DataFrame, least: int
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Small crowds hidden, with what follows from their number of people."""
    hide = ["control_people", *CAN_SEE, "detectable_lift"]
    crowds = table["scope"] == CROWD
    part, cells = suppress(table[crowds], "people", hide, least, groups=(("test",),))
    shown = table.astype({name: "object" for name in hide if table[name].dtype.kind == "f"})
    shown.loc[crowds, ["people", *hide]] = part[["people", *hide]].astype("object")
    shown = shown.astype({"people": "Int64", "control_people": "Int64"})
    shown = shown.astype(dict.fromkeys((*CAN_SEE, "detectable_lift"), "float64"))
    gone = shown.loc[crowds & shown["people"].isna() & table["people"].notna(), ["test", "crowd"]]
    hidden = set(gone.itertuples(index=False, name=None))
    keys = zip(arms["test"], arms["crowd"], strict=True)
    few = [key in hidden for key in keys]
    return shown, arms.assign(people=arms["people"].mask(few)), cells
