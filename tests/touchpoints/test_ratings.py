"""Benefits by channel and the member system, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import client_tables
import numpy as np
import pandas as pd
import pytest
import yaml
from client_tables import day

from privdom_kit import touchpoints
from privdom_kit.base import read_base
from privdom_kit.client import open_client
from privdom_kit.config import read_config
from privdom_kit.engine import closing, connect
from privdom_kit.messages import set_language
from privdom_kit.results import Result, Verdict

TODAY = day("2026-05-31")
SCOOTER = Path(__file__).parents[2] / "sample_data" / "ev_scooter"
CELLS = {
    "生日礼": {"mini_program": "礼盒", "store": "礼 盒", "taobao": False},
    "积分": {"mini_program": 1, "store": 1.0, "taobao": None},
    "包邮": {"mini_program": True, "store": None, "taobao": True},
}


@pytest.fixture
def connection() -> Iterator:
    with closing(connect()) as opened:
        yield opened


def benefits(connection, cells: dict, frames: dict | None = None, **more) -> Result:
    base, rules = client_tables.base(
        connection, frames or {}, TODAY, forms={"benefits": {"cells": cells, **more}}
    )
    return touchpoints.measure_benefits(base, rules)


def test_parity_is_equal_cells_of_those_compared_and_blanks_are_unknown(connection) -> None:
    """Store: gift box and points the same, shipping unknown: 2 of 2. Taobao: 1 of 2. So 3 of 4."""
    result = benefits(connection, CELLS, reference="mini_program")
    table = result.table.set_index("channel")
    assert table.loc["store", ["compared", "equal_cells", "unknown_cells"]].tolist() == [2, 2, 1]
    assert table.loc["taobao", ["compared", "equal_cells", "unknown_cells"]].tolist() == [2, 1, 1]
    assert result.figures["parity_share"] == pytest.approx(3 / 4)
    assert result.figures["unknown_cells"] == 2
    assert result.verdict is Verdict.ACT
    unknown = result.tables["matrix"].query("channel == 'store' and benefit == '包邮'")
    assert unknown["equal"].tolist() == [None]
    words = touchpoints.describe_benefits(result).statement
    assert words.render("en") == (
        "3 of 4 member benefits (75.0%) are the same as on mini program; 2 are unknown."
    )
    assert words.render("zh") == "4项可比会员权益中有3项（75.0%）与小程序一致；2项未知。"


def test_the_channel_of_which_most_is_known_is_the_reference(connection) -> None:
    assert benefits(connection, CELLS).figures["reference"] == "mini_program"


@pytest.mark.parametrize(
    ("other", "verdict"), [("礼盒", "clear"), (None, "not_enough_data"), ("卡片", "act")]
)
def test_green_only_where_all_is_known_and_equal(connection, other, verdict: str) -> None:
    cells = {"生日礼": {"mini_program": "礼盒", "store": other}}
    assert benefits(connection, cells, reference="mini_program").verdict == verdict


def test_an_unknown_cell_beside_equal_ones_is_watched(connection) -> None:
    cells = {
        "生日礼": {"mini_program": "礼盒", "store": "礼盒"},
        "积分": {"mini_program": 1, "store": None},
    }
    assert benefits(connection, cells).verdict is Verdict.WATCH


def coupon_orders() -> pd.DataFrame:
    """20 buyers on the mini program, 5 of them with a coupon once of two; 3 at the store."""
    rows = [(c, TODAY - 5, 10) for c in range(20)] + [(c, TODAY - 3, 10) for c in range(20)]
    rows += [(c, TODAY - 2, 10) for c in range(30, 33)] + [(99, TODAY - 200, 10)]
    coupons = ["C"] * 5 + [None] * 35 + [None] * 3 + ["C"]
    places = ["mini_program"] * 40 + ["store"] * 3 + ["store"]
    return client_tables.orders(*rows, coupon_code=coupons, touchpoint=places)


def test_buyers_with_a_coupon_are_people_and_small_cells_are_hidden(connection) -> None:
    base, rules = client_tables.base(
        connection, {"orders": coupon_orders()}, TODAY, privacy={"min_cell": 5}
    )
    result = touchpoints.measure_benefits(base, rules)
    table = result.table.set_index("place")
    assert table.loc["mini_program", ["buyers", "coupon_buyers"]].tolist() == [20, 5]
    assert table.loc["mini_program", "coupon_share"] == pytest.approx(0.25)
    assert pd.isna(table.loc["store", "buyers"])
    assert result.verdict is Verdict.NOT_MEASURED
    finding = touchpoints.describe_benefits(result)
    assert finding.statement.render("en").startswith("forms.yml states no benefits")
    assert finding.evidence[0].render("en") == (
        "mini program: 5 of 20 buyers (25.0%, interval 11.2% to 46.9%) used a coupon in 90 days."
    )


def test_the_matrix_is_drawn_cell_by_cell(connection) -> None:
    result = benefits(connection, CELLS, reference="mini_program")
    set_language("en")
    ax = touchpoints.plot_benefits(result)
    assert len(ax.patches) == 9
    assert [text.get_text() for text in ax.texts[:3]] == ["礼盒", "礼 盒", "no"]
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names[0] == "Mini program (reference)"


# ---------------------------------------------------------------------------------------------
# Member system


def rated(**answers: tuple) -> dict:
    stated = {part: {"value": value, "evidence": text} for part, (value, text) in answers.items()}
    return {"rubric": "member_system", "rater": "甲", "answers": stated}


def daily_orders(special: int, usual: int, is_special) -> pd.DataFrame:
    """``usual`` buyers a day over 200 days, ``special`` on special days; a yuan each."""
    rows = []
    for back in range(200):
        date = TODAY - back
        buyers = special if is_special(date) else usual
        rows += [(back * 100 + c, date, 1) for c in range(buyers)]
    return client_tables.orders(*rows)


def day_of_month(date: int) -> int:
    return (np.datetime64("1970-01-01") + np.timedelta64(date, "D")).astype(object).day


def system(connection, frames: dict, days: list[dict] | None = None, *sheets: dict) -> Result:
    forms = {"member_days": days or [], "rubrics": list(sheets)}
    base, rules = client_tables.base(connection, frames, TODAY, forms=forms)
    return touchpoints.measure_member_system(base, rules)


DAY = {"name": "会员日", "day_of_month": 20, "has_theme": True}


def test_a_member_day_that_doubles_buyers(connection) -> None:
    """Eight buyers against four on every matched day: twice as many; seven 20ths in 200 days."""
    orders = daily_orders(8, 4, lambda date: day_of_month(date) == 20)
    result = system(connection, {"orders": orders}, [DAY])
    row = result.tables["member_days"].iloc[0]
    assert (row["days"], row["days_compared"]) == (7, 7)  # November to May
    assert (row["buyers_per_day"], row["matched_buyers_per_day"]) == (8, 4)
    assert row["buyer_uplift"] == pytest.approx(1.0)
    assert row["buyer_uplift_ci_lower"] == pytest.approx(1.0)  # every day the same
    assert row["spend_uplift"] == pytest.approx(1.0)


def test_matched_days_are_the_same_weekday_and_never_another_member_day(connection) -> None:
    """Saturdays sell 50, other days 5: a member day that does nothing shows nothing.

    Were the 20th held against neighbouring days, a Saturday the 20th would look like a success.
    """
    weekday = lambda date: (date + 3) % 7  # noqa: E731 - 1970-01-01 was a Thursday: Monday is 0
    orders = daily_orders(50, 5, lambda date: weekday(date) == 5)
    days = [DAY, {"name": "另一天", "day_of_month": 13, "has_theme": True}]
    result = system(connection, {"orders": orders}, days)
    for row in result.tables["member_days"].itertuples(index=False):
        assert row.buyer_uplift == pytest.approx(0.0)


def test_the_member_day_of_ev_scooter_is_recovered() -> None:
    """facts.yml, member_day: orders on 20ths against the same weekday a week or two away: 1.51.

    The facts count orders, this question buyers; nearly all buy once a day.
    """
    facts = yaml.safe_load((SCOOTER / "facts.yml").read_text("utf-8"))["facts"]["member_day"]
    counted = facts["counted"]["all_orders"]
    client = open_client(read_config(SCOOTER))
    period = client.as_of_day - day("2025-02-01") + 1
    lines = client.settings.touchpoints.model_copy(update={"member_day_period_days": period})
    rules = client.settings.model_copy(update={"touchpoints": lines})
    row = touchpoints.measure_member_system(read_base(client), rules).tables["member_days"].iloc[0]
    assert row["days_compared"] == counted["member_days"]
    assert row["buyer_uplift"] + 1 == pytest.approx(counted["uplift"], abs=0.06)
    assert row["buyer_uplift_ci_lower"] > 0
    # scooters, which make the money, have no member day: no more net spend for sure
    assert row["spend_uplift_ci_lower"] < 0 < row["spend_uplift_ci_upper"]


def test_a_weekly_day_is_held_against_the_other_days_and_that_is_said(connection) -> None:
    weekday = lambda date: (date + 3) % 7  # noqa: E731
    orders = daily_orders(6, 4, lambda date: weekday(date) == 4)
    days = [{"weekday": "friday", "has_theme": True}]
    result = system(connection, {"orders": orders}, days)
    row = result.tables["member_days"].iloc[0]
    assert row["buyer_uplift"] == pytest.approx(0.5)
    assert any("weekday itself" in note.render("en") for note in result.notes)


def test_an_idle_member_day_is_to_act(connection) -> None:
    """Half the buyers of other days, surely."""
    rng = np.random.default_rng(2)
    rows = []
    for back in range(330):
        date = TODAY - back
        mean = 20 if day_of_month(date) == 20 else 40
        rows += [(back * 1000 + c, date, 1) for c in range(rng.poisson(mean))]
    parts = dict.fromkeys(("points", "benefits", "growth_path", "interaction", "data"), (True, "x"))
    result = system(connection, {"orders": client_tables.orders(*rows)}, [DAY], rated(**parts))
    assert result.figures["idle_member_days"] == 1
    assert result.verdict is Verdict.ACT
    finding = touchpoints.describe_member_system(result)
    assert finding.action.render("en").startswith("Give the member day a theme")


def test_parts_count_with_evidence_and_open_ones_are_named(connection) -> None:
    """Two with evidence, one without, one no, one open: 2 of 5; with the open one 3: too few."""
    sheet = rated(
        points=(True, "规则"), benefits=(True, "权益表"), growth_path=(True, ""), data=(False, "")
    )
    result = system(connection, {}, None, sheet)
    found = dict(zip(result.table["part"], result.table["status"], strict=True))
    assert found == {
        **{"points": "met", "benefits": "met", "growth_path": "without_evidence"},
        **{"interaction": "unanswered", "data": "not_met"},
    }
    figures = result.figures
    assert (figures["parts_met"], figures["parts_answered"], figures["parts_asked"]) == (2, 4, 5)
    assert result.verdict is Verdict.ACT
    finding = touchpoints.describe_member_system(result)
    assert finding.statement.render("en") == (
        "The member system has 2 of 5 parts with evidence; 4 were answered."
    )
    assert [m.render("zh") for m in finding.evidence] == [
        "缺失：可用数据。",
        "称有但无证据：成长路径。",
        "未答：互动。",
    ]


def test_open_parts_are_no_noes(connection) -> None:
    """Three met and two open may still be five: watched, not acted upon."""
    sheet = rated(points=(True, "x"), benefits=(True, "x"), data=(True, "x"))
    assert system(connection, {}, None, sheet).verdict is Verdict.WATCH


def test_members_are_those_registered_by_the_day_they_bought(connection) -> None:
    """Ten buyers: six were members, two registered later; members spent 60 of 100 yuan."""
    orders = client_tables.orders(*[(c, TODAY - 10, 10) for c in range(10)])
    members = pd.DataFrame({"customer": range(8), "registered_on": [TODAY - 50] * 6 + [TODAY] * 2})
    members["tier"] = ["金"] * 5 + ["银"] * 3
    result = system(connection, {"orders": orders, "members": members})
    figures = result.figures
    assert (figures["member_buyers"], figures["buyers"]) == (6, 10)
    assert figures["member_net_spend_share"] == pytest.approx(0.6)
    assert result.tables["tiers"]["members"].tolist() == [5, 3]
    assert result.verdict is Verdict.WATCH


def test_the_chart_shows_every_part_and_day(connection) -> None:
    orders = daily_orders(8, 4, lambda date: day_of_month(date) == 20)
    result = system(connection, {"orders": orders}, [DAY], rated(points=(True, "x")))
    set_language("en")
    ax = touchpoints.plot_member_system(result)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["Points", "Benefits", "Growth path", "Interaction", "Usable data", "会员日"]
    assert "buyers against matched days: 100.0% (100.0% to 100.0%), 7 days" in [
        text.get_text() for text in ax.texts
    ]
