"""Stocks beside active people, and goals that name a stock alone: hand counts."""

from __future__ import annotations

from collections.abc import Iterator

import client_tables
import pandas as pd
import pytest
from client_tables import orders

from privdom_kit import touchpoints
from privdom_kit.config import read_config
from privdom_kit.engine import closing, connect
from privdom_kit.errors import ConfigError
from privdom_kit.estimates import proportion_interval
from privdom_kit.forms import Goal, read_forms
from privdom_kit.knowledge.vanity import find_vanity, load_vanity
from privdom_kit.labels import has_label
from privdom_kit.results import Verdict
from privdom_kit.touchpoints.measure_stocks import judge_goal

AS_OF = 1_000
SMALL = {"vanity_min_people": 2}


@pytest.fixture
def make() -> Iterator:
    with closing(connect()) as connection:

        def brand(frames: dict, **options):
            rules = {**SMALL, **options.pop("touchpoints", {})}
            return client_tables.base(connection, frames, AS_OF, touchpoints=rules, **options)

        yield brand


def contacts(gone: list) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": range(len(gone)), "staff_id": "a", "added_on": 900})
    frame["removed_on"] = pd.array(gone, dtype="Int64")
    return frame


def touches(*rows: tuple) -> pd.DataFrame:
    names = ["customer", "occurred_on", "touchpoint", "action", "direction"]
    return pd.DataFrame(rows, columns=names)


def test_active_and_silent_by_hand(make) -> None:
    """Eight stand of ten. 0 wrote on day 971, 1 on 970 (31 days back), 2 ordered, 3 was sent to.

    9 wrote too, but has left. So two are active, one of them in the chat, and six silent.
    """
    told = touches(
        (0, 971, "wecom_chat", "message", "customer"),
        (0, 980, "wecom_chat", "message", "customer"),
        (1, 970, "wecom_chat", "message", "customer"),
        (3, 990, "wecom_chat", "send", "brand"),
        (9, 990, "wecom_chat", "message", "customer"),
    )
    frames = {
        "contacts": contacts([None] * 8 + [950, 950]),
        "touches": told,
        "orders": orders((2, 999, 10)),
    }
    result = touchpoints.measure_vanity(*make(frames))
    row = result.table.set_index("touchpoint").loc["wecom_chat"]
    counts = ["stock", "known_people", "active_people", "active_here", "silent_people"]
    assert row[counts].tolist() == [8, 8, 2, 1, 6]
    wilson = proportion_interval(6, 8)
    bounds = row[["silent_share", "silent_share_ci_lower", "silent_share_ci_upper"]]
    assert bounds.tolist() == pytest.approx([wilson.estimate, wilson.lower, wilson.upper])


def test_joining_is_no_action(make) -> None:
    """Ten added on day 995, none of whom did anything; one order by somebody else."""
    fresh = contacts([None] * 10).assign(added_on=995)
    result = touchpoints.measure_vanity(*make({"contacts": fresh, "orders": orders((99, 999, 1))}))
    row = result.table.iloc[0]
    assert (row["active_people"], row["silent_people"]) == (0, 10)
    assert pd.isna(row["active_here"])  # no action of anybody is recorded in the chat


def test_without_own_actions_nobody_is_called_silent(make) -> None:
    result = touchpoints.measure_vanity(*make({"contacts": contacts([None] * 10)}))
    row = result.table.iloc[0]
    assert row["stock"] == 10
    assert pd.isna(row["active_people"])
    assert pd.isna(row["silent_share"])
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_platform_counts_and_groups_by_hand(make) -> None:
    """Followers: the latest of three days. Groups: last days 40 + 25; busiest day 9 + 3."""
    days = pd.DataFrame(
        [
            (940, "service_account", "followers", 500.0),
            (999, "service_account", "followers", 480.0),
            (960, "service_account", "followers", 999.0),
            (990, "service_account", "readers", 30.0),
            (991, "service_account", "readers", 45.0),
            (960, "service_account", "readers", 400.0),
            (999, "live", "audience", 77.0),
        ],
        columns=["date", "touchpoint", "metric", "value"],
    )
    groups = pd.DataFrame(
        [(1, 998, 41, 5), (1, 999, 40, 9), (2, 999, 25, 3), (2, 960, 60, 50)],
        columns=["group_id", "date", "members", "active_members"],
    )
    table = touchpoints.measure_vanity(*make({"touchpoint_days": days, "groups": groups})).table
    stocks = table.set_index("touchpoint")[["stock", "active_a_day"]]
    assert stocks.loc["service_account"].tolist() == [480, 45]
    assert stocks.loc["group"].tolist() == [65, 12]
    assert "live" not in stocks.index
    assert table["silent_share"].isna().all()


FOLLOWING = "active_follower_share"
GOALS = [
    ({"metric": "followers"}, "stock_alone", FOLLOWING),
    ({"metric": "好友数", "kind": "rate"}, "stock_alone", "active_contact_share"),
    ({"metric": "warehouse", "kind": "stock"}, "stock_alone", "active_share"),
    ({"metric": "Fans", "paired_with": "friends"}, "stock_alone", FOLLOWING),
    ({"metric": "fans", "paired_with": "groups goal"}, "stock_alone", FOLLOWING),
    ({"metric": "fans", "paired_with": "rate goal"}, "stock_paired", "rate goal"),
    ({"metric": "fans", "paired_with": "repeat_rate"}, "stock_paired", "repeat_rate"),
    ({"metric": "repeat_rate", "kind": "rate"}, "active_goal", ""),
    ({"metric": "repeat_rate"}, "not_judged", ""),
]


@pytest.mark.parametrize(("stated", "judged", "pair"), GOALS)
def test_goals(stated: dict, judged: str, pair: str) -> None:
    """A stock paired with another stock stands alone as much as before (S061)."""
    goal = Goal(name="a", **stated)
    others = [Goal(name="groups goal", metric="groups"), Goal(name="rate goal", metric="x")]
    assert judge_goal(goal, {g.name: g for g in (goal, *others)}) == (judged, pair)


def test_verdicts(make) -> None:
    """Act: a goal alone. Clear needs both: goals that pass and a stock that is mostly active."""
    told = touches(*((c, 990, "wecom_chat", "message", "customer") for c in range(100)))
    frames = {"contacts": contacts([None] * 100), "touches": told}
    rate = {"name": "repeat", "metric": "repeat_rate", "kind": "rate"}

    def verdict(goals: list, shown: dict = frames) -> Verdict:
        return touchpoints.measure_vanity(*make(shown, forms={"goals": goals})).verdict

    assert verdict([rate]) is Verdict.CLEAR
    assert verdict([]) is Verdict.WATCH
    assert verdict([rate, {"name": "big", "metric": "粉丝数"}]) is Verdict.ACT
    assert verdict([rate], {**frames, "touches": told.head(20)}) is Verdict.WATCH
    assert verdict([rate], {}) is Verdict.WATCH


def test_nothing_is_not_measured(make) -> None:
    result = touchpoints.measure_vanity(*make({}))
    assert result.verdict is Verdict.NOT_MEASURED
    assert touchpoints.describe_vanity(result).statement.render("en") == (
        "No table counts followers, contacts, members or groups, and no goals are stated."
    )
    assert touchpoints.plot_vanity(result) is None


def test_goals_alone_are_worded(make) -> None:
    goals = [{"name": "grow", "metric": "followers"}]
    result = touchpoints.measure_vanity(*make({}, forms={"goals": goals}))
    finding = touchpoints.describe_vanity(result)
    assert finding.statement.render("en") == (
        "How many of those counted are active cannot be said. 1 of 1 goals name a stock alone."
    )
    assert finding.evidence[0].render("en") == (
        "The goal grow counts followers alone; set beside it: share of followers with an own "
        "action in the last 30 days."
    )


def test_few_active_people_are_not_shown(make) -> None:
    told = touches(*((c, 990, "wecom_chat", "message", "customer") for c in range(4)))
    frames = {"contacts": contacts([None] * 100), "touches": told}
    result = touchpoints.measure_vanity(*make(frames, privacy={"min_cell": 10}))
    row = result.table.iloc[0]
    hidden = ["active_people", "active_here", "silent_people", "silent_share", "active_share"]
    assert row[hidden].isna().all()
    assert row["stock"] == 100
    assert result.figures["largest_silent_share"] is None


def test_the_list_is_that_of_the_article() -> None:
    """Followers, reads, contacts, groups (001); every pair has words."""
    assert list(load_vanity()) == ["followers", "reads", "contacts", "groups"]
    assert all(has_label(v.pair) and has_label(v.id) for v in load_vanity().values())
    words = [word for v in load_vanity().values() for word in (v.id, *v.words)]
    assert len(words) == len(set(words))
    assert [word for word in words if find_vanity(word.upper()) is None] == []


def test_goals_are_read_from_forms(tmp_path) -> None:
    (tmp_path / "client.yml").write_text(
        "client: a\nas_of: 2026-05-31\nforms: forms.yml\n", encoding="utf-8"
    )
    form = tmp_path / "forms.yml"
    stated = (
        "goals:\n- {name: 冲粉, metric: 粉丝数, kind: stock, target: 100000, due: 2026-12-31}\n"
    )
    form.write_text(stated, encoding="utf-8")
    goal = read_forms(read_config(tmp_path)).goals[0]
    assert (goal.name, goal.kind, goal.target, goal.paired_with) == ("冲粉", "stock", 100_000, "")
    form.write_text("goals:\n- {name: a, metric: fans, knd: stock}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_forms(read_config(tmp_path))
    assert "kind" in str(caught.value)
    assert "line 2" in str(caught.value)
