"""Findings about removals, sends and stocks in words, exactly; numbers made by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import client_tables
import numpy as np
import pandas as pd
import pytest
from client_tables import orders

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.results import Result, Verdict

AS_OF = 1_000


@pytest.fixture(scope="module")
def brand() -> Iterator[dict[str, Result]]:
    """200 contacts added on day 900 by two codes, 60 of 100 and 15 of 100 removed on day 910.

    One broadcast to all on day 950. 20 of the 125 who stand wrote on day 990; two goals.
    """
    gone = [c < 60 or 100 <= c < 115 for c in range(200)]
    contacts = pd.DataFrame({"customer": range(200), "staff_id": "a", "added_on": 900})
    contacts["removed_on"] = pd.array([910 if x else None for x in gone], dtype="Int64")
    contacts["removed_by"] = ["customer" if x else None for x in gone]
    contacts["entry_code"] = ["live room"] * 100 + ["parcel card"] * 100
    told = pd.DataFrame({"customer": range(200), "occurred_on": 950, "campaign_id": "C1"})
    told = told.assign(touchpoint="wecom_chat", action="send", direction="brand")
    wrote = pd.DataFrame({"customer": range(60, 80), "occurred_on": 990, "campaign_id": None})
    wrote = wrote.assign(touchpoint="wecom_chat", action="message", direction="customer")
    frames = {
        "contacts": contacts,
        "touches": pd.concat([told, wrote], ignore_index=True),
        "orders": orders((150, 950, 100)),
    }
    goals = [
        {"name": "Grow", "metric": "contacts"},
        {"name": "Repeat", "metric": "repeat_rate", "kind": "rate"},
    ]
    with closing(connect()) as connection:
        made, settings = client_tables.base(
            connection,
            frames,
            AS_OF,
            forms={"goals": goals},
            economics={"gross_margin": 0.5},
            touchpoints={
                "churn_days": [7, 30],
                "churn_reference_window_days": 30,
                "churn_records_from": dt.date(1970, 1, 1) + dt.timedelta(days=900),
            },
        )
        yield {
            name: getattr(touchpoints, f"measure_{name}")(made, settings)
            for name in ("churn", "send_churn", "vanity")
        }


def say(result: Result, language: str = "en") -> list[str]:
    finding = getattr(touchpoints, f"describe_{result.question}")(result)
    return [words.render(language) for words in (finding.statement, *finding.evidence)]


def test_churn_in_words(brand) -> None:
    """75 of 200: Wilson 31.1 to 44.4 %. 60 of 100 against 15 of 100: +45 points.

    Newcombe with two comparisons (level 97.5 %): 29.6 to 57.4 points by statsmodels. Severity
    (37.5 - 15) / 45 = 50 %.
    """
    result = brand["churn"]
    assert result.verdict is Verdict.ACT
    words = say(result)
    assert words[0] == (
        "37.5% of 200 relations with contacts are removed by the customer within 30 days (interval "
        "31.1% to 44.4%). 1 of 2 groups compared lose more than the others for sure, by more than "
        "5.0 points, the worst by entry code: live room."
    )
    assert words[1:3] == [
        "Of 200 people 75 have left the last staff who looked after them; 0 of those were added "
        "anew later.",
        "Within 30 days, the window set for the lines of article 002: 37.5% (interval 31.1% to "
        "44.4%) against 15.0% normal and 60.0% under malicious marketing; 50.0% of the way "
        "between.",
    ]
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(60, 100, 15, 100, method="newcomb", alpha=0.025)
    assert words[3] == (
        "Furthest above the others, entry code: live room, 60.0% of 100 within 30 days, +45.0 "
        f"points (interval +{100 * low:.1f} points to +{100 * high:.1f} points)."
    )


def test_churn_in_chinese(brand) -> None:
    assert say(brand["churn"], "zh")[0] == (
        "200 条好友关系中，37.5% 在添加后 30 天内被客户删除（区间 31.1% 至 44.4%）。参与对比的 2 "
        "组中，1 组的流失确定高于其余，且差距超过 5.0 个百分点，最差的一组（按渠道活码）："
        "live room。"
    )


def test_without_a_window_the_lines_are_not_applied(brand) -> None:
    result = brand["churn"]
    settings = {**result.settings, "touchpoints.churn_reference_window_days": None}
    figures = {**result.figures, "reference_share": None, "severity": None}
    sentence = (
        "The lines of article 002 (15.0% normal, 60.0% under malicious marketing) are not applied: "
        "the article gives no window."
    )
    assert say(replace(result, settings=settings, figures=figures))[2] == sentence
    assert sentence not in say(result)


def test_what_is_lost_in_money(brand) -> None:
    """Stood: 75 x 11 and 125 x 101 person-days = 13,450; 100 yuan, half of it margin.

    100 / 13,450 x 365 x .5 = 1.357 a contact and year; 75 people in 101 days = 271 a year.
    """
    finding = touchpoints.describe_churn(brand["churn"])
    assert finding.money_at_stake == pytest.approx(75 / 101 * 365 * 100 / 13_450 * 365 * 0.5)
    assert finding.money_basis.render("en") == (
        "271 people lost a year x CN¥1.36 margin per contact and year (their net spend while they "
        "stood x gross margin 50.0%); at most, for who leaves may still buy."
    )
    figures = {**brand["churn"].figures, "gross_margin": None, "money_at_stake": None}
    without = touchpoints.describe_churn(replace(brand["churn"], figures=figures))
    assert without.money_at_stake is None
    assert without.money_basis.render("en") == (
        "client.yml gives no economics.gross_margin, so what is at stake cannot be derived."
    )


def test_verdicts_in_words(brand) -> None:
    result = brand["churn"]
    figures = {**result.figures, "worse_groups": 0}
    level = say(result)[0].split(").")[0] + "). "
    watch = replace(result, figures=figures, verdict=Verdict.WATCH)
    assert say(watch)[0] == level + (
        "None of 2 groups compared is proven to lose more than the others; a gap of more than 5.0 "
        "points cannot be ruled out."
    )
    clear = replace(watch, verdict=Verdict.CLEAR)
    assert say(clear)[0] == level + (
        "None of 2 groups compared loses more than the others by more than 5.0 points."
    )
    assert touchpoints.describe_churn(clear).action is None
    act = replace(watch, verdict=Verdict.ACT)
    assert say(act)[0] == level + (
        "Within 30 days, the window set for it, more are removed than the line called normal "
        "allows."
    )
    none = replace(watch, figures={**figures, "compared_groups": 0})
    assert say(none)[0] == level + "No groups are large enough to be compared."


def test_sends_in_words(brand) -> None:
    """Nobody left after the send of day 950, all 75 long before: 0 of 125."""
    result = brand["send_churn"]
    assert result.table["send_removals"].tolist() == [0]
    table = result.table.assign(
        send_removals=12, send_removal_share=0.096, baseline_share=0.03, excess_share=0.066
    )
    figures = {**result.figures, "excess_share": 0.066, "excess_share_ci_lower": 0.02}
    figures |= {"excess_of_1000": 66.0, "excess_of_1000_ci_lower": 20.0}
    figures |= {"excess_of_1000_ci_upper": 110.0, "extra_removals_a_year": 30.0}
    figures |= {"margin_per_contact": 40.0, "money_at_stake": 1_200.0}
    figures |= {"outside_sends": 1, "calendar_sends": 1, "outside_share": 1.0}
    act = replace(result, table=table, figures=figures, verdict=Verdict.ACT)
    words = say(act)
    assert words[0] == (
        "Sends by WeCom chat cost relations: of 1,000 people reached 66.0 leave who would not have "
        "left anyway (interval 20.0 to 110)."
    )
    assert words[1] == (
        "WeCom chat: 12 left within 72 hours, of 125 people reached by 1 sends (9.6%); without a "
        "send 3.0% would have."
    )
    assert words[-1] == (
        "1 of 1 broadcasts (100.0%) went out on days that are not marked for them; up to 20.0% "
        "does not matter (a setting)."
    )
    assert say(act, "zh")[0] == (
        "企业微信群发造成流失：每触达 1,000 人，有 66.0 人因此离开（区间 20.0 至 110）。"
    )
    finding = touchpoints.describe_send_churn(act)
    assert finding.money_at_stake == 1_200
    assert finding.money_basis.render("en") == (
        "30 people a year who left beyond the baseline x CN¥40.00 margin per contact and year; at "
        "most, for who leaves may still buy."
    )


def test_sends_without_proof_in_words(brand) -> None:
    result = brand["send_churn"]
    figures = {**result.figures, "excess_share": 0.0004, "excess_share_ci_lower": -0.001}
    figures |= {"excess_of_1000": 0.4, "excess_of_1000_ci_lower": -1.0}
    figures |= {"excess_of_1000_ci_upper": 1.6}
    watch = replace(result, figures=figures, verdict=Verdict.WATCH)
    assert say(watch)[0] == (
        "It is not proven that sends by WeCom chat cost relations: of 1,000 people reached 0.4 "
        "leave who would not have left anyway (interval -1.0 to 1.6)."
    )
    single = replace(watch, figures={**figures, "worse_sends": 2})
    assert say(single)[0].startswith("2 sends were followed by more removals than would have been")
    none = replace(watch, figures={**figures, "excess_share": np.nan})
    assert say(none)[0] == (
        "Too few people left after a send to say what sends cost, or to show it."
    )
    assert touchpoints.describe_send_churn(watch).money_at_stake is None


def test_stocks_in_words(brand) -> None:
    """20 of 125 wrote; the order of day 950 is 50 days old: 105 are silent (Wilson)."""
    result = brand["vanity"]
    assert result.verdict is Verdict.ACT
    assert say(result) == [
        "1 of 2 goals name a stock alone. 20 of 125 people counted at WeCom chat did anything in "
        "the last 30 days; 84.0% are silent (interval 76.6% to 89.4%).",
        "WeCom chat: 125 counted, 20 active.",
        "The goal Grow counts contacts alone; set beside it: share of contacts who write, click or "
        "buy within 30 days.",
    ]
    assert say(result, "zh")[0] == (
        "2 个目标中，1 个只看存量。企业微信统计的 125 人中，近 30 天有主动行为的为 20 人；84.0% "
        "沉默（区间 76.6% 至 89.4%）。"
    )
