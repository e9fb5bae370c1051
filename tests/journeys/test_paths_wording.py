"""Findings on paths, credit and ends, word by word, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from journey_paths import DAY, maker

from privdom_kit import journeys
from privdom_kit.formats import KINDS
from privdom_kit.results import Result, Verdict

QUESTIONS = ("paths", "attribution", "absorption")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """300 people meet chat; 120 an sms three days later, and 100 of these order at once.

    Of those without an sms 20 order.
    """
    sent = [(person, 390 * DAY + person, "wecom_chat") for person in range(300)]
    sent += [(person, 393 * DAY + person, "sms") for person in range(120)]
    bought = [(person, 393 * DAY + 40_000, 10) for person in [*range(100), *range(120, 140)]]
    with maker() as build:
        base, settings = build(sent, bought, privacy={"min_cell": 10})
        return {name: getattr(journeys, f"measure_{name}")(base, settings) for name in QUESTIONS}


def say(result: Result, language: str = "en") -> list[str]:
    finding = getattr(journeys, f"describe_{result.question}")(result)
    return [m.render(language) for m in (finding.statement, *finding.evidence)]


def test_paths(results) -> None:
    """By hand: 180 chat alone, 20 with an order; 120 chat and sms, 100 with one of 10: 8.33."""
    assert say(results["paths"])[:2] == [
        "The most common way in 30 days is WeCom chat: gone 180 times by 180 people, 20 times "
        "(11.1%) to an order.",
        "120 of 120 orders (100.0%) have a touch in the 30 days before; the others are on no path.",
    ]
    best = say(results["paths"])[2]
    assert best.startswith(
        "WeCom chat → text message brought most each time it was gone: CN¥8.33 (interval CN¥7.6"
    )
    assert best.endswith("83.3% of 120 ended with an order.")
    assert say(results["paths"], "zh")[0] == (
        "30 天内最常见的路径是 企业微信：180 人走过 180 次，其中 20 次（11.1%）下单。"
    )


def test_longer_paths_carry_an_ellipsis(results) -> None:
    result = results["paths"]
    table = result.table.assign(longer="true")
    assert "is … → WeCom chat: gone" in say(replace(result, table=table))[0]
    settings = {**result.settings, "journeys.path_end": "first"}
    assert "is WeCom chat → …: gone" in say(replace(result, table=table, settings=settings))[0]


def test_too_few_buyers_are_not_told(results) -> None:
    result = results["paths"]
    table = result.table.assign(orders=None, conversion_rate=None)
    assert say(replace(result, table=table))[0] == (
        "The most common way in 30 days is WeCom chat, gone 180 times by 180 people; too few of "
        "them came to an order to be shown."
    )


def test_attribution(results) -> None:
    """All 120 orders follow chat (effect 1), 100 of them the sms (5/6): its share is 5 of 11."""
    result = results["attribution"]
    assert result.verdict is Verdict.WATCH
    words = say(result)
    assert words[:2] == [
        "Last touch credits text message with 83.3% of 120 orders; by what would be lost without "
        "it (removal), its share is 45.5%.",
        "120 of 120 orders (100.0%) have a touch in the 30 days before; the others are on no path.",
    ]
    assert words[2].startswith("The gap is +37.9 points (interval +3")
    assert words[2].endswith(" points, all touchpoints allowed for).")
    assert words[3].startswith("By removal WeCom chat has the largest share of credit: 54.5% (int")
    assert words[4] == "These are models of what went together, not of cause."
    finding = journeys.describe_attribution(result)
    assert finding.action.render("en") == (
        "Before budget follows the credit of text message, hold it back from a random part of the "
        "people and compare their orders."
    )
    assert finding.money_at_stake is None
    assert finding.money_basis.render("en") == (
        "What went together says nothing of what would be lost; no money is derived."
    )
    assert say(result, "zh")[0] == (
        "按末次触点，短信占 120 笔订单的 83.3%；按移除它会损失多少来算，只占 45.5%。"
    )
    notes = [note.render("en") for note in result.notes]
    assert any(note.startswith("A model of what went together, not of cause") for note in notes)
    assert any(note.startswith("Removal: people are lost where") for note in notes)


def test_a_holdout_speaks_where_there_is_one(results) -> None:
    result = results["attribution"]
    row = {"touchpoint": "sms", "test": "spring", "sent_people": 1600, "sent_orders": 352}
    row |= {"held_people": 800, "held_orders": 176, "sent_order_rate": 0.22}
    row |= {"held_order_rate": 0.22, "order_difference": 0.0}
    row |= {"order_difference_ci_lower": -0.036, "order_difference_ci_upper": 0.034}
    tables = {**result.tables, "holdouts": pd.DataFrame([row])}
    words = say(replace(result, tables=tables))
    assert words[3] == (
        "Where text message was held back (test spring), 22.0% of 800 people ordered within 30 "
        "days, and 22.0% of 1,600 who got it: +0.0 points (interval -3.6 points to +3.4 points)."
    )
    finding = journeys.describe_attribution(replace(result, tables=tables))
    assert finding.action.render("en") == (
        "Judge text message by the test in which it was held back, not by its credit."
    )
    assert "在留出测试（spring）中" in say(replace(result, tables=tables), "zh")[3]


def test_a_hidden_touchpoint_is_not_passed_over(results) -> None:
    """Where the one with most credit is hidden, no other is said to have most."""
    result = results["attribution"]
    table = result.table.copy()
    table.loc[0, "markov_share"] = None
    assert not any("largest share" in words for words in say(replace(result, table=table)))


def test_attribution_where_models_agree_or_orders_are_few(results) -> None:
    result = results["attribution"]
    figures = {**result.figures, "overcredited": None}
    clear = replace(result, figures=figures, verdict=Verdict.CLEAR)
    assert say(clear)[0] == (
        "No touchpoint surely gets more credit by last touch than by removal, 5.0 points aside (a "
        "setting), over 120 orders."
    )
    assert journeys.describe_attribution(clear).action is None
    few = replace(
        clear, figures={**figures, "credited_orders": 40}, verdict=Verdict.NOT_ENOUGH_DATA
    )
    assert say(few)[0] == (
        "40 orders have a touch in the 30 days before; credit is judged from 100 on."
    )


def test_absorption(results) -> None:
    """120 of 300 order; nobody removes staff."""
    assert say(results["absorption"])[0] == (
        "Of 300 people with a touch, 120 (40.0%) came to a first order and 0 (0.0%) to removal; "
        "180 (60.0%) were still under way on 1971-02-05."
    )
    assert say(results["absorption"])[1].startswith(
        "Of touchpoints with people enough, most come to a first order from text message: chance "
        "83.3% (interval "
    )
    assert say(results["absorption"], "zh")[0].startswith("有触点的 300 人中，120 人（40.0%）")
    assert len(say(results["absorption"])) == 2  # no touchpoint leads to removal
    hidden = dict.fromkeys(("first_orders", "removals", "under_way"))
    result = replace(results["absorption"], figures={**results["absorption"].figures, **hidden})
    assert say(result)[0] == (
        "300 people had a touch before any order or removal; too few came to one of these to be "
        "shown."
    )


def test_every_number_has_a_unit_that_says_how_to_show_it(results) -> None:
    for result in results.values():
        tables = [result.table, *result.tables.values()]
        names = {column for table in tables for column in table} | set(result.figures)
        assert names <= set(result.units)
        assert all(unit.partition(":")[0] in KINDS for unit in result.units.values())
        result.to_dict("zh")


def test_no_text_is_left_in_english(results) -> None:
    from privdom_kit.labels import LABELS
    from privdom_kit.messages import has_translation

    for result in results.values():
        finding = getattr(journeys, f"describe_{result.question}")(result)
        said = [finding.statement, *finding.evidence, *result.notes]
        assert all(has_translation(message.template, "zh") for message in said)
        names = {column for t in (result.table, *result.tables.values()) for column in t}
        known = [LABELS[name] for name in names if name in LABELS]
        assert all(has_translation(words, "zh") for words in known)
