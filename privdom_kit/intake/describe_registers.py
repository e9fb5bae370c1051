"""Findings of playbook 00 in words: identity, consent, systems."""

from __future__ import annotations

from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Finding, Result, Verdict

_DATA_OWNER = msg("Data owner")
_CONSENT_OWNER = msg("Compliance owner")
_NO_MONEY = msg("No money follows from the state of the data.")


def describe_identity(result: Result) -> Finding:
    """Whether one person is one person, and who can be reached."""
    figures = result.figures
    if result.verdict is Verdict.NOT_MEASURED:
        return Finding(
            result,
            msg("Fewer than two tables name people, so nothing shows whether their ids join."),
            (*_reach(result), *result.notes),
            action=msg("Ask for a second export that carries a member number, phone or union id."),
            owner=_DATA_OWNER,
            money_basis=_NO_MONEY,
        )
    return Finding(
        result,
        msg(
            "{matched:count} of {people:count} people ({share:percent}) are known from two tables "
            "or more; the others are known from one.",
            matched=figures["people_matched"],
            people=figures["people"],
            share=figures["matched_share"],
        ),
        (*_best_key(result), *_reach(result), *_refused(result), *result.notes),
        action=_identity_action(result),
        owner=_DATA_OWNER if result.verdict is not Verdict.CLEAR else None,
        money_basis=_NO_MONEY,
    )


def _best_key(result: Result) -> tuple[Message, ...]:
    table = result.table.dropna(subset=["people_matched_by_key"])
    if not len(table):
        return ()
    best = table.sort_values("people_matched_by_key", ascending=False, kind="stable").iloc[0]
    return (
        msg(
            "The key that joins most: {key}; one value of {people:count} people "
            "({share:percent} of all) stands in two tables.",
            key=label(best["identity"]),
            people=best["people_matched_by_key"],
            share=best["matched_by_key_share"],
        ),
    )


def _reach(result: Result) -> tuple[Message, ...]:
    reach = result.tables["reach"]
    ways = reach[reach["touchpoint"] == "any"]
    if not len(ways):
        return ()
    every = ways.iloc[0]
    return (
        msg(
            "{reachable:count} of {people:count} people ({share:percent}) can be reached by at "
            "least one touchpoint.",
            reachable=every["people_reachable"],
            people=every["people"],
            share=every["reachable_share"],
        ),
    )


def _refused(result: Result) -> tuple[Message, ...]:
    figures, sentences = result.figures, []
    if figures["shared_values"]:
        sentences.append(
            msg(
                "{values:count} values stand on more than {limit:count} people each; they join "
                "nobody and name nobody.",
                values=figures["shared_values"],
                limit=result.settings["identity.max_people_per_value"],
            )
        )
    if figures["large_clusters"]:
        sentences.append(
            msg(
                "{clusters:count} clusters hold more than {limit:count} values; nobody in them "
                "was joined through a weaker key.",
                clusters=figures["large_clusters"],
                limit=result.settings["identity.max_cluster"],
            )
        )
    if figures["conflicts"] != 0:
        sentences.append(
            msg(
                "People with two customer, union or member ids: {people:count}.",
                people=figures["conflicts"],
            )
        )
    return tuple(sentences)


def _identity_action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is Verdict.CLEAR:
        return None
    if figures["large_clusters"]:
        return msg(
            "Have the listed clusters looked at before lists of people are used: a test account, "
            "a till or a default value joins strangers."
        )
    if figures["people_matched"] == 0:
        return msg(
            "Ask for exports that share a key: nobody can be followed from one system to another."
        )
    return msg(
        "Have the listed values and people looked at: a shared phone or a second card hides who "
        "bought."
    )


def describe_consent(result: Result) -> Finding:
    """Whether lists of people may leave the house."""
    figures, table = result.figures, result.table
    if result.verdict is Verdict.NOT_MEASURED:
        statement = msg(
            "Nothing is stated about licences, consent or limits, so no list of people may be "
            "called safe to export."
        )
    elif result.verdict is Verdict.ACT:
        statement = msg(
            "{red:count} of {checks:count} checks are red: {names}. No list of people leaves the "
            "house until they are settled.",
            red=figures["red"],
            checks=figures["checks"],
            names=_check_names(result, "red"),
        )
    elif result.verdict is Verdict.WATCH:
        statement = msg(
            "No check is red, but {unstated:count} of {checks:count} are not stated.",
            unstated=figures["not_stated"],
            checks=figures["checks"],
        )
    else:
        statement = msg("All {checks:count} checks are passed.", checks=figures["checks"])
    clear = result.verdict is Verdict.CLEAR
    return Finding(
        result,
        statement,
        (*_guardians(table), *result.notes),
        action=None if clear else _consent_action(result),
        owner=None if clear else _CONSENT_OWNER,
        money_basis=msg("Fines are not estimated."),
    )


def _check_names(result: Result, mark: str) -> Message:
    table = result.table
    names = dict.fromkeys(table.loc[table["mark"] == mark, "check"])
    return join_messages([label(name) for name in names])


def _guardians(table) -> tuple[Message, ...]:  # type: ignore[no-untyped-def]
    rows = table[(table["check"] == "guardian_consent") & table["missing"].notna()]
    if not len(rows):
        return ()
    row = rows.iloc[0]
    return (
        msg(
            "{missing:count} of {checked:count} members with a child under 14 "
            "({share:percent}) have no guardian's consent on record; their child's age is not "
            "used.",
            missing=row["missing"],
            checked=row["checked"],
            share=row["missing_share"],
        ),
    )


def _consent_action(result: Result) -> Message:
    if result.verdict is Verdict.ACT:
        return msg("Settle the red checks: obtain the consent or licence, or leave these out.")
    return msg("State in forms.yml what is missing: licences, consent by channel, limits.")


def describe_systems(result: Result) -> Finding:
    """What the systems carry, and what rests on tools that the platforms forbid."""
    figures = result.figures
    return Finding(
        result,
        _systems_statement(result),
        (*_joined(result), *_exposed(result), *_scale(result), *_steps(result), *result.notes),
        action=_systems_action(result),
        owner=None if result.verdict is Verdict.CLEAR else _DATA_OWNER,
        money_basis=msg("Not derived: what a banned account would cost is not in the data.")
        if figures["at_risk"]
        else _NO_MONEY,
    )


def _systems_statement(result: Result) -> Message:
    figures = result.figures
    if result.verdict is Verdict.NOT_MEASURED:
        return msg("No system is stated, so what they hold and whether they join is not measured.")
    if figures["pairs"]:
        return msg(
            "{joinable:count} of {pairs:count} pairs of systems share an id.",
            joinable=figures["joinable_pairs"],
            pairs=figures["pairs"],
        )
    return msg("Which systems join is not measured; what the exports show stands below.")


def _joined(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not figures["table_pairs"]:
        return ()
    return (
        msg(
            "In the exports, {joined:count} of {pairs:count} pairs of tables share people.",
            joined=figures["table_pairs_joined"],
            pairs=figures["table_pairs"],
        ),
    )


def _exposed(result: Result) -> tuple[Message, ...]:
    figures, sentences = result.figures, []
    if figures["personal_share"] is not None:
        sentences.append(
            msg(
                "{personal:count} of {contacts:count} people with a contact ({share:percent}) are "
                "held on personal accounts.",
                personal=figures["personal_people"],
                contacts=figures["contacts"],
                share=figures["personal_share"],
            )
        )
    if figures["unofficial_tools"]:
        sentences.append(
            msg(
                "Tools that the platforms forbid: {tools:count}; contacts stated to be held by "
                "them: {contacts:count}.",
                tools=figures["unofficial_tools"],
                contacts=figures["unofficial_contacts"],
            )
        )
    return tuple(sentences)


def _scale(result: Result) -> tuple[Message, ...]:
    tools = {
        "by_hand": msg("work by hand"),
        "few_accounts": msg("a few accounts"),
        "compliant_tool": msg("a compliant WeCom tool"),
    }
    needed = result.figures["needed_tool"]
    if needed is None:
        return ()
    return (
        msg(
            "{contacts:count} people with a contact call for {tool} (rule of 2020).",
            contacts=result.figures["contacts"],
            tool=tools[needed],
        ),
    )


def _steps(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if not figures["steps_stated"]:
        return ()
    return (
        msg(
            "{met:count} of {steps:count} steps of joining up stand with evidence; "
            "{stated:count} are stated.",
            met=figures["steps_met"],
            steps=figures["steps"],
            stated=figures["steps_stated"],
        ),
    )


def _systems_action(result: Result) -> Message | None:
    figures = result.figures
    if result.verdict is Verdict.CLEAR:
        return None
    if figures["at_risk"]:
        return msg(
            "Plan the move of these contacts to WeCom accounts of the brand before a ban takes "
            "them."
        )
    if result.verdict is Verdict.ACT:
        return msg("Bring in a compliant WeCom tool for this number of contacts.")
    return msg("List each system with owner, ids, refresh and licence in forms.yml.")
