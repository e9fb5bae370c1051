"""The catalogue against the method map it was made from, and the sentences of its look-up.

Counts and ranges of ids are those of the project's method map (its table "Spread" and its rows);
the map itself is not shipped.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from wcwidth import wcswidth

from privdom_kit.contracts import TABLES
from privdom_kit.errors import PrivdomError
from privdom_kit.knowledge import (
    PLAYBOOKS,
    KnowledgeError,
    Method,
    find_method,
    load_articles,
    load_methods,
    render_catalogue,
    render_method,
)
from privdom_kit.knowledge.columns import text_width
from privdom_kit.knowledge.loading import FOLDER, read_yaml
from privdom_kit.knowledge.methods import read_methods

# Left: words that a machine put into the copy of article 001; the map lists what was meant.
SPUN = (
    "代价", "密切度", "长大", "采办", "分歧", "产物", "方针",
    "批评", "舆图", "题目", "炊事", "飞腾", "掩眼法", "怪异",
    "故意机", "介入", "几多", "小法式", "大师", "概况", "勒索",
)  # fmt: skip
PINYIN = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]")


def simplified(text: str) -> bool:
    """GB 2312 holds simplified characters only, so what it cannot encode is traditional."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return not PINYIN.search(text)


def first_methods() -> dict[str, Any]:
    """The file with two methods only, free to be broken."""
    content = read_yaml("methods.yml")
    return content | {"methods": content["methods"][:2]}


def test_ids_run_without_gap_as_in_the_map() -> None:
    assert list(load_methods()) == [f"S{number:03}" for number in range(1, 212)]


@pytest.mark.parametrize(
    ("article", "spans"),
    [
        ("000", [(1, 35)]),
        ("001", [(36, 99)]),
        ("002", [(100, 148), (209, 211)]),
        ("003", [(149, 171)]),
        ("004", [(172, 208)]),
    ],
)
def test_articles_of_the_ids_as_in_the_map(article: str, spans: list[tuple[int, int]]) -> None:
    expected = [f"S{n:03}" for first, last in spans for n in range(first, last + 1)]
    assert [m.id for m in load_methods().values() if m.article == article] == expected


def test_counts_per_article_as_in_the_map() -> None:
    counts = Counter(method.article for method in load_methods().values())
    assert counts == {"000": 35, "001": 64, "002": 52, "003": 23, "004": 37}


def test_every_home_is_a_question_of_its_playbook() -> None:
    assert {m.id: m.home for m in load_methods().values() if m.question not in
            PLAYBOOKS[m.playbook]} == {}  # fmt: skip


@pytest.mark.parametrize(
    ("method_id", "home"),
    [
        ("S006", "01_user_layering/states"),
        ("S050", "01_user_layering/purchase_layers"),
        ("S131", "02_touchpoint_audit/content_mix"),
        ("S041", "06_link_reconstruction/pool"),
        ("S121", "06_link_reconstruction/step_removal"),
        ("S144", "07_growth_plan/fake_growth"),
    ],
)
def test_homes_that_the_issues_name(method_id: str, home: str) -> None:
    """Issues 2, 4 and 6 name these formulas under these questions."""
    assert find_method(method_id).home == home


def test_inputs_are_canonical_tables_and_columns() -> None:
    """Against the declared canonical tables; forms, results and economics are no tables."""
    unknown = []
    for method in load_methods().values():
        for name in method.inputs:
            table, _, column = name.partition(".")
            if table in ("forms", "results", "economics"):
                continue
            known = {spec.name for spec in TABLES[table].columns} if table in TABLES else None
            if known is None or (column and column not in known):
                unknown.append((method.id, name))
    assert unknown == []


def test_results_named_as_inputs_are_questions() -> None:
    questions = {question for names in PLAYBOOKS.values() for question in names}
    named = {
        name.removeprefix("results.")
        for method in load_methods().values()
        for name in method.inputs
        if name.startswith("results.")
    }
    assert named <= questions
    assert "states" in named


@pytest.mark.parametrize("text", ["說對的話", "惡性營銷", "轉(zhuǎn)化"])
def test_the_check_for_simplified_text_sees_the_maps_own_terms(text: str) -> None:
    """Terms as the copy of article 002 writes them."""
    assert not simplified(text)


def test_chinese_names_are_simplified_and_in_the_trades_words() -> None:
    names = {method.id: method.zh for method in load_methods().values()}
    assert {i: name for i, name in names.items() if not simplified(name)} == {}
    assert {i: name for i, name in names.items() if any(word in name for word in SPUN)} == {}
    assert {i for i, name in names.items() if not re.search("[\u4e00-\u9fff]", name)} == set()


def test_names_are_given_once() -> None:
    for language in ("zh", "en"):
        counts = Counter(getattr(method, language) for method in load_methods().values())
        assert [name for name, count in counts.items() if count > 1] == []


def test_only_what_is_computed_can_be_available() -> None:
    """Background is never computed, so no question can deliver it."""
    kinds = {m.kind for m in load_methods().values() if m.status == "available"}
    assert kinds and "context" not in kinds


@pytest.mark.parametrize(
    ("method_id", "numbers"),
    [
        ("S045", ["1,000", "50 %"]),
        ("S047", ["70 %"]),
        ("S052", ["0.8", "1.2", "over 2"]),
        ("S131", ["30, 30, 30 and 10 %"]),
        ("S137", ["60 %", "15 %"]),
        ("S031", ["72 hours"]),
        ("S117", ["30 characters"]),
    ],
)
def test_formulas_carry_the_maps_thresholds(method_id: str, numbers: list[str]) -> None:
    """Numbers of the map's formula column."""
    formula = find_method(method_id).formula
    assert [number for number in numbers if number not in formula] == []


def test_dates_of_claims_as_in_the_map() -> None:
    """The map dates the talk's report figures apart, and Dunbar's not at all."""
    dates = {i: find_method(i).date for i in ("S001", "S041", "S136", "S184", "S188", "S189")}
    assert dates == {
        "S001": "2020-12",
        "S041": "2024",
        "S136": "2022",
        "S184": "2019",
        "S188": "2013/2014",
        "S189": None,
    }


def test_find_method_takes_any_case() -> None:
    assert find_method("s006") is find_method("S006") is find_method(" S006 ")


@pytest.mark.parametrize(
    ("method_id", "message"),
    [
        (
            "S212",
            'The catalogue has no method "S212". Ids run from S001 to S211; nearest: S209, S210, '
            "S211. `privdom methods` lists them all.",
        ),
        (
            "S6",
            'The catalogue has no method "S6". Ids run from S001 to S211; nearest: S005, S006, '
            "S007. `privdom methods` lists them all.",
        ),
        (
            "rfm",
            'The catalogue has no method "rfm". Ids run from S001 to S211. `privdom methods` '
            "lists them all.",
        ),
    ],
)
def test_an_unknown_id_names_the_nearest(method_id: str, message: str) -> None:
    with pytest.raises(PrivdomError) as caught:
        find_method(method_id)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("text", ["用户五态", "SOP内容配比3:3:3:1", "（AIPL）", "café", "e\u0301"])
def test_text_width_agrees_with_wcwidth(text: str) -> None:
    """Second library: wcwidth."""
    assert text_width(text) == wcswidth(text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_catalogue_columns_start_at_one_cell(language: str) -> None:
    """Cells before each home are measured with wcwidth, not with our own width."""
    methods = load_methods()
    lines = render_catalogue(methods, language).splitlines()
    rows = dict(zip(methods.values(), lines[1:], strict=False))
    assert len(rows) == 211
    for part in ("en", "home"):
        starts = {wcswidth(row[: row.index(f"  {getattr(m, part)} ")]) for m, row in rows.items()}
        assert len(starts) == 1
    assert all(row.startswith(method.id) for method, row in rows.items())


@pytest.mark.parametrize(
    ("language", "heading", "totals"),
    [
        ("en", "id", "2 methods: 1 available, 1 planned"),
        ("zh", "编号", "共2个方法\uff1a已提供1个\uff0c计划中1个"),
    ],
)
def test_catalogue_says_how_many_are_available(language: str, heading: str, totals: str) -> None:
    """Two methods picked by hand: one available, one planned."""
    picked = {i: find_method(i) for i in ("S006", "S208")}
    lines = render_catalogue(picked, language).splitlines()
    assert lines[0].startswith(heading)
    assert lines[-1] == totals


def test_card_of_a_method() -> None:
    """A method made by hand; its source line is what the map says of article 000."""
    method = Method(
        id="S999",
        zh="示例",
        en="example",
        formula="Buyers / people; " + "a sentence that needs a second line " * 2,
        inputs=("orders.paid_at", "forms"),
        playbook="02_touchpoint_audit",
        question="churn",
        kind="rule",
        article="000",
        date=None,
        status="planned",
    )
    assert render_method(method).splitlines() == [
        "S999  示例 | example",
        "  formula   Buyers / people; a sentence that needs a second line a sentence that",
        "            needs a second line",
        "  inputs    orders.paid_at, forms",
        "  playbook  02_touchpoint_audit (Touchpoint audit)",
        "  question  churn",
        "  kind      rule",
        "  status    planned",
        "  source    article 000: 见实, interview with 孙震宇 (明略有风), 2020-12-28; "
        "claim undated",
    ]


def test_articles_are_five_with_source_and_date() -> None:
    articles = load_articles()
    assert list(articles) == ["000", "001", "002", "003", "004"]
    assert articles["000"].published == "2020-12-28"
    assert articles["003"].published == "2022-09-22"
    assert articles["001"].note == "known from an altered copy and never quoted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "computd"}, 'S001 has kind "computd". one of benchmark, computed, context, '
         "rubric, rule (nearest: computed)."),
        ({"question": "catalog"}, 'S001 has question "catalog". one of benefits, catalogue, '),
        ({"playbook": "2_touchpoint"}, 'S001 has playbook "2_touchpoint". one of 00_intake, '),
        ({"article": "005"}, 'S001 has article "005". one of 000, 001, 002, 003, 004'),
        ({"status": "done"}, 'S001 has status "done". one of available, planned.'),
        ({"formula": " "}, "S001 has formula ' '. a text that is not empty."),
        ({"id": "S002"}, "S002 stands twice. each id once."),
        ({"id": "T001"}, "T001 is no id. S and three digits."),
        ({"inputs": ["Orders"]}, 'S001 has input "Orders". a table or table.column.'),
        ({"date": "May"}, 'S001 has date "May". a year, month or day, or null.'),
        ({"formla": "x"}, 'S001 has field "formla". one of article, date, en, formula, '),
    ],
)  # fmt: skip
def test_a_broken_catalogue_says_where(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    content = first_methods()
    content["methods"][0] |= change
    (tmp_path / "methods.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_methods(tmp_path)
    assert str(caught.value).startswith(f"methods.yml: {message}")
    assert str(caught.value).endswith("Correct knowledge/methods.yml.")


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    content = first_methods()
    del content["methods"][1]["zh"]
    (tmp_path / "methods.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError, match=r"^methods\.yml: S002 lacks zh\. the fields id, zh,"):
        read_methods(tmp_path)


def test_a_missing_or_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"^methods\.yml is not in "):
        read_methods(tmp_path)
    shutil.copy(FOLDER / "methods.yml", tmp_path)
    (tmp_path / "methods.yml").write_text("methods: [", "utf-8")
    with pytest.raises(KnowledgeError, match=r"^methods\.yml: the file is no YAML "):
        read_methods(tmp_path)
