"""The sections of a new client's forms.yml that registers, texts and ratings fill; all commented.

Every commented line is an example that can be used as it stands without its #.
"""

from __future__ import annotations

from collections.abc import Iterator

from privdom_kit.knowledge.rubrics import Rubric, load_rubrics

_WORDS = {
    "zh": {
        "touchpoints": "触点：是否在用、一个角色、一个指标、负责人、渠道活码；目录之外的加 name",
        "own": "品牌APP",
        "owner": "客服部",
        "benefits": "会员权益：每项权益在各渠道是什么；false 表示没有，留空表示不清楚",
        "benefit": "生日礼",
        "gift": "礼盒",
        "member_days": "会员日：每月几号（day_of_month）或每周几（weekday），是否每期有主题",
        "day": "会员日",
        "theme": "换季养护",
        "texts": "要检查的文案：渠道、服务商、用途（marketing、interaction、care、daily）、正文",
        "text_name": "到货短信",
        "text": "【品牌】会员您好，您订的商品已到货，拒收请回复R",
        "rule_overrides": "不适用的规则及理由；没有理由不接受；words 只针对其中几个词",
        "word": "第一",
        "reason": "“第一”是注册商标的一部分",
        "goals": "品牌目标：指标与数值，只写存量（粉丝数、好友数）的会被指出",
        "goal": "好友数达到十万",
        "copy_tests": "文案测试：发送前写好版本、人群包、一个主指标、护栏和看数时点；"
        "plan 填发送前存档的 plan.json",
        "hypothesis": "首单礼比积分更能让老客加企微",
        "arm": "首单礼",
        "arm_text": "【品牌】会员您好，您的售后卡已备好，点击查看 example.cn/a 拒收请回复R",
        "crowd": "沉睡会员",
        "journey": "用户旅程：按阶段写触点、情绪（-2 到 2）、痛点（发生比例、严重度 0 到 2）",
        "stage": "首次购买",
        "pain": "不知道怎么选",
        "rubrics": "评分：每人每个对象一张表；没有证据的“是”不算，没写的就是未答。",
        "rater": "张三",
        "evidence": "写明证据",
        "yes_no": "value 写 true 或 false",
        "0_to_3": "value 写 0 到 3",
    },
    "en": {
        "touchpoints": "touchpoints: in use or not, one role, one measure, owner, entry code; a "
        "name for those that the catalogue does not have",
        "own": "the brand's app",
        "owner": "Customer service",
        "benefits": "member benefits: what each is on each channel; false where it is not offered, "
        "blank where nobody knows",
        "benefit": "birthday gift",
        "gift": "gift box",
        "member_days": "member days: day_of_month or weekday, and whether each has a theme",
        "day": "member day",
        "theme": "change of season",
        "texts": "texts to check: channel, vendor, purpose (marketing, interaction, care, daily), "
        "words",
        "text_name": "arrival message",
        "text": "【品牌】会员您好，您订的商品已到货，拒收请回复R",
        "rule_overrides": "rules that do not hold, with the reason that they need; words limits it "
        "to some of the words",
        "word": "第一",
        "reason": "the word is part of a registered trade mark",
        "goals": "goals of the brand: metric and number; those that name a stock only are told",
        "goal": "a hundred thousand contacts",
        "copy_tests": "copy tests: write arms, crowd packs, one primary outcome, guard-rails and "
        "looks before sending; plan names the plan.json that was filed before the send",
        "hypothesis": "a first-order gift makes more old customers add WeCom than points do",
        "arm": "first-order gift",
        "arm_text": "【品牌】会员您好，您的售后卡已备好，点击查看 example.cn/a 拒收请回复R",
        "crowd": "silent members",
        "journey": "the journey by stage: touchpoints, emotion (-2 to 2), pain points (share of "
        "people, severity 0 to 2)",
        "stage": "first purchase",
        "pain": "does not know what to choose",
        "rubrics": "ratings: a sheet a rater and subject; a yes without evidence does not count, "
        "what is not written is not answered.",
        "rater": "Zhang San",
        "evidence": "what shows it",
        "yes_no": "value is true or false",
        "0_to_3": "value is 0 to 3",
    },
}


def register_lines(language: str) -> list[str]:
    """The lines of the sections, each with a comment that says what it is for.

    Args:
        language: zh or en, of the comments.
    """
    say = _WORDS[language]
    return [
        f"touchpoints:  # {say['touchpoints']}",
        "  # wecom_chat: {in_use: true, role: closeness, kpi: reply_rate, "
        f"owner: {say['owner']}, entry_code: wx01}}",
        f"  # own_app: {{name: {say['own']}, in_use: true, role: service}}",
        "",
        f"benefits:  # {say['benefits']}",
        "  # reference: mini_program",
        "  # cells:",
        f"  #   {say['benefit']}: {{mini_program: {say['gift']}, store: false, platform_shop: }}",
        "",
        f"member_days:  # {say['member_days']}",
        f"  # - {{name: {say['day']}, day_of_month: 20, has_theme: true, theme: {say['theme']}}}",
        "",
        f"texts:  # {say['texts']}",
        f"  # - {{name: {say['text_name']}, channel: sms, vendor: tencent, purpose: marketing, "
        f"text: {say['text']}}}",
        "",
        f"rule_overrides:  # {say['rule_overrides']}",
        f"  # - {{rule: AD-02, words: {say['word']}, reason: {say['reason']}}}",
        "",
        f"goals:  # {say['goals']}",
        f"  # - {{name: {say['goal']}, metric: contacts, kind: stock, "
        "paired_with: repeat_rate, target: 100000}",
        "",
        f"copy_tests:  # {say['copy_tests']}",
        "  # - id: add_wecom_1",
        "  #   channel: sms",
        f"  #   hypothesis: {say['hypothesis']}",
        "  #   primary: friend_added",
        "  #   minimum_lift: 0.2",
        "  #   holdout_share: 0.1",
        "  #   arms:",
        f"  #     - {{name: A, control: true, text: {say['arm_text']}}}",
        f"  #     - {{name: B, incentive: {say['arm']}, text: {say['arm_text']}}}",
        "  #   crowds:",
        f"  #     - {{name: {say['crowd']}, baseline: 0.02, "
        "who: {orders_at_least: 1, days_since_order_at_least: 90}}",
        "  #   guardrails:",
        "  #     - {metric: opted_out, margin: 0.002, baseline: 0.004}",
        "  #   plan: plans/add_wecom_1.json",
        "",
        f"journey:  # {say['journey']}",
        "  # stages:",
        "  #   purchase:",
        f"  #     name: {say['stage']}",
        "  #     touchpoints: [mini_program]",
        "  #     emotion: -1",
        f"  #     pain_points: {{{say['pain']}: {{frequency: 0.3, severity: 1}}}}",
        "",
        f"rubrics:  # {say['rubrics']}",
        *_rubric_lines(language),
        "",
    ]


def _rubric_lines(language: str) -> Iterator[str]:
    """A sheet of every rubric, each item with its question."""
    say = _WORDS[language]
    for rubric in load_rubrics().values():
        subject = _subject(rubric)
        yield f"  # - rubric: {rubric.id}  # {rubric.words[language]}; {say[rubric.scale]}"
        if subject:
            yield f"  #   subject: {subject}"
        yield f"  #   rater: {say['rater']}"
        yield "  #   answers:"
        value = "true" if rubric.scale == "yes_no" else "2"
        for item in rubric.items:
            answer = f"{{value: {value}, evidence: {say['evidence']}}}"
            yield f"  #     {item.id}: {answer}  # {item.words[language]}"


def _subject(rubric: Rubric) -> str:
    """An example of what is rated; none where it is the brand as a whole."""
    return {"touchpoint": "wecom_chat", "account": "moments", "post": "post_1"}.get(
        rubric.subject, ""
    )
