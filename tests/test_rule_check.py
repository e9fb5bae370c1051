"""Texts against the rules: real wording, judged by the project's table of rules."""

from __future__ import annotations

import string
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit.knowledge.rules import load_rules
from privdom_kit.rule_check import check_text, measure_message

GOOD_SMS = "【驼小满】会员您好，您的订单已发货，物流进度见 https://txm.cn/w?a=1&b=2 拒收请回复R"


def rules_of(text: str, channel: str, vendor: str | None = None, **more) -> dict[str, str]:
    """Rules hit, with their severity."""
    return {hit.rule: hit.severity for hit in check_text(text, channel, vendor, **more)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # AD-01 and AD-02: the law's three words and the trade's list (rules.md, section 2)
        ("全网最佳驼乳粉，今天下单立减。", {"AD-01": "block", "AD-02": "warn"}),  # in both lists
        ("国家级牧场直供", {"AD-01": "block"}),
        ("全网销量第一的奶粉", {"AD-02": "warn"}),
        ("顶级奶源，独家工艺", {"AD-02": "warn"}),
        ("NO.1 驼奶品牌", {"AD-02": "warn"}),
        ("最 先 进 的生产线", {"AD-02": "warn"}),  # spaced out
        ("最\u200b好的奶", {"AD-02": "warn"}),  # an invisible character inside
        # near misses that the table names, and ordinals
        ("最后三天，最近上新，最终解释", {}),
        ("转奶第一步：先替换一顿", {}),
        ("第一时间回复您", {}),
        ("宝宝第一次喝驼乳是什么反应？", {}),
        ("今天新疆牧场下了第一场雪", {}),
        ("第一步就选全网第一", {"AD-02": "warn"}),  # an exception spares itself only
        # AD-05, AD-06: claims, and the disclaimers that sound like them
        ("驼奶可治疗糖尿病", {"AD-05": "block"}),
        ("本品不能代替药物治疗", {}),
        ("营养全面，可替代母乳", {"AD-06": "block"}),
        ("任何奶粉都不能替代母乳", {}),
        # AD-04: a figure that claims something needs its source
        ("98%的妈妈推荐", {"AD-04": "warn"}),
        ("据第三方调研，98%的妈妈推荐", {}),
        ("全场立减20%", {}),
        # sharing (rules.md, section 7)
        ("转发朋友圈领优惠券，截图找客服。", {"SH-01": "block"}),
        ("转发给朋友即可领红包", {"SH-01": "block"}),
        ("欢迎转发给需要的妈妈", {"SH-01": "info"}),  # sharing without a reward
        ("邀请3位好友进群，抽奖机会增加一次。", {"SH-02": "block", "SH-03": "block"}),
        ("满100元增加一次抽奖", {"SH-02": "info"}),  # a draw without sharing
        ("集赞满38个送驼乳片一袋。", {"SH-03": "block"}),
        ("助力宝宝健康成长", {"SH-03": "info"}),  # the word's other meaning
        ("邀请三名好友助力，免费领奶粉", {"SH-03": "block"}),
        ("谢谢客服帮我查到了物流", {"SH-03": "info"}),
        ("不转不是妈妈，必转！", {"SH-05": "block"}),
        ("用外挂自动加人", {"WC-07": "block"}),
        ("今天炖了山药排骨汤，大家晚上吃什么？", {}),
    ],
)
def test_wording_of_posts(text: str, expected: dict[str, str]) -> None:
    """On Moments; severities by the table, near misses by the line below it."""
    assert rules_of(text, "moments") == expected


@pytest.mark.parametrize(
    ("text", "vendor", "expected"),
    [
        (GOOD_SMS, "huawei", {}),
        (GOOD_SMS, None, {}),
        ("会员您好，拒收请回复R", "huawei", {"SMS-01": "block"}),
        ("【A】会员您好【B】拒收请回复R", "huawei", {"SMS-01": "block"}),
        ("【A】会员您好，回T退订", "huawei", {"SMS-04": "block"}),  # huawei takes one mark only
        ("【A】会员您好，回T退订", "qiniu", {}),
        ("【A】会员您好，拒收请回复R谢谢", "huawei", {"SMS-04": "block"}),  # nothing after it
        ("【A】会员您好", "aliyun", {}),  # aliyun adds the mark
        ("【A】亲，新品上架，拒收请回复R", "tencent", {"SMS-07": "block"}),
        ("【A】亲，新品上架，拒收请回复R", "qiniu", {"SMS-07": "warn"}),  # not its own rule
        ("【A】会员加我企微领券，拒收请回复R", "tencent", {"SMS-08": "block"}),
        ("【A】会员添加店长微信领券，拒收请回复R", "huawei", {"SMS-08": "block"}),
        ("【A】会员加微信领券，拒收请回复R", "aliyun", {"SMS-08": "warn"}),
        ("【A】会员加微信领券，拒收请回复R", None, {"SMS-08": "warn"}),
        ("【A】会员参加微信活动有礼，拒收请回复R", "tencent", {}),
        ("【A】会员下载APP有礼，拒收请回复R", "tencent", {"SMS-08": "block"}),
        ("【A】会员happy hour，拒收请回复R", "tencent", {}),  # app inside a word
        ("【A】会员立减¥20，拒收请回复R", "huawei", {"SMS-11": "block"}),
        ("【A】会员立减￥20，拒收请回复R", "huawei", {"SMS-11": "block"}),  # full width
        ("【A】会员请致电13812345678，拒收请回复R", "volcengine", {"SMS-12": "block"}),
        ("【A】会员订单20260531123456已发，拒收请回复R", "volcengine", {}),  # no phone number
        ("【A】会员${name}您好，拒收请回复R", "volcengine", {"SMS-10": "block"}),
        ("【A】会员${name}您好，拒收请回复R", "tencent", {}),
        ("【A】会员${name}${city}您好，拒收请回复R", "tencent", {"SMS-10": "block"}),
        (
            "【A】会员请看 https://a.cn/${code} 拒收请回复R",
            "tencent",
            {"SMS-09": "block"},
        ),
    ],
)
def test_wording_of_text_messages(text: str, vendor: str | None, expected: dict[str, str]) -> None:
    """Marketing messages; rules.md, section 1, vendor by vendor."""
    assert rules_of(text, "sms", vendor, purpose="marketing") == expected


def test_a_service_message_needs_no_opt_out() -> None:
    assert rules_of("【A】您的验证码是1234", "sms", "tencent", purpose="care") == {}


@pytest.mark.parametrize(
    ("characters", "segments"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3)]
)
def test_segments_as_billed(characters: int, segments: int) -> None:
    """Aliyun's help: up to 70 is one; beyond, 67 a segment; its example: 160 are 3."""
    length = measure_message("字" * characters)
    assert (length.characters, length.segments) == (characters, segments)


def test_signature_opt_out_and_every_sign_are_counted() -> None:
    """【驼小满】 5, 会员 2, a blank, A1! 3, 拒收请回复R 6 (rules.md, SMS-05): 17."""
    assert measure_message("【驼小满】会员 A1!拒收请回复R").characters == 17


def test_the_mark_that_aliyun_adds_is_counted() -> None:
    """回T退订 is 4 characters (rules.md, SMS-04): 68 + 4 are two segments."""
    assert measure_message("字" * 68, "aliyun").segments == 2
    assert measure_message("字" * 68, "aliyun", marketing=False).segments == 1


def test_more_than_500_characters_block_and_1000_at_volcengine() -> None:
    text = "【A】会员" + "字" * 600 + "拒收请回复R"
    assert rules_of(text, "sms", "tencent")["SMS-03"] == "block"
    assert "SMS-03" not in rules_of(text, "sms", "volcengine")
    assert rules_of(text, "sms", "volcengine")["SMS-02"] == "info"


def test_a_call_script_says_who_calls_that_it_is_a_robot_and_how_to_opt_out() -> None:
    """CALL-05; CALL-02 holds for promotion, until counsel has looked."""
    bare = check_text("您好，新品上市，了解一下？", "call", purpose="marketing")
    assert [(hit.rule, hit.severity) for hit in bare] == [("CALL-02", "block"), ("CALL-05", "warn")]
    assert bare[1].words == ("who_calls", "robot", "opt_out")
    told = "您好，我是驼小满的智能助手，回访您的订单；不想再接到请说退订"
    assert rules_of(told, "call", purpose="care") == {}


def test_hours_of_sending_and_calling() -> None:
    """SMS 08:00 to 20:00, calls 9 to 12 and 14 to 20 (rules.md, SMS-06 and CALL-03)."""
    late = [h for h in range(24) if "SMS-06" in rules_of(GOOD_SMS, "sms", "huawei", hour=h)]
    assert late == [*range(8), *range(20, 24)]
    resting = [h for h in range(24) if "CALL-03" in rules_of("x", "call", hour=h)]
    assert resting == [*range(9), 12, 13, *range(20, 24)]


def test_template_messages_do_not_sell_and_wecom_has_a_length() -> None:
    assert rules_of("新品上市", "template_message", purpose="marketing") == {"OA-01": "block"}
    assert rules_of("订单已发货", "template_message", purpose="care") == {}
    assert "WC-03" in rules_of("字" * 1334, "wecom_chat")  # 4,002 bytes
    assert "WC-03" not in rules_of("字" * 1333, "wecom_chat")


def test_an_override_keeps_the_hit_as_information_with_its_reason() -> None:
    """Of two words the override names one: the other still warns."""
    reason = SimpleNamespace(rule="AD-02", reason="注册商标", words=("第一",))
    hits = check_text("第一医药，顶级服务", "moments", overrides=[reason])
    assert [(h.rule, h.severity, h.words, h.overridden) for h in hits] == [
        ("AD-02", "warn", ("顶级",), ""),
        ("AD-02", "info", ("第一",), "注册商标"),
    ]
    whole = SimpleNamespace(rule="AD-02", reason="注册商标", words=())
    assert {h.severity for h in check_text("第一顶级", "moments", overrides=[whole])} == {"info"}


def test_a_rule_from_general_knowledge_is_to_be_verified() -> None:
    """AD-05 carries the tag MEM in the table, AD-01 does not."""
    hits = {hit.rule: hit for hit in check_text("最佳治疗", "moments")}
    assert (hits["AD-05"].verify, hits["AD-01"].verify) == (True, False)
    assert hits["AD-01"].source.checked_on == "2015-09"


SECRETS = st.text(st.characters(categories=("Lo", "Nd", "Ll")), min_size=1, max_size=30)


@given(SECRETS, st.sampled_from(["sms", "call", "moments", "group"]))
def test_what_is_given_back_is_the_rules_own_words(text: str, channel: str) -> None:
    """Words of a hit come out of the rules (or are numbers, percentages, names of checks)."""
    known = {
        pattern.replace("{n}", "N").replace("{x}", "…")
        for rule in load_rules().values()
        for pattern in rule.patterns
    } | {"who_calls", "robot", "opt_out"}
    for hit in check_text(f"{text}加张三微信13812345678，最佳", channel):
        for word in hit.words:
            assert word in known or set(word) <= set(string.digits + " />%.万人名家庭妈用户消费者")


@given(
    st.sampled_from([GOOD_SMS, "全网最佳", "邀请3位好友助力", "加微信"]),
    st.text("，。 \n", max_size=9),
)
def test_marks_and_blanks_around_a_text_hide_nothing(text: str, around: str) -> None:
    words = {h.rule for h in check_text(text, "moments") if h.kind == "keyword"}
    padded = check_text(around + text + around, "moments")
    assert {h.rule for h in padded if h.kind == "keyword"} == words
