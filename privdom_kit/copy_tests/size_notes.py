"""What has to be said beside sample sizes: the formula, and what a plan has to state first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.copy_tests.baselines import MEASURED, UPPER
from privdom_kit.copy_tests.planned_people import UNKNOWN
from privdom_kit.copy_tests.size_rows import POOLED
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import CopyTestsSettings

FORMULAS = {
    "pooled": msg("pooled variance (Fleiss 1981)"),
    "unpooled": msg("unpooled variance (Chow, Shao and Wang 2008)"),
    "baseline": msg("variance of the baseline (Miller 2010)"),
    "arcsine": msg("arcsine (Cohen 1988)"),
}


def size_notes(
    plans: tuple[CopyTest, ...],
    table: pd.DataFrame,
    guarded: pd.DataFrame,
    rules: CopyTestsSettings,
) -> tuple[Message, ...]:
    """The notes, the formula first."""
    notes = [
        msg(
            "Sizes: formula {formula}, power {power:percent}, two-sided chance of a false "
            "claim {alpha:percent} for all arms together, divided by the number of arms compared "
            "with the copy in use (Bonferroni).",
            formula=FORMULAS[rules.sample_size_formula],
            power=rules.power,
            alpha=1 - rules.confidence_level,
        )
    ]
    if len(guarded):
        notes.append(
            msg(
                "Guard-rails: people needed to show that a harm rises by less than its margin "
                "where it does not rise, one-sided at {alpha:percent}, all crowds pooled.",
                alpha=(1 - rules.confidence_level) / 2,
            )
        )
    if any(len(plan.looks) > 1 for plan in plans):
        notes.append(
            msg(
                "With several planned looks a size is that of the last look, with what alpha "
                "spending leaves for it."
            )
        )
    notes += _gaps(plans, table)
    sources = {*table["baseline_source"].dropna(), *guarded["baseline_source"].dropna()}
    if sources - {f"baseline_{MEASURED}", f"baseline_{UPPER}"}:
        notes.append(msg("A baseline that is stated has no interval: sizes hold if it is right."))
    if f"baseline_{UPPER}" in sources:
        notes.append(
            msg(
                "Where fewer than {events:count} people had a harm before, the upper end of the "
                "interval is taken as its baseline.",
                events=rules.least_events,
            )
        )
    if (table["people_source"] == UNKNOWN).any():
        notes.append(
            msg("Crowds whose number of people is unknown are in no sum: state people or a rule.")
        )
    return tuple(notes)


def _gaps(plans: tuple[CopyTest, ...], table: pd.DataFrame) -> list[Message]:
    """What a plan has to state before its size can be told."""
    pooled = table[table["scope"] == POOLED].set_index("test")
    found = []
    for plan in plans:
        row = pooled.loc[plan.id]
        if plan.against_held_back:
            found.append(
                msg(
                    "{test:quote}: no copy in use is named; versions are compared with people who "
                    "are sent nothing.",
                    test=plan.id,
                )
            )
        if not plan.challengers or (plan.control is None and not plan.against_held_back):
            found.append(
                msg(
                    "{test:quote}: name the copy in use (control: true) and one arm more, or "
                    "nothing can be compared.",
                    test=plan.id,
                )
            )
        elif row["difference"] != row["difference"]:
            found.append(
                msg(
                    "{test:quote}: state minimum_difference or minimum_lift, the smallest "
                    "difference worth finding.",
                    test=plan.id,
                )
                if plan.minimum_difference is None and plan.minimum_lift is None
                else _no_baseline(plan)
            )
        elif row["baseline"] != row["baseline"]:
            found.append(_no_baseline(plan))
    return found


def _no_baseline(plan: CopyTest) -> Message:
    return msg(
        "{test:quote}: state baseline, the share with the outcome under the present copy; no "
        "earlier test of the channel tells it.",
        test=plan.id,
    )
