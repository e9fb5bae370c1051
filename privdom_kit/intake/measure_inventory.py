"""Playbook 00, systems: which system holds what, what joins, what rests on forbidden tools."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import TABLES
from privdom_kit.forms import STEPS, Forms
from privdom_kit.intake.measure_stitching import coverage_of, merge_log_of
from privdom_kit.intake.reach import count_people
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client import Client

_METHODS = ("S027", "S173", "S194", "S197")
BY_HAND, FEW_ACCOUNTS, COMPLIANT_TOOL = "by_hand", "few_accounts", "compliant_tool"
_SYSTEM_COLUMNS = ["owner", "exports", "ids", "refresh_days", "official", "licensed", "contacts"]
_PAIR_COLUMNS = ["table", "other_table", "shared_ids", "people", "other_people", "people_in_both"]


def measure_systems(client: Client, forms: Forms | None = None) -> Result:
    """The inventory of systems, the pairs that join, exposure to forbidden tools, scale, steps.

    S027 joinable pairs = pairs of systems that share an id / all pairs; S173 people held on
    personal accounts / people with a contact today, beside the contacts that unofficial tools
    are stated to hold (the two may overlap and are not added); S194 the tool that the number of
    contacts calls for; S197 steps of joining up that stand with evidence, of four.

    Args:
        client: The opened client.
        forms: What the consultant states (:func:`privdom_kit.forms.read_forms`); nothing, where
            not given.

    Returns:
        ``table``: a row a stated system. ``tables``: system_pairs (system, other_system,
        shared_ids, joinable), pairs (tables by two: shared id columns and people in both, from
        the data), steps. ``act`` where people are held on personal accounts or by unofficial
        tools, or the number of contacts calls for a compliant tool and none is stated official;
        ``not_measured`` where neither systems are stated nor ``contacts.account_kind`` is given;
        ``watch`` where pairs do not join or something is not stated.
    """
    forms = forms or Forms()
    least = client.settings.privacy.min_cell
    lines = client.settings.intake
    pairs, hidden = _data_pairs(client, least)
    joined = sum(pair["people_in_both"] > 0 for pair in merge_log_of(client)["pairs"])
    systems, system_pairs = _inventory(forms), _system_pairs(forms)
    held = _held(client)
    figures = {
        "systems": len(systems),
        "joinable_pairs": int(system_pairs["joinable"].sum()),
        "pairs": len(system_pairs),
        "table_pairs": len(pairs),
        "table_pairs_joined": joined,
        **_exposure(held, forms),
        "needed_tool": _needed_tool(held["contacts"], lines),
        "official_contact_tool": _has_official(forms),
        **_steps_met(forms),
    }
    verdict = _judge(figures, forms)
    shown = {k: _shown(v, least) if k in _OF_PEOPLE else v for k, v in figures.items()}
    if shown["personal_people"] is None:
        shown["personal_share"] = None
    return Result(
        question="systems",
        methods=_METHODS,
        verdict=verdict,
        table=systems,
        units={
            "refresh_days": "days: between two exports",
            "personal_share": "percent: share of people with a contact",
            "both_share": "percent: share of the people of the smaller table",
        },
        settings={
            "intake.by_hand_contacts": lines.by_hand_contacts,
            "intake.few_accounts_contacts": lines.few_accounts_contacts,
            "privacy.min_cell": least,
        },
        coverage=coverage_of(client, merge_log_of(client)["tables"]),
        as_of=client.as_of.isoformat(),
        figures=shown,
        tables=_filled({"system_pairs": system_pairs, "pairs": pairs, "steps": _steps(forms)}),
        notes=(*_notes(figures), *suppression_note(hidden, least)),
    )


_OF_PEOPLE = ("contacts", "personal_people")


def _shown(people: int | None, least: int) -> int | None:
    return None if people is None or 0 < people < least else people


def _filled(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: table for name, table in tables.items() if len(table)}


def _inventory(forms: Forms) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "system": name,
            "owner": system.owner or None,
            "exports": ", ".join(system.exports) or None,
            "ids": ", ".join(system.ids) or None,
            "refresh_days": system.refresh_days,
            "official": system.official,
            "licensed": system.licensed,
            "contacts": system.contacts,
        }
        for name, system in forms.systems.items()
    ]
    table = pd.DataFrame(rows, columns=["system", *_SYSTEM_COLUMNS])
    return table.astype({"refresh_days": "Int64", "contacts": "Int64"})


def _system_pairs(forms: Forms) -> pd.DataFrame:
    """Pairs of the systems whose ids are stated."""
    import pandas as pd

    known = {name: system.ids for name, system in forms.systems.items() if system.ids}
    rows = []
    for one, other in itertools.combinations(known, 2):
        shared = [name for name in known[one] if name in known[other]]
        rows.append((one, other, ", ".join(shared) or None, bool(shared)))
    return pd.DataFrame(rows, columns=["system", "other_system", "shared_ids", "joinable"])


def _data_pairs(client: Client, least: int) -> tuple[pd.DataFrame, int]:
    """Tables by two: id columns that both have, and people who stand in both."""
    import pandas as pd

    rows = [
        {**pair, "shared_ids": _shared_ids(client, pair["table"], pair["other_table"])}
        for pair in merge_log_of(client)["pairs"]
    ]
    table = pd.DataFrame(rows, columns=_PAIR_COLUMNS)
    smaller = table[["people", "other_people"]].min(axis=1)
    table["both_share"] = table["people_in_both"] / smaller.where(smaller > 0)
    hidden = 0
    for column in ("people", "other_people", "people_in_both"):
        # Pairs overlap: no total is shown from which a hidden cell would follow.
        table, cells = suppress(table, column, ["both_share"], least, groups=())
        hidden += cells
    return table, hidden


def _shared_ids(client: Client, one: str, other: str) -> str | None:
    def ids(name: str) -> list[str]:
        given = client.tables[name].given
        return [c.identity for c in TABLES[name].columns if c.identity and c.name in given]

    given = ids(one), ids(other)
    return ", ".join(dict.fromkeys(name for name in given[0] if name in given[1])) or None


def _held(client: Client) -> dict[str, int | None]:
    """People with a contact today, and those of them held on a personal account."""
    import narwhals as nw

    if "contacts" not in client.tables:
        return {"contacts": None, "personal_people": None}
    contacts = client.contacts
    rows = contacts.frame
    if contacts.has("removed_at"):
        rows = rows.filter(nw.col("removed_at").is_null())
    every = count_people(rows)
    if not contacts.has("account_kind"):
        return {"contacts": every, "personal_people": None}
    code = contacts.code("account_kind", "personal")
    personal = count_people(rows.filter(nw.col("account_kind") == code))
    return {"contacts": every, "personal_people": personal}


def _exposure(held: Mapping[str, int | None], forms: Forms) -> dict[str, Any]:
    every, personal = held["contacts"], held["personal_people"]
    unofficial = [s for s in forms.systems.values() if s.official is False]
    stated = [s.contacts for s in unofficial if s.contacts is not None]
    return {
        "contacts": every,
        "personal_people": personal,
        "personal_share": personal / every if every and personal is not None else None,
        "unofficial_tools": len(unofficial) if forms.systems else None,
        "unofficial_contacts": sum(stated) if stated else None,
        "at_risk": bool(personal or unofficial),
    }


def _needed_tool(contacts: int | None, lines: Any) -> str | None:
    if contacts is None:
        return None
    if contacts <= lines.by_hand_contacts:
        return BY_HAND
    return FEW_ACCOUNTS if contacts <= lines.few_accounts_contacts else COMPLIANT_TOOL


def _has_official(forms: Forms) -> bool | None:
    """Whether a stated system holds the contacts and is official; None where nobody says."""
    holders = [s.official for s in forms.systems.values() if "contacts" in s.exports]
    if any(holders):
        return True
    return None if not holders or None in holders else False


def _steps(forms: Forms) -> pd.DataFrame:
    """The stated steps; one without evidence is not met."""
    import pandas as pd

    rows = [
        {"step": name, "in_place": step.in_place, "evidence": step.evidence or None,
         "met": bool(step.in_place and step.evidence)}
        for name in STEPS
        if (step := forms.joining_up.get(name)) is not None
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["step", "in_place", "evidence", "met"])


def _steps_met(forms: Forms) -> dict[str, int | None]:
    steps = _steps(forms)
    return {
        "steps_met": int(steps["met"].sum()) if len(steps) else None,
        "steps": len(STEPS),
        "steps_stated": len(steps),
    }


def _judge(figures: Mapping[str, Any], forms: Forms) -> Verdict:
    needs = figures["needed_tool"] == COMPLIANT_TOOL
    if figures["at_risk"]:
        return Verdict.ACT
    if needs and figures["official_contact_tool"] is False:
        return Verdict.ACT
    if not forms.systems and figures["personal_people"] is None:
        return Verdict.NOT_MEASURED
    joined = figures["pairs"] and figures["joinable_pairs"] == figures["pairs"]
    said = forms.systems and all(s.official is not None for s in forms.systems.values())
    met = figures["steps_met"] == figures["steps"]
    tool = not needs or figures["official_contact_tool"]
    measured = figures["personal_people"] is not None
    return Verdict.CLEAR if joined and said and met and tool and measured else Verdict.WATCH


def _notes(figures: Mapping[str, Any]) -> tuple[Message, ...]:
    notes = []
    if not figures["systems"]:
        notes.append(
            msg("Systems, their owners and tools: not measured, for forms.yml lists no systems.")
        )
    elif not figures["pairs"]:
        notes.append(
            msg("Joinable systems: not measured, for forms.yml names the ids of fewer than two.")
        )
    if figures["personal_people"] is None:
        notes.append(
            msg("Contacts on personal accounts: not measured, for contacts.account_kind is absent.")
        )
    if not figures["steps_stated"]:
        notes.append(
            msg("Steps of joining up: not measured, for forms.yml states none of the four.")
        )
    return tuple(notes)
