"""Catalogue, roles and texts against the rules, counted by hand on small brands."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import client_tables
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from privdom_kit import touchpoints
from privdom_kit.base import read_base
from privdom_kit.client import open_client
from privdom_kit.config import read_config
from privdom_kit.engine import closing, connect
from privdom_kit.estimates import equality_test
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title
from privdom_kit.results import Result, Verdict
from privdom_kit.rule_check import check_text
from privdom_kit.touchpoints.measure_duties import _fallen

TODAY = 20_000
CAMEL = Path(__file__).parents[2] / "sample_data" / "camel_milk"
SCOOTER = CAMEL.parent / "ev_scooter"


@pytest.fixture
def connection() -> Iterator:
    with closing(connect()) as opened:
        yield opened


def touches(*rows: tuple) -> pd.DataFrame:
    """``(customer, day, touchpoint, action, direction)``."""
    columns = ["customer", "occurred_on", "touchpoint", "action", "direction"]
    return pd.DataFrame(rows, columns=columns)


def status_of(result: Result) -> dict[str, str]:
    return dict(zip(result.table["touchpoint"], result.table["status"], strict=True))


# ---------------------------------------------------------------------------------------------
# Catalogue


def test_active_silent_stated_and_blank(connection) -> None:
    """Live 10 days ago, Moments 40 days ago, SMS stated, call out of use, all else blank."""
    frames = {
        "touches": touches(
            (1, TODAY - 10, "live", "watch", "customer"),
            (1, TODAY - 40, "moments", "like", "customer"),
            (1, TODAY - 5, "kiosk", "visit", "customer"),
        )
    }
    forms = {
        "touchpoints": {
            "sms": {"in_use": True, "entry_code": "s1"},
            "call": {"in_use": False},
            "own_app": {"in_use": True, "name": "品牌APP"},
        }
    }
    base, rules = client_tables.base(connection, frames, TODAY, forms=forms)
    result = touchpoints.measure_catalogue(base, rules)
    found = status_of(result)
    assert (found["live"], found["moments"], found["sms"]) == (
        *("active", "silent", "stated_without_data"),
    )
    assert (found["call"], found["own_app"], found["article"]) == (
        *("not_in_use", "stated_without_data", "not_audited"),
    )
    figures = result.figures
    assert (figures["listed"], figures["active"], figures["silent"]) == (86, 1, 1)
    assert figures["not_audited"] == 86 - 1 - 1 - 2 - 1
    assert (figures["with_entry_code"], figures["in_use"]) == (1, 2)
    assert result.tables["unknown_touchpoints"]["touchpoint"].tolist() == ["kiosk"]
    assert result.verdict is Verdict.WATCH


@pytest.mark.parametrize(("back", "status"), [(29, "active"), (30, "silent")])
def test_the_period_is_the_last_30_days_with_today(connection, back: int, status: str) -> None:
    """30 days end today, so the 29th day back is the first of them."""
    frames = {"touches": touches((1, TODAY - back, "live", "watch", "customer"))}
    base, rules = client_tables.base(connection, frames, TODAY)
    assert status_of(touchpoints.measure_catalogue(base, rules))["live"] == status


def test_one_gone_silent_although_in_use_or_active_although_out_of_use_is_to_act(
    connection,
) -> None:
    frames = {"touches": touches((1, TODAY - 60, "live", "watch", "customer"))}
    for in_use, back, verdict in ((True, 60, "act"), (None, 60, "watch"), (False, 1, "act")):
        frames = {"touches": touches((1, TODAY - back, "live", "watch", "customer"))}
        forms = {"touchpoints": {"live": {"in_use": in_use}}}
        base, rules = client_tables.base(connection, frames, TODAY, forms=forms)
        assert touchpoints.measure_catalogue(base, rules).verdict == verdict


def test_the_end_of_a_relation_and_a_statistic_of_0_show_nothing_at_work(connection) -> None:
    contacts = pd.DataFrame({"customer": [1], "added_on": [TODAY - 90], "staff_id": ["a"]})
    contacts["removed_on"] = TODAY - 1
    days = pd.DataFrame({"date": [TODAY - 1], "touchpoint": ["live"], "metric": ["audience"]})
    days["value"] = 0.0
    base, rules = client_tables.base(
        connection, {"contacts": contacts, "touchpoint_days": days}, TODAY
    )
    found = status_of(touchpoints.measure_catalogue(base, rules))
    assert (found["wecom_chat"], found["live"]) == ("silent", "not_audited")


def test_cost_of_reach_and_what_has_no_known_cost(connection) -> None:
    """SMS: 0.05 + 0.05 + 0.10 yuan for two people of late. One call without a cost: unknown."""
    deliveries = pd.DataFrame(
        [
            (1, "sms", TODAY - 1, 5),
            (1, "sms", TODAY - 2, 5),
            (2, "sms", TODAY - 2, 10),
            (3, "sms", TODAY - 40, 10),
            (1, "call", TODAY - 1, 12),
            (2, "call", TODAY - 1, None),
        ],
        columns=["customer", "channel", "sent_on", "cost_cents"],
    ).assign(delivery_id=range(6))
    deliveries["cost_cents"] = deliveries["cost_cents"].astype("Int64")
    base, rules = client_tables.base(connection, {"deliveries": deliveries}, TODAY)
    result = touchpoints.measure_catalogue(base, rules)
    found = result.tables["reach_costs"].set_index("touchpoint")
    assert found.index.tolist() == ["sms", "call"]
    assert found.loc["sms", "people_reached"] == 2
    assert found.loc["sms", "cost_per_person"] == pytest.approx(0.10)
    assert pd.isna(found.loc["call", "cost_per_person"])
    words = [m.render("en") for m in touchpoints.describe_catalogue(result).evidence]
    assert "text message: CN¥0.10 for each of 2 people reached." in words


def test_nothing_at_all_is_not_measured(connection) -> None:
    base, rules = client_tables.base(connection, {}, TODAY)
    for measure in ("catalogue", "roles", "copy_rules", "benefits", "member_system"):
        result = getattr(touchpoints, f"measure_{measure}")(base, rules)
        assert result.verdict is Verdict.NOT_MEASURED
        assert getattr(touchpoints, f"plot_{measure}")(result) is None
        finding = getattr(touchpoints, f"describe_{measure}")(result)
        assert finding.statement is result.notes[0]
        assert finding.action is None


# ---------------------------------------------------------------------------------------------
# Roles


def reading(day: int, read: int, sent: int) -> list[tuple]:
    """``sent`` people reached on a day, the first ``read`` of whom read."""
    rows = [(c, day, "service_account", "send", "brand") for c in range(sent)]
    return rows + [(c, day, "service_account", "read", "customer") for c in range(read)]


def roles(connection, rows: list[tuple], **forms) -> Result:
    base, rules = client_tables.base(
        connection, {"touches": touches(*rows)}, TODAY, forms={"touchpoints": forms}
    )
    return touchpoints.measure_roles(base, rules)


STATED = {"service_account": {"in_use": True, "role": "seeding", "kpi": "read_rate"}}


def test_a_rate_of_people_and_its_fall(connection) -> None:
    """60 of 400 read of late, 120 of 400 before: 15 % against 30 %.

    Readers who were sent nothing do not count; a person counts once however often they read.
    """
    rows = reading(TODAY - 3, 60, 400) + reading(TODAY - 40, 120, 400)
    rows += [(0, TODAY - 2, "service_account", "read", "customer")] * 5
    rows += [(c, TODAY - 2, "service_account", "read", "customer") for c in range(900, 950)]
    result = roles(connection, rows, **STATED)
    row = result.table.set_index("touchpoint").loc["service_account"]
    assert (row["people"], row["base"], row["people_before"], row["base_before"]) == (
        *(60, 400, 120, 400),
    )
    assert row["kpi_rate"] == pytest.approx(0.15)
    assert row["rate_change"] == pytest.approx(-0.15)
    assert row["rate_change_ci_upper"] < 0
    assert result.verdict is Verdict.ACT
    finding = touchpoints.describe_roles(result)
    assert finding.statement.render("en") == (
        "1 of 1 touchpoints do less for their role than in the period before."
    )
    assert finding.statement.render("zh") == "1个触点中有1个的角色指标低于上期。"


def test_a_stated_role_that_holds_is_clear_and_a_default_one_is_not(connection) -> None:
    """Green only where somebody stated what the touchpoint is for."""
    rows = reading(TODAY - 3, 120, 400) + reading(TODAY - 40, 120, 400)
    assert roles(connection, rows, **STATED).verdict is Verdict.CLEAR
    assert roles(connection, rows).verdict is Verdict.WATCH


def test_what_the_export_does_not_carry_is_blank_and_no_zero(connection) -> None:
    """Nobody ever reads in the data: no rate of 0 %, but not audited."""
    rows = reading(TODAY - 3, 0, 400) + reading(TODAY - 40, 0, 400)
    result = roles(connection, rows, **STATED)
    row = result.table.iloc[0]
    assert row["status"] == "not_audited"
    assert pd.isna(row["kpi_rate"]) and pd.isna(row["people"])
    assert result.verdict is Verdict.WATCH


def test_a_zero_after_a_period_with_readers_is_a_zero(connection) -> None:
    rows = reading(TODAY - 3, 0, 400) + reading(TODAY - 40, 100, 400)
    row = roles(connection, rows, **STATED).table.iloc[0]
    assert (row["status"], row["kpi_rate"]) == ("measured", 0.0)


def test_the_platforms_statistic_stands_in_and_is_named(connection) -> None:
    """A flow is added up, a stock is its last value, a share the mean of its days."""
    days = pd.DataFrame(
        [
            (TODAY - 2, "wecom_chat", "chats", 10.0),
            (TODAY - 1, "wecom_chat", "chats", 30.0),
            (TODAY - 31, "wecom_chat", "chats", 7.0),
            (TODAY - 2, "service_account", "followers", 500.0),
            (TODAY - 1, "service_account", "followers", 480.0),
            (TODAY - 2, "group", "reply_share", 0.5),
            (TODAY - 1, "group", "reply_share", 0.7),
        ],
        columns=["date", "touchpoint", "metric", "value"],
    )
    forms = {
        "service_account": {"role": "scale", "kpi": "followers"},
        "group": {"kpi": "reply_share"},
        "moments": {"kpi": "likes_given"},
    }
    base, rules = client_tables.base(
        connection, {"touchpoint_days": days}, TODAY, forms={"touchpoints": forms}
    )
    result = touchpoints.measure_roles(base, rules)
    table = result.table.set_index("touchpoint")
    assert table.loc["wecom_chat", ["metric", "metric_value", "metric_value_before"]].tolist() == [
        *("chats", 40.0, 7.0),
    ]
    assert table.loc["service_account", "metric_value"] == 480.0
    assert table.loc["group", "metric_value"] == pytest.approx(0.6)
    assert table.loc["moments", "status"] == "not_audited"
    assert any("likes_given" in note.render("en") for note in result.notes)


def test_posts_and_groups_stand_in_where_touches_say_nothing(connection) -> None:
    """Two posts with 4 + 1 and 7 + 0, one without numbers: 6 a post.

    Groups: 3 + 5 active on one day and 4 on another: 6 a day.
    """
    pieces = posts((TODAY, "moments", "a"), (TODAY - 3, "moments", "b"), (TODAY, "moments", "c"))
    pieces["likes"] = pd.Series([4, 7, None], dtype="Int64")
    pieces["comments"] = pd.Series([1, 0, None], dtype="Int64")
    groups = pd.DataFrame(
        [("g1", TODAY, 10, 3), ("g2", TODAY, 10, 5), ("g1", TODAY - 1, 10, 4)],
        columns=["group_id", "date", "members", "active_members"],
    )
    forms = {"touchpoints": {"moments": {"role": "real_person"}, "group": {"role": "closeness"}}}
    base, rules = client_tables.base(
        connection, {"posts": pieces, "groups": groups}, TODAY, forms=forms
    )
    table = touchpoints.measure_roles(base, rules).table.set_index("touchpoint")
    assert table.loc["moments", ["metric", "metric_value"]].tolist() == ["interactions_per_post", 6]
    assert table.loc["group", ["metric", "metric_value"]].tolist() == ["active_members", 6.0]


def test_an_export_of_likes_only_has_no_interaction_rate(connection) -> None:
    """All 50 active people liked: nobody who saw and did not like is in the data."""
    rows = [(c, TODAY - 2, "moments", "like", "customer") for c in range(50)]
    assert roles(connection, rows).table["status"].tolist() == ["not_audited"]
    rows += [(c, TODAY - 2, "moments", "visit", "customer") for c in range(50, 100)]
    row = roles(connection, rows).table.iloc[0]
    assert (row["people"], row["base"], row["kpi_rate"]) == (50, 100, 0.5)


def test_a_tiny_p_value_is_small_and_not_nought(connection) -> None:
    """20 of 400 against 200 of 400; statsmodels' Newcombe interval: -0.5018 to -0.3948."""
    rows = reading(TODAY - 3, 20, 400) + reading(TODAY - 40, 200, 400)
    words = touchpoints.describe_roles(roles(connection, rows, **STATED)).evidence[0]
    assert words.render("en") == (
        "service account (seeding): reading rate of those reached 5.0% of 400 people, -45.0 points "
        "against the period before (interval -50.2 points to -39.5 points; p below 0.001, "
        "corrected for the touchpoints compared)."
    )


def test_conflicts_of_roles(connection) -> None:
    """WeCom and groups share closeness by rule; live is stated twice and shares transaction."""
    result = roles(
        connection,
        reading(TODAY - 1, 1, 2),
        wecom_chat={"role": "closeness"},
        group={"role": "closeness"},
        live={"role": ["interaction", "transaction"], "kpi": ["buyer_share", "people_active"]},
        mini_program={"role": "transaction"},
        moments={"role": "seeding"},
        sms={"role": "transaction", "in_use": False},
    )
    found = set(result.tables["conflicts"].itertuples(index=False, name=None))
    assert found == {
        ("live", "several_roles", "interaction, transaction"),
        ("live", "several_kpis", "buyer_share, people_active"),
        ("live", "same_role", "transaction"),
        ("mini_program", "same_role", "transaction"),
        ("moments", "against_rule", "real_person"),
    }


def test_few_people_are_hidden_with_their_rate(connection) -> None:
    rows = reading(TODAY - 3, 3, 400) + reading(TODAY - 40, 120, 400)
    base, rules = client_tables.base(
        connection,
        {"touches": touches(*rows)},
        TODAY,
        forms={"touchpoints": STATED},
        privacy={"min_cell": 10},
    )
    row = touchpoints.measure_roles(base, rules).table.iloc[0]
    assert pd.isna(row["people"]) and pd.isna(row["kpi_rate"]) and pd.isna(row["rate_change"])
    assert row["people_before"] == 120


def test_a_persona_below_its_line_is_watched_and_void_ratings_are_not_judged(connection) -> None:
    """2 of 9 points; with two raters who disagree the same scores are void."""
    rows = reading(TODAY - 3, 120, 400) + reading(TODAY - 40, 120, 400)
    answers = {"positioning": {"value": 2, "evidence": "x"}}
    answers |= {item: {"value": 0, "evidence": ""} for item in ("realness", "value")}
    sheet = {"rubric": "persona", "subject": "moments", "rater": "甲", "answers": answers}
    base, rules = client_tables.base(
        connection,
        {"touches": touches(*rows)},
        TODAY,
        forms={"touchpoints": STATED, "rubrics": [sheet]},
    )
    result = touchpoints.measure_roles(base, rules)
    assert result.verdict is Verdict.WATCH
    words = [m.render("en") for m in touchpoints.describe_roles(result).evidence]
    assert "persona, rated by 甲: 2 of 9 points on 3 of 3 items." in words


def test_brands_where_nothing_changed_are_told_to_act_in_few_cases() -> None:
    """Eight touchpoints, two periods at the same true rates, 600 brands.

    Two-sided at 5 % after Holm, of which only falls are acted on: at most 2.5 %, and 0.6 points of
    binomial error.
    """
    rng = np.random.default_rng(3)
    lines = SimpleNamespace(confidence_level=0.95, role_tolerance=0.0)
    acted = 0
    for _ in range(600):
        rates = rng.uniform(0.05, 0.5, size=8)
        x1, x2 = rng.binomial(800, rates), rng.binomial(800, rates)
        p = [equality_test(a, 800, b, 800).p_value for a, b in zip(x1, x2, strict=True)]
        order = np.argsort(p)
        holm = np.empty(8)  # Holm (1979), by hand
        holm[order] = np.maximum.accumulate(np.array(p)[order] * np.arange(8, 0, -1))
        table = pd.DataFrame({"p_value_adjusted": holm, "rate_change": (x1 - x2) / 800})
        acted += bool(_fallen(table, lines).any())
    assert acted / 600 <= 0.025 + 3 * 0.0064


PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from([TODAY, TODAY - 29, TODAY - 30, TODAY - 59, TODAY - 60]),
        st.sampled_from(["live", "group"]),
        st.sampled_from(["send", "watch", "like", "order", "join"]),
        st.sampled_from(["brand", "customer"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25)
@given(PEOPLE)
def test_counts_equal_those_of_sets_of_people(rows) -> None:
    """Brute force over Python sets; a row told twice changes nothing."""
    from privdom_kit.touchpoints.duties import count_people

    with closing(connect()) as opened:
        base, _ = client_tables.base(opened, {"touches": touches(*rows, rows[0])}, TODAY)
        found = count_people(base, 30)
    for (place, period), counts in found.items():
        inside = [
            (c, action, direction)
            for c, day, where, action, direction in rows
            if where == place and (day > TODAY - 30) == bool(period) and day > TODAY - 60
        ]
        reached = {c for c, _, d in inside if d == "brand"}
        active = {c for c, a, d in inside if d == "customer" and a != "join"}
        liked = {c for c, a, d in inside if d == "customer" and a == "like"}
        watched = {c for c, a, d in inside if d == "customer" and a == "watch"}
        assert counts["reached"] == len(reached)
        assert counts["active"] == len(active)
        assert counts["reached_active"] == len(reached & active)
        assert counts["reached_read"] == len(reached & watched)
        assert counts["interacted"] == len(liked)


# ---------------------------------------------------------------------------------------------
# Texts


def posts(*rows: tuple) -> pd.DataFrame:
    """``(day, touchpoint, text)``."""
    frame = pd.DataFrame(rows, columns=["posted_on", "touchpoint", "text"])
    return frame.assign(post_id=range(len(frame)), purpose="marketing")


def test_posts_and_texts_are_counted_by_rule_and_channel(connection) -> None:
    """Two of three posts on Moments break AD-01; a post without words and an old one are left."""
    frames = {
        "posts": posts(
            (TODAY, "moments", "全网最佳"),
            (TODAY - 1, "moments", "国家级牧场"),
            (TODAY - 2, "moments", "最后三天"),
            (TODAY - 3, "group", None),
            (TODAY - 400, "moments", "最佳"),
        )
    }
    text = {"channel": "sms", "vendor": "huawei", "text": "【A】会员您好，拒收请回复R"}
    base, rules = client_tables.base(connection, frames, TODAY, forms={"texts": [text]})
    result = touchpoints.measure_copy_rules(base, rules)
    row = result.table.iloc[0]
    assert (row["rule"], row["texts"], row["scanned"], row["words"]) == (
        *("AD-01", 2, 3, "国家级, 最佳"),
    )
    assert (row["checked_on"], row["verify"]) == ("2015-09", False)
    figures = result.figures
    assert (figures["texts_scanned"], figures["posts_not_scanned"]) == (4, 2)
    assert (figures["block_texts"], figures["clean_texts"]) == (2, 2)
    assert result.coverage.rows == 6
    assert result.verdict is Verdict.ACT
    assert result.tables["lengths"]["segments"].tolist() == [1]


def test_clear_needs_texts_and_says_how_many(connection) -> None:
    frames = {"posts": posts((TODAY, "moments", "最后三天"), (TODAY, "group", "晚上吃什么？"))}
    base, rules = client_tables.base(connection, frames, TODAY)
    result = touchpoints.measure_copy_rules(base, rules)
    assert result.verdict is Verdict.CLEAR
    words = touchpoints.describe_copy_rules(result).statement
    assert words.render("en") == (
        "2 texts were checked against 24 rules; nothing was found that forbids one or calls for a "
        "warning."
    )
    assert words.render("zh") == "2条文案对照24条规则检查，未发现禁止或需提醒的内容。"
    empty, rules = client_tables.base(connection, {"posts": posts((TODAY, "group", None))}, TODAY)
    assert touchpoints.measure_copy_rules(empty, rules).verdict is Verdict.NOT_MEASURED


def test_a_limit_leaves_the_oldest_and_says_so(connection) -> None:
    rows = [(TODAY - back, "moments", "最佳" if back > 600 else "好") for back in range(1_100)]
    base, rules = client_tables.base(
        connection,
        {"posts": posts(*rows)},
        TODAY,
        touchpoints={"copy_days": 2_000, "copy_most_posts": 700},
    )
    result = touchpoints.measure_copy_rules(base, rules)
    assert (result.figures["posts_scanned"], result.figures["posts_not_scanned"]) == (700, 400)
    assert result.figures["block_texts"] == 700 - 601


def test_an_override_with_its_reason_no_longer_blocks(connection) -> None:
    frames = {"posts": posts((TODAY, "moments", "最佳拍档奶粉"))}
    told = [{"rule": rule, "reason": "注册商标", "words": "最佳"} for rule in ("AD-01", "AD-02")]
    forms = {"rule_overrides": told}
    base, rules = client_tables.base(connection, frames, TODAY, forms=forms)
    result = touchpoints.measure_copy_rules(base, rules)
    assert result.verdict is Verdict.CLEAR
    assert result.figures["overridden_texts"] == 2
    assert result.table[["severity", "reason"]].iloc[0].tolist() == ["info", "注册商标"]


def test_an_exact_spend_is_named_to_the_person_only(connection) -> None:
    """S205: in a group it is blocked, in a chat it is not."""
    spend = "您已累计消费{amount}元"
    frames = {"posts": posts((TODAY, "group", spend), (TODAY, "wecom_chat", spend))}
    base, rules = client_tables.base(connection, frames, TODAY)
    table = touchpoints.measure_copy_rules(base, rules).table
    assert table[["rule", "channel", "severity"]].to_numpy().tolist() == [
        ["S205", "group", "block"]
    ]


def test_no_text_leaves_the_result(connection) -> None:
    """The words around a keyword are nowhere in what is written."""
    frames = {"posts": posts((TODAY, "moments", "王小明家的最佳驼奶，电话13812345678"))}
    base, rules = client_tables.base(connection, frames, TODAY)
    result = touchpoints.measure_copy_rules(base, rules)
    finding = touchpoints.describe_copy_rules(result)
    written = str(result.to_dict("zh")) + str(finding.to_dict("02_touchpoint_audit", "zh"))
    assert "王小明" not in written and "1381234" not in written


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_planted_posts_of_camel_milk_are_found_and_no_other(language: str) -> None:
    """facts.yml, rule_hits: five posts written to break a rule; 336 in all, near misses among."""
    client = open_client(read_config(CAMEL))
    base = read_base(client)
    lines = client.settings.touchpoints.model_copy(update={"copy_days": 3_000})
    rules = client.settings.model_copy(update={"touchpoints": lines})
    result = touchpoints.measure_copy_rules(base, rules)
    own = result.table[(result.table["channel"] != "sms") & (result.table["severity"] != "info")]
    assert result.figures["posts_scanned"] == 336
    assert own.groupby("rule")["texts"].sum().to_dict() == {
        # SH-03 also stands in the post written for SH-02: it asks to invite three friends
        # and 最佳 is a word of AD-01 and of AD-02
        **{"AD-01": 2, "AD-02": 1, "SH-01": 1, "SH-02": 1, "SH-03": 2},
    }
    set_language(language)
    ax = touchpoints.plot_copy_rules(result)
    assert [bar.get_width() for bar in ax.patches] == result.table["texts"].tolist()


def test_the_planted_posts_of_ev_scooter_are_found_by_rule() -> None:
    """facts.yml, rule_hits, counted by hand of its maker: posts by rule; 270 near misses.

    最高级 holds 最高, a word of AD-02: the facts leave that hit open, so its posts are taken out.
    """
    facts = yaml.safe_load((SCOOTER / "facts.yml").read_text("utf-8"))["facts"]["rule_hits"]
    found: dict[str, set[str]] = {}
    with (SCOOTER / "tables" / "posts.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for hit in check_text(row["text"], row["touchpoint"], purpose=row["purpose"]):
                if hit.severity != "info" and hit.words != ("最高",):
                    found.setdefault(hit.rule, set()).add(row["post_id"])
    assert found == {rule: set(ids) for rule, ids in facts["counted"]["hits"].items()}


# ---------------------------------------------------------------------------------------------
# Charts


def test_the_bars_of_the_catalogue_add_up_to_what_is_listed(connection) -> None:
    frames = {"touches": touches((1, TODAY, "live", "watch", "customer"))}
    base, rules = client_tables.base(connection, frames, TODAY)
    result = touchpoints.measure_catalogue(base, rules)
    set_language("en")
    ax = touchpoints.plot_catalogue(result)
    assert sum(bar.get_width() for bar in ax.patches) == result.figures["listed"]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[:2] == ["Service account", "Mini program"]
    assert chart_title(ax) == "Touchpoints at work, by family"


def test_dots_intervals_and_marks_are_those_of_the_table(connection) -> None:
    rows = reading(TODAY - 3, 60, 400) + reading(TODAY - 40, 120, 400)
    result = roles(connection, rows, **STATED, moments={"role": "real_person"})
    set_language("en")
    ax = touchpoints.plot_roles(result)
    table = result.table
    dots, marks = (line.get_xdata() for line in ax.lines[:2])
    assert list(dots) == pytest.approx(table["kpi_rate"].astype(float).tolist(), nan_ok=True)
    assert list(marks) == pytest.approx(table["kpi_rate_before"].astype(float), nan_ok=True)
    words = [text.get_text() for text in ax.texts]
    assert words == [
        "reading rate of those reached: 15.0%",
        "interaction rate of those active: not audited",
    ]


def test_describing_a_result_without_rows_does_not_fail(connection) -> None:
    rows = reading(TODAY - 3, 60, 400)
    result = replace(roles(connection, rows, **STATED), verdict=Verdict.WATCH)
    finding = touchpoints.describe_roles(result)
    assert finding.action is not None
    assert finding.money_at_stake is None
