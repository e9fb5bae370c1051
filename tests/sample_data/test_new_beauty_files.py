"""The committed files of new_beauty are what the generator writes, and intake can use them all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from new_beauty_files import ADD, BRAND, ask, facts

from privdom_kit.config import read_config
from privdom_kit.copy_tests.filed_plans import plan_hash, read_filed_plans
from privdom_kit.copy_tests.plan_changes import plan_changes
from privdom_kit.files import read_json
from privdom_kit.forms import read_forms

SAMPLES = BRAND.parent
BY_HAND = {"client.yml", "forms.yml"}
FILES = sorted(
    str(path.relative_to(BRAND))
    for path in BRAND.rglob("*")
    if path.is_file() and path.name not in BY_HAND and ".privdom" not in path.parts
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the generator writes now, in another zone of time."""
    out = tmp_path_factory.mktemp("samples")
    command = [sys.executable, str(SAMPLES / "generate.py"), "new_beauty", "--out", str(out)]
    zone = {**os.environ, "TZ": "America/New_York", "PYTHONHASHSEED": "7"}
    subprocess.run(command, check=True, capture_output=True, env=zone)
    return out / "new_beauty"


def test_generator_writes_exactly_these_files(written: Path) -> None:
    found = sorted(str(p.relative_to(written)) for p in written.rglob("*") if p.is_file())
    assert found == FILES
    assert len(FILES) == 8


@pytest.mark.parametrize("name", FILES)
def test_regenerated_file_has_the_same_bytes(written: Path, name: str) -> None:
    """Parent: the committed file. Parquet bytes are promised for the locked writer only."""
    ours, theirs = written / name, BRAND / name
    if name.endswith(".parquet") and _writer(ours) != _writer(theirs):
        pd.testing.assert_frame_equal(pd.read_parquet(ours), pd.read_parquet(theirs))
    else:
        assert ours.read_bytes() == theirs.read_bytes()


def _writer(path: Path) -> str:
    return pq.read_metadata(path).created_by


def test_the_folder_stays_small() -> None:
    assert sum((BRAND / name).stat().st_size for name in FILES) < 5_000_000


def test_every_row_can_be_used(sample) -> None:
    """Parent: the numbers of people.counted; nothing is dropped or quarantined."""
    brand, counted = sample("new_beauty"), facts()["people"]["counted"]
    coverage = {name: table.coverage for name, table in brand.base.tables.items()}
    assert set(coverage) == {"orders", "members", "contacts", "deliveries", "touches", "staff"}
    assert all(c.used == c.rows and not c.dropped for c in coverage.values())
    for name in ("orders", "members", "contacts", "deliveries"):
        assert coverage[name].rows == counted[name]
    import narwhals as nw

    from privdom_kit.engine import collect

    people = collect(brand.client.people.select(nw.len().alias("n")), limit=1)["n"].iloc[0]
    assert people == counted["people"]


def test_the_economics_and_plans_are_those_of_the_facts() -> None:
    config = read_config(BRAND / "client.yml")
    planted = facts()["cost_per_friend"]["planted"]
    money = config.economics
    assert (money.call_cost, money.sms_cost) == (planted["call_cost"], planted["sms_cost"])
    assert money.customer_value == facts()["crowd_profit"]["planted"]["customer_value"]
    plans = {plan.id: plan for plan in read_forms(config).copy_tests}
    assert list(plans) == [ADD, "vip_sms_2026Q2", "null_sms_2026Q2", "add_wecom_2026Q3",
                           "birthday_sms_2026Q3"]  # fmt: skip
    values = {c.name: c.friend_value for c in plans[ADD].crowds if c.friend_value is not None}
    assert values == facts()["crowd_profit"]["planted"]["friend_value"]
    margins = {g.metric: g.margin for g in plans[ADD].guardrails}
    assert margins == facts()["add_guardrails"]["planted"]["margin"]
    looks = facts()["no_effect"]["planted"]["looks"]
    assert list(plans["null_sms_2026Q2"].looks) == looks


def test_the_filed_plan_can_be_read_and_differs_by_its_primary_alone() -> None:
    tests = read_forms(read_config(BRAND / "client.yml")).copy_tests
    filed = read_filed_plans(tests, BRAND)[ADD]
    today = next(plan for plan in tests if plan.id == ADD)
    changes = plan_changes(filed.test, today)
    planted = facts()["plan_deviations"]["planted"]["primary"]
    assert [(c.field, c.filed, c.found) for c in changes] == [
        ("primary", planted["filed"], planted["in_forms_now"])
    ]
    assert filed.filed_on == facts()["plan_deviations"]["counted"]["filed_on"]
    assert sum(row["people"] for row in filed.sizes) == 45_000


def test_the_hash_of_the_filed_plan_is_the_one_that_the_writer_of_plans_makes() -> None:
    entry = read_json(BRAND / "plans" / f"{ADD}.json")["tests"][0]
    assert plan_hash(entry["test"], entry["sizes"]) == entry["sha256"]


def test_every_phone_is_of_the_fake_range() -> None:
    phones = ask(
        "select phone from orders union select phone from members union select phone from"
        " deliveries union select remark_mobiles from contacts"
    )["phone"].dropna()
    assert len(phones) > 80_000
    assert all(re.fullmatch(r"199001\d{5}", phone) for phone in phones)
    buyers = ask("select distinct buyer_id from orders where buyer_id is not null")["buyer_id"]
    assert all(re.fullmatch(r"tb[A-Za-z0-9]{10}", buyer) for buyer in buyers)
    assert len(buyers) == facts()["people"]["counted"]["without_phone"]


def test_nothing_lies_behind_as_of() -> None:
    times = ask(
        "select max(paid_at) a, (select max(sent_at) from deliveries) b, (select max(createtime)"
        " from contacts) c, (select max(removed_at) from contacts) d from orders"
    ).iloc[0]
    assert all(pd.Timestamp(time) < pd.Timestamp("2026-07-01") for time in times)


def test_every_window_is_over_but_that_of_the_notice() -> None:
    """Parent: 7 days of the window and 7 in which friends stay."""
    last = ask("select max(sent_at) t from deliveries where test_id is not null")["t"].iloc[0]
    assert last + pd.Timedelta(days=14) < pd.Timestamp("2026-07-01")


def test_files_lie_where_the_facts_say() -> None:
    for fact in facts().values():
        for word in re.split(r"[,;\s]+", fact["where"]):
            if "/" in word:
                assert (BRAND / word).is_file(), word


def _readme() -> dict[str, str]:
    words = (SAMPLES / "README.md").read_text(encoding="utf-8")
    section = words.split("## Facts planted in new_beauty")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))


def test_readme_names_every_fact() -> None:
    assert list(_readme()) == list(facts())


# Figures of the README that are units, dates or written in points, and no fact of their own.
WORDED = {
    "add_rates": {0.1},
    "add_lifts": {1.2133, 2.4},
    "no_effect": {1.96},
    "left_out": {2026, 29},
}


def test_readme_numbers_stand_in_facts() -> None:
    """Every figure of 28 and more, every fraction and percentage is the fact's own number."""
    for name, words in _readme().items():
        known = {round(value, 6) for value in _numbers(facts()[name])} | WORDED.get(name, set())
        plain = re.sub(r"`[^`]*`", "", words)  # names are no figures
        for number, percent in re.findall(r"(?<![A-Z\d-])([\d,]*\d(?:\.\d+)?)( %)?", plain):
            value = float(number.replace(",", "")) / (100 if percent else 1)
            if percent or "." in number or value >= 28:
                assert any(abs(value - other) <= 1e-6 for other in known), (name, number)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [x for part in (*value, *value.values()) for x in _numbers(part)]
    if isinstance(value, list):
        return [x for part in value for x in _numbers(part)]
    return [float(value)] if isinstance(value, int | float) else []
