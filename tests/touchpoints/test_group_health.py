"""Community groups: by hand, against a second library, by simulation, and the export's traps."""

from __future__ import annotations

import client_tables
import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict
from privdom_kit.touchpoints import measure_group_health

LAST = 1000


@pytest.fixture
def measure():
    """Measure the groups of a brand with these days."""
    with closing(connect()) as connection:

        def run(groups, touches=None, **settings):
            frames = {"groups": groups} | ({} if touches is None else {"touches": touches})
            base, rules = client_tables.base(connection, frames, LAST, **settings)
            return measure_group_health(base, rules)

        yield run


def group(
    name: str, first: int, last: int, members, active, messages=5, created=None, planned=None
) -> pd.DataFrame:
    """A group's days; numbers or a value a day."""
    days = np.arange(first, last + 1)
    return pd.DataFrame(
        {
            "group_id": name,
            "date": days,
            "members": members,
            "active_members": active,
            "messages": messages,
            "created_on": first if created is None else created,
            "planned_days": planned,
        }
    ).astype({"date": "int32"})


def together(*groups: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(groups, ignore_index=True)


def flicker(first: int, last: int, low: int, high: int) -> np.ndarray:
    """Alternating values, so that nothing looks like a running total."""
    return np.where(np.arange(first, last + 1) % 2 == 0, low, high)


def test_shares_by_size_by_hand(measure) -> None:
    """30 days each: 40 members with 4 or 6 active, 80 with 8 or 12, 300 with 10 or 20.

    Active member days 150, 300, 450 of 1,200, 2,400, 9,000: 900 of 12,600.
    """
    groups = together(
        group("a", 971, 1000, 40, flicker(971, 1000, 4, 6)),
        group("b", 971, 1000, 80, flicker(971, 1000, 8, 12)),
        group("c", 971, 1000, 300, flicker(971, 1000, 10, 20)),
    )
    result = measure(groups)
    lines = result.table.set_index(["kind", "band"])
    assert lines.loc[("all", "all"), ["groups", "members"]].tolist() == [3, 420]
    assert lines.loc[("all", "all"), "active_share"] == pytest.approx(900 / 12_600)
    smallest = lines.loc[("size", "1-49"), ["groups", "active_member_days", "member_days"]]
    assert smallest.tolist() == [1, 150, 1200]
    assert lines.loc[("size", "200+"), "active_member_days"] == 450
    # One group is no sample of groups.
    assert pd.isna(lines.loc[("size", "1-49"), "active_share"])
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert result.figures["compared_groups"] == 0


def test_days_without_members_and_impossible_ones_are_counted_out(measure) -> None:
    groups = together(
        group("a", 971, 1000, [0] * 3 + [40] * 27, [0] * 3 + [41] + [4, 6] * 13),
        group("b", 971, 1000, 40, flicker(971, 1000, 4, 6)),
    )
    result = measure(groups)
    assert dict(result.coverage.dropped) == {"no members": 3, "more active than members": 1}
    assert result.table["member_days"].iloc[0] == 40 * 56


def test_the_slope_on_age_is_within_groups(measure) -> None:
    """Each group falls by a tenth of a point a day; the older group is the livelier one.

    Pooled over groups the active share would rise with age; within groups it is -3 points in 30
    days exactly.
    """
    age = np.arange(60)
    groups = together(
        *[group(f"y{i}", 941, 1000, 1000, 100 - age, created=941) for i in range(3)],
        *[group(f"o{i}", 941, 1000, 1000, 500 - age, created=741) for i in range(3)],
    )
    figures = measure(groups).figures
    assert figures["age_slope"] == pytest.approx(-0.03)
    assert figures["age_slope_ci_upper"] == pytest.approx(-0.03)


def test_the_slope_on_size_by_hand(measure) -> None:
    """Shares 0.4, 0.3, 0.2, 0.1 at 20, 40, 80, 160 members: -10 points a doubling."""
    groups = together(
        *[
            group(f"{size}-{i}", 971, 1000, size, flicker(971, 1000, *around))
            for size, around in ((20, (7, 9)), (40, (11, 13)), (80, (15, 17)), (160, (15, 17)))
            for i in range(3)
        ]
    )
    figures = measure(groups).figures
    assert figures["size_slope"] == pytest.approx(-0.1)
    assert figures["size_slope_ci_upper"] < 0


def test_change_against_the_window_before_over_the_same_groups(measure) -> None:
    """Every group falls from 10 to 6 %; a new lively group is in the window but no change."""
    old = [
        group(f"g{i}", 941, 1000, 100, np.r_[flicker(1, 30, 9, 11), flicker(1, 30, 5, 7)])
        for i in range(6)
    ]
    result = measure(together(*old, group("new", 990, 1000, 100, flicker(990, 1000, 70, 90))))
    figures = result.figures
    assert figures["active_change"] == pytest.approx(-0.04)
    assert (figures["compared_groups"], figures["groups"]) == (6, 7)
    assert result.verdict is Verdict.ACT


def test_a_brand_without_change_is_seldom_told_to_act(measure) -> None:
    """Groups with levels of their own and no trend: at most 2.5 % of 80 runs, within error."""
    rng = np.random.default_rng(2)
    acts = 0
    for _ in range(80):
        parts = [
            group(f"g{i}", 941, 1000, 150, rng.binomial(150, level, 60))
            for i, level in enumerate(rng.beta(4, 30, 8))
        ]
        acts += measure(together(*parts)).verdict is Verdict.ACT
    assert acts <= 5


def test_lives_are_those_of_a_second_library(measure) -> None:
    """Groups fall silent after so many days or are alive: statsmodels' product-limit curve."""
    rng = np.random.default_rng(4)
    parts, lives, ended = [], [], []
    for i in range(25):
        made, life = int(rng.integers(850, 960)), int(rng.integers(5, 200))
        days = LAST - made + 1
        talk = np.where(np.arange(days) < life, flicker(1, days, 3, 6), 0)
        parts.append(group(f"g{i}", made, LAST, 50, talk, messages=talk))
        dead = days - life >= 14
        lives.append(life if dead else days)
        ended.append(int(dead))
    result = measure(together(*parts))
    table = result.tables["lives"].set_index("group_age")
    other = SurvfuncRight(np.array(lives), np.array(ended))
    for time, survival in zip(other.surv_times, other.surv_prob, strict=True):
        assert table.loc[time, "alive_share"] == pytest.approx(survival)
    assert result.figures["silent_groups"] == sum(ended)
    assert result.figures["watched_groups"] == 25


def test_groups_made_before_their_rows_are_in_no_life(measure) -> None:
    seen = [group(f"g{i}", 900, LAST, 50, flicker(900, LAST, 3, 6)) for i in range(4)]
    late = group("old", 900, LAST, 50, flicker(900, LAST, 3, 6), created=300)
    result = measure(together(*seen, late))
    assert result.figures["watched_groups"] == 4
    assert any("1 groups were made before their rows" in n.render("en") for n in result.notes)


def test_groups_past_their_plan(measure) -> None:
    """Plan of 20 days. a: dissolved on time; b: alive past it; c: silent past it; d: no plan."""
    groups = together(
        group("a", 900, 918, 50, flicker(900, 918, 3, 6), planned=20.0),
        group("b", 900, LAST, 50, flicker(900, LAST, 3, 6), planned=20.0),
        group("c", 900, LAST, 50, [5, 6] * 10 + [0] * 81, [5, 6] * 10 + [0] * 81, planned=20.0),
        group("d", 900, LAST, 50, flicker(900, LAST, 3, 6), planned=None),
        group("e", 985, LAST, 50, flicker(985, LAST, 3, 6), planned=20.0),
    )
    result = measure(groups)
    figures = result.figures
    assert (figures["planned_groups"], figures["overdue_groups"]) == (3, 2)
    assert (figures["overdue_silent_groups"], figures["silent_groups"]) == (1, 1)
    assert figures["standing_groups"] == 4
    assert result.verdict is Verdict.WATCH


def test_counts_up_to_the_day_are_no_daily_activity(measure) -> None:
    """WeCom's member_has_msg and msg_total rise for ever: no green light, and it is said."""
    days = np.arange(60)
    parts = [group(f"g{i}", 941, LAST, 200, 10 + days, messages=100 + 3 * days) for i in range(5)]
    result = measure(together(*parts))
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert any("counted up to the day" in note.render("en") for note in result.notes)
    assert result.figures["age_slope"] is None
    # Messages are now those of the day: 3 each, so that nobody is silent.
    assert result.figures["silent_groups"] == 0


def test_a_stop_of_messages_shows_in_counts_up_to_the_day(measure) -> None:
    """A total that stands still for 20 days is 20 days without a message."""
    days = np.arange(60)
    parts = [group(f"g{i}", 941, LAST, 200, 10 + days, 100 + 3 * days) for i in range(4)]
    still = group("s", 941, LAST, 200, 10 + np.minimum(days, 40), 100 + 3 * np.minimum(days, 40))
    assert measure(together(*parts, still)).figures["silent_groups"] == 1


def test_small_groups_are_hidden(measure) -> None:
    groups = together(
        group("a", 971, 1000, 6, flicker(971, 1000, 1, 3)),
        group("b", 971, 1000, 80, flicker(971, 1000, 8, 12)),
        group("c", 971, 1000, 90, flicker(971, 1000, 8, 12)),
        group("d", 971, 1000, 300, flicker(971, 1000, 8, 12)),
    )
    table = measure(groups, privacy={"min_cell": 10}).table.set_index(["kind", "band"])
    assert pd.isna(table.loc[("size", "1-49"), "active_member_days"])
    # Together with the total, one hidden band would give itself away.
    assert pd.isna(table.loc[("size", "50-99"), "members"]) or pd.isna(
        table.loc[("size", "200+"), "members"]
    )


def test_themes_and_senders(measure) -> None:
    """Interest groups a and b of 50 and 70 members; 3 of 4 messages by customers."""
    groups = together(
        group("a", 971, 1000, 50, flicker(971, 1000, 4, 6)).assign(theme="brew"),
        group("b", 971, 1000, 70, flicker(971, 1000, 4, 6)).assign(theme="brew"),
        group("c", 971, 1000, 90, flicker(971, 1000, 4, 6)).assign(theme=None),
    )
    touches = pd.DataFrame(
        {
            "customer": [1, 2, 3, 4],
            "occurred_on": 990,
            "touchpoint": "group",
            "action": "message",
            "direction": ["customer", "customer", "customer", "brand"],
        }
    )
    result = measure(groups, touches)
    themes = result.tables["themes"].set_index("theme")
    assert themes["members"].to_dict() == {"brew": 120, "unknown": 90}
    figures = result.figures
    assert (figures["customer_messages"], figures["all_messages"]) == (3, 4)


def test_messages_of_one_side_only_are_no_share(measure) -> None:
    """An export without the brand's own messages would make any group all customers."""
    groups = group("a", 971, 1000, 50, flicker(971, 1000, 4, 6))
    touches = pd.DataFrame({"customer": [1, 2], "occurred_on": 990, "touchpoint": "group"})
    touches = touches.assign(action="message", direction="customer")
    figures = measure(groups, touches).figures
    assert figures["all_messages"] is None
    assert figures["customer_message_share"] is None


def test_shuffled_days_change_nothing(measure) -> None:
    rng = np.random.default_rng(8)
    parts = [group(f"g{i}", 900, LAST, 120, rng.binomial(120, 0.1, 101)) for i in range(5)]
    whole = together(*parts)
    first = measure(whole)
    again = measure(whole.sample(frac=1, random_state=3).reset_index(drop=True))
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.figures["active_share"] == pytest.approx(again.figures["active_share"])
    days = first.table[first.table["kind"] == "group_age"]
    assert days["group_days"].sum() == 5 * 101


def test_nothing_given_is_not_measured(measure) -> None:
    groups = group("a", 971, 1000, 50, 5)
    assert measure(groups.drop(columns="active_members")).verdict is Verdict.NOT_MEASURED
    empty = group("a", 971, 1000, 0, 0)
    assert measure(empty).verdict is Verdict.NOT_ENOUGH_DATA
