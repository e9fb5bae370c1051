"""Arms, looks and choices as shown: sentences exact in both languages, charts read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from copy_tables import copy_base, deliveries
from outcome_worlds import counted, plan_of

from privdom_kit import copy_tests
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.labels import has_label, in_question
from privdom_kit.messages import has_translation, set_language
from privdom_kit.report.theme import chart_title, figure_png
from privdom_kit.results import Verdict

QUESTIONS = ("arms", "sequence", "decision")
RAIL = [{"metric": "opted_out", "margin": 0.01}]


@pytest.fixture(scope="module")
def connection():
    with closing(connect()) as opened:
        yield opened


@pytest.fixture(scope="module")
def results(connection):
    """Two days of sending; A 4 %, B 6 %, C 4.1 % of 5,000 each, 1 % of 1,000 held back."""
    groups = []
    for day in ("2026-05-04", "2026-05-05"):
        for arm, x, n in (("A", 100, 2500), ("B", 150, 2500), ("C", 103, 2500)):
            groups += [
                {"arm": arm, "people": x, "friend_added": 1, "sent_day": day},
                {"arm": arm, "people": 20, "opted_out": 1, "sent_day": day},
                {"arm": arm, "people": 40, "ordered": 1, "amount": 50, "sent_day": day},
                {"arm": arm, "people": n - x - 60, "sent_day": day},
            ]
        groups += [
            {"arm": "holdout", "people": 5, "friend_added": 1, "sent_day": day},
            {"arm": "holdout", "people": 495, "sent_day": day},
        ]
    plan = plan_of(
        ["A", "B", "C"], 16_000, guardrails=RAIL, holdout_share=1 / 16, looks=[0.5, 1],
        minimum_difference=0.02,
    )  # fmt: skip
    base, settings = copy_base(
        connection,
        {"deliveries": deliveries(*groups)},
        forms={"copy_tests": [plan]},
        economics={"customer_value": 30.0},
    )
    return {q: getattr(copy_tests, f"measure_{q}")(base, settings) for q in QUESTIONS}


def say(result, language="en"):
    finding = getattr(copy_tests, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def of_arms(result, **changes):
    return replace(result, figures={**result.figures, **changes})


def test_a_better_version(results):
    """300 and 200 of 5,000; C has 206, of which statsmodels' score interval is -.66 to .90 points.

    C is the last step of Holm, and so at the plain 95 %.
    """
    result = results["arms"]
    words, finding = say(result)
    ends = [result.figures[f"difference_ci_{end}"] * 100 for end in ("lower", "upper")]
    assert words[0] == (
        "t1: B brings more new friends than the copy in use (A): 6.0% of 5,000 people against 4.0% "
        f"of 5,000, +2.0 points (interval +{ends[0]:.1f} points to +{ends[1]:.1f} points; "
        "corrected p < 0.001)."
    )
    assert words[1].startswith("Relative to the copy in use (A), B changes it by 50.0% (interval ")
    assert words[2].startswith(
        "C: 4.1% of 5,000 people, +0.12 points against the copy in use (A) (interval -0.66 "
        "points to +0.90 points)."
    )
    assert words[4].startswith(
        "What sending B brings at all, against people who were sent nothing: +5.0 points"
    )
    assert finding.action.render("en") == "Take B to the decision: guard-rails count too."
    assert finding.money_at_stake == pytest.approx(0.02 * 15_000 * 30)
    assert finding.money_basis.render("en").startswith(
        "Difference in friends x 15,000 people sent to in the test x CN¥30.00 for a friend, once, "
    )
    zh, _ = say(result, "zh")
    assert zh[0] == (
        "t1：B带来的新增好友多于现用文案（A）：5,000 人中 6.0%，对比 5,000 人中 4.0%，+2.0 个百分点"
        f"（区间 +{ends[0]:.1f} 个百分点至 +{ends[1]:.1f} 个百分点；校正后 p 值 < 0.001）。"
    )


@pytest.mark.parametrize(
    ("state", "english", "chinese"),
    [
        (
            "observed",
            "t1 was only observed: 6.0% of 5,000 people sent B and 4.0% of 5,000 of the copy in "
            "use (A) are on record (new friends). Nothing says that chance decided who got what.",
            "t1只是事后观察：发B的 5,000 人中有 6.0%，现用文案（A）的 5,000 人中有 4.0%"
            "（新增好友）。没有证据表明谁收到什么是随机分的。",
        ),
        (
            "unsound",
            "t1 was not run as a test, so nothing follows from its numbers (B: 6.0% of 5,000 "
            "people, new friends).",
            "t1没有按测试执行，数字不能下任何结论（B：5,000 人中 6.0%，新增好友）。",
        ),
        (
            "not_reached",
            "t1: the people planned for are not reached, or their window is not over (B: 5,000). "
            "Nothing is concluded before that.",
            "t1：计划人数未达到，或观察期未结束（B：5,000 人）。在此之前不下结论。",
        ),
        (
            "too_few",
            "t1: too few people or new friends to compare with the copy in use (A).",
            "t1：人数或新增好友太少，无法与现用文案（A）比较。",
        ),
    ],
)
def test_what_decides_nothing_says_so(results, state, english, chinese):
    result = of_arms(results["arms"], state=state)
    assert say(result)[0][0] == english
    assert say(result, "zh")[0][0] == chinese
    assert "brings" not in say(result)[0][0]


def test_hidden_numbers_are_not_said(results):
    gone = dict.fromkeys(("difference", "difference_ci_lower", "difference_ci_upper", "lift"))
    words, _ = say(of_arms(results["arms"], **gone))
    assert words[0] == (
        "t1: B brings more new friends than the copy in use (A). The numbers are not shown: few "
        "people are behind one of them."
    )
    assert not words[1].startswith("Relative to")


def test_no_difference_that_matters(results):
    """C alone: 4.12 % against 4 %, less than 2 points on either side."""
    result = results["arms"]
    row = result.table[(result.table["arm"] == "C") & (result.table["role"] == "primary")].iloc[0]
    changes = {name: row[name] for name in result.figures if name in row.index}
    words, finding = say(replace(of_arms(result, **changes), verdict=Verdict.CLEAR))
    assert words[0].startswith(
        "t1: C, the version farthest from the copy in use (A), differs by less than 2.0 points "
        "(new friends; +0.12 points, interval -0.66 points to +0.90 points)."
    )
    assert finding.action.render("en") == "Keep the copy in use; test a bolder change next."
    words, finding = say(
        replace(of_arms(result, **(changes | {"state": "open"})), verdict=Verdict.WATCH)
    )
    assert words[0].startswith(
        "t1: no version is better or worse than the copy in use (A) for sure (new friends); C, "
        "the farthest from it: +0.12 points (interval -0.66 points to +0.90 points)."
    )


def test_looks(results):
    """At the first look 150 against 100 of 2,500, z 3.24, is within the bound of 3.34."""
    result = results["sequence"]
    words, finding = say(result)
    row = result.table[result.table["arm"] == "B"].iloc[-1]
    assert words[0] == f"t1: B crossed the bound at look 2 of 2: z {row['z']:.2f} against 2.25."
    ends = [row[f"difference_ci_{end}"] * 100 for end in ("lower", "upper")]
    assert words[1] == (
        "B at look 2: +2.0 points (interval that holds over all looks: "
        f"+{ends[0]:.1f} points to +{ends[1]:.1f} points)."
    )
    assert words[2] == (
        "Somebody who tests at 5.0% after each of 2 days of sending claims something out of "
        "nothing with a chance of 8.3%, for each version."
    )
    assert words[3] == (
        "Here, 2 readings of 1 versions would have claimed something, the first with the people "
        "sent to up to 2026-05-04."
    )
    zh, _ = say(result, "zh")
    assert zh[0] == f"t1：B在第 2 次查看（共 2 次）越过界限：z 值 {row['z']:.2f}，界限 2.25。"
    assert finding.action.render("zh") == "交给最终决策：护栏指标也要通过。"


@pytest.mark.parametrize(
    ("changes", "english"),
    [
        (
            {"state": "inside"},
            "t1: all 2 planned looks are made; no version crossed its bound.",
        ),
        (
            {"state": "inside", "looks_made": 1},
            "t1: 1 of 2 planned looks could be made; no version crossed its bound so far.",
        ),
        (
            {"state": "to_come", "looks_made": 0},
            "t1: none of 2 planned looks is due yet; nothing is read before.",
        ),
        (
            {"basis": "any_time", "state": "inside"},
            "t1: no look was planned, and the interval that holds whenever one looks does not "
            "exclude that no version makes a difference.",
        ),
        (
            {"basis": "any_time"},
            "t1: no look was planned; the interval that holds whenever one looks still excludes "
            "that B makes no difference.",
        ),
        (
            {"evidence": "observed"},
            "t1 was only observed: its readings are shown and decide nothing.",
        ),
        (
            {"sound": "false"},
            "t1 was not run as a test: its looks are shown and decide nothing.",
        ),
        ({"state": "too_few"}, "t1: too few people for a look at it."),
    ],
)
def test_every_end_of_a_sequence_has_its_words(results, changes, english):
    words, _ = say(of_arms(results["sequence"], **changes))
    assert words[0] == english


def test_one_day_leaves_nothing_to_peek_at(results):
    words, _ = say(of_arms(results["sequence"], readings=1))
    assert words[2] == (
        "All people were sent to on one day: there is one reading, and nothing to peek at."
    )


def test_a_choice(results):
    result = results["decision"]
    words, finding = say(result)
    assert words[0] == (
        "t1: ship B. It brings more new friends than the copy in use (A) for sure, and its "
        "guard-rails passed."
    )
    assert words[1].startswith("B against the copy in use (A): +2.0 points (interval +1.0 points ")
    assert words[2] == (
        "On average, shipping B loses 0.00% of people should it be worse, keeping to what is in "
        "use 2.0% should it be better."
    )
    assert words[3].startswith("Where 20.0% of copy ideas work, the least chance that this ")
    assert words[4] == "t1, C: do not take it (no difference that matters is left)."
    zh, _ = say(result, "zh")
    assert zh[0] == "t1：上线B。它带来的新增好友确定多于现用文案（A），护栏指标也通过。"
    assert zh[4] == "t1，C：不采用（已排除有意义的差异）。"
    assert finding.action.render("zh") == "今后发B，并留出留白组，看效果能否持续。"


@pytest.mark.parametrize(
    ("choice", "reason", "english"),
    [
        ("stop", "guardrail_breached", "t1: stop B. It breaches a guard-rail."),
        (
            "stop",
            "worse_for_sure",
            "t1: stop B. It brings fewer new friends than the copy in use (A) for sure.",
        ),
        (
            "go_on",
            "guardrail_open",
            "t1: B brings more new friends than the copy in use (A) for sure, but whether a "
            "guard-rail holds is still open: go on before it is shipped.",
        ),
        (
            "go_on",
            "guardrail_not_measured",
            "t1: B brings more new friends than the copy in use (A) for sure, but a guard-rail is "
            "not measured: measure it before it is shipped.",
        ),
        ("go_on", "not_reached", "t1: go on. B lacks 700 people (it has 5,000)."),
        (
            "go_on",
            "no_number_planned",
            "t1: nothing is sure, and no number of people was planned at which it would be "
            "settled.",
        ),
        (
            "keep",
            "not_shown",
            "t1: keep to the copy in use (A). At the planned number of people no version is "
            "better for sure (new friends).",
        ),
        (
            "keep",
            "equivalent",
            "t1: keep to the copy in use (A). B makes no difference that matters (new friends).",
        ),
        ("unsound", "unsound", "t1 was not run as a test, so nothing is decided from it."),
        (
            "observational",
            "observational",
            "t1 was only observed. It shows what came after each text, not what it caused, so "
            "nothing is decided.",
        ),
    ],
)
def test_every_choice_has_its_words(results, choice, reason, english):
    changed = of_arms(results["decision"], choice=choice, reason=reason, people_lacking=700,
                      people=5000)  # fmt: skip
    assert say(changed)[0][0] == english


def intervals(ax):
    return [line[:, 0].tolist() for line in ax.collections[0].get_segments() if len(line)]


def test_differences_are_drawn_with_what_matters(results):
    set_language("en")
    rows = results["arms"].table
    rows = rows[rows["role"] == "primary"]
    ax = copy_tests.plot_arms(results["arms"])
    assert ax.lines[0].get_xdata().tolist() == pytest.approx(rows["difference"].tolist())
    bounds = rows[["difference_ci_lower", "difference_ci_upper"]].to_numpy().tolist()
    assert np.allclose(intervals(ax), bounds)
    assert ax.lines[1].get_xdata() == [0, 0]
    assert ax.lines[2].get_xdata().tolist() == [0.02, 0.02]
    assert ax.lines[3].get_xdata().tolist() == [-0.02, -0.02]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["B", "C"]
    assert ax.xaxis.get_major_formatter()(0.015, 0) == "+1.5"
    assert chart_title(ax) == "Versions against the copy in use (A): new friends"


def test_what_decides_nothing_is_drawn_open(results):
    """Also with the outcome beside the name, where several tests share a chart."""
    set_language("en")
    table = results["arms"].table.copy()
    table.loc[table["arm"] == "C", ["state", "test"]] = ["observed", "t2"]
    ax = copy_tests.plot_arms(replace(results["arms"], table=table))
    rows = table[(table["arm"] == "C") & (table["role"] == "primary")]
    assert ax.lines[1].get_xdata().tolist() == rows["difference"].tolist()
    assert ax.lines[1].get_ydata().tolist() == [1]
    assert ax.lines[1].get_markerfacecolor() == "#ffffff"
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == ["t1\nB: new friends", "t2\nC: new friends"]


def test_paths_are_drawn_against_their_bounds(results):
    set_language("en")
    result = results["sequence"]
    ax = copy_tests.plot_sequence(result)
    readings = result.tables["readings"]
    for line, arm in zip(ax.lines, "BC", strict=False):
        path = readings[readings["arm"] == arm]
        assert line.get_xdata().tolist() == path["people"].tolist()
        assert line.get_ydata().tolist() == path["z"].tolist()
        assert line.get_label() == arm
    looks = result.table[result.table["arm"] == "B"]
    assert ax.lines[2].get_ydata().tolist() == pytest.approx(looks["bound"].tolist())
    assert ax.lines[3].get_ydata().tolist() == pytest.approx((-looks["bound"]).tolist())
    assert ax.lines[2].get_xdata().tolist() == looks["people"].tolist()
    assert {line.get_linestyle() for line in ax.lines[:2]} == {"-", "--"}
    assert [t.get_text() for t in ax.texts] == [f"{b:.2f}" for b in looks["bound"]]


def test_losses_are_drawn_with_the_choice(results):
    set_language("en")
    table = results["decision"].table
    ax = copy_tests.plot_decision(results["decision"])
    assert ax.lines[0].get_xdata().tolist() == pytest.approx(table["loss_if_shipped"].tolist())
    assert ax.lines[1].get_xdata().tolist() == pytest.approx(table["loss_if_kept"].tolist())
    assert ax.lines[2].get_xdata() == [0.0005, 0.0005]
    assert [t.get_text() for t in ax.texts] == ["ship it", "do not take it"]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_glyph_is_drawn_and_there_is_a_title(results, question, language):
    set_language(language)
    ax = getattr(copy_tests, f"plot_{question}")(results[question])
    assert figure_png(ax).startswith(b"\x89PNG")
    assert chart_title(ax)
    set_language("en")


def test_a_chart_without_numbers_is_still_a_chart(connection):
    """All hidden, or nothing read yet: names without marks."""
    arms = {"A": (4, 1000), "B": (9, 1000)}
    base, settings = counted(
        connection, arms, plan=plan_of(["A", "B"], 2000), privacy={"min_cell": 10},
        copy_tests={"least_events": 5},
    )  # fmt: skip
    for question in QUESTIONS:
        result = getattr(copy_tests, f"measure_{question}")(base, settings)
        assert figure_png(getattr(copy_tests, f"plot_{question}")(result))
        said, _ = say(result, "zh")
        assert all("nan" not in sentence for sentence in said)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_name_has_words_every_unit_a_format_every_note_a_translation(results, question):
    result = results[question]
    assert all(has_translation(note.template, "zh") for note in result.notes)
    assert all(unit.split(":")[0] in KINDS for unit in result.units.values())
    tables = {"": result.table, **result.tables}
    names = {*result.figures, *result.tables, *(c for t in tables.values() for c in t.columns)}
    for table in tables.values():
        for column in table.columns:
            kind = result.units[column].split(":")[0]
            if kind == "text":
                values = [v for v in table[column].tolist() if not pd.isna(v)]
                names |= {str(v).lower() if isinstance(v, (bool, np.bool_)) else v for v in values}
    plain = {name for name in names if not name.endswith(("_ci_lower", "_ci_upper"))}
    assert {name for name in plain if not has_label(in_question(question, name))} == set()
