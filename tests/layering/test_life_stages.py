"""Age bands: counted, never without consent, never a date."""

from __future__ import annotations

import pandas as pd
from client_tables import orders

from privdom_kit.layering.measure_stages import measure_life_stages
from privdom_kit.results import Verdict


def members(bands: list) -> pd.DataFrame:
    return pd.DataFrame({"customer": range(len(bands)), "registered_on": 900, "child_band": bands})


def test_bands_by_hand(summarise) -> None:
    """Members 0 to 5; 0 bought on two days, 1 on one, 4 (no consent) on one; 9 is no member."""
    bands = ["1-3y", "1-3y", "0-6m", "outside_0_14y", "no_consent", None]
    bought = orders((0, 950, 1), (0, 960, 1), (1, 950, 1), (4, 950, 1), (9, 950, 1))
    base, rules = summarise({"members": members(bands), "orders": bought}, 1000)
    result = measure_life_stages(base, rules)
    table = result.table.set_index("band")
    assert table["customers"].to_dict() == {
        "0-6m": 1, "6-12m": 0, "1-3y": 2, "3-6y": 0, "6-14y": 0,
        "outside_0_14y": 1, "no_consent": 1, "no_child_band": 1,
    }  # fmt: skip
    assert table.loc["1-3y", ["buyers", "repeat_customers", "repeat_rate"]].tolist() == [2, 1, 0.5]
    assert table.loc["no_consent", ["buyers", "repeat_customers", "repeat_rate"]].isna().all()
    assert result.figures["members"] == 6


def test_one_without_consent_is_enough_to_act(summarise) -> None:
    base, rules = summarise({"members": members(["1-3y"] * 100 + ["no_consent"])}, 1000)
    result = measure_life_stages(base, rules)
    assert result.verdict is Verdict.ACT
    assert any(note.render("en").startswith("PI-02") for note in result.notes)
    base, rules = summarise({"members": members(["1-3y"] * 100)}, 1000)
    assert measure_life_stages(base, rules).verdict is Verdict.CLEAR
    base, rules = summarise({"members": members(["1-3y"] * 99 + [None])}, 1000)
    assert measure_life_stages(base, rules).verdict is Verdict.NOT_ENOUGH_DATA


def test_small_bands_are_hidden(summarise) -> None:
    bands = ["1-3y"] * 30 + ["0-6m"] * 12 + ["3-6y"] * 4
    base, rules = summarise({"members": members(bands)}, 1000, privacy={"min_cell": 10})
    table = measure_life_stages(base, rules).table.set_index("band")
    assert table["customers"].isna().sum() == 2
    assert table.loc["1-3y", "customers"] == 30
    assert table.loc[["0-6m", "3-6y"], "share"].isna().all()


def test_without_months_of_birth_nothing_is_measured(summarise) -> None:
    plain = members([None]).drop(columns="child_band")
    base, rules = summarise({"members": plain}, 1000)
    result = measure_life_stages(base, rules)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == "The members carry no child_birth_month."
    base, rules = summarise({"orders": orders((0, 950, 1))}, 1000)
    assert measure_life_stages(base, rules).notes[0].render("en") == "No members table was given."
