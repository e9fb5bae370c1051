"""Playbook 00, identity: on a brand with planted people, and on small clients counted by hand."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from client_files import client_config, orders

from privdom_kit.client import Client, open_client
from privdom_kit.config import read_config
from privdom_kit.intake import describe_identity, measure_identity, plot_identity, plot_reach
from privdom_kit.results import Result, Verdict

CAMEL_MILK = Path(__file__).parents[2] / "sample_data" / "camel_milk"
SMALL = {"settings": {"privacy": {"min_cell": 1}}}


@pytest.fixture(scope="module")
def camel_milk(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("camel_milk")
    shutil.copytree(CAMEL_MILK, folder, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".privdom"))  # fmt: skip
    return open_client(read_config(folder / "client.yml"))


@pytest.fixture(scope="module")
def facts() -> dict:
    return yaml.safe_load((CAMEL_MILK / "facts.yml").read_text(encoding="utf-8"))["facts"]


def keyed(client: Client, identity: str, value: str) -> str:
    """Parent of every keyed id: HMAC-SHA256 of Python's standard library."""
    state = client.config.folder / ".privdom" / client.config.client
    key = bytes.fromhex((state / "secret.key").read_text().strip())
    return "c" + hmac.new(key, f"{identity}:{value}".encode(), hashlib.sha256).hexdigest()[:20]


def stored_identifiers(client: Client) -> pd.DataFrame:
    state = client.config.folder / ".privdom" / client.config.client
    (file,) = state.glob("tables/*/identifiers.parquet")
    return pd.read_parquet(file)


def pairs(*columns: pd.Series) -> int:
    sizes = pd.concat(columns, axis=1).value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


def test_camel_milk_is_stitched_as_planted(camel_milk: Client, facts: dict) -> None:
    """Every planted cluster comes back and no two are joined: precision and recall are 1."""
    truth = pd.read_parquet(CAMEL_MILK / "truth.parquet")
    truth["value_id"] = [keyed(camel_milk, row.id_type, row.id_value) for row in truth.itertuples()]
    found = stored_identifiers(camel_milk).rename(columns={"identity": "id_type"})
    both = truth.merge(found, how="outer", on=["id_type", "value_id"], indicator=True)
    counted = facts["identity"]["counted"]
    assert (both["_merge"] == "both").all()
    assert len(both) == counted["identifiers"]
    assert camel_milk.intake["people"] == both["customer"].nunique() == counted["clusters"]
    common = pairs(both["cluster"], both["customer"])
    assert common == pairs(both["cluster"]) == pairs(both["customer"]) > 0


def test_camel_milk_reach_is_counted_in_the_raw_files(camel_milk: Client) -> None:
    """Parent: distinct ids in the tables as written, one contact or follower being one person."""
    reach = measure_identity(camel_milk).tables["reach"].set_index("touchpoint")
    raw = pd.read_excel(CAMEL_MILK / "exports" / "wecom_contacts.xlsx", dtype=str)
    raw = raw.dropna(subset=["外部联系人ID", "员工"])
    added, removed = (pd.to_datetime(raw[c], errors="coerce") for c in ("添加时间", "流失时间"))
    end = pd.Timestamp("2026-06-01")
    still = (added < end) & ~(removed < end)
    assert reach.loc["wecom", "people_reachable"] == raw.loc[still, "外部联系人ID"].nunique()
    followers = pd.read_csv(CAMEL_MILK / "tables" / "followers.csv", dtype=str)
    came, left = (pd.to_datetime(followers[c]) for c in ("subscribed_at", "unsubscribed_at"))
    still = (came < end) & ~(left < end)
    assert (
        reach.loc["service_account", "people_reachable"]
        == followers.loc[still, "open_id"].nunique()
    )
    assert reach["people"].tolist() == [camel_milk.intake["people"]] * len(reach)


def test_camel_milk_buyers_are_those_planted(camel_milk: Client, facts: dict) -> None:
    reach = measure_identity(camel_milk).tables["reach"]
    assert set(reach["buyers"]) == {facts["concentration"]["counted"]["buyers"]}


def members(count: int, **columns: list) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "member_id": [f"M{i}" for i in range(count)],
            "registered_at": ["2026-01-01"] * count,
            **columns,
        }
    )


def shop(count: int, **columns: list) -> pd.DataFrame:
    return orders(order_id=[f"E{i}" for i in range(count)], **columns).drop(columns="customer_id")


def identity_of(tmp_path: Path, tables: dict, **keys: object) -> Result:
    client = open_client(client_config(tmp_path, tables, **{**SMALL, **keys}))
    try:
        return measure_identity(client)
    finally:
        client.close()


def phones(*numbers: int) -> list[str]:
    return [f"138{number:08}" for number in numbers]


def test_rates_by_key_of_a_client_counted_by_hand(tmp_path: Path) -> None:
    """Members 0 to 3 with phones 0 to 3; orders by phones 0, 0, 1, 7 and one masked.

    Two of five people stand in both tables, by phone; 5 of 8 rows that hold a phone are theirs.
    """
    tables = {
        "members": members(4, phone=phones(0, 1, 2, 3)),
        "orders": shop(5, phone=[*phones(0, 0, 1, 7), "138****0001"]),
    }
    result = identity_of(tmp_path, tables)
    table = result.table.set_index("identity")
    assert table.loc["phone", ["values", "unusable_values"]].tolist() == [5, 1]
    assert table.loc["phone", ["people", "people_matched"]].tolist() == [5, 2]
    assert table.loc["phone", ["rows", "rows_matched"]].tolist() == [8, 5]
    assert table.loc["phone", "people_matched_share"] == 2 / 5
    assert table.loc["phone", "rows_matched_share"] == 5 / 8
    assert table.loc["phone", "matched_by_key_share"] == 2 / 5
    assert table.loc["member_id", ["people", "people_matched"]].tolist() == [4, 2]
    assert table.loc["member_id", "people_matched_by_key"] == 0
    assert (result.figures["people"], result.figures["people_matched"]) == (5, 2)
    assert result.verdict is Verdict.CLEAR
    assert result.methods == ("S149", "S171", "S195")


def test_reach_by_touchpoint_counted_by_hand(tmp_path: Path) -> None:
    """Six people: two contacts (one removed, one personal), a follower gone, opt-outs by phone."""
    tables = {
        "contacts": pd.DataFrame(
            {
                "external_user_id": ["w0", "w1", "w2", "w2"],
                "staff_id": ["s", "s", "s", "t"],
                "added_at": ["2026-01-01"] * 4,
                "removed_at": ["", "2026-02-01", "2026-02-01", ""],
                "account_kind": ["personal", "wecom", "wecom", "wecom"],
                "phone": [*phones(0, 1), "", ""],
            }
        ),
        "followers": pd.DataFrame(
            {
                "open_id": ["o0", "o1"],
                "subscribed_at": ["2026-01-01"] * 2,
                "unsubscribed_at": ["2026-03-01", ""],
                "phone": phones(0, 3),
            }
        ),
        "members": members(2, phone=[phones(4)[0], ""]),
        "deliveries": pd.DataFrame(
            {
                "delivery_id": ["d0", "d1"],
                "phone": phones(1, 3),
                "channel": ["sms", "wecom"],
                "sent_at": ["2026-01-05"] * 2,
                "opted_out_at": ["2026-01-06", "2026-01-06"],
            }
        ),
        "orders": shop(2, phone=phones(1, 4)),
    }
    reach = identity_of(tmp_path, tables).tables["reach"].set_index("touchpoint")
    assert reach["people_reachable"].to_dict() == {
        "wecom": 1,  # w2, whom another member of staff still has; w0 is on a personal account
        "service_account": 1,  # o1
        "member_with_phone": 1,  # M0
        "phone": 3,  # 0, 3, 4; 1 opted out of texts, 3 of WeCom messages only
        "any": 4,
    }
    assert set(reach["people"]) == {6}
    assert reach["buyers_reachable"].to_dict()["any"] == 1
    assert set(reach["buyers"]) == {2}
    assert reach.loc["phone", "reachable_share"] == 3 / 6


def test_small_cells_are_hidden(tmp_path: Path) -> None:
    """At the default of ten people every count of the small client is null, shares too."""
    tables = {
        "members": members(4, phone=phones(0, 1, 2, 3)),
        "orders": shop(4, phone=phones(0, 0, 1, 7)),
    }
    result = identity_of(tmp_path, tables, settings={})
    people = result.table[["people", "people_matched", "people_matched_share"]]
    assert people.isna().all(axis=None)
    assert result.tables["reach"]["people_reachable"].isna().all()
    assert result.figures["people_matched"] is None


def test_capture_needs_a_count_of_visitors(tmp_path: Path) -> None:
    """Two people on one day and one on the next, beside 10 and 30 visitors: 3 of 40."""
    touches = pd.DataFrame(
        {
            "phone": phones(0, 0, 1, 0, 5),
            "occurred_at": ["2026-03-01 10:00", "2026-03-01 11:00", "2026-03-01", "2026-03-02",
                            "2026-03-09"],
            "touchpoint": ["mini_program"] * 5,
            "action": ["visit"] * 5,
            "direction": ["customer"] * 5,
        }
    )  # fmt: skip
    days = pd.DataFrame(
        {
            "date": ["2026-03-01", "2026-03-02", "2026-03-03"],
            "touchpoint": ["mini_program"] * 3,
            "metric": ["visitors", "visitors", "orders"],
            "value": ["10", "30", "7"],
        }
    )
    result = identity_of(tmp_path / "with", {"touches": touches, "touchpoint_days": days})
    (row,) = result.tables["capture"].to_dict("records")
    assert row == {
        "touchpoint": "mini_program",
        "days": 2,
        "identified": 3,
        "visitors": 40.0,
        "identified_share": 3 / 40,
    }
    without = identity_of(tmp_path / "without", {"touches": touches})
    assert "capture" not in without.tables
    assert [note.render("en") for note in without.notes] == [
        "Share of visitors identified: not measured, for no table counts a touchpoint's visitors "
        "by day (metric visitors in touchpoint_days)."
    ]


def verdicts(tmp_path: Path) -> dict[str, Result]:
    def both(phone: list[str]) -> dict:
        count = len(phone)
        return {"members": members(count, phone=phone), "orders": shop(count, phone=phone)}

    chain = pd.DataFrame(
        {
            "member_id": [f"M{i + j}" for i in range(29) for j in (0, 1)],
            "registered_at": "2026-01-01",
            "phone": [phones(i)[0] for i in range(29) for _ in (0, 1)],
        }
    )
    tables = {
        "clear": both(phones(*range(12))),
        "conflict": both(phones(*range(10), 0)),
        "shared": both(phones(*range(10), *[5] * 6)),
        "cluster": {"members": chain, "orders": shop(12, phone=phones(*range(12)))},
        "apart": {"members": members(3), "orders": shop(3, phone=phones(1, 2, 3))},
        "one": {"orders": shop(3, phone=phones(1, 2, 3))},
    }
    return {name: identity_of(tmp_path / name, given) for name, given in tables.items()}


def test_verdicts_and_their_words(tmp_path: Path) -> None:
    """One client a verdict; the statement of each in both languages."""
    results = verdicts(tmp_path)
    assert {name: str(result.verdict) for name, result in results.items()} == {
        "clear": "clear",
        "conflict": "watch",
        "shared": "watch",
        "cluster": "act",
        "apart": "act",
        "one": "not_measured",
    }
    said = {n: describe_identity(r).statement.render("en") for n, r in results.items()}
    assert said["clear"] == (
        "12 of 12 people (100.0%) are known from two tables or more; the others are known from one."
    )
    assert said["one"] == (
        "Fewer than two tables name people, so nothing shows whether their ids join."
    )
    chinese = {n: describe_identity(r).statement.render("zh") for n, r in results.items()}
    assert (
        chinese["clear"]
        == "12 位客户中有 12 位（100.0%）出现在两张或以上的表中，其余只出现在一张表中。"
    )
    assert chinese["one"] == "能识别到人的表不足两张，无法判断各表的标识能否打通。"
    shared = [m.render("en") for m in describe_identity(results["shared"]).evidence]
    assert "1 values stand on more than 5 people each; they join nobody and name nobody." in shared
    cluster = [m.render("en") for m in describe_identity(results["cluster"]).evidence]
    assert (
        "1 clusters hold more than 50 values; nobody in them was joined through a weaker key."
        in cluster
    )
    conflict = [m.render("en") for m in describe_identity(results["conflict"]).evidence]
    assert "People with two customer, union or member ids: 1." in conflict
    assert describe_identity(results["clear"]).action is None


def test_no_raw_identifier_in_the_answer(tmp_path: Path) -> None:
    """A shared phone, a conflict and a cluster are listed by keyed id only."""
    for result in verdicts(tmp_path).values():
        written = str(result.to_dict("en"))
        assert "1380000" not in written
        assert "'M1" not in written


def test_charts_draw_the_table(tmp_path: Path) -> None:
    """Bars are as long as the shares, the first on top."""
    result = verdicts(tmp_path)["conflict"]
    ax = plot_identity(result)
    drawn = [bar.get_width() for bar in ax.patches]
    assert np.allclose(drawn, result.table["people_matched_share"].dropna().astype(float))
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    ax = plot_reach(result)
    drawn = [bar.get_width() for bar in ax.patches]
    assert np.allclose(drawn, result.tables["reach"]["reachable_share"].astype(float))


def test_one_table_gives_no_share_of_matched_people(tmp_path):
    """With a single table nobody could be matched: null, where 0 % would be a finding."""
    client = open_client(client_config(tmp_path, {"orders": orders()}))
    result = measure_identity(client)
    client.close()
    assert result.verdict == "not_measured"
    assert result.figures["people_matched"] is None
    assert result.figures["matched_share"] is None
