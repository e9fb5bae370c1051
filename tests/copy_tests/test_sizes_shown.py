"""Sizes, split and costs of plans in words, exactly, in both languages; charts read back."""

from __future__ import annotations

from dataclasses import replace

import client_tables
import plan_samples as ps
import pytest

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.labels import has_label, in_question
from privdom_kit.messages import has_translation, set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Verdict

QUESTIONS = ("sample_size", "assignment", "budget")
GIFT = {"incentive": "gift", "incentive_cost": 3.0}
# 900 gold and 8,100 others; 60 opted out; both tests at the same time share the 8,940 left.
PLANS = [
    ps.plan(
        "add_2026Q3", channel="call_sms", primary="friend_added", baseline=0.03, minimum_lift=0.4,
        arms=[ps.arm("A", control=True), ps.arm("首单礼", **GIFT), ps.arm("积分")],
        crowds=[{"name": "金卡", "who": {"tiers": ["gold"]}}, {"name": "其他", "who": {}}],
        holdout_share=0.1, budget=2000, call_capacity=3000,
        guardrails=[{"metric": "opted_out", "margin": 0.002, "baseline": 0.004}],
    ),
    ps.plan("birthday", starts_on="2026-07-08", minimum_difference=0.05, budget=100.0,
            crowds=[{"name": "all", "who": {}}],
            arms=[ps.arm("D", control=True), ps.arm("E")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def results():
    old = ps.sent(
        {"arm": "A", "people": 2000},
        {"arm": "A", "people": 60, "ordered": 2, "friend_added": 1, "opted_out": 1},
        {"arm": "B", "people": 2000},
        test="old",
        sent="2026-03-01",
    )
    day = ps.DAY("2026-06-01")
    orders = client_tables.orders(*[(c, day - c % 90, 100) for c in range(0, 9000, 2)])
    members = ps.people(9000, tier=["gold" if c % 10 == 0 else "x" for c in range(9000)])
    frames = {"members": members, "deliveries": old, "orders": orders}
    with closing(connect()) as connection:
        base, rules = ps.base(
            connection, PLANS, frames, economics={"sms_cost": 0.05, "call_cost": 0.12}
        )
        yield {q: getattr(copy_tests, f"measure_{q}")(base, rules) for q in QUESTIONS}


def say(result, language="en"):
    finding = getattr(copy_tests, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def test_sizes_in_words(results):
    """By hand: (2.2414 + .8416)^2 (.03 x .97 + .042 x .958) / .012^2 = 4,577; x 3 / .9 = 15,257.

    Guard-rail: (1.96 + .8416)^2 x 2 x .004 x .996 / .002^2 = 15,635; x 3 / .9 = 52,117. 60 orders
    of 4,060 people before are 1.5 % (Wilson 1.1 to 1.9). Copy in use: 134 of 447 and 1,207 of
    4,023; (2.2414 + .8416) sqrt((.03 x .97 + .0538 x .9462) / 1,341) = .0238.
    """
    words, finding = say(results["sample_size"])
    assert words == [
        "add_2026Q3 cannot detect what it looks for: a difference of +1.2 points takes 15,257 "
        "people, and there are 4,470.",
        "birthday can detect a difference of +5.0 points: it takes 472 people, and there are "
        "4,470.",
        "add_2026Q3: with 1,341 people to compare with, the smallest difference that can be shown "
        "is +2.4 points (79.4% of the baseline).",
        "birthday: with 2,235 people to compare with, the smallest difference that can be shown is "
        "+1.2 points (interval +1.1 points to +1.3 points; 80.8% of the baseline).",
        "add_2026Q3: a baseline of 3.0% (friend added) is stated, without an interval.",
        "birthday: the baseline is 1.5% (ordered; interval 1.1% to 1.9%) of 4,060 people in old.",
        "add_2026Q3: 2 of 2 crowds cannot detect it by themselves: 金卡, 其他.",
        "add_2026Q3, opted out: a rise of +0.20 points or more cannot be ruled out; it takes "
        "52,117 people, and there are 4,470.",
    ]
    assert finding.action.render("en").startswith("Do not send a test as it is planned that ")
    zh, finding = say(results["sample_size"], "zh")
    assert zh[0] == (
        "add_2026Q3 检不出要找的差异：检出 +1.2 个百分点的差异需要 15,257 人，现有 4,470 人。"
    )
    assert zh[5] == "birthday：基线为 1.5%（下单；置信区间 1.1% 至 1.9%），来自 old 的 4,060 人。"
    assert zh[6] == "add_2026Q3：2 个人群包中有 2 个单独检不出该差异：金卡、其他。"
    assert finding.owner.render("zh") == "客户运营负责人"


def test_sizes_that_cannot_be_said_or_are_not_sure(results):
    result = results["sample_size"]
    table = result.table.copy()
    table.loc[0, "can_detect"] = "unsure"
    words, _ = say(replace(result, table=table, verdict=Verdict.WATCH))
    assert words[0] == (
        "Whether add_2026Q3 can detect a difference of +1.2 points cannot be said: it takes 15,257 "
        "people, and how many there are in all is not known."
    )
    table.loc[0, ["needed_people_ci_lower", "needed_people_ci_upper"]] = [4000, 20000]
    words, finding = say(replace(result, table=table, verdict=Verdict.WATCH))
    assert words[0] == (
        "Whether add_2026Q3 can detect a difference of +1.2 points is not sure: it takes 15,257 "
        "people (interval 4,000 to 20,000), and there are 4,470."
    )
    assert finding.action.render("zh").startswith("按全部人群包合并的结果做决定")
    table.loc[0, ["needed_people", "baseline", "can_detect"]] = None
    words, _ = say(replace(result, table=table))
    assert words[0] == (
        "What add_2026Q3 can detect cannot be said: the share with the outcome under the present "
        "copy is not known."
    )


def test_the_split_in_words(results):
    """By hand: 450 gold and 4,050 others in the one test, but for the opted out, halved.

    Everybody gold has one order, so there is nothing in which arms could differ there.
    """
    words, finding = say(results["assignment"])
    assert words == [
        "8,940 people are drawn for 2 planned copy tests; 447 of them are held back and sent "
        "nothing.",
        "add_2026Q3: of 9,000 people whom the rules find, 4,530 are left out and 4,470 drawn, in 2 "
        "crowds.",
        "birthday: of 9,000 people whom the rules find, 4,530 are left out and 4,470 drawn, in 1 "
        "crowds.",
        "add_2026Q3, left out: opted out or complained, on any channel 60, in another test at the "
        "same time 4,470.",
        "birthday, left out: opted out or complained, on any channel 60, in another test at the "
        "same time 4,470.",
        "In 2 of 2 crowds the arms are alike in orders so far, up to what chance explains.",
    ]
    assert (finding.result.verdict, finding.action) == (Verdict.CLEAR, None)
    zh, _ = say(results["assignment"], "zh")
    assert zh[0] == "为计划中的 2 个文案测试抽中 8,940 人；其中 447 人为留白组，不发送任何内容。"
    assert zh[3] == (
        "add_2026Q3 的剔除情况：在任一渠道退订或投诉过 60 人、在同期的另一个测试中 4,470 人。"
    )


def test_flawed_arms_in_words(results):
    result = results["assignment"]
    arms = result.tables["arms"].copy()
    arms.loc[0, "problems"] = "shared_code+no_link"
    tables = {**result.tables, "arms": arms}
    words, finding = say(replace(result, tables=tables, verdict=Verdict.ACT))
    assert "add_2026Q3, A: entry code of another arm too, no link." in words
    assert finding.action.render("zh") == (
        "发送前给每个版本配上自己的渠道活码参数、链接和模板：否则分不清效果来自哪个版本。"
    )


def test_costs_in_words(results):
    """By hand: birthday 4,470 x 0.05 = 223.50; 60 of 4,060 before, so 66 of 4,470."""
    words, finding = say(results["budget"])
    assert words[0] == "add_2026Q3 takes 4,023 calls at the least, and 3,000 can be made."
    assert words[1].startswith("add_2026Q3 costs CN¥603.")
    assert words[1].endswith(", within its budget of CN¥2,000.")
    assert words[2:] == [
        "birthday costs CN¥223.50 at the least, and CN¥100.00 may be spent.",
        "add_2026Q3: 121 friends are to be expected of 4,023 people at the rate that is stated, "
        "which has no interval.",
        "birthday: 66 friends (interval 51 to 85) are to be expected of 4,470 people at the "
        "present rate.",
        "birthday: 66 orders (interval 51 to 85) are to be expected of 4,470 people at the present "
        "rate.",
    ]
    assert finding.action.render("en").startswith("Raise the budget or the call capacity, ")
    zh, _ = say(results["budget"], "zh")
    assert zh[0] == "add_2026Q3 最少要拨打 4,023 次，而外呼能力只有 3,000 次。"
    assert zh[2] == "birthday 最少要花 ¥223.50，而预算只有 ¥100.00。"


def test_limits_in_words(results):
    """One cost is no range; what is not stated, and what may not fit, is said."""
    result = results["budget"]
    tests = result.tables["tests"].copy()
    tests.loc[0, ["dialable", "payable", "budget"]] = ["may_not_fit", "may_not_fit", 700.0]
    tests.loc[1, ["payable", "budget"]] = ["unknown", None]
    shown = replace(result, tables={**result.tables, "tests": tests}, verdict=Verdict.WATCH)
    words, finding = say(shown)
    assert words[0].endswith(", which may be more than its budget of CN¥700.00.")
    assert words[1:3] == [
        "birthday costs CN¥223.50; no budget is stated.",
        "add_2026Q3: one dial each can be made, all 4,023 attempts cannot (3,000 calls).",
    ]
    assert say(shown, "zh")[0][1] == "birthday 要花 ¥223.50；未填写预算。"
    assert finding.action.render("en").startswith("State the prices and limits that are missing")
    tests.loc[1, ["cost", "cost_least"]] = None
    assert say(replace(shown, tables={"tests": tests}))[0][1] == (
        "What birthday costs cannot be said: not all of it has a price."
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_unanswered_notes_units_and_labels(results, question):
    result = results[question]
    empty = replace(result, table=result.table.head(0), verdict=Verdict.NOT_MEASURED)
    words, finding = say(empty)
    assert words == [result.notes[0].render("en")]
    assert finding.action is None
    assert getattr(copy_tests, f"plot_{question}")(empty) is None
    assert all(has_translation(note.template, "zh") for note in result.notes)
    assert all(unit.split(":")[0] in KINDS for unit in result.units.values())
    tables = [result.table, *result.tables.values()]
    names = {str(c) for t in tables for c in t.columns} | {*result.figures, *result.tables}
    values = {
        value
        for table in tables
        for column in table
        if result.units[str(column)].startswith("text:")
        for value in table[column].dropna()
    }
    assert [n for n in names | values if not has_label(in_question(question, n))] == []


def plot(result, language="en"):
    set_language(language)
    try:
        ax = getattr(copy_tests, f"plot_{result.question}")(result)
        figure_png(ax)
        return ax
    finally:
        set_language("en")


def test_the_chart_of_sizes_draws_needed_and_there(results):
    table = results["sample_size"].table
    own = table[table["test"] == "add_2026Q3"]
    ax = plot(results["sample_size"])
    needed, there = ax.containers
    assert [bar.get_width() for bar in needed] == own["needed_people"].tolist()
    assert [bar.get_width() for bar in there] == own["people"].tolist() == [4470, 447, 4023]
    assert ax.get_xscale() == "log"
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["All crowds\ntoo few", "金卡\ntoo few", "其他\ntoo few"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "people needed",
        "people there are",
    ]
    assert chart_title(plot(results["sample_size"], "zh")) == ("测试能否检出要找的差异：add_2026Q3")


def test_the_chart_of_the_split_stacks_arms_by_crowd(results):
    table = results["assignment"].table
    ax = plot(results["assignment"])
    for bars, arm in zip(ax.containers, ("holdout", "A", "首单礼", "积分"), strict=True):
        own = table[(table["test"] == "add_2026Q3") & (table["arm"] == arm)]
        assert [bar.get_width() for bar in bars] == own["people"].tolist()
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[-1]]
    assert ends == [447, 4023]
    assert ax.containers[0][0].get_hatch() == "//"
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["holdout (sent nothing)", "A", "首单礼", "积分"]
    assert chart_title(plot(results["assignment"], "zh")) == "谁收到哪个版本：add_2026Q3"


def test_a_hidden_cell_is_not_drawn(results):
    result = results["assignment"]
    table = result.table.copy()
    table["people"] = table["people"].astype("Int64")
    table.loc[[0, 1], "people"] = None
    ax = plot(replace(result, table=table))
    assert [bar[0].get_width() for bar in ax.containers[:2]] == [0, 0]
    assert "–" in [text.get_text() for text in ax.texts]


def test_the_chart_of_costs_adds_up_to_the_cost(results):
    table = results["budget"].table
    own = table[table["test"] == "add_2026Q3"]
    ax = plot(results["budget"])
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[-1]]
    assert ends == pytest.approx(own["cost"].tolist())
    assert [t.get_text() for t in ax.get_yticklabels()] == ["A", "首单礼", "积分"]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["Text messages", "Calls", "Incentives"]
    assert chart_title(plot(results["budget"], "zh")) == "各版本的费用：add_2026Q3"
