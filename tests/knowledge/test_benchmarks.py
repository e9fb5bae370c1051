"""Published figures: expected values are those of the project's table of benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from privdom_kit.knowledge import (
    KnowledgeError,
    load_benchmarks,
    load_display_rule,
    load_unknown_metrics,
)
from privdom_kit.knowledge.benchmarks import read_benchmarks
from privdom_kit.knowledge.loading import read_yaml


@pytest.mark.parametrize(
    ("name", "low", "high", "year", "grade"),
    [
        ("article_open_rate", 0.0120, 0.0120, 2019, "B+"),
        ("article_reads_from_chat", 0.5615, 0.5615, 2019, "B+"),
        ("followers_against_open_rate", None, None, 2022, "A-"),
        ("account_net_growth_month", 0.0066, 0.0066, 2019, "B"),
        ("consumers_bought_in_private_domain", 0.79, 0.79, 2021, "B"),
        ("womenswear_users_for_80_percent", 0.247, 0.247, 2020, "B-"),
        ("private_domain_churn_normal", 0.15, 0.15, 2022, "C"),
        ("private_domain_churn_malicious", None, 0.60, 2022, "C"),
        ("cost_per_account_follower", 3, 5, 2020, "C"),
        ("ai_call_add_rate_vendor", 0.18, 0.35, None, "C-"),
        ("ai_call_connect_quoted", 0.40, 0.60, 2025, "D"),
        ("article_open_rate_2025", 0.028, 0.053, 2025, "D"),
    ],
)
def test_figures_and_grades_as_published(
    name: str, low: float | None, high: float | None, year: int | None, grade: str
) -> None:
    figure = load_benchmarks()[name]
    assert (figure.low, figure.high, figure.year, figure.grade) == (low, high, year, grade)


def test_shares_lie_between_0_and_1() -> None:
    """A percentage left as 0 to 100 would show here."""
    ends = [
        end
        for figure in load_benchmarks().values()
        if figure.unit.startswith("share")
        for end in (figure.low, figure.high)
        if end is not None
    ]
    assert len(ends) > 40
    assert all(0 <= end <= 1 for end in ends)


def test_what_each_grade_may_be_drawn_as() -> None:
    """Only A and B are a range, C is a labelled line, D is hidden; older than 3 years is stale."""
    rule = load_display_rule()
    assert rule.by_letter == {"A": "range", "B": "range", "C": "labelled_line", "D": "hidden"}
    assert rule.stale_after_years == 3
    assert {figure.letter for figure in load_benchmarks().values()} == {"A", "B", "C", "D"}


def test_figures_of_the_articles_are_grade_c() -> None:
    figures = [f for f in load_benchmarks().values() if f.source.startswith("article 0")]
    assert len(figures) == 15
    assert {figure.letter for figure in figures} == {"C"}


def test_no_metric_is_known_and_unknown() -> None:
    unknown = load_unknown_metrics()
    assert not set(unknown) & set(load_benchmarks())
    assert {"sms_opt_out_rate", "group_active_rate", "payback_by_sector"} <= set(unknown)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": "E"}, 'article_open_rate has grade "E". one of A, A-, B, B+, B-, C, C-, D'),
        ({"low": 0.5}, "article_open_rate has low 0.5 above high 0.012. low up to high."),
        ({"low": "1 %"}, "article_open_rate has ends ['1 %', 0.012]. numbers or null."),
        ({"low": None, "high": None}, "article_open_rate has neither low nor high. a figure, or"),
        ({"source": ""}, "article_open_rate has source ''. a text that is not empty."),
    ],
)
def test_a_broken_figure_says_where(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    content = read_yaml("benchmarks.yml")
    content["benchmarks"][0] |= change
    (tmp_path / "benchmarks.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_benchmarks(tmp_path)
    assert str(caught.value).startswith(f"benchmarks.yml: {message}")
