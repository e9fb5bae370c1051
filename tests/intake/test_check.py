"""The check report: facts about the tables, questions that can run, mappings to propose."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml
from client_files import client_config, orders
from export_files import LENIENT, export_config

from privdom_kit.config import read_config
from privdom_kit.contracts import TABLES
from privdom_kit.intake import UnusableData, build_check, prepare, write_check
from privdom_kit.intake.proposing import propose, propose_columns
from privdom_kit.knowledge.needs import NEEDS, judge_need
from privdom_kit.knowledge.questions import PLAYBOOKS
from privdom_kit.report.check_page import render_check_page, write_check_page
from privdom_kit.running.checking import check_lines


def checked(tmp_path, tables, **keys):
    config = client_config(tmp_path, tables, **keys)
    return build_check(prepare(config), config)


def test_days_without_rows(tmp_path):
    """Rows on 1, 2, 5 and 12 March: 8 of 12 days are empty, in two stretches of 2 and 6 days."""
    days = ["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-05", "2026-03-12 23:59:59"]
    report = checked(tmp_path, {"orders": orders(paid_at=days)})
    assert report["tables"]["orders"]["profile"]["days"] == {
        "first": "2026-03-01",
        "last": "2026-03-12",
        "with_rows": 4,
        "without_rows": 8,
        "days_before_as_of": 80,  # 12 March to 31 May: 19 + 30 + 31
        "gap_count": 2,
        "gaps": [
            {"from": "2026-03-06", "to": "2026-03-11", "days": 6},
            {"from": "2026-03-03", "to": "2026-03-04", "days": 2},
        ],
        "late": True,
    }


def test_identities_and_impossible_times(tmp_path):
    """Two of four phones name somebody; one is masked, one blank; one removal is too early."""
    contacts = pd.DataFrame(
        {
            "external_user_id": ["a", "b", "c", "d"],
            "phone": ["13800138000", "13800138001", "138****8002", ""],
            "staff_id": ["s"] * 4,
            "added_at": ["2026-05-01"] * 4,
            "removed_at": ["2026-05-02", "2026-04-30", "", "2026-05-01"],
        }
    )
    profile = checked(tmp_path, {"contacts": contacts})["tables"]["contacts"]["profile"]
    assert profile["identities"]["phone"] == {"rows": 4, "with_value": 2, "masked": 1}
    assert profile["identities"]["external_user_id"] == {"rows": 4, "with_value": 4, "masked": 0}
    assert profile["impossible_times"] == {"removed_at": 1}


def test_every_question_has_its_needs():
    """The needs name the questions of the contract, and tables and columns that exist."""
    assert {p: tuple(q) for p, q in NEEDS.items()} == dict(PLAYBOOKS)
    for needs in NEEDS.values():
        for item in (item for need in needs.values() for part in need for item in part):
            table, _, column = item.partition(".")
            assert table in (*TABLES, "forms", "results"), item
            assert not column or TABLES[table].has(column), item


@pytest.mark.parametrize(
    ("need", "given", "runs", "missing"),
    [
        ((("orders",),), {"orders": ["amount"]}, True, ()),
        ((("orders.on_promotion",),), {"orders": ["amount"]}, False, ("orders.on_promotion",)),
        ((("orders", "touches"), ("forms",)), {"orders": []}, False, ("touches",)),
        ((("a", "b"), ("forms",)), {}, False, ("forms",)),
        (((),), {}, True, ()),
    ],
)
def test_needs(need, given, runs, missing):
    """One alternative is enough; of those that are not there the nearest is named."""
    found = judge_need(need, given, forms=False)
    assert (found.runs, found.missing) == (runs, missing)


def test_questions_follow_the_columns_given(tmp_path):
    """Orders without on_promotion: rfm runs, revenue_split does not and says what it lacks."""
    questions = checked(tmp_path, {"orders": orders()})["questions"]
    assert questions["01_user_layering"]["rfm"] == {"runs": True, "missing": []}
    assert questions["01_user_layering"]["revenue_split"] == {
        "runs": False,
        "missing": ["orders.on_promotion"],
    }
    assert questions["06_link_reconstruction"]["leads"]["missing"] == ["leads"]


UNKNOWN = "单据编号,付款时间,成交金额（元）,买家电话,备注\n1,2026-01-01,5.00,13800138000,x\n"


def test_an_unknown_export_gets_a_proposal_and_nothing_is_read_by_it(tmp_path):
    """Guesses are marked; pasted as they are, they read the file."""
    config = client_config(tmp_path, {"orders": UNKNOWN})
    with pytest.raises(UnusableData) as caught:
        prepare(config)
    report = build_check(caught.value, config)
    (found,) = report["proposals"]
    assert found["yaml"] == (
        "  orders:\n"
        "    path: orders.csv\n"
        "    columns:\n"
        "      phone: 买家电话  # a guess: confirm or correct\n"
        "      order_id: 单据编号  # a guess: confirm or correct\n"
        "      paid_at: 付款时间  # a guess: confirm or correct\n"
        "      amount: 成交金额（元）  # a guess: confirm or correct\n"
    )
    assert any("to be confirmed" in line for line in check_lines(report))
    written = yaml.safe_load(config.path.read_text(encoding="utf-8"))
    written["tables"] |= yaml.safe_load(found["yaml"])
    config.path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    assert prepare(read_config(config.path)).manifest["tables"]["orders"]["used"] == 1


def test_a_known_export_is_recognised(tmp_path):
    """By its headers, whatever their order; also where it stands under the wrong table."""
    header = (
        "售后状态,主订单编号,子订单编号,订单应付金额,收件人手机号,支付完成时间,订单状态,所属门店ID"
    )
    assert propose_columns(TABLES["orders"], header.split(",")).preset == "douyin_orders"
    header = "订单号,商品名称,商品单价,商品数量,商品规格,商品编码,商品类目"
    wrong = propose_columns(TABLES["orders"], header.split(","))
    assert (wrong.preset, wrong.other) == ("", ("youzan_items",))


def test_columns_for_which_nothing_is_like(tmp_path):
    """They are named as missing, not filled with whatever is left."""
    found = propose_columns(TABLES["orders"], ["a", "b", "c"])
    assert found.columns == {}
    assert found.missing == ("order_id", "paid_at", "amount")
    assert "# amount: ?  (required, nothing like it)" in found.to_yaml()


def test_no_proposal_for_what_is_mapped(tmp_path):
    """Usable tables, with and without a preset, need none."""
    config = client_config(tmp_path / "a", {"orders": orders()})
    assert propose(config) == []
    text = "dateTime,pvNum,uvNum,openNum\n2026-01-01,1,1,1\n"
    config = export_config(tmp_path / "b", "touchpoint_days", "short_links", text)
    assert propose(config) == []


def test_a_header_that_yaml_would_misread_is_quoted(tmp_path):
    """A header such as `no` or `a: b` survives pasting."""
    found = propose_columns(TABLES["orders"], ["order_id", "paid_at", "amount", "买家手机: 号"])
    pasted = yaml.safe_load("tables:\n" + replace(found, path="x: y.csv").to_yaml())["tables"][
        "orders"
    ]
    assert pasted["columns"]["phone"] == "买家手机: 号"
    assert pasted["path"] == "x: y.csv"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_what_the_json_says(tmp_path, language):
    """Counts, reasons, spans and proposals are on the page; it makes no request."""
    table = orders(amount=["x", "5", "5"], paid_at=["2026-03-01", "2026-03-02", "2026-03-09"])
    config = client_config(tmp_path, {"orders": table.assign(customer_id="a")}, **LENIENT)
    report = write_check(prepare(config), tmp_path / "out", config)
    assert json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8")) == report
    page = write_check_page(report, tmp_path / "out", brand="驼小满", language=language)
    html = page.read_text(encoding="utf-8")
    assert re.search(r"https?://", html) is None
    assert "2026-03-02 – 2026-03-09" in html
    assert {"zh": "不是数字", "en": "not a number"}[language] in html
    assert {"zh": "8 天中有 6 天没有数据", "en": "6 of 8 days have no row"}[language] in html
    assert {"zh": "缺少 leads", "en": "lacks leads"}[language] in re.sub(r"\s+", " ", html)


def test_the_page_escapes_headers(tmp_path):
    """A header is the client's text: it is shown, not run."""
    text = "<script>alert(1)</script>,b\n1,2\n"
    config = client_config(tmp_path, {"orders": text})
    with pytest.raises(UnusableData) as caught:
        prepare(config)
    html = render_check_page(build_check(caught.value, config), brand="<b>", language="en")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>" not in html


def test_no_value_of_a_person_is_in_the_report(tmp_path):
    """Unknown words of a choice are shown; what looks like a number of somebody is not."""
    table = orders(status=["拼团中", "13800138000", "a@b.example.long-address"])
    with pytest.raises(UnusableData) as caught:
        prepare(client_config(tmp_path, {"orders": table}))
    text = json.dumps(build_check(caught.value), ensure_ascii=False)
    assert "拼团中" in text
    assert "13800138000" not in text
    assert "a@b.example" not in text
