"""Findings on contents, groups, staff and combinations in words, exactly, in both languages."""

from __future__ import annotations

from dataclasses import replace

import client_tables
import pandas as pd
import pytest
from service_brand import NAMES, QUESTIONS, frames

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.formats import KINDS
from privdom_kit.messages import has_translation
from privdom_kit.results import Result, Verdict

LAST = 1000


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    with closing(connect()) as connection:
        base, rules = client_tables.base(connection, frames(), LAST, dictionaries=NAMES)
        yield {q: getattr(touchpoints, f"measure_{q}")(base, rules) for q in QUESTIONS}


def say(result: Result, language: str = "en") -> tuple:
    finding = getattr(touchpoints, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)], finding


def test_contents(results) -> None:
    """24, 8, 4 and 4 of 40 pieces; Goodman's ends of 24 of 40 are 41.2 and 76.3 %."""
    words, finding = say(results["content_mix"])
    assert words[0] == (
        "The mix of 40 pieces in 90 days (community groups) differs from the guide by 30.0%; "
        "whether by more than 20.0% cannot be told from so few."
    )
    assert words[1] == (
        "marketing 60.0% (guide 30.0%), interaction 20.0% (guide 30.0%), care 10.0% (guide 30.0%), "
        "daily life 10.0% (guide 10.0%)."
    )
    assert finding.action is None
    assert finding.money_at_stake is None
    zh, _ = say(results["content_mix"], "zh")
    assert zh[0] == (
        "90 天内 40 条内容（社群）的配比与参考偏离 30.0%；条数太少，无法判断是否超过 20.0%。"
    )


def test_contents_far_from_the_guide_and_near_it(results) -> None:
    result = results["content_mix"]
    far = replace(result, figures={**result.figures, "deviation_ci_lower": 0.21})
    words, finding = say(far)
    assert words[0] == (
        "30.0% of 40 pieces in 90 days (community groups) would have to serve another purpose for "
        "the mix to be that of the guide."
    )
    assert finding.action.render("en").startswith("Look with whoever writes the contents")
    near = replace(result, figures={**result.figures, "deviation_ci_upper": 0.2})
    assert say(near)[0][0] == (
        "The mix of 40 pieces in 90 days (community groups) is within 20.0% of the guide."
    )
    few = replace(result, figures={**result.figures, "pieces": 29})
    assert say(few)[0][0] == (
        "29 pieces in 90 days (community groups) are too few to compare their mix with the guide."
    )


def test_groups(results) -> None:
    result = results["group_health"]
    figures = {
        **result.figures, "active_share": 0.1, "active_share_ci_lower": 0.08,
        "active_share_ci_upper": 0.12, "active_change": -0.04, "active_change_ci_lower": -0.05,
        "active_change_ci_upper": -0.03, "planned_groups": 3, "overdue_groups": 2,
        "overdue_silent_groups": 1, "silent_groups": 1,
    }  # fmt: skip
    words, finding = say(replace(result, figures=figures, verdict=Verdict.ACT))
    assert words[0] == (
        "Groups are getting quieter: -4.0 points against the 30 days before. On a day 10.0% of "
        "about 1,255 members of 9 groups are active (interval 8.0% to 12.0%)."
    )
    assert words[1] == (
        "Over the 9 groups of both windows the active share changed by -4.0 points (interval -5.0 "
        "points to -3.0 points); up to 2.0 points does not matter (a setting)."
    )
    assert words[-2:] == [
        "In 1 of 9 groups nobody has written for 14 days.",
        "Of 3 groups whose planned time is over, 2 are not dissolved; 1 of them are silent.",
    ]
    assert finding.action.render("en").startswith("Close or merge groups that nobody writes in")
    watch = say(replace(result, figures=figures, verdict=Verdict.WATCH))[1]
    assert watch.action.render("zh") == "对每个超期的群做决定：解散，或给它新的目的和期限。"
    none = {**figures, "active_share": None, "active_change": None}
    words, _ = say(replace(result, figures=none, verdict=Verdict.NOT_ENOUGH_DATA))
    assert words[:2] == [
        "9 groups are too few for a statement on how many members are active.",
        "Too few groups were there in both windows to say whether activity changes.",
    ]


def test_staff(results) -> None:
    """Member a is slow on 26 of 40 days with 10 chats each; 260 of 800 chats are late.

    Days are 960 to 999; those not divisible by 3 are slow: 26 of them. Mean: (260 x 7200 + 140 x
    60 + 400 x 300) / 800 = 2500.5 s.
    """
    words, finding = say(results["staff_capacity"])
    assert words[0] == (
        "260 of 800 chats (32.5%) fell on days on which the first reply took longer than 60.0 "
        "minutes on the mean; 10.0% may."
    )
    assert words[1].startswith("The first reply takes 41.7 minutes on the mean (interval ")
    assert words[2].startswith("a: 260 of 400 chats late (65.0%, interval ")
    assert finding.action.render("en") == (
        "Put more people on the days and accounts where replies are late."
    )
    assert finding.owner.render("zh") == "客服负责人"
    single = {**results["staff_capacity"].figures, "reply_source": "touches", "left_staff": 1}
    words, finding = say(replace(results["staff_capacity"], figures=single))
    assert words[0] == (
        "260 of 800 chats (32.5%) were not answered within 60.0 minutes; 10.0% may be."
    )
    assert finding.action.render("en").startswith("Hand the contacts of those who left over, to")


def test_staff_without_replies(results) -> None:
    figures = {
        **results["staff_capacity"].figures, "late_share": None, "reply_minutes": None,
        "missed_share": None, "contacts": 50, "median_contacts": 25.0, "most_contacts": 30,
        "top_contact_share": 0.6, "left_contacts": 30, "left_staff": 1,
    }  # fmt: skip
    result = replace(results["staff_capacity"], figures=figures, verdict=Verdict.ACT)
    words, finding = say(result)
    assert words[0] == (
        "2 members of staff hold 50 people as contacts, the one in the middle 25.0; how fast they "
        "reply is not measured."
    )
    assert words[-1] == "1 members who have left still have 30 people as contacts."
    assert finding.action.render("en") == (
        "Hand the contacts of those who left over to staff who have room."
    )


def test_combinations(results) -> None:
    """60 of 200 orders after both; a group before 120, live before 140 of the 200."""
    result = results["combinations"]
    words, finding = say(result)
    assert words[0] == (
        "60 of 200 orders (30.0%) had two touchpoints or more in the 30 days before. No pair is "
        "proven to carry more orders than chance gives."
    )
    # Live with a group, WeCom with a group and WeCom with live; no mini program, shop or ads.
    assert words[1] == "3 of the 7 combinations of article 004 (2020) are in use."
    assert "There is no tool in the private domain." in words
    assert finding.action.render("en") == (
        "Decide whether the empty cell is a gap worth filling or left empty on purpose."
    )
    zh, _ = say(result, "zh")
    assert "私域里没有工具。" in zh


def test_a_pair_that_stands_out(results) -> None:
    result = results["combinations"]
    pairs = pd.DataFrame(
        [{"set": "live+group", "orders": 60, "people": 50, "expected_orders": 24.0, "ratio": 2.5,
          "ratio_ci_lower": 2.0, "ratio_ci_upper": 3.1, "stands_out": "true"}]
    )  # fmt: skip
    shown = replace(
        result, figures={**result.figures, "standing_out": 1},
        tables={**result.tables, "pairs": pairs}, verdict=Verdict.WATCH,
    )  # fmt: skip
    words, finding = say(shown)
    assert words[0].endswith("1 pairs of touchpoints carry more orders than chance gives.")
    assert words[1] == (
        "live, group: 60 orders of 50 people, 2.5 times the 24.0 that chance gives (interval 2.0 "
        "to 3.1)."
    )
    assert finding.action.render("en").startswith("Test it: ")


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_unanswered_question_gives_its_reason(results, question) -> None:
    note = results[question].notes[0]
    empty = replace(results[question], table=pd.DataFrame(), tables={}, figures={})
    words, finding = say(empty)
    assert words == [note.render("en")]
    assert finding.action is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_note_is_translated_and_every_unit_has_a_format(results, question) -> None:
    result = results[question]
    assert all(has_translation(note.template, "zh") for note in result.notes)
    assert all(unit.split(":")[0] in KINDS for unit in result.units.values())
