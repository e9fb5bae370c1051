"""Audiences: members by hand, overlaps that add up, people left out, files that stay private."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from client_tables import client as small_client
from client_tables import orders, store

from privdom_kit import layering
from privdom_kit.engine import closing, collect, connect
from privdom_kit.layering.audience_rules import AUDIENCES, REASONS
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_lists import measure_audiences
from privdom_kit.layering.measure_worth import measure_customer_value
from privdom_kit.people_files import safe_cell
from privdom_kit.results import Verdict

RULES = {"cycle_days": 20, "active_days": 5, "value_share": 0.3, "due_window_days": 3}
STAMP = 86_400


def brand() -> dict[str, pd.DataFrame]:
    """As of day 1000; cycle 20: retained to 24 days, about to lapse to 40.

    Spend in the window decides who is high value: 30 % of 10 buyers, so 1, 2 and 3.
    1: 500 yuan 19 days ago: due, high value, no contact. 2: 400, 10 days ago, a contact: high
    value. 3: 300, 30 days ago, a contact who removed the brand. 4: 50, 30 days ago: going silent.
    5: 40, 30 days ago, opted out. 6: 30, 21 days ago: due. 7: 20, 21 days ago, complained.
    8: 10, 90 days ago: lapsed. 9: 9, 30 days ago, a contact that staff removed: going silent.
    10: 8, 22 days ago: due. Referrals that led to an order: 2 invited 6 and 10, 4 invited 8 (who
    bought before only) and themselves.
    """
    spend = {1: (981, 500), 2: (990, 400), 3: (970, 300), 4: (970, 50), 5: (970, 40),
             6: (979, 30), 7: (979, 20), 8: (910, 10), 9: (970, 9), 10: (978, 8)}  # fmt: skip
    contacts = pd.DataFrame(
        {
            "customer": [2, 3, 9],
            "added_on": 800,
            "removed_at": pd.array([None, 990 * STAMP, 990 * STAMP], dtype="Int64"),
            "removed_by": [None, "customer", "staff"],
        }
    )
    deliveries = pd.DataFrame(
        {
            "customer": [5, 7, 6],
            "sent_on": 950,
            "opted_out_at": pd.array([951 * STAMP, None, None], dtype="Int64"),
            "complained_at": pd.array([None, 952 * STAMP, None], dtype="Int64"),
        }
    )
    invited = [(2, 6, 960), (2, 10, 961), (4, 8, 950), (4, 4, 950)]
    return {
        "orders": orders(*[(c, d, a) for c, (d, a) in spend.items()]),
        "contacts": contacts,
        "deliveries": deliveries,
        "referrals": pd.DataFrame(invited, columns=["referrer", "customer", "invited_on"]),
    }


@pytest.fixture
def measure():
    """Audiences of a brand: the client (with keyed ids), its base and the result."""
    with closing(connect()) as connection:

        def make(frames: dict, value: object = None, **options: object) -> SimpleNamespace:
            options = {"privacy": {"min_cell": 1}, **RULES} | options
            brand = small_client(connection, frames, 1000, **options)
            people = pd.DataFrame({"customer": pd.array(range(1, 11), dtype="Int32")})
            people["customer_id"] = [f"c{n:020x}" for n in people["customer"]]
            brand.people = store(connection, people)
            base = summarise_customers(brand)
            result = measure_audiences(base, brand.settings, value)
            return SimpleNamespace(client=brand, base=base, result=result)

        yield make


def members(found: SimpleNamespace, name: str) -> set[int]:
    rows = collect(found.result.members, limit=50)
    chosen = rows[(rows[name] == 1) & (rows["suppressed"] == 0)]
    return set(chosen["customer"].astype(int))


def test_members_by_hand(measure) -> None:
    """Super users: of one referrer with buyers no share below 1 is anybody; of two, half is one."""
    found = measure(brand(), super_user_share=0.2)
    assert members(found, "due") == {1, 6, 10}
    assert members(found, "going_silent") == {4, 9}
    assert members(found, "high_value_no_contact") == {1}
    table = found.result.table.set_index("audience")
    assert table["found_customers"].tolist()[:4] == [4, 3, 2, 0]
    assert pd.isna(table.loc["lookalike_seed", "found_customers"])
    assert table["suppressed_customers"].tolist()[:4] == [1, 1, 1, 0]
    assert table["customers"].tolist()[:4] == [3, 2, 1, 0]
    found = measure(brand(), super_user_share=0.99)
    assert members(found, "super_users") == set()  # one referrer is more than 99 % of one
    more = brand()
    more["referrals"] = pd.concat(
        [more["referrals"], pd.DataFrame({"referrer": [1], "customer": [2], "invited_on": [980]})]
    )
    found = measure(more, super_user_share=0.5)
    assert members(found, "super_users") == {2}


def test_high_value_customers_on_wecom(measure) -> None:
    """Of 1, 2 and 3 only 2 has a relation that stands."""
    figures = measure(brand()).result.figures
    assert (figures["high_value_contacts"], figures["high_value_customers"]) == (1, 3)
    assert figures["high_value_contact_share"] == pytest.approx(1 / 3)


def test_overlaps_add_up_both_ways(measure) -> None:
    """Against sets of the members; both rows of a pair say the same."""
    found = measure(brand())
    overlap = found.result.tables["overlap"].set_index(["audience", "other_audience"])
    for (one, other), row in overlap.iterrows():
        both = members(found, one) & members(found, other)
        assert row["customers"] == len(both)
        assert row["customers"] == overlap.loc[(other, one), "customers"]
        assert row["audience_customers"] == len(members(found, one))
    assert overlap.loc[("due", "high_value_no_contact"), "customers"] == 1


def test_who_removed_the_brand_is_left_out_even_where_nobody_noted_who(measure) -> None:
    """Without removed_by, 9 counts as having removed the brand as well."""
    frames = brand()
    frames["contacts"] = frames["contacts"].drop(columns="removed_by")
    assert members(measure(frames), "going_silent") == {4}


def test_what_cannot_be_known_is_said(measure) -> None:
    found = measure({"orders": brand()["orders"]})
    notes = [note.render("en") for note in found.result.notes]
    assert "Not measured: high value, no WeCom contact. No contacts were given." in notes
    assert "Not measured: super users. No referrals were given." in notes
    assert (
        "Not measured: look-alike seed. The orders span 90 days; a customer's value needs 180 days."
    ) in notes
    assert (
        "No deliveries with opted_out_at were given: who opted out is unknown. Take them out "
        "before sending."
    ) in notes
    assert found.result.methods == ("S191",)
    assert found.result.table.set_index("audience")["customers"].isna().to_dict() == {
        "due": False, "going_silent": False, "high_value_no_contact": True, "super_users": True,
        "lookalike_seed": True,
    }  # fmt: skip


def test_the_seed_is_the_top_by_expected_value(measure) -> None:
    """Ten values, a fifth: the two highest; below seed_min_customers it is not written."""
    frames = brand()
    first = measure(frames)
    worth = pd.DataFrame({"customer": range(1, 11), "expected_orders": 1.0})
    worth["expected_value"] = [5.0, 1, 9, 2, 3, 4, 1, 1, 1, 1]
    value = SimpleNamespace(people=_beside(first, worth), notes=())
    result = measure_audiences(
        first.base, _settings(first, seed_share=0.25, seed_min_customers=1), value
    )
    rows = collect(result.members, limit=50)
    assert set(rows.loc[rows["lookalike_seed"] == 1, "customer"]) == {1, 3}
    assert "lookalike_seed" in result.written
    assert "S019" in result.methods
    refused = measure_audiences(first.base, _settings(first, seed_share=0.25), value)
    assert "lookalike_seed" not in refused.written


def _beside(found: SimpleNamespace, table: pd.DataFrame) -> object:
    from privdom_kit.engine import send

    return send(table, found.base.people)


def _settings(found: SimpleNamespace, **options: object) -> object:
    chosen = found.client.settings
    return chosen.model_copy(update={"layering": chosen.layering.model_copy(update=options)})


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_hold_keyed_ids_and_the_reason_only(measure, tmp_path) -> None:
    found = measure(brand())
    stale = tmp_path / "audiences" / "super_users.csv"
    stale.parent.mkdir()
    stale.write_text("of an earlier run")
    files = layering.write_audiences(found.client, found.base, found.result, tmp_path)
    assert [f.name for f in files] == ["due.csv", "going_silent.csv", "high_value_no_contact.csv"]
    assert sorted(p.name for p in stale.parent.iterdir()) == sorted(f.name for f in files)
    assert read(files[0]) == [
        {"customer_id": f"c{n:020x}", "days_since_last_order": str(since), "gap_days": "20",
         "gap_source": "order_cycle", "days_past_due": str(since - 20)}
        for n, since in ((1, 19), (6, 21), (10, 22))
    ]  # fmt: skip
    assert read(files[2]) == [
        {"customer_id": f"c{1:020x}", "window_spend": "500", "days_since_last_order": "19"}
    ]
    for name, file in zip(found.result.written, files, strict=True):
        assert tuple(read(file)[0]) == ("customer_id", *REASONS[name])
    shown = found.result.table.set_index("audience")["file"]
    assert [tmp_path / f for f in shown.dropna()] == files


def test_a_list_below_the_least_cell_is_not_written(measure, tmp_path) -> None:
    """3 due, 2 going silent, 1 without contact: with 3 asked for only the due are written."""
    found = measure(brand(), privacy={"min_cell": 3})
    assert found.result.written == ("due",)
    table = found.result.table.set_index("audience")
    assert table["customers"].dropna().to_dict() == {"due": 3, "super_users": 0}
    assert pd.isna(table.loc["due", "suppressed_customers"])
    files = layering.write_audiences(found.client, found.base, found.result, tmp_path)
    assert [f.name for f in files] == ["due.csv"]
    everything = found.result.to_dict("en")
    assert everything["figures"]["high_value_contacts"] is None
    found = measure(brand(), privacy={"min_cell": 5})
    assert found.result.verdict is Verdict.NOT_ENOUGH_DATA
    assert layering.describe_audiences(found.result).statement.render("en") == (
        "None of 5 audiences could be measured and is large enough to be written."
    )


def test_without_a_folder_nothing_is_written(measure) -> None:
    found = measure(brand())
    assert layering.write_audiences(found.client, found.base, found.result, None) == []


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("@a", "'@a"),
        ("\t=1", "'\t=1"),
        ("c1", "c1"),
        (-2.5, -2.5),
        (3.0, 3),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_no_cell_runs_in_a_spreadsheet(value, cell) -> None:
    """OWASP's list of first characters; numbers stay numbers."""
    assert safe_cell(value) == cell


def test_large_lists_are_written_whole_and_in_parts(measure, tmp_path, monkeypatch) -> None:
    from privdom_kit import people_files

    found = measure(brand())
    whole = layering.write_audiences(found.client, found.base, found.result, tmp_path / "a")
    monkeypatch.setattr(people_files, "_CHUNK", 2)
    parts = layering.write_audiences(found.client, found.base, found.result, tmp_path / "b")
    assert [f.read_bytes() for f in whole] == [f.read_bytes() for f in parts]


def test_sentences_and_chart(measure) -> None:
    found = measure(brand())
    finding = layering.describe_audiences(found.result)
    assert [m.render("en") for m in (finding.statement, *finding.evidence)] == [
        "3 of 5 audiences are large enough and are written as files of pseudonymous ids.",
        "Audience due: 3 people. 1 more are left out, as they opted out, complained or removed "
        "the brand.",
        "Audience going silent: 2 people. 1 more are left out, as they opted out, complained or "
        "removed the brand.",
        "Audience high value, no WeCom contact: 1 people. 1 more are left out, as they opted out, "
        "complained or removed the brand.",
        "1 of 3 high-value customers (33.3%) have a WeCom contact that stands.",
    ]
    assert [m.render("zh") for m in (finding.statement, *finding.evidence)][:2] == [
        "5 个人群包中有 3 个人数足够，已按匿名编号导出为文件。",
        "人群包“到期”：3 人。另有 1 人因退订、投诉或删除好友被剔除。",
    ]
    ax = layering.plot_audiences(found.result)
    assert [bar.get_width() for bar in ax.patches] == [3, 2, 1, 0, 0]
    assert len(ax.get_yticklabels()) == len(AUDIENCES)


def test_an_answer_at_hand_is_not_measured_anew(measure, monkeypatch) -> None:
    from privdom_kit.layering import measure_lists

    found = measure(brand())
    value = measure_customer_value(found.base, found.client.settings)

    def refuse(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(measure_lists, "measure_customer_value", refuse)
    result = measure_audiences(found.base, found.client.settings, value)
    assert result.table.equals(found.result.table)
