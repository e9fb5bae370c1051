"""The Chinese catalogue: complete, faithful in its placeholders, and Chinese."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from privdom_kit.report import catalogue
from privdom_kit.report.extract import extract, python_texts, template_texts, unreadable_calls


def test_every_text_has_its_chinese() -> None:
    """A missing or fuzzy translation, other placeholders, English left: all are listed here."""
    assert catalogue.check() == []


def test_extraction_sees_every_kind_of_place() -> None:
    places = {text.place.partition("/")[0] + Path(text.place).suffix for text in extract(ROOT)}
    assert {"privdom_kit.py", "privdom_kit.j2"} <= places
    templates = {text.template for text in extract(ROOT)}
    assert {
        "about to lapse",
        "Contents",
        "Based on {used:count} of {rows:count} rows.",
    } <= templates


ROOT = catalogue.ROOT


def test_texts_are_read_from_calls_also_from_both_sides_of_a_choice() -> None:
    source = 'msg("a" "b"); text("c" if x else "d"); Message("e"); other("f"); msg("{x:count}")'
    assert list(python_texts(source)) == ["ab", "c", "d", "e"]


def test_a_text_that_cannot_be_read_is_found() -> None:
    assert list(unreadable_calls('msg("a")\nmsg(name)\ntext(f"{x}")\nax.text(name)')) == [2, 3]


def test_texts_are_read_from_templates() -> None:
    assert list(template_texts('{{ say("Contents") }}{{ other("x") }}')) == ["Contents"]


@pytest.mark.parametrize(
    ("template", "translation", "problem"),
    [
        ("{a:count} rows", "{a:count} 行", None),
        ("{a:count} rows", "共 {a:number} 行", "its placeholders differ from the original's"),
        ("{a:count} rows", "行", "its placeholders differ from the original's"),
        ("{a} and {a}", "{a}", "its placeholders differ from the original's"),
        ("customers", "customers 客户", "English is left: customers"),
        ("see client.yml", "见 client.yml", None),
        ("the Wilson interval", "Wilson 区间", None),
        ("AI call", "AI 外呼", None),
        ("no, rows", "无,行", "half-width punctuation beside Chinese: 无,"),
    ],
)
def test_a_wrong_translation_is_found(template: str, translation: str, problem: str | None) -> None:
    assert catalogue.compare(template, translation) == ([problem] if problem else [])


def test_prose_may_hold_braces_and_must_keep_its_headings() -> None:
    assert catalogue.compare("## A {x}", "## 甲", prose=True) == []
    assert catalogue.compare("## A", "甲", prose=True) == [
        "its headings differ from the original's"
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one module and one playbook."""
    (tmp_path / "privdom_kit").mkdir()
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "privdom_kit" / "a.py").write_text('msg("One row.")\nmsg(name)\n')
    cells = [{"cell_type": "markdown", "source": ["# A question\n", "\n", "Words."]}]
    (tmp_path / "playbooks" / "01.ipynb").write_text(json.dumps({"cells": cells}))
    return tmp_path


def test_an_update_adds_texts_and_keeps_translations(repository: Path) -> None:
    po = repository / "zh.po"
    catalogue.update(repository, po)
    assert catalogue.read(po).get("One row.").string == ""
    assert catalogue.read(po).get("# A question\n\nWords.").string == ""
    po.write_text(
        po.read_text("utf-8").replace('"One row."\nmsgstr ""', '"One row."\nmsgstr "一行。"')
    )
    (repository / "privdom_kit" / "b.py").write_text('msg("Two rows.")')
    catalogue.update(repository, po)
    assert catalogue.read(po).get("One row.").string == "一行。"
    assert catalogue.read(po).get("Two rows.").string == ""
    before = po.read_bytes()
    catalogue.update(repository, po)
    assert po.read_bytes() == before


def test_a_translation_survives_while_its_text_is_away(repository: Path) -> None:
    po, module = repository / "zh.po", repository / "privdom_kit" / "a.py"
    catalogue.update(repository, po)
    po.write_text(
        po.read_text("utf-8").replace('"One row."\nmsgstr ""', '"One row."\nmsgstr "一行。"')
    )
    module.write_text("")
    catalogue.update(repository, po)
    assert catalogue.read(po).get("One row.") is None
    module.write_text('msg("One row.")')
    catalogue.update(repository, po)
    assert catalogue.read(po).get("One row.").string == "一行。"


def test_the_check_names_what_is_missing_fuzzy_or_unreadable(repository: Path) -> None:
    po = repository / "zh.po"
    catalogue.update(repository, po)
    fuzzy = '#, fuzzy\nmsgid "One row."\nmsgstr "一行。"'
    po.write_text(po.read_text("utf-8").replace('msgid "One row."\nmsgstr ""', fuzzy))
    problems = catalogue.check(repository, po)
    assert "privdom_kit/a.py: the translation of 'One row.': it is marked fuzzy" in problems
    assert "playbooks/01.ipynb: no translation of '# A question\\n\\nWords.'" in problems
    assert "privdom_kit/a.py:2: the text given to msg or text is not a literal" in problems


def test_names_without_a_label_are_found_in_results(tmp_path: Path) -> None:
    result = {
        "question": "states",
        "table": [{"state": "lapsed", "humming_bird": 1}],
        "tables": {"more": [{"customers": 1, "odd_one": 2}]},
        "figures": {"rare_figure": 3},
        "coverage": {"dropped": {"after as_of": 1, "the dog": 2}},
    }
    (tmp_path / "states.json").write_text(json.dumps(result))
    names = catalogue.unlabelled(tmp_path)
    assert names == ["humming_bird", "more", "odd_one", "rare_figure", "the dog"]
