"""Health, funnel and guard-rails as shown: sentences exactly, charts read back from the axes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from copy_tables import copy_base, deliveries

from privdom_kit import copy_tests
from privdom_kit.copy_tests import check_kinds, harm_states
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.labels import has_label, in_question, label
from privdom_kit.messages import has_translation, set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Verdict

QUESTIONS = ("health", "funnel", "guardrails")
PLAN = {
    "id": "加好友一",
    "channel": "sms",
    "arms": [{"name": "旧文案", "control": True}, {"name": "优惠券"}],
    "guardrails": [{"metric": "opted_out", "margin": 0.002}],
}


def people(arm: str, number: int, opted_out: int, friends: int):
    """So many people: those who opted out, those who became friends (and stayed), the others."""
    told = {"arm": arm, "status": "done", "delivered": 0}
    return (
        {**told, "people": opted_out, "opted_out": 1},
        {**told, "people": friends, "clicked": 1, "friend_added": 1, "friend_removed": 30},
        {**told, "people": number - opted_out - friends},
    )


def measure(b=3000, opted_out=60, plan=PLAN):
    """Questions of one test: 3,000 against b people, 12 against ``opted_out`` opt-outs."""
    rows = deliveries(
        *people("旧文案", 3000, 12, 120), *people("优惠券", b, opted_out, 150), test="加好友一"
    )
    forms = {"copy_tests": [plan]} if plan else {}
    with closing(connect()) as connection:
        base, settings = copy_base(
            connection, {"deliveries": rows}, forms=forms, privacy={"min_cell": 10}
        )
        return {q: getattr(copy_tests, f"measure_{q}")(base, settings) for q in QUESTIONS}


@pytest.fixture(scope="module")
def results():
    return measure()


@pytest.fixture(scope="module")
def broken():
    return measure(b=2000)


def say(result, language="en"):
    finding = getattr(copy_tests, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def plot(result, language="en"):
    set_language(language)
    ax = getattr(copy_tests, f"plot_{result.question}")(result)
    return ax


@pytest.fixture(autouse=True)
def english():
    yield
    set_language("en")


# ------------------------------------------------------------------------------------------------
# Sentences


def test_a_broken_test_is_named_with_why_and_what_to_do(broken):
    """3,000 and 2,000 of 5,000: chi-squared 200, p far below the alarm."""
    words, finding = say(broken["health"])
    assert words[0] == (
        "加好友一 was not run as a test: people by arm are not split as planned. Its numbers "
        "decide nothing."
    )
    assert words[1] == (
        "加好友一: 优惠券 2,000 (40.0%, planned 50.0%), 旧文案 3,000 (60.0%, planned 50.0%); a "
        "split so far off comes by chance with p < 0.001."
    )
    assert words[-1] == "加好友一: No plan was filed before the send."
    assert finding.action.render("en").startswith("Do not read 加好友一 out. Hold the list of the")
    zh, _ = say(broken["health"], "zh")
    assert zh[0] == "加好友一 没有按测试执行：各组人数与计划的分组不符。它的数字不能作结论。"
    assert zh[1] == (
        "加好友一：优惠券 2,000 人（40.0%，计划 50.0%）、旧文案 3,000 人（60.0%，计划 50.0%）；"
        "分组偏差这么大，出于偶然的概率（p 值）< 0.001。"
    )
    assert broken["health"].verdict is Verdict.ACT


def test_what_could_not_be_checked_is_said():
    result = measure(plan=None)["health"]
    words, finding = say(result)
    assert words[0] == (
        "No check failed in 1 tests, but 1 could not be made and 1 found something to be known."
    )
    assert words[1] == "Not checked in 加好友一: no plan says how people were to be split."
    assert finding.action.render("en").startswith("Plan the next test in forms.yml and file the")
    assert say(result, "zh")[0][1] == "加好友一 没有检查：没有计划写明人群如何分组。"


def test_each_check_has_its_sentence(results):
    """A failed check of each kind, its numbers as in the row."""
    result = results["health"]
    row = {"test": "t", "status": "failed", "people": 12, "of_people": 1000, "value": 0.012,
           "limit": 0.005, "alarm": None, "p_value": 0.0004}  # fmt: skip
    expected = {
        "two_arms": "t: people in two arms: 12 of 1,000 (1.2%); up to 0.50% is let pass.",
        "two_tests": (
            "t: people in another test at the same time: 12 of 1,000, in some arms more than in "
            "others (p < 0.001)."
        ),
        "held_untouched": (
            "t: people held back who were sent something: 12 of 1,000 (1.2%); up to 0.50% is let "
            "pass."
        ),
        "reports": (
            "t: people without any report: 12 of 1,000, in some arms more than in others "
            "(p < 0.001)."
        ),
    }
    for check, sentence in expected.items():
        table = pd.DataFrame([row | {"check": check}])
        failed = replace(result, table=table, verdict=Verdict.ACT,
                         figures={**result.figures, "failed_tests": 1})  # fmt: skip
        words, finding = say(failed)
        assert words[1] == sentence
        assert "t" in finding.action.render("en")
        assert has_translation(finding.action.template, "zh")
    hidden = pd.DataFrame([row | {"check": "two_arms", "people": None, "value": None}])
    few = replace(result, table=hidden, verdict=Verdict.ACT,
                  figures={**result.figures, "failed_tests": 2, "tests": 3})  # fmt: skip
    words, _ = say(few)
    assert words[0].startswith("2 of 3 tests were not run as tests, t first of all: people are in")
    assert words[1] == "t: people in two arms: fewer than 10 of 1,000; up to 0.50% is let pass."


def test_a_clear_health_asks_for_nothing(results):
    clear = replace(results["health"], verdict=Verdict.CLEAR)
    words, finding = say(clear)
    assert words[0] == "1 tests were run as planned: every check passed."
    assert finding.action is None


def test_how_far_people_get(results):
    """120 and 150 of 3,000 became friends and stayed; all of them had clicked."""
    words, finding = say(results["funnel"])
    assert words[0] == (
        "加好友一, of all people sent to, friend kept: 优惠券 5.0% (150 of 3,000, interval 4.3% to "
        "5.8%), 旧文案 4.0% (120 of 3,000, interval 3.4% to 4.8%)."
    )
    assert words[1] == (
        "优惠券: the narrowest step is from delivered to clicked, 150 of 3,000 (5.0%, interval "
        "4.3% to 5.8%); diagnosis only, no comparison."
    )
    assert words[-1] == "Not measured, no column tells it: ordered."
    assert finding.action.render("en").startswith("Have the missing stages recorded and exported")
    zh, _ = say(results["funnel"], "zh")
    assert zh[0] == (
        f"加好友一：全部发送人群中，{label('friend_kept').render('zh')}：优惠券 5.0%"
        "（3,000 人中 150 人，置信区间 4.3% 至 5.8%）、旧文案 4.0%"
        "（3,000 人中 120 人，置信区间 3.4% 至 4.8%）。"
    )


def test_a_breach_is_named_with_what_to_do(results):
    """60 against 12 of 3,000: a rise of 1.6 points, 0.2 are put up with."""
    result = results["guardrails"]
    assert result.verdict is Verdict.ACT
    words, finding = say(result)
    assert words[0].startswith(
        "优惠券 in 加好友一 breaches its guard-rail (opted out): up by 1.6 points of the people "
        "sent to (interval "
    )
    assert words[0].endswith("; 0.20 points are put up with.")
    assert words[1].startswith(
        "加好友一, 优惠券, opted out: 60 of 3,000 (2.0%) against 0.40%, rise +1.6 points (interval "
    )
    assert words[1].endswith("margin 0.20 points: breached.")
    assert "Not measured in 加好友一: complained (no column tells it)." in words
    assert finding.action.render("en") == (
        "Stop sending 优惠券, whatever else it brings, and find out what in it makes people leave."
    )
    assert (
        finding.action.render("zh") == "不管 优惠券 还带来什么，先停发，查清文案里是什么让人离开。"
    )
    zh, _ = say(result, "zh")
    assert zh[0].startswith(
        f"加好友一 的 优惠券 突破护栏（{label('opted_out').render('zh')}）："
        "占发送人数的比例上升 1.6 个百分点"
    )


def test_open_guard_rails_say_how_many_people_would_tell():
    """12 against 12 of 3,000: no rise seen, and 0.2 points not excluded.

    49,263 people are for 0.1 points at one-sided 5 %; at 2.5 % and 0.2 points 7.8489 x 2 x .004 x
    .996 / .002² = 15,635.
    """
    result = measure(opted_out=12)["guardrails"]
    words, finding = say(result)
    assert words[0] == (
        "It is not shown that nothing got worse: of the guard-rails 1 are open, 1 not measured, 1 "
        "passed."
    )
    assert words[1].endswith(
        "margin 0.20 points: open; 15,635 people in the arm would tell, if nothing rises."
    )
    assert finding.action.render("en") == (
        "Go on before anything is shipped: up to 15,635 people an arm are needed."
    )
    assert finding.action.render("zh") == "上线之前继续测：每组最多需要 15,635 人。"


def test_a_breach_of_a_broken_test_decides_nothing(broken):
    words, _ = say(broken["guardrails"])
    assert words[0] == (
        "1 guard-rails look breached, in tests that decide nothing; 0 are open, 1 not measured, 1 "
        "passed."
    )


@pytest.mark.parametrize(
    ("verdict", "start"),
    [
        (Verdict.CLEAR, "Nothing got worse by as much as the margin: "),
        (Verdict.NOT_MEASURED, "Nothing of what could get worse is recorded"),
        (Verdict.NOT_ENOUGH_DATA, "Arms of fewer than 100 people say nothing on opt-outs"),
    ],
)
def test_guard_rails_of_other_verdicts(results, verdict, start):
    words, finding = say(replace(results["guardrails"], verdict=verdict))
    assert words[0].startswith(start)
    assert finding.action is None


def test_hidden_numbers_are_not_said(results):
    table = results["guardrails"].table.copy()
    table[["rise", "rise_ci_lower", "rise_ci_upper", "event_rate"]] = None
    hidden = replace(results["guardrails"], table=table)
    words, _ = say(hidden)
    assert words[0].endswith(
        "above the margin of 0.20 points of the people sent to; so few are not shown."
    )
    assert words[1] == "加好友一, 优惠券, opted out: breached; so few are not shown."


# ------------------------------------------------------------------------------------------------
# Charts


def test_signs_tell_checks_apart_without_colour(broken):
    result = broken["health"]
    table = result.table.copy()
    table.loc[table["check"] == "two_arms", "status"] = "unknown"
    result = replace(result, table=table)
    ax = plot(result)
    signs = {"ok": "●", "failed": "▲", "noted": "◆", "unknown": "–"}
    drawn = [t.get_text() for t in ax.texts]
    assert drawn == [signs[status] for status in result.table["status"]]
    named = [t.get_text() for t in ax.get_yticklabels()]
    assert named[0] == "People split over arms as planned"
    assert len(named) == len(result.table)
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["Passed", "To be known", "Failed the check", "Could not be checked"]
    assert ax.yaxis_inverted()


def test_stages_are_drawn_with_their_intervals(results):
    result = results["funnel"]
    ax = plot(result)
    for line, arm in zip(ax.lines, ("优惠券", "旧文案"), strict=True):
        table = result.table[(result.table["arm"] == arm) & (result.table["stage"] != "sent")]
        assert line.get_xdata().tolist() == table["sent_rate"].tolist()
    ends = [s[:, 0].tolist() for s in ax.collections[1].get_segments()]
    assert ends == table[["sent_rate_ci_lower", "sent_rate_ci_upper"]].to_numpy().tolist()
    assert ax.get_xscale() == "log"
    stages = [t.get_text() for t in ax.get_yticklabels()]
    assert stages == ["Delivered", "Clicked", "Friend added", "Friend kept"]
    shapes = {line.get_marker() for line in ax.lines}
    assert len(shapes) == 2
    assert chart_title(ax) == "加好友一: how far people sent to get"


def test_rises_are_drawn_against_their_margins(results):
    table = results["guardrails"].table.dropna(subset=["rise"])
    ax = plot(results["guardrails"])
    ends = [s[:, 0].tolist() for c in ax.collections for s in c.get_segments()]
    assert ends == table[["rise_ci_lower", "rise_ci_upper"]].to_numpy().tolist()
    margins = next(line for line in ax.lines if line.get_label() == "rise put up with")
    assert margins.get_xdata().tolist() == table["margin"].tolist()
    assert next(t.get_text() for t in ax.get_yticklabels()) == "优惠券, opted out"
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["Passed", "Breached", "rise put up with"]
    assert {line.get_marker() for line in ax.lines} >= {"^", "o", "|"}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_glyph_is_drawn_and_there_is_a_title(broken, question, language):
    ax = plot(broken[question], language)
    assert chart_title(ax)
    assert figure_png(ax).startswith(b"\x89PNG")


# ------------------------------------------------------------------------------------------------
# Names and notes


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_unanswered_question_gives_its_reason(results, question):
    with closing(connect()) as connection:
        base, settings = copy_base(connection, {})
        result = getattr(copy_tests, f"measure_{question}")(base, settings)
    words, finding = say(result)
    assert words == ["No table says who was sent which version (deliveries with an arm)."]
    assert finding.action is None
    assert plot(result) is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_name_has_words_in_both_languages(broken, question):
    result = broken[question]
    assert all(unit.split(":")[0] in KINDS for unit in result.units.values())
    assert all(has_translation(note.template, "zh") for note in result.notes)
    names = [*result.units, *result.tables]
    for table in (result.table, *result.tables.values()):
        for column in table.columns:
            if result.units[column].startswith("text"):
                names += table[column].dropna().unique().tolist()
    if question == "health":
        names += check_kinds.CHECKS
    if question == "guardrails":
        names += [harm_states.NO_BASELINE, harm_states.NO_FRIENDS, harm_states.NO_REFERENCE,
                  harm_states.TOO_EARLY, harm_states.TOO_FEW, harm_states.NOTHING_SENT,
                  harm_states.LARGEST, harm_states.HELD_BACK, harm_states.BASELINE]  # fmt: skip
    for name in names:
        if name.endswith(("_ci_lower", "_ci_upper")):
            continue
        stem = in_question(question, name)
        assert has_label(stem), name
        assert has_translation(label(stem).template, "zh"), name
