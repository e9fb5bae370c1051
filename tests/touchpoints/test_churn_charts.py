"""Charts of removals, sends and stocks: read back from the axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import client_tables
import numpy as np
import pandas as pd
import pytest

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.messages import set_language
from privdom_kit.report.theme import chart_title
from privdom_kit.results import Result

AS_OF = 1_000
TITLES = {
    "churn": "How soon contacts remove the brand",
    "send_churn": "What sends cost in relations",
    "vanity": "Counted and active",
}


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Result]]:
    """300 contacts and 100 followers, removed at random; five broadcasts to two thirds of them."""
    draw = np.random.default_rng(11)
    added = draw.integers(850, 950, 300)
    gone = added + draw.geometric(0.01, 300)
    contacts = pd.DataFrame({"customer": range(300), "staff_id": "a", "added_on": added})
    contacts["removed_on"] = pd.array([g if g <= AS_OF else None for g in gone], dtype="Int64")
    followers = pd.DataFrame({"customer": range(300, 400), "subscribed_on": 900})
    followers["unsubscribed_on"] = pd.array([920] * 30 + [None] * 70, dtype="Int64")
    told = [(c, 955 + 9 * i, f"C{i}") for i in range(5) for c in range(300) if draw.random() < 0.67]
    sends = pd.DataFrame(told, columns=["customer", "occurred_on", "campaign_id"])
    sends = sends.assign(touchpoint="wecom_chat", action="send", direction="brand")
    reads = pd.DataFrame({"customer": range(370, 380), "occurred_on": 990, "campaign_id": None})
    reads = reads.assign(touchpoint="service_account", action="read", direction="customer")
    frames = {
        "contacts": contacts,
        "followers": followers,
        "touches": pd.concat([sends, reads], ignore_index=True),
        "groups": pd.DataFrame({"group_id": [1], "date": [999], "members": [80]}),
    }
    rules = {"churn_days": [7, 30, 90, 365], "churn_reference_window_days": 90}
    rules |= {"send_min_people": 50, "send_min_removals": 5, "churn_silence_chance": 0}
    with closing(connect()) as connection:
        made, settings = client_tables.base(connection, frames, AS_OF, touchpoints=rules)
        yield {name: getattr(touchpoints, f"measure_{name}")(made, settings) for name in TITLES}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


def test_removal_lines_hold_the_table(results) -> None:
    result = results["churn"]
    ax = touchpoints.plot_churn(result)
    units = list(dict.fromkeys(result.table["unit"]))
    assert units == ["relation", "person", "follower"]
    for number, unit in enumerate(units):
        rows = result.table[result.table["unit"] == unit]
        shares = rows["removed_share"].tolist()
        assert ax.lines[number].get_ydata().tolist() == pytest.approx(shares, nan_ok=True)
        drawn = [line for line in ax.collections[number].get_segments() if len(line)]
        ends = [line[:, 1].tolist() for line in drawn]
        bounds = rows[["removed_share_ci_lower", "removed_share_ci_upper"]].dropna()
        assert np.array(ends) == pytest.approx(bounds.to_numpy())
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["7 days", "30 days", "90 days", "365 days"]


def test_the_lines_of_the_article_are_drawn_with_their_window_only(results) -> None:
    result = results["churn"]
    ax = touchpoints.plot_churn(result)
    assert [line.get_ydata()[0] for line in ax.lines[3:]] == [0.15, 0.6]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[3:] == ["normal, within 90 days", "malicious, within 90 days"]
    figures = {**result.figures, "reference_share": None}
    without = touchpoints.plot_churn(replace(result, figures=figures))
    assert len(without.lines) == 3


def test_send_dots_hold_all_and_the_worst(results) -> None:
    result = results["send_churn"]
    ax = touchpoints.plot_send_churn(result)
    sends = result.tables["sends"]
    shares = [*result.table["excess_share"], *sends["excess_share"]]
    assert ax.lines[0].get_xdata().tolist() == pytest.approx(shares, nan_ok=True)
    assert np.isfinite(shares).all()
    assert sends["excess_share"].is_monotonic_decreasing
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["all: WeCom chat", *sends["send"]]
    ends = [line[:, 0].tolist() for line in ax.collections[0].get_segments()]
    columns = ["excess_share_ci_lower", "excess_share_ci_upper"]
    bounds = pd.concat([result.table[columns], sends[columns]]).to_numpy()
    assert np.array(ends) == pytest.approx(bounds)


def test_stock_bars_hold_counts_and_active_people(results) -> None:
    result = results["vanity"]
    ax = touchpoints.plot_vanity(result)
    widths = [bar.get_width() for bar in ax.patches]
    count = len(result.table)
    assert widths[:count] == result.table["stock"].tolist()
    assert widths[count:] == result.table["active_people"].fillna(0).tolist()
    assert [text.get_text() for text in ax.texts] == [
        "70, 14.3% active",
        f"{result.table['stock'][1]}, 0.0% active",
        "80, active not measured or not shown",
    ]


@pytest.mark.parametrize("question", TITLES)
def test_titles_in_both_languages(results, question: str) -> None:
    plot = getattr(touchpoints, f"plot_{question}")
    assert chart_title(plot(results[question])) == TITLES[question]
    set_language("zh")
    chinese = chart_title(plot(results[question]))
    assert chinese not in ("", TITLES[question])
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
