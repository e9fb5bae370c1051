"""Copy against the rules and the register of plans as shown: pictures read back, sentences exact.

The numbers in the sentences are those that test_lint and test_plans count by hand.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from copy_tables import copy_base, deliveries

from privdom_kit import copy_tests
from privdom_kit.copy_tests.deviations import deviations
from privdom_kit.copy_tests.filed_plans import FiledPlan
from privdom_kit.engine import closing, connect
from privdom_kit.form_copy_tests import CopyTest
from privdom_kit.formats import KINDS
from privdom_kit.labels import has_label, in_question, label
from privdom_kit.messages import has_translation, set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Result, Verdict

COUPON = "【驼小满】亲爱的会员，添加企业微信领20元优惠券，点 https://txm.cn/a1 拒收请回复R"
SERVICE = "【驼小满】尊敬的会员，您的订单售后卡已生成，查看 https://txm.cn/b2 拒收请回复R"
SCRIPT = "您好，我是驼小满的智能助手，给您送优惠券；不想再接到请说退订"
PLANS = [
    {
        "id": "q3",
        "channel": "call_sms",
        "hypothesis": "A card of service brings more friends than a coupon.",
        "purpose": "marketing",
        "primary": "friend_added",
        "minimum_difference": 0.01,
        "starts_on": "2026-07-06",
        "send_hour": 10,
        "holdout_share": 0.1,
        "arms": [
            {"name": "coupon", "control": True, "text": COUPON, "script": SCRIPT, "hook": "gift"},
            {"name": "service", "text": SERVICE, "script": SCRIPT, "hook": "service"},
        ],
        "crowds": [{"name": "老客", "people": 2000, "who": {"orders_at_least": 1}}],
        "guardrails": [{"metric": "opted_out", "margin": 0.002}],
    },
    {"id": "bare", "channel": "sms", "purpose": "care", "send_hour": 10,
     "arms": [{"name": "A", "text": SERVICE.replace("b2", "c3")}, {"name": "B"}]},
]  # fmt: skip
FORMS = {
    "copy_tests": PLANS,
    "consent": {"channels": {"sms": {"people": 1000, "with_consent": 900, "left_out": True}}},
    "rule_overrides": [{"rule": "CALL-02", "reason": "counsel has reviewed the script"}],
}
QUESTIONS = ("copy_lint", "hypotheses")


def filed(plan) -> FiledPlan:
    test = CopyTest.model_validate(plan, strict=False)
    return FiledPlan(test, "2026-06-30", "0123456789abcdef" * 4, (), "plan.json")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    rows = deliveries({"arm": "A", "people": 5, "delivered": 0, "test_id": "old"})
    with closing(connect()) as connection:
        base, rules = copy_base(
            connection,
            {"deliveries": rows},
            filed={"q3": filed(PLANS[0])},
            forms=FORMS,
            economics={"sms_cost": 0.05},
        )
        yield {q: getattr(copy_tests, f"measure_{q}")(base, rules) for q in QUESTIONS}


def say(result: Result, language: str = "en"):
    finding = getattr(copy_tests, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def plot(result: Result, language: str = "en"):
    set_language(language)
    try:
        return getattr(copy_tests, f"plot_{result.question}")(result)
    finally:
        set_language("en")


def cells(ax) -> dict[tuple[int, int], str]:
    """What stands in each cell, by row and column."""
    return {
        (round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in ax.texts
    }


def test_copy_in_words(results) -> None:
    """Three messages and two scripts; the coupon fails at four of five vendors."""
    words, finding = say(results["copy_lint"])
    assert words == [
        "1 of 3 text messages of 2 planned tests would be refused by some vendors, and no "
        "vendor is named.",
        "q3 · coupon: would be refused by Huawei Cloud (SMS-08), Qiniu Cloud (SMS-08), Tencent "
        "Cloud (SMS-08), Volcengine (SMS-08); is a risk at Alibaba Cloud (SMS-08).",
        "q3 · service: nothing found at Alibaba Cloud, Huawei Cloud, Qiniu Cloud, Tencent Cloud, "
        "Volcengine.",
        "bare · A: nothing found at Alibaba Cloud, Huawei Cloud, Qiniu Cloud, Tencent Cloud, "
        "Volcengine.",
        "warning SMS-08 (keyword) in coupon: 优惠券, 加企业微信; source of 2025-06-17. Word it as "
        "a service the member already has (order service, after-sales card) and clear the "
        "template with the vendor before paying for the send.",
        "warning CALL-01 (consent) in plan of the test: not known; source of 2018-07-31. Call only "
        "people with recorded consent who have not refused.",
        "Consent for outbound AI call: not known. forms.yml does not say whose consent is on "
        "record, so nobody can tell whether the send is allowed.",
        "Consent for text message: on record for 900 of 1,000 people (90.0%); everybody who is "
        "sent to is on record.",
        "q3 · coupon: 51 characters, segments billed: 1; CN¥45.00 for 900 people.",
        "q3 · service: 49 characters, segments billed: 1; CN¥45.00 for 900 people.",
        "bare · A: 49 characters, segments billed: 1.",
        "1 texts or scripts of arms are not stated and were not checked.",
        "2 hits are held not to apply; the reasons stand in the table.",
    ]
    assert finding.result.verdict is Verdict.WATCH
    assert finding.action.render("en") == (
        "Let a person judge the warnings, and state in forms.yml what is open: texts, vendor, "
        "hour of sending, consent."
    )
    assert finding.money_at_stake is None


def test_copy_in_chinese(results) -> None:
    words, finding = say(results["copy_lint"], "zh")
    assert words[0] == (
        "2 个计划测试的 3 条短信中，有 1 条会被部分服务商拒绝，而计划没有写明服务商。"
    )
    assert words[1] == (
        "q3 · coupon：会被华为云（SMS-08）、七牛云（SMS-08）、腾讯云（SMS-08）、"
        "火山引擎（SMS-08）拒绝；在阿里云（SMS-08）有风险。"
    )
    assert words[4] == (
        "提醒 SMS-08（关键词），见coupon：优惠券、加企业微信；来源日期2025-06-17。"
        "改写为会员已有的服务（订单服务、售后卡），付费发送前先过服务商模板审核。"
    )
    assert words[6] == (
        "AI 外呼的授权同意：不明。forms.yml 没有写明谁有同意记录，无法判断能否发送。"
    )
    assert words[8] == "q3 · coupon：51 字，计费 1 条；900 人共 ¥45.00。"
    assert words[-2:] == [
        "有 1 条短信或话术未填写，没有检查。",
        "2处命中已说明不适用，理由见表。",
    ]
    assert finding.action.render("zh") == (
        "提醒项由人判断；文案、服务商、发送时点、授权同意未写明的，在 forms.yml 中补齐。"
    )


@pytest.mark.parametrize(
    ("verdict", "figures", "english", "chinese"),
    [
        (
            Verdict.ACT,
            {"blocked_parts": 2},
            "2 of 5 texts and scripts of 2 planned tests cannot go out as they are: a rule forbids "
            "them, or their vendor would.",
            "2 个计划测试的 5 条文案与话术中，有 2 条不能照原样发出：规则禁止，或服务商会拒。",
        ),
        (
            Verdict.ACT,
            {"refused_everywhere": 1},
            "1 of 3 text messages of 2 planned tests would be refused by every vendor of the "
            "register.",
            "2 个计划测试的 3 条短信中，有 1 条会被规则库内所有服务商拒绝。",
        ),
        (
            Verdict.ACT,
            {"plan_blocks": 1},
            "No rule forbids the 5 texts and scripts of 2 planned tests; 1 points of their plans "
            "do not pass.",
            "2 个计划测试的 5 条文案与话术没有禁止项，但计划本身有 1 处不能通过。",
        ),
        (
            Verdict.WATCH,
            {"refused_somewhere": 0},
            "Nothing was found that forbids the 5 texts and scripts of 2 planned tests; 3 warnings "
            "or open points call for a person.",
            "2 个计划测试的 5 条文案与话术未发现禁止项；有 3 处提醒或未写明之处须人工判断。",
        ),
        (
            Verdict.CLEAR,
            {},
            "5 texts and scripts of 2 planned tests were checked; no rule of the register was "
            "found to be broken.",
            "已检查 2 个计划测试的 5 条文案与话术，未发现违反规则库之处。",
        ),
    ],
)
def test_the_statement_goes_by_the_verdict(results, verdict, figures, english, chinese) -> None:
    """Three open points: a warning in a text, consent for calls, a text that is not stated."""
    base = results["copy_lint"]
    changed = replace(base, verdict=verdict, figures={**base.figures, **figures})
    assert say(changed)[0][0] == english
    words, finding = say(changed, "zh")
    assert words[0] == chinese
    assert (finding.action is None) is (verdict is Verdict.CLEAR)


def test_plans_in_words(results) -> None:
    words, finding = say(results["hypotheses"])
    assert words == [
        "1 of 2 planned tests cannot be read out as they stand: bare.",
        "bare: decided by friend added among 2 arms; no smallest difference stated; guard-rails: "
        "0. Lacking: hypothesis, copy in use, outcome that decides, smallest difference, "
        "guard-rails, first day of sending, filed before the send.",
        "q3: decided by friend added among 2 arms; smallest difference 1.0 points; guard-rails: 1.",
        "Advised and not stated in 1 tests: hook, crowds, share held back.",
        "q3: filed on data up to 2026-06-30, SHA-256 0123456789ab…",
        "Hooks by crowds: 2 of 2 cells have an arm in some test; each is read for itself.",
        "1 tests were sent that forms.yml does not plan.",
        "1 tests finished in 1.9 months (0.525 a month).",
        "A test can be read 7 days after its first send, the median of 1 tests.",
    ]
    assert finding.action.render("en").startswith("Give each test a control")
    zh, _ = say(results["hypotheses"], "zh")
    friend = label("friend_added").render("zh")
    assert zh == [
        "2 个计划测试中有 1 个照现状无法解读：bare。",
        f"bare：2 个组，以{friend}为主要指标；未写最小差异；护栏指标 0 个。缺少：假设、现用文案、"
        "主要指标、最小差异、护栏指标、开始发送日、发送前存档。",
        f"q3：2 个组，以{friend}为主要指标；最小差异 1.0 个百分点；护栏指标 1 个。",
        "有 1 个测试未写建议要素：钩子、人群包、留白比例。",
        "q3：存档所用数据截至 2026-06-30，SHA-256 0123456789ab…",
        "钩子与人群包：2 个组合中有 2 个已安排实验组，各自单独解读。",
        "有 1 个已发送的测试不在 forms.yml 的计划中。",
        "1.9 个月内结束 1 个测试（每月 0.525 个）。",
        "从首次发送到可以解读，1 个测试的中位数为 7 天。",
    ]


def test_plans_that_lack_something_and_plans_that_do_not(results) -> None:
    base = results["hypotheses"]
    watch, finding = say(replace(base, verdict=Verdict.WATCH))
    assert watch[0].startswith(
        "1 of 2 planned tests have all that a readout needs. Lacking: hypothesis, copy in use,"
    )
    assert finding.action.render("zh") == (
        "在 forms.yml 中补齐所缺要素，并在首次发送前存档计划（plan.json）。"
    )
    clear, finding = say(replace(base, verdict=Verdict.CLEAR))
    assert clear[0] == (
        "All 2 planned tests state what a readout needs, and their plans are filed."
    )
    assert finding.action is None


def test_vendors_are_a_grid_told_apart_by_sign_and_word(results) -> None:
    ax = plot(results["copy_lint"])
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "q3 · coupon", "q3 · service", "bare · A", "bare · B",
    ]  # fmt: skip
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "Alibaba Cloud", "Huawei Cloud", "Qiniu Cloud", "Tencent Cloud", "Volcengine",
    ]  # fmt: skip
    shown = cells(ax)
    assert [shown[0, x] for x in range(5)] == ["◆ at risk\nSMS-08"] + ["▲ refused\nSMS-08"] * 4
    assert [shown[1, x] for x in range(5)] == ["● nothing found"] * 5
    assert [shown[3, x] for x in range(5)] == ["– not stated"] * 5
    assert plot(results["copy_lint"], "zh").texts[1].get_text() == "▲ 会被拒\nSMS-08"


def test_without_text_messages_parts_are_drawn(results) -> None:
    base = results["copy_lint"]
    ax = plot(replace(base, tables={k: v for k, v in base.tables.items() if k != "vendors"}))
    assert [t.get_text() for t in ax.get_yticklabels()][:2] == [
        "q3 · coupon · script of the call", "q3 · coupon · text message",
    ]  # fmt: skip
    assert [cells(ax)[y, 0] for y in range(6)] == [
        "● nothing found", "◆ warning", "● nothing found", "● nothing found", "● nothing found",
        "– not stated",
    ]  # fmt: skip


def test_items_of_plans_are_a_grid(results) -> None:
    """What is only advised is drawn as open, what does not concern a test as a dash."""
    ax = plot(results["hypotheses"])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["q3", "bare"]
    items = [t.get_text() for t in ax.get_yticklabels()]
    assert items[:2] == ["hypothesis", "at least two groups"]
    assert items[-1] == "share held back (advised)"
    shown = cells(ax)
    assert [shown[y, 0] for y in range(len(items))] == ["● stated in the plan"] * len(items)
    bare = [shown[y, 1] for y in range(len(items))]
    assert bare == [
        "◆ lacking", "● stated in the plan", "▲ cannot be read out", *["◆ lacking"] * 5,
        *["○ lacking"] * 3,
    ]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_glyph_is_drawn_and_there_is_a_title(results, question, language) -> None:
    ax = plot(results[question], language)
    assert chart_title(ax)
    set_language(language)
    try:
        assert figure_png(ax).startswith(b"\x89PNG")
    finally:
        set_language("en")


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_drawn_or_claimed_of_no_answer(results, question) -> None:
    with closing(connect()) as connection:
        base, rules = copy_base(connection, {})
        result = getattr(copy_tests, f"measure_{question}")(base, rules)
    assert plot(result) is None
    words, finding = say(result, "zh")
    assert words == ["forms.yml 中没有计划文案测试（copy_tests:）。"]
    assert finding.action is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_names_have_labels_and_units_formats(results, question) -> None:
    result = results[question]
    tables = [result.table, *result.tables.values()]
    names = {name for table in tables for name in table} | set(result.figures)
    assert [n for n in names | set(result.tables) if not has_label(in_question(question, n))] == []
    assert {result.units[name].partition(":")[0] for name in names} <= set(KINDS)


def test_deviations_in_chinese() -> None:
    """The same deviations as in test_deviations, in the other language."""
    plan = {**PLANS[0], "starts_on": "2026-05-05"}
    rows = deliveries({"arm": "coupon", "people": 20, "delivered": 0, "test_id": "q3"})
    with closing(connect()) as connection:
        base, _ = copy_base(
            connection,
            {"deliveries": rows},
            filed={"q3": filed(plan)},
            forms={"copy_tests": [{**plan, "minimum_difference": 0.02}]},
        )
        found = deviations(base, "q3")
    assert all(has_translation(one.sentence.template, "zh") for one in found)
    assert [one.sentence.render("zh") for one in found] == [
        "forms.yml 中值得发现的最小差异现为 0.02，存档为 0.01。",
        "计划存档所用数据截至 2026-06-30，晚于首次发送日 2026-05-04。",
        "首次发送在 2026-05-04，早于计划开始日 2026-05-05。",
        "计划中的组 service 没有发给任何人。",
        "发送明细不含人群包，计划中的人群包无法核对。",
        "20 人中留白 0 人（0.0%），计划为 10.0%。",
        "客户所在时区未知，发送时段无法核对。",
    ]
