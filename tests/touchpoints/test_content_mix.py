"""Contents by hand: the mix, plain advertising, selling days, gaps, the person's side."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest

from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict
from privdom_kit.touchpoints import measure_content_mix

LAST = 1000
PURPOSES = ("marketing", "interaction", "care", "daily")


@pytest.fixture
def measure():
    """Measure the contents of a brand with these tables."""
    with closing(connect()) as connection:

        def run(frames, **settings):
            base, rules = client_tables.base(connection, frames, LAST, **settings)
            return measure_content_mix(base, rules)

        yield run


def posts(*parts: tuple, **columns) -> pd.DataFrame:
    """Posts from ``(touchpoint, purpose, link, day, how many)``."""
    rows = [(t, p, link, day) for t, p, link, day, many in parts for _ in range(many)]
    frame = pd.DataFrame(rows, columns=["touchpoint", "purpose", "has_purchase_link", "posted_on"])
    for name, values in columns.items():
        frame[name] = values
    return frame


def test_shares_and_distance_by_hand(measure) -> None:
    """Groups: 24 marketing, 8 interaction, 4 care, 4 daily of 40; (.3 + .1 + .2 + 0) / 2 = .3."""
    mine = posts(
        ("group", "marketing", 1, 990, 20), ("group", "marketing", 0, 991, 4),
        ("group", "interaction", 0, 992, 8), ("group", "care", 0, 993, 4),
        ("group", "daily", 0, 994, 4), ("moments", "marketing", 1, 995, 10),
    )  # fmt: skip
    result = measure({"posts": mine})
    lines = result.table[result.table["touchpoint"] == "group"]
    assert result.table["touchpoint"].iloc[0] == "group"
    assert lines["pieces"].tolist() == [24, 8, 4, 4]
    assert lines["share"].tolist() == [0.6, 0.2, 0.1, 0.1]
    assert lines["target_share"].tolist() == pytest.approx([0.3, 0.3, 0.3, 0.1])
    assert result.figures["deviation"] == pytest.approx(0.3)
    assert (result.figures["scope"], result.figures["pieces"]) == ("group", 40)
    places = result.tables["touchpoints"].set_index("touchpoint")
    assert places["hard_ads"].to_dict() == {"all": 30, "group": 20, "moments": 10}
    assert places.loc["group", "hard_ad_share"] == 0.5
    # Days 990, 991 and 995 sell; the data begin on day 990, so 11 days are covered.
    assert places.loc["all", ["selling_days", "period_days"]].tolist() == [3, 11]
    assert places.loc["group", "selling_days"] == 2
    gaps = result.tables["unpublished"]
    assert list(zip(gaps["touchpoint"], gaps["purpose"], strict=True)) == [
        ("moments", "interaction"), ("moments", "care"), ("moments", "daily"),
    ]  # fmt: skip


def test_the_verdict_is_watch_at_most(measure) -> None:
    """A thousand selling posts are as far from the guide as can be; even so nothing is ordered."""
    far = measure({"posts": posts(("group", "marketing", 1, 990, 1000))})
    assert far.verdict is Verdict.WATCH
    assert far.figures["deviation_ci_lower"] > 0.6
    counts = zip(PURPOSES, (300, 300, 300, 100), strict=True)
    near = posts(*[("group", purpose, 0, 990, many) for purpose, many in counts])
    assert measure({"posts": near}).verdict is Verdict.CLEAR
    few = measure({"posts": posts(("group", "marketing", 1, 990, 29))})
    assert few.verdict is Verdict.NOT_ENOUGH_DATA


def test_the_target_is_the_clients(measure) -> None:
    """All marketing where the client wants 1:0:0:0 is no distance at all."""
    settings = {"content_target": [1, 0, 0, 0]}
    result = measure({"posts": posts(("group", "marketing", 1, 990, 200))}, touchpoints=settings)
    assert result.figures["deviation"] == 0
    assert result.verdict is Verdict.CLEAR


def test_change_is_the_difference_to_the_period_before(measure) -> None:
    """30 of 60 now, 20 of 80 in the 90 days before (days 821 to 910): +25 points."""
    mine = posts(
        ("group", "marketing", 1, 911, 30), ("group", "care", 0, 1000, 30),
        ("group", "marketing", 1, 821, 20), ("group", "care", 0, 910, 60),
        ("group", "daily", 0, 820, 500),
    )  # fmt: skip
    line = measure({"posts": mine}).table.iloc[0]
    assert (line["pieces"], line["pieces_before"]) == (30, 20)
    assert line["change"] == pytest.approx(0.25)
    assert line["change_ci_lower"] < 0.25 < line["change_ci_upper"]


def test_shuffled_rows_change_nothing(measure) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "touchpoint": rng.choice(["group", "moments"], 300),
            "purpose": rng.choice(PURPOSES, 300),
            "has_purchase_link": rng.integers(0, 2, 300),
            "posted_on": rng.integers(700, 1001, 300),
        }
    )
    first = measure({"posts": frame})
    again = measure({"posts": frame.sample(frac=1, random_state=1).reset_index(drop=True)})
    pd.testing.assert_frame_equal(first.table, again.table)
    by_place = first.table[first.table["touchpoint"] != "all"].groupby("purpose")["pieces"].sum()
    whole = first.table[first.table["touchpoint"] == "all"].set_index("purpose")["pieces"]
    assert by_place.to_dict() == whole.to_dict()


def test_without_links_plain_advertising_is_not_measured(measure) -> None:
    mine = posts(("group", "marketing", 1, 990, 40)).drop(columns="has_purchase_link")
    result = measure({"posts": mine})
    assert result.tables["touchpoints"]["hard_ads"].isna().all()
    assert result.tables["touchpoints"]["hard_ad_share"].isna().all()
    words = [note.render("en") for note in result.notes]
    assert "Purchase links are not recorded, so plain advertising is not measured." in words


def test_audiences_that_are_not_stated_stand_apart(measure) -> None:
    """6 of 10 stated posts are for newcomers; 5 state nothing and are in no denominator."""
    mine = posts(("moments", "care", 0, 990, 15))
    mine["audience"] = ["new"] * 6 + ["customers"] * 4 + [None] * 5
    table = measure({"posts": mine}).tables["addressed"].set_index("audience")
    assert table.loc["new", ["pieces", "stated_pieces", "share"]].tolist() == [6, 10, 0.6]
    assert table.loc["not_stated", "pieces"] == 5
    assert pd.isna(table.loc["not_stated", "share"])


def touches(*rows: tuple) -> pd.DataFrame:
    """Touches from ``(customer, day, purpose, link)``, sent by the brand in WeCom."""
    frame = pd.DataFrame(rows, columns=["customer", "occurred_on", "purpose", "has_purchase_link"])
    return frame.assign(touchpoint="wecom_chat", action="send", direction="brand")


def test_selling_days_of_people_by_hand(measure) -> None:
    """0: two days, one with two messages; 1: one day (a link in a care message); 2: none."""
    mine = touches(
        (0, 990, "marketing", 0), (0, 990, "marketing", 0), (0, 991, "marketing", 0),
        (1, 992, "care", 1), (2, 993, "care", 0), (2, 994, "daily", 0),
    )  # fmt: skip
    result = measure({"touches": mine}, touchpoints={"selling_day_cap": 0.15})
    table = result.tables["people"]
    assert dict(zip(table["selling_days"], table["people"], strict=True)) == {0: 1, 1: 1, 2: 1}
    # Touches begin on day 990: 0.15 x 11 days = 1.65 days; only 0 is above it.
    assert (result.figures["over_cap_people"], result.figures["recipients"]) == (1, 3)


def test_a_message_to_many_is_one_piece(measure) -> None:
    """Without posts: 50 people got the same care message on one day, one got another."""
    mine = touches(*[(c, 990, "care", 0) for c in range(50)], (0, 991, "marketing", 1))
    result = measure({"touches": mine})
    assert result.figures["pieces"] == 2
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.notes[0].render("en").startswith("There are no posts: a piece is a message")


def test_links_where_selling_is_ruled_out(measure) -> None:
    """Two of four messages carry a link."""
    mine = touches(*[(c, 990 + c, "care", int(c < 2)) for c in range(4)])
    settings = {"no_selling_touchpoints": ["wecom_chat"]}
    result = measure({"touches": mine}, touchpoints=settings)
    line = result.tables["restrained"].iloc[0]
    assert (line["linked"], line["messages"], line["linked_share"]) == (2, 4, 0.5)
    assert result.figures["violations"] == 2
    assert result.verdict is Verdict.WATCH
    assert measure({"touches": mine}).figures["violations"] is None


def test_few_people_are_hidden(measure) -> None:
    """12 people have no selling day, 3 have one: the three, and with them the 12, are hidden."""
    sold = [(c, 990, "marketing", 1) for c in (20, 21, 22)]
    mine = touches(*[(c, 990, "care", 0) for c in range(12)], *sold)
    result = measure({"touches": mine}, privacy={"min_cell": 10})
    assert result.tables["people"]["people"].isna().all()


def test_nothing_given_is_not_measured(measure) -> None:
    bare = touches((0, 990, "care", 0)).drop(columns=["purpose", "has_purchase_link"])
    assert measure({"touches": bare}).verdict is Verdict.NOT_MEASURED
    old = measure({"posts": posts(("group", "care", 0, 500, 40))})
    assert old.verdict is Verdict.NOT_ENOUGH_DATA
    assert old.notes[0].render("en") == "Nothing was published in the last 90 days."
