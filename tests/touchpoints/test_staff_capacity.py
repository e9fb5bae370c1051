"""Staff: contacts, chats and replies by hand; the traps of WeCom's statistics; error rates."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest

from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict
from privdom_kit.touchpoints import measure_staff_capacity

LAST = 1000
DAY = 86_400


@pytest.fixture
def measure():
    """Measure the staff of a brand with these tables."""
    with closing(connect()) as connection:

        def run(frames, **settings):
            base, rules = client_tables.base(connection, frames, LAST, **settings)
            return measure_staff_capacity(base, rules)

        yield run


def statistics(*rows: tuple) -> pd.DataFrame:
    """Days from ``(day, metric, value)``."""
    frame = pd.DataFrame(rows, columns=["date", "metric", "value"])
    frame["value"] = frame["value"].astype("float64")
    return frame.assign(touchpoint="wecom_chat").astype({"date": "int32"})


def of(
    staff: str, day: int, chats: int, minutes: float | None, replied: float | None = None
) -> list:
    """What the preset makes of a line of the export: nothing where a field is missing."""
    rows = [(day, f"chats_from_{staff}", chats)]
    if minutes is not None:
        rows.append((day, f"first_reply_seconds_from_{staff}", 60 * minutes))
    if replied is not None:
        rows.append((day, f"reply_share_from_{staff}", replied))
    return rows


def test_replies_are_weighted_by_chats(measure) -> None:
    """90 chats at 10 minutes and 10 at 100: 19 minutes; the mean of the two lines is 55."""
    days = statistics(*of("a", 990, 90, 10, 0.9), *of("b", 990, 10, 100, 0.5))
    figures = measure({"touchpoint_days": days}).figures
    assert figures["reply_minutes_unweighted"] == pytest.approx(55)
    table = measure({"touchpoint_days": days}).table.set_index("staff")
    assert table.loc["all", "chats"] == 100
    two = statistics(*of("a", 990, 90, 10, 0.9), *of("b", 991, 10, 100, 0.5))
    result = measure({"touchpoint_days": two})
    assert result.figures["reply_minutes"] == pytest.approx(19)
    # 10 % of 90 chats and 50 % of 10 were not answered: 14 of 100.
    assert result.figures["missed_share"] == pytest.approx(0.14)


def test_no_reply_field_means_no_chat(measure) -> None:
    """Days on which nobody wrote in lower neither the reply time nor the share answered."""
    with_chats = [row for day in range(980, 990) for row in of("a", day, 20, 30, 0.8)]
    silent = [row for day in range(990, 1000) for row in of("a", day, 0, None)]
    sent_only = [row for day in range(970, 975) for row in of("a", day, 7, None)]
    figures = measure({"touchpoint_days": statistics(*with_chats, *silent, *sent_only)}).figures
    assert figures["reply_minutes"] == pytest.approx(30)
    assert figures["missed_share"] == pytest.approx(0.2)
    assert (figures["chats"], figures["timed_chats"], figures["asked_chats"]) == (235, 200, 200)


def test_a_reply_longer_than_a_day_is_a_wrong_unit(measure) -> None:
    """The statistic counts replies of the same day: 1,500 minutes cannot be."""
    days = statistics(*of("a", 990, 20, 1500), *of("a", 991, 20, 30), *of("a", 992, 20, 30))
    result = measure({"touchpoint_days": days})
    assert result.coverage.dropped == {"reply time above a day": 1}
    assert result.figures["reply_minutes"] == pytest.approx(30)


def test_the_day_is_counted_once_where_staff_are_named(measure) -> None:
    """The preset gives the day's sum beside each member's chats."""
    rows = [*of("a", 990, 20, 30), *of("b", 990, 10, 30), (990, "chats", 30)]
    assert measure({"touchpoint_days": statistics(*rows)}).figures["chats"] == 30
    whole = statistics((990, "chats", 30), (991, "chats", 30), (990, "first_reply_seconds", 60))
    result = measure({"touchpoint_days": whole})
    assert result.figures["chats"] == 60
    assert any("do not name staff" in note.render("en") for note in result.notes)


def test_overload_of_one_member(measure) -> None:
    """Slow on 15 of 60 days (a quarter of her chats); the other never is."""
    rows = []
    for i in range(60):
        rows += of("slow", 930 + i, 20, 120 if i % 4 == 0 else 20)
        rows += of("fast", 930 + i, 20, 20)
    result = measure({"touchpoint_days": statistics(*rows)})
    table = result.table.set_index("staff")
    assert table.loc["slow", ["late_chats", "timed_chats"]].tolist() == [300, 1200]
    assert table["overloaded"].to_dict() == {"all": "false", "slow": "true", "fast": "false"}
    assert table.loc["slow", "reply_quantile_minutes"] == 120
    assert table.loc["fast", "reply_quantile_minutes"] == 20
    assert result.verdict is Verdict.ACT
    assert result.figures["staff_overloaded"] == 1


def test_staff_within_the_line_are_seldom_called_overloaded(measure) -> None:
    """Ten members, each late on exactly a tenth of days in truth: one call or more in 5 %."""
    rng = np.random.default_rng(6)
    called = 0
    for _ in range(60):
        rows = []
        for member in range(10):
            late = rng.random(40) < 0.1
            for i in range(40):
                rows += of(f"s{member}", 950 + i, 10, 120 if late[i] else 20)
        called += measure({"touchpoint_days": statistics(*rows)}).figures["staff_overloaded"] > 0
    assert called <= 8


def chat(*rows: tuple, **columns) -> pd.DataFrame:
    """Messages from ``(customer, seconds into day 990, who)``; who is c or b."""
    frame = pd.DataFrame(rows, columns=["customer", "at", "who"])
    frame["occurred_at"] = 990 * DAY + frame.pop("at")
    frame["occurred_on"] = 990
    frame["direction"] = frame.pop("who").map({"c": "customer", "b": "brand"})
    return frame.assign(touchpoint="wecom_chat", action="message", staff_id="a", **columns)


def test_waits_of_single_messages_by_hand(measure) -> None:
    """1: asks twice (one chat), answered after 600 s of the first. 2: answered after 7,200 s.

    3: never. 4: the brand writes first, and the customer's answer is a chat with a reply at 60 s.
    """
    mine = chat(
        (1, 0, "c"), (1, 300, "c"), (1, 600, "b"), (2, 0, "c"), (2, 7200, "b"), (3, 0, "c"),
        (4, 0, "b"), (4, 100, "c"), (4, 160, "b"),
    )  # fmt: skip
    result = measure({"touches": mine})
    figures = result.figures
    assert figures["reply_source"] == "touches"
    assert (figures["chats"], figures["late_chats"], figures["timed_chats"]) == (4, 2, 4)
    assert figures["missed_share"] is None  # one day is no sample of days
    # Nine tenths of four chats is the fourth, and that one never came.
    assert figures["reply_quantile_minutes"] is None
    median = measure({"touches": mine}, touchpoints={"reply_quantile": 0.5})
    assert median.figures["reply_quantile_minutes"] == 10


def test_too_few_messages_give_way_to_statistics(measure) -> None:
    mine = chat((1, 0, "c"), (1, 600, "b"))
    days = statistics(*[row for day in range(980, 990) for row in of("a", day, 20, 30)])
    both = {"touches": mine, "touchpoint_days": days}
    named = {"dictionaries": {"touchpoint": ("wecom_chat",)}}
    assert measure(both, **named).figures["reply_source"] == "touchpoint_days"
    assert measure({"touches": mine}).figures["reply_source"] == "touches"


def test_a_campaign_is_no_reply(measure) -> None:
    mine = chat((1, 0, "c"), (1, 60, "b"), (1, 7200, "b"), campaign_id=[None, "x", None])
    assert measure({"touches": mine}).figures["late_chats"] == 1
    push = chat((1, 0, "c"), (1, 60, "b"))
    push.loc[1, "action"] = "send"
    assert measure({"touches": push}).figures["late_chats"] == 1


def test_a_late_message_is_a_new_chat_and_the_last_hours_are_left_out(measure) -> None:
    """A second question 25 hours after the first, unanswered one is a chat of its own."""
    mine = chat((1, 0, "c"), (1, 25 * 3600, "c"), (1, 25 * 3600 + 60, "b"))
    assert measure({"touches": mine}).figures["chats"] == 2
    fresh = chat((1, 0, "c"))
    fresh["occurred_at"] = LAST * DAY + 80_000
    fresh["occurred_on"] = LAST
    assert measure({"touches": pd.concat([mine, fresh])}).figures["chats"] == 2


def contacts(*rows: tuple) -> pd.DataFrame:
    """Relations from ``(customer, staff, removed day or None)``."""
    frame = pd.DataFrame(rows, columns=["customer", "staff_id", "removed_on"])
    frame["removed_on"] = frame["removed_on"].astype("Int32")
    return frame.assign(added_on=500)


def test_contacts_of_staff_who_left(measure) -> None:
    """a: 3 standing; b left: 2 standing, 1 removed; c leaves tomorrow. Person 0 stands twice."""
    held = contacts(
        (0, "a", None), (1, "a", None), (2, "a", None), (0, "b", None), (3, "b", None),
        (4, "b", 600), (5, "c", None),
    )  # fmt: skip
    staff = pd.DataFrame({"staff_id": ["a", "b", "c"], "left_on": [None, 900, 1001]})
    staff["left_on"] = staff["left_on"].astype("Int32")
    result = measure({"contacts": held, "staff": staff})
    table = result.table.set_index("staff")
    assert table["contacts"].to_dict() == {"all": 5, "a": 3, "b": 2, "c": 1}
    assert (result.figures["left_staff"], result.figures["left_contacts"]) == (1, 2)
    assert (result.figures["most_contacts"], result.figures["median_contacts"]) == (3, 2)
    assert result.verdict is Verdict.ACT


def test_contacts_alone_give_no_green_light(measure) -> None:
    held = contacts(*[(c, "a", None) for c in range(40)])
    result = measure({"contacts": held})
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    words = [note.render("en") for note in result.notes]
    assert "Nothing tells who has left, so contacts left behind are not measured." in words
    few = measure(
        {"contacts": contacts(*[(c, "a", None) for c in range(4)])}, privacy={"min_cell": 10}
    )
    assert few.table.set_index("staff")["contacts"].isna()["a"]


def test_nothing_given_is_not_measured(measure) -> None:
    orders = client_tables.orders((1, 990, 10))
    assert measure({"orders": orders}).verdict is Verdict.NOT_MEASURED


def messages(rng: np.random.Generator, people: int, many: int) -> list[tuple]:
    """Random messages, no two at the same second."""
    who, at = rng.integers(0, people, many), rng.permutation(80_000)[:many]
    by = rng.choice(["c", "b"], many)
    return [(int(c), int(t), str(w)) for c, t, w in zip(who, at, by, strict=True)]


def test_shuffled_rows_change_nothing(measure) -> None:
    rng = np.random.default_rng(9)
    rows = messages(rng, 20, 400)
    first = measure({"touches": chat(*rows)})
    again = measure({"touches": chat(*[rows[i] for i in rng.permutation(400)])})
    pd.testing.assert_frame_equal(first.table, again.table)


def test_waits_are_those_of_a_plain_walk(measure) -> None:
    """Brute force over each person's messages in order of time."""
    rng = np.random.default_rng(10)
    rows = messages(rng, 25, 600)
    late = chats = 0
    for person in range(25):
        mine = sorted((t, w) for c, t, w in rows if c == person)
        for i, (t, w) in enumerate(mine):
            if w != "c" or (i and mine[i - 1][1] == "c"):
                continue
            reply = next((s for s, v in mine[i:] if v == "b"), None)
            chats += 1
            late += reply is None or reply - t > 3600
    figures = measure({"touches": chat(*rows)}).figures
    assert (figures["chats"], figures["late_chats"]) == (chats, late)
