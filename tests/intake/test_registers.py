"""Playbook 00, consent and systems: what is stated, what the data show, what neither says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from client_files import client_config, orders

from privdom_kit.client import open_client
from privdom_kit.forms import read_forms
from privdom_kit.intake import (
    describe_consent,
    describe_systems,
    measure_consent,
    measure_systems,
    plot_consent,
    plot_systems,
)
from privdom_kit.results import Result, Verdict

SHOWN = {"settings": {"privacy": {"min_cell": 1}}}
ALL_STATED = """\
systems:
  shop: {ids: [phone, buyer_id], exports: [orders], official: true, licensed: true}
  scrm: {ids: [external_user_id, phone], exports: [contacts], official: true, licensed: true}
consent:
  channels:
    wecom: {people: 3, with_consent: 3}
    sms: {people: 20, with_consent: 12, left_out: true}
  platform_limits_kept: true
joining_up:
  tags_and_ids: {in_place: true, evidence: tag sheet}
  advertising: {in_place: true, evidence: audience list}
  closeness: {in_place: true, evidence: score}
  coverage: {in_place: true, evidence: role list}
"""


def contacts(*kinds: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "external_user_id": [f"w{i}" for i in range(len(kinds))],
            "staff_id": ["s"] * len(kinds),
            "added_at": ["2026-01-01"] * len(kinds),
            "account_kind": list(kinds),
            "phone": [f"138{i:08}" for i in range(len(kinds))],
        }
    )


def asked(measure: Any, tmp_path: Path, tables: dict, forms: str = "", **keys: Any) -> Result:
    if forms:
        tmp_path.mkdir(parents=True, exist_ok=True)
        (tmp_path / "forms.yml").write_text(forms, encoding="utf-8")
        keys["forms"] = "forms.yml"
    client = open_client(client_config(tmp_path, tables, **{**SHOWN, **keys}))
    try:
        return measure(client, read_forms(client.config))
    finally:
        client.close()


def marks(result: Result) -> dict[str, str]:
    return {
        f"{row.check}/{row.channel}" if isinstance(row.channel, str) else row.check: row.mark
        for row in result.table.itertuples()
    }


def test_consent_that_is_all_stated_and_kept_is_clear(tmp_path: Path) -> None:
    """People without consent who are left out are no red mark."""
    result = asked(measure_consent, tmp_path, {"contacts": contacts("wecom")}, ALL_STATED)
    assert marks(result) == {
        "official_tools": "ok",
        "licences": "ok",
        "marketing_consent/wecom": "ok",
        "marketing_consent/sms": "ok",
        "platform_limits": "ok",
    }
    sms = result.table.set_index("channel").loc["sms"]
    assert sms[["checked", "missing", "missing_share"]].tolist() == [20, 8, 8 / 20]
    assert (result.verdict, result.figures["export_allowed"]) == (Verdict.CLEAR, True)
    assert result.methods == ("S172",)


def test_nothing_stated_is_not_measured_and_never_allowed(tmp_path: Path) -> None:
    result = asked(measure_consent, tmp_path, {"orders": orders()})
    assert set(marks(result).values()) == {"not_stated"}
    assert (result.verdict, result.figures["export_allowed"]) == (Verdict.NOT_MEASURED, None)


def test_channels_in_use_are_asked_for(tmp_path: Path) -> None:
    """Contacts mean WeCom, a call with a text means both: none of them is stated."""
    deliveries = pd.DataFrame(
        {
            "delivery_id": ["d1"],
            "phone": ["13800000001"],
            "channel": ["call_sms"],
            "sent_at": ["2026-01-01"],
        }
    )
    tables = {"contacts": contacts("wecom"), "deliveries": deliveries}
    found = marks(asked(measure_consent, tmp_path, tables))
    assert {name for name in found if "/" in name} == {
        "marketing_consent/wecom",
        "marketing_consent/call",
        "marketing_consent/sms",
    }
    assert found["opt_outs"] == "not_stated"


def test_guardians_and_opt_outs_are_counted_in_the_data(tmp_path: Path) -> None:
    """Four members with a child under 14, two of them without consent; one grown up, one absent.

    Of two people who opted out of texts one was sent a text after it, the other a call.
    """
    members = pd.DataFrame(
        {
            "member_id": [f"M{i}" for i in range(6)],
            "registered_at": ["2026-01-01"] * 6,
            "child_birth_month": ["2024-01", "2023-05", "2020-01", "2025-12", "2005-01", ""],
            "guardian_consent": ["1", "0", "", "1", "", ""],
        }
    )
    deliveries = pd.DataFrame(
        {
            "delivery_id": [f"d{i}" for i in range(5)],
            "member_id": ["M0", "M0", "M1", "M1", "M2"],
            "channel": ["sms", "sms", "sms", "call", "sms"],
            "sent_at": ["2026-01-01", "2026-02-01", "2026-01-01", "2026-02-01", "2026-01-01"],
            "opted_out_at": ["2026-01-02", "", "2026-01-02", "", ""],
        }
    )
    result = asked(measure_consent, tmp_path, {"members": members, "deliveries": deliveries})
    table = result.table.set_index("check")
    assert table.loc["guardian_consent", ["checked", "missing", "mark"]].tolist() == [4, 2, "red"]
    assert table.loc["opt_outs", ["checked", "missing", "mark"]].tolist() == [2, 1, "red"]
    assert (result.verdict, result.figures["export_allowed"]) == (Verdict.ACT, False)
    finding = describe_consent(result)
    assert finding.statement.render("en") == (
        "2 of 7 checks are red: guardian consent, opt-outs. No list of people leaves the house "
        "until they are settled."
    )
    assert finding.statement.render("zh") == (
        "7 项检查中有 2 项为红：监护人同意、退订。处理完之前，任何人群名单都不得外发。"
    )
    assert finding.evidence[0].render("en") == (
        "2 of 4 members with a child under 14 (50.0%) have no guardian's consent on record; their "
        "child's age is not used."
    )


def test_small_counts_of_people_are_hidden_and_the_mark_stays(tmp_path: Path) -> None:
    members = pd.DataFrame(
        {
            "member_id": ["M0"],
            "registered_at": ["2026-01-01"],
            "child_birth_month": ["2024-01"],
        }
    )
    result = asked(measure_consent, tmp_path, {"members": members}, settings={})
    row = result.table.set_index("check").loc["guardian_consent"]
    assert row[["checked", "missing", "missing_share"]].isna().all()
    assert (row["mark"], result.verdict) == ("red", Verdict.ACT)


def test_a_tool_that_is_forbidden_is_red(tmp_path: Path) -> None:
    forms = "systems:\n  A: {official: false}\n  B: {official: true, licensed: true}\n"
    result = asked(measure_consent, tmp_path, {"orders": orders()}, forms)
    table = result.table.set_index("check")
    assert table.loc["official_tools", ["checked", "missing", "mark"]].tolist() == [2, 1, "red"]
    assert table.loc["licences", "mark"] == "not_stated"


def test_systems_that_join_are_clear(tmp_path: Path) -> None:
    tables = {"contacts": contacts("wecom", "wecom"), "orders": orders(phone=["13800000000"])}
    result = asked(measure_systems, tmp_path, tables, ALL_STATED)
    assert result.table["system"].tolist() == ["shop", "scrm"]
    assert result.tables["system_pairs"].to_dict("records") == [
        {"system": "shop", "other_system": "scrm", "shared_ids": "phone", "joinable": True}
    ]
    (pair,) = result.tables["pairs"].to_dict("records")
    assert (pair["shared_ids"], pair["people_in_both"], pair["both_share"]) == ("phone", 1, 1.0)
    figures = result.figures
    assert (figures["joinable_pairs"], figures["pairs"]) == (1, 1)
    assert (figures["personal_people"], figures["personal_share"]) == (0, 0.0)
    assert (figures["steps_met"], figures["needed_tool"]) == (4, "by_hand")
    assert result.verdict is Verdict.CLEAR
    assert result.methods == ("S027", "S173", "S194", "S197")


def test_personal_accounts_and_forbidden_tools_are_exposure(tmp_path: Path) -> None:
    """One of four people on a personal account; a plug-in stated to hold 120 contacts."""
    tables = {"contacts": contacts("wecom", "personal", "wecom", "wecom")}
    forms = "systems:\n  plug-in: {official: false, contacts: 120}\n"
    result = asked(measure_systems, tmp_path, tables, forms)
    assert result.figures["personal_share"] == 1 / 4
    assert result.figures["unofficial_contacts"] == 120
    assert result.verdict is Verdict.ACT
    evidence = [m.render("en") for m in describe_systems(result).evidence]
    assert "1 of 4 people with a contact (25.0%) are held on personal accounts." in evidence
    assert (
        "Tools that the platforms forbid: 1; contacts stated to be held by them: 120." in evidence
    )
    chinese = [m.render("zh") for m in describe_systems(result).evidence]
    assert "4 位有好友关系的客户中有 1 位（25.0%）在个人微信号上。" in chinese


def test_what_forms_do_not_state_is_said(tmp_path: Path) -> None:
    result = asked(measure_systems, tmp_path, {"orders": orders()})
    assert result.verdict is Verdict.NOT_MEASURED
    assert [note.render("en") for note in result.notes] == [
        "Systems, their owners and tools: not measured, for forms.yml lists no systems.",
        "Contacts on personal accounts: not measured, for contacts.account_kind is absent.",
        "Steps of joining up: not measured, for forms.yml states none of the four.",
    ]


def test_the_number_of_contacts_decides_the_tool(tmp_path: Path) -> None:
    """Lines at 1 and 3 contacts: 1, 2 and 4 people; no official tool holds them."""
    forms = "systems:\n  sheet: {exports: [contacts], official: false}\n"
    needed = {}
    for people in (1, 2, 4):
        result = asked(
            measure_systems,
            tmp_path / str(people),
            {"contacts": contacts(*["wecom"] * people)},
            forms if people == 4 else "",
            settings={
                "intake": {"by_hand_contacts": 1, "few_accounts_contacts": 3},
                "privacy": {"min_cell": 1},
            },
        )
        needed[people] = (result.figures["needed_tool"], result.figures["official_contact_tool"])
    assert needed == {
        1: ("by_hand", None),
        2: ("few_accounts", None),
        4: ("compliant_tool", False),
    }


def test_a_step_without_evidence_is_not_met(tmp_path: Path) -> None:
    forms = (
        "joining_up:\n  tags_and_ids: {in_place: true}\n"
        "  coverage: {in_place: true, evidence: list}\n  closeness: {in_place: false}\n"
    )
    result = asked(measure_systems, tmp_path, {"orders": orders()}, forms)
    figures = result.figures
    assert (figures["steps_met"], figures["steps_stated"], figures["steps"]) == (1, 3, 4)


def test_charts_draw_the_tables(tmp_path: Path) -> None:
    tables = {"contacts": contacts("wecom", "wecom"), "orders": orders(phone=["13800000000"])}
    consent = asked(measure_consent, tmp_path / "a", tables, ALL_STATED)
    drawn = [bar.get_width() for bar in plot_consent(consent).patches]
    assert np.allclose(drawn, consent.table["missing_share"].dropna().astype(float))
    systems = asked(measure_systems, tmp_path / "b", tables, ALL_STATED)
    drawn = [bar.get_width() for bar in plot_systems(systems).patches]
    assert drawn == [1.0]
