"""Response by number of the message: by hand, and on worlds with a known fatigue point."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from client_tables import base
from push_worlds import DAY, FIRST_DAY, HOUR

from privdom_kit import estimates
from privdom_kit.errors import DataError
from privdom_kit.results import Verdict
from privdom_kit.touchpoints import measure_fatigue
from privdom_kit.touchpoints.exposures import count_by_number, number_exposures

COUNTS = ["people", "responders", "first_responders", "both_responders"]


@pytest.fixture
def connection():
    opened = duckdb.connect()
    yield opened
    opened.close()


def touches(rows: list[tuple]) -> pd.DataFrame:
    """Rows ``(customer, hour, action, campaign or None)``; what is sent carries a link."""
    frame = pd.DataFrame(rows, columns=["customer", "hour", "action", "campaign_id"])
    frame["occurred_at"] = FIRST_DAY * DAY + frame.pop("hour") * HOUR
    frame["occurred_on"] = (frame["occurred_at"] // DAY).astype("Int32")
    frame["direction"] = np.where(frame["action"] == "send", "brand", "customer")
    return frame.assign(touchpoint="wecom_chat", has_purchase_link=1)


def counted(connection, rows: list[tuple], last_day: int, **rules) -> pd.DataFrame:
    made, settings = base(
        connection,
        {"touches": touches(rows)},
        last_day,
        touchpoints={"fatigue_rest_days": 0} | rules,
    )
    found = number_exposures(made, settings.touchpoints)
    return count_by_number(found, 12).groupby("exposure")[COUNTS].sum()


def test_a_click_counts_for_the_message_that_it_names(connection) -> None:
    """Two messages, and a click after the second that names the first: the first was answered."""
    rows = [(1, 0, "send", "a"), (1, 24, "send", "b"), (1, 30, "click", "a")]
    table = counted(connection, rows, FIRST_DAY + 30)
    assert table.loc[1].tolist() == [1, 1, 1, 1]
    assert table.loc[2].tolist() == [1, 0, 1, 0]


def test_a_click_without_a_name_counts_for_the_last_message(connection) -> None:
    rows = [(1, 0, "send", None), (1, 24, "send", None), (1, 30, "click", None)]
    table = counted(connection, rows, FIRST_DAY + 30)
    assert table["responders"].tolist() == [0, 1]


def test_a_click_in_the_second_of_a_message_answers_the_one_before(connection) -> None:
    rows = [(1, 0, "send", None), (1, 24, "send", None), (1, 24, "click", None)]
    assert counted(connection, rows, FIRST_DAY + 30)["responders"].tolist() == [1, 0]


def test_late_clicks_and_unripe_messages_do_not_count(connection) -> None:
    """Three days: a click after 73 hours is late; a message of the last three days is not ripe."""
    rows = [(1, 0, "send", "a"), (1, 73, "click", "a"), (1, 24 * 10, "send", "b")]
    assert counted(connection, rows, FIRST_DAY + 11)["people"].to_dict() == {1: 1}
    table = counted(connection, rows, FIRST_DAY + 13)
    assert table["people"].to_dict() == {1: 1, 2: 1}
    assert table["responders"].tolist() == [0, 0]
    assert counted(connection, rows, FIRST_DAY + 14, fatigue_response_days=4)[
        "responders"
    ].tolist() == [1, 0]


def test_people_written_to_from_the_beginning_are_left_out(connection) -> None:
    rows = [(1, 0, "send", "a"), (1, 24 * 40, "send", "b"), (2, 24 * 35, "send", "c")]
    rows.append((2, 24 * 36, "click", "c"))
    made, settings = base(connection, {"touches": touches(rows)}, FIRST_DAY + 60)
    found = number_exposures(made, settings.touchpoints)
    assert count_by_number(found, 12)["people"].tolist() == [1]
    assert found.left_out == 1


def test_deliveries_carry_their_own_click(connection) -> None:
    """A click within three days of its own delivery; who was held out got nothing."""
    rows = pd.DataFrame({"customer": [1, 1, 2], "channel": "sms", "arm": ["a", "a", "control"]})
    rows["sent_at"] = FIRST_DAY * DAY + np.array([0, 100, 0]) * HOUR
    rows["clicked_at"] = pd.Series([FIRST_DAY * DAY + 71 * HOUR, None, None], dtype="Int64")
    for name in ("sent", "clicked"):
        rows[f"{name}_on"] = (rows[f"{name}_at"] // DAY).astype("Int32")
    made, settings = base(
        connection, {"deliveries": rows}, FIRST_DAY + 30, touchpoints={"fatigue_rest_days": 0}
    )
    found = number_exposures(made, settings.touchpoints)
    assert found.matched == "delivery"
    table = count_by_number(found, 12).groupby("exposure")[COUNTS].sum()
    assert table["people"].tolist() == [1, 1]
    assert table["responders"].tolist() == [1, 0]


def world(
    seed: int,
    rates: list[float],
    *,
    people: int = 4000,
    newcomers: bool = True,
    season: float = 1.0,
) -> tuple[pd.DataFrame, int]:
    """People who get a message every three days and click with the rate of its number.

    With newcomers, first messages come over 150 days; ``season`` multiplies every rate from the
    middle of the time on.
    """
    rng = np.random.default_rng(seed)
    begin = rng.integers(0, 150, people) if newcomers else np.zeros(people, int)
    number = np.tile(np.arange(len(rates)), (people, 1))
    day = 31 + begin[:, None] + 3 * number
    person = np.repeat(np.arange(people)[:, None], len(rates), axis=1)
    rate = np.array(rates)[number] * np.where(day > 31 + 90, season, 1.0)
    sent = pd.DataFrame(
        {"customer": person.ravel(), "hour": 24 * day.ravel() + 12, "action": "send"}
    )
    clicked = sent[rng.random(len(sent)) < rate.ravel()].assign(action="click")
    clicked["hour"] += 1
    opener = pd.DataFrame({"customer": [people], "hour": [0], "action": ["send"]})
    rows = pd.concat([opener, sent, clicked], ignore_index=True).assign(campaign_id=None)
    return touches(
        list(rows[["customer", "hour", "action", "campaign_id"]].itertuples(index=False))
    ), (FIRST_DAY + 31 + 150 + 3 * len(rates) + 5)


TIRED = [0.10, 0.09, 0.08, 0.07, 0.03, 0.03, 0.03, 0.03]


def test_the_planted_fatigue_point_is_found(connection) -> None:
    """Response falls to 30 % of the first at message 5 and stays there."""
    frame, last = world(1, TIRED)
    made, settings = base(connection, {"touches": frame}, last)
    result = measure_fatigue(made, settings)
    figures = result.figures
    assert figures["calendar_held_equal"] == 1
    assert figures["fatigue_point"] == 5
    assert figures["fatigue_point_ci_lower"] <= 5 <= figures["fatigue_point_ci_upper"]
    assert result.verdict is Verdict.ACT
    rates = result.table.set_index("exposure")["response_rate"]
    assert rates[5] == pytest.approx(0.03, abs=0.01)


def test_a_bad_season_is_not_fatigue(connection) -> None:
    """Every message gets a third of its response from the middle on, whatever its number."""
    frame, last = world(2, [0.10] * 12, season=0.3)
    made, settings = base(connection, {"touches": frame}, last)
    result = measure_fatigue(made, settings)
    assert (result.table["ratio_to_first_ci_upper"].dropna() < 1).any()
    assert result.table["calendar_ratio"].dropna().between(0.75, 1.3).all()
    assert result.verdict is Verdict.CLEAR


def test_without_newcomers_fatigue_and_season_cannot_be_told_apart(connection) -> None:
    frame, last = world(3, TIRED, newcomers=False)
    made, settings = base(connection, {"touches": frame}, last)
    result = measure_fatigue(made, settings)
    assert result.figures["calendar_held_equal"] == 0
    assert result.figures["fatigue_point"] == 5
    assert result.verdict is Verdict.WATCH


def test_people_who_do_not_tire_are_clear(connection) -> None:
    frame, last = world(4, [0.15] * 6)
    made, settings = base(connection, {"touches": frame}, last)
    assert measure_fatigue(made, settings).verdict is Verdict.CLEAR


def test_few_people_or_no_responses(connection) -> None:
    frame, last = world(5, TIRED, people=150)
    made, settings = base(connection, {"touches": frame}, last)
    few = measure_fatigue(made, settings)
    assert few.verdict is Verdict.NOT_ENOUGH_DATA
    assert few.table.empty
    made, settings = base(connection, {"touches": frame[frame["action"] == "send"]}, last)
    none = measure_fatigue(made, settings)
    assert none.verdict is Verdict.NOT_MEASURED
    assert none.notes[0].render("en") == "No messages with responses to them were given."


def test_the_ratio_of_the_same_people() -> None:
    """Bonett and Price's log ratio: 60 then 30 of the same people, 20 both.

    By hand: ln 0.5 +- 1.96 sqrt((60 + 30 - 40) / (60 x 30)) = 0.5 / and x exp(0.32666).
    """
    found = estimates.paired_ratio(60, 30, 20)
    reach = np.exp(1.959964 * np.sqrt(50 / 1800))
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (0.5, 0.5 / reach, 0.5 * reach)
    )
    assert estimates.paired_ratio(0, 0, 0) is None
    assert estimates.paired_ratio(40, 0, 0).upper < 0.5
    with pytest.raises(DataError):
        estimates.paired_ratio(5, 3, 4)


def test_the_ratios_cover() -> None:
    """Simulated people, 95 %: 1,000 runs cover 930 times at least (below the 0.3 % point)."""
    rng = np.random.default_rng(6)
    paired = newcomer = 0
    for _ in range(1000):
        first = rng.random(2000) < 0.08
        later = rng.random(2000) < np.where(first, 0.12, 0.035)
        truth = (0.08 * 0.12 + 0.92 * 0.035) / 0.08
        found = estimates.paired_ratio(first.sum(), later.sum(), (first & later).sum())
        paired += found.lower <= truth <= found.upper
        newcomer += _newcomer_run(rng)
    assert paired >= 930
    assert newcomer >= 930


def _newcomer_run(rng: np.random.Generator) -> bool:
    """Three periods with rates 0.09, 0.06, 0.04; a later message gets 60 % of a newcomer's."""
    rates = np.array([0.09, 0.06, 0.04])
    people = np.array([1500, 1200, 1000])
    responders = rng.binomial(people, rates)
    earlier = (people * 0.8).astype(int)
    kept = rng.hypergeometric(responders, people - responders, earlier)
    moved = np.array([0, earlier[0], earlier[1] + earlier[2]])
    answered = rng.binomial(moved, 0.6 * rates).sum()
    found = estimates.newcomer_ratio(
        people, responders, moved, earlier, int(answered), int(kept.sum())
    )
    return bool(found.lower <= 0.6 <= found.upper)


def test_a_brand_whose_people_do_not_tire_is_seldom_told_so(connection) -> None:
    """20 brands with one rate throughout: no verdict of act."""
    acts = 0
    for seed in range(20):
        frame, last = world(100 + seed, [0.12] * 6, people=1200)
        made, settings = base(connection, {"touches": frame}, last)
        acts += measure_fatigue(made, settings).verdict is Verdict.ACT
    assert acts == 0


def test_rows_in_another_order_and_told_twice_change_nothing(connection) -> None:
    frame, last = world(7, TIRED, people=600)
    found = []
    for rows in (frame, frame.sample(frac=1, random_state=1), pd.concat([frame, frame])):
        made, settings = base(connection, {"touches": rows.reset_index(drop=True)}, last)
        found.append(measure_fatigue(made, settings).table)
    pd.testing.assert_frame_equal(found[0], found[1])
    pd.testing.assert_frame_equal(found[0], found[2])
