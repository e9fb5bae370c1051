"""The committed files of ev_scooter are what the generator writes, and intake can use them all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from ev_scooter_files import BRAND, facts, parquet, text

from privdom_kit.config import read_config
from privdom_kit.contracts import TABLES
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
    command = [sys.executable, str(SAMPLES / "generate.py"), "ev_scooter", "--out", str(out)]
    zone = {**os.environ, "TZ": "America/New_York", "PYTHONHASHSEED": "7"}
    subprocess.run(command, check=True, capture_output=True, env=zone)
    return out / "ev_scooter"


def test_generator_writes_exactly_these_files(written: Path) -> None:
    found = sorted(str(p.relative_to(written)) for p in written.rglob("*") if p.is_file())
    assert found == FILES
    assert len(FILES) == 25


@pytest.mark.parametrize("name", FILES)
def test_regenerated_file_has_the_same_bytes(written: Path, name: str) -> None:
    """Parent: the committed file. Parquet bytes are promised for the locked writer only."""
    ours, theirs = written / name, BRAND / name
    if name.endswith(".parquet") and _writer(ours) != _writer(theirs):
        pd.testing.assert_frame_equal(pd.read_parquet(ours), pd.read_parquet(theirs))
    elif name.endswith(".xlsx"):
        assert _members(ours) == _members(theirs)
    else:
        assert ours.read_bytes() == theirs.read_bytes()


def _writer(path: Path) -> str:
    return pq.read_metadata(path).created_by


def _members(path: Path) -> dict[str, tuple]:
    """Names, times and contents: all but the compressed bytes, which zlib may choose."""
    with zipfile.ZipFile(path) as archive:
        return {i.filename: (i.date_time, archive.read(i)) for i in archive.infolist()}


def test_the_folder_stays_small() -> None:
    assert sum((BRAND / name).stat().st_size for name in FILES) < 6_000_000


def test_client_yml_gives_every_table_and_headers_that_exist() -> None:
    config = read_config(BRAND / "client.yml")
    assert (config.client, config.brand, config.language) == ("ev_scooter", "跃途电动", "zh")
    assert set(config.tables) == set(TABLES)
    assert set(config.tables["leads"].columns.values()) <= set(text("exports/leads.xlsx"))
    assert len(config.tables["touches"].files) == 4


def test_forms_yml_can_be_read() -> None:
    forms = read_forms(read_config(BRAND / "client.yml"))
    assert forms.member_days[0].day_of_month == facts()["member_day"]["planted"]["day_of_month"]
    assert list(forms.journey.stages) == list(facts()["moment_of_truth"]["planted"]["mean_score"])


def test_funnel_of_client_yml_is_that_of_the_facts() -> None:
    steps = read_config(BRAND / "client.yml").settings.journeys.funnel.steps
    assert [step.within_days for step in steps[1:]] == [*facts()["funnel"]["within_days"].values()]


def test_every_phone_is_of_the_fake_range() -> None:
    phones = [text("tables/orders.csv")["phone"], parquet("tables/members.parquet")["phone"]]
    phones += [
        text("exports/wecom_contacts.csv")["remark_mobiles"],
        text("exports/leads.xlsx")["手机号"],
    ]
    known = set(pd.concat(phones).dropna()) - {""}
    assert len(known) > 15_000
    assert all(re.fullmatch(r"199000[1-9]\d{4}", phone) for phone in known)


# Figures of the README that are windows and units, or rounded in words, and no fact of their own.
WINDOWS = {
    "send_churn": {72},
    "entry_code_churn": {30, 0.03},
    "service_recovery": {90},
    "group_activity": {30, 100},
}


def _readme() -> dict[str, str]:
    words = (SAMPLES / "README.md").read_text(encoding="utf-8")
    section = words.split("## Facts planted in ev_scooter")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))


def test_readme_names_every_fact() -> None:
    assert list(_readme()) == list(facts())


def test_readme_numbers_stand_in_facts() -> None:
    """Every figure of 28 and more, every fraction and percentage is the fact's own number."""
    for name, words in _readme().items():
        known = {round(value, 4) for value in _numbers(facts()[name])} | WINDOWS.get(name, set())
        for number, percent in re.findall(r"(?<![A-Z\d])(-?[\d,]*\d(?:\.\d+)?)( %)?", words):
            value = float(number.replace(",", "")) / (100 if percent else 1)
            if percent or "." in number or value >= 28:
                assert any(abs(value - other) <= 1e-4 for other in known), (name, number)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [x for part in (*value, *value.values()) for x in _numbers(part)]
    if isinstance(value, list):
        return [x for part in value for x in _numbers(part)]
    return [float(value)] if isinstance(value, int | float) else []
