"""The registers of forms.yml: read as stated, refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from client_files import client_config, orders

from privdom_kit.errors import ConfigError
from privdom_kit.forms import Forms, read_forms

GOOD = """\
touchpoints:
  wecom_chat: {in_use: true, role: closeness, kpi: reply_rate, owner: 客服部}
  own_app: {name: 品牌APP, role: [scale, awareness], entry_code: x1}
benefits:
  cells:
    生日礼: {mini_program: 礼盒, taobao: false, jd: }
member_days:
- {name: 会员日, day_of_month: 20, has_theme: true}
- {weekday: friday}
texts:
- {channel: sms, vendor: huawei, purpose: marketing, text: 【驼小满】会员}
rule_overrides:
- {rule: AD-02, reason: 注册商标, words: 第一}
rubrics:
- rubric: why_checklist
  subject: wecom_chat
  rater: 甲
  answers: {click: {value: yes, evidence: 截图}, share: {value: no}}
"""


def forms_of(tmp_path: Path, text: str) -> Forms:
    (tmp_path / "forms.yml").write_text(text, encoding="utf-8")
    return read_forms(client_config(tmp_path, {"orders": orders()}, forms="forms.yml"))


def test_what_is_stated_is_read_and_the_rest_is_none(tmp_path: Path) -> None:
    forms = forms_of(tmp_path, GOOD)
    assert forms.touchpoints["wecom_chat"].role == ("closeness",)
    assert forms.touchpoints["own_app"].role == ("scale", "awareness")
    assert forms.touchpoints["own_app"].in_use is None
    assert forms.benefits.cells["生日礼"] == {"mini_program": "礼盒", "taobao": False, "jd": None}
    assert [day.has_theme for day in forms.member_days] == [True, None]
    assert forms.rule_overrides[0].words == ("第一",)
    answers = forms.rubrics[0].answers
    assert (answers["click"].value, answers["share"].value) == (True, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rubrics:\n- {rubric: why_check}\n",
            "line 2: rubrics.0.rubric is why_check. Expected a rubric. Nearest: why_checklist.",
        ),
        (
            "rubrics:\n- {rubric: persona, answers: {realness: {value: 4}}}\n",
            "line 2: rubrics.0.answers.realness.value is 4. Expected a whole number from 0 to 3. "
            "Correct it.",
        ),
        (
            "rubrics:\n- {rubric: persona, answers: {realness: {value: true}}}\n",
            "line 2: rubrics.0.answers.realness.value is true. Expected a whole number from 0 to "
            "3. Correct it.",
        ),
        (
            "rubrics:\n- {rubric: persona}\n- {rubric: persona}\n",
            "line 3: rubrics.1 rates persona of the brand a second time by a rater without a "
            "name. Expected one sheet for each rubric, subject and rater. Join the two, or name "
            "the second rater.",
        ),
        (
            "rule_overrides:\n- {rule: AD-01}\n",
            "line 2: rule_overrides.0.reason is missing. Expected text. Add a line `reason: …`.",
        ),
        (
            "rule_overrides:\n- {rule: AD-99, reason: abc}\n",
            "line 2: rule_overrides.0.rule is AD-99. Expected the id of a rule. Nearest: AD-06, "
            "AD-05, AD-04.",
        ),
        (
            "member_days:\n- {name: x}\n",
            "line 2: member_days.0 has neither or both of day_of_month and weekday. Expected one "
            "of the two. State the day of the month or of the week.",
        ),
        (
            "benefits:\n  reference: a\n  cells: {x: {b: 1}}\n",
            "line 2: benefits.reference is a. Expected a channel of the register. Known: b.",
        ),
        (
            "touchpoints:\n  a: {role: scal}\n",
            "line 2: touchpoints.a.role.0 is 'scal'. Expected one of scale, awareness, seeding, "
            "closeness, real_person, interaction, transaction, entry, service, direct_reach. Did "
            "you mean scale?",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forms_of(tmp_path, text)
    assert str(caught.value) == f"{tmp_path / 'forms.yml'}, {message}"
