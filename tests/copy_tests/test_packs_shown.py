"""Crowds, spending and costs as shown: charts read back, sentences exact in two languages."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from copy_tables import copy_base
from pack_brand import plan, sends

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.labels import has_label, in_question
from privdom_kit.messages import has_translation, set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Result, Verdict

QUESTIONS = ("crowds", "crowd_priority", "cost_per_friend")
CELLS = (
    ("new", "A", 1000, 40), ("new", "B", 1000, 40), ("old", "A", 1000, 100),
    ("old", "B", 1000, 100), ("idle", "A", 1000, 4), ("idle", "B", 1000, 4),
    ("new", "holdout", 1000, 10), ("old", "holdout", 1000, 20), ("idle", "holdout", 1000, 2),
)  # fmt: skip
SIZES = {"new": 3000, "old": 3000, "idle": 3000}


def make() -> dict[str, Result]:
    planned = plan(SIZES, holdout_share=1 / 3, budget=40)
    planned["arms"][1] |= {"incentive": "coupon", "incentive_cost": 1.0}
    with closing(connect()) as connection:
        base, settings = copy_base(
            connection,
            {"deliveries": sends(*CELLS)},
            forms={"copy_tests": [planned]},
            economics={"customer_value": 3.0},
        )
        return {q: getattr(copy_tests, f"measure_{q}")(base, settings) for q in QUESTIONS}


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return make()


def plot(result: Result, **changes):
    set_language("en")
    return getattr(copy_tests, f"plot_{result.question}")(replace(result, **changes))


def say(result: Result, language: str = "en"):
    finding = getattr(copy_tests, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def segments(collection) -> list:
    return [line[:, 0].tolist() for line in collection.get_segments() if len(line)]


# Charts


def test_crowds_are_drawn_as_counted_and_shrunk(results) -> None:
    table = results["crowds"].table
    ax = plot(results["crowds"])
    raw, shrunk = ax.lines[0], ax.lines[1]
    assert raw.get_xdata().tolist() == table["rate"].tolist() == [0.1, 0.04, 0.004]
    assert shrunk.get_xdata().tolist() == table["shrunk_rate"].tolist()
    ends = table[["shrunk_rate_ci_lower", "shrunk_rate_ci_upper"]].to_numpy().tolist()
    assert segments(ax.collections[1]) == ends
    assert [t.get_text() for t in ax.get_yticklabels()] == ["old", "new", "idle"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "as counted", "shrunk", "mean of the crowds",
    ]  # fmt: skip
    assert chart_title(ax) == "t1: friend added by crowd"


def test_profits_are_drawn_filled_where_the_budget_goes(results) -> None:
    table = results["crowd_priority"].table
    ax = plot(results["crowd_priority"])
    taken, left = ax.lines[0], ax.lines[1]
    profits = table["profit_per_contact"].tolist()
    assert taken.get_xdata().tolist() == profits[:1]
    assert left.get_xdata().tolist() == profits[1:]
    assert left.get_markerfacecolor() != taken.get_markerfacecolor()
    assert ax.lines[2].get_xdata() == [0, 0]
    assert [t.get_text() for t in ax.get_yticklabels()] == list(table["crowd"])


def test_costs_are_drawn_over_all_friends_and_over_extra_ones(results) -> None:
    table = results["cost_per_friend"].table
    ax = plot(results["cost_per_friend"])
    assert ax.lines[0].get_xdata().tolist() == table["cost_per_friend"].tolist()
    assert ax.lines[1].get_xdata().tolist() == table["cost_per_extra_friend"].tolist()
    assert ax.lines[2].get_xdata() == [3.0, 3.0]
    assert not ax.texts


def test_a_cost_without_an_upper_end_is_an_arrow(results) -> None:
    table = results["cost_per_friend"].table.copy()
    ends = ["cost_per_extra_friend_ci_lower", "cost_per_extra_friend_ci_upper"]
    table.loc[0, ends], table.loc[0, "extra_bounded"] = float("nan"), "false"
    ax = plot(results["cost_per_friend"], table=table)
    assert len(ax.texts) == 1
    arrow = ax.texts[0]
    assert arrow.xyann[0] == table.loc[0, "cost_per_extra_friend"]
    assert arrow.xy[0] >= ax.get_xlim()[1]
    assert arrow.arrow_patch is not None


def test_a_chart_says_where_crowds_are_left_out(results) -> None:
    table = pd.concat([results["crowds"].table] * 5, ignore_index=True)
    ax = plot(results["crowds"], table=table)
    assert len(ax.get_yticklabels()) == 12
    assert "The first 12 of 15 are shown." in ax.figure.get_supxlabel()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_glyph_is_drawn_and_there_is_a_title(results, question, language) -> None:
    set_language(language)
    ax = getattr(copy_tests, f"plot_{question}")(results[question])
    assert chart_title(ax)
    assert figure_png(ax).startswith(b"\x89PNG")
    set_language("en")


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_drawn_of_no_answer(results, question) -> None:
    assert plot(results[question], table=pd.DataFrame()) is None


# Sentences


def test_crowds_in_words(results) -> None:
    result = results["crowds"]
    figures = {
        "shrunk_rate": 0.098,
        "shrunk_rate_ci_lower": 0.085,
        "shrunk_rate_ci_upper": 0.112,
        "chance_best": 0.99999,
    }
    words, finding = say(replace(result, figures={**result.figures, **figures}))
    assert words[0] == (
        "t1: crowds differ (friend added). old does best with 9.8% of people sent to (interval "
        "8.5% to 11.2%; chance of being best 99.9%)."
    )
    assert words[1].startswith("old: 200 of 2,000 people (10.0%, interval 8.8% to 11.4%; shrunk ")
    assert finding.action.render("en").startswith("Send to the crowds in the order")
    assert finding.money_at_stake is None
    zh, _ = say(replace(result, figures={**result.figures, **figures}), "zh")
    assert zh[0] == (
        "t1：人群包之间有差异（加了好友）。old 最好，占发送人数的 9.8%"
        "（置信区间 8.5% 至 11.2%；成为最佳的概率 99.9%）。"
    )


STATES = {
    "not_reached": (
        "t1: crowds are not ranked yet. 500 people are lacking of those planned.",
        "t1：人群包暂不排名，距计划人数还差 500 人。",
    ),
    "open": (
        "t1: whether the 3 crowds differ cannot be told from 6,000 people (friend added).",
        "t1：3 个人群包是否有差异，凭 6,000 人尚无法判断（加了好友）。",
    ),
    "crowds_alike": (
        "t1: the 3 crowds do not differ by more than the smallest difference that matters (friend "
        "added).",
        "t1：3 个人群包之间的差异不超过最小有意义差异（加了好友）。",
    ),
    "no_plan": (
        "t1: crowds are not ranked. No plan says how many people each was to have.",
        "t1：人群包不排名，没有计划说明每个人群包应发多少人。",
    ),
    "uneven_arms": (
        "t1: crowds are not ranked. They were sent the versions in different proportions, and may "
        "differ because of that.",
        "t1：人群包不排名。各人群包收到的文案配比不同，差异可能由此而来。",
    ),
    "observed": (
        "t1: crowds are not ranked. Nothing says that chance decided who was sent what.",
        "t1：人群包不排名，没有依据表明谁收到什么是随机决定的。",
    ),
    "unsound": (
        "t1: crowds are not ranked. The test is not sound.",
        "t1：人群包不排名，该测试不合格。",
    ),
    "too_few": (
        "t1: too few people, or too few with the outcome (friend added), to compare crowds.",
        "t1：人数或达成人数太少（加了好友），无法比较人群包。",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_what_can_be_said_of_crowds(results, state) -> None:
    result = results["crowds"]
    changed = {**result.figures, "state": state, "lacking_people": 500}
    for language, expected in zip(("en", "zh"), STATES[state], strict=True):
        assert say(replace(result, figures=changed), language)[0][0] == expected


def test_the_best_crowd_is_not_named_where_it_is_hidden(results) -> None:
    changed = {**results["crowds"].figures, "best_crowd": None}
    words, _ = say(replace(results["crowds"], figures=changed))
    assert words[0] == (
        "t1: crowds differ (friend added); the best has too few people to be named."
    )


def spending(results, **figures) -> Result:
    numbers = {
        "expected_friends": 64.0, "expected_friends_ci_lower": 51.0,
        "expected_friends_ci_upper": 77.0, "expected_profit": 120.0,
        "expected_profit_ci_lower": 80.0, "expected_profit_ci_upper": 160.0, "even_profit": 10.0,
        "gain": 110.0, "gain_ci_lower": 60.0, "gain_ci_upper": 160.0, "contacts": 400,
        "spend": 40.0, "budget_price": 2.5,
    }  # fmt: skip
    result = results["crowd_priority"]
    return replace(result, figures={**result.figures, **numbers, **figures})


def test_spending_in_words(results) -> None:
    words, finding = say(spending(results))
    assert words[:4] == [
        "Contacts cost more than they bring in 1 of 3 crowds, for sure.",
        "t1: contacting 400 people for CN¥40.00 is expected to bring 64.0 friends (interval 51.0 "
        "to 77.0) and CN¥120.00 (interval CN¥80.00 to CN¥160.00).",
        "The same share of every crowd would bring CN¥10.00; the difference is CN¥110.00 (interval "
        "CN¥60.00 to CN¥160.00).",
        "Of a budget of CN¥40.00 the next CN¥1.00 would bring CN¥2.50.",
    ]
    assert (
        "with CN¥3.00 a friend, an incentive of CN¥0.50 a friend and a cost of CN¥0.05." in words[4]
    )
    assert finding.money_at_stake == results["crowd_priority"].figures["money_at_stake"] > 0
    assert finding.money_basis.render("en") == (
        "Loss of a contact x people sent to, over crowds that do not pay for sure; for as many "
        "people as in the test."
    )
    zh, _ = say(spending(results), "zh")
    assert zh[:2] == [
        "3 个人群包中，有 1 个确定触达成本高于收益。",
        "t1：花 ¥40.00 触达 400 人，预计带来 64.0 位好友（置信区间 51.0 至 77.0）和 ¥120.00 利润"
        "（置信区间 ¥80.00 至 ¥160.00）。",
    ]


def test_what_can_be_said_of_spending(results) -> None:
    moved = spending(results, crowds_losing=0)
    assert say(moved)[0][0] == (
        "t1: spending on the best crowds first brings CN¥110.00 more than spending evenly "
        "(interval CN¥60.00 to CN¥160.00)."
    )
    watch = replace(moved, verdict=Verdict.WATCH)
    assert say(watch)[0][0] == (
        "Contacts bring more than they cost in 1 of 3 crowds for sure; of the others it cannot be "
        "told."
    )
    nothing = replace(spending(results, crowds_judged=0), verdict=Verdict.WATCH)
    assert say(nothing)[0][0] == (
        "t1: what contacts bring is shown by crowd; nothing follows from it yet, for the reasons "
        "in the notes."
    )
    assert say(nothing, "zh")[0][0] == (
        "t1：已列出各人群包的触达收益，但尚不能据此下结论，原因见备注。"
    )
    clear = spending(results, crowds_losing=0, crowds_paying=3)
    assert say(replace(clear, verdict=Verdict.CLEAR))[0][0] == (
        "Contacts bring more than they cost in all 3 crowds that are large enough to be judged."
    )
    hidden = spending(results, expected_profit=None)
    assert say(hidden)[0] == [
        "t1: what contacts bring by crowd rests on too few people to be shown.",
        *say(spending(results))[0][4:],
    ]


def test_costs_in_words(results) -> None:
    """A: 150 yuan for 144 friends of 3,000 people; 32 of 3,000 held back would have come anyway.

    Extra: .05 / (.048 - .010667) = 1.34; error .00433, .05 / (.03733 -+ .00849): 1.09, 1.73.
    """
    words, finding = say(results["cost_per_friend"])
    assert words[1] == (
        "t1, A: 144 friends of 3,000 people for CN¥150.00, CN¥1.04 each (interval CN¥0.90 to "
        "CN¥1.24), and CN¥1.34 (interval CN¥1.09 to CN¥1.73) where only friends beyond those of "
        "people held back count."
    )
    assert finding.owner is not None
    zh, _ = say(results["cost_per_friend"], "zh")
    assert zh[1] == (
        "t1，A：3,000 人花 ¥150.00 加到 144 位好友，每位 ¥1.04（置信区间 ¥0.90 至 ¥1.24），"
        "只计超出留白组的增量好友则为 ¥1.34（置信区间 ¥1.09 至 ¥1.73）。"
    )


def test_what_can_be_said_of_costs(results) -> None:
    result = results["cost_per_friend"]
    act = replace(result, verdict=Verdict.ACT)
    assert say(act)[0][0] == (
        "t1: friends of A cost more than the CN¥3.00 that they are worth, for sure."
    )
    clear = replace(result, verdict=Verdict.CLEAR)
    assert say(clear)[0][0] == (
        "Friends cost less than they are worth in all 2 versions, those who would have come anyway "
        "left out."
    )

    def watch(**figures) -> list[str]:
        changed = {**result.figures, "cost_per_friend": 2.0, **figures}
        return say(replace(result, figures=changed, verdict=Verdict.WATCH))[0]

    assert watch(counted="all_friends")[0] == (
        "t1: a friend of A costs CN¥2.00, all friends counted."
    )
    assert watch(extra_bounded=None)[0] == (
        "t1: a friend of A costs CN¥2.00, those who would have come anyway are too few to be shown."
    )
    assert watch(cost_per_extra_friend=None)[0] == (
        "t1: a friend of A costs CN¥2.00, and sending brought no friends beyond those of people "
        "held back."
    )
    assert watch(extra_bounded="false", cost_per_extra_friend=4.0)[0] == (
        "t1: a friend of A costs CN¥2.00, and CN¥4.00, with no upper end, where only friends "
        "beyond those of people held back count."
    )
    assert watch(cost_per_friend=None)[0] == (
        "t1: what a friend costs rests on too few people to be shown."
    )
    assert watch(value_source=None)[-1] == (
        "Whether that is worth it cannot be told: neither friend_value of the crowds in forms.yml "
        "nor economics.customer_value says what a friend is worth."
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_units_labels_and_translations_are_there(results, question) -> None:
    result = results[question]
    for name, unit in result.units.items():
        assert unit.partition(":")[0].partition(",")[0] in KINDS, name
        # bounds stand in the cell of what they bound
        stem = name.removesuffix("_ci_lower").removesuffix("_ci_upper")
        assert has_label(in_question(question, stem)), name
    finding = getattr(copy_tests, f"describe_{question}")(result)
    for message in (finding.statement, *finding.evidence, *result.notes):
        assert has_translation(message.template, "zh"), message.template
    result.to_dict("zh")


def test_an_answer_that_is_none_is_said() -> None:
    with closing(connect()) as connection:
        base, settings = copy_base(connection, {})
        for question in QUESTIONS:
            result = getattr(copy_tests, f"measure_{question}")(base, settings)
            words, _ = say(result)
            assert words == [
                "No deliveries with an arm are given, so there is no copy test to read out."
            ]
