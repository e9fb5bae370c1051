"""Copy of planned tests against the rules: expected hits are read off the table of rules by hand.

Lengths have Aliyun's published examples as parents (70 characters are one segment, 160 are three).
"""

from __future__ import annotations

import pandas as pd
import pytest
from copy_tables import copy_base

from privdom_kit.copy_tests import measure_copy_lint
from privdom_kit.copy_tests.lint_plan import consent_state
from privdom_kit.engine import closing, connect
from privdom_kit.forms import ChannelConsent
from privdom_kit.results import Verdict

# What the articles recommend: a coupon for whoever adds the brand on WeCom.
COUPON = "【驼小满】亲爱的会员，添加企业微信领20元优惠券，点 https://txm.cn/a1 拒收请回复R"
SERVICE = "【驼小满】尊敬的会员，您的订单售后卡已生成，查看 https://txm.cn/b2 拒收请回复R"
OTHER = SERVICE.replace("b2", "c3")  # an arm has a link of its own
SCRIPT = "您好，我是驼小满的智能助手，回访您的订单；不想再接到请说退订"
CONSENT = {channel: {"people": 1000, "with_consent": 1000} for channel in ("sms", "call", "wecom")}
PLAN = {
    "id": "t1",
    "channel": "sms",
    "purpose": "marketing",
    "vendor": "tencent",
    "send_hour": 10,
    "arms": [
        {"name": "A", "control": True, "text": SERVICE},
        {"name": "B", "text": OTHER},
    ],
}


@pytest.fixture
def lint():
    """``lint(plan, ...)``: the result for tests, consent on record unless stated otherwise."""

    def look(*plans, consent=CONSENT, economics=None, overrides=(), **settings):
        forms = {
            "copy_tests": list(plans),
            "consent": {"channels": consent},
            "rule_overrides": list(overrides),
        }
        with closing(connect()) as connection:
            base, rules = copy_base(
                connection, {}, forms=forms, economics=economics, copy_tests=settings
            )
            return measure_copy_lint(base, rules)

    return look


def hits(result, **where):
    """``(arm, part, rule, severity)`` of the hits, those of a plan without an arm."""
    table = result.tables.get("hits")
    if table is None:
        return []
    for name, value in where.items():
        table = table[table[name] == value]
    shown = table[["arm", "part", "rule", "severity"]].astype(object)
    return [tuple(row) for row in shown.where(shown.notna(), None).to_numpy()]


def vendors(result, arm):
    table = result.tables["vendors"]
    rows = table[table["arm"] == arm]
    return dict(zip(rows["vendor"], rows["state"], strict=True))


def with_texts(*texts, **changes):
    arms = [
        {"name": name, "control": name == "A", "text": text}
        for name, text in zip("ABCDEF", texts, strict=False)
    ]
    return {**PLAN, "arms": arms, **changes}


def test_copy_in_which_nothing_is_found_is_clear(lint):
    result = lint(PLAN)
    assert result.verdict is Verdict.CLEAR
    assert hits(result) == []
    assert result.table["state"].tolist() == ["nothing_found"] * 2
    assert result.figures["clean_parts"] == result.figures["parts_stated"] == 2


def test_the_message_of_the_articles_fails_at_most_vendors(lint):
    """SMS-08 is asked by tencent, volcengine, huawei and qiniu; elsewhere it is a risk."""
    result = lint(with_texts(COUPON, SERVICE, vendor=""))
    assert vendors(result, "A") == {
        "aliyun": "warned",
        "huawei": "refused",
        "qiniu": "refused",
        "tencent": "refused",
        "volcengine": "refused",
    }
    assert set(vendors(result, "B").values()) == {"nothing_found"}
    assert hits(result) == [("A", "text", "SMS-08", "warn")]
    assert result.figures["refused_somewhere"] == 1
    assert result.figures["refused_everywhere"] == 0
    assert result.verdict is Verdict.WATCH
    words = result.tables["hits"]["words"].iloc[0]
    assert words == "优惠券, 加企业微信"


@pytest.mark.parametrize(
    ("vendor", "severity", "verdict"),
    [("tencent", "block", "act"), ("qiniu", "block", "act"), ("aliyun", "warn", "watch")],
)
def test_at_a_named_vendor_its_own_rules_decide(lint, vendor, severity, verdict):
    result = lint(with_texts(COUPON, SERVICE, vendor=vendor))
    assert hits(result) == [("A", "text", "SMS-08", severity)]
    assert result.verdict == verdict


def test_what_every_vendor_refuses_blocks_without_a_vendor(lint):
    """No signature (SMS-01) is refused everywhere; no 会员 (SMS-07) by three of five."""
    result = lint(with_texts(SERVICE[5:], OTHER.replace("会员", "顾客"), vendor=""))
    assert hits(result) == [("A", "text", "SMS-01", "block"), ("B", "text", "SMS-07", "warn")]
    assert result.figures["refused_everywhere"] == 1
    assert result.verdict is Verdict.ACT


def test_refused_everywhere_by_different_rules_calls_for_action_too(lint):
    """Tencent, Volcengine, Huawei: SMS-07. Qiniu: SMS-08. Aliyun: more than 500 characters.

    At Volcengine the length is none of a refusal (1,000), at Qiniu the least limit holds.
    """
    text = "【驼小满】顾客添加企业微信" + "字" * 500 + "拒收请回复R"
    result = lint(with_texts(text, vendor=""))
    states = vendors(result, "A")
    assert set(states.values()) == {"refused"}
    rules = dict(
        zip(result.tables["vendors"]["vendor"], result.tables["vendors"]["rules"], strict=True)
    )
    assert rules["aliyun"] == "SMS-03"
    assert rules["volcengine"] == "SMS-07, SMS-08"
    assert result.verdict is Verdict.ACT


def test_a_vendor_that_no_rule_names_is_not_known_and_never_clear(lint):
    result = lint({**PLAN, "vendor": "own_gateway"})
    assert vendors(result, "A")["own_gateway"] == "unknown"
    assert result.figures["unknown_vendors"] == 1
    assert result.verdict is Verdict.WATCH


@pytest.mark.parametrize(
    ("characters", "segments"), [(70, 1), (71, 2), (134, 2), (135, 3), (160, 3)]
)
def test_segments_are_those_of_the_published_examples(lint, characters, segments):
    """Signature 5, 会员 2 and opt-out mark 6 are counted; cost is segments x 0.05 x people."""
    text = "【驼小满】会员" + "字" * (characters - 13) + "拒收请回复R"
    crowds = [{"name": "new", "people": 600}, {"name": "old", "people": 400}]
    plan = with_texts(text, SERVICE, crowds=crowds, holdout_share=0.2)
    row = lint(plan, economics={"sms_cost": 0.05}).tables["lengths"].iloc[0]
    assert row["characters_least"] == row["characters_most"] == characters
    assert row["segments_least"] == row["segments_most"] == segments
    assert row["people"] == 400  # 1,000 less a fifth held back, half of the rest
    assert row["cost_least"] == row["cost_most"] == pytest.approx(segments * 0.05 * 400)


def test_variables_make_a_range_of_lengths(lint):
    """65 characters and a variable: 66 with one character, 73 with eight: one segment or two.

    The hit of SMS-02 goes by the most.
    """
    text = "【驼小满】会员" + "字" * 52 + "${name}" + "拒收请回复R"
    result = lint(with_texts(text, SERVICE), economics={"sms_cost": 0.05})
    row = result.tables["lengths"].iloc[0]
    assert (row["characters_least"], row["characters_most"]) == (66, 73)
    assert (row["segments_least"], row["segments_most"]) == (1, 2)
    assert (row["message_cost_least"], row["message_cost_most"]) == (0.05, 0.1)
    assert row[["people", "cost_least", "cost_most"]].isna().all()
    assert hits(result) == [("A", "text", "SMS-02", "info")]
    assert result.tables["hits"]["words"].iloc[0] == "73 / 2"
    short = lint(with_texts(text, SERVICE), variable_characters=5)
    assert short.tables["lengths"]["characters_most"].iloc[0] == 70
    assert hits(short) == []


def test_without_a_price_there_is_no_cost(lint):
    lengths = lint(PLAN).tables["lengths"]
    costs = [name for name in lengths if "cost" in name]
    assert lengths[costs].isna().all(axis=None)


def test_the_mark_that_aliyun_adds_is_in_the_length(lint):
    """66 + 4 characters at Aliyun; where no vendor is named, from 66 to 70."""
    text = "【驼小满】会员" + "字" * 59
    named = lint(with_texts(text, vendor="aliyun")).tables["lengths"].iloc[0]
    assert named["characters_least"] == named["characters_most"] == 70
    open_still = lint(with_texts(text, vendor="")).tables["lengths"].iloc[0]
    assert (open_still["characters_least"], open_still["characters_most"]) == (66, 70)


@pytest.mark.parametrize("words", ["最后三天", "最近上新", "第一步", "第一时间"])
def test_words_that_only_sound_like_absolutes_are_no_hits(lint, words):
    assert hits(lint(with_texts(SERVICE.replace("查看", words), OTHER))) == []


def test_absolutes_are_hits_with_all_that_the_register_says(lint):
    result = lint(with_texts(SERVICE.replace("订单", "国家级牧场订单"), OTHER))
    row = result.tables["hits"].iloc[0]
    assert row[["rule", "severity", "kind", "words", "checked_on", "verify"]].tolist() == [
        "AD-01", "block", "keyword", "国家级", "2015-09", False,
    ]  # fmt: skip
    assert row["source"].startswith("hoho.im")
    assert row["remedy"].render("en") == "Say what is measurable about the goods instead."
    assert result.verdict is Verdict.ACT


def test_luring_to_share_warns_outside_wechat_and_blocks_inside(lint):
    text = SERVICE.replace("查看", "转发给朋友即可领红包，查看")
    assert hits(lint(with_texts(text, OTHER))) == [("A", "text", "SH-01", "warn")]
    inside = with_texts(text, OTHER, channel="wecom", vendor="", send_hour=None)
    assert hits(lint(inside)) == [("A", "text", "SH-01", "block")]


def test_an_override_keeps_the_hit_with_its_reason_and_lets_it_pass(lint):
    reason = {"rule": "SMS-08", "reason": "template 17 was cleared by the vendor"}
    result = lint(with_texts(COUPON, SERVICE), overrides=[reason])
    assert hits(result) == [("A", "text", "SMS-08", "info")]
    assert result.tables["hits"]["reason"].tolist() == ["template 17 was cleared by the vendor"]
    assert result.figures["overridden"] == 1
    assert vendors(result, "A")["tencent"] == "nothing_found"
    assert result.verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("channel", "hour", "rules"),
    [
        ("sms", 7, ["SMS-06"]),
        ("sms", 8, []),
        ("sms", 19, []),
        ("sms", 20, ["SMS-06"]),
        ("call", 12, ["CALL-03"]),
        ("call", 14, []),
        ("call_sms", 21, ["CALL-03", "SMS-06"]),
        ("sms", None, ["SMS-06"]),
        ("call", None, ["CALL-03"]),
    ],
)
def test_hours_of_sending_are_checked_and_an_unstated_one_is_no_pass(lint, channel, hour, rules):
    """SMS 08 to 20, calls 09 to 12 and 14 to 20 (SMS-06, CALL-03)."""
    arms = [{"name": "A", "text": SERVICE, "script": SCRIPT}]
    result = lint({**PLAN, "channel": channel, "send_hour": hour, "arms": arms, "purpose": "care"})
    assert [rule for _, _, rule, _ in hits(result, kind="hours")] == rules
    assert result.verdict is (Verdict.WATCH if rules else Verdict.CLEAR)


def test_a_selling_call_is_blocked_until_counsel_has_looked(lint):
    """CALL-02 blocks, CALL-04 warns beyond two dials in seven days, CALL-05 asks three things."""
    arms = [{"name": "A", "script": "您好，新品上市"}]
    plan = {**PLAN, "channel": "call", "arms": arms, "attempts": 3, "vendor": ""}
    result = lint(plan)
    assert hits(result) == [
        ("A", "script", "CALL-02", "block"),
        ("A", "script", "CALL-05", "warn"),
        (None, "plan", "CALL-04", "warn"),
    ]
    assert result.verdict is Verdict.ACT
    assert "vendors" not in result.tables
    words = dict(zip(result.tables["hits"]["rule"], result.tables["hits"]["words"], strict=True))
    assert words["CALL-04"] == "3 > 2"
    assert words["CALL-05"] == "who_calls, robot, opt_out"
    assert hits(lint({**plan, "attempts": 2}))[-1][2] != "CALL-04"


@pytest.mark.parametrize(
    ("stated", "state"),
    [
        (None, "consent_unknown"),
        ({}, "consent_unknown"),
        ({"people": 100}, "consent_unknown"),
        ({"people": 100, "with_consent": 100}, "consent_on_record"),
        ({"people": 100, "with_consent": 90}, "consent_unknown"),
        ({"with_consent": 90}, "consent_unknown"),
        ({"people": 100, "with_consent": 90, "left_out": True}, "consent_on_record"),
        ({"with_consent": 90, "left_out": True}, "consent_on_record"),
        ({"people": 100, "with_consent": 90, "left_out": False}, "consent_missing"),
        ({"people": 100, "with_consent": 0, "left_out": True}, "consent_missing"),
        ({"left_out": True}, "consent_unknown"),
    ],
)
def test_what_is_known_of_consent(stated, state):
    """Unknown is never a pass; nobody's consent is nobody to send to."""
    consent = None if stated is None else ChannelConsent.model_validate(stated)
    assert consent_state(consent) == state


@pytest.mark.parametrize(
    ("consent", "found", "verdict"),
    [
        ({}, [(None, "plan", "SMS-13", "warn")], "watch"),
        (
            {"sms": {"people": 1000, "with_consent": 400, "left_out": False}},
            [(None, "plan", "SMS-13", "block")],
            "act",
        ),
    ],
)
def test_consent_that_is_missing_blocks_and_unknown_warns(lint, consent, found, verdict):
    result = lint(PLAN, consent=consent)
    assert hits(result) == found
    assert result.verdict == verdict
    row = result.tables["consent"].iloc[0]
    assert row["state"] == ("consent_unknown" if not consent else "consent_missing")
    assert row["with_consent"] is pd.NA if not consent else row["consent_share"] == 0.4


def test_a_call_with_a_message_asks_for_both_consents(lint):
    arms = [{"name": "A", "text": SERVICE, "script": SCRIPT}]
    result = lint({**PLAN, "channel": "call_sms", "arms": arms, "purpose": "care"}, consent={})
    assert [row[2] for row in hits(result, kind="consent")] == ["CALL-01", "SMS-13"]


def test_one_link_one_template_and_one_entry_code_for_each_arm(lint):
    """A and B have one link and two texts under one template; C's code is A's, D's too long."""
    arms = [
        {"name": "A", "text": SERVICE, "template": "T1", "entry_code": "af_a"},
        {"name": "B", "text": SERVICE.replace("售后", "服务"), "template": "T1"},
        {"name": "C", "text": SERVICE.replace("b2", "c3"), "entry_code": "af_a"},
        {"name": "D", "text": SERVICE.replace("b2", "d4"), "entry_code": "a" * 31},
        {"name": "E", "text": SERVICE.replace("b2", "e5"), "entry_code": "老客"},
        {"name": "F", "text": SERVICE.replace("b2", "f6"), "link": "https://txm.cn/g7"},
    ]
    table = lint({**PLAN, "arms": arms}).tables["hits"]
    found = {(row.arm, row.rule, row.words, row.severity) for row in table.itertuples()}
    assert found == {
        ("A", "SMS-09", "shared_link", "warn"),
        ("B", "SMS-09", "shared_link", "warn"),
        ("A", "SMS-09", "shared_template", "warn"),
        ("B", "SMS-09", "shared_template", "warn"),
        ("A", "entry_code", "shared_code", "block"),
        ("C", "entry_code", "shared_code", "block"),
        ("D", "entry_code", "31 > 30", "block"),
        ("E", "entry_code", "not_ascii", "block"),
        ("F", "SMS-09", "other_link", "warn"),
    }


def test_an_entry_code_of_another_test_is_shared_too(lint):
    arms = [{"name": "A", "text": SERVICE, "entry_code": "code1"}]
    result = lint({**PLAN, "arms": arms}, {**PLAN, "id": "t2", "arms": arms})
    shared = result.tables["hits"]
    assert shared["test"].tolist() == ["t1", "t2"]
    assert set(shared["words"]) == {"shared_code"}


def test_a_text_that_is_not_stated_was_not_checked(lint):
    result = lint(with_texts(SERVICE, ""))
    assert result.table["state"].tolist() == ["nothing_found", "not_checked"]
    assert set(vendors(result, "B").values()) == {"not_checked"}
    assert result.figures["parts_missing"] == 1
    assert result.verdict is Verdict.WATCH
    assert (result.coverage.rows, result.coverage.used) == (2, 1)


def test_without_plans_or_texts_nothing_was_measured(lint):
    none = lint()
    assert none.verdict is Verdict.NOT_MEASURED
    assert none.notes[0].render("en") == "forms.yml plans no copy test (copy_tests:)."
    bare = lint(with_texts("", ""))
    assert bare.verdict is Verdict.NOT_MEASURED
    assert bare.notes[0].render("en") == ("No arm of the planned tests states its text or script.")


def test_no_words_of_a_text_are_in_the_result(lint):
    """Only what the register calls a keyword, numbers, and names of arms."""
    secret = "【驼小满】会员张三丰您的手机13812345678绑定的绝密口令，添加企业微信 拒收请回复R"
    whole = str(lint(with_texts(secret, SERVICE)).to_dict("zh"))
    for words in ("张三丰", "13812345678", "绝密口令", "驼小满"):
        assert words not in whole
    assert "加企业微信" in whole
