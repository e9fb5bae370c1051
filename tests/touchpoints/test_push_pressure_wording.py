"""Findings of links and fatigue in words, exactly, in both languages; numbers made by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from privdom_kit.formats import KINDS
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.settings import Settings
from privdom_kit.touchpoints import describe_fatigue, describe_push_pressure, measure_dose
from privdom_kit.touchpoints.dose_balance import NOTHING
from privdom_kit.touchpoints.dose_changes import CHANGE_FIGURES, HOLDOUT_FIGURES
from privdom_kit.touchpoints.measure_exposure import QUESTION as FATIGUE

RULES = Settings().touchpoints


@pytest.fixture
def pressure() -> Result:
    """Each further link multiplies removals by 1.35; beyond two a week the next loses money."""
    table = pd.DataFrame({"links": [0, 1, 2, 3], "removals": [90, 80, 60, 20]})
    rise = {"rise_per_link": 0.35, "rise_per_link_ci_lower": 0.2, "rise_per_link_ci_upper": 0.5}
    limits = {"break_even_links": 2, "break_even_links_ci_lower": 1, "break_even_open": 0}
    figures = {
        **dict.fromkeys((*NOTHING, *CHANGE_FIGURES, *HOLDOUT_FIGURES)),
        **_bounds("removals_per_1000_links", 4.2, 3.1, 5.3),
        **_bounds("added_per_1000_contact_weeks", 2.8, 2.5, 3.1),
        **_bounds("link_earns", 0.5, 0.25, 0.75),
        **_bounds("link_loses", 0.4, 0.3, 0.5),
        **rise,
        **limits,
        "break_even_links_ci_upper": 3,
        "most_links_seen": 4,
        "contacts": 900,
        "removals": 250,
        "contact_weeks": 30_000.4,
        "links_sent": 20_000,
        "people_weeks": 1000,
        "people_weeks_over_cap": 120,
        "people_weeks_over_cap_share": 0.12,
        "contact_value": 100.0,
        "contact_value_basis": "stated",
        "removals_beyond_a_year": 40.0,
        "earned_beyond_a_year": 900.0,
        "money_at_stake": 4000.0,
    }
    used = {
        "touchpoints.push_tolerance": RULES.push_tolerance,
        "touchpoints.push_holdout_days": 30,
        "touchpoints.contact_cap": 3,
    }
    return measure_dose.QUESTION.answer(
        "2026-05-31", Verdict.ACT, table, used, coverage=Coverage(10, 10), figures=figures
    )


def _bounds(name: str, value: float, lower: float, upper: float) -> dict[str, float]:
    return {name: value, f"{name}_ci_lower": lower, f"{name}_ci_upper": upper}


def changed(result: Result, verdict: Verdict | None = None, **figures) -> Result:
    return replace(result, figures={**result.figures, **figures}, verdict=verdict or result.verdict)


def words(finding, language: str = "en") -> list[str]:
    return [m.render(language) for m in (finding.statement, *finding.evidence)]


def test_links_cost_contacts_and_have_a_limit(pressure) -> None:
    finding = describe_push_pressure(pressure)
    assert words(finding) == [
        "With each further purchase link a week, removals rise by 35.0% (interval 20.0% to 50.0%): "
        "4.2 contacts for 1,000 links. Beyond 2 links a week (interval 1 to 3) the next one loses "
        "more than it earns.",
        "250 contacts removed the staff in 30,000 contact-weeks under 20,000 purchase links; one "
        "more link a week for everybody goes with 2.8 more removals in 1,000 contact-weeks "
        "(interval 2.5 to 3.1).",
        "By the model 1,000 links bring 4.2 removals (interval 3.1 to 5.3).",
        "Observational: heavy users get more messages and stay longer; only a holdout tells cause "
        "from habit.",
        "The data hold neither a holdout nor a step in pushing.",
        "On average a link goes with CN¥0.50 of margin in its week (interval CN¥0.25 to CN¥0.75) "
        "and costs CN¥0.40 in contacts (interval CN¥0.30 to CN¥0.50), at CN¥100.00 a contact.",
        "120 of 1,000 people-weeks with a message (12.0%) hold more than 3 messages over all "
        "channels.",
    ]
    assert finding.action.render("en") == (
        "Send no contact more than 2 purchase links a week, and leave a random tenth without any "
        "for four weeks to confirm it."
    )
    assert finding.money_at_stake == 4000.0
    assert finding.money_basis.render("en") == (
        "40 removals a year by links beyond 2 a week x CN¥100.00 a contact (stated in client.yml); "
        "the margin that goes with those links (CN¥900.00) is not taken off."
    )


def test_the_same_in_chinese(pressure) -> None:
    finding = describe_push_pressure(pressure)
    assert words(finding, "zh")[0] == (
        "每周每多推一条购买链接，流失率上升 35.0%（区间 20.0% 到 50.0%）：每 1000 条链接失去 "
        "4.2 位好友。每周超过 2 条（区间 1 到 3）后，再推一条亏的比赚的多。"
    )
    assert words(finding, "zh")[3] == (
        "这是观察结果：活跃用户收到的消息更多，也留得更久；只有留白对照才能分清因果与习惯。"
    )
    assert finding.action.render("zh") == (
        "每位好友每周最多推 2 条购买链接，并随机留出一成好友四周不推，加以验证。"
    )


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (
            {"break_even_links": 0, "break_even_links_ci_lower": 0, "break_even_links_ci_upper": 1},
            "Already the first link of a week loses more than it earns (interval of the number "
            "that pays: 0 to 1).",
        ),
        (
            {"break_even_open": 1, "break_even_links": None},
            "Whether one of up to 4 links a week, the most that were seen, loses more than it "
            "earns is not settled.",
        ),
        (
            {"break_even_open": None, "break_even_links": None},
            "From which number on the next one loses money cannot be derived.",
        ),
    ],
)
def test_the_limit(pressure, figures, sentence: str) -> None:
    finding = describe_push_pressure(changed(pressure, **figures))
    assert words(finding)[0].endswith(sentence)
    assert finding.action.render("en") == (
        "Leave a random half of the contacts without purchase links for four weeks, and compare "
        "removals and orders before pushing on."
    )


def test_what_is_not_proven_or_ruled_out(pressure) -> None:
    harmless = {"rise_per_link": 0.01, "rise_per_link_ci_lower": -0.02}
    open_ = changed(pressure, Verdict.WATCH, **harmless, rise_per_link_ci_upper=0.2)
    assert words(describe_push_pressure(open_))[0].startswith(
        "It is not proven that removals rise with purchase links: 1.0% with each further link a "
        "week (interval -2.0% to 20.0%)."
    )
    clear = changed(pressure, Verdict.CLEAR, **harmless, rise_per_link_ci_upper=0.04)
    finding = describe_push_pressure(clear)
    assert words(finding)[0].startswith(
        "A rise of removals by more than 5.0% with each further purchase link a week is ruled out: "
        "1.0% (interval -2.0% to 4.0%)."
    )
    assert finding.action is None


def test_better_answers_stand_beside_it(pressure) -> None:
    held = {**_bounds("holdout_difference", 0.03, 0.01, 0.05), "holdout_treated": 400}
    stepped = {**_bounds("after_change", 0.25, 0.1, 0.4), "change_on": "2026-01-05"}
    both = changed(pressure, **held, **stepped, holdout_held=300, after_ratio=1.25)
    assert words(describe_push_pressure(both))[4:6] == [
        "Holdout: +3.0 points removed within 30 days among 400 people who were sent to, against "
        "300 held out (interval +1.0 points to +5.0 points).",
        "Since pushing was stepped up on 2026-01-05, removals of contacts of equal tenure and "
        "entry channel have changed by 25.0% (interval 10.0% to 40.0%); all else that changed then "
        "is in it.",
    ]


def test_without_a_value_nothing_is_at_stake(pressure) -> None:
    finding = describe_push_pressure(changed(pressure, contact_value=None, money_at_stake=None))
    assert finding.money_at_stake is None
    assert finding.money_basis.render("en") == (
        "client.yml gives neither economics.customer_value nor what it could be derived from "
        "(gross_margin and orders), so what is at stake cannot be derived."
    )
    unsettled = describe_push_pressure(changed(pressure, money_at_stake=None))
    assert unsettled.money_basis.render("en") == (
        "No number of links is settled beyond which they lose money."
    )


@pytest.fixture
def fatigue() -> Result:
    """Tired at message 5; message 6 gets 40 % of what newcomers give at the same time."""
    row = {
        "exposure": [6],
        "people": [800],
        "responders": [32],
        "first_responders": [80],
        **{name: [value] for name, value in _bounds("response_rate", 0.04, 0.03, 0.05).items()},
        **{name: [value] for name, value in _bounds("first_rate", 0.1, 0.08, 0.12).items()},
        **{name: [value] for name, value in _bounds("ratio_to_first", 0.4, 0.3, 0.5).items()},
        **{name: [value] for name, value in _bounds("calendar_ratio", 0.42, 0.32, 0.48).items()},
    }
    figures = {
        **_bounds("fatigue_point", 5, 4, 6),
        "calendar_held_equal": 1,
        "followed_number": 6,
        "left_out_people": 70,
    }
    used = {"touchpoints.fatigue_share": 0.5}
    return FATIGUE.answer("2026-05-31", Verdict.ACT, pd.DataFrame(row), used, figures=figures)


def test_people_who_tire(fatigue) -> None:
    finding = describe_fatigue(fatigue)
    assert words(finding) == [
        "From message 5 on (interval 4 to 6) people answer less than 50.0% as often as they answer "
        "a first message.",
        "800 people got message 6: 4.0% of them answered it, and 10.0% of the same people their "
        "first.",
        "Against newcomers of the same time that is 42.0% (interval 32.0% to 48.0%).",
        "70 people who got messages at the beginning of the data are left out: their first message "
        "is not known.",
    ]
    assert words(finding, "zh")[:3] == [
        "从第 5 条消息起（区间 4 到 6），响应不到第一条的 50.0%。",
        "800 人收到了第 6 条消息：其中 4.0% 有响应；同一批人对第一条的响应为 10.0%。",
        "与同期新人的第一条相比为 42.0%（区间 32.0% 到 48.0%）。",
    ]
    assert finding.action is not None
    assert finding.money_at_stake is None


def test_other_verdicts_on_fatigue(fatigue) -> None:
    none = {"fatigue_point": None, "fatigue_point_ci_lower": None, "fatigue_point_ci_upper": None}
    clear = describe_fatigue(changed(fatigue, Verdict.CLEAR, **none))
    assert words(clear)[0] == (
        "Up to message 6 people answer at least 50.0% as often as they answer a first message."
    )
    assert clear.action is None
    open_ = describe_fatigue(changed(fatigue, Verdict.WATCH, fatigue_point_ci_upper=None))
    assert words(open_)[0] == (
        "Whether people tire within 6 messages is not settled: at no number is the response for "
        "sure below 50.0% of that to the first."
    )
    season = describe_fatigue(changed(fatigue, Verdict.WATCH, calendar_held_equal=0))
    assert words(season)[0] == (
        "At message 5 (interval 4 to 6) the response is below 50.0% of that to the first; whether "
        "people tired or times changed cannot be told."
    )
    assert words(season)[2] == "Against their first that is 40.0% (interval 30.0% to 50.0%)."


def test_units_can_be_shown() -> None:
    for units in (measure_dose.UNITS, FATIGUE.units):
        assert {unit.partition(":")[0] for unit in units.values()} <= set(KINDS)
