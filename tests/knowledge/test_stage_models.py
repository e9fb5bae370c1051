"""Stage models: what ships is sound, and what is not is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from privdom_kit.knowledge.loading import KnowledgeError
from privdom_kit.knowledge.stage_models import (
    StageRule,
    load_stage_models,
    read_stage_models,
    usual_ranks,
)


def test_the_published_stages_stand_in_their_order() -> None:
    """AIPL and DEEPLINK as Alibaba publishes them, AARRR by McClure, 招育转留赞 by its letters."""
    first_letters = {
        name: "".join(stage.en[0] for stage in model.stages)
        for name, model in load_stage_models().items()
    }
    assert first_letters["aipl"] == "aipl"
    assert [s.id for s in load_stage_models()["deeplink"].stages] == [
        "discover", "engage", "enthuse", "perform", "initial", "numerous", "keen",
    ]  # fmt: skip
    zh = [stage.zh[-1] for stage in load_stage_models()["recruit_to_praise"].stages]
    assert [a in "募招育化转存留赞" for a in zh] == [True] * 5
    assert all(model.source and model.date for model in load_stage_models().values())


def test_a_rule_fits_by_action_place_and_side() -> None:
    event = {"action": "deal", "touchpoint": "lead", "direction": "customer"}
    assert StageRule(("deal",), ("lead",), "customer").fits(event)
    assert not StageRule(("order",)).fits(event)
    assert not StageRule(("deal",), ("store",)).fits(event)
    assert not StageRule(("deal",), by="brand").fits(event)


def test_usual_names_are_ranked_once() -> None:
    ranks = usual_ranks()
    assert ranks["aware"] < ranks["first_order"] < ranks["service"] < ranks["recommend"]
    assert ranks["购买"] == ranks["purchase"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("[{id: a, en: a, zh: 甲, rules: [{actions: [x]}]}]", "m has 1 stages"),
        (
            "[{id: a, en: a, zh: 甲, rules: []}, {id: b, en: b, zh: 乙, rules: [{actions: [x]}]}]",
            "a has no rule",
        ),
        (
            "[{id: a, en: a, zh: 甲, rules: [{actions: [x], by: bran}]}, "
            "{id: b, en: b, zh: 乙, rules: [{actions: [x]}]}]",
            'a has by "bran"',
        ),
        (
            "[{id: a, en: a, zh: 甲, rules: [{touchpoints: [x]}]}, "
            "{id: b, en: b, zh: 乙, rules: [{actions: [x]}]}]",
            "a has a rule without actions",
        ),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, stages: str, message: str) -> None:
    text = f"models:\n- {{id: m, en: M, zh: 模, source: s, date: '2020', stages: {stages}}}\n"
    (tmp_path / "stage_models.yml").write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=message):
        read_stage_models(tmp_path)
