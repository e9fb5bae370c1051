"""Findings of playbook 00 in words."""

from __future__ import annotations

from privdom_kit.labels import label
from privdom_kit.messages import msg
from privdom_kit.results import Finding, Result, Verdict

_OWNER = msg("Data owner")


def describe_tables(result: Result) -> Finding:
    """What was read and what was left out."""
    figures = result.figures
    if result.verdict is Verdict.NOT_MEASURED:
        return Finding(
            result,
            msg("No table was given, so nothing can be measured."),
            action=msg("Ask the brand for its exports: orders and WeCom contacts first."),
            owner=_OWNER,
        )
    statement = msg(
        "{used:count} of {rows:count} rows in {tables:count} tables are used; they name "
        "{people:count} people.",
        used=figures["used"],
        rows=figures["rows"],
        tables=figures["tables"],
        people=figures["people"],
    )
    bad = figures["quarantined"]
    evidence = (
        msg("{given:count} of {possible:count} tables were given.", given=figures["tables"],
            possible=figures["tables_possible"]),
        msg("{bad:count} rows are quarantined: they hold a value that cannot be read.", bad=bad),
    )  # fmt: skip
    action = None
    if result.verdict is Verdict.WATCH:
        worst = result.table.sort_values("quarantined_share", ascending=False).iloc[0]
        action = msg(
            "Have the export of {table} corrected: {bad:count} of {rows:count} rows "
            "({share:percent}) cannot be read; quarantine.csv lists them.",
            table=label(worst["table"]),
            bad=worst["quarantined"],
            rows=worst["rows"],
            share=worst["quarantined_share"],
        )
    return Finding(
        result,
        statement,
        evidence,
        action=action,
        owner=_OWNER if action else None,
        money_basis=msg("No money follows from the state of the data."),
    )


def describe_coverage(result: Result) -> Finding:
    """How far the data carry in time and in people."""
    basis = msg("No money follows from the state of the data.")
    if result.verdict is Verdict.NOT_MEASURED:
        return Finding(result, msg("No table was given, so nothing can be measured."))
    table = result.table
    nameless = table[table["rows_with_person_share"] < result.settings["intake.person_share_act"]]
    if len(nameless):
        worst = nameless.sort_values("rows_with_person_share").iloc[0]
        return Finding(
            result,
            msg(
                "{table}: only {known:count} of {rows:count} rows ({share:percent}) name a "
                "person, so questions about people lose their base.",
                table=label(worst["table"]),
                known=worst["rows_with_person"],
                rows=worst["rows"],
                share=worst["rows_with_person_share"],
            ),
            result.notes,
            action=msg("Ask for an export that carries a member number, phone or union id."),
            owner=_OWNER,
            money_basis=basis,
        )
    if result.verdict is Verdict.WATCH:
        return Finding(
            result,
            msg("The data have gaps; what follows holds for the days and people covered."),
            result.notes,
            action=msg("Ask for the missing days before the numbers are used as a baseline."),
            owner=_OWNER,
            money_basis=basis,
        )
    return Finding(
        result,
        msg("Every table reaches the day of this diagnosis without long gaps."),
        money_basis=basis,
    )
