"""The register of rules: expected values are those of the project's table of rules."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from privdom_kit.knowledge import KnowledgeError, load_methods, load_rules
from privdom_kit.knowledge.loading import read_yaml
from privdom_kit.knowledge.rules import read_rules

COUNTS = {"SMS": 16, "AD": 6, "CALL": 6, "PI": 7, "WC": 10, "OA": 4, "SH": 6}


def test_ids_run_without_gap() -> None:
    expected = [f"{p}-{n:02}" for p, count in COUNTS.items() for n in range(1, count + 1)]
    assert list(load_rules()) == expected


def test_one_topic_for_each_prefix() -> None:
    pairs = {(rule.id.split("-")[0], rule.topic) for rule in load_rules().values()}
    assert len(pairs) == len(COUNTS)


@pytest.mark.parametrize(
    ("rule_id", "severity", "tags", "checked_on"),
    [
        ("SMS-01", "block", ("OFF",), "2025-06-17"),
        ("SMS-02", "info", ("OFF",), None),
        ("SMS-06", "warn", ("OFF",), None),
        ("SMS-13", "block", ("LAW",), "2015-05-29"),
        ("AD-02", "warn", ("WEB",), None),
        ("AD-06", "block", ("MEM",), "2007"),
        ("CALL-02", "block", ("LAW",), "2020-07-24"),
        ("CALL-03", "warn", ("HOUSE",), None),
        ("PI-03", "warn", ("LAW",), None),
        ("WC-01", "warn", ("OFF",), "2025-11-17"),
        ("OA-01", "block", ("OFF",), None),
        ("OA-03", "warn", ("MEM",), None),
        ("SH-02", "block", ("WEB",), "2019-10-30"),
    ],
)
def test_severity_tag_and_date_as_published(
    rule_id: str, severity: str, tags: tuple[str, ...], checked_on: str | None
) -> None:
    rule = load_rules()[rule_id]
    assert (rule.severity, rule.tags, rule.checked_on) == (severity, tags, checked_on)


def test_rules_from_memory_are_marked() -> None:
    """The rules whose source column says MEM, alone or beside another tag."""
    marked = {rule.id for rule in load_rules().values() if "MEM" in rule.tags}
    assert marked == {"AD-05", "AD-06", "CALL-05", "PI-02", "PI-04", "PI-05", "OA-03"}


def test_segments_of_160_characters() -> None:
    """The vendor's own example: 160 characters are billed as 3 segments."""
    values = load_rules()["SMS-02"].values
    assert values["single_segment_characters"] < 160
    assert math.ceil(160 / values["long_segment_characters"]) == 3


def test_dates_are_text_and_none_lies_in_the_future_of_the_sources() -> None:
    dates = [rule.checked_on for rule in load_rules().values() if rule.checked_on is not None]
    assert len(dates) > 15
    assert all(re.fullmatch(r"\d{4}(-\d{2}){0,2}", date) and date <= "2026" for date in dates)


def test_keywords_and_exceptions_of_advertising_words() -> None:
    """The trade's list has 28 words; five longer words are not to be hit, nor are ordinals.

    最高级 is a word of the law itself and told under AD-01, not again for the 最高 within it.
    """
    rule = load_rules()["AD-02"]
    assert len(rule.patterns) == len(set(rule.patterns)) == 28
    named = {"最后", "最近", "最终", "第一步", "第一时间"}
    assert named < set(rule.exceptions)
    told_by_law = set(rule.exceptions) & set(load_rules()["AD-01"].patterns)
    assert told_by_law == {"最高级"}
    assert all(word.startswith("第一") for word in set(rule.exceptions) - named - told_by_law)
    assert not set(rule.exceptions) & set(rule.patterns)


def test_rules_that_methods_cite_exist() -> None:
    cited = Counter(
        rule_id
        for method in load_methods().values()
        for rule_id in re.findall(r"\b(?:SMS|AD|CALL|PI|WC|OA|SH)-\d\d\b", method.formula)
    )
    assert {"PI-03", "SH-02", "OA-01"} <= set(cited) <= set(load_rules())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"severity": "blocked"}, 'SMS-01 has severity "blocked". one of block, info, warn'),
        ({"tags": [False]}, 'SMS-01 has tag "False". one of DERIVED, HOUSE, LAW, MEM, OFF, WEB'),
        ({"tags": []}, "SMS-01 has no tag. one of OFF, LAW, WEB, MEM, HOUSE, DERIVED."),
        ({"topic": "text"}, 'SMS-01 has topic "text". one of advertising, calls, '),
        ({"remedy": {"en": "Stop"}}, "SMS-01 has zh None. a text that is not empty."),
        ({"pattern": ["x"]}, 'SMS-01 has field "pattern". one of checked_on, exceptions, '),
        ({"near": {"x": ["y"]}}, 'SMS-01 has near "x".'),
    ],
)
def test_a_broken_rule_says_where(change: dict[str, object], message: str, tmp_path: Path) -> None:
    content = read_yaml("rules.yml")
    content["rules"][0] |= change
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read_rules(tmp_path)
    assert str(caught.value).startswith(f"rules.yml: {message}")
