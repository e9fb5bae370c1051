"""Names of the code in words; the Chinese follows the glossary of the trade."""

import pytest

from privdom_kit.labels import LABELS, has_label, heading, label, reason
from privdom_kit.results import Verdict

QUESTIONS = """
tables identity coverage consent systems states purchase_layers channel_layers life_stages rfm
relationship_tiers retention next_order customer_value revenue_split contribution concentration
layer_moves audiences
"""
STATES = ("high_value", "active", "retained", "about_to_lapse", "lapsed", "not_yet_known")


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("about_to_lapse", "about to lapse", "即将流失"),
        ("entry_code", "entry code", "渠道活码"),
        ("service_account", "service account", "服务号"),
        ("channels", "Channels", "视频号"),
        ("moments", "Moments", "朋友圈"),
        ("call_sms", "outbound AI call with a text message", "AI 外呼加挂后短信"),
        ("share_ci_lower", "share, lower bound", "占比下限"),
        ("repeat_rate_ci_upper", "repeat rate, upper bound", "复购率上限"),
        ("buyers_before", "buyers, previous period", "上期购买人数"),
    ],
)
def test_a_name_of_the_code_reads_as_words(name: str, english: str, chinese: str) -> None:
    assert label(name).render("en") == english
    assert label(name).render("zh") == chinese
    assert has_label(name)


def test_an_unknown_name_is_shown_with_spaces_and_known_to_be_a_guess() -> None:
    assert label("humming_bird").render("zh") == "humming bird"
    assert not has_label("humming_bird")
    assert not has_label("humming_bird_ci_lower")


def test_a_heading_raises_only_the_first_letter() -> None:
    assert heading("wecom_chat", "en") == "WeCom chat"
    assert heading("states", "en") == "States"
    assert heading("states", "zh") == "客户状态分层"


@pytest.mark.parametrize("name", [*Verdict, *STATES, *QUESTIONS.split()])
def test_every_verdict_state_and_question_of_the_first_playbooks_has_words(name: str) -> None:
    assert has_label(name)


def test_the_five_states_and_the_verdicts_differ_in_chinese() -> None:
    for names in (STATES, tuple(Verdict)):
        assert len({label(name).render("zh") for name in names}) == len(names)


def test_a_reason_without_a_label_is_shown_as_it_is() -> None:
    assert reason("after as_of", "zh") == "晚于分析截止日"
    assert reason("the dog ate it", "en") == "the dog ate it"


def test_labels_stand_inside_sentences() -> None:
    names = {"WeCom", "WeCom chat", "Moments", "Channels", "Gini coefficient"}
    names |= {"BG/NBD", "Gamma-Gamma", "MBG/NBD", "Shapley", "AIPL", "AARRR", "DEEPLINK"}
    names |= {"O'Brien–Fleming", "Pocock", "Tencent Cloud", "Volcengine", "Huawei Cloud"}
    names |= {"Qiniu Cloud", "Alibaba Cloud"}
    playbooks = {words for name, words in LABELS.items() if name[:2].isdigit()}
    raised = {words for words in LABELS.values() if words[0].isupper()}
    assert raised == names | playbooks


def test_a_set_of_names_is_worded_by_its_parts() -> None:
    assert label("live+wecom_chat").render("en") == "live + WeCom chat"
    assert label("live+wecom_chat").render("zh") == "直播 + 企业微信"
    assert has_label("live+wecom_chat")
    assert not has_label("live+someone's product")
