"""The catalogue of touchpoints and the rubrics: whole, in two languages, held to the method map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from privdom_kit.knowledge.loading import KnowledgeError, read_yaml
from privdom_kit.knowledge.methods import load_methods
from privdom_kit.knowledge.rubrics import load_rubrics, read_rubrics
from privdom_kit.knowledge.touchpoints import ROLES, load_touchpoints, read_touchpoints
from privdom_kit.touchpoints.duties import KPIS

# The values of touchpoint that the canonical tables use.
DATA = (
    *("service_account", "wecom_chat", "group", "moments", "mini_program", "channels", "live"),
    *("sms", "call", "call_sms", "membership", "lead", "referral", "service", "survey", "store"),
    "platform_shop",
)


def test_the_catalogue_has_the_60_touchpoints_that_article_000_speaks_of() -> None:
    made = load_touchpoints()
    assert len(made.touchpoints) >= 60
    assert set(DATA) <= set(made.touchpoints)
    assert set(made.roles) == set(ROLES)


def test_names_are_given_once_in_each_language() -> None:
    for language in ("en", "zh"):
        names = [one.words[language] for one in load_touchpoints().touchpoints.values()]
        assert len(set(names)) == len(names)
    chinese = [one.words["zh"] for one in load_touchpoints().touchpoints.values()]
    assert all(re.search("[\u4e00-\u9fff]", name) for name in chinese)


def test_every_kpi_can_be_counted() -> None:
    made = load_touchpoints()
    assert set(made.kpis) == set(KPIS)
    assert {k for k, (_, base) in KPIS.items() if base} == {
        kpi.id for kpi in made.kpis.values() if kpi.kind == "rate"
    }


def test_roles_by_the_articles() -> None:
    """S009: scale, depth, transaction, public reach. S039: five touchpoints, five roles."""
    rules = {
        (rule.method, role): rule.touchpoints for role, rule in load_touchpoints().rules.items()
    }
    assert rules["S009", "scale"] == ("service_account",)
    assert rules["S009", "closeness"] == ("wecom_chat", "group")
    assert rules["S009", "transaction"] == ("mini_program",)
    assert rules["S009", "awareness"] == ("channels",)
    assert rules["S039", "real_person"] == ("moments",)
    assert rules["S039", "seeding"] == ("service_account",)
    assert rules["S039", "interaction"] == ("live",)


def test_what_shows_a_touchpoint_names_a_known_one() -> None:
    made = load_touchpoints().touchpoints
    for one in made.values():
        for mark in one.seen_as:
            assert re.fullmatch(r"[a-z_]+(\.[a-z_]+|:[a-z_]+(\.[a-z_]+)?)", mark)
            assert re.split("[.:]", mark)[0] in made


@pytest.mark.parametrize(
    ("rubric", "items", "scale"),
    [
        ("why_checklist", ["click", "not_mute", "not_block", "share", "read_us"], "yes_no"),
        ("member_system", ["points", "benefits", "growth_path", "interaction", "data"], "yes_no"),
        ("account_content", ["social", "emotion", "usefulness"], "0_to_3"),
        ("persona", ["positioning", "realness", "value"], "0_to_3"),
        ("persona_relation", ["fit"], "0_to_3"),
        ("malicious_signs", ["send_list_only", "broadcast_only", "coupons_only"], "yes_no"),
        ("benign_marketing", ["varied", "moderate", "many_forms"], "yes_no"),
    ],
)
def test_rubrics_as_in_the_method_map(rubric: str, items: list[str], scale: str) -> None:
    """S002 five questions, S072 five parts, S073, S133, S190 0 to 3, S135 and S138 three each."""
    found = load_rubrics()[rubric]
    assert [item.id for item in found.items] == items
    assert found.scale == scale
    method = load_methods()[found.method]
    assert found.source == f"article {method.article}"
    assert found.date == method.date


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "scal"}, 'touchpoints.yml: service_account has role "scal". one of '),
        ({"kpi": "reads"}, 'touchpoints.yml: service_account has kpi "reads". one of '),
        ({"words": {"en": "x"}}, "touchpoints.yml: service_account has zh None."),
    ],
)
def test_a_broken_touchpoint_says_where(change: dict, message: str, tmp_path: Path) -> None:
    content = read_yaml("touchpoints.yml")
    content["touchpoints"][0] |= change
    (tmp_path / "touchpoints.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_touchpoints(tmp_path)
    assert str(caught.value).startswith(message)


def test_a_rubric_with_too_few_levels_says_where(tmp_path: Path) -> None:
    content = read_yaml("rubrics.yml")
    content["rubrics"][0]["items"][0]["levels"].pop()
    (tmp_path / "rubrics.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError, match=r"why_checklist\.click has 1 levels\. 2 for"):
        read_rubrics(tmp_path)


@pytest.mark.parametrize("name", ["touchpoints.yml", "rubrics.yml", "rules.yml"])
def test_files_read_the_same_without_the_c_library(name: str) -> None:
    """PyYAML's own parser is stricter than libyaml's; a machine may have only the one."""
    from privdom_kit.knowledge.loading import FOLDER

    text = (FOLDER / name).read_text("utf-8")
    assert yaml.load(text, yaml.SafeLoader) == read_yaml(name)
